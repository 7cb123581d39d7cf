"""Where queries run: DuckDB on the files of facts, or any database that holds the same tables."""

from __future__ import annotations

import atexit
import copy
import os
import shutil
import tempfile
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from asylumatlas.stats.errors import StatsError
from asylumatlas.stats.facts.columns import TABLES
from asylumatlas.stats.tallies import Array, Column, Words

if TYPE_CHECKING:
    from types import TracebackType

    from asylumatlas.stats.facts import Facts

MEMORY = "3GB"
MOST_KEPT = 3  # logs whose facts stay open between questions

POSTGRES_TYPES = {
    "int16": "smallint",
    "int32": "integer",
    "date": "date",
    "text": "text",
    "bool": "boolean",
    "float64": "double precision",
}


class Engine(Protocol):
    """What counts: it is given SQL in its own dialect and returns columns."""

    @property
    def dialect(self) -> str:
        """The dialect of its SQL."""

    @property
    def prefix(self) -> str:
        """What stands before the names of the tables of facts."""

    def columns(self, sql: str) -> dict[str, Column]:
        """Run a query; name -> (N,) numbers or words."""

    def source(self, facts: Facts) -> tuple[str, ...]:
        """Return what was counted: the checksum of the facts' log, or of those of its parts."""


class EngineError(StatsError):
    """An engine that cannot give what it is asked, though the question is sound."""


class DuckDB:
    """DuckDB on the Parquet files of facts: the default, with nothing to set up.

    Args:
        facts: of one log.
        parts: numbers of the parts to count, for a log that is counted in shares; all by default.
        threads: at most; by default one for each processor.
        memory: at most, in DuckDB's words; it goes on in a temporary folder beyond that.
    """

    dialect = "duckdb"
    prefix = ""

    def __init__(
        self,
        facts: Facts,
        parts: Collection[int] | None = None,
        threads: int | None = None,
        memory: str = MEMORY,
    ) -> None:
        import duckdb

        self.parts = None if parts is None else tuple(sorted(set(parts)))
        self._spilled = Path(tempfile.gettempdir()) / f"asylumatlas-{os.getpid()}-{id(self):x}"
        settings: dict[str, Any] = {
            "memory_limit": memory,
            "temp_directory": str(self._spilled),
            "preserve_insertion_order": False,
        }
        if threads:
            settings["threads"] = threads
        self._folder = facts.folder
        self._connection = duckdb.connect(config=settings)
        with self._reading():
            for table in TABLES:
                self._connection.execute(_view(table, self._paths(facts, table)))

    def __enter__(self) -> DuckDB:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection and remove what it wrote."""
        self._connection.close()
        shutil.rmtree(self._spilled, ignore_errors=True)

    def again(self) -> DuckDB:
        """Return a second connection to the same facts, for one thread; closing it costs nothing.

        Memory and threads are those of this one; so is what was read already.
        """
        other = copy.copy(self)
        other._connection = self._connection.cursor()
        other._spilled = self._spilled / "none"  # the first one's, and for it to remove
        return other

    def source(self, facts: Facts) -> tuple[str, ...]:
        """Return the checksum of the log, or one line for each part counted."""
        if self.parts is None:
            return (facts.log,)
        return tuple(f"{facts.log}/{part:05}" for part in self.parts)

    def columns(self, sql: str) -> dict[str, Column]:
        """Run a query; name -> (N,) numbers or words.

        Words come as their places in a list: a million texts would take a second to hand over.
        """
        with self._reading():
            return self._columns(sql)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Say in one line that the facts cannot be read, or that there is no room to count."""
        import duckdb

        try:
            yield
        except (duckdb.OutOfMemoryException, MemoryError) as error:
            raise EngineError("not enough memory or disk to count. Group by less.") from error
        except duckdb.Error as error:
            self.close()
            raise EngineError(
                f"{self._folder}: the facts are damaged. Delete this folder: they are made again."
            ) from error

    def _columns(self, sql: str) -> dict[str, Column]:
        ask = self._connection.execute
        ask(f"CREATE OR REPLACE TEMP TABLE answer AS {sql}")
        described = ask("SELECT name, type FROM pragma_table_info('answer')").fetchall()
        lists: dict[str, tuple[str, ...]] = {}
        parts = []
        for name, kind in described:
            quoted = _quoted(name)
            if kind == "VARCHAR":
                lists[name] = self._words(quoted)
                quoted = f"enum_code({quoted}::{_listed(lists[name])})::INTEGER AS {quoted}"
            parts.append(quoted)
        found = ask(f"SELECT {', '.join(parts)} FROM answer").fetchnumpy()
        ask("DROP TABLE answer")
        return {
            name: _coded(found[name], lists[name]) if name in lists else _plain(found[name])
            for name, _ in described
        }

    def _words(self, column: str) -> tuple[str, ...]:
        """Return the different words of one column of the answer, sorted."""
        ask = f"SELECT DISTINCT {column} FROM answer WHERE {column} IS NOT NULL"
        return tuple(sorted(row[0] for row in self._connection.execute(ask).fetchall()))

    def _paths(self, facts: Facts, table: str) -> list[Path]:
        """Return the files of one table that are to be counted."""
        paths = facts.paths(table)
        if self.parts is None:
            return paths
        chosen = {f"part-{part:05}" for part in self.parts}
        unknown = chosen - {path.stem for path in facts.paths("moments")}
        if unknown:
            raise StatsError(f"parts: {facts.folder} has no {min(unknown)}. See its manifest.")
        return [path for path in paths if path.stem in chosen]


