"""Every name a scenario uses must exist: events, stages, stations, places, crews, parameters, units."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import product

from asylumatlas import evidence, parameters, process
from asylumatlas.scenario.model import (
    Delay,
    Filter,
    Outcome,
    Quantity,
    Ranged,
    ScenarioModel,
    Station,
    closest,
)

Faults = Iterator[str]


def check_names(model: ScenarioModel) -> list[str]:
    """Faults of a scenario whose shape is right, as "key path: what is wrong" lines."""
    if model.base_only:
        return []
    checks = [_classes, _stations, _feeds, _ways, _spaces_and_crews, _changes, _measures, _costs]
    return [fault for check in checks for fault in check(model)]


def _known(word: str, known: Iterable[str], key: str, what: str) -> Faults:
    names = list(known)
    if word not in names:
        yield f"{key}: unknown {what} {word!r}.{closest(word, names)}"


def _classes(model: ScenarioModel) -> Faults:
    size = 1
    for name, values in model.classes.items():
        size *= len(values)
        if not values or len(set(values)) < len(values):
            yield f"classes.{name}: needs at least one value, each once"
    if size > 255:
        yield f"classes: {size} combinations, at most 255"
    for name, limit in (("stations", 255 - len(model.feeds)), ("places", 255), ("spaces", 254)):
        if len(getattr(model, name)) > limit:
            yield f"{name}: more than {limit}"
    for name in model.cohort:
        yield from _known(name, model.feeds, "cohort", "feed")


def _event(text: str, key: str) -> Faults:
    event, _, outcome = text.partition(".")
    vocabulary = process.load()
    yield from _known(event, vocabulary.events, key, "event")
    if event in vocabulary.events:
        outcomes = list(vocabulary.events[event].outcomes)
        if outcome:
            yield from _known(outcome, outcomes, key, f"outcome of {event}:")
        elif outcomes:
            yield f"{key}: {event} needs one of its outcomes: {', '.join(outcomes)}"


def _filter(model: ScenarioModel, condition: Filter, key: str) -> Faults:
    for name, wanted in condition.items():
        if name == "held":
            if not isinstance(wanted, bool):
                yield f"{key}.held: true or false"
            continue
        yield from _known(name, [*model.classes, "held"], key, "class")
        if name in model.classes:
            for word in wanted if isinstance(wanted, list) else [wanted]:
                yield from _known(str(word), model.classes[name], f"{key}.{name}", "value")


def _quantity(model: ScenarioModel, quantity: Quantity, key: str, unit: str) -> Faults:
    """Checks that a parameter exists and measures what the key asks for."""
    known = {**parameters.load()}
    if isinstance(quantity, Ranged):
        if unit == "share" and not (0 <= quantity.bounds[0] and quantity.bounds[1] <= 1):
            yield f"{key}: a share lies between 0 and 1"
        elif quantity.bounds[0] < 0:
            yield f"{key}: must not be negative"
        if quantity.source and quantity.source not in evidence.sources():
            hint = closest(quantity.source, evidence.sources())
            yield f"{key}.source: unknown source {quantity.source!r}.{hint}"
        return
    found = False
    for option in quantity.split("|"):
        for name in _spelled_out(model, option):
            own = model.parameters.get(name)
            has_unit = known[name].unit if name in known else ""
            if name in known or own is not None:
                found = True
                if has_unit and not _fits(has_unit, unit):
                    yield f"{key}: wrong unit: {name} is in {has_unit!r}, needed: {unit}"
    if not found:
        yield f"{key}: unknown parameter {quantity!r}.{closest(quantity, known)}"


def _spelled_out(model: ScenarioModel, text: str) -> list[str]:
    names = [n for n in re.findall(r"\{(\w+)\}", text) if n in model.classes]
    spelled = []
    for values in product(*(model.classes[n] for n in names)):
        word = text
        for name, value in zip(names, values, strict=True):
            word = word.replace("{" + name + "}", value)
        spelled.append(word)
    return spelled


def _fits(unit: str, wanted: str) -> bool:
    """Whether a parameter's unit in words can serve: shares, days, or a number of things."""
    if wanted == "share":
        return unit.startswith("share")
    if wanted == "days":
        return unit.startswith(("days", "working days"))
    return not unit.startswith("share") or wanted == "number"


def _delay(model: ScenarioModel, delay: Delay | None, key: str) -> Faults:
    if delay is None:
        return
    for name in ("days", "low", "high", "mean", "median", "p90"):
        quantity = getattr(delay, name)
        if quantity is not None:
            yield from _quantity(model, quantity, f"{key}.{name}", "days")


def _dated(model: ScenarioModel, value: object, key: str, unit: str) -> Faults:
    if isinstance(value, list):
        for k, item in enumerate(value):
            yield from _quantity(model, item.is_, f"{key}.{k}.is", unit)
        dates = [item.start for item in value]
        if dates != sorted(dates) or len(set(dates)) < len(dates):
            yield f"{key}: dates out of order: each `from` must be later than the one before"
    elif isinstance(value, dict):
        for place, item in value.items():
            yield from _known(place, model.places, key, "place")
            yield from _dated(model, item, f"{key}.{place}", unit)
    elif value != "unlimited":
        yield from _quantity(model, value, key, unit)  # type: ignore[arg-type]


