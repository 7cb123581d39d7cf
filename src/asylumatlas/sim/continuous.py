"""What does queueing theory say, and does an event-driven kernel agree with it?

A small continuous-time queueing network: stations with servers, customers in classes, priorities,
impatience and feedback. It knows no immigration word. The theory tests hold it against published
formulas, so the day-stepped engine has a trusted neighbour to be compared with, and a port-of-entry
day can be run by the hour.

The life of an event, in the order the kernel handles it:
    1 take the earliest event; ties go to completions, then to patience, then to arrivals
    2 an arrival joins its station, and the next arrival of its stream is scheduled
    3 a completion moves the customer on (feedback joins the tail), then frees the server
    4 a freed server takes the first line, in priority order, that has someone in it
    5 patience that ends while the customer still waits takes the customer away

Random numbers are keyed by (seed, replication, customer, purpose, visit), never drawn in turn: a
change in one place leaves the luck of everyone else as it was (common random numbers).
All times are in one unit of the caller's choice (hours, days); rates are per that unit.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = [
    "Duration",
    "Network",
    "NetworkError",
    "Result",
    "deterministic",
    "erlang",
    "exponential",
    "hyperexponential",
    "simulate",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
SmallIntegers = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint64]
Key = str | tuple[str, str]
Function = TypeVar("Function", bound=Callable[..., Any])

NO_DURATION, EXPONENTIAL, DETERMINISTIC, HYPEREXPONENTIAL, ERLANG = range(5)
BETWEEN_ARRIVALS, SERVICE, ROUTE, PATIENCE = range(4)  # purposes of a random number
COMPLETION, IMPATIENCE, ARRIVAL = range(3)  # kinds of event, in the order that ties are broken
EVENT_KIND, EVENT_STAMP, EVENT_MASK = 60, 30, (1 << 30) - 1  # layout of an event in 64 bits
QUEUE, VISIT, NEXT, PREVIOUS, STAMP = range(5)  # columns of _State.customers
HEAD, TAIL = range(2)  # columns of _State.lines
VISITS, STARTED, SERVED, RENEGED = range(4)  # columns of _State.counts
(
    LENGTH,
    LENGTH_SINCE,
    LENGTH_AREA,
    BUSY,
    BUSY_SINCE,
    BUSY_AREA,
    WAIT,
    WAIT_SQUARE,
    RENEGED_WAIT,
) = range(9)  # columns of _State.sums
HEAP_SIZE, ROOT_IS_FREE, CUSTOMERS_USED, FREE_CUSTOMER, ARRIVED = range(5)  # _State.control
NOBODY = -1
EXIT = -1
LARGEST = 256  # stations or classes; their numbers share 16 bits of a customer's identity


class NetworkError(ValueError):
    """A network that cannot be simulated; the message says where and what to do."""


class _Plan(NamedTuple):
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


class _State(NamedTuple):
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
def _sift_down(state: _State, time: float, event: int | np.int64) -> None:
    """Fill the free root with an event; places past the last event hold an infinite time."""
    times, events = state.heap_time, state.heap_event
    place, child = np.int64(0), np.int64(1)
    while True:
        child += np.int64(times[child + 1] < times[child])  # arithmetic, as a branch would miss
        earliest = times[child]
        if not earliest < time:
            break
        times[place], events[place] = earliest, events[child]
        place, child = child, 2 * child + 1
    times[place], events[place] = time, event


@_compiled
def _break_tie(state: _State, now: float) -> None:
    """Bring the event that goes first of those at this very time to the root."""
    times, events = state.heap_time, state.heap_event
    for place in range(1, state.control[HEAP_SIZE]):
        if times[place] == now and events[place] < events[0]:
            events[0], events[place] = events[place], events[0]  # equal times: still a heap


@_compiled
def _schedule(state: _State, time: float, event: int | np.int64) -> None:
    """Add an event; the first one added while an event is handled takes that event's place."""
    control, times, events = state.control, state.heap_time, state.heap_event
    if control[ROOT_IS_FREE]:
        control[ROOT_IS_FREE] = 0
        _sift_down(state, time, event)
        return
    place = control[HEAP_SIZE]
    control[HEAP_SIZE] += 1
    while place > 0:
        parent = (place - 1) >> 1
        if times[parent] <= time:
            break
        times[place], events[place] = times[parent], events[parent]
        place = parent
    times[place], events[place] = time, event


