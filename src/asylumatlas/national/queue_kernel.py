"""Waits in a fluid queue: array code that is compiled on first use. It loads Numba."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def waits(entered: Floats, left: Floats, stock: Floats, out: Floats) -> None:
    """Months from entry in mid-month to leaving, if all leave in the order they came.

    Args:
        entered: Entries by month (draws, months).
        left: Leavings by month (draws, months).
        stock: Inside on day one (draws,).
        out: Months waited by those who enter in each month (draws, months); nan where they are
            still inside at the end; written.
    """
    for n in range(entered.shape[0]):
        ahead = stock[n]
        gone, month = 0.0, 0
        for t in range(entered.shape[1]):
            target = ahead + 0.5 * entered[n, t]
            while month < left.shape[1] and gone + left[n, month] < target:
                gone += left[n, month]
                month += 1
            if month == left.shape[1]:
                out[n, t:] = np.nan
                break
            part = (target - gone) / left[n, month] if left[n, month] > 0.0 else 0.0
            out[n, t] = max(0.0, month + part - t - 0.5)
            ahead += entered[n, t]
