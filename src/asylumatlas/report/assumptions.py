"""What the run assumed, what of it moves an answer, and what is chance."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

from asylumatlas import charts
from asylumatlas.markup import Citations, Markup, amount, figure, number, percent, table

Row = Mapping[str, Any]
Rows = Sequence[Row]


def uncertainty(summary: Row) -> str:
    """Return how much of each measure's spread is chance and how much is parameters."""
    rows = [row for row in summary["uncertainty"] if row["total_sd"] > 0]
    if not rows:
        return ""
    fixed = [row["label"] for row in summary["uncertainty"] if row["total_sd"] == 0]
    intro = (
        "<p><em>Chance</em> is what differs between two runs with the same parameters: which "
        "person meets which decision, and when. <em>Parameter ranges</em> is what differs because "
        "the parameters are known only within a range.</p>"
    )
    head = ("Measure", "Standard deviation", "Chance", "Parameter ranges")
    cells = [
        (row["label"], row["total_sd"], percent(row["luck_share"]), percent(row["parameter_share"]))
        for row in rows
    ]
    data = table("Spread over runs and its shares of variance", head, cells, numeric=(1, 2, 3))
    caption = "Shares of the variance over runs, at the end of each measure's dates."
    if fixed:
        caption += f" The same in every run: {escape('; '.join(fixed))}."
    return intro + figure(charts.uncertainty(rows), caption, data)


def assumptions(summary: Row, citations: Citations) -> str:
    """Return the parameters: those assumed that move an answer first, the rest by group."""
    rows = summary["assumptions"]
    if not rows:
        return ""
    assumed = sum(row["assumed"] for row in rows)
    body = (
        f"<p>The run used {len(rows)} parameters. {assumed} are marked "
        '<span class="tag">assumed</span>: no source was found, and value and range are a '
        "choice.</p>"
    ) + _influences(rows)
    moving = [row for row in rows if row["assumed"] and row["influence"]]
    if moving:
        moving.sort(key=lambda row: -max(item["share"] for item in row["influence"]))
        body += _table("Assumed, and moving an answer", moving, citations)
    elif any(row["influence"] for row in rows):
        body += "<p>No assumed parameter was found to move a charted answer.</p>"
    else:
        body += "<p>What each parameter moves was not measured in this run.</p>"
    rest = [row for row in rows if row not in moving]
    return body + "<h3>All other parameters</h3>" + _groups(rest, citations)


def _influences(rows: Rows) -> str:
    chart = charts.influence(rows)
    if not chart["datasets"]["influence"]:
        return ""
    data = table(
        "Share of each measure's variance",
        ("Parameter", "Influence"),
        [(row["label"], _influence(row, most=99)) for row in rows if row["influence"]],
    )
    caption = "Bar: the largest share of the variance of any one measure; → names that measure."
    return "<h3>What moves the answers most</h3>" + figure(chart, caption, data)


def _groups(rows: Rows, citations: Citations) -> str:
    """Return one closed section per group of parameters; paper prints them all."""

    def group(row: Row) -> str:
        return str(row["parameter"]).split(".")[0]

    body = ""
    for name, members in groupby(sorted(rows, key=group), key=group):
        here = sorted(members, key=lambda row: not row["assumed"])
        title = name.replace("_", " ").capitalize()
        assumed = sum(row["assumed"] for row in here)
        said = f"{title}: {len(here)} parameter{'s' if len(here) > 1 else ''}, {assumed} assumed"
        listed = _table(title, here, citations)
        body += f'<details class="printed"><summary>{escape(said)}</summary>{listed}</details>'
    return body


def _table(title: str, rows: Rows, citations: Citations) -> str:
    return table(
        f"{title}: value, range, reason and source",
        ("Parameter", "Value", "Range", "Unit", "Basis", "Moves most"),
        [
            (
                Markup(f"{escape(row['label'])}<br><code>{_breakable(row['parameter'])}</code>"),
                _value(row["value"], row["unit"]),
                f"{_value(row['low'], row['unit'])} to {_value(row['high'], row['unit'])}"
                if row["low"] is not None
                else None,
                row["unit"] or "—",
                _basis(row, citations),
                _influence(row, most=1),
            )
            for row in rows
        ],
        numeric=(1, 2),
        kind="cards",
    )


def _value(value: object, unit: str | None) -> str:
    """A parameter keeps its decimals: only shares change their form."""
    return amount(value, unit) if (unit or "").startswith("share") else number(value)


def _breakable(name: str) -> str:
    """Escape a dotted name and let it break over lines after each dot and underscore."""
    return escape(name).replace(".", ".<wbr>").replace("_", "_<wbr>")


def _basis(row: Row, citations: Citations) -> Markup:
    tag = '<span class="tag">assumed</span> ' if row["assumed"] else ""
    why = escape(row["why"] or "")
    source = citations.cite(row["source"]) if row["source"] or not row["assumed"] else ""
    return Markup(" ".join(part for part in (tag + why, source) if part.strip()))


def _influence(row: Row, most: int) -> str:
    items = sorted(row["influence"], key=lambda item: -item["share"])[:most]
    said = [f"{item.get('label', item['measure'])} {percent(item['share'])}" for item in items]
    return "; ".join(said) or "nothing measurable"
