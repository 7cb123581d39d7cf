"""Policies beside their base as one page that opens offline: a picture a measure, then tables."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from asylumatlas import evidence
from asylumatlas.cli.policies import (
    ELSE,
    beside,
    head,
    notes,
    numbers,
    said,
    shown,
    sources,
    started,
)
from asylumatlas.fans import BLUE, GREY, VERMILLION, blank
from asylumatlas.markup import Cell, Citations, Group, figure, table
from asylumatlas.pictures.style import INK
from asylumatlas.report.page import notice, policy, static
from asylumatlas.sim.areas import AREAS, COUNTS
from asylumatlas.sim.policies import Comparison, Policy

__all__ = ["page"]

# Pictures keep their paper in dark mode: their colours are chosen against white.
STYLE = """
figure[data-chart] { margin: 1rem 0; }
.chart { --page: #ffffff; --text: #1a1a1a; --quiet: #555555; --rule: #d4d4d4;
  --simulated: #0072b2; --reported: #d55e00;
  background: #ffffff; color: #1a1a1a; padding: 0.8rem; overflow-x: auto; }
body { overflow-wrap: anywhere; }
"""
BARS = {
    "80 %": "Dot: median; bar: range of 80 % of replications.",
    "least and most": "Dot: median; bar: least and most of all replications.",
    "": "One run, so without a range.",
}
PICTURED = ("completions", "pending", "wait_50", "wait_spread", "unresolved_share", "cost")
Row = dict[str, Any]


def page(found: Comparison, command: str = "") -> str:
    """The whole page.

    Args:
        found: a finished comparison.
        command: what was typed, if it is to be shown.
    """
    cited = _citations(found)
    listed = "".join(f"<li>{_linked(note, cited)}</li>" for note in notes(found))
    sections = [
        ("How to read it", f'<ul class="findings">{listed}</ul>'),
        ("Pictures", "".join(_picture(found, name) for name in PICTURED)),
        *((each.title, _block(found, each, cited)) for each in found.policies),
        ("The command", f"<pre><code>{escape(command)}</code></pre>" if command else ""),
        ("Sources", cited.listing() if cited.sources else ""),
    ]
    body = "".join(
        f"<section><h2>{escape(name)}</h2>{text}</section>" for name, text in sections if text
    )
    title = f"Policies beside {found.base}"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{escape(title)} · Asylum Atlas</title>
<style>{static("report.css")}{STYLE}</style>
</head>
<body>
<header>
<p class="quiet">Asylum Atlas · simulated people; nothing here is a forecast</p>
<h1>{escape(title)}</h1>
<p class="standfirst">What each policy changes for the same people with the same luck.</p>
<noscript><p class="note">Scripts are off: charts are not drawn, and the numbers of each chart \
stand in the table beneath it.</p></noscript>
</header>
<main id="main">
{body}
</main>
<footer class="quiet">This page asks nothing of any network.</footer>
<!--
{notice()}
-->
<script>{static("vega.js")}</script>
<script>{static("report.js")}</script>
</body>
</html>
"""


def _citations(found: Comparison) -> Citations:
    """The sources that caveats and published figures name."""
    cited = {}
    for name in sources(found):
        row = evidence.source(name)
        words = {key: getattr(row, key) for key in ("publisher", "title", "date", "grade")}
        cited[name] = {**words, "address": next(iter(row.addresses), "")}
    return Citations(cited)


def _linked(text: str, cited: Citations) -> str:
    """Escaped text whose source identifiers lead to the list at the page's end."""

    def mark(found: re.Match[str]) -> str:
        name = found.group()
        return name + cited.cite(name) if name in cited.sources else name

    return re.sub(r"\b[A-Z][A-Z0-9]+\b", mark, escape(text))


def _picture(found: Comparison, measure: str) -> str:
    """Each policy's difference on the last day, in each area, as a dot with its 80 % range."""
    rows = [row for row in found.rows(last=True) if row["measure"] == measure and row["area"]]
    if not rows:
        return ""
    label, unit = COUNTS[measure]
    weight, unit_said = {"share": (100.0, "percentage points"), "USD": (1e-6, "million USD")}.get(
        unit, (1.0, unit)
    )
    points = [
        {
            "policy": row["policy"],
            "area": AREAS[row["area"]],
            "difference": weight * row["difference"],
            "low": weight * (row["difference"] if row["low"] is None else row["low"]),
            "high": weight * (row["difference"] if row["high"] is None else row["high"]),
            "reading": row["reading"],
        }
        for row in rows
    ]
    words = "; ".join(f"{p['policy']}, {p['area']}: {p['difference']:+,.6g}" for p in points)
    chart = blank(label, unit_said, f"{label}, difference from the base: {words}.")
    order = list(AREAS.values())
    y: Row = {"field": "policy", "type": "nominal", "title": None, "sort": None}
    y["axis"] = {"labelLimit": 260, "grid": True, "ticks": False}
    colour = {"domain": order, "range": [BLUE, VERMILLION, GREY]}
    shared: Row = {
        "y": y,
        "yOffset": {"field": "area", "sort": order},
        "color": {"field": "area", "title": None, "scale": colour, "legend": {"orient": "top"}},
        "tooltip": [{"field": key} for key in points[0]],
    }
    x: Row = {"type": "quantitative", "title": f"difference, {unit_said}"}
    rule = {**shared, "x": {**x, "field": "low"}, "x2": {"field": "high"}}
    chart["height"] = 14 * len(points) + 10
    chart["datasets"] = {"policies": points}
    chart["data"] = {"name": "policies"}
    chart["layer"] = [
        {"mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.6}, "encoding": rule},
        {
            "mark": {"type": "point", "filled": True, "size": 50, "opacity": 1},
            "encoding": {**shared, "x": {**x, "field": "difference"}},
        },
        {
            "mark": {"type": "rule", "color": INK},
            "encoding": {"x": {"datum": 0, "type": "quantitative"}},
        },
    ]
    return f"<h3>{escape(label)}</h3>" + figure(
        chart,
        f"Difference on the last day, {escape(unit_said)}. {BARS[rows[0]['range']]}",
        _twin(points, head(rows)[2:]),
    )


def _twin(points: list[Row], names: list[str]) -> str:
    cells: list[list[Cell]] = [
        [p["policy"], p["area"], *(f"{p[key]:+,.6g}" for key in ("difference", "low", "high")),
         p["reading"]]
        for p in points
    ]  # fmt: skip
    columns = ("policy", "area", *names, "more than luck?")
    return table("Differences from the base", columns, cells, (2, 3, 4))


def _block(found: Comparison, each: Policy, cited: Citations) -> str:
    """A policy's table, what was published beside it, and caveats."""
    rows: list[list[Cell] | Group] = []
    every = each.rows(last=True)
    for area in (*AREAS, ""):
        some = shown(every, area)
        if some:
            rows.append(Group(AREAS.get(area, ELSE)))
        for row in some:
            rows.append([said(row["label"], row["unit"]), *numbers(row), row["reading"]])
    columns = ("measure", *head(every), "more than luck?")
    caption = f"{each.name} beside {found.base}, {each.start} to {each.dates[-1]}"
    words = [f"<p>{escape(text)}</p>" for text in (each.question, started(found, each)) if text]
    record = beside(each.rows())
    caveats = "".join(f"<li>{_linked(text, cited)}</li>" for text in each.caveats)
    listed = f'<ul class="findings">{caveats}</ul>' if caveats else ""
    after = f"<p>{escape(record)}</p>" if record else ""
    return f"{''.join(words)}{table(caption, columns, rows, range(1, 6))}{after}{listed}"
