"""What the twin gets wrong: the scenario `us-courts` run at the twin's own draws, and compared.

Both get the same unknowns and the productivity that the twin solved. What differs is what the twin
leaves out: courts one by one, whole people and days, the routes into court, remands. Not learnt:
how long cases have been pending (the simulation starts with cases of no age), so those targets
keep the twin's answer as it is.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.calibrate import CalibrationError, Discrepancy, train_discrepancy
from asylumatlas.calibrate.problem import fingerprint
from asylumatlas.disk import store_whole
from asylumatlas.ensembles import Journal, pieces
from asylumatlas.national.columns import STATIC
from asylumatlas.national.design import scenario_settings
from asylumatlas.national.problem import NationalProblem, individual_decisions
from asylumatlas.national.solution import Solution

__all__ = ["Setting", "Training", "shipped", "simulated", "train"]

Floats = NDArray[np.float64]
SCENARIO = "us-courts"
SCALE = 0.02  # of the country's people
RUNS = 60
_LOGS = ("done", "absent", "decided")
DECIDED = {
    "label": "Cases that an individual hearing ended, the country",
    "unit": "cases",
    "plus": ["individual_hearing.decided@@courts"],
    "chart": False,
}
# What the simulation is asked, by our name for it.
TOLD = {
    "completions": "nation_completions",
    "in_absentia": "nation_in_absentia",
    "decided": "decided_at_individual_hearings",
}


@dataclass(frozen=True)
class Setting:
    """What all runs of a training share.

    Attributes:
        first: first fiscal year.
        years: how many.
        scenario: name of the scenario.
        scale: share of the country's people.
        seed: of the simulated people.
    """

    first: int
    years: int
    scenario: str = SCENARIO
    scale: float = SCALE
    seed: int = 1


@dataclass(frozen=True)
class Training:
    """Runs of the simulation beside those of the twin.

    Attributes:
        names: (P,) unknowns.
        theta: (n, P) their values.
        years: (Y,) fiscal years.
        done: (n, Y) logarithm of completions, simulation over twin, at the same productivity.
        absent: (n, Y) the same of orders in absentia as a share of completions.
        decided: (n, Y) the same of cases that an individual hearing ended.
    """

    names: tuple[str, ...]
    theta: Floats
    years: NDArray[np.int64]
    done: Floats
    absent: Floats
    decided: Floats

    def discrepancy(self, problem: NationalProblem) -> Discrepancy:
        """Return what the twin gets wrong about the targets of a problem.

        Only years up to the problem's last are used. Productivity: a simulation that completes a
        tenth less needs a tenth more of it. Orders and decisions: as shares of completions, for
        those are solved. Ages are not learnt.

        Raises:
            CalibrationError: the runs lack a year or an unknown of the problem.
        """
        lacking = set(problem.prior.names) - set(self.names)
        if lacking or int(self.years[-1]) < problem.past.last:
            what = min(lacking) if lacking else f"FY{problem.past.last}"
            raise CalibrationError(f"training: its runs lack {what}; train again with --train")
        columns = [self.names.index(name) for name in problem.prior.names]
        shift = int(self.years[0] - problem.past.years[0])
        found = np.zeros((len(self.theta), len(problem.rows)))
        for place, row in enumerate(problem.rows):
            years = slice(row.first - shift, row.last - shift + 1)
            if row.kind == "productivity_level":
                found[:, place] = -self.done[:, years].mean(axis=1)
            elif row.kind == "productivity_change":
                found[:, place] = self.done[:, years.start] - self.done[:, years.stop - 1]
            elif row.kind == "in_absentia_orders":
                found[:, place] = self.absent[:, years].mean(axis=1)
            elif row.kind == "asylum_decisions":
                found[:, place] = self.decided[:, years].mean(axis=1)
        names = problem.targets.names
        box = (problem.prior.low, problem.prior.high)  # what the draws of `train` were spread over
        return train_discrepancy(
            self.theta[:, columns], found, np.zeros_like(found), names, box=box
        )

    def save(self, path: str | Path) -> None:
        """Write the runs as a table, one row each.

        Raises:
            OSError: it cannot be written; nothing is left of it then.
        """
        head = [*self.names, *(f"{key} FY{year}" for key in _LOGS for year in self.years)]
        cells = np.hstack([self.theta, *(getattr(self, key) for key in _LOGS)])
        lines = [",".join(head), *(",".join(f"{cell:.5g}" for cell in row) for row in cells)]
        store_whole(Path(path), ("\n".join(lines) + "\n").encode())

    @classmethod
    def load(cls, path: str | Path) -> Training:
        """Read runs that were saved.

        Raises:
            CalibrationError: the file does not hold them.
        """
        try:
            head, *lines = Path(path).read_text("utf-8").splitlines()
            cells = np.array([[float(cell) for cell in line.split(",")] for line in lines])
            titles = head.split(",")
            names = tuple(title for title in titles if " FY" not in title)
            years = sorted({int(title[-4:]) for title in titles if " FY" in title})
            if not years or cells.shape[1] != len(titles):
                raise ValueError(titles)
            parts = np.split(cells[:, len(names) :], len(_LOGS), axis=1)
            return cls(names, cells[:, : len(names)], np.array(years), *parts)
        except (OSError, ValueError, IndexError, TypeError):
            raise CalibrationError(
                f"{path}: holds no training runs; make them with --train"
            ) from None


def shipped() -> Training | None:
    """Return the training runs that come with the program; `None` where none do."""
    path = Path(str(files("asylumatlas") / "national" / "training.csv"))
    return Training.load(path) if path.is_file() else None


def train(
    problem: NationalProblem,
    *,
    runs: int = RUNS,
    seed: int = 1,
    scenario: str = SCENARIO,
    scale: float = SCALE,
    workers: int = 1,
    executor: Executor | None = None,
    scheduler: str | None = None,
    journal: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Training:
    """Run the simulation at draws of the twin's prior, with the productivity the twin solved.

    Args:
        problem: the problem, whose ledger ends the years that are run.
        runs: draws of the prior that are simulated.
        seed: of the draws and of the simulated people.
        scenario: what is run.
        scale: share of the country's people; the noise of so few enters the spread.
        workers: processes started here.
        executor: any `concurrent.futures` executor instead.
        scheduler: address of a Dask scheduler instead.
        journal: folder where finished runs are kept.
        progress: called with (runs done, of how many).

    Raises:
        CalibrationError: too few draws of the prior do what the courts did.
        EnsembleError: workers keep dying, or the scheduler has gone.
    """
    theta, run = _design(problem, runs, seed)
    setting = Setting(int(run.years[0]), len(run.years), scenario, scale, seed)
    key = f"training {fingerprint(problem)} {setting} {runs}"
    kept = Journal(journal, key) if journal is not None else None
    told = list(
        pieces(
            simulated,
            [_settings(problem, theta, run, k) for k in range(len(theta))],
            workers=workers,
            executor=executor,
            scheduler=scheduler,
            journal=kept,
            progress=progress,
            common=(setting,),
        )
    )
    full = {name: np.stack([each[name] for each in told]) for name in TOLD}
    done, absent, decided = (
        np.log(_safe(full[ours]) / _safe(cheap))
        for ours, cheap in (
            ("completions", run.columns["completions"]),
            ("in_absentia", run.columns["in_absentia"]),
            ("decided", individual_decisions(run)),
        )
    )
    return Training(problem.prior.names, theta, run.years, done, absent - done, decided - done)


def simulated(setting: Setting, overrides: Mapping[str, Any]) -> dict[str, Floats]:
    """Run the scenario once; (Y,) of each of `TOLD`, the country's people. One piece of work."""
    from asylumatlas.scenario import load_scenario
    from asylumatlas.sim.replication import Worker

    begin = datetime.date(setting.first - 1, 10, 1)
    end = datetime.date(setting.first - 1 + setting.years, 9, 30)
    changed: dict[str, Any] = {**overrides, "from": begin, "to": end, "scale": setting.scale}
    changed["draws.table"] = "none"  # they come from a fit that this teaches
    changed[f"measures.{TOLD['decided']}"] = DECIDED
    worker = Worker(load_scenario(setting.scenario, changed), setting.seed, 1)
    done, _, _ = worker.run(0)
    names = list(worker.rules.model.measures)
    ends = [
        (datetime.date(setting.first + year, 9, 30) - begin).days for year in range(setting.years)
    ]
    return {
        ours: np.diff(done.counts.measures[names.index(theirs)][ends], prepend=0.0) / setting.scale
        for ours, theirs in TOLD.items()
    }


