"""Rows made from histories: keys, references, codes, and what another day changes."""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np
import pytest

from asylumatlas import process
from asylumatlas.records.registry import tables
from asylumatlas.synthetic import rows, rows_board, rows_court, rows_people
from asylumatlas.synthetic.caseload import REFERENCE, World, epoch_day
from asylumatlas.synthetic.decisions import CASE_TYPES, TABLE
from asylumatlas.synthetic.docket import Docket, docket
from asylumatlas.synthetic.lookups import codes_of, decisions
from asylumatlas.synthetic.wire import BLANK, CODE, Field

CASES = 1500
EARLIER, LATER = date(2024, 2, 1), date(2027, 3, 1)
# what the source overwrites in place, so that it may differ between releases
OVERWRITTEN = {
    "A_TblCase": {
        "CUSTODY", "E_28_DATE", "UPDATE_SITE", "LATEST_HEARING", "LATEST_TIME", "LATEST_CAL_TYPE",
        "DATE_DETAINED", "DATE_RELEASED", "DETENTION_DATE", "DETENTION_LOCATION",
    },
    "B_TblProceeding": {"HEARING_DATE", "HEARING_TIME", "CUSTODY", "DATE_DETAINED",
                        "DATE_RELEASED"},
    "tbl_schedule": {"UPDATE_DATE", "SUB_GENERATION"},
    "tbl_Court_Motions": {"UPDATE_DATE"},
    "D_TblAssociatedBond": {"UPDATE_DATE"},
    "tbl_CustodyHistory": {"CUSTODY"},
    "tbl_Lead_Rider": {"blnActive", "datModifiedOn"},
    "B_TblProceedCharges": {"CHG_STATUS"},
    "tblAppeal": {"strCustody"},
}  # fmt: skip


@cache
def world() -> World:
    return World(CASES, 11)


@cache
def chunk():
    return world().chunk(0)


@cache
def made(as_of: date) -> Docket:
    return docket(chunk(), world().luck, epoch_day(as_of), codes_of("tblLookupJudge"))


@cache
def sheets(as_of: date) -> dict[str, dict[str, Field]]:
    found: dict[str, dict[str, Field]] = {}
    for build in (rows.everyone, rows_court.court, rows_people.everybody, rows_board.appeals):
        found |= build(made(as_of))
    return found


def values(entry: Field) -> list[object]:
    if entry.kind == CODE:
        return [entry.words[k] if k >= 0 else b"" for k in entry.values.tolist()]
    return [None if v == BLANK else v for v in entry.values.tolist()]


def records(as_of: date, table: str) -> dict[object, dict[str, object]]:
    sheet = sheets(as_of)[table]
    columns = {name: values(entry) for name, entry in sheet.items()}
    key = zip(*(columns[name] for name in tables()[table].key), strict=True)
    return {k: {name: column[n] for name, column in columns.items()} for n, k in enumerate(key)}


def known_codes(column):
    """Every code that a column may hold; the placeholders among the judges are not drawn."""
    return {*(column.codes or ()), *(code for name in column.lookup for code in codes_of(name))}


@pytest.mark.parametrize("name", [name for name, t in tables().items() if t.kind == "main"])
def test_every_code_that_can_be_written_is_in_the_lookups(name):
    for column, entry in sheets(REFERENCE)[name].items():
        about = tables()[name].column(column)
        if entry.kind != CODE or not (about.codes or about.lookup):
            continue
        words = {word.decode().rstrip(" ") for word in entry.words} - {"", "border"}
        assert b"border" not in values(entry)  # a place of the simulation, no court
        known = known_codes(about)
        if about.fold:
            words, known = {w.casefold() for w in words}, {w.casefold() for w in known}
        assert words <= known, (column, words - known)


def test_some_cases_have_nothing_but_their_own_row():
    every = {key[0] for key in records(REFERENCE, "A_TblCase")}
    proceedings = records(REFERENCE, "B_TblProceeding").values()
    bare = every - {row["IDNCASE"] for row in proceedings}
    assert 0.004 < len(bare) / len(every) < 0.02  # 1.07 %
    assert bare == every & set(values(rows.whole(made(REFERENCE).idncase[made(REFERENCE).bare])))
    for name, table in tables().items():
        if table.kind != "main" or name in ("A_TblCase", "A_TblCaseIdentifier"):
            continue
        for column in table.columns:
            if column.refers == "A_TblCase" and column.name in sheets(REFERENCE)[name]:
                assert not bare & set(values(sheets(REFERENCE)[name][column.name])), name
    for key, row in records(REFERENCE, "A_TblCase").items():
        if key[0] in bare:
            assert row["LATEST_HEARING"] is None
            assert row["E_28_DATE"] is None


def test_names_of_parents_are_mostly_in_small_letters():
    names = values(sheets(REFERENCE)["tbl_RepsAssigned"]["PARENT_TABLE"])
    assert 0.7 < sum(name.islower() for name in names) / len(names) < 0.8
    assert {name.lower() for name in names} == {b"a_tblcase", b"b_tblproceeding", b"tblappeal"}


