"""Which keys a table has: for keys that come twice, and for rows that refer to no row.

Whole-number keys are bits in pages of a million, so a table of ten million rows takes two
megabytes, and a stray key two thousand million away one page more. Identifiers and pairs of columns
are kept as 64-bit numbers in an open table; above `LARGEST` numbers it lies in a file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from asylumatlas.records.reading.compilation import kernel
from asylumatlas.records.reading.scan import LAST_KEY
from asylumatlas.records.registry import Table, tables

U = np.uint64
Array = npt.NDArray[Any]

PAGE_BITS = 20  # keys to a page, as a power of two
PAGES = 1 << (31 - PAGE_BITS)
LARGEST = 60_000_000  # numbers kept in memory: 0.7 GB
_SPREAD = U(0x9E3779B97F4A7C15)


@kernel
def mark(pages: Array, bits: Array, keys: Array, repeated: Array) -> None:
    """Set the bit of each key, and say which were set before."""
    for i in range(keys.size):
        key = keys[i]
        page = pages[key >> PAGE_BITS]
        at = key & ((1 << PAGE_BITS) - 1)
        bit = U(1) << U(at & 63)
        repeated[i] = (bits[page, at >> 6] & bit) != 0
        bits[page, at >> 6] |= bit


@kernel
def absent(pages: Array, bits: Array, keys: Array, missing: Array) -> None:
    """Say of which keys the bit is not set."""
    for i in range(keys.size):
        key = np.int64(keys[i])
        missing[i] = True
        if key > 0 and key <= LAST_KEY:  # nothing else can be a key
            page = pages[key >> PAGE_BITS]
            at = key & ((1 << PAGE_BITS) - 1)
            missing[i] = page < 0 or (bits[page, at >> 6] & (U(1) << U(at & 63))) == 0


@kernel
def enter(slots: Array, values: Array, repeated: Array) -> int:
    """Put numbers into an open table, say which were there before, and count the new ones."""
    new = 0
    size = U(slots.size)
    for i in range(values.size):
        value = values[i] if values[i] != 0 else U(1)
        slot = (((value * _SPREAD) >> U(32)) * size) >> U(32)
        while slots[slot] != 0 and slots[slot] != value:
            slot += U(1)
            if slot == size:
                slot = U(0)
        repeated[i] = slots[slot] == value
        new += slots[slot] != value
        slots[slot] = value
    return new


@kernel
def unknown(slots: Array, values: Array, missing: Array) -> None:
    """Say which numbers are not in an open table."""
    size = U(slots.size)
    for i in range(values.size):
        value = values[i] if values[i] != 0 else U(1)
        slot = (((value * _SPREAD) >> U(32)) * size) >> U(32)
        while slots[slot] != 0 and slots[slot] != value:
            slot += U(1)
            if slot == size:
                slot = U(0)
        missing[i] = slots[slot] != value


def _is_whole(table: Table) -> bool:
    """Whether rows of a table are told by one whole number."""
    return len(table.key) == 1 and table.column(table.key[0]).type == "key"


class Bitmap:
    """Whole numbers from 1 to 2^31 - 1."""

    def __init__(self) -> None:
        self.pages = np.full(PAGES, -1, np.int32)
        self.bits = np.zeros((1, (1 << PAGE_BITS) // 64), U)
        self.used = 0

    def add(self, keys: Array) -> npt.NDArray[np.bool_]:
        """Add keys; True where an earlier one, here or before, is the same.

        Raises:
            ValueError: one is no key.
        """
        if keys.size and not 0 < keys.min() <= keys.max() <= LAST_KEY:
            raise ValueError(f"keys must be from 1 to {LAST_KEY}, not {keys.min()}, {keys.max()}")
        wanted = np.unique(keys >> PAGE_BITS)
        for page in wanted[self.pages[wanted] < 0]:
            if self.used == len(self.bits):
                room = np.zeros((min(2 * self.used, PAGES), self.bits.shape[1]), U)
                room[: self.used] = self.bits
                self.bits = room
            self.pages[page] = self.used
            self.used += 1
        repeated = np.empty(keys.size, np.bool_)
        mark(self.pages, self.bits, keys, repeated)
        return repeated

    def missing(self, keys: Array) -> npt.NDArray[np.bool_]:
        """Return True where a key is not there."""
        result = np.empty(keys.size, np.bool_)
        absent(self.pages, self.bits, keys, result)
        return result

    def parts(self) -> dict[str, Array]:
        """Return what is saved."""
        return {"pages": self.pages, "bits": self.bits[: max(self.used, 1)]}

    @classmethod
    def of(cls, parts: Any) -> Bitmap:
        """Make one of what was saved."""
        made = cls()
        made.pages, made.bits = parts["pages"], parts["bits"]
        made.used = int(made.pages.max()) + 1
        return made


class NumberSet:
    """Numbers of 64 bits, each standing for an identifier or a pair of values."""

    def __init__(self, overflow: Path | None = None, size: int = 1 << 14) -> None:
        """Make an empty one.

        Args:
            overflow: a file for the table once it holds more than `LARGEST` numbers.
            size: the first number of slots.
        """
        self.overflow = overflow
        self.slots: Array = np.zeros(size, U)
        self.used = 0

    def add(self, values: Array) -> npt.NDArray[np.bool_]:
        """Add numbers; True where an earlier one, here or before, is the same."""
        while 4 * (self.used + values.size) > 3 * self.slots.size:
            kept = self.slots[self.slots != 0]
            self.slots = self._room(self.slots.size * 3 // 2)
            enter(self.slots, kept, np.empty(kept.size, np.bool_))
        repeated = np.empty(values.size, np.bool_)
        self.used += enter(self.slots, values, repeated)
        return repeated

    def missing(self, values: Array) -> npt.NDArray[np.bool_]:
        """Return True where a number is not there."""
        result = np.empty(values.size, np.bool_)
        unknown(self.slots, values, result)
        return result

    def parts(self) -> dict[str, Array]:
        """Return what is saved."""
        return {"slots": self.slots, "used": np.array(self.used)}

    @classmethod
    def of(cls, parts: Any) -> NumberSet:
        """Make one of what was saved."""
        made = cls(size=1)
        made.slots, made.used = parts["slots"], int(parts["used"])
        return made

    def _room(self, size: int) -> Array:
        """An empty table; in the file when it is large, which the system pages in and out."""
        if self.overflow is None or 3 * size < 4 * LARGEST:
            return np.zeros(size, U)
        self.overflow.unlink(missing_ok=True)  # an older table keeps its pages until let go
        made = np.memmap(self.overflow, U, "w+", shape=(size,))
        self.overflow.unlink()
        return made


class KeyStore:
    """The keys of the tables of one import, kept in a folder so that the next call finds them.

    Example:
        >>> import tempfile
        >>> keys = KeyStore(Path(tempfile.mkdtemp()))
        >>> keys.add("A_TblCase", np.array([7, 8, 7])).tolist()
        [False, False, True]
        >>> keys.missing("A_TblCase", np.array([8, 9])).tolist()
        [False, True]
        >>> keys.missing("tblAppeal", np.array([8])) is None
        True
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._held: dict[str, Bitmap | NumberSet] = {}

    def begin(self, table: str) -> None:
        """Forget a table's keys: it is read from its first line."""
        self._held.pop(table, None)
        self._path(table).unlink(missing_ok=True)

    def add(self, table: str, keys: Array) -> npt.NDArray[np.bool_]:
        """Add keys in the order of the lines.

        Args:
            table: the table that has them.
            keys: whole numbers from 1 to 2^31 - 1, or (unsigned) numbers that stand for others.

        Returns:
            True where an earlier line has the same.
        """
        if table not in self._held:
            self._held[table] = self._empty(table, keys.dtype != U)
        return self._held[table].add(keys)

    def _empty(self, table: str, whole: bool) -> Bitmap | NumberSet:
        """Nothing yet of whole numbers, or of numbers that stand for others."""
        return Bitmap() if whole else NumberSet(self.folder / f"{table}.numbers")

    def drop(self, table: str) -> None:
        """Let a table's keys go; what is saved stays."""
        self._held.pop(table, None)

    def load(self, table: str) -> None:
        """Hold a table's keys, if they are here, so that threads may ask at once."""
        if table not in self._held and self._path(table).exists():
            with np.load(self._path(table)) as saved:
                parts = dict(saved)
            kind = Bitmap if "pages" in parts else NumberSet
            self._held[table] = kind.of(parts)

    def known(self, table: str) -> bool:
        """Say whether a table's keys are here."""
        return table in self._held or self._path(table).exists()

    def missing(self, table: str, values: Array) -> npt.NDArray[np.bool_] | None:
        """Say which values are no key of a table; None if that table was not read."""
        self.load(table)
        if table not in self._held:
            return None
        return self._held[table].missing(values)

    def finish(self, table: str) -> None:
        """Save a table's keys if another table refers to them; let them go if not."""
        if any(c.refers == table for other in tables().values() for c in other.columns):
            if table not in self._held:
                self._held[table] = self._empty(table, _is_whole(tables()[table]))
            held = self._held[table]
            part = self._path(table).with_suffix(".part")
            with part.open("wb") as file:
                np.savez(file, allow_pickle=False, **held.parts())
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path(table))
        else:
            self._held.pop(table, None)

    def _path(self, table: str) -> Path:
        """The file of a table's keys."""
        return self.folder / f"{table}.keys"
