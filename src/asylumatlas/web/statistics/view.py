"""A statistic's table as readers see it: the numbers in words, and the rows in a table.

All columns are in the CSV; here stand those that a reader needs, in the reader's units. Nothing
here asks where the data came from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asylumatlas.pictures.words import finite, key_name, label, value_said
from asylumatlas.stats.catalogue import publishers

if TYPE_CHECKING:
    from asylumatlas.stats import Table
    from asylumatlas.stats.catalogue import Statistic

Row = Mapping[str, Any]
Say = Callable[..., str]

MOST_ROWS = 200  # of a page; the rest is in the CSV
MOST_FIGURES = 8
NOTHING = "–"

KEYS = ("definition", "log", "meter", "unit", "after_days", "stage")

HEADS = {
    "definition": "statistics.col_definition",
    "log": "statistics.col_log",
    "fiscal_year": "statistics.by_fiscal_year",
    "calendar_year": "statistics.by_calendar_year",
    "quarter": "statistics.by_quarter",
    "month": "statistics.by_month",
    "nationality": "statistics.by_nationality",
    "court": "statistics.by_court",
    "judge": "statistics.by_judge",
    "kind": "statistics.by_kind",
    "representation": "statistics.by_representation",
    "custody": "statistics.by_custody",
    "case_type": "statistics.by_case_type",
    "entry_route": "statistics.by_entry_route",
    "sex": "statistics.by_sex",
    "language": "statistics.by_language",
    "feed": "statistics.by_feed",
    "claim": "statistics.by_claim",
    "outcome": "statistics.by_outcome",
    "party": "statistics.by_party",
    "place": "statistics.by_place",
    "meter": "statistics.col_meter",
    "unit": "statistics.col_unit",
    "stage": "statistics.col_stage",
    "numerator": "statistics.col_numerator",
    "denominator": "statistics.col_denominator",
    "started": "statistics.col_started",
    "ended": "statistics.col_ended",
    "ended_otherwise": "statistics.col_ended_otherwise",
    "open": "statistics.col_open",
    "p90": "statistics.col_p90",
    "within_365": "statistics.col_within_365",
    "within_1095": "statistics.col_within_1095",
    "cases": "statistics.col_cases",
    "judges": "statistics.col_judges",
    "decisions": "statistics.col_decisions",
    "pooled": "statistics.col_pooled",
    "shrunken": "statistics.col_shrunken",
    "date": "statistics.col_date",
    "published": "statistics.col_published",
    "difference": "statistics.col_difference",
    "flag": "statistics.col_flag",
}
"""Column -> its head, a key of the words."""

VALUES = {
    "share": "statistics.col_share",
    "flow": "statistics.col_share",
    "duration": "statistics.col_median",
    "variation": "statistics.col_spread",
    "total": "statistics.col_amount",
}
"""Kind of statistic -> the head over its value; the unit itself for others."""

FLAGS = {
    "small": "statistics.flag_small",
    "partial": "statistics.flag_partial",
    "suppressed": "statistics.flag_suppressed",
    "sampled": "statistics.flag_sampled",
}

_MORE = {
    "share": ("numerator", "denominator"),
    "duration": ("started", "ended", "ended_otherwise", "open", "p90", "within_365"),
    "flow": ("cases",),
    "variation": ("judges", "decisions", "pooled"),
    "judges": ("numerator", "denominator", "shrunken"),
    "stock": ("date",),
}


@dataclass(frozen=True)
class Figure:
    """One number in words.

    Attributes:
        name: whose it is, where there are several.
        value: with its unit where that is a per cent.
        unit: what follows the value; "" for shares.
        reach: its 95 % interval; "" where there is none.
        of: what it is a part of, as a number; "".
        flags: what to mind, in words.
        day: the day of a number on a day, ISO 8601; "".
    """

    name: str
    value: str
    unit: str
    reach: str
    of: str
    flags: tuple[str, ...]
    day: str


@dataclass(frozen=True)
class Grid:
    """The rows of a table as text.

    Attributes:
        head: names of the columns.
        rows: (R, C) cells.
        numeric: places of the columns of digits.
        left: rows that are not shown.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...]
    left: int = 0


def definition_labels(statistic: Statistic) -> dict[str, str]:
    """Return what readers call each definition: whose it is, and more where that is not enough.

    Example:
        >>> from asylumatlas.stats import statistics
        >>> list(definition_labels(statistics()["asylum_denial_rate"]).values())[:3]
        ['TRAC', 'TRAC: other relief', 'EOIR']
    """
    whose = [one.publisher for one in statistic.definitions.values()]
    found = {}
    for name, one in statistic.definitions.items():
        label = publishers()[one.publisher].label
        if whose.count(one.publisher) > 1 and name != one.publisher:
            label += f": {name.removeprefix(f'{one.publisher}_').replace('_', ' ')}"
        found[name] = label
    return found


