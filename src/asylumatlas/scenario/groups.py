"""Groups of places: one table of courts instead of seventy copies of each crew and measure.

A scenario says `[groups.courts] table = "immigration-courts"` and then writes once what holds for
every row: a crew with `each = "courts"`, a station `at = ["@courts"]`, a pattern
`"court_decision.denied@@courts"`. Here the written-once form becomes the written-out form, before
anything is checked, so that no other part of the program knows of groups.

- A table is `scenarios/tables/NAME.csv`, or NAME.csv beside the scenario's own file. Its column
  `key` names the places, `name` labels them. A column holds only numbers, only true and false, or
  text.
- `where = "border"` keeps the rows that are true in that column, `where = "not border"` the
  others; a list of such conditions asks for all of them.
- `each = GROUP` on a table writes it once a row. `{column}` in its keys and texts becomes the
  row's value, a text that is only `"{column}"` becomes the number. `{key}` and the group's own
  word (`{court}` for courts and border_courts, or the key `word` of the group) become the row's
  key. What the scenario says of one such table by name lies over it.
- `"@GROUP"` in a list becomes the keys of the rows, `"event@@GROUP"` a pattern for each.
- `"@GROUP"` in a key of a table becomes a key for each row; its value, when it names a column, is
  the row's number: `place = { "@courts" = "released_share" }`.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.scenario.merging import merge

Row = dict[str, Any]
KEYS = ("table", "where", "word")
BRACED = re.compile(r"\{(\w+)\}")
NAMED = re.compile(r"@(\w+)")
NAME = re.compile(r"[\w-]+")
PLACE = re.compile(r"[a-z0-9_]+")
TEXT = 100  # characters of a text that count like one value


class GroupError(ValueError):
    """A group that cannot be written out: one line with the key, what is wrong and the remedy."""


@dataclass(frozen=True)
class Group:
    """Some rows of a table.

    Attributes:
        name: as in the scenario.
        word: what stands for a row's key in braces, e.g. "court".
        columns: names of the table's columns.
        rows: the rows that are in the group, in the table's order; every row has `key`.
    """

    name: str
    word: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def keys(self) -> list[str]:
        """Places of the group, in the table's order."""
        return [str(row["key"]) for row in self.rows]


def expand(
    raw: Mapping[str, Any], folders: Iterable[Path], most: int | None = None
) -> dict[str, Any]:
    """A scenario without groups: every place, crew, measure and pattern written out.

    Args:
        raw: a scenario's merged content; not changed.
        folders: where tables lie, the first that has one wins.
        most: values and texts that may be written, for a scenario by somebody unknown: groups
            within groups multiply. Without it there is no limit.

    Returns:
        The content without the key `groups`; the content itself, copied, where it has none.

    Raises:
        GroupError: an unknown group, table or column, a value that is not there.
    """
    if "groups" not in raw:
        return dict(raw)
    content = {key: value for key, value in raw.items() if key != "groups"}
    if not isinstance(raw["groups"], dict):
        raise GroupError("groups: must be a table, e.g. [groups.courts]")
    tables = list(folders)
    groups = {name: _group(name, said, tables) for name, said in raw["groups"].items()}
    places = content.get("places", {})
    if isinstance(places, dict):
        rows = [row for group in groups.values() for row in group.rows]
        labels = {row["key"]: str(row.get("name") or row["key"]) for row in rows}
        content["places"] = {**places, **{k: v for k, v in labels.items() if k not in places}}
    classes = content.get("classes", {})
    kept = {"place", *(classes if isinstance(classes, dict) else ())}
    writer = _Writer(groups, kept, most)
    written: dict[str, Any] = writer.write(content, "")
    return written


# ---- the groups themselves


def _group(name: str, said: Any, folders: list[Path]) -> Group:
    key = f"groups.{name}"
    if not isinstance(said, dict) or not isinstance(said.get("table"), str):
        raise GroupError(f'{key}: needs the key table, e.g. table = "immigration-courts"')
    for word in said:
        if word not in KEYS:
            hint = did_you_mean(word, KEYS) or f" Known here: {', '.join(KEYS)}."
            raise GroupError(f"{key}.{word}: unknown key.{hint}")
    if not re.fullmatch(r"\w+", name):
        raise GroupError(f"{key}: a group's name is of letters, digits and underscores")
    columns, rows = _table(said["table"], f"{key}.table", folders)
    rows = [row for row in rows if _fits(row, columns, said.get("where", []), f"{key}.where")]
    if not rows:
        raise GroupError(f"{key}.where: no row of {said['table']} fits")
    word = said.get("word", name.rpartition("_")[2].removesuffix("s"))
    if not isinstance(word, str) or not re.fullmatch(r"\w+", word):
        raise GroupError(f'{key}.word: must be one word, e.g. "court"')
    if word in columns and word != "key":
        raise GroupError(f"{key}.word: {word!r} is a column of {said['table']}; choose another")
    return Group(name, word, tuple(columns), tuple(rows))


