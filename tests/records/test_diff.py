"""What changed between two releases: counts by hand, multisets, blocks that vanished."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asylumatlas.records.changes import comparison, vanished
from asylumatlas.records.changes.difference import Difference, DiffError, diff
from asylumatlas.records.dataset import identity, write_manifest
from asylumatlas.records.ledger import Ledger
from asylumatlas.records.registry import tables
from asylumatlas.records.storage import DatasetError, scratch

ARROW = {
    "key": pa.int32(),
    "integer": pa.int64(),
    "date": pa.date32(),
    "month": pa.date32(),
    "datetime": pa.timestamp("ms"),
    "time": pa.int16(),
    "money": pa.decimal128(12, 2),
    "flag": pa.bool_(),
    **dict.fromkeys(("code", "text", "guid"), pa.dictionary(pa.int32(), pa.string())),
}
Rows = Sequence[Mapping[str, Any]]
FILINGS = "tbl_Court_Appln"


def write_table(path: Path, name: str, rows: Rows, without: Sequence[str] = ()) -> None:
    columns = [column for column in tables()[name].columns if column.name not in without]
    arrays = [pa.array(range(2, len(rows) + 2), pa.int64())]
    arrays += [pa.array([row.get(c.name) for row in rows], ARROW[c.type]) for c in columns]
    names = ["line", *(column.name for column in columns)]
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(arrays, names), path)


def make(folder: Path, held: Mapping[str, Rows], day: str, **more: Any) -> Path:
    """A dataset written by hand; `more`: columns it lacks, tables its release lacks."""
    for name, rows in held.items():
        write_table(folder / "tables" / f"{name}.parquet", name, rows, more.get("without", ()))
    files = [
        {
            **{"table": name, "file": f"{name}.csv", "bytes": 0, "lines": len(rows)},
            **{"kept": len(rows), "repaired": 0, "quarantined": 0, "reasons": {}},
            **{"count_txt": None, "difference": None, "columns": {"by_name": {}}},
        }
        for name, rows in held.items()
    ]
    release = {"name": f"Release {day}", "fingerprint": more.get("fingerprint", day)}
    as_of = date.fromisoformat(day)
    Ledger(release, as_of, files, more.get("not_in_release", ())).write(folder)
    write_manifest(folder, {**identity(release, as_of), "tables": list(held), "linked": False})
    return folder


def filing(key: int, year: int | None = 2015, decided: str | None = "D", **more: Any) -> Any:
    received = date(year, 3, 1) if year else None
    return {"IDNPROCEEDINGAPPLN": key, "APPL_RECD_DATE": received, "APPL_DEC": decided, **more}


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    older = [filing(1), filing(2), filing(3, 2016, None), filing(4, None, "G"), filing(5)]
    newer = [filing(5), filing(1), filing(3, 2017, "G", APPL_CODE="ASYL"), filing(6, 2018, None)]
    a = make(tmp_path / "a", {FILINGS: older}, "2026-04-01")
    return a, make(tmp_path / "b", {FILINGS: newer}, "2026-05-01")


def only_table(found: Difference) -> Any:
    (table,) = found.tables
    return table


def test_rows_are_counted_by_table_year_and_status(two: tuple[Path, Path]) -> None:
    table = only_table(diff(*two))
    assert (table.rows_a, table.rows_b) == (5, 4)
    assert (table.added, table.removed, table.changed, table.unchanged) == (1, 2, 1, 2)
    assert table.columns == {"APPL_CODE": 1, "APPL_DEC": 1, "APPL_RECD_DATE": 1}
    assert table.cells == (
        vanished.Cell(None, "G", removed=1),
        vanished.Cell(2015, "D", removed=1, unchanged=2),
        vanished.Cell(2016, None, changed=1),  # counted where it was, not where it is
        vanished.Cell(2018, None, added=1),
    )


def test_the_files_say_the_same(two: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "it's [new]*" / "out"
    found = diff(*two, out)
    assert sorted(path.name for path in out.parent.iterdir()) == ["out"]
    rows = pq.read_table(out / "rows" / f"{FILINGS}.parquet").to_pylist()
    assert [(row["IDNPROCEEDINGAPPLN"], row["change"], row["year"]) for row in rows] == [
        (2, "removed", 2015),
        (3, "changed", 2016),
        (4, "removed", None),
        (6, "added", 2018),
    ]
    assert [row["columns"] for row in rows] == [
        None,
        ["APPL_CODE", "APPL_RECD_DATE", "APPL_DEC"],
        None,
        None,
    ]
    assert [(row["line_a"], row["line_b"]) for row in rows] == [
        (3, None),
        (4, 4),
        (5, None),
        (None, 5),
    ]
    summary = pq.read_table(out / "summary.parquet").to_pylist()
    assert sum(row["removed"] for row in summary) == 2
    assert json.loads((out / "difference.json").read_text("utf-8")) == json.loads(
        json.dumps(found.to_json())
    )


def test_a_row_that_only_moved_is_unchanged(tmp_path: Path) -> None:
    rows = [filing(key) for key in range(1, 50)]
    a = make(tmp_path / "a", {FILINGS: rows}, "2026-04-01")
    b = make(tmp_path / "b", {FILINGS: rows[::-1]}, "2026-05-01")
    assert only_table(diff(a, b)).unchanged == 49


def test_the_same_release_is_not_compared(tmp_path: Path) -> None:
    a = make(tmp_path / "a", {FILINGS: [filing(1)]}, "2026-04-01")
    b = make(tmp_path / "b", {FILINGS: [filing(1)]}, "2026-04-01")
    (b / "tables" / f"{FILINGS}.parquet").touch()
    found = diff(a, b)
    assert found.same
    assert "no difference" in found.notes[0]


def test_the_order_of_the_two_is_told(two: tuple[Path, Path]) -> None:
    a, b = two
    assert diff(a, b).notes == ()
    assert "is the newer one" in diff(b, a).notes[0]


def test_tables_of_one_side_are_named_not_counted(tmp_path: Path) -> None:
    held = {FILINGS: [filing(1)], "tblLookupSex": [{"idnSex": 1, "strcode": "M"}]}
    a = make(tmp_path / "a", held, "2026-04-01")
    b = make(tmp_path / "b", {"tblAppeal2": []}, "2026-05-01", not_in_release=["tblLookupSex"])
    found = diff(a, b)
    assert found.tables == ()
    assert found.not_compared == {
        FILINGS: "it was not imported into B; A has 1 rows of it",
        "tblAppeal2": "it was not imported into A; B has 0 rows of it",
        "tblLookupSex": "the release of B does not have it; A has 1 rows of it",
    }


def test_columns_of_one_side_are_named_not_compared(tmp_path: Path) -> None:
    rows = [filing(1, APPL_CODE="ASYL")]
    a = make(tmp_path / "a", {FILINGS: rows}, "2026-04-01")
    b = make(tmp_path / "b", {FILINGS: rows}, "2026-05-01", without=["APPL_CODE", "APPL_DEC"])
    table = only_table(diff(a, b))
    assert table.only_a == ("APPL_CODE", "APPL_DEC")
    assert (table.unchanged, table.changed) == (1, 0)
    assert table.cells == (vanished.Cell(2015, None, unchanged=1),)


def test_a_lookup_is_compared_by_its_first_column(tmp_path: Path) -> None:
    older = [{"idnSex": 1, "strcode": "M"}, {"idnSex": None, "strcode": "X"}]
    newer = [{"idnSex": 1, "strcode": "M"}, {"idnSex": None, "strcode": "U"}]
    a = make(tmp_path / "a", {"tblLookupSex": older}, "2026-04-01")
    b = make(tmp_path / "b", {"tblLookupSex": newer}, "2026-05-01")
    table = only_table(diff(a, b))
    assert (table.unchanged, dict(table.columns)) == (1, {"strcode": 1})


def test_progress_ends_where_it_should(two: tuple[Path, Path]) -> None:
    seen: list[tuple[int, int]] = []
    diff(*two, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (9, 9)


# ---- words that are wrong


def test_an_unknown_table_is_refused(two: tuple[Path, Path]) -> None:
    with pytest.raises(DiffError, match=r'no such table\. Did you mean "tbl_Court_Appln"\?'):
        diff(*two, tables=["tbl_Court_Apln"])


def test_tables_are_found_without_regard_to_case(two: tuple[Path, Path]) -> None:
    assert only_table(diff(*two, tables=["TBL_COURT_APPLN.csv"])).removed == 2


def test_a_folder_in_use_is_refused_and_left_alone(two: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(DiffError, match="holds something already"):
        diff(*two, tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "out"]


def test_a_folder_without_a_dataset_is_refused(two: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(DatasetError):
        diff(two[0], tmp_path / "nothing")


def test_a_folder_whose_name_duckdb_cannot_open_is_refused(
    two: tuple[Path, Path], tmp_path: Path
) -> None:
    with pytest.raises(DiffError, match=r"no file with \? in its path; name another"):
        diff(*two, tmp_path / "what?" / "out")


KILLED = """import os, signal, sys
from pathlib import Path
from asylumatlas.records.storage import scratch
with scratch(".asylumatlas-diff-", Path(sys.argv[1])) as folder:
    (folder / "work.duckdb").write_text("much")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_one_left_is_removed_by_the_next(
    two: tuple[Path, Path], tmp_path: Path
) -> None:
    place = tmp_path / "place [x]*"
    place.mkdir()
    child = subprocess.run([sys.executable, "-c", KILLED, str(place)], check=False)
    assert child.returncode == -signal.SIGKILL
    (left,) = place.iterdir()
    with scratch(".asylumatlas-diff-", place) as at_work:  # sweeps, and is not swept
        assert not left.exists()
        (place / ".asylumatlas-diff-mine").mkdir()  # holds no lock of ours
        diff(*two, place / "out")
        assert at_work.is_dir()
    names = sorted(path.name for path in place.iterdir())
    assert names == [".asylumatlas-diff-mine", "out"]


