"""A table of statistics on the screen: numbers people read, and what they must know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asylumatlas.cli import screen
from asylumatlas.cli.columns import columns
from asylumatlas.stats.table import Table

Row = Mapping[str, Any]

_HEADS = {
    "value": "value",
    "numerator": "counted",
    "denominator": "of",
    "ended_otherwise": "otherwise",
    "within_365": "in 1 year",
    "within_1095": "in 3 years",
    "after_days": "after days",
    "published_source": "source",
    "trac_judges": "TRAC judges",
    "reported_by_trac": "TRAC shows",
    "fitted_p05": "5 %",
    "fitted_p95": "95 %",
}
_LEFT_OUT = {
    *("low95", "high95", "low80", "high80", "worlds", "p25", "p75", "within_90", "within_180"),
    *("within_730", "difference_low95", "difference_high95", "shrunken_low95"),
    *("shrunken_high95", "trac_p25", "trac_p75", "parameter_share"),
}
_KINDS_OF_VALUE = {
    "share": "share",
    "flow": "share",
    "variation": "share",
    "duration": "days",
}


def print_table(table: Table) -> None:
    """Print a table: what it is, its rows, what is not in it, and where it is from."""
    screen.heading(table.label)
    screen.paragraph(f"{table.question}")
    what = f"{table.unit} (definition {table.definition}: {table.definition_label})"
    screen.paragraph(what[:1].upper() + what[1:])
    print()
    if table.rows:
        _print_rows(table)
    if table.reason:
        screen.paragraph(table.reason)
    print()
    screen.paragraph(f"Not counted: {table.exclusions.rstrip('.')}.", indent="  ", first="")
    for caveat in table.caveats:
        screen.paragraph(caveat, indent="  ", first="- ")
    for source in table.sources:
        screen.paragraph(
            f"Source: {source.log}, as of {source.as_of}, fingerprint {source.fingerprint[:16]}",
            indent="  ",
            first="",
        )
    screen.paragraph(
        f"Method: docs/method/statistics/{table.statistic}.md. To cite: --cite. The query: "
        "--sql duckdb. All columns: --format csv.",
        indent="  ",
        first="",
    )


def _print_rows(table: Table) -> None:
    names = [c.name for c in table.columns if c.name not in _LEFT_OUT and _used(table, c.name)]
    if not any(row["flag"] for row in table.rows):
        names = [name for name in names if name != "flag"]
    spread = _used(table, "low95") or _used(table, "high95")
    head: list[str] = []
    cells: list[list[str]] = [[] for _ in table.rows]
    numeric = []
    for name in names:
        column = next(c for c in table.columns if c.name == name)
        if column.type in ("integer", "number"):
            numeric.append(len(head))
        head.append(_head(table, name))
        for row, line in zip(table.rows, cells, strict=True):
            line.append(_cell(table, row, name))
        if name == "value" and spread:
            numeric.append(len(head))
            head.append("95 % of worlds" if "worlds" in _names(table) else "95 % interval")
            for row, line in zip(table.rows, cells, strict=True):
                line.append(_span(table, row, "low95", "high95"))
        if name == "difference":
            numeric.append(len(head))
            head.append("95 %")
            for row, line in zip(table.rows, cells, strict=True):
                line.append(_span(table, row, "difference_low95", "difference_high95"))
    columns(head, cells, numeric)


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _used(table: Table, name: str) -> bool:
    """Whether a column exists and says anything; keys are always shown."""
    if name not in _names(table):
        return False
    always = name in table.by or name == "value"
    return always or any(row[name] is not None for row in table.rows)


def _head(table: Table, name: str) -> str:
    if name == "value":
        return {"share": "share", "duration": "median days"}.get(table.kind, "value")
    return _HEADS.get(name, name.replace("_", " "))


def _cell(table: Table, row: Row, name: str) -> str:
    value = row[name]
    if value is None:
        if name in table.by or name == "stage":
            return "not known"
        return "not reached" if name == "value" and table.kind == "duration" else "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number(value, _unit(table, row, name))
    return str(value)


def _unit(table: Table, row: Row, name: str) -> str:
    if name in ("value", "published", "difference") or name.startswith(("low", "high", "diff")):
        return _KINDS_OF_VALUE.get(table.kind, "")
    column = next(c for c in table.columns if c.name == name)
    return "share" if column.unit == "share" else "days" if column.unit == "days" else ""


def _number(value: float, unit: str) -> str:
    if unit == "share":
        return f"{100 * value:.1f} %"
    if isinstance(value, int) or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3g}"


def _span(table: Table, row: Row, low: str, high: str) -> str:
    ends = [row[low], row[high]]
    if ends == [None, None]:
        return "-"
    unit = _unit(table, row, low)
    words = ["?" if end is None else _number(end, unit).removesuffix(" %") for end in ends]
    return " to ".join(words) + (" %" if unit == "share" else "")
