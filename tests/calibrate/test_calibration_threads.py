"""Linear algebra of a fit runs on one thread, and on as many as before when it is over."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.parallel import ThreadpoolController

from asylumatlas.calibrate import discrepancy as room
from asylumatlas.calibrate import fit, profile, train_discrepancy
from asylumatlas.calibrate.problem import Model
from asylumatlas.calibrate.threads import one_thread


def threads() -> set[int]:
    """Threads of every library of linear algebra that is loaded."""
    return {
        each["num_threads"] for each in ThreadpoolController().info() if each["user_api"] == "blas"
    }


class Watched:
    """A model that looks how many threads it may use."""

    def __init__(self) -> None:
        self.seen: set[int] = set()

    def __call__(self, theta: np.ndarray) -> np.ndarray:
        self.seen |= threads()
        return np.asarray(theta)


def test_one_thread_within_and_as_before_after_it() -> None:
    with ThreadpoolController().limit(limits=2, user_api="blas"):
        assert threads() == {2}
        with one_thread():
            assert threads() == {1}
        assert threads() == {2}


def test_a_fit_and_its_profiles_use_one_thread(gauss: Any) -> None:
    from asylumatlas.calibrate import Targets
    from asylumatlas.calibrate.profiles import profiles

    watched = Watched()
    targets = Targets(("x", "y"), np.array([1.0, 2.0]), np.array([0.5, 0.5]))
    model = Model(gauss.prior, targets, watched)
    with ThreadpoolController().limit(limits=2, user_api="blas"):
        found = fit(model, steps=40, ensembles=2, waves=1, draws=40, stride=20)
        assert watched.seen == {1}
        watched.seen.clear()
        profiles(model, found, ("a",), points=3, starts=1)
        assert watched.seen == {1}
        watched.seen.clear()
        profile(model, found, "a", points=3, starts=1)
        assert threads() == {2}


def test_what_is_learnt_of_a_model_is_learnt_on_one_thread(monkeypatch: Any) -> None:
    seen: set[int] = set()
    process = room._process

    def looked(*given: Any) -> Any:
        seen.update(threads())
        return process(*given)

    monkeypatch.setattr(room, "_process", looked)
    design = np.random.default_rng(1).random((14, 2))
    with ThreadpoolController().limit(limits=2, user_api="blas"):
        train_discrepancy(design, design**2, design)
    assert seen == {1}


def test_without_the_means_the_threads_stay(monkeypatch: Any) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sklearn.utils.parallel", None)
    with one_thread():
        pass
