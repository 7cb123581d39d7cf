"""Solving the staffing program: the linear one at once, whole judges within a gap and a time."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.plan import course, paths, trimming
from asylumatlas.plan.officers import Officers, officers
from asylumatlas.plan.optimum import bench, optimum, rounded, whole_optimum, within_limits
from asylumatlas.plan.program import build, most_hires
from asylumatlas.plan.situation import Situation

__all__ = ["Staffing", "cheapest", "followed", "holds", "meets", "reached", "solve", "with_margin"]

Floats = NDArray[np.float64]
_MARGIN, _MOST_MARGIN = 0.02, 0.3
_TURNS = 6  # of the search for what to ask for
_SPARES = (0.0, 0.01, 0.02, 0.04)  # parts of judge time kept back where hires are rounded


@dataclass(frozen=True, slots=True, eq=False)
class Staffing:
    """A staffing plan.

    Attributes:
        name: what it is called among other plans.
        judges: on the bench by court and quarter, the expected number where some leave
            (courts, quarters).
        hires: who take the bench (courts, quarters); whole numbers from the first hire on, unless
            `whole` is false. Before it, the replacements that keep today's staff.
        cost: USD over the plan: judges with staff, attorneys and officers.
        bound: USD; the cost of the linear optimum by quarter. No plan of whole judges beats it but
            by carrying detained work over, or by what months tell apart and quarters do not.
        seconds: time the linear program and the search for whole judges took.
        whole: whether the hires are whole numbers.
        margin: part of judge time kept back against the mean flow's optimism.
        officers: the asylum officers of the plan.
        waits: days in the two lines that the plan promises; nan for other goals.
    """

    name: str
    judges: Floats
    hires: Floats
    cost: float
    bound: float
    seconds: tuple[float, float]
    whole: bool
    margin: float
    officers: Officers
    waits: tuple[float, float]

    @property
    def gap(self) -> float:
        """Relative distance of the cost from the bound; below 0 where the plan costs less."""
        return self.cost / self.bound - 1.0 if self.bound > 0 else 0.0

    def cost_beyond(self, here: Situation) -> float:
        """Return the USD beyond keeping today's judges and officers over the plan."""
        today = here.judges.sum() * here.team_cost / 4 * here.goal.quarters
        return _money(here, self.judges) - float(today) + self.officers.cost_beyond


def solve(here: Situation, *, whole: bool = True, name: str = "least cost") -> Staffing | None:
    """Return the least-cost plan of the mean flow, or None where none meets the goal.

    Args:
        here: courts, parameters and goal.
        whole: hire whole judges; otherwise the linear optimum is returned.
        name: what the plan is called.
    """
    if _beyond_empty_lines(here):
        return None
    crew = officers(here)
    if crew is None:
        return None
    program = build(here, crew.cost_beyond)
    began = time.perf_counter()
    linear = optimum(program)
    if linear is None:
        return None
    judges = program.block(linear, "judges")
    cost = _money(here, judges) + crew.cost
    plan = Staffing(
        name=name,
        judges=judges,
        hires=program.block(linear, "hires").round(9),
        cost=cost,
        bound=cost,
        seconds=(time.perf_counter() - began, 0.0),
        whole=False,
        margin=0.0,
        officers=crew,
        waits=program.waits,
    )
    return (_in_whole_judges(here, plan) or plan) if whole else plan


def _in_whole_judges(here: Situation, plan: Staffing) -> Staffing | None:
    """The least-cost plan of whole judges near a linear plan, or None where none was found."""
    program = build(here, plan.officers.cost_beyond)
    began = time.perf_counter()
    found = whole_optimum(program, here, plan.hires)
    if found is None:
        return None
    judges = program.block(found, "judges")
    return replace(
        plan,
        judges=judges,
        hires=program.block(found, "hires").round(9),
        cost=_money(here, judges) + plan.officers.cost,
        seconds=(plan.seconds[0], time.perf_counter() - began),
        whole=True,
    )


