"""The event log: what is written is what is read, and what is wrong is refused in one line."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas import process
from asylumatlas.events import (
    CASE_COLUMNS,
    ENTRY_ROUTES,
    EVENT_COLUMNS,
    KINDS,
    CodedCases,
    CodedEvents,
    LogError,
    open_log,
    reference,
    seal,
    validate,
    write_part,
)
from asylumatlas.events.validation import FAULTS

ROOT = Path(__file__).parent.parent.parent
PROCESS = process.load()
EVENTS, OUTCOMES = process.event_codes(), process.outcome_codes()
PLACES = ["san_ysidro", "otay_mesa"]
START = 17_615  # 2018-03-25
AS_OF = date(2018, 11, 5)
History = list[tuple[str, str | None]]

FEAR: History = [
    ("port_admitted", None),
    ("port_processed", "expedited_removal"),
    ("custody_started", None),
    ("fear_claimed", None),
    ("fear_interview", "fear_found"),
    ("charging_document", None),
]
TURNED_BACK: History = [("list_joined", None), ("port_turned_back", None)]


def coded(histories: dict[tuple[int, int], History]) -> tuple[CodedCases, CodedEvents]:
    """Cases and events of histories by (replication, case_id); one event a day from START on."""
    keys = sorted(histories)
    rows = [
        (number, case, seq, event, outcome)
        for number, case in keys
        for seq, (event, outcome) in enumerate(histories[number, case])
    ]
    cases = CodedCases(
        replication=np.array([number for number, _ in keys], np.int16),
        case_id=np.array([case for _, case in keys], np.int64),
        nationality=(np.array([case % 2 for _, case in keys], np.int16), ["HND", "OTH"]),
        kind=(np.zeros(len(keys), np.int16), ["family"]),
        entry_route=np.zeros(len(keys), np.int16),
        entry_date=np.full(len(keys), START, np.int32),
        charging_date=np.full(len(keys), -1, np.int32),
        extra={"feed": (np.zeros(len(keys), np.int16), ["caravan"])},
    )
    events = CodedEvents(
        replication=np.array([row[0] for row in rows], np.int16),
        case_id=np.array([row[1] for row in rows], np.int64),
        seq=np.array([row[2] for row in rows], np.int32),
        date=np.array([START + row[2] for row in rows], np.int32),
        event=np.array([EVENTS.index(row[3]) for row in rows], np.int16),
        outcome=np.array([OUTCOMES.index(row[4]) if row[4] else -1 for row in rows], np.int16),
        place=np.array([row[2] % 3 - 1 for row in rows], np.int16),
    )
    return cases, events


TWO = coded({(0, 4): FEAR, (1, 4): TURNED_BACK})


def written(folder: Path, *coded_parts: tuple[CodedCases, CodedEvents], **changes: Any) -> Path:
    """A sealed log of the parts."""
    known = [write_part(folder, n, *part, PLACES) for n, part in enumerate(coded_parts)]
    words = {"source": "example", "as_of": AS_OF, "parts": known, "details": {}} | changes
    seal(folder, **words)
    return folder


def changed(events: CodedEvents, column: str, row: int, value: int) -> CodedEvents:
    """The events with one value changed."""
    values = getattr(events, column).copy()
    values[row] = value
    return replace(events, **{column: values})


# ------------------------------------------------------------------ round trip


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    log = open_log(written(tmp_path / "log", TWO))
    events = log.events()
    assert events.column_names == [column.name for column in EVENT_COLUMNS]
    assert events.num_rows == 8
    assert events.slice(4, 1).to_pylist() == [
        {
            "replication": 0,
            "case_id": 4,
            "seq": 4,
            "date": date(2018, 3, 29),
            "time": None,
            "time_precision": "day",
            "event": "fear_interview",
            "stage": "charging",
            "outcome": "fear_found",
            "place": "san_ysidro",
            "resource": None,
            "detail": None,
        }
    ]
    cases = log.cases()
    assert cases.column_names == [*(column.name for column in CASE_COLUMNS), "feed"]
    assert cases.to_pylist()[1] == {
        "replication": 1,
        "case_id": 4,
        "nationality": "HND",
        "nationality_source": None,
        "kind": "family",
        "lead_case_id": None,
        "entry_route": "port_of_entry",
        "entry_date": date(2018, 3, 25),
        "charging_date": None,
        "case_type": None,
        "sex": None,
        "language": None,
        "feed": "caravan",
    }
    assert log.replications == (0, 1)
    assert log.as_of == AS_OF
    log.verify()
    assert validate(log).ok


def test_the_stage_is_the_one_the_vocabulary_gives(tmp_path: Path) -> None:
    table = open_log(written(tmp_path / "log", TWO)).events(["event", "outcome", "stage"])
    for row in table.to_pylist():
        assert row["stage"] == PROCESS.events[row["event"]].stage_after(row["outcome"])


def test_every_column_may_be_given(tmp_path: Path) -> None:
    cases, events = TWO
    text = (np.array([0, -1]), ["es"])
    full = replace(
        cases,
        case_id=np.array([4, 5]),
        replication=np.array([0, 0]),
        lead_case_id=np.array([-1, 4]),
        nationality_source=text,
        case_type=text,
        sex=text,
        language=text,
        extra={"court_number": np.array([7, 8])},
    )
    given = {name: values[:6] for name, values in vars(events).items() if values is not None}
    few = replace(
        events,
        **given,
        time=np.array([-1, 0, 510, -1, 1439, -1]),
        resource=(np.array([-1, 0, 1, 0, -1, -1]), ["J01", "J02"]),
        detail=(np.array([0, -1, -1, -1, -1, 0]), ["RMV/X"]),
    )
    log = open_log(written(tmp_path / "log", (full, few)))
    rows = log.cases(["lead_case_id", "language", "court_number"]).to_pylist()
    assert rows == [
        {"lead_case_id": None, "language": "es", "court_number": 7},
        {"lead_case_id": 4, "language": None, "court_number": 8},
    ]
    told = log.events(["time", "time_precision", "resource", "detail"]).to_pydict()
    assert told["time"] == [None, "00:00", "08:30", None, "23:59", None]
    assert told["time_precision"] == ["day", "minute", "minute", "day", "minute", "day"]
    assert told["resource"] == [None, "J01", "J02", "J01", None, None]
    assert told["detail"] == ["RMV/X", None, None, None, None, "RMV/X"]
    assert validate(log).ok
    with pytest.raises(LogError, match=r"events.time: row 2: 1440 is not within"):
        write_part(tmp_path / "late", 0, full, changed(few, "time", 2, 1440), PLACES)
    stray = replace(full, lead_case_id=np.array([-1, 9]))
    found = validate(open_log(written(tmp_path / "stray", (stray, few))))
    assert found.counts == {"lead_case": 1}
    assert "lead case 9 not found" in str(found)


def test_a_lead_case_may_lie_in_another_part(tmp_path: Path) -> None:
    pieces = [coded({(0, case): TURNED_BACK}) for case in (4, 9)]
    leads = [
        (replace(cases, lead_case_id=np.array([lead])), events)
        for (cases, events), lead in zip(pieces, (9, 4), strict=True)
    ]
    assert validate(open_log(written(tmp_path / "log", *leads))).ok
    leads[1] = (replace(leads[1][0], lead_case_id=np.array([5])), leads[1][1])
    found = validate(open_log(written(tmp_path / "other", *leads)))
    assert (found.counts, found.faults[0].case_id) == ({"lead_case": 1}, 9)


def test_rows_and_columns_can_be_chosen(tmp_path: Path) -> None:
    later = coded({(2, 1): FEAR, (2, 9): TURNED_BACK})
    log = open_log(written(tmp_path / "log", TWO, later))

    def count(**where: Any) -> int:
        return int(log.events(["case_id"], where=where).num_rows)

    assert log.events(["seq", "event"]).column_names == ["seq", "event"]
    assert count() == 16
    assert count(event="fear_claimed") == 2
    assert count(event=["fear_claimed", "list_joined"], replication=2) == 2
    assert count(date=date(2018, 3, 25)) == 4
    assert count(place="otay_mesa", replication={0, 1}) == 2
    assert log.cases(where={"nationality": "OTH"}).num_rows == 2
    assert log.events()["case_id"].to_pylist() == [4] * 8 + [1] * 6 + [9] * 2


def test_parts_with_unlike_places_are_read_as_one(tmp_path: Path) -> None:
    cases, events = coded({(2, 1): TURNED_BACK})
    known = [write_part(tmp_path, 0, *TWO, PLACES), write_part(tmp_path, 1, cases, events, ["x"])]
    seal(tmp_path, source="example", as_of=AS_OF, parts=known[::-1], details={})
    log = open_log(tmp_path)
    assert log.events()["place"].to_pylist()[-2:] == [None, "x"]
    assert log.events(where={"place": "x"}).num_rows == 1
    one, two = log.events()["place"].chunks  # codes of all parts mean the same
    assert one.dictionary.to_pylist() == two.dictionary.to_pylist() == [*PLACES, "x"]


def test_an_empty_log_is_a_log(tmp_path: Path) -> None:
    for name, some in {"no part": (), "no row": (coded({}),)}.items():
        log = open_log(written(tmp_path / name, *some))
        assert log.events().column_names == [column.name for column in EVENT_COLUMNS]
        assert log.cases(["kind"]).num_rows == log.events().num_rows == 0
        assert validate(log).ok
        log.verify()


def test_a_replication_without_cases_still_counts(tmp_path: Path) -> None:
    part = write_part(tmp_path, 0, *TWO, PLACES, replications=range(3))
    seal(tmp_path, source="simulation", as_of=AS_OF, parts=[part], details={})
    assert open_log(tmp_path).replications == (0, 1, 2)
    with pytest.raises(LogError, match="not all are among those named"):
        write_part(tmp_path / "other", 0, *TWO, PLACES, replications=[0])


def test_a_million_rows(tmp_path: Path) -> None:
    people = 150_000
    _, events = coded({(0, 0): [*FEAR, ("master_hearing", "continued")]})
    length = len(events.seq)
    repeated = {
        name: np.tile(getattr(events, name), people)
        for name in ("seq", "date", "event", "outcome", "place")
    }
    case = np.arange(people)
    many = CodedEvents(
        replication=np.zeros(people * length, np.int16),
        case_id=np.repeat(case, length),
        **repeated,
    )
    cases = CodedCases(
        replication=np.zeros(people, np.int16),
        case_id=case,
        nationality=(np.zeros(people, np.int16), ["HND"]),
        kind=(np.zeros(people, np.int16), ["family"]),
        entry_route=np.zeros(people, np.int16),
        entry_date=np.full(people, -1),
        charging_date=np.full(people, -1),
    )
    log = open_log(written(tmp_path / "log", (cases, many)))
    found = validate(log)
    assert found.events > 1_000_000
    assert (found.events, found.legal) == (people * length, people)
    assert found.ok


# ------------------------------------------------------------------ random legal histories


@st.composite
def legal_histories(draw: st.DrawFn) -> History:
    """A walk over the transitions; it stops before a point at which it may not stop."""
    history: History = []
    last: process.Point | None = None
    for _ in range(draw(st.integers(1, 12))):
        options = PROCESS.starts if last is None else PROCESS.followers(*last)
        legal = [point for point in options if process.replay([*history, point]).legal]
        if not legal:
            break
        last = draw(st.sampled_from(legal))
        history.append((last.event, last.outcome))
    return history


KEYS = st.tuples(st.integers(0, 3), st.integers(0, 2**40))


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(KEYS, legal_histories(), min_size=1, max_size=6))
def test_random_legal_histories_come_back(
    tmp_path_factory: pytest.TempPathFactory, histories: dict[tuple[int, int], History]
) -> None:
    log = open_log(written(tmp_path_factory.mktemp("walk") / "log", coded(histories)))
    back: dict[tuple[int, int], History] = {key: [] for key in histories}
    for row in log.events().to_pylist():
        back[row["replication"], row["case_id"]].append((row["event"], row["outcome"]))
    assert back == histories
    found = validate(log)
    assert found.ok, str(found)
    assert found.legal == found.histories == sum(map(bool, histories.values()))


@settings(max_examples=25, deadline=None)
@given(legal_histories(), st.data())
def test_a_damaged_history_is_found_with_the_reason_replay_gives(
    tmp_path_factory: pytest.TempPathFactory, history: History, data: st.DataObject
) -> None:
    point = data.draw(st.sampled_from(PROCESS.machine.points))
    at = data.draw(st.integers(0, len(history)))
    damaged = [*history[:at], (point.event, point.outcome), *history[at:]]
    verdict = process.replay(damaged)
    folder = tmp_path_factory.mktemp("damaged") / "log"
    found = validate(open_log(written(folder, coded({(0, 1): FEAR, (1, 1): damaged}))))
    assert found.ok is verdict.legal
    assert found.legal == 1 + verdict.legal
    assert [fault.reason for fault in found.faults] == ([verdict.reason] if verdict.reason else [])
    if not verdict.legal:
        assert (found.faults[0].replication, found.faults[0].case_id) == (1, 1)
        assert found.faults[0].seq == min(verdict.position, len(damaged) - 1)


# ------------------------------------------------------------------ determinism, whole or nothing


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    first = bytes_of(written(tmp_path / "a", TWO))
    assert first == bytes_of(written(tmp_path / "b", TWO))
    assert set(first) == {
        "log.json",
        "cases.parquet/part-00000.parquet",
        "events.parquet/part-00000.parquet",
    }
    other = changed(TWO[1], "date", 7, START + 9)
    assert first != bytes_of(written(tmp_path / "c", (TWO[0], other)))
    prints = [open_log(tmp_path / name).fingerprint for name in "abc"]
    assert prints[0] == prints[1] != prints[2]


def test_integer_widths_do_not_change_the_bytes(tmp_path: Path) -> None:
    cases, events = TWO
    wide = {n: a.astype(np.int64) for n, a in vars(events).items() if a is not None}
    first = bytes_of(written(tmp_path / "a", TWO))
    assert first == bytes_of(written(tmp_path / "b", (cases, CodedEvents(**wide))))


def test_the_makers_fingerprint_is_the_one_to_cite(tmp_path: Path) -> None:
    details = {"fingerprint": "3f9c", "day": AS_OF, "seed": np.int64(1), 10: 1, 9: 2}
    folder = written(tmp_path / "log", TWO, details=MappingProxyType(details))
    log = open_log(folder)
    assert log.fingerprint == "3f9c"
    assert log.manifest.details["day"] == "2018-11-05"
    assert log.manifest.rows == {"cases": 2, "events": 8}


@pytest.mark.parametrize("details", [{"x": float("nan")}, {"x": object()}])
def test_details_that_are_not_plain_data_are_refused(tmp_path: Path, details: dict) -> None:
    with pytest.raises(LogError, match=r"^log\.json: details: "):
        written(tmp_path / "log", TWO, details=details)
    assert not (tmp_path / "log" / "log.json").exists()


def test_parts_without_a_manifest_are_no_log(tmp_path: Path) -> None:
    write_part(tmp_path / "log", 0, *TWO, PLACES)
    with pytest.raises(LogError, match=r"unfinished: parts but no log\.json\. Run or import again"):
        open_log(tmp_path / "log")


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_an_interrupted_write_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    known = write_part(tmp_path / "sealed", 0, *TWO, PLACES)
    target = (os, "fsync") if call == "fsync" else (Path, "replace")
    monkeypatch.setattr(*target, stop)
    with pytest.raises(KeyboardInterrupt):
        write_part(tmp_path / "log", 0, *TWO, PLACES)
    with pytest.raises(KeyboardInterrupt):
        seal(tmp_path / "sealed", source="example", as_of=AS_OF, parts=[known], details={})
    assert not bytes_of(tmp_path / "log")
    with pytest.raises(LogError, match="unfinished"):
        open_log(tmp_path / "sealed")


def test_a_killed_writer_leaves_no_log(tmp_path: Path) -> None:
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from asylumatlas import disk\n"
        "os.replace = Path.replace = lambda *_: os._exit(9)\n"
        "disk.store_whole(Path(sys.argv[1]) / 'log.json', b'{}')\n"
    )
    path = str(ROOT / "src")
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], env={**os.environ, "PYTHONPATH": path}
    )
    assert done.returncode == 9
    with pytest.raises(LogError, match=r"no log\.json in it"):
        open_log(tmp_path)


def test_a_whole_log_is_never_written_into(tmp_path: Path) -> None:
    folder = written(tmp_path / "log", TWO)
    before = bytes_of(folder)
    with pytest.raises(LogError, match="already a whole log"):
        write_part(folder, 1, *TWO, PLACES)
    with pytest.raises(LogError, match="already a whole log"):
        seal(folder, source="example", as_of=AS_OF, parts=[], details={})
    assert bytes_of(folder) == before


# ------------------------------------------------------------------ refused on writing

EVENT_FAULTS: list[tuple[str, int, int, str]] = [
    ("event", 0, len(EVENTS), rf"events\.event: row 0: {len(EVENTS)} is not within 0 to"),
    ("event", 0, -1, r"events\.event: row 0: -1 is not within 0 to"),
    ("outcome", 4, len(OUTCOMES), r"events\.outcome: row 4: \d+ is not within -1 to"),
    ("outcome", 4, -2, r"events\.outcome: row 4: -2 is not within -1"),
    ("place", 1, 2, r"events\.place: row 1: 2 is not within -1 to 1"),
    ("replication", 0, -1, r"events\.replication: row 0: -1 is not within 0 to 32767"),
    (
        "outcome",
        4,
        -1,
        r"row 4 \(case 4, replication 0\): fear_interview needs an outcome: fear_found",
    ),
    ("outcome", 0, 0, rf'port_admitted has no outcomes, and this one has "{OUTCOMES[0]}"'),
    (
        "outcome",
        4,
        OUTCOMES.index("asylum_granted"),
        'fear_interview has no outcome "asylum_granted"; it has: fear_found',
    ),
    ("seq", 3, 2, r"events\.seq: row 3 \(case 4, replication 0\): comes twice; sort by"),
    ("seq", 3, 1, r"events\.seq: row 3 .* comes after a later one; sort by \(replication, case_id"),
    ("case_id", 2, 3, r"events\.seq: row 2 \(case 3, replication 0\): comes after a later one"),
    ("date", 3, START, r"events\.date: row 3 .* is before the date of the case's event before"),
    ("case_id", 5, 5, r"events\.case_id: case 5 of replication 0 is not in the cases"),
]


@pytest.mark.parametrize(("column", "row", "value", "message"), EVENT_FAULTS)
def test_wrong_events_are_refused(
    tmp_path: Path, column: str, row: int, value: int, message: str
) -> None:
    with pytest.raises(LogError, match=message) as caught:
        write_part(tmp_path / "log", 3, TWO[0], changed(TWO[1], column, row, value), PLACES)
    assert str(caught.value).startswith("part 3: events.")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "log").exists()


CASE_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"kind": (np.array([0, 0]), ["famly"])}, r'cases\.kind: unknown kind "famly"\. Did you mean'),
    ({"kind": (np.array([0, -1]), ["family"])}, r"cases\.kind: row 1: -1 is not within 0 to 0"),
    ({"nationality": (np.array([0, 0]), ["Honduras"])}, '"Honduras" is not three capital letters'),
    ({"nationality": np.array([0, 0])}, "must be a pair of codes and words"),
    ({"sex": (np.array([0, 0]), ["F", "F"])}, r"cases\.sex: words must be unique"),
    ({"entry_route": np.array([0, 9])}, r"cases\.entry_route: row 1: 9 is not within 0 to 4"),
    ({"entry_date": np.array([0.5, 1.0])}, r"cases\.entry_date: must be integers, not float64"),
    ({"entry_date": np.array([0])}, r"cases\.entry_date: must be flat, of 2 values"),
    ({"replication": np.array([1, 0])}, r"cases\.case_id: row 1 .* comes after a later one"),
    ({"replication": np.array([0, 0])}, r"cases\.case_id: row 1 .* comes twice"),
    ({"extra": {"kind": np.array([0, 0])}}, r"cases\.kind: an extra column needs a new"),
    ({"extra": {"My Feed": np.array([0, 0])}}, "lower-case name"),
]


@pytest.mark.parametrize(("changes", "message"), CASE_FAULTS)
def test_wrong_cases_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(LogError, match=message):
        write_part(tmp_path / "log", 0, replace(TWO[0], **changes), TWO[1], PLACES)
    assert not (tmp_path / "log").exists()


Change = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
PART_FAULTS: dict[str, tuple[Change, str]] = {
    "gap": (lambda known: known[1:], r"numbers must run from 0 without a gap, not \[1\]"),
    "twice": (lambda known: [known[0], known[0], known[1]], r"not \[0, 0, 1\]"),
    "left over": (lambda known: known[:1], r"part-00001\.parquet: is not a part of this log"),
    "swapped": (
        lambda known: [known[0] | {"number": 1}, known[1] | {"number": 0}],
        r"part 1 starts at \(replication, case_id\) \(0, 4\), not after \(2, 1\)",
    ),
    "columns": (lambda known: [known[0], known[1] | {"extra": {}}], "part 1 has other case col"),
}


@pytest.mark.parametrize("name", PART_FAULTS)
def test_parts_that_do_not_fit_are_refused(tmp_path: Path, name: str) -> None:
    change, message = PART_FAULTS[name]
    known = [
        write_part(tmp_path, n, *p, PLACES) for n, p in enumerate([TWO, coded({(2, 1): FEAR})])
    ]
    with pytest.raises(LogError, match=message):
        seal(tmp_path, source="example", as_of=AS_OF, parts=change(known), details={})
    assert not (tmp_path / "log.json").exists()


def test_an_unknown_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r'source: unknown source "simulaton"\. Did you mean "simu'):
        written(tmp_path / "log", TWO, source="simulaton")


# ------------------------------------------------------------------ refused on opening and reading


def test_a_path_that_is_no_log_is_told_apart(tmp_path: Path) -> None:
    log = written(tmp_path / "run" / "log", TWO)
    with pytest.raises(LogError, match="no such folder"):
        open_log(tmp_path / "nothing")
    with pytest.raises(LogError, match=rf'not an event log.*Did you mean "{log}"\?'):
        open_log(tmp_path / "run")
    with pytest.raises(LogError, match=r"not an event log.*Give the folder that a run"):
        open_log(tmp_path)
    with pytest.raises(LogError, match=rf'is the manifest, not the folder\. Did you mean "{log}"'):
        open_log(log / "log.json")


def test_tampering_is_found(tmp_path: Path) -> None:
    folder = written(tmp_path / "log", TWO)
    path = folder / "events.parquet/part-00000.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    log = open_log(folder)
    with pytest.raises(LogError, match=r"events\.parquet/part-00000\.parquet: checksum differs"):
        log.verify()
    path.write_bytes(data[:-1])
    with pytest.raises(LogError, match=r"part-00000\.parquet: missing or cut short"):
        open_log(folder)
    path.unlink()
    with pytest.raises(LogError, match="missing or cut short"):
        open_log(folder)


def altered_manifest(folder: Path, **changes: Any) -> Path:
    """The log with a manifest changed after writing."""
    path = folder / "log.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return folder


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"as_of": "2019-01-01"}, r"log\.json: checksum differs"),
        ({"details": {"seed": 2}}, r"log\.json: checksum differs"),
        ({"format": 2}, "format: 2 where this version reads 1"),
        ({"more": 1}, "cannot be read as a manifest"),
        ({"as_of": "soon"}, "cannot be read as a manifest"),
    ],
)
def test_a_changed_manifest_is_found(tmp_path: Path, changes: dict, message: str) -> None:
    folder = written(tmp_path / "log", TWO)
    with pytest.raises(LogError, match=message):
        open_log(altered_manifest(folder, **changes))


def test_a_manifest_that_is_not_json_is_told(tmp_path: Path) -> None:
    folder = written(tmp_path / "log", TWO)
    (folder / "log.json").write_text("{")
    with pytest.raises(LogError, match=r"log\.json: cannot be read as a manifest"):
        open_log(folder)


def test_another_vocabulary_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(tmp_path / "log", TWO)
    was = process.vocabulary_version()
    monkeypatch.setattr(process, "vocabulary_version", lambda: "0123456789ab")
    with pytest.raises(LogError, match=rf"version {was} of .* this is 0123456789ab\. Make the log"):
        open_log(folder)
    assert open_log(folder, other_vocabulary=True).events().num_rows == 8


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        ({"columns": ["evnt"]}, r'events: unknown column "evnt"\. Did you mean "event"'),
        ({"where": {"plce": "x"}}, r'unknown column "plce"\. Did you mean "place"'),
        ({"where": {"event": "fear_intervew"}}, 'unknown event "fear_intervew".*"fear_interview"'),
        ({"where": {"outcome": ["fear_found", "grnted"]}}, 'unknown outcome "grnted"'),
        ({"where": {"case_id": "four"}}, r"events\.case_id: \['four'\] are not of type int64"),
        ({"where": {"replication": 70_000}}, "are not of type int16"),
    ],
)
def test_a_wrong_question_is_refused(tmp_path: Path, ask: dict, message: str) -> None:
    log = open_log(written(tmp_path / "log", TWO))
    with pytest.raises(LogError, match=message):
        log.events(**ask)


# ------------------------------------------------------------------ what validation finds


def rewritten(folder: Path, table: str, **columns: list[Any]) -> Path:
    """The log with columns of one table replaced behind the writer's back."""
    path = folder / f"{table}.parquet/part-00000.parquet"
    data = pq.read_table(path)
    for name, values in columns.items():
        field = data.schema.field(name)
        kind = field.type if not hasattr(field.type, "value_type") else field.type.value_type
        fresh = pa.array(values, kind)
        fresh = fresh.dictionary_encode() if hasattr(field.type, "value_type") else fresh
        data = data.set_column(data.schema.get_field_index(name), name, fresh)
    pq.write_table(data, path)
    return folder


