"""Columns of numbers as lines: every kind of value, byte for byte."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.records.registry import Column, Table, tables
from asylumatlas.synthetic import wire
from asylumatlas.synthetic.wire import BLANK, MONEY, MONTH, Field

KINDS = Table("T", "main", tuple(Column(name, "text") for name in "abcdefgh"))


def lines(table: Table, sheet: dict[str, Field]) -> list[bytes]:
    data, offsets = wire.written(table, sheet)
    raw = data.tobytes()
    return [raw[a:b] for a, b in pairwise(offsets)]


def test_every_kind_is_written_as_the_release_has_it():
    sheet = {
        "a": wire.whole(np.array([7, -3])),
        "b": wire.code(np.array([1, -1]), ["X", "SP"], width=3),
        "c": wire.day(np.array([0, 20_544])),
        "d": wire.moment(np.array([86_399, BLANK])),
        "f": wire.clock(np.array([510, 13 * 60 + 5])),
        "g": Field(MONEY, np.array([1500, BLANK])),
        "h": Field(MONTH, np.array([1560, BLANK])),
    }
    assert lines(KINDS, sheet) == [
        b"7\tSP \t1970-01-01 00:00:00.000\t1970-01-01 23:59:59.763\t\t0830\t0000001500\t4/1974\r\n",
        b"-3\t\t2026-04-01 00:00:00.000\t\t\t1305\t\t\r\n",
    ]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-(2**31) + 1, 2**31 - 1),
            st.dates(date(1900, 1, 1), date(2099, 12, 31)),
            st.integers(0, 2**31 - 1),
        ),
        max_size=20,
    )
)
def test_values_read_back_as_they_were(rows):
    epoch = date(1970, 1, 1)
    sheet = {
        "a": wire.whole(np.array([r[0] for r in rows], np.int64)),
        "c": wire.day(np.array([(r[1] - epoch).days for r in rows], np.int64)),
        "d": wire.moment(np.array([r[2] for r in rows], np.int64)),
    }
    found = [line.rstrip(b"\r\n").split(b"\t") for line in lines(KINDS, sheet)]
    assert [int(f[0]) for f in found] == [r[0] for r in rows]
    assert [f[2].decode() for f in found] == [f"{r[1]} 00:00:00.000" for r in rows]
    start = datetime(1970, 1, 1, tzinfo=UTC)
    for entry, row in zip(found, rows, strict=True):
        assert entry[3].decode()[:19] == f"{start + timedelta(seconds=row[2]):%Y-%m-%d %H:%M:%S}"


def test_more_rows_than_a_block_are_written_in_order():
    rows = wire.BLOCK * 2 + 5
    found = lines(KINDS, {"a": wire.whole(np.arange(rows))})
    assert len(found) == rows
    assert found[wire.BLOCK] == b"%d\t\t\t\t\t\t\t\r\n" % wire.BLOCK


def test_no_rows_are_no_bytes():
    data, offsets = wire.written(KINDS, {"a": wire.whole(np.zeros(0, np.int64))})
    assert data.size == 0
    assert offsets.tolist() == [0]


def test_header_has_every_column_in_order():
    table = tables()["A_TblCase"]
    assert wire.header(table).count(b"\t") == 38
    assert wire.header(table).startswith(b"IDNCASE\tALIEN_CITY\t")


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        ({"z": wire.whole(np.zeros(1))}, "T: there is no column z"),
        ({"a": wire.whole(np.zeros(1)), "b": wire.whole(np.zeros(2))}, "T.b: 2 rows"),
        ({"a": wire.code(np.array([2]), ["X", "Y"])}, "T.a: a value that cannot be written"),
        ({"a": wire.day(np.array([100_000]))}, "T.a: a value that cannot be written"),
        ({"a": wire.whole(np.array([2**31]))}, "T.a: a value that cannot be written"),
    ],
)
def test_what_cannot_be_written_is_refused(sheet, message):
    with pytest.raises(wire.WireError, match=message):
        wire.written(KINDS, sheet)
