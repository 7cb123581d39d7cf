"""What every format must do: carry every event, be whole or absent, and say where it is from."""

import csv
import errno
import json
import os
import re
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asylumatlas import exports
from asylumatlas.events import Log, LogError
from asylumatlas.exports import selection as selections
from asylumatlas.exports.selection import ExportError, Selection

MINING = ["ocel", "ocel-sqlite", "xes"]
Readers = dict[str, Callable[[Path], list[Any]]]
Tell = Callable[..., list[Any]]


def files(path: Path) -> dict[str, bytes]:
    """Name -> bytes of what was written."""
    if path.is_dir():
        return {entry.name: entry.read_bytes() for entry in path.iterdir()}
    return {path.name: path.read_bytes()}


# ------------------------------------------------------------------ every event, once


@pytest.mark.parametrize("format", MINING)
@pytest.mark.parametrize("replication", [0, 1])
def test_what_is_read_back_is_the_log(
    log: Log, tmp_path: Path, read: Readers, told: Tell, format: str, replication: int
) -> None:
    path = exports.export(log, tmp_path / "out", format, replication)
    assert read[format](path) == told(log, replication)


@pytest.mark.parametrize("rows", [1, 2, 5, 1000])
def test_batches_do_not_show(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    whole = exports.export(log, tmp_path / "whole").read_bytes()
    monkeypatch.setattr(selections, "ROWS", rows)
    seen = [chunk.cases.column("case_id").to_pylist() for chunk in Selection(log).chunks()]
    assert [case for cases in seen for case in cases] == [4, 5, 9, 12]
    assert exports.export(log, tmp_path / "pieces").read_bytes() == whole


@pytest.mark.parametrize("format", list(exports.FORMATS))
def test_the_same_log_gives_the_same_bytes(log: Log, tmp_path: Path, format: str) -> None:
    first, second = (exports.export(log, tmp_path / name, format) for name in ("a", "b"))
    told = [
        {key if first.is_dir() else "": data for key, data in files(path).items()}
        for path in (first, second)
    ]
    assert told[0] == told[1]


@pytest.mark.parametrize("name", ["a.zip", "b.zip"])
def test_a_zip_holds_the_same_bytes(log: Log, tmp_path: Path, name: str) -> None:
    folder = exports.export(log, tmp_path / "folder", "csv")
    with zipfile.ZipFile(exports.export(log, tmp_path / name, "csv")) as packed:
        assert {entry: packed.read(entry) for entry in packed.namelist()} == files(folder)
    again = exports.export(log, tmp_path / f"2{name}", "csv")
    assert again.read_bytes() == (tmp_path / name).read_bytes()


def test_a_name_in_gz_is_compressed(log: Log, tmp_path: Path) -> None:
    import gzip

    plain = exports.export(log, tmp_path / "a.xes", "xes").read_bytes()
    assert gzip.decompress(exports.export(log, tmp_path / "a.xes.gz", "xes").read_bytes()) == plain


ODD = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12) | st.sampled_from(
    ['"', "\n", "\r\n", "a<b>&amp;", "🙂", "\0", "]]>", "\x1b[0m", "'; DROP", "\ufffe", " ", ","]
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(odd=st.lists(ODD, min_size=1, max_size=4))
def test_odd_words_survive(
    make_log: Callable[..., Log],
    read: Readers,
    told: Tell,
    tmp_path_factory: pytest.TempPathFactory,
    odd: list[str],
) -> None:
    folder = tmp_path_factory.mktemp("odd")
    steps = [("custody_started", None, n, -1, word or None, word) for n, word in enumerate(odd)]
    log = make_log(folder / "log", {(0, 1): (-1, steps)})
    wanted = told(log)
    assert [event.detail for event in wanted] == odd
    for format in ("ocel", "ocel-sqlite"):
        assert read[format](exports.export(log, folder / format, format)) == wanted
    written = exports.write(log, folder / "xes", "xes")
    illegal = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
    found = read["xes"](written.path)
    assert [one.detail for one in found] == [illegal.sub("�", word) for word in odd]
    assert written.replaced == 2 * sum(len(illegal.findall(word)) for word in odd)
    table = exports.export(log, folder / "csv", "csv") / "events.csv"
    with table.open(encoding="utf-8", newline="") as file:
        assert [row["detail"] for row in csv.DictReader(file)] == odd


# ------------------------------------------------------------------ where it is from


@pytest.mark.parametrize("format", list(exports.FORMATS))
def test_every_export_says_where_it_is_from(
    make_log: Callable[..., Log], tmp_path: Path, format: str
) -> None:
    details = {"note": "Nobody in it is real.", "fingerprint": "abc123", "licence": "CC0-1.0"}
    log = make_log(tmp_path / "log", {(0, 1): (-1, [])}, details=details)
    path = exports.export(log, tmp_path / "out", format)
    text = b"\n".join(files(path).values()).decode("utf-8", errors="replace")
    for word in (*details.values(), "2018-11-05", "example", log.manifest.checksum):
        assert word in text


def test_a_synthetic_log_says_so_without_a_note(
    make_log: Callable[..., Log], tmp_path: Path
) -> None:
    log = make_log(tmp_path / "log", {(0, 1): (-1, [])}, details={"synthetic": True})
    about = json.loads((exports.export(log, tmp_path / "out", "csv") / "about.json").read_text())
    assert about["note"].startswith("Made up")


# ------------------------------------------------------------------ which cases


@pytest.mark.parametrize("format", MINING)
def test_conditions_choose_whole_cases(
    log: Log, tmp_path: Path, read: Readers, told: Tell, format: str
) -> None:
    path = exports.export(log, tmp_path / "out", format, where={"nationality": "SLV"})
    assert read[format](path) == [event for event in told(log) if event.case_id in (5, 9)]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"nationality": "HDN"}, "nationality: no case has 'HDN'. Did you mean \"HND\"?"),
        ({"nationality": "HND", "lead_case_id": 99}, "lead_case_id: no case has 99."),
        ({"nationality": "HND", "snapshot_hearing": 50}, "no case meets nationality=HND, snapshot"),
        ({"nationalty": "HND"}, 'unknown column "nationalty". Did you mean "nationality"?'),
        ({"kind": "famly"}, 'unknown kind "famly". Did you mean "family"?'),
    ],
)
def test_conditions_that_cannot_be_met_are_refused(
    log: Log, tmp_path: Path, where: dict[str, Any], message: str
) -> None:
    with pytest.raises((ExportError, LogError), match=re.escape(message)):
        exports.export(log, tmp_path / "out", where=where)
    assert [entry.name for entry in tmp_path.iterdir()] == ["example"]


