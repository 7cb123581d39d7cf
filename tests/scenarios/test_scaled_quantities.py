"""Multiples of parameters, and whole scenarios at a part of their size."""

from __future__ import annotations

import copy
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.scenario import ScenarioError
from asylumatlas.scenario.amounts import Ranged, Scaled
from asylumatlas.sim import laws
from asylumatlas.sim import tables as t
from asylumatlas.sim.replication import Worker
from asylumatlas.sim.rules import Rules

from .worlds import Raw, load, world

START, TURN = date(2020, 1, 1), date(2020, 2, 3)
JUDGES: Raw = {
    "national.judges": [
        {"from": START, "is": {"value": 300, "low": 200, "high": 400, "assumed": "a test"}},
        {"from": TURN, "is": {"value": 450, "low": 300, "high": 600, "assumed": "a test"}},
    ]
}


def court(times: Any, **changes: Any) -> Raw:
    """The small world whose judges are a part of the country's."""
    return world(
        parameters=JUDGES,
        crews__judges__servers={"of": "national.judges", "times": times},
        crews__judges__calendar="every_day",
        **changes,
    )


def servers(rules: Rules, draw: int) -> dict[str, Any]:
    return rules.capacities.servers(rules.draw(draw))


# Multiples -------------------------------------------------------------------------------------


def test_a_multiple_follows_the_dates_of_its_parameter(tmp_path: Path) -> None:
    found = servers(Rules(load(court(0.02), tmp_path), 1), -1)["judges"]
    assert found.tolist() == [6.0] * 33 + [9.0] * 57


def test_the_parameters_draw_is_the_same_everywhere(tmp_path: Path) -> None:
    raw = court(0.02, crews__clerks__servers={"of": "national.judges", "times": 0.5})
    rules = Rules(load(raw, tmp_path), 1)
    drawn = set()
    for number in range(5):
        found = servers(rules, number)
        assert np.allclose(found["clerks"], 25 * found["judges"])
        assert np.allclose(found["judges"][50], 1.5 * found["judges"][0])
        drawn.add(float(found["judges"][0]))
    assert len(drawn) == 5


def test_a_ranged_factor_has_a_draw_of_its_own(tmp_path: Path) -> None:
    wide = {"value": 0.02, "low": 0.01, "high": 0.03, "assumed": "a test"}
    raw = court(wide, crews__clerks__servers={"of": "national.judges", "times": wide})
    rules = Rules(load(raw, tmp_path), 1)
    ratios = set()
    for number in range(5):
        found = servers(rules, number)
        ratio = found["clerks"] / found["judges"]
        assert np.allclose(ratio, ratio[0])
        ratios.add(round(float(ratio[0]), 9))
    assert len(ratios) == 5
    assert 1.0 not in ratios


def test_a_report_lists_the_parameter_and_a_factor_only_if_it_says_something(
    tmp_path: Path,
) -> None:
    def used(times: Any) -> set[str]:
        rules = Rules(load(court(times), tmp_path), 1)
        rules.model_for(rules.draw(-1), 0)
        return {name for name in rules.quantities.used if "judges" in name and "units" not in name}

    listed = {"national.judges", f"national.judges from {TURN}"}
    factor = "crews.judges.servers.times"
    assert used(0.02) == listed
    assert used({"value": 0.02, "low": 0.01, "high": 0.02}) == listed | {factor}
    assert used({"value": 0.02, "source": "TRAC617"}) == listed | {factor}


def test_a_multiple_may_stand_for_any_number(tmp_path: Path) -> None:
    part = {"of": "national.judges", "times": 0.01}
    raw = world(
        parameters=JUDGES,
        spaces__hold__room=part,
        stations__intake__capacity={"port": part},
        feeds__newcomers__per_day=[{"from": START, "is": part}, {"from": TURN, "is": 1}],
    )
    rules = Rules(load(raw, tmp_path), 1)
    model = rules.model_for(rules.draw(-1), 0)
    intake = [name for name, _ in rules.layout.desks].index("intake")
    assert model.room[[0, 50], 0].tolist() == [3, 4]
    assert model.quota[:33, intake].tolist() == [3] * 33
    assert abs(model.quota[33:, intake].sum() - 4.5 * 57) < 1
    assert model.arrivals[:33].mean() > 2 * model.arrivals[33:].mean()


BAD = [
    ({"of": "national.judgs", "times": 1}, r"servers\.of: unknown parameter .*national\.judges"),
    ({"of": "national.detained_share", "times": 1}, r"servers\.of: wrong unit"),
    ({"of": "national.judges", "times": -1}, r"servers\.times: -1 must not be negative"),
    ({"of": "national.judges", "times": "national.judges"}, r"servers\.times: .*not a name"),
    ({"of": "national.judges"}, r"servers\.times: is missing"),
    ({"of": "national.judges", "time": 2}, r"servers\.time: unknown key.*times"),
    ({"of": 3, "times": 2}, r"servers\.of: must be text"),
]


