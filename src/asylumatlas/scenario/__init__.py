"""A scenario: a question, the system as it stands, and dated changes, as one TOML file.

Owns the file format: reading, extending, validating and fingerprinting. It knows the process's
names and the parameters' names and refuses any other with one line that says where and what was
meant. What a scenario means in arrays is the business of `sim/rules.py`.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from asylumatlas.scenario.model import ScenarioModel, closest
from asylumatlas.scenario.names import check_names

FOLDER = Path(__file__).parent.parent / "scenarios"


class ScenarioError(ValueError):
    """A scenario that cannot be used: one line per fault, each with file, key and remedy."""


class Scenario:
    """A validated scenario.

    Attributes:
        name: short name, the file's stem.
        model: the validated content.
        raw: the merged TOML content, JSON-ready.
        fingerprint: 16 hex digits; equal exactly when all content and all parameters used are equal.
    """

    def __init__(self, name: str, model: ScenarioModel, raw: dict[str, Any]) -> None:
        self.name = name
        self.model = model
        self.raw = raw
        self.fingerprint = _fingerprint(raw)

    def __repr__(self) -> str:
        return f"Scenario({self.name!r}, fingerprint={self.fingerprint!r})"


def names() -> list[str]:
    """Names of the shipped scenarios that can be run, in alphabetical order."""
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        with path.open("rb") as file:
            if not tomllib.load(file).get("base_only", False):
                found.append(path.stem)
    return found


def load_scenario(source: str | Path, overrides: Mapping[str, str] | None = None) -> Scenario:
    """Load a shipped scenario by name, or one from a TOML file.

    Args:
        source: a name of `names()` or the path of a file.
        overrides: key paths to values as written in TOML, e.g. {"spaces.port_hold.room": "400"};
            a key that names a parameter ("port.x") replaces that parameter's value.

    Raises:
        ScenarioError: unreadable, unknown keys, names or units, values out of range.
    """
    path = _find(source)
    raw = _read(path, ())
    _override(raw, overrides or {}, path.name)
    return _validate(path.stem, path.name, raw)


def _find(source: str | Path) -> Path:
    path = Path(source)
    if path.suffix == ".toml":
        if not path.is_file():
            raise ScenarioError(f"{source}: no such file")
        return path
    shipped = FOLDER / f"{source}.toml"
    if "/" in str(source) or not shipped.is_file():
        hint = closest(str(source), names())
        raise ScenarioError(f"{source}: unknown scenario.{hint} `asylumatlas scenarios` lists them.")
    return shipped


def _read(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    """The file's content on top of what it extends."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScenarioError(f"{path.name}: cannot be read: {error}") from error
    parent = content.pop("extends", None)
    if parent is None:
        return content
    dropped = content.pop("drop", [])
    if not isinstance(dropped, list):
        raise ScenarioError(f'{path.name}: drop: must be a list of key paths, e.g. ["feeds.x"]')
    base = path.parent / f"{parent}.toml"
    if not base.is_file():
        base = FOLDER / f"{parent}.toml"
    if not base.is_file():
        hint = closest(str(parent), [p.stem for p in FOLDER.glob("*.toml")])
        raise ScenarioError(f"{path.name}: extends: no scenario {parent!r}.{hint}")
    if base in seen or base == path:
        raise ScenarioError(f"{path.name}: extends: {parent!r} extends itself")
    inherited = _read(base, (*seen, path))
    for key in dropped:
        _drop(inherited, key, path.name)
    merged = _merge(inherited, content)
    merged["base_only"] = content.get("base_only", False)
    return merged


def _drop(base: dict[str, Any], key: object, file: str) -> None:
    """Take one key path of the base out, e.g. "feeds.home_docket" or the whole table "costs"."""
    *path, last = str(key).split(".")
    table: Any = base
    for part in path:
        table = table.get(part) if isinstance(table, dict) else None
    if not isinstance(table, dict) or last not in table:
        hint = closest(str(key), _paths(base))
        raise ScenarioError(f"{file}: drop: the base has no {str(key)!r}.{hint}")
    del table[last]


def _merge(base: dict[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """`top` over `base`: tables merge, the lists `change`, `reported` and `caveats` are joined."""
    merged = dict(base)
    for key, value in top.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict) and "value" not in value:
            merged[key] = _merge(merged[key], value)
        elif key in ("change", "reported", "caveats") and key in merged:
            merged[key] = [*merged[key], *value]
        else:
            merged[key] = value
    return merged


def _override(raw: dict[str, Any], overrides: Mapping[str, str], file: str) -> None:
    for key, text in overrides.items():
        try:
            value = tomllib.loads(f"x = {text}")["x"]
        except tomllib.TOMLDecodeError:
            value = text
        from asylumatlas import parameters

        if key in parameters.load():
            raw.setdefault("parameters", {})[key] = value
            continue
        table: Any = raw
        *path, last = key.split(".")
        for depth, part in enumerate(path):
            table = table.get(part) if isinstance(table, dict) else None
            if not isinstance(table, dict):
                where = ".".join(path[: depth + 1])
                known = [*parameters.load(), *_paths(raw)]
                raise ScenarioError(f"--set {key}: {file} has no {where!r}.{closest(key, known)}")
        table[last] = value


def _paths(raw: Mapping[str, Any], prefix: str = "") -> Iterable[str]:
    for key, value in raw.items():
        yield prefix + key
        if isinstance(value, dict):
            yield from _paths(value, f"{prefix}{key}.")


def _validate(name: str, file: str, raw: dict[str, Any]) -> Scenario:
    try:
        model = ScenarioModel.model_validate(raw)
    except ValidationError as error:
        raise ScenarioError("\n".join(_lines(file, error))) from error
    faults = check_names(model)
    if faults:
        raise ScenarioError("\n".join(f"{file}: {fault}" for fault in faults))
    return Scenario(name, model, _plain(raw))


def _lines(file: str, error: ValidationError) -> list[str]:
    """One line per fault: file, key path, what is wrong."""
    lines = []
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"] if _is_key(str(part)))
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "missing":
            message = "is missing"
        if fault["type"] == "unknown_key":
            place = ".".join(filter(None, [place, fault["ctx"]["key"]]))
        line = f"{file}: {place}: {message}" if place else f"{file}: {message}"
        if line not in lines:
            lines.append(line)
    return lines


def _is_key(part: str) -> bool:
    """Pydantic adds the names of union members to a path; a reader does not want them."""
    return not (part[:1].isupper() or "[" in part or part in ("float", "int", "str", "bool"))


def _plain(value: Any) -> Any:
    """JSON-ready copy; dates become ISO text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value


@cache
def _parameter_text() -> str:
    from asylumatlas import parameters

    return json.dumps({name: repr(item) for name, item in sorted(parameters.load().items())})


def _fingerprint(raw: Mapping[str, Any]) -> str:
    from asylumatlas import process

    text = json.dumps(raw, sort_keys=True) + _parameter_text() + process.vocabulary_version()
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
