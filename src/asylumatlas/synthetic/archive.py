"""Writing a release as a zip or a folder: members that grow piece by piece, whole or not at all.

Pieces are packed where they are made, in any process, and put one after another: a deflate stream
may be flushed to a whole byte and go on. Members of the largest tables say method 9, Deflate64, as
the real release's do: they are made without matches, and such a stream means the same in both.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

DEFLATE, DEFLATE64 = 8, 9
END_OF_STREAM = b"\x03\x00"  # an empty last block
_MOST32 = 0xFFFFFFFF


class WritingError(ValueError):
    """A release that cannot be written, in one line."""


@dataclass(frozen=True)
class Piece:
    """Part of a member: its packed bytes lie in a file from `start` on.

    Attributes:
        packed: number of packed bytes.
        size, crc: number of unpacked bytes, and their CRC-32.
    """

    start: int
    packed: int
    size: int
    crc: int


def pack(data: bytes | memoryview, method: int | None) -> bytes:
    """The bytes as a part of a deflate stream; as they are if there is no method."""
    if method is None:
        return bytes(data)
    # without matches the stream is the same in Deflate and in Deflate64
    strategy = zlib.Z_HUFFMAN_ONLY if method == DEFLATE64 else zlib.Z_DEFAULT_STRATEGY
    packer = zlib.compressobj(1, zlib.DEFLATED, -15, 8, strategy)
    return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)


class Member:
    """A file of the release as it grows.

    Args:
        path: where its bytes are kept until the release is whole.
        name: its name in the release, with folders.
        method: `DEFLATE`, `DEFLATE64`, or None for a plain file.
    """

    def __init__(self, path: Path, name: str, method: int | None) -> None:
        self.path, self.name, self.method = path, name, method
        self.size = self.packed = self.crc = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb")

    def add(self, data: bytes) -> None:
        """Add bytes that are not packed yet."""
        packed = pack(data, self.method)
        self._file.write(packed)
        self._count(Piece(0, len(packed), len(data), zlib.crc32(data)))

    def append(self, source: BinaryIO, piece: Piece) -> None:
        """Add a piece that lies packed in another file."""
        self._file.flush()
        done = 0
        while done < piece.packed:
            sent = os.sendfile(
                self._file.fileno(), source.fileno(), piece.start + done, piece.packed - done
            )
            if sent == 0:
                raise WritingError(f"{self.name}: a piece is shorter than it said")
            done += sent
        self._file.seek(0, os.SEEK_END)
        self._count(piece)

    def _count(self, piece: Piece) -> None:
        self.crc = combined(self.crc, piece.crc, piece.size)
        self.size += piece.size
        self.packed += piece.packed

    def close(self) -> None:
        """End the stream."""
        if self.method is not None and not self._file.closed:
            self._file.write(END_OF_STREAM)
            self.packed += len(END_OF_STREAM)
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file of a member that will not be finished."""
        with suppress(OSError):  # what is still to be written may find the disk full again
            self._file.close()


def combined(first: int, second: int, size: int) -> int:
    """CRC-32 of bytes whose first part has the CRC `first`, and the other, of `size`, `second`.

    Example:
        >>> combined(zlib.crc32(b"asylum "), zlib.crc32(b"atlas"), 5) == zlib.crc32(b"asylum atlas")
        True
    """
    if size <= 0:
        return first
    power = 0
    while size:
        if size & 1:
            first = _times(_zeros(power), first)
        size >>= 1
        power += 1
    return first ^ second


@functools.cache
def _zeros(power: int) -> list[int]:
    """The matrix that appends 2**power zero bytes to what a CRC is of: times x**8 each."""
    if power:
        return _squared(_zeros(power - 1))
    bit = [0xEDB88320] + [1 << k for k in range(31)]
    return _squared(_squared(_squared(bit)))


def _times(matrix: list[int], vector: int) -> int:
    found = 0
    for row in matrix:
        if vector & 1:
            found ^= row
        vector >>= 1
        if not vector:
            break
    return found


