"""A comparison as readers see it: the newest numbers side by side, the rows, and what to mind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from asylumatlas.markup import amount, located, reach, reported_amount
from asylumatlas.pictures.words import finite, value_said
from asylumatlas.pictures.words import label as word_label
from asylumatlas.stats.periods import UNITS, Period
from asylumatlas.stats.question import Question
from asylumatlas.web import words
from asylumatlas.web.comparison.comparison import Comparison
from asylumatlas.web.comparison.figures import CLOSE, DEFINITION, Gathered
from asylumatlas.web.comparison.runs import Measured, named
from asylumatlas.web.statistics.view import Figure, Grid, Say, definition_labels, figures, signed
from asylumatlas.web.statistics.view import grid as rows_of
from asylumatlas.web.statistics.view import head as column_head

Row = Mapping[str, Any]

MOST_CARDS = 5
MOST_OTHERS = 40  # rows of figures that are not of the same thing
MOST_PERIODS = 3


@dataclass(frozen=True)
class Card:
    """One series at one place of the table.

    Attributes:
        figure: its number in words.
        difference: from the first log, with its sign; "" for that log and where none is told.
        reach: its 95 % interval in words; "" where there is none.
        source: identifier of a publication; "" for a log.
        kind: what kind of source it is.
    """

    figure: Figure
    difference: str
    reach: str
    source: str
    kind: str


@dataclass(frozen=True)
class Glance:
    """The newest place of the table at which most series have a number.

    Attributes:
        where: its groups in words; "" where there are none.
        cards: series by series.
    """

    where: str
    cards: tuple[Card, ...]


def glance(found: Comparison, say: Say) -> Glance | None:
    """Return the numbers to be said before anything else; None where no two can be held together.

    Args:
        found: a comparison.
        say: gives a text in the reader's language.
    """
    table = found.table
    if table.kind in ("flow", "total") or "," in table.definition:
        return None
    slots: dict[tuple[Any, ...], dict[str, Row]] = {}
    for row in table.rows:
        if finite(row["value"]) is not None:
            slots.setdefault(tuple(row[name] for name in table.by), {})[row["log"]] = row
    if not slots:
        return None
    best = max(slots, key=lambda key: _rank(key, slots[key], found))
    chosen = [slots[best][each.name] for each in found.series if each.name in slots[best]]
    told = figures(replace(table, by=(), rows=tuple(chosen[:MOST_CARDS])), say)
    where = [
        word_label(name, word, table.labels) for name, word in zip(table.by, best, strict=True)
    ]
    kinds = {each.name: each.source for each in found.series}
    cards = [
        Card(figure, *_apart(row, found, say), str(row["source"] or ""), kinds[row["log"]])
        for figure, row in zip(told, chosen, strict=False)
    ]
    return Glance(", ".join(where), tuple(cards))


def _rank(key: Sequence[Any], rows: Mapping[str, Row], found: Comparison) -> tuple[Any, ...]:
    """First where most series are, whole periods before parts, then the newest, then the most."""
    whole = sum("partial" not in str(row["flag"] or "") for row in rows.values())
    times = [
        str(word or "") for name, word in zip(found.table.by, key, strict=True) if name in UNITS
    ]
    cases = sum(finite(row.get("denominator")) or 0.0 for row in rows.values())
    return (len(rows), whole, *times, cases)


def _apart(row: Row, found: Comparison, say: Say) -> tuple[str, str]:
    """How a row differs from the first log's, and how sure that is."""
    points = found.table.kind in ("share", "variation")
    ends = [row["difference"], row["difference_low95"], row["difference_high95"]]
    known = [signed(each, points) for each in ends if each is not None]
    if not known:
        return "", ""
    unit = say("statistics.points") if points else found.table.unit
    told = f"{known[0]} {unit}".strip()
    return told, say("statistics.to", low=known[1], high=known[2]) if len(known) == 3 else ""


def grid(found: Comparison, say: Say) -> Grid:
    """Return the rows as text: groups first, then whose, and at the end what is paired and cited.

    Args:
        found: a comparison.
        say: gives a text in the reader's language.
    """
    table = found.table
    made = rows_of(table, say)
    if table.kind == "flow" or not table.rows:
        return made
    first = int("," in table.definition)  # the place of the log's column
    keys = first + len(table.by)
    order = [*range(first), *range(first + 1, keys + 1), first, *range(keys + 1, len(made.head))]
    shown = table.rows[: len(made.rows)]
    paired = any(row["paired"] is not None for row in shown)
    cited = any(row["source"] for row in shown)
    more = [say("compare.col_paired")] * paired + [say("compare.col_source")] * cited
    rows = tuple(
        (
            *(cells[place] for place in order),
            *([_paired(row, say)] * paired),
            *([str(row["source"] or "")] * cited),
        )
        for cells, row in zip(made.rows, shown, strict=True)
    )
    mixed = len({bool(row.get("worlds")) for row in shown if row["low95"] is not None}) > 1
    names = [
        say("compare.col_range") if mixed and name == say("statistics.col_worlds") else name
        for name in made.head
    ]
    head = (*(names[place] for place in order), *more)
    numeric = tuple(new for new, old in enumerate(order) if old in made.numeric)
    return Grid(head, rows, numeric, made.left)


def _paired(row: Row, say: Say) -> str:
    if row["paired"] is None:
        return ""
    return say("statistics.yes" if row["paired"] else "statistics.no")


# ---- what may be compared


