"""A plan as one page that opens offline: the answer, tables, pictures, what was assumed."""

from __future__ import annotations

from html import escape

from asylumatlas.markup import Cell, figure, table
from asylumatlas.plan.answer import Plan, Row
from asylumatlas.plan.figures import figures
from asylumatlas.report.page import notice, policy, static

__all__ = ["page", "sentences"]

# Pictures keep their paper in dark mode: their colours are chosen against white.
STYLE = """
figure[data-chart] { margin: 1rem 0; }
.chart { --page: #ffffff; --text: #1a1a1a; --quiet: #555555; --rule: #d4d4d4;
  --simulated: #0072b2; --reported: #d55e00;
  background: #ffffff; color: #1a1a1a; padding: 0.8rem; overflow-x: auto; }
body { overflow-wrap: anywhere; }
"""
RANKED = {
    "plan": "plan", "cost": "cost, bn USD", "reached": "reached (median)",
    "fails_share": "fails in", "regret": "mean regret, bn USD", "regret_most": "most, bn USD",
}  # fmt: skip


def sentences(plan: Plan) -> list[str]:
    """Return the findings of a plan in sentences."""
    told = plan.summary()
    found = [
        f"Goal: {told['goal']}.",
        f"{told['judges_now']:,} judges now, at most {told['judges_most']:,.0f}; "
        f"{told['hires']:,.0f} hires, at most {told['hires_most_in_a_quarter']:,.0f} in a quarter, "
        f"the first on the bench in {told['first_hire_sits']}.",
        f"Cost {told['cost'] / 1e9:,.2f} bn USD over {plan.goal.years} years, "
        f"{told['cost_beyond_today'] / 1e9:,.2f} bn beyond today's staff; plan: {told['plan']}.",
        f"At central values it reaches {value_said(told['reached'])}"
        + (
            f"; over {told['draws']} draws {value_said(told['reached_by_draws']['low80'])} to "
            f"{value_said(told['reached_by_draws']['high80'])} (80 %)."
            if told["reached_by_draws"]
            else "."
        ),
    ]
    least = f"The least-cost plan costs {told['least_cost'] / 1e9:,.2f} bn USD, at most "
    found.append(least + f"{100 * told['gap']:.1f} % above what any plan of the mean flow must.")
    if told["ranking"]:
        row = next(row for row in told["ranking"] if row["robust"])
        found.append(
            f"Robust choice: {row['plan']}; it fails in {100 * row['fails_share']:.0f} % of draws, "
            f"and some plan meets the goal in {100 * told['draws_some_plan_meets']:.0f} % of them"
            + (
                f"; where it meets the goal it costs {row['regret'] / 1e9:,.2f} bn USD more than "
                "the cheapest plan that does, on average."
                if row["regret"] is not None
                else "."
            )
        )
    for row in told["simulated"] or []:
        if row["plan"] == told["plan"]:
            runs = plan.simulated.reached.shape[1] if plan.simulated is not None else 0
            over = "in the run at central values" if runs == 1 else f"over {runs} replications"
            found.append(
                f"With simulated people (us-courts, one in fifty) it reaches "
                f"{value_said(row['reached'])} {over}."
            )
    return found


def value_said(value: float) -> str:
    """Return the goal's value in words: a share as a percentage, cases as they are.

    Example:
        >>> value_said(0.5), value_said(1234567.0)
        ('50.0 %', '1,234,567 pending')
    """
    return f"{100 * value:.1f} %" if value <= 1 else f"{value:,.0f} pending"


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
        ("Plans carried out by simulated people", _ranking(told["simulated"])),
        ("Court by court", _courts(plan)),
        ("What was assumed", _assumed(told["assumed"])),
        ("What this cannot say", f'<ul class="findings">{caveats}</ul>'),
        ("The command", f"<pre><code>{escape(command)}</code></pre>" if command else ""),
    ]
    body = "".join(f"<section><h2>{name}</h2>{text}</section>" for name, text in sections if text)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Staffing plan · Asylum Atlas</title>
<style>{static("report.css")}{STYLE}</style>
</head>
<body>
<header>
<p class="quiet">Asylum Atlas · a plan from a model, not a forecast</p>
<h1>Staffing plan</h1>
<p class="standfirst">The least-cost judges, attorneys and officers for a goal: \
{escape(told["goal"])}.</p>
<noscript><p class="note">Scripts are off: charts are not drawn, and the numbers of each chart \
stand in the tables.</p></noscript>
</header>
<main id="main">
{body}
</main>
<footer class="quiet">This page asks nothing of any network.</footer>
<!--
{notice()}
-->
<script>{static("vega.js")}</script>
<script>{static("report.js")}</script>
</body>
</html>
"""


def _years(plan: Plan) -> str:
    head = ("year", "judges", "hires", "attorneys", "officers", "bn USD", "pending, end of year")
    rows: list[list[Cell]] = []
    for row in plan.years():
        pending = f"{row['pending_end']:,} ({row['pending_end_low80']:,} to "
        pending += f"{row['pending_end_high80']:,})"
        numbers = [f"{row[key]:,.0f}" for key in ("judges", "hires", "attorneys", "officers")]
        rows.append([row["year"], *numbers, f"{row['cost'] / 1e9:.2f}", pending])
    return table("The country; pending at central values, with 80 % of draws", head, rows,
                 range(1, 7))  # fmt: skip


def _pictures(plan: Plan) -> str:
    found = []
    for chart in figures(plan).values():
        name, values = next(iter(chart["datasets"].items()))
        head = list(values[0])
        rows = [[_cell(row[key]) for key in head] for row in values]
        twin = table(name, head, rows, range(1, len(head)))
        title, below = chart["title"]["text"], chart["title"]["subtitle"]
        found.append(f"<h3>{escape(title)}</h3>{figure(chart, escape(below), twin)}")
    return "".join(found)


def _cell(value: object) -> Cell:
    return value if isinstance(value, str) else f"{float(str(value)):,.6g}"


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
    caption = "Plans over the same parameter draws; regret where a plan meets the goal"
    return table(caption, list(RANKED.values()), cells, range(1, 6))


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
        [row["name"], f"{row['value']:,.6g}", f"{row['low']:,.6g} to {row['high']:,.6g}",
         row["unit"], row["source"]]
        for row in rows
    ]  # fmt: skip
    head = ("parameter", "value", "range", "unit", "source")
    return table("Every number the plan rests on", head, cells, (1, 2))
