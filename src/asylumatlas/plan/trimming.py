"""Judges a plan can do without: what whole numbers and margins left over is taken away again.

The linear program asks for whole judges and keeps time back against its own optimism; both leave a
plan some judges better than the goal asks. Here single hires are taken away while the goal still
holds by month, those first that save most for what they cost in the goal's own number.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from asylumatlas.plan import course
from asylumatlas.plan.program import detained_need
from asylumatlas.plan.situation import Situation

if TYPE_CHECKING:
    from asylumatlas.plan.solving import Staffing

__all__ = ["trimmed"]

Floats = NDArray[np.float64]
_ROUNDS = 3
_TRIED = 96  # hires that may be taken away, looked at in one round
_AT_ONCE = 24  # plans followed together


def trimmed(here: Situation, plan: Staffing) -> Staffing:
    """Return a plan less the hires that its goal of pending cases can do without.

    A goal of a share must hold at every court; such plans are returned as they are, and so is a
    plan that does not meet its goal, or whose courts have a fewest number of judges.

    Args:
        here: courts, central values and goal.
        plan: of whole hires.
    """
    goal = here.goal
    if goal.pending_below is None or any(each.least > 0 for each in goal.courts.values()):
        return plan
    first = max(3 * goal.first - 1, 0)
    judges, hires = plan.judges, plan.hires
    limit = goal.pending_below - 1e-6 * max(goal.pending_below, 1.0)
    floor = np.minimum(detained_need(here), judges)
    before = _most_pending(here, judges[None], first)[0]
    for _ in range(_ROUNDS):
        places, quarters = _hired(here, hires)
        if before > limit or not len(places):
            break
        lost = np.array([_of_one(here, int(each), judges.shape[1]) for each in quarters])
        cases = _without(here, judges, places, lost, first) - before
        taken = _chosen(cases, lost.sum(axis=1), limit - before)
        taken = _spared(taken, places, lost, judges - floor)
        taken, after = _as_many(here, judges, places[taken], lost[taken], taken, limit, first)
        if not len(taken):
            break
        judges, hires, before = judges.copy(), hires.copy(), after
        np.subtract.at(judges, places[taken], lost[taken])
        np.subtract.at(hires, (places[taken], quarters[taken]), 1.0)
    saved = float((plan.judges - judges).sum()) * here.team_cost / 4
    return replace(plan, judges=judges, hires=hires, cost=plan.cost - saved)


def _hired(here: Situation, hires: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Courts and quarters with a hire that can be taken away, the largest numbers first."""
    own = hires.copy()
    own[:, : here.lead] = 0.0
    places, quarters = np.nonzero(own >= 1.0 - 1e-9)
    order = np.argsort(-own[places, quarters], kind="stable")[:_TRIED]
    return places[order], quarters[order]


def _of_one(here: Situation, quarter: int, quarters: int) -> Floats:
    """The judge that one hire is on the bench, less who leaves (quarters,)."""
    stay = (1.0 - here.values["leaving_share"]) ** 0.25
    after = np.arange(quarters) - quarter
    found: Floats = np.where(after >= 0, stay ** np.maximum(after, 0), 0.0)
    return found


def _most_pending(here: Situation, judges: Floats, first: int) -> Floats:
    """Most cases pending from the goal's first day on, of several plans (plans,)."""
    found: Floats = course.follow(here, judges, [{}] * len(judges)).pending[:, first:].max(axis=1)
    return found


def _without(
    here: Situation, judges: Floats, places: NDArray[np.intp], lost: Floats, first: int
) -> Floats:
    """Most cases pending without each of some hires (hires,)."""
    found = []
    for start in range(0, len(places), _AT_ONCE):
        span = slice(start, start + _AT_ONCE)
        plans = np.repeat(judges[None], len(places[span]), axis=0)
        plans[np.arange(len(plans)), places[span]] -= lost[span]
        found.append(_most_pending(here, plans, first))
    return np.concatenate(found)


def _chosen(cases: Floats, savings: Floats, spare: float) -> NDArray[np.intp]:
    """Places of hires to take away, in order: what saves most for the pending cases it adds."""
    order = np.argsort(cases / savings, kind="stable")
    total = np.cumsum(np.maximum(cases[order], 0.0))
    found: NDArray[np.intp] = order[: int(np.searchsorted(total, 1.2 * spare, side="right"))]
    return found


def _spared(
    taken: NDArray[np.intp], places: NDArray[np.intp], lost: Floats, spare: Floats
) -> NDArray[np.intp]:
    """Those of the chosen, in order, that leave every court the judges of its detained docket."""
    left, found = spare.copy(), []
    for each in taken:
        if (left[places[each]] >= lost[each] - 1e-9).all():
            left[places[each]] -= lost[each]
            found.append(each)
    return np.array(found, dtype=np.intp)


def _as_many(
    here: Situation,
    judges: Floats,
    places: NDArray[np.intp],
    lost: Floats,
    taken: NDArray[np.intp],
    limit: float,
    first: int,
) -> tuple[NDArray[np.intp], float]:
    """The most of the chosen, from the first on, that can be taken away together; what pends."""
    low, high, after = 0, len(taken), float("nan")
    while low < high:
        middle = (low + high + 1) // 2
        there = judges.copy()
        np.subtract.at(there, places[:middle], lost[:middle])
        pending = float(_most_pending(here, there[None], first)[0])
        if pending <= limit:
            low, after = middle, pending
        else:
            high = middle - 1
    return taken[:low], after
