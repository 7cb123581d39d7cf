"""How fast, how small and how even is the day engine on a system of national size?

The scenario of `country.py` goes through the same door as any other: read, checked, turned into
tables, run. One pinned core, median of five rounds, ratios only within one run. Prints tables for
people, then one JSON line per bar. Events are arrivals and services; the stock of day one is not
counted, though making it is timed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import country
import peers
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet

from asylumatlas.scenario import load_scenario
from asylumatlas.sim import engine
from asylumatlas.sim import tables as t
from asylumatlas.sim.rules import Rules
from asylumatlas.sim.uncertainty import CENTRAL

SMALL = 0.05
CHUNK_BYTES = t.CHUNK * 16
SIMPY_CUSTOMERS = 40_000
SIMPY_DAYS = 50  # of the national network, at 1 %
PACKED = pa.schema(
    [pa.field("row", pa.uint64(), nullable=False)],
    metadata={"bits": "person 0-31, day 32-44, place 45-52, mark 53-63"},
)


class Memory(NamedTuple):
    """Bytes one run took: all of it by the operating system's count, and its pool of tokens."""

    resident: int
    pool: int
    most_alive: int


def tables(folder: Path, scale: float) -> t.Model:
    """The scenario file as tables, by the way every scenario goes."""
    path = folder / "national.toml"
    path.write_text(country.scenario_text(scale), "utf-8")
    rules = Rules(load_scenario(path), seed=1)
    return rules.model_for(rules.draw(CENTRAL), luck=0)


def check(model: t.Model, state: t.State) -> None:
    """A run that failed, or lost rows of its log, is not a time.

    Raises:
        RuntimeError: the run cannot be used.
    """
    counters = state.counters
    if counters[t.DAY] != len(model.quota) or counters[t.FAULT] or counters[t.LOG_LOST]:
        fault = t.FAULTS.get(int(counters[t.FAULT]), "the log's buffer was too small")
        raise RuntimeError(f"national: day {counters[t.DAY]}: {fault}")


def run(model: t.Model, log_rows: int = 0, path: Path | None = None) -> country.Work:
    """One run; with a path, its log is drained as it runs into an Arrow file there."""
    days = len(model.quota)
    stock = int(model.arrivals[:, 0].sum())
    state = t.new_state(model, log_rows)
    if path is not None:
        path.unlink(missing_ok=True)  # throwing away the last round's file is nobody's run
    started = time.perf_counter()
    if path is None:
        engine.advance(model, state, days)
    else:
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, PACKED) as writer:
            unfinished = True
            while unfinished and not state.counters[t.FAULT]:
                unfinished = engine.advance(model, state, days) < days
                rows = pa.array(state.log[: state.counters[t.LOG_ROWS]])
                writer.write_batch(pa.record_batch([rows], schema=PACKED))
                state.counters[t.LOG_ROWS] = 0
    seconds = time.perf_counter() - started
    check(model, state)
    counters = state.counters
    return country.Work(seconds, int(counters[t.EVENTS] + counters[t.CREATED]) - stock)


def resident() -> int:
    """Bytes of this process in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def measure_memory(model: t.Model) -> Memory:
    """A run that stops every day to count who is alive."""
    before, most_alive = resident(), 0
    state = t.new_state(model)
    for day in range(len(model.quota)):
        engine.advance(model, state, day + 1)
        alive = int(state.counters[t.CREATED] - state.counters[t.CLOSED])
        most_alive = max(most_alive, alive)
    check(model, state)
    pool = int(state.counters[t.FRESH_CHUNK]) * CHUNK_BYTES
    return Memory(resident() - before, pool, most_alive)


def to_parquet(source: Path, target: Path) -> tuple[float, int]:
    """Seconds to turn the packed log into columns of a Parquet file, and its rows."""
    started, rows, writer = time.perf_counter(), 0, None
    with pa.memory_map(str(source)) as file:
        reader = pa.ipc.open_file(file)
        for number in range(reader.num_record_batches):
            packed = reader.get_batch(number).column("row").to_numpy()
            batch = pa.table(t.unpack_log(packed))
            if writer is None:
                writer = pa.parquet.ParquetWriter(target, batch.schema, compression="zstd")
            writer.write_table(batch)
            rows += len(packed)
    if writer is not None:
        writer.close()
    return time.perf_counter() - started, rows


def bar(name: str, value: float, need: float, ok: bool, against: str) -> bool:
    """Print one bar's JSON line."""
    line = {"bar": name, "value": round(value, 2), "need": need, "ok": ok, "against": against}
    print(json.dumps(line))
    return ok


