"""The choices that a statistic's page offers: groups, filters with their values, data, definitions.

What cannot be answered is not offered; what a link already asks for is, so that it can be undone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asylumatlas.stats.catalogue import ALL
from asylumatlas.stats.conditions import known_words
from asylumatlas.stats.labels import labels
from asylumatlas.stats.periods import UNITS
from asylumatlas.stats.question import NOT_KNOWN
from asylumatlas.stats.support import FLAGS, NEEDED
from asylumatlas.web.shelf import ShelfLog
from asylumatlas.web.statistics.link import StatisticLink
from asylumatlas.web.statistics.view import Say, definition_labels, head

if TYPE_CHECKING:
    from asylumatlas.stats.facts import Facts

QUICK = ("fiscal_year", "nationality", "court", "representation", "custody", "outcome", "place")

MOST_BOXES = 24  # values of a filter that are listed; others are typed


@dataclass(frozen=True)
class Choice:
    """One thing that can be chosen.

    Attributes:
        value: as it stands in the link.
        label: as readers know it.
        chosen: whether the link asks for it.
        count: how often it is in the data; None where that is not told.
    """

    value: str
    label: str
    chosen: bool
    count: int | None = None


@dataclass(frozen=True)
class Filter:
    """One column that the rows can be limited by.

    Attributes:
        column: its name in the link.
        label: as readers know it.
        choices: values, the most frequent first.
        left: values that are not listed.
        typed: chosen values that are not listed, as text.
        names: labels by code of values that are not listed, for the field to type in.
    """

    column: str
    label: str
    choices: tuple[Choice, ...]
    left: int
    typed: str
    names: tuple[Choice, ...]

    @property
    def chosen(self) -> int:
        """How many values the link asks for."""
        typed = len(self.typed.split(",")) if self.typed else 0
        return typed + sum(choice.chosen for choice in self.choices)


@dataclass(frozen=True)
class Tab:
    """A definition to switch to.

    Attributes:
        label: whose.
        title: the definition in one line.
        href: link to the same question by it, without the language.
        here: whether it is the one shown.
    """

    label: str
    title: str
    href: str
    here: bool


def groups(link: StatisticLink, facts: Sequence[Facts], say: Say) -> tuple[Choice, ...]:
    """Return the columns and units of time to group by, those that the data have."""
    offered = [name for name in _offered(link) if all(_has(each, name) for each in facts)]
    asked = [name for name in link.question.by if name in link.statistic.by]
    names = dict.fromkeys([*offered, *asked])
    return tuple(Choice(name, head(name, say), name in link.question.by) for name in names)


def filters(link: StatisticLink, facts: Sequence[Facts], say: Say) -> tuple[Filter, ...]:
    """Return the columns to filter by, with the values that the data have."""
    asked = dict(link.question.where)
    columns = [name for name in _offered(link) if name not in UNITS]
    found = []
    for name in dict.fromkeys([*columns, *asked]):
        made = _filter(name, link, facts, asked.get(name, ()), say)
        if made is not None:
            found.append(made)
    return tuple(found)


def data(link: StatisticLink, logs: Sequence[ShelfLog], chosen: Sequence[str]) -> list[Choice]:
    """Return the logs to ask."""
    titles = [log.title for log in logs]
    return [
        Choice(
            log.name,
            log.title if titles.count(log.title) == 1 else f"{log.title} ({log.name})",
            log.name in chosen,
        )
        for log in logs
    ]


def tabs(link: StatisticLink, say: Say) -> list[Tab]:
    """Return every definition, and all of them side by side."""
    known = link.statistic.definitions
    if len(known) < 2:
        return []
    shown = [one.name for one in link.definitions]
    names = definition_labels(link.statistic)
    found = []
    for one in known.values():
        name = "" if one.name == link.statistic.default else one.name
        href = link.with_(definition=name).href()
        found.append(Tab(names[one.name], one.label, href, shown == [one.name]))
    every = link.with_(definition=ALL).href()
    found.append(Tab(say("statistics.all_definitions"), "", every, link.definition == ALL))
    return found


def quick(link: StatisticLink, offered: Sequence[Choice]) -> list[Tab]:
    """Return the groups that most readers look for, one click away."""
    there = {choice.value: choice.label for choice in offered}
    names = [name for name in QUICK if name in there]
    if not names:
        return []
    return [
        Tab(there[name], "", link.grouped((name,)).href(), link.question.by == (name,))
        for name in names
    ]


def _offered(link: StatisticLink) -> tuple[str, ...]:
    """The groups that make sense for every definition asked for."""
    first, *others = link.definitions
    return tuple(name for name in first.by if all(name in each.by for each in others))


def _has(facts: Facts, name: str) -> bool:
    return name in UNITS or name not in NEEDED or bool(facts.columns.get(name, 1))


def _filter(
    name: str, link: StatisticLink, facts: Sequence[Facts], asked: Sequence[str], say: Say
) -> Filter | None:
    counts = dict(_counted(name, link, facts))
    if len(counts) < 2 and not asked:
        return None
    order = sorted(counts, key=lambda word: -(counts[word] or 0))
    words = labels([name], [{name: word} for word in order]).get(name, {})
    flags = {"true": say("statistics.yes"), "false": say("statistics.no")}
    words |= {NOT_KNOWN: say("statistics.not_known")} | (flags if name in FLAGS else {})
    listed = order[:MOST_BOXES] if len(order) > MOST_BOXES + 4 else order
    typed = [word for word in asked if word not in listed and word != NOT_KNOWN]
    boxes = [*listed, NOT_KNOWN]
    return Filter(
        column=name,
        label=head(name, say),
        choices=tuple(
            Choice(word, _label(name, word, words), word in asked, counts.get(word))
            for word in boxes
        ),
        left=len(order) - len(listed),
        typed=", ".join(typed),
        names=tuple(
            Choice(word, words.get(word, word), False) for word in order[len(listed) :][:300]
        ),
    )


def _label(name: str, word: str, words: Mapping[str, str]) -> str:
    """A value as readers know it."""
    label = words.get(word, word)
    coded = name == "nationality" and word != NOT_KNOWN and label != word
    return f"{label} ({word})" if coded else label


def _counted(
    name: str, link: StatisticLink, facts: Sequence[Facts]
) -> Iterator[tuple[str, int | None]]:
    """Every value of a column with how often the first log has it, the other logs' after it."""
    if name in FLAGS:
        yield from (("true", None), ("false", None))
        return
    wanted: set[str] | None = None
    if name == "outcome":
        events = link.definitions[0].rows.get("event", ())
        wanted = set(known_words(name, events if isinstance(events, tuple) else ())) or None
    seen: set[str] = set()
    for each in facts:
        for word, count in each.words.get(name, {}).items():
            if word not in seen and (wanted is None or word in wanted):
                seen.add(word)
                yield word, count if each is facts[0] and wanted is None else None
