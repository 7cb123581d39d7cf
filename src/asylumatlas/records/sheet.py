"""A block cut into rows: lines that fit the header, lines mended, lines that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from asylumatlas.records import scan
from asylumatlas.records.blocks import LONGEST, Block
from asylumatlas.records.columns import STRANGE, Plan
from asylumatlas.records.interning import ENDS_BLANK, FIRST_BITS, NO_GUID, TEXT, parse
from asylumatlas.records.realign import Rules, mend
from asylumatlas.records.splitting import lines, separators
from asylumatlas.records.texts import GUID

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Refused:
    """A line that is quarantined: its number in the block, why, and its bytes."""

    line: int
    reason: str
    raw: bytes


@dataclass(frozen=True)
class Repair:
    """A line that was mended: why, and its bytes before and after."""

    reason: str
    before: bytes
    after: bytes


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
class Sheet:
    """The rows of a block.

    Attributes:
        data: the block, the bytes of mended rows after it.
        positions: where fields end.
        rows: for each row, the place in `positions` of the separator before it.
        numbers: for each row, its line's number in the block, from 0.
        fields: for each row, how many fields its line has.
        lines: how many lines the block has.
        crlf: how many of them end in CR LF.
        ended: whether the last one has a line end.
        refused: lines that are no rows.
        repairs: by line, the rows that were mended.
    """

    data: Array
    positions: Array
    rows: Array
    numbers: Array
    fields: Array
    lines: int
    crlf: int
    ended: bool
    refused: list[Refused] = field(default_factory=list)
    repairs: dict[int, Repair] = field(default_factory=dict)

    def line(self, row: int) -> bytes:
        """The bytes of a row's line as they are in the file, without the line end."""
        number = int(self.numbers[row])
        if number in self.repairs:
            return self.repairs[number].before
        before = self.rows[row]
        start, end = self.positions[before] + 1, self.positions[before + self.fields[row]]
        return stripped(self.data, start, end)

    def keep(self, chosen: Array) -> None:
        """Keep the chosen rows only."""
        self.rows, self.numbers = self.rows[chosen], self.numbers[chosen]
        self.fields = self.fields[chosen]

    def insert(self, mended: list[tuple[int, list[bytes]]]) -> None:
        """Put rows in where their lines stood.

        Args:
            mended: line and fields of each; a field may hold anything, a tab too.
        """
        if not mended:
            return
        ends: list[int] = []
        rows = []
        at = len(self.data) - scan.PADDING
        parts = [self.data[:at].tobytes()]
        for _, fields in mended:
            rows.append(len(self.positions) + len(ends))
            ends.append(at - 1)
            for value in fields:
                at += len(value) + 1
                ends.append(at - 1)
            # The line end is CR LF, so that a return that ends the last value is not taken off.
            parts.append(b"\t".join(fields) + b"\r\n")
            ends[-1] += 1
            at += 1
        data = np.frombuffer(b"".join((*parts, bytes(scan.PADDING))), np.uint8)
        self.data = data
        self.positions = np.concatenate([self.positions, np.array(ends, np.int32)])
        numbers = np.concatenate([self.numbers, [line for line, _ in mended]])
        order = np.argsort(numbers, kind="stable")
        self.numbers = numbers[order]
        self.rows = np.concatenate([self.rows, np.array(rows, np.int32)])[order]
        counts = np.array([len(fields) for _, fields in mended], np.int32)
        self.fields = np.concatenate([self.fields, counts])[order]


def stripped(data: Array, start: int, end: int) -> bytes:
    """The bytes of a line without its line end, which stands at `end`."""
    raw = data[start:end].tobytes()
    return raw.removesuffix(b"\r") if data[end] == scan.LINE_FEED else raw


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
    right, other = np.empty((count, 3), np.int32), np.empty((count, 3), np.int32)
    totals = np.zeros(4, np.int64)
    lines(
        block.data, block.size, positions, count, len(plan.columns), int(plan.spare),
        right, other, totals,
    )  # fmt: skip
    right, other = right[: totals[0]], other[: totals[1]]
    sheet = Sheet(
        block.data,
        positions,
        right[:, 0].copy(),
        right[:, 1].astype(np.int64),
        right[:, 2].copy(),
        int(totals[0] + totals[1]),
        int(totals[2]),
        block.ended,
    )
    mended = []
    for before, line, end in other.tolist():
        raw = stripped(block.data, positions[before] + 1, positions[end])
        fields = _settle(sheet, line, raw, plan, rules, longest)
        if fields is not None:
            mended.append((line, fields))
    sheet.insert(mended)
    return sheet


def _settle(
    sheet: Sheet, line: int, raw: bytes, plan: Plan, rules: Rules, longest: int
) -> list[bytes] | None:
    """The fields of a line that did not fit; None if it is refused, which is noted."""
    if len(raw) > longest:
        sheet.refused.append(Refused(line, "too_long", raw))
        return None
    clean = raw.replace(b"\0", b"")
    fields = clean.split(b"\t")
    named = len(plan.columns)
    reasons = ["nul_bytes"] if len(clean) < len(raw) else []
    extra = fields[named:]
    if len(fields) > named and not (plan.spare and not any(extra)):
        if len(fields) == named + plan.binding.blank:
            # Something stands under a header without a name: no column to put it in.
            sheet.refused.append(Refused(line, "no_alignment", raw))
            return None
        return _mended(sheet, line, raw, fields, reasons, rules)
    if len(fields) < named:
        sheet.refused.append(Refused(line, "too_few_fields", raw))
        return None
    if reasons:
        sheet.repairs[line] = Repair("+".join(reasons), raw, b"\t".join(fields))
    return fields


def _mended(
    sheet: Sheet, line: int, raw: bytes, fields: list[bytes], reasons: list[str], rules: Rules
) -> list[bytes] | None:
    """The fields of a line put back into their columns; None if that cannot be done."""
    outcome = mend(fields, rules)
    if outcome.fields is None:
        sheet.refused.append(Refused(line, outcome.reason, raw))
        return None
    if outcome.reason:
        reasons = [*reasons, outcome.reason]
    named = outcome.fields[: len(rules.columns)]
    if reasons:
        sheet.repairs[line] = Repair("+".join(reasons), raw, b"\t".join(named))
    return named


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
    mended = []
    for row in long[strange].tolist():
        line, raw = int(sheet.numbers[row]), sheet.line(row)
        reasons = ["nul_bytes"] if b"\0" in raw else []
        sheet.repairs.pop(line, None)
        fields = _mended(sheet, line, raw, raw.replace(b"\0", b"").split(b"\t"), reasons, rules)
        if fields is not None:
            mended.append((line, fields))
    kept = np.ones(len(sheet.rows), np.bool_)
    kept[long[strange]] = False
    sheet.keep(kept)
    sheet.insert(mended)
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
        for row in np.flatnonzero(lacking).tolist():
            raw, line = sheet.line(row), int(sheet.numbers[row])
            sheet.repairs.pop(line, None)
            sheet.refused.append(Refused(line, "no_key", raw))
        if lacking.any():
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
