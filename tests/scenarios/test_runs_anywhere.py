"""Runs on other machines, and runs that are stopped and taken up again: the same bytes."""

from __future__ import annotations

import importlib
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from asylumatlas.events import open_log, validate
from asylumatlas.runs import run
from asylumatlas.scenario import Scenario
from asylumatlas.sim import block, replication
from asylumatlas.sim.replication import RunError, Worker

from .test_runs import contents, leftovers
from .worlds import load, world, write

REPLICATIONS = 34  # four blocks


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    return load(world(), tmp_path)


@pytest.fixture
def wanted(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The run as one process makes it in one go."""
    out = tmp_path_factory.mktemp("plain") / "one"
    return contents(run(scenario, replications=REPLICATIONS, out=out).folder)


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """First replications of the blocks that were simulated in this process."""
    numbers: list[int] = []
    real = Worker.block

    def counted(self: Worker, some: range, folder: Path | None) -> Any:
        numbers.append(some.start)
        return real(self, some, folder)

    monkeypatch.setattr(Worker, "block", counted)
    return numbers


def stop_at(wanted_done: int) -> Any:
    """A progress that is Ctrl-C after so many replications."""

    def progress(done: int, total: int) -> None:
        if done == wanted_done:
            raise KeyboardInterrupt

    return progress


# Other machines --------------------------------------------------------------------------------


def test_a_worker_that_does_not_see_the_folder_sends_the_files(
    scenario: Scenario, wanted: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(block.Order, "sees_folder", lambda self: False)
    out = tmp_path / "out"
    with ThreadPoolExecutor(2) as threads:
        folder = run(scenario, replications=REPLICATIONS, out=out, executor=threads).folder
    assert contents(folder) == wanted
    kept = tmp_path / "kept"
    with pytest.raises(KeyboardInterrupt):
        run(scenario, replications=34, out=kept, resume=True, progress=stop_at(20))
    draft = tmp_path / next(name for name in leftovers(tmp_path) if name.startswith(".kept"))
    assert len(list(draft.glob("events.parquet/*.parquet"))) == 2
    for piece in draft.glob(".blocks/*/*.piece"):  # the files are not kept twice
        assert not pickle.loads(piece.read_bytes().split(b"\n", 1)[1][32:]).files
    assert contents(run(scenario, replications=34, out=kept, resume=True).folder) == wanted


def test_a_large_scenario_has_a_part_for_each_replication(
    scenario: Scenario, wanted: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replication, "LARGE", 0)
    one = run(scenario, replications=5, out=tmp_path / "one").folder
    with ThreadPoolExecutor(2) as threads:
        two = run(scenario, replications=5, out=tmp_path / "two", executor=threads).folder
    assert contents(one) == contents(two)
    log = open_log(one)
    assert [part["replications"] for part in log.manifest.parts] == [[k] for k in range(5)]
    assert not validate(log).faults
    monkeypatch.undo()
    joined = open_log(run(scenario, replications=5, out=tmp_path / "joined").folder)
    for table in ("cases", "events"):
        read = [getattr(each, table)().to_pydict() for each in (log, joined)]
        assert read[0] == read[1]


# Stopped and taken up again ----------------------------------------------------------------------


def test_a_run_that_was_stopped_goes_on(
    scenario: Scenario, wanted: dict[str, Any], tmp_path: Path, begun: list[int]
) -> None:
    out = tmp_path / "out"
    options: Any = {"replications": REPLICATIONS, "out": out, "resume": True}
    with pytest.raises(KeyboardInterrupt):
        run(scenario, progress=stop_at(20), **options)
    assert begun == [0, 10]
    [draft] = [name for name in leftovers(tmp_path) if name != "world.toml"]
    assert draft.startswith(".out.kept-")
    assert contents(run(scenario, **options).folder) == wanted
    assert begun == [0, 10, 20, 30]
    assert leftovers(tmp_path) == ["out", "world.toml"]
    assert not [path for path in out.rglob("*") if path.name.startswith(".")]


@pytest.mark.parametrize(
    "other",
    [{"seed": 2}, {"replications": 33}, {"log": False}],
    ids=lambda other: next(iter(other)),
)
def test_other_runs_do_not_take_what_was_kept(
    scenario: Scenario, tmp_path: Path, begun: list[int], other: dict[str, Any]
) -> None:
    options: Any = {"replications": REPLICATIONS, "out": tmp_path / "out", "resume": True}
    with pytest.raises(KeyboardInterrupt):
        run(scenario, progress=stop_at(20), **options)
    begun.clear()
    run(scenario, **{**options, **other})
    assert begun == [0, 10, 20, 30]
    assert len(leftovers(tmp_path)) == 3  # what was kept is still there


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def change(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [cut, change, Path.unlink])
@pytest.mark.parametrize("what", [".blocks/*/000001.piece", "events.parquet/part-00001.parquet"])
def test_a_block_that_was_harmed_is_simulated_again(
    scenario: Scenario,
    wanted: dict[str, Any],
    tmp_path: Path,
    begun: list[int],
    harm: Any,
    what: str,
) -> None:
    options: Any = {"replications": REPLICATIONS, "out": tmp_path / "out", "resume": True}
    with pytest.raises(KeyboardInterrupt):
        run(scenario, progress=stop_at(30), **options)
    [path] = tmp_path.glob(f".out.kept-*/{what}")
    harm(path)
    begun.clear()
    assert contents(run(scenario, **options).folder) == wanted
    assert begun == [10, 30]


def test_a_stop_before_the_first_block_leaves_nothing(scenario: Scenario, tmp_path: Path) -> None:
    options: Any = {"replications": REPLICATIONS, "out": tmp_path / "out", "resume": True}
    with pytest.raises(KeyboardInterrupt):
        run(scenario, progress=stop_at(0), **options)
    assert leftovers(tmp_path) == ["world.toml"]


def test_a_failure_at_the_end_is_taken_up_again(
    scenario: Scenario, wanted: dict[str, Any], tmp_path: Path, begun: list[int]
) -> None:
    out = tmp_path / "out"

    def write_there(done: int, total: int) -> None:
        if done == total:
            (out / "mine.txt").write_text("mine")

    options: Any = {"replications": REPLICATIONS, "out": out, "resume": True}
    with pytest.raises(RunError, match="another run was written there meanwhile"):
        run(scenario, progress=write_there, **options)
    (out / "mine.txt").unlink()
    begun.clear()
    assert contents(run(scenario, **options).folder) == wanted
    assert not begun


def test_the_same_kept_run_twice_at_once_is_refused(scenario: Scenario, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def once_more(done: int, total: int) -> None:
        if done == 20:
            run(scenario, replications=REPLICATIONS, out=out, resume=True)

    with pytest.raises(RunError, match="out: another process is at this very run; wait for it"):
        run(scenario, replications=REPLICATIONS, out=out, resume=True, progress=once_more)


CHILD = """
import sys
from pathlib import Path
from asylumatlas.runs import run
if __name__ == "__main__":
    file, replications, workers = sys.argv[1:]
    run(file, replications=int(replications), workers=int(workers), resume=True,
        progress=lambda done, total: print(done, flush=True))
"""


def child_of(folder: Path, replications: int, workers: int) -> Any:
    (folder / "child.py").write_text(CHILD)
    words = [sys.executable, "child.py", "world.toml", str(replications), str(workers)]
    source = str(Path(__file__).parents[2] / "src")
    return subprocess.Popen(
        words,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": source},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_whose_process_was_killed_goes_on_under_its_own_name(
    workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(world(), tmp_path)
    plain = run(tmp_path / "world.toml", replications=120, out=tmp_path / "plain").folder
    child = child_of(tmp_path, 120, workers)
    for line in child.stdout:
        if line == "30\n":
            break
    os.killpg(child.pid, signal.SIGKILL)
    child.wait(30)
    child.stdout.close()
    assert len(leftovers(tmp_path / "runs")) == 2  # the empty folder, and what was kept
    told: list[int] = []
    monkeypatch.chdir(tmp_path)
    again = run(
        "world.toml", replications=120, resume=True, progress=lambda done, _: told.append(done)
    )
    assert contents(again.folder) == contents(plain)
    assert leftovers(tmp_path / "runs") == [again.folder.name]
    assert again.folder.name.endswith("-s1-r120")


# Dask --------------------------------------------------------------------------------------


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A scheduler and two workers, each a process of its own, that share no folder with the run."""
    importlib.import_module("distributed")  # it must not be missing: nothing would be tested
    sys.path.insert(0, str(Path(__file__).parents[1] / "ensembles"))
    made = importlib.import_module("dask_cluster").DaskCluster(tmp_path_factory.mktemp("cluster"))
    made.add_worker()
    made.add_worker()
    yield made
    sys.path.pop(0)
    made.end()


def test_a_cluster_gives_the_same_bytes_though_a_worker_dies(
    scenario: Scenario, wanted: dict[str, Any], tmp_path: Path, cluster: Any
) -> None:
    address = cluster.address
    plain = run(scenario, replications=120, out=tmp_path / "plain").folder

    def kill(done: int, total: int) -> None:
        if done == 10:
            cluster.workers[0].kill()

    out = tmp_path / "out"
    run(scenario, replications=120, out=out, scheduler=address, progress=kill)
    assert contents(out) == contents(plain)
    assert leftovers(tmp_path) == ["out", "plain", "world.toml"]


def test_a_scheduler_that_goes_away_is_one_line_and_the_run_goes_on_without(
    scenario: Scenario, tmp_path: Path, cluster: Any, begun: list[int]
) -> None:
    out = tmp_path / "out"

    def kill(done: int, total: int) -> None:
        if done == 40:
            cluster.scheduler.kill()
            cluster.scheduler.wait()

    with pytest.raises(RunError) as told:
        run(scenario, replications=400, out=out, scheduler=cluster.address, progress=kill)
    line = str(told.value)
    assert line.startswith(f"world: {cluster.address}: the scheduler has gone; start it again; ")
    assert line.endswith(
        " of 40 blocks of replications are saved: the same run with resume goes on from them"
    )
    saved = int(line.split("; ")[-1].split()[0])
    assert 4 <= saved < 40
    assert not out.exists()
    run(scenario, replications=400, out=out, resume=True)
    assert len(begun) == 40 - saved
    assert leftovers(tmp_path) == ["out", "world.toml"]
