"""Intervals that learn from their own misses, without hindsight.

At each cut-off the model's earlier forecasts whose target year is over by then say how wide its
intervals should have been: by the factor that would have let its 80 % intervals hold 80 % of what
came (adaptive conformal prediction; Gibbs and Candes, NeurIPS 2021). A few misses say little, so
the factor is shrunk towards 1 as if `WEIGHT` more forecasts had said so. Medians stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from asylumatlas.backtest.question import MODEL, WALK
from asylumatlas.backtest.scores import Score

__all__ = ["LEARN_FROM", "WEIGHT", "Misses", "factor"]

LEARN_FROM = 2010  # first cut-off with three years of ledger before it
WEIGHT = 4.0  # misses that the model's own claim is worth
LEVEL = 0.80
LEARNING = (MODEL, WALK)  # the others' intervals are made of their past errors from the start
_FARTHEST = 1e6  # half-widths, where an interval has no width
Key = tuple[str, str, str, int]  # method, variant, target, years ahead


@dataclass
class Misses:
    """What forecasts missed by, each from the end of its target year on.

    Attributes:
        found: (method, variant, target, years ahead) -> (target year, miss in half-widths).
    """

    found: dict[Key, list[tuple[int, float]]] = field(default_factory=dict)

    def learn(self, scores: Iterable[Score]) -> None:
        """Take in scored forecasts; they count only where their target year is over."""
        for each in scores:
            if each.method in LEARNING:
                key = (each.method, each.variant, each.target, each.horizon)
                self.found.setdefault(key, []).append((each.year, miss(each)))

    def known(self, key: Key, cutoff: int) -> list[float]:
        """Return the misses known at the end of a fiscal year."""
        return [size for year, size in self.found.get(key, []) if year <= cutoff]

    def factor(self, key: Key, cutoff: int) -> float:
        """Return by how much to multiply the spread of a forecast made at a cut-off."""
        return factor(self.known(key, cutoff))

    def table(self, cutoff: int) -> list[dict[str, Any]]:
        """Return the model's factors at a cut-off, with the number of misses behind each."""
        return [
            {
                "variant": key[1],
                "target": key[2],
                "horizon": key[3],
                "misses": len(self.known(key, cutoff)),
                "factor": self.factor(key, cutoff),
            }
            for key in self.found
            if key[0] == MODEL
        ]


def miss(score: Score) -> float:
    """Return how far what came lay from the median, in half-widths of the 80 % interval.

    Both on the log scale, and the half on the side of what came: 1 is the interval's end.
    """
    end = score.high80 if score.actual > score.median else score.low80
    width = abs(math.log(end / score.median))
    apart = abs(math.log(score.actual / score.median))
    return min(apart / width, _FARTHEST) if width > 0 else _FARTHEST * (apart > 0)


def factor(misses: Sequence[float], weight: float = WEIGHT) -> float:
    """Return by how much a spread must be multiplied, 1 or more.

    The factor that would have let the intervals hold 80 % of what came: of n misses the one in
    place 0.8 (n + 1), rounded up, from the smallest: the largest of eight or fewer. Its logarithm
    counts n / (n + weight). Hits never make an interval narrower: a few that overlap do not show
    that it is too wide.

    Args:
        misses: of past forecasts, in half-widths of their 80 % intervals.
        weight: how many misses the model's own claim, a factor of 1, is worth.

    Example:
        >>> factor([]), factor([0.2, 0.5, 0.9])
        (1.0, 1.0)
        >>> round(factor([3.0]), 2), round(factor([3.0, 0.5, 3.0, 3.0]), 2)  # 3**(1/5), 3**(4/8)
        (1.25, 1.73)
    """
    if not misses:
        return 1.0
    count = len(misses)
    place = min(math.ceil(LEVEL * (count + 1)), count)
    wanted = max(sorted(misses)[place - 1], 1.0)
    return float(wanted ** (count / (count + weight)))
