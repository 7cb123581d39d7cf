"""How long does a person wait for the first answers?

`asylumatlas run caravan-2018` with 200 replications and a report, on two cores, once everything is
compiled; and `asylumatlas --help`. Whole processes, from the start of the interpreter to its end,
median of five. These bars are seconds, so they say something about the machine too.
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
from collections.abc import Sequence
from pathlib import Path

RUN_NEED = 10.0
HELP_NEED = 0.3
WORKERS = 2


def seconds(arguments: Sequence[str]) -> float:
    """Wall time of one call of the command line.

    Raises:
        RuntimeError: the call failed; the message is what it said.
    """
    command = [sys.executable, "-m", "asylumatlas", *arguments]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    elapsed = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"asylumatlas {' '.join(arguments)}: {done.stderr.strip()}")
    return elapsed


def run_caravan(folder: Path, number: int, replications: int) -> float:
    """Wall time of one run into an empty folder."""
    run = ["run", "caravan-2018", "--replications", str(replications)]
    return seconds([*run, "--workers", str(WORKERS), "--out", str(folder / str(number))])


def report(bar: str, times: list[float], need: float, against: str) -> bool:
    """Print one row for people and one JSON line; returns whether the bar is met."""
    value = statistics.median(times)
    print(f"{bar:<18}{value:>9.2f} s{min(times):>9.2f} s{max(times):>9.2f} s")
    line = {"bar": bar, "value": round(value, 3), "need": need, "ok": value < need}
    print(json.dumps({**line, "against": against}))
    return value < need


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 0 when both bars are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--replications", type=int, default=200)
    options = parser.parse_args(argv)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run_caravan(folder, 0, 2)  # compile, or load what was compiled
        runs = [
            run_caravan(folder, number, options.replications)
            for number in range(1, options.rounds + 1)
        ]
    helps = [seconds(["--help"]) for _ in range(options.rounds + 1)][1:]
    print(f"{WORKERS} workers on {cores} cores{'median':>7}{'lowest':>11}{'highest':>11}")
    replications = f"{options.replications} replications, {WORKERS} workers, compiled before"
    ok = report("caravan_seconds", runs, RUN_NEED, replications)
    return 0 if report("help_seconds", helps, HELP_NEED, "the whole process") and ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
