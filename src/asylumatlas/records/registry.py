"""What a release should hold: every table and column, read from `tables.toml`, bound to headers."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

TYPES = (
    *("key", "integer", "date", "datetime", "month", "time", "money", "flag"),
    *("code", "text", "guid"),
)


class RegistryError(ValueError):
    """`tables.toml` contradicts itself, in one line that names table and column."""


@dataclass(frozen=True)
class Column:
    """A column, as `tables.toml` describes it; that file explains each attribute."""

    name: str
    type: str
    required: bool = False
    refers: str | None = None
    lookup: tuple[str, ...] = ()
    codes: tuple[str, ...] | None = None
    within: str | None = None
    kind: str | None = None
    fold: bool = False
    future: bool = False
    earliest: date | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A file of the release, as `tables.toml` describes it; that file explains each attribute."""

    name: str
    kind: str
    columns: tuple[Column, ...]
    label: str = ""
    also: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    order: tuple[tuple[str, str], ...] = ()
    year: str | None = None
    status: str | None = None
    spare_tabs: bool = False
    code: str | None = None
    describes: str | None = None
    active: str | None = None

    @property
    def file(self) -> str:
        """The file's name in a release."""
        return f"{self.name}.csv"

    def column(self, name: str) -> Column:
        """The column of this name.

        Raises:
            KeyError: the table has none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")


@dataclass(frozen=True)
class Binding:
    """A file's header beside its table.

    Attributes:
        table: the table.
        columns: one for each field of the header, in the header's order. A field that the table
            does not have is a text column of its own name.
        missing: columns of the table that the header does not have.
        added: fields of the header that the table does not have.
        renamed: the header's name of each column found under another name.
        blank: how many nameless fields end the header (tabs too many); they are not in `columns`.
    """

    table: Table
    columns: tuple[Column, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    renamed: Mapping[str, str]
    blank: int = 0


@functools.cache
def tables() -> Mapping[str, Table]:
    """Return every table of a release by name, the main ones first, parents before children.

    Example:
        >>> tables()["A_TblCase"].key
        ('IDNCASE',)
    """
    text = resources.files(__package__).joinpath("tables.toml").read_text("utf-8")
    found = {name: _table(name, entry) for name, entry in tomllib.loads(text).items()}
    for table in found.values():
        _check(table, found)
    return MappingProxyType(found)


def table_of(file: str) -> Table | None:
    """Return the table a file of a release holds, by its name without folders; None if unknown.

    Example:
        >>> table_of("EOIR Case Data/Lookup/TBLLOOKUPGENDER.csv").name
        'tblLookupSex'
        >>> table_of("Count.txt")
    """
    base = PurePosixPath(file.replace("\\", "/")).name.casefold()
    return _by_file().get(base.removesuffix(".csv")) if base.endswith(".csv") else None


def bind(table: Table, header: Sequence[str]) -> Binding:
    """Bind the fields of a header to the columns of a table, by name without regard to case.

    Args:
        table: the table.
        header: the names in the file's first line, in order.

    Raises:
        RegistryError: a name stands twice in the header.

    Example:
        >>> bound = bind(tables()["tblLookupSex"], ["idnSex", "STRCODE", "New"])
        >>> bound.columns[1].name, bound.added, bound.missing[:1]
        ('strcode', ('New',), ('strDescription',))
    """
    names = [name.strip() for name in header]
    blank = 0
    while names and not names[-1]:
        names.pop()
        blank += 1
    known = {name.casefold(): c for c in table.columns for name in (*c.also, c.name)}
    columns: list[Column] = []
    added, renamed, seen = [], {}, set[str]()
    for name in names:
        column = known.get(name.casefold()) or Column(name or f"column{len(columns) + 1}", "text")
        if column.name.casefold() in seen:
            raise RegistryError(f'{table.file}: the header has "{name}" twice')
        seen.add(column.name.casefold())
        columns.append(column)
        if name.casefold() not in known:
            added.append(column.name)
        elif name.casefold() != column.name.casefold():
            renamed[column.name] = name
    missing = tuple(c.name for c in table.columns if c.name.casefold() not in seen)
    return Binding(table, tuple(columns), missing, tuple(added), renamed, blank)


@functools.cache
def _by_file() -> dict[str, Table]:
    """Tables by the names their files go by, folded."""
    return {name.casefold(): t for t in tables().values() for name in (*t.also, t.name)}


def _table(name: str, entry: dict[str, Any]) -> Table:
    """One table of the file."""
    rest = {key: _frozen(value) for key, value in entry.items() if key != "columns"}
    return Table(name, columns=tuple(map(_column, entry["columns"])), **rest)


def _column(entry: dict[str, Any]) -> Column:
    """One column of the file."""
    values = {key: _frozen(value) for key, value in entry.items()}
    if isinstance(values.get("lookup"), str):
        values["lookup"] = (values["lookup"],)
    if "earliest" in values:
        values["earliest"] = date.fromisoformat(values["earliest"])
    return Column(**values)


def _frozen(value: Any) -> Any:
    """A list as a tuple, all the way down."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _check(table: Table, known: Mapping[str, Table]) -> None:
    """Refuse a table that names what does not exist."""
    names = {column.name for column in table.columns}
    used = [*table.key, *table.unique, *(name for pair in table.order for name in pair)]
    used += [name for name in (table.year, table.status, table.code, table.describes) if name]
    used += [column.within for column in table.columns if column.within]
    for name in used:
        if name not in names:
            raise RegistryError(f"tables.toml: {table.name}: there is no column {name}")
    for column in table.columns:
        where = f"tables.toml: {table.name}.{column.name}"
        if column.type not in TYPES:
            raise RegistryError(f'{where}: unknown type "{column.type}"')
        for other in (*column.lookup, *([column.refers] if column.refers else [])):
            if other not in known:
                raise RegistryError(f"{where}: there is no table {other}")
