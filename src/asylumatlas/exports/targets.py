"""Where an export goes: a file or a folder that is whole or absent."""

from __future__ import annotations

import gzip
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from asylumatlas.exports.selection import ExportError

ABOUT = "about.json"
README = "README.txt"
PARTS = {
    *(ABOUT, README, "datapackage.json", "cases.csv", "events.csv", "table.csv"),
    *("cases.parquet", "events.parquet"),
}
"""Every name that an export's folder can hold."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the day a zip begins with: the same data, the same bytes


def check_target(path: Path, replace: bool) -> None:
    """Refuse a place that is taken, or that may not be replaced.

    Args:
        path: where the export is to go.
        replace: whether an export that lies there may be replaced.

    Raises:
        ExportError: naming the path and the remedy.
    """
    if not path.parent.is_dir():
        raise ExportError(f"{path}: no such folder: {path.parent}. Make it first.")
    if not os.path.lexists(path):
        return
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise ExportError(f"{path}: a device or a pipe, no file. Name a file or a folder.")
    if not replace:
        raise ExportError(f"{path}: exists already. Name another place, or replace it: --replace.")
    if path.is_dir() and not path.is_symlink():
        other = sorted(
            entry.name
            for entry in path.iterdir()
            if entry.name not in PARTS or not entry.is_file()  # a log has folders of such names
        )
        if other:
            raise ExportError(f"{path}: holds {other[0]!r}, no part of an export. Remove it first.")


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.draft")


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a name beside the target to write to, and move it there when all went well.

    Args:
        path: the target, a file or a folder; what lies there is replaced.

    Yields:
        The name to write to; nothing lies there yet.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    draft, old = _draft(path), path.with_name(f".{path.name}.old")
    _remove(draft)
    try:
        yield draft
        _flush(draft)
        if os.path.lexists(path) and (path.is_dir() or draft.is_dir()):
            _remove(old)
            path.rename(old)
        try:
            draft.replace(path)
        except OSError:
            if os.path.lexists(old):
                old.rename(path)
            raise
    except BaseException:  # Ctrl-C too
        _remove(draft)
        raise
    _remove(old)


def _flush(path: Path) -> None:
    """Make sure that a file, or every file of a folder, is on the disk."""
    for name in sorted(path.iterdir()) if path.is_dir() else [path]:
        with name.open("rb") as file:
            os.fsync(file.fileno())


@contextmanager
def opened(path: Path, name: str) -> Iterator[IO[bytes]]:
    """Open a file for bytes; compressed where the target's name ends in ``.gz``.

    Args:
        path: the file to write.
        name: the name it will have.
    """
    with path.open("wb") as file:
        if not name.endswith(".gz"):
            yield file
            return
        with gzip.GzipFile(
            filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0
        ) as packed:
            yield packed  # type: ignore[misc]


class Container:
    """A folder, or a zip where the target's name ends in ``.zip``, that files are put into."""

    def __init__(self, path: Path, name: str) -> None:
        """Make the folder or the zip.

        Args:
            path: where it is written.
            name: the name it will have.
        """
        self._folder = path
        self._zip: zipfile.ZipFile | None = None
        if name.endswith(".zip"):
            self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        else:
            path.mkdir()

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open one file for writing bytes; one at a time."""
        if self._zip is None:
            with (self._folder / name).open("wb") as file:
                yield file
            return
        entry = zipfile.ZipInfo(name, _EPOCH)
        entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
        with self._zip.open(entry, "w", force_zip64=True) as file:
            yield file

    def close(self) -> None:
        """Finish the zip; a folder needs nothing."""
        if self._zip is not None:
            self._zip.close()
