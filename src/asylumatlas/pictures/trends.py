"""Lines over time with their bands; many of them become small multiples."""

from typing import Any

from asylumatlas.fans import BLUE
from asylumatlas.pictures.dots import paneled
from asylumatlas.pictures.marks import points, published, series_scales
from asylumatlas.pictures.periods import said, ticks
from asylumatlas.pictures.reading import GIVEN_ORDER, MOST_PANELS, MOST_SERIES, Reading
from asylumatlas.pictures.style import DASHES, INK, PALETTE, WIDTH, domain, numbers, places, room
from asylumatlas.pictures.words import cut, lines

Spec = dict[str, Any]

HEIGHT, PANEL_HEIGHT = 320, 120
MOST_POINTS = 40  # periods; beyond that only what stands alone gets a point
LABEL = 15  # points between the labels of two lines


def trends(reading: Reading) -> Spec:
    """Draw values over time: a line and its band for each series, labelled at its end."""
    _divide(reading)
    _fill(reading)
    panels = reading.names("panel")
    several = len(panels) > 1
    low, high = domain(
        reading.values("value", "low95", "high95", "published", *_extra(reading)), reading.share
    )
    height = PANEL_HEIGHT if several else HEIGHT
    ends = _ends(reading, low, high, height) if not several else []
    right = room(ends, 190) + 12 if ends else 10
    columns = 3 if len(panels) > 4 else 2
    width = (WIDTH - 60) / columns - 30 if several else WIDTH - 70
    x, y = _time(reading, right, several), _upright(reading, low, high, several)
    scales = series_scales(reading, legend=several)
    colours = reading.colours()
    for row in reading.rows:
        row["ink"] = colours[row["series"]] if len(colours) > 1 else INK
    layers = [
        *_spread(reading, x, y),
        _band("outer_band", "low95", "high95", x, y, scales, 0.14),
        _band("inner_band", "low80", "high80", x, y, scales, 0.2),
        _line(reading, x, y, scales),
        *points(reading, {"x": x, "y": {**y, "field": "value"}}, scales, 26 if several else 46),
        *published(reading, {"x": x}, y, "y"),
    ]
    for layer in layers:
        if layer["name"] == "value":
            layer["transform"].append({"filter": "datum.dot"})
    if ends:
        layers.append(_end_labels(y, right))
    view: Spec = {"width": round(width), "height": height, "layer": layers}
    return (
        paneled(view, panels, reading, columns)
        if several
        else {**view, "data": {"name": reading.name}}
    )


def _extra(reading: Reading) -> tuple[str, ...]:
    return ("p25", "p75") if reading.rows and "p25" in reading.rows[0] else ()


def _divide(reading: Reading) -> None:
    """Turn series into panels where there are more than can be told apart in one plot."""

    def heavy(row: dict[str, Any]) -> float:
        return float(row["weight"])

    many = len(reading.names("series")) > MOST_SERIES
    if many and "panel" not in reading.keys and reading.keys.get("series") not in GIVEN_ORDER:
        for row in reading.rows:
            row["panel"], row["series"] = row["series"], ""
        reading.keys["panel"] = reading.keys.pop("series")
    reading.trim("panel", MOST_PANELS, heavy)
    reading.trim("series", MOST_SERIES, heavy)


def _fill(reading: Reading) -> None:
    """Give periods without a row an empty one, so that a line breaks instead of guessing."""
    places = {row["at"] for row in reading.rows}
    every = sorted(places)
    if reading.keys["period"] != "date" and every:
        every = list(range(every[0], every[-1] + 1))
    groups: dict[tuple[str, str], dict[int, dict[str, Any]]] = {}
    for row in reading.rows:
        groups.setdefault((row["panel"], row["series"]), {})[row["at"]] = row
    filled = []
    for (panel, series), known in groups.items():
        blank: Spec = {key: None for key in next(iter(known.values()))}
        blank |= {"panel": panel, "series": series, "mark": "none", "dot": False}
        blank |= {"group": "", "words": "", "reach": "", "of": "", "published_words": ""}
        for place, at in enumerate(every):
            row = known.get(at) or {**blank, "at": at, "period": said(reading.keys["period"], at)}
            near = [known.get(every[k]) for k in (place - 1, place + 1) if 0 <= k < len(every)]
            alone = not any(each and each["value"] is not None for each in near)
            row["dot"] = alone or len(every) <= MOST_POINTS or row["mark"] == "small"
            filled.append(row)
    reading.rows = filled


def _time(reading: Reading, right: float, several: bool) -> Spec:
    key = reading.keys["period"]
    when = [row["at"] for row in reading.rows]
    shown = ticks(key, when, 3 if several else 8)
    whole = key == "month" and any(at % 12 for at in shown)  # years alone would not tell
    short = {
        at: said("month", at)[:3] + f" {at // 12}" if whole else said(key, at, True) for at in shown
    }
    names = ", ".join(f"'{at}': '{name}'" for at, name in short.items())
    first, last = min(when), max(when)
    edge = max(0.4, (last - first) * 0.02) if last > first else 1
    axis = {
        "values": shown,
        "labelExpr": f"({{{names}}})['' + datum.value]",
        "grid": False,
        "title": None,
        "labelOverlap": "greedy",
        "labelFlush": False,
    }
    scale = {
        "domain": [first - edge, last + edge],
        "nice": False,
        "zero": False,
        "range": [0, {"expr": f"width - {right:.0f}"}],
    }
    return {"field": "at", "type": "quantitative", "scale": scale, "axis": axis}