@pytest.mark.parametrize("format", list(exports.FORMATS))
def test_an_empty_log_is_an_empty_export(
    make_log: Callable[..., Log], tmp_path: Path, read: Readers, format: str
) -> None:
    written = exports.write(make_log(tmp_path / "log", {}), tmp_path / "out", format)
    assert (written.cases, written.events) == (0, 0)
    if format in read:
        assert read[format](written.path) == []


@pytest.mark.parametrize(
    ("format", "replication", "message"),
    [
        ("xess", 0, 'export: unknown format "xess". Did you mean "xes"?'),
        ("xes", 7, "replication 7: not in the log. It has 0 to 1."),
    ],
)
def test_what_does_not_exist_is_refused(
    log: Log, tmp_path: Path, format: str, replication: int, message: str
) -> None:
    with pytest.raises(ExportError, match=re.escape(message)):
        exports.export(log, tmp_path / "out", format, replication)


def test_an_event_without_its_case_is_refused(
    log: Log, tmp_path: Path, make_log: Callable[..., Log]
) -> None:
    other = make_log(tmp_path / "other", {(0, 5): (-1, [])})
    (path,) = sorted((other.folder / "cases.parquet").iterdir())
    (log.folder / "cases.parquet" / "part-00000.parquet").write_bytes(path.read_bytes())
    with pytest.raises(LogError, match="case 4 has events but is not in the cases"):
        exports.export(log, tmp_path / "out")


# ------------------------------------------------------------------ whole or absent


def test_what_lies_there_is_replaced_only_on_demand(log: Log, tmp_path: Path) -> None:
    path = exports.export(log, tmp_path / "out", "xes")
    with pytest.raises(ExportError, match="exists already"):
        exports.export(log, path, "ocel")
    exports.export(log, path, "ocel", replace=True)
    assert path.read_bytes().startswith(b"{")
    exports.export(log, path, "csv", replace=True)
    exports.export(log, path, "parquet", replace=True)
    assert "cases.csv" not in files(path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["example", "out"]
    (path / "mine.txt").touch()
    with pytest.raises(ExportError, match=r"holds 'mine.txt', no part of an export"):
        exports.export(log, path, "csv", replace=True)


def test_a_log_is_never_taken_for_an_export(log: Log) -> None:
    with pytest.raises(ExportError, match="no part of an export"):
        exports.export(log, log.folder, "parquet", replace=True)
    (log.folder / "log.json").rename(log.folder.parent / "away")  # as in an unfinished one
    with pytest.raises(ExportError, match="no part of an export"):
        exports.export(log, log.folder, "parquet", replace=True)


@pytest.mark.parametrize("format", list(exports.FORMATS))
def test_a_failure_leaves_what_was_there(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    path = exports.export(log, tmp_path / "out", format)
    before = files(path)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        exports.export(log, path, format, replace=True)
    assert files(path) == before
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["example", "out"]


@pytest.mark.parametrize("format", list(exports.FORMATS))
def test_a_stop_half_way_leaves_nothing(log: Log, tmp_path: Path, format: str) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exports.export(log, tmp_path / "out", format, progress=stop)
    assert [entry.name for entry in tmp_path.iterdir()] == ["example"]


def test_a_full_disk_in_a_database_is_an_error_of_the_disk(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from asylumatlas.exports import ocel_sqlite

    def fill(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(ocel_sqlite, "_fill", fill)
    with pytest.raises(OSError, match=r"out: cannot be written: database or disk is full"):
        exports.export(log, tmp_path / "out", "ocel-sqlite")


def test_a_missing_folder_is_named(log: Log, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no such folder"):
        exports.export(log, tmp_path / "nowhere" / "out")


# ------------------------------------------------------------------ plain tables


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_the_plain_tables_are_the_log(log: Log, tmp_path: Path, format: str) -> None:
    path = exports.export(log, tmp_path / "out", format)
    for table in ("cases", "events"):
        wanted = getattr(log, table)(where={"replication": 0}).to_pylist()
        if format == "parquet":
            read = pq.read_table(path / f"{table}.parquet")
            assert read.to_pylist() == wanted
            assert not any("dictionary" in str(field.type) for field in read.schema)
            assert all(field.metadata[b"meaning"] for field in read.schema)
            continue
        data = (path / f"{table}.csv").read_bytes()
        assert data.endswith(b"\r\n")
        rows = list(csv.DictReader(data.decode().splitlines(keepends=True)))
        assert rows == [
            {key: "" if value is None else str(value) for key, value in row.items()}
            for row in wanted
        ]
