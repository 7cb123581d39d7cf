"""Small pieces of a printed page: numbers, tables, citations, figures. Everything is escaped."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from html import escape
from typing import Any

from asylumatlas.summary import source_ids

MONTHS = "January February March April May June July August September October November December"
MISSING = '<span class="missing">not found</span>'


@dataclass(frozen=True)
class Markup:
    """HTML made by this module, as opposed to text that still has to be escaped."""

    html: str


@dataclass(frozen=True)
class Group:
    """A row of a table that heads the rows below it."""

    title: str


Cell = str | float | None | Markup


def number(value: object) -> str:
    """Return a number as a newspaper prints it: three figures, thousands separated.

    Example:
        >>> number(1234.5), number(12.34), number(7.0), number(0.01234), number(-0.0)
        ('1,234', '12.3', '7', '0.0123', '0')
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    if value == int(value) or abs(value) >= 100:
        return f"{value + 0:,.0f}" if round(value) else "0"
    return f"{value:.1f}".removesuffix(".0") if abs(value) >= 10 else f"{value:.3g}"


COUNTED = {"people", "names", "cases", "hearings", "interviews", "applications", "days", "USD"}


def amount(value: object, unit: str | None) -> str:
    r"""Return a simulated or reported number in its unit: whole counts, shares as percentages.

    Args:
        value: the number; anything else is returned as text.
        unit: its unit; a share begins with that word. Rates and other units keep three figures.

    Example:
        >>> amount(4744.7, "days"), amount(27.4, "people"), amount(0.9016, "share")
        ('4,745', '27', '90.2\xa0%')
        >>> amount(8.5, "interviews an officer a week")
        '8.5'
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    unit = unit or ""
    if unit.split(" ")[0] == "share":
        return percent(value, 1)
    return f"{round(value):,}" if unit in COUNTED or unit == "people a day" else number(value)


def reported_amount(row: Mapping[str, Any]) -> str | None:
    """Return a published count with its qualifier, or None where none was found.

    Args:
        row: `reported`, `unit` and, where known, `qualifier` (stated, about, at_least, at_most,
            more_than, less_than).

    Example:
        >>> reported_amount({"reported": 158, "unit": "people", "qualifier": "at_least"})
        'at least 158'
    """
    if row["reported"] is None:
        return None
    said = amount(row["reported"], row["unit"])
    qualifier = row.get("qualifier") or "stated"
    return said if qualifier == "stated" else f"{qualifier.replace('_', ' ')} {said}"


def located(label: str, place: str | None) -> str:
    """Return a label with its place; nothing is added where the place is empty.

    Example:
        >>> located("Waiting", "Port"), located("Credible fear found", "")
        ('Waiting, Port', 'Credible fear found')
        >>> located("Reached Guadalajara", "Guadalajara")
        'Reached Guadalajara'
    """
    return label if not place or place in label else f"{label}, {place}"


def reach(row: Mapping[str, Any], unit: str | None, level: int = 95) -> str:
    """Return `low to high` of a row's interval in its unit.

    Example:
        >>> reach({"low95": 1200.4, "high95": 3000.0}, "people")
        '1,200 to 3,000'
    """
    return f"{amount(row[f'low{level}'], unit)} to {amount(row[f'high{level}'], unit)}"


def spread(row: Mapping[str, Any], unit: str | None = "people") -> str:
    """Return `median (low to high)`, the range being the 95 % interval.

    Example:
        >>> spread({"median": 4, "low95": 2, "high95": 7})
        '4 (2 to 7)'
    """
    return f"{amount(row['median'], unit)} ({reach(row, unit)})"


def percent(share: float, decimals: int = 0) -> str:
    """Return a share as a percentage that does not break over a line.

    Example:
        >>> percent(0.284).split(), percent(0.284, 1).split()
        (['28', '%'], ['28.4', '%'])
    """
    return f"{100 * share:.{decimals}f}\u00a0%"


def day(text: str) -> str:
    """Return an ISO date, whole or in part, in words.

    Example:
        >>> day("2018-05-04"), day("2018-05"), day("2018")
        ('4 May 2018', 'May 2018', '2018')
    """
    parts = text.split("-")
    if len(parts) == 1:
        return text
    month = MONTHS.split()[int(parts[1]) - 1]
    if len(parts) == 2:
        return f"{month} {parts[0]}"
    return f"{date.fromisoformat(text).day} {month} {parts[0]}"


def cell(value: Cell) -> str:
    """Return a table cell's content, escaped; a missing value says so."""
    if isinstance(value, Markup):
        return value.html
    if value is None or value == "":
        return MISSING
    return escape(value if isinstance(value, str) else number(value))


