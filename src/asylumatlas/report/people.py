"""What became of the people, step by step, and the work and money it took."""

from collections.abc import Mapping
from html import escape
from itertools import groupby
from typing import Any

from asylumatlas import charts
from asylumatlas.markup import (
    Cell,
    Citations,
    Group,
    Markup,
    amount,
    day,
    figure,
    reach,
    spread,
    table,
)

Row = Mapping[str, Any]


def people(summary: Row) -> str:
    """Return the flow, the table of stages and the outcomes."""
    body = _flow(summary)
    if summary["stages"]:
        body += table(
            "Step by step: people, median (95 % interval)",
            ("Stage", "Entered", "Left", f"Still inside on {day(summary['to'])}"),
            [
                (row["label"], spread(row["entered"]), spread(row["left"]), spread(row["inside"]))
                for row in summary["stages"]
            ],
            numeric=(1, 2, 3),
            kind="cards",
        )
    return body + _outcomes(summary)


def _outcomes(summary: Row) -> str:
    rows = summary["outcomes"]
    if not rows:
        return ""
    levels = ("median", "low95", "high95")
    cells = [(row["label"], *(amount(row[level], "people") for level in levels)) for row in rows]
    head = ("Outcome", "Median", "95 % from", "95 % to")
    data = table("Outcomes, people", head, cells, numeric=(1, 2, 3))
    drawn = [row for row in rows if row["median"] > 0] or rows
    caption = "Dot: median; line: 95 % interval. A person can meet several of these in turn."
    if len(drawn) < len(rows):
        caption += f" Not drawn: {len(rows) - len(drawn)} outcomes whose median is 0."
    return "<h3>Outcomes</h3>" + figure(charts.outcomes(drawn), caption, data)


def _flow(summary: Row) -> str:
    flow = summary["flow"]
    if not flow:
        return ""
    picture = charts.flow_svg(flow, summary["stages"])
    back = [move for move in charts.returning(flow) if move["median"] > 0]
    note = "Widths are medians over runs, and medians need not add up; the table has intervals."
    if back:
        named = "; ".join(
            f"{move['from_label']} to {move['to_label']}, {amount(move['median'], 'people')}"
            for move in back
        )
        note += f" Not drawn, because they lead back to an earlier step: {named}."
    return (
        '<h3>The flow</h3><figure><div class="flow-frame scroll" role="region" tabindex="0" '
        f'aria-label="Flow diagram; the table below says the same">{picture}</div>'
        f"<figcaption>{escape(note)}</figcaption>"
        f"<details><summary>The numbers of this picture</summary>{_moves(flow)}</details></figure>"
    )


def _moves(flow: Any) -> str:
    """Moves as a table; the column of reasons only where there are any but the ends' names."""

    def reason(move: Row) -> str:
        plain = f"{move['from_label']} to {move['to_label']}"
        return "" if move["label"] in (plain, None) else str(move["label"])

    reasons = any(reason(move) for move in flow)
    head = ["From", "To", *(["By"] if reasons else []), "Median", "95 % interval"]
    rows = [
        (
            move["from_label"],
            move["to_label"],
            *((reason(move) or "—",) if reasons else ()),
            amount(move["median"], "people"),
            reach(move, "people"),
        )
        for move in flow
    ]
    last = len(head) - 1
    return table("The flow: people who moved", head, rows, numeric=(last - 1, last))


def meters(summary: Row, citations: Citations) -> str:
    """Return the work done and the money spent, place by place."""
    rows = summary["meters"]
    if not rows:
        return ""
    cited = any(row["source"] for row in rows)
    head = ["Meter", "Unit", "Median", "95 % interval", *(["Source of the rate"] if cited else [])]
    cells: list[tuple[Cell, ...] | Group] = []
    order = list(dict.fromkeys(row["place"] or "" for row in rows))
    ordered = sorted(rows, key=lambda row: order.index(row["place"] or ""))
    for place, here in groupby(ordered, key=lambda row: row["place"] or ""):
        cells.append(Group(place or "Everywhere"))
        for row in here:
            unit = row["unit"]
            source = (Markup(citations.cite(row["source"])),) if cited else ()
            shown = "per cent" if unit == "share" else unit
            figures = amount(row["median"], unit), reach(row, unit)
            cells.append((row["label"], shown, *figures, *source))
    caption = "Work done and money spent over the run, everyone served there included"
    return table(caption, head, cells, numeric=(2, 3), kind="cards")
