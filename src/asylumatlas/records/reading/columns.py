"""What each column of a file is read as: kinds for the compiled passes, types for Parquet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from asylumatlas.records.lookups import Lookups
from asylumatlas.records.reading import scan
from asylumatlas.records.reading.interning import TEXT, gather
from asylumatlas.records.reasons import NOTED, UNREAD
from asylumatlas.records.registry import Binding, Column

Array = npt.NDArray[Any]

EARLIEST = date(1950, 1, 1)
YEARS_AHEAD = 25
EPOCH = date(1970, 1, 1)

KINDS = {
    "key": scan.KEY,
    "integer": scan.INTEGER,
    "date": scan.DATE,
    "datetime": scan.DATETIME,
    "month": scan.MONTH,
    "time": scan.TIME,
    "money": scan.MONEY,
    "flag": scan.FLAG,
    "code": TEXT,
    "text": TEXT,
    "guid": TEXT,
}
WIDE = frozenset({scan.INTEGER, scan.DATETIME, scan.MONEY})
STRING = pa.dictionary(pa.int32(), pa.string())
ARROW = {
    "key": pa.int32(),
    "integer": pa.int64(),
    "date": pa.date32(),
    "datetime": pa.timestamp("ms"),
    "month": pa.date32(),
    "time": pa.int16(),
    "money": pa.decimal128(12, 2),
    "flag": pa.bool_(),
    "code": STRING,
    "text": STRING,
    "guid": STRING,
}

# Reasons are numbers in the compiled passes: their places in this list.
REASONS = (*UNREAD, *NOTED)
PLACE = {reason: place for place, reason in enumerate(REASONS)}
OF_STATUS = {
    scan.TIME_DROPPED: "time_dropped",
    scan.NOT_A_NUMBER: "not_a_number",
    scan.OUT_OF_RANGE: "out_of_range",
    scan.NOT_A_DATE: "not_a_date",
    scan.SENTINEL_DATE: "sentinel_date",
    scan.IMPLAUSIBLE_DATE: "implausible_date",
    scan.NOT_A_MONTH: "not_a_month",
    scan.NOT_A_TIME: "not_a_time",
    scan.AMBIGUOUS_TIME: "ambiguous_time",
    scan.NOT_MONEY: "not_money",
    scan.NOT_A_FLAG: "not_a_flag",
    scan.NOT_A_GUID: "not_a_guid",
    scan.MISPLACED: "not_a_time",
}
# What no value of the column's type looks like; the others are such values, if useless ones.
STRANGE = np.zeros(256, np.bool_)
STRANGE[
    [
        *(scan.NOT_A_NUMBER, scan.NOT_A_DATE, scan.NOT_A_MONTH, scan.NOT_MONEY),
        *(scan.NOT_A_FLAG, scan.NOT_A_GUID, scan.MISPLACED),
    ]
] = True


@dataclass(frozen=True)
class Plan:
    """How the columns of one file are read.

    Attributes:
        binding: the file's header.
        columns: its columns, in order.
        kinds: the kind of each, for `interning.parse`.
        places: where the values of each go: row of the narrow or wide values; and for a text
            column its number among those, for a typed one 1 if it is wide.
        windows: the first and the last day believed of each, in days since 1970.
        codes: for each column, its codes, folded where case does not matter; None if it has none
            or the lookup is not in the release.
        required: the columns without which there is no row.
        texts: how many text columns there are.
        spare: whether rows may end in empty fields past the last column.
        schema: the Parquet file's.
    """

    binding: Binding
    columns: tuple[Column, ...]
    kinds: Array
    places: Array
    windows: Array
    codes: tuple[frozenset[str] | None, ...]
    required: Array
    texts: int
    spare: bool
    schema: pa.Schema

    def number(self, name: str) -> int | None:
        """The number of the column of this name; None if the file has none."""
        for number, column in enumerate(self.columns):
            if column.name == name:
                return number
        return None


def plan(binding: Binding, lookups: Lookups, as_of: date) -> Plan:
    """Return how the columns of a file are read.

    Args:
        binding: the file's header.
        lookups: the release's codes.
        as_of: the day of the release.
    """
    columns = binding.columns
    kinds = np.array([KINDS[column.type] for column in columns], np.int64)
    wide = np.isin(kinds, list(WIDE))
    text = kinds == TEXT
    places = np.zeros((len(columns), 2), np.int64)
    places[:, 0] = np.where(wide, np.cumsum(wide), np.cumsum(~wide)) - 1
    places[:, 1] = np.where(text, np.cumsum(text) - 1, wide)
    fields = [(column.name, ARROW[column.type]) for column in columns]
    return Plan(
        binding,
        columns,
        kinds,
        places,
        np.array([_window(column, as_of) for column in columns], np.int64).reshape(-1, 2),
        tuple(_codes(column, columns, lookups) for column in columns),
        np.array([i for i, column in enumerate(columns) if column.required], np.int64),
        int(text.sum()),
        binding.table.spare_tabs or binding.blank > 0,
        pa.schema([("line", pa.int64()), *fields]),
    )


def _window(column: Column, as_of: date) -> tuple[int, int]:
    """The first and the last day that a column is believed to hold."""
    last = years_after(as_of, YEARS_AHEAD) if column.future else as_of + timedelta(days=1)
    return ((column.earliest or EARLIEST) - EPOCH).days, (last - EPOCH).days


def years_after(day: date, years: int) -> date:
    """The same day so many years later; 28 February for a leap day without one."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _codes(column: Column, columns: tuple[Column, ...], lookups: Lookups) -> frozenset[str] | None:
    """The codes of a column, if it can be decoded."""
    if column.type != "code" or (column.within and column.within not in {c.name for c in columns}):
        return None
    codes = lookups.codes(column)
    if codes is not None and column.fold:
        return frozenset(code.casefold() for code in codes)
    return codes