@_compiled
def _close_root(state: _State) -> None:
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
def _change_length(sums: Floats, queue: int, now: float, change: float) -> None:
    sums[queue, LENGTH_AREA] += sums[queue, LENGTH] * (now - sums[queue, LENGTH_SINCE])
    sums[queue, LENGTH_SINCE] = now
    sums[queue, LENGTH] += change


@_compiled
def _change_busy(sums: Floats, queue: int, now: float, change: float) -> None:
    sums[queue, BUSY_AREA] += sums[queue, BUSY] * (now - sums[queue, BUSY_SINCE])
    sums[queue, BUSY_SINCE] = now
    sums[queue, BUSY] += change


@_compiled
def _start(plan: _Plan, state: _State, customer: int, queue: int, now: float) -> None:
    """A server takes the customer."""
    state.counts[queue, STARTED] += 1
    _change_busy(state.sums, queue, now, 1.0)
    visit = state.customers[customer, VISIT]
    service = duration(plan.service[queue], state.key[customer], SERVICE, visit)
    _schedule(state, now + service, customer)


@_compiled
def _wait(plan: _Plan, state: _State, customer: int, queue: int, now: float) -> None:
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
        event = IMPATIENCE << EVENT_KIND | np.int64(stamp) << EVENT_STAMP | customer
        _schedule(state, now + patience, event)


@_compiled
def _leave_line(plan: _Plan, state: _State, customer: int, queue: int, now: float) -> float:
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
def _join(plan: _Plan, state: _State, customer: int, queue: int, now: float) -> None:
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
def _release(plan: _Plan, state: _State, station: int, now: float) -> None:
    """A freed server takes the next customer in priority order, or goes idle."""
    end = TAIL if plan.newest_first[station] else HEAD
    for line in range(station * plan.levels, (station + 1) * plan.levels):
        customer = state.lines[line, end]
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
def _next_arrival(plan: _Plan, state: _State, stream: int, now: float) -> None:
    key = customer_key(plan.run_key, plan.stream_code[stream], state.stream_number[stream])
    state.stream_key[stream] = key
    state.stream_number[stream] += np.uint64(1)
    interval = duration(plan.stream[stream], key, BETWEEN_ARRIVALS, 0)
    _schedule(state, now + interval, ARRIVAL << EVENT_KIND | stream)


@_compiled
def _arrive(plan: _Plan, state: _State, stream: int, now: float) -> None:
    control = state.control
    customer = control[FREE_CUSTOMER]
    if customer == NOBODY:
        customer = control[CUSTOMERS_USED]
        control[CUSTOMERS_USED] += 1
    else:
        control[FREE_CUSTOMER] = state.customers[customer, NEXT]
    control[ARRIVED] += 1
    state.key[customer] = state.stream_key[stream]
    state.customers[customer, VISIT] = 0
    _next_arrival(plan, state, stream, now)
    _join(plan, state, customer, plan.stream_queue[stream], now)


@_compiled
def _forget(state: _State, customer: int) -> None:
    """Give the row of a departed customer back; its stamp stays, so old patience is recognised."""
    state.customers[customer, NEXT] = state.control[FREE_CUSTOMER]
    state.control[FREE_CUSTOMER] = customer


@_compiled
def _route(plan: _Plan, state: _State, customer: int, queue: int) -> int:
    """The queue that follows, or EXIT."""
    row, end = plan.route_from[queue], plan.route_from[queue + 1]
    if row == end:
        return EXIT
    if plan.route_upto[row] >= 1.0:  # certain: keyed numbers need not be drawn to stay in step
        return int(plan.route_to[row])
    chance = uniform(state.key[customer], ROUTE, state.customers[customer, VISIT], 0)
    while row < end and chance >= plan.route_upto[row]:
        row += 1
    return int(plan.route_to[row]) if row < end else EXIT


