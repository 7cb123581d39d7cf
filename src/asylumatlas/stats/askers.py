"""What a question is put to: logs, folders with logs in them, and counts made elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from asylumatlas.events import Log, open_log
from asylumatlas.stats.answers.worlds import Worlds
from asylumatlas.stats.catalogue import Definition
from asylumatlas.stats.counts import Counts, Engine, count, rule
from asylumatlas.stats.errors import StatsError
from asylumatlas.stats.facts import Facts, prepare
from asylumatlas.stats.question import Question
from asylumatlas.stats.sampling import many as many_people
from asylumatlas.stats.table import Source

Given = str | Path | Log | Counts
Progress = Callable[[str, int, int], None]
"""Called with the log's name, the parts prepared and the parts there are."""


@dataclass(frozen=True)
class Asker:
    """One log that a question is put to.

    Attributes:
        name: what it goes by in the rows.
        facts: what can be counted in it; ``None`` where counts were given.
        counts: counts that were given.
        source: what the table says of it.
        worlds: its replications.
        seed: of its random numbers; ``None`` where there are none or they are not known.
        meters: what the log calls its meters.
    """

    name: str
    facts: Facts | None
    counts: Counts | None
    source: Source
    worlds: Worlds
    seed: object = None
    meters: Mapping[str, str] = field(default_factory=dict)

    def count(
        self, definition: Definition, kind: str, question: Question, engine: Engine | None
    ) -> Counts:
        """Return the counts that answer a question.

        Raises:
            StatsError: the log cannot answer it, or the counts given are of another question.
        """
        if self.facts is not None:
            return count(definition, kind, question, self.facts, engine)
        assert self.counts is not None
        given = self.counts
        same = (given.kind, given.definition, given.question.counted())
        if same != (kind, definition.name, question.counted()):
            raise StatsError(
                f"{self.name}: counts of another question: {given.kind}, definition "
                f"{given.definition}, {given.question.counted() or 'no group'}. Ask the same "
                "question, or count again."
            )
        if given.rule != rule(definition):
            raise StatsError(
                f"{self.name}: counts of another statistic, or of another version of definition "
                f"{given.definition}. Ask what was counted, or count again."
            )
        return given


def askers(
    logs: Given | Sequence[Given], handling: str | int, progress: Progress | None = None
) -> list[Asker]:
    """Open what was given.

    Args:
        logs: one or several logs, folders or files of counts.
        handling: of replications: bands, pool or the number of one.
        progress: called while facts are made.

    Raises:
        StatsError: nothing was given, or one thing twice.
        LogError: a folder is no log.
    """
    given = [logs] if isinstance(logs, str | Path | Log | Counts) else list(logs)
    if not given:
        raise StatsError("logs: none given. Name the folder of a run or of imported records.")
    names = _names(given)
    return [_asker(one, name, handling, progress) for one, name in zip(given, names, strict=True)]


def _asker(one: Given, name: str, handling: str | int, progress: Progress | None) -> Asker:
    if isinstance(one, str | Path) and Path(one).suffix == ".parquet" and Path(one).is_file():
        one = Counts.read(one)
    if isinstance(one, Counts):
        numbers = tuple(sorted(set(one["replication"].tolist()))) or (0,)
        many, day = len(numbers), one.as_of.isoformat()
        note = _note("", one.sampled)
        source = Source(name, "+".join(one.sources), day, many, note, one.sampled)
        return Asker(name, None, one, source, _worlds(numbers, numbers, handling))
    log = one if isinstance(one, Log) else open_log(one)

    def told(done: int, parts: int) -> None:
        if progress is not None:
            progress(name, done, parts)

    facts = prepare(log, told)
    draws = [facts.draws.get(number, number) for number in facts.replications]
    worlds = _worlds(facts.replications or (0,), draws or (0,), handling)
    details = log.manifest.details
    note = str(details.get("note") or ("made-up records" if details.get("synthetic") else ""))
    note, day = _note(note, facts.sampled), log.as_of.isoformat()
    source = Source(name, log.fingerprint, day, len(worlds.numbers), note, facts.sampled)
    meters = {str(m["meter"]): str(m.get("label") or m["meter"]) for m in details.get("meters", ())}
    return Asker(name, facts, None, source, worlds, details.get("seed"), meters)


def _note(note: str, sampled: float) -> str:
    """What a log says of itself, and that it holds only some of the people."""
    some = f"1 person in {many_people(sampled)} is simulated." if sampled < 1 else ""
    return " ".join(filter(None, (note, some)))


def _worlds(numbers: Sequence[int], draws: Sequence[int], handling: str | int) -> Worlds:
    if isinstance(handling, int):
        return Worlds((handling,), (0,))
    if handling == "pool" and len(numbers) > 1:
        return Worlds((0,), (0,), pooled=True)
    return Worlds(tuple(numbers), tuple(draws))


def _names(given: Sequence[Given]) -> list[str]:
    """Return short names that differ: as much of the end of each path as it takes."""
    paths = [_path(one) for one in given]
    for parts in range(1, max(len(Path(path).parts) for path in paths) + 1):
        names = [os.path.join(*Path(path).parts[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    twice = next(path for path in paths if paths.count(path) > 1)
    raise StatsError(f"{twice}: given twice. Name each log once.")


def _path(one: Given) -> str:
    if isinstance(one, Counts):
        return f"counts-{'+'.join(one.sources)[:12]}"
    path = Path(one.folder if isinstance(one, Log) else one).resolve()
    dataset = path.name == "log" and (path.parent / "dataset.json").is_file()
    return str(path.parent if dataset else path)
