import numpy as np
import pytest

from asylumatlas.calibrate import CalibrationError, Model, fit, train_discrepancy

RNG = np.random.default_rng(8)
DESIGN = RNG.uniform([0, 10], [1, 20], (40, 2))


def truth(theta: np.ndarray) -> np.ndarray:
    """A slope, a bend, and nothing at all."""
    a, b = theta[:, 0], (theta[:, 1] - 15) / 5
    return np.stack([2 + 3 * a - b, np.sin(4 * a) + b, 7 + 0 * a], axis=1)


@pytest.fixture(scope="module")
def learnt():
    noise = 0.02 * RNG.normal(size=(40, 3))
    return train_discrepancy(
        DESIGN, truth(DESIGN) + noise, np.zeros((40, 3)), ("slope", "bend", "flat")
    )


def test_it_learns_slopes_and_bends(learnt) -> None:
    theta = RNG.uniform([0.1, 11], [0.9, 19], (200, 2))
    mean, spread = learnt.both(theta)
    away = (truth(theta) - mean) / spread
    assert np.sqrt((away**2).mean(axis=0)).max() < 1.3  # as sure as it says, or less
    assert np.abs(truth(theta) - mean)[:, 0].max() < 0.1
    assert np.abs(truth(theta) - mean)[:, 1].max() < 0.3
    assert (spread < 0.2).all()


def test_its_error_for_runs_left_out_is_the_true_one(learnt) -> None:
    """The closed form equals leaving each run out by hand, for the weights it found."""
    slope, smooth, length, noise = learnt.weights[1]
    where, errors = learnt.design, (truth(DESIGN)[:, 1] - learnt.offset[1]) / learnt.scale[1]
    distance = ((where[:, None] - where) ** 2).sum(axis=2)
    whole = slope * where @ where.T + smooth * np.exp(-0.5 * distance / length**2)
    misses = []
    for out in range(0, 40, 6):
        rest = np.delete(np.arange(40), out)
        solved = np.linalg.solve(whole[np.ix_(rest, rest)] + noise * np.eye(39), errors[rest])
        misses.append(errors[out] - whole[out, rest] @ solved)
    root = np.sqrt(np.mean(np.square(misses))) * learnt.scale[1]
    assert root == pytest.approx(learnt.left_out[1], rel=0.8)
    assert learnt.left_out[1] < 0.2 * learnt.beside[1]


def test_where_nothing_is_to_be_learnt_the_mean_error_serves(learnt) -> None:
    assert np.isnan(learnt.weights[2]).all()
    assert learnt.mean(DESIGN)[:, 2] == pytest.approx(7, abs=0.02)
    assert learnt.sd(DESIGN)[:, 2] == pytest.approx(0.02, rel=0.4)


def test_beyond_its_runs_it_does_not_go_on(learnt) -> None:
    far = np.array([[0.5, 60.0]])
    edge = np.array([[0.5, DESIGN[:, 1].max()]])
    assert learnt.outside(far).tolist() == [True]
    assert learnt.outside(edge).tolist() == [False]
    assert learnt.mean(far) == pytest.approx(learnt.mean(edge))


def test_a_fit_beyond_the_runs_says_so(gauss) -> None:
    runs = np.array([[5.0, 5.0], [6.0, 6.0], [5.0, 6.0], [6.0, 5.0]])
    flat = train_discrepancy(runs, np.zeros((4, 3)), np.zeros((4, 3)))
    model = Model(gauss.prior, gauss.targets, gauss.answers, flat)
    found = fit(model, ensembles=2, walkers=8, steps=100, enough=0, draws=60)
    assert found.outside > 0.9
    assert any("never trained" in each for each in found.warnings)


def test_its_spread_widens_the_posterior(make) -> None:
    """One unknown seen with sd 0.1 through a model that is off by 0.3: sd 0.32 and more."""
    problem = make(np.array([[1.0]]), -5.0, 5.0, [1.0], [0.1])
    runs = np.linspace(-5, 5, 11)[:, None]
    errors = np.tile([0.3, -0.3], 6)[:11, None]
    learnt = train_discrepancy(runs, errors, np.zeros((11, 1)))
    wide = fit(
        Model(problem.prior, problem.targets, problem.answers, learnt), steps=1000, stride=500,
        ensembles=2, enough=0,
    )  # fmt: skip
    spread = np.hypot(0.1, learnt.scale[0])
    assert wide.samples.std() == pytest.approx(spread, rel=0.08)
    assert wide.samples.mean() == pytest.approx(1.0 - errors.mean(), abs=0.06)


def test_few_runs_and_missing_answers_are_refused() -> None:
    with pytest.raises(CalibrationError, match="three runs or more"):
        train_discrepancy(np.zeros((2, 1)), np.zeros((2, 1)), np.zeros((2, 1)))
    broken = np.array([[0.0], [np.nan], [1.0]])
    with pytest.raises(CalibrationError, match="discrepancy: waits: a run has no figure"):
        train_discrepancy(np.arange(3.0)[:, None], broken, np.zeros((3, 1)), ("waits",))
