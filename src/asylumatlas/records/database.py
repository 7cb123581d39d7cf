"""The DuckDB file of a dataset: views over its Parquet files, for those who want SQL.

It holds no rows but those of `lookups`; deleting it loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from asylumatlas.records.reasons import NOTED, UNREAD
from asylumatlas.records.registry import Column, Table, tables
from asylumatlas.records.storage import WORK, DatasetError, remove, sync

MEMORY = "1GB"


def write_database(folder: Path, names: Sequence[str], *, linked: bool, workers: int = 2) -> Path:
    """Write `records.duckdb`, whole or not at all.

    Its views: one for each table under the table's name; `TABLE_decoded` for each main table that
    has decoded columns, with `COLUMN_text` and `COLUMN_status` (decoded, blank or unknown; null
    where the release does not have the lookup); `values`, `repaired` and `quarantined` over all
    tables, `values` with `kind` (unread: the value is null; noted: it is kept); `lookups`; and of
    the event log `cases` and `events`.

    Args:
        folder: the dataset's folder, an absolute path: the views hold it.
        names: the tables in it.
        linked: whether it holds an event log.
        workers: threads.

    Returns:
        The file.

    Raises:
        DatasetError: DuckDB cannot read a file. OSError: the disk is full or cannot be written.
    """
    target = folder / "records.duckdb"
    scratch = folder / WORK if (folder / WORK).is_dir() else folder
    new = scratch / ".records.duckdb.new"
    try:
        remove(new)
        connection = connect(new, scratch, workers)
        try:
            for statement in statements(folder, names, linked=linked):
                connection.execute(statement)
            connection.execute("CHECKPOINT")
        finally:
            connection.close()
        sync(new)
        new.replace(target)
        sync(folder)
    except duckdb.Error as error:
        raise _in_one_line(target, error) from error
    finally:
        for left in scratch.glob(".records.duckdb.new*"):
            with suppress(OSError):
                remove(left)
    return target


def connect(file: Path | None, scratch: Path, workers: int = 2) -> Any:
    """A DuckDB connection that keeps within its memory and writes nowhere but where it should.

    Args:
        file: the database, in memory if not given.
        scratch: where it may put what does not fit into memory.
        workers: threads.
    """
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "threads": workers,
        "temp_directory": str(scratch / ".duckdb"),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    return duckdb.connect(str(file) if file else ":memory:", config=settings)


def statements(folder: Path, names: Sequence[str], *, linked: bool) -> Iterator[str]:
    """The SQL that makes the database."""
    # A table, not a view: each decoded column joins it.
    yield f"CREATE TABLE lookups AS SELECT * FROM {_read(folder / 'lookups.parquet')}"
    present = set(names)
    for name in names:
        path = folder / "tables" / f"{name}.parquet"
        yield f"CREATE VIEW {_quoted(name)} AS SELECT * FROM {_read(path)}"
        table = tables()[name]
        if table.kind == "main" and (body := _decoded(table, path, present)):
            yield f"CREATE VIEW {_quoted(name + '_decoded')} AS {body}"
    for kind in ("values", "repaired", "quarantined") if names else ():
        more = f", {_kind()} AS kind" if kind == "values" else ""
        yield f"CREATE VIEW {_quoted(kind)} AS {_over_all(folder / kind, names, more)}"
    for name in ("cases", "events") if linked else ():
        parts = sorted((folder / "log" / f"{name}.parquet").glob("*.parquet"))
        if parts:
            yield f"CREATE VIEW {name} AS SELECT * FROM {_read(*parts)}"


def _decoded(table: Table, path: Path, present: set[str]) -> str | None:
    """The query behind `TABLE_decoded`; None if no column of the file has a lookup."""
    held = _columns(path)
    chosen = [column for column in table.columns if column.lookup and column.name in held]
    if not chosen:
        return None
    added, joins = [], []
    for place, column in enumerate(chosen):
        code, text = f"t.{_quoted(column.name)}", _quoted(f"{column.name}_text")
        status = _quoted(f"{column.name}_status")
        if not present.issuperset(column.lookup) or column.within not in {None, *held}:
            blank = f"CASE WHEN {code} IS NULL THEN 'blank' END"
            added.append(f"NULL::VARCHAR AS {text}, {blank} AS {status}")
            continue
        added.append(
            f"c{place}.description AS {text}, CASE WHEN {code} IS NULL THEN 'blank' "
            f"WHEN c{place}.code IS NULL THEN 'unknown' ELSE 'decoded' END AS {status}"
        )
        joins.append(_join(column, place, code))
    return f"SELECT t.*, {', '.join(added)} FROM {_read(path)} t {' '.join(joins)}"


def _join(column: Column, place: int, code: str) -> str:
    """The lookup beside a column; at most one row for each code."""
    where = f"lookup IN ({', '.join(map(_text, column.lookup))})"
    if column.within:
        chosen = f'code, "within", description FROM lookups WHERE {where}'
        chosen += f" AND kind = {_text(column.kind or '')}"
        within = f' AND c{place}."within" = t.{_quoted(column.within)}'
    elif len(column.lookup) > 1:  # a code of both has both meanings: nobody is given a guess
        chosen = "code, string_agg(DISTINCT description, ' / ' ORDER BY description) AS description"
        chosen += f" FROM lookups WHERE {where} GROUP BY code"
        within = ""
    else:
        chosen, within = f"code, description FROM lookups WHERE {where}", ""
    return f"LEFT JOIN (SELECT {chosen}) c{place} ON c{place}.code = {code}{within}"


def _kind() -> str:
    """Whether a value could not be read or was only noted, told from its reason."""
    kinds = {"unread": UNREAD, "noted": NOTED}
    cases = (
        f"WHEN reason IN ({', '.join(map(_text, w))}) THEN {_text(k)}" for k, w in kinds.items()
    )
    return f"CASE {' '.join(cases)} END"


def _over_all(folder: Path, names: Sequence[str], more: str = "") -> str:
    """One view over the files of a kind, the table's name in front; `more`: columns at the end."""
    read = _read(*[folder / f"{name}.parquet" for name in names], more=", filename = true")
    columns = f'parse_filename(filename, true) AS "table", * EXCLUDE (filename){more}'
    return f"SELECT {columns} FROM {read}"


def _columns(path: Path) -> set[str]:
    """Names of the columns in a Parquet file."""
    import pyarrow.parquet as pq

    return set(pq.read_schema(path).names)


def _read(*paths: Path, more: str = "") -> str:
    """A call that reads Parquet files, whatever signs are in their names."""
    # A folder called "year=2020" is no column.
    files = ", ".join(_text(_escaped(path)) for path in paths)
    return f"read_parquet([{files}], hive_partitioning = false{more})"


def _escaped(path: Path) -> str:
    """A path in which no sign stands for others."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in str(path))


def _text(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _in_one_line(file: Path, error: Exception) -> OSError | DatasetError:
    """What DuckDB says, as an error of ours."""
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if isinstance(error, duckdb.IOException):
        import errno

        said = first.replace(str(file.parent), "").casefold()  # a folder may be called anything
        full = "no space left" in said or "not enough space" in said
        return OSError(errno.ENOSPC if full else errno.EIO, first, str(file))
    return DatasetError(f"{file}: DuckDB: {first}")
