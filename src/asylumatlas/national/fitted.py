"""Draws of a fit as a table for the scenario: what simulations of `us-courts` draw from.

A draw of the fit is one set of what is constant over time. To it belongs a productivity for each
past year, found in the simulation itself: the scenario is run, each year's productivity is
multiplied by published over simulated completions, and so again, until they meet. So every draw
has completed what was completed, and draws differ in what that was spent on. For the years after
the ledger productivity walks on, as in the forecasts (`walks`).
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import parameters
from asylumatlas.calibrate import CalibrationError
from asylumatlas.disk import store_whole
from asylumatlas.ensembles import Journal, pieces
from asylumatlas.national import ledger as ledgers
from asylumatlas.national.columns import STATIC
from asylumatlas.national.forecast import Prior
from asylumatlas.national.ledger import Ledger
from asylumatlas.national.solution import solve
from asylumatlas.national.values import detained_ratio
from asylumatlas.national.walks import extend

if TYPE_CHECKING:
    from asylumatlas.calibrate import Fit

__all__ = ["Fitted", "fitted", "fitted_to", "remarks"]

Floats = NDArray[np.float64]
SCENARIO = "us-courts"
PARTS = (2008, 2018)  # first fiscal years of the runs whose years are met; a run begins anew there
ROUNDS = 5
SCALE = 0.04
LEAST = 1e-3  # of a productivity
# Of the stock on a run's first day, not of the fit's: they keep the ranges of the parameters.
OF_THE_START = ("stock_master_share", "stock_detained_share")
DATED = ("detained_share",)  # the fit tells the first year's; the others follow the parameter's


@dataclass(frozen=True)
class Fitted:
    """Draws of a fit, and the productivity of every year that goes with each.

    Attributes:
        names: static parameters.
        statics: (n, P) their values; the first row is the central one.
        years: (Y,) fiscal years.
        productivity: (n, Y) ratio of each.
        met: (n, M) simulated over published completions of the first M years, less one.
        until: last fiscal year that the fit saw.
    """

    names: tuple[str, ...]
    statics: Floats
    years: NDArray[np.int64]
    productivity: Floats
    met: Floats
    until: int

    def columns(self) -> dict[str, Floats]:
        """Return the table's columns, (n,) each: `parameter` or `parameter@date`."""
        found: dict[str, Floats] = {}
        for k, name in enumerate(self.names):
            if name in OF_THE_START:
                continue
            if name in DATED:
                ratio = detained_ratio(int(self.years[0]), len(self.years))
                for place in np.flatnonzero(np.diff(ratio, prepend=np.nan) != 0):
                    drawn = np.clip(self.statics[:, k] * ratio[place], 0.0, 0.9)
                    found[f"national.{name}@{_october(int(self.years[place]))}"] = drawn
            else:
                found[f"national.{name}"] = self.statics[:, k]
        for year, column in zip(self.years, self.productivity.T, strict=True):
            found[f"national.productivity@{_october(int(year))}"] = column
        return found

    def save(self, path: str | Path, remarks: Sequence[str] = ()) -> None:
        """Write the table, whole or not at all; its first lines are the remarks.

        Raises:
            OSError: it cannot be written.
        """
        columns = self.columns()
        rows = np.column_stack(list(columns.values()))
        lines = [f"# {' '.join(text.split())}" for text in remarks]
        lines.append(",".join(["draw", *columns]))
        for number, row in enumerate(rows):
            lines.append(",".join([str(number or "central"), *(f"{cell:.5g}" for cell in row)]))
        store_whole(Path(path), ("\n".join(lines) + "\n").encode())


