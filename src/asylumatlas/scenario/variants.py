"""A shipped scenario with some of its numbers changed: checked, told, and written as a file.

A variant is named by its base and by what differs, so that a link can hold it. As a file it
extends the base and says only what differs; read by `load_scenario` or `read_scenario`, the file
has the variant's own fingerprint.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from asylumatlas import __version__
from asylumatlas import scenario as files
from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.scenario import FOLDER, Scenario, ScenarioError, load_scenario, names
from asylumatlas.scenario.controls import Control, controls
from asylumatlas.scenario.merging import JOINED, WHOLE
from asylumatlas.scenario.reading import check_size
from asylumatlas.scenario.sites import Path

__all__ = ["Original", "VariantError", "merged", "original", "text", "vary"]

SCALE = "scale"  # the one key that can be set and is no control
WHY = "set by hand"
Values = Mapping[str, float]
Content = dict[str, Any]


class VariantError(ValueError):
    """Values that cannot be used.

    Attributes:
        faults: the key, "" for no single one, to what is wrong with it in one line.
    """

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{k}: {v}" if k else v for k, v in faults.items()))
        self.faults = dict(faults)


@dataclass(frozen=True)
class Original:
    """A shipped scenario, opened for changing.

    Attributes:
        name: the shipped name.
        scenario: as it ships.
        content: what its file says, with everything written out.
        controls: what can be changed, by key.
    """

    name: str
    scenario: Scenario
    content: Content
    controls: dict[str, Control]

    def control(self, key: str) -> tuple[Control, date | None]:
        """The control that a key names, and the date of ``KEY@DATE``.

        Raises:
            VariantError: there is no such key, or nothing begins on that date.
        """
        name, at, day = key.partition("@")
        if key in self.controls or not at:
            name, day = key, ""
        if name not in self.controls:
            raise VariantError({key: f"no such number.{did_you_mean(name, self.controls)}"})
        found = self.controls[name]
        if not day:
            return found, None
        dates = [(step.start or self.scenario.model.start).isoformat() for step in found.steps]
        if found.path is not None or len(dates) == 1 or day not in dates:
            known = f" Known: {', '.join(dates)}." if len(dates) > 1 and not found.path else ""
            raise VariantError({key: f"nothing begins on that date.{known}"})
        return found, date.fromisoformat(day)


@cache
def original(name: str) -> Original:
    """Return a shipped scenario, opened for changing.

    Raises:
        ScenarioError: there is none of that name.

    Example:
        >>> original("caravan-2018").controls["spaces.family_beds.room"].value
        400.0
    """
    if name not in names():
        raise ScenarioError(f"{name[:80]}: unknown scenario.{did_you_mean(name, names())}")
    content = files._written_out(merged(name), f"{name}.toml", (FOLDER / "tables",))
    scenario = load_scenario(name)
    return Original(name, scenario, content, {each.key: each for each in controls(scenario)})


def merged(name: str) -> Content:
    """Return what a shipped scenario's file says on top of what it extends, not yet checked.

    Raises:
        ScenarioError: it cannot be read.

    Example:
        >>> merged("caravan-2018")["title"]
        'The spring 2018 caravan at San Ysidro'
    """
    return files._read(FOLDER / f"{name}.toml", ())


def vary(base: Original, values: Values) -> Scenario:
    """Return a scenario with some numbers changed.

    Args:
        base: what it is a variant of.
        values: new numbers by control key, by ``KEY@DATE`` for a parameter from that date on, and
            by ``scale`` for the part of the people that is simulated. A number set so has no range.

    Raises:
        VariantError: unknown keys, numbers too far from the range, or which together make no
            sense, such as shares that sum to more than 1.

    Example:
        >>> vary(original("caravan-2018"), {"spaces.family_beds.room": 40_000.0})
        Traceback (most recent call last):
        asylumatlas.scenario.variants.VariantError: spaces.family_beds.room: must lie between 0 and
        11,700 beds, ten times its range
    """
    _check_values(base, values)
    if not values:
        return base.scenario
    content = _changed(base, values)
    try:
        found = files._validate(base.name, base.name, content)
        check_size(found.model, base.name)
    except ScenarioError as error:
        raise VariantError(_faults(base, values, str(error))) from error
    return found


def _check_values(base: Original, values: Values) -> None:
    faults: dict[str, str] = {}
    for key, value in values.items():
        if key == SCALE:
            if not 0.0001 <= value <= 1:
                faults[key] = "must lie between 0.0001 and 1"
            continue
        try:
            control, _ = base.control(key)
        except VariantError as error:
            faults |= error.faults
            continue
        low, high = control.bounds
        if not (math.isfinite(value) and low <= value <= high):
            far = "" if control.is_share else ", ten times its range"
            unit = "" if control.is_share else f" {control.unit}"
            faults[key] = f"must lie between {low:,.6g} and {high:,.6g}{unit}{far}"
    if faults:
        raise VariantError(faults)


def _changed(base: Original, values: Values) -> Content:
    """The base's content with the values put in; what is not touched is shared with it."""
    content = dict(base.content)
    dated: dict[str, dict[date | None, float]] = {}
    for key, value in values.items():
        if key == SCALE:
            content[SCALE] = float(value)
            continue
        control, day = base.control(key)
        if control.path is None:
            dated.setdefault(control.key, {})[day] = value
        else:
            content = _put(content, control.path, value)
    if dated:
        own = dict(content.get("parameters", {}))
        for name, steps in dated.items():
            own[name] = _parameter(base, base.controls[name], steps)
        content["parameters"] = own
    return content


