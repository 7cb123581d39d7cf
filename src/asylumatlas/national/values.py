"""The values the twin runs on: names, shapes and ranges checked, ready for the kernel."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import parameters
from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.national.columns import DRIVERS, OPTIONAL, STATIC, YEARLY
from asylumatlas.national.courts import Courts
from asylumatlas.national.errors import NationalError
from asylumatlas.national.targets import targets

__all__ = [
    "DAYS_A_MONTH",
    "MONTHS",
    "WORKING_DAYS",
    "central",
    "check_names",
    "detained_ratio",
    "draws_of",
    "drivers_of",
    "judge_days_of",
    "parts",
    "ring_sizes",
    "stock_age",
]

Floats = NDArray[np.float64]

WORKING_DAYS = 250.0  # a year's weekdays (261) less eleven federal holidays
MONTHS = 12
DAYS_A_MONTH = 365.25 / 12.0
_DELAYS = tuple(name for name in STATIC if "_delay_days" in name)
_STOCK = ("pending", "stock_age_days")
_CLOSED_AWAY = ("administratively_closed", "administratively_closed_share")


def central(start: int, years: int) -> dict[str, Any]:
    """Return the values of ``parameters/national.toml`` for `simulate`.

    Args:
        start: First fiscal year; its October is the day of the stock.
        years: How many fiscal years.

    Returns:
        Static names with one number, yearly names with one number a year (years,), and the stock
        on day one.

    Example:
        >>> central(2018, 2)["receipts"].tolist()
        [316106.0, 546248.0]
    """
    known = parameters.load()
    values: dict[str, Any] = {}
    for name in STATIC:
        values[name] = parameters.find(known, f"national.{name}").at(_october(start)).value
    for name in YEARLY:
        dated = parameters.find(known, f"national.{name}")
        values[name] = np.array([dated.at(_october(start + k)).value for k in range(years)])
    values["detained_ratio"] = detained_ratio(start, years)
    values["stock_age_days"] = stock_age(start)
    values["pending"] = parameters.find(known, "national.pending").at(_october(start)).value
    return values


def detained_ratio(start: int, years: int) -> Floats:
    """Return the detained share of each fiscal year over that of the first (years,)."""
    share = parameters.find(parameters.load(), "national.detained_share")
    shares = np.array([share.at(_october(start + k)).value for k in range(years)])
    return np.asarray(shares / shares[0])


def stock_age(start: int) -> float:
    """Return the mean age of the cases pending on 1 October before a fiscal year, in days.

    As TRAC published it for the ends of FY1999 to FY2009; after that the last figure is carried on.

    Example:
        >>> stock_age(2008), stock_age(2018)
        (412.0, 430.0)
    """
    known = {each.last: each.value for each in targets() if each.name == "mean_days_pending"}
    return known[min(max(start - 1, min(known)), max(known))]


def ring_sizes(statics: Floats) -> tuple[int, int]:
    """Return the places a ring of delays needs, and the places that may hold detained cases."""
    longest = {name: statics[:, STATIC.index(name)].max() for name in STATIC if name in _DELAYS}
    held = max(months for name, months in longest.items() if name.endswith("_detained"))
    size = int(max(longest.values())) + 2
    return size, min(int(held) + 2, size)


def parts(values: Mapping[str, Any], draws: int) -> tuple[Floats, Floats]:
    """Return values as the kernel takes them.

    Args:
        values: Static values and ``pending``, each a number or (draws,).
        draws: How many draws.

    Returns:
        Static parameters (draws, 21), delays in months, the release as a part let out in a month,
        and the age of the stock; stocks on day one (draws,).

    Raises:
        NationalError: As `simulate`.
    """
    statics = np.column_stack([_static(name, values[name], draws) for name in STATIC])
    stocks = _static("pending", values["pending"], draws)
    age = _static("stock_age_days", values.get("stock_age_days", OPTIONAL["stock_age_days"]), draws)
    _check_ranges(statics, stocks)
    for name in _DELAYS:
        statics[:, STATIC.index(name)] /= DAYS_A_MONTH
    release = STATIC.index("release_days")
    with np.errstate(divide="ignore"):
        statics[:, release] = -np.expm1(-DAYS_A_MONTH / statics[:, release])
    return np.column_stack([statics, age / DAYS_A_MONTH]), stocks


def check_names(values: Mapping[str, Any]) -> None:
    """Check that every needed name is there and no unknown one.

    Raises:
        NationalError: One line with the name, and what was probably meant.
    """
    known = ("pending", *STATIC, *YEARLY, *(name for name in OPTIONAL if name not in YEARLY))
    for name in values:
        if name not in known:
            raise NationalError(f'unknown value "{name}".{did_you_mean(name, known)}')
    for name in known:
        if name not in values and name not in OPTIONAL:
            raise NationalError(f"{name}: missing; central(start, years) holds all values.")
    if not any(name in values for name in _CLOSED_AWAY):
        raise NationalError("administratively_closed: missing; give it or its share.")


def draws_of(values: Mapping[str, Any], months: int, judges_by_court: Any) -> int:
    """Return the number of draws that the shapes of the values tell.

    Raises:
        NationalError: If they tell two, or there is no month to run.
    """
    counts = {1}
    for name, value in values.items():
        shape = np.shape(value)
        if name in STATIC or name in _STOCK:
            counts.add(shape[0] if shape else 1)
        elif len(shape) == 2:
            counts.add(shape[0])
    if judges_by_court is not None and np.ndim(judges_by_court) == 3:
        counts.add(np.shape(judges_by_court)[0])
    if months < 1:
        raise NationalError(f"months: {months}; run at least one month.")
    if len(counts) > 2:
        raise NationalError(f"values: {sorted(counts)} draws in one call; give one number of them.")
    return max(counts)


def _static(name: str, value: Any, draws: int) -> Floats:
    array = np.asarray(value, dtype=np.float64)
    if array.ndim > 1 or not np.all(np.isfinite(array)):
        raise NationalError(f"{name}: expected a finite number, or one for each draw.")
    return np.broadcast_to(array, (draws,)).copy()


def _monthly(name: str, value: Any, months: int) -> Floats:
    """Spread a yearly or monthly value over the last axis: (..., months)."""
    array = np.asarray(value, dtype=np.float64)
    if not np.all(np.isfinite(array)) or np.any(array < 0.0):
        raise NationalError(f"{name}: expected finite numbers of at least 0.")
    if array.ndim == 0:
        return np.full(months, float(array))
    if array.shape[-1] == months:
        return array
    years = -(-months // MONTHS)
    if array.shape[-1] < years:
        raise NationalError(
            f"{name}: {array.shape[-1]} values for {years} years ({months} months)."
        )
    return np.repeat(array[..., :years], MONTHS, axis=-1)[..., :months]


def drivers_of(values: Mapping[str, Any], months: int) -> Floats:
    """Drivers as the kernel takes them (draws or 1, months, 5), flows by month."""
    found = []
    for name in DRIVERS:
        each = np.atleast_2d(_monthly(name, values.get(name, OPTIONAL.get(name)), months))
        found.append(each / MONTHS if name in YEARLY else each)
    draws = max(each.shape[0] for each in found)
    return np.stack([np.broadcast_to(each, (draws, months)) for each in found], axis=2).copy()


def judge_days_of(
    values: Mapping[str, Any], months: int, courts: Courts, by_court: Any, working_days: float
) -> Floats:
    """Judge-days as the kernel takes them (draws or 1, months, courts)."""
    productivity = np.atleast_2d(_monthly("productivity", values["productivity"], months))
    if by_court is None:
        national = np.atleast_2d(_monthly("judges", values["judges"], months))
        judges = national[:, :, None] * courts.judges
    else:
        placed = _monthly("judges_by_court", by_court, months)
        if placed.ndim not in (2, 3) or placed.shape[-2] != len(courts.names):
            raise NationalError(
                f"judges_by_court: shape {np.shape(by_court)}, expected"
                f" ({len(courts.names)} courts, years or months), perhaps with draws first."
            )
        judges = np.swapaxes(placed.reshape(-1, len(courts.names), months), 1, 2)
    return np.ascontiguousarray(judges * productivity[:, :, None] * (working_days / MONTHS))


def _check_ranges(statics: Floats, stocks: Floats) -> None:
    column = {name: statics[:, k] for k, name in enumerate(STATIC)}
    for name, found in column.items():
        top = 1.0 if name.endswith(("_share", "_share_detained")) else np.inf
        positive = name in ("master_judge_days", "individual_judge_days")
        if np.any(found < 0.0) or np.any(found > top) or (positive and np.any(found == 0.0)):
            raise NationalError(f"{name}: out of range; {'a share' if top == 1.0 else 'above 0'}.")
    for docket in ("", "_detained"):
        of_masters = column[f"master_closed_share{docket}"] + column[f"master_set_share{docket}"]
        if not docket:
            of_masters = of_masters + column["master_absent_share"]
        if np.any(of_masters > 1.0 + 1e-12):
            raise NationalError(f"master_set_share{docket}: outcomes of a master exceed 1.")
        if np.any(column[f"individual_continued_share{docket}"] >= 1.0):
            raise NationalError(f"individual_continued_share{docket}: must stay below 1.")
    if np.any(stocks < 0.0):
        raise NationalError("pending: a stock is at least 0.")


def _october(year: int) -> date:
    return date(year - 1, 10, 1)
