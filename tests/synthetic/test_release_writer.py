"""A release as it lies on the disk: zip, folder, truth, log, and nothing half-written."""

from __future__ import annotations

import csv
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
import zlib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asylumatlas import events
from asylumatlas.cli import main
from asylumatlas.records.importing import import_release
from asylumatlas.records.registry import tables
from asylumatlas.synthetic import SynthesisError, WritingError, archive, chunks, synthesize
from asylumatlas.synthetic.lookups import doubled
from asylumatlas.synthetic.release import LARGE
from asylumatlas.synthetic.truth import read_truth

FOLDER = "EOIR Case Data 2026-0401"
COMPARED = ("case_id", "seq", "date", "event", "outcome", "place", "time", "resource", "detail")


def unpacked(path: Path) -> dict[str, bytes]:
    """Every member; those that say Deflate64 are read as such."""
    import inflate64

    found = {}
    raw = path.read_bytes()
    with zipfile.ZipFile(path) as file:
        for info in file.infolist():
            if info.compress_type == archive.DEFLATE64:
                start = info.header_offset + 30 + len(info.filename) + len(info.extra)
                data = inflate64.Inflater().inflate(raw[start : start + info.compress_size])
                assert zlib.crc32(data) == info.CRC
                assert len(data) == info.file_size
                found[info.filename] = data
            else:
                found[info.filename] = file.read(info)
    return found


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    synthesize(
        600, folder / "release.zip", defects=0, seed=5, log=folder / "log", workers=1,
        chunk_cases=250,
    )  # fmt: skip
    return folder


def test_a_zip_has_every_file_and_its_bytes(clean):
    members = unpacked(clean / "release.zip")
    assert {Path(name).name for name in members} >= {t.file for t in tables().values()}
    assert set(map(lambda name: name.split("/")[0], members)) == {FOLDER}
    cases = members[f"{FOLDER}/EOIR Case Data/A_TblCase.csv"].split(b"\r\n")
    assert len(cases) == 600 + 2  # the header, and nothing after the last line end
    said = dict(line.split("\t") for line in members[f"{FOLDER}/Count.txt"].decode().splitlines())
    for name, data in members.items():
        table = Path(name).stem
        if table in tables():
            assert int(said[table]) == data.count(b"\n") - 1


def test_large_members_are_deflate64(clean):
    with zipfile.ZipFile(clean / "release.zip") as file:
        methods = {Path(i.filename).stem: i.compress_type for i in file.infolist()}
    assert methods["tbl_schedule"] == archive.DEFLATE64
    assert methods["tblAppeal"] == archive.DEFLATE


def test_the_readme_says_that_it_is_synthetic(clean):
    text = unpacked(clean / "release.zip")[f"{FOLDER}/Readme.txt"].decode()
    assert text.startswith("SYNTHETIC")
    assert "No real person" in text


def test_no_judge_is_real(clean):
    data = unpacked(clean / "release.zip")[f"{FOLDER}/Lookup/tblLookupJudge.csv"].decode()
    rows = list(csv.DictReader(data.splitlines(), delimiter="\t"))
    placeholders = ("VISITING JUDGE", "ALL JUDGES", "DETAIL JUDGE", "JUDGE EXAMPLE")
    for row in rows:
        known = row["JUDGE_NAME"].startswith(placeholders) or row["JUDGE_CODE"] in ("CLR", "IAD")
        assert known, row["JUDGE_NAME"]


def test_processes_do_not_change_a_byte(clean, tmp_path):
    synthesize(600, tmp_path / "again.zip", defects=0, seed=5, workers=2, chunk_cases=250)
    assert (tmp_path / "again.zip").read_bytes() == (clean / "release.zip").read_bytes()


def test_a_folder_has_the_same_files(clean, tmp_path):
    synthesize(600, tmp_path / "plain", defects=0, seed=5, workers=1, chunk_cases=250)
    for name, data in unpacked(clean / "release.zip").items():
        assert (tmp_path / "plain" / name).read_bytes() == data


