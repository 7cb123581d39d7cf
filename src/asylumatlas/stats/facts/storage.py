"""Where facts lie, whether they are still those of their log, and how they get there whole."""

from __future__ import annotations

import errno
import itertools
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from asylumatlas.events import Log
from asylumatlas.stats.errors import FactsError
from asylumatlas.stats.facts.columns import TABLES
from asylumatlas.stats.facts.meters import sampled

FORMAT = 3
"""Version of the tables and of what their columns mean; facts of another one are made again."""

BOOK = "facts.json"
_FORSAKEN = 24 * 3600  # seconds after which a draft has lost its maker
_drafts = itertools.count()


@dataclass(frozen=True)
class Facts:
    """What can be counted in one log, as Parquet files beside it.

    Attributes:
        folder: where the tables lie.
        log: checksum of the log they were made from.
        as_of: the last day the log knows of.
        fingerprint: what to cite for the log.
        replications: numbers of the replications, rising; one without any case counts too.
        draws: replication -> number of its draw of parameters; replications of one draw differ by
            luck alone.
        words: column -> word -> how often: rows of cases for what the case gives, of events for
            ``event``, of spells and stays for ``spell`` and ``stage``, else of moments.
        columns: column -> moments in which it is known.
        events: event -> moments.
        spells: spell -> rows.
        rows: table -> rows.
        left_out: reason -> what could not become a fact for that reason.
        first: the first day of any event; None without events.
        not_judges: moments without a judge because the code stands for no one judge.
        sampled: part of the people that the log holds.
    """

    folder: Path
    log: str
    as_of: date
    fingerprint: str
    replications: tuple[int, ...]
    draws: Mapping[int, int]
    words: Mapping[str, Mapping[str, int]]
    columns: Mapping[str, int]
    events: Mapping[str, int]
    spells: Mapping[str, int]
    rows: Mapping[str, int]
    left_out: Mapping[str, int]
    first: date | None = None
    not_judges: int = 0
    sampled: float = 1.0

    def paths(self, table: str) -> list[Path]:
        """Return the files of one table in order; there is always at least one.

        Args:
            table: moments, spells, stays or meters.
        """
        return sorted((self.folder / table).glob("part-*.parquet"))


def places(log: Log) -> list[Path]:
    """Return the folders where a log's facts may lie: beside it, else in the user's cache."""
    found = [log.folder / "facts"]
    try:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    except RuntimeError:  # no home, no cache
        return found
    return [*found, Path(base) / "asylumatlas" / "facts" / log.manifest.checksum]


def read_facts(folder: Path, log: Log) -> Facts | None:
    """Return the facts in a folder if they are whole and those of this log, else ``None``."""
    try:
        book = json.loads((folder / BOOK).read_text(encoding="utf-8"))
        if book["format"] != FORMAT or book["log"] != log.manifest.checksum:
            return None
        for name, size in book["files"].items():
            if (folder / name).stat().st_size != size:
                return None
        return _facts(folder, log, book)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # unfinished or damaged: made again


def _facts(folder: Path, log: Log, book: Mapping[str, Any]) -> Facts:
    return Facts(
        folder=folder,
        log=log.manifest.checksum,
        as_of=log.as_of,
        fingerprint=log.fingerprint,
        replications=log.replications,
        draws={int(number): draw for number, draw in book["draws"].items()},
        **{name: book[name] for name in ("words", "columns", "events", "spells", "rows")},
        left_out=book["left_out"],
        not_judges=book["not_judges"],
        sampled=sampled(log),
        first=None if book["first"] is None else date.fromisoformat(book["first"]),
    )


def write_book(folder: Path, book: Mapping[str, Any]) -> None:
    """Write what is known of the facts, and so declare them whole."""
    files = {
        f"{table}/{path.name}": path.stat().st_size
        for table in TABLES
        for path in sorted((folder / table).glob("*.parquet"))
    }
    text = json.dumps({"format": FORMAT, **book, "files": files}, indent=1, sort_keys=True)
    (folder / BOOK).write_text(f"{text}\n", encoding="utf-8")


@contextmanager
def draft(log: Log) -> Iterator[Path]:
    """Give a folder to write facts to, and move it to its place when the block is left in peace.

    If another process was faster, its facts stay and these are thrown away. Nothing is left behind
    by an error or Ctrl-C.

    Raises:
        FactsError: if neither the log's folder nor the cache can be written, or the disk is full.
    """
    target, folder = _new_draft(log)
    try:
        yield folder
        _install(folder, target, log)
    except OSError as error:
        raise FactsError(_why_not(error, target)) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _new_draft(log: Log) -> tuple[Path, Path]:
    """Return the first place that can be written, and a new folder beside it."""
    problem = ""
    for target in places(log):
        folder = target.parent / f".facts.{os.getpid()}.{next(_drafts)}"
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
        except OSError as error:
            problem = problem or _why_not(error, target)
            continue
        _sweep(target.parent)
        return target, folder
    raise FactsError(problem)


def _why_not(error: OSError, target: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = "Make room there, or move the log to a larger disk."
        return f"{target}: the disk is full before the log's facts were written. {remedy}"
    reason = error.strerror or str(error)
    return (
        f"{target}: the log's facts cannot be written: {reason}. Make the log's folder writable, "
        "or set XDG_CACHE_HOME to a folder that is."
    )


def _sweep(folder: Path) -> None:
    """Remove the drafts of processes that were killed a day ago or more."""
    for path in folder.glob(".facts.*"):
        try:
            if time.time() - path.stat().st_mtime > _FORSAKEN:
                shutil.rmtree(path, ignore_errors=True)
        except OSError:  # another process was faster
            continue


def _install(folder: Path, target: Path, log: Log) -> None:
    """Move a whole draft to its place, unless good facts are there by now."""
    for attempt in itertools.count():
        if read_facts(target, log) is not None:
            return
        old = folder.with_name(f"{folder.name}.old")
        try:
            if target.exists():
                target.rename(old)
            folder.rename(target)
        except OSError:
            if attempt == 9:  # others keep moving theirs here
                raise
        else:
            return
        finally:
            shutil.rmtree(old, ignore_errors=True)
