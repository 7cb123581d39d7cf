"""Scenario plus one draw of its quantities, as the tables that drive the kernel.

`Rules(scenario, seed).model_for(draw, luck)` is a pure function of the scenario, the seed, the
draw's number and the luck's number. Everything that a draw changes is computed here: probabilities
(`odds.py`), delays (`laws.py`), capacities and loans (`capacities.py`), arrivals (`arrivals.py`).
"""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from asylumatlas.scenario import Scenario, ScenarioError
from asylumatlas.sim import laws
from asylumatlas.sim import tables as t
from asylumatlas.sim.arrivals import Arrivals
from asylumatlas.sim.capacities import CREW_SCALE, Capacities
from asylumatlas.sim.layout import Layout, lay_out
from asylumatlas.sim.odds import Odds
from asylumatlas.sim.randomness import salt
from asylumatlas.sim.timeline import Timeline
from asylumatlas.sim.uncertainty import Draw, Quantities

__all__ = ["CREW_SCALE", "Rules"]


class Rules:
    """Turns one scenario into models, draw by draw.

    Attributes:
        layout: names as numbers; quantities: remembers which numbers were used.
        days: T; dates: the date of each day.
        feed_first, feed_width: first person number of each feed, and person numbers a day.
    """

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        self.model = scenario.model
        self.seed = seed
        try:
            self.layout: Layout = lay_out(self.model)
        except ScenarioError as error:
            raise ScenarioError(f"{scenario.name}: {error}") from None
        self.quantities = Quantities(self.model)
        timeline = Timeline(self.model, seed)
        self.timeline = timeline
        self.days = timeline.days
        self.dates = timeline.dates
        self.capacities = Capacities(self.model, self.layout, timeline)
        self._odds = Odds(scenario.name, self.model, self.layout, timeline, self.quantities)
        self._arrivals = Arrivals(scenario.name, self.model, self.layout, timeline, self.quantities)
        self.feed_first, self.feed_width = self._arrivals.first, self._arrivals.width
        origins = [salt("station", name) for name in self.layout.stations]
        origins += [salt("feed", name) for name in self.layout.feeds]
        self._salts = np.array(origins, np.uint64)

    def day(self, on: date) -> int:
        """Day number of a date, cut to 0..T."""
        return self.timeline.day(on)

    def draw(self, index: int) -> Draw:
        """A draw of all quantities; -1 is the central one."""
        return Draw(self.quantities, self.seed, index)

    def server_days(self, draw: Draw) -> NDArray[np.float64]:
        """(crews,) days that servers of each crew are present on, over the run."""
        return self.capacities.server_days(draw)

    def model_for(self, draw: Draw, luck: int) -> t.Model:
        """The tables for one draw and one luck."""
        a = self.layout.arrays
        needs = self.capacities.needs(draw)
        units = self.capacities.units(draw)
        plan, epoch = self.capacities.plans(draw, needs)
        thresholds = self._odds.thresholds(draw)
        desks = a["desks"].copy()
        desks[:, [t.UNITS_A, t.UNITS_B]] = needs
        arrivals = self._arrivals.counts(draw, luck)
        delays = [laws.delay_table(law, draw, key) for law, key in self.layout.delays.values()]
        class_luts = self._odds.classes(draw)
        feed_salt, feeds = self._arrivals.tables()
        return t.Model(
            seed=self._seed(luck),
            outcomes=a["outcomes"],
            thresholds=thresholds,
            share_epoch_of=self._odds.epoch_of,
            rows=a["rows"],
            routes=a["routes"],
            stations=a["stations"],
            station_salt=self._salts,
            desk_of=a["desk_of"],
            desks=desks,
            lines=a["lines"],
            orders=a["orders"],
            quota=self.capacities.quota(draw, luck, units, needs),
            plan=plan,
            epoch_of=epoch,
            crews=units,
            crew_carries=a["crew_carries"],
            room=self.capacities.rooms(draw),
            space_held=a["space_held"],
            delays=np.array(delays or [np.zeros(t.DELAY_STEPS, np.int64)], np.int16),
            class_luts=class_luts.astype(np.uint8),
            place_luts=self._odds.places(draw).astype(np.uint8),
            class_maps=a["class_maps"],
            ways=a["ways"],
            feeds=feeds,
            feed_salt=feed_salt,
            arrivals=arrivals,
        )

    def with_luck(self, model: t.Model, draw: Draw, luck: int) -> t.Model:
        """The same draw with another luck."""
        needs = model.desks[:, [t.UNITS_A, t.UNITS_B]]
        return model._replace(
            seed=self._seed(luck),
            quota=self.capacities.quota(draw, luck, model.crews, needs),
            arrivals=self._arrivals.counts(draw, luck),
        )

    def _seed(self, luck: int) -> t.Words:
        return np.array([salt(self.seed, "luck", luck)], np.uint64)
