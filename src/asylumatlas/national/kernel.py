"""The mean flow, month by month: array code that is compiled on first use.

A docket is 0 (detained) or 1 (released). ``line[c, 0..3]`` are cases that wait at court ``c``:
masters of both dockets, then individual hearings of both. ``ring[c, 0..3, m % size]`` are cases
that will join the same lines in month ``m``. The last axis holds the cases and their moment: cases
times the month in which they were filed, so that ages need no upkeep; in line also cases times the
month in which they joined it.

A flow is spread evenly over its month, so a delay of ``n + f`` months brings ``1 - f`` of it back
``n`` months later and ``f`` one month after that. Where ``n`` is 0 some come back within the month
and may be heard again in it; the sum of that geometric series is used.

Order of a month: releases from custody, filings, arrivals from delays, masters, individual
hearings. Imported inside functions only: it loads Numba. One module, because Numba's cache does not
see a change in another file.

Shapes, here and below, with ``draws`` in front where a run has many:

* ``line`` (courts, 4, 3); ``ring`` (courts, 4, size, 2), where ``size`` exceeds the longest delay
  in months by more than one, and only the next ``near`` places may hold detained cases;
* ``held`` (3,): pending cases, those in custody, and the moment of all;
* ``p`` (21,): static parameters; ``driver`` (5,): flows and shares of a month;
* ``days`` (courts,): judge-days of a month;
* ``shares`` (courts, 2): shares of released and of detained filings;
* ``out`` (19,): a month's or year's output; ``by_court`` (courts, 3) or of no length.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
State = tuple[Floats, Floats, Floats]  # line, ring, held

# Columns of the static parameters, in the order of columns.STATIC: delays are in months here, and
# RELEASE is the part of those in custody who are let out in a month. The age of the stock is last.
MASTER_DAYS, INDIVIDUAL_DAYS, MASTER_CAP, DETAINED = 0, 1, 2, 3
ABSENT, CLOSED, CLOSED_DETAINED, SET, SET_DETAINED = 4, 5, 6, 7, 8
CONTINUED, CONTINUED_DETAINED = 9, 10
FIRST, FIRST_DETAINED, AGAIN, AGAIN_DETAINED, LATER, LATER_DETAINED = 11, 12, 13, 14, 15, 16
RELEASE, STOCK_MASTER, STOCK_DETAINED, STOCK_AGE = 17, 18, 19, 20

# Columns of the drivers, in the order of columns.DRIVERS; judge days stand apart, by court.
RECEIPTS, REOPENED, CLOSED_AWAY, CLOSED_AWAY_SHARE, DETAINED_RATIO = 0, 1, 2, 3, 4
DRIVERS = 5

# Columns of a month's output, in the order of columns.OUTPUTS.
PENDING, PENDING_DETAINED, FILED, BACK, AWAY, COMPLETED, COMPLETED_DETAINED = 0, 1, 2, 3, 4, 5, 6
IN_ABSENTIA, MASTERS, MASTERS_RELEASED, INDIVIDUALS, INDIVIDUALS_RELEASED = 7, 8, 9, 10, 11
LET_OUT, MASTER_LINE, INDIVIDUAL_LINE, TIME, TIME_USED = 12, 13, 14, 15, 16
AGE, AGE_COMPLETED = 17, 18
OUTPUTS = 19

# What is held of the whole docket: cases, cases in custody, moment of all cases.
HELD = 3

DAYS_A_MONTH = 365.25 / 12.0


@njit(cache=True, nogil=True, inline="always")
def _push(
    ring: Floats, c: int, k: int, slot: int, amount: float, filed: float, months: float
) -> None:
    """Bring an even flow of this month, filed on average at ``filed``, back after a delay."""
    whole = int(months)
    part = months - whole
    size = ring.shape[2]
    first = slot + whole
    if first >= size:
        first -= size
    second = first + 1
    if second >= size:
        second -= size
    ring[c, k, first, 0] += amount * (1.0 - part)
    ring[c, k, first, 1] += amount * (1.0 - part) * filed
    ring[c, k, second, 0] += amount * part
    ring[c, k, second, 1] += amount * part * filed


@njit(cache=True, nogil=True, inline="always")
def _push_later(
    ring: Floats, c: int, k: int, slot: int, amount: float, filed: float, months: float
) -> None:
    """Like _push, but what is back within the month is already counted by its geometric series."""
    _push(ring, c, k, slot, amount * min(months, 1.0), filed, max(months, 1.0))


@njit(cache=True, nogil=True, inline="always")
def _within(months: float) -> float:
    """Part of a flow that is back within its own month."""
    return max(0.0, 1.0 - months)


@njit(cache=True, nogil=True)
def _spread(ring: Floats, c: int, k: int, amount: float, filed: float, months: float) -> None:
    """Bring a stock back evenly over the next ``months`` months."""
    months = max(months, 1.0)
    for ahead in range(math.ceil(months)):
        part = amount * min(1.0, months - ahead) / months
        ring[c, k, ahead, 0] += part
        ring[c, k, ahead, 1] += part * filed


@njit(cache=True, nogil=True)
def fill(state: State, p: Floats, stock: float, shares: Floats) -> None:
    """Place the stock of day one: in the delays, evenly over the delay of its kind of hearing."""
    line, ring, held = state
    line[:] = 0.0
    ring[:] = 0.0
    detained, master, filed = stock * p[STOCK_DETAINED], p[STOCK_MASTER], -p[STOCK_AGE]
    held[0], held[1], held[2] = stock, detained, stock * filed
    for c in range(line.shape[0]):
        kept, free = detained * shares[c, 1], (stock - detained) * shares[c, 0]
        _spread(ring, c, 0, kept * master, filed, p[AGAIN_DETAINED])
        _spread(ring, c, 1, free * master, filed, p[AGAIN])
        _spread(ring, c, 2, kept * (1.0 - master), filed, p[LATER_DETAINED])
        _spread(ring, c, 3, free * (1.0 - master), filed, p[LATER])


@njit(cache=True, nogil=True)
def _let_out(line: Floats, ring: Floats, slot: int, near: int, p: Floats, shares: Floats) -> float:
    """Release from custody: they wait for a first master of a released docket elsewhere."""
    part, size = p[RELEASE], ring.shape[2]
    total, moment = 0.0, 0.0
    for c in range(line.shape[0]):
        for k in (0, 2):
            total += line[c, k, 0] * part
            moment += line[c, k, 1] * part
            for what in range(3):
                line[c, k, what] *= 1.0 - part
            for ahead in range(near):
                at = slot + ahead
                if at >= size:
                    at -= size
                total += ring[c, k, at, 0] * part
                moment += ring[c, k, at, 1] * part
                ring[c, k, at, 0] *= 1.0 - part
                ring[c, k, at, 1] *= 1.0 - part
    if total > 0.0:
        for c in range(line.shape[0]):
            _push(ring, c, 1, slot, total * shares[c, 0], moment / total, p[FIRST])
    return total


@njit(cache=True, nogil=True, inline="always")
def _call(
    line: Floats, c: int, k: int, most: float, back: float, now: float
) -> tuple[float, float]:
    """Hold hearings of one line, oldest first; return how many, and when those heard were filed.

    A line is taken to have grown evenly from its oldest to now, and who joined it a month earlier
    to have been filed a month earlier.
    """
    cases = line[c, k, 0]
    if cases <= 0.0 or most <= 0.0:
        return 0.0, now
    mean = line[c, k, 1] / cases
    if back >= 1.0:  # heard again and again within the month, and never closed or set
        return most, mean
    heard = min(most, cases / (1.0 - back))
    gone = heard * (1.0 - back)
    rest = cases - gone
    if rest <= 1e-12 * cases:
        line[c, k, 0], line[c, k, 1], line[c, k, 2] = 0.0, 0.0, 0.0
        return heard, mean
    joined = line[c, k, 2] / cases
    older = max(0.0, now - joined) * rest / cases  # than the mean of the line
    filed = max(mean - older, (line[c, k, 1] - rest * now) / gone)  # nobody is filed after today
    line[c, k, 0] = rest
    line[c, k, 1] -= gone * filed
    line[c, k, 2] -= gone * (joined - older)
    return heard, filed


@njit(cache=True, nogil=True, inline="always")
def _join(line: Floats, c: int, k: int, amount: float, filed: float, now: float) -> None:
    """Bring cases into a line that will be called this month."""
    line[c, k, 0] += amount
    line[c, k, 1] += amount * filed
    line[c, k, 2] += amount * now


@njit(cache=True, nogil=True)
def _court(
    state: State,
    c: int,
    slot: int,
    now: float,
    p: Floats,
    days: float,
    away: float,
    away_share: float,
    out: Floats,
) -> None:
    """Hold a month's hearings of one court: detained first, masters up to their part of time."""
    line, ring, held = state
    most = days * p[MASTER_CAP] / p[MASTER_DAYS]
    keep0 = 1.0 - p[CLOSED_DETAINED] - p[SET_DETAINED]
    x0, filed0 = _call(line, c, 0, most, _within(p[AGAIN_DETAINED]) * keep0, now)
    _push_later(ring, c, 0, slot, x0 * keep0, filed0, p[AGAIN_DETAINED])

    keep1 = 1.0 - p[ABSENT] - p[CLOSED] - p[SET]
    first = min(most - x0, line[c, 1, 0])
    gone = min(keep1, away_share + (away / first if first > 0.0 else 0.0))
    keep1 -= gone
    x1, filed1 = _call(line, c, 1, most - x0, _within(p[AGAIN]) * keep1, now)
    _push_later(ring, c, 1, slot, x1 * keep1, filed1, p[AGAIN])

    set0, set1 = x0 * p[SET_DETAINED], x1 * p[SET]
    _join(line, c, 2, set0 * _within(p[LATER_DETAINED]), filed0, now)
    _join(line, c, 3, set1 * _within(p[LATER]), filed1, now)
    _push_later(ring, c, 2, slot, set0, filed0, p[LATER_DETAINED])
    _push_later(ring, c, 3, slot, set1, filed1, p[LATER])

    left = max(0.0, days - (x0 + x1) * p[MASTER_DAYS]) / p[INDIVIDUAL_DAYS]
    back2 = _within(p[LATER_DETAINED]) * p[CONTINUED_DETAINED]
    y0, filed2 = _call(line, c, 2, left, back2, now)
    _push_later(ring, c, 2, slot, y0 * p[CONTINUED_DETAINED], filed2, p[LATER_DETAINED])
    back3 = _within(p[LATER]) * p[CONTINUED]
    y1, filed3 = _call(line, c, 3, left - y0, back3, now)
    _push_later(ring, c, 3, slot, y1 * p[CONTINUED], filed3, p[LATER])

    done0, done1 = x0 * p[CLOSED_DETAINED], x1 * (p[ABSENT] + p[CLOSED])
    done2, done3 = y0 * (1.0 - p[CONTINUED_DETAINED]), y1 * (1.0 - p[CONTINUED])
    done = done0 + done1 + done2 + done3
    moment = done0 * filed0 + done1 * filed1 + done2 * filed2 + done3 * filed3
    held[2] -= moment + x1 * gone * filed1
    out[AWAY] += x1 * gone
    out[COMPLETED] += done
    out[COMPLETED_DETAINED] += done0 + done2
    out[IN_ABSENTIA] += x1 * p[ABSENT]
    out[MASTERS] += x0 + x1
    out[MASTERS_RELEASED] += x1
    out[INDIVIDUALS] += y0 + y1
    out[INDIVIDUALS_RELEASED] += y1
    out[MASTER_LINE] += line[c, 0, 0] + line[c, 1, 0]
    out[INDIVIDUAL_LINE] += line[c, 2, 0] + line[c, 3, 0]
    out[TIME] += days
    out[TIME_USED] += (x0 + x1) * p[MASTER_DAYS] + (y0 + y1) * p[INDIVIDUAL_DAYS]
    out[AGE_COMPLETED] += (done * now - moment) * DAYS_A_MONTH


