"""History matching: which part of the ranges no target rules out, found wave by wave.

A draw is ruled out where an answer lies more than three standard deviations from its target, the
variance being that of the figure plus that of the discrepancy (Craig and others 1997). As the part
that is left may be a millionth of the ranges, each wave lowers the threshold to what one draw in
five meets and walks on from those draws (subset simulation, Au and Beck 2001).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from asylumatlas.calibrate.likelihood import Likelihood, kept
from asylumatlas.calibrate.problem import Floats, Problem

THRESHOLD = 3.0  # standard deviations; Pukelsheim's rule: any single-topped law, 95 % and more
KEPT = 0.2  # share of a wave that goes on
MOVES = 4  # steps that each draw walks in a wave


@dataclass(frozen=True)
class Wave:
    """One wave.

    Attributes:
        threshold: implausibility up to which a draw went on.
        share: share of the wave's draws that went on.
        left: share of the ranges' probability that is left, all waves together.
        worst: the target that ruled out most draws.
    """

    threshold: float
    share: float
    left: float
    worst: str


@dataclass(frozen=True)
class Matched:
    """What history matching leaves.

    Attributes:
        theta: (N, P) draws that are not ruled out, evenly over their part of the ranges; the
            nearest draws there were, where all are ruled out.
        implausibility: (N,) of each.
        waves: one for each wave.
    """

    theta: Floats
    implausibility: Floats
    waves: tuple[Wave, ...]

    @property
    def ruled_out(self) -> bool:
        """Whether no draw was within the threshold in the end."""
        return self.waves[-1].threshold > THRESHOLD


def match(
    problem: Problem,
    rng: np.random.Generator,
    *,
    draws: int = 400,
    waves: int = 12,
    forgiven: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Matched:
    """Rule out the draws that no combination of errors explains.

    Args:
        problem: what is fitted.
        rng: its random numbers.
        draws: draws in a wave.
        waves: most waves.
        forgiven: targets that a draw may miss: 1 uses the second-largest implausibility, so that
            one wrong figure does not empty the ranges.
        progress: called with (waves done, most waves).
    """
    likelihood = Likelihood(problem)
    seen = problem.targets.fitted
    rank = min(forgiven, len(seen) - 1) + 1

    def far_of(level: Floats) -> tuple[Floats, Floats]:
        far = likelihood.implausibility(problem.prior.value(level))
        return kept(far, seen, rank), far

    level = problem.prior.level(problem.prior.sample(draws, rng))
    distance, far = far_of(level)
    told: list[Wave] = []
    left = 1.0
    for number in range(waves):
        threshold = max(THRESHOLD, float(np.quantile(distance, KEPT, method="lower")))
        inside = distance <= threshold
        left *= float(inside.mean())
        ruling = np.bincount(seen[far[:, seen].argmax(axis=1)], minlength=len(problem.targets))
        worst = problem.targets.names[int(ruling.argmax())]
        told.append(Wave(threshold, float(inside.mean()), left, worst))
        if progress:
            progress(number + 1, waves)
        if threshold <= THRESHOLD or number + 1 == waves:
            break
        chosen = np.resize(np.flatnonzero(inside), draws)
        level, distance, far = _walk(
            (level[chosen], distance[chosen], far[chosen]), threshold, far_of, rng
        )
    theta = problem.prior.value(level[inside])
    return Matched(theta, distance[inside], tuple(told))


def _walk(
    here: tuple[Floats, Floats, Floats],
    threshold: float,
    far_of: Callable[[Floats], tuple[Floats, Floats]],
    rng: np.random.Generator,
) -> tuple[Floats, Floats, Floats]:
    """Let draws walk, evenly over what is below a threshold: Metropolis steps of differences."""
    level, distance, far = (part.copy() for part in here)
    count, unknowns = level.shape
    scale = 1.68 / np.sqrt(unknowns)  # 2.38 / sqrt(2 P), ter Braak 2006
    for _ in range(MOVES):
        one, other = (rng.permutation(count) for _ in range(2))
        step = scale * (level[one] - level[other]) + rng.normal(0, 1e-3, level.shape)
        tried = _reflected(level + step)
        there, far_there = far_of(tried)
        taken = there <= threshold
        level[taken], distance[taken], far[taken] = tried[taken], there[taken], far_there[taken]
        rate = taken.mean()
        scale *= 1.5 if rate > 0.4 else 0.6 if rate < 0.15 else 1.0
    return level, distance, far


def _reflected(level: Floats) -> Floats:
    """Levels sent back inside 0 to 1, as light by mirrors."""
    folded: Floats = 1 - np.abs(1 - np.mod(level, 2))
    return folded
