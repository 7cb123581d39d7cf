"""What stands beside a log's own figures: other logs, and figures that were published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from asylumatlas import evidence
from asylumatlas.stats import periods
from asylumatlas.stats.answers.asked import Asked, Row
from asylumatlas.stats.answers.worlds import EACH, real
from asylumatlas.stats.askers import Asker
from asylumatlas.stats.estimate.bands import paired_difference, unpaired_difference
from asylumatlas.stats.published import Figure, figures

_FURTHER = ("after_days", "stage", "meter", "unit")  # keys that a kind of statistic adds


def compare(
    rows: Sequence[Row], by: Sequence[str], askers: Sequence[Asker], *, exact: bool
) -> None:
    """Add to each row how it differs from the first log's row of the same group.

    Two runs of equal seed and replications are compared world by world: the same people with the
    same luck. Otherwise the interval is the hybrid one that puts the two intervals together.

    Args:
        rows: of all logs, changed in place.
        by: keys of the groups.
        askers: the logs, the first of which is compared with.
        exact: whether a value without an interval was counted in full; else its interval is not
            known, and so is that of the difference.

    Source: Zou and Donner 2008, Statistics in Medicine 27, 1693-1702 (the hybrid interval; with
    Wilson's intervals it is Newcombe's).
    """
    first = askers[0]
    names = ("definition", *by, *_FURTHER)
    base = {tuple(row.get(name) for name in names): row for row in rows if row["log"] == first.name}
    known = {asker.name: asker for asker in askers}
    for row in rows:
        row |= dict.fromkeys(("difference", "difference_low95", "difference_high95", "paired"))
        other = base.get(tuple(row.get(name) for name in names))
        if row["log"] != first.name and other is not None:
            asker = known[row["log"]]
            if exact and asker.source.sampled != first.source.sampled:
                continue  # numbers of so many people have no difference; the caveats say why
            row |= _difference(row, other, asker, first, exact)


def _difference(row: Row, other: Row, asker: Asker, first: Asker, exact: bool) -> Row:
    if row["value"] is None or other["value"] is None or _unfinished(row) or _unfinished(other):
        return {}
    if EACH in row and EACH in other:
        pairs = asker.seed is not None and asker.seed == first.seed
        pairs = pairs and asker.worlds == first.worlds
        pairs = pairs and asker.source.sampled == first.source.sampled  # else not the same people
        if pairs:
            found = paired_difference(row[EACH], other[EACH], asker.worlds.draws)
        else:
            found = unpaired_difference(row[EACH], other[EACH])
        ends = (real(found.median), real(found.low), real(found.high))
        names = ("difference", "difference_low95", "difference_high95")
        return dict(zip(names, ends, strict=True)) | {"paired": pairs}
    change = row["value"] - other["value"]
    below, above = _arms(row, exact)
    other_below, other_above = _arms(other, exact)
    return {
        "difference": change,
        "difference_low95": _end(change, -1, below, other_above),
        "difference_high95": _end(change, 1, above, other_below),
        "paired": False,
    }


def _unfinished(row: Row) -> bool:
    """Whether a time is not reached in some world: what differs then cannot be told."""
    return "started" in row and EACH in row and bool(np.isnan(row[EACH]).any())


def _arms(row: Row, exact: bool) -> tuple[float | None, float | None]:
    """How far the interval reaches below and above the value; None where that is not known."""
    low, high = row["low95"], row["high95"]
    if low is None and high is None and exact:
        return 0.0, 0.0
    below = None if low is None else row["value"] - low
    return below, None if high is None else high - row["value"]


def _end(change: float, sign: int, one: float | None, two: float | None) -> float | None:
    """One end of the hybrid interval; two values counted in full have none."""
    if one is None or two is None or one == two == 0.0:
        return None
    return change + sign * float(np.hypot(one, two))


@dataclass(frozen=True)
class _Slot:
    """Where in the world a row of an answer stands: its days and its groups."""

    start: date | None
    end: date | None
    groups: Mapping[str, str]


def add_published(asked: Asked, rows: Sequence[Row]) -> Iterator[str]:
    """Set beside each row the figure published for the same thing, and yield what to cite.

    A figure is the same thing if its definition, its days and its groups are those of the row and
    nothing else is asked for. Of several the one that stands last in the series is shown, and the
    others are named beside its source.
    """
    shown = [
        figure
        for entry in asked.statistic.published
        if entry.definition == asked.definition.name and entry.comparable
        for figure in figures(entry)
    ]
    cited: set[str] = set()
    for row in rows:
        row |= {"published": None, "published_source": None}
        slot = _slot(asked, row)
        found = [figure for figure in shown if slot is not None and _same(figure, slot, asked)]
        if found:
            row |= {"published": found[-1].value, "published_source": _named(found)}
        cited |= {figure.source for figure in found}
    for source in sorted(cited):
        yield evidence.cite(source)


def _named(found: Sequence[Figure]) -> str:
    """The source of the figure that is shown, and what others say: "S18; also 0.445 in S17"."""
    last = found[-1]
    others = {(figure.value, figure.source): None for figure in reversed(found)}
    others.pop((last.value, last.source))
    return "; ".join([last.source, *(f"also {value:.12g} in {name}" for value, name in others)])


def _slot(asked: Asked, row: Row) -> _Slot | None:
    start, end = asked.question.start, asked.question.end
    groups: dict[str, str] = {}
    for key in asked.by:
        if row[key] is None:
            return None
        if key in periods.UNITS:
            start, end = periods.span(row[key], key)
        else:
            groups[key] = str(row[key])
    for column, words in asked.question.where:
        if column not in groups and len(words) == 1:
            groups[column] = words[0]
        elif column not in groups:
            return None
    if asked.statistic.kind == "stock":
        start = None
        end = row.get("date", end)
    return _Slot(start, end, groups)


def _same(figure: Figure, slot: _Slot, asked: Asked) -> bool:
    wanted = {key: str(word) for key, word in figure.groups.items()}
    for column, words in figure.where.items():
        if len(words) != 1:
            return False
        wanted[column] = words[0]
    if wanted != dict(slot.groups) or figure.end is None or figure.end != slot.end:
        return False
    return asked.statistic.kind == "stock" or figure.start == slot.start
