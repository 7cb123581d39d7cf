"""Histories as rows: hearings, motions and bond proceedings."""

from __future__ import annotations

import numpy as np

from asylumatlas import process
from asylumatlas.synthetic.docket import HEARINGS, Docket
from asylumatlas.synthetic.people import LANGUAGES, attorneys, origins
from asylumatlas.synthetic.rows import (
    HEARING_ROOM,
    Mask,
    Numbers,
    Sheet,
    calendar_of,
    chosen,
    hearing_key,
    known,
    numbered,
    scheduled_on,
    start_times,
)
from asylumatlas.synthetic.wire import BLANK, MONEY, Field, clock, code, day, same, whole

MOTIONS, BONDS = 32, 16
BOND_LETTERS = ["G", "D", "N", "O"]
# ADJ_RSN by what came of the hearing, with weights: every one reads back as it was written
REASONS: dict[str, dict[str, float]] = {
    "master_hearing.continued": {
        "01": 24, "02": 12, "05": 6, "06": 3, "12": 10, "13": 4, "AS": 8, "03": 4, "07": 4,
        "30": 2, "54": 1, "7A": 2, "AB": 2, "OT": 2, "PD": 2, "RR": 1,
    },
    "individual_hearing.continued": {
        "13": 10, "02": 12, "12": 12, "21": 6, "24": 5, "03": 4, "36": 3, "38": 2, "5B": 2,
    },
    "master_hearing.set_for_individual": {"17": 1},
    "master_hearing.closed": {"8B": 1},
    "master_hearing.absent": {"8B": 1},
    "individual_hearing.absent": {"8B": 1},
    "hearing_postponed": {
        "34": 14, "41": 8, "14": 8, "25": 4, "32": 4, "33": 4, "35": 3, "18": 5, "19": 5, "3A": 1,
        "3B": 1, "46": 2, "48": 1, "4A": 1, "4B": 1, "4F": 1, "50": 1, "55": 6, "59": 6, "5A": 2,
        "64": 6, "74": 12, "9A": 10, "9B": 3, "9C": 4, "9V": 6, "10": 3, "TQ": 1, "99": 4, "22": 3,
    },
}  # fmt: skip
DECIDED, RESERVED = {"8B": 1.0}, {"RR": 0.7, "DD": 0.2, "RD": 0.1}
MEDIA = {"P": 51, "H": 15, "V": 10, "A": 4, "C": 3, "p": 1.4, "T": 1, "": 14}
REOPENING = ["O", "MA", "MC", "FD"]
KINDS_OF_MOTION = {
    "CO": 22, "CV": 14, "EH": 6, "SC": 6, "PM": 8, "TA": 9, "AC": 5, "C": 4, "CS": 4, "CT": 1,
    "MU": 5, "OT": 8, "SP": 1, "IM": 3, "FW": 2, "MD": 2,
}  # fmt: skip
MOTION_DECISIONS = {"G": 60, "D": 22, "M": 8, "O": 6, "W": 4}


def reasons(docket: Docket, hearings: Numbers, keys: Numbers) -> tuple[Numbers, list[str]]:
    """ADJ_RSN of each hearing, an index into words; -1 where none is recorded."""
    chunk, luck = docket.chunk, docket.luck
    tables = dict(REASONS)
    words = sorted({w for t in (*tables.values(), DECIDED, RESERVED) for w in t} | {"8A"})
    found = np.full(len(hearings), -1, np.int64)

    def put(rows: Mask, weights: dict[str, float]) -> None:
        letters = np.array([words.index(w) for w in weights])
        found[rows] = letters[luck.pick("reason", keys[rows], weights)]

    for pattern, weights in tables.items():
        put(chunk.are(pattern)[hearings], weights)
    held = chunk.are("individual_hearing.decided")[hearings]
    here = docket.closed[docket.of_event[hearings]] == chunk.day[hearings]
    put(held & here, DECIDED)
    put(held & ~here, RESERVED)
    return found, words


def schedule(docket: Docket) -> Sheet:
    """tbl_schedule."""
    chunk, as_of = docket.chunk, docket.as_of
    hearings = np.flatnonzero(chunk.are(*HEARINGS))
    _, key = hearing_key(docket, hearings)
    reason, words = reasons(docket, hearings, key)
    spare, spare_key, spare_on, spare_day = _called_off(docket)
    to = np.concatenate([docket.of_event[hearings], spare])
    key = np.concatenate([key, spare_key])
    on = np.concatenate([scheduled_on(docket, hearings), spare_on])
    when = np.concatenate([chunk.day[hearings].astype(np.int64), spare_day])
    court = np.concatenate([chunk.place[hearings].astype(np.int64), docket.court[spare]])
    calendar = np.concatenate([calendar_of(docket, hearings), np.ones(len(spare), np.int64)])
    told = np.concatenate([chunk.day[hearings] <= as_of, docket.done[spare]])
    reason = np.concatenate([reason, np.full(len(spare), words.index("8A"))])
    order = np.argsort(key, kind="stable")
    to, key, on, when = to[order], key[order], on[order], when[order]
    court, calendar, told, reason = court[order], calendar[order], told[order], reason[order]
    sheet = _hearing_columns(docket, to, key, on, when, court, calendar, told)
    sheet["ADJ_RSN"] = code(np.where(told, reason, -1), words)
    return chosen(sheet, docket.docketed[docket.case[to]] & (on <= as_of))


