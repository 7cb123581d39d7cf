"""What the targets cannot tell apart: profile likelihoods and the shape of the posterior.

A profile fixes one unknown and lets all others meet the targets as well as they can. Where it is
flat, the targets say nothing of that unknown, whatever its prior says (Raue and others 2009).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np

from asylumatlas.calibrate.likelihood import Likelihood
from asylumatlas.calibrate.problem import CalibrationError, Floats, Problem, subset
from asylumatlas.calibrate.result import Fit
from asylumatlas.calibrate.threads import one_thread
from asylumatlas.ensembles import pieces

DROP = 1.92  # half of 3.84: where a log likelihood leaves its 95 % interval
STRONG = 0.7  # correlation from which two unknowns are told as not apart
NOT_TOLD, TOLD_LITTLE = 0.8, 0.5  # posterior width over prior width
EDGE, STEP = 1e-6, 1e-4  # as shares of the law: nearest to an end, and a derivative's step
CROWDED = 0.25  # share of the draws in the outer twentieth of a law
MOST_CALLS = 20
WORTH = 0.05  # log likelihood that a neighbour must be better by to be worth a search


@dataclass(frozen=True)
class Profile:
    """The profile of one unknown.

    Attributes:
        name: the unknown.
        grid: (G,) its values.
        log_likelihood: (G,) the most that the others can make of each, less the most of all.
        levels: (G, P) where all unknowns then stand in their laws, 0 to 1.
    """

    name: str
    grid: Floats
    log_likelihood: Floats
    levels: Floats

    @property
    def flat(self) -> bool:
        """Whether no value of the grid is ruled out: the targets do not tell the unknown."""
        return bool(self.log_likelihood.min() > -DROP)

    def interval(self) -> tuple[float, float]:
        """Values between which the profile is within 1.92 of its top; the grid's ends at most."""
        inside = self.log_likelihood >= -DROP
        places = np.flatnonzero(inside)
        first, last = int(places[0]), int(places[-1])
        return self._crossing(first, first - 1), self._crossing(last, last + 1)

    def _crossing(self, inside: int, beyond: int) -> float:
        if not 0 <= beyond < len(self.grid):
            return float(self.grid[inside])
        high, low = self.log_likelihood[inside], self.log_likelihood[beyond]
        part = (high + DROP) / (high - low)
        return float(self.grid[inside] + part * (self.grid[beyond] - self.grid[inside]))


def profile(
    problem: Problem,
    fit: Fit,
    name: str,
    grid: Floats | None = None,
    *,
    points: int = 9,
    starts: int = 2,
    top: float | None = None,
) -> Profile:
    """Return the profile likelihood of one unknown.

    Args:
        problem: what was fitted.
        fit: its fit; its draws are where the searches begin.
        name: the unknown.
        grid: (G,) values; evenly over the law if not given.
        points: values in that grid.
        starts: searches for each value, from draws near it; more go on from neighbours' answers.
        top: greatest log likelihood there is, if it is known; else that of the best draw and of
            the profile itself.

    Raises:
        CalibrationError: there is no such unknown, or scipy is missing.
    """
    place = subset(problem.prior.names, [name])[0]
    if grid is None:
        ends = problem.prior.value(np.array([[0.01], [0.99]]) * np.ones(len(problem.prior)))
        grid = np.linspace(ends[0, place], ends[1, place], points)
    grid = np.asarray(grid, dtype=np.float64)
    middle = np.tile(problem.prior.middle, (len(grid), 1))
    middle[:, place] = grid
    fixed = problem.prior.level(middle)[:, place]
    begin = problem.prior.level(fit.samples[np.argsort(-fit.log_likelihood)[:200]])
    search = _Search(Likelihood(problem), place)
    found = np.full(len(grid), -np.inf)
    levels = np.zeros((len(grid), len(problem.prior)))
    nearest = int(np.abs(fixed - begin[0, place]).argmin())
    for k in range(len(grid)):
        near = np.argsort(np.abs(begin[:, place] - fixed[k]), kind="stable")[:starts]
        found[k], levels[k] = search.first(begin[near], fixed[k])
    outward = [*range(nearest + 1, len(grid)), *range(nearest - 1, -1, -1)]
    inward = [*range(len(grid) - 2, -1, -1), *range(1, len(grid))]
    for k in (*outward, *inward):  # a search that stuck goes on from its neighbours' answers
        for beside in (k - 1, k + 1):
            if 0 <= beside < len(grid) and found[beside] > found[k] + WORTH:
                value, level = search.best(levels[beside], fixed[k])
                if value > found[k]:
                    found[k], levels[k] = value, level
    most = max(found.max(), fit.log_likelihood.max()) if top is None else top
    return Profile(name, grid, found - most, levels)


