"""The series of a comparison: the logs and the published figures, and what is paired with what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asylumatlas.stats.question import Question
from asylumatlas.web.shelf import ShelfLog

if TYPE_CHECKING:
    from asylumatlas.stats.facts import Facts

PUBLISHED = "published"
"""The name of the series of published figures, and what its rows say of pairing."""

PUBLISHED_LABEL = "Published figures"
FIRST, PAIRED = "first", "paired"


@dataclass(frozen=True)
class Series:
    """One log of a comparison, or the published figures.

    Attributes:
        name: in links and rows.
        title: as readers know it.
        source: what kind of source the log says it is; "published".
        note: what it says of itself.
        as_of: its last day, ISO 8601; "" for published figures.
        fingerprint: to cite; "" for published figures.
        replications: simulated worlds; 1 for records, 0 for published figures.
        sampled: part of the people that it holds.
        pairing: FIRST, PAIRED, PUBLISHED, or why not: one_world, other_seed, other_replications,
            other_scale.
    """

    name: str
    title: str
    source: str
    note: str
    as_of: str
    fingerprint: str
    replications: int
    sampled: float
    pairing: str


def titles(series: Sequence[Series]) -> list[str]:
    """Return what the series are called; those of one title by their names too."""
    known = [each.title for each in series]
    return [
        each.title if known.count(each.title) == 1 else f"{each.title} ({each.name})"
        for each in series
    ]


def series_of(
    log: ShelfLog, facts: Facts, first: ShelfLog, of_first: Facts, question: Question
) -> Series:
    """Return a log as a series of a comparison.

    Args:
        log: the log.
        facts: what can be counted in it.
        first: the log that others are compared with.
        of_first: what can be counted in that.
        question: what is asked.
    """
    return Series(
        log.name,
        log.title,
        log.source,
        log.note,
        facts.as_of.isoformat(),
        log.fingerprint,
        max(1, len(facts.replications)),
        facts.sampled,
        _pairing(log, facts, first, of_first, question.replications),
    )


def _pairing(
    log: ShelfLog, facts: Facts, first: ShelfLog, of_first: Facts, handling: str | int
) -> str:
    """Whether a log is paired with the first, or why not: the rule of `stats.beside`."""
    if log.name == first.name:
        return FIRST
    if handling != "bands" or min(len(facts.replications), len(of_first.replications)) < 2:
        return "one_world"
    seeds = [each.log.manifest.details.get("seed") for each in (log, first)]
    if seeds[0] is None or seeds[0] != seeds[1]:
        return "other_seed"
    if facts.replications != of_first.replications or facts.draws != of_first.draws:
        return "other_replications"
    return PAIRED if facts.sampled == of_first.sampled else "other_scale"
