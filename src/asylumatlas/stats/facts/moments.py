"""Moments: one fact for each event, without those of the journey, shelters and representation."""

from __future__ import annotations

import numpy as np

from asylumatlas import process
from asylumatlas.stats.facts.state import NONE, Array, Part, State, Words

NOT_COUNTED = (
    "journey_started",
    "place_reached",
    "mexico_permit_issued",
    "shelter_entered",
    "shelter_left",
    "representation_entered",
    "representation_ended",
    "venue_changed",
)
"""Events that no statistic counts; those that are states show as such on the facts after them."""

BOARD_EVENTS = ("appeal_filed", "appeal_decided", "circuit_petition_filed", "circuit_decided")
"""Events before the Board or a court of appeals, where an appearance before the Board counts."""

HEARINGS = ("master_hearing", "individual_hearing")
"""Hearings that were begun; the detail of one is the code with which it ended."""

Columns = dict[str, Array | Words]
"""Columns of a table of facts by name; numbers below 0 are null where a column may be."""


def kept_rows(part: Part) -> Array:
    """Return the rows that become moments, by event and then in the log's order."""
    order = np.argsort(part.event.astype(np.int16), kind="stable")
    events = np.bincount(part.event, minlength=len(process.event_codes()))
    codes = [code for code, name in enumerate(process.event_codes()) if name in NOT_COUNTED]
    ends = np.cumsum(events)
    keep = np.ones(part.rows, np.bool_)
    for code in codes:
        keep[ends[code] - events[code] : ends[code]] = False
    rows: Array = order[keep]
    return rows


def moments(part: Part, state: State) -> Columns:
    """Return the moments of a part.

    Args:
        part: the events.
        state: what holds at each.
    """
    rows = kept_rows(part)
    event, case, date = part.event[rows], part.case[rows], part.date[rows]
    nth, last = _places_in_case(event, case)
    appealed, superseded = _fates(part)
    on_appeal = part.at(*BOARD_EVENTS)
    represented = np.where(on_appeal, state.represented_on_appeal, state.represented)
    return {
        "at": rows,
        "court": Words(state.court[rows], part.place.words),
        "judge": part.judge.take(rows),
        "place": part.place.take(rows),
        "represented": represented[rows],
        "event": Words(event, process.event_codes()),
        "outcome": Words(part.outcome[rows], process.outcome_codes()),
        "date": date,
        "party": _party(part, rows),
        "nth": nth,
        "last": last,
        "appealed": appealed[rows],
        "superseded": superseded[rows],
        "days": _days(part, _charged(part), date, case),
        "days_applied": _days(part, part.first_of_case(_applications(part)), date, case),
        "case_known": ~part.opened_before[case],
    }


def _places_in_case(event: Array, case: Array) -> tuple[Array, Array]:
    """Return each moment's number among those of its kind in its case, and whether it is the last.

    Args:
        event: rising.
        case: rising within an event.
    """
    new = np.ones(len(event), np.bool_)
    new[1:] = (event[1:] != event[:-1]) | (case[1:] != case[:-1])
    row = np.arange(len(event), dtype=np.int32)
    nth = row - np.maximum.accumulate(np.where(new, row, 0)) + 1
    last = np.ones(len(event), np.bool_)
    last[:-1] = new[1:]
    return np.minimum(nth, np.iinfo(np.int16).max), last


def _fates(part: Part) -> tuple[Array, Array]:
    """Return of each court decision whether it was appealed and superseded, -1 elsewhere."""
    decision, appeal = part.at("court_decision"), part.at("appeal_filed")
    marks = np.flatnonzero(
        decision | appeal | part.at("case_reopened", "case_recalendared")
    )  # what settles whether the decision before it was appealed
    follows = np.zeros(len(marks), np.bool_)
    same = part.case[marks[1:]] == part.case[marks[:-1]]
    follows[:-1] = same & appeal[marks[1:]]
    appealed = np.full(part.rows, NONE, np.int8)
    appealed[marks] = np.where(decision[marks], follows, NONE)
    superseded = np.full(part.rows, NONE, np.int8)
    rows = np.flatnonzero(decision)
    superseded[rows[:-1]] = part.case[rows[1:]] == part.case[rows[:-1]]
    superseded[rows[-1:]] = 0
    return appealed, superseded


def _applications(part: Part) -> Array:
    return part.at("asylum_application_filed", "affirmative_filed")


def _charged(part: Part) -> Array:
    """Return each case's first charging document, or else request for a judge's review."""
    charged = part.first_of_case(part.at("charging_document"))
    asked = part.first_of_case(part.at("judge_review_requested"))
    return np.where(charged >= 0, charged, asked)


def _days(part: Part, start: Array, date: Array, case: Array) -> Array:
    """Return the days since each case's start, -1 before it and without one.

    Args:
        part: the events.
        start: each case's row, -1 for none, shape (cases,).
        date: days wanted.
        case: and their cases.
    """
    if not part.rows:
        return np.zeros(0, np.int32)
    never = np.int32(1 << 30)  # later than any day, and a difference to it fits
    begun = np.where(start >= 0, part.date[start], never)
    days = date - begun[case]
    days[days < 0] = NONE
    return days


def _party(part: Part, rows: Array) -> Words:
    """Return who caused each hearing's continuance or postponement, by its adjournment code."""
    told = process.adjournments()
    words = sorted(set(told.values()))
    codes = np.array(
        [words.index(told[word]) if word in told else NONE for word in part.detail.words], np.int8
    )
    if not (codes >= 0).any():
        return Words(np.full(len(rows), NONE, np.int8), words)
    of_row = np.append(codes, np.int8(NONE))[part.detail.codes[rows]]
    put_off = part.at("hearing_postponed") | part.at(*HEARINGS, outcome="continued")
    return Words(np.where(put_off[rows], of_row, NONE), words)
