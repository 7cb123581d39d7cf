"""The continuous-time kernel: events in the order of their times, over flat tables.

The life of an event, in the order the kernel handles it:
    1 take the earliest event; ties go to completions, then to patience, then to arrivals
    2 an arrival joins its station, and the next arrival of its stream is scheduled
    3 a completion moves the customer on (feedback joins the tail), then frees the server
    4 a freed server takes the first line, in priority order, that has someone in it
    5 patience that ends while the customer still waits takes the customer away

A queue is one (station, class). Tables hold unsigned numbers, so that no index is checked for a
negative value; the largest 32-bit number stands for nobody, and for the exit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
SmallIntegers = npt.NDArray[np.uint32]
Words = npt.NDArray[np.uint64]
Function = TypeVar("Function", bound=Callable[..., Any])

NO_DURATION, EXPONENTIAL, DETERMINISTIC, HYPEREXPONENTIAL, ERLANG = range(5)
BETWEEN_ARRIVALS, SERVICE, ROUTE, PATIENCE = range(4)  # purposes of a random number
COMPLETION, IMPATIENCE, ARRIVAL = range(3)  # kinds of event, in the order that ties are broken
EVENT_KIND, EVENT_STAMP, EVENT_MASK = 60, 30, (1 << 30) - 1  # layout of an event in 64 bits
QUEUE, VISIT, NEXT, PREVIOUS, STAMP = range(5)  # columns of State.customers
HEAD, TAIL = range(2)  # columns of State.lines
VISITS, STARTED, SERVED, RENEGED = range(4)  # columns of State.counts
(
    LENGTH,
    LENGTH_SINCE,
    LENGTH_AREA,
    SERVICE_TIME,
    WAIT,
    WAIT_SQUARE,
    RENEGED_WAIT,
) = range(7)  # columns of State.sums
HEAP_SIZE, ROOT_IS_FREE, CUSTOMERS_USED, FREE_CUSTOMER, ARRIVED = range(5)  # State.control
NOBODY = np.uint32(0xFFFFFFFF)
EXIT = np.uint32(0xFFFFFFFF)
ZERO, ONE = np.uint64(0), np.uint64(1)


class Plan(NamedTuple):
    """A network as flat tables. A queue is one (station, class): station * classes + class."""

    run_key: np.uint64
    levels: int  # lines per station, one per priority level
    station: SmallIntegers  # (queues,)
    line: SmallIntegers  # (queues,) the line that this class waits in
    newest_first: npt.NDArray[np.bool_]  # (stations,)
    service: Floats  # (queues, 4) kind, shape, first, second
    patience: Floats  # (queues, 4)
    stream: Floats  # (streams, 4) time between arrivals
    stream_queue: SmallIntegers  # (streams,)
    stream_code: Words  # (streams,) upper bits of the identity of its customers
    route_from: SmallIntegers  # (queues + 1,) where the rows of a queue start
    route_upto: Floats  # (rows,) cumulative probability
    route_to: SmallIntegers  # (rows,) queue; past the last row the customer exits


class State(NamedTuple):
    """Everything that changes during a run; the caller owns and grows the arrays."""

    heap_time: Floats  # infinite where there is no event
    heap_event: Integers
    customers: SmallIntegers  # (capacity, 8)
    since: Floats  # (capacity,) when the current wait began
    key: Words  # (capacity,) the customer's own random key
    lines: SmallIntegers  # (stations * levels, 2)
    free_servers: Integers  # (stations,)
    stream_key: Words  # (streams,) key of the next customer of each stream
    stream_number: Words  # (streams,)
    counts: Integers  # (queues, 4)
    sums: Floats  # (queues, 16)
    control: Integers
    clock: Floats  # (1,)


def _compiled(function: Function) -> Function:
    """Compile without reference counts and always inline: a helper then costs nothing to call.

    Left to choose, the compiler does not inline the larger helpers, and passing the arrays of the
    state halves the speed.
    """
    return cast(Function, njit(_nrt=False, cache=True, forceinline=True)(function))


# Random numbers -----------------------------------------------------------------------------------


@_compiled
def scramble(word: np.uint64) -> np.uint64:
    """Finalise 64 bits (Stafford's variant 13, as in SplitMix64: Steele, Lea, Flood 2014)."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@_compiled
def run_key(seed: int, replication: int) -> np.uint64:
    """Key of a replication."""
    step = np.uint64(0x9E3779B97F4A7C15)
    first = scramble(np.uint64(seed) + step)
    return scramble(first + (np.uint64(replication) + np.uint64(1)) * step)


@_compiled
def customer_key(run: np.uint64, stream_code: np.uint64, number: np.uint64) -> np.uint64:
    """Key of customer ``number`` (from 0) of a stream; the first of the two finalisers."""
    return scramble(run + (stream_code | number) * np.uint64(0x9E3779B97F4A7C15))


@_compiled
def uniform(key: np.uint64, purpose: int, visit: int, draw: int) -> float:
    """Uniform number in [0, 1) for one customer, purpose and visit; the second finaliser."""
    counter = np.uint64(visit) << np.uint64(32) | np.uint64(purpose << 24 | draw)
    word = scramble(key + (counter + np.uint64(1)) * np.uint64(0xD1342543DE82EF95))
    return (word >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@_compiled
def duration(row: Floats, key: np.uint64, purpose: int, visit: int) -> float:
    """One time from a distribution row (kind, shape, first, second)."""
    kind = row[0]
    if kind == EXPONENTIAL:
        return -row[2] * math.log(1.0 - uniform(key, purpose, visit, 0))
    if kind == DETERMINISTIC:
        return float(row[2])
    if kind == HYPEREXPONENTIAL:
        mean = row[2] if uniform(key, purpose, visit, 1) < row[1] else row[3]
        return -mean * math.log(1.0 - uniform(key, purpose, visit, 0))
    total = 0.0
    for phase in range(int(row[1])):
        total -= math.log(1.0 - uniform(key, purpose, visit, phase))
    return total * float(row[2]) / float(row[1])


# The calendar: an array binary heap ---------------------------------------------------------------


@_compiled
def _sift_down(state: State, time: float, event: int | np.int64) -> None:
    """Fill the free root with an event; places past the last event hold an infinite time."""
    times, events = state.heap_time, state.heap_event
    place, child = ZERO, ONE
    while True:
        child += np.uint64(times[child + ONE] < times[child])  # arithmetic, as a branch would miss
        earliest = times[child]
        if not earliest < time:
            break
        times[place], events[place] = earliest, events[child]
        place, child = child, (child << ONE) + ONE
    times[place], events[place] = time, event


@_compiled
def _break_tie(state: State, now: float) -> None:
    """Bring the event that goes first of those at this very time to the root."""
    times, events = state.heap_time, state.heap_event
    for place in range(1, state.control[HEAP_SIZE]):
        if times[place] == now and events[place] < events[0]:
            events[0], events[place] = events[place], events[0]  # equal times: still a heap


@_compiled
def _schedule(state: State, time: float, event: int | np.int64) -> None:
    """Add an event; the first one added while an event is handled takes that event's place."""
    control, times, events = state.control, state.heap_time, state.heap_event
    if control[ROOT_IS_FREE]:
        control[ROOT_IS_FREE] = 0
        _sift_down(state, time, event)
        return
    place = np.uint64(control[HEAP_SIZE])
    control[HEAP_SIZE] += 1
    while place > ZERO:
        parent = (place - ONE) >> ONE
        if times[parent] <= time:
            break
        times[place], events[place] = times[parent], events[parent]
        place = parent
    times[place], events[place] = time, event


@_compiled
def _close_root(state: State) -> None:
    """Remove the handled event when nothing took its place."""
    if state.control[ROOT_IS_FREE]:
        state.control[ROOT_IS_FREE] = 0
        state.control[HEAP_SIZE] -= 1
        last = state.control[HEAP_SIZE]
        time = state.heap_time[last]
        state.heap_time[last] = np.inf
        if last > 0:
            _sift_down(state, time, state.heap_event[last])


# Stations -----------------------------------------------------------------------------------------


@_compiled
def _change_length(sums: Floats, queue: np.uint32, now: float, change: float) -> None:
    sums[queue, LENGTH_AREA] += sums[queue, LENGTH] * (now - sums[queue, LENGTH_SINCE])
    sums[queue, LENGTH_SINCE] = now
    sums[queue, LENGTH] += change


@_compiled
def _start(plan: Plan, state: State, customer: np.uint32, queue: np.uint32, now: float) -> None:
    """A server takes the customer."""
    state.counts[queue, STARTED] += 1
    visit = state.customers[customer, VISIT]
    service = duration(plan.service[queue], state.key[customer], SERVICE, visit)
    state.sums[queue, SERVICE_TIME] += service  # less what is left at the end: the time busy
    _schedule(state, now + service, np.int64(customer))


@_compiled
def _wait(plan: Plan, state: State, customer: np.uint32, queue: np.uint32, now: float) -> None:
    """The customer goes to the tail of its line; patience starts to run."""
    customers, line = state.customers, plan.line[queue]
    last = state.lines[line, TAIL]
    customers[customer, NEXT], customers[customer, PREVIOUS] = NOBODY, last
    if last == NOBODY:
        state.lines[line, HEAD] = customer
    else:
        customers[last, NEXT] = customer
    state.lines[line, TAIL] = customer
    stamp = (customers[customer, STAMP] + 1) & EVENT_MASK  # odd while waiting
    customers[customer, STAMP] = stamp
    state.since[customer] = now
    _change_length(state.sums, queue, now, 1.0)
    if plan.patience[queue, 0] != NO_DURATION:
        visit = customers[customer, VISIT]
        patience = duration(plan.patience[queue], state.key[customer], PATIENCE, visit)
        event = IMPATIENCE << EVENT_KIND | np.int64(stamp) << EVENT_STAMP | np.int64(customer)
        _schedule(state, now + patience, event)


@_compiled
def _leave_line(
    plan: Plan, state: State, customer: np.uint32, queue: np.uint32, now: float
) -> float:
    """The customer stops waiting; returns how long the wait was."""
    customers, line = state.customers, plan.line[queue]
    after, ahead = customers[customer, NEXT], customers[customer, PREVIOUS]
    if ahead == NOBODY:
        state.lines[line, HEAD] = after
    else:
        customers[ahead, NEXT] = after
    if after == NOBODY:
        state.lines[line, TAIL] = ahead
    else:
        customers[after, PREVIOUS] = ahead
    customers[customer, STAMP] = (customers[customer, STAMP] + 1) & EVENT_MASK
    _change_length(state.sums, queue, now, -1.0)
    return float(now - state.since[customer])


@_compiled
def _join(plan: Plan, state: State, customer: np.uint32, queue: np.uint32, now: float) -> None:
    """The customer comes to a station and is served at once or waits."""
    state.customers[customer, QUEUE] = queue
    state.counts[queue, VISITS] += 1
    station = plan.station[queue]
    if state.free_servers[station] > 0:
        state.free_servers[station] -= 1
        _start(plan, state, customer, queue, now)
    else:
        _wait(plan, state, customer, queue, now)


@_compiled
def _release(plan: Plan, state: State, station: np.uint32, now: float) -> None:
    """A freed server takes the next customer in priority order, or goes idle."""
    end = TAIL if plan.newest_first[station] else HEAD
    first = station * plan.levels
    for line in range(first, first + plan.levels):
        customer = state.lines[np.uint64(line), end]
        if customer != NOBODY:
            queue = state.customers[customer, QUEUE]
            wait = _leave_line(plan, state, customer, queue, now)
            state.sums[queue, WAIT] += wait
            state.sums[queue, WAIT_SQUARE] += wait * wait
            _start(plan, state, customer, queue, now)
            return
    state.free_servers[station] += 1


# Events -------------------------------------------------------------------------------------------


@_compiled
def _next_arrival(plan: Plan, state: State, stream: np.uint32, now: float) -> None:
    key = customer_key(plan.run_key, plan.stream_code[stream], state.stream_number[stream])
    state.stream_key[stream] = key
    state.stream_number[stream] += np.uint64(1)
    interval = duration(plan.stream[stream], key, BETWEEN_ARRIVALS, 0)
    _schedule(state, now + interval, ARRIVAL << EVENT_KIND | np.int64(stream))


@_compiled
def _arrive(plan: Plan, state: State, stream: np.uint32, now: float) -> None:
    control = state.control
    customer = np.uint32(control[FREE_CUSTOMER])
    if customer == NOBODY:
        customer = np.uint32(control[CUSTOMERS_USED])
        control[CUSTOMERS_USED] += 1
    else:
        control[FREE_CUSTOMER] = state.customers[customer, NEXT]
    control[ARRIVED] += 1
    state.key[customer] = state.stream_key[stream]
    state.customers[customer, VISIT] = 0
    _next_arrival(plan, state, stream, now)
    _join(plan, state, customer, plan.stream_queue[stream], now)


@_compiled
def _forget(state: State, customer: np.uint32) -> None:
    """Give the row of a departed customer back; its stamp stays, so old patience is recognised."""
    state.customers[customer, NEXT] = state.control[FREE_CUSTOMER]
    state.control[FREE_CUSTOMER] = customer


@_compiled
def _route(plan: Plan, state: State, customer: np.uint32, queue: np.uint32) -> np.uint32:
    """The queue that follows, or EXIT."""
    row, end = np.uint64(plan.route_from[queue]), np.uint64(plan.route_from[queue + ONE])
    if row == end:
        return EXIT
    if plan.route_upto[row] >= 1.0:  # certain: keyed numbers need not be drawn to stay in step
        return plan.route_to[row]
    chance = uniform(state.key[customer], ROUTE, state.customers[customer, VISIT], 0)
    while row < end and chance >= plan.route_upto[row]:
        row += ONE
    return plan.route_to[row] if row < end else EXIT


@_compiled
def _complete(plan: Plan, state: State, customer: np.uint32, now: float) -> None:
    queue = state.customers[customer, QUEUE]
    state.counts[queue, SERVED] += 1
    following = _route(plan, state, customer, queue)
    if following == EXIT:
        _forget(state, customer)
    else:
        state.customers[customer, VISIT] += 1
        _join(plan, state, customer, following, now)
    _release(plan, state, plan.station[queue], now)


@_compiled
def _lose_patience(plan: Plan, state: State, event: int, now: float) -> None:
    customer = np.uint32(event & EVENT_MASK)
    if state.customers[customer, STAMP] != (event >> EVENT_STAMP) & EVENT_MASK:
        return  # served or gone before patience ended
    queue = state.customers[customer, QUEUE]
    state.counts[queue, RENEGED] += 1
    state.sums[queue, RENEGED_WAIT] += _leave_line(plan, state, customer, queue, now)
    _forget(state, customer)


@_compiled
def advance(plan: Plan, state: State, arrivals: int, until: float) -> bool:
    """Handle events up to an arrival or a time; False when the arrays must grow first."""
    control = state.control
    while control[ARRIVED] < arrivals and state.heap_time[0] <= until:
        if 2 * control[HEAP_SIZE] + 6 > state.heap_time.size:
            return False
        if control[FREE_CUSTOMER] == NOBODY and control[CUSTOMERS_USED] == state.since.size:
            return False
        now = state.heap_time[0]
        if state.heap_time[1] == now or state.heap_time[2] == now:
            _break_tie(state, now)
        event = state.heap_event[0]
        state.clock[0] = now
        control[ROOT_IS_FREE] = 1
        kind = event >> EVENT_KIND
        if kind == COMPLETION:
            _complete(plan, state, np.uint32(event), now)
        elif kind == ARRIVAL:
            _arrive(plan, state, np.uint32(event & EVENT_MASK), now)
        else:
            _lose_patience(plan, state, event, now)
        _close_root(state)
    return True


@_compiled
def open_streams(plan: Plan, state: State) -> None:
    """Schedule the first arrival of every stream."""
    for stream in range(plan.stream_queue.size):
        _next_arrival(plan, state, np.uint32(stream), 0.0)
