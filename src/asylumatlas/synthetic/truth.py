"""The truth file: every defect planted in a synthetic release, where it is and what was there."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

REMOVED = "removed"  # what is expected of a row that the release lacks and the one before had
BATCH = 50_000  # rows held before they are written


class TruthRow(NamedTuple):
    """A planted defect.

    Attributes:
        defect: its number, "D1" to "D26"; `defects.toml` says what each is.
        form: how it was planted, for example "cut" or "value".
        table: the table.
        line: the line of the finished file, the header being line 1; 0 if it is the whole file.
        column: the column; "" if it is the whole line.
        key: the row's own key before; -1 if it has no number.
        written: the field (column given) or the line without its end, as it stands in the file.
        original: what stood there before.
        expect: what a perfect reader reports, several joined by "|" if each is right: quarantined,
            repaired, unread:<reason>, noted:<reason>, counted:<reason>, kept, finding (among what
            the lookups say), file (of the file as a whole), removed (a later release lacks it).
        added: the line is one that the clean release does not have.
    """

    defect: str
    form: str
    table: str
    line: int
    column: str
    key: int
    written: bytes
    original: bytes
    expect: str
    added: bool = False


class TruthWriter:
    """Writes truth rows as they come; the file has its name only once it is whole.

    Args:
        path: the Parquet file.
        release: the name of the release, put beside every row.
    """

    def __init__(self, path: Path, release: str) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path = path
        self.release = release
        self.planted = 0
        self._waiting: list[TruthRow] = []
        self._part = path.with_name(f".{path.name}.part")
        self._writer = pq.ParquetWriter(self._part, _schema(pa), compression="zstd")

    def add(self, rows: Iterable[TruthRow]) -> None:
        """Take rows; they may come in any order."""
        self._waiting.extend(rows)
        if len(self._waiting) >= BATCH:
            self._flush()

    def close(self, keep: bool = True) -> None:
        """Finish the file and give it its name, or remove it if it is not to be kept."""
        if keep:
            self._flush()
        self._writer.close()
        if keep:
            os.replace(self._part, self.path)
        else:
            self._part.unlink(missing_ok=True)

    def __enter__(self) -> TruthWriter:
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        self.close(keep=failed is None)

    def _flush(self) -> None:
        """Write what waits as a row group."""
        import pyarrow as pa

        if not self._waiting:
            return
        columns = dict(zip(TruthRow._fields, zip(*self._waiting, strict=True), strict=True))
        columns["release"] = (self.release,) * len(self._waiting)
        self._writer.write_table(pa.table(columns, schema=_schema(pa)))
        self.planted += len(self._waiting)
        self._waiting.clear()


def read_truth(path: Path) -> list[TruthRow]:
    """Every row of a truth file, in the order written."""
    import pyarrow.parquet as pq

    columns = pq.read_table(path, columns=list(TruthRow._fields)).to_pydict()
    return [TruthRow(*values) for values in zip(*columns.values(), strict=True)]


def _schema(pa: Any) -> Any:
    """The columns of the file."""
    word = pa.string()
    return pa.schema(
        [
            ("defect", word),
            ("form", word),
            ("table", word),
            ("line", pa.int64()),
            ("column", word),
            ("key", pa.int64()),
            ("written", pa.binary()),
            ("original", pa.binary()),
            ("expect", word),
            ("added", pa.bool_()),
            ("release", word),
        ]
    )
