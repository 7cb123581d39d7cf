"""What is counted, written as Ibis expressions and compiled to SQL; the only module that sees Ibis.

Ibis is used as a compiler only: an expression over a schema becomes the text of a query, which an
engine's own driver runs. Queries filter, group and count, take parts of dates and nothing else, so
that every engine can run them.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from asylumatlas.stats import periods
from asylumatlas.stats.errors import StatsError, suggestion
from asylumatlas.stats.facts.columns import TABLES
from asylumatlas.stats.question import NOT_KNOWN

if TYPE_CHECKING:
    from asylumatlas.stats.question import Question

Expression = Any  # Ibis' own types are loaded with it, so they cannot be named here

DIALECTS = (
    *("duckdb", "postgres", "snowflake", "bigquery", "trino", "mssql", "mysql", "clickhouse"),
    *("databricks", "athena"),
)
"""Engines for which the query of every statistic can be printed."""

TYPES = {"text": "string", "bool": "boolean"}

MEASURES = {
    "count": ("n",),
    "share": ("numerator", "denominator"),
    "stock": ("n",),
    "duration": ("n",),
    "flow": ("n",),
    "variation": ("numerator", "denominator"),
    "total": ("n",),
}
"""What a query of each kind of statistic counts."""


def keys(kind: str, by: Sequence[str]) -> tuple[str, ...]:
    """Return what the counts of a kind of statistic are grouped by, in order.

    Args:
        kind: of the statistic.
        by: the question's own groups.

    Example:
        >>> keys("duration", ["court"])
        ('court', 'replication', 'days', 'ended')
    """
    more = {
        "duration": ("days", "ended"),
        "flow": ("day", "stage", "next"),
        "variation": ("judge", "fiscal_year"),
        "total": ("meter", "unit", "amount"),
        "stock": ("change",) if any(name in periods.UNITS for name in by) else (),
    }
    return (*by, "replication", *(name for name in more.get(kind, ()) if name not in by))


def compiled(
    definition: Any,
    kind: str,
    question: Question,
    dialect: str = "duckdb",
    *,
    as_of: date,
    prefix: str = "",
) -> str:
    """Return the SQL that counts what a question asks.

    Args:
        definition: of the statistic.
        kind: of the statistic.
        question: what is asked.
        dialect: one of `DIALECTS`.
        as_of: the last day the facts know of.
        prefix: before the names of the tables.

    Raises:
        StatsError: if the dialect or the kind is not known.
    """
    if dialect not in DIALECTS:
        raise StatsError(f'sql: unknown dialect "{dialect}".{suggestion(dialect, DIALECTS)}')
    if kind not in MEASURES:
        raise StatsError(f'sql: unknown kind of statistic "{kind}".{suggestion(kind, MEASURES)}')
    import ibis

    facts = table(definition.facts, prefix)
    if found := conditions(facts, definition, question, as_of):
        facts = facts.filter(found)
    if kind == "stock":
        counted = _stock(facts, definition, question.until(as_of))
    elif kind == "flow":
        counted = _flow(facts, definition, question)
    else:
        counted = _grouped(facts, definition, kind, question, as_of)
    return str(ibis.to_sql(counted, dialect=dialect))


def table(name: str, prefix: str = "") -> Expression:
    """Return a table of facts as an Ibis expression without a connection."""
    import ibis

    schema = {column.name: TYPES.get(column.type, column.type) for column in TABLES[name]}
    return ibis.table(schema, name=prefix + name)


def conditions(
    facts: Expression, definition: Any, question: Question, as_of: date
) -> list[Expression]:
    """Return the conditions on the rows of facts, those of time left to the kind of statistic."""
    rows = definition.rows or {}
    found = [_condition(facts[name], wanted, as_of) for name, wanted in rows.items()]
    for name, values in question.where:
        found.append(_one_of(facts[name], values))
    if isinstance(question.replications, int):
        found.append(facts["replication"] == question.replications)
    return found


def _condition(column: Expression, wanted: object, as_of: date) -> Expression:
    """Return one condition of a definition, in the forms that the catalogue reads."""
    if isinstance(wanted, bool):
        return column if wanted else ~column
    if isinstance(wanted, Mapping):
        if "known" in wanted:
            return column.notnull() if wanted["known"] else column.isnull()
        if "not" in wanted:
            return column.isnull() | column.notin(wanted["not"])
        if "before_as_of" in wanted:
            return column <= _date(as_of - timedelta(days=wanted["before_as_of"]))
        low, high = wanted.get("from"), wanted.get("to")
        if low is None:
            return column <= high
        return column >= low if high is None else column.between(low, high)
    words = [wanted] if isinstance(wanted, str) else list(wanted)  # type: ignore[call-overload]
    return column.isin(words)


def _one_of(column: Expression, values: Iterable[str]) -> Expression:
    """Return the condition of a question: one of the words, which may be that none is known."""
    words: list[Any] = [value for value in values if value != NOT_KNOWN]
    if column.type().is_boolean():
        asked = {word: column if word == "true" else ~column for word in words}
        found = list(asked.values())
    else:
        found = [column.isin(words)] if words else []
    if NOT_KNOWN in values:
        found.append(column.isnull())
    return functools.reduce(operator.or_, found)


def _dated(facts: Expression, column: str, question: Question) -> Expression:
    """Keep the rows whose date is known and asked for."""
    if not column:
        return facts
    day = facts[column]
    if _nullable(column) and not (question.start or question.end):
        facts = facts.filter(day.notnull())
    if question.start:
        facts = facts.filter(day >= _date(question.start))
    if question.end:
        facts = facts.filter(day <= _date(question.end))
    return facts


def _nullable(column: str) -> bool:
    return any(c.name == column and c.nullable for names in TABLES.values() for c in names)


def _date(day: date) -> Expression:
    import ibis

    return ibis.date(day)


def _key(facts: Expression, name: str, day: str) -> Expression:
    """Return a column to group by: a unit of time as a number, a yes or no as a word."""
    import ibis

    if name in periods.UNITS:
        return _number(facts[day], name)
    column = facts[name]
    if column.type().is_boolean():
        return ibis.cases((column, "true"), (~column, "false"))
    return column


def _number(day: Expression, unit: str) -> Expression:
    """Return the number of the period that holds a day, as `periods.Period` numbers them."""
    import ibis

    if unit == "calendar_year":
        return day.year()
    if unit == "quarter":
        return day.year() * 4 + day.quarter()
    if unit == "month":
        return day.year() * 12 + day.month() - 1
    return day.year() + ibis.ifelse(day.month() >= 10, 1, 0)


def _grouped(
    facts: Expression, definition: Any, kind: str, question: Question, as_of: date
) -> Expression:
    """Group and count: numbers, shares, durations, judges and meters."""
    facts = _dated(facts, definition.date or "", question)
    by = {name: _key(facts, name, definition.date) for name in keys(kind, question.by)}
    if "numerator" not in MEASURES[kind]:
        return facts.group_by(**by).aggregate(n=facts.count())
    counted = definition.counted.items()
    met = [_condition(facts[name], wanted, as_of) for name, wanted in counted]
    both = functools.reduce(operator.and_, met)
    return facts.group_by(**by).aggregate(
        numerator=facts.count(where=both), denominator=facts.count()
    )


def _stock(facts: Expression, definition: Any, question: Question) -> Expression:
    """Count who is inside on the last day, or who came and went in each period up to it."""
    import ibis

    assert question.end is not None  # `Question.until` sets it
    last = _date(question.end)
    began = facts.filter(facts["start"] <= last)
    if not question.time:
        inside = began.filter(began["end"].isnull() | (began["end"] > last))
        by = {name: _key(inside, name, "start") for name in keys("stock", question.by)}
        return inside.group_by(**by).aggregate(n=inside.count())
    left = facts.filter(facts["end"] <= last)
    parts = []
    for rows, day, change in ((began, "start", 1), (left, "end", -1)):
        by = {name: _key(rows, name, day) for name in (*question.by, "replication")}
        parts.append(rows.group_by(**by, change=ibis.literal(change)).aggregate(n=rows.count()))
    return ibis.union(*parts)


def _flow(facts: Expression, definition: Any, question: Question) -> Expression:
    """Count who begins in which stage, and who goes from which stage to which on which day."""
    import ibis

    facts = _dated(facts, definition.date or "", question)
    origin = definition.origin or "entry"
    entered, left = facts[f"from_{origin}_in"], facts[f"from_{origin}_out"]
    none = ibis.null("string")
    first = facts.filter(entered == 0)
    moved = facts.filter(left.notnull())
    parts = []
    for rows, day, stage, after in (
        (first, ibis.literal(0, "int32"), none, first["stage"]),
        (moved, moved[f"from_{origin}_out"], moved["stage"], moved["next"]),
    ):
        by = {name: _key(rows, name, definition.date) for name in (*question.by, "replication")}
        grouped = rows.group_by(**by, day=day, stage=stage, next=after)
        parts.append(grouped.aggregate(n=rows.count()))
    return ibis.union(*parts)
