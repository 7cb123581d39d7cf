"""A question put to logs, and the table that answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from asylumatlas.stats import beside, sampling
from asylumatlas.stats.answers import columns as meanings
from asylumatlas.stats.answers.asked import Asked, Row
from asylumatlas.stats.answers.durations import curves, durations
from asylumatlas.stats.answers.flows import flows
from asylumatlas.stats.answers.shares import numbers, shares
from asylumatlas.stats.answers.stocks import stocks
from asylumatlas.stats.answers.totals import totals
from asylumatlas.stats.answers.variation import judges, variations
from asylumatlas.stats.askers import Asker, Given, Progress, askers
from asylumatlas.stats.catalogue import Definition, Statistic, statistic
from asylumatlas.stats.counts import Counts, Engine
from asylumatlas.stats.errors import StatsError
from asylumatlas.stats.labels import labels
from asylumatlas.stats.parts import Part, definitions, parts
from asylumatlas.stats.question import Question, Words
from asylumatlas.stats.remarks import nothing, remarks, unrecorded
from asylumatlas.stats.suppression import shown
from asylumatlas.stats.suppression import suppress as withhold
from asylumatlas.stats.table import Column, Table

_ROWS: Mapping[str, Callable[[Asked, Counts], Iterator[Row]]] = {
    "count": numbers,
    "share": shares,
    "stock": stocks,
    "duration": durations,
    "flow": flows,
    "variation": variations,
    "judges": judges,
    "total": totals,
}


def ask(
    name: str,
    logs: Given | Sequence[Given],
    *,
    by: Words = (),
    where: Mapping[str, Words | bool] | Words | None = None,
    start: str | int | date | None = None,
    end: str | int | date | None = None,
    definition: str | None = None,
    replications: str | int = "bands",
    small: int = 25,
    suppress: int | None = None,
    published: bool = False,
    add: bool = False,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> Table:
    """Answer a question of the catalogue from one log or several.

    Args:
        name: of the statistic, see `asylumatlas.stats.statistics`.
        logs: folders or opened logs, of runs or of records, or counts made elsewhere. Several are
            compared with the first: paired where runs share their random numbers.
        by: at most two of: fiscal_year, calendar_year, quarter, month, nationality, court, judge,
            kind, representation, custody, case_type, entry_route, sex, language, feed (where a
            simulated case came from), claim, outcome, party, place; as a list, or as one text with
            commas.
        where: column -> value or values that a row must have.
        start: first period that counts: FY2016, FY2016Q3, 2016, 2016-10 or 2016-10-01.
        end: last period that counts.
        definition: one the statistic offers, several with commas, or "all"; by default its own.
        replications: "bands" over simulated worlds, "pool" of all of them, or the number of one.
        small: cells with fewer cases are flagged.
        suppress: cells with fewer cases, and what would give them away, are withheld.
        published: set published figures beside the rows; they are of the whole country.
        add: take the logs for shards of one log and add their counts, instead of comparing them.
        engine: what counts, for a single log; by default DuckDB on its facts.
        progress: called while a log is prepared.

    Returns:
        The table; an empty one says why it is empty.

    Raises:
        StatsError: a word is unknown, or a log does not have what a definition needs; one line
            with the remedy.
        LogError: a folder is no log.
    """
    known = statistic(name)
    question = Question.of(by, where, start, end, replications, small=small, suppress=suppress)
    opened = askers(logs, question.replications, progress)
    if engine is not None and len(opened) > 1:
        raise StatsError("engine: one engine counts one log. Ask for each log by itself.")
    chosen = definitions(known, definition)
    found, refused = parts(known, chosen, question, opened, engine, add)
    return _Answer(known, question, found, opened, refused, published, add).table()


@dataclass
class _Answer:
    """A table in the making."""

    known: Statistic
    question: Question
    parts: Sequence[Part]
    askers: Sequence[Asker]
    refused: Sequence[str]
    published: bool
    add: bool

    @property
    def several_logs(self) -> bool:
        return len(self.askers) > 1 and not self.add

    @property
    def definitions(self) -> list[Definition]:
        return list(
            {part.asked.definition.name: part.asked.definition for part in self.parts}.values()
        )

    @property
    def shape(self) -> str:
        """The kind of rows: judges one by one are shares with more to say."""
        each = self.known.kind == "variation" and "judge" in self.question.by
        return "judges" if each else self.known.kind

    def table(self) -> Table:
        rows: list[Row] = []
        cited: list[str] = []
        withheld = False
        for part in self.parts:
            own = self._rows(part)
            if self.published:
                found = list(beside.add_published(part.asked, own))
                if self._of_some(part):
                    withheld = withheld or bool(found)
                    for row in own:
                        row |= {"published": None, "published_source": None}
                else:
                    cited += found
            rows += own
        if self.several_logs:
            exact = self.known.kind in ("count", "stock", "total")
            beside.compare(rows, self.question.by, self.askers, exact=exact)
        if self.question.suppress:
            rows = withhold(rows, self.question.suppress, self.question.by)
        columns = tuple(self._columns(rows))
        return Table(
            statistic=self.known.name,
            label=self.known.label,
            question=self.known.question,
            kind=self.known.kind,
            unit=self.known.unit,
            definition=", ".join(one.name for one in self.definitions),
            definition_label=self._said("label"),
            numerator=self._said("numerator"),
            denominator=self._said("denominator"),
            exclusions=self._said("exclusions"),
            by=self.question.by,
            columns=columns,
            rows=tuple({column.name: row.get(column.name) for column in columns} for row in rows),
            sources=tuple(asker.source for asker in self.askers),
            caveats=tuple(remarks(self.parts, self.refused, self._published_rows(rows), withheld)),
            asked=self._asked(),
            reason=self._reason(rows),
            curves=tuple(self._curves(rows)),
            cite_as=tuple(dict.fromkeys(cited)),
            labels=labels([column.name for column in columns], rows, self._meters()),
        )

    def _of_some(self, part: Part) -> bool:
        """Whether the rows of a log count only some of the people."""
        return part.asker.source.sampled < 1 and self.known.kind in sampling.COUNTED

    def _said(self, what: str) -> str:
        """What the definitions say of something: each with its name where there are several."""
        said = {one.name: str(getattr(one, what)) for one in self.definitions}
        if len(said) == 1:
            return next(iter(said.values()))
        return "; ".join(f"{name}: {words.rstrip('.')}" for name, words in said.items() if words)

    def _meters(self) -> dict[str, str]:
        return {name: label for asker in self.askers for name, label in asker.meters.items()}

    def _rows(self, part: Part) -> list[Row]:
        if unrecorded(part):
            return []
        if self.shape in ("share", "duration", "flow", "variation", "judges", "total"):
            if not len(part.counts):
                return []
        elif not len(part.counts) and self.question.by:
            return []
        head = {"definition": part.asked.definition.name, "log": part.asker.name}
        rows = [head | row for row in _ROWS[self.shape](part.asked, part.counts)]
        sampling.flag(rows, part.asker.source.sampled, self.known.kind)
        return rows

    def _columns(self, rows: Sequence[Row]) -> Iterator[Column]:
        yield from meanings.columns(
            self.shape,
            self.question.by,
            self.known.unit,
            many=any(part.asked.worlds.many for part in self.parts),
            definitions=len(self.definitions) > 1,
            logs=self.several_logs,
        )
        if self.several_logs:
            yield from meanings.comparison()
        if self.published and any(row["published"] is not None for row in rows):
            yield from meanings.published(self.known.unit)

    def _published_rows(self, rows: Sequence[Row]) -> int | None:
        """How many rows have a published figure; None where none is asked for."""
        return sum(row["published"] is not None for row in rows) if self.published else None

    def _asked(self) -> dict[str, Any]:
        return {
            "definitions": [one.name for one in self.definitions],
            "question": self.question.canonical(),
            "add": self.add,
        }

    def _reason(self, rows: Sequence[Row]) -> str:
        if rows and any(len(part.counts) for part in self.parts):
            return ""
        if self.known.kind == "stock" and (blind := [p for p in self.parts if p.asked.blind]):
            return (
                f"{blind[0].asker.name} begins on {blind[0].asked.begins} with cases already open: "
                "how many there were before is not known. Ask for a later day."
            )
        return nothing(self.parts)

    def _curves(self, rows: Sequence[Row]) -> Iterator[Row]:
        if self.known.kind != "duration":
            return
        points = []
        for part in self.parts:
            head = {"definition": part.asked.definition.name, "log": part.asker.name}
            points += [head | row for row in curves(part.asked, part.counts)]
        yield from shown(points, rows, self.question.by)
