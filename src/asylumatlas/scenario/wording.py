"""A scenario's numbers in a reader's words: what each is of, and whether it was known in time."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from asylumatlas import evidence, process
from asylumatlas.scenario.model import ScenarioModel

__all__ = ["label", "late", "words"]


def label(model: ScenarioModel, name: str) -> str:
    """A quantity in a reader's words: what it is of, then what it is.

    Args:
        model: the scenario.
        name: a parameter's name, or the key path of a number written in the scenario.

    Example:
        >>> from asylumatlas.scenario import load_scenario
        >>> label(load_scenario("caravan-2018").model, "feeds.advance_group.size")
        'The advance group that reached the border on 20 April: size'
    """
    table, _, rest = name.partition(".")
    if table == "stations" and ".outcomes." in rest:
        station, _, place = rest.partition(".outcomes.")
        return f"{_named(model.stations[station], station)}: {_outcome(model, station, place)}"
    if table in ("stations", "feeds", "crews", "spaces", "costs"):
        owner, _, what = rest.partition(".")
        holder = getattr(model, table)
        return f"{_named(holder[owner], owner)}: {words(what)}" if owner in holder else words(rest)
    if table == "change":
        number, _, what = rest.partition(".")
        what = re.sub(r"^(set|add)\.", "", what)
        return f"{model.change[int(number)].what}: {words(what)}"
    return words(rest or table)


def late(start: date | None, source: str, until: date | None) -> str:
    """What makes a quantity hindsight for a scenario that knows nothing after `until`, or "".

    Example:
        >>> late(date(2018, 6, 1), "", date(2018, 5, 4)), late(None, "", date(2018, 5, 4))
        ('holds from 2018-06-01', '')
    """
    if until is None:
        return ""
    if start is not None and start > until:
        return f"holds from {start}"
    if source:
        published = evidence.source(source).date
        found = re.match(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", published)
        if found:
            year, month, day = (int(part) if part else 1 for part in found.groups())
            if date(year, month, day) > until:
                return f"published {published}"
    return ""


def words(name: str) -> str:
    """A key path in words; the number by which a parameter is multiplied is its factor.

    Example:
        >>> words("san_ysidro.caravan_intake"), words("size.times")
        ('san ysidro, caravan intake', 'size, factor')
    """
    if name.endswith(".times"):
        name = name.removesuffix("times") + "factor"
    return name.replace(".", ", ").replace("_", " ")


def _named(thing: Any, name: str) -> str:
    return str(getattr(thing, "label", "")) or words(name)


def _outcome(model: ScenarioModel, station: str, place: str) -> str:
    """What a share or delay of an outcome is of; `place` is like "0.share" or "0.after.days"."""
    number, _, what = place.partition(".")
    outcome = model.stations[station].outcomes[int(number)]
    said = "go on" if not outcome.events else _event(outcome.events[-1])
    if outcome.to and (not outcome.events or outcome.events[-1] in ("place_reached",)):
        said = f"go on to {_named(model.stations[outcome.to], outcome.to)}"
    kinds = {"share": "share of all", "of_rest": "share of the rest"}
    return f"{kinds.get(what, words(what))}, {said}"


def _event(text: str) -> str:
    event, _, outcome = text.partition(".")
    vocabulary = process.load()
    said = vocabulary.events[event].label
    return f"{said}: {vocabulary.outcomes[outcome].label}" if outcome else said