def _upright(reading: Reading, low: float, high: float, several: bool) -> Spec:
    values = places(low, high)
    title: str | None = lines(reading.unit, 34, 1)[0] + (" (axis not from 0)" if low > 0 else "")
    title = None if several else title  # the subtitle has it
    axis = {
        **numbers(reading.share, low, high),
        "values": values,
        "domain": False,
        "ticks": False,
        "title": title,
        "titleAngle": 0,
        "titleAlign": "left",
        "titleAnchor": "end",
        "titleX": -40,
        "titleY": -12,
        "labelPadding": 6,
    }
    return {
        "type": "quantitative",
        "axis": axis,
        "scale": {"domain": [low, high], "nice": False, "zero": False},
    }


def _band(name: str, low: str, high: str, x: Spec, y: Spec, scales: Spec, pale: float) -> Spec:
    return {
        "name": name,
        "mark": {"type": "area", "opacity": pale, "aria": False, "line": False},
        "encoding": {
            "x": x,
            "y": {**y, "field": low},
            "y2": {"field": high},
            "color": scales["color"],
            "detail": {"field": "series", "type": "nominal"},
        },
    }


def _line(reading: Reading, x: Spec, y: Spec, scales: Spec) -> Spec:
    names = reading.names("series")
    colour = scales["color"]
    encoding: Spec = {"x": x, "y": {**y, "field": "value"}, "color": colour}
    if len(names) > 1:
        dashes = [DASHES[k % len(DASHES)] for k in range(len(names))]
        encoding["strokeDash"] = {**colour, "scale": {"domain": names, "range": dashes}}
    mark = {"type": "line", "strokeWidth": 2.2, "aria": False}
    return {"name": "line", "mark": mark, "encoding": encoding}


def _spread(reading: Reading, x: Spec, y: Spec) -> list[Spec]:
    """For spans of time: the first and third quartile as thin lines about the median."""
    if not _extra(reading) or len(reading.names("series")) > 1:
        return []
    if reading.table.kind == "duration":
        quarters = "dotted: when a quarter and three quarters had ended."
        reading.notes.append(f"Line: median, with its 95 % interval; {quarters}")
    mark = {"type": "line", "strokeWidth": 1.4, "strokeDash": [2, 3], "color": BLUE, "aria": False}
    return [
        {"name": name, "mark": mark, "encoding": {"x": x, "y": {**y, "field": name}}}
        for name in _extra(reading)
    ]


def _ends(reading: Reading, low: float, high: float, height: float) -> list[str]:
    """Place each line's label beside its end, apart from the others; return the labels."""
    names = reading.names("series")
    for row in reading.rows:
        row |= {"label": "", "label_at": None, "label_ink": INK}
    if len(names) < 2:
        return []
    last = {row["series"]: row for row in reading.rows if row["value"] is not None}
    known = sorted((row["value"], name) for name, row in last.items())
    scale = (high - low) / height
    places = apart([(value - low) / scale for value, _ in known], LABEL, height)
    colours = dict(zip(names, PALETTE, strict=False))
    for (_, name), at in zip(known, places, strict=True):
        label = {"label": cut(name, 28), "label_at": low + at * scale}
        last[name].update(label, label_ink=colours[name])
    return [cut(name, 28) for name in last]


def apart(wanted: list[float], gap: float, height: float) -> list[float]:
    """Return places at least `gap` apart, in order and near those wanted (given in order).

    Example:
        >>> apart([10.0, 12.0, 50.0], 10, 100)
        [6.0, 16.0, 50.0]
    """
    blocks: list[list[float]] = []  # each: sum of (wanted - own offset), how many
    for at in wanted:
        blocks.append([at, 1])
        # Two blocks that touch become one, at the mean of what its members want.
        while len(blocks) > 1 and _top(blocks[-2], gap) + gap > _low(blocks[-1], gap):
            total, count = blocks.pop()
            blocks[-1][0] += total - count * blocks[-1][1] * gap
            blocks[-1][1] += count
    placed = []
    for block in blocks:
        placed += [_low(block, gap) + k * gap for k in range(int(block[1]))]
    for k, at in enumerate(placed):
        placed[k] = max(at, placed[k - 1] + gap if k else 0.0)
    top = height
    for k in reversed(range(len(placed))):
        placed[k] = min(placed[k], top)
        top = placed[k] - gap
    return placed


def _low(block: list[float], gap: float) -> float:
    total, count = block
    return total / count


def _top(block: list[float], gap: float) -> float:
    return _low(block, gap) + (block[1] - 1) * gap


def _end_labels(y: Spec, right: float) -> Spec:
    return {
        "name": "label",
        "transform": [{"filter": "datum.label !== ''"}],
        "mark": {"type": "text", "align": "left", "fontSize": 12, "fontWeight": 600, "aria": False},
        "encoding": {
            "x": {"value": {"expr": f"width - {right - 6:.0f}"}},
            "y": {**y, "field": "label_at"},
            "text": {"field": "label"},
            "color": {"field": "label_ink", "type": "nominal", "scale": None},
        },
    }
