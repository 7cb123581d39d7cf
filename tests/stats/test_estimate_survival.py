"""Kaplan-Meier: published figures, two other programs, a person-by-person count, properties."""

import warnings
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.stats.estimate.checks import EstimateError
from asylumatlas.stats.estimate.survival import kaplan_meier, kaplan_meier_by_group

# Weeks in remission of leukaemia patients on 6-MP (Freireich and others 1963, Blood 21, 699-716)
REMISSION = {6: (3, 1), 7: (1, 0), 9: (0, 1), 10: (1, 1), 11: (0, 1), 13: (1, 0), 16: (1, 0)}
REMISSION |= {17: (0, 1), 19: (0, 1), 20: (0, 1), 22: (1, 0), 23: (1, 0), 25: (0, 1)}
REMISSION |= {32: (0, 2), 34: (0, 1), 35: (0, 1)}
PUBLISHED = {
    6: (0.857, 0.0764),
    7: (0.807, 0.0869),
    10: (0.753, 0.0963),
    13: (0.690, 0.1068),
    16: (0.627, 0.1141),
    22: (0.538, 0.1282),
    23: (0.448, 0.1346),
}


def people(seed, size=60, span=12):
    """Entry day, last day, and whether the event came, of made-up people with many ties."""
    generator = np.random.default_rng(seed)
    entry = np.where(generator.random(size) < 0.5, 0, generator.integers(0, span, size))
    last = entry + generator.integers(0, span, size)
    return entry, last, generator.random(size) < 0.6


def counts(entry, last, event, span=40):
    days = np.arange(span)
    by = [np.bincount(values, minlength=span) for values in (last[event], last[~event], entry)]
    return days, *by


def remission():
    days = np.array(list(REMISSION))
    events, censored = np.array(list(REMISSION.values())).T
    return kaplan_meier(days, events, censored)


def test_the_published_remission_data():
    curve = remission()
    for week, (survival, error) in PUBLISHED.items():
        row = list(curve.days).index(week)
        assert curve.survival[row] == pytest.approx(survival, abs=6e-4)
        assert np.sqrt(curve.variance[row]) == pytest.approx(error, abs=1e-4)
    # Collett and SAS print a median of 23, from 13 on and without an upper end
    median = curve.quantile(0.5)
    assert (median.value, median.low) == (23, 13)
    assert np.isnan(median.high)


@pytest.mark.parametrize("seed", range(5))
def test_a_count_person_by_person(seed):
    entry, last, event = people(seed)
    curve = kaplan_meier(*counts(entry, last, event))
    survival, greenwood = 1.0, 0.0
    for day in range(40):
        at_risk = sum(1 for e, t in zip(entry, last, strict=True) if e <= day <= t)
        events = sum(1 for t, d in zip(last, event, strict=True) if d and t == day)
        survival *= 1 - events / at_risk if at_risk else 1
        if 0 < events < at_risk:
            greenwood += events / (at_risk * (at_risk - events))
        assert curve.at_risk[day] == at_risk
        assert curve.survival[day] == pytest.approx(survival, abs=1e-14)
        assert curve.variance[day] == pytest.approx(survival**2 * greenwood, abs=1e-14)


