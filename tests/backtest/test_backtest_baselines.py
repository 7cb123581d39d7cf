"""Baselines by hand, and their intervals from their own past errors alone."""

import numpy as np
import pytest

from asylumatlas.backtest.baselines import baseline, past_errors, point
from asylumatlas.backtest.record import BacktestError, Given, Record, fiscal_year, span

NAN = float("nan")


def record(years: int = 6) -> Record:
    steps = np.arange(years, dtype=np.float64)
    return Record(
        years=np.arange(2008, 2008 + years),
        receipts=300 + 10 * steps,
        completions=200 + 20 * steps,
        judges=np.full(years, 10.0),
        pending={"active": 1000 + 100 * steps, "all": np.full(years, NAN)},
        ledgers={},
    )


def test_the_last_value_and_the_last_change() -> None:
    assert point("last_value", record(), None, "active", 2) == {
        "pending": pytest.approx([1500, 1500]),
        "completions": pytest.approx([300, 300]),
    }
    made = point("last_change", record(), None, "active", 3)
    assert made == {"pending": pytest.approx([1600, 1700, 1800])}


def test_the_spreadsheet_by_hand() -> None:
    """Three years' mean: 28 completions a judge; 340 receipts a year where they are not told."""
    blind = point("stock_flow", record(), None, "active", 2)
    assert blind["completions"] == pytest.approx([280, 280])
    assert blind["pending"] == pytest.approx([1500 + 60, 1500 + 120])
    told = Given(np.array([400.0, 500.0]), np.array([20.0, 5.0]))
    given = point("stock_flow", record(), told, "active", 2)
    assert given["completions"] == pytest.approx([560, 140])
    assert given["pending"] == pytest.approx([1500 + 400 - 560, 1340 + 500 - 140])


def test_past_errors_come_from_targets_inside_the_record() -> None:
    known = record()
    errors = past_errors("last_value", known, True, "pending", 2)
    truth = known.pending["active"]
    assert errors == pytest.approx(np.log(truth[2:] / truth[:-2]))
    # One year less is known: one error less, and the others as they were.
    assert past_errors("last_value", known.until(2012), True, "pending", 2) == pytest.approx(
        errors[:-1]
    )


def test_the_interval_is_that_of_the_past_errors() -> None:
    """80 % of Student t draws with as many degrees of freedom as there are errors."""
    made = baseline("last_value", record(), None, "active", 1, 40_000, 3)
    errors = past_errors("last_value", record(), True, "pending", 1)
    spread = np.sqrt(np.mean(errors**2))
    reach = np.quantile(np.log(made["pending"][:, 0] / 1500), [0.1, 0.5, 0.9])
    t90 = 1.4759  # 0.9 quantile of Student t with 5 degrees of freedom
    assert len(errors) == 5
    assert reach == pytest.approx([-t90 * spread, 0, t90 * spread], abs=0.02 * spread)


def test_a_long_horizon_borrows_the_spread_of_a_shorter_one() -> None:
    """Of four years there are three errors of one year ahead, and none of four or five."""
    made = baseline("last_value", record(4), None, "active", 5, 4000, 3)["pending"]
    wide = np.quantile(np.log(made / 1300), 0.9, axis=0)
    assert len(past_errors("last_value", record(4), True, "pending", 2)) == 2
    assert wide[4] / wide[1] == pytest.approx(2.5, rel=0.1)


def test_too_short_a_past_gives_a_bare_number() -> None:
    made = baseline("last_value", record(2), None, "active", 1, 10, 3)
    assert np.ptp(made["pending"]) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [("FY201", "not a fiscal year"), ("2014:2012", "turn them round"), ("1:2:3", "first:last")],
)
def test_years_that_cannot_be_read(text: str, said: str) -> None:
    with pytest.raises(BacktestError, match=said):
        span(text)


def test_years_are_read_with_or_without_letters() -> None:
    assert fiscal_year("fy2020") == fiscal_year("2020") == 2020
    assert span("1:5", int) == [1, 2, 3, 4, 5]
    with pytest.raises(BacktestError, match="whole numbers"):
        span("1:x", int)
