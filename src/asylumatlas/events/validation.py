"""Does a log keep the contract? Every row is looked at and every history replayed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import process
from asylumatlas.events.coded import NULL, stage_table
from asylumatlas.events.columns import EVENT_COLUMNS, allowed_words
from asylumatlas.events.log import Log
from asylumatlas.events.parts import case_keys, first_rows

FAULTS = {
    "rows": "the files hold another number of rows than log.json says",
    "order": "a row is not after the one before it by (replication, case_id, seq)",
    "word": "a word is not in the vocabulary, or the event cannot have this outcome",
    "stage": "the stage is not the one that event and outcome lead to",
    "date": "an event is dated before the case's event before it",
    "as_of": "an event is dated after the log's as_of day",
    "case": "an event's case is not in the cases",
    "lead_case": "a case's lead case is not in the cases",
    "history": "the history could not have happened in this process",
}
"""Kinds of fault, and what each means."""

SHOWN = 5
"""Faults of one kind that are told in full; all are counted."""

_UNKNOWN = -2


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        kind: one of `FAULTS`.
        replication: -1 where the fault is not one case's.
        case_id: -1 where the fault is not one case's.
        seq: the event, -1 where the fault is not one event's.
        reason: what is wrong, in one line.
    """

    kind: str
    replication: int
    case_id: int
    seq: int
    reason: str

    def __str__(self) -> str:
        event = f", seq {self.seq}" if self.seq >= 0 else ""
        who = f"case {self.case_id} of replication {self.replication}{event}: "
        return f"{self.kind}: {who if self.case_id >= 0 else ''}{self.reason}"


@dataclass(frozen=True)
class Validation:
    """What `validate` found.

    Attributes:
        cases: cases in the log.
        events: events in the log.
        histories: cases with at least one event.
        legal: histories that could have happened in this process.
        counts: kind of fault -> how many; kinds without a fault are left out.
        faults: the first few of each kind.
    """

    cases: int
    events: int
    histories: int
    legal: int
    counts: Mapping[str, int]
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.counts

    def __str__(self) -> str:
        head = f"{self.cases} cases, {self.events} events, {self.legal} of {self.histories} legal"
        return "\n".join(
            [
                head,
                *(f"{kind}: {n} faults" for kind, n in self.counts.items()),
                *map(str, self.faults),
            ]
        )


class _Book:
    """Counts faults and keeps the first few of each kind."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.faults: list[Fault] = []

    def add(
        self, kind: str, rows: NDArray[Any], table: _Columns, reason: Callable[[int], str]
    ) -> None:
        """Count the rows as faults, and keep the first few with their reason."""
        if not rows.size:
            return
        room = SHOWN - self.counts[kind]
        self.counts[kind] += int(rows.size)
        for row in rows[: max(room, 0)].tolist():
            seq = int(table["seq"][row]) if "seq" in table else -1
            case = int(table["case_id"][row])
            number = int(table["replication"][row])
            self.faults.append(Fault(kind, number, case, seq, reason(row)))


_Columns = dict[str, NDArray[Any]]


def validate(log: Log) -> Validation:
    """Check every row of a log and replay every history, part by part.

    Args:
        log: an opened log.

    Returns:
        Counts and the first few faults of each kind, each with case and reason; ``ok`` if none.
    """
    book = _Book()
    histories = legal = 0
    leads: list[_Columns] = []
    rows = {"cases": 0, "events": 0}
    for part in log.manifest.parts:
        cases = _cases(log, part)
        events, words = _events(log, part)
        rows["cases"] += len(cases["case_id"])
        rows["events"] += len(events["case_id"])
        _check_order(book, cases, ["replication", "case_id"])
        _check_order(book, events, ["replication", "case_id", "seq"])
        leads.append(_unmet_leads(cases))
        _check_known_case(book, cases, events)
        _check_dates(book, events, log.as_of)
        legal_here, met = _check_histories(book, events, _check_words(book, events, words))
        legal, histories = legal + legal_here, histories + met
    _check_leads(book, log, leads)
    for table, found in rows.items():
        if found != log.manifest.rows[table]:
            reason = f"{table}: {found} rows in the files, {log.manifest.rows[table]} in log.json"
            book.counts["rows"] += 1
            book.faults.append(Fault("rows", -1, -1, -1, reason))
    order = list(FAULTS)
    counts = {kind: book.counts[kind] for kind in order if book.counts[kind]}
    faults = sorted(book.faults, key=lambda fault: order.index(fault.kind))
    return Validation(rows["cases"], rows["events"], histories, legal, counts, tuple(faults))


def _table(log: Log, part: Mapping[str, Any], table: str, columns: list[str]) -> Any:
    import pyarrow.parquet as pq

    return pq.read_table(log.folder / part[table]["file"], columns=columns, partitioning=None)


def _numbers(column: Any) -> NDArray[Any]:
    """Return a column of integers or dates as int64, -1 for null."""
    import pyarrow as pa

    if pa.types.is_date(column.type):
        column = column.cast(pa.int32())
    values: NDArray[Any] = column.cast(pa.int64()).fill_null(NULL).to_numpy()
    return values


def _codes(column: Any, known: tuple[str, ...]) -> tuple[NDArray[Any], list[str | None]]:
    """Return vocabulary codes (-1 null, -2 unknown) and the column's own words by row code."""
    if column.num_chunks == 0:
        return np.zeros(0, np.int64), []
    array = column.unify_dictionaries().combine_chunks()
    places = {word: code for code, word in enumerate(known)}
    words = array.dictionary.to_pylist()
    table = np.array([*(places.get(word, _UNKNOWN) for word in words), NULL], np.int64)
    indices = _numbers(array.indices)
    return table[indices], [*(words[i] for i in indices[table[indices] == _UNKNOWN])]


