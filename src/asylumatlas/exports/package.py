"""Frictionless data packages: CSV beside a descriptor that says what every column means.

The standard: Data Package, https://datapackage.org, version 2.0; the keys that version 1.0 asks for
are there too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, Protocol

from asylumatlas import __version__, process
from asylumatlas.events import CASE_COLUMNS, EVENT_COLUMNS, Column
from asylumatlas.events.columns import allowed_words
from asylumatlas.exports.ocel import Progress
from asylumatlas.exports.plain_files import (
    CSV_FORM,
    csv_lines,
    extra_meaning,
    readme_text,
    write_csv_tables,
)
from asylumatlas.exports.selection import ExportError, Selection, Survey
from asylumatlas.exports.targets import README, Container, check_target, whole

DESCRIPTOR = "datapackage.json"
_PROFILES = "https://datapackage.org/profiles/2.0/"
_TYPES = {
    **dict.fromkeys(("int16", "int32", "int64", "int", "integer"), "integer"),
    **dict.fromkeys(("float", "float32", "float64", "double", "number", "share"), "number"),
    **dict.fromkeys(("text", "string", "str"), "string"),
    **dict.fromkeys(("bool", "boolean", "flag"), "boolean"),
    "date": "date",
}
_PUBLIC_DOMAIN = {
    "name": "other-pd",
    "path": "https://www.law.cornell.edu/uscode/text/17/105",
}


class TableColumn(Protocol):
    """A column of a table of statistics."""

    @property
    def name(self) -> str:
        """The word used in files."""

    @property
    def type(self) -> str:
        """Its type: int64, float64, text, date, bool, or another word for one of them."""

    @property
    def unit(self) -> str:
        """What one value counts."""

    @property
    def meaning(self) -> str:
        """A plain sentence."""


class TableLike(Protocol):
    """A table of statistics, as far as a data package needs to know it."""

    @property
    def columns(self) -> Sequence[TableColumn]:
        """The columns, in order."""

    @property
    def rows(self) -> Sequence[Any]:
        """The rows: sequences in the order of the columns, or mappings by column name."""

    @property
    def statistic(self) -> Any:
        """The statistic's name, or an object with one."""

    @property
    def definition(self) -> Any:
        """The definition used, or an object with a name."""

    @property
    def sources(self) -> Sequence[Any]:
        """Where the numbers are from: words, or mappings."""

    @property
    def caveats(self) -> Sequence[Any]:
        """What to keep in mind."""

    def cite(self) -> Any:
        """How to cite it."""


# ------------------------------------------------------------------ a log


def write_package(
    selection: Selection, path: Path, name: str, progress: Progress | None
) -> tuple[Survey, dict[str, Any]]:
    """Write ``datapackage.json``, the two tables as CSV and ``README.txt``.

    Args:
        selection: what is written.
        path: the folder, or the zip, to write; nothing lies there yet.
        name: the name it will have; a zip if that ends in ``.zip``.
        progress: called with the events done and their number.

    Returns:
        What was written, and where it is from.

    Raises:
        OSError: it cannot be written.
    """
    box = Container(path, name)
    survey, told = write_csv_tables(selection, box, progress)
    with box.open(README) as file:
        file.write(readme_text(selection, told, CSV_FORM))
    with box.open(DESCRIPTOR) as file:
        file.write(_text(log_descriptor(selection, told)))
    box.close()
    return survey, told


