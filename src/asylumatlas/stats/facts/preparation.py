"""From a log to its facts, part by part and several parts at once."""

from __future__ import annotations

import datetime
import functools
import os
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from asylumatlas.events import Log
from asylumatlas.stats.facts.columns import CUSTODY, GROUPED_BY, REPRESENTATION, TABLES
from asylumatlas.stats.facts.meters import draws, meters, sampled
from asylumatlas.stats.facts.moments import Columns, moments
from asylumatlas.stats.facts.reading import Overview, overview, read_part
from asylumatlas.stats.facts.spells import spells
from asylumatlas.stats.facts.state import NONE, Part, State, Words, follow
from asylumatlas.stats.facts.stays import stays
from asylumatlas.stats.facts.storage import Facts, draft, places, read_facts, write_book
from asylumatlas.stats.facts.writing import Counts, write_table

_EPOCH = datetime.date(1970, 1, 1)

Progress = Callable[[int, int], None]
"""Called with the parts done and the parts there are."""


def prepare(log: Log, progress: Progress | None = None, workers: int | None = None) -> Facts:
    """Return the facts of a log, made now if there are none or the log has changed.

    They are kept beside the log, or in the user's cache where its folder cannot be written.

    Args:
        log: an opened log.
        progress: called with the parts done and the parts there are, while facts are made.
        workers: parts worked on at once; by default one a processor, at most 4.

    Raises:
        FactsError: if the log is damaged or the facts cannot be written; one line.
    """
    known = _found(log)
    if known is not None:
        return known
    with draft(log) as folder:
        book = _make(log, folder, progress or _silent, workers or min(os.cpu_count() or 1, 4))
        write_book(folder, book)
    made = _found(log)
    assert made is not None
    return made


def _found(log: Log) -> Facts | None:
    return next((f for f in (read_facts(place, log) for place in places(log)) if f), None)


def _silent(done: int, parts: int) -> None:
    """Report nothing."""


@dataclass
class _Made:
    """What was written of one part, or of all of them."""

    counts: Counts = field(default_factory=Counts)
    left_out: Counter[str] = field(default_factory=Counter)
    first: int | None = None  # day since 1970-01-01

    def add(self, other: _Made) -> None:
        known = [day for day in (self.first, other.first) if day is not None]
        self.first = min(known, default=None)
        self.counts.add(other.counts)
        self.left_out.update(other.left_out)


def _make(log: Log, folder: Path, progress: Progress, workers: int) -> dict[str, Any]:
    """Write every table, and return what the book says."""
    told = draws(log), meters(log)  # a log that contradicts itself is refused before the work
    sampled(log)
    parts = log.manifest.parts
    made = _Made()
    with ThreadPoolExecutor(workers) as pool:
        try:
            views = pool.map(functools.partial(overview, log), parts)
            whole = functools.reduce(Overview.__or__, views, Overview())
            tasks = [pool.submit(_make_part, log, part, folder, whole) for part in parts]
            for done, task in enumerate(as_completed(tasks), start=1):
                made.add(task.result())
                progress(done, len(parts))
        except BaseException:  # Ctrl-C too: the parts not yet begun are not begun
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    write_table(folder, "meters", 0, told[1], made.counts)
    if not parts:
        for table in GROUPED_BY:
            write_table(folder, table, 0, {}, made.counts)
    return _book(log, made, told[0])


def _make_part(log: Log, entry: Mapping[str, Any], folder: Path, whole: Overview) -> _Made:
    """Write the facts of one part."""
    made = _Made()
    part = read_part(log, entry, made.counts, made.left_out)
    if part.rows:
        made.first = int(part.date.min())
    state = follow(part, whole.courts)
    number = int(entry["number"])
    columns = moments(part, state)
    write_table(folder, "moments", number, _dressed(part, state, columns, whole), made.counts)
    for table, work in (("spells", spells), ("stays", stays)):
        columns, left_out = work(part, state)
        made.left_out.update(left_out)
        write_table(folder, table, number, _dressed(part, state, columns, whole), made.counts)
    return made


def _dressed(part: Part, state: State, columns: Columns, whole: Overview) -> dict[str, Any]:
    """Return the columns with those that come from the case and from what holds at a row."""
    at = columns.pop("at")
    assert not isinstance(at, Words)
    represented = columns.pop("represented")
    assert not isinstance(represented, Words)
    case = part.case[at]
    untold = np.full(len(at), NONE, np.int8)
    return {
        "replication": part.replication[case],
        **{name: values.take(case) for name, values in part.of_case.items()},
        **columns,
        "representation": Words(
            represented if "representation_entered" in whole.events else untold,
            REPRESENTATION,
        ),
        "custody": Words(
            state.custody[at] if "custody_started" in whole.events else untold,
            CUSTODY,
        ),
        "claim": state.claim[at],
    }


def _book(log: Log, made: _Made, drawn: Mapping[int, int]) -> dict[str, Any]:
    counts = made.counts
    first = None if made.first is None else _EPOCH + datetime.timedelta(days=made.first)
    return {
        "log": log.manifest.checksum,
        "as_of": log.as_of.isoformat(),
        "first": None if first is None else first.isoformat(),
        "draws": {str(number): draw for number, draw in drawn.items()},
        "rows": {table: counts.rows[table] for table in TABLES},
        "words": {name: dict(words) for name, words in counts.words.items()},
        "columns": dict(counts.known),
        "events": dict(counts.words["event"]),
        "spells": dict(counts.words["spell"]),
        "left_out": dict(made.left_out),
        "not_judges": counts.not_judges,
    }
