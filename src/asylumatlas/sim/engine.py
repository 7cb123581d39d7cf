"""The day kernel: one generic machine of queues, calendars, crews and beds.

It knows no word of immigration; `rules.py` translates a scenario into its tables. A person is a
token of two 64-bit words (`tokens.py`) that moves (`moves.py`) through queues and day buckets
(`buckets.py`), so that memory is streamed.

A day has seven steps, always in this order:

    1 releases   beds whose stay ends this morning are free
    2 arrivals   feeds create people; people whose day has come join their queue
    3 patience   who has waited long enough leaves for the destination the scenario names
    4 service    desks in order, lines by priority: as many as today's capacity, crews and space
                 allow; one draw decides what happens next, when, and where
    5 dockets    who was booked for today and could not be served is booked again
    6 meters     queues, beds and crews are written down
    7 books      people in = people inside + people out, or the run stops

`tests/engines/oracle.py` says the same in plain Python and must agree to the bit.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from asylumatlas.sim import tables as t
from asylumatlas.sim.buckets import (
    drop_head,
    drop_tail,
    fetch_chunk,
    fetch_head,
    head,
    people_inside,
    push,
    run_length,
)
from asylumatlas.sim.moves import book, dispatch, settle, settle_run
from asylumatlas.sim.randomness import LEAVE_PURPOSE, PATIENCE_PURPOSE, draw
from asylumatlas.sim.tokens import (
    KEEP_SINCE,
    SPACE_BITS,
    VISIT,
    class_of,
    days_waited,
    freshen,
    in_custody,
    key_of,
    note,
    occupy,
    place_of,
    visits_of,
)

__all__ = ["advance", "people_inside", "sweep"]

U = np.uint64


@njit(_nrt=False, cache=True)
def release(s: t.State, day: int) -> None:
    """Step 1: stays that end this morning."""
    for space in range(s.occupied.size):
        s.occupied[space] -= s.leaving[space, day]
        s.leaving[space, day] = 0


@njit(_nrt=False, cache=True)
def create(m: t.Model, s: t.State, day: int) -> None:
    """Step 2a: every feed creates today's people."""
    for feed in range(len(m.feeds)):
        first = m.feeds[feed, t.FEED_FIRST] + day * m.feeds[feed, t.FEED_WIDTH]
        for k in range(m.arrivals[day, feed]):
            w0 = U(first + k) | U(feed) << U(32) | U(m.feeds[feed, t.FEED_PLACE]) << U(48)
            purpose = m.station_salt[m.feeds[feed, t.FEED_STATION]]
            r = draw(key_of(m, w0), purpose)
            lottery = draw(key_of(m, w0), purpose + PATIENCE_PURPOSE)
            w0 |= U(m.class_luts[m.feeds[feed, t.FEED_CLASS_LUT], lottery & U(4095)]) << U(40)
            ages = m.feeds[feed, t.FEED_AGE]
            age = np.int64(m.delays[ages, (lottery >> U(12)) & U(1023)]) if ages >= 0 else 0
            s.counters[t.CREATED] += 1
            settle(m, s, day, w0, U(0), m.feeds[feed, t.FEED_ROW], r, age)


@njit(_nrt=False, cache=True)
def recall(m: t.Model, s: t.State, day: int) -> None:
    """Step 2b: people whose day has come join their queue. Nobody is put on today's bucket now."""
    b = len(m.lines) + day
    while s.buckets[b, t.SIZE] > 0:
        p = head(s, b)
        tokens = run_length(s, b, s.buckets[b, t.SIZE])
        fetch_chunk(s, s.after[s.buckets[b, t.HEAD]])
        for i in range(p, p + tokens):
            arrive(m, s, day, s.pool[U(2 * i)], s.pool[U(2 * i + 1)])
        drop_head(s, b, tokens)


@njit(_nrt=False, cache=True, forceinline=True)
def arrive(m: t.Model, s: t.State, day: int, w0: np.uint64, w1: np.uint64) -> None:
    """One person whose day has come: to the line, or on to where a release has moved them."""
    place = place_of(w0)
    if w1 & SPACE_BITS:
        w0, w1 = freshen(m, s, w0, w1, day)
    station = (w1 >> U(32)) & U(0xFF)
    door = s.doors[station, place_of(w0)]
    if door < 0 or (door & 1 and place_of(w0) != place):
        s.counters[t.WASTED] += 1
        dispatch(m, s, day, w0, w1, np.int64(station), 1, 0)
        return
    line = (door >> 1) + m.routes[station, U(in_custody(m, w1, day)), class_of(w0), t.LINE]
    since = w1 & ~KEEP_SINCE if door & 1 else U(day + t.SINCE_ORIGIN)
    push(s, line, w0, (w1 & KEEP_SINCE) | since)


