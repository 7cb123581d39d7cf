"""Put the results of three backtests into docs/method/backtest.md and the files beside it.

    python tools/backtest_page.py BACKTEST SIMULATED TWIN

The folders are those that the commands at the end of the page write; TWIN is the second command
without `--forecast-by simulated`. Tables between `<!-- begin NAME -->` and `<!-- end NAME -->` and
the pictures are replaced; the words around them are yours to read again.
"""

from __future__ import annotations

import argparse
import csv
import re
import shutil
from pathlib import Path

from asylumatlas.backtest import summary

DOCS = Path(__file__).parent.parent / "docs" / "method"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("backtest", "simulated", "twin"):
        parser.add_argument(name, type=Path)
    given = parser.parse_args()
    beside = DOCS / "backtest"
    for name in ("summary", "factors", "losses"):
        shutil.copyfile(given.backtest / f"{name}.csv", beside / f"{name}.csv")
    for name in ("simulated", "twin"):
        shutil.copyfile(getattr(given, name) / "summary.csv", beside / f"{name}.csv")
    for picture in (given.backtest / "pictures").glob("*.svg"):
        shutil.copyfile(picture, beside / picture.name)
    main_rows = rows(beside / "summary.csv")
    blocks = {
        "coverage": summary.coverage_markdown(main_rows),
        "scores": summary.markdown(main_rows),
        "factors": summary.factors_markdown(rows(beside / "factors.csv")),
        "simulated": summary.beside_markdown(
            rows(beside / "simulated.csv"), rows(beside / "twin.csv")
        ),
        "changed": summary.changes_markdown(),
    }
    page = DOCS / "backtest.md"
    text = page.read_text("utf-8")
    for name, block in blocks.items():
        pattern = rf"(<!-- begin {name} -->\n)(?s:.*?)(<!-- end {name} -->)"
        text, found = re.subn(pattern, lambda m, b=block: f"{m[1]}\n{b.strip()}\n\n{m[2]}", text)
        if found != 1:
            parser.error(f"{page}: no block {name}")
    page.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
