"""From histories to proceedings: where each begins, moves and ends, and what code says so.

A proceeding begins with the charging document, a change of venue, a reopening, a return to the
calendar or a remand, and ends with a decision or with the next change of venue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import process
from asylumatlas.synthetic import decisions
from asylumatlas.synthetic.caseload import Chunk
from asylumatlas.synthetic.lookups import judges_of
from asylumatlas.synthetic.luck import Luck
from asylumatlas.synthetic.wire import BLANK

OPENINGS = (
    "charging_document",
    "judge_review_requested",
    "venue_changed",
    "case_reopened",
    "case_recalendared",
    "appeal_decided.remanded",
)
HEARINGS = ("master_hearing", "individual_hearing", "hearing_postponed")
Numbers = NDArray[Any]
MOVED, DECIDED = 1, 2  # how a proceeding ends
BARE = 0.0107  # 134.5 thousand of 12.5 million cases of early 2026 had no proceeding


@dataclass
class Docket:
    """The proceedings of a chunk, (proceedings,) each, in the order of cases and days.

    Attributes:
        chunk: the histories.
        luck: the draws.
        as_of: the day of the release, days since 1970-01-01.
        judges: codes of judges.
        of_event: (events,) proceeding in which each event falls.
        case: case of each proceeding.
        nth: its number within the case, from 0.
        begins: its first event.
        court: where it is, index into `chunk.courts`.
        opened: INPUT_DATE.
        ends: the event that ends it, -1 if none does.
        how: `MOVED`, `DECIDED` or 0.
        closed: COMP_DATE, `BLANK` if it never ends.
    """

    chunk: Chunk
    luck: Luck
    as_of: int
    judges: Sequence[str]
    of_event: Numbers
    case: Numbers
    nth: Numbers
    begins: Numbers
    court: Numbers
    opened: Numbers
    ends: Numbers
    how: Numbers
    closed: Numbers

    @property
    def size(self) -> int:
        """Number of proceedings, whatever the day."""
        return len(self.case)

    @cached_property
    def key(self) -> Numbers:
        """Key of a proceeding's draws, IDNPROCEEDING too."""
        return self.chunk.ordinal[self.case] * PROCEEDINGS + self.nth + 1

    @cached_property
    def idncase(self) -> Numbers:
        """(cases,) IDNCASE."""
        return case_id(self.chunk.ordinal)

    @cached_property
    def filed(self) -> Numbers:
        """(cases,) day of the charging document, or of the request for review."""
        return self.chunk.day[self.begins[self.nth == 0]]

    @cached_property
    def began(self) -> Numbers:
        """(cases,) day on which the court has the case: it is in a release from then on."""
        return self.opened[self.nth == 0]

    @cached_property
    def shown(self) -> NDArray[np.bool_]:
        """(cases,) whether the release has the case."""
        return self.began <= self.as_of

    @cached_property
    def bare(self) -> NDArray[np.bool_]:
        """(cases,) whether nothing but the case's own row is on record, now and later."""
        return self.luck.happens("no proceeding", self.chunk.ordinal, BARE)

    @cached_property
    def docketed(self) -> NDArray[np.bool_]:
        """(cases,) whether the release has the case and its proceedings."""
        return self.shown & ~self.bare

    @cached_property
    def done(self) -> NDArray[np.bool_]:
        """(proceedings,) whether it has ended by the day of the release."""
        return (self.closed != BLANK) & (self.closed <= self.as_of)

    @cached_property
    def after(self) -> Numbers:
        """(proceedings,) the case's next proceeding, -1 without one."""
        following = np.arange(1, self.size + 1)
        last = np.append(self.case[1:] != self.case[:-1], True)[: self.size]
        return np.where(last, -1, following)

    @cached_property
    def judge(self) -> Numbers:
        """(proceedings,) index of the judge."""
        return self.a_judge("judge", self.key, self.court)

    def a_judge(self, purpose: str, keys: Numbers, court: Numbers) -> Numbers:
        """Index of a judge of a court for each key."""
        found: Numbers = self.bench[court, self.luck.below(purpose, keys, self.bench.shape[1])]
        return found

    @cached_property
    def bench(self) -> Numbers:
        """(courts, seats) index of the judge in each seat of each court; some sit in two."""
        of = [judges_of(court) for court in self.chunk.courts]
        seats = max(map(len, of))
        return np.array(
            [
                [self.judges.index(own[k % len(own)]) if own else 0 for k in range(seats)]
                for own in of
            ]
        )

    @cached_property
    def outcome(self) -> Numbers:
        """(proceedings,) outcome of the decision, -1 without one."""
        return np.where(self.how == DECIDED, self.chunk.outcome[self.ends], -1)

    @cached_property
    def ordered(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """(proceedings,) whether an order of removal follows the decision; and on the same day."""
        rows = np.flatnonzero(self.chunk.are("removal_ordered"))
        to = self.of_event[rows]
        follows, at_once = np.zeros(self.size, bool), np.zeros(self.size, bool)
        follows[to] = True
        at_once[to] = self.chunk.day[rows] == self.closed[to]
        return follows, at_once

    @cached_property
    def appealed(self) -> NDArray[np.bool_]:
        """(proceedings,) whether the decision is appealed."""
        found = np.zeros(self.size, bool)
        found[self.of_event[self.chunk.are("appeal_filed")]] = True
        return found

    @cached_property
    def applied(self) -> Numbers:
        """(cases,) day of the asylum application, `BLANK` without one."""
        rows = np.flatnonzero(self.chunk.are("asylum_application_filed"))[::-1]
        found = np.full(self.chunk.cases, BLANK, np.int64)
        found[self.chunk.case[rows]] = self.chunk.day[rows]
        return found

    @cached_property
    def types(self) -> Numbers:
        """(cases,) case type, an index into `decisions.CASE_TYPES`, that fits all decisions."""
        return decisions.case_types(self)

    @cached_property
    def codes(self) -> decisions.Codes:
        """The codes of decisions and of applications decided with them."""
        return decisions.draw(self)

    def outcome_is(self, *names: str) -> NDArray[np.bool_]:
        """(proceedings,) whether the decision has one of these outcomes."""
        codes = [process.outcome_codes().index(name) for name in names]
        return np.isin(self.outcome, codes)


PROCEEDINGS = 32  # numbers set aside for the proceedings of a case


def case_id(ordinal: Numbers) -> Numbers:
    """IDNCASE of the cases with these numbers: rising, with gaps."""
    return 1_000_003 + ordinal * 7


def docket(chunk: Chunk, luck: Luck, as_of: int, judges: Sequence[str]) -> Docket:
    """Find the proceedings in a chunk's histories."""
    opens = chunk.are(*OPENINGS)
    begins = np.flatnonzero(opens)
    case = chunk.case[begins].astype(np.int64)
    first = np.concatenate([[True], case[1:] != case[:-1]])[: len(case)]
    nth = np.arange(len(case)) - np.maximum.accumulate(np.where(first, np.arange(len(case)), 0))
    # events before the first opening (custody) belong to the case's first proceeding
    of_event = np.maximum(np.cumsum(opens) - 1, np.flatnonzero(first)[chunk.case])
    opened = chunk.day[begins] + np.where(first, chunk.lag[case], 0)
    ends = np.full(len(case), -1, np.int64)
    how = np.zeros(len(case), np.int8)
    moves = np.flatnonzero(chunk.are("venue_changed"))
    ends[of_event[moves] - 1], how[of_event[moves] - 1] = moves, MOVED
    decides = np.flatnonzero(chunk.are("court_decision", "judge_review"))
    ends[of_event[decides]], how[of_event[decides]] = decides, DECIDED
    closed = np.where(ends >= 0, chunk.day[ends], BLANK)
    court = chunk.place[begins].astype(np.int64)
    return Docket(
        chunk, luck, as_of, judges, of_event, case, nth, begins, court, opened, ends, how, closed
    )
