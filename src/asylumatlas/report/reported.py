"""Published counts beside the simulation, each with its outlet, and what was decided when."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from asylumatlas import charts
from asylumatlas.markup import (
    MISSING,
    Citations,
    Markup,
    amount,
    day,
    reach,
    reported_amount,
    table,
)

Row = Mapping[str, Any]
Rows = Sequence[Row]

TITLES = (("prediction", "Counts held back"), ("input", "Counts used as input"))


def reported(summary: Row, citations: Citations) -> str:
    """Return every published count beside the run's intervals, predictions first."""
    body = ""
    for role, title in TITLES:
        rows = [row for row in summary["reported"] if row["role"] == role]
        if rows:
            body += _table(title, rows, citations)
    return body + _reading() if body else ""


def key(role: str) -> str:
    """Return the mark of a count used as input (hollow) or held back (filled)."""
    return (
        '<svg class="key" viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">'
        f'<circle class="reported {role}" cx="7" cy="7" r="4.5"/></svg>'
    )


def _reading() -> str:
    return (
        '<p class="note">How to read it: each count keeps its outlet. A count used as '
        "<em>input</em> was open to the model; a <em>prediction</em> is compared with a count from "
        "which no quantity was set. In the strips, the thin bar is the 95 % interval, the thick "
        f"bar the 80 % interval, the upright line the median; {key('input')} is a count used as "
        f"input, {key('prediction')} one held back. Each strip has its own scale. A count "
        "published as \u201cat least\u201d or \u201cmore than\u201d is a lower bound and "
        "contradicts only an interval that lies below it; \u201cat most\u201d and \u201cless "
        "than\u201d only one that lies above.</p>"
    )


def _table(title: str, rows: Rows, citations: Citations) -> str:
    head = ("Count, place, date and outlet", "Reported", "Median", "80 % interval")
    return table(
        title,
        (*head, "95 % interval", "Strip", "Verdict"),
        [
            (
                Markup(_what(row, citations)),
                reported_amount(row),
                amount(row["median"], row["unit"]),
                reach(row, row["unit"], 80),
                reach(row, row["unit"], 95),
                Markup(charts.interval_strip(row)),
                _verdict(row),
            )
            for row in rows
        ],
        numeric=(1, 2, 3, 4),
        kind="cards counts",
    )


def _what(row: Row, citations: Citations) -> str:
    note = f"; {escape(row['note'])}" if row.get("note") else ""
    place = f"{escape(row['place'])}, " if row["place"] else ""
    cited = citations.cite(row["source"], row["outlet"])
    return (
        f"{escape(row['label'])} ({escape(row['unit'])})<br>"
        f'<span class="quiet">{place}{day(row["date"])}, {cited}{note}</span>'
    )


def _verdict(row: Row) -> Markup:
    if row["reported"] is None:
        return Markup(MISSING)
    if row["inside80"]:
        said = "✓ inside 80 %"
    elif row["inside95"]:
        said = "≈ inside 95 % only"
    else:
        said = "✗ above 95 %" if row["reported"] > row["high95"] else "✗ below 95 %"
    return Markup(f'<span class="verdict">{said}</span>')


def decisions(summary: Row, citations: Citations) -> str:
    """Return the dated changes of the scenario; their numbers mark them in the charts."""
    changes = summary.get("changes") or ()
    if not changes:
        return ""
    items = "".join(
        f"<li><strong>{day(row['on'])}</strong>: {escape(row['what'])} "
        f"{citations.cite(row['source']) if row['source'] else ''}</li>"
        for row in changes
    )
    note = "The charts below carry these numbers on upright dashed lines."
    return f'<ol class="findings">{items}</ol><p class="note">{note}</p>'
