"""Why no plan meets a goal, and the nearest goals that a plan does meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from math import ceil
from typing import Any

from asylumatlas import parameters
from asylumatlas.plan import paths, solving
from asylumatlas.plan.goal import MOST_YEARS, PlanError
from asylumatlas.plan.situation import Situation

__all__ = ["Failure", "NoPlan", "explain", "usual_hires"]

_HALVINGS = 9
_STEPS = 8
_SPARES = (0.04, 0.08, 0.12, 0.2)  # parts of judge time kept back, one after another


@dataclass(frozen=True, slots=True)
class Failure:
    """What stands in the way of a goal.

    Attributes:
        goal: the goal as a sentence.
        reasons: limits each of which, dropped alone, would let a plan meet the goal; or "delays",
            where no number of judges would; or "limits together".
        best: the best share, or fewest pending cases, that a plan within the limits reaches from
            the goal's first day on; None where none could be found.
        first: fiscal year from which a plan within the limits can meet the goal; None for none.
        hires_per_quarter: least limit of hires that would do, all else as it is; None for none.
        budget: least money that would do, USD beyond today's staff; None for none.
        within: least days within which the share could be decided with empty lines.
    """

    goal: str
    reasons: tuple[str, ...]
    best: float | None
    first: int | None
    hires_per_quarter: float | None
    budget: float | None
    within: float | None

    def _delays(self) -> str:
        if self.within is None:
            return ""
        return (
            f" (with no line anywhere it takes {self.within:.0f} days: allow more, or shorten "
            "national.master_delay_days or national.individual_delay_days)"
        )

    def said(self) -> str:
        """Return the whole finding in one line."""
        because = {
            "delays": "the delays between hearings alone take longer, whatever the number of "
            "judges" + self._delays(),
            "hires_per_quarter": "too few judges may be hired in a quarter",
            "budget": "the budget does not pay for it",
            "lead_days": "the first hired judge sits too late",
            "courts": "the bounds of single courts do not allow it",
            "officers": "asylum officers come too late to bring the applications down",
            "limits together": "the limits together do not allow it",
        }
        parts = [
            f"no plan meets the goal ({self.goal}): "
            + "; ".join(because[reason] for reason in self.reasons)
        ]
        if self.best is not None:
            shown = f"{100 * self.best:.0f} %" if self.best <= 1 else f"{self.best:,.0f} pending"
            parts.append(f"the best reachable is about {shown}")
        ways = [f"from FY{self.first} on"] if self.first else []
        if self.hires_per_quarter is not None:
            ways.append(f"with about {self.hires_per_quarter:.0f} hires a quarter")
        if self.budget is not None:
            ways.append(f"with about {self.budget / 1e9:,.2f} bn USD")
        if ways:
            parts.append("the goal can be met " + ", or ".join(ways))
        return "; ".join(parts)


class NoPlan(PlanError):
    """No plan meets the goal; the message says why, and `failure` holds it as data."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.said())
        self.failure = failure

    def __reduce__(self) -> tuple[object, ...]:
        """Travel between processes with the failure."""
        return NoPlan, (self.failure,)


def explain(here: Situation) -> Failure:
    """Return why no plan meets the goal of a situation.

    Each limit is dropped alone, and the goal is weakened or put off until a plan meets it. The
    country is taken as one court here, with a little judge time kept back for what the courts
    apart cannot lend each other: an answer in seconds, good to a few hundredths. Only the plan
    itself is made court by court.
    """
    goal = here.goal
    if _delays_alone(here):
        best = _best(here)
        return Failure(goal.said(), ("delays",), best, None, None, None, _least_days(here))
    free: list[tuple[str, dict[str, Any]]] = [
        ("hires_per_quarter", {"hires_per_quarter": None, "attorney_hires_per_quarter": None}),
        ("budget", {"budget": None}),
        ("courts", {"courts": {}}),
        ("officers", {"affirmative_below": None}),
    ]
    given = [
        (name, change)
        for name, change in free
        if any(getattr(goal, key) for key in change)
        or any(getattr(goal, key) == 0 for key in change)
    ]
    reasons = [name for name, change in given if _feasible(_changed(here, **change))]
    if _feasible(here.with_values({"lead_days": 0.0})):
        reasons.append("lead_days")
    return Failure(
        goal=goal.said(),
        reasons=tuple(reasons) or ("limits together",),
        best=_best(here),
        first=_first_year(here),
        hires_per_quarter=_least_hires(here) if "hires_per_quarter" in reasons else None,
        budget=_least_budget(here) if "budget" in reasons else None,
        within=None,
    )


