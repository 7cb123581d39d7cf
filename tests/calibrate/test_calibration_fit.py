import sys

import numpy as np
import pytest

from asylumatlas.calibrate import CalibrationError, Fit, Model, Prior, Targets, fit
from asylumatlas.calibrate.chains import agreement, walk
from asylumatlas.calibrate.waves import match
from asylumatlas.ensembles import pieces

SMALL = {"ensembles": 2, "walkers": 8, "steps": 120, "stride": 40, "enough": 0, "draws": 60}


@pytest.fixture(scope="module")
def found(gauss) -> Fit:
    return fit(gauss, seed=5, steps=2000, enough=0, stride=1000)


def test_the_posterior_is_the_one_of_algebra(found, exact) -> None:
    """Linear targets, flat prior: Gaussian; within four standard errors of the draws."""
    mean, covariance = exact
    sd = np.sqrt(np.diag(covariance))
    error = sd / np.sqrt(found.effective)
    assert np.all(np.abs(found.samples.mean(axis=0) - mean) < 4 * error + sd * 4 / 63)
    assert found.samples.std(axis=0) == pytest.approx(sd, rel=0.05)
    tie = covariance[0, 1] / np.prod(sd)
    assert np.corrcoef(found.samples.T)[0, 1] == pytest.approx(tie, abs=0.03)


def test_good_chains_are_told_to_be_good(found) -> None:
    assert found.converged
    assert not found.warnings
    assert found.r_hat.max() < 1.02
    assert found.effective.min() > 1000
    assert found.trusted() is found


def test_the_same_seed_gives_the_same_bytes_whoever_works(gauss) -> None:
    once = {**SMALL, "stride": 120}  # one round, so that processes start once
    alone, two = (fit(gauss, seed=2, workers=n, **once) for n in (1, 2))
    assert alone.samples.tobytes() == two.samples.tobytes()
    assert alone.samples.tobytes() != fit(gauss, seed=3, **once).samples.tobytes()


def test_a_fit_goes_on_where_it_stopped(gauss, tmp_path, monkeypatch) -> None:
    """More steps later are the same draws as all steps at once, and no round is walked twice."""
    whole = fit(gauss, seed=2, **SMALL)
    fit(gauss, seed=2, journal=tmp_path, **{**SMALL, "steps": 80})
    walked = []

    def counting(function, arguments, *, journal, **more):
        before = len(journal)
        found = list(pieces(function, arguments, journal=journal, **more))
        if function is walk:
            walked.append(len(journal) - before)
        return iter(found)

    monkeypatch.setattr("asylumatlas.calibrate.fitting.pieces", counting)
    later = fit(gauss, seed=2, journal=tmp_path, **SMALL)
    assert later.samples.tobytes() == whole.samples.tobytes()
    assert walked == [0, 0, 2]  # two rounds were kept; the third is walked by both ensembles


def test_chains_that_are_too_short_say_so_and_what_was_kept(gauss, tmp_path) -> None:
    short = fit(gauss, seed=1, journal=tmp_path, **{**SMALL, "steps": 20})
    assert not short.converged
    with pytest.raises(CalibrationError, match="not converged after 20 steps") as told:
        short.trusted()
    line = str(told.value)
    assert "--steps 40 --resume" in line
    assert str(tmp_path) in line
    assert "\n" not in line


def test_chains_apart_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    together = rng.normal(size=(4, 200, 10, 1))
    assert agreement(together).reached
    apart = together + np.arange(4)[:, None, None, None]
    assert "R-hat" in agreement(apart).failing()
    assert agreement(np.zeros((2, 50, 4, 1))).failing() == "the chains do not move"


def test_effective_draws_of_a_known_chain() -> None:
    """AR(1) with coefficient 0.8: autocorrelation time (1 + 0.8) / (1 - 0.8) = 9 steps."""
    rng = np.random.default_rng(4)
    chain = np.zeros((3000, 40))
    for step in range(1, len(chain)):
        chain[step] = 0.8 * chain[step - 1] + rng.normal(size=40)
    judged = agreement(chain[200:].reshape(1, 2800, 40, 1).reshape(2, 1400, 40, 1))
    assert judged.times[0] == pytest.approx(9, rel=0.15)


