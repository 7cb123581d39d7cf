"""Forecasts by the fitted court model: calibrated on the ledger to the cut-off, then walked on.

The static parameters are fitted to what had been published by the cut-off; each draw's productivity
is solved year by year; productivity, residual, and in the variant "blind" receipts and judges walk
on at random under priors stated in `asylumatlas.national.forecast.Prior`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.backtest.record import Given, Record

if TYPE_CHECKING:
    from asylumatlas.calibrate import Discrepancy, Fit
    from asylumatlas.national.forecast import Forecaster
    from asylumatlas.national.ledger import Ledger
    from asylumatlas.national.problem import NationalProblem

__all__ = ["Fitted", "fit", "forecast", "problem"]

Floats = NDArray[np.float64]
COLUMNS = ("pending", "receipts", "completions", "judges", "residual")
ENSEMBLES = 2


@dataclass
class Fitted:
    """A fit, and the forecasters made from it so far: one serves both variants.

    Attributes:
        found: the fit.
        ready: (definition, draws, seed) -> forecaster.
    """

    found: Fit
    ready: dict[tuple[str, int, int], Forecaster] = field(default_factory=dict)


def fit(known: Record, steps: int, seed: int) -> tuple[Fitted, Mapping[str, Any]]:
    """Fit the static parameters to what was known at the record's end.

    Args:
        known: the record, cut at the cut-off.
        steps: of each chain.
        seed: of the chains.

    Returns:
        the fit, and what to report of it.
    """
    from asylumatlas import calibrate

    asked = problem(known)
    found = calibrate.fit(asked, seed=seed, steps=steps, ensembles=ENSEMBLES)
    report = {
        "forecast_by": "twin",
        "converged": found.converged,
        "steps": found.steps,
        "greatest_r_hat": float(np.max(found.r_hat)),
        "least_effective_draws": float(np.min(found.effective)),
        "accepted": found.accepted,
        "targets": int(np.sum(~np.asarray(found.targets.held, dtype=bool))),
        "discrepancy": asked.discrepancy is not None,
        "warnings": list(found.warnings),
    }
    return Fitted(found), report


def problem(known: Record) -> NationalProblem:
    """Return what is fitted: the national problem of the record's ledger, and nothing later.

    What the twin gets wrong against the simulation is part of it, learnt from runs of the
    simulation over the problem's own years. In a made-up world, figures published of its made-up
    years are left out: they speak of others.
    """
    from asylumatlas.national.problem import KINDS, national_problem

    past = _ledger(known)
    asked = national_problem(past, known.last)
    if known.made_up_after is None:
        return replace(asked, discrepancy=_wrong(asked))
    latest = past.at(known.made_up_after)
    rows = tuple(row for row in asked.rows if row.kind not in KINDS or row.last <= latest)
    asked = replace(asked, rows=rows)
    return replace(asked, discrepancy=_wrong(asked))


def _wrong(asked: NationalProblem) -> Discrepancy | None:
    """What the twin gets wrong; None where no runs are shipped.

    Later years are cut away before anything is learnt. A year that was never simulated is taken
    as the last one that was.
    """
    from asylumatlas.national import training

    runs = training.shipped()
    if runs is None:
        return None
    years = np.arange(runs.years[0], asked.past.last + 1)
    columns = np.minimum(years - runs.years[0], len(runs.years) - 1)
    done, absent, decided = (each[:, columns] for each in (runs.done, runs.absent, runs.decided))
    cut = replace(runs, years=years, done=done, absent=absent, decided=decided)
    return cut.discrepancy(asked)


def _ledger(known: Record) -> Ledger:
    """The ledger that reaches the record's end; active cases where both do."""
    return next(ledger for ledger in known.ledgers.values() if ledger.last == known.last)


def forecast(
    fitted: Fitted,
    known: Record,
    given: Given | None,
    definition: str,
    horizon: int,
    draws: int,
    seed: int,
) -> dict[str, Floats]:
    """Return the ledger of the coming years.

    Args:
        fitted: the fit.
        known: the record, cut at the cut-off.
        given: receipts and judges of the coming years, or None.
        definition: of pending cases.
        horizon: H, years.
        draws: N.
        seed: of the walks.

    Returns:
        (N, H) pending at the years' ends, receipts, completions, residual (cases) and judges.
    """
    from asylumatlas.national.forecast import Forecaster

    key = (definition, draws, seed)
    if key not in fitted.ready:
        past = known.ledgers[definition]
        fitted.ready[key] = Forecaster(fitted.found.draws(draws), past, seed=seed)
    told: dict[str, Any] = {}
    if given is not None:
        told = {"judges": given.judges[:horizon], "receipts": given.receipts[:horizon]}
    fan = fitted.ready[key].project(horizon, **told)
    return {name: fan[name] for name in COLUMNS}
