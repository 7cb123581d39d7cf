"""Where compiled kernels are kept: one folder per version of their sources.

Numba's own cache looks at the file a function stands in, not at the constants it takes from other
files, so a changed table layout would meet a kernel compiled for the old one. Here all kernel
sources together name the folder: any change compiles anew, and an upgrade never meets old code.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

DAY_KERNEL = ("tables", "randomness", "buckets", "tokens", "moves", "engine", "books")
CONTINUOUS_KERNEL = ("durations", "continuous_kernel")
COUNTING_KERNEL = ("tallies", "telling")
KERNELS = DAY_KERNEL + CONTINUOUS_KERNEL + COUNTING_KERNEL


def cache_folder() -> Path:
    """The folder for this version of the kernels, under the user's cache folder."""
    here = Path(__file__).parent
    digest = hashlib.blake2b(digest_size=8)
    for name in KERNELS:
        digest.update(name.encode() + (here / f"{name}.py").read_bytes())
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "asylumatlas" / f"kernels-{digest.hexdigest()}"


def use_cache() -> None:
    """Tell Numba where to keep our kernels, unless the user has told it already.

    If the folder cannot be written Numba falls back to its other places by itself.
    """
    if os.environ.get("NUMBA_CACHE_DIR"):
        return
    try:
        folder = str(cache_folder())
    except (OSError, RuntimeError):  # no home: Numba's own places will do
        return
    os.environ["NUMBA_CACHE_DIR"] = folder
    if "numba" in sys.modules:
        from numba import config

        config.CACHE_DIR = folder
