"""Draw people moving through the process as a static SVG picture.

The layout is small and deterministic: one row per step, widest flows widest, ribbons
that never need a script. Widths are medians over replications, and medians need not add
up exactly, so the numbers beside the picture are the ones to quote.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from textwrap import wrap
from typing import Any

from asylumatlas import process

WIDTH = 760.0
ROW_HEIGHT = 104.0
BAR_HEIGHT = 14.0
LABEL_WIDTH = 104.0
GAP = 10.0
NARROWEST = 1.2
SWEEPS = 12


@dataclass
class Node:
    """A box of the picture, or a bend (`label` is empty) where a long ribbon passes a row."""

    key: str
    label: str
    people: float = 0.0
    row: int = 0
    centre: float = 0.0
    bar: float = 0.0
    ending: bool = True
    into: list["Ribbon"] = field(default_factory=list)
    out: list["Ribbon"] = field(default_factory=list)


@dataclass
class Ribbon:
    """One drawn piece of a flow, from one row to the next."""

    start: Node
    end: Node
    people: float
    hint: str
    ending: bool
    width: float = 0.0
    start_x: float = 0.0
    end_x: float = 0.0


def flow_svg(flow: Sequence[Mapping[str, Any]], stages: Sequence[Mapping[str, Any]] = ()) -> str:
    """Return an SVG picture of how many people moved from where to where.

    Args:
        flow: moves, each with `from`, `from_label`, `to`, `to_label`, `label`, `median` (people).
        stages: optional; adds how many people are still inside a stage at the end.

    Returns:
        One `<svg>` element with a title and a description; all text is escaped. A move that
        leads back to an earlier step is not drawn; `returning` names those.

    Example:
        >>> move = {"from": "port", "from_label": "Port", "to": "court", "to_label": "Court",
        ...         "label": "notice to appear", "median": 12.0}
        >>> flow_svg([move]).count("<path")
        1
    """
    drawn = [move for move in flow if move["median"] > 0]
    back = returning(drawn)
    moves = [move for move in drawn if move not in back]
    if not moves:
        return ""
    inside = {stage["stage"]: float(stage["inside"]["median"]) for stage in stages}
    nodes = _nodes(moves, stages)
    rows = _rows(nodes, moves)
    ribbons = _ribbons(nodes, rows, moves)
    width = _place(rows, ribbons)
    return _draw(rows, ribbons, inside, width)


def returning(flow: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the moves that lead back to an earlier step (a remand, a hearing put off).

    Stages of the process have an order; among other steps, the move that closes a loop leads back.

    Example:
        >>> returning([{"from": "a", "to": "b"}, {"from": "b", "to": "a"}])
        [{'from': 'b', 'to': 'a'}]
    """
    known = process.load().stages

    def leads_back(move: Mapping[str, Any]) -> bool:
        ends = [known.get(move[end]) for end in ("from", "to")]
        return ends[0] is not None and ends[1] is not None and ends[1].order <= ends[0].order

    back = [move for move in flow if leads_back(move)]
    ahead = [move for move in flow if not leads_back(move)]
    return [*back, *_closing(ahead)]


