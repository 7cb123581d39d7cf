"""Does the forecast find what it made itself? A backtest of made-up ledgers.

The published ledger to a base year is continued once by the model: one draw of its own future, with
its own parameters, is the truth of a made-up world. A forecast from a later year of that world must
hold the truth as often as its intervals claim; where it does not, the machinery is at fault, not
the world. The made-up years are no forecast of anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.backtest.published import known_then
from asylumatlas.backtest.question import MODEL, VARIANTS, Question, answer, method
from asylumatlas.backtest.record import Record
from asylumatlas.backtest.result import scored
from asylumatlas.backtest.scores import Score
from asylumatlas.calibrate import Ranks
from asylumatlas.ensembles import pieces

__all__ = ["SyntheticCheck", "check", "world"]

Floats = NDArray[np.float64]
BASE, CUTOFF, HORIZONS = 2012, 2016, (1, 2, 3)
DRAWS = 99  # compared with the truth; one more is a multiple of the bins
BINS = 5
WORLDS = 1000  # most that one seed makes
BASE_STEPS = 1000


@dataclass(frozen=True)
class SyntheticCheck:
    """Forecasts of made-up worlds beside what came in them.

    Attributes:
        scores: of the model, one for each world, variant, target and horizon.
        ranks: of the truth among the draws; a name for each variant, target and horizon.
        worlds: how many.
    """

    scores: tuple[Score, ...]
    ranks: Ranks
    worlds: int

    def coverage(self, level: int = 80) -> dict[tuple[str, str], float]:
        """(variant, target) -> share of truths inside the interval of this level."""
        keys = dict.fromkeys((each.variant, each.target) for each in self.scores)
        return {
            key: float(
                np.mean(
                    [
                        getattr(each, f"inside{level}")
                        for each in self.scores
                        if (each.variant, each.target) == key
                    ]
                )
            )
            for key in keys
        }


def world(
    forecast_by: str, years: int, steps: int, seed: int, number: int = 0, base: int = BASE
) -> Record:
    """Return the published record to a base year, continued by one draw of the model's own future.

    Args:
        forecast_by: of `question.FORECASTERS`.
        years: to continue.
        steps: of the fit to the base year; all worlds share it.
        seed: of the fit and of the draws.
        number: of the world, 0 to 999.
        base: the last published year.
    """
    made = _futures(forecast_by, years, steps, seed, base)
    return _continued(known_then(base), {name: values[number] for name, values in made.items()})


@cache
def _futures(
    forecast_by: str, years: int, steps: int, seed: int, base: int
) -> Mapping[str, Floats]:
    """(WORLDS, years) draws of the model's own future, made once in each process."""
    known, by = known_then(base), method(forecast_by)
    fitted, _ = by.fit(known, steps, seed)
    return by.forecast(fitted, known, None, "active", years, WORLDS, seed)


def _continued(known: Record, made: dict[str, Floats]) -> Record:
    """The active ledger with made-up years after its end."""
    past = known.ledgers["active"]
    new = len(made["pending"])
    working = made["pending"] - past.inactive[-1]
    residual = made["residual"]
    # As in the published ledger: at least the last year's reopened cases flow in, the rest out.
    reopened = np.maximum(residual, past.reopened[-1])
    added: dict[str, Any] = {
        "years": past.last + 1 + np.arange(new),
        "pending_start": np.concatenate([past.pending_end[-1:], made["pending"][:-1]]),
        "receipts": made["receipts"],
        "completions": made["completions"],
        "pending_end": made["pending"],
        "judges": made["judges"],
        "judges_end": made["judges"],
        "working_start": np.concatenate([past.working[-1:], working[:-1]]),
        "working": working,
        "reopened": reopened,
        "administratively_closed": reopened - residual,
    }
    joined: dict[str, Any] = {
        n: np.concatenate([getattr(past, n), values]) for n, values in added.items()
    }
    return Record.of({"active": replace(past, **joined)}, made_up_after=known.last)


def check(
    worlds: int = 40,
    *,
    forecast_by: str = "twin",
    base: int = BASE,
    cutoff: int = CUTOFF,
    horizons: Sequence[int] = HORIZONS,
    steps: int = 200,
    base_steps: int = BASE_STEPS,
    seed: int = 1,
    workers: int = 1,
    executor: Executor | None = None,
    scheduler: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> SyntheticCheck:
    """Backtest made-up worlds of the model.

    Args:
        worlds: how many.
        forecast_by: of `question.FORECASTERS`.
        base: last published year, after which the model makes the truth.
        cutoff: last made-up year that a forecast may know.
        horizons: years ahead.
        steps: of each fit to a world.
        base_steps: of the fit to the base year, from which all worlds are drawn.
        seed: of everything random.
        workers: processes started here.
        executor: any `concurrent.futures` executor instead.
        scheduler: address of a Dask scheduler instead.
        progress: called with (worlds done, of how many).
    """
    common = (forecast_by, base, cutoff, tuple(horizons), steps, base_steps, seed)
    crew: dict[str, Any] = {"workers": workers, "executor": executor, "scheduler": scheduler}
    found = list(pieces(_world_scores, range(worlds), common=common, progress=progress, **crew))
    names = [f"{s.target}, {s.variant}, {s.horizon}" for s in found[0]]
    below = np.array([[round(s.rank * DRAWS) for s in scores] for scores in found])
    scores = tuple(each for one in found for each in one)
    return SyntheticCheck(scores, Ranks(tuple(names), below, DRAWS, BINS), worlds)


def _world_scores(
    forecast_by: str,
    base: int,
    cutoff: int,
    horizons: tuple[int, ...],
    steps: int,
    base_steps: int,
    seed: int,
    number: int,
) -> list[Score]:
    """The model's scores in one world; a piece of work."""
    last = max(horizons)
    whole = world(forecast_by, cutoff - base + last, base_steps, seed, number, base)
    given = whole.given(cutoff, last)
    question = Question(
        known=whole.until(cutoff),
        given=given,
        windows={"active": last},
        variants=VARIANTS,
        forecast_by=forecast_by,
        draws=DRAWS,
        steps=steps,
        seed=seed * 100_003 + number + 1,
    )
    scores = scored(whole, question, answer(question), horizons)
    return [each for each in scores if each.method == MODEL]
