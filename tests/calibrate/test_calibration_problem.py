import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.calibrate import CalibrationError, Model, Prior, Targets
from asylumatlas.calibrate.likelihood import Likelihood, kept
from asylumatlas.calibrate.problem import checked, fingerprint

BOTH = Prior(("a", "b"), np.array([0.0, 1.0]), np.array([2.0, 5.0]), np.array([np.nan, 2.0]))


@settings(max_examples=40, deadline=None)
@given(
    st.floats(-5, 5),
    st.floats(0.1, 9),
    st.one_of(st.none(), st.floats(0, 1)),
    st.floats(1e-6, 1 - 1e-6),
)
def test_a_level_is_the_inverse_of_a_value(low, width, top, level) -> None:
    mode = np.nan if top is None else low + top * width
    prior = Prior(("x",), np.array([low]), np.array([low + width]), np.array([mode]))
    back = prior.level(prior.value(np.array([[level]])))
    assert back[0, 0] == pytest.approx(level, abs=1e-6)


def test_the_density_belongs_to_the_levels() -> None:
    """The slope of the distribution function is the density, so it integrates to one."""
    for place, name in enumerate(BOTH.names):
        one = Prior((name,), BOTH.low[[place]], BOTH.high[[place]], BOTH.mode[[place]])
        values = np.linspace(one.low[0] + 1e-6, one.high[0] - 1e-6, 2001)[:, None]
        level = one.level(values)[:, 0]
        slope = np.gradient(level, values[:, 0])
        assert np.allclose(slope, np.exp(one.log_density(values)), atol=2e-3)


def test_draws_have_the_spread_that_the_law_says() -> None:
    drawn = BOTH.sample(4000, np.random.default_rng(1))
    assert drawn.std(axis=0) == pytest.approx(BOTH.sd, rel=0.01)  # a hypercube is even
    assert np.median(drawn, axis=0) == pytest.approx(BOTH.middle, rel=0.01)


def test_outside_its_range_a_law_has_no_density() -> None:
    assert BOTH.log_density(np.array([[2.1, 2.0], [1.0, 2.0]]))[0] == -np.inf


@pytest.mark.parametrize(
    ("low", "high", "mode"), [(1.0, 1.0, np.nan), (0.0, 1.0, 2.0), (np.nan, 1.0, np.nan)]
)
def test_a_law_without_width_is_refused(low, high, mode) -> None:
    with pytest.raises(CalibrationError, match="prior of x"):
        Prior(("x",), np.array([low]), np.array([high]), np.array([mode]))


def test_a_target_without_data_is_named() -> None:
    with pytest.raises(CalibrationError, match="target waits: no data"):
        Targets(("cases", "waits"), np.array([1.0, np.nan]), np.ones(2))


def test_a_target_that_must_be_met_exactly_is_refused() -> None:
    with pytest.raises(CalibrationError, match="target cases: its sd is 0"):
        Targets(("cases",), np.ones(1), np.zeros(1))


def test_something_must_be_fitted() -> None:
    with pytest.raises(CalibrationError, match="all are held out"):
        Targets(("cases",), np.ones(1), np.ones(1), np.array([True]))


def test_a_misspelt_target_is_corrected(gauss) -> None:
    targets = Targets(("waits",), np.ones(1), np.ones(1))
    with pytest.raises(CalibrationError, match='Did you mean "waits"'):
        targets.place("wait")


def test_a_model_that_answers_the_wrong_number_is_refused(gauss) -> None:
    broken = Model(gauss.prior, gauss.targets, lambda theta: theta)
    with pytest.raises(CalibrationError, match=r"3 targets, but the model gives \(1, 2\)"):
        checked(broken)


def test_a_model_without_an_answer_names_the_target(gauss) -> None:
    broken = Model(gauss.prior, gauss.targets, lambda theta: np.full((len(theta), 3), np.nan))
    with pytest.raises(CalibrationError, match="target t0: the model has no figure"):
        checked(broken)


def test_the_fingerprint_sees_figures_and_code(gauss) -> None:
    moved = Model(gauss.prior, gauss.targets.with_values(np.array([1, 2, 3.4])), gauss.answers)
    recoded = Model(gauss.prior, gauss.targets, lambda theta: gauss.answers(theta) + 1e-6)
    assert len({fingerprint(each) for each in (gauss, moved, recoded)}) == 3


def test_the_likelihood_is_the_gaussian_one(gauss) -> None:
    theta = np.array([[1.2, 2.1]])
    found = Likelihood(gauss).log_likelihood(theta)[0]
    by_hand = sum(
        -0.5 * ((z - f) / s) ** 2 - np.log(s * np.sqrt(2 * np.pi))
        for z, f, s in zip([1.0, 2.0, 3.3], [1.2, 2.1, 3.3], [0.5, 0.5, 0.2], strict=True)
    )
    assert found == pytest.approx(by_hand)


def test_free_coordinates_come_back() -> None:
    likelihood = Likelihood(Model(BOTH, Targets(("x",), np.ones(1), np.ones(1)), lambda t: t))
    theta = BOTH.sample(50, np.random.default_rng(3))
    assert likelihood.theta(likelihood.free(theta)) == pytest.approx(theta, abs=1e-7)


def test_one_target_may_be_forgiven() -> None:
    far = np.array([[1.0, 9.0, 2.0, 50.0]])
    seen = np.array([0, 1, 2])  # the last is held out
    assert kept(far, seen, 1)[0] == 9.0
    assert kept(far, seen, 2)[0] == 2.0
