"""Packed log rows of one replication as dated events and cases, in the words of the process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from asylumatlas import process
from asylumatlas.sim import tables as t
from asylumatlas.sim.layout import Layout
from asylumatlas.sim.randomness import K1, K2, K3, K4, PATIENCE_PURPOSE
from asylumatlas.sim.rules import Rules

Column = NDArray[np.int64]
ROUTE_EVENTS = {
    "port_admitted": "port_of_entry",
    "apprehended": "between_ports",
    "crossed_between_ports": "between_ports",
    "affirmative_filed": "affirmative",
}


class Speech:
    """The sentences of a layout as flat arrays, and the process's codes for their words."""

    def __init__(self, layout: Layout) -> None:
        self.events = list(process.event_codes())
        self.outcomes = list(process.outcome_codes())
        vocabulary = process.load()
        self.stages = list(vocabulary.stages)
        sentences = [s.events if s else () for s in layout.sentences]
        self.length = np.array([len(s) for s in sentences], np.int64)
        self.first = np.concatenate([[0], np.cumsum(self.length)[:-1]])
        flat = [pair for sentence in sentences for pair in sentence]
        self.event = np.array([self.events.index(e) for e, _ in flat] or [0], np.int16)
        self.outcome = np.array(
            [self.outcomes.index(o) if o else -1 for _, o in flat] or [-1], np.int16
        )
        self.starts_stock = np.array([bool(s) and s[0][0] == "stock_case" for s in sentences])
        self.stage = np.array([self._stage(e, o) for e, o in flat] or [-1], np.int16)
        self.stock_event = self.events.index("stock_case")
        self.stock_outcome = np.array(
            [self.outcomes.index(s) if s in self.outcomes else -1 for s in self.stages], np.int16
        )

    def _stage(self, event: str, outcome: str | None) -> int:
        """Stage the person is in after an event of the main track; -1 for the other tracks."""
        kind = process.load().events[event]
        if kind.track != "main":
            return -1
        return self.stages.index(kind.stage_after(outcome))

    def code(self, pattern: str) -> tuple[int, int | None]:
        """Codes of "event" or "event.outcome"; None where any outcome will do."""
        event, _, outcome = pattern.partition(".")
        return self.events.index(event), self.outcomes.index(outcome) if outcome else None


@dataclass
class Histories:
    """Events of one replication, sorted by person, in the order in which they happened.

    Columns have one entry per event: person (uint32), day (int32, days since the run's first),
    place, event, outcome (-1: none), stage (-1: other track; all int16).
    """

    person: NDArray[np.uint32]
    day: NDArray[np.int32]
    place: NDArray[np.int16]
    event: NDArray[np.int16]
    outcome: NDArray[np.int16]
    stage: NDArray[np.int16]
    rules: Rules

    def only(self, chosen: NDArray[np.bool_]) -> Histories:
        """The events chosen, (events,) bool; whole people must be chosen or left out."""
        return Histories(
            self.person[chosen],
            self.day[chosen],
            self.place[chosen],
            self.event[chosen],
            self.outcome[chosen],
            self.stage[chosen],
            self.rules,
        )

    @cached_property
    def seq(self) -> Column:
        """Number of each event within its person's history, from 0."""
        positions = np.arange(len(self.person))
        first = np.flatnonzero(self.is_first)
        return positions - np.repeat(first, np.diff(np.append(first, len(positions))))

    @cached_property
    def is_first(self) -> NDArray[np.bool_]:
        """True at the first event of each person."""
        changes = np.ones(len(self.person), bool)
        changes[1:] = self.person[1:] != self.person[:-1]
        return changes

    @cached_property
    def feed(self) -> Column:
        """Feed of each event's person."""
        first = feed_of(self.rules, self.person[self.is_first])
        return first[np.cumsum(self.is_first) - 1]


def feed_of(rules: Rules, person: NDArray[np.uint32]) -> Column:
    """Feed that made each person."""
    found: Column = np.searchsorted(rules.feed_first, person.astype(np.int64), side="right") - 1
    return found


def tell(rules: Rules, speech: Speech, log: t.Words) -> Histories:
    """Expand packed log rows to events; a stock case heard of gets its `stock_case` first."""
    columns = t.unpack_log(log)
    order = np.argsort(columns["person"], kind="stable")
    person, mark = columns["person"][order], columns["mark"][order].astype(np.int64)
    day, place = columns["day"][order].astype(np.int32), columns["place"][order].astype(np.int16)
    is_first = np.ones(len(person), bool)
    is_first[1:] = person[1:] != person[:-1]
    stock = np.array([f.kind == "stock" for f in rules.model.feeds.values()])
    extra = is_first & ~speech.starts_stock[mark]
    extra[is_first] &= stock[feed_of(rules, person[is_first])]
    length = speech.length[mark] + extra
    row = np.repeat(np.arange(len(person)), length)
    within = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
    within -= extra[row]
    marker = within < 0
    word = speech.first[mark[row]] + np.maximum(within, 0)
    event, outcome, stage = speech.event[word], speech.outcome[word], speech.stage[word]
    days = day[row]
    if marker.any():
        event[marker] = speech.stock_event
        reached = _stage_before(rules, speech, feed_of(rules, person[row[marker]]))
        outcome[marker] = speech.stock_outcome[reached]
        stage[marker] = reached
        days[marker] = 0
    return Histories(person[row], days, place[row], event, outcome, stage, rules)


def _stage_before(rules: Rules, speech: Speech, feed: Column) -> Column:
    """Stage that the people of a stock have reached before day one: where their feed sends them."""
    stages = []
    for item in rules.model.feeds.values():
        to = item.starts[-1].to
        stage = rules.model.stations[to].stage if to else "court"
        stages.append(speech.stages.index(stage if stage in speech.outcomes else "court"))
    return np.array(stages, np.int64)[feed]


def classes_of(rules: Rules, model: t.Model, person: NDArray[np.uint32]) -> Column:
    """Class each person was created with: the kernel's lottery, done again on arrays."""
    feed = feed_of(rules, person)
    with np.errstate(over="ignore"):
        key = model.seed[0] + model.feed_salt[feed] + person.astype(np.uint64) * K1
        purpose = model.station_salt[model.feeds[feed, t.FEED_STATION]] + PATIENCE_PURPOSE
        bits = _mix(_mix(key) + purpose * K4)
    tables = model.feeds[feed, t.FEED_CLASS_LUT]
    found: Column = model.class_luts[tables, (bits & np.uint64(4095)).astype(np.int64)]
    return found


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * K2
    x = (x ^ (x >> np.uint64(27))) * K3
    mixed: NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return mixed


def first_day_of(histories: Histories, speech: Speech, event: str, people: int) -> Column:
    """(people,) day of each person's first such event, -1 without one. People in sorted order."""
    index = np.cumsum(histories.is_first) - 1
    rows = np.flatnonzero(histories.event == speech.events.index(event))
    found = np.full(people, -1, np.int64)
    found[index[rows[::-1]]] = histories.day[rows[::-1]]
    return found
