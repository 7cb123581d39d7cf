"""Cases and events as numpy arrays of codes, checked before anything is written."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from asylumatlas import process
from asylumatlas.events.columns import (
    CASE_COLUMNS,
    ENTRY_ROUTES,
    KINDS,
    TIME_PRECISIONS,
    UNKNOWN,
    LogError,
    require_known,
)

CodedText = tuple[NDArray[Any], Sequence[str]]
"""Text as integer codes, one a row, and the words they stand for; code -1 is null."""

NULL = -1
_MINUTES = 24 * 60
_NATIONALITY = re.compile(r"[A-Z]{3}")
_EXTRA_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class CodedEvents:
    """Events as arrays of one length, shape (events,), sorted by (replication, case_id, seq).

    Attributes:
        replication: int16, from 0.
        case_id: int64, from 0.
        seq: int32, from 0; strictly rising within a case.
        date: int32 days since 1970-01-01; never falling within a case.
        event: int16 codes into `process.event_codes`.
        outcome: int16 codes into `process.outcome_codes`, -1 for none.
        place: int16 codes into the list of places given to `write_part`, -1 for none.
        time: int16 minutes after midnight, -1 where only the day is known; left out where no time
            is.
        resource: codes and words; left out where no event names a judge or an officer.
        detail: codes and words; left out where the source says nothing else.
    """

    replication: NDArray[Any]
    case_id: NDArray[Any]
    seq: NDArray[Any]
    date: NDArray[Any]
    event: NDArray[Any]
    outcome: NDArray[Any]
    place: NDArray[Any]
    time: NDArray[Any] | None = None
    resource: CodedText | None = None
    detail: CodedText | None = None


@dataclass(frozen=True)
class CodedCases:
    """Cases as arrays of one length, shape (cases,), sorted by (replication, case_id).

    Attributes:
        replication: int16, from 0.
        case_id: int64, from 0.
        nationality: codes and ISO 3166-1 alpha-3 words; ``unknown`` is a word.
        kind: codes and words, each one of `KINDS`.
        entry_route: int16 codes into `ENTRY_ROUTES`.
        entry_date: int32 days since 1970-01-01, -1 for null (so 1969-12-31 cannot be told).
        charging_date: int32 days since 1970-01-01, -1 for null.
        lead_case_id: int64, -1 for null; left out where no case has one.
        nationality_source: codes and the source's own words.
        case_type: codes and words.
        sex: codes and words.
        language: codes and words.
        extra: further columns by name: codes and words, or integers.
    """

    replication: NDArray[Any]
    case_id: NDArray[Any]
    nationality: CodedText
    kind: CodedText
    entry_route: NDArray[Any]
    entry_date: NDArray[Any]
    charging_date: NDArray[Any]
    lead_case_id: NDArray[Any] | None = None
    nationality_source: CodedText | None = None
    case_type: CodedText | None = None
    sex: CodedText | None = None
    language: CodedText | None = None
    extra: Mapping[str, CodedText | NDArray[Any]] = field(default_factory=dict)


class _Rows:
    """The rows of one table, for checks that name the row."""

    def __init__(
        self, table: str, replication: NDArray[Any], case_id: NDArray[Any], offset: int = 0
    ) -> None:
        self.table = table
        self.offset = offset  # number of the first row, for messages
        self.size = len(replication)
        self.replication = self.integers("replication", replication, np.int16, low=0)
        self.case_id = self.integers("case_id", case_id, np.int64, low=0)

    def refuse(self, column: str, row: int, reason: str) -> NoReturn:
        case, number = int(self.case_id[row]), int(self.replication[row])
        raise LogError(
            f"{self.table}.{column}: row {row + self.offset} (case {case}, replication {number}): "
            f"{reason}"
        )

    def integers(
        self, column: str, values: Any, kind: type, low: int | None = None, high: int | None = None
    ) -> NDArray[Any]:
        """Return the values as an array of the column's type, refusing any that do not fit."""
        return self.codes(column, values, kind, low, high).astype(kind, copy=False)

    def codes(
        self, column: str, values: Any, kind: type, low: int | None = None, high: int | None = None
    ) -> NDArray[Any]:
        """Return the values as an array of their own type, refusing any that do not fit."""
        array = np.asarray(values)
        where = f"{self.table}.{column}"
        if array.ndim != 1 or array.size != self.size:
            raise LogError(f"{where}: must be flat, of {self.size} values as replication is.")
        if array.size and array.dtype.kind not in "iu":
            raise LogError(f"{where}: must be integers, not {array.dtype}.")
        bounds = np.iinfo(kind)
        low = int(bounds.min) if low is None else low
        high = int(bounds.max) if high is None else high
        if array.size and (int(array.min()) < low or int(array.max()) > high):
            row = int(np.flatnonzero((array < low) | (array > high))[0])
            raise LogError(
                f"{where}: row {row + self.offset}: {array[row]} is not within {low} to {high}."
            )
        return array

    def text(self, column: str, values: Any, nullable: bool = True) -> CodedText:
        """Return codes and words, refusing codes past the words and words that are not unique."""
        where = f"{self.table}.{column}"
        if not isinstance(values, tuple) or len(values) != 2:
            raise LogError(f"{where}: must be a pair of codes and words.")
        words = list(values[1])
        if len(set(words)) != len(words) or not all(isinstance(w, str) and w for w in words):
            raise LogError(f"{where}: words must be unique and none empty.")
        low = NULL if nullable else 0
        return self.codes(column, values[0], np.int32, low, len(words) - 1), words

    def check_order(self, *, within: NDArray[Any] | None = None) -> None:
        """Refuse rows that are not sorted by (replication, case_id, seq), each key once."""
        keys = {"replication": self.replication, "case_id": self.case_id}
        if within is not None:
            keys["seq"] = within
        names = ", ".join(keys)
        if (self.replication == self.replication[:1]).all():
            del keys["replication"]  # in most logs a part has one
        rises = np.zeros(max(self.size - 1, 0), np.bool_)
        ties = np.ones_like(rises)
        for key in keys.values():
            rises |= ties & (key[1:] > key[:-1])
            ties &= key[1:] == key[:-1]
        if rises.all():
            return
        row = int(np.flatnonzero(~rises)[0]) + 1
        how = "comes twice" if ties[row - 1] else "comes after a later one"
        self.refuse(list(keys)[-1], row, f"{how}; sort by ({names}), each once.")