def _cases(log: Log, part: Mapping[str, Any]) -> _Columns:
    names = ["replication", "case_id", "lead_case_id"]
    table = _table(log, part, "cases", names)
    return {name: _numbers(table[name]) for name in names}


def _events(log: Log, part: Mapping[str, Any]) -> tuple[_Columns, dict[str, list[str | None]]]:
    """Return the columns as numbers, and the unknown words of each text column in row order."""
    lists = {c.name: c.words for c in EVENT_COLUMNS if c.name in ("event", "outcome", "stage")}
    names = ["replication", "case_id", "seq", "date"]
    table = _table(log, part, "events", [*names, *lists])
    columns = {name: _numbers(table[name]) for name in names}
    words = {}
    for name, words_of in lists.items():
        columns[name], words[name] = _codes(table[name], allowed_words(words_of))
    return columns, words


def _check_order(book: _Book, table: _Columns, names: list[str]) -> None:
    after = np.zeros(max(len(table["case_id"]) - 1, 0), np.bool_)
    ties = np.ones_like(after)
    for name in names:
        key = table[name]
        after |= ties & (key[1:] > key[:-1])
        ties &= key[1:] == key[:-1]
    rows = np.flatnonzero(~after) + 1
    what = "event" if "seq" in names else "case"
    book.add("order", rows, table, lambda row: f"{what} comes twice or after a later one")


def _unmet_leads(cases: _Columns) -> _Columns:
    """Return the cases whose lead case is not in the same part."""
    rows = np.flatnonzero(cases["lead_case_id"] != NULL)
    own = (cases["replication"], cases["case_id"])
    lead = (cases["replication"][rows], cases["lead_case_id"][rows])
    known, wanted = case_keys(own, lead)
    missing = rows[~np.isin(wanted, known)]
    return {name: values[missing] for name, values in cases.items()}


def _check_leads(book: _Book, log: Log, unmet: list[_Columns]) -> None:
    """Look for the lead cases that are not in their case's part in all the others."""
    table = {name: np.concatenate([c[name] for c in unmet]) for name in unmet[0]} if unmet else {}
    for part in log.manifest.parts:
        if not table or not table["case_id"].size:
            return
        cases = _cases(log, part)
        known, wanted = case_keys(
            (cases["replication"], cases["case_id"]),
            (table["replication"], table["lead_case_id"]),
        )
        table = {name: values[~np.isin(wanted, known)] for name, values in table.items()}
    if table:
        rows = np.arange(table["case_id"].size)
        leads = table["lead_case_id"]
        book.add("lead_case", rows, table, lambda row: f"lead case {leads[row]} not found")


def _check_known_case(book: _Book, cases: _Columns, events: _Columns) -> None:
    first = first_rows(events["replication"], events["case_id"])
    known, met = case_keys(
        (cases["replication"], cases["case_id"]),
        (events["replication"][first], events["case_id"][first]),
    )
    rows = first[~np.isin(met, known)]
    book.add("case", rows, events, lambda row: "the case of this event is not in the cases")


