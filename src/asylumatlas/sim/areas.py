"""What is read of a policy: numbers of areas, some of them made of two measures or of meters.

An area is the first word of measures' names: `border_pending` is of the area border.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asylumatlas.scenario.model import ScenarioModel
from asylumatlas.sim.meters import Meter

Numbers = NDArray[np.float64]
AREAS = {"nation": "The country", "border": "Courts at the border", "interior": "Courts elsewhere"}
COUNTS = {
    "receipts": ("Cases filed", "cases"),
    "completions": ("Cases completed", "cases"),
    "hearings": ("Hearings held", "hearings"),
    "pending": ("Cases pending", "cases"),
    "in_absentia": ("Orders in absentia", "orders"),
    "granted_share": ("Asylum granted, of granted or denied", "share"),
    "wait_10": ("Days waited: a tenth less than", "days"),
    "wait_50": ("Days waited: median", "days"),
    "wait_90": ("Days waited: a tenth more than", "days"),
    "wait_spread": ("Days waited: between those two", "days"),
    "unresolved_share": ("Filed in the run and not decided", "share"),
    "bed_days": ("Bed-days", "bed-days"),
    "cost": ("Cost of staff and beds", "USD"),
}
DERIVED: dict[str, tuple[tuple[str, str], Callable[[Numbers, Numbers], Numbers]]] = {
    "granted_share": (("granted", "decided"), lambda a, b: _part(a, b)),
    "wait_spread": (("wait_90", "wait_10"), lambda a, b: a - b),
    "unresolved_share": (("resolved_share", "resolved_share"), lambda a, _: 1.0 - a),
}


class PolicyError(ValueError):
    """Policies that cannot be compared; one line with the remedy."""


@dataclass(frozen=True)
class Line:
    """One number that is compared: of which area, what it is, and its unit."""

    area: str
    measure: str
    label: str
    unit: str


def lines_of(model: ScenarioModel) -> list[Line]:
    """The numbers of each area that the scenario has measures for, then its other measures."""
    found = []
    for area in AREAS:
        for name, (label, unit) in COUNTS.items():
            needs = DERIVED[name][0] if name in DERIVED else (name,)
            measured = all(f"{area}_{need}" in model.measures for need in needs)
            if measured or _metered(model, area, name):
                found.append(Line(area, name, label, unit))
    skipped = tuple(f"{area}_" for area in AREAS)
    for name, measure in model.measures.items():
        if not name.startswith(skipped):
            found.append(Line("", name, measure.label, measure.unit))
    if not any(line.area for line in found):
        raise PolicyError(f"{model.title}: has no measure whose name begins with an area's")
    return found


def _metered(model: ScenarioModel, area: str, name: str) -> bool:
    if name == "bed_days":
        return area == "nation" and bool(model.spaces)
    return name == "cost" and f"{area}_receipts" in model.measures


def _places(model: ScenarioModel, area: str) -> set[str]:
    """Places of an area: those where its receipts are counted."""
    return {pattern.partition("@")[2] for pattern in model.measures[f"{area}_receipts"].plus}


def values_of(
    line: Line, model: ScenarioModel, of_measure: Mapping[str, Numbers], rows: Sequence[Meter]
) -> Numbers:
    """(R, moments) of one line; what is metered is known on the last day only."""
    if line.measure in DERIVED:
        (a, b), rule = DERIVED[line.measure]
        return rule(of_measure[f"{line.area}_{a}"], of_measure[f"{line.area}_{b}"])
    name = f"{line.area}_{line.measure}" if line.area else line.measure
    if name in of_measure:
        return of_measure[name]
    if line.measure == "bed_days":
        custody = [f"{name}.days" for name, space in model.spaces.items() if space.custody]
        chosen = [row for row in rows if row.name in custody]
    else:
        everywhere = line.area == next(iter(AREAS))
        places = set(model.places) if everywhere else _places(model, line.area)
        chosen = [row for row in rows if row.unit == "USD" and row.place in places]
    some = next(iter(of_measure.values()))
    values = np.full(some.shape, np.nan)
    values[:, -1] = np.sum([row.values for row in chosen], axis=0)
    return values


def _part(a: Numbers, b: Numbers) -> Numbers:
    """A share; NaN where there is nothing to share."""
    return np.divide(a, b, out=np.full(a.shape, np.nan), where=b > 0)
