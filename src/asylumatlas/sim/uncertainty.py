"""What a run does not know: one draw of every quantity a scenario uses.

Draw -1 is the central run: every quantity at its stated value. Draw k >= 0 inverts each quantity's
law at a uniform keyed by (seed, k, the quantity's name): triangular for what has a source, flat for
what is assumed. A quantity that changes by date keeps one uniform, so its dates move together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from asylumatlas import parameters
from asylumatlas.parameters import Dated, Parameter
from asylumatlas.scenario.amounts import From, NumberFrom, Quantity, Ranged, Scaled
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
        self.table = scenario.draws
        self.joint: dict[tuple[str, date], tuple[float, ...]] = {}
        for name in self.table.columns if self.table else ():
            if name not in scenario.parameters:
                self._known[name] = self._of_table(name)
        for name, override in scenario.parameters.items():
            unit = self._known[name].unit
            if isinstance(override, list):
                self._known[name] = _by_date(name, override, unit)
            else:
                self._known[name] = _as_parameter(name, override, unit)
        self._written: dict[str, tuple[Ranged, Parameter]] = {}
        self.used: dict[str, Use] = {}

    def _of_table(self, name: str) -> Parameter:
        """A parameter as the table of draws has it; its values are remembered in `joint`."""
        assert self.table is not None
        entries = []
        for step in self.table.steps[name]:
            low, value, high = step.bounds
            entries.append(Dated(step.start, value, low, high, None, ""))
            self.joint[name, step.start] = step.values
        return Parameter(name, self._known[name].unit, "", self.table.why, tuple(entries))

    def parameter(self, quantity: Quantity, key: str, words: dict[str, str]) -> Parameter:
        """The parameter behind a quantity; a number or table becomes one named by its key path.

        Of a multiple it is the parameter that is multiplied.
        """
        if isinstance(quantity, Ranged):
            written, parameter = self._written.get(key, (None, None))
            if written is not quantity or parameter is None:
                parameter = _as_parameter(key, quantity)
                self._written[key] = quantity, parameter
            return parameter
        if isinstance(quantity, Scaled):
            quantity = quantity.of
        for option in quantity.split("|"):
            name = re.sub(r"\{(\w+)\}", lambda found: words.get(found[1], found[0]), option)
            if name in self._known:
                return self._known[name]
        raise KeyError(quantity)

    def later(self, parameter: Parameter) -> list[Dated]:
        """The entries of a dated parameter that begin within the run, after its first day.

        The one that holds on the first day is not among them, also where it begins later.
        """
        first = parameter.at(self.start)
        within = [entry for entry in parameter.values if self.start < entry.start <= self.end]
        return [entry for entry in within if entry is not first]

    def note_later(self, parameter: Parameter) -> None:
        """Remember the entries that begin within the run, each by its date."""
        for entry in self.later(parameter):
            self.note(parameter, entry, f"{parameter.name} from {entry.start}")

    def changes(
        self, quantity: list[From] | Quantity, key: str, words: dict[str, str]
    ) -> set[date]:
        """Days after the run's first on which a quantity changes; the same in every draw."""
        if isinstance(quantity, list):
            own = {item.start for item in quantity[1:] if self.start < item.start <= self.end}
            found = (self.changes(i.is_, f"{key}.{k}", words) for k, i in enumerate(quantity))
            return own.union(*found)
        return {entry.start for entry in self.later(self.parameter(quantity, key, words))}

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


PLAIN = "as written in the scenario"


def _as_parameter(name: str, quantity: Ranged, unit: str = "") -> Parameter:
    low, high = quantity.bounds
    assumed = quantity.assumed or (None if quantity.source else PLAIN)
    entry = Dated(date.min, quantity.value, low, high, quantity.source or None, "")
    return Parameter(name, quantity.unit or unit, "", assumed, (entry,))


def _by_date(name: str, steps: list[NumberFrom], unit: str) -> Parameter:
    """A scenario's own dated parameter; it counts as assumed if one of its entries is."""
    numbers = [step.is_ for step in steps]
    entries = [_as_parameter(name, number, unit) for number in numbers]
    assumed = next((entry.assumed for entry in entries if entry.assumed), None)
    dated = [
        replace(entry.values[0], start=step.start)
        for entry, step in zip(entries, steps, strict=True)
    ]
    return Parameter(name, entries[0].unit, "", assumed, tuple(dated))


class Draw:
    """One draw of all quantities: numbers by quantity, key path, date and class words."""

    def __init__(self, quantities: Quantities, seed: int, index: int) -> None:
        self.quantities = quantities
        self.index = index
        self._seed = seed
        self._uniforms: dict[str, float] = {}
        self._drawn: dict[tuple[str, date], float] = {}
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
        drawn = self._value(parameter, on or self.quantities.start)
        return drawn * self._factor(quantity, key) if isinstance(quantity, Scaled) else drawn

    def _value(self, parameter: Parameter, when: date) -> float:
        """The drawn value of a parameter on a date."""
        entry = parameter.at(when)
        if parameter.name not in self.values:
            self.quantities.note(parameter, entry)
        known = self._drawn.get((parameter.name, entry.start))
        if known is not None:
            return known
        if self.index == CENTRAL or entry.low == entry.high:
            drawn = entry.value
        elif (parameter.name, entry.start) in self.quantities.joint:
            drawn = self.quantities.joint[parameter.name, entry.start][self._row]
        else:
            drawn = parameters.draw(parameter, when, self._uniform(parameter.name))
        self._drawn[parameter.name, entry.start] = drawn
        self.values.setdefault(parameter.name, drawn)
        return drawn

    def _factor(self, scaled: Scaled, key: str) -> float:
        """What a parameter is multiplied by; a bare number is structure, and not listed."""
        times = scaled.times
        if times.bounds[0] == times.bounds[1] and not (times.source or times.assumed):
            return times.value
        return self._value(
            self.quantities.parameter(times, f"{key}.times", {}), self.quantities.start
        )

    def _uniform(self, name: str) -> float:
        if name not in self._uniforms:
            self._uniforms[name] = randomness.uniform(self._seed, "draw", self.index, name)
        return self._uniforms[name]

    @cached_property
    def _row(self) -> int:
        """Row of the table of draws: the rows in an order of the seed's, over and over."""
        table = self.quantities.table
        rows = range(table.draws if table else 0)
        order = sorted(rows, key=lambda k: randomness.uniform(self._seed, "draws", k, "order"))
        return order[self.index % len(order)]

    def steps(
        self,
        quantity: list[From] | Quantity,
        key: str,
        words: dict[str, str] | None = None,
    ) -> list[tuple[date, float]]:
        """A dated quantity as (from date, value) steps; the first holds before its own date too."""
        if isinstance(quantity, list):
            steps: list[tuple[date, float]] = []
            for k, item in enumerate(quantity):
                own = self.steps(item.is_, f"{key}.{k}", words)
                before = [value for start, value in own if start <= item.start]
                steps = [step for step in steps if step[0] < item.start]
                steps.append((item.start, before[-1] if before else own[0][1]))
                steps += [step for step in own if step[0] > item.start]
            return steps
        parameter = self.quantities.parameter(quantity, key, words or {})
        self._value(parameter, self.quantities.start)  # noted under the bare name
        self.quantities.note_later(parameter)
        factor = self._factor(quantity, key) if isinstance(quantity, Scaled) else 1.0
        return [
            (entry.start, self._value(parameter, entry.start) * factor)
            for entry in parameter.values
        ]
