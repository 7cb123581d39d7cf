"""A table of statistics on the screen: the numbers first, then what one must know to read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asylumatlas.cli import screen
from asylumatlas.cli.columns import columns
from asylumatlas.cli.statistic_cells import Shown, fitted, number, pivoted, shown
from asylumatlas.stats.catalogue import Definition, statistic
from asylumatlas.stats.table import Table

_EXPLAINED = ("duration", "variation")
"""Kinds whose columns are explained below the rows."""

_OBVIOUS = ("definition", "log", "value", "date", "flag", "difference")


def print_table(table: Table) -> None:
    """Print a table: what it is, its rows, what is not in it, and where it is from."""
    used = _definitions(table)
    screen.heading(table.label)
    screen.paragraph(table.question)
    for each in used:
        screen.paragraph(_defined(each, table), indent="  ", first="")
    if table.filter:
        screen.paragraph(f"Only: {table.filter}.", indent="  ", first="")
    print()
    if table.rows:
        _print_rows(table)
    if table.reason:
        screen.paragraph(table.reason)
    print()
    for each in used:
        head = f"Not counted by {each.name}" if len(used) > 1 else "Not counted"
        screen.paragraph(f"{head}: {each.exclusions.rstrip('.')}.", indent="  ", first="")
    for caveat in _caveats(table):
        screen.paragraph(caveat, indent="  ", first="- ")
    for line in _sources(table):
        screen.paragraph(line, indent="  ", first="")


def _definitions(table: Table) -> list[Definition]:
    known = statistic(table.statistic)
    return [known.definition(name) for name in table.asked["definitions"]]


def _defined(one: Definition, table: Table) -> str:
    """What is counted, and of what, in one line: the meaning of the heads "counted" and "of"."""
    said = f"Definition {one.name}: {one.label}."
    if table.kind in ("share", "variation") and one.denominator:
        return f"{said} Counted: {one.numerator}; of: {one.denominator}."
    if one.numerator.casefold() in one.label.casefold():
        return said
    return f"{said} Counted: {one.numerator}."


def _print_rows(table: Table) -> None:
    """The rows, as many columns as fit, with their sum where rows can be added."""
    chosen, gone = fitted(pivoted(table) or shown(table))
    lines = [list(cells) for cells in zip(*(column.cells for column in chosen), strict=True)]
    total = _total(table, chosen)
    columns(
        [column.head for column in chosen],
        [*lines, total] if total else lines,
        [place for place, column in enumerate(chosen) if column.right],
    )
    for line in _legend(table, chosen, gone):
        screen.paragraph(line, indent="  ", first="  ")


def _total(table: Table, chosen: Sequence[Shown]) -> list[str] | None:
    """The line of all groups together: counts add up, and so does what shares are made of.

    Rows of several worlds, logs or definitions do not, and a withheld cell must stay one.
    """
    names = {column.name for column in table.columns}
    single = table.kind in ("count", "share") and not names & {"log", "definition", "worlds"}
    if not (single and table.by and len(table.rows) > 1):
        return None
    if any(row["flag"] == "suppressed" for row in table.rows):
        return None
    if table.kind == "count":
        sums = {"value": number(sum(row["value"] for row in table.rows))}
    else:
        part = sum(row["numerator"] for row in table.rows)
        whole = sum(row["denominator"] for row in table.rows)
        share = number(part / whole, "share") if whole else "-"
        sums = {"value": share, "numerator": number(part), "denominator": number(whole)}
    cells = [sums.pop(column.name, "") for column in chosen]  # an interval is its figure's twin
    return ["all", *cells[1:]]


def _legend(table: Table, chosen: Sequence[Shown], gone: Sequence[str]) -> Iterator[str]:
    """What heads and flags mean, and what is not shown."""
    flags = {mark for row in table.rows for mark in str(row["flag"]).split(", ")}
    if "small" in flags:
        least = next(iter(_asked(table, "small")), "25")
        yield f"small: fewer than {least} cases, which tell little."
    if "suppressed" in flags:
        least = next(iter(_asked(table, "suppress")), "few")
        yield (
            f"suppressed: withheld, because it holds fewer than {least} cases or would tell of a "
            "cell that does."
        )
    if table.sampling:
        yield f"sampled: {table.sampling} of the whole system."
    if any(row.get("worlds") for row in table.rows) and {"counted", "of"} & {
        c.head for c in chosen
    }:
        yield "Each number is the median of its own over the worlds: the share is not counted / of."
    if table.kind in _EXPLAINED:
        meanings = {column.name: column.meaning for column in table.columns}
        told = dict.fromkeys((c.name, c.head) for c in chosen if c.name not in table.by)
        meanings["fitted_p05"] = _RANGE
        said = [f"{head}: {meanings[name]}" for name, head in told if name not in _OBVIOUS]
        yield f"{'; '.join(said)}."
    if table.kind == "flow" and chosen and chosen[-1].name.startswith("after_"):
        yield "Per cent of the cohort in each stage, so many days (d) after the start."
    paired = {row.get("paired") for row in table.rows} - {None}
    if paired:
        yield _PAIRED if paired == {True} else _NOT_PAIRED if paired == {False} else _SOME_PAIRED
    if gone:
        yield f"Not shown for want of room: {', '.join(gone)}."


_RANGE = (
    "from where to where nine in ten judges' shares lie in the fitted distribution, chance in few "
    "decisions removed"
)
_PAIRED = "Difference from the first log, world by world with the same random numbers."
_NOT_PAIRED = (
    "Difference from the first log; not paired, for they do not share their random numbers."
)
_SOME_PAIRED = f"{_PAIRED[:-1]} where they share them; --format csv says where."


def _asked(table: Table, name: str) -> Iterator[str]:
    """The value of one of the question's arguments, where it was given."""
    for part in str(table.asked["question"]).split("&"):
        key, _, value = part.partition("=")
        if key == name:
            yield value


def _caveats(table: Table) -> Iterator[str]:
    """The caveats, but for what the lines on the sources say anyway."""
    notes = {f"{source.log}: {source.note}" for source in table.sources if source.note}
    yield from (caveat for caveat in table.caveats if caveat not in notes)


def _sources(table: Table) -> Iterator[str]:
    for source in table.sources:
        note = f" ({source.note.rstrip('.')})" if source.note else ""
        yield (
            f"Source: {source.log}{note}, as of {source.as_of}, "
            f"fingerprint {source.fingerprint[:16]}"
        )
    for one in table.cite_as:
        yield f"Published: {one}"
    yield (
        f"Method: docs/method/statistics/{table.statistic}.md. To cite: --cite. The query: "
        "--sql duckdb. All columns: --format csv."
    )
