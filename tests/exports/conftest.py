"""A small log with everything an export must carry, and readers that use the standard library."""

import json
import sqlite3
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from asylumatlas import process
from asylumatlas.events import CodedCases, CodedEvents, Log, open_log, seal, write_part

EVENTS, OUTCOMES = process.event_codes(), process.outcome_codes()
START = 17_615  # 2018-03-25
XES = "{http://www.xes-standard.org/}"


class Told(NamedTuple):
    """One event as every format must tell it."""

    case_id: int
    seq: int
    day: str
    event: str
    stage: str
    outcome: str | None
    place: str | None
    resource: str | None
    detail: str | None
    time_precision: str


# (event, outcome, days after START, minute or -1, resource, detail)
Step = tuple[str, str | None, int, int, str | None, str | None]
FEAR: list[Step] = [
    ("port_admitted", None, 0, -1, None, None),
    ("port_processed", "expedited_removal", 0, -1, "officer 7", None),
    ("custody_started", None, 0, -1, None, 'by <law> & "custom"'),
    ("fear_claimed", None, 3, 570, None, None),
    ("fear_interview", "fear_found", 3, -1, "Ä🙂", "line 1\nline 2"),
    ("charging_document", None, 9, 60, None, None),
]
TURNED_BACK: list[Step] = [
    ("list_joined", None, 0, -1, None, None),
    ("port_turned_back", None, 1, -1, None, None),
]
# (replication, case) -> (lead case, steps)
Histories = dict[tuple[int, int], tuple[int, list[Step]]]
EXAMPLE: Histories = {
    (0, 4): (4, FEAR),
    (0, 5): (4, TURNED_BACK),
    (0, 9): (-1, []),
    (0, 12): (-1, FEAR[:3]),
    (1, 4): (-1, TURNED_BACK),
}


def words(values: list[str | None]) -> tuple[Any, list[str]]:
    """Words as codes and a list."""
    known = sorted({value for value in values if value is not None})
    return np.array([-1 if value is None else known.index(value) for value in values]), known


def write_log(
    folder: Path, histories: Histories, cases_a_part: int = 2, details: Any = None
) -> Log:
    """A log of the histories, so many cases a part."""
    keys = sorted(histories)
    parts = []
    for number, start in enumerate(range(0, len(keys), cases_a_part)):
        some = keys[start : start + cases_a_part]
        rows = [(key, n, step) for key in some for n, step in enumerate(histories[key][1])]
        cases = CodedCases(
            replication=np.array([key[0] for key in some], np.int16),
            case_id=np.array([key[1] for key in some], np.int64),
            nationality=(np.array([key[1] % 2 for key in some]), ["HND", "SLV"]),
            kind=(np.zeros(len(some), np.int16), ["family"]),
            entry_route=np.zeros(len(some), np.int16),
            entry_date=np.array([START if key[1] % 2 else -1 for key in some]),
            charging_date=np.full(len(some), -1),
            lead_case_id=np.array([histories[key][0] for key in some]),
            extra={
                "feed": (np.zeros(len(some), np.int16), ["caravan"]),
                "snapshot_hearing": np.array([key[1] * 10 for key in some], np.int64),
            },
        )
        events = CodedEvents(
            replication=np.array([key[0] for key, _, _ in rows], np.int16),
            case_id=np.array([key[1] for key, _, _ in rows], np.int64),
            seq=np.array([n for _, n, _ in rows], np.int32),
            date=np.array([START + step[2] for _, _, step in rows], np.int32),
            event=np.array([EVENTS.index(step[0]) for _, _, step in rows], np.int16),
            outcome=np.array(
                [OUTCOMES.index(step[1]) if step[1] else -1 for _, _, step in rows], np.int16
            ),
            place=np.array([n % 3 - 1 for _, n, _ in rows], np.int16),
            time=np.array([step[3] for _, _, step in rows], np.int16),
            resource=words([step[4] for _, _, step in rows]),
            detail=words([step[5] for _, _, step in rows]),
        )
        parts.append(write_part(folder, number, cases, events, ["san_ysidro", "a & b"]))
    seal(folder, source="example", as_of=date(2018, 11, 5), parts=parts, details=details or {})
    return open_log(folder)


