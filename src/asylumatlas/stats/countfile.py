"""Files of counts: what a shard's machine sends, distrusted until every column has been looked at.

The same counts give the same bytes. A file that was cut short, edited, or made by another layout
is refused in one line; what it says is never repaired.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from asylumatlas.stats import periods, queries
from asylumatlas.stats.errors import StatsError
from asylumatlas.stats.question import Question
from asylumatlas.stats.tallies import Array, Column, Words

FORMAT = 1
NUMBERS = ("replication", "days", "day", "change", *periods.UNITS)
"""Keys that are whole numbers; ``amount`` is a number, and every other key is words."""

_BOOK = b"asylumatlas.counts"


def write(path: Path, book: Mapping[str, Any], columns: Mapping[str, Column]) -> None:
    """Write a file of counts, whole or not at all.

    Args:
        path: of the file.
        book: what they are counts of, as plain data.
        columns: name -> (N,) words or numbers.

    Raises:
        StatsError: something else than a file lies there.
        OSError: it cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet

    from asylumatlas.disk import store_whole

    if path.exists() and not path.is_file():
        raise StatsError(f"{path}: a folder, a device or a pipe. Name a file.")
    text = json.dumps({"format": FORMAT, **book}, sort_keys=True).encode()
    arrays = {name: _arrow(column) for name, column in columns.items()}
    table = pa.table(arrays).replace_schema_metadata({_BOOK: text})
    sink = pa.BufferOutputStream()
    pyarrow.parquet.write_table(table, sink, compression="zstd")
    store_whole(path, sink.getvalue().to_pybytes())


def read(path: str | Path) -> tuple[dict[str, Any], dict[str, Column]]:
    """Return what `write` wrote: the book, its question and days read, and the columns.

    Raises:
        StatsError: the file is missing, or holds anything but counts of this layout.
    """
    import pyarrow as pa
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(str(path), partitioning=None)
    except (OSError, pa.ArrowException) as error:
        raise StatsError(f"{path}: cannot be read as Parquet. Count again.") from error
    text = (table.schema.metadata or {}).get(_BOOK)
    if text is None:
        raise StatsError(f"{path}: holds no counts. Name a file that was counted.")
    try:
        said = json.loads(text)
        layout = said["format"]
        book = _book(said) if layout == FORMAT else {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, "what it says of itself cannot be read") from error
    if layout != FORMAT:
        raise StatsError(f"{path}: layout {layout}, this is {FORMAT}. Count again.")
    names = (*book["keys"], *book["measures"])
    if table.column_names != list(names):
        raise _damaged(path, "its columns are not those of its question")
    try:
        columns = {name: _column(name, table[name].combine_chunks()) for name in names}
    except (ValueError, TypeError, pa.ArrowException) as error:
        raise _damaged(path, f"{error}") from error
    _check(path, book, columns)
    return book, columns


def _damaged(path: str | Path, what: str) -> StatsError:
    return StatsError(f"{path}: damaged: {what}. Count again.")


def _book(said: Any) -> dict[str, Any]:
    """Return the book with its question and its days read."""
    question = Question.read(str(said["question"]))
    kind = str(said["kind"])
    begins = said.get("begins")
    if not (isinstance(said["sources"], list) and said["sources"]):
        raise ValueError("no source")
    sampled = float(said.get("sampled", 1.0))
    if not 0 < sampled <= 1:
        raise ValueError("sampled is no share")
    return {
        "kind": kind,
        "definition": str(said["definition"]),
        "rule": str(said["rule"]),
        "sources": tuple(map(str, said["sources"])),
        "question": question,
        "as_of": date.fromisoformat(said["as_of"]),
        "begins": date.fromisoformat(begins) if begins else None,
        "keys": tuple(said["keys"]),
        "measures": queries.MEASURES[kind],
        "sampled": sampled,
    }


def _check(path: str | Path, book: Mapping[str, Any], columns: Mapping[str, Column]) -> None:
    """Raise unless the counts could be counts of their question."""
    asked = queries.keys(book["kind"], book["question"].by)
    if book["keys"] != asked:
        raise _damaged(path, "its columns are not those of its question")
    counted = [np.asarray(columns[name]) for name in book["measures"]]
    if any((values < 0).any() for values in counted):
        raise _damaged(path, "a count is below 0")
    if len(counted) == 2 and (counted[0] > counted[1]).any():
        raise _damaged(path, "a numerator is above its denominator")


def _arrow(column: Column) -> Any:
    """Return a column for a file."""
    import pyarrow as pa

    if not isinstance(column, Words):
        return pa.array(column)
    missing = column.codes == len(column.words)
    codes = pa.array(column.codes, pa.int32(), mask=missing)
    return pa.DictionaryArray.from_arrays(codes, pa.array(column.words, pa.string()))


def _column(name: str, values: Any) -> Column:
    """Return a column of a file.

    Raises:
        ValueError: it does not hold what a column of this name holds.
    """
    import pyarrow as pa

    measures = {measure for names in queries.MEASURES.values() for measure in names}
    if name in measures or name in NUMBERS or name == "amount":
        found: Array = np.asarray(values.to_numpy(zero_copy_only=False))
        whole = pa.types.is_integer(values.type)
        if values.null_count or not (whole or (name == "amount" and found.dtype.kind == "f")):
            raise ValueError(f"{name} is not whole numbers")
        return found
    if not pa.types.is_dictionary(values.type):
        raise ValueError(f"{name} is not words")
    words = tuple(values.dictionary.to_pylist())
    if list(words) != sorted(set(words)):
        raise ValueError(f"the words of {name} are not sorted")
    codes = values.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)
    return Words(codes.astype(np.int32), words)
