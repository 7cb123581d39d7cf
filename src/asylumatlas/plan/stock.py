"""Which count of pending cases a plan starts from, beside the other count of the same day."""

from __future__ import annotations

from dataclasses import dataclass

from asylumatlas.national.ledger import history
from asylumatlas.plan.situation import Situation

__all__ = ["Stock", "stock"]

_LAST_ACTIVE = 2020


@dataclass(frozen=True, slots=True)
class Stock:
    """The stock a plan starts from.

    Attributes:
        pending: cases at the end of fiscal year `year`, as the plan takes them.
        year: last fiscal year before the plan.
        basis: "given", "active" (published so) or "carried on" (active, with the yearly changes of
            the ledger of all cases).
        published_all: cases in the ledger that counts inactive ones too; None where it has none.
    """

    pending: float
    year: int
    basis: str
    published_all: float | None

    def said(self) -> str:
        """Return which count it is, and why, as a sentence."""
        start = (
            f"The plan starts from {self.pending:,.0f} pending cases at the end of FY{self.year}"
        )
        if self.basis == "given":
            return f"{start}, as given."
        found = f"{start}, ACTIVE ones"
        if self.basis == "carried on":
            found += (
                f": the active ones published for FY{_LAST_ACTIVE} plus the yearly changes of the "
                "ledger of all cases, as no later one tells them apart"
            )
        if self.published_all is None:
            return f"{found}."
        return f"{found}; {self.published_all:,.0f} are published for that day with INACTIVE ones."


def stock(here: Situation) -> Stock:
    """Return the stock that a situation starts from.

    Args:
        here: gives the last known year and the cases pending.
    """
    year = here.goal.start
    ledger = history(None, "all")
    place = year - int(ledger.years[0])
    known = ledger.pending_end[place] if 0 <= place < len(ledger.years) else float("nan")
    basis = "active" if year <= _LAST_ACTIVE else "carried on"
    if here.basis["pending"] == "given":
        basis = "given"
    return Stock(here.values["pending"], year, basis, None if known != known else float(known))
