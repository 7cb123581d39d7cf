"""A finished backtest: every forecast beside what came, and the tables that sum it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from asylumatlas.backtest.baselines import TARGETS
from asylumatlas.backtest.question import MODEL, OTHERS, Answer, Question
from asylumatlas.backtest.record import DEFINITIONS, Record
from asylumatlas.backtest.scores import Score, grouped, score, skill, summary
from asylumatlas.backtest.widening import Misses

__all__ = ["NOT_PUBLISHED", "NO_DEFINITION", "Backtest", "scored", "windows"]

Row = dict[str, Any]
NOT_PUBLISHED = "the ledger ends before that year"
NO_DEFINITION = "no one definition of pending cases is published for both years' ends"
RESAMPLES = 2000  # of the cut-offs, for the range of a coverage
METHODS = (MODEL, *OTHERS)


@dataclass(frozen=True)
class Backtest:
    """Forecasts from several cut-offs, scored.

    Attributes:
        scores: one for each forecast of one number.
        missing: (cut-off, year, why) of pairs that were asked for and are not scored: the year is
            not in the ledger, or no ledger holds pending cases at both ends.
        fits: what each fit reports, with its cut-off.
        settings: what was asked, as plain data.
        record: the whole ledger the forecasts are set beside.
        caveats: sentences to print with the result.
        factors: what the misses of all these years multiply the spread of the next forecast by:
            variant, target, horizon, misses known, factor.
    """

    scores: tuple[Score, ...]
    missing: tuple[tuple[int, int, str], ...]
    fits: tuple[Row, ...]
    settings: Mapping[str, Any]
    record: Record = field(repr=False)
    caveats: tuple[str, ...] = ()
    factors: tuple[Row, ...] = ()

    @property
    def learnt(self) -> bool:
        """Whether past misses could widen intervals."""
        return self.settings.get("learn_from") is not None

    def of(self, **wanted: Any) -> list[Score]:
        """Return the scores whose attributes have these values."""
        return [
            each
            for each in self.scores
            if all(getattr(each, name) == value for name, value in wanted.items())
        ]

    def table(self, *by: str) -> list[Row]:
        """Return mean scores by method, and by these attributes of a `Score`.

        A row of another method also has `model_skill` and `model_crps_skill`: those of the model
        over it, on the forecasts both made.
        """
        rows = []
        for values, members in grouped(self.scores, by).items():
            mine = [each for each in members if each.method == MODEL]
            for name in METHODS:
                theirs = [each for each in members if each.method == name]
                if not theirs:
                    continue
                row = dict(zip(by, values, strict=True)) | {"method": name} | summary(theirs)
                if name != MODEL:
                    better = skill(mine, theirs)
                    row |= {
                        "model_skill": better["skill"],
                        "model_crps_skill": better["crps_skill"],
                    }
                rows.append(row)
        return rows

    def losses(self) -> list[Row]:
        """Return where the model is worse than a baseline, by variant, target and horizon.

        Worse in the mean absolute relative error, or in the CRPS, over the forecasts both made.
        """
        rows = []
        for values, members in grouped(self.scores, ("variant", "target", "horizon")).items():
            mine = [each for each in members if each.method == MODEL]
            for name in OTHERS:
                better = skill(mine, [each for each in members if each.method == name])
                if better["skill"] < 0 or better["crps_skill"] < 0:
                    key = dict(zip(("variant", "target", "horizon"), values, strict=True))
                    rows.append(key | {"baseline": name} | better)
        return rows

    def worst(self, most: int = 10) -> list[Row]:
        """Return the single forecasts of the model that missed by most, relative error first."""
        mine = sorted(self.of(method=MODEL), key=lambda each: -abs(each.relative_error))
        return [each.row() for each in mine[:most]]

    def coverage(self, level: int = 80, wide: bool = False) -> list[Row]:
        """Return the model's coverage by variant and target, and of all, with a range.

        Forecasts of one cut-off share its luck, so whole cut-offs are drawn again and again, not
        single forecasts. Neighbouring cut-offs share years too, so even this range is too narrow.

        Args:
            level: 80 or 95, per cent.
            wide: of the intervals as past misses widened them.
        """
        inside = f"{'wide_' if wide else ''}inside{level}"
        mine = self.of(method=MODEL)
        groups = {**grouped(mine, ("variant", "target")), ("all", "all"): mine}
        rows = []
        for (variant, target), members in groups.items():
            low, high = block_range(members, inside, seed=level)
            share = float(np.mean([getattr(each, inside) for each in members]))
            row = {"variant": variant, "target": target, "level": level, "widened": wide}
            row |= {"n": len(members)}
            rows.append(row | {"coverage": share, "low95": low, "high95": high})
        return rows

    def plain(self) -> Row:
        """Return the whole result as plain data for JSON; NaN becomes None."""
        found = {
            "settings": dict(self.settings),
            "overall": self.table("variant", "target"),
            "by_horizon": self.table("variant", "target", "horizon"),
            "by_cutoff": self.table("variant", "target", "cutoff"),
            "coverage": [
                row
                for wide in (False, True)[: 1 + self.learnt]
                for level in (80, 95)
                for row in self.coverage(level, wide)
            ],
            "factors": list(self.factors),
            "losses": self.losses(),
            "worst": self.worst(),
            "forecasts": [each.row() for each in self.scores],
            "missing": [dict(zip(("cutoff", "year", "why"), m, strict=True)) for m in self.missing],
            "fits": list(self.fits),
            "caveats": list(self.caveats),
        }
        cleaned: Row = clean(found)
        return cleaned


def clean(value: Any) -> Any:
    """Return plain data that JSON can hold: NumPy scalars as Python's, NaN and infinity as None."""
    if isinstance(value, Mapping):
        return {str(key): clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [clean(each) for each in value]
    if isinstance(value, np.ndarray):
        return clean(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def block_range(scores: Sequence[Score], name: str, seed: int) -> tuple[float, float]:
    """Return the 95 % range of a mean when whole cut-offs are resampled.

    Args:
        scores: of several cut-offs.
        name: the attribute whose mean is meant.
        seed: of the resampling.
    """
    blocks = grouped(scores, ("cutoff",))
    sums = np.array([sum(getattr(each, name) for each in block) for block in blocks.values()])
    counts = np.array([len(block) for block in blocks.values()])
    picked = np.random.default_rng(seed).integers(len(sums), size=(RESAMPLES, len(sums)))
    means = sums[picked].sum(axis=1) / counts[picked].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def windows(record: Record, cutoff: int, horizons: Sequence[int]) -> dict[int, str]:
    """Return horizon -> definition under which it is forecast; only those whose target exists.

    Where no definition holds pending at both ends, completions are still forecast, under the
    definition that holds the cut-off.
    """
    own = next((n for n in DEFINITIONS if np.isfinite(record.level(n, cutoff))), DEFINITIONS[0])
    return {
        ahead: record.definition(cutoff, cutoff + ahead) or own
        for ahead in horizons
        if np.isfinite(record.completed(cutoff + ahead))
    }


def scored(
    record: Record,
    question: Question,
    found: Answer,
    horizons: Sequence[int],
    misses: Misses | None = None,
) -> list[Score]:
    """Set the forecasts of one cut-off beside what came.

    Args:
        record: what came.
        question: the cut-off and what was asked.
        found: the forecasts.
        horizons: years ahead.
        misses: of forecasts from earlier cut-offs; those known by this one widen the intervals.
    """
    misses = misses or Misses()
    rows = []
    for ahead, definition in windows(record, question.cutoff, horizons).items():
        year = question.cutoff + ahead
        came = {"completions": record.completed(year)}
        if record.definition(question.cutoff, year):
            came["pending"] = record.level(definition, year)
        for variant in question.variants:
            for name in METHODS:
                made = found.forecasts.get((variant, definition, name), {})
                rows += [
                    score(
                        made[target][:, ahead - 1],
                        came[target],
                        misses.factor((name, variant, target, ahead), question.cutoff),
                        variant=variant,
                        target=target,
                        definition=definition,
                        method=name,
                        cutoff=question.cutoff,
                        horizon=ahead,
                        year=year,
                    )
                    for target in TARGETS
                    if target in made and target in came
                ]
    return rows
