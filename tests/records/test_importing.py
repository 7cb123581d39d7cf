"""A release becomes a dataset whole, whatever stops the import, and never looks whole before."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import textwrap
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from asylumatlas.records import storage
from asylumatlas.records.dataset import Dataset, open_dataset
from asylumatlas.records.importing import Imported, import_release
from asylumatlas.records.ledger import Ledger, read_ledger
from asylumatlas.records.plan import parents_of, reading_order, table_names
from asylumatlas.records.registry import tables
from asylumatlas.records.storage import DatasetError

from .releases import SMALL, case, write_folder, write_zip

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
LOOKUPS = [name for name in SMALL if tables()[name].kind == "lookup"]
MAIN = [name for name in SMALL if tables()[name].kind == "main"]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_zip(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def whole(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """The import that nothing stops."""
    return import_release(release, tmp_path_factory.mktemp("whole") / "dataset")


def contents(folder: Path) -> dict[str, str]:
    """What must be the same in two datasets of one release: checksums, and the ledger's counts."""
    found = {}
    for path in sorted(path for path in folder.rglob("*.parquet") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    ledger = json.loads((folder / "ledger.json").read_text("utf-8"))
    for file in ledger["files"]:
        file.pop("seconds")
        file["file"] = Path(file["file"]).name  # in a zip it lies in a folder
    found["ledger"] = json.dumps(ledger["files"], sort_keys=True)
    found["cited"] = json.loads((folder / "dataset.json").read_text("utf-8"))["fingerprint"]
    return found


def everything(folder: Path) -> dict[str, bytes | None]:
    """Every path below a folder, and the bytes of the files."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


# ---- the whole


def test_every_line_is_accounted_for(whole: Imported) -> None:
    ledger = whole.ledger
    assert ledger.closes()
    assert whole.did == "imported"
    assert set(whole.read) == set(SMALL)
    for name, rows in SMALL.items():
        entry = ledger.of(name)
        assert entry is not None
        assert (entry["lines"], entry["count_txt"], entry["difference"]) == (len(rows),) * 2 + (0,)
        rows_there = pq.read_metadata(whole.dataset.table(name)).num_rows
        assert rows_there == entry["kept"] + entry["repaired"]
    assert ledger.totals["lines"] == sum(map(len, SMALL.values()))
    assert ledger.totals["quarantined"] == 1
    assert ledger.reasons() == {"too_few_fields": 1}
    [broken] = pq.read_table(whole.dataset.table("B_TblProceeding", "quarantined")).to_pylist()
    assert (broken["line"], broken["raw"]) == (10, b"109\tbroken off")


def test_what_is_odd_is_named(whole: Imported) -> None:
    ledger = whole.ledger
    assert ("A_TblCase", "NAT", "??", 1) in [
        (row.table, row.column, row.code, row.rows) for row in ledger.unknown_codes()
    ]
    columns = (ledger.of("tbl_schedule") or {})["columns"]["by_name"]
    assert columns["EOIRAttorneyID"]["noted"].get("orphan") == 1  # three attorneys, four hearings
    assert set(ledger.not_in_release) == set(tables()) - set(SMALL)


def test_the_dataset_opens(whole: Imported, release: Path) -> None:
    dataset = open_dataset(whole.dataset.folder)
    assert isinstance(dataset, Dataset)
    assert dataset.as_of == date(2026, 4, 1)
    assert dataset.release["name"] == release.name
    assert "Synthetic" in dataset.release["readme"]
    assert dataset.fingerprint == whole.dataset.fingerprint
    assert set(dataset.tables) == set(SMALL)
    assert dataset.table("a_tblcase").name == "A_TblCase.parquet"
    assert read_ledger(dataset.folder).totals == whole.ledger.totals
    assert not (dataset.folder / storage.WORK).exists()
    with pytest.raises(DatasetError, match='Did you mean "A_TblCase"'):
        dataset.table("A_TblCsae")


def test_the_histories_are_there(whole: Imported) -> None:
    log = whole.dataset.log
    assert log.as_of == date(2026, 4, 1)
    assert whole.links is not None
    assert log.cases(["case_id"]).column(0).to_pylist() == list(range(1, 10))


def test_a_folder_and_more_workers_give_the_same(
    whole: Imported, tmp_path: Path, release: Path
) -> None:
    folder = write_folder(tmp_path)
    other = import_release(folder, tmp_path / "dataset", workers=4)
    mine, theirs = contents(whole.dataset.folder), contents(other.dataset.folder)
    assert mine.pop("cited") != theirs.pop("cited")  # a zip and a folder: told apart
    assert mine == theirs


def test_the_same_again_does_nothing(whole: Imported, release: Path) -> None:
    before = everything(whole.dataset.folder)
    again = import_release(release, whole.dataset.folder)
    assert (again.did, again.read) == ("nothing", ())
    assert again.ledger.totals == whole.ledger.totals
    assert everything(whole.dataset.folder) == before


def test_progress_is_told(release: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int, int]] = []
    import_release(release, tmp_path / "d", progress=lambda *words: told.append(words), link=False)
    assert {words[0] for words in told} >= {*SMALL}
    reading = [words for words in told if words[0] in SMALL]
    assert [words[1] for words in reading] == sorted(words[1] for words in reading)
    assert reading[-1][1] == reading[-1][2]
    assert reading[-1][3] == sum(map(len, SMALL.values()))


# ---- some tables only


def test_tables_may_be_added_later(whole: Imported, release: Path, tmp_path: Path) -> None:
    """In any order, the same bytes in the end: a child read before its parent is read again."""
    out = tmp_path / "dataset"
    first = import_release(release, out, tables=["tbl_schedule"])
    assert set(first.dataset.tables) == {"tbl_schedule", *LOOKUPS}
    assert (first.links, first.dataset.linked) == (None, False)
    with pytest.raises(DatasetError, match="no event log"):
        _ = first.dataset.log
    assert set(first.dataset.manifest["left_out"]) == set(MAIN) - {"tbl_schedule"}
    second = import_release(release, out, tables=["A_TblCase"])
    assert (second.did, set(second.read)) == ("resumed", {"A_TblCase", "tbl_schedule"})
    third = import_release(release, out, tables=["tbl_schedule"])
    assert third.did == "nothing"
    fourth = import_release(release, out)
    assert fourth.did == "resumed"
    assert fourth.links is not None
    assert contents(out) == contents(whole.dataset.folder)


def test_a_parent_that_is_there_is_not_read_again(release: Path, tmp_path: Path) -> None:
    out = tmp_path / "dataset"
    import_release(release, out, tables=["A_TblCase"])
    added = import_release(release, out, tables=["B_TblProceeding"])
    assert added.read == ("B_TblProceeding",)
    columns = (added.ledger.of("B_TblProceeding") or {})["columns"]["by_name"]
    assert columns["IDNCASE"]["noted"].get("orphan", 0) == 0


def test_a_table_that_is_not_in_the_release(release: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="tblAppeal is not in the release; it has"):
        import_release(release, tmp_path / "d", tables=["tblAppeal"])
    assert list(tmp_path.iterdir()) == []


def test_table_names() -> None:
    assert table_names(["tbl_schedule.csv", " a_tblcase", "tblLookupSex"]) == [
        "A_TblCase",
        "tbl_schedule",
    ]
    with pytest.raises(DatasetError, match='Did you mean "tbl_schedule"'):
        table_names(["tbl_shedule"])


def test_parents_are_read_before_children() -> None:
    order = reading_order(tables())
    assert sorted(order) == sorted(n for n, t in tables().items() if t.kind == "main")
    for name in order:
        for parent in parents_of(tables()[name]):
            assert order.index(parent) < order.index(name), (parent, name)


def test_the_public_names_cost_nothing_until_they_are_used() -> None:
    code = """
import sys
from asylumatlas import records
assert not {"pyarrow", "duckdb", "numba"} & set(sys.modules), sys.modules
assert dir(records) == sorted(records.__all__)
for name in records.__all__:
    found = getattr(records, name)
    assert callable(found) and found.__doc__, name
from asylumatlas.records import diff
from asylumatlas.records.changes.difference import diff as same
assert diff is same
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


# ---- folders that are not ours, or are something else


@pytest.mark.parametrize("what", ["file in it", "a file", "inside the release", "a query"])
def test_a_folder_that_is_not_ours_is_left_alone(what: str, tmp_path: Path) -> None:
    source = write_folder(tmp_path)
    out = tmp_path / "out"
    if what == "file in it":
        out.mkdir()
        (out / "mine.txt").write_text("mine")
    elif what == "a file":
        out.write_text("mine")
    elif what == "a query":  # what follows a question mark is no part of a file's name to DuckDB
        out = tmp_path / "what?"
    else:
        out = source / "out"
    before = everything(tmp_path)
    with pytest.raises(DatasetError, match="name a"):
        import_release(source, out)
    assert everything(tmp_path) == before


def test_another_release_is_refused(whole: Imported, tmp_path: Path) -> None:
    rows = {**SMALL, "A_TblCase": [case(77)]}
    other = write_zip(tmp_path, rows, "Another 2026-0501.zip")
    before = everything(whole.dataset.folder)
    with pytest.raises(
        DatasetError, match=r'"EOIR Case Data 2026-0401.zip" .*, and "Another 2026-0501.zip"'
    ):
        import_release(other, whole.dataset.folder)
    assert everything(whole.dataset.folder) == before


def test_another_day_is_refused(whole: Imported, release: Path) -> None:
    with pytest.raises(DatasetError, match="as of 2026-04-01, not 2026-05-01"):
        import_release(release, whole.dataset.folder, as_of=date(2026, 5, 1))


def test_other_rules_are_refused(
    whole: Imported, release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from asylumatlas.records import dataset

    monkeypatch.setattr(dataset, "registry_version", lambda: "other")
    with pytest.raises(DatasetError, match="another version"):
        import_release(release, whole.dataset.folder)


def test_two_imports_at_once(release: Path, tmp_path: Path) -> None:
    out = tmp_path / "dataset"
    with storage.locked(out):
        before = everything(out)
        with pytest.raises(DatasetError, match="another import is writing"):
            import_release(release, out)
        assert everything(out) == before
    assert import_release(release, out, link=False).did == "imported"


@pytest.mark.parametrize("damage", ["missing", "cut", "no manifest", "bad manifest", "no ledger"])
def test_a_damaged_dataset_is_refused(damage: str, release: Path, tmp_path: Path) -> None:
    out = tmp_path / "dataset"
    import_release(release, out, tables=["A_TblCase"])
    target = out / "tables" / "A_TblCase.parquet"
    if damage == "missing":
        target.unlink()
    elif damage == "cut":
        target.write_bytes(target.read_bytes()[:-1])
    elif damage == "no ledger":
        (out / "ledger.json").unlink()
    elif damage == "no manifest":
        (out / "dataset.json").unlink()
    else:
        (out / "dataset.json").write_text('{"format": 1')
    with pytest.raises(DatasetError, match="import"):
        open_dataset(out)


def test_what_is_no_dataset_is_told(whole: Imported, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        open_dataset(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match="Did you mean"):
        open_dataset(whole.dataset.folder.parent)
    with pytest.raises(DatasetError, match="not a dataset"):
        open_dataset(tmp_path)


def test_a_ledger_that_does_not_close_says_so() -> None:
    good = {
        "table": "A_TblCase",
        "file": "A_TblCase.csv",
        **{"lines": 3, "kept": 2, "repaired": 0, "quarantined": 1, "reasons": {"no_key": 1}},
        "columns": {"by_name": {"NAT": {"blank": 1, "read": 1, "unread": {}}}},
    }
    assert Ledger({}, date(2026, 4, 1), [good]).closes()
    for change in ({"lines": 4}, {"reasons": {}}, {"kept": 3, "lines": 4}):
        assert not Ledger({}, date(2026, 4, 1), [{**good, **change}]).closes()


# ---- stopped

DRIVER = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    calls, last = 0, int(sys.argv[3])

    def count(function):
        def counted(*arguments, **options):
            global calls
            calls += 1
            if calls == last:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)
        return counted

    os.fsync = count(os.fsync)
    os.unlink = count(os.unlink)
    Path.replace = count(Path.replace)
    Path.unlink = count(Path.unlink)
    Path.mkdir = count(Path.mkdir)
    from asylumatlas.records.importing import import_release
    print(import_release(sys.argv[1], sys.argv[2]).did, calls)
    """
)


def drive(release: Path, out: Path, last: int) -> subprocess.CompletedProcess[str]:
    """An import that is killed at a step of its choice; 0 is none."""
    command = [sys.executable, "-c", DRIVER, str(release), str(out), str(last)]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)


def test_killed_at_any_step_the_next_call_finishes(
    whole: Imported, release: Path, tmp_path: Path
) -> None:
    done = drive(release, tmp_path / "first", 0)
    assert done.returncode == 0, done.stderr
    steps = int(done.stdout.split()[1])
    chosen = random.Random(3).sample(range(3, steps - 1), 4)
    for last in [1, 2, *chosen, steps - 1, steps]:
        out = tmp_path / f"killed-{last}"
        killed = drive(release, out, last)
        assert killed.returncode == -signal.SIGKILL, (last, killed.stderr)
        looks_whole = (out / "dataset.json").exists()
        if looks_whole:  # then it is
            assert contents(out) == contents(whole.dataset.folder), last
        else:
            with pytest.raises(DatasetError):
                open_dataset(out)
        again = import_release(release, out)
        assert (again.did == "nothing") == looks_whole, last
        assert contents(out) == contents(whole.dataset.folder), last
        assert not (out / storage.WORK).exists(), last


def test_killed_again_and_again_while_tables_are_added(
    whole: Imported, release: Path, tmp_path: Path
) -> None:
    """Each call gets a few steps further than the one before."""
    out = tmp_path / "dataset"
    import_release(release, out, tables=["A_TblCase"])
    last = 3
    while (done := drive(release, out, last)).returncode:
        assert done.returncode == -signal.SIGKILL, done.stderr
        last += 40
    assert contents(out) == contents(whole.dataset.folder)


def test_a_failure_keeps_what_is_done(
    whole: Imported, release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asylumatlas.records.reading.ingest as room

    out, ingest = tmp_path / "dataset", room.ingest

    def full(table: Any, member: Any, folder: Path, *rest: Any, **options: Any) -> Any:
        if table.name == "B_TblProceeding":
            (folder / "tables" / "B_TblProceeding.parquet").write_bytes(b"half")
            raise OSError(28, "No space left on device")
        return ingest(table, member, folder, *rest, **options)

    monkeypatch.setattr(room, "ingest", full)
    with pytest.raises(DatasetError, match="no space left; free some and import again"):
        import_release(release, out)
    assert not list(out.rglob("B_TblProceeding*"))
    with pytest.raises(DatasetError, match="unfinished import; `asylumatlas import` into it"):
        open_dataset(out)
    other = write_zip(tmp_path, {"A_TblCase": [case(1)]}, "Other 2026-0501.zip")
    with pytest.raises(DatasetError, match="holds an unfinished import of the release"):
        import_release(other, out)
    monkeypatch.undo()
    again = import_release(release, out)
    assert again.did == "resumed"
    assert "A_TblCase" not in again.read
    assert contents(out) == contents(whole.dataset.folder)


def test_a_failure_at_once_leaves_nothing(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asylumatlas.records.reading.ingest as room

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(room, "ingest", stop)
    (tmp_path / "empty").mkdir()
    for out in (tmp_path / "new", tmp_path / "empty"):
        with pytest.raises(KeyboardInterrupt):
            import_release(release, out)
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]
    assert list((tmp_path / "empty").iterdir()) == []