def in_rounded_judges(here: Situation, plan: Staffing) -> Staffing | None:
    """Return a plan with its hires rounded to whole judges, or None where a limit is broken.

    Args:
        here: gives limits and prices.
        plan: any plan; one of whole judges is returned as it is.
    """
    if plan.whole:
        return plan
    hires = rounded(here, plan.hires)
    judges = bench(here, hires)
    cost = _money(here, judges) + plan.officers.cost
    found = replace(plan, judges=judges, hires=hires, cost=cost, whole=True)
    return found if keeps_limits(here, found) else None


def keeps_limits(here: Situation, plan: Staffing) -> bool:
    """Return whether a plan keeps the limits of the goal: hires, money, single courts."""
    return within_limits(here, plan.judges, plan.hires, plan.cost_beyond(here))


def _beyond_empty_lines(here: Situation) -> bool:
    goal = here.goal
    if goal.share is None or goal.rule != "paths":
        return False
    return bool(paths.share_decided(here.values, goal.within)[0] < goal.share)


def _money(here: Situation, judges: Floats) -> float:
    return float(judges.sum() * here.team_cost / 4)


def reached(here: Situation, staffing: Floats, draws: list[dict[str, float]] | None = None) -> Any:
    """Return what a plan reaches at some draws: the goal's value as it was asked (draws,).

    That is the least share decided in time over the quarters of filing of the goal's first year,
    as far as the run can follow them, or the most cases pending from the goal's first day on.
    """
    goal, draws = here.goal, draws or [{}]
    if goal.pending_below is not None:
        found = course.follow(here, staffing, draws)
        return found.pending[:, max(3 * goal.first - 1, 0) :].max(axis=1)
    return course.follow(here, staffing, draws, asked=followed(here)).decided.min(axis=1)


def followed(here: Situation) -> list[int]:
    """Return the months of filing whose cases a plan's check follows: one in each quarter."""
    goal = here.goal
    last = 3 * goal.quarters - int(np.ceil(goal.within / (365.25 / 12)))
    months = list(range(3 * goal.first + 1, max(last, 3 * goal.first + 2), 3))
    return months[:4]


def meets(here: Situation, value: float) -> bool:
    """Return whether a reached value is as good as the goal, to a thousandth."""
    if here.goal.pending_below is not None:
        return value <= here.goal.pending_below * 1.001
    return value >= (here.goal.share or 0.0) - 0.001


def holds(here: Situation, found: Staffing) -> bool:
    """Return whether a plan meets the goal at central values when it is followed by month."""
    if here.goal.share is not None and here.goal.rule == "line":
        return True
    return meets(here, float(reached(here, found.judges)[0]))


def with_margin(
    here: Situation, margin: float, *, whole: bool = True, name: str = "least cost"
) -> Staffing | None:
    """Return the plan of courts whose judges get less done than they do by some part."""
    found = solve(_slower(here, margin), whole=whole, name=name)
    return None if found is None else replace(found, margin=margin)


def _slower(here: Situation, margin: float) -> Situation:
    return here.with_values({"productivity": here.values["productivity"] * (1.0 - margin)})


def cheapest(here: Situation, *, whole: bool = True, name: str = "least cost") -> Staffing | None:
    """Return the least-cost plan that also meets the goal when it is followed month by month.

    The program may divide judge time between masters and individual hearings as it likes; courts
    hold masters first. Where the plan falls short for that reason the program is asked for more,
    or part of the judge time is kept back, up to three tenths: the least of each that will do, and
    of the two the cheaper. Last, judges the goal can do without are taken away again.
    """
    first = solve(here, whole=False, name=name)
    if first is None:
        return None
    began = time.perf_counter()
    ways = [(here, 0.0, first)] if holds(here, first) else _ways(here, first)
    if not ways:
        return None
    asked, margin, plan = min(ways, key=lambda way: way[2].cost)
    middle = time.perf_counter()
    if whole:
        better = _whole(here, asked, margin, plan)
        plan = plan if better is None else trimming.trimmed(here, better)
    seconds = (first.seconds[0] + middle - began, time.perf_counter() - middle)
    return replace(plan, name=name, margin=margin, bound=first.bound, seconds=seconds)


