"""The tables that drive the day kernel: plain arrays, no word of immigration.

A `Model` is everything one replication needs and nothing it changes; a `State` is everything that
changes. Both are tuples of NumPy arrays, so that compiled code and the plain-Python oracle in the
tests read the very same object. `docs/method/engine.md` states what the kernel does with them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

CHUNK = 64  # tokens in one chunk of a bucket (1 KiB)
NEVER = 65535  # a release day that is not set
SINCE_ORIGIN = 16384  # stored `since` = day + this, so that people may have waited before day 0
MOST_DAYS = 8190  # the log packs a day in 13 bits, a mark in 11
MOST_MARKS = 2048
UNLIMITED = -1
DELAY_STEPS = 1024  # entries of one delay table: equal steps of probability
LUT_STEPS = 4096  # entries of one class or place lottery

# Columns of Model.outcomes
DEST, DELAY, MARK, FREES, STAY, WAY, PLACE_LUT, CLASS_MAP = range(8)
OUTCOME_COLUMNS = 8  # one line of the processor's cache
# Columns of Model.rows
FIRST, COUNT = range(2)
# Columns of Model.routes[station, held, class]
LINE, ROW, FULL_ROW, PATIENCE, LEAVE_ROW = range(5)
ROUTE_COLUMNS = 5
# Columns of Model.desks
STATION, PLACE, LINE0, LINES, BOOKED, CREW_A, UNITS_A, CREW_B, UNITS_B, IMPATIENT = range(10)
RESERVED_A, RESERVED_B = range(10, 12)
DESK_COLUMNS = 12
# Columns of Model.lines
SPACE, ORDER = range(2)
# Columns of Model.feeds
FEED_ROW, FEED_CLASS_LUT, FEED_PLACE, FEED_FIRST, FEED_WIDTH, FEED_AGE, FEED_STATION = range(7)
FEED_COLUMNS = 7
# Columns of Model.ways (how a stay ends)
WAY_MARK, WAY_PLACE_LUT, WAY_CLASS_MAP = range(3)
# Columns of Model.stations
POSTPONE_MARK = 0
# Columns of State.buckets
WRITE, SIZE, HEAD, OFFSET, TAIL = range(5)
# Entries of State.counters
(
    FREE_CHUNK,
    FRESH_CHUNK,
    DAY,
    LOG_ROWS,
    LOG_LOST,
    CREATED,
    CLOSED,
    EVENTS,
    FAULT,
    MOST_ROWS,
    WASTED,
    POSTPONED,
    FAULT_STATION,
    FAULT_PLACE,
) = range(14)
COUNTERS = 14
# Values of counters[FAULT]
FAULTS = {
    1: "a person was sent to a station that has no desk at that place",
    2: "people in do not equal people out plus people inside",
    3: "more tokens are alive than the pool was sized for",
}


class Model(NamedTuple):
    """Arrays that one replication reads. S stations, D desks, L lines, T days.

    Attributes:
        seed: (1,) uint64, the key of this replication's luck.
        outcomes: (outcomes, 8) int64.
        thresholds: (share epochs, outcomes) int64, cumulative within a row, of 2**32, as they hold
            in each epoch; share_epoch_of: (T,) int64.
        rows: (rows, 2) int64, first outcome and number of outcomes.
        routes: (S, 2, classes, 5) int64: line within the desk, row, row when the space is full
            (-1: wait), patience delay table (-1: none), row for those who leave.
        stations: (S, 1) int64; station_salt: (S,) uint64.
        desk_of: (S, places) int64, -1 where the station has no desk at the place.
        desks: (D, 12) int64; RESERVED is 1 where the quota is the desk's own part of a crew's time,
            which no other desk can take; lines: (L, 2) int64, ORDER is a row of `orders`.
        orders: (orders, T) int64, 1 on days on which the last in is served first.
        quota: (T, D) int64, services possible on a day, -1 unlimited.
        plan: (epochs, booked desks, T) int64, slots as known in each epoch; epoch_of: (T,) int64.
        crews: (T, crews) int64, units of work a crew has on a day; crew_carries: (crews,) int64, 1
            where a service begun may run into the crew's next days.
        room: (T, spaces) int64; space_held: (spaces,) int64, 1 where the person is in custody.
        delays: (tables, 1024) int16 days; class_luts, place_luts: (n, 4096) uint8.
        class_maps: (n, classes) int64; ways: (ways, 3) int64.
        feeds: (F, 7) int64; feed_salt: (F,) uint64; arrivals: (T, F) int64 people.
    """

    seed: Words
    outcomes: Ints
    thresholds: Ints
    share_epoch_of: Ints
    rows: Ints
    routes: Ints
    stations: Ints
    station_salt: Words
    desk_of: Ints
    desks: Ints
    lines: Ints
    orders: Ints
    quota: Ints
    plan: Ints
    epoch_of: Ints
    crews: Ints
    crew_carries: Ints
    room: Ints
    space_held: Ints
    delays: NDArray[np.int16]
    class_luts: NDArray[np.uint8]
    place_luts: NDArray[np.uint8]
    class_maps: Ints
    ways: Ints
    feeds: Ints
    feed_salt: Words
    arrivals: Ints


class State(NamedTuple):
    """Arrays that one replication changes.

    Attributes:
        pool: (chunks * 64 * 2,) uint64 tokens; after, before: (chunks,) int32 links.
        buckets: (L + T + 1, 8) int64: the lines, one bucket for each day, and one for "later"; five
            columns are used, so that each bucket has a line of the processor's cache to itself.
        occupied: (spaces,) int64; leaving: (spaces, T) int64 releases that are due.
        booked: (booked desks, T) int64 slots given out; next_free: (booked desks, T + 1) int64, a
            path-compressed guess at the first day on or after with a slot.
        left: (crews,) int64, units left today, below 0 those taken from days to come; counters:
            (14,) int64.
        served: (T, D) int64; waiting: (T, L) int64 at the end of the day.
        wait_days, queue_days, age_in: (D,) int64, the books of Little's law.
        used: (T, crews) int64; beds: (T, spaces) int64 at the end of the day.
        doors: (S, places) int64, twice the number of the desk's first line, plus 1 if it is booked;
            -1 where there is no desk. Derived from the model.
        draws, going: (64,) uint64, going_to, going_in: (64,) int64, scratch.
        log: (rows,) uint64, packed by `pack_row`; size 0 switches the log off.
    """

    pool: Words
    after: NDArray[np.int32]
    before: NDArray[np.int32]
    buckets: Ints
    occupied: Ints
    leaving: Ints
    booked: Ints
    next_free: Ints
    left: Ints
    counters: Ints
    served: Ints
    waiting: Ints
    wait_days: Ints
    queue_days: Ints
    age_in: Ints
    used: Ints
    beds: Ints
    doors: Ints
    draws: Words
    going: Words
    going_to: Ints
    going_in: Ints
    log: Words


def doors(model: Model) -> Ints:
    """(S, places) where people enter: see `State.doors`."""
    known = model.desks[:, [LINE0, BOOKED]][model.desk_of]
    found: Ints = np.where(model.desk_of < 0, -1, 2 * known[..., 0] + (known[..., 1] >= 0))
    return found


def new_state(model: Model, log_rows: int = 0) -> State:
    """Empty state for a model, sized so that every person may be alive at once.

    Args:
        model: the tables of the replication.
        log_rows: rows of the log buffer; 0 switches the log off.
    """
    days, desks = model.quota.shape
    lines, spaces, crews = len(model.lines), model.room.shape[1], model.crews.shape[1]
    buckets = lines + days + 1
    chunks = int(model.arrivals.sum()) // CHUNK + 2 * buckets + 64

    def zeros(*shape: int) -> Ints:
        return np.zeros(shape, np.int64)

    state = State(
        pool=np.zeros(chunks * CHUNK * 2, np.uint64),
        after=np.zeros(chunks, np.int32),
        before=np.zeros(chunks, np.int32),
        buckets=zeros(buckets, 8),
        occupied=zeros(spaces),
        leaving=zeros(spaces, days),
        booked=zeros(*model.plan.shape[1:]),
        next_free=zeros(model.plan.shape[1], days + 1),
        left=zeros(crews),
        counters=zeros(COUNTERS),
        served=zeros(days, desks),
        waiting=zeros(days, lines),
        wait_days=zeros(desks),
        queue_days=zeros(desks),
        age_in=zeros(desks),
        used=zeros(days, crews),
        beds=zeros(days, spaces),
        doors=doors(model),
        draws=np.zeros(CHUNK, np.uint64),
        going=np.zeros(CHUNK, np.uint64),
        going_to=zeros(CHUNK),
        going_in=zeros(CHUNK),
        log=np.zeros(log_rows, np.uint64),
    )
    state.buckets[:, HEAD] = state.buckets[:, TAIL] = -1
    state.counters[FREE_CHUNK] = -1
    state.next_free[:] = np.arange(days + 1)
    return state


def unpack_log(log: Words) -> dict[str, NDArray[Any]]:
    """Columns of packed log rows: person (uint32), day (uint16), place (uint8), mark (uint16)."""
    return {
        "person": (log & np.uint64(0xFFFFFFFF)).astype(np.uint32),
        "day": ((log >> np.uint64(32)) & np.uint64(0x1FFF)).astype(np.uint16),
        "place": ((log >> np.uint64(45)) & np.uint64(0xFF)).astype(np.uint8),
        "mark": (log >> np.uint64(53)).astype(np.uint16),
    }
