"""The forecaster of the fitted court, and the simulated one beside it."""

import numpy as np
import pytest

from asylumatlas.backtest import simulated, twin
from asylumatlas.backtest.published import known_then, record
from asylumatlas.backtest.synthetic import check, world
from asylumatlas.national.problem import KINDS

CUTOFF, STEPS = 2015, 20


@pytest.fixture(scope="module")
def fitted() -> twin.Fitted:
    return twin.fit(known_then(CUTOFF), STEPS, 1)[0]


def test_a_forecast_starts_from_the_published_stock_and_moves_by_the_ledger(
    fitted: twin.Fitted,
) -> None:
    """Pending + receipts - completions + residual of each year is the next year's pending."""
    known, given = known_then(CUTOFF), record().given(CUTOFF, 3)
    for told in (None, given):
        made = twin.forecast(fitted, known, told, "active", 3, 40, 1)
        start = np.full((40, 1), known.level("active", CUTOFF))
        before = np.concatenate([start, made["pending"][:, :-1]], axis=1)
        flow = made["receipts"] - made["completions"] + made["residual"]
        assert made["pending"] == pytest.approx(before + flow, rel=1e-6)
    assert made["receipts"][7] == pytest.approx(given.receipts)


def test_the_first_year_has_the_same_luck_whatever_the_horizon(fitted: twin.Fitted) -> None:
    known = known_then(CUTOFF)
    one = twin.forecast(fitted, known, None, "active", 1, 40, 1)["pending"][:, 0]
    three = twin.forecast(fitted, known, None, "active", 3, 40, 1)["pending"][:, 0]
    assert one == pytest.approx(three)


def test_both_definitions_share_the_flows(fitted: twin.Fitted) -> None:
    """Inactive cases stand still: the two forecasts differ by the stock of the cut-off alone."""
    known = known_then(CUTOFF)
    active = twin.forecast(fitted, known, None, "active", 2, 40, 1)
    every = twin.forecast(fitted, known, None, "all", 2, 40, 1)
    apart = known.level("all", CUTOFF) - known.level("active", CUTOFF)
    assert every["pending"] - active["pending"] == pytest.approx(np.full((40, 2), apart))
    assert every["completions"] == pytest.approx(active["completions"])


def test_made_up_years_are_not_held_against_published_figures() -> None:
    """A figure of FY2014 must not enter a fit to a world made up after FY2012."""
    made = world("walk", 6, 1, seed=2, number=1, base=2012)
    rows = twin.problem(made).rows
    kinds = {row.kind for row in rows if row.last > made.place(2012)}
    assert "completions" in kinds
    assert not kinds & set(KINDS)


def test_worlds_of_the_twin_can_be_forecast_by_it() -> None:
    found = check(2, forecast_by="twin", steps=STEPS, base_steps=STEPS, horizons=(1,))
    assert len(found.scores) == 2 * 4
    assert all(np.isfinite(each.crps) for each in found.scores)


def test_the_simulation_says_what_the_twin_says(
    fitted: twin.Fitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One draw, one year, a 200th of the people: within 15 % in completions, 5 % in pending."""
    monkeypatch.setattr(simulated, "SCALE", 0.005)
    known, given = known_then(CUTOFF), record().given(CUTOFF, 1)
    people = simulated.forecast(fitted, known, given, "active", 1, 1, 1)
    flows = twin.forecast(fitted, known, given, "active", 1, 1, 1)
    assert people["completions"] == pytest.approx(flows["completions"], rel=0.15)
    assert people["pending"] == pytest.approx(flows["pending"], rel=0.05)


def test_simulated_people_know_nothing_of_the_shipped_draws(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are of a fit to years that a cut-off has not seen; training too must not use them."""
    from asylumatlas import scenario as room
    from asylumatlas.national import training

    loaded: list[room.Scenario] = []

    class Stop(Exception):
        pass

    def load(*given: object, real: object = room.load_scenario) -> room.Scenario:
        loaded.append(real(*given))  # type: ignore[operator]
        raise Stop

    monkeypatch.setattr(room, "load_scenario", load)
    with pytest.raises(Stop):
        training.simulated(training.Setting(2018, 1), {})
    with pytest.raises(Stop):
        simulated._simulated({"master_time_share": 0.4}, 2017, 1, 1)
    assert [each.model.draws for each in loaded] == [None, None]
