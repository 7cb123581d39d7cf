"""The parameters as pages tell them: values by date, range, source, and who says otherwise.

A figure from elsewhere is set against the value that holds on its day; it says otherwise when it
lies outside that value's range. Figures of other times are listed, and judged by nobody.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from asylumatlas import parameters
from asylumatlas.evidence import disagreement, reports, series, series_names, sources
from asylumatlas.evidence.disagreement import Figure
from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.parameters import Dated, Parameter
from asylumatlas.process.nationality import nationalities
from asylumatlas.web.faults import NotFoundError
from asylumatlas.web.listing import Listing, sought

NEARLY = 0.005  # of our value: figures this close differ by rounding or late entries
COLUMNS = (
    *("parameter", "unit", "from", "value", "low", "high", "source", "assumed"),
    *("note", "parameter_note"),
)
OTHER_COLUMNS = ("source", "period", "figure", "ours", "reading", "differs_by", "of", "note")
SAME, NEAR, WITHIN, DIFFERS, OTHER_TIME = "same", "near", "within", "differs", "other_time"

OTHERWISE = (WITHIN, DIFFERS)  # readings of figures that give another value


@dataclass(frozen=True)
class Beside:
    """A figure from elsewhere beside our value.

    Attributes:
        figure: as published.
        ours: the value that holds on its day, ``None`` where none of that time is held.
        reading: the ``same``, ``near`` it, ``within`` the range, ``differs``, or ``other_time``.
    """

    figure: Figure
    ours: float | None
    reading: str

    @property
    def percent(self) -> float | None:
        """By how many hundredths of our value the figure is higher; ``None`` beside none."""
        return None if not self.ours else 100 * self.figure.differs(self.ours)


@dataclass(frozen=True)
class Mention:
    """A note that names another source.

    Attributes:
        words: the note.
        sources: the sources it names, without the parameter's own.
        widens: whether it stands beside a range, so that it is why there is one.
    """

    words: str
    sources: tuple[str, ...]
    widens: bool


def find(name: str) -> Parameter:
    """Return one parameter.

    Raises:
        NotFoundError: there is none of that name; the message names the nearest.
    """
    known = parameters.load()
    if name not in known:
        short = name[:80]
        raise NotFoundError(f'parameter: no "{short}".{did_you_mean(short, known)}', "parameter")
    return known[name]


def chosen(words: str = "", group: str = "", kind: str = "") -> list[Parameter]:
    """Return the parameters that a reader looks for, in file order.

    Args:
        words: all of which stand in the name, unit, notes, sources or publishers.
        group: the file they stand in, such as ``court``.
        kind: ``assumed``, ``sourced``, ``disagreed``, or "" for all.
    """
    return [
        one
        for one in parameters.load().values()
        if (not group or one.name.startswith(f"{group}."))
        and (not kind or _is(one, kind))
        and sought(words, _said(one))
    ]


def groups() -> Mapping[str, int]:
    """Return how many parameters stand in each file, in file order."""
    found: dict[str, int] = {}
    for name in parameters.load():
        group = name.partition(".")[0]
        found[group] = found.get(group, 0) + 1
    return found


def in_words(name: str) -> str:
    """Return a parameter's name in words.

    Example:
        >>> in_words("court.denied_share.HND")
        'court: denied share, Honduras'
    """
    nations = nationalities()
    group, _, rest = name.partition(".")
    parts = [nations.get(part, part.replace("_", " ")) for part in rest.split(".")]
    return f"{group.replace('_', ' ')}: {', '.join(parts)}"


def figure(value: float) -> str:
    """Return a value as it was published: thousands apart, nothing rounded away.

    Example:
        >>> figure(1258882.0), figure(0.0781), figure(7.0)
        ('1,258,882', '0.0781', '7')
    """
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.10g}"


def listing(found: Sequence[Parameter]) -> Listing:
    """Return parameters as rows, one for each dated value."""
    rows = [
        {
            "parameter": one.name,
            "unit": one.unit,
            "from": since(each),
            "value": each.value,
            "low": each.low,
            "high": each.high,
            "source": each.source,
            "assumed": one.assumed,
            "note": each.note or None,
            "parameter_note": one.note or None,
        }
        for one in found
        for each in one.values
    ]
    return Listing("parameters", COLUMNS, rows)


def since(each: Dated) -> str | None:
    """Return the first day of a value as ISO 8601, ``None`` where it holds on any."""
    return None if each.start == datetime.date.min else each.start.isoformat()


@cache
def beside(name: str) -> tuple[Beside, ...]:
    """Return the figures that others give for a parameter, those that say otherwise first."""
    one = find(name)
    found = [_set_beside(one, figure) for figure in disagreement.figures(name)]
    order = {DIFFERS: 0, WITHIN: 1, NEAR: 2, SAME: 3, OTHER_TIME: 4}
    return tuple(sorted(found, key=lambda each: order[each.reading]))


def mentions(one: Parameter) -> tuple[Mention, ...]:
    """Return the notes of a parameter that name another source than its own."""
    own = {each.source for each in one.values}
    texts = {one.note: any(each.low < each.high for each in one.values)}
    for each in one.values:
        texts[each.note] = texts.get(each.note, False) or each.low < each.high
    found = []
    for text, widens in texts.items():
        named = tuple(name for name in disagreement.mentioned(text) if name not in own)
        if named:
            found.append(Mention(text, named, widens))
    return tuple(found)


def disagreed(one: Parameter) -> int:
    """Return how many figures from elsewhere, and notes that widen a range, say otherwise."""
    figures = beside(one.name)
    told = {each.figure.source for each in figures}
    notes = [
        each
        for each in mentions(one)
        if each.widens and one.assumed is None and not told.issuperset(each.sources)
    ]
    return sum(each.reading in OTHERWISE for each in figures) + len(notes)


def others(name: str) -> Listing:
    """Return the figures that others give for a parameter as rows."""
    rows = [
        {
            "source": each.figure.source,
            "period": each.figure.period,
            "figure": each.figure.value,
            "ours": each.ours,
            "reading": each.reading,
            "differs_by": None if each.percent is None else f"{each.percent:+.1f} %",
            "of": each.figure.of,
            "note": each.figure.note or None,
        }
        for each in beside(name)
    ]
    return Listing(f"{name}-others", OTHER_COLUMNS, rows)


@cache
def scenarios_with(name: str) -> tuple[str, ...]:
    """Return the shipped scenarios whose files name a parameter."""
    whole = re.compile(rf"(?<![\w.]){re.escape(name)}(?![\w.])")
    found = [file for file, text in _scenario_texts().items() if whole.search(text)]
    return tuple(sorted(found))


@cache
def resting_on(source: str) -> Mapping[str, tuple[str, ...]]:
    """Return what rests on a source: names of parameters, series and reports, and notes.

    Args:
        source: its identifier.
    """
    rests = {
        "parameters": tuple(
            one.name
            for one in parameters.load().values()
            if any(each.source == source for each in one.values)
        ),
        "notes": tuple(
            one.name
            for one in parameters.load().values()
            if any(source in each.sources for each in mentions(one))
        ),
        "series": tuple(name for name in series_names() if source in series(name).sources),
        "reports": tuple(one.id for one in reports() if one.source == source),
    }
    return rests


def _set_beside(one: Parameter, figure: Figure) -> Beside:
    ours = _at(one, figure.day)
    if ours is None:
        return Beside(figure, None, OTHER_TIME)
    if figure.value == ours.value:
        return Beside(figure, ours.value, SAME)
    if ours.low <= figure.value <= ours.high:
        return Beside(figure, ours.value, WITHIN)
    near = abs(figure.differs(ours.value)) < NEARLY
    return Beside(figure, ours.value, NEAR if near else DIFFERS)


def _at(one: Parameter, day: datetime.date | None) -> Dated | None:
    """The value of the time of a figure; ``None`` where none of that time is held."""
    if one.values[0].start == datetime.date.min and len(one.values) == 1:
        return one.values[0]
    if day is None:
        return None
    found = one.at(day)
    if found.start == datetime.date.min:
        return found
    return found if found.start <= day <= found.start + disagreement.reach(one.name) else None


def _is(one: Parameter, kind: str) -> bool:
    if kind == "disagreed":
        return disagreed(one) > 0
    return (one.assumed is not None) == (kind == "assumed")


def _said(one: Parameter) -> list[str]:
    found = [one.name, in_words(one.name), one.unit, one.note, one.assumed or ""]
    for each in one.values:
        found.append(each.note)
        if each.source:
            found += [each.source, sources()[each.source].publisher]
    return found


@cache
def _scenario_texts() -> Mapping[str, str]:
    folder = files("asylumatlas") / "scenarios"
    return {
        each.name.removesuffix(".toml"): each.read_text(encoding="utf-8")
        for each in folder.iterdir()
        if each.name.endswith(".toml")
    }
