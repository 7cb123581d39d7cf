"""The cases of a shard as rows of the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.events import ENTRY_ROUTES, KINDS, CodedCases
from asylumatlas.records.link.codes import codes, nationalities
from asylumatlas.records.link.reading import NO_DAY, NO_KEY, NO_WORD, Words
from asylumatlas.records.link.shard import Table, Tally, first_of_each, is_in

Array = NDArray[Any]


@dataclass(frozen=True)
class Attributes:
    """The table of cases, one row for each case of the shard; blank for one it does not have.

    Attributes:
        recorded: whether the table has the case, shape (cases,).
        rows: its row, or a blank one.
    """

    recorded: Array
    rows: Array


def attributes(table: Table, cases: int) -> Attributes:
    """Spread the rows of the table of cases over the shard's cases."""
    rows = np.full(cases, NO_WORD, table.rows.dtype)
    for name in ("entry", "representative", "hearing"):
        rows[name] = NO_DAY
    rows[table.at] = table.rows
    recorded = np.zeros(cases, np.bool_)
    recorded[table.at] = True
    return Attributes(recorded, rows)


def reviews(known: Attributes, proceedings: Table, words: Words) -> Array:
    """Return which cases are reviews of a fear finding, shape (cases,).

    The type of the case tells, or of its first proceeding where the case's own is blank or junk.
    """
    types = codes()["case_types"]
    review = np.array([*(word in types["reviews"] for word in words.words), False])
    sound = review | np.array([*(word in types["others"] for word in words.words), False])
    own = known.rows["case_type"]
    first = np.full(len(own), NO_WORD, np.int32)
    starts = np.ones(len(proceedings), np.bool_)
    starts[1:] = proceedings.at[1:] != proceedings.at[:-1]
    first[proceedings.at[starts]] = proceedings["case_type"][starts]
    result: Array = np.where(sound[own], review[own], review[first])
    return result


def coded_cases(
    cases: Array,
    known: Attributes,
    families: Table,
    alone: Table,
    charging: Array,
    words: Mapping[str, Words],
    everyone: Array,
    tally: Tally,
) -> CodedCases:
    """Return the cases as the log wants them.

    Args:
        cases: the shard's case numbers, rising.
        known: what the table of cases says of them.
        families: rows of leads and riders.
        alone: rows of the juvenile history that say that a child came alone.
        charging: day of each case's charging document.
        words: the words of each concept.
        everyone: every case number of the dataset, rising.
        tally: takes what is counted.
    """
    rows = known.rows
    text = {
        name: (np.ascontiguousarray(rows[name]), words[concept].words)
        for name, concept in _TEXT.items()
    }
    affirmative = words["asylum_type"].words
    route = np.array([*(word == "I" for word in affirmative), False])[rows["asylum_type"]]
    routes = [ENTRY_ROUTES.index(name) for name in ("unknown", "affirmative")]
    kind = np.full(len(cases), KINDS.index("unknown"), np.int16)
    kind[alone.at] = KINDS.index("unaccompanied_child")
    kind[families.at] = KINDS.index("family")
    return CodedCases(
        replication=np.zeros(len(cases), np.int16),
        case_id=cases,
        nationality=_nationality(rows["nationality"], words["nationality"]),
        kind=(kind, KINDS),
        entry_route=np.where(route, routes[1], routes[0]).astype(np.int16),
        entry_date=_or_null(rows["entry"]),
        charging_date=_or_null(charging),
        lead_case_id=_leads(cases, families, everyone, tally),
        nationality_source=text["nationality"],
        case_type=text["case_type"],
        sex=text["sex"],
        language=text["language"],
        extra={
            "snapshot_custody": text["custody"],
            "snapshot_court": text["site"],
            "snapshot_state": text["state"],
            "snapshot_representation": _or_null(rows["representative"]),
            "snapshot_hearing": _or_null(rows["hearing"]),
            "snapshot_priority": text["priority"],
            "snapshot_asylum_type": text["asylum_type"],
        },
    )


_TEXT = {
    "nationality": "nationality",
    "language": "language",
    "custody": "custody",
    "case_type": "case_type",
    "sex": "sex",
    "site": "place",
    "state": "state",
    "priority": "priority",
    "asylum_type": "asylum_type",
}
"""Field -> concept of its words."""


def _or_null(days: Array) -> Array:
    """Return days with -1, the log's null, where there is none."""
    return np.where(days == NO_DAY, -1, days)


def _nationality(own: Array, words: Words) -> tuple[Array, list[str]]:
    """Return the ISO code of each case's nationality, ``unknown`` where it has none."""
    table = Words(["unknown"])
    iso = nationalities()
    known = [table.code(iso.get(word, "unknown")) for word in words.words]
    return np.array([*known, 0], np.int32)[own], table.words


def _leads(cases: Array, families: Table, everyone: Array, tally: Tally) -> Array:
    """Return the lead case of each rider by its active row, else its latest; -1 for none."""
    lead = np.full(len(cases), -1, np.int64)
    riding = families.where((families["lead"] != NO_KEY) & (families["lead"] != cases[families.at]))
    order = np.lexsort((-riding["key"], -riding["created"], -riding["active"], riding.at))
    at = riding.at[order]
    first = first_of_each(at)
    at, chosen = at[first], riding["lead"][order][first]
    met = is_in(chosen, everyone)
    tally.note("lead cases that are not in the release", cases[at[~met]])
    lead[at[met]] = chosen[met]
    return lead