def _called_off(docket: Docket) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Hearings that stood on the calendar when the case was decided: proceeding, key, days."""
    luck, key = docket.luck, docket.key
    ends = (docket.how == 2) & ~docket.chunk.review[docket.case] & (docket.nth < 7)
    rows = np.flatnonzero(ends & luck.happens("called off", key, 0.2))
    number = HEARING_ROOM - 7 + docket.nth[rows]
    keys = docket.chunk.ordinal[docket.case[rows]] * HEARING_ROOM + number
    when = docket.closed[rows] + 10 + luck.below("days ahead", keys, 300)
    return rows, keys, docket.opened[rows].astype(np.int64), when.astype(np.int64)


def _hearing_columns(
    docket: Docket,
    to: Numbers,
    key: Numbers,
    on: Numbers,
    when: Numbers,
    court: Numbers,
    calendar: Numbers,
    told: Mask,
) -> Sheet:
    """The columns of a hearing that do not depend on what came of it."""
    luck, rows = docket.luck, len(key)
    case = docket.case[to]
    _, language = origins(docket)
    start = start_times(docket, key)
    lasts = np.where(calendar == 1, 120, 15 + 15 * luck.below("lasts", key, 4))
    judge = judge_of_hearing(docket, to, key, court)
    updated = np.where(told, np.maximum(on, np.minimum(when, docket.as_of)), on)
    medium = luck.pick("medium", key, MEDIA)
    people, guids = attorneys(docket)
    nth = docket.nth[to]
    begins = np.append(True, to[1:] != to[:-1])[:rows]
    here = np.arange(rows)
    within = here - np.maximum.accumulate(np.where(begins, here, 0)) if rows else here
    return {
        "IDNSCHEDULE": whole(key),
        "IDNPROCEEDING": whole(docket.key[to]),
        "IDNCASE": whole(docket.idncase[case]),
        "OSC_DATE": day(docket.filed[case]),
        "GENERATION": whole(99 - nth),
        "SUB_GENERATION": whole(99 - np.minimum(within, 99)),
        "REC_TYPE": code(luck.pick("record", key, (93, 4, 2.9, 0.1)), ["X", "B", "A", "O"]),
        "LANG": code(language[case], LANGUAGES, width=3),
        "HEARING_LOC_CODE": code(court, docket.chunk.courts),
        "BASE_CITY_CODE": code(court, docket.chunk.courts),
        "IJ_CODE": code(judge, docket.judges),
        "INTERPRETER_CODE": code(luck.pick("interpreter", key, (3, 2, 1, 14)), ["C", "S", "T", ""]),
        "INPUT_DATE": day(on),
        "INPUT_TIME": clock(480 + luck.below("input", key, 540)),
        "UPDATE_DATE": day(updated),
        "UPDATE_TIME": clock(480 + luck.below("update", key, 540)),
        "ASSIGNMENT_PATH": code(luck.pick("path", key, (12, 2, 86)), ["W", "A", ""]),
        "CAL_TYPE": code(calendar, ["M", "I"]),
        "ADJ_DATE": day(when),
        "ADJ_TIME_START": clock(start),
        "ADJ_TIME_STOP": clock(np.where(told, start + lasts, BLANK)),
        "ADJ_MEDIUM": code(np.where(told, medium, -1), list(MEDIA)),
        "ADJ_ELAP_DAYS": whole(np.minimum(when - on, 9999)),
        "LNGSESSNID": whole(1 + (key >> 3)),
        "SCHEDULE_TYPE": code(_schedule_type(calendar, nth, within), ["MM", "MR", "II", "IR"]),
        "NOTICE_CODE": code(luck.pick("notice", key, (5, 3, 2)), ["N3", "P2", ""]),
        "BLNCLOCKOVERRIDE": code(luck.pick("override", key, (998, 2)), ["0", "1"]),
        "EOIRAttorneyID": code(people[case], guids),
    }


def judge_of_hearing(docket: Docket, to: Numbers, key: Numbers, court: Numbers) -> Numbers:
    """Index of the judge who hears: mostly that of the proceeding."""
    other = docket.a_judge("another judge", key, court)
    return np.where(docket.luck.happens("stands in", key, 0.15), other, docket.judge[to])


def _schedule_type(calendar: Numbers, nth: Numbers, within: Numbers) -> Numbers:
    """Index into MM, MR, II, IR."""
    again = ((nth > 0) | (within > 0)).astype(np.int64)
    return calendar * 2 + again


def motions(docket: Docket) -> Sheet:
    """tbl_Court_Motions: those of the history, and a few that nothing depends on."""
    chunk, as_of = docket.chunk, docket.as_of
    filed = np.flatnonzero(chunk.are("motion_filed"))
    decided = following(docket, filed, "motion_decided")
    outcome = np.where(decided >= 0, chunk.outcome[decided], -1)
    letters = np.full(len(filed), 2)
    for name, at in (("granted", 0), ("denied", 1), ("not_recorded", 3)):
        letters[outcome == process.outcome_codes().index(name)] = at
    ends = np.where(decided >= 0, chunk.day[decided], BLANK).astype(np.int64)
    kind = kinds_of_motion(docket, filed)
    rows, on, stop, other, letter = _other_motions(docket)
    to = np.concatenate([docket.of_event[filed], rows])
    when = np.concatenate([chunk.day[filed].astype(np.int64), on])
    ends = np.concatenate([ends, stop])
    kind = np.concatenate([kind, other + len(REOPENING)])
    letters = np.concatenate([letters, letter])
    case = docket.case[to]
    order = np.lexsort((np.arange(len(to)), to))
    number = np.zeros(len(to), np.int64)
    number[order] = numbered(case[order])
    ident = chunk.ordinal[case] * MOTIONS + number + 1
    sheet = _motion_columns(docket, to, ident, when, known(ends, as_of))
    sheet["REC_TYPE"] = code(kind, [*REOPENING, *KINDS_OF_MOTION])
    sheet["DEC"] = code(np.where(ends <= as_of, letters, -1), list(MOTION_DECISIONS))
    sheet = {n: Field(f.kind, f.values[order], f.words) for n, f in sheet.items()}
    return chosen(sheet, (docket.docketed[case] & (when <= as_of))[order])


def kinds_of_motion(docket: Docket, filed: Numbers) -> Numbers:
    """Index into `REOPENING` of each motion of the histories; `filed` are their events."""
    to = docket.of_event[filed]
    picked = docket.luck.pick("motion", docket.key[to] * MOTIONS, (6, 0, 2, 1))
    return np.where(docket.outcome_is("removal_in_absentia")[to], 1, picked)


def following(docket: Docket, rows: Numbers, event: str) -> Numbers:
    """The next such event of the same case after each event given, -1 without one."""
    chunk = docket.chunk
    at = np.flatnonzero(chunk.are(event))
    if not len(at):
        return np.full(len(rows), -1, np.int64)
    found = np.searchsorted(at, rows, side="right")
    after = at[np.minimum(found, len(at) - 1)]
    good = (found < len(at)) & (chunk.case[after] == chunk.case[rows])
    return np.where(good, after, -1)


def _other_motions(docket: Docket) -> tuple[Numbers, Numbers, Numbers, Numbers, Numbers]:
    """Proceeding, day filed, day decided, kind and decision of motions that move nothing."""
    luck = docket.luck
    rows = np.repeat(np.flatnonzero(~docket.chunk.review[docket.case]), 2)
    key = docket.key[rows] * MOTIONS + np.tile([1, 2], len(rows) // 2)
    kept = luck.happens("other motion", key, 0.25)
    rows, key = rows[kept], key[kept]
    end = docket.closed[rows]
    end = np.where(end == BLANK, docket.opened[rows] + 900, end)
    span = np.maximum(end - docket.opened[rows], 1)
    on = docket.opened[rows] + luck.below("filed", key, span)
    stop = on + 1 + luck.below("takes", key, 40)
    kind, letter = luck.pick("kind", key, KINDS_OF_MOTION), luck.pick("dec", key, MOTION_DECISIONS)
    return rows, on, stop, kind.astype(np.int64), letter.astype(np.int64)


def _motion_columns(
    docket: Docket, to: Numbers, key: Numbers, when: Numbers, ends: Numbers
) -> Sheet:
    """The columns of a motion that do not depend on its kind."""
    luck, rows = docket.luck, len(to)
    case = docket.case[to]
    own = luck.happens("by the person", key, 0.8)
    return {
        "IDNMOTION": whole(key),
        "IDNPROCEEDING": whole(docket.key[to]),
        "IDNCASE": whole(docket.idncase[case]),
        "OSC_DATE": day(docket.filed[case]),
        "GENERATION": whole(99 - docket.nth[to]),
        "SUB_GENERATION": whole(np.full(rows, 99)),
        "UPDATE_DATE": day(np.where(ends == BLANK, when, ends)),
        "UPDATE_TIME": clock(480 + luck.below("motion updated", key, 540)),
        "INPUT_DATE": day(when),
        "INPUT_TIME": clock(480 + luck.below("motion input", key, 540)),
        "BASE_CITY_CODE": code(docket.court[to], docket.chunk.courts),
        "HEARING_LOC_CODE": code(docket.court[to], docket.chunk.courts),
        "IJ_CODE": code(docket.judge[to], docket.judges),
        "COMP_DATE": day(ends),
        "MOTION_RECD_DATE": day(when),
        "DATMOTIONDUE": day(when + 10),
        "RESP_DUE_DATE": day(when + 10),
        "STRFILINGPARTY": code(np.where(own, 0, 1), ["A", "I"]),
        "STRFILINGMETHOD": code(np.where(luck.happens("orally", key, 0.1), 0, 1), ["O", "W"]),
        "BLNDELETED_Remove": same(rows, "0"),
    }


def bond_key(docket: Docket, rows: Numbers) -> Numbers:
    """IDNASSOCBOND of bond hearings, given as events."""
    case = docket.chunk.case[rows]
    return docket.chunk.ordinal[case] * BONDS + numbered(case) + 1


def bond_decisions(docket: Docket, rows: Numbers, key: Numbers) -> Numbers:
    """Index into `BOND_LETTERS` of what came of each bond hearing."""
    granted = docket.chunk.are("bond_hearing.granted")[rows]
    denied = docket.chunk.are("bond_hearing.denied")[rows]
    refused = np.where(docket.luck.happens("no change", key, 0.5), 1, 2)
    return np.where(granted, 0, np.where(denied, refused, 3))


def bonds(docket: Docket) -> Sheet:
    """D_TblAssociatedBond."""
    chunk, luck, as_of = docket.chunk, docket.luck, docket.as_of
    rows = np.flatnonzero(chunk.are("bond_hearing"))
    to, case = docket.of_event[rows], chunk.case[rows]
    key = bond_key(docket, rows)
    when = chunk.day[rows].astype(np.int64)
    asked = np.maximum(when - 3 - luck.below("asked", key, 12), docket.opened[to])
    asked = np.minimum(asked, when)
    letter = bond_decisions(docket, rows, key)
    done = when <= as_of
    amount = np.array([1500, 2500, 5000, 7500, 10000, 15000])[luck.below("amount", key, 6)]
    first = np.where(luck.happens("set first", key, 0.34), 10_000, BLANK)
    sheet: Sheet = {
        "IDNASSOCBOND": whole(key),
        "IDNPROCEEDING": whole(docket.key[to]),
        "IDNCASE": whole(docket.idncase[case]),
        "OSC_DATE": day(docket.filed[case]),
        "REC_TYPE": same(len(rows), "B"),
        "GENERATION": whole(np.full(len(rows), 99)),
        "SUB_GENERATION": whole(np.full(len(rows), 99)),
        "UPDATE_DATE": day(np.where(done, when, asked)),
        "UPDATE_TIME": clock(480 + luck.below("bond updated", key, 540)),
        "INPUT_DATE": day(asked),
        "INPUT_TIME": clock(480 + luck.below("bond input", key, 540)),
        "BASE_CITY_CODE": code(chunk.place[rows], chunk.courts),
        "BASE_CITY_NAME": code(chunk.place[rows], [f"COURT {c}" for c in chunk.courts]),
        "HEARING_LOC_CODE": code(chunk.place[rows], chunk.courts),
        "IJ_CODE": code(docket.judge[to], docket.judges),
        "DEC": code(np.where(done, letter, -1), BOND_LETTERS),
        "COMP_DATE": day(known(when, as_of)),
        "INITIAL_BOND": _money(first),
        "NEW_BOND": _money(np.where(done & (letter == 0), amount, BLANK)),
        "BOND_HEAR_REQ_DATE": day(asked),
        "DATE_APPEAL_DUE": day(np.where(done, when + 30, BLANK)),
        "BOND_TYPE": same(len(rows), "BB"),
        "FILING_PARTY": same(len(rows), "A"),
    }
    return chosen(sheet, docket.docketed[case] & (asked <= as_of))


def _money(values: Numbers) -> Field:
    return Field(MONEY, values)


def court(docket: Docket) -> dict[str, Sheet]:
    """The tables of this module."""
    return {
        "tbl_schedule": schedule(docket),
        "tbl_Court_Motions": motions(docket),
        "D_TblAssociatedBond": bonds(docket),
    }
