"""How the rows of each table are reduced to the few numbers that linking needs.

Each function takes a row group and returns its columns as numbers, which rows can matter (None:
all), and how many are left out, by reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import process
from asylumatlas.records.link.codes import codes, meaning
from asylumatlas.records.link.reading import Rows, Words

Array = NDArray[Any]
Reduced = tuple[dict[str, Array], Array | None, dict[str, int]]
"""Columns, rows kept (None: all), rows left out by reason."""

CONCEPTS: tuple[str, ...] = (
    *("place", "judge", "detail", "nationality", "language", "custody", "case_type", "sex"),
    *("state", "priority", "asylum_type"),
)
"""Kinds of words; words of one kind have the same codes whatever table they come from."""

COURT, BOARD = 1, 2
ASYLUM, WITHHOLDING = 0, 1
NO_OUTCOME = -1


@dataclass
class Context:
    """What reading a table needs beside its rows.

    Attributes:
        decisions: (case type, code, kind) of the release's lookup, None without one.
        unaccompanied: identifiers of the juvenile history that say so.
        appeals: keys of appeals, sorted, and the case of each.
        words: the table's own words by concept.
    """

    decisions: frozenset[tuple[str, str, str]] | None
    unaccompanied: frozenset[int]
    appeals: tuple[Array, Array]
    words: dict[str, Words] = field(default_factory=dict)
    _meanings: dict[tuple[str, str, str], tuple[int, int, int, bool]] = field(default_factory=dict)

    def vocabulary(self, concept: str) -> Words:
        """Return the table's words of a concept."""
        return self.words.setdefault(concept, Words())

    def meaning(self, case_type: str, decision: str, other: str) -> tuple[int, int, int, bool]:
        """Return result, review outcome, detail and whether the lookup has it, as numbers."""
        key = (case_type, decision, other)
        if key not in self._meanings:
            found = meaning(case_type, decision, other, self.decisions)
            detail = self.vocabulary("detail").code(found.detail)
            review = process.outcome_codes().index(found.review)
            self._meanings[key] = (found.result, review, detail, found.known)
        return self._meanings[key]


def _places(rows: Rows, context: Context, *names: str) -> dict[str, Array]:
    """The court and, with a second name, the judge of each row."""
    found = {"place": rows.words(names[0], context.vocabulary("place"))}
    if len(names) > 1:
        found["judge"] = rows.words(names[1], context.vocabulary("judge"))
    return found


def cases(rows: Rows, context: Context) -> Reduced:
    """Attributes of cases."""
    words = {
        name: rows.words(column, context.vocabulary(concept))
        for name, (column, concept) in CASE_WORDS.items()
    }
    days = {name: rows.days(column) for name, column in CASE_DAYS.items()}
    return {"case": rows.keys("IDNCASE"), **words, **days}, None, {}


CASE_WORDS = {
    "nationality": ("NAT", "nationality"),
    "language": ("LANG", "language"),
    "custody": ("CUSTODY", "custody"),
    "case_type": ("CASE_TYPE", "case_type"),
    "sex": ("Sex", "sex"),
    "site": ("UPDATE_SITE", "place"),
    "state": ("ALIEN_STATE", "state"),
    "priority": ("CASEPRIORITY_CODE", "priority"),
    "asylum_type": ("C_ASY_TYPE", "asylum_type"),
}
"""Field -> column and concept."""

CASE_DAYS = {"entry": "DATE_OF_ENTRY", "representative": "E_28_DATE", "hearing": "LATEST_HEARING"}


def proceedings(rows: Rows, context: Context) -> Reduced:
    """Proceedings, with what their codes mean."""
    found: dict[str, Array] = {
        "case": rows.keys("IDNCASE"),
        "key": rows.keys("IDNPROCEEDING"),
        "charged": rows.days("OSC_DATE"),
        "entered": rows.days("INPUT_DATE"),
        "moved_in": rows.days("TRANS_IN_DATE"),
        "heard": rows.days("HEARING_DATE"),
        "completed": rows.days("COMP_DATE"),
        **_places(rows, context, "BASE_CITY_CODE", "IJ_CODE"),
        "moved_to": rows.words("TRANSFER_TO", context.vocabulary("place")),
        "case_type": rows.words("CASE_TYPE", context.vocabulary("case_type")),
        "absent": rows.choices("ABSENTIA", {"Y": 1}, other=0, blank=0),
        "reserved": rows.choices("APPEAL_RSVD", {}, other=1, blank=0),
    }
    found |= _meanings(rows, context)
    return found, None, {}


