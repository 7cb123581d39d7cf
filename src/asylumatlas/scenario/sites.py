"""Where a scenario's numbers stand: every quantity with its key path and what it counts.

A site is one place in the file at which a quantity is written: a number, a table with a range, or
the name of a parameter. Nothing here runs anything, so a list of a scenario's numbers costs no
simulation.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from asylumatlas.scenario.amounts import Delay, Ranged, Scaled
from asylumatlas.scenario.model import Outcome, ScenarioModel, Station

__all__ = ["Path", "Site", "sites"]

Path = tuple[str | int, ...]
DELAYS = ("days", "low", "high", "mean", "median", "p90")


class Site(NamedTuple):
    """One place at which a scenario has a quantity.

    Attributes:
        path: keys and places in lists, as the file has them.
        name: how a run's report calls the quantity if it is a number and no parameter.
        quantity: what is written there.
        group: what kind of thing it is, one of `asylumatlas.scenario.controls.GROUPS`.
        unit: its unit in words where the file gives none.
        start: the first day on which it holds, of a list by dates.
    """

    path: Path
    name: str
    quantity: str | Ranged | Scaled
    group: str
    unit: str
    start: date | None = None


def sites(model: ScenarioModel) -> Iterator[Site]:
    """Every place at which a scenario has a quantity, in the file's order."""
    yield from _changes(model)
    for name, feed in model.feeds.items():
        at: Path = ("feeds", name)
        yield from _dated((*at, "size"), feed.size, "people", "people")
        yield from _dated((*at, "per_day"), feed.per_day, "people", "people a day")
        for attribute, mix in feed.mix.items():
            for value, share in mix.items():
                yield from _dated((*at, "mix", attribute, value), share, "mix", "share")
        yield from _outcomes((*at, "starts"), feed.starts)
        yield from _delay((*at, "waited"), feed.waited)
    for name, station in model.stations.items():
        yield from _station(("stations", name), station)
    for name, space in model.spaces.items():
        yield from _dated(("spaces", name, "room"), space.room, "room", "places")
    for name, crew in model.crews.items():
        at = ("crews", name)
        yield from _dated((*at, "servers"), crew.servers, "staff", "people")
        yield from _dated((*at, "units"), crew.units, "work", "units of work a day")
        yield from _dated((*at, "cost_per_server_day"), crew.cost_per_server_day, "cost", "USD/day")
    for name, way in model.ways.items():
        for place, weight in (way.place or {}).items():
            yield from _dated(("ways", name, "place", place), weight, "where", "weight")
    for name, cost in model.costs.items():
        yield from _dated(("costs", name, "per_day"), cost.per_day, "cost", "USD/day")


def _changes(model: ScenarioModel) -> Iterator[Site]:
    for k, change in enumerate(model.change):
        for key, value in change.set.items():
            yield from _dated(("change", k, "set", key), value, "decisions", "")
        for key, added in change.add.items():
            yield from _dated(("change", k, "add", key), added, "decisions", "")
        if change.lend is not None:
            at: Path = ("change", k, "lend")
            yield from _dated((*at, "servers"), change.lend.servers, "decisions", "people")
            yield from _dated((*at, "lost"), change.lend.lost, "decisions", "share")


def _station(at: Path, station: Station) -> Iterator[Site]:
    if isinstance(station.capacity, dict):
        for place, own in station.capacity.items():
            yield from _dated((*at, "capacity", place), own, "capacity", "people a day")
    else:
        yield from _dated((*at, "capacity"), station.capacity, "capacity", "people a day")
    if station.scatter is not None:
        spread = station.scatter.relative_sd
        yield from _dated((*at, "scatter", "relative_sd"), spread, "capacity", "ratio")
    for k, need in enumerate(station.crews):
        yield from _dated((*at, "crews", k, "units"), need.units, "work", "units of work")
        yield from _dated((*at, "crews", k, "share"), need.share, "work", "share")
    yield from _outcomes((*at, "outcomes"), station.outcomes)
    yield from _outcomes((*at, "when_full"), station.when_full)
    yield from _outcomes((*at, "leave"), station.leave)
    yield from _delay((*at, "patience"), station.patience)


def _outcomes(at: Path, outcomes: list[Outcome]) -> Iterator[Site]:
    for k, outcome in enumerate(outcomes):
        yield from _dated((*at, k, "share"), outcome.share, "shares", "share")
        yield from _dated((*at, k, "of_rest"), outcome.of_rest, "shares", "share of the rest")
        yield from _delay((*at, k, "after"), outcome.after)
        yield from _delay((*at, k, "stay"), outcome.stay)
        if isinstance(outcome.place, dict):
            for place, weight in outcome.place.items():
                yield from _dated((*at, k, "place", place), weight, "where", "weight")


def _delay(at: Path, law: Delay | None) -> Iterator[Site]:
    for name in DELAYS:
        yield from _dated((*at, name), getattr(law, name, None), "delays", "days")


def _dated(path: Path, value: Any, group: str, unit: str, name: str = "") -> Iterator[Site]:
    """A quantity, or one for each date; what is not there and "unlimited" are none."""
    name = name or ".".join(map(str, path))
    if isinstance(value, list):
        for k, item in enumerate(value):
            for site in _dated((*path, k, "is"), item.is_, group, unit, f"{name}.{k}"):
                yield site._replace(start=item.start)
    elif isinstance(value, Ranged):
        yield Site(path, name, value, group, value.unit or unit)
    elif isinstance(value, Scaled):
        yield Site(path, name, value.of, group, unit)
        factor = value.times
        # a bare factor is structure, as in a run
        if factor.bounds[0] < factor.bounds[1] or factor.source or factor.assumed:
            yield Site((*path, "times"), f"{name}.times", factor, group, "factor")
    elif isinstance(value, str) and value != "unlimited":
        yield Site(path, name, value, group, unit)
