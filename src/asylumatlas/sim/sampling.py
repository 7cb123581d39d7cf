"""Some of the people instead of all: what a reader must know of numbers from a scale below 1."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from asylumatlas.sim.rules import Rules
from asylumatlas.sim.uncertainty import Draw

LOSS = 0.1  # part of a crew's day or of a room that is lost by rounding, from which one is told
NAMED = 4


def times(weight: float) -> str:
    """Return how many people each one stands for, as people read it.

    Example:
        >>> times(100.0), times(1 / 0.03), times(10_000.0)
        ('100', '33.33', '10,000')
    """
    return f"{weight:,.4g}" if weight < 1000 else f"{weight:,.0f}"


def of_run(weight: float) -> str:
    """Return what holds of a summary, whose numbers are multiplied."""
    return f"{of_numbers(weight)} Conservation and the event log count simulated people."


def of_numbers(weight: float) -> str:
    """Return what holds of numbers that are multiplied."""
    return (
        f"{_some(weight)} Numbers here are for the whole system: each simulated person counts "
        f"{times(weight)} times, so luck shows larger than it is, most of all in small counts. "
        f"{_LUMPS}"
    )


def of_log(weight: float) -> str:
    """Return what holds of an event log, whose numbers are not multiplied."""
    return (
        f"{_some(weight)} Numbers counted in this log are of those: multiply people, days used and "
        f"money by {times(weight)} for the whole system. {_LUMPS}"
    )


_LUMPS = (
    "Where that leaves a place a small part of a server, service comes in lumps and waits come out "
    "longer than with everyone: before you quote a wait or what hangs on it, compare with a larger "
    "scale."
)


def _some(weight: float) -> str:
    return f"1 person in {times(weight)} is simulated, by as much less staff and room."


def too_coarse(rules: Rules) -> list[str]:
    """Name crews and rooms that a scale makes too small: one sentence, or none.

    Of a day's work only whole services are begun, unless a crew carries them into the next day; of
    a room only whole places are filled. Where everyone is simulated little is lost by that.
    """
    scale = rules.model.scale
    if scale == 1.0:
        return []
    draw = rules.draw(-1)
    found = [*_crews(rules, draw), *_spaces(rules, draw)]
    if not found:
        return []
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return [
        f"Scale {scale:g} is too small for {', '.join(found[:NAMED])}{more}: whole services and "
        f"places leave more than {100 * LOSS:.0f} % of the day's work or room unused, so fewer are "
        "served or held than with everyone. Use a larger scale."
    ]


def _crews(rules: Rules, draw: Draw) -> Iterator[str]:
    """Crews of whose day rounding takes more than with everyone, by the least that they serve."""
    model, scale = rules.model, rules.model.scale
    needs = rules.capacities.needs(draw)
    least: dict[str, int] = {}
    for (name, place), units in zip(rules.layout.desks, needs, strict=True):
        for need, unit in zip(model.stations[name].crews, units.tolist(), strict=False):
            crew = need.crew.replace("{place}", place)
            least[crew] = min(unit, least.get(crew, unit))
    days = rules.capacities.units(draw).max(axis=0)
    for (crew, what), units in zip(model.crews.items(), days.tolist(), strict=True):
        if what.carries or crew not in least or not units:
            continue
        if _lost(units, least[crew]) > LOSS + _lost(units / scale, least[crew]):
            yield crew


def _spaces(rules: Rules, draw: Draw) -> Iterator[str]:
    """Spaces of whose room rounding takes more than with everyone."""
    model, scale = rules.model, rules.model.scale
    for name, space in model.spaces.items():
        room = max(value for _, value in draw.steps(space.room, f"spaces.{name}.room"))
        if room * scale < 1 / LOSS and _lost(room * scale, 1) > LOSS + _lost(room, 1):
            yield name


def _lost(much: float, each: float) -> float:
    """Part of a number that is left over when it is dealt out in whole pieces."""
    return 1 - float(np.floor(much / each + 1e-9)) * each / much if much > 0 else 0.0
