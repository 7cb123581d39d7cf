"""The error of a question that cannot be answered, and the nearest word to one that is unknown."""

from __future__ import annotations

from collections.abc import Collection

from asylumatlas.process.vocabulary import suggestion as nearest

_LISTED = 12  # known words that still fit one line


class StatsError(ValueError):
    """A question that cannot be answered; one line that names what is wrong and the remedy."""


class LacksError(StatsError):
    """A question in good words that the log at hand cannot answer, for it lacks what it takes."""


class FactsError(StatsError):
    """The facts of a log cannot be made: the log is damaged, or they cannot be written."""


def suggestion(word: object, known: Collection[str]) -> str:
    """Return the nearest known word as a question, or what is known where none is near.

    Args:
        word: what was given.
        known: the words there are.

    Returns:
        A sentence with a space before it, empty if nothing is known.

    Example:
        >>> suggestion("grnat_rate", ["grant_rate", "receipts"])
        ' Did you mean "grant_rate"?'
        >>> suggestion("x", ["receipts", "grant_rate"])
        ' Known: grant_rate, receipts.'
    """
    near = nearest(word, known)
    if near or not known:
        return near
    words = sorted(map(str, known))
    more = f" and {len(words) - _LISTED} more" if len(words) > _LISTED else ""
    return f" Known: {', '.join(words[:_LISTED])}{more}."
