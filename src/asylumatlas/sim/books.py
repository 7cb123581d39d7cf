"""The books of a finished replication: identities that hold to the integer or the run is wrong.

The kernel itself checks people in = people out + people inside on every day. Here, once a
replication: no desk served more than its quota, no crew worked more than its time, no space held
more than its room (a room that shrinks puts nobody out, so occupancy may then only fall), and
Little's law as an identity of the sample path: the sum of waits is the sum of queue lengths.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numba import njit

from asylumatlas.sim import tables as t


@njit(_nrt=False, cache=True)
def _days_of_line(s: t.State, line: int, until: int) -> np.int64:
    """Sum of `until - since` over the tokens of a line."""
    total = np.int64(0)
    chunk = s.buckets[line, t.HEAD]
    place = s.buckets[line, t.OFFSET]
    for _ in range(s.buckets[line, t.SIZE]):
        if place == t.CHUNK:
            chunk = s.after[chunk]
            place = 0
        w1 = s.pool[2 * (chunk * t.CHUNK + place) + 1]
        total += until + t.SINCE_ORIGIN - np.int64(w1 & np.uint64(0xFFFF))
        place += 1
    return total


def still_waiting_days(model: t.Model, state: t.State) -> t.Ints:
    """(D,) days waited so far by those still in each desk's lines at the end of the run."""
    days = model.quota.shape[0]
    waited = np.zeros(len(model.desks), np.int64)
    for number, desk in enumerate(model.desks):
        for line in range(desk[t.LINE0], desk[t.LINE0] + desk[t.LINES]):
            waited[number] += _days_of_line(state, line, days)
    return waited


def most_begun(model: t.Model) -> t.Ints:
    """(crews,) the most work that a crew can have begun and not yet done at the end of a day.

    Nothing, unless it carries. Then one service that was begun with a little time left, and what
    desks with a part of their own may do although it is under way: their parts of that day, rounded
    to whole services.
    """
    begun = np.zeros(model.crews.shape[1], np.int64)
    own = np.zeros_like(begun)
    for desk in model.desks:
        for crew, units, reserved in (
            (desk[t.CREW_A], desk[t.UNITS_A], desk[t.RESERVED_A]),
            (desk[t.CREW_B], desk[t.UNITS_B], desk[t.RESERVED_B]),
        ):
            if crew >= 0 and reserved:
                own[crew] += units
            elif crew >= 0:
                begun[crew] = max(begun[crew], units)
    day = np.where(own > 0, model.crews.max(0, initial=0), 0)
    most: t.Ints = (begun + own + day) * model.crew_carries
    return most


def faults(model: t.Model, state: t.State) -> Iterator[str]:
    """What does not add up in a finished replication; nothing, if all is well."""
    limited = model.quota >= 0
    if (state.served > model.quota)[limited].any():
        yield "a station served more people than its slots"
    if (state.used > model.crews).any() or (state.left < -most_begun(model)).any():
        yield "a crew worked more than its time"
    before = np.vstack([np.zeros((1, state.beds.shape[1]), np.int64), state.beds[:-1]])
    if (state.beds > np.maximum(model.room, before)).any() or (state.beds < 0).any():
        yield "a space held more people than its room"
    queued = model.desks[:, t.BOOKED] < 0
    waits = state.wait_days + still_waiting_days(model, state)
    if (waits != state.queue_days + state.age_in)[queued].any():
        yield "the sum of waits is not the sum of queue lengths"