def _whole(here: Situation, asked: Situation, margin: float, plan: Staffing) -> Staffing | None:
    """The plan in whole judges: searched for, or rounded with a little time kept back.

    Under a limit on hires or money the search finds nothing in its time that rounding does not.
    """
    limited = np.isfinite(most_hires(here)) or here.goal.budget is not None
    found = _rounded_off(here, asked, margin, plan) if limited else None
    if found is None:
        found = _in_whole_judges(_slower(asked, margin), plan)
        if found is None or not holds(here, found):  # whole judges may move it over the edge
            found = None if limited else _rounded_off(here, asked, margin, plan)
    return found


def _rounded_off(
    here: Situation, asked: Situation, margin: float, plan: Staffing
) -> Staffing | None:
    for spare in _SPARES:
        linear = plan if spare == 0 else with_margin(asked, margin + spare, whole=False)
        found = None if linear is None else in_rounded_judges(here, linear)
        if found is not None and holds(here, found):
            return found
    return None


Way = tuple[Situation, float, Staffing]  # what to ask, what to keep back, and the linear plan


def _ways(here: Situation, first: Staffing) -> list[Way]:
    """Ways to a plan that stands the months, where the first linear plan does not."""
    if here.goal.pending_below is not None:
        return [*_asked_fewer(here, first), *_kept_enough(here, first)]
    kept = _kept_back(here)
    return [*kept, *_asked_more(here, kept[0][2].cost if kept else np.inf)]


def _asked_fewer(here: Situation, first: Staffing) -> list[Way]:
    """Return the way whose goal is some fewer pending cases, those it fell short by, if any."""
    wanted = here.goal.pending_below or 0.0
    ask, found = wanted, first
    for _ in range(_TURNS // 2):
        ask -= 1.05 * (float(reached(here, found.judges)[0]) - wanted)
        if ask <= 0:
            return []
        there = replace(here, goal=replace(here.goal, pending_below=ask))
        plan = solve(there, whole=False)
        if plan is None:
            return []
        if holds(here, plan):
            return [(there, 0.0, plan)]
        found = plan
    return []


def _kept_enough(here: Situation, first: Staffing) -> list[Way]:
    """Return a way that keeps about the least part of judge time back, by the pending cases.

    Each next part is where the line through the last two would meet the goal.
    """
    wanted = here.goal.pending_below or 0.0
    before, over = 0.0, float(reached(here, first.judges)[0]) - wanted
    margin = _MARGIN
    for _ in range(_TURNS):
        found = with_margin(here, margin, whole=False)
        if found is None:
            return []
        if holds(here, found):
            return [(here, margin, found)]
        now = float(reached(here, found.judges)[0]) - wanted
        slope = max((over - now) / (margin - before), 1e-9)
        before, over = margin, now
        margin = min(before + min(max(1.02 * now / slope, 0.002), 0.05), _MOST_MARGIN)
        if margin <= before:
            break
    return []


def _asked_more(here: Situation, most: float) -> list[Way]:
    """Return the way whose goal is the least share above the goal's that will do, if any.

    More never costs less: a share that costs as much as `most`, what another way costs, counts
    as too much.
    """
    goal = here.goal
    low, high = goal.share or 0.0, float(paths.share_decided(here.values, goal.within)[0])
    best: list[Way] = []
    for turn in range(_TURNS):
        top = turn == 0 and most == np.inf
        share = high - 1e-3 * (high - low) if top else (low + high) / 2
        there = replace(here, goal=replace(goal, share=share))
        found = solve(there, whole=False)
        if found is None or found.cost >= most:
            high = share
        elif holds(here, found):
            best, high = [(there, 0.0, found)], share
        else:
            low = share
        if high - low < 0.002:
            break
    return best


def _kept_back(here: Situation) -> list[Way]:
    """Return the way that keeps the least part of judge time back, if any will do."""
    low, margin = 0.0, _MARGIN
    best: list[Way] = []
    while not best and margin <= _MOST_MARGIN + 1e-9:
        found = with_margin(here, margin, whole=False)
        if found is None:
            return []
        if holds(here, found):
            best = [(here, margin, found)]
        else:
            low, margin = margin, margin + (_MARGIN if margin < 0.1 else 0.05)
    for _ in range(2 if best else 0):
        middle = (low + best[0][1]) / 2
        found = with_margin(here, middle, whole=False)
        if found is not None and holds(here, found):
            best = [(here, middle, found)]
        else:
            low = middle
    return best