@pytest.mark.parametrize("seed", range(3))
def test_lifelines_agrees_with_ties_and_delayed_entry(seed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lifelines = import_module("lifelines")
        entry, last, event = people(seed, 200)
        # one case from the origin that lasts: nobody runs out of cases at risk on the way
        entry[0], last[0], event[0] = 0, 30, False
        last = np.maximum(last, entry + 1)
        theirs = lifelines.KaplanMeierFitter().fit(last, event)
        # there, who enters at t is at risk only after t; here, on the day of entry already
        before = np.maximum(entry - 0.5, 0)
        late = lifelines.KaplanMeierFitter().fit(last, event, entry=before)
    days, events, censored, entered = counts(entry, last, event)
    curve = kaplan_meier(days, events, censored)
    asked = theirs.timeline[theirs.timeline > 0].astype(int)
    found = curve.at(asked)
    known = theirs.survival_function_at_times(asked).to_numpy()
    np.testing.assert_allclose(found.value, known, rtol=1e-12)
    ends = theirs.confidence_interval_survival_function_.loc[asked].to_numpy()
    some = (known > 0) & (known < 1)
    np.testing.assert_allclose(found.low[some], ends[some, 0], rtol=1e-10)
    np.testing.assert_allclose(found.high[some], ends[some, 1], rtol=1e-10)
    mine = kaplan_meier(days, events, censored, entered).at(asked).value
    np.testing.assert_allclose(mine, late.survival_function_at_times(asked), rtol=1e-9)


def test_scipy_agrees():
    stats = import_module("scipy.stats")
    entry, last, event = people(7, 150)
    theirs = stats.ecdf(stats.CensoredData(uncensored=last[event], right=last[~event])).sf
    days, events, censored, _ = counts(entry, last, event)
    curve = kaplan_meier(days, events, censored)
    np.testing.assert_allclose(
        curve.at(theirs.quantiles.astype(int)).value, theirs.probabilities, rtol=1e-12
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ends = theirs.confidence_interval(method="log-log")
    at = curve.at(theirs.quantiles.astype(int))
    some = (theirs.probabilities > 0) & (theirs.probabilities < 1)
    np.testing.assert_allclose(at.low[some], ends.low.probabilities[some], rtol=1e-10)
    np.testing.assert_allclose(at.high[some], ends.high.probabilities[some], rtol=1e-10)


def test_without_censoring_it_is_the_share_still_waiting():
    days, events = [0, 2, 5, 9], [1, 3, 4, 2]
    curve = kaplan_meier(days, events, [0, 0, 0, 0])
    np.testing.assert_allclose(curve.survival, [0.9, 0.6, 0.2, 0], atol=1e-15)
    expected = curve.survival * (1 - curve.survival) / 10
    np.testing.assert_allclose(curve.variance, expected, atol=1e-15)
    mean = curve.restricted_mean(100)
    values = np.repeat(days, events)
    assert mean.value == pytest.approx(values.mean())
    assert mean.variance == pytest.approx(values.var() / 10)
    short = curve.restricted_mean(4)
    assert short.value == pytest.approx(np.minimum(values, 4).mean())
    assert short.variance == pytest.approx(np.minimum(values, 4).var() / 10)


def test_what_the_data_do_not_tell_is_nan():
    curve = kaplan_meier([5, 9], [1, 0], [0, 3])
    assert curve.at([4, 5, 9]).value.tolist() == [1.0, 0.75, 0.75]
    assert np.isnan(curve.at([10]).value).all()
    assert np.isnan(curve.quantile(0.5).value)
    assert np.isnan(curve.restricted_mean(10).value)
    assert curve.restricted_mean(9).value == pytest.approx(5 + 4 * 0.75)
    ended = kaplan_meier([5, 9], [1, 3], [0, 0])
    found = ended.at([100])
    assert (found.value[0], found.low[0]) == (0.0, 0.0)
    assert found.high[0] == ended.high[0]  # the last end that could be told
    assert ended.at([2]).low[0] == 1.0


def test_nobody_at_all():
    curve = kaplan_meier([], [], [])
    assert np.isnan(curve.quantile(0.5)).all()
    assert np.isnan(curve.at([0, 1])).all()
    assert np.isnan(curve.restricted_mean(3)).all()


def test_groups_in_one_pass_are_groups_by_themselves():
    parts = [counts(*people(seed)) for seed in (1, 2)]
    days, events, censored, entered = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    group = np.repeat([0, 2], 40)
    curves = kaplan_meier_by_group(group, days, events, censored, 4, entered)
    for g, part in ((0, parts[0]), (2, parts[1])):
        alone = kaplan_meier(*part)
        assert curves.one(g).survival.tolist() == alone.survival.tolist()
        assert curves.one(g).high.tolist() == alone.high.tolist()
        for p in (0.1, 0.5, 0.9):
            np.testing.assert_equal([v[g] for v in curves.quantile(p)], list(alone.quantile(p)))
        np.testing.assert_equal(curves.at([0, 3, 99]).low[g], alone.at([0, 3, 99]).low)
        np.testing.assert_allclose(
            [v[g] for v in curves.restricted_mean(9)], list(alone.restricted_mean(9)), rtol=1e-12
        )
    assert np.isnan(curves.quantile(0.5).value[[1, 3]]).all()


rows = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=40
)


@settings(deadline=None, max_examples=60)
@given(rows, st.integers(0, 40), st.randoms())
def test_shards_add_up_and_order_does_not_matter(table, cut, random):
    whole = kaplan_meier(*np.array(table).T)
    shuffled = list(table)
    random.shuffle(shuffled)
    shards = [{}, {}]
    for k, (day, events, censored) in enumerate(table):
        old = shards[k < cut].get(day, (0, 0))
        shards[k < cut][day] = (old[0] + events, old[1] + censored)
    joined = [(day, *both) for shard in shards for day, both in shard.items()]
    for other in (shuffled, joined):
        curve = kaplan_meier(*np.array(other).T)
        assert curve.survival.tobytes() == whole.survival.tobytes()
        assert curve.low.tobytes() == whole.low.tobytes()
    survival = whole.survival
    assert np.all(np.diff(survival) <= 0)
    assert np.all((whole.low >= 0) & (whole.low <= survival) & (survival <= whole.high))
    assert np.all(whole.high <= 1)
    for p in (0.1, 0.5, 0.83):  # the days whose interval of the survival holds 1 - p
        for curve, day in zip((survival, whole.low, whole.high), whole.quantile(p), strict=True):
            down = whole.days[curve <= (1 - p) * (1 + 1e-9)]
            np.testing.assert_equal(float(day), float(down[0]) if len(down) else np.nan)
    median = whole.quantile(0.5)
    assert not median.low > median.value
    assert not median.value > median.high


def test_the_median_is_covered_at_its_rate():
    # 800 datasets of 80 cases, a third pending; standard error of the coverage is 0.8 %
    generator = np.random.default_rng(3)
    sets, size = 800, 80
    times = generator.geometric(1 / 200, (sets, size))
    seen = generator.integers(50, 500, (sets, size))
    last, event = np.minimum(times, seen), times <= seen
    group = np.repeat(np.arange(sets), size)
    curves = kaplan_meier_by_group(
        group, last.ravel(), event.ravel().astype(int), (~event).ravel().astype(int), sets
    )
    truth = np.ceil(np.log(0.5) / np.log(1 - 1 / 200))
    _, low, high = curves.quantile(0.5)
    covered = (low <= truth) & ~(high < truth)
    assert covered.mean() == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: kaplan_meier([1, 2], [1], [0, 0]), "lengths differ"),
        (lambda: kaplan_meier([-1], [1], [0]), "days: counts and days are whole"),
        (lambda: kaplan_meier([3], [2], [0], entered=[1]), "entered: not the cases that leave"),
        (lambda: kaplan_meier([3, 4], [1, 0], [0, 0], entered=[0, 1]), "entering no later"),
        (lambda: kaplan_meier_by_group([2], [1], [1], [0], 2), "2 is not below groups = 2"),
        (lambda: kaplan_meier([1], [1], [0]).quantile(1.5), "p: 1.5"),
        (lambda: kaplan_meier([1], [1], [0]).restricted_mean(-1), "horizon"),
    ],
)
def test_bad_input_is_told_in_one_line(call, told):
    with pytest.raises(EstimateError, match=told):
        call()
