"""What the run counted over time: one fan a measure, side by side, with what was published."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from asylumatlas import charts
from asylumatlas.markup import (
    Citations,
    Markup,
    amount,
    day,
    figure,
    located,
    reported_amount,
    table,
)
from asylumatlas.report.reported import key
from asylumatlas.summary import source_ids

Row = Mapping[str, Any]
Rows = Sequence[Row]

LONGEST_TABLE = 60  # rows printed beside a fan chart; the run's folder holds every day
USES = {"input": "used as input", "prediction": "held back"}


def timelines(summary: Row, citations: Citations) -> str:
    """Return the fan charts of a run, two to a line where there is room."""
    if not summary["series"]:
        return ""
    qualifiers = {_identity(row, row["reported"]): row for row in summary["reported"]}
    changes = summary.get("changes") or ()
    fans = "".join(_fan(row, changes, qualifiers, citations) for row in summary["series"])
    keys = "; ".join(f"{key(role)} reported, {use}" for role, use in USES.items())
    dashed = "; dashed upright: what was decided, by number" if changes else ""
    reading = f"Line: median; dark band: 80 % of runs; light band: 95 %; {keys}{dashed}."
    return f'<p class="note">{reading}</p><div class="fans">{fans}</div>'


def _identity(row: Row, value: object) -> tuple[object, ...]:
    return row.get("measure"), row["date"], row["outlet"], value


def _fan(series: Row, changes: Rows, known: Mapping[Any, Row], citations: Citations) -> str:
    heading = f"<h3>{escape(located(series['label'], series['place']))}</h3>"
    unit = f'<p class="quiet">{escape(series["unit"])}</p>'
    data = _simulated(series) + _published(series, known, citations)
    chart = charts.fan(series, changes)
    drawn = figure(chart, _caption(series, citations), data)
    return f'<div class="series">{heading}{unit}{drawn}</div>'


def _caption(series: Row, citations: Citations) -> str:
    parts = []
    for role, use in USES.items():
        points = [p for p in series["points"] if p["role"] == role and p["value"] is not None]
        cited: dict[str | None, list[str]] = {}
        for point in points:
            ids = cited.setdefault(point["outlet"], [])
            ids += [each for each in source_ids(point["source"]) if each not in ids]
        if cited:
            outlets = ", ".join(citations.cite(ids, outlet) for outlet, ids in cited.items())
            parts.append(f"{key(role)} reported, {use}: {outlets}.")
    return " ".join(parts) or "No published count to compare with."


def _simulated(series: Row) -> str:
    days = len(series["dates"])
    places = charts.thinned(days, LONGEST_TABLE)
    every = f", every {places[1] - places[0]} days" if len(places) < days else ""
    head = ("Date", "Median", "80 % from", "80 % to", "95 % from", "95 % to")
    levels = ("median", "low80", "high80", "low95", "high95")
    rows = [
        (
            day(series["dates"][place]),
            *(amount(series[level][place], series["unit"]) for level in levels),
        )
        for place in places
    ]
    return table(f"Simulated, {series['unit']}{every}", head, rows, numeric=range(1, 6))


def _published(series: Row, known: Mapping[Any, Row], citations: Citations) -> str:
    if not series["points"]:
        return ""
    rows = []
    for point in series["points"]:
        said = amount(point["value"], series["unit"]) if point["value"] is not None else None
        row = known.get(_identity({**point, "measure": series["measure"]}, point["value"]))
        rows.append(
            (
                day(point["date"]),
                said if row is None else reported_amount(row),
                point["role"],
                Markup(citations.cite(point["source"], point["outlet"])),
            )
        )
    head = ("Date", "Reported", "Use", "Outlet")
    return table(f"Reported, {series['unit']}", head, rows, numeric=(1,))
