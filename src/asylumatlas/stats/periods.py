"""Fiscal years, calendar years, quarters and months: what they are called and which days they hold.

The federal fiscal year runs from 1 October to 30 September and is named for the year of its
September (31 U.S.C. § 1102). Quarters here are quarters of it: the first is October to December.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from asylumatlas.stats.errors import StatsError

UNITS = ("fiscal_year", "calendar_year", "quarter", "month")
"""Units of time that a question may group by."""

MONTHS = {"fiscal_year": 12, "calendar_year": 12, "quarter": 3, "month": 1}
"""Months in one period of each unit."""

EXAMPLES = "FY2016, FY2016Q3, 2016, 2016-10 or 2016-10-01"

_PATTERNS = (
    ("fiscal_year", re.compile(r"FY(\d{4})")),
    ("quarter", re.compile(r"FY(\d{4})Q([1-4])")),
    ("calendar_year", re.compile(r"(\d{4})")),
    ("month", re.compile(r"(\d{4})-(\d{2})")),
)


@dataclass(frozen=True, order=True)
class Period:
    """One fiscal year, calendar year, quarter of a fiscal year or month.

    Attributes:
        unit: one of `UNITS`.
        number: its place in the sequence of such periods: the year, four times the fiscal year plus
            the quarter from 0, or twelve times the year plus the month from 0. Queries give these.
    """

    unit: str
    number: int

    @classmethod
    def holding(cls, unit: str, day: date) -> Period:
        """Return the period of a unit that holds a day.

        Example:
            >>> Period.holding("fiscal_year", date(2016, 10, 1)).label
            'FY2017'
        """
        if unit == "fiscal_year":
            return cls(unit, day.year + (day.month >= 10))
        if unit == "calendar_year":
            return cls(unit, day.year)
        if unit == "quarter":
            return cls(unit, day.year * 4 + (day.month + 2) // 3)
        return cls(unit, day.year * 12 + day.month - 1)

    @property
    def first(self) -> date:
        """The first day."""
        if self.unit == "fiscal_year":
            return date(self.number - 1, 10, 1)
        if self.unit == "calendar_year":
            return date(self.number, 1, 1)
        months = self.number if self.unit == "month" else self.number * 3 - 3
        return date(months // 12, months % 12 + 1, 1)

    @property
    def last(self) -> date:
        """The last day."""
        months = self.first.year * 12 + self.first.month - 1 + MONTHS[self.unit]
        return date(months // 12, months % 12 + 1, 1) - timedelta(days=1)

    @property
    def label(self) -> str:
        """Its name, which `span` reads back.

        Example:
            >>> Period("quarter", 2016 * 4).label, Period("month", 2016 * 12).label
            ('FY2016Q1', '2016-01')
        """
        if self.unit == "fiscal_year":
            return f"FY{self.number:04}"
        if self.unit == "calendar_year":
            return f"{self.number:04}"
        if self.unit == "quarter":
            return f"FY{self.number // 4:04}Q{self.number % 4 + 1}"
        return f"{self.number // 12:04}-{self.number % 12 + 1:02}"

    def partial(self, first: date | None, last: date | None) -> bool:
        """Whether some of its days lie before ``first`` or after ``last``.

        Args:
            first: first day that is known or asked for; ``None`` sets no bound.
            last: last day that is known or asked for; ``None`` sets no bound.

        Example:
            >>> Period("fiscal_year", 2018).partial(None, date(2018, 6, 30))
            True
        """
        return (first is not None and self.first < first) or (last is not None and last < self.last)

    def until(self, last: Period) -> Iterator[Period]:
        """Yield this period and the following ones up to and with ``last``."""
        for number in range(self.number, last.number + 1):
            yield Period(self.unit, number)


def span(word: str, where: str) -> tuple[date, date]:
    """Return the first and the last day of what a person wrote.

    Args:
        word: a fiscal year, quarter of one, calendar year, month or day.
        where: the argument, for the message.

    Raises:
        StatsError: if the word is none of these.

    Example:
        >>> span("FY2016", "from")
        (datetime.date(2015, 10, 1), datetime.date(2016, 9, 30))
    """
    text = str(word).strip().upper()
    try:
        for unit, pattern in _PATTERNS:
            if match := pattern.fullmatch(text):
                period = _read(unit, [int(group) for group in match.groups()])
                return period.first, period.last
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            day = date.fromisoformat(text)
            return day, day
    except ValueError as error:  # no such month, day or year
        raise StatsError(f'{where}: "{word}" is no date: {error}. Write {EXAMPLES}.') from None
    raise StatsError(f'{where}: "{word}" is no period. Write {EXAMPLES}.')


def _read(unit: str, numbers: list[int]) -> Period:
    """Return the period that a pattern's numbers mean.

    Raises:
        ValueError: if the year or the month does not exist.
    """
    year = numbers[0]
    if not 2 <= year <= 9998:
        raise ValueError(f"year {year} is out of range")
    if unit == "quarter":
        return Period(unit, year * 4 + numbers[1] - 1)
    if unit == "month":
        if not 1 <= numbers[1] <= 12:
            raise ValueError("month must be in 1..12")
        return Period(unit, year * 12 + numbers[1] - 1)
    return Period(unit, year)


def name_of(first: date, last: date) -> str:
    """Return the shortest usual name of a span of days.

    Example:
        >>> name_of(date(2011, 10, 1), date(2017, 9, 30))
        'FY2012 to FY2017'
    """
    for unit in UNITS:
        low, high = Period.holding(unit, first), Period.holding(unit, last)
        if low.first == first and high.last == last:
            return low.label if low == high else f"{low.label} to {high.label}"
    return str(first) if first == last else f"{first} to {last}"
