"""What a scenario's words do: capacities, closures, full rooms, loans, changes, twice the size."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from asylumatlas.scenario import load_scenario
from asylumatlas.sim import tables as t
from asylumatlas.sim.replication import Replication, Worker
from asylumatlas.sim.rules import Rules

from .worlds import Raw, load, rows, world

FOUR = 4.0  # standard errors: one in 16,000


def admitted(worker: Worker, number: int = 0) -> NDArray[np.int64]:
    """(T,) people admitted at the port each day."""
    told = worker.run(number)[1]
    fits = told.event == worker.speech.events.index("port_admitted")
    return np.bincount(told.day[fits], minlength=worker.rules.days)


def worker_of(raw: Raw, folder: Path, seed: int = 1) -> Worker:
    return Worker(load(raw, folder), seed, 8)


def quota(raw: Raw, folder: Path, desk: int = 1) -> list[int]:
    """Services a day of a desk, by default those of the intake."""
    rules = worker_of(raw, folder).rules
    model = rules.model_for(rules.draw(-1), 0)
    return [int(n) for n in model.quota[:, desk]]


def crowd(**changes: Any) -> Raw:
    """The small world with so many people that every place is used every day."""
    return world(feeds__newcomers__per_day=30, spaces__hold__room=10_000, **changes)


# Capacities ------------------------------------------------------------------------------------


def test_a_full_list_is_admitted_by_the_quota(tmp_path: Path) -> None:
    assert admitted(worker_of(crowd(), tmp_path)).tolist() == [5] * 90


def test_half_a_place_a_day_is_one_every_other_day(tmp_path: Path) -> None:
    raw = crowd(stations__intake__capacity=0.5)
    found = quota(raw, tmp_path)
    assert found in ([0, 1] * 45, [1, 0] * 45)


def test_a_dated_capacity_holds_from_its_date(tmp_path: Path) -> None:
    steps = [{"from": date(2020, 1, 1), "is": 4}, {"from": date(2020, 1, 11), "is": 7}]
    assert quota(crowd(stations__intake__capacity=steps), tmp_path)[8:12] == [4, 4, 7, 7]


def test_closing_hours_take_their_part_of_the_day(tmp_path: Path) -> None:
    # 27 hours from noon on 11 January: half of that day, and fifteen hours of the next
    closed = [{"from": datetime(2020, 1, 11, 12), "hours": 27}]
    raw = crowd(stations__intake__capacity=8, stations__intake__closed=closed)
    found = quota(raw, tmp_path)[9:13]
    assert found == [8, 4, 3, 8]
    assert admitted(worker_of(raw, tmp_path))[9:13].tolist() == found


def test_an_unlimited_station_that_is_closed_all_day_serves_nobody(tmp_path: Path) -> None:
    closed = [{"from": datetime(2020, 1, 11), "hours": 36}]
    raw = crowd(stations__intake__capacity="unlimited", stations__intake__closed=closed)
    assert quota(raw, tmp_path)[9:13] == [-1, 0, -1, -1]


def test_a_change_of_one_station_leaves_the_others(tmp_path: Path) -> None:
    raw = crowd(stations__processing__capacity=3)
    raw["change"] = [
        {"on": date(2020, 1, 11), "what": "x", "set": {"stations.intake.capacity": 9}},
        {"on": date(2020, 1, 21), "what": "y", "set": {"stations.sign_up.capacity": 2}},
    ]
    rules = worker_of(raw, tmp_path).rules
    found = rules.model_for(rules.draw(-1), 0).quota
    assert [name for name, _ in rules.layout.desks][:3] == ["sign_up", "intake", "processing"]
    assert found[[9, 10, 19, 20], :3].tolist() == [[-1, 5, 3], [-1, 9, 3], [-1, 9, 3], [2, 9, 3]]


def test_scatter_keeps_the_mean(tmp_path: Path) -> None:
    raw = crowd(stations__intake__capacity=40, stations__intake__scatter={"relative_sd": 0.5})
    raw["to"] = date(2025, 12, 31)
    days = quota(raw, tmp_path)
    assert abs(np.mean(days) - 40) < FOUR * 20 / len(days) ** 0.5
    assert np.std(days) == pytest.approx(20, rel=0.15)


def test_the_least_mean_is_not_lost_in_whole_numbers(tmp_path: Path) -> None:
    raw = world(feeds__newcomers__per_day=0.3, feeds__newcomers__law="exact")
    rules = worker_of(raw, tmp_path).rules
    assert rules.model_for(rules.draw(-1), 0).arrivals.sum() == 27


# Rooms and custody -----------------------------------------------------------------------------


def test_a_full_hold_stops_intake(tmp_path: Path) -> None:
    raw = crowd()
    raw["spaces"]["hold"]["room"] = 4
    raw["stations"]["processing"]["capacity"] = 0
    assert admitted(worker_of(raw, tmp_path)).tolist() == [4, *[0] * 89]


def test_a_full_family_centre_releases_with_a_charging_document() -> None:
    scenario = load_scenario("caravan-2018", {"spaces.family_beds.room": "0"})
    worker = Worker(scenario, 1, 8)
    done, told, model = worker.run(0)
    row = worker.rules.layout.spaces.index("family_beds")
    assert done.bed_days[row] == 0
    by_person = {
        key: [event for _, _, _, event, _, _ in group]
        for key, group in itertools.groupby(rows(worker, told), key=lambda row: row[:2])
    }
    from asylumatlas.sim.histories import classes_of

    people = told.person[told.is_first]
    classes = classes_of(worker.rules, model, people)
    family = [worker.rules.layout.classes[c]["kind"] == "family" for c in classes]
    screened = [
        events
        for events, is_family in zip(by_person.values(), family, strict=True)
        if is_family and "fear_claimed" in events
    ]
    assert len(screened) > 100
    claimed_late = [events for events in screened if events[-1] == "fear_claimed"]
    released = [events for events in screened if "charging_document" in events]
    assert len(released) + len(claimed_late) == len(screened)
    assert not any("fear_interview" in events for events in screened)


# Changes and loans -----------------------------------------------------------------------------

LOAN = {
    "on": date(2020, 2, 3),
    "what": "judges are lent",
    "lend": {"from": "judges", "to": "clerks", "servers": 2, "weeks": 2},
}


def servers(raw: Raw, folder: Path) -> dict[str, list[float]]:
    rules = worker_of(raw, folder).rules
    found = rules.capacities.servers(rules.draw(-1))
    return {name: values.tolist() for name, values in found.items()}


def test_lent_judges_come_back(tmp_path: Path) -> None:
    found = servers(world(change=[LOAN]), tmp_path)
    assert found["judges"] == [2.0] * 33 + [0.0] * 14 + [2.0] * 43
    assert found["clerks"] == [3.0] * 33 + [5.0] * 14 + [3.0] * 43


def test_a_loan_of_more_than_there_are_in_a_draw_lends_those(tmp_path: Path) -> None:
    uncertain = {"value": 2, "low": 0, "high": 2, "unit": "judges", "assumed": "made up"}
    raw = world(change=[LOAN])
    raw["crews"]["judges"]["servers"] = uncertain
    rules = worker_of(raw, tmp_path).rules
    draw = rules.draw(0)
    there = draw.of(rules.model.crews["judges"].servers, "crews.judges.servers")
    found = rules.capacities.servers(draw)
    assert 0 < there < 2
    assert found["judges"].tolist()[32:48] == [there] + [0.0] * 14 + [there]
    assert found["clerks"].tolist()[32:48] == [3.0] + [3.0 + there] * 14 + [3.0]


def test_a_crew_that_shrinks_while_it_lends_lends_the_same(tmp_path: Path) -> None:
    fewer = {"on": date(2020, 2, 10), "what": "x", "set": {"crews.judges.servers": 2.5}}
    found = servers(world(change=[LOAN, fewer]), tmp_path)
    assert found["judges"][32:48] == [2.0] + [0.0] * 7 + [0.5] * 7 + [2.5]
    assert found["clerks"][32:48] == [3.0] + [5.0] * 14 + [3.0]


def docket(announced: date) -> Raw:
    """A court with a full docket whose judges are lent away."""
    raw = world(change=[{**LOAN, "announced": announced}])
    stock: Raw = {"kind": "stock", "size": 300, "at": "court"}
    stock["starts"] = [{"events": ["stock_case.court"], "to": "master"}]
    raw["feeds"] = {"docket": stock}
    raw["cohort"] = ["docket"]
    return raw


def postponements(announced: date, folder: Path) -> Replication:
    return worker_of(docket(announced), folder).run(0)[0]


def test_hearings_are_postponed_when_judges_leave_at_short_notice(tmp_path: Path) -> None:
    # four slots a working day; ten of them fall into the loan, all booked on day one. Each hearing
    # is told again on each day of the loan that it is not held, one working day apart.
    short = postponements(date(2020, 2, 3), tmp_path)
    assert short.postponed >= 40
    assert short.people_out == worker_of(docket(date(2020, 2, 3)), tmp_path).run(0)[0].people_out


def test_no_hearing_is_postponed_when_the_loan_is_known_before_any_booking(tmp_path: Path) -> None:
    known = postponements(date(2020, 1, 1), tmp_path)
    assert known.postponed == 0
    # 64 working days in the run, ten of them without judges, four hearings each; the first day
    # is the one on which they are booked
    working = np.busday_count("2020-01-02", "2020-03-31")
    assert known.people_out == min((working - 10) * 4, 300)


# Twice the size ---------------------------------------------------------------------------------


def waits(raw: Raw, folder: Path) -> float:
    """Mean days between list and port, of those admitted."""
    worker = worker_of(raw, folder)
    told = worker.run(0)[1]
    events = worker.speech.events
    day: dict[tuple[int, str], int] = {}
    for person, on, event in zip(told.person, told.day, told.event, strict=True):
        day.setdefault((int(person), events[event]), int(on))
    found = [
        on - day[person, "list_joined"]
        for (person, event), on in day.items()
        if event == "port_admitted"
    ]
    return float(np.mean(found))


def test_twice_the_people_and_the_places_wait_as_long(tmp_path: Path) -> None:
    def sized(factor: int) -> Raw:
        group = {"kind": "cohort", "on": date(2020, 1, 5), "size": 100 * factor, "at": "port"}
        raw = world(
            feeds__newcomers__per_day=2 * factor,
            feeds__newcomers__law="exact",
            feeds__group={**group, "starts": [{"to": "sign_up"}]},
            stations__intake__capacity=5 * factor,
            spaces__hold__room=100_000,
        )
        return raw

    # exact arrivals, exact quota, first in first out: equal to the order within a day
    assert waits(sized(2), tmp_path) == pytest.approx(waits(sized(1), tmp_path), abs=0.5)
    assert waits(sized(20), tmp_path) == pytest.approx(waits(sized(1), tmp_path), abs=0.5)
    assert waits(sized(1), tmp_path) > 5


# More capacity, common random numbers ------------------------------------------------------------

# key, its lower and its higher number, and the queue that it serves
MORE = [
    ("crews.prosecutors_district_court.servers", "0", "40", "prosecution"),
    ("crews.officers_otay_mesa.servers", "20", "300", "fear_interview"),
    ("spaces.port_hold.room", "200", "900", "port_intake"),
    ("spaces.adult_beds.room", "300", "1400", "bed_placement"),
    ("crews.judges_home_court.servers", "4", "8", "master"),
    ("crews.judges_home_court.servers", "4", "8", "individual"),
]


def simulated(override: dict[str, str]) -> Iterator[tuple[Worker, t.Model, t.State]]:
    """Eight replications of the caravan."""
    worker = Worker(load_scenario("caravan-2018", override), 1, 8)
    for number in range(8):
        _, model = worker.model(number)
        yield worker, model, worker.simulate(model)


def served_and_waited(
    worker: Worker, state: t.State, station: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(T,) people served at a station, and days spent in its lines, by the end of each day."""
    names = [name for name, _ in worker.rules.layout.desks]
    desks = [d for d, name in enumerate(names) if name == station]
    lines = [n for n, (desk, _) in enumerate(worker.rules.layout.lines) if desk in desks]
    return state.served[:, desks].sum(1).cumsum(), state.waiting[:, lines].sum(1).cumsum()


