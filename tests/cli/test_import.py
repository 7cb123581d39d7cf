"""`asylumatlas import` keeps the contract of the command line."""

import contextlib
import json
import os
import pty
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from asylumatlas.cli import COMMANDS, main
from asylumatlas.cli.import_tables import _print_lines, _share
from asylumatlas.cli.importing import import_
from asylumatlas.records.dataset import open_dataset
from asylumatlas.records.importing import import_release
from asylumatlas.records.ledger import Ledger

from ..records.releases import FOLDER, SMALL, case, proceeding, write_folder, write_zip

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "asylumatlas"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "80", "NO_COLOR": "1"}

Capture = pytest.CaptureFixture[str]


def one_line(text: str) -> str:
    assert text.endswith("\n")
    assert text.count("\n") == 1, text
    assert "Traceback" not in text
    return text.strip()


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_zip(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release that takes a while to read."""
    rows = {
        **SMALL,
        "A_TblCase": [case(n) for n in range(1, 60_001)],
        "B_TblProceeding": [proceeding(n, n) for n in range(1, 60_001)],
    }
    return write_folder(tmp_path_factory.mktemp("large"), rows)


# ---- what it says


def test_a_table_for_people(release: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "dataset"
    assert main(["import", str(release), "--out", str(out)]) == 0
    said, err = capsys.readouterr()
    assert err == ""
    words = " ".join(said.split())
    assert f'Release "{FOLDER}.zip" as of 2026-04-01 (from the name' in words
    assert "says that it is synthetic" in words
    assert "A_TblCase 9 9 0 0 0 B_TblProceeding 9 8 0 1 0 " in words
    assert "too_few_fields quarantined" in words
    assert re.search(r"A_TblCase\.NAT +1 +\?\? 1\n", said)
    assert "lines = kept + repaired + quarantined" in words
    assert "could not have happened" in words
    assert "or about our rules; they stay in the log" in words
    assert re.search(r"all( [\d,]+){4} 0 ", words)
    assert "Its own name" not in words
    assert f"Every count: {out}/ledger.json" in words
    assert main(["import", str(release), "--out", str(out)]) == 0
    assert "holds this release already: nothing was done" in " ".join(
        capsys.readouterr().out.split()
    )


def test_it_fits_80_columns_of_plain_ascii(
    release: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["import", str(release), "--out", "dataset"]) == 0
    said = capsys.readouterr().out
    assert said.isascii()
    assert max(map(len, said.splitlines())) <= 80


def test_numbers_of_a_whole_release_are_not_cut(capsys: Capture) -> None:
    """The largest table of a release has tens of millions of lines, all together 169 million."""
    big = {"lines": 168_000_000, "kept": 167_000_000, "repaired": 123_456, "quarantined": 876_544}
    small = {"lines": 9, "kept": 9, "repaired": 0, "quarantined": 0, "difference": None}
    _print_lines(
        Ledger(
            {},
            date(2026, 4, 1),
            [
                {"table": "tbl_CasePriorityHistory", **big, "difference": -1_234_567},
                {"table": "tblLookupHloc", **small},
                {"table": "tblLookupSex", **small, "difference": 1},
                {"table": "tblLookupState", **small},
            ],
        )
    )
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    rows = [line.split() for line in lines[5:9]]
    whole = ["168,000,000", "167,000,000", "123,456", "876,544", "-1,234,567"]
    assert rows[0] == ["tbl_CasePriorityHistory", *whole]
    assert rows[1] == ["tblLookupSex", "9", "9", "0", "0", "1"]
    assert rows[2] == ["2", "other", "lookups", "18", "18", "0", "0", "-"]
    whole = ["168,000,027", "167,000,027", "123,456", "876,544"]
    assert rows[3] == ["all", *whole, "2", "files"]


def test_shares_are_rounded_down() -> None:
    assert _share(2984 / 2985) == " (99.9 %)"
    assert _share(0.57) == " (57.0 %)"
    assert (_share(1.0), _share(None)) == (" (100.0 %)", "")


def test_what_is_made_up_is_said_and_what_is_not_is_not(tmp_path: Path, capsys: Capture) -> None:
    place = write_folder(tmp_path)
    for text, made_up in (("Case data.\n\nNothing synthetic.", False), ("\n SYNTHETIC DATA", True)):
        (place / "Readme.txt").write_text(text)
        assert main(["import", str(place), "--out", str(tmp_path / str(made_up))]) == 0
        assert ("synthetic: made up" in capsys.readouterr().out) is made_up
        assert main(["import", str(place), "--out", str(tmp_path / str(made_up)), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["release"]["synthetic"] is made_up


def test_json_is_one_object(release: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "dataset"
    words = ["import", str(release), "--out", str(out), "--tables", "a_tblcase,tbl_schedule"]
    assert main([*words, "--json", "--workers=1"]) == 0
    said, err = capsys.readouterr()
    told = json.loads(said)
    assert err == ""
    assert (told["dataset"], told["did"], told["as_of"]) == (str(out), "imported", "2026-04-01")
    assert told["release"]["name"] == f"{FOLDER}.zip"
    assert told["links"] is None
    assert told["closes"] is True
    main_tables = [f["table"] for f in told["files"] if not f["table"].casefold().count("lookup")]
    assert sorted(main_tables) == ["A_TblCase", "tbl_schedule"]
    assert told["totals"]["lines"] == sum(file["lines"] for file in told["files"])
    assert told["totals"]["lines"] == sum(
        told["totals"][word] for word in ("kept", "repaired", "quarantined")
    )
    assert main([*words[:4], "--json"]) == 0
    more = json.loads(capsys.readouterr().out)
    assert (more["did"], more["links"] is None) == ("resumed", False)
    assert main([*words[:4], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["did"] == "nothing"


def test_the_day_may_be_given(release: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "dataset"
    words = ["import", str(release), "--out", str(out), "--tables=A_TblCase", "--json"]
    assert main([*words, "--as-of", "2026-03-31"]) == 0
    assert json.loads(capsys.readouterr().out)["as_of"] == "2026-03-31"


def test_another_day_than_the_name_says(release: Path, tmp_path: Path, capsys: Capture) -> None:
    words = ["import", str(release), "--tables=A_TblCase", "--out"]
    for day, said in (("2026-03-31", True), ("2026-04-01", False)):
        assert main([*words, str(tmp_path / day), "--as-of", day]) == 0
        told = " ".join(capsys.readouterr().out.split())
        assert ("Its own name says 2026-04-01; the day given counts." in told) is said


def test_cases_and_values_are_counted(tmp_path: Path, capsys: Capture) -> None:
    """One case of a proceeding alone; two days that are none."""
    rows = {
        **SMALL,
        "A_TblCase": [case(1), case(2, LATEST_HEARING="never", DETENTION_DATE="soon")],
        "B_TblProceeding": [proceeding(1, 1), proceeding(2, 3)],
    }
    out = tmp_path / "dataset"
    assert main(["import", str(write_folder(tmp_path, rows)), "--out", str(out)]) == 0
    words = " ".join(capsys.readouterr().out.split())
    links, ledger = (json.loads((out / f"{n}.json").read_text()) for n in ("links", "ledger"))
    without = links["histories"]["without_events"]
    assert f"of 3 cases (1 met only in proceedings, {without} without an event)" in words
    assert ledger["totals"]["unread"] == 2
    assert "and are null ------------------------------------------- 2 in all;" in words


def test_a_call_that_had_only_to_link(release: Path, tmp_path: Path, capsys: Capture) -> None:
    import_release(release, tmp_path / "dataset", link=False)
    assert main(["import", str(release), "--out", str(tmp_path / "dataset")]) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert "All tables were there already" in words
    assert "comes after: the ledger, the histories and the views for SQL." in words


# ---- what is wrong


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("import", "RELEASE"),
        ("import x", "--out"),
        ("import x --out y --tables A_TblCsae", 'Did you mean "A_TblCase"?'),
        ("import x --out y --tables ,", "name tables"),
        ("import x --out y --as-of 2026-02-30", "not a day"),
        ("import x --out y --as-of yesterday", "not a day"),
        ("import x --out y --workers 0", "from 1 to 64"),
        ("import x --out y --workers many", "from 1 to 64"),
        ("import x --out y --worker 2", 'Did you mean "--workers"?'),
    ],
)
def test_wrong_words_exit_2_with_one_line(words: str, says: str, capsys: Capture) -> None:
    assert main(words.split()) == 2
    said, err = capsys.readouterr()
    assert said == ""
    assert says in one_line(err)


def test_bad_input_exits_1_with_one_line(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "text.zip").write_text("no zip")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    good = write_zip(tmp_path)
    out = str(tmp_path / "dataset")
    for source, place, says in [
        (tmp_path / "nowhere.zip", out, "no such file"),
        (tmp_path / "text.zip", out, "text.zip"),
        (good, str(tmp_path / "full"), "not empty"),
        (good, str(good / "inside"), str(good)),
    ]:
        assert main(["import", str(source), "--out", place]) == 1
        said, err = capsys.readouterr()
        assert said == ""
        assert says in one_line(err)
        assert not Path(out).exists()


def test_a_command_says_the_same_everywhere() -> None:
    function, summary = COMMANDS["import"]
    assert function == "importing:import_"
    assert (import_.__doc__ or "").splitlines()[0] == summary


# ---- stopped, and started again


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A folder with little room, and how to start a process that feels it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    if os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0:
        try:
            yield folder, {}
        finally:
            subprocess.run(["umount", str(folder)], check=True)
    else:
        limit = (100_000, 100_000)
        yield folder, {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit)}


def test_a_full_disk(large: Path, tiny_disk: tuple[Path, dict[str, Any]]) -> None:
    folder, options = tiny_disk
    out = folder / "dataset"
    done = subprocess.run(
        [*PROGRAM, "import", str(large), "--out", str(out)],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=120,
        **options,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "no space left" in one_line(done.stderr)
    assert not (out / "dataset.json").exists()
    assert not list(out.glob("**/B_TblProceeding*"))


def start(*words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, *map(str, words)],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path, child: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        assert child.poll() is None, child.communicate()
        time.sleep(0.005)


def test_ctrl_c_is_gone_on_from(large: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "dataset"
    child = start("import", large, "--out", out)
    try:
        wait_for(out / ".work" / "tblLookupCourtDecision.json", child)
        child.send_signal(signal.SIGINT)
        said, err = child.communicate(timeout=60)
    finally:
        child.kill()
    assert (child.returncode, said) == (130, "")
    assert "the same command goes on where it stopped" in one_line(err)
    with pytest.raises(ValueError, match="unfinished"):
        open_dataset(out)
    assert main(["import", str(large), "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["did"] == "resumed"
    assert "tblLookupCourtDecision" not in told["read"]
    assert told["closes"] is True


def test_two_at_once(large: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "dataset"
    child = start("import", large, "--out", out, "--json")
    try:
        wait_for(out / ".work" / "import.json", child)
        assert main(["import", str(large), "--out", str(out)]) == 1
        assert "another import is writing into it" in one_line(capsys.readouterr().err)
        said, err = child.communicate(timeout=120)
    finally:
        child.kill()
    assert (child.returncode, err) == (0, "")
    assert json.loads(said)["did"] == "imported"


def test_progress_is_shown_on_a_terminal_only(large: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with (tmp_path / "said.json").open("w") as said:
        child = subprocess.Popen(
            [*PROGRAM, "import", str(large), "--out", str(tmp_path / "dataset"), "--json"],
            env={**ENVIRONMENT, "TERM": "xterm"},
            stdout=said,
            stderr=theirs,
        )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    assert child.wait(timeout=60) == 0
    assert json.loads((tmp_path / "said.json").read_text())["did"] == "imported"
    text = shown.decode()
    assert "B_TblProceeding" in text
    assert "B/s" in text
    assert "rows/s" in text
    assert "left" in text
