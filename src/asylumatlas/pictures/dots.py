"""Dots with their intervals: one value, values by category, and two categories side by side."""

from typing import Any

from asylumatlas.pictures.marks import points, published, series_scales
from asylumatlas.pictures.reading import (
    GIVEN_ORDER,
    MOST_DODGED,
    MOST_GROUPS,
    MOST_PANELS,
    MOST_SERIES,
    Reading,
)
from asylumatlas.pictures.style import (
    INK,
    SLATE,
    WIDTH,
    categories,
    domain,
    numbers,
    places,
    room,
)
from asylumatlas.pictures.words import lines, short

Spec = dict[str, Any]

LINE = 24  # points between categories


def dots(reading: Reading) -> Spec:
    """Draw each group as a dot on its interval, highest first, with its value in words."""
    order = arrange(reading)
    panels = reading.names("panel")
    rows_each = max(1, len(reading.names("series")))
    step = LINE + (12 * (rows_each - 1) if rows_each > 1 else 0)
    step += 8 if any("\n" in name for name in order) else 0
    span = reading.values("value", "low95", "high95", "published", *extra(reading))
    low, high = domain(span, reading.share, zero=len(reading.rows) == 1)
    written = len(panels) == 1 and rows_each == 1
    right = room([row["words"] for row in reading.rows]) + 8 if written else 14
    left = room(order) + 14
    wide = (WIDTH - left - 24) if len(panels) == 1 else (WIDTH - left) / 2
    x = quantity(reading, low, high, f"width - {right:.0f}")
    y = categories(order)
    across: Spec = {"y": y}
    if rows_each > 1:
        across["yOffset"] = {
            "field": "series",
            "type": "nominal",
            "scale": {"domain": reading.names("series"), "paddingOuter": 0.35},
        }
    scales = series_scales(reading, legend=True)
    for row in reading.rows:
        row["ink"] = INK
    zero = {"type": "rule", "color": SLATE, "strokeWidth": 1.2, "aria": False}
    layers = [
        *(
            [{"name": "zero", "mark": zero, "encoding": {"x": {**x, "datum": 0}}}]
            if low < 0
            else []
        ),
        *spread(reading, across, x, scales),
        reach("low95", "high95", across, x, scales, 2),
        reach("low80", "high80", across, x, scales, 4),
        *points(reading, {**across, "x": {**x, "field": "value"}}, scales),
        *published(reading, across, x, "x"),
    ]
    if written:
        layers.append(words(across))
    view: Spec = {"width": round(wide), "height": step * len(order), "layer": layers}
    if len(panels) > 1:
        return paneled(view, panels, reading, columns=2)
    return {**view, "data": {"name": reading.name}}


def arrange(reading: Reading, most_series: int = MOST_SERIES) -> list[str]:
    """Cut the groups to those there is room for, put them in order, and break their labels."""
    reading.trim("group", MOST_GROUPS, lambda row: row["weight"])
    reading.trim("series", most_series, lambda row: row["weight"])
    reading.trim("panel", MOST_PANELS, lambda row: row["weight"])
    broken: dict[str, str] = {}
    for name in reading.names("group"):
        text, count = short(name), 2
        while text in broken.values():
            text, count = f"{short(name)} ({count})", count + 1
        broken[name] = text
    for row in reading.rows:
        row["group"] = broken[row["group"]]
    names = reading.names("group")
    if reading.keys.get("group") in GIVEN_ORDER:
        return names
    sums: dict[str, list[float]] = {name: [] for name in names}
    for row in reading.rows:
        if row["value"] is not None:
            sums[row["group"]].append(row["value"])
    means = {name: sum(each) / len(each) if each else float("-inf") for name, each in sums.items()}
    order = sorted(names, key=lambda name: -means[name])
    # Largest first in the rows too, so that a screen reader meets them as the eye does.
    reading.rows.sort(key=lambda row: order.index(row["group"]))
    return order


