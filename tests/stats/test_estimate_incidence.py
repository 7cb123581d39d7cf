"""Aalen-Johansen's cumulative incidence: by hand, person by person, and against lifelines."""

import warnings
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.stats.estimate.checks import EstimateError
from asylumatlas.stats.estimate.incidence import aalen_johansen
from asylumatlas.stats.estimate.survival import kaplan_meier

SPAN = 40


def people(seed, size=70):
    """Entry day, last day and cause (0 for still pending) of made-up people with many ties."""
    generator = np.random.default_rng(seed)
    entry = np.where(generator.random(size) < 0.5, 0, generator.integers(0, 10, size))
    last = entry + generator.integers(0, 12, size)
    return entry, last, generator.choice(4, size, p=[0.4, 0.3, 0.2, 0.1])


def counts(entry, last, cause):
    by = [np.bincount(last[cause == k], minlength=SPAN) for k in range(4)]
    return np.arange(SPAN), np.stack(by[1:], axis=1), by[0], np.bincount(entry, minlength=SPAN)


@pytest.mark.parametrize("seed", range(4))
def test_a_count_person_by_person(seed):
    entry, last, cause = people(seed)
    curve = aalen_johansen(*counts(entry, last, cause))
    # the shares and their covariance (Greenwood's multinomial type), carried day by day
    share = np.array([1.0, 0, 0, 0])
    covariance = np.zeros((4, 4))
    for day in range(SPAN):
        at_risk = int(((entry <= day) & (day <= last)).sum())
        ended = [int(((last == day) & (cause == k)).sum()) for k in (1, 2, 3)]
        matrix = np.eye(4)
        if at_risk:
            row = np.array([at_risk - sum(ended), *ended]) / at_risk
            matrix[0] = row
            noise = share[0] ** 2 * (np.diag(row) - np.outer(row, row)) / at_risk
            covariance = matrix.T @ covariance @ matrix + noise
        share = share @ matrix
        assert curve.incidence[day] == pytest.approx(share[1:], abs=1e-13)
        assert curve.survival[day] == pytest.approx(share[0], abs=1e-13)
        assert curve.variance[day] == pytest.approx(np.diag(covariance)[1:], abs=1e-13)


def test_lifelines_agrees_on_untied_data():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lifelines = import_module("lifelines")
        generator = np.random.default_rng(5)
        last = generator.permutation(np.arange(1, 121))
        cause = generator.choice(3, 120, p=[0.4, 0.4, 0.2])
        theirs = lifelines.AalenJohansenFitter().fit(last, cause, event_of_interest=1)
        share = theirs.cumulative_density_.to_numpy()[:, 0]
        variance = theirs.variance_.to_numpy()[1:]
        ends = theirs.confidence_interval_.to_numpy()
    events = np.stack([np.bincount(last[cause == k], minlength=121) for k in (1, 2)], axis=1)
    curve = aalen_johansen(np.arange(121), events, np.bincount(last[cause == 0], minlength=121))
    mine = curve.incidence[:, 0]
    np.testing.assert_allclose(mine, share, rtol=1e-12)
    np.testing.assert_allclose(curve.variance[1:, 0], variance, rtol=1e-7, atol=1e-12)
    some = (mine > 0) & ~np.isnan(ends).any(axis=1)
    np.testing.assert_allclose(curve.low[some, 0], ends[some].min(axis=1), rtol=1e-7)
    np.testing.assert_allclose(curve.high[some, 0], ends[some].max(axis=1), rtol=1e-7)


def test_lifelines_agrees_where_it_jitters_ties():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lifelines = import_module("lifelines")
        _, last, cause = people(2, 4000)
        fitter = lifelines.AalenJohansenFitter(seed=1, jitter_level=1e-4, calculate_variance=False)
        # who is last seen on a day was at risk for all of it
        theirs = fitter.fit(last + np.where(cause == 0, 1.5, 1), cause, event_of_interest=2)
    days, events, censored, _ = counts(np.zeros_like(last), last, cause)
    curve = aalen_johansen(days, events, censored)
    found = theirs.cumulative_density_
    at_end_of_day = [found[found.index <= day + 1.6].iloc[-1, 0] for day in range(20)]
    # they let the tied events of a day happen in a made-up order, here they happen at once
    np.testing.assert_allclose(curve.incidence[:20, 1], at_end_of_day, atol=2e-4)


