"""Charts of a run: plain data in, Vega-Lite specifications or static SVG out.

A specification is an ordinary dict, so one chart serves the report, a notebook and an
exported picture, and making it costs no import. Colours are those of Okabe and Ito, and no
chart says by colour alone what it does not also say by shape, position or text. Each layer
has a `name`, so that a page can restyle it for dark mode and for paper.
"""

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

from asylumatlas.fans import BLUE, LEVELS, Chart, blank, fan, thinned
from asylumatlas.sankey import flow_svg, returning

__all__ = [
    "fan",
    "flow_svg",
    "influence",
    "interval_strip",
    "outcomes",
    "returning",
    "thinned",
    "uncertainty",
]

ORANGE = "#E69F00"
LABEL_LENGTH = 26  # letters in one line of a parameter's label
LINE_LENGTH = 38  # letters in one line of an outcome's or a measure's label
LINES_HEIGHT = 34  # points for two lines


def outcomes(rows: Sequence[Mapping[str, Any]]) -> Chart:
    """Show how many people met each outcome: median and 95 % interval, most first.

    Args:
        rows: each with `label`, `median`, `low95`, `high95` (people).
    """
    chart = blank("Outcomes", "people, median and 95 % interval", "Outcomes of the cohort.")
    chart["height"] = LINES_HEIGHT * max(1, len(rows))
    chart["datasets"] = {
        "outcomes": [
            {"label": _wrapped(row["label"]), **_pick(row, "median", "low95", "high95")}
            for row in rows
        ]
    }
    chart["data"] = {"name": "outcomes"}
    order: Chart = {"field": "label", "type": "nominal", "title": None, "axis": _labels()}
    # Vega-Lite cannot sort a layered axis by another layer's field, so the order is given.
    most_first = sorted(rows, key=lambda row: -row["median"])
    order["sort"] = [_wrapped(row["label"]) for row in most_first]
    chart["encoding"] = {"y": order, "tooltip": _outcome_tooltip()}
    people = {"type": "quantitative", "title": "people", "scale": {"zero": True}}
    low = {"field": "low95", **people}
    chart["layer"] = [
        {
            "name": "interval",
            "mark": {"type": "rule", "color": BLUE, "strokeWidth": 3, "opacity": 0.5},
            "encoding": {"x": low, "x2": {"field": "high95"}},
        },
        {
            "name": "middle",
            "mark": {"type": "point", "filled": True, "color": BLUE, "size": 70, "opacity": 1},
            "encoding": {"x": {"field": "median", **people}},
        },
    ]
    return chart


def uncertainty(rows: Sequence[Mapping[str, Any]]) -> Chart:
    """Show for each measure how much of the spread is chance and how much is parameters.

    Args:
        rows: each with `label`, `luck_share` and `parameter_share` (shares of the variance).
    """
    chart = blank(
        "Where the uncertainty comes from",
        "share of the variance over runs",
        "Share of the variance due to chance and to the ranges of the parameters.",
    )
    chart["height"] = LINES_HEIGHT * max(1, len(rows))
    chart["datasets"] = {"shares": [part for row in rows for part in _share_parts(row)]}
    chart["data"] = {"name": "shares"}
    y = {"field": "label", "type": "nominal", "sort": None, "title": None, "axis": _labels()}
    x: Chart = {"type": "quantitative", "title": "share of the variance"}
    axis = {"format": ".0%", "tickCount": 5, "titleAnchor": "end"}
    x |= {"scale": {"domain": [0, 1]}, "axis": axis}
    colour = {"domain": ["chance", "parameter ranges"], "range": [BLUE, ORANGE]}
    ink = {"domain": colour["domain"], "range": ["#ffffff", "#111111"]}
    # On a phone a label stands in two lines, and the title ends where the bars end.
    lines = "width < 160 ? split(datum.label, ' ') : datum.label"
    legend = {"orient": "top", "direction": "vertical", "title": None, "labelExpr": lines}
    part = {"field": "part", "type": "nominal"}
    chart["encoding"] = {"y": y}
    chart["resolve"] = {"scale": {"color": "independent"}}
    chart["layer"] = [
        {
            "name": "share",
            "mark": {"type": "bar", "height": {"band": 0.7}},
            "encoding": {
                "x": {"field": "start", **x},
                "x2": {"field": "end"},
                "color": {**part, "scale": colour, "legend": legend},
            },
        },
        {
            "name": "share_text",
            "mark": {"type": "text", "fontSize": 12},
            "encoding": {
                "x": {"field": "middle", **x},
                "text": {"field": "text"},
                "color": {**part, "scale": ink, "legend": None},
            },
        },
    ]
    return chart


