"""How well a draw meets the targets: log likelihood, log posterior, implausibility.

The synthetic likelihood: each target is normal about the cheap model's answer plus the mean
discrepancy, its variance that of the figure plus that of the discrepancy (Kennedy and O'Hagan
2001, with the discrepancy trained beforehand). A sampler works on the logits of the levels of the
prior's laws, where no range ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asylumatlas.calibrate.problem import EDGE, Floats, Problem

LOG_TWO_PI = float(np.log(2 * np.pi))


@dataclass(frozen=True)
class Likelihood:
    """A problem, ready to be asked about many draws at once.

    Attributes:
        problem: what is fitted.
    """

    problem: Problem

    def centred(self, theta: Floats) -> tuple[Floats, Floats]:
        """Return what is left of each target, and its standard deviation.

        Args:
            theta: (N, P) unknowns.

        Returns:
            (N, K) target less answer less discrepancy; (N, K) standard deviation.
        """
        targets, misfit = self.problem.targets, self.problem.discrepancy
        left = targets.values - self.problem.simulate(theta)
        if misfit is None:
            return left, np.broadcast_to(targets.sd, left.shape)
        mean, spread = misfit.both(theta)
        return left - mean, np.hypot(targets.sd, spread)

    def log_likelihood(self, theta: Floats) -> Floats:
        """(N,) log likelihood of the fitted targets; minus infinity where an answer is missing."""
        left, sd = self.centred(theta)
        seen = self.problem.targets.fitted
        with np.errstate(invalid="ignore", over="ignore"):
            each = -0.5 * (left[:, seen] / sd[:, seen]) ** 2 - np.log(sd[:, seen]) - LOG_TWO_PI / 2
        total = each.sum(axis=1)
        found: Floats = np.where(np.isfinite(total), total, -np.inf)
        return found

    def implausibility(self, theta: Floats) -> Floats:
        """(N, K) distance of each answer from its target, in standard deviations."""
        left, sd = self.centred(theta)
        with np.errstate(invalid="ignore"):
            far = np.abs(left / sd)
        found: Floats = np.where(np.isfinite(far), far, np.inf)
        return found

    def log_posterior(self, free: Floats) -> Floats:
        """(N,) log posterior density over free coordinates (see `theta`)."""
        level = logistic(free)
        # The law's own density cancels with the change of coordinates: what stays is the logistic.
        with np.errstate(divide="ignore"):
            jacobian = (np.log(level) + np.log1p(-level)).sum(axis=1)
        inside = ((level > EDGE) & (level < 1 - EDGE)).all(axis=1)
        found = np.full(len(free), -np.inf)
        if inside.any():
            values = self.problem.prior.value(level[inside])
            found[inside] = self.log_likelihood(values) + jacobian[inside]
        return found

    def theta(self, free: Floats) -> Floats:
        """(N, P) unknowns at free coordinates: logits of the levels of their laws."""
        return self.problem.prior.value(logistic(free))

    def free(self, theta: Floats) -> Floats:
        """(N, P) free coordinates of unknowns: the inverse of `theta`."""
        level = np.clip(self.problem.prior.level(theta), 2 * EDGE, 1 - 2 * EDGE)
        found: Floats = np.log(level) - np.log1p(-level)
        return found


def logistic(free: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)) without overflow.

    Example:
        >>> logistic(np.array([0.0, -800.0])).tolist()
        [0.5, 0.0]
    """
    small = np.exp(-np.abs(free))
    found: Floats = np.where(free >= 0, 1 / (1 + small), small / (1 + small))
    return found


def kept(far: Floats, seen: NDArray[np.intp], rank: int) -> Floats:
    """(N,) the `rank`-th largest implausibility of each draw over the targets that count.

    Args:
        far: (N, K) implausibilities.
        seen: places of the fitted targets.
        rank: 1 for the largest; 2 forgives one target.
    """
    place = max(len(seen) - rank, 0)
    found: Floats = np.sort(far[:, seen], axis=1)[:, place]
    return found
