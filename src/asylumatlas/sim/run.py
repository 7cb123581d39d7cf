"""Runs of a scenario: replications in one or more processes, gathered in one folder or none."""

from __future__ import annotations

import json
import platform
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from asylumatlas import __version__, evidence
from asylumatlas import events as event_log
from asylumatlas.scenario import Scenario
from asylumatlas.sim.digest import Digest
from asylumatlas.sim.folder import unfinished
from asylumatlas.sim.replication import BLOCK, LUCKS_PER_DRAW, Replication, RunError, Worker

__all__ = ["Result", "RunError", "run"]

Progress = Callable[[int, int], None]
Finish = Callable[[dict[str, Any], Path], None]
NOTE = (
    "Simulated people in a model of the system: "
    "no real person is described, nothing is predicted about one."
)


@dataclass(frozen=True)
class Result:
    """A finished run.

    Attributes:
        folder: the run folder, with the event log, `summary.json`, `replications.npz` and
            `report.html`.
        summary: what `summary.json` holds.
    """

    folder: Path
    summary: dict[str, Any]


def run(
    scenario: Scenario,
    *,
    replications: int = 200,
    seed: int = 1,
    workers: int | None = None,
    out: Path | None = None,
    log: bool = True,
    progress: Progress | None = None,
    executor: Executor | None = None,
    command: str | None = None,
    finish: Finish | None = None,
) -> Result:
    """Run a scenario and write its folder, whole or not at all.

    Args:
        scenario: what to run.
        replications: 1 to 32,767; two of each draw of the parameters. One alone is the central run.
        seed: of draws and luck; runs with equal seeds share their random numbers person by person.
        workers: processes; the bytes written do not depend on it. Default 1.
        out: the run folder; default `runs/NAME-FINGERPRINT-sSEED-rREPLICATIONS`, numbered if taken.
        log: whether to write the event log.
        progress: called with (replications done, replications in all).
        executor: any `concurrent.futures` executor, instead of `workers` processes.
        command: the command that makes this run again, for the report.
        finish: called with the summary and the folder before the folder gets its name; writes
            what others want in it (the report).

    Raises:
        RunError: a folder that cannot be written, a full disk, a fault of the scenario.
    """
    if not 1 <= replications <= 32767:
        raise RunError(f"replications: {replications} is outside 1 to 32767")
    if seed < 0:
        raise RunError(f"seed: {seed} is negative; use 0 or more")
    if scenario.model.base_only:
        raise RunError(f"{scenario.name}: is a base for other scenarios; run one that extends it")
    stem = f"{scenario.name}-{scenario.fingerprint[:8]}-s{seed}-r{replications}"
    with unfinished(stem, out) as (folder, work):
        done, parts = _replicate(
            scenario, replications, seed, workers or 1, work if log else None, progress, executor
        )
        worker = Worker(scenario, seed, replications)
        _use_all(worker)
        digest = Digest(worker.rules, done)
        summary = summarize(digest, folder.name, command)
        _write(work, digest, summary)
        if finish is not None:
            finish(summary, work)
        if log:
            _seal(work, digest, summary, parts)
    return Result(folder, summary)


# ---- the work


_worker: Worker | None = None


def _start(scenario: Scenario, seed: int, replications: int) -> None:
    """In a worker process: build what replications share; leave Ctrl-C to the parent."""
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _worker = Worker(scenario, seed, replications)


def _block(numbers: range, folder: Path | None) -> tuple[list[Replication], dict[str, Any]]:
    assert _worker is not None
    return _worker.block(numbers, folder)


def _block_anywhere(
    scenario: Scenario, seed: int, replications: int, numbers: range, folder: Path | None
) -> tuple[list[Replication], dict[str, Any]]:
    """A block for executors whose processes were not started by us."""
    return Worker(scenario, seed, replications).block(numbers, folder)


def _blocks(replications: int) -> list[range]:
    return [range(k, min(k + BLOCK, replications)) for k in range(0, replications, BLOCK)]


def _replicate(
    scenario: Scenario,
    replications: int,
    seed: int,
    workers: int,
    folder: Path | None,
    progress: Progress | None,
    executor: Executor | None,
) -> tuple[list[Replication], list[dict[str, Any]]]:
    """All replications in order, and the parts of the log."""
    done: list[Replication] = []
    parts: list[dict[str, Any]] = []
    blocks = _blocks(replications)
    if progress:
        progress(0, replications)
    for block, part in _results(scenario, replications, seed, workers, folder, executor, blocks):
        done += block
        parts.append(part)
        if progress:
            progress(len(done), replications)
    return done, parts


def _results(
    scenario: Scenario,
    replications: int,
    seed: int,
    workers: int,
    folder: Path | None,
    executor: Executor | None,
    blocks: list[range],
) -> Iterator[tuple[list[Replication], dict[str, Any]]]:
    if executor is not None:
        common = (scenario, seed, replications)
        yield from _in_order([executor.submit(_block_anywhere, *common, b, folder) for b in blocks])
        return
    workers = min(workers, len(blocks))
    if workers <= 1:
        worker = Worker(scenario, seed, replications)
        yield from (worker.block(b, folder) for b in blocks)
        return
    pool = ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_start, initargs=(scenario, seed, replications)
    )
    try:
        futures = [pool.submit(_block, b, folder) for b in blocks]
        yield from (future.result() for future in futures)
    except BaseException as error:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)
        if isinstance(error, BrokenProcessPool):
            raise RunError(
                f"{scenario.name}: a worker process was ended from outside, perhaps for want of "
                "memory; use fewer workers"
            ) from error
        raise
    pool.shutdown()