@dataclass(frozen=True)
class _Search:
    """Finds the greatest likelihood with one unknown fixed."""

    likelihood: Likelihood
    place: int

    def first(self, starts: Floats, fixed: float) -> tuple[float, Floats]:
        """The best of several searches."""
        return max((self.best(start, fixed) for start in starts), key=lambda each: each[0])

    def best(self, start: Floats, fixed: float) -> tuple[float, Floats]:
        """Log likelihood and (P,) levels of the best that a search from one start finds."""
        try:
            from scipy.optimize import least_squares
        except ImportError:
            raise CalibrationError(
                'a profile needs scipy: pip install "asylumatlas[calibrate]"'
            ) from None
        level = np.clip(start, 2 * EDGE, 1 - 2 * EDGE)
        level[self.place] = fixed
        others = np.delete(np.arange(len(level)), self.place)
        if not len(others):
            return float(self._value(level[None, :])[0]), level

        def whole(part: Floats) -> Floats:
            full = np.tile(level, (len(part), 1))
            full[:, others] = part
            return full

        def left(part: Floats) -> Floats:
            found: Floats = self._left(whole(part[None, :]))[0]
            return found

        def slopes(part: Floats) -> Floats:
            step = np.where(part < 0.5, STEP, -STEP)
            near = np.concatenate([part[None, :], part + np.diag(step)])
            answers = self._left(whole(near))
            found: Floats = ((answers[1:] - answers[0]) / step[:, None]).T
            return found

        done = least_squares(
            left, level[others], jac=slopes, bounds=(EDGE, 1 - EDGE), max_nfev=MOST_CALLS,
            ftol=1e-5, xtol=1e-6, gtol=1e-5,
        )  # fmt: skip
        found = whole(done.x[None, :])
        return float(self._value(found)[0]), found[0]

    def _left(self, level: Floats) -> Floats:
        """(N, K) what squares to twice the lost log likelihood, the variance's part left out."""
        problem = self.likelihood.problem
        left, sd = self.likelihood.centred(problem.prior.value(level))
        seen = problem.targets.fitted
        return np.nan_to_num(left[:, seen] / sd[:, seen], nan=1e3, posinf=1e3, neginf=-1e3)

    def _value(self, level: Floats) -> Floats:
        return self.likelihood.log_likelihood(self.likelihood.problem.prior.value(level))


def profiles(
    problem: Problem,
    fit: Fit,
    names: tuple[str, ...] = (),
    *,
    points: int = 9,
    starts: int = 2,
    workers: int = 1,
    executor: Executor | None = None,
    scheduler: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Profile]:
    """Return the profiles of several unknowns, all below one top; each is a piece of work.

    Args:
        problem: what was fitted.
        fit: its fit.
        names: unknowns; all if not given.
        points: values of each.
        starts: searches for each value.
        workers: processes started here.
        executor: any `concurrent.futures` executor instead.
        scheduler: address of a Dask scheduler instead.
        progress: called with (profiles done, of how many).
    """
    wanted = names or problem.prior.names
    subset(problem.prior.names, wanted)
    found: list[Profile] = list(
        pieces(
            _piece,
            wanted,
            common=(problem, fit, points, starts),
            workers=workers,
            executor=executor,
            scheduler=scheduler,
            progress=progress,
        )
    )
    top = max(each.log_likelihood.max() for each in found)  # a search may beat every draw
    return [
        Profile(each.name, each.grid, each.log_likelihood - max(top, 0.0), each.levels)
        for each in found
    ]