@functools.cache
def stage_table() -> NDArray[np.int16]:
    """Return the stage codes by event code and outcome code + 1; -1 for a pair that cannot be.

    The shape is (events, outcomes + 1); column 0 is for events without outcomes.
    """
    known = process.load()
    outcomes = {name: code for code, name in enumerate(known.outcomes, start=1)}
    stages = {name: code for code, name in enumerate(known.stages)}
    table = np.full((len(known.events), len(outcomes) + 1), NULL, np.int16)
    for row, event in enumerate(known.events.values()):
        for _, outcome in event.points():
            table[row, outcomes[outcome] if outcome else 0] = stages[event.stage_after(outcome)]
    table.flags.writeable = False
    return table


def _pair_problem(event: int, outcome: int) -> str:
    """Say why this event cannot have this outcome."""
    kind = process.load().events[process.event_codes()[event]]
    if outcome == NULL:
        return f"{kind.name} needs an outcome: {', '.join(kind.outcomes)}."
    word = process.outcome_codes()[outcome]
    if not kind.outcomes:
        return f'{kind.name} has no outcomes, and this one has "{word}".'
    return f'{kind.name} has no outcome "{word}"; it has: {", ".join(kind.outcomes)}.'


def event_slices(
    events: CodedEvents, places: Sequence[str], size: int, origin: int = 0
) -> Iterator[dict[str, Any]]:
    """Yield the checked event columns, `size` rows at a time so that caches hold them.

    Args:
        events: all events of a part.
        places: the words that the place codes stand for.
        size: most rows of a slice; there is one slice even if there are no rows.
        origin: what is added to every date.

    Raises:
        LogError: at the first row that is out of order, out of range or not in the vocabulary.
    """
    rows = len(events.replication)
    _require_one_length(events, rows)
    for start in range(0, max(rows, 1), size):
        first = max(start - 1, 0)  # with the row before, so that the order is checked across
        columns = checked_events(_slice(events, first, start + size), places, first, origin)
        yield {name: _without(values, start - first) for name, values in columns.items()}


def _require_one_length(events: CodedEvents, rows: int) -> None:
    """Refuse columns of other lengths than the first; what is no column is refused later."""
    for column in fields(events):
        values = getattr(events, column.name)
        codes = values[0] if isinstance(values, tuple) and values else values
        if codes is not None and np.shape(codes) != (rows,):
            raise LogError(
                f"events.{column.name}: must be flat, of {rows} values as replication is."
            )


def _slice(events: CodedEvents, start: int, stop: int) -> CodedEvents:
    """The rows from `start` to before `stop`, without copies."""

    def some(values: Any) -> Any:
        if isinstance(values, tuple) and len(values) == 2:
            return values[0][start:stop], values[1]
        return None if values is None else values[start:stop]

    return CodedEvents(*(some(getattr(events, column.name)) for column in fields(events)))


def _without(values: Any, rows: int) -> Any:
    """Checked values without their first rows."""
    if isinstance(values, tuple):
        return values[0][rows:], values[1]
    return None if values is None else values[rows:]


