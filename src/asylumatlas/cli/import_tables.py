"""An import as tables for people: what became of every line, and what is worth a look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from asylumatlas.cli import screen

if TYPE_CHECKING:
    from asylumatlas.records.importing import Imported
    from asylumatlas.records.ledger import Ledger

Entry = Mapping[str, Any]

MOST = 12  # rows of a list; `--json` and ledger.json have all
COUNTED = ("lines", "kept", "repaired", "quarantined", "count_txt", "difference")
HEAD = ("lines", "kept", "repaired", "quarantined", "Count.txt", "difference")


def print_import(found: Imported, folder: str) -> None:
    """Print what an import did.

    Args:
        found: what `import_release` returned.
        folder: the dataset's folder, as it is to be shown.
    """
    release = found.dataset.release
    screen.paragraph(
        f'Release "{release["name"]}" as of {found.dataset.as_of} (from {release["as_of_from"]}), '
        f"fingerprint {release['fingerprint'][:16]}"
    )
    if "synthetic" in str(release.get("readme") or "").casefold():
        screen.paragraph("Its Readme says that it is synthetic: made up, not a record of anyone.")
    screen.paragraph(_did(found, folder))
    _print_lines(found.ledger)
    _print_reasons(found.ledger)
    _print_unread(found.ledger)
    _print_unknown(found.ledger)
    _print_drift(found)
    _print_links(found.links)
    screen.heading("Where it is")
    print(f"Dataset: {folder}")
    print(f"Ledger:  {folder}/ledger.json")
    print(f"SQL:     {folder}/records.duckdb")


def _did(found: Imported, folder: str) -> str:
    """What the call came to, in a sentence."""
    count = len(found.read)
    tables = f"{count:,} table" + ("" if count == 1 else "s")
    if found.did == "nothing":
        return f"{folder} holds this release already: nothing was done."
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
        table = tables()[file["table"]]
        if table.kind == "main":
            rows.append((f"{table.name}: {table.label}", _cells(file)))
        elif file["repaired"] or file["quarantined"] or file["difference"]:
            rows.append((f"{table.name} (lookup)", _cells(file)))
        else:
            quiet.append(file)
    if quiet:
        noun = "lookup" if len(quiet) == 1 else "lookups"
        rows.append((f"{len(quiet)} {noun}, every line kept", _cells(_sum(quiet))))
    rows.append(("All", _cells(_sum(ledger.files))))
    screen.records(HEAD, rows)
    print()
    screen.paragraph(
        "lines = kept + repaired + quarantined. difference: lines less the number that Count.txt "
        "gives; a dash where it gives none."
    )


def _sum(files: Sequence[Entry]) -> dict[str, int | None]:
    """The columns of several files added up; of Count.txt only over files it counts."""
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
    cells = [[f"{t}.{c}", reason, f"{n:,}"] for t, c, reason, n in rows[:MOST]]
    screen.table(["column", "reason", "values"], cells, numeric=[2])
    _more(len(rows))


def _print_unknown(ledger: Ledger) -> None:
    """Codes worth a look: no lookup has them."""
    rows = ledger.unknown_codes(MOST + 1)
    if not rows:
        return
    screen.heading("Codes that are in no lookup")
    cells = [[f"{r.table}.{r.column}", r.code, f"{r.rows:,}"] for r in rows[:MOST]]
    screen.table(["column", "code", "rows"], cells, numeric=[2])
    _more(len(rows))


def _more(count: int) -> None:
    if count > MOST:
        screen.paragraph("More are in ledger.json.")


def _print_drift(found: Imported) -> None:
    """How the release differs from what `tables.toml` knows, and what was not read."""
    ledger, said = found.ledger, []
    for file in ledger.files:
        columns = file["columns"]
        for word, verb in (("missing", "lacks"), ("added", "adds")):
            if columns[word]:
                said.append(f"{file['table']} {verb} {', '.join(columns[word])}")
        for name, header in columns["renamed"].items():
            said.append(f"{file['table']} calls {name} {header}")
    for words, names in (
        ("not in the release", ledger.not_in_release),
        ("no known table", ledger.not_known),
        ("left out by --tables", found.dataset.manifest.get("left_out", ())),
    ):
        if names:
            shown = ", ".join(names[:MOST]) + (f" and {len(names) - MOST} more") * (
                len(names) > MOST
            )
            said.append(f"{words}: {shown}")
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
    screen.paragraph(
        f"{links['events']:,} events of {links['cases']:,} cases. Of {histories['replayed']:,} "
        f"histories with any event the process allows {histories['accepted']:,}"
        f"{_share(histories['accepted_share'])}; {histories['refused']:,} could not have happened "
        "in it as they are recorded. That is a finding about the records; they stay in the log."
    )
    refused = histories["refused_by_reason"]
    if refused:
        print()
        cells = [[row["reason"], f"{row['count']:,}"] for row in refused[:MOST]]
        screen.table(["why not", "histories"], cells, numeric=[1])
    print()
    cells = [
        [name, *(f"{row[word]:,}" for word in ("rows", "used")), _reasons(row["not_used"])]
        for name, row in links["tables"].items()
    ]
    screen.table(["table", "rows", "used", "not used"], cells, numeric=[1, 2])
    if links["tables_missing"]:
        screen.paragraph(f"Linked without {', '.join(links['tables_missing'])}.")


def _share(share: float | None) -> str:
    return "" if share is None else f" ({100 * share:.1f} %)"


def _reasons(counts: Mapping[str, int]) -> str:
    """Why rows made no event, those of most rows first."""
    rows = sorted(counts.items(), key=lambda item: -item[1])
    return "; ".join(f"{reason} {count:,}" for reason, count in rows[:3])
