"""The stages of the process as a picture: a disc for the people in each, lines for who moved on.

Where a stage stands is written in ``stages.toml``; its words come from the process.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from textwrap import wrap

from asylumatlas import process

LARGEST = 36.0  # points, half the width of the largest disc
SMALLEST = 2.0
WIDEST, NARROWEST = 15.0, 0.7  # points, of a line
LANE = 26.0  # points that a line which passes other stages swings out


@dataclass(frozen=True)
class Shape:
    """How the picture is laid out.

    Attributes:
        name: class of the drawing.
        upright: whether people move downwards, for a narrow screen.
        column: points between columns.
        row: points between rows.
        letters: in a line of a label.
        margin: points left and right.
    """

    name: str
    upright: bool
    column: float
    row: float
    letters: int
    margin: float

    def at(self, stage: str) -> tuple[float, float]:
        """Return where a stage's disc has its centre."""
        column, row = positions()[stage]
        if self.upright:
            column, row = row, column
        return self.margin + (column + 0.5) * self.column, LANE + 40 + row * self.row

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in points."""
        columns = 1 + max(column for column, _ in positions().values())
        rows = 1 + max(row for _, row in positions().values())
        if self.upright:
            columns, rows = rows, columns
        return columns * self.column + 2 * self.margin, LANE + rows * self.row + 34


WIDE = Shape("wide-flow", False, 118, 132, 15, 0)
TALL = Shape("tall-flow", True, 116, 128, 15, 16)
SHAPES = (WIDE, TALL)


@cache
def positions() -> Mapping[str, tuple[int, int]]:
    """Return column and row of each stage.

    Raises:
        ValueError: a stage of the process has no place, or stands where another does.

    Example:
        >>> positions()["journey"]
        (0, 1)
    """
    text = (files("asylumatlas.web.drawings") / "stages.toml").read_text("utf-8")
    found = {name: (int(at[0]), int(at[1])) for name, at in tomllib.loads(text).items()}
    if set(found) != set(process.load().stages) or len(set(found.values())) != len(found):
        raise ValueError("stages.toml: each stage of the process needs one place of its own.")
    return found


def flow_svg(
    shape: Shape,
    labels: Mapping[str, str],
    people: Mapping[str, float],
    most: float,
    moves: Sequence[tuple[str, str, float]],
    most_moved: float,
    title: str,
) -> str:
    """Return the picture as one ``<svg>`` element; all text is escaped.

    Args:
        shape: how it is laid out.
        labels: what each stage is called.
        people: in each stage.
        most: people that the largest disc stands for.
        moves: stage, stage and people who moved so far; a script finds them by this order.
        most_moved: people that the widest line stands for.
        title: what the picture shows, in words.
    """
    width, height = shape.size
    parts = [
        f'<svg class="stages {shape.name}" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(title, quote=True)}" data-largest="{LARGEST:g}" '
        f'data-smallest="{SMALLEST:g}" data-widest="{WIDEST:g}" data-narrowest="{NARROWEST:g}">'
    ]
    for number, (start, end, moved) in enumerate(moves):
        if start in labels and end in labels:
            parts.append(_line(shape, number, start, end, moved, most_moved, labels))
    parts += [_disc(shape, name, labels[name], people.get(name, 0), most) for name in labels]
    return "\n".join([*parts, "</svg>"])


def thickness(moved: float, most: float) -> float:
    """Return the width of a line: it grows with the people.

    Example:
        >>> thickness(50, 100) == WIDEST / 2, thickness(0, 100)
        (True, 0.0)
    """
    if moved <= 0 or most <= 0:
        return 0.0
    return max(NARROWEST, WIDEST * min(1.0, moved / most))


def disc(people: float, most: float) -> float:
    """Return half the width of a disc: its area grows with the people.

    Example:
        >>> disc(25, 100) == LARGEST / 2
        True
    """
    if people <= 0 or most <= 0:
        return 0.0
    return max(SMALLEST, LARGEST * math.sqrt(min(1.0, people / most)))


def _line(
    shape: Shape,
    number: int,
    start: str,
    end: str,
    moved: float,
    most: float,
    labels: Mapping[str, str],
) -> str:
    order = process.load().stages
    back = order[end].order < order[start].order
    hint = f"{labels[start]} → {labels[end]}: {moved:,.0f}"
    return (
        f'<path class="move{" back" if back else ""}" data-move="{number}" '
        f'stroke-width="{thickness(moved, most):.2f}" d="{_curve(shape, start, end)}">'
        f"<title>{escape(hint)}</title></path>"
    )


def _curve(shape: Shape, start: str, end: str) -> str:
    """Return the way of a line: straight on to the next column, around what stands between."""
    (x1, y1), (x2, y2) = shape.at(start), shape.at(end)
    (column1, row1), (column2, row2) = positions()[start], positions()[end]
    along, across = column2 - column1, row2 - row1
    if shape.upright:
        # the same picture, turned: work on (y, x) and swap when writing
        (x1, y1), (x2, y2) = (y1, x1), (y2, x2)
    if along == 1 or (along == 0 and abs(across) == 1):
        reach = (x2 - x1) / 2
        bend = [(x1 + reach, y1), (x2 - reach, y2)]
    elif along == 0:
        out = (shape.row if shape.upright else shape.column) * 0.45
        bend = [(x1 + out, y1), (x2 + out, y2)]
    else:
        # a line ahead swings out on the far side of the rows, one back on the near side
        side = 1 if along > 0 else -1
        swing = side * min(LANE + 9 * abs(along), 72)
        edge = max(y1, y2) + swing if side > 0 else min(y1, y2) + swing
        third = (x2 - x1) * 0.28
        bend = [(x1 + third, edge), (x2 - third, edge)]
    points = [(x1, y1), *bend, (x2, y2)]
    if shape.upright:
        points = [(y, x) for x, y in points]
    told = [f"{x:.1f},{y:.1f}" for x, y in points]
    return f"M{told[0]} C{told[1]} {told[2]} {told[3]}"


def _disc(shape: Shape, name: str, label: str, people: float, most: float) -> str:
    x, y = shape.at(name)
    final = process.load().stages[name].kind == "final"
    kind = "custody" if name == "custody" else "final" if final else "open"
    lines = wrap(label, shape.letters)[:4]
    spans = "".join(
        f'<tspan x="{x:g}" dy="{14 if k else 0}">{escape(text)}</tspan>'
        for k, text in enumerate(lines)
    )
    return (
        f'<g class="stage {kind}" data-stage="{name}"><circle class="rim" cx="{x:g}" cy="{y:g}" '
        f'r="6"/><circle class="disc" cx="{x:g}" cy="{y:g}" r="{disc(people, most):.2f}"/>'
        f'<text class="people" x="{x:g}" y="{y + 4.5:g}">{people:,.0f}</text>'
        f'<text class="label" x="{x:g}" y="{y + LARGEST + 15:g}">{spans}</text></g>'
    )
