"""The built-in logs: small, of simulated people or made-up records, and labelled so.

They are packed beside this file by ``tools/build_demo.py``, which says how each was made, and are
unpacked once into the app's own folder, where their facts are kept too.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import shutil
import tarfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any

__all__ = ["book", "unpacked"]

_MOST = 200_000_000  # bytes that one file may unpack to


def book() -> Mapping[str, Mapping[str, Any]]:
    """Return what is known of each built-in log: how it was made, its fingerprint, its file.

    Example:
        >>> list(book())
        ['caravan-2018', 'made-up-records']
    """
    text = (files("asylumatlas.web.demo") / "demo.toml").read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, Any]] = tomllib.loads(text)
    return found


def unpacked(home: Path) -> Iterator[tuple[str, Path]]:
    """Yield each built-in log's name and folder, unpacked on first use.

    Args:
        home: the app's own folder.

    Raises:
        OSError: it cannot be written.
    """
    for name, entry in book().items():
        packed = (files("asylumatlas.web.demo") / str(entry["file"])).read_bytes()
        digest = hashlib.sha256(packed).hexdigest()[:16]
        folder = home / "demo" / digest / name
        if not folder.is_dir():
            _unpack(packed, folder)
        yield name, folder


def _unpack(packed: bytes, folder: Path) -> None:
    """Unpack into a folder that is then whole, or not there."""
    draft = folder.parent / f".{folder.name}.{secrets.token_hex(4)}"
    draft.mkdir(parents=True)
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:xz") as archive:
            for member in archive:
                _write(archive, member, draft)
        with suppress(OSError):  # another server was quicker
            os.replace(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Write one plain file of the archive; nothing else, and nowhere else, is written."""
    path = PurePosixPath(member.name)
    if member.isdir():
        return
    if not member.isreg() or path.is_absolute() or ".." in path.parts or member.size > _MOST:
        raise ValueError(f"demo: {member.name}: not a plain file. Install the package again.")
    content = archive.extractfile(member)
    assert content is not None
    target = folder.joinpath(*path.parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        shutil.copyfileobj(content, file)
