"""Columns of numbers as the bytes of a release's files: fields between tabs, CRLF after a line.

A table is a `Sheet`: for each column a `Field` of whole numbers and how they are written. One
compiled loop writes row after row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from asylumatlas.records.registry import Table

Numbers = NDArray[np.int32]
BLANK = -(2**31)  # a value that is not there, in every kind but codes, where it is any below 0
EMPTY, CODE, WHOLE, DAY, MOMENT, CLOCK, MONEY, MONTH = range(8)
MOST = (0, 0, 11, 23, 23, 4, 10, 7)  # bytes that a value of each kind takes at most
BLOCK = 1 << 15  # rows written at a time
_FIRST_DAY, _LAST_DAY = -25567, 47481  # 1900-01-01 and 2099-12-31, days since 1970-01-01


class WireError(ValueError):
    """A value that its column cannot write, in one line that names table and column."""


@dataclass(frozen=True)
class Field:
    """The values of a column.

    Attributes:
        kind: how they are written: CODE an index into `words`, WHOLE a number as it is, DAY days
            since 1970-01-01, MOMENT seconds since then, CLOCK minutes after midnight, MONEY
            dollars, MONTH any day of the month.
        values: whole numbers that fit 32 bits, (rows,); `BLANK` for none.
        words: what codes stand for, as bytes.
    """

    kind: int
    values: NDArray[Any]
    words: Sequence[bytes] = ()


def code(values: NDArray[Any], words: Sequence[str | bytes], width: int = 0) -> Field:
    """A column of words; values below 0 are blank. `width` pads with blanks, as char(n) does."""
    plain = [w.encode("cp1252") if isinstance(w, str) else w for w in words]
    return Field(CODE, values, [w.ljust(width) for w in plain])


def same(rows: int, word: str) -> Field:
    """A column that says the same in every row."""
    return code(np.zeros(rows, np.int32), [word])


def whole(values: NDArray[Any]) -> Field:
    """A column of whole numbers."""
    return Field(WHOLE, values)


def day(values: NDArray[Any]) -> Field:
    """A column of days, written at midnight."""
    return Field(DAY, values)


def moment(values: NDArray[Any]) -> Field:
    """A column of days with a time."""
    return Field(MOMENT, values)


def clock(values: NDArray[Any]) -> Field:
    """A column of times of day."""
    return Field(CLOCK, values)


def header(table: Table) -> bytes:
    r"""The first line of a table's file, with its line end.

    Example:
        >>> from asylumatlas.records.registry import tables
        >>> header(tables()["tblAppeal2"])
        b'idnAppeal\tidncase\tidnProceeding\r\n'
    """
    return "\t".join(c.name for c in table.columns).encode() + b"\r\n"


def written(table: Table, sheet: Mapping[str, Field]) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """Return the lines of a table's rows, and where each begins.

    Args:
        table: the table; its columns are written in order, those that `sheet` lacks blank.
        sheet: the columns, all of one length.

    Returns:
        The bytes, (bytes,) uint8, and the places where lines begin with the end of the last,
        (rows + 1,) int64.

    Raises:
        WireError: a column that the table does not have, of another length or out of range.
    """
    rows = _rows(table, sheet)
    fields = [sheet.get(column.name) for column in table.columns]
    kinds = np.array([f.kind if f else EMPTY for f in fields], np.int64)
    slots = np.cumsum(kinds != EMPTY) - 1
    words, starts, firsts = _words(fields)
    most = sum(MOST[f.kind] if f.kind != CODE else _longest(f) for f in fields if f)
    most += len(fields) + 1
    pieces, ends = [], [np.zeros(1, np.int64)]
    base = 0
    for low in range(0, rows, BLOCK):
        high = min(low + BLOCK, rows)
        used = [f for f in fields if f]
        values = np.empty((len(used), high - low), np.int32)
        for slot, entry in enumerate(used):
            values[slot] = entry.values[low:high]
        out = np.empty(most * (high - low), np.uint8)
        stops = np.empty(high - low, np.int64)
        size = _write(kinds, slots, values, words, starts, firsts, _DAYS, out, stops)
        pieces.append(out[:size])
        ends.append(stops + base)
        base += size
    data = np.concatenate(pieces) if pieces else np.zeros(0, np.uint8)
    return data, np.concatenate(ends)


def _rows(table: Table, sheet: Mapping[str, Field]) -> int:
    """Number of rows, after a look at every column."""
    known = {column.name for column in table.columns}
    lengths = set()
    for name, entry in sheet.items():
        if name not in known:
            raise WireError(f"{table.name}: there is no column {name}")
        lengths.add(len(entry.values))
        if len(lengths) > 1:
            raise WireError(f"{table.name}.{name}: {len(entry.values)} rows, others have more")
        _check(f"{table.name}.{name}", entry)
    return lengths.pop() if lengths else 0


def _check(where: str, entry: Field) -> None:
    """Refuse values past the words or the calendar."""
    if not len(entry.values):
        return
    if entry.kind == CODE:
        bad = int(entry.values.max()) >= len(entry.words)
    elif entry.kind in (DAY, MONTH):
        given = entry.values[entry.values != BLANK]
        bad = bool(given.size) and not _FIRST_DAY <= given.min() <= given.max() <= _LAST_DAY
    elif entry.kind == MOMENT:
        given = entry.values[entry.values != BLANK]
        bad = bool(given.size) and given.min() < 0
    else:
        bad = entry.values.max() >= 2**31
    if bad:
        raise WireError(f"{where}: a value that cannot be written")


def _longest(entry: Field) -> int:
    return max((len(word) for word in entry.words), default=0)


def _words(fields: Sequence[Field | None]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """All words one after another, where each begins, and each column's first."""
    flat: list[bytes] = []
    firsts = []
    for entry in fields:
        firsts.append(len(flat))
        flat += entry.words if entry else ()
    starts = np.concatenate([[0], np.cumsum([len(w) for w in flat])]).astype(np.int64)
    data = np.frombuffer(b"".join(flat) + b" ", np.uint8)
    return data, starts, np.array(firsts, np.int64)


