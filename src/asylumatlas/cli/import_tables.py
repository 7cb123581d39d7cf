"""An import as tables for people: what became of every line, and what is worth a look."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from asylumatlas.cli import screen
from asylumatlas.cli.columns import columns

if TYPE_CHECKING:
    from asylumatlas.records.dataset import Dataset
    from asylumatlas.records.importing import Imported
    from asylumatlas.records.ledger import Ledger

Entry = Mapping[str, Any]

MOST = 12  # rows of a list; `--json` and ledger.json have all
MOST_WHY = 3  # reasons named for a table
MOST_CODES = 4  # codes named for a column
COUNTED = ("lines", "kept", "repaired", "quarantined", "difference")


def print_import(found: Imported, folder: str) -> None:
    """Print what an import did.

    Args:
        found: what `import_release` returned.
        folder: the dataset's folder, as it is to be shown.
    """
    dataset = found.dataset
    screen.paragraph(
        f'Release "{dataset.release["name"]}" as of {dataset.as_of} (from '
        f"{dataset.release['as_of_from']}), fingerprint {dataset.release['fingerprint'][:16]}"
    )
    if other := _other_day(dataset):
        screen.paragraph(other)
    if dataset.synthetic:
        screen.paragraph("Its Readme says that it is synthetic: made up, not a record of anyone.")
    screen.paragraph(_did(found, folder))
    _print_lines(found.ledger)
    _print_reasons(found.ledger)
    _print_unread(found.ledger)
    _print_unknown(found.ledger)
    _print_drift(found)
    _print_links(found.links)
    _print_next(dataset, folder)


def _print_next(dataset: Dataset, folder: str) -> None:
    """Where to go on from here; a path is not broken, so that it can be copied."""
    screen.heading("Where to go on")
    print(f"In SQL:       {folder}/records.duckdb (TABLE_decoded: codes in words)")
    if dataset.linked:
        print(f'As histories: asylumatlas.open("{folder}/log")')
    print(f"Every count:  {folder}/ledger.json")
    print("To read on:   docs/tutorial/court-records.md, docs/reference/court-records.md")


def _other_day(dataset: Dataset) -> str | None:
    """A line on a release that was given another day than its own name says."""
    from asylumatlas.records.files.release import date_in

    named = date_in(dataset.release["name"])
    if dataset.release["as_of_from"] != "given" or named in {None, dataset.as_of}:
        return None
    return f"Its own name says {named}; the day given counts."


def _did(found: Imported, folder: str) -> str:
    """What the call came to, in a sentence."""
    count = len(found.read)
    tables = f"{count:,} table" + ("" if count == 1 else "s")
    if found.did == "nothing":
        return f"{folder} holds this release already: nothing was done."
    if found.did == "resumed" and not count:
        parts = ["the ledger", *(["the histories"] if found.links else []), "the views for SQL"]
        rest = f"{', '.join(parts[:-1])} and {parts[-1]}"
        return f"All tables were there already; this call finished what comes after: {rest}."
    if found.did == "resumed":
        return f"An earlier import went on: {tables} read by this call."
    return f"Imported: {tables}."


def _cells(entry: Entry) -> list[str]:
    return ["-" if entry.get(word) is None else f"{entry[word]:,}" for word in COUNTED]


def _print_lines(ledger: Ledger) -> None:
    """Each file of a main table; of the lookups only those with something to tell."""
    from asylumatlas.records.registry import tables

    screen.heading("What became of every line")
    rows, quiet = [], []
    for file in ledger.files:
        told = file["repaired"] or file["quarantined"] or file["difference"]
        if told or tables()[file["table"]].kind == "main":
            rows.append([file["table"], *_cells(file)])
        else:
            quiet.append(file)
    if quiet:
        other = "other " if any(tables()[row[0]].kind == "lookup" for row in rows) else ""
        noun = "lookup" if len(quiet) == 1 else "lookups"
        rows.append([f"{len(quiet)} {other}{noun}", *_cells(_sum(quiet))])
    rows.append(["all", *_cells(_sum(ledger.files))[:-1], _differ(ledger.files)])
    columns(["table", *COUNTED], rows, numeric=range(1, len(COUNTED) + 1))
    print()
    screen.paragraph(
        "lines = kept + repaired + quarantined. difference: lines less the rows that the release's "
        "own Count.txt gives; a dash where it gives none; for all, how many files differ."
    )


def _differ(files: Sequence[Entry]) -> str:
    """How many files differ: a sum would let lines too many make up for lines too few."""
    if all(file["difference"] is None for file in files):
        return "-"
    count = sum(bool(file["difference"]) for file in files)
    return f"{count} file{'' if count == 1 else 's'}" if count else "0"


def _sum(files: Sequence[Entry]) -> dict[str, int | None]:
    """The columns of several files added up; the difference over files that Count.txt counts."""
    sums: dict[str, int | None] = {}
    for word in COUNTED:
        known = [file[word] for file in files if file[word] is not None]
        sums[word] = sum(known) if known else None
    return sums


def _print_reasons(ledger: Ledger) -> None:
    """Repaired and quarantined lines by reason."""
    from asylumatlas.records.reasons import QUARANTINED, REPAIRED

    if not (reasons := ledger.reasons()):
        return
    screen.heading("Lines repaired or quarantined")
    meanings = {**QUARANTINED, **REPAIRED}
    cells = []
    for reason, rows in reasons.items():
        words = "; ".join(meanings.get(part, part) for part in reason.split("+"))
        what = "quarantined" if reason in QUARANTINED else "repaired"
        cells.append([reason, what, words, f"{rows:,}"])
    screen.table(["reason", "", "meaning", "lines"], cells, numeric=[3])


def _print_unread(ledger: Ledger) -> None:
    """Values that are null because they could not be read."""
    if not (rows := ledger.unread()):
        return
    screen.heading("Values that could not be read, and are null")
    total = ledger.totals["unread"]
    screen.paragraph(f"{total:,} in all; each is kept as it was, in values/.")
    print()
    cells = [[f"{t}.{c}", reason, f"{n:,}"] for t, c, reason, n in rows[:MOST]]
    screen.table(["column", "reason", "values"], cells, numeric=[2])
    _more(len(rows))


def _print_unknown(ledger: Ledger) -> None:
    """Codes worth a look: no lookup has them."""
    rows = [
        (f"{file['table']}.{name}", column["unknown"], column.get("unknown_codes") or {})
        for file in ledger.files
        for name, column in file["columns"]["by_name"].items()
        if column.get("unknown")
    ]
    if not rows:
        return
    rows.sort(key=lambda row: -row[1])
    screen.heading("Codes that are in no lookup")
    cells = [[name, f"{count:,}", _codes(codes)] for name, count, codes in rows[:MOST]]
    screen.table(["column", "rows", "codes"], cells, numeric=[1])
    _more(len(rows))


def _codes(counts: Mapping[str, int]) -> str:
    """Codes with their rows, those of most rows first."""
    from asylumatlas.records.ledger import MORE

    named = sorted(
        ((code, rows) for code, rows in counts.items() if code != MORE), key=lambda row: -row[1]
    )
    return _first([f"{code} {rows:,}" for code, rows in named], MOST_CODES, ", ", MORE in counts)


def _first(words: Sequence[str], most: int, mark: str, endless: bool = False) -> str:
    """The first of some words, and how many more there are."""
    more = len(words) - most
    rest = [f"{'over ' if endless else ''}{more:,} more"] if more > 0 else []
    return mark.join([*words[:most], *rest])


def _more(count: int) -> None:
    if count > MOST:
        screen.paragraph("More are in ledger.json.")


def _print_drift(found: Imported) -> None:
    """How the release differs from what `tables.toml` knows, and what was not read."""
    ledger, said = found.ledger, []
    for file in ledger.files:
        bound = file["columns"]
        for word, verb in (("missing", "lacks"), ("added", "adds")):
            if bound[word]:
                said.append(f"{file['table']} {verb} {', '.join(bound[word])}")
        for name, header in bound["renamed"].items():
            said.append(f"{file['table']} calls {name} {header}")
    for words, names in (
        ("not in the release", ledger.not_in_release),
        ("no known table", ledger.not_known),
        ("left out by --tables", found.dataset.manifest.get("left_out", ())),
    ):
        if names:
            said.append(f"{words}: {_first(names, MOST, ', ')}")
    if said:
        screen.heading("Other than expected")
    for line in said:
        screen.paragraph(line, "  ", "- ")


def _print_links(links: Mapping[str, Any] | None) -> None:
    """How the tables became case histories."""
    screen.heading("Histories")
    if links is None:
        screen.paragraph("Not linked: that needs A_TblCase and B_TblProceeding.")
        return
    histories = links["histories"]
    elsewhere = links["cases"] - links["cases_recorded"]
    screen.paragraph(
        f"{links['events']:,} events of {links['cases']:,} cases ({elsewhere:,} met only in "
        f"proceedings, {histories['without_events']:,} without an event). "
        f"Of the {histories['replayed']:,} histories with an event {histories['accepted']:,}"
        f"{_share(histories['accepted_share'])} are such as the process allows; "
        f"{histories['refused']:,} could not have happened as they are recorded. That is a finding "
        "about the records, or about our rules; they stay in the log."
    )
    refused = histories["refused_by_reason"]
    if refused:
        print()
        cells = [[f"{row['count']:,}", row["reason"]] for row in refused[:MOST]]
        screen.table(["histories", "could not have happened because"], cells, numeric=[0])
        if len(refused) > MOST:
            screen.paragraph("More are in links.json.")
    print()
    cells = [
        [name, *(f"{row[word]:,}" for word in ("rows", "used")), _reasons(row["not_used"])]
        for name, row in links["tables"].items()
    ]
    screen.table(["table", "rows", "used", "not used"], cells, numeric=[1, 2])
    if links["tables_missing"]:
        screen.paragraph(f"Linked without {', '.join(links['tables_missing'])}.")


def _share(share: float | None) -> str:
    """A share in percent, rounded down: 100 only where it is all."""
    return "" if share is None else f" ({math.floor(1000 * share + 1e-9) / 10:.1f} %)"


def _reasons(counts: Mapping[str, int]) -> str:
    """Why rows made no event, those of most rows first."""
    rows = sorted(counts.items(), key=lambda item: -item[1])
    told = [f"{reason} {count:,}" for reason, count in rows[:MOST_WHY]]
    if left := sum(count for _, count in rows[MOST_WHY:]):
        told.append(f"other {left:,}")
    return "; ".join(told)
