"""The tables that linking reads: their columns, and the shape of what is kept of a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.records.link import reductions
from asylumatlas.records.link.reading import Rows
from asylumatlas.records.link.reductions import Context, Reduced

Array = NDArray[Any]


@dataclass(frozen=True)
class Source:
    """One table of the release, as linking sees it.

    Attributes:
        table: its name.
        columns: those that are read.
        fields: name and numpy type of each number kept; ``case`` is first.
        concepts: field -> concept of those that are codes of words.
        rows: reduces a row group.
        needed: linking cannot do without it.
    """

    table: str
    columns: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    rows: Callable[[Rows, Context], Reduced]
    concepts: Mapping[str, str] = field(default_factory=dict)
    needed: bool = False

    @property
    def dtype(self) -> np.dtype[Any]:
        """The structured type of a row."""
        return np.dtype(list(self.fields))

    def reduce(self, rows: Rows, context: Context) -> tuple[Array, dict[str, int]]:
        """Return the rows that can matter and the number of the others by reason."""
        found, keep, dropped = self.rows(rows, context)
        blank = found["case"] <= 0
        if blank.any():
            lost = blank if keep is None else blank & keep
            dropped["no case"] = int(lost.sum())
            keep = ~blank if keep is None else keep & ~blank
        size = rows.size if keep is None else int(keep.sum())
        packed = np.empty(size, self.dtype)
        for name in self.dtype.names or ():
            packed[name] = found[name] if keep is None else found[name][keep]
        return packed, {reason: count for reason, count in dropped.items() if count}


_PLACE = (("place", "i4"),)
_PLACES = (*_PLACE, ("judge", "i4"))
_KEYED = (("case", "i4"), ("key", "i4"))
_AT_COURT = {"place": "place", "judge": "judge", "detail": "detail"}

SOURCES = (
    Source(
        "A_TblCase",
        (
            "IDNCASE",
            *(c for c, _ in reductions.CASE_WORDS.values()),
            *reductions.CASE_DAYS.values(),
        ),
        (
            ("case", "i4"),
            *((name, "i4") for name in (*reductions.CASE_WORDS, *reductions.CASE_DAYS)),
        ),
        reductions.cases,
        {name: concept for name, (_, concept) in reductions.CASE_WORDS.items()},
        needed=True,
    ),
    Source(
        "B_TblProceeding",
        (
            *("IDNPROCEEDING", "IDNCASE", "OSC_DATE", "INPUT_DATE", "BASE_CITY_CODE", "IJ_CODE"),
            *("TRANS_IN_DATE", "HEARING_DATE", "DEC_CODE", "OTHER_COMP", "APPEAL_RSVD"),
            *("COMP_DATE", "ABSENTIA", "TRANSFER_TO", "CASE_TYPE"),
        ),
        (
            *_KEYED,
            *((n, "i4") for n in ("charged", "entered", "moved_in", "heard", "completed")),
            *_PLACES,
            *(("moved_to", "i4"), ("case_type", "i4"), ("detail", "i4"), ("review", "i2")),
            *((n, "i1") for n in ("absent", "reserved", "result", "known")),
        ),
        reductions.proceedings,
        {**_AT_COURT, "moved_to": "place", "case_type": "case_type"},
        needed=True,
    ),
    Source(
        "tbl_schedule",
        (
            *("IDNSCHEDULE", "IDNCASE", "CAL_TYPE", "ADJ_DATE", "ADJ_TIME_START", "ADJ_RSN"),
            *("BASE_CITY_CODE", "IJ_CODE"),
        ),
        (
            *_KEYED,
            ("date", "i4"),
            *_PLACES,
            *(("detail", "i4"), ("time", "i2"), ("track", "i1"), ("way", "i1")),
        ),
        reductions.hearings,
        _AT_COURT,
    ),
    Source(
        "tbl_Court_Appln",
        (
            *("IDNPROCEEDINGAPPLN", "IDNPROCEEDING", "IDNCASE", "APPL_CODE", "APPL_RECD_DATE"),
            "APPL_DEC",
        ),
        (*_KEYED, ("proceeding", "i4"), ("date", "i4"), ("kind", "i1"), ("decision", "i1")),
        reductions.applications,
    ),
    Source(
        "tbl_RepsAssigned",
        (
            *("IDNREPSASSIGNED", "IDNCASE", "STRATTYLEVEL", "STRATTYTYPE", "BASE_CITY_CODE"),
            *("E_27_DATE", "E_28_DATE"),
        ),
        (*_KEYED, ("date", "i4"), *_PLACE, ("level", "i1")),
        reductions.representatives,
        {"place": "place"},
    ),
    Source(
        "tbl_CustodyHistory",
        ("IDNCUSTODY", "IDNCASE", "DATDETAINED", "DATRELEASED"),
        (*_KEYED, ("start", "i4"), ("end", "i4")),
        reductions.custody,
    ),
    Source(
        "D_TblAssociatedBond",
        ("IDNASSOCBOND", "IDNCASE", "DEC", "COMP_DATE", "BASE_CITY_CODE", "IJ_CODE"),
        (*_KEYED, ("date", "i4"), *_PLACES, ("detail", "i4"), ("outcome", "i2")),
        reductions.bonds,
        _AT_COURT,
    ),
    Source(
        "tbl_Court_Motions",
        (
            *("IDNMOTION", "IDNCASE", "REC_TYPE", "DEC", "MOTION_RECD_DATE", "COMP_DATE"),
            *("BASE_CITY_CODE", "IJ_CODE"),
        ),
        (
            *_KEYED,
            *(("filed", "i4"), ("decided", "i4")),
            *_PLACES,
            *(("detail", "i4"), ("outcome", "i2")),
        ),
        reductions.motions,
        _AT_COURT,
    ),
    Source(
        "tblAppeal",
        (
            *("idnAppeal", "idncase", "strAppealType", "datAppealFiled", "datBIADecision"),
            "strBIADecision",
        ),
        (*_KEYED, ("filed", "i4"), ("decided", "i4"), ("detail", "i4"), ("outcome", "i2")),
        reductions.appeals,
        {"detail": "detail"},
    ),
    Source(
        "tblAppealFedCourts",
        ("idnAppealFedCourts", "lngAppealID", "datRequestedByOIL"),
        (*_KEYED, ("date", "i4")),
        reductions.petitions,
    ),
    Source(
        "tbl_Lead_Rider",
        ("idnLeadRider", "idnLeadCase", "idnRiderCase", "datCreatedOn", "blnActive"),
        (*_KEYED, ("lead", "i4"), ("active", "i1"), ("created", "i8")),
        reductions.families,
    ),
    Source(
        "tbl_JuvenileHistory",
        ("idnJuvenileHistory", "idnCase", "idnJuvenile"),
        _KEYED,
        reductions.juveniles,
    ),
)
"""The tables, in the order in which their words get their codes."""