@_compiled
def _complete(plan: _Plan, state: _State, customer: int, now: float) -> None:
    queue = state.customers[customer, QUEUE]
    state.counts[queue, SERVED] += 1
    _change_busy(state.sums, queue, now, -1.0)
    following = _route(plan, state, customer, queue)
    if following == EXIT:
        _forget(state, customer)
    else:
        state.customers[customer, VISIT] += 1
        _join(plan, state, customer, following, now)
    _release(plan, state, plan.station[queue], now)


@_compiled
def _lose_patience(plan: _Plan, state: _State, event: int, now: float) -> None:
    customer = event & EVENT_MASK
    if state.customers[customer, STAMP] != (event >> EVENT_STAMP) & EVENT_MASK:
        return  # served or gone before patience ended
    queue = state.customers[customer, QUEUE]
    state.counts[queue, RENEGED] += 1
    state.sums[queue, RENEGED_WAIT] += _leave_line(plan, state, customer, queue, now)
    _forget(state, customer)


@_compiled
def _advance(plan: _Plan, state: _State, arrivals: int, until: float) -> bool:
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
            _complete(plan, state, event, now)
        elif kind == ARRIVAL:
            _arrive(plan, state, event & EVENT_MASK, now)
        else:
            _lose_patience(plan, state, event, now)
        _close_root(state)
    return True


@_compiled
def _open(plan: _Plan, state: _State) -> None:
    """Schedule the first arrival of every stream."""
    for stream in range(plan.stream_queue.size):
        _next_arrival(plan, state, stream, 0.0)


# What a caller says -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Duration:
    """A distribution of times; make one with `exponential`, `deterministic`, `erlang`, ...

    Attributes:
        kind: one of the kinds above.
        shape: share of the first phase (hyperexponential) or number of phases (Erlang).
        first: mean in time units; for the hyperexponential the mean of the first phase.
        second: mean of the second phase of a hyperexponential, in time units.
    """

    kind: int
    shape: float
    first: float
    second: float = 0.0

    def __post_init__(self) -> None:
        for time in (self.first, self.second):
            if not (math.isfinite(time) and time >= 0):
                raise NetworkError(f"duration: {time!r} is not a finite time of zero or more.")
        if self.kind == HYPEREXPONENTIAL and not 0 <= self.shape <= 1:
            raise NetworkError(f"duration: share {self.shape!r} is not between 0 and 1.")
        if self.kind == ERLANG and (self.shape < 1 or self.shape != int(self.shape)):
            raise NetworkError(f"duration: phases {self.shape!r} is not a whole number from 1 up.")

    @property
    def mean(self) -> float:
        """Mean, in time units."""
        if self.kind == HYPEREXPONENTIAL:
            return self.shape * self.first + (1 - self.shape) * self.second
        return self.first

    @property
    def variance(self) -> float:
        """Variance, in squared time units."""
        if self.kind == HYPEREXPONENTIAL:
            second_moment = 2 * (self.shape * self.first**2 + (1 - self.shape) * self.second**2)
            return second_moment - self.mean**2
        return {EXPONENTIAL: self.first**2, ERLANG: self.first**2 / max(self.shape, 1)}.get(
            self.kind, 0.0
        )


def exponential(mean: float) -> Duration:
    """Exponential times (as arrivals: a Poisson stream of rate 1 / mean)."""
    return Duration(EXPONENTIAL, 0.0, mean)


def deterministic(value: float) -> Duration:
    """Always the same time (as arrivals: the first comes after one such time)."""
    return Duration(DETERMINISTIC, 0.0, value)


def hyperexponential(share: float, first_mean: float, second_mean: float) -> Duration:
    """Exponential with ``first_mean`` for a share of the draws, else with ``second_mean``."""
    return Duration(HYPEREXPONENTIAL, share, first_mean, second_mean)


