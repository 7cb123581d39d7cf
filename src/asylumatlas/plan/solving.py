"""Solving the staffing program: the linear one at once, whole judges within a gap and a time."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.plan import course, paths
from asylumatlas.plan.goal import PlanError
from asylumatlas.plan.officers import Officers, officers
from asylumatlas.plan.program import BLOCKS, Program, build
from asylumatlas.plan.situation import Situation

__all__ = ["Staffing", "cheapest", "reached", "solve"]

Floats = NDArray[np.float64]
_HOW = (0.05, 0.0)  # judges that a quarter must hire in the linear plan to hire in the whole one
_MARGIN, _MOST_MARGIN = 0.02, 0.3
_TURNS = 6  # of the search for the share to ask for


@dataclass(frozen=True, slots=True, eq=False)
class Staffing:
    """A staffing plan.

    Attributes:
        name: what it is called among other plans.
        judges: on the bench by court and quarter, the expected number where some leave
            (courts, quarters).
        hires: who take the bench (courts, quarters); whole numbers from the first hire on, unless
            `whole` is false. Before it, the replacements that keep today's staff.
        cost: USD over the plan: judges with staff, attorneys and officers.
        bound: USD; the cost of the linear optimum, which no plan of whole judges can beat but by
            carrying detained work over.
        seconds: time the linear program and the search for whole judges took.
        whole: whether the hires are whole numbers.
        margin: part of judge time kept back against the mean flow's optimism.
        officers: the asylum officers of the plan.
        waits: days in the two lines that the plan promises; nan for other goals.
    """

    name: str
    judges: Floats
    hires: Floats
    cost: float
    bound: float
    seconds: tuple[float, float]
    whole: bool
    margin: float
    officers: Officers
    waits: tuple[float, float]

    @property
    def gap(self) -> float:
        """Relative distance of the cost from the bound."""
        return max(self.cost / self.bound - 1.0, 0.0) if self.bound > 0 else 0.0

    def cost_beyond(self, here: Situation) -> float:
        """Return the USD beyond keeping today's judges and officers over the plan."""
        today = here.judges.sum() * here.team_cost / 4 * here.goal.quarters
        return _money(here, self.judges) - float(today) + self.officers.cost_beyond


def optimum(
    program: Program,
    most: Floats | None = None,
    whole: Floats | None = None,
    gap: float = 0.0,
    seconds: float = 120.0,
) -> Floats | None:
    """Return the least-cost solution found by HiGHS, or None where there is none.

    Cases are counted in thousands and money in millions on the way: numbers of one size keep the
    simplex method quick and its tolerances meaningful.

    Args:
        program: what to solve.
        most: bounds that replace the program's (unknowns,).
        whole: 1 for unknowns that must be whole numbers (unknowns,).
        gap: relative gap at which the search for whole numbers may stop.
        seconds: time limit.
    """
    try:
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import diags_array
    except ImportError:
        raise PlanError('plan needs scipy: pip install "asylumatlas[calibrate]"') from None
    sizes = np.array([1.0 if name in ("judges", "hires") else 1000.0 for name in BLOCKS])
    places = len(program.cost) // (len(BLOCKS) * program.quarters)
    size = np.tile(np.repeat(sizes, program.quarters), places)
    columns = program.rows @ diags_array(size)
    weight = 1.0 / np.maximum(abs(columns).max(axis=1).toarray().ravel(), 1e-12)
    result = milp(
        program.cost * size / 1e6,
        integrality=whole,
        constraints=LinearConstraint(
            (diags_array(weight) @ columns).tocsr(), program.low * weight, program.high * weight
        ),
        bounds=Bounds(program.least / size, (program.most if most is None else most) / size),
        options={"time_limit": seconds, "mip_rel_gap": gap},
    )
    return None if result.x is None else result.x * size


def solve(here: Situation, *, whole: bool = True, name: str = "least cost") -> Staffing | None:
    """Return the least-cost plan of the mean flow, or None where none meets the goal.

    Args:
        here: courts, parameters and goal.
        whole: hire whole judges; otherwise the linear optimum is returned.
        name: what the plan is called.
    """
    if _beyond_empty_lines(here):
        return None
    crew = officers(here)
    if crew is None:
        return None
    program = build(here, crew.cost_beyond)
    began = time.perf_counter()
    linear = optimum(program)
    if linear is None:
        return None
    bound = _money(here, program.block(linear, "judges")) + crew.cost
    middle = time.perf_counter()
    found = _whole(program, here, program.block(linear, "hires")) if whole else None
    ended = time.perf_counter()
    chosen = linear if found is None else found
    judges = program.block(chosen, "judges")
    return Staffing(
        name=name,
        judges=judges,
        hires=program.block(chosen, "hires").round(9),
        cost=_money(here, judges) + crew.cost,
        bound=bound,
        seconds=(middle - began, ended - middle),
        whole=found is not None,
        margin=0.0,
        officers=crew,
        waits=program.waits,
    )


def _beyond_empty_lines(here: Situation) -> bool:
    goal = here.goal
    if goal.share is None or goal.rule != "paths":
        return False
    return bool(paths.share_decided(here.values, goal.within)[0] < goal.share)


def _money(here: Situation, judges: Floats) -> float:
    return float(judges.sum() * here.team_cost / 4)


