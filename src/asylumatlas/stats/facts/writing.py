"""Tables of facts as Parquet files, their rows grouped so that a reader can skip most of them."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from asylumatlas.stats.facts.columns import CASE_DIMENSIONS, GROUPED_BY, TABLES, arrow_schema
from asylumatlas.stats.facts.state import Words

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP = 1 << 17
"""Rows of a group at most: as many as one thread of an engine takes at a time."""

_LEVEL = 1  # of zstd


@dataclass
class Counts:
    """How many rows, known values and words were written.

    Attributes:
        rows: table -> rows.
        known: column -> moments in which it is not null.
        words: column -> word -> rows.
        not_judges: moments whose judge was a code that stands for no one judge.
    """

    rows: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    words: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    not_judges: int = 0

    def add(self, other: Counts) -> None:
        """Add what another part has."""
        self.rows.update(other.rows)
        self.known.update(other.known)
        self.not_judges += other.not_judges
        for name, words in other.words.items():
            self.words[name].update(words)

    def count(self, name: str, column: Words) -> None:
        """Count the words of a column."""
        met = np.bincount(column.codes + 1, minlength=len(column.words) + 1)[1:]
        for word, times in zip(column.words, met.tolist(), strict=True):
            if times:
                self.words[name][word] += times


def write_table(
    folder: Path, table: str, number: int, columns: Mapping[str, Any], counts: Counts
) -> None:
    """Write one part of one table, and count what is in it.

    Args:
        folder: the folder of facts.
        table: moments, spells, stays or meters.
        number: the part's number.
        columns: by name, arrays or `Words` of one length; none for an empty table.
        counts: where rows, known values and words are counted.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = arrow_schema(table)
    if columns:
        arrays = [_arrow(columns[field.name], field) for field in schema]
        data = pa.Table.from_arrays(arrays, schema=schema)
    else:
        data = schema.empty_table()
    counts.rows[table] += data.num_rows
    for column in TABLES[table] if columns else ():
        values = columns[column.name]
        if table == "moments":
            counts.known[column.name] += data.num_rows - data[column.name].null_count
        counted = table == "moments" or column.name == GROUPED_BY.get(table)
        if isinstance(values, Words) and counted and column.name not in CASE_DIMENSIONS:
            counts.count(column.name, values)
    path = folder / table / f"part-{number:05d}.parquet"
    path.parent.mkdir(exist_ok=True)
    with pq.ParquetWriter(path, schema, compression="zstd", compression_level=_LEVEL) as writer:
        for start, stop in _groups(columns.get(GROUPED_BY.get(table, "")), data.num_rows):
            writer.write_table(data.slice(start, stop - start), row_group_size=ROW_GROUP)


def _groups(column: Words | None, rows: int) -> list[tuple[int, int]]:
    """Return first and last row of what is written apart."""
    if column is None or not rows:
        return [(0, rows)]
    turns = np.flatnonzero(column.codes[1:] != column.codes[:-1]) + 1
    bounds = [0, *turns.tolist(), rows]
    return list(itertools.pairwise(bounds))


def _arrow(values: Any, kind: pa.Field) -> pa.Array:
    """Return a column as Arrow; below 0 is null where the column may be null."""
    import pyarrow as pa

    if isinstance(values, list):
        return pa.array(
            values, pa.string() if pa.types.is_dictionary(kind.type) else kind.type
        ).cast(kind.type)
    if isinstance(values, Words):
        codes = values.codes.astype(np.int32, copy=False)
        indices = pa.array(codes, pa.int32(), mask=_mask(codes < 0))
        return pa.DictionaryArray.from_arrays(indices, pa.array(list(values.words), pa.string()))
    if pa.types.is_date32(kind.type):
        days = values.astype(np.int32, copy=False)
        return pa.array(days, pa.int32(), mask=_mask(days == np.iinfo(np.int32).min)).cast(
            kind.type
        )
    mask = _mask(values < 0) if kind.nullable else None
    if pa.types.is_boolean(kind.type):
        return pa.array(values.astype(np.bool_, copy=False), kind.type, mask=mask)
    return pa.array(values.astype(kind.type.to_pandas_dtype(), copy=False), kind.type, mask=mask)


def _mask(null: Any) -> Any:
    return null if null.any() else None
