"""Counts: what a query engine gives and every estimator takes; counts of shards are added.

`count` asks an engine and returns sorted integers; equal facts give equal counts, whatever the
order of their rows and whichever engine counted them.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from asylumatlas.stats import countfile, queries
from asylumatlas.stats.engines import Connection, DuckDB, Engine, kept, load_postgres
from asylumatlas.stats.errors import StatsError
from asylumatlas.stats.question import Question
from asylumatlas.stats.support import check
from asylumatlas.stats.tallies import Array, Column, Words, added_up, joined, numbered

if TYPE_CHECKING:
    from asylumatlas.stats.facts import Facts

__all__ = ["EVENT", "Connection", "Counts", "DuckDB", "Engine", "count", "load_postgres", "sql"]

EVENT = "event"
"""In the counts of a duration: it ended by what the statistic is about."""

_COUNTED = ("facts", "date", "rows", "counted", "ended", "competing", "origin")


@dataclass(frozen=True, eq=False)
class Counts:
    """A small table of counts, sorted by its keys.

    Attributes:
        kind: of the statistic.
        definition: its name.
        rule: fingerprint of what the definition counts.
        question: what was asked.
        as_of: the last day the log knows of.
        sources: checksums of the logs, or of their parts, that were counted.
        keys: names of the columns that say what is counted: those of the question, replication,
            and what the kind of statistic needs.
        measures: names of the columns that say how many.
        coded: name -> (N,) words as codes, or numbers.
        begins: the first day the log knows of, where it begins with cases already open; ``None``
            where nothing lies before it.
        sampled: part of the people that the log holds.
    """

    kind: str
    definition: str
    rule: str
    question: Question
    as_of: date
    sources: tuple[str, ...]
    keys: tuple[str, ...]
    measures: tuple[str, ...]
    coded: Mapping[str, Column]
    begins: date | None = None
    sampled: float = 1.0

    def __len__(self) -> int:
        return len(self[self.measures[0]])

    def __getitem__(self, name: str) -> Array:
        """Return a column: (N,) numbers, or texts with ``None`` for what is not known."""
        column = self.coded[name]
        return column.values() if isinstance(column, Words) else column

    @functools.cached_property
    def columns(self) -> dict[str, Array]:
        """Name -> (N,) numbers, or texts with ``None`` for what is not known."""
        return {name: self[name] for name in (*self.keys, *self.measures)}

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows as plain mappings, in order."""
        names = [*self.keys, *self.measures]
        values = [self[name].tolist() for name in names]
        return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]

    def groups(self, names: Sequence[str]) -> tuple[Array, list[tuple[Any, ...]]]:
        """Return which group each row is in, and the groups.

        Args:
            names: keys; none puts all rows into one group.

        Returns:
            (N,) number of the group of each row, and the groups' values, sorted.
        """
        code = numbered([self.coded[name] for name in names], len(self))
        if not names:
            return code, [()]
        _, first, place = np.unique(code, return_index=True, return_inverse=True)
        values = [self[name][first].tolist() for name in names]
        return place, list(zip(*values, strict=True))

    def over(self, names: Sequence[str]) -> Counts:
        """Return the counts by these keys alone, added up over the others."""
        keys = {name: self.coded[name] for name in names}
        return self._with(keys, {name: self[name] for name in self.measures})

    def add(self, *others: Counts) -> Counts:
        """Return these counts and those of other shards together.

        Args:
            others: counts of the same question and definition, of other logs or parts.

        Raises:
            StatsError: if the questions differ or something would be counted twice.
        """
        shards = [self, *others]
        for other in others:
            self._require_same(other)
        sources = tuple(sorted(source for shard in shards for source in shard.sources))
        _require_apart(sources)
        columns = {
            name: joined([shard.coded[name] for shard in shards])
            for name in (*self.keys, *self.measures)
        }
        keys = {name: columns[name] for name in self.keys}
        measures = {name: np.asarray(columns[name]) for name in self.measures}
        begins = min((shard.begins for shard in shards if shard.begins), default=None)
        return replace(self._with(keys, measures), sources=sources, begins=begins)

    def to_parquet(self, path: str | Path) -> None:
        """Write the counts with what they are counts of; the same counts give the same bytes."""
        book = {
            **{name: getattr(self, name) for name in ("kind", "definition", "rule")},
            **{name: list(getattr(self, name)) for name in ("sources", "keys", "measures")},
            "question": self.question.canonical(),
            "as_of": self.as_of.isoformat(),
            "begins": self.begins and self.begins.isoformat(),
        }
        if self.sampled < 1:
            book["sampled"] = self.sampled
        columns = {name: self.coded[name] for name in (*self.keys, *self.measures)}
        countfile.write(Path(path), book, columns)

    @classmethod
    def read(cls, path: str | Path) -> Counts:
        """Return counts that `to_parquet` wrote.

        Raises:
            StatsError: if the file is missing or holds no counts of this layout.
        """
        book, columns = countfile.read(path)
        return cls(coded=columns, **book)

    def _require_same(self, other: Counts) -> None:
        """Raise unless counts of another shard are of the same thing."""
        for name, mine, theirs in (
            ("statistics", self.kind, other.kind),
            ("definitions", self.definition, other.definition),
            ("versions of the definition", self.rule, other.rule),
            ("questions", self.question.counted(), other.question.counted()),
            ("last days", self.as_of, other.as_of),
            ("keys", self.keys, other.keys),
            ("parts of the people", self.sampled, other.sampled),
        ):
            if mine != theirs:
                raise StatsError(
                    f"counts of different {name} cannot be added: {mine} and {theirs}. "
                    "Count every shard with the same words."
                )

    def _with(self, keys: Mapping[str, Column], measures: Mapping[str, Array]) -> Counts:
        """Return other columns, sorted and added up."""
        chosen, sums = added_up(keys, measures)
        return replace(self, keys=tuple(keys), coded={**chosen, **sums})


