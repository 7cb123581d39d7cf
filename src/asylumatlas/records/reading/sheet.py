"""A block cut into rows: lines that fit the header, lines mended, lines that cannot be read."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from asylumatlas.records.reading import scan
from asylumatlas.records.reading.blocks import LONGEST, Block
from asylumatlas.records.reading.columns import STRANGE, Plan
from asylumatlas.records.reading.interning import ENDS_BLANK, FIRST_BITS, NO_GUID, TEXT, parse
from asylumatlas.records.reading.realign import Rules, mend
from asylumatlas.records.reading.splitting import lines, separators, without_nul
from asylumatlas.records.reading.texts import GUID
from asylumatlas.records.reasons import QUARANTINED

Array = npt.NDArray[Any]

# Why a line is refused or mended is a number in a sheet: a place in these.
REFUSALS = tuple(QUARANTINED)
NUL = "nul_bytes"
REPAIRS = (
    "",
    NUL,
    *(f"{nul}{how}" for nul in ("", f"{NUL}+") for how in ("shifted", "spare_tabs")),
)


@dataclass
class Values:
    """What `interning.parse` writes; see there."""

    narrow: Array
    wide: Array
    status: Array
    counts: Array
    starts: Array
    sizes: Array
    flags: Array
    states: Array


@dataclass
class Lines:
    """Some lines of a block, as arrays of the same size.

    Attributes:
        numbers: the number of each in the block, from 0.
        starts: where it starts.
        ends: where it ends, its line end not counted.
        reasons: why it is refused, a place in `REFUSALS`; or how it was mended, one in `REPAIRS`.
    """

    numbers: Array
    starts: Array
    ends: Array
    reasons: Array

    def only(self, chosen: Array) -> Lines:
        """The chosen ones, in the order they are chosen in."""
        return Lines(
            self.numbers[chosen], self.starts[chosen], self.ends[chosen], self.reasons[chosen]
        )

    def because(self, reason: str) -> Lines:
        """The same lines for one reason."""
        reasons = np.full(len(self.numbers), REFUSALS.index(reason), np.int8)
        return Lines(self.numbers, self.starts, self.ends, reasons)

    @classmethod
    def joined(cls, parts: list[Lines]) -> Lines:
        """All lines of several."""
        none = np.zeros(0, np.int32)
        parts = [cls(none.astype(np.int64), none, none, none.astype(np.int8)), *parts]
        return cls(
            np.concatenate([part.numbers for part in parts]),
            np.concatenate([part.starts for part in parts]),
            np.concatenate([part.ends for part in parts]),
            np.concatenate([part.reasons for part in parts]),
        )


@dataclass
class Sheet:
    """The rows of a block.

    Attributes:
        data: the block, the bytes of mended rows after it.
        positions: where fields end.
        rows: for each row, the place in `positions` of the separator before it.
        fields: how many fields it has.
        of: its line in the file, and how that was mended.
        lines: how many lines the block has.
        crlf: how many of them end in CR LF.
        ended: whether the last one has a line end.
        refusals: lines that are no rows, in parts.
    """

    data: Array
    positions: Array
    rows: Array
    fields: Array
    of: Lines
    lines: int
    crlf: int
    ended: bool
    refusals: list[Lines] = field(default_factory=list)

    @property
    def numbers(self) -> Array:
        """For each row, its line's number in the block, from 0."""
        return self.of.numbers

    def refuse(self, found: Lines, reason: str) -> None:
        """Take lines for no rows."""
        if len(found.numbers):
            self.refusals.append(found.because(reason))

    def refused(self) -> Lines:
        """The lines that are no rows, in the order of the file."""
        found = Lines.joined(self.refusals)
        return found.only(np.argsort(found.numbers, kind="stable"))

    def repaired(self) -> tuple[Lines, Array, Array]:
        """The lines that were mended, and where what was made of each starts and ends."""
        mended = np.flatnonzero(self.of.reasons)
        before = self.rows[mended]
        ends = self.positions[before + self.fields[mended]] - 1  # mended rows end in CR LF
        return self.of.only(mended), self.positions[before] + 1, ends

    def keep(self, chosen: Array) -> None:
        """Keep the chosen rows only."""
        self.rows, self.fields = self.rows[chosen], self.fields[chosen]
        self.of = self.of.only(chosen)

    def add(self, rows: Array, fields: Array, of: Lines) -> None:
        """Put rows in where their lines stand."""
        if not len(rows):
            return
        joined = Lines.joined([self.of, of])
        order = np.argsort(joined.numbers, kind="stable")
        self.rows = np.concatenate([self.rows, rows])[order]
        self.fields = np.concatenate([self.fields, fields])[order]
        self.of = joined.only(order)

    def append(self, data: Array, positions: Array) -> None:
        """Put bytes after the block, and their separators after the others."""
        end = len(self.data) - scan.PADDING
        self.data = np.concatenate([self.data[:end], data, np.zeros(scan.PADDING, np.uint8)])
        self.positions = np.concatenate([self.positions, positions])


