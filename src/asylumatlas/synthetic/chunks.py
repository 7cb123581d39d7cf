"""Chunks of a synthetic release, made in this process or in several."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import date
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asylumatlas.records.registry import tables
from asylumatlas.synthetic.archive import DEFLATE, DEFLATE64, Piece, WritingError, pack

if TYPE_CHECKING:
    from asylumatlas.synthetic.caseload import World
    from asylumatlas.synthetic.withheld import Gone


@dataclass(frozen=True)
class Job:
    """What every chunk needs to know.

    Attributes:
        large: tables whose members are Deflate64.
        work: folder for the pieces. log: folder for the parts of the log.
        gone: rows that the release does not have, though it should (`months`).
        chunk_cases: cases of a chunk, about.
    """

    cases: int
    seed: int
    as_of: date
    defects: float
    zipped: bool
    large: tuple[str, ...]
    work: Path
    log: Path | None
    gone: tuple[Gone, ...] = ()
    chunk_cases: int = 60_000

    def world(self) -> World:
        """What makes the histories."""
        from asylumatlas.synthetic.caseload import World

        return World(self.cases, self.seed, self.chunk_cases)


@dataclass
class Done:
    """A chunk that has been made.

    Attributes:
        path: the file with its packed pieces.
        cases: cases of the release in it.
        pieces, lines, truth: of each table; the truth's lines are numbered from 0.
        missing: truth about rows that are not there.
        part: its part of the log.
    """

    path: Path
    cases: int
    pieces: dict[str, Piece] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    truth: dict[str, list[Any]] = field(default_factory=dict)
    missing: list[Any] = field(default_factory=list)
    part: dict[str, Any] | None = None


def done_chunks(job: Job, workers: int) -> Iterator[Done]:
    """Yield the chunks in order; at most two for each process are made ahead."""
    world = job.world()
    workers = min(max(workers, 1), world.chunks)
    if workers == 1:
        for number in range(world.chunks):
            yield make(world, job, number)
        return
    count = world.chunks
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_start, initargs=(job,))
    waiting: deque[Future[Done]] = deque()
    try:
        for number in range(count):
            waiting.append(pool.submit(_make_here, number))
            if len(waiting) >= 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BaseException as error:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)
        if isinstance(error, BrokenProcessPool):
            raise WritingError(
                "a worker process was ended from outside, perhaps for want of memory: use fewer "
                'workers; or a script has no `if __name__ == "__main__":` around its call'
            ) from error
        raise
    pool.shutdown()


_here: tuple[World, Job] | None = None


def _start(job: Job) -> None:
    """In a worker process: build what chunks share; leave Ctrl-C to the parent, end with it."""
    global _here
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _here = job.world(), job


def _end_with_parent() -> None:
    """Wait until the parent is gone, killed perhaps, and stop at once."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _make_here(number: int) -> Done:
    assert _here is not None
    return make(*_here, number)


def make(world: World, job: Job, number: int) -> Done:
    """Make a chunk: histories, rows, bytes, defects, packed pieces in a file."""
    from asylumatlas.synthetic.caseload import epoch_day
    from asylumatlas.synthetic.docket import docket
    from asylumatlas.synthetic.lookups import codes_of

    chunk = world.chunk(number)
    made = docket(chunk, world.luck, epoch_day(job.as_of), codes_of("tblLookupJudge"))
    done = Done(job.work / f"chunk-{number}", int(made.shown.sum()))
    if job.log is not None:
        from asylumatlas.synthetic.projection import write_part

        done.part = write_part(made, job.log, number)
    _write(done, _sheets(made), job, number)
    return done


def _sheets(made: Any) -> Iterator[tuple[str, Any]]:
    """Each main table's sheet, a few at a time."""
    from asylumatlas.synthetic import rows, rows_board, rows_court, rows_people

    for build in (
        *(rows.everyone, rows_court.court),
        *(rows_people.everybody, rows_board.appeals),
    ):
        yield from build(made).items()


def _write(done: Done, sheets: Iterator[tuple[str, Any]], job: Job, number: int) -> None:
    """Write the pieces of each table into the chunk's file."""
    import zlib

    from asylumatlas.synthetic.defects import Plan, spoil
    from asylumatlas.synthetic.wire import written
    from asylumatlas.synthetic.withheld import vanish

    plan = Plan(job.seed, job.defects)
    with done.path.open("wb") as out:
        for name, sheet in sheets:
            table = tables()[name]
            data, offsets = written(table, sheet)
            if job.gone:
                data, offsets, missing = vanish(table, data, offsets, job.gone)
                done.missing += missing
            lines, rows = len(offsets) - 1, list[Any]()
            if job.defects > 0:
                data, rows, added = spoil(table, data, offsets, 0, plan, number)
                lines += added
            method = (DEFLATE64 if name in job.large else DEFLATE) if job.zipped else None
            packed = pack(data.data, method)
            start = out.tell()
            out.write(packed)
            done.pieces[name] = Piece(start, len(packed), data.size, zlib.crc32(data.data))
            done.lines[name], done.truth[name] = lines, rows
