"""How fast is the general continuous-time kernel beside SimPy and Ciw on one network?

One pinned core, engines in turn, median of five rounds. Prints a table for people, then one JSON
line per bar. Agreement with Erlang C is checked in the same run.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version

import peers

from asylumatlas.sim.continuous import Network, exponential, simulate

REPLICATIONS = 24
GATE = 5.5  # Student t, 23 degrees of freedom: two-sided 4-sigma level over three comparisons


def network() -> Network:
    """The network of peers.py in the words of our kernel."""
    shares = (peers.FIRST_SHARE, 1 - peers.FIRST_SHARE)
    rates = [peers.ARRIVAL_RATE * share for share in shares]
    return Network(
        servers=dict(zip(peers.STATIONS, peers.SERVERS, strict=True)),
        service={
            station: exponential(mean)
            for station, mean in zip(peers.STATIONS, peers.MEAN_SERVICE, strict=True)
        },
        arrivals={
            ("intake", name): exponential(1 / rate)
            for name, rate in zip(peers.CLASSES, rates, strict=True)
        },
        routing={
            "intake": {"master": 1.0},
            "master": {"master": peers.BACK[1], "merits": 1 - peers.BACK[1]},
            "merits": {"merits": peers.BACK[2]},
        },
        priority={(station, peers.CLASSES[1]): 1 for station in peers.STATIONS},
        classes=peers.CLASSES,
    )


def run_kernel(customers: int, seed: int, warmup: int = 0) -> peers.Run:
    """The network in our kernel; building the tables is timed too."""
    started = time.perf_counter()
    result = simulate(network(), customers=customers, seed=seed, warmup=warmup)
    seconds = time.perf_counter() - started
    waits = result.wait_sum.sum(axis=1) / result.started.sum(axis=1)
    return peers.Run(seconds, result.events, tuple(map(float, waits)))


def scores() -> tuple[float, ...]:
    """Student t of each station's mean wait against Erlang C, over independent replications."""
    runs = [run_kernel(200_000, 1000 + seed, warmup=20_000) for seed in range(REPLICATIONS)]
    found = []
    for station, theory in enumerate(peers.THEORY):
        waits = [run.waits[station] for run in runs]
        error = statistics.stdev(waits) / math.sqrt(REPLICATIONS)
        found.append((statistics.mean(waits) - theory) / error)
    return tuple(found)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 0 when every bar is met and theory agrees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args(argv).rounds
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    engines: dict[str, tuple[Callable[[int, int], peers.Run], int]] = {
        "asylumatlas": (run_kernel, 1_000_000),
        f"SimPy {version('simpy')}": (peers.run_simpy, 40_000),
        f"Ciw {version('ciw')}": (peers.run_ciw, 20_000),
    }
    run_kernel(1_000, 0)  # compile, or load what was compiled
    speeds: dict[str, list[float]] = {name: [] for name in engines}
    for seed in range(1, rounds + 1):
        for name, (engine, customers) in engines.items():
            run = engine(customers, seed)
            speeds[name].append(run.events / run.seconds)
    middle = {name: statistics.median(values) for name, values in speeds.items()}
    ours = middle["asylumatlas"]
    print(
        f"{'engine':<14}{'customers':>11}{'events/s':>14}{'lowest':>14}{'highest':>14}{'ratio':>9}"
    )
    for name, values in speeds.items():
        figures = (middle[name], min(values), max(values))
        columns = "".join(f"{figure:>14,.0f}" for figure in figures)
        print(f"{name:<14}{engines[name][1]:>11,}{columns}{ours / middle[name]:>8.1f}x")
    found = scores()
    print("Erlang C, t by station:", ", ".join(f"{score:+.2f}" for score in found))
    agrees = all(abs(score) < GATE for score in found)
    if not agrees:
        print("the kernel disagrees with Erlang C", file=sys.stderr)
    all_ok = agrees
    for (name, speed), need in zip(list(middle.items())[1:], (80, 150), strict=True):
        ok = agrees and ours / speed >= need
        all_ok &= ok
        bar = f"continuous_vs_{name.split()[0].lower()}"
        line = {"bar": bar, "value": round(ours / speed, 1), "need": need, "ok": ok}
        print(json.dumps({**line, "against": name}))
    return 0 if all_ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
