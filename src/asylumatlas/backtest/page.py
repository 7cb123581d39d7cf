"""A backtest as one page that opens offline: findings, tables, pictures, choices, caveats."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from asylumatlas.backtest.figures import figures
from asylumatlas.backtest.result import Backtest
from asylumatlas.backtest.telling import (
    NOTE,
    Cells,
    choices,
    cutoff_table,
    factor_table,
    findings,
    fit_table,
    loss_table,
    score_tables,
)
from asylumatlas.markup import Cell, Group, table
from asylumatlas.pictures import Chart
from asylumatlas.pictures.page import drawn
from asylumatlas.report.document import document

__all__ = ["page"]


def page(result: Backtest, command: str = "") -> str:
    """Return the whole page.

    Args:
        result: a finished backtest.
        command: what was typed, if it is to be told.
    """
    sections = [
        ("Findings", _list(findings(result), "ol")),
        ("Scores by years ahead", f"<p>{escape(NOTE)}</p>" + _scores(result)),
        ("Where the model loses", _losses(result)),
        ("Pictures", "".join(_figure(each) for each in figures(result).values())),
        ("What past misses say of the next forecast", _factors(result)),
        ("By last known year", _table("Scores by last known year", cutoff_table(result))),
        ("Fits", _fits(result)),
        ("What was settled before", _choices()),
        ("What this cannot say", _list(list(result.caveats), "ul")),
        ("How to get these numbers again", _settings(result, command)),
    ]
    body = "".join(f"<section><h2>{title}</h2>{text}</section>" for title, text in sections if text)
    title = f"Backtest: {result.settings.get('record', 'a ledger')}"
    asked = (
        "How well would the model have forecast pending cases and completions, beside what anybody "
        "could have guessed?"
    )
    return document(
        title,
        body,
        above="Asylum Atlas · forecasts scored on years no fit saw",
        below=f'<p class="standfirst">{asked}</p>',
    )


def _figure(chart: Chart) -> str:
    """The picture under its title, its numbers folded away beneath."""
    said = "<br>".join(escape(line) for line in chart.subtitle)
    return f'<h3>{escape(chart.title)}</h3><p class="quiet">{said}</p>{drawn(chart)}'


def _table(caption: str, cells: Cells) -> str:
    head, rows = cells
    return table(caption, head, rows, range(1, len(head)))


def _scores(result: Backtest) -> str:
    """One table, a heading for each target and variant."""
    rows: list[Sequence[Cell] | Group] = []
    head: tuple[str, ...] = ()
    for title, cells in score_tables(result):
        head = cells[0]
        rows += [Group(title), *cells[1]]
    return table("The model's scores, by years ahead", head, rows, range(1, len(head)))


def _fits(result: Backtest) -> str:
    cells = fit_table(result)
    return _table("One fit for each last known year", cells) if cells[1] else ""


def _factors(result: Backtest) -> str:
    cells = factor_table(result)
    if not cells[1]:
        return ""
    said = (
        "A forecast made at the end of the record takes the distance of each end of an interval "
        "from its median, on the log scale, times this factor."
    )
    return f"<p>{said}</p>" + _table("Factors, by years ahead", cells)


def _losses(result: Backtest) -> str:
    head, rows = loss_table(result)
    if not rows:
        return "<p>Nowhere: at each horizon the model's mean error and CRPS are the smaller.</p>"
    return table("Horizons at which a baseline is better", head, rows, (1, 3, 4, 5))


def _list(items: list[str], kind: str) -> str:
    inner = "".join(f"<li>{escape(each)}</li>" for each in items)
    return f'<{kind} class="findings">{inner}</{kind}>' if items else ""


def _choices() -> str:
    said = [f"{each['what']} Why: {each['why']}" for each in choices().get("choice", [])]
    changed = choices().get("changed", [])
    after = [
        f"{each['what']} Why: {each['why']} Before: {each['before']} After: {each['after']}"
        for each in changed
    ]
    told = "<h3>Changed after scores were looked at</h3>" + (
        _list(after, "ul") if after else "<p>Nothing.</p>"
    )
    return _list(said, "ul") + told


def _settings(result: Backtest, command: str) -> str:
    facts = "".join(
        f"<dt>{escape(str(name))}</dt><dd>{escape(_plain(value))}</dd>"
        for name, value in result.settings.items()
    )
    typed = f"<pre><code>{escape(command)}</code></pre>" if command else ""
    return f"{typed}<dl>{facts}</dl>"


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
