"""Every name a scenario uses must exist: events, stages, stations, places, crews, dates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from asylumatlas import evidence, parameters, process
from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.scenario import quantities
from asylumatlas.scenario.amounts import Ranged, Scaled
from asylumatlas.scenario.model import (
    Feed,
    Filter,
    Measure,
    Outcome,
    ScenarioModel,
    Station,
)
from asylumatlas.scenario.quantities import Faults

MOST = 200  # faults told; who mends these runs the check again
KINDS = ("single_adult", "family", "unaccompanied_child", "unknown")


def check_names(model: ScenarioModel) -> list[str]:
    """Faults of a scenario whose shape is right, as "key path: what is wrong" lines."""
    faults = list(_classes(model))
    if faults:  # too many classes would take for ever below
        return faults
    checks = [
        _cohort,
        _stations,
        _feeds,
        _ways,
        _spaces_and_crews,
        _overrides,
        _measures,
        _reported,
        _costs,
    ]
    found = dict.fromkeys(fault for check in checks for fault in islice(check(model), MOST))
    return list(found)[:MOST]


def _known(word: str, known: Iterable[str], key: str, what: str) -> Faults:
    names = list(known)
    if word not in names:
        yield f"{key}: unknown {what} {word!r}.{did_you_mean(word, names)}"


def _classes(model: ScenarioModel) -> Faults:
    size = 1
    for name, values in model.classes.items():
        size *= len(values)
        if not all(values) or not values or len(set(values)) < len(values):
            yield f"classes.{name}: needs at least one value, each once, none empty"
        if name in ("held", "place"):
            yield f"classes.{name}: the name is taken: it says where a person is"
    if size > 255:
        yield f"classes: {size} combinations, at most 255"
    for word in model.classes.get("kind", []):
        yield from _known(word, KINDS, "classes.kind", "kind of case")
    for word in model.classes.get("nationality", []):
        if word != "unknown" and not re.fullmatch("[A-Z]{3}", word):
            yield f"classes.nationality: {word!r} is not an ISO 3166-1 alpha-3 code, OTH or unknown"
    for name, limit in (
        ("stations", 255 - len(model.feeds)),
        ("places", 255),
        ("spaces", 254),
        ("ways", 255),
    ):
        if len(getattr(model, name)) > limit:
            yield f"{name}: more than {limit}"
    for name in ("places", "stations", "feeds"):
        if not all(getattr(model, name)):
            yield f"{name}: a name must not be empty"
    if "every_day" in model.calendars:
        yield "calendars.every_day: the name is taken: it is open on every day"


def _cohort(model: ScenarioModel) -> Faults:
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
                yield f"{key}.held: must be true or false"
            continue
        yield from _known(name, [*model.classes, "held"], key, "class")
        if name in model.classes:
            for word in wanted if isinstance(wanted, list) else [wanted]:
                yield from _known(str(word), model.classes[name], f"{key}.{name}", "value")


def _sets(model: ScenarioModel, sets: dict[str, str], key: str) -> Faults:
    for name, word in sets.items():
        yield from _known(name, model.classes, key, "class")
        if name in model.classes:
            yield from _known(word, model.classes[name], f"{key}.{name}", "value")


def _in_order(items: Sequence[Any], key: str) -> Faults:
    dates = [item.start for item in items]
    if dates != sorted(dates) or len(set(dates)) < len(dates):
        yield f"{key}: dates out of order: each `from` must be later than the one before"


def _dated(
    model: ScenarioModel, value: object, key: str, unit: str, by_class: bool = False
) -> Faults:
    if isinstance(value, list):
        for k, item in enumerate(value):
            yield from quantities.quantity(model, item.is_, f"{key}.{k}.is", unit, by_class)
        yield from _in_order(value, key)
    elif isinstance(value, dict):
        for place, item in value.items():
            yield from _known(place, model.places, key, "place")
            yield from _dated(model, item, f"{key}.{place}", unit)
    elif isinstance(value, str | Ranged | Scaled) and value != "unlimited":
        yield from quantities.quantity(model, value, key, unit, by_class)


def _weights(model: ScenarioModel, place: object, key: str) -> Faults:
    """A place, or places and how likely each is."""
    weights = place if isinstance(place, dict) else {}
    for name in [place] if isinstance(place, str) else weights:
        yield from _known(str(name), model.places, key, "place")
    for name, weight in weights.items():
        yield from quantities.quantity(model, weight, f"{key}.{name}", "ratio")
    if weights and all(isinstance(w, Ranged) and w.bounds[1] <= 0 for w in weights.values()):
        yield f"{key}: the weights must have a positive sum"


def _outcomes(model: ScenarioModel, outcomes: list[Outcome], key: str) -> Faults:
    for k, outcome in enumerate(outcomes):
        path = f"{key}.{k}"
        for event in outcome.events:
            yield from _event(event, f"{path}.events")
        for name in ("share", "of_rest"):
            value = getattr(outcome, name)
            if value is not None:
                by_class = not key.startswith("feeds.")
                yield from _dated(model, value, f"{path}.{name}", "share", by_class)
        if outcome.to is not None:
            yield from _known(outcome.to, model.stations, f"{path}.to", "station")
        if outcome.way is not None:
            yield from _known(outcome.way, model.ways, f"{path}.way", "way")
        yield from quantities.delay(model, outcome.after, f"{path}.after")
        yield from quantities.delay(model, outcome.stay, f"{path}.stay")
        yield from _weights(model, outcome.place, f"{path}.place")
        yield from _sets(model, outcome.sets, f"{path}.sets")
        yield from _filter(model, outcome.where, f"{path}.where")


def _stations(model: ScenarioModel) -> Faults:
    for name, station in model.stations.items():
        key = f"stations.{name}"
        yield from _station(model, name, station, key)
        yield from _station_needs(model, station, key)
        yield from _station_places(model, station, key)


def _station(model: ScenarioModel, name: str, station: Station, key: str) -> Faults:
    yield from _known(station.stage, process.load().stages, f"{key}.stage", "stage")
    yield from _calendar(model, station.calendar, key)
    yield from _dated(model, station.capacity, f"{key}.capacity", "people a day")
    if station.scatter is not None:
        spread = station.scatter.relative_sd
        yield from quantities.quantity(model, spread, f"{key}.scatter.relative_sd", "ratio")
    for event in station.postponed:
        yield from _event(event, f"{key}.postponed")
    for kind in ("outcomes", "when_full", "leave"):
        yield from _outcomes(model, getattr(station, kind), f"{key}.{kind}")
    yield from quantities.delay(model, station.patience, f"{key}.patience")
    yield from _filter(model, station.impatient, f"{key}.impatient")
    for k, outcome in enumerate(station.leave):
        if outcome.to == name:
            yield f"{key}.leave.{k}.to: people cannot leave a queue for the same queue"
    for k, closure in enumerate(station.closed):
        yield from _source(closure.source, f"{key}.closed.{k}")


def _calendar(model: ScenarioModel, calendar: str, key: str) -> Faults:
    known = ["every_day", *model.calendars]
    yield from _known(calendar, known, f"{key}.calendar", "calendar")


def _source(source: str, key: str) -> Faults:
    if source:
        yield from _known(source, evidence.sources(), f"{key}.source", "source")


def _station_places(model: ScenarioModel, station: Station, key: str) -> Faults:
    if not station.at or len(set(station.at)) < len(station.at):
        yield f"{key}.at: needs at least one place, each once"
    for place in station.at:
        yield from _known(place, model.places, f"{key}.at", "place")
    if isinstance(station.capacity, dict):
        for place in station.capacity:
            if place in model.places and place not in station.at:
                yield f"{key}.capacity.{place}: the station is not at {place!r}"


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
        yield from quantities.quantity(model, need.units, f"{key}.crews.{k}.units", "number")
        if need.share is not None:
            yield from _dated(model, need.share, f"{key}.crews.{k}.share", "share")
    for k, line in enumerate(station.lines):
        if isinstance(line.order, list):
            yield from _in_order(line.order, f"{key}.lines.{k}.order")
        yield from _filter(model, line.where, f"{key}.lines.{k}.where")
        for place in station.at:
            if line.space is not None:
                space = line.space.replace("{place}", place)
                yield from _known(space, model.spaces, f"{key}.lines.{k}.space", "space")


def _feeds(model: ScenarioModel) -> Faults:
    for name, feed in model.feeds.items():
        key = f"feeds.{name}"
        yield from _known(feed.at, model.places, f"{key}.at", "place")
        yield from _calendar(model, feed.calendar, key)
        if feed.size is not None:
            yield from quantities.quantity(model, feed.size, f"{key}.size", "number")
        if feed.per_day is not None:
            yield from _dated(model, feed.per_day, f"{key}.per_day", "number")
        if feed.on is not None and not model.start <= feed.on <= model.to:
            yield f"{key}.on: {feed.on} is outside the run, {model.start} to {model.to}"
        if feed.until is not None and feed.until < model.start:
            yield f"{key}.until: {feed.until} is before the run, which starts on {model.start}"
        for attribute, mix in feed.mix.items():
            yield from _mix(model, attribute, mix, f"{key}.mix")
        yield from _starts(model, feed, f"{key}.starts")
        yield from quantities.delay(model, feed.waited, f"{key}.waited")


def _mix(model: ScenarioModel, attribute: str, mix: dict[str, Any], key: str) -> Faults:
    if attribute not in model.classes:
        yield from _known(attribute, model.classes, key, "class")
        return
    known = model.classes[attribute]
    for value, quantity in mix.items():
        yield from _known(value, known, f"{key}.{attribute}", "value")
        yield from quantities.quantity(model, quantity, f"{key}.{attribute}.{value}", "share")
    if all(isinstance(quantity, Ranged) for quantity in mix.values()):
        total = sum(quantity.value for quantity in mix.values())
        if abs(total - 1) > 1e-6:
            yield f"{key}.{attribute}: the shares sum to {total:g}, not 1"


def _starts(model: ScenarioModel, feed: Feed, key: str) -> Faults:
    yield from _outcomes(model, feed.starts, key)
    for k, outcome in enumerate(feed.starts):
        if outcome.where:
            yield f"{key}.{k}.where: a start cannot depend on class or custody"


def _ways(model: ScenarioModel) -> Faults:
    for name, way in model.ways.items():
        for event in way.events:
            yield from _event(event, f"ways.{name}.events")
        yield from _weights(model, way.place, f"ways.{name}.place")
        yield from _sets(model, way.sets, f"ways.{name}.sets")


def _spaces_and_crews(model: ScenarioModel) -> Faults:
    for name, space in model.spaces.items():
        yield from _known(space.place, model.places, f"spaces.{name}.place", "place")
        yield from _dated(model, space.room, f"spaces.{name}.room", "number")
    for name, crew in model.crews.items():
        key = f"crews.{name}"
        yield from _known(crew.place, model.places, f"{key}.place", "place")
        yield from _calendar(model, crew.calendar, key)
        yield from _dated(model, crew.servers, f"{key}.servers", "people")
        yield from _dated(model, crew.units, f"{key}.units", "number")
        cost = crew.cost_per_server_day
        if cost is not None:
            yield from quantities.quantity(model, cost, f"{key}.cost_per_server_day", "money")


def _overrides(model: ScenarioModel) -> Faults:
    known = parameters.load()
    for name, quantity in model.parameters.items():
        yield from _known(name, known, "parameters", "parameter")
        if name in known:
            unit = next((u for u in quantities.UNITS if quantities.fits(known[name].unit, u)), "")
            yield from _dated(model, quantity, f"parameters.{name}", unit or known[name].unit)


def _measures(model: ScenarioModel) -> Faults:
    for name, measure in model.measures.items():
        key = f"measures.{name}"
        for feed in measure.feeds:
            yield from _known(feed, model.feeds, f"{key}.feeds", "feed")
        if measure.place:
            yield from _known(measure.place, model.places, f"{key}.place", "place")
        yield from _patterns(model, measure, key)
        if (measure.counts == "share") != bool(measure.of):
            yield f"{key}.of: a share needs it, a count does not"
        if measure.counts in ("on_day", "share") and measure.minus:
            yield f"{key}.minus: only a count so far can be lessened"


def _patterns(model: ScenarioModel, measure: Measure, key: str) -> Faults:
    """Patterns "event.outcome@place", the outcome and the place being optional."""
    for part in ("plus", "minus", "of"):
        for pattern in getattr(measure, part):
            event, _, place = pattern.partition("@")
            if "." in event:
                yield from _event(event, f"{key}.{part}")
            else:
                yield from _known(event, process.load().events, f"{key}.{part}", "event")
            if place or "@" in pattern:
                yield from _known(place, model.places, f"{key}.{part}", "place")


def _reported(model: ScenarioModel) -> Faults:
    reports = {report.id: report for report in evidence.reports()}
    for k, item in enumerate(model.reported):
        key = f"reported.{k}"
        yield from _known(item.measure, model.measures, f"{key}.measure", "measure")
        yield from _known(item.report, reports, f"{key}.report", "report")
        if item.report in reports and item.role == "input" and model.input_until is not None:
            on = item.on or reports[item.report].last_day
            if on > model.input_until:
                yield f"{key}.role: {on} is after input_until, so it is a prediction"


def _costs(model: ScenarioModel) -> Faults:
    for name, cost in model.costs.items():
        known = [*model.spaces, *model.crews]
        yield from _known(cost.of, known, f"costs.{name}.of", "space or crew")
        yield from quantities.quantity(model, cost.per_day, f"costs.{name}.per_day", "money")
