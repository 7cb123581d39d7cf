"""Out and back: histories written as a release and read again are the same histories.

The writer (`asylumatlas.synthetic`) and the reader (`asylumatlas.records`) share the registry of
tables and nothing else: each follows docs/method/linking.md in its own direction.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import asylumatlas
from asylumatlas.events import validate
from asylumatlas.records import import_release, open_dataset
from asylumatlas.records.registry import tables
from asylumatlas.synthetic import synthesize

CASES = 3_000
AS_OF = date(2026, 4, 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean release as files, the histories it was written from, and what was read of it."""
    where = tmp_path_factory.mktemp("round_trip")
    synthesize(CASES, where / "release", defects=0, seed=11, log=where / "log", workers=1)
    import_release(where / "release", where / "dataset", workers=1)
    return where


COLUMNS = ["case_id", "date", "event", "outcome"]
CASE_COLUMNS = [
    *("case_id", "nationality", "nationality_source", "kind", "lead_case_id", "entry_route"),
    *("entry_date", "charging_date", "case_type", "sex", "language"),
]


def rows(table: pa.Table, columns: list[str]) -> list[tuple[Any, ...]]:
    return list(zip(*(table[name].to_pylist() for name in columns), strict=True))


def test_every_history_comes_back_event_for_event_in_order(folder: Path) -> None:
    wrote = asylumatlas.open(folder / "log").events(COLUMNS)
    read = asylumatlas.open(folder / "dataset" / "log").events(COLUMNS)
    assert wrote.num_rows > 5 * CASES
    assert rows(read, COLUMNS) == rows(wrote, COLUMNS)


def test_a_court_is_the_same_court(folder: Path) -> None:
    wrote = asylumatlas.open(folder / "log").events(["event", "place"])
    read = asylumatlas.open(folder / "dataset" / "log").events(["event", "place"])
    heard = {"master_hearing", "individual_hearing", "court_decision", "charging_document"}
    pairs = zip(rows(wrote, ["event", "place"]), rows(read, ["event", "place"]), strict=True)
    compared = [(old, new) for old, new in pairs if old[0] in heard]
    assert len(compared) > 2 * CASES
    assert all(old == new for old, new in compared)


def test_every_case_comes_back_as_it_was(folder: Path) -> None:
    wrote = asylumatlas.open(folder / "log").cases(CASE_COLUMNS)
    read = asylumatlas.open(folder / "dataset" / "log").cases(CASE_COLUMNS)
    assert rows(read, CASE_COLUMNS) == rows(wrote, CASE_COLUMNS)


def test_the_log_is_valid_and_the_process_allows_every_history(folder: Path) -> None:
    assert not list(validate(asylumatlas.open(folder / "dataset" / "log")).faults)


def test_a_dataset_opens_as_its_log(folder: Path) -> None:
    log = asylumatlas.open(folder / "dataset")
    assert log.manifest.source == "records"
    assert log.manifest.as_of == AS_OF
    assert log.manifest.details["synthetic"] is True
    assert log.manifest.details["release"] == "release"


def test_the_ledger_of_a_clean_release_has_only_kept_rows(folder: Path) -> None:
    for file in open_dataset(folder / "dataset").ledger.files:
        assert (file["repaired"], file["quarantined"], file["difference"]) == (0, 0, 0)
        assert file["kept"] == file["lines"]


def money(text: str) -> Any:
    return Decimal(text)


def clock(text: str) -> Any:
    return int(text[:2]) * 60 + int(text[2:])


def month(text: str) -> Any:
    number, year = text.split("/")
    return date(int(year), int(number), 1)


READ: dict[str, Callable[[str], Any]] = {
    "key": int,
    "integer": int,
    "date": lambda text: date.fromisoformat(text.removesuffix(" 00:00:00.000")),
    "datetime": lambda text: text,
    "month": month,
    "time": clock,
    "money": money,
    "flag": {"0": False, "1": True}.__getitem__,
    "code": str,
    "text": str,
    "guid": str,
}


def stored(column: pa.ChunkedArray) -> list[Any]:
    """Values as the wire has them where Arrow's own type would differ."""
    if pa.types.is_timestamp(column.type):
        return [
            None if value is None else value.isoformat(sep=" ", timespec="milliseconds")
            for value in column.to_pylist()
        ]
    return column.to_pylist()


@pytest.mark.parametrize("name", list(tables()))
def test_every_value_of_every_table_comes_back(folder: Path, name: str) -> None:
    (path,) = (folder / "release").rglob(f"{name}.csv")
    header, *lines = path.read_bytes().decode("utf-8").split("\r\n")[:-1]
    fields = [line.split("\t") for line in lines]
    typed = pq.read_table(folder / "dataset" / "tables" / f"{name}.parquet")
    assert typed.column_names == ["line", *header.split("\t")]
    assert typed["line"].to_pylist() == list(range(2, len(lines) + 2))
    for at, column in enumerate(tables()[name].columns):
        wire = [row[at].rstrip(" ") for row in fields]
        wrote = [READ[column.type](text) if text else None for text in wire]
        fold = [v.casefold() if v else v for v in wrote] if column.fold else wrote
        assert stored(typed[column.name]) == fold, column.name
    if tables()[name].kind == "main":
        assert lines, "an empty table shows nothing"