def table(
    caption: str,
    head: Sequence[str],
    rows: Iterable[Sequence[Cell] | Group],
    numeric: Sequence[int] = (),
    kind: str = "",
) -> str:
    """Return a table whose first column heads each row.

    Args:
        caption: what the table holds, with its unit.
        head: column names.
        rows: cells, or a `Group` that heads those below it; text is escaped, `Markup` is not.
        numeric: places of the columns set flush right.
        kind: CSS class; `cards` folds each row into a card on a phone.
    """
    name = escape(caption, quote=True)
    title = f"<caption>{escape(caption)}</caption>"
    classes = ["number" if place in numeric else "" for place in range(len(head))]
    top = "".join(
        f'<th scope="col"{_class(css)}>{escape(label)}</th>'
        for label, css in zip(head, classes, strict=True)
    )
    body = []
    for row in rows:
        if isinstance(row, Group):
            span = f'<th scope="colgroup" colspan="{len(head)}">{escape(row.title)}</th>'
            body.append(f'<tr class="group">{span}</tr>')
            continue
        cells = [f'<th scope="row"{_class(classes[0])}>{cell(row[0])}</th>']
        cells += [
            f'<td{_class(css)} data-label="{escape(label, quote=True)}">{cell(value)}</td>'
            for value, label, css in zip(row[1:], head[1:], classes[1:], strict=True)
        ]
        body.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{name}">'
        f"<table{_class(kind)}>{title}"
        f"<thead><tr>{top}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _class(names: str) -> str:
    return f' class="{names}"' if names else ""


def script_json(value: object) -> str:
    r"""Return JSON that cannot end, or open a comment in, the script element that holds it.

    Example:
        >>> script_json("</script>")
        '"\\u003c/script>"'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # U+2028 and U+2029 end a line of script in old readers; < opens tags and comments.
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def figure(chart: Mapping[str, Any], caption: str, data: str) -> str:
    """Return a figure: the chart's place, its specification, caption and data table.

    The page's heading names the chart, so the chart's own title is left out. Rows travel as
    columns and values, which takes a third of the space.
    """
    spec = {key: value for key, value in chart.items() if key != "title"}
    spec["datasets"] = {name: _packed(rows) for name, rows in chart["datasets"].items()}
    said = escape(chart["description"], quote=True)
    return (
        f'<figure data-chart><div class="chart" role="img" aria-label="{said}"></div>'
        f'<script type="application/json">{script_json(spec)}</script>'
        f"<figcaption>{caption}</figcaption>"
        f"<details><summary>The numbers of this chart</summary>{data}</details></figure>"
    )


def _packed(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    columns = list(rows[0]) if rows else []
    values = [[_short(row[name]) for name in columns] for row in rows]
    return {"columns": columns, "rows": values}


def _short(value: object) -> object:
    return float(f"{value:.6g}") if isinstance(value, float) else value


@dataclass
class Citations:
    """Numbers each source when it is first cited, and lists them all at the end."""

    sources: Mapping[str, Mapping[str, Any]]
    order: list[str] = field(default_factory=list)

    def cite(self, source: object, outlet: str | None = None) -> str:
        """Return the outlet's name (if given) with links to its numbered sources."""
        links = []
        for name in source_ids(source):
            if name not in self.order:
                self.order.append(name)
            place = self.order.index(name) + 1
            said = escape(str(self.sources[name].get("publisher") or name), quote=True)
            links.append(
                f'<a href="#source-{place}" aria-label="Source {place}: {said}">{place}</a>'
            )
        mark = f"<sup>[{', '.join(links)}]</sup>" if links else ""
        if outlet:
            return escape(outlet) + mark
        return mark or '<span class="missing">no source given</span>'

    def listing(self) -> str:
        """Return the numbered list: first those cited on the page, then the others."""
        others = [name for name in self.sources if name not in self.order]
        items = [
            f'<li id="source-{place}">{self._entry(name)}</li>'
            for place, name in enumerate([*self.order, *others], 1)
        ]
        return f'<ol class="sources">{"".join(items)}</ol>'

    def _entry(self, name: str) -> str:
        row = self.sources[name]
        publisher = escape(str(row.get("publisher") or "publisher not found"))
        title = escape(str(row.get("title") or "title not found"))
        parts = [f"{publisher}, <cite>{title}</cite>", escape(str(row.get("date") or "no date"))]
        if row.get("grade"):
            parts.append(f"grade {escape(str(row['grade']))}")
        return f"{', '.join(parts)}. {_link(row.get('address'))} <code>{escape(name)}</code>"


def _link(address: object) -> str:
    """Return a link for a web address; any other text stays text (`javascript:` too)."""
    text = escape(str(address or "no address"), quote=True)
    if str(address).startswith(("https://", "http://")):
        return f'<a href="{text}" rel="noopener noreferrer">{text}</a>'
    return text