def _days() -> NDArray[np.uint8]:
    """YYYY-MM-DD of every day from 1900 to 2099, (days, 10)."""
    days = np.arange(_FIRST_DAY, _LAST_DAY + 1).astype("datetime64[D]")
    return np.datetime_as_string(days).astype("S10").view(np.uint8).reshape(-1, 10)


_DAYS = _days()


@njit(cache=True, nogil=True, inline="always")
def _digits(out: NDArray[Any], at: int, value: int, width: int) -> int:
    """Write a number of at least `width` digits."""
    size = 1
    rest = value // 10
    while rest > 0:
        size += 1
        rest //= 10
    size = max(size, width)
    for i in range(at + size - 1, at - 1, -1):
        out[i] = 48 + value % 10
        value //= 10
    return at + size


@njit(cache=True, nogil=True, inline="always")
def _day(out: NDArray[Any], at: int, value: int, days: NDArray[Any]) -> int:
    row = value + 25567
    for i in range(10):
        out[at + i] = days[row, i]
    return at + 10


@njit(cache=True, nogil=True, inline="always")
def _time(out: NDArray[Any], at: int, seconds: int, thousandths: int) -> int:
    """Write " HH:MM:SS.mmm"."""
    out[at] = 32
    out[at + 3] = 58
    out[at + 6] = 58
    out[at + 9] = 46
    _digits(out, at + 1, seconds // 3600, 2)
    _digits(out, at + 4, seconds // 60 % 60, 2)
    _digits(out, at + 7, seconds % 60, 2)
    _digits(out, at + 10, thousandths, 3)
    return at + 13


@njit(cache=True, nogil=True)
def _write(
    kinds: NDArray[Any],
    slots: NDArray[Any],
    values: NDArray[Any],
    words: NDArray[Any],
    starts: NDArray[Any],
    firsts: NDArray[Any],
    days: NDArray[Any],
    out: NDArray[Any],
    stops: NDArray[Any],
) -> int:
    """Write rows; returns bytes written. The order of the branches is that of how common they are.

    kinds, slots, firsts: (columns,); values: (columns that are not empty, rows); stops: (rows,).
    """
    at = 0
    columns = kinds.size
    for row in range(values.shape[1]):
        for c in range(columns):
            kind = kinds[c]
            if kind != 0:
                value = np.int64(values[slots[c], row])
                if kind == 1:
                    if value >= 0:
                        for i in range(starts[firsts[c] + value], starts[firsts[c] + value + 1]):
                            out[at] = words[i]
                            at += 1
                elif value == -2147483648:
                    pass
                elif kind == 3:
                    at = _day(out, at, value, days)
                    at = _time(out, at, 0, 0)
                elif kind == 2:
                    if value < 0:
                        out[at] = 45
                        at += 1
                        value = -value
                    at = _digits(out, at, value, 1)
                elif kind == 5:
                    at = _digits(out, at, value // 60 * 100 + value % 60, 4)
                elif kind == 4:
                    at = _day(out, at, value // 86400, days)
                    at = _time(out, at, value % 86400, value * 37 % 1000)
                elif kind == 6:
                    at = _digits(out, at, value, 10)
                else:
                    text = days[value + 25567]
                    month = (text[5] - 48) * 10 + text[6] - 48
                    at = _digits(out, at, month, 1)
                    out[at] = 47
                    for i in range(4):
                        out[at + 1 + i] = text[i]
                    at += 5
            out[at] = 9
            at += 1
        out[at - 1] = 13
        out[at] = 10
        at += 1
        stops[row] = at
    return at
