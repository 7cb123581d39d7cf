"""What the judges' productivity must have been: the twin run through the published years."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.national.columns import OUTPUTS, STATIC
from asylumatlas.national.errors import LacksData, NationalError
from asylumatlas.national.ledger import Ledger
from asylumatlas.national.values import (
    WORKING_DAYS,
    detained_ratio,
    parts,
    ring_sizes,
    stock_age,
)

__all__ = ["Solution", "solve"]

Floats = NDArray[np.float64]
_EXACT = 1e-6  # of a year's completions


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """The past years of every draw, with completions as published.

    Attributes:
        years: Fiscal years (Y,).
        productivity: Ratio of judge time found (draws, Y); nan where the twin's work runs out
            before it has completed what was completed.
        columns: Output by name (draws, Y): sums of the year, or the stock at its end.
        misfit: Completions over those published, less one (draws, Y); 0 up to rounding where the
            twin can do what the courts did, below 0 where its work runs out.
        statics: Static parameters as the kernel takes them (draws, 21).
        held: Pending cases, those in custody, and their moment at the end (draws, 3).
        line: Lines at the end (draws, 1, 4, 3).
        ring: Delays at the end (draws, 1, 4, size, 2).
    """

    years: NDArray[np.int64]
    productivity: Floats
    columns: Mapping[str, Floats]
    misfit: Floats
    statics: Floats
    held: Floats
    line: Floats
    ring: Floats

    @property
    def solved(self) -> NDArray[np.bool_]:
        """Draws and years in which the twin completes what was completed (draws, Y)."""
        found: NDArray[np.bool_] = np.abs(self.misfit) < _EXACT
        return found

    def take(self, draws: NDArray[np.int64]) -> "Solution":
        """Return the same for chosen draws, by place (chosen,)."""
        return Solution(
            self.years,
            self.productivity[draws],
            {name: found[draws] for name, found in self.columns.items()},
            self.misfit[draws],
            self.statics[draws],
            self.held[draws],
            self.line[draws],
            self.ring[draws],
        )

    def share(self, above: str, below: str) -> Floats:
        """Return the ratio of two outputs by year (draws, Y); nan where the lower one is zero.

        Raises:
            NationalError: If there is no such output.
        """
        for name in (above, below):
            if name not in self.columns:
                raise NationalError(f'unknown output "{name}".{did_you_mean(name, self.columns)}')
        over, under = self.columns[above], self.columns[below]
        return np.divide(over, under, out=np.full_like(over, np.nan), where=under > 0.0)


def solve(
    statics: Mapping[str, Any],
    past: Ledger,
    *,
    first: int | None = None,
    working_days: float = WORKING_DAYS,
) -> Solution:
    """Find the productivity of every past year at which the twin completes the published number.

    The stock then follows the published working stock by itself, because the residual of the ledger
    flows in and out by name.

    Args:
        statics: Every name of ``columns.STATIC``: a number or (draws,); perhaps
            ``stock_age_days`` too, else `values.stock_age`. The detained share is that of the first
            year and follows ``national.detained_share`` from there.
        past: The years to go through; receipts, completions, judges and residual must be known.
        first: First year; the first whose opening stock is known by default.
        working_days: Court days in a year.

    Raises:
        LacksData: If a year lacks a figure.
        NationalError: If a name is missing or unknown, or a value is out of range.

    Example:
        >>> from asylumatlas.national import flow, ledger
        >>> past = ledger.history(2014)
        >>> found = solve({n: flow.central(2012, 1)[n] for n in STATIC}, past, first=2012)
        >>> found.solved.tolist()
        [[True, True, True]]
    """
    from asylumatlas.national import kernel

    rows = _rows(past, first)
    draws = _draws(statics)
    year = int(past.years[rows][0])
    stock = {"pending": past.working_start[rows][0], "stock_age_days": stock_age(year)}
    values, stocks = parts({**stock, **statics}, draws)
    drivers, days, targets = _past(past, rows, working_days)
    size, near = ring_sizes(values)
    years = past.years[rows]
    productivity, held = np.empty((draws, len(years))), np.empty((draws, 3))
    out = np.empty((draws, len(years), len(OUTPUTS)))
    line, ring = np.empty((draws, 1, 4, 3)), np.empty((draws, 1, 4, size, 2))
    kernel.solve(values, stocks, drivers, days, targets, near, productivity, out, held, line, ring)
    columns = {name: out[:, :, column] for column, name in enumerate(OUTPUTS)}
    misfit = columns["completions"] / targets - 1.0
    productivity[np.abs(misfit) >= _EXACT] = np.nan
    return Solution(years, productivity, columns, misfit, values, held, line, ring)


def _rows(past: Ledger, first: int | None) -> slice:
    known = np.flatnonzero(np.isfinite(past.working_start))
    if not known.size:
        raise LacksData("working_start: the ledger holds no opening stock.")
    start = int(known[0]) if first is None else past.at(first)
    rows = slice(start, None)
    for name in ("receipts", "completions", "judges", "residual"):
        missing = past.years[rows][~np.isfinite(getattr(past, name)[rows])]
        if missing.size:
            raise LacksData(f"{name}: the ledger holds none for FY{missing[0]}.")
    if not np.isfinite(past.working_start[start]):
        raise LacksData(f"FY{past.years[start]}: the ledger holds no opening stock.")
    return rows


def _draws(statics: Mapping[str, Any]) -> int:
    known = (*STATIC, "stock_age_days")
    for name in statics:
        if name not in known:
            raise NationalError(f'unknown value "{name}".{did_you_mean(name, known)}')
    for name in STATIC:
        if name not in statics:
            raise NationalError(f"{name}: missing; flow.central(start, years) holds all values.")
    counts = {np.shape(value)[0] if np.shape(value) else 1 for value in statics.values()} | {1}
    if len(counts) > 2:
        raise NationalError(f"statics: {sorted(counts)} draws in one call; give one number.")
    return max(counts)


def _past(past: Ledger, rows: slice, working_days: float) -> tuple[Floats, Floats, Floats]:
    """Drivers of a month (Y, 5), its judge-days (Y,) and the year's completions (Y,)."""
    receipts, away = past.receipts[rows], past.administratively_closed[rows]
    years = past.years[rows]
    ratio = detained_ratio(int(years[0]), len(years))
    flows = [receipts / 12.0, past.reopened[rows] / 12.0, away / 12.0, 0.0 * receipts, ratio]
    drivers = np.ascontiguousarray(np.stack(flows, axis=1))
    days = past.judges[rows] * (working_days / 12.0)
    return drivers, np.ascontiguousarray(days), np.ascontiguousarray(past.completions[rows])
