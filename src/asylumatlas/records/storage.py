"""What makes an import safe to stop at any moment: one writer, and whole files or none.

While an import is unfinished its folder holds `.work`: the lock, what is being written, and one
small file for each table that is done. A table is committed when that file is there.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

WORK = ".work"
"""What a dataset's folder holds only while an import is unfinished."""
LOCK = "lock"
KINDS = ("tables", "values", "repaired", "quarantined")
"""The folders of a dataset that hold one Parquet file for each table."""
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class DatasetError(ValueError):
    """A dataset that cannot be read or written, in one line with the remedy."""


@contextmanager
def locked(folder: Path) -> Iterator[Path]:
    """Be the only import that writes into a folder, which is made if it is new.

    The operating system lets go of the lock when the process ends, however it ends.

    Args:
        folder: the dataset's folder.

    Yields:
        Its `.work`.

    Raises:
        DatasetError: another import is writing there.
    """
    work = folder / WORK
    handle = _lock(work)
    try:
        yield work
    finally:
        handle.close()


def _lock(work: Path) -> IO[bytes]:
    """The lock, held until it is closed."""
    import fcntl

    while True:
        work.mkdir(parents=True, exist_ok=True)
        try:
            handle = (work / LOCK).open("ab")
        except FileNotFoundError:  # the one before has just finished and tidied up
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _same_file(handle, work / LOCK):
                return handle
            handle.close()
        except OSError as error:
            handle.close()
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            raise DatasetError(
                f"{work.parent}: another import is writing into it; wait for it, or name another "
                "folder"
            ) from error


@contextmanager
def scratch(prefix: str, parent: Path) -> Iterator[Path]:
    """A folder to work in, removed at the end; also those that a killed process left there.

    Args:
        prefix: what its name begins with, beginning with a dot.
        parent: the folder it is made in.

    Yields:
        The folder, empty but for its lock.

    Raises:
        OSError: it cannot be made.
    """
    import fcntl

    for left in parent.glob(f"{prefix}*"):
        _remove_left(left)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        with (folder / f".{LOCK}.new").open("wb") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            # Under this name only once it is held, so that no other takes it for a killed one's.
            Path(handle.name).rename(folder / LOCK)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left(folder: Path) -> None:
    """Remove a folder that `scratch` made, unless its process is still there."""
    import fcntl

    with suppress(OSError):  # held, gone meanwhile, or not ours
        number = os.open(folder / LOCK, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(number)


def _same_file(handle: IO[bytes], path: Path) -> bool:
    """Whether the open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    except FileNotFoundError:
        return False


def clear(work: Path) -> None:
    """Remove `.work`, the lock last."""
    for path in work.iterdir():
        if path.name != LOCK:
            remove(path)
    (work / LOCK).unlink(missing_ok=True)
    with suppress(OSError):  # another import has come for the lock, and will find nothing to do
        work.rmdir()


def remove(path: Path) -> None:
    """Remove a file or a folder with all it holds, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_json(path: Path, value: Mapping[str, Any], sync_now: bool = True) -> None:
    """Write a JSON file so that it is there whole or not at all.

    Args:
        path: the file.
        value: what it is to hold.
        sync_now: have it on the disk for good when this returns; else the caller sees to that.

    Raises:
        OSError: the disk is full or cannot be written; then nothing has changed.
    """
    new = path.with_name(f".{path.name}.new")
    try:
        with new.open("w", encoding="utf-8") as file:
            json.dump(value, file, ensure_ascii=False, indent=1)
            file.write("\n")
            file.flush()
            if sync_now:
                os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise
    if sync_now:
        sync(path.parent)


def read_json(path: Path) -> dict[str, Any] | None:
    """A JSON file's object; None if there is no such file.

    Raises:
        DatasetError: the file is something else.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (UnicodeDecodeError, ValueError) as error:
        raise DatasetError(f"{path}: is damaged; remove the folder and import again") from error
    if not isinstance(value, dict):
        raise DatasetError(f"{path}: is damaged; remove the folder and import again")
    return value


def sync(path: Path) -> None:
    """Ask the disk to keep a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_all(path: Path) -> None:
    """Ask the disk to keep a file, or a folder with all it holds."""
    if path.is_dir():
        for inner in path.iterdir():
            sync_all(inner)
    sync(path)


def files_of(folder: Path, table: str) -> list[Path]:
    """The files a folder holds of one table, in the four kinds, rising by name."""
    found = [folder / kind / f"{table}.parquet" for kind in KINDS]
    found += sorted((folder / "quarantined").glob(f"{table}.long-*.bin"))
    return [path for path in found if path.exists()]


def move_tables(staging: Path, folder: Path, names: Iterable[str]) -> None:
    """Move tables' files to where they belong, on the disk for good when this returns."""
    paths = [path for name in names for path in files_of(staging, name)]
    for path in paths:  # many at once: all but the first of them cost next to nothing
        sync(path)
    for path in paths:
        path.replace(folder / path.parent.name / path.name)
    for kind in KINDS:
        sync(folder / kind)


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """A disk that is full or cannot be written or read, as one line with the remedy."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM or "No space left" in str(error):
            raise DatasetError(
                f"{folder}: no space left; free some and import again: what is done is kept"
            ) from error
        what = error.filename or folder
        raise DatasetError(f"{what}: {error.strerror or error}") from error
