"""Laws of waiting as tables: 1,024 quantiles, so that every back end agrees to the day."""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from asylumatlas.scenario.amounts import Delay
from asylumatlas.sim.tables import DELAY_STEPS
from asylumatlas.sim.uncertainty import Draw


@cache
def _steps() -> NDArray[np.float64]:
    """Midpoints of 1,024 equal steps of probability."""
    steps: NDArray[np.float64] = (np.arange(DELAY_STEPS) + 0.5) / DELAY_STEPS
    return steps


@cache
def _normal() -> NDArray[np.float64]:
    """Standard normal quantiles at the steps."""
    return np.array([NormalDist().inv_cdf(float(p)) for p in _steps()])


def delay_table(delay: Delay, draw: Draw, key: str) -> NDArray[np.int64]:
    """Quantiles of a delay in whole days, rounded to the nearest day.

    Args:
        delay: the law.
        draw: supplies its quantities.
        key: key path, the name of quantities written in the law.

    Returns:
        (1024,) int64 days, not decreasing.
    """

    def number(name: str) -> float:
        return draw.of(getattr(delay, name), f"{key}.{name}")

    p = _steps()
    if delay.law == "fixed":
        days = np.full(DELAY_STEPS, number("days"))
    elif delay.law == "uniform":
        low, high = number("low"), number("high")
        low, high = min(low, high), max(low, high)
        days = low - 0.5 + p * (high - low + 1)
    elif delay.law == "exponential":
        days = -number("mean") * np.log1p(-p)
    else:
        median, p90 = number("median"), number("p90")
        sigma = max(math.log(max(p90, median) / median), 0.0) / NormalDist().inv_cdf(0.9)
        days = median * np.exp(sigma * _normal())
    table: NDArray[np.int64] = np.clip(np.rint(days), delay.least, delay.most).astype(np.int64)
    return table


def poisson_counts(mean: NDArray[np.float64], uniform: NDArray[np.float64]) -> NDArray[np.int64]:
    """Poisson counts by inversion: a day's count depends on that day's uniform and mean only.

    Args:
        mean: (T,) expected people a day, at most 700 (above, a rounded normal quantile is used).
        uniform: (T,) numbers in [0, 1).
    """
    counts = np.zeros(len(mean), np.int64)
    for value in np.unique(mean):
        days = mean == value
        if value > 700:
            z = np.array([NormalDist().inv_cdf(max(float(u), 1e-12)) for u in uniform[days]])
            counts[days] = np.maximum(np.rint(value + math.sqrt(value) * z), 0).astype(np.int64)
        elif value > 0:
            counts[days] = np.searchsorted(_poisson_cdf(float(value)), uniform[days], side="right")
    return counts


@cache
def _poisson_cdf(mean: float) -> NDArray[np.float64]:
    k = np.arange(int(mean + 12 * math.sqrt(mean) + 20))
    log_terms = k * math.log(mean) - mean - np.array([math.lgamma(i + 1.0) for i in k])
    cdf: NDArray[np.float64] = np.cumsum(np.exp(log_terms))
    return cdf


def whole(amounts: NDArray[np.float64]) -> NDArray[np.int64]:
    """Whole numbers a day whose running sum stays within one of the running sum of `amounts`."""
    totals = np.floor(np.cumsum(amounts) + 0.5)
    counts: NDArray[np.int64] = np.diff(totals, prepend=0.0).astype(np.int64)
    return counts


@cache
def _normal_grid() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return _steps(), _normal()


def day_factors(relative_sd: float, uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positive factors with mean 1 and the given relative standard deviation (lognormal law)."""
    sigma = math.sqrt(math.log1p(relative_sd**2))
    z = np.interp(uniform, *_normal_grid())
    factors: NDArray[np.float64] = np.exp(sigma * z - sigma * sigma / 2)
    return factors
