"""The past solved: completions as published, the stock follows, productivity is unique."""

from dataclasses import replace

import numpy as np
import pytest

from asylumatlas.national import flow, ledger
from asylumatlas.national.columns import STATIC
from asylumatlas.national.design import points
from asylumatlas.national.errors import LacksData, NationalError
from asylumatlas.national.solution import solve


def centre():
    return {name: flow.central(2010, 1)[name] for name in STATIC}


def test_completions_and_stock_are_those_published():
    past = ledger.history(None, "all")
    found = solve(centre(), past, first=2010)
    rows = slice(past.at(2010), None)
    assert found.solved.all()
    assert found.columns["completions"][0] == pytest.approx(past.completions[rows], rel=1e-9)
    assert found.columns["pending"][0] == pytest.approx(past.working[rows], rel=1e-7)


def test_the_productivity_found_gives_the_same_run_forward():
    past = ledger.history(2015)
    found = solve(centre(), past, first=2011)
    rows = slice(past.at(2011), None)
    values = centre() | {
        "pending": past.working_start[rows][0],
        "judges": past.judges[rows],
        "receipts": past.receipts[rows],
        "reopened": past.reopened[rows],
        "administratively_closed": past.administratively_closed[rows],
        "productivity": found.productivity,
    }
    run = flow.simulate(values, start=2011, months=60)
    for name in ("pending", "completions", "masters", "in_absentia", "age_days"):
        assert run.yearly(name) == pytest.approx(found.columns[name], rel=1e-9)


def test_a_planted_productivity_is_found_again():
    values = flow.central(2012, 6)
    planted = np.array([1.3, 1.1, 1.2, 0.9, 0.8, 1.0])
    run = flow.simulate(values | {"productivity": planted}, start=2012, months=72)
    past = ledger.history(2017)
    rows = slice(past.at(2012), None)
    made = past.completions.copy()
    made[rows] = run.yearly("completions")[0]
    for name in ("receipts", "reopened", "administratively_closed", "judges"):
        getattr(past, name)[rows] = values[name]
    past.working_start[past.at(2012)] = values["pending"]
    found = solve(
        {name: values[name] for name in STATIC}, replace(past, completions=made), first=2012
    )
    assert found.productivity[0] == pytest.approx(planted, rel=1e-7)


def test_a_draw_without_enough_work_is_marked():
    slow = {"first_delay_days": 400.0, "master_delay_days": 400.0}
    found = solve(centre() | slow, ledger.history(2012), first=2008)
    assert np.isnan(found.productivity[0, 0])
    assert not found.solved[0, 0]
    assert found.misfit[0, 0] < 0.0


def test_a_batch_is_its_draws_one_by_one():
    past, theta = ledger.history(2014), points(4, seed=3)
    batch = solve(theta, past, first=2012)
    for place in range(4):
        alone = solve({name: value[place] for name, value in theta.items()}, past, first=2012)
        assert alone.productivity[0] == pytest.approx(batch.productivity[place], rel=1e-8)


def test_a_gap_in_the_ledger_is_named():
    past = ledger.history(2014)
    past.receipts[past.at(2013)] = np.nan
    with pytest.raises(LacksData, match="receipts: the ledger holds none for FY2013"):
        solve(centre(), past)


def test_a_wrong_name_is_named():
    with pytest.raises(NationalError, match='Did you mean "release_days"'):
        solve(centre() | {"release_day": 3.0}, ledger.history(2014))