def erlang(phases: int, mean: float) -> Duration:
    """Sum of ``phases`` equal exponential times, with this mean in total."""
    return Duration(ERLANG, phases, mean)


@dataclass(frozen=True)
class Network:
    """Stations, classes of customers, and how customers come, are served, move and give up.

    A key is ``(station, class)``, or a station alone for every class there (a pair overrides it).

    Attributes:
        servers: servers of each station, in the order that results use.
        service: time a server spends on a visit.
        arrivals: time between arrivals from outside, one independent stream per entry.
        routing: after service, probability of each next station; the remainder exits.
        patience: longest wait; who waits longer leaves the network. Absent: waits for ever.
        priority: smaller goes first, without preemption; equal priorities share one line.
        discipline: ``fifo`` (default) or ``lifo``, per station, inside a priority.
        classes: names of the classes, in the order that results use.

    Raises:
        NetworkError: names the entry that is wrong.

    Example:
        >>> desk = Network(
        ...     servers={"desk": 2},
        ...     arrivals={"desk": exponential(1.0)},
        ...     service={"desk": exponential(1.6)},
        ... )
        >>> result = simulate(desk, customers=1000, seed=1)
        >>> int(result.events)
        1999
    """

    servers: Mapping[str, int]
    service: Mapping[Key, Duration]
    arrivals: Mapping[Key, Duration]
    routing: Mapping[Key, Mapping[str, float]] = field(default_factory=dict)
    patience: Mapping[Key, Duration] = field(default_factory=dict)
    priority: Mapping[Key, int] = field(default_factory=dict)
    discipline: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] = ("all",)

    def __post_init__(self) -> None:
        _check_names(self)
        if not self.arrivals:
            raise NetworkError("network: arrivals: no station has any, so nothing would happen.")
        for queue, interval in self.by_queue("arrivals", self.arrivals).items():
            if interval.mean == 0:
                raise NetworkError(f"network: arrivals.{self.label(queue)}: a mean time of zero.")
        _check_routing(self)

    @cached_property
    def stations(self) -> tuple[str, ...]:
        """Names of the stations."""
        return tuple(self.servers)

    def label(self, queue: int) -> str:
        """``station.class`` of a queue number."""
        station, kind = divmod(queue, len(self.classes))
        return f"{self.stations[station]}.{self.classes[kind]}"

    def queue(self, station: str, kind: str) -> int:
        """Number of the queue of a class at a station."""
        return self.stations.index(station) * len(self.classes) + self.classes.index(kind)

    def by_queue(self, path: str, entries: Mapping[Key, Any]) -> dict[int, Any]:
        """Entries by queue number, stations alone first so that a pair overrides them."""
        found: dict[int, Any] = {}
        for key in sorted(entries, key=lambda key: isinstance(key, tuple)):
            station, kinds = (key, self.classes) if isinstance(key, str) else (key[0], key[1:])
            _known(station, self.stations, f"{path}.{station}", "station")
            for kind in kinds:
                _known(kind, self.classes, f"{path}.{station}.{kind}", "class")
                found[self.queue(station, kind)] = entries[key]
        return found


def _known(name: str, names: Iterable[str], path: str, noun: str) -> None:
    if name not in tuple(names):
        close = difflib.get_close_matches(str(name), tuple(names), 1)
        hint = f' Did you mean "{close[0]}"?' if close else ""
        raise NetworkError(f"network: {path}: unknown {noun}.{hint}")


def _check_names(network: Network) -> None:
    """Stations, classes, servers and disciplines."""
    if not network.servers or not network.classes:
        raise NetworkError("network: servers and classes: at least one of each is needed.")
    if max(len(network.servers), len(network.classes)) > LARGEST:
        raise NetworkError(f"network: more than {LARGEST} stations or classes.")
    if len(set(network.classes)) != len(network.classes):
        raise NetworkError("network: classes: a name appears twice.")
    for station, count in network.servers.items():
        if not isinstance(count, int) or count < 1:
            raise NetworkError(f"network: servers.{station}: {count!r} is not a whole number > 0.")
    for station, discipline in network.discipline.items():
        _known(station, network.stations, f"discipline.{station}", "station")
        _known(discipline, ("fifo", "lifo"), f"discipline.{station}.{discipline}", "discipline")
    for name in ("service", "patience", "priority"):
        network.by_queue(name, getattr(network, name))


