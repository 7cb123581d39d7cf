"""Run folders: the same bytes however they are made, whole or not at all, and nobody else's."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from asylumatlas.events import open_log, validate
from asylumatlas.runs import run
from asylumatlas.scenario import Scenario
from asylumatlas.sim.replication import RunError, Worker

from .worlds import load, world, write

REPLICATIONS = 12  # two blocks


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    return load(world(), tmp_path)


def contents(folder: Path) -> dict[str, Any]:
    """Every file of a run by name, without the moment of creation and the folder's name."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if name == "summary.json":
            summary = json.loads(path.read_text())
            found[name] = {k: v for k, v in summary.items() if k not in ("created", "run")}
        elif path.is_file() and name != "report.html":
            found[name] = path.read_bytes()
    return found


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_bytes_do_not_depend_on_the_workers(scenario: Scenario, tmp_path: Path) -> None:
    one = run(scenario, replications=REPLICATIONS, out=tmp_path / "one").folder
    two = run(scenario, replications=REPLICATIONS, out=tmp_path / "two", workers=2).folder
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        out = tmp_path / "three"
        three = run(scenario, replications=REPLICATIONS, out=out, executor=pool).folder
    wanted = contents(one)
    assert "log.json" in wanted
    assert "replications.npz" in wanted
    assert contents(two) == wanted
    assert contents(three) == wanted
    assert not validate(open_log(one)).faults


def test_a_replication_does_not_depend_on_how_many_there_are(scenario: Scenario) -> None:
    few, many = Worker(scenario, 1, 4), Worker(scenario, 1, 40)
    for number in (3, 0, 2):
        a, b = few.run(number)[1], many.run(number)[1]
        assert (a.person == b.person).all()
        assert (a.event == b.event).all()
        assert (a.day == b.day).all()
    alone = Worker(scenario, 1, 1)
    assert alone.model(0)[0].index == -1


def test_a_run_without_people_is_a_whole_log(tmp_path: Path) -> None:
    empty = load(world(feeds__newcomers__per_day=0), tmp_path)
    done = run(empty, replications=4, out=tmp_path / "out")
    assert done.summary["conservation"] == {
        "ok": True,
        "people_in": [0] * 4,
        "people_out": [0] * 4,
        "people_inside": [0] * 4,
    }
    assert not validate(open_log(done.folder)).faults


# Folders -------------------------------------------------------------------------------------


def test_a_folder_with_something_in_it_is_left_alone(scenario: Scenario, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(RunError, match="out: exists and is not empty; name another folder"):
        run(scenario, replications=2, out=out)
    assert (out / "mine.txt").read_text() == "mine"
    assert leftovers(tmp_path) == ["out", "world.toml"]


def test_an_empty_folder_is_filled(scenario: Scenario, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    run(scenario, replications=2, out=out)
    assert (out / "log.json").is_file()
    assert leftovers(tmp_path) == ["out", "world.toml"]


@pytest.mark.parametrize("out", ["world.toml", "world.toml/out", "a" * 300, "x/" + "b" * 300])
def test_a_folder_that_cannot_be(scenario: Scenario, tmp_path: Path, out: str) -> None:
    with pytest.raises(RunError) as caught:
        run(scenario, replications=2, out=tmp_path / out)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "line"),
    [({"replications": 0}, "0 is outside 1 to 32767"), ({"seed": -1}, "seed: -1 is negative")],
)
def test_impossible_options(scenario: Scenario, options: Any, line: str) -> None:
    with pytest.raises(RunError, match=line):
        run(scenario, **options)


def test_a_base_cannot_be_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="southwest-border: is a base for other scenarios"):
        run("southwest-border", replications=2, out=tmp_path / "out")
    assert not leftovers(tmp_path)


