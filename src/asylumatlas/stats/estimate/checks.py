"""What every estimator asks of its input, and the error it raises."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


class EstimateError(ValueError):
    """Counts or options that no estimate can be made from.

    The message is one line that names the argument, what is wrong and what to do.
    """


def whole(values: ArrayLike, name: str) -> Ints:
    """Return ``values`` as counts.

    Raises:
        EstimateError: a value is negative, missing or not whole.
    """
    given = np.asarray(values)
    if given.dtype.kind in "iub":
        counts = given.astype(np.int64, copy=False)
        good = counts.size == 0 or counts.min() >= 0
    else:
        floats = np.asarray(values, np.float64)
        good = bool(np.all(np.isfinite(floats) & (floats >= 0) & (floats == np.floor(floats))))
        counts = floats.astype(np.int64) if good else np.zeros(0, np.int64)
    if not good:
        raise EstimateError(f"{name}: counts and days are whole and not negative; check the input")
    return counts


def part_of(part: Ints, total: Ints, names: tuple[str, str]) -> None:
    """Raise unless every count of ``part`` is at most its ``total``.

    Raises:
        EstimateError: a part is larger than its whole.
    """
    if np.any(part > total):
        raise EstimateError(
            f"{names[0]}: larger than {names[1]} in a group; swap the arguments or check the counts"
        )


def inside(value: float, name: str) -> float:
    """Return a number that must lie strictly between 0 and 1.

    Raises:
        EstimateError: it does not.
    """
    if not 0.0 < value < 1.0:
        raise EstimateError(f"{name}: {value} is not between 0 and 1; give a share such as 0.95")
    return float(value)


def same_length(**arrays: NDArray[np.generic]) -> None:
    """Raise unless all arrays have one length.

    Raises:
        EstimateError: the lengths differ.
    """
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise EstimateError(f"counts: lengths differ ({told}); give one value per row to each")
