"""The log as CSV and as Parquet: two tables anyone can read, and where they are from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asylumatlas.events import CASE_COLUMNS, EVENT_COLUMNS
from asylumatlas.exports.ocel import Progress
from asylumatlas.exports.provenance import provenance
from asylumatlas.exports.selection import Selection, Survey, plain
from asylumatlas.exports.targets import ABOUT, README, Container

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 100_000


def about_text(told: dict[str, Any]) -> bytes:
    """Return what ``about.json`` holds."""
    return (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode()


def column_meanings(selection: Selection) -> dict[str, list[tuple[str, str, str]]]:
    """Return table -> (name, unit, meaning) of each column, in file order."""
    cases = [(column.name, column.unit, column.meaning) for column in CASE_COLUMNS]
    cases += [(name, "none", extra_meaning(name)) for name in selection.log.manifest.extra]
    return {
        "cases": cases,
        "events": [(column.name, column.unit, column.meaning) for column in EVENT_COLUMNS],
    }


def extra_meaning(name: str) -> str:
    """Say what a further column of the cases is."""
    if name.startswith("snapshot_"):
        return "What the source said last; it is overwritten there, so it is no history."
    return "A further column of the log's maker."


def readme_text(selection: Selection, told: dict[str, Any], how: str) -> bytes:
    """Return a page of plain text: where the data is from and what its columns mean."""
    out = [str(told["title"]), "=" * len(str(told["title"])), ""]
    out += [f"{key}: {value}" for key, value in told.items() if key not in ("title", "caveats")]
    out += ["", *(f"- {caveat}" for caveat in told.get("caveats", [])), "", how]
    for table, columns in column_meanings(selection).items():
        out += ["", table, "-" * len(table)]
        out += [
            f"{name}{'' if unit == 'none' else f' ({unit})'}: {meaning}"
            for name, unit, meaning in columns
        ]
    return ("\n".join(out) + "\n").encode()


CSV_FORM = (
    "The files are CSV as RFC 4180 has it: UTF-8, commas, lines that end in CR LF, a header line; "
    "an empty field is a missing value. Events are sorted by case_id and seq; seq decides the "
    "order of events on one day."
)
PARQUET_FORM = (
    "The files are Parquet with plain types. Events are sorted by case_id and seq; seq decides "
    "the order of events on one day."
)


def write_csv(
    selection: Selection, path: Path, name: str, progress: Progress | None
) -> tuple[Survey, dict[str, Any]]:
    """Write ``cases.csv``, ``events.csv``, ``about.json`` and ``README.txt``.

    Args:
        selection: what is written.
        path: the folder, or the zip, to write; nothing lies there yet.
        name: the name it will have; a zip if that ends in ``.zip``.
        progress: called with the events done and their number.

    Returns:
        What was written, and what ``about.json`` says.

    Raises:
        OSError: it cannot be written.
    """
    box = Container(path, name)
    survey, told = write_csv_tables(selection, box, progress)
    with box.open(ABOUT) as file:
        file.write(about_text(told))
    with box.open(README) as file:
        file.write(readme_text(selection, told, CSV_FORM))
    box.close()
    return survey, told


def write_csv_tables(
    selection: Selection, box: Container, progress: Progress | None
) -> tuple[Survey, dict[str, Any]]:
    """Write the two tables alone; return what was written and where it is from."""
    survey = selection.survey()
    with box.open("cases.csv") as file:
        write_rows(file, selection.columns, _case_rows(selection))
    with box.open("events.csv") as file:
        done = 0
        names = [column.name for column in EVENT_COLUMNS]
        file.write(csv_lines([names]))
        for chunk in selection.chunks():
            columns = [plain(chunk.events.column(column)) for column in names]
            file.write(csv_lines(zip(*columns, strict=True)))
            done += chunk.events.num_rows
            if progress:
                progress(done, survey.events)
    return survey, provenance(selection, survey.cases, survey.events)


def _case_rows(selection: Selection) -> Iterator[Sequence[Any]]:
    for cases in selection.cases():
        for start in range(0, cases.num_rows, _ROWS):
            some = cases.slice(start, _ROWS)
            yield from zip(*(plain(some.column(n)) for n in selection.columns), strict=True)


def write_rows(file: Any, names: Sequence[str], rows: Iterator[Sequence[Any]]) -> None:
    """Write a table as CSV, a batch of rows at a time."""
    from itertools import islice

    file.write(csv_lines([names]))
    while batch := list(islice(rows, _ROWS)):
        file.write(csv_lines(batch))


def csv_lines(rows: Any) -> bytes:
    """Return rows as RFC 4180 has them: quoted where needed, CR LF after each.

    Example:
        >>> csv_lines([["a,b", None, 3]]).decode().rstrip()
        '"a,b",,3'
    """
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def write_parquet(
    selection: Selection, path: Path, name: str, progress: Progress | None
) -> tuple[Survey, dict[str, Any]]:
    """Write ``cases.parquet``, ``events.parquet``, ``about.json`` and ``README.txt``.

    Args:
        selection: what is written.
        path: the folder to write; nothing lies there yet.
        name: the name it will have.
        progress: called with the events done and their number.

    Returns:
        What was written, and what ``about.json`` says.

    Raises:
        OSError: it cannot be written.
    """
    survey = selection.survey()
    told = provenance(selection, survey.cases, survey.events)
    path.mkdir()
    _write_tables(path / "cases.parquet", "cases", selection, told, selection.cases())
    events = _counted(selection, survey.events, progress)
    _write_tables(path / "events.parquet", "events", selection, told, events)
    (path / ABOUT).write_bytes(about_text(told))
    (path / README).write_bytes(readme_text(selection, told, PARQUET_FORM))
    return survey, told


def _counted(selection: Selection, total: int, progress: Progress | None) -> Iterator[pa.Table]:
    done = 0
    for chunk in selection.chunks():
        yield chunk.events
        done += chunk.events.num_rows
        if progress:
            progress(done, total)


def _write_tables(
    path: Path, table: str, selection: Selection, told: dict[str, Any], pieces: Iterator[pa.Table]
) -> None:
    import pyarrow.parquet as pq

    schema = _plain_schema(table, selection, told)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for piece in pieces:
            writer.write_table(piece.cast(schema))


def _plain_schema(table: str, selection: Selection, told: dict[str, Any]) -> pa.Schema:
    """Return the schema with text as text, and with the meaning of each column."""
    import pyarrow as pa

    from asylumatlas.events.columns import arrow_schema

    extra = dict(selection.log.manifest.extra) if table == "cases" else None
    fields = []
    for field, (_, unit, meaning) in zip(
        arrow_schema(table, extra), column_meanings(selection)[table], strict=True
    ):
        kind = pa.string() if pa.types.is_dictionary(field.type) else field.type
        fields.append(
            pa.field(field.name, kind, field.nullable, {"meaning": meaning, "unit": unit})
        )
    return pa.schema(fields, {"about": json.dumps(told, ensure_ascii=False)})
