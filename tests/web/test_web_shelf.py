"""The logs an app shows: those given, the built-in ones, and results of runs."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from asylumatlas import process
from asylumatlas.scenario import load_scenario
from asylumatlas.web import Settings, SettingsError, demo
from asylumatlas.web.faults import NotFoundError
from asylumatlas.web.shelf import Shelf


@pytest.fixture
def shelf(app_settings: Settings) -> Shelf:
    return Shelf.of(app_settings)


def test_the_built_in_logs_say_what_they_are(shelf: Shelf) -> None:
    assert shelf.names() == ["caravan-2018", "made-up-records"]
    for log in shelf.all():
        assert log.built_in
        assert log.title
        said = log.note.lower()
        assert "no real person" in said or "nobody in it exists" in said


def test_an_unknown_log_names_the_nearest(shelf: Shelf) -> None:
    with pytest.raises(NotFoundError, match='Did you mean "caravan-2018"'):
        shelf.get("caravan-2019")
    assert shelf.get().name == "caravan-2018"


def test_an_empty_shelf_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="--log NAME=DIR"):
        Shelf.of(Settings(home=tmp_path, demo=False)).get()


def test_a_folder_that_is_no_log_is_refused(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, demo=False, logs=(("mine", tmp_path / "missing"),))
    with pytest.raises(SettingsError, match=r"^--log mine: .*no such folder") as caught:
        Shelf.of(settings)
    assert "\n" not in str(caught.value)


def test_a_log_given_comes_first_and_may_replace_a_built_in_one(app_settings: Settings) -> None:
    folder = Shelf.of(app_settings).get("made-up-records").folder
    settings = Settings(home=app_settings.home, logs=(("caravan-2018", folder),))
    shelf = Shelf.of(settings)
    assert shelf.names() == ["caravan-2018", "made-up-records"]
    assert not shelf.get("caravan-2018").built_in


def test_results_of_runs_come_and_go(shelf: Shelf) -> None:
    done = shelf.settings.folder / "results" / "abc"
    shutil.copytree(shelf.get("made-up-records").folder, done)
    unfinished = shelf.settings.folder / "results" / "def"
    unfinished.mkdir()
    (shelf.settings.folder / "results" / ".abc.kept").mkdir()
    assert shelf.names()[-1] == "run-abc"
    assert len(shelf.names()) == 3
    assert shelf.get("run-abc").folder == done
    shutil.rmtree(done)
    shelf.forget("run-abc")
    with pytest.raises(NotFoundError):
        shelf.get("run-abc")


def test_logs_are_made_ready(shelf: Shelf) -> None:
    assert not shelf.ready("made-up-records")
    shelf.start()
    assert shelf.wait(60)
    assert shelf.ready("made-up-records")
    assert shelf.failed == {}


def test_a_damaged_log_is_said_to_be(app_settings: Settings, tmp_path: Path) -> None:
    copied = tmp_path / "copy"
    original = Shelf.of(app_settings).get("made-up-records").folder
    shutil.copytree(original, copied, ignore=shutil.ignore_patterns("facts"))
    (part,) = (copied / "events.parquet").iterdir()
    part.write_bytes(b"x" * part.stat().st_size)
    shelf = Shelf.of(Settings(home=tmp_path / "home", demo=False, logs=(("copy", copied),)))
    shelf.start()
    assert shelf.wait(60)
    assert not shelf.ready("copy")
    assert "\n" not in shelf.failed["copy"]


def test_demo_logs_are_whole_and_of_this_version() -> None:
    """Else they are stale: run tools/build_demo.py."""
    book = demo.book()
    folder = Path(str(files("asylumatlas.web.demo")))
    assert {entry["file"] for entry in book.values()} == {
        path.name for path in folder.glob("*.tar.xz")
    }
    assert sum(path.stat().st_size for path in folder.glob("*.tar.xz")) <= 3_000_000
    for name, entry in book.items():
        assert entry["vocabulary"] == process.vocabulary_version(), name
    assert book["caravan-2018"]["fingerprint"] == load_scenario("caravan-2018").fingerprint


def test_demo_logs_hold_what_their_book_says(shelf: Shelf) -> None:
    for name, entry in demo.book().items():
        log = shelf.get(name)
        assert log.fingerprint == entry["fingerprint"]
        assert dict(log.log.manifest.rows) == {
            "cases": entry["cases"],
            "events": entry["events"],
        }
        log.log.verify()


def test_the_demo_run_is_what_the_simulator_makes(shelf: Shelf, tmp_path: Path) -> None:
    """Made again with the code of today; else the demo is stale: run tools/build_demo.py."""
    from asylumatlas.sim.run import run

    shipped = shelf.get("caravan-2018")
    log, seed = shipped.log, int(shipped.log.manifest.details["seed"])
    scenario, number = load_scenario("caravan-2018"), len(log.replications)
    made = run(scenario, replications=number, seed=seed, out=tmp_path / "run", log=False)
    known = json.loads((log.folder / "summary.json").read_text(encoding="utf-8"))
    for part in ("reported", "stages", "conservation"):
        assert json.loads(json.dumps(made.summary[part])) == known[part], part


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "a/../../outside"])
def test_unpacking_writes_nowhere_else(tmp_path: Path, name: str) -> None:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w:xz") as archive:
        member = tarfile.TarInfo(name)
        member.size = 1
        archive.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(ValueError, match="not a plain file"):
        demo._unpack(sink.getvalue(), tmp_path / "in" / "log")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_unpacking_makes_no_links(tmp_path: Path) -> None:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w:xz") as archive:
        member = tarfile.TarInfo("link")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(ValueError, match="not a plain file"):
        demo._unpack(sink.getvalue(), tmp_path / "log")


def test_the_book_names_no_place_of_a_machine() -> None:
    text = (files("asylumatlas.web.demo") / "demo.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)
    assert "/" not in text.replace("tools/build_demo.py", "")
