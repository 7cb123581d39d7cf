"""What a Parquet file says about itself: page headers and the footer, in Thrift's compact protocol.

Only what `pages` writes is here. The numbers of fields are those of the format's definition,
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

MAGIC = b"PAR1"
INT32, INT64, TEXT = 1, 2, 6  # physical types
PLAIN, LEVELS, STEPS, DICTIONARY = 0, 3, 5, 8  # encodings
_ZSTD = 6
_AS_TEXT, _AS_DATE = 0, 6  # converted types, for readers of files before logical types
_AS_INTEGER = {16: 16, 32: 17, 64: 18}
_BOOL, _BYTE, _I16, _I32, _I64, _BINARY, _LIST, _STRUCT = 1, 3, 4, 5, 6, 8, 9, 12  # Thrift's types
_MAKER = "asylumatlas"

Header = Callable[[int, int], bytes]
"""From the sizes of a page, raw and compressed, to its header."""
Field = tuple[int, int, bytes]  # number, type, content


@dataclass(frozen=True)
class Kind:
    """A column: its physical type, and how it is to be read."""

    name: str
    type: int
    nullable: bool
    bits: int = 0
    is_date: bool = False


@dataclass
class Chunk:
    """A column of a row group: where it lies in the file, and what is known of its values.

    Attributes:
        at, data_at, end: of its first page, its data page, and the byte after it.
        rows: values, nulls too.
        encoding: of the data page.
        uncompressed: bytes of its pages, headers too.
        bounds: lowest and highest value, as the file writes one.
        nulls: rows without a value.
    """

    at: int
    rows: int
    encoding: int
    data_at: int = 0
    end: int = 0
    uncompressed: int = 0
    bounds: tuple[bytes, bytes] | None = None
    nulls: int = 0


# ---- Thrift


def varint(number: int) -> bytes:
    """A number from 0, seven bits a byte, the lowest first.

    Example:
        >>> varint(300).hex()
        'ac02'
    """
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


def zigzag(number: int) -> int:
    """A number from 0 for any number: twice it, less 1 where it is below 0 (then without sign)."""
    return number << 1 if number >= 0 else (-number << 1) - 1


def _integer(field: int, number: int, kind: int = _I32) -> Field:
    return field, kind, varint(zigzag(number))


def _long(field: int, number: int) -> Field:
    return _integer(field, number, _I64)


def _text(field: int, content: bytes | str) -> Field:
    raw = content.encode() if isinstance(content, str) else content
    return field, _BINARY, varint(len(raw)) + raw


def _struct(*fields: Field) -> bytes:
    """Fields in the order of their numbers, each of which is told as the step from the last."""
    found, last = bytearray(), 0
    for number, kind, content in fields:
        found.append(number - last << 4 | kind)
        found += content
        last = number
    return bytes(found) + b"\0"


def _nested(field: int, *fields: Field) -> Field:
    return field, _STRUCT, _struct(*fields)


def _list(field: int, kind: int, entries: Sequence[bytes]) -> Field:
    size = len(entries)
    start = bytes([size << 4 | kind]) if size < 15 else bytes([0xF0 | kind]) + varint(size)
    return field, _LIST, start + b"".join(entries)


# ---- pages


def data_page(rows: int, encoding: int) -> Header:
    """The header of a page of values."""
    what = _nested(
        5, _integer(1, rows), _integer(2, encoding), _integer(3, LEVELS), _integer(4, LEVELS)
    )
    return lambda raw, small: _struct(_integer(1, 0), _integer(2, raw), _integer(3, small), what)


def dictionary_page(entries: int) -> Header:
    """The header of a page of the values that codes stand for."""
    what = _nested(7, _integer(1, entries), _integer(2, PLAIN))
    return lambda raw, small: _struct(_integer(1, 2), _integer(2, raw), _integer(3, small), what)


# ---- the footer


def ending(
    kinds: Sequence[Kind], groups: Sequence[tuple[int, list[Chunk]]], schema: pa.Schema
) -> bytes:
    """All that comes after the last page.

    Args:
        kinds: the columns.
        groups: rows and columns of each row group.
        schema: as Arrow is to read it.
    """
    root = _struct(_text(4, "schema"), _integer(5, len(kinds)))
    told = base64.b64encode(schema.serialize().to_pybytes())
    by_value = _struct(_nested(1))  # bounds compare as the type does
    footer = _struct(
        _integer(1, 2),
        _list(2, _STRUCT, [root, *map(_element, kinds)]),
        _long(3, sum(rows for rows, _ in groups)),
        _list(4, _STRUCT, [_group(kinds, *group) for group in groups]),
        _list(5, _STRUCT, [_struct(_text(1, "ARROW:schema"), _text(2, told))]),
        _text(6, _MAKER),
        _list(7, _STRUCT, [by_value] * len(kinds)),
    )
    return footer + len(footer).to_bytes(4, "little") + MAGIC


def _element(kind: Kind) -> bytes:
    """A column in the list of all."""
    if kind.type == TEXT:
        converted, logical = _AS_TEXT, _nested(1)
    elif kind.is_date:
        converted, logical = _AS_DATE, _nested(6)
    else:
        converted = _AS_INTEGER[kind.bits]
        is_signed: Field = (2, _BOOL, b"")
        logical = _nested(10, (1, _BYTE, bytes([kind.bits])), is_signed)
    return _struct(
        _integer(1, kind.type),
        _integer(3, int(kind.nullable)),
        _text(4, kind.name),
        _integer(6, converted),
        (10, _STRUCT, _struct(logical)),
    )


def _group(kinds: Sequence[Kind], rows: int, chunks: Sequence[Chunk]) -> bytes:
    """A row group."""
    return _struct(
        _list(1, _STRUCT, [_column(*pair) for pair in zip(kinds, chunks, strict=True)]),
        _long(2, sum(chunk.uncompressed for chunk in chunks)),
        _long(3, rows),
        _long(5, chunks[0].at),
        _long(6, chunks[-1].end - chunks[0].at),
    )


def _column(kind: Kind, chunk: Chunk) -> bytes:
    """A column of a row group."""
    used = sorted({PLAIN, LEVELS, chunk.encoding})
    fields = [
        _integer(1, kind.type),
        _list(2, _I32, [_integer(0, number)[2] for number in used]),
        _list(3, _BINARY, [_text(0, kind.name)[2]]),
        _integer(4, _ZSTD),
        _long(5, chunk.rows),
        _long(6, chunk.uncompressed),
        _long(7, chunk.end - chunk.at),
        _long(9, chunk.data_at),
    ]
    if chunk.data_at > chunk.at:
        fields.append(_long(11, chunk.at))
    if chunk.bounds:
        low, high = chunk.bounds
        fields.append(_nested(12, _long(3, chunk.nulls), _text(5, high), _text(6, low)))
    return _struct(_long(2, 0), _nested(3, *fields))
