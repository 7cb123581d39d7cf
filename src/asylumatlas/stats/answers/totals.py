"""What was used up: the meters of a log."""

from __future__ import annotations

from collections.abc import Iterator

from asylumatlas.stats.answers.asked import Asked, Row
from asylumatlas.stats.answers.worlds import figures
from asylumatlas.stats.counts import Counts


def totals(asked: Asked, counts: Counts) -> Iterator[Row]:
    """Yield each meter in its own unit; amounts in different units are never added."""
    keys = (*asked.by, "meter", "unit")
    grid = asked.grid(counts, keys)
    amounts = counts["amount"] * counts["n"]
    for group, found in zip(grid.groups, grid.summed(amounts), strict=True):
        if asked.worlds.many:
            row = figures(found, asked.worlds)
        else:
            row = {"value": float(found[0]), "low95": None, "high95": None}
        yield asked.labels(group, keys) | row | {"flag": ""}
