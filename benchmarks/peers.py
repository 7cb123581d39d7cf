"""One three-station network in SimPy and in Ciw, and what theory says about it.

Class 0 (a fifth of the arrivals) goes before class 1 without preemption, first come first served
inside a class. Intake -> master (a share comes back) -> merits (a share comes back) -> out.
Poisson arrivals, exponential services, the same load at every station. Events are arrivals from
outside plus service completions, the same count for every engine. Rates are per unit of time.
"""

from __future__ import annotations

import random
import time
from typing import Any, NamedTuple

STATIONS = ("intake", "master", "merits")
CLASSES = ("first", "second")
SERVERS = (4, 10, 20)
BACK = (0.0, 0.3, 0.4)  # share that returns to the same station after a service
LOAD = 0.85
ARRIVAL_RATE = 1.0
FIRST_SHARE = 0.2
MEAN_SERVICE = tuple(
    LOAD * servers * (1 - back) / ARRIVAL_RATE for servers, back in zip(SERVERS, BACK, strict=True)
)


class Run(NamedTuple):
    """One timed run: seconds, events, and mean wait by station (time units)."""

    seconds: float
    events: int
    waits: tuple[float, ...]


def mean_wait(servers: int, mean_service: float) -> float:
    """Mean wait over both classes in time units (Erlang C; priorities keep the mean)."""
    offered, blocked = LOAD * servers, 1.0
    for server in range(1, servers + 1):
        blocked = offered * blocked / (server + offered * blocked)
    waiting = blocked / (1 - LOAD * (1 - blocked))
    return waiting * mean_service / (servers * (1 - LOAD))


THEORY = tuple(mean_wait(c, mean) for c, mean in zip(SERVERS, MEAN_SERVICE, strict=True))


def run_simpy(customers: int, seed: int) -> Run:
    """The network as SimPy processes, without monitoring: its fastest honest form."""
    import simpy

    luck = random.Random(seed)
    started = time.perf_counter()
    environment = simpy.Environment()
    resources = [simpy.PriorityResource(environment, capacity=servers) for servers in SERVERS]
    waits, visits, events = [0.0] * 3, [0] * 3, [0]
    rates = [1 / mean for mean in MEAN_SERVICE]

    def customer(priority: int) -> Any:
        for station in range(3):
            while True:
                came = environment.now
                with resources[station].request(priority=priority) as request:
                    yield request
                    waits[station] += environment.now - came
                    visits[station] += 1
                    yield environment.timeout(luck.expovariate(rates[station]))
                events[0] += 1
                if luck.random() >= BACK[station]:
                    break

    def source() -> Any:
        for _ in range(customers):
            yield environment.timeout(luck.expovariate(ARRIVAL_RATE))
            events[0] += 1
            environment.process(customer(0 if luck.random() < FIRST_SHARE else 1))

    environment.process(source())
    environment.run()
    seconds = time.perf_counter() - started
    return Run(seconds, events[0], tuple(w / n for w, n in zip(waits, visits, strict=True)))


def run_ciw(customers: int, seed: int) -> Run:
    """The network in Ciw; reading its records is not timed."""
    import ciw

    started = time.perf_counter()
    services = [ciw.dists.Exponential(1 / mean) for mean in MEAN_SERVICE]
    routes = [[0.0, 1.0, 0.0], [0.0, BACK[1], 1 - BACK[1]], [0.0, 0.0, BACK[2]]]
    shares = dict(zip(CLASSES, (FIRST_SHARE, 1 - FIRST_SHARE), strict=True))
    network = ciw.create_network(
        arrival_distributions={
            name: [ciw.dists.Exponential(ARRIVAL_RATE * share), None, None]
            for name, share in shares.items()
        },
        service_distributions=dict.fromkeys(CLASSES, services),
        routing=dict.fromkeys(CLASSES, routes),
        number_of_servers=list(SERVERS),
        priority_classes={name: rank for rank, name in enumerate(CLASSES)},
    )
    ciw.seed(seed)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(customers, method="Finish")
    seconds = time.perf_counter() - started
    waits, visits = [0.0] * 3, [0] * 3
    for record in simulation.get_all_records():
        waits[record.node - 1] += record.waiting_time
        visits[record.node - 1] += 1
    means = tuple(w / n for w, n in zip(waits, visits, strict=True))
    return Run(seconds, customers + sum(visits), means)
