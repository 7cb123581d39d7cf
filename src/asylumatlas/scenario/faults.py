"""What is wrong with a scenario's shape, as one line for each fault."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from asylumatlas.evidence.suggestion import did_you_mean

MOST = 200  # lines; who mends these runs the check again
PLAIN = {
    "missing": "is missing",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "list_type": "must be a list",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "date_type": "must be a date such as 2018-05-04",
    "datetime_type": "must be a local date and time such as 2018-05-04T12:00:00",
    "too_short": "needs at least one entry",
}


def lines(raw: Mapping[str, Any], error: ValidationError) -> list[str]:
    """One line per fault: key path, what is wrong, and what was probably meant."""
    found: dict[str, None] = {}
    for fault in error.errors(include_url=False):
        path = key_path(raw, fault["loc"], fault["type"] == "missing")
        for key, message in _messages(fault):
            place = ".".join(filter(None, [path, key]))
            found[f"{place}: {message}" if place else message] = None
        if len(found) >= MOST:
            break
    return list(found)


def key_path(raw: Any, location: tuple[int | str, ...], missing: bool) -> str:
    """The keys of a location that are in the file; pydantic's names of alternatives are not."""
    keys, here = [], raw
    for position, part in enumerate(location):
        is_key = isinstance(here, dict) and part in here
        is_item = isinstance(here, list) and isinstance(part, int) and part < len(here)
        if is_key or is_item:
            keys.append(str(part))
            here = here[part]
        elif missing and position == len(location) - 1:
            keys.append(str(part))
    return ".".join(keys)


def _messages(fault: Any) -> Iterator[tuple[str, str]]:
    """(key, message) pairs of one of pydantic's errors; the key only where it was unknown."""
    if fault["type"] == "unknown_keys":
        for key, hint in fault["ctx"]["unknown"].items():
            yield key, f"unknown key.{hint}"
        return
    plain = fault["msg"].removeprefix("Value error, ").replace("Input should be", "must be", 1)
    message = PLAIN.get(fault["type"], plain)
    if fault["type"] == "literal_error":
        message += "." + did_you_mean(str(fault["input"]), re.findall(r"'([^']*)'", plain))
    yield "", message
