"""Histories as rows: representatives, custody, families, children, identifiers, priorities."""

from __future__ import annotations

import numpy as np

from asylumatlas.synthetic import people
from asylumatlas.synthetic.docket import Docket
from asylumatlas.synthetic.rows import CUSTODY, Mask, Numbers, Sheet, chosen, known, numbered
from asylumatlas.synthetic.wire import BLANK, code, day, moment, whole

REPRESENTATIVES, CUSTODIES, FEW = 64, 16, 8
APPEALS = 16
PARENTS = ["A_TblCase", "B_TblProceeding", "tblAppeal"]
SMALL = 0.75  # of them in small letters, about as in the source
JUVENILES = (0.08, 0.02, 0.03, 0.09, 0.76, 0.02)  # ids 1 to 6: J, J1, J2, UJ, N/A, AJ
IDENTIFIERS = {"DD": 0.1, "AO": 0.08, "RC": 0.4, "J": 0.1, "UJ": 0.06, "MP": 0.1, "RM": 0.02,
               "SR": 0.06, "DS": 0.08}  # fmt: skip


def attorneys(docket: Docket) -> Sheet:
    """tbl_EOIR_Attorney."""
    _, guids = people.attorneys(docket)
    rows, luck = len(guids), docket.luck
    keys = docket.chunk.number * (1 << 24) + np.arange(rows)
    made = 12_000 + luck.below("made", keys, 3000)
    at = made * 86400 + luck.below("at", keys, 86400)
    return {
        "EOIRAttorneyID": code(np.arange(rows), guids),
        "OldAttorneyID": code(np.arange(rows), [f"EX{k % 100_000_000:08d}" for k in keys.tolist()]),
        "BaseCityCode": code(1 + luck.below("base", keys, 16), docket.chunk.courts),
        "blnAttorneyActive": code(np.where(luck.happens("active", keys, 0.8), 1, 0), ["0", "1"]),
        "Source_Flag": code(np.where(luck.happens("board", keys, 0.1), 1, 0), ["Court", "Board"]),
        "datCreatedOn": moment(at),
        "datModifiedOn": moment(at + 86400 * 20),
    }


def representatives(docket: Docket) -> Sheet:
    """tbl_RepsAssigned: of the person before court and Board, and of the government."""
    chunk, luck, as_of = docket.chunk, docket.luck, docket.as_of
    entered = np.flatnonzero(chunk.are("representation_entered"))
    board = chunk.are("appeal_filed")[np.maximum(entered - 1, 0)]
    of = docket.of_event[entered]
    when = chunk.day[entered].astype(np.int64)
    again = np.flatnonzero(~board & luck.happens("twice", entered + docket.key[of], 0.7))
    government = np.flatnonzero(luck.happens("government", docket.key, 0.85))
    appointed = docket.opened[government] + luck.below("appointed", docket.key[government], 60)
    silent = np.flatnonzero(luck.happens("without a date", docket.key, 0.02))
    # kind: 0 of the case, 1 of the proceeding too, 2 Board, 3 government, 4 without a date
    to = np.concatenate([of, of[again], government, silent])
    kind = np.concatenate(
        [
            np.where(board, 2, 0),
            np.full(len(again), 1),
            np.full(len(government), 3),
            np.full(len(silent), 4),
        ]
    )
    on = np.concatenate([when, when[again], docket.opened[government], docket.opened[silent]])
    date = np.concatenate([when, when[again], appointed, np.full(len(silent), BLANK)])
    nth_appeal = _appeals_before(docket, entered)
    appeal = np.concatenate([nth_appeal, np.zeros(len(to) - len(entered), np.int64)])
    order = np.lexsort((kind, on, docket.case[to]))
    to, kind, on, date, appeal = to[order], kind[order], on[order], date[order], appeal[order]
    case = docket.case[to]
    key = chunk.ordinal[case] * REPRESENTATIVES + numbered(case) + 1
    parent = np.where(kind == 2, 2, np.where((kind == 1) | (kind == 3), 1, 0))
    small = luck.happens("small letters", key, SMALL)
    idns = np.choose(
        parent,
        [docket.idncase[case], docket.key[to], chunk.ordinal[case] * APPEALS + appeal],
    )
    sheet = {
        "IDNREPSASSIGNED": whole(key),
        "IDNCASE": whole(docket.idncase[case]),
        "STRATTYLEVEL": code(np.where(kind == 2, 1, 0), ["COURT", "BOARD"]),
        "STRATTYTYPE": code(np.where(kind == 3, 1, 0), ["ALIEN", "INS"]),
        "PARENT_TABLE": code(parent + 3 * small, [*PARENTS, *map(str.lower, PARENTS)]),
        "PARENT_IDN": whole(idns),
        "BASE_CITY_CODE": code(np.where(kind == 2, -1, docket.court[to]), chunk.courts),
        "INS_TA_DATE_ASSIGNED": day(np.where(kind == 3, known(date, as_of), BLANK)),
        "E_27_DATE": day(np.where(kind == 2, date, BLANK)),
        "E_28_DATE": day(np.where(kind < 2, date, BLANK)),
        "BLNPRIMEATTY": code(np.where(kind == 1, 0, 1), ["0", "1"]),
    }
    return chosen(sheet, docket.docketed[case] & (on <= as_of))


