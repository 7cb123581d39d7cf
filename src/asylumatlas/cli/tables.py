"""A run and a comparison as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from asylumatlas.cli import screen
from asylumatlas.markup import number

Row = Mapping[str, Any]

MISSING = "not found"
SMALLEST_PAIR = 2  # replications, below which there is no range


def print_run(summary: Row, folder: str, report: str) -> None:
    """Print what a run says: reported counts, stages, outcomes, uncertainty, and where it is.

    Args:
        summary: the summary of a run, as `asylumatlas.summary.check` describes it.
        folder: the run's folder, as it is to be shown.
        report: the path of its report.
    """
    screen.paragraph(summary["title"])
    screen.paragraph(summary["question"])
    runs = summary["replications"]
    screen.paragraph(
        f"{summary['from']} to {summary['to']}, {_counted(runs, 'replication')}, "
        f"seed {summary['seed']}, fingerprint {summary['fingerprint']}"
    )
    _print_reported(summary["reported"])
    _print_stages(summary["stages"])
    _print_outcomes(summary["outcomes"])
    _print_uncertainty(summary)
    screen.heading("Where it is")
    print(f"Run folder: {folder}")
    print(f"Report:     {report}")
    if note := summary.get("synthetic_note"):
        print()
        screen.paragraph(note)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _value(value: object) -> str:
    return MISSING if value is None else number(value)


def _range(row: Row, low: str, high: str) -> str:
    if row[low] is None or row[high] is None:
        return MISSING
    return f"{number(row[low])} to {number(row[high])}"


# ---- reported and simulated


def _print_reported(rows: Sequence[Row]) -> None:
    """Two lines for each published count: what it is in words, then its numbers in columns."""
    screen.heading("Reported and simulated")
    if not rows:
        screen.paragraph("This scenario names no published count.")
        return
    head = ("reported", "role", "median", "80 %", "95 %", "inside?")
    cells = [_reported_cells(row) for row in rows]
    widths = [max(len(line[k]) for line in [head, *cells]) for k in range(len(head))]
    print(_in_columns(head, widths))
    for row, line in zip(rows, cells, strict=True):
        screen.paragraph(_reported_words(row), indent=" " * 12, first="")
        print(screen.folded(_in_columns(line, widths)))
    print()
    screen.paragraph(
        "inside?: the narrowest range that holds the reported number. A count with the role "
        "input was used to set the scenario up; only a prediction tests it."
    )


def _reported_words(row: Row) -> str:
    """Date, place, what, outlet."""
    place = f"{row['place']}: " if row["place"] else ""
    unit = "" if row["unit"] == "people" else f", {row['unit']}"
    outlet = row["outlet"] or f"source {row['source'] or MISSING}"
    return f"{row['date']:<12}{place}{row['label']}{unit} ({outlet})"


def _reported_cells(row: Row) -> tuple[str, ...]:
    qualifier = row.get("qualifier") or "stated"
    reported = _value(row["reported"])
    if qualifier != "stated" and row["reported"] is not None:
        reported = f"{qualifier.replace('_', ' ')} {reported}"
    ranges = [_range(row, f"low{level}", f"high{level}") for level in (80, 95)]
    return (reported, row["role"], _value(row["median"]), *ranges, _inside(row))


def _inside(row: Row) -> str:
    if row["inside80"] is None or row["inside95"] is None:
        return MISSING
    return "80 %" if row["inside80"] else "95 %" if row["inside95"] else "neither"


def _in_columns(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Cells flush right below each other, closer together where the numbers are long."""
    between = screen.width() - sum(widths)
    gap = 2 if between >= 2 * (len(widths) - 1) else 1
    indent = max(0, min(12, between - gap * (len(widths) - 1)))
    parts = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
    return (" " * indent + (" " * gap).join(parts)).rstrip()


# ---- the rest of a run


def _print_stages(rows: Sequence[Row]) -> None:
    screen.heading("What became of the cohort")
    if not rows:
        screen.paragraph("This scenario names no cohort.")
        return
    screen.paragraph("People: median, and below it the range of 95 % of the replications.")
    columns = ("entered", "left", "inside")
    cells = [
        [
            row["label"],
            *(f"{_value(row[c]['median'])}\n{_range(row[c], 'low95', 'high95')}" for c in columns),
        ]
        for row in rows
    ]
    screen.table(["stage", "entered", "left", "inside at the end"], cells, numeric=[1, 2, 3])


def _print_outcomes(rows: Sequence[Row]) -> None:
    if rows:
        screen.heading("Outcomes")
        cells = [[r["label"], _value(r["median"]), _range(r, "low95", "high95")] for r in rows]
        screen.table(["outcome", "median", "95 %"], cells, numeric=[1, 2])


def _print_uncertainty(summary: Row) -> None:
    """One paragraph: how much is chance, how much is not knowing, how much is assumed."""
    screen.heading("How sure is this")
    shares = [r["luck_share"] for r in summary["uncertainty"] if r["luck_share"] is not None]
    said = "Too few replications to tell chance from what is not known about the parameters."
    if shares and summary["replications"] >= SMALLEST_PAIR:
        low, high = f"{100 * min(shares):.0f}", f"{100 * max(shares):.0f}"
        share = f"{low} %" if low == high else f"{low} to {high} %"
        said = (
            f"Chance accounts for {share} of the variance, depending on the measure; the rest "
            "comes from what is not known exactly about the parameters."
        )
    assumed = sum(bool(row["assumed"]) for row in summary["assumptions"])
    listed = _counted(len(summary["assumptions"]), "parameter")
    verb = "is" if assumed == 1 else "are"
    screen.paragraph(f"{said} Of {listed} listed, {assumed} {verb} assumed: no source was found.")
    for caveat in summary["caveats"]:
        screen.paragraph(caveat, indent="  ", first="- ")


# ---- a comparison


def print_comparison(found: Row, run_a: str, run_b: str) -> None:
    """Print a comparison: each measure in both runs, and the difference B less A.

    Args:
        found: what `asylumatlas.sim.compare.compare` returns.
        run_a: folder of the first run, as it is to be shown.
        run_b: folder of the second run.
    """
    if question := found.get("question"):
        screen.paragraph(question)
    print(f"A: {run_a}\nB: {run_b}")
    screen.heading("Differences, B less A")
    cells = [
        [
            row.get("label") or row["measure"],
            _value(row["a"]),
            _value(row["b"]),
            _value(row["difference"]),
            _range(row, "low95", "high95"),
            "yes" if row["paired"] else "no",
        ]
        for row in found["rows"]
    ]
    head = ["measure", "A", "B", "difference", "95 %", "paired"]
    screen.table(head, cells, numeric=[1, 2, 3, 4, 5])
    print()
    screen.paragraph(
        "paired: the runs share their random numbers, so each replication is compared with its "
        "twin; what is chance in both cancels."
    )
    for caveat in found.get("caveats", ()):
        screen.paragraph(caveat, indent="  ", first="- ")
