"""The day kernel: one generic machine of queues, calendars, crews and beds.

It knows no word of immigration; `rules.py` translates a scenario into its tables. A person is a
token of two 64-bit words that moves through queues and day buckets, so that memory is streamed:

    word 0: person 32 | feed 8 | class 8 | place 8 | visits 8
    word 1: waiting since 16 | release day 16 | station 8 | space 8 | way of release 8 | spare 8

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

from asylumatlas.sim.randomness import (
    K1,
    LEAVE_PURPOSE,
    PATIENCE_PURPOSE,
    RELEASE_SALT,
    draw,
)
from asylumatlas.sim.tables import (
    BOOKED,
    CHUNK,
    CLASS_MAP,
    CLOSED,
    COUNT,
    CREATED,
    CREW_A,
    CREW_B,
    DAY,
    DELAY,
    DEST,
    END,
    EVENTS,
    FAULT,
    FAULT_PLACE,
    FAULT_STATION,
    FEED_AGE,
    FEED_CLASS_LUT,
    FEED_FIRST,
    FEED_PLACE,
    FEED_ROW,
    FEED_STATION,
    FEED_WIDTH,
    FIRST,
    FREE_CHUNK,
    FREES,
    FRESH_CHUNK,
    FULL_ROW,
    HEAD,
    IMPATIENT,
    LEAVE_ROW,
    LIFO,
    LINE,
    LINE0,
    LINES,
    LOG_LOST,
    LOG_ROWS,
    MARK,
    MOST_ROWS,
    NEVER,
    OFFSET,
    PATIENCE,
    PLACE_LUT,
    POSTPONE_MARK,
    POSTPONED,
    ROW,
    SINCE_ORIGIN,
    SIZE,
    SPACE,
    STATION,
    STAY,
    TAIL,
    THRESHOLD,
    UNITS_A,
    UNITS_B,
    UNLIMITED,
    WASTED,
    WAY,
    WAY_CLASS_MAP,
    WAY_MARK,
    WAY_PLACE_LUT,
    WRITE,
    Model,
    State,
)

U = np.uint64
LOW8 = U(0xFF)
LOW16 = U(0xFFFF)
LOW32 = U(0xFFFFFFFF)
VISIT = U(1) << U(56)
KEEP_CLASS = ~(LOW8 << U(40))
KEEP_PLACE = ~(LOW8 << U(48))
KEEP_SINCE = ~LOW16
KEEP_RELEASE = ~(LOW16 << U(16))
KEEP_STATION = ~(LOW8 << U(32))
KEEP_WAY = ~(LOW8 << U(48))
SPACE_BITS = LOW8 << U(40)
KEEP_NO_SPACE = ~((LOW16 << U(16)) | (LOW8 << U(40)) | (LOW8 << U(48)))
PERSON_BITS = U(0xFFFFFFFF)


# ---- buckets: chunked double-ended lists of tokens


@njit(_nrt=False, cache=True)
def take_chunk(s: State) -> int:
    """A free chunk, recycled if possible."""
    chunk = s.counters[FREE_CHUNK]
    if chunk >= 0:
        s.counters[FREE_CHUNK] = s.after[chunk]
        return chunk
    chunk = s.counters[FRESH_CHUNK]
    if chunk >= s.after.size:
        s.counters[FAULT] = 3
        return 0
    s.counters[FRESH_CHUNK] = chunk + 1
    return chunk


@njit(_nrt=False, cache=True)
def give_chunk(s: State, chunk: int) -> None:
    """Return a chunk for use by any bucket."""
    s.after[chunk] = s.counters[FREE_CHUNK]
    s.counters[FREE_CHUNK] = chunk


@njit(_nrt=False, cache=True)
def grow(s: State, b: int) -> int:
    """Give bucket `b` a new tail chunk; returns the write position in it."""
    chunk = take_chunk(s)
    tail = s.buckets[b, TAIL]
    s.after[chunk] = -1
    s.before[chunk] = tail
    if tail >= 0:
        s.after[tail] = chunk
    else:
        s.buckets[b, HEAD] = chunk
        s.buckets[b, OFFSET] = 0
    s.buckets[b, TAIL] = chunk
    s.buckets[b, END] = (chunk + 1) * CHUNK
    return chunk * CHUNK


@njit(_nrt=False, cache=True, forceinline=True)
def push(s: State, b: int, w0: np.uint64, w1: np.uint64) -> None:
    """Append a token to bucket `b`."""
    p = s.buckets[b, WRITE]
    if p == s.buckets[b, END]:
        p = grow(s, b)
    s.pool[2 * p] = w0
    s.pool[2 * p + 1] = w1
    s.buckets[b, WRITE] = p + 1
    s.buckets[b, SIZE] += 1


@njit(_nrt=False, cache=True)
def clear(s: State, b: int) -> None:
    """Empty bucket `b`, which holds no token and one chunk."""
    give_chunk(s, s.buckets[b, HEAD])
    s.buckets[b, HEAD] = -1
    s.buckets[b, TAIL] = -1
    s.buckets[b, WRITE] = 0
    s.buckets[b, END] = 0
    s.buckets[b, OFFSET] = 0


@njit(_nrt=False, cache=True, forceinline=True)
def head(s: State, b: int) -> int:
    """Position of the oldest token of a bucket that is not empty."""
    if s.buckets[b, OFFSET] == CHUNK:
        chunk = s.buckets[b, HEAD]
        following = s.after[chunk]
        give_chunk(s, chunk)
        s.before[following] = -1
        s.buckets[b, HEAD] = following
        s.buckets[b, OFFSET] = 0
    return s.buckets[b, HEAD] * CHUNK + s.buckets[b, OFFSET]


@njit(_nrt=False, cache=True, forceinline=True)
def drop_head(s: State, b: int, tokens: int) -> None:
    """Remove tokens from `head` on, all of them in its chunk."""
    s.buckets[b, OFFSET] += tokens
    s.buckets[b, SIZE] -= tokens
    if s.buckets[b, SIZE] == 0:
        clear(s, b)


@njit(_nrt=False, cache=True)
def drop_tail(s: State, b: int) -> None:
    """Remove the newest token."""
    p = s.buckets[b, WRITE] - 1
    s.buckets[b, SIZE] -= 1
    if s.buckets[b, SIZE] == 0:
        if s.buckets[b, HEAD] != s.buckets[b, TAIL]:
            give_chunk(s, s.buckets[b, HEAD])
            s.buckets[b, HEAD] = s.buckets[b, TAIL]
        clear(s, b)
        return
    chunk = s.buckets[b, TAIL]
    if p == chunk * CHUNK:
        previous = s.before[chunk]
        give_chunk(s, chunk)
        s.after[previous] = -1
        s.buckets[b, TAIL] = previous
        p = (previous + 1) * CHUNK
        s.buckets[b, END] = p
    s.buckets[b, WRITE] = p


# ---- reading a token


@njit(_nrt=False, cache=True, forceinline=True)
def key_of(m: Model, w0: np.uint64) -> np.uint64:
    """The person's own random key: (seed, feed, number within the feed)."""
    feed = np.int64((w0 >> U(32)) & LOW8)
    return m.seed[0] + m.feed_salt[feed] + (w0 & PERSON_BITS) * K1


