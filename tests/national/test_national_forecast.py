"""The forecast: exact where the model leaves no choice, wide where it does, the same by seed."""

from dataclasses import replace

import numpy as np
import pytest

from asylumatlas.national import flow, ledger
from asylumatlas.national.columns import STATIC
from asylumatlas.national.design import points, ranges, scenario_settings, unit_points
from asylumatlas.national.errors import LacksData, NationalError
from asylumatlas.national.forecast import Forecaster, Prior
from asylumatlas.national.walks import Walk, extend, posterior

STILL = Prior(*(Walk(1e-12, spread_years=1e18) for _ in range(4)))


def statics(draws):
    return {name: np.full(draws, flow.central(2010, 1)[name]) for name in STATIC}


def forecaster(draws=200, until=2015, **changes):
    return Forecaster(statics(draws), ledger.history(until), first=2010, **changes)


def test_without_luck_the_forecast_is_the_twin_run_on():
    past = ledger.history(2015)
    made = Forecaster(statics(1), past, first=2010, prior=STILL)
    assert made.solution.solved.all()
    fan = made.project(2, judges=[300.0, 310.0], receipts=[2e5, 3e5])
    productivity = np.append(made.solution.productivity[0], [made.solution.productivity[0, -1]] * 2)
    rows = slice(past.at(2010), None)
    share = past.residual[-1] / past.working_start[-1]
    values = {name: value[0] for name, value in statics(1).items()} | {"productivity": productivity}
    values |= {"pending": past.working_start[rows][0]}
    values |= {"judges": np.append(past.judges[rows], [300.0, 310.0])}
    values |= {"receipts": np.append(past.receipts[rows], [2e5, 3e5])}
    change = share * np.array([past.working[-1], fan.pending[0, 0]])
    floor = max(past.reopened[-1], 0.0)
    values |= {"reopened": np.append(past.reopened[rows], [floor, floor])}
    away = np.append(past.administratively_closed[rows], floor - change)
    run = flow.simulate(values | {"administratively_closed": away}, start=2010, months=96)
    assert fan.pending[0] == pytest.approx(run.yearly("pending")[0, -2:], rel=1e-6)
    assert fan.completions[0] == pytest.approx(run.yearly("completions")[0, -2:], rel=1e-6)


def test_every_case_of_a_forecast_is_accounted_for():
    past = ledger.history(2018, "all")
    fan = Forecaster(statics(50), past, first=2010).project(5)
    before = np.column_stack([np.full(50, past.pending_end[-1]), fan.pending[:, :-1]])
    change = fan.receipts - fan.completions + fan["residual"]
    assert fan.pending == pytest.approx(before + change, rel=1e-9)


def test_the_same_seed_is_the_same_fan_and_a_longer_one_begins_with_it():
    one, two = forecaster(seed=4).project(3), forecaster(seed=4).project(3)
    assert np.array_equal(one.pending, two.pending)
    assert np.array_equal(forecaster(seed=4).project(5).pending[:, :3], one.pending)
    assert not np.array_equal(forecaster(seed=5).project(3).pending, one.pending)


def test_what_is_given_does_not_move_the_luck_of_the_rest():
    made = forecaster()
    free, told = made.project(3), made.project(3, receipts=[2e5, 2e5, 2e5])
    assert np.array_equal(free["productivity"], told["productivity"])
    assert np.array_equal(free.judges, told.judges)
    assert told.receipts == pytest.approx(np.full((200, 3), 2e5))


def test_fans_widen():
    fan = forecaster(draws=400).project(5)
    for name in ("pending", "completions", "receipts", "judges"):
        low, high = fan.quantiles(name, (0.1, 0.9))
        assert np.all(np.diff(high - low) > 0.0), name


def test_more_judges_complete_more_with_the_same_luck():
    made = forecaster()
    few = made.project(3, judges=[250.0] * 3, receipts=[3e5] * 3)
    many = made.project(3, judges=[350.0] * 3, receipts=[3e5] * 3)
    assert np.all(many.pending <= few.pending * (1.0 + 1e-9))
    assert np.median(many.completions) > np.median(few.completions)


def test_draws_that_cannot_do_the_work_are_replaced():
    theta = statics(3)
    theta["first_delay_days"] = np.array([60.0, 900.0, 60.0])
    theta["master_delay_days"] = np.array([120.0, 1500.0, 120.0])
    theta["individual_delay_days"] = np.array([180.0, 1500.0, 180.0])
    made = Forecaster(theta, ledger.history(2012), first=2010)
    assert made.kept[[0, 2]].tolist() == [0, 2]
    assert made.kept[1] in (0, 2)
    with pytest.raises(LacksData, match="every draw runs out of work"):
        Forecaster({n: v[1] for n, v in theta.items()}, ledger.history(2012), first=2010)


