"""Parts: the files of a log, each holding whole cases of one or more replications."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from asylumatlas.events.coded import (
    NULL,
    CodedCases,
    CodedEvents,
    checked_cases,
    checked_events,
)
from asylumatlas.events.columns import TABLES, LogError, arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST = "log.json"
_LEVEL = 1  # of zstd: a simulation writes far more than it reads


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
        event_columns = checked_events(events, places)
        _check_cases_of_events(case_columns, event_columns)
    except LogError as error:
        raise LogError(f"{where}: {error}") from None
    keys = (case_columns["replication"], case_columns["case_id"])
    held = sorted({int(n) for n in replications} if replications is not None else set())
    known = held or [int(n) for n in np.unique(keys[0])]
    if len(keys[0]) and not set(np.unique(keys[0]).tolist()) <= set(known):
        raise LogError(f"{where}: cases.replication: not all are among those named.")
    return {
        "number": int(number),
        "replications": known,
        "first": [int(key[0]) for key in keys] if len(keys[0]) else None,
        "last": [int(key[-1]) for key in keys] if len(keys[0]) else None,
        "extra": extra,
        "cases": _store(folder, part_name("cases", number), _arrow("cases", case_columns, extra)),
        "events": _store(folder, part_name("events", number), _arrow("events", event_columns, {})),
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


def _check_cases_of_events(cases: dict[str, Any], events: dict[str, Any]) -> None:
    """Refuse an event whose case is not in the part."""
    first = first_rows(events["replication"], events["case_id"])
    told = (events["replication"][first], events["case_id"][first])
    if all(map(np.array_equal, told, (cases["replication"], cases["case_id"]))):
        return  # every case has events and every event a case: no need to look one by one
    known, met = case_keys((cases["replication"], cases["case_id"]), told)
    missing = np.flatnonzero(~np.isin(met, known))
    if missing.size:
        number, case = (int(key[missing[0]]) for key in told)
        raise LogError(f"events.case_id: case {case} of replication {number} is not in the cases.")


def _arrow(table: str, columns: dict[str, Any], extra: dict[str, str]) -> pa.Table:
    """Return checked columns as an Arrow table with the contract's schema."""
    import pyarrow as pa

    schema = arrow_schema(table, extra)
    nullable = {column.name for column in TABLES[table] if column.nullable}
    rows = len(columns["case_id"])
    arrays = []
    for field in schema:
        values = columns[field.name]
        if values is None:
            arrays.append(_nulls(field.type, rows))
        elif isinstance(values, tuple):
            indices = pa.array(values[0], pa.int32(), mask=_mask(values[0]))
            arrays.append(pa.DictionaryArray.from_arrays(indices, pa.array(values[1], pa.string())))
        else:
            mask = _mask(values) if field.name in nullable else None
            arrays.append(pa.array(values, mask=mask).cast(field.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def _mask(values: Any) -> Any:
    """Return where values are null, ``None`` where none is."""
    mask = values == NULL
    return mask if mask.any() else None


def _nulls(kind: pa.DataType, rows: int) -> pa.Array:
    """Return a column without any value."""
    import pyarrow as pa

    if not pa.types.is_dictionary(kind):
        return pa.nulls(rows, kind)
    return pa.DictionaryArray.from_arrays(pa.nulls(rows, pa.int32()), pa.array([], pa.string()))


def _store(folder: Path, name: str, table: pa.Table) -> dict[str, Any]:
    """Write one file whole or not at all, and return its name, rows, bytes and SHA-256."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    packed = [n for n in ("replication", "case_id", "seq", "date") if n in table.schema.names]
    text = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=_LEVEL,
        use_dictionary=text,
        write_statistics=packed,  # of words they would cost a third of the time and serve nobody
        column_encoding=dict.fromkeys(
            packed, "DELTA_BINARY_PACKED"
        ),  # sorted: differences are small
    )
    data = sink.getvalue()
    store_whole(folder / name, data)
    digest = hashlib.sha256(data).hexdigest()
    return {"file": name, "rows": table.num_rows, "bytes": data.size, "sha256": digest}


def store_whole(path: Path, data: Any) -> None:
    """Write a file beside its place, then move it there, so that it is whole or absent.

    Args:
        path: where the file goes; its folder is made if it is missing.
        data: bytes, or any object with the buffer protocol.

    Raises:
        OSError: if it cannot be written; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException as error:  # Ctrl-C too
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # a full disk does not say which file it was
        raise
