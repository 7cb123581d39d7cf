"""How long does the web app take to answer, and how much does a page weigh?

The app is served on this machine and asked over HTTP, one connection, the program warm:

    home        the first page
    first       a statistic's page whose question nobody has asked yet
    again       the same page once its answer is kept
    weight      of the page without its chart, in kB, before it is packed
    readers     50 readers at once, 20 questions, any error counts

Every statistic is asked as a whole, by fiscal year, and by fiscal year and nationality: of the
built-in records by default, and of your own with --log or in ASYLUMATLAS_BENCH_LOG, such as the
5 million made-up cases that ``benchmarks/questions.py`` writes.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HOME = 0.1  # seconds
PAGE = 1.0
WEIGHT = 300.0  # kB
GROUPS = ((), ("fiscal_year",), ("fiscal_year", "nationality"))
READERS, QUESTIONS = 50, 20


@contextmanager
def served(home: Path, log: Path | None) -> Iterator[int]:
    """Serve the app on a free port, its logs ready; yields the port."""
    import uvicorn

    from asylumatlas.web import Settings, make_app
    from asylumatlas.web.settings import Limits

    logs = (("bench", log),) if log else ()
    app: Any = make_app(
        Settings(home=home, logs=logs, limits=Limits(rate=1e6, burst=10**6, ahead=False))
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    app.app.state.site.shelf.wait(600)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(10)


def get(connection: http.client.HTTPConnection, path: str) -> tuple[int, bytes, float]:
    """Return status, body and seconds of one page."""
    start = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    return answer.status, body, time.perf_counter() - start


def bare(page: bytes) -> float:
    """The kilobytes of a page without the specification of its chart."""
    text = re.sub(rb'<script type="application/json".*?</script>', b"", page, flags=re.S)
    return len(text) / 1000


def measure(port: int, log: str) -> list[dict[str, Any]]:
    """Every statistic's page, asked first and again."""
    from asylumatlas.stats import statistics as catalogue

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    get(connection, f"/statistics/pending?log={log}")  # imports what it needs
    rows = []
    for name, known in catalogue().items():
        for by in GROUPS:
            if not set(by) <= set(known.by):
                continue
            group = f"by={','.join(by)}&" if by else ""
            path = f"/statistics/{name}?{group}log={log}"
            status, page, first = get(connection, path)
            again = min(get(connection, path)[2] for _ in range(3))
            row = {"statistic": name, "by": ",".join(by), "status": status, "first": first}
            rows.append(row | {"again": again, "weight": bare(page)})
            print(
                f"{name:<28}{','.join(by):<24}{status:>4}{first:>8.3f}{again:>8.3f}"
                f"{rows[-1]['weight']:>8.0f}",
                flush=True,
            )
    return rows


def crowd(port: int, log: str) -> tuple[int, float]:
    """Let 50 readers ask at once; returns errors and seconds of the slowest page."""
    from asylumatlas.stats import statistics as catalogue

    names = list(catalogue())[:QUESTIONS]

    def read(reader: int) -> tuple[int, float]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        found = [
            get(connection, f"/statistics/{names[(reader + k) % len(names)]}?log={log}")
            for k in range(4)
        ]
        return sum(status != 200 for status, _, _ in found), max(each[2] for each in found)

    with ThreadPoolExecutor(READERS) as pool:
        answers = list(pool.map(read, range(READERS)))
    return sum(wrong for wrong, _ in answers), max(slow for _, slow in answers)


def report(bar: str, value: float, need: float, against: str) -> bool:
    """Print one JSON line; returns whether the bar is met."""
    ok = value <= need
    line = {"bar": bar, "value": round(value, 3), "need": need, "ok": ok, "against": against}
    print(json.dumps(line))
    return ok


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 0 when every bar is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    known = os.environ.get("ASYLUMATLAS_BENCH_LOG")
    parser.add_argument("--log", type=Path, default=Path(known) if known else None)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), options.log) as port:
        log = "bench" if options.log else "made-up-records"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        get(connection, "/")
        until = time.monotonic() + 120  # the first page of a large log is counted once
        while get(connection, "/")[2] > HOME and time.monotonic() < until:
            time.sleep(0.5)
        home = statistics.median(get(connection, "/")[2] for _ in range(9))
        print(f"{'statistic':<28}{'by':<24}{'':>4}{'first':>8}{'again':>8}{'kB':>8}")
        rows = measure(port, log)
        wrong, slowest = crowd(port, log)
    first = max(rows, key=lambda row: row["first"])
    again = max(rows, key=lambda row: row["again"])
    heavy = max(rows, key=lambda row: row["weight"])
    over = sum(row["first"] > PAGE for row in rows)
    print(f"{over} of {len(rows)} pages took more than {PAGE:.0f} s when asked first")
    met = [
        report("home", home, HOME, "median, s"),
        report("first", first["first"], PAGE, f"slowest, s; {first['statistic']} {first['by']}"),
        report("again", again["again"], PAGE, f"slowest, s; {again['statistic']} {again['by']}"),
        report("weight", heavy["weight"], WEIGHT, f"kB; {heavy['statistic']} {heavy['by']}"),
        report("errors", wrong, 0, f"{READERS} readers at once; slowest page {slowest:.2f} s"),
        report("statuses", sum(row["status"] != 200 for row in rows), 0, "pages not answered"),
    ]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
