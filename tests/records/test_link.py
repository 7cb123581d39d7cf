"""Linking: tables made by hand become the histories that the rules say, counted by hand."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas import process
from asylumatlas.events import open_log, validate
from asylumatlas.records.link import LinkError, link
from asylumatlas.records.link.codes import codes, meaning, nationalities
from asylumatlas.records.link.shard import ORDER
from asylumatlas.records.link.sources import SOURCES
from asylumatlas.records.lookups import JUDGES, Entry, Lookups
from asylumatlas.records.registry import tables

AS_OF = date(2026, 4, 1)
TYPES = {
    "key": pa.int32(),
    "integer": pa.int64(),
    "date": pa.date32(),
    "datetime": pa.timestamp("ms"),
    "time": pa.int16(),
    "flag": pa.bool_(),
}
TEXT = pa.dictionary(pa.int32(), pa.string())
Row = Mapping[str, Any]


def on(text: str) -> date:
    return date.fromisoformat(text)


def dataset(folder: Path, group: int = 3, **rows: Sequence[Row]) -> Path:
    """A dataset folder with these tables; columns that no row has are left out of the file."""
    (folder / "tables").mkdir(parents=True)
    for name, some in {"A_TblCase": [], "B_TblProceeding": [], **rows}.items():
        types = {c.name: TYPES.get(c.type, TEXT) for c in tables()[name].columns}
        given = [c for c in types if any(c in row for row in some)] or list(types)[:2]
        columns = {c: pa.array([row.get(c) for row in some], types[c]) for c in given}
        table = pa.table({"line": pa.array(range(2, len(some) + 2), pa.int64()), **columns})
        with pq.ParquetWriter(folder / "tables" / f"{name}.parquet", table.schema) as file:
            for start in range(0, max(len(some), 1), group):
                file.write_table(table.slice(start, group))
    return folder


def case(number: int = 1, **more: Any) -> Row:
    return {"IDNCASE": number, "CASE_TYPE": "RMV", **more}


def proceeding(key: int = 1, number: int = 1, **more: Any) -> Row:
    row = {"IDNPROCEEDING": key, "IDNCASE": number, "CASE_TYPE": "RMV", "BASE_CITY_CODE": "NYC"}
    return row | {"OSC_DATE": on("2020-01-01"), "INPUT_DATE": on("2020-01-05")} | more


def ended(day: str, code: str = "", other: str = "", **more: Any) -> dict[str, Any]:
    return {"COMP_DATE": on(day), "DEC_CODE": code or None, "OTHER_COMP": other or None, **more}


def asylum(key: int = 1, of: int = 1, number: int = 1, dec: str | None = None, **more: Any) -> Row:
    row = {"IDNPROCEEDINGAPPLN": key, "IDNPROCEEDING": of, "IDNCASE": number, "APPL_CODE": "ASYL"}
    return row | {"APPL_RECD_DATE": on("2020-02-01"), "APPL_DEC": dec} | more


def hearing(
    day: str | None, reason: str | None, kind: str | None = "M", key: int = 1, **more: Any
) -> Row:
    row = {"IDNSCHEDULE": key, "IDNCASE": 1, "CAL_TYPE": kind, "ADJ_RSN": reason}
    return row | {"ADJ_DATE": on(day) if day else None, "BASE_CITY_CODE": "NYC"} | more


def appeal(filed: str, decided: str | None, code: str | None, key: int = 1, **more: Any) -> Row:
    row = {"idnAppeal": key, "idncase": 1, "strAppealType": "Case Appeal", "strBIADecision": code}
    row["datAppealFiled"] = on(filed)
    return row | {"datBIADecision": on(decided) if decided else None} | more


def linked(**rows: Sequence[Row]) -> tuple[list[str], dict[str, Any]]:
    """The events of all cases as ``date event.outcome``, and what linking found."""
    with tempfile.TemporaryDirectory() as name:
        folder = dataset(Path(name) / "dataset", **rows)
        found = link(folder, AS_OF, workers=1)
        assert found == json.loads((folder / "links.json").read_text("utf-8"))
        log = open_log(folder / "log")
        log.verify()
        assert set(validate(log).counts) <= {"history"}
        events = [
            f"{row['date']} {row['event']}" + (f".{row['outcome']}" if row["outcome"] else "")
            for row in log.events(["date", "event", "outcome"]).to_pylist()
        ]
        assert found["events"] == len(events)
        return events, found


def events_of(**rows: Sequence[Row]) -> list[str]:
    """The events without the charging document of 2020-01-01."""
    events, _ = linked(A_TblCase=[case()], **rows)
    assert events[0] == "2020-01-01 charging_document"
    return events[1:]


def log_of(folder: Path, **rows: Sequence[Row]) -> Any:
    link(dataset(folder, **rows), AS_OF, workers=1)
    return open_log(folder / "log")


# ------------------------------------------------------------------ decisions


DECISIONS = [
    # case type, DEC_CODE, OTHER_COMP, APPL_DEC (None: no application), outcome
    ("RMV", "X", "", "D", "asylum_denied"),
    ("RMV", "X", "", "A", "abandoned"),
    ("RMV", "X", "", "W", "withdrawn"),
    ("RMV", "X", "", "M", "removal_not_adjudicated"),
    ("RMV", "X", "", "", "removal_not_adjudicated"),
    ("RMV", "X", "", None, "removal_no_application"),
    ("DEP", "D", "", None, "removal_no_application"),
    ("EXC", "E", "", None, "removal_no_application"),
    ("WHO", "D", "", "D", "asylum_denied"),
    ("RMV", "R", "", "G", "asylum_granted"),
    ("RMV", "R", "", "W", "other_relief"),
    ("RMV", "R", "", None, "other_relief"),
    ("RMV", "E", "", "D", "withholding_granted"),
    ("AOC", "Z", "", None, "withholding_granted"),
    ("AOC", "H", "", "D", "withholding_granted"),
    ("AOC", "G", "", None, "asylum_granted"),
    ("AOC", "C", "", None, "asylum_granted"),
    ("AOC", "R", "", None, "other_relief"),
    ("WHO", "G", "", None, "withholding_granted"),
    ("EXC", "A", "", None, "other_relief"),
    ("AOC", "A", "", None, "abandoned"),
    ("RMV", "A", "", None, "not_recorded"),
    ("RMV", "V", "", None, "voluntary_departure"),
    ("RMV", "T", "", None, "terminated"),
    ("RMV", "U", "", None, "terminated"),
    ("RMV", "W", "", None, "withdrawn"),
    ("RMV", "O", "", None, "not_recorded"),
    ("RMV", "J", "", None, "not_recorded"),
    ("RMV", "", "A", None, "administratively_closed"),
    ("RMV", "", "Y", None, "administratively_closed"),
    ("RMV", "", "I", None, "terminated"),
    ("RMV", "", "F", None, "terminated"),
    ("RMV", "", "O", None, "not_recorded"),
    ("RMV", "", "", None, "not_recorded"),
    ("RMV", "X", "T", None, "removal_no_application"),  # a decision, whatever else is completed
]


def test_what_the_judge_decided(tmp_path: Path) -> None:
    numbered = list(enumerate(DECISIONS, 1))
    day = ended("2026-03-20")
    log = log_of(
        tmp_path / "d",
        A_TblCase=[case(n, CASE_TYPE=row[0]) for n, row in numbered],
        B_TblProceeding=[
            proceeding(n, n, APPEAL_RSVD="B", CASE_TYPE=kind)
            | day
            | {"DEC_CODE": code or None, "OTHER_COMP": other or None}
            for n, (kind, code, other, _, _) in numbered
        ],
        tbl_Court_Appln=[
            asylum(n, n, n, dec or None) for n, (_, _, _, dec, _) in numbered if dec is not None
        ],
    )
    told = log.events(["case_id", "event", "outcome"]).to_pylist()
    decided = [(row["case_id"], row["outcome"]) for row in told if row["event"] == "court_decision"]
    assert decided == [(n, row[-1]) for n, row in numbered]
    assert {row["event"] for row in told} == {
        "charging_document", "asylum_application_filed", "court_decision"
    }  # fmt: skip


def test_every_outcome_of_a_decision_is_tried() -> None:
    tried = {row[-1] for row in DECISIONS} | {"removal_in_absentia"}
    assert tried == set(process.load().events["court_decision"].outcomes)


def test_the_best_of_several_applications_counts_and_withholding_is_told() -> None:
    row = proceeding(**ended("2020-06-01", "R"))
    several = [asylum(k, dec=d) for k, d in ((1, "D"), (2, "G"), (3, None))]
    told = events_of(B_TblProceeding=[row], tbl_Court_Appln=several)
    assert told[-1] == "2020-06-01 court_decision.asylum_granted"
    both = [asylum(1, dec="D"), asylum(2, dec="L", APPL_CODE="WCAT")]
    told = events_of(B_TblProceeding=[row], tbl_Court_Appln=both)
    assert told[-1] == "2020-06-01 court_decision.withholding_granted"
    elsewhere = [asylum(1, of=7, dec="G")]
    told = events_of(B_TblProceeding=[row], tbl_Court_Appln=elsewhere)
    assert told[-1] == "2020-06-01 court_decision.other_relief"


def test_an_application_made_after_the_order_does_not_change_what_it_was() -> None:
    row = proceeding(APPEAL_RSVD="B", **ended("2020-03-01", "X"))
    for day, outcome in (("2020-03-01", "not_adjudicated"), ("2020-03-02", "no_application")):
        for of in (1, 2):  # entered under the proceeding that was decided, or under a later one
            late = asylum(of=of, APPL_RECD_DATE=on(day))
            told = events_of(B_TblProceeding=[row], tbl_Court_Appln=[late])
            assert f"2020-03-01 court_decision.removal_{outcome}" in told


def test_decisions_decode_by_the_lookup_of_the_release() -> None:
    lookup = [{"strCaseType": "RMV", "strDecCode": "X", "strDecType": "C"}]
    for kind, outcome in (("RMV", "removal_no_application"), ("0", "not_recorded")):
        rows = [proceeding(CASE_TYPE=kind, APPEAL_RSVD="B", **ended("2026-03-20", "X"))]
        events, found = linked(
            A_TblCase=[case()], B_TblProceeding=rows, tblLookupCourtDecision=lookup
        )
        assert events[1:] == [f"2026-03-20 court_decision.{outcome}"]
        unknown = found["found"]["decision codes that the lookup does not have"]["count"]
        assert unknown == (kind == "0")


def test_moves_and_zero_bonds_complete_nothing() -> None:
    rows = [
        proceeding(1, **ended("2020-03-01", "", "C", TRANSFER_TO="HLG")),
        proceeding(2, INPUT_DATE=on("2020-03-01"), BASE_CITY_CODE="MIA"),
        proceeding(3, INPUT_DATE=on("2020-04-01"), **ended("2020-05-01", "", "X")),
        proceeding(4, INPUT_DATE=on("2020-06-01"), **ended("2020-07-01", "", "T")),
    ]
    rows[3] |= {"TRANSFER_TO": "LOS"}
    events, found = linked(A_TblCase=[case()], B_TblProceeding=rows)
    assert events[1:] == ["2020-03-01 venue_changed", "2020-07-01 venue_changed"]
    used = found["tables"]["B_TblProceeding"]
    assert used == {
        "rows": 4,
        "used": 3,
        "not_used": {"zero bond, which completes nothing": 1},
    }


def test_where_events_happen_and_who_decides(tmp_path: Path) -> None:
    first = proceeding(1, IJ_CODE="J1", **ended("2020-03-01", "", "C"))
    second = proceeding(2, INPUT_DATE=on("2020-03-01"), BASE_CITY_CODE="MIA", IJ_CODE="J2")
    second = second | ended("2020-04-01", "X", APPEAL_RSVD=None)
    log = log_of(tmp_path / "d", A_TblCase=[case()], B_TblProceeding=[first, second])
    rows = log.events(["event", "place", "resource", "detail"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("charging_document", "NYC", None, None),
        ("venue_changed", "MIA", None, "C"),
        ("court_decision", "MIA", "J2", "RMV/X"),
        ("removal_ordered", "MIA", None, "derived"),
    ]


# ------------------------------------------------------------------ final orders and reopening


def ordered(**more: Any) -> Row:
    return proceeding(APPEAL_RSVD="B", **ended("2020-03-01", "X")) | more


@pytest.mark.parametrize(
    ("changes", "appeals", "day"),
    [
        ({"ABSENTIA": "Y"}, [], "2020-03-01"),
        ({"APPEAL_RSVD": None}, [], "2020-03-01"),
        ({}, [], "2020-03-31"),
        ({}, [appeal("2020-03-20", "2021-01-01", "DIS")], "2021-01-01"),
        ({}, [appeal("2020-03-01", "2021-01-01", "WDL")], "2021-01-01"),
        ({}, [appeal("2020-03-20", None, None)], None),
        ({}, [appeal("2020-03-20", "2021-01-01", "SUS")], None),
        ({}, [appeal("2020-03-20", "2021-01-01", "REM")], None),
        ({}, [appeal("2020-02-20", "2021-01-01", "SUS")], "2020-03-31"),
        ({}, [appeal("2020-03-20", "2021-01-01", "SUS", strAppealType="MTR BIA")], "2020-03-31"),
        ({"ABSENTIA": "Y"}, [appeal("2020-03-20", "2021-01-01", "SUS")], "2020-03-01"),
        ({"COMP_DATE": on("2026-03-02")}, [], "2026-04-01"),
        ({"COMP_DATE": on("2026-03-03")}, [], None),
        ({"DEC_CODE": "W"}, [], None),
        ({"DEC_CODE": "V"}, [], None),
        ({"DEC_CODE": "R"}, [], None),
    ],
)
def test_when_an_order_is_final(
    changes: dict[str, Any], appeals: list[Row], day: str | None
) -> None:
    told = events_of(B_TblProceeding=[ordered(**changes)], tblAppeal=appeals)
    final = [event for event in told if "removal_ordered" in event]
    assert final == ([f"{day} removal_ordered"] if day else [])


@pytest.mark.parametrize(
    ("code", "other", "board", "again"),
    [
        ("X", "", None, "case_reopened"),
        ("T", "", None, "case_reopened"),
        ("", "A", None, "case_recalendared"),
        ("X", "", ("2020-02-20", "2020-03-01", "REM"), None),
        ("X", "", ("2020-02-20", "2020-04-01", "REM"), None),
        ("X", "", ("2020-02-20", "2020-04-02", "REM"), "case_reopened"),
        ("X", "", ("2020-02-20", "2020-02-28", "REM"), "case_reopened"),
        ("X", "", ("2020-02-20", "2020-03-15", "DIS"), "case_reopened"),
    ],
)
def test_what_puts_a_case_before_a_judge_again(
    code: str, other: str, board: tuple[str, str, str] | None, again: str | None
) -> None:
    rows = [
        proceeding(1, APPEAL_RSVD="B", **ended("2020-03-01", code, other)),
        proceeding(2, INPUT_DATE=on("2020-04-01"), BASE_CITY_CODE="MIA"),
    ]
    told = events_of(B_TblProceeding=rows, tblAppeal=[appeal(*board)] if board else [])
    assert [event for event in told if "case_re" in event] == (
        [f"2020-04-01 {again}"] if again else []
    )


def test_a_reopening_before_the_time_to_appeal_ends_leaves_no_final_order() -> None:
    for day, final in (("2020-03-30", False), ("2020-03-31", True)):
        rows = [ordered(), proceeding(2, INPUT_DATE=on(day))]
        told = events_of(B_TblProceeding=rows)
        assert ("2020-03-31 removal_ordered" in told) is final


def test_a_reopening_without_a_day_falls_back_and_is_counted() -> None:
    for columns, day in (
        ({"TRANS_IN_DATE": on("2021-01-01"), "HEARING_DATE": on("2021-02-02")}, "2021-01-01"),
        ({"HEARING_DATE": on("2021-02-02")}, "2021-02-02"),
        ({}, None),
    ):
        again = proceeding(2, INPUT_DATE=None, OSC_DATE=None, **columns)
        events, found = linked(A_TblCase=[case()], B_TblProceeding=[ordered(), again])
        assert [e for e in events if "reopened" in e] == ([f"{day} case_reopened"] if day else [])
        assert ("case_reopened" in found["events_left_out"]) is (day is None)


def test_the_charging_document_falls_back_on_the_day_of_entry() -> None:
    rows = [
        proceeding(2, OSC_DATE=on("2020-05-05")),
        proceeding(1, OSC_DATE=None, INPUT_DATE=on("2019-01-01"), BASE_CITY_CODE="MIA"),
    ]
    assert linked(A_TblCase=[case()], B_TblProceeding=rows)[0] == ["2020-05-05 charging_document"]
    rows = [proceeding(2, OSC_DATE=None, INPUT_DATE=on("2020-06-06"))]
    assert linked(A_TblCase=[case()], B_TblProceeding=rows)[0] == ["2020-06-06 charging_document"]
    rows = [proceeding(2, OSC_DATE=None, INPUT_DATE=None)]
    events, found = linked(A_TblCase=[case()], B_TblProceeding=rows)
    assert events == []
    assert found["events_left_out"] == {"charging_document": {"no date": 1}}
    assert found["histories"]["without_events"] == 1


def test_a_code_without_a_date_or_with_a_later_one_is_no_decision() -> None:
    rows = [
        proceeding(1, DEC_CODE="X"),
        proceeding(2, INPUT_DATE=on("2021-01-01"), **ended("2026-04-02", "X")),
    ]
    events, found = linked(A_TblCase=[case()], B_TblProceeding=rows)
    assert events == ["2020-01-01 charging_document"]
    assert found["tables"]["B_TblProceeding"]["not_used"] == {
        "a decision or completion code without a date": 1,
        "completed after the day of the release": 1,
    }
    assert found["events_left_out"] == {"court_decision": {"no date": 1}}


@pytest.mark.parametrize(
    ("kind", "columns", "event"),
    [
        ("RMV", {"DEC_CODE": "X"}, "court_decision"),
        ("RMV", {"OTHER_COMP": "A"}, "court_decision"),
        ("RMV", {"OTHER_COMP": "C"}, "venue_changed"),
        ("RMV", {"OTHER_COMP": "X"}, None),
        ("RMV", {}, None),
        ("CFR", {"DEC_CODE": "A"}, "judge_review"),
        ("CFR", {"OTHER_COMP": "C"}, None),
    ],
)
def test_a_code_without_a_date_is_counted_as_the_event_it_would_have_been(
    kind: str, columns: dict[str, str], event: str | None
) -> None:
    row = proceeding(CASE_TYPE=kind, **columns)
    events, found = linked(A_TblCase=[case(CASE_TYPE=kind)], B_TblProceeding=[row])
    assert len(events) == 1  # that it began
    assert found["events_left_out"] == ({event: {"no date": 1}} if event else {})


@pytest.mark.parametrize(
    ("code", "other", "outcome"),
    [("A", "", "affirmed"), ("V", "", "vacated"), ("", "", "not_recorded"), ("", "A", "not_rec")],
)
def test_reviews_of_a_fear_finding(code: str, other: str, outcome: str) -> None:
    row = proceeding(CASE_TYPE="CFR", **ended("2020-01-09", code, other))
    events, found = linked(
        A_TblCase=[case(CASE_TYPE="CFR")],
        B_TblProceeding=[row],
        tbl_schedule=[hearing("2020-01-09", "8B")],
        tbl_Court_Appln=[asylum()],
    )
    assert events[0] == "2020-01-01 judge_review_requested"
    assert len(events) == 2
    assert events[1].startswith(f"2020-01-09 judge_review.{outcome}")
    for table in ("tbl_schedule", "tbl_Court_Appln"):
        assert list(found["tables"][table]["not_used"]) == [
            "the case is a review of a fear finding"
        ]


# ------------------------------------------------------------------ beside the main track


HEARINGS: list[tuple[str | None, str | None, str | None]] = [
    ("M", "01", "master_hearing.continued"),
    ("M", "13", "master_hearing.continued"),
    ("M", "17", "master_hearing.set_for_individual"),
    ("M", "8B", "master_hearing.closed"),
    ("M", "RR", "master_hearing.continued"),
    ("M", "??", "master_hearing.continued"),
    ("M", None, "master_hearing.not_recorded"),
    ("M", "34", "hearing_postponed"),
    ("M", "8A", None),
    ("I", "17", "individual_hearing.continued"),
    ("I", "8B", "individual_hearing.decided"),
    ("I", "RR", "individual_hearing.decided"),
    ("I", "DD", "individual_hearing.decided"),
    ("I", "9A", "hearing_postponed"),
    ("B", "01", None),
    (None, "01", None),
]


def test_how_a_hearing_went(tmp_path: Path) -> None:
    numbered = list(enumerate(HEARINGS, 1))
    log = log_of(
        tmp_path / "d",
        A_TblCase=[case(n) for n, _ in numbered],
        tbl_schedule=[
            hearing("2020-02-02", reason, kind, n, IDNCASE=n) for n, (kind, reason, _) in numbered
        ],
    )
    told = {
        row["case_id"]: row["event"] + (f".{row['outcome']}" if row["outcome"] else "")
        for row in log.events().to_pylist()
    }
    assert told == {n: event for n, (_, _, event) in numbered if event}


def test_the_person_was_absent_on_the_day_of_an_order_in_absentia() -> None:
    row = proceeding(**ended("2020-03-01", "X", ABSENTIA="Y"))
    some = [hearing("2020-03-01", "8B", k, n) for n, k in enumerate("MI", 1)]
    some.append(hearing("2020-02-01", "8B", "M", 3))
    assert events_of(B_TblProceeding=[row], tbl_schedule=some) == [
        "2020-02-01 master_hearing.closed",
        "2020-03-01 master_hearing.absent",
        "2020-03-01 individual_hearing.absent",
        "2020-03-01 court_decision.removal_in_absentia",
        "2020-03-01 removal_ordered",
    ]


def test_hearings_ahead_and_without_a_day_are_counted(tmp_path: Path) -> None:
    some = [
        hearing("2026-04-01", "01", key=1, ADJ_TIME_START=510, IJ_CODE="J9"),
        hearing("2026-04-02", None, key=2),
        hearing(None, "01", key=3),
        hearing("2026-03-01", "34", key=4, ADJ_TIME_START=510),
    ]
    rows = {"A_TblCase": [case()], "B_TblProceeding": [proceeding()], "tbl_schedule": some}
    _, found = linked(**rows)
    used = found["tables"]["tbl_schedule"]
    assert used == {"rows": 4, "used": 2, "not_used": {"future hearing": 1, "no date": 1}}
    told = log_of(tmp_path / "d", **rows).events().to_pylist()
    names = ("event", "time", "time_precision", "resource", "detail", "place")
    assert [tuple(row[name] for name in names) for row in told[1:]] == [
        ("hearing_postponed", None, "day", None, "34", "NYC"),
        ("master_hearing", "08:30", "minute", "J9", "01", "NYC"),
    ]


def test_an_application_counts_once_for_each_day_of_receipt() -> None:
    some = [
        asylum(1),
        asylum(2, of=2),
        asylum(3, APPL_RECD_DATE=on("2020-02-09")),
        asylum(4, APPL_RECD_DATE=None),
        asylum(5, APPL_RECD_DATE=None),
        asylum(6, APPL_CODE="42B"),
        asylum(7, APPL_CODE="WCAT", APPL_RECD_DATE=on("2020-02-08")),
    ]
    events, found = linked(A_TblCase=[case()], B_TblProceeding=[proceeding()], tbl_Court_Appln=some)
    assert events[1:] == [
        "2020-02-01 asylum_application_filed",
        "2020-02-09 asylum_application_filed",
    ]
    assert found["tables"]["tbl_Court_Appln"]["not_used"] == {
        "another row says the same of that day": 1,
        "no date": 2,
        "not an application for asylum": 1,
        "withholding or torture convention: read for outcomes, no event of its own": 1,
    }
    assert found["tables"]["tbl_Court_Appln"]["used"] == 2


def test_withholding_tells_an_outcome_but_is_no_event() -> None:
    some = [
        asylum(1, dec="D"),
        asylum(2, dec="G", APPL_CODE="WCAT"),
        asylum(3, APPL_CODE="ASYW", APPL_RECD_DATE=None),
    ]
    rows = [proceeding(**ended("2020-06-01", "R"))]
    events, found = linked(A_TblCase=[case()], B_TblProceeding=rows, tbl_Court_Appln=some)
    assert events[1:] == [
        "2020-02-01 asylum_application_filed",
        "2020-06-01 court_decision.withholding_granted",
    ]
    assert found["tables"]["tbl_Court_Appln"] == {
        "rows": 3,
        "used": 1,
        "not_used": {
            "withholding or torture convention: read for outcomes, no event of its own": 2
        },
    }


def test_representation_before_court_and_board(tmp_path: Path) -> None:
    def rep(key: int, level: str | None, court: str | None, **more: Any) -> Row:
        row = {"IDNREPSASSIGNED": key, "IDNCASE": 1, "STRATTYTYPE": "Alien", "STRATTYLEVEL": level}
        return row | {"E_28_DATE": on(court) if court else None, "BASE_CITY_CODE": "NYC"} | more

    some = [
        rep(1, "COURT", "2020-02-01"),
        rep(2, "Court", "2020-02-01"),
        rep(3, "BOARD", "2020-09-09", E_27_DATE=on("2020-02-01")),
        rep(4, "COURT", None),
        rep(5, "COURT", "2020-02-02", STRATTYTYPE="INS"),
        rep(6, "OTHER", "2020-02-02"),
    ]
    rows = {"A_TblCase": [case()], "B_TblProceeding": [proceeding()], "tbl_RepsAssigned": some}
    told = log_of(tmp_path / "d", **rows).events(where={"event": "representation_entered"})
    assert [(str(r["date"]), r["detail"], r["place"]) for r in told.to_pylist()] == [
        ("2020-02-01", "court", "NYC"),
        ("2020-02-01", "board", None),
    ]
    _, found = linked(**rows)
    assert found["tables"]["tbl_RepsAssigned"] == {
        "rows": 6,
        "used": 2,
        "not_used": {
            "another row says the same of that day": 1,
            "neither before a court nor the Board": 1,
            "no date": 1,
            "not for the person": 1,
        },
    }


def test_custody_begins_and_ends_once_a_day() -> None:
    def held(key: int, start: str | None, end: str | None, code: str = "D") -> Row:
        row: dict[str, Any] = {"IDNCUSTODY": key, "IDNCASE": 1, "CUSTODY": code}
        return row | {
            "DATDETAINED": on(start) if start else None,
            "DATRELEASED": on(end) if end else None,
        }

    some = [
        held(1, None, None, "N"),
        held(2, "2019-12-01", None),
        held(3, "2019-12-01", "2020-01-20", "R"),
        held(4, "2021-01-01", "2020-12-31"),
    ]
    events, found = linked(
        A_TblCase=[case()], B_TblProceeding=[proceeding()], tbl_CustodyHistory=some
    )
    assert events == [
        "2019-12-01 custody_started",
        "2020-01-01 charging_document",
        "2020-01-20 custody_ended.not_recorded",
        "2020-12-31 custody_ended.not_recorded",
        "2021-01-01 custody_started",
    ]
    assert found["tables"]["tbl_CustodyHistory"]["not_used"] == {"no date": 1}
    assert found["order_violations"]["released before detained"] == {"count": 1, "examples": [1]}


def test_bonds_motions_appeals_and_petitions() -> None:
    def bond(key: int, dec: str | None, day: str | None = "2020-02-01") -> Row:
        row: dict[str, Any] = {"IDNASSOCBOND": key, "IDNCASE": 1, "DEC": dec}
        return row | {"COMP_DATE": on(day) if day else None}

    def motion(key: int, kind: str, filed: str, decided: str | None, dec: str | None) -> Row:
        row: dict[str, Any] = {"IDNMOTION": key, "IDNCASE": 1, "REC_TYPE": kind, "DEC": dec}
        return row | {
            "MOTION_RECD_DATE": on(filed),
            "COMP_DATE": on(decided) if decided else None,
        }

    events, found = linked(
        A_TblCase=[case()],
        B_TblProceeding=[ordered()],
        D_TblAssociatedBond=[
            *(bond(n, letter) for n, letter in enumerate(["G", "D", "N", "A", None], 1)),
            bond(6, "G", None),
        ],
        tbl_Court_Motions=[
            motion(1, "O", "2020-03-01", "2020-05-01", "G"),
            motion(2, "MA", "2020-02-28", "2020-05-02", "D"),
            motion(3, "FD", "2020-06-01", None, None),
            motion(4, "CO", "2020-06-01", None, None),
            motion(5, "MC", "2020-02-01", "2020-02-02", "G"),
        ],
        tblAppeal=[
            appeal("2020-03-05", "2020-08-01", "DIS", 10),
            appeal("2020-09-05", "2020-09-09", "ZZZ", 11),
            appeal("2020-09-06", "2020-09-10", None, 12),
            appeal("2020-03-05", "2020-08-01", "DIS", 13, strAppealType="Bond Appeal"),
        ],
        tblAppealFedCourts=[
            {"idnAppealFedCourts": 1, "lngAppealID": 10, "datRequestedByOIL": on("2020-08-20")},
            {"idnAppealFedCourts": 2, "lngAppealID": 99, "datRequestedByOIL": on("2020-08-20")},
        ],
    )  # fmt: skip
    assert events[1:] == [
        "2020-02-01 bond_hearing.granted",
        "2020-02-01 bond_hearing.denied",
        "2020-02-01 bond_hearing.denied",
        "2020-02-01 bond_hearing.not_recorded",
        "2020-02-01 bond_hearing.not_recorded",
        "2020-03-01 motion_filed",
        "2020-03-01 court_decision.removal_no_application",
        "2020-03-05 appeal_filed",
        "2020-05-01 motion_decided.granted",
        "2020-05-02 motion_decided.denied",
        "2020-06-01 motion_filed",
        "2020-08-01 appeal_decided.dismissed",
        "2020-08-20 circuit_petition_filed",
        "2020-09-05 appeal_filed",
        "2020-09-06 appeal_filed",
        "2020-09-09 appeal_decided.other_disposition",
        "2020-09-10 appeal_decided.not_recorded",
    ]
    used = {name: table["not_used"] for name, table in found["tables"].items()}
    assert used["D_TblAssociatedBond"] == {"no date": 1}
    assert used["tbl_Court_Motions"] == {
        "a motion before any decision": 1,
        "not a motion to reopen or reconsider": 1,
    }
    assert used["tblAppeal"] == {"not the appeal of a case": 1}
    assert used["tblAppealFedCourts"] == {"the appeal is not in the release": 1}


# ------------------------------------------------------------------ cases


def test_what_is_known_of_a_case(tmp_path: Path) -> None:
    full = case(
        1,
        NAT="ES", LANG="SP", CUSTODY="D", Sex="F", UPDATE_SITE="NYC", ALIEN_STATE="NY",
        C_ASY_TYPE="I", CASEPRIORITY_CODE="N/A", DATE_OF_ENTRY=on("2019-11-11"),
        E_28_DATE=on("2020-02-02"), LATEST_HEARING=on("2027-01-01"),
    )  # fmt: skip
    made = datetime(2020, 1, 1)
    families = [
        {"idnLeadRider": 1, "idnLeadCase": 1, "idnRiderCase": 2, "blnActive": True},
        {"idnLeadRider": 2, "idnLeadCase": 4, "idnRiderCase": 2, "blnActive": False},
        {"idnLeadRider": 3, "idnLeadCase": 4, "idnRiderCase": 5, "blnActive": False},
        {"idnLeadRider": 4, "idnLeadCase": 1, "idnRiderCase": 5, "blnActive": False},
        {"idnLeadRider": 5, "idnLeadCase": 99, "idnRiderCase": 4, "blnActive": True},
    ]
    days = (0, 5, 5, 0, 0)
    families = [
        row | {"datCreatedOn": made + timedelta(days=n)}
        for row, n in zip(families, days, strict=True)
    ]
    log = log_of(
        tmp_path / "d",
        A_TblCase=[full, case(2), case(3, NAT="??"), case(4), case(5), case(1, NAT="HO")],
        B_TblProceeding=[proceeding(), proceeding(7, 8)],
        tbl_Lead_Rider=families,
        tbl_JuvenileHistory=[
            {"idnJuvenileHistory": 1, "idnCase": 3, "idnJuvenile": 20},
            {"idnJuvenileHistory": 2, "idnCase": 8, "idnJuvenile": 5},
        ],
        tblLookup_Juvenile=[{"idnJuvenile": 20, "strCode": "UJ"}, {"idnJuvenile": 5}],
    )
    rows = {row["case_id"]: row for row in log.cases().to_pylist()}
    assert list(rows) == [1, 2, 3, 4, 5, 8]
    assert rows[1] == {
        "replication": 0, "case_id": 1, "nationality": "SLV", "nationality_source": "ES",
        "kind": "family", "lead_case_id": None, "entry_route": "affirmative",
        "entry_date": on("2019-11-11"), "charging_date": on("2020-01-01"), "case_type": "RMV",
        "sex": "F", "language": "SP", "snapshot_custody": "D", "snapshot_court": "NYC",
        "snapshot_state": "NY", "snapshot_priority": "N/A", "snapshot_asylum_type": "I",
        "snapshot_representation": (on("2020-02-02") - date(1970, 1, 1)).days,
        "snapshot_hearing": (on("2027-01-01") - date(1970, 1, 1)).days,
    }  # fmt: skip
    assert {n: row["kind"] for n, row in rows.items()} == {
        1: "family", 2: "family", 3: "unaccompanied_child", 4: "family", 5: "family", 8: "unknown"
    }  # fmt: skip
    leads = {n: row["lead_case_id"] for n, row in rows.items()}
    assert leads == {1: None, 2: 1, 3: None, 4: None, 5: 4, 8: None}
    assert rows[3]["nationality"] == rows[8]["nationality"] == "unknown"
    assert rows[8]["case_type"] is None
    assert rows[8]["snapshot_hearing"] == -1
    found = json.loads((tmp_path / "d" / "links.json").read_text("utf-8"))
    assert found["cases"] == 6
    assert found["cases_recorded"] == 5
    assert found["found"]["cases met only in proceedings"] == {"count": 1, "examples": [8]}
    assert found["found"]["cases without a proceeding"]["count"] == 4
    assert found["found"]["lead cases that are not in the release"]["examples"] == [4]
    repeated = found["tables"]["A_TblCase"]["not_used"]
    assert repeated == {"an earlier row has the same key": 1}


def test_orphans_repeated_keys_and_differing_types_are_counted() -> None:
    rows = [
        proceeding(1),
        proceeding(2, CASE_TYPE="WHO", INPUT_DATE=on("2020-05-01")),
        proceeding(1),
    ]
    hearings = [hearing("2020-02-02", "01", key=k, IDNCASE=n) for k, n in ((1, 1), (1, 1), (2, 9))]
    events, found = linked(A_TblCase=[case()], B_TblProceeding=rows, tbl_schedule=hearings)
    assert events == ["2020-01-01 charging_document", "2020-02-02 master_hearing.continued"]
    assert found["tables"]["tbl_schedule"]["not_used"] == {
        "an earlier row has the same key": 1,
        "the case is not in the release": 1,
    }
    differ = found["found"]["cases whose proceedings differ in case type"]
    assert differ == {"count": 1, "examples": [1]}


def test_refused_histories_stay_and_say_why(tmp_path: Path) -> None:
    rows = [proceeding(n, n, **ended("2020-03-01", "T")) for n in (1, 2, 3)]
    late = [hearing("2020-04-01", "01", key=n, IDNCASE=n) for n in (2, 3)]
    folder = dataset(
        tmp_path / "d",
        A_TblCase=[case(n) for n in (1, 2, 3)],
        B_TblProceeding=rows,
        tbl_schedule=late,
    )
    found = link(folder, AS_OF, workers=1)["histories"]
    assert (found["replayed"], found["accepted"], found["refused"]) == (3, 1, 2)
    (reason,) = found["refused_by_reason"]
    assert (reason["count"], reason["examples"]) == (2, [2, 3])
    assert "cannot follow court_decision.terminated" in reason["reason"]
    told = pq.read_table(folder / "refused.parquet").to_pylist()
    assert told == [
        {
            "case_id": n,
            "reason": reason["reason"],
            "event": "master_hearing",
            "position": 2,
            "date": on("2020-04-01"),
        }
        for n in (2, 3)
    ]
    assert open_log(folder / "log").events().num_rows == 8


# ------------------------------------------------------------------ the whole


def test_tables_may_be_missing_but_not_cases_and_proceedings(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "d", A_TblCase=[case()], B_TblProceeding=[proceeding()])
    assert link(folder, AS_OF)["tables_missing"] == [s.table for s in SOURCES if not s.needed]
    (folder / "tables" / "B_TblProceeding.parquet").unlink()
    with pytest.raises(LinkError, match="no table B_TblProceeding"):
        link(folder, AS_OF)
    assert not (folder / "log").exists()
    assert not (folder / "links.json").exists()


def test_a_dataset_without_rows_gives_an_empty_log(tmp_path: Path) -> None:
    found = link(dataset(tmp_path / "d"), AS_OF)
    assert (found["cases"], found["events"], found["histories"]["accepted_share"]) == (0, 0, None)
    assert validate(open_log(tmp_path / "d" / "log")).ok


def test_judges_who_are_nobody_are_told_and_stay_as_recorded(tmp_path: Path) -> None:
    heard = [hearing("2020-03-01", None, IJ_CODE="AAA"), hearing("2020-04-01", None, "I", 2)]
    rows = {"A_TblCase": [case()], "B_TblProceeding": [proceeding()], "tbl_schedule": heard}
    folder = dataset(tmp_path / "d", **rows)
    link(folder, AS_OF)
    assert "placeholders" not in open_log(folder / "log").manifest.details  # no lookups, no word
    judges = [("V10", "VISITING JUDGE 10"), ("AAA", "ALL JUDGES"), ("X1", "JUDGE EXAMPLE 001")]
    entries = [Entry(JUDGES, c, "", "", text, True, n) for n, (c, text) in enumerate(judges)]
    entries.append(Entry("tblLanguage", "AAA", "", "", "Visiting", True, 9))
    Lookups(entries, [JUDGES, "tblLanguage"]).write(folder / "lookups.parquet")
    link(folder, AS_OF)
    log = open_log(folder / "log")
    assert log.manifest.details["placeholders"] == {"resource": ["AAA", "V10"]}
    assert set(log.events(["resource"])["resource"].to_pylist()) == {"AAA", None}


def test_linking_again_replaces_the_log_and_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "d", A_TblCase=[case()], B_TblProceeding=[proceeding()])
    first = link(folder, AS_OF)
    assert link(folder, AS_OF) == first
    names = {path.name for path in folder.iterdir()}
    assert names == {"tables", "log", "links.json", "refused.parquet"}


days = st.dates(on("2018-01-01"), on("2026-12-31")) | st.none()
numbers = st.integers(1, 12)


@st.composite
def releases(draw: Any) -> dict[str, list[Row]]:
    """Tables of any rows that can be read, however little sense they make."""

    def rows(name: str, **columns: Any) -> list[Row]:
        key = tables()[name].key[0]
        some = draw(st.lists(st.fixed_dictionaries(columns), max_size=14))
        return [{key: number, **row} for number, row in enumerate(some, 1)]

    some = st.sampled_from
    return {
        "A_TblCase": [{"IDNCASE": n, "CASE_TYPE": draw(some(["RMV", "CFR", "0", None]))}
                      for n in draw(st.sets(numbers, max_size=9))],
        "B_TblProceeding": rows(
            "B_TblProceeding", IDNCASE=numbers, OSC_DATE=days, INPUT_DATE=days, COMP_DATE=days,
            DEC_CODE=some(["X", "R", "A", "T", None]), OTHER_COMP=some(["C", "X", "A", None, None]),
            CASE_TYPE=some(["RMV", "AOC", "CFR", None]), ABSENTIA=some(["Y", "N", None]),
            APPEAL_RSVD=some(["A", None]), BASE_CITY_CODE=some(["NYC", "MIA", None]),
        ),
        "tbl_schedule": rows(
            "tbl_schedule", IDNCASE=numbers, CAL_TYPE=some(["M", "I", "B"]), ADJ_DATE=days,
            ADJ_RSN=some(["01", "8A", "8B", "34", None]), BASE_CITY_CODE=some(["LOS", "MIA"]),
        ),
        "tbl_Court_Appln": rows(
            "tbl_Court_Appln", IDNCASE=numbers, IDNPROCEEDING=numbers, APPL_RECD_DATE=days,
            APPL_CODE=some(["ASYL", "WCAT", "42B"]), APPL_DEC=some(["D", "G", "N", None]),
        ),
        "tbl_CustodyHistory": rows(
            "tbl_CustodyHistory", IDNCASE=numbers, DATDETAINED=days, DATRELEASED=days
        ),
        "tblAppeal": rows(
            "tblAppeal", idncase=numbers, datAppealFiled=days, datBIADecision=days,
            strAppealType=some(["Case Appeal", "MTR BIA"]),
            strBIADecision=some(["DIS", "REM", None]),
        ),
        "tbl_Lead_Rider": rows(
            "tbl_Lead_Rider", idnLeadCase=numbers, idnRiderCase=numbers, blnActive=st.booleans()
        ),
    }  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(releases(), st.integers(1, 5), st.integers(1, 2))
def test_the_log_does_not_depend_on_the_shards(
    rows: dict[str, list[Row]], size: int, workers: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = dataset(Path(name) / "d", **rows)
        whole = link(folder, AS_OF, workers=1)
        tables_whole = [getattr(open_log(folder / "log"), what)() for what in ("cases", "events")]
        parts = link(folder, AS_OF, workers=workers, cases_in_shard=size)
        log = open_log(folder / "log")
        assert whole == parts
        for one, what in zip(tables_whole, ("cases", "events"), strict=True):
            assert one.to_pylist() == getattr(log, what)().to_pylist()
        assert set(validate(log).counts) <= {"history"}
        assert len(log.manifest.parts) == max(1, -(-whole["cases"] // size))
        for table in whole["tables"].values():
            assert table["used"] >= 0


def test_the_codes_name_known_words() -> None:
    events = process.load().events
    assert {event for events_of_day in ORDER for event in events_of_day} <= set(events)
    known = set(codes()["hearings"]["postponed"])
    assert len(known) == len(codes()["hearings"]["postponed"])
    assert "13" not in known
    assert meaning("RMV", "", "X", None).known
    assert not meaning("RMV", "X", "", frozenset()).known
    assert len(nationalities()) == 251
    words = set(nationalities().values())
    assert all(w == "unknown" or (len(w) == 3 and w.isupper() and w.isascii()) for w in words)
