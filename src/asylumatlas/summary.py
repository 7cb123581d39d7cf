"""The summary of a run, as the report reads it: what must be there and what it means.

A summary is JSON. Keys may be added freely; those listed here must be present, so that a
report never prints a blank where a number belongs. Numbers marked `number?` may be null,
which the report shows as "not found". Three things are optional: `changes` (what was decided on
which date), `scale` (the part of the people that was simulated, where it is not all of them; every
number here is for all of them, `conservation` aside) and, in a row of `reported`, `qualifier`
("at_least" and the like).
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from asylumatlas.evidence.suggestion import did_you_mean

HEAD = {
    "title": "text",
    "question": "text",
    "scenario": "text",
    "run": "text",
    "fingerprint": "text",
    "seed": "number",
    "replications": "number",
    "synthetic_note": "text",
    "from": "date",
    "to": "date",
    "created": "text",
    "versions": "table",
    "conservation": "table",
    "caveats": "list",
    "sources": "table",
}
INTERVAL = {"median": "number", "low95": "number", "high95": "number"}
BAND = {**INTERVAL, "low80": "number", "high80": "number"}
LISTS: dict[str, dict[str, str]] = {
    "reported": {
        "id": "text",
        "date": "date",
        "place": "text",
        "label": "text",
        "unit": "text",
        "reported": "number?",
        "outlet": "text?",
        "source": "source",
        "role": "role",
        "inside80": "flag?",
        "inside95": "flag?",
        **BAND,
    },
    "series": {
        "measure": "text",
        "label": "text",
        "place": "text",
        "unit": "text",
        "dates": "list",
        "points": "list",
        **dict.fromkeys(BAND, "list"),
    },
    "stages": {
        "stage": "text",
        "label": "text",
        "entered": "interval",
        "left": "interval",
        "inside": "interval",
    },
    "flow": {
        "from": "text",
        "from_label": "text",
        "to": "text",
        "to_label": "text",
        "label": "text?",
        **INTERVAL,
    },
    "outcomes": {"outcome": "text", "label": "text", **INTERVAL},
    "meters": {
        "meter": "text",
        "label": "text",
        "place": "text?",
        "unit": "text",
        "source": "source",
        **INTERVAL,
    },
    "assumptions": {
        "parameter": "text",
        "label": "text",
        "value": "any",
        "low": "any",
        "high": "any",
        "unit": "text?",
        "assumed": "flag",
        "why": "text?",
        "source": "source",
        "influence": "list",
    },
    "uncertainty": {
        "measure": "text",
        "label": "text",
        "total_sd": "number",
        "luck_share": "number",
        "parameter_share": "number",
    },
}
POINT = {"date": "date", "value": "number?", "outlet": "text?", "source": "source", "role": "role"}
CHANGE = {"on": "date", "what": "text", "source": "source"}  # of the list `changes`, if given
ROLES = ("input", "prediction")
QUALIFIERS = ("stated", "about", "at_least", "at_most", "more_than", "less_than")
DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


class SummaryError(ValueError):
    """A summary that a report cannot be written from; the message names the key."""


def check(summary: Mapping[str, Any]) -> None:
    """Raise `SummaryError` at the first thing in a summary that a report cannot print.

    Example:
        >>> check({"title": "A port", "qestion": "How long?"})
        Traceback (most recent call last):
        ...
        asylumatlas.summary.SummaryError: summary: question: is missing. Did you mean "qestion"?
    """
    _check_row(summary, HEAD, "", summary)
    if not _is_number(summary.get("scale", 1)) or not 0 < summary.get("scale", 1) <= 1:
        raise SummaryError(f"summary: scale: must be above 0, at most 1, not {summary['scale']!r}")
    for name, fields in LISTS.items():
        _check_row(summary, {name: "list"}, "", summary)
        for place, row in enumerate(summary[name]):
            _check_row(row, fields, f"{name}.{place}.", summary)
    for place, series in enumerate(summary["series"]):
        _check_series(series, f"series.{place}.", summary)
    for place, row in enumerate(summary["reported"]):
        _check_qualifier(row, f"reported.{place}.")
        _check_inside(row, f"reported.{place}.")
    for place, row in enumerate(summary.get("changes") or ()):
        _check_row(row, CHANGE, f"changes.{place}.", summary)
    for place, row in enumerate(summary["assumptions"]):
        for number, item in enumerate(row["influence"]):
            fields = {"measure": "text", "share": "number"}
            _check_row(item, fields, f"assumptions.{place}.influence.{number}.", summary)


def named(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return a summary whose parameters and influences have labels that stand alone.

    Example:
        >>> lists = {"reported": [], "series": [], "assumptions": []}
        >>> rows = [{"influence": [{"measure": "waiting", "share": 0.2}]}]
        >>> uncertainty = [{"measure": "waiting", "label": "People waiting"}]
        >>> whole = named({**lists, "assumptions": rows, "uncertainty": uncertainty})
        >>> whole["assumptions"][0]["influence"][0]["label"]
        'People waiting'
    """
    labels: dict[str, str] = {}
    for part in ("reported", "series", "uncertainty"):
        labels |= {row["measure"]: row["label"] for row in summary[part] if "measure" in row}
    assumptions = [
        {
            **row,
            "label": _whole_label(row),
            "influence": [
                {"label": labels.get(item["measure"], item["measure"]), **item}
                for item in row["influence"]
            ],
        }
        for row in summary["assumptions"]
    ]
    return {**summary, "assumptions": assumptions}


