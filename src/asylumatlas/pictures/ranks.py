"""Judges in order of their rate: observed and shrunken, and which of them TRAC would report."""

from typing import Any

from asylumatlas.fans import BLUE
from asylumatlas.pictures.dots import paneled
from asylumatlas.pictures.reading import MOST_PANELS, Reading
from asylumatlas.pictures.style import INK, PAPER, SLATE, WIDTH, domain, numbers, places
from asylumatlas.pictures.words import finite, lines, value_said

Spec = dict[str, Any]

HEIGHT, PANEL_HEIGHT = 340, 190
REPORTED, UNREPORTED = "reported under TRAC's rule", "not reported under it"


def ranks(reading: Reading) -> Spec:
    """Draw a dot for each judge on its interval, lowest first, with the observed rate beside."""
    _rank(reading)
    panels = reading.names("panel")
    several = len(panels) > 1
    low, high = domain(reading.values("value", "shrunken", "low95", "high95"), reading.share)
    most = max((row["rank"] for row in reading.rows), default=1)
    thin = most > 120
    values = places(low, high)
    x: Spec = {"field": "rank", "type": "quantitative"}
    x["scale"] = {"domain": [0, most + 1], "nice": False, "zero": False}
    x["axis"] = {
        "grid": False,
        "tickMinStep": 1,
        "tickCount": 6,
        "titleAnchor": "start",
        "title": None if several else "judges, from the lowest rate to the highest",
    }
    y: Spec = {"type": "quantitative", "scale": {"domain": [low, high], "nice": False}}
    y["axis"] = {
        **numbers(reading.share, low, high),
        "values": values,
        "title": None,
        "domain": False,
        "ticks": False,
    }
    scale = {"domain": [REPORTED, UNREPORTED]}
    legend = {
        "title": None,
        "orient": "top",
        "labelLimit": 260,
        "symbolSize": 70,
        "symbolOpacity": 1,
    }
    rule: Spec = {"field": "rule", "type": "nominal", "legend": legend}
    colour = {**rule, "scale": {**scale, "range": [BLUE, SLATE]}}
    shape = {**rule, "scale": {**scale, "range": ["circle", "triangle-up"]}}
    size = (18 if thin else 34) if not several else 16
    view: Spec = {
        "width": round(WIDTH - 60 if not several else (WIDTH - 90) / 2),
        "height": PANEL_HEIGHT if several else HEIGHT,
        "layer": [
            {
                "name": "reach_low95",
                "transform": [{"filter": "isValid(datum.low95) && isValid(datum.high95)"}],
                "mark": {
                    "type": "rule",
                    "strokeWidth": 1 if thin else 1.6,
                    "opacity": 0.4,
                    "aria": False,
                },
                "encoding": {
                    "x": x,
                    "y": {**y, "field": "low95"},
                    "y2": {"field": "high95"},
                    "color": colour,
                },
            },
            {
                "name": "observed",
                "transform": [{"filter": "isValid(datum.value)"}],
                "mark": {
                    "type": "point",
                    "filled": False,
                    "fill": PAPER,
                    "stroke": INK,
                    "strokeWidth": 0.9,
                    "opacity": 0.8,
                    "size": size,
                    "aria": False,
                },
                "encoding": {"x": x, "y": {**y, "field": "value"}},
            },
            {
                "name": "value",
                "transform": [{"filter": "isValid(datum.shown)"}],
                "mark": {"type": "point", "filled": True, "opacity": 1, "size": size * 1.3},
                "encoding": {
                    "x": x,
                    "y": {**y, "field": "shown"},
                    "color": colour,
                    "shape": shape,
                    "tooltip": _tip(),
                },
            },
        ],
    }
    reading.notes = [note for note in reading.notes if not note.startswith("Hollow")]
    reading.notes.append(
        "Filled: shrunken towards the others, the fewer the cases the more. "
        "White circle: observed. Line: 95 % interval."
    )
    return (
        paneled(view, panels, reading, 2) if several else {**view, "data": {"name": reading.name}}
    )


def _tip() -> list[Spec]:
    pairs = (
        ("judge", "judge"),
        ("panel", "group"),
        ("words", "observed"),
        ("shrunken_words", "shrunken"),
        ("reach", "95 % interval"),
        ("of", "cases"),
    )
    return [{"field": name, "type": "nominal", "title": title} for name, title in pairs]


def _rank(reading: Reading) -> None:
    """Put the judges of each panel in order; `raw` rows carry what only this table has."""
    for row in reading.rows:
        row["panel"] = ", ".join(filter(None, (row["panel"], row["series"])))
        row["series"] = ""
        raw = row.pop("raw")
        row["shrunken"] = finite(raw.get("shrunken"))
        row["shown"] = row["value"] if row["shrunken"] is None else row["shrunken"]
        row["shrunken_words"] = value_said(row["shrunken"], reading.unit)
        row["judge"] = lines(row["own"]["judge"], 60, 1)[0]
        row["rule"] = REPORTED if raw.get("reported_by_trac") else UNREPORTED
    reading.trim("panel", MOST_PANELS, lambda row: row["weight"])
    reading.rows.sort(key=lambda row: (row["shown"] is None, row["shown"] or 0.0))
    counts: dict[str, int] = {}
    for row in reading.rows:
        row["rank"] = counts[row["panel"]] = counts.get(row["panel"], 0) + 1