class _Kept:
    """The facts asked last, open: opening them takes longer than most questions."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[tuple[object, ...], DuckDB] = {}

    def take(self, facts: Facts) -> DuckDB:
        """Return a connection to the facts; the caller closes it."""
        folders = [facts.folder / table for table in TABLES]
        made = tuple(each.stat().st_mtime_ns if each.exists() else 0 for each in folders)
        key = (os.getpid(), str(facts.folder), facts.log, made)  # a fork opens its own
        with self._lock:
            found = self._open.pop(key, None) or DuckDB(facts)
            self._open[key] = found  # the youngest is last
            old = [self._open.pop(each) for each in list(self._open)[:-MOST_KEPT]]
            taken = found.again()
        for each in old:
            each.close()
        return taken

    def forget(self, facts: Facts) -> None:
        """Close the facts of a folder, because they cannot be read."""
        with self._lock:
            keys = [key for key in self._open if key[1] == str(facts.folder)]
            gone = [self._open.pop(key) for key in keys]
        for each in gone:
            each.close()

    def close(self) -> None:
        """Close all that is open."""
        with self._lock:
            gone = [each for key, each in self._open.items() if key[0] == os.getpid()]
            self._open.clear()
        for each in gone:
            each.close()


_KEPT = _Kept()
atexit.register(_KEPT.close)


@contextmanager
def kept(facts: Facts) -> Iterator[DuckDB]:
    """Give DuckDB on the facts of one log, which stays open for the next question.

    It may be asked from several threads at once; each gets a connection of its own.

    Args:
        facts: of one log.

    Raises:
        EngineError: the facts cannot be read, or there is no room to count; they are opened anew
            at the next question.
    """
    try:
        with _KEPT.take(facts) as engine:
            yield engine
    except EngineError:
        _KEPT.forget(facts)
        raise


def _view(table: str, paths: Iterable[Path]) -> str:
    """Return SQL that makes a table of Parquet files, empty if there is no file."""
    files = ", ".join("'{}'".format(str(path).replace("'", "''")) for path in paths)
    if files:
        return f"CREATE VIEW {table} AS SELECT * FROM read_parquet([{files}])"
    kinds = {**POSTGRES_TYPES, "float64": "double"}
    names = ", ".join(f'"{column.name}" {kinds[column.type]}' for column in TABLES[table])
    return f"CREATE TABLE {table} ({names})"


def _listed(words: Iterable[str]) -> str:
    """Return the type of a column that holds one of the words."""
    quoted = ["'{}'".format(word.replace("'", "''")) for word in words or [""]]
    return f"ENUM({', '.join(quoted)})"


def _coded(places: Any, words: tuple[str, ...]) -> Words:
    """Return words from their places in a list, masked where not known."""
    return Words(np.ma.filled(places, len(words)).astype(np.int32), words)


def _plain(values: Any) -> Array:
    """Return a column of numbers, which is always known."""
    if np.ma.getmaskarray(values).any():
        raise StatsError("a query gave no number where there must be one. Report this.")
    return np.asarray(values)


class Connection:
    """A database that already holds the tables of facts, through any DB-API connection.

    Args:
        connection: open, from the database's own driver.
        dialect: of its SQL.
        prefix: what stands before the names of the tables.
        shares: what the tables hold, where they hold several logs or a part of one; the facts'
            own log by default.
    """

    def __init__(
        self,
        connection: Any,
        dialect: str = "postgres",
        prefix: str = "",
        shares: Collection[str] = (),
    ) -> None:
        self._connection = connection
        self.dialect = dialect
        self.prefix = prefix
        self._shares = tuple(shares)

    def source(self, facts: Facts) -> tuple[str, ...]:
        """Return the checksums of the logs whose facts the tables hold."""
        return self._shares or (facts.log,)

    def columns(self, sql: str) -> dict[str, Column]:
        """Run a query; name -> (N,) numbers or words."""
        cursor = self._connection.cursor()
        try:
            cursor.execute(sql)
            rows = cursor.fetchall()
            names = [str(item[0]) for item in cursor.description]
        finally:
            cursor.close()
        columns: Iterable[Any] = zip(*rows, strict=True) if rows else [()] * len(names)
        return {name: _typed(values) for name, values in zip(names, columns, strict=True)}


def _typed(values: Iterable[Any]) -> Column:
    """Return a driver's values as a column; parts of dates may come as decimal numbers."""
    found = list(values)
    if any(isinstance(value, float) for value in found):
        return np.array(found, np.float64)
    if found and not any(value is None or isinstance(value, str) for value in found):
        return np.array([int(value) for value in found], np.int64)
    return Words.of(np.array(found, dtype=object))


