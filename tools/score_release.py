"""Plant defects in a made-up release, import it, and print how well they were found.

    python tools/score_release.py --cases 100000 --defects 100 [--folder DIR]

Prints the Markdown table of docs/method/records.md, then what the import made of the rows in which
nothing was planted (beside a clean twin of the same seed), then whether the ledger closes.
"""

import argparse
import json
import tempfile
from pathlib import Path

from asylumatlas.records import import_release
from asylumatlas.synthetic import score, synthesize, twins


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--cases", type=int, default=20_000)
    words.add_argument("--defects", type=float, default=100.0)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--folder", type=Path)
    given = words.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        measure(Path(name), given.cases, given.defects, given.seed)


def measure(folder: Path, cases: int, defects: float, seed: int) -> None:
    truth = folder / "truth.parquet"
    synthesize(cases, folder / "spoilt.zip", defects=defects, truth=truth, seed=seed)
    synthesize(cases, folder / "clean.zip", defects=0, seed=seed)
    spoilt = import_release(folder / "spoilt.zip", folder / "spoilt", link=False)
    import_release(folder / "clean.zip", folder / "clean", link=False)
    found = score.score(truth, folder / "spoilt", folder / "clean")
    print(found.markdown())
    print()
    print("false reports:", sum(found.false.values()), dict(found.false.most_common(5)))
    print("reports that follow from a defect elsewhere:", sum(found.followed.values()))
    beside = twins.altered(folder / "spoilt", folder / "clean", truth)
    counts = ("compared", "altered", "missing", "surplus", "mended", "mended_wrong")
    print("beside the clean twin:", {word: getattr(beside, word) for word in counts})
    print("ledger closes:", spoilt.ledger.closes())
    print("reasons:", json.dumps(spoilt.ledger.reasons()))
    print("totals:", json.dumps(spoilt.ledger.totals))


if __name__ == "__main__":
    main()
