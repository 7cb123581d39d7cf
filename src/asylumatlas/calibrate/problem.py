"""What a calibration is asked: unknowns with their ranges, a cheap model, and targets.

Nothing here knows what the numbers mean. All arrays are numpy's; N draws, P unknowns, K targets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
EDGE = 1e-9  # nearest to an end of its range that an unknown may come, as a share of its law


class CalibrationError(ValueError):
    """A calibration cannot be done, or its answer cannot be trusted; one line with the remedy."""


@dataclass(frozen=True)
class Prior:
    """Independent laws of the unknowns: flat on a range, or triangular about a middle.

    Attributes:
        names: (P,) unknowns.
        low: (P,) least value, in the unknown's unit.
        high: (P,) greatest value.
        mode: (P,) top of the triangle; nan where the law is flat.

    Example:
        >>> prior = Prior(("a", "b"), np.array([0.0, 1.0]), np.array([2.0, 3.0]))
        >>> prior.value(np.array([[0.5, 0.25]])).tolist()
        [[1.0, 1.5]]
    """

    names: tuple[str, ...]
    low: Floats
    high: Floats
    mode: Floats = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        mode = self.mode if len(self.mode) else np.full(len(self.names), np.nan)
        for key, value in (("low", self.low), ("high", self.high), ("mode", mode)):
            object.__setattr__(self, key, np.asarray(value, dtype=np.float64))
            if getattr(self, key).shape != (len(self.names),):
                raise CalibrationError(f"prior: {key} needs one number for each of its names.")
        for name, low, high, top in zip(self.names, self.low, self.high, self.mode, strict=True):
            if not low < high or top < low or top > high:
                raise CalibrationError(
                    f"prior of {name}: needs low < high and a mode between them, has low {low:g}, "
                    f"high {high:g}, mode {top:g}."
                )

    def __len__(self) -> int:
        return len(self.names)

    @property
    def middle(self) -> Floats:
        """(P,) the median of each law."""
        found: Floats = self.value(np.full((1, len(self)), 0.5))[0]
        return found

    @property
    def sd(self) -> Floats:
        """(P,) the standard deviation of each law."""
        top = np.where(np.isnan(self.mode), 0.0, self.mode)
        a, b = self.low, self.high
        triangle = (a * a + b * b + top * top - a * b - a * top - b * top) / 18
        spread: Floats = np.sqrt(np.where(np.isnan(self.mode), (b - a) ** 2 / 12, triangle))
        return spread

    def value(self, level: Floats) -> Floats:
        """Return the values at levels of the distribution functions.

        Args:
            level: (N, P) between 0 and 1.
        """
        width = self.high - self.low
        cut = np.where(np.isnan(self.mode), 0.5, (self.mode - self.low) / width)
        below = np.sqrt(level * cut)
        above = 1 - np.sqrt((1 - level) * (1 - cut))
        part = np.where(np.isnan(self.mode), level, np.where(level < cut, below, above))
        inside: Floats = np.clip(self.low + part * width, self.low, self.high)
        return inside

    def level(self, theta: Floats) -> Floats:
        """Return where values stand in their laws, 0 to 1: the inverse of `value`."""
        part = np.clip((theta - self.low) / (self.high - self.low), 0.0, 1.0)
        cut = np.where(np.isnan(self.mode), 0.5, (self.mode - self.low) / (self.high - self.low))
        with np.errstate(divide="ignore", invalid="ignore"):
            below, above = part**2 / cut, 1 - (1 - part) ** 2 / (1 - cut)
        sloped = np.where((part < cut) | (cut == 1), below, above)
        found: Floats = np.where(np.isnan(self.mode), part, sloped)
        return found

    def sample(self, n: int, rng: np.random.Generator) -> Floats:
        """(n, P) draws by Latin hypercube: each unknown's law is covered evenly."""
        cells = np.stack([rng.permutation(n) for _ in self.names], axis=1)
        return self.value((cells + rng.random(cells.shape)) / n)

    def log_density(self, theta: Floats) -> Floats:
        """(N,) log density; minus infinity outside the ranges."""
        width = self.high - self.low
        top = np.where(np.isnan(self.mode), self.low, self.mode)
        with np.errstate(divide="ignore", invalid="ignore"):
            rising = (theta - self.low) / (top - self.low)
            falling = (self.high - theta) / (self.high - top)
            slope = np.log(2 * np.where(theta < top, rising, falling) / width)
            dense = np.where(np.isnan(self.mode), -np.log(width), slope)
        inside = np.all(np.logical_and(theta >= self.low, theta <= self.high), axis=1)
        total: Floats = np.where(
            inside, np.where(np.expand_dims(inside, 1), dense, 0.0).sum(axis=1), -np.inf
        )
        return total


