"""Plans ranked over parameter draws: who meets the goal, at what price, with what regret.

Every plan meets the same draws (common random numbers), so that plans differ and luck does not.
The judge is the twin, court by court and month by month (`course`), or the event simulation of
`us-courts` for those who have the time (`simulating`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.ensembles import Journal, pieces
from asylumatlas.plan import solving
from asylumatlas.plan.situation import Situation
from asylumatlas.plan.solving import Staffing

__all__ = ["RULE", "Ranking", "rank"]

Floats = NDArray[np.float64]

PIECE = 4  # draws in one piece of work
TOLERATED = 0.2  # failing share of the robust choice
RULE = (
    "the cheapest plan (to half a per cent) that fails in at most a fifth of the draws in "
    "which any plan meets the goal; where there is none, the one that fails in the fewest"
)
EQUAL = 0.005  # relative difference of cost that is none: then the plan named first is chosen


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """What each plan reached in each draw.

    Attributes:
        names: of the plans.
        reached: the goal's value (plans, draws).
        meets: whether it is as good as the goal (plans, draws).
        cost: USD (plans, draws), at each draw's prices.
        judge: "twin" or the name of a scenario.
        price: USD at central prices (plans,), which rows tell as cost; None for the mean over the
            draws' prices.
    """

    names: tuple[str, ...]
    reached: Floats
    meets: NDArray[np.bool_]
    cost: Floats
    judge: str
    price: Floats | None = None

    @property
    def possible(self) -> NDArray[np.bool_]:
        """Draws in which at least one plan meets the goal (draws,)."""
        found: NDArray[np.bool_] = np.any(self.meets, axis=0)
        return found

    @property
    def failing(self) -> Floats:
        """Share of all draws in which each plan fails (plans,)."""
        found: Floats = 1.0 - self.meets.mean(axis=1)
        return found

    @property
    def regret(self) -> Floats:
        """USD beyond the cheapest plan that meets the goal in a draw (plans, draws).

        nan where the plan fails or every plan does.
        """
        price = np.where(self.meets, self.cost, np.inf)
        cheapest = price.min(axis=0)
        with np.errstate(invalid="ignore"):
            return np.where(self.meets, self.cost - cheapest, np.nan)

    @property
    def robust(self) -> int:
        """Place of the robust choice.

        The cheapest plan that fails in at most a fifth of the draws in which any plan meets the
        goal; where there is none, the plan that fails in the fewest, the cheapest of these.
        """
        some = self.possible
        if not some.any():
            return 0
        failing = 1.0 - self.meets[:, some].mean(axis=1)
        cost = self.cost.mean(axis=1)
        good = np.flatnonzero(failing <= TOLERATED)
        if not len(good):
            good = np.flatnonzero(failing <= failing.min() + 1e-12)
        near = good[cost[good] <= cost[good].min() * (1.0 + EQUAL)]
        return int(near[0])

    def best(self, count: int) -> list[int]:
        """Return places of some plans worth a closer look: the first, the robust, the best.

        The best fail in few draws and are cheap; failing shares are compared to a tenth.
        """
        cost = self.cost.mean(axis=1)
        failing = np.round(self.failing, 1)
        order = sorted(range(len(cost)), key=lambda k: (float(failing[k]), float(cost[k])))
        return list(dict.fromkeys([0, self.robust, *order]))[:count]

    def rows(self) -> list[dict[str, Any]]:
        """One row for each plan: JSON-ready; regret and differences in USD or the goal's unit.

        `difference` is the mean of what the plan reaches less what the first one does, draw by
        draw, with the 95 % range of that mean. `cost` is at central prices, the same as the
        plan's own; `cost_of_draws` is the mean over the draws' prices, which regret is counted at.
        """
        regret, found = self.regret, []
        price = self.cost.mean(axis=1) if self.price is None else self.price
        for place, name in enumerate(self.names):
            known = regret[place][~np.isnan(regret[place])]
            apart = self.reached[place] - self.reached[0]
            half = 1.96 * apart.std(ddof=1) / np.sqrt(len(apart)) if len(apart) > 1 else 0.0
            low, middle, high = np.quantile(self.reached[place], [0.1, 0.5, 0.9])
            found.append(
                {
                    "plan": name,
                    "cost": float(price[place]),
                    "cost_of_draws": float(self.cost[place].mean()),
                    "reached": float(middle),
                    "reached_low80": float(low),
                    "reached_high80": float(high),
                    "fails_share": float(self.failing[place]),
                    "regret": float(known.mean()) if len(known) else None,
                    "regret_most": float(known.max()) if len(known) else None,
                    "difference": float(apart.mean()),
                    "difference_low95": float(apart.mean() - half),
                    "difference_high95": float(apart.mean() + half),
                    "robust": place == self.robust,
                }
            )
        return found


def rank(
    here: Situation,
    plans: Sequence[Staffing],
    draws: Sequence[dict[str, float]],
    *,
    workers: int = 1,
    executor: Executor | None = None,
    scheduler: str | None = None,
    journal: Journal | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Ranking:
    """Follow each plan at each draw with the twin.

    Args:
        here: courts, central values and goal.
        plans: at least one.
        draws: parameter draws, at least one.
        workers: processes; results do not depend on it.
        executor: any `concurrent.futures` executor instead.
        scheduler: address of a Dask scheduler instead.
        journal: keeps finished pieces.
        progress: called with (pieces done, pieces in all).
    """
    blocks = [list(draws[k : k + PIECE]) for k in range(0, len(draws), PIECE)]
    judges = [plan.judges for plan in plans]
    results = pieces(
        _block, blocks, workers=workers, executor=executor, scheduler=scheduler,
        journal=journal, progress=progress, common=(here, judges),
    )  # fmt: skip
    reached = np.concatenate(list(results), axis=1)
    meets = np.array([[solving.meets(here, float(value)) for value in row] for row in reached])
    return Ranking(
        names=tuple(plan.name for plan in plans),
        reached=reached,
        meets=meets,
        cost=np.array([[_cost(here, plan, draw) for draw in draws] for plan in plans]),
        judge="twin",
        price=np.array([plan.cost for plan in plans]),
    )


def _block(here: Situation, judges: list[Floats], draws: list[dict[str, float]]) -> Floats:
    """One piece of work: what all plans reach at some draws (plans, draws)."""
    return np.array([solving.reached(here, each, draws) for each in judges])


def _cost(here: Situation, plan: Staffing, draw: dict[str, float]) -> float:
    """A plan's cost at a draw's prices; its officers at today's need."""
    there = here.with_values(draw)
    money = float(plan.judges.sum()) * there.team_cost / 4
    return money + float(plan.officers.needed.sum()) * there.values["officer_cost"] / 4
