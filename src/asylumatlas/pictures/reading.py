"""A table read for drawing: which grouping is the axis, which the lines, which the panels.

A table is taken by its shape, so nothing here knows how it was counted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from asylumatlas.pictures.periods import PERIODS, place, said
from asylumatlas.pictures.style import PALETTE
from asylumatlas.pictures.words import (
    clean,
    cut,
    finite,
    key_name,
    label,
    listing,
    reach_said,
    value_said,
)

Row = dict[str, Any]

MOST_GROUPS, MOST_SERIES, MOST_PANELS, MOST_DODGED, MOST_COLUMNS = 30, 7, 12, 4, 8
GIVEN_ORDER = ("log", "definition")  # in the order the question names them
NUMBERS = ("low95", "high95", "low80", "high80", "published")
SPREAD = ("p25", "p75", "p90")
OWN_KEYS = {"flow": ("after_days", "stage"), "judges": ("judge",)}


@dataclass
class Reading:
    """Rows of a table with their place in a picture.

    Attributes:
        table: the table.
        keys: role -> key of the table: period, group, series and panel, where there is one.
        rows: each with `period`, `group`, `series`, `panel` (labels), `at` (place of the period),
            the value with its intervals, `mark` (plain, small, partial, none) and words.
        notes: sentences about what is not drawn or drawn otherwise.
        name: of the dataset in the specification.
    """

    table: Any
    keys: dict[str, str]
    rows: list[Row]
    notes: list[str] = field(default_factory=list)
    name: str = "rows"

    @property
    def unit(self) -> str:
        """Unit of the value."""
        return clean(self.table.unit or "")

    @property
    def share(self) -> bool:
        """Whether the value is a share, drawn as per cents."""
        return self.unit.startswith("share")

    def names(self, role: str) -> list[str]:
        """The labels of a role, in the order of the rows."""
        return list(dict.fromkeys(row[role] for row in self.rows))

    def values(self, *fields: str) -> list[float]:
        """Every known number of these fields."""
        return [row[name] for row in self.rows for name in fields if row[name] is not None]

    def again(self) -> "Reading":
        """A reading of the same rows, to be changed by itself."""
        return Reading(self.table, dict(self.keys), [dict(row) for row in self.rows], [*self.notes])

    def keep(self, role: str, names: Sequence[str]) -> None:
        """Drop the rows whose label of a role is not among these."""
        kept = set(names)
        self.rows = [row for row in self.rows if row[role] in kept]

    def trim(self, role: str, most: int, weigh: Callable[[Row], float]) -> None:
        """Keep the labels of a role that weigh most, and note how many are left out."""
        names = self.names(role)
        if len(names) <= most:
            return
        weights = dict.fromkeys(names, 0.0)
        for row in self.rows:
            weights[row[role]] += weigh(row)
        order = sorted(names, key=lambda name: -weights[name])
        self.keep(role, order[:most])
        what = key_name(self.keys.get(role, role))
        self.notes.append(
            f"Shown are the {most} largest of {len(names):,} ({what}); the table has all."
        )

    def colours(self) -> dict[str, str]:
        """A colour for each series."""
        return {name: PALETTE[k % len(PALETTE)] for k, name in enumerate(self.names("series"))}


RANGE = (
    "Dot: all judges together. Bar: nine tenths of judges lie in it, chance removed. "
    "Line: lowest to highest judge that TRAC's rule would report."
)


def shape(table: Any) -> str:
    """What the rows are: the kind of the statistic, or judges one by one."""
    each = table.kind == "variation" and any("shrunken" in row for row in table.rows)
    return "judges" if each else str(table.kind)


def _own(table: Any) -> tuple[str, ...]:
    return OWN_KEYS.get(shape(table), ())


class Stand:
    """The same table with other rows, groups or words."""

    def __init__(self, table: Any, rows: Sequence[Any], **other: Any) -> None:
        self._table, self.rows = table, tuple(rows)
        self.__dict__ |= other

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)


def ranged(table: Any) -> Any:
    """Return how far judges differ as something to draw: the range of their shares.

    The table's value is a spread, which no axis of shares can show; its range can.
    """
    rows = [
        {
            **row,
            "value": row.get("pooled", row.get("value")),
            "p25": row.get("fitted_p05"),
            "p75": row.get("fitted_p95"),
            "low95": row.get("trac_low"),
            "high95": row.get("trac_high"),
            "low80": None,
            "high80": None,
        }
        for row in table.rows
    ]
    return Stand(table, rows, unit="share")


def read(table: Any) -> Reading:
    """Return a table's rows with the role that each grouping plays in the picture."""
    table = ranged(table) if shape(table) == "variation" else table
    dimensions = _dimensions(table)
    keys = _roles(table, dimensions)
    more = [key for key in dimensions if key not in [*keys.values(), *_own(table)]]
    labels = getattr(table, "labels", None)
    named = {key: _labels(table, key, labels) for key in dimensions}
    rows = [_row(table, row, keys, named, more) for row in table.rows]
    reading = Reading(table, keys, rows)
    if shape(table) == "variation":
        reading.notes.append(RANGE)
    _note_unknown(reading)
    _note_marks(reading)
    return reading


