"""Tables of draws: parameters whose values belong together, such as draws of a fit.

A scenario says `[draws] table = "us-courts-fitted"` and `why = "..."`. The table is a CSV file
`scenarios/tables/NAME.csv`, or NAME.csv beside the scenario's own file, or a path that ends in
`.csv`. Lines that begin with "#" are remarks. Its first column, `draw`, names the rows: the first
is "central", the values of a central run; the others are draws. Every other column is a parameter,
or `parameter@2017-10-01`: its value from that day on. `hold = 2024-10-01` keeps every value that
holds on that day to the run's end. A parameter that the scenario sets itself is
not taken from the table.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from asylumatlas import parameters
from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.scenario.amounts import MOST, Strict

__all__ = ["ALWAYS", "DrawnError", "DrawnTable", "Step", "drawn", "faults", "read_columns"]

ALWAYS = ""  # in place of a date: the value holds at all times
CENTRAL = "central"
GIVEN = "a table of draws that was given for this run"
NAME = re.compile(r"[\w-]+")
Columns = dict[str, dict[str, list[float]]]


class DrawnError(ValueError):
    """A table of draws that cannot be used: one line with the key, what is wrong, the remedy."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a parameter is from a day on, in a central run and in each draw.

    Attributes:
        start: the first day.
        value: of the central run.
        values: of the draws.
        bounds: least value, that of the central run, and greatest value.
    """

    start: date
    value: float
    values: tuple[float, ...]
    bounds: tuple[float, float, float]


class DrawnTable(Strict):
    """Joint draws of parameters.

    `columns` holds, by parameter and by the date from which it holds ("" for always), the value of
    the central run and then that of every draw. After the day `hold` nothing changes any more.
    """

    table: str
    why: str
    hold: date | None = None
    columns: Columns = Field(default_factory=dict)

    @field_validator("columns")
    @classmethod
    def _even(cls, columns: Columns) -> Columns:
        sizes = {len(values) for by_date in columns.values() for values in by_date.values()}
        if len(sizes) > 1 or sizes & {0, 1}:
            raise ValueError("every column needs a central value and the same number of draws")
        return columns

    @property
    def draws(self) -> int:
        """How many draws there are."""
        return next((len(v) - 1 for by in self.columns.values() for v in by.values()), 0)

    @cached_property
    def steps(self) -> dict[str, list[Step]]:
        """Every parameter's values in order of date."""
        return {
            name: [
                Step(_date(on), some[0], tuple(some[1:]), (min(some), some[0], max(some)))
                for on, some in sorted(by_date.items())
                if self.hold is None or _date(on) <= max(self.hold, _date(min(by_date)))
            ]
            for name, by_date in self.columns.items()
        }

    def at(self, name: str, on: date) -> Step:
        """What a parameter is on a day; before its first date the first value holds."""
        steps = self.steps[name]
        return next((step for step in reversed(steps) if step.start <= on), steps[0])


def _date(text: str) -> date:
    return date.fromisoformat(text) if text else date.min


def drawn(raw: Mapping[str, Any], folders: Iterable[Path]) -> dict[str, Any]:
    """A scenario's content with the table of draws read into it, if it names one.

    Args:
        raw: a scenario's merged content; not changed.
        folders: where tables lie, the first that has one wins.

    Raises:
        DrawnError: no such table, or one that cannot be used.
    """
    said = raw.get("draws")
    if not isinstance(said, dict) or "columns" in said:
        return dict(raw)
    name = said.get("table")
    if not isinstance(name, str):
        raise DrawnError('draws: needs the key table, e.g. table = "us-courts-fitted"')
    if name in ("", "none"):
        return {key: value for key, value in raw.items() if key != "draws"}
    path = _path(name, list(folders))
    return {**raw, "draws": {**said, "table": path.stem, "columns": read_columns(path)}}


def _path(name: str, folders: list[Path]) -> Path:
    tried = [folder / f"{name}.csv" for folder in folders] if NAME.fullmatch(name) else []
    if name.endswith(".csv"):
        tried = [*(folder / name for folder in folders[:1]), Path(name)]
    for path in tried:
        if path.is_file():
            return path
    known = sorted({found.stem for folder in folders for found in folder.glob("*.csv")})
    raise DrawnError(f"draws.table: no table {name!r}.{did_you_mean(name, known)}")


def read_columns(path: Path) -> Columns:
    """Read a table of draws.

    Returns:
        By parameter and date from which it holds ("" for always): the central value and draws.

    Raises:
        DrawnError: the file cannot be read, or is not such a table.
    """
    where = f"draws.table: {path.name}"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise DrawnError(f"{where} cannot be read: {error}") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    head, *rows = list(csv.reader(lines)) or [[]]
    if head[:1] != ["draw"] or not 1 < len(head) == len(set(head)):
        raise DrawnError(
            f'{where}: the first column is "draw", then come parameters; no name stands twice'
        )
    if len(rows) < 2 or rows[0][0] != CENTRAL:
        raise DrawnError(f'{where}: needs a first row "{CENTRAL}" and at least one draw')
    for number, cells in enumerate(rows, 1):
        if len(cells) != len(head):
            raise DrawnError(f"{where}: row {number} has {len(cells)} cells, not {len(head)}")
    columns: Columns = {}
    for place, title in enumerate(head[1:], 1):
        name, at, on = title.partition("@")
        if at and not _is_date(on):
            raise DrawnError(f"{where}: {title}: after @ stands a date such as 2017-10-01")
        columns.setdefault(name, {})[on] = [_number(row[place], title, where) for row in rows]
    return columns


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _number(text: str, title: str, where: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not abs(number) <= MOST:  # not a number, too
        raise DrawnError(f"{where}: {title}: {text!r} is not a number of at most {MOST:,.0f}")
    return number


def faults(table: DrawnTable | None) -> Iterator[str]:
    """What is wrong with a table's parameters: unknown names, values that cannot be."""
    known = parameters.load()
    for name, by_date in table.columns.items() if table else ():
        key = f"draws.{name}"
        if name not in known:
            yield f"{key}: unknown parameter.{did_you_mean(name, known)}"
            continue
        if ALWAYS in by_date and len(by_date) > 1:
            yield f"{key}: with dates or without, not both"
        numbers = [number for values in by_date.values() for number in values]
        most = 1.0 if known[name].unit.startswith("share") else math.inf
        if min(numbers) < 0 or max(numbers) > most:
            yield f"{key}: {min(numbers):g} to {max(numbers):g} cannot be: {known[name].unit}"
