"""Time to one event where some cases are still pending: Kaplan and Meier on counts by day.

The mean of the finished cases says nothing about the pending ones; this estimator uses both. Input
is how many cases had the event after n days and how many were last seen pending after n days.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from asylumatlas.stats.estimate.checks import Flags, Ints, Numbers, inside, whole
from asylumatlas.stats.estimate.distributions import normal_quantile
from asylumatlas.stats.estimate.timeline import Timeline, at_risk, timeline

_ROUNDING = 1e-10  # a product of thousands of factors may miss one half by so much


class Bounded(NamedTuple):
    """An estimate with its interval, all of one shape; nan where the data do not tell.

    Attributes:
        value: the estimate.
        low: lower end.
        high: upper end.
    """

    value: Numbers
    low: Numbers
    high: Numbers


class Mean(NamedTuple):
    """A mean with its variance, by group.

    Attributes:
        value: the mean, days.
        variance: its variance, days squared.
    """

    value: Numbers
    variance: Numbers


def log_log_ends(
    log: Numbers, spread: Numbers, scale: Numbers, level: float
) -> tuple[Numbers, Numbers]:
    """Ends of the log-log interval of shares between 0 and 1.

    Args:
        log: (n,) logarithms of the shares.
        spread: (n,) standard errors, which over ``scale`` are those of ``log(-log share)``.
        scale: (n,) see there.
        level: share of intervals that hold the truth.
    """
    z = normal_quantile((1 + level) / 2)
    with np.errstate(over="ignore"):  # beside 0 and 1 the interval runs from 0 to 1
        factor = np.exp(z * spread / scale)
        return np.exp(log * factor), np.exp(log / factor)


@dataclass(frozen=True)
class Survivals:
    """Kaplan-Meier curves of many groups, their rows one after the other.

    Attributes:
        rows: groups and days; ``rows.first`` says where each group begins.
        at_risk: (rows,) cases that could have the event on the day.
        events: (rows,) cases that had it.
        censored: (rows,) cases last seen on the day, the event still to come.
        survival: (rows,) share still without the event at the end of the day.
        hazard_variance: (rows,) Greenwood's sum of ``d / (n (n - d))`` so far.
        level: share of intervals that hold the truth.
    """

    rows: Timeline
    at_risk: Ints
    events: Ints
    censored: Ints
    survival: Numbers
    hazard_variance: Numbers
    level: float

    @property
    def groups(self) -> int:
        """Number of groups."""
        return self.rows.groups

    @property
    def variance(self) -> Numbers:
        """(rows,) Greenwood's variance of the survival; 0 once the survival is 0."""
        return self.survival**2 * self.hazard_variance

    @cached_property
    def _ends(self) -> tuple[Numbers, Numbers]:
        low, high = self.survival.copy(), self.survival.copy()
        some = (self.survival > 0) & (self.survival < 1)
        log = np.log(self.survival[some])
        low[some], high[some] = log_log_ends(
            log, np.sqrt(self.hazard_variance[some]), -log, self.level
        )
        ended = np.flatnonzero(self.survival == 0)
        if len(ended):
            # rows after the last that has an end of its own take that one
            own = np.where(self.survival > 0, np.arange(len(high)), -1)
            source = np.maximum.accumulate(own)
            inside_group = source >= self.rows.first[:-1][self.rows.group]
            high[ended] = np.where(inside_group, high[source], 1.0)[ended]
        return low, high

    @property
    def low(self) -> Numbers:
        """(rows,) lower end of the log-log interval; 1 before the first event, 0 at survival 0."""
        return self._ends[0]

    @property
    def high(self) -> Numbers:
        """(rows,) upper end; 1 before the first event, the last known end at survival 0."""
        return self._ends[1]

    def quantile(self, p: float) -> Bounded:
        """(groups,) days after which a share ``p`` of cases has had the event.

        The value is the first day on which the survival is at most ``1 - p``; the interval holds
        the days whose log-log interval of the survival holds ``1 - p``. Where a curve or an end of
        the interval does not come down so far, the answer is nan: not reached in the data.

        Raises:
            EstimateError: ``p`` is not between 0 and 1.

        Source: Brookmeyer and Crowley 1982, Biometrics 38, 29-41.
        """
        target = min((1 - inside(p, "p")) * (1 + _ROUNDING), 1 - _ROUNDING)
        reached = self.survival <= target
        # the ends come down to the target where log(-log S) -+ z se comes up to that of the target;
        # the lower end is in question before the curve comes down, the upper end after
        log = -np.log(np.clip(self.survival, 1e-300, 1 - 1e-16))
        z = normal_quantile((1 + self.level) / 2)
        side = np.where(reached, -z, z)
        end = np.log(log) + side * np.sqrt(self.hazard_variance) / log >= np.log(-np.log(target))
        high = reached & end & (self.survival > 0)
        return Bounded(*(self._first_day(flags) for flags in (reached, reached | end, high)))

    def _first_day(self, reached: Flags) -> Numbers:
        where = np.append(np.flatnonzero(reached), len(reached))
        found = where[np.searchsorted(where, self.rows.first[:-1])]
        known = found < self.rows.first[1:]
        days = np.append(self.rows.days, 0)
        return np.where(known, days[found], np.nan)

    def at(self, days: ArrayLike) -> Bounded:
        """(groups, days) survival at the end of each day, with its interval.

        After the last day on which a group was seen the survival is nan, unless it had reached 0.
        """
        asked = whole(np.atleast_1d(days), "days")
        row = self.rows.row_at(asked)
        before = row < self.rows.first[:-1, None]
        last = self.rows.last_days()[:, None]
        padded = [np.append(curve, np.nan) for curve in (self.survival, *self._ends)]
        curves = [np.where(before, 1.0, curve[row]) for curve in padded]
        unknown = (asked > last) & ((curves[0] > 0) | before)
        return Bounded(*(np.where(unknown, np.nan, curve) for curve in curves))

    def restricted_mean(self, horizon: int) -> Mean:
        """(groups,) mean days until the event, counting at most ``horizon`` days of each case.

        The area under the survival up to the horizon. nan where a group was not seen that long
        and its survival had not reached 0.

        Raises:
            EstimateError: the horizon is negative or not whole.

        Source: Klein and Moeschberger, Survival Analysis, 2nd edition, section 4.5.
        """
        whole([horizon], "horizon")
        starts = np.minimum(self.rows.days, horizon)
        ends = np.full(len(starts), horizon)
        ends[:-1] = starts[1:]
        filled = self.rows.filled
        ends[self.rows.first[1:][filled] - 1] = horizon
        area = self.survival * (ends - starts)
        until_first = np.zeros(self.groups)
        until_first[filled] = starts[self.rows.first[:-1][filled]]
        total = self.rows.total(area)
        ahead = np.repeat(total, np.diff(self.rows.first)) - self.rows.running(area) + area
        ahead[(self.rows.days > horizon) | (self.survival == 0)] = 0.0
        variance = self.rows.total(ahead**2 * _hazard_variance(self.at_risk, self.events))
        unknown = np.isnan(self.at([horizon]).value[:, 0])
        mean = until_first + total
        return Mean(np.where(unknown, np.nan, mean), np.where(unknown, np.nan, variance))

    def one(self, group: int) -> Survival:
        """The curve of one group by itself."""
        rows, part = self.rows.only(group)
        return Survival(
            Survivals(
                rows,
                self.at_risk[part],
                self.events[part],
                self.censored[part],
                self.survival[part],
                self.hazard_variance[part],
                self.level,
            )
        )


