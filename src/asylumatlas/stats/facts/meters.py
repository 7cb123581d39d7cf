"""What a log's details say of its people and replications: how many, their draws, their meters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from asylumatlas.events import Log
from asylumatlas.stats.errors import FactsError
from asylumatlas.stats.facts.columns import TABLES


def draws(log: Log) -> dict[int, int]:
    """Return the draw of parameters of each replication; its own number where the log is silent.

    Args:
        log: an opened log; ``details["draws"]`` lists one number a replication, in their order, or
            names them by replication.

    Raises:
        FactsError: if there are not as many as replications, or one is no whole number.
    """
    told = log.manifest.details.get("draws")
    if told is None:
        return {number: number for number in log.replications}
    if isinstance(told, Mapping):
        if set(told) != set(map(str, log.replications)):
            raise _wrong(log, "draws", "does not name each of the log's replications once")
        told = [told[str(number)] for number in log.replications]
    values = _one_each(log, "draws", told)
    if not all(isinstance(value, int) for value in values):
        raise _wrong(log, "draws", "holds what is no whole number")
    return dict(zip(log.replications, values, strict=True))


def sampled(log: Log) -> float:
    """Return the part of the people that a log holds: 1 where it is silent.

    Args:
        log: an opened log; ``details["sampled"]`` is above 0 and at most 1.

    Raises:
        FactsError: if it is anything else.
    """
    told = log.manifest.details.get("sampled", 1.0)
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 < told <= 1:
        raise _wrong(log, "sampled", "is no share above 0 and at most 1")
    return float(told)


def meters(log: Log) -> dict[str, list[Any]]:
    """Return the columns of the table of meters: one row for each meter and replication.

    Args:
        log: an opened log; each of ``details["meters"]`` has "meter", "unit", perhaps "place", and
            "amounts", one a replication, in their order.

    Raises:
        FactsError: if a meter has not as many amounts as there are replications, or lacks a key.
    """
    told = log.manifest.details.get("meters") or ()
    if not isinstance(told, Sequence) or not all(isinstance(meter, Mapping) for meter in told):
        raise _wrong(log, "meters", "is no list of meters")
    rows = []
    for place, meter in enumerate(told):
        for key in ("meter", "unit", "amounts"):
            if key not in meter:
                raise _wrong(log, f"meters[{place}]", f'has no "{key}"')
        name = f"meters[{place}].amounts"
        amounts = _one_each(log, name, meter["amounts"])
        try:
            rows += [
                (number, meter["meter"], meter.get("place"), meter["unit"], float(amount))
                for number, amount in zip(log.replications, amounts, strict=True)
            ]
        except (TypeError, ValueError) as error:
            raise _wrong(log, name, "holds what is no number") from error
    names = [column.name for column in TABLES["meters"]]
    return {name: [row[at] for row in rows] for at, name in enumerate(names)}


def _one_each(log: Log, name: str, values: Any) -> Sequence[Any]:
    """Return a list if it has one value for each replication."""
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise _wrong(log, name, "is no list")
    if len(values) != len(log.replications):
        many = f"{len(values)} for {len(log.replications)} replications"
        raise _wrong(log, name, f"has {many}, one each is wanted")
    return values


def _wrong(log: Log, name: str, fault: str) -> FactsError:
    return FactsError(f"{log.folder / 'log.json'}: details.{name} {fault}. Write the log again.")