def _check_dates(book: _Book, events: _Columns, as_of: date) -> None:
    days = events["date"]
    last = (as_of - date(1970, 1, 1)).days
    late = np.flatnonzero(days > last)
    book.add("as_of", late, events, lambda row: f"{_day(days[row])} is after {as_of}")
    same = np.ones(max(len(days) - 1, 0), np.bool_)
    for name in ("replication", "case_id"):
        same &= events[name][1:] == events[name][:-1]
    back = np.flatnonzero(same & (days[1:] < days[:-1])) + 1
    book.add("date", back, events, lambda row: f"{_day(days[row])} after {_day(days[row - 1])}")


def _day(days: Any) -> str:
    return str(np.datetime64(int(days), "D"))


def _check_words(
    book: _Book, events: _Columns, words: dict[str, list[str | None]]
) -> NDArray[np.bool_]:
    """Note unknown words, impossible pairs and wrong stages; return the rows fit for replay."""
    fit = np.ones(len(events["case_id"]), np.bool_)
    for name, unknown in words.items():
        missing = name != "outcome"  # only an outcome may be null
        bad = (events[name] == _UNKNOWN) | (missing & (events[name] == NULL))
        told = dict(zip(np.flatnonzero(events[name] == _UNKNOWN).tolist(), unknown, strict=True))

        def reason(row: int, name: str = name, told: dict[int, str | None] = told) -> str:
            return f'unknown {name} "{told[row]}"' if row in told else f"no {name}"

        book.add("word", np.flatnonzero(bad), events, reason)
        if name != "stage":
            fit &= ~bad
    table = stage_table()
    event, outcome = np.where(fit, events["event"], 0), np.where(fit, events["outcome"], NULL)
    stage = table[event, outcome + 1]
    # An outcome left out is an illegal history, which replay explains; one that cannot be stops it.
    no_pair = fit & (stage == NULL) & (outcome != NULL)
    book.add("word", np.flatnonzero(no_pair), events, lambda row: _pair(event[row], outcome[row]))
    wrong = fit & (stage != NULL) & (events["stage"] >= 0) & (events["stage"] != stage)
    stages = allowed_words("stages")
    book.add(
        "stage",
        np.flatnonzero(wrong),
        events,
        lambda row: f"{stages[events['stage'][row]]}, where {stages[stage[row]]} is right",
    )
    usable: NDArray[np.bool_] = fit & ~no_pair
    return usable


def _pair(event: Any, outcome: Any) -> str:
    names = process.event_codes()[int(event)], process.outcome_codes()[int(outcome)]
    return f"{names[0]} has no outcome {names[1]}"


def _check_histories(book: _Book, events: _Columns, fit: NDArray[np.bool_]) -> tuple[int, int]:
    """Replay the cases whose words are all known; return how many are legal, and how many met."""
    first = first_rows(events["replication"], events["case_id"])
    if not first.size:
        return 0, 0
    lengths = np.diff(np.append(first, len(fit)))
    numbers = np.repeat(np.arange(first.size), lengths)  # unique over the replications
    whole = np.minimum.reduceat(fit, first)
    rows = np.repeat(whole, lengths)
    event, outcome = events["event"][rows], events["outcome"][rows]
    verdicts = process.replay_many(numbers[rows], event, outcome)
    illegal = first[whole][~verdicts]
    told = dict(zip(first.tolist(), lengths.tolist(), strict=True))
    room = max(SHOWN - book.counts["history"], 0)
    for row in illegal[:room].tolist():
        at, reason = _first_illegal(events, row, told[row])
        book.add("history", np.array([at]), events, lambda _, reason=reason: reason)  # type: ignore[misc]
    book.counts["history"] += int(illegal[room:].size)
    return int(verdicts.sum()), int(first.size)


def _first_illegal(events: _Columns, row: int, length: int) -> tuple[int, str]:
    """Return the row of the first illegal event of a case, and the reason."""
    names, outcomes = process.event_codes(), (*process.outcome_codes(), None)
    pairs = [
        (names[event], outcomes[outcome])
        for event, outcome in zip(
            events["event"][row : row + length].tolist(),
            events["outcome"][row : row + length].tolist(),
            strict=True,
        )
    ]
    verdict = process.replay(pairs)
    return row + min(verdict.position, length - 1), verdict.reason
