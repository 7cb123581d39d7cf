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

from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.scenario import drawn
from asylumatlas.scenario.changes import check_changes
from asylumatlas.scenario.faults import lines
from asylumatlas.scenario.groups import GroupError, expand
from asylumatlas.scenario.merging import merge
from asylumatlas.scenario.model import ScenarioModel
from asylumatlas.scenario.names import check_names
from asylumatlas.scenario.sense import check_sense

FOLDER = Path(__file__).parent.parent / "scenarios"


class ScenarioError(ValueError):
    """A scenario that cannot be used: one line per fault, each with file, key and remedy."""


class Scenario:
    """A validated scenario.

    Attributes:
        name: short name, the file's stem.
        model: the validated content.
        raw: the merged TOML content, JSON-ready.
        fingerprint: 16 hex digits; equal exactly when all content, all parameters and the
            vocabulary are equal. The order of keys counts only where it changes a run.
    """

    def __init__(self, name: str, model: ScenarioModel, raw: dict[str, Any]) -> None:
        self.name = name
        self.model = model
        self.raw = raw
        self.fingerprint = _fingerprint(model)

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
    later = _override(raw, overrides or {})
    raw = _written_out(raw, path.name, (path.parent, FOLDER / "tables"))
    # what a group wrote out can be set by its own name, too
    for key in _override(raw, later):
        hint = did_you_mean(key, [*_parameters(), *_paths(raw)])
        raise ScenarioError(f"--set {key}: {path.name} has no such key.{hint}")
    return _validate(path.stem, path.name, raw)


def _written_out(
    raw: Mapping[str, Any], file: str, folders: Iterable[Path], most: int | None = None
) -> dict[str, Any]:
    """A scenario's content with its groups and its table of draws written out."""
    tables = list(folders)
    try:
        return drawn.drawn(expand(raw, tables, most), tables)
    except (GroupError, drawn.DrawnError) as error:
        raise ScenarioError(" ".join(f"{file}: {error}".splitlines())) from error


def _find(source: str | Path) -> Path:
    path = Path(source)
    if path.suffix == ".toml":
        if not _is_file(path):
            raise ScenarioError(f"{source}: no such file")
        return path
    shipped = FOLDER / f"{source}.toml"
    if "/" in str(source) or not _is_file(shipped):
        hint = did_you_mean(str(source), names())
        raise ScenarioError(
            f"{source}: unknown scenario.{hint} `asylumatlas scenarios` lists them."
        )
    return shipped


def _is_file(path: Path) -> bool:
    """Whether a file is there; a name too long to exist is not."""
    try:
        return path.is_file()
    except OSError:
        return False


