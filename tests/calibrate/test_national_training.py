from dataclasses import replace

import numpy as np
import pytest

from asylumatlas.calibrate import CalibrationError
from asylumatlas.national import training
from asylumatlas.national.problem import national_problem
from asylumatlas.national.training import Training, train


def made_up(runs: int = 20) -> Training:
    """A simulation that completes a tenth less and orders a fifth more in absentia."""
    problem = national_problem(until=2020)
    theta = problem.prior.sample(runs, np.random.default_rng(1))
    years = np.arange(2008, 2021)
    flat = np.ones((runs, len(years)))
    return Training(
        problem.prior.names, theta, years, flat * np.log(0.9), flat * np.log(1.2), 0 * flat
    )


def test_what_was_learnt_reaches_the_right_targets() -> None:
    problem = national_problem(until=2020, known="covered")
    learnt = made_up().discrepancy(problem)
    mean = dict(zip(learnt.names, learnt.mean(problem.prior.middle[None, :])[0], strict=True))
    assert mean["productivity level"] == pytest.approx(-np.log(0.9))
    assert mean["productivity change FY2015"] == pytest.approx(0)
    assert mean["in absentia orders FY2011-2020"] == pytest.approx(np.log(1.2))
    assert mean["completions FY2015"] == 0
    assert mean["mean days pending FY2009"] == 0


def test_a_change_of_pace_is_learnt_with_its_sign() -> None:
    """The simulation falls behind in FY2015, so it needs more productivity in that year."""
    runs = made_up()
    done = runs.done.copy()
    done[:, 7] = np.log(0.8)
    problem = national_problem(until=2016)
    learnt = replace(runs, done=done).discrepancy(problem)
    mean = dict(zip(learnt.names, learnt.mean(problem.prior.middle[None, :])[0], strict=True))
    assert mean["productivity change FY2015"] == pytest.approx(np.log(0.9 / 0.8))
    assert mean["productivity change FY2016"] == pytest.approx(-np.log(0.9 / 0.8))


def test_runs_are_kept_as_a_table(tmp_path) -> None:
    runs = made_up()
    runs.save(tmp_path / "training.csv")
    again = Training.load(tmp_path / "training.csv")
    assert again.names == runs.names
    assert again.years.tolist() == runs.years.tolist()
    assert again.absent == pytest.approx(runs.absent, rel=1e-4)
    (tmp_path / "training.csv").write_text("not,a table\n1\n")
    with pytest.raises(CalibrationError, match="holds no training runs"):
        Training.load(tmp_path / "training.csv")


def test_runs_that_end_too_early_are_refused() -> None:
    short = made_up()
    short = replace(short, years=short.years[:5], done=short.done[:, :5])
    with pytest.raises(CalibrationError, match="its runs lack FY2016"):
        short.discrepancy(national_problem(until=2016))


def test_the_simulation_is_asked_what_the_twin_was_told(monkeypatch) -> None:
    """One real run at a thousandth: the same years, near the twin's completions."""
    problem = national_problem(until=2009)
    found = train(problem, runs=1, scale=0.002)
    assert found.years.tolist() == [2008, 2009]
    assert np.abs(found.done).max() < 0.35
    assert np.isfinite(found.absent).all()


def test_what_ships_is_whole() -> None:
    runs = training.shipped()
    assert runs is not None, "training.csv is not in the package"
    assert len(runs.theta) >= 40
    assert runs.years.tolist() == list(range(2008, 2021))
    learnt = runs.discrepancy(national_problem(until=2012))
    assert (learnt.left_out <= learnt.beside + 1e-12).all()
