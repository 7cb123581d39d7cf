"""In worlds that the model made itself, its intervals must hold what they claim."""

import numpy as np
import pytest

from asylumatlas.backtest import walk
from asylumatlas.backtest.synthetic import DRAWS, check, world

WORLDS = 120


def test_a_made_up_world_balances() -> None:
    """Its stock moves by receipts, completions and residual, and its past is the published one."""
    made = world("walk", 4, 1, seed=5, number=3, base=2012)
    ledger = made.ledgers["active"]
    assert list(made.years[-4:]) == [2013, 2014, 2015, 2016]
    assert made.level("active", 2012) == 327_638
    change = ledger.receipts - ledger.completions + ledger.residual
    assert ledger.working_start + change == pytest.approx(ledger.working)


def test_coverage_of_made_up_worlds_is_what_the_intervals_claim() -> None:
    """Worlds are independent, horizons of one are not: four standard errors of the worlds."""
    found = check(WORLDS, forecast_by="walk")
    reach = 4 * np.sqrt(0.8 * 0.2 / WORLDS)
    for share in found.coverage(80).values():
        assert share == pytest.approx(0.8, abs=reach)
    assert found.ranks.p_values().min() > 1e-5


def test_a_forecast_that_is_too_sure_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third of the spread in the forecasts, but not in the worlds, must show in the ranks."""
    real = walk._spread

    def too_sure(steps: object, name: str, draws: int, luck: np.random.Generator) -> object:
        return real(steps, name, draws, luck) / (3 if draws == DRAWS else 1)  # type: ignore[arg-type]

    monkeypatch.setattr(walk, "_spread", too_sure)
    found = check(WORLDS, forecast_by="walk")
    assert max(found.coverage(80).values()) < 0.65
    assert "too sure" in found.ranks.verdict()