@pytest.mark.parametrize(("value", "told"), BAD)
def test_a_faulty_multiple_is_told_in_one_line(value: Raw, told: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=told):
        load(world(crews__judges__servers=value), tmp_path)


def test_a_multiple_of_a_share_must_stay_a_share(tmp_path: Path) -> None:
    half = {"of": "national.detained_share", "times": 0.5}
    load(world(stations__processing__outcomes__0__share=half), tmp_path)
    thrice = {"of": "national.detained_share", "times": 3}
    with pytest.raises(ScenarioError, match=r"outcomes\.0\.share: 1\.35 is not a share"):
        load(world(stations__processing__outcomes__0__share=thrice), tmp_path)


def test_a_multiple_is_read_as_one() -> None:
    assert Scaled.model_validate({"of": "a.b", "times": 2}).times == Ranged(value=2)


# A part of the size ----------------------------------------------------------------------------

HALF = {
    "crews__judges__servers": 1,
    "crews__clerks__servers": 1.5,
    "spaces__hold__room": 6,
    "stations__intake__capacity": 2.5,
    "feeds__newcomers__per_day": 3,
}


def tables(raw: Raw, folder: Path) -> t.Model:
    rules = Rules(load(raw, folder), 1)
    return rules.model_for(rules.draw(-1), 0)


def test_half_the_size_is_half_of_everything(tmp_path: Path) -> None:
    loan = {
        "on": TURN,
        "what": "x",
        "lend": {"from": "judges", "to": "clerks", "servers": 1, "weeks": 2},
    }
    sets = {"on": TURN, "what": "y", "set": {"spaces.hold.room": 20}}
    whole = world(scale=0.5, change=[loan, sets])
    lent = {**loan, "lend": {**loan["lend"], "servers": 0.5}}  # type: ignore[dict-item]
    halves = world(**HALF, change=[lent, {**sets, "set": {"spaces.hold.room": 10}}])
    found, wanted = tables(whole, tmp_path), tables(halves, tmp_path)
    for name, array in found._asdict().items():
        assert array.tobytes() == getattr(wanted, name).tobytes(), name