def _share_parts(row: Mapping[str, Any]) -> list[Chart]:
    """Two bars end to end; a share is written in its bar where the bar has room for it."""
    cut = min(1.0, max(0.0, float(row["luck_share"])))
    ends = (("chance", 0.0, cut), ("parameter ranges", cut, 1.0))
    return [
        {
            "label": _wrapped(row["label"]),
            "part": part,
            "start": start,
            "end": end,
            "middle": (start + end) / 2,
            "text": f"{100 * (end - start):.0f} %" if end - start >= 0.12 else "",
        }
        for part, start, end in ends
    ]


def influence(assumptions: Sequence[Mapping[str, Any]], most: int = 10) -> Chart:
    """Show the parameters that move the answers most, each by the measure it moves most.

    Args:
        assumptions: each with `label`, `assumed` and `influence`, a list of `measure` and
            `share` (share of that measure's variance).
        most: how many parameters to show.
    """
    rows: list[Chart] = []
    for row in assumptions:
        top = max(row["influence"], key=lambda item: item["share"], default=None)
        if top and top["share"] > 0:
            name = wrap(row["label"] + (" (assumed)" if row["assumed"] else ""), LABEL_LENGTH)
            moves = wrap(f"→ {top.get('label', top['measure'])}", LABEL_LENGTH)
            said = f"{100 * top['share']:.0f} %"
            rows.append({"label": "\n".join(name + moves), "share": top["share"], "said": said})
    rows = sorted(rows, key=lambda row: -row["share"])[:most]
    lines = max((row["label"].count("\n") + 1 for row in rows), default=1)
    chart = blank("Parameters that matter most", "share of the variance", "Largest influences.")
    chart["height"] = (16 * lines + 12) * max(1, len(rows))
    chart["datasets"] = {"influence": rows}
    chart["data"] = {"name": "influence"}
    x: Chart = {"field": "share", "type": "quantitative", "title": "share of the variance"}
    x |= {"scale": {"domain": [0, 1]}, "axis": {"format": ".0%", "tickCount": 5}}
    y = {"field": "label", "type": "nominal", "sort": None, "title": None, "axis": _labels()}
    chart["encoding"] = {"x": x, "y": y}
    text = {"type": "text", "align": "left", "dx": 5, "fontSize": 12}
    chart["layer"] = [
        {"name": "weight", "mark": {"type": "bar", "color": BLUE, "height": 14}},
        {"name": "note", "mark": text, "encoding": {"text": {"field": "said"}}},
    ]
    return chart


def interval_strip(row: Mapping[str, Any]) -> str:
    """Return a small static SVG: one reported count against its simulated intervals.

    Args:
        row: `reported`, `role`, `median`, `low80`, `high80`, `low95`, `high95`, in one unit.
            The strip has its own scale; the numbers stand beside it in the table.

    Example:
        >>> strip = interval_strip({"reported": 5, "role": "input", "median": 4, "low80": 3,
        ...                         "high80": 6, "low95": 2, "high95": 7})
        >>> "reported input" in strip
        True
    """
    seen = [row[level] for level in LEVELS] + [row["reported"]]
    known = [float(value) for value in seen if value is not None]
    low, span = min(known), (max(known) - min(known)) or 1.0

    def x(value: float) -> float:
        return 8 + 114 * (value - low) / span

    parts = [
        '<svg class="strip" viewBox="0 0 130 22" width="130" height="22" aria-hidden="true">',
        _bar("outer", x(row["low95"]), x(row["high95"]), 9, 4),
        _bar("inner", x(row["low80"]), x(row["high80"]), 6, 10),
        f'<rect class="tick" x="{x(row["median"]) - 1:.1f}" y="3" width="2" height="16"/>',
    ]
    if row["reported"] is not None:
        at = x(row["reported"])
        parts.append(f'<circle class="reported {row["role"]}" cx="{at:.1f}" cy="11" r="4.5"/>')
    return "".join([*parts, "</svg>"])


def _bar(kind: str, left: float, right: float, y: int, height: int) -> str:
    width = max(1.0, right - left)
    return f'<rect class="{kind}" x="{left:.1f}" y="{y}" width="{width:.1f}" height="{height}"/>'


def _wrapped(label: str) -> str:
    """A label in at most two lines, as `_labels` splits them."""
    return "\n".join(wrap(label, LINE_LENGTH, max_lines=2, placeholder=" …"))


def _labels() -> Chart:
    lines = "split(datum.label, '\\n')"
    ticks = {"ticks": False, "domain": False}
    return {"labelLimit": 250, "labelFontSize": 12, "labelExpr": lines, **ticks}


def _pick(row: Mapping[str, Any], *keys: str) -> Chart:
    return {key: row[key] for key in keys}


def _outcome_tooltip() -> list[Chart]:
    names = (("median", "median"), ("low95", "95 % from"), ("high95", "95 % to"))
    return [{"field": "label", "title": "outcome"}] + [
        {"field": field, "type": "quantitative", "format": ",.0f", "title": title}
        for field, title in names
    ]