def _fits(row: Row, columns: list[str], where: Any, key: str) -> bool:
    """Whether a row is true in every column asked for, or false where "not" stands before it."""
    conditions = [where] if isinstance(where, str) else where
    if not isinstance(conditions, list) or not all(isinstance(c, str) for c in conditions):
        raise GroupError(f'{key}: must be a column such as "border", or "not border", or a list')
    for condition in conditions:
        column = condition.removeprefix("not ").strip()
        if column not in columns:
            raise GroupError(f"{key}: no column {column!r}.{did_you_mean(column, columns)}")
        if not isinstance(row[column], bool):
            raise GroupError(f"{key}: the column {column!r} is not of true and false")
        if row[column] == condition.startswith("not "):
            return False
    return True


def _table(name: str, key: str, folders: list[Path]) -> tuple[list[str], list[Row]]:
    """Columns and rows of a table; numbers and true and false are read as such."""
    path = next((f / f"{name}.csv" for f in folders if (f / f"{name}.csv").is_file()), None)
    if path is None or not NAME.fullmatch(name):
        known = sorted({found.stem for folder in folders for found in folder.glob("*.csv")})
        raise GroupError(f"{key}: no table {name!r}.{did_you_mean(name, known)}")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise GroupError(f"{key}: {path.name} cannot be read: {error}") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    head, *rest = list(csv.reader(lines)) or [[]]
    for column in ("key", *head):
        if head.count(column) != 1 or not re.fullmatch(r"\w+", column) or column == "place":
            raise GroupError(f"{key}: {path.name}: needs the column {column!r} once")
    for number, cells in enumerate(rest, 1):
        if len(cells) != len(head):
            raise GroupError(
                f"{key}: {path.name}: row {number} has {len(cells)} cells, not {len(head)}"
            )
    typed = [_typed([cells[k] for cells in rest]) for k in range(len(head))]
    typed[head.index("key")] = [cells[head.index("key")] for cells in rest]
    rows = [dict(zip(head, cells, strict=True)) for cells in zip(*typed, strict=True)]
    _check_keys([row["key"] for row in rows], f"{key}: {path.name}")
    return head, rows


def _check_keys(keys: list[str], where: str) -> None:
    for name in keys:
        if name == "each":
            raise GroupError(f"{where}: the key 'each' is taken: it means once a row")
        if not PLACE.fullmatch(name):
            raise GroupError(f"{where}: the key {name!r} is not of small letters, digits and _")
        if keys.count(name) > 1:
            raise GroupError(f"{where}: the key {name!r} stands twice")
    if not keys:
        raise GroupError(f"{where}: has no row")


def _typed(cells: list[str]) -> list[Any]:
    """A column as true and false, as numbers, or as it is; an empty cell is None."""
    filled = [cell for cell in cells if cell.strip()]
    if filled and set(filled) <= {"true", "false"}:
        return [cell == "true" if cell.strip() else None for cell in cells]
    try:
        numbers = [float(cell) if cell.strip() else None for cell in cells]
    except ValueError:
        return [cell if cell.strip() else None for cell in cells]
    if all(n is None or math.isfinite(n) for n in numbers):
        return list(numbers)
    return list(cells)


# ---- writing out


