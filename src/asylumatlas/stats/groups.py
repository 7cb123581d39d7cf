"""By what a definition can be grouped so that the answer means something."""

from __future__ import annotations

from asylumatlas.stats.conditions import Condition, Conditions, known_words
from asylumatlas.stats.facts.columns import TABLES
from asylumatlas.stats.periods import UNITS

_COLUMNS = (
    "nationality",
    "court",
    "judge",
    "kind",
    "representation",
    "custody",
    "case_type",
    "entry_route",
    "sex",
    "language",
    "feed",
    "claim",
    "outcome",
    "party",
    "place",
)
_LATER = frozenset({"representation", "custody", "claim", "court", "judge", "place"})
"""Columns of a stay that are only known at the end of a case's history."""

_HEARINGS = frozenset({"master_hearing", "individual_hearing", "hearing_postponed"})
"""Events that somebody may have asked to put off."""


def groups_of(kind: str, facts: str, rows: Conditions, counted: Conditions) -> tuple[str, ...]:
    """Return the groups that make sense: units of time, and columns not fixed already.

    A column is left out where the definition holds it to one word or counts by it, where the kind
    of statistic is made of it, and where the rows counted never have it. A cohort is not grouped by
    what only its future tells.

    Args:
        kind: of the statistic.
        facts: the table of facts counted.
        rows: conditions of the rows.
        counted: conditions of the numerator.

    Example:
        >>> groups_of("total", "meters", {}, {})
        ('place',)
    """
    columns = {column.name for column in TABLES[facts]}
    fixed = {name for name, value in rows.items() if _one_word(value)} | set(counted)
    if kind == "flow":
        fixed |= _LATER
    events = _events(rows)
    if facts == "moments" and not known_words("outcome", events):
        fixed.add("outcome")
    if not _HEARINGS & set(events):
        fixed.add("party")
    units = () if facts == "meters" else UNITS
    return (*units, *(name for name in _COLUMNS if name in columns and name not in fixed))


def _one_word(value: Condition) -> bool:
    return isinstance(value, bool) or (isinstance(value, tuple) and len(value) == 1)


def _events(rows: Conditions) -> tuple[str, ...]:
    events = rows.get("event", ())
    return events if isinstance(events, tuple) else ()
