"""A file as blocks of whole lines, in memory that does not grow with the file or with a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from asylumatlas.records.reading.scan import LINE_FEED, PADDING
from asylumatlas.records.reading.splitting import line_feeds

BLOCK_BYTES = 8 << 20
LONGEST = 4 << 20  # bytes of a line that may still be a row
WINDOW = 1 << 16  # bytes read or looked at together where a few will do
MOST_LINES = 1 << 18  # of a block: lines may be as short as their end
MOST_ROOMS = 16
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Array = npt.NDArray[np.uint8]


class Source(Protocol):
    """What a file is read from; its `readinto` is used if it has one."""

    def read(self, size: int, /) -> bytes:
        """Return up to so many bytes; none at the end."""


@dataclass(frozen=True)
class Block:
    """Whole lines.

    Attributes:
        data: their bytes, and `PADDING` bytes after them.
        size: how many bytes the lines have.
        ended: whether the last line has a line end.
    """

    data: Array
    size: int
    ended: bool

    @classmethod
    def of(cls, text: bytes | Array, ended: bool = True) -> Block:
        """Make a block of a copy of its text."""
        raw = np.frombuffer(text, np.uint8)
        return cls.in_place(np.concatenate([raw, np.zeros(PADDING, np.uint8)]), len(raw), ended)

    @classmethod
    def in_place(cls, room: Array, size: int, ended: bool = True) -> Block:
        """Make a block of the first bytes of a room, which has `PADDING` more at least."""
        room[size : size + PADDING] = 0
        return cls(room[: size + PADDING], size, ended)


@dataclass(frozen=True)
class LongLine:
    """A line too long to be held, written to a file of its own without its line end.

    Attributes:
        side: the file.
        line_end: "crlf", "lf" or "" when the file ends with the line.
    """

    side: Path
    line_end: str


@dataclass
class Blocks:
    """The lines of a file after the header.

    Attributes:
        source: the file.
        side: names the file that a long line is written to, for the how-manieth one it is.
        block_bytes: about how many bytes a block has.
        longest: lines of more bytes are written to a file of their own.
        header: the first line, without line end; read when the object is made.
        read: bytes read so far.
    """

    source: Source
    side: Callable[[int], Path]
    block_bytes: int = BLOCK_BYTES
    longest: int = LONGEST
    header: bytes = b""
    read: int = 0
    _rest: bytes = field(default=b"", repr=False)
    _rooms: list[Array] = field(default_factory=list, repr=False)
    _long: int = 0

    def __post_init__(self) -> None:
        rest = self._more()
        while b"\n" not in rest and len(rest) <= self.longest:
            more = self._more()
            if not more:
                break
            rest += more
        line, _, self._rest = rest.partition(b"\n")
        self.header = line.removesuffix(b"\r").removeprefix(BYTE_ORDER_MARK)

    def __iter__(self) -> Iterator[Block | LongLine]:
        """Yield the blocks in order; where they end depends on the bytes of the file alone."""
        rest, self._rest = np.frombuffer(self._rest, np.uint8), b""
        while True:
            room = self._room(rest)
            more = self._fill(room[len(rest) : len(rest) + self.block_bytes])
            size = len(rest) + more
            cut = _after_last_line(room[:size])
            if not more and not cut:
                break
            rest = room[cut:size].copy()
            if cut:
                yield from self._blocks(room, cut)
            if len(rest) > self.longest:
                line, after = self._long_line(rest.tobytes())
                yield line
                rest = np.frombuffer(after, np.uint8)
        if len(rest):
            yield Block.of(rest, ended=False)

    def _room(self, rest: Array) -> Array:
        """Memory for a block that begins with these bytes; used before, if there is such."""
        size = len(rest) + self.block_bytes + PADDING
        room = self._rooms.pop() if self._rooms else np.empty(0, np.uint8)
        if len(room) < size:
            room = np.empty(size + self.block_bytes // 16, np.uint8)
        room[: len(rest)] = rest
        return room

    def release(self, block: Block) -> None:
        """Use a block's memory again; the block must not be used any more."""
        if block.data.base is not None and len(self._rooms) < MOST_ROOMS:
            self._rooms.append(block.data.base)

    def _blocks(self, room: Array, size: int) -> Iterator[Block]:
        """Whole lines as one block, or as several where the lines are many."""
        text = room[:size]
        if line_feeds(text) <= MOST_LINES:
            yield Block.in_place(room, size)
            return
        ends = np.flatnonzero(text[:-1] == LINE_FEED)[MOST_LINES - 1 :: MOST_LINES] + 1
        for part in np.split(text, ends):
            yield Block.of(part)

    def _long_line(self, held: bytes) -> tuple[LongLine, bytes]:
        """Write a line to its file as it comes; return it and what follows it."""
        side = self.side(self._long)
        self._long += 1
        with side.open("wb") as file:
            while b"\n" not in held:
                more = self._more()
                if not more:
                    file.write(held)
                    return LongLine(side, ""), b""
                # The last byte may be the first of a line end.
                file.write(memoryview(held)[:-1])
                held = held[-1:] + more
            line, _, rest = held.partition(b"\n")
            file.write(line.removesuffix(b"\r"))
        return LongLine(side, "crlf" if line.endswith(b"\r") else "lf"), rest

    def _more(self) -> bytes:
        """A few of the next bytes of the file; none at its end."""
        room = np.empty(min(self.block_bytes, WINDOW), np.uint8)
        return room[: self._fill(room)].tobytes()

    def _fill(self, room: Array) -> int:
        """Read the next bytes of the file, as many as there is room for unless it ends."""
        view, done = room.data, 0
        readinto = getattr(self.source, "readinto", None)  # spares a copy
        while done < len(view):
            if readinto:
                more = readinto(view[done:])
            else:
                part = self.source.read(len(view) - done)
                more = len(part)
                view[done : done + more] = part
            if not more:
                break
            done += more
        self.read += done
        return done


def _after_last_line(text: Array) -> int:
    """Where the last line end of a text ends; 0 if it has none."""
    for end in range(len(text), 0, -WINDOW):
        start = max(0, end - WINDOW)
        found = np.flatnonzero(text[start:end] == LINE_FEED)
        if len(found):
            return start + int(found[-1]) + 1
    return 0


def header_names(header: bytes) -> list[str]:
    """The names in a header line."""
    raw = header.replace(b"\0", b"")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    return text.split("\t")
