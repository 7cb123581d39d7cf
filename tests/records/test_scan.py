"""The compiled passes read what the bytes say, and cut blocks as Python would."""

import itertools
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.records.reading import scan
from asylumatlas.records.reading.interning import TEXT, flags_of, parse
from asylumatlas.records.reading.splitting import lines, separators

EPOCH = date(1970, 1, 1)
LOW, HIGH = (date(1950, 1, 1) - EPOCH).days, (date(2026, 4, 2) - EPOCH).days


def padded(raw):
    return np.frombuffer(raw + bytes(scan.PADDING), np.uint8)


def cut(raw, columns, spare=0):
    data = padded(raw)
    positions = np.empty(len(raw) + 2, np.int32)
    count = separators(data, len(raw), positions)
    if not raw.endswith(b"\n"):
        positions[count] = len(raw)
        count += 1
    rows, others = np.empty((count, 3), np.int32), np.empty((count, 4), np.int32)
    totals = np.zeros(4, np.int64)
    lines(data, len(raw), positions[:count], count, columns, spare, rows, others, totals)
    return data, positions[:count], rows[: totals[0]], others[: totals[1]], totals


def fields_of(data, positions, before, count):
    ends = positions[before : before + count + 1]
    return [data[a + 1 : b].tobytes() for a, b in itertools.pairwise(ends)]


def read(kind, raw, low=LOW, high=HIGH):
    data = padded(raw)
    value, what = scan.read_value(kind, data, 0, len(raw), low, high)
    return int(value) if what < scan.BLANK else None, what


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([b"a", b"\t", b"\n", b"\r", b"\r\n", b"\0", b"\x01", b"bcd"])),
    st.integers(1, 4),
)
def test_lines_are_cut_as_python_cuts_them(parts, columns):
    raw = b"".join(parts)
    if not raw:
        return
    data, positions, rows, others, totals = cut(raw, columns)
    expected = raw.removesuffix(b"\n").split(b"\n")
    assert totals[0] + totals[1] == len(expected)
    right = {
        number: line.split(b"\t")
        for number, line in enumerate(expected)
        if line.count(b"\t") == columns - 1 and not set(line) & set(range(9))
    }
    found = {int(n): fields_of(data, positions, before, columns) for before, n, _ in rows}
    assert found == right
    assert sorted([*found, *(int(row[1]) for row in others)]) == list(range(len(expected)))
    assert totals[2] == raw.count(b"\r\n")


def test_spare_fields_count_only_when_empty():
    raw = b"a\tb\r\nc\td\t\t\r\ne\tf\t\tg\r\n"
    assert cut(raw, 2, spare=1)[2][:, 1].tolist() == [0, 1]
    assert cut(raw, 2, spare=0)[2][:, 1].tolist() == [0]


@settings(deadline=None)
@given(st.dates(date(1, 1, 1), date(9999, 12, 31)))
def test_every_day_of_the_calendar_is_read(day):
    assert scan.day_number(day.year, day.month, day.day) == (day - EPOCH).days
    follower = day.day + 1
    if follower > 27 and (day + timedelta(days=1) if day < date.max else day).month != day.month:
        assert scan.day_number(day.year, day.month, follower) == scan.NO_DAY


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.integers(0, 10**25).map(str), st.text("0123456789-. x", min_size=1)))
def test_whole_numbers_are_read_as_python_reads_them(text):
    raw = text.encode()
    plain = text.isdigit() or (text[:1] == "-" and text[1:].isdigit())
    number = int(text) if plain else None
    value, what = read(scan.KEY, raw)
    if number is None:
        assert what == scan.NOT_A_NUMBER
    else:
        good = 1 <= number < 2**31
        assert (value, what) == ((number, scan.READ) if good else (None, scan.OUT_OF_RANGE))
    value, what = read(scan.INTEGER, raw)
    if number is None:
        assert what == scan.NOT_A_NUMBER
    else:
        good = abs(number) < 2**63
        assert (value, what) == ((number, scan.READ) if good else (None, scan.OUT_OF_RANGE))


@pytest.mark.parametrize(
    ("raw", "days", "what"),
    [
        (b"2019-05-01 00:00:00.000", (date(2019, 5, 1) - EPOCH).days, scan.READ),
        (b"2019-05-01", (date(2019, 5, 1) - EPOCH).days, scan.READ),
        (b"2019-05-01 08:30:00.000", (date(2019, 5, 1) - EPOCH).days, scan.TIME_DROPPED),
        (b"2019-05-01 00:00:00.001", (date(2019, 5, 1) - EPOCH).days, scan.TIME_DROPPED),
        (b"2019-05-01 24:00:00.000", None, scan.NOT_A_DATE),
        (b"2019-05-01 00:00:00,000", None, scan.NOT_A_DATE),
        (b"2019-05-01 00:00:00", None, scan.NOT_A_DATE),
        (b"2023-02-29 00:00:00.000", None, scan.NOT_A_DATE),
        (b"2019-05-0x 00:00:00.000", None, scan.NOT_A_DATE),
        (b"10/1993", None, scan.NOT_A_DATE),
        (b"1900-01-01 00:00:00.000", None, scan.SENTINEL_DATE),
        (b"9999-12-31 00:00:00.000", None, scan.SENTINEL_DATE),
        (b"2925-01-01 00:00:00.000", None, scan.IMPLAUSIBLE_DATE),
        (b"1949-12-31 00:00:00.000", None, scan.IMPLAUSIBLE_DATE),
        (b"2026-04-03 00:00:00.000", None, scan.IMPLAUSIBLE_DATE),
    ],
)
def test_dates(raw, days, what):
    assert read(scan.DATE, raw) == (days, what)


