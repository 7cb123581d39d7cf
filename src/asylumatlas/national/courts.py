"""The courts of the model: how filings and judges are shared between them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.national.errors import NationalError

__all__ = ["NATION", "Courts"]


@dataclass(frozen=True, slots=True)
class Courts:
    """Names of courts and their shares; each column of shares sums to one.

    Attributes:
        names: One for each court.
        judges: Shares of the nation's judges (courts,).
        released: Shares of filings of the released (courts,).
        detained: Shares of filings of the detained (courts,).

    Raises:
        NationalError: If shares are negative, do not sum to one or do not fit the names.

    Example:
        >>> Courts(("a", "b"), [0.25, 0.75], [0.5, 0.5], [1.0, 0.0]).filings.shape
        (2, 2)
    """

    names: tuple[str, ...]
    judges: Any
    released: Any
    detained: Any
    filings: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("judges", "released", "detained"):
            shares = np.asarray(getattr(self, name), dtype=np.float64)
            if shares.shape != (len(self.names),):
                raise NationalError(
                    f"courts.{name}: {shares.size} shares for {len(self.names)} courts."
                )
            if np.any(shares < 0.0) or abs(shares.sum() - 1.0) > 1e-6:
                raise NationalError(
                    f"courts.{name}: shares sum to {shares.sum():.6g}; make each >= 0, together 1."
                )
            object.__setattr__(self, name, shares / shares.sum())
        object.__setattr__(self, "filings", np.column_stack([self.released, self.detained]))


NATION = Courts(("nation",), [1.0], [1.0], [1.0])
"""All courts as one."""