def _meanings(rows: Rows, context: Context) -> dict[str, Array]:
    """What each proceeding's codes mean, looked up once for each combination met."""
    columns = [rows.text(name) for name in ("CASE_TYPE", "DEC_CODE", "OTHER_COMP")]
    combined = np.zeros(rows.size, np.int64)
    for indices, words in columns:
        combined = combined * (len(words) + 1) + indices + 1
    numbers, inverse = np.unique(combined, return_inverse=True)
    table = np.zeros((len(numbers), 4), np.int32)
    for row, number in enumerate(numbers.tolist()):
        parts = []
        for _, words in reversed(columns):
            number, code = divmod(number, len(words) + 1)
            parts.append(words[code - 1] if code else "")
        table[row] = context.meaning(*reversed(parts))
    names = ("result", "review", "detail", "known")
    return {name: table[inverse, column] for column, name in enumerate(names)}


def hearings(rows: Rows, context: Context) -> Reduced:
    """Master and individual hearings."""
    rules = codes()["hearings"]
    tracks = dict.fromkeys(rules["master"], 0) | dict.fromkeys(rules["individual"], 1)
    track = rows.choices("CAL_TYPE", tracks, other=-1, blank=-2)
    before = rows.choices("ADJ_RSN", dict.fromkeys(rules["before"], 1), other=0, blank=0) == 1
    found = {
        "case": rows.keys("IDNCASE"),
        "key": rows.keys("IDNSCHEDULE"),
        "date": rows.days("ADJ_DATE"),
        **_places(rows, context, "BASE_CITY_CODE", "IJ_CODE"),
        "time": rows.integers("ADJ_TIME_START", -1),
        "detail": rows.words("ADJ_RSN", context.vocabulary("detail")),
        "track": track,
        "way": rows.choices("ADJ_RSN", hearing_ways(), other=CONTINUED, blank=BLANK),
    }
    neither = track < 0
    dropped = {
        "neither a master nor an individual hearing": int(neither.sum()),
        "completed before the hearing, which did not take place": int((before & ~neither).sum()),
    }
    return found, ~(neither | before), dropped


CONTINUED, POSTPONED, COMPLETED, SET, HEARD, BLANK = range(6)


def hearing_ways() -> dict[str, int]:
    """Return how a hearing went, by adjournment reason; every other reason is a continuance."""
    rules = codes()["hearings"]
    ways = (("postponed", POSTPONED), ("completed", COMPLETED), ("set", SET), ("heard", HEARD))
    return {code: way for name, way in ways for code in rules[name]}


def applications(rows: Rows, context: Context) -> Reduced:
    """Applications for asylum and for withholding."""
    rules = codes()["applications"]
    kinds = dict.fromkeys(rules["asylum"], ASYLUM) | dict.fromkeys(
        rules["withholding"], WITHHOLDING
    )
    order = {code: rank for rank, code in enumerate(rules["order"])}
    kind = rows.choices("APPL_CODE", kinds, other=-1, blank=-1)
    found: dict[str, Array] = {
        "case": rows.keys("IDNCASE"),
        "key": rows.keys("IDNPROCEEDINGAPPLN"),
        "proceeding": rows.keys("IDNPROCEEDING"),
        "date": rows.days("APPL_RECD_DATE"),
        "kind": kind,
        "decision": rows.choices("APPL_DEC", order, other=len(order), blank=len(order) + 1),
    }
    return found, kind >= 0, {"not an application for asylum": int((kind < 0).sum())}


def representatives(rows: Rows, context: Context) -> Reduced:
    """Representatives of the person."""
    side = rows.choices("STRATTYTYPE", {"ALIEN": 1}, other=0, blank=0, fold=True) == 1
    levels = {"COURT": COURT, "BOARD": BOARD}
    level = rows.choices("STRATTYLEVEL", levels, other=0, blank=0, fold=True)
    found: dict[str, Array] = {
        "case": rows.keys("IDNCASE"),
        "key": rows.keys("IDNREPSASSIGNED"),
        "date": np.where(level == BOARD, rows.days("E_27_DATE"), rows.days("E_28_DATE")),
        "level": level,
        **_places(rows, context, "BASE_CITY_CODE"),
    }
    dropped = {
        "not for the person": int((~side).sum()),
        "neither before a court nor the Board": int((side & (level == 0)).sum()),
    }
    return found, side & (level > 0), dropped


def custody(rows: Rows, context: Context) -> Reduced:
    """Days on which custody began and ended."""
    found = {
        "case": rows.keys("IDNCASE"),
        "key": rows.keys("IDNCUSTODY"),
        "start": rows.days("DATDETAINED"),
        "end": rows.days("DATRELEASED"),
    }
    return found, None, {}


