"""What a forecast may know: the published yearly ledger up to a cut-off, and what it is given."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from asylumatlas.national.ledger import Ledger

__all__ = ["DEFINITIONS", "BacktestError", "Given", "Record", "fiscal_year", "span"]

Floats = NDArray[np.float64]
MOST_SPANNED = 100  # years; more is a slip of the pen
DEFINITIONS = ("active", "all")  # in this order where a target is held by both


class BacktestError(ValueError):
    """A backtest that cannot be made as asked; one line with the remedy."""


@dataclass(frozen=True)
class Given:
    """What a forecast of the variant "given" is told of the years to come, and nothing else.

    Attributes:
        receipts: (H,) cases received in each fiscal year after the cut-off.
        judges: (H,) judges, mean over each of these years.
    """

    receipts: Floats
    judges: Floats

    def first(self, horizon: int) -> Given:
        """The same for the first `horizon` years."""
        return Given(self.receipts[:horizon], self.judges[:horizon])


@dataclass(frozen=True)
class Record:
    """The national ledger by fiscal year; NaN where a year is not published.

    Attributes:
        years: (Y,) fiscal years, one after the other.
        receipts: (Y,) cases received in the year.
        completions: (Y,) cases completed in the year.
        judges: (Y,) judges on the bench, mean over the year.
        pending: definition ("active", "all") -> (Y,) cases pending at the end of the year.
        ledgers: definition -> the ledger it was read from, which ends no later than the record.
        made_up_after: the last published year of a made-up record; None where all is published.
    """

    years: NDArray[np.int64]
    receipts: Floats
    completions: Floats
    judges: Floats
    pending: Mapping[str, Floats]
    ledgers: Mapping[str, Ledger]
    made_up_after: int | None = None

    @classmethod
    def of(cls, ledgers: Mapping[str, Ledger], made_up_after: int | None = None) -> Record:
        """Read a record out of ledgers that begin with the same year, the longest for the flows.

        Args:
            ledgers: definition -> ledger; one that ends earlier leaves later years open.
            made_up_after: last published year, where the later ones are made up.
        """
        longest = max(ledgers.values(), key=lambda each: each.last)
        size = len(longest.years)
        pending = {name: np.full(size, np.nan) for name in DEFINITIONS}
        for name, ledger in ledgers.items():
            pending[name][: len(ledger.years)] = ledger.pending_end
        flows = (longest.receipts, longest.completions, longest.judges)
        return cls(longest.years, *flows, pending, ledgers, made_up_after)

    @property
    def last(self) -> int:
        """The last fiscal year."""
        return int(self.years[-1])

    def place(self, year: int) -> int:
        """Where a fiscal year stands in the arrays.

        Raises:
            BacktestError: the year is outside the record.
        """
        if not self.years[0] <= year <= self.last:
            raise BacktestError(
                f"FY{year}: the ledger runs from FY{self.years[0]} to FY{self.last}; "
                "choose cut-offs and horizons inside it"
            )
        return int(year - self.years[0])

    def until(self, cutoff: int) -> Record:
        """The record as it ends with the cut-off: later years are cut away, not hidden."""
        end = self.place(cutoff) + 1
        return Record(
            years=self.years[:end].copy(),
            receipts=self.receipts[:end].copy(),
            completions=self.completions[:end].copy(),
            judges=self.judges[:end].copy(),
            pending={name: values[:end].copy() for name, values in self.pending.items()},
            ledgers={n: each.cut(min(cutoff, each.last)) for n, each in self.ledgers.items()},
            made_up_after=self.made_up_after,
        )

    def given(self, cutoff: int, horizon: int) -> Given:
        """Receipts and judges of the `horizon` years after the cut-off."""
        first = self.place(cutoff) + 1
        end = self.place(cutoff + horizon) + 1
        return Given(self.receipts[first:end].copy(), self.judges[first:end].copy())

    def completed(self, year: int) -> float:
        """Completions of a year, NaN where it has none."""
        return float(self.completions[year - self.years[0]]) if year <= self.last else float("nan")

    def level(self, definition: str, year: int) -> float:
        """Cases pending at the end of a year under a definition, NaN where it has none."""
        inside = self.years[0] <= year <= self.last
        return float(self.pending[definition][year - self.years[0]]) if inside else float("nan")

    def definition(self, cutoff: int, target: int) -> str | None:
        """The definition that holds pending at both years' ends; "active" where both do.

        Example:
            >>> nan = float("nan")
            >>> pending = {"active": np.array([1.0, 2.0, nan]), "all": np.array([nan, 4.0, 5.0])}
            >>> flat = np.ones(3)
            >>> record = Record(np.array([2019, 2020, 2021]), flat, flat, flat, pending, {})
            >>> [record.definition(2019, 2020), record.definition(2020, 2021)]
            ['active', 'all']
            >>> record.definition(2019, 2021) is None
            True
        """
        for name in DEFINITIONS:
            if np.isfinite([self.level(name, cutoff), self.level(name, target)]).all():
                return name
        return None


def fiscal_year(text: str) -> int:
    """Read a fiscal year.

    Raises:
        BacktestError: the text is not one.

    Example:
        >>> fiscal_year("FY2017"), fiscal_year("2017")
        (2017, 2017)
    """
    found = re.fullmatch(r"(?:FY)?((?:19|20)\d\d)", text.strip(), re.IGNORECASE)
    if not found:
        raise BacktestError(f"{text!r} is not a fiscal year; write it as FY2017")
    return int(found[1])


def span(text: str, read: Any = fiscal_year) -> list[int]:
    """Read `first:last`, or one value, or several with commas, into all they span.

    Raises:
        BacktestError: an end cannot be read, or the first comes after the last.

    Example:
        >>> span("FY2012:FY2014"), span("FY2015"), span("1:3", int)
        ([2012, 2013, 2014], [2015], [1, 2, 3])
        >>> span("FY2012,FY2015,FY2017")
        [2012, 2015, 2017]
    """
    if "," in text:
        return sorted({value for part in text.split(",") for value in span(part, read)})
    ends = text.split(":")
    if len(ends) > 2:
        raise BacktestError(f"{text!r}: write one value, or first:last")
    try:
        values: Sequence[int] = [read(end) for end in ends]
    except BacktestError:
        raise
    except ValueError:
        raise BacktestError(f"{text!r}: write whole numbers, as in 1:5") from None
    if values[0] > values[-1]:
        raise BacktestError(f"{text!r}: the first comes after the last; turn them round")
    if values[-1] - values[0] >= MOST_SPANNED:
        raise BacktestError(f"{text!r}: more than {MOST_SPANNED} years; write fewer")
    return list(range(values[0], values[-1] + 1))