def test_an_import_of_a_clean_release_finds_nothing(clean, tmp_path):
    found = import_release(clean / "release.zip", tmp_path / "dataset", link=False)
    for file in found.ledger.files:
        assert (file["repaired"], file["quarantined"], file["difference"]) == (0, 0, 0)
        for name, column in file["columns"]["by_name"].items():
            said = {word: column.get(word) for word in ("unread", "noted", "unknown_codes")}
            assert not any(said.values()), (file["table"], name, said)


def test_an_import_gives_back_the_histories(clean, tmp_path):
    found = import_release(clean / "release.zip", tmp_path / "dataset")
    assert found.links is not None
    assert found.links["histories"]["refused"] == 0
    ours, theirs = (events.open_log(f) for f in (clean / "log", tmp_path / "dataset" / "log"))
    mine, back = (log.events(list(COMPARED)).to_pylist() for log in (ours, theirs))
    assert len(mine) > 3000
    for one, other in zip(mine, back, strict=True):
        assert one == other
    columns = ["case_id", "nationality", "kind", "lead_case_id", "entry_route", "case_type"]
    columns += ["entry_date", "charging_date", "sex", "language"]
    assert ours.cases(columns).to_pylist() == theirs.cases(columns).to_pylist()


@pytest.mark.parametrize("defects", [1.0, 50.0])
def test_truth_names_the_line_as_it_stands_in_the_file(tmp_path, defects):
    made = synthesize(
        600, tmp_path / "bad", defects=defects, truth=tmp_path / "truth.parquet", seed=5,
        workers=1, chunk_cases=250,
    )  # fmt: skip
    truth = [row for row in read_truth(tmp_path / "truth.parquet") if row.line > 1]
    assert made.planted
    assert made.cases == 600
    files = {
        table: (tmp_path / "bad" / FOLDER / "EOIR Case Data" / f"{table}.csv")
        .read_bytes()
        .split(b"\n")
        for table in {row.table for row in truth if tables()[row.table].kind == "main"}
    }
    for row in truth:
        if row.table in files:
            line = files[row.table][row.line - 1].removesuffix(b"\r")
            assert row.written in (line if row.column == "" else line.split(b"\t")), row


def test_truth_names_what_concerns_whole_files(tmp_path):
    synthesize(60, tmp_path / "r.zip", truth=tmp_path / "zip.parquet", workers=1)
    synthesize(60, tmp_path / "r", truth=tmp_path / "folder.parquet", workers=1)
    zipped, plain = (
        {(row.defect, row.table) for row in read_truth(tmp_path / f"{name}.parquet")}
        for name in ("zip", "folder")
    )
    packed = {("D23", table) for table in LARGE}
    assert packed <= zipped
    assert zipped - packed == plain
    assert {table for defect, table in plain if defect == "D13"} == {t for t, _, _ in doubled()}


@given(st.binary(max_size=300), st.integers(0, 300))
def test_checksums_of_parts_make_that_of_the_whole(data, cut):
    first, second = data[:cut], data[cut:]
    whole = archive.combined(zlib.crc32(first), zlib.crc32(second), len(second))
    assert whole == zlib.crc32(data)


