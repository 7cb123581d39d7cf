"""Cells withheld on request, and with them what would give them away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.stats.answers.asked import Row
from asylumatlas.stats.estimate.cells import suppress as cells

_SIZES = ("denominator", "started", "cases", "decisions")
_WORDS = ("definition", "log", "after_days", "stage", "meter", "unit", "date")
_KEPT = (*_WORDS, "flag", "published", "published_source")
_COMPARED = ("difference", "difference_low95", "difference_high95", "paired")

Flags = NDArray[np.bool_]


def suppress(rows: Sequence[Row], below: int, by: Sequence[str]) -> list[Row]:
    """Return the rows with every number of a small cell withheld.

    The cells of one log and definition are taken to share totals that a reader can ask for: the
    whole, and with two keys each value of either. So one withheld cell brings others with it. A
    difference from a withheld cell goes too. Meters count no people and stay.

    Args:
        rows: of a table.
        below: cells with fewer cases are withheld.
        by: keys of the groups; they stay.
    """
    if not rows or "meter" in rows[0]:
        return list(rows)
    hidden = _groups(rows, below, by)
    if "after_days" in rows[0]:
        hidden = hidden | _stages(rows, below, by, hidden)
    names = [name for name in ("definition", *by, *_WORDS[2:]) if name in rows[0]]
    gone = {
        tuple(row[name] for name in names) for row, hide in zip(rows, hidden, strict=True) if hide
    }
    found = []
    for row, hide in zip(rows, hidden, strict=True):
        if hide:
            found.append(_withheld(row, {*_KEPT, *by}))
        elif tuple(row[name] for name in names) in gone and "difference" in row:
            found.append(row | dict.fromkeys(_COMPARED))
        else:
            found.append(row)
    return found


def shown(curves: Sequence[Row], rows: Sequence[Row], by: Sequence[str]) -> Iterator[Row]:
    """Yield the points of curves whose group is not withheld.

    Args:
        curves: of all groups.
        rows: of the table, cells withheld.
        by: keys of the groups.
    """
    gone = {_group(row, by) for row in rows if row["flag"] == "suppressed"}
    yield from (point for point in curves if _group(point, by) not in gone)


def _withheld(row: Row, kept: set[str]) -> Row:
    return {name: value if name in kept else None for name, value in row.items()} | {
        "flag": "suppressed"
    }


def _group(row: Row, by: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("definition", "log", *by))


def _groups(rows: Sequence[Row], below: int, by: Sequence[str]) -> Flags:
    """(n,) whether the whole group of a row is withheld."""
    groups = [_group(row, by) for row in rows]
    first = {group: row for group, row in zip(reversed(groups), reversed(rows), strict=True)}
    known = list(first)
    sizes = np.array([_size(first[group]) for group in known], np.int64)
    heads = [group[:2] for group in known]
    totals = [_numbered(heads)]
    if len(by) > 1:
        totals += [_numbered([(*g[:2], g[2 + k]) for g in known]) for k in range(len(by))]
    found = cells(np.zeros(len(known)), sizes, below, totals=totals).withheld
    hidden = dict(zip(known, found.tolist(), strict=True))
    return np.array([hidden[group] for group in groups], np.bool_)


def _stages(rows: Sequence[Row], below: int, by: Sequence[str], hidden: Flags) -> Flags:
    """(n,) whether few people are in a stage on a day; a day's stages add up to all."""
    sizes = [
        0 if hide or row["value"] is None else round(row["value"] * row["cases"])
        for row, hide in zip(rows, hidden, strict=True)
    ]
    days = _numbered([(*_group(row, by), row["after_days"]) for row in rows])
    return cells(np.zeros(len(rows)), np.array(sizes, np.int64), below, totals=[days]).withheld


def _numbered(labels: Sequence[Any]) -> list[int]:
    """Numbers for labels, equal for equal ones."""
    known: dict[Any, int] = {}
    return [known.setdefault(label, len(known)) for label in labels]


def _size(row: Row) -> int:
    """The cases behind a row; a part of them below the limit tells of few people too."""
    for name in _SIZES:
        if row.get(name) is not None:
            parts = [row[name]]
            if name == "denominator":
                parts += [row["numerator"], row[name] - row["numerator"]]
            if name == "started":
                parts += [row[part] for part in ("ended", "ended_otherwise", "open")]
            return round(float(min((part for part in parts if part > 0), default=0)))
    return round(float(row["value"] or 0))
