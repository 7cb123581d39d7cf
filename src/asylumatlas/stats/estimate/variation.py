"""How much deciders differ beyond chance, and TRAC's reporting rule beside it.

Judges with few decisions have extreme rates by luck alone, so the range of raw rates says more
about small numbers than about judges. Here the rates behind the decisions are taken to follow a
beta distribution over judges; its spread is the variation left when chance is taken out, and each
judge's own rate is drawn towards the mean as far as their number of decisions asks for.

Cases are taken as dealt to judges by chance within what was counted: where they are not (courts,
nationalities, years), part of the variation is theirs. Count within such groups.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from asylumatlas.stats.estimate.checks import EstimateError, Flags, Ints, Numbers, part_of, whole
from asylumatlas.stats.estimate.distributions import beta_quantile, chi_square_above
from asylumatlas.stats.estimate.shares import share

_GRID = np.linspace(-20.0, 6.0, 27)  # log overdispersion; below lies nothing one could measure
_CLOSE = 1e-6  # of the log overdispersion: a millionth of it
_GOLDEN = (np.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Variation:
    """The variation of rates between deciders with decisions.

    Attributes:
        judges: number of deciders with a decision.
        decisions: number of decisions.
        mean: mean of the fitted distribution of rates.
        overdispersion: ``1 / (alpha + beta)`` of the fitted beta distribution; 0 where the rates
            differ no more than by chance.
        between: standard deviation of the rates behind the decisions, chance taken out.
        observed: standard deviation of the raw rates, chance included.
        low: 5th percentile of the fitted distribution.
        high: 95th percentile.
        statistic: Pearson's chi-square of equal rates.
        degrees: its degrees of freedom.
        p_value: probability of so large a statistic if all had one rate; nan below two deciders.
    """

    judges: int
    decisions: int
    mean: float
    overdispersion: float
    between: float
    observed: float
    low: float
    high: float
    statistic: float
    degrees: int
    p_value: float

    def shrunken(
        self, successes: ArrayLike, trials: ArrayLike, level: float = 0.95
    ) -> tuple[Numbers, Numbers, Numbers]:
        """Each decider's rate drawn towards the mean, with its credible interval.

        The mean and the central quantiles of ``Beta(alpha + s, beta + n - s)``. A decider without
        decisions has the mean and the fitted distribution's own range. The fitted distribution is
        taken as known (empirical Bayes), so with few deciders the intervals are somewhat short.

        Args:
            successes: (n,) counts.
            trials: (n,) counts that hold the successes.
            level: probability of the interval.

        Returns:
            Rate, lower and upper end; all the mean where the overdispersion is 0.

        Raises:
            EstimateError: a count is negative or not whole, or successes exceed trials.

        Source: Robbins 1956, Third Berkeley Symposium 1, 157-163; Morris 1983, Journal of the
        American Statistical Association 78, 47-55.
        """
        s, n = _counts(successes, trials)
        if not 0 < self.mean < 1 or self.overdispersion == 0:
            same = np.full(len(s), self.mean)
            return same, same.copy(), same.copy()
        alpha, beta = self.mean / self.overdispersion, (1 - self.mean) / self.overdispersion
        first, second = alpha + s, beta + n - s
        tail = (1 - level) / 2
        low, high = (beta_quantile(p, first, second) for p in (tail, 1 - tail))
        return np.asarray(first / (first + second)), low, high


def between_judges(successes: ArrayLike, trials: ArrayLike) -> Variation:
    """Fit the spread of rates over deciders by maximum likelihood.

    Each decider's successes are beta-binomial: binomial with a rate from one beta distribution
    with mean m and overdispersion f, whose variance is ``m (1 - m) f / (1 + f)``. The likelihood is
    a product over counted steps, ``m + r f``, ``1 - m + r f`` and ``1 + r f``, so it is exact also
    where f is 0 and the model is the binomial.

    Args:
        successes: (n,) say denials, one count per decider.
        trials: (n,) decisions; deciders without any are left out.

    Returns:
        The fit, with the chi-square test of equal rates; nan where there are no decisions.

    Raises:
        EstimateError: a count is negative or not whole, successes exceed trials, or lengths differ.

    Source: Smith 1983, Applied Statistics 32, 196-204 (the likelihood); Pearson 1900, Philosophical
    Magazine 50, 157-175 (the test).

    >>> found = between_judges([50, 90, 20], [100, 100, 100])
    >>> round(found.mean, 3), round(found.between, 2), found.p_value < 1e-6
    (0.545, 0.26, True)
    """
    s, n = _counts(successes, trials)
    s, n = s[n > 0], n[n > 0]
    if not len(s):
        nan = float("nan")
        return Variation(0, 0, nan, nan, nan, nan, nan, nan, nan, 0, nan)
    mean, over = _fit(s, n)
    between = float(np.sqrt(mean * (1 - mean) * over / (1 + over)))
    low = high = mean
    if over > 0:
        low, high = (float(beta_quantile(p, mean / over, (1 - mean) / over)) for p in (0.05, 0.95))
    observed = float(np.std(s / n, ddof=1)) if len(s) > 1 else float("nan")
    statistic, p_value = _homogeneity(s, n)
    return Variation(
        *(len(s), int(n.sum()), mean, over, between, observed),
        *(low, high, statistic, len(s) - 1, p_value),
    )


def _counts(successes: ArrayLike, trials: ArrayLike) -> tuple[Ints, Ints]:
    s, n = whole(successes, "successes"), whole(trials, "trials")
    if s.shape != n.shape or s.ndim != 1:
        raise EstimateError(
            f"successes, trials: shapes {s.shape} and {n.shape}; give one count per judge to each"
        )
    part_of(s, n, ("successes", "trials"))
    return s, n


def _homogeneity(s: Ints, n: Ints) -> tuple[float, float]:
    """Pearson's chi-square of equal rates and its p-value."""
    pooled = s.sum() / n.sum()
    if len(s) < 2:
        return float("nan"), float("nan")
    if pooled in (0.0, 1.0):
        return 0.0, 1.0
    statistic = float((((s - n * pooled) ** 2) / (n * pooled * (1 - pooled))).sum())
    return statistic, float(chi_square_above(statistic, len(s) - 1))


