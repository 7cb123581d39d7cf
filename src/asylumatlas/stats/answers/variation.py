"""How much judges differ beyond chance, and what TRAC's rule would report beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.stats.answers.asked import Asked, Row
from asylumatlas.stats.answers.grid import Group
from asylumatlas.stats.answers.worlds import figures, real
from asylumatlas.stats.counts import Counts
from asylumatlas.stats.estimate.shares import share, wilson
from asylumatlas.stats.estimate.variation import Trac, Variation, between_judges, trac_rule

Ints = NDArray[np.int64]
NOT_KNOWN: Any = None

_ENDS = ("low95", "high95", "shrunken_low95", "shrunken_high95")


@dataclass(frozen=True)
class Bench:
    """The judges of one group in one world.

    Attributes:
        names: (J,) their codes.
        counted: (J, years) say denials.
        decisions: (J, years) decisions.
    """

    names: tuple[str, ...]
    counted: Ints
    decisions: Ints

    @cached_property
    def fit(self) -> Variation:
        """The spread of rates over judges."""
        return between_judges(self.counted.sum(axis=1), self.decisions.sum(axis=1))

    @property
    def spread(self) -> float:
        """Standard deviation of the rates over judges; nan where the decisions cannot tell.

        One judge has nobody to differ from, and judges with one decision each differ by chance
        alone, whatever their rates.
        """
        tellers = (self.decisions.sum(axis=1) > 1).sum()
        return self.fit.between if len(self.names) > 1 and tellers else float("nan")

    @property
    def trac(self) -> Trac:
        """What TRAC's rule would report."""
        return trac_rule(self.decisions, self.counted)


def variations(asked: Asked, counts: Counts) -> Iterator[Row]:
    """Yield one row a group: the spread over judges with chance taken out, and the raw range."""
    names = tuple(name for name in asked.by if name != "judge")
    for group, benches in _benches(asked, counts, names):
        fits = [bench.fit for bench in benches]
        spread = np.array([bench.spread for bench in benches])
        told = np.isfinite(spread[0])
        first, rule = fits[0], benches[0].trac
        row: Row = {
            "judges": first.judges,
            "decisions": first.decisions,
            "pooled": real(_pooled(benches[0])),
            "value": real(spread[0]),
            "low95": None,
            "high95": None,
            "fitted_p05": real(first.low) if told else None,
            "fitted_p95": real(first.high) if told else None,
            "p_value": real(first.p_value) if told else None,
            "trac_judges": int(rule.judges.sum()),
            "trac_low": real(rule.low),
            "trac_p25": real(rule.quarter),
            "trac_p75": real(rule.three_quarters),
            "trac_high": real(rule.high),
        }
        if asked.worlds.many:
            row |= figures(spread, asked.worlds)
        yield asked.labels(group) | row | {"flag": asked.flag(group, first.decisions)}


def judges(asked: Asked, counts: Counts) -> Iterator[Row]:
    """Yield one row a judge: the observed share, and the same drawn towards all judges'."""
    others = tuple(name for name in asked.by if name != "judge")
    for group, benches in _benches(asked, counts, others):
        bench = benches[0]  # a judge is one world's
        part, whole = bench.counted.sum(axis=1), bench.decisions.sum(axis=1)
        low, high = wilson(part, whole)
        own, own_low, own_high = bench.fit.shrunken(part, whole)
        value, shown = share(part, whole), bench.trac.judges
        for k, name in enumerate(bench.names):
            words = asked.labels(group, others) | {"judge": name}
            row = {key: words[key] for key in asked.by}
            row |= {"numerator": int(part[k]), "denominator": int(whole[k])}
            row |= {"value": real(value[k]), "low95": real(low[k]), "high95": real(high[k])}
            row |= {"shrunken": real(own[k]), "shrunken_low95": real(own_low[k])}
            row |= {"shrunken_high95": real(own_high[k]), "reported_by_trac": bool(shown[k])}
            row |= dict.fromkeys(_ENDS) if asked.worlds.pooled else {}
            yield row | {"flag": asked.flag(group, int(whole[k]))}


def _benches(
    asked: Asked, counts: Counts, names: tuple[str, ...]
) -> Iterator[tuple[Group, list[Bench]]]:
    """Yield each group with its judges in every world; decisions of unknown judges stay out."""
    grid = asked.grid(counts, names)
    judge = counts["judge"]
    known = ~np.equal(judge, NOT_KNOWN)
    year = counts["fiscal_year"].astype(np.int64) if "fiscal_year" in counts.keys else None
    for g, group in enumerate(grid.groups):
        inside = known & (grid.group == g)
        if not inside.any():
            continue
        benches = []
        for r in range(len(grid.replications)):
            rows = inside & (grid.replication == r)
            codes, place = np.unique(judge[rows].astype(str), return_inverse=True)
            years = np.zeros(int(rows.sum()), np.int64) if year is None else year[rows]
            numbers, when = np.unique(years, return_inverse=True)
            shape = (len(codes), max(len(numbers), 1))
            counted, decisions = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
            np.add.at(counted, (place, when), counts["numerator"][rows])
            np.add.at(decisions, (place, when), counts["denominator"][rows])
            benches.append(Bench(tuple(map(str, codes)), counted, decisions))
        yield group, benches


def _pooled(bench: Bench) -> float:
    whole = bench.decisions.sum()
    return float(bench.counted.sum() / whole) if whole else float("nan")
