"""Reading and checking of parameter files: an error is one line that names file and key."""

import datetime
import math
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from asylumatlas.evidence import sources
from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.parameters.parameter import Dated, Parameter, ParameterError

__all__ = ["find", "load"]

_PARAMETER_KEYS = ("unit", "note", "assumed", "from", "value", "low", "high", "source")
_DATED_KEYS = ("from", "value", "low", "high", "source", "note")


def load(folder: Path | None = None) -> Mapping[str, Parameter]:
    """Return every parameter of a folder of TOML files, by dotted name, in file order.

    Args:
        folder: Folder with ``*.toml`` files; ``None`` for the defaults that ship with the package
            (read once).

    Raises:
        ParameterError: If a file breaks the rules; one line ``file: key.path: what is wrong``.

    Example:
        >>> load()["credible_fear.days_from_referral_to_interview"].unit
        'days'
    """
    return _defaults() if folder is None else _read(folder)


def find(parameters: Mapping[str, Parameter], name: str) -> Parameter:
    """Return one parameter of a loaded set.

    Raises:
        ParameterError: If the name is unknown; the message names the closest one.

    Example:
        >>> find(load(), "court.pending").unit
        'cases'
    """
    if name not in parameters:
        raise ParameterError(f'unknown parameter "{name}".{did_you_mean(name, parameters)}')
    return parameters[name]


@cache
def _defaults() -> Mapping[str, Parameter]:
    return _read(Path(__file__).parent)


def _read(folder: Path) -> Mapping[str, Parameter]:
    found: dict[str, Parameter] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise ParameterError(f"{path.name}: not valid TOML: {error}.") from error
        for parameter in _parameters(path, "", tables):
            found[parameter.name] = parameter
    if not found:
        raise ParameterError(f"{folder.name}: no parameter file (*.toml) in this folder.")
    return MappingProxyType(found)


def _parameters(path: Path, prefix: str, tables: Mapping[str, Any]) -> Iterator[Parameter]:
    """Walk nested tables: one that holds only tables is a group, any other is a parameter."""
    for key, table in tables.items():
        where = f"{prefix}{key}"
        if not isinstance(table, dict):
            raise _wrong(path, where, "expected a table with a unit")
        if table and all(isinstance(inner, dict) for inner in table.values()):
            yield from _parameters(path, f"{where}.", table)
        else:
            yield _parameter(path, where, table)


def _parameter(path: Path, where: str, table: Mapping[str, Any]) -> Parameter:
    _check_keys(path, where, table, _PARAMETER_KEYS)
    if "unit" not in table:
        raise _wrong(path, f"{where}.unit", "missing")
    unit = _text(path, where, table, "unit")
    if not unit:
        raise _wrong(path, f"{where}.unit", "empty")
    assumed = _text(path, where, table, "assumed") if "assumed" in table else None
    if assumed == "":
        raise _wrong(path, f"{where}.assumed", "empty: say why the range was chosen")
    return Parameter(
        name=f"{path.stem}.{where}",
        unit=unit,
        note=_text(path, where, table, "note"),
        assumed=assumed,
        values=_dated_list(path, where, table, unit, assumed is not None),
    )


def _dated_list(
    path: Path, where: str, table: Mapping[str, Any], unit: str, assumed: bool
) -> tuple[Dated, ...]:
    """Read either ``[[name.value]]`` entries or one value written in the table itself."""
    entries = table.get("value")
    if not isinstance(entries, list):
        own = {key: table[key] for key in _DATED_KEYS if key in table and key != "note"}
        return (_dated(path, where, own, unit, assumed, needs_date=False),)
    for key in ("from", "low", "high", "source"):
        if key in table:
            raise _wrong(path, f"{where}.{key}", "belongs in the entries under value")
    if not entries:
        raise _wrong(path, f"{where}.value", "has no entry")
    read = []
    for number, entry in enumerate(entries, start=1):
        place = f"{where}.value[{number}]"
        if not isinstance(entry, dict):
            raise _wrong(path, place, "expected a table with from, value, low, high")
        read.append(_dated(path, place, entry, unit, assumed, needs_date=True))
        if number > 1 and read[-1].start <= read[-2].start:
            raise _wrong(
                path,
                f"{place}.from",
                f"{read[-1].start} is not after {read[-2].start}; entries go in order of date",
            )
    return tuple(read)


def _dated(
    path: Path,
    where: str,
    entry: Mapping[str, Any],
    unit: str,
    assumed: bool,
    *,
    needs_date: bool,
) -> Dated:
    _check_keys(path, where, entry, _DATED_KEYS)
    value, low, high = (_number(path, where, entry, key, unit) for key in ("value", "low", "high"))
    if low > value:
        raise _wrong(path, f"{where}.low", f"{low:g} is above value {value:g}")
    if value > high:
        raise _wrong(path, f"{where}.high", f"{high:g} is below value {value:g}")
    return Dated(
        start=_start(path, where, entry, needs_date),
        value=value,
        low=low,
        high=high,
        source=_source(path, where, entry, assumed),
        note=_text(path, where, entry, "note"),
    )


def _number(path: Path, where: str, entry: Mapping[str, Any], key: str, unit: str) -> float:
    place = f"{where}.{key}"
    if key not in entry:
        raise _wrong(path, place, "missing")
    raw = entry[key]
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise _wrong(path, place, f"{raw!r} is not a number")
    number = float(raw)
    if not math.isfinite(number):
        raise _wrong(path, place, f"{number} is not a finite number")
    if unit.startswith("share") and not 0.0 <= number <= 1.0:
        raise _wrong(path, place, f"{number:g} is outside 0..1, and the unit is a share")
    if number < 0.0 and not unit.endswith(", signed"):
        raise _wrong(path, place, f'{number:g} is negative; only a unit ending ", signed" may be')
    return number


def _start(path: Path, where: str, entry: Mapping[str, Any], needs_date: bool) -> datetime.date:
    if "from" not in entry:
        if needs_date:
            raise _wrong(path, f"{where}.from", "missing")
        return datetime.date.min
    start = entry["from"]
    if isinstance(start, datetime.datetime) or not isinstance(start, datetime.date):
        raise _wrong(path, f"{where}.from", f"{start!r} is not a date such as 2018-05-04")
    return start


def _source(path: Path, where: str, entry: Mapping[str, Any], assumed: bool) -> str | None:
    place = f"{where}.source"
    if assumed:
        if "source" in entry:
            raise _wrong(path, place, "an assumed parameter has no source; drop one of the two")
        return None
    if "source" not in entry:
        raise _wrong(path, place, 'missing; a value without a source needs assumed = "why"')
    source = _text(path, where, entry, "source")
    if source not in sources():
        raise _wrong(path, place, f'unknown source "{source}"', did_you_mean(source, sources()))
    return source


def _text(path: Path, where: str, table: Mapping[str, Any], key: str) -> str:
    raw = table.get(key, "")
    if not isinstance(raw, str):
        raise _wrong(path, f"{where}.{key}", f"{raw!r} is not text")
    return raw.strip()


def _check_keys(path: Path, where: str, table: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    for key in table:
        if key not in allowed:
            raise _wrong(path, f"{where}.{key}", "unknown key", did_you_mean(key, allowed))


def _wrong(path: Path, where: str, what: str, hint: str = "") -> ParameterError:
    return ParameterError(f"{path.name}: {where}: {what}.{hint}")
