"""Published figures beside a statistic: which rows of which series it can be held against."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from asylumatlas import evidence
from asylumatlas.evidence import EvidenceError
from asylumatlas.stats.errors import StatsError, suggestion

_KEYS = (
    "definition",
    "series",
    "rows",
    "value",
    "scale",
    "complement",
    "by",
    "where",
    "comparable",
    "note",
)


@dataclass(frozen=True, slots=True)
class Published:
    """Rows of one published series that a statistic can be held against.

    Attributes:
        definition: the definition they follow.
        series: name of the series in `asylumatlas.evidence`.
        rows: column of the series -> words, which rows of it.
        value: column of the value.
        scale: what a value is multiplied by to reach the statistic's unit.
        complement: whether the figure is one minus the statistic (after scaling).
        by: group of a question -> column of the series that names the group.
        where: a question's conditions that the figure assumes, empty for none.
        comparable: False for a figure that measures something close but not the same; it is shown
            on the page and never set beside an answer.
        note: what a reader must know.
    """

    definition: str
    series: str
    rows: Mapping[str, tuple[str, ...]]
    value: str
    scale: float
    complement: bool
    by: Mapping[str, str]
    where: Mapping[str, tuple[str, ...]]
    comparable: bool
    note: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One published figure in the unit of the statistic.

    Attributes:
        value: in the statistic's unit.
        stated: the value as published.
        period: the period in the publisher's words.
        start: first day of the period, None where the wording fixes none.
        end: last day of the period; a stock is counted on it.
        groups: group of a question -> its word, empty for all.
        where: conditions that the figure assumes.
        source: identifier of the source, see `asylumatlas.evidence.cite`.
        note: what the publisher adds.
    """

    value: float
    stated: float
    period: str
    start: datetime.date | None
    end: datetime.date | None
    groups: Mapping[str, str]
    where: Mapping[str, tuple[str, ...]]
    source: str
    note: str


def figures(published: Published) -> tuple[Figure, ...]:
    """Return the published figures one entry points to, in the series' order.

    Example:
        >>> from asylumatlas.stats.catalogue import statistic
        >>> entry = statistic("asylum_denial_rate").published[0]
        >>> [f.value for f in figures(entry) if f.period == "FY2016"]
        [0.57]
    """
    found = []
    for row in evidence.series(published.series).rows:
        stated = row[published.value]
        chosen = all(str(row[name]) in words for name, words in published.rows.items())
        # a row without a group's code is the publisher's "all others", not the whole
        chosen = chosen and all(row[name] for name in published.by.values())
        if chosen and isinstance(stated, int | float):
            found.append(_figure(published, row, float(stated)))
    return tuple(found)


def _figure(published: Published, row: Mapping[str, Any], stated: float) -> Figure:
    # rounded, because 57 * 0.01 is not 0.57 in floating point
    scaled = round(stated * published.scale, 12)
    return Figure(
        value=round(1.0 - scaled, 12) if published.complement else scaled,
        stated=stated,
        period=str(row.get("period", "")),
        start=row.get("start"),
        end=row.get("end"),
        groups=MappingProxyType({group: str(row[name]) for group, name in published.by.items()}),
        where=published.where,
        source=str(row["source"]),
        note=str(row.get("note") or ""),
    )


def read_published(entry: object, where: str, definitions: Collection[str]) -> Published:
    """Return one entry of a statistic's ``published``, checked against the evidence.

    Args:
        entry: the table of the data file.
        where: file and key, for the error.
        definitions: names of the statistic's definitions.

    Raises:
        StatsError: if a key, definition, series or column is unknown, or no row is chosen.
    """
    if not isinstance(entry, dict):
        raise StatsError(f"{where}: must be a table.")
    for key in entry:
        _require(key, _KEYS, f"{where}.{key}", "key")
    for key in ("definition", "series", "value"):
        if not entry.get(key):
            raise StatsError(f"{where}.{key}: missing or empty.")
    _require(entry["definition"], definitions, f"{where}.definition", "definition")
    by = dict(entry.get("by", {}))
    _check_columns(entry, by, where)
    read = Published(
        definition=entry["definition"],
        series=entry["series"],
        rows=_words(entry.get("rows", {})),
        value=entry["value"],
        scale=float(entry.get("scale", 1.0)),
        complement=bool(entry.get("complement", False)),
        by=MappingProxyType(by),
        where=_words(entry.get("where", {})),
        comparable=bool(entry.get("comparable", True)),
        note=str(entry.get("note", "")),
    )
    if not figures(read):
        raise StatsError(f'{where}.rows: choose no row of the series "{read.series}".')
    return read


def _check_columns(entry: Mapping[str, Any], by: Mapping[str, str], where: str) -> None:
    try:
        columns = {column.name: column.kind for column in evidence.series(entry["series"]).columns}
    except EvidenceError as error:
        raise StatsError(f"{where}.series: {error}") from error
    for name in (entry["value"], *entry.get("rows", {}), *by.values()):
        _require(name, columns, f"{where}", f'column of "{entry["series"]}"')
    if columns[entry["value"]] not in ("integer", "number"):
        raise StatsError(f'{where}.value: the column "{entry["value"]}" holds no numbers.')


def _words(given: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    """A word or a list of words for each column, as tuples."""
    return MappingProxyType(
        {
            name: (str(words),) if isinstance(words, str) else tuple(map(str, words))
            for name, words in given.items()
        }
    )


def _require(word: object, known: Collection[str], where: str, what: str) -> None:
    if word not in known:
        raise StatsError(f'{where}: unknown {what} "{word}".{suggestion(word, known)}')
