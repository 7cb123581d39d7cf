"""The texts of a column and block: blanks taken off, bytes made characters, codes looked up."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from asylumatlas.records.reading import scan
from asylumatlas.records.reading.columns import pieces
from asylumatlas.records.reading.interning import ENDS_BLANK, NO_ASCII, NO_GUID, QUOTE, digest
from asylumatlas.records.registry import Column

Array = npt.NDArray[Any]

FEW_PAIRS = 1 << 20

GUID = re.compile(rb"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
# Windows-1252 as browsers read it: the five bytes that it leaves open are control characters.
_WINDOWS = "".join(
    bytes([byte]).decode("cp1252") if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(byte)
    for byte in range(256)
)


def decoded(raw: bytes) -> tuple[str, bool]:
    r"""Return bytes as characters, and whether they are UTF-8; else they are read as Windows-1252.

    Example:
        >>> decoded(b"San Jos\xe9")
        ('San José', False)
    """
    try:
        return raw.decode("utf-8"), True
    except UnicodeDecodeError:
        return codecs.charmap_decode(raw, "strict", _WINDOWS)[0], False


@dataclass
class Texts:
    """A text column in a block.

    Attributes:
        column: the column.
        codes: for each row, its text's place in `values`; 0 where there is none.
        status: for each row, what became of the value.
        array: the distinct texts, in the order in which they first come.
        foreign: rows whose bytes are not UTF-8.
        counted: by reason, how often each form came.
        numbers: of an identifier, a number for each distinct text.
    """

    column: Column
    codes: Array
    status: Array
    array: pa.Array
    foreign: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    counted: dict[str, dict[str, int]] = field(default_factory=dict)
    numbers: Array | None = None
    _values: list[str] | None = None

    @property
    def values(self) -> list[str]:
        """The distinct texts."""
        if self._values is None:
            self._values = self.array.to_pylist()
        return self._values

    def unknown(self, codes: frozenset[str]) -> Array:
        """Return the rows whose text is none of the codes."""
        strange = np.array([value not in codes for value in self.values], np.bool_)
        return self.where(strange)

    def where(self, chosen: Array) -> Array:
        """Return the rows whose text is one of those chosen (one truth value for each text)."""
        if not chosen.any():
            return np.zeros(0, np.int64)
        return np.flatnonzero(chosen[self.codes] & (self.status == scan.READ))

    def unknown_within(
        self, other: Texts, decides: Callable[[str, str, str], bool], kind: str
    ) -> Array:
        """Return the rows whose text is no code beside the other column's text.

        Args:
            other: the column that the code is decoded by; a blank counts as "".
            decides: says whether a code of a kind is known beside a text.
            kind: the kind.
        """
        rows = np.flatnonzero(self.status == scan.READ)
        beside = np.where(other.status[rows] == scan.READ, other.codes[rows] + 1, 0)
        width = max(len(self.values), 1)
        pairs = beside.astype(np.int64) * width + self.codes[rows]
        names = ["", *other.values]
        if len(names) * width <= FEW_PAIRS:  # a table of all pairs is quicker than sorting them
            strange = np.zeros(len(names) * width, np.bool_)
            for pair in np.flatnonzero(np.bincount(pairs)).tolist():
                strange[pair] = not decides(names[pair // width], self.values[pair % width], kind)
            return rows[strange[pairs]]
        found, which = np.unique(pairs, return_inverse=True)
        odd = [
            not decides(names[pair // width], self.values[pair % width], kind)
            for pair in found.tolist()
        ]
        return rows[np.array(odd, np.bool_)[which]]

    def hashes(self) -> Array:
        """A number of 32 bits for each distinct text."""
        return np.array([zlib.crc32(value.encode()) for value in self.values], np.uint64)


def read_texts(
    column: Column, data: Array, starts: Array, sizes: Array, flags: Array, codes: Array,
    status: Array,
) -> Texts:  # fmt: skip
    """Make characters of the distinct texts of a column.

    Args:
        column: the column.
        data: the block.
        starts: where each distinct text stands.
        sizes: how long it is.
        flags: what is special about it.
        codes: for each row, its text's number.
        status: for each row, what became of the value; blanks and bad identifiers are entered.
    """
    guid = column.type == "guid"
    minded = NO_ASCII | ENDS_BLANK | QUOTE | (NO_GUID if guid else 0)
    if column.fold or (flags & minded).any():
        texts = _careful(column, data, starts, sizes, flags & minded, codes, status)
        texts.numbers = _numbers_of(texts) if guid else None
        return texts
    texts = Texts(column, codes, status, pieces(data, starts, sizes, pa.string()))
    if guid:
        texts.numbers = np.empty(len(starts), np.uint64)
        digest(data, starts, texts.numbers)
    return texts


def _numbers_of(texts: Texts) -> Array:
    """The numbers of identifiers that do not stand in the block as they are."""
    joined = "".join(texts.values).encode("ascii") + bytes(scan.PADDING)
    data = np.frombuffer(joined, np.uint8)
    numbers = np.empty(len(texts.values), np.uint64)
    digest(data, np.arange(0, 36 * len(numbers), 36, dtype=np.int32), numbers)
    return numbers


@dataclass(frozen=True)
class _Reading:
    """What one distinct text is: the text (None: blank or no identifier), and what it showed."""

    text: str | None
    status: int = scan.READ
    foreign: bool = False
    counted: tuple[tuple[str, str], ...] = ()


def _reading(column: Column, raw: bytes) -> _Reading:
    """Read one distinct text."""
    trimmed = raw.rstrip(b" ")
    if not trimmed:
        return _Reading(None, scan.BLANK)
    if column.type == "guid" and not GUID.fullmatch(trimmed):
        return _Reading(None, scan.NOT_A_GUID)
    text, clean = decoded(trimmed)
    counted = []
    if len(trimmed) < len(raw):
        counted.append(("padded", text + " " * (len(raw) - len(trimmed))))
    if '"' in text:
        counted.append(("quoted", text))
    if column.fold and text != text.casefold():
        counted.append(("letter_case", text))
        text = text.casefold()
    return _Reading(text, scan.READ, not clean, tuple(counted))


def _careful(
    column: Column, data: Array, starts: Array, sizes: Array, flags: Array, codes: Array,
    status: Array,
) -> Texts:  # fmt: skip
    """Read every distinct text by itself, and make one of those that come out the same."""
    raws = pieces(data, starts, sizes).to_pylist()
    minded = range(len(raws)) if column.fold else np.flatnonzero(flags).tolist()
    readings = {i: _reading(column, raws[i]) for i in minded}
    place: dict[str, int] = {}
    renumbered = np.zeros(max(len(raws), 1), np.int32)
    for i, raw in enumerate(raws):
        text = readings[i].text if i in readings else raw.decode("ascii")
        if text is not None:
            renumbered[i] = place.setdefault(text, len(place))
    read = status == scan.READ
    times = np.bincount(codes[read], minlength=len(raws))
    became = np.full(max(len(raws), 1), scan.READ, np.uint8)
    foreign = np.zeros(max(len(raws), 1), np.bool_)
    counted: dict[str, dict[str, int]] = {}
    for i, reading in readings.items():
        became[i] = reading.status
        foreign[i] = reading.foreign
        for reason, form in reading.counted:
            forms = counted.setdefault(reason, {})
            forms[form] = forms.get(form, 0) + int(times[i])
    status[read] = became[codes[read]]
    return Texts(
        column,
        np.where(status == scan.READ, renumbered[codes], 0).astype(np.int32),
        status,
        pa.array(list(place), pa.string()),
        np.flatnonzero(foreign[codes] & read) if foreign.any() else np.zeros(0, np.int64),
        counted,
    )