def checked_events(
    events: CodedEvents, places: Sequence[str], offset: int = 0, origin: int = 0
) -> dict[str, Any]:
    """Return the checked event columns, the stage codes among them.

    Args:
        events: the events.
        places: the words that the place codes stand for.
        offset: number of the first row, for messages.
        origin: what is added to every date.

    Raises:
        LogError: at the first row that is out of order, out of range or not in the vocabulary.
    """
    rows = _Rows("events", events.replication, events.case_id, offset)
    seq = rows.integers("seq", events.seq, np.int32, low=0)
    days = np.iinfo(np.int32)
    date = rows.codes("date", events.date, np.int32, days.min - origin, days.max - origin)
    table = stage_table()
    event = rows.codes("event", events.event, np.int32, 0, table.shape[0] - 1)
    outcome = rows.codes("outcome", events.outcome, np.int32, NULL, table.shape[1] - 2)
    place = rows.text("place", (events.place, places))
    rows.check_order(within=seq)
    back = (date[1:] < date[:-1]) & (rows.case_id[1:] == rows.case_id[:-1])
    if back.any():  # within a case, or from one case to the like-numbered of another replication
        back &= rows.replication[1:] == rows.replication[:-1]
        if back.any():
            row = int(np.flatnonzero(back)[0]) + 1
            rows.refuse("date", row, "is before the date of the case's event before it.")
    pair = event.astype(np.int16) * np.int16(table.shape[1])  # there are not many
    stage = table.reshape(-1).take(pair + outcome.astype(np.int16) + np.int16(1))
    if stage.size and stage.min() < 0:
        row = int(np.flatnonzero(stage < 0)[0])
        rows.refuse("outcome", row, _pair_problem(int(event[row]), int(outcome[row])))
    time, precision = _times(rows, events.time)
    return {
        "replication": rows.replication,
        "case_id": rows.case_id,
        "seq": seq,
        "date": (date + origin).astype(np.int32, copy=False),
        "time": time,
        "time_precision": precision,
        "event": (event, process.event_codes()),
        "stage": (stage, tuple(process.load().stages)),
        "outcome": (outcome, process.outcome_codes()),
        "place": place,
        "resource": None if events.resource is None else rows.text("resource", events.resource),
        "detail": None if events.detail is None else rows.text("detail", events.detail),
    }


def _times(rows: _Rows, minutes: NDArray[Any] | None) -> tuple[CodedText | None, CodedText]:
    """Return the times of day and how exactly each moment is known, as codes and words."""
    if minutes is None:
        return None, (np.zeros(rows.size, np.int8), TIME_PRECISIONS[:1])
    codes = rows.integers("time", minutes, np.int16, NULL, _MINUTES - 1)
    words = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(_MINUTES)]
    return (codes, words), ((codes != NULL).astype(np.int8), TIME_PRECISIONS)


def checked_cases(cases: CodedCases) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the checked case columns, and the name and type of each extra one.

    Raises:
        LogError: at the first row that is out of order or out of range, or an unknown word.
    """
    rows = _Rows("cases", cases.replication, cases.case_id)
    rows.check_order()
    columns: dict[str, Any] = {"replication": rows.replication, "case_id": rows.case_id}
    columns["nationality"] = rows.text("nationality", cases.nationality, nullable=False)
    for word in columns["nationality"][1]:
        if word != UNKNOWN and not _NATIONALITY.fullmatch(word):
            raise LogError(
                f'cases.nationality: "{word}" is not three capital letters (ISO 3166-1 alpha-3), '
                f'nor "{UNKNOWN}".'
            )
    columns["kind"] = rows.text("kind", cases.kind, nullable=False)
    for word in columns["kind"][1]:
        require_known(word, KINDS, "cases.kind", "kind")
    route = rows.codes("entry_route", cases.entry_route, np.int32, 0, len(ENTRY_ROUTES) - 1)
    columns["entry_route"] = (route, ENTRY_ROUTES)
    columns["entry_date"] = rows.integers("entry_date", cases.entry_date, np.int32)
    columns["charging_date"] = rows.integers("charging_date", cases.charging_date, np.int32)
    lead = cases.lead_case_id
    columns["lead_case_id"] = (
        None if lead is None else rows.integers("lead_case_id", lead, np.int64, low=NULL)
    )
    for name in ("nationality_source", "case_type", "sex", "language"):
        values = getattr(cases, name)
        columns[name] = None if values is None else rows.text(name, values)
    return columns, _add_extra(rows, columns, cases.extra)


def _add_extra(
    rows: _Rows, columns: dict[str, Any], extra: Mapping[str, CodedText | NDArray[Any]]
) -> dict[str, str]:
    """Add the extra columns, and return the type of each."""
    fixed = {column.name for column in CASE_COLUMNS}
    types = {}
    for name, values in extra.items():
        if name in fixed or not _EXTRA_NAME.fullmatch(name):
            raise LogError(f"cases.{name}: an extra column needs a new, lower-case name.")
        types[name] = "text" if isinstance(values, tuple) else "int64"
        is_text = types[name] == "text"
        columns[name] = (
            rows.text(name, values) if is_text else rows.integers(name, values, np.int64)
        )
    return types