def shape(table: Table) -> str:
    """Return what the rows are: the statistic's kind, or judges one by one."""
    each = table.kind == "variation" and "judge" in table.by
    return "judges" if each else table.kind


def is_roomy(table: Table) -> bool:
    """Whether a chart has names beside its lines or bars, and so needs room on a phone."""
    several = any(name in row for row in table.rows[:1] for name in ("definition", "log"))
    return table.kind in ("flow", "total") or len(table.by) + several > 1


def figures(table: Table, say: Say) -> tuple[Figure, ...]:
    """Return the numbers of a table without groups, to be said before anything else.

    Args:
        table: the answer.
        say: gives a text in the reader's language.

    Returns:
        None where the table has groups or its rows are no single numbers.
    """
    single = not table.by and shape(table) not in ("flow", "total")
    if not single or not 0 < len(table.rows) <= MOST_FIGURES:
        return ()
    return tuple(_figure(table, row, say) for row in table.rows)


def _figure(table: Table, row: Row, say: Say) -> Figure:
    unit = "" if _is_share(table) else table.unit
    if shape(table) == "variation":
        unit = say("statistics.points")
    keys = [key for key in ("definition", "log") if key in row]
    value = _value(table, row, "value", say)
    day = row.get("date")
    return Figure(
        name=", ".join(label(key, row[key], table.labels) for key in keys),
        value=value,
        unit="" if row["value"] is None else unit,
        reach=_reach(table, row, say),
        of=_of(row),
        flags=tuple(_flags(row, say)),
        day="" if day is None else str(day),
    )


def grid(table: Table, say: Say, most: int = MOST_ROWS) -> Grid:
    """Return the rows of a table as text, those of a flow with its days side by side.

    Args:
        table: the answer.
        say: gives a text in the reader's language.
        most: rows shown at most.
    """
    if table.kind == "flow" and table.rows:
        return _pivoted(table, say, most)
    columns = list(_columns(table, say))
    rows = tuple(tuple(cell(row) for _, cell, _ in columns) for row in table.rows[:most])
    numeric = tuple(place for place, (_, _, digits) in enumerate(columns) if digits)
    head = tuple(name for name, _, _ in columns)
    return Grid(head, rows, numeric, max(0, len(table.rows) - most))


Shown = tuple[str, Callable[[Row], str], bool]
"""A column: its head, what gives its cell, and whether it is of digits."""


def _columns(table: Table, say: Say) -> Iterator[Shown]:
    names = {column.name for column in table.columns}
    used = {name for name in names if any(row[name] not in (None, "") for row in table.rows)}
    keys = _keys(table)
    yield from _key_columns(table, keys, say)
    yield _value_head(table, say), lambda row: _value(table, row, "value", say), True
    if {"low95", "high95"} & used:
        yield _reach_head(table, say), lambda row: _reach(table, row, say), True
    for name in _MORE.get(shape(table), ()):
        if name in used and name not in keys:
            yield say(HEADS[name]), _reader(table, name, say), name != "date"
    if "published" in used:
        yield say(HEADS["published"]), _reader(table, "published", say), True
    if "difference" in used:
        yield say(HEADS["difference"]), lambda row: _difference(table, row, say), True
    if "flag" in used:
        yield say(HEADS["flag"]), lambda row: ", ".join(_flags(row, say)), False


def _keys(table: Table) -> list[str]:
    """The columns that say which row it is."""
    names = [column.name for column in table.columns]
    return [name for name in ("definition", "log", *table.by, *KEYS[2:]) if name in names]


def _key_columns(table: Table, keys: Sequence[str], say: Say) -> Iterator[Shown]:
    if not keys:
        yield say("statistics.col_rows"), lambda row: say("statistics.all_rows"), False
    for name in keys:
        yield head(name, say), _reader(table, name, say), False


def head(name: str, say: Say) -> str:
    """Return what a column is called.

    Example:
        >>> head("court", lambda key: key)
        'statistics.by_court'
    """
    return say(HEADS[name]) if name in HEADS else key_name(name)


def _value_head(table: Table, say: Say) -> str:
    if shape(table) == "judges":
        return say("statistics.col_share")
    if table.kind in VALUES:
        return say(VALUES[table.kind])
    return table.unit[:1].upper() + table.unit[1:]


