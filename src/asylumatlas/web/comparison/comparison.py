"""One statistic of several logs and of what was published, as one table with its differences.

The logs' rows are those of `asylumatlas.stats.ask`, unchanged. Published figures follow as rows of
a series of their own, and every row says how it differs from the first log, whether the two are
paired, and why not.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from asylumatlas import evidence
from asylumatlas.pictures.words import finite
from asylumatlas.stats.catalogue import publishers
from asylumatlas.stats.labels import labels
from asylumatlas.stats.periods import UNITS
from asylumatlas.stats.sampling import COUNTED
from asylumatlas.web import words
from asylumatlas.web.comparison.figures import Beside, Elsewhere, Gathered, gathered, sorted_out
from asylumatlas.web.comparison.link import ComparisonLink
from asylumatlas.web.comparison.series import (
    PUBLISHED,
    PUBLISHED_LABEL,
    Series,
    series_of,
    titles,
)
from asylumatlas.web.shelf import RUN, ShelfLog
from asylumatlas.web.site import Site
from asylumatlas.web.statistics.answer import answered, facts_of, lacks, logs_of, made_ready

if TYPE_CHECKING:
    from asylumatlas.stats.facts import Facts
    from asylumatlas.stats.table import Column, Table

Row = dict[str, Any]

MOST_AT_FIRST = 3  # logs compared where a link names none
MANY_TIMES = 10  # published numbers so many times as large as a log's are of another population

_DIFFERENCE = ("difference", "difference_low95", "difference_high95")


@dataclass(frozen=True)
class Comparison:
    """A comparison with everything one must know to read it.

    Attributes:
        link: what was asked, its logs named.
        answer: the logs' own table, as `asylumatlas.stats.ask` gives it.
        table: the same with published figures, differences and pairing; rows of one group follow
            one another, in the order of the series.
        series: the logs, and the published figures where some stand beside.
        others: published figures that are not of the same thing.
        apart: whether published numbers are so much larger or smaller that no difference is told.
    """

    link: ComparisonLink
    answer: Table
    table: Table
    series: tuple[Series, ...]
    others: tuple[Elsewhere, ...]
    apart: bool

    @property
    def logs(self) -> tuple[Series, ...]:
        """The series that are logs."""
        return tuple(each for each in self.series if each.name != PUBLISHED)

    @property
    def gathered(self) -> tuple[Gathered, ...]:
        """The other published figures, those of one kind together."""
        return tuple(gathered(self.others))

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain data; ``answer`` is what the command line prints."""
        known = self.link.statistic
        assert known is not None
        table = self.table.to_dict()
        return {
            "what": self.link.what,
            "link": self.link.href(),
            **{key: table[key] for key in ("label", "question", "kind", "unit", "definition")},
            **{key: table[key] for key in ("filter", "by", "columns", "rows")},
            "series": [vars(each) | {"why": _why_paired(each)} for each in self.series],
            "definitions": [
                _definition_row(one) | {"used": one in known.definitions}
                for one in known.statistic.definitions.values()
            ],
            "published_elsewhere": [_elsewhere_row(each) for each in self.others],
            "numbers_apart": self.apart,
            **{key: table[key] for key in ("caveats", "published_sources", "reason")},
            "answer": self.answer.to_dict(),
        }

    def to_json(self) -> str:
        """Return the comparison as the text of a JSON file."""
        return json.dumps(self.to_dict(), indent=1) + "\n"

    def to_csv(self) -> str:
        """Return the rows as CSV."""
        return self.table.to_csv()


async def compared(site: Site, link: ComparisonLink) -> Comparison:
    """Return the comparison that a link asks for.

    Args:
        site: the app.
        link: of a statistic.

    Raises:
        StatsError: the question cannot be answered; one line with the remedy.
        WebError: a log is not there, or not ready.
    """
    known = link.statistic
    assert known is not None, "what runs measured is compared in comparison_runs"
    logs = await logs_to_compare(site, link)
    answer = await answered(site, known, logs)
    found = link.with_(logs=tuple(log.name for log in logs))
    key = ("comparison", found.query(), *(log.fingerprint for log in logs))
    facts = [facts_of(site, log.name) for log in logs]
    return await site.answers.get(key, lambda: _put_together(found, answer, logs, facts))


