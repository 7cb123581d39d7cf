"""Published figures that the model's output can be held against, and when each became known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from asylumatlas import evidence

__all__ = ["Target", "targets"]

_ABSENT = "in_absentia_share_of_initial_completions"
_MEDIAN = "median_days_pending"
_MEAN = "mean_days_pending"

# Series, measure in it, our name, factor to our unit.
_WANTED = (
    ("court_pending_time", "median_days_pending", _MEDIAN, 1.0),
    ("court_pending_time", "mean_days_pending", _MEAN, 1.0),
    ("court_timing", "median_pending_time", _MEDIAN, 1.0),
    ("in_absentia", "in_absentia_rate_low", _ABSENT, 0.01),
    ("in_absentia", "in_absentia_rate_high", _ABSENT, 0.01),
    ("in_absentia", "in_absentia_rate_annual_mean", _ABSENT, 0.01),
    ("in_absentia", "in_absentia_orders_share_of_initial_case_completions", _ABSENT, 0.01),
    ("in_absentia", "in_absentia_orders", "in_absentia_orders", 1.0),
    ("court_asylum_decisions", "trac_decisions", "asylum_decisions", 1.0),
    ("court_national", "motions_to_reopen", "motions_to_reopen", 1.0),
)

# First day on which the figures of a source could be read; the day, month or year it was published.
_PUBLISHED = {
    "S02": date(2025, 7, 31),
    "S07": date(2021, 8, 5),
    "S09": date(2017, 6, 1),
    "S15": date(2016, 12, 13),
    "S17": date(2017, 11, 1),
    "S18": date(2018, 11, 29),
    "S21": date(2022, 11, 29),
    "S22": date(2024, 11, 19),
    "S23": date(2025, 11, 18),
    "S24": date(2020, 2, 18),
    "S25": date(2020, 6, 19),
    "S56": date(2024, 4, 10),
    "S58": date(2025, 5, 21),
    "TRAC225": date(2010, 2, 1),
}


@dataclass(frozen=True, slots=True)
class Target:
    """One published figure.

    Attributes:
        name: ``in_absentia_share_of_initial_completions``, ``in_absentia_orders``,
            ``median_days_pending``, ``mean_days_pending``, ``asylum_decisions`` or
            ``motions_to_reopen``.
        first: First fiscal year it speaks of.
        last: Last fiscal year; a stock's figure stands at the end of it.
        value: The figure in ``unit``.
        unit: Days, share, orders, decisions or motions.
        source: Identifier in ``evidence``.
        known: Day of its publication.
        note: What its publisher adds.
    """

    name: str
    first: int
    last: int
    value: float
    unit: str
    source: str
    known: date
    note: str

    @property
    def known_from(self) -> int:
        """First fiscal year at whose end the figure was known."""
        return fiscal_year(self.known)


def targets(until: int | None = None) -> tuple[Target, ...]:
    """Return the targets, by name and year.

    Conflicting figures stand side by side; whole fiscal years and spans of them only.

    Args:
        until: Only figures published by 30 September of this year; ``None`` for all.

    Example:
        >>> [t.value for t in targets(2017) if t.name == "median_days_pending"][-2:]
        [285.0, 404.0]
        >>> any(t.name.startswith("in_absentia_share") for t in targets(2020))
        False
    """
    found = []
    for series, measure, name, factor in _WANTED:
        for row in evidence.series(series).rows:
            if row["measure"] == measure and (target := _target(name, factor, row)) is not None:
                found.append(target)
    kept = [each for each in found if until is None or each.known_from <= until]
    return tuple(sorted(kept, key=lambda each: (each.name, each.last, each.first, each.source)))


def fiscal_year(day: date) -> int:
    """Return the fiscal year a day lies in.

    Example:
        >>> fiscal_year(date(2017, 10, 1))
        2018
    """
    return day.year + (day.month >= 10)


def _target(name: str, factor: float, row: Mapping[str, Any]) -> Target | None:
    """A row as a target; ``None`` if it spans no whole fiscal year or its date is not known."""
    source, start, end = str(row["source"]), row["start"], row["end"]
    if source not in _PUBLISHED or start is None or end is None:
        return None
    stock = start == end  # "on 1 October": the end of the year before
    whole = (start.month, start.day, end.month, end.day) == (10, 1, 9, 30)
    if not whole and not (stock and (start.month, start.day) == (10, 1)):
        return None
    first, last = (end.year, end.year) if stock else (start.year + 1, end.year)
    unit = "share" if factor == 0.01 else str(row["unit"])
    value = float(row["value"]) * factor
    return Target(
        name, first, last, value, unit, source, _PUBLISHED[source], str(row["note"] or "")
    )
