"""A forecast without any court in it: the yearly ledger as random walks.

The plainest model with honest spread, and the yardstick for what the court model adds: log
completions per judge, log receipts and log judges walk at random, and the residual of the ledger
varies about its mean. Each spread is drawn from the posterior of its past steps under a weak prior.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.backtest.record import DEFINITIONS, Given, Record

__all__ = ["PRIORS", "fit", "forecast", "residuals"]

Floats = NDArray[np.float64]

# Yearly spread before any data, and how many past years that is worth. Chosen from the years to
# FY2012: completions per judge moved by 5 to 15 % a year, receipts by 10 to 15, judges by 5, the
# residual by about 5 % of the stock.
PRIORS = {
    "per_judge": (0.10, 4.0),
    "receipts": (0.15, 4.0),
    "judges": (0.06, 4.0),
    "residual": (0.05, 4.0),
}


def fit(known: Record, steps: int, seed: int) -> tuple[None, Mapping[str, Any]]:
    """Learn nothing beforehand: each forecast reads the record itself."""
    return None, {"forecast_by": "walk", "years": len(known.years)}


def forecast(
    fitted: None,
    known: Record,
    given: Given | None,
    definition: str,
    horizon: int,
    draws: int,
    seed: int,
) -> dict[str, Floats]:
    """Return the ledger of the coming years.

    Args:
        fitted: nothing.
        known: the record, cut at the cut-off.
        given: receipts and judges of the coming years, or None.
        definition: of pending cases.
        horizon: H, years.
        draws: N.
        seed: of the draws.

    Returns:
        (N, H) pending at the years' ends, receipts, completions, residual (cases) and judges.
    """
    luck = np.random.default_rng([seed, 7])
    shape = (draws, horizon)
    each = _walk(np.log(known.completions / known.judges), "per_judge", shape, luck)
    filed = _walk(np.log(known.receipts), "receipts", shape, luck)
    judges = _walk(np.log(known.judges), "judges", shape, luck)
    share = residuals(known)
    left = share.mean() if len(share) else 0.0
    spread = _spread(share - left, "residual", draws, luck)[:, None]
    rest = left + spread * luck.standard_normal(shape)
    if given is not None:
        filed = np.broadcast_to(given.receipts[:horizon], shape)
        judges = np.broadcast_to(given.judges[:horizon], shape)
    done = each * judges
    level = np.full(draws, known.level(definition, known.last))
    pending, residual = np.empty(shape), np.empty(shape)
    for year in range(horizon):
        stock = level + filed[:, year]
        done[:, year] = np.minimum(done[:, year], stock)
        residual[:, year] = np.maximum(level * rest[:, year], 1.0 - stock + done[:, year])
        level = stock - done[:, year] + residual[:, year]
        pending[:, year] = level
    return {
        "pending": pending,
        "receipts": np.array(filed),
        "completions": done,
        "judges": np.array(judges),
        "residual": residual,
    }


def residuals(known: Record) -> Floats:
    """Return what the ledger does not explain, year by year, as a part of the year's first stock.

    Published change of the stock less receipts plus completions, of the first definition that
    holds both ends of the year.

    Returns:
        (n,) years that can be said.
    """
    found = []
    for year in range(int(known.years[0]) + 1, known.last + 1):
        for name in DEFINITIONS:
            start, end = known.level(name, year - 1), known.level(name, year)
            if np.isfinite([start, end]).all():
                place = known.place(year)
                flow = known.receipts[place] - known.completions[place]
                found.append((end - start - flow) / start)
                break
    return np.array(found, dtype=np.float64)


def _walk(logs: Floats, name: str, shape: tuple[int, int], luck: np.random.Generator) -> Floats:
    """Random walks from the last value on, without drift."""
    steps = np.diff(logs)
    spread = _spread(steps, name, shape[0], luck)[:, None]
    paths: Floats = np.exp(logs[-1] + np.cumsum(spread * luck.standard_normal(shape), axis=1))
    return paths


def _spread(steps: Floats, name: str, draws: int, luck: np.random.Generator) -> Floats:
    """Draws of a spread: scaled inverse chi-square, the prior's years added to the data's."""
    centre, weight = PRIORS[name]
    freedom = weight + len(steps)
    total = weight * centre**2 + float(np.sum(steps**2))
    spread: Floats = np.sqrt(total / luck.chisquare(freedom, draws))
    return spread
