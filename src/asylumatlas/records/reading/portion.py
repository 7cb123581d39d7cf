"""What one block gives: typed columns, values that need a word, and keys to be compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from asylumatlas.records.lookups import Lookups
from asylumatlas.records.reading import scan
from asylumatlas.records.reading.blocks import Block
from asylumatlas.records.reading.columns import OF_STATUS, PLACE, REASONS, Plan, pieces, text_array
from asylumatlas.records.reading.columns import typed_array as typed
from asylumatlas.records.reading.interning import TEXT
from asylumatlas.records.reading.keys import KeyStore
from asylumatlas.records.reading.realign import Rules
from asylumatlas.records.reading.sheet import NUL, REFUSALS, REPAIRS, Sheet, Values, cut, read
from asylumatlas.records.reading.splitting import nul_fields
from asylumatlas.records.reading.tally import Count
from asylumatlas.records.reading.texts import Texts, read_texts
from asylumatlas.records.reasons import UNREAD

Array = npt.NDArray[Any]
NO_ROWS = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Context:
    """What is needed to read a block of a file, the same for all blocks.

    Attributes:
        plan: how the columns are read.
        rules: what they take when a line has to be mended.
        lookups: the release's codes.
        keys: the keys of the tables read before; asked, not changed.
        orphans: for each column that refers to a table, whether that table was read.
        longest: lines of more bytes are no rows.
    """

    plan: Plan
    rules: Rules
    lookups: Lookups
    keys: KeyStore
    orphans: dict[int, bool]
    longest: int


@dataclass
class Notes:
    """Values that need a word, as three arrays: row, column, reason (a place in `REASONS`)."""

    parts: list[tuple[Array, int, int]] = field(default_factory=list)

    def add(self, rows: Array, column: int, reason: str) -> None:
        """Add rows of a column."""
        if len(rows):
            self.parts.append((rows, column, PLACE[reason]))

    def sorted(self) -> tuple[Array, Array, Array]:
        """Rows, columns and reasons in the order of the lines, then of the columns."""
        if not self.parts:
            return NO_ROWS, NO_ROWS, NO_ROWS
        rows = np.concatenate([part[0] for part in self.parts])
        columns = np.concatenate([np.full(len(part[0]), part[1]) for part in self.parts])
        reasons = np.concatenate([np.full(len(part[0]), part[2]) for part in self.parts])
        order = np.lexsort((reasons, columns, rows))
        return rows[order], columns[order], reasons[order]


@dataclass
class Portion:
    """What a block gives.

    Attributes:
        sheet: its rows.
        arrays: a column of each for Parquet.
        counts: what the ledger says of each column.
        notes: the values that need a word, but for keys that come twice.
        keys: rows and keys, in the order of the lines; None for a table without.
        pairs: rows and numbers of the columns that should not come twice together.
        named: for each row its key as a whole number, and whether it has one; None if no row has.
    """

    sheet: Sheet
    arrays: list[pa.Array]
    counts: list[Count]
    notes: Notes
    keys: tuple[Array, Array] | None
    pairs: tuple[Array, Array] | None
    named: tuple[Array, Array] | None
    plan: Plan
    _made: tuple[int, pa.Table | None] | None = None

    def repaired(self, first_line: int) -> pa.Table | None:
        """The rows of `repaired/` for this block; None if there are none."""
        of, starts, ends = self.sheet.repaired()
        if not len(of.numbers):
            return None
        data = self.sheet.data
        return pa.table(
            {
                "line": of.numbers + first_line,
                "reason": pa.array(REPAIRS).take(pa.array(of.reasons)),
                "before": pieces(data, of.starts, of.ends - of.starts),
                "after": pieces(data, starts, ends - starts),
            }
        )

    def refused(self, first_line: int) -> pa.Table | None:
        """The rows of `quarantined/` for this block, a line too long for it still in `raw`."""
        of = self.sheet.refused()
        if not len(of.numbers):
            return None
        return pa.table(
            {
                "line": of.numbers + first_line,
                "reason": pa.array(REFUSALS).take(pa.array(of.reasons)),
                "raw": pieces(self.sheet.data, of.starts, of.ends - of.starts),
                "side": pa.nulls(len(of.numbers), pa.string()),
            }
        )

    def values(self, first_line: int) -> pa.Table | None:
        """The rows of `values/` for this block; None if there are none.

        Args:
            first_line: the line number of the block's first line.
        """
        if self._made is None or self._made[0] < len(self.notes.parts):
            self.prepare()
        assert self._made is not None
        table = self._made[1]
        if table is None or not first_line:
            return table
        return table.set_column(0, "line", pc.add(table["line"], first_line))

    def prepare(self) -> None:
        """Make the rows of `values/` now, in a thread, rather than when they are written."""
        self._made = len(self.notes.parts), self._values()

    def _values(self) -> pa.Table | None:
        """The rows of `values/`, with lines counted from the block's first."""
        rows, columns, reasons = self.notes.sorted()
        if not len(rows):
            return None
        before = self.sheet.rows[rows] + columns
        starts = self.sheet.positions[before] + 1
        ends = self.sheet.positions[before + 1]
        data = self.sheet.data
        last = columns == len(self.plan.columns) - 1
        ends = ends - (
            last & (data[ends] != scan.TAB) & (ends > starts) & (data[ends - 1] == scan.RETURN)
        )
        names = pa.array([column.name for column in self.plan.columns])
        key = pa.nulls(len(rows), pa.int64())
        if self.named is not None:
            values, read = self.named
            key = pa.array(values[rows].astype(np.int64), mask=~read[rows])
        return pa.table(
            [
                pa.array(self.sheet.numbers[rows]),
                pa.DictionaryArray.from_arrays(pa.array(columns.astype(np.int32)), names),
                pa.DictionaryArray.from_arrays(
                    pa.array(reasons.astype(np.int32)), pa.array(REASONS)
                ),
                pieces(data, starts, ends - starts),
                key,
            ],
            names=["line", "column", "reason", "raw", "key"],
        )


