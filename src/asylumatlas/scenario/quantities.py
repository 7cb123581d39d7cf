"""Checks of a scenario's numbers: names, units and ranges, and that probabilities sum to 1."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import product
from typing import TypeVar

from asylumatlas import evidence, parameters
from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.scenario.amounts import Delay, From, NumberFrom, Quantity, Ranged, Scaled
from asylumatlas.scenario.drawn import Step
from asylumatlas.scenario.model import Outcome, ScenarioModel

Faults = Iterator[str]
Range = tuple[float, float, float]
Item = TypeVar("Item", From, NumberFrom)
CLOSE = 1e-9
UNITS = {"share": ("share",), "days": ("days", "working days"), "money": ("USD",)}


def fits(unit: str, wanted: str) -> bool:
    """Whether a unit in words can serve: as a share, days, money or a number of things.

    Example:
        >>> fits("share of interviews", "share"), fits("days", "share"), fits("beds", "number")
        (True, False, True)
    """
    if wanted in UNITS:
        return unit.startswith(UNITS[wanted])
    return wanted == "ratio" or not unit.startswith(tuple(u for us in UNITS.values() for u in us))


def quantity(
    model: ScenarioModel, value: Quantity, key: str, unit: str, by_class: bool = False
) -> Faults:
    """That a quantity is known, in range and in a unit that serves.

    Args:
        model: the scenario.
        value: the quantity.
        key: its key path.
        unit: what is needed: share, days, money, ratio (any number), or a count in words. A
            multiple of a parameter is in the parameter's unit.
        by_class: whether the name may hold classes, as in "court.denied_share.{nationality}".
    """
    if isinstance(value, Ranged):
        yield from _own(value, key, unit)
        return
    if isinstance(value, Scaled):
        faults = [*quantity(model, value.of, f"{key}.of", unit, by_class)]
        faults += _own(value.times, f"{key}.times", "ratio")
        yield from faults or _scaled(model, value, key, unit)
        return
    known = parameters.load()
    if "{" in value and not by_class:
        yield f"{key}: {value!r} differs by class; only a share of outcomes at a station may"
        return
    for words in _combinations(model, value):
        names = [_spelled(option, words) for option in value.split("|")]
        if not any(name in known for name in names):
            yield f"{key}: unknown parameter {names[0]!r}.{did_you_mean(names[0], known)}"
            return
        for name in names:
            if name in known and not fits(known[name].unit, unit):
                yield f"{key}: wrong unit: {name} is in {known[name].unit!r}, needed: {unit}"
                return


def _own(value: Ranged, key: str, unit: str) -> Faults:
    """Faults of a number written in the scenario itself."""
    low, high = value.bounds
    if value.unit and not fits(value.unit, unit):
        yield f"{key}: wrong unit: {value.unit!r}, needed: {unit}"
    elif unit == "share" and not (low >= 0 and high <= 1):
        yield f"{key}: {low if low < 0 else high:g} is not a share: must lie between 0 and 1"
    elif low < 0:
        yield f"{key}: {low:g} must not be negative"
    if value.source and value.source not in evidence.sources():
        hint = did_you_mean(value.source, evidence.sources())
        yield f"{key}.source: unknown source {value.source!r}.{hint}"


def _scaled(model: ScenarioModel, value: Scaled, key: str, unit: str) -> Faults:
    """That no multiple of a share is above 1, for any class on any day."""
    if unit != "share":
        return
    for words in _combinations(model, value.of):
        for on in (model.start, *dates(model, value, words)):
            most = bounds(model, value, words, on)[2]
            if most > 1 + CLOSE:
                yield f"{key}: {most:g} is not a share: must lie between 0 and 1"
                return


def _combinations(model: ScenarioModel, text: str) -> Iterator[dict[str, str]]:
    """Every choice of words for the classes that a name holds."""
    names = [n for n in dict.fromkeys(re.findall(r"\{(\w+)\}", text)) if n in model.classes]
    for values in product(*(model.classes[n] for n in names)):
        yield dict(zip(names, values, strict=True))


def _spelled(text: str, words: dict[str, str]) -> str:
    for name, word in words.items():
        text = text.replace("{" + name + "}", word)
    return text


def delay(model: ScenarioModel, law: Delay | None, key: str) -> Faults:
    """That a law's numbers are days, and in an order that makes sense."""
    if law is None:
        return
    faults: list[str] = []
    for name in ("days", "low", "high", "mean", "median", "p90"):
        value = getattr(law, name)
        if value is not None:
            faults += quantity(model, value, f"{key}.{name}", "days")
    yield from faults
    if faults:
        return
    for lesser, greater in (("low", "high"), ("median", "p90")):
        if getattr(law, lesser) is not None:
            small = bounds(model, getattr(law, lesser), {})
            large = bounds(model, getattr(law, greater), {})
            if small[1] > large[1]:
                yield f"{key}: {lesser} {small[1]:g} is greater than {greater} {large[1]:g}"
    if law.median is not None and bounds(model, law.median, {})[0] <= 0:
        yield f"{key}.median: must be greater than 0"