async def logs_to_compare(site: Site, link: ComparisonLink) -> list[ShelfLog]:
    """Return the logs a link names, ready; else those that know of such things, the longest first.

    Where a server was given logs that do, the built-in ones are left out.

    Raises:
        NotFoundError: there is no log of a name.
        WebError: a log is still being made ready (503), or cannot be made so.
    """
    known = link.statistic
    assert known is not None
    if link.logs:
        found = [site.shelf.get(name) for name in link.logs]
        for log in found:
            await made_ready(site, log)
        return found
    names = [name for name in site.shelf.names() if site.shelf.ready(name)]
    able = [name for name in names if not lacks(facts_of(site, name), known.statistic)]
    shelf = [site.shelf.get(name) for name in able]
    own = [log for log in shelf if not log.built_in and not log.name.startswith(RUN)]
    chosen = own or [log for log in shelf if log.built_in] or shelf
    if not chosen:
        return await logs_of(site, known.with_(logs=()))
    chosen.sort(key=lambda log: -_days(facts_of(site, log.name)))
    return chosen[:MOST_AT_FIRST]


def _days(facts: Facts) -> int:
    return (facts.as_of - facts.first).days if facts.first else 0


# ---- the table


def _put_together(
    link: ComparisonLink, answer: Table, logs: Sequence[ShelfLog], facts: Sequence[Facts]
) -> Comparison:
    known = link.statistic
    assert known is not None
    as_of = max(each.as_of for each in facts)
    beside: list[Beside] = []
    others: list[Elsewhere] = []
    if known.published:
        beside, others = sorted_out(known.statistic, known.definitions, known.question, as_of)
    rows = [dict(row) for row in _logs_rows(answer, logs)]
    figures = [_figure_row(each, answer) for each in beside]
    apart = answer.kind in COUNTED and _are_apart(rows, figures, answer.by)
    series = [
        series_of(log, each, logs[0], facts[0], known.question)
        for log, each in zip(logs, facts, strict=True)
    ]
    if figures:
        series.append(Series(PUBLISHED, PUBLISHED_LABEL, PUBLISHED, "", "", "", 0, 1.0, PUBLISHED))
    told = not apart and not (answer.kind in COUNTED and facts[0].sampled < 1)
    if told:
        _add_differences(figures, rows, logs[0].name, answer)
    pairing = {each.name: each.pairing for each in series}
    for row in [*rows, *figures]:
        row["pairing"] = pairing[row["log"]]
    order = [each.name for each in series]
    columns = tuple(_columns(answer))
    table = replace(
        answer,
        rows=tuple(
            {column.name: row.get(column.name) for column in columns}
            for row in _in_order([*rows, *figures], answer, order)
        ),
        columns=columns,
        caveats=tuple(_caveats(answer, logs, apart and bool(figures), told)),
        cite_as=tuple(evidence.cite(name) for name in sorted({row["source"] for row in figures})),
        labels={
            **answer.labels,
            **labels(answer.by, [*rows, *figures]),
            "log": dict(zip(order, titles(series), strict=True)),
        },
        queries={},
    )
    return Comparison(link, answer, table, tuple(series), tuple(others), bool(figures) and apart)


def _logs_rows(answer: Table, logs: Sequence[ShelfLog]) -> Iterator[Row]:
    """The logs' rows, by the names of the shelf, with the columns of a comparison."""
    known = {source.log: log for source, log in zip(answer.sources, logs, strict=True)}
    for row in answer.rows:
        own = {key: value for key, value in row.items() if not key.startswith("published")}
        log = known[row["log"]] if len(logs) > 1 else logs[0]
        empty = dict.fromkeys((*_DIFFERENCE, "paired"))
        yield {**empty, **own, "log": log.name, "source": None, "note": log.note or None}


def _figure_row(each: Beside, answer: Table) -> Row:
    """A published figure as a row of the table."""
    row: Row = {column.name: None for column in answer.columns}
    figure = each.figure
    row |= {"definition": each.definition, "flag": "", **dict.fromkeys((*_DIFFERENCE, "paired"))}
    if "date" in row:
        row["date"] = figure.end
    note = f"{figure.period}: {figure.note}" if figure.note else figure.period
    return row | {
        **each.keys,
        "log": PUBLISHED,
        "value": figure.value,
        "source": figure.source,
        "note": note or None,
    }


def _columns(answer: Table) -> Iterator[Column]:
    from asylumatlas.stats.answers.columns import comparison
    from asylumatlas.stats.table import Column

    added = [
        *comparison(),
        Column("pairing", "text", "", "Whether the difference is paired, and why not."),
        Column("source", "text", "", "Identifier of the publication; empty for a log."),
        Column(
            "note", "text", "", "What the log says of itself; of a figure its period as published."
        ),
    ]
    names = {column.name for column in added} | {"log", "published", "published_source"}
    yield Column("log", "text", "", "Name of the log, or published.")
    yield from (column for column in answer.columns if column.name not in names)
    yield from added


