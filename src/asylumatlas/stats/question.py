"""What may be asked of every statistic: the same arguments, read and checked once.

A question says how counts are grouped, which facts they are of and how they are shown. It knows
neither the statistic nor the log: `support.check` holds it against both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

from asylumatlas.process.nationality import nationalities
from asylumatlas.stats import periods
from asylumatlas.stats.errors import StatsError, suggestion
from asylumatlas.stats.labels import labels

NOT_KNOWN = "not_known"
"""The word by which a question asks for facts whose value is missing."""

MOST_GROUPS = 2
LEVEL = 0.95
SMALL = 25
HANDLING = ("bands", "pool")

Words = str | Iterable[str]


@dataclass(frozen=True)
class Question:
    """How counts are grouped, which facts they are of, and how they are shown.

    Attributes:
        by: at most two columns or units of time, in order.
        where: (column, values) pairs, sorted; a fact has one of the values of every column.
        start: first day counted, ``None`` for no bound.
        end: last day counted, ``None`` for no bound.
        replications: ``bands`` over simulated worlds, ``pool`` of them, or the number of one.
        level: of the intervals, between 0.5 and 1.
        small: cells with fewer are flagged.
        suppress: cells with fewer are withheld, ``None`` for none.
    """

    by: tuple[str, ...] = ()
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    start: date | None = None
    end: date | None = None
    replications: str | int = "bands"
    level: float = LEVEL
    small: int = SMALL
    suppress: int | None = None

    @classmethod
    def of(
        cls,
        by: Words = (),
        where: Mapping[str, Words | bool] | Words | None = None,
        start: str | int | date | None = None,
        end: str | int | date | None = None,
        replications: str | int = "bands",
        level: float = LEVEL,
        small: int = SMALL,
        suppress: int | None = None,
    ) -> Question:
        """Return the question that the arguments mean.

        Args:
            by: names, or one text with commas between them.
            where: column -> value or values, or texts ``column=value,value``; a nationality is
                written as its code or its name.
            start: a fiscal year, quarter, year, month or day; its first day counts.
            end: the same; its last day counts.
            replications: ``bands``, ``pool`` or the number of one simulated world.
            level: of the intervals.
            small: cells with fewer are flagged.
            suppress: cells with fewer are withheld.

        Raises:
            StatsError: naming the argument and the remedy.

        Example:
            >>> Question.of("nationality", {"kind": "family"}, "FY2012", "FY2017").canonical()
            'by=nationality&from=2011-10-01&to=2017-09-30&where.kind=family'
        """
        first = _day(start, "from", 0)
        last = _day(end, "to", 1)
        if first and last and first > last:
            raise StatsError(f"from: {first} is after to: {last}. Exchange them.")
        if suppress is not None:
            suppress = _whole(suppress, "suppress")
        return cls(
            _groups(by),
            _conditions(where),
            first,
            last,
            _handling(replications),
            _level(level),
            _whole(small, "small"),
            suppress,
        )

    def canonical(self) -> str:
        """Return the question as the text of a link: the same question, the same text."""
        default = Question()
        shown = self.counted()
        for name in ("replications", "level", "small", "suppress"):
            value = getattr(self, name)
            if value != getattr(default, name) and f"{name}=" not in shown:
                shown += f"&{name}={value}"
        return shown.removeprefix("&")

    def counted(self) -> str:
        """Return the part of `canonical` on which the counts depend."""
        parts = {"by": ",".join(self.by), "from": self.start or "", "to": self.end or ""}
        said = [f"{key}={value}" for key, value in parts.items() if value]
        for column, values in self.where:
            said.append(f"where.{column}={','.join(quote(value, safe='') for value in values)}")
        if isinstance(self.replications, int):
            said.append(f"replications={self.replications}")
        return "&".join(said)

    @classmethod
    def read(cls, text: str) -> Question:
        """Return the question of a text that `canonical` made.

        Raises:
            StatsError: if the text holds anything else.

        Example:
            >>> Question.read("by=court&to=2017-09-30&level=0.9").level
            0.9
        """
        arguments: dict[str, Any] = {}
        where: dict[str, tuple[str, ...]] = {}
        names = {"from": "start", "to": "end", "replications": "replications", "by": "by"}
        for item in filter(None, text.split("&")):
            key, _, value = item.partition("=")
            if key.startswith("where."):
                where[key.removeprefix("where.")] = tuple(map(unquote, value.split(",")))
            elif key in names:
                arguments[names[key]] = unquote(value)
            elif key in ("level", "small", "suppress"):
                arguments[key] = _number(value, key)
            else:
                known = [*names, "level", "small", "suppress", "where.COLUMN"]
                raise StatsError(f'link: unknown part "{key}".{suggestion(key, known)}')
        return cls.of(where=where, **arguments)

    @property
    def filter(self) -> str:
        """What the counts are limited to, in words; "" where nothing is left out.

        Example:
            >>> Question.of(where="nationality=Honduras", start="FY2016", end="FY2016").filter
            'nationality HND Honduras; FY2016 (2015-10-01 to 2016-09-30)'
        """
        said = [
            f"{column.replace('_', ' ')} {' or '.join(_said(column, word) for word in words)}"
            for column, words in self.where
        ]
        if self.start or self.end:
            said.append(_days(self.start, self.end))
        if isinstance(self.replications, int):
            said.append(f"simulated world {self.replications}")
        return "; ".join(said)

    @property
    def time(self) -> str | None:
        """The unit of time it groups by: the shortest, if there are two."""
        units = [unit for unit in reversed(periods.UNITS) if unit in self.by]
        return units[0] if units else None

    def until(self, as_of: date) -> Question:
        """Return the question with its end brought back to the last day a log knows of."""
        return replace(self, end=min(self.end or as_of, as_of))


def _texts(words: object, where: str) -> list[str]:
    """Return one text with commas, without blanks around its words, or several texts as a list."""
    if isinstance(words, str):
        words = [word.strip() for word in words.split(",")]
    if not isinstance(words, Iterable):
        raise StatsError(f"{where}: {words!r} is no text. Write words with commas between them.")
    found = [str(word) for word in words]  # a word of a list may have blanks of its own
    if not all(map(str.strip, found)):
        raise StatsError(f"{where}: an empty word. Write words with commas between them.")
    return found


def _groups(by: object) -> tuple[str, ...]:
    """Return the columns to group by; there are at most two, and no two the same."""
    names = _texts(by, "by") if by not in ("", None) else []
    for name in names:
        if names.count(name) > 1:
            raise StatsError(f'by: "{name}" is given twice. Name each column once.')
    if len(names) > MOST_GROUPS:
        raise StatsError(f"by: {len(names)} columns are too many. Name at most {MOST_GROUPS}.")
    return tuple(names)


def _conditions(where: object) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the filters, sorted by column and value."""
    pairs: list[tuple[str, object]] = []
    if isinstance(where, Mapping):
        pairs = [(str(column), values) for column, values in where.items()]
    elif where:
        for text in [where] if isinstance(where, str) else _texts(where, "where"):
            column, equals, after = text.partition("=")
            if not equals:
                raise StatsError(f'where: "{text}" is no condition. Write column=value,value.')
            pairs.append((column.strip(), after))
    found: dict[str, tuple[str, ...]] = {}
    for column, values in pairs:
        if column in found:
            raise StatsError(f'where: "{column}" is given twice. Write {column}=value,value.')
        words = str(values).lower() if values is True or values is False else values
        listed = _texts(words, f"where: {column}")
        if not listed:
            raise StatsError(f"where: {column}: no value. Write {column}=value,value.")
        if column == "nationality":
            listed = [_codes().get(word.casefold(), word) for word in listed]
        found[column] = tuple(sorted(set(listed)))
    return tuple(sorted(found.items()))


