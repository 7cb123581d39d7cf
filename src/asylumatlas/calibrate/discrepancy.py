"""What a cheap model gets wrong, learnt from runs of the full one, with its own uncertainty.

One Gaussian process for each answer: a constant, a slope in each unknown, a smooth part and the
noise of the full model (Rasmussen and Williams 2006, chapter 2). Where it predicts left-out runs no
better than the mean error does, the mean error and its spread are used.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.calibrate.problem import CalibrationError, Floats
from asylumatlas.calibrate.threads import one_thread

FEWEST = 12  # runs below which nothing but the mean error is learnt
BETTER = 0.9  # of the mean error's own miss, below which a process is worth its weights
WORST = 1e9  # standardised error that no process makes
MARGIN = 0.05  # of the width, that a draw may lie beyond the runs


@dataclass(frozen=True)
class Discrepancy:
    """Full model less cheap model, as a function of the unknowns.

    Attributes:
        names: (K,) answers.
        low: (P,) least value of each unknown in the box that the runs it learnt from were spread
            over.
        high: (P,) greatest value.
        design: (n, P) those runs, -1 to 1 within their box.
        offset: (K,) mean error.
        scale: (K,) standard deviation of the errors.
        weights: (K, 4) of a process: slopes, smooth part, its length, noise; nan where the mean
            error serves.
        alpha: (K, n) solved weights of the runs.
        inverse: (K, n, n) inverse covariance of the runs.
        left_out: (K,) root mean square error for runs left out, in the answer's unit.
        beside: (K,) the same for the mean error alone.
    """

    names: tuple[str, ...]
    low: Floats
    high: Floats
    design: Floats
    offset: Floats
    scale: Floats
    weights: Floats
    alpha: Floats
    inverse: Floats
    left_out: Floats
    beside: Floats

    def outside(self, theta: Floats) -> NDArray[np.bool_]:
        """(N,) whether a draw lies beyond the runs, where only the nearest edge is known."""
        margin = MARGIN * (self.high - self.low)
        beyond = np.logical_or(theta < self.low - margin, theta > self.high + margin)
        found: NDArray[np.bool_] = np.asarray(np.any(beyond, axis=1))
        return found

    def mean(self, theta: Floats) -> Floats:
        """(N, K) what to add to the cheap model; outside the runs, what their edge says."""
        return self.both(theta)[0]

    def sd(self, theta: Floats) -> Floats:
        """(N, K) its standard deviation, the noise of a run of the full model included."""
        return self.both(theta)[1]

    def both(self, theta: Floats) -> tuple[Floats, Floats]:
        """(N, K) what to add, and (N, K) its standard deviation."""
        where = _within(np.clip(theta, self.low, self.high), self.low, self.high)
        mean = np.repeat(self.offset[None, :], len(where), axis=0)
        spread = np.repeat(self.scale[None, :], len(where), axis=0)
        distance = _squares(where, self.design)
        slopes = where @ self.design.T
        for place in np.flatnonzero(~np.isnan(self.weights[:, 0])):
            slope, smooth, length, noise = self.weights[place]
            across = slope * slopes + smooth * np.exp(-0.5 * distance / length**2)
            own = slope * (where**2).sum(axis=1) + smooth + noise
            known = np.einsum("ij,jk,ik->i", across, self.inverse[place], across, optimize=True)
            mean[:, place] += self.scale[place] * (across @ self.alpha[place])
            spread[:, place] = self.scale[place] * np.sqrt(np.maximum(own - known, noise))
        return mean, spread


def train_discrepancy(
    design: Floats,
    truth: Floats,
    cheap: Floats,
    names: tuple[str, ...] = (),
    *,
    box: tuple[Floats, Floats] | None = None,
) -> Discrepancy:
    """Learn what the cheap model gets wrong.

    Args:
        design: (n, P) unknowns of the runs.
        truth: (n, K) answers of the full model.
        cheap: (n, K) answers of the cheap model at the same unknowns.
        names: (K,) answers; their places if not given.
        box: (P,) least and (P,) greatest values that the runs were spread over; those of the runs
            themselves if not given.

    Raises:
        CalibrationError: the shapes disagree, there are fewer than three runs, or an answer is
            missing; or scikit-learn is missing where it is needed.

    Example:
        >>> runs = np.linspace(0, 1, 5)[:, None]
        >>> learnt = train_discrepancy(runs, np.full((5, 1), 3.0), np.full((5, 1), 1.0), ("wait",))
        >>> learnt.mean(np.array([[0.3]])).tolist()
        [[2.0]]
    """
    names = names or tuple(map(str, range(truth.shape[1])))
    errors = truth - cheap
    if errors.shape != (len(design), len(names)) or len(design) < 3:
        raise CalibrationError("discrepancy: needs three runs or more, each with all answers.")
    for name, column in zip(names, errors.T, strict=True):
        if not np.isfinite(column).all():
            raise CalibrationError(f"discrepancy: {name}: a run has no figure; leave the run out.")
    low, high = box if box is not None else (design.min(axis=0), design.max(axis=0))
    where = _within(design, low, high)
    runs = len(design)
    offset = errors.mean(axis=0)
    scale = errors.std(axis=0, ddof=1)
    beside = scale * np.sqrt(runs / (runs - 1))  # a mean that leaves a run out misses it by more
    with one_thread():
        fitted = [_process(where, each, runs) for each in ((errors - offset) / _safe(scale)).T]
    better = [found[3] * scale[k] < BETTER * beside[k] for k, found in enumerate(fitted)]
    return Discrepancy(
        names=tuple(names),
        low=low,
        high=high,
        design=where,
        offset=offset,
        scale=np.where(better, scale, scale * np.sqrt(1 + 1 / runs)),
        weights=np.array(
            [found[0] if good else [np.nan] * 4 for found, good in zip(fitted, better, strict=True)]
        ),
        alpha=np.array([found[1] for found in fitted]),
        inverse=np.array([found[2] for found in fitted]),
        left_out=np.where(better, [found[3] for found in fitted] * scale, beside),
        beside=beside,
    )


def _safe(scale: Floats) -> Floats:
    return np.where(scale > 0, scale, 1.0)


def _within(theta: Floats, low: Floats, high: Floats) -> Floats:
    """Unknowns as -1 to 1 within the box of the runs."""
    scaled: Floats = 2 * (theta - low) / _safe(high - low) - 1
    return scaled


def _squares(one: Floats, other: Floats) -> Floats:
    """(N, n) squared distances."""
    apart = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    found: Floats = np.maximum(apart, 0.0)
    return found


def _process(where: Floats, errors: Floats, runs: int) -> tuple[Any, ...]:
    """Weights, solved runs, inverse covariance and left-out error of one standardised answer."""
    nothing = (np.full(4, np.nan), np.zeros(runs), np.zeros((runs, runs)), WORST)
    if runs < FEWEST or not errors.any():
        return nothing
    weights = _weights(where, errors)
    slope, smooth, length, noise = weights
    covariance = slope * where @ where.T + smooth * np.exp(
        -0.5 * _squares(where, where) / length**2
    )
    inverse = np.linalg.inv(covariance + (noise + 1e-10) * np.eye(runs))
    alpha = inverse @ errors
    # Leaving each run out in turn needs no new fit (Rasmussen and Williams, equation 5.12).
    left_out = float(np.sqrt(np.mean((alpha / np.diag(inverse)) ** 2)))
    return weights, alpha, inverse, left_out


def _weights(where: Floats, errors: Floats) -> Floats:
    """(4,) slopes, smooth part, its length and noise that make the errors most likely."""
    try:
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, WhiteKernel
    except ImportError:
        raise CalibrationError(
            'a discrepancy needs scikit-learn: pip install "asylumatlas[calibrate]"'
        ) from None
    unknowns = where.shape[1]
    start = float(np.sqrt(unknowns))
    kernel = (
        ConstantKernel(1 / unknowns, (1e-5, 1e2)) * DotProduct(0.0, "fixed")
        + ConstantKernel(0.3, (1e-5, 1e2)) * RBF(start, (0.2 * start, 5 * start))
        + WhiteKernel(0.3, (1e-5, 2.0))
    )
    search = GaussianProcessRegressor(kernel)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a weight at its bound is an answer too
        search.fit(where, errors)
    slope, smooth, length, noise = np.exp(search.kernel_.theta)
    return np.array([slope, smooth, length, noise])
