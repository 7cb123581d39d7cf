"""Sorting the log of a replication by person, and telling each row as the events it stands for.

Kernels: they know numbers only. What the numbers mean is told in `histories.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from asylumatlas.sim.randomness import K1, draw

Ints = NDArray[np.int64]
Shorts = NDArray[np.int16]
Codes = NDArray[Any]  # of one kind, int8 or int16
Words = NDArray[np.uint64]
U = np.uint64
DIGIT = 12  # least bits that the second pass of the sort looks at, where there are as many


@njit(_nrt=False, cache=True)
def place_by_digit(source: Words, target: Words, shift: int, ends: Ints) -> None:
    """Copy rows to `target`, sorted by some of their bits; rows with equal bits keep their order.

    Args:
        source: (n,) rows.
        target: (n,) where they go.
        shift: of the lowest bit looked at.
        ends: (digits,) scratch; its length, a power of 2, says how many bits are looked at.
    """
    mask, low = U(len(ends) - 1), U(shift)
    ends[:] = 0
    for i in range(len(source)):
        ends[(source[i] >> low) & mask] += 1
    total = 0
    for digit in range(len(ends)):
        count = ends[digit]
        ends[digit] = total
        total += count
    for i in range(len(source)):
        digit = (source[i] >> low) & mask
        target[ends[digit]] = source[i]
        ends[digit] += 1


@njit(_nrt=False, cache=True)
def place_within(source: Words, target: Words, low: int, ends: Ints, lower: Ints) -> None:
    """Copy rows sorted by the bits above `low` to `target`, sorted by those below it, too.

    Args:
        source: (n,) rows; those alike in the bits above fit into a cache.
        target: (n,) where they go.
        low: bits not sorted by before.
        ends: (digits,) where the rows of each value of the bits above end.
        lower: (2**low,) scratch.
    """
    mask, start = U(len(lower) - 1), 0
    for high in range(len(ends)):
        end = ends[high]
        if end > start:
            lower[:] = 0
            for i in range(start, end):
                lower[source[i] & mask] += 1
            total = start
            for digit in range(len(lower)):
                count = lower[digit]
                lower[digit] = total
                total += count
            for i in range(start, end):
                digit = source[i] & mask
                target[lower[digit]] = source[i]
                lower[digit] += 1
        start = end


def by_person(log: Words, into: Words | None = None) -> Words:
    """Packed log rows sorted by person, those of a person in their order: a radix sort.

    First by the upper half of the person's bits in use, then each heap of rows by itself, while
    caches hold it.

    Args:
        log: (n,) rows.
        into: (n,) where the sorted rows go, `log` itself if it is not needed any more; default a
            new array.

    Example:
        >>> rows = np.array([(9 << 32) + 5, (8 << 32) + 3, (7 << 32) + 5], np.uint64)
        >>> (by_person(rows) >> np.uint64(32)).tolist()
        [8, 9, 7]
    """
    rows = np.empty_like(log) if into is None else into
    if not len(log):
        return rows
    highest = int(np.bitwise_or.reduce(log) & U(0xFFFFFFFF))
    bits = max(highest.bit_length(), 1)
    low = min(max(DIGIT, -(-bits // 2)), bits)
    heaps, ends = np.empty_like(log), np.zeros(1 << (bits - low), np.int64)
    place_by_digit(log, heaps, low, ends)
    place_within(heaps, rows, low, ends, np.zeros(1 << low, np.int64))
    return rows


@njit(_nrt=False, cache=True)
def count_events(
    rows: Words,
    feed_first: Ints,
    is_stock: NDArray[np.bool_],
    length: Ints,
    starts_stock: NDArray[np.bool_],
) -> int:
    """How many events rows that are sorted by person stand for; arguments as for `expand`."""
    total, feed, last = 0, 0, np.int64(-1)
    for i in range(len(rows)):
        who = np.int64(rows[i] & U(0xFFFFFFFF))
        mark = rows[i] >> U(53)
        if who != last:
            last = who
            while feed + 1 < len(feed_first) and feed_first[feed + 1] <= who:
                feed += 1
            if is_stock[feed] and not starts_stock[mark]:
                total += 1
        total += length[mark]
    return total


@njit(_nrt=False, cache=True)
def expand(
    rows: Words,
    feed_first: Ints,
    is_stock: NDArray[np.bool_],
    feed_stage: Shorts,
    feed_outcome: Shorts,
    length: Ints,
    starts_stock: NDArray[np.bool_],
    first: Ints,
    words: Shorts,
    stock_event: int,
    person: NDArray[np.uint32],
    day: NDArray[np.int32],
    place: Shorts,
    event: Codes,
    outcome: Codes,
    stage: Codes,
) -> None:
    """Fill the last six arrays, one entry for each event, sorted by person.

    Args:
        rows: (n,) packed rows, sorted by person.
        feed_first: (feeds,) first person of each feed, ascending.
        is_stock: (feeds,) whether its people were there before the first day: unless their first
            row says so itself, an event that does is put before it.
        feed_stage: (feeds,) stage of that event.
        feed_outcome: (feeds,) outcome of that event.
        length: (marks,) events that a row with this mark stands for.
        starts_stock: (marks,) whether the first of them says that the person was there before.
        first: (marks,) where in `words` they begin.
        words: (events of all marks, 3) event, outcome and stage.
        stock_event: the event of those who were there before.
        person: (events,) whose event it is; as many as `count_events` says.
        day: (events,) days since the run's first.
        place: (events,) number; so are the next three, -1 for none.
        event: (events,) what happened.
        outcome: (events,) with what outcome.
        stage: (events,) where the person is then.
    """
    at, feed, last = U(0), 0, np.int64(-1)
    for i in range(len(rows)):
        row = rows[U(i)]
        who = np.int64(row & U(0xFFFFFFFF))
        on = np.int32((row >> U(32)) & U(0x1FFF))
        where = np.int16((row >> U(45)) & U(0xFF))
        mark = row >> U(53)
        if who != last:
            last = who
            while feed + 1 < len(feed_first) and feed_first[feed + 1] <= who:
                feed += 1
            if is_stock[feed] and not starts_stock[mark]:
                person[at], day[at], place[at] = np.uint32(who), 0, where
                event[at] = stock_event
                outcome[at], stage[at] = feed_outcome[feed], feed_stage[feed]
                at += U(1)
        for k in range(first[mark], first[mark] + length[mark]):
            word = U(k)
            person[at], day[at], place[at] = np.uint32(who), on, where
            event[at], outcome[at], stage[at] = words[word, 0], words[word, 1], words[word, 2]
            at += U(1)


@njit(_nrt=False, cache=True)
def number_events(person: NDArray[np.uint32], seq: NDArray[np.uint16]) -> None:
    """Fill `seq` (events,) with the number of each event within its person's, from 0."""
    number = 0
    for i in range(len(person)):
        number = number + 1 if i and person[i] == person[i - 1] else 0
        seq[i] = number


