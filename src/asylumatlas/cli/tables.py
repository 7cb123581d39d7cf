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
    screen.records(head, [(_reported_words(row), _reported_cells(row)) for row in rows])
    print()
    screen.paragraph(
        "inside?: the narrowest range that holds the reported number. A count with the role "
        "input was used to set the scenario up; only a prediction tests it."
    )


def _reported_words(row: Row) -> str:
    """Date, place, what, outlet."""
    place = f"{row['place']}: " if row["place"] else ""
    outlet = row["outlet"] or f"source {row['source'] or MISSING}"
    return f"{row['date']:<12}{place}{_measured(row)} ({outlet})"


def _measured(row: Row) -> str:
    """A measure's label, with its unit where the label does not tell it."""
    label = str(row.get("label") or row["measure"])
    unit = str(row.get("unit") or "people")
    told = unit == "people" or unit.split()[0].lower() in label.lower()
    return label if told else f"{label}, {unit}"


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
    varied = [row for row in summary["uncertainty"] if row["total_sd"]]
    shares = [row["luck_share"] for row in varied if row["luck_share"] is not None]
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
    for letter in ("a", "b"):
        if command := found.get(f"command_{letter}"):
            screen.paragraph(command, indent="     ", first=f"{letter.upper()} is: ")
    screen.heading("Differences, B less A")
    screen.records(
        ("A", "B", "difference", "95 %"),
        [(_compared_words(row), _compared_cells(row)) for row in found["rows"]],
    )
    print()
    paired = [row["paired"] for row in found["rows"]]
    screen.paragraph(_PAIRED if all(paired) else _SOME_PAIRED if any(paired) else _NOT_PAIRED)
    for caveat in found.get("caveats", ()):
        screen.paragraph(caveat, indent="  ", first="- ")


_PAIRED = (
    "Paired: the runs share their random numbers, so each replication is compared with its twin; "
    "what is chance in both cancels."
)
_NOT_PAIRED = (
    "Not paired: the runs do not share their random numbers, so the ranges hold the chance of "
    "both. Give both runs the same seed and number of replications to pair them."
)
_SOME_PAIRED = f"{_PAIRED} A measure marked (not paired) is an exception."


def _compared_words(row: Row) -> str:
    """The measure, and whether it is not compared twin by twin."""
    return _measured(row) + ("" if row["paired"] else " (not paired)")


def _compared_cells(row: Row) -> tuple[str, ...]:
    numbers = [_value(row[key]) for key in ("a", "b", "difference")]
    return (*numbers, _range(row, "low95", "high95"))
