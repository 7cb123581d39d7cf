"""Counting without answering: what one shard of a log gives, to be added to the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

from asylumatlas.events import Log, open_log
from asylumatlas.stats import counts
from asylumatlas.stats.catalogue import statistic
from asylumatlas.stats.counts import Counts, Engine
from asylumatlas.stats.facts import Facts
from asylumatlas.stats.facts import prepare as prepare_facts
from asylumatlas.stats.question import Question, Words


def prepare(
    log: str | Path | Log,
    *,
    progress: Callable[[int, int], None] | None = None,
    workers: int | None = None,
) -> Facts:
    """Make what can be counted in a log ready; `ask` does it too, when it is first asked.

    Args:
        log: a log, or its folder.
        progress: called with the parts done and the parts there are.
        workers: parts worked on at once.

    Raises:
        LogError: the folder is no log.
        StatsError: the facts cannot be written.
    """
    opened = log if isinstance(log, Log) else open_log(log)
    return prepare_facts(opened, progress, workers)


def count(
    name: str,
    log: str | Path | Log,
    *,
    by: Words = (),
    where: Mapping[str, Words | bool] | Words | None = None,
    start: str | int | date | None = None,
    end: str | int | date | None = None,
    definition: str | None = None,
    engine: Engine | None = None,
) -> Counts:
    """Return the counts that answer a question, for one log or one shard.

    They are small, exact, and added with `Counts.add`; `ask` takes them in place of a log.

    Args:
        name: of the statistic.
        log: a log, or its folder.
        by: as for `asylumatlas.stats.ask`.
        where: as for `asylumatlas.stats.ask`.
        start: as for `asylumatlas.stats.ask`.
        end: as for `asylumatlas.stats.ask`.
        definition: one that the statistic offers; by default its own.
        engine: what counts; by default DuckDB on the log's facts.

    Raises:
        StatsError: a word is unknown, or the log does not have what the definition needs.
        LogError: the folder is no log.
    """
    known = statistic(name)
    question = Question.of(by, where, start, end)
    return counts.count(known.definition(definition), known.kind, question, prepare(log), engine)
