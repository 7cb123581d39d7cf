"""What a run does not know: one draw of every quantity a scenario uses.

Draw -1 is the central run: every quantity at its stated value. Draw k >= 0 inverts each quantity's
law at a uniform keyed by (seed, k, the quantity's name): triangular for what has a source, flat for
what is assumed. A quantity that changes by date keeps one uniform, so its dates move together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from asylumatlas import parameters
from asylumatlas.parameters import Dated, Parameter
from asylumatlas.scenario.amounts import From, Quantity, Ranged
from asylumatlas.scenario.model import ScenarioModel
from asylumatlas.sim import randomness

CENTRAL = -1


@dataclass(frozen=True)
class Use:
    """A quantity that a run used, as its report lists it.

    `name` is the parameter's own for the value of the first day, with a date for later ones.
    """

    name: str
    parameter: str
    value: float
    low: float
    high: float
    unit: str
    source: str
    assumed: str
    start: date | None

    @property
    def uncertain(self) -> bool:
        """Whether draws differ."""
        return self.high > self.low


class Quantities:
    """Every quantity of a scenario, with overrides applied; remembers which were used."""

    def __init__(self, scenario: ScenarioModel) -> None:
        self.start = scenario.start
        self.end = scenario.to
        self._known = dict(parameters.load())
        for name, quantity in scenario.parameters.items():
            self._known[name] = _as_parameter(name, quantity, self._known[name].unit)
        self.used: dict[str, Use] = {}

    def parameter(self, quantity: Quantity, key: str, words: dict[str, str]) -> Parameter:
        """The parameter behind a quantity; a number or table becomes one named by its key path."""
        if isinstance(quantity, Ranged):
            return _as_parameter(key, quantity)
        for option in quantity.split("|"):
            name = re.sub(r"\{(\w+)\}", lambda found: words.get(found[1], found[0]), option)
            if name in self._known:
                return self._known[name]
        raise KeyError(quantity)

    def note_later(self, parameter: Parameter) -> None:
        """Remember the entries of a dated parameter that begin within the run, each by its date.

        The one that holds on the first day is noted already, also where it begins later.
        """
        first = parameter.at(self.start)
        for entry in parameter.values:
            if entry is not first and self.start < entry.start <= self.end:
                self.note(parameter, entry, f"{parameter.name} from {entry.start}")

    def note(self, parameter: Parameter, entry: Dated, name: str = "") -> None:
        """Remember that a run used this entry; under the parameter's name unless told otherwise."""
        self.used[name or parameter.name] = Use(
            name or parameter.name,
            parameter.name,
            entry.value,
            entry.low,
            entry.high,
            parameter.unit,
            entry.source or "",
            parameter.assumed or "",
            entry.start if entry.start > date.min else None,
        )


def _as_parameter(name: str, quantity: Ranged, unit: str = "") -> Parameter:
    low, high = quantity.bounds
    assumed = quantity.assumed or (None if quantity.source else "as written in the scenario")
    entry = Dated(date.min, quantity.value, low, high, quantity.source or None, "")
    return Parameter(name, quantity.unit or unit, "", assumed, (entry,))


class Draw:
    """One draw of all quantities: numbers by quantity, key path, date and class words."""

    def __init__(self, quantities: Quantities, seed: int, index: int) -> None:
        self.quantities = quantities
        self.index = index
        self._seed = seed
        self._uniforms: dict[str, float] = {}
        self.values: dict[str, float] = {}

    def of(
        self,
        quantity: Quantity,
        key: str,
        words: dict[str, str] | None = None,
        on: date | None = None,
    ) -> float:
        """The drawn value of a quantity on a date (the scenario's first day if not given)."""
        parameter = self.quantities.parameter(quantity, key, words or {})
        when = on or self.quantities.start
        entry = parameter.at(when)
        if parameter.name not in self.values:
            self.quantities.note(parameter, entry)
        if self.index == CENTRAL or entry.low == entry.high:
            drawn = entry.value
        else:
            drawn = parameters.draw(parameter, when, self._uniform(parameter.name))
        self.values.setdefault(parameter.name, drawn)
        return drawn

    def _uniform(self, name: str) -> float:
        if name not in self._uniforms:
            self._uniforms[name] = randomness.uniform(self._seed, "draw", self.index, name)
        return self._uniforms[name]

    def steps(self, quantity: list[From] | Quantity, key: str) -> list[tuple[date, float]]:
        """A dated quantity as (from date, value) steps; the first holds before its own date too."""
        if isinstance(quantity, list):
            steps: list[tuple[date, float]] = []
            for k, item in enumerate(quantity):
                own = self.steps(item.is_, f"{key}.{k}")
                before = [value for start, value in own if start <= item.start]
                steps = [step for step in steps if step[0] < item.start]
                steps.append((item.start, before[-1] if before else own[0][1]))
                steps += [step for step in own if step[0] > item.start]
            return steps
        parameter = self.quantities.parameter(quantity, key, {})
        self.of(quantity, key)  # the entry of the first day is noted under the bare name
        self.quantities.note_later(parameter)
        return [(entry.start, self.of(quantity, key, on=entry.start)) for entry in parameter.values]