def quantity(reading: Reading, low: float, high: float, reach_to: str) -> Spec:
    """Return the flat axis of the value, ending where its words begin."""
    title = lines(reading.unit, 70, 1)[0]
    title += " (axis does not begin at 0)" if low > 0 else ""
    axis = {
        **numbers(reading.share, low, high),
        "title": title,
        "titleAnchor": "start",
        "grid": True,
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
    }
    axis["values"] = places(low, high)
    scale = {"domain": [low, high], "nice": False, "zero": False, "range": [0, {"expr": reach_to}]}
    return {"type": "quantitative", "scale": scale, "axis": axis}


def reach(low: str, high: str, across: Spec, x: Spec, scales: Spec, thick: int) -> Spec:
    """Return a line from one bound to the other."""
    return {
        "name": f"reach_{low}",
        "transform": [{"filter": f"isValid(datum.{low}) && isValid(datum.{high})"}],
        "mark": {"type": "rule", "strokeWidth": thick, "opacity": 0.65, "aria": False},
        "encoding": {
            **across,
            "x": {**x, "field": low},
            "x2": {"field": high},
            "color": scales["color"],
        },
    }


def extra(reading: Reading) -> tuple[str, ...]:
    """Return the further numbers that a span of time has."""
    return ("p25", "p75", "p90") if reading.rows and "p25" in reading.rows[0] else ()


def spread(reading: Reading, across: Spec, x: Spec, scales: Spec) -> list[Spec]:
    """Return, for spans of time, the middle half as a pale bar and nine tenths as a tick."""
    if not extra(reading):
        return []
    end = x["scale"]["domain"][1]
    for row in reading.rows:
        # Where fewer than three quarters have ended, the bar runs to the edge.
        row["p75_at"] = end if row["p75"] is None and row["p25"] is not None else row["p75"]
        row["beyond"] = "\u2192" if row["p75"] is None and row["p25"] is not None else ""
    note = "Dot: median, with its 95 % interval. "
    note += "Bar: from when a quarter had ended to when three quarters had."
    nine = " Tick: nine in ten." if reading.values("p90") else ""
    if reading.table.kind == "duration":
        reading.notes.append(note + nine)
    if reading.table.kind == "duration" and any(row["beyond"] for row in reading.rows):
        reading.notes.append("\u2192 fewer than three quarters had ended.")
    thin = {"type": "tick", "thickness": 2, "size": 12, "opacity": 0.9, "aria": False}
    return [
        {
            "name": "middle_half",
            "transform": [{"filter": "isValid(datum.p25)"}],
            "mark": {"type": "bar", "size": 10, "opacity": 0.24, "aria": False},
            "encoding": {
                **across,
                "x": {**x, "field": "p25"},
                "x2": {"field": "p75_at"},
                "color": scales["color"],
            },
        },
        {
            "name": "nine_tenths",
            "transform": [{"filter": "isValid(datum.p90)"}],
            "mark": thin,
            "encoding": {**across, "x": {**x, "field": "p90"}, "color": scales["color"]},
        },
        {
            "name": "beyond",
            "transform": [{"filter": "datum.beyond !== ''"}],
            "mark": {"type": "text", "align": "right", "fontSize": 13, "dx": -3},
            "encoding": {**across, "x": {**x, "datum": end}, "text": {"field": "beyond"}},
        },
    ]


def words(across: Spec) -> Spec:
    """Return the value in words at the right edge."""
    return {
        "name": "words",
        "mark": {
            "type": "text",
            "align": "right",
            "fontSize": 12,
            "fontWeight": 600,
            "color": INK,
            "aria": False,
        },
        "encoding": {**across, "x": {"value": "width"}, "text": {"field": "words"}},
    }


def paneled(view: Spec, panels: list[str], reading: Reading, columns: int) -> Spec:
    """Return the same view once for each panel, on one scale."""
    facet: Spec = {"field": "panel", "type": "nominal", "title": None, "sort": panels}
    facet["header"] = {
        "labelFontSize": 12.5,
        "labelFontWeight": "bold",
        "labelAnchor": "start",
        "labelLimit": round(view["width"]),
        "labelColor": INK,
    }
    return {
        "data": {"name": reading.name},
        "facet": facet,
        "columns": columns,
        "spacing": {"row": 18, "column": 26},
        "spec": view,
    }


def is_dodged(reading: Reading) -> bool:
    """Whether the series of each group are few enough to stand side by side."""
    return len(reading.names("series")) <= MOST_DODGED