@njit(cache=True, nogil=True)
def advance(
    state: State,
    month: int,
    near: int,
    p: Floats,
    driver: Floats,
    days: Floats,
    shares: Floats,
    out: Floats,
    by_court: Floats,
) -> None:
    """Take the courts one month on: the state changes, ``out`` is written."""
    line, ring, held = state
    out[:] = 0.0
    slot, now = month % ring.shape[2], month + 0.5
    let_out = _let_out(line, ring, slot, near, p, shares)
    detained = driver[RECEIPTS] * min(1.0, p[DETAINED] * driver[DETAINED_RATIO])
    released = driver[RECEIPTS] - detained + driver[REOPENED]
    held[2] += (detained + released) * now
    for c in range(line.shape[0]):
        _push(ring, c, 0, slot, detained * shares[c, 1], now, p[FIRST_DETAINED])
        _push(ring, c, 1, slot, released * shares[c, 0], now, p[FIRST])
        for k in range(4):
            line[c, k, 0] += ring[c, k, slot, 0]
            line[c, k, 1] += ring[c, k, slot, 1]
            line[c, k, 2] += ring[c, k, slot, 0] * now
            ring[c, k, slot, 0], ring[c, k, slot, 1] = 0.0, 0.0
        before, heard = out[COMPLETED], out[MASTERS]
        away = driver[CLOSED_AWAY] * shares[c, 0]
        _court(state, c, slot, now, p, days[c], away, driver[CLOSED_AWAY_SHARE], out)
        if by_court.shape[0] > 0:
            by_court[c, 0] = line[c, :, 0].sum() + ring[c, :, :, 0].sum()
            by_court[c, 1] = out[COMPLETED] - before
            by_court[c, 2] = out[MASTERS] - heard
    held[0] += driver[RECEIPTS] + driver[REOPENED] - out[COMPLETED] - out[AWAY]
    held[1] += detained - out[COMPLETED_DETAINED] - let_out
    out[PENDING], out[PENDING_DETAINED] = held[0], held[1]
    out[FILED], out[BACK], out[LET_OUT] = driver[RECEIPTS], driver[REOPENED], let_out
    if held[0] > 1e-3:  # below a thousandth of a case, rounding would tell the age
        out[AGE] = max(0.0, month + 1.0 - held[2] / held[0]) * DAYS_A_MONTH


