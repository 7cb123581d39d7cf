"""Exports: a log for process-mining tools, and as open data.

OCEL 2.0 (JSON and SQLite), XES, CSV, Parquet and Frictionless data packages, by our own writers.
Each is read and written piece by piece, so that memory does not grow with the log; each is whole or
absent; the same log gives the same bytes; and each says where it is from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asylumatlas.events import Log, open_log
from asylumatlas.events.columns import require_known
from asylumatlas.exports.selection import ExportError, Selection

__all__ = [
    "FORMATS",
    "ExportError",
    "Written",
    "default_name",
    "export",
    "package_table",
    "write",
]

FORMATS = {
    "ocel": ("OCEL 2.0 as JSON, for object-centric process mining.", ".ocel.json"),
    "ocel-sqlite": ("OCEL 2.0 as an SQLite database.", ".ocel.sqlite"),
    "xes": ("XES (IEEE 1849), a trace for each case.", ".xes"),
    "csv": ("Two CSV tables in a folder, or in a zip.", "-csv"),
    "parquet": ("Two Parquet tables in a folder.", "-parquet"),
    "package": ("A Frictionless data package: CSV with its data dictionary.", "-package"),
}
"""Format -> what it is, and how a name given to it by default ends."""


@dataclass(frozen=True)
class Written:
    """What an export wrote.

    Attributes:
        path: the file or the folder.
        format: one of `FORMATS`.
        replication: the simulated world that was exported; 0 for records.
        cases: how many cases are in it.
        events: how many events are in it.
        replaced: characters that the format cannot hold and that became U+FFFD.
    """

    path: Path
    format: str
    replication: int
    cases: int
    events: int
    replaced: int = 0


def export(
    log: Log | str | Path,
    path: str | Path,
    format: str = "ocel",
    replication: int = 0,
    where: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], object] | None = None,
    *,
    replace: bool = False,
    spread: bool = False,
) -> Path:
    """Write a log in another format, and return where it lies.

    Args:
        log: a log, or its folder.
        path: the file or folder to write. A name that ends in ``.gz`` is compressed (ocel, xes);
            one that ends in ``.zip`` is a zip instead of a folder (csv, package).
        format: one of `FORMATS`.
        replication: the number of the simulated world; 0 for records.
        where: column of the cases -> the value, or the list of values, that a case is to have.
        progress: called with the events done so far, and of how many.
        replace: replace an export that lies there.
        spread: put events of one case on one day a second apart, in their order, for tools that
            know the order by time alone (ocel, ocel-sqlite, xes).

    Raises:
        ExportError: the format is unknown, the place is taken, the log has no such replication, or
            no case meets the conditions.
        LogError: the log cannot be read, or a column or word in ``where`` is unknown.
        OSError: the disk is full, or the place cannot be written; nothing is left behind.
    """
    written = write(log, path, format, replication, where, progress, replace=replace, spread=spread)
    return written.path


def write(
    log: Log | str | Path,
    path: str | Path,
    format: str = "ocel",
    replication: int = 0,
    where: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], object] | None = None,
    *,
    replace: bool = False,
    spread: bool = False,
) -> Written:
    """Write a log in another format, as `export` does, and return what was written."""
    from asylumatlas.exports.targets import check_target, whole

    check_format(format)
    target = Path(path)
    opened = log if isinstance(log, Log) else open_log(log)
    selection = Selection(opened, replication, where, spread)
    check_target(target, replace)
    with whole(target) as draft:
        survey, replaced = _write(selection, draft, target.name, format, progress)
    return Written(target, format, replication, survey.cases, survey.events, replaced)


def default_name(log: Log, format: str) -> str:
    """Return the name an export gets if none is given: the log's folder and the format.

    Args:
        log: the log.
        format: one of `FORMATS`.
    """
    folder = log.folder.resolve()
    name = folder.parent.name if folder.name == "log" else folder.name
    return f"{name}{FORMATS[format][1]}"


def check_format(format: str) -> None:
    """Refuse an unknown format.

    Raises:
        ExportError: naming the nearest format.
    """
    try:
        require_known(format, FORMATS, "export", "format")
    except ValueError as error:
        raise ExportError(f"{error} There are {', '.join(FORMATS)}.") from None


def _write(
    selection: Selection, draft: Path, name: str, format: str, progress: Any
) -> tuple[Any, int]:
    if format == "ocel":
        from asylumatlas.exports.ocel import write_json

        return write_json(selection, draft, name, progress), 0
    if format == "ocel-sqlite":
        from asylumatlas.exports.ocel_sqlite import write_sqlite

        return write_sqlite(selection, draft, name, progress), 0
    if format == "xes":
        from asylumatlas.exports.xes import write_xes

        return write_xes(selection, draft, name, progress)
    from asylumatlas.exports import package, plain_files

    writers = {
        "csv": plain_files.write_csv,
        "parquet": plain_files.write_parquet,
        "package": package.write_package,
    }
    return writers[format](selection, draft, name, progress)[0], 0


def package_table(table: Any, folder: str | Path, *, replace: bool = False) -> Path:
    """Write a table of statistics as a Frictionless data package.

    Args:
        table: any object with columns, rows, statistic, definition, sources, caveats and cite.
        folder: the folder, or the zip where the name ends in ``.zip``, to write.
        replace: replace the package that lies there.

    Raises:
        ExportError: the place is taken, or a row has another number of values than columns.
        OSError: it cannot be written.
    """
    from asylumatlas.exports.package import package_table as write_table

    return write_table(table, folder, replace=replace)