def _outcomes(rows: Rows, column: str, groups: Mapping[str, list[str]], *, other: str) -> Array:
    """Outcome codes of a column of codes; a blank is ``not_recorded``."""
    words = process.outcome_codes()
    table = {code: words.index(name) for name, group in groups.items() for code in group}
    blank = words.index("not_recorded")
    return rows.choices(column, table, other=words.index(other), blank=blank)


def bonds(rows: Rows, context: Context) -> Reduced:
    """Bond proceedings."""
    found = {
        "case": rows.keys("IDNCASE"),
        "key": rows.keys("IDNASSOCBOND"),
        "date": rows.days("COMP_DATE"),
        **_places(rows, context, "BASE_CITY_CODE", "IJ_CODE"),
        "outcome": _outcomes(rows, "DEC", codes()["bonds"], other="not_recorded"),
        "detail": rows.words("DEC", context.vocabulary("detail")),
    }
    return found, None, {}


def motions(rows: Rows, context: Context) -> Reduced:
    """Motions to reopen or reconsider."""
    rules = codes()["motions"]
    kinds = dict.fromkeys(rules["after_decision"], 1)
    wanted = rows.choices("REC_TYPE", kinds, other=0, blank=0) == 1
    groups = {name: rules[name] for name in ("granted", "denied")}
    found = {
        "case": rows.keys("IDNCASE"),
        "key": rows.keys("IDNMOTION"),
        "filed": rows.days("MOTION_RECD_DATE"),
        "decided": rows.days("COMP_DATE"),
        **_places(rows, context, "BASE_CITY_CODE", "IJ_CODE"),
        "outcome": _outcomes(rows, "DEC", groups, other="not_recorded"),
        "detail": rows.words("REC_TYPE", context.vocabulary("detail")),
    }
    return found, wanted, {"not a motion to reopen or reconsider": int((~wanted).sum())}


def appeals(rows: Rows, context: Context) -> Reduced:
    """Appeals of cases to the Board."""
    rules = codes()["appeals"]
    kinds = {code.upper(): 1 for code in rules["case"]}
    wanted = rows.choices("strAppealType", kinds, other=0, blank=0, fold=True) == 1
    names = ("dismissed", "remanded", "sustained", "withdrawn")
    groups = {name: rules[name] for name in names}
    found = {
        "case": rows.keys("idncase"),
        "key": rows.keys("idnAppeal"),
        "filed": rows.days("datAppealFiled"),
        "decided": rows.days("datBIADecision"),
        "outcome": _outcomes(rows, "strBIADecision", groups, other="other_disposition"),
        "detail": rows.words("strBIADecision", context.vocabulary("detail")),
    }
    return found, wanted, {"not the appeal of a case": int((~wanted).sum())}


def petitions(rows: Rows, context: Context) -> Reduced:
    """Petitions to the federal courts."""
    keys, cases = context.appeals
    appeal = rows.keys("lngAppealID")
    place = np.minimum(np.searchsorted(keys, appeal), max(len(keys) - 1, 0))
    met = keys[place] == appeal if len(keys) else np.zeros(rows.size, np.bool_)
    found: dict[str, Array] = {
        "case": np.where(met, cases[place], 0) if len(keys) else np.zeros(rows.size, np.int32),
        "key": rows.keys("idnAppealFedCourts"),
        "date": rows.days("datRequestedByOIL"),
    }
    return found, met, {"the appeal is not in the release": int((~met).sum())}


def families(rows: Rows, context: Context) -> Reduced:
    """Leads and riders."""
    lead, rider = rows.keys("idnLeadCase"), rows.keys("idnRiderCase")
    active, when = rows.integers("blnActive", 0), rows.moments("datCreatedOn")
    key = rows.keys("idnLeadRider")
    blank = np.zeros_like(lead)
    found = {  # one row for the rider and one for the lead, which has no lead of its own
        "case": np.concatenate([rider, lead]),
        "key": np.concatenate([key, key]),
        "lead": np.concatenate([lead, blank]),
        "active": np.concatenate([active, blank]),
        "created": np.concatenate([when, when]),
    }
    return found, found["case"] > 0, {}


def juveniles(rows: Rows, context: Context) -> Reduced:
    """Children who came alone."""
    identifiers = np.array(sorted(context.unaccompanied), np.int32)
    wanted = np.isin(rows.integers("idnJuvenile", 0), identifiers)
    found = {"case": rows.keys("idnCase"), "key": rows.keys("idnJuvenileHistory")}
    return found, wanted, {"does not say that a child came alone": int((~wanted).sum())}
