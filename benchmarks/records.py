"""How quickly, and in how much memory, does a release of the court records become a dataset?

A synthetic release of a million cases is made, unpacked, and read in one run, by turns:

    floor   DuckDB, every column as text, rows it cannot read dropped, into Parquet
    typed   our import without linking: typed Parquet, repairs, quarantine, ledger
    linked  our import with case histories and event log
    eoir    the cleaning step of the `eoir` package (once: it takes minutes)

Each is a process of its own with two workers. The ratios are of medians. The last table carries
each table's rate to the rows of the release of July 2026, the same rate for each row assumed.

The peer runs if `eoir` can be imported here, or by the interpreter that ASYLUMATLAS_EOIR_PYTHON
names.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
WORKERS = 2
NEEDS = {
    "typed_over_floor": 2.0,
    "linked_over_floor": 5.0,
    "eoir_over_ours": 5.0,
    "peak_memory_gib": 2.0,
    "synthesize_cases_per_second": 20_000.0,
}
AT_LEAST = ("eoir_over_ours", "synthesize_cases_per_second")
# Rows of each table: data dictionary of the release of July 2026.
NATIONAL = {
    "A_TblCase": 12_662_540,
    "B_TblProceeding": 16_549_948,
    "tbl_Court_Appln": 16_104_798,
    "tbl_schedule": 46_631_388,
    "tblAppeal": 1_518_161,
    "tblAppeal2": 1_237_190,
    "tblAppealFedCourts": 181_484,
    "tblThreeMbrReferrals": 84_118,
    "tbl_RepsAssigned": 26_268_999,
    "tbl_EOIR_Attorney": 407_493,
    "D_TblAssociatedBond": 1_616_941,
    "tbl_CustodyHistory": 10_024_044,
    "tbl_JuvenileHistory": 2_998_644,
    "B_TblProceedCharges": 18_867_750,
    "tbl_Court_Motions": 8_573_390,
    "tbl_Lead_Rider": 2_627_442,
    "A_TblCaseIdentifier": 2_569_051,
    "tbl_CasePriorityHistory": 148_995,
    "tblProBono": 66_986,
}
Answer = dict[str, Any]


def job(*words: object, script: str = "records_jobs.py", python: str = sys.executable) -> Answer:
    """The JSON line of one job, run in a process of its own.

    Raises:
        RuntimeError: it failed; the message is the end of what it said.
    """
    command = [python, str(HERE / script), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{script} {words[0]}: {done.stderr.strip()[-2000:]}")
    found: Answer = json.loads(done.stdout.splitlines()[-1])
    return found


def prepare(folder: Path, cases: int, release: Path | None) -> tuple[Answer, Answer]:
    """Make a release and unpack it: what each job said."""
    made: Answer = {"seconds": None}
    if release is None:
        release = folder / f"release-{cases}.zip"
        made = job("synthesize", cases, release)
    files = folder / f"files-{cases}"
    files.mkdir()
    return made, {**job("unpack", release, files), "folder": files, "size": release.stat().st_size}


def rounds(folder: Path, release: Answer, count: int) -> dict[str, list[Answer]]:
    """Floor, typed and linked by turns, each into a new folder."""
    out = folder / "out"
    rest = (WORKERS, release["as_of"])
    runs: dict[str, list[Answer]] = {"floor": [], "typed": [], "linked": []}
    for _ in range(count):
        out.mkdir()
        runs["floor"].append(job("floor", release["folder"], out, WORKERS))
        runs["typed"].append(job("import", release["folder"], out, *rest, "plain"))
        runs["linked"].append(job("import", release["folder"], out, *rest, "link"))
    return runs


def peer(folder: Path, release: Answer) -> Answer | None:
    """The peer's cleaning step, once; None if there is no peer, and how to get it is said."""
    python = os.environ.get("ASYLUMATLAS_EOIR_PYTHON", sys.executable)
    probe = [python, "-c", "import eoir, dotenv"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        print("eoir was not measured. To measure it: make a virtual environment, install into it")
        print("    pip install --no-deps eoir==0.0.1 python-dotenv")
        print("and set ASYLUMATLAS_EOIR_PYTHON to that environment's python.")
        return None
    out = folder / "peer"
    out.mkdir()
    try:
        return job(release["folder"], out, WORKERS, script="eoir_clean.py", python=python)
    finally:
        shutil.rmtree(out)


def median(runs: Sequence[Answer], key: str = "seconds") -> float:
    return statistics.median(run[key] for run in runs)


def print_runs(release: Answer, runs: dict[str, list[Answer]]) -> None:
    """Seconds, rates, memory and lost rows of each way, for people."""
    lines = sum(release["lines"].values())
    size = release["bytes"] / 1e9
    print(f"{lines:,} rows in the large tables, {size:.2f} GB in {WORKERS} workers' hands")
    head = ("", "seconds", "rows/s", "MB/s", "GiB", "rows lost")
    print(f"{head[0]:<8}{head[1]:>9}{head[2]:>12}{head[3]:>8}{head[4]:>7}{head[5]:>12}")
    for name, found in runs.items():
        if not found:
            continue
        seconds, gib = median(found), max(run["gib"] for run in found)
        known = [n for n in release["lines"] if n in found[0]["rows"]]
        lost = sum(release["lines"][n] - found[0]["rows"][n] for n in known)
        told = f"{lost:>12,}" if name in ("floor", "eoir") else f"{lost:>6,} kept apart"
        print(
            f"{name:<8}{seconds:>9.1f}{lines / seconds:>12,.0f}"
            f"{1e3 * size / seconds:>8.0f}{gib:>7.2f}{told}"
        )
        for file, why in found[0].get("failed", {}).items():
            print(f"{'':<8}stopped in {file}: {why[:80]}")


def print_extrapolation(release: Answer, runs: dict[str, list[Answer]]) -> None:
    """Seconds at national size: each table at the rate it had here, linking at its rate a case."""
    print(f"\n{'table':<26}{'rows here':>12}{'rows/s':>11}{'national':>13}{'seconds':>9}")
    total = 0.0
    for name, national in NATIONAL.items():
        rows = release["lines"].get(name, 0)
        seconds = statistics.median(run["by_table"].get(name, 0.0) for run in runs["typed"])
        if not rows or not seconds:
            print(f"{name:<26}{rows:>12,}{'-':>11}{national:>13,}{'-':>9}")
            continue
        scaled = national * seconds / rows
        total += scaled
        print(f"{name:<26}{rows:>12,}{rows / seconds:>11,.0f}{national:>13,}{scaled:>9.0f}")
    linking = median(runs["linked"]) - median(runs["typed"])
    linking *= NATIONAL["A_TblCase"] / release["lines"]["A_TblCase"]
    print(f"{'typed':<26}{'':>12}{'':>11}{sum(NATIONAL.values()):>13,}{total:>9.0f}")
    print(f"{'linking and event log':<26}{'':>12}{'':>11}{'':>13}{linking:>9.0f}")
    print(f"{'in all':<26}{'':>12}{'':>11}{(total + linking) / 60:>9.0f} minutes")
    print("Assumed: a row takes as long there as here; linking, a case.\n")


def report(bar: str, value: float, against: str) -> bool:
    """Print one JSON line; returns whether the bar is met."""
    need = NEEDS[bar]
    ok = value >= need if bar in AT_LEAST else value <= need
    line = {"bar": bar, "value": round(value, 3), "need": need, "ok": ok, "against": against}
    print(json.dumps(line))
    return ok


def bars(made: Answer, cases: int, runs: dict[str, list[Answer]]) -> list[bool]:
    """Every bar that was measured; whether each is met."""
    floor, typed, linked = (median(runs[name]) for name in ("floor", "typed", "linked"))
    memory = max(run["gib"] for name in ("typed", "linked") for run in runs[name])
    where = f"{cases:,} cases, {WORKERS} workers"
    met = [
        report("typed_over_floor", typed / floor, f"DuckDB, all text, rejects dropped; {where}"),
        report("linked_over_floor", linked / floor, f"DuckDB, all text, rejects dropped; {where}"),
        report("peak_memory_gib", memory, where),
        all(run["closes"] for name in ("typed", "linked") for run in runs[name]),
    ]
    if runs["eoir"]:
        ratio = median(runs["eoir"]) / typed
        met.append(report("eoir_over_ours", ratio, f"eoir 0.0.1, without its database; {where}"))
    if made["seconds"]:
        rate = cases / made["seconds"]
        met.append(report("synthesize_cases_per_second", rate, "zip and defects included"))
    return met


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 0 when every bar that was measured is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--release", type=Path, help="a release to read instead of making one")
    parser.add_argument("--no-peer", action="store_true", help="leave the eoir package out")
    parser.add_argument("--folder", type=Path, help="where to work; needs 4 GB for a million cases")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        small = folder / "small"
        small.mkdir()
        if options.release is None:  # compile, or load what was compiled
            _, warm = prepare(small, 1_000, None)
            rounds(small, warm, 1)
        made, release = prepare(folder, options.cases, options.release)
        cases = release["lines"]["A_TblCase"]
        runs = rounds(folder, release, options.rounds)
        found = None if options.no_peer else peer(folder, release)
        runs["eoir"] = [found] if found else []
        if made["seconds"]:
            rate = options.cases / made["seconds"]
            print(
                f"synthesize: {made['seconds']:.1f} s, {rate:,.0f} cases/s, {made['gib']:.2f} GiB"
            )
        print_runs(release, runs)
        print_extrapolation(release, runs)
        return 0 if all(bars(made, cases, runs)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