@njit(_nrt=False, cache=True, forceinline=True)
def in_custody(m: Model, w1: np.uint64, day: int) -> int:
    """1 if the token holds a custody space today."""
    if w1 & SPACE_BITS == 0 or np.int64((w1 >> U(16)) & LOW16) <= day:
        return 0
    return m.space_held[np.int64((w1 >> U(40)) & LOW8) - 1]


@njit(_nrt=False, cache=True, forceinline=True)
def note(s: State, w0: np.uint64, day: int, mark: int) -> None:
    """One log row: person, day, place, mark."""
    if mark == 0 or s.log.size == 0:
        return
    n = s.counters[LOG_ROWS]
    if n == s.log.size:
        s.counters[LOG_LOST] += 1
        return
    place = (w0 >> U(48)) & LOW8
    s.log[n] = (w0 & PERSON_BITS) | U(day) << U(32) | place << U(45) | U(mark) << U(53)
    s.counters[LOG_ROWS] = n + 1


# ---- beds and other spaces


@njit(_nrt=False, cache=True)
def vacate(s: State, w1: np.uint64) -> np.uint64:
    """Give back the space a token holds, and its planned release."""
    space = np.int64((w1 >> U(40)) & LOW8) - 1
    release = np.int64((w1 >> U(16)) & LOW16)
    s.occupied[space] -= 1
    if release < s.leaving.shape[1]:
        s.leaving[space, release] -= 1
    return w1 & KEEP_NO_SPACE