def _piece(problem: Problem, fit: Fit, points: int, starts: int, name: str) -> Profile:
    top = float(fit.log_likelihood.max())
    with one_thread():
        return profile(problem, fit, name, points=points, starts=starts, top=top)


@dataclass(frozen=True)
class Told:
    """What the targets tell of one unknown.

    Attributes:
        name: the unknown.
        width: standard deviation after over that before: near 1, nothing was learnt.
        shift: how far the middle moved, in standard deviations of the prior.
        partner: the unknown that it is most tied to; "" where there is only one.
        correlation: with that one.
        verdict: "told", "told a little" or "not told".
        edge: "low" or "high" where a quarter of the draws lie in that twentieth of the range: the
            targets want to leave it; else "".
    """

    name: str
    width: float
    shift: float
    partner: str
    correlation: float
    verdict: str
    edge: str = ""


@dataclass(frozen=True)
class Identifiability:
    """What the targets tell and what they do not.

    Attributes:
        unknowns: one for each.
        pairs: (one, other, correlation) of those that cannot be told apart: beyond 0.7 either way.
        correlations: (P, P).
    """

    unknowns: tuple[Told, ...]
    pairs: tuple[tuple[str, str, float], ...]
    correlations: Floats

    def sentences(self) -> list[str]:
        """What a reader must know, in words."""
        silent = [each.name for each in self.unknowns if each.verdict == "not told"]
        told = []
        if silent:
            told.append(
                f"The targets say next to nothing of {len(silent)} of {len(self.unknowns)} "
                f"unknowns; these keep their ranges: {', '.join(silent)}."
            )
        for each in self.unknowns:
            if each.edge:
                told.append(
                    f"{each.name} piles up at the {each.edge} end of its range: the range is too "
                    "narrow, or the model lacks something that would do the same."
                )
        for one, other, correlation in self.pairs:
            way = "rise together" if correlation > 0 else "trade off"
            told.append(
                f"{one} and {other} {way} (correlation {correlation:.2f}): the targets tell a "
                "combination of the two, not each."
            )
        return told


def identifiability(fit: Fit) -> Identifiability:
    """Return what the targets tell of each unknown, and which two they cannot tell apart."""
    before, after = fit.prior.sd, fit.samples.std(axis=0, ddof=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ties = np.nan_to_num(np.atleast_2d(np.corrcoef(fit.samples.T)))
    np.fill_diagonal(ties, 1.0)
    shift = (np.median(fit.samples, axis=0) - fit.prior.middle) / before
    told = []
    for k, name in enumerate(fit.names):
        others = np.delete(np.arange(len(fit.names)), k)
        best: Any = others[np.abs(ties[k, others]).argmax()] if len(others) else None
        width = float(after[k] / before[k])
        verdict = (
            "not told" if width > NOT_TOLD else "told a little" if width > TOLD_LITTLE else "told"
        )
        partner, tie = ("", 0.0) if best is None else (fit.names[best], float(ties[k, best]))
        edge = _edge(fit, k)
        told.append(Told(name, width, float(shift[k]), partner, tie, verdict, edge))
    rows, columns = np.triu_indices(len(fit.names), 1)
    strong = [
        (fit.names[i], fit.names[j], float(ties[i, j]))
        for i, j in zip(rows, columns, strict=True)
        if abs(ties[i, j]) > STRONG
    ]
    strong.sort(key=lambda pair: -abs(pair[2]))
    return Identifiability(tuple(told), tuple(strong), ties)


def _edge(fit: Fit, place: int) -> str:
    """Which end of its law a quarter of the draws crowd, if any."""
    level = fit.prior.level(fit.samples)[:, place]
    for end, crowd in (("low", level < 0.05), ("high", level > 0.95)):
        if crowd.mean() > CROWDED:
            return end
    return ""