class _Writer:
    """Writes tables, lists and texts out; every method returns new content."""

    def __init__(
        self, groups: Mapping[str, Group], kept: set[str], most: int | None = None
    ) -> None:
        self.groups = groups
        self.left = math.inf if most is None else most
        self.kept = kept  # words in braces that others replace: classes, and a station's place

    def write(self, value: Any, key: str) -> Any:
        """Any value; a text stays as it is, since only an `each` gives words in braces a row."""
        if isinstance(value, dict):
            return self._table(value, key)
        if isinstance(value, list) and key != "caveats":
            return self._list(value, key)
        return value

    def _table(self, table: Mapping[str, Any], key: str) -> dict[str, Any]:
        """A table with its `each` and its `@GROUP` keys written out; what is named lies over."""
        written: dict[str, Any] = {}
        named: dict[str, Any] = {}
        order: dict[str, None] = {}
        for name, value in table.items():
            path = f"{key}.{name}" if key else name
            if isinstance(value, dict) and "each" in value:
                made = self._each_of_table(name, value, path)
            elif NAMED.search(name):
                made = self._of_key(name, value, path)
            else:
                named[name] = self.write(value, path)
                order[name] = None
                continue
            for own, item in made.items():
                written[own] = _over(written.get(own), item)
                order[own] = None
        return {
            name: _over(written.get(name), named[name]) if name in named else written[name]
            for name in order
        }

    def _list(self, items: list[Any], key: str) -> list[Any]:
        """A list with `@GROUP` texts and `each` tables written out in its place."""
        made: list[Any] = []
        for number, item in enumerate(items):
            path = f"{key}.{number}"
            if isinstance(item, dict) and "each" in item:
                group = self._named(item["each"], f"{path}.each")
                rest = {k: v for k, v in item.items() if k != "each"}
                made += [self.write(self._fill(group, row, rest, path), path) for row in group.rows]
            elif isinstance(item, str) and (item.startswith("@") or "@@" in item):
                before, _, name = item.rpartition("@")
                made += [before + place for place in self._named(name, path).keys]
            else:
                made.append(self.write(item, path))
        return made

    def _each_of_table(self, name: str, value: Mapping[str, Any], path: str) -> dict[str, Any]:
        group = self._named(value["each"], f"{path}.each")
        rest = {key: item for key, item in value.items() if key != "each"}
        made: dict[str, Any] = {}
        for row in group.rows:
            own = str(self._text(group, row, path, name))
            if own in made:
                raise GroupError(
                    f"{path}: gives {own!r} twice; its name needs {{{group.word}}}, as in "
                    f'"{name}_{{{group.word}}}"'
                )
            made[own] = self.write(self._fill(group, row, rest, path), path)
        return made

    def _of_key(self, name: str, value: Any, path: str) -> dict[str, Any]:
        """One key for each row of the group in `name`; a value that names a column is the row's."""
        found = NAMED.search(name)
        assert found is not None
        group = self._named(found[1], path)
        made = {}
        for row in group.rows:
            own = name[: found.start()] + str(row["key"]) + name[found.end() :]
            is_column = isinstance(value, str) and re.fullmatch(r"\w+", value)
            if is_column and value != "unlimited":
                made[own] = self._cell(group, row, value, path)
            else:
                made[own] = self.write(self._fill(group, row, value, path), path)
        return made

    def _named(self, name: Any, key: str) -> Group:
        if not isinstance(name, str) or name not in self.groups:
            hint = did_you_mean(str(name), self.groups)
            raise GroupError(f"{key}: unknown group {name!r}.{hint}")
        return self.groups[name]

    def _fill(self, group: Group, row: Row, value: Any, path: str) -> Any:
        """A value with the row's words in place of those in braces, in keys and texts."""
        self.left -= 1 + len(value) / TEXT if isinstance(value, str) else 1
        if self.left < 0:
            raise GroupError(f"{path}: writes out too much; use fewer groups within groups")
        fill = partial(self._fill, group, row)
        if isinstance(value, dict):
            text = partial(self._text, group, row, path)
            return {str(text(key)): fill(item, f"{path}.{key}") for key, item in value.items()}
        if isinstance(value, list):
            return [fill(item, f"{path}.{number}") for number, item in enumerate(value)]
        return self._text(group, row, path, value) if isinstance(value, str) else value

    def _text(self, group: Group, row: Row, path: str, text: str) -> Any:
        whole = BRACED.fullmatch(text)
        if whole and whole[1] not in self.kept:
            return self._cell(group, row, whole[1], path)

        def replaced(found: re.Match[str]) -> str:
            kept = found[1] in self.kept
            return found[0] if kept else _spelled(self._cell(group, row, found[1], path))

        return BRACED.sub(replaced, text)

    def _cell(self, group: Group, row: Row, column: str, path: str) -> Any:
        if column == group.word:
            return row["key"]
        if column not in group.columns:
            hint = did_you_mean(column, [group.word, *group.columns, *sorted(self.kept)])
            raise GroupError(f"{path}: the table of {group.name} has no column {column!r}.{hint}")
        if row[column] is None:
            raise GroupError(f"{path}: {row['key']} has no value in the column {column!r}")
        return row[column]


def _spelled(value: Any) -> str:
    """A cell inside a text: numbers without needless decimals, true and false as TOML has them."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _over(below: Any, above: Any) -> Any:
    """What is said of one row by name, over what is said of each."""
    both = isinstance(below, dict) and isinstance(above, dict)
    return merge({"x": below}, {"x": above})["x"] if both else above