@njit(_nrt=False, cache=True)
def occupy(s: State, w1: np.uint64, space: int) -> np.uint64:
    """Move a token into `space`, out of the one it held."""
    if w1 & SPACE_BITS:
        w1 = vacate(s, w1)
    s.occupied[space] += 1
    return w1 | U(space + 1) << U(40) | U(NEVER) << U(16)


@njit(_nrt=False, cache=True)
def plan_release(s: State, w1: np.uint64, release: int) -> np.uint64:
    """Set the day on which the stay ends; a day past the run is kept but never comes."""
    space = np.int64((w1 >> U(40)) & LOW8) - 1
    planned = np.int64((w1 >> U(16)) & LOW16)
    days = s.leaving.shape[1]
    if planned < days:
        s.leaving[space, planned] -= 1
    if release < days:
        s.leaving[space, release] += 1
    return (w1 & KEEP_RELEASE) | U(min(release, NEVER - 1)) << U(16)


@njit(_nrt=False, cache=True)
def freshen(m: Model, s: State, w0: np.uint64, w1: np.uint64, day: int) -> tuple:
    """Apply a release whose day has passed: note it on its own day, move and reclass the person."""
    if w1 & SPACE_BITS == 0 or np.int64((w1 >> U(16)) & LOW16) > day:
        return w0, w1
    way = np.int64((w1 >> U(48)) & LOW8)
    note(s, w0, np.int64((w1 >> U(16)) & LOW16), m.ways[way, WAY_MARK])
    lut = m.ways[way, WAY_PLACE_LUT]
    if lut >= 0:
        bits = draw(key_of(m, w0), RELEASE_SALT + (w0 >> U(56))) & U(4095)
        w0 = (w0 & KEEP_PLACE) | U(m.place_luts[lut, bits]) << U(48)
    reclass = m.ways[way, WAY_CLASS_MAP]
    if reclass >= 0:
        w0 = (w0 & KEEP_CLASS) | U(m.class_maps[reclass, (w0 >> U(40)) & LOW8]) << U(40)
    return w0, w1 & KEEP_NO_SPACE


# ---- moving a token on


@njit(_nrt=False, cache=True)
def first_free(m: Model, s: State, booked: int, epoch: int, earliest: int) -> int:
    """First day on or after `earliest` with a slot in the plan as known now; T if none."""
    days = s.booked.shape[1]
    d = min(earliest, days)
    while True:
        while s.next_free[booked, d] != d:
            s.next_free[booked, d] = s.next_free[booked, s.next_free[booked, d]]
            d = s.next_free[booked, d]
        if d == days or s.booked[booked, d] < m.plan[epoch, booked, d]:
            return d
        s.next_free[booked, d] = d + 1


@njit(_nrt=False, cache=True)
def book(m: Model, s: State, day: int, w0: np.uint64, w1: np.uint64, desk: int, earliest: int) -> None:
    """Put a token in the first free slot of a docket."""
    booked = m.desks[desk, BOOKED]
    slot = first_free(m, s, booked, m.epoch_of[day], earliest)
    if slot < m.quota.shape[0]:
        s.booked[booked, slot] += 1
    push(s, len(m.lines) + slot, w0, w1)


@njit(_nrt=False, cache=True, forceinline=True)
def join(m: Model, s: State, w0: np.uint64, w1: np.uint64, day: int, desk: int) -> None:
    """Append a token to its line at a desk."""
    held = in_custody(m, w1, day)
    line = m.routes[m.desks[desk, STATION], held, (w0 >> U(40)) & LOW8, LINE]
    push(s, m.desks[desk, LINE0] + line, w0, w1)


