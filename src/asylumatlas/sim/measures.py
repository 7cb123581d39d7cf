"""Counts on the events of a run: the scenario's measures, the stages, the flow between them.

Everything here reads events only, never the kernel's own counters: the same could be asked of
court records.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asylumatlas.scenario.model import Measure
from asylumatlas.sim.histories import Histories, Speech
from asylumatlas.sim.rules import Rules

Numbers = NDArray[np.float64]
Ints = NDArray[np.int64]
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
    feeds = rules.layout.feeds
    cohort = np.isin(feeds, rules.model.cohort)[histories.feed]
    values = [
        _measure(rules, speech, histories, measure) for measure in rules.model.measures.values()
    ]
    flow = _flow(speech, histories, cohort)
    entered, left = _entered_and_left(speech, histories, cohort, flow)
    kinds, results = len(speech.events), len(speech.outcomes)
    kind = histories.event[cohort].astype(np.int64)
    codes = kind * (results + 1) + histories.outcome[cohort] % (results + 1)
    outcomes = np.bincount(codes, minlength=kinds * (results + 1)).reshape(kinds, results + 1)
    measures = np.array(values, np.float64).reshape(len(values), rules.days)
    return Counts(measures, entered, left, entered - left, flow, outcomes)


def _pattern(rules: Rules, speech: Speech, histories: Histories, text: str) -> NDArray[np.bool_]:
    """True where an event fits "event.outcome@place"."""
    words, _, place = text.partition("@")
    event, outcome = speech.code(words)
    fits = histories.event == event
    if outcome is not None:
        fits &= histories.outcome == outcome
    if place:
        fits &= histories.place == rules.layout.places.index(place)
    return fits


def _fits_any(
    rules: Rules, speech: Speech, histories: Histories, patterns: list[str]
) -> NDArray[np.bool_]:
    """True where an event fits at least one pattern."""
    fits = np.zeros(len(histories.day), bool)
    for text in patterns:
        fits |= _pattern(rules, speech, histories, text)
    return fits


def _measure(rules: Rules, speech: Speech, histories: Histories, measure: Measure) -> Numbers:
    """(T,) a measure at the end of each day; the kinds are told in `scenario.model.Measure`."""
    days = rules.days
    own = np.ones(len(histories.day), bool)
    if measure.feeds:
        own = np.isin(rules.layout.feeds, measure.feeds)[histories.feed]
    if measure.counts == "waited" and measure.feeds:
        # nobody else's calls matter to how long these have waited
        return _of_list(rules, speech, histories.only(own), measure, np.ones(own.sum(), bool))
    if measure.counts in ("names", "wait_ahead", "waited"):
        return _of_list(rules, speech, histories, measure, own)

    def daily(patterns: list[str]) -> Numbers:
        total = np.zeros(days)
        for text in patterns:
            fits = own & _pattern(rules, speech, histories, text)
            total += np.bincount(histories.day[fits], minlength=days)[:days]
        return total

    plus = daily(measure.plus)
    if measure.counts == "on_day":
        spans = np.minimum(np.arange(1, days + 1), measure.over)
        return plus if measure.over == 1 else _last(plus, measure.over) / spans
    so_far: Numbers = np.cumsum(plus - daily(measure.minus))
    if measure.counts == "share":
        base = np.cumsum(daily(measure.of))
        return np.divide(so_far, base, out=np.full(days, np.nan), where=base > 0)
    return so_far


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
    main = np.flatnonzero((histories.stage >= 0) | joins | answers)
    person = histories.person[main].astype(np.int64)
    signs = np.flatnonzero(joins[main])
    signs = signs[np.unique(person[signs], return_index=True)[1]]  # the first time, by person
    who, day = person[signs], histories.day[main].astype(np.int64)
    joined = day[signs]
    following = np.minimum(signs + 1, len(main) - 1)
    gone = np.where((person[following] == who) & (following > signs), day[following], days)

    answered = np.full(len(who), days, np.int64)
    rows = np.flatnonzero(answers[main])[::-1]  # backwards, so that the first answer stays
    at = np.minimum(np.searchsorted(who, person[rows]), max(len(who) - 1, 0))
    known = who[at] == person[rows] if len(who) else np.zeros(len(rows), bool)
    answered[at[known]] = day[rows[known]]

    place_in_line = joined * (1 << 32) + who
    reached = np.full(days, -1, np.int64)
    called = answered < days
    np.maximum.at(reached, answered[called], place_in_line[called])
    turn = np.searchsorted(np.maximum.accumulate(reached), place_in_line)
    return WaitingList(joined, answered, np.maximum(gone, turn), own[main][signs])


def _of_list(
    rules: Rules,
    speech: Speech,
    histories: Histories,
    measure: Measure,
    own: NDArray[np.bool_],
) -> Numbers:
    """(T,) names on a list, the wait ahead of a new name, or the wait of those called."""
    days = rules.days
    joins = _fits_any(rules, speech, histories, measure.plus)
    answers = _fits_any(rules, speech, histories, measure.minus)
    signed = waiting_list(histories, joins, answers, own, days)
    unit = DAYS_A_MONTH if measure.unit == "months" else 1.0
    if measure.counts == "waited":
        return _waited(signed, days, measure.over) / unit
    mine = signed.own
    off = np.bincount(signed.struck[mine], minlength=days + 1)[:days].astype(np.float64)
    names: Numbers = np.cumsum(np.bincount(signed.joined[mine], minlength=days)[:days] - off)
    if measure.counts == "names":
        return names
    pace = _last(off, measure.over) / measure.over
    pace[: measure.over - 1] = 0.0  # not known before `over` days have passed
    return np.divide(names, pace * unit, out=np.full(days, np.nan), where=pace > 0)


def _waited(signed: WaitingList, days: int, over: int) -> Numbers:
    """(T,) median days waited by those who answered within the last `over` days."""
    some = signed.own & (signed.answered < days)
    order = np.argsort(signed.answered[some], kind="stable")
    day = signed.answered[some][order]
    waits = (signed.answered - signed.joined)[some][order]
    first = np.searchsorted(day, np.arange(days) - over, side="right")
    end = np.searchsorted(day, np.arange(days), side="right")
    medians = np.full(days, np.nan)
    for d in range(days):
        if d and (first[d], end[d]) == (first[d - 1], end[d - 1]):
            medians[d] = medians[d - 1]
        elif end[d] > first[d]:
            medians[d] = np.median(waits[first[d] : end[d]])
    return medians


def _flow(speech: Speech, histories: Histories, cohort: NDArray[np.bool_]) -> Ints:
    """Moves between stages on the main track; a stage entered again counts again."""
    rows = cohort & (histories.stage >= 0)
    stage, person = histories.stage[rows].astype(np.int64), histories.person[rows]
    outside = len(speech.stages)
    before = np.full(len(stage), outside, np.int64)
    same = person[1:] == person[:-1]
    before[1:][same] = stage[:-1][same]
    moved = before != stage
    size = outside + 1
    codes = before[moved] * size + stage[moved]
    return np.bincount(codes, minlength=size * size).reshape(size, size)


def _entered_and_left(
    speech: Speech, histories: Histories, cohort: NDArray[np.bool_], flow: Ints
) -> tuple[Ints, Ints]:
    """People in and out of each stage; custody is its own track: started and ended."""
    entered, left = flow.sum(0)[:-1].copy(), flow.sum(1)[:-1].copy()
    custody = speech.stages.index("custody")
    for events, column in ((("custody_started",), entered), (("custody_ended",), left)):
        codes = [speech.events.index(event) for event in events]
        column[custody] += np.count_nonzero(cohort & np.isin(histories.event, codes))
    return entered, left
