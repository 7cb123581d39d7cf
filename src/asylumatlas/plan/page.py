"""A plan as one page that opens offline: the answer, tables, pictures, what was assumed."""

from __future__ import annotations

from html import escape

from asylumatlas.markup import Cell, figure, number, percent, table
from asylumatlas.plan.answer import Plan, Row
from asylumatlas.plan.figures import figures
from asylumatlas.plan.findings import sentences, value_said
from asylumatlas.plan.ranking import RULE
from asylumatlas.report.document import document

__all__ = ["page"]

RANKED = {
    "plan": "plan", "cost": "cost, bn USD", "reached": "reached (median)",
    "fails_share": "fails in", "regret": "mean regret, bn USD", "regret_most": "most, bn USD",
}  # fmt: skip

# What the columns of a picture's numbers are called; a column without a name is for drawing only.
COLUMNS = {
    "date": "date", "judges": "judges", "median": "median of draws", "low80": "80 %: from",
    "high80": "to", "low95": "95 %: from", "high95": "to", "court": "court", "now": "judges now",
    "most": "judges at most", "plan": "plan", "fails": "fails in", "cost": "bn USD",
}  # fmt: skip
CAPTIONS = {
    "judges": "Judges on the bench at the start of each quarter",
    "bands": "Cases pending at the start of each month, over draws",
    "courts": "Judges now and at most, by court",
    "plans": "Share of draws in which each plan fails",
}


def page(plan: Plan, command: str = "") -> str:
    """Return the whole page.

    Args:
        plan: a finished plan.
        command: what was typed, if it is to be told.
    """
    told = plan.summary()
    findings = "".join(f"<li>{escape(each)}</li>" for each in sentences(plan))
    caveats = "".join(f"<li>{escape(each)}</li>" for each in told["caveats"])
    sections = [
        ("The answer", f'<ul class="findings">{findings}</ul>'),
        ("Year by year", _years(plan)),
        ("Pictures", _pictures(plan)),
        ("Plans compared", _ranking(told["ranking"])),
        ("Plans carried out by simulated people", _simulated(told["simulated"])),
        ("Court by court", _courts(plan)),
        ("What was assumed", _assumed(told["assumed"])),
        ("What this cannot say", f'<ul class="findings">{caveats}</ul>'),
        ("The command", f"<pre><code>{escape(command)}</code></pre>" if command else ""),
    ]
    body = "".join(f"<section><h2>{name}</h2>{text}</section>" for name, text in sections if text)
    asked = "The least-cost judges, attorneys and officers for a goal: "
    return document(
        "Staffing plan",
        body,
        above="Asylum Atlas · a plan from a model, not a forecast",
        below=f'<p class="standfirst">{asked}{escape(told["goal"])}.</p>',
    )


def _years(plan: Plan) -> str:
    head = ("year", "judges", "hires", "attorneys", "officers", "bn USD",
            "pending at end, median of draws", "80 % of draws", "at central values")  # fmt: skip
    rows: list[list[Cell]] = []
    for row in plan.years():
        span = f"{row['pending_end_low80']:,} to {row['pending_end_high80']:,}"
        pending = [f"{row['pending_end_median']:,}", span, f"{row['pending_end']:,}"]
        numbers = [f"{row[key]:,.0f}" for key in ("judges", "hires", "attorneys", "officers")]
        rows.append([row["year"], *numbers, f"{row['cost'] / 1e9:.2f}", *pending])
    caption = f'The country under "{plan.staffing.name}"; the pictures show the median too'
    return table(caption, head, rows, range(1, len(head)))


def _pictures(plan: Plan) -> str:
    found = []
    for chart in figures(plan).values():
        name, values = next(iter(chart["datasets"].items()))
        keys = [key for key in values[0] if key in COLUMNS]
        rows = [[_cell(key, row[key]) for key in keys] for row in values]
        head = [COLUMNS[key] for key in keys]
        twin = table(CAPTIONS[name], head, rows, range(1, len(head)))
        title, below = chart["title"]["text"], chart["title"]["subtitle"]
        found.append(f"<h3>{escape(title)}</h3>{figure(chart, escape(below), twin)}")
    return "".join(found)


def _cell(key: str, value: object) -> Cell:
    if isinstance(value, str):
        return value
    amount = float(str(value))
    if key == "fails":
        return percent(amount)
    return f"{amount / 1e9:.2f}" if key == "cost" else number(amount)


def _plain(value: float) -> str:
    """A parameter as it is written in its file: never in powers of ten.

    Example:
        >>> _plain(3597350.0), _plain(0.058), _plain(3.5e-05)
        ('3,597,350', '0.058', '0.000035')
    """
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    text = f"{value:.6g}"
    return f"{value:.8f}".rstrip("0") if "e" in text else text


def _ranking(rows: list[Row] | None) -> str:
    if not rows:
        return ""
    cells: list[list[Cell]] = []
    for row in rows:
        money = [None if row[key] is None else f"{row[key] / 1e9:.2f}"
                 for key in ("cost", "regret", "regret_most")]  # fmt: skip
        name = row["plan"] + (" (robust choice)" if row["robust"] else "")
        fails = f"{100 * row['fails_share']:.0f} %"
        known = [each or "-" for each in money[1:]]
        cells.append([name, money[0], value_said(row["reached"]), fails, *known])
    caption = (
        "Plans over the same parameter draws. Cost at central prices; regret at each draw's "
        f"prices, where a plan meets the goal. Robust choice: {RULE}."
    )
    return table(caption, list(RANKED.values()), cells, range(1, 6))


def _simulated(rows: list[Row] | None) -> str:
    """What simulated people reach; regret would need many replications."""
    if not rows:
        return ""
    cells: list[list[Cell]] = [
        [row["plan"], f"{row['cost'] / 1e9:.2f}", value_said(row["reached"]),
         percent(row["fails_share"])]
        for row in rows
    ]  # fmt: skip
    caption = "The same people under each plan; fails in is a share of the replications"
    return table(caption, list(RANKED.values())[:4], cells, range(1, 4))


def _courts(plan: Plan) -> str:
    years = [f"FY{plan.goal.start + 1 + year}" for year in range(plan.goal.years)]
    by_court: dict[str, list[Row]] = {}
    for row in plan.courts():
        by_court.setdefault(row["name"], []).append(row)
    rows: list[list[Cell]] = [
        [name, str(each[0]["judges_now"]), *(f"{row['judges']:.1f}" for row in each),
         f"{sum(row['hires'] for row in each):,.0f}", f"{sum(r['cost'] for r in each) / 1e6:,.0f}"]
        for name, each in by_court.items()
    ]  # fmt: skip
    head = ["court", "now", *years, "hires", "m USD"]
    return table("Judges on the bench, mean of the year", head, rows, range(1, len(head)))


def _assumed(rows: list[Row]) -> str:
    cells: list[list[Cell]] = [
        [row["name"], _plain(row["value"]), f"{_plain(row['low'])} to {_plain(row['high'])}",
         row["unit"], row["source"]]
        for row in rows
    ]  # fmt: skip
    head = ("parameter", "value", "range", "unit", "source")
    return table("Every number the plan rests on", head, cells, (1, 2))
