"""A map of the United States and Mexico with a mark for the people at each place.

Outlines and projections are read from ``static/map.json``, which ``tools/vendor_map.py`` makes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from asylumatlas.evidence.places import Place, places

LARGEST = 46.0  # units, half the width of the largest mark
SMALLEST = 2.5  # so that one person can be seen
LETTER = 8.4  # units, the width of a letter of the labels
LABELS = 9  # places named on the map; the table names all
TRAY_TOP, TRAY_LEFT, TRAY_STEP = 706.0, 420.0, 170.0
# Marks of one place stand beside each other: where each kind is set, in units.
OFFSETS = {
    "road": (0, 14),
    "list": (-9, 10),
    "port": (9, 9),
    "custody": (13, -12),
    "screening": (12, 2),
    "court": (-9, -10),
}


@dataclass(frozen=True)
class Mark:
    """People of one kind at one place.

    Attributes:
        place: the log's word for the place, "" where none is known.
        name: what readers call it.
        kind: a key of `OFFSETS`.
        words: what the people there do, such as "in custody".
        people: how many.
        peak: the most there are on any day, which decides whether the place is named.
    """

    place: str
    name: str
    kind: str
    words: str
    people: float
    peak: float


def project(north: float, east: float, words: Mapping[str, Any]) -> tuple[float, float]:
    """Return where a point is drawn: Albers' equal-area conic projection.

    Args:
        north: latitude in degrees.
        east: longitude in degrees.
        words: ``parallels``, ``origin`` (degrees), ``scale`` (units a radian) and ``centre``.

    Example:
        >>> words = {"parallels": [25, 45], "origin": [32, -100], "scale": 1000, "centre": [5, 6]}
        >>> project(32, -100, words)
        (5.0, 6.0)
    """
    first, second = (math.radians(each) for each in words["parallels"])
    north0, east0 = words["origin"]
    cone = (math.sin(first) + math.sin(second)) / 2
    constant = math.cos(first) ** 2 + 2 * cone * math.sin(first)

    def radius(latitude: float) -> float:
        return math.sqrt(max(constant - 2 * cone * math.sin(math.radians(latitude)), 0)) / cone

    turn = cone * math.radians((east - east0 + 180) % 360 - 180)
    x = words["centre"][0] + words["scale"] * radius(north) * math.sin(turn)
    y = words["centre"][1] - words["scale"] * (radius(north0) - radius(north) * math.cos(turn))
    return x, y


def position(place: Place) -> tuple[float, float] | None:
    """Return where a place is drawn, ``None`` where the map does not reach.

    Example:
        >>> from asylumatlas.evidence.places import places
        >>> position(places()["hagatna"]) is None
        True
    """
    north, east = place.latitude, place.longitude
    if 14 <= north <= 52 and -130 <= east <= -68:
        area = "main"
    elif 51 <= north <= 72 and -170 <= east <= -130:
        area = "alaska"
    elif 18 <= north <= 23 and -161 <= east <= -154:
        area = "hawaii"
    elif 17 <= north <= 19 and -68 <= east <= -65:
        area = "puerto_rico"
    else:
        return None
    return project(north, east, _outlines()["projections"][area])


def radius(people: float, most: float) -> float:
    """Return half the width of a mark: its area grows with the people.

    Example:
        >>> radius(100, 400) == LARGEST / 2, radius(0, 400)
        (True, 0.0)
    """
    if people <= 0 or most <= 0:
        return 0.0
    return max(SMALLEST, LARGEST * math.sqrt(min(1.0, people / most)))


def map_svg(marks: Sequence[Mark], most: float, title: str, elsewhere: str) -> str:
    """Return the map as one ``<svg>`` element; all text is escaped.

    Args:
        marks: who is where; in the order of the table, by which a script finds them again.
        most: people that the largest mark stands for.
        title: what the picture shows, in words.
        elsewhere: what stands over the places that are at no one point.
    """
    outlines = _outlines()
    parts = [
        f'<svg class="map" viewBox="0 0 {outlines["width"]} {outlines["height"]}" role="img" '
        f'aria-label="{escape(title, quote=True)}" data-largest="{LARGEST:g}" '
        f'data-smallest="{SMALLEST:g}">',
        *(f'<path class="near" d="{each["path"]}"/>' for each in outlines["countries"]),
        *(f'<path class="state" d="{each["path"]}"/>' for each in outlines["states"]),
    ]
    at, tray = _positions(marks)
    if tray:
        parts.append(
            f'<text class="tray" x="{TRAY_LEFT:g}" y="{TRAY_TOP - 56:g}">{escape(elsewhere)}</text>'
        )
    order = sorted(range(len(marks)), key=lambda k: -marks[k].people)  # small ones lie on top
    parts += [_mark(k, marks[k], at[k], most) for k in order if k in at]
    parts += _labels(marks, at, tray)
    return "\n".join([*parts, "</svg>"])


def _positions(marks: Sequence[Mark]) -> tuple[dict[int, tuple[float, float]], list[str]]:
    """Return where each mark is drawn, and the places at no one point that the tray shows."""
    at: dict[int, tuple[float, float]] = {}
    tray: list[str] = []
    for k, mark in enumerate(marks):
        known = places().get(mark.place)
        point = position(known) if known else None
        if point is None:
            if mark.place not in tray and len(tray) < 3:
                tray.append(mark.place)
            if mark.place not in tray:
                continue
            point = TRAY_LEFT + 30 + TRAY_STEP * tray.index(mark.place), TRAY_TOP
        shift = OFFSETS[mark.kind]
        at[k] = point[0] + shift[0], point[1] + shift[1]
    return at, tray


def _mark(number: int, mark: Mark, at: tuple[float, float], most: float) -> str:
    """Return a mark; each kind has a shape of its own, all with an area that grows alike."""
    size = radius(mark.people, most)
    hint = f"{mark.name}: {mark.people:,.0f} {mark.words}"
    return (
        f'<g class="mark {mark.kind}" data-mark="{number}" '
        f'transform="translate({at[0]:.1f} {at[1]:.1f}) scale({size:.2f})">{_SHAPES[mark.kind]}'
        f"<title>{escape(hint)}</title></g>"
    )


# Shapes of one unit's radius (or the same area), drawn at the origin.
_SHAPES = {
    "road": '<circle r="1"/>',
    "list": '<path d="M0,-1.25L1.25,0L0,1.25L-1.25,0z"/>',
    "port": '<path d="M0,-1.4L1.35,0.95L-1.35,0.95z"/>',
    "custody": '<path d="M-.89,-.89H.89V.89H-.89z"/>',
    "screening": '<path d="M-.55,-1.3H.55V-.55H1.3V.55H.55V1.3H-.55V.55H-1.3V-.55H-.55z"/>',
    "court": '<circle r="1"/>',
}


def key_svg(kind: str) -> str:
    """Return a small picture of a kind's mark, for a legend.

    Raises:
        KeyError: no such kind.
    """
    return (
        '<svg class="key" viewBox="-1.6 -1.6 3.2 3.2" aria-hidden="true" focusable="false">'
        f'<g class="mark {kind}">{_SHAPES[kind]}</g></svg>'
    )


def _labels(
    marks: Sequence[Mark], at: Mapping[int, tuple[float, float]], tray: Sequence[str]
) -> list[str]:
    """Return the names of the places where most people are, where there is room for them."""
    total: dict[str, float] = {}
    first: dict[str, int] = {}
    for k, mark in enumerate(marks):
        if k in at:
            total[mark.place] = max(total.get(mark.place, 0), mark.peak)
            first.setdefault(mark.place, k)
    ranked = [
        *tray,
        *(word for word in sorted(total, key=lambda word: -total[word]) if word not in tray),
    ]
    drawn: list[str] = []
    taken: list[tuple[float, float, float]] = []
    for word in ranked:
        mark = marks[first[word]]
        x, y = at[first[word]]
        shift = OFFSETS[mark.kind]
        x, y = x - shift[0] + 14, y - shift[1] + (34 if word in tray else 4)
        name = mark.name.split(" (")[0]
        width = LETTER * len(name)
        if x + width > 990:
            x -= width + 28
        if any(abs(y - top) < 18 and x < right and left < x + width for left, right, top in taken):
            continue
        if len(drawn) < LABELS:
            taken.append((x, x + width, y))
            drawn.append(f'<text class="place" x="{x:.0f}" y="{y:.0f}">{escape(name)}</text>')
    return drawn


@cache
def _outlines() -> Mapping[str, Any]:
    text = (files("asylumatlas.web") / "static" / "map.json").read_text("utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found
