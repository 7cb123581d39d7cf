"""One number by replication: what a table says of it, for one world or for many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.stats.estimate.bands import bands, split

Numbers = NDArray[np.float64]
EACH = "_each"
"""Key of a row that holds the value in each world, for comparisons; it is no column."""

LEVELS = ("low95", "high95", "low80", "high80")


@dataclass(frozen=True)
class Worlds:
    """The replications of a log.

    Attributes:
        numbers: (R,) of the replications, rising.
        draws: (R,) the draw of parameters behind each.
        pooled: whether several were added into one, which has no interval then.
    """

    numbers: tuple[int, ...]
    draws: tuple[int, ...]
    pooled: bool = False

    @property
    def many(self) -> bool:
        """Whether an answer is a band over worlds."""
        return len(self.numbers) > 1


def figures(values: Numbers, worlds: Worlds) -> dict[str, Any]:
    """Say the middle and the ranges of a number over replications.

    ``parameter_share`` is the share of its variance over replications that is due to what is not
    known about the parameters; the rest is luck. It needs two replications of at least two draws.

    Args:
        values: (R,) the number in each world; nan where it does not exist.
        worlds: which worlds.
    """
    found = bands(values)
    row: dict[str, Any] = {"value": real(found["median"])} | {
        name: real(found[name]) for name in LEVELS
    }
    row |= {"worlds": int(found["replications"])}
    return row | {"parameter_share": parameter_share(values, worlds.draws), EACH: values}


def parameter_share(values: Numbers, draws: Sequence[int]) -> float | None:
    """Return the share of the variance that is between draws; None where it cannot be told."""
    known = ~np.isnan(values)
    own = np.asarray(draws)[known]
    if len(own) < 3 or len(np.unique(own)) in (1, len(own)) or np.ptp(values[known]) == 0:
        return None
    return real(split(values[known], own).parameter_share)


def real(value: Any) -> float | None:
    """Return a float, None for what does not exist.

    Example:
        >>> real(np.float64(2)), real(float("nan"))
        (2.0, None)
    """
    number = float(value)
    return number if np.isfinite(number) else None