@njit(_nrt=False, cache=True, forceinline=True)
def dispatch(
    m: Model, s: State, day: int, w0: np.uint64, w1: np.uint64, station: int, delay: int, age: int
) -> None:
    """Send a token to a station: into a docket, a queue, or the calendar."""
    place = np.int64((w0 >> U(48)) & LOW8)
    desk = m.desk_of[station, place]
    if desk < 0:
        s.counters[FAULT] = 1
        s.counters[FAULT_STATION] = station
        s.counters[FAULT_PLACE] = place
        s.counters[CLOSED] += 1
        return
    since = day - age
    w1 = (w1 & KEEP_STATION & KEEP_SINCE) | U(station) << U(32) | U(since + SINCE_ORIGIN)
    if m.desks[desk, BOOKED] >= 0:
        book(m, s, day, w0, w1, desk, day + max(delay, 1))
    elif delay == 0:
        s.age_in[desk] += age
        join(m, s, w0, w1, day, desk)
    else:
        push(s, len(m.lines) + min(day + delay, m.quota.shape[0]), w0, w1)


@njit(_nrt=False, cache=True, forceinline=True)
def choose(m: Model, row: int, u: np.uint64) -> int:
    """The outcome of a row that 32 random bits select."""
    first = m.rows[row, FIRST]
    o = first
    bits = np.int64(u)
    # counting thresholds passed costs no branch that a processor could guess wrong
    for k in range(first, first + m.rows[row, COUNT] - 1):
        o += bits >= m.outcomes[k, THRESHOLD]
    return o


@njit(_nrt=False, cache=True, forceinline=True)
def settle(
    m: Model, s: State, day: int, w0: np.uint64, w1: np.uint64, row: int, r: np.uint64, age: int
) -> None:
    """Let 64 random bits decide among the outcomes of a row, and carry the decision out."""
    o = choose(m, row, r >> U(32))
    note(s, w0, day, m.outcomes[o, MARK])
    station = m.outcomes[o, DEST]
    if w1 & SPACE_BITS and (station < 0 or m.outcomes[o, FREES] == 1):
        w1 = vacate(s, w1)
    if station < 0:
        s.counters[CLOSED] += 1
        return
    stay = m.outcomes[o, STAY]
    if stay >= 0 and w1 & SPACE_BITS:
        w1 = plan_release(s, w1, day + max(np.int64(m.delays[stay, (r >> U(22)) & U(1023)]), 1))
        w1 = (w1 & KEEP_WAY) | U(m.outcomes[o, WAY]) << U(48)
    lut = m.outcomes[o, PLACE_LUT]
    if lut >= 0:
        w0 = (w0 & KEEP_PLACE) | U(m.place_luts[lut, (r >> U(10)) & U(4095)]) << U(48)
    reclass = m.outcomes[o, CLASS_MAP]
    if reclass >= 0:
        w0 = (w0 & KEEP_CLASS) | U(m.class_maps[reclass, (w0 >> U(40)) & LOW8]) << U(40)
    table = m.outcomes[o, DELAY]
    delay = np.int64(m.delays[table, r & U(1023)]) if table >= 0 else 0
    dispatch(m, s, day, w0, w1, station, delay, age)


# ---- the steps of a day


@njit(_nrt=False, cache=True)
def release(s: State, day: int) -> None:
    """Step 1: stays that end this morning."""
    for space in range(s.occupied.size):
        s.occupied[space] -= s.leaving[space, day]
        s.leaving[space, day] = 0


