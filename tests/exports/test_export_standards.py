"""OCEL 2.0 and XES by the rules of their standards."""

import json
import re
import sqlite3
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asylumatlas import exports
from asylumatlas.events import Log
from asylumatlas.exports.selection import moments, stamps

SCHEMA = json.loads((Path(__file__).parent / "data" / "ocel20-schema.json").read_text())
TYPES = {"string", "time", "integer", "float", "boolean"}
XES = "{http://www.xes-standard.org/}"


def breaches(value: Any, schema: Any, where: str = "$") -> list[str]:
    """What breaks a JSON schema, by the keywords that the standard's schema uses."""
    kinds: dict[str, Any] = {"object": dict, "array": list, "string": str}
    kind = kinds[schema["type"]]
    if type(value) is not kind:
        return [f"{where}: not {schema['type']}"]
    if schema.get("format") == "date-time":
        pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
        return [] if re.fullmatch(pattern, value) else [f"{where}: no date-time: {value}"]
    found = [f"{where}: lacks {key}" for key in schema.get("required", ()) if key not in value]
    for key, inner in schema.get("properties", {}).items():
        if key in value:
            found += breaches(value[key], inner, f"{where}.{key}")
    for number, one in enumerate(value) if "items" in schema else ():
        found += breaches(one, schema["items"], f"{where}[{number}]")
    return found


@pytest.fixture
def ocel(log: Log, tmp_path: Path) -> dict[str, Any]:
    """The example as OCEL 2.0 JSON."""
    told: dict[str, Any] = json.loads(exports.export(log, tmp_path / "ocel").read_text("utf-8"))
    return told


def test_the_checker_sees_a_breach() -> None:
    """Else the next test could pass for nothing."""
    event = {"id": "1", "type": "a", "time": "2018-01-01"}
    wrong = {"eventTypes": [{"name": 1}], "objectTypes": [], "events": [event]}
    assert breaches(wrong, SCHEMA) == [
        "$: lacks objects",
        "$.eventTypes[0]: lacks attributes",
        "$.eventTypes[0].name: not string",
        "$.events[0].time: no date-time: 2018-01-01",
    ]


def test_ocel_json_meets_the_published_schema(ocel: dict[str, Any]) -> None:
    assert breaches(ocel, SCHEMA) == []
    assert set(ocel) == set(SCHEMA["required"])


def test_ocel_json_refers_only_to_what_it_declares(ocel: dict[str, Any]) -> None:
    declared = {}
    for what, types in (("events", "eventTypes"), ("objects", "objectTypes")):
        kinds = {
            kind["name"]: {one["name"]: one["type"] for one in kind["attributes"]}
            for kind in ocel[types]
        }
        assert {one["type"] for one in ocel[what]} == set(kinds)
        for one in ocel[what]:
            for value in one["attributes"]:
                kind = kinds[one["type"]][value["name"]]
                assert kind in TYPES
                assert kind != "integer" or str(int(value["value"])) == value["value"]
                assert kind != "time" or datetime.fromisoformat(value["value"])
        declared[what] = [one["id"] for one in ocel[what]]
        assert len(set(declared[what])) == len(declared[what])
    for one in ocel["events"] + ocel["objects"]:
        to = [(link["objectId"], link["qualifier"]) for link in one.get("relationships", ())]
        assert {key for key, _ in to} <= set(declared["objects"])
        assert len(set(to)) == len(to)


def test_a_family_is_an_object_of_its_own(ocel: dict[str, Any]) -> None:
    objects = {one["id"]: one for one in ocel["objects"]}
    assert objects["family-4"]["type"] == "family"
    assert objects["case-4"]["relationships"] == [{"objectId": "family-4", "qualifier": "lead"}]
    assert objects["case-5"]["relationships"] == [{"objectId": "family-4", "qualifier": "member"}]
    assert "relationships" not in objects["case-12"]
    of_family = [
        one["id"]
        for one in ocel["events"]
        if {"objectId": "family-4", "qualifier": "family"} in one["relationships"]
    ]
    assert of_family == [f"4-{n}" for n in range(6)] + ["5-0", "5-1"]


def test_a_case_without_events_is_an_object(ocel: dict[str, Any]) -> None:
    (case,) = (one for one in ocel["objects"] if one["id"] == "case-9")
    values = {one["name"]: one["value"] for one in case["attributes"]}
    assert values == {
        "nationality": "SLV",
        "kind": "family",
        "entry_route": "port_of_entry",
        "entry_date": "2018-03-25T00:00:00Z",
        "feed": "caravan",
        "snapshot_hearing": "90",
    }


