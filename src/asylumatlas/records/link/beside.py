"""What happens beside the main track: hearings, applications, representation, custody, appeals."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.records.link.outcomes import outcome_code
from asylumatlas.records.link.proceedings import Decisions
from asylumatlas.records.link.reading import NO_DAY, NO_WORD
from asylumatlas.records.link.reductions import (
    ASYLUM,
    BLANK,
    BOARD,
    COMPLETED,
    COURT,
    HEARD,
    POSTPONED,
    SET,
)
from asylumatlas.records.link.shard import (
    LATER,
    NO_DATE,
    SAME_DAY,
    Chronicle,
    Table,
    day_key,
    first_of_each,
    is_in,
    row_key,
)

Array = NDArray[Any]

IN_REVIEW = "the case is a review of a fear finding"
BEFORE_DECISION = "a motion before any decision"
FUTURE = "future hearing"
FOR_OUTCOMES = "withholding or torture convention: read for outcomes, no event of its own"


class Beside:
    """Adds the events of the side tables of one shard.

    Args:
        chronicle: takes the events.
        review: which cases are reviews of a fear finding, shape (cases,).
        decisions: what the main track came to.
        details: codes of the details ``court`` and ``board``.
    """

    def __init__(
        self, chronicle: Chronicle, review: Array, decisions: Decisions, details: dict[str, int]
    ) -> None:
        self.chronicle, self.review, self.decisions = chronicle, review, decisions
        self.details = details
        self.unused = chronicle.tally.unused

    def _outside_reviews(self, name: str, rows: Table) -> Table:
        """Leave out, and count, the rows of reviews: the court hears no removal case there."""
        inside = self.review[rows.at]
        self.unused[name, IN_REVIEW] += int(inside.sum())
        return rows.where(~inside)

    def _count_unused(self, name: str, days: list[Array], used: Array, later: str = LATER) -> None:
        """Count the rows that became nothing for want of a day, or for a day yet to come."""
        blank = np.logical_and.reduce([day == NO_DAY for day in days])
        self.unused[name, NO_DATE] += int((blank & ~used).sum())
        self.unused[name, later] += int((~blank & ~used).sum())

    def hearings(self, rows: Table) -> None:
        """Add hearings held and postponed."""
        name = "tbl_schedule"
        rows = self._outside_reviews(name, rows)
        day, way = rows["date"], rows["way"]
        absent = is_in(day_key(rows.at, day), self.decisions.absent)
        used = np.zeros(len(rows), np.bool_)
        for event, which in (
            ("hearing_postponed", way == POSTPONED),
            ("master_hearing", (way != POSTPONED) & (rows["track"] == 0)),
            ("individual_hearing", (way != POSTPONED) & (rows["track"] == 1)),
        ):
            some = rows.where(which)
            columns: dict[str, Array] = {
                "place": some["place"],
                "resource": some["judge"],
                "detail": some["detail"],
            }
            if event != "hearing_postponed":
                columns["time"] = some["time"]
                columns["outcome"] = _hearing_outcomes(event, some["way"], absent[which])
            used[which] = self.chronicle.add(event, some.at, some["date"], **columns)
        self._count_unused(name, [day], used, FUTURE)

    def applications(self, rows: Table, proceedings: Table) -> None:
        """Add the asylum applications, once for each day of receipt."""
        name = "tbl_Court_Appln"
        rows = self._outside_reviews(name, rows)
        asylum = rows["kind"] == ASYLUM
        self.unused[name, FOR_OUTCOMES] += int((~asylum).sum())
        rows = rows.where(asylum)
        once = self._once(name, rows, day_key(rows.at, rows["date"]), rows["date"])
        keys = row_key(proceedings.at, proceedings["key"])
        order = np.argsort(keys)
        keys = keys[order]
        wanted = row_key(once.at, once["proceeding"])
        met = is_in(wanted, keys)
        place = np.full(len(once), NO_WORD, np.int32)
        place[met] = proceedings["place"][order][np.searchsorted(keys, wanted[met])]
        day = once["date"]
        used = self.chronicle.add("asylum_application_filed", once.at, day, place=place)
        self._count_unused(name, [day], used)

    def representation(self, rows: Table) -> None:
        """Add the notices of appearance, once for each day before a court and the Board."""
        name = "tbl_RepsAssigned"
        rows = self._outside_reviews(name, rows)
        level = rows["level"]
        once = self._once(name, rows, day_key(rows.at, rows["date"]) * 4 + level, rows["date"])
        level = once["level"]
        table = np.full(3, NO_WORD, np.int32)
        table[COURT], table[BOARD] = self.details["court"], self.details["board"]
        place = np.where(level == COURT, once["place"], NO_WORD)
        day = once["date"]
        used = self.chronicle.add(
            "representation_entered", once.at, day, place=place, detail=table[level]
        )
        self._count_unused(name, [day], used)

    def custody(self, rows: Table) -> None:
        """Add the days on which custody began and ended, each once."""
        name = "tbl_CustodyHistory"
        used = np.zeros(len(rows), np.bool_)
        repeated = np.zeros(len(rows), np.bool_)
        for event, column in (("custody_started", "start"), ("custody_ended", "end")):
            day = rows[column]
            known = np.flatnonzero(day != NO_DAY)
            first = first_of_each(day_key(rows.at[known], day[known]))
            repeated[known[~first]] = True
            left = self.chronicle.tally.left_out
            left[event, NO_DATE] += len(day) - len(known)
            left[event, SAME_DAY] += int((~first).sum())
            chosen = known[first]
            columns = {}
            if event == "custody_ended":
                columns["outcome"] = outcome_code("not_recorded")
            used[chosen] |= self.chronicle.add(event, rows.at[chosen], day[chosen], **columns)
        self.unused[name, SAME_DAY] += int((repeated & ~used).sum())
        self._count_unused(name, [rows["start"], rows["end"]], used | repeated)

    def bonds(self, rows: Table) -> None:
        """Add the bond hearings."""
        name = "D_TblAssociatedBond"
        rows = self._outside_reviews(name, rows)
        day = rows["date"]
        used = self.chronicle.add(
            "bond_hearing",
            rows.at,
            day,
            outcome=rows["outcome"],
            place=rows["place"],
            resource=rows["judge"],
            detail=rows["detail"],
        )
        self._count_unused(name, [day], used)

    def motions(self, rows: Table) -> None:
        """Add motions to reopen or reconsider that follow a decision."""
        name = "tbl_Court_Motions"
        rows = self._outside_reviews(name, rows)
        first = self.decisions.first[rows.at]
        used = np.zeros(len(rows), np.bool_)
        early = np.zeros(len(rows), np.bool_)
        for event, column in (("motion_filed", "filed"), ("motion_decided", "decided")):
            day = rows[column]
            before = (day != NO_DAY) & (day < first)
            early |= before
            self.chronicle.tally.left_out[event, BEFORE_DECISION] += int(before.sum())
            some = rows.where(~before)
            columns = {"place": some["place"], "detail": some["detail"]}
            if event == "motion_decided":
                columns |= {"resource": some["judge"], "outcome": some["outcome"]}
            used[~before] |= self.chronicle.add(event, some.at, day[~before], **columns)
        self.unused[name, BEFORE_DECISION] += int((early & ~used).sum())
        self._count_unused(name, [rows["filed"], rows["decided"]], used | early)

    def appeals(self, rows: Table) -> None:
        """Add the appeals and what the Board said."""
        name = "tblAppeal"
        rows = self._outside_reviews(name, rows)
        detail = rows["detail"]
        used = self.chronicle.add("appeal_filed", rows.at, rows["filed"])
        used |= self.chronicle.add(
            "appeal_decided", rows.at, rows["decided"], outcome=rows["outcome"], detail=detail
        )
        self._count_unused(name, [rows["filed"], rows["decided"]], used)

    def petitions(self, rows: Table) -> None:
        """Add the petitions to the federal courts; their outcome has no date in the records."""
        name = "tblAppealFedCourts"
        rows = self._outside_reviews(name, rows)
        used = self.chronicle.add("circuit_petition_filed", rows.at, rows["date"])
        self._count_unused(name, [rows["date"]], used)

    def _once(self, name: str, rows: Table, keys: Array, day: Array) -> Table:
        """Leave out, and count, rows that say the same of a day as an earlier one."""
        first = first_of_each(keys) | (day == NO_DAY)
        self.unused[name, SAME_DAY] += int((~first).sum())
        return rows.where(first)


def _hearing_outcomes(event: str, way: Array, absent: Array) -> Array:
    """Return the outcome of each hearing that took place."""
    outcome = np.full(len(way), outcome_code("continued"), np.int16)
    outcome[way == BLANK] = outcome_code("not_recorded")
    master = event == "master_hearing"
    outcome[way == COMPLETED] = outcome_code("closed" if master else "decided")
    outcome[(way == COMPLETED) & absent] = outcome_code("absent")
    if master:
        outcome[way == SET] = outcome_code("set_for_individual")
    else:
        outcome[way == HEARD] = outcome_code("decided")
    return outcome
