"""The views say what the tables say, and decode without a guess."""

import errno
import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from asylumatlas.records.database import write_database
from asylumatlas.records.dataset import open_dataset
from asylumatlas.records.importing import Imported, import_release

from .releases import SMALL, case, decision, proceeding, write_folder, write_zip

ROWS = {
    "A_TblCase": [
        case(1, NAT="HO"),
        case(2, NAT="NA"),
        case(3, NAT=""),
        case(4, NAT="QQ"),
        case(5, NAT="XX", UPDATE_SITE="LOS"),
    ],
    "B_TblProceeding": [
        proceeding(11, 1, DEC_CODE="X", OTHER_COMP=""),
        proceeding(12, 2, DEC_CODE="", OTHER_COMP="X"),
        proceeding(13, 3, DEC_CODE="A", CASE_TYPE="CFR"),
        proceeding(14, 4, DEC_CODE="A", CASE_TYPE="RMV"),
        proceeding(15, 5, DEC_CODE="R", TRANSFER_TO="LOS"),
        b"16\tshort",
    ],
    "tblLookupNationality": [
        {"NAT_CODE": "HO", "NAT_NAME": "HONDURAS", "blnActive": "1"},
        {"NAT_CODE": "HO", "NAT_NAME": "HONDURAS, OLD", "blnActive": "0"},
        {"NAT_CODE": "NA", "NAT_NAME": "NETHERLANDS ANTILLES", "blnActive": "1"},
        {"NAT_CODE": "XX", "NAT_NAME": "ONE", "blnActive": "1"},
        {"NAT_CODE": "XX", "NAT_NAME": "ANOTHER", "blnActive": "1"},
    ],
    "tblLookupCourtDecision": [
        decision("RMV", "X", "C", "Remove"),
        decision("RMV", "X", "O", "ZERO BOND"),
        decision("RMV", "R", "C", "Relief"),
        decision("CFR", "A", "C", "Affirmed"),
        decision("RMV", "A", "O", "Admin closing"),
    ],
    "tblLookupBaseCity": [{"BASE_CITY_CODE": "LOS", "BASE_CITY_NAME": "Los Angeles"}],
    "tblLookupHloc": [{"HEARING_LOC_CODE": "LOS", "HEARING_LOC_NAME": "Olive Street"}],
}


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    place = tmp_path_factory.mktemp("database")
    return import_release(write_folder(place, ROWS), place / "data's [set]*")


def ask(database: Path, question: str) -> list[tuple[Any, ...]]:
    connection = duckdb.connect(str(database), read_only=True)
    try:
        return connection.execute(question).fetchall()
    finally:
        connection.close()


def test_a_view_for_each_table(imported: Imported) -> None:
    database = imported.dataset.database
    for name in ROWS:
        entry = imported.ledger.of(name) or {}
        [(rows,)] = ask(database, f'SELECT count(*) FROM "{name}"')
        assert rows == entry["kept"] + entry["repaired"]
    assert ask(database, 'SELECT "table", line, reason FROM quarantined') == [
        ("B_TblProceeding", 7, "too_few_fields")
    ]
    assert ask(database, "SELECT count(*) FROM repaired") == [(0,)]
    noted = ask(database, 'SELECT "column", reason FROM "values" WHERE "table" = \'A_TblCase\'')
    assert ("NAT", "unknown_code") in noted


def test_values_not_read_and_values_noted_are_told_apart(tmp_path: Path) -> None:
    rows = {**ROWS, "A_TblCase": [case(1, NAT="QQ", DETENTION_DATE="soon"), case(2)]}
    made = import_release(write_folder(tmp_path, rows), tmp_path / "out")
    database, totals = made.dataset.database, made.ledger.totals
    found = dict(ask(database, 'SELECT kind, count(*) FROM "values" GROUP BY kind'))
    assert found == {"unread": totals["unread"], "noted": totals["noted"]}
    assert totals["unread"] == 1
    assert ask(database, "SELECT reason FROM \"values\" WHERE kind = 'unread'") == [("not_a_date",)]


def test_three_ways_to_decode(imported: Imported) -> None:
    found = ask(
        imported.dataset.database,
        "SELECT NAT, NAT_text, NAT_status FROM A_TblCase_decoded ORDER BY line",
    )
    assert found == [
        ("HO", "HONDURAS", "decoded"),  # not the meaning out of use
        ("NA", "NETHERLANDS ANTILLES", "decoded"),  # a code, not a blank
        (None, None, "blank"),
        ("QQ", None, "unknown"),
        ("XX", found[4][1], "decoded"),
    ]
    assert set(found[4][1].split(" / ")) == {"ONE", "ANOTHER"}  # both: no guess


def test_decisions_decode_by_case_type_code_and_kind(imported: Imported) -> None:
    assert ask(
        imported.dataset.database,
        "SELECT DEC_CODE_text, DEC_CODE_status, OTHER_COMP_text, OTHER_COMP_status "
        "FROM B_TblProceeding_decoded ORDER BY line",
    ) == [
        ("Remove", "decoded", None, "blank"),
        (None, "blank", "ZERO BOND", "decoded"),
        ("Affirmed", "decoded", None, "blank"),
        (None, "unknown", None, "blank"),  # A is no decision of a removal case
        ("Relief", "decoded", None, "blank"),
    ]