def usual_hires(here: Situation) -> dict[str, Any] | None:
    """Return what a limit of the most judges ever hired in a year comes to; None where one is set.

    The country is taken as one court, as `explain` does.

    Returns:
        `hires_a_year` and `hires_per_quarter`, `meets` (whether the goal is met with them) and
        `first` (the first fiscal year from which it can be; None for none within reach).
    """
    if here.goal.hires_per_quarter is not None:
        return None
    most = parameters.load()["staffing.most_hires"].at(date(here.goal.start, 9, 30)).value
    there = _changed(here, hires_per_quarter=most / 4)
    met = _holds(there)
    return {
        "hires_a_year": most,
        "hires_per_quarter": most / 4,
        "meets": met,
        "first": here.goal.by if met else _first_year(there),
    }


def _changed(here: Situation, **change: Any) -> Situation:
    return replace(here, goal=replace(here.goal, **change))


def _feasible(here: Situation) -> bool:
    """Whether the courts together have a plan; where they have none, nor have they apart."""
    return solving.solve(here.as_one(), whole=False) is not None


def _holds(here: Situation) -> bool:
    """Whether the country as one court has a plan that stands when it is followed by month."""
    one = here.as_one()
    for spare in _SPARES:
        found = solving.with_margin(one, spare, whole=False)
        if found is None:
            return False
        if solving.holds(one, found):
            return True
    return False


def _standing(
    here: Situation, change: Callable[[float], dict[str, Any]], value: float, step: float
) -> float | None:
    """Return the value, moved off in growing steps until a plan stands the months."""
    for _ in range(_STEPS):
        if _holds(_changed(here, **change(value))):
            return value
        value *= 1.0 + step
        step *= 1.5
    return None


def _delays_alone(here: Situation) -> bool:
    goal = here.goal
    if goal.share is None or goal.rule != "paths":
        return False
    return bool(paths.share_decided(here.values, goal.within)[0] < goal.share)


def _least_days(here: Situation) -> float | None:
    def decided(days: float) -> bool:
        return bool(paths.share_decided(here.values, days)[0] >= (here.goal.share or 0.0))

    if not decided(3650.0):
        return None
    return _bisect(decided, here.goal.within, 3650.0, 12)


def _bisect(good: Callable[[float], bool], bad: float, fine: float, turns: int) -> float:
    """Return the fine value nearest to the bad end; `fine` must be good."""
    for _ in range(turns):
        middle = (bad + fine) / 2
        bad, fine = (bad, middle) if good(middle) else (middle, fine)
    return fine


def _best(here: Situation) -> float | None:
    """The nearest goal within the limits: the greatest share, or the fewest pending cases."""
    goal = here.goal
    if goal.pending_below is not None:

        def below(cases: float) -> bool:
            return _feasible(_changed(here, pending_below=cases))

        ceiling = max(10.0 * here.values["pending"], 1e6)
        if not below(ceiling):
            return None
        fewest = _bisect(below, goal.pending_below, ceiling, 16)
        return _standing(here, lambda cases: {"pending_below": cases}, fewest, 0.01)

    def possible(share: float) -> bool:
        return _feasible(_changed(here, share=share))

    if not possible(0.0):
        return None
    top = float(goal.share or 0.0)
    if goal.rule == "paths":
        top = min(top, float(paths.share_decided(here.values, goal.within)[0]))
    best = top if possible(top * 0.999) else _bisect(possible, top, 0.0, _HALVINGS)
    return _standing(here, lambda share: {"share": share}, best * 0.999, -0.01)


def _first_year(here: Situation) -> int | None:
    """The first later fiscal year from which the goal can hold, with a plan that is longer."""
    goal = here.goal
    for by in range(goal.by + 1, goal.start + MOST_YEARS + 1):
        years = min(MOST_YEARS, goal.years + by - goal.by)
        later = _changed(here, by=by, years=years)
        if _feasible(later) and _holds(later):
            return by
    return None


def _hires(limit: float) -> dict[str, Any]:
    return {"hires_per_quarter": float(ceil(limit)), "attorney_hires_per_quarter": None}


def _least_hires(here: Situation) -> float | None:
    def enough(hires: float) -> bool:
        return _feasible(_changed(here, **_hires(hires)))

    if not enough(1e4):
        return None
    least = _bisect(enough, here.goal.hires_per_quarter or 0.0, 1e4, 14)
    found = _standing(here, _hires, least, 0.01)
    return None if found is None else float(ceil(found))


def _least_budget(here: Situation) -> float | None:
    found = solving.with_margin(_changed(here, budget=None).as_one(), _SPARES[0], whole=False)
    if found is None:
        return None
    return found.cost_beyond(here)