@settings(max_examples=20, deadline=None, database=None)
@given(size=st.integers(0, 5000), spread=st.integers(1, 40), scale=st.floats(0.01, 1))
def test_a_part_of_a_stock_or_cohort_is_right_to_one_person(
    size: int, spread: int, scale: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    start = [{"to": "sign_up"}]
    raw = world(scale=scale)
    raw["feeds"]["stock"] = {"kind": "stock", "size": size, "at": "port", "starts": start}
    raw["feeds"]["cohort"] = {
        **{"kind": "cohort", "size": size, "at": "port", "starts": start},
        **{"on": TURN, "spread": spread},
    }
    arrivals = tables(raw, tmp_path_factory.mktemp("scale")).arrivals.sum(0)
    assert (abs(arrivals[1:] - size * scale) <= 0.5 + 1e-6).all()


@pytest.mark.parametrize("scale", [0, -0.5, 1e-9, 1.5, "half"])
def test_a_scale_is_a_part(scale: Any, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="scale: must be"):
        load(world(scale=scale), tmp_path)


# Crews that carry over -------------------------------------------------------------------------


def hearings(
    tmp_path: Path, servers: float, units: float, carries: bool, booked: bool = False
) -> tuple[t.Model, t.State]:
    """A court with a full line of 500, whose hearings take `units` of judges' work."""
    raw = world(crews__judges__servers=servers, crews__judges__units=1)
    raw["crews"]["judges"]["carries"] = carries
    raw["feeds"] = {
        "line": {"kind": "stock", "size": 500, "at": "court", "starts": [{"to": "master"}]}
    }
    raw["cohort"] = ["line"]
    raw["stations"]["master"]["crews"] = [{"crew": "judges", "units": units}]
    raw["stations"]["master"]["booked"] = booked
    del raw["stations"]["master"]["postponed"]
    worker = Worker(load(raw, tmp_path), 1, 1)
    _, model = worker.model(0)
    return model, worker.simulate(model)


@settings(max_examples=40, deadline=None, database=None)
@given(servers=st.floats(0.02, 3), units=st.floats(0.05, 4))
def test_a_crew_that_carries_works_all_its_time(
    servers: float, units: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model, state = hearings(tmp_path_factory.mktemp("court"), servers, units, carries=True)
    need = int(model.desks[-1, t.UNITS_A])
    held, time = int(state.served[:, -1].sum()), int(model.crews[:, 0].sum())
    if held < 500:
        assert time <= held * need < time + need
        assert state.used[:, 0].sum() == time
    assert (state.used <= model.crews).all()


def test_a_crew_that_does_not_carry_begins_nothing_it_cannot_end(tmp_path: Path) -> None:
    assert hearings(tmp_path, 0.15, 0.45, carries=False)[1].served.sum() == 0
    working_days = 64
    assert hearings(tmp_path, 0.15, 0.45, carries=True)[1].served.sum() == -(-working_days // 3)


@pytest.mark.parametrize("servers", [0.07, 0.15, 0.4, 1.0, 2.6])
def test_a_docket_of_a_crew_that_carries_has_slots_it_can_keep(
    servers: float, tmp_path: Path
) -> None:
    """Slots add up to the crew's time, and nobody is put off."""
    model, state = hearings(tmp_path, servers, 0.45, carries=True, booked=True)
    slots = model.quota[:, -1]
    assert abs(slots.sum() - model.crews[:, 0].sum() / 450) <= 0.5
    assert (slots == model.plan[0, 0]).all()
    assert state.counters[t.POSTPONED] == 0
    assert state.served[1:, -1].sum() == min(slots[1:].sum(), 500)


# A station's part of a crew's day --------------------------------------------------------------


@settings(max_examples=30, deadline=None, database=None)
@given(
    share=st.floats(0.05, 1),
    servers=st.floats(0.1, 5),
    units=st.floats(0.1, 2),
    carries=st.booleans(),
)
def test_a_station_takes_no_more_than_its_part_of_a_crew(
    share: float, servers: float, units: float, carries: bool, tmp_path_factory: Any
) -> None:
    raw = world(crews__judges__servers=servers, crews__judges__units=1)
    raw["crews"]["judges"]["carries"] = carries
    start = [{"to": "master"}]
    raw["feeds"] = {"line": {"kind": "stock", "size": 900, "at": "court", "starts": start}}
    raw["cohort"] = ["line"]
    master = raw["stations"]["master"]
    master["crews"] = [{"crew": "judges", "units": units, "share": share}]
    master["booked"] = False
    del master["postponed"]
    worker = Worker(load(raw, tmp_path_factory.mktemp("part")), 1, 1)
    _, model = worker.model(0)
    state = worker.simulate(model)
    need = int(model.desks[-1, t.UNITS_A])
    work = state.served[:, -1].cumsum() * need
    part = model.crews[:, 0].cumsum() * share
    assert (work <= part + need / 2 + 1e-6).all()
    assert (model.quota[:, -1] == laws.whole(model.crews[:, 0] * share / need)).all()


def two_stations(folder: Path, servers: float, **keys: Any) -> tuple[t.Model, t.State]:
    """A court with two lines of 4,000, the first of which has a part of the judges' time."""
    raw = world(crews__judges__servers=servers, crews__judges__units=1)
    raw["crews"]["judges"]["carries"] = keys["carries"]
    second = {**raw["stations"]["master"], "booked": False}
    second["crews"] = [{"crew": "judges", "units": keys["units"]}]
    del second["postponed"]
    first = {"crew": "judges", "units": keys["first_units"], "share": keys["share"]}
    raw["stations"]["master"] = {**second, "crews": [first]}
    raw["stations"]["second"] = second
    if keys.get("turned"):
        raw["stations"]["master"] = raw["stations"].pop("master")
    line = {"kind": "stock", "size": 4000, "at": "court"}
    raw["feeds"] = {n: {**line, "starts": [{"to": n}]} for n in ("master", "second")}
    raw["cohort"] = ["master"]
    worker = Worker(load(raw, folder), 1, 1)
    _, model = worker.model(0)
    return model, worker.simulate(model)


def test_what_one_station_may_not_take_is_left_for_the_next(tmp_path: Path) -> None:
    keys = {"units": 1, "first_units": 1, "share": 0.25, "carries": False}
    _, state = two_stations(tmp_path, 4, **keys)
    assert state.served[:, -2:].sum(0).tolist() == [64, 3 * 64]


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("servers", [0.15, 0.7, 3.0])
def test_a_part_of_a_crew_that_carries_is_not_lost_to_work_under_way(
    turned: bool, servers: float, tmp_path: Path
) -> None:
    """Whichever comes first: the one holds its part of all hearings, the other the rest."""
    keys = {"units": 0.45, "first_units": 0.05, "share": 0.4, "carries": True, "turned": turned}
    model, state = two_stations(tmp_path, servers, **keys)
    time = int(model.crews[:, 0].sum())
    masters = state.served[:, -1 if turned else -2].sum()
    others = state.served[:, -2 if turned else -1].sum()
    assert abs(masters - 0.4 * time / 50) <= 0.5
    assert abs(masters * 50 + others * 450 - time) <= 450 + 50 + 0.4 * model.crews.max()
    assert state.used[:, 0].sum() == time


def test_no_more_than_all_of_a_crew_that_carries_is_kept(tmp_path: Path) -> None:
    need = {"crew": "judges", "share": {"value": 0.5, "low": 0.4, "high": 0.6}}
    raw = world(stations__master__crews=[need])
    raw["stations"]["second"] = copy.deepcopy(raw["stations"]["master"])
    load(raw, tmp_path)
    raw["crews"]["judges"]["carries"] = True
    with pytest.raises(ScenarioError, match=r"second\.crews\.0\.share: with it 1\.2 of the time"):
        load(raw, tmp_path)