@pytest.mark.parametrize(
    ("kind", "raw", "value", "what"),
    [
        (scan.TIME, b"0830", 510, scan.READ),
        (scan.TIME, b"2359", 1439, scan.READ),
        (scan.TIME, b"0600", 360, scan.READ),
        (scan.TIME, b"0559", None, scan.AMBIGUOUS_TIME),
        (scan.TIME, b"0010", None, scan.AMBIGUOUS_TIME),
        (scan.TIME, b"0009", None, scan.NOT_A_TIME),
        (scan.TIME, b"0", None, scan.NOT_A_TIME),
        (scan.TIME, b"0575", None, scan.NOT_A_TIME),
        (scan.TIME, b"2400", None, scan.NOT_A_TIME),
        (scan.TIME, b"8:30", None, scan.MISPLACED),
        (scan.MONTH, b"4/1974", (date(1974, 4, 1) - EPOCH).days, scan.READ),
        (scan.MONTH, b"13/1974", None, scan.NOT_A_MONTH),
        (scan.MONTH, b"4/0000", None, scan.NOT_A_MONTH),
        (scan.MONEY, b"0000001500", 150_000, scan.READ),
        (scan.MONEY, b"12.5", 1250, scan.READ),
        (scan.MONEY, b"12.5000", 1250, scan.READ),
        (scan.MONEY, b"12.505", None, scan.NOT_MONEY),
        (scan.MONEY, b"1..5", None, scan.NOT_MONEY),
        (scan.MONEY, b"-5", None, scan.NOT_MONEY),
        (scan.MONEY, b"99999999999", None, scan.OUT_OF_RANGE),
        (scan.FLAG, b"1", 1, scan.READ),
        (scan.FLAG, b"Y", None, scan.NOT_A_FLAG),
        (scan.DATETIME, b"1970-01-02 00:00:01.500", 86_401_500, scan.READ),
    ],
)
def test_times_months_money_flags(kind, raw, value, what):
    assert read(kind, raw) == (value, what)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.text("ab\xe9 ", max_size=20), min_size=1, max_size=50),
    st.sampled_from([0, 700, 3000]),
    st.booleans(),
)
def test_texts_are_numbered_in_the_order_they_first_come(texts, more, long):
    texts = [*texts, *(str(n * n % 2311) for n in range(more))]
    raws = [text.encode() + (b"0123456789" * long if text else b"") for text in texts]
    data = padded(b"\r\n".join(raws) + b"\r\n")
    size = len(data) - scan.PADDING
    positions = np.empty(size + 2, np.int32)
    count = separators(data, size, positions)
    rows = np.arange(len(raws), dtype=np.int32)
    assert count == len(raws) + 1
    narrow, status = np.empty((1, len(raws)), np.int32), np.empty((1, len(raws)), np.uint8)
    starts, sizes = np.empty((1, 3100), np.int32), np.empty((1, 3100), np.int32)
    words, flags = np.empty((1, 3100), np.uint64), np.empty((1, 3100), np.uint8)
    states = np.zeros((1, 2), np.int64)
    parse(
        data, positions[:count], rows, len(raws), np.array([0]), np.array([TEXT]),
        np.zeros((1, 2), np.int64), np.zeros((1, 2), np.int64), narrow,
        np.empty((0, len(raws)), np.int64), status, np.zeros((1, 16), np.int64),
        np.empty((1, 1 << 14), np.int32), starts, sizes, words, flags, states,
    )  # fmt: skip
    known = list(dict.fromkeys(raw for raw in raws if raw))
    places = zip(starts[0, 1 : states[0, 0]], sizes[0, 1 : states[0, 0]], strict=True)
    assert [data[a : a + n].tobytes() for a, n in places] == known
    for raw, number, what in zip(raws, narrow[0].tolist(), status[0].tolist(), strict=True):
        assert what == (scan.READ if raw else scan.BLANK)
        assert not raw or known[number] == raw


def test_flags_of_a_text():
    guid = b"ABCDEF01-2345-6789-abcd-EF0123456789"
    assert flags_of(padded(guid), 0, len(guid)) == 0
    for raw, flags in ((b"a ", 2 | 8), (b"\xe9", 1 | 8), (b'"', 4 | 8), (guid[:-1] + b"G", 8)):
        assert flags_of(padded(raw), 0, len(raw)) == flags
