"""The look of every picture: colours, dashes, shapes, axes, and the frame around a view.

Colours are those of Okabe and Ito; the pale ones are darkened until they stand 3:1 against white,
and none says anything that a dash, a shape, a place or a word does not say too.
"""

import math
from collections.abc import Sequence
from typing import Any

from asylumatlas.fans import BLUE, GREY, VERMILLION, blank
from asylumatlas.pictures.words import lines

Spec = dict[str, Any]

WIDTH = 760  # points, labels and all
INK = "#1A1A1A"
PAPER = "#FFFFFF"
GREEN, PURPLE, AMBER, SLATE = "#009E73", "#B4578A", "#A87400", "#707070"
PALETTE = (BLUE, VERMILLION, GREEN, PURPLE, INK, AMBER, SLATE)
DASHES = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [12, 4], [5, 2, 1, 2], [1, 3])
SHAPES = ("circle", "square", "triangle-up", "cross", "triangle-down", "triangle-right", "stroke")
LETTER = 6.4  # points, the width of a letter at 12 points


def frame(
    views: Sequence[Spec],
    datasets: Spec,
    title: Sequence[str],
    subtitle: Sequence[str],
    end: str,
    beside: bool = True,
) -> Spec:
    """Return a whole specification: the title above, the views, the source line beneath.

    Args:
        views: one view, or several.
        datasets: name -> rows.
        title: lines.
        subtitle: lines.
        end: the source line.
        beside: several views stand side by side, not one under the other.
    """
    spec = blank("", "", "")
    for key in ("width", "autosize"):
        spec.pop(key)
    spec["background"] = PAPER
    spec["padding"] = 16
    spec["title"] = {
        "text": list(title),
        "subtitle": list(subtitle),
        "anchor": "start",
        "fontSize": 17,
        "subtitleFontSize": 12.5,
        "subtitleColor": GREY,
        "subtitlePadding": 6,
        "offset": 14,
        "lineHeight": 21,
        "subtitleLineHeight": 16,
    }
    spec["config"] |= {
        "concat": {"spacing": 28},
        "axis": {
            **spec["config"]["axis"],
            "labelColor": INK,
            "titleColor": GREY,
            "domainColor": "#888888",
            "tickColor": "#888888",
            "gridColor": "#E3E3E3",
        },
    }
    spec["datasets"] = datasets
    foot: Spec = {"orient": "bottom", "anchor": "start", "fontWeight": "normal", "frame": "bounds"}
    foot |= {"fontSize": 10.5, "color": GREY, "offset": 12, "lineHeight": 14}
    drawn = [_named(fixed(view), number) for number, view in enumerate(views)]
    inner: Spec = drawn[0] if len(drawn) == 1 else {"hconcat" if beside else "vconcat": drawn}
    spec["concat"] = [{**inner, "title": {"text": lines(end, 140), **foot}}]
    return spec


def _named(view: Spec, number: int) -> Spec:
    """Return a view whose layers bear names of their own: no two in a chart may be called alike."""
    if number == 0:
        return view
    layers = [{**layer, "name": f"{layer['name']}_{number + 1}"} for layer in view["layer"]]
    return {**view, "layer": layers}


def fixed(view: Spec) -> Spec:
    """Return a view whose places measured from its right edge are plain numbers.

    Inside a page a view is as wide as its column, so it is written with `width - 80`; beside
    other views the drawing program does not know that name.

    Example:
        >>> fixed({"width": 200, "x": {"expr": "width - 80"}})["x"]
        120.0
    """

    def walk(part: Any, width: float) -> Any:
        if isinstance(part, list):
            return [walk(each, width) for each in part]
        if not isinstance(part, dict):
            return part
        here = part.get("width", width)
        wide = here if isinstance(here, int | float) else width
        if set(part) == {"expr"} and str(part["expr"]).startswith("width - "):
            return wide - float(part["expr"].removeprefix("width - "))
        return {key: each if key == "data" else walk(each, wide) for key, each in part.items()}

    made: Spec = walk(view, WIDTH)
    return made


