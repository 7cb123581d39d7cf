"""How long does a statistic take on a log of millions of cases, beside a bare count?

A made-up release is written and imported, its facts are prepared, and every statistic of the
catalogue is asked by its default definition, in one process, by turns with two peers:

    bare    DuckDB: SELECT the columns the question needs, count(*) GROUP BY them, with the
            question's own filter on the kind of event or span, on the same Parquet files
    log     DuckDB: the same on the log itself, where its events hold the columns

Each question is asked as a whole and by fiscal year and nationality. The bar is our time over twice
the bare count's plus 0.2 s, for the slowest statistic; the first call, which imports what it needs,
is told apart. The peer only counts: it has no interval, no curve and no table.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

CASES = 5_000_000
ROUNDS = 3
SLACK = 0.2  # seconds
FACTOR = 2.0
MEMORY = 4.0  # GiB
NEEDED_BY_KIND = {
    "count": (),
    "share": (),
    "stock": ("start", "end"),
    "duration": ("days", "ended"),
    "variation": ("judge",),
    "total": ("meter", "unit", "amount"),
}
DATES = ("fiscal_year",)


def make(folder: Path, cases: int) -> Path:
    """A dataset of made-up records, with its log."""
    release, dataset = folder / "release.zip", folder / "records"
    command = [sys.executable, "-m", "asylumatlas"]
    for words in (
        ("synthesize", "--cases", str(cases), "--out", str(release)),
        ("import", str(release), "--out", str(dataset)),
    ):
        subprocess.run([*command, *words], check=True, capture_output=True)
    release.unlink()
    return dataset


def gib() -> float:
    """Most memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def timed(function: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def quoted(words: Sequence[str]) -> str:
    return ", ".join("'" + word.replace("'", "''") + "'" for word in words)


def bare(definition: Any, kind: str, by: Sequence[str], files: Path) -> str:
    """The bare count over the columns a question needs."""
    plain = [name for name in by if name not in DATES]
    columns = [*definition.rows, *definition.counted, *plain, "replication"]
    if kind == "flow":
        columns += ["stage", "next", f"from_{definition.origin}_out"]
    columns += NEEDED_BY_KIND.get(kind, ())
    day = definition.date
    if any(name in DATES for name in by):
        columns.append(f'year("{day}")')
    chosen = [name for name in dict.fromkeys(columns) if name != day]
    kinds = "event" if definition.facts == "moments" else "spell"
    where = ""
    if kinds in definition.rows:
        where = f" WHERE {kinds} IN ({quoted(definition.rows[kinds])})"
    source = f"read_parquet('{files / definition.facts}/*.parquet')"
    names = ", ".join(f'"{name}"' if name.isidentifier() else name for name in chosen)
    return f"SELECT {names}, count(*) FROM {source}{where} GROUP BY ALL"


def measure(dataset: Path, rounds: int) -> list[dict[str, Any]]:
    """Medians of every statistic and its peer, by turns."""
    import duckdb

    from asylumatlas import stats

    facts = stats.prepare(dataset)
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    rows = []
    for name, known in stats.statistics().items():
        definition = known.definition()
        for by in ((), ("fiscal_year", "nationality")):
            if known.kind == "total" and by:
                continue
            query = bare(definition, known.kind, by, facts.folder)
            ours, theirs = [], []
            for _ in range(rounds):
                ours.append(timed(lambda: stats.ask(name, dataset, by=by)))  # noqa: B023
                theirs.append(timed(lambda: connection.execute(query).fetchnumpy()))  # noqa: B023
            own, other = statistics.median(ours), statistics.median(theirs)
            rows.append(
                {
                    "statistic": name,
                    "kind": known.kind,
                    "by": ",".join(by),
                    "seconds": own,
                    "bare": other,
                    "ratio": own / (FACTOR * other + SLACK),
                }
            )
            print(
                f"{name:<28}{known.kind:<10}{','.join(by):<24}{own:>8.3f}{other:>9.3f}"
                f"{rows[-1]['ratio']:>8.2f}",
                flush=True,
            )
    return rows


def report(bar: str, value: float, need: float, against: str) -> bool:
    """Print one JSON line; returns whether the bar is met."""
    ok = value <= need
    line = {"bar": bar, "value": round(value, 3), "need": need, "ok": ok, "against": against}
    print(json.dumps(line))
    return ok


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 0 when every bar is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--dataset", type=Path, help="imported records to use, instead of made up")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        dataset = options.dataset or make(Path(name), options.cases)
        from asylumatlas import stats

        preparing = timed(lambda: stats.prepare(dataset))
        first = timed(lambda: stats.ask("receipts", dataset))
        print(f"facts {preparing:.1f} s (0 if they were there), first question {first:.2f} s")
        head = ("statistic", "kind", "by", "ours", "bare", "of bar")
        print(f"{head[0]:<28}{head[1]:<10}{head[2]:<24}{head[3]:>8}{head[4]:>9}{head[5]:>8}")
        rows = measure(dataset, options.rounds)
    whole = [row for row in rows if not row["by"]]
    parted = [row for row in rows if row["by"]]
    against = f"DuckDB's bare group-by over the same columns and rows, x {FACTOR} + {SLACK} s"
    met = []
    for bar, some in (("slowest_as_a_whole", whole), ("slowest_by_year_and_nationality", parted)):
        slowest = max(some, key=lambda row: row["ratio"])
        met.append(report(bar, slowest["ratio"], 1.0, f"{against}; {slowest['statistic']}"))
    met.append(report("peak_memory_gib", gib(), MEMORY, "this process, all statistics"))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