def _read(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    """The file's content on top of what it extends."""
    content = _content(path)
    parent = content.pop("extends", None)
    if parent is None:
        return content
    dropped = content.pop("drop", [])
    _check_dropped(dropped, path.name)
    base = path.parent / f"{parent}.toml"
    if not _is_file(base):
        base = FOLDER / f"{parent}.toml"
    if not _is_file(base):
        hint = did_you_mean(str(parent), [p.stem for p in FOLDER.glob("*.toml")])
        raise ScenarioError(f"{path.name}: extends: no scenario {parent!r}.{hint}")
    line = (*seen, path.resolve())
    if base.resolve() in line:
        raise ScenarioError(f"{path.name}: extends: {parent!r} extends itself")
    return _on_top(_read(base, line), content, dropped, path.name)


def _on_top(
    inherited: dict[str, Any], content: Mapping[str, Any], dropped: list[Any], file: str
) -> dict[str, Any]:
    """A file's own content over what it inherits, without what it drops of that."""
    for key in dropped:
        _drop(inherited, key, file)
    merged = merge(inherited, content)
    merged["base_only"] = content.get("base_only", False)
    return merged


def _content(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        said = str(error).splitlines()[0]
        raise ScenarioError(f"{path.name}: cannot be read: {said}") from error
    return _parsed(text, path.name)


def _parsed(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ScenarioError(f"{file}: cannot be read: nested too deep") from error
    except ValueError as error:  # whole numbers of over 4,300 digits, too
        said = str(error).splitlines()[0]
        raise ScenarioError(f"{file}: cannot be read: {said}") from error


def _check_dropped(dropped: object, file: str) -> None:
    if not isinstance(dropped, list):
        raise ScenarioError(f'{file}: drop: must be a list of key paths, e.g. ["feeds.x"]')


def _drop(base: dict[str, Any], key: object, file: str) -> None:
    """Take one key path of the base out, e.g. "feeds.home_docket" or the whole table "costs"."""
    *path, last = str(key).split(".")
    table: Any = base
    for part in path:
        table = table.get(part) if isinstance(table, dict) else None
    if not isinstance(table, dict) or last not in table:
        hint = did_you_mean(str(key), _paths(base))
        raise ScenarioError(f"{file}: drop: the base has no {str(key)!r}.{hint}")
    del table[last]


def _parameters() -> Iterable[str]:
    from asylumatlas import parameters

    return parameters.load()


def _override(raw: dict[str, Any], overrides: Mapping[str, str]) -> dict[str, str]:
    """Set what is there, in place; the overrides whose key is not."""
    known = _parameters()
    left = {}
    for key, text in overrides.items():
        last: str | int
        if key in known:
            table: Any = raw.setdefault("parameters", {})
            last = key
        elif key == "draws.table":  # where there is none yet, too
            table, last = raw.setdefault("draws", {"why": drawn.GIVEN}), "table"
        else:
            table, last = _holder(raw, key)
        in_list = isinstance(table, list) and isinstance(last, int) and last < len(table)
        if in_list or isinstance(table, dict):
            table[last] = _value(text)
        else:
            left[key] = text
    return left


def _holder(raw: dict[str, Any], key: str) -> tuple[Any, str | int]:
    """The table or list that holds what a key path names, and the last part; None without one."""
    table: Any = raw
    *path, last = key.split(".")
    for part in path:
        if isinstance(table, list) and part.isdecimal() and int(part) < len(table):
            table = table[int(part)]
        else:
            table = table.get(part) if isinstance(table, dict) else None
    return table, int(last) if isinstance(table, list) and last.isdecimal() else last


def _value(text: str) -> Any:
    """A value as TOML has it; what is not TOML is text."""
    try:
        read = tomllib.loads(f"x = {text}")
    except (ValueError, RecursionError):
        return text
    return read["x"] if len(read) == 1 else text


def _paths(raw: Mapping[str, Any], prefix: str = "") -> Iterable[str]:
    for key, value in raw.items():
        yield prefix + key
        if isinstance(value, dict):
            yield from _paths(value, f"{prefix}{key}.")
        elif isinstance(value, list) and all(isinstance(item, dict) for item in value):
            for number, item in enumerate(value):
                yield from _paths(item, f"{prefix}{key}.{number}.")


def _validate(name: str, file: str, raw: dict[str, Any]) -> Scenario:
    try:
        model = ScenarioModel.model_validate(raw)
        faults = [*check_names(model), *drawn.faults(model.draws), *check_changes(model)]
        faults = faults or check_sense(model)
    except ValidationError as error:
        faults = lines(raw, error)
    if faults:
        # a key may hold a line break; a fault is still one line
        told = [" ".join(f"{file}: {fault}".splitlines()) for fault in faults]
        raise ScenarioError("\n".join(told))
    return Scenario(name, model, _plain(raw))


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


def _fingerprint(model: ScenarioModel) -> str:
    """Of what the scenario says, not how it is written: 400 is 400.0, a default may be left out."""
    from asylumatlas import process

    said = model.model_dump(mode="json", by_alias=True)
    if model.draws is None:
        del said["draws"]  # scenarios of before such tables keep their fingerprints
    # Stations serve and feeds arrive in this order; lotteries go by the order of words and places.
    order = [list(said[table]) for table in ("stations", "feeds", "places", "classes")]
    text = json.dumps([said, order], sort_keys=True) + _parameter_text()
    text += process.vocabulary_version()
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
