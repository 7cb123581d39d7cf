"""Who else gives a figure for a quantity, and by how much it differs.

``disagreements.toml``, beside this module, names the published series and reports that tell of the
same quantity as a parameter; the figures themselves stand in those files. Nothing decides here who
is right.
"""

from __future__ import annotations

import datetime
import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from asylumatlas.evidence.library import EvidenceError, reports, series, sources
from asylumatlas.evidence.suggestion import did_you_mean

__all__ = ["Figure", "figures", "mentioned", "names", "reach", "reasons"]

_FILE = "disagreements.toml"
_KEYS = ("why", "days", "ahead", "whole_years", "series", "reports")
_YEAR = 366
_WHOLE = 360  # days of a period that counts as a year
_SERIES_KEYS = ("name", "where", "column", "times")
_REPORT_KEYS = ("place", "measure", "times")


@dataclass(frozen=True, slots=True)
class Figure:
    """One published figure for a quantity.

    Attributes:
        source: identifier in ``sources.toml``.
        period: the period or day, as published.
        day: the day that it is held against: the last one of the period, or the day after it for
            a quantity at the start of the next; ``None`` where the publication fixes none.
        value: in the unit of the parameter.
        note: what its publisher or we say of it.
        of: the series or report that it stands in.
    """

    source: str
    period: str
    day: datetime.date | None
    value: float
    note: str
    of: str

    def differs(self, value: float) -> float:
        """Return the difference to a value, as a share of it.

        Example:
            >>> Figure("S01", "FY2016", None, 110.0, "", "").differs(100.0)
            0.1
        """
        if value == 0:
            return 0.0 if self.value == 0 else math.copysign(math.inf, self.value)
        return round(self.value / value - 1, 12)


def figures(name: str) -> tuple[Figure, ...]:
    """Return the published figures that tell of the same quantity as a parameter, by date.

    Args:
        name: of the parameter; one that no file speaks of has none.

    Raises:
        EvidenceError: ``disagreements.toml`` breaks its rules.

    Example:
        >>> [figure.source for figure in figures("port.san_ysidro.holding_capacity")]
        ['MERC0430', 'REW0504']
    """
    entry = _entries().get(name, {})
    ahead, whole = int(entry.get("ahead", 0)), bool(entry.get("whole_years", False))
    found = [
        *(figure for about in entry.get("series", ()) for figure in _of_series(name, about, whole)),
        *(figure for about in entry.get("reports", ()) for figure in _of_reports(name, about)),
    ]
    step = datetime.timedelta(days=ahead)
    found = [replace(one, day=one.day and one.day + step) for one in found] if ahead else found
    found.sort(key=lambda figure: (figure.day or datetime.date.min, figure.source))
    return tuple(found)


def reach(name: str) -> datetime.timedelta:
    """Return for how long after its date a value of a parameter is held against figures."""
    return datetime.timedelta(days=int(_entries().get(name, {}).get("days", _YEAR)))


def reasons(name: str) -> str:
    """Return why the figures for a parameter differ, as far as it is known; "" for not said."""
    return str(_entries().get(name, {}).get("why", ""))


def names() -> tuple[str, ...]:
    """Return the parameters for which others give a figure, in file order."""
    return tuple(_entries())


def mentioned(text: str) -> tuple[str, ...]:
    """Return the sources that a note names, in order.

    Example:
        >>> mentioned("AP 'about 300 at a time'; Al Otro Lado 316 (REW0504)")
        ('REW0504',)
    """
    words = "".join(c if c.isalnum() or c == "_" else " " for c in text).split()
    known = sources()
    return tuple(dict.fromkeys(word for word in words if word in known))


@cache
def _entries() -> Mapping[str, Mapping[str, Any]]:
    path = Path(__file__).with_name(_FILE)
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise EvidenceError(f"{_FILE}: not valid TOML: {error}.") from error
    for name, entry in read.items():
        _check(name, entry, _KEYS)
        for about in entry.get("series", ()):
            _check(f"{name}.series", about, _SERIES_KEYS)
        for about in entry.get("reports", ()):
            _check(f"{name}.reports", about, _REPORT_KEYS)
    return MappingProxyType(read)


def _check(where: str, entry: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in entry:
        if key not in known:
            raise EvidenceError(f"{_FILE}: {where}.{key}: unknown key.{did_you_mean(key, known)}")


def _of_series(name: str, about: Mapping[str, Any], whole: bool) -> Iterator[Figure]:
    """The rows of a series that an entry names, where asked only those of whole years."""
    shelf = series(about["name"])
    known = [column.name for column in shelf.columns]
    column = about.get("column", "value")
    for word in (column, *about.get("where", {})):
        if word not in known:
            raise EvidenceError(
                f'{_FILE}: {name}.series: no column "{word}" in {shelf.name}.'
                f"{did_you_mean(word, known)}"
            )
    rows = [
        row
        for row in shelf.rows
        if all(row[key] == value for key, value in about.get("where", {}).items())
    ]
    if not rows:
        raise EvidenceError(f"{_FILE}: {name}.series: no such row in {shelf.name}.")
    for row in rows:
        value = row[column]
        if isinstance(value, int | float) and not (whole and _is_part(row)):
            end = row.get("end") or row.get("start")
            yield Figure(
                source=str(row["source"]),
                period=str(row.get("period") or ""),
                day=end if isinstance(end, datetime.date) else None,
                value=round(value * about.get("times", 1), 12),
                note=str(row.get("note") or ""),
                of=shelf.title,
            )


def _is_part(row: Mapping[str, Any]) -> bool:
    """Whether a row tells of less than a year."""
    start, end = row.get("start"), row.get("end")
    if not isinstance(start, datetime.date) or not isinstance(end, datetime.date):
        return False
    return (end - start).days < _WHOLE


def _of_reports(name: str, about: Mapping[str, Any]) -> Iterator[Figure]:
    """The reported counts that an entry names."""
    found = [
        one
        for one in reports()
        if one.measure == about["measure"] and about.get("place", one.place) == one.place
    ]
    if not found:
        raise EvidenceError(f'{_FILE}: {name}.reports: no report of "{about["measure"]}" there.')
    for one in found:
        if one.value is not None:
            said = "" if one.qualifier == "stated" else f"{one.qualifier.replace('_', ' ')}; "
            yield Figure(
                source=one.source,
                period=one.date,
                day=one.first_day,
                value=round(one.value * about.get("times", 1), 12),
                note=f"{said}{one.note}".strip("; "),
                of=one.label,
            )
