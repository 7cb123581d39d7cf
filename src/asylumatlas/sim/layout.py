"""A scenario's names as numbers: everything about a model that no draw changes.

`rules.py` fills in what a draw does change: probabilities, delays, capacities, arrivals.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field

import numpy as np

from asylumatlas.scenario import ScenarioError
from asylumatlas.scenario.amounts import Delay, Ranged
from asylumatlas.scenario.model import Feed, OrderFrom, Outcome, ScenarioModel
from asylumatlas.scenario.sense import fits_class
from asylumatlas.sim import tables as t

KINDS = ("outcomes", "when_full", "leave")
Classes = list[dict[str, str]]


@dataclass(frozen=True)
class Sentence:
    """What one mark says: its events, in order, and the station, feed or way that says it."""

    events: tuple[tuple[str, str | None], ...]
    origin: str


@dataclass(frozen=True)
class RowKey:
    """A decision row: its outcomes (owner, kind, numbers), class words in its shares, custody."""

    owner: str
    kind: str
    chosen: tuple[int, ...]
    words: tuple[tuple[str, str], ...]
    held: bool


@dataclass
class Layout:
    """Numbers for names. Lists are in index order; station numbers run on into the feeds'."""

    model: ScenarioModel
    classes: Classes = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    stations: list[str] = field(default_factory=list)
    feeds: list[str] = field(default_factory=list)
    crews: list[str] = field(default_factory=list)
    spaces: list[str] = field(default_factory=list)
    ways: list[str] = field(default_factory=list)
    desks: list[tuple[str, str]] = field(default_factory=list)
    booked: list[int] = field(default_factory=list)
    lines: list[tuple[int, int]] = field(default_factory=list)
    rows: dict[RowKey, int] = field(default_factory=dict)
    sentences: list[Sentence | None] = field(default_factory=lambda: [None])
    delays: dict[str, tuple[Delay, str]] = field(default_factory=dict)
    place_lotteries: list[tuple[str, Outcome | None, str]] = field(default_factory=list)
    class_maps: list[tuple[tuple[str, str], ...]] = field(default_factory=list)
    feed_ages: list[int] = field(default_factory=list)
    arrays: dict[str, t.Ints] = field(default_factory=dict)

    def origin(self, number: int) -> str:
        """Name of a station or feed by its number."""
        return [*self.stations, *self.feeds][number]


def lay_out(model: ScenarioModel) -> Layout:
    """Number everything in a validated scenario and build the arrays that no draw changes."""
    layout = Layout(model)
    attributes = list(model.classes)
    layout.classes = [
        dict(zip(attributes, values, strict=True))
        for values in itertools.product(*model.classes.values())
    ]
    layout.places = list(model.places)
    layout.stations = list(model.stations)
    layout.feeds = list(model.feeds)
    layout.crews = list(model.crews)
    layout.spaces = list(model.spaces)
    layout.ways = list(model.ways)
    _desks(layout)
    _routes(layout)
    _ways(layout)
    _outcomes(layout)
    return layout


def _delay(layout: Layout, delay: Delay | None, key: str) -> int:
    """Number of a delay table, -1 without one; equal laws share a table.

    A range written in the law is a quantity of its own, named by its key path: such laws do not
    share, or a station put before another would take over the name of the other's draw.
    """
    if delay is None:
        return -1
    numbers = [getattr(delay, name) for name in Delay.model_fields]
    ranged = any(isinstance(n, Ranged) and n.bounds[0] < n.bounds[1] for n in numbers)
    name = json.dumps(delay.model_dump(mode="json")) + (key if ranged else "")
    layout.delays.setdefault(name, (delay, key))
    return list(layout.delays).index(name)


