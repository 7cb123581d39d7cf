"""The cells of a statistic's table on the screen: what a reader needs first, in words and units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from asylumatlas.cli import screen
from asylumatlas.stats.periods import UNITS
from asylumatlas.stats.table import Column, Table

Row = Mapping[str, Any]

KEYS = ("definition", "log", "after_days", "stage", "meter", "unit", "date")
"""Columns that say which row it is, before its numbers; the groups come with them."""

RANGE = "90 % of judges"
"""Head of the column that puts both ends of the fitted distribution together."""

_HEADS = {
    "numerator": "counted",
    "denominator": "of",
    "ended_otherwise": "otherwise",
    "p90": "p90 days",
    "within_365": "in 1 year",
    "within_1095": "in 3 years",
    "published_source": "its source",
    "pooled": "all judges",
    "shrunken": "shrunken",
    "trac_judges": "TRAC judges",
    "trac_low": "TRAC lowest",
    "trac_high": "TRAC highest",
    "reported_by_trac": "TRAC shows",
    "fitted_p05": RANGE,
}
_LEFT_OUT = {
    *("low95", "high95", "low80", "high80", "worlds", "p25", "p75", "within_90", "within_180"),
    *("within_730", "difference_low95", "difference_high95", "shrunken_low95", "paired"),
    *("shrunken_high95", "trac_p25", "trac_p75", "parameter_share", "fitted_p95"),
}
_GIVEN_UP = (
    *("published_source", "within_1095", "within_365", "p90", "trac_low", "trac_high"),
    *("fitted_p05", "p_value", "ended_otherwise", "reported_by_trac", "trac_judges"),
    *("judges", "pooled", "cases", "started", "numerator", "denominator", "ended", "open"),
    *("after_0", "after_180", "after_730", "after_90", "after_1095"),
)
"""Columns that go where there is no room, the first first."""

_SHARES = ("share", "flow")
_LONGEST_HEAD = 16
LEAST = 0.0005  # p values below are said to be below


@dataclass(frozen=True)
class Shown:
    """A column on the screen.

    Attributes:
        name: of the column of the table.
        head: what stands over it.
        cells: one text a row.
        plain: the same in codes alone, for want of room.
        right: whether it is flush right.
    """

    name: str
    head: str
    cells: tuple[str, ...]
    plain: tuple[str, ...]
    right: bool


def shown(table: Table) -> list[Shown]:
    """Return the columns to show, the figure asked for right after the words of its row."""
    known = {column.name: column for column in table.columns}
    names = [name for name in known if name not in _LEFT_OUT and _used(table, name)]
    if _in_some_worlds(table):
        names.append("worlds")
    keys = [name for name in names if name in (*table.by, *KEYS)]
    first = [name for name in ("value", "published", "difference") if name in names]
    rest = [name for name in names if name not in (*keys, *first, "flag")]
    flag = ["flag"] if any(row["flag"] for row in table.rows) else []
    found = []
    for name in [*keys, *first, *rest, *flag]:
        found += list(_column(table, known[name]))
    return found


def _in_some_worlds(table: Table) -> bool:
    """Whether a value does not exist in every world, such as a share of nobody."""
    most = max((source.replications for source in table.sources), default=1)
    return any((row.get("worlds") or most) < most for row in table.rows)


def fitted(columns: Sequence[Shown]) -> tuple[list[Shown], list[str]]:
    """Return the columns for which there is room, and the heads of those that had to go.

    Labels give way to codes first, and then whole columns, the least important first.
    """
    kept = list(columns)
    for label in ("", *sorted({column.name for column in kept})):
        if _fits(kept):
            return kept, []
        if label not in ("nationality", ""):
            kept = [_plain(column) if column.name == label else column for column in kept]
    kept = [_plain(column) for column in kept]
    gone: list[str] = []
    dated = any(column.name in UNITS for column in kept)
    for name in ("date", *_GIVEN_UP) if dated else _GIVEN_UP:
        if _fits(kept):
            break
        gone += [column.head for column in kept if column.name == name]
        kept = [column for column in kept if column.name != name]
    return kept, gone


def _plain(column: Shown) -> Shown:
    return Shown(column.name, column.head, column.plain, column.plain, column.right)


def _fits(columns: Sequence[Shown]) -> bool:
    widths = (max(map(len, (column.head, *column.cells))) for column in columns)
    return sum(widths) + len(columns) - 1 <= screen.width()


def _used(table: Table, name: str) -> bool:
    """Whether a column says anything; keys are always shown."""
    always = name in table.by or name == "value"
    return always or any(row[name] is not None for row in table.rows)


def _column(table: Table, column: Column) -> Iterator[Shown]:
    """Yield a column, and the interval of a figure after it."""
    name = column.name
    if name == "fitted_p05":
        both = tuple(_fitted_range(table, row) for row in table.rows)
        yield Shown(name, _head(table, name), both, both, True)
        return
    plain = tuple(_cell(table, row, column) for row in table.rows)
    words = table.labels.get(name, {})
    cells = tuple(
        _labelled(name, cell, words[row[name]]) if row[name] in words else cell
        for cell, row in zip(plain, table.rows, strict=True)
    )
    yield Shown(name, _head(table, name), cells, plain, column.type in ("integer", "number"))
    ends = {"value": ("low95", "high95"), "difference": ("difference_low95", "difference_high95")}
    if name in ends and any(row.get(end) is not None for row in table.rows for end in ends[name]):
        spans = tuple(_span(table, row, name, *ends[name]) for row in table.rows)
        yield Shown(name, _span_head(table, name), spans, spans, True)


def _fitted_range(table: Table, row: Row) -> str:
    """Where 90 % of the judges are; nothing where they do not differ beyond chance."""
    return "-" if row["value"] == 0 else _span(table, row, "fitted_p05", "fitted_p05", "fitted_p95")


def _labelled(name: str, code: str, label: str) -> str:
    """A code with what it is called; the words alone where they are the same."""
    if name == "meter" or label.casefold() == code.replace("_", " ").casefold():
        return label
    return f"{code} {label}" if name == "nationality" else f"{code}: {label}"


def _head(table: Table, name: str) -> str:
    if name == "value":
        unit = table.unit if len(table.unit) <= _LONGEST_HEAD and "share" not in table.unit else ""
        heads = {"duration": "median days", "variation": "spread, points", "total": "amount"}
        if table.kind == "variation" and "judge" in table.by:
            return "share"
        return "share" if table.kind in _SHARES else heads.get(table.kind, unit or "number")
    if name == "difference":
        return "difference, points" if _points(table) else "difference"
    return _HEADS.get(name, name.replace("_", " "))


def _span_head(table: Table, name: str) -> str:
    if name == "difference":
        return "95 % of it"
    worlds = [row.get("worlds") for row in table.rows]
    if None not in worlds:
        return "95 % of worlds"
    return "95 % interval" if not any(worlds) else "95 % range"


def _points(table: Table) -> bool:
    return table.kind in (*_SHARES, "variation")


def _spread(table: Table) -> bool:
    """Whether the figure is the spread over judges, not the share of one of them."""
    return table.kind == "variation" and "judge" not in table.by


def _cell(table: Table, row: Row, column: Column) -> str:
    value, name = row[column.name], column.name
    if value is None:
        return _missing(table, row, name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "value" and value == 0 and _spread(table):
        return "none found"
    if isinstance(value, int | float):
        return number(value, _unit(table, row, column))
    return _one_line(value)


def _one_line(value: object) -> str:
    """A word of a log without line breaks, which would break the row."""
    return " ".join(str(value).split())


def _missing(table: Table, row: Row, name: str) -> str:
    if name in table.by or name == "stage":
        return "not known"
    if row["flag"] == "suppressed":
        return "withheld" if name == "value" else "-"
    return "not reached" if name == "value" and table.kind == "duration" else "-"


def _unit(table: Table, row: Row, column: Column) -> str:
    """How a number is written: share, points, change (with its sign), p, days or plain."""
    if column.name == "difference":
        return "points" if _points(table) else "change"
    if column.name in ("value", "published"):
        if _spread(table):
            return "spread"
        share = table.kind in (*_SHARES, "variation") or row.get("unit") == "share"
        return "share" if share else ""
    return {"share": "share", "p_value": "p"}.get(column.unit or column.name, "")


def number(value: float, unit: str = "") -> str:
    """Return a number as people read it.

    Args:
        value: the number.
        unit: share (of one, as per cent), points or change (with a sign), spread (points without
            one), p (of a test) or anything else.

    Example:
        >>> number(0.5704, "share"), number(-0.021, "points"), number(28120178.13), number(0.00001)
        ('57.0 %', '-2.1', '28,120,178', '1e-05')
    """
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "points":
        return f"{100 * value:+.1f}"
    if unit == "spread":
        return f"{100 * value:.1f}"
    if unit == "p":
        return "<0.001" if value < LEAST else f"{value:.3f}"
    sign = "+" if unit == "change" else ""
    if isinstance(value, int) or float(value).is_integer() or abs(value) >= 100:
        return f"{value:{sign},.0f}"
    return f"{value:{sign},.1f}" if abs(value) >= 10 else f"{value:{sign}.3g}"


def _span(table: Table, row: Row, name: str, low: str, high: str) -> str:
    ends = [row.get(low), row.get(high)]
    if ends == [None, None]:
        return "-"
    column = next(c for c in table.columns if c.name == name)
    unit = _unit(table, row, column)
    never = "never" if table.kind == "duration" else "?"
    words = [never if end is None else number(end, unit).removesuffix(" %") for end in ends]
    return " to ".join(words) + (" %" if unit == "share" else "")


def pivoted(table: Table) -> list[Shown] | None:
    """Return a flow with its days side by side, or None where it does not lend itself to that.

    Where one log under one definition is asked, a reader wants to see each stage fill and empty.
    """
    if table.kind != "flow" or not table.rows or "log" in (c.name for c in table.columns):
        return None
    heads = [name for name in ("definition", *table.by, "stage") if name in table.rows[0]]
    lines: dict[tuple[Any, ...], dict[int, str]] = {}
    for row in table.rows:
        cell = "withheld" if row["flag"] == "suppressed" else "-"
        cell = cell if row["value"] is None else number(row["value"], "share").removesuffix(" %")
        lines.setdefault(tuple(row[name] for name in heads), {})[row["after_days"]] = cell
    days = sorted({row["after_days"] for row in table.rows})
    found = [_key(table, name, [line[k] for line in lines]) for k, name in enumerate(heads)]
    for day in days:
        cells = tuple(line.get(day, "-") for line in lines.values())
        found.append(Shown(f"after_{day}", f"{day:,} d", cells, cells, True))
    return found


def _key(table: Table, name: str, values: Iterable[Any]) -> Shown:
    words = table.labels.get(name, {})
    plain = tuple("not known" if value is None else _one_line(value) for value in values)
    cells = tuple(_labelled(name, one, words[one]) if one in words else one for one in plain)
    return Shown(name, _head(table, name), cells, plain, False)
