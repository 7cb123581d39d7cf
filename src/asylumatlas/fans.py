"""Fans: one measure over time, its bands, what was published and what was decided when.

A fan is a Vega-Lite specification, an ordinary dict. Dates have no time zone and are drawn as UTC.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Chart = dict[str, Any]

BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREY = "#555555"
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"  # a name, never fetched
LONGEST = 400  # dates drawn in one fan; more would not be seen at any printed width
LEVELS = ("low95", "low80", "median", "high80", "high95")


def fan(series: Mapping[str, Any], changes: Sequence[Mapping[str, Any]] = ()) -> Chart:
    """Show one measure over time: median, 80 % and 95 % bands, and what was reported.

    Args:
        series: `label`, `place`, `unit`, `dates` (ISO), the lists `median`, `low80`, `high80`,
            `low95`, `high95` of the same length in `unit`, and `points`, each with `date`,
            `value`, `outlet`, `source` and `role`. A point with role `input` is drawn hollow,
            one with role `prediction` filled.
        changes: what was decided, each with `on` (ISO) and `what`; those inside the dates are
            drawn as upright lines under their place in the list, from 1.

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
    decided = _change_rows(series, changes)
    used = {row["role"] for row in rows}
    layers += [_points(role) for role in ("prediction", "input") if role in used]
    axis = {"format": ".0%"} if series["unit"] == "share" else {"tickMinStep": 1}
    for layer in layers:
        layer["encoding"]["y"] |= {"type": "quantitative", "title": None, "axis": axis}
    layers += _changes() if decided else []
    subtitle = ", ".join(part for part in (series["place"], series["unit"]) if part)
    chart = blank(series["label"], subtitle, _say_fan(series))
    chart["height"] = 190
    chart["datasets"] = {"bands": _band_rows(series), "points": rows}
    chart["datasets"] |= {"changes": decided} if decided else {}
    chart["encoding"] = {"x": _time_axis(series)}
    chart["layer"] = layers
    return chart


def blank(title: str, subtitle: str, description: str) -> Chart:
    """Return a specification with the house's fonts and no marks yet."""
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
    said = {"input": "used as input", "prediction": "held back"}
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


def _change_rows(
    series: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    dates = series["dates"]
    return [
        {"date": row["on"], "day": row["on"], "number": str(place), "what": row["what"]}
        for place, row in enumerate(changes, 1)
        if dates and dates[0] <= row["on"] <= dates[-1]
    ]


def _changes() -> list[Chart]:
    tooltip = [{"field": "day", "title": "date"}, {"field": "what", "title": "decided"}]
    tooltip = [{**each, "type": "nominal"} for each in tooltip]
    rule = {"type": "rule", "color": GREY, "strokeDash": [3, 3], "strokeWidth": 1.2}
    text = {"type": "text", "fontSize": 12, "dy": -6, "baseline": "bottom"}
    return [
        {
            "name": "decided",
            "data": {"name": "changes"},
            "mark": {**rule, "aria": False},
            "encoding": {"tooltip": tooltip},
        },
        {
            "name": "decided_number",
            "data": {"name": "changes"},
            "mark": text,
            "encoding": {
                "text": {"field": "number", "type": "nominal"},
                "y": {"value": 0},
                "tooltip": tooltip,
            },
        },
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
    shape = ".1%" if unit == "share" else ",.4~r"
    numbers = [
        {"field": level, "type": "quantitative", "format": shape, "title": title}
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
    parts = (series["label"], series["place"], f"in {series['unit']}")
    said = ", ".join(part for part in parts if part)
    if not series["dates"]:
        return f"{said}: no dates."
    unit = series["unit"]
    last, low, high = (spoken(series[level][-1], unit) for level in ("median", "low95", "high95"))
    return (
        f"{said}, from {series['dates'][0]} to {series['dates'][-1]}. Median on the last day: "
        f"{last}, 95 % interval {low} to {high}. "
        f"Highest median: {spoken(max(series['median']), unit)}. "
        f"{len(series['points'])} reported counts are marked."
    )


def spoken(value: float, unit: str) -> str:
    """Return a number as one would say it: shares in per cent, large numbers in millions.

    Example:
        >>> spoken(1_073_214.0, "cases"), spoken(12_345.0, "cases"), spoken(12.34, "days")
        ('1.073 million', '12,345', '12.34')
        >>> spoken(0.125, "share")
        '12.5%'
    """
    if unit == "share":
        return f"{value:.1%}"
    for size, name in ((1e9, "billion"), (1e6, "million")):
        if abs(value) >= size:
            return f"{value / size:,.4g} {name}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"
