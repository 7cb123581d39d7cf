"""Work in pieces: the same results whoever does it, nothing lost, nothing done twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.ensembles import EnsembleError, Journal, pieces
from asylumatlas.ensembles.journal import MISSING

HERE = Path(__file__).parent


def marks(folder: Path, number: int) -> int:
    """How often a piece was done."""
    mark = folder / f"done-{number}"
    return len(mark.read_text()) if mark.exists() else 0


# Results ---------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(-50, 50), max_size=30), st.integers(-3, 3))
def test_results_come_in_the_order_of_the_arguments(values: list[int], factor: int) -> None:
    def product(factor: int, value: int) -> int:
        time.sleep((value % 7) / 10_000)  # not the order in which they are finished
        return factor * value

    wanted = [factor * value for value in values]
    assert list(pieces(product, values, common=(factor,))) == wanted
    with ThreadPoolExecutor(3) as threads:
        assert list(pieces(product, values, common=(factor,), executor=threads)) == wanted


def test_everybody_gives_the_same(jobs: Any) -> None:
    values = list(range(9))
    wanted = list(pieces(jobs.product, values, common=(3,)))
    assert wanted == [3 * value for value in values]
    assert list(pieces(jobs.product, values, common=(3,), workers=2)) == wanted
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        assert list(pieces(jobs.product, values, common=(3,), executor=pool)) == wanted
    assert not list(pieces(jobs.product, [], common=(3,), workers=2))


def test_only_a_few_pieces_are_ahead_of_the_one_wanted() -> None:
    begun: list[int] = []
    with ThreadPoolExecutor(1) as thread:
        results = pieces(begun.append, list(range(1_000)), executor=thread)
        next(results)
        deadline = time.monotonic() + 5
        while len(begun) < 2 and time.monotonic() < deadline:
            time.sleep(0.001)
        results.close()  # type: ignore[attr-defined]
    assert len(begun) < 10


def test_progress_counts_up_once(jobs: Any, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        told.append((done, total))

    list(pieces(jobs.product, [1, 2, 3], common=(2,), workers=2, progress=progress))
    assert told[0] == (0, 3)
    assert told[-1] == (3, 3)
    assert told == sorted(set(told))


# Errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_the_function_is_raised_as_it_is(jobs: Any, workers: int) -> None:
    with pytest.raises(KeyError, match="no 3"):
        list(pieces(jobs.fail_at, list(range(8)), common=(3,), workers=workers))


def test_a_result_that_cannot_travel_is_an_error(jobs: Any) -> None:
    with pytest.raises((AttributeError, TypeError), match="pickle"):
        list(pieces(jobs.unsendable, [1, 2], workers=2))


def test_two_places_at_once_are_refused(jobs: Any) -> None:
    with (
        ThreadPoolExecutor(1) as thread,
        pytest.raises(EnsembleError, match="a scheduler or an executor, not both"),
    ):
        list(pieces(jobs.product, [1], executor=thread, scheduler="tcp://127.0.0.1:1"))


def test_an_executor_that_is_shut_is_one_line(jobs: Any) -> None:
    thread = ThreadPoolExecutor(1)
    thread.shutdown()
    with pytest.raises(EnsembleError, match=r"executor: takes no more work: .*; nothing was"):
        list(pieces(jobs.product, [1], common=(1,), executor=thread))


def test_an_executor_whose_worker_dies_is_one_line(jobs: Any, tmp_path: Path) -> None:
    journal = Journal(tmp_path, "die")
    with ProcessPoolExecutor(1, get_context("spawn")) as pool, pytest.raises(EnsembleError) as told:
        list(pieces(jobs.die, list(range(4)), executor=pool, journal=journal))
    assert "executor: a worker was lost" in str(told.value)
    assert "\n" not in str(told.value)


# Workers that die --------------------------------------------------------------------------------


def test_a_piece_whose_worker_dies_is_done_by_another(jobs: Any, tmp_path: Path) -> None:
    found = list(pieces(jobs.die_once, list(range(8)), common=(str(tmp_path),), workers=2))
    assert found == [value**2 for value in range(8)]
    assert (tmp_path / "died").exists()
    assert [marks(tmp_path, value) for value in range(8)] == [1] * 8  # nobody else was disturbed


def test_a_piece_that_kills_every_worker_is_one_line(jobs: Any, tmp_path: Path) -> None:
    journal = Journal(tmp_path, "die")
    with pytest.raises(EnsembleError) as told:
        list(pieces(jobs.die, list(range(6)), workers=2, journal=journal))
    assert str(told.value).startswith("piece 1: its worker process was ended from outside 3 times")
    assert f"{len(journal)} of 6 pieces are saved in {journal.folder}" in str(told.value)
    assert len(journal) >= 1


def test_a_script_without_a_guard_is_told(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from asylumatlas.ensembles import EnsembleError, pieces\n"
        "try:\n    list(pieces(abs, [1, 2], workers=2))\n"
        "except EnsembleError as error:\n    print(error)\n"
    )
    words = [sys.executable, str(script)]
    source = {**os.environ, "PYTHONPATH": str(HERE.parents[1] / "src")}
    done = subprocess.run(words, env=source, capture_output=True, text=True, timeout=60)
    assert 'guard the calling script with if __name__ == "__main__"' in done.stdout


# The journal -------------------------------------------------------------------------------------


def test_what_is_kept_is_not_done_again(jobs: Any, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", "squares")
    some = pieces(jobs.note, list(range(6)), common=(str(tmp_path),), journal=journal)
    assert [next(some) for _ in range(3)] == [0, 1, 4]
    some.close()  # type: ignore[attr-defined]
    again = Journal(tmp_path / "journal", "squares")
    found = list(pieces(jobs.note, list(range(6)), common=(str(tmp_path),), journal=again))
    assert found == [0, 1, 4, 9, 16, 25]
    assert [marks(tmp_path, value) for value in range(6)] == [1] * 6
    assert len(again) == 6
    again.remove()
    assert not (tmp_path / "journal").exists()


def test_other_work_does_not_get_it(jobs: Any, tmp_path: Path) -> None:
    Journal(tmp_path, "seed 1").store(0, "one")
    assert Journal(tmp_path, "seed 2").load(0) is MISSING
    assert Journal(tmp_path, "seed 1").load(0) == "one"


def test_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "arrays")
    stored = {"a": np.arange(5.0), "b": np.array(["x"]), "c": float("nan")}
    journal.store(7, stored)
    found = journal.load(7)
    assert found["a"].tobytes() == stored["a"].tobytes()
    assert found["b"][0] == "x"


def halved(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize("harm", [halved, flipped, lambda _: b""])
def test_a_piece_that_was_harmed_is_done_again(jobs: Any, tmp_path: Path, harm: Any) -> None:
    journal = Journal(tmp_path / "journal", "squares")
    wanted = list(pieces(jobs.note, [5, 6], common=(str(tmp_path),), journal=journal))
    journal.path(1).write_bytes(harm(journal.path(1).read_bytes()))
    assert list(pieces(jobs.note, [5, 6], common=(str(tmp_path),), journal=journal)) == wanted
    assert [marks(tmp_path, value) for value in (5, 6)] == [1, 2]


def test_a_piece_that_cannot_be_kept_leaves_no_half(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "full")
    with pytest.raises((AttributeError, TypeError)):
        journal.store(0, lambda: 0)
    assert len(journal) == 0
    journal.folder.mkdir(exist_ok=True)
    journal.path(1).mkdir()  # nothing can be moved onto it
    with pytest.raises(OSError, match="000001"):
        journal.store(1, 1)
    assert [path.name for path in journal.folder.iterdir()] == ["000001.piece"]


CHILD = """
import sys
sys.path.insert(0, {here!r})
import ensemble_jobs
from asylumatlas.ensembles import Journal, pieces
if __name__ == "__main__":
    folder = sys.argv[1]
    for _ in pieces(ensemble_jobs.wait_for, list(range(6)), workers=2, common=(folder,),
                    journal=Journal(folder + "/journal", "wait"),
                    progress=lambda done, total: print(done, flush=True)):
        pass
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_parent_that_is_stopped_leaves_what_is_finished(
    jobs: Any, tmp_path: Path, how: signal.Signals
) -> None:
    script = tmp_path / "child.py"
    script.write_text(CHILD.format(here=str(HERE)))
    child = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1] / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert child.stdout is not None
    for line in child.stdout:
        if line == "4\n":
            break
    os.kill(child.pid, how)
    child.wait(30)
    child.stdout.close()
    (tmp_path / "go").touch()  # workers that are left, if any, may finish
    journal = Journal(tmp_path / "journal", "wait")
    assert len(journal) == 4
    before = [marks(tmp_path, value) for value in range(4)]
    found = list(pieces(jobs.wait_for, list(range(6)), common=(str(tmp_path),), journal=journal))
    assert found == [value**2 for value in range(6)]
    assert [marks(tmp_path, value) for value in range(4)] == before == [1] * 4


def test_a_caller_who_stops_early_leaves_nobody_at_work(jobs: Any, tmp_path: Path) -> None:
    some: Iterator[int] = pieces(jobs.wait_for, list(range(8)), common=(str(tmp_path),), workers=2)
    assert [next(some) for _ in range(4)] == [0, 1, 4, 9]
    assert active_children()
    some.close()  # type: ignore[attr-defined]
    assert not active_children()
