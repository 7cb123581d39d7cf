"""The command line keeps its contract: shapes, exit codes, one-line errors, 80 columns."""

import contextlib
import importlib
import json
import os
import pty
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from asylumatlas import runs
from asylumatlas.cli import COMMANDS, main
from asylumatlas.scenario import names
from asylumatlas.sim.run import RunError

ROOT = Path(__file__).parents[2]
EXAMPLE = json.loads((ROOT / "tests" / "report" / "summary_example.json").read_text("utf-8"))
PROGRAM = [sys.executable, "-m", "asylumatlas"]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(ROOT / "src"),
    "COLUMNS": "80",
    "NO_COLOR": "1",
}

Capture = pytest.CaptureFixture[str]


def call(
    *words: object, cwd: Path | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own."""
    command = [*PROGRAM, *map(str, words)]
    options = {"capture_output": True, "env": ENVIRONMENT, **options}
    return subprocess.run(command, cwd=cwd, text=True, timeout=120, check=False, **options)


def one_line(text: str) -> str:
    assert text.endswith("\n")
    assert text.count("\n") == 1, text
    assert "Traceback" not in text
    return text.strip()


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What a run was asked for; it answers with the example summary."""
    seen: list[dict[str, Any]] = []

    def run(scenario: Any, **options: Any) -> SimpleNamespace:
        seen.append({"scenario": scenario, **options})
        return SimpleNamespace(folder=Path("runs/example"), summary=dict(EXAMPLE))

    monkeypatch.setattr(runs, "run", run)
    return seen


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Makes every run end in an error."""

    def set_error(error: BaseException) -> None:
        def run(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(runs, "run", run)

    return set_error


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a true run; it also leaves the compiled kernels in their cache."""
    folder = tmp_path_factory.mktemp("runs") / "first"
    done = call("run", "caravan-2018", "--replications", 2, "--out", folder, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    (folder.parent / "said.json").write_text(done.stdout)
    return folder


# ---- words that are wrong


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("rnu caravan-2018", 'Did you mean "run"?'),
        ("run caravan-2018 --replicatons 3", 'Did you mean "--replications"?'),
        ("run caravan-2081", 'Did you mean "caravan-2018"?'),
        ("--versio", 'Did you mean "--version"?'),
        ("run caravan-2018 --set spaces.port_hld.room=3", 'Did you mean "spaces.port_hold'),
        ("run caravan-2018 --set feeds.caravan.sze=3", 'Did you mean "size"?'),
        ("run caravan-2018 --set spaces.port_hold.room=many", "unknown parameter 'many'"),
        ("run caravan-2018 --set port.san_ysidro.holding_capacity", "--set KEY=VALUE"),
        ("run caravan-2018 --set =3", "--set KEY=VALUE"),
        ("run caravan-2018 --set a=1 --set a=2", "given twice"),
        ("run", "SCENARIO"),
        ("run caravan-2018 twice", "twice"),
        ("run caravan-2018 --out", "--out"),
        ("run nowhere.toml", "nowhere.toml: no such file"),
        ("run caravan-2018 --json=maybe", "maybe"),
        ("show caravan-2081", 'Did you mean "caravan-2018"?'),
        ("show", "SCENARIO"),
        ("compare one", "RUN_B"),
        ("compare nowhere elsewhere", "nowhere: no such folder"),
    ],
)
def test_wrong_words_exit_2_with_one_line(words: str, says: str, capsys: Capture) -> None:
    assert main(words.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in one_line(err)


@pytest.mark.parametrize("option", ["replications", "seed", "workers"])
@pytest.mark.parametrize("text", ["-1", "1.5", "many", "1e3", "", "٣", "0x10", "9" * 30])
def test_numbers_are_whole_and_in_range(
    option: str, text: str, asked: list[dict[str, Any]], capsys: Capture
) -> None:
    assert main(["run", "caravan-2018", f"--{option}={text}"]) == 2
    assert f"--{option}" in one_line(capsys.readouterr().err)
    assert asked == []


@pytest.mark.parametrize(
    ("text", "code"), [("0", 2), ("1", 0), ("32767", 0), ("32768", 2), ("200", 0)]
)
def test_replications_fit_the_event_log(
    text: str, code: int, asked: list[dict[str, Any]], capsys: Capture
) -> None:
    assert main(["run", "caravan-2018", "--replications", text]) == code
    assert [row["replications"] for row in asked] == ([int(text)] if code == 0 else [])


def test_a_line_break_in_a_word_stays_one_line(capsys: Capture) -> None:
    assert main(["run", "caravan\n2018"]) == 2
    one_line(capsys.readouterr().err)


# ---- what a run is asked, and what it answers


def test_the_defaults_of_a_run(asked: list[dict[str, Any]], capsys: Capture) -> None:
    assert main(["run", "caravan-2018"]) == 0
    [row] = asked
    assert (row["replications"], row["seed"], row["workers"]) == (200, 1, None)
    assert (row["out"], row["log"]) == (None, True)
    assert row["scenario"].name == "caravan-2018"


def test_every_option_of_a_run_arrives(asked: list[dict[str, Any]], capsys: Capture) -> None:
    key = "port.san_ysidro.holding_capacity"
    words = f"run caravan-2018 --replications 7 --seed 0 --workers 2 --set {key}=400"
    assert main([*words.split(), "--set", 'title="A = B"', "--out", "a b", "--no-log"]) == 0
    [row] = asked
    assert (row["replications"], row["seed"], row["workers"]) == (7, 0, 2)
    assert (row["out"], row["log"]) == (Path("a b"), False)
    assert row["scenario"].model.title == "A = B"
    assert row["scenario"].model.parameters[key].value == 400
    assert row["command"] == (
        f"asylumatlas run caravan-2018 --replications=7 --seed=0 --set={key}=400 "
        "'--set=title=\"A = B\"'"
    )


def test_run_json_is_one_object(asked: list[dict[str, Any]], capsys: Capture) -> None:
    assert main(["run", "caravan-2018", "--json"]) == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert err == ""
    assert told["run"] == "runs/example"
    assert told["report"] == "runs/example/report.html"
    assert {**told, "run": EXAMPLE["run"]} == {**EXAMPLE, "report": told["report"]}


def test_run_prints_every_reported_count(asked: list[dict[str, Any]], capsys: Capture) -> None:
    assert main(["run", "caravan-2018"]) == 0
    out = capsys.readouterr().out
    words = " ".join(out.split())
    for row in EXAMPLE["reported"]:
        assert f"{row['date']} {row['place']}: {row['label']} ({row['outlet']})" in words
    assert "401 prediction 352 329 to 375 318 to 386 neither" in words
    assert "88 input 70 57 to 83 49 to 91 95 %" in words
    assert "28 input 24 18 to 30 15 to 33 80 %" in words
    assert "Chance accounts for 25 to 92 % of the variance" in words
    assert "Of 6 parameters listed, 3 are assumed" in words
    assert "Run folder: runs/example\n" in out
    assert "runs/example/report.html\n" in out


def test_what_is_not_known_stays_visible(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    from asylumatlas.cli import tables

    row = {**EXAMPLE["reported"][0], "reported": None, "inside80": None, "inside95": None}
    row |= {"outlet": None, "qualifier": "at_least"}
    tables.print_run({**EXAMPLE, "reported": [row]}, "f", "r")
    words = " ".join(capsys.readouterr().out.split())
    assert "(source WIRE0430)" in words
    assert "not found input 9 6 to 12 4 to 14 not found" in words


def test_a_measure_that_never_varies_has_no_share(capsys: Capture) -> None:
    from asylumatlas.cli import tables

    still = {
        **EXAMPLE["uncertainty"][0],
        "total_sd": 0.0,
        "luck_share": 0.0,
        "parameter_share": 0.0,
    }
    tables.print_run({**EXAMPLE, "uncertainty": [*EXAMPLE["uncertainty"], still]}, "f", "r")
    words = " ".join(capsys.readouterr().out.split())
    assert "Chance accounts for 25 to 92 % of the variance" in words
    tables.print_run({**EXAMPLE, "uncertainty": [still]}, "f", "r")
    assert "Too few replications" in " ".join(capsys.readouterr().out.split())


def test_a_qualified_count_keeps_its_qualifier(capsys: Capture) -> None:
    from asylumatlas.cli import tables

    row = {**EXAMPLE["reported"][0], "qualifier": "at_least"}
    tables.print_run({**EXAMPLE, "reported": [row]}, "f", "r")
    assert "at least 8" in capsys.readouterr().out


def test_lost_people_are_a_failure(
    asked: list[dict[str, Any]], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(EXAMPLE, "conservation", {**EXAMPLE["conservation"], "ok": False})
    assert main(["run", "caravan-2018"]) == 1
    assert "do not use it" in one_line(capsys.readouterr().err)


# ---- the other commands


def test_scenarios_are_listed(capsys: Capture) -> None:
    assert main(["scenarios"]) == 0
    said = capsys.readouterr().out
    assert main(["scenarios", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["scenarios"]
    assert [row["scenario"] for row in rows] == names()
    assert all(f"{row['scenario']}: {row['title']}" in " ".join(said.split()) for row in rows)


def test_show_json_holds_every_part(capsys: Capture) -> None:
    assert main(["show", "caravan-2018", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["from"], told["to"], told["days"]) == ("2018-03-25", "2018-11-05", 226)
    assert {"san_ysidro", "group_intake"} & {row["station"] for row in told["stations"]}
    assert [row["feed"] for row in told["feeds"] if row["in_cohort"]] == told["cohort"]
    assert told["changes"]
    for row in told["parameters"]:
        assert row["low"] <= row["value"] <= row["high"], row
        assert row["assumed"] == (row["source"] is None), row
        assert not row["assumed"] or row["why"], row


def test_show_lists_what_a_run_uses(capsys: Capture) -> None:
    """All that the rules of a run note, and what only the costs ask for."""
    from asylumatlas.scenario import load_scenario
    from asylumatlas.sim.rules import Rules

    rules = Rules(load_scenario("caravan-2018"), 5)
    rules.model_for(rules.draw(-1), 3)
    main(["show", "caravan-2018", "--json"])
    listed = {row["parameter"] for row in json.loads(capsys.readouterr().out)["parameters"]}
    assert listed > {name.partition(" from ")[0] for name in rules.quantities.used}
    assert "cost.detention.adult" in listed


def test_show_says_the_value_that_holds_in_the_run(capsys: Capture) -> None:
    main(["show", "caravan-2018", "--json"])
    rows = json.loads(capsys.readouterr().out)["parameters"]
    by_name: dict[str, list[str | None]] = {}
    for row in rows:
        by_name.setdefault(row["parameter"], []).append(row["from"])
    for dates in by_name.values():
        # One may be older than the run, or the only one there is; the others lie in it.
        assert all("2018-03-25" < str(day) <= "2018-11-05" for day in dates[1:])


def test_show_prints_every_parameter(capsys: Capture) -> None:
    main(["show", "caravan-2018", "--json"])
    rows = json.loads(capsys.readouterr().out)["parameters"]
    assert main(["show", "caravan-2018"]) == 0
    lines = {line.split(",")[0] for line in capsys.readouterr().out.splitlines()}
    assert {row["parameter"] for row in rows} <= lines


def test_check_finds_nothing(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('extends = "caravan-2018"\ntitle = "Mine"\n')
    assert main(["check", str(file)]) == 0
    assert capsys.readouterr() == (f"{file}: no faults\n", "")


def test_check_names_all_faults(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'extends = "caravan-2018"\n'
        'crews = { officers_otay_mesa = { place = "otay_mess" } }\n'
        '[feeds.caravan]\nsize = "population.spring_caravan.sze"\n'
    )
    assert main(["check", str(file)]) == 2
    out, err = capsys.readouterr()
    assert err == ""
    assert len(out.splitlines()) == 2
    assert all(
        line.startswith("mine.toml: ") and "Did you mean" in line for line in out.splitlines()
    )
    assert main(["run", str(file)]) == 2
    assert "and 1 more" in one_line(capsys.readouterr().err)


def test_check_finds_what_only_the_numbers_show(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'extends = "caravan-2018"\n'
        '[stations.guadalajara]\nstage = "journey"\nat = ["guadalajara"]\n'
        'outcomes = [{ events = ["place_reached"], share = 0.5, to = "hermosillo" }]\n'
    )
    assert main(["check", str(file)]) == 2
    assert "stations.guadalajara" in one_line(capsys.readouterr().out)


@pytest.fixture
def _two_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two run folders, and a comparison that knows what it will say."""
    module: Any = ModuleType("asylumatlas.sim.compare")
    row = {
        "measure": "waiting",
        "label": "People waiting for the port of San Ysidro",
        "a": 15000,
        "b": 12000.5,
        "difference": -2999.5,
        "low95": -123456,
        "high95": -4000,
        "paired": True,
    }
    none = dict.fromkeys(("a", "b", "difference", "low95", "high95"))
    rows = [row, {"measure": "granted", "label": "Granted", "paired": False, **none}]
    module.compare = lambda a, b: {"question": "How long?", "rows": rows, "of": [a.name, b.name]}
    monkeypatch.setitem(sys.modules, "asylumatlas.sim.compare", module)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "summary.json").write_text("{}")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_two_runs")
def test_compare_json(capsys: Capture) -> None:
    assert main(["compare", "one", "two", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["of"] == ["one", "two"]
    assert {"measure", "a", "b", "difference", "low95", "high95", "paired"} <= set(told["rows"][0])


@pytest.mark.usefixtures("_two_runs")
def test_compare_prints_a_table(capsys: Capture) -> None:
    assert main(["compare", "one", "two"]) == 0
    out = capsys.readouterr().out
    assert "People waiting for the port of San Ysidro\n" in out
    assert re.search(r"15,000 +12,00\d +-3,000 +-123,456 to -4,000\n", out)
    assert re.search(r"Granted \(not paired\)\n +not found +not found +not found +not found\n", out)
    assert "(not paired) is an exception" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.usefixtures("_two_runs")
def test_compare_suggests_the_nearest_run(capsys: Capture) -> None:
    assert main(["compare", "one", "tow"]) == 2
    assert one_line(capsys.readouterr().err) == 'tow: no such folder. Did you mean "two"?'


# ---- work that fails


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (RunError("runs/x: no space left to write the run"), 1, "runs/x: no space left"),
        (OSError(28, "No space left on device", "x"), 1, "asylumatlas: x: No space left"),
        (PermissionError(13, "Permission denied", "x"), 1, "asylumatlas: x: Permission denied"),
        (KeyboardInterrupt(), 130, "asylumatlas: stopped"),
    ],
)
def test_failures_are_one_line(
    error: BaseException,
    code: int,
    says: str,
    broken: Callable[[BaseException], None],
    capsys: Capture,
) -> None:
    broken(error)
    assert main(["run", "caravan-2018", "--json"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert says in one_line(err)


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyError("a bug"), ZeroDivisionError("no")])
def test_a_fault_of_the_program_is_not_hidden(
    error: Exception, broken: Callable[[BaseException], None]
) -> None:
    broken(error)
    with pytest.raises(type(error)):
        main(["run", "caravan-2018"])


# ---- true runs, in processes of their own


def listing(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def test_a_true_run_keeps_the_contract(real: Path) -> None:
    told = json.loads((real.parent / "said.json").read_text())
    assert Path(told["run"]) == real
    assert (told["replications"], told["seed"]) == (2, 1)
    assert told["conservation"]["ok"]
    whole = [told["conservation"][key] for key in ("people_in", "people_out", "people_inside")]
    assert all(a == b + c for a, b, c in zip(*whole, strict=True))
    keys = "date place measure reported source role median low80 high80 low95 high95"
    assert all(set(keys.split()) <= row.keys() for row in told["reported"])
    assert {row["role"] for row in told["reported"]} == {"input", "prediction"}
    for row in told["stages"]:
        assert all("median" in row[key] for key in ("entered", "left", "inside"))
    assert json.loads((real / "summary.json").read_text())["fingerprint"] == told["fingerprint"]
    assert Path(told["report"]).is_file()


def test_two_true_runs_compare(real: Path) -> None:
    done = call("compare", real, real, "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert rows
    assert all(row["difference"] in (0, None) for row in rows)


def test_an_earlier_run_is_not_touched(real: Path) -> None:
    before = listing(real)
    done = call("run", "caravan-2018", "--replications", 2, "--seed", 2, "--out", real)
    assert done.returncode == 1
    assert str(real) in one_line(done.stderr)
    assert listing(real) == before


def test_a_folder_that_cannot_be_written(real: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    done = call("run", "caravan-2018", "--replications", 1, "--out", tmp_path / "file" / "run")
    assert (done.returncode, done.stdout) == (1, "")
    assert "file" in one_line(done.stderr)
    assert listing(tmp_path) == {"file": b"not a folder"}


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A folder with next to no room, and how to start a process that feels it.

    A true file system where root may mount one, else a limit on the size of a file.
    """
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    if os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0:
        try:
            yield folder, {}
        finally:
            subprocess.run(["umount", str(folder)], check=True)
    else:
        limit = (16384, 16384)
        yield folder, {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit)}


def test_a_full_disk(real: Path, tiny_disk: tuple[Path, dict[str, Any]]) -> None:
    folder, options = tiny_disk
    words = ("run", "caravan-2018", "--replications", 2, "--out", folder / "run")
    done = call(*words, **options)
    assert (done.returncode, done.stdout) == (1, "")
    assert "space" in one_line(done.stderr)
    assert list(folder.iterdir()) == []


def test_ctrl_c_leaves_nothing(real: Path, tmp_path: Path) -> None:
    words = ["run", "caravan-2018", "--replications", "32767", "--out", "here/run"]
    child = subprocess.Popen(
        [*PROGRAM, *words],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("here/.run.*/*")) and time.monotonic() < deadline:
            assert child.poll() is None, child.communicate()
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    finally:
        child.kill()
    assert (child.returncode, out) == (130, "")
    assert "stopped" in one_line(err)
    assert list((tmp_path / "here").iterdir()) == []


def test_progress_is_shown_on_a_terminal_only(real: Path, tmp_path: Path) -> None:
    """With rate and time left, on standard error; standard output stays one JSON object."""
    ours, theirs = pty.openpty()
    words = ["run", "caravan-2018", "--replications", "4", "--no-log", "--json"]
    with (tmp_path / "said.json").open("w") as said:  # a pipe that nobody reads would fill up
        child = subprocess.Popen(
            [*PROGRAM, *words],
            cwd=tmp_path,
            env={**ENVIRONMENT, "TERM": "xterm"},
            stdout=said,
            stderr=theirs,
        )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the terminal's other end is closed: the child has ended
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    assert child.wait(timeout=60) == 0
    assert json.loads((tmp_path / "said.json").read_text())["replications"] == 4
    text = shown.decode()
    assert "Simulating" in text
    assert re.search(r"4/4", text)
    assert re.search(r"a (second|minute)", text)
    assert "left" in text


# ---- quiet, narrow, light


def test_a_reader_that_leaves_early_is_no_error() -> None:
    for words in (["show", "caravan-2018"], ["show", "caravan-2018", "--json"]):
        child = subprocess.Popen(
            [*PROGRAM, *words],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == ""
        child.stderr.close()
        assert child.wait(timeout=60) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [["scenarios"], ["show", "caravan-2018", "--json"]])
def test_output_that_cannot_be_written_is_a_failure(words: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = call(*words, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert "No space left" in one_line(done.stderr)


LARGE = {"median": 123456.0, "low80": 98765.4, "high80": 234567.8, "low95": 87654.3}
LARGE |= {"high95": 345678.9, "reported": 110000, "qualifier": "more_than", "role": "prediction"}


@pytest.mark.parametrize("large", [False, True])
def test_a_run_fits_80_columns_of_plain_ascii(
    large: bool, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from asylumatlas.cli import tables

    summary = json.loads(json.dumps(EXAMPLE))
    if large:
        summary["reported"] = [
            {**row, **LARGE, "place": "Ciudad Juárez – Río Bravo"} for row in summary["reported"]
        ]
        for row in summary["stages"]:
            row |= {key: LARGE for key in ("entered", "left", "inside")}
    tables.print_run(summary, "runs/a", "runs/a/report.html")
    out = capsys.readouterr().out
    assert out.isascii()
    assert max(map(len, out.splitlines())) <= 80
    if large:
        assert "Ciudad Juarez - Rio Bravo" in out
        assert "98,765 to 234,568" in out
        assert out.count("87,654 to 345,679") == len(summary["reported"]) + 3 * len(
            summary["stages"]
        )


@pytest.mark.parametrize("words", [["show", "caravan-2018"], ["scenarios"], ["--help"]])
def test_the_rest_fits_80_columns_too(words: list[str]) -> None:
    done = call(*words)
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_columns_decide_the_width(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    main(["show", "caravan-2018"])
    widest = max(map(len, capsys.readouterr().out.splitlines()))
    assert 80 < widest <= 160


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["--version"], ["rnu"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\nfrom asylumatlas.cli import main\nmain(sys.argv[1:])\n"
        "print('LOADED', *{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], env=ENVIRONMENT, capture_output=True, text=True
    )
    loaded = set(done.stdout.rsplit("LOADED", 1)[1].split())
    assert not loaded & {"numba", "numpy", "scipy", "pyarrow", "duckdb", "pydantic"}
    assert "cyclopts" in loaded


def test_help_names_every_command(capsys: Capture) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert main([]) == 0
    assert capsys.readouterr().out == said
    for name, (_, summary) in COMMANDS.items():
        assert f"{name}: {summary}" in said


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_the_same_everywhere(name: str) -> None:
    place, summary = COMMANDS[name]
    module, function = place.split(":")
    found = getattr(importlib.import_module(f"asylumatlas.cli.{module}"), function)
    assert found.__doc__.splitlines()[0] == summary


def test_the_version(capsys: Capture) -> None:
    from asylumatlas import __version__

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{__version__}\n"


def test_the_reference_page_is_what_help_says() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "cli_reference.py", "--check"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