def time_rounds(rounds: int, scale: float, folder: Path) -> dict[str, list[country.Work]]:
    """Everything that is compared, in turn, so that a slow minute hits all alike."""
    full, small = tables(folder, scale), tables(folder, scale * SMALL)
    log_rows = int(full.arrivals[0].sum() * 1.2) + 100_000
    path = folder / "log.arrow"
    works: dict[str, list[country.Work]] = {
        name: [] for name in ("full", "with log", "small", "SimPy")
    }
    for seed in range(1, rounds + 1):
        works["full"].append(run(full))
        works["with log"].append(run(full, log_rows, path))
        works["small"].append(run(small))
        simpy = peers.run_simpy(SIMPY_CUSTOMERS, seed)
        works["SimPy"].append(country.Work(simpy.seconds, simpy.events))
    return works


def print_table(works: dict[str, list[country.Work]]) -> None:
    """Events and speeds of each kind of run."""
    print(f"{'run':<32}{'events':>13}{'seconds':>9}{'events/s':>14}{'lowest':>14}{'highest':>14}")
    for name, done in works.items():
        speeds = sorted(work.events / work.seconds for work in done)
        seconds = statistics.median(work.seconds for work in done)
        figures = (statistics.median(speeds), speeds[0], speeds[-1])
        columns = "".join(f"{figure:>14,.0f}" for figure in figures)
        print(f"{name:<32}{done[0].events:>13,}{seconds:>9.2f}{columns}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 0 when every bar is met (with --quick: always)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="at 5 %%, where the bars say little")
    options = parser.parse_args(argv)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    scale = SMALL if options.quick else 1.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(tables(folder, 0.001))  # compile, or load what was compiled
        memory = measure_memory(tables(folder, scale))
        works = time_rounds(options.rounds, scale, folder)
        parquet = to_parquet(folder / "log.arrow", folder / "log.parquet")
        sizes = [(folder / file).stat().st_size for file in ("log.arrow", "log.parquet")]
    network = country.run_simpy(0.01, SIMPY_DAYS, seed=1)
    works["SimPy, national network at 1 %"] = [network]
    print_table(works)
    report_log(parquet, sizes)
    ok = report_bars(works, memory)
    return 0 if ok or options.quick else 1


def report_log(parquet: tuple[float, int], sizes: list[int]) -> None:
    """Size of the log and the time to turn it into Parquet, for which there is no bar."""
    seconds, rows = parquet
    arrow, small = (size / 2**20 for size in sizes)
    print(f"log: {rows:,} rows, {arrow:,.0f} MiB as Arrow, {small:,.0f} MiB as Parquet")
    print(f"Arrow to Parquet: {seconds:.1f} s, {rows / seconds / 1e6:.1f} M rows/s")


def report_bars(works: dict[str, list[Any]], memory: Memory) -> bool:
    """Print the bars; returns whether all are met."""

    def middle(name: str) -> float:
        """Median seconds an event takes."""
        return float(statistics.median(work.seconds / work.events for work in works[name]))

    per_case = memory.resident / memory.most_alive
    print(
        f"memory: {memory.most_alive:,} cases alive at once, {per_case:.1f} bytes each, of which "
        f"{memory.pool / memory.most_alive:.1f} in the pool of tokens"
    )
    log = statistics.median(
        logged.seconds / bare.seconds
        for logged, bare in zip(works["with log"], works["full"], strict=True)
    )
    simpy, scale = middle("SimPy") / middle("full"), middle("full") / middle("small")
    return all(
        [
            bar("national_vs_simpy", simpy, 200, simpy >= 200, f"SimPy {version('simpy')}"),
            bar("national_bytes_per_case", per_case, 24, per_case <= 24, "cases alive at once"),
            bar("national_scale", scale, 1.5, scale <= 1.5, "time per event at 5 % of the size"),
            bar("national_log", log, 1.5, log <= 1.5, "the same run without a log"),
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
