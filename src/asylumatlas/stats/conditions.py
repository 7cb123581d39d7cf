"""The conditions under which a row of facts is counted, read from data and checked.

A condition belongs to one column. It is a list of words (the column holds one of them), true or
false, or a small table: ``{ from = 1, to = 1 }`` (numbers, both ends included; either may be left
out), ``{ known = true }`` (not null), ``{ not = ["closed"] }`` (none of these words; null is none
of them), or ``{ before_as_of = 60 }`` (a date at least so many days before the log's last day).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from asylumatlas import process
from asylumatlas.events.columns import ENTRY_ROUTES, KINDS
from asylumatlas.process.adjournment import PARTIES
from asylumatlas.stats.errors import StatsError, suggestion
from asylumatlas.stats.facts.columns import (
    CUSTODY,
    REPRESENTATION,
    SPELL_NAMES,
    TABLES,
    FactColumn,
)

Condition = tuple[str, ...] | bool | Mapping[str, int | bool | tuple[str, ...]]
"""One column's condition, as the data file has it, lists as tuples."""

Conditions = Mapping[str, Condition]
"""Column -> condition; a row is counted where all hold."""

_FORMS: Mapping[str, tuple[frozenset[str], ...]] = {
    "int16": (frozenset({"from", "to"}), frozenset({"from"}), frozenset({"to"})),
    "int32": (frozenset({"from", "to"}), frozenset({"from"}), frozenset({"to"})),
    "date": (frozenset({"before_as_of"}),),
    "text": (frozenset({"not"}),),
    "bool": (),
    "float64": (),
}
_EXPECTED = {
    "int16": "{ from = x, to = y }",
    "int32": "{ from = x, to = y }",
    "date": "{ before_as_of = days }",
    "text": "a list of words or { not = [words] }",
    "bool": "true or false",
    "float64": "nothing",
}


def known_words(column: str, events: Collection[str] = ()) -> tuple[str, ...]:
    """Return the words a column of facts can hold, empty where any word is allowed.

    Args:
        column: a column of any table of facts.
        events: for ``outcome``, the events whose outcomes are meant; all if empty.

    Example:
        >>> known_words("outcome", ["judge_review"])
        ('vacated', 'affirmed', 'not_recorded')
    """
    words = process.load()
    if column == "outcome":
        chosen = [words.events[name] for name in events or words.events]
        return tuple(dict.fromkeys(outcome for event in chosen for outcome in event.outcomes))
    if column == "ended":
        return (*words.outcomes, *words.events)
    lists: dict[str, Collection[str]] = {
        "event": words.events,
        "stage": words.stages,
        "next": words.stages,
        "spell": SPELL_NAMES,
        "party": PARTIES,
        "representation": REPRESENTATION,
        "custody": CUSTODY,
        "kind": KINDS,
        "entry_route": ENTRY_ROUTES,
    }
    return tuple(lists.get(column, ()))


def read_conditions(given: object, where: str, table: str) -> Conditions:
    """Return the checked conditions of one table of facts.

    Args:
        given: the table of a data file.
        where: file and key, for the error.
        table: the table of facts: moments, spells, stays or meters.

    Raises:
        StatsError: at the first column, form or word that is not known, in one line.
    """
    if not isinstance(given, dict):
        raise StatsError(f"{where}: must be a table of column = condition.")
    columns = {column.name: column for column in TABLES[table]}
    events = given.get("event", ())
    read: dict[str, Condition] = {}
    for name, value in given.items():
        place = f"{where}.{name}"
        if name not in columns:
            raise StatsError(
                f'{place}: the facts "{table}" have no column "{name}".{suggestion(name, columns)}'
            )
        read[name] = _condition(columns[name], value, place, events)
    return MappingProxyType(read)


def _condition(column: FactColumn, value: object, where: str, events: Collection[str]) -> Condition:
    if isinstance(value, list) and column.type == "text":
        return _words(column.name, value, where, events)
    if isinstance(value, bool) and column.type == "bool":
        return value
    if isinstance(value, dict):
        keys = frozenset(value)
        if keys == {"known"} and isinstance(value["known"], bool):
            return MappingProxyType(dict(value))
        if keys == {"not"} and column.type == "text":
            return MappingProxyType({"not": _words(column.name, value["not"], where, events)})
        if keys in _FORMS[column.type] and all(type(number) is int for number in value.values()):
            return MappingProxyType(dict(value))
    raise StatsError(
        f"{where}: cannot be read; write {_EXPECTED[column.type]}, or {{ known = true }}."
    )


def _words(column: str, words: object, where: str, events: Collection[str]) -> tuple[str, ...]:
    if not isinstance(words, list) or not words or not all(isinstance(w, str) for w in words):
        raise StatsError(f"{where}: must be a list of words.")
    if column == "outcome":
        events = [event for event in events if event in process.load().events]
    known = known_words(column, events)
    for word in words:
        if known and word not in known:
            raise StatsError(f'{where}: unknown {column} "{word}".{suggestion(word, known)}')
    return tuple(words)