def _outcomes(model: ScenarioModel, outcomes: list[Outcome], key: str) -> Faults:
    for k, outcome in enumerate(outcomes):
        path = f"{key}.{k}"
        for event in outcome.events:
            yield from _event(event, f"{path}.events")
        for name in ("share", "of_rest"):
            quantity = getattr(outcome, name)
            if quantity is not None:
                yield from _quantity(model, quantity, f"{path}.{name}", "share")
        if outcome.to is not None:
            yield from _known(outcome.to, model.stations, f"{path}.to", "station")
        if outcome.way is not None:
            yield from _known(outcome.way, model.ways, f"{path}.way", "way")
        yield from _delay(model, outcome.after, f"{path}.after")
        yield from _delay(model, outcome.stay, f"{path}.stay")
        places = [outcome.place] if isinstance(outcome.place, str) else outcome.place or {}
        for place in places:
            yield from _known(place, model.places, f"{path}.place", "place")
        for name, word in outcome.sets.items():
            yield from _filter(model, {name: word}, f"{path}.sets")
        yield from _filter(model, outcome.where, f"{path}.where")


def _stations(model: ScenarioModel) -> Faults:
    for name, station in model.stations.items():
        key = f"stations.{name}"
        yield from _known(station.stage, process.load().stages, f"{key}.stage", "stage")
        for place in station.at:
            yield from _known(place, model.places, f"{key}.at", "place")
        yield from _known(
            station.calendar, ["every_day", *model.calendars], f"{key}.calendar", "calendar"
        )
        yield from _dated(model, station.capacity, f"{key}.capacity", "people a day")
        for event in station.postponed:
            yield from _event(event, f"{key}.postponed")
        for kind in ("outcomes", "when_full", "leave"):
            yield from _outcomes(model, getattr(station, kind), f"{key}.{kind}")
        yield from _delay(model, station.patience, f"{key}.patience")
        yield from _filter(model, station.impatient, f"{key}.impatient")
        for k, outcome in enumerate(station.leave):
            if outcome.to == name:
                yield f"{key}.leave.{k}.to: people cannot leave a queue for the same queue"
        yield from _station_needs(model, station, key)
        yield from _nobody_left_out(model, station, key)


def _station_needs(model: ScenarioModel, station: Station, key: str) -> Faults:
    if len(station.crews) > 2:
        yield f"{key}.crews: at most two crews at once"
    if len({need.crew for need in station.crews}) < len(station.crews):
        yield f"{key}.crews: names the same crew twice; add the units up"
    if station.booked and not station.crews:
        yield f"{key}.booked: a docket needs crews to plan its slots from"
    for k, need in enumerate(station.crews):
        for place in station.at:
            crew = need.crew.replace("{place}", place)
            yield from _known(crew, model.crews, f"{key}.crews.{k}.crew", "crew")
        yield from _quantity(model, need.units, f"{key}.crews.{k}.units", "number")
        if need.share is not None:
            yield from _quantity(model, need.share, f"{key}.crews.{k}.share", "share")
    for k, line in enumerate(station.lines):
        yield from _filter(model, line.where, f"{key}.lines.{k}.where")
        for place in station.at:
            if line.space is not None:
                space = line.space.replace("{place}", place)
                yield from _known(space, model.spaces, f"{key}.lines.{k}.space", "space")


def _nobody_left_out(model: ScenarioModel, station: Station, key: str) -> Faults:
    """Every class must find a line and an outcome, in custody or not."""
    for values in product(*model.classes.values()):
        words = dict(zip(model.classes, values, strict=True))
        for held in (False, True):
            for what, filters in (
                ("outcomes", [o.where for o in station.outcomes]),
                ("lines", [line.where for line in station.lines]),
                ("leave", [o.where for o in station.leave] or [{}]),
            ):
                if what == "leave" and not _fits_class(station.impatient, words, held):
                    continue
                if not any(_fits_class(f, words, held) for f in filters):
                    who = ", ".join(f"{n} {v}" for n, v in words.items())
                    custody = "in custody" if held else "not in custody"
                    yield f"{key}.{what}: nothing is said for {who}, {custody}"
                    return


def _fits_class(condition: Filter, words: dict[str, str], held: bool) -> bool:
    for name, wanted in condition.items():
        have: object = held if name == "held" else words.get(name)
        if have not in (wanted if isinstance(wanted, list) else [wanted]):
            return False
    return True


