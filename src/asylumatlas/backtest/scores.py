"""How good a forecast was: error, interval coverage, interval score and CRPS, from its draws.

Sources: Gneiting and Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation", JASA 102
(2007), equations 20 (CRPS) and 43 (interval score).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Score", "crps", "grouped", "interval_score", "score", "skill", "summary"]

Floats = NDArray[np.float64]
LEVELS = {80: (0.10, 0.90), 95: (0.025, 0.975)}
WIDE = (
    *("wide_low80", "wide_high80", "wide_low95", "wide_high95"),
    *("wide_inside80", "wide_inside95", "wide_interval_score80"),
)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Score:
    """One forecast of one number, beside what came.

    Attributes:
        variant: "given" (told receipts and judges) or "blind".
        target: "pending" or "completions".
        definition: of pending; of the ledger's window for completions.
        method: "model" or a baseline.
        cutoff: the last fiscal year that was known.
        horizon: years after it.
        year: the fiscal year forecast.
        actual: cases, as published.
        median, low80, high80, low95, high95: of the forecast, cases.
        error: median less actual, cases.
        relative_error: the same as a part of actual.
        inside80, inside95: whether the interval held what came.
        interval_score80, interval_score95, crps: cases; smaller is better.
        rank: share of the draws below what came.
        widening: what past misses multiply the spread by, on the log scale; 1: nothing.
        wide_crps: of the draws so widened, cases.
    """

    variant: str
    target: str
    definition: str
    method: str
    cutoff: int
    horizon: int
    year: int
    actual: float
    median: float
    low80: float
    high80: float
    low95: float
    high95: float
    error: float
    relative_error: float
    inside80: bool
    inside95: bool
    interval_score80: float
    interval_score95: float
    crps: float
    rank: float
    widening: float = 1.0
    wide_crps: float = float("nan")

    def row(self) -> Row:
        """The score as plain data, the widened intervals after the raw ones."""
        return asdict(self) | {name: getattr(self, name) for name in WIDE}

    def _wide(self, end: float) -> float:
        """An end of an interval, moved away from the median."""
        if self.widening == 1.0:
            return end
        return float(self.median * (end / self.median) ** self.widening)

    @property
    def wide_low80(self) -> float:
        """Lower end of the widened 80 % interval."""
        return self._wide(self.low80)

    @property
    def wide_high80(self) -> float:
        """Upper end of the widened 80 % interval."""
        return self._wide(self.high80)

    @property
    def wide_low95(self) -> float:
        """Lower end of the widened 95 % interval."""
        return self._wide(self.low95)

    @property
    def wide_high95(self) -> float:
        """Upper end of the widened 95 % interval."""
        return self._wide(self.high95)

    @property
    def wide_inside80(self) -> bool:
        """Whether the widened 80 % interval held what came."""
        return self.wide_low80 <= self.actual <= self.wide_high80

    @property
    def wide_inside95(self) -> bool:
        """Whether the widened 95 % interval held what came."""
        return self.wide_low95 <= self.actual <= self.wide_high95

    @property
    def wide_interval_score80(self) -> float:
        """Interval score of the widened 80 % interval, cases."""
        return interval_score(self.wide_low80, self.wide_high80, self.actual, 80)


def crps(draws: Floats, actual: float) -> float:
    """Return the continuous ranked probability score of a sample, in the unit of the draws.

    Args:
        draws: (N,) of the forecast.
        actual: what came.

    Example:
        >>> crps(np.array([3.0]), 5.0)  # one draw: the absolute error
        2.0
        >>> crps(np.array([0.0, 2.0]), 1.0)
        0.5
    """
    ordered = np.sort(draws)
    count = len(ordered)
    # Mean distance between two draws, from the order statistics: no N x N table.
    weights = 2 * np.arange(1, count + 1) - count - 1
    apart = 2 * float(weights @ ordered) / count**2
    return float(np.mean(np.abs(ordered - actual)) - apart / 2)


def interval_score(low: float, high: float, actual: float, level: int) -> float:
    """Return width plus penalty of a central interval, in its unit.

    Args:
        low: its lower end.
        high: its upper end.
        actual: what came.
        level: per cent the interval claims to hold.

    Example:
        >>> interval_score(10, 20, 15, 80), interval_score(10, 20, 22, 80)
        (10.0, 30.0)
    """
    missed = 1 - level / 100
    below, above = max(low - actual, 0.0), max(actual - high, 0.0)
    return float(round(high - low + 2 / missed * (below + above), 9))


def score(draws: Floats, actual: float, widening: float = 1.0, **key: Any) -> Score:
    """Score the draws of one forecast.

    Args:
        draws: (N,) cases.
        actual: cases.
        widening: what past misses multiply the spread by, on the log scale.
        key: variant, target, definition, method, cutoff, horizon, year.
    """
    low95, low80, median, high80, high95 = np.quantile(draws, [0.025, 0.1, 0.5, 0.9, 0.975])
    return Score(
        **key,
        actual=float(actual),
        median=float(median),
        low80=float(low80),
        high80=float(high80),
        low95=float(low95),
        high95=float(high95),
        error=float(median - actual),
        relative_error=float(median / actual - 1),
        inside80=bool(low80 <= actual <= high80),
        inside95=bool(low95 <= actual <= high95),
        interval_score80=interval_score(low80, high80, actual, 80),
        interval_score95=interval_score(low95, high95, actual, 95),
        crps=(raw := crps(draws, actual)),
        rank=float(np.mean(draws < actual)),
        widening=widening,
        wide_crps=raw if widening == 1.0 else crps(_widened(draws, median, widening), actual),
    )


def _widened(draws: Floats, median: float, widening: float) -> Floats:
    """Draws moved away from their median on the log scale; none below 0."""
    found: Floats = median * (np.maximum(draws, 0.0) / median) ** widening
    return found


def grouped(scores: Iterable[Score], by: Sequence[str]) -> dict[tuple[Any, ...], list[Score]]:
    """Return the scores by the values of these attributes, in the order of first sight."""
    groups: dict[tuple[Any, ...], list[Score]] = {}
    for each in scores:
        groups.setdefault(tuple(getattr(each, name) for name in by), []).append(each)
    return groups


def summary(scores: Sequence[Score]) -> Row:
    """Return the mean scores of some forecasts; relative ones weigh each year alike.

    Returns:
        n; mean_absolute_error (cases); mean_absolute_relative_error, bias (mean relative error),
        coverage80, coverage95, relative_interval_score80, relative_interval_score95,
        relative_crps (parts of what came); widening (mean factor) and, of the widened intervals,
        wide_coverage80, wide_coverage95, wide_relative_interval_score80, wide_relative_crps.
    """
    actual = np.array([each.actual for each in scores])

    def mean(name: str, relative: bool = False) -> float:
        values = np.array([getattr(each, name) for each in scores], dtype=np.float64)
        return float(np.mean(values / actual if relative else values))

    return {
        "n": len(scores),
        "mean_absolute_error": float(np.mean([abs(each.error) for each in scores])),
        "mean_absolute_relative_error": float(np.mean([abs(e.relative_error) for e in scores])),
        "bias": mean("relative_error"),
        "coverage80": mean("inside80"),
        "coverage95": mean("inside95"),
        "relative_interval_score80": mean("interval_score80", True),
        "relative_interval_score95": mean("interval_score95", True),
        "relative_crps": mean("crps", True),
        "widening": mean("widening"),
        "wide_coverage80": mean("wide_inside80"),
        "wide_coverage95": mean("wide_inside95"),
        "wide_relative_interval_score80": mean("wide_interval_score80", True),
        "wide_relative_crps": mean("wide_crps", True),
    }


def skill(model: Sequence[Score], other: Sequence[Score]) -> Row:
    """Return 1 - error of the model / error of another method, over the forecasts both made.

    Returns:
        n; skill (of the mean absolute relative error), crps_skill; NaN where they share nothing.
        Above 0 the model is better.
    """
    known = {_key(each): each for each in other}
    pairs = [(each, known[_key(each)]) for each in model if _key(each) in known]
    if not pairs:
        return {"n": 0, "skill": float("nan"), "crps_skill": float("nan")}
    mine, theirs = summary([a for a, _ in pairs]), summary([b for _, b in pairs])
    return {
        "n": len(pairs),
        "skill": _gain(mine, theirs, "mean_absolute_relative_error"),
        "crps_skill": _gain(mine, theirs, "relative_crps"),
    }


def _gain(mine: Row, theirs: Row, name: str) -> float:
    return 1 - mine[name] / theirs[name] if theirs[name] > 0 else float("nan")


def _key(each: Score) -> tuple[Any, ...]:
    return (each.variant, each.target, each.definition, each.cutoff, each.horizon)
