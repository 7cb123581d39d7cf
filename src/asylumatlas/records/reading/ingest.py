"""One file of a release into typed Parquet, with every line and every value accounted for.

Blocks are read in order, parsed by several threads at once, and written in order, so the result
does not depend on how many threads there are. Memory holds a few blocks, never the file.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from asylumatlas.records.lookups import Lookups
from asylumatlas.records.reading.blocks import (
    BLOCK_BYTES,
    BYTE_ORDER_MARK,
    LONGEST,
    Block,
    Blocks,
    LongLine,
    header_names,
)
from asylumatlas.records.reading.columns import Plan, plan
from asylumatlas.records.reading.keys import KeyStore
from asylumatlas.records.reading.portion import Context, Portion, read_portion
from asylumatlas.records.reading.realign import Rules
from asylumatlas.records.reading.sheet import REFUSALS, REPAIRS
from asylumatlas.records.reading.tally import tallies
from asylumatlas.records.reading.writing import Outputs
from asylumatlas.records.registry import Binding, Table, bind

Array = npt.NDArray[Any]
Progress = Callable[[int, int], None]
LARGEST_HEADER = 1 << 16
LINE = "line"  # the first column of every Parquet file


class IngestError(ValueError):
    """A file is not what it should be, in one line that names it and says what to do."""


class Member(Protocol):
    """A file of a release, as `records.files.release` has it."""

    @property
    def name(self) -> str:
        """Its name in the release."""

    @property
    def size(self) -> int:
        """Its size in bytes, unpacked."""

    def open(self) -> Any:
        """Open it: a context manager with `read(size)`."""


def ingest(
    table: Table,
    member: Member,
    folder: Path,
    lookups: Lookups,
    keys: KeyStore,
    as_of: date,
    progress: Progress | None = None,
    workers: int = 2,
    count_txt: int | None = None,
    *,
    block_bytes: int = BLOCK_BYTES,
    longest: int = LONGEST,
) -> dict[str, Any]:
    """Read a file of a release and write `{tables,values,repaired,quarantined}/<TABLE>.parquet`.

    Args:
        table: what the file holds.
        member: the file.
        folder: where the four files go; the caller moves them to their place when all is well.
        lookups: the release's codes.
        keys: the keys of the tables read before; this table's are added, and saved at the end.
        as_of: the day of the release; later days are believed only of columns that look ahead.
        progress: called with bytes and lines read so far.
        workers: threads that parse.
        count_txt: how many rows the release says the file has.
        block_bytes: about how many bytes are parsed at once; also the size of a row group.
        longest: lines of more bytes are quarantined in files of their own.

    Returns:
        The file's entry in the ledger.

    Raises:
        IngestError: the header is not this table's; nothing can be read then.
    """
    began = time.monotonic()
    keys.begin(table.name)
    keys.drop(_pairs(table))
    with member.open() as source:
        outputs = Outputs(folder, table.name)
        blocks = Blocks(source, outputs.long_part, block_bytes, longest)
        binding = _bound(table, member.name, blocks)
        planned = plan(binding, lookups, as_of)
        orphans = {
            c: keys.known(column.refers)
            for c, column in enumerate(planned.columns)
            if column.refers and column.refers != table.name
        }
        rules = Rules(binding, lookups, as_of)
        context = Context(planned, rules, lookups, keys, orphans, longest)
        for c, known in orphans.items():
            if known:
                keys.load(str(planned.columns[c].refers))
        run = _Run(table, planned, context, outputs, keys)
        outputs.begin(planned.schema)
        try:
            with closing(_parsed(blocks, context, workers)) as parts:
                for part in parts:
                    run.add(part)
                    if progress:
                        progress(blocks.read, run.lines)
            outputs.finish()
        finally:
            outputs.close()
    keys.finish(table.name)
    return run.entry(member.name, blocks.read, count_txt, binding, time.monotonic() - began)


def _pairs(table: Table) -> str:
    """The name under which the columns that should not come twice together are kept."""
    return f"{table.name}.unique"


def _bound(table: Table, name: str, blocks: Blocks) -> Binding:
    """The file's header, bound to the table's columns."""
    header = blocks.header
    if len(header) > LARGEST_HEADER or header[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise IngestError(
            f"{name}: this is not tab-separated text of one byte a character; unpack it again, or"
            " fetch the release again"
        )
    empty = not header and blocks.read <= len(BYTE_ORDER_MARK)
    if empty and table.kind == "main":
        raise IngestError(
            f"{name}: is empty, not even a header; fetch the release again, or leave the table out"
            " with --tables"
        )
    binding = _apart(table, header_names(header))
    if not empty and len(binding.added) == len(binding.columns):
        raise IngestError(
            f"{name}: the first line names no column of {table.name}; columns are separated by"
            f" tabs, and the first should be {table.columns[0].name}"
        )
    lacking = [c.name for c in table.columns if c.required and c.name in binding.missing]
    if not empty and lacking:
        raise IngestError(
            f"{name}: the header has no {lacking[0]}, which every row needs; fetch the release"
            " again, or leave this table out"
        )
    return binding


def _apart(table: Table, names: list[str]) -> Binding:
    """A header's names bound; a column named as ours of the line numbers gets another name."""
    bare = [name.strip() for name in names]
    taken = {name.casefold() for name in bare}
    other = {}
    for place, name in enumerate(bare):
        if name.casefold() == LINE:
            new = f"{LINE}_"
            while new in taken:
                new += "_"
            other[new] = name
            names = [*names[:place], new, *names[place + 1 :]]
    binding = bind(table, names)
    return replace(binding, renamed={**binding.renamed, **other})


