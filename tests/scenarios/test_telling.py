"""The log sorted and told by compiled code is what plain Python makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.sim import telling

STOCK_EVENT = 99
WORDS = [(1, 2, 3), (4, -1, 5), (6, 7, -1)]
FIRST, LENGTH, STARTS_STOCK = [0, 1, 1, 0], [1, 2, 0, 3], [False, True, False, False]
FEEDS, IS_STOCK = [0, 5, 900], [False, True, False]
STAGE, OUTCOME = [0, 11, 0], [0, 12, 0]
rows = st.lists(
    st.tuples(st.integers(0, 1_200), st.integers(0, 8_000), st.integers(0, 255), st.integers(0, 3)),
    max_size=60,
)


def packed(told: Sequence[tuple[int, int, int, int]]) -> Any:
    words = [who | day << 32 | place << 45 | mark << 53 for who, day, place, mark in told]
    return np.array(words, np.uint64)


def plainly(told: Sequence[tuple[int, int, int, int]]) -> list[tuple[int, ...]]:
    """The events, told by plain Python."""
    found = []
    known = set()
    for who, day, place, mark in sorted(told, key=lambda row: row[0]):
        feed = sum(first <= who for first in FEEDS) - 1
        if who not in known and IS_STOCK[feed] and not STARTS_STOCK[mark]:
            found.append((who, 0, place, STOCK_EVENT, OUTCOME[feed], STAGE[feed]))
        known.add(who)
        for word in WORDS[FIRST[mark] : FIRST[mark] + LENGTH[mark]]:
            found.append((who, day, place, *word))
    return found


@settings(deadline=None)  # the first example compiles
@given(st.lists(st.integers(0, 2**32 - 1), max_size=80), st.integers(1, 12))
def test_the_sort_is_by_person_and_stable(persons: list[int], digit: int) -> None:
    log = np.array([who | k << 32 for k, who in enumerate(persons)], np.uint64)
    before = log.copy()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(telling, "DIGIT", digit)
        found = telling.by_person(log)
    order = np.argsort(np.array(persons, np.int64), kind="stable")
    assert (found == before[order]).all()
    assert (log == before).all()  # the caller's rows are left as they were


@settings(deadline=None)  # the first example compiles
@given(rows)
def test_rows_become_events(told: list[tuple[int, int, int, int]]) -> None:
    log = telling.by_person(packed(told))
    feeds = np.array(FEEDS, np.int64), np.array(IS_STOCK)
    length, starts = np.array(LENGTH, np.int64), np.array(STARTS_STOCK)
    events = telling.count_events(log, *feeds, length, starts)
    person, day = np.zeros(events, np.uint32), np.zeros(events, np.int32)
    shorts = [np.zeros(events, np.int16) for _ in range(4)]
    telling.expand(
        log,
        *feeds,
        np.array(STAGE, np.int16),
        np.array(OUTCOME, np.int16),
        length,
        starts,
        np.array(FIRST, np.int64),
        np.array(WORDS, np.int16),
        STOCK_EVENT,
        person,
        day,
        *shorts,
    )
    wanted = plainly(told)
    assert list(zip(*(column.tolist() for column in (person, day, *shorts)), strict=True)) == wanted
    numbers = np.zeros(events, np.int32)
    telling.number_events(person, numbers)
    people = [event[0] for event in wanted]
    assert numbers.tolist() == [people[:k].count(who) for k, who in enumerate(people)]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 50), st.integers(0, 3)), max_size=40))
def test_first_days_are_those_of_the_first_events(told: list[tuple[int, int, int]]) -> None:
    told.sort(key=lambda event: event[:2])
    columns = np.array(told, np.int64).reshape(-1, 3).T
    people = sorted({who for who, *_ in told})
    found = np.full((2, len(people)), -1, np.int32)
    kinds = (np.uint32, np.int32, np.int16)
    slots = np.array([-1, 1, 0, -1], np.int64)  # event 2 in the first row, event 1 in the second
    telling.first_days(*(c.astype(k) for c, k in zip(columns, kinds, strict=True)), slots, found)
    for row, wanted in enumerate((2, 1)):
        days = [
            [day for who, day, event in told if who == one and event == wanted] for one in people
        ]
        assert found[row].tolist() == [min(each, default=-1) for each in days]