VALID_EVENTS = [event for event, _ in (*FEAR, *TURNED_BACK)]
DAYS = [date(2018, 3, 25 + n) for n in (*range(6), 0, 1)]
FOUND: dict[str, tuple[dict[str, list[Any]], str]] = {
    "order": (
        {"seq": [0, 1, 2, 4, 3, 5, 0, 1]},
        "order: case 4 of replication 0, seq 3: event comes twice or after a later one",
    ),
    "word": (
        {"event": ["port_admited", *VALID_EVENTS[1:]]},
        'word: case 4 of replication 0, seq 0: unknown event "port_admited"',
    ),
    "stage": (
        {"stage": ["appeal"] * 8},
        "stage: case 4 of replication 0, seq 0: appeal, where",
    ),
    "date": ({"date": [*DAYS[:3], DAYS[0], *DAYS[4:]]}, "seq 3: 2018-03-25 after 2018-03-27"),
    "as_of": (
        {"date": [*DAYS[:7], date(2018, 11, 6)]},
        "as_of: case 4 of replication 1, seq 1: 2018-11-06 is after 2018-11-05",
    ),
    "case": ({"replication": [0] * 6 + [3] * 2}, "case: case 4 of replication 3, seq 0: the case"),
    "history": (
        {"event": [*VALID_EVENTS[:7], "removal_executed"]},
        "history: case 4 of replication 1, seq 1: removal_executed: no final order",
    ),
}