def test_a_failure_at_the_end_leaves_nothing(scenario: Scenario, tmp_path: Path) -> None:
    from asylumatlas.sim import run as sim_run

    def full(summary: Any, folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def broken(summary: Any, folder: Path) -> None:
        raise KeyError("broken")

    with pytest.raises(RunError, match="out: no space left to write the run; free some or use --o"):
        sim_run.run(scenario, replications=2, out=tmp_path / "out", finish=full)
    with pytest.raises(KeyError):
        sim_run.run(scenario, replications=2, out=tmp_path / "out", finish=broken)
    assert leftovers(tmp_path) == ["world.toml"]


def test_a_failing_executor_leaves_nothing_and_nobody_at_work(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = []

    def block(self: Worker, numbers: range, folder: Path | None) -> Any:
        blocks.append(numbers.start)
        if numbers.start == 0:
            raise KeyboardInterrupt
        time.sleep(0.2)
        assert folder is not None
        assert folder.is_dir()  # nobody may write after the folder has gone
        return [], {}

    monkeypatch.setattr(Worker, "block", block)
    with ThreadPoolExecutor(2) as pool, pytest.raises(KeyboardInterrupt):
        run(scenario, replications=60, out=tmp_path / "out", executor=pool)
    assert len(blocks) < 6
    assert leftovers(tmp_path) == ["world.toml"]


def test_two_runs_at_once_get_two_folders(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    inner = []

    def once_more(done: int, total: int) -> None:
        if done == total:
            inner.append(run(scenario, replications=2, log=False))

    outer = run(scenario, replications=2, log=False, progress=once_more)
    stem = f"world-{scenario.fingerprint[:8]}-s1-r2"
    assert [outer.folder.name, inner[0].folder.name] == [stem, f"{stem}-2"]
    assert leftovers(tmp_path / "runs") == [stem, f"{stem}-2"]
    assert [r.summary["run"] for r in (outer, *inner)] == [stem, f"{stem}-2"]
    assert outer.summary["series"] == inner[0].summary["series"]


def test_two_runs_into_one_folder_do_not_mix(scenario: Scenario, tmp_path: Path) -> None:
    def once_more(done: int, total: int) -> None:
        if done == total:
            run(scenario, replications=2, out=tmp_path / "out", seed=2)

    with pytest.raises(RunError, match="another run was written there meanwhile"):
        run(scenario, replications=2, out=tmp_path / "out", progress=once_more)
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["seed"] == 2
    assert leftovers(tmp_path) == ["out", "world.toml"]


# Full disks and interruptions ------------------------------------------------------------------

CHILD = """
import sys
from pathlib import Path
from asylumatlas.runs import run
from asylumatlas.sim.replication import RunError
if __name__ == "__main__":
    file, out, replications, workers = sys.argv[1:]
    progress = lambda done, total: print(done, flush=True)
    try:
        run(file, out=Path(out), replications=int(replications), workers=int(workers),
            progress=progress)
    except RunError as error:
        sys.exit(f"RunError: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
"""


def start(tmp_path: Path, out: Path, replications: int, workers: int, **options: Any) -> Any:
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    words = [sys.executable, str(script), str(tmp_path / "world.toml"), str(out)]
    source = str(Path(__file__).parents[2] / "src")
    return subprocess.Popen(
        [*words, str(replications), str(workers)],
        env={**os.environ, "PYTHONPATH": source},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_files_that_may_not_grow_end_in_one_line(workers: int, tmp_path: Path) -> None:
    write(world(), tmp_path)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    child = start(tmp_path, tmp_path / "out", 20, workers, preexec_fn=limit)
    _, told = child.communicate(timeout=60)
    assert child.returncode == 1
    assert told.strip() == f"RunError: {tmp_path}/out: no space left to write the run; " + (
        "free some or use --out"
    )
    assert leftovers(tmp_path) == ["child.py", "world.toml"]


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="needs root to mount")
@pytest.mark.parametrize("size", [50, 200, 700])
def test_a_full_disk_ends_in_one_line(size: int, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(disk)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("tmpfs cannot be mounted here")
    try:
        scenario = load(world(), tmp_path)
        with pytest.raises(RunError, match="no space left to write the run"):
            run(scenario, replications=80, out=disk / "out")
        assert not leftovers(disk)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize(("workers", "after"), [(1, 0.0), (2, 0.0), (2, 0.5), (2, 1.5)])
def test_ctrl_c_leaves_no_folder_and_no_process(workers: int, after: float, tmp_path: Path) -> None:
    write(world(), tmp_path)
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    child = start(tmp_path, tmp_path / "runs" / "out", 30_000, workers)
    assert child.stdout.readline() == "0\n"  # the run has begun
    time.sleep(after)
    os.killpg(child.pid, signal.SIGINT)  # as a terminal does: to everybody
    child.communicate(timeout=30)
    assert child.returncode == 130
    assert not leftovers(tmp_path / "runs")
    deadline = time.monotonic() + 10
    while group_lives(child.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not group_lives(child.pid)
    assert leftovers(tmp_path) == ["child.py", "earlier", "runs", "world.toml"]


def group_lives(group: int) -> bool:
    """Whether a process of the group is left (one that has ended but was not waited for is not)."""
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            return True
    return False


def test_a_worker_that_is_killed_costs_nothing(scenario: Scenario, tmp_path: Path) -> None:
    wanted = contents(run(scenario, replications=100, out=tmp_path / "one").folder)
    child = start(tmp_path, tmp_path / "out", 100, 2)
    assert child.stdout.readline() == "0\n"
    assert 0 < int(child.stdout.readline()) < 100  # two blocks may end at once
    workers = [p for p in children(child.pid) if "spawn_main" in p[1]]
    os.kill(workers[0][0], signal.SIGKILL)
    child.communicate(timeout=60)
    assert child.returncode == 0
    assert contents(tmp_path / "out") == wanted
    assert leftovers(tmp_path) == ["child.py", "one", "out", "world.toml"]


def children(parent: int) -> list[tuple[int, str]]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            if int(fields[1]) == parent:
                found.append((int(entry.name), (entry / "cmdline").read_text()))
        except (OSError, IndexError, ValueError):
            continue
    return found


def test_a_count_that_the_run_does_not_reach_is_told_not_compared(tmp_path: Path) -> None:
    reported = [
        {"report": "guadalajara_travelling_2018_04_18", "measure": "admitted", "role": "input"},
        {
            "report": "guadalajara_travelling_2018_04_18",
            "measure": "share",
            "on": date(2020, 2, 1),
            "role": "input",
        },
    ]
    share = {"label": "Won", "plus": ["court_decision.asylum_granted"], "counts": "share"}
    raw = world(reported=reported)
    raw["measures"]["share"] = {**share, "of": ["court_decision.asylum_denied"]}
    summary = run(load(raw, tmp_path), replications=2, out=tmp_path / "out").summary
    assert summary["reported"] == []
    told = [caveat for caveat in summary["caveats"] if "is not held against" in caveat]
    assert len(told) == 2
    assert "not held against admitted" in told[0]
    assert [fan["measure"] for fan in summary["series"]] == ["waiting", "admitted", "closed"]