def _closing(flow: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Moves that close a loop, found by walking on from the entrances."""
    out: dict[str, list[Mapping[str, Any]]] = {}
    for move in flow:
        out.setdefault(move["from"], []).append(move)
    targets = {move["to"] for move in flow}
    back: list[Mapping[str, Any]] = []
    open_steps: list[str] = []
    finished: set[str] = set()

    def visit(step: str) -> None:
        open_steps.append(step)
        for move in out.get(step, []):
            if move["to"] in open_steps:
                back.append(move)
            elif move["to"] not in finished:
                visit(move["to"])
        open_steps.pop()
        finished.add(step)

    # Entrances first: a loop is then cut where it closes, not where the list begins.
    for step in sorted(out, key=lambda key: key in targets):
        if step not in finished:
            visit(step)
    return back


def _nodes(
    moves: Sequence[Mapping[str, Any]], stages: Sequence[Mapping[str, Any]]
) -> dict[str, Node]:
    """One node per step; its people are the larger of what enters and what leaves."""
    nodes: dict[str, Node] = {}
    entered: dict[str, float] = {}
    left: dict[str, float] = {}
    for move in moves:
        for end in ("from", "to"):
            nodes.setdefault(move[end], Node(move[end], move[f"{end}_label"] or move[end]))
        left[move["from"]] = left.get(move["from"], 0.0) + move["median"]
        entered[move["to"]] = entered.get(move["to"], 0.0) + move["median"]
        nodes[move["from"]].ending = False
    known = {stage["stage"]: float(stage["entered"]["median"]) for stage in stages}
    for key, node in nodes.items():
        node.people = max(entered.get(key, 0.0), left.get(key, 0.0), known.get(key, 0.0))
        node.ending = node.ending and key not in known
    return nodes


def _rows(nodes: dict[str, Node], moves: Sequence[Mapping[str, Any]]) -> list[list[Node]]:
    """Give each node the row after the deepest step that leads to it."""
    for _ in nodes:
        for move in moves:
            nodes[move["to"]].row = max(nodes[move["to"]].row, nodes[move["from"]].row + 1)
    # A later entrance (people arriving by another road) starts just above where it joins.
    targets = {move["to"] for move in moves}
    for key, node in nodes.items():
        if key not in targets:
            node.row = min(nodes[move["to"]].row for move in moves if move["from"] == key) - 1
    rows: list[list[Node]] = [[] for _ in range(max(node.row for node in nodes.values()) + 1)]
    for node in nodes.values():
        rows[node.row].append(node)
    return rows


def _ribbons(
    nodes: dict[str, Node], rows: list[list[Node]], moves: Sequence[Mapping[str, Any]]
) -> list[Ribbon]:
    """Cut each move into pieces of one row, with a bend in every row it passes."""
    ribbons: list[Ribbon] = []
    for number, move in enumerate(moves):
        start, goal = nodes[move["from"]], nodes[move["to"]]
        hint = f"{start.label} → {goal.label}"
        hint += f" ({move['label']})" if move.get("label") else ""
        hint += f": {move['median']:,.0f}"
        for row in range(start.row + 1, goal.row + 1):
            end = goal
            if row < goal.row:
                end = Node(f"bend {number} {row}", "", move["median"], row, ending=False)
                rows[row].append(end)
            ribbon = Ribbon(start, end, move["median"], hint, goal.ending)
            start.out.append(ribbon)
            end.into.append(ribbon)
            ribbons.append(ribbon)
            start = end
    return ribbons


def _place(rows: list[list[Node]], ribbons: list[Ribbon]) -> float:
    """Set every x position; return the width of the picture."""
    # Labels need room whatever the counts; a crowded row widens the picture.
    crowded = max(sum(_slot(node, 0.0) for node in row) for row in rows)
    width = max(WIDTH, (crowded + 120) / 0.9)
    scale = _scale(rows, width)
    for row in rows:
        for node in row:
            node.bar = max(NARROWEST, node.people * scale)
    for ribbon in ribbons:
        ribbon.width = max(NARROWEST, ribbon.people * scale)
    for row in rows:
        _spread(row, width)
    for sweep in range(SWEEPS):
        downward = sweep % 2 == 0
        for row in rows if downward else reversed(rows):
            for node in row:
                node.centre = _pull(node, downward)
            row.sort(key=lambda node: node.centre)
            _separate(row, width)
    for row in rows:
        for node in row:
            _attach(node)
    return width


def _slot(node: Node, scale: float) -> float:
    """Room a node needs across: its bar or its label, whichever is wider."""
    return max(node.people * scale, LABEL_WIDTH if node.label else 2.0) + GAP


def _scale(rows: list[list[Node]], width: float) -> float:
    """Largest number of points per person at which every row fits (by bisection)."""
    low = 0.0
    high: float = width / max(node.people for row in rows for node in row)
    for _ in range(40):
        middle = (low + high) / 2
        fits = all(sum(_slot(node, middle) for node in row) <= width * 0.9 for row in rows)
        low, high = (middle, high) if fits else (low, middle)
    return low


def _spread(row: list[Node], width: float) -> None:
    """First guess: side by side in the order given, centred."""
    slots = [max(node.bar, LABEL_WIDTH if node.label else 2.0) + GAP for node in row]
    edge = (width - sum(slots)) / 2
    for node, slot in zip(row, slots, strict=True):
        node.centre = edge + slot / 2
        edge += slot


def _pull(node: Node, downward: bool) -> float:
    """Where the neighbours above (or below) would like this node, weighted by people."""
    near = [
        (r.start if downward else r.end, r.people) for r in (node.into if downward else node.out)
    ]
    weight = sum(people for _, people in near)
    if not weight:
        return node.centre
    return sum(other.centre * people for other, people in near) / weight


def _separate(row: list[Node], width: float) -> None:
    """Push overlapping nodes apart, keeping their order and the picture's edges."""
    half = [(max(node.bar, LABEL_WIDTH if node.label else 2.0) + GAP) / 2 for node in row]
    wanted = [node.centre for node in row]
    right = list(wanted)
    edge = 0.0
    for place, reach in enumerate(half):
        right[place] = max(right[place], edge + reach)
        edge = right[place] + reach
    left = list(wanted)
    edge = width
    for place in range(len(row) - 1, -1, -1):
        left[place] = min(left[place], edge - half[place])
        edge = left[place] - half[place]
    # The mean of "pushed right" and "pushed left" keeps every gap of the two.
    centre = [(a + b) / 2 for a, b in zip(left, right, strict=True)]
    lowest = min(c - reach for c, reach in zip(centre, half, strict=True))
    highest = max(c + reach for c, reach in zip(centre, half, strict=True))
    shift = max(0.0, -lowest) - max(0.0, highest - width)
    for node, middle in zip(row, centre, strict=True):
        node.centre = middle + shift


def _attach(node: Node) -> None:
    """Give each ribbon its place on the node's bar, ordered so that few cross."""
    edge = node.centre - sum(ribbon.width for ribbon in node.into) / 2
    for ribbon in sorted(node.into, key=lambda ribbon: ribbon.start.centre):
        ribbon.end_x = edge + ribbon.width / 2
        edge += ribbon.width
    edge = node.centre - sum(ribbon.width for ribbon in node.out) / 2
    for ribbon in sorted(node.out, key=lambda ribbon: ribbon.end.centre):
        ribbon.start_x = edge + ribbon.width / 2
        edge += ribbon.width


def _top(row: int) -> float:
    return 12 + row * ROW_HEIGHT


def _draw(
    rows: list[list[Node]], ribbons: list[Ribbon], inside: Mapping[str, float], width: float
) -> str:
    height = _top(len(rows) - 1) + BAR_HEIGHT + 90
    boxes = [node for row in rows for node in row if node.label]
    parts = [
        f'<svg class="flow" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} '
        f'{height:.0f}" role="img" aria-labelledby="flow-title flow-description" '
        'font-family="system-ui, sans-serif" font-size="12.5">',
        '<title id="flow-title">How people moved from step to step</title>',
        f'<desc id="flow-description">{escape(_description(boxes))}</desc>',
    ]
    parts += [_ribbon_path(ribbon) for ribbon in sorted(ribbons, key=lambda r: -r.width)]
    parts += [_bar(node) for node in boxes]
    parts += [_label(node, inside.get(node.key, 0.0)) for node in boxes]
    return "\n".join([*parts, "</svg>"])


def _description(boxes: Sequence[Node]) -> str:
    return "; ".join(f"{node.label}: {node.people:,.0f} people" for node in boxes) + "."


def _ribbon_path(ribbon: Ribbon) -> str:
    # Through a bend the ribbon runs straight down beside the bars of that row.
    start_y = _top(ribbon.start.row) + BAR_HEIGHT
    end_y = _top(ribbon.end.row) + (0 if ribbon.end.label else BAR_HEIGHT)
    half = ribbon.width / 2
    left, right = ribbon.start_x - half, ribbon.start_x + half
    end_left, end_right = ribbon.end_x - half, ribbon.end_x + half
    turn = start_y + (end_y - start_y) * 0.62
    back = start_y + (end_y - start_y) * 0.38
    path = (
        f"M{left:.1f},{start_y:.1f} C{left:.1f},{turn:.1f} {end_left:.1f},{back:.1f} "
        f"{end_left:.1f},{end_y:.1f} L{end_right:.1f},{end_y:.1f} "
        f"C{end_right:.1f},{back:.1f} {right:.1f},{turn:.1f} {right:.1f},{start_y:.1f} Z"
    )
    kind = "ribbon ending" if ribbon.ending else "ribbon"
    colour = "#777777" if ribbon.ending else "#0072B2"
    return (
        f'<path class="{kind}" d="{path}" fill="{colour}" fill-opacity="0.3">'
        f"<title>{escape(ribbon.hint)}</title></path>"
    )


def _bar(node: Node) -> str:
    kind, colour = ("bar ending", "#777777") if node.ending else ("bar", "#0072B2")
    return (
        f'<rect class="{kind}" x="{node.centre - node.bar / 2:.1f}" y="{_top(node.row):.1f}" '
        f'width="{max(node.bar, 2):.1f}" height="{BAR_HEIGHT:.0f}" rx="2" fill="{colour}"/>'
    )


def _label(node: Node, still: float) -> str:
    room = max(LABEL_WIDTH, node.bar)
    lines = [(line, "") for line in wrap(node.label, max(12, int(room / 6.6)))[:3]]
    lines.append((f"{node.people:,.0f}", ' font-weight="700"'))
    if round(still) > 0:
        lines.append((f"{still:,.0f} still there", ""))
    y = _top(node.row) + BAR_HEIGHT + 14
    spans = "".join(
        f'<tspan x="{node.centre:.1f}" y="{y + 14.5 * number:.1f}"{weight}>{escape(text)}</tspan>'
        for number, (text, weight) in enumerate(lines)
    )
    return (
        '<text class="node-label" text-anchor="middle" fill="#1a1a1a" stroke="#ffffff" '
        f'stroke-width="3" stroke-linejoin="round" paint-order="stroke">{spans}</text>'
    )
