"""One part of a log as arrays, and what holds at each of its events.

Cases are segments of the rows. "The latest row before this one that ..." is a running maximum of
row numbers, cut off at the segment's first row; no loop goes over cases or events.
"""

from __future__ import annotations

import functools
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import process
from asylumatlas.events.coded import stage_table

Array = NDArray[Any]

NONE = -1
"""Code or row number of what is not there."""

COURT_EVENTS = (
    "charging_document",
    "master_hearing",
    "individual_hearing",
    "hearing_postponed",
    "venue_changed",
    "asylum_application_filed",
    "representation_entered",
    "court_decision",
    "case_reopened",
    "case_recalendared",
    "judge_review",
    "judge_review_requested",
    "bond_hearing",
)
"""Events of a case before a court; their place is the court's, or where the person was then."""

HEARD_EVENTS = (
    "master_hearing",
    "individual_hearing",
    "hearing_postponed",
    "court_decision",
    "judge_review",
)
"""Events that only a court has: a place where one of them ever happens is a court."""

CLAIM_DECIDED = ("asylum_granted", "asylum_denied")
"""Decisions on an asylum application, which has been filed even where the log does not say so."""

BOARD = "board"
"""Detail of an appearance before the Board of Immigration Appeals only."""


@dataclass(frozen=True)
class Words:
    """Text as codes, one a row, and the words they stand for; -1 is null."""

    codes: Array
    words: Sequence[str]

    def take(self, rows: Array) -> Words:
        """Return the same column at other rows; row -1 is null."""
        if not len(self.codes):
            return Words(np.full(len(rows), NONE, np.int32), self.words)
        codes = self.codes[rows]
        null = rows < 0
        if null.any():
            codes[null] = NONE
        return Words(codes, self.words)


@dataclass(frozen=True)
class Part:
    """The events of one part, sorted by case and then by seq, and the cases that have any.

    Attributes:
        date: days since 1970-01-01, shape (events,).
        event: vocabulary codes, shape (events,).
        outcome: vocabulary codes, -1 for none, shape (events,).
        place: where, shape (events,).
        judge: the event's resource, shape (events,).
        detail: what else the record says, shape (events,).
        first: each case's first row, shape (cases,).
        replication: shape (cases,).
        of_case: the columns that a case gives to its facts, shape (cases,).
        as_of: the log's last day, in days since 1970-01-01.
    """

    date: Array
    event: Array
    outcome: Array
    place: Words
    judge: Words
    detail: Words
    first: Array
    replication: Array
    of_case: Mapping[str, Words]
    as_of: int

    @property
    def rows(self) -> int:
        """Number of events."""
        return len(self.date)

    @functools.cached_property
    def last(self) -> Array:
        """Each case's last row, shape (cases,)."""
        return np.append(self.first[1:], self.rows)[: len(self.first)] - 1

    @functools.cached_property
    def case(self) -> Array:
        """Position of each event's case, shape (events,)."""
        lengths = self.last - self.first + 1
        return np.repeat(np.arange(len(self.first), dtype=np.int32), lengths)

    @functools.cached_property
    def begin(self) -> Array:
        """First row of each event's case, shape (events,)."""
        return self.first.astype(np.int32)[self.case]

    def at(self, *names: str, outcome: str | None = None) -> Array:
        """Return where the event is one of these, and has this outcome if one is given."""
        codes = _event_codes()
        found: Array = self.event == codes[names[0]]
        for name in names[1:]:
            found |= self.event == codes[name]
        if outcome is not None:
            found &= self.outcome == process.outcome_codes().index(outcome)
        return found

    def latest(self, where: Array) -> Array:
        """Return for each row the latest row of its case, itself included, where this holds."""
        row: Array = np.where(where, np.arange(self.rows, dtype=np.int32), np.int32(NONE))
        np.maximum.accumulate(row, out=row)
        row[row < self.begin] = NONE
        return row

    def first_of_case(self, where: Array) -> Array:
        """Return each case's first row where this holds, -1 for none, shape (cases,)."""
        rows = np.flatnonzero(where)[::-1]
        found = np.full(len(self.first), NONE, np.int64)
        found[self.case[rows]] = rows  # the last one written is the first in order
        return found

    @functools.cached_property
    def opened_before(self) -> Array:
        """Whether each case was already open when the log began, shape (cases,)."""
        opened: Array = self.event[self.first] == _event_codes()["stock_case"]
        return opened

    @functools.cached_property
    def stage(self) -> Array:
        """The main-track stage each event leads to, -1 for side and custody events, (events,)."""
        events = process.load().events.values()
        main = np.array([event.track == "main" for event in events])
        stage = np.where(main[self.event], stage_table()[self.event, self.outcome + 1], NONE)
        for points, flag, name in _stage_rules():
            there = points[self.event, self.outcome + 1] != 0
            if there.any():
                code = tuple(process.load().stages).index(name)
                stage[there & self._flag(flag)] = code
        return stage

    def _flag(self, changes: Array) -> Array:
        """Return whether a flag of the process is set after each event, shape (events,).

        Args:
            changes: 1 where a point clears it, 2 flips it, 4 sets it, by event and outcome + 1.
        """
        change = changes[self.event, self.outcome + 1]
        fixed = self.latest((change & 5) != 0)  # set or cleared: what came before is forgotten
        start = np.where(fixed >= 0, change[fixed], 0)
        value = ((start & 4) != 0) | ((start & 3) == 3)
        flips = np.cumsum((change & 7) == 2)
        before = np.where(fixed >= 0, flips[fixed], (flips - ((change & 7) == 2))[self.begin])
        flipped: Array = value ^ ((flips - before) % 2 == 1)
        return flipped


