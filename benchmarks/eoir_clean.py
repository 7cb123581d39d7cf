"""The cleaning step of the `eoir` package (MIT licence) on a folder of files, no database.

    python eoir_clean.py FOLDER OUT WORKERS

Run by `records.py` with the interpreter that has `eoir`. That package streams each cleaned row into
PostgreSQL; here the same rows, from its `CleanCsv.csv_gen_pk`, go to a text file, which is quicker.
Its own command spreads files over processes, and so does this. Prints one JSON line.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
import types
from pathlib import Path

# Its settings make a folder in the working directory.
os.chdir(tempfile.gettempdir())
if importlib.util.find_spec("psycopg") is None:  # no database is used, so none is needed
    database = types.ModuleType("eoir.core.db")
    database.get_db_connection = None  # type: ignore[attr-defined]
    sys.modules["eoir.core.db"] = database

from eoir.core.csv import CleanCsv  # type: ignore[import-not-found]  # noqa: E402
from eoir.settings import JSON_DIR  # type: ignore[import-not-found]  # noqa: E402


def clean(job: tuple[str, str]) -> tuple[str, int, str]:
    """Clean one file into another; its name, the rows written and what went wrong."""
    source, target = job
    rows = 0
    with (
        open(target, "w", encoding="latin-1") as file,
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),  # it prints a line for each row it gives up
    ):
        try:
            for row in CleanCsv(source).csv_gen_pk():
                file.write(row)
                rows += 1
        except Exception as error:  # it stops at what it cannot read; that is a finding
            return Path(source).name, rows, f"{type(error).__name__}: {error}"
    return Path(source).name, rows, ""


if __name__ == "__main__":
    folder, out, workers = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    # It lists more tables than it has types for; without types it cleans nothing.
    typed = {path.stem for path in (Path(JSON_DIR) / "table-dtypes").glob("*.json")}
    known = {n for n in json.loads((Path(JSON_DIR) / "tables.json").read_text()) if n[:-4] in typed}
    jobs = [
        (str(path), str(out / path.name))
        for path in sorted(folder.iterdir(), key=lambda path: -path.stat().st_size)
        if path.name in known
    ]
    started = time.perf_counter()
    with multiprocessing.Pool(workers) as pool:
        found = pool.map(clean, jobs, chunksize=1)
    seconds = time.perf_counter() - started
    kilobytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    rows = {name.removesuffix(".csv"): count for name, count, _ in found}
    failed = {name: why for name, _, why in found if why}
    line = {"seconds": seconds, "gib": workers * kilobytes / 2**20, "rows": rows, "failed": failed}
    print(json.dumps(line))
