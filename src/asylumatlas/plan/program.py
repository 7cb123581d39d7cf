"""The staffing program: the mean flow of the courts by quarter, as a linear program.

For each court and quarter the unknowns are master hearings, individual hearings, both lines at the
end of the quarter, judges on the bench, judges who take the bench, and judge-days of detained work
left over. A flow is even within its quarter, so a delay of n + f quarters brings 1 - f of it back
n quarters later and f one quarter after that, as in the monthly twin (`national.flow`).

The detained docket is heard first and has short delays. Where its courts have the time it stands in
no line, so its hearings and the people let out of it are those of the twin with time without end;
they enter the program as numbers. Where the time is short the rest is carried to the next quarter,
at a cost that no plan would choose, and not past the first day of the goal, or the first quarter in
which a hired judge can sit where that is later.

Courts hold masters first, up to their part of the time; the program may hold them back, so that
fewer stand in line on the day that counts. Every plan is therefore followed by month before it is
believed (`solving.cheapest`).

Decided in time, rule "paths": from the first day of the goal on, who joins the master line waits at
most w days and who joins the line of individual hearings at most v days, (w, v) chosen so that
these waits with the delays let the wanted share be decided in time (`paths.best_waits`). First in,
first out, everyone who stands in line at the end of a quarter is heard within w days if and only if

    line(t) <= hearings held in the w days after t,

which is linear in the unknowns. Waits that are shorter only help, so the condition suffices.

Rule "line" takes the whole docket as one line: with the stock S and entries F up to a day,
closures up to day t + N must reach S + F(T0) + share * (F(t) - F(T0)) for every t from the goal's
first day T0 on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.national import flow
from asylumatlas.plan import paths
from asylumatlas.plan.arrivals import ahead, delay, load
from asylumatlas.plan.goal import DAYS_OF_QUARTER, Goal
from asylumatlas.plan.situation import Situation

__all__ = ["BLOCKS", "Program", "build", "detained_need", "most_hires"]

Floats = NDArray[np.float64]

BLOCKS = (
    "masters",
    "individuals",
    "master_line",
    "individual_line",
    "judges",
    "hires",
    "left_over",
)
LEFT_OVER = 3.0  # times the price of a judge-day that was left over
_WORK_DAYS = flow.WORKING_DAYS / 4


@dataclass(frozen=True, slots=True)
class Program:
    """A linear program: least `cost @ x`, `low <= rows @ x <= high`, `least <= x <= most`.

    Attributes:
        cost: of each unknown, USD.
        rows: sparse matrix (rows, unknowns).
        low: (rows,).
        high: (rows,).
        least: (unknowns,).
        most: (unknowns,).
        quarters: T; unknowns lie by court, then block of `BLOCKS`, then quarter.
        waits: days that may be waited in both lines from the goal's first day on; nan for others.
        goal_rows: which rows say what the goal wants, as a mask.
    """

    cost: Floats
    rows: Any
    low: Floats
    high: Floats
    least: Floats
    most: Floats
    quarters: int
    waits: tuple[float, float]
    goal_rows: NDArray[np.bool_]

    def block(self, x: Floats, name: str) -> Floats:
        """Return one block of a solution (courts, quarters)."""
        table = x.reshape(-1, len(BLOCKS), self.quarters)
        found: Floats = table[:, BLOCKS.index(name)]
        return found


def build(here: Situation, officers_cost: float = 0.0) -> Program:
    """Return the program of a situation.

    Args:
        here: courts, parameters and goal. The goal must not be beyond empty lines.
        officers_cost: USD that the asylum officers take from the budget.
    """
    return _Builder(here, officers_cost).program()


def most_hires(here: Situation) -> float:
    """Return the judges that may take the bench in a quarter; infinity where there is no limit."""
    goal, ratio = here.goal, here.values["attorneys_per_judge"]
    most = np.inf if goal.hires_per_quarter is None else goal.hires_per_quarter
    if goal.attorney_hires_per_quarter is not None and ratio > 0:
        most = min(most, goal.attorney_hires_per_quarter / ratio)
    return float(most)


def detained_need(here: Situation) -> Floats:
    """Return the judges that the detained docket takes where none of it is left over.

    Zero in quarters where some of it may be (courts, quarters).
    """
    came, v = load(here), here.values
    days = _WORK_DAYS * v["productivity"]
    every = came.detained_days / days
    masters = came.detained_master_days / (days * v["master_time_share"])
    need: Floats = here.courts.detained[:, None] * np.maximum(every, masters)
    need[:, : max(here.goal.first - 1, here.lead)] = 0.0
    return need


class _Builder:
    """Rows of the program, one family after another."""

    def __init__(self, here: Situation, officers_cost: float) -> None:
        self.here, self.goal, self.values = here, here.goal, here.values
        self.officers_cost = officers_cost
        self.quarters, self.places = here.goal.quarters, len(here.judges)
        self.load = load(here)
        self.size = len(BLOCKS) * self.quarters
        self.parts: list[tuple[Any, Floats, Floats, bool]] = []
        self.waits = (float("nan"), float("nan"))

    def program(self) -> Program:
        from scipy.sparse import vstack

        self._lines()
        self._time()
        self._bench()
        self._limits()
        self._goal(self.goal)
        cost, least, most = self._unknowns()
        lengths = [len(low) for _, low, _, _ in self.parts]
        wanted = [wants for *_, wants in self.parts]
        return Program(
            cost=cost,
            rows=vstack([matrix for matrix, *_ in self.parts], format="csr"),
            low=np.concatenate([low for _, low, _, _ in self.parts]),
            high=np.concatenate([high for _, _, high, _ in self.parts]),
            least=least,
            most=most,
            quarters=self.quarters,
            waits=self.waits,
            goal_rows=np.repeat(wanted, lengths),
        )

    def _court(self, **blocks: Any) -> Any:
        """One family of rows of one court: a matrix for each block that takes part."""
        from scipy.sparse import csr_array, hstack

        rows = next(iter(blocks.values())).shape[0]
        empty = csr_array((rows, self.quarters))
        return hstack([blocks.get(name, empty) for name in BLOCKS], format="csr")

    def _each(self, low: Floats, high: Floats, wants: bool = False, **blocks: Any) -> None:
        """Add the same family for every court; bounds are (courts, rows)."""
        from scipy.sparse import eye_array, kron

        family = self._court(**blocks)
        whole = kron(eye_array(self.places), family, format="csr")
        shape = (self.places, family.shape[0])
        self.parts.append(
            (
                whole,
                np.broadcast_to(low, shape).ravel(),
                np.broadcast_to(high, shape).ravel(),
                wants,
            )
        )

    def _together(self, low: Floats, high: Floats, wants: bool = False, **blocks: Any) -> None:
        """Add rows on the sum of all courts; bounds are (rows,)."""
        from scipy.sparse import csr_array, kron

        family = self._court(**blocks)
        whole = kron(csr_array(np.ones((1, self.places))), family, format="csr")
        self.parts.append(
            (
                whole,
                np.broadcast_to(low, family.shape[0]),
                np.broadcast_to(high, family.shape[0]),
                wants,
            )
        )

    def _eye(self, scale: float = 1.0, back: int = 0) -> Any:
        from scipy.sparse import eye_array

        return eye_array(self.quarters, k=-back, format="csr") * scale

    def _lines(self) -> None:
        """A line is what it was, and who came, less who was heard."""
        v, n = self.values, self.quarters
        again = delay(v["master_delay_days"], n) * paths.kept_share(v)
        later = delay(v["individual_delay_days"], n)
        share = self.here.courts.released[:, None]
        grows = self._eye() - self._eye(back=1)
        came = share * self.load.masters
        self._each(came, came, master_line=grows, masters=self._eye() - again)
        came = share * self.load.individuals
        self._each(
            came,
            came,
            individual_line=grows,
            individuals=self._eye() - later * v["individual_continued_share"],
            masters=later * -v["master_set_share"],
        )

    def _time(self) -> None:
        """Hearings take judge time; the detained come first, masters take at most their part."""
        v = self.values
        days = _WORK_DAYS * v["productivity"]
        share = self.here.courts.detained[:, None]
        carried = self._eye(back=1) - self._eye()
        self._each(
            np.array(-np.inf),
            -share * self.load.detained_days,
            masters=self._eye(v["master_judge_days"]),
            judges=self._eye(-days),
            individuals=self._eye(v["individual_judge_days"]),
            left_over=carried,
        )
        most = -share * self.load.detained_master_days
        self._each(
            np.array(-np.inf),
            most,
            masters=self._eye(v["master_judge_days"]),
            left_over=carried,
            judges=self._eye(-days * v["master_time_share"]),
        )

    def _bench(self) -> None:
        """Judges are those of the quarter before who stayed, and those who took the bench."""
        stay = (1.0 - self.values["leaving_share"]) ** 0.25
        before = np.zeros((self.places, self.quarters))
        before[:, 0] = stay * self.here.judges
        self._each(
            before, before, judges=self._eye() - self._eye(stay, back=1), hires=self._eye(-1.0)
        )

    def _limits(self) -> None:
        """Hires a quarter and the money beyond today's staff, from the first hire on."""
        goal, none, most = self.goal, np.array(-np.inf), most_hires(self.here)
        if np.isfinite(most):
            after = self._eye()[self.here.lead :]
            self._together(none, np.full(after.shape[0], most), hires=after)
        if goal.budget is not None:
            from scipy.sparse import csr_array

            dollars = csr_array(np.full((1, self.quarters), self.here.team_cost / 4))
            today = self.here.judges.sum() * self.here.team_cost / 4 * self.quarters
            spare = goal.budget - self.officers_cost + today
            self._together(none, np.array([spare]), judges=dollars)

    def _goal(self, goal: Goal) -> None:
        if goal.pending_below is not None:
            self._pending(goal)
        elif goal.rule == "paths":
            self._waits(goal)
        else:
            self._line(goal)

    def _waits(self, goal: Goal) -> None:
        self.waits = paths.best_waits(self.values, goal.share or 0.0, goal.within)
        for wait, line, heard in zip(
            self.waits, ("master_line", "individual_line"), ("masters", "individuals"), strict=True
        ):
            stands, served = ahead(max(wait, 0.0), self.quarters, goal.first)
            self._each(np.array(-np.inf), np.array(0.0), True, **{line: stands, heard: -served})

    def _closed(self) -> tuple[Any, Any]:
        """Closures up to the end of each quarter, by masters and by individual hearings."""
        from scipy.sparse import csr_array

        v = self.values
        sums = csr_array(np.tril(np.ones((self.quarters, self.quarters))))
        by_master = 1.0 - paths.kept_share(v) - v["master_set_share"]
        return sums * by_master, sums * (1.0 - v["individual_continued_share"])

    def _pending(self, goal: Goal) -> None:
        """Cases of both dockets at each end of quarter: in lines, between hearings, on the way.

        The same as stock and entries less all closures so far, but with a few numbers a row
        instead of one for every quarter before, which keeps the solvers quick.
        """
        v, first = self.values, max(goal.first - 1, 0)
        again = self._between(v["master_delay_days"]) * paths.kept_share(v)
        later = self._between(v["individual_delay_days"])
        came = np.cumsum(self.load.masters + self.load.individuals)
        on_the_way = self.load.stock + np.cumsum(self.load.entered) - came
        most = (goal.pending_below or 0.0) - on_the_way - self.load.detained_pending
        self._together(
            np.array(-np.inf),
            most[first:],
            True,
            master_line=self._eye()[first:],
            individual_line=self._eye()[first:],
            masters=(again + later * v["master_set_share"])[first:],
            individuals=(later * v["individual_continued_share"])[first:],
        )

    def _between(self, days: float) -> Any:
        """Who has been heard and is not back in a line by the end of each quarter."""
        from scipy.sparse import csr_array

        heard = np.tril(np.ones((self.quarters, self.quarters)))
        away = heard - heard @ delay(days, self.quarters).toarray()
        return csr_array(np.where(away > 1e-12, away, 0.0))

    def _line(self, goal: Goal) -> None:
        from scipy.sparse import csr_array

        n, first = self.quarters, goal.first
        later = goal.within / DAYS_OF_QUARTER
        at = np.arange(first, n)
        at = at[at + later <= n]
        low = np.floor(at + later + 1e-9).astype(int)
        part = at + later - low
        pick = np.zeros((len(at), n))
        for k, (whole, rest) in enumerate(zip(low, part, strict=True)):
            pick[k, whole - 1] += 1.0 - rest
            if rest > 1e-9:
                pick[k, whole] += rest
        masters, individuals = (csr_array(pick) @ each for each in self._closed())
        entered = np.concatenate([[0.0], np.cumsum(self.load.entered)])
        wanted = (
            self.load.stock + entered[first] + (goal.share or 0) * (entered[at] - entered[first])
        )
        least = self.here.courts.released[:, None] * wanted
        self._each(least, np.array(np.inf), True, masters=masters, individuals=individuals)

    def _unknowns(self) -> tuple[Floats, Floats, Floats]:
        """Cost and bounds of every unknown."""
        shape = (self.places, len(BLOCKS), self.quarters)
        cost, least, most = np.zeros(shape), np.zeros(shape), np.full(shape, np.inf)
        judges, rest = BLOCKS.index("judges"), BLOCKS.index("left_over")
        cost[:, judges] = self.here.team_cost / 4
        day = self.here.team_cost / flow.WORKING_DAYS / self.values["productivity"]
        cost[:, rest] = LEFT_OVER * day
        lead = min(self.here.lead, self.quarters)
        most[:, rest, max(self.goal.first - 1, lead) :] = 0.0
        least[:, judges, :lead] = most[:, judges, :lead] = self.here.judges[:, None]
        for key, bounds in self.goal.courts.items():
            place = self.here.courts.names.index(key)
            least[place, judges, lead:] = bounds.least
            most[place, judges, lead:] = bounds.most
        return cost.ravel(), least.ravel(), most.ravel()
