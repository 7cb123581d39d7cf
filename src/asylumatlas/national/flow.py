"""The mean-flow twin: the national court model without luck, in monthly steps.

The same rules as the scenario ``us-courts`` (two dockets, masters and individual hearings that
share the judges' time, least delays, release from custody, the named residual of the ledger), with
expected flows in place of people. A fit, a backtest or a plan can afford thousands of runs of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.national.columns import OUTPUTS, STATIC, STOCKS
from asylumatlas.national.courts import NATION, Courts
from asylumatlas.national.errors import NationalError
from asylumatlas.national.values import (
    DAYS_A_MONTH,
    MONTHS,
    WORKING_DAYS,
    central,
    check_names,
    draws_of,
    drivers_of,
    judge_days_of,
    parts,
    ring_sizes,
)

__all__ = ["WORKING_DAYS", "Flow", "central", "simulate"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """What the courts did: one row for each draw, one column for each month.

    Attributes:
        start: Fiscal year whose October is month 0.
        columns: Output by name (draws, months); see ``columns.OUTPUTS``.
        stock: Pending cases on day one (draws,).
        stock_released: Of these, not in custody (draws,).
        by_court: ``pending``, ``completions`` and ``masters`` (draws, months, courts); empty unless
            asked for.
        line: Cases in line at the end (draws, courts, 4): masters of the detained and of the
            released, then individual hearings of both.
        delayed: Cases in delays at the end, in the same order (draws, courts, 4).
    """

    start: int
    columns: Mapping[str, Floats]
    stock: Floats
    stock_released: Floats
    by_court: Mapping[str, Floats]
    line: Floats
    delayed: Floats

    def __getitem__(self, name: str) -> Floats:
        """Return one output (draws, months).

        Raises:
            NationalError: If there is no such output.
        """
        if name not in self.columns:
            raise NationalError(f'unknown output "{name}".{did_you_mean(name, self.columns)}')
        return self.columns[name]

    def mean_days_to_completion(self) -> Floats:
        """Return the mean days from filing to completion by year of completion (draws, years)."""
        done = self.yearly("completions")
        days = self.yearly("case_days_completed")
        return np.divide(days, done, out=np.full_like(days, np.nan), where=done > 0.0)

    @property
    def months(self) -> int:
        """Months that were run."""
        return int(self.columns["pending"].shape[1])

    @property
    def years(self) -> NDArray[np.int64]:
        """Fiscal years that were run in full."""
        return np.arange(self.start, self.start + self.months // MONTHS)

    def yearly(self, name: str) -> Floats:
        """Return one output by full fiscal year (draws, years): a sum, or the stock at its end."""
        whole = self[name][:, : self.months // MONTHS * MONTHS]
        if name in STOCKS:
            return whole[:, MONTHS - 1 :: MONTHS]
        return whole.reshape(whole.shape[0], -1, MONTHS).sum(axis=2)

    def waits(self) -> Floats:
        """Return the days that a case of the released filed in each month waits for its decision.

        All released cases, the stock first, are taken to leave in the order they came: the middle
        of a fluid queue, not the wait of any one person.

        Returns:
            Days by month of filing (draws, months); nan where the end comes before the decision.
        """
        from asylumatlas.national import queue_kernel

        out = np.empty_like(self["pending"])
        queue_kernel.waits(self._entered(), self._left(), self.stock_released, out)
        return out * DAYS_A_MONTH

    def decided_within(self, days: float) -> Floats:
        """Return the share of released cases filed in each month that is decided within some days.

        First in, first out over the whole docket, as in `waits`; flows are even in a month.

        Returns:
            Shares by month of filing (draws, months); nan where the run ends too early to tell.
        """
        entered = _cumulated(self._entered()) + self.stock_released[:, None]
        left = _cumulated(self._left())
        ahead = days / DAYS_A_MONTH
        times = np.arange(self.months + 1) + ahead
        known = times <= self.months
        low = np.minimum(times.astype(int), self.months - 1)
        part = times - low
        reached = left[:, low] * (1.0 - part) + left[:, low + 1] * part
        spare = np.where(known, reached - entered, np.nan)
        first, last = spare[:, :-1], spare[:, 1:]
        with np.errstate(divide="ignore", invalid="ignore"):
            crossing = np.maximum(first, last) / np.abs(first - last)
        both = np.where(first >= 0.0, 1.0, 0.0)
        share = np.where((first >= 0.0) == (last >= 0.0), both, crossing)
        return np.where(np.isnan(first) | np.isnan(last), np.nan, share)

    def _entered(self) -> Floats:
        """Released docket: filed, reopened or let out of custody (draws, months)."""
        gone = self["completions_detained"] + self["released"]
        before = self.stock - self.stock_released
        held = np.concatenate([before[:, None], self["pending_detained"][:, :-1]], axis=1)
        detained_filed = self["pending_detained"] - held + gone
        return self["receipts"] - detained_filed + self["reopened"] + self["released"]

    def _left(self) -> Floats:
        """Released docket: decided, or closed without a decision (draws, months)."""
        decided = self["completions"] - self["completions_detained"]
        return decided + self["administratively_closed"]


def simulate(
    values: Mapping[str, Any],
    *,
    start: int,
    months: int,
    courts: Courts = NATION,
    judges_by_court: Any = None,
    by_court: bool = False,
    working_days: float = WORKING_DAYS,
) -> Flow:
    """Run the twin for many draws at once.

    Args:
        values: ``pending`` (stock on day one) and every name of ``columns.STATIC``: a number or
            (draws,). Every name of ``columns.YEARLY``: a number, (years,) or (months,) for all
            draws, or (draws, years) or (draws, months). In place of the number of cases
            ``administratively_closed``, ``administratively_closed_share`` (of masters of the
            released) may be given. Optional: yearly ``detained_ratio`` (the year's detained share
            over ``detained_share``) and ``stock_age_days`` (mean age of the stock on day one).
        start: Fiscal year whose October is month 0.
        months: Months to run; years are as many as touch them.
        courts: Courts and their shares; all as one by default.
        judges_by_court: Judges on the bench by court, (courts, years or months) or with draws
            first; in place of ``judges`` and the shares of ``courts``.
        by_court: Keep pending cases, completions and masters by court.
        working_days: Court days in a year.

    Raises:
        NationalError: If a name is missing or unknown, a shape does not fit or a value lies
            outside what the model can hold.

    Example:
        >>> flow = simulate(central(2018, 1), start=2018, months=12)
        >>> flow.yearly("receipts").round().tolist()
        [[316106.0]]
    """
    given = dict(values)
    if judges_by_court is not None:
        given.setdefault("judges", 0.0)
    check_names(given)
    statics, stocks = parts(given, draws_of(given, months, judges_by_court))
    drivers = drivers_of(given, months)
    time = judge_days_of(given, months, courts, judges_by_court, working_days)
    return _run(statics, stocks, drivers, time, courts, start, months, by_court)


def _run(
    statics: Floats,
    stocks: Floats,
    drivers: Floats,
    time: Floats,
    courts: Courts,
    start: int,
    months: int,
    by_court: bool,
) -> Flow:
    from asylumatlas.national import kernel

    draws, places = len(stocks), len(courts.names)
    size, near = ring_sizes(statics)
    out = np.empty((draws, months, len(OUTPUTS)))
    detail = np.empty((draws if by_court else 0, months, places, 3))
    line, ring = np.empty((draws, places, 4, 3)), np.empty((draws, places, 4, size, 2))
    kernel.flow(statics, stocks, drivers, time, courts.filings, near, out, detail, line, ring)
    kept = ("pending", "completions", "masters") if by_court else ()
    return Flow(
        start=start,
        columns={name: out[:, :, column] for column, name in enumerate(OUTPUTS)},
        stock=stocks,
        stock_released=stocks * (1.0 - statics[:, STATIC.index("stock_detained_share")]),
        by_court={name: detail[..., column] for column, name in enumerate(kept)},
        line=line[..., 0],
        delayed=ring[..., 0].sum(axis=3),
    )


def _cumulated(flow: Floats) -> Floats:
    return np.concatenate([np.zeros((flow.shape[0], 1)), np.cumsum(flow, axis=1)], axis=1)