def _dimensions(table: Any) -> list[str]:
    """The table's groupings, and those that its rows have beside them."""
    found = list(table.by)
    own = _own(table)
    beside = [*GIVEN_ORDER, "meter", *own]
    if not set(found) & set(PERIODS):
        beside.append("date")  # a number on one or more days
    for key in beside:
        known = key not in found and any(key in row for row in table.rows)
        # A key with one value for all rows tells the groups apart by nothing.
        if known and (key in own or len({row.get(key) for row in table.rows}) > 1):
            found.append(key)
    return found


def _roles(table: Any, dimensions: Sequence[str]) -> dict[str, str]:
    """Which grouping is the axis, the rows, the lines and the panels."""
    own = _own(table)
    free = [key for key in dimensions if key not in own]
    keys: dict[str, str] = {}
    timed = [key for key in PERIODS if key in free and _is_time(table, key)]
    if timed and not own:
        keys["period"] = timed[0]
        free.remove(timed[0])
    compared = [key for key in free if key in GIVEN_ORDER]
    others = [key for key in free if key not in GIVEN_ORDER]
    if own:
        keys |= dict(zip(("panel", "series"), [*others, *compared], strict=False))
    elif "period" in keys:
        keys |= dict(zip(("series", "panel"), [*compared, *others], strict=False))
    elif others:
        spread = sorted(others, key=lambda key: -len({str(row.get(key)) for row in table.rows}))
        keys |= dict(
            zip(("group", "series", "panel"), [spread[0], *compared, *spread[1:]], strict=False)
        )
    else:
        keys |= dict(zip(("group", "series"), compared, strict=False))
    return keys


def _is_time(table: Any, key: str) -> bool:
    return any(place(key, row.get(key)) is not None for row in table.rows)


def _labels(table: Any, key: str, labels: Any) -> dict[Any, str]:
    """A label for each value of a key; no two values share one."""
    made: dict[Any, str] = {}
    used: set[str] = set()
    for row in table.rows:
        value = row.get(key)
        if value in made:
            continue
        base = name = cut(label(key, value, labels), 90)
        count = 2
        while name in used:
            name, count = f"{base} ({count})", count + 1
        used.add(name)
        made[value] = name
    return made


def _row(
    table: Any,
    row: Mapping[str, Any],
    keys: Mapping[str, str],
    named: Mapping[str, Any],
    more: Sequence[str],
) -> Row:
    made: Row = {role: "" for role in ("period", "group", "series", "panel")}
    made["at"] = None
    for role, key in keys.items():
        if role == "period":
            made["at"] = place(key, row.get(key))
            made["period"] = named[key][row.get(key)]
            if made["at"] is not None:
                made["period"] = said(key, made["at"])
        else:
            made[role] = named[key][row.get(key)]
    unit = clean(table.unit or "")
    made |= {name: finite(row.get(name)) for name in ("value", *NUMBERS)}
    if shape(table) == "judges":
        made["raw"] = row
    if shape(table) in ("duration", "variation"):
        made |= {name: finite(row.get(name)) for name in SPREAD}
    made["panel"] = ", ".join(
        filter(None, [made["panel"], *(named[key][row.get(key)] for key in more)])
    )
    made["weight"] = _weight(row, made["value"])
    made["mark"] = _mark(row, made["value"])
    unsaid = {"suppressed": "suppressed", "none": "no value"}
    made["words"] = unsaid.get(made["mark"]) or value_said(made["value"], unit)
    made["reach"] = reach_said(made["low95"], made["high95"], unit)
    made["of"] = _of(row)
    known = made["published"] is not None
    made["published_words"] = value_said(made["published"], unit) if known else ""
    made["own"] = {
        key: row.get(key) if key == "after_days" else named[key][row.get(key)]
        for key in _own(table)
    }
    if shape(table) == "variation":
        made["words"] = reach_said(made["p25"], made["p75"], unit) or made["words"]
        made["reach"] = ""
    return made


