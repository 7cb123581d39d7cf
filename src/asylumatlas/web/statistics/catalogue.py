"""The catalogue as a page lists it: by subject, and only what a reader looks for."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from asylumatlas.stats.catalogue import Statistic, publishers, statistics
from asylumatlas.stats.description import described

SUBJECTS: Mapping[str, str] = {
    "border": "statistics.subject_border",
    "screening": "statistics.subject_screening",
    "affirmative": "statistics.subject_affirmative",
    "court": "statistics.subject_court",
    "asylum": "statistics.subject_asylum",
    "time": "statistics.subject_time",
    "hearings": "statistics.subject_hearings",
    "absence": "statistics.subject_absence",
    "representation": "statistics.subject_representation",
    "custody": "statistics.subject_custody",
    "appeals": "statistics.subject_appeals",
    "removal": "statistics.subject_removal",
    "flow": "statistics.subject_flow",
    "cost": "statistics.subject_cost",
}
"""Subject -> its heading, a key of the words, in the order of a case's way."""

MOST_LETTERS = 80  # of what is looked for


@dataclass(frozen=True)
class Subject:
    """One part of the catalogue.

    Attributes:
        name: of its file.
        heading: a key of the words.
        statistics: in file order.
    """

    name: str
    heading: str
    statistics: tuple[Statistic, ...]


def subjects(sought: str = "") -> tuple[Subject, ...]:
    """Return the catalogue by subject, in the order of a case's way.

    Args:
        sought: words that all must stand in a statistic's label, question or definitions; accents
            and capitals do not matter.

    Example:
        >>> [one.name for part in subjects("judges far") for one in part.statistics]
        ['judge_variation']
    """
    words = _plain(sought[:MOST_LETTERS]).split()
    found = [one for one in statistics().values() if all(word in _said(one) for word in words)]
    order = [*SUBJECTS, *dict.fromkeys(one.subject for one in found if one.subject not in SUBJECTS)]
    parts = ((name, tuple(one for one in found if one.subject == name)) for name in order)
    return tuple(Subject(name, SUBJECTS.get(name, ""), own) for name, own in parts if own)


def default_words(one: Statistic) -> str:
    """Return a statistic's own definition in one line: whose it is, and what it says."""
    own = one.definition()
    return f"{publishers()[own.publisher].label}: {own.label}"


def to_csv(parts: Sequence[Subject]) -> str:
    """Return the catalogue as CSV (RFC 4180), one row a statistic."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["name", "label", "question", "subject", "kind", "unit", "definitions"])
    for one in _all(parts):
        names = [one.default, *(name for name in one.definitions if name != one.default)]
        writer.writerow(
            [one.name, one.label, one.question, one.subject, one.kind, one.unit, " ".join(names)]
        )
    return text.getvalue()


def to_dict(parts: Sequence[Subject]) -> dict[str, object]:
    """Return the catalogue as plain data, in the shape that ``asylumatlas stats`` prints."""
    return {"statistics": [described(one) for one in _all(parts)]}


def _all(parts: Sequence[Subject]) -> Iterator[Statistic]:
    for part in parts:
        yield from part.statistics


def _said(one: Statistic) -> str:
    """All words of a statistic that a reader may look for."""
    parts = [one.name.replace("_", " "), one.name, one.label, one.question]
    for each in one.definitions.values():
        parts += [each.label, each.numerator, publishers()[each.publisher].label]
    return _plain(" ".join(parts))


def _plain(text: str) -> str:
    """Small letters without accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
