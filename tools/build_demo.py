"""Rebuild the two logs that the web app shows before it is given any.

Run `python tools/build_demo.py` after a change of the simulator, of the scenario, of the import or
of the process's words. It writes `*.tar.xz` and `demo.toml` into `src/asylumatlas/web/demo`.
Nobody in either log exists: one is of simulated people, the other of made-up court records.
"""

import hashlib
import io
import json
import os
import tarfile
import tempfile
from pathlib import Path

import asylumatlas
from asylumatlas import process, runs
from asylumatlas.records import import_release
from asylumatlas.scenario import load_scenario

DEMO = Path(__file__).resolve().parents[1] / "src" / "asylumatlas" / "web" / "demo"
SCENARIO, REPLICATIONS, SEED = "caravan-2018", 4, 1
RECORDS, CASES = "made-up-records", 12_000
MOST = 3_000_000  # bytes of both together
HEAD = "# The built-in logs. Written by tools/build_demo.py; do not edit.\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)  # no path of this machine gets into what is written
        simulate(Path(SCENARIO))
        make_up(Path(RECORDS))
        entries = [
            entry(
                SCENARIO,
                "Caravan of spring 2018, simulated",
                f"asylumatlas run {SCENARIO} --replications {REPLICATIONS} --seed {SEED}",
                ["summary.json", "replications.npz"],
                log=Path(SCENARIO),
            ),
            entry(
                RECORDS,
                "Made-up court records",
                f"asylumatlas synthesize --cases {CASES} --seed {SEED} --out {RECORDS}.zip; "
                f"asylumatlas import {RECORDS}.zip",
                ["dataset.json", "ledger.json", "links.json"],
                log=Path(RECORDS, "log"),
            ),
        ]
    text = HEAD + "".join(entries)
    (DEMO / "demo.toml").write_text(text, encoding="utf-8")
    size = sum(path.stat().st_size for path in DEMO.glob("*.tar.xz"))
    print(f"{size:,} bytes of {MOST:,}")
    if size > MOST:
        raise SystemExit("build_demo: too large to ship; take fewer cases or replications")


def simulate(folder: Path) -> None:
    """Simulate the caravan."""
    runs.run(load_scenario(SCENARIO), replications=REPLICATIONS, seed=SEED, out=folder)


def make_up(folder: Path) -> None:
    """Write a made-up release of the court records, and import it."""
    release = folder.with_suffix(".zip")
    asylumatlas.synthesize(CASES, release, seed=SEED)
    import_release(release, folder)


def entry(name: str, title: str, command: str, beside: list[str], log: Path) -> str:
    """Pack one log, and return its entry in the book."""
    opened = asylumatlas.open(log)
    made = {path for table in ("cases", "events") for path in log.glob(f"{table}.parquet/*")}
    files = sorted({log / "log.json", *made, *(Path(name, each) for each in beside)})
    packed = archive(Path(name), files)
    (DEMO / f"{name}.tar.xz").write_bytes(packed)
    rows = opened.manifest.rows
    return f"""
[{name}]
file = "{name}.tar.xz"
title = {json.dumps(title)}
made_with = {json.dumps(command)}
fingerprint = "{opened.fingerprint}"
vocabulary = "{process.vocabulary_version()}"
cases = {rows["cases"]}
events = {rows["events"]}
sha256 = "{hashlib.sha256(packed).hexdigest()}"
bytes = {len(packed)}
"""


def archive(folder: Path, files: list[Path]) -> bytes:
    """Pack files so that the same files give the same bytes."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w:xz", preset=9) as packed:
        for path in files:
            member = tarfile.TarInfo(path.relative_to(folder).as_posix())
            member.size, member.mode = path.stat().st_size, 0o644
            with path.open("rb") as content:
                packed.addfile(member, content)
    return sink.getvalue()


if __name__ == "__main__":
    main()
