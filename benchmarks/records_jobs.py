"""What `records.py` times, each in a process of its own so that its memory is its own.

    python records_jobs.py JOB ARGUMENTS...

Each job prints one JSON line: seconds of the work itself, without start-up, and its own numbers.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
import time
from pathlib import Path
from typing import Any

COPY = """COPY (SELECT * FROM read_csv('{source}', delim = '\t', header = true, quote = '',
escape = '', all_varchar = true, ignore_errors = true, strict_mode = false))
TO '{target}' (FORMAT parquet)"""


def peak_gib() -> float:
    """Most memory this process held at once; what it held before it became this program not."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        kilobytes = int(line.split()[1])
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (kilobytes + children) / 2**20


def synthesize(cases: str, out: str) -> dict[str, Any]:
    """A release as a zip, as people get it."""
    from asylumatlas.synthetic import synthesize as write

    started = time.perf_counter()
    write(int(cases), Path(out), defects=1.0, seed=1)
    return {"seconds": time.perf_counter() - started}


def unpack(release: str, out: str) -> dict[str, Any]:
    """The release's files in a folder; their bytes, and the data lines of each."""
    from asylumatlas.records.files.release import open_release

    started = time.perf_counter()
    lines: dict[str, int] = {}
    total = 0
    found = open_release(Path(release))
    for member in found.members:
        with member.open() as source, (Path(out) / member.table.file).open("wb") as target:
            ends, last = 0, b"\n"
            while block := source.read(1 << 22):
                ends += block.count(b"\n")
                last = block[-1:]
                target.write(block)
        total += member.size
        if member.table.kind == "main":
            lines[member.table.name] = ends - 1 + (last != b"\n")
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "bytes": total, "lines": lines, "as_of": str(found.as_of)}


def floor(folder: str, out: str, workers: str) -> dict[str, Any]:
    """DuckDB's quickest way: every column as text, what it cannot read dropped."""
    import duckdb

    from asylumatlas.records.registry import tables

    rows, failed, by_table = {}, {}, {}
    connection = duckdb.connect()
    connection.execute(f"SET threads = {int(workers)}")
    for table in tables().values():
        source, target = Path(folder) / table.file, Path(out) / f"{table.name}.parquet"
        if table.kind != "main" or not source.exists():
            continue
        started = time.perf_counter()
        try:
            connection.execute(COPY.format(source=source, target=target))
            counted = connection.execute(f"SELECT count(*) FROM '{target}'").fetchone()
            rows[table.name] = counted[0] if counted else 0
        except duckdb.Error as error:
            failed[table.file] = str(error).splitlines()[0]
        by_table[table.name] = time.perf_counter() - started
    seconds = sum(by_table.values())
    return {"seconds": seconds, "rows": rows, "failed": failed, "by_table": by_table}


def imported(folder: str, out: str, workers: str, as_of: str, link: str) -> dict[str, Any]:
    """Our import, without linking and log or with them."""
    from datetime import date

    from asylumatlas.records.importing import import_release

    started = time.perf_counter()
    day, linked = date.fromisoformat(as_of), link == "link"
    done = import_release(Path(folder), Path(out), as_of=day, workers=int(workers), link=linked)
    seconds = time.perf_counter() - started
    ledger = done.ledger
    files = {file["table"]: file for file in ledger.files}
    return {
        "seconds": seconds,
        "closes": ledger.closes(),
        "rows": {name: file["lines"] - file["quarantined"] for name, file in files.items()},
        "lines": {name: file["lines"] for name, file in files.items()},
        "by_table": {name: file["seconds"] for name, file in files.items()},
    }


JOBS = {"synthesize": synthesize, "unpack": unpack, "floor": floor, "import": imported}

if __name__ == "__main__":
    name, *words = sys.argv[1:]
    answer = JOBS[name](*words)
    print(json.dumps({**answer, "gib": peak_gib()}))
    if name in ("floor", "import"):
        shutil.rmtree(words[1], ignore_errors=True)
