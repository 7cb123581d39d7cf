"""Draws of a fit for simulations: each completes what was completed."""

import datetime
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from asylumatlas import parameters
from asylumatlas.calibrate import CalibrationError, Fit
from asylumatlas.national import fitted as room
from asylumatlas.national import ledger
from asylumatlas.national.columns import STATIC
from asylumatlas.national.fitted import Fitted, Task, fitted_to
from asylumatlas.scenario import load_scenario
from asylumatlas.scenario.drawn import read_columns
from asylumatlas.sim.replication import Worker

CENTRE = {
    name: parameters.find(parameters.load(), f"national.{name}").values[0].value for name in STATIC
}


def made(productivity: float = 1.0) -> Fitted:
    statics = np.array([list(CENTRE.values())] * 3) * np.array([[1.0], [0.9], [1.1]])
    years = np.arange(2008, 2013)
    return Fitted(
        STATIC, statics, years, np.full((3, 5), productivity), np.zeros((3, 4)), until=2010
    )


def test_the_table_can_be_read_by_a_scenario(tmp_path: Path) -> None:
    path = tmp_path / "draws.csv"
    made(1.25).save(path, ["a remark\nof two lines"])
    columns = read_columns(path)
    assert columns["national.productivity"]["2007-10-01"] == [1.25] * 3
    assert columns["national.release_days"][""] == pytest.approx(
        [CENTRE["release_days"] * k for k in (1.0, 0.9, 1.1)], rel=1e-4
    )
    assert "national.stock_master_share" not in columns  # of the run's first day, not the fit's
    given = load_scenario("us-courts", {"draws.table": str(path)})
    assert given.model.draws is not None
    assert given.model.draws.draws == 2


def test_what_changes_by_year_follows_the_parameter() -> None:
    columns = made().columns()
    share = parameters.find(parameters.load(), "national.detained_share")
    first = share.at(datetime.date(2007, 10, 1)).value
    longer = replace(made(), years=np.arange(2008, 2023), productivity=np.ones((3, 15))).columns()
    dates = [name for name in longer if name.startswith("national.detained_share@")]
    assert [name for name in columns if name.startswith("national.detained_share@")] == dates[:1]
    for name in dates:
        on = datetime.date.fromisoformat(name.partition("@")[2])
        wanted = CENTRE["detained_share"] * share.at(on).value / first
        assert longer[name][0] == pytest.approx(wanted)


def test_productivity_is_found_at_which_completions_are_those_published() -> None:
    past = ledger.history(2009, "all")
    table = load_scenario("us-courts").model.draws
    assert table is not None
    first = datetime.date(2007, 10, 1)
    fit = {
        n: table.at(f"national.{n}", first).value
        for n in STATIC
        if f"national.{n}" in table.columns
    }
    guess = np.array([1.2, 3.0])  # far off on both sides
    found, met = fitted_to(past, (Task(seed=5, scale=0.02, rounds=6), CENTRE | fit, guess))
    assert np.abs(met).max() < 0.02, met
    assert np.all(found != guess)


def test_years_to_come_begin_where_the_past_ends_and_their_centre_is_the_stated_one() -> None:
    past = np.tile(np.linspace(1.0, 2.0, 17), (4000, 1))
    found = room._ahead(past, 3, 2024, seed=1)
    known = parameters.find(parameters.load(), "national.productivity")
    stated = [known.at(datetime.date(year, 10, 1)).value for year in (2023, 2024, 2025, 2026)]
    assert found[0] == pytest.approx(2.0 * np.array(stated[1:]) / stated[0])
    assert np.exp(np.log(found[:, 0]).mean()) == pytest.approx(2.0, rel=0.01)
    entry = known.at(datetime.date(2025, 10, 1))  # FY2026: told by a figure, no walk to it
    assert found[:, 1].min() >= 2.0 * entry.low / stated[0] - 1e-9
    assert found[:, 1].max() <= 2.0 * entry.high / stated[0] + 1e-9
    assert np.log(found[:, 2] / found[:, 1]).std() > 0.02


def test_a_fit_that_lacks_a_parameter_is_refused() -> None:
    class Few:
        names = STATIC[1:]

    few: Fit = Few()  # type: ignore[assignment]
    with pytest.raises(CalibrationError, match=STATIC[0]):
        room.fitted(few, until=2017)


def test_runs_on_the_shipped_draws_complete_what_was_completed() -> None:
    past = ledger.history(2019, "all")
    setting = {"from": "2017-10-01", "to": "2019-09-30", "scale": "0.03"}
    worker = Worker(load_scenario("us-courts", setting), 2, 12)
    place = list(worker.rules.model.measures).index("nation_completions")
    done = np.array(
        [worker.run(number)[0].counts.measures[place][[364, 729]] for number in range(12)]
    )
    ratio = np.diff(done / 0.03, prepend=0.0, axis=1) / past.completions[-2:]
    assert np.abs(np.median(ratio, axis=0) - 1).max() < 0.04, ratio
    assert np.abs(ratio - 1).max() < 0.15, ratio
