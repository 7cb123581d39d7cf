"""How long a case takes from filing to decision when its hearings come as the lines allow.

A released case waits a first delay, then in line for a master hearing. After each master it is
closed, set for an individual hearing, or continued to another master; each individual hearing
closes or continues it. Both lines are first in, first out, so that who joins a line on a day waits
as long as everyone who joins it that day: the mean flow of a day's filings can be followed from
hearing to hearing, and the share that has been decided after any number of days is exact up to the
step of the grid. It falls whenever one of the waits grows, which is what lets a plan promise it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["STEP", "best_waits", "share_decided"]

Floats = NDArray[np.float64]

STEP = 365.25 / 48  # days: a quarter of a month
_MONTH = 365.25 / 12
_DELAYS = ("first_delay_days", "master_delay_days", "individual_delay_days")
_SHARES = (
    "master_absent_share",
    "master_closed_share",
    "master_set_share",
    "administratively_closed_share",
    "individual_continued_share",
)
_TAPS = np.array([0.125, 0.25, 0.25, 0.25, 0.125])  # a delay is spread over one month


def share_decided(
    values: Mapping[str, Any],
    within: float,
    master_wait: Any = 0.0,
    individual_wait: Any = 0.0,
) -> Floats:
    """Return the share of cases filed on day 0 that is closed within some days.

    Args:
        values: parameters of the twin without their prefix; numbers, or arrays (n,).
        within: days, at least one step.
        master_wait: days in line of those who join the master line, a number, (n,) for waits that
            do not change, or (n, k) by step of `STEP` days since filing.
        individual_wait: the same for the line of individual hearings.

    Returns:
        Shares (n,).

    Example:
        >>> values = {"first_delay_days": 30, "master_delay_days": 60, "individual_delay_days": 90,
        ...           "master_absent_share": 0.1, "master_closed_share": 0.9, "master_set_share": 0,
        ...           "individual_continued_share": 0, "administratively_closed_share": 0}
        >>> share_decided(values, 100).round(6).tolist(), share_decided(values, 100, 110).tolist()
        ([1.0], [0.0])
    """
    steps = int(np.ceil(within / STEP)) + 2
    waits = [_by_step(each, steps) for each in (master_wait, individual_wait)]
    names = _DELAYS
    count = max(
        [each.shape[0] for each in waits]
        + [np.size(values[name]) for name in (*names, "master_set_share")]
    )
    waits = [np.broadcast_to(each, (count, steps)) for each in waits]
    column = {
        name: np.broadcast_to(np.asarray(values[name], dtype=np.float64).ravel(), (count,))
        for name in (*_DELAYS, *_SHARES)
    }
    closed = column["master_absent_share"] + column["master_closed_share"]
    closed = closed + column["administratively_closed_share"]
    kept = np.maximum(0.0, 1.0 - closed - column["master_set_share"])
    closed = np.minimum(closed, 1.0 - column["master_set_share"])
    again = column["individual_continued_share"]
    masters, individuals = np.zeros((steps, count)), np.zeros((steps, count))
    decided = np.zeros((steps, count))
    _arrive(masters, np.ones(count), column[names[0]], 0)
    for step in range(steps):
        # Masters come first: some of them are set for an individual hearing in the same step.
        heard = masters[step] * 1.0
        if heard.any():
            wait = waits[0][:, step]
            _arrive(decided, heard * closed, step * STEP + wait)
            set_ = heard * column["master_set_share"]
            _arrive(individuals, set_, step * STEP + wait + column[names[2]], step + 1)
            _arrive(masters, heard * kept, step * STEP + wait + column[names[1]], step + 1)
        heard = individuals[step] * 1.0
        if heard.any():
            wait = waits[1][:, step]
            _arrive(decided, heard * (1.0 - again), step * STEP + wait)
            _arrive(individuals, heard * again, step * STEP + wait + column[names[2]], step + 1)
    return _reached(decided, within)


def _by_step(wait: Any, steps: int) -> Floats:
    array = np.asarray(wait, dtype=np.float64)
    if array.ndim == 2:
        short = steps - array.shape[1]
        return np.pad(array, ((0, 0), (0, max(0, short))), mode="edge")[:, :steps]
    return np.repeat(np.atleast_1d(array)[:, None], steps, axis=1)


def _arrive(into: Floats, amount: Floats, days: Floats, least: int | None = None) -> None:
    """Add a mass to the grid at some day, between two steps where it lies between them.

    With `least` the mass is spread over a month about the day, none of it before that step: what
    is at work in a step never comes back to it.
    """
    taps = np.ones(1) if least is None else _TAPS
    for place, part in enumerate(taps):
        at = days / STEP + (place - (len(taps) - 1) / 2)
        at = np.maximum(at, least or 0.0)
        low = np.minimum(np.floor(at + 1e-9).astype(int), into.shape[0])
        share = np.clip(at - low, 0.0, 1.0)
        every = np.arange(amount.shape[0])
        for where, much in ((low, 1.0 - share), (low + 1, share)):
            inside = where < into.shape[0]
            into[where[inside], every[inside]] += (amount * part * much)[inside]


def _reached(decided: Floats, within: float) -> Floats:
    """Mass decided up to `within` days; what lies at a step stands for the step about it."""
    ends = (np.arange(decided.shape[0]) + 0.5) * STEP
    part = np.clip((within - (ends - STEP)) / STEP, 0.0, 1.0)
    found: Floats = np.minimum(1.0, part @ decided)
    return found


def best_waits(values: Mapping[str, float], share: float, within: float) -> tuple[float, float]:
    """Return the waits in both lines that may remain while a share is decided in time.

    Many pairs would do. This is the one that leaves most judge time of work in the lines when the
    goal begins to hold, so that least capacity is needed to come down to it.

    Args:
        values: parameters of one draw.
        share: of the cases filed.
        within: days from filing to decision.

    Returns:
        Days in the master line and in the individual line; (-1, -1) where even empty lines are not
        enough.
    """
    names = (*_DELAYS, *_SHARES, "master_judge_days", "individual_judge_days")
    return _best_waits(tuple((name, float(values[name])) for name in names), share, within)


@lru_cache(maxsize=256)
def _best_waits(
    items: tuple[tuple[str, float], ...], share: float, within: float
) -> tuple[float, float]:
    values = dict(items)
    if share_decided(values, within)[0] < share:
        return -1.0, -1.0
    angles = np.linspace(0.0, np.pi / 2, 7)
    ways = np.column_stack([np.cos(angles), np.sin(angles)]).round(12)
    low, high = np.zeros(len(ways)), np.full(len(ways), float(within))
    for _ in range(10):
        middle = (low + high) / 2
        reached = share_decided(values, within, middle * ways[:, 0], middle * ways[:, 1])
        low, high = (
            np.where(reached >= share, middle, low),
            np.where(reached >= share, high, middle),
        )
    master, individual = work(values)
    masters, individuals = visits(values)
    left = ways[:, 0] * masters * master + ways[:, 1] * individuals * individual
    best = int(np.argmax(low * left))
    return float(low[best] * ways[best, 0]), float(low[best] * ways[best, 1])


def visits(values: Mapping[str, float]) -> tuple[float, float]:
    """Return the master and individual hearings that a released case has on average."""
    masters = 1.0 / max(1e-9, 1.0 - kept_share(values))
    set_ = masters * values["master_set_share"]
    return masters, set_ / max(1e-9, 1.0 - values["individual_continued_share"])


def work(values: Mapping[str, float]) -> tuple[float, float]:
    """Return the judge-days still to come of a released case in the master and individual line."""
    individual = values["individual_judge_days"] / (1.0 - values["individual_continued_share"])
    masters, _ = visits(values)
    return (
        masters * (values["master_judge_days"] + values["master_set_share"] * individual),
        individual,
    )


def kept_share(values: Mapping[str, float]) -> float:
    """Return the share of released masters that are continued to another master."""
    left = values["master_absent_share"] + values["master_closed_share"]
    left += values["master_set_share"] + values["administratively_closed_share"]
    return max(0.0, 1.0 - left)