def _reach_head(table: Table, say: Say) -> str:
    worlds = any(row.get("worlds") for row in table.rows)
    return say("statistics.col_worlds" if worlds else "statistics.col_interval")


def _reader(table: Table, name: str, say: Say) -> Callable[[Row], str]:
    return lambda row: _value(table, row, name, say)


def _is_share(table: Table) -> bool:
    return table.kind in ("share", "flow") or shape(table) == "judges"


def _unit(table: Table, row: Row, name: str) -> str:
    """The unit that decides how a number is written."""
    if name in ("value", "low95", "high95", "published"):
        if table.kind == "total":
            return str(row.get("unit") or "")
        return "share" if _is_share(table) else table.unit
    units = {column.name: column.unit for column in table.columns}
    return units.get(name, "")


def _value(table: Table, row: Row, name: str, say: Say) -> str:
    """One cell in words."""
    value = row.get(name)
    number = finite(value)
    if number is not None and not isinstance(value, bool):
        if shape(table) == "variation" and name in ("value", "low95", "high95"):
            return f"{100 * number:.1f}"
        return value_said(number, _unit(table, row, name))
    if value is None:
        return _missing(table, row, name, say)
    return label(name, value, table.labels)


def _missing(table: Table, row: Row, name: str, say: Say) -> str:
    if name in table.by or name == "stage":
        return say("statistics.not_known")
    if name == "value" and "suppressed" in str(row["flag"]):
        return say("statistics.withheld")
    if name == "value" and table.kind == "duration":
        return say("statistics.not_reached")
    return NOTHING


def _reach(table: Table, row: Row, say: Say) -> str:
    """The 95 % interval in words; an end of a time that is not reached says so."""
    ends = [row.get("low95"), row.get("high95")]
    if ends == [None, None]:
        return ""
    never = say("statistics.not_reached") if table.kind == "duration" else "?"
    said = [_value(table, row, name, say) for name in ("low95", "high95")]
    low, high = [never if end is None else words for end, words in zip(ends, said, strict=True)]
    return say("statistics.to", low=low.removesuffix("\u00a0%"), high=high)


def _of(row: Row) -> str:
    for name in ("denominator", "started", "decisions"):
        known = finite(row.get(name))
        if known is not None:
            return value_said(known, "")
    return ""


def _difference(table: Table, row: Row, say: Say) -> str:
    """A difference with its sign and its interval; shares differ by points."""
    value, low, high = (
        finite(row.get(name)) for name in ("difference", "difference_low95", "difference_high95")
    )
    if value is None:
        return NOTHING
    points = _is_share(table) or table.kind == "variation"
    known = [signed(each, points) for each in (value, low, high) if each is not None]
    if len(known) < 3:
        return known[0]
    return f"{known[0]} ({say('statistics.to', low=known[1], high=known[2])})"


def signed(value: float, points: bool = False) -> str:
    """Return a change with its sign.

    Args:
        value: the change.
        points: whether it is of shares, to be said in percentage points.

    Example:
        >>> signed(-0.021, points=True), signed(1234.0), signed(0.25)
        ('−2.1', '+1,234', '+0.25')
    """
    number = 100 * value if points else value
    sign = "−" if number < 0 else "+"
    return f"{sign}{abs(number):.1f}" if points else f"{sign}{value_said(abs(number), '')}"


def _flags(row: Row, say: Say) -> Iterator[str]:
    for flag in filter(None, str(row.get("flag") or "").split(", ")):
        yield say(FLAGS[flag]) if flag in FLAGS else flag


def _pivoted(table: Table, say: Say, most: int) -> Grid:
    """A flow: one row a stage, one column a day, so that a stage is seen to fill and empty."""
    keys = [name for name in _keys(table) if name != "after_days"]
    days = sorted({row["after_days"] for row in table.rows})
    lines: dict[tuple[Any, ...], dict[int, str]] = {}
    first: dict[tuple[Any, ...], Row] = {}
    for row in table.rows:
        key = tuple(row[name] for name in keys)
        first.setdefault(key, row)
        lines.setdefault(key, {})[row["after_days"]] = _value(table, row, "value", say)
    rows = tuple(
        (
            *(_value(table, first[key], name, say) for name in keys),
            *(cells.get(day, NOTHING) for day in days),
        )
        for key, cells in list(lines.items())[:most]
    )
    heads = (*(head(name, say) for name in keys), *(say("statistics.days", n=d) for d in days))
    numeric = tuple(range(len(keys), len(heads)))
    return Grid(heads, rows, numeric, max(0, len(lines) - most))