def _squared(matrix: list[int]) -> list[int]:
    return [_times(matrix, row) for row in matrix]


def write_zip(path: Path, members: list[Member], when: tuple[int, int, int]) -> None:
    """Put closed members into one zip.

    Args:
        path: the file.
        members: in order.
        when: year, month and day that they all bear.
    """
    year, month, day = when
    stamp = (0, (max(year, 1980) - 1980) << 9 | month << 5 | day)
    entries = []
    with path.open("wb") as out:
        for member in members:
            offset = out.tell()
            out.write(_local(member, stamp))
            out.flush()
            with member.path.open("rb") as source:
                shutil.copyfileobj(source, out, 1 << 22)
            member.path.unlink()
            entries.append(_central(member, stamp, offset))
        start = out.tell()
        directory = b"".join(entries)
        out.write(directory)
        out.write(_ending(len(entries), len(directory), start))
        out.flush()
        os.fsync(out.fileno())


def _local(member: Member, stamp: tuple[int, int]) -> bytes:
    """The header before a member's bytes."""
    name = member.name.encode("ascii")
    large = max(member.size, member.packed) >= _MOST32
    extra = struct.pack("<HHQQ", 1, 16, member.size, member.packed) if large else b""
    sizes = (_MOST32, _MOST32) if large else (member.packed, member.size)
    version = 45 if large else 21 if member.method == DEFLATE64 else 20
    return (
        struct.pack(
            "<4sHHHHHIIIHH",
            *(b"PK\x03\x04", version, 0, member.method, *stamp),
            *(member.crc, *sizes, len(name), len(extra)),
        )
        + name
        + extra
    )


def _central(member: Member, stamp: tuple[int, int], offset: int) -> bytes:
    """A member's entry in the directory."""
    name = member.name.encode("ascii")
    values = {"size": member.size, "packed": member.packed, "offset": offset}
    large = [value for value in values.values() if value >= _MOST32]
    extra = struct.pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""
    size, packed, offset = (min(value, _MOST32) for value in values.values())
    version = 45 if large else 21 if member.method == DEFLATE64 else 20
    return (
        struct.pack(
            "<4sHHHHHHIIIHHHHHII",
            *(b"PK\x01\x02", version, version, 0, member.method, *stamp),
            *(member.crc, packed, size, len(name), len(extra), 0, 0, 0, 0, offset),
        )
        + name
        + extra
    )


def _ending(entries: int, size: int, start: int) -> bytes:
    """The end of the directory, with its zip64 form where the numbers need it."""
    more = b""
    if start >= _MOST32 or size >= _MOST32 or entries >= 0xFFFF:
        more = struct.pack(
            "<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, size, start
        )
        more += struct.pack("<4sIQI", b"PK\x06\x07", 0, start + size, 1)
    counts = min(entries, 0xFFFF)
    ends = (min(size, _MOST32), min(start, _MOST32))
    return more + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, counts, counts, *ends, 0)


@contextmanager
def unfinished(out: Path) -> Iterator[Path]:
    """A work folder beside `out`, removed at the end whatever happens.

    Raises:
        WritingError: `out` is there already, or its folder is not.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise WritingError(f"{out}: is there already; remove it or give another name")
    if not out.parent.is_dir():
        raise WritingError(f"{out}: there is no folder {out.parent}; make it first")
    _remove_leftovers(out)
    work = out.parent / f".{out.name}.{os.getpid()}.part"
    work.mkdir()
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _remove_leftovers(out: Path) -> None:
    """Remove the work folders for `out` of processes that were killed."""
    for left in out.parent.iterdir():
        named = re.fullmatch(re.escape(f".{out.name}.") + r"(\d+)\.part", left.name)
        if named and left.is_dir() and not _runs(int(named[1])):
            shutil.rmtree(left, ignore_errors=True)


def _runs(process: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # another user's
        return True
    return process > 0
