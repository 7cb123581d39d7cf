"""Compiled kernels are kept by the version of all kernel sources, not of one file."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from asylumatlas.sim import compilation

SIM = Path(compilation.__file__).parent


def test_every_compiled_module_counts_in_the_folder_s_name() -> None:
    compiled = {
        file.stem
        for file in SIM.glob("*.py")
        if re.search(r"^@njit", file.read_text("utf-8"), re.M)
    }
    assert compiled | {"tables"} <= set(compilation.KERNELS)


def test_a_changed_table_layout_changes_the_folder(tmp_path: Path) -> None:
    copy = tmp_path / "sim"
    shutil.copytree(SIM, copy, ignore=shutil.ignore_patterns("__pycache__"))
    code = "import runpy, sys; print(runpy.run_path(sys.argv[1])['cache_folder']())"

    def folder() -> str:
        words = [sys.executable, "-c", code, str(copy / "compilation.py")]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout

    before = folder()
    assert folder() == before
    (copy / "tables.py").write_text(
        (copy / "tables.py").read_text("utf-8") + "\nMORE = 1\n", "utf-8"
    )
    assert folder() != before


def test_the_user_s_own_folder_wins() -> None:
    code = "import os, asylumatlas.sim; print(os.environ['NUMBA_CACHE_DIR'])"
    environment = {**os.environ, "NUMBA_CACHE_DIR": "/somewhere/else"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "/somewhere/else"