@njit(_nrt=False, cache=True)
def create(m: Model, s: State, day: int) -> None:
    """Step 2a: every feed creates today's people."""
    for feed in range(len(m.feeds)):
        first = m.feeds[feed, FEED_FIRST] + day * m.feeds[feed, FEED_WIDTH]
        for k in range(m.arrivals[day, feed]):
            w0 = U(first + k) | U(feed) << U(32) | U(m.feeds[feed, FEED_PLACE]) << U(48)
            purpose = m.station_salt[m.feeds[feed, FEED_STATION]]
            r = draw(key_of(m, w0), purpose)
            lottery = draw(key_of(m, w0), purpose + PATIENCE_PURPOSE)
            w0 |= U(m.class_luts[m.feeds[feed, FEED_CLASS_LUT], lottery & U(4095)]) << U(40)
            ages = m.feeds[feed, FEED_AGE]
            age = np.int64(m.delays[ages, (lottery >> U(12)) & U(1023)]) if ages >= 0 else 0
            s.counters[CREATED] += 1
            settle(m, s, day, w0, U(0), m.feeds[feed, FEED_ROW], r, age)


@njit(_nrt=False, cache=True)
def recall(m: Model, s: State, day: int) -> None:
    """Step 2b: people whose day has come join their queue. Nobody is put on today's bucket now."""
    b = len(m.lines) + day
    while s.buckets[b, SIZE] > 0:
        p = head(s, b)
        tokens = min(CHUNK - s.buckets[b, OFFSET], s.buckets[b, SIZE])
        for i in range(p, p + tokens):
            arrive(m, s, day, s.pool[2 * i], s.pool[2 * i + 1])
        drop_head(s, b, tokens)


@njit(_nrt=False, cache=True, forceinline=True)
def arrive(m: Model, s: State, day: int, w0: np.uint64, w1: np.uint64) -> None:
    """One person whose day has come: to the line, or on to where a release has moved them."""
    place = (w0 >> U(48)) & LOW8
    if w1 & SPACE_BITS:
        w0, w1 = freshen(m, s, w0, w1, day)
    station = np.int64((w1 >> U(32)) & LOW8)
    desk = m.desk_of[station, (w0 >> U(48)) & LOW8]
    if desk < 0 or (m.desks[desk, BOOKED] >= 0 and (w0 >> U(48)) & LOW8 != place):
        s.counters[WASTED] += 1
        dispatch(m, s, day, w0, w1, station, 1, 0)
    elif m.desks[desk, BOOKED] >= 0:
        join(m, s, w0, w1, day, desk)
    else:
        join(m, s, w0, (w1 & KEEP_SINCE) | U(day + SINCE_ORIGIN), day, desk)


@njit(_nrt=False, cache=True)
def lose_patience(m: Model, s: State, day: int, desk: int) -> None:
    """Step 3: turn each line once; who has waited long enough leaves it."""
    station = m.desks[desk, STATION]
    salt = m.station_salt[station]
    for line in range(m.desks[desk, LINE0], m.desks[desk, LINE0] + m.desks[desk, LINES]):
        for _ in range(s.buckets[line, SIZE]):
            p = head(s, line)
            w0 = s.pool[2 * p]
            w1 = s.pool[2 * p + 1]
            drop_head(s, line, 1)
            cls = (w0 >> U(40)) & LOW8
            held = in_custody(m, w1, day)
            table = m.routes[station, held, cls, PATIENCE]
            waited = day - (np.int64(w1 & LOW16) - SINCE_ORIGIN)
            visit = w0 >> U(56)
            stays = True
            if table >= 0:
                bits = draw(key_of(m, w0), salt + PATIENCE_PURPOSE + visit)
                stays = waited < m.delays[table, bits & U(1023)]
            if stays:
                push(s, line, w0, w1)
            else:
                s.wait_days[desk] += waited
                s.counters[EVENTS] += 1
                w0, w1 = freshen(m, s, w0, w1, day)
                r = draw(key_of(m, w0), salt + LEAVE_PURPOSE + visit)
                settle(m, s, day, w0 + VISIT, w1, m.routes[station, held, cls, LEAVE_ROW], r, 0)


