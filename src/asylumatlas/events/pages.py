"""Tables as Parquet files, column by column from codes: what a log's columns need and no more.

A log's columns are codes of few words, dates of a few years and sorted numbers. A general writer
looks at each value of each column to find that out; here it is known, so that a file is written in
a few passes of NumPy and one of the compressor: several times as fast, and smaller. The files are
ordinary Parquet (https://parquet.apache.org/docs/file-format/): one page a column and row group, a
dictionary where values are few, and codes in whole bytes, which is what the compressor looks at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.events import footer
from asylumatlas.events.footer import DICTIONARY, INT32, INT64, PLAIN, STEPS, TEXT, Chunk, Kind

if TYPE_CHECKING:
    import pyarrow as pa

NULL = -1
_FEW = 1 << 16  # values of which a dictionary is made
_LEVEL = 1  # of zstd: a simulation writes far more than it reads
_STATISTICS = ("replication", "case_id", "date")  # by which readers leave row groups out


class Pages:
    """A Parquet file in the making.

    Args:
        schema: the names and types of the columns: integers, dates, or text in a dictionary.
        nullable: names of the columns in which a number or date of -1 is null. A code of -1 always
            is, where the schema has nulls.
    """

    def __init__(self, schema: pa.Schema, nullable: Iterable[str]) -> None:
        import pyarrow as pa

        self._schema, self._nullable = schema, frozenset(nullable)
        self._kinds = [_kind(entry) for entry in schema]
        self._codec = pa.Codec("zstd", compression_level=_LEVEL)
        self._sink = pa.BufferOutputStream()
        self._at = self._sink.write(footer.MAGIC)
        self._groups: list[tuple[int, list[Chunk]]] = []
        self.rows = 0

    def add(self, columns: Mapping[str, Any]) -> None:
        """Add rows as one row group.

        Args:
            columns: for each name integers, (codes, words), or `None` for nulls only; all of one
                length, which ``case_id`` has.
        """
        rows = len(columns["case_id"])
        if rows:
            chunks = [self._chunk(kind, columns[kind.name], rows) for kind in self._kinds]
            self._groups.append((rows, chunks))
            self.rows += rows

    def close(self) -> Any:
        """Return the whole file as a buffer."""
        self._write(footer.ending(self._kinds, self._groups, self._schema))
        return self._sink.getvalue()

    def _chunk(self, kind: Kind, values: Any, rows: int) -> Chunk:
        """Write one column of a row group."""
        levels, values = self._levels(kind, values, rows)
        page = _encoded(kind, values)
        chunk = Chunk(self._at, rows, page.encoding)
        if page.words is not None:
            self._page(chunk, footer.dictionary_page(page.entries), page.words)
        chunk.data_at = self._at
        self._page(chunk, footer.data_page(rows, page.encoding), levels + page.data)
        chunk.end = self._at
        if kind.name in _STATISTICS and kind.type != TEXT and len(values):
            low, high = values.min(), values.max()
            number = np.int64 if kind.type == INT64 else np.int32
            chunk.bounds = low.astype(number).tobytes(), high.astype(number).tobytes()
            chunk.nulls = rows - len(values)
        return chunk

    def _levels(self, kind: Kind, values: Any, rows: int) -> tuple[bytes, Any]:
        """Which rows have a value, as the page tells it, and the values of those."""
        if not kind.nullable:
            return b"", values
        if values is None:
            return _sized(_run(0, rows, 1)), _nothing(kind)
        codes = values[0] if isinstance(values, tuple) else values
        if kind.type != TEXT and kind.name not in self._nullable:
            return _sized(_run(1, rows, 1)), values
        there = codes != NULL
        if there.all():
            return _sized(_run(1, rows, 1)), values
        codes = codes[there]
        packed = np.packbits(there, bitorder="little").tobytes()
        levels = _sized(footer.varint(len(packed) << 1 | 1) + packed)
        return levels, (codes, values[1]) if isinstance(values, tuple) else codes

    def _page(self, chunk: Chunk, header: footer.Header, content: bytes) -> None:
        """Compress and write a page."""
        small = self._codec.compress(content, asbytes=True)
        told = header(len(content), len(small))
        chunk.uncompressed += len(told) + len(content)
        self._write(told)
        self._write(small)

    def _write(self, content: bytes) -> None:
        self._at += self._sink.write(content)


@dataclass
class _Page:
    """The content of a column's pages; `words` are the dictionary's, of so many entries."""

    encoding: int
    data: bytes
    words: bytes | None = None
    entries: int = 0


def _encoded(kind: Kind, values: Any) -> _Page:
    """Values, none of them null, as a page."""
    if kind.type == TEXT:
        codes, words = values
        if len(words) > _FEW:
            used, codes = np.unique(codes, return_inverse=True)
            words = [words[k] for k in used.tolist()]
        listed = b"".join(_sized(word.encode()) for word in words)
        return _Page(DICTIONARY, _coded(codes, len(words)), listed, len(words))
    number = np.int64 if kind.type == INT64 else np.int32
    if kind.name != "case_id" and len(values):
        low, high = int(values.min()), int(values.max())
        if high - low < min(_FEW, max(len(values) // 4, 1 << 8)):
            every = np.arange(low, high + 1, dtype=number)
            return _Page(DICTIONARY, _coded(values - low, len(every)), every.tobytes(), len(every))
    if kind.name == "case_id":
        return _Page(STEPS, _in_steps(values.astype(np.int64, copy=False)))
    return _Page(PLAIN, np.ascontiguousarray(values, dtype=number).tobytes())


def _coded(codes: NDArray[Any], words: int) -> bytes:
    """Codes below a number of words, in whole bytes: a width, and one run of all."""
    width = 1 if words <= 1 << 8 else 2 if words <= 1 << 16 else 4
    if len(codes) and codes[0] == codes[-1] and (codes == codes[0]).all():
        return bytes([8 * width]) + _run(int(codes[0]), len(codes), width)
    packed = codes.astype(f"<u{width}").tobytes()
    missing = -len(codes) % 8  # a run is of whole groups of eight
    groups = (len(codes) + missing) // 8
    return bytes([8 * width]) + footer.varint(groups << 1 | 1) + packed + bytes(missing * width)


def _in_steps(values: NDArray[np.int64]) -> bytes:
    """Rising numbers as the first and the steps between them, less the smallest, in whole bytes.

    The format wants blocks of 128 steps in four parts, each with a smallest step and a width of its
    own; here all have the same, so that all blocks are made at once.
    """
    steps = np.diff(values)
    first, least = int(values[0]), int(steps.min(initial=0))
    head = footer.varint(128) + footer.varint(4) + footer.varint(len(values))
    head += footer.varint(footer.zigzag(first))
    if not len(steps):
        return head
    steps -= least
    most = int(steps.max())
    width = next(size for size in (0, 1, 2, 4, 8) if most < 1 << 8 * size)
    start = np.frombuffer(footer.varint(footer.zigzag(least)) + bytes([8 * width] * 4), np.uint8)
    blocks = -(-len(steps) // 128)
    found = np.zeros((blocks, len(start) + 128 * width), np.uint8)
    found[:, : len(start)] = start
    if width:
        padded = np.zeros(blocks * 128, f"<u{width}")
        padded[: len(steps)] = steps
        found[:, len(start) :] = padded.view(np.uint8).reshape(blocks, -1)
    unused = 4 - -(-(len(steps) - 128 * (blocks - 1)) // 32)  # parts of the last block
    if unused:
        found[-1, len(start) - unused : len(start)] = 0
    return head + found.tobytes()[: found.size - unused * 32 * width]


def _run(value: int, times: int, width: int) -> bytes:
    """One value so many times, in `width` bytes."""
    return footer.varint(times << 1) + value.to_bytes(width, "little")


def _sized(content: bytes) -> bytes:
    """Bytes after their number."""
    return len(content).to_bytes(4, "little") + content


def _nothing(kind: Kind) -> Any:
    """A column without a value."""
    none = np.zeros(0, np.int32)
    return (none, []) if kind.type == TEXT else none


def _kind(entry: pa.Field) -> Kind:
    """What the file's footer says of a column."""
    import pyarrow as pa

    known = {pa.int16(): 16, pa.int32(): 32, pa.int64(): 64}
    if pa.types.is_dictionary(entry.type):
        return Kind(entry.name, TEXT, entry.nullable)
    if pa.types.is_date32(entry.type):
        return Kind(entry.name, INT32, entry.nullable, is_date=True)
    bits = known[entry.type]
    return Kind(entry.name, INT64 if bits == 64 else INT32, entry.nullable, bits=bits)
