"""The mean-flow twin against hand counts, algebra and the laws every run must keep."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asylumatlas.national import flow
from asylumatlas.national.columns import STATIC
from asylumatlas.national.courts import NATION, Courts
from asylumatlas.national.design import ranges
from asylumatlas.national.errors import NationalError

MONTH = 365.25 / 12.0  # days
QUIET = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def plain(**changes):
    """One docket, one court, no residual: every outcome is what a test says it is."""
    values = dict.fromkeys(STATIC, 0.0) | {
        "master_judge_days": 0.1,
        "individual_judge_days": 0.5,
        "master_time_share": 1.0,
        "release_days": 100.0,
        "stock_master_share": 1.0,
        "pending": 0.0,
        "judges": 1.0,
        "receipts": 0.0,
        "reopened": 0.0,
        "administratively_closed": 0.0,
        "productivity": 1.0,
    }
    return values | changes


@st.composite
def draws(draw):
    """Static values anywhere in their ranges, and yearly values of any size of court system."""
    values = {name: draw(st.floats(low, high)) for name, (low, _, high) in ranges().items()}
    return values | {
        "pending": draw(st.floats(0.0, 2e6)),
        "judges": np.array(draw(st.lists(st.floats(0.0, 1500.0), min_size=4, max_size=4))),
        "receipts": np.array(draw(st.lists(st.floats(0.0, 2e6), min_size=4, max_size=4))),
        "reopened": draw(st.floats(0.0, 5e4)),
        "administratively_closed": draw(st.floats(0.0, 5e4)),
        "productivity": draw(st.floats(0.2, 3.0)),
    }


def three_courts():
    return Courts(("a", "b", "c"), [0.5, 0.3, 0.2], [0.6, 0.4, 0.0], [0.1, 0.0, 0.9])


@given(values=draws())
@QUIET
def test_every_case_is_accounted_for(values):
    for courts in (NATION, three_courts()):
        run = flow.simulate(values, start=2018, months=48, courts=courts, by_court=True)
        moved = {
            name: run[name].sum()
            for name in ("receipts", "reopened", "completions", "administratively_closed")
        }
        end = values["pending"] + moved["receipts"] + moved["reopened"]
        end -= moved["completions"] + moved["administratively_closed"]
        size = values["pending"] + moved["receipts"] + 1.0
        assert abs(run["pending"][0, -1] - end) < 1e-9 * size
        assert abs(run.line.sum() + run.delayed.sum() - end) < 1e-9 * size
        detained = run.line[:, :, [0, 2]].sum() + run.delayed[:, :, [0, 2]].sum()
        assert abs(run["pending_detained"][0, -1] - detained) < 1e-9 * size
        assert np.allclose(run.by_court["pending"].sum(axis=2), run["pending"], atol=1e-9 * size)
        assert min(found.min() for found in run.columns.values()) > -1e-9 * size
        assert run["age_days"].max() <= 430.0 + 48 * MONTH + 1e-6
        assert np.all(run["judge_days_used"] <= run["judge_days"] * (1 + 1e-12))


@given(values=draws(), more=st.floats(1.0, 2.0), share=st.floats(0.0, 0.1))
@QUIET
def test_more_judges_never_leave_more_pending(values, more, share):
    """In no month, whatever the judges' history; closings away as a share of the hearings held.

    A fixed number of them would break it: fewer masters are then there to be closed at.
    """
    del values["administratively_closed"]
    values |= {"administratively_closed_share": share}
    few = flow.simulate(values, start=2018, months=48)["pending"]
    bench = {"judges": values["judges"] * more}
    many = flow.simulate(values | bench, start=2018, months=48)["pending"]
    assert np.all(many <= few + 1e-9 * (few.max() + 1.0))


def test_a_month_counted_by_hand():
    """1,000 cases on day one, half of them due in each of two months; 300 masters a month."""
    values = plain(pending=1000.0) | {
        "master_time_share": 0.6,
        "master_absent_share": 0.1,
        "master_closed_share": 0.2,
        "master_set_share": 0.3,
        "individual_continued_share": 0.5,
        "master_delay_days": 2.0 * MONTH,
        "individual_delay_days": 1.5 * MONTH,
    }
    run = flow.simulate(values, start=2018, months=3, working_days=600.0)
    # 50 judge-days a month, 30 of them for masters at 0.1: 300. Of these 30 absent, 60 closed,
    # 90 set (45 come back in month 1, 45 in month 2), 120 continued to month 2.
    assert run["masters"][0].tolist() == pytest.approx([300.0, 300.0, 300.0])
    assert run["in_absentia"][0].tolist() == pytest.approx([30.0, 30.0, 30.0])
    # Individual hearings have 20 days: 40 a month, half of them closed; 45 are there in month 1,
    # 5 + 45 (set in month 0) + 45 (set in month 1) + 10 (continued in month 1) in month 2.
    assert run["individuals"][0].tolist() == pytest.approx([0.0, 40.0, 40.0])
    assert run["completions"][0].tolist() == pytest.approx([90.0, 110.0, 110.0])
    assert run["pending"][0].tolist() == pytest.approx([910.0, 800.0, 690.0])
    assert run["master_line"][0].tolist() == pytest.approx([200.0, 400.0, 220.0])
    assert run["individual_line"][0].tolist() == pytest.approx([0.0, 5.0, 65.0])


def test_one_court_with_fixed_completions_is_the_stock_flow_recurrence():
    """Pending next = pending + receipts - judges x completions a judge, to the case."""
    receipts = np.array([250_000.0, 300_000.0, 280_000.0, 500_000.0])
    judges = np.array([300.0, 330.0, 400.0, 450.0])
    values = plain(pending=500_000.0, receipts=receipts, judges=judges, master_closed_share=1.0)
    run = flow.simulate(values | {"master_judge_days": 250.0 / 700.0}, start=2018, months=48)
    expected = 500_000.0 + np.cumsum(receipts - 700.0 * judges)
    assert run.yearly("pending")[0] == pytest.approx(expected, rel=1e-12)


def test_the_steady_state_is_what_algebra_says():
    """Time is ample: hearings a case by geometric series, pending and days by Little's law."""
    values = {name: value for name, (_, value, _) in ranges().items()}
    values |= plain() | values | {"detained_share": 0.0, "judges": 5000.0, "receipts": 1200.0}
    values["stock_detained_share"] = 0.0
    run = flow.simulate(values, start=2018, months=1200)
    leave = sum(values[f"master_{name}_share"] for name in ("absent", "closed", "set"))
    masters = 1.0 / leave
    individuals = values["master_set_share"] / leave / (1.0 - values["individual_continued_share"])
    assert run["completions"][0, -1] == pytest.approx(100.0)
    assert run["masters"][0, -1] == pytest.approx(100.0 * masters)
    assert run["individuals"][0, -1] == pytest.approx(100.0 * individuals)
    days = (
        values["first_delay_days"]
        + (masters - 1.0) * values["master_delay_days"]
        + individuals * values["individual_delay_days"]
    )
    # The pending are counted at the month's end and hearings are held within it: half a month.
    assert run["pending"][0, -1] == pytest.approx(100.0 * days / MONTH, rel=1e-9)
    assert run.mean_days_to_completion()[0, -1] == pytest.approx(days, rel=1e-9)


