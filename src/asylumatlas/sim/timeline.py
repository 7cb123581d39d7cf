"""The days of a run: dates, calendars, dated numbers, and the luck of each day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from asylumatlas.scenario.model import ScenarioModel
from asylumatlas.sim import tables as t
from asylumatlas.sim.randomness import K1, K2, K3, MASK, salt

Numbers = NDArray[np.float64]


class Timeline:
    """Days 0 to T - 1 of a scenario; `dates` has the date of each."""

    def __init__(self, model: ScenarioModel, seed: int) -> None:
        self.model = model
        self.seed = seed
        self.days = model.days
        self.dates = [model.start + timedelta(days=k) for k in range(self.days)]
        self._open = {name: self._open_days(name) for name in ["every_day", *model.calendars]}
        self._parts = {name: self._open_part(name) for name in model.stations}
        # numbers of a date keep their meaning when the run starts or ends on another
        ordinals = np.arange(self.days, dtype=np.uint64) + np.uint64(model.start.toordinal())
        self._steps = ordinals * K1

    def _open_days(self, name: str) -> t.Ints:
        """(T,) 1 on the days a calendar is open."""
        if name == "every_day":
            return np.ones(self.days, np.int64)
        calendar = self.model.calendars[name]
        shut = set(calendar.except_on)
        return np.array(
            [d.weekday() in calendar.weekdays and d not in shut for d in self.dates], np.int64
        )

    def _open_part(self, name: str) -> Numbers:
        """(T,) part of each day on which a station is open: its calendar, less what is closed."""
        station = self.model.stations[name]
        part = np.ones(self.days)
        for closure in station.closed:
            begin = closure.start.replace(tzinfo=None)
            end = begin + timedelta(hours=closure.hours)
            for k in range(self.day(begin.date()), min(self.day(end.date()) + 1, self.days)):
                midnight = datetime.combine(self.dates[k], datetime.min.time())
                begins, ends = max(begin, midnight), min(end, midnight + timedelta(days=1))
                part[k] -= max((ends - begins).total_seconds(), 0.0) / 86400
        opened: Numbers = np.clip(part, 0.0, 1.0) * self._open[station.calendar]
        return opened

    def open(self, calendar: str) -> t.Ints:
        """(T,) 1 on the days a calendar is open."""
        return self._open[calendar]

    def part(self, station: str) -> Numbers:
        """(T,) part of each day on which a station is open."""
        return self._parts[station]

    def day(self, on: date) -> int:
        """Day number of a date, cut to 0..T."""
        return min(max((on - self.model.start).days, 0), self.days)

    def by_day(self, steps: list[tuple[date, float]]) -> Numbers:
        """(T,) values of a dated quantity; the first step holds before its own date too."""
        values = np.full(self.days, steps[0][1])
        for start, value in steps[1:]:
            values[self.day(start) :] = value
        return values

    def uniforms(self, luck: int, *words: str) -> Numbers:
        """(T,) numbers in [0, 1) keyed by (seed, luck, name, date), so a later end changes none."""
        base = np.uint64(salt(self.seed, "luck", luck, *words) & MASK)
        mixed = _mix(self._steps + base)
        return (mixed >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def _mix(x: t.Words) -> t.Words:
    """`randomness.mix` on an array."""
    x = (x ^ (x >> np.uint64(30))) * K2
    x = (x ^ (x >> np.uint64(27))) * K3
    mixed: t.Words = x ^ (x >> np.uint64(31))
    return mixed