def test_a_forecast_starts_from_a_published_stock():
    with pytest.raises(LacksData, match="FY2016"):
        Forecaster(statics(2), ledger.history(2016, "all"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"horizon": 0}, "horizon: 0"),
        ({"horizon": 2, "judges": [300.0]}, "judges: shape"),
        ({"horizon": 1, "receipts": [-1.0]}, "receipts"),
    ],
)
def test_a_wrong_projection_is_refused(arguments, words):
    with pytest.raises(NationalError, match=words):
        forecaster(draws=2).project(**arguments)


def test_the_spread_is_the_conjugate_posterior():
    """Scaled inverse chi-square: mean of the variance is (v s2 + sum of squares) / (v + n - 2)."""
    past = np.cumsum([[0.0, 0.2, -0.1, 0.3, -0.2, 0.1]], axis=1) * np.ones((60_000, 1))
    drift, spread = posterior(Walk(0.1, spread_years=6.0), past, np.random.default_rng(1))
    squares = (np.diff(past[0]) ** 2).sum()
    assert np.all(drift == 0.0)
    assert (spread**2).mean() == pytest.approx((6.0 * 0.01 + squares) / (6.0 + 5.0 - 2.0), rel=0.02)


def test_the_drift_is_shrunk_to_none():
    """The posterior mean of the drift is n / (n + k) of the mean change."""
    past = np.cumsum([[0.0, 0.4, 0.1, 0.3, 0.2]], axis=1) * np.ones((60_000, 1))
    drift, _ = posterior(Walk(0.1, drift_years=4.0), past, np.random.default_rng(1))
    assert drift.mean() == pytest.approx(0.25 * 4.0 / 8.0, abs=0.002)


def test_unknown_years_do_not_count():
    past = np.array([[np.nan, 0.0, 0.1, np.nan, 0.3, 0.2]])
    few = posterior(Walk(0.1), np.repeat(past, 20_000, axis=0), np.random.default_rng(1))[1]
    changes = np.array([0.1, -0.1])
    expected = (4.0 * 0.01 + (changes**2).sum()) / (4.0 + 2.0 - 2.0)
    assert (few**2).mean() == pytest.approx(expected, rel=0.03)


def test_a_walk_that_forgets_settles():
    walk = Walk(1.0, spread_years=1e9, persistence=0.5, tails=np.inf)
    walked = extend(walk, np.zeros(20_000), np.zeros((20_000, 2)), 30, np.random.default_rng(1))
    assert walked[:, -1].std() == pytest.approx(np.sqrt(1.0 / (1.0 - 0.25)), rel=0.03)


def test_tails_keep_the_spread():
    walk = Walk(1.0, spread_years=1e9, tails=5.0)
    walked = extend(walk, np.zeros(100_000), np.zeros((100_000, 2)), 1, np.random.default_rng(1))
    assert walked.std() == pytest.approx(1.0, rel=0.03)
    assert (np.abs(walked) > 4.0).mean() > 10 * 6e-5  # of a normal law


def test_design_points_fill_every_slice_of_every_range():
    count = 32
    for name, found in points(count, seed=2).items():
        low, _, high = ranges()[name]
        slices = np.sort(np.floor((found - low) / (high - low) * count).astype(int))
        assert slices.tolist() == list(range(count))
    assert np.array_equal(unit_points(9, 3, seed=7), unit_points(9, 3, seed=7))
    with pytest.raises(NationalError, match="count: 0"):
        points(0, seed=1)


def test_settings_name_parameters_of_the_package():
    from asylumatlas import parameters

    theta = {name: value[0] for name, value in points(1, seed=1).items()}
    found = scenario_settings(theta | {"start": 2018, "productivity": np.ones(3)})
    assert set(found) <= set(parameters.load())
    with pytest.raises(NationalError, match="Did you mean"):
        scenario_settings({"master_time": 0.4})
    with pytest.raises(NationalError, match="start"):
        scenario_settings({"productivity": [1.0, 1.0]})


def test_a_ledger_made_by_hand_will_do():
    past = ledger.history(2015)
    made = replace(past, receipts=past.receipts * 1.5, reopened=past.reopened * 0.0)
    made = replace(made, administratively_closed=made.administratively_closed * 0.0)
    fan = Forecaster(statics(5), made, first=2012).project(2)
    assert np.isfinite(fan.pending).all()
