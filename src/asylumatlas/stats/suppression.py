"""Cells withheld on request, and with them what would give them away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from asylumatlas.stats.answers.asked import Row
from asylumatlas.stats.estimate.cells import suppress as cells

_SIZES = ("denominator", "started", "cases", "decisions")
_KEPT = ("definition", "log", "flag", "published", "published_source")


def suppress(rows: Sequence[Row], below: int, by: Sequence[str]) -> list[Row]:
    """Return the rows with every number of a small cell withheld.

    The cells of one log and definition are taken to share a total that a reader can ask for, so
    that one withheld cell brings a second with it.

    Args:
        rows: of a table.
        below: cells with fewer cases are withheld.
        by: keys of the groups; they stay.
    """
    if not rows:
        return []
    sizes = np.array([_size(row) for row in rows], np.int64)
    heads = [(row["definition"], row["log"]) for row in rows]
    labels = [heads.index(head) for head in heads]
    found = cells(np.zeros(len(rows)), sizes, below, totals=[labels])
    hidden = np.isnan(found.values)
    keep = {*_KEPT, *by, "after_days", "stage", "meter", "unit", "date"}
    return [
        {name: value if name in keep else None for name, value in row.items()}
        | {"flag": "suppressed"}
        if hide
        else row
        for row, hide in zip(rows, hidden, strict=True)
    ]


def _size(row: Row) -> int:
    """The cases behind a row; a numerator below the limit tells of few people too."""
    for name in _SIZES:
        if row.get(name) is not None:
            least = [row[name]]
            if name == "denominator":
                others = (row["numerator"], row[name] - row["numerator"])
                least += [part for part in others if part > 0]
            return round(float(min(least)))
    return round(float(row["value"] or 0))
