"""What comes to the courts by quarter, and how delays and waits move a flow between quarters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.national import flow
from asylumatlas.national.columns import STATIC
from asylumatlas.plan.goal import DAYS_OF_QUARTER
from asylumatlas.plan.situation import Situation

__all__ = ["Load", "ahead", "delay", "load", "twin_values"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Load:
    """What comes to the courts, by quarter: what the program takes as given.

    Attributes:
        masters: released cases that come to the master line from outside (quarters,): the stock and
            new ones after their first delay.
        individuals: of the stock, to the line of individual hearings (quarters,).
        entered: released cases that enter the docket (quarters,).
        detained_days: judge-days of the detained docket (quarters,).
        detained_master_days: of these, for masters (quarters,).
        detained_pending: detained cases pending at the end of each quarter (quarters,).
        stock: released cases pending on day one.
    """

    masters: Floats
    individuals: Floats
    entered: Floats
    detained_days: Floats
    detained_master_days: Floats
    detained_pending: Floats
    stock: float


def load(here: Situation) -> Load:
    """Return what comes to the courts of the country by quarter."""
    values, quarters = here.values, here.goal.quarters
    free = flow.simulate(
        {**twin_values(values), "judges": 1e8}, start=here.goal.start + 1, months=3 * quarters
    )

    def by_quarter(name: str) -> Floats:
        summed: Floats = free[name][0].reshape(quarters, 3).sum(axis=1)
        return summed

    held = values["pending"] * values["stock_detained_share"]
    stock = values["pending"] - held
    entered = values["receipts"] * (1 - values["detained_share"]) + values["reopened"]
    came = entered / 4 + by_quarter("released")
    masters = by_quarter("masters") - by_quarter("masters_released")
    individuals = by_quarter("individuals") - by_quarter("individuals_released")
    waiting = stock * values["stock_master_share"]
    first = delay(values["first_delay_days"], quarters) @ came
    return Load(
        masters=first + waiting * spread(values["master_delay_days"], quarters),
        individuals=(stock - waiting) * spread(values["individual_delay_days"], quarters),
        entered=came,
        detained_days=masters * values["master_judge_days"]
        + individuals * values["individual_judge_days"],
        detained_master_days=masters * values["master_judge_days"],
        detained_pending=free["pending_detained"][0, 2::3],
        stock=stock,
    )


def twin_values(values: Any) -> dict[str, Any]:
    """Return those values that the twin takes."""
    names = (
        *STATIC,
        "judges",
        "receipts",
        "reopened",
        "productivity",
        "pending",
        "administratively_closed_share",
    )
    return {name: values[name] for name in names}


def delay(days: float, quarters: int) -> Any:
    """Return the matrix that brings an even flow of each quarter back after a delay.

    Example:
        >>> delay(0.25 * DAYS_OF_QUARTER, 2).toarray().tolist()
        [[0.75, 0.0], [0.25, 0.75]]
    """
    from scipy.sparse import eye_array

    whole, part = divmod(days / DAYS_OF_QUARTER, 1.0)
    first = eye_array(quarters, k=-int(whole), format="csr") * (1.0 - part)
    return first + eye_array(quarters, k=-int(whole) - 1, format="csr") * part


def spread(days: float, quarters: int) -> Floats:
    """Return the parts of a stock that come back in each quarter, evenly over some days."""
    length = max(days / DAYS_OF_QUARTER, 1e-9)
    edges = np.minimum(np.arange(quarters + 1) / length, 1.0)
    return np.diff(edges)


def ahead(days: float, quarters: int, first: int) -> tuple[Any, Any]:
    """Return the matrices of "line at the end of a quarter" and "heard in the days after it".

    Rows are the quarters from the one before `first` on whose days ahead lie inside the plan.
    """
    from scipy.sparse import csr_array

    whole, part = divmod(days / DAYS_OF_QUARTER, 1.0)
    reach = int(whole) + (part > 1e-9)
    at = np.arange(max(first - 1, 0), quarters - reach)
    line = csr_array((np.ones(len(at)), (np.arange(len(at)), at)), shape=(len(at), quarters))
    rows, columns, parts = [], [], []
    for k in range(1, reach + 1):
        rows.append(np.arange(len(at)))
        columns.append(at + k)
        parts.append(np.full(len(at), 1.0 if k <= whole else part))
    if not rows:
        return line, csr_array((len(at), quarters))
    content = (np.concatenate(parts), (np.concatenate(rows), np.concatenate(columns)))
    return line, csr_array(content, shape=(len(at), quarters))