def test_those_who_wait_ten_months_are_five_months_old():
    values = plain(receipts=1200.0, judges=100.0, master_closed_share=1.0)
    run = flow.simulate(values | {"first_delay_days": 10.0 * MONTH}, start=2018, months=36)
    assert run["pending"][0, -1] == pytest.approx(1000.0)
    assert run["age_days"][0, -1] == pytest.approx(5.0 * MONTH)
    assert run.mean_days_to_completion()[0, -1] == pytest.approx(10.0 * MONTH)


def test_a_line_served_in_order_ages_as_a_queue_does():
    """100 in, 50 out a month from nothing: after 40 months those of the last 20 are left."""
    values = plain(receipts=1200.0, master_closed_share=1.0) | {"master_judge_days": 1.0}
    run = flow.simulate(values, start=2018, months=40, working_days=600.0)
    assert run["pending"][0, -1] == pytest.approx(2000.0)
    assert run["age_days"][0, -1] == pytest.approx(10.0 * MONTH, rel=0.03)


def test_courts_of_the_same_kind_are_one():
    values = flow.central(2018, 3)
    share = [0.2, 0.8]
    one = flow.simulate(values, start=2018, months=36)
    two = flow.simulate(
        values, start=2018, months=36, courts=Courts(("a", "b"), share, share, share)
    )
    for name in ("pending", "completions", "masters", "age_days"):
        assert two[name] == pytest.approx(one[name], rel=1e-9)


