"""Published figures for a comparison: which stand beside its rows, and why others do not.

A figure stands beside a row if its definition, its days and its groups are those of the row and
nothing else is asked for: the rule of `asylumatlas.stats.beside`, which holds a log's own rows
against figures. Here figures of periods that no log has are found too, and every other one says
what is different about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from asylumatlas.stats.catalogue import Definition, Published, Statistic
from asylumatlas.stats.periods import UNITS, Period
from asylumatlas.stats.published import Figure, figures
from asylumatlas.stats.question import Question

CLOSE, DEFINITION, GROUPS, ALL_OF, PERIOD = "close", "definition", "groups", "all_of", "period"
"""Why a figure does not stand beside: it is of something close but not the same, follows another
definition, is of some people only, is of all where only some are asked for, or of other days."""


@dataclass(frozen=True)
class Beside:
    """A figure that a comparison can hold its rows against.

    Attributes:
        figure: what was published.
        definition: the one that it follows.
        keys: group -> word, those of the rows.
    """

    figure: Figure
    definition: str
    keys: Mapping[str, str]


@dataclass(frozen=True)
class Elsewhere:
    """A figure of the same statistic that is not of the same thing.

    Attributes:
        figure: what was published.
        entry: what the catalogue says of it.
        why: CLOSE, DEFINITION, GROUPS, ALL_OF or PERIOD.
    """

    figure: Figure
    entry: Published
    why: str

    @property
    def span(self) -> tuple[date | None, date | None]:
        """The first and the last day of the figure."""
        return self.figure.start, self.figure.end


def sorted_out(
    statistic: Statistic,
    definitions: Sequence[Definition],
    question: Question,
    as_of: date | None = None,
) -> tuple[list[Beside], list[Elsewhere]]:
    """Return the published figures of a statistic: those that stand beside, and the others.

    Args:
        statistic: what is compared.
        definitions: the ones asked for.
        question: of which rows, in which groups.
        as_of: the day that a number on a day is of where the question names none.

    Example:
        >>> from asylumatlas.stats.catalogue import statistic
        >>> rate = statistic("asylum_denial_rate")
        >>> asked = Question.of("fiscal_year", start="FY2016", end="FY2016")
        >>> beside, others = sorted_out(rate, [rate.definition()], asked)
        >>> [(each.figure.value, dict(each.keys)) for each in beside]
        [(0.57, {'fiscal_year': 'FY2016'})]
        >>> sorted({each.why for each in others})
        ['close', 'definition', 'groups', 'period']
    """
    wanted = {one.name for one in definitions}
    beside: list[Beside] = []
    others: list[Elsewhere] = []
    for entry in statistic.published:
        for figure in figures(entry):
            keys, why = _place(figure, statistic.kind, question, as_of)
            if not entry.comparable:
                others.append(Elsewhere(figure, entry, CLOSE))
            elif entry.definition not in wanted:
                others.append(Elsewhere(figure, entry, DEFINITION))
            elif why:
                others.append(Elsewhere(figure, entry, why))
            else:
                beside.append(Beside(figure, entry.definition, keys))
    return beside, others


def _place(
    figure: Figure, kind: str, question: Question, as_of: date | None
) -> tuple[dict[str, str], str]:
    """The keys of the row that a figure stands beside, and why it stands beside none."""
    of = {key: str(word) for key, word in figure.groups.items()}
    for column, words in figure.where.items():
        if len(words) != 1:
            return {}, GROUPS
        of[column] = words[0]
    groups = [key for key in question.by if key not in UNITS]
    asked = {column: words for column, words in question.where if column not in groups}
    for column, words in asked.items():
        if column not in of:
            return {}, ALL_OF
        if words != (of[column],):
            return {}, GROUPS
    if any(key not in of for key in groups):
        return {}, ALL_OF
    if set(of) - set(groups) - set(asked):
        return {}, GROUPS
    limited = {column: words for column, words in question.where if column in groups}
    if any(of[column] not in words for column, words in limited.items()):
        return {}, GROUPS
    keys = {key: of[key] for key in groups}
    units = [key for key in question.by if key in UNITS]
    when = _periods(figure, kind, question, units, as_of)
    return (keys, PERIOD) if when is None else ({**keys, **when}, "")


def _periods(
    figure: Figure, kind: str, question: Question, units: Sequence[str], as_of: date | None
) -> dict[str, str] | None:
    """The units of time a figure is of, ``None`` where it is of none of those asked for."""
    if figure.end is None or (kind != "stock" and figure.start is None):
        return None
    if not units:
        end = question.end or (as_of if kind == "stock" else None)
        same = figure.end == end and (kind == "stock" or figure.start == question.start)
        return {} if same else None
    found = {}
    for unit in units:
        period = Period.holding(unit, figure.end)
        if period.last != figure.end or (kind != "stock" and period.first != figure.start):
            return None
        if period.partial(question.start, question.end) and kind != "stock":
            return None
        if _outside(figure.end, question):
            return None
        found[unit] = period.label
    return found


def _outside(day: date, question: Question) -> bool:
    early = question.start is not None and day < question.start
    return early or (question.end is not None and day > question.end)


@dataclass(frozen=True)
class Gathered:
    """Figures that are not of the same thing for one reason, told in one row.

    Attributes:
        figures: in the order of their series.
        entry: what the catalogue says of them.
        why: as in `Elsewhere`.
    """

    figures: tuple[Figure, ...]
    entry: Published
    why: str

    @property
    def values(self) -> tuple[float, float]:
        """The least and the largest, in the statistic's unit."""
        known = [figure.value for figure in self.figures]
        return min(known), max(known)

    @property
    def sources(self) -> tuple[str, ...]:
        """Identifiers, each once."""
        return tuple(dict.fromkeys(figure.source for figure in self.figures))

    @property
    def periods(self) -> tuple[str, ...]:
        """In the publisher's words, each once."""
        return tuple(dict.fromkeys(figure.period for figure in self.figures if figure.period))


ALONE = {PERIOD: 12}  # figures of one entry and one reason that are told one by one
FEW = 2  # the same for other reasons


def gathered(others: Sequence[Elsewhere]) -> Iterator[Gathered]:
    """Yield figures that do not stand beside: few of a kind one by one, more together."""
    groups: dict[tuple[int, str, object], list[Elsewhere]] = {}
    spans: dict[int, set[object]] = {}
    for each in others:
        spans.setdefault(id(each.entry), set()).add(each.span)
    for each in others:
        number = id(each.entry)
        apart = each.why == GROUPS and len(spans[number]) <= FEW
        groups.setdefault((number, each.why, each.span if apart else None), []).append(each)
    for group in groups.values():
        entry, why = group[0].entry, group[0].why
        if len(group) <= ALONE.get(why, FEW):
            yield from (Gathered((each.figure,), entry, why) for each in group)
        else:
            yield Gathered(tuple(each.figure for each in group), entry, why)
