"""The least-cost solution of a staffing program, linear or with whole judges, by HiGHS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from asylumatlas.plan.goal import PlanError
from asylumatlas.plan.program import BLOCKS, Program, most_hires
from asylumatlas.plan.situation import Situation

__all__ = ["bench", "optimum", "rounded", "whole_optimum", "within_limits"]

Floats = NDArray[np.float64]
_HOW = (0.05, 0.0)  # judges that a quarter must hire in the linear plan to hire in the whole one
_SLIGHT = 1e-6  # judges


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

    Raises:
        PlanError: scipy is missing.
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


def whole_optimum(program: Program, here: Situation, hires: Floats) -> Floats | None:
    """Hire whole judges, in the quarters in which the linear plan hires, then also the next ones.

    The least-cost plan hires in few quarters of a court; only these are searched, which makes a
    search of thousands of whole numbers one of a hundred. Where nothing binds the courts to each
    other, each is searched for itself. The gap is told against the linear plan, which no choice of
    quarters can beat.

    Args:
        program: what to solve.
        here: gives the lead time, the gap and the time limit.
        hires: of the linear plan (courts, quarters).

    Returns:
        A solution (unknowns,), or None where none was found in time.
    """
    lead = min(here.lead, program.quarters)
    if lead == program.quarters:
        return None
    if _bound_together(program):
        return _searched(program, lead, hires, here.goal.gap, here.goal.seconds)
    found = []
    seconds = max(here.goal.seconds / len(hires), 0.1)
    for place, own in enumerate(_courts(program)):
        part = _searched(own, lead, hires[place : place + 1], here.goal.gap, seconds)
        if part is None:
            return None
        found.append(part)
    return np.concatenate(found)


def _bound_together(program: Program) -> bool:
    """Whether some row binds courts to each other."""
    rows = program.rows.tocsr()
    court = rows.indices // (len(BLOCKS) * program.quarters)
    ends = rows.indptr[:-1][np.diff(rows.indptr) > 0]
    return bool((np.maximum.reduceat(court, ends) != np.minimum.reduceat(court, ends)).any())


def _courts(program: Program) -> Iterator[Program]:
    """The programs of single courts, where no row binds two."""
    size, columns = len(BLOCKS) * program.quarters, program.rows.tocsc()
    for start in range(0, len(program.cost), size):
        span = slice(start, start + size)
        own = columns[:, span].tocsr()
        has = np.diff(own.indptr) > 0
        yield replace(
            program,
            cost=program.cost[span],
            rows=own[has],
            low=program.low[has],
            high=program.high[has],
            least=program.least[span],
            most=program.most[span],
            goal_rows=program.goal_rows[has],
        )


def _searched(
    program: Program, lead: int, hires: Floats, gap: float, seconds: float
) -> Floats | None:
    """A solution with whole hires from quarter `lead` on, or None where none was found."""
    shape = (len(hires), len(BLOCKS), program.quarters)
    block = BLOCKS.index("hires")
    for turn, enough in enumerate(_HOW):
        may = np.zeros((shape[0], shape[2]), dtype=bool)
        may[:, lead:] = hires[:, lead:] > max(enough, 1e-6)
        for _ in range(2 * turn):
            may[:, lead + 1 :] |= may[:, lead:-1]
        whole, most = np.zeros(shape), program.most.reshape(shape).copy()
        whole[:, block, lead:] = 1
        most[:, block, lead:] = np.where(may, np.ceil(hires) + 1 + 2 * turn, 0.0)[:, lead:]
        found = optimum(program, most.ravel(), whole.ravel(), gap, seconds / len(_HOW))
        if found is not None:
            table = found.reshape(shape)
            table[:, block, lead:] = table[:, block, lead:].round()
            return found
    return None


def bench(here: Situation, hires: Floats) -> Floats:
    """Return the judges on the bench that hires lead to (courts, quarters).

    Args:
        here: gives the judges of day one, who stays, and the first quarter of a hire.
        hires: by court and quarter; before the first own hire today's staff is kept.
    """
    stay = (1.0 - here.values["leaving_share"]) ** 0.25
    judges = np.repeat(here.judges[:, None], hires.shape[1], axis=1).astype(np.float64)
    for quarter in range(here.lead, hires.shape[1]):
        before = here.judges if quarter == 0 else judges[:, quarter - 1]
        judges[:, quarter] = stay * before + hires[:, quarter]
    return judges


def rounded(here: Situation, hires: Floats) -> Floats:
    """Return whole hires that keep up with hires in parts, court by court (courts, quarters).

    Each court's hires so far are rounded up. Where a quarter may not hire as many, the courts that
    lag most come first; where money is limited, the country's hires so far are rounded instead.

    Args:
        here: gives the limits and the first quarter of a hire.
        hires: by court and quarter.
    """
    found = hires.copy()
    lead, limit = min(here.lead, hires.shape[1]), most_hires(here)
    so_far, given = np.zeros(len(hires)), np.zeros(len(hires))
    for quarter in range(lead, hires.shape[1]):
        so_far += hires[:, quarter]
        room = limit
        if here.goal.budget is not None:
            room = min(room, max(0.0, np.round(so_far.sum()) - given.sum()))
        found[:, quarter] = _shared(np.maximum(so_far - given, 0.0), room)
        given += found[:, quarter]
    return found


def _shared(wanted: Floats, room: float) -> Floats:
    """Round each up while there is room, those who want most first."""
    up: Floats = np.ceil(wanted - _SLIGHT)
    over = up.sum() - np.floor(room + _SLIGHT)
    if over <= 0:
        return up
    found = np.floor(np.minimum(wanted, up))
    left = int(np.floor(room + _SLIGHT) - found.sum())
    if left < 0:  # not even whole parts fit: by size
        found = np.floor(wanted * np.floor(room + _SLIGHT) / wanted.sum())
        left = int(np.floor(room + _SLIGHT) - found.sum())
    order = np.argsort(-(wanted - found), kind="stable")[:left]
    found[order] += 1.0
    return found


def within_limits(here: Situation, judges: Floats, hires: Floats, beyond: float) -> bool:
    """Return whether a plan keeps the limits on hires, money and single courts.

    Args:
        here: gives the limits.
        judges: on the bench (courts, quarters).
        hires: (courts, quarters).
        beyond: USD beyond today's staff.
    """
    lead, goal = here.lead, here.goal
    if (hires[:, lead:].sum(axis=0) > most_hires(here) + 1e-4).any():
        return False
    if goal.budget is not None and beyond > goal.budget * (1 + 1e-6) + 1.0:
        return False
    for key, bounds in goal.courts.items():
        own = judges[here.courts.names.index(key), lead:]
        if (own < bounds.least - 1e-3).any() or (own > bounds.most + 1e-3).any():
            return False
    return True
