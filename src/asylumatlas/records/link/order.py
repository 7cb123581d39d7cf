"""What in the records contradicts itself: dates the wrong way round, types that do not agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.records.link.cases import Attributes
from asylumatlas.records.link.reading import NO_DAY, NO_WORD
from asylumatlas.records.link.shard import Table, Tally

Array = NDArray[Any]

TYPES_DIFFER = "cases whose proceedings differ in case type"
VIOLATIONS = {
    "completed before it was charged": ("B_TblProceeding", "charged", "completed"),
    "completed before it was entered": ("B_TblProceeding", "entered", "completed"),
    "appeal decided before it was filed": ("tblAppeal", "filed", "decided"),
    "released before detained": ("tbl_CustodyHistory", "start", "end"),
    "motion decided before it was filed": ("tbl_Court_Motions", "filed", "decided"),
}
"""Name -> table, field that should be earlier, field that should be later."""
OVERLAP = "a proceeding entered before the one before it was completed"


def note_order(
    cases: Array,
    known: Attributes,
    proceedings: Table,
    tables: Mapping[str, Table],
    last: int,
    tally: Tally,
) -> None:
    """Count contradictions, with a few cases of each.

    Args:
        cases: the shard's case numbers.
        known: what the table of cases says of them.
        proceedings: in order.
        tables: all tables.
        last: the day of the release.
        tally: takes the counts.
    """
    for name, (table, earlier, later) in VIOLATIONS.items():
        rows = tables[table]
        first, second = rows[earlier], rows[later]
        wrong = (first != NO_DAY) & (second != NO_DAY) & (second < first)
        tally.note(name, cases[np.unique(rows.at[wrong])], int(wrong.sum()))
    p = proceedings
    same = p.at[1:] == p.at[:-1]
    done, entered = p["completed"][:-1], p["entered"][1:]
    wrong = same & (done != NO_DAY) & (entered != NO_DAY) & (entered < done)
    tally.note(OVERLAP, cases[np.unique(p.at[1:][wrong])], int(wrong.sum()))
    kinds = p["case_type"]
    differ = same & (kinds[1:] != kinds[:-1]) & (kinds[1:] != NO_WORD) & (kinds[:-1] != NO_WORD)
    tally.note(TYPES_DIFFER, cases[np.unique(p.at[1:][differ])])