def _parsed(blocks: Blocks, context: Context, workers: int) -> Generator[Portion | LongLine]:
    """The blocks, parsed by threads, in order; only a few are in memory at once.

    A portion is good until the next one is asked for: then its memory is used again.
    """
    waiting: deque[tuple[Block, Future[Portion]] | LongLine] = deque()
    with ThreadPoolExecutor(max(workers, 1)) as threads:
        try:
            for block in blocks:
                if isinstance(block, Block):
                    waiting.append((block, threads.submit(read_portion, block, context)))
                else:
                    waiting.append(block)
                while len(waiting) > workers + 1:
                    yield from _result(blocks, waiting.popleft())
            while waiting:
                yield from _result(blocks, waiting.popleft())
        finally:
            for left in waiting:
                if isinstance(left, tuple):
                    left[1].cancel()


def _result(
    blocks: Blocks, part: tuple[Block, Future[Portion]] | LongLine
) -> Generator[Portion | LongLine]:
    """A part once it is ready."""
    if isinstance(part, LongLine):
        yield part
        return
    block, portion = part
    yield portion.result()
    del portion
    blocks.release(block)


@dataclass
class _Run:
    """One file being read: what was written and counted so far."""

    table: Table
    plan: Plan
    context: Context
    outputs: Outputs
    keys: KeyStore
    lines: int = 0
    kept: int = 0
    repaired: int = 0
    quarantined: int = 0
    crlf: int = 0
    ended: bool = True
    reasons: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.columns = tallies(self.plan, self.context.orphans)

    def add(self, part: Portion | LongLine) -> None:
        """Write and count the next lines of the file."""
        first = self.lines + 2  # the header is line 1
        if isinstance(part, LongLine):
            self.outputs.refuse_long(first, part.side)
            self.reasons["too_long"] = self.reasons.get("too_long", 0) + 1
            self.quarantined += 1
            self.lines += 1
            self.crlf += part.line_end == "crlf"
            self.ended = part.line_end != ""
            return
        self._twice(part)
        for tally, count in zip(self.columns, part.counts, strict=True):
            tally.add(count)
        self.outputs.write(part, first)
        self._reasons(REFUSALS, part.sheet.refused().reasons)
        mended = part.sheet.of.reasons[part.sheet.of.reasons > 0]
        self._reasons(REPAIRS, mended)
        self.repaired += len(mended)
        self.kept += len(part.sheet.rows) - len(mended)
        self.quarantined += part.sheet.lines - len(part.sheet.rows)
        self.lines += part.sheet.lines
        self.crlf += part.sheet.crlf
        self.ended = part.sheet.ended

    def _reasons(self, words: tuple[str, ...], found: Array) -> None:
        """Count the reasons of some lines."""
        times = np.bincount(found, minlength=len(words))
        for place in np.flatnonzero(times).tolist():
            word = words[place]
            self.reasons[word] = self.reasons.get(word, 0) + int(times[place])

    def _twice(self, part: Portion) -> None:
        """Note keys, and pairs that should not come twice, of which an earlier line is the same."""
        for found, names, reason, store in (
            (part.keys, self.table.key, "duplicate_key", self.table.name),
            (part.pairs, self.table.unique, "repeated", _pairs(self.table)),
        ):
            if found is None or not len(found[0]):
                continue
            rows, numbers = found
            again = rows[self.keys.add(store, numbers)]
            if len(again):
                column = self.plan.number(names[-1])
                assert column is not None  # or there would be no numbers
                part.notes.add(again, column, reason)
                noted = part.counts[column].noted
                noted[reason] = noted.get(reason, 0) + len(again)

    def entry(
        self, name: str, size: int, count_txt: int | None, binding: Binding, seconds: float
    ) -> dict[str, Any]:
        """What the ledger says of the file."""
        self.keys.drop(_pairs(self.table))
        difference = None if count_txt is None else self.lines - count_txt
        by_name = {
            column.name: tally.entry()
            for column, tally in zip(self.plan.columns, self.columns, strict=True)
        }
        return {
            "table": self.table.name,
            "file": name,
            "bytes": size,
            "lines": self.lines,
            "kept": self.kept,
            "repaired": self.repaired,
            "quarantined": self.quarantined,
            "count_txt": count_txt,
            "difference": difference,
            "reasons": dict(sorted(self.reasons.items())),
            "columns": {
                "missing": list(binding.missing),
                "added": list(binding.added),
                "renamed": dict(binding.renamed),
                "by_name": by_name,
            },
            "line_ends": {"crlf": self.crlf, "lf": self.lines - self.crlf - (not self.ended)},
            "unended_last_line": not self.ended,
            "seconds": round(seconds, 3),
        }