class _Likelihood:
    """Log-likelihood of the beta-binomial as counts of steps, r = 0, 1, 2, ..."""

    def __init__(self, s: Ints, n: Ints) -> None:
        self.successes = _more_than(s)
        self.failures = _more_than(n - s)
        self.trials = _more_than(n)

    def mean(self, over: float, start: float) -> float:
        """The most likely mean at an overdispersion; the likelihood is concave in it."""
        low, high, m = 0.0, 1.0, start
        up_steps, down_steps = (over * np.arange(len(c)) for c in (self.successes, self.failures))
        for _ in range(100):
            up, down = m + up_steps, 1 - m + down_steps
            slope = (self.successes / up).sum() - (self.failures / down).sum()
            curve = (self.successes / up**2).sum() + (self.failures / down**2).sum()
            low, high = (m, high) if slope > 0 else (low, m)
            following = m + slope / curve
            if abs(following - m) < 1e-13:
                break
            m = following if low < following < high else (low + high) / 2
        return float(m)

    def at(self, over: float, m: float) -> float:
        """Log-likelihood, up to a constant."""
        up = self.successes @ np.log(m + over * np.arange(len(self.successes)))
        down = self.failures @ np.log(1 - m + over * np.arange(len(self.failures)))
        return float(up + down - self.trials @ np.log1p(over * np.arange(len(self.trials))))


def _more_than(counts: Ints) -> Numbers:
    """How many counts exceed r, for r = 0, 1, ... up to the largest."""
    exactly = np.bincount(counts)
    return np.asarray(exactly[::-1].cumsum()[::-1][1:], np.float64)