def _desks(layout: Layout) -> None:
    model, places = layout.model, layout.places
    numbers = len(layout.stations) + len(layout.feeds)
    desk_of = np.full((numbers, len(places)), -1, np.int64)
    desks: list[list[int]] = []
    lines: list[list[int]] = []
    orders: dict[tuple[Turn, ...], int] = {}
    for number, (name, station) in enumerate(model.stations.items()):
        for place in station.at:
            desk_of[number, places.index(place)] = len(desks)
            needs, reserved = [-1, 1, -1, 1], [0, 0]
            for k, need in enumerate(station.crews):
                crew = need.crew.replace("{place}", place)
                needs[2 * k] = layout.crews.index(crew)
                reserved[k] = int(need.share is not None and model.crews[crew].carries)
            booked = len(layout.booked) if station.booked else -1
            if station.booked:
                layout.booked.append(len(desks))
            impatient = int(station.patience is not None)
            first = len(lines)
            row = [number, places.index(place), first, len(station.lines), booked, *needs]
            desks.append([*row, impatient, *reserved])
            for k, line in enumerate(station.lines):
                space = line.space.replace("{place}", place) if line.space else None
                order = orders.setdefault(_turns(model, line.order), len(orders))
                layout.lines.append((len(desks) - 1, k))
                lines.append([layout.spaces.index(space) if space else -1, order])
            layout.desks.append((name, place))
    layout.arrays["desk_of"] = desk_of
    layout.arrays["desks"] = np.array(desks, np.int64).reshape(-1, t.DESK_COLUMNS)
    layout.arrays["lines"] = np.array(lines, np.int64).reshape(-1, 2)
    layout.arrays["orders"] = np.array([_by_day(model, turns) for turns in orders], np.int64)
    carries = [int(crew.carries) for crew in model.crews.values()]
    layout.arrays["crew_carries"] = np.array(carries, np.int64)
    held = [int(space.custody) for space in model.spaces.values()]
    layout.arrays["space_held"] = np.array(held, np.int64)


Turn = tuple[int, bool]


def _turns(model: ScenarioModel, order: str | list[OrderFrom]) -> tuple[Turn, ...]:
    """From which days on a line serves the last in first, or not; from day 0 on at least."""
    if isinstance(order, str):
        return ((0, order == "last_in"),)
    days = [0, *((step.start - model.start).days for step in order[1:])]
    return tuple((max(d, 0), step.is_ == "last_in") for d, step in zip(days, order, strict=True))


def _by_day(model: ScenarioModel, turns: tuple[Turn, ...]) -> t.Ints:
    """(T,) 1 on days on which the last in is served first."""
    order = np.zeros(model.days, np.int64)
    for day, last_in in turns:
        order[day:] = last_in
    return order


def _routes(layout: Layout) -> None:
    model, classes = layout.model, layout.classes
    numbers = len(layout.stations) + len(layout.feeds)
    routes = np.full((numbers, 2, len(classes), t.ROUTE_COLUMNS), -1, np.int64)
    for number, (name, station) in enumerate(model.stations.items()):
        patience = _delay(layout, station.patience, f"stations.{name}.patience")
        for held, (c, words) in itertools.product((0, 1), enumerate(classes)):
            fits = [fits_class(line.where, words, bool(held)) for line in station.lines]
            route = routes[number, held, c]
            route[t.LINE] = fits.index(True) if True in fits else -1
            route[t.ROW] = _row(layout, name, "outcomes", words, bool(held))
            route[t.FULL_ROW] = _row(layout, name, "when_full", words, bool(held))
            route[t.LEAVE_ROW] = _row(layout, name, "leave", words, bool(held))
            impatient = fits_class(station.impatient, words, bool(held))
            route[t.PATIENCE] = patience if impatient else -1
    layout.arrays["routes"] = routes


def owner_outcomes(model: ScenarioModel, owner: str, kind: str) -> list[Outcome]:
    """The outcomes of a station (by kind) or of a feed ("starts")."""
    if kind == "starts":
        return model.feeds[owner].starts
    return list(getattr(model.stations[owner], kind))


def _row(layout: Layout, owner: str, kind: str, words: dict[str, str], held: bool) -> int:
    """Number of the row for a class; classes for which the same holds share one."""
    outcomes = owner_outcomes(layout.model, owner, kind)
    chosen = tuple(k for k, o in enumerate(outcomes) if fits_class(o.where, words, held))
    if not chosen:
        return -1
    shares = " ".join(str(outcomes[k].share) + str(outcomes[k].of_rest) for k in chosen)
    used = tuple((name, word) for name, word in words.items() if "{" + name + "}" in shares)
    key = RowKey(owner, kind, chosen, used, held)
    return layout.rows.setdefault(key, len(layout.rows))


def _mark(layout: Layout, sentence: Sentence) -> int:
    """Number of a sentence; 0 if it says nothing."""
    if not sentence.events:
        return 0
    if sentence not in layout.sentences:
        layout.sentences.append(sentence)
        if len(layout.sentences) > t.MOST_MARKS:
            raise ScenarioError(
                f"stations: more than {t.MOST_MARKS - 1} different things can happen"
            )
    return layout.sentences.index(sentence)


