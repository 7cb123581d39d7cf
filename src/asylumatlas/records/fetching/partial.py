"""A download while it is not whole: its bytes in `OUT.part`, what they are in `OUT.part.json`."""

from __future__ import annotations

import errno
import json
import os
from io import FileIO
from pathlib import Path
from typing import Any

from asylumatlas.records.fetching.server import FetchError, Version
from asylumatlas.records.storage import NO_ROOM, write_json

__all__ = ["Part", "about_of", "json_of"]


class Part:
    """The file while it is not whole, with the version it is part of; one process at a time."""

    def __init__(self, out: Path, url: str) -> None:
        self.path = out.with_name(f"{out.name}.part")
        self.about = out.with_name(f"{out.name}.part.json")
        self.version = Version()
        self.size = 0
        self._url = url

    def __enter__(self) -> Part:
        self._stream = _open_alone(self.path)
        try:
            self.size = os.fstat(self._stream.fileno()).st_size
            about = json_of(self.about)
            if about.get("url") == self._url:
                facts = (about.get(key) for key in ("etag", "last_modified", "length"))
                self.version = Version(*facts)
            elif self.size:
                self.begin(Version())
        except BaseException:
            self._stream.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if not os.fstat(self._stream.fileno()).st_size:  # nothing worth going on from
            self.remove()
        self._stream.close()  # last: until now no other process could have the part

    def begin(self, version: Version) -> None:
        """Forget every byte; the next ones are of this version."""
        self._stream.truncate(0)
        self.size = 0
        self.version = version
        self.describe({})

    def describe(self, more: dict[str, Any]) -> None:
        """Write down what the part is."""
        version = {key: getattr(self.version, key) for key in ("etag", "last_modified", "length")}
        write_json(self.about, {"url": self._url, **version, **more})

    def write(self, piece: bytes) -> None:
        """Append bytes.

        Raises:
            FetchError: the disk is full.
        """
        left = memoryview(piece)
        try:
            while left:
                done = self._stream.write(left)
                self.size += done
                left = left[done:]
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            raise FetchError(
                f"{self.path}: the disk is full; {self.size:,} bytes are kept, make room and fetch "
                "again to go on from there"
            ) from error

    def sync(self) -> None:
        """Have every byte on the disk."""
        os.fsync(self._stream.fileno())

    def remove(self) -> None:
        """Remove the part."""
        self.path.unlink(missing_ok=True)
        self.about.unlink(missing_ok=True)


def about_of(out: Path) -> Path:
    """Where it is written down what a fetched file is."""
    return out.with_name(f"{out.name}.json")


def json_of(path: Path) -> dict[str, Any]:
    """A JSON object from a file; empty where there is none."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _open_alone(path: Path) -> FileIO:
    """Open a file to append to it, as the only process that does.

    Raises:
        FetchError: another process has it open.
    """
    import fcntl

    while True:
        stream = FileIO(path, "ab")
        try:
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(stream.fileno()), path.stat()):
                return stream
        except FileNotFoundError:
            pass  # the process before has just finished it
        except OSError as error:
            stream.close()
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            raise FetchError(
                f"{path}: another fetch is writing it; wait for that, or give another --out"
            ) from error
        stream.close()
