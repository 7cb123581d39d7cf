"""`asylumatlas diff`: what it prints, its words that are wrong, its one object of JSON."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from asylumatlas.cli import main
from asylumatlas.cli.differing import print_difference
from asylumatlas.records.changes.difference import Difference, Side
from asylumatlas.records.changes.difference import TableDifference as Table
from asylumatlas.records.changes.vanished import Cell
from asylumatlas.records.dataset import identity, write_manifest
from asylumatlas.records.ledger import Ledger

Capture = pytest.CaptureFixture[str]
FILINGS = "tbl_Court_Appln"
Make = Callable[..., Path]


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Writes a dataset that holds some applications by key, each with a decision."""

    def write(name: str, rows: dict[int, str | None], day: str, quarantined: int = 0) -> Path:
        folder = tmp_path / name
        (folder / "tables").mkdir(parents=True)
        columns: dict[str, Any] = {
            "line": pa.array(range(2, len(rows) + 2), pa.int64()),
            "IDNPROCEEDINGAPPLN": pa.array(rows, pa.int32()),
            "APPL_RECD_DATE": pa.array([date(2010 + key // 100, 1, 1) for key in rows]),
            "APPL_DEC": pa.array(rows.values(), pa.string()),
        }
        pq.write_table(pa.table(columns), folder / "tables" / f"{FILINGS}.parquet")
        entry = {"table": FILINGS, "file": "x.csv", "bytes": 0, "lines": len(rows) + quarantined}
        entry |= {"kept": len(rows), "repaired": 0, "quarantined": quarantined, "reasons": {}}
        entry |= {"count_txt": None, "difference": None, "columns": {"by_name": {}}}
        release, as_of = {"name": f"Release {day}", "fingerprint": day}, date.fromisoformat(day)
        Ledger(release, as_of, [entry]).write(folder)
        value = {**identity(release, as_of), "tables": [FILINGS], "linked": False}
        write_manifest(folder, value)
        return folder

    return write


@pytest.fixture
def two(make: Make) -> list[str]:
    older = {key: "DG"[key % 2] if key % 5 else None for key in range(1, 501)}
    newer = {key: code for key, code in older.items() if not 200 <= key < 290} | {777: "D"}
    newer[1] = "W"
    a = make("older", older, "2026-04-01")
    return [str(a), str(make("newer", newer, "2026-05-01", quarantined=2))]


def test_a_vanished_block_is_seen_at_a_glance(two: list[str], capsys: Capture) -> None:
    assert main(["diff", *two]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert all(len(line) <= 80 for line in out.splitlines() if str(two[0])[:8] not in line)
    words = " ".join(out.split())
    assert f"{FILINGS} 500 1 90 1" in words
    assert "90 of 500 rows of tbl_Court_Appln are gone (18 %)" in words
    assert "around keys 2" in words
    assert "2012 (blank) 0 18 0 2" in words
    assert "tbl_Court_Appln: APPL_DEC 1" in words
    assert "0 in A and 2 in B" in words


def test_numbers_of_a_whole_release_are_not_cut(capsys: Capture) -> None:
    rows = {
        "added": 1_234_567,
        "removed": 2_345_678,
        "changed": 12_345_678,
        "unchanged": 98_765_432,
    }
    cell = Cell(2019, None, **rows)
    lookup = Table(*("tblLookupSex", 9, 9, 0, 0, 0, 0, 3, 6), {"blnActive": 3}, (), (), (), ())
    charges = Table(
        *("B_TblProceedCharges", 113_456_788, 112_345_677, 0, 0, *rows.values()),
        *({"CHG_STATUS": 7}, (), (), (cell,), ()),
    )
    side = Side("a", "Release", "2026-04-01", "0", synthetic=True)
    other = replace(lookup, table="tblLookupHloc", columns={"BLNACTIVE": 2})
    print_difference(Difference(side, side, False, (charges, lookup, other)))
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    words = " ".join(out.split())
    assert "A: a (Release, 2026-04-01, synthetic)" in words
    assert "B_TblProceedCharges 113,456,788 1,234,567 2,345,678 12,345,678" in words
    assert "(blank) 1,234,567 2,345,678 12,345,678 98,765,432" in words
    assert "2 lookups differ: 6 rows changed." in words
    assert "2 lookups: blnActive 5" in words


def test_json_is_one_object_that_adds_up(two: list[str], capsys: Capture) -> None:
    assert main(["diff", *two, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (table,) = found["tables"]
    counts = [table[name] for name in ("added", "removed", "changed", "unchanged")]
    assert counts == [1, 90, 1, 409]
    for name in ("added", "removed", "changed", "unchanged"):
        assert sum(cell[name] for cell in table["cells"]) == table[name]
    assert found["same"] is False
    assert table["sentences"]


def test_out_holds_every_difference(two: list[str], tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "found"
    assert main(["diff", *two, "--out", str(out)]) == 0
    assert f"Every difference, row by row: {out}" in capsys.readouterr().out
    assert pq.read_table(out / "rows" / f"{FILINGS}.parquet").num_rows == 92


def test_the_same_release_says_so(make: Make, capsys: Capture) -> None:
    a, b = make("a", {1: "D"}, "2026-04-01"), make("b", {1: "D"}, "2026-04-01")
    assert main(["diff", str(a), str(b)]) == 0
    assert "there is no difference" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("diff A", 2, "B"),
        ("diff A nowhere", 1, "nowhere"),
        ("diff A B --tables tbl_Court_Apln", 1, 'Did you mean "tbl_Court_Appln"?'),
        ("diff A B --out A", 1, "holds something already"),
        ("diff A B --tabels x", 2, 'Did you mean "--tables"?'),
    ],
)
def test_what_cannot_be_done_is_one_line(
    words: str, code: int, says: str, two: list[str], capsys: Capture
) -> None:
    places = {"A": two[0], "B": two[1]}
    assert main([places.get(word, word) for word in words.split()]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert says in err
