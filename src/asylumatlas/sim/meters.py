"""What a run used: bed-days, days of staff, hearings postponed, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from asylumatlas.scenario.amounts import From, Quantity, Scaled
from asylumatlas.sim.replication import Replication
from asylumatlas.sim.rules import CREW_SCALE, Rules
from asylumatlas.sim.uncertainty import Draw

Numbers = NDArray[np.float64]


class Meter(NamedTuple):
    """One meter; `values` is (R,), one for each replication."""

    name: str
    label: str
    place: str
    unit: str
    values: Numbers

    def times(self, weight: float) -> Meter:
        """The meter of a system so many times larger; a share stays what it is."""
        if weight == 1.0 or self.unit == "share":
            return self
        return self._replace(values=self.values * weight)


def read(rules: Rules, replications: Sequence[Replication], draws: Sequence[int]) -> list[Meter]:
    """The meters of some replications, of the people who were simulated.

    Args:
        rules: of the run.
        replications: the run's.
        draws: number of the draw of each.
    """
    meters = _Meters(rules, replications, draws)
    postponed = np.array([r.postponed for r in replications], float)
    label = "Hearings postponed for want of people"
    rows = [*meters.spaces(), *meters.crews()]
    return [*rows, Meter("hearings_postponed", label, "", "hearings", postponed)]


class _Meters:
    """Reads spaces and crews; a draw is made once."""

    def __init__(
        self, rules: Rules, replications: Sequence[Replication], draws: Sequence[int]
    ) -> None:
        self.rules, self.replications, self.numbers = rules, replications, draws
        single = len(replications) == 1  # one replication alone has the central draw
        self.draws: dict[int, Draw] = {
            k: rules.draw(-1 if single else k) for k in sorted(set(draws))
        }

    def spaces(self) -> Iterator[Meter]:
        model = self.rules.model
        beds = np.array([r.bed_days for r in self.replications], float)
        days = dict(zip(model.spaces, beds.T, strict=True))
        for name, space in model.spaces.items():
            label = f"{space.label or name}: days used"
            yield Meter(f"{name}.days", label, space.place, "days", days[name])
        for name, cost in model.costs.items():
            if cost.of in days:
                price = self._quantity(cost.per_day, f"costs.{name}.per_day")
                place = model.spaces[cost.of].place
                money = days[cost.of] * price
                yield Meter(f"{name}.cost", f"{cost.label}: cost", place, "USD", money)

    def crews(self) -> Iterator[Meter]:
        used = np.array([r.crew_used for r in self.replications], float)
        units = np.array([r.crew_units for r in self.replications], float)
        days = self._server_days(units)
        for k, (name, crew) in enumerate(self.rules.model.crews.items()):
            label, place = crew.label or name, crew.place
            present = days[:, k]
            part = np.divide(
                used[:, k], units[:, k], out=np.zeros(len(used)), where=units[:, k] > 0
            )
            yield Meter(f"{name}.server_days", f"{label}: days present", place, "days", present)
            yield Meter(f"{name}.busy", f"{label}: share of time used", place, "share", part)
            if crew.cost_per_server_day is not None:
                key = f"crews.{name}.cost_per_server_day"
                cost = present * self._quantity(crew.cost_per_server_day, key)
                yield Meter(f"{name}.cost", f"{label}: cost", place, "USD", cost)
            for other, price in self.rules.model.costs.items():
                if price.of == name:
                    cost = present * self._quantity(price.per_day, f"costs.{other}.per_day")
                    yield Meter(f"{other}.cost", f"{price.label}: cost", place, "USD", cost)

    def _server_days(self, units: Numbers) -> Numbers:
        """(R, crews) days that servers were present; `units` (R, crews) thousandths of work."""
        days = np.zeros(units.shape)
        dated = []
        for k, (name, crew) in enumerate(self.rules.model.crews.items()):
            key = f"crews.{name}.units"
            if isinstance(crew.units, list | Scaled) or self._changes(crew.units, key):
                dated.append(k)
                continue
            a_server = CREW_SCALE * self._quantity(crew.units, key)
            np.divide(units[:, k], a_server, out=days[:, k], where=a_server > 0)
        if dated:
            by_draw = {k: self.rules.server_days(draw) for k, draw in self.draws.items()}
            days[:, dated] = np.array([by_draw[k] for k in self.numbers])[:, dated]
        return days

    def _changes(self, quantity: list[From] | Quantity, key: str) -> bool:
        return bool(self.rules.quantities.changes(quantity, key, {}))

    def _quantity(self, quantity: Quantity, key: str) -> Numbers:
        """(R,) value of a quantity in each replication's draw."""
        values = {k: draw.of(quantity, key) for k, draw in self.draws.items()}
        return np.array([values[k] for k in self.numbers], float)
