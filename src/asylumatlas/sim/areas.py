"""What is read of a policy: numbers of areas, some of them made of two measures or of meters.

An area is the first word of measures' names: `border_pending` is of the area border. Beside some of
them stands what was published for the same days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from asylumatlas import evidence
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
    "granted_share": ("Granted, of granted or denied", "share"),
    "wait_10": ("Days waited: a tenth waited less", "days"),
    "wait_50": ("Days waited: median", "days"),
    "wait_90": ("Days waited: a tenth waited more", "days"),
    "wait_spread": ("Days waited: middle 80 %, width", "days"),
    "unresolved_share": ("Filed in the run and not decided", "share"),
    "bed_days": ("Bed-days", "bed-days"),
    "cost": ("Staff and beds", "USD"),
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


@dataclass(frozen=True)
class Published:
    """A published figure of what a line counts, to the end of a day.

    Attributes:
        area, measure: the line's.
        on: last day that it is of.
        value: in the line's unit.
        words: what it is and who published it.
        sources: their identifiers.
    """

    area: str
    measure: str
    on: date
    value: float
    words: str
    sources: tuple[str, ...]


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


# ---- what was published


def published(
    model: ScenarioModel, lines: Sequence[Line], dates: Sequence[date]
) -> list[Published]:
    """Published figures of the scenario's `reported` that are of a line and of one of the days.

    A count since the first day is added up from its mean a day (`..._a_day`) of each whole year.
    """
    found = []
    for line in lines:
        name = f"{line.area}_{line.measure}"
        for on in dates:
            stated = _reports(model, name).get(on)
            whole = _added(model, f"{name}_a_day", on)
            if stated is not None and stated.value is not None:
                whole = stated.value, _words(stated), (stated.source,)
            if whole is not None:
                found.append(Published(line.area, line.measure, on, *whole))
    return found


def _reports(model: ScenarioModel, measure: str) -> dict[date, evidence.Report]:
    """Published counts of a measure, by the day that each is held against."""
    rows = [(row, evidence.report(row.report)) for row in model.reported if row.measure == measure]
    return {row.on or report.last_day: report for row, report in rows}


def _added(
    model: ScenarioModel, measure: str, on: date
) -> tuple[float, str, tuple[str, ...]] | None:
    """Published means a day, added up over years from the first day; None where one is missing."""
    known, days = _reports(model, measure), (on - model.start).days + 1
    years = [day for day in sorted(known) if model.start < day <= on]
    if not years or years[-1] != on or len(years) != round(days / 365.25):
        return None
    values = [known[day].value for day in years]
    if any(value is None for value in values):
        return None
    total = sum(value * model.measures[measure].over for value in values if value is not None)
    sources = tuple(dict.fromkeys(known[day].source for day in years))
    first, last = _words(known[years[0]]), _words(known[years[-1]])
    words = first if first == last else f"{first}, to {last}"
    return total, f"{words}; days of each year added up", sources


def _words(report: evidence.Report) -> str:
    note = report.note.removeprefix("DERIVED: ")
    said = f"{report.label} ({report.outlet}, {report.source})"
    return f"{said}: {note}" if note else said
