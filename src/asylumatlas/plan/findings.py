"""A plan's findings in sentences: what the page and the terminal say first."""

from __future__ import annotations

from asylumatlas.plan.answer import Plan, Row
from asylumatlas.plan.goal import MOST_YEARS
from asylumatlas.plan.ranking import RULE
from asylumatlas.plan.solving import meets
from asylumatlas.plan.stock import stock

__all__ = ["sentences", "value_said"]


def sentences(plan: Plan) -> list[str]:
    """Return the findings of a plan in sentences: the goal, plans and prices, hires, what holds."""
    told = plan.summary()
    return [
        f"Goal: {told['goal']}.",
        *_missed(plan, told),
        stock(plan.here).said(),
        *_plans(plan, told),
        *_hires(plan, told),
        *_reached(told),
        *_simulated(plan, told),
    ]


def value_said(value: float) -> str:
    """Return the goal's value in words: a share as a percentage, cases as they are.

    Example:
        >>> value_said(0.5), value_said(1234567.0)
        ('50.0 %', '1,234,567 pending')
    """
    return f"{100 * value:.1f} %" if value <= 1 else f"{value:,.0f} pending"


def _missed(plan: Plan, told: Row) -> list[str]:
    """That simulated people miss the goal, where they do: it belongs at the top."""
    found = []
    wanted = plan.goal.pending_below if plan.goal.share is None else plan.goal.share
    missed = {plan.best.name: told["least_misses_simulated"]}
    missed[plan.staffing.name] = plan.misses_simulated(plan.staffing.name)
    for row in told["simulated"] or []:
        if missed.get(row["plan"]):
            found.append(
                f'Simulated people under "{row["plan"]}" MISS the goal: they reach '
                f"{value_said(row['reached'])}, and {value_said(float(wanted or 0.0))} was asked."
            )
    return found


def _plans(plan: Plan, told: Row) -> list[str]:
    """The least cost, then the robust choice, both with price, failing draws and regret."""
    least = (
        f"Least cost at central values: {told['least_cost'] / 1e9:,.2f} bn USD over "
        f"{plan.goal.years} years, {told['least_cost_beyond_today'] / 1e9:,.2f} bn beyond today's "
        f"staff, {_gap(told)}"
    )
    if not told["ranking"]:
        return [least + "; other plans were not ranked."]
    robust = next(row for row in told["ranking"] if row["robust"])
    first = told["ranking"][0]
    if robust is first:
        chosen = f"The robust choice is the same plan. It is {RULE}."
    else:
        chosen = (
            f'Robust choice: "{told["plan"]}", {told["cost"] / 1e9:,.2f} bn USD, '
            f"{told['cost_beyond_today'] / 1e9:,.2f} bn beyond today's staff; {_stands(robust)}. "
            f"It is {RULE}. The tables by year and court are about it."
        )
    if not meets(plan.here, told["reached"]):
        chosen += f" At central values it MISSES the goal: {value_said(told['reached'])}."
    some = f"Some plan meets the goal in {100 * told['draws_some_plan_meets']:.0f} % of draws."
    cheaper = [
        f'"{name}" meets the goal at central values for less and is not the least-cost plan: {why}.'
        for name, why in told["cheaper"].items()
    ]
    return [f"{least}; {_stands(first)}.", *cheaper, chosen, some]


def _gap(told: Row) -> str:
    """How far the least-cost plan lies from the linear optimum."""
    whole = "" if told["least_whole_judges"] else "; NOT in whole judges: none were found in time"
    optimum = "the least that judges in parts would cost in the flow by quarter"
    gap = 100 * told["gap"]
    if gap < -0.05:
        return f"{-gap:.1f} % below {optimum}, which is coarser than the months checked{whole}"
    return f"{max(gap, 0.0):.1f} % above {optimum}{whole}"


def _stands(row: Row) -> str:
    """How a plan stands over the draws."""
    fails = f"it fails in {100 * row['fails_share']:.0f} % of draws"
    if row["regret"] is None:
        return fails
    return (
        f"{fails}, and where it meets the goal it costs {row['regret'] / 1e9:,.2f} bn more than "
        "the cheapest plan that does (regret, the mean over draws)"
    )


def _hires(plan: Plan, told: Row) -> list[str]:
    usual, limit = told["usual_hires"], plan.goal.hires_per_quarter
    said = "NO limit on hires was given" if limit is None else f"{limit:g} a quarter were allowed"
    found = [
        f"{told['judges_now']:,} judges now, at most {told['judges_most']:,.0f}; "
        f"{told['hires']:,.0f} hires, at most {told['hires_most_in_a_quarter']:,.0f} in a quarter "
        f"({said}), the first on the bench in {told['first_hire_sits']}."
    ]
    if usual is None:
        return found
    most = (
        f"With the most judges ever hired in a year ({usual['hires_a_year']:.0f}, in FY2022; "
        f"--hires-per-quarter {usual['hires_per_quarter']:g}) the goal "
    )
    if usual["meets"]:
        return [*found, most + "can be met too, the country taken as one court."]
    first = usual["first"]
    last = plan.goal.start + MOST_YEARS
    until = f"only from FY{first} on" if first else f"in no year up to FY{last}"
    when = f"cannot be met in FY{plan.goal.by}: {until}, the country taken as one court."
    return [*found, most + when]


def _reached(told: Row) -> list[str]:
    spread = told["reached_by_draws"]
    said = f'At central values "{told["plan"]}" reaches {value_said(told["reached"])}'
    if spread is None:
        return [said + "."]
    return [
        f"{said}; over {told['draws']} draws {value_said(spread['median'])} in the median, "
        f"{value_said(spread['low80'])} to {value_said(spread['high80'])} in 80 % of them."
    ]


def _simulated(plan: Plan, told: Row) -> list[str]:
    runs = plan.simulated.reached.shape[1] if plan.simulated is not None else 0
    over = "in the run at central values" if runs == 1 else f"over {runs} replications"
    return [
        f'With simulated people (us-courts, one in twenty) "{row["plan"]}" reaches '
        f"{value_said(row['reached'])} {over}."
        for row in told["simulated"] or []
        if row["plan"] in (plan.best.name, plan.staffing.name)
    ]
