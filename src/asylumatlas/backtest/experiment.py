"""The backtest itself: one question for each cut-off, answered anywhere, scored here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from asylumatlas.backtest.published import CAVEATS, known_then, record
from asylumatlas.backtest.question import VARIANTS, Question, answer, method
from asylumatlas.backtest.record import DEFINITIONS, BacktestError, Record
from asylumatlas.backtest.result import (
    NO_DEFINITION,
    NOT_PUBLISHED,
    Backtest,
    scored,
    windows,
)
from asylumatlas.backtest.scores import Score
from asylumatlas.backtest.widening import LEARN_FROM, Misses
from asylumatlas.ensembles import Journal, pieces

__all__ = ["CUTOFFS", "DRAWS", "HORIZONS", "STEPS", "backtest", "national"]

CUTOFFS = tuple(range(2012, 2023))
HORIZONS = tuple(range(1, 6))
DRAWS, STEPS = 2000, 1000
SHORTEST = 3  # years of ledger before a cut-off, below which nothing can be fitted
Progress = Callable[[int, int], None]


def national(
    cutoffs: Iterable[int] = CUTOFFS,
    horizons: Iterable[int] = HORIZONS,
    variants: Sequence[str] = VARIANTS,
    *,
    draws: int = DRAWS,
    steps: int = STEPS,
    seed: int = 1,
    forecast_by: str = "twin",
    judges: str = "then",
    learn_from: int | None = LEARN_FROM,
    workers: int = 1,
    executor: Executor | None = None,
    scheduler: str | None = None,
    journal: str | Path | None = None,
    progress: Progress | None = None,
) -> Backtest:
    """Forecast the national court from past fiscal years, and score it on what came.

    Args:
        cutoffs: last fiscal years that a forecast may know.
        horizons: years ahead.
        variants: "given" (told receipts and judges of the coming years), "blind" (told neither).
        draws: of each forecast.
        steps: of each fit.
        seed: of everything random; the same seed gives the same bytes on any number of workers.
        forecast_by: "twin" (the fitted mean-flow court), "walk" (the ledger alone) or "simulated".
        judges: "then": a fit knows the counts of judges dated on or before its cut-off; "now": as
            they are known today, which fills gaps with counts of later months.
        learn_from: first cut-off whose misses widen the intervals of later ones; cut-offs from
            there on are forecast too, and scored only where asked for. None: nothing is widened.
        workers: processes started here.
        executor: any `concurrent.futures` executor, instead of `workers`.
        scheduler: address of a Dask scheduler, instead of both.
        journal: folder in which finished cut-offs are kept while others are under way; a call with
            the same settings goes on from them.
        progress: called with (cut-offs finished, cut-offs in all).

    Raises:
        BacktestError: a year is not in the ledger, or a word is not known.
        EnsembleError: the workers are gone; the line tells what was saved.
    """
    if judges not in ("then", "now"):
        raise BacktestError(f"judges: {judges!r} is neither then nor now")
    whole = record()
    return backtest(
        whole,
        known_then if judges == "then" else whole.until,
        cutoffs=tuple(cutoffs),
        horizons=tuple(horizons),
        variants=tuple(variants),
        draws=draws,
        steps=steps,
        seed=seed,
        forecast_by=forecast_by,
        learn_from=learn_from,
        caveats=CAVEATS,
        remarks={"record": "published national ledger", "judges": judges},
        crew={"workers": workers, "executor": executor, "scheduler": scheduler},
        journal=journal,
        progress=progress,
    )


def backtest(
    whole: Record,
    known_at: Callable[[int], Record],
    *,
    cutoffs: tuple[int, ...],
    horizons: tuple[int, ...],
    variants: tuple[str, ...] = VARIANTS,
    draws: int = DRAWS,
    steps: int = STEPS,
    seed: int = 1,
    forecast_by: str = "twin",
    learn_from: int | None = None,
    caveats: tuple[str, ...] = (),
    remarks: dict[str, Any] | None = None,
    crew: dict[str, Any] | None = None,
    journal: str | Path | None = None,
    progress: Progress | None = None,
) -> Backtest:
    """Backtest any record, published or made up.

    Args:
        whole: the record with what came.
        known_at: cut-off -> the record as it was known then, cut there.
        cutoffs: last years that a forecast may know.
        horizons: years ahead.
        variants: of `VARIANTS`.
        draws: of each forecast.
        steps: of each fit.
        seed: of everything random.
        forecast_by: of `FORECASTERS`.
        learn_from: first cut-off whose misses widen the intervals of later ones.
        caveats: sentences to print with the result.
        remarks: settings to tell besides, as plain data.
        crew: who does the work: keywords of `ensembles.pieces`.
        journal: folder of finished cut-offs.
        progress: called with (cut-offs finished, cut-offs in all).

    Raises:
        BacktestError: a year is not in the record, or a word is not known.
        EnsembleError: the workers are gone.
    """
    settings: dict[str, Any] = {
        "cutoffs": list(cutoffs),
        "horizons": list(horizons),
        "variants": list(variants),
        "draws": draws,
        "steps": steps,
        "seed": seed,
        "forecast_by": forecast_by,
        "learn_from": learn_from,
        **(remarks or {}),
    }
    _check(whole, settings)
    if not any(windows(whole, cutoff, horizons) for cutoff in cutoffs):
        raise BacktestError("no target: the ledger ends before the first horizon; ask earlier")
    asked = []
    for cutoff in sorted({*cutoffs, *_warm_up(settings)}):
        ahead = windows(whole, cutoff, horizons)
        if not ahead:
            continue
        spans = {name: max(h for h, d in ahead.items() if d == name) for name in ahead.values()}
        given = whole.given(cutoff, max(spans.values()))
        known = known_at(cutoff)
        asked.append(Question(known, given, spans, variants, forecast_by, draws, steps, seed))
    kept = Journal(journal, fingerprint(asked)) if journal is not None else None
    scores: list[Score] = []
    fits = []
    misses = Misses()
    for question, found in zip(
        asked,
        pieces(answer, asked, journal=kept, progress=progress, **(crew or {})),
        strict=True,
    ):
        rows = scored(whole, question, found, horizons, misses)
        if learn_from is not None and question.cutoff >= learn_from:
            misses.learn(rows)
        wanted = question.cutoff in cutoffs
        scores += rows if wanted else []
        report = {"cutoff": question.cutoff, "scored": wanted, "seconds": found.seconds}
        fits.append(report | dict(found.fit))
    if kept is not None:
        kept.remove()
    missing = tuple(_missing(whole, cutoffs, horizons))
    factors = tuple(misses.table(whole.last))
    return Backtest(tuple(scores), missing, tuple(fits), settings, whole, caveats, factors)


def _warm_up(settings: dict[str, Any]) -> range:
    """Cut-offs that are forecast so that later ones can learn from them."""
    first = settings["learn_from"]
    if first is None:
        return range(0)
    return range(first, max(settings["cutoffs"]) - min(settings["horizons"]) + 1)


def _check(whole: Record, settings: dict[str, Any]) -> None:
    """Raise on what cannot be asked."""
    method(settings["forecast_by"])
    for name in settings["variants"]:
        if name not in VARIANTS:
            raise BacktestError(f"{name!r}: no such variant; write {' or '.join(VARIANTS)}")
    if settings["forecast_by"] == "simulated" and "blind" in settings["variants"]:
        raise BacktestError('simulated: needs receipts and judges; ask for the variant "given"')
    for name in ("draws", "steps"):
        if settings[name] < 1:
            raise BacktestError(f"{name}: {settings[name]} is too few; give 1 or more")
    if not settings["cutoffs"] or not settings["horizons"] or not settings["variants"]:
        raise BacktestError("nothing asked: give at least one cut-off, horizon and variant")
    if min(settings["horizons"]) < 1:
        raise BacktestError(f"horizon {min(settings['horizons'])}: must be 1 year or more")
    first = int(whole.years[0]) + SHORTEST - 1
    most = whole.last - first
    if max(settings["horizons"]) > most:
        raise BacktestError(
            f"horizon {max(settings['horizons'])}: the ledger ends with FY{whole.last}, at most "
            f"{most} years after a cut-off; ask for 1 to {most}"
        )
    for cutoff in (*settings["cutoffs"], *_warm_up(settings)[:1]):
        if not first <= cutoff <= whole.last:
            raise BacktestError(
                f"FY{cutoff}: no cut-off there; the ledger allows FY{first} to FY{whole.last}"
            )
        if not any(np.isfinite(whole.level(name, cutoff)) for name in DEFINITIONS):
            raise BacktestError(
                f"FY{cutoff}: no ledger holds the pending cases of its end; choose another cut-off"
            )


def _missing(
    whole: Record, cutoffs: Sequence[int], horizons: Sequence[int]
) -> Iterable[tuple[int, int, str]]:
    """Pairs of years that are not scored, or whose pending cases cannot be compared."""
    for cutoff in cutoffs:
        for ahead in horizons:
            year = cutoff + ahead
            if year > whole.last:
                yield cutoff, year, NOT_PUBLISHED
            elif whole.definition(cutoff, year) is None:
                yield cutoff, year, NO_DEFINITION


def fingerprint(asked: Sequence[Question]) -> str:
    """Return a checksum of all that the answers depend on: records, settings, version."""
    from asylumatlas import __version__

    total = hashlib.sha256(__version__.encode())
    learnt = files("asylumatlas") / "national" / "training.csv"  # what a fit reads besides
    total.update(learnt.read_bytes() if learnt.is_file() else b"")
    for each in asked:
        words = (each.windows, each.variants, each.forecast_by, each.draws, each.steps, each.seed)
        total.update(repr(words).encode())
        known = each.known
        arrays = [known.years, known.receipts, known.completions, known.judges]
        arrays += [known.pending[name] for name in sorted(known.pending)]
        for values in (*arrays, each.given.receipts, each.given.judges):
            total.update(np.ascontiguousarray(values).tobytes() + b";")
    return total.hexdigest()
