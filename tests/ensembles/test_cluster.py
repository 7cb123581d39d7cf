"""A real Dask cluster of separate processes: the same results, and nothing lost."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import distributed  # noqa: F401  # without it nothing here is tested, so it must not be missing
import pytest

from asylumatlas.ensembles import EnsembleError, Journal, pieces


def test_the_cluster_gives_the_same_and_a_worker_that_dies_costs_nothing(
    jobs: Any, cluster_of: Callable[[int], Any], tmp_path: Path
) -> None:
    address = cluster_of(2).address
    folder = (str(tmp_path),)
    found = list(pieces(jobs.die_once, list(range(12)), common=folder, scheduler=address))
    assert found == [value**2 for value in range(12)]
    assert (tmp_path / "died").exists()
    with pytest.raises(KeyError, match="no 3"):
        list(pieces(jobs.fail_at, list(range(8)), common=(3,), scheduler=address))


def test_a_piece_that_kills_its_workers_is_one_line(
    jobs: Any, cluster_of: Callable[[int], Any]
) -> None:
    cluster = cluster_of(5)  # Dask gives up after three deaths and one
    with pytest.raises(EnsembleError, match=r"piece \d: its workers were ended") as told:
        list(pieces(jobs.die, [1, 1, 1], scheduler=cluster.address))
    assert "\n" not in str(told.value)


def test_a_scheduler_that_goes_away_is_one_line_and_the_rest_is_done_later(
    jobs: Any, cluster_of: Callable[[int], Any], tmp_path: Path
) -> None:
    cluster = cluster_of(2)
    journal = Journal(tmp_path / "journal", "wait")

    def progress(done: int, total: int) -> None:
        if done == 4:
            os.kill(cluster.scheduler.pid, signal.SIGKILL)

    options: Any = {"common": (str(tmp_path),), "journal": journal}
    with pytest.raises(EnsembleError) as told:
        list(
            pieces(
                jobs.wait_for,
                list(range(8)),
                scheduler=cluster.address,
                progress=progress,
                **options,
            )
        )
    assert str(told.value) == (
        f"{cluster.address}: the scheduler has gone; start it again; 4 of 8 pieces are saved in "
        f"{journal.folder}; the same call again goes on from them"
    )
    (tmp_path / "go").touch()
    assert list(pieces(jobs.wait_for, list(range(8)), **options)) == [v**2 for v in range(8)]


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("nonsense", "scheduler: 'nonsense' is no address; write it as tcp://127.0.0.1:8786"),
        ("http://127.0.0.1:80", "scheduler: 'http://127.0.0.1:80' is no address"),
        ("tcp://127.0.0.1:99999", "scheduler: 'tcp://127.0.0.1:99999' is no address"),
        ("tcp://127.0.0.1:1", "tcp://127.0.0.1:1: no Dask scheduler answers; start one"),
    ],
)
def test_an_address_where_nobody_is(jobs: Any, address: str, line: str) -> None:
    with pytest.raises(EnsembleError) as told:
        list(pieces(jobs.product, [1, 2], common=(1,), scheduler=address))
    assert str(told.value).startswith(line)
    assert "saved" not in str(told.value)


def test_a_port_where_nobody_listens(jobs: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(EnsembleError, match="no Dask scheduler answers; start one with"):
            list(pieces(jobs.product, [1, 2], common=(1,), scheduler=address))


def test_a_scheduler_without_workers(
    jobs: Any, cluster_of: Callable[[int], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from asylumatlas.ensembles import cluster as module

    monkeypatch.setattr(module, "ANSWER", 1)
    address = cluster_of(0).address
    with pytest.raises(EnsembleError, match=f"has no workers; start some: dask worker {address}"):
        list(pieces(jobs.product, [1, 2], common=(1,), scheduler=address))
