"""Tails of the beta and gamma distributions, and the way back from a tail to its point.

Numpy only and vectorised, so that an interval for a hundred thousand groups is one call and no
statistics library is loaded. Parameters up to 1e8 and beyond keep 10 digits or more: every density
is written about its centre with Stirling's remainder (Loader 2000, "Fast and accurate computation
of binomial probabilities"), so no large numbers cancel.

The beta is handled on the scale of the log odds and the gamma on the log scale. There the density,
and with it each tail, is log-concave (Prékopa 1973), so Newton's method on the log of the smaller
tail climbs to the quantile without overshooting.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from asylumatlas.stats.estimate.checks import Flags, Numbers

_BERNOULLI = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
_SHIFT = 10  # from here on Stirling's series holds to the last digit
# from here on the density is so near a bell that quadrature is exact, and faster than a fraction
_SMOOTH_BETA, _SMOOTH_GAMMA = 5_000.0, 300.0
_BATCH = 8_192  # rows that fit the processor's cache
_REACH = 14.0  # standard deviations that quadrature goes down from the centre
_NODES = 40
_TINY = 1e-300
_STEPS = 60  # Newton steps; 3 to 5 are usual
_FRACTIONS = 5_000  # steps of a continued fraction; 10 to 50 are usual


def stirling_remainder(a: Numbers) -> Numbers:
    """Log-gamma less Stirling's leading terms, for ``a`` above 0.

    The remainder is ``lgamma(a) - ((a - 1/2) log a - a + log(2 pi) / 2)``, near ``1 / (12 a)``.

    Source: Whittaker and Watson, A Course of Modern Analysis, 12.33.
    """
    low = a < _SHIFT
    shifted = np.where(low, a + _SHIFT, a)
    inverse = 1.0 / shifted
    series = np.zeros_like(shifted)
    for coefficient in reversed(_BERNOULLI):
        series = series * inverse * inverse + coefficient
    series *= inverse
    if np.any(low):
        base = a[low]
        product = np.log(np.prod([base + k for k in range(_SHIFT)], axis=0))
        high = base + _SHIFT
        leading = (high - 0.5) * np.log(high) - high - ((base - 0.5) * np.log(base) - base)
        series[low] += leading - product
    return series


class Beta:
    """Beta distributions on the scale w = log odds less the log odds of the mean."""

    def __init__(self, a: Numbers, b: Numbers, centre: Numbers | None = None) -> None:
        self.a, self.b = a, b
        self.n = a + b
        if centre is None:
            centre = 0.5 * np.log(a / self.n * b / (2 * np.pi)) + stirling_remainder(self.n)
            centre -= stirling_remainder(a) + stirling_remainder(b)
        self.centre = centre
        self.spread = np.sqrt(1.0 / a + 1.0 / b)
        self.smooth = np.minimum(a, b) >= _SMOOTH_BETA

    def only(self, rows: NDArray[np.int64] | Flags) -> Beta:
        """The distributions at ``rows``."""
        return Beta(self.a[rows], self.b[rows], self.centre[rows])

    def log_density(self, w: Numbers) -> Numbers:
        """Log of the density by ``w``, one row per distribution."""
        terms = (self.a, self.b, self.n, self.centre)
        a, b, n, centre = (v[:, None] if w.ndim == 2 else v for v in terms)
        # from the smaller parameter's side, where the terms that cancel are small
        mine = np.where(a <= b, w, -w)
        small = np.minimum(a, b)
        inner = np.minimum(mine, 600.0)
        rise = np.log1p(small / n * np.expm1(inner)) + (mine - inner)
        return np.asarray(small * mine - n * rise + centre)

    def start(self, p: float) -> Numbers:
        """A first guess of the ``p`` quantile."""
        return np.asarray(NormalDist().inv_cdf(p) * self.spread)

    def tail(self, w: Numbers) -> Numbers:
        """Log of the lower tail at ``w``, by the continued fraction of the smaller side."""
        lower = w <= 0
        a, b = np.where(lower, self.a, self.b), np.where(lower, self.b, self.a)
        value = self.log_density(w) + np.log(_beta_fraction(a, b, -np.abs(w)))
        return np.where(lower, value, _rest(value))


class Gamma:
    """Gamma distributions with scale 1 on the scale w = log(x / a), or mirrored: log(a / x).

    The lower tail of the mirrored distribution is the upper tail of the distribution.
    """

    def __init__(self, a: Numbers, mirrored: bool = False, centre: Numbers | None = None) -> None:
        self.a = a
        self.sign = -1.0 if mirrored else 1.0
        if centre is None:
            centre = 0.5 * np.log(a / (2 * np.pi)) - stirling_remainder(a)
        self.centre = centre
        self.spread = 1.0 / np.sqrt(a)
        self.smooth = a >= _SMOOTH_GAMMA

    def only(self, rows: NDArray[np.int64] | Flags) -> Gamma:
        """The distributions at ``rows``."""
        return Gamma(self.a[rows], self.sign < 0, self.centre[rows])

    def log_density(self, w: Numbers) -> Numbers:
        """Log of the density by ``w``, one row per distribution."""
        a, centre = (v[:, None] if w.ndim == 2 else v for v in (self.a, self.centre))
        u = np.minimum(self.sign * w, 600.0)
        return np.asarray(a * (u - np.expm1(u)) + centre)

    def start(self, p: float) -> Numbers:
        """A first guess of the ``p`` quantile."""
        # Wilson and Hilferty 1931: the cube root of a gamma number is nearly normal
        z = NormalDist().inv_cdf(p)
        root = 1 - 1 / (9 * self.a) + self.sign * z / (3 * np.sqrt(self.a))
        w = self.sign * 3 * np.log(np.maximum(root, 1e-3))
        if self.sign < 0:
            # below shape 1 the upper tail at x is at most exp(-x): a point surely beyond
            w = np.where(self.a < 1, np.log(self.a / max(1.0, -np.log(p))), w)
        return np.asarray(w)

    def tail(self, w: Numbers) -> Numbers:
        """Log of the lower tail at ``w``: series below the mean, continued fraction above."""
        x = self.a * np.exp(np.minimum(self.sign * w, 600.0))
        below = x < self.a + 1
        value = np.empty_like(w)
        value[below] = np.log(_gamma_series(self.a[below], x[below]))
        value[~below] = np.log(_gamma_fraction(self.a[~below], x[~below]))
        value += self.log_density(w)
        return np.where(below == (self.sign > 0), value, _rest(value))


Law = Beta | Gamma


def _rest(log_part: Numbers) -> Numbers:
    """Log of 1 less the part."""
    return np.log1p(-np.minimum(np.exp(np.minimum(log_part, 0.0)), 1 - 1e-16))


def log_tail(law: Law, w: Numbers) -> Numbers:
    """Log of the lower tail at ``w``."""
    result = np.empty_like(w)
    smooth = law.smooth
    if np.any(smooth):
        result[smooth] = _quadrature(law.only(smooth), w[smooth])
    if not np.all(smooth):
        result[~smooth] = law.only(~smooth).tail(w[~smooth])
    return result


def _quadrature(law: Law, w: Numbers) -> Numbers:
    """Log of the lower tail of a nearly normal density, by Gauss-Legendre quadrature.

    Above the centre the upper tail is integrated instead, for the sake of its own digits.
    """
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    above = w > 0
    far = np.where(above, _REACH, -_REACH) * law.spread
    # past the reach, the tail has still its leading digits: the span then follows w
    far = np.where(np.abs(w) > np.abs(far) / 2, w + np.sign(far) * law.spread * _REACH / 2, far)
    half = np.abs(far - w) / 2
    points = ((far + w) / 2)[:, None] + half[:, None] * nodes
    exponents = law.log_density(points)
    top = exponents.max(axis=1)
    area = np.exp(exponents - top[:, None]) @ weights * half
    log_area = np.log(np.maximum(area, _TINY)) + top
    return np.where(above, _rest(log_area), log_area)


def _iterate(
    size: int, step: Callable[[int, NDArray[np.int64]], Flags], limit: int = _FRACTIONS
) -> None:
    """Run ``step(k, rows)`` on the rows still moving; it says which of them have settled."""
    rows = np.arange(size)
    for k in range(1, limit):
        if not len(rows):
            return
        settled = step(k, rows)
        if settled.any():
            rows = rows[~settled]


def _beta_fraction(a: Numbers, b: Numbers, w: Numbers) -> Numbers:
    """Lower tail over density, at log odds ``w`` below those of the mean.

    Source: Didonato and Morris 1992, ACM Transactions on Mathematical Software 18, 360-373,
    formula 9, the distance from the mean taken from ``w`` so that it keeps its digits.
    """
    shrink = a / (a + b) * np.expm1(w)
    odds = a / (a + b) * np.exp(w)
    x, y = odds / (1 + shrink), b / (a + b) / (1 + shrink)
    c = 1 - a * y * np.expm1(w)
    first, ratio = 1 + 1 / a, b / a
    # the last two convergents, all over the last one's denominator
    value, before, bottom_before = first / c, np.zeros_like(a), first / c

    def step(n: int, rows: NDArray[np.int64]) -> Flags:
        p, q, u = a[rows], b[rows], x[rows]
        t, s = n / p, p + 2 * n - 1
        weight = n * (q - n) * u
        earlier = 1 + (n - 1) / p
        alpha = earlier * (earlier + ratio[rows]) * (p / s) ** 2 * weight * u
        beta = n + weight / s + (t + 1) / (first[rows] + 2 * t) * (c[rows] + n * (1 + y[rows]))
        top = alpha * before[rows] + beta * value[rows]
        base = alpha * bottom_before[rows] + beta
        now = top / base
        settled = np.abs(now - value[rows]) <= 4e-15 * now
        before[rows], bottom_before[rows] = value[rows] / base, 1 / base
        value[rows] = now
        return np.asarray(settled)

    _iterate(len(a), step)
    return np.asarray(value)


def _gamma_series(a: Numbers, x: Numbers) -> Numbers:
    """Lower tail over density per log unit, by its power series."""
    term = 1 / a
    value = term.copy()

    def step(k: int, rows: NDArray[np.int64]) -> Flags:
        term[rows] *= x[rows] / (a[rows] + k)
        value[rows] += term[rows]
        return term[rows] < value[rows] * 1e-16

    _iterate(len(x), step)
    return value


def _gamma_fraction(a: Numbers, x: Numbers) -> Numbers:
    """Upper tail over density per log unit, by its continued fraction."""
    b = x + 1 - a
    c = np.full_like(x, 1 / _TINY)
    d = 1 / _away(b)
    value = d.copy()

    def step(k: int, rows: NDArray[np.int64]) -> Flags:
        term = -k * (k - a[rows])
        base = b[rows] + 2 * k
        d[rows] = 1 / _away(term * d[rows] + base)
        c[rows] = _away(base + term / c[rows])
        change = c[rows] * d[rows]
        value[rows] *= change
        return np.abs(change - 1) < 1e-14

    _iterate(len(x), step)
    return value


def _away(values: Numbers) -> Numbers:
    """Lentz's rule: nothing is exactly 0."""
    return np.where(np.abs(values) < _TINY, _TINY, values)


def solve(law: Law, p: float) -> Numbers:
    """The ``w`` with lower tail ``p``, at most 1/2, a batch at a time."""
    size = len(law.a)
    if size <= _BATCH:
        return _newton(law, p)
    batches = (np.arange(k, min(k + _BATCH, size)) for k in range(0, size, _BATCH))
    return np.concatenate([_newton(law.only(batch), p) for batch in batches])


def _newton(law: Law, p: float) -> Numbers:
    """Newton's method on a concave rising function, the log of the tail."""
    log_p = np.log(p)
    w = law.start(p)
    active = np.arange(len(w))
    for _ in range(_STEPS):
        here = law.only(active)
        at = w[active]
        tail = log_tail(here, at)
        slope = np.exp(here.log_density(at) - tail)
        # from the right a tangent may throw far to the left, but never past 20 spreads a step
        step = (log_p - tail) / np.maximum(slope, _TINY)
        bound = 20 * here.spread
        step = np.clip(step, -bound, bound)
        w[active] = at + step
        moving = np.abs(step) > 1e-7 * here.spread  # the next would be its square
        active = active[moving]
        if not len(active):
            break
    return w
