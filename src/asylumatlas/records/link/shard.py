"""One shard in memory: its cases, its rows by table, and the events that they become."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import process
from asylumatlas.records.link.reading import NO_DAY, NO_WORD

Array = NDArray[Any]

ORDER = (
    ("custody_started",),
    ("charging_document", "judge_review_requested"),
    ("motion_filed",),
    ("motion_decided",),
    ("case_reopened", "case_recalendared"),
    ("representation_entered",),
    ("asylum_application_filed",),
    ("bond_hearing",),
    ("hearing_postponed",),
    ("master_hearing",),
    ("individual_hearing",),
    ("venue_changed",),
    ("court_decision", "judge_review"),
    ("appeal_filed",),
    ("appeal_decided",),
    ("removal_ordered",),
    ("circuit_petition_filed",),
    ("custody_ended",),
)
"""Events of one case on one day come in this order, then by the key of their row."""

RANKS = {event: rank for rank, events in enumerate(ORDER) for event in events}

NO_DATE = "no date"
LATER = "after the day of the release"
ORPHAN = "the case is not in the release"
REPEATED = "an earlier row has the same key"
SAME_DAY = "another row says the same of that day"

_DAY_BITS, _RANK_BITS = 20, 5
_FIRST_DAY = -300_000


def day_key(at: Array, day: Array) -> Array:
    """Return one int64 for each (case, day), rising with both.

    Example:
        >>> day_key(np.array([0, 1]), np.array([9, 0])).tolist()
        [300009, 1348576]
    """
    days = np.clip(day, _FIRST_DAY, _FIRST_DAY + (1 << _DAY_BITS) - 1).astype(np.int64)
    return (at.astype(np.int64) << _DAY_BITS) + (days - _FIRST_DAY)


def row_key(at: Array, key: Array) -> Array:
    """Return one int64 for each (case, key of a row), rising with both."""
    return (at.astype(np.int64) << 32) + key.astype(np.int64)


def first_of_each(keys: Array) -> Array:
    """Return where a key comes for the first time, shape as ``keys``.

    Example:
        >>> first_of_each(np.array([4, 7, 4])).tolist()
        [True, True, False]
    """
    first = np.zeros(len(keys), np.bool_)
    first[np.unique(keys, return_index=True)[1]] = True
    return first


def is_in(keys: Array, known: Array) -> Array:
    """Return which keys are among the known ones, which must rise."""
    if not len(known):
        return np.zeros(len(keys), np.bool_)
    met: Array = known[np.minimum(np.searchsorted(known, keys), len(known) - 1)] == keys
    return met


@dataclass
class Tally:
    """What was counted on the way.

    Attributes:
        unused: rows of a table that became nothing, by (table, reason).
        left_out: events that were not written, by (event, reason).
        found: anything else, by name.
        examples: a few case numbers for some of the names.
    """

    unused: Counter[tuple[str, str]] = field(default_factory=Counter)
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[int]] = field(default_factory=dict)

    def note(self, name: str, cases: Array, count: int | None = None) -> None:
        """Count cases (or ``count`` other things) and keep the first five case numbers."""
        self.found[name] += len(cases) if count is None else count
        kept = self.examples.setdefault(name, [])
        kept += [int(case) for case in cases[: max(0, 5 - len(kept))]]

    def add(self, other: Tally) -> None:
        """Add what another shard counted; call in the order of the shards."""
        self.unused.update(other.unused)
        self.left_out.update(other.left_out)
        self.found.update(other.found)
        for name, cases in other.examples.items():
            kept = self.examples.setdefault(name, [])
            kept += cases[: max(0, 5 - len(kept))]


@dataclass(frozen=True)
class Table:
    """A shard's rows of one table that belong to a case, by case and key, each key once.

    Attributes:
        at: position of the row's case in the shard, rising.
        rows: the rows.
    """

    at: Array
    rows: Array

    def __getitem__(self, name: str) -> Array:
        return np.ascontiguousarray(self.rows[name])

    def __len__(self) -> int:
        return len(self.at)

    def where(self, mask: Array) -> Table:
        """Return some of the rows."""
        return Table(self.at[mask], self.rows[mask])


def placed(table: str, rows: Array, cases: Array, tally: Tally) -> Table:
    """Give each row the position of its case, and leave out orphans and repeated keys."""
    at = np.searchsorted(cases, rows["case"])
    met = (
        np.zeros(len(rows), np.bool_)
        if not len(cases)
        else (cases[np.minimum(at, len(cases) - 1)] == rows["case"])
    )
    family = table == "tbl_Lead_Rider"  # a row is here twice, for its lead and for its rider
    if family:
        tally.found["leads and riders that are not in the release"] += int((~met).sum())
    else:
        tally.unused[table, ORPHAN] += int((~met).sum())
    key = rows["key"] if "key" in (rows.dtype.names or ()) else np.zeros(len(rows), np.int32)
    keys = row_key(at, key)
    order = np.argsort(keys, kind="stable")
    order = order[met[order]]
    keys = keys[order]
    again = np.zeros(len(order), np.bool_)
    again[1:] = keys[1:] == keys[:-1]
    again &= not family
    tally.unused[table, REPEATED] += int(again.sum())
    order = order[~again]
    return Table(at[order].astype(np.int32), rows[order])


class Chronicle:
    """Collects the events of a shard.

    Args:
        last: the day of the release, in days since 1970-01-01.
        tally: where events that are left out are counted.
    """

    FIELDS: Mapping[str, tuple[type, int]] = {
        "outcome": (np.int16, -1),
        "place": (np.int32, NO_WORD),
        "resource": (np.int32, NO_WORD),
        "time": (np.int16, -1),
        "detail": (np.int32, NO_WORD),
    }

    def __init__(self, last: int, tally: Tally) -> None:
        self.last = last
        self.tally = tally
        self._blocks: list[tuple[Array, dict[str, Array]]] = []

    def add(self, event: str, at: Array, day: Array, **columns: Array | int) -> Array:
        """Add one event for each row whose day is known and not after the release.

        Args:
            event: its name.
            at: position of the case; rows of one case on one day in the order of their keys.
            day: days since 1970-01-01, `NO_DAY` for none.
            columns: outcome, place, resource, time and detail: codes, an array or one for all.

        Returns:
            Which rows became an event, shape as ``day``.
        """
        blank, later = day == NO_DAY, day > self.last
        self.tally.left_out[event, NO_DATE] += int(blank.sum())
        self.tally.left_out[event, LATER] += int(later.sum())
        kept = ~(blank | later)
        sort = (day_key(at[kept], day[kept]) << _RANK_BITS) + RANKS[event]
        count = len(sort)
        block: dict[str, Array] = {
            "event": np.full(count, process.event_codes().index(event), np.int16)
        }
        for name, (kind, blank_code) in self.FIELDS.items():
            given = columns.get(name, blank_code)
            block[name] = (
                given[kept].astype(kind, copy=False)
                if isinstance(given, np.ndarray)
                else np.full(count, given, kind)
            )
        self._blocks.append((sort, block))
        return kept

    def sorted(self) -> dict[str, Array]:
        """Return all events in order: at (position of the case), date, seq and the columns."""
        sort = np.concatenate([key for key, _ in self._blocks])
        order = np.argsort(sort, kind="stable")
        sort = sort[order]
        at = (sort >> (_DAY_BITS + _RANK_BITS)).astype(np.int32)
        day = ((sort >> _RANK_BITS) & ((1 << _DAY_BITS) - 1)) + _FIRST_DAY
        starts = np.flatnonzero(np.concatenate([[True], at[1:] != at[:-1]])) if len(at) else at
        lengths = np.diff(np.append(starts, len(at)))
        result = {
            "at": at,
            "date": day.astype(np.int32),
            "seq": (np.arange(len(at)) - np.repeat(starts, lengths)).astype(np.int32),
        }
        for name in ("event", *self.FIELDS):
            result[name] = np.concatenate([block[name] for _, block in self._blocks])[order]
        return result
