"""A fit from end to end: history matching, then chains in rounds until they agree."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from asylumatlas.calibrate.chains import Agreement, Round, State, agreement, walk
from asylumatlas.calibrate.likelihood import Likelihood
from asylumatlas.calibrate.problem import CalibrationError, Floats, Problem, checked, fingerprint
from asylumatlas.calibrate.result import Fit
from asylumatlas.calibrate.threads import one_thread
from asylumatlas.calibrate.waves import THRESHOLD, Matched, match
from asylumatlas.ensembles import Journal, pieces

Progress = Callable[[str, int, int], None]
ROUND = 200  # steps of an ensemble between two looks at the chains
TRACED = 200


@dataclass(frozen=True)
class Settings:
    """How hard a fit tries.

    Attributes:
        seed: of all random numbers.
        steps: most steps of each ensemble.
        walkers: walkers of each ensemble, at least twice the unknowns; 0 chooses.
        ensembles: independent ensembles, two or more.
        waves: most waves of history matching.
        draws: draws in a wave.
        forgiven: targets that a draw may miss in history matching.
        enough: effective draws at which the chains may stop early; 0 never stops early.
        keep: most draws kept.
        stride: steps of a round.
    """

    seed: int = 1
    steps: int = 2000
    walkers: int = 0
    ensembles: int = 4
    waves: int = 12
    draws: int = 400
    forgiven: int = 1
    enough: int = 400
    keep: int = 4000
    stride: int = ROUND

    def checked(self, unknowns: int) -> int:
        """Walkers of each ensemble.

        Raises:
            CalibrationError: a setting that cannot be used.
        """
        walkers = self.walkers or max(2 * (unknowns + 1), 24)
        if walkers < 2 * unknowns or walkers % 2:
            raise CalibrationError(
                f"walkers: {walkers}; {unknowns} unknowns need an even number from {2 * unknowns}"
            )
        for key, least in (("steps", 20), ("ensembles", 2), ("waves", 1), ("draws", 20)):
            if getattr(self, key) < least:
                raise CalibrationError(f"{key}: {getattr(self, key)}; needs at least {least}")
        return walkers


def fit(
    problem: Problem,
    *,
    seed: int = 1,
    steps: int = 2000,
    walkers: int = 0,
    waves: int = 12,
    ensembles: int = 4,
    enough: int = 400,
    keep: int = 4000,
    draws: int = 400,
    stride: int = ROUND,
    workers: int = 1,
    executor: Executor | None = None,
    scheduler: str | None = None,
    journal: str | Path | None = None,
    progress: Progress | None = None,
) -> Fit:
    """Return what is believed of a problem's unknowns once its targets are seen.

    The same seed gives the same draws, whoever does the work and however often it was stopped.

    Args:
        problem: unknowns, model and targets.
        seed: of all random numbers.
        steps: most steps of each ensemble; the first half is left out.
        walkers: walkers of each ensemble; 0 chooses.
        waves: most waves of history matching.
        ensembles: independent ensembles.
        enough: effective draws of every unknown at which the chains stop early; 0 never does.
        keep: most draws kept.
        draws: draws in a wave of history matching.
        stride: steps between two looks at the chains.
        workers: processes started here.
        executor: any `concurrent.futures` executor instead.
        scheduler: address of a Dask scheduler instead.
        journal: folder where finished rounds are kept: the same call goes on from them, and one
            with more steps too.
        progress: called with (what is done, how much of it, of how much).

    Returns:
        The fit; where it did not converge, `converged` is false and the first warning says so.

    Raises:
        CalibrationError: the problem or a setting cannot be used, or no draw has a likelihood.
        EnsembleError: workers keep dying, or the scheduler has gone.
    """
    settings = Settings(
        seed=seed, steps=steps, walkers=walkers, ensembles=ensembles, waves=waves, draws=draws,
        enough=enough, keep=keep, stride=stride,
    )  # fmt: skip
    walkers = settings.checked(len(problem.prior))
    began = time.perf_counter()
    hands = partial(pieces, workers=workers, executor=executor, scheduler=scheduler)
    with one_thread():
        checked(problem)
        mark = fingerprint(problem)
        matched = _matched(problem, settings, mark, journal, progress)
        rounds = _rounds(problem, settings, walkers, matched, mark, hands, journal, progress)
        seconds = time.perf_counter() - began
        return _fit(problem, settings, matched, rounds, mark, seconds, journal)


def _matched(
    problem: Problem,
    settings: Settings,
    mark: str,
    journal: str | Path | None,
    progress: Progress | None,
) -> Matched:
    """History matching, or what a journal keeps of it."""
    rng = np.random.default_rng([settings.seed, 1])
    told = partial(progress, "Waves") if progress else None
    work = partial(
        match, rng=rng, draws=settings.draws, waves=settings.waves, forgiven=settings.forgiven,
        progress=told,
    )  # fmt: skip
    key = f"{mark} waves {settings.seed} {settings.draws} {settings.waves} {settings.forgiven}"
    kept = Journal(journal, key) if journal is not None else None
    found: Matched = next(pieces(work, [problem], journal=kept))
    return found


def _rounds(
    problem: Problem,
    settings: Settings,
    walkers: int,
    matched: Matched,
    mark: str,
    hands: Callable[..., Any],
    journal: str | Path | None,
    progress: Progress | None,
) -> list[list[Round]]:
    """Rounds of all ensembles, until they agree or the steps are used up."""
    states = _starts(problem, settings, walkers, matched)
    base = f"{mark} {settings.seed} {settings.draws} {settings.waves} {walkers} {len(states)}"
    done: list[list[Round]] = []
    walked = 0
    while walked < settings.steps:
        steps = min(settings.stride, settings.steps - walked)
        key = f"{base} stride {settings.stride} from {walked} steps {steps}"
        kept = Journal(journal, key) if journal is not None else None
        found = list(hands(walk, states, journal=kept, common=(problem, steps)))
        walked += steps
        done.append(found)
        states = [
            State(each.free[-1], (*state.seed[:2], len(done)))
            for each, state in zip(found, states, strict=True)
        ]
        if progress:
            progress("Steps", walked, settings.steps)
        now = agreement(_kept(done))
        if settings.enough and now.reached and now.effective.min() >= settings.enough:
            break
    return done


def _starts(problem: Problem, settings: Settings, walkers: int, matched: Matched) -> list[State]:
    """Walkers of each ensemble: draws that are not ruled out, moved a little apart."""
    likelihood = Likelihood(problem)
    rng = np.random.default_rng([settings.seed, 2])
    free = likelihood.free(matched.theta)
    dense = np.flatnonzero(np.isfinite(likelihood.log_posterior(free)))
    if not len(dense):
        raise CalibrationError(
            f"no draw has a likelihood; the target in the way is {matched.waves[-1].worst}"
        )
    states = []
    for number in range(settings.ensembles):
        chosen = rng.choice(dense, walkers, replace=len(dense) < walkers)
        jitter = 1e-2 * rng.standard_normal((walkers, len(problem.prior)))
        states.append(State(free[chosen] + jitter, (settings.seed % 2**32, number, 0)))
    return states


def _kept(done: list[list[Round]]) -> Floats:
    """(E, S, W, P) the second half of the steps."""
    ensembles = range(len(done[0]))
    free = np.stack([np.concatenate([each[e].free for each in done]) for e in ensembles])
    kept: Floats = free[:, free.shape[1] // 2 :]
    return kept


def _fit(
    problem: Problem,
    settings: Settings,
    matched: Matched,
    rounds: list[list[Round]],
    mark: str,
    seconds: float,
    journal: str | Path | None,
) -> Fit:
    """All that is known, put together."""
    likelihood = Likelihood(problem)
    ensembles = range(len(rounds[0]))
    chains = _kept(rounds)
    judged = agreement(chains)
    _, steps, walkers, unknowns = chains.shape
    # Steps before ensembles and walkers, so that thinning takes from all alike.
    flat = chains.transpose(1, 0, 2, 3).reshape(-1, unknowns)
    dense = np.stack(
        [np.concatenate([each[e].log_posterior for each in rounds]) for e in ensembles]
    )[:, -steps:]
    dense = dense.transpose(1, 0, 2).reshape(-1)
    places = np.linspace(0, len(flat) - 1, min(settings.keep, len(flat))).round().astype(int)
    theta = likelihood.theta(flat[places])
    left, sd = likelihood.centred(theta)
    walked = sum(each[0].free.shape[0] for each in rounds)
    misfit = problem.discrepancy
    outside = float(misfit.outside(theta).mean()) if misfit is not None else 0.0
    return Fit(
        prior=problem.prior,
        targets=problem.targets,
        samples=theta,
        log_posterior=dense[places],
        log_likelihood=likelihood.log_likelihood(theta),
        answers=problem.targets.values - left,
        spread=np.sqrt(np.maximum(sd**2 - problem.targets.sd**2, 0)),
        trace=_trace(likelihood, rounds),
        waves=matched.waves,
        r_hat=judged.r_hat,
        effective=judged.effective,
        times=judged.times,
        accepted=float(np.mean([each.accepted for row in rounds for each in row])),
        steps=walked,
        ensembles=len(ensembles),
        walkers=walkers,
        seed=settings.seed,
        outside=outside,
        converged=judged.reached,
        warnings=tuple(_warnings(judged, matched, outside, walked, journal)),
        fingerprint=mark,
        seconds=seconds,
        versions=_versions(),
    )


def _trace(likelihood: Likelihood, rounds: list[list[Round]]) -> Floats:
    """(E, T, P) mean over the walkers at up to 200 times."""
    traces = []
    for e in range(len(rounds[0])):
        free = np.concatenate([each[e].free for each in rounds])
        places = np.linspace(0, len(free) - 1, min(TRACED, len(free))).round().astype(int)
        steps, walkers, unknowns = free[places].shape
        theta = likelihood.theta(free[places].reshape(-1, unknowns))
        traces.append(theta.reshape(steps, walkers, unknowns).mean(axis=1))
    return np.stack(traces)


def _warnings(
    judged: Agreement,
    matched: Matched,
    outside: float,
    walked: int,
    journal: str | Path | None,
) -> list[str]:
    """What a reader must know, the gravest first."""
    told = []
    if not judged.reached:
        saved = f"; the chains so far are kept in {journal}" if journal is not None else ""
        more = f"--steps {2 * walked} --resume" if journal is not None else f"steps={2 * walked}"
        told.append(
            f"calibration: not converged after {walked} steps: {judged.failing()}{saved}; "
            f"go on with {more}"
        )
    if matched.ruled_out:
        worst = matched.waves[-1]
        told.append(
            f"No draw comes within {THRESHOLD:.0f} standard deviations of all targets but one; "
            f"the nearest are at {matched.implausibility.min():.1f}, and the target farthest off "
            f"is {worst.worst}."
        )
    if outside > 0.01:
        told.append(
            f"{100 * outside:.0f} % of the draws lie where the discrepancy was never trained; "
            "there it is taken from the nearest run. Train it on a wider design."
        )
    return told


def _versions() -> dict[str, str]:
    """Versions of what the draws may depend on."""
    found = {}
    for name in ("asylumatlas", "numpy", "emcee", "scipy", "scikit-learn"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