@dataclass(frozen=True)
class Survival:
    """The Kaplan-Meier curve of one group, one row per day on which something was counted.

    Attributes:
        curves: the same as the only group of a set of curves.
    """

    curves: Survivals

    @property
    def days(self) -> Ints:
        """(rows,) days since the origin."""
        return self.curves.rows.days

    @property
    def at_risk(self) -> Ints:
        """(rows,) cases that could have the event on the day."""
        return self.curves.at_risk

    @property
    def events(self) -> Ints:
        """(rows,) cases that had the event on the day."""
        return self.curves.events

    @property
    def censored(self) -> Ints:
        """(rows,) cases last seen on the day."""
        return self.curves.censored

    @property
    def survival(self) -> Numbers:
        """(rows,) share still without the event at the end of the day."""
        return self.curves.survival

    @property
    def variance(self) -> Numbers:
        """(rows,) Greenwood's variance of the survival."""
        return self.curves.variance

    @property
    def low(self) -> Numbers:
        """(rows,) lower end of the interval."""
        return self.curves.low

    @property
    def high(self) -> Numbers:
        """(rows,) upper end of the interval."""
        return self.curves.high

    def quantile(self, p: float) -> Bounded:
        """Days after which a share ``p`` has had the event; see `Survivals.quantile`."""
        return Bounded(*(value[0] for value in self.curves.quantile(p)))

    def at(self, days: ArrayLike) -> Bounded:
        """(days,) survival at the end of each day; see `Survivals.at`."""
        return Bounded(*(value[0] for value in self.curves.at(days)))

    def restricted_mean(self, horizon: int) -> Mean:
        """Mean days within the horizon; see `Survivals.restricted_mean`."""
        return Mean(*(value[0] for value in self.curves.restricted_mean(horizon)))