def _put(holder: Any, path: Path, value: object) -> Any:
    """A copy of tables and lists with one value put in."""
    first, rest = path[0], path[1:]
    if not isinstance(holder, dict | list):
        return value  # a bare number of days is a law of its own, so its "days" is itself
    copied: Any = holder.copy()
    known = isinstance(holder, list) or first in holder
    copied[first] = _put(copied[first] if known else {}, rest, value) if rest else value
    return copied


def _parameter(base: Original, control: Control, given: Mapping[date | None, float]) -> Any:
    """What a parameter becomes: one number for good, or its dated values with some replaced."""
    everywhere = given.get(None)
    if set(given) == {None}:
        return float(given[None])
    steps = []
    for step in control.steps:
        start = step.start or base.scenario.model.start
        value = given.get(start, everywhere)
        if value is not None:
            number: Content = {"value": float(value), "assumed": WHY}
        else:
            number = {"value": step.value, "low": step.low, "high": step.high}
            number |= {"source": step.source} if step.source else {"assumed": control.assumed}
        steps.append({"from": start, "is": number})
    return steps


def _faults(base: Original, values: Values, told: str) -> dict[str, str]:
    """Each fault's line by the value set that it is about, as far as that can be told."""
    found: dict[str, str] = {}
    for line in told.splitlines():
        said = line.removeprefix(f"{base.name}: ").removeprefix(f"{base.name}.toml: ")
        path, _, wrong = said.partition(": ")
        fits = (
            key
            for key in values
            if key == path or key.startswith(f"{path}.") or path.startswith(f"{key}.")
        )
        key = next(fits, "")
        said = wrong if key else said
        found[key] = f"{found[key]}; {said}" if key in found else said
    return found


# ---- as a file


def text(base: Original, values: Values) -> str:
    """Return a variant as a TOML file that extends its base and says only what differs.

    Args:
        base: what it is a variant of.
        values: as for `vary`, which has accepted them.

    Example:
        >>> made = text(original("caravan-2018"), {"spaces.family_beds.room": 500.0})
        >>> made.splitlines()[3:]
        ['extends = "caravan-2018"', '', '[spaces.family_beds]', 'room = 500.0']
    """
    content = _changed(base, values)
    top: Content = {}
    dropped: dict[str, None] = {}
    for key in values:
        if key == SCALE:
            top[SCALE] = content[SCALE]
            continue
        control, _ = base.control(key)
        path = control.path or ("parameters", control.key)
        if path[0] in JOINED:  # such lists are joined, so the base's own goes first
            dropped[str(path[0])] = None
        _copy(content, path, top)
    head = [
        f"# A variant of {base.name}, made with Asylum Atlas {__version__}.",
        "# Only what differs from it stands here.",
        "",
        f'extends = "{base.name}"',
    ]
    if dropped:
        head.append(f"drop = {_toml(list(dropped))}")
    return "\n".join([*head, *_tables(top, "")]) + "\n"


def _copy(content: Content, path: Path, top: Content) -> None:
    """Put into `top` the least part of the content that holds a path and merges as a whole."""
    here, there = content, top
    for part in path:
        value = here[str(part)]
        in_whole = isinstance(value, dict) and any(word in value for word in WHOLE)
        if not isinstance(value, dict) or in_whole or part == path[-1]:
            there[str(part)] = value
            return
        here, there = value, there.setdefault(str(part), {})


def _tables(content: Mapping[str, Any], prefix: str) -> list[str]:
    """Lines of a TOML table: its plain keys first, then the tables in it."""
    plain, inner = [], []
    for key, value in content.items():
        name = _key(key)
        in_line = not isinstance(value, dict) or any(word in value for word in WHOLE)
        if in_line and isinstance(value, list) and len(value) > 1:
            items = "".join(f"\n  {_toml(item)}," for item in value)
            plain.append(f"{name} = [{items}\n]")
        elif in_line:
            plain.append(f"{name} = {_toml(value)}")
        else:
            inner += _tables(value, f"{prefix}{name}.")
    if plain and prefix:
        return ["", f"[{prefix[:-1]}]", *plain, *inner]
    return [*plain, *inner]


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(said: str) -> str:
    """A text as TOML has it; JSON's escapes are TOML's, but for the delete character."""
    return json.dumps(said, ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml(value: Any) -> str:
    """A value on one line.

    Example:
        >>> _toml({"law": "uniform", "low": 3.0, "on": date(2018, 5, 4), "x": [True, "a"]})
        '{ law = "uniform", low = 3.0, on = 2018-05-04, x = [true, "a"] }'
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, dict):
        inside = ", ".join(f"{_key(str(key))} = {_toml(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    return repr(value)
