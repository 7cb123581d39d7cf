"""Tokens: a person as two 64-bit words, and what changes in them.

    word 0: person 32 | feed 8 | class 8 | place 8 | visits 8
    word 1: waiting since 16 | release day 16 | station 8 | space 8 | way of release 8 | spare 8

The lowest bits are named first.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from asylumatlas.sim import tables as t
from asylumatlas.sim.randomness import K1, RELEASE_SALT, draw

U = np.uint64
LOW8 = U(0xFF)
LOW16 = U(0xFFFF)
PERSON_BITS = U(0xFFFFFFFF)
VISIT = U(1) << U(56)
KEEP_CLASS = ~(LOW8 << U(40))
KEEP_PLACE = ~(LOW8 << U(48))
KEEP_SINCE = ~LOW16
KEEP_RELEASE = ~(LOW16 << U(16))
KEEP_STATION = ~(LOW8 << U(32))
KEEP_WAY = ~(LOW8 << U(48))
SPACE_BITS = LOW8 << U(40)
KEEP_NO_SPACE = ~((LOW16 << U(16)) | (LOW8 << U(40)) | (LOW8 << U(48)))


# ---- reading


@njit(_nrt=False, cache=True, forceinline=True)
def key_of(m: t.Model, w0: np.uint64) -> np.uint64:
    """The person's own random key: (seed, feed, number within the feed)."""
    return m.seed[0] + m.feed_salt[(w0 >> U(32)) & LOW8] + (w0 & PERSON_BITS) * K1


@njit(_nrt=False, cache=True, forceinline=True)
def class_of(w0: np.uint64) -> np.uint64:
    """Number of the person's class."""
    return (w0 >> U(40)) & LOW8


@njit(_nrt=False, cache=True, forceinline=True)
def place_of(w0: np.uint64) -> np.uint64:
    """Number of the person's place."""
    return (w0 >> U(48)) & LOW8


@njit(_nrt=False, cache=True, forceinline=True)
def visits_of(w0: np.uint64) -> np.uint64:
    """Services and departures so far, modulo 256."""
    return w0 >> U(56)


@njit(_nrt=False, cache=True, forceinline=True)
def days_waited(w1: np.uint64, day: int) -> np.int64:
    """Days since the person came to the station."""
    return day - (np.int64(w1 & LOW16) - t.SINCE_ORIGIN)


@njit(_nrt=False, cache=True, forceinline=True)
def in_custody(m: t.Model, w1: np.uint64, day: int) -> int:
    """1 if the token holds a custody space today."""
    if w1 & SPACE_BITS == 0 or np.int64((w1 >> U(16)) & LOW16) <= day:
        return 0
    return m.space_held[np.int64((w1 >> U(40)) & LOW8) - 1]


@njit(_nrt=False, cache=True, forceinline=True)
def note(s: t.State, w0: np.uint64, day: int, mark: int) -> None:
    """One log row: person, day, place, mark."""
    if s.log.size == 0 or mark == 0:
        return
    n = s.counters[t.LOG_ROWS]
    if n == s.log.size:
        s.counters[t.LOG_LOST] += 1
        return
    s.log[U(n)] = (w0 & PERSON_BITS) | U(day) << U(32) | place_of(w0) << U(45) | U(mark) << U(53)
    s.counters[t.LOG_ROWS] = n + 1


# ---- changing place and class


@njit(_nrt=False, cache=True, forceinline=True)
def moved(m: t.Model, w0: np.uint64, lottery: int, bits: np.uint64) -> np.uint64:
    """The token at the place that 12 bits select in a lottery."""
    return (w0 & KEEP_PLACE) | U(m.place_luts[U(lottery), bits & U(t.LUT_STEPS - 1)]) << U(48)


@njit(_nrt=False, cache=True, forceinline=True)
def reclassed(m: t.Model, w0: np.uint64, class_map: int) -> np.uint64:
    """The token with its class mapped."""
    return (w0 & KEEP_CLASS) | U(m.class_maps[U(class_map), class_of(w0)]) << U(40)


# ---- beds and other spaces


@njit(_nrt=False, cache=True)
def vacate(s: t.State, w1: np.uint64) -> np.uint64:
    """Give back the space a token holds, and its planned release."""
    space = np.int64((w1 >> U(40)) & LOW8) - 1
    release = np.int64((w1 >> U(16)) & LOW16)
    s.occupied[space] -= 1
    if release < s.leaving.shape[1]:
        s.leaving[space, release] -= 1
    return w1 & KEEP_NO_SPACE


@njit(_nrt=False, cache=True)
def occupy(s: t.State, w1: np.uint64, space: int) -> np.uint64:
    """Move a token into `space`, out of the one it held."""
    if w1 & SPACE_BITS:
        w1 = vacate(s, w1)
    s.occupied[space] += 1
    return w1 | U(space + 1) << U(40) | U(t.NEVER) << U(16)


@njit(_nrt=False, cache=True)
def plan_release(s: t.State, w1: np.uint64, release: int) -> np.uint64:
    """Set the day on which the stay ends; a day past the run is kept but never comes."""
    space = np.int64((w1 >> U(40)) & LOW8) - 1
    planned = np.int64((w1 >> U(16)) & LOW16)
    days = s.leaving.shape[1]
    if planned < days:
        s.leaving[space, planned] -= 1
    if release < days:
        s.leaving[space, release] += 1
    return (w1 & KEEP_RELEASE) | U(min(release, t.NEVER - 1)) << U(16)


@njit(_nrt=False, cache=True)
def freshen(
    m: t.Model, s: t.State, w0: np.uint64, w1: np.uint64, day: int
) -> tuple[np.uint64, np.uint64]:
    """Apply a release whose day has passed: note it on its own day, move and reclass the person."""
    if w1 & SPACE_BITS == 0 or np.int64((w1 >> U(16)) & LOW16) > day:
        return w0, w1
    way = np.int64((w1 >> U(48)) & LOW8)
    note(s, w0, np.int64((w1 >> U(16)) & LOW16), m.ways[way, t.WAY_MARK])
    lottery = m.ways[way, t.WAY_PLACE_LUT]
    if lottery >= 0:
        w0 = moved(m, w0, lottery, draw(key_of(m, w0), RELEASE_SALT + visits_of(w0)))
    class_map = m.ways[way, t.WAY_CLASS_MAP]
    if class_map >= 0:
        w0 = reclassed(m, w0, class_map)
    return w0, w1 & KEEP_NO_SPACE
