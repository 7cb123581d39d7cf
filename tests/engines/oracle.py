"""The day kernel a second time, from the text of docs/method/engine.md alone.

Plain Python on lists, dicts and whole numbers: one object for each person, one function for each
paragraph of the text, no cleverness. It is hundreds of times slower than the kernel and shares
none of its code but the table layout and the plain-integer random numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from asylumatlas.sim import tables as t
from asylumatlas.sim.randomness import (
    K1,
    LEAVE_PURPOSE,
    PATIENCE_PURPOSE,
    RELEASE_SALT,
    draw_int,
)

NONE = -1
LATEST_RELEASE = t.NEVER - 1

Row = tuple[int, int, int, int]  # person, day, place, mark


class NoDeskError(Exception):
    """A person was sent to a station that has no desk at their place."""


@dataclass(eq=False)
class Person:
    """One person inside the run; `space` is NONE for those who hold none."""

    number: int
    feed: int
    key: int
    place: int
    kind: int = 0  # the text calls it class, a reserved word here
    visits: int = 0
    since: int = 0
    station: int = NONE
    space: int = NONE
    release: int = t.NEVER
    way: int = 0


@dataclass
class Books:
    """What a run leaves behind, under the names that `State` uses."""

    log: list[Row] = field(default_factory=list)
    served: list[list[int]] = field(default_factory=list)
    waiting: list[list[int]] = field(default_factory=list)
    beds: list[list[int]] = field(default_factory=list)
    used: list[list[int]] = field(default_factory=list)
    wait_days: Counter[int] = field(default_factory=Counter)
    queue_days: Counter[int] = field(default_factory=Counter)
    age_in: Counter[int] = field(default_factory=Counter)
    created: int = 0
    closed: int = 0
    postponed: int = 0
    wasted: int = 0


class Oracle:
    """One run of a model. `run` lives every day and sweeps; `books` is the result.

    Raises:
        NoDeskError: from any step that sends a person where there is no desk.
    """

    def __init__(self, model: t.Model) -> None:
        self.model = t.Model(*(array.tolist() for array in model))
        self.days = len(self.model.quota)
        self.line_count = len(self.model.lines)
        spaces, slots = len(self.model.space_held), model.plan.shape[1]
        self.queues: list[list[Person]] = [[] for _ in self.model.lines]
        self.calendar: list[list[Person]] = [[] for _ in range(self.days)]
        self.later: list[Person] = []
        self.occupied = [0] * spaces
        self.planned: Counter[tuple[int, int]] = Counter()  # (space, day) -> releases
        self.booked = [[0] * self.days for _ in range(slots)]
        self.owed = [0] * len(self.model.crew_carries)
        self.books = Books()

    def run(self) -> Books:
        for day in range(self.days):
            self.live(day)
        self.sweep()
        return self.books

    def live(self, day: int) -> None:
        self.release(day)
        self.create(day)
        self.admit(day)
        self.lose_patience(day)
        self.serve(day)
        self.meter(day)
        inside = len(self.later) + sum(map(len, self.queues)) + sum(map(len, self.calendar))
        assert self.books.created == self.books.closed + inside

    def sweep(self) -> None:
        for people in [*self.queues, *self.calendar, self.later]:
            for person in people:
                self.freshen(person, self.days - 1)

    # Settling -----------------------------------------------------------------------------

    def settle(self, person: Person, row: int, bits: int, day: int, age: int = 0) -> None:
        outcome = self.outcome(row, bits >> 32, day)
        if outcome[t.MARK]:
            self.note(person, day, outcome[t.MARK])
        if person.space != NONE and (outcome[t.DEST] == NONE or outcome[t.FREES]):
            self.give_up_space(person)
        if outcome[t.DEST] == NONE:
            self.books.closed += 1
            return
        if outcome[t.STAY] != NONE and person.space != NONE:
            stay = self.model.delays[outcome[t.STAY]][(bits >> 22) & 1023]
            self.plan_release(person, day + max(1, stay), outcome[t.WAY])
        if outcome[t.PLACE_LUT] != NONE:
            person.place = self.model.place_luts[outcome[t.PLACE_LUT]][(bits >> 10) & 4095]
        if outcome[t.CLASS_MAP] != NONE:
            person.kind = self.model.class_maps[outcome[t.CLASS_MAP]][person.kind]
        delay = 0
        if outcome[t.DELAY] != NONE:
            delay = self.model.delays[outcome[t.DELAY]][bits & 1023]
        self.dispatch(person, outcome[t.DEST], delay, age, day)

    def outcome(self, row: int, chance: int, day: int) -> list[int]:
        first, count = self.model.rows[row]
        thresholds = self.model.thresholds[self.model.share_epoch_of[day]]
        for number in range(first, first + count):
            if thresholds[number] > chance:
                return list(self.model.outcomes[number])
        return list(self.model.outcomes[first + count - 1])

    def dispatch(self, person: Person, station: int, delay: int, age: int, day: int) -> None:
        desk = self.desk_for(station, person.place)
        if desk == NONE:
            raise NoDeskError(station, person.place)
        person.station = station
        person.since = day - age
        if self.is_booked(desk):
            self.book(person, desk, day, day + max(1, delay))
        elif delay == 0:
            self.join(person, desk, day)
        else:
            self.put_on_calendar(person, day + delay)

    def book(self, person: Person, desk: int, today: int, earliest: int) -> None:
        slot = self.model.desks[desk][t.BOOKED]
        plan = self.model.plan[self.model.epoch_of[today]][slot]
        booked = self.booked[slot]
        for day in range(earliest, self.days):
            if booked[day] < plan[day]:
                booked[day] += 1
                return self.put_on_calendar(person, day)
        self.later.append(person)

    def put_on_calendar(self, person: Person, day: int) -> None:
        (self.calendar[day] if day < self.days else self.later).append(person)

    def join(self, person: Person, desk: int, day: int) -> None:
        if not self.is_booked(desk):
            self.books.age_in[desk] += day - person.since
        line = self.route(person, person.station, day)[t.LINE]
        self.queues[self.model.desks[desk][t.LINE0] + line].append(person)

    def freshen(self, person: Person, day: int) -> None:
        if person.space == NONE or person.release > day:
            return
        way = self.model.ways[person.way]
        if way[t.WAY_MARK]:
            self.note(person, person.release, way[t.WAY_MARK])
        if way[t.WAY_PLACE_LUT] != NONE:
            luck = draw_int(person.key, int(RELEASE_SALT) + person.visits)
            person.place = self.model.place_luts[way[t.WAY_PLACE_LUT]][luck & 4095]
        if way[t.WAY_CLASS_MAP] != NONE:
            person.kind = self.model.class_maps[way[t.WAY_CLASS_MAP]][person.kind]
        person.space, person.release, person.way = NONE, t.NEVER, 0

    # Spaces -------------------------------------------------------------------------------

    def give_up_space(self, person: Person) -> None:
        self.occupied[person.space] -= 1
        self.cancel_release(person)
        person.space, person.release, person.way = NONE, t.NEVER, 0

    def take_space(self, person: Person, space: int) -> None:
        self.occupied[space] += 1
        person.space, person.release, person.way = space, t.NEVER, 0

    def plan_release(self, person: Person, day: int, way: int) -> None:
        self.cancel_release(person)
        person.release, person.way = min(day, LATEST_RELEASE), way
        if person.release < self.days:
            self.planned[person.space, person.release] += 1

    def cancel_release(self, person: Person) -> None:
        if person.release < self.days:
            self.planned[person.space, person.release] -= 1

    # The day ------------------------------------------------------------------------------

    def release(self, day: int) -> None:
        for space in range(len(self.occupied)):
            self.occupied[space] -= self.planned[space, day]

    def create(self, day: int) -> None:
        for number, feed in enumerate(self.model.feeds):
            for k in range(self.model.arrivals[day][number]):
                self.arrive(number, feed, feed[t.FEED_FIRST] + day * feed[t.FEED_WIDTH] + k, day)

    def arrive(self, number: int, feed: list[int], person_number: int, day: int) -> None:
        (seed,) = self.model.seed
        key = seed + self.model.feed_salt[number] + person_number * int(K1)
        person = Person(person_number, number, key, feed[t.FEED_PLACE])
        salt = self.model.station_salt[feed[t.FEED_STATION]]
        lottery = draw_int(key, salt + int(PATIENCE_PURPOSE))
        person.kind = self.model.class_luts[feed[t.FEED_CLASS_LUT]][lottery & 4095]
        age = 0
        if feed[t.FEED_AGE] != NONE:
            age = self.model.delays[feed[t.FEED_AGE]][(lottery >> 12) & 1023]
        self.books.created += 1
        self.settle(person, feed[t.FEED_ROW], draw_int(key, salt), day, age)

    def admit(self, day: int) -> None:
        due, self.calendar[day] = self.calendar[day], []
        for person in due:
            before = person.place
            self.freshen(person, day)
            desk = self.desk_for(person.station, person.place)
            if desk == NONE or (self.is_booked(desk) and person.place != before):
                self.books.wasted += 1
                self.dispatch(person, person.station, 1, 0, day)
                continue
            if not self.is_booked(desk):
                person.since = day
            self.join(person, desk, day)

    def lose_patience(self, day: int) -> None:
        for desk, row in enumerate(self.model.desks):
            if row[t.IMPATIENT]:
                for line in self.lines_of(desk):
                    for person in list(self.queues[line]):
                        if self.has_had_enough(person, day):
                            self.queues[line].remove(person)
                            self.leave(person, desk, day)

    def has_had_enough(self, person: Person, day: int) -> bool:
        table = self.route(person, person.station, day)[t.PATIENCE]
        if table == NONE:
            return False
        purpose = self.model.station_salt[person.station] + int(PATIENCE_PURPOSE) + person.visits
        return bool(
            day - person.since >= self.model.delays[table][draw_int(person.key, purpose) & 1023]
        )

    def leave(self, person: Person, desk: int, day: int) -> None:
        row = self.route(person, person.station, day)[t.LEAVE_ROW]
        self.books.wait_days[desk] += day - person.since
        self.freshen(person, day)
        purpose = self.model.station_salt[person.station] + int(LEAVE_PURPOSE) + person.visits
        bits = draw_int(person.key, purpose)
        person.visits = (person.visits + 1) % 256
        self.settle(person, row, bits, day)

    def serve(self, day: int) -> None:
        left = [has - owes for has, owes in zip(self.model.crews[day], self.owed, strict=True)]
        self.books.served.append([])
        for desk, row in enumerate(self.model.desks):
            crews = [
                (row[crew], row[units], row[reserved])
                for crew, units, reserved in (
                    (t.CREW_A, t.UNITS_A, t.RESERVED_A),
                    (t.CREW_B, t.UNITS_B, t.RESERVED_B),
                )
                if row[crew] != NONE
            ]
            limits = [
                self.affordable(left[crew], crew, units)
                for crew, units, reserved in crews
                if not reserved
            ]
            if self.model.quota[day][desk] != t.UNLIMITED:
                limits.append(self.model.quota[day][desk])
            served = 0
            for line in self.lines_of(desk):
                served += self.serve_line(line, desk, [limit - served for limit in limits], day)
            for crew, units, _ in crews:
                left[crew] -= served * units
            self.books.served[day].append(served)
            if self.is_booked(desk):
                self.postpone(desk, day)
        self.owed = [max(-has, 0) for has in left]
        self.books.used.append(
            [had - max(has, 0) for had, has in zip(self.model.crews[day], left, strict=True)]
        )

    def affordable(self, left: int, crew: int, units: int) -> int:
        """Services that a crew may begin: one that carries may begin one it cannot finish."""
        whole, rest = max(left, 0) // units, max(left, 0) % units
        return whole + (1 if rest and self.model.crew_carries[crew] else 0)

    def serve_line(self, line: int, desk: int, limits: Iterable[int], day: int) -> int:
        space, order = self.model.lines[line]
        lifo = self.model.orders[order][day]
        queue = self.queues[line]
        turns = min([len(queue), *limits])
        for served in range(turns):
            position = -1 if lifo else 0
            person = queue[position]
            route = self.route(person, person.station, day)
            full = space != NONE and self.occupied[space] >= self.model.room[day][space]
            if full and route[t.FULL_ROW] == NONE:
                return served
            queue.pop(position)
            self.books.wait_days[desk] += day - person.since
            self.freshen(person, day)
            if space != NONE and not full:
                if person.space != NONE:
                    self.give_up_space(person)
                self.take_space(person, space)
            bits = draw_int(person.key, self.model.station_salt[person.station] + person.visits)
            person.visits = (person.visits + 1) % 256
            self.settle(person, route[t.FULL_ROW] if full else route[t.ROW], bits, day)
        return max(turns, 0)

    def postpone(self, desk: int, day: int) -> None:
        for line in self.lines_of(desk):
            left_over, self.queues[line] = self.queues[line], []
            for person in left_over:
                self.books.postponed += 1
                mark = self.model.stations[person.station][t.POSTPONE_MARK]
                if mark:
                    self.note(person, day, mark)
                self.book(person, desk, day, day + 1)

    def meter(self, day: int) -> None:
        self.books.waiting.append([len(queue) for queue in self.queues])
        self.books.beds.append(list(self.occupied))
        for desk in range(len(self.model.desks)):
            self.books.queue_days[desk] += sum(len(self.queues[i]) for i in self.lines_of(desk))

    # Looking things up --------------------------------------------------------------------

    def desk_for(self, station: int, place: int) -> int:
        return int(self.model.desk_of[station][place])

    def is_booked(self, desk: int) -> bool:
        return bool(self.model.desks[desk][t.BOOKED] != NONE)

    def lines_of(self, desk: int) -> range:
        first = self.model.desks[desk][t.LINE0]
        return range(first, first + self.model.desks[desk][t.LINES])

    def in_custody(self, person: Person, day: int) -> bool:
        return (
            person.space != NONE
            and bool(self.model.space_held[person.space])
            and person.release > day
        )

    def route(self, person: Person, station: int, day: int) -> list[int]:
        held = int(self.in_custody(person, day))
        return list(self.model.routes[station][held][person.kind])

    def note(self, person: Person, day: int, mark: int) -> None:
        self.books.log.append((person.number, day, person.place, mark))
