"""Who comes when: the numbers of people, and how many each feed creates on each day."""

from __future__ import annotations

from typing import Any

import numpy as np

from asylumatlas.scenario import ScenarioError
from asylumatlas.scenario.amounts import From, Quantity, Scaled
from asylumatlas.scenario.model import Feed, ScenarioModel
from asylumatlas.sim import laws
from asylumatlas.sim import tables as t
from asylumatlas.sim.layout import Layout
from asylumatlas.sim.randomness import K1, MASK, salt
from asylumatlas.sim.timeline import Timeline
from asylumatlas.sim.uncertainty import Draw, Quantities

MOST_NUMBERS = 1 << 32  # a person's number has 32 bits
MOST_PEOPLE = 100_000_000  # in one replication: about 20 GB; more is a slip of the pen


class Arrivals:
    """Numbers people, feed by feed, and counts the arrivals of a draw.

    Attributes:
        first: first person number of each feed.
        width: person numbers a day of each feed, 0 for a stock. Both are fixed by the scenario, not
            by a draw.
    """

    def __init__(
        self, name: str, model: ScenarioModel, layout: Layout, timeline: Timeline, known: Quantities
    ) -> None:
        self.name = name
        self.model = model
        self.layout = layout
        self.timeline = timeline
        self._known = known
        self.first: list[int] = []
        self.width: list[int] = []
        self._number_people()

    def _number_people(self) -> None:
        total = 0
        for name, feed in self.model.feeds.items():
            quantity: Any = feed.size if feed.size is not None else feed.per_day
            most = max(self._highest(quantity, f"feeds.{name}") * self.model.scale, 1.0)
            each = (
                most
                if feed.kind == "stock"
                else most / (feed.spread if feed.size is not None else 1)
            )
            width = int(each + (12 * each**0.5 + 40 if feed.kind == "stream" else 2))
            self.first.append(total)
            self.width.append(0 if feed.kind == "stock" else width)
            total += width if feed.kind == "stock" else width * self.timeline.days
        if total >= MOST_NUMBERS:
            raise ScenarioError(f"{self.name}: feeds: more than 2**32 people; shorten the run")

    def _highest(self, quantity: list[From] | Quantity, key: str) -> float:
        if isinstance(quantity, list):
            return max(self._highest(item.is_, f"{key}.{k}") for k, item in enumerate(quantity))
        factor = quantity.times.bounds[1] if isinstance(quantity, Scaled) else 1.0
        found = self._known.parameter(quantity, key, {})
        return max(entry.high for entry in found.values) * factor

    def counts(self, draw: Draw, luck: int) -> t.Ints:
        """(T, F) people each feed creates each day.

        Raises:
            ScenarioError: more people than have numbers, or than fit in memory.
        """
        counts = np.zeros((len(self.layout.feeds), self.timeline.days), np.int64)
        for number, (name, feed) in enumerate(self.model.feeds.items()):
            if feed.kind == "stream":
                counts[number] = self._stream(draw, luck, name, feed)
            else:
                self._cohort(draw, name, feed, counts[number])
        self._check(counts)
        return counts.T.copy()

    def _stream(self, draw: Draw, luck: int, name: str, feed: Feed) -> t.Ints:
        """(T,) people a day."""
        assert feed.per_day is not None
        mean = self.timeline.by_day(draw.steps(feed.per_day, f"feeds.{name}.per_day"))
        mean = mean * self.timeline.open(feed.calendar) * self.model.scale
        if feed.until is not None:
            mean[self.timeline.day(feed.until) + 1 :] = 0.0
        if feed.law == "poisson":
            return laws.poisson_counts(mean, self.timeline.uniforms(luck, "feed", name))
        return laws.whole(mean)

    def _cohort(self, draw: Draw, name: str, feed: Feed, counts: t.Ints) -> None:
        """A cohort from its first day on, or a stock on day 0, into (T,) counts."""
        assert feed.size is not None
        size = round(draw.of(feed.size, f"feeds.{name}.size"))
        first = 0 if feed.on is None else self.timeline.day(feed.on)
        days = feed.spread if feed.kind == "cohort" else 1
        amounts = np.full(days, size / days * self.model.scale)
        counts[first : first + days] = laws.whole(amounts)[: self.timeline.days - first]

    def _check(self, counts: t.Ints) -> None:
        """Refuse more people than have numbers, or than fit in memory."""
        if counts.sum() > MOST_PEOPLE:
            name = self.layout.feeds[int(counts.sum(1).argmax())]
            raise ScenarioError(
                f"{self.name}: feeds.{name}: {counts.sum():,} people in all, "
                f"at most {MOST_PEOPLE:,}"
            )
        for number, name in enumerate(self.layout.feeds):
            width = self.width[number]
            if width and counts[number].max(initial=0) > width:
                raise ScenarioError(f"{self.name}: feeds.{name}: more than {width} people in a day")

    def tables(self) -> tuple[t.Words, t.Ints]:
        """Salts and rows of the feeds, as `Model.feed_salt` and `Model.feeds` have them."""
        rows, salts = [], []
        for number, (name, feed) in enumerate(self.model.feeds.items()):
            rows.append(
                [
                    self.layout.arrays["feed_rows"][number],
                    number,
                    self.layout.places.index(feed.at),
                    self.first[number],
                    self.width[number],
                    self.layout.feed_ages[number],
                    len(self.layout.stations) + number,
                ]
            )
            salts.append((salt("feed", name) - self.first[number] * int(K1)) & MASK)
        return np.array(salts, np.uint64), np.array(rows, np.int64)