def domain(values: Sequence[float], share: bool = False, zero: bool = False) -> tuple[float, float]:
    """Return a round range that holds all values, from zero unless they are far from it.

    Example:
        >>> domain([3.0, 47.0])
        (0.0, 50.0)
        >>> domain([0.93, 0.96], share=True)
        (0.93, 0.96)
        >>> domain([])
        (0.0, 1.0)
    """
    if not values:
        return (0.0, 1.0)
    low, high = min(values), max(values)
    if zero or 0 <= low < 0.6 * high or low == high:
        low, high = min(low, 0.0), max(high, 0.0)
    elif high < 0:
        high = 0.0
    if high - low < 1e-290:  # nothing, or less than can be divided into ticks
        return (0.0, 1.0)
    step = tick(high - low)
    # The small allowance keeps 0.30000000000000004 from opening one more step.
    low = math.floor(low / step + 1e-9) * step
    high = math.ceil(high / step - 1e-9) * step
    if share:
        low, high = max(low, min(0.0, low)), min(high, max(1.0, max(values)))
    return (float(f"{low:.12g}"), float(f"{high:.12g}"))


def places(low: float, high: float) -> list[float]:
    """Return where the ticks of an axis stand: round values inside it.

    Example:
        >>> places(0.562, 0.578)
        [0.565, 0.57, 0.575]
    """
    step = tick(high - low)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{k * step:.12g}") for k in range(first, last + 1)]


def tick(span: float, wanted: int = 5) -> float:
    """Return a round distance between ticks: 1, 2 or 5 times a power of ten.

    Example:
        >>> tick(47.0), tick(0.03)
        (10.0, 0.005)
    """
    power: float = 10.0 ** math.floor(math.log10(span / wanted))
    best: float = min((power * k for k in (1, 2, 5, 10)), key=lambda s: abs(span / s - wanted))
    return best


def numbers(unit_is_share: bool, low: float, high: float) -> Spec:
    """Return the axis of a quantity: per cents, whole numbers, or millions in words."""
    if unit_is_share:
        return {"format": "~%"}
    if max(abs(low), abs(high)) >= 1e6:
        said = "format(datum.value, '~s')"
        for short, long in (("G", " bn"), ("M", " m"), ("T", " tn"), ("k", ",000")):
            said = f"replace({said}, '{short}', '{long}')"
        return {"labelExpr": said}
    return {"format": ",~r" if high - low < 5 else ",.0f"}


def room(labels: Sequence[str], most: float = 250) -> float:
    """Return the points that the longest line of these labels takes."""
    longest = max((len(line) for label in labels for line in label.split("\n")), default=0)
    return min(most, LETTER * longest + 10)


def categories(labels: Sequence[str]) -> Spec:
    """Return the upright axis of categories, in the order given, each in up to two lines."""
    return {
        "field": "group",
        "type": "nominal",
        "title": None,
        "sort": list(labels),
        "scale": {"domain": list(labels)},
        "axis": {
            "labelExpr": "split(datum.label, '\\n')",
            "labelLimit": 260,
            "labelFontSize": 12,
            "labelPadding": 8,
            "ticks": False,
            "domain": False,
            "grid": True,
            "gridDash": [1, 3],
        },
    }


def ink_on(colour: str) -> str:
    """Return black or white, whichever reads better on a colour.

    Example:
        >>> ink_on("#0072B2"), ink_on("#FFFFFF")
        ('#FFFFFF', '#1A1A1A')
    """
    return PAPER if contrast(colour, PAPER) >= contrast(colour, INK) else INK


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio").

    Example:
        >>> contrast("#000000", "#FFFFFF")
        21.0
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return round((light + 0.05) / (dark + 0.05), 2)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def blend(share: float, colour: str = BLUE) -> str:
    """Return white mixed with a colour: 0 is nearly white, 1 the colour.

    Example:
        >>> blend(1.0)
        '#0072B2'
    """
    weight = 0.06 + 0.94 * min(1.0, max(0.0, share))
    parts = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    mixed = [round(255 + (part - 255) * weight) for part in parts]
    return "#" + "".join(f"{part:02X}" for part in mixed)
