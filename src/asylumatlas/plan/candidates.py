"""Plans to rank: the least-cost one, dearer ones with room to spare, and rules of thumb."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from asylumatlas.plan import course, solving
from asylumatlas.plan.situation import Situation, whole_shares
from asylumatlas.plan.solving import Staffing

__all__ = ["candidates", "cheaper", "least"]

Floats = NDArray[np.float64]

BENCH = ("lead_days", "leaving_share")  # what judges on the bench by quarter depend on
MARGINS = (0.05, 0.10, 0.20, 0.30)
LARGEST = 10  # courts that share all hires in the rule of that name


def candidates(
    here: Situation, best: Staffing, draws: Sequence[dict[str, float]], at_draws: int = 4
) -> list[Staffing]:
    """Return plans to rank, all in whole judges; the first is named "least cost".

    That is the given plan, or another which costs less, meets the goal at central values too, and
    leaves no court further behind (`least`).

    Plans with a safety margin are those of judges who get 5 to 30 % less done; "as in draw n" is
    the least-cost plan of a parameter draw, hired at central delays; two rules of thumb hire as
    many judges as the best plan in each quarter, by the stock of each court, or all at the ten
    largest courts. Limits hold for all but the rules, which keep those on the country. Linear plans
    are rounded to whole judges; one that would break a limit by it stays as it is.

    Args:
        here: courts, central values and goal.
        best: the plan to put first.
        draws: parameter draws; the first ones lend their least-cost plans.
        at_draws: how many.
    """
    found = [best]
    for margin in MARGINS:
        if margin > best.margin + 1e-9:
            name = f"{100 * margin:.0f} % to spare"
            plan = solving.with_margin(here, margin, whole=False, name=name)
            found += [plan] if plan is not None else []
    for number, draw in enumerate(draws[:at_draws]):
        # Nobody sits before the delay to hire is over: the way to the bench stays the goal's.
        there = here.with_values({**draw, **{key: here.values[key] for key in BENCH}})
        plan = solving.solve(there, whole=False, name=f"as in draw {number + 1}")
        found += [plan] if plan is not None else []
    stock = here.courts.released
    largest = np.where(np.argsort(np.argsort(-stock)) < LARGEST, stock, 0.0)
    found.append(_rule(here, best, stock / stock.sum(), "by stock"))
    found.append(_rule(here, best, largest / largest.sum(), "largest courts"))
    whole = [solving.in_rounded_judges(here, plan) or plan for plan in found]
    return least(here, [_priced(here, best, plan) for plan in whole])


def least(here: Situation, plans: list[Staffing]) -> list[Staffing]:
    """Return the plans with the cheapest of those that meet the goal at central values first.

    It must hire whole judges, keep the limits, and leave no court further behind the goal than the
    plan that was first: a country's mean can be met at the price of some courts. If it is another
    one, it takes the first one's name and bound, and the first one is dropped: nothing speaks for
    it at central values any more.

    Args:
        here: central values, goal and limits.
        plans: the one to beat first.
    """
    first, *others = plans
    floor = worst(here, first)
    chosen = first
    for plan in others:
        if (
            plan.whole
            and plan.cost < chosen.cost * (1 - 1e-9)
            and solving.keeps_limits(here, plan)
            and solving.holds(here, plan)
            and worst(here, plan) >= floor
        ):
            chosen = plan
    named = replace(chosen, name=first.name, bound=first.bound, seconds=first.seconds)
    return [named, *(plan for plan in others if plan is not chosen)]


def cheaper(here: Situation, plans: Sequence[Staffing]) -> dict[str, str]:
    """Return plans that meet the goal at central values for less than the first, and why not they.

    Args:
        here: central values, goal and limits.
        plans: as `candidates` returns them.
    """
    first, *others = plans
    found = {}
    for plan in others:
        if plan.cost >= first.cost * (1 - 1e-9) or not solving.holds(here, plan):
            continue
        if not plan.whole:
            found[plan.name] = "it cannot be rounded to whole judges within the limits"
        elif not solving.keeps_limits(here, plan):
            found[plan.name] = "it breaks a limit"
        else:
            share, floor = 100 * worst(here, plan), 100 * worst(here, first)
            found[plan.name] = (
                f"its worst court decides {share:.1f} % in time, that plan's {floor:.1f} %"
            )
    return found


def worst(here: Situation, plan: Staffing) -> float:
    """Return the share decided in time at the worst court, not above what is asked.

    Infinity for goals that no single court must meet; a thousandth is no difference.
    """
    goal = here.goal
    if goal.share is None:
        return float("inf")
    run = course.follow(here, plan.judges, [{}], asked=solving.followed(here))
    return float(np.floor(1e3 * min(run.decided_by_court.min(), goal.share)) / 1e3)


def _rule(here: Situation, best: Staffing, shares: Floats, name: str) -> Staffing:
    """As many hires in each quarter as the best plan, divided by shares of the courts.

    Places left by judges who leave are filled where they were, as far as the hires go.
    """
    stay = (1.0 - here.values["leaving_share"]) ** 0.25
    judges, hires = best.judges.copy(), best.hires.copy()
    total = best.hires.sum(axis=0)
    wanted = np.zeros(len(shares))
    for quarter in range(min(here.lead, judges.shape[1]), judges.shape[1]):
        before = wanted.copy()
        wanted = wanted + total[quarter] * shares
        hires[:, quarter] = whole_shares(wanted.sum(), wanted / max(wanted.sum(), 1e-9))
        hires[:, quarter] -= whole_shares(before.sum(), before / max(before.sum(), 1e-9))
        judges[:, quarter] = stay * judges[:, quarter - 1] + hires[:, quarter]
    return replace(best, name=name, judges=judges, hires=hires, whole=True, margin=0.0)


def _priced(here: Situation, best: Staffing, plan: Staffing) -> Staffing:
    """The plan with the officers of the best one and its cost at the central prices.

    Plans differ in judges alone, so that they can be compared.
    """
    money = float(plan.judges.sum() * here.team_cost / 4)
    return replace(plan, cost=money + best.officers.cost, officers=best.officers)
