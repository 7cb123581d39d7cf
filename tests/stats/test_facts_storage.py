"""Facts are whole or absent, those of their log or made again, and never in anybody's way."""

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from asylumatlas import process
from asylumatlas.events import (
    ENTRY_ROUTES,
    CodedCases,
    CodedEvents,
    Log,
    open_log,
    seal,
    write_part,
)
from asylumatlas.stats.errors import FactsError, StatsError
from asylumatlas.stats.facts import Facts, preparation, prepare, storage, writing


def write_log(folder: Path, cases: int = 4, parts: int = 2, **details: Any) -> Log:
    written = []
    kinds = [process.event_codes().index(w) for w in ("list_joined", "port_admitted")]
    for number in range(parts):
        ids = np.arange(cases) + number * cases
        rows = np.repeat(ids, 2)
        written.append(
            write_part(
                folder,
                number,
                CodedCases(
                    replication=np.zeros(cases, np.int16),
                    case_id=ids,
                    nationality=(np.zeros(cases, np.int32), ["HND"]),
                    kind=(np.zeros(cases, np.int32), ["family"]),
                    entry_route=np.full(cases, ENTRY_ROUTES.index("port_of_entry")),
                    entry_date=np.full(cases, -1),
                    charging_date=np.full(cases, -1),
                ),
                CodedEvents(
                    replication=np.zeros(len(rows), np.int16),
                    case_id=rows,
                    seq=np.tile([0, 1], cases),
                    date=np.tile([17_000, 17_010], cases),
                    event=np.tile(kinds, cases),
                    outcome=np.full(len(rows), -1),
                    place=np.zeros(len(rows), np.int16),
                ),
                ["san_ysidro"],
            )
        )
    seal(folder, source="example", as_of=date(2017, 1, 1), parts=written, details=details)
    return open_log(folder)


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Log:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return write_log(tmp_path / "log")


def moments(facts: Facts) -> int:
    return sum(pq.read_metadata(path).num_rows for path in facts.paths("moments"))


def no_drafts(folder: Path) -> bool:
    return not list(folder.rglob(".facts.*"))


def test_facts_lie_beside_the_log_and_are_made_once(log: Log) -> None:
    calls: list[tuple[int, int]] = []
    facts = prepare(log, lambda done, parts: calls.append((done, parts)))
    assert facts.folder == log.folder / "facts"
    assert calls == [(1, 2), (2, 2)]
    assert moments(facts) == facts.rows["moments"] == 16
    again = prepare(log, lambda done, parts: calls.append((done, parts)))
    assert again == facts
    assert len(calls) == 2
    assert no_drafts(log.folder)
    log.verify()
    assert open_log(log.folder).manifest == log.manifest


def test_facts_of_another_log_format_or_size_are_made_again(log: Log, tmp_path: Path) -> None:
    facts = prepare(log)
    book = facts.folder / "facts.json"
    for name, wrong in (("log", "0" * 64), ("format", storage.FORMAT + 1)):
        book.write_text(json.dumps(json.loads(book.read_text()) | {name: wrong}))
        assert prepare(log) == facts
        assert json.loads(book.read_text())[name] != wrong
    cut = facts.paths("spells")[0]
    for damage in (lambda: cut.write_bytes(b"short"), cut.unlink, book.unlink):
        damage()
        assert prepare(log) == facts
        assert pq.read_metadata(cut).num_rows == 8
    book.write_text("{")
    assert prepare(log) == facts
    shutil.copytree(facts.folder, tmp_path / "moved")
    other = write_log(tmp_path / "other", cases=3)
    shutil.copytree(tmp_path / "moved", other.folder / "facts")
    assert prepare(other).rows["moments"] == 12
    assert no_drafts(tmp_path)


