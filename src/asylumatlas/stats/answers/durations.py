"""How long it took, with those who still wait: never the mean of the finished."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.stats.answers.asked import Asked, Row
from asylumatlas.stats.answers.grid import Grid
from asylumatlas.stats.answers.shares import middle
from asylumatlas.stats.answers.worlds import EACH, LEVELS, figures, parameter_share, real
from asylumatlas.stats.counts import EVENT, Counts
from asylumatlas.stats.estimate.bands import quantiles
from asylumatlas.stats.estimate.incidence import Incidences, aalen_johansen
from asylumatlas.stats.estimate.survival import Survivals, kaplan_meier_by_group

Numbers = NDArray[np.float64]
Ints = NDArray[np.int64]

WITHIN = (90, 180, 365, 730, 1095)
"""Days within which a share has ended, as columns ``within_90`` and on."""

QUARTERS = {"p25": 0.25, "value": 0.5, "p75": 0.75, "p90": 0.9}
CURVE_POINTS = 80
MOST_CURVES = 30
OPEN: Any = None  # how a span ended that has not
LEVEL_PARTS = (0.025, 0.975, 0.1, 0.9)  # of the worlds, in the order of LEVELS


@dataclass(frozen=True)
class Ends:
    """Counts of spells by cell and day.

    Attributes:
        grid: which cells.
        days: (n,) length in days.
        event: (n,) ended by the event of interest.
        other: (n,) ended otherwise.
        open: (n,) not ended yet.
    """

    grid: Grid
    days: Ints
    event: Ints
    other: Ints
    open: Ints

    @property
    def competing(self) -> NDArray[np.bool_]:
        """(G, R) whether spells of a cell ended otherwise: a matter of the cell's own."""
        found: NDArray[np.bool_] = self.grid.summed(self.other) > 0
        return found


def durations(asked: Asked, counts: Counts) -> Iterator[Row]:
    """Yield the median time and its quarters, and the share ended within some numbers of days."""
    ends = tally(asked, counts)
    grid = ends.grid
    if not grid.cells:
        return
    found = times(ends)
    sizes = {
        name: grid.summed(amounts)
        for name, amounts in (
            ("started", ends.event + ends.other + ends.open),
            ("ended", ends.event),
            ("ended_otherwise", ends.other),
            ("open", ends.open),
        )
    }
    for k, group in enumerate(grid.groups):
        counted = {name: middle(amounts[k]) for name, amounts in sizes.items()}
        if asked.worlds.many:
            row = _bands(asked, found, k)
        else:
            row = {name: real(values[k, 0]) for name, values in found.items()}
            row |= {"low95": None, "high95": None} if asked.worlds.pooled else {}
        yield asked.labels(group) | counted | row | {"flag": asked.flag(group, counted["started"])}


def tally(asked: Asked, counts: Counts) -> Ends:
    """Sort the ends into the event of interest, other ends, and none yet."""
    how = counts["ended"]
    number = counts["n"].astype(np.int64)
    is_open = np.equal(how, OPEN)
    is_event = np.equal(how, EVENT)
    return Ends(
        asked.grid(counts),
        counts["days"].astype(np.int64),
        np.where(is_event, number, 0),
        np.where(is_open | is_event, 0, number),
        np.where(is_open, number, 0),
    )


def times(ends: Ends) -> dict[str, Numbers]:
    """(G, R) of every column of the answer; nan where the data do not tell."""
    competing = ends.competing
    if competing.all():
        return _times_of_incidence(ends)
    found = _times_of_survival(ends)
    if not competing.any():
        return found
    other = _times_of_incidence(ends)
    return {name: np.where(competing, other[name], found[name]) for name in found}


def _times_of_survival(ends: Ends) -> dict[str, Numbers]:
    curves, grid = survivals(ends), ends.grid
    found = {}
    for name, p in QUARTERS.items():
        value, low, high = curves.quantile(p)
        found[name] = grid.shaped(value)
        if name == "value":
            found |= {"low95": grid.shaped(low), "high95": grid.shaped(high)}
    ended = 1 - curves.at(WITHIN).value
    return found | {f"within_{n}": grid.shaped(ended[:, k]) for k, n in enumerate(WITHIN)}


def survivals(ends: Ends) -> Survivals:
    """Kaplan-Meier by cell."""
    grid = ends.grid
    return kaplan_meier_by_group(
        grid.cell, ends.days, ends.event, ends.open + ends.other, grid.cells
    )