@njit(cache=True, nogil=True)
def flow(
    statics: Floats,
    stocks: Floats,
    drivers: Floats,
    days: Floats,
    shares: Floats,
    near: int,
    out: Floats,
    by_court: Floats,
    line: Floats,
    ring: Floats,
) -> None:
    """Run every draw from day one; drivers and days are by month, of every draw or of one."""
    held, none = np.empty(HELD), np.empty((0, 3))
    for n in range(statics.shape[0]):
        state = (line[n], ring[n], held)
        fill(state, statics[n], stocks[n], shares)
        f, d = n if drivers.shape[0] > 1 else 0, n if days.shape[0] > 1 else 0
        for month in range(out.shape[1]):
            place = by_court[n, month] if by_court.shape[0] > 0 else none
            day, driver = days[d, month], drivers[f, month]
            advance(state, month, near, statics[n], driver, day, shares, out[n, month], place)


@njit(cache=True, nogil=True)
def _year(
    state: State, clock: int, near: int, p: Floats, driver: Floats, days: float, out: Floats
) -> None:
    """Take one court twelve months on, with even flows; ``out`` gets the sums and last stocks."""
    none, month = np.empty((0, 3)), np.empty(OUTPUTS)
    day, shares = np.full(1, days), np.ones((1, 2))
    out[:] = 0.0
    for ahead in range(12):
        advance(state, clock + ahead, near, p, driver, day, shares, month, none)
        out += month
    for column in (PENDING, PENDING_DETAINED, MASTER_LINE, INDIVIDUAL_LINE, AGE):
        out[column] = month[column]