def split_event(text: str) -> tuple[str, str | None]:
    """Event and outcome of a text such as "fear_interview.closed"."""
    event, _, outcome = text.partition(".")
    return event, outcome or None


def _lottery(layout: Layout, outcome: Outcome, key: str) -> int:
    """Number of the lottery that sets a place, -1 if it stays."""
    if outcome.place is None:
        return -1
    layout.place_lotteries.append((key, outcome, ""))
    return len(layout.place_lotteries) - 1


def _class_map(layout: Layout, sets: dict[str, str]) -> int:
    """Number of the map that rewrites a class, -1 if it stays."""
    if not sets:
        return -1
    key = tuple(sorted(sets.items()))
    if key not in layout.class_maps:
        layout.class_maps.append(key)
    return layout.class_maps.index(key)


def _ways(layout: Layout) -> None:
    ways = []
    for name, way in layout.model.ways.items():
        sentence = Sentence(tuple(split_event(e) for e in way.events), f"ways.{name}")
        lottery = -1
        if way.place:
            layout.place_lotteries.append((f"ways.{name}.place", None, name))
            lottery = len(layout.place_lotteries) - 1
        ways.append([_mark(layout, sentence), lottery, _class_map(layout, way.sets)])
    layout.arrays["ways"] = np.array(ways or [[0, -1, -1]], np.int64)
    postponed = []
    for name, station in layout.model.stations.items():
        events = tuple(split_event(e) for e in station.postponed)
        postponed.append([_mark(layout, Sentence(events, name))])
    postponed += [[0]] * len(layout.feeds)
    layout.arrays["stations"] = np.array(postponed, np.int64)


def _outcomes(layout: Layout) -> None:
    feed_rows = []
    for name, feed in layout.model.feeds.items():
        feed_rows.append(_feed_row(layout, name, feed))
    table: list[list[int]] = []
    rows = np.zeros((len(layout.rows), 2), np.int64)
    for key, number in layout.rows.items():
        rows[number] = len(table), len(key.chosen)
        for k in key.chosen:
            table.append(_outcome(layout, key, k))
    layout.arrays["outcomes"] = np.array(table, np.int64).reshape(-1, t.OUTCOME_COLUMNS)
    layout.arrays["rows"] = rows
    layout.arrays["feed_rows"] = np.array(feed_rows, np.int64)
    maps = [_mapped(layout, sets) for sets in layout.class_maps]
    layout.arrays["class_maps"] = np.array(maps or [[0] * len(layout.classes)], np.int64)


def _feed_row(layout: Layout, name: str, feed: Feed) -> int:
    """A feed's row; a start does not depend on class, which is drawn together with it."""
    layout.feed_ages.append(_delay(layout, feed.waited, f"feeds.{name}.waited"))
    return _row(layout, name, "starts", layout.classes[0], False)


def _outcome(layout: Layout, key: RowKey, k: int) -> list[int]:
    """One line of the outcome table."""
    outcome = owner_outcomes(layout.model, key.owner, key.kind)[k]
    path = f"{'feeds' if key.kind == 'starts' else 'stations'}.{key.owner}.{key.kind}.{k}"
    dest = layout.stations.index(outcome.to) if outcome.to else -1
    events = [split_event(e) for e in outcome.events]
    if key.held and (dest < 0 or outcome.frees_space):
        # a case that ends in custody ends the custody; removal comes after it, a decision before
        at = len(events) - 1 if outcome.custody_ends == "removed" else len(events)
        events.insert(max(at, 0), ("custody_ended", outcome.custody_ends))
    return [
        dest,
        _delay(layout, outcome.after, f"{path}.after"),
        _mark(layout, Sentence(tuple(events), key.owner)),
        int(outcome.frees_space),
        _delay(layout, outcome.stay, f"{path}.stay"),
        layout.ways.index(outcome.way) if outcome.way else 0,
        _lottery(layout, outcome, f"{path}.place"),
        _class_map(layout, outcome.sets),
    ]


def _mapped(layout: Layout, sets: tuple[tuple[str, str], ...]) -> list[int]:
    return [layout.classes.index({**words, **dict(sets)}) for words in layout.classes]
