"""Whether dated changes make sense: their order, what they set, add to and lend."""

from __future__ import annotations

from datetime import date, timedelta

from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.scenario import quantities
from asylumatlas.scenario.loans import back_on
from asylumatlas.scenario.model import Change, ScenarioModel
from asylumatlas.scenario.names import _dated, _known, _source
from asylumatlas.scenario.quantities import Faults


def check_changes(model: ScenarioModel) -> list[str]:
    """Faults of what a scenario changes by date, as "key path: what is wrong" lines."""
    return list(dict.fromkeys(_changes(model)))


def _changes(model: ScenarioModel) -> Faults:
    last = None
    for k, change in enumerate(model.change):
        key = f"change.{k}"
        if last is not None and change.on < last:
            yield f"{key}.on: dates out of order: {change.on} comes after {last}"
        last = change.on
        if change.on > model.to:
            yield f"{key}.on: {change.on} is after the run, which ends on {model.to}"
        if (ended := _last_day(change)) is not None and ended < model.start:
            yield f"{key}: is over on {ended}, before the run begins on {model.start}"
        if change.announced is not None and change.announced > change.on:
            yield f"{key}.announced: {change.announced} is after the change itself, {change.on}"
        yield from _source(change.source, key)
        yield from _settings(model, change, key)
        if change.lend is not None:
            loan = change.lend
            yield from _known(loan.source, model.crews, f"{key}.lend.from", "crew")
            yield from _known(loan.to, model.crews, f"{key}.lend.to", "crew")
            if loan.source == loan.to:
                yield f"{key}.lend.to: a crew cannot be lent to itself"
            yield from quantities.quantity(model, loan.servers, f"{key}.lend.servers", "people")
            if loan.lost is not None:
                yield from quantities.quantity(model, loan.lost, f"{key}.lend.lost", "share")


def _last_day(change: Change) -> date | None:
    """The last day on which a change does anything; none if it lasts."""
    if change.set or (change.add and change.until is None):
        return None
    ends = [] if change.lend is None else [back_on(change) - timedelta(days=1)]
    ends += [change.until] if change.add and change.until else []
    return max(ends, default=None)


def _settings(model: ScenarioModel, change: Change, key: str) -> Faults:
    """What a change sets or adds to: servers, the room of a space or capacity of a station."""
    for path, quantity in change.set.items():
        faults = [*_changed(model, path, f"{key}.set.{path}")]
        yield from faults or quantities.quantity(model, quantity, f"{key}.set.{path}", "number")
    for path, added in change.add.items():
        faults = [*_changed(model, path, f"{key}.add.{path}")]
        yield from faults or _dated(model, added, f"{key}.add.{path}", "number")
        name = path.split(".")[1]
        if path.startswith("stations.") and not faults and _is_unlimited(model, name):
            yield f"{key}.add.{path}: has no limit to which more could be added"


def _changed(model: ScenarioModel, path: str, key: str) -> Faults:
    """That a key path names what can be changed by date."""
    tables = {"crews": "servers", "spaces": "room", "stations": "capacity"}
    table, _, rest = path.partition(".")
    name, _, what = rest.rpartition(".")
    if tables.get(table) != what or not what:
        known = [f"{t}.{n}.{w}" for t, w in tables.items() for n in getattr(model, t)]
        forms = ", ".join(f"{t}.NAME.{w}" for t, w in tables.items())
        hint = did_you_mean(path, known)
        yield f"{key}: cannot be changed by date; can be: {forms}.{hint}"
        return
    yield from _known(name, getattr(model, table), key, table[:-1])
    if table == "stations" and name in model.stations and model.stations[name].booked:
        yield f"{key}: a booked docket has its slots from crews; change those"


def _is_unlimited(model: ScenarioModel, station: str) -> bool:
    """Whether no change ever limits a station that has no limit of its own."""
    path = f"stations.{station}.capacity"
    limited = any(path in change.set for change in model.change)
    return model.stations[station].capacity == "unlimited" and not limited
