"""Compiled passes over the typed columns of a block: what the bytes of each value say.

A row is known by the place in `positions` of the separator before it (see `splitting`): its field
`c` lies between `positions[row + c] + 1` and `positions[row + c + 1]`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from asylumatlas.records.reading.compilation import kernel

U = np.uint64
Array = npt.NDArray[Any]
Whole = int | np.int64  # the same to a kernel

TAB, LINE_FEED, RETURN, SPACE = 9, 10, 13, 32
PADDING = 32  # bytes after a block that may be looked at
CHUNK = 2048  # rows that are read column by column together

# What became of a value. Below BLANK it was read; from NOT_A_NUMBER on it could not be.
READ, TIME_DROPPED, BLANK = 0, 1, 2
NOT_A_NUMBER, OUT_OF_RANGE = 3, 4
NOT_A_DATE, SENTINEL_DATE, IMPLAUSIBLE_DATE = 5, 6, 7
NOT_A_MONTH, NOT_A_TIME, AMBIGUOUS_TIME, NOT_MONEY, NOT_A_FLAG, NOT_A_GUID = 8, 9, 10, 11, 12, 13
MISPLACED = 14  # not a time, and not even written like one
STATUSES = 15
PADDED = 128  # added when blanks at the end were taken off
WHAT = 127

# Kinds of columns.
KEY, INTEGER, DATE, DATETIME, MONTH, TIME, MONEY, FLAG = 0, 1, 2, 3, 4, 5, 6, 7

LAST_KEY = 2**31 - 1
DAYS_BEFORE = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365])
# Days that stand for no day, in days since 1970.
_1753, _1900 = -79257, -25567
_2099, _9999 = 47481, 2932896

_MIDNIGHT_1 = U(int.from_bytes(b" 00:00", "little"))
_MIDNIGHT_2 = U(int.from_bytes(b"0:00.000", "little"))
_ZEROS = U(0x3030303030303030)
_HIGHS = U(0xF0F0F0F0F0F0F0F0)
_DAY_MS = 86_400_000
NO_DAY = -(2**40)


@kernel
def word(data: Array, at: int) -> np.uint64:
    """Eight bytes from a place on, the first lowest."""
    i = U(at)
    return (
        U(data[i])
        | U(data[i + U(1)]) << U(8)
        | U(data[i + U(2)]) << U(16)
        | U(data[i + U(3)]) << U(24)
        | U(data[i + U(4)]) << U(32)
        | U(data[i + U(5)]) << U(40)
        | U(data[i + U(6)]) << U(48)
        | U(data[i + U(7)]) << U(56)
    )


@kernel
def eight_digits(w: np.uint64) -> Whole:
    """The number that eight bytes write; -1 if one is not a digit."""
    if (w & _HIGHS) != _ZEROS or ((w + U(0x0606060606060606)) & _HIGHS) != _ZEROS:
        return -1
    w = ((w & U(0x0F0F0F0F0F0F0F0F)) * U(2561)) >> U(8)
    w = ((w & U(0x00FF00FF00FF00FF)) * U(6553601)) >> U(16)
    return np.int64(((w & U(0x0000FFFF0000FFFF)) * U(42949672960001)) >> U(32))


@kernel
def digits(data: Array, start: int, end: int) -> Whole:
    """The number of the digits there: -1 if they are none, -2 if it is 2^63 or more."""
    size = end - start
    if size < 1:
        return -1
    if size <= 8:
        w = word(data, start)
        taken = U(8 * size)
        if size < 8:
            w = (w << (U(64) - taken)) | (_ZEROS >> taken)
        return eight_digits(w)
    value = U(0)
    over = False
    for i in range(start, end):
        digit = U(data[i]) - U(48)
        if digit > U(9):
            return -1
        if value > U(922337203685477580) or (value == U(922337203685477580) and digit > U(7)):
            over = True
        value = value * U(10) + digit
    return -2 if over else np.int64(value)


@kernel
def read_key(data: Array, start: int, end: int) -> tuple[Whole, int]:
    """A whole number from 1 to 2^31 - 1."""
    value = digits(data, start, end)
    if value > 0 and value <= LAST_KEY:
        return value, READ
    if value == -1 and not (data[start] == 45 and digits(data, start + 1, end) != -1):
        return 0, NOT_A_NUMBER
    return 0, OUT_OF_RANGE


@kernel
def read_integer(data: Array, start: int, end: int) -> tuple[Whole, int]:
    """A whole number of 64 bits, with a minus sign or not."""
    negative = data[start] == 45
    value = digits(data, start + negative, end)
    if value >= 0:
        return (-value if negative else value), READ
    return 0, (NOT_A_NUMBER if value == -1 else OUT_OF_RANGE)


@kernel
def day_number(year: Whole, month: Whole, day: Whole) -> Whole:
    """A day of the Gregorian calendar, in days since 1970; `NO_DAY` if there is none such."""
    if year < 1 or month < 1 or month > 12 or day < 1:
        return NO_DAY
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if day > DAYS_BEFORE[month] - DAYS_BEFORE[month - 1] + (leap and month == 2):
        return NO_DAY
    past = year - 1
    days = past * 365 + past // 4 - past // 100 + past // 400 - 719163
    return days + DAYS_BEFORE[month - 1] + (leap and month > 2) + day


@kernel
def read_moment(data: Array, start: int, end: int) -> tuple[Whole, Whole]:
    """A day of the calendar, as days since 1970, and the milliseconds since its midnight.

    The milliseconds are -1 if this is no day with a time, written YYYY-MM-DD HH:MM:SS.mmm, and no
    day alone.
    """
    size = end - start
    if size != 23 and size != 10:
        return 0, -1
    w = word(data, start)
    tail = word(data, start + 8)
    if (w >> U(32)) & U(255) != U(45) or w >> U(56) != U(45):
        return 0, -1
    day = (w & U(0xFFFFFFFF)) | ((w >> U(8)) & U(0xFFFF00000000)) | (tail << U(48))
    value = eight_digits(day)
    if value < 0:
        return 0, -1
    days = day_number(value // 10000, (value // 100) % 100, value % 100)
    if days == NO_DAY:
        return 0, -1
    if size == 10 or (tail >> U(16) == _MIDNIGHT_1 and word(data, start + 15) == _MIDNIGHT_2):
        return days, 0
    return days, read_clock(data, start + 10)


@kernel
def read_clock(data: Array, at: int) -> Whole:
    """The milliseconds that ` HH:MM:SS.mmm` stands for; -1 if it is not that."""
    if data[at] != 32 or data[at + 3] != 58 or data[at + 6] != 58 or data[at + 9] != 46:
        return -1
    hours = digits(data, at + 1, at + 3)
    minutes = digits(data, at + 4, at + 6)
    seconds = digits(data, at + 7, at + 9)
    milliseconds = digits(data, at + 10, at + 13)
    if min(hours, minutes, seconds, milliseconds) < 0 or hours > 23 or max(minutes, seconds) > 59:
        return -1
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds


@kernel
def placed(days: Whole, low: int, high: int) -> int:
    """Whether a day may be believed."""
    if days in (_1900, _1753, _2099, _9999):
        return SENTINEL_DATE
    return READ if days >= low and days <= high else IMPLAUSIBLE_DATE


@kernel
def read_date(data: Array, start: int, end: int, low: int, high: int) -> tuple[Whole, int]:
    """A day, as days since 1970."""
    days, clock = read_moment(data, start, end)
    if clock < 0:
        return 0, NOT_A_DATE
    status = placed(days, low, high)
    return days, (TIME_DROPPED if status == READ and clock > 0 else status)


@kernel
def read_datetime(data: Array, start: int, end: int, low: int, high: int) -> tuple[Whole, int]:
    """A moment, as milliseconds since 1970."""
    days, clock = read_moment(data, start, end)
    if clock < 0:
        return 0, NOT_A_DATE
    return days * _DAY_MS + clock, placed(days, low, high)


@kernel
def read_month(data: Array, start: int, end: int, low: int, high: int) -> tuple[Whole, int]:
    """A month written M/YYYY, as the days since 1970 of its first day."""
    size = end - start
    if size < 6 or size > 7 or data[end - 5] != 47:
        return 0, NOT_A_MONTH
    month = digits(data, start, end - 5)
    year = digits(data, end - 4, end)
    days = day_number(year, month, 1)
    if days == NO_DAY:
        return 0, NOT_A_MONTH
    return days, (READ if days >= low and days <= high else IMPLAUSIBLE_DATE)


@kernel
def read_time(data: Array, start: int, end: int) -> tuple[Whole, int]:
    """A time of day written HHMM, as minutes after midnight."""
    size = end - start
    value = digits(data, start, end)
    if value < 0 or size > 4:
        return 0, MISPLACED
    if size < 4 or value < 10 or value > 2359 or value % 100 > 59:
        return 0, NOT_A_TIME
    if value < 600:
        return 0, AMBIGUOUS_TIME
    return (value // 100) * 60 + value % 100, READ


@kernel
def read_money(data: Array, start: int, end: int) -> tuple[Whole, int]:
    """Dollars, as cents: digits, then perhaps a point and one to four more, none past the cents."""
    point = end
    for i in range(max(start, end - 5), end):
        if data[i] == 46:
            point = i
    dollars = digits(data, start, point)
    cents: Whole = 0
    if point < end:
        places = end - point - 1
        cents = digits(data, point + 1, end)
        if cents < 0 or (places > 2 and cents % 10 ** (places - 2) != 0):
            return 0, NOT_MONEY
        cents = cents * 10 if places == 1 else cents // 10 ** (places - 2)
    if dollars == -1:
        return 0, NOT_MONEY
    if dollars < 0 or dollars > 9_999_999_999:
        return 0, OUT_OF_RANGE
    return dollars * 100 + cents, READ


@kernel
def read_value(
    kind: int, data: Array, start: int, end: int, low: int, high: int
) -> tuple[Whole, int]:
    """A typed value that is not blank, and what became of it."""
    if kind == KEY:
        return read_key(data, start, end)
    if kind == DATE:
        return read_date(data, start, end, low, high)
    if kind == TIME:
        return read_time(data, start, end)
    if kind == INTEGER:
        return read_integer(data, start, end)
    if kind == DATETIME:
        return read_datetime(data, start, end, low, high)
    if kind == MONTH:
        return read_month(data, start, end, low, high)
    if kind == MONEY:
        return read_money(data, start, end)
    if end - start == 1 and (data[start] == 48 or data[start] == 49):
        return np.int64(data[start]) - 48, READ
    return 0, NOT_A_FLAG


@kernel
def read_column(
    kind: int,
    data: Array,
    positions: Array,
    rows: Array,
    column: int,
    last: bool,
    low: int,
    high: int,
    first: int,
    end_row: int,
    values: Array,
    place: int,
    status: Array,
    counts: Array,
) -> None:
    """Read some rows of a typed column.

    Args:
        kind: the kind of the column.
        data: the block.
        positions: its separators.
        rows: for each row, the place of the separator before it.
        column: the number of the column.
        last: whether the line ends after it.
        low: the first day that is believed, in days since 1970.
        high: the last one.
        first: the first row to read.
        end_row: the one after the last.
        values: the values, written here.
        place: in which row of `values`.
        status: what became of each, written here.
        counts: how often each of these came, added to.
    """
    for row in range(first, end_row):
        before = rows[row] + column
        start = positions[before] + 1
        end = positions[before + 1]
        if last and data[end] != TAB and end > start and data[end - 1] == RETURN:
            end -= 1
        padded = 0
        while end > start and data[end - 1] == SPACE:
            end -= 1
            padded = PADDED
        value: Whole = np.int64(0)
        what = BLANK
        if end > start:
            value, what = read_value(kind, data, start, end, low, high)
        values[place, row] = value
        if what >= BLANK:
            padded = 0
            values[place, row] = 0
        status[column, row] = what | padded
        counts[column, what] += 1
        counts[column, STATUSES] += padded != 0
