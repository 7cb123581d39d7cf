"""Design points: parameter draws spread evenly over their ranges, and the scenario of each."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import parameters
from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.national.columns import STATIC, YEARLY
from asylumatlas.national.errors import NationalError

__all__ = ["points", "ranges", "scenario_settings", "unit_points"]

Floats = NDArray[np.float64]
_PREFIX = "national."
_SETTABLE = (*STATIC, *YEARLY, "pending", "administratively_closed_share")


def ranges() -> dict[str, tuple[float, float, float]]:
    """Return low, value and high of every static parameter.

    Example:
        >>> ranges()["master_time_share"]
        (0.3, 0.45, 0.6)
    """
    known = parameters.load()
    entries = {name: parameters.find(known, _PREFIX + name).values[0] for name in STATIC}
    return {name: (entry.low, entry.value, entry.high) for name, entry in entries.items()}


def points(count: int, seed: int) -> dict[str, Floats]:
    """Return parameter draws that fill the box of the ranges evenly.

    Args:
        count: How many points.
        seed: Of the luck.

    Returns:
        Static names with one value for each point (count,).

    Raises:
        NationalError: If the count is below 1.

    Example:
        >>> found = points(8, seed=1)["master_time_share"]
        >>> bool(found.min() > 0.3 and found.max() < 0.6)
        True
    """
    unit = unit_points(count, len(STATIC), seed)
    found = {}
    for column, (name, (low, _, high)) in enumerate(ranges().items()):
        found[name] = low + unit[:, column] * (high - low)
    return found


def unit_points(count: int, dimensions: int, seed: int, *, tries: int = 40) -> Floats:
    """Return a Latin hypercube in the unit cube, the most even of some random ones.

    Each of ``count`` equal slices of every axis holds one point (McKay, Beckman and Conover 1979);
    of ``tries`` such designs the one whose closest pair lies farthest apart is kept.

    Args:
        count: Points.
        dimensions: Axes.
        seed: Of the luck.
        tries: Designs to choose from.

    Returns:
        Points (count, dimensions), each coordinate in 0..1.

    Raises:
        NationalError: If the count is below 1.

    Example:
        >>> (np.sort(unit_points(4, 2, seed=1), axis=0) * 4).astype(int).T.tolist()
        [[0, 1, 2, 3], [0, 1, 2, 3]]
    """
    if count < 1:
        raise NationalError(f"count: {count}; ask for at least one point.")
    rng = np.random.Generator(np.random.Philox(seed))
    best, farthest = np.empty((0, 0)), -1.0
    for _ in range(tries if 1 < count <= 1000 else 1):
        order = rng.permuted(np.tile(np.arange(count), (dimensions, 1)), axis=1).T
        tried = (order + rng.random((count, dimensions))) / count
        apart = _closest(tried) if count > 1 else 0.0
        if apart > farthest:
            best, farthest = tried, apart
    return best


def scenario_settings(theta: Mapping[str, Any]) -> dict[str, float | list[dict[str, Any]]]:
    """Return the parameter overrides that make ``us-courts`` the same as one draw of the twin.

    Args:
        theta: Names of ``columns`` with one number; yearly names with (years,) need ``"start"``,
            the first fiscal year.

    Returns:
        Values by dotted parameter name: a number, or a dated list ``[{from, is}, ...]`` as a
        scenario's ``[parameters]`` takes it.

    Raises:
        NationalError: If a name is unknown, or a yearly value has no start.

    Example:
        >>> scenario_settings({"master_time_share": 0.4})
        {'national.master_time_share': 0.4}
        >>> scenario_settings({"start": 2018, "productivity": [1.0, 1.2]})["national.productivity"]
        [{'from': '2017-10-01', 'is': 1.0}, {'from': '2018-10-01', 'is': 1.2}]
    """
    found: dict[str, float | list[dict[str, Any]]] = {}
    for name, value in theta.items():
        if name == "start":
            continue
        if name not in _SETTABLE:
            raise NationalError(f'unknown value "{name}".{did_you_mean(name, _SETTABLE)}')
        values = np.asarray(value, dtype=np.float64)
        if values.ndim == 0:
            found[_PREFIX + name] = float(values)
        elif values.ndim == 1 and "start" in theta:
            first = int(theta["start"]) - 1
            found[_PREFIX + name] = [
                {"from": f"{first + year}-10-01", "is": float(each)}
                for year, each in enumerate(values)
            ]
        else:
            raise NationalError(f'{name}: one number, or one a year beside "start".')
    return found


def _closest(found: Floats) -> float:
    """Squared distance of the closest pair."""
    square = (found**2).sum(axis=1)
    apart = square[:, None] + square - 2.0 * found @ found.T
    np.fill_diagonal(apart, np.inf)
    return float(apart.min())
