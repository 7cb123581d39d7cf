"""Histories as rows: appeals, and what comes after them."""

from __future__ import annotations

import numpy as np

from asylumatlas import process
from asylumatlas.synthetic import people
from asylumatlas.synthetic.decisions import CASE_TYPES
from asylumatlas.synthetic.docket import Docket
from asylumatlas.synthetic.rows import (
    CUSTODY,
    Mask,
    Numbers,
    Sheet,
    chosen,
    custody_of,
    known,
    numbered,
)
from asylumatlas.synthetic.rows_court import following
from asylumatlas.synthetic.rows_people import APPEALS
from asylumatlas.synthetic.wire import BLANK, code, day, moment, same, whole

BOARD = {
    "dismissed": {"DIS": 55, "SAF": 10, "D30": 3, "DVD": 3, "SUD": 6, "DEN": 12, "SAV": 2, "REJ": 4,
                  "NJU": 2, "DUT": 3},
    "remanded": {"REM": 9, "BCR": 1},
    "sustained": {"SUS": 7, "GRN": 3},
    "withdrawn": {"WDL": 9, "WPD": 1},
    "other_disposition": {"TER": 6, "OTH": 2, "ADM": 2},
    "not_recorded": {"": 1},
}  # fmt: skip


def appeals(docket: Docket) -> dict[str, Sheet]:
    """tblAppeal, tblAppeal2, tblAppealFedCourts, tblThreeMbrReferrals and tblProBono."""
    chunk, luck, as_of = docket.chunk, docket.luck, docket.as_of
    filed = np.flatnonzero(chunk.are("appeal_filed"))
    to, case = docket.of_event[filed], chunk.case[filed].astype(np.int64)
    key = appeal_key(docket, filed)
    when = chunk.day[filed].astype(np.int64)
    decided = following(docket, filed, "appeal_decided")
    ends = np.where(decided >= 0, chunk.day[decided], BLANK).astype(np.int64)
    letter, words = board_codes(docket, decided, key)
    entered = np.zeros(len(chunk.case) + 1, bool)
    entered[:-1] = chunk.are("representation_entered")
    counsel = np.where(entered[filed + 1], when, BLANK)
    nationality, language = people.origins(docket)
    custody, _, _ = custody_of(docket)
    done = (ends != BLANK) & (ends <= as_of)
    shown = docket.docketed[case] & (when <= as_of)
    government = docket.outcome_is(
        "asylum_granted", "withholding_granted", "other_relief", "terminated"
    )[to]
    sheet = {
        "idnAppeal": whole(key),
        "idncase": whole(docket.idncase[case]),
        "idnProceeding": whole(docket.key[to]),
        "strAppealCategory": same(len(key), "IJ"),
        "strAppealType": same(len(key), "Case Appeal"),
        "datAppealFiled": day(when),
        "strFiledBy": code(np.where(government, 1, 0), ["A", "I"]),
        "datAttorneyE27": day(counsel),
        "datBIADecision": day(np.where(done, ends, BLANK)),
        "strBIADecision": code(np.where(done, letter, -1), words),
        "strBIADecisionType": code(np.where(done & (letter >= 0), 0, -1), ["R"]),
        "strCaseType": code(docket.types[case], CASE_TYPES),
        "strLang": code(language[case], people.LANGUAGES, width=3),
        "strNat": code(nationality[case], people.NATIONALITIES),
        "strCustody": code(custody[case], CUSTODY),
        "strProbono": code(np.where(luck.happens("pro bono", key, 0.04), 0, 1), ["Y", "N"]),
    }
    bridge = {name: sheet[name] for name in ("idnAppeal", "idncase", "idnProceeding")}
    twice = shown & luck.happens("in the bridge", key, 0.81)
    return {
        "tblAppeal": chosen(sheet, shown),
        "tblAppeal2": chosen(bridge, twice),
        "tblAppealFedCourts": _petitions(docket),
        "tblThreeMbrReferrals": _referrals(docket, key, when, ends, shown),
        "tblProBono": _pro_bono(docket, key, case, when, shown),
    }