@njit(_nrt=False, cache=True)
def lose_patience(m: t.Model, s: t.State, day: int, desk: int) -> None:
    """Step 3: turn each line once; who has waited long enough leaves it."""
    station = m.desks[desk, t.STATION]
    salt = m.station_salt[station]
    for line in range(m.desks[desk, t.LINE0], m.desks[desk, t.LINE0] + m.desks[desk, t.LINES]):
        for _ in range(s.buckets[line, t.SIZE]):
            p = head(s, line)
            w0 = s.pool[2 * p]
            w1 = s.pool[2 * p + 1]
            drop_head(s, line, 1)
            cls = class_of(w0)
            held = in_custody(m, w1, day)
            table = m.routes[station, held, cls, t.PATIENCE]
            waited = days_waited(w1, day)
            visit = visits_of(w0)
            stays = True
            if table >= 0:
                bits = draw(key_of(m, w0), salt + PATIENCE_PURPOSE + visit)
                stays = waited < m.delays[table, bits & U(1023)]
            if stays:
                push(s, line, w0, w1)
            else:
                s.wait_days[desk] += waited
                s.counters[t.EVENTS] += 1
                w0, w1 = freshen(m, s, w0, w1, day)
                r = draw(key_of(m, w0), salt + LEAVE_PURPOSE + visit)
                settle(m, s, day, w0 + VISIT, w1, m.routes[station, held, cls, t.LEAVE_ROW], r, 0)


@njit(_nrt=False, cache=True, forceinline=True)
def draw_run(
    m: t.Model, s: t.State, day: int, salt: np.uint64, p: int, tokens: int
) -> tuple[int, np.uint64]:
    """The luck of tokens from position `p` on; returns days waited in all, and bits of spaces."""
    waited = 0
    spaces = U(0)
    for i in range(tokens):
        w0 = s.pool[U(2 * (p + i))]
        w1 = s.pool[U(2 * (p + i) + 1)]
        waited += days_waited(w1, day)
        spaces |= w1 & SPACE_BITS
        s.draws[U(i)] = draw(key_of(m, w0), salt + visits_of(w0))
    return waited, spaces


@njit(_nrt=False, cache=True)
def serve_freely(m: t.Model, s: t.State, day: int, desk: int, line: int, take: int) -> int:
    """Serve `take` tokens from the front of a line that needs no space, a chunk at a time."""
    station = m.desks[desk, t.STATION]
    left = take
    while left > 0:
        p = head(s, line)
        tokens = run_length(s, line, left)
        fetch_chunk(s, s.after[s.buckets[line, t.HEAD]])
        waited, spaces = draw_run(m, s, day, m.station_salt[station], p, tokens)
        s.wait_days[desk] += waited
        if spaces == 0:
            settle_run(m, s, day, station, p, tokens)
        else:
            serve_holders(m, s, day, station, p, tokens)
        drop_head(s, line, tokens)
        left -= tokens
    return take


@njit(_nrt=False, cache=True)
def serve_holders(m: t.Model, s: t.State, day: int, station: int, p: int, tokens: int) -> None:
    """Serve tokens from position `p` on, some of which hold a space, with the bits in `draws`."""
    for i in range(tokens):
        w0 = s.pool[U(2 * (p + i))]
        w1 = s.pool[U(2 * (p + i) + 1)]
        row = m.routes[station, in_custody(m, w1, day), class_of(w0), t.ROW]
        w0, w1 = freshen(m, s, w0, w1, day)
        settle(m, s, day, w0 + VISIT, w1, row, s.draws[i], 0)


