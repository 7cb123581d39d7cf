"""Judges on the bench: year by year, from what was published up to a date."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import evidence

__all__ = ["judges"]

_STANDS_ALONE = ("chart", "published")  # the other kinds lie between an earlier and a later count


def judges(first: int, until: int | None) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return judges at the ends of fiscal years.

    With ``until``, only counts dated up to 30 September of that year are used: a derived or assumed
    year end leans on later counts and is replaced by the line between the counts around it, and
    after the last count its level is carried on.

    Args:
        first: First fiscal year.
        until: Last fiscal year, and the last whose counts are used; ``None`` for the whole record.

    Returns:
        Judges at the ends of ``first - 1`` to the last year (nan before the record), and those
        years.

    Example:
        >>> ends, years = judges(2016, 2017)
        >>> dict(zip(years.tolist(), ends.round().tolist()))[2016]
        289.0
    """
    rows = evidence.series("immigration_judges_year_end").rows
    known = {_year(row["end"]): row for row in rows}
    last = max(known) if until is None else until
    years = np.arange(first - 1, last + 1)
    points = _points(list(known.values()), until)
    days = np.array([point[0] for point in points], dtype=np.float64)
    counts = np.array([point[1] for point in points], dtype=np.float64)
    ends = np.array([date(int(year), 9, 30).toordinal() for year in years], dtype=np.float64)
    found = np.interp(ends, days, counts)
    return np.where(ends < days[0], np.nan, found), years


def _points(rows: list[Any], until: int | None) -> list[tuple[int, float]]:
    """Day and count of every figure that was known, by day; a year end outranks a single count."""
    found: dict[int, float] = {}
    latest = date.max if until is None else date(until, 9, 30)
    chart_ends = max(row["end"] for row in rows if row["kind"] == "chart")
    counts: tuple[Mapping[str, Any], ...] = evidence.series("immigration_judges").rows
    for row in counts:
        counted = row["measure"] == "judges_on_board" and row["end"] is not None
        # The chart is one series by one hand; counts by others would only add jumps to it.
        if counted and until is not None and chart_ends < row["end"] <= latest:
            found[row["end"].toordinal()] = float(row["value"])
    for row in rows:
        # A figure between two counts needs the later one, which came up to two years after.
        usable = until is None or row["kind"] in _STANDS_ALONE or _year(row["end"]) <= until - 2
        if row["end"] <= latest and usable:
            found[row["end"].toordinal()] = float(row["value"])
    return sorted(found.items())


def _year(day: Any) -> int:
    return int(day.year) + (day.month >= 10)