@pytest.mark.parametrize(("key", "few", "many", "station"), MORE)
def test_more_people_or_room_serve_no_fewer_and_let_nobody_wait_longer(
    key: str, few: str, many: str, station: str
) -> None:
    # Of the whole run in every replication. On a single day there is an exception: with more
    # officers beds come free sooner, others are put into them, and a person or two may have been
    # interviewed later than with fewer officers.
    gained = 0
    for less, more in zip(simulated({key: few}), simulated({key: many}), strict=True):
        served, waited = served_and_waited(less[0], less[2], station)
        served_more, waited_more = served_and_waited(more[0], more[2], station)
        assert served_more[-1] >= served[-1]
        assert waited_more[-1] <= waited[-1]
        slack = 3 if station == "fear_interview" else 0
        assert (served_more + slack >= served).all()
        gained += int(served_more[-1] - served[-1])
    assert gained > 0


def test_more_judges_leave_no_more_cases_open() -> None:
    def inside(servers: str) -> list[int]:
        worker = Worker(
            load_scenario("caravan-2018", {"crews.judges_home_court.servers": servers}), 1, 8
        )
        return [worker.run(number)[0].people_inside for number in range(8)]

    few, many = inside("4"), inside("8")
    assert all(a > b for a, b in zip(few, many, strict=True))


# Faults ------------------------------------------------------------------------------------------


def test_more_people_than_memory_are_refused(tmp_path: Path) -> None:
    from asylumatlas.scenario import ScenarioError

    raw = world(feeds__newcomers__per_day=5_000_000, feeds__newcomers__law="exact")
    rules = Rules(load(raw, tmp_path), 1)
    with pytest.raises(ScenarioError, match=r"world: feeds\.newcomers: 450,000,000 people"):
        rules.model_for(rules.draw(-1), 0)


def test_a_person_without_a_desk_ends_the_run_in_one_line(tmp_path: Path) -> None:
    from asylumatlas.sim.replication import RunError

    raw = world(stations__processing__outcomes__1__place="port")
    with pytest.raises(RunError, match=r"master at port; add the place to stations.master.at"):
        worker_of(raw, tmp_path).run(0)