def test_without_censoring_it_is_the_observed_share_with_its_binomial_variance():
    curve = aalen_johansen([1, 3, 8], [[2, 1], [3, 0], [1, 3]], [0, 0, 0])
    np.testing.assert_allclose(curve.incidence, [[0.2, 0.1], [0.5, 0.1], [0.6, 0.4]], atol=1e-15)
    f = curve.incidence
    np.testing.assert_allclose(curve.variance, f * (1 - f) / 10, atol=1e-15)


def test_one_cause_is_one_minus_kaplan_meier():
    entry, last, cause = people(9)
    days, _, censored, entered = counts(entry, last, np.minimum(cause, 1))
    events = np.bincount(last[cause > 0], minlength=SPAN)
    one = aalen_johansen(days, events[:, None], censored, entered)
    km = kaplan_meier(days, events, censored, entered)
    np.testing.assert_allclose(one.incidence[:, 0], 1 - km.survival, atol=1e-13)
    np.testing.assert_allclose(one.variance[:, 0], km.variance, atol=1e-13)


def test_days_and_groups():
    parts = [counts(*people(seed)) for seed in (1, 2)]
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    days, events, censored, entered = columns
    group = np.repeat([2, 0], SPAN)
    curves = aalen_johansen(days, events, censored, entered, group=group, groups=3)
    for g, part in ((2, parts[0]), (0, parts[1])):
        alone = aalen_johansen(*part)
        found = curves.at([0, 5, 12, 99])
        for mine, theirs in zip(found, alone.at([0, 5, 12, 99]), strict=True):
            np.testing.assert_array_equal(mine[g], theirs[0])
    assert np.isnan(found.value[1]).all()
    early = aalen_johansen([5], [[1, 0]], [2]).at([4, 5, 6])
    np.testing.assert_array_equal(early.value[0, :, 0], [0, 1 / 3, np.nan])


table = st.lists(
    st.tuples(*[st.integers(0, 30), *[st.integers(0, 4)] * 4]), min_size=1, max_size=40
).map(np.array)


@settings(deadline=None, max_examples=60)
@given(table, st.integers(0, 40), st.integers(0, 9))
def test_shares_add_up_and_shards_do_too(rows, cut, seed):
    def fit(some):
        return aalen_johansen(some[:, 0], some[:, 1:4], some[:, 4])

    whole = fit(rows)
    assert whole.incidence.sum(axis=1) + whole.survival == pytest.approx(1, abs=1e-12)
    assert np.all(np.diff(whole.incidence, axis=0) >= 0)
    assert np.all((whole.low >= 0) & (whole.low <= whole.incidence))
    assert np.all((whole.incidence <= whole.high) & (whole.high <= 1))
    assert np.all(whole.variance >= 0)
    mixed = np.random.default_rng(seed).permutation(rows)
    shards = []
    for shard in (mixed[:cut], mixed[cut:]):
        for day in np.unique(shard[:, 0]):
            shards.append([day, *shard[shard[:, 0] == day, 1:].sum(axis=0)])
    for other in (mixed, np.array(shards)):
        assert fit(other).incidence.tobytes() == whole.incidence.tobytes()
        assert fit(other).high.tobytes() == whole.high.tobytes()


def test_thousands_of_days_still_add_up_to_one():
    generator = np.random.default_rng(0)
    events = generator.poisson(30, (6000, 5))
    curve = aalen_johansen(np.arange(6000), events, generator.poisson(40, 6000))
    assert np.abs(curve.incidence.sum(axis=1) + curve.survival - 1).max() < 1e-12


def test_causes_need_columns():
    with pytest.raises(EstimateError, match="one column per cause"):
        aalen_johansen([1], [1], [0])
