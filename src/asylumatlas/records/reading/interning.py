"""Compiled passes over texts: each distinct text of a column and block is looked at once.

A text column becomes numbers, one for each distinct text in the order they first come. Texts of up
to eight bytes, most codes, are told apart by one comparison of eight bytes. What needs care (blanks
at the end, bytes that are not ASCII, quotation marks) is found once for each distinct text.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from asylumatlas.records.reading.compilation import kernel
from asylumatlas.records.reading.scan import (
    BLANK,
    CHUNK,
    READ,
    RETURN,
    SPACE,
    TAB,
    read_column,
    word,
)

U = np.uint64
Array = npt.NDArray[Any]

TEXT = 8  # the kind of column that is interned
NO_ASCII, ENDS_BLANK, QUOTE, NO_GUID = 1, 2, 4, 8  # what a distinct text may have
FIRST_BITS = 10
_SPREAD = U(0x9E3779B97F4A7C15)


@kernel
def mixed(data: Array, start: int, end: int) -> np.uint64:
    """Up to eight bytes themselves; of more, a number that spreads well."""
    size = end - start
    if size < 8:
        return word(data, start) & ((U(1) << U(8 * size)) - U(1))
    value = word(data, start)
    at = start + 8
    while at + 8 <= end:
        value = (value ^ (value >> U(29))) * _SPREAD + word(data, at)
        at += 8
    if at < end:
        rest = word(data, at) & ((U(1) << U(8 * (end - at))) - U(1))
        value = (value ^ (value >> U(29))) * _SPREAD + rest
    return value


@kernel
def flags_of(data: Array, start: int, end: int) -> int:
    """What is special about a text."""
    flags = 0
    guid = end - start == 36
    for i in range(start, end):
        byte = data[i]
        if byte >= 128:
            flags |= NO_ASCII
        elif byte == 34:
            flags |= QUOTE
        if guid:
            k = i - start
            if k == 8 or k == 13 or k == 18 or k == 23:
                guid = byte == 45
            else:
                low = byte | 32
                guid = (byte >= 48 and byte <= 57) or (low >= 97 and low <= 102)
    if data[end - 1] == SPACE:
        flags |= ENDS_BLANK
    return flags if guid else flags | NO_GUID


@kernel
def same(data: Array, one: int, other: int, size: int) -> bool:
    """Whether two texts of the block are the same."""
    i = 0
    while i < size and data[one + i] == data[other + i]:
        i += 1
    return i == size


@kernel
def enlarge(slots: Array, t: int, bits: int, words: Array, known: int) -> None:
    """Put the known texts of a column into a table of more slots."""
    for slot in range(1 << bits):
        slots[t, slot] = 0
    mask = U((1 << bits) - 1)
    for k in range(known):
        slot = (words[t, k] * _SPREAD) >> U(64 - bits)
        while slots[t, slot] != 0:
            slot = (slot + U(1)) & mask
        slots[t, slot] = k + 1


@kernel
def intern_column(
    data: Array,
    positions: Array,
    rows: Array,
    column: int,
    last: bool,
    first: int,
    end_row: int,
    narrow: Array,
    place: int,
    t: int,
    status: Array,
    slots: Array,
    starts: Array,
    sizes: Array,
    words: Array,
    flags: Array,
    states: Array,
) -> None:
    """Number the texts of some rows of a column.

    Args:
        data: the block.
        positions: its separators.
        rows: for each row, the place of the separator before it.
        column: the number of the column.
        last: whether the line ends after it.
        first: the first row.
        end_row: the one after the last.
        narrow: the number of each row's text, written here; 0 for a blank.
        place: in which row of `narrow`.
        t: the number of the text column, its row in the arrays below.
        status: `READ` or `BLANK`, written here.
        slots: room for a table of twice the block's rows, to the next power of two.
        starts: where each distinct text first stands; the blank is the first of all.
        sizes: how long it is.
        words: its bytes, or a number made of them.
        flags: what is special about it.
        states: distinct texts so far, the blank among them, and bits of the table.
    """
    known, bits = states[t, 0], states[t, 1]
    if bits == 0:
        # The blank is text 0 of every column, so that a blank costs no branch.
        bits, known = FIRST_BITS, 1
        starts[t, 0], sizes[t, 0], words[t, 0], flags[t, 0] = 0, 0, 0, 0
        enlarge(slots, t, bits, words, known)
    mask = U((1 << bits) - 1)
    for row in range(first, end_row):
        before = rows[row] + column
        start = positions[before] + 1
        end = positions[before + 1]
        if last and data[end] != TAB and end > start and data[end - 1] == RETURN:
            end -= 1
        size = end - start
        value = mixed(data, start, end)
        slot = (value * _SPREAD) >> U(64 - bits)
        while True:
            k = slots[t, slot] - 1
            if k < 0:
                break
            alike = words[t, k] == value and sizes[t, k] == size
            if alike and (size <= 8 or same(data, starts[t, k], start, size)):
                break
            slot = (slot + U(1)) & mask
        if k < 0:
            k = known
            slots[t, slot] = k + 1
            starts[t, k] = start
            sizes[t, k] = size
            words[t, k] = value
            flags[t, k] = flags_of(data, start, end)
            known += 1
            if 2 * known > (1 << bits):
                bits += 2
                mask = U((1 << bits) - 1)
                enlarge(slots, t, bits, words, known)
        narrow[place, row] = k - (k > 0)
        status[column, row] = BLANK if k == 0 else READ
    states[t, 0], states[t, 1] = known, bits


@kernel
def parse(
    data: Array,
    positions: Array,
    rows: Array,
    count: int,
    chosen: Array,
    kinds: Array,
    places: Array,
    windows: Array,
    narrow: Array,
    wide: Array,
    status: Array,
    counts: Array,
    slots: Array,
    starts: Array,
    sizes: Array,
    words: Array,
    flags: Array,
    states: Array,
) -> None:
    """Read the chosen columns of all rows, some rows of every column at a time.

    Args:
        data: the block.
        positions: its separators.
        rows: for each row, the place of the separator before it.
        count: how many rows there are.
        chosen: numbers of the columns to read.
        kinds: for each column of the file, its kind.
        places: for each column, its row in `narrow`, or in `wide`.
        windows: for each column, the first and the last day that is believed.
        narrow: values of 32 bits; of a text column, the numbers of the texts.
        wide: values of 64 bits.
        status: for each column and row, what became of the value.
        counts: for each column, how often each of these came, and how many were padded.
        slots: see `intern_column`; one row for each text column.
        starts: likewise.
        sizes: likewise.
        words: likewise.
        flags: likewise.
        states: likewise, with the number of the text column in the last place of `places`.
    """
    for first in range(0, count, CHUNK):
        end_row = min(first + CHUNK, count)
        for i in range(chosen.size):
            c = chosen[i]
            last = c == kinds.size - 1
            if kinds[c] == TEXT:
                intern_column(
                    data, positions, rows, c, last, first, end_row, narrow, places[c, 0],
                    places[c, 1], status, slots, starts, sizes, words, flags, states,
                )  # fmt: skip
            elif places[c, 1] == 0:
                read_column(
                    kinds[c], data, positions, rows, c, last, windows[c, 0], windows[c, 1],
                    first, end_row, narrow, places[c, 0], status, counts,
                )  # fmt: skip
            else:
                read_column(
                    kinds[c], data, positions, rows, c, last, windows[c, 0], windows[c, 1],
                    first, end_row, wide, places[c, 0], status, counts,
                )  # fmt: skip


@kernel
def gather(data: Array, starts: Array, sizes: Array, offsets: Array, out: Array) -> None:
    """Copy pieces of a block one after another, and say where each begins."""
    at = 0
    for i in range(starts.size):
        offsets[i] = at
        for k in range(sizes[i]):
            out[at + k] = data[starts[i] + k]
        at += sizes[i]
    offsets[starts.size] = at


@kernel
def digest(data: Array, starts: Array, numbers: Array) -> None:
    """A number for each identifier of 36 characters, the same in either letter case."""
    low = U(0x2020202020202020)
    for i in range(starts.size):
        value = U(0)
        for k in range(5):
            at = starts[i] + min(8 * k, 28)
            value = (value ^ (value >> U(31)) ^ (word(data, at) | low)) * _SPREAD
        value = (value ^ (value >> U(32))) * _SPREAD
        numbers[i] = value ^ (value >> U(29))
