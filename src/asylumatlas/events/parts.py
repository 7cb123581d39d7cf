"""Parts: the files of a log, each holding whole cases of one or more replications."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from asylumatlas.disk import store_whole
from asylumatlas.events.coded import (
    CodedCases,
    CodedEvents,
    checked_cases,
    event_slices,
)
from asylumatlas.events.columns import TABLES, LogError, arrow_schema
from asylumatlas.events.pages import Pages

MANIFEST = "log.json"
SLICE = 1 << 20  # events that are checked, encoded and compressed at a time: a row group


def part_name(table: str, number: int) -> str:
    """Return the path of a part's file within the log.

    Example:
        >>> part_name("events", 7)
        'events.parquet/part-00007.parquet'
    """
    return f"{table}.parquet/part-{number:05d}.parquet"


def write_part(
    folder: Path,
    number: int,
    cases: CodedCases,
    events: CodedEvents,
    places: Sequence[str],
    replications: Iterable[int] | None = None,
    origin: int = 0,
) -> dict[str, Any]:
    """Write one part of a log; the same input gives the same bytes.

    Parts may be written in any order and by several processes. The folder is not a log before
    `seal` is called with what this function returned for each part.

    Args:
        folder: the log's folder; made if it is missing.
        number: the part's number, from 0. The keys (replication, case_id) of a part come after
            those of the part before it, and all rows of a case are in one part.
        cases: every case of the part.
        events: every event of those cases.
        places: the words that the place codes stand for.
        replications: the replications the part holds; needed only where one may have no case.
        origin: what is added to the date of every event, so that a run that counts its own days
            needs no copy of them.

    Returns:
        What `seal` needs, as plain data: number, replications, first and last key, extra columns,
        and for each table the file, its rows, bytes and SHA-256.

    Raises:
        LogError: if anything to be written breaks the contract, or the folder is already a log.
        OSError: if the disk is full or the folder cannot be written; no partial file is left.
    """
    folder = Path(folder)
    if (folder / MANIFEST).exists():
        raise LogError(f"{folder}: is already a whole log. Write to a new folder.")
    where = f"part {number}"
    try:
        case_columns, extra = checked_cases(cases)
        slices = event_slices(events, places, SLICE, origin)
        event_data = _parquet("events", slices, {})
        _check_cases_of_events(case_columns, events)
    except LogError as error:
        raise LogError(f"{where}: {error}") from None
    keys = (case_columns["replication"], case_columns["case_id"])
    held = sorted({int(n) for n in replications} if replications is not None else set())
    known = held or [int(n) for n in np.unique(keys[0])]
    if len(keys[0]) and not set(np.unique(keys[0]).tolist()) <= set(known):
        raise LogError(f"{where}: cases.replication: not all are among those named.")
    case_data = _parquet("cases", _sliced(case_columns), extra)
    return {
        "number": int(number),
        "replications": known,
        "first": [int(key[0]) for key in keys] if len(keys[0]) else None,
        "last": [int(key[-1]) for key in keys] if len(keys[0]) else None,
        "extra": extra,
        "cases": _store(folder, part_name("cases", number), *case_data),
        "events": _store(folder, part_name("events", number), *event_data),
    }


def case_keys(*columns: tuple[Any, Any]) -> list[Any]:
    """Return one int64 key for each (replication, case_id) row, comparable over the columns given.

    Args:
        columns: pairs of a replication array and a case_id array, each of one length.
    """
    ids, inverse = np.unique(np.concatenate([ids for _, ids in columns]), return_inverse=True)
    ends = np.cumsum([len(ids) for _, ids in columns])[:-1]
    ranks = np.split(inverse, ends)
    return [
        np.asarray(number).astype(np.int64) * max(len(ids), 1) + rank
        for (number, _), rank in zip(columns, ranks, strict=True)
    ]


def first_rows(replication: Any, case_id: Any) -> Any:
    """Return the row at which each case starts, shape (cases,)."""
    starts = np.ones(len(case_id), np.bool_)
    starts[1:] = (case_id[1:] != case_id[:-1]) | (replication[1:] != replication[:-1])
    return np.flatnonzero(starts)


def _check_cases_of_events(cases: dict[str, Any], events: CodedEvents) -> None:
    """Refuse an event whose case is not in the part."""
    replication, case_id = np.asarray(events.replication), np.asarray(events.case_id)
    first = first_rows(replication, case_id)
    told = (replication[first], case_id[first].astype(np.int64))
    if all(map(np.array_equal, told, (cases["replication"], cases["case_id"]))):
        return  # every case has events and every event a case: no need to look one by one
    known, met = case_keys((cases["replication"], cases["case_id"]), told)
    missing = np.flatnonzero(~np.isin(met, known))
    if missing.size:
        number, case = (int(key[missing[0]]) for key in told)
        raise LogError(f"events.case_id: case {case} of replication {number} is not in the cases.")


def _sliced(columns: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Columns `SLICE` rows at a time."""

    def some(values: Any, rows: slice) -> Any:
        if isinstance(values, tuple):
            return values[0][rows], values[1]
        return None if values is None else values[rows]

    for start in range(0, len(columns["case_id"]), SLICE):
        rows = slice(start, start + SLICE)
        yield {name: some(values, rows) for name, values in columns.items()}


def _parquet(
    table: str, slices: Iterable[dict[str, Any]], extra: dict[str, str]
) -> tuple[Any, int]:
    """The bytes of a file of these checked columns, one row group a slice, and its rows."""
    nullable = [column.name for column in TABLES[table] if column.nullable]
    pages = Pages(arrow_schema(table, extra), nullable)
    for columns in slices:
        pages.add(columns)
    return pages.close(), pages.rows


def _store(folder: Path, name: str, data: Any, rows: int) -> dict[str, Any]:
    """Write one file whole or not at all, and return its name, rows, bytes and SHA-256."""
    store_whole(folder / name, data)
    digest = hashlib.sha256(data).hexdigest()
    return {"file": name, "rows": rows, "bytes": data.size, "sha256": digest}