def read_portion(block: Block, context: Context) -> Portion:
    """Read a block; free of the interpreter's lock for most of the time.

    Args:
        block: whole lines.
        context: what is needed to read it.
    """
    plan = context.plan
    sheet = cut(block, plan, context.rules, context.longest)
    portion = _Reader(sheet, read(sheet, plan, context.rules), context).portion()
    portion.prepare()
    return portion


class _Reader:
    """Makes a portion of the values of a sheet."""

    def __init__(self, sheet: Sheet, values: Values, context: Context) -> None:
        self.sheet, self.got, self.context = sheet, values, context
        self.plan = context.plan
        self.notes = Notes()
        self.counts: list[Count] = []
        self.texts: dict[int, Texts] = {}

    def portion(self) -> Portion:
        """Everything."""
        columns = range(len(self.plan.columns))
        for c in columns:
            if self.plan.kinds[c] == TEXT:
                self.texts[c] = self._texts(c)
        arrays = [self._array(c) for c in columns]
        self.counts = [self._count(c) for c in columns]
        self._order()
        for c in columns:
            self._decode(c)
            self._orphans(c)
        self._nul_bytes()
        table = self.plan.binding.table
        return Portion(
            self.sheet, arrays, self.counts, self.notes, self._joined(table.key),
            self._joined(table.unique), self._named(table.key), self.plan,
        )  # fmt: skip

    def _named(self, key: tuple[str, ...]) -> tuple[Array, Array] | None:
        """The first column of a table's key, and where it was read, if it is a whole number."""
        c = self.plan.number(key[0]) if key else None
        if c is None or self.plan.kinds[c] != scan.KEY:
            return None
        return self.values(c), self._read(c)

    def values(self, c: int) -> Array:
        """The values of a typed column."""
        place, wide = self.plan.places[c]
        typed_wide = wide == 1 and self.plan.kinds[c] != TEXT
        values: Array = (self.got.wide if typed_wide else self.got.narrow)[place]
        return values

    def _texts(self, c: int) -> Texts:
        """A text column."""
        place, t = self.plan.places[c]
        known = self.got.states[t, 0]
        return read_texts(
            self.plan.columns[c], self.sheet.data, self.got.starts[t, 1:known],
            self.got.sizes[t, 1:known], self.got.flags[t, 1:known], self.got.narrow[place],
            self.got.status[c],
        )  # fmt: skip

    def _read(self, c: int) -> Array:
        """For each row, whether the column has a value."""
        read: Array = (self.got.status[c] & scan.WHAT) < scan.BLANK
        return read

    def _array(self, c: int) -> pa.Array:
        """A column for Parquet."""
        read = self._read(c)
        readable = None if read.all() else read
        if c in self.texts:
            return text_array(self.texts[c].codes, self.texts[c].array, readable)
        return typed(self.plan.columns[c], self.values(c), readable)

    def _count(self, c: int) -> Count:
        """What became of the values of a column; those that need a word are noted."""
        status = self.got.status[c]
        what = self.got.counts[c][: scan.STATUSES]
        if c in self.texts:
            what = _outcomes(status)
        count = Count(int(what[scan.BLANK]), int(what[scan.READ] + what[scan.TIME_DROPPED]))
        for place, reason in OF_STATUS.items():
            if what[place]:
                group = count.unread if reason in UNREAD else count.noted
                group[reason] = group.get(reason, 0) + int(what[place])
                self.notes.add(np.flatnonzero((status & scan.WHAT) == place), c, reason)
        if c in self.texts:
            texts = self.texts[c]
            for reason, forms in texts.counted.items():
                count.counted[reason] = (sum(forms.values()), forms)
            self._note(count, c, texts.foreign, "not_utf8")
        elif self.got.counts[c, scan.STATUSES]:
            count.counted["padded"] = self._padded(c)
        return count

    def _padded(self, c: int) -> tuple[int, dict[str, int]]:
        """The padded values of a typed column."""
        rows = np.flatnonzero(self.got.status[c] & scan.PADDED)
        forms: dict[str, int] = {}
        for row in rows.tolist():
            before = self.sheet.rows[row] + c
            start, end = self.sheet.positions[before] + 1, self.sheet.positions[before + 1]
            form = self.sheet.data[start:end].tobytes().decode("ascii").removesuffix("\r")
            forms[form] = forms.get(form, 0) + 1
        return len(rows), forms

    def _note(self, count: Count, c: int, rows: Array, reason: str) -> None:
        """Note rows of a column and count them."""
        if len(rows):
            count.noted[reason] = count.noted.get(reason, 0) + len(rows)
            self.notes.add(rows, c, reason)

    def _nul_bytes(self) -> None:
        """Count the values that NUL bytes were taken out of; of a shifted row, by their place."""
        of, starts, ends = self.sheet.repaired()
        data, counts = self.sheet.data, np.zeros(len(self.counts), np.int64)
        only = of.only(of.reasons == REPAIRS.index(NUL))
        nul_fields(data, only.starts, only.ends, counts)
        for i in np.flatnonzero(of.reasons != REPAIRS.index(NUL)).tolist():
            before = data[of.starts[i] : of.ends[i]].tobytes()
            if NUL in REPAIRS[of.reasons[i]] and b"\0" in before:
                after = data[starts[i] : ends[i]].tobytes().split(b"\t")
                for c in _nul_places(before.split(b"\t"), after):
                    counts[min(c, len(counts) - 1)] += 1
        for count, found in zip(self.counts, counts.tolist(), strict=True):
            count.nul_bytes = found

    def _order(self) -> None:
        """Note dates that should not be earlier than others and are."""
        for names in self.plan.binding.table.order:
            first, second = (self.plan.number(name) for name in names)
            if first is None or second is None:
                continue
            both = self._read(first) & self._read(second)
            rows = np.flatnonzero(both & (self.values(first) > self.values(second)))
            self._note(self.counts[second], second, rows, "out_of_order")

    def _decode(self, c: int) -> None:
        """Note and count the codes that their lookup does not have."""
        codes, column = self.plan.codes[c], self.plan.columns[c]
        if codes is None:
            return
        texts = self.texts[c]
        if column.within:
            other = self.plan.number(column.within)
            assert other is not None  # `_codes` has seen to it
            decides = self.context.lookups.decides
            rows = texts.unknown_within(self.texts[other], decides, column.kind or "")
        else:
            rows = texts.unknown(codes)
        self._note(self.counts[c], c, rows, "unknown_code")
        self.counts[c].unknown = _by_value(texts, rows)

    def _orphans(self, c: int) -> None:
        """Note values that are no key of the table they refer to."""
        refers = self.plan.columns[c].refers
        if refers is None or not self.context.orphans[c]:
            return
        missing: Callable[[str, Array], Array | None] = self.context.keys.missing
        rows = np.flatnonzero(self._read(c))
        numbers = self._numbers(c, rows)
        gone = missing(refers, numbers) if len(rows) else None
        if gone is not None:
            self._note(self.counts[c], c, rows[gone], "orphan")

    def _numbers(self, c: int, rows: Array) -> Array:
        """What stands for the values of some rows of a key, identifier or text column."""
        if c not in self.texts:
            return self.values(c)[rows]
        texts = self.texts[c]
        each = texts.numbers if texts.numbers is not None else texts.hashes()
        return each[texts.codes[rows]]

    def _joined(self, names: tuple[str, ...]) -> tuple[Array, Array] | None:
        """Rows that have a value in all these columns, and what stands for those together."""
        columns = [self.plan.number(name) for name in names]
        found = [c for c in columns if c is not None]
        if not found or len(found) < len(names):
            return None
        read = self._read(found[0])
        for c in found[1:]:
            read = read & self._read(c)
        rows = np.flatnonzero(read)
        numbers = self._numbers(found[0], rows)
        for c in found[1:]:
            numbers = numbers.astype(np.uint64) << np.uint64(32) | self._numbers(c, rows).astype(
                np.uint64
            )
        return rows, numbers


def _outcomes(status: Array) -> Array:
    """How often each thing became of the values of a text column; nearly all are blank or read."""
    times = np.zeros(scan.STATUSES, np.int64)
    times[scan.BLANK] = np.count_nonzero(status == scan.BLANK)
    times[scan.READ] = np.count_nonzero(status == scan.READ)
    return times if times.sum() == len(status) else np.bincount(status, minlength=scan.STATUSES)


def _nul_places(before: list[bytes], after: list[bytes]) -> Iterator[int]:
    """Which fields of a mended line had NUL bytes before."""
    for c, raw in enumerate(before):
        if b"\0" in raw:
            clean = raw.replace(b"\0", b"")
            same = c < len(after) and after[c] == clean
            yield c if same or clean not in after else after.index(clean)


def _by_value(texts: Texts, rows: Array) -> dict[str, int]:
    """How often each text came in some rows, in the order in which they first come."""
    if not len(rows):
        return {}
    times = np.bincount(texts.codes[rows], minlength=len(texts.values))
    return {texts.values[k]: int(times[k]) for k in np.flatnonzero(times).tolist()}
