"""Marks that several pictures share: points with their intervals, hollow where cases are few."""

from typing import Any

from asylumatlas.fans import BLUE
from asylumatlas.pictures.reading import Reading
from asylumatlas.pictures.style import INK, PALETTE, PAPER, SHAPES
from asylumatlas.pictures.words import clean, cut

Spec = dict[str, Any]

SOLID = "datum.mark !== 'suppressed' && datum.mark !== 'none'"
SIZE = 64


def published_label(reading: Reading) -> str:
    """Return what the legend says of the published figure."""
    cited = tuple(getattr(reading.table, "cite_as", ()) or ())
    return f"published: {cut(clean(cited[0]), 70)}" if len(cited) == 1 else "published figure"


def published(reading: Reading, across: Spec, along: Spec, channel: str) -> list[Spec]:
    """Return the hollow diamond of the published figure, named in a legend of its own.

    Args:
        reading: the rows.
        across: encoding of the axis that does not carry the value.
        along: encoding of the value's axis, without its field.
        channel: "x" or "y", the axis of the value.
    """
    if not reading.values("published"):
        return []
    name = published_label(reading)
    look: Spec = {"symbolType": "diamond", "symbolStrokeWidth": 1.8, "symbolSize": 90}
    look |= {"title": None, "orient": "top", "labelLimit": 560}
    key = {
        "datum": name,
        "title": None,
        "scale": {"domain": [name], "range": [INK]},
        "legend": look,
    }
    mark = {"type": "point", "shape": "diamond", "size": 95, "strokeWidth": 1.8, "filled": False}
    return [
        {
            "name": "published",
            "transform": [{"filter": "isValid(datum.published)"}],
            "mark": {**mark, "opacity": 1},
            "encoding": {
                **across,
                channel: {**along, "field": "published"},
                "stroke": {"field": "ink", "type": "nominal", "scale": None, "title": None},
                "tooltip": tooltip(reading),
            },
        },
        {
            # Draws nothing: a legend needs a scale, and the marks above bring their own colours.
            "name": "published_key",
            "transform": [{"filter": "false"}],
            "mark": {**mark, "aria": False},
            "encoding": {**across, channel: {**along, "field": "published"}, "stroke": key},
        },
    ]


def series_scales(reading: Reading, legend: bool) -> Spec:
    """Return stroke, fill and shape by series, or the house blue where there is one series."""
    names = reading.names("series")
    if len(names) <= 1:
        return {"color": {"value": BLUE}, "shape": {"value": SHAPES[0]}}
    look: Spec = {"title": None, "orient": "top", "columns": 3, "labelLimit": 230, "symbolSize": 80}
    look |= {"symbolOpacity": 1}
    shown = look if legend else None
    scale: Spec = {"domain": names}
    colours = [PALETTE[k % len(PALETTE)] for k in range(len(names))]
    shapes = [SHAPES[k % 6] for k in range(len(names))]
    both: Spec = {"field": "series", "type": "nominal", "legend": shown}
    return {
        "color": {**both, "scale": {**scale, "range": colours}},
        "shape": {**both, "scale": {**scale, "range": shapes}},
    }


def points(reading: Reading, encoding: Spec, scales: Spec, size: int = SIZE) -> list[Spec]:
    """Return the points, and white ones upon those that are to look hollow or half-filled."""
    shape = {"shape": scales["shape"]}
    white: Spec = {"type": "point", "filled": True, "color": PAPER, "opacity": 1, "aria": False}
    base: Spec = {"type": "point", "filled": True, "opacity": 1, "size": size}
    said = {"tooltip": tooltip(reading)}
    layers: list[Spec] = [
        {
            "name": "value",
            "transform": [{"filter": f"{SOLID} && isValid(datum.value)"}],
            "mark": base,
            "encoding": {**encoding, **scales, **said},
        }
    ]
    for mark, part in (("small", 0.42), ("partial", 0.12)):
        if any(row["mark"] == mark for row in reading.rows):
            layers.append(
                {
                    "name": mark,
                    "transform": [{"filter": f"datum.mark === '{mark}' && isValid(datum.value)"}],
                    "mark": {**white, "size": round(size * part)},
                    "encoding": {**encoding, **shape, **said},
                }
            )
    return layers


def tooltip(reading: Reading) -> list[Spec]:
    """Return what a pointer resting on a mark is told."""
    from asylumatlas.pictures.words import key_name

    shown = [(role, key_name(key)) for role, key in reading.keys.items()]
    shown += [("words", reading.unit or "value"), ("reach", "95 % interval"), ("of", "cases")]
    if reading.values("published"):
        shown.append(("published_words", "published"))
    return [{"field": name, "type": "nominal", "title": title} for name, title in shown]
