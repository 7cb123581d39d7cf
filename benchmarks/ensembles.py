"""How long do many draws of the national system take, and one run of it at full size?

Three questions, each through the same door as any run:

    split   where the time of one replication goes: tables, kernel, telling, counting, log
    draws   1,000 draws at 5 % of the people, without the event log, by worker processes; the bar is
            5 minutes by two. A draw is run with one luck here (a run has two of each draw).
    whole   one run at full size, ten years, in one process on one core, with the event log,
            summary and report; the bar is 15 s. And how many events a second that is, beside
            SimPy on the same core in the same minute: the kernel with its log in memory beside
            SimPy's three stations without one (the bar is 150 times), the whole run beside both
            those stations and SimPy's network of courts (`country.py`).

Prints a table for people, then one JSON line per bar.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import country
import peers

from asylumatlas.ensembles import pieces
from asylumatlas.runs import run
from asylumatlas.scenario import Scenario, load_scenario
from asylumatlas.sim import histories, measures
from asylumatlas.sim import tables as t
from asylumatlas.sim.replication import Worker

SCENARIO = "us-courts"
SMALL = 0.05
DRAWS = 1_000
MINUTES = 5.0
SECONDS = 15.0
TIMES = 150.0  # as many events a second as SimPy
SIMPY_CUSTOMERS = 40_000
SIMPY_DAYS = 50  # of the network of courts, at 1 %


def scaled(scale: float) -> Scenario:
    """The national scenario with a part of its people."""
    return load_scenario(SCENARIO, {"scale": str(scale)})


def timed(name: str, work: Callable[[], Any], events: int, scale: float) -> Any:
    """Do something and print its seconds; what it returned."""
    started = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - started
    each = f"{seconds / events * 1e9:>9.0f} ns an event" if events else ""
    print(f"{scale:<8.0%}{name:<12}{seconds:>9.3f} s{each}")
    return result


def split(scale: float) -> None:
    """Where the time of one replication goes, once everything is compiled."""
    worker = Worker(scaled(scale), 1, 1000)
    worker.run(0)
    rules, speech = worker.rules, worker.speech
    model = timed("tables", lambda: rules.model_for(rules.draw(1), 0), 0, scale)
    state = worker.simulate(model)
    events = int(state.counters[t.EVENTS] + state.counters[t.CREATED])
    state = timed("kernel", lambda: worker.simulate(model), events, scale)
    rows = state.log[: state.counters[t.LOG_ROWS]]
    told = timed("telling", lambda: histories.tell(rules, speech, rows), events, scale)
    timed("counting", lambda: measures.count(rules, speech, told), events, scale)
    with tempfile.TemporaryDirectory() as name:
        parts = [(0, told, model)]
        worker._write(Path(name), range(1), parts)  # imports what it needs
        (Path(name) / "again").mkdir()
        timed("log", lambda: worker._write(Path(name) / "again", range(1), parts), events, scale)


_own: dict[str, Worker] = {}


def one_draw(scale: float, index: int) -> float:
    """One draw with one luck; the people left inside, so that something comes back."""
    if "worker" not in _own:
        _own["worker"] = Worker(scaled(scale), 1, 2 * DRAWS)
    return float(_own["worker"].run(2 * index)[0].people_inside)


class Spent(NamedTuple):
    """Time by the clock, and by the processors: much more of the first is a busy machine."""

    clock: float
    processor: float


def processors() -> float:
    """Seconds that processors spent on this process and on the children that have ended."""
    return sum(os.times()[:4])


def spent(work: Callable[[], Any]) -> Spent:
    """Seconds that something takes."""
    started, used = time.perf_counter(), processors()
    work()
    return Spent(time.perf_counter() - started, processors() - used)


def do_draws(draws: int, workers: int) -> None:
    """That many draws, processes' start included."""
    done = list(pieces(one_draw, list(range(draws)), workers=workers, common=(SMALL,)))
    if len(done) != draws or min(done) <= 0:
        raise RuntimeError("ensembles: draws are missing")


