"""Scenario plus one draw of its quantities, as the tables that drive the kernel.

`Rules(scenario, seed).model_for(draw, luck)` is a pure function of the scenario, the seed, the
draw's number and the luck's number. Everything that a draw changes is computed here: probabilities,
delays, capacities, loans, arrivals.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.scenario import Scenario, ScenarioError
from asylumatlas.scenario.amounts import From, Quantity
from asylumatlas.scenario.model import Change, Outcome, Station
from asylumatlas.sim import laws
from asylumatlas.sim import tables as t
from asylumatlas.sim.layout import Layout, RowKey, lay_out, owner_outcomes
from asylumatlas.sim.randomness import K1, MASK, mix_int, salt
from asylumatlas.sim.uncertainty import Draw, Quantities

FULL = 1 << 32
MOST_PEOPLE = 100_000_000  # in one replication: about 20 GB; more is a slip of the pen
MOST_UNITS = 2.0**53  # thousandths of a unit of work that a crew can have on a day
CREW_SCALE = 1000  # crews count in thousandths of a unit
Numbers = NDArray[np.float64]


class Rules:
    """Turns one scenario into models, draw by draw."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        self.model = scenario.model
        self.seed = seed
        try:
            self.layout: Layout = lay_out(self.model)
        except ScenarioError as error:
            raise ScenarioError(f"{scenario.name}: {error}") from None
        self.quantities = Quantities(self.model)
        self.days = self.model.days
        self.dates = [self.model.start + timedelta(days=k) for k in range(self.days)]
        self._open = {name: self._open_days(name) for name in self._calendars()}
        self.feed_first, self.feed_width = self._number_people()

    # ---- time

    def _calendars(self) -> list[str]:
        return ["every_day", *self.model.calendars]

    def _open_days(self, name: str) -> t.Ints:
        """(T,) 1 on the days a calendar is open."""
        if name == "every_day":
            return np.ones(self.days, np.int64)
        calendar = self.model.calendars[name]
        shut = set(calendar.except_on)
        return np.array(
            [d.weekday() in calendar.weekdays and d not in shut for d in self.dates], np.int64
        )

    def day(self, on: date) -> int:
        """Day number of a date, cut to 0..T."""
        return min(max((on - self.model.start).days, 0), self.days)

    def by_day(self, steps: list[tuple[date, float]]) -> Numbers:
        """(T,) values of a dated quantity; the first step holds before its own date too."""
        values = np.full(self.days, steps[0][1])
        for start, value in steps[1:]:
            values[self.day(start) :] = value
        return values

    # ---- people

    def _number_people(self) -> tuple[list[int], list[int]]:
        """First number and numbers per day of each feed: fixed by the scenario, not by a draw."""
        firsts, widths, total = [], [], 0
        for name, feed in self.model.feeds.items():
            quantity: Any = feed.size if feed.size is not None else feed.per_day
            most = max(self._highest(quantity, f"feeds.{name}"), 1.0)
            each = (
                most
                if feed.kind == "stock"
                else most / (feed.spread if feed.size is not None else 1)
            )
            width = int(each + (12 * each**0.5 + 40 if feed.kind == "stream" else 2))
            firsts.append(total)
            widths.append(0 if feed.kind == "stock" else width)
            total += width if feed.kind == "stock" else width * self.days
        if total >= FULL:
            raise ScenarioError(
                f"{self.scenario.name}: feeds: more than 2**32 people; shorten the run"
            )
        return firsts, widths

    def _highest(self, quantity: list[From] | Quantity, key: str) -> float:
        if isinstance(quantity, list):
            return max(self._highest(item.is_, key) for item in quantity)
        return max(entry.high for entry in self.quantities.parameter(quantity, key, {}).values)

    def _arrivals(self, draw: Draw, luck: int) -> t.Ints:
        """(T, F) people each feed creates each day."""
        arrivals = np.zeros((self.days, len(self.layout.feeds)), np.int64)
        for number, (name, feed) in enumerate(self.model.feeds.items()):
            if feed.kind == "stream":
                assert feed.per_day is not None
                mean = self.by_day(draw.steps(feed.per_day, f"feeds.{name}.per_day"))
                mean = mean * self._open[feed.calendar]
                if feed.until is not None:
                    mean[self.day(feed.until) + 1 :] = 0.0
                if feed.law == "poisson":
                    arrivals[:, number] = laws.poisson_counts(
                        mean, self._uniforms(luck, "feed", name)
                    )
                else:
                    arrivals[:, number] = laws.whole(mean)
                continue
            assert feed.size is not None
            size = round(draw.of(feed.size, f"feeds.{name}.size"))
            first = 0 if feed.on is None else self.day(feed.on)
            amounts = np.full(feed.spread if feed.kind == "cohort" else 1, 0.0)
            amounts[:] = size / len(amounts)
            arrivals[first : first + len(amounts), number] = laws.whole(amounts)[
                : self.days - first
            ]
        return arrivals

    def _uniforms(self, luck: int, *words: str) -> Numbers:
        """(T,) numbers in [0, 1) keyed by (seed, luck, name, date), so a later end changes none."""
        base = salt(self.seed, "luck", luck, *words)
        days = [mix_int((base + d.toordinal() * int(K1)) & MASK) >> 11 for d in self.dates]
        return np.array(days, np.float64) / float(1 << 53)

    # ---- probabilities

    def _thresholds(self, draw: Draw) -> t.Ints:
        """(outcomes,) cumulative thresholds of 2**32 within each row."""
        thresholds = []
        for key in self.layout.rows:
            thresholds.extend(self._row(draw, key))
        return np.array(thresholds, np.int64)

    def _row(self, draw: Draw, key: RowKey) -> list[int]:
        outcomes = owner_outcomes(self.model, key.owner, key.kind)
        table = "feeds" if key.kind == "starts" else "stations"
        path = f"{table}.{key.owner}.{key.kind}"
        total, row = 0.0, []
        for k in key.chosen:
            total += self._share(draw, outcomes[k], f"{path}.{k}", dict(key.words), 1.0 - total)
            row.append(round(min(total, 1.0) * FULL))
        if abs(total - 1.0) > 1e-9:
            raise ScenarioError(
                f"{self.scenario.name}: {path}: the probabilities sum to {total:g}, not 1; leave "
                "the share of the last outcome out and it takes the rest"
            )
        row[-1] = FULL
        return row

    def _share(
        self, draw: Draw, outcome: Outcome, key: str, words: dict[str, str], rest: float
    ) -> float:
        """Probability of one outcome, given what is left over by those before it."""
        if outcome.share is None and outcome.of_rest is None:
            return rest
        name = "share" if outcome.share is not None else "of_rest"
        quantity = outcome.share if outcome.share is not None else outcome.of_rest
        assert quantity is not None
        value = draw.of(quantity, f"{key}.{name}", words)
        if not 0.0 <= value <= 1.0:
            raise ScenarioError(
                f"{self.scenario.name}: {key}.{name}: {value:g} is not a share, 0 to 1"
            )
        return value * rest if name == "of_rest" else value

    def _lottery(self, weights: dict[str, float], names: list[str], key: str) -> t.Ints:
        """(4096,) indices into `names`, in proportion to the weights."""
        total = sum(weights.values())
        if total <= 0:
            raise ScenarioError(f"{self.scenario.name}: {key}: weights must have a positive sum")
        bounds = np.cumsum([weights.get(name, 0.0) / total for name in names])
        bounds[-1] = 1.0
        ticks = (np.arange(t.LUT_STEPS) + 0.5) / t.LUT_STEPS
        return np.searchsorted(bounds, ticks, side="right").astype(np.int64)

    def _place_lotteries(self, draw: Draw) -> t.Ints:
        tables = []
        for key, outcome, way in self.layout.place_lotteries:
            place: Any = outcome.place if outcome is not None else self.model.ways[way].place
            if isinstance(place, str):
                weights = {place: 1.0}
            else:
                weights = {n: draw.of(q, f"{key}.{n}") for n, q in place.items()}
            tables.append(self._lottery(weights, self.layout.places, key))
        return np.array(tables or [np.zeros(t.LUT_STEPS, np.int64)], np.int64)

    def _class_lotteries(self, draw: Draw) -> t.Ints:
        """(F, 4096) class lotteries: attributes are drawn independently of each other."""
        tables = []
        classes = self.layout.classes
        names = [str(k) for k in range(len(classes))]
        for name, feed in self.model.feeds.items():
            weights = dict.fromkeys(names, 1.0)
            for attribute, values in self.model.classes.items():
                mix = feed.mix.get(attribute)
                path = f"feeds.{name}.mix.{attribute}"
                if mix is None:
                    share = {values[0]: 1.0}
                else:
                    share = {v: draw.of(q, f"{path}.{v}") for v, q in mix.items()}
                total = sum(share.values())
                for k, words in zip(names, classes, strict=True):
                    weights[k] *= share.get(words[attribute], 0.0) / (total or 1.0)
            tables.append(self._lottery(weights, names, f"feeds.{name}.mix"))
        return np.array(tables, np.int64)

    # ---- capacity

    def _servers(self, draw: Draw, known: date | None) -> dict[str, Numbers]:
        """(T,) servers of each crew; with `known`, only changes announced by then."""
        servers = {
            name: self.by_day(draw.steps(crew.servers, f"crews.{name}.servers"))
            for name, crew in self.model.crews.items()
        }
        for k, change in enumerate(self.model.change):
            if known is not None and (change.announced or change.on) > known:
                continue
            self._apply(draw, change, f"change.{k}", "crews", servers)
            if change.lend is not None:
                first = self.day(change.on)
                last = self.day(change.on + timedelta(weeks=change.lend.weeks))
                lent = np.zeros(self.days)
                lent[first:last] = draw.of(change.lend.servers, f"change.{k}.lend.servers")
                lent = np.minimum(lent, servers[change.lend.source])
                servers[change.lend.source] = servers[change.lend.source] - lent
                servers[change.lend.to] = servers[change.lend.to] + lent
        return servers

    def _apply(
        self, draw: Draw, change: Change, key: str, table: str, values: dict[str, Numbers]
    ) -> None:
        """Carry out the `set` entries of a change that concern one table."""
        for path, quantity in change.set.items():
            where, name, _ = path.split(".", 2)
            if where == table and name in values:
                values[name][self.day(change.on) :] = draw.of(quantity, f"{key}.set.{path}")

    def _crew_units(self, servers: dict[str, Numbers], draw: Draw) -> t.Ints:
        """(T, crews) thousandths of a unit of work."""
        columns = []
        for name, crew in self.model.crews.items():
            units = draw.of(crew.units, f"crews.{name}.units")
            worked = servers[name] * units * self._open[crew.calendar]
            columns.append(np.rint(np.minimum(CREW_SCALE * worked, MOST_UNITS)).astype(np.int64))
        return np.array(columns, np.int64).reshape(len(columns), self.days).T.copy()

    def _rooms(self, draw: Draw) -> t.Ints:
        rooms = {
            name: self.by_day(draw.steps(space.room, f"spaces.{name}.room"))
            for name, space in self.model.spaces.items()
        }
        for k, change in enumerate(self.model.change):
            self._apply(draw, change, f"change.{k}", "spaces", rooms)
        columns = [np.floor(room + 1e-9).astype(np.int64) for room in rooms.values()]
        return np.array(columns, np.int64).reshape(len(columns), self.days).T.copy()

    def _capacity(self, draw: Draw, luck: int, name: str, place: str) -> Numbers:
        """(T,) services a day of a desk from its own limit; infinite where there is none."""
        station = self.model.stations[name]
        key = f"stations.{name}.capacity"
        limit: Any = station.capacity
        if isinstance(limit, dict):
            limit, key = limit.get(place, "unlimited"), f"{key}.{place}"
        amounts = np.full(self.days, np.inf)
        if limit != "unlimited":
            amounts = self.by_day(draw.steps(limit, key))
        for k, change in enumerate(self.model.change):
            self._apply(draw, change, f"change.{k}", "stations", {name: amounts})
        if station.scatter is not None:
            sd = draw.of(station.scatter.relative_sd, f"stations.{name}.scatter.relative_sd")
            amounts = amounts * laws.day_factors(sd, self._uniforms(luck, name, place))
        return amounts

    def _quota(self, draw: Draw, luck: int, units: t.Ints, needs: t.Ints) -> t.Ints:
        """(T, D) services each desk may give each day; -1 unlimited."""
        quota = np.full((self.days, len(self.layout.desks)), t.UNLIMITED, np.int64)
        for d, (name, place) in enumerate(self.layout.desks):
            station = self.model.stations[name]
            if station.booked:
                quota[:, d] = self._slots(draw, d, units, needs)
                continue
            amounts = self._capacity(draw, luck, name, place)
            part = self._open[station.calendar] * self._open_part(station)
            limited = np.isfinite(amounts)
            services = laws.whole(np.where(limited, amounts, 0.0) * part)
            quota[:, d] = np.where(limited | (part == 0), services, t.UNLIMITED)
        return quota

    def _slots(self, draw: Draw, d: int, units: t.Ints, needs: t.Ints) -> t.Ints:
        """(T,) slots of a docket: what its share of each crew's day allows."""
        name, _ = self.layout.desks[d]
        station = self.model.stations[name]
        desk = self.layout.arrays["desks"][d]
        slots = np.full(self.days, np.iinfo(np.int64).max)
        for k, need in enumerate(station.crews):
            share = 1.0
            if need.share is not None:
                share = draw.of(need.share, f"stations.{name}.crews.{k}.share")
            crew = desk[t.CREW_A + 2 * k]
            slots = np.minimum(
                slots, np.floor(units[:, crew] * share / needs[d, k]).astype(np.int64)
            )
        return slots * self._open[station.calendar]

    def _open_part(self, station: Station) -> Numbers:
        """(T,) part of each day on which a station is not closed by an order."""
        part = np.ones(self.days)
        for closure in station.closed:
            for k, day in enumerate(self.dates):
                midnight = datetime(day.year, day.month, day.day)
                begins = max(closure.start.replace(tzinfo=None), midnight)
                ends = closure.start.replace(tzinfo=None) + timedelta(hours=closure.hours)
                ends = min(ends, midnight + timedelta(days=1))
                part[k] -= max((ends - begins).total_seconds(), 0.0) / 86400
        return np.clip(part, 0.0, 1.0)

    def _needs(self, draw: Draw) -> t.Ints:
        """(D, 2) thousandths of a unit that one service takes of each crew."""
        needs = np.ones((len(self.layout.desks), 2), np.int64)
        for d, (name, _) in enumerate(self.layout.desks):
            for k, need in enumerate(self.model.stations[name].crews):
                units = draw.of(need.units, f"stations.{name}.crews.{k}.units")
                needs[d, k] = max(round(CREW_SCALE * units), 1)
        return needs

    def _plans(self, draw: Draw, needs: t.Ints) -> tuple[t.Ints, t.Ints]:
        """(epochs, booked, T) slots as clerks know them, and (T,) the epoch of each day."""
        known = sorted({c.announced or c.on for c in self.model.change})
        known = [d for d in known if self.model.start < d <= self.model.to]
        moments: list[date] = [self.model.start, *known]
        plans = []
        for moment in moments:
            units = self._crew_units(self._servers(draw, moment), draw)
            plans.append([self._slots(draw, d, units, needs) for d in self.layout.booked])
        epoch = np.zeros(self.days, np.int64)
        for number, moment in enumerate(moments[1:], 1):
            epoch[self.day(moment) :] = number
        shape = (len(moments), len(self.layout.booked), self.days)
        return np.array(plans, np.int64).reshape(shape), epoch

    # ---- the whole

    def draw(self, index: int) -> Draw:
        """A draw of all quantities; -1 is the central one."""
        return Draw(self.quantities, self.seed, index)

    def model_for(self, draw: Draw, luck: int) -> t.Model:
        """The tables for one draw and one luck."""
        a = self.layout.arrays
        needs = self._needs(draw)
        units = self._crew_units(self._servers(draw, None), draw)
        plan, epoch = self._plans(draw, needs)
        outcomes = a["outcomes"].copy()
        outcomes[:, t.THRESHOLD] = self._thresholds(draw)
        desks = a["desks"].copy()
        desks[:, [t.UNITS_A, t.UNITS_B]] = needs
        arrivals = self._arrivals(draw, luck)
        self._check_widths(arrivals)
        delays = [laws.delay_table(law, draw, key) for law, key in self.layout.delays.values()]
        class_luts = self._class_lotteries(draw)
        feed_salt, feeds = self._feeds()
        origins = [salt("station", name) for name in self.layout.stations]
        origins += [salt("feed", name) for name in self.layout.feeds]
        return t.Model(
            seed=np.array([salt(self.seed, "luck", luck)], np.uint64),
            outcomes=outcomes,
            rows=a["rows"],
            routes=a["routes"],
            stations=a["stations"],
            station_salt=np.array(origins, np.uint64),
            desk_of=a["desk_of"],
            desks=desks,
            lines=a["lines"],
            quota=self._quota(draw, luck, units, needs),
            plan=plan,
            epoch_of=epoch,
            crews=units,
            room=self._rooms(draw),
            space_held=a["space_held"],
            delays=np.array(delays or [np.zeros(t.DELAY_STEPS, np.int64)], np.int16),
            class_luts=class_luts.astype(np.uint8),
            place_luts=self._place_lotteries(draw).astype(np.uint8),
            class_maps=a["class_maps"],
            ways=a["ways"],
            feeds=feeds,
            feed_salt=feed_salt,
            arrivals=arrivals,
        )

    def with_luck(self, model: t.Model, draw: Draw, luck: int) -> t.Model:
        """The same draw with another luck."""
        needs = model.desks[:, [t.UNITS_A, t.UNITS_B]]
        arrivals = self._arrivals(draw, luck)
        self._check_widths(arrivals)
        return model._replace(
            seed=np.array([salt(self.seed, "luck", luck)], np.uint64),
            quota=self._quota(draw, luck, model.crews, needs),
            arrivals=arrivals,
        )

    def _check_widths(self, arrivals: t.Ints) -> None:
        """Refuse more people than have numbers, or than fit in memory."""
        if arrivals.sum() > MOST_PEOPLE:
            name = self.layout.feeds[int(arrivals.sum(0).argmax())]
            raise ScenarioError(
                f"{self.scenario.name}: feeds.{name}: {arrivals.sum():,} people in all, "
                f"at most {MOST_PEOPLE:,}"
            )
        for number, name in enumerate(self.layout.feeds):
            width = self.feed_width[number]
            if width and arrivals[:, number].max(initial=0) > width:
                raise ScenarioError(
                    f"{self.scenario.name}: feeds.{name}: more than {width} people in a day"
                )

    def _feeds(self) -> tuple[t.Words, t.Ints]:
        rows, salts = [], []
        for number, (name, feed) in enumerate(self.model.feeds.items()):
            first = self.feed_first[number]
            rows.append(
                [
                    self.layout.arrays["feed_rows"][number],
                    number,
                    self.layout.places.index(feed.at),
                    first,
                    self.feed_width[number],
                    self.layout.feed_ages[number],
                    len(self.layout.stations) + number,
                ]
            )
            salts.append((salt("feed", name) - first * int(K1)) & MASK)
        return np.array(salts, np.uint64), np.array(rows, np.int64)