@pytest.mark.parametrize("kind", FOUND)
def test_validation_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    columns, message = FOUND[kind]
    folder = written(tmp_path / "log", TWO)
    monkeypatch.setattr("asylumatlas.events.log.check_files", lambda *_: None)
    found = validate(open_log(rewritten(folder, "events", **columns)))
    assert not found.ok
    assert found.counts[kind] >= 1
    assert message in str(found)
    assert {fault.kind for fault in found.faults} == set(found.counts) <= set(FAULTS)


def test_validation_finds_impossible_pairs_and_missing_outcomes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asylumatlas.events.log.check_files", lambda *_: None)
    outcomes = [outcome for _, outcome in (*FEAR, *TURNED_BACK)]
    outcomes[4] = "asylum_granted"
    folder = rewritten(written(tmp_path / "a", TWO), "events", outcome=outcomes)
    found = validate(open_log(folder))
    assert found.counts == {"word": 1}
    assert "fear_interview has no outcome asylum_granted" in str(found)
    assert (found.histories, found.legal) == (2, 1)
    outcomes[4] = None
    folder = rewritten(written(tmp_path / "b", TWO), "events", outcome=outcomes)
    found = validate(open_log(folder))
    assert found.counts == {"history": 1}
    assert "needs an outcome: fear_found" in str(found)