def _require_apart(sources: Iterable[str]) -> None:
    """Raise if a log or a part would be counted twice."""
    seen: set[str] = set()
    for source in sorted(sources):  # a whole log is sorted before its parts
        if source in seen or source.partition("/")[0] in seen:
            raise StatsError(f"shard {source[:12]} would be counted twice. Add each shard once.")
        seen.add(source)


def count(
    definition: Any, kind: str, question: Question, facts: Facts, engine: Engine | None = None
) -> Counts:
    """Count what a definition says, in the groups that a question asks for.

    Args:
        definition: of a statistic, from the catalogue.
        kind: of the statistic.
        question: what is asked; it is checked against the facts.
        facts: of one log.
        engine: what counts; by default DuckDB, on the facts' own files.

    Returns:
        By kind of statistic, after the question's own keys and ``replication``:

        - count, stock: ``n``; a stock by time has the key ``change``: 1 for who came in the
          period, -1 for who went, from the first on, so that their sum up to a period is who is
          inside at its end;
        - share: ``numerator`` and ``denominator``;
        - duration: keys ``days`` and ``ended`` (`EVENT`, the word of another end, ``None`` while
          open), ``n``;
        - flow: keys ``day``, ``stage`` (``None`` where the case begins) and ``next`` (``None``
          where it is no longer followed), ``n``;
        - variation: keys ``judge`` and ``fiscal_year``, ``numerator`` and ``denominator``;
        - total: keys ``meter``, ``unit`` and ``amount``, ``n`` times that amount.

        All measures are whole numbers. Rows in which nothing is counted are left out. Units of
        time are numbers of `Period`.

    Raises:
        StatsError: if the question cannot be answered.
    """
    check(question, definition, kind, facts)
    with nullcontext(engine) if engine else kept(facts) as used:
        text = queries.compiled(
            definition, kind, question, used.dialect, as_of=facts.as_of, prefix=used.prefix
        )
        found = used.columns(text)
        sources = used.source(facts)
    names = queries.keys(kind, question.by)
    keys: dict[str, Column] = {name: _keyed(name, found[name]) for name in names}
    measures: dict[str, Array] = {name: _numbers(found[name]) for name in queries.MEASURES[kind]}
    if kind == "duration":
        keys["ended"] = _ends(keys["ended"], definition)
    keys, measures = added_up(keys, measures)
    return Counts(
        kind=kind,
        definition=definition.name,
        rule=rule(definition),
        question=question,
        as_of=facts.as_of,
        sources=sources,
        keys=names,
        measures=tuple(measures),
        coded={**keys, **measures},
        begins=facts.first if facts.events.get("stock_case") else None,
        sampled=facts.sampled,
    )


def _keyed(name: str, values: Column) -> Column:
    """Return a key of a query's answer: numbers, or words; drivers tell little of empty ones."""
    if name in countfile.NUMBERS or name == "amount":
        return _numbers(values)
    return values if isinstance(values, Words) else Words.of(np.array([None] * len(values)))


def _numbers(values: Column) -> Array:
    """Return whole numbers, or amounts; none of either if there is no row."""
    found = values.codes if isinstance(values, Words) else values
    return found if found.dtype.kind == "f" else found.astype(np.int64)


def _ends(ended: Column, definition: Any) -> Words:
    """Tell the end that a duration is about from the others, and from those that end nothing."""
    assert isinstance(ended, Words)
    about = set(definition.ended or ended.words)
    others = set(definition.competing or ended.words)
    names = {
        word: EVENT if word in about else word if word in others else None for word in ended.words
    }
    return ended.renamed(names)


def rule(definition: Any) -> str:
    """Return 16 hexadecimal digits of what a definition counts; its words do not matter."""
    said = {name: getattr(definition, name, None) or None for name in _COUNTED}
    text = json.dumps(said, sort_keys=True, default=_jsonable)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _jsonable(value: Any) -> Any:
    """Return what a catalogue's frozen mappings and tuples hold."""
    return dict(value) if isinstance(value, Mapping) else list(value)


def sql(
    definition: Any,
    kind: str,
    question: Question,
    dialect: str,
    *,
    statistic: str = "",
    as_of: date | None = None,
) -> str:
    """Return the query for another engine, with a head that says how to run it.

    Args:
        definition: of the statistic.
        kind: of the statistic.
        question: what is asked.
        dialect: one of `queries.DIALECTS`.
        statistic: its name, for the head.
        as_of: the last day the facts know of; a number on a day needs it, or the question's end.

    Raises:
        StatsError: if the dialect is not known.
    """
    day = as_of or question.end
    if day is None and kind == "stock":
        raise StatsError("sql: a number on a day needs the day. Give it with to.")
    body = queries.compiled(definition, kind, question, dialect, as_of=day or date.max)
    table = definition.facts
    named = [f"statistic {statistic}"] * bool(statistic) + [f"definition {definition.name}"]
    head = [
        f"{', '.join(named)}: {definition.label}",
        f"dialect {dialect}, table {table}: load it from the Parquet files facts/{table}/ of a log",
        "counts of several shards are added: rows with the same keys, measure by measure",
    ]
    if kind == "stock" and question.time:
        head.append("change 1: came in the period; -1: went; inside = n * change, cumulated")
    return "".join(f"-- {' '.join(line.split())}\n" for line in head) + body + "\n"
