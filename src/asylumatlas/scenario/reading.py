"""A scenario from a text of somebody unknown: no file but the shipped ones is read, nothing grows.

A text can be small and still ask for much: groups within groups multiply, keys nest, names are
compared with each other, and a run makes people. Every such way is bounded here, before the work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from asylumatlas import scenario as files
from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.scenario import FOLDER, Scenario, ScenarioError, drawn, quantities
from asylumatlas.scenario.model import ScenarioModel

__all__ = ["MOST_PEOPLE", "MOST_TEXT", "check_size", "people", "read_scenario"]

MOST_TEXT = 128_000  # characters
MOST_VALUES = 40_000  # of a text with its groups written out; the largest that ships has 14,000
MOST_PEOPLE = 3_000_000  # simulated in one replication
DEEPEST = 40  # tables and lists within each other
LONGEST_KEY = 120  # characters
# Entries of a table, and outcomes in all: several times what any shipped scenario has.
COUNTS = {
    **{"stations": 255, "feeds": 100, "crews": 600, "spaces": 254, "ways": 255, "places": 255},
    **{"measures": 400, "change": 300, "reported": 300, "costs": 100, "caveats": 200},
    **{"calendars": 50, "classes": 8, "groups": 50},
}
MOST_OUTCOMES = 1_000
MOST_DATES = 300  # of the shares of outcomes: each is checked on every date
# Nine parts of a key, one after another: tomllib's time and memory grow with their square.
DOTTED = re.compile(
    r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){8}""", re.ASCII
)


def read_scenario(text: str, name: str = "scenario") -> Scenario:
    r"""Read a scenario's text, which may extend a shipped scenario and name shipped tables.

    Args:
        text: TOML, as in a scenario's file.
        name: what it is called; faults name it as ``NAME.toml``.

    Raises:
        ScenarioError: it cannot be used, or asks for too much; one line per fault.

    Example:
        >>> changed = read_scenario('extends = "caravan-2018"\nspaces.family_beds.room = 500')
        >>> changed.model.spaces["family_beds"].room.value
        500.0
        >>> read_scenario('extends = "../secret"')
        Traceback (most recent call last):
        asylumatlas.scenario.ScenarioError: scenario.toml: extends: no scenario '../secret'. Name
        one that ships with the program.
    """
    file = f"{name}.toml"
    if len(text) > MOST_TEXT:
        raise ScenarioError(f"{file}: has over {MOST_TEXT:,} characters; leave out what it extends")
    if DOTTED.search(text):
        raise ScenarioError(f"{file}: a key has too many parts; write tables, [a.b], instead")
    content = files._parsed(text, file)
    _check_shape(content, file)
    raw = _extended(content, file)
    _check_tables(raw, file)
    raw = files._written_out(raw, file, (FOLDER / "tables",), MOST_VALUES)
    _check_shape(raw, file)
    _check_counts(raw, file)
    found = files._validate(name, file, raw)
    if found.model.base_only:
        raise ScenarioError(f"{file}: base_only: is a base for others; leave the key out")
    check_size(found.model, file)
    return found


def people(model: ScenarioModel) -> float:
    """About how many people one replication simulates, at the upper ends of the ranges."""
    total = 0.0
    for feed in model.feeds.values():
        if feed.size is not None:
            total += quantities.highest(model, feed.size, drawn=True)
        elif feed.per_day is not None:
            total += quantities.highest(model, feed.per_day, drawn=True) * model.days
    return total * model.scale


def check_size(model: ScenarioModel, file: str) -> None:
    """Refuse a scenario whose run would need too much memory.

    Raises:
        ScenarioError: more than `MOST_PEOPLE` in one replication.
    """
    total = people(model)
    if total > MOST_PEOPLE:
        raise ScenarioError(
            f"{file}: scale: up to {total:,.0f} people would be simulated, at most "
            f"{MOST_PEOPLE:,} can be here; set a scale of {_fitting(model, total):g} or less"
        )


def _fitting(model: ScenarioModel, total: float) -> float:
    """The largest round scale that fits."""
    known = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
    most = model.scale * MOST_PEOPLE / total
    return next((scale for scale in known if scale <= most), 0.0001)


def _extended(content: dict[str, Any], file: str) -> dict[str, Any]:
    """The content over the shipped scenario that it extends."""
    parent = content.pop("extends", None)
    if parent is None:
        return content
    dropped = content.pop("drop", [])
    files._check_dropped(dropped, file)
    shipped = {path.stem: path for path in FOLDER.glob("*.toml")}
    if not isinstance(parent, str) or parent not in shipped:
        hint = did_you_mean(str(parent), shipped) or " Name one that ships with the program."
        raise ScenarioError(f"{file}: extends: no scenario {str(parent)[:80]!r}.{hint}")
    return files._on_top(files._read(shipped[parent], ()), content, dropped, file)


def _check_tables(raw: Mapping[str, Any], file: str) -> None:
    """That tables are named as those that ship are: a name, never a path."""
    draws = raw.get("draws")
    table = draws.get("table") if isinstance(draws, dict) else None
    named = isinstance(table, str) and (table == "" or drawn.NAME.fullmatch(table))
    if table is not None and not named:
        told = f"{file}: draws.table: {str(table)[:80]!r} is no name"
        raise ScenarioError(f'{told}; use "us-courts-fitted", or "none"')


def _check_shape(content: Mapping[str, Any], file: str) -> None:
    """That nothing nests too deep, no key is too long, and there are not too many values."""
    for total, (depth, key) in enumerate(_walk(content), 1):
        if depth > DEEPEST:
            raise ScenarioError(f"{file}: tables and lists nest deeper than {DEEPEST}")
        if total > MOST_VALUES:
            raise ScenarioError(f"{file}: has over {MOST_VALUES:,} values; leave some out")
        if len(key) > LONGEST_KEY:
            raise ScenarioError(f"{file}: {key[:40]}...: a key of over {LONGEST_KEY} characters")


def _walk(content: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Every value's depth and key, without recursion."""
    left: list[tuple[int, str, Any]] = [(0, "", content)]
    while left:
        depth, key, value = left.pop()
        yield depth, key
        if isinstance(value, dict):
            left += [(depth + 1, str(name), item) for name, item in value.items()]
        elif isinstance(value, list):
            left += [(depth + 1, "", item) for item in value]


def _check_counts(raw: Mapping[str, Any], file: str) -> None:
    """That no table has many times more entries than any shipped scenario."""
    for table, most in COUNTS.items():
        value = raw.get(table)
        if isinstance(value, dict | list) and len(value) > most:
            raise ScenarioError(f"{file}: {table}: {len(value):,} entries, at most {most}")
    outcomes = list(_outcomes(raw.get("stations")))
    if len(outcomes) > MOST_OUTCOMES:
        told = f"{len(outcomes):,} outcomes, at most {MOST_OUTCOMES:,}"
        raise ScenarioError(f"{file}: stations: {told}")
    shares = [each.get(key) for each in outcomes for key in ("share", "of_rest")]
    dates = sum(len(share) for share in shares if isinstance(share, list))
    if dates > MOST_DATES:
        raise ScenarioError(f"{file}: stations: {dates:,} dated shares, at most {MOST_DATES:,}")


def _outcomes(stations: Any) -> Iterator[Mapping[str, Any]]:
    """Every outcome and line of every station, as far as they are such."""
    for station in stations.values() if isinstance(stations, dict) else ():
        for kind in ("outcomes", "when_full", "leave", "lines"):
            found = station.get(kind) if isinstance(station, dict) else None
            for each in found if isinstance(found, list) else ():
                yield each if isinstance(each, dict) else {}
