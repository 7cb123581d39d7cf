"""One scenario over another: how tables, lists and dated changes of two files become one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

JOINED = ("change", "reported", "caveats")
WHOLE = ("value", "law", "times")  # a table with such a key is one thing: it replaces, never merges


def merge(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """`top` over `base`: tables merge, the lists `change`, `reported` and `caveats` are joined.

    Example:
        >>> merge({"a": {"x": 1, "y": 2}, "caveats": ["one"]}, {"a": {"y": 3}, "caveats": ["two"]})
        {'a': {'x': 1, 'y': 3}, 'caveats': ['one', 'two']}
    """
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        both = isinstance(value, dict) and isinstance(below, dict)
        if both and not any(word in value for word in WHOLE):
            merged[key] = merge(merged[key], value)
        elif key in JOINED and isinstance(value, list) and isinstance(below, list):
            merged[key] = _by_date([*below, *value]) if key == "change" else [*below, *value]
        else:
            merged[key] = value
    return merged


def _by_date(changes: list[Any]) -> list[Any]:
    """Changes of a base and of what extends it, in one order of dates where all have one."""
    dates = [change.get("on") if isinstance(change, dict) else None for change in changes]
    if not all(type(on) is date for on in dates):
        return changes
    return sorted(changes, key=lambda change: change["on"])
