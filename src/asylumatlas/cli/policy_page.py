"""Policies beside their base as one page that opens offline: a picture a measure, then tables."""

from __future__ import annotations

from html import escape
from typing import Any

from asylumatlas.cli.policies import NOTES, amount, difference, said
from asylumatlas.fans import BLUE, GREY, VERMILLION, blank
from asylumatlas.markup import Cell, Group, figure, table
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
PICTURED = ("completions", "pending", "wait_50", "wait_spread", "unresolved_share", "cost")
Row = dict[str, Any]


def page(found: Comparison, command: str = "") -> str:
    """The whole page.

    Args:
        found: a finished comparison.
        command: what was typed, if it is to be told.
    """
    people = f"1 person in {1 / found.scale:,.4g}" if found.scale < 1 else "everyone"
    notes = [f"{found.replications} replications of {people}, seed {found.seed}.", *NOTES]
    listed = "".join(f"<li>{escape(note)}</li>" for note in notes)
    sections = [
        ("How to read it", f'<ul class="findings">{listed}</ul>'),
        ("Pictures", "".join(_picture(found, name) for name in PICTURED)),
        *((each.title, _block(each)) for each in found.policies),
        ("The command", f"<pre><code>{escape(command)}</code></pre>" if command else ""),
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


def _picture(found: Comparison, measure: str) -> str:
    """Each policy's difference on the last day, in each area, as a dot with its 80 % range."""
    rows = [row for row in found.rows(last=True) if row["measure"] == measure and row["area"]]
    if not rows:
        return ""
    label, unit = COUNTS[measure]
    weight, unit_said = {"share": (100.0, "points"), "USD": (1e-6, "million USD")}.get(
        unit, (1.0, unit)
    )
    points = [
        {
            "policy": row["policy"],
            "area": AREAS[row["area"]],
            "difference": weight * row["difference"],
            "low80": weight * (row["difference"] if row["low80"] is None else row["low80"]),
            "high80": weight * (row["difference"] if row["high80"] is None else row["high80"]),
            "told": row["told"],
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
    rule = {**shared, "x": {**x, "field": "low80"}, "x2": {"field": "high80"}}
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
        chart, f"Difference on the last day, {escape(unit_said)}; bar: 80 % range.", _twin(points)
    )


def _twin(points: list[Row]) -> str:
    head = ("policy", "area", "difference", "80 % from", "to", "told")
    cells: list[list[Cell]] = [
        [p["policy"], p["area"], *(f"{p[key]:+,.6g}" for key in ("difference", "low80", "high80")),
         p["told"]]
        for p in points
    ]  # fmt: skip
    return table("Differences from the base", head, cells, (2, 3, 4))


def _block(each: Policy) -> str:
    """A policy's table and caveats."""
    rows: list[list[Cell] | Group] = []
    found = each.rows(last=True)
    for area in (*AREAS, ""):
        some = [row for row in found if row["area"] == area and (area or row["told"] != "same")]
        if some:
            rows.append(Group(AREAS.get(area, "Besides")))
        for row in some:
            changes = [difference(row[k], row["unit"]) for k in ("difference", "low80", "high80")]
            label = said(row["label"], row["unit"])
            rows.append([label, amount(row["base"], row["unit"]), *changes, row["told"]])
    head = ("measure", "base", "difference", "80 % from", "to", "")
    caption = f"{each.name}, to {each.dates[-1]}"
    caveats = "".join(f"<li>{escape(text)}</li>" for text in each.caveats)
    listed = f'<ul class="findings">{caveats}</ul>' if caveats else ""
    return f"<p>{escape(each.question)}</p>{table(caption, head, rows, range(1, 5))}{listed}"
