"""Compiled passes that cut a block of text: where fields end, and which lines are rows.

A block is whole lines. `separators` lists where fields end; `lines` tells the lines that have the
header's number of fields from the others, which are few and looked at one by one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from asylumatlas.records.reading.compilation import kernel
from asylumatlas.records.reading.scan import LINE_FEED, RETURN, TAB, Whole

U = np.uint64
Array = npt.NDArray[Any]


@kernel
def line_feeds(data: Array) -> Whole:
    """Count the line feeds."""
    count = 0
    for i in range(data.size):
        count += data[i] == LINE_FEED
    return count


@kernel
def separators(data: Array, size: int, positions: Array) -> Whole:
    """List where bytes up to the line feed stand: tabs, line feeds, and what no text holds.

    Args:
        data: the block, with `PADDING` bytes after it.
        size: how many bytes the block has.
        positions: room for `size` + 2 places; the first is -1, before the block.

    Returns:
        how many places were written.
    """
    positions[0] = -1
    count = U(1)
    for i in range(size):
        positions[count] = i
        count += U(data[i] <= 10)
    return np.int64(count)


@kernel
def lines(
    data: Array,
    size: int,
    positions: Array,
    count: Whole,
    columns: int,
    spare: int,
    rows: Array,
    others: Array,
    totals: Array,
) -> None:
    """Tell lines with the right number of fields from the others.

    Args:
        data: the block.
        size: how many bytes it has; a separator there ends a last line that has no line end.
        positions: the separators.
        count: how many there are.
        columns: how many fields a row has.
        spare: 1 if empty fields after those are allowed.
        rows: for each right line, the place of the separator before it, its number in the block,
            and how many fields it has.
        others: the same for each other line, and whether it holds what no text holds.
        totals: right lines, others, lines that end in CR LF, right lines with spare fields.
    """
    right = other = ended = long = line = 0
    before = 0
    control = False
    for s in range(1, count):
        at = positions[s]
        if at < size:
            byte = data[at]
            if byte == TAB:
                continue
            if byte != LINE_FEED:
                control = True
                continue
            ended += at > 0 and data[at - 1] == RETURN
        fields = s - before
        fits = fields == columns
        if fields > columns and spare == 1 and not control:
            end = at - (data[at - 1] == RETURN)
            fits = end - positions[before + columns] == fields - columns
            long += fits
        if fits and not control:
            rows[right, 0] = before
            rows[right, 1] = line
            rows[right, 2] = fields
            right += 1
        else:
            others[other, 0] = before
            others[other, 1] = line
            others[other, 2] = fields
            others[other, 3] = control
            other += 1
        line += 1
        before = s
        control = False
    totals[0] = right
    totals[1] = other
    totals[2] = ended
    totals[3] = long


@kernel
def without_nul(
    data: Array,
    starts: Array,
    ends: Array,
    base: int,
    out: Array,
    positions: Array,
    first: int,
    rows: Array,
    fields: Array,
    removed: Array,
) -> None:
    """Copy lines without their NUL bytes, each with a line end of two bytes.

    Args:
        data: the block.
        starts: where each line starts.
        ends: where it ends, its line end not counted.
        base: where `out` will stand after the block.
        out: the lines, written here; room for all and two bytes more for each.
        positions: their separators, written here; room for as many as `out` has.
        first: how many separators stand before these.
        rows: for each line, the place of the separator before it, written here.
        fields: how many fields it has, written here.
        removed: how many NUL bytes it had, written here.
    """
    at = s = 0
    for i in range(starts.size):
        rows[i] = first + s
        positions[s] = base + at - 1
        s += 1
        removed[i] = 0
        for k in range(starts[i], ends[i]):
            byte = data[k]
            if byte == 0:
                removed[i] += 1
                continue
            if byte == TAB:
                positions[s] = base + at
                s += 1
            out[at] = byte
            at += 1
        out[at], out[at + 1] = RETURN, LINE_FEED
        positions[s] = base + at + 1
        s += 1
        at += 2
        fields[i] = first + s - 1 - rows[i]


@kernel
def nul_fields(data: Array, starts: Array, ends: Array, counts: Array) -> None:
    """Count the fields with NUL bytes in some lines, by their places; the last takes the rest."""
    for i in range(starts.size):
        field = 0
        nul = False
        for k in range(starts[i], ends[i]):
            nul |= data[k] == 0
            if data[k] == TAB:
                counts[min(field, counts.size - 1)] += nul
                nul = False
                field += 1
        counts[min(field, counts.size - 1)] += nul
