"""What the codes of a table are called, for readers; machines keep the codes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from asylumatlas import process
from asylumatlas.process.nationality import nationalities

_PLAIN = ("kind", "entry_route", "representation", "custody", "party")
"""Columns whose words are the labels, but for the underscores."""


def labels(
    columns: Iterable[str],
    rows: Sequence[Mapping[str, Any]],
    meters: Mapping[str, str] | None = None,
) -> dict[str, dict[str, str]]:
    """Return what the words in a table's rows are called: column -> word -> label.

    A word without a label of its own, such as the code of a court, is left out.

    Args:
        columns: names of the table's columns.
        rows: its rows.
        meters: what the log calls its meters.

    Example:
        >>> labels(["nationality", "stage"], [{"nationality": "HND", "stage": "waiting_list"}])
        {'nationality': {'HND': 'Honduras'}, 'stage': {'waiting_list': 'Waiting list'}}
    """
    return {name: found for name in columns if (found := dict(_found(name, rows, meters or {})))}


def _found(
    name: str, rows: Sequence[Mapping[str, Any]], meters: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    known = meters if name == "meter" else _known().get(name, {})
    if not known and name not in _PLAIN:
        return
    for word in dict.fromkeys(row.get(name) for row in rows):
        if isinstance(word, str) and word in known:
            yield word, known[word]
        elif isinstance(word, str) and name in _PLAIN:
            yield word, word.replace("_", " ")


@cache
def _known() -> Mapping[str, Mapping[str, str]]:
    words = process.load()
    stages = {name: stage.label for name, stage in words.stages.items()}
    outcomes = {name: outcome.label for name, outcome in words.outcomes.items()}
    events = {name: event.label for name, event in words.events.items()}
    return {
        "nationality": nationalities(),
        "stage": stages,
        "next": stages,
        "outcome": outcomes,
        "event": events,
        "ended": events | outcomes,
        "claim": {"true": "application filed", "false": "no application filed"},
    }
