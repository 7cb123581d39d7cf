"""Counting in one pass over the events of a replication, and quantiles of a moving window.

Kernels: they know numbers only. What the classes of events mean is told in `patterns.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Ints = NDArray[np.int64]
Days = NDArray[np.int32]
Codes = NDArray[Any]  # of one kind, int8 or int16


@njit(_nrt=False, cache=True, forceinline=True)
def feed_at(feed_first: Ints, who: int) -> int:
    """Number of the feed that made a person."""
    low, high = 0, len(feed_first)
    while low < high:
        middle = (low + high) // 2
        if feed_first[middle] <= who:
            low = middle + 1
        else:
            high = middle
    return low - 1


@njit(_nrt=False, cache=True, forceinline=True)
def end_person(joined: Ints, first: Ints, answered: Days, waits: Days, waited: Ints) -> None:
    """Write down the waits of a person whose events have all been seen, and forget the person."""
    for k in range(len(waited)):
        if joined[k] >= 0 and first[k] >= 0:
            answered[k, waited[k]] = first[k]
            waits[k, waited[k]] = first[k] - joined[k]
            waited[k] += 1
        joined[k] = first[k] = -1


@njit(_nrt=False, cache=True)
def tally(
    person: NDArray[np.uint32],
    day: NDArray[np.int32],
    place: NDArray[np.int16],
    event: Codes,
    outcome: Codes,
    stage: Codes,
    feed_first: Ints,
    group_of_feed: Ints,
    in_cohort: NDArray[np.bool_],
    pair_of: Ints,
    class_of: NDArray[np.int32],
    joins: Ints,
    answers: Ints,
    scratch: Ints,
    classes: NDArray[np.int32],
    by_day: Numbers,
    flow: Ints,
    outcomes: Ints,
    answered: Days,
    waits: Days,
    waited: Ints,
) -> int:
    """Fill the last seven arrays with counts of the events, sorted by person; how many persons.

    Args:
        person: (events,) whose event it is.
        day: (events,) days since the run's first.
        place: (events,) number, -1 for none; so are the next three.
        event: (events,) what happened.
        outcome: (events,) with what outcome.
        stage: (events,) where the person is then.
        feed_first: (feeds,) first person of each feed, ascending.
        group_of_feed: (feeds,) third index of `class_of`.
        in_cohort: (feeds,) whose flow and outcomes count.
        pair_of: (events known, outcomes known + 1) first index of `class_of`; the last column
            is for no outcome.
        class_of: (pairs, places + 1, groups) class of such an event; 0 is counted nowhere.
        joins: (classes,) bit k is set where an event of the class begins a wait of kind k.
        answers: (classes,) bit k is set where it is what that wait is for.
        scratch: (2, kinds).
        classes: (events,) gets the class of each, or is empty.
        by_day: (classes, T) gets the events of each class and day.
        flow: (stages + 1, stages + 1) gets the moves of the cohort between stages.
        outcomes: (events known, outcomes known + 1) gets the events of the cohort.
        answered: (kinds, most persons) gets the day of the first answer to each person who waited
            and had one.
        waits: (kinds, most persons) gets the days from the first joining to that.
        waited: (kinds,) zeros, gets how many such persons there are.
    """
    days = by_day.shape[1]
    none, nowhere, outside = pair_of.shape[1] - 1, class_of.shape[1] - 1, flow.shape[0] - 1
    keep, kinds = len(classes) > 0, len(waited)
    joined, first = scratch[0], scratch[1]
    joined[:] = first[:] = -1
    last = np.int64(-1)
    persons = 0
    group, counted, before = np.int64(0), False, outside
    touched = False
    for i in range(len(person)):
        who = np.int64(person[i])
        if who != last:
            if touched:
                end_person(joined, first, answered, waits, waited)
                touched = False
            feed = feed_at(feed_first, who)
            group, counted, before = group_of_feed[feed], in_cohort[feed], outside
            last = who
            persons += 1
        e = event[i]
        o = outcome[i] if outcome[i] >= 0 else none
        p = place[i] if place[i] >= 0 else nowhere
        c = class_of[pair_of[e, o], p, group]
        if keep:
            classes[i] = c
        if c and 0 <= day[i] < days:
            by_day[c, day[i]] += 1.0
        if joins[c] | answers[c]:
            touched = True
            for k in range(kinds):
                if joins[c] >> k & 1 and joined[k] < 0:
                    joined[k] = day[i]
                if answers[c] >> k & 1 and first[k] < 0:
                    first[k] = day[i]
        if counted:
            outcomes[e, o] += 1
            now = stage[i]
            if now >= 0:
                if now != before:
                    flow[before, now] += 1
                before = now
    end_person(joined, first, answered, waits, waited)
    return persons


@njit(_nrt=False, cache=True)
def by_day_answered(
    answered: Days, waits: Days, starts: Ints, days_in_order: Days, waits_in_order: Days
) -> None:
    """Fill the last two arrays with the first two, sorted by day; equal days keep their order.

    Args:
        answered: (n,) days, 0 to the length of `starts` less 1.
        waits: (n,) what goes with them.
        starts: zeros, one for each day; used as scratch.
        days_in_order: (n,).
        waits_in_order: (n,).
    """
    for i in range(len(answered)):
        starts[answered[i]] += 1
    total = 0
    for day in range(len(starts)):
        count = starts[day]
        starts[day] = total
        total += count
    for i in range(len(answered)):
        at = starts[answered[i]]
        days_in_order[at], waits_in_order[at] = answered[i], waits[i]
        starts[answered[i]] += 1


@njit(_nrt=False, cache=True)
def first_answers(
    person: NDArray[np.uint32],
    day: NDArray[np.int32],
    stage: Codes,
    classes: NDArray[np.int32],
    joins: NDArray[np.bool_],
    answers: NDArray[np.bool_],
    rows: Ints,
    answered: Ints,
    gone: Ints,
    days: int,
) -> int:
    """Fill the three arrays before the last, one entry for each person who joins; how many do.

    Args:
        person: (events,) ascending.
        day: (events,) ascending for each person.
        stage: (events,) where the person is then, -1 for events of other tracks.
        classes: (events,) class of each event.
        joins: (classes,) whether an event of the class joins a list.
        answers: (classes,) whether it answers.
        rows: gets the number of the first event that joins.
        answered: gets the day of the person's first answer, `days` without one.
        gone: gets the day of the next event that answers, joins or has a stage, or `days`.
        days: T, days of the run.
    """
    found = 0
    last = np.int64(-1)
    joined, first, following = np.int64(-1), np.int64(days), np.int64(days)
    for i in range(len(person)):
        who = np.int64(person[i])
        if who != last:
            if joined >= 0:
                rows[found], answered[found], gone[found] = joined, first, following
                found += 1
            joined, first, following = np.int64(-1), np.int64(days), np.int64(days)
            last = who
        c = classes[i]
        answer, join = answers[c], joins[c]
        if following == days and joined >= 0 and (answer or join or stage[i] >= 0):
            following = np.int64(day[i])
        if answer and first == days:
            first = np.int64(day[i])
        if join and joined < 0:
            joined = np.int64(i)
    if joined >= 0:
        rows[found], answered[found], gone[found] = joined, first, following
        found += 1
    return found


@njit(_nrt=False, cache=True)
def moving_quantile(
    day: Days, value: Days, over: int, share: float, counts: Ints, found: Numbers
) -> None:
    """Fill `found` (T,) with a quantile of the values of the last `over` days, this one included.

    The quantile lies between the two nearest values as numpy's does; a day whose window is empty
    is left as it is.

    Args:
        day: (n,) ascending, 0 to T - 1.
        value: (n,) 0 to the length of `counts` less 1.
        over: days in the window.
        share: of the values below, 0 to 1.
        counts: zeros, one for each value that may come; used as scratch.
        found: (T,) where the quantiles go.
    """
    first, end = 0, 0
    at, below = 0, 0  # `below` values of the window are less than `at`
    for d in range(len(found)):
        while end < len(day) and day[end] <= d:
            counts[value[end]] += 1
            below += 1 if value[end] < at else 0
            end += 1
        while first < end and day[first] <= d - over:
            counts[value[first]] -= 1
            below -= 1 if value[first] < at else 0
            first += 1
        size = end - first
        if size == 0:
            continue
        exact = (size - 1) * share
        rank = int(exact)
        while below > rank:
            at -= 1
            below -= counts[at]
        while below + counts[at] <= rank:
            below += counts[at]
            at += 1
        above = at
        if rank + 1 < size and below + counts[at] <= rank + 1:
            above += 1
            while counts[above] == 0:
                above += 1
        found[d] = at + (above - at) * (exact - rank)