@functools.cache
def _event_codes() -> dict[str, int]:
    return {name: code for code, name in enumerate(process.event_codes())}


@functools.cache
def _stage_rules() -> list[tuple[Array, Array, str]]:
    """Return for each rule of the process its points, its flag's changes, and the stage."""
    transitions = process.load().transitions
    rules = []
    for rule in transitions.stage_rules:
        flag = transitions.flags[rule.when]
        changes = _point_table(flag.cleared_by) + 2 * _point_table(flag.flipped_by)
        rules.append(
            (_point_table(rule.points), changes + 4 * _point_table(flag.set_by), rule.stage)
        )
    return rules


def _point_table(points: Any) -> Array:
    """Return 1 for these points, by event code and outcome code + 1."""
    events = _event_codes()
    outcomes = {name: code for code, name in enumerate(process.outcome_codes(), start=1)}
    table = np.zeros((len(events), len(outcomes) + 1), np.int8)
    for event, outcome in points:
        table[events[event], outcomes.get(outcome, 0)] = 1
    return table


@dataclass(frozen=True)
class State:
    """What holds at each event, that event included, shape (events,) each.

    Attributes:
        court: code of the case's court.
        place: code of the latest place of any event.
        judge: code of the latest judge or officer.
        represented: 1 where an appearance before the court was entered and not ended, else 0.
        represented_on_appeal: the same, an appearance before the Board counted too.
        custody: 0 never detained, 1 detained, 2 released.
        claim: 1 where an asylum application has been filed or decided, else 0.

    The last four are -1 in a case that was open when the log began, until an event tells: what came
    before is not known.
    """

    court: Array
    place: Array
    judge: Array
    represented: Array
    represented_on_appeal: Array
    custody: Array
    claim: Array


def follow(part: Part, courts: Container[str]) -> State:
    """Carry what is known forward through each case.

    Args:
        part: one part of a log.
        courts: the places of the whole log that are courts.
    """
    board = np.array([word == BOARD for word in part.detail.words], np.bool_)
    entered = part.at("representation_entered")
    only_board = np.zeros(part.rows, np.bool_)
    if board.any():
        only_board = entered & np.append(board, False)[part.detail.codes]
    ended = part.latest(part.at("representation_ended"))
    started, released = (
        part.latest(part.at("custody_started")),
        part.latest(part.at("custody_ended")),
    )
    claim = part.at("asylum_application_filed", "affirmative_filed")
    claim |= part.at("stock_case", outcome="affirmative")
    for outcome in CLAIM_DECIDED:
        claim |= part.at("court_decision", outcome=outcome)
    never = np.where(part.opened_before, np.int8(NONE), np.int8(0))[part.case]
    at_court, anywhere = part.latest(entered & ~only_board), part.latest(entered)
    held = np.where(started > released, np.int8(1), np.where(released >= 0, np.int8(2), never))
    return State(
        court=part.place.take(_court(part, only_board, courts)).codes,
        place=part.place.take(part.latest(part.place.codes >= 0)).codes,
        judge=part.judge.take(part.latest(part.judge.codes >= 0)).codes,
        represented=_unless_ended(at_court, ended, never),
        represented_on_appeal=_unless_ended(anywhere, ended, never),
        custody=held,
        claim=np.where(part.latest(claim) >= 0, np.int8(1), never),
    )


def _court(part: Part, only_board: Array, courts: Container[str]) -> Array:
    """Return for each row the row that tells the case's court, -1 for none.

    That is the latest court event at a court. A charging document may be filed where the person is
    held instead: from it on, before any event at a court, the first one that follows tells.
    """
    known = np.array([*(word in courts for word in part.place.words), False], np.bool_)
    stock = part.at("stock_case", outcome="court")
    there = part.at(*COURT_EVENTS) | stock
    there &= known[part.place.codes] & ~only_board
    told = part.latest(there)
    before = np.flatnonzero(told < 0)
    case = part.case[before]
    filed = part.first_of_case(stock | part.at("charging_document", "judge_review_requested"))
    since = (filed[case] >= 0) & (filed[case] <= before)
    told[before] = np.where(since, part.first_of_case(there)[case], NONE)
    return told


def _unless_ended(entered: Array, ended: Array, never: Array) -> Array:
    """Return 1 where the latest appearance is after the latest end of one, else 0 or not known."""
    told = np.where(entered > ended, np.int8(1), np.int8(0))
    found: Array = np.where((entered < 0) & (ended < 0), never, told)
    return found