def _check_routing(network: Network) -> None:
    """Probabilities add up, everyone who can come is served, and everyone can leave."""
    routes = network.by_queue("routing", network.routing)
    served = network.by_queue("service", network.service)
    leaving = set(range(len(network.servers) * len(network.classes))) - set(routes)
    following: dict[int, set[int]] = {}
    for queue, row in routes.items():
        path, kind = (
            f"routing.{network.label(queue)}",
            network.classes[queue % len(network.classes)],
        )
        for station, share in row.items():
            _known(station, network.stations, f"{path}.{station}", "station")
            if not 0 <= share <= 1:
                raise NetworkError(f"network: {path}.{station}: {share!r} is not between 0 and 1.")
        if sum(row.values()) > 1 + 1e-12:
            raise NetworkError(f"network: {path}: probabilities add up to more than 1.")
        if sum(row.values()) < 1 - 1e-12:
            leaving.add(queue)
        following[queue] = {network.queue(name, kind) for name, share in row.items() if share > 0}
    visited = set(network.by_queue("arrivals", network.arrivals))
    while more := set().union(*(following.get(queue, set()) for queue in visited)) - visited:
        visited |= more
    while more := {queue for queue, nexts in following.items() if nexts & leaving} - leaving:
        leaving |= more
    for queue in sorted(visited):
        if queue not in served:
            raise NetworkError(f"network: service.{network.label(queue)}: missing, but used.")
        if queue not in leaving:
            raise NetworkError(f"network: routing.{network.label(queue)}: nobody can ever exit.")


# From words to arrays, and back -------------------------------------------------------------------


def _rows(durations: Mapping[int, Duration], size: int) -> Floats:
    rows = np.zeros((size, 4))
    for place, time in durations.items():
        rows[place] = time.kind, time.shape, time.first, time.second
    return rows


