"""The system in one picture: the stages of the process, and who moved between them.

A bar stands for the people who came to a stage, a band for those who moved on; both are as wide as
they are many. People who went back to an earlier stage arrive by a short band of their own. Where a
stage stands is written in ``process.toml``; its words come from the process.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from importlib.resources import files
from textwrap import wrap

from asylumatlas import process

START = "start"  # where the people of a log's first events come from
BAR = 9.0  # points, the thin side of a bar
LEAST = 1.0  # points, of a band with anybody in it
EARLY, LATE, ALL_THE_WAY = "early", "late", "all the way"
STUB = 26.0  # points, of a band that comes from nowhere or from later


@dataclass(frozen=True)
class Shape:
    """How the picture is laid out.

    Attributes:
        name: class of the drawing.
        upright: whether people move downwards, for a narrow screen.
        along: points between columns, in the direction in which people move.
        across: points between rows.
        most: points of the widest bar.
        letters: in a line of a label.
        edge: points before the first column.
    """

    name: str
    upright: bool
    along: float
    across: float
    most: float
    letters: int
    edge: float

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in points."""
        columns = 1 + max(column for column, _ in positions().values())
        rows = 1 + max(row for _, row in positions().values())
        along, across = self.edge + columns * self.along, rows * self.across
        return (across, along) if self.upright else (along, across)

    def point(self, along: float, across: float) -> str:
        """Return a point of the drawing as a path writes it."""
        x, y = (across, along) if self.upright else (along, across)
        return f"{x:.1f},{y:.1f}"


WIDE = Shape("wide-process", False, 110, 144, 96, 14, 24)
TALL = Shape("tall-process", True, 112, 89, 74, 13, 6)
SHAPES = (WIDE, TALL)


@dataclass(frozen=True)
class Stage:
    """A stage as the picture shows it.

    Attributes:
        name: of the stage.
        label: what it is called.
        people: how many came to it; for one beside the others, how many were in it at once.
        said: the number in words, such as "1,234" or "at most 1,234".
        href: where its name leads.
    """

    name: str
    label: str
    people: float
    said: str
    href: str


@dataclass
class Band:
    """People who moved from one stage to another; `start_at` and `end_at` are points across."""

    start: str
    end: str
    people: float
    width: float = 0.0
    start_at: float = 0.0
    end_at: float = 0.0
    back: bool = field(default=False)


@cache
def positions() -> Mapping[str, tuple[int, int]]:
    """Return column and row of each stage.

    Raises:
        ValueError: a stage of the process has no place, or stands where another does.

    Example:
        >>> positions()["journey"]
        (0, 1)
    """
    text = (files("asylumatlas.web.drawings") / "process.toml").read_text("utf-8")
    found = {name: (int(at[0]), int(at[1])) for name, at in tomllib.loads(text).items()}
    if set(found) != set(process.load().stages) or len(set(found.values())) != len(found):
        raise ValueError("process.toml: each stage of the process needs one place of its own.")
    return found


def process_svg(
    shape: Shape,
    stages: Sequence[Stage],
    moves: Sequence[tuple[str, str, float]],
    title: str,
) -> str:
    """Return the picture as one ``<svg>`` element; all text is escaped.

    Args:
        shape: how it is laid out.
        stages: every stage of the process.
        moves: stage, stage and how many moved; the first may be `START`.
        title: what the picture shows, in words.
    """
    bands = _bands(shape, moves)
    lengths = _attach(shape, bands)
    labels = {stage.name: stage.label for stage in stages}
    width, height = shape.size
    parts = [
        f'<svg class="process {shape.name}" viewBox="0 0 {width:g} {height:g}" role="group" '
        f'aria-label="{escape(title, quote=True)}">'
    ]
    widest_first = sorted(bands, key=lambda band: -band.width)
    parts += [_band(shape, band, labels) for band in widest_first]
    parts += [_bar(shape, stage, lengths.get(stage.name, 0.0)) for stage in stages]
    parts += [_label(shape, stage, lengths.get(stage.name, 0.0)) for stage in stages]
    return "\n".join([*parts, "</svg>"])


def came(moves: Sequence[tuple[str, str, float]]) -> dict[str, float]:
    """Return how many came to each stage.

    Example:
        >>> came([("start", "court", 3), ("appeal", "court", 1)])
        {'court': 4}
    """
    found: dict[str, float] = {}
    for _, end, people in moves:
        found[end] = found.get(end, 0) + people
    return found


def _bands(shape: Shape, moves: Sequence[tuple[str, str, float]]) -> list[Band]:
    """The bands, as wide as the shape allows to the fullest bar."""
    known = positions()
    bands = [
        Band(start, end, people)
        for start, end, people in moves
        if people > 0 and end in known and (start in known or start == START)
    ]
    for band in bands:
        band.back = band.start != START and known[band.start][0] > known[band.end][0]
    totals: dict[tuple[str, bool], float] = {}
    for band in bands:
        totals[band.end, True] = totals.get((band.end, True), 0) + band.people
        if not band.back:
            totals[band.start, False] = totals.get((band.start, False), 0) + band.people
    totals = {key: value for key, value in totals.items() if key[0] != START}
    scale = shape.most / max([1.0, *totals.values()])
    for band in bands:
        band.width = max(LEAST, band.people * scale)
    return bands