@dataclass(frozen=True)
class Targets:
    """Published figures that a fit should meet, and those it is only held against.

    Attributes:
        names: (K,) keys.
        values: (K,) figures, in the unit of each.
        sd: (K,) standard deviation of each figure about what it stands for, greater than 0.
        held: (K,) whether the fit never sees the figure; it is only shown beside the fit.
        labels: (K,) what each figure is, in words; the keys if not given.
        sources: (K,) source ids, or why the figure is assumed.
        units: (K,) units, for the page.
    """

    names: tuple[str, ...]
    values: Floats
    sd: Floats
    held: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    labels: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    units: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.names)
        object.__setattr__(self, "values", np.asarray(self.values, dtype=np.float64))
        object.__setattr__(self, "sd", np.asarray(self.sd, dtype=np.float64))
        held = self.held if len(self.held) else np.zeros(count, bool)
        object.__setattr__(self, "held", np.asarray(held, dtype=bool))
        object.__setattr__(self, "labels", tuple(self.labels) or tuple(self.names))
        object.__setattr__(self, "sources", tuple(self.sources) or ("",) * count)
        object.__setattr__(self, "units", tuple(self.units) or ("",) * count)
        parts = (self.values, self.sd, self.held, self.labels, self.sources, self.units)
        if any(len(part) != count for part in parts) or len(set(self.names)) != count:
            raise CalibrationError("targets: one figure, one sd and one label for each name.")
        for name, value, sd in zip(self.names, self.values, self.sd, strict=True):
            if not np.isfinite(value):
                raise CalibrationError(
                    f"target {name}: no data; leave it out, or choose a time at which it was known."
                )
            if not sd > 0 or not np.isfinite(sd):
                raise CalibrationError(f"target {name}: its sd is {sd:g}; give one above 0.")
        if count and self.held.all():
            raise CalibrationError("targets: all are held out; a fit needs at least one.")

    def __len__(self) -> int:
        return len(self.names)

    @property
    def fitted(self) -> NDArray[np.intp]:
        """Places of the targets that the fit sees."""
        return np.flatnonzero(~self.held)

    def place(self, name: str) -> int:
        """Place of a target.

        Raises:
            CalibrationError: there is no such target; one close to it is named.
        """
        if name not in self.names:
            near = did_you_mean(name, self.names)
            raise CalibrationError(f"target {name}: no such target.{near}")
        return self.names.index(name)

    def with_values(self, values: Floats) -> Targets:
        """The same targets with other figures: for synthetic truth."""
        return replace(self, values=np.asarray(values, dtype=np.float64))


@runtime_checkable
class Misfit(Protocol):
    """What the cheap model gets wrong, with its own uncertainty (`Discrepancy` is one)."""

    def both(self, theta: Floats) -> tuple[Floats, Floats]:
        """(N, K) to add to the cheap model's answers, and (N, K) standard deviation of that."""

    def outside(self, theta: Floats) -> NDArray[np.bool_]:
        """(N,) whether it was never trained there."""


@runtime_checkable
class Problem(Protocol):
    """A model to fit. It must survive pickling if more than one worker is used."""

    @property
    def prior(self) -> Prior:
        """Laws of the unknowns before any target is seen."""

    @property
    def targets(self) -> Targets:
        """What the fit should meet."""

    @property
    def discrepancy(self) -> Misfit | None:
        """What the cheap model gets wrong; None where it is taken as it is."""

    def simulate(self, theta: Floats) -> Floats:
        """(N, K) answers of the cheap model, in the units of the targets; nan where it has none."""


@dataclass(frozen=True)
class Model:
    """A `Problem` from its parts.

    Attributes:
        prior: laws of the unknowns.
        targets: what the fit should meet.
        answers: function of (N, P) that returns (N, K); a module's own function if more than one
            worker is used.
        discrepancy: what the model gets wrong.
    """

    prior: Prior
    targets: Targets
    answers: Answers
    discrepancy: Misfit | None = None

    def simulate(self, theta: Floats) -> Floats:
        """(N, K) answers of the model."""
        return self.answers(theta)


class Answers(Protocol):
    """A function from unknowns to answers."""

    def __call__(self, theta: Floats, /) -> Floats:
        """(N, K) answers to (N, P) unknowns."""


def fingerprint(problem: Problem) -> str:
    """Return a checksum of a problem: its laws, its targets, and what its model answers.

    The model is asked at three points, so that a change of its code is seen.
    """
    prior, targets = problem.prior, problem.targets
    points = prior.value(np.repeat([[0.25], [0.5], [0.75]], len(prior), axis=1))
    seen = [prior.low, prior.high, prior.mode, targets.values, targets.sd, targets.held]
    seen.append(np.round(problem.simulate(points), 9))
    if problem.discrepancy is not None:
        seen += problem.discrepancy.both(points)
    checksum = hashlib.sha256("\n".join((*prior.names, "", *targets.names)).encode())
    for part in seen:
        checksum.update(np.ascontiguousarray(part).tobytes())
    return checksum.hexdigest()[:16]


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return the known word nearest to one that was not found, as a sentence, or nothing.

    Example:
        >>> did_you_mean("sped", ["speed", "weight"])
        ' Did you mean "speed"?'
    """
    from difflib import get_close_matches  # only when something is wrong

    close = get_close_matches(word, list(known), n=1)
    return f' Did you mean "{close[0]}"?' if close else ""


def checked(problem: Problem) -> None:
    """Raise what is wrong with a problem before hours are spent on it.

    Raises:
        CalibrationError: the model's answers do not fit the targets, or it has none at the middle
            of the ranges.
    """
    targets, middle = problem.targets, problem.prior.middle[None, :]
    found = problem.simulate(middle)
    if found.shape != (1, len(targets)):
        raise CalibrationError(
            f"problem: {len(targets)} targets, but the model gives {found.shape} numbers."
        )
    for place in targets.fitted:
        if not np.isfinite(found[0, place]):
            raise CalibrationError(
                f"target {targets.names[place]}: the model has no figure for it at the middle of "
                "the ranges; leave it out."
            )


def subset(names: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Return the places of some names among others.

    Raises:
        CalibrationError: a name is not among them; one close to it is named.
    """
    for name in wanted:
        if name not in names:
            raise CalibrationError(f"{name}: no such unknown.{did_you_mean(name, names)}")
    return [list(names).index(name) for name in wanted]