@njit(_nrt=False, cache=True)
def serve_line(m: t.Model, s: t.State, day: int, desk: int, line: int, take: int) -> int:
    """Serve up to `take` tokens of a line one by one; returns how many: a full space may stop."""
    station = m.desks[desk, t.STATION]
    salt = m.station_salt[station]
    space = m.lines[line, t.SPACE]
    lifo = m.orders[m.lines[line, t.ORDER], day] == 1
    done = 0
    while done < take:
        p = s.buckets[line, t.WRITE] - 1 if lifo else head(s, line)
        w0 = s.pool[2 * p]
        w1 = s.pool[2 * p + 1]
        held = in_custody(m, w1, day)
        column = t.ROW
        if space >= 0 and s.occupied[space] >= m.room[day, space]:
            column = t.FULL_ROW
            if m.routes[station, held, class_of(w0), t.FULL_ROW] < 0:
                break
        if lifo:
            drop_tail(s, line)
        else:
            drop_head(s, line, 1)
        s.wait_days[desk] += days_waited(w1, day)
        row = m.routes[station, held, class_of(w0), column]
        w0, w1 = freshen(m, s, w0, w1, day)
        if space >= 0 and column == t.ROW:
            w1 = occupy(s, w1, space)
        r = draw(key_of(m, w0), salt + visits_of(w0))
        settle(m, s, day, w0 + VISIT, w1, row, r, 0)
        done += 1
    return done


@njit(_nrt=False, cache=True, forceinline=True)
def affordable(m: t.Model, s: t.State, crew: int, units: int) -> int:
    """How many services of so many units a crew can begin now; one that carries may overrun."""
    return (s.left[crew] + (units - 1) * m.crew_carries[crew]) // units


@njit(_nrt=False, cache=True)
def capacity(m: t.Model, s: t.State, day: int, desk: int) -> int:
    """How many services this desk can give now: its own limit and what its crews have left."""
    most = m.quota[day, desk]
    if most == t.UNLIMITED:
        most = 1 << 40
    crew = m.desks[desk, t.CREW_A]
    if crew >= 0 and m.desks[desk, t.RESERVED_A] == 0:
        most = min(most, affordable(m, s, crew, m.desks[desk, t.UNITS_A]))
    crew = m.desks[desk, t.CREW_B]
    if crew >= 0 and m.desks[desk, t.RESERVED_B] == 0:
        most = min(most, affordable(m, s, crew, m.desks[desk, t.UNITS_B]))
    return most


@njit(_nrt=False, cache=True, forceinline=True)
def fetch_next_lines(m: t.Model, s: t.State, desk: int) -> None:
    """Have the heads of the two lines after a desk's own in the cache when their turn comes."""
    following = m.desks[desk, t.LINE0] + m.desks[desk, t.LINES]
    for line in range(following, min(following + 2, len(m.lines))):
        fetch_head(s, line)


@njit(_nrt=False, cache=True, forceinline=True)
def is_idle(m: t.Model, s: t.State, desk: int) -> bool:
    """Whether nobody stands in any line of a desk: most desks, on most days of a small run."""
    people = 0
    for line in range(m.desks[desk, t.LINE0], m.desks[desk, t.LINE0] + m.desks[desk, t.LINES]):
        people += s.buckets[line, t.SIZE]
    return people == 0


@njit(_nrt=False, cache=True)
def serve(m: t.Model, s: t.State, day: int, desk: int) -> None:
    """Step 4 for one desk: its lines in the order of their priority."""
    most = capacity(m, s, day, desk)
    if most <= 0:
        return
    fetch_next_lines(m, s, desk)
    done = 0
    for line in range(m.desks[desk, t.LINE0], m.desks[desk, t.LINE0] + m.desks[desk, t.LINES]):
        take = min(most - done, s.buckets[line, t.SIZE])
        lifo = m.orders[m.lines[line, t.ORDER], day] == 1
        if take > 0 and m.lines[line, t.SPACE] < 0 and not lifo:
            done += serve_freely(m, s, day, desk, line, take)
        elif take > 0:
            done += serve_line(m, s, day, desk, line, take)
    s.served[day, desk] += done
    s.counters[t.EVENTS] += done
    crew = m.desks[desk, t.CREW_A]
    if crew >= 0:
        s.left[crew] -= done * m.desks[desk, t.UNITS_A]
    crew = m.desks[desk, t.CREW_B]
    if crew >= 0:
        s.left[crew] -= done * m.desks[desk, t.UNITS_B]


@njit(_nrt=False, cache=True)
def postpone(m: t.Model, s: t.State, day: int, desk: int) -> None:
    """Step 5: whoever was booked for today and was not served gets the next free slot."""
    mark = m.stations[m.desks[desk, t.STATION], t.POSTPONE_MARK]
    for line in range(m.desks[desk, t.LINE0], m.desks[desk, t.LINE0] + m.desks[desk, t.LINES]):
        for _ in range(s.buckets[line, t.SIZE]):
            p = head(s, line)
            w0 = s.pool[2 * p]
            w1 = s.pool[2 * p + 1]
            drop_head(s, line, 1)
            note(s, w0, day, mark)
            s.counters[t.POSTPONED] += 1
            book(m, s, day, w0, w1, desk, day + 1)


