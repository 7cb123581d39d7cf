"""A whole synthetic release: histories in, a zip or a folder out.

Chunks of cases are made in worker processes, each its own simulation, rows, bytes, defects and
packing. The parent puts the pieces of each table one after another in the order of the chunks, so
that the bytes do not depend on the number of processes.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asylumatlas.records.registry import Table, tables
from asylumatlas.synthetic.archive import (
    DEFLATE,
    DEFLATE64,
    Member,
    WritingError,
    unfinished,
    write_zip,
)
from asylumatlas.synthetic.chunks import Done, Job, done_chunks

if TYPE_CHECKING:
    from asylumatlas.synthetic.withheld import Gone

Progress = Callable[[int, int], None]
MOST_CASES = 20_000_000  # a case's rows have numbers that fit 31 bits up to here
BYTES_PER_CASE = 1_600  # of all files, measured on a release of a hundred thousand cases
PACKED = 0.75  # part of them on the disk at once while a zip is made
LARGE = ("B_TblProceeding", "tbl_schedule", "tbl_RepsAssigned")  # method 9 in the real release, too
FIRST, LAST = date(2012, 1, 1), date(2027, 12, 31)  # days a release may be of


class SynthesisError(ValueError):
    """A release that cannot be made as asked, in one line with the remedy."""


@dataclass(frozen=True)
class Synthesized:
    """A release that was written.

    Attributes:
        path: the zip or folder.
        cases: cases in it.
        rows: data lines of each main table's file.
        bytes: of all files together, unpacked.
        packed: bytes on the disk.
        seconds: it took.
        as_of: the day it is of. seed: of everything.
        defects: multiple of the observed rates.
        planted: number of defects in the truth file; None without one.
        log: folder of the event log that it was made from, if one was asked for.
    """

    path: Path
    cases: int
    rows: dict[str, int]
    bytes: int
    packed: int
    seconds: float
    as_of: date
    seed: int
    defects: float
    planted: int | None = None
    log: Path | None = None


@dataclass
class _Writing:
    """What is under way: the members so far, their lines, and the truth."""

    folder: str
    work: Path
    zipped: bool
    members: dict[str, Member] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    cases: int = 0

    def member(self, name: str, method: int | None = DEFLATE) -> Member:
        """A new member of this name."""
        path = self.work / "members" / self.folder / name
        return Member(path, f"{self.folder}/{name}", method if self.zipped else None)

    def abandon(self) -> None:
        """Let go of every file that is still open."""
        for member in self.members.values():
            member.abandon()


def synthesize(
    cases: int,
    out: Path,
    *,
    defects: float = 1.0,
    truth: Path | None = None,
    seed: int = 1,
    as_of: date = date(2026, 4, 1),
    log: Path | None = None,
    workers: int = 2,
    progress: Progress | None = None,
    gone: Sequence[Gone] = (),
    chunk_cases: int = 60_000,
) -> Synthesized:
    """Write a made-up release of court records.

    The release has `cases` cases if it is of 1 April 2026; an earlier one of the same seed has
    fewer, a later one more, and what both know is the same.

    Args:
        cases: 1 to 20,000,000.
        out: a zip if it ends in .zip, otherwise a folder; must not be there yet.
        defects: multiple of the rates at which defects were observed; 0 for none.
        truth: Parquet file that is to name every defect.
        seed: of histories, rows and defects.
        as_of: the day of the release, 2012-01-01 to 2027-12-31.
        log: folder for the event log of the histories, as far as records show them.
        workers: processes; the bytes do not depend on it.
        progress: called with (cases done, cases in all).
        gone: rows that the release does not have, though it should (see `months`).
        chunk_cases: cases made at a time by a process; another number makes other cases.

    Raises:
        SynthesisError: a number out of range.
        WritingError: `out` is there already, or the disk is too full.

    Example:
        >>> from pathlib import Path
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     made = synthesize(50, Path(folder) / "release.zip", defects=0, workers=1)
        >>> made.cases
        50
    """
    started = time.perf_counter()
    out, truth, log = Path(out), truth and Path(truth), log and Path(log)
    _check(cases, out, defects, seed, as_of, truth, log)
    zipped = out.suffix.lower() == ".zip"
    with ExitStack() as stack:
        work = stack.enter_context(unfinished(out))
        log_work = None if log is None else stack.enter_context(unfinished(log))
        name = f"EOIR Case Data {as_of:%Y-%m%d}"
        writing = _Writing(name, work, zipped)
        stack.callback(writing.abandon)
        writer = _truth_writer(stack, truth, name)
        job = Job(
            cases, seed, as_of, defects, zipped, LARGE, work, log_work, tuple(gone), chunk_cases
        )
        parts = _write_tables(writing, job, workers, progress, writer)
        _write_rest(writing, job, writer)
        if log is not None and log_work is not None:
            _seal(log_work, job, parts)
        packed = _finish(writing, out, as_of)
        if log is not None and log_work is not None:
            _rename(log_work, log)
    return Synthesized(
        path=out,
        cases=writing.cases,
        rows={
            name: lines for name, lines in writing.lines.items() if tables()[name].kind == "main"
        },
        bytes=sum(member.size for member in writing.members.values()),
        packed=packed,
        seconds=time.perf_counter() - started,
        as_of=as_of,
        seed=seed,
        defects=defects,
        planted=None if writer is None else writer.planted,
        log=log,
    )


def _check(
    cases: int,
    out: Path,
    defects: float,
    seed: int,
    as_of: date,
    truth: Path | None,
    log: Path | None,
) -> None:
    """Refuse what cannot be done, before anything is written."""
    if not 1 <= cases <= MOST_CASES:
        raise SynthesisError(f"cases: {cases} is outside 1 to {MOST_CASES:,}")
    if not 0 <= defects <= 1e6:
        raise SynthesisError(f"defects: {defects:g} is outside 0 to 1,000,000; 1 is as observed")
    if not 0 <= seed < 2**63:
        raise SynthesisError(f"seed: {seed} is outside 0 to 2**63 - 1")
    if not FIRST <= as_of <= LAST:
        raise SynthesisError(f"as of: {as_of} is outside {FIRST} to {LAST}")
    for path in (truth, log):
        if path is not None and path.exists():
            raise WritingError(f"{path}: is there already; remove it or give another name")
        if path is not None and not path.parent.is_dir():
            raise WritingError(f"{path}: there is no folder {path.parent}; make it first")
    if out.parent.is_dir():
        part = PACKED if out.suffix.lower() == ".zip" else 1.05
        needed = int(cases * BYTES_PER_CASE * part) + (8 << 20)
        free = shutil.disk_usage(out.parent).free
        if needed > free:
            raise WritingError(
                f"{out}: needs about {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free; "
                "make fewer cases or choose another disk"
            )


def _truth_writer(stack: ExitStack, truth: Path | None, name: str) -> Any:
    """The truth file's writer, closed when all is done; None if no truth is wanted."""
    if truth is None:
        return None
    from asylumatlas.synthetic.truth import TruthWriter

    return stack.enter_context(TruthWriter(truth, name))


