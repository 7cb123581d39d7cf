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
    cohort = np.isin(histories.feed, [feeds.index(name) for name in rules.model.cohort])
    values = [
        _measure(rules, speech, histories, measure) for measure in rules.model.measures.values()
    ]
    flow = _flow(speech, histories, cohort)
    entered, left = _entered_and_left(speech, histories, cohort, flow)
    kinds, results = len(speech.events), len(speech.outcomes)
    codes = histories.event[cohort] * (results + 1) + histories.outcome[cohort] % (results + 1)
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


def _measure(rules: Rules, speech: Speech, histories: Histories, measure: Measure) -> Numbers:
    """(T,) a measure at the end of each day."""
    days = rules.days
    own = np.ones(len(histories.day), bool)
    if measure.feeds:
        own = np.isin(histories.feed, [rules.layout.feeds.index(name) for name in measure.feeds])

    def daily(patterns: list[str]) -> Numbers:
        total = np.zeros(days)
        for text in patterns:
            fits = own & _pattern(rules, speech, histories, text)
            total += np.bincount(histories.day[fits], minlength=days)[:days]
        return total

    plus = daily(measure.plus)
    if measure.counts == "on_day":
        return plus
    so_far: Numbers = np.cumsum(plus - daily(measure.minus))
    if measure.counts == "share":
        base = np.cumsum(daily(measure.of))
        return np.divide(so_far, base, out=np.full(days, np.nan), where=base > 0)
    return so_far


def _flow(speech: Speech, histories: Histories, cohort: NDArray[np.bool_]) -> Ints:
    """Moves between stages on the main track; a stage entered again counts again."""
    rows = cohort & (histories.stage >= 0)
    stage, person = histories.stage[rows], histories.person[rows]
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
