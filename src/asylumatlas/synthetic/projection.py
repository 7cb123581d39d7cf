"""What the court records of a simulated history can show: the history to compare an import with.

Events that records never show are gone already (`caseload`). Here the rest are cut at the day of
the release, the manner in which custody ends is dropped, places are kept where records tell the
court, and the events of a day are put in the order that an import gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import events as event_log
from asylumatlas import process
from asylumatlas.synthetic import people
from asylumatlas.synthetic.decisions import CASE_TYPES
from asylumatlas.synthetic.docket import DECIDED, HEARINGS, Docket
from asylumatlas.synthetic.rows import hearing_key, start_times
from asylumatlas.synthetic.rows_board import appeal_key, board_codes
from asylumatlas.synthetic.rows_court import (
    BOND_LETTERS,
    REOPENING,
    bond_decisions,
    bond_key,
    following,
    judge_of_hearing,
    kinds_of_motion,
    reasons,
)
from asylumatlas.synthetic.rows_people import juvenile_ids, riders
from asylumatlas.synthetic.wire import BLANK

# The order within a day, as in docs/method/linking.md.
RANKS = {
    "custody_started": 0, "charging_document": 1, "judge_review_requested": 1, "motion_filed": 2,
    "motion_decided": 3, "case_reopened": 4, "case_recalendared": 4, "representation_entered": 5,
    "asylum_application_filed": 6, "bond_hearing": 7, "hearing_postponed": 8, "master_hearing": 9,
    "individual_hearing": 10, "venue_changed": 11, "court_decision": 12, "judge_review": 12,
    "appeal_filed": 13, "appeal_decided": 14, "removal_ordered": 15, "circuit_petition_filed": 16,
    "custody_ended": 17,
}  # fmt: skip
AT_COURT = (
    "charging_document", "case_reopened", "case_recalendared", "asylum_application_filed",
    "bond_hearing", *HEARINGS, "venue_changed", "court_decision", "removal_ordered",
    "judge_review_requested", "judge_review", "motion_filed", "motion_decided",
)  # fmt: skip
CHILDREN = (1, 3, 4)  # ids of J, J2 and UJ
Numbers = NDArray[Any]


def project(docket: Docket) -> tuple[event_log.CodedCases, event_log.CodedEvents, list[str]]:
    """Return the cases and events that the records of a chunk show, and the places' words.

    Events are sorted by case, day and the order within a day; case ids are IDNCASE.
    """
    chunk = docket.chunk
    rows = np.flatnonzero(docket.docketed[chunk.case] & (chunk.day <= docket.as_of))
    ranks = np.array([RANKS.get(name, -1) for name in process.event_codes()])
    if len(rows) and ranks[chunk.event[rows]].min() < 0:
        raise ValueError("an event that no record shows")
    rows = rows[np.lexsort((rows, ranks[chunk.event[rows]], chunk.day[rows], chunk.case[rows]))]
    case = chunk.case[rows]
    outcome = chunk.outcome[rows].copy()
    ended = chunk.are("custody_ended")[rows]
    outcome[ended] = process.outcome_codes().index("not_recorded")
    at_court = (chunk.are(*AT_COURT) | _before_court(docket))[rows]
    first = np.append(True, case[1:] != case[:-1])[: len(case)]
    here = np.arange(len(case))
    seq = here - np.maximum.accumulate(np.where(first, here, 0)) if len(here) else here
    time, judge, detail, words = _particulars(docket, rows)
    told = event_log.CodedEvents(
        replication=np.zeros(len(rows), np.int16),
        case_id=docket.idncase[case],
        seq=seq.astype(np.int32),
        date=chunk.day[rows].astype(np.int32),
        event=chunk.event[rows],
        outcome=outcome,
        place=np.where(at_court, chunk.place[rows], -1).astype(np.int16),
        time=time,
        resource=(judge, list(docket.judges)),
        detail=(detail, words),
    )
    return cases(docket), told, list(chunk.courts)


def _before_court(docket: Docket) -> NDArray[np.bool_]:
    """(events,) which are appearances of a representative before the court, not the Board."""
    chunk = docket.chunk
    found = chunk.are("representation_entered")
    found[1:] &= ~chunk.are("appeal_filed")[:-1]
    return found


def _particulars(docket: Docket, rows: Numbers) -> tuple[Numbers, Numbers, Numbers, list[str]]:
    """Time and judge of some events, and index and words of their details; -1 for none."""
    chunk = docket.chunk
    hearings = np.flatnonzero(chunk.are(*HEARINGS))
    _, keys = hearing_key(docket, hearings)
    court = chunk.place[hearings].astype(np.int64)
    time, judge = (np.full(len(chunk.case), -1, np.int64) for _ in range(2))
    # a postponed hearing did not take place at its time
    held = ~chunk.are("hearing_postponed")[hearings]
    time[hearings[held]] = start_times(docket, keys)[held]
    judge[hearings] = judge_of_hearing(docket, docket.of_event[hearings], keys, court)
    others = np.flatnonzero(
        chunk.are("court_decision", "judge_review", "bond_hearing", "motion_decided")
    )
    judge[others] = docket.judge[docket.of_event[others]]
    detail, words = _details(docket, hearings, keys)
    return time[rows].astype(np.int16), judge[rows], detail[rows], words


def _details(docket: Docket, hearings: Numbers, keys: Numbers) -> tuple[Numbers, list[str]]:
    """(events,) index of what the source says besides, -1 for nothing; and the words."""
    chunk = docket.chunk
    found = np.full(len(chunk.case), -1, np.int64)
    words: dict[str, int] = {}

    def put(at: Numbers, index: Numbers, texts: Sequence[str]) -> None:
        known = [words.setdefault(text, len(words)) for text in texts]
        found[at] = np.where(index >= 0, np.array([*known, -1])[index], -1)

    put(hearings, *reasons(docket, hearings, keys))
    entered = np.flatnonzero(chunk.are("representation_entered"))
    put(entered, np.where(_before_court(docket)[entered], 0, 1), ["court", "board"])
    ordered = np.flatnonzero(chunk.are("removal_ordered"))
    put(ordered, np.zeros(len(ordered), np.int64), ["derived"])
    moves = np.flatnonzero(chunk.are("venue_changed"))
    put(moves, docket.codes.other[docket.of_event[moves] - 1], docket.codes.other_words)
    bonds = np.flatnonzero(chunk.are("bond_hearing"))
    put(bonds, bond_decisions(docket, bonds, bond_key(docket, bonds)), BOND_LETTERS)
    filed = np.flatnonzero(chunk.are("motion_filed"))
    kinds = kinds_of_motion(docket, filed)
    put(filed, kinds, REOPENING)
    decided = following(docket, filed, "motion_decided")
    put(decided[decided >= 0], kinds[decided >= 0], REOPENING)
    appeals = np.flatnonzero(chunk.are("appeal_filed"))
    ends = following(docket, appeals, "appeal_decided")
    codes, texts = board_codes(docket, ends, appeal_key(docket, appeals))
    put(ends[ends >= 0], codes[ends >= 0], texts)
    _put_decisions(docket, put)
    return found, list(words)


def _put_decisions(docket: Docket, put: Callable[[Numbers, Numbers, Sequence[str]], None]) -> None:
    """Details of decisions: the case type and the code, behind two strokes if of another kind."""
    codes = docket.codes
    letters = [*codes.decision_words, *(f"/{word}" for word in codes.other_words)]
    texts = [f"{kind}/{letter}" for kind in CASE_TYPES for letter in letters]
    other = np.where(codes.other >= 0, codes.other + len(codes.decision_words), -1)
    letter = np.where(codes.decision >= 0, codes.decision, other)
    rows = np.flatnonzero(docket.how == DECIDED)
    kinds = docket.types[docket.case[rows]]
    index = np.where(letter[rows] >= 0, kinds * len(letters) + letter[rows], -1)
    put(docket.ends[rows], index, texts)


def cases(docket: Docket) -> event_log.CodedCases:
    """The cases of a chunk as an import of its records would have them."""
    chunk, shown = docket.chunk, docket.shown
    nationality, language = people.origins(docket)
    kind = np.full(chunk.cases, event_log.KINDS.index("unknown"))
    child = np.isin(juvenile_ids(docket), CHILDREN)
    kind[child] = event_log.KINDS.index("unaccompanied_child")
    lead = np.full(chunk.cases, -1, np.int64)
    ride, _, _ = riders(docket)
    ride = ride[shown[ride] & shown[ride - 1]]
    for members in (ride, ride - 1):
        kind[members] = event_log.KINDS.index("family")
    lead[ride] = docket.idncase[ride - 1]
    entry = people.entries(docket)
    asked = people.asylum_types(docket)
    route = np.where(
        asked == people.ASYLUM_TYPES.index("I"),
        event_log.ENTRY_ROUTES.index("affirmative"),
        event_log.ENTRY_ROUTES.index("unknown"),
    )
    charged = np.where(chunk.review | docket.bare, -1, docket.filed)
    sexes = people.sexes(docket)
    return event_log.CodedCases(
        replication=np.zeros(int(shown.sum()), np.int16),
        case_id=docket.idncase[shown],
        nationality=(nationality[shown], people.ISO_CODES),
        kind=(kind[shown], list(event_log.KINDS)),
        entry_route=route[shown].astype(np.int16),
        entry_date=np.where(entry == BLANK, -1, entry)[shown].astype(np.int32),
        charging_date=charged[shown].astype(np.int32),
        lead_case_id=lead[shown],
        nationality_source=(nationality[shown], people.NATIONALITIES),
        case_type=(docket.types[shown], list(CASE_TYPES)),
        sex=(sexes[shown], ["M", "F"]),
        language=(language[shown], people.LANGUAGES),
    )


def write_part(docket: Docket, folder: Path, number: int) -> dict[str, Any]:
    """Write a chunk's histories as part of an event log."""
    known, told, places = project(docket)
    return event_log.write_part(folder, number, known, told, places, replications=range(1))