def incidences(ends: Ends) -> Incidences:
    """Aalen-Johansen by cell: the event of interest first, other ends second."""
    return aalen_johansen(
        ends.days,
        np.stack([ends.event, ends.other], axis=1),
        ends.open,
        group=ends.grid.cell,
        groups=ends.grid.cells,
    )


def _times_of_incidence(ends: Ends) -> dict[str, Numbers]:
    curves, grid = incidences(ends), ends.grid
    found = {
        name: grid.shaped(_first_day(curves, curves.incidence, p)) for name, p in QUARTERS.items()
    }
    # the interval of the day holds the days on which the interval of the share holds one half
    found["low95"] = grid.shaped(_first_day(curves, curves.high, 0.5))
    found["high95"] = grid.shaped(_first_day(curves, curves.low, 0.5))
    ended = curves.at(WITHIN).value[:, :, 0]
    return found | {f"within_{n}": grid.shaped(ended[:, k]) for k, n in enumerate(WITHIN)}


def _first_day(curves: Incidences, shares: Numbers, p: float) -> Numbers:
    """(cells,) first day on which the event's share is p or more; nan if that is not reached."""
    first = curves.rows.first
    where = np.append(np.flatnonzero(shares[:, 0] >= p - 1e-10), len(shares))
    found = where[np.searchsorted(where, first[:-1])]
    return np.where(found < first[1:], np.append(curves.days, 0)[found], np.nan)


def _bands(asked: Asked, found: dict[str, Numbers], group: int) -> Row:
    """Bands over worlds. A time that is not reached counts as later than all that are."""
    row: Row = {}
    for name, values in found.items():
        if name not in LEVELS:
            row[name] = real(quantiles(_late(values[group]), [0.5])[0])
    own = _late(found["value"][group])
    parts = dict(zip(LEVELS, quantiles(own, LEVEL_PARTS), strict=True))
    row |= {name: real(value) for name, value in parts.items()}
    finite = np.isfinite(own)
    share = parameter_share(own, asked.worlds.draws) if finite.all() else None
    each = np.where(finite, own, np.nan)
    return row | {"worlds": int(finite.sum()), "parameter_share": share, EACH: each}


def _late(values: Numbers) -> Numbers:
    return np.where(np.isnan(values), np.inf, values)


def curves(asked: Asked, counts: Counts) -> Iterator[Row]:
    """Yield points of the curve of each group: the share ended after n days, with its interval.

    Nothing where there are more groups than a chart can hold curves.
    """
    ends = tally(asked, counts)
    grid = ends.grid
    if not grid.cells or not len(ends.days) or len(grid.groups) > MOST_CURVES:
        return
    most = int(ends.days.max())
    days = np.unique(np.linspace(0, most, CURVE_POINTS).astype(np.int64))
    value, low, high = _ended(ends, days)
    for k, group in enumerate(grid.groups):
        for t, day in enumerate(days):
            middles = [_middle(grid.shaped(v)[k, :, t], asked) for v in (value, low, high)]
            if middles[0] is not None:
                names = ("value", "low95", "high95")
                row = dict(zip(names, middles, strict=True))
                if asked.worlds.many:
                    own = grid.shaped(value)[k, :, t]
                    if np.isnan(own).any():
                        break  # worlds whose curve has ended would leave the others behind
                    row |= {name: figures(own, asked.worlds)[name] for name in names}
                elif asked.worlds.pooled:
                    row |= {"low95": None, "high95": None}
                yield asked.labels(group) | {"days": int(day)} | row


def _ended(ends: Ends, days: Ints) -> tuple[Numbers, Numbers, Numbers]:
    """(cells, days) share ended by the event, with its interval."""
    competing = ends.competing.reshape(-1, 1)
    if competing.all():
        return _ended_first(ends, days)
    still = survivals(ends).at(days)
    alone = (1 - still.value, 1 - still.high, 1 - still.low)
    if not competing.any():
        return alone
    value, low, high = (
        np.where(competing, one, other)
        for one, other in zip(_ended_first(ends, days), alone, strict=True)
    )
    return value, low, high


def _ended_first(ends: Ends, days: Ints) -> tuple[Numbers, Numbers, Numbers]:
    found = incidences(ends).at(days)
    return found.value[:, :, 0], found.low[:, :, 0], found.high[:, :, 0]


def _middle(values: Numbers, asked: Asked) -> Any:
    if asked.worlds.many:
        return None if np.isnan(values).all() else real(np.nanmedian(values))
    return real(values[0])
