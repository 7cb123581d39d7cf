"""Checks of a scenario's numbers: names, units and ranges, and that probabilities sum to 1."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product

from asylumatlas import evidence, parameters
from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.parameters import Parameter
from asylumatlas.scenario.amounts import Delay, From, Quantity, Ranged
from asylumatlas.scenario.model import Outcome, ScenarioModel

Faults = Iterator[str]
Range = tuple[float, float, float]
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
        unit: what is needed: share, days, money, ratio (any number), or a count in words.
        by_class: whether the name may hold classes, as in "court.denied_share.{nationality}".
    """
    if isinstance(value, Ranged):
        yield from _own(value, key, unit)
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


def bounds(model: ScenarioModel, value: Quantity, words: dict[str, str]) -> Range:
    """(low, value, high) of a known quantity on the run's first day."""
    if isinstance(value, Ranged):
        low, high = value.bounds
        return low, value.value, high
    known = parameters.load()
    name = next(n for n in (_spelled(o, words) for o in value.split("|")) if n in known)
    if name in model.parameters:
        return bounds(model, model.parameters[name], words)
    entry = known[name].at(model.start)
    return entry.low, entry.value, entry.high


def highest(model: ScenarioModel, value: list[From] | Quantity) -> float:
    """The greatest central value of a known quantity, over all its dates."""
    if isinstance(value, list):
        return max(highest(model, item.is_) for item in value)
    if isinstance(value, str) and value not in model.parameters:
        parameter: Parameter = parameters.load()[value.split("|")[0]]
        return max(entry.value for entry in parameter.values)
    return bounds(model, value, {})[1]


def probabilities(
    model: ScenarioModel,
    outcomes: Sequence[Outcome],
    chosen: Sequence[int],
    words: dict[str, str],
    key: str,
) -> Faults:
    """That the outcomes which may happen to a class have probabilities that sum to 1, in any draw.

    Args:
        model: the scenario.
        outcomes: all of a station or feed.
        chosen: numbers of the outcomes whose `where` fits the class.
        words: the class, for shares that differ by class.
        key: key path of the outcomes.
    """
    low = central = high = 0.0
    for k in chosen:
        outcome = outcomes[k]
        if outcome.share is None and outcome.of_rest is None:
            if k != chosen[-1]:
                yield f"{key}.{k}: only the last outcome may have no share; it takes the rest"
                return
            low = central = 1.0
            high = max(high, 1.0)
        elif outcome.share is not None:
            least, value, most = bounds(model, outcome.share, words)
            low, central, high = low + least, central + value, high + most
        elif outcome.of_rest is not None:
            least, value, most = bounds(model, outcome.of_rest, words)
            low, central = low + least * (1 - low), central + value * (1 - central)
            high += most * max(1 - high, 0.0)
    if low < 1 - CLOSE or high > 1 + CLOSE:
        drawn = "" if low == high else f" ({low:g} to {high:g} as drawn)"
        yield (
            f"{key}: the probabilities sum to {central:g}{drawn}, not 1; leave the share of the "
            "last outcome out and it takes the rest"
        )