def test_judges_can_be_placed_court_by_court():
    values = flow.central(2018, 2)
    courts = three_courts()
    placed = values["judges"] * np.asarray(courts.judges)[:, None]
    by_share = flow.simulate(values, start=2018, months=24, courts=courts)
    del values["judges"]
    by_place = flow.simulate(values, start=2018, months=24, courts=courts, judges_by_court=placed)
    assert by_place["pending"] == pytest.approx(by_share["pending"], rel=1e-12)


def test_a_batch_is_its_draws_one_by_one():
    values = flow.central(2018, 2)
    caps = np.array([0.3, 0.45, 0.6])
    batch = flow.simulate(values | {"master_time_share": caps}, start=2018, months=24)
    for place, cap in enumerate(caps):
        alone = flow.simulate(values | {"master_time_share": cap}, start=2018, months=24)
        assert np.array_equal(alone["pending"][0], batch["pending"][place])


def test_the_fluid_queue_waits_as_long_as_its_stock_takes():
    """100 in, 50 out a month: who comes in month t finds 50 t more than the stock before them."""
    values = plain(pending=300.0, receipts=1200.0, master_closed_share=1.0)
    run = flow.simulate(
        values | {"master_judge_days": 1.0}, start=2018, months=60, working_days=600
    )
    assert run["completions"][0, :12] == pytest.approx(np.full(12, 50.0))
    months = run.waits()[0] / MONTH
    expected = [(300.0 + 100.0 * (t + 0.5)) / 50.0 - (t + 0.5) for t in range(20)]
    assert months[:20] == pytest.approx(expected)
    assert np.isnan(months[30])
    within = run.decided_within(10.0 * MONTH)[0]
    # Decided in ten months while 6 + 2u <= 10 + u, u being the month of filing: until month 4.
    assert within[:6] == pytest.approx([1.0, 1.0, 1.0, 1.0, 0.0, 0.0])
    assert run.decided_within(10.5 * MONTH)[0, 4] == pytest.approx(0.5)
    assert np.isnan(within[-9:]).all()


def test_the_closed_away_share_does_what_the_number_does():
    values = flow.central(2015, 1)
    number = flow.simulate(values, start=2015, months=1)
    share = number["administratively_closed"] / number["masters_released"]
    del values["administratively_closed"]
    again = flow.simulate(
        values | {"administratively_closed_share": share.item()}, start=2015, months=1
    )
    assert again["pending"] == pytest.approx(number["pending"], rel=1e-12)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"master_time_shar": 0.4}, 'Did you mean "master_time_share"'),
        ({"master_time_share": 1.2}, "master_time_share: out of range"),
        ({"master_set_share": 0.9}, "master_set_share: outcomes of a master exceed 1"),
        ({"individual_continued_share": 1.0}, "individual_continued_share"),
        ({"pending": -1.0}, "pending"),
        ({"receipts": np.zeros(1)}, "receipts: 1 values for 2 years"),
        ({"judges": np.nan}, "judges"),
        ({"pending": np.zeros(2), "detained_share": np.zeros(3)}, "draws"),
    ],
)
def test_a_wrong_value_is_named(changes, words):
    with pytest.raises(NationalError, match=words) as caught:
        flow.simulate(flow.central(2018, 2) | changes, start=2018, months=24)
    assert "\n" not in str(caught.value)


def test_a_missing_value_is_named():
    values = flow.central(2018, 1)
    del values["release_days"]
    with pytest.raises(NationalError, match="release_days: missing"):
        flow.simulate(values, start=2018, months=12)


def test_an_unknown_output_is_named():
    run = flow.simulate(flow.central(2018, 1), start=2018, months=12)
    with pytest.raises(NationalError, match='Did you mean "completions"'):
        run["completion"]


@pytest.mark.parametrize("shares", [[0.5, 0.6], [1.5, -0.5], [1.0]])
def test_shares_of_courts_sum_to_one(shares):
    with pytest.raises(NationalError, match=r"courts\.judges"):
        Courts(("a", "b"), shares, [0.5, 0.5], [0.5, 0.5])
