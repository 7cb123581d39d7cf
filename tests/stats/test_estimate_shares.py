"""Shares, differences, ratios and counts with their intervals."""

from importlib import import_module

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asylumatlas.stats.estimate.checks import EstimateError
from asylumatlas.stats.estimate.shares import (
    difference,
    exact,
    poisson,
    ratio,
    share,
    wilson,
)

stats = import_module("scipy.stats")
CASES = [(0, 1), (1, 1), (0, 10), (3, 10), (10, 10), (57, 100), (999, 1000), (12, 10**8)]


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("method", "name"), [(wilson, "wilson"), (exact, "exact")])
def test_intervals_agree_with_scipy(method, name, level):
    s, n = np.array(CASES).T
    low, high = method(s, n, level)
    for k, (successes, trials) in enumerate(CASES):
        theirs = stats.binomtest(successes, trials).proportion_ci(level, method=name)
        # theirs is solved for to an absolute 2e-12
        assert (low[k], high[k]) == pytest.approx((theirs.low, theirs.high), rel=1e-9, abs=2e-12)


def test_half_a_hundred_million_has_an_exact_interval():
    low, high = exact(5 * 10**7, 10**8)
    assert float(low) == pytest.approx(0.5 - 9.8e-5, abs=1e-6)
    assert stats.beta.ppf(0.025, 5e7, 5e7 + 1) == pytest.approx(float(low), rel=1e-10)
    assert float(low + high) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("function", [wilson, exact])
def test_a_share_of_nothing_is_unknown(function):
    low, high = function([0, 1], [0, 2])
    assert np.isnan([low[0], high[0], share(0, 0)]).all()
    assert np.isfinite([low[1], high[1]]).all()


def test_newcombe_published_examples():
    # Newcombe 1998, table II, method 10
    examples = {
        (56, 70, 48, 80): (0.0524, 0.3339),
        (9, 10, 3, 10): (0.1705, 0.8090),
        (6, 7, 2, 7): (0.0582, 0.8062),
        (5, 56, 0, 29): (-0.0381, 0.1926),
        (0, 10, 0, 20): (-0.1611, 0.2775),
        (10, 10, 0, 20): (0.6791, 1.0),
        (10, 10, 0, 10): (0.6075, 1.0),
    }
    for counts, (low, high) in examples.items():
        found = difference(*counts)
        assert (float(found[1]), float(found[2])) == pytest.approx((low, high), abs=5.1e-5)


def test_ratio_and_its_open_ends():
    counts = [10, 0, 3, 0, 0], [100, 10, 10, 10, 0], [5, 4, 0, 0, 1], [100, 10, 10, 10, 5]
    middle, low, high = ratio(*counts)
    # the same by hand: 2 exp(-+1.96 sqrt(1/10 - 1/100 + 1/5 - 1/100))
    assert (middle[0], low[0], high[0]) == pytest.approx((2, 0.7090, 5.6418), abs=1e-3)
    assert (middle[1], low[1], high[1]) == (0, 0, np.inf)
    assert (middle[2], low[2], high[2]) == (np.inf, 0, np.inf)
    assert np.isnan([middle[3:], low[3:], high[3:]]).all()


@pytest.mark.parametrize("count", [0, 1, 7, 250, 10**8])
def test_poisson_agrees_with_the_chi_square_form(count):
    low, high = poisson(count)
    theirs = stats.chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    assert float(low) == pytest.approx(theirs, rel=1e-9)
    assert float(high) == pytest.approx(stats.chi2.ppf(0.975, 2 * count + 2) / 2, rel=1e-9)


@given(st.integers(0, 500), st.integers(1, 500), st.sampled_from([0.5, 0.9, 0.99]))
def test_intervals_hold_the_share_and_mirror(successes, trials, level):
    s = min(successes, trials)
    for method in (wilson, exact):
        low, high = method(s, trials, level)
        assert 0 <= low <= s / trials <= high <= 1
        other_low, other_high = method(trials - s, trials, level)
        assert float(other_high + low) == pytest.approx(1, abs=1e-12)
        assert float(other_low + high) == pytest.approx(1, abs=1e-12)


def test_wilson_covers_at_its_rate():
    # averaged over rates as they come; standard error of the measured coverage is 0.1 %
    generator = np.random.default_rng(4)
    p = generator.uniform(0.02, 0.98, 40_000)
    s = generator.binomial(40, p)
    low, high = wilson(s, 40)
    exact_low, exact_high = exact(s, 40)
    assert ((low <= p) & (p <= high)).mean() == pytest.approx(0.95, abs=0.006)
    assert ((exact_low <= p) & (p <= exact_high)).mean() >= 0.95


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: wilson(3, 2), "successes: larger than trials"),
        (lambda: wilson(-1, 2), "successes: counts and days are whole"),
        (lambda: exact(1, 2.5), "trials: counts and days are whole"),
        (lambda: poisson(float("nan")), "count: counts and days are whole"),
        (lambda: wilson(1, 2, 95), "level: 95 is not between 0 and 1"),
    ],
)
def test_bad_input_is_told_in_one_line(call, told):
    with pytest.raises(EstimateError, match=told) as error:
        call()
    assert "\n" not in str(error.value)
