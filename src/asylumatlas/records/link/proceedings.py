"""The main track of a case: charged, moved, decided, reopened, ordered removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.records.link.codes import FIRST_DECISION
from asylumatlas.records.link.outcomes import (
    class_code,
    decided,
    may_become_final,
    outcome_code,
)
from asylumatlas.records.link.reading import NO_DAY, NO_WORD
from asylumatlas.records.link.shard import LATER, NO_DATE, Chronicle, Table, day_key

Array = NDArray[Any]

_NEVER = np.int32(500_000)  # in the year 3338
_WAIT = 30  # days to appeal, 8 C.F.R. 1003.38(b)
NAME = "B_TblProceeding"


@dataclass(frozen=True)
class Decisions:
    """What the side tables need to know of the main track.

    Attributes:
        charging: day of the charging document of each case, `NO_DAY` without one.
        first: day of the first decision of each case, a day that never comes without one.
        absent: (case, day) keys of decisions in absentia, rising.
    """

    charging: Array
    first: Array
    absent: Array


def in_order(proceedings: Table) -> Table:
    """Return the proceedings of each case in the order of their day and key."""
    when = _first_known(proceedings["entered"], proceedings["charged"])
    when = np.where(when == NO_DAY, _NEVER - 1, when)
    order = np.lexsort((proceedings["key"], when, proceedings.at))
    return Table(proceedings.at[order], proceedings.rows[order])


def _first_known(*days: Array) -> Array:
    """Return the first of several days that is known, row by row."""
    result = days[-1].copy()
    for day in days[-2::-1]:
        result = np.where(day == NO_DAY, result, day)
    return result


def _earliest(at: Array, days: Array, cases: int) -> Array:
    """Return the earliest known day of each case, `NO_DAY` without one."""
    known = days != NO_DAY
    least = np.full(cases, _NEVER, np.int32)
    np.minimum.at(least, at[known], days[known])
    return np.where(least == _NEVER, NO_DAY, least)


def main_track(
    chronicle: Chronicle,
    proceedings: Table,
    applications: Table,
    appeals: Table,
    review: Array,
    derived: int,
) -> Decisions:
    """Add the events of the main track.

    Args:
        chronicle: takes the events.
        proceedings: in order.
        applications: those for asylum and withholding.
        appeals: case appeals.
        review: which cases are reviews of a fear finding, shape (cases,).
        derived: code of the detail of derived events.
    """
    p, cases = proceedings, len(review)
    starts = np.ones(len(p), np.bool_)
    starts[1:] = p.at[1:] != p.at[:-1]
    first = np.flatnonzero(starts)
    charging = _charging(chronicle, p, first, review)
    if not len(p):
        return Decisions(charging, np.full(cases, _NEVER, np.int32), np.empty(0, np.int64))
    follows = ~starts  # the proceeding continues a case
    has_next = np.append(follows[1:], False)
    result = _results(chronicle, p)
    of_review = review[p.at]
    _undated(chronicle, p, of_review)
    _reviews(chronicle, p, first, of_review, result)
    _moves(chronicle, p, has_next, (result == class_code("moves")) & ~of_review)
    decision = (result >= FIRST_DECISION) & ~of_review
    outcome = decided(p, result, applications, cases)
    _decide(chronicle, p, decision, outcome)
    again = follows & np.append(False, decision[:-1])
    reopened = _reopen(chronicle, p, again, outcome, appeals)
    until = _until(p, has_next, decision, reopened)
    _order(
        chronicle, p, decision & may_become_final(result, outcome), outcome, until, appeals, derived
    )
    days = np.where(decision, p["completed"], NO_DAY)
    known = _earliest(p.at, days, cases)
    absent = decision & (outcome == outcome_code("removal_in_absentia"))
    return Decisions(
        charging,
        np.where(known == NO_DAY, _NEVER, known),
        np.unique(day_key(p.at[absent], p["completed"][absent])),
    )


def _charging(chronicle: Chronicle, p: Table, first: Array, review: Array) -> Array:
    """Add the charging documents, and return the day of each case's."""
    cases = len(review)
    days = _first_known(_earliest(p.at, p["charged"], cases), _earliest(p.at, p["entered"], cases))
    at = p.at[first]
    wanted = ~review[at]
    at, place = at[wanted], p["place"][first][wanted]
    written = chronicle.add("charging_document", at, days[at], place=place)
    charging = np.full(cases, NO_DAY)
    charging[at[written]] = days[at[written]]
    return charging


