"""The part of a log that is exported, read piece by piece, so that memory does not grow with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from asylumatlas.events import CASE_COLUMNS, EVENT_COLUMNS, Log
from asylumatlas.events.columns import LogError, arrow_schema, require_known
from asylumatlas.process.vocabulary import suggestion

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 100_000
"""Events that are in memory at once, about."""


class ExportError(ValueError):
    """What is asked cannot be exported; one line: the argument, what is wrong, what to do."""


@dataclass(frozen=True)
class Chunk:
    """Whole cases and their events.

    Attributes:
        cases: cases, sorted by case_id.
        events: their events, sorted by (case_id, seq).
        of: for each event the row of its case in ``cases``, shape (events,).
    """

    cases: pa.Table
    events: pa.Table
    of: Any

    def starts(self) -> Any:
        """Return the rows of ``events`` at which a case starts, shape (cases with events,)."""
        if not len(self.of):
            return np.zeros(0, np.int64)
        return np.flatnonzero(np.r_[True, self.of[1:] != self.of[:-1]])


@dataclass
class Survey:
    """What occurs in a selection, known before the first line is written.

    Attributes:
        cases: how many cases.
        events: how many events.
        words: for ``event``, ``place`` and ``resource`` the words that occur, sorted.
        families: ids of the lead cases of families, rising, int64, shape (families,).
    """

    cases: int = 0
    events: int = 0
    words: dict[str, list[str]] = field(default_factory=dict)
    families: Any = None


def words_of(table: pa.Table, name: str) -> tuple[Any, list[str]]:
    """Return a column as codes and words.

    Args:
        table: cases or events.
        name: a column; its values count as words, whatever their type.

    Returns:
        Codes, int64 of shape (rows,), with -1 for a missing value; and the words they stand for.
    """
    import pyarrow as pa

    column = table.column(name)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    column = pa.chunked_array([column.unify_dictionaries().combine_chunks()])
    if not column.num_chunks or not len(column):
        return np.zeros(0, np.int64), []
    chunk = column.chunk(0)
    codes = chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, chunk.dictionary.to_pylist()


def pieces(codes: Any, words: Sequence[Any], told: Callable[[Any], Any], none: Any = "") -> Any:
    """Return what is to be written for each code, an object array of the codes' shape.

    Args:
        codes: codes from -1 up.
        words: what they stand for.
        told: what is written for a word.
        none: what is written for -1.

    Example:
        >>> import numpy as np
        >>> pieces(np.array([1, -1]), ["a", "b"], str.upper).tolist()
        ['B', '']
    """
    known = np.empty(len(words) + 1, object)
    known[:] = [*(told(word) for word in words), none]
    return known[codes]


class Selection:
    """One simulated world of a log, or the records, or those of its cases that meet conditions.

    Attributes:
        log: the log.
        replication: the number of the world.
        where: column of the cases -> the value, or the list of values, that a case is to have.
        spread: whether events of one case on one day are put a second apart, in their order.
    """

    def __init__(
        self,
        log: Log,
        replication: int = 0,
        where: Mapping[str, Any] | None = None,
        spread: bool = False,
    ) -> None:
        """Check the arguments; nothing is read yet but a few words.

        Args:
            log: the log.
            replication: the number of the world; 0 for records.
            where: column of the cases -> value or list of values.
            spread: put events of one case on one day a second apart, in their order.

        Raises:
            ExportError: the log has no such replication.
            LogError: a column or a word of a closed list is unknown, or a value of another type.
        """
        self.log, self.replication, self.where = log, replication, dict(where or {})
        self.spread = spread
        known = log.replications
        if known and replication not in known:
            raise ExportError(
                f"{log.folder}: replication {replication}: not in the log. "
                f"It has {known[0]} to {known[-1]}."
            )
        self.columns = [column.name for column in CASE_COLUMNS] + list(log.manifest.extra)
        for name in self.where:
            require_known(name, self.columns, f"{log.folder}: cases", "column")

    def chunks(self, columns: Sequence[str] | None = None) -> Iterator[Chunk]:
        """Yield every case of the selection once, with its events, in order.

        Args:
            columns: columns of the events; all by default.

        Raises:
            LogError: an event has no case.
        """
        for part in self.log.manifest.parts:
            if self.replication in part["replications"]:
                cases = self.cases_of(part)
                if cases.num_rows:
                    yield from self._chunks_of(part, cases, columns)

    def cases(self) -> Iterator[pa.Table]:
        """Yield the cases in order, a part of the log at a time."""
        for part in self.log.manifest.parts:
            if self.replication in part["replications"]:
                yield self.cases_of(part)

    def cases_of(self, part: Mapping[str, Any]) -> pa.Table:
        """Return the cases of one part that are in the selection."""
        where = {"replication": self.replication, **self.where}
        return _one_part(self.log, part).cases(where=where)

    def _chunks_of(
        self, part: Mapping[str, Any], cases: pa.Table, columns: Sequence[str] | None
    ) -> Iterator[Chunk]:
        import pyarrow as pa

        ids = cases.column("case_id").to_numpy()
        start, held, held_of = 0, None, np.zeros(0, np.int64)
        for batch in self._events_of(part, columns):
            keys = batch.column("case_id").to_numpy()
            of = np.searchsorted(ids, keys)
            met = ids[np.minimum(of, len(ids) - 1)] == keys
            if not met.all():
                self._check_orphan(keys, met)
                batch, of = batch.filter(pa.array(met)), of[met]
            table = pa.Table.from_batches([batch])
            if held is not None:
                table, of = pa.concat_tables([held, table]), np.r_[held_of, of]
            if not len(of):
                continue
            last = int(of[-1])  # may go on in the next batch
            cut = int(np.searchsorted(of, last))
            if cut:
                yield Chunk(cases.slice(start, last - start), table.slice(0, cut), of[:cut] - start)
                start = last
            held, held_of = table.slice(cut), of[cut:]
        if held is None:
            held = arrow_schema("events").empty_table().select(columns or _EVENT_NAMES)
        yield Chunk(cases.slice(start), held, held_of - start)

    def _events_of(
        self, part: Mapping[str, Any], columns: Sequence[str] | None
    ) -> Iterator[pa.RecordBatch]:
        import pyarrow.dataset as ds

        path = str(self.log.folder / part["events"]["file"])
        data = ds.dataset([path], schema=arrow_schema("events"), format="parquet")
        yield from data.to_batches(
            columns=list(columns or _EVENT_NAMES),
            filter=ds.field("replication") == self.replication,
            batch_size=ROWS,
            batch_readahead=2,
            fragment_readahead=1,
        )

    def _check_orphan(self, keys: Any, met: Any) -> None:
        """Refuse an event without a case, unless cases were left out on purpose."""
        if not self.where:
            case = int(keys[int(np.argmin(met))])
            raise LogError(
                f"{self.log.folder}: case {case} has events but is not in the cases. "
                "Make the log again."
            )

    def survey(self) -> Survey:
        """Read the selection once and return what occurs in it.

        Raises:
            ExportError: no case meets the conditions.
        """
        found: dict[str, set[str]] = {name: set() for name in ("event", "place", "resource")}
        told = Survey(families=np.zeros(0, np.int64))
        for chunk in self.chunks(["case_id", *found]):
            told.cases += chunk.cases.num_rows
            told.events += chunk.events.num_rows
            for name, met in found.items():
                codes, words = words_of(chunk.events, name)
                met.update(words[code] for code in np.unique(codes).tolist() if code >= 0)
            leads = chunk.cases.column("lead_case_id").drop_null().to_numpy()
            if len(leads):
                told.families = np.union1d(told.families, leads)
        told.words = {name: sorted(met) for name, met in found.items()}
        if not told.cases and self.where:
            raise ExportError(self._why_empty())
        return told

    def _why_empty(self) -> str:
        """Say which condition no case meets, with the nearest word that some case has."""
        for name, wanted in self.where.items():
            many = wanted if isinstance(wanted, list | tuple | set | frozenset) else [wanted]
            values = self.log.cases([name]).column(name).unique().to_pylist()
            for value in many:
                if value not in values:
                    hint = suggestion(value, [str(word) for word in values])
                    return f"{self.log.folder}: cases.{name}: no case has {value!r}.{hint}"
        told = ", ".join(f"{name}={value}" for name, value in self.where.items())
        return f"{self.log.folder}: no case meets {told}. Ask for less."


_EVENT_NAMES = [column.name for column in EVENT_COLUMNS]


def _one_part(log: Log, part: Mapping[str, Any]) -> Log:
    """Return a log of one part of another."""
    from dataclasses import replace

    return Log(log.folder, replace(log.manifest, parts=(part,)))


def moments(events: pa.Table, of: Any, spread: bool = False) -> Any:
    """Return the second of each event, counted from 1970-01-01 00:00, shape (events,).

    An event whose time of day is not known takes that of the event before it on the same day of
    the same case, else midnight: so a reader who sorts by time and leaves ties alone gets the order
    of ``seq``, save where two known times of one day contradict it. No time is converted between
    zones.

    Args:
        events: events, sorted by (case, seq), with ``date`` and ``time``.
        of: for each event the number of its case, rising.
        spread: put events of one case on one day at least a second apart, in the order of ``seq``.
    """
    days = events.column("date").cast("int32").to_numpy().astype(np.int64)
    if not len(days):
        return days
    codes, words = words_of(events, "time")
    known = np.array([_second(word) for word in words] + [-1], np.int64)[codes]
    own = np.maximum(known, 0)
    step = np.arange(len(days)) if spread else 0
    group = np.r_[True, (days[1:] != days[:-1]) | (of[1:] != of[:-1])].cumsum()
    apart = group * (_DAY + len(days))  # so that a running maximum starts anew in each group
    latest = np.maximum.accumulate(own - step + apart) + step - apart
    return days * _DAY + (latest if spread else np.where(known >= 0, known, latest))


_DAY = 86_400


def _second(word: str) -> int:
    """Return the second of the day that ``HH:MM`` names, -1 for anything else."""
    hour, _, minute = word[:5].partition(":")
    if not (hour.isdecimal() and minute.isdecimal()):
        return -1
    return int(hour) * 3600 + int(minute) * 60 if int(hour) < 24 and int(minute) < 60 else -1


def stamps(seconds: Any) -> Any:
    """Return moments as text, an object array of shape (events,).

    Args:
        seconds: seconds from 1970-01-01 00:00.

    Example:
        >>> import numpy as np
        >>> stamps(np.array([36_900])).tolist()
        ['1970-01-01T10:15:00Z']
    """
    known, which = np.unique(seconds, return_inverse=True)
    texts = np.datetime_as_string(known.astype("datetime64[s]"))
    return np.array([f"{text}Z" for text in texts.tolist()], object)[which]


def plain(values: pa.ChunkedArray) -> list[Any]:
    """Return a column as Python values, dates as YYYY-MM-DD, ``None`` where missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    coded = values if pa.types.is_dictionary(values.type) else pc.dictionary_encode(values)
    if pa.types.is_integer(values.type):
        if not values.null_count:
            numbers: list[Any] = values.to_numpy().tolist()
            return numbers
    elif pa.types.is_date(values.type):
        coded = pc.dictionary_encode(values.cast(pa.string()))
    codes, words = words_of(pa.table({"column": coded}), "column")
    found: list[Any] = pieces(codes, words, lambda word: word, None).tolist()
    return found
