"""How many were inside on a day."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from asylumatlas.stats.answers.asked import Asked, Row
from asylumatlas.stats.answers.grid import Group, lay_out
from asylumatlas.stats.answers.shares import numbers
from asylumatlas.stats.answers.worlds import figures
from asylumatlas.stats.counts import Counts
from asylumatlas.stats.periods import Period


def stocks(asked: Asked, counts: Counts) -> Iterator[Row]:
    """Yield the number inside at the end of each period asked for, or on the last day.

    Counts by time say who came and who went in each period from the first on; who came up to a
    period less who went up to it is who is inside at its end. Of days before a log that begins
    with cases already open nothing is known, so they have no row.
    """
    if asked.blind:
        return
    unit = asked.question.time
    if unit is None:
        for row in numbers(asked, counts):
            flag = row.pop("flag")
            yield {**row, "date": asked.last, "flag": flag}
        return
    ends = list(_ends(asked, unit, counts))
    others = tuple(name for name in asked.by if name != unit)
    rows = [
        _row(asked, others, group, end, found[:, t])
        for group, found in _inside(asked, counts, others, ends)
        for t, end in enumerate(ends)
    ]
    if asked.by[0] == unit:  # the period first, as asked
        rows = [row for t in range(len(ends)) for row in rows[t :: len(ends)]]
    yield from rows


def _inside(
    asked: Asked, counts: Counts, others: tuple[str, ...], ends: list[Period]
) -> Iterator[tuple[Group, NDArray[np.int64]]]:
    """Yield each group with (R, ends) the number inside at the end of each period."""
    if not ends:
        return
    grid = lay_out(counts, others, asked.worlds.numbers)
    place = np.clip(counts[ends[0].unit] - ends[0].number, 0, len(ends))
    total = np.zeros((grid.cells, len(ends) + 1), np.int64)
    np.add.at(total, (grid.cell, place), counts["change"] * counts["n"])
    inside = grid.shaped(np.cumsum(total, axis=1)[:, : len(ends)])
    yield from zip(grid.groups, inside, strict=True)


def _ends(asked: Asked, unit: str, counts: Counts) -> Iterator[Period]:
    """Yield the periods whose ends are asked for, up to the one that holds the last day."""
    if not len(counts):
        return
    start = asked.question.start
    first = Period.holding(unit, start) if start else Period(unit, int(counts[unit].min()))
    ends = first.until(Period.holding(unit, asked.last))
    yield from (
        end for end in ends if not asked.begins or min(end.last, asked.last) >= asked.begins
    )


def _row(
    asked: Asked, others: tuple[str, ...], group: Group, end: Period, found: NDArray[np.int64]
) -> Row:
    if asked.worlds.many:
        row = figures(found.astype(np.float64), asked.worlds)
    else:
        row = {"value": int(found[0]), "low95": None, "high95": None}
    words = asked.labels(group, others) | {end.unit: end.label}
    marks = ["small"] if row["value"] < asked.question.small else []
    marks += ["partial"] if end.partial(None, asked.last) else []
    day = {"date": min(end.last, asked.last), "flag": ", ".join(marks)}
    return {key: words[key] for key in asked.by} | row | day