def test_a_damaged_file_is_one_line(two: tuple[Path, Path], tmp_path: Path) -> None:
    path = two[1] / "tables" / f"{FILINGS}.parquet"
    path.write_bytes(b"x" * path.stat().st_size)
    with pytest.raises(DiffError) as caught:
        diff(*two, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


# ---- keys of several rows, and composite ones

Value = st.sampled_from([None, "D", "G"])
Many = st.lists(st.tuples(st.integers(1, 6), st.sampled_from([None, 2015]), Value), max_size=14)


def expected(a: Sequence[Any], b: Sequence[Any]) -> dict[str, int]:
    """By multisets: equal rows cancel, the rest of a key pairs off, what is left came or went."""
    left_a, left_b = Counter(a) - Counter(b), Counter(b) - Counter(a)
    changed = 0
    for key in {row[0] for row in [*a, *b]}:
        counts = [sum(n for row, n in left.items() if row[0] == key) for left in (left_a, left_b)]
        changed += min(counts)
    gone, came = left_a.total() - changed, left_b.total() - changed
    same = (Counter(a) & Counter(b)).total()
    return {"added": came, "removed": gone, "changed": changed, "unchanged": same}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(a=Many, b=Many, piece=st.sampled_from([1, 3, 1000]), batch=st.sampled_from([1, 2, 1000]))
def test_rows_of_one_key_are_multisets(
    a: list[Any], b: list[Any], piece: int, batch: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("sides")
    for name, rows in (("a", a), ("b", b)):
        write_table(folder / name, FILINGS, [filing(*row) for row in rows])
    with pytest.MonkeyPatch.context() as patch, comparison.workbench(folder) as connection:
        patch.setattr(comparison, "PIECE_ROWS", piece)
        patch.setattr(comparison, "BATCH_ROWS", batch)
        found = comparison.compare(
            connection, tables()[FILINGS], folder / "a", folder / "b", folder / "rows"
        )
    counts = {change: found.count(change) for change in comparison.CHANGES}
    assert counts == expected(a, b)
    rows = pq.read_table(folder / "rows").to_pylist()
    by_change = Counter(row["change"] for row in rows)
    assert by_change == Counter({k: n for k, n in counts.items() if n and k != "unchanged"})
    assert all(row["columns"] for row in rows if row["change"] == "changed")
    named = Counter(name for row in rows for name in row["columns"] or ())
    assert named == Counter(found.columns)


def test_a_composite_key_is_one_key(tmp_path: Path) -> None:
    def bridge(appeal: int, proceeding: int | None, case: int) -> dict[str, Any]:
        return {"idnAppeal": appeal, "idnProceeding": proceeding, "idncase": case}

    older = [bridge(1, 1, 9), bridge(1, 2, 9), bridge(2, 1, 9), bridge(3, None, 9)]
    newer = [bridge(1, 1, 8), bridge(2, 1, 9), bridge(2, 2, 9), bridge(3, None, 9)]
    a = make(tmp_path / "a", {"tblAppeal2": older}, "2026-04-01")
    b = make(tmp_path / "b", {"tblAppeal2": newer}, "2026-05-01")
    table = only_table(diff(a, b))
    assert (table.added, table.removed, table.changed, table.unchanged) == (1, 1, 1, 2)
    assert table.columns == {"idncase": 1}


# ---- blocks that vanished


def test_a_vanished_block_is_said_in_words(tmp_path: Path) -> None:
    """Rows 4001 to 4600 of 10,000 are withheld; one in 500 of the others goes as ever."""
    rows = [filing(k, 2010 + k // 1000, "DGW"[k % 3] if k % 5 else None) for k in range(1, 10_001)]
    kept = [row for k, row in enumerate(rows, 1) if not 4000 < k <= 4600 and k % 500]
    a = make(tmp_path / "a", {FILINGS: rows}, "2026-04-01")
    b = make(tmp_path / "b", {FILINGS: kept}, "2026-05-01")
    told = only_table(diff(a, b)).sentences
    assert told[0] == (
        "619 of 10,000 rows of tbl_Court_Appln are gone (6.2 %); "
        "78 % of them have APPL_DEC filled in"
    )
    assert told[1] == (
        "tbl_Court_Appln: 601 of 1,000 rows of 2014 (by APPL_RECD_DATE) are gone "
        "(60 %; elsewhere 0.2 %)"
    )
    assert "rows of 2014 (by APPL_RECD_DATE) with APPL_DEC" in told[2]
    assert any(
        "around keys 4001 to 4600 are gone (100 %; elsewhere 0.2 %)" in line for line in told
    )


def test_ordinary_losses_are_no_block(tmp_path: Path) -> None:
    rows = [filing(k, 2010 + k // 1000, "DGW"[k % 3]) for k in range(1, 10_001)]
    kept = [row for k, row in enumerate(rows, 1) if (k * 7919) % 101 > 1]
    a = make(tmp_path / "a", {FILINGS: rows}, "2026-04-01")
    b = make(tmp_path / "b", {FILINGS: kept}, "2026-05-01")
    table = only_table(diff(a, b))
    assert 150 < table.removed < 250
    assert table.blocks == ()


def test_blocks_do_not_hide_each_other() -> None:
    cells = [vanished.Cell(year, "D", removed=400, unchanged=600) for year in (2014, 2015, 2016)]
    cells += [vanished.Cell(year, "D", removed=1, unchanged=1999) for year in range(2017, 2020)]
    found = vanished.blocks(cells, None)
    assert {block.year for block in found} == {2014, 2015, 2016}


def test_elsewhere_is_the_share_of_all_other_rows() -> None:
    """Not that of a usual year: 403 of 8,000 other rows, of which 400 are of another block."""
    cells = [vanished.Cell(year, "D", removed=400, unchanged=600) for year in (2014, 2015)]
    cells += [vanished.Cell(year, "D", removed=1, unchanged=1999) for year in range(2017, 2020)]
    cells.append(vanished.Cell(2021, "D", unchanged=1000))
    found = vanished.blocks(cells, None)
    assert [block.elsewhere for block in found] == [403 / 8000] * 2
    told = vanished.sentence("T", "S", found[0], "DAY")
    assert told == "T: 400 of 1,000 rows of 2014 (by DAY) are gone (40 %; elsewhere 5.0 %)"


def test_elsewhere_of_a_stretch_of_keys_is_the_share_of_all_other_rows() -> None:
    bins = vanished.Bins(np.arange(100, 1000, 100))
    bins.add(np.arange(1000), [200 <= k < 300 or k % 100 == 0 for k in range(1000)])
    (block,) = vanished.blocks([], bins)
    assert (block.rows, block.removed, block.elsewhere) == (100, 100, 9 / 900)
    bins.add(np.arange(700, 800), [True] * 100)  # another block is elsewhere too
    assert vanished.blocks([], bins)[1].elsewhere == 109 / 1000


def test_a_wild_key_does_not_blur_the_stretches(tmp_path: Path) -> None:
    """One key of two thousand million must not put all others into one stretch."""
    rows = [filing(k) for k in [*range(1, 5_000), 2_147_483_647]]
    kept = [row for row in rows if not 1000 <= row["IDNPROCEEDINGAPPLN"] < 1100]
    a = make(tmp_path / "a", {FILINGS: rows}, "2026-04-01")
    b = make(tmp_path / "b", {FILINGS: kept}, "2026-05-01")
    (block,) = (found for found in only_table(diff(a, b)).blocks if found.kind == "keys")
    assert block.removed >= 90  # the ends of a block are known to a tenth of a stretch of 20 keys
    assert 1000 <= block.first <= 1002
    assert 1097 <= block.last <= 1099
