"""Counts on the events of a run: the scenario's measures, the stages, the flow between them.

Everything here reads events only, never the kernel's own counters: the same could be asked of
court records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from asylumatlas.scenario.model import Measure
from asylumatlas.sim.histories import Histories, Speech
from asylumatlas.sim.patterns import LISTS, Key, classes_for, part_key, parts_of
from asylumatlas.sim.rules import Rules
from asylumatlas.sim.tallies import by_day_answered, first_answers, moving_quantile, tally

Numbers = NDArray[np.float64]
Ints = NDArray[np.int64]
Days = NDArray[np.int32]
DAYS_A_MONTH = 365.25 / 12


@dataclass
class Counts:
    """Counts of one replication.

    Attributes:
        measures: (M, T) value of each measure at the end of each day.
        entered, left, inside: (stages,) people of the cohort, custody counted beside the others.
        flow: (stages + 1, stages + 1) moves between stages; the last row is "outside".
        outcomes: (events, outcomes + 1) events of the cohort by outcome; last column: no outcome.
    """

    measures: Numbers
    entered: Ints
    left: Ints
    inside: Ints
    flow: Ints
    outcomes: Ints


def count(rules: Rules, speech: Speech, histories: Histories) -> Counts:
    """All counts of one replication."""
    counted = _Tally(rules, speech, histories)
    values = [counted.measure(measure) for measure in rules.model.measures.values()]
    flow, outcomes = counted.flow, counted.outcomes
    entered, left = _entered_and_left(speech, flow, outcomes)
    measures = np.array(values, np.float64).reshape(len(values), rules.days)
    return Counts(measures, entered, left, entered - left, flow, outcomes)


class _Tally:
    """The events of one replication, counted once; measures are then sums of a few counts.

    Attributes:
        flow: (stages + 1, stages + 1) moves of the cohort; a stage entered again counts again.
        outcomes: (events, outcomes + 1) events of the cohort.
    """

    def __init__(self, rules: Rules, speech: Speech, histories: Histories) -> None:
        self.rules, self.histories = rules, histories
        self.known = classes_for(rules, speech)
        kinds = rules.model.measures.values()
        lists = any(m.counts in LISTS and m.counts != "waited" for m in kinds)
        self._class = np.empty(len(histories.day) if lists else 0, np.int32)
        self._by_day = np.zeros((self.known.size, rules.days))
        outside = len(speech.stages)
        self.flow = np.zeros((outside + 1, outside + 1), np.int64)
        self.outcomes = np.zeros((len(speech.events), len(speech.outcomes) + 1), np.int64)
        kept = dict.fromkeys(_ends_of(m) for m in kinds if m.counts == "waited")
        self._waits: dict[tuple[Key, Key], tuple[Days, Days]] = {}
        self._lists: dict[tuple[Key, ...], WaitingList] = {}
        self._count(list(kept))

    def _count(self, waits: list[tuple[Key, Key]]) -> None:
        """One pass over all events, and the waits between the ends named."""
        h, known, days = self.histories, self.known, self.rules.days
        joins, answers = np.zeros((2, known.size), np.int64)
        for bit, (begins, ends) in enumerate(waits):
            joins |= (known.weights(begins) > 0).astype(np.int64) << bit
            answers |= (known.weights(ends) > 0).astype(np.int64) << bit
        # not more persons than events; memory that is not written to costs nothing
        answered, lasted = (np.empty((len(waits), len(h.person)), np.int32) for _ in range(2))
        waited = np.zeros(len(waits), np.int64)
        self._persons = tally(
            h.person.astype(np.uint32, copy=False),
            h.day.astype(np.int32, copy=False),
            h.place.astype(np.int16, copy=False),
            *map(_short, (h.event, h.outcome, h.stage)),
            np.array(self.rules.feed_first, np.int64),
            known.group_of_feed,
            known.in_cohort,
            known.pair_of,
            known.class_of,
            joins,
            answers,
            np.empty((2, len(waits)), np.int64),
            self._class,
            self._by_day,
            self.flow,
            self.outcomes,
            answered,
            lasted,
            waited,
        )
        for bit, pair in enumerate(waits):
            found = waited[bit]
            self._waits[pair] = _by_day(answered[bit, :found], lasted[bit, :found], days)

    def measure(self, measure: Measure) -> Numbers:
        """(T,) a measure at the end of each day; the kinds are told in `scenario.model.Measure`."""
        days = self.rules.days
        if measure.counts == "waited":
            day, waits = self._waits[_ends_of(measure)]
            found = _quantile_of_last(day, waits, days, measure.over, measure.quantile)
            return found / _unit(measure)
        if measure.counts in LISTS:
            return self._of_list(measure)
        plus, minus, of = (self._daily(key) for key in parts_of(measure))
        if measure.counts == "on_day":
            spans = np.minimum(np.arange(1, days + 1), measure.over)
            return plus if measure.over == 1 else _last(plus, measure.over) / spans
        so_far: Numbers = np.cumsum(plus - minus)
        if measure.counts == "share":
            base = np.cumsum(of)
            return np.divide(so_far, base, out=np.full(days, np.nan), where=base > 0)
        return so_far

    def _daily(self, key: Key) -> Numbers:
        """(T,) events that fit a list of patterns, once for each that they fit."""
        chosen, times = self.known.parts[key]
        daily: Numbers = times.astype(np.float64) @ self._by_day[chosen]
        return daily

    def _signed(self, plus: Key, minus: Key) -> _Signed:
        """Those who have an event of the first list, and when they have one of the second."""
        joins, answers = (self.known.weights(key) > 0 for key in (plus, minus))
        return _signed(self.histories, self._class, joins, answers, self._persons, self.rules.days)

    def _of_list(self, measure: Measure) -> Numbers:
        """(T,) names on a list, or the wait ahead of a new name."""
        days = self.rules.days
        plus, minus, _ = parts_of(measure)
        key = (plus, minus, part_key((), measure.feeds))
        if key not in self._lists:
            h = self.histories
            own = np.ones(len(h.day), bool)
            if measure.feeds:
                own = np.isin(self.rules.layout.feeds, measure.feeds)[h.feed]
            self._lists[key] = _list_of(self._signed(plus, minus), own, days)
        signed = self._lists[key]
        mine = signed.own
        off = np.bincount(signed.struck[mine], minlength=days + 1)[:days].astype(np.float64)
        names: Numbers = np.cumsum(np.bincount(signed.joined[mine], minlength=days)[:days] - off)
        if measure.counts == "names":
            return names
        pace = _last(off, measure.over) / measure.over
        pace[: measure.over - 1] = 0.0  # not known before `over` days have passed
        ahead = np.full(days, np.nan)
        return np.divide(names, pace * _unit(measure), out=ahead, where=pace > 0)


def _short(codes: NDArray[Any]) -> NDArray[Any]:
    """Codes as the counting kernels take them."""
    return codes if codes.dtype == np.int8 else codes.astype(np.int16, copy=False)


def _ends_of(measure: Measure) -> tuple[Key, Key]:
    """What begins a wait that is measured, and what it is for."""
    plus, minus, _ = parts_of(measure)
    return plus, minus


def _unit(measure: Measure) -> float:
    """Days in the unit of a wait."""
    return DAYS_A_MONTH if measure.unit == "months" else 1.0


def _last(daily: Numbers, over: int) -> Numbers:
    """(T,) sum of the last `over` days, of fewer at the start."""
    total = np.cumsum(daily)
    total[over:] -= total[:-over].copy()
    return total


@dataclass
class WaitingList:
    """Who signed a list and when their name was struck off, one entry per person.

    Attributes:
        joined: day of signing.
        answered: day of being admitted; T if not within the run.
        struck: day on which the name goes: its turn has come and its holder is gone; T if not.
        own: True where the person is one of those the measure counts.
    """

    joined: Ints
    answered: Ints
    struck: Ints
    own: NDArray[np.bool_]


def waiting_list(
    histories: Histories,
    joins: NDArray[np.bool_],
    answers: NDArray[np.bool_],
    own: NDArray[np.bool_],
    days: int,
) -> WaitingList:
    """The list as its keeper sees it: a name stays until its turn, even if its holder has left.

    Args:
        histories: events of one replication, sorted by person.
        joins: (events,) True where an event signs the list.
        answers: (events,) True where an event answers the call.
        own: (events,) True where the event's person is counted.
        days: T, days of the run.
    """
    classes = joins + 2 * answers.astype(np.int32)
    asks, calls = np.array([False, True, False, True]), np.array([False, False, True, True])
    signed = _signed(histories, classes, asks, calls, int(joins.sum()), days)
    return _list_of(signed, own, days)


class _Signed(NamedTuple):
    """Those who signed a list: the row, the day, when they answered, when they were heard of."""

    row: Ints
    person: Ints
    joined: Ints
    answered: Ints
    gone: Ints


def _signed(
    histories: Histories,
    classes: NDArray[np.int32],
    joins: NDArray[np.bool_],
    answers: NDArray[np.bool_],
    most: int,
    days: int,
) -> _Signed:
    """Everyone with an event of a class that joins, in the order of their numbers; `most` people.

    Args:
        histories: events of one replication.
        classes: (events,) class of each.
        joins: (classes,) whether an event of the class joins.
        answers: (classes,) whether it answers.
        most: no more people than these can have joined.
        days: T, days of the run.
    """
    row, answered, gone = (np.empty(most, np.int64) for _ in range(3))
    person = histories.person.astype(np.uint32, copy=False)
    day = histories.day.astype(np.int32, copy=False)
    stage = _short(histories.stage)
    found = first_answers(person, day, stage, classes, joins, answers, row, answered, gone, days)
    row = row[:found]
    who, joined = person[row].astype(np.int64), day[row].astype(np.int64)
    return _Signed(row, who, joined, answered[:found], gone[:found])


def _list_of(signed: _Signed, own: NDArray[np.bool_], days: int) -> WaitingList:
    """Names are struck off in the order of signing, each when its turn has come."""
    who, joined, answered, gone = signed.person, signed.joined, signed.answered, signed.gone
    place_in_line = joined * (1 << 32) + who
    reached = np.full(days, -1, np.int64)
    called = answered < days
    np.maximum.at(reached, answered[called], place_in_line[called])
    turn = np.searchsorted(np.maximum.accumulate(reached), place_in_line)
    return WaitingList(joined, answered, np.maximum(gone, turn), own[signed.row])


def _by_day(answered: Days, waits: Days, days: int) -> tuple[Days, Days]:
    """Days of answers in order, and the wait that ended with each."""
    ordered = np.empty_like(answered), np.empty_like(waits)
    by_day_answered(answered, waits, np.zeros(days, np.int64), *ordered)
    return ordered


def _waited(signed: WaitingList, days: int, over: int, quantile: float = 0.5) -> Numbers:
    """(T,) days waited by those who answered within the last `over` days, the median of them."""
    some = signed.own & (signed.answered < days)
    answered = signed.answered[some].astype(np.int32)
    day, waits = _by_day(answered, answered - signed.joined[some].astype(np.int32), days)
    return _quantile_of_last(day, waits, days, over, quantile)


def _quantile_of_last(day: Days, waits: Days, days: int, over: int, quantile: float) -> Numbers:
    """(T,) a quantile of the waits that ended within the last `over` days; NaN where none did."""
    found = np.full(days, np.nan)
    least = int(waits.min(initial=0))
    counts = np.zeros(int(waits.max(initial=0)) - least + 1, np.int64)
    moving_quantile(day, waits - least, over, quantile, counts, found)
    return found + least


def _entered_and_left(speech: Speech, flow: Ints, outcomes: Ints) -> tuple[Ints, Ints]:
    """People in and out of each stage; custody is its own track: started and ended."""
    entered, left = flow.sum(0)[:-1].copy(), flow.sum(1)[:-1].copy()
    custody = speech.stages.index("custody")
    for event, column in (("custody_started", entered), ("custody_ended", left)):
        column[custody] += outcomes[speech.events.index(event)].sum()
    return entered, left
