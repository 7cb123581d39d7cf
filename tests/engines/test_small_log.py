"""A log that grows while a replication runs holds the same rows; and the small kernels about it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.scenario import load_scenario
from asylumatlas.sim import replication, telling
from asylumatlas.sim import tables as t
from asylumatlas.sim.replication import Worker
from asylumatlas.sim.tallies import by_day_answered

persons = st.lists(st.integers(3, 60), max_size=40)


def rows_of(worker: Worker) -> list[int]:
    state = worker.simulate(worker.model(0)[1])
    assert state.counters[t.LOG_LOST] == 0
    rows: list[int] = state.log[: state.counters[t.LOG_ROWS]].tolist()
    return rows


def test_a_log_that_grows_holds_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = load_scenario("caravan-2018", {"to": "2018-05-31"})
    whole = rows_of(Worker(scenario, 1, 1))
    monkeypatch.setattr(replication, "ROWS_A_PERSON", 0)
    worker = Worker(scenario, 1, 1)
    worker._log_rows = 64
    assert rows_of(worker) == whole
    assert worker._log_rows > len(whole) > 64


@settings(deadline=None)
@given(persons)
def test_the_feed_of_a_person_is_the_last_that_begins_before(who: list[int]) -> None:
    first, person = np.array([3, 10, 11, 40]), np.array(who, np.uint32)
    found = np.empty(len(who), np.int16)
    telling.feeds_of(person, first, found)
    assert found.tolist() == [sum(first <= one) - 1 for one in who]


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.integers(-1, 5)] * 3), max_size=20))
def test_the_earliest_of_several_days(told: list[tuple[int, ...]]) -> None:
    found = np.array(told, np.int32).reshape(-1, 3).T.copy()
    day, slot = np.empty(len(told), np.int32), np.empty(len(told), np.int16)
    telling.earliest(found, day, slot)
    for row, one, where in zip(told, day.tolist(), slot.tolist(), strict=True):
        known = [each for each in row if each >= 0]
        assert one == min(known, default=-1)
        assert where == (row.index(one) if known else -1)


@settings(deadline=None)
@given(persons)
def test_sorted_rows_may_take_the_place_of_the_log(who: list[int]) -> None:
    log = np.array([one | k << 32 for k, one in enumerate(who)], np.uint64)
    wanted = telling.by_person(log)
    assert telling.by_person(log, log) is log
    assert (log == wanted).all()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-5, 5)), max_size=30))
def test_waits_by_the_day_of_their_end(told: list[tuple[int, int]]) -> None:
    days, waits = np.array(told, np.int32).reshape(-1, 2).T.copy()
    ordered = np.empty_like(days), np.empty_like(waits)
    by_day_answered(days, waits, np.zeros(10, np.int64), *ordered)
    wanted = sorted(told, key=lambda one: one[0])
    assert list(zip(*(column.tolist() for column in ordered), strict=True)) == wanted
