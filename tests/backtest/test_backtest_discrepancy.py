"""The fit of a cut-off learns the twin's error from simulated years up to the cut-off alone."""

from dataclasses import replace

import numpy as np
import pytest

from asylumatlas.backtest import twin
from asylumatlas.backtest.published import known_then
from asylumatlas.national import training

CUTOFF = 2012
SHIPPED = training.shipped()


def tampered(first: int) -> training.Training:
    """The shipped runs, those of this fiscal year and later made nonsense."""
    real = SHIPPED
    assert real is not None
    times = np.where(real.years >= first, -3.0, 1.0)
    changed = {key: getattr(real, key) * times for key in ("done", "absent", "decided")}
    return replace(real, **changed)


def learnt(first: int, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """What the fit of the cut-off is told of the twin's error, at some draws."""
    monkeypatch.setattr(training, "shipped", lambda: tampered(first))
    asked = twin.problem(known_then(CUTOFF))
    assert asked.discrepancy is not None
    mean, spread = asked.discrepancy.both(asked.prior.sample(5, np.random.default_rng(1)))
    return mean.tobytes() + spread.tobytes()


def test_later_simulated_years_leave_the_fit_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    before = learnt(3000, monkeypatch)
    assert learnt(CUTOFF + 1, monkeypatch) == before
    assert learnt(CUTOFF, monkeypatch) != before  # the cut-off's own year does count


def test_a_year_never_simulated_is_taken_as_the_last_that_was() -> None:
    assert SHIPPED is not None
    known = known_then(2022)
    asked = twin.problem(known)
    assert asked.discrepancy is not None
    assert known.last > SHIPPED.years[-1]
    place = asked.targets.names.index("productivity change FY2022")
    theta = asked.prior.sample(3, np.random.default_rng(1))
    assert asked.discrepancy.both(theta)[0][:, place] == pytest.approx(np.zeros(3))


def test_without_shipped_runs_the_fit_goes_on_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "shipped", lambda: None)
    assert twin.problem(known_then(CUTOFF)).discrepancy is None
