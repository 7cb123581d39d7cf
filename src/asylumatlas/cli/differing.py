"""`asylumatlas diff`: two datasets beside each other."""

from __future__ import annotations

import json as json_text
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from asylumatlas.cli import DONE, screen
from asylumatlas.cli.columns import columns

if TYPE_CHECKING:
    from asylumatlas.records.changes.difference import Difference, TableDifference
    from asylumatlas.records.changes.vanished import Cell

MOST_CELLS = 20  # years and statuses shown; the Parquet file has all
MOST_COLUMNS = 5  # columns named for a table
BLANK = "(blank)"


def diff(
    a: Path,
    b: Path,
    /,
    *,
    out: Annotated[Path | None, Parameter(metavar="DIR")] = None,
    tables: Annotated[str | None, Parameter(metavar="A,B")] = None,
    json: Annotated[bool, Parameter(negative="", show_default=False)] = False,
) -> int:
    """Show what a newer release added, removed and changed.

    Args:
        a: folder of the older dataset, as import made it.
        b: folder of the newer dataset.
        out: also write every difference as Parquet into this folder, which must be new or empty.
        tables: compare only these, with commas between them.
        json: print one JSON object instead of tables.
    """
    from asylumatlas.records.changes.difference import diff as compare

    names = [name.strip() for name in tables.split(",") if name.strip()] if tables else None
    with _progress() as progress:
        found = compare(a, b, out, names, progress)
    if json:
        print(json_text.dumps(found.to_json(), indent=1, ensure_ascii=False))
    else:
        print_difference(found)
    return DONE


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """A bar of the rows compared, on standard error, where somebody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    columns = (TextColumn("Comparing"), BarColumn(bar_width=None), MofNCompleteColumn())
    more = (TextColumn("rows"), TimeLeft(compact=True), TextColumn("left"))
    console = Console(stderr=True)
    with Progress(*columns, *more, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def print_difference(found: Difference) -> None:
    """Print what changed: by table, what is gone in bulk, by year and status, by column."""
    for letter, side in (("A", found.a), ("B", found.b)):
        about = f"{side.release}, {side.as_of}" + (", synthetic" if side.synthetic else "")
        screen.paragraph(f"{side.path} ({about})", "   ", f"{letter}: ")
    for note in found.notes:
        screen.paragraph(note)
    if found.same:
        return
    differing = [table for table in found.tables if table.added or table.removed or table.changed]
    _print_tables(found.tables, differing)
    _print_gone(differing)
    _print_cells(differing)
    _print_columns(differing)
    _print_rest(found)


def _print_tables(every: Sequence[TableDifference], differing: Sequence[TableDifference]) -> None:
    """Rows of the main tables; the lookups, of which many change a little, in one sentence."""
    screen.heading("By table")
    main = [table for table in differing if not _is_lookup(table)]
    if main:
        cells = [
            [t.table, *(f"{n:,}" for n in (t.rows_a, t.added, t.removed, t.changed))] for t in main
        ]
        columns(["table", "rows in A", "added", "removed", "changed"], cells, range(1, 5))
    lookups = [table for table in differing if _is_lookup(table)]
    if main and (lookups or len(differing) < len(every)):
        print()
    if lookups:
        words = ("added", "removed", "changed")
        sums = {word: sum(getattr(table, word) for table in lookups) for word in words}
        verb = "differs" if len(lookups) == 1 else "differ"
        told = ", ".join(f"{rows:,} rows {word}" for word, rows in sums.items() if rows)
        screen.paragraph(f"{_counted(len(lookups), 'lookup')} {verb}: {told}.")
    if alike := len(every) - len(differing):
        nouns = "table does" if alike == 1 else "tables do"
        screen.paragraph(f"{alike} {nouns} not differ.")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _is_lookup(table: TableDifference) -> bool:
    from asylumatlas.records.registry import tables

    return tables()[table.table].kind == "lookup"


def _print_gone(differing: Sequence[TableDifference]) -> None:
    """What is gone, in words."""
    told = [sentence for table in differing for sentence in table.sentences]
    if told:
        screen.heading("What is gone")
    for sentence in told:
        screen.paragraph(f"{sentence}.", "  ", "- ")


def _print_cells(differing: Sequence[TableDifference]) -> None:
    """Years and statuses of the most rows removed, added and changed, in this order."""
    rows = [(table, cell) for table in differing for cell in table.cells if _differs(cell)]
    if not rows:
        return
    rows.sort(key=lambda row: (-row[1].removed, -row[1].added, -row[1].changed))
    screen.heading("By year and status")
    head = ["table", "year", "status", "added", "removed", "changed", "same"]
    cells = [
        [table.table, *_place(table.table, cell)]
        + [f"{n:,}" for n in (cell.added, cell.removed, cell.changed, cell.unchanged)]
        for table, cell in rows[:MOST_CELLS]
    ]
    columns(head, cells, numeric=range(3, 7))
    if len(rows) > MOST_CELLS:
        screen.paragraph(
            f"{len(rows) - MOST_CELLS:,} more with fewer rows removed; --out DIR writes all."
        )


def _differs(cell: Cell) -> bool:
    return bool(cell.added or cell.removed or cell.changed)


def _place(name: str, cell: Cell) -> tuple[str, str]:
    """Year and status; a dash where the table has no such column."""
    from asylumatlas.records.registry import tables

    table = tables()[name]
    year = (str(cell.year) if cell.year is not None else BLANK) if table.year else "-"
    status = (cell.status if cell.status is not None else BLANK) if table.status else "-"
    return year, status


def _print_columns(differing: Sequence[TableDifference]) -> None:
    """The columns that changed in most rows, by table; those of all lookups together."""
    changed = [table for table in differing if table.columns]
    if not changed:
        return
    screen.heading("Columns that changed, with the rows in which they did")
    lookups = [table for table in changed if _is_lookup(table)]
    for table in changed:
        if table not in lookups:
            _print_changed(table.table, table.columns)
    sums, spelled = Counter[str](), dict[str, str]()  # each lookup writes the same names its way
    for table in lookups:
        for name, rows in table.columns.items():
            sums[spelled.setdefault(name.casefold(), name)] += rows
    if lookups:
        _print_changed(_counted(len(lookups), "lookup"), dict(sums.most_common()))


def _print_changed(name: str, changed: Mapping[str, int]) -> None:
    """The first of the columns that changed."""
    named = [f"{column} {rows:,}" for column, rows in list(changed.items())[:MOST_COLUMNS]]
    more = len(changed) - len(named)
    rest = f", {more} more" if more else ""
    screen.paragraph(f"{name}: {', '.join(named)}{rest}", "    ", "  ")


def _print_rest(found: Difference) -> None:
    """What was not compared, and where the files are."""
    left = [f"{name}: {why}" for name, why in found.not_compared.items()]
    for table in found.tables:
        for letter, names in (("A", table.only_a), ("B", table.only_b)):
            if names:
                left.append(f"{table.table}: only {letter} has {', '.join(names)}")
        lines = table.quarantined_a, table.quarantined_b
        if any(lines):
            left.append(
                f"{table.table}: lines that could not be read, {lines[0]:,} in A and "
                f"{lines[1]:,} in B; a row among them counts as gone or added"
            )
    if left:
        screen.heading("Not compared")
    for line in left:
        screen.paragraph(line, "  ", "- ")
    if found.out:
        print(f"\nEvery difference, row by row: {found.out}")
