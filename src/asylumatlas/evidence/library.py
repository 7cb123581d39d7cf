"""The shelf of published figures: reads and checks the data files beside this module.

Files: ``sources.toml`` (who said it), ``reports.csv`` (counts reported on a date and place),
``series.toml`` with one CSV for each entry (published series).
"""

import csv
import datetime
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from asylumatlas.evidence.suggestion import did_you_mean

Cell = str | int | float | datetime.date | None

_FOLDER = Path(__file__).parent
_REPORT_FIELDS = (
    "id",
    "date",
    "place",
    "measure",
    "label",
    "value",
    "qualifier",
    "unit",
    "outlet",
    "source",
    "note",
)
_QUALIFIERS = ("stated", "about", "at_least", "at_most", "more_than", "less_than")
_SOURCE_FIELDS = (
    "grade",
    "scale",
    "publisher",
    "title",
    "date",
    "address",
    "same_as",
    "note",
)
_SERIES_FIELDS = ("file", "title", "unit", "definition", "caveat", "sources", "columns")
_COLUMN_KINDS = ("text", "date", "integer", "number", "source")


class EvidenceError(ValueError):
    """A figure, source or series is unknown, or a data file breaks its own rules."""


@dataclass(frozen=True, slots=True)
class Source:
    """Who published a figure, and how strong the copy is that was read.

    Attributes:
        id: Identifier used everywhere in the project, for example ``"LAT0502"``.
        grade: ``A`` (strongest) to ``D`` (verify before use), on the scale below.
        scale: ``"border"`` or ``"courts"``; the head of ``sources.toml`` spells both out.
        publisher: Who published it.
        title: Title of the publication.
        date: Date as known; may be a range or approximate.
        addresses: Public addresses; empty when none was found that will last.
        same_as: Identifier of another entry for the same publication, or ``None``.
        note: What a reader must know about the copy that was read.
    """

    id: str
    grade: str
    scale: str
    publisher: str
    title: str
    date: str
    addresses: tuple[str, ...]
    same_as: str | None
    note: str