def _feeds(model: ScenarioModel) -> Faults:
    for name, feed in model.feeds.items():
        key = f"feeds.{name}"
        yield from _known(feed.at, model.places, f"{key}.at", "place")
        yield from _known(feed.calendar, ["every_day", *model.calendars], f"{key}.calendar", "calendar")
        if feed.size is not None:
            yield from _quantity(model, feed.size, f"{key}.size", "number")
        if feed.per_day is not None:
            yield from _dated(model, feed.per_day, f"{key}.per_day", "number")
        if feed.on is not None and not model.start <= feed.on <= model.to:
            yield f"{key}.on: {feed.on} is outside the run, {model.start} to {model.to}"
        for attribute, mix in feed.mix.items():
            yield from _known(attribute, model.classes, f"{key}.mix", "class")
            for value, quantity in mix.items():
                known = model.classes.get(attribute, [])
                yield from _known(value, known, f"{key}.mix.{attribute}", "value")
                yield from _quantity(model, quantity, f"{key}.mix.{attribute}.{value}", "share")
            if all(isinstance(q, Ranged) for q in mix.values()):
                total = sum(q.value for q in mix.values() if isinstance(q, Ranged))
                if abs(total - 1) > 1e-6:
                    yield f"{key}.mix.{attribute}: the shares sum to {total:g}, not 1"
        yield from _outcomes(model, feed.starts, f"{key}.starts")
        yield from _delay(model, feed.waited, f"{key}.waited")


def _ways(model: ScenarioModel) -> Faults:
    for name, way in model.ways.items():
        for event in way.events:
            yield from _event(event, f"ways.{name}.events")
        for place in way.place or {}:
            yield from _known(place, model.places, f"ways.{name}.place", "place")


def _spaces_and_crews(model: ScenarioModel) -> Faults:
    for name, space in model.spaces.items():
        yield from _known(space.place, model.places, f"spaces.{name}.place", "place")
        yield from _dated(model, space.room, f"spaces.{name}.room", "number")
    for name, crew in model.crews.items():
        yield from _known(crew.place, model.places, f"crews.{name}.place", "place")
        calendars = ["every_day", *model.calendars]
        yield from _known(crew.calendar, calendars, f"crews.{name}.calendar", "calendar")
        yield from _dated(model, crew.servers, f"crews.{name}.servers", "people")
        yield from _quantity(model, crew.units, f"crews.{name}.units", "number")
    for name, quantity in model.parameters.items():
        known = parameters.load()
        yield from _known(name, known, "parameters", "parameter")
        if name in known:
            unit = "share" if known[name].unit.startswith("share") else "number"
            yield from _quantity(model, quantity, f"parameters.{name}", unit)


def _changes(model: ScenarioModel) -> Faults:
    tables = {"crews": "servers", "spaces": "room", "stations": "capacity"}
    last = None
    for k, change in enumerate(model.change):
        key = f"change.{k}"
        if last is not None and change.on < last:
            yield f"{key}.on: dates out of order: {change.on} comes after {last}"
        last = change.on
        if change.announced is not None and change.announced > change.on:
            yield f"{key}.announced: {change.announced} is after the change itself, {change.on}"
        for path, quantity in change.set.items():
            table, _, rest = path.partition(".")
            name, _, what = rest.partition(".")
            if tables.get(table) != what or not what:
                known = [f"{t}.NAME.{w}" for t, w in tables.items()]
                yield f"{key}.set.{path}: cannot be changed by date; can be: {', '.join(known)}"
                continue
            yield from _known(name, getattr(model, table), f"{key}.set", table[:-1])
            yield from _quantity(model, quantity, f"{key}.set.{path}", "number")
        if change.lend is not None:
            yield from _known(change.lend.source, model.crews, f"{key}.lend.from", "crew")
            yield from _known(change.lend.to, model.crews, f"{key}.lend.to", "crew")
            yield from _quantity(model, change.lend.servers, f"{key}.lend.servers", "people")


def _measures(model: ScenarioModel) -> Faults:
    for name, measure in model.measures.items():
        key = f"measures.{name}"
        for feed in measure.feeds:
            yield from _known(feed, model.feeds, f"{key}.feeds", "feed")
        for pattern in [*measure.plus, *measure.minus, *measure.of]:
            event, _, place = pattern.partition("@")
            if "." in event:
                yield from _event(event, key)
            else:
                yield from _known(event, process.load().events, key, "event")
            if place:
                yield from _known(place, model.places, key, "place")
        if (measure.counts == "share") != bool(measure.of):
            yield f"{key}.of: a share needs it, a count does not"
    reports = {report.id for report in evidence.reports()}
    for k, item in enumerate(model.reported):
        yield from _known(item.measure, model.measures, f"reported.{k}.measure", "measure")
        yield from _known(item.report, reports, f"reported.{k}.report", "report")
        if item.role == "input" and model.input_until is not None and item.on is not None:
            if item.on > model.input_until:
                yield f"reported.{k}.role: {item.on} is after input_until, so it is a prediction"


def _costs(model: ScenarioModel) -> Faults:
    for name, cost in model.costs.items():
        known = [*model.spaces, *model.crews]
        yield from _known(cost.of, known, f"costs.{name}.of", "space or crew")
        yield from _quantity(model, cost.per_day, f"costs.{name}.per_day", "number")
