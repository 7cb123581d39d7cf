"""Linking: the tables of a dataset become case histories in an event log.

The rules are on the page docs/method/linking.md. `link` reads every table once and sends what
matters of each row to the shard of its case, then writes the log shard by shard, so memory does
not grow with the release.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

from asylumatlas.disk import store_whole
from asylumatlas.events import seal
from asylumatlas.records.link.codes import not_judges
from asylumatlas.records.link.histories import Written, add_fixed_words, write_shard
from asylumatlas.records.link.report import Refused, links
from asylumatlas.records.link.spool import LinkError, Spool, fill

__all__ = ["CASES_IN_SHARD", "LinkError", "link"]

CASES_IN_SHARD = 150_000
"""About how many cases are in memory at once, for each worker."""

Progress = Callable[[str, int, int], None]


def link(
    folder: Path,
    as_of: date,
    workers: int = 2,
    progress: Progress | None = None,
    *,
    cases_in_shard: int = CASES_IN_SHARD,
    about: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Make the event log of a dataset, and say what was found on the way.

    Args:
        folder: the dataset's folder, with `tables/` and, of an import, `lookups.parquet`.
        as_of: the day of the release; what is dated later is a plan and not an event.
        workers: tables read, and shards written, at once.
        progress: called with what is done, how much of it is done and how much there is.
        cases_in_shard: cases to a part of the log.
        about: what the log's manifest is to say of the release besides.

    Returns:
        What `links.json` says.

    Raises:
        LinkError: the dataset has no cases or no proceedings.
        OSError: the disk is full, or the folder cannot be written.
    """
    told = progress or (lambda what, done, whole: None)
    folder = Path(folder)
    log = folder / "log"
    for old in (log, folder / "links.json", folder / "refused.parquet"):
        shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
    work = folder / ".work"
    work_was_there = work.is_dir()
    work.mkdir(exist_ok=True)
    spooled = Path(tempfile.mkdtemp(prefix="spool-", dir=work))
    try:
        spool = fill(folder, spooled, cases_in_shard, workers, told)
        add_fixed_words(spool)
        last = (as_of - date(1970, 1, 1)).days
        with Refused(folder / "refused.parquet") as refused:
            written = _write(spool, log, last, workers, told, refused)
    finally:
        shutil.rmtree(spooled, ignore_errors=True)
        if not work_was_there:
            work.rmdir()
    found = links(spool, written, refused, as_of)
    placeholders = not_judges(folder)
    seal(
        log,
        source="records",
        as_of=as_of,
        parts=[shard.part for shard in written],
        details={
            **(about or {}),
            **({"placeholders": {"resource": placeholders}} if placeholders else {}),
            "tables_missing": found["tables_missing"],
            "histories": _summary(found),
        },
    )
    store_whole(folder / "links.json", f"{json.dumps(found, indent=1)}\n".encode())
    return found


def _write(
    spool: Spool, log: Path, last: int, workers: int, told: Progress, refused: Refused
) -> list[Written]:
    """Write every shard, and return them in order."""
    numbers = range(spool.shards)
    written = []
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        told("histories", 0, spool.shards)
        for shard, some in pool.map(lambda n: write_shard(spool, n, log, last), numbers):
            written.append(shard)
            refused.add(some)
            told("histories", len(written), spool.shards)
    return written


def _summary(found: dict[str, Any]) -> dict[str, Any]:
    names = ("replayed", "without_events", "accepted", "refused")
    return {name: found["histories"][name] for name in names}
