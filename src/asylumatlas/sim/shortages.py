"""Loans that could not be whole: a crew had fewer servers in a draw than it was to lend.

At central values `load_scenario` refuses such loans; in a draw from the ranges they are cut, and
the reader is told by how much.
"""

from __future__ import annotations

from asylumatlas.scenario import Scenario
from asylumatlas.sim.capacities import Cut
from asylumatlas.sim.replication import draw_number
from asylumatlas.sim.rules import Rules


def shortages(rules: Rules, replications: int) -> list[str]:
    """What a reader must know of loans cut in a run: one sentence, or none.

    Args:
        rules: of the run.
        replications: how many of them it has.
    """
    if all(change.lend is None for change in rules.model.change) or replications == 1:
        return []
    numbers = sorted({draw_number(k, replications) for k in range(replications)})
    cuts = {k: found for k in numbers if (found := rules.capacities.cuts(rules.draw(k)))}
    if not cuts:
        return []
    every = [cut for found in cuts.values() for cut in found]
    return [
        f"In {len(cuts)} of {len(numbers)} draw{'' if len(numbers) == 1 else 's'} a crew was to "
        f"lend more than it had and lent all: {_share(every)} of what these loans were to lend is "
        f"missing, most of {_worst(every)}. Narrow the ranges, or lend fewer."
    ]


def shortages_of(scenario: Scenario, seed: int, replications: int) -> list[str]:
    """The same of a scenario whose rules are not at hand.

    Args:
        scenario: what is run.
        seed: of its draws.
        replications: how many of them it has.
    """
    if all(change.lend is None for change in scenario.model.change):
        return []
    return shortages(Rules(scenario, seed), replications)


def _share(cuts: list[Cut]) -> str:
    """Part of the days asked for that was not lent, in words."""
    return f"{sum(cut.missing for cut in cuts) / sum(cut.asked for cut in cuts):.1%}".replace(
        "%", " %"
    )


def _worst(cuts: list[Cut]) -> str:
    """The loan of the largest loss, and its part."""
    worst = max(cuts, key=lambda cut: cut.missing)
    return f"{worst.crew} (change.{worst.change}: {_share([worst])} in one draw)"
