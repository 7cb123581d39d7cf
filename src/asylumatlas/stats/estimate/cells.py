"""Small cells: flagged always, withheld on request.

A rate of few cases says little, and a count of very few may point to a person. The first is
told with a flag; against the second a cell is withheld, and with it as many others as it takes
that no shown total gives it away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from asylumatlas.stats.estimate.checks import EstimateError, Flags, Ints, Numbers, whole

SMALL = 25
"""Cases below which a rate is flagged; TRAC shows no rate of a judge's year below it."""


def flag(denominators: ArrayLike, small: int = SMALL) -> Flags:
    """True where a rate rests on fewer than ``small`` cases.

    >>> flag([3, 25, 400]).tolist()
    [True, False, False]
    """
    return np.asarray(whole(denominators, "denominators") < small)


@dataclass(frozen=True)
class Suppression:
    """Values with cells withheld.

    Attributes:
        values: the values, nan where withheld.
        small: True where the cell itself is too small.
        complementary: True where a cell is withheld for the sake of another.
        exposed: (kinds of total,) labels of totals that must not be shown either: even with all
            their cells withheld they would tell of fewer than the limit.
    """

    values: Numbers
    small: Flags
    complementary: Flags
    exposed: tuple[Ints, ...]

    @property
    def withheld(self) -> Flags:
        """True where a value is withheld."""
        return self.small | self.complementary


def suppress(
    values: ArrayLike,
    denominators: ArrayLike,
    below: int = SMALL,
    totals: Sequence[ArrayLike] = (),
) -> Suppression:
    """Withhold the values of cells with fewer than ``below`` cases, and what would give them away.

    A cell with 1 to ``below - 1`` cases is withheld; one with none has nobody to protect. Where the
    total of a set of cells is shown too, the withheld cells of the set are at least two and hold
    together at least ``below`` cases: the smallest other cells are withheld until that holds
    (complementary suppression). With several kinds of total, say rows and columns, this goes round
    until all hold. It does not stop someone who solves all totals together as equations: for that,
    show fewer totals.

    Args:
        values: (n,) one value per cell.
        denominators: (n,) cases behind each value.
        below: the limit; 0 and 1 withhold nothing.
        totals: for each kind of total shown, (n,) the label of the total a cell counts to.

    Raises:
        EstimateError: lengths differ, or a count or label is negative or not whole.

    Source: Cox 1980, Journal of the American Statistical Association 75, 377-385; Hundepool and
    others 2012, Statistical Disclosure Control, chapter 4.

    >>> found = suppress([0.5, 0.2, 0.4], [3, 60, 90], below=10, totals=[[0, 0, 0]])
    >>> found.values.tolist(), found.complementary.tolist()
    ([nan, nan, 0.4], [False, True, False])
    """
    given, cases = np.asarray(values, np.float64), whole(denominators, "denominators")
    labels = [whole(label, "totals") for label in totals]
    for other in (cases, *labels):
        if other.shape != given.shape or given.ndim != 1:
            raise EstimateError(
                f"values: {given.shape} and {other.shape}; give one denominator and label per cell"
            )
    small = (cases > 0) & (cases < below)
    hidden = small.copy()
    exposed: list[Ints] = []
    before = -1
    while hidden.sum() != before:
        before = int(hidden.sum())
        exposed = [_cover(hidden, cases, label, below) for label in labels]
    shown = np.where(hidden, np.nan, given)
    return Suppression(shown, small, hidden & ~small, tuple(exposed))


def _cover(hidden: Flags, cases: Ints, label: Ints, below: int) -> Ints:
    """Hide further cells in place until each total is safe; return the totals that cannot be."""
    exposed = []
    for one in np.unique(label[hidden]):
        mine = np.flatnonzero(label == one)
        others = mine[~hidden[mine] & (cases[mine] > 0)]
        for cell in others[np.argsort(cases[others], kind="stable")]:
            if _safe(hidden[mine], cases[mine], below):
                break
            hidden[cell] = True
        if not _safe(hidden[mine], cases[mine], below):
            exposed.append(one)
    return np.array(exposed, np.int64)


def _safe(hidden: Flags, cases: Ints, below: int) -> bool:
    return int(hidden.sum()) >= 2 and int(cases[hidden].sum()) >= below
