"""Moves: how a decision takes a person to their next line, docket or day.

`settle` carries out one decision with every rule of the machine. `settle_run` does the same for
tokens that follow each other in a line and hold no space, in two passes: first all decisions, which
do not depend on each other, then all moves, in the same order. It is what makes a run of millions
of hearings quick, and leaves exactly what `settle` would leave.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from asylumatlas.sim import tables as t
from asylumatlas.sim.buckets import push
from asylumatlas.sim.tokens import (
    KEEP_SINCE,
    KEEP_STATION,
    KEEP_WAY,
    SPACE_BITS,
    VISIT,
    class_of,
    in_custody,
    moved,
    note,
    place_of,
    plan_release,
    reclassed,
    vacate,
)

U = np.uint64


# ---- dockets


@njit(_nrt=False, cache=True)
def first_free(m: t.Model, s: t.State, booked: int, epoch: int, earliest: int) -> int:
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
def book(
    m: t.Model, s: t.State, day: int, w0: np.uint64, w1: np.uint64, desk: int, earliest: int
) -> None:
    """Put a token in the first free slot of a docket."""
    booked = m.desks[desk, t.BOOKED]
    slot = first_free(m, s, booked, m.epoch_of[day], earliest)
    if slot < m.quota.shape[0]:
        s.booked[booked, slot] += 1
    push(s, len(m.lines) + slot, w0, w1)


# ---- one person


@njit(_nrt=False, cache=True, forceinline=True)
def join(m: t.Model, s: t.State, w0: np.uint64, w1: np.uint64, day: int, desk: int) -> None:
    """Append a token to its line at a desk."""
    held = in_custody(m, w1, day)
    line = m.routes[m.desks[desk, t.STATION], held, class_of(w0), t.LINE]
    push(s, m.desks[desk, t.LINE0] + line, w0, w1)


@njit(_nrt=False, cache=True, forceinline=True)
def lose(s: t.State, station: int, place: int) -> None:
    """A person was sent where there is no desk: the run stops after today."""
    s.counters[t.FAULT] = 1
    s.counters[t.FAULT_STATION] = station
    s.counters[t.FAULT_PLACE] = place
    s.counters[t.CLOSED] += 1


@njit(_nrt=False, cache=True, forceinline=True)
def sent(day: int, w1: np.uint64, station: int, age: int) -> np.uint64:
    """Word 1 of a person who is on the way to a station."""
    return (w1 & KEEP_STATION & KEEP_SINCE) | U(station) << U(32) | U(day - age + t.SINCE_ORIGIN)


@njit(_nrt=False, cache=True, forceinline=True)
def dispatch(
    m: t.Model,
    s: t.State,
    day: int,
    w0: np.uint64,
    w1: np.uint64,
    station: int,
    delay: int,
    age: int,
) -> None:
    """Send a token to a station: into a docket, a queue, or the calendar."""
    desk = m.desk_of[station, place_of(w0)]
    if desk < 0:
        lose(s, station, place_of(w0))
        return
    w1 = sent(day, w1, station, age)
    if m.desks[desk, t.BOOKED] >= 0:
        book(m, s, day, w0, w1, desk, day + max(delay, 1))
    elif delay == 0:
        s.age_in[desk] += age
        join(m, s, w0, w1, day, desk)
    else:
        push(s, len(m.lines) + min(day + delay, m.quota.shape[0]), w0, w1)


@njit(_nrt=False, cache=True, forceinline=True)
def choose(m: t.Model, epoch: int, row: int, u: np.uint64) -> int:
    """The outcome of a row that 32 random bits select, by the shares of an epoch."""
    o = m.rows[U(row), t.FIRST]
    bits = np.int64(u)
    # counting thresholds passed costs no branch that a processor could guess wrong
    for k in range(o, o + m.rows[U(row), t.COUNT] - 1):
        o += bits >= m.thresholds[U(epoch), U(k)]
    return o


@njit(_nrt=False, cache=True, forceinline=True)
def relocated(m: t.Model, w0: np.uint64, o: int, r: np.uint64) -> np.uint64:
    """Word 0 with the place and class that an outcome gives."""
    lottery = m.outcomes[U(o), t.PLACE_LUT]
    if lottery >= 0:
        w0 = moved(m, w0, lottery, r >> U(10))
    class_map = m.outcomes[U(o), t.CLASS_MAP]
    if class_map >= 0:
        w0 = reclassed(m, w0, class_map)
    return w0


@njit(_nrt=False, cache=True, forceinline=True)
def delay_of(m: t.Model, o: int, r: np.uint64) -> int:
    """Days until an outcome takes effect."""
    table = m.outcomes[U(o), t.DELAY]
    if table < 0:
        return 0
    days: int = m.delays[U(table), r & U(t.DELAY_STEPS - 1)]
    return days


@njit(_nrt=False, cache=True, forceinline=True)
def settle(
    m: t.Model, s: t.State, day: int, w0: np.uint64, w1: np.uint64, row: int, r: np.uint64, age: int
) -> None:
    """Let 64 random bits decide among the outcomes of a row, and carry the decision out."""
    o = choose(m, m.share_epoch_of[day], row, r >> U(32))
    note(s, w0, day, m.outcomes[o, t.MARK])
    station = m.outcomes[o, t.DEST]
    if w1 & SPACE_BITS and (station < 0 or m.outcomes[o, t.FREES] == 1):
        w1 = vacate(s, w1)
    if station < 0:
        s.counters[t.CLOSED] += 1
        return
    stay = m.outcomes[o, t.STAY]
    if stay >= 0 and w1 & SPACE_BITS:
        w1 = plan_release(s, w1, day + max(int(m.delays[stay, (r >> U(22)) & U(1023)]), 1))
        w1 = (w1 & KEEP_WAY) | U(m.outcomes[o, t.WAY]) << U(48)
    dispatch(m, s, day, relocated(m, w0, o, r), w1, station, delay_of(m, o, r), age)


# ---- many people


@njit(_nrt=False, cache=True, forceinline=True)
def decide_run(m: t.Model, s: t.State, day: int, station: int, p: int, tokens: int) -> int:
    """First pass: outcomes of tokens from position `p` on; returns how many go on."""
    going = 0
    epoch = m.share_epoch_of[day]
    for i in range(tokens):
        w0 = s.pool[U(2 * (p + i))]
        r = s.draws[U(i)]
        o = choose(m, epoch, m.routes[U(station), U(0), class_of(w0), t.ROW], r >> U(32))
        note(s, w0, day, m.outcomes[U(o), t.MARK])
        to = m.outcomes[U(o), t.DEST]
        s.going[U(going)] = relocated(m, w0 + VISIT, o, r)
        s.going_to[U(going)] = to
        s.going_in[U(going)] = delay_of(m, o, r)
        going += to >= 0
    s.counters[t.CLOSED] += tokens - going
    return going


@njit(_nrt=False, cache=True, forceinline=True)
def settle_run(m: t.Model, s: t.State, day: int, station: int, p: int, tokens: int) -> None:
    """Settle tokens from position `p` on, which hold no space, with the bits in `draws`."""
    for i in range(decide_run(m, s, day, station, p, tokens)):
        w0 = s.going[U(i)]
        to = s.going_to[U(i)]
        delay = s.going_in[U(i)]
        door = s.doors[U(to), place_of(w0)]
        w1 = sent(day, U(0), to, 0)
        if door < 0 or door & 1:
            dispatch(m, s, day, w0, w1, to, delay, 0)
        elif delay == 0:
            push(s, (door >> 1) + m.routes[U(to), U(0), class_of(w0), t.LINE], w0, w1)
        else:
            push(s, len(m.lines) + min(day + delay, m.quota.shape[0]), w0, w1)