def test_large_numbers_go_into_the_zip64_fields(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "_MOST32", 1000)
    members = []
    for name in ("one", "two"):
        member = archive.Member(tmp_path / name, name, archive.DEFLATE)
        member.add(name.encode() * 2000)
        member.add(b"end")
        member.close()
        members.append(member)
    archive.write_zip(tmp_path / "x.zip", members, (2026, 4, 1))
    # the limit of a real reader is higher, so what it reads are the fields of 64 bits
    raw = (tmp_path / "x.zip").read_bytes().replace((1000).to_bytes(4, "little"), b"\xff" * 4)
    (tmp_path / "y.zip").write_bytes(raw)
    with zipfile.ZipFile(tmp_path / "y.zip") as file:
        assert file.read("one") == b"one" * 2000 + b"end"
        assert file.read("two") == b"two" * 2000 + b"end"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"cases": 0}, "cases: 0 is outside"),
        ({"defects": -1.0}, "defects: -1 is outside"),
        ({"as_of": date(2030, 1, 1)}, "as of: 2030-01-01 is outside"),
        ({"seed": -1}, "seed: -1 is outside"),
    ],
)
def test_numbers_out_of_range_are_refused(tmp_path, words, message):
    with pytest.raises(SynthesisError, match=message):
        synthesize(words.pop("cases", 5), tmp_path / "x.zip", **words)


def test_what_is_there_is_not_overwritten(tmp_path):
    (tmp_path / "x.zip").write_text("mine")
    with pytest.raises(WritingError, match="is there already"):
        synthesize(5, tmp_path / "x.zip")
    assert (tmp_path / "x.zip").read_text() == "mine"


def test_a_full_disk_is_found_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10**6}))
    with pytest.raises(WritingError, match=r"needs about .* GB, and 0.0 GB are free"):
        synthesize(1_000_000, tmp_path / "x.zip")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_nothing_is_left_of_what_was_stopped(tmp_path, monkeypatch, error):
    counter = itertools.count()
    make = chunks.make

    def stopped(*words):
        if next(counter):
            raise error
        return make(*words)

    monkeypatch.setattr(chunks, "make", stopped)
    with pytest.raises(error):
        synthesize(
            200, tmp_path / "x.zip", truth=tmp_path / "t.parquet", log=tmp_path / "log",
            workers=1, chunk_cases=100,
        )  # fmt: skip
    assert not list(tmp_path.iterdir())


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path):
    out = tmp_path / "x.zip"
    command = [sys.executable, "-m", "asylumatlas", "synthesize", "--cases", "900000"]
    killed = subprocess.Popen([*command, "--out", str(out)], start_new_session=True)
    until(lambda: list(tmp_path.glob(".x.zip.*.part/chunk-*")))
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    until(lambda: not running(killed.pid))  # the workers, too
    assert [path.name for path in tmp_path.iterdir()] == [f".x.zip.{killed.pid}.part"]
    others = [f".x.zip.{os.getppid()}.part", f".y.zip.{killed.pid}.part", ".x.zip.part"]
    for name in others:  # of a process that runs, of another release, of nobody
        (tmp_path / name).mkdir()
    synthesize(5, out, workers=1)
    assert {path.name for path in tmp_path.iterdir()} == {"x.zip", *others}


def until(true, seconds=30.0):
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.02)


def running(group):
    """Whether any process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_command_says_what_it_wrote(tmp_path, capsys):
    words = ["synthesize", "--cases", "40", "--out", str(tmp_path / "r.zip"), "--workers", "1"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert said.startswith("SYNTHETIC")
    assert "40 cases as of 2026-04-01, seed 1" in said
    assert main(words) == 1
    assert capsys.readouterr().err.endswith("remove it or give another name\n")


def test_wrong_words_are_refused(tmp_path):
    out = str(tmp_path / "r.zip")
    assert main(["synthesize", "--cases", "many", "--out", out]) == 2
    months = ["--months", "3", "--truth", str(tmp_path / "t")]
    assert main(["synthesize", "--cases", "4", "--out", out, *months]) == 2
    assert not list(tmp_path.iterdir())


def test_months_are_releases_of_one_history(tmp_path, capsys):
    words = ["synthesize", "--cases", "60", "--out", str(tmp_path / "m"), "--months", "2"]
    assert main([*words, "--defects", "0", "--workers", "1"]) == 0
    assert "release-2026-03-01.zip" in capsys.readouterr().out
    assert len(list((tmp_path / "m").glob("*.zip"))) == 2
