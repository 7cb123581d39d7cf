"""Scenarios made at random: whatever the numbers, people are conserved and histories are legal."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from asylumatlas import parameters, process
from asylumatlas.scenario import Scenario, ScenarioError, load_scenario
from asylumatlas.sim.replication import Worker

from .worlds import Raw, load, world

quietly = settings(
    deadline=None,
    database=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
        HealthCheck.data_too_large,
    ],
)
FIRST = date(2020, 1, 1)


def assert_lawful(scenario: Scenario, number: int = 0) -> None:
    """People conserved, days in order and in the run, no number missing, histories legal."""
    worker = Worker(scenario, 7, 2)
    done, told, _ = worker.run(number)
    assert done.people_in == done.people_out + done.people_inside
    if not len(told.person):
        return
    assert told.day.min() >= 0
    assert told.day.max() < worker.rules.days
    same = told.person[1:] == told.person[:-1]
    assert (told.person[1:] >= told.person[:-1]).all()
    assert (told.day[1:] >= told.day[:-1])[same].all()
    assert (told.seq[~np.append(False, same)] == 0).all()
    assert (np.diff(told.seq)[same] == 1).all()
    legal = process.replay_many(told.person, told.event, told.outcome)
    assert legal.all(), first_illegal(worker, told, legal)


def first_illegal(worker: Worker, told: Any, legal: Any) -> str:
    person = np.unique(told.person)[int(np.flatnonzero(~legal)[0])]
    rows = told.person == person
    words = [
        (worker.speech.events[e], worker.speech.outcomes[o] if o >= 0 else None)
        for e, o in zip(told.event[rows], told.outcome[rows], strict=True)
    ]
    return f"{process.replay(words)} {words}"


# The small world, all its numbers at random ---------------------------------------------------

shares = st.floats(0, 1)
days = st.integers(0, 60)
dates = st.dates(FIRST, date(2020, 3, 30))


@st.composite
def delays(draw: st.DrawFn) -> Any:
    """Any law, its numbers in any order that is allowed."""
    law = draw(st.sampled_from(["fixed", "uniform", "exponential", "lognormal"]))
    low, high = sorted((draw(days), draw(days)))
    numbers: Raw = {
        "fixed": {"days": low},
        "uniform": {"low": low, "high": high},
        "exponential": {"mean": draw(st.floats(0, 50))},
        "lognormal": {"median": low + 0.5, "p90": high + 0.5},
    }[law]
    return {"law": law, **numbers, "least": draw(st.integers(0, 3))}


@st.composite
def changes(draw: st.DrawFn) -> list[Raw]:
    """Up to four dated decisions: rooms, servers, capacities, loans."""
    made = []
    for on in sorted(draw(st.lists(dates, max_size=4))):
        change: Raw = {"on": on, "what": "a decision"}
        change["announced"] = on - timedelta(days=draw(st.integers(0, 40)))
        key = draw(
            st.sampled_from(
                ["spaces.hold.room", "crews.judges.servers", "stations.intake.capacity", "lend"]
            )
        )
        if key == "lend":
            part = draw(st.integers(0, 3)) / 4  # four such loans are no more than there are
            loan = {"from": "clerks", "to": "judges", "servers": part}
            change["lend"] = {**loan, "weeks": draw(st.floats(0.1, 20))}
        else:
            change["set"] = {key: draw(st.integers(0, 30))}
        made.append(change)
    return made


@st.composite
def feeds(draw: st.DrawFn) -> Raw:
    """A stream and perhaps a cohort and a stock, each with its share of families."""
    stream: Raw = {"kind": "stream", "per_day": draw(st.floats(0, 12))}
    stream["law"] = draw(st.sampled_from(["poisson", "exact"]))
    made: Raw = {"newcomers": stream}
    if draw(st.booleans()):
        on, size, spread = draw(dates), draw(st.integers(0, 200)), draw(st.integers(1, 30))
        made["group"] = {"kind": "cohort", "on": on, "size": size, "spread": spread}
    for feed in made.values():
        family = draw(shares)
        mix = {"single_adult": 1 - family, "family": family}
        feed |= {"at": "port", "mix": {"kind": mix}, "starts": [{"to": "sign_up"}]}
        feed["starts"][0]["after"] = draw(delays())
    if draw(st.booleans()):
        made["docket"] = {"kind": "stock", "size": draw(st.integers(0, 100)), "at": "court"}
        made["docket"]["starts"] = [{"to": "master", "after": draw(delays())}]
        made["docket"]["waited"] = draw(delays())
    return made


@st.composite
def worlds(draw: st.DrawFn) -> Raw:
    """The small world with its numbers at random, with or without beds and a limit of patience."""
    raw = world(
        spaces__hold__room=draw(st.integers(0, 30)),
        crews__judges__servers=draw(st.floats(0, 4)),
        crews__judges__units=draw(st.floats(0, 4)),
        stations__intake__capacity=draw(st.just("unlimited") | st.floats(0, 15)),
        stations__intake__calendar=draw(st.sampled_from(["every_day", "working_days"])),
        stations__processing__outcomes__0__share=draw(shares),
        stations__master__crews__0__units=draw(st.floats(0.1, 2)),
        feeds=draw(feeds()),
        change=draw(changes()),
    )
    raw["cohort"] = []
    intake, processing = raw["stations"]["intake"], raw["stations"]["processing"]
    intake["outcomes"][0]["after"] = draw(delays())
    processing["outcomes"][1]["after"] = draw(delays())
    if draw(st.booleans()):
        intake["patience"] = draw(delays())
        intake["leave"] = [
            {"events": ["list_left.returned_home"], "share": draw(shares)},
            {"events": ["list_left.stayed_in_mexico"]},
        ]
    if draw(st.booleans()):
        moment = datetime(2020, 1, 5, draw(st.integers(0, 23)))
        intake["closed"] = [{"from": moment, "hours": draw(st.floats(0.5, 2000))}]
    if intake["capacity"] != "unlimited" and draw(st.booleans()):
        intake["scatter"] = {"relative_sd": draw(st.floats(0, 2))}
    if draw(st.booleans()):
        add_beds(raw, draw)
    return raw


def add_beds(raw: Raw, draw: st.DrawFn) -> None:
    """Custody after processing, released by a way or taken to court."""
    raw["spaces"]["beds"] = {"place": "port", "custody": True, "room": draw(st.integers(0, 20))}
    raw["ways"] = {"bond": {"events": ["custody_ended.bond"], "place": {"court": 1}}}
    charged = raw["stations"]["processing"]["outcomes"][1]
    charged |= {"to": "beds", "place": "port", "frees_space": False}
    bed: Raw = {
        "stage": "custody",
        "at": ["port"],
        "lines": [{"space": "beds"}],
        "outcomes": [{"events": ["custody_started"], "to": "master", "place": "court"}],
    }
    bed["outcomes"][0] |= {"after": draw(delays()), "stay": draw(delays()), "way": "bond"}
    if draw(st.booleans()):
        bed["when_full"] = [{"to": "master", "place": "court", "frees_space": True}]
    stations = raw["stations"]
    raw["stations"] = {name: stations[name] for name in ("sign_up", "intake", "processing")}
    raw["stations"] |= {"beds": bed, "master": stations["master"]}


@settings(quietly, max_examples=120)
@given(raw=worlds())
def test_a_world_at_random_is_lawful(raw: Raw, tmp_path: Path) -> None:
    assert_lawful(load(raw, tmp_path))


# The shipped scenarios, parameters at random ---------------------------------------------------

KNOWN = {
    name: parameter
    for name, parameter in parameters.load().items()
    if parameter.unit.startswith(("share", "days", "people", "beds", "officers"))
}


@st.composite
def overrides(draw: st.DrawFn) -> dict[str, str]:
    """Other values for a dozen parameters, and small rooms."""
    made = {}
    for name in draw(st.lists(st.sampled_from(sorted(KNOWN)), min_size=1, max_size=12)):
        share = KNOWN[name].unit.startswith("share")
        made[name] = repr(draw(st.floats(0, 1) if share else st.floats(1, 90)))
    made["spaces.adult_beds.room"] = str(draw(st.integers(0, 300)))
    made["spaces.family_beds.room"] = str(draw(st.integers(0, 100)))
    return made


@settings(quietly, max_examples=40)
@given(changed=overrides(), name=st.sampled_from(["caravan-2018", "surge-2018"]))
def test_a_shipped_scenario_with_other_numbers_is_lawful(
    changed: dict[str, str], name: str
) -> None:
    try:
        scenario = load_scenario(name, changed)
    except ScenarioError as error:
        told = str(error)
        assert "the probabilities sum to" in told or "is greater than" in told
        assume(False)
    assert_lawful(scenario)


@pytest.mark.parametrize("number", range(4))
def test_the_shipped_caravan_is_lawful(number: int) -> None:
    assert_lawful(load_scenario("caravan-2018"), number)


def test_a_world_without_people_is_lawful(tmp_path: Path) -> None:
    assert_lawful(load(world(feeds__newcomers__per_day=0), tmp_path))
