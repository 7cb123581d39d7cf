"""Charts of a run: plain data in, Vega-Lite specifications or static SVG out.

A specification is an ordinary dict, so one chart serves the report, a notebook and an
exported picture, and making it costs no import. Colours are those of Okabe and Ito, and no
chart says by colour alone what it does not also say by shape, position or text. Each layer
has a `name`, so that a page can restyle it for dark mode and for paper.
"""

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

from asylumatlas.sankey import flow_svg, returning

__all__ = ["fan", "flow_svg", "influence", "interval_strip", "outcomes", "returning", "uncertainty"]

Chart = dict[str, Any]

BLUE = "#0072B2"
VERMILLION = "#D55E00"
ORANGE = "#E69F00"
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"  # a name, never fetched
LONGEST = 400  # dates drawn in one fan; more would not be seen at any printed width
LABEL_LENGTH = 26  # letters in one line of a parameter's label
LEVELS = ("low95", "low80", "median", "high80", "high95")


def fan(series: Mapping[str, Any]) -> Chart:
    """Show one measure over time: median, 80 % and 95 % bands, and what was reported.

    Args:
        series: `label`, `place`, `unit`, `dates` (ISO), the lists `median`, `low80`, `high80`,
            `low95`, `high95` of the same length in `unit`, and `points`, each with `date`,
            `value`, `outlet`, `source` and `role`. A point with role `input` is drawn hollow,
            one with role `prediction` filled.

    Raises:
        ValueError: the lists are not of one length.

    Example:
        >>> flat = {level: [1.0, 2.0] for level in LEVELS}
        >>> chart = fan({"label": "Waiting", "place": "Port", "unit": "people",
        ...              "dates": ["2018-05-01", "2018-05-02"], "points": [], **flat})
        >>> len(chart["datasets"]["bands"])
        2
    """
    lengths = {len(series["dates"])} | {len(series[level]) for level in LEVELS}
    if len(lengths) != 1:
        raise ValueError(f"{series['label']}: dates and levels must have one length: {lengths}")
    layers = [
        _band("band95", "low95", "high95", 0.18),
        _band("band80", "low80", "high80", 0.3),
        _median_line(),
        _hover(series["unit"]),
    ]
    rows = _point_rows(series)
    used = {row["role"] for row in rows}
    layers += [_points(role) for role in ("prediction", "input") if role in used]
    for layer in layers:
        layer["encoding"]["y"] |= {"type": "quantitative", "title": series["unit"]}
    chart = _chart(series["label"], f"{series['place']}, {series['unit']}", _say_fan(series))
    chart["height"] = 260
    chart["datasets"] = {"bands": _band_rows(series), "points": rows}
    chart["encoding"] = {"x": _time_axis(series)}
    chart["layer"] = layers
    return chart


def outcomes(rows: Sequence[Mapping[str, Any]]) -> Chart:
    """Show how many people met each outcome: median and 95 % interval, most first.

    Args:
        rows: each with `label`, `median`, `low95`, `high95` (people).
    """
    chart = _chart("Outcomes", "people, median and 95 % interval", "Outcomes of the cohort.")
    chart["height"] = 26 * max(1, len(rows))
    chart["datasets"] = {
        "outcomes": [_pick(row, "label", "median", "low95", "high95") for row in rows]
    }
    chart["data"] = {"name": "outcomes"}
    order: Chart = {"field": "label", "type": "nominal", "title": None, "axis": _labels()}
    # Vega-Lite cannot sort a layered axis by another layer's field, so the order is given.
    order["sort"] = [row["label"] for row in sorted(rows, key=lambda row: -row["median"])]
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
    chart = _chart(
        "Where the uncertainty comes from",
        "share of the variance over runs",
        "Share of the variance due to chance and to the ranges of the parameters.",
    )
    chart["height"] = 30 * max(1, len(rows))
    chart["datasets"] = {"shares": [part for row in rows for part in _share_parts(row)]}
    chart["data"] = {"name": "shares"}
    y = {"field": "label", "type": "nominal", "sort": None, "title": None, "axis": _labels()}
    x: Chart = {"type": "quantitative", "title": "share of the variance"}
    x |= {"scale": {"domain": [0, 1]}, "axis": {"format": ".0%", "tickCount": 5}}
    colour = {"domain": ["chance", "parameter ranges"], "range": [BLUE, ORANGE]}
    ink = {"domain": colour["domain"], "range": ["#ffffff", "#111111"]}
    legend = {"orient": "top", "direction": "vertical", "title": None}
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
            "label": row["label"],
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
    chart = _chart("Parameters that matter most", "share of the variance", "Largest influences.")
    chart["height"] = (16 * lines + 12) * max(1, len(rows))
    chart["datasets"] = {"influence": rows}
    chart["data"] = {"name": "influence"}
    x: Chart = {"field": "share", "type": "quantitative", "title": "share of the variance"}
    x |= {"scale": {"domain": [0, 1]}, "axis": {"format": ".0%", "tickCount": 5}}
    axis = {**_labels(), "labelExpr": "split(datum.label, '\\n')"}
    y = {"field": "label", "type": "nominal", "sort": None, "title": None, "axis": axis}
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