def _fit(s: Ints, n: Ints) -> tuple[float, float]:
    """Most likely mean and overdispersion: the best of a grid, then golden sections around it."""
    pooled = float(s.sum() / n.sum())
    if pooled in (0.0, 1.0) or len(s) < 2:
        return pooled, 0.0  # nothing differs
    likelihood = _Likelihood(s, n)

    start = pooled

    def profile(log_over: float) -> tuple[float, float]:
        nonlocal start
        over = float(np.exp(log_over))
        start = likelihood.mean(over, start)
        return likelihood.at(over, start), start

    found = [profile(point)[0] for point in _GRID]
    best = int(np.argmax(found))
    low, high = _GRID[max(best - 1, 0)], _GRID[min(best + 1, len(_GRID) - 1)]
    middle = _highest(lambda point: profile(point)[0], float(low), float(high))
    value, mean = profile(middle)
    # rounding makes the likelihood flat to about 1e-9: no gain over the binomial is none
    if value <= likelihood.at(0.0, pooled) + 1e-7:
        return pooled, 0.0
    return mean, float(np.exp(middle))


def _highest(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function with one peak between two points is highest, by golden sections."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = function(left), function(right)
    while high - low > _CLOSE:
        if at_left >= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = function(right)
    return (low + high) / 2


@dataclass(frozen=True)
class Trac:
    """What TRAC's rule would report, and how far apart the reported rates lie.

    Attributes:
        judges: (judges,) True where a judge has enough decisions over the span.
        years: (judges, years) True where a reported judge has enough decisions in the year.
        rate: (judges,) successes over decisions in the span; nan where not reported.
        yearly: (judges, years) the same by year; nan where not reported.
        low: lowest rate reported; nan where none is.
        high: highest rate reported.
        quarter: 25th percentile of the reported rates.
        median: their median.
        three_quarters: their 75th percentile.
    """

    judges: Flags
    years: Flags
    rate: Numbers
    yearly: Numbers
    low: float
    high: float
    quarter: float
    median: float
    three_quarters: float


def trac_rule(
    decisions_by_year: ArrayLike,
    successes_by_year: ArrayLike | None = None,
    at_least: int = 100,
    a_year: int = 25,
) -> Trac:
    """Which judges TRAC's reports would show, with the range of their raw rates.

    TRAC shows a judge with at least 100 decisions over the span of a report, and a year of theirs
    with at least 25 decisions. Rates are raw: chance is not taken out.

    Args:
        decisions_by_year: (judges, years) decisions.
        successes_by_year: (judges, years) say denials; without them only who is reported is told.
        at_least: decisions over the span.
        a_year: decisions in a year.

    Raises:
        EstimateError: a count is negative or not whole, or successes exceed decisions.

    Source: TRAC, Syracuse University, notes to its judge-by-judge reports.

    >>> found = trac_rule([[60, 60], [90, 5], [200, 10]], [[30, 30], [9, 1], [150, 5]])
    >>> found.judges.tolist(), found.years.tolist()
    ([True, False, True], [[True, True], [False, False], [True, False]])
    >>> found.low, round(found.high, 3)
    (0.5, 0.738)
    """
    decisions = whole(decisions_by_year, "decisions_by_year")
    if decisions.ndim != 2:
        raise EstimateError("decisions_by_year: one row per judge and one column per year, please")
    judges = decisions.sum(axis=1) >= at_least
    years = judges[:, None] & (decisions >= a_year)
    rate = np.full(len(decisions), np.nan)
    yearly = np.full(decisions.shape, np.nan)
    if successes_by_year is not None:
        successes = whole(successes_by_year, "successes_by_year")
        rate = np.where(judges, share(successes.sum(axis=1), decisions.sum(axis=1)), np.nan)
        yearly = np.where(years, share(successes, decisions), np.nan)
    shown = rate[~np.isnan(rate)]
    points = np.quantile(shown, (0, 1, 0.25, 0.5, 0.75)) if len(shown) else np.full(5, np.nan)
    low, high, quarter, median, three_quarters = points.tolist()
    return Trac(judges, years, rate, yearly, low, high, quarter, median, three_quarters)
