"""What the tests of work in pieces need: functions others find by name, and a cluster."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .dask_cluster import DaskCluster

HERE = Path(__file__).parent


@pytest.fixture
def cluster_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], DaskCluster]]:
    """Makes a cluster of so many workers, and ends it."""
    made: list[DaskCluster] = []

    def make(workers: int) -> DaskCluster:
        made.append(DaskCluster(tmp_path_factory.mktemp("cluster")))
        for _ in range(workers):
            made[-1].add_worker()
        return made[-1]

    yield make
    for cluster in made:
        cluster.end()


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Functions that other processes find by name."""
    monkeypatch.syspath_prepend(str(HERE))
    return importlib.import_module("ensemble_jobs")
