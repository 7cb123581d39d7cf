"""Forecasts by the event simulation, to check the twin: the same draws, people instead of flows.

A few of the twin's draws are handed to the scenario `us-courts` at a small scale: its static
parameters, and the productivity, reopened cases and administrative closings that the twin drew for
each coming year. The simulation is told how filings divide among routes as the scenario has it, so
only the variant "given" can be forecast this way. What differs from the twin's own forecast of
these draws is what the twin leaves out: courts one by one, whole people, the routes into court.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.backtest import twin
from asylumatlas.backtest.record import BacktestError, Given, Record

__all__ = ["RUNS", "SCALE", "fit", "forecast"]

Floats = NDArray[np.float64]
SCENARIO = "us-courts"
SCALE = 0.01  # of the country's people
RUNS = 8  # draws simulated for each cut-off and definition
PATHS = ("judges", "productivity", "reopened")
MEASURES = {"pending": "nation_pending", "completions": "nation_completions"}


def fit(known: Record, steps: int, seed: int) -> tuple[twin.Fitted, Mapping[str, Any]]:
    """Fit the twin: see `asylumatlas.backtest.twin.fit`."""
    fitted, report = twin.fit(known, steps, seed)
    return fitted, {**report, "forecast_by": "simulated", "runs": RUNS, "scale": SCALE}


def forecast(
    fitted: twin.Fitted,
    known: Record,
    given: Given | None,
    definition: str,
    horizon: int,
    draws: int,
    seed: int,
) -> dict[str, Floats]:
    """Return pending cases and completions of the coming years, simulated.

    Args:
        fitted: the fit of the twin.
        known: the record, cut at the cut-off.
        given: receipts and judges of the coming years.
        definition: of pending cases.
        horizon: H, years.
        draws: N; at most `RUNS` are simulated.
        seed: of the walks and of the simulated people.

    Returns:
        (R, H) pending at the years' ends and (R, H) completions of the years, cases.

    Raises:
        BacktestError: nothing is given.
    """
    if given is None:
        raise BacktestError('simulated: needs receipts and judges; ask for the variant "given"')
    from asylumatlas.national.columns import STATIC
    from asylumatlas.national.forecast import Forecaster

    runs = min(draws, RUNS)
    past = known.ledgers[definition]
    statics = fitted.found.draws(runs)
    maker = Forecaster(statics, past, seed=seed)
    fan = maker.project(horizon, judges=given.judges, receipts=given.receipts)
    closed = fan["administratively_closed"] / np.maximum(fan["masters_released"], 1.0)
    made = []
    for run, draw in enumerate(maker.kept):
        theta = {name: float(statics[name][draw]) for name in STATIC}
        paths = {name: fan[name][run] for name in PATHS}
        paths["administratively_closed_share"] = np.minimum(closed[run], _rest(theta))
        start = {"start": past.last + 1, "pending": float(past.working[-1])}
        made.append(_simulated({**theta, **paths, **start}, past.last, horizon, seed + run))
    pending, completions = (np.stack(each) for each in zip(*made, strict=True))
    return {"pending": pending + past.inactive[-1], "completions": completions}


def _rest(theta: Mapping[str, float]) -> float:
    """The share of masters of the released that the other outcomes leave."""
    taken = ("master_absent_share", "master_closed_share", "master_set_share")
    return 1.0 - sum(theta[name] for name in taken)


def _simulated(
    theta: Mapping[str, Any], cutoff: int, horizon: int, seed: int
) -> tuple[Floats, Floats]:
    """(H,) pending at the years' ends and (H,) completions of one simulated draw."""
    from asylumatlas.scenario import load_scenario
    from asylumatlas.sim.replication import Worker

    span: dict[str, Any] = {
        "from": datetime.date(cutoff, 10, 1),
        "to": datetime.date(cutoff + horizon, 9, 30),
        "scale": SCALE,
        "draws.table": "none",  # the shipped draws know of years after the cut-off
    }
    scenario = load_scenario(SCENARIO, {**_settings(theta), **span})
    worker = Worker(scenario, seed, 1)
    done, _, _ = worker.run(0)
    names = list(worker.rules.model.measures)
    ends = [
        (datetime.date(cutoff + year, 9, 30) - datetime.date(cutoff, 10, 1)).days
        for year in range(1, horizon + 1)
    ]
    told = {
        name: done.counts.measures[names.index(measure)][ends] / SCALE
        for name, measure in MEASURES.items()
    }
    return told["pending"], np.diff(told["completions"], prepend=0.0)


def _settings(theta: Mapping[str, Any]) -> dict[str, Any]:
    """Overrides of the scenario, dates as dates."""
    from asylumatlas.national.design import scenario_settings

    def dated(entry: Mapping[str, Any]) -> dict[str, Any]:
        return {**entry, "from": datetime.date.fromisoformat(str(entry["from"]))}

    found = scenario_settings(theta)
    return {n: [dated(e) for e in v] if isinstance(v, list) else v for n, v in found.items()}
