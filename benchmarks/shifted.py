"""Does realignment put shifted rows back as they were, or leave them alone?

Rows of a clean synthetic release each get one tab, in three ways:

    text    inside or behind the value of a text column
    column  behind any column, blank ones too
    twice   behind any column, and another field of the row gets a code that no lookup has, or a
            day that cannot be

`realign.mend` is asked to mend each. A row is right if every field is again what it was (a
text may keep the tab where its blank was), refused if it is left for the quarantine, and wrong if
it comes back different. A wrong row looks like a right one for ever, so none may be wrong.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from asylumatlas.records import import_release
from asylumatlas.records.lookups import Lookups, read_lookups
from asylumatlas.records.reading.realign import Rules, mend
from asylumatlas.records.registry import Table, bind, tables
from asylumatlas.synthetic import synthesize

AS_OF = date(2026, 4, 1)
WAYS = ("text", "column", "twice")
BARS = ("text", "column")  # what a third defect in the row does is told, and has no bar
JUNK_CODES = (b"Q7", b"ZZZZ", b"??", b"0")
JUNK_DAYS = (b"2925-03-04 00:00:00.000", b"10/1993", b"1900-13-01 00:00:00.000", b"ORL")
Row = list[bytes]


def shifted(table: Table, row: Row, way: str, luck: random.Random) -> tuple[Row, Row] | None:
    """A row with a tab too many, and what it should come back as; None if it cannot have one."""
    if way == "text":
        return tab_in_text(table, row, luck)
    if way == "twice":
        spoilt = spoil(table, row, luck)
        if spoilt is None:
            return None
        row = spoilt
    at = luck.randrange(len(row))
    return [*row[: at + 1], b"", *row[at + 1 :]], row


def tab_in_text(table: Table, row: Row, luck: random.Random) -> tuple[Row, Row] | None:
    """A tab behind a text, in the place of its blank, or anywhere inside it."""
    texts = [at for at, c in enumerate(table.columns) if c.type == "text" and len(row[at]) > 1]
    if not texts:
        return None
    at = luck.choice(texts)
    text = row[at]
    cut = luck.choice([len(text), luck.randrange(1, len(text)), text.find(b" ")])
    if cut < 1:
        cut = len(text)
    rest = text[cut + 1 :] if text[cut : cut + 1] == b" " else text[cut:]
    return [*row[:at], text[:cut], rest, *row[at + 1 :]], row


def spoil(table: Table, row: Row, luck: random.Random) -> Row | None:
    """The row with an unknown code or a day that cannot be; None if it has neither."""
    places = []
    for at, column in enumerate(table.columns):
        listed = bool(column.lookup or column.codes)
        if row[at] and (column.type in ("date", "datetime") or (column.type == "code" and listed)):
            places.append((at, JUNK_CODES if listed else JUNK_DAYS))
    if not places:
        return None
    at, junk = luck.choice(places)
    return [*row[:at], luck.choice(junk), *row[at + 1 :]]


def verdict(line: Row, good: Row, rules: Rules) -> str:
    """What became of a line: right, wrong or refused."""
    found = mend(line, rules).fields
    if found is None:
        return "refused"
    alike = [
        a == b or (b"\t" in a and letters(a) == letters(b))
        for a, b in zip(found, good, strict=False)
    ]
    return "right" if len(found) == len(good) and all(alike) else "wrong"


def letters(text: bytes) -> bytes:
    """A text without blanks and tabs."""
    return text.replace(b"\t", b"").replace(b" ", b"")


def rows(
    release: Path, table: Table, count: int, luck: random.Random
) -> tuple[list[str], list[Row]]:
    """The header of a table's file, and some of its rows."""
    (path,) = release.rglob(table.file)
    header, *lines = path.read_bytes().split(b"\r\n")[:-1]
    chosen = luck.sample(lines, min(count, len(lines)))
    return header.decode().split("\t"), [line.split(b"\t") for line in chosen]


def counts(
    release: Path, lookups: Lookups, count: int, seed: int
) -> Iterator[tuple[str, dict[str, Counter[str]]]]:
    """For each main table what became of its rows, by the way in which they were shifted."""
    for table in tables().values():
        if table.kind != "main":
            continue
        luck = random.Random(f"{seed}/{table.name}")
        header, found = rows(release, table, count, luck)
        rules = Rules(bind(table, header), lookups, AS_OF)
        told: dict[str, Counter[str]] = {way: Counter() for way in WAYS}
        for row in found:
            for way in WAYS:
                pair = shifted(table, row, way, luck)
                if pair:
                    told[way][verdict(*pair, rules)] += 1
        yield table.name, told


def print_table(told: dict[str, dict[str, Counter[str]]]) -> None:
    """Rows put back right, wrong, and refused, by table, as the documentation has them."""
    heads = [f"{way}: {what}" for way in WAYS for what in ("right", "wrong", "refused")]
    print("| table | " + " | ".join(heads) + " |")
    print("| --- |" + " ---: |" * len(heads))
    for name, ways in told.items():
        cells = []
        for way in WAYS:
            for what in ("right", "wrong", "refused"):
                cells.append(f"{ways[way][what]:,}" if ways[way] else "")
        print(f"| {name} | " + " | ".join(cells) + " |")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 0 when no row came back wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--rows", type=int, default=2_000, help="of each table")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        synthesize(options.cases, folder / "release", defects=0, seed=options.seed, as_of=AS_OF)
        import_release(folder / "release", folder / "dataset", link=False)
        lookups = read_lookups(folder / "dataset")
        started = time.perf_counter()
        told = dict(counts(folder / "release", lookups, options.rows, options.seed))
        seconds = time.perf_counter() - started
    every = {way: sum((ways[way] for ways in told.values()), Counter()) for way in WAYS}
    print_table({**told, "all": every})
    tried = sum(counter.total() for counter in every.values())
    print(f"{tried:,} rows in {seconds:.1f} seconds.\n")
    met = []
    for way in BARS:
        wrong, total = every[way]["wrong"], every[way].total()
        met.append(wrong == 0)
        line = {"bar": f"wrong_repairs_{way}", "value": wrong, "need": 0, "ok": not wrong}
        print(json.dumps({**line, "against": f"{total:,} shifted rows"}))
    return 0 if all(met) else 1


if __name__ == "__main__":
    raise SystemExit(main())
