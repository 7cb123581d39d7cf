"""One simulated history told step by step, with the rule and the numbers behind each step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from asylumatlas import process
from asylumatlas.process.nationality import nationalities
from asylumatlas.scenario.model import Station
from asylumatlas.scenario.sense import fits_class
from asylumatlas.web.life.course import Happened, Step, read
from asylumatlas.web.life.numbers import Book, Path, Used

PEOPLE = ("nationality", "kind", "lawyer")  # columns of the cases that tell who somebody is


@dataclass(frozen=True)
class Told:
    """One step of a life.

    Attributes:
        day: when.
        waited: days since the step before, ``None`` at the first.
        events: what happened, in order; each with its label, outcome, place, definition, and
            ``said``, what is to be explained of it where it is met first.
        after: the main-track event before it, in words; "" at the first.
        may_follow: what the process lets follow there, in words.
        stage: where the person stands then, in words.
        station: the part of the scenario that says it, in words; "" where none was found.
        kind: how it says it, one of the keys ``life.kind_...``.
        alternatives: how many other outcomes that part has.
        numbers: what it depends on.
    """

    day: date
    waited: int | None
    events: tuple[Mapping[str, str], ...]
    after: str
    may_follow: tuple[str, ...]
    stage: str
    station: str
    kind: str
    alternatives: int
    numbers: tuple[Used, ...]


@dataclass(frozen=True)
class Life:
    """One simulated person's history.

    Attributes:
        world: replication.
        case: number of the case.
        person: column -> word in words, of those that the log has.
        feed: where the person comes from, in words; "" where the log does not say.
        steps: in order.
        end: the log's last day.
        stage: main-track stage at the end, in words.
        held: whether the person is in custody then.
        legal: whether the process allows the history.
    """

    world: int
    case: int
    person: Mapping[str, str]
    feed: str
    steps: tuple[Told, ...]
    end: date
    stage: str
    held: bool
    legal: bool


def tell(book: Book, world: int, case: int) -> Life | None:
    """Return the life of one case, ``None`` where the log has none of that number."""
    log = book.log
    where = {"replication": world, "case_id": case}
    people = log.cases(where=where).to_pylist()
    rows = log.events(where=where).to_pylist() if people else []
    if not rows:
        return None
    who = people[0]
    history = [Happened(row["date"], row["event"], row["outcome"], row["place"]) for row in rows]
    words = {name: str(who[name]) for name in PEOPLE if who.get(name)}
    feed = str(who.get("feed") or "")
    steps = read(book.model, feed, words, history) if book.model is not None else None
    verdict = process.replay([(each.event, each.outcome) for each in history])
    stages = process.load().stages
    return Life(
        world,
        case,
        _person(words),
        book.feed(feed) if feed else "",
        tuple(_told(book, history, steps, words)),
        log.as_of,
        stages[verdict.stage].label if verdict.stage else "",
        verdict.custody == "held",
        verdict.legal,
    )


def _person(words: Mapping[str, str]) -> dict[str, str]:
    found = dict(words)
    if "nationality" in found:
        found["nationality"] = nationalities().get(found["nationality"], found["nationality"])
    return found


def _told(
    book: Book, history: Sequence[Happened], steps: Sequence[Step] | None, words: Mapping[str, str]
) -> Iterator[Told]:
    """Yield a life step by step; without the scenario's steps, day by day."""
    walk = _Walk(book, history, dict(words))
    if steps is None:
        first = 0
        for k in range(1, len(history) + 1):
            if k == len(history) or history[k].day != history[first].day:
                yield walk.plain(first, k - first)
                first = k
        return
    if steps and steps[0].first > 0:
        yield walk.plain(0, steps[0].first)
    for step in steps:
        told = walk.step(step)
        if told is not None:
            yield told