def test_who_reserved_appeal_is_not_padded():
    assert {len(word) for word in sheets(REFERENCE)["B_TblProceeding"]["APPEAL_RSVD"].words} == {1}


def test_every_main_table_has_rows():
    assert set(sheets(REFERENCE)) == {n for n, t in tables().items() if t.kind == "main"}
    assert all(len(next(iter(sheet.values())).values) for sheet in sheets(REFERENCE).values())


def test_the_release_of_the_reference_day_has_the_cases_asked_for():
    assert len(records(REFERENCE, "A_TblCase")) == CASES


@pytest.mark.parametrize("table", [n for n, t in tables().items() if t.kind == "main"])
def test_keys_are_unique_and_references_exist(table):
    sheet = sheets(REFERENCE)[table]
    size = len(next(iter(sheet.values())).values)
    assert len(records(REFERENCE, table)) == size
    for column in tables()[table].columns:
        if column.type == "key" and column.name in sheet:
            found = np.asarray(sheet[column.name].values)
            assert found.min() > 0
            assert found.max() < 2**31
            if column.refers:
                parent = tables()[column.refers]
                known = sheets(REFERENCE)[parent.name][parent.key[0]].values
                assert np.isin(found, known).all(), column.name


@pytest.mark.parametrize("table", [n for n, t in tables().items() if t.kind == "main"])
def test_codes_are_those_of_the_lookups(table):
    for column in tables()[table].columns:
        entry = sheets(REFERENCE)[table].get(column.name)
        if entry is None or entry.kind != CODE or column.within:
            continue
        used = {bytes(v).decode("cp1252").rstrip() for v in values(entry)} - {""}
        if column.lookup:
            known = {c.rstrip() for name in column.lookup for c in codes_of(name)}
            assert used <= known, column.name
        elif column.codes:
            folded = {c.casefold() for c in column.codes}
            assert {u.casefold() for u in used} <= folded, column.name


@pytest.mark.parametrize("case_type", CASE_TYPES)
def test_decisions_are_decoded_by_the_lookup(case_type):
    for choices in TABLE[case_type].values():
        for _, decision, other in choices:
            assert not decision or decision in decisions(case_type, "C"), decision
            assert not other or other in decisions(case_type, "O"), other


@pytest.mark.parametrize("table", [n for n, t in tables().items() if t.kind == "main"])
def test_a_later_release_keeps_the_facts_of_an_earlier_one(table):
    before, after = records(EARLIER, table), records(LATER, table)
    assert before.keys() <= after.keys()
    for key, row in before.items():
        for name, value in row.items():
            if value in (None, b"") or name in OVERWRITTEN.get(table, ()):
                continue
            assert after[key][name] == value, (table, key, name)


def test_nothing_but_plans_lies_after_the_day_of_the_release():
    last = epoch_day(EARLIER)
    for table, sheet in sheets(EARLIER).items():
        for column in tables()[table].columns:
            entry = sheet.get(column.name)
            if entry is None or column.type not in ("date", "datetime") or column.future:
                continue
            given = [v for v in values(entry) if v is not None]
            days = [v // 86400 for v in given] if column.type == "datetime" else given
            assert max(days, default=0) <= last, (table, column.name)


def test_rows_per_case_are_of_the_right_order():
    """Rows a case in July 2026, as published; made-up rates should be within a third."""
    published = {
        "B_TblProceeding": 1.31, "tbl_Court_Appln": 1.27, "tbl_schedule": 3.68,
        "tbl_RepsAssigned": 2.07, "B_TblProceedCharges": 1.49, "tbl_Court_Motions": 0.68,
        "tbl_CustodyHistory": 0.79, "tbl_JuvenileHistory": 0.24, "tbl_Lead_Rider": 0.21,
        "A_TblCaseIdentifier": 0.20,
    }  # fmt: skip
    for table, rate in published.items():
        found = len(records(REFERENCE, table)) / CASES
        assert 0.67 * rate < found < 1.33 * rate, (table, found)


def test_every_history_can_have_happened():
    legal = process.replay_many(chunk().case, chunk().event, chunk().outcome)
    assert legal.all()


def test_every_decision_that_records_can_show_occurs():
    shown = {process.outcome_codes()[k] for k in np.unique(made(REFERENCE).outcome) if k >= 0}
    wanted = set(process.load().events["court_decision"].outcomes)
    assert wanted - shown <= {"not_recorded", "withholding_granted"}


def test_chunks_do_not_share_numbers():
    small = World(300, 2, chunk_cases=100)
    ordinals = np.concatenate([small.chunk(n).ordinal for n in range(3)])
    assert small.chunks == 3
    assert len(np.unique(ordinals)) == len(ordinals)
    assert (np.diff(ordinals) > 0).all()
