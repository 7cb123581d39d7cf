"""One piece of a backtest: a cut-off, what was known then, and the forecasts made from it.

A question carries the record cut at its cut-off and, for the variant "given", the receipts and
judges of the coming years; what came of pending cases and completions is not in it. So nothing
after the cut-off can enter a fit or a forecast, whoever answers.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from asylumatlas.backtest import walk
from asylumatlas.backtest.baselines import BASELINES, TARGETS, baseline
from asylumatlas.backtest.record import BacktestError, Given, Record

__all__ = [
    "FORECASTERS",
    "MODEL",
    "OTHERS",
    "VARIANTS",
    "Answer",
    "Method",
    "Question",
    "answer",
    "method",
]

Floats = NDArray[np.float64]
Key = tuple[str, str, str]  # variant, definition, method

MODEL, WALK = "model", "walk"
OTHERS = (*BASELINES, WALK)  # what the model is set beside
VARIANTS = ("given", "blind")
FORECASTERS = {  # name -> module with `fit` and `forecast`
    "twin": "asylumatlas.backtest.twin",
    "walk": "asylumatlas.backtest.walk",
    "simulated": "asylumatlas.backtest.simulated",
}


class Method(Protocol):
    """How a forecast is made: a fit to the record, then draws of the coming years."""

    def fit(self, known: Record, steps: int, seed: int) -> tuple[Any, Mapping[str, Any]]:
        """What was learnt from the record, and what to report of the fit (plain data)."""

    def forecast(
        self,
        fitted: Any,
        known: Record,
        given: Given | None,
        definition: str,
        horizon: int,
        draws: int,
        seed: int,
    ) -> Mapping[str, Floats]:
        """(N, H) pending at the years' ends; receipts, completions, judges and residual."""


@dataclass(frozen=True)
class Question:
    """What is asked of one cut-off.

    Attributes:
        known: the record as it was known at the cut-off.
        given: receipts and judges of the coming years, for the variant "given" alone.
        windows: definition -> years to forecast under it.
        variants: of `VARIANTS`.
        forecast_by: of `FORECASTERS`.
        draws: N, of each forecast.
        steps: of the fit.
        seed: of the whole backtest; the same in each question.
    """

    known: Record
    given: Given
    windows: Mapping[str, int]
    variants: tuple[str, ...] = VARIANTS
    forecast_by: str = "twin"
    draws: int = 2000
    steps: int = 400
    seed: int = 1

    @property
    def cutoff(self) -> int:
        """The last fiscal year known."""
        return self.known.last


@dataclass(frozen=True)
class Answer:
    """The forecasts made at one cut-off.

    Attributes:
        cutoff: the last fiscal year known.
        forecasts: (variant, definition, method) -> target -> (N, H) cases.
        fit: what the fit reports of itself.
        seconds: of computing; not part of what is compared.
    """

    cutoff: int
    forecasts: Mapping[Key, Mapping[str, Floats]]
    fit: Mapping[str, Any]
    seconds: float = field(default=0.0, compare=False)


def method(name: str) -> Method:
    """Return a forecaster by name.

    Raises:
        BacktestError: there is none of that name.
    """
    if name not in FORECASTERS:
        from asylumatlas.evidence.suggestion import did_you_mean

        raise BacktestError(
            f"{name!r}: no such forecaster; known are {', '.join(FORECASTERS)}."
            f"{did_you_mean(name, FORECASTERS)}"
        )
    found: Method = importlib.import_module(FORECASTERS[name])
    return found


def answer(question: Question) -> Answer:
    """Fit once, then forecast each variant under each definition, others beside the model."""
    began = time.perf_counter()
    by = method(question.forecast_by)
    fitted, report = by.fit(question.known, question.steps, question.seed)
    made: dict[Key, Mapping[str, Floats]] = {}
    for variant in question.variants:
        given = question.given if variant == "given" else None
        for definition, horizon in question.windows.items():
            told = given.first(horizon) if given else None
            stage = (question.known, told, definition, horizon, question.draws, question.seed)
            found = by.forecast(fitted, *stage)
            made[variant, definition, MODEL] = {name: found[name] for name in TARGETS}
            for name in BASELINES:
                made[variant, definition, name] = baseline(name, *stage)
            if question.forecast_by != WALK:
                found = walk.forecast(None, *stage)
                made[variant, definition, WALK] = {name: found[name] for name in TARGETS}
    return Answer(question.cutoff, made, report, time.perf_counter() - began)
