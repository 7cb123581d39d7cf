"""Staffing plans: the least-cost judges, attorneys and officers that meet a stated goal.

Example:
    >>> from asylumatlas.plan import Goal, read_goal
    >>> read_goal(share=0.5, within=730, by=2032).said()
    '50 % of released cases filed from FY2032 on are decided within 730 days'
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from typing import TYPE_CHECKING

from asylumatlas.plan.goal import Bounds, Goal, PlanError, read_goal

if TYPE_CHECKING:
    from asylumatlas.ensembles import Journal
    from asylumatlas.national.courts import Courts
    from asylumatlas.plan.answer import Plan

__all__ = ["Bounds", "Goal", "PlanError", "plan", "read_goal"]

SIMULATED = 5  # plans that people are simulated under


def plan(
    goal: Goal,
    *,
    draws: int = 64,
    seed: int = 1,
    ranking: bool = True,
    simulated: int = 0,
    courts: tuple[Courts, tuple[str, ...]] | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    scheduler: str | None = None,
    journal: Journal | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Plan:
    """Find the least-cost staffing that meets a goal, and the choice that stands most draws.

    Args:
        goal: what is wanted, and the limits.
        draws: parameter draws that plans are ranked over; 0 for none.
        seed: of the draws.
        ranking: whether other plans are made and ranked beside the least-cost one.
        simulated: replications of `us-courts`, at one person in fifty, for each of the best five
            plans; 0 for none.
        courts: shares and names of the courts; default the table `immigration-courts`.
        workers: processes of the ranking; the result does not depend on it.
        executor: any `concurrent.futures` executor instead.
        scheduler: address of a Dask scheduler instead.
        journal: keeps finished pieces of the ranking.
        progress: called with (pieces done, pieces in all) of the ranking.

    Raises:
        NoPlan: no plan meets the goal; the message says why and what the nearest goals are.
        PlanError: scipy is missing, or a court or parameter is not known.
    """
    from asylumatlas.plan import solving
    from asylumatlas.plan.answer import Plan
    from asylumatlas.plan.candidates import candidates, cheaper
    from asylumatlas.plan.diagnosis import NoPlan, explain, usual_hires
    from asylumatlas.plan.ranking import rank
    from asylumatlas.plan.simulating import carried_out
    from asylumatlas.plan.situation import draw_values, situation

    here = situation(goal, courts)
    best = solving.cheapest(here)
    if best is None:
        raise NoPlan(explain(here))
    usual = usual_hires(here)
    drawn = draw_values(here, draws, seed)
    if not ranking or not drawn:
        return Plan(here, best, best, None, tuple(drawn), seed, usual=usual)
    plans = candidates(here, best, drawn)
    best = plans[0]
    found = rank(
        here, plans, drawn, workers=workers, executor=executor, scheduler=scheduler,
        journal=journal, progress=progress,
    )  # fmt: skip
    answer = Plan(
        here, best, plans[found.robust], found, tuple(drawn), seed, usual=usual,
        cheaper=cheaper(here, plans),
    )  # fmt: skip
    if not simulated:
        return answer
    places = found.best(SIMULATED)
    people = carried_out(
        answer, [plans[place] for place in places], replications=simulated, seed=seed,
        workers=workers, executor=executor, scheduler=scheduler,
    )  # fmt: skip
    return replace(answer, simulated=people)