@njit(cache=True, nogil=True)
def _secant(
    x0: float, y0: float, x1: float, y1: float, target: float, low: float, high: float
) -> float:
    """Return the next trial between low and high; (0, 0) is the first of the two points."""
    if y1 <= 0.0:
        return 2.0 * x1
    slope = (y1 - y0) / (x1 - x0) if x1 != x0 else 0.0
    trial = x1 + (target - y1) / slope if slope > 0.0 else np.inf
    if high == np.inf:
        return min(max(trial, x1 * 1.0001), 4.0 * x1)
    inside = low < trial < high
    return trial if inside else 0.5 * (low + high)


@njit(cache=True, nogil=True)
def _search(
    state: State,
    clock: int,
    near: int,
    p: Floats,
    driver: Floats,
    days: float,
    target: float,
    guess: float,
    out: Floats,
) -> float:
    """Find the productivity of one year and leave the state at its end.

    A secant inside a bracket, on completions that rise with judge time until the work runs out.
    Where they never reach the target, a productivity at which the work runs out is returned.
    """
    line, ring, held = state
    line0, ring0, held0 = line.copy(), ring.copy(), held.copy()
    low, high = 0.0, np.inf
    trial, before, done_before = guess, 0.0, 0.0
    for _ in range(60):
        line[:], ring[:], held[:] = line0, ring0, held0
        _year(state, clock, near, p, driver, days * trial, out)
        done = out[COMPLETED]
        if abs(done - target) <= 1e-10 * target:
            break
        if done > target:
            high = trial
        else:
            low = trial
            if trial > before > 0.0 and done <= done_before * (1.0 + 1e-12):
                break  # more judge time completes no more: the work has run out
        if high < np.inf and high - low <= 1e-14 * high:
            break
        following = _secant(before, done_before, trial, done, target, low, high)
        before, done_before, trial = trial, done, following
    return trial


