"""`asylumatlas export`: its words, its one-line errors, and that a stop leaves nothing."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asylumatlas.cli import COMMANDS, main
from asylumatlas.events import Log

ROOT = Path(__file__).parents[2]
Capture = pytest.CaptureFixture[str]
ENTRY = ("exporting:export", "Write a log for process-mining tools, or as open data.")


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(COMMANDS, "export", ENTRY)
    monkeypatch.chdir(tmp_path)


def test_a_name_is_made_of_the_log_and_the_format(log: Log, capsys: Capture) -> None:
    assert main(["export", str(log.folder), "--format", "xes"]) == 0
    told = capsys.readouterr()
    assert told.out == "example.xes: 4 cases, 11 events\n"
    assert told.err.endswith(
        "has 2 replications; this is replication 0. Choose another with --replication.\n"
    )
    assert Path("example.xes").is_file()


def test_a_dataset_gives_its_own_name(
    make_log: Callable[..., Log], tmp_path: Path, capsys: Capture
) -> None:
    log = make_log(tmp_path / "records" / "log", {(0, 1): (-1, [])})
    assert main(["export", str(log.folder)]) == 0
    assert capsys.readouterr().out.startswith("records.ocel.json: 1 cases")


def test_json_is_one_object(log: Log, tmp_path: Path, capsys: Capture) -> None:
    words = ["export", str(log.folder), "--out", "a", "--replication", "1", "--json"]
    assert main(words) == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == {
        "path": "a",
        "format": "ocel",
        "replication": 1,
        "cases": 1,
        "events": 2,
        "replaced": 0,
        "fingerprint": log.fingerprint,
    }
    assert told.err == ""


def test_conditions_of_one_column_mean_either(log: Log, tmp_path: Path, capsys: Capture) -> None:
    words = ["--where", "lead_case_id=4", "--where", "entry_date=2018-03-25"]
    assert main(["export", str(log.folder), "--out", "a", *words]) == 0
    assert "a: 1 cases, 2 events" in capsys.readouterr().out
    words = ["--where", "nationality=HND", "--where", "nationality=SLV"]
    assert main(["export", str(log.folder), "--out", "b", *words]) == 0
    assert "b: 4 cases" in capsys.readouterr().out


def test_what_xml_cannot_hold_is_told(
    make_log: Callable[..., Log], tmp_path: Path, capsys: Capture
) -> None:
    steps = [("custody_started", None, 0, -1, None, "a\0b")]
    log = make_log(tmp_path / "odd", {(0, 1): (-1, steps)})
    assert main(["export", str(log.folder), "--format", "xes"]) == 0
    assert "1 control characters" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--format", "xess"], 2, 'unknown format "xess". Did you mean "xes"?'),
        (["--replication", "9"], 1, "replication 9: not in the log. It has 0 to 1."),
        (["--replication", "x"], 2, "'x' is not a whole number from 0 to 32767."),
        (["--where", "nationality"], 2, "write --where KEY=VALUE"),
        (["--where", "entry_date=may"], 2, "'may' is not a day written YYYY-MM-DD."),
        (["--where", "lead_case_id=x"], 2, "'x' is not a whole number."),
        (["--where", "nationality=HDN"], 1, "no case has 'HDN'. Did you mean \"HND\"?"),
        (["--where", "sexe=F"], 1, 'unknown column "sexe". Did you mean "sex"?'),
        (["--out", "example"], 1, "example: exists already."),
        (["--out", "no/where"], 1, "no/where: no such folder: no. Make it first."),
    ],
)
def test_errors_are_one_line(
    log: Log, capsys: Capture, words: list[str], code: int, message: str
) -> None:
    assert main(["export", str(log.folder), *words]) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert message in told.err
    assert told.err.count("\n") == 1
    assert os.listdir() == ["example"]


def test_a_folder_without_a_log_is_refused(capsys: Capture) -> None:
    assert main(["export", "nothing"]) == 1
    assert capsys.readouterr().err.startswith("nothing: no such folder.")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_one_line(log: Log, capsys: Capture) -> None:
    Path("locked").mkdir(mode=0o500)
    assert main(["export", str(log.folder), "--out", "locked/a"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


STOPPED = f"""
import sys, time
from asylumatlas import cli
from asylumatlas.cli import export_progress

def wait(self, done, total):
    print("writing", flush=True)
    time.sleep(60)

cli.COMMANDS["export"] = {ENTRY!r}
export_progress.EventBar.__call__ = wait
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("format", ["ocel", "ocel-sqlite", "package"])
def test_ctrl_c_leaves_nothing(log: Log, format: str) -> None:
    words = ["export", str(log.folder), "--out", "a", "--format", format]
    options: dict[str, Any] = {"env": {**os.environ, "PYTHONPATH": str(ROOT / "src")}}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    program = [sys.executable, "-c", STOPPED, *words]
    with subprocess.Popen(program, **pipes, **options) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "writing\n"
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=60)
    assert running.returncode == 130
    assert told.count("\n") == 1
    assert os.listdir() == ["example"]


def test_help_and_the_module_are_cheap() -> None:
    code = (
        "import sys, asylumatlas.cli.exporting, asylumatlas.exports\n"
        "heavy = {'pyarrow', 'duckdb', 'numba', 'scipy', 'ibis'}\n"
        "sys.exit(bool(heavy & {name.split('.')[0] for name in sys.modules}))"
    )
    options: dict[str, Any] = {"env": {**os.environ, "PYTHONPATH": str(ROOT / "src")}}
    assert subprocess.run([sys.executable, "-c", code], check=False, **options).returncode == 0


def test_help_names_every_format() -> None:
    from asylumatlas import exports
    from asylumatlas.cli import exporting

    assert exporting.FORMATS.split("|") == list(exports.FORMATS)