def load_postgres(facts: Facts, connection: Any, prefix: str = "") -> None:
    """Copy facts into tables of a PostgreSQL database, all or nothing.

    Args:
        facts: of one log.
        connection: from ``pg8000.connect`` (BSD licence).
        prefix: before the names of the tables moments, spells, stays and meters.

    Raises:
        StatsError: if a table of that name exists.
    """
    cursor = connection.cursor()
    try:
        for table in TABLES:
            _create(cursor, table, prefix)
            for path in facts.paths(table):
                _copy(cursor, prefix + table, path)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    finally:
        cursor.close()


def _create(cursor: Any, table: str, prefix: str) -> None:
    """Make an empty table of facts."""
    name = _quoted(prefix + table)
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", (name,))
    if cursor.fetchone()[0]:
        raise StatsError(f"load_postgres: table {name} exists. Drop it, or give another prefix.")
    columns = ", ".join(
        f"{_quoted(column.name)} {POSTGRES_TYPES[column.type]}"
        + ("" if column.nullable else " NOT NULL")
        for column in TABLES[table]
    )
    cursor.execute(f"CREATE TABLE {name} ({columns})")


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def _copy(cursor: Any, table: str, path: Path) -> None:
    """Copy one file of facts, a row group at a time, so that memory stays small."""
    import io

    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            rows = file.read_row_group(group)
            plain = pa.schema([pa.field(f.name, _undictionaried(f.type)) for f in rows.schema])
            text = io.BytesIO()
            options = pyarrow.csv.WriteOptions(include_header=False)
            pyarrow.csv.write_csv(rows.cast(plain), text, options)
            text.seek(0)
            names = ", ".join(_quoted(name) for name in rows.column_names)
            copy = f"COPY {_quoted(table)} ({names}) FROM STDIN WITH (FORMAT csv)"
            cursor.execute(copy, stream=text)


def _undictionaried(kind: Any) -> Any:
    """Return the type of the values themselves."""
    return getattr(kind, "value_type", kind)