def _slot(row: Mapping[str, Any], answer: Table) -> tuple[Any, ...]:
    """What the row of another series must share to be held against it."""
    definitions = [row.get("definition")] if "," in answer.definition else []
    further = [row.get(name) for name in ("after_days", "stage", "meter", "unit")]
    return (*definitions, *(row.get(name) for name in answer.by), *further)


def _in_order(rows: Sequence[Row], answer: Table, order: Sequence[str]) -> list[Row]:
    """Rows of one slot together: times rising, other groups as the answer has them."""
    places: dict[tuple[Any, ...], int] = {}
    for row in rows:
        places.setdefault(_slot(row, answer), len(places))

    def key(row: Row) -> tuple[Any, ...]:
        times = [str(row.get(name) or "\uffff") for name in answer.by if name in UNITS]
        return (*times, places[_slot(row, answer)], order.index(row["log"]))

    return sorted(rows, key=key)


# ---- differences


def _are_apart(rows: Sequence[Row], figures: Sequence[Row], by: Sequence[str]) -> bool:
    """Whether published numbers are of far more people, or far fewer, than any log's."""
    ours: dict[tuple[Any, ...], float] = {}
    for row in rows:
        value = finite(row.get("value"))
        if value is not None:
            slot = tuple(row.get(name) for name in by)
            ours[slot] = max(value, ours.get(slot, 0.0))
    ratios = []
    for figure in figures:
        own = ours.get(tuple(figure.get(name) for name in by)) or 0.0
        if own > 0 and figure["value"] > 0:
            ratios.append(math.log(figure["value"] / own))
    if not ratios:
        most, largest = (
            max(ours.values(), default=0.0),
            max((f["value"] for f in figures), default=0.0),
        )
        ratios = [math.log(largest / most)] if most > 0 and largest > 0 else []
    middle = sorted(ratios)[len(ratios) // 2] if ratios else 0.0
    return abs(middle) > math.log(MANY_TIMES)


def _add_differences(
    figures: Sequence[Row], rows: Sequence[Row], first: str, answer: Table
) -> None:
    """Add to published figures how they differ from the first log's row.

    A figure is taken as it was published, so the interval is the log's own, turned round.
    """
    base = {_slot(row, answer): row for row in rows if row["log"] == first}
    for figure in figures:
        row = base.get(_slot(figure, answer))
        value = finite(row.get("value")) if row else None
        if row is None or value is None:
            continue
        figure |= {"difference": figure["value"] - value, "paired": False}
        low, high = finite(row.get("low95")), finite(row.get("high95"))
        if low is not None and high is not None:
            figure |= {
                "difference_low95": figure["value"] - high,
                "difference_high95": figure["value"] - low,
            }


# ---- words


def _caveats(answer: Table, logs: Sequence[ShelfLog], apart: bool, told: bool) -> Iterator[str]:
    """The answer's caveats, but for what the banner says; and why differences are missing."""
    if apart:
        yield (
            "Published numbers are more than ten times as large or as small as those of the logs: "
            "they are of another number of people, so no difference from them is told."
        )
    elif not told:
        yield (
            f"{logs[0].title} holds only some of the people: no difference between its numbers and "
            "published ones is told."
        )
    notes = {f"{source.log}: {source.note}" for source in answer.sources if source.note}
    yield from (caveat for caveat in answer.caveats if caveat not in notes)


def _why_paired(series: Series) -> str:
    return words.say("en", f"compare.pair_{series.pairing}")


def _definition_row(one: Any) -> dict[str, Any]:
    return {
        "name": one.name,
        "label": one.label,
        "publisher": publishers()[one.publisher].label,
        "numerator": one.numerator,
        "denominator": one.denominator,
        "exclusions": one.exclusions,
    }


def _elsewhere_row(each: Elsewhere) -> dict[str, Any]:
    figure = each.figure
    days = [None if day is None else day.isoformat() for day in (figure.start, figure.end)]
    return {
        "value": figure.value,
        "stated": figure.stated,
        "period": figure.period,
        "from": days[0],
        "to": days[1],
        "definition": each.entry.definition,
        "groups": dict(figure.groups),
        "where": {name: list(values) for name, values in figure.where.items()},
        "why": each.why,
        "note": " ".join(filter(None, (each.entry.note, figure.note))),
        "source": figure.source,
    }
