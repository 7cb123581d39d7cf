"""Where people are held, as far as a log tells what made it.

An event tells where it happened; somebody taken into custody at a port is held elsewhere. A log
that carries its scenario says where: the outcome that begins the custody sets the place, for the
people whom it describes. Logs without one leave it open.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

COLUMNS = ("kind", "nationality")  # of every log's cases, by which outcomes tell people apart


@dataclass(frozen=True)
class HeldPlaces:
    """Rules by which a case's place of custody is known.

    Attributes:
        rules: each a place, and column -> words that a case must have one of.
    """

    rules: tuple[tuple[str, Mapping[str, frozenset[str]]], ...]

    @property
    def columns(self) -> list[str]:
        """Columns of the cases that the rules look at."""
        return sorted({name for _, where in self.rules for name in where})

    @property
    def places(self) -> list[str]:
        """Places named."""
        return list(dict.fromkeys(place for place, _ in self.rules))

    def at(
        self, cases: Mapping[str, NDArray[Any]], words: Sequence[str], rows: int
    ) -> NDArray[np.int64]:
        """Return (rows,) the number of each case's place in `words`, -1 where no rule fits."""
        found = np.full(rows, -1, np.int64)
        for place, where in reversed(self.rules):
            fits = np.ones(rows, bool)
            for name, wanted in where.items():
                fits &= np.isin(cases[name], list(wanted))
            found[fits] = words.index(place)
        return found


def held_places(details: Mapping[str, Any], extra: Collection[str] = ()) -> HeldPlaces:
    """Return the rules of a log's scenario, none where it carries none.

    Args:
        details: of the log's manifest.
        extra: columns of its cases beyond those of every log.

    Example:
        >>> starts = {"events": ["custody_started"], "place": "dilley", "where": {"kind": "family"}}
        >>> scenario = {"stations": {"beds": {"at": ["port"], "outcomes": [starts]}}}
        >>> held_places({"scenario": scenario}).places
        ['dilley']
    """
    scenario = details.get("scenario")
    stations = scenario.get("stations") if isinstance(scenario, Mapping) else None
    rules: list[tuple[str, Mapping[str, frozenset[str]]]] = []
    for station in stations.values() if isinstance(stations, Mapping) else ():
        for outcome in station.get("outcomes", ()):
            place, where = outcome.get("place"), outcome.get("where") or {}
            if "custody_started" not in outcome.get("events", ()) or not isinstance(place, str):
                continue
            if not where or not set(where) <= {*COLUMNS, *extra}:
                continue
            rules.append((place, {name: _several(each) for name, each in where.items()}))
    return HeldPlaces(tuple(rules))


def _several(words: object) -> frozenset[str]:
    return frozenset([words] if isinstance(words, str) else map(str, words))  # type: ignore[call-overload]
