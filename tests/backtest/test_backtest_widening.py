"""Intervals learn from misses that were known, from nothing later, and medians stay."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asylumatlas.backtest import Backtest, experiment, national
from asylumatlas.backtest.published import known_then, record
from asylumatlas.backtest.record import Record
from asylumatlas.backtest.scores import Score, score
from asylumatlas.backtest.widening import Misses, factor, miss

SMALL: dict[str, Any] = {"forecast_by": "walk", "draws": 100}
KEY: dict[str, Any] = {"variant": "blind", "target": "pending", "definition": "active"}
SIZES = st.lists(st.floats(0, 50), max_size=15)
CUTOFF = 2016


def made(actual: float, cutoff: int = 2012, horizon: int = 2, widening: float = 1.0) -> Score:
    """A forecast whose 80 % interval goes from a tenth to ten times its median."""
    draws = 100 * 10 ** np.linspace(-1.25, 1.25, 1001)
    where = {"method": "model", "cutoff": cutoff, "horizon": horizon, "year": cutoff + horizon}
    return score(draws, actual, widening, **KEY, **where)


def test_a_miss_is_told_in_half_widths() -> None:
    assert miss(made(100)) == pytest.approx(0, abs=1e-9)
    assert miss(made(1000)) == pytest.approx(1)
    assert miss(made(1)) == pytest.approx(2)


def test_the_factor_by_hand() -> None:
    """Nine misses: the eighth from the smallest, to the power 9 / 13."""
    sizes = [0.1, 0.2, 0.3, 0.4, 0.5, 1.5, 1.8, 2.0, 9.0]
    assert factor(sizes) == pytest.approx(2.0 ** (9 / 13))
    assert factor([3.0], weight=1) == pytest.approx(3.0**0.5)


@given(SIZES, st.floats(0, 50))
def test_the_factor_lies_between_one_and_the_worst_miss(sizes: list[float], more: float) -> None:
    found = factor(sizes)
    assert 1.0 <= found <= max([1.0, *sizes])
    assert factor([each + more for each in sizes]) >= found
    assert factor(list(reversed(sizes))) == found


def test_many_misses_outweigh_the_claim() -> None:
    """With no end of misses the factor is their own 80 % quantile."""
    sizes = np.random.default_rng(1).exponential(2.0, 4000)
    assert factor(list(sizes)) == pytest.approx(float(np.quantile(sizes, 0.8)), rel=0.02)


def test_a_miss_is_known_from_the_end_of_its_year_on() -> None:
    misses = Misses()
    misses.learn([made(1, cutoff=2012, horizon=2)])
    key = ("model", "blind", "pending", 2)
    assert misses.known(key, 2013) == []
    assert misses.known(key, 2014) == pytest.approx([2.0])
    assert misses.factor(key, 2014) == pytest.approx(2.0**0.2)
    assert misses.factor(("model", "given", "pending", 2), 2014) == 1.0
    assert misses.table(2014)[0]["misses"] == 1


def test_a_widened_interval_by_hand() -> None:
    found = made(5000, widening=2.0)
    assert found.wide_low80 == pytest.approx(1)
    assert found.wide_high80 == pytest.approx(10_000)
    assert (found.inside80, found.wide_inside80) == (False, True)
    assert found.median == made(5000).median
    assert made(5000).wide_crps == made(5000).crps
    assert found.wide_crps != found.crps
    assert found.row()["wide_high80"] == found.wide_high80


@pytest.fixture(scope="module")
def result() -> Backtest:
    return national(range(2012, 2019), [1, 2], **SMALL)


def test_only_what_was_asked_is_scored(result: Backtest) -> None:
    """FY2010 and FY2011 are forecast so that later years can learn from them."""
    assert {each.cutoff for each in result.scores} == set(range(2012, 2019))
    assert [fit["cutoff"] for fit in result.fits if not fit["scored"]] == [2010, 2011]
    first = next(iter(result.of(method="model", cutoff=2012, horizon=1)))
    assert first.widening >= 1
    assert all(each.widening == 1 for each in result.of(method="stock_flow"))
    assert max(each.widening for each in result.of(method="model")) > 1


def test_medians_and_raw_intervals_stay(result: Backtest) -> None:
    plain = national(range(2012, 2019), [1, 2], learn_from=None, **SMALL)
    assert [replace(each, widening=1.0, wide_crps=each.crps) for each in result.scores] == list(
        plain.scores
    )
    assert not plain.factors
    assert {row["widened"] for row in plain.plain()["coverage"]} == {False}


def test_a_year_alone_learns_the_same(result: Backtest) -> None:
    alone = national([CUTOFF], [1, 2], **SMALL)
    assert alone.scores == tuple(result.of(cutoff=CUTOFF))


def test_what_comes_later_changes_no_interval() -> None:
    """The same record with three times the cases after the cut-off: same draws, same factors."""

    def forecasts(whole: Record) -> list[tuple[float, ...]]:
        found = experiment.backtest(
            whole,
            known_then,
            cutoffs=tuple(range(2012, CUTOFF + 1)),
            horizons=(1, 2),
            variants=("blind",),
            forecast_by="walk",
            draws=100,
            learn_from=2010,
        )
        return [
            (s.cutoff, s.median, s.low80, s.widening, s.wide_low80, s.wide_high95)
            for s in found.scores
        ]

    real = record()
    late = np.where(real.years > CUTOFF, 3.0, 1.0)
    other = replace(
        real,
        completions=real.completions * late,
        pending={name: values * late for name, values in real.pending.items()},
    )
    assert forecasts(real) == forecasts(other)
    early = np.where(real.years > CUTOFF - 3, 3.0, 1.0)
    earlier = replace(real, completions=real.completions * early)
    assert forecasts(real) != forecasts(earlier)
