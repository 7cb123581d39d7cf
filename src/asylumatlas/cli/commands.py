"""The commands: each calls the library and prints one table or one JSON object.

The first paragraph of a docstring is the command's line in `--help`; the paragraph on an argument
is that argument's. Everything heavy is imported inside the functions.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from asylumatlas.cli import DONE, FAILED, WRONG_WORDS, UsageError
from asylumatlas.cli.options import MOST_REPLICATIONS, Json, option, overrides, whole_number
from asylumatlas.cli.screen import print_json

if TYPE_CHECKING:
    from asylumatlas.scenario import Scenario


def run(
    scenario: str,
    /,
    *,
    replications: Annotated[
        int, Parameter(converter=whole_number(1, MOST_REPLICATIONS), metavar="N")
    ] = 200,
    seed: Annotated[int, Parameter(converter=whole_number(0), metavar="S")] = 1,
    workers: Annotated[int | None, Parameter(converter=whole_number(1, 256), metavar="W")] = None,
    set_: Annotated[tuple[str, ...], option("--set", "KEY=VALUE")] = (),
    out: Annotated[Path | None, Parameter(metavar="DIR")] = None,
    json: Json = False,
    no_log: Annotated[bool, option("--no-log")] = False,
    scheduler: Annotated[str | None, Parameter(metavar="ADDRESS")] = None,
    resume: Annotated[bool, option("--resume")] = False,
) -> int:
    """Simulate a scenario, and print what was reported beside it.

    Args:
        scenario: name of a scenario, or a TOML file of your own.
        replications: how many times the whole span is simulated, 1 to 32767.
        seed: where the random numbers start, 0 or more; the same seed gives the same run.
        workers: processes that share the work, 1 if not given; the result does not depend on it.
        set_: replace one value of the scenario or one parameter; may be repeated.
        out: the run's folder, which must not hold anything; if not given, a new one in runs.
        json: print one JSON object instead of tables.
        no_log: do not write the event log.
        scheduler: address of a Dask scheduler whose workers share the work, such as
            tcp://127.0.0.1:8786; what is finished is then kept as with --resume.
        resume: keep what is finished if the run is stopped, and go on from what an equal run kept.
    """
    from asylumatlas import runs
    from asylumatlas.cli.crew import crew
    from asylumatlas.cli.ensemble_progress import EnsembleBar
    from asylumatlas.cli.progress import ReplicationBar
    from asylumatlas.scenario import load_scenario

    chosen = load_scenario(scenario, overrides(set_))
    options = [f"--replications={replications}", f"--seed={seed}", *(f"--set={s}" for s in set_)]
    crew(workers, scheduler)  # only that the words make sense
    keeps = resume or scheduler is not None
    if resume and out is not None:
        _same_as_before(out, chosen, seed, replications, not no_log)
    plain = ReplicationBar(replications)
    with EnsembleBar("Simulating", replications, is_kept=True) if keeps else plain as progress:
        result = runs.run(
            chosen,
            replications=replications,
            seed=seed,
            workers=workers,
            out=out,
            log=not no_log,
            progress=progress,
            scheduler=scheduler,
            resume=keeps,
            command=shlex.join(["asylumatlas", "run", scenario, *options]),
        )
    folder = str(result.folder)
    report = os.path.join(folder, "report.html")
    if json:
        print_json({**result.summary, "run": folder, "report": report})
    else:
        from asylumatlas.cli import tables

        tables.print_run(result.summary, folder, report)
    if not result.summary["conservation"]["ok"]:
        print(f"{folder}: people are missing from the books; do not use it", file=sys.stderr)
        return FAILED
    return DONE


def _same_as_before(out: Path, scenario: Scenario, seed: int, replications: int, log: bool) -> None:
    """Refuse to go on where what was kept is only of other settings.

    Raises:
        UsageError: names the folder that holds it, and the remedy.
    """
    from asylumatlas.sim.block import key_of
    from asylumatlas.sim.folder import kept_of_others

    others = kept_of_others(out, key_of(scenario, seed, replications, log))
    if others:
        raise UsageError(
            f"--resume: {others[0]} is of other settings, or of another version; give the same "
            "settings, name another --out, or remove it to start anew"
        )


def scenarios(*, json: Json = False) -> None:
    """List the scenarios that ship with this program.

    Args:
        json: print one JSON object instead of a table.
    """
    from asylumatlas.cli import listings
    from asylumatlas.scenario import load_scenario, names

    rows = [listings.head(load_scenario(name)) for name in names()]
    if json:
        print_json({"scenarios": rows})
    else:
        listings.print_scenarios(rows)


def show(scenario: str, /, *, json: Json = False) -> None:
    """Show what a scenario says and every number it rests on.

    Args:
        scenario: name of a scenario, or a TOML file of your own.
        json: print one JSON object instead of text.
    """
    from asylumatlas.cli import listings
    from asylumatlas.scenario import load_scenario

    described = listings.describe(load_scenario(scenario))
    if json:
        print_json(described)
    else:
        listings.print_scenario(described)


def check(file: str, /) -> int:
    """Read a scenario file and name every fault in it.

    The faults go to standard output, one a line; the exit code is then 2.

    Args:
        file: a scenario's TOML file; the exit code is 2 where it has a fault.
    """
    from asylumatlas.cli import listings
    from asylumatlas.scenario import ScenarioError, load_scenario

    try:
        listings.quantities(load_scenario(file))
    except ScenarioError as error:
        print(error)
        return WRONG_WORDS
    print(f"{file}: no faults")
    return DONE


def compare(run_a: Path, run_b: Path, /, *, json: Json = False) -> None:
    """Compare two runs, replication by replication.

    Args:
        run_a: folder of the first run.
        run_b: folder of the second run.
        json: print one JSON object instead of a table.
    """
    for folder in (run_a, run_b):
        if not (folder / "summary.json").is_file():
            why = "holds no run" if folder.is_dir() else "no such folder"
            raise UsageError(f"{folder}: {why}{_nearest_run(folder)}")
    from asylumatlas.sim.compare import compare as compare_runs

    found = compare_runs(run_a, run_b)
    if json:
        print_json(found)
    else:
        from asylumatlas.cli import tables

        tables.print_comparison(found, str(run_a), str(run_b))


def _nearest_run(folder: Path) -> str:
    """A hint: the folder beside it whose name is closest, if that holds a run."""
    from asylumatlas.evidence.suggestion import did_you_mean

    near = folder.parent.glob("*/summary.json") if folder.parent.is_dir() else ()
    hint = did_you_mean(str(folder), [str(path.parent) for path in near])
    return f".{hint}" if hint else "; a run's folder holds a summary.json"
