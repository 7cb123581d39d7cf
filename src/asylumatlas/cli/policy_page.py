"""Policies beside their base as one page that opens offline: a picture a measure, then tables."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from asylumatlas import evidence
from asylumatlas.cli.policies import (
    ELSE,
    beside,
    difference,
    head,
    notes,
    numbers,
    said,
    shown,
    sources,
    started,
)
from asylumatlas.fans import BLUE, GREY, VERMILLION, blank
from asylumatlas.markup import Cell, Citations, Group, Markup, figure, table
from asylumatlas.pictures.style import INK
from asylumatlas.report.document import document
from asylumatlas.sim.areas import AREAS, COUNTS
from asylumatlas.sim.policies import Comparison, Policy

__all__ = ["page"]

BARS = {
    "80 %": "Dot: median; bar: range of 80 % of replications.",
    "least and most": "Dot: median; bar: least and most of all replications.",
    "": "One run, so without a range.",
}
PICTURED = ("completions", "pending", "wait_50", "wait_spread", "unresolved_share", "cost")
# Under each other: side by side they would be cut off on a phone.
LEGEND = {"orient": "top", "direction": "vertical"}
Row = dict[str, Any]


def page(found: Comparison, command: str = "") -> str:
    """The whole page.

    Args:
        found: a finished comparison.
        command: what was typed, if it is to be shown.
    """
    cited = _citations(found)
    made, *others = notes(found)
    listed = "".join(f"<li>{_linked(note, cited)}</li>" for note in others)
    sections = [
        ("changed", "What changed", _changed(found, made)),
        ("pictures", "Pictures", "".join(_picture(found, name) for name in PICTURED)),
        *((_anchor(each), each.title, _block(found, each, cited)) for each in found.policies),
        ("reading", "How to read it", f'<ul class="findings">{listed}</ul>'),
        ("command", "The command", f"<pre><code>{escape(command)}</code></pre>" * bool(command)),
        ("sources", "Sources", cited.listing() if cited.sources else ""),
    ]
    body = "".join(
        f'<section aria-labelledby="{key}"><h2 id="{key}">{escape(name)}</h2>{text}</section>'
        for key, name, text in sections
        if text
    )
    return document(
        f"Policies beside {found.base}",
        body,
        above="Asylum Atlas · simulated people; nothing here is a forecast",
        below='<p class="standfirst">What each policy changes for the same people with the same '
        "luck.</p>",
    )


def _anchor(policy: Policy) -> str:
    """What the page calls a policy's section; nothing else on the page begins so."""
    return "policy-" + re.sub(r"[^A-Za-z0-9_-]+", "-", policy.name)


def _changed(found: Comparison, made: str) -> str:
    """Every policy in one line: what it changes in the whole country by its last day."""
    rows: list[list[Cell]] = []
    columns: dict[str, str] = {}
    for policy in found.policies:
        last = {r["measure"]: r for r in policy.rows(last=True) if r["area"] == "nation"}
        columns |= {k: said(*COUNTS[k]) for k in PICTURED if k in last}
        name = f'<a href="#{_anchor(policy)}">{escape(policy.name)}</a>'
        cells = [_bracketed(last[k]) if k in last else "-" for k in PICTURED if k in columns]
        rows.append([Markup(name), *cells])
    if not columns:
        return f"<p>{escape(made)}</p>"
    width = 1 + len(columns)
    caption = (
        "Difference from the base in the whole country, to the last day; in brackets: within luck, "
        "or less in some replications and more in others"
    )
    full = [[*row, *["-"] * (width - len(row))] for row in rows]
    shown_table = table(caption, ("policy", *columns.values()), full, range(1, width), "cards")
    words = 'What each word means: <a href="#reading">How to read it</a>.'
    return f"{shown_table}<p>{escape(made)} {words}</p>"


def _bracketed(row: Row) -> str:
    """A difference; in brackets where it may be luck or its sign is open."""
    text = difference(row["difference"], row["unit"])
    return f"({text})" if row["reading"] in ("within luck", "either way") else text


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
    words = "; ".join(f"{p['policy']}, {p['area']}: {_signed(p['difference'])}" for p in points)
    chart = blank(label, unit_said, f"{label}, difference from the base: {words}.")
    order = list(AREAS.values())
    y: Row = {"field": "policy", "type": "nominal", "title": None, "sort": None}
    y["axis"] = {"labelLimit": 260, "grid": True, "ticks": False}
    colour = {"domain": order, "range": [BLUE, VERMILLION, GREY]}
    shared: Row = {
        "y": y,
        "yOffset": {"field": "area", "sort": order},
        "color": {"field": "area", "title": None, "scale": colour, "legend": LEGEND},
        "tooltip": [_told(key, value) for key, value in points[0].items()],
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


def _told(key: str, value: object) -> Row:
    """A line of what is told of a point under the pointer."""
    if isinstance(value, str):
        return {"field": key, "type": "nominal"}
    return {"field": key, "type": "quantitative", "format": "+,.4~r"}


def _signed(value: float) -> str:
    """A number with its sign, never in powers of ten.

    Example:
        >>> _signed(1234567.8), _signed(-0.0425), _signed(0.0)
        ('+1,234,568', '-0.0425', '0')
    """
    if not value:
        return "0"
    return f"{value:+,.0f}" if abs(value) >= 100 else f"{value:+.3g}"


def _twin(points: list[Row], names: list[str]) -> str:
    cells: list[list[Cell]] = [
        [p["policy"], p["area"], *(_signed(p[key]) for key in ("difference", "low", "high")),
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
    last = table(caption, columns, rows, range(1, 6))
    return f"{''.join(words)}{last}{_years(each)}{after}{listed}"


def _years(policy: Policy) -> str:
    """The differences to the end of every fiscal year, folded away."""
    if len(policy.dates) < 2:
        return ""
    by_line: dict[tuple[str, str], dict[str, Row]] = {}
    for row in policy.rows():
        by_line.setdefault((row["area"], row["measure"]), {})[row["period"]] = row
    rows: list[list[Cell] | Group] = []
    for area in (*AREAS, ""):
        lines = [
            each for (where, _), each in by_line.items()
            if where == area and (area or any(r["reading"] != "same" for r in each.values()))
        ]  # fmt: skip
        rows += [Group(AREAS.get(area, ELSE))] * bool(lines)
        for line in lines:
            one = next(iter(line.values()))
            cells = [_bracketed(line[k]) if k in line else "-" for k in policy.columns]
            rows.append([said(one["label"], one["unit"]), *cells])
    caption = (
        "Difference from the base to the end of each fiscal year; in brackets: within luck, or "
        "either way. The levels and ranges are in policies.csv."
    )
    numbered = range(1, 1 + len(policy.columns))
    shown_table = table(caption, ("measure", *policy.columns), rows, numbered)
    return f"<details><summary>Every fiscal year</summary>{shown_table}</details>"
