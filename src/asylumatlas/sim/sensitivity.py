"""What a run assumed, in words, and how much each quantity moves the answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.scenario import wording
from asylumatlas.sim.rules import Rules
from asylumatlas.sim.uncertainty import Use

Numbers = NDArray[np.float64]
FEWEST_DRAWS = 10  # with fewer, a rank correlation says nothing
PLAIN = "as written in the scenario"


def assumptions(rules: Rules, moves: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Every quantity a run used: value, range, source or the reason, and what it moves.

    A bare number in a scenario that has neither range nor source is part of the scenario's
    structure and is not listed. What holds from a later date than
    `input_until`, or was published later, is called hindsight.

    Args:
        rules: of the run; its quantities remember what was used.
        moves: as `influence` returns it.
    """
    until = rules.model.input_until
    rows = []
    for use in sorted(rules.quantities.used.values(), key=lambda u: u.name):
        if _bare(use):
            continue
        why = use.assumed
        late = wording.late(use.start, use.source, until)
        if late:
            why = (why + "; " if why else "") + f"{late}, after {until}: hindsight"
        rows.append(
            {
                "parameter": use.name,
                "label": wording.label(rules.model, use.name),
                "value": use.value,
                "low": use.low,
                "high": use.high,
                "unit": use.unit or ("share" if _is_share(use.name) else "number"),
                "assumed": bool(use.assumed),
                "hindsight": bool(late),
                "why": why,
                "source": use.source or None,
                "influence": moves.get(use.name, []),
            }
        )
    return rows


def _bare(use: Use) -> bool:
    """A number that a scenario just writes down."""
    return not use.source and use.assumed == PLAIN and not use.uncertain


def bare_numbers(rules: Rules) -> int:
    """How many numbers of a scenario have neither range, nor source, nor reason."""
    return sum(map(_bare, rules.quantities.used.values()))


def _is_share(name: str) -> bool:
    return name.endswith((".share", ".of_rest")) or ".mix." in name


def influence(
    drawn: Sequence[Mapping[str, float]],
    uncertain: Sequence[str],
    measures: Mapping[str, Numbers],
    lucks: int,
) -> dict[str, list[dict[str, Any]]]:
    """Squared rank correlation, over draws, of each uncertain quantity with each measure.

    Only what stands four standard errors of an unrelated pair above nothing is told.

    Args:
        drawn: values of the quantities, one mapping a replication; `lucks` of them share a draw.
        uncertain: names of the quantities to look at.
        measures: name to (R,) values; lucks of a draw are averaged.
        lucks: replications of one draw.

    Returns:
        Quantity to a list of {measure, share}, largest share first; empty with under 10 draws.
    """
    draws = len(drawn) // lucks
    if draws < FEWEST_DRAWS:
        return {}
    inputs = {
        n: np.array([drawn[k * lucks].get(n, math.nan) for k in range(draws)]) for n in uncertain
    }
    found: dict[str, list[dict[str, Any]]] = {}
    for name, values in measures.items():
        ends = values[: draws * lucks].reshape(draws, lucks).mean(axis=1)
        if np.isnan(ends).any() or ends.std() == 0:
            continue
        for parameter, numbers in inputs.items():
            share = rank_correlation(numbers, ends) ** 2
            if share > 16.0 / draws:
                found.setdefault(parameter, []).append({"measure": name, "share": round(share, 3)})
    return {k: sorted(v, key=lambda item: -item["share"]) for k, v in found.items()}


def rank_correlation(a: Numbers, b: Numbers) -> float:
    """Spearman's rank correlation of two (n,) arrays; 0 where one is unknown or constant."""
    if np.isnan(a).any() or np.ptp(a) == 0:
        return 0.0
    return float(np.corrcoef(ranks(a), ranks(b))[0, 1])


def ranks(values: Numbers) -> Numbers:
    """(n,) ranks from 0; equal values share the mean of their ranks.

    Example:
        >>> ranks(np.array([5.0, 1.0, 5.0])).tolist()
        [1.5, 0.0, 1.5]
    """
    _, group, size = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(size)
    found: Numbers = (last - (size + 1) / 2)[group]
    return found
