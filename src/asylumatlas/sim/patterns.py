"""Which events each measure counts, worked out once for a scenario.

A measure's patterns, hundreds where it names a group of courts, become classes of events: two
events are of one class when every pattern list counts both alike. One table then says the class
of an event by what happened, where, and who it happened to, and a pattern list is a sum over a few
classes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from asylumatlas import process
from asylumatlas.scenario.model import Measure
from asylumatlas.sim.histories import Speech
from asylumatlas.sim.rules import Rules

Ints = NDArray[np.int64]
Key = tuple[tuple[str, ...], tuple[str, ...]]  # patterns, and the feeds they are asked of
LISTS = ("names", "wait_ahead", "waited")


def part_key(patterns: Iterable[str], feeds: Iterable[str] = ()) -> Key:
    """What names a list of patterns, asked of the people of some feeds (all if none)."""
    return tuple(patterns), tuple(feeds)


@dataclass
class Classes:
    """Classes of events for one scenario.

    Attributes:
        pair_of: (events, outcomes + 1) number of an event with an outcome; the last: no outcome.
        class_of: (pairs, places + 1, groups) class of an event; 0: no list of patterns counts it.
        group_of_feed: (feeds,) third index of `class_of`.
        in_cohort: (feeds,) whether a feed is of the cohort.
        parts: classes and how often each is counted, by list of patterns.
        size: number of classes, class 0 included.
    """

    pair_of: Ints
    class_of: NDArray[np.int32]
    group_of_feed: Ints
    in_cohort: NDArray[np.bool_]
    parts: dict[Key, tuple[Ints, Ints]] = field(default_factory=dict)
    size: int = 1

    def weights(self, key: Key) -> Ints:
        """(classes,) how often a list of patterns counts an event of each class."""
        weights = np.zeros(self.size, np.int64)
        chosen, times = self.parts[key]
        weights[chosen] = times
        return weights


_KNOWN: WeakKeyDictionary[Rules, Classes] = WeakKeyDictionary()


def classes_for(rules: Rules, speech: Speech) -> Classes:
    """The classes of a scenario's measures; worked out at the first call for these rules."""
    if rules not in _KNOWN:
        _KNOWN[rules] = _Sorter(rules, speech).classes()
    return _KNOWN[rules]


def parts_of(measure: Measure) -> list[Key]:
    """The lists of patterns that a measure needs: plus, minus and of."""
    # everybody's calls matter to a list of names; who is counted is settled by person
    feeds = () if measure.counts in ("names", "wait_ahead") else measure.feeds
    return [part_key(patterns, feeds) for patterns in (measure.plus, measure.minus, measure.of)]


class _Sorter:
    """Splits events into ever finer classes, one list of patterns after the other."""

    def __init__(self, rules: Rules, speech: Speech) -> None:
        self.rules, self.speech = rules, speech
        self.places = {name: number for number, name in enumerate(rules.layout.places)}
        self.keys = list(
            dict.fromkeys(k for m in rules.model.measures.values() for k in parts_of(m))
        )
        feeds = rules.layout.feeds
        self.sets = list(dict.fromkeys(feeds for _, feeds in self.keys if feeds))
        member = [tuple(feed in chosen for chosen in self.sets) for feed in feeds]
        self.kinds = list(dict.fromkeys(member))
        self.group_of_feed = np.array([self.kinds.index(kind) for kind in member], np.int64)
        self._number_pairs()

    def _number_pairs(self) -> None:
        """Events with each of their outcomes; whatever else may be said of an event is one more."""
        events, outcomes = self.speech.events, self.speech.outcomes
        known = process.load().events
        self.pair_of = np.zeros((len(events), len(outcomes) + 1), np.int64)
        self.pairs_of: list[list[int]] = []
        size = 0
        for number, name in enumerate(events):
            own = [outcomes.index(word) for word in known[name].outcomes if word in outcomes]
            self.pair_of[number] = size
            self.pair_of[number, own] = size + 1 + np.arange(len(own))
            self.pairs_of.append(list(range(size, size + 1 + len(own))))
            size += 1 + len(own)
        self.pairs = size

    def classes(self) -> Classes:
        shape = (self.pairs, len(self.places) + 1, max(len(self.kinds), 1))
        found = np.zeros(shape, np.int64)
        flat = found.reshape(-1)
        touched: dict[Key, tuple[Ints, Ints]] = {}
        size = 1
        for key in self.keys:
            weights = self._weights(key, shape).reshape(-1)
            at = np.flatnonzero(weights)
            times = weights[at]
            _, split = np.unique(flat[at] * (times.max(initial=0) + 1) + times, return_inverse=True)
            flat[at] = size + split
            size += int(split.max(initial=-1)) + 1
            touched[key] = at, times
        used = np.unique(np.append(flat, 0))
        flat[:] = np.searchsorted(used, flat)
        parts = {}
        for key, (at, times) in touched.items():
            chosen, first = np.unique(flat[at], return_index=True)
            parts[key] = chosen, times[first]
        in_cohort = np.isin(self.rules.layout.feeds, self.rules.model.cohort)
        return Classes(
            self.pair_of,
            found.astype(np.int32),
            self.group_of_feed,
            in_cohort,
            parts,
            len(used),
        )

    def _weights(self, key: Key, shape: tuple[int, ...]) -> Ints:
        """(pairs, places + 1, groups) how often each event is counted: once a pattern it fits."""
        patterns, feeds = key
        weights = np.zeros(shape, np.int64)
        groups = np.ones(shape[2], np.int64)
        if feeds:
            groups[:] = [kind[self.sets.index(feeds)] for kind in self.kinds]
        where: dict[str, Ints] = {}
        for text in patterns:
            words, _, place = text.partition("@")
            counts = where.setdefault(words, np.zeros(shape[1], np.int64))
            counts[self.places[place] if place else slice(None)] += 1
        for words, counts in where.items():
            event, outcome = self.speech.code(words)
            pairs = self.pairs_of[event]
            if outcome is not None:
                pairs = [int(self.pair_of[event, outcome])]
            weights[pairs] += counts[:, None] * groups
        return weights
