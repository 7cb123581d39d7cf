"""The four Parquet files of a table, written in the order of the lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from asylumatlas.records.reading.portion import Portion

# Types whose neighbours lie close together, or at least take few bits.
CLOSE = (pa.int64(), pa.int32(), pa.int16(), pa.date32(), pa.timestamp("ms"))
GROUP_ROWS = 1 << 16  # of the three small files
GROUP_BYTES = 16 << 20

_NAME = pa.dictionary(pa.int32(), pa.string())
SCHEMAS = {
    "values": pa.schema(
        [
            ("line", pa.int64()),
            ("column", _NAME),
            ("reason", _NAME),
            ("raw", pa.binary()),
            ("key", pa.int64()),
        ]
    ),
    "repaired": pa.schema(
        [
            ("line", pa.int64()),
            ("reason", pa.string()),
            ("before", pa.binary()),
            ("after", pa.binary()),
        ]
    ),
    "quarantined": pa.schema(
        [
            ("line", pa.int64()),
            ("reason", pa.string()),
            ("raw", pa.binary()),
            ("side", pa.string()),
        ]
    ),
}


class _Pieces:
    """A Parquet file whose rows come a few at a time."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.schema = schema
        self.writer = pq.ParquetWriter(
            path, schema, compression="zstd", compression_level=1, write_statistics=["line"]
        )
        self.tables: list[pa.Table] = []
        self.bytes = self.count = 0

    def add_table(self, table: pa.Table) -> None:
        """Add rows."""
        self.tables.append(table)
        self._grown(table.num_rows, table.nbytes)

    def _grown(self, count: int, size: int) -> None:
        """Write what is held if it is enough."""
        self.count += count
        self.bytes += size
        if self.count >= GROUP_ROWS or self.bytes >= GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if self.tables:
            table = pa.concat_tables(self.tables).unify_dictionaries()
            self.writer.write_table(table, row_group_size=max(table.num_rows, 1))
        self.tables, self.count, self.bytes = [], 0, 0


class Outputs:
    """The four files of one table."""

    def __init__(self, folder: Path, table: str) -> None:
        self.folder, self.table = Path(folder), table
        self.main: pq.ParquetWriter | None = None
        self.small: dict[str, _Pieces] = {}
        self.schema = pa.schema([])

    def path(self, kind: str) -> Path:
        """One of the files."""
        return self.folder / kind / f"{self.table}.parquet"

    def long_part(self, number: int) -> Path:
        """Where a long line is written until its line number is known."""
        (self.folder / "quarantined").mkdir(parents=True, exist_ok=True)
        return self.folder / "quarantined" / f"{self.table}.long.{number}.part"

    def begin(self, schema: pa.Schema) -> None:
        """Open the files."""
        for kind in ("tables", *SCHEMAS):
            self.path(kind).parent.mkdir(parents=True, exist_ok=True)
        self.schema = schema
        words = [f.name for f in schema if pa.types.is_dictionary(f.type)]
        close = [f.name for f in schema if f.type in CLOSE]
        self.main = pq.ParquetWriter(
            self.path("tables"),
            schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=words,
            column_encoding=dict.fromkeys(close, "DELTA_BINARY_PACKED"),
            # The least and the greatest text of a block help no query, and take half the time.
            write_statistics=[f.name for f in schema if f.name not in words],
        )
        self.small = {kind: _Pieces(self.path(kind), SCHEMAS[kind]) for kind in SCHEMAS}

    def write(self, part: Portion, first_line: int) -> None:
        """Write the rows of a block, and its values that need a word."""
        assert self.main is not None
        numbers = pa.array(part.sheet.numbers + np.int64(first_line))
        if len(numbers):
            table = pa.Table.from_arrays([numbers, *part.arrays], schema=self.schema)
            self.main.write_table(table, row_group_size=len(numbers))
        self._add("values", part.values(first_line))
        self._add("repaired", part.repaired(first_line))
        refused = part.refused(first_line)
        if refused is not None and "too_long" in refused["reason"].unique().to_pylist():
            self._refuse_each(refused)
        else:
            self._add("quarantined", refused)

    def _add(self, kind: str, table: pa.Table | None) -> None:
        """Write rows of one of the small files."""
        if table is not None:
            self.small[kind].add_table(table)

    def _refuse_each(self, refused: pa.Table) -> None:
        """Write quarantined lines; one that is too long goes to a file of its own."""
        for i, reason in enumerate(refused["reason"].to_pylist()):
            row = refused.slice(i, 1)
            if reason == "too_long":
                line = row["line"][0].as_py()
                part = self.long_part(line)
                part.write_bytes(row["raw"][0].as_buffer())
                self.refuse_long(line, part)
            else:
                self._add("quarantined", row)

    def refuse_long(self, line: int, part: Path) -> None:
        """Name the file of a long line by its line number."""
        side = part.with_name(f"{self.table}.long-{line}.bin")
        part.replace(side)
        row = {"line": [line], "reason": ["too_long"], "raw": [None], "side": [side.name]}
        self._add("quarantined", pa.table(row, schema=SCHEMAS["quarantined"]))

    def finish(self) -> None:
        """Write what is still held."""
        for pieces in self.small.values():
            pieces.flush()

    def close(self) -> None:
        """Close the files, whole or not."""
        for pieces in self.small.values():
            pieces.writer.close()
        if self.main is not None:
            self.main.close()
