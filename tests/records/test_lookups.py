"""Codes are decoded by their whole key, and what a lookup leaves open stays open."""

import pytest

from asylumatlas.records.lookups import Decision, Entry, Lookups, read_lookups
from asylumatlas.records.registry import tables

DECISIONS = "tblLookupCourtDecision"
HLOC = "tblLookupHloc"
JUDGE = "tblLookupJudge"
PROCEEDING = tables()["B_TblProceeding"]


@pytest.fixture
def lookups():
    entries = [
        Entry(DECISIONS, "X", "RMV", "C", "Remove", True, 2),
        Entry(DECISIONS, "X", "RMV", "O", "ZERO BOND", True, 3),
        Entry(DECISIONS, "T", "RMV", "C", "Old words", False, 4),
        Entry(DECISIONS, "T", "RMV", "C", "Terminated", True, 5),
        Entry(DECISIONS, "A", "CFR", "C", "Affirmed", True, 6),
        Entry(DECISIONS, "A", "CFR", "C", "Abandoned", True, 7),
        Entry(HLOC, "IAD", "", "", "Arlington", True, 2),
        Entry(HLOC, "IAD", "", "", "Sterling", True, 3),
        Entry(HLOC, "NA", "", "", "Nowhere", True, 4),
        Entry(HLOC, "OLD", "", "", "Closed", False, 5),
        Entry(JUDGE, "V10", "", "", "VISITING JUDGE 10", True, 2),
        Entry(JUDGE, "AAA", "", "", "Anyone", True, 3),
        Entry(JUDGE, "VIS", "", "", "Example, Vera", True, 4),
        Entry(JUDGE, "TWO", "", "", "Example, A.", True, 5),
        Entry(JUDGE, "TWO", "", "", "Example, B.", True, 6),
        Entry(JUDGE, "", "", "", "No code", True, 7),
    ]
    return Lookups(entries, [DECISIONS, HLOC, JUDGE])


def test_a_decision_is_decoded_by_case_type_code_and_kind_together(lookups):
    assert lookups.decision("RMV", "X", "C") == Decision("Remove", True, False)
    assert lookups.decision("RMV", "X", "O") == Decision("ZERO BOND", True, False)
    assert lookups.decision("DEP", "X", "C") is None
    assert lookups.decides("RMV", "X", "O")
    assert not lookups.decides("RMV", "x", "O")


def test_a_code_in_use_sets_aside_the_one_out_of_use(lookups):
    assert lookups.decision("RMV", "T", "C") == Decision("Terminated", True, False)


def test_two_meanings_in_use_are_named_not_settled(lookups):
    assert lookups.decision("CFR", "A", "C") == Decision("Affirmed / Abandoned", True, True)
    assert lookups.describe(HLOC, "IAD") == "Arlington / Sterling"


def test_na_is_a_code_and_a_code_out_of_use_still_means_something(lookups):
    assert lookups.describe(HLOC, "NA") == "Nowhere"
    assert lookups.describe(HLOC, "OLD") == "Closed"
    assert lookups.describe(HLOC, "") is None
    assert lookups.describe("tblLookupSex", "M") is None


def test_the_codes_of_a_column(lookups):
    assert lookups.codes(PROCEEDING.column("DEC_CODE")) == {"X", "T", "A"}
    assert lookups.codes(PROCEEDING.column("OTHER_COMP")) == {"X"}
    assert lookups.codes(PROCEEDING.column("HEARING_LOC_CODE")) == {"IAD", "NA", "OLD"}
    assert lookups.codes(PROCEEDING.column("ABSENTIA")) == {"Y", "N"}
    assert lookups.codes(PROCEEDING.column("NAT")) is None
    assert lookups.codes(PROCEEDING.column("TRANSFER_TO")) is None  # one of its two is missing
    assert Lookups.empty().codes(PROCEEDING.column("DEC_CODE")) is None


def test_findings_name_each_code_worth_a_look(lookups):
    found = {(f["lookup"], f["code"], f["kind"]): f["what"] for f in lookups.findings()}
    assert found == {
        (DECISIONS, "T", "C"): "inactive_too",
        (DECISIONS, "A", "C"): "ambiguous",
        (HLOC, "IAD", ""): "ambiguous",
        (JUDGE, "V10", ""): "placeholder",
        (JUDGE, "AAA", ""): "placeholder",
        (JUDGE, "TWO", ""): "ambiguous",
    }


def test_a_lookup_is_read_from_its_typed_table(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    (tmp_path / "tables").mkdir()
    columns = {
        "line": pa.array([2, 3, 4], pa.int64()),
        "strCaseType": ["RMV", "RMV ", None],
        "strDecCode": pa.array(["X ", "X", None]).dictionary_encode(),
        "strDecDescription": ["Remove", "ZERO BOND", None],
        "strDecType": ["C", "O", None],
        "blnActive": [True, None, False],
    }
    pq.write_table(pa.table(columns), tmp_path / "tables" / f"{DECISIONS}.parquet")
    sexes = {"line": pa.array([], pa.int64()), "strcode": pa.array([], pa.string())}
    pq.write_table(pa.table(sexes), tmp_path / "tables" / "tblLookupSex.parquet")
    found = read_lookups(tmp_path)
    assert found.decision("RMV", "X", "O") == Decision("ZERO BOND", True, False)
    assert found.codes(tables()["A_TblCase"].column("Sex")) == frozenset()
    assert found.codes(tables()["A_TblCase"].column("NAT")) is None


def test_decisions_without_their_kind_are_no_lookup(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    (tmp_path / "tables").mkdir()
    columns = {"line": pa.array([2]), "strCaseType": ["RMV"], "strDecCode": ["X"]}
    pq.write_table(pa.table(columns), tmp_path / "tables" / f"{DECISIONS}.parquet")
    assert read_lookups(tmp_path).codes(PROCEEDING.column("DEC_CODE")) is None


def test_written_lookups_have_one_row_for_each_key(lookups, tmp_path):
    import pyarrow.parquet as pq

    lookups.write(tmp_path / "lookups.parquet")
    rows = pq.read_table(tmp_path / "lookups.parquet").to_pylist()
    keys = [(row["lookup"], row["code"], row["within"], row["kind"]) for row in rows]
    assert len(keys) == len(set(keys)) == 11
    assert [r["code"] for r in rows if r["placeholder"]] == ["AAA", "V10"]
    assert [r["code"] for r in rows if r["ambiguous"]] == ["A", "IAD", "TWO"]
    terminated = next(row for row in rows if row["code"] == "T")
    assert (terminated["description"], terminated["line"]) == ("Terminated", 5)


def test_lookups_of_an_empty_release_can_be_written(tmp_path):
    import pyarrow.parquet as pq

    Lookups.empty().write(tmp_path / "lookups.parquet")
    assert pq.read_table(tmp_path / "lookups.parquet").num_rows == 0
    assert read_lookups(tmp_path).findings() == []
