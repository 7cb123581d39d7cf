"""Whether every loan is of servers who are there: day by day, at central values.

A crew's own number is what its table, `set` and `add` say, whatever the order; loans then move
servers in the order of the changes, as the simulation does it (`sim/capacities.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from asylumatlas.scenario import quantities
from asylumatlas.scenario.amounts import From, Quantity
from asylumatlas.scenario.model import Change, Loan, ScenarioModel
from asylumatlas.scenario.quantities import Faults

Numbers = NDArray[np.float64]
CLOSE = 1e-9


def back_on(change: Change) -> date:
    """The day on which those lent are back; the change's own where it lends nobody."""
    return change.on + timedelta(weeks=change.lend.weeks if change.lend is not None else 0)


def check_loans(model: ScenarioModel) -> Faults:
    """That every crew has the servers which it lends, at central values, on every day.

    Args:
        model: a scenario whose names and quantities are known.
    """
    loans = [(k, c, c.lend) for k, c in enumerate(model.change) if c.lend is not None]
    if not loans:
        return
    days = _days(model)
    crews = {name for _, _, loan in loans for name in (loan.source, loan.to)}
    own = {name: _own(model, name, days) for name in sorted(crews)}
    there = {name: values.copy() for name, values in own.items()}
    for k, change, loan in loans:
        asked = quantities.bounds(model, loan.servers, {})[1]
        lent = np.where(_within(days, change.on, back_on(change)), asked, 0.0)
        short = np.flatnonzero(lent > there[loan.source] + CLOSE * (1 + asked))
        if len(short):
            has, all_own = there[loan.source][short[0]], own[loan.source][short[0]]
            yield _told(f"change.{k}.lend.servers", loan, asked, days[short[0]], has, all_own)
        lost = 0.0 if loan.lost is None else quantities.bounds(model, loan.lost, {})[1]
        moved = np.minimum(lent, there[loan.source])
        there[loan.source] = there[loan.source] - moved
        there[loan.to] = there[loan.to] + moved * (1.0 - lost)


def _told(key: str, loan: Loan, asked: float, on: date, has: float, own: float) -> str:
    """One line: how many are asked for, how many there are, and what to do."""
    left = f"has {has:.6g}"
    if has < own - CLOSE:
        left = f"has {has:.6g} of its {own:.6g} left by other loans"
    return f"{key}: {asked:.6g} are lent, but {loan.source} {left} on {on}; lend fewer or later"


def _days(model: ScenarioModel) -> list[date]:
    """The days of the run on which the number of any crew may change, its first one first."""
    found = {model.start}
    for change in model.change:
        found |= {change.on, back_on(change)}
        if change.until is not None:
            found.add(change.until + timedelta(days=1))
    for name in {change.lend.source for change in model.change if change.lend is not None}:
        for value in _amounts(model, name):
            found |= quantities.dates(model, value, {})
    return sorted(day for day in found if model.start <= day <= model.to)


def _amounts(model: ScenarioModel, name: str) -> Iterable[list[From] | Quantity]:
    """What says by date how many servers a crew has of its own."""
    path = f"crews.{name}.servers"
    yield model.crews[name].servers
    yield from (change.add[path] for change in model.change if path in change.add)


def _own(model: ScenarioModel, name: str, days: list[date]) -> Numbers:
    """(days,) servers of a crew before any loan, at central values."""
    path = f"crews.{name}.servers"
    values = _central(model, model.crews[name].servers, days)
    for change in model.change:
        if path in change.set:
            values[_within(days, change.on, None)] = quantities.bounds(model, change.set[path], {})[
                1
            ]
        if path in change.add:
            over = None if change.until is None else change.until + timedelta(days=1)
            more = _central(model, change.add[path], days)
            values += np.where(_within(days, change.on, over), more, 0.0)
    return values


def _central(model: ScenarioModel, value: list[From] | Quantity, days: list[date]) -> Numbers:
    """(days,) central values of a quantity that may be dated."""
    changes = sorted({model.start, *quantities.dates(model, value, {})})
    known = np.array([quantities.bounds(model, value, {}, on)[1] for on in changes])
    place = np.searchsorted(_ordinals(changes), _ordinals(days), side="right") - 1
    found: Numbers = known[place]
    return found


def _within(days: list[date], first: date, over: date | None) -> NDArray[np.bool_]:
    """(days,) whether each is from a day on and before another."""
    return np.array([first <= day and (over is None or day < over) for day in days])


def _ordinals(days: Iterable[date]) -> NDArray[np.int64]:
    return np.fromiter((day.toordinal() for day in days), np.int64)
