"""What a link to a statistic asks for: which one, what question, whose definition, of which data.

The link is the question's own text, as `asylumatlas.stats.question.Question.canonical` writes it,
with what stands around a question beside it: ``definition=``, ``published=1``, ``dialect=`` and
``log=``, which may be repeated. The same choices always give the same link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, unquote_plus

from asylumatlas.stats.catalogue import ALL, Definition, Statistic, statistics
from asylumatlas.stats.errors import StatsError, suggestion
from asylumatlas.stats.question import Question
from asylumatlas.web.faults import NotFoundError

MOST_VALUES = 40  # of one filter
MOST_LOGS = 4
YEARS = (1900, 2199)  # that a question may be about
DIALECT = "duckdb"

_PLAIN = ("from", "to", "replications", "small", "suppress", "definition", "published", "dialect")
_KNOWN = ("by", *_PLAIN, "log", "where.COLUMN")
_NAMED = ("place", "court", "judge", "language", "feed", "case_type")
"""Columns whose values are names of the data's own, which may hold a comma."""

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_WORD = re.compile(r"[a-z0-9_]{1,40}")


@dataclass(frozen=True)
class StatisticLink:
    """All that a link to a statistic says.

    Attributes:
        statistic: what is asked.
        question: of which rows, in which groups.
        definition: whose; "" for the statistic's own default, "all" for every one, or several
            with commas.
        logs: names on the shelf; several are compared with the first; none leaves it to the page.
        published: whether published figures stand beside.
        dialect: of the query shown.
    """

    statistic: Statistic
    question: Question = field(default_factory=Question)
    definition: str = ""
    logs: tuple[str, ...] = ()
    published: bool = False
    dialect: str = DIALECT

    @property
    def name(self) -> str:
        """Of the statistic."""
        return self.statistic.name

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """The definitions asked for."""
        known = self.statistic
        if self.definition == ALL:
            return tuple(known.definitions.values())
        return tuple(known.definition(name or None) for name in self.definition.split(","))

    @property
    def path(self) -> str:
        """Where the statistic is, without the language.

        Example:
            >>> read("asylum_denial_rate", "").path
            '/statistics/asylum_denial_rate'
        """
        return f"/statistics/{self.name}"

    def asked(self) -> str:
        """Return what the answer depends on besides the data, as the text of a link."""
        parts = [self.question.canonical()]
        parts += [f"definition={self.definition}"] if self.definition else []
        parts += ["published=1"] if self.published else []
        return "&".join(filter(None, parts))

    def query(self) -> str:
        """Return all choices as the text after the question mark: the same choices, the same text.

        Example:
            >>> read("pending", "log=records&to=2018&by=court").query()
            'by=court&to=2018-12-31&log=records'
        """
        parts = [self.asked()]
        parts += [f"dialect={self.dialect}"] if self.dialect != DIALECT else []
        parts += [f"log={quote(name, safe='')}" for name in self.logs]
        return "&".join(filter(None, parts))

    def href(self, ending: str = "") -> str:
        """Return the link itself, without the language.

        Args:
            ending: of a twin, such as ``.csv``.
        """
        query = self.query()
        return f"{self.path}{ending}{'?' if query else ''}{query}"

    def with_(self, **changes: Any) -> StatisticLink:
        """Return the link with other choices."""
        return replace(self, **changes)

    def grouped(self, by: tuple[str, ...]) -> StatisticLink:
        """Return the link in other groups."""
        return self.with_(question=replace(self.question, by=by))

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `asylumatlas.stats.ask` that the link means."""
        question = self.question
        return {
            "by": question.by,
            "where": dict(question.where) or None,
            "start": question.start,
            "end": question.end,
            "definition": self.definition or None,
            "replications": question.replications,
            "small": question.small,
            "suppress": question.suppress,
            "published": self.published,
        }


def read(name: str, query: str) -> StatisticLink:
    """Return what a link says.

    Args:
        name: of the statistic.
        query: the text after the question mark, still quoted. What a form sends is read too: keys
            that stand several times, fields left empty, periods as people write them.

    Raises:
        NotFoundError: there is no such statistic; the message names the nearest.
        StatsError: a word of the link is unknown; one line with the remedy.

    Example:
        >>> read("pending", "by=court&by=&to=FY2016&where.nationality=hnd").query()
        'by=court&to=2016-09-30&where.nationality=HND'
    """
    known = statistics()
    if name not in known:
        raise NotFoundError(f'unknown statistic "{name[:60]}".{suggestion(name[:60], known)}')
    statistic = known[name]
    given = _given(query)
    logs = tuple(dict.fromkeys(given.pop("log", [])))
    if len(logs) > MOST_LOGS:
        raise StatsError(f"log: {len(logs)} are too many. Name at most {MOST_LOGS}.")
    one = {key: _single(key, given.pop(key, [])) for key in _PLAIN}
    by = given.pop("by", [])
    where = {key.removeprefix("where."): values for key, values in given.items()}
    _check_words(by, where)
    arguments = {key: one[key] for key in ("replications", "small", "suppress") if one[key]}
    question = Question.of(by, where, one["from"], one["to"], **arguments)  # type: ignore[arg-type]
    _check_years(question)
    return StatisticLink(
        statistic,
        question,
        _definition(statistic, one["definition"]),
        logs,
        _yes(one["published"]),
        _dialect(one["dialect"]),
    )


def _given(query: str) -> dict[str, list[str]]:
    """Every key with its values, those left empty aside; a comma parts values unless quoted."""
    found: dict[str, list[str]] = {}
    for item in filter(None, query.split("&")):
        key, _, text = item.partition("=")
        key = _text(key)
        if key not in _KNOWN and not key.startswith("where."):
            raise StatsError(f'link: unknown part "{key[:40]}".{suggestion(key[:40], _KNOWN)}')
        values = [value for value in _values(key, text) if value]
        if values:
            found[key] = [*found.get(key, []), *values]
    return found


def _values(key: str, text: str) -> Iterator[str]:
    for part in text.split(","):
        value = _text(part)
        named = key.removeprefix("where.") in _NAMED
        yield from [value] if named else [each.strip() for each in value.split(",")]


def _text(quoted: str) -> str:
    """What was quoted, on one line and without letters that cannot be printed."""
    return _UNPRINTABLE.sub("", unquote_plus(quoted)).strip()


def _single(key: str, values: list[str]) -> str:
    """The one value of a key; the last where a form sent several."""
    return ",".join(values) if key == "definition" else values[-1] if values else ""


def _check_words(by: list[str], where: Mapping[str, list[str]]) -> None:
    """Refuse what can be no column before it stands in a link, and filters too long for one."""
    for key, names in (("by", by), ("where", [*where])):
        for name in names:
            if not _WORD.fullmatch(name):
                raise StatsError(f'{key}: unknown column "{name[:40]}". See the list on the page.')
    for name, values in where.items():
        if len(values) > MOST_VALUES:
            raise StatsError(
                f"where: {name}: {len(values)} values are too many. Choose at most {MOST_VALUES}."
            )


def _check_years(question: Question) -> None:
    """Refuse years that no data are of; at the ends of the calendar a span has no name."""
    for key, day in (("from", question.start), ("to", question.end)):
        if day is not None and not YEARS[0] <= day.year <= YEARS[1]:
            raise StatsError(f"{key}: {day} is of no data. Write a year from 1900 to 2199.")


def _definition(statistic: Statistic, text: str) -> str:
    """The definitions asked for as the link writes them: the default is left out."""
    if text in ("", ALL):
        return text
    names = [statistic.definition(name).name for name in dict.fromkeys(text.split(","))]
    if names == [statistic.default]:
        return ""
    return ",".join(names)


def _yes(text: str) -> bool:
    if text.casefold() in ("", "0", "no", "false"):
        return False
    if text.casefold() in ("1", "yes", "true", "on"):
        return True
    raise StatsError(f'published: "{text[:20]}" is neither yes nor no. Write published=1.')


def _dialect(text: str) -> str:
    from asylumatlas.stats.queries import DIALECTS

    if text and text not in DIALECTS:
        raise StatsError(f'dialect: unknown "{text[:20]}".{suggestion(text[:20], DIALECTS)}')
    return text or DIALECT