def appeal_key(docket: Docket, filed: Numbers) -> Numbers:
    """IdnAppeal of appeals, given as the events of their filing."""
    case = docket.chunk.case[filed].astype(np.int64)
    return docket.chunk.ordinal[case] * APPEALS + numbered(case) + 1


def board_codes(docket: Docket, decided: Numbers, key: Numbers) -> tuple[Numbers, list[str]]:
    """StrBIADecision of each appeal, an index into words, -1 where blank."""
    words = [w for codes in BOARD.values() for w in codes if w]
    outcome = np.where(decided >= 0, docket.chunk.outcome[decided], -1)
    found = np.full(len(key), -1, np.int64)
    for name, weights in BOARD.items():
        rows = outcome == process.outcome_codes().index(name)
        letters = np.array([words.index(w) if w else -1 for w in weights])
        found[rows] = letters[docket.luck.pick("Board", key[rows], weights)]
    return found, words


def _petitions(docket: Docket) -> Sheet:
    """TblAppealFedCourts."""
    chunk, luck = docket.chunk, docket.luck
    rows = np.flatnonzero(chunk.are("circuit_petition_filed"))
    case = chunk.case[rows].astype(np.int64)
    filed = np.flatnonzero(chunk.are("appeal_filed"))
    before = filed[np.maximum(np.searchsorted(filed, rows) - 1, 0)] if len(filed) else rows
    number = numbered(chunk.case[filed])[np.searchsorted(filed, before)] if len(filed) else rows
    key = chunk.ordinal[case] * APPEALS + numbered(case) + 1
    when = chunk.day[rows].astype(np.int64)
    decided = luck.happens("circuit decided", key, 0.7) & (when + 400 <= docket.as_of)
    sheet = {
        "idnAppealFedCourts": whole(key),
        "lngAppealID": whole(chunk.ordinal[case] * APPEALS + number + 1),
        "datRequestedByOIL": day(when),
        "strFedCourtDecision": code(np.where(decided, 0, -1), ["DIS"]),
    }
    return chosen(sheet, docket.docketed[case] & (when <= docket.as_of))


def _referrals(docket: Docket, key: Numbers, when: Numbers, ends: Numbers, shown: Mask) -> Sheet:
    """TblThreeMbrReferrals."""
    on = when + 30
    rows = shown & docket.luck.happens("three members", key, 0.055) & (on <= docket.as_of)
    off = np.where(docket.luck.happens("taken off", key, 0.5), on + 20, BLANK)
    sheet = {
        "idn3MemberReferral": whole(key),
        "lngAppealID": whole(key),
        "datReferredTo3Member": day(on),
        "datRemovedFromReferral": day(known(off, docket.as_of)),
    }
    return chosen(sheet, rows)


def _pro_bono(docket: Docket, key: Numbers, case: Numbers, when: Numbers, shown: Mask) -> Sheet:
    """TblProBono."""
    luck = docket.luck
    nationality, language = people.origins(docket)
    made = when + 15
    at = made * 86400 + luck.below("screened", key, 86400)
    flags = code(np.where(luck.happens("screened so", key, 0.3), 1, 0), ["0", "1"])
    sexes = people.sexes(docket)
    sheet = {
        "Case_type": code(docket.types[case], CASE_TYPES),
        "NBR_OF_CHGS": same(len(key), "1"),
        "strFiledby": same(len(key), "A"),
        "strNat": code(nationality[case], people.NATIONALITIES),
        "strLang": code(language[case], people.LANGUAGES),
        "Charge_1": code(luck.pick("charge", docket.chunk.ordinal[case], people.CHARGES),
                         list(people.CHARGES)),
        "strAlienSex": code(sexes[case], ["M", "F"]),
        "datROPreview": day(known(made + 5, docket.as_of)),
        "blnSelectedbyCoordinator": flags,
        "blnSelectedbyScreener": flags,
        "idnAppeal": whole(key),
        "idnRepl": whole(key),
        "blnProcessed": flags,
        "datCreatedOn": moment(at),
        "datModifiedOn": moment(at),
        "strCustody": same(len(key), "D"),
    }  # fmt: skip
    return chosen(sheet, shown & luck.happens("bono", key, 0.044) & (made <= docket.as_of))
