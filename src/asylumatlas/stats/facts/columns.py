"""The four tables of facts as data: names, types and meaning of their columns.

One row is one thing that can be counted, with everything a question may group or filter by already
on the row. The files' schema, the writer, the SQL and the reference page come from the lists here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pyarrow as pa

FactType = Literal["int16", "int32", "date", "text", "bool", "float64"]
TableName = Literal["moments", "spells", "stays", "meters"]


@dataclass(frozen=True, slots=True)
class FactColumn:
    """One column of a table of facts.

    Attributes:
        name: the word used in files, code and flags.
        type: int16, int32, date (days since 1970-01-01), text (dictionary-encoded), bool, float64.
        meaning: a plain sentence.
        nullable: whether a value may be missing.
    """

    name: str
    type: FactType
    meaning: str
    nullable: bool = False


_Column = FactColumn

CASE_DIMENSIONS = ("nationality", "kind", "entry_route", "case_type", "sex", "language", "feed")
"""Columns that the case gives to each of its facts."""

NOT_IN_EVERY_LOG = frozenset({"feed"})
"""Of them, those that a log may have beyond its fixed columns."""

DIMENSIONS = (
    _Column("replication", "int16", "The simulated world; always 0 for records."),
    _Column("nationality", "text", "ISO 3166-1 alpha-3 code; OTH or unknown as in the cases."),
    _Column("kind", "text", "Single adult, family, unaccompanied child or unknown."),
    _Column("entry_route", "text", "How the case entered the process."),
    _Column("case_type", "text", "The source's type of case, where known.", True),
    _Column("sex", "text", "As the source gives it, where known.", True),
    _Column("language", "text", "As the source gives it, where known.", True),
    _Column(
        "feed",
        "text",
        "Where a simulated case came from, as the scenario names it; null where the log's cases "
        "have no such column.",
        True,
    ),
    _Column(
        "court",
        "text",
        "Place of the case's latest event at a court: a place where somebody is heard or decided "
        "somewhere in the log. A charging document filed elsewhere, and what follows it, takes the "
        "first court that the case comes to. Null before and without one.",
        True,
    ),
    _Column(
        "judge",
        "text",
        "Coded judge or officer of the event itself; null for a code that stands for no one judge.",
        True,
    ),
    _Column("place", "text", "Place of the event itself.", True),
    _Column(
        "representation",
        "text",
        "represented or not_represented: an appearance entered and not ended, before the court "
        "(for appeals, before the court or the Board). Null where the log tells of no appearance "
        "at all.",
        True,
    ),
    _Column(
        "custody",
        "text",
        "detained, released or never_detained, by what the log tells so far. Null where the log "
        "tells of no custody at all.",
        True,
    ),
    _Column(
        "claim",
        "bool",
        "An asylum application has been filed with a court or an office, or was granted or denied "
        "(then it must have been). Like representation and custody null in a case that was already "
        "open when the log began, until the log tells.",
        True,
    ),
)
"""Columns that every fact has."""

MOMENTS = (
    *DIMENSIONS,
    _Column("event", "text", "What happened, in the words of the glossary."),
    _Column("outcome", "text", "How it came out; null where the event has no outcomes.", True),
    _Column("date", "date", "The day."),
    _Column(
        "party",
        "text",
        "Who caused a continuance or postponement, by the adjournment code; null without one.",
        True,
    ),
    _Column("nth", "int16", "1 for the first event of this kind in the case, 2 for the second."),
    _Column("last", "bool", "The last event of this kind in the case."),
    _Column(
        "appealed",
        "bool",
        "A court decision with an appeal before the next decision, reopening or recalendaring; "
        "null for other events.",
        True,
    ),
    _Column(
        "superseded",
        "bool",
        "A court decision after which the case has another; null for other events.",
        True,
    ),
    _Column(
        "days",
        "int32",
        "Days since the case's first charging document, or the request for a judge's review where "
        "it has none; null before it.",
        True,
    ),
    _Column("days_applied", "int32", "Days since the first asylum application; null before.", True),
    _Column("case_known", "bool", "False where the case was already open when the log began."),
)
"""One row for each event, without those of the journey, of shelters and of representation."""

SPELLS = (
    *DIMENSIONS,
    _Column("spell", "text", "Which span of time: one of the names below."),
    _Column("start", "date", "The day it began."),
    _Column("end", "date", "The day it ended; null while open on the log's last day.", True),
    _Column("days", "int32", "Days from start to end, or to the log's last day while open."),
    _Column(
        "ended",
        "text",
        "Outcome of the event that ended it, or the event where it has none; null while open.",
        True,
    ),
    _Column("nth", "int16", "1 for the case's first spell of this name, 2 for the second."),
    _Column("known_start", "bool", "False where it was already open when the log began."),
)
"""One row for each span of time; the dimensions are as at its end, or the last known."""

STAYS = (
    *DIMENSIONS,
    _Column("stage", "text", "The stage of the main track, as at the end of a day."),
    _Column("next", "text", "The stage after it; null where the case is still there.", True),
    _Column("from_entry_in", "int32", "Days from the case's start to the stay's first day."),
    _Column("from_entry_out", "int32", "Days from the case's start to its last, or the log's."),
    _Column(
        "from_charging_in",
        "int32",
        "Days from the first charging document to the stay's first day, 0 for the stay during "
        "which it was filed; null for earlier stays and without one.",
        True,
    ),
    _Column("from_charging_out", "int32", "The same to the stay's last day.", True),
    _Column("start", "date", "The case's start: the day of the first event that moves it."),
    _Column("charged", "date", "Day of the case's first charging document.", True),
    _Column("case_known", "bool", "False where the case was already open when the log began."),
)
"""One row for each stay of a case in a stage of the main track."""

METERS = (
    _Column("replication", "int16", "The simulated world."),
    _Column("meter", "text", "What was used."),
    _Column("place", "text", "Where, if it is told by place.", True),
    _Column("unit", "text", "What one unit of the amount is."),
    _Column("amount", "float64", "How much."),
)
"""One row for each meter of a simulated world; empty for records."""

TABLES: dict[str, tuple[FactColumn, ...]] = {
    "moments": MOMENTS,
    "spells": SPELLS,
    "stays": STAYS,
    "meters": METERS,
}

GROUPED_BY = {"moments": "event", "spells": "spell", "stays": "stage"}
"""The column by whose words the rows of a part lie together, so that a reader can skip the rest."""


@dataclass(frozen=True, slots=True)
class SpellRule:
    """What one kind of span of time measures.

    Attributes:
        opens: what begins one.
        closes: what ends it.
    """

    opens: str
    closes: str


_OR_OUT = ", or what takes the case out of court without it"
_CHARGED = "the case's first `charging_document`"

SPELLS_BY_NAME: dict[str, SpellRule] = {
    "court_active": SpellRule(
        "a `charging_document` unless the case is administratively closed, `case_reopened`, "
        "`case_recalendared`, `appeal_decided` with `remanded`, `stock_case` with `court`",
        "a `court_decision` of any outcome, `case_closed`, or an event that leads the case to "
        "another stage; hearings do not",
    ),
    "court_inactive": SpellRule(
        "a `court_decision` with `administratively_closed`",
        "`case_recalendared`, `case_reopened`, `appeal_decided` with `remanded`, the next "
        "`court_decision`, or an event that leads the case to another stage",
    ),
    "to_completion": SpellRule(
        _CHARGED, f"the case's first `court_decision` of any outcome{_OR_OUT}"
    ),
    "to_decision": SpellRule(
        _CHARGED,
        f"its first `court_decision` other than `administratively_closed`{_OR_OUT}",
    ),
    "to_first_hearing": SpellRule(
        _CHARGED,
        "its first `master_hearing` or `individual_hearing` of any outcome (`ended` is the event), "
        f"or a `court_decision` before it{_OR_OUT}",
    ),
    "to_individual_hearing": SpellRule(
        _CHARGED,
        "its first `individual_hearing` of any outcome (`ended` is the event), or a "
        f"`court_decision` before it{_OR_OUT}",
    ),
    "application_to_decision": SpellRule(
        "the first day on which an application (`asylum_application_filed`) is on file and the "
        "case undecided: the application itself, or what brings a decided case back to court "
        "after one",
        f"the next `court_decision` other than `administratively_closed`{_OR_OUT}",
    ),
    "custody": SpellRule("`custody_started`", "`custody_ended`"),
    "appeal": SpellRule(
        "`appeal_filed` while no other is open, `stock_case` with `appeal`", "`appeal_decided`"
    ),
    "waiting_list": SpellRule(
        "`list_joined`, `stock_case` with `waiting_list`",
        "an event that leads the case to another stage",
    ),
    "affirmative": SpellRule(
        "`affirmative_filed`, `stock_case` with `affirmative`",
        "`affirmative_interview`, or an event that leads the case to another stage",
    ),
    "fear_screening": SpellRule(
        "`fear_claimed`", "`fear_interview`, or an event that leads the case out of screening"
    ),
    "fear_review": SpellRule("`judge_review_requested`", "`judge_review`"),
    "mexico_asylum": SpellRule(
        "`mexico_asylum_requested`, `stock_case` with `mexico_asylum`", "`mexico_asylum_decided`"
    ),
    "unresolved": SpellRule(
        "the case's first event",
        "the event by which it reaches a final stage that it does not leave again",
    ),
}
"""The spans of time that are followed."""

SPELL_NAMES = tuple(SPELLS_BY_NAME)
"""Their names, in the order in which they are written."""

REPRESENTATION = ("not_represented", "represented")
CUSTODY = ("never_detained", "detained", "released")


def arrow_schema(table: str) -> pa.Schema:
    """Return the schema of one table's files.

    Args:
        table: moments, spells, stays or meters.

    Example:
        >>> arrow_schema("meters").names
        ['replication', 'meter', 'place', 'unit', 'amount']
    """
    import pyarrow as pa

    types: dict[str, Any] = {
        "int16": pa.int16(),
        "int32": pa.int32(),
        "date": pa.date32(),
        "text": pa.dictionary(pa.int32(), pa.string()),
        "bool": pa.bool_(),
        "float64": pa.float64(),
    }
    return pa.schema([pa.field(c.name, types[c.type], nullable=c.nullable) for c in TABLES[table]])
