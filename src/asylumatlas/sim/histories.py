"""Packed log rows of one replication as dated events and cases, in the words of the process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import process
from asylumatlas.scenario.model import Feed
from asylumatlas.sim import tables as t
from asylumatlas.sim import telling
from asylumatlas.sim.layout import Layout
from asylumatlas.sim.randomness import PATIENCE_PURPOSE
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
    place (int16), event, outcome (-1: none), stage (-1: other track; int8, or int16 should the
    process ever have so many words).
    """

    person: NDArray[np.uint32]
    day: NDArray[np.int32]
    place: NDArray[np.int16]
    event: NDArray[Any]
    outcome: NDArray[Any]
    stage: NDArray[Any]
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
    def seq(self) -> NDArray[np.uint16]:
        """Number of each event within its person's history, from 0."""
        numbers = np.empty(len(self.person), np.uint16)  # a run has few thousand days
        telling.number_events(self.person, numbers)
        return numbers

    @cached_property
    def is_first(self) -> NDArray[np.bool_]:
        """True at the first event of each person."""
        changes = np.ones(len(self.person), bool)
        changes[1:] = self.person[1:] != self.person[:-1]
        return changes

    @cached_property
    def starts(self) -> Column:
        """(people,) where each person's events begin."""
        return np.flatnonzero(self.is_first)

    @cached_property
    def feed(self) -> NDArray[np.int16]:
        """Feed of each event's person."""
        return feed_of(self.rules, self.person)


def feed_of(rules: Rules, person: NDArray[np.uint32]) -> NDArray[np.int16]:
    """(n,) feed that made each person."""
    found = np.empty(len(person), np.int16)
    telling.feeds_of(person, np.array(rules.feed_first, np.int64), found)
    return found


def tell(rules: Rules, speech: Speech, log: t.Words, *, keep: bool = True) -> Histories:
    """Expand packed log rows to events; a stock case heard of gets its `stock_case` first.

    Args:
        rules: of the run.
        speech: its words.
        log: (n,) packed rows in the order in which they were written.
        keep: whether `log` is left as it is; if not, its memory is used again.
    """
    rows = telling.by_person(log, None if keep else log)
    feeds = rules.model.feeds.values()
    first = np.array(rules.feed_first, np.int64)
    is_stock = np.array([feed.kind == "stock" for feed in feeds], np.bool_)
    events = telling.count_events(rows, first, is_stock, speech.length, speech.starts_stock)
    reached = np.array([_stage_before(rules, speech, feed) for feed in feeds], np.int16)
    short = np.int8 if max(len(speech.events), len(speech.outcomes)) < 128 else np.int16
    event, outcome, stage = (np.empty(events, short) for _ in range(3))
    place = np.empty(events, np.int16)
    person, day = np.empty(events, np.uint32), np.empty(events, np.int32)
    told = Histories(person, day, place, event, outcome, stage, rules)
    telling.expand(
        rows,
        first,
        is_stock,
        reached,
        speech.stock_outcome[reached],
        speech.length,
        speech.starts_stock,
        speech.first,
        np.column_stack([speech.event, speech.outcome, speech.stage]),
        speech.stock_event,
        person,
        day,
        place,
        event,
        outcome,
        stage,
    )
    return told


def _stage_before(rules: Rules, speech: Speech, feed: Feed) -> int:
    """Stage that the people of a stock have reached before day one: where their feed sends them."""
    to = feed.starts[-1].to if feed.kind == "stock" else None
    stage = rules.model.stations[to].stage if to else "court"
    return speech.stages.index(stage if stage in speech.outcomes else "court")


def classes_of(rules: Rules, model: t.Model, person: NDArray[np.uint32]) -> NDArray[np.int16]:
    """(n,) class each person was created with: the kernel's lottery, done again."""
    with np.errstate(over="ignore"):
        keys = model.seed[0] + model.feed_salt
        purposes = model.station_salt[model.feeds[:, t.FEED_STATION]] + PATIENCE_PURPOSE
    found = np.empty(len(person), np.int16)
    tables = model.feeds[:, t.FEED_CLASS_LUT]
    feed = feed_of(rules, person)
    telling.first_classes(person, feed, keys, purposes, tables, model.class_luts, found)
    return found


def first_days(histories: Histories, speech: Speech, events: Sequence[str]) -> NDArray[np.int16]:
    """(events, people) day of each person's first such event, -1 without one; people ascending."""
    slot_of = np.full(len(speech.events), -1, np.int64)
    for slot, event in enumerate(events):
        slot_of[speech.events.index(event)] = slot
    found = np.full((len(events), len(histories.starts)), -1, np.int16)
    telling.first_days(histories.person, histories.day, histories.event, slot_of, found)
    return found
