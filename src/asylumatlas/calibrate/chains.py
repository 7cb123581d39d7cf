"""Markov chains: independent ensembles of walkers, and whether they agree.

Each ensemble is a piece of work with its own random numbers (emcee; Foreman-Mackey and others
2013; moves by differential evolution and by stretching). It runs a round of steps at a time, so
that a finished round need never be done again, and the bytes are the same whoever does it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from asylumatlas.calibrate.likelihood import Likelihood
from asylumatlas.calibrate.problem import CalibrationError, Floats, Problem
from asylumatlas.calibrate.threads import one_thread

MOST_R_HAT = 1.05
LEAST_EFFECTIVE = 100.0
LEAST_TIMES = 2.0  # steps kept, in autocorrelation times
WINDOW = 5.0  # autocorrelation times over which they are summed up (Sokal)


@dataclass(frozen=True)
class State:
    """Where an ensemble stands between two rounds.

    Attributes:
        free: (W, P) the walkers' free coordinates.
        seed: seeds the next round.
    """

    free: Floats
    seed: tuple[int, ...]


@dataclass(frozen=True)
class Round:
    """What an ensemble did in one round.

    Attributes:
        free: (S, W, P) where the walkers were.
        log_posterior: (S, W) of each.
        accepted: share of the moves that were taken.
    """

    free: Floats
    log_posterior: Floats
    accepted: float


def walk(problem: Problem, steps: int, state: State) -> Round:
    """Let one ensemble walk for a round. A pure function: the same state, the same bytes.

    Raises:
        CalibrationError: emcee is not installed.
    """
    emcee = _emcee()
    walkers, unknowns = state.free.shape
    # Not its DESnookerMove: in 3.1.6 that takes half of its Metropolis factor, and is biased.
    moves = [(emcee.moves.DEMove(), 0.8), (emcee.moves.StretchMove(), 0.2)]
    posterior = Likelihood(problem).log_posterior
    sampler = emcee.EnsembleSampler(walkers, unknowns, posterior, moves=moves, vectorize=True)
    sampler.log_prob_fn = posterior  # its wrapper prints a traceback when Ctrl-C goes through it
    # Its own generator is of the old kind; a seed of many words keeps streams apart.
    sampler.random_state = np.random.RandomState(list(state.seed)).get_state()
    with one_thread():
        sampler.run_mcmc(state.free, steps, skip_initial_state_check=True)
    return Round(
        sampler.get_chain(), sampler.get_log_prob(), float(np.mean(sampler.acceptance_fraction))
    )


def _emcee() -> Any:
    try:
        import emcee
    except ImportError:
        raise CalibrationError(
            'a calibration needs emcee and scipy: pip install "asylumatlas[calibrate]"'
        ) from None
    return emcee


@dataclass(frozen=True)
class Agreement:
    """Whether chains have come to one answer.

    Attributes:
        r_hat: (P,) 1 where the ensembles agree; above 1.05 they do not (Gelman and Rubin 1992,
            each ensemble split in two halves).
        effective: (P,) draws that would tell as much if they were independent.
        times: (P,) autocorrelation time, steps.
        steps: steps that were looked at.
    """

    r_hat: Floats
    effective: Floats
    times: Floats
    steps: int

    @property
    def reached(self) -> bool:
        """Whether the chains may be trusted."""
        return not self.failing()

    def failing(self) -> str:
        """What is not good enough, in words; empty where all is."""
        if not np.isfinite(self.r_hat).all():
            return "the chains do not move"
        if self.r_hat.max() > MOST_R_HAT:
            return f"R-hat is {self.r_hat.max():.2f}, wanted at most {MOST_R_HAT}"
        if self.effective.min() < LEAST_EFFECTIVE:
            return f"{self.effective.min():.0f} effective draws, wanted {LEAST_EFFECTIVE:.0f}"
        if self.steps < LEAST_TIMES * self.times.max():
            return (
                f"{self.steps} steps are {self.steps / self.times.max():.1f} autocorrelation "
                f"times, wanted {LEAST_TIMES:.0f}"
            )
        return ""


def agreement(chains: Floats) -> Agreement:
    """Return whether ensembles agree.

    Args:
        chains: (E, S, W, P) ensembles, steps, walkers, unknowns; two ensembles at least.
    """
    ensembles, steps, walkers, _ = chains.shape
    half = steps // 2
    parts = np.concatenate([chains[:, :half], chains[:, steps - half :]])
    flat = parts.reshape(len(parts), half * walkers, -1)
    within = flat.var(axis=1, ddof=1).mean(axis=0)
    between = flat.mean(axis=1).var(axis=0, ddof=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        r_hat = np.sqrt(1 + between / within)
    times = _times(chains)
    return Agreement(r_hat, ensembles * steps * walkers / times, times, steps)


def _times(chains: Floats) -> Floats:
    """(P,) autocorrelation time in steps, distance between ensembles counted in."""
    ensembles, steps, _, unknowns = chains.shape
    centred = chains - chains.mean(axis=(1, 2), keepdims=True)
    size = 1 << (2 * steps - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, size, axis=1)) ** 2
    lagged = np.fft.irfft(power, size, axis=1)[:, :steps].mean(axis=(0, 2))
    lagged = lagged / np.arange(steps, 0, -1)[:, None]  # (S, P) mean covariance at each lag
    apart = chains.mean(axis=(1, 2)).var(axis=0, ddof=1) if ensembles > 1 else np.zeros(unknowns)
    found = np.full(unknowns, float(steps))
    for place in range(unknowns):
        whole = lagged[0, place] + apart[place]
        if whole > 0:
            sums = 2 * np.cumsum(1 - (lagged[0, place] - lagged[:, place]) / whole) - 1
            ends = np.flatnonzero(np.arange(steps) >= WINDOW * sums)
            found[place] = max(sums[ends[0] if len(ends) else -1], 1.0)
    return found
