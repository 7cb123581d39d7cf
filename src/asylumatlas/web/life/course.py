"""Which part of its scenario tells each event of a simulated history.

A scenario's stations say what may happen next, in which words and to whom. A history that it made
can be read back: from the feed that made the person, station by station, each event is said by one
outcome. Where two outcomes say the same, the first that leads on to the rest is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from asylumatlas.scenario.model import Filter, Outcome, ScenarioModel, Station
from asylumatlas.scenario.sense import fits_class

LONGEST = 200  # events of a history that is read; longer ones are told without their rules
MOST_SILENT = 12  # stations passed without a word between two events
KINDS = ("outcomes", "when_full", "leave")


class Happened(NamedTuple):
    """One event of a history, in order."""

    day: date
    event: str
    outcome: str | None
    place: str | None


@dataclass(frozen=True)
class Step:
    """What of a scenario says one or several events.

    Attributes:
        first: number of the first event it says.
        events: how many it says, 0 for a station passed without a word.
        owner: name of the station, feed or way.
        kind: "starts" of a feed, "outcomes", "when_full", "leave" or "postponed" of a station,
            "way" for the end of a stay.
        index: number of the outcome in its list.
    """

    first: int
    events: int
    owner: str
    kind: str
    index: int = 0

    @property
    def path(self) -> tuple[str | int, ...]:
        """Key path in the scenario's file."""
        if self.kind == "way":
            return ("ways", self.owner)
        table = "feeds" if self.kind == "starts" else "stations"
        return (table, self.owner, self.kind, self.index)


@dataclass(frozen=True)
class _Person:
    """Where a person stands in the middle of a history."""

    at: int
    station: str | None
    words: Mapping[str, str]
    held: bool = False
    way: str | None = None
    silent: int = 0


Move = tuple[Step, _Person]


@dataclass
class _Reading:
    model: ScenarioModel
    history: Sequence[Happened]
    dead: set[tuple[object, ...]] = field(default_factory=set)

    def rest(self, person: _Person) -> list[Step] | None:
        """Return the steps that say the rest of the history, ``None`` if there are none."""
        if person.at == len(self.history):
            return []
        key = (person.at, person.station, tuple(sorted(person.words.items())), person.held)
        if (*key, person.silent) in self.dead:
            return None
        for step, after in self._moves(person):
            found = self.rest(after)
            if found is not None:
                return [step, *found]
        self.dead.add((*key, person.silent))
        return None

    def _moves(self, person: _Person) -> Iterator[Move]:
        """Yield what may say the next event: the station's words, a stay's end, then silence."""
        moves = list(self._station(person))
        yield from (move for move in moves if move[0].events)
        yield from self._ways(person)
        if person.silent < MOST_SILENT:
            yield from (move for move in moves if not move[0].events)

    def _station(self, person: _Person) -> Iterator[Move]:
        name = person.station
        if name is None:
            return
        station = self.model.stations[name]
        for kind in KINDS:
            for k, outcome in enumerate(getattr(station, kind)):
                move = self._outcome(person, station, Step(person.at, 0, name, kind, k))
                if move is not None and _fits(outcome.where, person):
                    yield move
        said = len(station.postponed)
        if said and self._says(station.postponed, person.at):
            yield Step(person.at, said, name, "postponed"), replace(person, at=person.at + said)

    def _outcome(self, person: _Person, station: Station, step: Step) -> Move | None:
        """Return what an outcome says here and where it leads, ``None`` if it says otherwise."""
        outcome: Outcome = getattr(station, step.kind)[step.index]
        words = list(outcome.events)
        ends = person.held and (outcome.to is None or outcome.frees_space)
        if ends:
            at = len(words) - 1 if outcome.custody_ends == "removed" else len(words)
            words.insert(max(at, 0), f"custody_ended.{outcome.custody_ends}")
        if not self._says(words, person.at, station.at):
            # the way of a stay may have ended it before
            if not ends or not self._says(outcome.events, person.at, station.at):
                return None
            words = list(outcome.events)
        held = person.held and not ends
        if any(word.startswith("custody_started") for word in outcome.events):
            held = True
        return self._after(person, step, outcome, len(words), held)

    def _after(self, person: _Person, step: Step, outcome: Outcome, said: int, held: bool) -> Move:
        way = outcome.way or person.way
        after = _Person(
            *(person.at + said, outcome.to, {**person.words, **outcome.sets}, held, way),
            0 if said else person.silent + 1,
        )
        return Step(step.first, said, step.owner, step.kind, step.index), after

    def _ways(self, person: _Person) -> Iterator[Move]:
        """Yield the ways in which a stay may end here, the one that was set first."""
        names = sorted(self.model.ways, key=lambda name: name != person.way)
        for name in names if person.held or person.way else ():
            way = self.model.ways[name]
            if way.events and self._says(way.events, person.at):
                words = {**person.words, **way.sets}
                after = _Person(person.at + len(way.events), person.station, words, False)
                yield Step(person.at, len(way.events), name, "way"), after

    def _says(self, words: Sequence[str], at: int, places: Sequence[str] = ()) -> bool:
        """Whether events of one day begin here with these words, at one of these places."""
        if at + len(words) > len(self.history):
            return False
        some = self.history[at : at + len(words)]
        for word, told in zip(words, some, strict=True):
            event, _, outcome = word.partition(".")
            if told.event != event or (told.outcome or "") != outcome or told.day != some[0].day:
                return False
            if places and told.place is not None and told.place not in places:
                return False
        return True


