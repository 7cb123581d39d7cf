"""What each crew, space and desk can do on each day, in one draw.

All of it is multiplied by the scenario's `scale`, before it is rounded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from asylumatlas.scenario.amounts import From, Quantity
from asylumatlas.scenario.loans import back_on
from asylumatlas.scenario.model import CrewNeed, Loan, ScenarioModel
from asylumatlas.sim import laws
from asylumatlas.sim import tables as t
from asylumatlas.sim.layout import Layout
from asylumatlas.sim.timeline import Timeline
from asylumatlas.sim.uncertainty import Draw

CREW_SCALE = 1000  # crews count in thousandths of a unit
MOST_UNITS = 2.0**53  # thousandths of a unit of work that a crew can have on a day
Numbers = NDArray[np.float64]
Thing = tuple[str, str]  # a table of the scenario and a name in it
Steps = list[From] | Quantity


class Cut(NamedTuple):
    """A loan that asked a crew for more servers than it had.

    Attributes:
        change: number of the change; crew: who lent.
        missing: days of one server that were asked for and not lent, over the run; asked: all.
    """

    change: int
    crew: str
    missing: float
    asked: float


def _thing(path: str) -> Thing:
    """What a change's key path is of."""
    table, name, _ = path.split(".", 2)
    return table, name