def _in_order(futures: list[Future[Any]]) -> Iterator[Any]:
    """Results in order; when one fails nothing is left running that could still write."""
    try:
        yield from (future.result() for future in futures)
    except BaseException:
        for future in futures:
            future.cancel()
        wait(futures)
        raise


def _use_all(worker: Worker) -> None:
    """Touch every quantity once, so that the list of assumptions is complete here too."""
    draw = worker.rules.draw(-1)
    worker.rules.model_for(draw, 0)


# ---- the summary


def summarize(digest: Digest, name: str, command: str | None) -> dict[str, Any]:
    """Everything the tables and the report show, as JSON-ready values."""
    rules, done = digest.rules, digest.replications
    model, scenario = rules.model, rules.scenario
    single = len(done) == 1
    summary: dict[str, Any] = {
        "title": model.title,
        "question": model.question,
        "scenario": scenario.name,
        "run": name,
        "fingerprint": scenario.fingerprint,
        "seed": rules.seed,
        "replications": len(done),
        "draws": 1 if single else -(-len(done) // LUCKS_PER_DRAW),
        "lucks_per_draw": 1 if single else LUCKS_PER_DRAW,
        "synthetic_note": NOTE,
        "from": model.start.isoformat(),
        "to": model.to.isoformat(),
        "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "versions": _versions(),
        "reported": digest.reported,
        "series": digest.series(),
        "stages": digest.stages(),
        "flow": digest.flow(),
        "outcomes": digest.outcomes(),
        "meters": digest.meters(),
        "uncertainty": digest.uncertainty(),
        "assumptions": digest.assumptions,
        "conservation": digest.conservation(),
        "caveats": [*digest.warnings(), *model.caveats, *digest.not_held()],
        "changes": [
            {"on": c.on.isoformat(), "what": c.what, "source": c.source or None}
            for c in model.change
        ],
        "command": command
        or f"asylumatlas run {scenario.name} --replications {len(done)} --seed {rules.seed}",
    }
    summary["sources"] = _sources(summary)
    plain: dict[str, Any] = _without_nan(summary)
    return plain


def _versions() -> dict[str, str]:
    return {
        "asylumatlas": __version__,
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "numba": version("numba"),
    }


def _sources(summary: dict[str, Any]) -> dict[str, Any]:
    """Citations of every source that a reported count, a change or an assumption names."""
    ids = {
        row["source"]
        for part in ("reported", "assumptions", "changes")
        for row in summary[part]
        if row["source"]
    }
    known = evidence.sources()
    return {
        key: {
            "publisher": known[key].publisher,
            "title": known[key].title,
            "date": known[key].date,
            "address": next(iter(known[key].addresses), ""),
            "grade": known[key].grade,
        }
        for key in sorted(ids)
    }


def _without_nan(value: Any) -> Any:
    """JSON knows no NaN: a number that does not exist is null."""
    if isinstance(value, dict):
        return {k: _without_nan(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(v) for v in value]
    if isinstance(value, float) and value != value:
        return None
    return value


# ---- the folder


def _write(work: Path, digest: Digest, summary: dict[str, Any]) -> None:
    """The summary, and each replication's numbers for paired comparisons."""
    meters = digest.meter_values
    labels = [[name, measure.label, measure.unit] for name, measure in digest.measures]
    np.savez(
        work / "replications.npz",
        measures=digest.values.astype(np.float32),
        measure_names=np.array([name for name, _ in digest.measures]),
        measure_labels=np.array(labels).reshape(-1, 3),
        meters=np.array([values for *_, values in meters], np.float64).T,
        meter_names=np.array([name for name, *_ in meters]),
    )
    (work / "summary.json").write_text(json.dumps(summary, indent=1, allow_nan=False), "utf-8")


def _seal(work: Path, digest: Digest, summary: dict[str, Any], parts: list[dict[str, Any]]) -> None:
    """The log's manifest: with it the folder is a log."""
    rules = digest.rules
    uses = rules.quantities.used.values()
    event_log.seal(
        work,
        source="simulation",
        as_of=rules.model.to,
        parts=parts,
        details={
            "note": NOTE,
            "scenario": rules.scenario.raw,
            "fingerprint": rules.scenario.fingerprint,
            "seed": rules.seed,
            "replications": len(digest.replications),
            "draws": digest.draws,
            "meters": _without_nan(
                [
                    {"meter": name, "label": label, "place": place, "unit": unit}
                    | {"amounts": np.round(values, 4).tolist()}
                    for name, label, place, unit, values in digest.meter_values
                ]
            ),
            "parameters": {use.name: [use.value, use.low, use.high] for use in uses},
            "versions": summary["versions"],
            "caveats": summary["caveats"],
        },
    )