def test_the_view_and_the_ledger_count_alike(imported: Imported) -> None:
    for table in ("A_TblCase", "B_TblProceeding"):
        columns = (imported.ledger.of(table) or {})["columns"]["by_name"]
        decoded = {n: c for n, c in columns.items() if c["decoded"] is not None}
        views = {
            name
            for (name,) in ask(
                imported.dataset.database,
                "SELECT column_name FROM duckdb_columns() "
                f"WHERE table_name = '{table}_decoded' AND ends_with(column_name, '_status')",
            )
        }
        checked = 0
        for name, column in decoded.items():
            if f"{name}_status" not in views:
                continue
            [counts] = ask(
                imported.dataset.database,
                f"SELECT count(*) FILTER (\"{name}_status\" = 'decoded'), "
                f"count(*) FILTER (\"{name}_status\" = 'unknown'), "
                f"count(*) FILTER (\"{name}_status\" = 'blank') FROM {table}_decoded",
            )
            assert counts == (column["decoded"], column["unknown"], column["blank"]), name
            checked += 1
        assert checked >= 2


def test_a_code_of_two_lookups_has_both_meanings(imported: Imported) -> None:
    [(text, status)] = ask(
        imported.dataset.database,
        "SELECT TRANSFER_TO_text, TRANSFER_TO_status FROM B_TblProceeding_decoded "
        "WHERE TRANSFER_TO IS NOT NULL",
    )
    assert (text, status) == ("Los Angeles / Olive Street", "decoded")


def test_without_the_lookup_nothing_is_said(imported: Imported) -> None:
    """LANG's lookup is not in this release: neither decoded nor unknown."""
    assert ask(
        imported.dataset.database, "SELECT DISTINCT LANG_text, LANG_status FROM A_TblCase_decoded"
    ) == [(None, None)]


def test_the_event_log_has_views(imported: Imported) -> None:
    database = imported.dataset.database
    assert ask(database, "SELECT count(*) FROM cases") == [(5,)]
    [(events,)] = ask(database, "SELECT count(*) FROM events")
    assert events == imported.dataset.log.events(["seq"]).num_rows > 0


def test_a_moved_dataset_finds_its_files(tmp_path: Path) -> None:
    made = import_release(write_zip(tmp_path, SMALL), tmp_path / "here")
    shutil.move(tmp_path / "here", tmp_path / "there")
    with pytest.raises(duckdb.Error):
        ask(tmp_path / "there" / "records.duckdb", "SELECT count(*) FROM A_TblCase")
    moved = open_dataset(tmp_path / "there")
    assert moved.fingerprint == made.dataset.fingerprint
    assert ask(moved.database, "SELECT count(*) FROM A_TblCase") == [(9,)]
    assert ask(moved.database, "SELECT count(*) FROM events")[0][0] > 0
    assert open_dataset(tmp_path / "there").manifest["folder"] == str(tmp_path / "there")


def test_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "lookups.parquet").write_bytes(b"not parquet")
    with pytest.raises(ValueError, match="DuckDB") as caught:
        write_database(tmp_path, [], linked=False)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["lookups.parquet"]


@pytest.mark.parametrize(
    "name", ["year=2020", "line=1", "it's", 'say "x"', "st*r [a-z]{2}", "100%"]
)
def test_a_folder_of_any_name_is_only_a_folder(name: str, tmp_path: Path) -> None:
    """No sign stands for others, and a name with = is no column."""
    made = import_release(write_folder(tmp_path, ROWS), tmp_path / name / "out")
    views = [view for (view,) in ask(made.dataset.database, "SHOW TABLES")]
    assert {"A_TblCase", "A_TblCase_decoded", "cases", "events", "values"} <= set(views)
    for view in views:
        columns = [row[0] for row in ask(made.dataset.database, f'DESCRIBE "{view}"')]
        assert "year" not in columns
        assert len({column.casefold() for column in columns}) == len(columns)
    lines = [line for (line,) in ask(made.dataset.database, "SELECT line FROM A_TblCase")]
    assert sorted(lines) == [2, 3, 4, 5, 6]


def test_a_dataset_moved_to_where_sql_cannot_follow_still_opens(tmp_path: Path) -> None:
    """DuckDB takes what follows a question mark for something else than a name."""
    made = import_release(write_folder(tmp_path, ROWS), tmp_path / "here")
    shutil.move(tmp_path / "here", tmp_path / "what?")
    moved = open_dataset(tmp_path / "what?")
    assert moved.fingerprint == made.dataset.fingerprint
    assert moved.log.events(["seq"]).num_rows > 0
    assert not [path for path in moved.folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("folder", ["workspace", "No space left here"])
def test_a_folders_name_is_not_taken_for_a_full_disk(folder: str, tmp_path: Path) -> None:
    place = tmp_path / folder
    place.mkdir()
    with pytest.raises(OSError, match="lookups") as caught:
        write_database(place, [], linked=False)
    assert caught.value.errno != errno.ENOSPC


def test_the_manifest_says_that_a_release_is_made_up(imported: Imported) -> None:
    manifest = json.loads((imported.dataset.folder / "dataset.json").read_text())
    assert manifest["release"]["synthetic"] is True
    assert imported.dataset.synthetic