def fitted(
    fit: Fit,
    *,
    until: int,
    draws: int = 100,
    seed: int = 1,
    scale: float = SCALE,
    rounds: int = ROUNDS,
    ahead: int = 3,
    workers: int = 1,
    executor: Executor | None = None,
    scheduler: str | None = None,
    journal: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Fitted:
    """Find what goes with draws of a fit, by simulation.

    Args:
        fit: of the national court model.
        until: last fiscal year that the fit saw.
        draws: how many; chosen evenly from the fit's. The central row is their medians.
        seed: of the simulated people and of the walks.
        scale: part of the country's people who are simulated, once for each draw.
        rounds: runs for each draw.
        ahead: years after the ledger that get a productivity.
        workers: processes; the result does not depend on it.
        executor: any `concurrent.futures` executor instead.
        scheduler: address of a Dask scheduler instead.
        journal: folder where finished draws are kept.
        progress: called with (draws done, of how many).

    Raises:
        CalibrationError: too few draws, or a fit without all parameters of the model.
        EnsembleError: the work could not be finished.
    """
    lacking = set(STATIC) - set(fit.names)
    if lacking:
        raise CalibrationError(f"fit: lacks {min(lacking)}; fit all parameters of the model")
    if draws < 1:
        raise CalibrationError(f"draws: {draws}; ask for at least one")
    drawn = fit.draws(draws)
    statics = np.column_stack([np.append(np.median(drawn[n]), drawn[n]) for n in STATIC])
    past = ledgers.history(None, "all")
    first = _guess(statics, past)
    tasks = [
        (Task(seed + k, scale, rounds), dict(zip(STATIC, row, strict=True)), guess)
        for k, (row, guess) in enumerate(zip(statics.tolist(), first, strict=True))
    ]
    key = f"fitted {fit.fingerprint} {fit.seed} {draws} {seed} {scale} {rounds} {ahead}"
    told = list(
        pieces(
            fitted_to, tasks, workers=workers, executor=executor, scheduler=scheduler,
            journal=Journal(journal, key) if journal is not None else None, progress=progress,
            common=(past,),
        )
    )  # fmt: skip
    productivity = np.array([found for found, _ in told])
    met = np.array([misses for _, misses in told])
    after = _ahead(productivity, ahead, past.last, seed)
    years = np.arange(past.years[0], past.last + 1 + ahead)
    whole = np.hstack([productivity, after])
    return Fitted(STATIC, statics, years, whole, met, until)


def remarks(found: Fitted, fit: Fit, seed: int) -> list[str]:
    """Return what the first lines of a table say: what it is, how it was made, how far it is off.

    Args:
        found: the draws.
        fit: what they were drawn from.
        seed: of the simulated people and of the walks.
    """
    draws, past = len(found.statics) - 1, found.met.shape[1]
    known = found.years[:past]
    return [
        f"Draws of the national court model for the scenario {SCENARIO}; made-up people were "
        "simulated, nobody real is described.",
        f"Constants: {draws} draws of the fit to figures published by FY{found.until} "
        f"(fit {fit.fingerprint}, seed {fit.seed}); the row central holds their medians.",
        f"Productivity FY{known[0]} to FY{known[-1]}: the simulation completes what was completed;"
        f" worst year of a draw {100 * np.abs(found.met).max():.1f} % off, on average "
        f"{100 * np.abs(found.met).mean():.1f} %.",
        f"Productivity FY{known[-1] + 1} to FY{found.years[-1]}: walks on as in the forecasts.",
        f"Made by: asylumatlas calibrate national --until FY{found.until} --draws {draws} "
        f"--seed {seed}",
    ]


@dataclass(frozen=True)
class Task:
    """How one draw's past is found: seed of the people, part of them simulated, runs."""

    seed: int
    scale: float
    rounds: int


Piece = tuple[Task, Mapping[str, float], Floats]


def fitted_to(past: Ledger, piece: Piece) -> tuple[Floats, Floats]:
    """Find one draw's productivity of each year. One piece of work.

    Returns:
        Productivity (Y,), and simulated over published completions less one (Y,), of the run
        with the productivity that is returned.
    """
    task, statics, guess = piece
    found, met = guess.copy(), np.zeros_like(guess)
    starts = [past.at(year) for year in PARTS if year <= past.last]
    for begin, end in zip(starts, [*starts[1:], len(past.years)], strict=True):
        years = slice(begin, end)
        for attempt in range(task.rounds):
            done = _completed(task, statics, past.years[years], found[years])
            met[years] = done / past.completions[years] - 1.0
            if attempt < task.rounds - 1:
                found[years] = np.maximum(found[years] / np.maximum(1 + met[years], 0.2), LEAST)
    return found, met


def _completed(
    task: Task, statics: Mapping[str, float], years: NDArray[np.int64], productivity: Floats
) -> Floats:
    """Completions of each year (years,), the country's, of one run."""
    from asylumatlas.scenario import load_scenario
    from asylumatlas.sim.replication import Worker

    begin, end = _october(int(years[0])), datetime.date(int(years[-1]), 9, 30)
    overrides: dict[str, Any] = {
        f"national.{name}": value
        for name, value in statics.items()
        if name not in (*OF_THE_START, *DATED)
    }
    share = statics["detained_share"] * detained_ratio(PARTS[0], int(years[-1]) - PARTS[0] + 1)
    overrides["national.detained_share"] = _dated(years, np.minimum(share[-len(years) :], 0.9))
    overrides["national.productivity"] = _dated(years, productivity)
    overrides |= {"draws.table": "none", "from": begin, "to": end, "scale": task.scale}
    worker = Worker(load_scenario(SCENARIO, overrides), task.seed, 1)
    done, _, _ = worker.run(0)
    place = list(worker.rules.model.measures).index("nation_completions")
    ends = [(datetime.date(int(year), 9, 30) - begin).days for year in years]
    return np.diff(done.counts.measures[place][ends], prepend=0.0) / task.scale


def _dated(years: NDArray[np.int64], values: Floats) -> list[dict[str, Any]]:
    return [
        {"from": _october(int(year)), "is": float(value)}
        for year, value in zip(years, values, strict=True)
    ]


def _october(year: int) -> datetime.date:
    return datetime.date(year - 1, 10, 1)


def _guess(statics: Floats, past: Ledger) -> Floats:
    """(n, Y) productivity as the twin finds it; where it cannot, in proportion to the parameter."""
    known = parameters.find(parameters.load(), "national.productivity")
    stated = np.array([known.at(_october(int(year))).value for year in past.years])
    run = solve(dict(zip(STATIC, statics.T, strict=True)), past)
    over = run.productivity / stated[-len(run.years) :]
    level = np.nanmedian(np.where(np.isfinite(over), over, np.nan), axis=1, keepdims=True)
    found = np.nan_to_num(level, nan=1.0) * stated
    tail = found[:, -len(run.years) :]
    found[:, -len(run.years) :] = np.where(np.isfinite(run.productivity), run.productivity, tail)
    return np.asarray(found)


def _ahead(productivity: Floats, years: int, last: int, seed: int) -> Floats:
    """(n, years) productivity after the ledger; the first row keeps what is stated.

    The parameter says how far the years after the ledger are from its last, with a range; on top
    of that it walks on as in a forecast.
    """
    known = parameters.find(parameters.load(), "national.productivity")
    stated = known.at(_october(last)).value
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, 23])))
    level = rng.random(len(productivity))
    past = np.log(productivity)
    walked = extend(Prior().productivity, np.zeros(len(past)), past, years, rng)
    found = np.empty((len(past), years))
    since: int = last
    for k in range(years):
        entry = known.at(_october(last + 1 + k))
        if entry.start >= _october(last + 1):
            drawn = np.array([parameters.draw(known, _october(last + 1 + k), u) for u in level])
            since = max(since, int(entry.start.year) + 1)  # told by a figure of the year itself
        else:
            drawn = np.full(len(past), entry.value)
        steps = walked[:, k] - (walked[:, since - last - 1] if since > last else 0.0)
        found[:, k] = productivity[:, -1] * drawn / stated * np.exp(steps)
        found[0, k] = productivity[0, -1] * entry.value / stated
    return found