def bounds(
    model: ScenarioModel,
    value: list[From] | Quantity,
    words: dict[str, str],
    on: date | None = None,
) -> Range:
    """(low, value, high) of a known quantity on a date, the run's first day if not given."""
    on = on or model.start
    if isinstance(value, Ranged):
        low, high = value.bounds
        return low, value.value, high
    if isinstance(value, Scaled):
        factors = bounds(model, value.times, words)
        low, middle, high = bounds(model, value.of, words, on)
        return low * factors[0], middle * factors[1], high * factors[2]
    if isinstance(value, list):
        return bounds(model, _holding(value, on).is_, words, on)
    name = _name(value, words)
    if name in model.parameters:
        own = model.parameters[name]
        return bounds(model, _holding(own, on).is_ if isinstance(own, list) else own, words)
    if model.draws is not None and name in model.draws.columns:
        return model.draws.at(name, on).bounds
    entry = parameters.load()[name].at(on)
    return entry.low, entry.value, entry.high


def _name(text: str, words: dict[str, str]) -> str:
    """The first known parameter of those that a text such as "a.{kind}|a.other" names."""
    known = parameters.load()
    return next(n for n in (_spelled(option, words) for option in text.split("|")) if n in known)


def _holding(items: Sequence[Item], on: date) -> Item:
    """The item of a dated list that holds on a date; the first one holds before its own, too."""
    held = items[0]
    for item in items[1:]:
        held = item if item.start <= on else held
    return held


def dates(
    model: ScenarioModel, value: list[From] | Quantity | None, words: dict[str, str]
) -> set[date]:
    """The days after the run's first on which a known quantity changes.

    Args:
        model: the scenario.
        value: the quantity, or a list of them by date.
        words: the class, for a parameter that differs by class.
    """
    if isinstance(value, Scaled):
        value = value.of
    if isinstance(value, list):
        changes = {item.start for item in value[1:]}.union(
            *(dates(model, item.is_, words) for item in value)
        )
    elif isinstance(value, str):
        name = _name(value, words)
        own = model.parameters.get(name)
        entries: Sequence[NumberFrom | parameters.Dated | Step]
        if own is not None:
            entries = own if isinstance(own, list) else ()
        elif model.draws is not None and name in model.draws.columns:
            entries = model.draws.steps[name]
        else:
            entries = parameters.load()[name].values
        changes = {entry.start for entry in entries[1:]}
    else:
        return set()
    return {on for on in changes if model.start < on <= model.to}


def highest(model: ScenarioModel, value: list[From] | Quantity, drawn: bool = False) -> float:
    """The greatest central value of a known quantity over the run, or the greatest in any draw."""
    days = (model.start, *dates(model, value, {}))
    return max(bounds(model, value, {}, on)[2 if drawn else 1] for on in days)


def probabilities(
    model: ScenarioModel,
    outcomes: Sequence[Outcome],
    chosen: Sequence[int],
    words: dict[str, str],
    key: str,
) -> Faults:
    """That the outcomes which may happen to a class have probabilities that sum to 1.

    In any draw, on every day.

    Args:
        model: the scenario.
        outcomes: all of a station or feed.
        chosen: numbers of the outcomes whose `where` fits the class.
        words: the class, for shares that differ by class.
        key: key path of the outcomes.
    """
    for k in chosen[:-1]:
        if outcomes[k].share is None and outcomes[k].of_rest is None:
            yield f"{key}.{k}: only the last outcome may have no share; it takes the rest"
            return
    given = [value for k in chosen for value in (outcomes[k].share, outcomes[k].of_rest)]
    changes = set[date]().union(*(dates(model, value, words) for value in given))
    for on in (model.start, *sorted(changes)):
        found = list(_sum(model, [outcomes[k] for k in chosen], words, key, on))
        if found:
            yield found[0]
            return


def _sum(
    model: ScenarioModel, outcomes: Sequence[Outcome], words: dict[str, str], key: str, on: date
) -> Faults:
    """That the probabilities sum to 1 on one day."""
    low = central = high = 0.0
    for outcome in outcomes:
        if outcome.share is not None:
            least, value, most = bounds(model, outcome.share, words, on)
            low, central, high = low + least, central + value, high + most
        elif outcome.of_rest is not None:
            least, value, most = bounds(model, outcome.of_rest, words, on)
            low, central = low + least * (1 - low), central + value * (1 - central)
            high += most * max(1 - high, 0.0)
        else:
            low = central = 1.0
            high = max(high, 1.0)
    if low < 1 - CLOSE or high > 1 + CLOSE:
        drawn = "" if low == high else f" ({low:g} to {high:g} as drawn)"
        drawn += "" if on == model.start else f" from {on}"
        yield (
            f"{key}: the probabilities sum to {central:g}{drawn}, not 1; leave the share of the "
            "last outcome out and it takes the rest"
        )