def _weight(row: Mapping[str, Any], value: float | None) -> float:
    """How much stands behind a row: the cases it counts, else its value."""
    for name in ("denominator", "started", "cases", "decisions"):
        known = finite(row.get(name))
        if known is not None:
            return known
    return value or 0.0


def _mark(row: Mapping[str, Any], value: float | None) -> str:
    flag = str(row.get("flag") or "")
    if "suppressed" in flag or row.get("suppressed") is True:
        return "suppressed"
    if value is None:
        return "none"
    if "small" in flag or row.get("small") is True:
        return "small"
    return "partial" if "partial" in flag else "plain"


def _of(row: Mapping[str, Any]) -> str:
    numerator, denominator = finite(row.get("numerator")), finite(row.get("denominator"))
    if numerator is not None and denominator is not None:
        return f"{value_said(numerator, '')} of {value_said(denominator, '')}"
    started, ended = finite(row.get("started")), finite(row.get("ended"))
    if started is not None and ended is not None:
        return f"{value_said(started, '')} begun, {value_said(ended, '')} ended"
    return ""


def _note_unknown(reading: Reading) -> None:
    """Rows whose period is not known have no place on the axis."""
    if "period" not in reading.keys:
        return
    lost = [row for row in reading.rows if row["at"] is None]
    if lost:
        reading.rows = [row for row in reading.rows if row["at"] is not None]
        what = key_name(reading.keys["period"])
        reading.notes.append(f"{len(lost)} rows without a known {what} are in the table only.")


def _note_marks(reading: Reading) -> None:
    by_mark: dict[str, list[str]] = {}
    for row in reading.rows:
        name = ", ".join(filter(None, (row["panel"], row["group"], row["series"], row["period"])))
        by_mark.setdefault(row["mark"], []).append(cut(name or "the one value", 40))
    if "small" in by_mark:
        reading.notes.append("Hollow marks: few cases, read with care.")
    if "partial" in by_mark:
        reading.notes.append(
            f"Small white dot inside: only part of the period is known "
            f"({listing(by_mark['partial'], 2)})."
        )
    if "suppressed" in by_mark:
        reading.notes.append(f"Suppressed, too few cases: {listing(by_mark['suppressed'])}.")
    if "none" in by_mark:
        median = reading.table.kind == "duration"
        what = "Fewer than half had ended, so no median" if median else "No value"
        names = "" if len(reading.rows) == 1 else f": {listing(by_mark['none'])}"
        reading.notes.append(f"{what}{names}.")


def sources(table: Any) -> list[Mapping[str, Any]]:
    """Return the table's sources as mappings, whichever way it holds them."""
    names = ("log", "fingerprint", "as_of", "note")
    return [
        {name: source.get(name) for name in names}
        if isinstance(source, Mapping)
        else {name: getattr(source, name, None) for name in names}
        for source in table.sources
    ]


def source_line(table: Any) -> str:
    """Return what stands under the picture: the datasets, their state, and what they are."""
    parts = []
    for source in sources(table):
        name = clean(source["log"] or "dataset")
        known = [f"as of {clean(source['as_of'])}" if source["as_of"] else ""]
        mark = source["fingerprint"]
        known.append(f"fingerprint {cut(clean(mark), 17)}" if mark else "")
        note = f". {clean(source['note']).rstrip('.')}" if source["note"] else ""
        parts.append(f"{name} ({', '.join(filter(None, known))}){note}")
    cited = "; ".join(clean(text).rstrip(".") for text in getattr(table, "cite_as", ()))
    end = f". Published: {cited}" if cited else ""
    return f"Source: {'; '.join(parts) or 'not stated'}{end}. Asylum Atlas."
