"""The published ledger of the immigration courts, year by year, and what was known when.

Two definitions of pending cases stand side by side and are never mixed in one line. ``active``:
the ledger generated on 2021-04-19, FY2008 to FY2020, without administratively closed cases.
``all``: the ledger generated on 2025-07-31, FY2015 and FY2017 to FY2024, with them. Receipts and
completions of both agree to 0.4 % where they overlap.

Both are later vintages: what was printed in its own year differs (`vintages` lists by how much),
and a backtest on them is a backtest on revised data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from asylumatlas import evidence
from asylumatlas.national.bench import judges
from asylumatlas.national.errors import LacksData, NationalError

__all__ = ["DEFINITIONS", "Definition", "Ledger", "Vintage", "history", "vintages", "window"]

Floats = NDArray[np.float64]
Definition = Literal["active", "all"]
DEFINITIONS: tuple[Definition, ...] = ("active", "all")

_ACTIVE, _ALL, _TRAC = "S01", "S02", "TRAC225"
_FIRST = 2008
_LAST = 2024
_SAME = {"completions": "total_completions", "new_case_receipts": "initial_receipts"}  # GAO's words
_MEASURES = ("pending_year_end", "initial_receipts", "total_completions", "motions_to_reopen")


@dataclass(frozen=True, eq=False)
class Ledger:
    """Stocks and flows by fiscal year; nan where none is published. Plain: make one by hand.

    Attributes:
        definition: Which cases ``pending_start`` and ``pending_end`` count.
        years: Fiscal years, one after the other (Y,).
        pending_start: Pending on 1 October before the year (Y,), cases.
        receipts: Initial receipts of the year (Y,), cases.
        completions: Initial and subsequent completions of the year (Y,), cases.
        pending_end: Pending on 30 September (Y,), cases.
        judges: Mean over the year: half the sum of both ends (Y,), judges.
        judges_end: On 30 September (Y,), judges.
        working_start: Cases on the dockets on 1 October before the year (Y,): ``active`` as long as
            that ledger runs, after its end moved on by the changes of ``all``.
        working: The same on 30 September (Y,).
        reopened: Inflow of the named residual (Y,), cases.
        administratively_closed: Its outflow (Y,), cases.
        sources: Identifiers in ``evidence`` by attribute.
    """

    definition: str
    years: NDArray[np.int64]
    pending_start: Floats
    receipts: Floats
    completions: Floats
    pending_end: Floats
    judges: Floats
    judges_end: Floats
    working_start: Floats
    working: Floats
    reopened: Floats
    administratively_closed: Floats
    sources: Mapping[str, tuple[str, ...]]

    @property
    def residual(self) -> Floats:
        """Change of the working stock less receipts plus completions (Y,), cases."""
        return self.reopened - self.administratively_closed

    @property
    def inactive(self) -> Floats:
        """Cases that ``pending_end`` counts and no docket holds, at the end of the year (Y,)."""
        return self.pending_end - self.working

    @property
    def last(self) -> int:
        """Last fiscal year."""
        return int(self.years[-1])

    def at(self, year: int) -> int:
        """Return the place of a fiscal year.

        Raises:
            LacksData: If the ledger does not hold the year.
        """
        if not int(self.years[0]) <= year <= self.last:
            raise LacksData(f"FY{year}: the ledger holds FY{self.years[0]} to FY{self.last}.")
        return year - int(self.years[0])

    def cut(self, until: int) -> "Ledger":
        """Return the rows up to a fiscal year, as they stand: `history` also forgets later counts.

        Raises:
            LacksData: If the ledger does not hold the year.
        """
        stop = self.at(until) + 1
        arrays = {
            each.name: getattr(self, each.name)[:stop]
            for each in fields(self)
            if isinstance(getattr(self, each.name), np.ndarray)
        }
        return replace(self, **arrays)


@dataclass(frozen=True, slots=True)
class Vintage:
    """One figure that two publications give differently.

    Attributes:
        measure: What is counted.
        year: Fiscal year.
        value: The figure of the ledger in use, in cases.
        source: Its source.
        other: The other figure, in cases.
        other_source: Its source.
        note: What the other publisher adds.
    """

    measure: str
    year: int
    value: float
    source: str
    other: float
    other_source: str
    note: str


def history(until: int | None = None, definition: Definition = "active") -> Ledger:
    """Return the ledger from FY2008 to a fiscal year.

    Nothing dated after that year is used: judges are read from counts up to its end, and the
    assumed part of the residual from motions up to it.

    Args:
        until: Last fiscal year; ``None`` for the last year of the definition.
        definition: ``"active"`` (FY2008 to FY2020) or ``"all"`` (FY2008 to FY2024; pending from
            FY2015).

    Raises:
        LacksData: If the definition ends before ``until``, or no year is left.
        NationalError: If the definition is unknown.

    Example:
        >>> ledger = history(2018)
        >>> int(ledger.pending_end[-1]), int(ledger.residual[-1])
        (796513, 19435)
    """
    if definition not in DEFINITIONS:
        raise NationalError(f'definition: "{definition}" is not "active" or "all".')
    end = 2020 if definition == "active" else _LAST
    last = end if until is None else until
    if not _FIRST <= last <= end:
        raise LacksData(f'FY{last}: the ledger "{definition}" holds FY{_FIRST} to FY{end}.')
    years = np.arange(_FIRST, last + 1)
    table = _table()
    working, stock_sources = _working(table, years)
    receipts = _linked(table, "initial_receipts", years)
    completions = _linked(table, "total_completions", years)
    before = np.concatenate([[_pending_before()], working[:-1]])
    residual = working - before - receipts + completions
    reopened = np.maximum(residual, _least_reopened(table, years, residual))
    pending = working if definition == "active" else _row(table, _ALL, "pending_year_end", years)
    first = before[0] if definition == "active" else np.nan
    ends, _ = judges(_FIRST, until)
    ends = ends[: len(years) + 1]
    return Ledger(
        definition=definition,
        years=years,
        pending_start=np.concatenate([[first], pending[:-1]]),
        receipts=receipts,
        completions=completions,
        pending_end=pending,
        judges=(ends[1:] + ends[:-1]) / 2.0,
        judges_end=ends[1:],
        working_start=before,
        working=working,
        reopened=reopened,
        administratively_closed=reopened - residual,
        sources=_sources(definition, last, stock_sources),
    )


def window(cutoff: int, last: int) -> Ledger:
    """Return the ledger in the definition that counts pending cases at both ends of a forecast.

    ``active`` where both are held, else ``all``. The rows run from FY2008 to ``last`` and hold the
    truth as it is known now; a fit may see ``history(cutoff, ledger.definition)`` only.

    Raises:
        LacksData: If no definition holds pending cases at the ends of both years.

    Example:
        >>> window(2015, 2020).definition, window(2018, 2023).definition
        ('active', 'all')
    """
    for definition in DEFINITIONS:
        try:
            found = history(None, definition).cut(last)
            held = found.pending_end[[found.at(cutoff), found.at(last)]]
        except LacksData:
            continue
        if np.all(np.isfinite(held)):
            return found
    raise LacksData(
        f"FY{cutoff} to FY{last}: no published ledger counts pending cases at both ends"
        f" (active FY2008-FY2020, all FY2015 and FY2017-FY{_LAST})."
    )


def vintages() -> tuple[Vintage, ...]:
    """Return every national figure that another publication gives differently, by year.

    Example:
        >>> [v.other for v in vintages() if v.year == 2019 and v.measure == "pending_year_end"]
        [1331286.0, 987274.0]
    """
    table = _table()
    found = []
    for row in evidence.series("court_national").rows:
        word, year, source = str(row["measure"]), _year(row), str(row["source"])
        measure, value = _SAME.get(word, word), _number(row)
        used = table.get((_ACTIVE, measure, year))
        if source != _ACTIVE and used is not None and year and value != used:
            note = str(row["note"] or "")
            found.append(Vintage(measure, year, used, _ACTIVE, value, source, note))
    return tuple(sorted(found, key=lambda each: (each.year, each.measure, each.other_source)))


def _table() -> dict[tuple[str, str, int], float]:
    """Whole fiscal years of both ledgers by (source, measure, year)."""
    found: dict[tuple[str, str, int], float] = {}
    for row in evidence.series("court_national").rows:
        if row["source"] in (_ACTIVE, _ALL) and row["measure"] in _MEASURES:
            found[str(row["source"]), str(row["measure"]), _year(row)] = _number(row)
    return found


def _number(row: Mapping[str, Any]) -> float:
    return float(row["value"])


def _year(row: Mapping[str, Any]) -> int:
    """Fiscal year of a row that spans one whole, or 0."""
    start, end = row["start"], row["end"]
    whole = start and end and (start.month, start.day, end.month, end.day) == (10, 1, 9, 30)
    return int(end.year) if whole and end.year == start.year + 1 else 0


def _row(
    table: Mapping[tuple[str, str, int], float], source: str, measure: str, years: Any
) -> Floats:
    return np.array([table.get((source, measure, int(year)), np.nan) for year in years])


def _linked(table: Mapping[tuple[str, str, int], float], measure: str, years: Any) -> Floats:
    """Flows of the first ledger, and of the second where the first has ended."""
    first, second = _row(table, _ACTIVE, measure, years), _row(table, _ALL, measure, years)
    return np.where(np.isnan(first), second, first)


def _working(
    table: Mapping[tuple[str, str, int], float], years: NDArray[np.int64]
) -> tuple[Floats, tuple[str, ...]]:
    """Active cases at year ends: the first ledger, then moved on by the changes of the second."""
    active = _row(table, _ACTIVE, "pending_year_end", years)
    every = _row(table, _ALL, "pending_year_end", years)
    base = np.flatnonzero(~np.isnan(active))[-1]
    moved = active[base] + every - every[base]
    late = np.arange(len(years)) > base
    return np.where(late, moved, active), (_ACTIVE, _ALL) if late.any() else (_ACTIVE,)


def _pending_before() -> float:
    """TRAC's count at the end of FY2007; its FY2008 and FY2009 lie within 0.1 % of the ledger."""
    for row in evidence.series("court_pending_time").rows:
        if row["measure"] == "pending" and _year(row) == _FIRST - 1:
            return _number(row)
    return float("nan")


