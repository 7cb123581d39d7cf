"""The answer of a calibration: draws, and all that is needed to judge them; kept as two files."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from asylumatlas.calibrate.problem import CalibrationError, Floats, Prior, Targets, subset
from asylumatlas.calibrate.waves import Wave
from asylumatlas.disk import store_whole

FORMAT = "asylumatlas fit 1"
NOTES, ARRAYS = "fit.json", "fit.npz"


@dataclass(frozen=True)
class Fit:
    """What is believed of the unknowns once the targets are seen.

    Attributes:
        prior: laws before.
        targets: figures that were fitted, and those held out.
        samples: (N, P) draws from the posterior, ordered by step, ensemble and walker.
        log_posterior: (N,) of each, over the free coordinates of the sampler.
        log_likelihood: (N,) of each.
        answers: (N, K) answers of the cheap model, discrepancy added, for each draw.
        spread: (N, K) standard deviation about them: of the discrepancy alone.
        trace: (E, T, P) mean over the walkers of each ensemble at up to 200 times, burn-in too.
        waves: history matching, wave by wave.
        r_hat: (P,) agreement of the ensembles.
        effective: (P,) effective draws.
        times: (P,) autocorrelation times, steps.
        accepted: share of moves that were taken.
        steps: steps that each ensemble walked; the first half is left out.
        ensembles: how many there were.
        walkers: in each ensemble.
        seed: of all random numbers.
        outside: share of the draws where the discrepancy was never trained.
        converged: whether the chains agree and are long enough.
        warnings: sentences; empty where nothing is wrong.
        fingerprint: checksum of the problem.
        seconds: time taken; work that a journal gave is not counted.
        versions: of the programs used.
    """

    prior: Prior
    targets: Targets
    samples: Floats
    log_posterior: Floats
    log_likelihood: Floats
    answers: Floats
    spread: Floats
    trace: Floats
    waves: tuple[Wave, ...]
    r_hat: Floats
    effective: Floats
    times: Floats
    accepted: float
    steps: int
    ensembles: int
    walkers: int
    seed: int
    outside: float
    converged: bool
    warnings: tuple[str, ...]
    fingerprint: str
    seconds: float
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The unknowns."""
        return self.prior.names

    def draws(self, count: int) -> dict[str, Floats]:
        """Return evenly chosen posterior draws by name, as (count,) arrays.

        Draws are used again, in order, where more are asked for than there are.
        """
        places = np.arange(count) % len(self.samples)
        if count <= len(self.samples):
            places = np.linspace(0, len(self.samples) - 1, count).round().astype(int)
        return {name: self.samples[places, k] for k, name in enumerate(self.names)}

    def quantiles(self, levels: tuple[float, ...] = (0.025, 0.1, 0.5, 0.9, 0.975)) -> Floats:
        """(L, P) quantiles of the posterior."""
        found: Floats = np.quantile(self.samples, levels, axis=0)
        return found

    def best(self) -> Floats:
        """(P,) the draw of greatest posterior density."""
        found: Floats = self.samples[int(self.log_posterior.argmax())]
        return found

    def predicted(self) -> Floats:
        """(N, K) one replicate of every target for each draw: answer, discrepancy and its error."""
        rng = np.random.default_rng([self.seed, 7])
        spread = np.hypot(self.spread, self.targets.sd)
        found: Floats = self.answers + spread * rng.standard_normal(self.answers.shape)
        return found

    def save(self, folder: str | Path) -> Path:
        """Write the fit as `fit.json` and `fit.npz`, each whole or not at all; the folder.

        Raises:
            OSError: it cannot be written.
        """
        folder = Path(folder)
        arrays = io.BytesIO()
        np.savez(arrays, **{name: getattr(self, name) for name in DRAWN})
        body = arrays.getvalue()
        notes: dict[str, Any] = {"format": FORMAT, "sha256": hashlib.sha256(body).hexdigest()}
        notes["prior"] = _columns(self.prior)
        notes["targets"] = _columns(self.targets)
        notes["waves"] = [asdict(wave) for wave in self.waves]
        notes |= {key: _plain(getattr(self, key)) for key in NOTED}
        store_whole(folder / ARRAYS, body)
        store_whole(folder / NOTES, (json.dumps(notes, indent=1) + "\n").encode())
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> Fit:
        """Read a fit that was saved.

        Raises:
            CalibrationError: the folder holds no fit, or its files do not belong together.
        """
        folder = Path(folder)
        try:
            notes = json.loads((folder / NOTES).read_text("utf-8"))
            body = (folder / ARRAYS).read_bytes()
        except (OSError, ValueError):
            raise CalibrationError(f"{folder}: holds no fit; run the calibration first") from None
        if notes.get("format") != FORMAT or notes["sha256"] != hashlib.sha256(body).hexdigest():
            raise CalibrationError(f"{folder}: its two files do not belong together; fit again")
        with np.load(io.BytesIO(body), allow_pickle=False) as file:
            arrays = {name: file[name] for name in DRAWN}
        told = {key: notes[key] for key in NOTED}
        for key in ("r_hat", "effective", "times"):
            told[key] = np.array([np.nan if x is None else x for x in told[key]])
        told["warnings"] = tuple(told["warnings"])
        return cls(
            prior=Prior(**_arrays(notes["prior"])),
            targets=Targets(**_arrays(notes["targets"])),
            waves=tuple(Wave(**wave) for wave in notes["waves"]),
            **told,
            **arrays,
        )

    def place(self, name: str) -> int:
        """Place of an unknown.

        Raises:
            CalibrationError: there is no such unknown; one close to it is named.
        """
        return subset(self.names, [name])[0]

    def trusted(self) -> Fit:
        """Return the fit itself if its chains have converged.

        Raises:
            CalibrationError: they have not; one line that says how to go on.
        """
        if not self.converged:
            raise CalibrationError(self.warnings[0])
        return self


DRAWN = ("samples", "log_posterior", "log_likelihood", "answers", "spread", "trace")
NOTED = (
    *("r_hat", "effective", "times", "accepted", "steps", "ensembles", "walkers", "seed"),
    *("outside", "converged", "warnings", "fingerprint", "seconds", "versions"),
)


def _plain(value: Any) -> Any:
    """A value as JSON has it; what is not finite as nothing."""
    if isinstance(value, np.ndarray):
        return [_plain(each) for each in value.tolist()]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return dict(value) if isinstance(value, Mapping) else value


def _columns(record: Prior | Targets) -> dict[str, Any]:
    return {key: _plain(value) for key, value in vars(record).items()}


def _arrays(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a prior or of targets from JSON."""
    words = ("names", "labels", "sources", "units")
    return {
        key: tuple(value)
        if key in words
        else np.array([np.nan if each is None else each for each in value])
        for key, value in columns.items()
    }
