"""Ranges over replications: how far apart simulated worlds are, and what that is due to.

A replication is one draw of the parameters and one luck. The range over replications is what the
model leaves open; the one-way analysis of variance over draws tells luck from parameters. A
replication in which a statistic has no denominator is nan: left out, and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from asylumatlas.stats.estimate.checks import EstimateError, Flags, Ints, Numbers, inside, whole
from asylumatlas.stats.estimate.distributions import student_quantile


def quantiles(values: ArrayLike, p: Sequence[float]) -> Numbers:
    """(len(p), ...) quantiles over the first axis, values that occur, nan left out.

    The smallest value that at least a share p of the known values does not exceed: the inverse of
    the empirical distribution (Hyndman and Fan 1996, The American Statistician 50, 361-365, type
    1). nan where nothing is known.

    >>> quantiles([3.0, 1.0, float("nan"), 2.0], [0.5, 1.0]).tolist()
    [2.0, 3.0]
    """
    ordered = np.sort(np.asarray(values, np.float64), axis=0)  # nan goes last
    known = len(ordered) - np.isnan(ordered).sum(axis=0)
    if not len(ordered):
        return np.full((len(p), *ordered.shape[1:]), np.nan)
    places = [np.clip(np.ceil(known * share) - 1, 0, None).astype(np.int64) for share in p]
    return np.stack([np.take_along_axis(ordered, place[None], axis=0)[0] for place in places])


def bands(values: ArrayLike, levels: Sequence[float] = (0.8, 0.95)) -> dict[str, Numbers]:
    """Median and central ranges over replications.

    Args:
        values: (replications, ...) a statistic in each replication; nan where it has none.
        levels: shares of the replications that the ranges hold.

    Returns:
        ``median``, ``low80``, ``high80``, ``low95``, ``high95`` (named by the levels), nan where
        no replication has a value; and ``replications``, the number that has one.

    Raises:
        EstimateError: a level is not between 0 and 1.

    >>> found = bands([[1.0], [2.0], [3.0], [4.0], [5.0]], levels=[0.6])
    >>> {name: value.item() for name, value in found.items()}
    {'median': 3.0, 'low60': 1.0, 'high60': 4.0, 'replications': 5}
    """
    given = np.asarray(values, np.float64)
    shares = [0.5]
    names = ["median"]
    for level in levels:
        # decimal, so that 0.8 gives 0.1 and 0.9 and not their neighbours
        tail = round((1 - inside(level, "levels")) / 2, 12)
        shares += [tail, 1 - tail]
        names += [f"low{100 * level:g}", f"high{100 * level:g}"]
    found = dict(zip(names, quantiles(given, shares), strict=True))
    return {**found, "replications": np.asarray((~np.isnan(given)).sum(axis=0))}


class Split(NamedTuple):
    """Where the variance over replications comes from; each in the shape of one replication.

    Attributes:
        total: variance of one replication with its own draw and luck.
        luck: variance over lucks with the parameters as they are.
        parameters: variance over draws of what would be expected without luck.
        luck_share: luck over total; 0 where nothing varies.
        parameter_share: parameters over total; 0 where nothing varies.
    """

    total: Numbers
    luck: Numbers
    parameters: Numbers
    luck_share: Numbers
    parameter_share: Numbers


def split(values: ArrayLike, draw: ArrayLike) -> Split:
    """Luck told apart from parameters, by the one-way random-effects analysis of variance.

    ``luck = MSW`` and ``parameters = (MSB - MSW) / n0`` with
    ``n0 = (N - sum(n_i²) / N) / (k - 1)`` for k draws of n_i replications each; a negative estimate
    counts as 0. nan where there are fewer than two draws, or no draw with two replications.

    Args:
        values: (replications, ...) a statistic in each replication; nan is left out.
        draw: (replications,) which draw of the parameters a replication has.

    Raises:
        EstimateError: lengths differ, or a draw is not a whole number from 0.

    Source: Searle, Casella and McCulloch 1992, Variance Components, section 3.6.

    >>> found = split([1.0, 3.0, 5.0, 7.0], draw=[0, 0, 1, 1])
    >>> float(found.luck), float(found.parameters)
    (2.0, 7.0)
    """
    given = np.asarray(values, np.float64)
    by = _draws(draw, len(given))
    sums = _by_draw(given, by)
    size, k = sums.size, (sums.size > 0).sum(axis=0)
    everyone = size.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = sums.total / size
        within = _squares(given - np.where(size > 0, means, 0.0)[by])
        grand = sums.total.sum(axis=0) / everyone
        between = np.nansum(size * (means - grand) ** 2, axis=0)
        usual = (everyone - (size**2).sum(axis=0) / everyone) / (k - 1)
        luck = within / (everyone - k)
        parameters = np.maximum((between / (k - 1) - luck) / usual, 0.0)
    known = (k > 1) & (everyone > k)
    luck, parameters = np.where(known, luck, np.nan), np.where(known, parameters, np.nan)
    total = luck + parameters
    shares = []
    for part in (luck, parameters):
        share = np.where(known, 0.0, np.nan)
        np.divide(part, total, out=share, where=known & (total > 0))
        shares.append(share)
    return Split(total, luck, parameters, *shares)


@dataclass(frozen=True)
class Difference:
    """One set of replications less another.

    Attributes:
        median: median of the difference.
        low: lower end of the central range of the difference.
        high: upper end.
        mean: mean of the difference, each draw of the parameters counting once.
        mean_low: lower end of Student's interval for the mean.
        mean_high: upper end.
        replications: differences that could be taken.
        paired: whether a replication was compared with its own twin.
    """

    median: Numbers
    low: Numbers
    high: Numbers
    mean: Numbers
    mean_low: Numbers
    mean_high: Numbers
    replications: Ints
    paired: bool


def paired_difference(
    first: ArrayLike, other: ArrayLike, draw: ArrayLike | None = None, level: float = 0.95
) -> Difference:
    """First less other, replication by replication: the same people with the same luck.

    The range from ``low`` to ``high`` holds the level's share of replications: what is not known
    about the effect. ``mean_low`` to ``mean_high`` says how exactly the mean is known; replications
    of one draw are not independent, so Student's interval is over the means of the draws.

    Args:
        first: (replications, ...) a statistic in each replication; nan where it has none.
        other: the same in the other run; a pair with a nan is left out.
        draw: (replications,) which draw of the parameters a replication has; each its own if left
            out.
        level: share of replications, or of intervals, that hold the truth.

    Raises:
        EstimateError: shapes differ, or a draw is not a whole number from 0.

    Source: Student 1908, Biometrika 6, 1-25.

    >>> found = paired_difference([3.0, 5.0, 4.0], [1.0, 2.0, 3.0])
    >>> float(found.median), float(found.mean), round(float(found.mean_low), 3)
    (2.0, 2.0, -0.484)
    """
    a, b = np.asarray(first, np.float64), np.asarray(other, np.float64)
    if a.shape != b.shape:
        raise EstimateError(
            f"first, other: shapes {a.shape} and {b.shape} cannot be paired; use the same "
            "replications or unpaired_difference"
        )
    change = a - b
    means = _draw_means(change, draw)
    size, mean, error = _mean_and_error(means)
    half = error * _student(level, np.maximum(size - 1, 1))
    tail = round((1 - inside(level, "level")) / 2, 12)
    low, median, high = quantiles(change, (tail, 0.5, 1 - tail))
    known = np.asarray((~np.isnan(change)).sum(axis=0))
    return Difference(median, low, high, mean, mean - half, mean + half, known, True)


def unpaired_difference(
    first: ArrayLike,
    other: ArrayLike,
    draw: ArrayLike | None = None,
    other_draw: ArrayLike | None = None,
    level: float = 0.95,
) -> Difference:
    """First less other where the replications have nothing in common.

    The range is of every replication of one less every replication of the other. The mean has
    Welch's interval over the means of the draws.

    Args:
        first: (replications, ...) a statistic in each replication; nan is left out.
        other: (other replications, ...) the same in the other run.
        draw: (replications,) which draw a replication has; each its own if left out.
        other_draw: the same in the other run.
        level: share of differences, or of intervals, that hold the truth.

    Raises:
        EstimateError: shapes differ past the first axis, or a draw is not a whole number from 0.

    Source: Welch 1947, Biometrika 34, 28-35.

    >>> found = unpaired_difference([3.0, 5.0], [1.0, 2.0])
    >>> float(found.median), float(found.mean)
    (2.0, 2.5)
    """
    a, b = np.asarray(first, np.float64), np.asarray(other, np.float64)
    if a.shape[1:] != b.shape[1:]:
        raise EstimateError(
            f"first, other: shapes {a.shape} and {b.shape} differ past the replications; "
            "compare the same statistic"
        )
    size, mean, error = _mean_and_error(_draw_means(a, draw))
    other_size, other_mean, other_error = _mean_and_error(_draw_means(b, other_draw))
    variance = error**2 + other_error**2
    with np.errstate(divide="ignore", invalid="ignore"):
        degrees = variance**2 / (error**4 / (size - 1) + other_error**4 / (other_size - 1))
    half = np.sqrt(variance) * _student(level, np.where(np.isfinite(degrees), degrees, 1.0))
    change = (a[:, None] - b[None]).reshape(-1, *a.shape[1:])
    tail = round((1 - inside(level, "level")) / 2, 12)
    low, median, high = quantiles(change, (tail, 0.5, 1 - tail))
    known = np.asarray((~np.isnan(change)).sum(axis=0))
    middle = mean - other_mean
    return Difference(median, low, high, middle, middle - half, middle + half, known, False)


class _Sums(NamedTuple):
    """(draws, ...) numbers of known values and their sums."""

    size: Numbers
    total: Numbers


def _draws(draw: ArrayLike | None, size: int) -> Ints:
    by = np.arange(size) if draw is None else whole(draw, "draw")
    if by.shape != (size,):
        raise EstimateError(f"draw: {by.shape} for {size} replications; give one for each")
    return np.unique(by, return_inverse=True)[1]


def _by_draw(values: Numbers, by: Ints) -> _Sums:
    known: Flags = ~np.isnan(values)
    shape = (int(by.max(initial=-1)) + 1, *values.shape[1:])
    size, total = np.zeros(shape), np.zeros(shape)
    np.add.at(size, by, known)
    np.add.at(total, by, np.where(known, values, 0.0))
    return _Sums(size, total)


def _draw_means(values: Numbers, draw: ArrayLike | None) -> Numbers:
    """(draws, ...) means of the known values of each draw."""
    sums = _by_draw(values, _draws(draw, len(values)))
    result = np.full(sums.size.shape, np.nan)
    np.divide(sums.total, sums.size, out=result, where=sums.size > 0)
    return result


def _mean_and_error(values: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Known values, their mean and its standard error; nan below two values."""
    size = (~np.isnan(values)).sum(axis=0).astype(np.float64)
    mean = _mean(values)
    squares = _squares(values - mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(size > 1, np.sqrt(squares / (size - 1) / size), np.nan)
    return size, mean, error


def _mean(values: Numbers) -> Numbers:
    size = (~np.isnan(values)).sum(axis=0)
    total = np.nansum(values, axis=0)
    result = np.full(np.shape(total), np.nan)
    np.divide(total, size, out=result, where=size > 0)
    return result


def _squares(values: Numbers) -> Numbers:
    return np.asarray(np.nansum(values**2, axis=0))


def _student(level: float, degrees: Numbers) -> Numbers:
    return student_quantile((1 + inside(level, "level")) / 2, np.maximum(degrees, 1e-3))