def _write_tables(
    writing: _Writing, job: Job, workers: int, progress: Progress | None, writer: Any
) -> list[dict[str, Any]]:
    """Write the main tables, chunk after chunk; the parts of the log."""
    from asylumatlas.synthetic.defects import Plan, ragged
    from asylumatlas.synthetic.wire import header

    main = [table for table in tables().values() if table.kind == "main"]
    for table in main:
        method = DEFLATE64 if table.name in job.large else DEFLATE
        member = writing.members[table.name] = writing.member(
            f"EOIR Case Data/{table.file}", method
        )
        writing.lines[table.name] = 0
        line, rows = ragged(table, header(table).rstrip(b"\r\n"), Plan(job.seed, job.defects))
        member.add(line + b"\r\n")
        _add_truth(writer, rows, 0)
    parts = []
    if progress:
        progress(0, job.cases)
    for chunk in done_chunks(job, workers):
        _append(writing, chunk, writer)
        if chunk.part is not None:
            parts.append(chunk.part)
        writing.cases += chunk.cases
        if progress:
            progress(min(writing.cases, job.cases), job.cases)
    return parts


def _append(writing: _Writing, chunk: Done, writer: Any) -> None:
    """Put the pieces of a chunk behind those of the chunk before it."""
    with chunk.path.open("rb") as source:
        for table, piece in chunk.pieces.items():
            writing.members[table].append(source, piece)
            # the header is line 1, and a chunk numbers its lines from 0
            _add_truth(writer, chunk.truth.get(table, []), writing.lines[table] + 2)
            writing.lines[table] += chunk.lines[table]
    _add_truth(writer, chunk.missing, 0)
    chunk.path.unlink()


def _add_truth(writer: Any, rows: list[Any], lines: int) -> None:
    """Hand truth rows on, their lines counted from the beginning of the file."""
    if writer is not None and rows:
        writer.add(row._replace(line=row.line + lines) for row in rows)


def _write_rest(writing: _Writing, job: Job, writer: Any) -> None:
    """Write the lookups, Count.txt, the Readme and the list of columns."""
    from asylumatlas.synthetic import texts
    from asylumatlas.synthetic.defects import Plan, deflated, doubled_codes, miscount
    from asylumatlas.synthetic.lookups import lookup_files
    from asylumatlas.synthetic.wire import header

    for name, rows in lookup_files(job.defects, job.seed):
        table: Table = tables()[name]
        member = writing.members[name] = writing.member(f"Lookup/{table.file}")
        member.add(header(table) + b"".join(b"\t".join(row) + b"\r\n" for row in rows))
        writing.lines[name] = len(rows)
    plan = Plan(job.seed, job.defects)
    counts, truth = miscount(writing.lines, plan)
    truth += doubled_codes(plan)
    if writing.zipped:
        truth += deflated(LARGE, plan)
    _add_truth(writer, truth, 0)
    for name, text in (
        ("Count.txt", texts.counts(counts)),
        ("Readme.txt", texts.readme(job)),
        ("Schema.csv", texts.schema()),
    ):
        writing.members[name] = writing.member(name)
        writing.members[name].add(text.encode())
    for member in writing.members.values():
        member.close()


def _finish(writing: _Writing, out: Path, as_of: date) -> int:
    """Give the release its name; bytes on the disk."""
    if not writing.zipped:
        _rename(writing.work / "members", out)
        return sum(member.size for member in writing.members.values())
    whole = writing.work / "whole.zip"
    write_zip(whole, list(writing.members.values()), (as_of.year, as_of.month, as_of.day))
    size = whole.stat().st_size
    os.replace(whole, out)
    return size


def _rename(work: Path, out: Path) -> None:
    """Give a finished folder its name; an empty folder of that name gives way."""
    if out.is_dir():
        out.rmdir()
    os.replace(work, out)


def _seal(folder: Path, job: Job, parts: list[dict[str, Any]]) -> None:
    """Make the log whole."""
    from asylumatlas import __version__, events

    details = {
        "made_by": "asylumatlas synthesize",
        "version": __version__,
        "cases": job.cases,
        "seed": job.seed,
        "note": "Simulated histories, as far as court records show such events.",
    }
    events.seal(folder, source="simulation", as_of=job.as_of, parts=parts, details=details)