def _plan(network: Network, seed: int, replication: int) -> _Plan:
    stations, classes = len(network.servers), len(network.classes)
    queues = stations * classes
    priority = network.by_queue("priority", network.priority)
    ranks = sorted({priority.get(queue, 0) for queue in range(queues)})
    level = np.array([ranks.index(priority.get(queue, 0)) for queue in range(queues)])
    arrivals = dict(sorted(network.by_queue("arrivals", network.arrivals).items()))
    routes = network.by_queue("routing", network.routing)
    starts, upto, to = [0], [0.0] * 0, [0] * 0
    for queue in range(queues):
        total, kind = 0.0, network.classes[queue % classes]
        for station, share in routes.get(queue, {}).items():
            total += share
            upto.append(1.0 if total > 1 - 1e-12 else total)
            to.append(network.queue(station, kind))
        starts.append(len(to))
    return _Plan(
        run_key=np.uint64(run_key(seed, replication)),
        levels=len(ranks),
        station=(np.arange(queues) // classes).astype(np.int32),
        line=(np.arange(queues) // classes * len(ranks) + level).astype(np.int32),
        newest_first=np.array([network.discipline.get(s) == "lifo" for s in network.stations]),
        service=_rows(network.by_queue("service", network.service), queues),
        patience=_rows(network.by_queue("patience", network.patience), queues),
        stream=_rows(dict(enumerate(arrivals.values())), len(arrivals)),
        stream_queue=np.array(list(arrivals), np.int32),
        stream_code=np.array(
            [(q // classes * LARGEST + q % classes) << 48 for q in arrivals], np.uint64
        ),
        route_from=np.array(starts, np.int32),
        route_upto=np.array(upto, np.float64),
        route_to=np.array(to, np.int32),
    )


def _fresh_state(network: Network, plan: _Plan, room: int = 1024) -> _State:
    queues, streams = plan.station.size, plan.stream_queue.size
    room += 2 * streams
    control = np.zeros(8, np.int64)
    control[FREE_CUSTOMER] = NOBODY
    return _State(
        heap_time=np.full(room, np.inf),
        heap_event=np.zeros(room, np.int64),
        customers=np.zeros((room, 8), np.int32),
        since=np.zeros(room),
        key=np.zeros(room, np.uint64),
        lines=np.full((len(network.servers) * plan.levels, 2), NOBODY, np.int32),
        free_servers=np.array(list(network.servers.values()), np.int64),
        stream_key=np.zeros(streams, np.uint64),
        stream_number=np.zeros(streams, np.uint64),
        counts=np.zeros((queues, 4), np.int64),
        sums=np.zeros((queues, 16)),
        control=control,
        clock=np.zeros(1),
    )


def _run(plan: _Plan, state: _State, arrivals: int, until: float) -> _State:
    """Advance, doubling the arrays whenever they are full."""
    while not _advance(plan, state, arrivals, until):
        grown = {
            name: np.concatenate(
                [array, np.full_like(array, math.inf if name == "heap_time" else 0)]
            )
            for name, array in state._asdict().items()
            if name in ("heap_time", "heap_event", "customers", "since", "key")
        }
        state = state._replace(**grown)
    return state


def _ages(state: _State) -> Floats:
    """How long those who wait now have waited, summed by queue."""
    used = int(state.control[CUSTOMERS_USED])
    waiting = state.customers[:used, STAMP] % 2 == 1
    ages = state.clock[0] - state.since[:used][waiting]
    queues = state.customers[:used, QUEUE][waiting]
    return np.bincount(queues, weights=ages, minlength=len(state.counts)).astype(np.float64)


def _close_areas(state: _State) -> None:
    """Bring the time integrals up to the clock."""
    sums, now = state.sums, state.clock[0]
    sums[:, LENGTH_AREA] += sums[:, LENGTH] * (now - sums[:, LENGTH_SINCE])
    sums[:, BUSY_AREA] += sums[:, BUSY] * (now - sums[:, BUSY_SINCE])
    sums[:, LENGTH_SINCE] = sums[:, BUSY_SINCE] = now


@dataclass(frozen=True)
class Result:
    """What happened between the warm-up and the end; arrays are (stations, classes).

    Attributes:
        stations: names of the rows.
        classes: names of the columns.
        events: arrivals from outside, service completions and departures out of impatience.
        time: length of the observed period, in time units.
        visits: customers who joined a station, feedback included.
        started: services started.
        served: services completed.
        reneged: customers whose patience ended while they waited.
        wait_sum: waits of the started, in time units.
        wait_square_sum: their squares, in squared time units.
        reneged_wait_sum: waits of the reneged, in time units.
        queue_area: integral of the number waiting over the period.
        busy_area: integral of the busy servers over the period.
        waiting_before: number waiting at the start of the period.
        waiting_after: number waiting at its end.
        age_before: time those at the start had waited by then, summed.
        age_after: time those at the end had waited by then, summed.
    """

    stations: tuple[str, ...]
    classes: tuple[str, ...]
    events: int
    time: float
    visits: Integers
    started: Integers
    served: Integers
    reneged: Integers
    wait_sum: Floats
    wait_square_sum: Floats
    reneged_wait_sum: Floats
    queue_area: Floats
    busy_area: Floats
    waiting_before: Integers
    waiting_after: Integers
    age_before: Floats
    age_after: Floats

    @property
    def mean_wait(self) -> Floats:
        """Mean wait of those whose service started, zero waits included; NaN if nobody."""
        return _ratio(self.wait_sum, self.started)

    @property
    def wait_variance(self) -> Floats:
        """Variance of the wait of those whose service started."""
        return _ratio(self.wait_square_sum, self.started) - self.mean_wait**2

    @property
    def mean_wait_of_all(self) -> Floats:
        """Mean wait of everyone whose wait ended, by service or by impatience."""
        return _ratio(self.wait_sum + self.reneged_wait_sum, self.started + self.reneged)

    @property
    def reneged_share(self) -> Floats:
        """Share of the waits ended that ended by impatience."""
        return _ratio(self.reneged, self.started + self.reneged)

    @property
    def mean_queue_length(self) -> Floats:
        """Mean number waiting over time."""
        return self.queue_area / self.time

    @property
    def mean_busy_servers(self) -> Floats:
        """Mean number of servers busy with each class over time."""
        return self.busy_area / self.time

    @property
    def little_gap(self) -> Floats:
        """Time waited in the period less the integral of the number waiting; rounding only.

        Little's law as an identity of one sample path (Stidham 1974): it holds for every run,
        stable or not, and counts those who still wait.
        """
        waited = self.wait_sum + self.reneged_wait_sum + self.age_after - self.age_before
        return waited - self.queue_area


def _ratio(numerator: npt.NDArray[Any], denominator: Integers) -> Floats:
    nothing = np.full(np.shape(numerator), np.nan)
    return np.divide(numerator, denominator, out=nothing, where=denominator > 0)


def simulate(
    network: Network,
    *,
    customers: int,
    seed: int,
    replication: int = 0,
    warmup: int = 0,
    until: float = math.inf,
) -> Result:
    """What happens when ``customers`` people come to an empty network?

    Args:
        network: the network.
        customers: arrivals from outside, over all streams; the run ends when the last has come.
        seed: master seed, from 0 to 2**63 - 1.
        replication: number of the replication, from 0; each has independent luck.
        warmup: arrivals to let pass before anything is counted.
        until: end the run at this time, in time units, if that is sooner.

    Returns:
        Counts, sums and time integrals by station and class. Who waits or is in service at the
        end stays there and is counted as such.

    Raises:
        NetworkError: for a number out of its range.
    """
    for name, number in (("seed", seed), ("replication", replication), ("warmup", warmup)):
        if not 0 <= number < 2**63:
            raise NetworkError(f"simulate: {name}: {number!r} is not between 0 and 2**63 - 1.")
    if not warmup < customers < 2**48 or not until > 0:
        raise NetworkError("simulate: needs 0 <= warmup < customers < 2**48 and until > 0.")
    plan = _plan(network, seed, replication)
    state = _fresh_state(network, plan)
    _open(plan, state)
    state = _run(plan, state, warmup, until)
    _close_areas(state)
    start, age_before, waiting_before = state.clock[0], _ages(state), state.sums[:, LENGTH].copy()
    state.counts[:] = 0
    state.sums[:, [LENGTH_AREA, BUSY_AREA, WAIT, WAIT_SQUARE, RENEGED_WAIT]] = 0.0
    arrived = int(state.control[ARRIVED])
    state = _run(plan, state, customers, until)
    if state.control[ARRIVED] < customers:
        state.clock[0] = until
    _close_areas(state)
    shape = (len(network.servers), len(network.classes))
    counts, sums = state.counts.reshape(*shape, -1), state.sums.reshape(*shape, -1)
    return Result(
        stations=network.stations,
        classes=network.classes,
        events=int(state.control[ARRIVED]) - arrived + int(counts[..., SERVED:].sum()),
        time=float(state.clock[0] - start),
        visits=counts[..., VISITS],
        started=counts[..., STARTED],
        served=counts[..., SERVED],
        reneged=counts[..., RENEGED],
        wait_sum=sums[..., WAIT],
        wait_square_sum=sums[..., WAIT_SQUARE],
        reneged_wait_sum=sums[..., RENEGED_WAIT],
        queue_area=sums[..., LENGTH_AREA],
        busy_area=sums[..., BUSY_AREA],
        waiting_before=waiting_before.reshape(shape).astype(np.int64),
        waiting_after=sums[..., LENGTH].astype(np.int64),
        age_before=age_before.reshape(shape),
        age_after=_ages(state).reshape(shape),
    )