def cut(block: Block, plan: Plan, rules: Rules, longest: int = LONGEST) -> Sheet:
    """Cut a block into rows, and mend or refuse the lines that do not fit the header.

    Args:
        block: whole lines.
        plan: how the file's columns are read.
        rules: what they take when a line has to be mended.
        longest: lines of more bytes are no rows.
    """
    room = np.empty(block.size + 2, np.int32)
    count = separators(block.data, block.size, room)
    if not block.ended:
        room[count] = block.size
        count += 1
    positions = room[:count]
    most = min(int(count), np.iinfo(np.int32).max)
    right, other = np.empty((most, 3), np.int32), np.empty((most, 4), np.int32)
    totals = np.zeros(4, np.int64)
    lines(
        block.data, block.size, positions, count, len(plan.columns), int(plan.spare),
        right, other, totals,
    )  # fmt: skip
    right, other = right[: totals[0]], other[: totals[1]]
    of, _ = _lines(block.data, positions, right)
    sheet = Sheet(
        block.data,
        positions,
        right[:, 0].copy(),
        right[:, 2].copy(),
        of,
        int(totals[0] + totals[1]),
        int(totals[2]),
        block.ended,
    )
    if len(other):
        _settle(sheet, other, plan, rules, longest)
    return sheet


def _lines(data: Array, positions: Array, found: Array) -> tuple[Lines, Array]:
    """Lines as `splitting.lines` lists them, and where their last values end.

    The two ends differ where the file ends in half a line end: that is in the line's bytes, but
    not in its last value.
    """
    starts = positions[found[:, 0]] + 1
    ends = positions[found[:, 0] + found[:, 2]]
    returns = (ends > starts) & (data[ends - 1] == scan.RETURN)
    wholes = ends - (returns & (data[ends] == scan.LINE_FEED))
    none = np.zeros(len(found), np.int8)
    return Lines(found[:, 1].astype(np.int64), starts, wholes, none), ends - returns


def _settle(sheet: Sheet, other: Array, plan: Plan, rules: Rules, longest: int) -> None:
    """Mend or refuse the lines that did not fit."""
    named, blank = len(plan.columns), plan.binding.blank
    of, ends = _lines(sheet.data, sheet.positions, other)
    rows, fields = other[:, 0].copy(), other[:, 2].copy()
    long = of.ends - of.starts > longest
    sheet.refuse(of.only(long), "too_long")
    odd = np.flatnonzero((other[:, 3] != 0) & ~long)
    fits = np.zeros(len(other), np.bool_)
    if len(odd):
        rows[odd], fields[odd], removed = _without_nul(sheet, of.starts[odd], ends[odd])
        of.reasons[odd] = removed > 0  # the place of "nul_bytes"
        fits[odd] = fields[odd] == named
        if plan.spare:
            more = odd[fields[odd] > named]
            last = sheet.positions[rows[more] + fields[more]] - 1
            fits[more] = last - sheet.positions[rows[more] + named] == fields[more] - named
    sheet.refuse(of.only((fields < named) & ~long), "too_few_fields")
    # Something stands under a header without a name: no column to put it in.
    nameless = (fields == named + blank) & (blank > 0) & ~fits & ~long
    sheet.refuse(of.only(nameless), "no_alignment")
    left = np.flatnonzero((fields > named) & ~fits & ~nameless & ~long)
    sheet.add(rows[fits], fields[fits], of.only(fits))
    starts, ends = of.starts.copy(), ends.copy()
    if len(odd):
        starts[odd] = sheet.positions[rows[odd]] + 1
        ends[odd] = sheet.positions[rows[odd] + fields[odd]] - 1
    _mend(sheet, of.only(left), starts[left], ends[left], rules)


def _without_nul(sheet: Sheet, starts: Array, ends: Array) -> tuple[Array, Array, Array]:
    """Lines again, without NUL bytes: their places, their fields, and how many bytes are gone."""
    count, size = len(starts), int((ends - starts).sum()) + 2 * len(starts)
    out, positions = np.empty(size, np.uint8), np.empty(size, np.int32)
    rows, fields, removed = (np.empty(count, np.int32) for _ in range(3))
    without_nul(
        sheet.data, starts, ends, len(sheet.data) - scan.PADDING, out, positions,
        len(sheet.positions), rows, fields, removed,
    )  # fmt: skip
    known = int(rows[-1] + fields[-1] + 1 - len(sheet.positions))
    sheet.append(out[: size - int(removed.sum())], positions[:known])
    return rows, fields, removed


