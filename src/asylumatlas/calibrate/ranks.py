"""Simulation-based calibration: does a fit find the truth as often as it says?

Truth is drawn from the prior, targets are made from it, and the fit must place the truth evenly
among its draws (Talts and others 2018). Ranks that bulge at the ends tell of a posterior that is
too narrow, ranks that bulge in the middle of one that is too wide.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.calibrate.fitting import fit
from asylumatlas.calibrate.problem import Floats, Model, Problem
from asylumatlas.ensembles import Journal, pieces

Factory = Callable[[Floats, np.random.Generator], Problem]
LEVEL = 0.01  # of a false alarm, over all unknowns


@dataclass(frozen=True)
class Ranks:
    """Where the truth stood among the draws of each fit.

    Attributes:
        names: (P,) unknowns.
        ranks: (n, P) draws below the truth, 0 to `draws`.
        draws: draws of each fit that were compared.
        bins: groups that the ranks are counted in.
        unsure: fits that did not converge; they are counted all the same.
    """

    names: tuple[str, ...]
    ranks: NDArray[np.int64]
    draws: int
    bins: int
    unsure: int = 0

    def counts(self) -> NDArray[np.int64]:
        """(P, B) fits whose rank fell in each group."""
        group = self.ranks * self.bins // (self.draws + 1)
        return np.stack([np.bincount(column, minlength=self.bins) for column in group.T])

    def p_values(self) -> Floats:
        """(P,) chance of ranks so uneven or more if the fit is right (chi-square)."""
        expected = len(self.ranks) / self.bins
        uneven = ((self.counts() - expected) ** 2 / expected).sum(axis=1)
        return np.array([_chi_square_tail(float(each), self.bins - 1) for each in uneven])

    def band(self, level: float = 0.99) -> tuple[int, int]:
        """Counts between which a group falls with this chance if the fit is right (binomial)."""
        n, p = len(self.ranks), 1 / self.bins
        mass = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
        below = np.cumsum(mass)
        low = int(np.searchsorted(below, (1 - level) / 2))
        return low, int(np.searchsorted(below, (1 + level) / 2))

    @property
    def uniform(self) -> bool:
        """Whether no unknown's ranks are too uneven, at one false alarm in a hundred checks."""
        return bool(self.p_values().min() * len(self.names) > LEVEL)

    def verdict(self) -> str:
        """One line."""
        p = self.p_values()
        worst = int(p.argmin())
        if self.uniform:
            return f"ranks are even: least p {p[worst]:.3f} over {len(self.names)} unknowns"
        counts = self.counts()[worst]
        ends = counts[0] + counts[-1]
        shape = "ends: too sure" if ends > 2 * len(self.ranks) / self.bins else "middle: too unsure"
        return (
            f"{self.names[worst]}: ranks pile up (p {p[worst]:.1g}), most at the {shape}; "
            "the fit does not find the truth as often as it says"
        )


@dataclass(frozen=True)
class Synthetic:
    """Makes problems whose truth is known, from a problem: its model, and errors as it says.

    Attributes:
        problem: what to make them like.
        noise: times its own standard deviations that the errors are made; other than 1 plants a
            fault, so that the check itself can be checked.
    """

    problem: Problem
    noise: float = 1.0

    def __call__(self, theta: Floats, rng: np.random.Generator) -> Problem:
        """The problem whose targets come from these unknowns (P,)."""
        problem = self.problem
        answers, sd = problem.simulate(theta[None, :])[0], problem.targets.sd
        if problem.discrepancy is not None:
            mean, spread = problem.discrepancy.both(theta[None, :])
            answers, sd = answers + mean[0], np.hypot(sd, spread[0])
        values = answers + self.noise * sd * rng.standard_normal(len(answers))
        targets = problem.targets.with_values(values)
        return Model(problem.prior, targets, problem.simulate, problem.discrepancy)


@dataclass(frozen=True)
class _Check:
    """One fit to a truth of its own; a piece of work."""

    prior_of: Problem
    factory: Factory
    seed: int
    draws: int
    options: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, number: int) -> tuple[NDArray[np.int64], bool]:
        rng = np.random.default_rng([self.seed, 3, number])
        prior = self.prior_of.prior
        truth = prior.value(rng.random((1, len(prior))))[0]
        found = fit(self.factory(truth, rng), seed=self.seed + 7919 * number, **self.options)
        # Draws far apart, so that they are nearly independent; ranks of tied draws are not even.
        drawn = np.stack(list(found.draws(self.draws).values()), axis=1)
        return (drawn < truth).sum(axis=0), found.converged


def ranks(
    problem_factory: Factory | Problem,
    n: int = 100,
    seed: int = 1,
    *,
    like: Problem | None = None,
    draws: int = 99,
    bins: int = 10,
    workers: int = 1,
    executor: Executor | None = None,
    scheduler: str | None = None,
    journal: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> Ranks:
    """Return the ranks of known truths among the draws of their fits.

    Args:
        problem_factory: a problem, whose own model and errors make the truth; or a function of
            (unknowns, random numbers) that makes a problem, picklable if there are workers.
        n: fits.
        seed: of truths, errors and fits.
        like: a problem whose prior the truth is drawn from; needed with a function.
        draws: draws compared; one more should be a multiple of `bins`.
        bins: groups.
        workers: processes started here.
        executor: any `concurrent.futures` executor instead.
        scheduler: address of a Dask scheduler instead.
        journal: folder where finished fits are kept.
        progress: called with (fits done, of how many).
        options: for `fit`.
    """
    if isinstance(problem_factory, Problem):
        like, factory = problem_factory, Synthetic(problem_factory)
    else:
        factory = problem_factory  # type: ignore[assignment]
    if like is None:
        raise TypeError("ranks: a function needs `like`, a problem whose prior gives the truth")
    from asylumatlas.calibrate.problem import fingerprint

    check = _Check(like, factory, seed, draws, options)
    key = f"ranks {fingerprint(like)} {seed} {draws} {sorted(options.items())} {factory!r:.200}"
    kept = Journal(journal, key) if journal is not None else None
    found = list(
        pieces(
            check,
            range(n),
            workers=workers,
            executor=executor,
            scheduler=scheduler,
            journal=kept,
            progress=progress,
        )
    )
    unsure = sum(not good for _, good in found)
    return Ranks(like.prior.names, np.stack([rank for rank, _ in found]), draws, bins, unsure)


def _chi_square_tail(value: float, degrees: int) -> float:
    """Chance that a chi-square of some degrees exceeds a value (Wilson and Hilferty 1931).

    Example:
        >>> round(_chi_square_tail(16.92, 9), 3)
        0.05
    """
    spread = 2 / (9 * degrees)
    z = ((value / degrees) ** (1 / 3) - (1 - spread)) / math.sqrt(spread)
    return 0.5 * math.erfc(z / math.sqrt(2))
