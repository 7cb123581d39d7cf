"""Plans carried out by simulated people: the scenario `us-courts` under each plan's judges.

Every plan is run with the same seed, so that the same people have the same luck and the same
parameters, and only the staffing differs. Simulated people; nobody real is described.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.ensembles import Journal, pieces
from asylumatlas.plan.answer import Plan
from asylumatlas.plan.goal import Goal, PlanError
from asylumatlas.plan.ranking import Ranking
from asylumatlas.plan.scenario_text import scenario_text
from asylumatlas.plan.solving import Staffing, meets

__all__ = ["carried_out", "simulate"]

Floats = NDArray[np.float64]


def carried_out(plan: Plan, plans: Sequence[Staffing], **how: Any) -> Ranking | None:
    """Return plans ranked by simulated people, or None where the plan ends too early to tell.

    Args:
        plan: gives the situation and the goal.
        plans: staffings to carry out.
        how: as `simulate` takes it.
    """
    try:
        reached = simulate(plan, plans, **how)
    except PlanError:
        return None
    return Ranking(
        names=tuple(each.name for each in plans),
        reached=reached,
        meets=np.array([[meets(plan.here, float(x)) for x in row] for row in reached]),
        cost=np.repeat([[each.cost] for each in plans], reached.shape[1], axis=1),
        judge="us-courts",
    )


def simulate(
    plan: Plan,
    plans: Sequence[Staffing],
    *,
    replications: int = 1,
    scale: float = 0.05,
    seed: int = 1,
    workers: int = 1,
    executor: Executor | None = None,
    scheduler: str | None = None,
    journal: Journal | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Floats:
    """Return what each plan reaches when people are simulated (plans, replications).

    For a goal of a share: of the cases charged in the first fiscal year of the goal and never held
    in custody, the part decided within the goal's days. For a goal of pending cases: the cases
    charged and not decided on the goal's first day.

    Args:
        plan: gives the situation and the goal.
        plans: staffings to carry out.
        replications: of each; one alone is the central run.
        scale: part of the people who are simulated.
        seed: of draws and luck, the same for every plan.
        workers: processes; one plan is one piece of work.
        executor: any `concurrent.futures` executor instead.
        scheduler: address of a Dask scheduler instead.
        journal: keeps finished plans.
        progress: called with (plans done, plans in all).

    Raises:
        PlanError: the plan ends too early to follow the cases of the goal's first year.
    """
    end = plan.goal.start + plan.goal.years
    if plan.goal.share is not None and plan.goal.by + plan.goal.within / 365.25 > end:
        raise PlanError(
            f"simulate: cases of FY{plan.goal.by} cannot be followed for {plan.goal.within:g} days "
            f"to the end of FY{end}; give more years"
        )
    texts = [
        scenario_text(replace(plan, staffing=each)).replace(
            "scale    = 0.05", f"scale    = {scale:g}"
        )
        for each in plans
    ]
    done = pieces(
        _reached, texts, workers=workers, executor=executor, scheduler=scheduler,
        journal=journal, progress=progress, common=(plan.goal, replications, seed, scale),
    )  # fmt: skip
    return np.array(list(done))


def _reached(goal: Goal, replications: int, seed: int, scale: float, text: str) -> Floats:
    """One piece of work: what one plan reaches in each replication (replications,)."""
    from asylumatlas.scenario import load_scenario
    from asylumatlas.sim.replication import Worker

    with TemporaryDirectory() as folder:
        path = Path(folder) / "plan.toml"
        path.write_text(text, encoding="utf-8")
        scenario = load_scenario(str(path))
    worker = Worker(scenario, seed, replications)
    found = np.empty(replications)
    for number in range(replications):
        _, told, _ = worker.run(number)
        found[number] = _of(goal, worker.speech, told, scale)
    return found


def _of(goal: Goal, speech: Any, told: Any, scale: float) -> float:
    """The goal's value of one replication's histories."""
    people = int(told.person.max()) + 1 if len(told.person) else 0
    day = {
        event: _first(told, speech.events.index(event), people)
        for event in ("charging_document", "court_decision", "custody_started", "stock_case")
    }
    never = np.iinfo(np.int64).max
    first = (date(goal.by - 1, 10, 1) - date(goal.start, 10, 1)).days
    charged, decided = day["charging_document"], day["court_decision"]
    if goal.pending_below is not None:
        in_court = np.minimum(charged, day["stock_case"]) < first
        return float((in_court & (decided >= first)).sum() / scale)
    cohort = (charged >= first) & (charged < first + 365) & (day["custody_started"] == never)
    if not cohort.any():
        return float("nan")
    waited = np.where(decided[cohort] == never, never, decided[cohort] - charged[cohort])
    return float((waited <= goal.within).mean())


def _first(told: Any, event: int, people: int) -> NDArray[np.int64]:
    """First day of an event by person; the largest number where there is none (people,)."""
    found = np.full(people, np.iinfo(np.int64).max)
    chosen = told.event == event
    np.minimum.at(found, told.person[chosen].astype(np.int64), told.day[chosen].astype(np.int64))
    return found
