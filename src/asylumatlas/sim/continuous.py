"""What does queueing theory say, and does an event-driven kernel agree with it?

A small continuous-time queueing network: stations with servers, customers in classes, priorities,
impatience and feedback. It knows no immigration word. The theory tests hold it against published
formulas, so the day-stepped engine has a trusted neighbour to be compared with, and a port-of-entry
day can be run by the hour.

Random numbers are keyed by (seed, replication, customer, purpose, visit), never drawn in turn: a
change in one place leaves the luck of everyone else as it was (common random numbers).
All times are in one unit of the caller's choice (hours, days); rates are per that unit.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from asylumatlas.sim.continuous_kernel import (
    ARRIVED,
    COMPLETION,
    CUSTOMERS_USED,
    EVENT_KIND,
    FREE_CUSTOMER,
    HEAP_SIZE,
    LENGTH,
    LENGTH_AREA,
    LENGTH_SINCE,
    NOBODY,
    QUEUE,
    RENEGED,
    RENEGED_WAIT,
    SERVED,
    SERVICE_TIME,
    STAMP,
    STARTED,
    VISITS,
    WAIT,
    WAIT_SQUARE,
    Floats,
    Plan,
    State,
    advance,
    open_streams,
    run_key,
)
from asylumatlas.sim.durations import (
    Duration,
    NetworkError,
    deterministic,
    erlang,
    exponential,
    hyperexponential,
)
from asylumatlas.sim.observation import Result

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

Key = str | tuple[str, str]
LARGEST = 256  # stations or classes; their numbers share 16 bits of a customer's identity


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


def _plan(network: Network, seed: int, replication: int) -> Plan:
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
    return Plan(
        run_key=np.uint64(run_key(seed, replication)),
        levels=len(ranks),
        station=(np.arange(queues) // classes).astype(np.uint32),
        line=(np.arange(queues) // classes * len(ranks) + level).astype(np.uint32),
        newest_first=np.array([network.discipline.get(s) == "lifo" for s in network.stations]),
        service=_rows(network.by_queue("service", network.service), queues),
        patience=_rows(network.by_queue("patience", network.patience), queues),
        stream=_rows(dict(enumerate(arrivals.values())), len(arrivals)),
        stream_queue=np.array(list(arrivals), np.uint32),
        stream_code=np.array(
            [(q // classes * LARGEST + q % classes) << 48 for q in arrivals], np.uint64
        ),
        route_from=np.array(starts, np.uint32),
        route_upto=np.array(upto, np.float64),
        route_to=np.array(to, np.uint32),
    )


def _fresh_state(network: Network, plan: Plan, room: int = 1024) -> State:
    queues, streams = plan.station.size, plan.stream_queue.size
    room += 2 * streams
    control = np.zeros(8, np.int64)
    control[FREE_CUSTOMER] = NOBODY
    return State(
        heap_time=np.full(room, np.inf),
        heap_event=np.zeros(room, np.int64),
        customers=np.zeros((room, 8), np.uint32),
        since=np.zeros(room),
        key=np.zeros(room, np.uint64),
        lines=np.full((len(network.servers) * plan.levels, 2), NOBODY, np.uint32),
        free_servers=np.array(list(network.servers.values()), np.int64),
        stream_key=np.zeros(streams, np.uint64),
        stream_number=np.zeros(streams, np.uint64),
        counts=np.zeros((queues, 4), np.int64),
        sums=np.zeros((queues, 16)),
        control=control,
        clock=np.zeros(1),
    )


def _run(plan: Plan, state: State, arrivals: int, until: float) -> State:
    """Advance, doubling the arrays whenever they are full."""
    while not advance(plan, state, arrivals, until):
        grown = {
            name: np.concatenate(
                [array, np.full_like(array, math.inf if name == "heap_time" else 0)]
            )
            for name, array in state._asdict().items()
            if name in ("heap_time", "heap_event", "customers", "since", "key")
        }
        state = state._replace(**grown)
    return state


def _ages(state: State) -> Floats:
    """How long those who wait now have waited, summed by queue."""
    used = int(state.control[CUSTOMERS_USED])
    waiting = state.customers[:used, STAMP] % 2 == 1
    ages = state.clock[0] - state.since[:used][waiting]
    queues = state.customers[:used, QUEUE][waiting]
    return np.bincount(queues, weights=ages, minlength=len(state.counts)).astype(np.float64)


def _remaining(state: State) -> Floats:
    """How long those in service now will still be served, summed by queue."""
    size = int(state.control[HEAP_SIZE])
    events, times = state.heap_event[:size], state.heap_time[:size]
    served = events >> EVENT_KIND == COMPLETION
    left = times[served] - state.clock[0]
    queues = state.customers[events[served], QUEUE]
    order = np.argsort(left)  # the same sum wherever others stand in the calendar
    weights, queues = left[order], queues[order]
    return np.bincount(queues, weights=weights, minlength=len(state.counts)).astype(np.float64)


def _close_areas(state: State) -> None:
    """Bring the time integrals up to the clock."""
    sums, now = state.sums, state.clock[0]
    sums[:, LENGTH_AREA] += sums[:, LENGTH] * (now - sums[:, LENGTH_SINCE])
    sums[:, LENGTH_SINCE] = now


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
    open_streams(plan, state)
    state = _run(plan, state, warmup, until)
    _close_areas(state)
    start, age_before, waiting_before = state.clock[0], _ages(state), state.sums[:, LENGTH].copy()
    served_before = _remaining(state)
    state.counts[:] = 0
    state.sums[:, [LENGTH_AREA, SERVICE_TIME, WAIT, WAIT_SQUARE, RENEGED_WAIT]] = 0.0
    arrived = int(state.control[ARRIVED])
    state = _run(plan, state, customers, until)
    if state.control[ARRIVED] < customers:
        state.clock[0] = until
    _close_areas(state)
    busy_area = state.sums[:, SERVICE_TIME] + served_before - _remaining(state)
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
        busy_area=busy_area.reshape(shape),
        waiting_before=waiting_before.reshape(shape).astype(np.int64),
        waiting_after=sums[..., LENGTH].astype(np.int64),
        age_before=age_before.reshape(shape),
        age_after=_ages(state).reshape(shape),
    )
