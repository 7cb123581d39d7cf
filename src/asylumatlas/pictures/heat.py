"""Two categories at once as a grid of numbers, each with its interval, shaded by size."""

from typing import Any

from asylumatlas.pictures.dots import arrange, paneled
from asylumatlas.pictures.reading import MOST_COLUMNS, Reading
from asylumatlas.pictures.style import INK, PAPER, SLATE, WIDTH, blend, categories, ink_on, room
from asylumatlas.pictures.words import lines

Spec = dict[str, Any]

CELL = 40  # points, height


def heat(reading: Reading) -> Spec:
    """Draw a cell for each pair: its value in words, its interval beneath, darker for more."""
    order = arrange(reading, MOST_COLUMNS)
    columns = reading.names("series")
    _shade(reading)
    left = room(order)
    wide = min(110, (WIDTH - left - 20) / max(1, len(columns)))
    letters = max(6, int(wide / 6.4))
    heads = {name: "\n".join(lines(name, letters, 3)) for name in columns}
    for number, name in enumerate(columns):  # a cut name may repeat another
        if list(heads.values()).count(heads[name]) > 1:
            heads[name] += f" ({number + 1})"
    for row in reading.rows:
        row["series"] = heads[row["series"]]
    names = list(heads.values())
    x: Spec = {"field": "series", "type": "nominal", "sort": names, "scale": {"domain": names}}
    x |= {"title": None}
    x["axis"] = {
        "orient": "top",
        "labelAngle": 0,
        "labelExpr": "split(datum.label, '\\n')",
        "labelLimit": wide,
        "ticks": False,
        "domain": False,
        "labelPadding": 6,
    }
    y = categories(order)
    y["axis"] |= {"grid": False}
    plain = {"type": "nominal", "scale": None, "legend": None}
    text = {"type": "text", "aria": False}
    ink = {"color": {"field": "ink", **plain}}
    view: Spec = {
        "width": round(wide * len(names)),
        "height": CELL * len(order),
        "encoding": {"x": x, "y": y},
        "layer": [
            {
                "name": "cell",
                "mark": {"type": "rect", "stroke": PAPER, "strokeWidth": 2},
                "encoding": {"color": {"field": "shade", **plain}, "tooltip": _tip(reading)},
            },
            {
                "name": "share_text",  # keeps the ink chosen for its cell on every page
                "mark": {**text, "fontSize": 12.5, "fontWeight": 600, "dy": -6},
                "encoding": {"text": {"field": "cell_words"}, **ink},
            },
            {
                "name": "share_text_reach",
                "mark": {**text, "fontSize": 9.5, "dy": 9},
                "encoding": {"text": {"field": "cell_reach"}, **ink},
            },
        ],
    }
    panels = reading.names("panel")
    if len(panels) > 1:
        return paneled(view, panels, reading, columns=1)
    return {**view, "data": {"name": reading.name}}


def _tip(reading: Reading) -> list[Spec]:
    from asylumatlas.pictures.marks import tooltip

    return tooltip(reading)


def _shade(reading: Reading) -> None:
    """Give each cell its shade, its ink, and its words; few cases get an asterisk and no shade."""
    values = reading.values("value")
    top = max([abs(value) for value in values], default=1.0) or 1.0
    small = False
    for row in reading.rows:
        plain = row["value"] is not None and row["mark"] != "small"
        row["shade"] = blend(abs(row["value"]) / top * 0.8) if plain else "#F2F2F2"
        row["ink"] = ink_on(row["shade"]) if plain else (INK if row["value"] is not None else SLATE)
        row["cell_words"] = row["words"] + ("*" if row["mark"] == "small" else "")
        row["cell_reach"] = (
            row["reach"].replace(" to ", "\u2013").replace("\u00a0%\u2013", "\u2013")
        )
        small = small or row["mark"] == "small"
    if small:
        reading.notes = [note for note in reading.notes if not note.startswith("Hollow")]
        reading.notes.append("* few cases, read with care.")
    reading.notes.append("Beneath each number: its 95 % interval.")