@njit(cache=True, nogil=True)
def solve(
    statics: Floats,
    stocks: Floats,
    drivers: Floats,
    days: Floats,
    targets: Floats,
    near: int,
    productivity: Floats,
    out: Floats,
    held: Floats,
    line: Floats,
    ring: Floats,
) -> None:
    """Find the productivity of every year at which the twin completes ``targets`` (years,).

    ``days`` (years,) are the judge-days of a month at productivity one; ``productivity`` and
    ``out`` (draws, years, 19) are written, and the state at the end.
    """
    for n in range(statics.shape[0]):
        state, p, guess = (line[n], ring[n], held[n]), statics[n], 1.0
        fill(state, p, stocks[n], np.ones((1, 2)))
        for y in range(targets.shape[0]):
            found = _search(
                state, 12 * y, near, p, drivers[y], days[y], targets[y], guess, out[n, y]
            )
            productivity[n, y] = found
            if y + 1 < targets.shape[0] and days[y + 1] > 0.0 and out[n, y, COMPLETED] > 0.0:
                per_day = out[n, y, COMPLETED] / (days[y] * found)
                guess = min(targets[y + 1] / (days[y + 1] * per_day), 5.0)


@njit(cache=True, nogil=True)
def project(
    statics: Floats,
    receipts: Floats,
    days: Floats,
    residual: Floats,
    ratio: float,
    floor: float,
    clock: int,
    near: int,
    held: Floats,
    line: Floats,
    ring: Floats,
    out: Floats,
) -> None:
    """Carry solved draws on, with receipts and judge-days of a month by year (draws, years).

    ``residual`` (draws, years) is a share of the stock at the year's start, ``ratio`` that of the
    detained over its static value, ``floor`` what is reopened in a year at least.
    """
    driver = np.zeros(DRIVERS)
    for n in range(statics.shape[0]):
        state = (line[n], ring[n], held[n])
        for y in range(receipts.shape[1]):
            change = residual[n, y] * held[n, 0]
            driver[RECEIPTS] = receipts[n, y]
            driver[REOPENED] = max(floor, change) / 12.0
            driver[CLOSED_AWAY] = (max(floor, change) - change) / 12.0
            driver[DETAINED_RATIO] = ratio
            _year(state, clock + 12 * y, near, statics[n], driver, days[n, y], out[n, y])
