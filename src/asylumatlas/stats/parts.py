"""What was counted of each log under each definition: the parts that an answer is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from asylumatlas.stats.answers.asked import Asked
from asylumatlas.stats.askers import Asker
from asylumatlas.stats.catalogue import ALL, Definition, Statistic, statistic
from asylumatlas.stats.counts import Counts, Engine, sql
from asylumatlas.stats.errors import StatsError
from asylumatlas.stats.question import Question


@dataclass(frozen=True)
class Part:
    """The answer of one log under one definition.

    Attributes:
        asked: the question.
        asker: the log; the first of those that were added.
        counts: what was counted.
    """

    asked: Asked
    asker: Asker
    counts: Counts


def definitions(known: Statistic, wanted: str | None) -> list[Definition]:
    """Return the definitions asked for, in the order asked for."""
    if wanted == ALL:
        return list(known.definitions.values())
    names = [word.strip() for word in wanted.split(",")] if wanted else [known.default]
    for name in names:
        if not name:
            raise StatsError("definition: an empty word. Write words with commas between them.")
        if names.count(name) > 1:
            raise StatsError(f'{known.name}: definition "{name}" is named twice. Name it once.')
    return [known.definition(name) for name in names]


def parts(
    known: Statistic,
    chosen: Sequence[Definition],
    question: Question,
    opened: Sequence[Asker],
    engine: Engine | None,
    add: bool,
) -> tuple[list[Part], list[str]]:
    """Count every definition in every log; a log that cannot answer one of several says why."""
    found: list[Part] = []
    refused: list[str] = []
    errors: list[StatsError] = []
    for one in chosen:
        own: list[Part] = []
        for asker in opened:
            try:
                counts = asker.count(one, known.kind, question, engine)
            except StatsError as error:
                if len(chosen) == 1:
                    raise
                errors.append(error)
                refused.append(f"Not shown for {asker.name}: {error}")
                continue
            if asker.worlds.pooled:
                counts = counts.over([key for key in counts.keys if key != "replication"])
            asked = Asked(known, one, question, asker.worlds, counts.as_of, counts.begins)
            own.append(Part(asked, asker, counts))
        found += [_added(own)] if add and own else own
    if not found and errors:
        raise errors[0]
    return found, refused


def _added(parts: Sequence[Part]) -> Part:
    """Return shards as one."""
    first, *others = parts
    counts = first.counts.add(*(part.counts for part in others))
    numbers = {number for part in parts for number in part.asker.worlds.numbers}
    draws = {
        number: draw
        for part in parts
        for number, draw in zip(part.asker.worlds.numbers, part.asker.worlds.draws, strict=True)
    }
    order = tuple(sorted(numbers))
    worlds = replace(first.asked.worlds, numbers=order, draws=tuple(draws[n] for n in order))
    asked = replace(first.asked, worlds=worlds, begins=counts.begins)
    return Part(asked, first.asker, counts)


def query(name: str, asked: Mapping[str, Any], as_of: date, dialect: str) -> str:
    """Return the SQL behind an answer, one query after the other where there are several.

    Args:
        name: of the statistic.
        asked: what the table says was asked.
        as_of: the last day that the logs know of.
        dialect: one of `queries.DIALECTS`.

    Raises:
        StatsError: the dialect is unknown.
    """
    known = statistic(name)
    question = Question.read(str(asked["question"]))
    return "\n\n".join(
        sql(known.definition(one), known.kind, question, dialect, statistic=name, as_of=as_of)
        for one in asked["definitions"]
    )