def _whole_label(row: Mapping[str, Any]) -> str:
    """Name what a bare "size" or "share" is of, from the parameter's dotted name."""
    label = str(row.get("label", ""))
    *path, last = str(row.get("parameter", "")).split(".")
    if label != last.replace("_", " "):
        return label  # the scenario has its own words
    owner = path[1:] or (path if " " not in label else [])
    return f"{' '.join(owner).replace('_', ' ')}: {label}" if owner else label


def source_ids(source: object) -> list[str]:
    """Return the source ids named in a `source` value; several may be given.

    Example:
        >>> source_ids("LAT0502; REU0502")
        ['LAT0502', 'REU0502']
        >>> source_ids(None)
        []
    """
    if source is None:
        return []
    parts = re.split(r"[;,\s]+", source) if isinstance(source, str) else source
    return [str(part) for part in parts if part] if isinstance(parts, Sequence) else []


def _check_row(
    row: object, fields: Mapping[str, str], where: str, whole: Mapping[str, Any]
) -> None:
    if not isinstance(row, Mapping):
        raise SummaryError(f"summary: {where.rstrip('.') or 'summary'}: must be a table")
    for key, kind in fields.items():
        if key not in row:
            # Offer only keys this table has no other use for.
            spare = [name for name in row if isinstance(name, str) and name not in fields]
            raise SummaryError(f"summary: {where}{key}: is missing.{did_you_mean(key, spare)}")
        for problem in _problems(row[key], kind, whole):
            raise SummaryError(f"summary: {where}{key}: {problem}")


def _problems(value: object, kind: str, whole: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with one value of one kind (at most a few words each)."""
    if kind.endswith("?") and value is None:
        return
    kind = kind.rstrip("?")
    if kind == "number" and not _is_number(value):
        yield f"must be a finite number, not {value!r}"
    elif kind == "text" and not isinstance(value, str):
        yield f"must be text, not {value!r}"
    elif kind == "flag" and not isinstance(value, bool):
        yield f"must be true or false, not {value!r}"
    elif kind == "list" and (isinstance(value, str) or not isinstance(value, Sequence)):
        yield "must be a list"
    elif kind == "table" and not isinstance(value, Mapping):
        yield "must be a table"
    elif kind == "role" and value not in ROLES:
        yield f"unknown role {value!r}; use {' or '.join(ROLES)}"
    elif kind == "date" and not _is_date(value):
        yield f"must be a date such as 2018-05-04, not {value!r}"
    elif kind == "source":
        for name in source_ids(value):
            if name not in whole["sources"]:
                yield f'unknown source "{name}".{did_you_mean(name, list(whole["sources"]))}'
    elif kind == "interval":
        missing = [key for key in INTERVAL if not isinstance(value, Mapping) or key not in value]
        if missing:
            yield f"{', '.join(missing)} missing"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_date(value: object) -> bool:
    if not isinstance(value, str) or not DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat((value + "-01-01")[:10])
    except ValueError:
        return False
    return True


def _check_series(series: Mapping[str, Any], where: str, whole: Mapping[str, Any]) -> None:
    days = len(series["dates"])
    for level in BAND:
        if len(series[level]) != days:
            raise SummaryError(
                f"summary: {where}{level}: has {len(series[level])} values for {days} dates"
            )
        for value in series[level]:
            if not _is_number(value):
                raise SummaryError(f"summary: {where}{level}: must be finite, not {value!r}")
    for number, point in enumerate(series["points"]):
        _check_row(point, POINT, f"{where}points.{number}.", whole)


def _check_qualifier(row: Mapping[str, Any], where: str) -> None:
    said = row.get("qualifier") or "stated"
    if said not in QUALIFIERS:
        hint = did_you_mean(str(said), list(QUALIFIERS))
        raise SummaryError(f"summary: {where}qualifier: unknown qualifier {said!r}.{hint}")


def _check_inside(row: Mapping[str, Any], where: str) -> None:
    """A page that says "inside" beside numbers that say "outside" must not be printed."""
    levels = [row[key] for key in ("low95", "low80", "median", "high80", "high95")]
    if levels != sorted(levels):
        raise SummaryError(f"summary: {where}median: low95 to high95 are not in order: {levels}")
    for level in ("80", "95"):
        said, value = row[f"inside{level}"], row["reported"]
        if (said is None) != (value is None):
            raise SummaryError(f"summary: {where}inside{level}: null exactly when reported is null")
        if value is None:
            continue
        slack = 1e-6 * max(1.0, abs(value))
        low, high = row[f"low{level}"], row[f"high{level}"]
        # A bound is contradicted from one side only.
        if row.get("qualifier") in ("at_least", "more_than"):
            low = -math.inf
        elif row.get("qualifier") in ("at_most", "less_than"):
            high = math.inf
        clear = low + slack < value < high - slack or value < low - slack or value > high + slack
        if clear and said is not (low <= value <= high):
            raise SummaryError(f"summary: {where}inside{level}: {said} contradicts the interval")
