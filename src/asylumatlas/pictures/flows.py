"""Where people are after some days: a stack of shares at each horizon, stages named beside it."""

from typing import Any

from asylumatlas.pictures.dots import paneled
from asylumatlas.pictures.reading import MOST_PANELS, Reading
from asylumatlas.pictures.style import PALETTE, PAPER, WIDTH, ink_on, room
from asylumatlas.pictures.trends import apart
from asylumatlas.pictures.words import cut, listing

Spec = dict[str, Any]

MOST_STAGES = 7  # as many as there are colours; the smallest become "other stages"
OTHER = "other stages"
HEIGHT, PANEL_HEIGHT = 360, 220
ROOM = 0.045  # share below which a segment has no room for its number


def flows(reading: Reading) -> Spec:
    """Draw, for each number of days, the stages end to end, the usual first at the bottom."""
    reading.trim("panel", MOST_PANELS, lambda row: row["weight"])
    _one_panel_each(reading)
    panels = reading.names("panel")
    several = len(panels) > 1
    reading.notes = [note for note in reading.notes if not note.startswith(("Hollow", "Small"))]
    height = PANEL_HEIGHT if several else HEIGHT
    stages = _merge(reading)
    _stack(reading, stages, height)
    names = [_after(days) for days in sorted({row["days"] for row in reading.rows})]
    right = room([cut(name, 32) for name in stages]) + 16
    wide = WIDTH - 60
    x: Spec = {"field": "after", "type": "nominal", "sort": names, "title": None}
    x["scale"] = {
        "domain": names,
        "paddingInner": 0.14,
        "paddingOuter": 0.05,
        "range": [0, {"expr": f"width - {right:.0f}"}],
    }
    x["axis"] = {
        "labelAngle": 0,
        "labelOverlap": False,
        "ticks": False,
        "domain": False,
        "labelExpr": "split(datum.label, ' ')",
    }
    y: Spec = {"type": "quantitative", "scale": {"domain": [0, 1], "nice": False}}
    y["axis"] = {
        "format": "~%",
        "values": [0, 0.25, 0.5, 0.75, 1],
        "title": None,
        "domain": False,
        "ticks": False,
        "grid": False,
    }
    plain = {"type": "nominal", "scale": None, "legend": None}
    view: Spec = {
        "width": round(wide),
        "height": height,
        "layer": [
            {
                "name": "stage",
                "mark": {"type": "bar", "stroke": PAPER, "strokeWidth": 1.2},
                "encoding": {
                    "x": x,
                    "y": {**y, "field": "start"},
                    "y2": {"field": "end"},
                    "color": {"field": "shade", **plain},
                    "tooltip": _tip(),
                },
            },
            {
                "name": "share_text",
                "transform": [{"filter": "datum.inside !== ''"}],
                "mark": {"type": "text", "fontSize": 11, "aria": False},
                "encoding": {
                    "x": x,
                    "y": {**y, "field": "middle"},
                    "text": {"field": "inside"},
                    "color": {"field": "ink", **plain},
                },
            },
            {
                "name": "label",
                "transform": [{"filter": "datum.label !== ''"}],
                "mark": {
                    "type": "text",
                    "align": "left",
                    "fontSize": 12,
                    "fontWeight": 600,
                    "aria": False,
                },
                "encoding": {
                    "x": {"value": {"expr": f"width - {right - 6:.0f}"}},
                    "y": {**y, "field": "label_at"},
                    "text": {"field": "label"},
                    "color": {"field": "shade", **plain},
                },
            },
        ],
    }
    return (
        paneled(view, panels, reading, 1) if several else {**view, "data": {"name": reading.name}}
    )


def _tip() -> list[Spec]:
    pairs = (("stage", "stage"), ("after", "after"), ("words", "share"), ("reach", "95 % interval"))
    return [{"field": name, "type": "nominal", "title": title} for name, title in pairs]


def _one_panel_each(reading: Reading) -> None:
    """Two groupings make one panel for each pair."""
    for row in reading.rows:
        row["panel"] = ", ".join(filter(None, (row["panel"], row["series"])))
        row["series"], row["days"] = "", row["own"]["after_days"]
        row["stage"] = row["own"]["stage"]
    reading.trim("panel", MOST_PANELS, lambda row: row["weight"])


def _merge(reading: Reading) -> list[str]:
    """Put the smallest stages together where there are more than colours; return the stages."""
    sizes: dict[str, float] = {}
    for row in reading.rows:
        sizes[row["stage"]] = sizes.get(row["stage"], 0.0) + (row["value"] or 0.0)
    if len(sizes) <= MOST_STAGES:
        return list(sizes)
    kept = sorted(sizes, key=lambda name: -sizes[name])[: MOST_STAGES - 1]
    rest = [name for name in sizes if name not in kept]
    reading.notes.append(f"Other stages: {listing(rest, 8)}; the table has each.")
    merged: dict[tuple[str, int], dict[str, Any]] = {}
    rows = []
    for row in reading.rows:
        if row["stage"] in kept:
            rows.append(row)
            continue
        place = (row["panel"], row["days"])
        if place not in merged:
            merged[place] = {**row, "stage": OTHER, "value": 0.0, "reach": "", "words": ""}
            rows.append(merged[place])
        merged[place]["value"] += row["value"] or 0.0
    for row in merged.values():
        row["words"] = f"{100 * row['value']:.1f}\u00a0%"
    reading.rows = rows
    return [name for name in sizes if name in kept] + [OTHER]


def _stack(reading: Reading, stages: list[str], height: float) -> None:
    """Give each segment its ends, its colour and, in the last stack, a label beside it."""
    shades = dict(zip(stages, PALETTE, strict=False))
    order = {name: k for k, name in enumerate(stages)}
    reading.rows.sort(key=lambda row: (row["days"], order[row["stage"]]))
    tops: dict[tuple[str, int], float] = {}
    last = {row["panel"]: row["days"] for row in reading.rows}
    ends: dict[str, list[dict[str, Any]]] = {}
    for row in reading.rows:
        place = (row["panel"], row["days"])
        row["start"] = tops.get(place, 0.0)
        row["end"] = tops[place] = row["start"] + (row["value"] or 0.0)
        row["middle"] = (row["start"] + row["end"]) / 2
        row["after"], row["shade"] = _after(row["days"]), shades[row["stage"]]
        row["ink"] = ink_on(row["shade"])
        share = row["end"] - row["start"]
        row["inside"] = f"{100 * share:.0f}\u00a0%" if share >= ROOM else ""
        row["label"], row["label_at"] = "", None
        if row["days"] == last[row["panel"]] and share > 0:
            ends.setdefault(row["panel"], []).append(row)
    if any(top < 0.985 for top in tops.values()):
        reading.notes.append("Medians over simulated worlds need not add up to 100 %.")
    for rows in ends.values():
        wanted = [row["middle"] * height for row in rows]
        for row, at in zip(rows, apart(wanted, 15, height), strict=True):
            row["label"], row["label_at"] = cut(row["stage"], 32), at / height


def _after(days: int) -> str:
    """A number of days in words: months are counted in days, years are years.

    Example:
        >>> _after(90), _after(730), _after(365)
        ('90 days', '2 years', '1 year')
    """
    years, rest = divmod(int(days), 365)
    if years and not rest:
        return "1 year" if years == 1 else f"{years} years"
    return f"{days} days" if days else "at start"
