"""One part of a log read into arrays of codes."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from asylumatlas import process
from asylumatlas.events import Log
from asylumatlas.events.parts import case_keys, first_rows
from asylumatlas.stats.errors import FactsError
from asylumatlas.stats.facts.columns import CASE_DIMENSIONS, NOT_IN_EVERY_LOG
from asylumatlas.stats.facts.moments import NOT_COUNTED
from asylumatlas.stats.facts.state import HEARD_EVENTS, NONE, Array, Part, Words

if TYPE_CHECKING:
    from asylumatlas.stats.facts.writing import Counts

_EPOCH = datetime.date(1970, 1, 1)
_TEXT = ("event", "outcome", "place", "resource", "detail")


@dataclass(frozen=True)
class Overview:
    """What every part must know of the whole log, so that parts of any size give the same facts.

    Attributes:
        events: words of the events that happen.
        courts: words of the places that are courts, because somebody is heard or decided there.
    """

    events: frozenset[str] = frozenset()
    courts: frozenset[str] = frozenset()

    def __or__(self, other: Overview) -> Overview:
        """Return what two parts tell together."""
        return Overview(self.events | other.events, self.courts | other.courts)


def overview(log: Log, entry: Mapping[str, Any]) -> Overview:
    """Return what one part tells of its log.

    Args:
        log: an opened log.
        entry: the part's entry in the manifest.
    """
    table = _table(log, entry, "events", ["event", "place"])
    event, place = _codes(table["event"]), _codes(table["place"])
    heard = np.array([*(word in HEARD_EVENTS for word in event.words), False], np.bool_)
    where = place.codes[heard[event.codes]]
    return Overview(_met(event.codes, event.words), _met(where, place.words))


def _met(codes: Array, words: Sequence[str]) -> frozenset[str]:
    there = np.bincount(codes + 1, minlength=len(words) + 1)[1:] > 0
    return frozenset(word for word, known in zip(words, there, strict=True) if known)


def read_part(log: Log, entry: Mapping[str, Any], counts: Counts, left_out: Counter[str]) -> Part:
    """Read one part, and count the words of its cases and what is left out.

    Args:
        log: an opened log.
        entry: the part's entry in the manifest.
        counts: where the words of the cases are counted.
        left_out: where events that cannot be used are counted, by reason.
    """
    told = [n for n in CASE_DIMENSIONS if n not in NOT_IN_EVERY_LOG or _has_words(log, n)]
    cases = _table(log, entry, "cases", ["replication", "case_id", *told])
    untold = Words(np.full(len(cases), NONE, np.int32), [])
    of_case = {name: _codes(cases[name]) if name in told else untold for name in CASE_DIMENSIONS}
    for name, column in of_case.items():
        counts.count(name, column)
    key = (_numbers(cases["replication"]), _numbers(cases["case_id"]))
    names = ["replication", "case_id", "date", *_TEXT]
    events = _table(log, entry, "events", names)
    as_of = (log.as_of - _EPOCH).days
    text = {name: _codes(events[name]) for name in _TEXT}
    arrays = {
        **{name: _numbers(events[name]) for name in ("replication", "case_id", "date")},
        "event": _in_vocabulary(text["event"], process.event_codes()),
        "outcome": _in_vocabulary(text["outcome"], process.outcome_codes()),
        **{name: text[name].codes for name in ("place", "resource", "detail")},
    }
    del events
    row, arrays = _usable(key, arrays, as_of, left_out)
    first = first_rows(arrays["replication"], arrays["case_id"])
    row = row[first]
    judge = _without(not_judges(log), Words(arrays["resource"], text["resource"].words))
    counts.not_judges += _moments_lost(arrays["event"], arrays["resource"], judge.codes)
    return Part(
        date=arrays["date"],
        event=arrays["event"],
        outcome=arrays["outcome"],
        place=Words(arrays["place"], text["place"].words),
        judge=judge,
        detail=Words(arrays["detail"], text["detail"].words),
        first=first,
        replication=arrays["replication"][first],
        of_case={name: column.take(row) for name, column in of_case.items()},
        as_of=as_of,
    )


def not_judges(log: Log) -> frozenset[str]:
    """Return the codes that stand for no one judge: a whole docket, a clerk, whoever visits.

    Args:
        log: an opened log; ``details["placeholders"]["resource"]`` lists them where it has any.

    Raises:
        FactsError: if that is no list of words.
    """
    told = log.manifest.details.get("placeholders", {})
    codes = told.get("resource", []) if isinstance(told, Mapping) else None
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        raise FactsError(
            f"{log.folder / 'log.json'}: details.placeholders names no list of codes as "
            '"resource". Write the log again.'
        )
    return frozenset(codes)


def _without(left_out: frozenset[str], column: Words) -> Words:
    """Return a column in which some words are null."""
    known = [NONE if word in left_out else code for code, word in enumerate(column.words)]
    if NONE not in known:
        return column
    return Words(np.array([*known, NONE], np.int32)[column.codes], column.words)


def _moments_lost(event: Array, before: Array, after: Array) -> int:
    """Return in how many moments a code was made null."""
    counted = [name not in NOT_COUNTED for name in process.event_codes()]
    return int((np.array(counted)[event] & (before != after)).sum())


def _has_words(log: Log, column: str) -> bool:
    """Say whether the cases have a column of text beyond the fixed ones."""
    return log.manifest.extra.get(column) == "text"


def _usable(
    key: tuple[Array, Array], arrays: dict[str, Array], as_of: int, left_out: Counter[str]
) -> tuple[Array, dict[str, Array]]:
    """Return the row of each usable event's case, and the events' columns; count the others."""
    row = _rows_of(key, (arrays["replication"], arrays["case_id"]))
    faults = {
        "event of a case that is not in the cases": row < 0,
        "event after the log's last day": arrays["date"] > as_of,
        "event or outcome that is not in the vocabulary": (arrays["event"] < 0)
        | (arrays["outcome"] < NONE),
    }
    fit = np.ones(len(row), np.bool_)
    for reason, wrong in faults.items():
        wrong &= fit
        if wrong.any():
            left_out[reason] += int(wrong.sum())
            fit &= ~wrong
    if fit.all():
        return row, arrays
    return row[fit], {name: values[fit] for name, values in arrays.items()}


def _rows_of(cases: tuple[Array, Array], events: tuple[Array, Array]) -> Array:
    """Return the row of each event's case, -1 where the case is not in the cases."""
    first = first_rows(*events)
    lengths = np.diff(np.append(first, len(events[0])))
    told = (events[0][first], events[1][first])
    if all(map(np.array_equal, cases, told)):
        rows = np.arange(len(first))
    else:
        known, met = case_keys(cases, told)
        rows = np.searchsorted(known, met)
        rows[rows == len(known)] = 0
        rows = np.where(known[rows] == met, rows, NONE) if len(known) else rows + NONE
    found: Array = np.repeat(rows, lengths)
    return found