@njit(_nrt=False, cache=True)
def serve_freely(m: Model, s: State, day: int, desk: int, line: int, take: int) -> int:
    """Serve `take` tokens from the front of a line that needs no space, a chunk at a time."""
    station = m.desks[desk, STATION]
    salt = m.station_salt[station]
    waited = 0
    left = take
    while left > 0:
        p = head(s, line)
        tokens = min(CHUNK - s.buckets[line, OFFSET], left)
        # all draws first: they do not wait for each other
        for i in range(tokens):
            w0 = s.pool[2 * (p + i)]
            s.draws[i] = draw(key_of(m, w0), salt + (w0 >> U(56)))
        for i in range(tokens):
            w0 = s.pool[2 * (p + i)]
            w1 = s.pool[2 * (p + i) + 1]
            waited += day - (np.int64(w1 & LOW16) - SINCE_ORIGIN)
            row = m.routes[station, in_custody(m, w1, day), (w0 >> U(40)) & LOW8, ROW]
            if w1 & SPACE_BITS:
                w0, w1 = freshen(m, s, w0, w1, day)
            settle(m, s, day, w0 + VISIT, w1, row, s.draws[i], 0)
        drop_head(s, line, tokens)
        left -= tokens
    s.wait_days[desk] += waited
    return take


@njit(_nrt=False, cache=True)
def serve_line(m: Model, s: State, day: int, desk: int, line: int, take: int) -> int:
    """Serve up to `take` tokens of a line one by one; returns how many (a full space may stop it)."""
    station = m.desks[desk, STATION]
    salt = m.station_salt[station]
    space = m.lines[line, SPACE]
    lifo = m.lines[line, LIFO] == 1
    done = 0
    while done < take:
        p = s.buckets[line, WRITE] - 1 if lifo else head(s, line)
        w0 = s.pool[2 * p]
        w1 = s.pool[2 * p + 1]
        held = in_custody(m, w1, day)
        column = ROW
        if space >= 0 and s.occupied[space] >= m.room[day, space]:
            column = FULL_ROW
            if m.routes[station, held, (w0 >> U(40)) & LOW8, FULL_ROW] < 0:
                break
        if lifo:
            drop_tail(s, line)
        else:
            drop_head(s, line, 1)
        s.wait_days[desk] += day - (np.int64(w1 & LOW16) - SINCE_ORIGIN)
        row = m.routes[station, held, (w0 >> U(40)) & LOW8, column]
        w0, w1 = freshen(m, s, w0, w1, day)
        if space >= 0 and column == ROW:
            w1 = occupy(s, w1, space)
        r = draw(key_of(m, w0), salt + (w0 >> U(56)))
        settle(m, s, day, w0 + VISIT, w1, row, r, 0)
        done += 1
    return done


