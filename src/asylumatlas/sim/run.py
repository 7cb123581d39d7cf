"""Runs of a scenario: replications in one or more processes, gathered in one folder or none."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from asylumatlas import __version__, evidence
from asylumatlas import events as event_log
from asylumatlas.scenario import Scenario
from asylumatlas.sim import sampling
from asylumatlas.sim.block import Hands, Progress, key_of, replicate
from asylumatlas.sim.digest import Digest
from asylumatlas.sim.folder import unfinished
from asylumatlas.sim.replication import LUCKS_PER_DRAW, RunError, Worker

__all__ = ["Result", "RunError", "run"]

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
    scheduler: str | None = None,
    resume: bool | None = None,
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
        scheduler: address of a Dask scheduler, such as "tcp://10.0.0.5:8786", instead of both. Its
            workers need not see this machine's disk.
        resume: keep finished blocks of replications in a hidden folder beside the run's, use those
            that an equal run left there, and take the folder away when the run is whole. Default:
            only with a scheduler.
        command: the command that makes this run again, for the report.
        finish: called with the summary and the folder before the folder gets its name; writes
            what others want in it (the report).

    Raises:
        RunError: a folder that cannot be written, a full disk, a fault of the scenario, workers
            that keep dying, a scheduler that does not answer or has gone.
    """
    if not 1 <= replications <= 32767:
        raise RunError(f"replications: {replications} is outside 1 to 32767")
    if seed < 0:
        raise RunError(f"seed: {seed} is negative; use 0 or more")
    if scenario.model.base_only:
        raise RunError(f"{scenario.name}: is a base for other scenarios; run one that extends it")
    hands = Hands(workers or 1, executor, scheduler)
    keep = scheduler is not None if resume is None else resume
    key = key_of(scenario, seed, replications, log) if keep else ""
    stem = f"{scenario.name}-{scenario.fingerprint[:8]}-s{seed}-r{replications}"
    with unfinished(stem, out, key) as (folder, work):
        worker = Worker(scenario, seed, replications)
        blocks = replicate(worker, work, log, hands, key, progress)
        _use_all(worker)
        digest = Digest(worker.rules, [one for block in blocks for one in block.replications])
        summary = summarize(digest, folder.name, command)
        _write(work, digest, summary)
        if finish is not None:
            finish(summary, work)
        if log:
            _seal(work, digest, summary, [part for block in blocks for part in block.parts])
    return Result(folder, summary)


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
    if model.scale < 1:
        summary["scale"] = model.scale
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
    sampled = {} if digest.weight == 1 else {"sampled": rules.model.scale}
    own = {sampling.of_run(digest.weight): sampling.of_log(digest.weight)}
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
                    for name, label, place, unit, values in digest.simulated_meters
                ]
            ),
            "parameters": {use.name: [use.value, use.low, use.high] for use in uses},
            "versions": summary["versions"],
            "caveats": [own.get(text, text) for text in summary["caveats"]],
            **sampled,
        },
    )
