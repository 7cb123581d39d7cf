"""The years to come: posterior draws of the model carried on by random walks.

For every draw the past is solved first (`solution.solve`): completions and, through the named
residual, pending cases are those published. Then log productivity, the residual as a share of the
stock, and where they are not given log receipts and log judges walk on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.national.columns import OUTPUTS
from asylumatlas.national.errors import LacksData, NationalError
from asylumatlas.national.ledger import Ledger
from asylumatlas.national.solution import Solution, solve
from asylumatlas.national.values import WORKING_DAYS, detained_ratio, ring_sizes
from asylumatlas.national.walks import Walk, extend

__all__ = ["Fan", "Forecaster", "Prior"]

Floats = NDArray[np.float64]
_PURPOSES = ("productivity", "residual", "receipts", "judges")  # order keys the streams of luck


@dataclass(frozen=True, slots=True)
class Prior:
    """What is thought of the walks before any year is seen; reasons stand beside each.

    Attributes:
        productivity: Of log completions a judge-day: a tenth or so a year, either way.
        residual: Of the ledger's residual over the stock at the year's start: a few percent, and
            drifting back to none, because closings of one year are reopened in others.
        receipts: Of log receipts: arrivals change by a sixth in a usual year.
        judges: Of log judges: hiring is slow and budgets are yearly.
    """

    productivity: Walk = field(default_factory=lambda: Walk(0.12))
    residual: Walk = field(default_factory=lambda: Walk(0.03, persistence=0.7))
    receipts: Walk = field(default_factory=lambda: Walk(0.16, drift_years=10.0))
    judges: Walk = field(default_factory=lambda: Walk(0.06, drift_years=4.0))


@dataclass(frozen=True, slots=True, eq=False)
class Fan:
    """Forecast draws by fiscal year.

    Attributes:
        years: Fiscal years (H,).
        columns: ``pending`` (end of year, in the ledger's definition), ``completions``,
            ``receipts``, ``judges``, ``productivity``, ``residual`` (cases) and the other outputs
            of the twin (draws, H).
    """

    years: NDArray[np.int64]
    columns: Mapping[str, Floats]

    def __getitem__(self, name: str) -> Floats:
        """Return one output (draws, H).

        Raises:
            NationalError: If there is no such output.
        """
        if name not in self.columns:
            raise NationalError(f'unknown output "{name}".{did_you_mean(name, self.columns)}')
        return self.columns[name]

    @property
    def pending(self) -> Floats:
        """Pending cases at the end of each year (draws, H)."""
        return self.columns["pending"]

    @property
    def completions(self) -> Floats:
        """Completions of each year (draws, H)."""
        return self.columns["completions"]

    @property
    def receipts(self) -> Floats:
        """Receipts of each year (draws, H)."""
        return self.columns["receipts"]

    @property
    def judges(self) -> Floats:
        """Mean judges of each year (draws, H)."""
        return self.columns["judges"]

    def quantiles(self, name: str, chances: Sequence[float]) -> Floats:
        """Return quantiles of one output (chances, H)."""
        found: Floats = np.quantile(self[name], chances, axis=0)
        return found


class Forecaster:
    """Draws of the model, solved through the past and ready to go on.

    Args:
        statics: Every name of ``columns.STATIC``: (draws,) or a number.
        past: The ledger up to the cut-off, such as ``ledger.history(cutoff)``.
        prior: Of the walks.
        seed: Of the luck; each walk has a stream of its own, so giving receipts does not change
            the luck of productivity.
        first: First year to solve; the first whose opening stock is known by default.
        working_days: Court days in a year.

    Attributes:
        solution: The past of every draw (see `solution.solve`). A draw that cannot do the last
            year's work goes on with the productivity of the last year in which it could.
        kept: Which of the given draws stands at each place (draws,). Draws that run out of work in
            every past year are replaced by the others in turn; a fit leaves none of them.

    Raises:
        LacksData: If the ledger lacks a figure, or no draw can do any past year's work.
        NationalError: If a name is missing or unknown, or a value is out of range.

    Example:
        >>> from asylumatlas.national import flow, ledger
        >>> from asylumatlas.national.columns import STATIC
        >>> statics = {name: np.full(50, flow.central(2010, 1)[name]) for name in STATIC}
        >>> fan = Forecaster(statics, ledger.history(2015), first=2010).project(3)
        >>> fan.years.tolist(), fan.pending.shape
        ([2016, 2017, 2018], (50, 3))
    """

    def __init__(
        self,
        statics: Mapping[str, Any],
        past: Ledger,
        *,
        prior: Prior | None = None,
        seed: int = 1,
        first: int | None = None,
        working_days: float = WORKING_DAYS,
    ) -> None:
        if not np.isfinite(past.pending_end[-1]):
            raise LacksData(f'FY{past.last}: the ledger "{past.definition}" lacks pending cases.')
        self.past = past
        self.prior = Prior() if prior is None else prior
        self.seed = seed
        self.working_days = working_days
        solution = solve(statics, past, first=first, working_days=working_days)
        self.kept = _kept(solution)
        self.solution: Solution = solution.take(self.kept)

    @property
    def draws(self) -> int:
        """Number of draws."""
        return len(self.solution.held)

    def project(self, horizon: int, *, judges: Any = None, receipts: Any = None) -> Fan:
        """Carry every draw on.

        The luck of the first years is the same whatever the horizon.

        Args:
            horizon: Years to go.
            judges: Mean judges of each year (horizon,) or (draws, horizon); ``None`` to draw them.
            receipts: Cases received in each year, likewise.

        Raises:
            NationalError: If the horizon is below 1 or a shape does not fit.
        """
        from asylumatlas.national import kernel

        if horizon < 1:
            raise NationalError(f"horizon: {horizon}; forecast at least one year.")
        solution = self.solution
        productivity = np.exp(self._productivity(horizon))
        residual = self._residual(horizon)
        bench = self._path("judges", judges, horizon)
        filed = self._path("receipts", receipts, horizon)
        days = bench * productivity * (self.working_days / 12.0)
        values = solution.statics
        held, line, ring = solution.held.copy(), solution.line.copy(), solution.ring.copy()
        out = np.empty((self.draws, horizon, len(OUTPUTS)))
        clock = 12 * len(solution.years)
        ratio = float(detained_ratio(int(solution.years[0]), len(solution.years))[-1])
        near = ring_sizes(values)[1]
        floor = float(self.past.reopened[-1])
        kernel.project(
            values, filed / 12.0, days, residual, ratio, floor, clock, near, held, line, ring, out
        )
        columns = {name: out[:, :, column] for column, name in enumerate(OUTPUTS)}
        # Inactive cases, and what a draw could not complete in the past, stay as they are.
        columns["pending"] = columns["pending"] + (self.past.pending_end[-1] - solution.held[:, :1])
        columns["judges"], columns["productivity"] = bench, productivity
        columns["residual"] = columns["reopened"] - columns["administratively_closed"]
        years = np.arange(self.past.last + 1, self.past.last + 1 + horizon)
        return Fan(years, columns)

    def _stream(self, purpose: str) -> np.random.Generator:
        key = (self.seed, _PURPOSES.index(purpose))
        return np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))

    def _productivity(self, horizon: int) -> Floats:
        """Log productivity (draws, horizon); with persistence below 1, back to the draw's mean."""
        past = np.log(self.solution.productivity)
        walk = self.prior.productivity
        centre = np.nanmean(past, axis=1) if walk.persistence != 1.0 else np.zeros(self.draws)
        around = past - centre[:, None]
        known = np.isfinite(around)
        latest = around.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
        last = around[np.arange(self.draws), latest]
        walked = extend(walk, last, around, horizon, self._stream("productivity"))
        return walked + centre[:, None]

    def _residual(self, horizon: int) -> Floats:
        """Residual of the year over the stock at its start (draws, horizon)."""
        share = self.past.residual / self.past.working_start
        past = np.broadcast_to(share, (self.draws, len(share)))
        last = np.full(self.draws, share[-1])
        return extend(self.prior.residual, last, past, horizon, self._stream("residual"))

    def _path(self, name: str, given: Any, horizon: int) -> Floats:
        """Judges or receipts as given, or drawn (draws, horizon)."""
        if given is not None:
            path = np.asarray(given, dtype=np.float64)
            if path.shape not in ((horizon,), (self.draws, horizon)) or not np.all(path >= 0.0):
                raise NationalError(
                    f"{name}: shape {path.shape}; give {horizon} numbers of at least 0"
                    f" or ({self.draws} draws, {horizon})."
                )
            return np.broadcast_to(path, (self.draws, horizon)).copy()
        series = np.log(self.past.receipts if name == "receipts" else self.past.judges)
        past = np.broadcast_to(series, (self.draws, len(series)))
        start = self.past.judges_end[-1] if name == "judges" else self.past.receipts[-1]
        last = np.full(self.draws, np.log(start))
        walk = self.prior.judges if name == "judges" else self.prior.receipts
        return np.exp(extend(walk, last, past, horizon, self._stream(name)))


def _kept(solution: Solution) -> NDArray[np.int64]:
    able = np.any(np.isfinite(solution.productivity), axis=1)
    places = np.flatnonzero(able)
    if not places.size:
        raise LacksData("statics: every draw runs out of work in every past year; fit them first.")
    return np.where(able, np.arange(able.size), np.resize(places, able.size))