def _fits(condition: Filter, person: _Person) -> bool:
    """Whether a `where` may hold; a class that the log does not tell is left open."""
    told = {name: wanted for name, wanted in condition.items() if name in (*person.words, "held")}
    return fits_class(told, dict(person.words), person.held)


def model_of(scenario: Mapping[str, Any]) -> ScenarioModel | None:
    """Return the scenario that a log carries, ``None`` where this version cannot read it.

    Args:
        scenario: from the log's manifest, dates as text.
    """
    try:
        return ScenarioModel.model_validate(_dated(scenario))
    except ValidationError:
        return None


_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def _dated(value: Any) -> Any:
    """Return plain data with the dates that were written as text."""
    if isinstance(value, dict):
        return {key: _dated(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_dated(each) for each in value]
    if isinstance(value, str) and _DATE.fullmatch(value):
        return date.fromisoformat(value)
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return datetime.fromisoformat(value)
    return value


def read(
    model: ScenarioModel, feed: str, words: Mapping[str, str], history: Sequence[Happened]
) -> list[Step] | None:
    """Return the steps of a scenario that say a history, ``None`` if no way through it does.

    Args:
        model: the scenario.
        feed: which made the person.
        words: the person's class at the start, such as ``{"kind": "family"}``; classes that are
            not known may be left out.
        history: the events in order.
    """
    if feed not in model.feeds or not 0 < len(history) <= LONGEST:
        return None
    source = model.feeds[feed]
    known = {name: word for name, word in words.items() if name in model.classes}
    # somebody who was there before the first day is told so by an event of the log's own
    first = int(source.kind == "stock" and history[0].event == "stock_case")
    reading = _Reading(model, history)
    try:
        for at in dict.fromkeys((0, first)):
            for k, start in enumerate(source.starts):
                if not start.events or reading._says(start.events, at, (source.at,)):
                    begin = Step(at, 0, feed, "starts", k)
                    held = any(each.startswith("custody_started") for each in start.events)
                    person = _Person(at, None, known)
                    step, after = reading._after(person, begin, start, len(start.events), held)
                    rest = reading.rest(after)
                    if rest is not None:
                        return [step, *rest]
    except RecursionError:  # a history that goes round and round
        return None
    return None
