"""Where rows are gone in bulk: years and statuses, and stretches of keys, said in words.

A few rows leave every release. A block that was withheld stands out: within a year and status, or
between two keys, the share of rows that are gone is far above that of the rest of the table.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAMPLE = 200_000  # keys from which the stretches are laid out
MOST_BINS = 2_000
LEAST_ROWS = 20  # rows in a stretch on average, and rows gone that are worth a word
TIMES = 4.0  # the share gone is at least so many times that of the rest of the table
ERRORS = 6.0  # and so many standard errors above it
EDGE = 0.1  # share gone of a stretch beside a block, from which it belongs to the block
MOST = 3  # blocks named for a table and kind


@dataclass(frozen=True)
class Cell:
    """Rows of one year and status: as in the older dataset, added ones as in the newer.

    Attributes:
        year: of the table's `year` column; None if blank, or if the table has none.
        status: of its `status` column; None if blank, or if the table has none.
        added, removed, changed, unchanged: rows.
    """

    year: int | None
    status: str | None
    added: int = 0
    removed: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class Block:
    """Rows that are gone together.

    Attributes:
        kind: "year", "cell" (a year and status) or "keys" (a stretch of the key).
        rows: rows that the older dataset has there.
        removed: of those, rows that the newer one does not have.
        elsewhere: the share that is gone of the table's other rows, 0 to 1.
        year, status: of a year or cell; None is blank.
        first, last: of keys, the first and the last that are gone.
    """

    kind: str
    rows: int
    removed: int
    elsewhere: float
    year: int | None = None
    status: str | None = None
    first: int | None = None
    last: int | None = None


class Bins:
    """Rows and removed rows of the older table, along its key.

    Attributes:
        limits: (n,) int64, ascending: the first key of each bin but the first.
        rows, removed: (n + 1,) int64, rows.
        first, last: (n + 1,) int64, the lowest and highest removed key.
    """

    def __init__(self, limits: NDArray[np.int64]) -> None:
        import numpy as np

        self.limits = limits
        size = len(limits) + 1
        self.rows = np.zeros(size, np.int64)
        self.removed = np.zeros(size, np.int64)
        self.first = np.full(size, np.iinfo(np.int64).max)
        self.last = np.full(size, np.iinfo(np.int64).min)

    def add(self, keys: Any, gone: Any) -> None:
        """Count rows: `keys` integers, `gone` whether the newer table lacks the row."""
        import numpy as np

        keys = np.asarray(keys, np.int64)
        gone = np.asarray(gone, bool)
        place = np.searchsorted(self.limits, keys, side="right")
        self.rows += np.bincount(place, minlength=len(self.rows))
        lost, where = keys[gone], place[gone]
        self.removed += np.bincount(where, minlength=len(self.rows))
        np.minimum.at(self.first, where, lost)
        np.maximum.at(self.last, where, lost)


def limits(keys: Any, rows: int) -> Any:
    """Limits of bins that hold about as many rows each.

    Args:
        keys: a sample of the keys, ascending.
        rows: rows of the whole table.

    Returns:
        (n,) int64; empty for a small table.
    """
    import numpy as np

    wanted = min(MOST_BINS, rows // LEAST_ROWS)
    if wanted < 2 or not len(keys):
        return np.empty(0, np.int64)
    inner = np.arange(1, wanted) * len(keys) // wanted
    return np.unique(np.asarray(keys, np.int64)[inner])


def blocks(cells: Sequence[Cell], bins: Bins | None) -> tuple[Block, ...]:
    """Find what is gone in bulk: years, then years and statuses, then keys; most rows first.

    Args:
        cells: rows by year and status.
        bins: rows along the key; None if there is no single number.
    """
    years = _years(cells)
    found = [*_worst(_standing_out("year", years))]
    if len(cells) > len(years):
        found += _worst(_standing_out("cell", cells))
    return (*found, *_worst(_stretches(bins) if bins is not None else ()))


def _years(cells: Sequence[Cell]) -> list[Cell]:
    """The cells of each year together, whatever their status."""
    sums: dict[int | None, list[int]] = {}
    for cell in cells:
        counts = sums.setdefault(cell.year, [0, 0, 0, 0])
        for place, count in enumerate((cell.added, cell.removed, cell.changed, cell.unchanged)):
            counts[place] += count
    return [Cell(year, None, *counts) for year, counts in sums.items()]


def _worst(found: Iterable[Block]) -> list[Block]:
    return sorted(found, key=lambda block: -block.removed)[:MOST]


def _standing_out(kind: str, cells: Sequence[Cell]) -> Iterable[Block]:
    """Cells in which far more is gone than in the rest."""
    had = [cell.removed + cell.changed + cell.unchanged for cell in cells]
    every, gone = sum(had), sum(cell.removed for cell in cells)
    middle = _middle_share(cells, had)
    for cell, rows in zip(cells, had, strict=True):
        rest = _share(gone - cell.removed, every - rows)
        # Several blocks must not hide each other: the rest, or the middle row's cell if lower.
        if rows < every and _stands_out(cell.removed, rows, min(rest, middle)):
            yield Block(kind, rows, cell.removed, rest, cell.year, cell.status)


def _middle_share(cells: Sequence[Cell], had: Sequence[int]) -> float:
    """The share gone in the cell that holds the middle row, cells in the order of that share."""
    shares = sorted(
        (_share(cell.removed, rows), rows) for cell, rows in zip(cells, had, strict=True)
    )
    seen = 0
    for share, rows in shares:
        seen += rows
        if 2 * seen >= sum(had):
            return share
    return 0.0


def _stretches(bins: Bins) -> Iterable[Block]:
    """Neighbouring bins in which far more is gone than in a usual bin."""
    import numpy as np

    filled = bins.rows > 0
    if filled.sum() < 2:
        return
    # The middle bin, not the mean: a block must not hide itself.
    usual = float(np.median(bins.removed[filled] / bins.rows[filled]))
    shares = bins.removed / np.maximum(bins.rows, 1)
    pairs = zip(bins.removed.tolist(), bins.rows.tolist(), strict=True)
    core = np.array([_stands_out(*pair, usual) for pair in pairs])
    # A block rarely ends where a bin does: the bins it ends in count too.
    beside = np.zeros_like(core)
    beside[1:] |= core[:-1]
    beside[:-1] |= core[1:]
    marked = core | (beside & (shares >= max(TIMES * usual, EDGE)))
    start = None
    for place in range(len(marked) + 1):
        inside = place < len(marked) and marked[place]
        if inside and start is None:
            start = place
        elif not inside and start is not None:
            part = slice(start, place)
            rows, gone = int(bins.rows[part].sum()), int(bins.removed[part].sum())
            rest = _share(int(bins.removed.sum()) - gone, int(bins.rows.sum()) - rows)
            yield Block(
                *("keys", rows, gone, rest),
                first=int(bins.first[part].min()),
                last=int(bins.last[part].max()),
            )
            start = None


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _stands_out(removed: int, rows: int, usual: float) -> bool:
    """Whether far more is gone of some rows than usual."""
    if removed < LEAST_ROWS:
        return False
    error = math.sqrt(max(usual * (1 - usual), 1 / rows) / rows)
    share = removed / rows
    return share >= TIMES * usual and share > usual + ERRORS * error


def sentence(table: str, status: str | None, block: Block, year: str | None = None) -> str:
    """A block in words.

    Args:
        table: name of the table.
        status: name of its status column, if it has one.
        block: the block.
        year: name of the date column that its years are taken from, if it has one.

    Example:
        >>> sentence("tbl_schedule", "ADJ_RSN", Block("keys", 100, 90, 0.001, first=7, last=106))
        'tbl_schedule: 90 of 100 rows around keys 7 to 106 are gone (90 %; elsewhere 0.1 %)'
    """
    if block.kind == "keys":
        where = f"around keys {block.first} to {block.last}"
    else:
        where = f"of {block.year if block.year is not None else 'no year'}"
        where += f" (by {year})" if year else ""
        if status and block.kind == "cell":
            where += f" with {status} {block.status if block.status is not None else '(blank)'}"
    return (
        f"{table}: {block.removed:,} of {block.rows:,} rows {where} are gone "
        f"({percent(_share(block.removed, block.rows))}; elsewhere {percent(block.elsewhere)})"
    )


def percent(share: float) -> str:
    """A share in words.

    Example:
        >>> percent(0.0412), percent(0.00012), percent(0.966), percent(0.0)
        ('4.1 %', '0.012 %', '97 %', '0 %')
    """
    if not share:
        return "0 %"
    if share >= 0.1:
        return f"{100 * share:.0f} %" if share < 0.995 or share == 1 else f"{100 * share:.1f} %"
    return f"{100 * share:.1f} %" if share >= 0.001 else f"{100 * share:.2g} %"
