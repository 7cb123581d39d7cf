"""Asylum officers of the country: credible fear first, affirmative applications with the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asylumatlas.plan.situation import Situation

__all__ = ["Officers", "officers"]

Floats = NDArray[np.float64]

_WEEKS = 50 / 4  # of work in a quarter: a year less two weeks of holidays


@dataclass(frozen=True, slots=True, eq=False)
class Officers:
    """Asylum officers by quarter.

    Attributes:
        needed: officers on board (quarters,).
        pending: affirmative applications pending at the end of each quarter (quarters,).
        cost: USD over the plan.
        cost_beyond: USD beyond keeping today's officers; less than nothing where fewer are needed.
    """

    needed: Floats
    pending: Floats
    cost: float
    cost_beyond: float


def officers(here: Situation) -> Officers | None:
    """Return the fewest officers that do the work the goal asks, or None where they cannot.

    Until new officers can come (the lead time of judges is taken for theirs too) today's stay.
    After it, their number is constant: enough that affirmative applications pending when the goal
    begins are not more than asked, and afterwards as many as keep them from growing. With constant
    numbers the least that suffices is found by hand: the pending fall by a quarter's interviews
    less its applications.

    Args:
        here: gives the interviews, applications, stock, officers and goal.
    """
    v, goal = here.values, here.goal
    quarters, lead, first = goal.quarters, min(here.lead, goal.quarters), goal.first
    pace = v["interviews_a_week"] * _WEEKS  # interviews of an officer in a quarter
    fear, filed = v["fear_interviews"] / 4, v["affirmative_receipts"] / 4
    steady = (fear + filed) / pace
    needed = np.full(quarters, v["officers"])
    start = v["affirmative_pending"]
    before = start + lead * (filed - max(v["officers"] * pace - fear, 0.0))
    if goal.affirmative_below is not None:
        span = first - lead
        over = max(before, 0.0) - goal.affirmative_below
        if span <= 0 and over > 0:
            return None
        extra = max(over, 0.0) / (span * pace) if span > 0 else 0.0
        needed[lead:first] = max(v["officers"], steady + extra)
        needed[max(first, lead) :] = steady
    else:
        needed[lead:] = max(steady, v["officers"])
    needed = np.ceil(needed - 1e-9)
    pending, left = np.zeros(quarters), start
    for quarter in range(quarters):
        left = max(0.0, left + filed - max(needed[quarter] * pace - fear, 0.0))
        pending[quarter] = left
    cost = float(needed.sum() * v["officer_cost"] / 4)
    beyond = float((needed - v["officers"]).sum() * v["officer_cost"] / 4)
    return Officers(needed, pending, cost, max(beyond, 0.0))