def kaplan_meier(
    days: ArrayLike,
    events: ArrayLike,
    censored: ArrayLike,
    entered: ArrayLike | None = None,
    level: float = 0.95,
) -> Survival:
    """The share of cases still without the event after n days, from counts by day.

    ``S(t)`` is the product of ``1 - d / n`` over the days up to t, with d events among n at risk.
    The variance is Greenwood's; the interval is ``S ** exp(±z se)`` with ``se`` the standard error
    of ``log(-log S)``. Rows may come in any order, and several for one day are added: counts of
    shards are simply joined.

    Args:
        days: (n,) whole days since each case's origin.
        events: (n,) cases that had the event on the day.
        censored: (n,) cases last seen without it on the day; they were at risk on that day.
        entered: (n,) cases first seen on the day (delayed entry), at risk from that day on;
            without it every case was seen from its origin.
        level: share of intervals that hold the truth.

    Raises:
        EstimateError: a count is negative or not whole, lengths differ, or those who enter are not
            those who leave.

    Source: Kaplan and Meier 1958, Journal of the American Statistical Association 53, 457-481;
    Greenwood 1926, The natural duration of cancer; Kalbfleisch and Prentice, The Statistical
    Analysis of Failure Time Data, 2nd edition, section 1.4.

    >>> curve = kaplan_meier([1, 2, 3], [1, 1, 1], [0, 1, 0])
    >>> curve.survival.tolist(), float(curve.quantile(0.5).value)
    ([0.75, 0.5, 0.0], 2.0)
    """
    group = np.zeros(np.shape(np.atleast_1d(days)), np.int64)
    return Survival(kaplan_meier_by_group(group, days, events, censored, 1, entered, level))


def kaplan_meier_by_group(
    group: ArrayLike,
    days: ArrayLike,
    events: ArrayLike,
    censored: ArrayLike,
    groups: int,
    entered: ArrayLike | None = None,
    level: float = 0.95,
) -> Survivals:
    """Kaplan-Meier curves of all groups in one pass, from counts by group and day.

    Args:
        group: (n,) whole numbers below ``groups``.
        days: (n,) whole days since each case's origin.
        events: (n,) cases that had the event on the day.
        censored: (n,) cases last seen without it on the day.
        groups: number of groups, those without a row too.
        entered: (n,) cases first seen on the day; without it all were seen from their origin.
        level: share of intervals that hold the truth.

    Raises:
        EstimateError: as for `kaplan_meier`, or a group is not below ``groups``.

    >>> curves = kaplan_meier_by_group([0, 0, 1], [5, 9, 7], [1, 1, 0], [0, 0, 4], groups=2)
    >>> curves.quantile(0.5).value.tolist()
    [5.0, nan]
    """
    inside(level, "level")
    given = [whole(events, "events"), whole(censored, "censored")]
    if entered is not None:
        given.append(whole(entered, "entered"))
    rows = timeline(group, days, given, groups)
    happened, lost = rows.counts[0], rows.counts[1]
    risk = at_risk(rows, happened + lost, rows.counts[2] if entered is not None else None)
    kept = np.ones(len(risk))
    np.divide(risk - happened, risk, out=kept, where=risk > 0)
    survival = rows.running(kept, np.multiply)
    spread = rows.running(_hazard_variance(risk, happened))
    return Survivals(rows, risk, happened, lost, survival, spread, level)


def _hazard_variance(at_risk: Ints, events: Ints) -> Numbers:
    """(rows,) Greenwood's term; 0 where all had the event, since then nothing is left to vary."""
    result = np.zeros(len(at_risk))
    size = at_risk.astype(np.float64)
    left = size - events
    np.divide(events, size * left, out=result, where=left > 0)
    return result