@njit(_nrt=False, cache=True)
def first_days(
    person: NDArray[np.uint32],
    day: NDArray[np.int32],
    event: Codes,
    slot_of: Ints,
    found: Shorts,
) -> None:
    """Fill `found` (slots, persons), which holds -1, with the day of each person's first event.

    Args:
        person: (events,) ascending.
        day: (events,) ascending for each person.
        event: (events,) what happened.
        slot_of: (events known,) which slot an event fills, -1 for none.
        found: (slots, persons) gets the days; persons in the order of their numbers.
    """
    row = -1
    for i in range(len(person)):
        if i == 0 or person[i] != person[i - 1]:
            row += 1
        slot = slot_of[event[i]]
        if slot >= 0 and found[slot, row] < 0:
            found[slot, row] = day[i]


@njit(_nrt=False, cache=True)
def earliest(found: Shorts, day: NDArray[np.int32], slot: Shorts) -> None:
    """Fill `day` and `slot` (persons,) with the lowest of each column that is not -1, and its row.

    Args:
        found: (slots, persons) days, -1 for none; of equal days the first counts.
        day: gets the day, -1 where there is none.
        slot: gets the row, -1 where there is none.
    """
    for i in range(found.shape[1]):
        day[i] = slot[i] = -1
        for k in range(found.shape[0]):
            if found[k, i] >= 0 and (slot[i] < 0 or found[k, i] < day[i]):
                day[i], slot[i] = found[k, i], k


@njit(_nrt=False, cache=True)
def feeds_of(person: NDArray[np.uint32], feed_first: Ints, found: Shorts) -> None:
    """Fill `found` (persons,) with the last feed whose first person is not above each person.

    Args:
        person: (persons,) number, at least the first feed's.
        feed_first: (feeds,) first person of each, ascending.
        found: gets the feeds; quickly, where neighbours are of one feed.
    """
    last = len(feed_first) - 1
    feed = 0
    for i in range(len(person)):
        who = np.int64(person[i])
        while feed > 0 and who < feed_first[feed]:
            feed -= 1
        while feed < last and who >= feed_first[feed + 1]:
            feed += 1
        found[i] = feed


@njit(_nrt=False, cache=True)
def first_classes(
    person: NDArray[np.uint32],
    feed: Shorts,
    feed_key: Words,
    feed_purpose: Words,
    feed_table: Ints,
    class_luts: NDArray[np.uint8],
    found: Shorts,
) -> None:
    """Fill `found` (persons,) with the class that each person's lottery gave.

    Args:
        person: (persons,) number.
        feed: (persons,) who made them.
        feed_key: (feeds,) random key of the feed's person 0.
        feed_purpose: (feeds,) what the luck of the lottery is for.
        feed_table: (feeds,) row of `class_luts`.
        class_luts: (tables, 4096) class by 12 random bits.
        found: gets the classes.
    """
    for i in range(len(person)):
        f = U(feed[i])
        bits = draw(feed_key[f] + U(person[i]) * K1, feed_purpose[f])
        found[i] = class_luts[U(feed_table[f]), bits & U(4095)]