class Whole(NamedTuple):
    """A full run, and what ran beside it on the same core: seconds, and events a second."""

    run: Spent
    events: int
    kernel: float
    stations: float
    network: float


def time_whole(scale: float) -> Whole:
    """A run in this process, after a small one has compiled the kernels; then SimPy."""
    simpy = [peers.run_simpy(SIMPY_CUSTOMERS, seed=1)]
    with tempfile.TemporaryDirectory() as name:
        run(scaled(0.001), replications=1, out=Path(name) / "small")
        work = spent(lambda: run(scaled(scale), replications=1, out=Path(name) / "whole"))
    simpy.append(peers.run_simpy(SIMPY_CUSTOMERS, seed=2))
    worker = Worker(scaled(scale), 1, 1)
    _, model = worker.model(0)
    started = time.perf_counter()
    counters = worker.simulate(model).counters
    seconds = time.perf_counter() - started
    events = int(counters[t.EVENTS] + counters[t.CREATED])
    simpy.append(peers.run_simpy(SIMPY_CUSTOMERS, seed=3))
    network = country.run_simpy(0.01, SIMPY_DAYS, seed=1)
    stations = statistics.median(one.events / one.seconds for one in simpy)
    return Whole(work, events, events / seconds, stations, network.events / network.seconds)


def bar(name: str, value: Spent, need: float, against: str) -> bool:
    """Print one bar's JSON line; the clock decides."""
    more = {"processor": round(value.processor, 2)}
    return line(name, value.clock, need, value.clock <= need, against, **more)


def line(name: str, value: float, need: float | None, ok: bool, against: str, **more: Any) -> bool:
    """Print a JSON line; without a need it is a figure and no bar."""
    told = {"bar": name, "value": round(value, 2), "need": need, "ok": ok, **more}
    print(json.dumps({**told, "against": against}))
    return ok


def beside_simpy(whole: Whole) -> bool:
    """Print events a second beside SimPy's; returns whether the bars are met."""
    speed = whole.events / whole.run.clock
    engine, network = whole.kernel / whole.stations, speed / whole.network
    print(
        f"events a second: kernel {whole.kernel:,.0f}, whole run {speed:,.0f}, "
        f"SimPy's stations {whole.stations:,.0f}, SimPy's courts {whole.network:,.0f}"
    )
    stations = "SimPy, three stations, no log"
    line("whole_vs_simpy_stations", speed / whole.stations, None, True, stations)
    return all(
        [
            line("kernel_vs_simpy", engine, TIMES, engine >= TIMES, f"{stations}; kernel with log"),
            line("whole_vs_simpy", network, TIMES, network >= TIMES, "SimPy, network of courts"),
        ]
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 0 when every bar is met (with --quick: always)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=DRAWS, help="fewer are scaled up to 1,000")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="20 draws, the whole at 5 %%")
    parser.add_argument("--whole", type=float, default=0.0, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.whole:  # in a process of its own: pinned, and its memory is its own
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        print(json.dumps(time_whole(options.whole)))
        return 0
    draws = 20 if options.quick else options.draws
    split(SMALL)
    do_draws(options.workers, options.workers)  # compiles, or loads what was compiled
    many = spent(lambda: do_draws(draws, options.workers))
    minutes = Spent(*(seconds * DRAWS / draws / 60 for seconds in many))
    scale = SMALL if options.quick else 1.0
    words = [sys.executable, __file__, f"--whole={scale}"]
    told = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    draws_told = f"1,000 draws at 5 %, {options.workers} processes, in minutes"
    whole_told = f"one run at {scale:.0%}, ten years, one core, event log on, in seconds"
    used, *others = json.loads(told)
    whole = Whole(Spent(*used), *others)
    bars = [
        bar("draws", minutes, MINUTES, draws_told),
        bar("whole_run", whole.run, SECONDS, whole_told),
        beside_simpy(whole),
    ]
    return 0 if all(bars) or options.quick else 1


if __name__ == "__main__":
    raise SystemExit(main())
