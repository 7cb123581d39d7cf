"""Codes of decisions: from an outcome of the process to the letters of the court records.

The other way round from what an import does: every pair of codes here decodes to the outcome it is
drawn for, by the rules in `docs/method/linking.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import process

if TYPE_CHECKING:
    from asylumatlas.synthetic.docket import Docket

Numbers = NDArray[Any]
CASE_TYPES = ("RMV", "DEP", "EXC", "AOC", "WHO", "CFR", "RFR", "CSR")
REMOVAL = ("asylum_denied", "removal_no_application", "removal_not_adjudicated", "abandoned")
ABSENT = "removal_in_absentia"
_CLOSED = "administratively_closed"
# (case type, outcome) -> (weight, DEC_CODE, OTHER_COMP)
Choices = tuple[tuple[float, str, str], ...]


def _orders(letter: str) -> dict[str, Choices]:
    return {name: ((1.0, letter, ""),) for name in (*REMOVAL, ABSENT)}


_UNNAMED: Choices = ((0.5, "", ""), (0.5, "O", ""))
TABLE: dict[str, dict[str, Choices]] = {
    "RMV": {
        **_orders("X"),
        "asylum_granted": ((1, "R", ""),),
        "withholding_granted": ((0.5, "E", ""), (0.5, "Z", "")),
        "other_relief": ((1, "R", ""),),
        "withdrawn": ((1, "W", ""),),
        "terminated": ((0.5, "T", ""), (0.3, "U", ""), (0.15, "", "I"), (0.05, "", "F")),
        "voluntary_departure": ((1, "V", ""),),
        _CLOSED: ((0.3, "", "A"), (0.3, "", "Y"), (0.2, "", "M"), (0.15, "", "K"), (0.05, "", "P")),
        "not_recorded": (*_UNNAMED, (0.2, "", "O")),
    },
    "DEP": {
        **_orders("D"),
        "asylum_granted": ((0.8, "R", ""), (0.2, "G", "")),
        "other_relief": ((1, "R", ""),),
        "terminated": ((1, "T", ""),),
        "voluntary_departure": ((1, "V", ""),),
        "not_recorded": _UNNAMED,
    },
    "EXC": {
        **_orders("E"),
        "asylum_granted": ((1, "R", ""),),
        "other_relief": ((0.7, "R", ""), (0.3, "A", "")),
        "withdrawn": ((1, "W", ""),),
        "terminated": ((1, "T", ""),),
        "not_recorded": ((1, "", ""),),
    },
    "AOC": {
        **_orders("D"),
        "abandoned": ((1, "A", ""),),
        "asylum_granted": ((0.95, "G", ""), (0.05, "C", "")),
        "withholding_granted": ((0.5, "E", ""), (0.3, "Z", ""), (0.2, "H", "")),
        "withdrawn": ((1, "W", ""),),
        "terminated": ((0.6, "T", ""), (0.4, "U", "")),
        _CLOSED: ((0.5, "", "A"), (0.3, "", "Y"), (0.2, "", "K")),
        "not_recorded": _UNNAMED,
    },
    "WHO": {
        **_orders("D"),
        "withholding_granted": ((0.4, "G", ""), (0.3, "E", ""), (0.2, "Z", ""), (0.1, "H", "")),
        "not_recorded": ((1, "", ""),),
    },
    "CFR": {"affirmed": ((1, "A", ""),), "vacated": ((1, "V", ""),), "not_recorded": _UNNAMED[:1]},
    "RFR": {"affirmed": ((1, "A", ""),), "vacated": ((1, "V", ""),), "not_recorded": _UNNAMED[:1]},
    "CSR": {"affirmed": ((1, "A", ""),), "vacated": ((1, "V", ""),), "not_recorded": _UNNAMED[:1]},
}
SHARES = {"RMV": 0.90, "DEP": 0.06, "EXC": 0.015, "AOC": 0.01, "WHO": 0.015}  # made up
REVIEW_SHARES = {"CFR": 0.82, "RFR": 0.15, "CSR": 0.03}
CHANGE_OF_M = 17_897  # days since 1970: 1 January 2019; before, "not adjudicated" was O


@dataclass(frozen=True)
class Codes:
    """Codes of each proceeding, (proceedings,), indices into the words beside them; -1 blank.

    Attributes:
        decision: DEC_CODE. other: OTHER_COMP. asylum: APPL_DEC of the application for asylum.
        withholding: that of withholding and of the Convention Against Torture.
    """

    decision: Numbers
    other: Numbers
    asylum: Numbers
    withholding: Numbers
    decision_words: list[str]
    other_words: list[str]
    application_words: list[str]


def case_types(docket: Docket) -> Numbers:
    """A case type for each case that has a code for every outcome of the case."""
    cases, luck = docket.chunk.cases, docket.luck
    keys = docket.chunk.ordinal
    plain = luck.pick("case type", keys, SHARES)
    reviews = luck.pick("type of review", keys, REVIEW_SHARES) + CASE_TYPES.index("CFR")
    found = np.where(docket.chunk.review, reviews, plain).astype(np.int64)
    misfits = np.zeros(cases, bool)
    outcomes = process.outcome_codes()
    withdrawn = docket.outcome_is("withdrawn") & docket.ordered[0]
    for number, name in enumerate(CASE_TYPES[:5]):
        known = [outcomes.index(o) for o in TABLE[name]]
        bad = (docket.outcome >= 0) & ~np.isin(docket.outcome, known)
        if name in ("AOC", "WHO"):  # an order after a withdrawal would not be told from a denial
            bad |= withdrawn
        these = np.zeros(cases, bool)
        these[docket.case[bad]] = True
        misfits |= these & (found == number)
    if "WHO" in CASE_TYPES:
        misfits |= (found == CASE_TYPES.index("WHO")) & _relieved(docket)
    found[misfits] = 0
    return found


def _relieved(docket: Docket) -> NDArray[np.bool_]:
    """(cases,) whether some decision grants asylum."""
    these = np.zeros(docket.chunk.cases, bool)
    these[docket.case[docket.outcome_is("asylum_granted")]] = True
    return these


def draw(docket: Docket) -> Codes:
    """Draw the codes of every proceeding that ends."""
    decision_words = sorted({c[1] for t in TABLE.values() for o in t.values() for c in o} - {""})
    other_words = sorted({c[2] for t in TABLE.values() for o in t.values() for c in o} - {""})
    other_words = [*other_words, *(w for w in ("C", "T") if w not in other_words)]
    application_words = list("FGDCILPSAROTWM")
    decision = np.full(docket.size, -1, np.int64)
    other = np.full(docket.size, -1, np.int64)
    types = docket.types[docket.case]
    names = process.outcome_codes()
    for number, name in enumerate(CASE_TYPES):
        for outcome, choices in TABLE[name].items():
            rows = (types == number) & (docket.outcome == names.index(outcome))
            rows &= docket.chunk.review[docket.case] == (number >= 5)
            rows = np.flatnonzero(rows)
            picked = docket.luck.pick("decision", docket.key[rows], [c[0] for c in choices])
            for k, (_, dec, oth) in enumerate(choices):
                decision[rows[picked == k]] = decision_words.index(dec) if dec else -1
                other[rows[picked == k]] = other_words.index(oth) if oth else -1
    # a withdrawn application that an order follows: removal, by the application's code withdrawn
    with_order = docket.outcome_is("withdrawn") & docket.ordered[0]
    for number, letter in ((0, "X"), (1, "D"), (2, "E")):
        decision[with_order & (types == number)] = decision_words.index(letter)
    moved = docket.how == 1
    transfer = docket.luck.happens("transfer", docket.key, 0.25)
    other[moved] = np.where(transfer[moved], other_words.index("T"), other_words.index("C"))
    asylum, withholding = _applications(docket, application_words)
    return Codes(
        decision, other, asylum, withholding, decision_words, other_words, application_words
    )


def _applications(docket: Docket, words: list[str]) -> tuple[Numbers, Numbers]:
    """APPL_DEC of applications for asylum, and for withholding, in each proceeding."""
    luck, key = docket.luck, docket.key
    asylum = np.full(docket.size, -1, np.int64)
    withholding = np.full(docket.size, -1, np.int64)

    def put(rows: NDArray[np.bool_], first: str, second: str) -> None:
        letters = np.array([words.index(c) if c != " " else -1 for c in first])
        asylum[rows] = letters[luck.below("asylum code", key[rows], len(first))]
        letters = np.array([words.index(c) if c != " " else -1 for c in second])
        withholding[rows] = letters[luck.below("withholding code", key[rows], len(second))]

    put(docket.how == 1, "T", "T")
    put(docket.outcome_is("asylum_granted"), "GGGGGGGGFCIP", "MMW ")
    put(docket.outcome_is("withholding_granted"), "D", "GL")
    put(docket.outcome_is("other_relief"), "WWM ", "WWM ")
    put(docket.outcome_is("asylum_denied"), "D", "D")
    put(docket.outcome_is(ABSENT), "AAA ", "AAA ")
    put(docket.outcome_is("abandoned"), "A", "A")
    put(docket.outcome_is("withdrawn"), "W", "WWD")
    old = docket.closed < CHANGE_OF_M
    silent = docket.outcome_is("removal_not_adjudicated", "terminated", "voluntary_departure")
    put(silent & old, "OO ", "O ")
    put(silent & ~old, "MM ", "M ")
    put(docket.outcome_is("administratively_closed"), "SS ", "SS ")
    return asylum, withholding
