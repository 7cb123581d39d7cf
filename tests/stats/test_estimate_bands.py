"""Ranges over replications, luck told from parameters, and differences of runs."""

from importlib import import_module

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asylumatlas.sim.digest import KEYS, Digest
from asylumatlas.stats.estimate.bands import (
    bands,
    paired_difference,
    quantiles,
    split,
    unpaired_difference,
)
from asylumatlas.stats.estimate.checks import EstimateError

stats = import_module("scipy.stats")
NAN = float("nan")


@pytest.mark.parametrize("size", [1, 2, 19, 20, 39, 40, 41, 100, 400])
def test_bands_are_what_a_run_prints(size):
    values = np.random.default_rng(size).normal(50, 10, size)
    found = bands(values)
    printed = Digest.interval(values)
    assert list(found) == [*KEYS, "replications"]
    assert {key: round(float(found[key]), 4) for key in KEYS} == printed
    assert found["replications"] == size


def test_luck_and_parameters_are_what_a_run_prints():
    generator = np.random.default_rng(3)
    values = np.repeat(generator.normal(0, 3, 30), 2) + generator.normal(0, 2, 60)
    found = split(values, np.repeat(np.arange(30), 2))
    printed = Digest.shares(None, values)  # reads nothing of the run itself
    assert round(float(np.sqrt(found.total)), 4) == printed["total_sd"]
    assert round(float(found.luck_share), 4) == printed["luck_share"]
    assert round(float(found.parameter_share), 4) == printed["parameter_share"]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.integers(0, 10))
def test_a_replication_without_a_denominator_is_left_out(values, missing):
    p = (0.5, 0.1, 0.9, 0.025, 0.975)
    found = quantiles([*values, *[NAN] * missing], p)
    assert found.tolist() == np.quantile(values, p, method="inverted_cdf").tolist()
    many = bands(np.array([[v, NAN] for v in values]))
    assert many["replications"].tolist() == [len(values), 0]
    assert np.isnan(many["median"][1])
    assert many["low95"][0] <= many["low80"][0] <= many["median"][0] <= many["high80"][0]


def test_other_levels_have_their_names():
    assert list(bands([1.0], levels=(0.5, 0.975))) == [
        *("median", "low50", "high50", "low97.5", "high97.5", "replications")
    ]
    with pytest.raises(EstimateError, match="levels: 80"):
        bands([1.0], levels=(80,))


def test_split_by_hand_unbalanced():
    # draws: {1, 3}, {5}, {6, 8, 10}; by Searle, Casella and McCulloch's formulas
    values, draw = np.array([1.0, 3, 5, 6, 8, 10]), [4, 4, 0, 9, 9, 9]
    luck = (2 + 0 + 8) / 3
    grand = values.mean()
    between = (2 * (2 - grand) ** 2 + (5 - grand) ** 2 + 3 * (8 - grand) ** 2) / 2
    parameters = (between - luck) / ((6 - (4 + 1 + 9) / 6) / 2)
    found = split(values, draw)
    assert float(found.luck) == pytest.approx(luck)
    assert float(found.parameters) == pytest.approx(parameters)
    assert float(found.luck_share + found.parameter_share) == pytest.approx(1)
    # the same beside cells with a nan, and where nothing can be told
    table = np.stack([values, np.full(6, NAN), np.full(6, 7.0)], axis=1)
    table = np.concatenate((table, [[NAN, NAN, 7.0]]))
    wide = split(table, [*draw, 0])
    assert wide.luck[0] == pytest.approx(luck)
    assert np.isnan(wide.total[1])
    assert (wide.total[2], wide.luck_share[2], wide.parameter_share[2]) == (0, 0, 0)


def test_split_where_nothing_can_be_told():
    for draw in ([0, 0, 0], [0, 1, 2]):
        assert np.isnan(split([1.0, 2.0, 4.0], draw)).all()
    negative = split([0.0, 10.0, 5.0, 5.0], [0, 0, 1, 1])
    assert (negative.parameters, negative.luck_share) == (0.0, 1.0)


def test_split_finds_the_planted_variances():
    generator = np.random.default_rng(1)
    draws = generator.integers(0, 4000, 12_000)
    values = generator.normal(0, 3, 4000)[draws] + generator.normal(0, 2, 12_000)
    found = split(values, draws)
    assert found.parameters == pytest.approx(9, rel=0.08)
    assert found.luck == pytest.approx(4, rel=0.05)


def test_paired_difference_is_the_t_interval_over_draws():
    generator = np.random.default_rng(2)
    draw = np.repeat(np.arange(12), 2)
    a = generator.normal(10, 2, 24)
    b = a - generator.normal(1, 0.5, 24)
    found = paired_difference(a, b, draw)
    means = (a - b).reshape(12, 2).mean(axis=1)
    theirs = stats.ttest_1samp(means, 0).confidence_interval(0.95)
    assert (float(found.mean_low), float(found.mean_high)) == pytest.approx(tuple(theirs))
    assert float(found.mean) == pytest.approx(means.mean())
    printed = np.quantile(a - b, (0.025, 0.5, 0.975), method="inverted_cdf")
    assert [float(v) for v in (found.low, found.median, found.high)] == printed.tolist()
    assert found.paired
    assert found.replications == 24


def test_unpaired_difference_is_welchs():
    generator = np.random.default_rng(2)
    a, b = generator.normal(10, 2, 15), generator.normal(8, 5, 22)
    found = unpaired_difference(a, [*b, NAN])
    theirs = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert (float(found.mean_low), float(found.mean_high)) == pytest.approx(tuple(theirs))
    assert found.replications == 15 * 22
    every = np.subtract.outer(a, b).ravel()
    assert float(found.median) == np.quantile(every, 0.5, method="inverted_cdf")
    assert not found.paired


def test_missing_pairs_single_draws_and_many_cells():
    a = np.array([[1.0, NAN], [3.0, NAN], [5.0, 1.0]])
    found = paired_difference(a, np.zeros((3, 2)))
    assert found.replications.tolist() == [3, 1]
    assert found.mean.tolist() == [3.0, 1.0]
    assert np.isnan(found.mean_low[1])
    assert np.isnan(unpaired_difference([1.0], [2.0]).mean_low)
    with pytest.raises(EstimateError, match="cannot be paired"):
        paired_difference([1.0, 2.0], [1.0])
    with pytest.raises(EstimateError, match="give one for each"):
        split([1.0, 2.0], [0])