def _appeals_before(docket: Docket, events: Numbers) -> Numbers:
    """How many appeals each event's case has had by then."""
    filed = docket.chunk.are("appeal_filed").astype(np.int64)
    total = np.cumsum(filed)
    start = docket.chunk.first[docket.chunk.case[events]]
    return total[events] - total[start] + filed[start]


def custody(docket: Docket) -> Sheet:
    """tbl_CustodyHistory: stays in custody, and a row for most who were never held."""
    chunk, luck, as_of = docket.chunk, docket.luck, docket.as_of
    began = np.flatnonzero(chunk.are("custody_started"))
    ended = np.flatnonzero(chunk.are("custody_ended"))
    case = chunk.case[began]
    stop = np.full(len(began), BLANK, np.int64)
    if len(ended):
        at = np.searchsorted(ended, began)
        end = ended[np.minimum(at, len(ended) - 1)]
        good = (at < len(ended)) & (chunk.case[end] == case)
        stop = np.where(good, chunk.day[end], BLANK)
    held = np.zeros(chunk.cases, bool)
    held[case] = True
    free = np.flatnonzero(~held & luck.happens("custody row", chunk.ordinal, 0.74))
    cases = np.concatenate([case, free]).astype(np.int64)
    start = np.concatenate([chunk.day[began], np.full(len(free), BLANK)]).astype(np.int64)
    stop = np.concatenate([stop, np.full(len(free), BLANK)])
    order = np.argsort(cases, kind="stable")
    cases, start, stop = cases[order], start[order], known(stop[order], as_of)
    state = np.where(start == BLANK, 0, np.where(stop == BLANK, 1, 2))
    sheet = {
        "IDNCUSTODY": whole(chunk.ordinal[cases] * CUSTODIES + numbered(cases) + 1),
        "IDNCASE": whole(docket.idncase[cases]),
        "CUSTODY": code(state, CUSTODY),
        "DATDETAINED": day(start),
        "DATRELEASED": day(stop),
    }
    return chosen(sheet, docket.docketed[cases] & (start <= as_of))


def juveniles(docket: Docket) -> Sheet:
    """tbl_JuvenileHistory."""
    luck, keys = docket.luck, docket.chunk.ordinal
    cases = np.flatnonzero(luck.happens("juvenile", keys, 0.24))
    first = np.flatnonzero(docket.nth == 0)[cases]
    made = docket.began[cases] + luck.below("noted", keys[cases], 4)
    at = made * 86400 + luck.below("noted at", keys[cases], 86400)
    sheet = {
        "idnJuvenileHistory": whole(keys[cases] * FEW + 1),
        "idnCase": whole(docket.idncase[cases]),
        "idnProceeding": whole(docket.key[first]),
        "idnJuvenile": whole(1 + luck.pick("which child", keys[cases], JUVENILES).astype(np.int64)),
        "DATCREATEDON": moment(at),
        "DATMODIFIEDON": moment(at),
    }
    return chosen(sheet, docket.docketed[cases] & (made <= docket.as_of))