class Capacities:
    """Turns servers, loans, rooms and limits into whole numbers a day."""

    def __init__(self, model: ScenarioModel, layout: Layout, timeline: Timeline) -> None:
        self.model = model
        self.layout = layout
        self.timeline = timeline
        self._sets: dict[Thing, list[tuple[int, str, Quantity]]] = defaultdict(list)
        self._adds: dict[Thing, list[tuple[int, str, Steps]]] = defaultdict(list)
        for k, change in enumerate(model.change):
            for path, quantity in change.set.items():
                self._sets[_thing(path)].append((k, f"change.{k}.set.{path}", quantity))
            for path, added in change.add.items():
                self._adds[_thing(path)].append((k, f"change.{k}.add.{path}", added))

    def _numbers(self, thing: Thing) -> list[int]:
        """Numbers of the changes that set one thing or add to it, in order."""
        return sorted({k for k, *_ in [*self._sets.get(thing, ()), *self._adds.get(thing, ())]})

    def _change(self, draw: Draw, thing: Thing, values: Numbers, only: int | None = None) -> None:
        """Carry out what all changes, or one of them, set of one thing or add to it, in place."""
        for k in self._numbers(thing) if only is None else [only]:
            change = self.model.change[k]
            first = self.timeline.day(change.on)
            for number, key, quantity in self._sets.get(thing, ()):
                if number == k:
                    values[first:] = draw.of(quantity, key)
            for number, key, added in self._adds.get(thing, ()):
                if number == k:
                    last = self.timeline.days
                    if change.until is not None:
                        last = self.timeline.day(change.until + timedelta(days=1))
                    more = self.timeline.by_day(draw.steps(added, key))
                    values[first:last] += more[first:last]

    # ---- crews

    def servers(self, draw: Draw, known: date | None = None) -> dict[str, Numbers]:
        """(T,) servers of each crew; with `known`, only changes announced by then."""
        servers = self._own(draw, self.model.crews, known)
        for k, lent in self._loans(draw, known):
            self._move(draw, k, np.minimum(lent, servers[self._loan(k).source]), servers)
        if self.model.scale == 1.0:
            return servers
        return {name: present * self.model.scale for name, present in servers.items()}

    def _own(
        self, draw: Draw, names: Iterable[str], known: date | None = None
    ) -> dict[str, Numbers]:
        """(T,) servers of some crews before any loan: their tables, and what changes set or add."""
        servers: dict[str, Numbers] = {}
        for name in names:
            steps = draw.steps(self.model.crews[name].servers, f"crews.{name}.servers")
            servers[name] = self.timeline.by_day(steps)
            thing = ("crews", name)
            for k in self._numbers(thing):
                if self._is_known(k, known):
                    self._change(draw, thing, servers[name], only=k)
        return servers

    def _is_known(self, k: int, known: date | None) -> bool:
        change = self.model.change[k]
        return known is None or (change.announced or change.on) <= known

    def _loan(self, k: int) -> Loan:
        loan = self.model.change[k].lend
        assert loan is not None
        return loan

    def _loans(self, draw: Draw, known: date | None = None) -> Iterator[tuple[int, Numbers]]:
        """Each loan's change and the (T,) servers asked for."""
        for k, change in enumerate(self.model.change):
            if change.lend is not None and self._is_known(k, known):
                lent = np.zeros(self.timeline.days)
                first, last = self.timeline.day(change.on), self.timeline.day(back_on(change))
                lent[first:last] = draw.of(change.lend.servers, f"change.{k}.lend.servers")
                yield k, lent

    def _move(self, draw: Draw, k: int, lent: Numbers, servers: dict[str, Numbers]) -> None:
        """Move servers from one crew to another.

        What they lose of their time is missing from the crew that they come to.
        """
        loan = self._loan(k)
        lost = 0.0 if loan.lost is None else draw.of(loan.lost, f"change.{k}.lend.lost")
        servers[loan.source] = servers[loan.source] - lent
        servers[loan.to] = servers[loan.to] + lent * (1.0 - lost)

    def cuts(self, draw: Draw) -> list[Cut]:
        """Where loans ask a crew for more servers than it has in a draw, which then lends all."""
        found = []
        loans = [change.lend for change in self.model.change if change.lend is not None]
        names = dict.fromkeys(name for loan in loans for name in (loan.source, loan.to))
        servers = self._own(draw, names)
        for k, asked in self._loans(draw):
            crew = self._loan(k).source
            lent = np.minimum(asked, servers[crew])
            if (asked > lent + 1e-9 * (1.0 + asked)).any():
                found.append(Cut(k, crew, float((asked - lent).sum()), float(asked.sum())))
            self._move(draw, k, lent, servers)
        return found

    def units(self, draw: Draw, known: date | None = None) -> t.Ints:
        """(T, crews) thousandths of a unit of work, as `servers`."""
        servers = self.servers(draw, known)
        found = np.zeros((len(servers), self.timeline.days), np.int64)
        for k, (name, crew) in enumerate(self.model.crews.items()):
            units = self.timeline.by_day(draw.steps(crew.units, f"crews.{name}.units"))
            worked = servers[name] * units * self.timeline.open(crew.calendar)
            found[k] = np.rint(np.minimum(CREW_SCALE * worked, MOST_UNITS))
        return found.T.copy()

    def server_days(self, draw: Draw) -> Numbers:
        """(crews,) days that servers are present on, over the run."""
        servers = self.servers(draw)
        crews = self.model.crews.items()
        return np.array([servers[n] @ self.timeline.open(crew.calendar) for n, crew in crews])

    def needs(self, draw: Draw) -> t.Ints:
        """(D, 2) thousandths of a unit that one service takes of each crew."""
        needs = np.ones((len(self.layout.desks), 2), np.int64)
        for d, (name, _) in enumerate(self.layout.desks):
            for k, need in enumerate(self.model.stations[name].crews):
                units = draw.of(need.units, f"stations.{name}.crews.{k}.units")
                needs[d, k] = max(round(CREW_SCALE * units), 1)
        return needs

    # ---- spaces

    def rooms(self, draw: Draw) -> t.Ints:
        """(T, spaces) people whom each space can hold."""
        found = np.zeros((len(self.model.spaces), self.timeline.days), np.int64)
        for k, (name, space) in enumerate(self.model.spaces.items()):
            room = self.timeline.by_day(draw.steps(space.room, f"spaces.{name}.room"))
            self._change(draw, ("spaces", name), room)
            found[k] = np.floor(room * self.model.scale + 1e-9)
        return found.T.copy()

    # ---- desks

    def quota(self, draw: Draw, luck: int, units: t.Ints, needs: t.Ints) -> t.Ints:
        """(T, D) services each desk may give each day; -1 unlimited."""
        quota = np.zeros((len(self.layout.desks), self.timeline.days), np.int64)
        shares = self._shares(draw)
        work = units.T.copy()
        for d, (name, place) in enumerate(self.layout.desks):
            if self.model.stations[name].booked:
                quota[d] = self._slots(shares[name], d, work, needs)
            else:
                quota[d] = self._walk_in(draw, luck, name, place)
                parted = self._parted(shares[name], d, work, needs)
                if parted is not None:
                    most = laws.whole(parted * self.timeline.part(name))
                    quota[d] = np.where(quota[d] >= 0, np.minimum(quota[d], most), most)
        return quota.T.copy()

    def _walk_in(self, draw: Draw, luck: int, name: str, place: str) -> t.Ints:
        """(T,) services a day of a desk that is not booked, from its own limit."""
        amounts = self._limit(draw, luck, name, place)
        part = self.timeline.part(name)
        if amounts is None:
            return np.where(part == 0, 0, t.UNLIMITED)
        limited = np.isfinite(amounts)
        services = laws.whole(np.where(limited, amounts, 0.0) * part)
        return np.where(limited | (part == 0), services, t.UNLIMITED)

    def _limit(self, draw: Draw, luck: int, name: str, place: str) -> Numbers | None:
        """(T,) services a day, infinite or None where there is no limit."""
        station = self.model.stations[name]
        key = f"stations.{name}.capacity"
        limit: Any = station.capacity
        if isinstance(limit, dict):
            limit, key = limit.get(place, "unlimited"), f"{key}.{place}"
        if limit == "unlimited" and ("stations", name) not in self._sets:
            return None
        amounts = np.full(self.timeline.days, np.inf)
        if limit != "unlimited":
            amounts = self.timeline.by_day(draw.steps(limit, key))
        self._change(draw, ("stations", name), amounts)
        if station.scatter is not None:
            sd = draw.of(station.scatter.relative_sd, f"stations.{name}.scatter.relative_sd")
            amounts = amounts * laws.day_factors(sd, self.timeline.uniforms(luck, name, place))
        return amounts * self.model.scale

    def _shares(self, draw: Draw) -> dict[str, list[Numbers | None]]:
        """Each station's part of the day of each of its crews, (T,), None where not said."""

        def share(need: CrewNeed, key: str) -> Numbers | None:
            return None if need.share is None else self.timeline.by_day(draw.steps(need.share, key))

        return {
            name: [
                share(need, f"stations.{name}.crews.{k}.share")
                for k, need in enumerate(station.crews)
            ]
            for name, station in self.model.stations.items()
        }

    def _parted(
        self, shares: list[Numbers | None], d: int, work: t.Ints, needs: t.Ints
    ) -> Numbers | None:
        """(T,) services that a desk's part of its crews' days allows; None if it has no part."""
        desk = self.layout.arrays["desks"][d]
        parts = [
            work[desk[t.CREW_A + 2 * k]] * share / needs[d, k]
            for k, share in enumerate(shares)
            if share is not None
        ]
        return np.minimum.reduce(parts) if parts else None

    def _slots(self, shares: list[Numbers | None], d: int, work: t.Ints, needs: t.Ints) -> t.Ints:
        """(T,) slots of a docket: what its part of each crew's day allows, or all of the day."""
        name, _ = self.layout.desks[d]
        station = self.model.stations[name]
        whole_day = [np.ones(1) if share is None else share for share in shares]
        services = self._parted([*whole_day], d, work, needs)
        assert services is not None
        opened = self.timeline.open(station.calendar)
        crews = [int(self.layout.arrays["desks"][d][t.CREW_A + 2 * k]) for k in range(len(shares))]
        if self.layout.arrays["crew_carries"][crews].any():
            # less than one service a day is one on some days, if it may run into the next
            return laws.whole(services * opened)
        return np.floor(services).astype(np.int64) * opened

    def plans(self, draw: Draw, needs: t.Ints) -> tuple[t.Ints, t.Ints]:
        """(epochs, booked, T) slots as clerks know them, and (T,) the epoch of each day."""
        days = self.timeline.days
        if not self.layout.booked:
            return np.zeros((1, 0, days), np.int64), np.zeros(days, np.int64)
        known = sorted({c.announced or c.on for c in self.model.change})
        known = [d for d in known if self.model.start < d <= self.model.to]
        moments: list[date] = [self.model.start, *known]
        shares = self._shares(draw)
        plans = np.zeros((len(moments), len(self.layout.booked), days), np.int64)
        epoch = np.zeros(days, np.int64)
        for number, moment in enumerate(moments):
            epoch[self.timeline.day(moment) :] = number
            work = self.units(draw, moment).T.copy()
            for k, d in enumerate(self.layout.booked):
                name, _ = self.layout.desks[d]
                plans[number, k] = self._slots(shares[name], d, work, needs)
        return plans, epoch
