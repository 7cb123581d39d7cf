import numpy as np
import pytest

from asylumatlas.calibrate import CalibrationError, fit, identifiability, profile, profiles


@pytest.fixture(scope="module")
def found(gauss):
    return fit(gauss, seed=1, steps=600, ensembles=2)


def test_a_profile_is_the_parabola_of_algebra(gauss, found, exact) -> None:
    """Gaussian: the profile of one unknown falls as its marginal does."""
    mean, covariance = exact
    sd = np.sqrt(covariance[0, 0])
    grid = mean[0] + sd * np.linspace(-3, 3, 7)
    made = profile(gauss, found, "a", grid)
    assert made.log_likelihood == pytest.approx(-0.5 * np.linspace(-3, 3, 7) ** 2, abs=0.02)
    assert not made.flat
    low, high = made.interval()
    assert (high - low) / (2 * sd) == pytest.approx(1.96, abs=0.1)  # straight between its points


def test_what_no_target_tells_is_flat(make) -> None:
    """Only a sum is seen: every value of one unknown can be made good by the other."""
    problem = make(np.array([[1.0, 1.0]]), 0.0, 1.0, [1.0], [0.05])
    found = fit(problem, seed=1, steps=600, ensembles=2)
    for each in profiles(problem, found, points=5):
        assert each.flat
        assert each.log_likelihood == pytest.approx(0, abs=0.05)
    told = identifiability(found)
    assert told.pairs[0][:2] == ("a", "b")
    assert told.pairs[0][2] < -0.9
    assert "trade off" in " ".join(told.sentences())


def test_what_is_not_told_keeps_its_width(make) -> None:
    problem = make(np.array([[1.0, 0.0]]), 0.0, 1.0, [0.5], [0.05])
    told = identifiability(fit(problem, seed=1, steps=1200, ensembles=2, enough=0))
    verdicts = {each.name: each.verdict for each in told.unknowns}
    assert verdicts == {"a": "told", "b": "not told"}
    assert told.unknowns[1].width == pytest.approx(1, abs=0.06)
    assert told.unknowns[0].width == pytest.approx(0.05 * np.sqrt(12), rel=0.1)
    assert not told.pairs
    assert "b" in told.sentences()[0]


def test_one_unknown_has_nothing_to_trade_with(make) -> None:
    problem = make(np.array([[1.0]]), 0.0, 1.0, [0.5], [0.1])
    found = fit(problem, seed=1, steps=400, ensembles=2)
    assert identifiability(found).unknowns[0].partner == ""
    made = profile(problem, found, "a", np.array([0.4, 0.5]))
    assert made.log_likelihood == pytest.approx([-0.5, 0.0], abs=0.01)


def test_an_unknown_that_is_none_is_named(gauss, found) -> None:
    with pytest.raises(CalibrationError, match="zz: no such unknown"):
        profile(gauss, found, "zz")


def test_what_crowds_the_end_of_its_range_is_told(make) -> None:
    """The target lies beyond the range: the best value is at its end."""
    problem = make(np.array([[1.0]]), 0.0, 1.0, [1.1], [0.1])
    told = identifiability(fit(problem, seed=1, steps=400, ensembles=2))
    assert told.unknowns[0].edge == "high"
    assert "piles up at the high end" in " ".join(told.sentences())
