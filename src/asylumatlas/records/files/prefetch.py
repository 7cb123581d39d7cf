"""A stream that a thread fills ahead of its reader, so that unpacking and parsing overlap."""

from __future__ import annotations

import io
import threading
from collections import deque
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

__all__ = ["Prefetched"]

AHEAD = 8  # pieces; they are about a megabyte each


class Prefetched(io.BufferedIOBase):
    """Reads pieces of bytes as one stream; a thread takes at most a few of them ahead.

    An error of the pieces is raised by the `read` that would have returned what is missing. The
    thread ends with the pieces, or when the stream is closed or no longer used.

    Args:
        pieces: the bytes, in order.
        ahead: most pieces kept ready.

    Example:
        >>> with Prefetched(iter([b"ab", b"cde"])) as stream:
        ...     stream.read(4), stream.read(4), stream.read(4)
        (b'abcd', b'e', b'')
    """

    def __init__(self, pieces: Iterator[bytes], ahead: int = AHEAD) -> None:
        super().__init__()
        self._ready: deque[memoryview] = deque()  # taken from the thread, not yet read
        self._error: BaseException | None = None
        self._ended = False
        self._line = _Line(ahead)
        # The thread must not hold the stream, or a forgotten stream would never go.
        self._thread = threading.Thread(target=_fill, args=(pieces, self._line), daemon=True)
        self._thread.start()

    def readable(self) -> bool:
        """True."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes: exactly `size` of them unless the stream ends before; all if negative.

        Raises:
            Exception: whatever the pieces raised, again at each further call.
        """
        return b"".join(self._take(-1 if size is None else size))

    def read1(self, size: int = -1, /) -> bytes:
        """The next bytes, as many as are ready and at most `size`; empty at the end."""
        self._wait_for_one()
        if not self._ready:
            return b""
        return b"".join(
            self._take(len(self._ready[0]) if size < 0 else min(size, len(self._ready[0])))
        )

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer with the next bytes; how many there were."""
        view = memoryview(buffer).cast("B")
        done = 0
        for piece in self._take(len(view)):
            view[done : done + len(piece)] = piece
            done += len(piece)
        return done

    def close(self) -> None:
        """End the thread and give everything back; a second call does nothing."""
        if not self.closed:
            self._line.stop()
            if self._thread is not threading.current_thread():
                self._thread.join()
            self._ready.clear()
        super().close()

    def _take(self, size: int) -> Iterator[memoryview]:
        """Views of the next bytes."""
        if self.closed:
            raise ValueError("read of a closed stream")
        while size:
            self._wait_for_one()
            if not self._ready:
                return
            piece = self._ready.popleft()
            if 0 < size < len(piece):
                self._ready.appendleft(piece[size:])
                piece = piece[:size]
            size -= len(piece) if size > 0 else 0
            yield piece

    def _wait_for_one(self) -> None:
        """Have something ready, unless the stream is at its end."""
        while not self._ready and not self._ended:
            if self._error is not None:
                raise self._error
            piece = self._line.get()
            if piece is None:
                self._ended = True
            elif isinstance(piece, BaseException):
                self._error = piece
            elif piece:
                self._ready.append(memoryview(piece))


class _Line:
    """Pieces on their way from the thread to the reader, a limited number at a time."""

    def __init__(self, room: int) -> None:
        self._pieces: SimpleQueue[bytes | BaseException | None] = SimpleQueue()
        self._room = threading.Semaphore(room)
        self._stopped = False

    def put(self, piece: bytes | BaseException | None) -> bool:
        """Add a piece once there is room; False if nobody will take any more."""
        self._room.acquire()
        self._pieces.put(piece)
        return not self._stopped

    def get(self) -> bytes | BaseException | None:
        """The next piece, once there is one."""
        piece = self._pieces.get()
        self._room.release()
        return piece

    def stop(self) -> None:
        """No piece will be taken any more: whoever waits for room need not."""
        self._stopped = True
        self._room.release(2)  # for the piece that waits, and for the end


def _fill(pieces: Iterator[bytes], line: _Line) -> None:
    """Put the pieces on the line, then None or the error that ended them."""
    end: BaseException | None = None
    try:
        for piece in pieces:
            if not line.put(piece):
                break
        if hasattr(pieces, "close"):
            pieces.close()
    except BaseException as error:  # it is the reader's, whatever it is
        end = error
    line.put(end)