@njit(_nrt=False, cache=True)
def capacity(m: Model, s: State, day: int, desk: int) -> int:
    """How many services this desk can give now: its own limit and what its crews have left."""
    most = m.quota[day, desk]
    if most == UNLIMITED:
        most = 1 << 40
    crew = m.desks[desk, CREW_A]
    if crew >= 0:
        most = min(most, s.left[crew] // m.desks[desk, UNITS_A])
    crew = m.desks[desk, CREW_B]
    if crew >= 0:
        most = min(most, s.left[crew] // m.desks[desk, UNITS_B])
    return most


@njit(_nrt=False, cache=True)
def serve(m: Model, s: State, day: int, desk: int) -> None:
    """Step 4 for one desk: its lines in the order of their priority."""
    most = capacity(m, s, day, desk)
    done = 0
    for line in range(m.desks[desk, LINE0], m.desks[desk, LINE0] + m.desks[desk, LINES]):
        take = min(most - done, s.buckets[line, SIZE])
        if take > 0 and m.lines[line, SPACE] < 0 and m.lines[line, LIFO] == 0:
            done += serve_freely(m, s, day, desk, line, take)
        elif take > 0:
            done += serve_line(m, s, day, desk, line, take)
    s.served[day, desk] += done
    s.counters[EVENTS] += done
    crew = m.desks[desk, CREW_A]
    if crew >= 0:
        s.left[crew] -= done * m.desks[desk, UNITS_A]
    crew = m.desks[desk, CREW_B]
    if crew >= 0:
        s.left[crew] -= done * m.desks[desk, UNITS_B]


@njit(_nrt=False, cache=True)
def postpone(m: Model, s: State, day: int, desk: int) -> None:
    """Step 5: whoever was booked for today and was not served gets the next free slot."""
    mark = m.stations[m.desks[desk, STATION], POSTPONE_MARK]
    for line in range(m.desks[desk, LINE0], m.desks[desk, LINE0] + m.desks[desk, LINES]):
        for _ in range(s.buckets[line, SIZE]):
            p = head(s, line)
            w0 = s.pool[2 * p]
            w1 = s.pool[2 * p + 1]
            drop_head(s, line, 1)
            note(s, w0, day, mark)
            s.counters[POSTPONED] += 1
            book(m, s, day, w0, w1, desk, day + 1)


@njit(_nrt=False, cache=True)
def measure(m: Model, s: State, day: int) -> None:
    """Step 6: queues, beds and crews at the end of the day."""
    for desk in range(len(m.desks)):
        for line in range(m.desks[desk, LINE0], m.desks[desk, LINE0] + m.desks[desk, LINES]):
            s.waiting[day, line] = s.buckets[line, SIZE]
            s.queue_days[desk] += s.buckets[line, SIZE]
    for space in range(s.occupied.size):
        s.beds[day, space] = s.occupied[space]
    for crew in range(s.left.size):
        s.used[day, crew] = m.crews[day, crew] - s.left[crew]


@njit(_nrt=False, cache=True)
def people_inside(s: State) -> int:
    """Tokens in all queues and on the calendar."""
    inside = 0
    for b in range(len(s.buckets)):
        inside += s.buckets[b, SIZE]
    return inside


@njit(_nrt=False, cache=True)
def new_epoch(m: Model, s: State, day: int) -> None:
    """Forget which days were full when the plan that clerks know changes."""
    if day > 0 and m.epoch_of[day] != m.epoch_of[day - 1]:
        for booked in range(s.next_free.shape[0]):
            for d in range(s.next_free.shape[1]):
                s.next_free[booked, d] = d


@njit(_nrt=False, cache=True)
def one_day(m: Model, s: State, day: int) -> None:
    """All seven steps of a day."""
    new_epoch(m, s, day)
    release(s, day)
    create(m, s, day)
    recall(m, s, day)
    for desk in range(len(m.desks)):
        if m.desks[desk, IMPATIENT] == 1:
            lose_patience(m, s, day, desk)
    for crew in range(s.left.size):
        s.left[crew] = m.crews[day, crew]
    for desk in range(len(m.desks)):
        serve(m, s, day, desk)
        if m.desks[desk, BOOKED] >= 0:
            postpone(m, s, day, desk)
    measure(m, s, day)
    if s.counters[CREATED] != s.counters[CLOSED] + people_inside(s):
        s.counters[FAULT] = 2


@njit(_nrt=False, cache=True, nogil=True)
def advance(m: Model, s: State, until: int) -> int:
    """Run days up to `until` (not included), or until the log buffer is nearly full or a fault.

    Args:
        m: the tables; s: the state, changed in place; until: a day number, at most T.

    Returns:
        The next day to run. The caller drains the log, resets `counters[LOG_ROWS]` and calls again.
    """
    while s.counters[DAY] < until and s.counters[FAULT] == 0:
        day = s.counters[DAY]
        rows = s.counters[LOG_ROWS]
        if s.log.size > 0 and rows > 0 and s.log.size - rows < 2 * s.counters[MOST_ROWS] + 4096:
            break
        one_day(m, s, day)
        s.counters[MOST_ROWS] = max(s.counters[MOST_ROWS], s.counters[LOG_ROWS] - rows)
        s.counters[DAY] = day + 1
    return s.counters[DAY]


@njit(_nrt=False, cache=True)
def sweep(m: Model, s: State, day: int) -> None:
    """After the last day: note the releases that have passed and nobody has looked at since."""
    for b in range(len(s.buckets)):
        for _ in range(s.buckets[b, SIZE]):
            p = head(s, b)
            w0 = s.pool[2 * p]
            w1 = s.pool[2 * p + 1]
            drop_head(s, b, 1)
            w0, w1 = freshen(m, s, w0, w1, day)
            push(s, b, w0, w1)