def _attach(shape: Shape, bands: Sequence[Band]) -> dict[str, float]:
    """Give each band its place on the bars, so that few cross; return the bars' lengths."""
    places = positions()
    lengths: dict[str, float] = {}
    for name, (_, row) in places.items():
        into = [band for band in bands if band.end == name]
        out = [band for band in bands if band.start == name and not band.back]
        into.sort(key=lambda band: (_row(band.start, row), band.people))
        out.sort(key=lambda band: (places[band.end][1], -places[band.end][0]))
        full = [sum(band.width for band in some) for some in (into, out)]
        lengths[name] = max(*full, 0.0)
        middle = _middle(shape, row)
        edge = middle - full[0] / 2
        for band in into:
            band.end_at, edge = edge + band.width / 2, edge + band.width
        edge = middle - full[1] / 2
        for band in out:
            band.start_at, edge = edge + band.width / 2, edge + band.width
    return lengths


def _row(name: str, own: int) -> float:
    """Where a band comes from: those from nowhere come from beside."""
    return positions()[name][1] if name in positions() else own - 0.5


def _middle(shape: Shape, row: int) -> float:
    lift = 0.0 if shape.upright else 20.0  # room for the words under a bar
    return (row + 0.5) * shape.across - lift


def _column(shape: Shape, column: int) -> float:
    return shape.edge + STUB + column * shape.along


def _band(shape: Shape, band: Band, labels: Mapping[str, str]) -> str:
    end = _column(shape, positions()[band.end][0]) - BAR / 2
    kind = "band"
    if band.start == START or band.back:
        path = f"M{shape.point(end - STUB, band.end_at)} L{shape.point(end, band.end_at)}"
        kind += " back" if band.back else " first"
    else:
        start = _column(shape, positions()[band.start][0]) + BAR / 2
        path = _way(shape, band, start, end)
        kind += f" to-{band.end}" if band.end in ("ended", "protected") else ""
    start_label = labels.get(band.start, "")
    hint = f"{start_label} → {labels[band.end]}: {band.people:,.0f}" if start_label else ""
    told = f"<title>{escape(hint)}</title>" if hint else ""
    return f'<path class="{kind}" d="{path}" stroke-width="{band.width:.1f}">{told}</path>'


def _way(shape: Shape, band: Band, x1: float, x2: float) -> str:
    """The way of a band: around the stages that stand between its ends."""
    y1, y2, point = band.start_at, band.end_at, shape.point
    if x2 <= x1 + 1:  # to a stage of the same column: out, around, and in again
        out = shape.along * 0.42
        return (
            f"M{point(x1, y1)} C{point(x1 + out, y1)} {point(x2 - out * 0.6, y2)} {point(x2, y2)}"
        )
    kind = _turning(band.start, band.end)
    first = x2 - shape.along + BAR if kind == LATE else x1
    last = x1 + shape.along - BAR if kind == EARLY else x2
    half = (last - first) * 0.56
    straight = "" if first - x1 < 1 else f" L{point(first, y1)}"
    curve = f"C{point(first + half, y1)} {point(last - half, y2)} {point(last, y2)}"
    on = "" if x2 - last < 1 else f" L{point(x2, y2)}"
    return f"M{point(x1, y1)}{straight} {curve}{on}"


def _turning(start: str, end: str) -> str:
    """Whether a band turns at once, at the end or all the way: where it meets fewest stages."""
    places = positions()
    (column1, row1), (column2, row2) = places[start], places[end]
    between = range(column1 + 1, column2)

    def met(kind: str) -> int:
        number = 0
        for column in between:
            part = (column - column1) / (column2 - column1)
            eased = {EARLY: 1.0, LATE: 0.0, ALL_THE_WAY: part * part * (3 - 2 * part)}[kind]
            height = row1 + (row2 - row1) * eased
            number += sum(at == column and abs(row - height) < 0.4 for at, row in places.values())
        return number

    return min((EARLY, ALL_THE_WAY, LATE), key=met)


def _bar(shape: Shape, stage: Stage, length: float) -> str:
    column, row = positions()[stage.name]
    middle, place = _middle(shape, row), _column(shape, column)
    size = max(length, 6.0)
    kind = "beside" if stage.name == "custody" else stage.name
    width, height = (size, BAR) if shape.upright else (BAR, size)
    x, y = (middle, place) if shape.upright else (place, middle)
    empty = "" if length or stage.name == "custody" else " empty"
    return (
        f'<rect class="bar {kind}{empty}" x="{x - width / 2:.1f}" y="{y - height / 2:.1f}" '
        f'width="{width:.1f}" height="{height:.1f}" rx="1.5"/>'
    )


def _label(shape: Shape, stage: Stage, length: float) -> str:
    column, row = positions()[stage.name]
    middle, place = _middle(shape, row), _column(shape, column)
    x = middle if shape.upright else place
    y = place + BAR / 2 + 15 if shape.upright else middle + max(length, 6.0) / 2 + 16
    if shape.upright:
        x = min(max(x, 44), shape.size[0] - 44)
    none = "" if stage.people else " none"
    spans = "".join(
        f'<tspan x="{x:.1f}" dy="14.5">{escape(text)}</tspan>'
        for text in wrap(stage.label, shape.letters)[:5]
    )
    return (
        f'<a href="{escape(stage.href, quote=True)}">'
        f'<text class="label{none}" x="{x:.1f}" y="{y:.1f}">'
        f'<tspan class="people" x="{x:.1f}">{escape(stage.said)}</tspan>{spans}</text></a>'
    )
