"""Shares and counts with their intervals: what a number of cases says about a rate.

Every function takes arrays and works cell by cell; a share of nothing is nan, never an error.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from asylumatlas.stats.estimate.checks import Numbers, inside, part_of, whole
from asylumatlas.stats.estimate.distributions import (
    beta_quantile,
    gamma_quantile,
    normal_quantile,
)

Interval = tuple[Numbers, Numbers]
"""Lower and upper ends, in the shape of the counts."""

Estimate = tuple[Numbers, Numbers, Numbers]
"""An estimate with its lower and upper ends, in the shape of the counts."""


def share(successes: ArrayLike, trials: ArrayLike) -> Numbers:
    """Successes over trials, nan where there is no trial.

    >>> share([1, 0], [4, 0]).tolist()
    [0.25, nan]
    """
    s, n = _counts(successes, trials)
    return _over(s, n)


def wilson(successes: ArrayLike, trials: ArrayLike, level: float = 0.95) -> Interval:
    """Score interval of a share; right on average also for small counts and rare events.

    The values p that a score test at the level does not reject:
    ``(s + z²/2 ± z sqrt(s (n - s) / n + z²/4)) / (n + z²)``.

    Args:
        successes: counts, any shape.
        trials: counts that hold the successes; broadcasts.
        level: share of intervals that hold the truth.

    Returns:
        Lower and upper ends between 0 and 1; nan where there is no trial.

    Raises:
        EstimateError: a count is negative or not whole, or successes exceed trials.

    Source: Wilson 1927, Journal of the American Statistical Association 22, 209-212.

    >>> low, high = wilson(8, 10)
    >>> round(float(low), 4), round(float(high), 4)
    (0.4902, 0.9433)
    """
    s, n = _counts(successes, trials)
    return score_interval(s, n, level)


def score_interval(successes: Numbers, trials: Numbers, level: float = 0.95) -> Interval:
    """Wilson's interval for effective sizes too: neither number need be whole; nothing is checked.

    Source: the formula of `wilson`; with an effective size for the trials, Korn and Graubard 1998,
    Survey Methodology 24, 193-201.
    """
    z = _z(level)
    half = z * np.sqrt(_over(successes * (trials - successes), trials) + z * z / 4)
    middle = successes + z * z / 2
    # at 0 and n the ends are 0 and 1 exactly, which rounding would miss
    low = np.where(successes == 0, 0.0, (middle - half) / (trials + z * z))
    high = np.where(successes == trials, 1.0, (middle + half) / (trials + z * z))
    return _known(low, trials), _known(high, trials)


def exact(successes: ArrayLike, trials: ArrayLike, level: float = 0.95) -> Interval:
    """Clopper-Pearson interval of a share: never too short, so on average too long.

    The ends are quantiles of Beta(s, n - s + 1) and Beta(s + 1, n - s).

    Args and errors as for `wilson`.

    Source: Clopper and Pearson 1934, Biometrika 26, 404-413.

    >>> low, high = exact(8, 10)
    >>> round(float(low), 4), round(float(high), 4)
    (0.4439, 0.9748)
    """
    s, n = _counts(successes, trials)
    tail = (1 - inside(level, "level")) / 2
    # the sum's own parameters must be above 0: s = 0 and s = n are told apart below
    low = beta_quantile(tail, np.maximum(s, 1), n - np.minimum(s, n) + 1)
    high = beta_quantile(1 - tail, s + 1, np.maximum(n - s, 1))
    return _known(np.where(s == 0, 0.0, low), n), _known(np.where(s == n, 1.0, high), n)


def poisson(count: ArrayLike, level: float = 0.95) -> Interval:
    """Exact interval of the expected number behind a count of independent events.

    The ends are quantiles of gamma distributions with shapes ``count`` and ``count + 1``. Divide
    both by the time or the people at risk for the interval of a rate.

    Args:
        count: counts, any shape.
        level: share of intervals that hold the truth.

    Raises:
        EstimateError: a count is negative or not whole.

    Source: Garwood 1936, Biometrika 28, 437-442.

    >>> low, high = poisson(0)
    >>> round(float(low), 4), round(float(high), 4)
    (0.0, 3.6889)
    """
    k = whole(count, "count").astype(np.float64)
    tail = (1 - inside(level, "level")) / 2
    low = np.where(k == 0, 0.0, gamma_quantile(tail, np.maximum(k, 1)))
    return low, gamma_quantile(1 - tail, k + 1)


def difference(
    successes: ArrayLike,
    trials: ArrayLike,
    other_successes: ArrayLike,
    other_trials: ArrayLike,
    level: float = 0.95,
) -> Estimate:
    """First share less the other, with Newcombe's hybrid score interval.

    With Wilson's ends l1, u1 and l2, u2 the interval runs from
    ``d - sqrt((p1 - l1)² + (u2 - p2)²)`` to ``d + sqrt((u1 - p1)² + (p2 - l2)²)``. The two groups
    must be independent: no case in both.

    Returns:
        Difference, lower and upper end; nan where a group has no trial.

    Raises:
        EstimateError: a count is negative or not whole, or successes exceed trials.

    Source: Newcombe 1998, Statistics in Medicine 17, 873-890, method 10.

    >>> [round(float(value), 4) for value in difference(56, 70, 48, 80)]
    [0.2, 0.0524, 0.3339]
    """
    first, other = share(successes, trials), share(other_successes, other_trials)
    low, high = wilson(successes, trials, level)
    other_low, other_high = wilson(other_successes, other_trials, level)
    middle = first - other
    return (
        middle,
        middle - np.hypot(first - low, other_high - other),
        middle + np.hypot(high - first, other - other_low),
    )


def ratio(
    successes: ArrayLike,
    trials: ArrayLike,
    other_successes: ArrayLike,
    other_trials: ArrayLike,
    level: float = 0.95,
) -> Estimate:
    """First share over the other, with the log method's interval.

    The log ratio has variance ``1/s1 - 1/n1 + 1/s2 - 1/n2``. Where a count of successes is 0 the
    interval runs from 0 or to infinity: the method says nothing on that side.

    Returns:
        Ratio, lower and upper end; nan where a group has no trial, or neither has a success.

    Raises:
        EstimateError: a count is negative or not whole, or successes exceed trials.

    Source: Katz, Baptista, Azen and Pike 1978, Biometrics 34, 469-474.

    >>> [round(float(value), 3) for value in ratio(10, 100, 5, 100)]
    [2.0, 0.709, 5.642]
    """
    s1, n1 = _counts(successes, trials)
    s2, n2 = _counts(other_successes, other_trials)
    z = _z(level)
    middle = _over(_over(s1, n1), _over(s2, n2))
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = np.where((s2 == 0) & (s1 > 0) & (n2 > 0), np.inf, middle)
        error = np.sqrt(1 / s1 - 1 / n1 + 1 / s2 - 1 / n2)
        low, high = middle * np.exp(-z * error), middle * np.exp(z * error)
    unknown = np.isnan(middle)
    one_side = (s1 == 0) | (s2 == 0)
    low = np.where(unknown, np.nan, np.where(one_side, 0.0, low))
    return middle, low, np.where(unknown, np.nan, np.where(one_side, np.inf, high))


def _counts(successes: ArrayLike, trials: ArrayLike) -> tuple[Numbers, Numbers]:
    s, n = np.broadcast_arrays(whole(successes, "successes"), whole(trials, "trials"))
    part_of(s, n, ("successes", "trials"))
    return s.astype(np.float64), n.astype(np.float64)


def _over(part: Numbers, total: Numbers) -> Numbers:
    """Part over total, nan where the total is 0 or unknown."""
    part, total = np.broadcast_arrays(part, total)
    result = np.full(part.shape, np.nan)
    np.divide(part, total, out=result, where=total > 0)
    return result


def _known(values: Numbers, trials: Numbers) -> Numbers:
    return np.where(trials > 0, values, np.nan)


def _z(level: float) -> float:
    return normal_quantile((1 + inside(level, "level")) / 2)
