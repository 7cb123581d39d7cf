"""The published ledger as a record: whole, and as it was known at the end of a fiscal year.

Flows and stocks are those of the latest ledger that holds the year: nobody published yearly
vintages that could be put in their place. A count of judges is used from its own date on: where the
end of a year lies between two counts, a cut-off between them knows only the earlier one.
"""

from __future__ import annotations

from asylumatlas.backtest.record import BacktestError, Record
from asylumatlas.national import ledger

__all__ = ["CAVEATS", "FIRST", "LAST", "known_then", "record"]

FIRST, LAST = 2008, 2024
LAST_ACTIVE = 2020

CAVEATS = (
    "Receipts, completions and pending cases are as last revised (2021 for the active ledger to "
    "FY2020, 2025 for the one of all cases), not as first published; revisions of FY2008 to FY2020 "
    "between the two are below 0.4 % of the flows.",
    "Pending cases have two definitions: active cases (FY2008 to FY2020), and all, inactive ones "
    "included (FY2015, FY2017 to FY2024). A forecast is scored under one that holds both years.",
    "Judges at the ends of several years are read from a chart or lie between published counts; "
    "a cut-off uses only counts dated on or before it, carried forward.",
    "The ranges that a fit begins from (hearing lengths, shares, delays) are assumptions of today, "
    "not of the cut-off year; no number in them was chosen by a score.",
    "The simulated runs that tell what the twin gets wrong were drawn among settings that can do "
    "what the courts did to FY2020. Their years after a cut-off are not used.",
    "Told receipts and judges, past misses are those of forecasts told the counts of today.",
    "Cut-offs share most of their years: the forecasts are not independent, and the ranges of "
    "coverage, though made by resampling whole cut-offs, are still too narrow.",
)


def record() -> Record:
    """Return the whole ledger, FY2008 to FY2024, as it is known today.

    Example:
        >>> whole = record()
        >>> whole.definition(2015, 2020), whole.definition(2018, 2023), whole.definition(2016, 2021)
        ('active', 'all', None)
    """
    return Record.of({"active": ledger.history(None, "active"), "all": ledger.history(None, "all")})


def known_then(cutoff: int) -> Record:
    """Return the ledger to a cut-off; judges as they had been counted by then.

    Raises:
        BacktestError: the year is not in the ledger.
    """
    if not FIRST <= cutoff <= LAST:
        raise BacktestError(f"FY{cutoff}: the published ledger runs from FY{FIRST} to FY{LAST}")
    active = ledger.history(min(cutoff, LAST_ACTIVE), "active")
    return Record.of({"active": active, "all": ledger.history(cutoff, "all")})