def series_rows(found: Comparison, say: Say, language: str) -> tuple[tuple[str, ...], ...]:
    """Return what each series is, and whether it is paired with the first and why not."""
    names = found.table.labels["log"]
    rows = []
    for each in found.series:
        worlds = f"{each.replications:,}" if each.replications > 1 else ""
        part = "" if each.sampled >= 1 else say("compare.one_in", n=f"{1 / each.sampled:,.4g}")
        pairing = say(f"compare.pair_{each.pairing}")
        day = words.day(language, each.as_of)
        rows.append((names[each.name], each.source, day, worlds, part, pairing))
    return tuple(rows)


def definition_rows(found: Comparison, say: Say) -> tuple[tuple[str, ...], ...]:
    """Return every definition the statistic has, those used marked."""
    known = found.link.statistic
    assert known is not None
    labels = definition_labels(known.statistic)
    return tuple(
        (
            labels[one.name],
            say("statistics.yes") if one in known.definitions else "",
            one.numerator,
            "" if one.denominator == "none" else one.denominator,
            one.exclusions,
        )
        for one in known.statistic.definitions.values()
    )


@dataclass(frozen=True)
class Other:
    """A published figure, or several, of something else.

    Attributes:
        value: in words; the least and the largest of several.
        count: how many figures.
        period: in the publisher's words.
        definition: whose.
        why: why it does not stand beside, in words.
        note: what a reader must know.
        sources: identifiers.
        href: link to the comparison beside which it stands, without the language; "" for none.
    """

    value: str
    count: int
    period: str
    definition: str
    why: str
    note: str
    sources: tuple[str, ...]
    href: str


def others(found: Comparison, say: Say) -> tuple[Other, ...]:
    """Return published figures that are not of the same thing, each with what is different."""
    known = found.link.statistic
    assert known is not None
    labels = definition_labels(known.statistic)
    return tuple(
        Other(
            value=_range(each, found.answer.unit, say),
            count=len(each.figures),
            period=_periods(each.periods),
            definition=labels[each.entry.definition],
            why=say(f"compare.why_{each.why}", groups=_of_whom(each, say)),
            note=each.entry.note or (each.figures[0].note if len(each.figures) == 1 else ""),
            sources=each.sources,
            href=_where_beside(each, found),
        )
        for each in found.gathered[:MOST_OTHERS]
    )


def _range(each: Gathered, unit: str, say: Say) -> str:
    low, high = (value_said(value, unit) for value in each.values)
    return low if low == high else say("statistics.to", low=low, high=high)


def _periods(periods: Sequence[str]) -> str:
    told = ", ".join(periods[:MOST_PERIODS])
    return f"{told}, …" if len(periods) > MOST_PERIODS else told


def _of_whom(each: Gathered, say: Say) -> str:
    """Of which groups figures are, in words."""
    names = [column_head(name, say).lower() for name in each.entry.by]
    for name, values in each.entry.where.items():
        names.append(f"{column_head(name, say).lower()} {', '.join(values)}".replace("_", " "))
    return ", ".join(names) or say("compare.everyone")


def _where_beside(each: Gathered, found: Comparison) -> str:
    """The link to a comparison beside which these figures stand, "" where one cannot hold them."""
    known = found.link.statistic
    spans = {(one.start, one.end) for one in each.figures}
    days = [day for span in spans for day in span if day is not None]
    if known is None or each.why == CLOSE or len(days) < 2 * len(spans):
        return ""
    own = "" if each.entry.definition == known.statistic.default else each.entry.definition
    asked = known.with_(definition=own)
    by = tuple(each.entry.by)
    if each.why != DEFINITION or len(spans) == 1:
        if len(spans) > 1 and (len(by) > 1 or not all(_is_fiscal_year(*span) for span in spans)):
            return ""
        by = (*by, "fiscal_year") if len(spans) > 1 else by
        where = dict(each.figures[0].where)
        asked = asked.with_(question=Question.of(by, where, min(days), max(days)))
    return found.link.with_(statistic=asked).href()


def _is_fiscal_year(start: date | None, end: date | None) -> bool:
    if start is None or end is None:
        return False
    year = Period.holding("fiscal_year", end)
    return (year.first, year.last) == (start, end)


# ---- what runs measured


def count_rows(found: Measured, say: Say) -> Iterator[dict[str, Any]]:
    """Yield each published count with every run's interval in words."""
    for count in found.counts:
        told = []
        for log in found.logs:
            own = count["runs"].get(log.name)
            told.append(_interval(own, count, say) if own else None)
        yield {
            "label": located(count["label"], count["place"]),
            "unit": count["unit"] if not count["unit"].startswith(("share", "people")) else "",
            "date": count["date"],
            "outlet": count["outlet"] or "",
            "sources": count["source"],
            "role": say(f"compare.role_{count['role']}"),
            "reported": reported_amount(count),
            "runs": told,
        }


def _interval(own: Mapping[str, Any], count: Mapping[str, Any], say: Say) -> dict[str, str]:
    return {
        "median": amount(own["median"], count["unit"]),
        "reach": reach(own, count["unit"], 95),
        "inside": say(f"compare.inside_{_place(own, count['reported'])}"),
    }


def _place(own: Mapping[str, Any], reported: float | None) -> str:
    """Where a published count lies: a name that is part of a key of the words."""
    if reported is None:
        return "none"
    if own["inside80"]:
        return "80"
    if own["inside95"]:
        return "95"
    return "above" if reported > own["high95"] else "below"


def run_rows(found: Measured) -> tuple[tuple[str, ...], ...]:
    """Return what each run is: its name, scenario, worlds, seed and days."""
    names = named(found.logs)
    return tuple(
        (
            names[log.name],
            str(said["scenario"]),
            f"{said['replications']:,}",
            str(said["seed"]),
            f"{said['from']} – {said['to']}",
            f"{said.get('scale', 1.0):g}",
        )
        for log, said in zip(found.logs, found.summaries, strict=True)
    )
