"""Counts laid out by group and replication, so that an estimator runs over all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.stats import periods
from asylumatlas.stats.counts import Counts

Group = tuple[Any, ...]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Grid:
    """Where each row of some counts belongs.

    Attributes:
        groups: (G,) values of the question's keys, sorted, not known (None) last.
        replications: (R,) numbers of the worlds, rising.
        group: (n,) place of each row's group.
        replication: (n,) place of each row's replication.
    """

    groups: tuple[Group, ...]
    replications: tuple[int, ...]
    group: Ints
    replication: Ints

    @property
    def cell(self) -> Ints:
        """(n,) place of each row in a flat (G x R) layout."""
        return self.group * len(self.replications) + self.replication

    @property
    def cells(self) -> int:
        """Number of cells, G x R."""
        return len(self.groups) * len(self.replications)

    def summed(self, amounts: NDArray[Any]) -> NDArray[Any]:
        """(G, R) sums of one amount a row; 0 where there is no row."""
        total = np.zeros(self.cells, amounts.dtype)
        np.add.at(total, self.cell, amounts)
        return total.reshape(len(self.groups), len(self.replications))

    def shaped(self, flat: NDArray[Any]) -> NDArray[Any]:
        """(G, R, ...) view of values by cell."""
        return flat.reshape(len(self.groups), len(self.replications), *flat.shape[1:])


def lay_out(
    counts: Counts, names: Sequence[str], replications: Sequence[int], alone: Sequence[Group] = ()
) -> Grid:
    """Lay counts out by some of their keys and the replication.

    Args:
        counts: with those keys.
        names: of the keys; none for the answer as a whole.
        replications: all worlds there are: one without a row has zeros.
        alone: groups to have even without a row.
    """
    place, found = counts.groups(names)
    more = [group for group in alone if group not in set(found)]
    everything = [*found, *more]
    order = sorted(range(len(everything)), key=lambda k: sort_key(everything[k]))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    world = np.zeros(len(place), np.int64)
    if "replication" in counts.keys:
        world = np.searchsorted(np.asarray(replications, np.int64), counts["replication"])
    return Grid(
        tuple(everything[k] for k in order),
        tuple(replications),
        rank[place] if len(place) else np.zeros(0, np.int64),
        world,
    )


def sort_key(group: Group) -> tuple[Any, ...]:
    """Return what groups are sorted by: numbers as numbers, words as words, not known last.

    Example:
        >>> sorted([("b",), (None,), ("a",)], key=sort_key)
        [('a',), ('b',), (None,)]
    """
    return tuple(
        (2, "") if value is None else (1, value) if isinstance(value, str) else (0, value)
        for value in group
    )


def labelled(by: Sequence[str], group: Group) -> dict[str, Any]:
    """Return a group as cells of a row: periods by their labels.

    Example:
        >>> labelled(["fiscal_year", "kind"], (2016, None))
        {'fiscal_year': 'FY2016', 'kind': None}
    """
    return {
        key: periods.Period(key, int(value)).label
        if key in periods.UNITS and value is not None
        else value
        for key, value in zip(by, group, strict=True)
    }