@cache
def _codes() -> Mapping[str, str]:
    """Code of each nationality by its name and by itself, in small letters."""
    known = nationalities()
    names = {label.casefold(): code for code, label in known.items()}
    return names | {code.casefold(): code for code in known}


def _said(column: str, word: str) -> str:
    """A word of a filter as readers know it: a nationality with its code, others by their label."""
    if word == NOT_KNOWN:
        return "not known"
    label = labels([column], [{column: word}]).get(column, {}).get(word, word)
    return f"{word} {label}" if column == "nationality" and label != word else label


def _days(first: date | None, last: date | None) -> str:
    """A span of days by its usual name, with the days where the name does not hold them."""
    if first is None or last is None:
        return f"from {first}" if first else f"to {last}"
    days = str(first) if first == last else f"{first} to {last}"
    name = periods.name_of(first, last)
    return name if name == days else f"{name} ({days})"


def _day(word: str | int | date | None, where: str, end: int) -> date | None:
    """Return the first or the last day of a period, ``None`` for no bound."""
    if word is None or word == "":
        return None
    return word if isinstance(word, date) else periods.span(str(word), where)[end]


def _number(word: object, where: str) -> float:
    """Return a number, however it was written."""
    try:
        return float(str(word))
    except ValueError:
        raise StatsError(f'{where}: "{word}" is no number.') from None


def _whole(word: object, where: str) -> int:
    """Return a whole number from 0."""
    number = _number(word, where)
    if not (number.is_integer() and number >= 0):
        raise StatsError(f"{where}: {word} is no whole number from 0.")
    return int(number)


def _level(level: object) -> float:
    """Return the level of intervals."""
    number = _number(level, "level")
    if not 0.5 <= number < 1:
        raise StatsError(f"level: {level} is not from 0.5 to below 1. Write 0.95 for 95 %.")
    return number


def _handling(replications: str | int) -> str | int:
    """Return ``bands``, ``pool`` or the number of a replication."""
    if replications in HANDLING:
        return str(replications)
    text = str(replications)
    if not text.isdecimal():
        known = suggestion(text, HANDLING)
        raise StatsError(f'replications: unknown word "{text}".{known} Or write a number.')
    return int(text)
