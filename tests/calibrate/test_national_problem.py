from dataclasses import replace

import numpy as np
import pytest

from asylumatlas.calibrate import CalibrationError, Problem, Synthetic
from asylumatlas.calibrate.problem import checked
from asylumatlas.national import ledger, targets
from asylumatlas.national.columns import STATIC
from asylumatlas.national.problem import KINDS, national_problem


def test_it_is_a_problem_of_calibration() -> None:
    problem = national_problem(until=2015)
    assert isinstance(problem, Problem)
    checked(problem)
    assert problem.prior.names == STATIC
    assert problem.simulate(problem.prior.middle[None, :]).shape == (1, len(problem.targets))


@pytest.mark.parametrize("until", [2009, 2012, 2017, 2020])
def test_nothing_that_was_published_later_is_a_target(until: int) -> None:
    known = {(t.name, t.source) for t in targets.targets(until)}
    for row in national_problem(until=until).rows:
        assert int(row.name[-4:]) <= until if row.name[-4:].isdigit() else True
        if row.kind in KINDS:
            assert (row.kind, row.source) in known


def test_later_years_change_nothing() -> None:
    """The same problem from the ledger cut at the year and from one whose later years are wild."""
    past = ledger.history(2017)
    wild = replace(
        past,
        receipts=np.where(past.years > 2012, 9e6, past.receipts),
        completions=np.where(past.years > 2012, 1.0, past.completions),
        judges=np.where(past.years > 2012, 1e4, past.judges),
    )
    theta = national_problem(past, 2012).prior.middle[None, :]
    one, other = (national_problem(each, 2012).simulate(theta) for each in (past, wild))
    assert one.tobytes() == other.tobytes()


def test_in_hindsight_more_is_known() -> None:
    then, later = (
        national_problem(until=2020, known=known).targets for known in ("published", "covered")
    )
    assert set(then.names) < set(later.names)
    assert "in absentia orders FY2011-2020" in later.names
    assert "in absentia orders FY2011-2020" not in then.names


def test_a_target_held_out_is_marked() -> None:
    problem = national_problem(until=2017, held=("asylum_decisions",))
    held = dict(zip(problem.targets.names, problem.targets.held, strict=True))
    assert held["asylum decisions FY2016"]
    assert not held["completions FY2016"]


def test_a_target_without_data_is_named() -> None:
    with pytest.raises(CalibrationError, match="target in_absentia_orders: no data by FY2017"):
        national_problem(until=2017, held=("in_absentia_orders",))
    with pytest.raises(CalibrationError, match='Did you mean "asylum_decisions"'):
        national_problem(until=2017, held=("asylum_decision",))
    with pytest.raises(CalibrationError, match='Did you mean "release_days"'):
        national_problem(until=2017, names=("release_day",))


def test_what_is_not_fitted_stays() -> None:
    problem = national_problem(until=2012, names=("release_days", "master_set_share"))
    assert len(problem.prior) == 2
    statics = problem.statics(problem.prior.middle[None, :])
    assert set(statics) == set(STATIC)
    whole = national_problem(until=2012)
    assert statics["detained_share"][0] == dict(problem.fixed)["detained_share"]
    assert whole.fixed == ()


def test_its_answers_are_those_of_the_twin() -> None:
    problem = national_problem(until=2017)
    theta = problem.prior.sample(20, np.random.default_rng(1))
    run = problem.solved(theta)
    found = dict(zip(problem.targets.names, problem.simulate(theta).T, strict=True))
    met = run.solved.all(axis=1)
    assert met.any()
    assert found["completions FY2017"][met] == pytest.approx(0, abs=1e-5)
    place = list(run.years).index(2014)
    assert np.exp(found["median days pending FY2014"]) == pytest.approx(
        run.columns["age_days"][:, place]
    )
    pace = np.log(run.productivity[met])
    assert found["productivity change FY2015"][met] == pytest.approx(
        pace[:, place + 1] - pace[:, place]
    )


def test_draws_whose_work_runs_out_are_far_from_the_completions() -> None:
    """The middle of the ranges closes cases faster than they came in FY2008."""
    problem = national_problem(until=2012)
    theta = problem.prior.sample(60, np.random.default_rng(2))
    run = problem.solved(theta)
    answers = problem.simulate(theta)
    assert np.isfinite(answers).all()
    short = ~run.solved.all(axis=1)
    assert short.any()
    structure = [k for k, row in enumerate(problem.rows) if row.kind == "completions"]
    assert (answers[short][:, structure].min(axis=1) < -1e-6).all()


def test_synthetic_truth_can_be_made_of_it() -> None:
    problem = national_problem(until=2012)
    truth = problem.prior.middle
    made = Synthetic(problem)(truth, np.random.default_rng(3))
    assert made.targets.names == problem.targets.names
    assert not np.array_equal(made.targets.values, problem.targets.values)
