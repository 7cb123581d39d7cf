"""Distributions of times, as a network of stations is told them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from asylumatlas.sim.continuous_kernel import (
    DETERMINISTIC,
    ERLANG,
    EXPONENTIAL,
    HYPEREXPONENTIAL,
)


class NetworkError(ValueError):
    """A network that cannot be simulated; the message says where and what to do."""


@dataclass(frozen=True)
class Duration:
    """A distribution of times; make one with `exponential`, `deterministic`, `erlang`, ...

    Attributes:
        kind: one of the kinds above.
        shape: share of the first phase (hyperexponential) or number of phases (Erlang).
        first: mean in time units; for the hyperexponential the mean of the first phase.
        second: mean of the second phase of a hyperexponential, in time units.
    """

    kind: int
    shape: float
    first: float
    second: float = 0.0

    def __post_init__(self) -> None:
        for time in (self.first, self.second):
            if not (math.isfinite(time) and time >= 0):
                raise NetworkError(f"duration: {time!r} is not a finite time of zero or more.")
        if self.kind == HYPEREXPONENTIAL and not 0 <= self.shape <= 1:
            raise NetworkError(f"duration: share {self.shape!r} is not between 0 and 1.")
        if self.kind == ERLANG and (self.shape < 1 or self.shape != int(self.shape)):
            raise NetworkError(f"duration: phases {self.shape!r} is not a whole number from 1 up.")

    @property
    def mean(self) -> float:
        """Mean, in time units."""
        if self.kind == HYPEREXPONENTIAL:
            return self.shape * self.first + (1 - self.shape) * self.second
        return self.first

    @property
    def variance(self) -> float:
        """Variance, in squared time units."""
        if self.kind == HYPEREXPONENTIAL:
            second_moment = 2 * (self.shape * self.first**2 + (1 - self.shape) * self.second**2)
            return second_moment - self.mean**2
        return {EXPONENTIAL: self.first**2, ERLANG: self.first**2 / max(self.shape, 1)}.get(
            self.kind, 0.0
        )


def exponential(mean: float) -> Duration:
    """Exponential times (as arrivals: a Poisson stream of rate 1 / mean)."""
    return Duration(EXPONENTIAL, 0.0, mean)


def deterministic(value: float) -> Duration:
    """Always the same time (as arrivals: the first comes after one such time)."""
    return Duration(DETERMINISTIC, 0.0, value)


def hyperexponential(share: float, first_mean: float, second_mean: float) -> Duration:
    """Exponential with ``first_mean`` for a share of the draws, else with ``second_mean``."""
    return Duration(HYPEREXPONENTIAL, share, first_mean, second_mean)


def erlang(phases: int, mean: float) -> Duration:
    """Sum of ``phases`` equal exponential times, with this mean in total."""
    return Duration(ERLANG, phases, mean)
