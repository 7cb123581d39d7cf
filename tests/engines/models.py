"""Small models for the tests of the day kernel: a builder for hands, a strategy for hypothesis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, product
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from asylumatlas.sim import tables as t
from asylumatlas.sim.randomness import K1, MASK, salt

NONE = -1


class Outcome(NamedTuple):
    """One outcome of a row; `weight` is relative to the other outcomes, the rest as in `tables`."""

    dest: int = NONE
    weight: float = 1
    mark: int = 0
    delay: int = NONE
    frees: int = 0
    stay: int = NONE
    way: int = 0
    place_lut: int = NONE
    class_map: int = NONE


OUTCOME_FIELDS = {
    t.DEST: "dest",
    t.DELAY: "delay",
    t.MARK: "mark",
    t.FREES: "frees",
    t.STAY: "stay",
    t.WAY: "way",
    t.PLACE_LUT: "place_lut",
    t.CLASS_MAP: "class_map",
}


class Line(NamedTuple):
    """One line of a desk; `lifo` is 0, 1 or a pattern over days."""

    space: int = NONE
    lifo: int | Sequence[int] = 0


EXIT = Outcome()


def spread(values: Sequence[int], steps: int) -> list[int]:
    """`values`, equally likely, as a table of `steps` entries."""
    return [values[step * len(values) // steps] for step in range(steps)]


def over_days(values: int | Sequence[int], days: int) -> list[int]:
    """One number for every day: a constant, or a pattern that repeats."""
    pattern = [values] if isinstance(values, int) else list(values)
    return [pattern[day % len(pattern)] for day in range(days)]


@dataclass
class Builder:
    """Collects tables by name or number and turns them into a `Model`.

    Every method that adds something returns its number. Stations come first, for rows name them.
    Numbers that vary by day are a constant or a pattern that repeats.

    Example:
        >>> build = Builder(days=3)
        >>> court = build.station("court")
        >>> build.route(court, build.row(EXIT))
        >>> build.desk(court, quota=2)
        0
        >>> build.feed("border", court, 5)
        0
        >>> build.model().arrivals.tolist()
        [[5], [5], [5]]
    """

    days: int
    places: int = 1
    classes: int = 1
    seed: int = 1
    outcomes: list[list[int]] = field(default_factory=list)
    thresholds: list[list[int]] = field(default_factory=list)  # of each outcome, by share epoch
    share_epochs: int = 1
    share_epoch_of: list[int] = field(default_factory=list)
    rows: list[list[int]] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    salts: list[int] = field(default_factory=list)
    routes: list[Any] = field(default_factory=list)
    desk_of: list[list[int]] = field(default_factory=list)
    desks: list[list[int]] = field(default_factory=list)
    lines: list[list[int]] = field(default_factory=list)
    orders: list[list[int]] = field(default_factory=list)
    quotas: list[list[int]] = field(default_factory=list)
    plans: list[Any] = field(default_factory=list)
    epoch_of: list[int] = field(default_factory=list)
    crews: list[list[int]] = field(default_factory=list)
    carries: list[int] = field(default_factory=list)
    rooms: list[list[int]] = field(default_factory=list)
    custody: list[int] = field(default_factory=list)
    delays: list[list[int]] = field(default_factory=list)
    class_luts: list[list[int]] = field(default_factory=list)
    place_luts: list[list[int]] = field(default_factory=list)
    class_maps: list[Sequence[int]] = field(default_factory=list)
    ways: list[list[int]] = field(default_factory=list)
    feeds: list[list[int]] = field(default_factory=list)
    feed_salts: list[int] = field(default_factory=list)
    arrivals: list[list[int]] = field(default_factory=list)

    def delay(self, *values: int) -> int:
        return add(self.delays, spread(values, t.DELAY_STEPS))

    def class_lottery(self, *values: int) -> int:
        return add(self.class_luts, spread(values, t.LUT_STEPS))

    def place_lottery(self, *values: int) -> int:
        return add(self.place_luts, spread(values, t.LUT_STEPS))

    def class_map(self, *classes: int) -> int:
        return add(self.class_maps, classes)

    def way(self, mark: int = 0, place_lut: int = NONE, class_map: int = NONE) -> int:
        return add(self.ways, [mark, place_lut, class_map])

    def crew(self, units: int | Sequence[int], carries: bool = False) -> int:
        self.carries.append(int(carries))
        return add(self.crews, over_days(units, self.days))

    def space(self, room: int | Sequence[int], custody: bool = True) -> int:
        self.custody.append(int(custody))
        return add(self.rooms, over_days(room, self.days))

    def row(self, *outcomes: Outcome, later: Sequence[Sequence[float]] = ()) -> int:
        """A row of outcomes; `later` has the weights of each share epoch after the first."""
        first = len(self.outcomes)
        weights: list[Sequence[float]] = [[outcome.weight for outcome in outcomes], *later]
        weights += [weights[-1]] * (self.share_epochs - len(weights))
        sums = [list(accumulate(epoch)) for epoch in weights]
        for k, outcome in enumerate(outcomes):
            columns = [0] * t.OUTCOME_COLUMNS
            for column, value in OUTCOME_FIELDS.items():
                columns[column] = getattr(outcome, value)
            self.outcomes.append(columns)
            self.thresholds.append([round(2**32 * sum_[k] / sum_[-1]) for sum_ in sums])
        return add(self.rows, [first, len(outcomes)])

    def station(self, name: str, postpone_mark: int = 0) -> int:
        self.marks.append(postpone_mark)
        self.routes.append([[None] * self.classes, [None] * self.classes])
        self.desk_of.append([NONE] * self.places)
        return add(self.salts, salt("station", name))

    def route(
        self,
        station: int,
        row: int,
        *,
        line: int = 0,
        full_row: int = NONE,
        patience: int = NONE,
        leave_row: int = NONE,
        held: Sequence[int] = (0, 1),
        kinds: Sequence[int] | None = None,
    ) -> None:
        """What happens at a station, by custody and class (all, unless named)."""
        for custody in held:
            for kind in range(self.classes) if kinds is None else kinds:
                self.routes[station][custody][kind] = [line, row, full_row, patience, leave_row]

    def desk(
        self,
        station: int,
        *,
        quota: int | Sequence[int] = t.UNLIMITED,
        places: Sequence[int] | None = None,
        lines: Sequence[Line] = (Line(),),
        plan: Sequence[int | Sequence[int]] | None = None,
        crews: Sequence[tuple[int, int]] = (),
        impatient: bool = False,
        reserved: Sequence[int] = (0, 0),
    ) -> int:
        """A desk; a `plan` (a pattern per epoch) makes it booked, `crews` are (crew, units)."""
        here = range(self.places) if places is None else places
        columns = [0] * t.DESK_COLUMNS
        columns[t.STATION], columns[t.PLACE] = station, here[0]
        columns[t.LINE0], columns[t.LINES] = len(self.lines), len(lines)
        columns[t.BOOKED], columns[t.IMPATIENT] = NONE, int(impatient)
        if plan is not None:
            slots = [over_days(epoch, self.days) for epoch in plan]
            columns[t.BOOKED] = add(self.plans, slots)
        pairs = [*crews, (NONE, 1), (NONE, 1)]
        columns[t.CREW_A], columns[t.UNITS_A] = pairs[0]
        columns[t.CREW_B], columns[t.UNITS_B] = pairs[1]
        columns[t.RESERVED_A], columns[t.RESERVED_B] = reserved
        for line in lines:
            self.orders.append(over_days(line.lifo, self.days))
            self.lines.append([line.space, len(self.orders) - 1])
        self.quotas.append(over_days(quota, self.days))
        for place in here:
            self.desk_of[station][place] = len(self.desks)
        return add(self.desks, columns)

    def feed(
        self,
        name: str,
        station: int,
        arrivals: int | Sequence[int],
        *,
        row: int | None = None,
        place: int = 0,
        class_lut: int | None = None,
        age: int = NONE,
        width: int | None = None,
    ) -> int:
        """People for `station`; without a `row` they go there at once and all are of class 0."""
        today = over_days(arrivals, self.days)
        first = sum(feed[t.FEED_WIDTH] for feed in self.feeds) * self.days
        columns = [0] * t.FEED_COLUMNS
        columns[t.FEED_ROW] = self.row(Outcome(station)) if row is None else row
        columns[t.FEED_CLASS_LUT] = self.class_lottery(0) if class_lut is None else class_lut
        columns[t.FEED_PLACE], columns[t.FEED_AGE] = place, age
        columns[t.FEED_STATION], columns[t.FEED_FIRST] = station, first
        columns[t.FEED_WIDTH] = max(today) if width is None else width
        self.feed_salts.append((salt("feed", name) - first * int(K1)) & MASK)
        self.arrivals.append(today)
        return add(self.feeds, columns)

    def model(self) -> t.Model:
        """The arrays. Things that vary by day are turned so that the day comes first."""
        days = self.days

        def ints(values: Any, *shape: int) -> t.Ints:
            return np.array(values, np.int64).reshape(shape)

        def by_day(values: list[list[int]]) -> t.Ints:
            return np.ascontiguousarray(ints(values, len(values), days).T)

        epochs = len(self.plans[0]) if self.plans else 1
        plan = ints(self.plans, len(self.plans), epochs, days).transpose(1, 0, 2)
        return t.Model(
            seed=np.array([self.seed], np.uint64),
            outcomes=ints(self.outcomes, -1, t.OUTCOME_COLUMNS),
            thresholds=np.ascontiguousarray(ints(self.thresholds, -1, self.share_epochs).T),
            share_epoch_of=ints(over_days(self.share_epoch_of or 0, days), days),
            rows=ints(self.rows, -1, 2),
            routes=ints(self.routes, len(self.routes), 2, self.classes, t.ROUTE_COLUMNS),
            stations=ints(self.marks, -1, 1),
            station_salt=np.array(self.salts, np.uint64),
            desk_of=ints(self.desk_of, -1, self.places),
            desks=ints(self.desks, -1, t.DESK_COLUMNS),
            lines=ints(self.lines, -1, 2),
            orders=ints(self.orders, -1, days),
            quota=by_day(self.quotas),
            plan=np.ascontiguousarray(plan),
            epoch_of=ints(over_days(self.epoch_of or 0, days), days),
            crews=by_day(self.crews),
            crew_carries=ints(self.carries, len(self.carries)),
            room=by_day(self.rooms),
            space_held=ints(self.custody, len(self.custody)),
            delays=ints(self.delays, len(self.delays), t.DELAY_STEPS).astype(np.int16),
            class_luts=ints(self.class_luts, len(self.class_luts), t.LUT_STEPS).astype(np.uint8),
            place_luts=ints(self.place_luts, len(self.place_luts), t.LUT_STEPS).astype(np.uint8),
            class_maps=ints(self.class_maps, len(self.class_maps), self.classes),
            ways=ints(self.ways, len(self.ways), 3),
            feeds=ints(self.feeds, -1, t.FEED_COLUMNS),
            feed_salt=np.array(self.feed_salts, np.uint64),
            arrivals=by_day(self.arrivals),
        )


def add(table: list[Any], entry: Any) -> int:
    """Append and return the number of the entry."""
    table.append(entry)
    return len(table) - 1


# Random models ------------------------------------------------------------------------------

MARKS = st.integers(0, 2047)
FEW = st.integers(0, 4)
STOCKS = st.sampled_from([0, 3, 63, 64, 65, 129, 200])  # around the size of one chunk of tokens


def pattern(low: int, high: int, longest: int = 4) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(low, high), min_size=1, max_size=longest)


def numbers(count: int) -> st.SearchStrategy[int]:
    """One of `count` numbers, more often than not, or NONE."""
    return st.sampled_from([*range(count), NONE, *range(count)])


@st.composite
def builders(draw: st.DrawFn) -> Builder:
    """Small valid models that use every part of the machine, together.

    Every station has a desk at every place, so that nobody can be sent to a desk that is not
    there. Nobody who lost patience comes back to the same queue on the same day.
    """
    build = Builder(
        days=draw(st.integers(3, 24)),
        places=draw(st.integers(1, 3)),
        classes=draw(st.integers(1, 4)),
        seed=draw(st.integers(0, 2**64 - 1)),
    )
    build.share_epochs = draw(st.integers(1, 3))
    epoch = st.integers(0, build.share_epochs - 1)
    build.share_epoch_of = [draw(epoch) for _ in range(build.days)]
    draw_tables(draw, build)
    for number in range(draw(st.integers(1, 5))):
        build.station(f"station {number}", draw(st.sampled_from([0, 7, 2047])))
    rows = [draw_row(draw, build) for _ in range(draw(st.integers(1, 6)))]
    leave_rows = [draw_row(draw, build, at_once=False) for _ in range(2)]
    epochs = draw(st.integers(1, 3))
    build.epoch_of = [draw(st.integers(0, epochs - 1)) for _ in range(build.days)]
    for station in range(len(build.salts)):
        draw_station(draw, build, station, epochs, rows, leave_rows)
    for number in range(draw(st.integers(1, 3))):
        draw_feed(draw, build, number, rows)
    return build


@st.composite
def houses(draw: st.DrawFn) -> Builder:
    """Models of many stays: everyone takes a bed, and most are booked for a day after its end."""
    build = Builder(draw(st.integers(8, 24)), places=2, classes=2, seed=draw(st.integers(0, 99)))
    stays = build.delay(*draw(st.one_of(pattern(1, 8), st.just([2, 32_767]))))
    waits = build.delay(*draw(pattern(0, 9)))
    move, reclass = build.place_lottery(0, 1), build.class_map(1, 0)
    for mark in (1, 2):
        build.way(
            mark, draw(st.sampled_from([move, NONE])), draw(st.sampled_from([reclass] * 2 + [NONE]))
        )
    house, court = build.station("house"), build.station("court", postpone_mark=3)
    outcome = st.builds(
        Outcome,
        dest=st.sampled_from([court, court, house, NONE]),
        weight=st.integers(1, 4),
        mark=MARKS,
        delay=st.sampled_from([waits, NONE]),
        frees=st.sampled_from([0, 0, 1]),
        stay=st.sampled_from([stays, stays, NONE]),
        way=st.integers(0, 1),
        place_lut=st.sampled_from([move, NONE]),
        class_map=st.sampled_from([reclass, NONE, NONE]),
    )
    rows = [build.row(*draw(st.lists(outcome, min_size=1, max_size=3))) for _ in range(4)]
    leaves = [build.row(Outcome(house, mark=4)), build.row(Outcome(mark=5))]
    line = st.builds(Line, st.integers(0, 1), st.integers(0, 1))
    for _ in range(2):
        build.space(draw(pattern(1, 30)), draw(st.booleans()))
    for place in range(2):
        build.desk(house, places=[place], quota=draw(pattern(1, 20)), lines=[draw(line)])
        plan = [draw(pattern(0, 8))] if draw(st.booleans()) else None
        build.desk(court, places=[place], quota=draw(pattern(0, 8)), plan=plan, impatient=True)
    for held, kind in product((0, 1), (0, 1)):
        row, full_row, leave_row = (draw(st.sampled_from(r)) for r in (rows, [NONE, *rows], leaves))
        build.route(house, row, full_row=full_row, held=[held], kinds=[kind])
        row = draw(st.sampled_from(rows))
        build.route(court, row, patience=waits, leave_row=leave_row, held=[held], kinds=[kind])
    build.feed("border", house, draw(pattern(1, 12)), class_lut=build.class_lottery(0, 1))
    return build


def models() -> st.SearchStrategy[t.Model]:
    """Both kinds, as arrays."""
    return st.one_of(builders(), houses()).map(Builder.model)


def draw_tables(draw: st.DrawFn, build: Builder) -> None:
    place, kind = st.integers(0, build.places - 1), st.integers(0, build.classes - 1)
    build.delay(*draw(pattern(1, 6)))  # the first table has no 0: see draw_row
    for _ in range(draw(st.integers(1, 3))):
        build.delay(*draw(pattern(0, 9)))
    build.delay(*draw(st.sampled_from([(0,), (0, 30), (3, 32_767)])))
    for _ in range(draw(st.integers(1, 2))):
        build.class_lottery(*draw(st.lists(kind, min_size=1, max_size=4)))
        build.place_lottery(*draw(st.lists(place, min_size=1, max_size=4)))
    for _ in range(draw(st.integers(0, 2))):
        build.class_map(*(draw(kind) for _ in range(build.classes)))
    for _ in range(draw(st.integers(1, 3))):
        build.way(draw(MARKS), draw(numbers(len(build.place_luts))), draw(map_number(build)))
    for _ in range(draw(st.integers(0, 3))):
        build.crew(draw(pattern(0, 9)), draw(st.booleans()))
    for _ in range(draw(st.integers(0, 3))):
        build.space(draw(pattern(0, 6)), draw(st.booleans()))


def map_number(build: Builder) -> st.SearchStrategy[int]:
    return numbers(len(build.class_maps))


def draw_row(draw: st.DrawFn, build: Builder, at_once: bool = True) -> int:
    """A row of outcomes; without `at_once` nobody reaches their next station on the same day."""
    delay = numbers(len(build.delays)) if at_once else st.just(0)
    outcome = st.builds(
        Outcome,
        dest=numbers(len(build.salts)),
        weight=st.integers(1, 4),
        mark=MARKS,
        delay=delay,
        frees=st.integers(0, 1),
        stay=numbers(len(build.delays)),
        way=st.integers(0, len(build.ways) - 1),
        place_lut=numbers(len(build.place_luts)),
        class_map=map_number(build),
    )
    outcomes = draw(st.lists(outcome, min_size=1, max_size=3))
    # a weight of 0 stands for a share that begins or ends on a date
    weights = st.lists(st.integers(0, 3), min_size=len(outcomes), max_size=len(outcomes))
    later = [draw(weights.filter(any)) for _ in range(build.share_epochs - 1)]
    row = build.row(*outcomes, later=later)
    # Rounding may leave the last threshold short of 2**32: the last outcome is taken all the same.
    build.thresholds[-1][0] -= draw(st.sampled_from([0, 1, 2**30]))
    return row


def draw_station(
    draw: st.DrawFn,
    build: Builder,
    station: int,
    epochs: int,
    rows: Sequence[int],
    leave_rows: Sequence[int],
) -> None:
    line_count = draw(st.integers(1, 3))
    line = st.builds(Line, numbers(len(build.rooms)), st.one_of(st.integers(0, 1), pattern(0, 1)))
    one_desk = draw(st.booleans())  # for all places, or one each
    for places in [range(build.places)] if one_desk else [[p] for p in range(build.places)]:
        booked = draw(st.booleans())
        crews = st.lists(st.integers(0, len(build.crews) - 1), max_size=2, unique=True)
        crew_numbers = draw(crews) if build.crews else []
        build.desk(
            station,
            places=places,
            quota=draw(st.one_of(pattern(0, 12), st.just([t.UNLIMITED]), pattern(-1, 3))),
            lines=[draw(line) for _ in range(line_count)],
            plan=[draw(pattern(0, 6)) for _ in range(epochs)] if booked else None,
            crews=[(crew, draw(st.sampled_from([1, 2, 3, 20]))) for crew in crew_numbers],
            impatient=draw(st.booleans()),
            reserved=(draw(st.integers(0, 1)), draw(st.integers(0, 1))),
        )
    for held in (0, 1):
        for kind in range(build.classes):
            build.route(
                station,
                draw(st.sampled_from(rows)),
                line=draw(st.integers(0, line_count - 1)),
                full_row=draw(st.sampled_from([NONE, *rows])),
                patience=draw(numbers(len(build.delays))),
                leave_row=draw(st.sampled_from(leave_rows)),
                held=[held],
                kinds=[kind],
            )


def draw_feed(draw: st.DrawFn, build: Builder, number: int, rows: Sequence[int]) -> None:
    stock = draw(STOCKS)
    arrivals = [stock] + [0] * (build.days - 1) if stock else draw(pattern(0, 6))
    build.feed(
        f"feed {number}",
        draw(st.integers(0, len(build.salts) - 1)),
        arrivals,
        row=draw(st.sampled_from(rows)),
        place=draw(st.integers(0, build.places - 1)),
        class_lut=draw(st.integers(0, len(build.class_luts) - 1)),
        age=draw(numbers(len(build.delays) - 1)),  # not the long last table
        width=max(arrivals) + draw(FEW),
    )