# ------------------------------------------------------------------ SQLite


@pytest.fixture
def base(log: Log, tmp_path: Path) -> Any:
    """The example as an OCEL 2.0 database."""
    base = sqlite3.connect(exports.export(log, tmp_path / "base", "ocel-sqlite"))
    yield base
    base.close()


def columns(base: sqlite3.Connection, table: str) -> dict[str, tuple[str, int]]:
    """Column -> type and place in the primary key."""
    return {row[1]: (row[2], row[5]) for row in base.execute(f'PRAGMA table_info("{table}")')}


def keys(base: sqlite3.Connection, table: str) -> set[tuple[str, str, str]]:
    """(column, other table, its column) of each foreign key."""
    rows = base.execute(f'PRAGMA foreign_key_list("{table}")')
    return {(row[3], row[2], row[4]) for row in rows}


def test_ocel_sqlite_meets_the_published_constraints(base: sqlite3.Connection) -> None:
    """Constraints 1 to 24 of the relational schema, and no row that points nowhere."""
    tables = {row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    links = {"event_object", "object_object"}
    typed = {}
    for what in ("event", "object"):
        mapped = {row[0] for row in base.execute(f"SELECT ocel_type_map FROM {what}_map_type")}
        typed[what] = {f"{what}_{name}" for name in mapped}
        links |= {what, f"{what}_map_type"}
        assert columns(base, what) == {"ocel_id": ("TEXT", 1), "ocel_type": ("TEXT", 0)}
        assert columns(base, f"{what}_map_type")["ocel_type"] == ("TEXT", 1)
        assert keys(base, what) == {("ocel_type", f"{what}_map_type", "ocel_type")}
        for table in typed[what]:
            told = columns(base, table)
            assert told["ocel_time"][0] == "TIMESTAMP"
            assert told["ocel_id"] == ("TEXT", 1 if what == "event" else 0)
            assert ("ocel_changed_field" in told) == (what == "object")
            assert keys(base, table) == {("ocel_id", what, "ocel_id")}
    assert tables == links | typed["event"] | typed["object"]
    assert columns(base, "event_object") == {
        "ocel_event_id": ("TEXT", 1),
        "ocel_object_id": ("TEXT", 2),
        "ocel_qualifier": ("TEXT", 3),
    }
    assert list(columns(base, "object_object")) == [
        "ocel_source_id",
        "ocel_target_id",
        "ocel_qualifier",
    ]
    assert base.execute("PRAGMA foreign_key_check").fetchall() == []
    assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_both_forms_of_ocel_hold_the_same(base: sqlite3.Connection, ocel: dict[str, Any]) -> None:
    assert dict(base.execute("SELECT ocel_id, ocel_type FROM object")) == {
        one["id"]: one["type"] for one in ocel["objects"]
    }
    for one in ocel["objects"]:
        base.row_factory = sqlite3.Row
        row = base.execute(
            f'SELECT * FROM "object_{one["type"]}" WHERE ocel_id = ?', [one["id"]]
        ).fetchone()
        told = {value["name"]: value["value"] for value in one["attributes"]}
        fixed = ("ocel_id", "ocel_time", "ocel_changed_field")
        held = {key: str(row[key]) for key in row.keys() if row[key] is not None}  # noqa: SIM118
        assert {key: value for key, value in held.items() if key not in fixed} == told
    for table, what in (("event_object", "events"), ("object_object", "objects")):
        links = {
            (one["id"], link["objectId"], link["qualifier"])
            for one in ocel[what]
            for link in one.get("relationships", ())
        }
        assert {tuple(row) for row in base.execute(f"SELECT * FROM {table}")} == links


# ------------------------------------------------------------------ XES

VALUES = {
    "string": r"(?s).*",
    "date": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "int": r"-?\d+",
}
NAME = r"[A-Za-z_:][\w:.-]*"


def test_xes_meets_its_schema(log: Log, tmp_path: Path) -> None:
    """Order of elements, names, types and values as the XML schema of IEEE 1849 has them."""
    root = ET.parse(exports.export(log, tmp_path / "xes", "xes")).getroot()
    assert root.tag == f"{XES}log"
    assert re.fullmatch(r"\d+\.\d+", root.get("xes.version", ""))
    places = ["extension", "global", "classifier", *VALUES, "trace"]
    tags = [child.tag.removeprefix(XES) for child in root]
    ranks = [min(places.index(tag), 3) if tag in VALUES else places.index(tag) for tag in tags]
    assert ranks == sorted(ranks)
    for classifier in root.iter(f"{XES}classifier"):
        assert re.fullmatch(r"[A-Za-z_][\w.-]*", classifier.get("name", ""))
    for holder in [root, *root.iter(f"{XES}trace"), *root.iter(f"{XES}event")]:
        told = [child for child in holder if child.tag.removeprefix(XES) in VALUES]
        names = [child.get("key", "") for child in told]
        assert len(set(names)) == len(names)
        for child in told:
            assert re.fullmatch(NAME, child.get("key", ""))
            assert re.fullmatch(VALUES[child.tag.removeprefix(XES)], child.get("value", "-"))


def test_xes_globals_are_in_every_trace_and_event(log: Log, tmp_path: Path) -> None:
    root = ET.parse(exports.export(log, tmp_path / "xes", "xes")).getroot()
    prefixes = {one.get("prefix") for one in root.iter(f"{XES}extension")}
    found = {}
    for group in root.iter(f"{XES}global"):
        scope = str(group.get("scope"))
        found[scope] = {(child.tag, child.get("key")) for child in group}
        for holder in root.iter(f"{XES}{scope}"):
            assert {(child.tag, child.get("key")) for child in holder} >= found[scope]
    for classifier in root.iter(f"{XES}classifier"):
        known = {key for _, key in found[str(classifier.get("scope"))]}
        assert set(str(classifier.get("keys")).split()) <= known
    used = {str(one.get("key")) for one in root.iter() if one.get("key")}
    assert {key.split(":")[0] for key in used if ":" in key} <= prefixes


def test_a_case_without_events_is_a_trace(log: Log, tmp_path: Path) -> None:
    root = ET.parse(exports.export(log, tmp_path / "xes", "xes")).getroot()
    traces = [
        (one[0].get("value"), len(one.findall(f"{XES}event"))) for one in root.iter(f"{XES}trace")
    ]
    assert sorted(traces, key=lambda pair: int(pair[0] or 0)) == [
        ("4", 6),
        ("5", 2),
        ("9", 0),
        ("12", 3),
    ]


# ------------------------------------------------------------------ time


def stamps_of(events: list[tuple[int, int, str | None]], spread: bool) -> list[str]:
    """Moments of (case, day, time) rows."""
    table = pa.table(
        {
            "date": pa.array([day for _, day, _ in events], pa.int32()).cast(pa.date32()),
            "time": pa.array([time for _, _, time in events], pa.string()).dictionary_encode(),
        }
    )
    of = np.array([case for case, _, _ in events], np.int64)
    return [str(text) for text in stamps(moments(table, of, spread))]


def test_an_unknown_time_takes_that_of_the_event_before() -> None:
    events = [(0, 1, None), (0, 1, "10:30"), (0, 1, None), (0, 2, None), (1, 2, None)]
    assert [text[8:16] for text in stamps_of(events, False)] == [
        "02T00:00",
        "02T10:30",
        "02T10:30",
        "03T00:00",
        "03T00:00",
    ]


def test_a_known_time_is_never_changed() -> None:
    events = [(0, 1, "14:00"), (0, 1, "09:00"), (0, 1, None)]
    assert [text[11:16] for text in stamps_of(events, False)] == ["14:00", "09:00", "14:00"]


TIMES = st.none() | st.sampled_from(["00:00", "09:00", "13:45", "23:50"])


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), TIMES), max_size=12),
    st.booleans(),
)
def test_order_by_time_is_the_order_of_the_log(
    rows: list[tuple[int, int, str | None]], spread: bool
) -> None:
    """With seconds always and strictly; without them where no known times contradict it."""
    events = sorted(rows, key=lambda row: row[:2])
    if not spread:
        events = sorted(events, key=lambda row: (row[:2], row[2] or ""))
    found = stamps_of(events, spread)
    for (a, b), (first, second) in zip(pairwise(found), pairwise(events), strict=True):
        if first[0] == second[0]:
            assert a < b if spread else a <= b
    assert [text[:10] for text in found] == [f"1970-01-0{1 + day}" for _, day, _ in events]


def test_spread_is_said_and_orders_a_day(
    log: Log, tmp_path: Path, read: dict[str, Callable[[Path], list[Any]]]
) -> None:
    path = exports.export(log, tmp_path / "out", spread=True)
    told = json.loads(path.read_text("utf-8"))
    times = [one["time"] for one in told["events"] if one["id"].startswith("4-")]
    assert times[:3] == [f"2018-03-25T00:00:0{n}Z" for n in range(3)]
    assert times[3:5] == ["2018-03-28T09:30:00Z", "2018-03-28T09:30:01Z"]
    assert "no second is real" in path.read_text("utf-8")
