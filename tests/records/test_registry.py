"""What a release should hold: the tables, how files and headers are matched to them."""

from pathlib import Path

import pytest

from asylumatlas.records import reasons, reference
from asylumatlas.records.registry import RegistryError, bind, table_of, tables

ROOT = Path(__file__).parent.parent.parent
# Columns by table, as the headers of the release of April 2026 have them.
COLUMNS = {
    "A_TblCase": 39,
    "B_TblProceeding": 38,
    "tbl_Court_Appln": 6,
    "tbl_schedule": 30,
    "tblAppeal": 17,
    "tblAppeal2": 3,
    "tblAppealFedCourts": 4,
    "tblThreeMbrReferrals": 4,
    "tbl_RepsAssigned": 11,
    "tbl_EOIR_Attorney": 7,
    "D_TblAssociatedBond": 31,
    "tbl_CustodyHistory": 5,
    "tbl_JuvenileHistory": 6,
    "B_TblProceedCharges": 5,
    "tbl_Court_Motions": 41,
    "tbl_Lead_Rider": 11,
    "A_TblCaseIdentifier": 3,
    "tbl_CasePriorityHistory": 5,
    "tblProBono": 65,
}


def test_a_release_has_19_main_tables_and_78_lookups() -> None:
    kinds = [table.kind for table in tables().values()]
    assert (kinds.count("main"), kinds.count("lookup")) == (19, 78)
    found = {t.name: len(t.columns) for t in tables().values() if t.kind == "main"}
    assert found == COLUMNS


def test_a_table_comes_after_the_tables_its_rows_refer_to() -> None:
    names = list(tables())
    for table in tables().values():
        for column in table.columns:
            if column.refers:
                assert names.index(column.refers) < names.index(table.name), column


def test_every_main_table_has_a_key_of_its_own_columns() -> None:
    for table in tables().values():
        if table.kind == "main":
            assert table.key, table.name
            assert all(table.column(name).type in ("key", "integer", "guid") for name in table.key)


@pytest.mark.parametrize(
    ("file", "table"),
    [
        ("A_TblCase.csv", "A_TblCase"),
        ("x/ FOIA TRAC Report/a_tblcase.CSV", "A_TblCase"),
        ("Lookup\\tblLookUp_Appln.csv", "tblLookUp_Appln"),
        ("tblAdjournmentCodes.csv", "tblAdjournmentcodes"),
        ("tblLookupGender.csv", "tblLookupSex"),
    ],
)
def test_files_are_told_by_their_name_whatever_its_case(file: str, table: str) -> None:
    found = table_of(file)
    assert found is not None
    assert found.name == table


@pytest.mark.parametrize("file", ["Count.txt", "A_TblCase", "A_TblCases.csv", "", ".csv"])
def test_other_files_are_no_table(file: str) -> None:
    assert table_of(file) is None


def test_a_header_in_another_order_and_case_binds_by_name() -> None:
    table = tables()["tbl_Court_Appln"]
    bound = bind(table, ["appl_dec", "IDNCASE", "EXTRA", "idnproceedingappln", "IDNPROCEEDING", ""])
    names = [column.name for column in bound.columns]
    assert names == ["APPL_DEC", "IDNCASE", "EXTRA", "IDNPROCEEDINGAPPLN", "IDNPROCEEDING"]
    assert bound.missing == ("APPL_CODE", "APPL_RECD_DATE")
    assert bound.added == ("EXTRA",)
    assert bound.blank == 1


def test_a_column_under_its_old_name_is_the_same_column() -> None:
    bound = bind(tables()["A_TblCase"], ["IDNCASE", "GENDER"])
    assert bound.columns[1].name == "Sex"
    assert bound.renamed == {"Sex": "GENDER"}
    assert bound.added == ()


def test_a_name_twice_in_the_header_is_refused() -> None:
    with pytest.raises(RegistryError, match=r'A_TblCase\.csv: .* "idncase" twice'):
        bind(tables()["A_TblCase"], ["IDNCASE", "idncase"])


def test_a_reason_means_one_thing() -> None:
    families = (reasons.QUARANTINED, reasons.REPAIRED, reasons.UNREAD, reasons.NOTED)
    words = [word for family in (*families, reasons.COUNTED) for word in family]
    assert len(words) == len(set(words))


def test_the_reference_page_is_the_one_the_code_writes() -> None:
    page = ROOT / "docs/reference/court-records.md"
    remedy = "run: python -m asylumatlas.records.reference docs/reference/court-records.md"
    assert page.read_text(encoding="utf-8") == reference.render(), remedy