class _Walk:
    """Goes through a history and remembers what a later step needs of the earlier ones."""

    def __init__(self, book: Book, history: Sequence[Happened], words: dict[str, str]) -> None:
        self.book = book
        self.history = history
        self.words = words
        self.delay: list[Used] = []  # since the last step that had words
        self.stay: list[Used] = []
        self.last: Happened | None = None  # on the main track
        self.day: date | None = None
        self.stage = ""
        self.met: set[tuple[str, str | None]] = set()

    def plain(self, first: int, many: int) -> Told:
        """Return events that no part of the scenario says."""
        return self._told(first, many, "", "none", 0, ())

    def step(self, step: Step) -> Told | None:
        """Return what a step says, ``None`` where it says nothing; what it leads to is kept."""
        on = self.history[min(step.first, len(self.history) - 1)].day
        outcome = self.book.outcome(step)
        place = self.history[step.first].place if step.events else None
        words = self.words | ({"place": place} if place else {})
        numbers = [*self.delay]
        self.delay = []
        if step.kind == "way":
            numbers = [*self.stay]
        if outcome is not None:
            numbers += self._service(step, words, on)
            for role in ("share", "of_rest"):
                quantity = getattr(outcome, role)
                numbers += self.book.numbers(quantity, (*step.path, role), words, on, role)
            self.delay = list(
                self.book.law(outcome.after, (*step.path, "after"), words, on, "delay")
            )
            if outcome.stay is not None:
                self.stay = list(
                    self.book.law(outcome.stay, (*step.path, "stay"), words, on, "stay")
                )
            self.words |= outcome.sets
        if not step.events:
            self.delay = [*numbers, *self.delay]
            return None
        station = self.book.station(step)
        return self._told(step.first, step.events, station, step.kind, self._others(step), numbers)

    def _others(self, step: Step) -> int:
        if self.book.model is None or step.kind in ("way", "postponed"):
            return 0
        if step.kind == "starts":
            return len(self.book.model.feeds[step.owner].starts) - 1
        return len(getattr(self.book.model.stations[step.owner], step.kind)) - 1

    def _service(self, step: Step, words: Mapping[str, str], on: date) -> Iterator[Used]:
        """Yield what a station's service depends on: capacity, staff, room, patience."""
        model = self.book.model
        if model is None or step.kind == "starts":
            return
        station = model.stations[step.owner]
        at: Path = ("stations", step.owner)
        if step.kind == "leave":
            yield from self.book.law(station.patience, (*at, "patience"), words, on, "patience")
            return
        capacity, path = station.capacity, (*at, "capacity")
        if isinstance(capacity, dict):
            place = words.get("place", "")
            capacity, path = capacity.get(place, "unlimited"), (*path, place)
        yield from self.book.numbers(capacity, path, words, on, "capacity")
        for need in station.crews:
            name = need.crew.replace("{place}", words.get("place", ""))
            if name in model.crews:
                servers = model.crews[name].servers
                yield from self.book.numbers(
                    servers, ("crews", name, "servers"), words, on, "staff"
                )
        yield from self._room(station, words, on)

    def _room(self, station: Station, words: Mapping[str, str], on: date) -> Iterator[Used]:
        """Yield the room of the space that the person's line needs."""
        assert self.book.model is not None
        spaces = self.book.model.spaces
        for line in station.lines:
            told = {name: each for name, each in line.where.items() if name in words}
            if fits_class(told, dict(words), False):
                name = (line.space or "").replace("{place}", words.get("place", ""))
                if name in spaces:
                    path: Path = ("spaces", name, "room")
                    yield from self.book.numbers(spaces[name].room, path, words, on, "room")
                return

    def _told(
        self, first: int, many: int, station: str, kind: str, others: int, numbers: Sequence[Used]
    ) -> Told:
        known = process.load()
        events = self.history[first : first + many]
        before = self.last
        waited = (events[0].day - self.day).days if self.day is not None else None
        self.day = events[-1].day
        for each in events:
            if known.events[each.event].track == "main":
                self.last = each
                self.stage = known.stages[known.events[each.event].stage_after(each.outcome)].label
        main = any(known.events[each.event].track == "main" for each in events)
        return Told(
            events[0].day,
            waited,
            tuple(self._event(each) for each in events),
            _label(before) if before and main else "",
            tuple(_followers(before)) if before and main else (),
            self.stage,
            station,
            kind,
            others,
            tuple({(each.role, each.key): each for each in numbers}.values()),
        )

    def _event(self, each: Happened) -> dict[str, str]:
        known = process.load().events[each.event]
        outcome = process.load().outcomes[each.outcome] if each.outcome else None
        is_new = (each.event, None) not in self.met
        is_new_outcome = outcome is not None and (each.event, each.outcome) not in self.met
        self.met |= {(each.event, None), (each.event, each.outcome)}
        said = [known.definition] if is_new else []
        said += [outcome.gloss] if outcome is not None and is_new_outcome else []
        return {
            "event": each.event,
            "label": known.label,
            "outcome": each.outcome or "",
            "outcome_label": outcome.label if outcome else "",
            "place": each.place or "",
            "place_name": self.book.place(each.place),
            "actor": known.actor,
            "definition": known.definition,
            "said": " ".join(said),
            "law": known.law or "",
        }


def _label(each: Happened) -> str:
    known = process.load()
    outcome = f" ({known.outcomes[each.outcome].label.lower()})" if each.outcome else ""
    return f"{known.events[each.event].label}{outcome}"


def _followers(each: Happened) -> list[str]:
    """Return what the process lets follow an event, each event once, in words."""
    known = process.load()
    names = dict.fromkeys(point.event for point in known.followers(each.event, each.outcome))
    return [known.events[name].label for name in names]
