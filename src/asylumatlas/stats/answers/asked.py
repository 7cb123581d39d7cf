"""What the modules of this package are told: statistic, definition, question and worlds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from asylumatlas.stats import periods
from asylumatlas.stats.answers.grid import Grid, Group, labelled, lay_out
from asylumatlas.stats.answers.worlds import Worlds
from asylumatlas.stats.catalogue import Definition, Statistic
from asylumatlas.stats.counts import Counts
from asylumatlas.stats.question import Question

Row = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """One question to one log.

    Attributes:
        statistic: from the catalogue.
        definition: one of its definitions.
        question: what is asked.
        worlds: the replications that are looked at.
        as_of: the last day the log knows of.
        begins: the first day it knows of, where it begins with cases already open.
    """

    statistic: Statistic
    definition: Definition
    question: Question
    worlds: Worlds
    as_of: date
    begins: date | None = None

    @property
    def last(self) -> date:
        """The last day that is both asked for and known."""
        return min(self.question.end or self.as_of, self.as_of)

    @property
    def blind(self) -> bool:
        """Whether all that is asked for lies before what the log knows of."""
        return self.begins is not None and self.last < self.begins

    @property
    def by(self) -> tuple[str, ...]:
        """The keys of the groups."""
        return self.question.by

    def grid(self, counts: Counts, names: tuple[str, ...] | None = None) -> Grid:
        """Lay counts out by the question's keys, or by others, and replication.

        A group of periods alone has every period from the first to the last, so that a year
        without a case is a zero and not a gap.
        """
        chosen = self.by if names is None else names
        return lay_out(counts, chosen, self.worlds.numbers, self._alone(counts, chosen))

    def _alone(self, counts: Counts, names: tuple[str, ...]) -> list[Group]:
        """Groups that exist also where nothing was counted."""
        if not names:
            return [()]
        if len(names) > 1 or names[0] not in periods.UNITS or not len(counts):
            return []
        known = counts[names[0]]
        return [(n,) for n in range(int(known.min()), int(known.max()) + 1)]

    def labels(self, group: Group, names: tuple[str, ...] | None = None) -> Row:
        """Return a group as the first cells of its row."""
        return labelled(self.by if names is None else names, group)

    def flag(self, group: Group, size: float | None) -> str:
        """Say what makes a cell doubtful: few cases, or a period not wholly covered."""
        marks = ["small"] if size is not None and size < self.question.small else []
        first = max(filter(None, (self.question.start, self.begins)), default=None)
        for key, value in zip(self.by, group, strict=False):
            whole = key not in periods.UNITS or value is None
            if not whole and periods.Period(key, int(value)).partial(first, self.last):
                marks.append("partial")
        return ", ".join(marks)
