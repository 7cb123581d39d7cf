"""Periods of time as places on an axis: fiscal and calendar years, quarters, months, days."""

import re
from collections.abc import Sequence
from datetime import date

from asylumatlas.markup import day

PERIODS = ("date", "month", "quarter", "calendar_year", "fiscal_year")  # finest first
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def place(key: str, value: object) -> int | None:
    """Return where a period stands on its axis, or None where the value is no such period.

    Example:
        >>> place("fiscal_year", "FY2016"), place("month", "2016-10")
        (2016, 24201)
        >>> place("quarter", "FY2016Q2"), place("fiscal_year", None)
        (8065, None)
    """
    text = value.isoformat() if isinstance(value, date) else str(value)
    if key == "date":
        try:
            return date.fromisoformat(text[:10]).toordinal()
        except ValueError:
            return None
    patterns = {"quarter": r"(?:FY ?)?(\d{4})[ -]?Q([1-4])", "month": r"(\d{4})-(\d\d)(?:-\d\d)?"}
    found = re.fullmatch(patterns.get(key, r"(?:FY ?)?(\d{4})"), text)
    if not found:
        return None
    year = int(found[1])
    if key in patterns:
        return (4 if key == "quarter" else 12) * year + int(found[2]) - 1
    return year


def said(key: str, at: int, short: bool = False) -> str:
    """Return a period in words, or in the few letters an axis has room for (a month: its year).

    Example:
        >>> said("fiscal_year", 2016), said("month", 24201), said("quarter", 8065)
        ('FY2016', 'October 2016', 'FY2016 Q2')
        >>> said("date", 736330)
        '1 January 2017'
    """
    if key == "date":
        when = date.fromordinal(at)
        return f"{MONTHS[when.month - 1]} {when.year}" if short else day(when.isoformat())
    if key == "month":
        year, month = divmod(at, 12)
        if short:
            return str(year)
        return day(f"{year}-{month + 1:02d}")
    if key == "quarter":
        return f"FY{at // 4} Q{at % 4 + 1}"
    return f"FY{at}" if key == "fiscal_year" else str(at)


def ticks(key: str, places: Sequence[int], most: int = 8) -> list[int]:
    """Return the places that get a label: round steps, so that years fall on years.

    Example:
        >>> ticks("fiscal_year", range(2001, 2026))
        [2005, 2010, 2015, 2020, 2025]
        >>> ticks("fiscal_year", [2012, 2013])
        [2012, 2013]
    """
    known = sorted(set(places))
    if len(known) <= most:
        return known
    if key == "date":
        return known[:: -(-len(known) // most)]
    first, last = known[0], known[-1]
    steps = {"month": (3, 6, 12, 24, 60, 120, 240), "quarter": (4, 8, 20, 40)}
    choices = steps.get(key, (2, 5, 10, 20, 50))
    step = next((step for step in choices if (last - first) // step < most), choices[-1])
    return [at for at in range(first, last + 1) if at % step == 0]