def _whole(program: Program, here: Situation, hires: Floats) -> Floats | None:
    """Hire whole judges, in the quarters in which the linear plan hires, then also the next ones.

    The least-cost plan hires in few quarters of a court; only these are searched, which makes a
    search of thousands of whole numbers one of a hundred. The gap is told against the linear plan,
    which no choice of quarters can beat.
    """
    lead, goal = min(here.lead, program.quarters), here.goal
    if lead == program.quarters:
        return None
    shape = (len(here.judges), len(BLOCKS), program.quarters)
    block = BLOCKS.index("hires")
    for turn, enough in enumerate(_HOW):
        may = np.zeros((shape[0], shape[2]), dtype=bool)
        may[:, lead:] = hires[:, lead:] > max(enough, 1e-6)
        for _ in range(2 * turn):
            may[:, lead + 1 :] |= may[:, lead:-1]
        whole, most = np.zeros(shape), program.most.reshape(shape).copy()
        whole[:, block, lead:] = 1
        most[:, block, lead:] = np.where(may, np.ceil(hires) + 1 + 2 * turn, 0.0)[:, lead:]
        found = optimum(program, most.ravel(), whole.ravel(), goal.gap, goal.seconds / len(_HOW))
        if found is not None:
            table = found.reshape(shape)
            table[:, block, lead:] = table[:, block, lead:].round()
            return found
    return None


def reached(here: Situation, staffing: Floats, draws: list[dict[str, float]] | None = None) -> Any:
    """Return what a plan reaches at some draws: the goal's value as it was asked (draws,).

    That is the least share decided in time over the quarters of filing of the goal's first year,
    as far as the run can follow them, or the most cases pending from the goal's first day on.
    """
    goal, draws = here.goal, draws or [{}]
    if goal.pending_below is not None:
        found = course.follow(here, staffing, draws)
        return found.pending[:, max(3 * goal.first - 1, 0) :].max(axis=1)
    return course.follow(here, staffing, draws, asked=followed(here)).decided.min(axis=1)


def followed(here: Situation) -> list[int]:
    """Return the months of filing whose cases a plan's check follows: one in each quarter."""
    goal = here.goal
    last = 3 * goal.quarters - int(np.ceil(goal.within / (365.25 / 12)))
    months = list(range(3 * goal.first + 1, max(last, 3 * goal.first + 2), 3))
    return months[:4]


def meets(here: Situation, value: float) -> bool:
    """Return whether a reached value is as good as the goal, to a thousandth."""
    if here.goal.pending_below is not None:
        return value <= here.goal.pending_below * 1.001
    return value >= (here.goal.share or 0.0) - 0.001


def cheapest(here: Situation, *, whole: bool = True, name: str = "least cost") -> Staffing | None:
    """Return the least-cost plan that also meets the goal when it is followed month by month.

    The program may divide judge time between masters and individual hearings as it likes; courts
    hold masters first. Where the plan falls short for that reason the program is asked for a
    greater share, or part of the judge time is kept back, up to three tenths: the least of each
    that will do, and of the two the cheaper.
    """
    first = solve(here, whole=False, name=name)
    if first is None:
        return None
    ways = [(here, 0.0, first)] if holds(here, first) else [*_asked_more(here), *_kept_back(here)]
    if not ways:
        return None
    asked, margin, plan = min(ways, key=lambda way: way[2].cost)
    better = with_margin(asked, margin, whole=True, name=name) if whole else None
    if better is not None and holds(here, better):  # whole judges may move it over the edge
        plan = better
    return replace(plan, name=name, margin=margin, bound=first.bound)


Way = tuple[Situation, float, Staffing]  # what to ask, what to keep back, and the linear plan


def _asked_more(here: Situation) -> list[Way]:
    """Return the way whose goal is the least share above the goal's that will do, if any."""
    goal = here.goal
    if goal.share is None or goal.rule != "paths":
        return []
    low, high = goal.share, float(paths.share_decided(here.values, goal.within)[0])
    best: list[Way] = []
    for turn in range(_TURNS):
        share = high - 1e-3 * (high - low) if turn == 0 else (low + high) / 2
        there = replace(here, goal=replace(goal, share=share))
        found = solve(there, whole=False)
        if found is None:
            high = share
        elif holds(here, found):
            best, high = [(there, 0.0, found)], share
        else:
            low = share
    return best


def _kept_back(here: Situation) -> list[Way]:
    """Return the way that keeps the least part of judge time back, if any will do."""
    low, margin = 0.0, _MARGIN
    best: list[Way] = []
    while not best and margin <= _MOST_MARGIN + 1e-9:
        found = with_margin(here, margin, whole=False)
        if found is None:
            return []
        if holds(here, found):
            best = [(here, margin, found)]
        else:
            low, margin = margin, margin + (_MARGIN if margin < 0.1 else 0.05)
    for _ in range(2 if best else 0):
        middle = (low + best[0][1]) / 2
        found = with_margin(here, middle, whole=False)
        if found is not None and holds(here, found):
            best = [(here, middle, found)]
        else:
            low = middle
    return best


def holds(here: Situation, found: Staffing) -> bool:
    """Return whether a plan meets the goal at central values when it is followed by month."""
    if here.goal.share is not None and here.goal.rule == "line":
        return True
    return meets(here, float(reached(here, found.judges)[0]))


def with_margin(
    here: Situation, margin: float, *, whole: bool = True, name: str = "least cost"
) -> Staffing | None:
    """Return the plan of courts whose judges get less done than they do by some part."""
    slower = here.with_values({"productivity": here.values["productivity"] * (1.0 - margin)})
    found = solve(slower, whole=whole, name=name)
    return None if found is None else replace(found, margin=margin)
