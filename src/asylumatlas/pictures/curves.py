"""The share of spells that have ended after n days, as stairs with their band."""

from typing import Any

from asylumatlas.pictures.marks import series_scales
from asylumatlas.pictures.reading import MOST_SERIES, Reading
from asylumatlas.pictures.style import DASHES, INK, PALETTE, WIDTH, domain, places, room
from asylumatlas.pictures.trends import LABEL, apart
from asylumatlas.pictures.words import cut

Spec = dict[str, Any]

HEIGHT = 320


def curves(reading: Reading) -> Spec:
    """Draw a stair for each group: who has ended after n days, of all who began.

    Args:
        reading: rows with `days`, `series` and the share with its interval.
    """
    reading.trim("series", MOST_SERIES, lambda row: row["value"] or 0.0)
    names = reading.names("series")
    last = max((row["days"] for row in reading.rows), default=1) or 1
    low, high = domain(reading.values("value", "low95", "high95"), share=True, zero=True)
    _label(reading, names, high)
    right = room([row["label"] for row in reading.rows], 190) + 14 if len(names) > 1 else 12
    scales = series_scales(reading, legend=False)
    x: Spec = {"field": "days", "type": "quantitative", "title": "days since the beginning"}
    x["scale"] = {
        "domain": [0, last],
        "nice": False,
        "range": [0, {"expr": f"width - {right:.0f}"}],
    }
    x["axis"] = {"grid": False, "values": _days(last), "format": ",d", "titleAnchor": "start"}
    y: Spec = {"type": "quantitative", "scale": {"domain": [low, high], "nice": False}}
    y["axis"] = {
        "format": "~%",
        "values": places(low, high),
        "title": "share that has ended",
        "titleAngle": 0,
        "titleAlign": "left",
        "titleAnchor": "end",
        "titleX": -40,
        "titleY": -12,
        "domain": False,
        "ticks": False,
    }
    line: Spec = {"x": x, "y": {**y, "field": "value"}, "color": scales["color"]}
    if len(names) > 1:
        dash = {"domain": names, "range": [DASHES[k] for k in range(len(names))]}
        line["strokeDash"] = {**scales["color"], "scale": dash}
    band = {**line, "y": {**y, "field": "low95"}, "y2": {"field": "high95"}}
    band.pop("strokeDash", None)
    layers = [
        {
            "name": "outer_band",
            "mark": {"type": "area", "interpolate": "step-after", "opacity": 0.15, "aria": False},
            "encoding": band,
        },
        {
            "name": "line",
            "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2.2},
            "encoding": line,
        },
        {
            "name": "label",
            "transform": [{"filter": "datum.label !== ''"}],
            "mark": {"type": "text", "align": "left", "fontSize": 12, "fontWeight": 600},
            "encoding": {
                "x": {"value": {"expr": f"width - {right - 6:.0f}"}},
                "y": {**y, "field": "label_at"},
                "text": {"field": "label"},
                "color": {"field": "ink", "type": "nominal", "scale": None},
            },
        },
    ]
    return {"width": WIDTH - 70, "height": HEIGHT, "layer": layers, "data": {"name": "curves"}}


def _days(last: float) -> list[int]:
    """Whole years where the curve runs for years, else round numbers of days."""
    step = 365 if last > 800 else 90 if last > 180 else 30 if last > 40 else 7
    step *= max(1, -(-int(last) // (step * 9)))
    return list(range(0, int(last) + 1, step))


def _label(reading: Reading, names: list[str], high: float) -> None:
    colours = dict(zip(names, PALETTE, strict=False))
    ends: dict[str, dict[str, Any]] = {}
    for row in reading.rows:
        row |= {"label": "", "label_at": None, "ink": colours.get(row["series"], INK)}
        if row["value"] is not None:
            ends[row["series"]] = row
    if len(names) < 2:
        return
    known = sorted(ends.values(), key=lambda row: row["value"])
    spots = apart([row["value"] / high * HEIGHT for row in known], LABEL, HEIGHT)
    for row, at in zip(known, spots, strict=True):
        row["label"], row["label_at"] = cut(row["series"], 28), at / HEIGHT * high