@dataclass(frozen=True, slots=True)
class Report:
    """One count that one outlet reported for one date and place.

    Attributes:
        id: Stable identifier, for example ``"san_ysidro_cumulative_2018_05_03"``.
        date: ``YYYY-MM-DD``, or ``YYYY-MM`` where only the month is known.
        place: Place, as a word of lower-case letters.
        measure: What was counted, as a word of lower-case letters.
        label: The measure in plain words.
        value: The count in ``unit``; ``None`` where the date itself is the report.
        qualifier: ``stated``, ``about``, ``at_least``, ``at_most``, ``more_than``, ``less_than``.
        unit: Unit of the value.
        outlet: Who reported it.
        source: Identifier in ``sources.toml``.
        note: Conflicting counts and context.
    """

    id: str
    date: str
    place: str
    measure: str
    label: str
    value: float | None
    qualifier: str
    unit: str
    outlet: str
    source: str
    note: str

    @property
    def first_day(self) -> datetime.date:
        """First day the report can refer to."""
        return _first_day(self.date)

    @property
    def last_day(self) -> datetime.date:
        """Last day the report can refer to: the same day, or the end of the month."""
        first = _first_day(self.date)
        if len(self.date) > 7:
            return first
        return (first + datetime.timedelta(days=31)).replace(day=1) - datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a series: its name, kind of value and meaning."""

    name: str
    kind: str
    definition: str


@dataclass(frozen=True, slots=True)
class Series:
    """A published series: its rows as published, with what the numbers mean.

    Attributes:
        name: Name of the series, also of its file.
        title: Title in plain words.
        unit: Unit of the values, or a statement that each row names its own.
        definition: What is counted, and how.
        caveat: What must not be done with it; empty if nothing special.
        sources: Identifiers of every source the rows cite.
        columns: Column by column, in file order.
        rows: One mapping for each row; an empty cell is ``None``.
    """

    name: str
    title: str
    unit: str
    definition: str
    caveat: str
    sources: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Cell], ...]


@cache
def sources() -> Mapping[str, Source]:
    """Return every source by its identifier.

    Raises:
        EvidenceError: If ``sources.toml`` breaks its rules.
    """
    shelf = {name: _source(name, entry) for name, entry in _toml("sources.toml").items()}
    for found in shelf.values():
        if found.same_as is not None and found.same_as not in shelf:
            raise _unknown("sources.toml", f"{found.id}.same_as", found.same_as, shelf)
    return MappingProxyType(shelf)


def source(source_id: str) -> Source:
    """Return one source.

    Raises:
        EvidenceError: If the identifier is unknown; the message names the closest one.
    """
    shelf = sources()
    if source_id not in shelf:
        raise EvidenceError(f'unknown source "{source_id}".{did_you_mean(source_id, shelf)}')
    return shelf[source_id]


def cite(source_id: str) -> str:
    """Return the citation of a source on one line, identifier and grade last.

    Raises:
        EvidenceError: If the identifier is unknown.

    Example:
        >>> cite("GAO21144").endswith("[GAO21144, grade A]")
        True
    """
    found = source(source_id)
    parts = [f'{found.publisher}, "{found.title}"', found.date, *found.addresses[:1]]
    return f"{', '.join(part for part in parts if part)} [{found.id}, grade {found.grade}]"


@cache
def reports() -> tuple[Report, ...]:
    """Return every reported count, by date.

    Raises:
        EvidenceError: If ``reports.csv`` breaks its rules.
    """
    seen: dict[str, Report] = {}
    for line, row in _csv("reports.csv", _REPORT_FIELDS):
        made = _report(f"reports.csv: line {line}", row)
        if made.id in seen:
            raise EvidenceError(f'reports.csv: line {line}.id: "{made.id}" appears twice.')
        seen[made.id] = made
    return tuple(seen.values())


def report(report_id: str) -> Report:
    """Return one reported count.

    Raises:
        EvidenceError: If the identifier is unknown; the message names the closest one.
    """
    by_id = {found.id: found for found in reports()}
    if report_id not in by_id:
        raise EvidenceError(f'unknown report "{report_id}".{did_you_mean(report_id, by_id)}')
    return by_id[report_id]


def series_names() -> tuple[str, ...]:
    """Return the names of all published series, in file order."""
    return tuple(_descriptors())


@cache
def series(name: str) -> Series:
    """Return one published series, read and checked against its description.

    Raises:
        EvidenceError: If the name is unknown, or the file does not fit its description.

    Example:
        >>> series("immigration_judges").columns[0].name
        'measure'
    """
    known = _descriptors()
    if name not in known:
        raise EvidenceError(f'unknown series "{name}".{did_you_mean(name, known)}')
    return _series(name, known[name])


@cache
def _descriptors() -> Mapping[str, Any]:
    return MappingProxyType(_toml("series.toml"))


def _series(name: str, entry: Mapping[str, Any]) -> Series:
    _check_keys("series.toml", name, entry, _SERIES_FIELDS, ("caveat",))
    columns = tuple(
        Column(column, about["kind"], about["definition"])
        for column, about in entry["columns"].items()
    )
    for column in columns:
        if column.kind not in _COLUMN_KINDS:
            where = f"{name}.columns.{column.name}.kind"
            raise _unknown("series.toml", where, column.kind, _COLUMN_KINDS)
    file = str(entry["file"])
    rows = [
        {column.name: _cell(f"{file}: line {line}", column, row) for column in columns}
        for line, row in _csv(file, tuple(column.name for column in columns))
    ]
    cited = sorted({str(row["source"]) for row in rows})
    if cited != sorted(entry["sources"]):
        raise EvidenceError(f"series.toml: {name}.sources: the rows of {file} cite {cited}.")
    return Series(
        name=name,
        title=entry["title"],
        unit=entry["unit"],
        definition=entry["definition"],
        caveat=entry.get("caveat", ""),
        sources=tuple(cited),
        columns=columns,
        rows=tuple(MappingProxyType(row) for row in rows),
    )


def _source(name: str, entry: Mapping[str, Any]) -> Source:
    _check_keys("sources.toml", name, entry, _SOURCE_FIELDS, ("address", "same_as", "note"))
    if entry["grade"] not in ("A", "B", "C", "D"):
        raise EvidenceError(f'sources.toml: {name}.grade: "{entry["grade"]}" is not A, B, C or D.')
    if entry["scale"] not in ("border", "courts"):
        raise _unknown("sources.toml", f"{name}.scale", entry["scale"], ("border", "courts"))
    address = entry.get("address", ())
    return Source(
        id=name,
        grade=entry["grade"],
        scale=entry["scale"],
        publisher=entry["publisher"],
        title=entry["title"],
        date=entry["date"],
        addresses=(address,) if isinstance(address, str) else tuple(address),
        same_as=entry.get("same_as"),
        note=entry.get("note", ""),
    )


def _report(where: str, row: Mapping[str, str]) -> Report:
    if row["qualifier"] not in _QUALIFIERS:
        raise EvidenceError(
            f'{where}.qualifier: unknown word "{row["qualifier"]}".'
            f"{did_you_mean(row['qualifier'], _QUALIFIERS)}"
        )
    _cell(where, Column("source", "source", ""), row)
    value = _cell(where, Column("value", "number", ""), row)
    made = Report(**{**row, "value": value})  # type: ignore[arg-type]
    try:
        _ = made.first_day
    except ValueError:
        raise EvidenceError(f'{where}.date: "{made.date}" is not YYYY-MM-DD or YYYY-MM.') from None
    return made


def _cell(where: str, column: Column, row: Mapping[str, str]) -> Cell:
    text = row[column.name]
    if column.kind == "source" and text not in sources():
        raise EvidenceError(
            f'{where}.{column.name}: unknown source "{text}".{did_you_mean(text, sources())}'
        )
    if text == "":
        return None
    try:
        return _value(column.kind, text)
    except ValueError:
        raise EvidenceError(f'{where}.{column.name}: "{text}" is not a {column.kind}.') from None


def _value(kind: str, text: str) -> Cell:
    if kind == "integer":
        return int(text)
    if kind == "date":
        return datetime.date.fromisoformat(text)
    if kind != "number":
        return text
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _first_day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text if len(text) > 7 else f"{text}-01")


def _check_keys(
    file: str,
    where: str,
    entry: Mapping[str, Any],
    allowed: tuple[str, ...],
    optional: tuple[str, ...],
) -> None:
    for key in entry:
        if key not in allowed:
            raise EvidenceError(f"{file}: {where}.{key}: unknown key.{did_you_mean(key, allowed)}")
    for key in allowed:
        if key not in entry and key not in optional:
            raise EvidenceError(f"{file}: {where}.{key}: missing.")


def _unknown(
    file: str, where: str, word: str, known: Mapping[str, Any] | tuple[str, ...]
) -> EvidenceError:
    return EvidenceError(f'{file}: {where}: unknown word "{word}".{did_you_mean(word, known)}')


def _toml(file: str) -> dict[str, Any]:
    try:
        with (_FOLDER / file).open("rb") as stream:
            return tomllib.load(stream)
    except tomllib.TOMLDecodeError as error:
        raise EvidenceError(f"{file}: not valid TOML: {error}.") from error


def _csv(file: str, fields: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line number, row) of a CSV whose header must be exactly ``fields``."""
    with (_FOLDER / file).open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream)
        header = tuple(next(reader, ()))
        if header != fields:
            raise EvidenceError(f"{file}: line 1: columns are {header}, expected {fields}.")
        for row in reader:
            if len(row) != len(fields):
                raise EvidenceError(
                    f"{file}: line {reader.line_num}: {len(row)} cells, expected {len(fields)}."
                )
            yield reader.line_num, dict(zip(fields, row, strict=True))