def log_descriptor(selection: Selection, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the descriptor of a log: every column with type, meaning and allowed words.

    Args:
        selection: what is described.
        told: where it is from, as `provenance` says it.
    """
    keys = [{"fields": ["case_id"], "reference": {"resource": "cases", "fields": ["case_id"]}}]
    own = [{"fields": ["lead_case_id"], "reference": {"resource": "", "fields": ["case_id"]}}]
    extra = [
        {"name": name, "type": _TYPES.get(kind, "string"), "description": extra_meaning(name)}
        for name, kind in selection.log.manifest.extra.items()
    ]
    cases = {
        "fields": [*(_field(column) for column in CASE_COLUMNS), *extra],
        "primaryKey": ["case_id"],
        **({} if selection.where else {"foreignKeys": own}),  # a lead may have been left out
    }
    events = {
        "fields": [_field(column) for column in EVENT_COLUMNS],
        "primaryKey": ["case_id", "seq"],
        "foreignKeys": keys,
    }
    resources = [
        _resource("cases", "The cases, one a row.", cases),
        _resource("events", "The events, one a row, sorted by case_id and seq.", events),
    ]
    name = f"asylumatlas-log-{selection.log.manifest.checksum[:16]}-{selection.replication}"
    return _package(name, told, resources)


def _field(column: Column) -> dict[str, Any]:
    words = allowed_words(column.words)
    field: dict[str, Any] = {"name": column.name, "type": _TYPES[column.type]}
    if column.type == "date":
        field["format"] = "default"
    field["description"] = column.meaning + _glossed(column, words)
    if column.unit != "none":
        field["unit"] = column.unit
    limits: dict[str, Any] = {} if column.nullable else {"required": True}
    if words:
        limits["enum"] = list(words)
    if limits:
        field["constraints"] = limits
    return field


def _glossed(column: Column, words: Sequence[str]) -> str:
    """Return the meaning of each allowed word, where the vocabulary has one."""
    vocabulary = process.load()
    meaning: dict[str, str] = {}
    if column.words == "events":
        meaning = {name: event.definition for name, event in vocabulary.events.items()}
    elif column.words == "stages":
        meaning = {name: stage.gloss for name, stage in vocabulary.stages.items()}
    elif column.words == "outcomes":
        meaning = {name: outcome.gloss for name, outcome in vocabulary.outcomes.items()}
    return "".join(f" {word}: {meaning[word]}" for word in words if word in meaning)


def _resource(name: str, description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "$schema": f"{_PROFILES}dataresource.json",
        "profile": "tabular-data-resource",
        "name": name,
        "type": "table",
        "path": f"{name}.csv",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "description": description,
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "doubleQuote": True},
        "schema": {
            "$schema": f"{_PROFILES}tableschema.json",
            **schema,
            "missingValues": [""],
        },
    }


def _package(
    name: str, told: Mapping[str, Any], resources: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    notes = [told.get("note"), *told.get("caveats", [])]
    licence = str(told["licence"])
    licences = (
        {"licenses": [{**_PUBLIC_DOMAIN, "title": licence}]}
        if licence.startswith("Public domain")
        else {}
    )
    return {
        "$schema": f"{_PROFILES}datapackage.json",
        "profile": "tabular-data-package",
        "name": name,
        "title": told["title"],
        "description": " ".join(str(note) for note in notes if note) or str(told["title"]),
        "sources": [{"title": str(told.get("release") or told["title"])}],
        **licences,
        "licence": licence,
        "provenance": dict(told),
        "resources": list(resources),
    }


def _text(descriptor: Mapping[str, Any]) -> bytes:
    return (json.dumps(descriptor, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


# ------------------------------------------------------------------ a table of statistics


def package_table(table: TableLike, folder: str | Path, *, replace: bool = False) -> Path:
    """Write a table of statistics as a data package: ``table.csv``, ``datapackage.json``.

    Args:
        table: any object with columns, rows, statistic, definition, sources, caveats and cite.
        folder: the folder, or the zip where the name ends in ``.zip``, to write.
        replace: replace the package that lies there.

    Returns:
        Where it lies.

    Raises:
        ExportError: the place is taken, or a row has another number of values than columns.
        OSError: it cannot be written.
    """
    path = Path(folder)
    check_target(path, replace)
    names = [column.name for column in table.columns]
    rows = [_values(row, names) for row in table.rows]
    for number, row in enumerate(rows):
        if len(row) != len(names):
            raise ExportError(f"table: row {number}: {len(row)} values for {len(names)} columns.")
    told = _table_provenance(table)
    fields = [_table_field(column) for column in table.columns]
    resource = _resource("table", str(told["title"]), {"fields": fields})
    slug = re.sub("[^a-z0-9]+", "-", f"{_word(table.statistic)} {_word(table.definition)}".lower())
    descriptor = _package(f"asylumatlas-{slug.strip('-')}", told, [resource])
    if only := told.get("filter"):
        descriptor["description"] = f"Only: {only}. {descriptor['description']}"
    descriptor["sources"] = [{"title": one} for one in told["sources"]] or descriptor["sources"]
    with whole(path) as draft:
        box = Container(draft, path.name)
        with box.open("table.csv") as file:
            file.write(csv_lines([names, *rows]))
        with box.open(DESCRIPTOR) as file:
            file.write(_text(descriptor))
        box.close()
    return path


def _word(value: Any) -> str:
    return str(getattr(value, "name", value))


def _told(source: Any) -> str:
    """Return a source as one line of text."""
    if is_dataclass(source) and not isinstance(source, type):
        source = asdict(source)
    if isinstance(source, Mapping):
        return ", ".join(
            f"{key} {value}" for key, value in source.items() if value not in (None, "")
        )
    return str(source)


def _values(row: Any, names: Sequence[str]) -> list[Any]:
    """Return a row's values as CSV writes them: ``None`` and not-a-number are missing."""
    values = [row.get(name) for name in names] if isinstance(row, Mapping) else list(row)
    told = [str(value).lower() if isinstance(value, bool) else value for value in values]
    return [None if value != value else value for value in told]


def _table_field(column: TableColumn) -> dict[str, Any]:
    field = {"name": column.name, "type": _TYPES.get(str(column.type), "string")}
    field["description"] = str(column.meaning)
    if column.unit and column.unit != "none":
        field["unit"] = str(column.unit)
    return field


_MORE = (
    *("question", "filter", "unit", "numerator", "denominator", "exclusions", "fingerprint"),
    "reason",
)
"""What a table may tell besides, in this order."""


def _table_provenance(table: TableLike) -> dict[str, Any]:
    more = {name: str(getattr(table, name, "") or "") for name in _MORE}
    notes = dict.fromkeys(str(getattr(source, "note", "") or "") for source in table.sources)
    more["note"] = " ".join(note for note in notes if note)
    return {
        "title": f"{_word(table.statistic)}, by the definition {_word(table.definition)}",
        "statistic": _word(table.statistic),
        "definition": _word(table.definition),
        **{name: told for name, told in more.items() if told},
        "sources": [_told(source) for source in table.sources],
        "licence": "None claimed on the numbers; see the sources for the data behind them.",
        "caveats": [str(caveat) for caveat in table.caveats],
        "citation": str(table.cite()),
        "made_with": f"asylumatlas {__version__}",
    }