def _chart(title: str, subtitle: str, description: str) -> Chart:
    return {
        "$schema": SCHEMA,
        "title": {"text": title, "subtitle": subtitle, "anchor": "start"},
        "description": description,
        "width": "container",
        "autosize": {"type": "fit-x", "contains": "padding"},
        "background": None,
        "config": {
            "font": "system-ui, sans-serif",
            "view": {"stroke": None},
            "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"},
            "legend": {"labelFontSize": 12},
        },
    }


def _labels() -> Chart:
    return {"labelLimit": 190, "labelFontSize": 12, "ticks": False, "domain": False}


def _pick(row: Mapping[str, Any], *keys: str) -> Chart:
    return {key: row[key] for key in keys}


def thinned(length: int, most: int = LONGEST) -> list[int]:
    """Return at most `most` + 1 places of a list, evenly spaced, the last always among them.

    Example:
        >>> thinned(10, most=4)
        [0, 3, 6, 9]
        >>> thinned(3)
        [0, 1, 2]
    """
    step = max(1, -(-length // most))
    places = list(range(0, length, step))
    if places and places[-1] != length - 1:
        places.append(length - 1)
    return places


def _band_rows(series: Mapping[str, Any]) -> list[Chart]:
    return [
        {"date": series["dates"][place]} | {level: series[level][place] for level in LEVELS}
        for place in thinned(len(series["dates"]))
    ]


def _point_rows(series: Mapping[str, Any]) -> list[Chart]:
    said = {"input": "used as input", "prediction": "never shown to the model"}
    return [
        {
            "date": point["date"],
            "value": point["value"],
            "outlet": point["outlet"],
            "source": point["source"],
            "role": point["role"],
            "use": said.get(point["role"], point["role"]),
            "day": point["date"],  # text, so that no time zone can move it
        }
        for point in series["points"]
        if point["value"] is not None
    ]


def _time_axis(series: Mapping[str, Any]) -> Chart:
    # A date has no time zone: read and drawn as UTC, a reader in California and one in Kenya
    # see the same day.
    return {
        "field": "date",
        "type": "temporal",
        "title": None,
        "scale": {"type": "utc"},
        "axis": {"grid": False, "labelOverlap": True, "tickCount": 6, "labelFlush": True},
    }


def _band(name: str, low: str, high: str, opacity: float) -> Chart:
    return {
        "name": name,
        "data": {"name": "bands"},
        "mark": {"type": "area", "color": BLUE, "opacity": opacity, "aria": False},
        "encoding": {"y": {"field": low}, "y2": {"field": high}},
    }


def _median_line() -> Chart:
    return {
        "name": "median",
        "data": {"name": "bands"},
        "mark": {"type": "line", "color": BLUE, "strokeWidth": 2, "aria": False},
        "encoding": {"y": {"field": "median"}},
    }


def _hover(unit: str) -> Chart:
    numbers = [
        {"field": level, "type": "quantitative", "format": ",.4~r", "title": title}
        for level, title in (
            ("median", f"median ({unit})"),
            ("low80", "80 % from"),
            ("high80", "80 % to"),
            ("low95", "95 % from"),
            ("high95", "95 % to"),
        )
    ]
    day = {"field": "date", "timeUnit": "utcyearmonthdate", "type": "temporal", "title": "date"}
    return {
        "name": "hover",
        "data": {"name": "bands"},
        "mark": {"type": "rule", "opacity": 0, "strokeWidth": 6, "aria": False},
        "encoding": {
            "y": {"field": "low95"},
            "y2": {"field": "high95"},
            "tooltip": [day, *numbers],
        },
    }


def _points(role: str) -> Chart:
    hollow = role == "input"
    mark = {"type": "point", "size": 70, "strokeWidth": 2, "opacity": 1}
    mark |= {"fill": "white" if hollow else VERMILLION, "stroke": VERMILLION}
    return {
        "name": role,
        "data": {"name": "points"},
        "transform": [{"filter": {"field": "role", "equal": role}}],
        "mark": mark,
        "encoding": {
            "y": {"field": "value"},
            "tooltip": [
                {"field": "day", "type": "nominal", "title": "date"},
                {"field": "value", "type": "quantitative", "format": ",", "title": "reported"},
                {"field": "outlet", "type": "nominal"},
                {"field": "source", "type": "nominal"},
                {"field": "use", "type": "nominal"},
            ],
        },
    }


def _say_fan(series: Mapping[str, Any]) -> str:
    """Say in words what the chart shows, for a reader who cannot see it."""
    said = f"{series['label']}, {series['place']}, in {series['unit']}"
    if not series["dates"]:
        return f"{said}: no dates."
    last = f"{series['median'][-1]:,.4g}, 95 % interval {series['low95'][-1]:,.4g} to "
    last += f"{series['high95'][-1]:,.4g}"
    return (
        f"{said}, from {series['dates'][0]} to {series['dates'][-1]}. Median on the last day: "
        f"{last}. Highest median: {max(series['median']):,.4g}. "
        f"{len(series['points'])} reported counts are marked."
    )


def _outcome_tooltip() -> list[Chart]:
    names = (("median", "median"), ("low95", "95 % from"), ("high95", "95 % to"))
    return [{"field": "label", "title": "outcome"}] + [
        {"field": field, "type": "quantitative", "format": ",.0f", "title": title}
        for field, title in names
    ]
