"""A journal: finished pieces on disk, so that work that was stopped need not be done again."""

from __future__ import annotations

import hashlib
import pickle
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from asylumatlas.disk import store_whole

HEAD = b"asylumatlas piece 1\n"
MISSING = object()
"""What `Journal.load` returns where a piece is not kept, or not whole."""


class Journal:
    """Finished pieces of one piece of work, each a file that is whole or not there.

    A file is moved into place when it is complete and carries the SHA-256 of its content, so a
    piece that was half written when the power went is never used again. Pieces are pickled: keep
    NumPy arrays and plain data in them, and read only journals that you wrote.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     journal = Journal(folder, "the work, seed 1")
        ...     journal.store(0, [1.5, 2.5])
        ...     Journal(folder, "the work, seed 1").load(0)
        ...     len(Journal(folder, "the work, seed 2"))
        [1.5, 2.5]
        0
    """

    def __init__(self, folder: str | Path, key: str) -> None:
        """Open the journal of a piece of work; nothing is written yet.

        Args:
            folder: where journals are kept; several may share it.
            key: all that the results depend on, besides the pieces' numbers: other settings, other
                journal.
        """
        self.key = key
        self.shelf = Path(folder)
        self.folder = self.shelf / hashlib.sha256(key.encode()).hexdigest()[:16]

    def __len__(self) -> int:
        """Pieces kept, by their files' names."""
        return sum(1 for _ in self.folder.glob("*.piece"))

    def path(self, number: int) -> Path:
        """The file of a piece."""
        return self.folder / f"{number:06d}.piece"

    def load(self, number: int) -> Any:
        """A piece's result; `MISSING` where it is not kept, was cut short or was changed."""
        try:
            content = self.path(number).read_bytes()
        except OSError:
            return MISSING
        start = len(HEAD) + 32
        body = memoryview(content)[start:]
        if content[:start] != HEAD + hashlib.sha256(body).digest():
            return MISSING
        return pickle.loads(body)

    def store(self, number: int, result: Any) -> None:
        """Keep a piece's result.

        Raises:
            OSError: it cannot be written; nothing half written is left.
        """
        body = pickle.dumps(result, protocol=5)
        head = HEAD + hashlib.sha256(body).digest()
        store_whole(self.path(number), head, body, flush=False)

    def remove(self) -> None:
        """Take the journal away: the work is finished. Its shelf goes too when it is empty."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):
            self.shelf.rmdir()