@njit(_nrt=False, cache=True)
def measure(m: t.Model, s: t.State, day: int) -> None:
    """Step 6: queues, beds and crews at the end of the day."""
    for desk in range(len(m.desks)):
        for line in range(m.desks[desk, t.LINE0], m.desks[desk, t.LINE0] + m.desks[desk, t.LINES]):
            people = s.buckets[line, t.SIZE]
            if people > 0:  # what is written down is 0 before
                s.waiting[day, line] = people
                s.queue_days[desk] += people
    for space in range(s.occupied.size):
        s.beds[day, space] = s.occupied[space]
    for crew in range(s.left.size):
        s.used[day, crew] = m.crews[day, crew] - max(s.left[crew], 0)


@njit(_nrt=False, cache=True)
def new_epoch(m: t.Model, s: t.State, day: int) -> None:
    """Forget which days were full when the plan that clerks know changes."""
    if day > 0 and m.epoch_of[day] != m.epoch_of[day - 1]:
        for booked in range(s.next_free.shape[0]):
            for d in range(s.next_free.shape[1]):
                s.next_free[booked, d] = d


@njit(_nrt=False, cache=True)
def people_ahead(m: t.Model, s: t.State, day: int) -> int:
    """Tokens in lines and on days to come: all that there may be when a day has ended."""
    inside = 0
    for line in range(len(m.lines)):
        inside += s.buckets[line, t.SIZE]
    for later in range(len(m.lines) + day + 1, len(s.buckets)):
        inside += s.buckets[later, t.SIZE]
    return inside


@njit(_nrt=False, cache=True)
def one_day(m: t.Model, s: t.State, day: int) -> None:
    """All seven steps of a day."""
    new_epoch(m, s, day)
    release(s, day)
    create(m, s, day)
    recall(m, s, day)
    for desk in range(len(m.desks)):
        if m.desks[desk, t.IMPATIENT] == 1:
            lose_patience(m, s, day, desk)
    for crew in range(s.left.size):
        s.left[crew] = m.crews[day, crew] + min(s.left[crew], 0)
    for desk in range(len(m.desks)):
        if is_idle(m, s, desk):
            continue
        serve(m, s, day, desk)
        if m.desks[desk, t.BOOKED] >= 0:
            postpone(m, s, day, desk)
    measure(m, s, day)
    if s.counters[t.CREATED] != s.counters[t.CLOSED] + people_ahead(m, s, day):
        s.counters[t.FAULT] = 2


@njit(_nrt=False, cache=True, nogil=True)
def advance(m: t.Model, s: t.State, until: int) -> int:
    """Run days up to `until` (not included), or until the log buffer is nearly full or a fault.

    Args:
        m: the tables.
        s: the state, changed in place.
        until: a day number, at most T.

    Returns:
        The next day to run. The caller drains the log, resets `counters[LOG_ROWS]` and calls again.
    """
    while s.counters[t.DAY] < until and s.counters[t.FAULT] == 0:
        day = s.counters[t.DAY]
        rows = s.counters[t.LOG_ROWS]
        if s.log.size > 0 and rows > 0 and s.log.size - rows < 2 * s.counters[t.MOST_ROWS] + 4096:
            break
        one_day(m, s, day)
        # the most a day wrote lately: the stock of day one must not call for a drain every day
        lately = s.counters[t.MOST_ROWS] - s.counters[t.MOST_ROWS] // 8
        s.counters[t.MOST_ROWS] = max(lately, s.counters[t.LOG_ROWS] - rows)
        s.counters[t.DAY] = day + 1
    return s.counters[t.DAY]


@njit(_nrt=False, cache=True)
def sweep(m: t.Model, s: t.State, day: int) -> None:
    """After the last day: note the releases that have passed and nobody has looked at since."""
    for b in range(len(s.buckets)):
        for _ in range(s.buckets[b, t.SIZE]):
            p = head(s, b)
            w0 = s.pool[2 * p]
            w1 = s.pool[2 * p + 1]
            drop_head(s, b, 1)
            w0, w1 = freshen(m, s, w0, w1, day)
            push(s, b, w0, w1)