def _least_reopened(
    table: Mapping[tuple[str, str, int], float], years: NDArray[np.int64], residual: Floats
) -> Floats:
    """Cases reopened at least: motions to reopen, of the nearest published year, else as before.

    Before any are published, the mean of the positive residuals so far stands in for them.
    """
    motions = _row(table, _ALL, "motions_to_reopen", years)
    known = np.flatnonzero(~np.isnan(motions))
    if known.size:
        return np.interp(np.arange(len(years)), known, motions[known])
    positive = residual[residual > 0.0]
    return np.full(len(years), positive.mean() if positive.size else 0.0)


def _sources(definition: str, last: int, stock: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    flows = (_ACTIVE, _ALL) if last > 2020 else (_ACTIVE,)
    motions = (_ALL,) if last >= 2015 else ()
    bench = evidence.series("immigration_judges_year_end").sources
    pending = stock if definition == "active" else (_ACTIVE, _ALL)
    residual = tuple(sorted({*flows, *motions}))
    return {
        "pending_start": tuple(sorted({*pending, _TRAC})),
        "pending_end": pending,
        "receipts": flows,
        "completions": flows,
        "judges": bench,
        "judges_end": bench,
        "working_start": tuple(sorted({*flows, _TRAC})),
        "working": flows,
        "reopened": residual,
        "administratively_closed": residual,
    }