def test_a_held_out_target_is_never_seen(make) -> None:
    matrix = np.array([[1.0], [2.0]])
    held = np.array([False, True])
    one = make(matrix, 0.0, 1.0, [0.5, 1.0], [0.1, 0.1], held=held)
    other = make(matrix, 0.0, 1.0, [0.5, 77.0], [0.1, 0.1], held=held)
    fits = [fit(each, seed=1, **SMALL) for each in (one, other)]
    assert fits[0].samples.tobytes() == fits[1].samples.tobytes()
    assert fits[1].targets.values[1] == 77.0  # still there, to be shown


def test_a_fit_is_kept_whole(found, tmp_path) -> None:
    again = Fit.load(found.save(tmp_path))
    assert again.samples.tobytes() == found.samples.tobytes()
    assert again.waves == found.waves
    assert again.targets.labels == found.targets.labels
    assert np.array_equal(again.prior.mode, found.prior.mode, equal_nan=True)
    assert again.draws(7)["a"].shape == (7,)
    assert again.draws(9000)["a"].shape == (9000,)


def test_files_of_two_fits_are_not_mixed(found, tmp_path) -> None:
    found.save(tmp_path)
    body = (tmp_path / "fit.npz").read_bytes()
    (tmp_path / "fit.npz").write_bytes(body[:-1] + b"x")
    with pytest.raises(CalibrationError, match="do not belong together"):
        Fit.load(tmp_path)
    with pytest.raises(CalibrationError, match="holds no fit"):
        Fit.load(tmp_path / "nowhere")


def test_waves_leave_the_share_that_geometry_says(make) -> None:
    """One flat unknown, target 0.5 with sd 0.01: 0.47 to 0.53 is left, 6 % of the range."""
    problem = make(np.array([[1.0]]), 0.0, 1.0, [0.5], [0.01])
    found = match(problem, np.random.default_rng(1), draws=2000)
    assert found.waves[-1].left == pytest.approx(0.06, rel=0.12)
    assert not found.ruled_out
    assert found.theta.min() >= 0.47 - 1e-9
    assert found.theta.max() <= 0.53 + 1e-9


def test_waves_go_where_few_draws_would_ever_fall(make) -> None:
    """Four unknowns, each to one in a hundred: 1.3 in a million of the ranges is left."""
    problem = make(np.eye(4), 0.0, 1.0, [0.3, 0.4, 0.5, 0.6], [0.005] * 4)
    found = match(problem, np.random.default_rng(1), draws=1000, waves=15, forgiven=0)
    assert np.log10(found.waves[-1].left) == pytest.approx(np.log10(0.03**4), abs=0.5)


def test_a_model_that_cannot_meet_its_targets_says_which(make) -> None:
    problem = make(np.array([[1.0], [1.0], [1.0]]), 0.0, 1.0, [0.2, 0.5, 0.8], [0.01] * 3)
    found = fit(problem, seed=1, **{**SMALL, "steps": 400})
    assert any("No draw comes within 3 standard deviations" in each for each in found.warnings)


def test_without_the_extra_it_says_what_to_install(gauss, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "emcee", None)
    with pytest.raises(CalibrationError, match=r'pip install "asylumatlas\[calibrate\]"'):
        fit(gauss, **SMALL)


def test_settings_that_cannot_work_are_refused(gauss) -> None:
    with pytest.raises(CalibrationError, match="walkers: 3; 2 unknowns need an even number from 4"):
        fit(gauss, **{**SMALL, "walkers": 3})
    with pytest.raises(CalibrationError, match="ensembles: 1; needs at least 2"):
        fit(gauss, **{**SMALL, "ensembles": 1})


def test_a_model_that_never_answers_names_the_target() -> None:
    prior = Prior(("a",), np.zeros(1), np.ones(1))
    targets = Targets(("waits",), np.ones(1), np.ones(1))

    def only_in_the_middle(theta):
        return np.where(np.abs(theta - 0.5) < 1e-9, 1.0, np.nan)

    with pytest.raises(CalibrationError, match="the target in the way is waits"):
        fit(Model(prior, targets, only_in_the_middle), **SMALL)
