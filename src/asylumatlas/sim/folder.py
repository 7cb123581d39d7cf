"""The folder of a run: a name that nobody else gets, and a whole run or nothing under it."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from asylumatlas.sim.replication import RunError


@contextmanager
def unfinished(stem: str, out: Path | None) -> Iterator[tuple[Path, Path]]:
    """The run's folder, empty, and a hidden one beside it that takes its place at the end.

    The empty folder keeps the name from other runs that start at the same time; both go on any
    failure.

    Args:
        stem: name of the folder within `runs`, numbered if others have it.
        out: the folder itself, new or empty; then `stem` is not used.

    Raises:
        RunError: the folder is not empty or cannot be written, or the disk is full.
    """
    with _disk_errors(Path("runs") if out is None else out):
        folder, is_new = _own_folder(Path("runs") / stem) if out is None else _given_folder(out)
    work = folder.parent / f".{folder.name}.unfinished-{secrets.token_hex(4)}"
    done = False
    try:
        with _disk_errors(folder):
            work.mkdir()
            yield folder, work
            work.rename(folder)  # onto an empty folder; fails if somebody has written into it
            done = True
    finally:
        if not done:
            shutil.rmtree(work, ignore_errors=True)
            if is_new:
                with suppress(OSError):  # a folder in which somebody has written stays
                    folder.rmdir()


def _own_folder(wanted: Path) -> tuple[Path, bool]:
    """A new folder of this name, numbered if others have it; True, as it is new."""
    wanted.parent.mkdir(parents=True, exist_ok=True)
    folder, number = wanted, 2
    while True:
        try:
            folder.mkdir()
        except FileExistsError:
            folder, number = wanted.with_name(f"{wanted.name}-{number}"), number + 1
        else:
            return folder, True


def _given_folder(out: Path) -> tuple[Path, bool]:
    """The folder the caller named, which must be new or empty; and whether it is new."""
    folder = Path(os.path.abspath(out))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{out}: exists and is not empty; name another folder")
    is_new = not folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    return folder, is_new


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    """A disk that is full or cannot be written, as one line with the remedy."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise RunError(
                f"{folder}: no space left to write the run; free some or use --out"
            ) from error
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise RunError(f"{folder}: another run was written there meanwhile") from error
        why = error.strerror or str(error)
        raise RunError(f"{folder}: cannot be written: {why}; use --out") from error