def _mend(sheet: Sheet, of: Lines, starts: Array, ends: Array, rules: Rules) -> None:
    """Put lines with too many fields back into their columns, or refuse them.

    Args:
        sheet: the block's rows so far.
        of: the lines.
        starts: where the text of each starts, NUL bytes taken out.
        ends: where it ends.
        rules: what the columns take.
    """
    at = len(sheet.data) - scan.PADDING
    text, places = bytearray(), array("i")
    rows, fields, kept = array("i"), array("i"), []
    refused = np.full(len(starts), -1, np.int8)
    for i, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        outcome = mend(sheet.data[start:end].tobytes().split(b"\t"), rules)
        if outcome.fields is None:
            refused[i] = REFUSALS.index(outcome.reason)
            continue
        how = [NUL] * bool(of.reasons[i]) + [outcome.reason] * bool(outcome.reason)
        of.reasons[i] = REPAIRS.index("+".join(how))
        kept.append(i)
        rows.append(len(sheet.positions) + len(places))
        places.append(at + len(text) - 1)
        values = outcome.fields[: len(rules.columns)]
        fields.append(len(values))
        for value in values:
            text += value
            text += b"\t"
            places.append(at + len(text) - 1)
        # The line end is CR LF, so that a return that ends the last value is not taken off.
        text[-1:] = b"\r\n"
        places[-1] += 1
    for place in np.unique(refused[refused >= 0]).tolist():
        sheet.refuse(of.only(refused == place), REFUSALS[place])
    if kept:
        sheet.append(np.frombuffer(text, np.uint8), np.frombuffer(places, np.int32))
        chosen = np.array(kept)
        sheet.add(np.frombuffer(rows, np.int32), np.frombuffer(fields, np.int32), of.only(chosen))


def read(sheet: Sheet, plan: Plan, rules: Rules) -> Values:
    """Read the values of all rows; rows without a key, and shifted ones, leave the sheet.

    A row that ends in spare tabs may be a shifted one whose last columns are blank. Where a value
    is nothing that its column could hold, the row is put back as any other with too many tabs.
    """
    values = _refuse_keyless(sheet, plan)
    long = np.flatnonzero(sheet.fields > len(plan.columns))
    if not len(long):
        return values
    width = len(plan.columns) + plan.binding.blank
    strange = STRANGE[values.status[:, long] & scan.WHAT].any(axis=0)
    for c, column in enumerate(plan.columns):
        if column.type == "guid":
            strange |= _faulty(sheet, plan, values, c)[long] & (values.status[c, long] == 0)
    strange &= sheet.fields[long] != width
    if not strange.any():
        return values
    rows = long[strange]
    of, before = sheet.of.only(rows), sheet.rows[rows]
    starts, ends = sheet.positions[before] + 1, sheet.positions[before + sheet.fields[rows]]
    ends = ends - ((ends > starts) & (sheet.data[ends - 1] == scan.RETURN))
    kept = np.ones(len(sheet.rows), np.bool_)
    kept[rows] = False
    sheet.keep(kept)
    _mend(sheet, of, starts, ends, rules)
    return _refuse_keyless(sheet, plan)


def _refuse_keyless(sheet: Sheet, plan: Plan) -> Values:
    """Refuse the rows that lack a value they need, and read the others."""
    if len(plan.required):
        values = _parse(sheet, plan, plan.required)
        lacking = np.zeros(len(sheet.rows), np.bool_)
        for c in plan.required.tolist():
            lacking |= (values.status[c] & scan.WHAT) >= scan.BLANK
            if plan.kinds[c] == TEXT:
                lacking |= _faulty(sheet, plan, values, c)
        if lacking.any():
            sheet.refuse(sheet.of.only(lacking), "no_key")
            sheet.keep(~lacking)
    return _parse(sheet, plan, np.arange(len(plan.columns)))


def _faulty(sheet: Sheet, plan: Plan, values: Values, column: int) -> Array:
    """For each row, whether a text is only blanks, or no identifier where one belongs."""
    place, text = plan.places[column]
    guid = plan.columns[column].type == "guid"
    known = values.states[text, 0]  # the blank among them
    faulty = np.zeros(max(known - 1, 1), np.bool_)
    minded = ENDS_BLANK | (NO_GUID if guid else 0)
    for k in np.flatnonzero(values.flags[text, 1:known] & minded).tolist():
        start = values.starts[text, k + 1]
        raw = sheet.data[start : start + values.sizes[text, k + 1]].tobytes().rstrip(b" ")
        faulty[k] = not raw or (guid and not GUID.fullmatch(raw))
    return faulty[values.narrow[place]]


def _parse(sheet: Sheet, plan: Plan, chosen: Array) -> Values:
    """Run the compiled pass."""
    count, columns = len(sheet.rows), len(plan.columns)
    bits = FIRST_BITS
    while 2 * (count + 2) > 1 << bits:
        bits += 2
    wide = int(np.sum((plan.places[:, 1] == 1) & (plan.kinds != TEXT)))
    texts = max(plan.texts, 1)
    values = Values(
        np.empty((columns - wide, count), np.int32),
        np.empty((wide, count), np.int64),
        np.empty((columns, count), np.uint8),
        np.zeros((columns, scan.STATUSES + 1), np.int64),
        np.empty((texts, count + 2), np.int32),
        np.empty((texts, count + 2), np.int32),
        np.empty((texts, count + 2), np.uint8),
        np.zeros((texts, 2), np.int64),
    )
    parse(
        sheet.data, sheet.positions, sheet.rows, count, chosen, plan.kinds, plan.places,
        plan.windows, values.narrow, values.wide, values.status, values.counts,
        np.empty((texts, 1 << bits), np.int32), values.starts, values.sizes,
        np.empty((texts, count + 2), np.uint64), values.flags, values.states,
    )  # fmt: skip
    return values
