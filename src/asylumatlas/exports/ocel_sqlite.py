"""OCEL 2.0 as an SQLite database: the standard's relational form, by `sqlite3` alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from asylumatlas.exports.ocel import (
    FIRST,
    WORDS,
    Coded,
    Model,
    OcelObject,
    Progress,
    case_attributes,
    case_columns,
    case_relations,
    coded,
    model_of,
)
from asylumatlas.exports.selection import Selection, Survey

_SQL = {"string": "TEXT", "time": "TIMESTAMP", "integer": "INTEGER"}

_TABLES = """
CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
CREATE TABLE event (ocel_id TEXT PRIMARY KEY, ocel_type TEXT,
    FOREIGN KEY (ocel_type) REFERENCES event_map_type(ocel_type));
CREATE TABLE object (ocel_id TEXT PRIMARY KEY, ocel_type TEXT,
    FOREIGN KEY (ocel_type) REFERENCES object_map_type(ocel_type));
CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT,
    PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier),
    FOREIGN KEY (ocel_event_id) REFERENCES event(ocel_id),
    FOREIGN KEY (ocel_object_id) REFERENCES object(ocel_id)) WITHOUT ROWID;
CREATE TABLE object_object (ocel_source_id TEXT, ocel_target_id TEXT, ocel_qualifier TEXT,
    PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier),
    FOREIGN KEY (ocel_source_id) REFERENCES object(ocel_id),
    FOREIGN KEY (ocel_target_id) REFERENCES object(ocel_id)) WITHOUT ROWID;
"""


def write_sqlite(selection: Selection, path: Path, name: str, progress: Progress | None) -> Survey:
    """Write OCEL 2.0 as an SQLite database.

    Args:
        selection: what is written.
        path: the file to write; nothing lies there yet.
        name: the name it will have.
        progress: called with the events done and their number.

    Raises:
        OSError: it cannot be written.
    """
    model = model_of(selection)
    try:
        base = sqlite3.connect(path, isolation_level=None)
        try:
            _fill(base, model, progress)
        finally:
            base.close()
    except sqlite3.OperationalError as error:
        raise OSError(f"{path.with_name(name)}: cannot be written: {error}") from error
    return model.survey


def _fill(base: sqlite3.Connection, model: Model, progress: Progress | None) -> None:
    # The file is a draft until it is whole: no journal is needed to undo half of it.
    base.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536;")
    base.execute("BEGIN")
    for statement in _TABLES.split(";"):
        base.execute(statement)
    _make_types(base, "event", model.event_types())
    _make_types(base, "object", model.object_types())
    _add_objects(base, model.other_objects(), model.object_types())
    families = model.survey.families.tolist()
    for start in range(0, len(families), 50_000):
        known = (
            OcelObject(f"family-{lead}", "family", {"lead_case_id": lead})
            for lead in families[start : start + 50_000]
        )
        _add_objects(base, known, model.object_types())
    types = case_attributes(model.selection)
    for cases in model.selection.cases():
        for start in range(0, cases.num_rows, 50_000):
            _add_cases(base, cases.slice(start, 50_000), types)
    done = 0
    for chunk in model.selection.chunks():
        if chunk.events.num_rows:
            _add_events(base, coded(chunk, model.selection.spread))
            done += chunk.events.num_rows
            if progress:
                progress(done, model.survey.events)
    base.execute("COMMIT")


def _quoted(word: str) -> str:
    """Return a name as SQL writes it.

    Example:
        >>> _quoted('a"b')
        '"a""b"'
    """
    return '"' + word.replace('"', '""') + '"'


def _make_types(
    base: sqlite3.Connection, what: str, types: Mapping[str, Mapping[str, str]]
) -> None:
    """Make the table of each type; the words of the vocabulary serve as names of tables."""
    changed = ["ocel_changed_field TEXT"] if what == "object" else []
    key = [] if what == "object" else ["PRIMARY KEY (ocel_id)"]
    for name, attributes in types.items():
        columns = [
            "ocel_id TEXT",
            "ocel_time TIMESTAMP",
            *changed,
            *(f"{_quoted(word)} {_SQL[kind]}" for word, kind in attributes.items()),
            *key,
            f"FOREIGN KEY (ocel_id) REFERENCES {what}(ocel_id)",
        ]
        base.execute(f"INSERT INTO {what}_map_type VALUES (?, ?)", (name, name))
        base.execute(f"CREATE TABLE {_quoted(f'{what}_{name}')} ({', '.join(columns)})")


def _add_objects(
    base: sqlite3.Connection, objects: Iterable[OcelObject], types: Mapping[str, Mapping[str, str]]
) -> None:
    by_type: dict[str, list[OcelObject]] = {}
    for told in objects:
        by_type.setdefault(told.type, []).append(told)
    for kind, known in by_type.items():
        names = list(types[kind])
        base.executemany("INSERT INTO object VALUES (?, ?)", ((told.id, kind) for told in known))
        marks = ", ".join("?" * (3 + len(names)))
        base.executemany(
            f"INSERT INTO {_quoted(f'object_{kind}')} VALUES ({marks})",
            (
                (told.id, FIRST, None, *(told.attributes.get(name) for name in names))
                for told in known
            ),
        )
        base.executemany(
            "INSERT INTO object_object VALUES (?, ?, ?)",
            ((told.id, key, word) for told in known for key, word in told.relations),
        )


def _add_cases(base: sqlite3.Connection, cases: Any, types: Mapping[str, str]) -> None:
    ids = [f"case-{key}" for key in cases.column("case_id").to_pylist()]
    columns = case_columns(cases, types).values()
    base.executemany("INSERT INTO object VALUES (?, 'case')", zip(ids, strict=True))
    base.executemany(
        f"INSERT INTO object_case VALUES (?, '{FIRST}', NULL{', ?' * len(types)})",
        zip(ids, *columns, strict=True),
    )
    base.executemany(
        "INSERT INTO object_object VALUES (?, ?, ?)",
        ((f"case-{case}", f"family-{lead}", word) for case, lead, word in case_relations(cases)),
    )


def _add_events(base: sqlite3.Connection, events: Coded) -> None:
    ids = events.ids.tolist()
    kinds = events.told("event", str).tolist()
    base.executemany("INSERT INTO event VALUES (?, ?)", zip(ids, kinds, strict=True))
    cases = np.array([f"case-{key}" for key in events.cases], object)
    families = np.array(
        [None if lead is None else f"family-{lead}" for lead in events.families], object
    )
    _relate(base, events.ids, cases[events.of], "case")
    _relate(base, events.ids, families[events.of], "family")
    for name in ("place", "resource"):
        _relate(base, events.ids, events.told(name, f"{name}-{{}}".format, None), name)
    columns = [events.ids, events.times, events.seq]
    columns += [events.told(name, str, None) for name in WORDS]
    codes, words = events.columns["event"]
    marks = ", ".join("?" * len(columns))
    for code in np.unique(codes).tolist():
        some = np.flatnonzero(codes == code)
        rows = zip(*(column[some].tolist() for column in columns), strict=True)
        table = _quoted(f"event_{words[code]}")
        base.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def _relate(base: sqlite3.Connection, ids: Any, objects: Any, word: str) -> None:
    """Add what is not ``None`` of ``objects`` as the events' ``word``."""
    some = np.flatnonzero(objects != None)  # noqa: E711 - of each element
    rows = zip(ids[some].tolist(), objects[some].tolist(), repeat(word))
    base.executemany("INSERT INTO event_object VALUES (?, ?, ?)", rows)
