"""The statistics as data: what each answers, of what it is a share, and under whose definition.

The files ``catalog/SUBJECT.toml`` hold them, one table for each statistic; here they become frozen,
checked objects. Nothing else in the package names a statistic or says how one is defined.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from asylumatlas import process
from asylumatlas.process import Publisher
from asylumatlas.stats.conditions import Condition, Conditions, known_words, read_conditions
from asylumatlas.stats.errors import StatsError, suggestion
from asylumatlas.stats.facts.columns import TABLES
from asylumatlas.stats.groups import groups_of
from asylumatlas.stats.published import Published, read_published

__all__ = [
    "Condition",
    "Conditions",
    "Definition",
    "Method",
    "Published",
    "Statistic",
    "definition",
    "methods",
    "publishers",
    "statistic",
    "statistics",
]

Kind = Literal["count", "share", "stock", "duration", "flow", "variation", "total"]
"""What is asked of the facts; each kind has its own estimator."""

ALL = "all"
"""The word that asks for every definition, side by side; none may have it for a name."""

_FOLDER = Path(__file__).parent / "catalog"
_PUBLISHERS, _KINDS = "publishers.toml", "kinds.toml"
_TEXTS = ("label", "question", "unit", "default", "why_default")
_DEFINITION_TEXTS = ("label", "publisher", "facts", "numerator", "denominator", "exclusions")
_BY_KIND: Mapping[str, tuple[str, ...]] = {
    "count": (),
    "share": ("counted",),
    "stock": (),
    "duration": (),
    "flow": ("origin",),
    "variation": ("counted",),
    "total": (),
}
_FACTS_BY_KIND: Mapping[str, tuple[str, ...]] = {
    "count": ("moments", "spells"),
    "share": ("moments", "spells"),
    "stock": ("spells",),
    "duration": ("spells",),
    "flow": ("stays",),
    "variation": ("moments",),
    "total": ("meters",),
}


_CLAIM_CAVEAT = (
    "A case open when the log began counts only once the log shows its application: whether it had "
    "filed before is not known."
)


@dataclass(frozen=True, slots=True)
class Method:
    """How a kind of statistic is computed.

    Attributes:
        label: what the answer is, in a few words.
        method: how it is computed, in words.
        interval: what its interval is, and says.
        formula: the same in symbols, line by line.
        sources: publications the estimator rests on.
    """

    label: str
    method: str
    interval: str
    formula: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """One way to define a statistic: which rows of the facts, and what of them is counted.

    Attributes:
        name: the word after ``--definition``.
        label: the definition in one line.
        publisher: who defines it so, a name in `publishers`.
        facts: table of facts: moments, spells, stays or meters.
        date: the column that a question's from, to and periods mean; empty for meters.
        rows: what is counted, of what a share is taken, or whose time is measured.
        counted: the numerator within the rows; empty but for shares and variation.
        ended: words of ``ended`` that are the event of interest (duration); None = every end.
        competing: words that end it otherwise; None = all other ends.
        origin: flow only, from which day the days are counted: entry or charging.
        numerator: the numerator, or what is counted, in words.
        denominator: the denominator in words; "none" where there is none.
        exclusions: what is left out, in words.
        caveats: what a reader must know, in sentences.
        by: the groups that make sense for it.
    """

    name: str
    label: str
    publisher: str
    facts: str
    date: str
    rows: Conditions
    counted: Conditions
    ended: tuple[str, ...] | None
    competing: tuple[str, ...] | None
    origin: str
    numerator: str
    denominator: str
    exclusions: str
    caveats: tuple[str, ...]
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statistic:
    """One statistic of the catalogue, with every definition offered.

    Attributes:
        name: the word after ``stats``.
        label: the words shown to readers.
        question: what it answers, as a reader asks it.
        subject: the file it stands in.
        kind: which estimator answers it.
        unit: unit of the value.
        default: name of the definition used unless another is asked for.
        why_default: why that one.
        caveats: what holds under every definition, in sentences.
        published: figures it can be held against.
        definitions: by name, in file order.
    """

    name: str
    label: str
    question: str
    subject: str
    kind: Kind
    unit: str
    default: str
    why_default: str
    caveats: tuple[str, ...]
    published: tuple[Published, ...]
    definitions: Mapping[str, Definition]

    @property
    def by(self) -> tuple[str, ...]:
        """Groups that make sense under at least one of its definitions."""
        groups = [group for one in self.definitions.values() for group in one.by]
        return tuple(dict.fromkeys(groups))

    def definition(self, name: str | None = None) -> Definition:
        """Return the definition of that name, or the default.

        Raises:
            StatsError: if there is none; the message names the nearest.

        Example:
            >>> statistic("asylum_denial_rate").definition().publisher
            'trac'
        """
        name = name or self.default
        if name not in self.definitions:
            near = suggestion(name, self.definitions)
            raise StatsError(f'{self.name}: unknown definition "{name}".{near}')
        return self.definitions[name]


@functools.cache
def publishers() -> Mapping[str, Publisher]:
    """Return who defines statistics, by name: those who group outcomes, then the others."""
    found = dict(process.load().publishers)
    for name, entry in _read(_FOLDER / _PUBLISHERS).items():
        _check_keys(entry, f"{_PUBLISHERS}: {name}", ("label", "note"))
        found[name] = Publisher(name=name, **entry)
    return MappingProxyType(found)


@functools.cache
def methods() -> Mapping[str, Method]:
    """Return how each kind of statistic is computed, by kind."""
    found = {}
    for kind, entry in _read(_FOLDER / _KINDS).items():
        where = f"{_KINDS}: {kind}"
        _one_of(kind, get_args(Kind), where)
        _check_keys(entry, where, ("label", "method", "interval"), ("formula", "sources"))
        lists = {
            key: _sentences(entry.get(key), f"{where}.{key}") for key in ("formula", "sources")
        }
        found[kind] = Method(entry["label"], entry["method"], entry["interval"], **lists)
    return MappingProxyType(found)


@functools.cache
def statistics(folder: Path = _FOLDER) -> Mapping[str, Statistic]:
    """Return every statistic by name: subject by subject, in file order.

    Args:
        folder: where the files lie, one for each subject; by default those of this package.

    Raises:
        StatsError: at the first thing that is wrong in the files, in one line.

    Example:
        >>> statistics()["asylum_denial_rate"].kind
        'share'
    """
    found: dict[str, Statistic] = {}
    for path in sorted(folder.glob("*.toml")):
        if path.name in (_PUBLISHERS, _KINDS):
            continue
        for name, entry in _read(path).items():
            if name in found:
                raise StatsError(f"{path.name}: {name}: stands in {found[name].subject} already.")
            found[name] = _statistic(path, name, entry)
    return MappingProxyType(found)


def statistic(name: str) -> Statistic:
    """Return one statistic.

    Raises:
        StatsError: if there is none of that name; the message names the nearest.
    """
    known = statistics()
    if name not in known:
        raise StatsError(f'unknown statistic "{name}".{suggestion(name, known)}')
    return known[name]


def definition(name: str, definition: str | None = None) -> Definition:
    """Return one definition of a statistic, the default if none is named.

    Raises:
        StatsError: if there is no such statistic or no such definition.
    """
    return statistic(name).definition(definition)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StatsError(f"{path.name}: cannot be read: {error.strerror}.") from error
    except tomllib.TOMLDecodeError as error:
        raise StatsError(f"{path.name}: not valid TOML: {error}.") from error


def _check_keys(
    entry: object, where: str, required: Collection[str], optional: Collection[str] = ()
) -> None:
    """Raise unless the table has the required keys as text and no key beyond the two lists."""
    if not isinstance(entry, dict):
        raise StatsError(f"{where}: must be a table.")
    known = [*required, *optional]
    for key in entry:
        if key not in known:
            raise StatsError(f'{where}: unknown key "{key}".{suggestion(key, known)}')
    for key in required:
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise StatsError(f"{where}.{key}: missing or empty.")


def _one_of(word: object, known: Collection[str], where: str) -> None:
    if word not in known:
        raise StatsError(f'{where}: unknown word "{word}".{suggestion(word, known)}')


def _sentences(given: object, where: str) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(s, str) and s.strip() for s in given):
        raise StatsError(f"{where}: must be a list of sentences, none empty.")
    return tuple(given)


def _statistic(path: Path, name: str, entry: Any) -> Statistic:
    where = f"{path.name}: {name}"
    required = (*_TEXTS, "kind")
    _check_keys(entry, where, required, ("subject", "caveats", "published", "definitions"))
    _one_of(entry["kind"], get_args(Kind), f"{where}.kind")
    if entry.get("subject", path.stem) != path.stem:
        raise StatsError(f'{where}.subject: must be "{path.stem}", the name of the file.')
    given = entry.get("definitions")
    if not isinstance(given, dict) or not given:
        raise StatsError(f"{where}.definitions: needs at least one.")
    if ALL in given:
        raise StatsError(f'{where}.definitions: "{ALL}" asks for every one; give another name.')
    read = {
        key: _definition(key, table, f"{where}.definitions.{key}", entry["kind"])
        for key, table in given.items()
    }
    _one_of(entry["default"], read, f"{where}.default")
    shown = tuple(
        read_published(item, f"{where}.published[{i}]", tuple(read))
        for i, item in enumerate(entry.get("published", []))
    )
    return Statistic(
        name=name,
        subject=path.stem,
        kind=entry["kind"],
        caveats=_sentences(entry.get("caveats", []), f"{where}.caveats"),
        published=shown,
        definitions=MappingProxyType(read),
        **{key: entry[key] for key in _TEXTS},
    )


def _definition(name: str, entry: Any, where: str, kind: str) -> Definition:
    needed = _BY_KIND[kind]
    ends = ("ended", "competing") if kind == "duration" else ()
    _check_keys(entry, where, _DEFINITION_TEXTS, ("date", "rows", "caveats", *needed, *ends))
    for key in needed:
        if key not in entry:
            raise StatsError(f"{where}.{key}: missing; the kind {kind} needs it.")
    facts = entry["facts"]
    _one_of(entry["publisher"], publishers(), f"{where}.publisher")
    _one_of(facts, _FACTS_BY_KIND[kind], f"{where}.facts")
    date = entry.get("date", "")
    if facts != "meters" or date:
        dates = [column.name for column in TABLES[facts] if column.type == "date"]
        _one_of(date, dates, f"{where}.date")
    origin = entry.get("origin", "")
    if kind == "flow":
        _one_of(origin, ("entry", "charging"), f"{where}.origin")
    rows = read_conditions(entry.get("rows", {}), f"{where}.rows", facts)
    counted = _counted(entry.get("counted", {}), f"{where}.counted", facts, rows)
    return Definition(
        name=name,
        date=date,
        rows=rows,
        counted=counted,
        ended=_ends(entry.get("ended"), f"{where}.ended"),
        competing=_ends(entry.get("competing"), f"{where}.competing"),
        origin=origin,
        caveats=(*_sentences(entry.get("caveats", []), f"{where}.caveats"), *_of_rows(rows)),
        by=groups_of(kind, facts, rows, counted),
        **{key: entry[key] for key in _DEFINITION_TEXTS},
    )


def _of_rows(rows: Conditions) -> tuple[str, ...]:
    """Caveats that follow from what the rows must be known to be."""
    return (_CLAIM_CAVEAT,) if rows.get("claim") is True else ()


def _counted(given: object, where: str, facts: str, rows: Conditions) -> Conditions:
    """The numerator's conditions; their words must be possible within the rows."""
    read = read_conditions(given, where, facts)
    for column, words in read.items():
        within = rows.get(column)
        if isinstance(words, tuple) and isinstance(within, tuple) and set(words) - set(within):
            raise StatsError(f"{where}.{column}: names words that the rows leave out.")
        if column == "outcome" and isinstance(words, tuple):
            events = rows.get("event")
            known = known_words("outcome", events if isinstance(events, tuple) else ())
            for word in words:
                _one_of(word, known, f"{where}.outcome")
    return read


def _ends(given: object, where: str) -> tuple[str, ...] | None:
    if given is None:
        return None
    if not isinstance(given, list) or not given:
        raise StatsError(f'{where}: must be a list of words; leave it out for "all".')
    for word in given:
        _one_of(word, known_words("ended"), where)
    return tuple(given)
