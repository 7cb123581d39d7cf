"""Variation between judges: planted truth, an independent likelihood, TRAC's rule."""

from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.stats.estimate.checks import EstimateError
from asylumatlas.stats.estimate.variation import between_judges, trac_rule

stats = import_module("scipy.stats")
optimize = import_module("scipy.optimize")


def decide(seed, judges, alpha, beta, least=5, most=400):
    generator = np.random.default_rng(seed)
    rates = generator.beta(alpha, beta, judges)
    decisions = generator.integers(least, most, judges)
    return rates, generator.binomial(decisions, rates), decisions


@pytest.mark.parametrize("seed", range(3))
def test_an_independent_likelihood_has_its_top_there(seed):
    _, s, n = decide(seed, 60, 3, 5)
    found = between_judges(s, n)

    def loss(x):
        mean, over = 1 / (1 + np.exp(-x[0])), np.exp(x[1])
        return -stats.betabinom.logpmf(s, n, mean / over, (1 - mean) / over).sum()

    best = optimize.minimize(loss, [0, -2], method="Nelder-Mead", tol=1e-10)
    assert found.mean == pytest.approx(1 / (1 + np.exp(-best.x[0])), abs=1e-5)
    assert found.overdispersion == pytest.approx(np.exp(best.x[1]), rel=1e-4)
    fitted = stats.beta(found.mean / found.overdispersion, (1 - found.mean) / found.overdispersion)
    assert found.between == pytest.approx(fitted.std())
    assert (found.low, found.high) == pytest.approx(tuple(fitted.ppf([0.05, 0.95])), rel=1e-9)


def test_the_planted_spread_is_found_where_raw_rates_overstate_it():
    rates, s, n = decide(7, 3000, 4, 6, 2, 30)
    found = between_judges(s, n)
    truth = stats.beta(4, 6)
    assert found.mean == pytest.approx(0.4, abs=0.012)
    assert found.between == pytest.approx(truth.std(), rel=0.06)
    assert found.observed > 1.25 * truth.std()
    assert (found.low, found.high) == pytest.approx(tuple(truth.ppf([0.05, 0.95])), abs=0.02)
    rate, low, high = found.shrunken(s, n)
    # standard error of the coverage is 0.4 %; the fit is taken as known, with 3,000 judges it is
    assert ((low <= rates) & (rates <= high)).mean() == pytest.approx(0.95, abs=0.012)
    assert ((rate - rates) ** 2).mean() < 0.75 * ((s / n - rates) ** 2).mean()


def test_shrunken_rates_of_few_judges_are_covered_nearly_at_their_rate():
    # 80 courts of 25 judges; the fit is taken as known, so a little below 95 % is what theory says
    covered = []
    for seed in range(80):
        rates, s, n = decide(seed, 25, 3, 3, 20, 200)
        _, low, high = between_judges(s, n).shrunken(s, n)
        covered.append(((low <= rates) & (rates <= high)).mean())
    assert 0.925 < np.mean(covered) < 0.96


def test_homogeneity_is_pearsons_test():
    _, s, n = decide(1, 40, 20, 30)
    found = between_judges(s, n)
    theirs = stats.chi2_contingency(np.stack([s, n - s]), correction=False)
    assert found.statistic == pytest.approx(theirs.statistic)
    assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-8)
    assert found.degrees == 39


def test_judges_who_differ_by_chance_only():
    generator = np.random.default_rng(12)
    p_values, none = [], 0
    for _ in range(100):
        n = generator.integers(30, 300, 30)
        found = between_judges(generator.binomial(n, 0.6), n)
        p_values.append(found.p_value)
        none += found.between == 0
    assert stats.kstest(p_values, "uniform").pvalue > 0.001
    assert 0.4 < none / 100 < 0.75  # the likelihood tops at no variation in about half
    equal = between_judges([50, 50, 50], [100, 100, 100])
    assert (equal.between, equal.low, equal.high, equal.p_value) == (0, 0.5, 0.5, 1)
    assert [value.tolist() for value in equal.shrunken([5], [5])] == [[0.5]] * 3


def test_corners():
    assert np.isnan(between_judges([0, 0], [0, 0]).mean)
    one = between_judges([3, 0], [10, 0])
    assert (one.judges, one.mean, one.between) == (1, 0.3, 0)
    assert np.isnan(one.p_value)
    every = between_judges([10, 20], [10, 20])
    assert (every.mean, every.between, every.p_value) == (1, 0, 1)
    torn = between_judges([0, 50, 0, 70], [40, 50, 60, 70])  # all or nothing
    assert torn.between == pytest.approx(0.5, abs=0.01)
    assert all(np.isfinite(value).all() for value in torn.shrunken([0, 3], [40, 3]))
    with pytest.raises(EstimateError, match="successes: larger than trials"):
        between_judges([3], [2])


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=20),
    st.randoms(),
)
def test_order_does_not_matter_and_failures_mirror(pairs, random):
    s, f = np.array(pairs).T
    found = between_judges(s, s + f)
    mixed = list(pairs)
    random.shuffle(mixed)
    a, b = np.array(mixed).T
    np.testing.assert_equal(between_judges(a, a + b).overdispersion, found.overdispersion)
    other = between_judges(f, s + f)
    assert other.mean == pytest.approx(1 - found.mean, abs=1e-5, nan_ok=True)
    assert other.between == pytest.approx(found.between, abs=1e-4, nan_ok=True)
    rate, low, high = found.shrunken(s, s + f)
    known = ~np.isnan(rate)
    assert np.all((low <= rate + 1e-12)[known] & (rate <= high + 1e-12)[known])


def test_tracs_rule_by_hand():
    decisions = [[50, 50], [99, 0], [24, 400], [25, 75], [0, 0]]
    denied = [[10, 40], [99, 0], [12, 300], [25, 50], [0, 0]]
    found = trac_rule(decisions, denied)
    assert found.judges.tolist() == [True, False, True, True, False]
    assert found.years.tolist() == [
        [True, True],
        [False] * 2,
        [False, True],
        [True, True],
        [False] * 2,
    ]
    np.testing.assert_allclose(found.rate, [0.5, np.nan, 312 / 424, 0.75, np.nan])
    assert np.isnan(found.yearly[2, 0])
    assert found.yearly[3].tolist() == [1.0, 50 / 75]
    assert (found.low, found.high, found.median) == (0.5, 0.75, 312 / 424)
    nobody = trac_rule([[1, 2]], [[0, 1]])
    assert np.isnan([nobody.low, nobody.median, nobody.three_quarters]).all()
    with pytest.raises(EstimateError, match="one row per judge"):
        trac_rule([100, 200])