def typed_array(column: Column, values: Array, readable: Array | None) -> pa.Array:
    """Return the values of a typed column as an Arrow array.

    Args:
        column: the column.
        values: as the compiled passes leave them.
        readable: True where there is a value; None if there always is.
    """
    kind = KINDS[column.type]
    count = len(values)
    if kind == scan.FLAG:
        values = np.packbits(values.astype(np.bool_), bitorder="little")
    elif kind == scan.TIME:
        values = values.astype(np.int16)
    elif kind == scan.MONEY:
        cents = values
        values = np.zeros((count, 2), np.int64)  # 128 bits each, the low ones first
        values[:, 0] = cents
    return over(ARROW[column.type], count, values, readable)


def text_array(codes: Array, dictionary: pa.Array, readable: Array | None) -> pa.Array:
    """Return a text column as an Arrow array.

    Args:
        codes: for each row, its text's number.
        dictionary: the texts.
        readable: True where there is a text; None if there always is.
    """
    indices = over(pa.int32(), len(codes), codes, readable)
    return pa.DictionaryArray.from_arrays(indices, dictionary, safe=False)


def over(kind: pa.DataType, count: int, values: Array, readable: Array | None) -> pa.Array:
    """An Arrow array over the values, without a copy of them."""
    bits = None
    if readable is not None:
        bits = pa.py_buffer(np.packbits(readable, bitorder="little"))
    buffers = [bits, pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(kind, count, buffers)


def pieces(data: Array, starts: Array, sizes: Array, kind: pa.DataType | None = None) -> pa.Array:
    """Pieces of a block as an Arrow array of bytes, or of another kind laid out like that."""
    offsets = np.empty(len(starts) + 1, np.int32)
    out = np.empty(int(sizes.sum()), np.uint8)
    gather(data, starts, sizes, offsets, out)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(out)]
    return pa.Array.from_buffers(kind or pa.binary(), len(starts), buffers)