def _results(chronicle: Chronicle, p: Table) -> Array:
    """Return what each proceeding came to, by position in `CLASSES`; 0 while it is open."""
    completed, coded = p["completed"], p["detail"] != NO_WORD
    blank, later = completed == NO_DAY, completed > chronicle.last
    unused = chronicle.tally.unused
    unused[NAME, "a decision or completion code without a date"] += int((blank & coded).sum())
    unused[NAME, "completed after the day of the release"] += int(later.sum())
    done = ~(blank | later)
    unknown = done & (p["known"] == 0)
    chronicle.tally.found["decision codes that the lookup does not have"] += int(unknown.sum())
    result = np.where(done, p["result"], 0)
    zero = int((result == class_code("zero_bond")).sum())
    unused[NAME, "zero bond, which completes nothing"] += zero
    return result


def _undated(chronicle: Chronicle, p: Table, of_review: Array) -> None:
    """Count the events that codes without a date would have been; a zero bond is never one."""
    coded = (p["completed"] == NO_DAY) & (p["detail"] != NO_WORD)
    decision = coded & (p["result"] >= FIRST_DECISION)
    moved = coded & (p["result"] == class_code("moves")) & ~of_review
    left = chronicle.tally.left_out
    left["court_decision", NO_DATE] += int((decision & ~of_review).sum())
    left["judge_review", NO_DATE] += int((decision & of_review).sum())
    left["venue_changed", NO_DATE] += int(moved.sum())


def _reviews(chronicle: Chronicle, p: Table, first: Array, of_review: Array, result: Array) -> None:
    """Add the requests for a judge's review and what the judge said."""
    begun = first[of_review[first]]
    chronicle.add(
        "judge_review_requested", p.at[begun], p["charged"][begun], place=p["place"][begun]
    )
    done = of_review & (result >= FIRST_DECISION)
    moved = int((of_review & (result == class_code("moves"))).sum())
    chronicle.tally.unused[NAME, "a review that moved to another court"] += moved
    chronicle.add(
        "judge_review",
        p.at[done],
        p["completed"][done],
        outcome=p["review"][done],
        place=p["place"][done],
        resource=p["judge"][done],
        detail=p["detail"][done],
    )


def _moves(chronicle: Chronicle, p: Table, has_next: Array, moved: Array) -> None:
    """Add the changes of venue and transfers."""
    to = np.where(has_next, np.append(p["place"][1:], NO_WORD), p["moved_to"])
    chronicle.add(
        "venue_changed",
        p.at[moved],
        p["completed"][moved],
        place=to[moved],
        detail=p["detail"][moved],
    )


def _decide(chronicle: Chronicle, p: Table, decision: Array, outcome: Array) -> None:
    """Add the judges' decisions."""
    chronicle.add(
        "court_decision",
        p.at[decision],
        p["completed"][decision],
        outcome=outcome[decision],
        place=p["place"][decision],
        resource=p["judge"][decision],
        detail=p["detail"][decision],
    )