def test_validation_finds_lost_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(tmp_path / "log", TWO)
    monkeypatch.setattr("asylumatlas.events.log.check_files", lambda *_: None)
    path = folder / "events.parquet/part-00000.parquet"
    pq.write_table(pq.read_table(path).slice(0, 7), path)
    found = validate(open_log(folder))
    assert found.counts == {"rows": 1}
    assert "events: 7 rows in the files, 8 in log.json" in str(found)


def test_every_fault_is_counted_and_the_first_few_are_told(tmp_path: Path) -> None:
    wrong: History = [("charging_document", None), TURNED_BACK[1]]
    three = [coded({(number, case): wrong for case in range(3)}) for number in range(3)]
    found = validate(open_log(written(tmp_path / "log", *three, as_of=date(2018, 3, 25))))
    assert found.counts == {"as_of": 9, "history": 9}
    told = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
    assert [(fault.replication, fault.case_id) for fault in found.faults] == [*told, *told]
    assert (found.legal, found.histories) == (0, 9)


def test_the_same_case_in_two_replications_is_two_histories(tmp_path: Path) -> None:
    one = coded({(0, 7): TURNED_BACK, (1, 7): FEAR})
    found = validate(open_log(written(tmp_path / "log", one)))
    assert (found.legal, found.histories) == (2, 2)


# ------------------------------------------------------------------ the contract as data


def test_the_reference_page_is_the_one_the_code_writes() -> None:
    page = ROOT / "docs/reference/event-log.md"
    remedy = "run: python -m asylumatlas.events.reference docs/reference/event-log.md"
    assert page.read_text(encoding="utf-8") == reference.render(), remedy


def test_the_reference_page_names_every_column_and_key() -> None:
    text = reference.render()
    for column in (*EVENT_COLUMNS, *CASE_COLUMNS):
        assert f"| `{column.name}` |" in text
        assert column.meaning in text
    for key in ("source", "as_of", "vocabulary", "parts", "details", "checksum", *FAULTS):
        assert f"| `{key}` |" in text


def test_the_files_carry_the_contract(tmp_path: Path) -> None:
    folder = written(tmp_path / "log", TWO)
    schema = pq.read_schema(folder / "events.parquet/part-00000.parquet")
    for column, field in zip(EVENT_COLUMNS, schema, strict=True):
        assert (field.name, field.nullable) == (column.name, column.nullable)
    assert {"unknown"} <= set(KINDS) & set(ENTRY_ROUTES)


def test_the_open_name_of_the_package_is_this_one() -> None:
    import asylumatlas

    assert asylumatlas.open is open_log
