"""Whether a definition and a log can answer a question; each refusal is one line with a remedy."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from asylumatlas.process.nationality import nationalities
from asylumatlas.stats import periods
from asylumatlas.stats.conditions import known_words
from asylumatlas.stats.errors import LacksError, StatsError, suggestion
from asylumatlas.stats.facts.columns import TABLES
from asylumatlas.stats.question import NOT_KNOWN

if TYPE_CHECKING:
    from asylumatlas.stats.facts import Facts
    from asylumatlas.stats.question import Question

# Columns that the counts of a kind of statistic are made of, so that no question may group or
# filter by them: a case's history must stay whole.
WITHIN = {
    "duration": ("ended",),
    "flow": ("stage", "next"),
    "total": ("meter", "unit"),
}

# Where a log has what a column of facts is made of.
NEEDED = {
    "case_type": "cases.case_type",
    "sex": "cases.sex",
    "language": "cases.language",
    "feed": "cases.feed",
    "judge": "events.resource (judge)",
    "place": "events.place",
    "court": "events.place (court)",
    "representation": "events of the kind representation_entered",
    "custody": "events of the kind custody_started",
    "party": "events.detail (adjournment code)",
    "charged": "events of the kind charging_document",
}

FLAGS = frozenset(c.name for t in TABLES.values() for c in t if c.type == "bool")

_EVERYDAY = {
    **dict.fromkeys(("country", "countries"), "nationality"),
    "year": "fiscal_year",
    **dict.fromkeys(("lawyer", "lawyers", "attorney", "counsel"), "representation"),
    **dict.fromkeys(("detained", "detention"), "custody"),
    "gender": "sex",
    **dict.fromkeys(("city", "cities"), "court"),
}
"""What people call a column -> its name."""


def groups(definition: Any, kind: str) -> tuple[str, ...]:
    """Return the columns and units of time by which a statistic can be grouped.

    Args:
        definition: of the statistic; one without groups of its own has all that there are.
        kind: of the statistic.
    """
    table = definition.facts
    time = () if table == "meters" else periods.UNITS
    return tuple(getattr(definition, "by", ())) or (*time, *columns(table, kind))


def columns(table: str, kind: str) -> tuple[str, ...]:
    """Return the columns of facts by which a question can filter.

    Example:
        >>> columns("meters", "total")
        ('place',)
    """
    kinds = {column.name: column.type for column in TABLES[table]}
    words = [name for name, kind in kinds.items() if kind in ("text", "bool")]
    return tuple(name for name in words if name not in WITHIN.get(kind, ()))


def check(question: Question, definition: Any, kind: str, facts: Facts) -> None:
    """Raise unless the definition and the facts can answer the question.

    Args:
        question: what is asked.
        definition: of the statistic.
        kind: of the statistic.
        facts: of the log.

    Raises:
        StatsError: in one line with the remedy.
    """
    table = definition.facts
    for name in question.by:
        _require(name, groups(definition, kind), "by", "column", definition)
    for name, values in question.where:
        if _EVERYDAY.get(name, name) in periods.UNITS:
            raise StatsError(f"where: {name}: a time is asked for with from and to.")
        _require(name, columns(table, kind), "where", "column", definition)
        for value in values:
            _check_value(name, value, facts, definition)
    if table == "meters" and (question.start or question.end):
        raise StatsError("from, to: meters have no dates, they are of the whole run. Leave both.")
    if kind == "stock" and sum(name in periods.UNITS for name in question.by) > 1:
        raise StatsError("by: a number on a day is of one unit of time. Name one of them.")
    if isinstance(question.replications, int):
        _check_replication(question.replications, facts)
    asked = {*question.by, *(name for name, _ in question.where)}
    _check_present(asked, _conditions(definition, kind), definition, facts)


def _require(
    name: str, known: Collection[str], where: str, what: str, definition: Any = None
) -> None:
    if name in known:
        return
    if definition and any(column.name == name for column in TABLES[definition.facts]):
        raise StatsError(
            f'{where}: "{name}" cannot part what definition {definition.name} counts: it is fixed '
            f"there, or known only later. Use one of {', '.join(known)}."
        )
    near = f' Did you mean "{_EVERYDAY[name]}"?' if _EVERYDAY.get(name) in known else ""
    if what == "column" and name in ("age", "ages"):
        near = " No column holds ages."
    raise StatsError(f'{where}: unknown {what} "{name}".{near or suggestion(name, known)}')


def _check_value(column: str, value: str, facts: Facts, definition: Any) -> None:
    """A word that the vocabulary or the log knows is a question; another is a slip."""
    found = facts.words.get(column, {})
    if value == NOT_KNOWN or value in found:
        return
    if column == "nationality":
        if value in nationalities():
            return
        meant = _nationality(value, found)
        raise StatsError(f'where: nationality: unknown value "{value}".{meant}')
    known = ("false", "true") if column in FLAGS else known_words(column)
    if known and value in known:
        return
    events = definition.rows.get("event", ()) if column == "outcome" else ()
    near = known_words(column, events if isinstance(events, tuple) else ())
    _require(value, [*(near or known or found), NOT_KNOWN], f"where: {column}", "value")


def _nationality(word: str, found: Collection[str]) -> str:
    """The nearest code with its name, or those that the log has."""
    known = nationalities()
    codes = dict.fromkeys((*found, *known))  # the log's own come first
    names = {label.casefold(): code for code, label in known.items()}
    capitals = word.upper()
    near = [code for code in codes if sorted(code) == sorted(capitals)]  # letters exchanged
    near += [names[name] for name in get_close_matches(word.casefold(), names, n=1)]
    near += get_close_matches(capitals, found, n=1) + get_close_matches(capitals, codes, n=1)
    for code in near:
        return f' Did you mean "{code}" ({known.get(code, "no name")})?'
    met = [f"{code} {known.get(code, '')}".rstrip() for code in found]
    return suggestion(word, [*met, NOT_KNOWN])


def _check_replication(number: int, facts: Facts) -> None:
    known = facts.replications
    if number not in known:
        raise StatsError(
            f"replications: the log has no replication {number}; it has {len(known)}, "
            f"from {min(known, default=0)} to {max(known, default=0)}."
        )


def _conditions(definition: Any, kind: str) -> set[str]:
    """Return the columns that a definition cannot do without."""
    names: Iterable[str] = [*(definition.rows or {}), *(definition.counted or {}), definition.date]
    return {name for name in names if name} | ({"judge"} if kind == "variation" else set())


def _check_present(asked: set[str], own: set[str], definition: Any, facts: Facts) -> None:
    """Raise if a column is missing from the whole log, for then the answer would be made up."""
    if not facts.rows.get("moments"):
        return  # a log without events: an empty answer says so
    for name in sorted(asked | own):
        if name in NEEDED and facts.columns.get(name, 1) == 0:
            raise LacksError(
                f'definition "{definition.name}" needs {NEEDED[name]}, which this log has not: '
                f"{_remedy(name, asked, facts)}."
            )


def _remedy(name: str, asked: set[str], facts: Facts) -> str:
    """Say what to ask instead: another definition, or one of the columns that the log does have."""
    if name not in asked:
        return "ask by another definition, or ask another log"
    known = sorted(key for key, n in facts.columns.items() if n and key in NEEDED)
    return f"ask without {name}" + (f", or by one it has: {', '.join(known)}" if known else "")