def _design(problem: NationalProblem, runs: int, seed: int) -> tuple[Floats, Solution]:
    """Draws of the prior that do what the courts did, and the twin's run of each."""
    rng = np.random.default_rng([seed, 11])
    found = np.empty((0, len(problem.prior)))
    for _ in range(8):
        tried = problem.prior.sample(4 * runs, rng)
        solved = np.all(problem.solved(tried).solved, axis=1)
        found = np.concatenate([found, tried[solved]])
        if len(found) >= runs:
            return found[:runs], problem.solved(found[:runs])
    raise CalibrationError(
        f"training: only {len(found)} of {32 * runs} draws complete what the courts completed; "
        "ask for fewer runs"
    )


def _settings(problem: NationalProblem, theta: Floats, run: Solution, k: int) -> dict[str, Any]:
    """Overrides that make the scenario one draw of the twin."""
    statics = problem.statics(theta[[k]])
    rows = np.searchsorted(problem.past.years, run.years)
    yearly = {
        "productivity": run.productivity[k],
        "judges": problem.past.judges[rows],
        "reopened": problem.past.reopened[rows],
        "administratively_closed_share": np.minimum(
            problem.past.administratively_closed[rows]
            / np.maximum(run.columns["masters_released"][k], 1.0),
            _rest(statics),
        ),
    }
    draw = {name: float(statics[name][0]) for name in STATIC}
    start = {"start": int(run.years[0]), "pending": float(problem.past.working_start[rows[0]])}
    settings = scenario_settings({**draw, **yearly, **start})
    return {
        name: [{**each, "from": _date(each["from"])} for each in value]
        if isinstance(value, list)
        else value
        for name, value in settings.items()
    }


def _rest(statics: Mapping[str, Floats]) -> float:
    """The share of masters of the released that the other outcomes leave."""
    taken = ("master_absent_share", "master_closed_share", "master_set_share")
    return float(1 - sum(statics[name][0] for name in taken))


def _date(text: Any) -> datetime.date:
    return text if isinstance(text, datetime.date) else datetime.date.fromisoformat(text)


def _safe(counts: Floats) -> Floats:
    return np.maximum(counts, 1.0)
