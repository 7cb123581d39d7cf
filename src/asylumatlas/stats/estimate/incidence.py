"""Time to the first of several ends: Aalen and Johansen's cumulative incidence.

A claim can end granted, denied or withdrawn, and many are pending. One minus Kaplan-Meier for each
end by itself would count a withdrawn claim as one that might still be granted; these shares do
not, and with the share still pending they add up to 1. Days may be tied as heavily as they like:
the estimator is a sum over days, and nothing is jittered.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from asylumatlas.stats.estimate.checks import EstimateError, Ints, Numbers, inside, whole
from asylumatlas.stats.estimate.survival import Bounded, log_log_ends
from asylumatlas.stats.estimate.timeline import Timeline, at_risk, timeline


@dataclass(frozen=True)
class Incidences:
    """Cumulative incidence of every cause, for one group or many, rows one after the other.

    Attributes:
        rows: groups and days; ``rows.first`` says where each group begins.
        at_risk: (rows,) cases without an end at the start of the day.
        events: (rows, causes) cases that ended on the day.
        censored: (rows,) cases last seen on the day, the end still to come.
        survival: (rows,) share without any end at the end of the day.
        incidence: (rows, causes) share ended by each cause so far.
        variance: (rows, causes) variance of the incidence.
        level: share of intervals that hold the truth.
    """

    rows: Timeline
    at_risk: Ints
    events: Ints
    censored: Ints
    survival: Numbers
    incidence: Numbers
    variance: Numbers
    level: float

    @property
    def groups(self) -> int:
        """Number of groups."""
        return self.rows.groups

    @property
    def days(self) -> Ints:
        """(rows,) days since the origin."""
        return self.rows.days

    @cached_property
    def _ends(self) -> tuple[Numbers, Numbers]:
        low, high = self.incidence.copy(), self.incidence.copy()
        some = (self.incidence > 0) & (self.incidence < 1)
        share = self.incidence[some]
        log = np.log(share)
        low[some], high[some] = log_log_ends(
            log, np.sqrt(self.variance[some]), share * -log, self.level
        )
        return low, high

    @property
    def low(self) -> Numbers:
        """(rows, causes) lower end of the log-log interval; 0 before the first event."""
        return self._ends[0]

    @property
    def high(self) -> Numbers:
        """(rows, causes) upper end of the log-log interval; 0 before the first event."""
        return self._ends[1]

    def at(self, days: ArrayLike) -> Bounded:
        """(groups, days, causes) incidence at the end of each day, with its interval.

        After the last day on which a group was seen it is nan, unless every case had ended.
        """
        asked = whole(np.atleast_1d(days), "days")
        row = self.rows.row_at(asked)
        before = row < self.rows.first[:-1, None]
        still = np.where(before, 1.0, np.append(self.survival, np.nan)[row])
        unknown = (asked > self.rows.last_days()[:, None]) & (still > 0)
        nothing = np.full((1, self.incidence.shape[1]), np.nan)
        curves = []
        for curve in (self.incidence, *self._ends):
            values = np.where(before[:, :, None], 0.0, np.concatenate((curve, nothing))[row])
            curves.append(np.where(unknown[:, :, None], np.nan, values))
        return Bounded(*curves)


def aalen_johansen(
    days: ArrayLike,
    events: ArrayLike,
    censored: ArrayLike,
    entered: ArrayLike | None = None,
    level: float = 0.95,
    group: ArrayLike | None = None,
    groups: int = 1,
) -> Incidences:
    """The share of cases ended by each cause after n days, from counts by day and cause.

    ``F_k(t)`` is the sum of ``S(s-) d_k / n`` over the days up to t, with S the Kaplan-Meier curve
    of all causes together. The variance is of the Greenwood type: on each day the cases at risk
    share themselves out as a multinomial draw, which without censoring gives ``F (1 - F) / N``
    exactly. The interval is ``F ** exp(±z se)`` with ``se`` the standard error of ``log(-log F)``.

    Args:
        days: (n,) whole days since each case's origin.
        events: (n, causes) cases that ended on the day, by cause.
        censored: (n,) cases last seen on the day without an end; at risk on that day.
        entered: (n,) cases first seen on the day (delayed entry), at risk from that day on.
        level: share of intervals that hold the truth.
        group: (n,) whole numbers below ``groups``; one group if left out.
        groups: number of groups, those without a row too.

    Raises:
        EstimateError: a count is negative or not whole, lengths differ, or those who enter are not
            those who leave.

    Source: Aalen and Johansen 1978, Scandinavian Journal of Statistics 5, 141-150; variance as in
    Marubini and Valsecchi 1995, Analysing Survival Data from Clinical Trials and Observational
    Studies; interval as in Collett, Modelling Survival Data in Medical Research, 3rd edition.

    >>> curve = aalen_johansen([1, 2], [[1, 1], [1, 0]], [0, 1])
    >>> curve.incidence.tolist(), curve.survival.tolist()
    ([[0.25, 0.25], [0.5, 0.25]], [0.5, 0.25])
    """
    inside(level, "level")
    ended = whole(events, "events")
    if ended.ndim != 2:
        raise EstimateError("events: one column per cause is needed; give an array (days, causes)")
    causes = ended.shape[1]
    given = [*(ended[:, k] for k in range(causes)), whole(censored, "censored")]
    if entered is not None:
        given.append(whole(entered, "entered"))
    by = np.zeros(len(ended), np.int64) if group is None else group
    rows = timeline(by, days, given, groups)
    happened = np.stack(rows.counts[:causes], axis=1)
    lost = rows.counts[causes]
    together = happened.sum(axis=1)
    risk = at_risk(rows, together + lost, rows.counts[-1] if entered is not None else None)
    safe = np.maximum(risk, 1).astype(np.float64)
    survival = rows.running((risk - together + (risk == 0)) / safe, np.multiply)
    ahead = rows.before(survival, 1.0)
    incidence = np.stack(
        [rows.running(ahead * happened[:, k] / safe) for k in range(causes)], axis=1
    )
    variance = np.stack(
        [
            _variance(rows, safe, together, happened[:, k], ahead, incidence[:, k])
            for k in range(causes)
        ],
        axis=1,
    )
    return Incidences(rows, risk, happened, lost, survival, incidence, variance, level)


def _variance(
    rows: Timeline,
    risk: Numbers,
    together: Ints,
    events: Ints,
    ahead: Numbers,
    incidence: Numbers,
) -> Numbers:
    """(rows,) sum over the days s so far of what each day's draw adds to the variance at t.

    With F(t) - F(s) still to come after day s, day s adds
    ``(F(t) - F(s))² d / (n (n - d)) + S(s-)² d_k (n - d_k) / n³ - 2 (F(t) - F(s)) S(s-) d_k / n²``.
    The squares are multiplied out, so that running sums do for every t at once.
    """
    left = risk - together
    hazard = np.zeros(len(risk))
    # where all end on one day nothing is to come after it, and the first term is 0
    np.divide(together, risk * left, out=hazard, where=(left > 0) & (together > 0))
    own = ahead**2 * events * (risk - events) / risk**3
    shared = ahead * events / risk**2
    square = rows.running(hazard)
    linear = rows.running(hazard * incidence + shared)
    constant = rows.running(hazard * incidence**2 + own + 2 * shared * incidence)
    return np.maximum(incidence**2 * square - 2 * incidence * linear + constant, 0.0)
