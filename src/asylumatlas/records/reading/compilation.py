"""Compiled kernels of the records, kept in a folder of their own version.

The simulator keeps its kernels the same way (`asylumatlas.sim.compilation`), by a setting of the
whole process. Here the folder is named only while a kernel is defined, so the two never meet.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

KERNELS = ("scan", "splitting", "interning", "keys")


def kernel(function: Function) -> Function:
    """Compile a function on its first call, free of the interpreter's lock, and keep the result.

    A kernel may use constants and kernels of its own file and of the files of `KERNELS` only: a
    change in any of these compiles it anew.

    Example:
        >>> @kernel
        ... def double(value):
        ...     return 2 * value
        >>> double(21)
        42
    """
    from numba import config, njit

    kept = config.CACHE_DIR
    config.CACHE_DIR = kept if _named_by_user(kept) else _folder(function.__code__.co_filename)
    try:
        # A kernel allocates nothing: without the counting of references its calls cost far less.
        cached = Path(function.__code__.co_filename).is_file()
        compiled: Function = njit(cache=cached, nogil=True, error_model="numpy", _nrt=False)(
            function
        )
        return compiled
    finally:
        config.CACHE_DIR = kept


def _named_by_user(folder: str) -> bool:
    """Whether the user has told Numba a folder; the simulator's own is not the user's."""
    return bool(folder) and not Path(folder).name.startswith("kernels-")


@functools.cache
def _folder(file: str) -> str:
    """The folder for this version of a file's kernels, under the user's cache folder."""
    here = Path(__file__).parent
    digest = hashlib.blake2b(digest_size=8)
    for path in (*(here / f"{name}.py" for name in KERNELS), Path(file)):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    try:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    except RuntimeError:  # no home: Numba's own places will do
        return ""
    return str(Path(base) / "asylumatlas" / f"kernels-records-{digest.hexdigest()}")
