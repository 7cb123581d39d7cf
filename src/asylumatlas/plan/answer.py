"""The answer of a plan: who to hire where and when, what it costs, what it reaches, with ranges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.plan import course
from asylumatlas.plan.goal import Goal
from asylumatlas.plan.ranking import Ranking
from asylumatlas.plan.situation import Situation
from asylumatlas.plan.solving import Staffing, followed, meets, reached
from asylumatlas.plan.stock import stock

__all__ = ["Plan", "Row"]

Floats = NDArray[np.float64]
Row = dict[str, Any]

LEVELS = {"low95": 0.025, "low80": 0.1, "median": 0.5, "high80": 0.9, "high95": 0.975}
CAVEATS = (
    "The plan is that of a mean-flow model: it knows no luck, no absence of a judge and no room.",
    "How judges and filings divide among courts is assumed (scenarios/tables/"
    "immigration-courts.csv); the division of hires is no better than those shares.",
    "Filings, productivity and how hearings end stay constant over the plan; nobody knows the "
    "cases to come. Regret is told over draws of all parameters but the judges of day one, "
    "the delay to hire and the share that leaves: the judges on the bench are the plan's.",
    "Hired judges work like any other from their first day, and judges leave at one even rate.",
    "Delays between hearings are the least the law and practice leave (parameters national.*_delay"
    "_days); where they alone take longer than the goal, no number of judges helps.",
    "The goal must hold at every court; plans that leave some courts behind could cost less.",
)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A finished plan.

    Attributes:
        here: the situation at central values.
        best: the least-cost plan.
        staffing: the plan the answer is about: the robust choice where plans were ranked.
        ranking: plans over parameter draws; None where none was asked for.
        draws: the parameter draws.
        seed: of the draws.
        simulated: the best plans carried out by simulated people; None where it was not asked.
        usual: what as many hires as were ever made in a year reach, where the goal sets no limit.
        cheaper: plans of the ranking that meet the goal at central values for less than the
            least-cost one, and why they are not it.
    """

    here: Situation
    best: Staffing
    staffing: Staffing
    ranking: Ranking | None
    draws: tuple[Mapping[str, float], ...]
    seed: int
    simulated: Ranking | None = None
    usual: Row | None = None
    cheaper: Mapping[str, str] = field(default_factory=dict)

    @property
    def goal(self) -> Goal:
        """The goal that was asked."""
        return self.here.goal

    @property
    def least(self) -> Plan:
        """The same answer about the least-cost plan."""
        return replace(self, staffing=self.best)

    def courts(self) -> list[Row]:
        """One row for each court and fiscal year.

        Judges are the mean over the year, hires those of the year, cost in USD with attorneys.
        """
        here, plan, found = self.here, self.staffing, []
        ratio = here.values["attorneys_per_judge"]
        for place, (key, name) in enumerate(zip(here.courts.names, here.names, strict=True)):
            for year in range(here.goal.years):
                span = slice(4 * year, 4 * year + 4)
                judges = float(plan.judges[place, span].mean())
                found.append(
                    {
                        "court": key,
                        "name": name,
                        "year": f"FY{here.goal.start + 1 + year}",
                        "judges_now": int(here.judges[place]),
                        "judges": round(judges, 1),
                        "hires": round(self._hired(place, span), 1),
                        "attorneys": int(np.ceil(judges * ratio - 1e-9)),
                        "cost": round(judges * here.team_cost),
                    }
                )
        return found

    def _hired(self, place: int, span: slice) -> float:
        """Hires of the plan's own: before the first can sit, none is counted."""
        quarters = np.arange(self.staffing.hires.shape[1])[span]
        counted = quarters >= self.here.lead
        return float((self.staffing.hires[place, span] * counted).sum())

    def quarters(self) -> list[Row]:
        """One row for each quarter of the country: judges, hires, attorneys, officers, USD."""
        here, plan, found = self.here, self.staffing, []
        ratio = here.values["attorneys_per_judge"]
        for quarter in range(here.goal.quarters):
            judges = float(plan.judges[:, quarter].sum())
            money = judges * here.team_cost
            money += float(plan.officers.needed[quarter]) * here.values["officer_cost"]
            own = quarter >= here.lead
            found.append(
                {
                    "quarter": f"FY{here.goal.start + 1 + quarter // 4} Q{quarter % 4 + 1}",
                    "judges": round(judges, 1),
                    "hires": round(float(plan.hires[:, quarter].sum()), 1) if own else 0.0,
                    "attorneys": int(np.ceil(judges * ratio - 1e-9)),
                    "officers": int(plan.officers.needed[quarter]),
                    "affirmative_pending": round(float(plan.officers.pending[quarter])),
                    "cost": round(money / 4),
                }
            )
        return found

    def years(self) -> list[Row]:
        """One row for each fiscal year of the country: means, hires and USD."""
        quarters, found = self.quarters(), []
        pending = self.fans()["pending"]
        for year in range(self.goal.years):
            rows = quarters[4 * year : 4 * year + 4]
            month = 12 * year + 11
            found.append(
                {
                    "year": f"FY{self.goal.start + 1 + year}",
                    "judges": round(float(np.mean([row["judges"] for row in rows])), 1),
                    "hires": round(sum(row["hires"] for row in rows), 1),
                    "attorneys": rows[-1]["attorneys"],
                    "officers": rows[-1]["officers"],
                    "cost": sum(row["cost"] for row in rows),
                    "pending_end": round(float(pending["central"][month])),
                    "pending_end_median": round(float(pending["median"][month])),
                    "pending_end_low80": round(float(pending["low80"][month])),
                    "pending_end_high80": round(float(pending["high80"][month])),
                }
            )
        return found

    def fans(self) -> dict[str, dict[str, Floats]]:
        """Pending cases by month and the share decided in time by quarter of filing, over draws.

        Each with the levels of a fan and `central`, the course at central values.
        """
        draws: Sequence[Mapping[str, float]] = [{}, *self.draws]
        asked = followed(self.here) if self.goal.share is not None else []
        run = course.follow(self.here, self.staffing.judges, draws, asked)
        found = {"pending": run.pending}
        if asked:
            found["decided"] = run.decided
        return {name: _levels(values) for name, values in found.items()}

    def summary(self) -> Row:
        """The answer in numbers: JSON-ready."""
        here, plan = self.here, self.staffing
        central = float(reached(here, plan.judges)[0])
        return {
            "goal": here.goal.said(),
            "start": asdict(stock(here)),
            "plan": plan.name,
            "reached": central,
            "reached_by_draws": self._reached(),
            "cost": plan.cost,
            "cost_beyond_today": plan.cost_beyond(here),
            "least_cost": self.best.cost,
            "least_cost_beyond_today": self.best.cost_beyond(here),
            "bound": self.best.bound,
            "gap": self.best.gap,
            "cheaper": dict(self.cheaper),
            "whole_judges": plan.whole,
            "least_whole_judges": self.best.whole,
            "margin": plan.margin,
            "seconds": {
                "linear": round(self.best.seconds[0], 3),
                "whole": round(self.best.seconds[1], 3),
            },
            "judges_now": int(here.judges.sum()),
            "judges_most": round(float(plan.judges.sum(axis=0).max()), 1),
            "hires": round(float(plan.hires[:, here.lead :].sum()), 1),
            "hires_most_in_a_quarter": round(float(plan.hires[:, here.lead :].sum(0).max()), 1)
            if here.lead < here.goal.quarters
            else 0.0,
            "first_hire_sits": f"FY{here.goal.start + 1 + here.lead // 4} Q{here.lead % 4 + 1}",
            "ranking": self.ranking.rows() if self.ranking is not None else None,
            "simulated": self.simulated.rows() if self.simulated is not None else None,
            "least_misses_simulated": self.misses_simulated(self.best.name),
            "usual_hires": self.usual,
            "draws_some_plan_meets": float(self.ranking.possible.mean())
            if self.ranking is not None
            else None,
            "draws": len(self.draws),
            "seed": self.seed,
            "assumed": self.assumptions(),
            "caveats": list(CAVEATS),
        }

    def misses_simulated(self, name: str) -> bool | None:
        """Whether simulated people under a plan miss the goal; None where it was not run."""
        rows = self.simulated.rows() if self.simulated is not None else []
        for row in rows:
            if row["plan"] == name:
                return not meets(self.here, row["reached"])
        return None

    def _reached(self) -> Row | None:
        if not self.draws:
            return None
        found = reached(self.here, self.staffing.judges, [dict(draw) for draw in self.draws])
        return {name: float(np.quantile(found, level)) for name, level in LEVELS.items()}

    def assumptions(self) -> list[Row]:
        """Every number that the plan rests on, with range, unit and source."""
        here = self.here
        return [
            {
                "name": name,
                "value": here.values[name],
                "low": here.ranges[name][0],
                "high": here.ranges[name][1],
                "unit": here.units[name],
                "source": here.basis[name],
            }
            for name in here.values
        ]

    def plain(self) -> Row:
        """The whole answer as one JSON-ready object."""
        return {
            **self.summary(),
            "years": self.years(),
            "quarters": self.quarters(),
            "courts": self.courts(),
        }


def _levels(values: Floats) -> dict[str, Floats]:
    """Levels over the draws; with none, the central course stands for all."""
    spread = values[1:] if len(values) > 1 else values
    found = {name: np.quantile(spread, level, axis=0) for name, level in LEVELS.items()}
    return {**found, "central": values[0]}
