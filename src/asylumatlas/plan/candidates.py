"""Plans to rank: the least-cost one, dearer ones with room to spare, and rules of thumb."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from asylumatlas.plan import solving
from asylumatlas.plan.situation import Situation, whole_shares
from asylumatlas.plan.solving import Staffing

__all__ = ["candidates"]

Floats = NDArray[np.float64]

BENCH = ("lead_days", "leaving_share")  # what judges on the bench by quarter depend on
MARGINS = (0.05, 0.10, 0.20, 0.30)
LARGEST = 10  # courts that share all hires in the rule of that name


def candidates(
    here: Situation, best: Staffing, draws: Sequence[dict[str, float]], at_draws: int = 4
) -> list[Staffing]:
    """Return plans to rank, the best of the mean flow first.

    Plans with a safety margin are those of judges who get 5 to 30 % less done; "as in draw n" is
    the least-cost plan of a parameter draw, hired at central delays; two rules of thumb hire as
    many judges as the best plan in each quarter, by the stock of each court, or all at the ten
    largest courts. Limits hold for all but the rules, which keep those on the country. All but
    the first are not held to whole judges by court, which would change neither cost nor result by
    a hundredth.

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
    return [_priced(here, plan) for plan in found]


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


def _priced(here: Situation, plan: Staffing) -> Staffing:
    """The plan with its cost at the central prices, so that plans can be compared."""
    money = float(plan.judges.sum() * here.team_cost / 4)
    crew = plan.officers
    paid = float(crew.needed.sum() * here.values["officer_cost"] / 4)
    beyond = float((crew.needed - here.values["officers"]).sum() * here.values["officer_cost"] / 4)
    crew = replace(crew, cost=paid, cost_beyond=max(beyond, 0.0))
    return replace(plan, cost=money + paid, officers=crew)
