"""Scores against closed forms, brute force and hand-made numbers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asylumatlas.backtest.result import block_range, clean
from asylumatlas.backtest.scores import Score, crps, interval_score, score, skill, summary

KEY = {
    "variant": "given",
    "target": "pending",
    "definition": "active",
    "cutoff": 2012,
    "horizon": 1,
    "year": 2013,
}
FINITE = st.floats(-1e6, 1e6)


def made(median: float, actual: float, method: str = "model", **key: object) -> Score:
    return score(np.full(3, median), actual, **{**KEY, "method": method, **key})


def test_crps_of_a_normal_law_is_the_closed_form() -> None:
    """Gneiting and Raftery 2007, equation 21: sd (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi))."""
    from statistics import NormalDist

    # Equal steps of probability: the sample is as near to the law as 4,000 points can be.
    levels = (np.arange(4000) + 0.5) / 4000
    draws = np.array([NormalDist(10, 2).inv_cdf(p) for p in levels])
    for actual in (6.0, 10.0, 13.0):
        z = (actual - 10) / 2
        phi, below = NormalDist().pdf(z), NormalDist().cdf(z)
        exact = 2 * (z * (2 * below - 1) + 2 * phi - 1 / math.sqrt(math.pi))
        assert crps(draws, actual) == pytest.approx(exact, abs=2e-3)


@given(st.lists(FINITE, min_size=1, max_size=30), FINITE)
def test_crps_equals_the_sum_over_all_pairs(draws: list[float], actual: float) -> None:
    values = np.array(draws)
    pairs = np.abs(values[:, None] - values[None, :]).mean() / 2
    brute = np.abs(values - actual).mean() - pairs
    assert crps(values, actual) == pytest.approx(brute, abs=1e-6 * (1 + np.abs(values).max()))
    assert crps(values, actual) >= -1e-6


def test_an_interval_that_misses_pays_for_the_distance() -> None:
    assert interval_score(100, 200, 100, 95) == 100
    assert interval_score(100, 200, 90, 95) == pytest.approx(100 + 2 / 0.05 * 10)


def test_a_score_by_hand() -> None:
    draws = np.arange(1.0, 101.0)
    found = score(draws, 60.0, **{**KEY, "method": "model"})
    assert (found.median, found.error) == (50.5, -9.5)
    assert found.relative_error == pytest.approx(50.5 / 60 - 1)
    assert (found.low80, found.high80) == pytest.approx((10.9, 90.1))
    assert found.inside80
    assert found.inside95
    assert found.rank == 0.59
    assert not score(draws, 95.0, **{**KEY, "method": "model"}).inside80


def test_means_weigh_years_alike_and_skill_compares_the_same_forecasts() -> None:
    mine = [made(110, 100), made(900, 1000, cutoff=2013)]
    theirs = [made(140, 100, "stock_flow"), made(800, 1000, "stock_flow", cutoff=2013)]
    row = summary(mine)
    assert row["mean_absolute_error"] == 55
    assert row["mean_absolute_relative_error"] == pytest.approx(0.1)
    assert row["bias"] == pytest.approx(0.0)
    assert skill(mine, theirs)["skill"] == pytest.approx(1 - 0.1 / 0.3)
    # A forecast that only one of them made is not compared.
    assert skill([*mine, made(5000, 1, cutoff=2014)], theirs)["n"] == 2
    assert math.isnan(skill(mine, [])["skill"])


def test_the_range_of_a_coverage_resamples_whole_cutoffs() -> None:
    """Two cut-offs, one wholly inside and one wholly outside: the mean can be 0 or 1."""
    held = [made(100, 100, cutoff=2012, horizon=h) for h in range(1, 6)]
    missed = [made(100, 900, cutoff=2013, horizon=h) for h in range(1, 6)]
    assert block_range(held + missed, "inside80", seed=1) == (0.0, 1.0)
    assert block_range(held, "inside80", seed=1) == (1.0, 1.0)


def test_plain_data_holds_nothing_that_json_cannot() -> None:
    assert clean({"a": float("nan"), "b": np.array([1, 2]), "c": (np.bool_(True),)}) == {
        "a": None,
        "b": [1, 2],
        "c": [True],
    }
