"""Drawing lots for rows: what a row gets hangs on its own key, never on where it stands.

So the same row gets the same defect in each release of one history, as in the real ones, and a row
that is added to a later release changes nobody's luck.
"""

from __future__ import annotations

import hashlib
import zlib
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from asylumatlas.records.registry import Table

U = np.uint64
MASK = 2**64 - 1
DIGITS = 10  # of the longest key
Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]
Marks = npt.NDArray[np.uint64]


class Lot:
    """Random numbers one after another from a starting point (SplitMix64: Steele et al. 2014)."""

    def __init__(self, start: int) -> None:
        self._state = start

    def below(self, limit: int) -> int:
        """A whole number from 0 to below `limit`, which is far below 2**64.

        Example:
            >>> lot = Lot(1)
            >>> [lot.below(10) for _ in range(5)]
            [5, 7, 9, 4, 4]
        """
        self._state = (self._state + 0x9E3779B97F4A7C15) & MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        return ((mixed ^ (mixed >> 31)) * limit) >> 64

    def one_of(self, things: Any) -> Any:
        """One of a sequence."""
        return things[self.below(len(things))]


def lot(*names: object) -> Lot:
    """The lot of a name."""
    return Lot(_number(names))


def drawn(marks: Marks, share: float, *names: object) -> tuple[npt.NDArray[np.int64], Marks]:
    """Rows that are drawn, each with a probability of `share`, for a purpose.

    Args:
        marks: (rows,) what tells each row from the others.
        share: 0 to 1.
        names: the purpose; another one draws other rows.

    Returns:
        Their places in order, and for each where its own `Lot` starts.
    """
    places, starts = _below(marks, U(_number(names)), U(int(share * 2**53)))
    return places, starts


@njit(cache=True, nogil=True)
def _below(marks: Marks, base: np.uint64, limit: np.uint64) -> tuple[Any, Any]:
    """Mix each mark with a base; the places of those below the limit of 53 bits, and the bits."""
    places, starts = np.empty(marks.size, np.int64), np.empty(marks.size, np.uint64)
    count = 0
    for i in range(marks.size):
        x = marks[i] * np.uint64(0x9E3779B97F4A7C15) + base
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
        if (x >> np.uint64(11)) < limit:
            places[count], starts[count] = i, x
            count += 1
    return places[:count].copy(), starts[:count].copy()


def marks_of(table: Table, data: Bytes, offsets: Offsets, chunk: int) -> Marks:
    r"""What tells each row from the others: its key, or what stands in it if that is no number.

    Args:
        table: the table.
        data: the bytes of whole lines.
        offsets: where each begins and the last one ends.
        chunk: tells rows of a table without such keys apart.

    Example:
        >>> from asylumatlas.records.registry import tables
        >>> data = np.frombuffer(b"7\tX\r\n12\tY\r\n", np.uint8)
        >>> marks_of(tables()["A_TblCase"], data, np.array([0, 5, 11]), 0).tolist()
        [7, 12]
    """
    if table.columns[0].name not in table.key or table.columns[0].type != "key":
        raw = data.tobytes()
        words = [zlib.crc32(raw[start:end], chunk) for start, end in pairwise(offsets.tolist())]
        return np.array(words, U)
    starts = offsets[:-1]
    keys: Marks = _keys(data, starts)
    return keys


@njit(cache=True, nogil=True)
def _keys(data: Bytes, starts: Offsets) -> Marks:
    """The number that each line begins with, of up to `DIGITS` digits."""
    keys = np.zeros(starts.size, np.uint64)
    for row in range(starts.size):
        for at in range(starts[row], min(starts[row] + DIGITS, data.size)):
            if not 48 <= data[at] <= 57:
                break
            keys[row] = keys[row] * np.uint64(10) + np.uint64(data[at] - 48)
    return keys


def _number(names: tuple[object, ...]) -> int:
    """64 bits that stand for a name."""
    return int.from_bytes(hashlib.blake2b(repr(names).encode(), digest_size=8).digest(), "little")
