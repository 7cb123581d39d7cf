"""Files and folders on a disk that are whole or not there, whatever stops the writing of them."""

from __future__ import annotations

import csv
import io
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

__all__ = ["check_free", "comma_separated", "journal_of", "new_folder", "store_whole"]


def store_whole(path: Path, *parts: Any, flush: bool = True) -> None:
    """Write a file beside its place, then move it there, so that it is whole or absent.

    Args:
        path: where the file goes; its folder is made if it is missing.
        parts: bytes, or any objects with the buffer protocol, one after the other.
        flush: wait until the disk has it. Without, a power cut may leave a file cut short: only
            for files that carry a checksum of their own.

    Raises:
        OSError: it cannot be written; nothing is left behind. It names the file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store_whole(Path(folder, "new", "a.txt"), b"a", b"b")
        ...     [each.read_text() for each in Path(folder, "new").iterdir()]
        ['ab']
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.draft")
    try:
        with draft.open("wb") as file:
            for part in parts:
                file.write(part)
            if flush:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
    except BaseException as error:  # Ctrl-C too
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # a full disk does not say which file it was
        raise


def check_free(folder: Path, failure: Callable[[str], Exception] = ValueError) -> None:
    """Refuse a folder that cannot take a result, before any work is done for it.

    Args:
        folder: where the result is to go: new, or empty.
        failure: makes the error of the room that asks.

    Raises:
        Exception: what `failure` makes: there is something in the folder, it or what it lies in
            is a file, or it is a link to nothing.

    Example:
        >>> check_free(Path("/"))
        Traceback (most recent call last):
        ValueError: /: there is something already; name a new folder
    """
    if folder.is_symlink() and not folder.exists():
        raise failure(f"{folder}: a link that leads nowhere; name another folder")
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise failure(f"{folder}: there is something already; name a new folder")
    above = next(each for each in folder.absolute().parents if each.exists())
    if not above.is_dir():
        raise failure(f"{folder}: {above.name} is a file; name another folder")


def journal_of(folder: Path) -> Path:
    """Return where finished pieces are kept while others are under way: beside the folder.

    Example:
        >>> journal_of(Path("plans", "first")).as_posix()
        'plans/.first.unfinished'
    """
    return folder.parent / f".{folder.name}.unfinished"


@contextmanager
def new_folder(folder: Path, failure: Callable[[str], Exception] = ValueError) -> Iterator[Path]:
    """Give a hidden folder beside a new one to write to, which takes its name when all went well.

    Args:
        folder: new or empty; the folders above it are made if they are missing.
        failure: makes the error of the room that asks, as for `check_free`.

    Yields:
        The folder to write to, which is empty.

    Raises:
        Exception: what `failure` makes, if there is something in the folder.
        OSError: it cannot be written, or somebody has written into it meanwhile. Nothing of ours
            is left then.
    """
    check_free(folder, failure)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.parent / f".{folder.name}.{secrets.token_hex(4)}"
    draft.mkdir()
    try:
        yield draft
        if folder.is_dir():
            folder.rmdir()
        draft.replace(folder)
    except BaseException:  # Ctrl-C too
        shutil.rmtree(draft, ignore_errors=True)
        raise


def comma_separated(rows: Iterable[Mapping[str, Any]]) -> str:
    r"""Return rows as CSV text under the names of all their values; what a row lacks stays empty.

    Example:
        >>> comma_separated([{"a": 1}, {"a": 2, "b": "x,y"}])
        'a,b\n1,\n2,"x,y"\n'
    """
    rows = list(rows)
    held = io.StringIO()
    head = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(held, head, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return held.getvalue()
