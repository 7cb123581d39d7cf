"""Rebuild the comparison that the app's first page tells of: what more judges would change.

Run `python tools/build_home_findings.py` after a change of the simulator, of the scenario or of the
parameters behind it. It takes a quarter of a minute once the simulator is compiled, and writes
`us-hiring.csv` and `us-hiring.toml` into `src/asylumatlas/web/findings`.
"""

import csv
import hashlib
import json
import tempfile
from pathlib import Path

from asylumatlas import __version__
from asylumatlas.cli import main as command

FINDINGS = Path(__file__).resolve().parents[1] / "src" / "asylumatlas" / "web" / "findings"
POLICY = "us-hiring"
WORDS = ["policies", POLICY, "--until", "2022-09-30", "--replications", "20", "--seed", "1"]
AREA = "nation"
MEASURES = ("pending", "completions", "wait_50")
HEAD = "# Written by tools/build_home_findings.py; do not edit. All people in it are simulated.\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            command([*WORDS, "--out", str(Path(folder, "found"))])
        except SystemExit as end:
            if end.code:
                raise
        told = json.loads(Path(folder, "found", "policies.json").read_text("utf-8"))
        with Path(folder, "found", "policies.csv").open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            columns = list(reader.fieldnames or ())
            rows = [r for r in reader if r["area"] == AREA and r["measure"] in MEASURES]
    path = FINDINGS / f"{POLICY}.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    said = {
        "title": told["policies"][0]["title"],
        "base": told["base"],
        "made_with": f"asylumatlas {' '.join(WORDS)}",
        "note": "Simulated people in a model of the system: nobody real is described.",
        "version": __version__,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in said.items()]
    lines += [f"{key} = {told[key]}\n" for key in ("replications", "seed", "scale")]
    (FINDINGS / f"{POLICY}.toml").write_text(HEAD + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
