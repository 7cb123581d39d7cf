"""What a plan starts from: courts, judges, the stock, the cases to come, one parameter draw."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import parameters
from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.national.columns import STATIC
from asylumatlas.national.courts import NATION, Courts
from asylumatlas.plan.goal import DAYS_OF_QUARTER, Goal, PlanError
from asylumatlas.scenario.drawn import DrawnTable, read_columns

__all__ = ["Situation", "court_table", "draw_values", "situation"]

Floats = NDArray[np.float64]

LATEST = ("judges", "reopened", "administratively_closed_share", "productivity")
COSTS = {
    "team_cost": "cost.court.judge_team",
    "attorney_cost": "staffing.attorney",
    "officer_cost": "cost.screening.asylum_officer",
}
STAFFING = (
    "lead_days",
    "leaving_share",
    "attorneys_per_judge",
    "receipts",
    "fear_interviews",
    "affirmative_receipts",
    "affirmative_pending",
    "officers",
    "interviews_a_week",
)


@dataclass(frozen=True, slots=True)
class Situation:
    """One draw of everything a plan rests on.

    Attributes:
        goal: what is wanted.
        courts: keys and shares of the courts.
        names: what the courts are called, in the same order.
        judges: on the bench when the plan begins, whole numbers (courts,).
        values: parameters without their prefix: those of the twin, constant over the plan, and
            those of `parameters/staffing.toml`.
        units: unit of each value.
        basis: source, or the word assumed, of each value.
        ranges: low and high of each value.
    """

    goal: Goal
    courts: Courts
    names: tuple[str, ...]
    judges: Floats
    values: Mapping[str, float]
    units: Mapping[str, str]
    basis: Mapping[str, str]
    ranges: Mapping[str, tuple[float, float]]

    @property
    def lead(self) -> int:
        """Whole quarters before the first hired judge sits."""
        return int(np.ceil(self.values["lead_days"] / DAYS_OF_QUARTER - 1e-9))

    @property
    def team_cost(self) -> float:
        """USD a year of a judge with staff and the government attorneys beside the judge."""
        attorneys = self.values["attorneys_per_judge"] * self.values["attorney_cost"]
        return self.values["team_cost"] + attorneys

    def with_values(self, values: Mapping[str, float]) -> Situation:
        """Return the same situation at other parameter values; the judges stay those of today."""
        return replace(self, values={**self.values, **values})

    def as_one(self) -> Situation:
        """Return the country as one court: what it cannot reach, no division of it can.

        Exact only while the courts' shares do not matter; never harder than the courts apart.
        """
        total = np.array([self.judges.sum()])
        goal = replace(self.goal, courts={})
        return replace(self, goal=goal, courts=NATION, names=("United States",), judges=total)


def situation(goal: Goal, courts: tuple[Courts, tuple[str, ...]] | None = None) -> Situation:
    """Return the situation at the central values.

    Args:
        goal: gives the start, and values that replace those of the parameter files.
        courts: shares and names; default those of the table `immigration-courts`.

    Raises:
        PlanError: a court of the goal's bounds that is not known.
    """
    shares, names = courts or court_table()
    for key in goal.courts:
        if key not in shares.names:
            raise PlanError(f'goal: unknown court "{key}".{did_you_mean(key, shares.names)}')
    values, units, basis, ranges = {}, {}, {}, {}
    for name, dotted in _names().items():
        known = parameters.find(parameters.load(), dotted)
        entry = known.at(_day(goal, name))
        values[name], units[name] = entry.value, known.unit
        ranges[name] = (entry.low, entry.high)
        basis[name] = entry.source or "assumed"
        if dotted in joint_draws().columns:
            low, values[name], high = joint_draws().at(dotted, _day(goal, name)).bounds
            ranges[name], basis[name] = (low, high), "fitted"
    for dotted, number in goal.parameters.items():
        name = _short(dotted)
        values[name], ranges[name], basis[name] = number, (number, number), "given"
    for name, given in (("lead_days", goal.lead_days), ("receipts", goal.receipts)):
        if given is not None:
            values[name], ranges[name], basis[name] = given, (given, given), "given"
    judges = whole_shares(values["judges"], shares.judges)
    return Situation(goal, shares, names, judges, values, units, basis, ranges)


def draw_values(central: Situation, draws: int, seed: int) -> list[dict[str, float]]:
    """Return parameter draws; draw n is the same whatever the number of draws.

    What the fit tells together comes from a row of its table, as in simulations of `us-courts`.
    The law of the others is that of `parameters.draw`: triangular where a source gives the number,
    uniform where it is assumed. Values that the goal gives do not vary, nor does the stock of
    judges on day one.

    Example:
        >>> from asylumatlas.plan.goal import Goal
        >>> nation = situation(Goal(share=0.5), (NATION, ("United States",)))
        >>> draw_values(nation, 2, 1)[1] == draw_values(nation, 5, 1)[1]
        True
    """
    known = parameters.load()
    names = {
        name: dotted
        for name, dotted in _names().items()
        if central.basis[name] != "given" and name != "judges"
    }
    found = []
    for number in range(draws):
        uniforms = np.random.default_rng([seed, number, 20]).random(len(names))
        drawn = {
            name: parameters.draw(known[dotted], _day(central.goal, name), float(u))
            for (name, dotted), u in zip(names.items(), uniforms, strict=True)
        }
        joint = [name for name, dotted in names.items() if dotted in joint_draws().columns]
        row = int(np.random.default_rng([seed, number, 21]).integers(joint_draws().draws))
        for name in joint:
            step = joint_draws().at(names[name], _day(central.goal, name))
            drawn[name] = step.values[row]
        found.append(_possible(dict(drawn)))
    return found


@cache
def joint_draws() -> DrawnTable:
    """Return the draws of the fit that ship with `us-courts`."""
    path = resources.files("asylumatlas.scenarios") / "tables" / "us-courts-fitted.csv"
    with resources.as_file(path) as file:
        return DrawnTable(table=file.stem, why="fitted", columns=read_columns(file))


def _possible(drawn: dict[str, float]) -> dict[str, float]:
    """Shares of one hearing never pass 1; scaled together where a draw would."""
    for end in ("", "_detained"):
        names = [f"master_{word}_share{end}" for word in ("absent", "closed", "set")]
        names = [name for name in names if name in drawn]
        total = sum(drawn[name] for name in names)
        if total > 0.98:
            drawn |= {name: drawn[name] * 0.98 / total for name in names}
    return drawn


def _names() -> dict[str, str]:
    """Short name -> dotted name of each parameter that a plan rests on."""
    found = {name: f"national.{name}" for name in (*STATIC, *LATEST, "pending")}
    found |= {name: f"staffing.{name}" for name in STAFFING}
    return found | COSTS


def _short(dotted: str) -> str:
    for name, full in _names().items():
        if full == dotted:
            return name
    raise PlanError(
        f'goal: a plan does not rest on "{dotted}".{did_you_mean(dotted, _names().values())}'
    )


def _day(goal: Goal, name: str) -> date:
    """Stock, custody and productivity as of the plan's first day, the rest of the year before."""
    return (
        date(goal.start, 10, 1)
        if name in ("pending", "detained_share", "productivity")
        else date(goal.start, 9, 30)
    )


def whole_shares(total: float, shares: Any) -> Floats:
    """Divide a whole number by shares, in whole numbers, by the largest remainders.

    Example:
        >>> whole_shares(7, [0.5, 0.3, 0.2]).tolist()
        [4.0, 2.0, 1.0]
    """
    exact = round(total) * np.asarray(shares, dtype=np.float64)
    found: Floats = np.floor(exact + 1e-9)
    missing = round(total) - int(found.sum())
    order = np.argsort(-(exact - found), kind="stable")[:missing]
    found[order] += 1.0
    return found


def court_table() -> tuple[Courts, tuple[str, ...]]:
    """Return the courts of the table `immigration-courts`, and what they are called.

    Raises:
        PlanError: the table does not hold what it should.
    """
    path = resources.files("asylumatlas.scenarios") / "tables" / "immigration-courts.csv"
    with path.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    try:
        columns = [
            [float(row[f"{name}_share"] or 0) for row in rows]
            for name in ("judges", "released", "detained")
        ]
        keys, names = [row["key"] for row in rows], [row["name"] for row in rows]
    except KeyError as error:
        raise PlanError(f"immigration-courts.csv: no column {error}") from None
    return Courts(tuple(keys), *columns), tuple(names)
