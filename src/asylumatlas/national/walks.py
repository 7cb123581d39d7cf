"""Random walks for what nobody knows of the years to come, fitted draw by draw.

One law for all: ``x[t+1] = persistence * x[t] + drift + error``. Drift and spread of the errors
have the conjugate prior (normal and scaled inverse chi-square), so that their posterior given a few
yearly changes is drawn exactly; the errors are Student-t, because years such as FY2021 happen.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Walk", "extend", "posterior"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Walk:
    """The prior of one walk.

    Attributes:
        spread: Prior scale of a year's error, in the unit of the walk.
        spread_years: How many years of data the prior of the spread is worth.
        drift_years: How many years without drift the prior is worth; infinite: never a drift.
        persistence: 1 for a random walk, below 1 for a return to zero.
        tails: Degrees of freedom of the errors, above 2; infinite for a normal law.
    """

    spread: float
    spread_years: float = 4.0
    drift_years: float = np.inf
    persistence: float = 1.0
    tails: float = 5.0


def posterior(walk: Walk, past: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw drift and spread given the past.

    Args:
        walk: The prior.
        past: The series of each draw (draws, years); changes to or from nan do not count.
        rng: Source of luck.

    Returns:
        Drift (draws,) and spread (draws,) of a year's error.

    Example:
        >>> drift, spread = posterior(Walk(0.1), np.zeros((2, 3)), np.random.default_rng(1))
        >>> drift.tolist(), bool((spread > 0.0).all())
        ([0.0, 0.0], True)
    """
    draws = past.shape[0]
    luck = rng.standard_normal(draws)
    changes = past[:, 1:] - walk.persistence * past[:, :-1]
    known = np.isfinite(changes)
    count = known.sum(axis=1)
    mean = np.where(known, changes, 0.0).sum(axis=1) / np.maximum(count, 1)
    around = (np.where(known, changes - mean[:, None], 0.0) ** 2).sum(axis=1)
    if np.isinf(walk.drift_years):
        weight = np.zeros(draws)
        around = around + count * mean**2
    else:
        weight = count / (count + walk.drift_years)
        around = around + walk.drift_years * weight * mean**2
    freedom = walk.spread_years + count
    total = walk.spread_years * walk.spread**2 + around
    spread = np.sqrt(total / rng.chisquare(freedom))
    if np.isinf(walk.drift_years):
        return np.zeros(draws), spread
    drift = weight * mean + luck * spread / np.sqrt(count + walk.drift_years)
    return drift, spread


def extend(walk: Walk, last: Floats, past: Floats, years: int, rng: np.random.Generator) -> Floats:
    """Draw the years to come.

    A longer extension begins with the shorter one of the same source of luck.

    Args:
        walk: The prior.
        last: Where each draw stands (draws,).
        past: Its past (draws, years); see `posterior`.
        years: How many years.
        rng: Source of luck.

    Returns:
        The series of each draw (draws, years).
    """
    drift, spread = posterior(walk, past, rng)
    out = np.empty((len(last), years))
    now = last
    for year in range(years):
        now = walk.persistence * now + drift + spread * _errors(walk.tails, len(last), rng)
        out[:, year] = now
    return out


def _errors(tails: float, draws: int, rng: np.random.Generator) -> Floats:
    """Errors of unit variance."""
    normal = rng.standard_normal(draws)
    if np.isinf(tails):
        return normal
    return normal * np.sqrt((tails - 2.0) / (2.0 * rng.standard_gamma(0.5 * tails, draws)))
