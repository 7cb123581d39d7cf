"""A file as blocks of whole lines, in memory that does not grow with the file or with a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from asylumatlas.records.scan import PADDING

BLOCK_BYTES = 8 << 20
LONGEST = 4 << 20  # bytes of a line that may still be a row
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Source(Protocol):
    """What a file is read from."""

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

    data: npt.NDArray[np.uint8]
    size: int
    ended: bool

    @classmethod
    def of(cls, *parts: bytes | memoryview, ended: bool = True) -> Block:
        """Make a block of its parts."""
        data = np.frombuffer(b"".join((*parts, bytes(PADDING))), np.uint8)
        return cls(data, data.size - PADDING, ended)


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
        rest, self._rest = self._rest, b""
        while True:
            cut = rest.rfind(b"\n") + 1
            if cut:
                yield Block.of(memoryview(rest)[:cut])
                rest = rest[cut:]
            if len(rest) > self.longest:
                line, rest = self._long_line(rest)
                yield line
                continue
            more = self._more()
            if not more:
                break
            rest = rest + more if rest else more
        if rest:
            yield Block.of(rest, ended=False)

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
        """The next bytes of the file, as many as a block has unless it ends."""
        parts = []
        wanted = self.block_bytes
        while wanted and (part := self.source.read(wanted)):
            parts.append(part)
            wanted -= len(part)
        self.read += self.block_bytes - wanted
        return parts[0] if len(parts) == 1 else b"".join(parts)


def header_names(header: bytes) -> list[str]:
    """The names in a header line."""
    raw = header.replace(b"\0", b"")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    return text.split("\t")