def _table(log: Log, entry: Mapping[str, Any], table: str, columns: list[str]) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    text = [name for name in columns if name in (*_TEXT, *CASE_DIMENSIONS)]
    path = log.folder / entry[table]["file"]
    # One thread: other parts are read beside this one.
    try:
        return pq.read_table(
            path, columns=columns, partitioning=None, use_threads=False, read_dictionary=text
        )
    except (OSError, pa.ArrowException) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the machine's fault, which says what it is
        raise FactsError(f"{path}: cannot be read as Parquet. Make the log again.") from error


def _numbers(column: Any) -> Array:
    import pyarrow as pa

    values = column.cast(pa.int32()) if pa.types.is_date(column.type) else column
    found: Array = values.to_numpy()
    return found


def _codes(column: Any) -> Words:
    """Return a text column as codes and words, -1 for null."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    if not len(column):
        return Words(np.zeros(0, np.int32), [])
    array = column.unify_dictionaries().combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # older pyarrow keeps the one chunk wrapped
        array = array.chunk(0)
    indices = array.indices.fill_null(NONE) if array.null_count else array.indices
    return Words(indices.to_numpy(zero_copy_only=False), array.dictionary.to_pylist())


def _in_vocabulary(column: Words, known: tuple[str, ...]) -> Array:
    """Return vocabulary codes, -1 for null and -2 for words that are not known."""
    place = {word: code for code, word in enumerate(known)}
    table = np.array([*(place.get(word, -2) for word in column.words), NONE], np.int16)
    codes: Array = table[column.codes]
    return codes
