"""Counts by group and day in order: what every estimator of times begins with.

Days are whole and heavily tied. Within one day the order is: those who enter, then the events,
then the censorings. So a case seen from day t on is at risk on day t, and a case last seen on day t
was at risk on all of day t.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from asylumatlas.stats.estimate.checks import (
    EstimateError,
    Flags,
    Ints,
    Numbers,
    same_length,
    whole,
)


@dataclass(frozen=True)
class Timeline:
    """Counts with one row per group and day, sorted by both.

    Attributes:
        first: (groups + 1,) row at which each group begins; the last one is the number of rows.
        days: (rows,) days since the origin.
        counts: (rows,) arrays of counts, in the order given.
    """

    first: Ints
    days: Ints
    counts: tuple[Ints, ...]

    @property
    def groups(self) -> int:
        """Number of groups, those without rows too."""
        return len(self.first) - 1

    @property
    def group(self) -> Ints:
        """(rows,) the group of each row."""
        return np.repeat(np.arange(self.groups), np.diff(self.first))

    def running(self, values: Numbers, operation: np.ufunc = np.add) -> Numbers:
        """(rows,) values accumulated within each group, its own row included."""
        result = np.empty(len(values))
        bounds = self.first.tolist()
        for start, end in pairwise(bounds):
            if end > start:
                operation.accumulate(values[start:end], out=result[start:end])
        return result

    def before(self, running: Numbers, at_start: float) -> Numbers:
        """(rows,) a running value as it stood before each row."""
        result = np.empty_like(running)
        result[1:] = running[:-1]
        result[self.first[:-1][self.filled]] = at_start
        return result

    def total(self, values: Numbers) -> Numbers:
        """(groups,) sum over each group's rows."""
        result = np.zeros(self.groups)
        if len(values):
            result[self.filled] = np.add.reduceat(values, self.first[:-1][self.filled])
        return result

    @property
    def filled(self) -> Flags:
        """(groups,) True where a group has rows."""
        return np.diff(self.first) > 0

    def last_days(self) -> Ints:
        """(groups,) day of each group's last row; -1 without rows."""
        result = np.full(self.groups, -1, np.int64)
        result[self.filled] = self.days[self.first[1:][self.filled] - 1]
        return result

    def row_at(self, days: Ints) -> Ints:
        """(groups, days) last row at or before each day; before the group's first row: its - 1."""
        span = max(int(self.days.max(initial=0)), int(days.max(initial=0))) + 1
        keys = self.group * span + self.days
        wanted = np.arange(self.groups)[:, None] * span + days
        return np.searchsorted(keys, wanted, side="right") - 1

    def only(self, group: int) -> tuple[Timeline, slice]:
        """One group by itself, and where its rows lie."""
        rows = slice(int(self.first[group]), int(self.first[group + 1]))
        counts = tuple(count[rows] for count in self.counts)
        return Timeline(np.array([0, rows.stop - rows.start]), self.days[rows], counts), rows


def timeline(group: ArrayLike, days: ArrayLike, counts: Sequence[Ints], groups: int) -> Timeline:
    """Sort rows by group and day, and add up those of one group and day.

    Raises:
        EstimateError: a day or group is negative or not whole, or a group is not below ``groups``.
    """
    by, day = whole(group, "group"), whole(days, "days")
    if len(by) and int(by.max()) >= groups:
        raise EstimateError(f"group: {int(by.max())} is not below groups = {groups}; raise groups")
    same_length(group=by, days=day, counts=counts[0])
    keys = by * (int(day.max(initial=0)) + 1) + day
    if not np.all(keys[1:] > keys[:-1]):
        order = np.argsort(keys, kind="stable")
        keys, by, day = keys[order], by[order], day[order]
        starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
        by, day = by[starts], day[starts]
        counts = [np.add.reduceat(count[order], starts) for count in counts]
    first = np.searchsorted(by, np.arange(groups + 1))
    return Timeline(first, day, tuple(counts))


def at_risk(rows: Timeline, left: Ints, entered: Ints | None) -> Ints:
    """(rows,) cases seen and not yet gone at the start of each day, those who enter then included.

    Args:
        rows: the days.
        left: (rows,) cases that leave on each day, by an event or by censoring.
        entered: (rows,) cases first seen on each day; all from the start where None.

    Raises:
        EstimateError: more have left than have entered, or not everyone leaves.
    """
    gone = np.concatenate(([0], np.cumsum(left)))
    starts, ends = rows.first[:-1], rows.first[1:]
    lengths = np.diff(rows.first)
    if entered is None:
        return np.asarray(np.repeat(gone[ends], lengths) - gone[:-1], np.int64)
    come = np.concatenate(([0], np.cumsum(entered)))
    short = (come[ends] - come[starts]) != (gone[ends] - gone[starts])
    risk = (come[1:] - np.repeat(come[starts], lengths)) - (
        gone[:-1] - np.repeat(gone[starts], lengths)
    )
    if np.any(short) or np.any(risk < left):
        raise EstimateError(
            "entered: not the cases that leave (by an event or by censoring); count each case "
            "once in each, entering no later than it leaves"
        )
    return np.asarray(risk, np.int64)
