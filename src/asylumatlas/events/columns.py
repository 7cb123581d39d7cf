"""The columns of an event log as data: names, types, units, meaning and allowed words.

The reference page, the files' schema, the checks on writing and the checks on reading all come from
the two lists here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from asylumatlas import process
from asylumatlas.process.vocabulary import suggestion

if TYPE_CHECKING:
    import pyarrow as pa

ColumnType = Literal["int16", "int32", "int64", "date", "text"]
WordList = Literal["", "events", "outcomes", "stages", "kinds", "entry_routes", "time_precisions"]

KINDS = ("single_adult", "family", "unaccompanied_child", "unknown")
"""Kinds of case, as the agencies count them."""

ENTRY_ROUTES = ("port_of_entry", "between_ports", "affirmative", "interior", "unknown")
"""Ways by which a case entered the process."""

TIME_PRECISIONS = ("day", "minute")
"""How exactly the moment of an event is known."""

UNKNOWN = "unknown"


class LogError(ValueError):
    """An event log, or what was to be written into one, is not what the contract says.

    The message is one line that names the file or the column, what is wrong and what to do.
    """


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a log.

    Attributes:
        name: the word used in files, code and flags.
        type: int16, int32, int64, date (days since 1970-01-01) or text (dictionary-encoded).
        unit: what one value counts, ``none`` for a name.
        meaning: a plain sentence.
        nullable: whether a value may be missing.
        words: which list holds the allowed words, empty where any word is allowed.
    """

    name: str
    type: ColumnType
    unit: str
    meaning: str
    nullable: bool = False
    words: WordList = ""


EVENT_COLUMNS = (
    Column(
        "replication",
        "int16",
        "number",
        "The simulated world the event belongs to, from 0; always 0 for records.",
    ),
    Column(
        "case_id",
        "int64",
        "none",
        "The case the event belongs to; unique within a replication.",
    ),
    Column(
        "seq",
        "int32",
        "number",
        "Place of the event in its case's history; it decides the order of events on one day.",
    ),
    Column("date", "date", "day", "The day of the event."),
    Column("time", "text", "hour:minute", "Time of day, where known; never simulated.", True),
    Column(
        "time_precision",
        "text",
        "none",
        "How exactly the moment is known.",
        words="time_precisions",
    ),
    Column("event", "text", "none", "What happened, in the words of the glossary.", words="events"),
    Column(
        "stage",
        "text",
        "none",
        "The stage the event leads to, by event and outcome alone. For an event beside the main "
        "track (custody, hearings postponed, representation) it is the stage where such an event "
        "belongs and does not move the person. A few appeals after a grant lead elsewhere; replay "
        "of the history answers for those.",
        words="stages",
    ),
    Column(
        "outcome",
        "text",
        "none",
        "How the event came out; null where the event has no outcomes.",
        True,
        "outcomes",
    ),
    Column("place", "text", "none", "The port, facility, court or city, where known.", True),
    Column("resource", "text", "none", "Coded judge or officer; null in a simulation.", True),
    Column("detail", "text", "none", "What else the record says; null in a simulation.", True),
)
"""Columns of ``events.parquet``, in file order."""

CASE_COLUMNS = (
    Column("replication", "int16", "number", "As in the events."),
    Column("case_id", "int64", "none", "The case; unique within a replication."),
    Column(
        "nationality",
        "text",
        "none",
        "ISO 3166-1 alpha-3 code of the nationality; OTH where a source groups the others, "
        "unknown where it is not known.",
    ),
    Column("nationality_source", "text", "none", "The source's own code for it.", True),
    Column("kind", "text", "none", "Single adult, family or unaccompanied child.", words="kinds"),
    Column("lead_case_id", "int64", "none", "The case that leads a family's cases.", True),
    Column(
        "entry_route", "text", "none", "How the case entered the process.", words="entry_routes"
    ),
    Column("entry_date", "date", "day", "The day of entry, where known.", True),
    Column("charging_date", "date", "day", "The day of the charging document, if any.", True),
    Column("case_type", "text", "none", "The source's type of case, where known.", True),
    Column("sex", "text", "none", "As the source gives it, where known.", True),
    Column("language", "text", "none", "As the source gives it, where known.", True),
)
"""Columns of ``cases.parquet``, in file order; further columns may follow them."""

TABLES = {"cases": CASE_COLUMNS, "events": EVENT_COLUMNS}


def allowed_words(words: WordList) -> tuple[str, ...]:
    """Return the words of a closed list, in code order; empty for the open list ``""``.

    Example:
        >>> allowed_words("kinds")[0]
        'single_adult'
    """
    if words == "events":
        return process.event_codes()
    if words == "outcomes":
        return process.outcome_codes()
    if words == "stages":
        return tuple(process.load().stages)
    return {"kinds": KINDS, "entry_routes": ENTRY_ROUTES, "time_precisions": TIME_PRECISIONS}.get(
        words, ()
    )


def require_known(word: object, known: Collection[str], where: str, what: str) -> None:
    """Raise unless ``word`` is one of ``known``.

    Raises:
        LogError: naming the place, the word and the nearest known word.
    """
    if word not in known:
        raise LogError(f'{where}: unknown {what} "{word}".{suggestion(word, known)}')


def arrow_schema(table: str, extra: dict[str, str] | None = None) -> pa.Schema:
    """Return the schema of one table's files.

    Args:
        table: ``cases`` or ``events``.
        extra: name and type of the columns after the fixed ones.
    """
    import pyarrow as pa

    types: dict[str, Any] = {
        "int16": pa.int16(),
        "int32": pa.int32(),
        "int64": pa.int64(),
        "date": pa.date32(),
        "text": pa.dictionary(pa.int32(), pa.string()),
    }
    fields = [pa.field(c.name, types[c.type], nullable=c.nullable) for c in TABLES[table]]
    fields += [pa.field(name, types[kind]) for name, kind in (extra or {}).items()]
    return pa.schema(fields)
