"""Forecasts that anybody can make without a model, each with an interval from its own errors.

Last value, last change, and the spreadsheet that multiplies judges by completions per judge. The
spread of a baseline is what its own forecasts would have missed by before the cut-off, nothing
later: log(actual / forecast) at the same horizon, as a Student t with that many degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from asylumatlas.backtest.record import DEFINITIONS, Given, Record

__all__ = ["BASELINES", "TARGETS", "baseline", "past_errors", "point"]

Floats = NDArray[np.float64]

TARGETS = ("pending", "completions")
BASELINES = {
    "last_value": "last value carried forward",
    "last_change": "last change again",
    "stock_flow": "spreadsheet stock-flow",
}
RECENT = 3  # years of which the spreadsheet takes the mean
FEWEST = 3  # past errors, below which a horizon borrows from a shorter one
SMALLEST = 1.0  # case; a forecast below it could not be compared in logarithms


def point(
    name: str, known: Record, given: Given | None, definition: str, horizon: int
) -> dict[str, Floats]:
    """Return a baseline's single guess for each of the years after the record's end.

    Args:
        name: of `BASELINES`.
        known: the record, cut at the cut-off.
        given: receipts and judges of the coming years, or None in the variant "blind".
        definition: of pending cases.
        horizon: H, years.

    Returns:
        target -> (H,) cases; "last_change" guesses pending only.
    """
    level = known.level(definition, known.last)
    if name == "last_value":
        values = (level, known.completed(known.last))
        return dict(zip(TARGETS, (np.full(horizon, value) for value in values), strict=True))
    if name == "last_change":
        steps = np.arange(1, horizon + 1)
        return {"pending": np.maximum(level + _last_change(known, definition) * steps, SMALLEST)}
    return _stock_flow(known, given, level, horizon)


def _last_change(known: Record, definition: str) -> float:
    """The last year's change of pending; that of the other definition where one has a gap."""
    for name in (definition, *DEFINITIONS):
        change = known.level(name, known.last) - known.level(name, known.last - 1)
        if np.isfinite(change):
            return change
    return 0.0


def _stock_flow(
    known: Record, given: Given | None, level: float, horizon: int
) -> dict[str, Floats]:
    """The spreadsheet: completions per judge (mean of three years) times judges."""
    each = float(np.mean((known.completions / known.judges)[-RECENT:]))
    judges = given.judges[:horizon] if given else np.full(horizon, known.judges[-1])
    filed = given.receipts[:horizon] if given else np.full(horizon, known.receipts[-RECENT:].mean())
    done = each * judges
    return {"pending": np.maximum(level + np.cumsum(filed - done), SMALLEST), "completions": done}


def past_errors(name: str, known: Record, blind: bool, target: str, horizon: int) -> Floats:
    """Return what a baseline's past forecasts missed by, one for each cut-off before the record's.

    Args:
        name: of `BASELINES`.
        known: the record, cut at the cut-off: only forecasts whose target lies in it count.
        blind: whether the past forecasts were told receipts and judges.
        target: "pending" or "completions".
        horizon: years between cut-off and target.

    Returns:
        (n,) log(actual / forecast).
    """
    errors = []
    for cutoff in range(int(known.years[0]), known.last - horizon + 1):
        definition = known.definition(cutoff, cutoff + horizon)
        if target == "pending" and definition is None:
            continue
        given = None if blind else known.given(cutoff, horizon)
        guess = point(name, known.until(cutoff), given, definition or DEFINITIONS[0], horizon)
        actual = _actual(known, target, definition, cutoff + horizon)
        errors.append(np.log(actual / guess[target][-1]))
    return np.array(errors, dtype=np.float64)


def _actual(known: Record, target: str, definition: str | None, year: int) -> float:
    """What came in a year that the record holds."""
    if target == "completions" or definition is None:
        return known.completed(year)
    return known.level(definition, year)


def baseline(
    name: str,
    known: Record,
    given: Given | None,
    definition: str,
    horizon: int,
    draws: int,
    seed: int,
) -> Mapping[str, Floats]:
    """Return a baseline's forecast with its interval, as draws.

    A horizon with fewer than three past errors borrows those of the longest shorter one that has
    three, times the ratio of the horizons. Without any such horizon the forecast has no spread.

    Args:
        name: of `BASELINES`.
        known: the record, cut at the cut-off.
        given: receipts and judges of the coming years, or None in the variant "blind".
        definition: of pending cases.
        horizon: H, years.
        draws: N.
        seed: of the Student t draws; the same for each target and horizon.

    Returns:
        target -> (N, H) cases.
    """
    guess = point(name, known, given, definition, horizon)
    made = {}
    for target, centre in guess.items():
        columns = []
        for ahead in range(1, horizon + 1):
            spread, freedom = _spread(name, known, given is None, target, ahead)
            luck = np.random.default_rng([seed, ahead]).standard_t(max(freedom, 1), draws)
            # Symmetric draws keep the median at the guess itself.
            luck = np.concatenate([luck[: draws // 2], -luck[: draws - draws // 2]])
            columns.append(centre[ahead - 1] * np.exp(np.clip(spread * luck, -20.0, 20.0)))
        made[target] = np.stack(columns, axis=1)
    return made


def _spread(name: str, known: Record, blind: bool, target: str, horizon: int) -> tuple[float, int]:
    """Root mean square of the past errors, and how many there are."""
    for ahead in range(horizon, 0, -1):
        errors = past_errors(name, known, blind, target, ahead)
        if len(errors) >= FEWEST:
            return float(np.sqrt(np.mean(errors**2))) * horizon / ahead, len(errors)
    return 0.0, 0
