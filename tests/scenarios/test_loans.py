"""Nobody lends whom it has not: refused where it is known, told where it depends on a draw."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.scenario import ScenarioError, load_scenario
from asylumatlas.sim.digest import Digest
from asylumatlas.sim.policies import names_of
from asylumatlas.sim.replication import Worker
from asylumatlas.sim.rules import Rules
from asylumatlas.sim.shortages import shortages

from .worlds import load, world

Raw = dict[str, Any]
START = date(2020, 1, 1)


def loan(on: date, servers: Any, weeks: float = 2, source: str = "judges") -> Raw:
    to = "clerks" if source == "judges" else "judges"
    lend = {"from": source, "to": to, "servers": servers, "weeks": weeks}
    return {"on": on, "what": "a loan", "lend": lend}


def fewer(on: date, servers: float) -> Raw:
    return {"on": on, "what": "fewer", "set": {"crews.judges.servers": servers}}


def more(on: date, until: date, servers: float) -> Raw:
    return {"on": on, "until": until, "what": "more", "add": {"crews.judges.servers": servers}}


def days(number: int) -> date:
    return START + timedelta(days=number)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        # one loan at a time is possible, both are not
        (
            [loan(days(10), 1.5), loan(days(20), 1)],
            "change.1.lend.servers: 1 are lent, but judges has 0.5 of its 2 left by other loans "
            "on 2020-01-21; lend fewer or later",
        ),
        # the crew has two at first, and one when the loan begins
        ([fewer(days(5), 1), loan(days(10), 2)], "2 are lent, but judges has 1 on 2020-01-11"),
        # it has one from the fifth day of the loan on
        ([loan(days(10), 2), fewer(days(14), 1)], "2 are lent, but judges has 1 on 2020-01-15"),
        # what was added is over before the loan is
        (
            [more(days(5), days(12), 1), loan(days(10), 3)],
            "3 are lent, but judges has 2 on 2020-01-14",
        ),
        # it grows later than it lends
        ([loan(days(1), 3), fewer(days(30), 9)], "3 are lent, but judges has 2 on 2020-01-02"),
    ],
)
def test_a_loan_of_servers_who_are_not_there_is_refused(changes, said, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as found:
        load(world(change=changes), tmp_path)
    assert said in str(found.value)
    assert str(found.value).startswith("world.toml: ") or ".toml: " in str(found.value)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    "changes",
    [
        [loan(days(10), 2, weeks=1), loan(days(17), 2)],  # back on the day of the next
        [loan(days(10), 2), fewer(days(24), 1)],  # fewer when they are back
        [loan(days(5), 3, source="clerks"), loan(days(6), 5, weeks=1)],  # lent on
        [more(days(10), days(23), 1), loan(days(10), 3)],
        [loan(days(10), 3), more(days(10), days(23), 1)],  # whichever is told first
    ],
)
def test_a_loan_of_servers_who_are_there_is_taken(changes, tmp_path: Path) -> None:
    rules = Rules(load(world(change=changes), tmp_path), 1)
    assert rules.capacities.cuts(rules.draw(-1)) == []


def test_dated_numbers_of_a_crew_and_of_a_parameter_count(tmp_path: Path) -> None:
    raw = world(change=[loan(days(10), 2)])
    raw["crews"]["judges"]["servers"] = [{"from": START, "is": 2}, {"from": days(15), "is": 1}]
    with pytest.raises(ScenarioError, match="judges has 1 on 2020-01-16"):
        load(raw, tmp_path)
    raw["crews"]["judges"]["servers"] = {"of": "national.judges", "times": 1.0}
    raw["parameters"] = {
        "national.judges": [{"from": START, "is": 9}, {"from": days(12), "is": 1.5}]
    }
    with pytest.raises(ScenarioError, match=r"judges has 1\.5 on 2020-01-13"):
        load(raw, tmp_path)


def possible(changes: list[Raw]) -> bool:
    """Whether on every day all loans are of servers who are there, told day by day."""
    for day in (days(k) for k in range(90)):
        there = {"judges": 2.0, "clerks": 3.0}
        for change in changes:
            if change["on"] <= day and "set" in change:
                there["judges"] = change["set"]["crews.judges.servers"]
            if "add" in change and change["on"] <= day <= change["until"]:
                there["judges"] += change["add"]["crews.judges.servers"]
        for change in changes:
            lend = change.get("lend")
            if lend and change["on"] <= day < change["on"] + timedelta(weeks=lend["weeks"]):
                there[lend["from"]] -= lend["servers"]
                there[lend["to"]] += lend["servers"]
                if there[lend["from"]] < 0:
                    return False
    return True


@settings(max_examples=60, deadline=None, database=None)
@given(
    plan=st.lists(
        st.tuples(
            st.integers(0, 60),
            st.sampled_from(["judges", "clerks", "set", "add"]),
            st.integers(0, 3),
            st.integers(1, 6),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_what_is_taken_is_never_cut_and_what_is_cut_is_refused(plan, tmp_path_factory) -> None:
    """The check by dates and the simulation's day by day say the same of any loans."""
    folder = tmp_path_factory.mktemp("loans")
    changes = []
    for on, kind, servers, weeks in sorted(plan):
        if kind == "set":
            changes.append(fewer(days(on), servers))
        elif kind == "add":
            changes.append(more(days(on), days(on + 7 * weeks), servers))
        else:
            changes.append(loan(days(on), servers, weeks, kind))
    raw = world(change=changes)
    if not possible(changes):
        with pytest.raises(ScenarioError, match="are lent, but"):
            load(raw, folder)
        return
    scenario = load(raw, folder)
    rules = Rules(scenario, 1)
    draw = rules.draw(-1)
    assert rules.capacities.cuts(draw) == []
    found = rules.capacities.servers(draw)
    assert min(values.min() for values in found.values()) >= 0
    # lending makes nobody and loses nobody
    own = rules.capacities._own(draw, found)
    assert np.allclose(sum(found.values()), sum(own.values()))


def test_a_loan_cut_in_some_draws_is_told(tmp_path: Path) -> None:
    asked = {"value": 1, "low": 0, "high": 4, "unit": "judges", "assumed": "made up"}
    rules = Rules(load(world(change=[loan(days(10), asked)]), tmp_path), 1)
    assert shortages(rules, 1) == []
    (told,) = shortages(rules, 40)
    cut = [k for k in range(20) if rules.draw(k).of(rules.model.change[0].lend.servers, "x") >= 0]
    wanted = [rules.capacities._loans(rules.draw(k)) for k in cut]
    most = [next(iter(each))[1].max() for each in wanted]
    over = [value for value in most if value > 2]
    assert 0 < len(over) < 20
    share = sum(value - 2 for value in over) / sum(over)
    assert f"In {len(over)} of 20 draws a crew was to lend more than it had" in told
    assert f"{100 * share:.1f} % of what these loans were to lend is missing" in told
    assert "most of judges (change.0:" in told


def test_the_run_carries_it(tmp_path: Path) -> None:
    asked = {"value": 1, "low": 0, "high": 4, "unit": "judges", "assumed": "made up"}
    worker = Worker(load(world(change=[loan(days(10), asked)]), tmp_path), 1, 40)
    digest = Digest(worker.rules, [worker.run(0)[0]] * 40)
    assert any("lend more than it had" in text for text in digest.warnings())


def test_the_shipped_policies_lend_only_whom_they_have() -> None:
    for name in names_of("us-courts"):
        rules = Rules(load_scenario(name), 1)
        assert shortages(rules, 10) == [], name