def read_only(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    made = Path.mkdir

    def mkdir(self: Path, *args: Any, **kwargs: Any) -> None:
        if any(self.is_relative_to(folder) for folder in folders):
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        made(self, *args, **kwargs)

    monkeypatch.setattr(Path, "mkdir", mkdir)


def test_facts_of_a_log_that_cannot_be_written_go_to_the_cache(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_only(monkeypatch, log.folder)
    facts = prepare(log)
    assert facts.folder == tmp_path / "cache" / "asylumatlas" / "facts" / log.manifest.checksum
    assert prepare(log) == facts
    assert not (log.folder / "facts").exists()


def test_a_machine_that_can_keep_them_nowhere_says_so_in_one_line(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_only(monkeypatch, tmp_path)
    with pytest.raises(
        StatsError, match=r"facts: the log's facts cannot .*XDG_CACHE_HOME"
    ) as error:
        prepare(log)
    assert "\n" not in str(error.value)


def test_a_full_disk_is_one_line_and_leaves_nothing(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(preparation, "write_table", full)
    with pytest.raises(StatsError, match="disk is full") as error:
        prepare(log)
    assert "\n" not in str(error.value)
    assert no_drafts(log.folder)
    assert not (log.folder / "facts").exists()


def test_ctrl_c_leaves_nothing_and_the_next_call_makes_them(log: Log) -> None:
    def stop(done: int, parts: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(log, stop)
    assert sorted(path.name for path in log.folder.iterdir()) == [
        "cases.parquet",
        "events.parquet",
        "log.json",
    ]
    assert moments(prepare(log)) == 16


def test_drafts_of_processes_killed_long_ago_are_swept(log: Log) -> None:
    old, young = log.folder / ".facts.1.0", log.folder / ".facts.2.0"
    for draft in (old, young):
        draft.mkdir()
    os.utime(old, (time.time() - 90_000,) * 2)
    prepare(log)
    assert (old.exists(), young.exists()) == (False, True)


def test_the_slower_of_two_uses_what_the_faster_made(log: Log) -> None:
    with storage.draft(log) as folder:
        winner = prepare(log)
        kept = winner.paths("moments")[0].stat().st_ino
        (folder / "moments").mkdir()
    assert winner.paths("moments")[0].stat().st_ino == kept
    assert no_drafts(log.folder)


PREPARE = """
import sys
from asylumatlas.events import open_log
from asylumatlas.stats.facts import prepare
log = open_log(sys.argv[1])
input()  # until all are ready
print(prepare(log).rows["moments"])
"""


def test_several_processes_at_once_do_no_harm(log: Log) -> None:
    command = [sys.executable, "-c", PREPARE, str(log.folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    processes = [subprocess.Popen(command, text=True, **pipes) for _ in range(3)]
    for process_ in processes:
        assert process_.stdin
        process_.stdin.write("\n")
        process_.stdin.flush()
    assert [process_.communicate(timeout=60)[0].strip() for process_ in processes] == ["16"] * 3
    assert no_drafts(log.folder)
    assert prepare(log).rows["moments"] == 16


def test_rows_no_vocabulary_or_case_explains_are_left_out_and_counted(tmp_path: Path) -> None:
    log = write_log(tmp_path, parts=1)
    path = log.folder / "events.parquet" / "part-00000.parquet"
    table = pq.read_table(path)
    words = table["event"].cast(pa.string()).to_pylist()
    words[0] = "teleported"
    ids = table["case_id"].to_pylist()
    ids[-2:] = [99, 99]
    for name, values in (("event", words), ("case_id", ids)):
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, pa.array(values).cast(table.schema.field(name).type))
    pq.write_table(table, path)
    facts = prepare(Log(tmp_path, log.manifest))
    assert facts.left_out == {
        "event of a case that is not in the cases": 2,
        "event or outcome that is not in the vocabulary": 1,
    }
    assert facts.events == {"list_joined": 2, "port_admitted": 3}


def test_dates_that_fall_within_a_case_never_give_negative_days(tmp_path: Path) -> None:
    log = write_log(tmp_path, parts=1)
    path = log.folder / "events.parquet" / "part-00000.parquet"
    table = pq.read_table(path)
    dates = table["date"].to_pylist()
    dates[0], dates[1] = dates[1], dates[0]
    at = table.schema.get_field_index("date")
    pq.write_table(table.set_column(at, "date", pa.array(dates, pa.date32())), path)
    facts = prepare(Log(tmp_path, log.manifest))
    assert facts.left_out["waiting_list ends before it starts"] == 1
    assert facts.left_out["stay ends before it starts"] > 0
    for table_name, columns in (("spells", ["days"]), ("stays", ["from_entry_in"])):
        for name in columns:
            days = pq.read_table(facts.paths(table_name)[0])[name].to_pylist()
            assert min(days) >= 0


def test_an_engine_skips_the_rows_of_other_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb

    monkeypatch.setattr(writing, "ROW_GROUP", 1)
    facts = prepare(write_log(tmp_path, cases=50))
    files = [str(path) for path in facts.paths("moments")]
    with duckdb.connect() as connection:
        query = "select count(*) from read_parquet(?) where event = 'list_joined'"
        assert connection.execute(query, [files]).fetchone() == (100,)
        groups = (
            "select stats_min_value, stats_max_value from parquet_metadata(?) "
            "where path_in_schema = 'event'"
        )
        found = connection.execute(groups, [files]).fetchall()
    assert {low for low, _ in found} == {"list_joined", "port_admitted"}
    assert all(low == high for low, high in found)


def test_a_damaged_log_is_said_to_be_damaged(log: Log) -> None:
    path = log.folder / log.manifest.parts[0]["events"]["file"]
    data = bytearray(path.read_bytes())
    data[4:-8] = bytes(len(data) - 12)  # the size is right, and nothing else
    path.write_bytes(data)
    with pytest.raises(FactsError, match=r"events.*cannot be read as Parquet") as error:
        prepare(log)
    assert "\n" not in str(error.value)
    assert no_drafts(log.folder)