def juvenile_ids(docket: Docket) -> Numbers:
    """(cases,) idnJuvenile of the case as of the release, 0 without a row."""
    luck, keys = docket.luck, docket.chunk.ordinal
    noted = docket.began + luck.below("noted", keys, 4) <= docket.as_of
    has = luck.happens("juvenile", keys, 0.24) & noted & ~docket.bare
    return np.where(has, 1 + luck.pick("which child", keys, JUVENILES), 0)


def riders(docket: Docket) -> tuple[Numbers, Mask, Numbers]:
    """Cases that ride with the case before them; whether the pair is severed, and when."""
    luck, chunk = docket.luck, docket.chunk
    plain = ~chunk.review & ~docket.bare
    both = plain.copy()
    both[1:] &= plain[:-1]
    odd = np.arange(chunk.cases) % 2 == 1
    cases = np.flatnonzero(odd & both & luck.happens("rides", chunk.ordinal, 0.4))
    made = np.maximum(docket.began[cases], docket.began[cases - 1])
    severed = made + 100 + luck.below("severed after", chunk.ordinal[cases], 1000)
    apart = luck.happens("severed", chunk.ordinal[cases], 0.08)
    return cases, apart, np.where(apart, severed, BLANK)


def families(docket: Docket) -> Sheet:
    """tbl_Lead_Rider."""
    luck, chunk, as_of = docket.luck, docket.chunk, docket.as_of
    cases, _, severed = riders(docket)
    made = np.maximum(docket.began[cases], docket.began[cases - 1])
    at = made * 86400 + luck.below("paired at", chunk.ordinal[cases], 86400)
    first = np.flatnonzero(docket.nth == 0)
    over = (severed != BLANK) & (severed <= as_of)
    parted = np.where(over, severed * 86400 + 36_000, BLANK)
    sheet = {
        "idnLeadRider": whole(chunk.ordinal[cases] * FEW + 1),
        "idnLeadCase": whole(docket.idncase[cases - 1]),
        "idnRiderCase": whole(docket.idncase[cases]),
        "datCreatedOn": moment(at),
        "datModifiedOn": moment(np.where(over, parted, at)),
        "datSeveredOn": moment(parted),
        "idnLeadProceedingStart": whole(docket.key[first[cases - 1]]),
        "idnRiderProceedingStart": whole(docket.key[first[cases]]),
        "blnActive": code(np.where(over, 0, 1), ["0", "1"]),
    }
    return chosen(sheet, made <= as_of)


def identifiers(docket: Docket) -> Sheet:
    """A_TblCaseIdentifier."""
    luck, keys = docket.luck, docket.chunk.ordinal
    cases = np.flatnonzero(luck.happens("identifier", keys, 0.2))
    sheet = {
        "IDNCASEID": whole(keys[cases] * FEW + 1),
        "IDNCASE": whole(docket.idncase[cases]),
        "CASE_ID": code(luck.pick("identity", keys[cases], IDENTIFIERS), list(IDENTIFIERS)),
    }
    return chosen(sheet, docket.shown[cases])


def priorities(docket: Docket) -> Sheet:
    """tbl_CasePriorityHistory."""
    luck, keys = docket.luck, docket.chunk.ordinal
    which = people.priorities(docket)
    cases = np.flatnonzero((which > 0) & luck.happens("priority history", keys, 0.45))
    made = docket.began[cases] + luck.below("since", keys[cases], 30)
    at = made * 86400 + luck.below("priority at", keys[cases], 86400)
    sheet = {
        "idnCasePriHistory": whole(keys[cases] * FEW + 1),
        "casePriority_code": code(which[cases], people.PRIORITIES),
        "idnCase": whole(docket.idncase[cases]),
        "DATCREATEDON": moment(at),
        "DATMODIFIEDON": moment(at),
    }
    return chosen(sheet, docket.docketed[cases] & (made <= docket.as_of))


def everybody(docket: Docket) -> dict[str, Sheet]:
    """The tables of this module."""
    return {
        "tbl_EOIR_Attorney": attorneys(docket),
        "tbl_RepsAssigned": representatives(docket),
        "tbl_CustodyHistory": custody(docket),
        "tbl_JuvenileHistory": juveniles(docket),
        "tbl_Lead_Rider": families(docket),
        "A_TblCaseIdentifier": identifiers(docket),
        "tbl_CasePriorityHistory": priorities(docket),
    }