def told(log: Log, replication: int = 0) -> list[Told]:
    """Every event of a replication, as the log tells it."""
    rows = log.events(where={"replication": replication}).to_pylist()
    return [
        Told(
            row["case_id"],
            row["seq"],
            row["date"].isoformat(),
            *(row[name] for name in Told._fields[3:]),
        )
        for row in rows
    ]


def _of(values: dict[str, Any], case: str, event: str, when: str, resource: Any) -> Told:
    return Told(
        int(case),
        int(values["seq"]),
        when[:10],
        event,
        values["stage"],
        values.get("outcome"),
        values.get("place"),
        resource,
        values.get("detail"),
        values["time_precision"],
    )


def read_json(path: Path) -> list[Told]:
    """Every event of an OCEL 2.0 JSON file, in its order."""
    found = []
    for event in json.loads(path.read_text("utf-8"))["events"]:
        values = {one["name"]: one["value"] for one in event["attributes"]}
        to = {one["qualifier"]: one["objectId"] for one in event["relationships"]}
        assert to.get("place", "place-None") == f"place-{values.get('place')}"
        resource = to["resource"].removeprefix("resource-") if "resource" in to else None
        case = to["case"].removeprefix("case-")
        found.append(_of(values, case, event["type"], event["time"], resource))
    return found


def read_sqlite(path: Path) -> list[Told]:
    """Every event of an OCEL 2.0 database, by case and seq."""
    base = sqlite3.connect(path)
    base.row_factory = sqlite3.Row
    to: dict[str, dict[str, str]] = {}
    for event, thing, qualifier in base.execute("SELECT * FROM event_object"):
        to.setdefault(event, {})[qualifier] = thing
    found = []
    for kind, table in base.execute("SELECT ocel_type, ocel_type_map FROM event_map_type"):
        for row in base.execute(f'SELECT * FROM "event_{table}"'):
            of = to[row["ocel_id"]]
            resource = of["resource"].removeprefix("resource-") if "resource" in of else None
            values = {key: row[key] for key in row.keys()}  # noqa: SIM118
            case = of["case"].removeprefix("case-")
            found.append(_of(values, case, kind, row["ocel_time"], resource))
    base.close()
    return sorted(found, key=lambda one: one[:2])


def read_xes(path: Path) -> list[Told]:
    """Every event of an XES file, in its order."""
    found = []
    for trace in ET.parse(path).getroot().iter(f"{XES}trace"):
        case = trace.find(f"{XES}string[@key='concept:name']")
        assert case is not None
        for event in trace.iter(f"{XES}event"):
            values = {str(one.get("key")): str(one.get("value")) for one in event}
            values = {key: value for key, value in values.items() if value}  # "" is no outcome
            found.append(
                _of(
                    values,
                    str(case.get("value")),
                    values["concept:name"],
                    values["time:timestamp"],
                    values.get("org:resource"),
                )
            )
    return found


READERS: dict[str, Callable[[Path], list[Told]]] = {
    "ocel": read_json,
    "ocel-sqlite": read_sqlite,
    "xes": read_xes,
}


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """The example log."""
    return write_log(tmp_path / "example", EXAMPLE)


@pytest.fixture(scope="session")
def read() -> dict[str, Callable[[Path], list[Told]]]:
    """Format -> a function that reads every event."""
    return READERS


@pytest.fixture(scope="session", name="told")
def what_is_told() -> Callable[..., list[Told]]:
    """What a log tells, event by event."""
    return told


@pytest.fixture(scope="session")
def make_log() -> Callable[..., Log]:
    """Write a log of histories."""
    return write_log