def _reopen(chronicle: Chronicle, p: Table, again: Array, outcome: Array, appeals: Table) -> Array:
    """Add what puts a decided case before a judge again; return its day, `NO_DAY` where none."""
    when = _first_known(p["entered"], p["moved_in"], p["heard"])
    before = np.append(NO_DAY, p["completed"][:-1])
    remanded = appeals["outcome"] == outcome_code("remanded")
    remanded &= appeals["decided"] != NO_DAY
    days = np.sort(day_key(appeals.at[remanded], appeals["decided"][remanded]))
    dated = again & (when != NO_DAY)
    sent_back = np.zeros(len(p), np.bool_)
    low = np.searchsorted(days, day_key(p.at[dated], before[dated]), side="left")
    high = np.searchsorted(days, day_key(p.at[dated], when[dated]), side="right")
    sent_back[dated] = high > low
    chronicle.tally.found["cases sent back by the Board"] += int(sent_back.sum())
    closed = np.append(False, outcome[:-1] == outcome_code("administratively_closed"))
    days_again = np.full(len(p), NO_DAY)
    for event, which in (("case_recalendared", closed), ("case_reopened", ~closed)):
        rows = np.flatnonzero(again & ~sent_back & which)
        written = chronicle.add(event, p.at[rows], when[rows], place=p["place"][rows])
        days_again[rows[written]] = when[rows[written]]
    return days_again


def _until(p: Table, has_next: Array, decision: Array, reopened: Array) -> Array:
    """Return the day of the next reopening or decision after each proceeding of its case."""
    rows = np.where(decision, np.arange(len(p)), len(p))
    after = np.minimum.accumulate(np.append(rows, len(p))[::-1])[::-1][1:]
    safe = np.minimum(after, len(p) - 1)
    same = (after < len(p)) & (p.at[safe] == p.at)
    next_decision = np.where(same, p["completed"][safe], _NEVER)
    opened = np.where(has_next, np.append(reopened[1:], NO_DAY), NO_DAY)
    return np.minimum(next_decision, np.where(opened == NO_DAY, _NEVER, opened))


def _order(
    chronicle: Chronicle,
    p: Table,
    wanted: Array,
    outcome: Array,
    until: Array,
    appeals: Table,
    derived: int,
) -> None:
    """Add the days on which orders of removal became final (8 C.F.R. 1241.1, 1003.38(b))."""
    rows = np.flatnonzero(wanted)
    at, day, end = p.at[rows], p["completed"][rows], until[rows]
    appealed, board = _boards_word(at, day, end, appeals)
    waived = p["reserved"][rows] == 0
    lapsed = day + np.int32(_WAIT)
    unappealed = np.where(waived, day, np.where(end < lapsed, NO_DAY, lapsed))
    final = np.where(appealed, board, unappealed)
    final = np.where(outcome[rows] == outcome_code("removal_in_absentia"), day, final)
    final = np.where(final > chronicle.last, NO_DAY, final)
    known = final != NO_DAY
    chronicle.tally.found["orders not yet final, or ended by what followed"] += int((~known).sum())
    place = p["place"][rows][known]
    chronicle.add("removal_ordered", at[known], final[known], place=place, detail=derived)


def _boards_word(at: Array, day: Array, end: Array, appeals: Table) -> tuple[Array, Array]:
    """Return whether an appeal followed, and when it left the order standing (`NO_DAY`: never).

    Of several appeals before the case went on the one filed last counts.
    """
    filed = appeals["filed"] != NO_DAY
    a = appeals.where(filed)
    order = np.lexsort((a["key"], a["filed"], a.at))
    keys = day_key(a.at, a["filed"])[order]
    last = np.searchsorted(keys, day_key(at, end), side="left") - 1
    met = (last >= 0) & (len(keys) > 0)
    met[met] &= keys[last[met]] >= day_key(at, day)[met]
    board = np.full(len(at), NO_DAY)
    stands = np.isin(a["outcome"], [outcome_code("dismissed"), outcome_code("withdrawn")])
    ends = np.where(stands, a["decided"], NO_DAY)[order]
    board[met] = ends[last[met]]
    return met, board


__all__ = ["LATER", "NO_DATE", "Decisions", "in_order", "main_track"]
