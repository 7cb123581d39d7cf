"""Numbers of things, and shares of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from asylumatlas.stats.answers.asked import Asked, Row
from asylumatlas.stats.answers.worlds import figures, real
from asylumatlas.stats.counts import Counts
from asylumatlas.stats.estimate.shares import share, wilson


def numbers(asked: Asked, counts: Counts) -> Iterator[Row]:
    """Yield how many there were: counted one by one, so without an interval in a single world."""
    grid = asked.grid(counts)
    for group, found in zip(grid.groups, grid.summed(counts["n"]), strict=True):
        if asked.worlds.many:
            row = figures(found.astype(np.float64), asked.worlds)
        else:
            row = {"value": int(found[0]), "low95": None, "high95": None}
        yield asked.labels(group) | row | {"flag": asked.flag(group, row["value"])}


def shares(asked: Asked, counts: Counts) -> Iterator[Row]:
    """Yield shares: Wilson's interval in a single world, bands over several."""
    grid = asked.grid(counts)
    part = grid.summed(counts["numerator"])
    whole = grid.summed(counts["denominator"])
    values = share(part, whole)
    low, high = wilson(part[:, 0], whole[:, 0])
    for k, group in enumerate(grid.groups):
        sizes = {"numerator": middle(part[k]), "denominator": middle(whole[k])}
        if asked.worlds.many:
            row = figures(values[k], asked.worlds)
        else:
            ends = (None, None) if asked.worlds.pooled else (real(low[k]), real(high[k]))
            row = {"value": real(values[k, 0]), "low95": ends[0], "high95": ends[1]}
        flag = {"flag": asked.flag(group, sizes["denominator"])}
        yield asked.labels(group) | sizes | row | flag


def middle(found: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> int:
    """The number of a single world as it is, the median of several: one that occurs."""
    return int(np.sort(found)[(len(found) - 1) // 2])
