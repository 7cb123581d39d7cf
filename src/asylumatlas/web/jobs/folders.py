"""The results on the disk: each a whole run folder or nothing, and together no more than fit."""

from __future__ import annotations

import re
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

KEY = re.compile(r"[0-9a-f]{16}")
_ANY = re.compile(
    r"\.?([0-9a-f]{16})(?:\..*)?"
)  # a result, or what an unfinished run has beside it


class Results:
    """The folder of all results.

    Args:
        folder: where they lie; made when the first run begins.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, key: str) -> Path:
        """Return the folder of a run."""
        return self.folder / key

    def is_whole(self, key: str) -> bool:
        """Whether a run is there from the first file to the last."""
        return (self.of(key) / "log.json").is_file()

    def whole(self) -> list[str]:
        """Return the ids of the runs that are there."""
        if not self.folder.is_dir():
            return []
        return sorted(
            each.name
            for each in self.folder.iterdir()
            if KEY.fullmatch(each.name) and self.is_whole(each.name)
        )

    def remove(self, key: str) -> None:
        """Take a run away with all that was kept of it.

        Its log's manifest goes first, so that nobody opens half a log.
        """
        (self.of(key) / "log.json").unlink(missing_ok=True)
        for path in self._of(key):
            _away(path)

    def remove_unfinished(self, key: str) -> None:
        """Take away what an unfinished run has left, unless the run is whole."""
        for path in self._of(key):
            if path.name != key or not self.is_whole(key):
                _away(path)

    def sweep(self, whole: Iterable[str], begun: Iterable[str]) -> None:
        """Take away everything that no job knows, as a server that was killed leaves it.

        Args:
            whole: ids of runs that are done.
            begun: ids of runs that will go on.
        """
        if not self.folder.is_dir():
            return
        done, open_ = set(whole), set(begun)
        for path in self.folder.iterdir():
            match = _ANY.fullmatch(path.name)
            key = match[1] if match else ""
            if key not in open_ and not (key in done and path.name == key):
                _away(path)

    def size(self, key: str) -> int:
        """Return the bytes of a run, finished or not."""
        return sum(_size(path) for path in self._of(key))

    def free(self) -> int:
        """Return the bytes that the disk has left."""
        return shutil.disk_usage(self.folder.parent).free

    def _of(self, key: str) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return [p for p in self.folder.iterdir() if p.name == key or p.name.startswith(f".{key}.")]


def _away(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    total = 0
    for each in [path, *path.rglob("*")]:
        try:
            found = each.lstat()
        except OSError:  # moved meanwhile
            continue
        total += found.st_size if stat.S_ISREG(found.st_mode) else 0
    return total
