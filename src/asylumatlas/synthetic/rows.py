"""Histories as rows: cases, proceedings and applications; `rows_*.py` have the other tables.

Every row is made whatever the day of the release, so that its key and its facts never change; then
the rows that the release does not have yet are left out, and what is not known yet is blank.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.synthetic import people
from asylumatlas.synthetic.decisions import CASE_TYPES
from asylumatlas.synthetic.docket import HEARINGS, Docket
from asylumatlas.synthetic.wire import BLANK, MONTH, Field, clock, code, day, whole

Numbers = NDArray[Any]
Mask = NDArray[np.bool_]
Sheet = dict[str, Field]
APPLICATIONS, CHARGES, HEARING_ROOM = 64, 64, 80  # numbers set aside for the rows of a case
CUSTODY = ("N", "D", "R")
TIMES = tuple(h * 60 + m for h in (8, 9, 10, 13, 14) for m in (0, 30) if h * 60 + m >= 510)


def chosen(sheet: Mapping[str, Field], rows: Mask) -> Sheet:
    """The rows that a mask selects."""
    if rows.all():
        return dict(sheet)
    return {name: Field(f.kind, f.values[rows], f.words) for name, f in sheet.items()}


def known(values: Numbers, as_of: int) -> Numbers:
    """Days up to `as_of`; `BLANK` for what lies ahead."""
    return np.where(values <= as_of, values, BLANK)


def numbered(ordinal: Numbers) -> Numbers:
    """Number of each row within its case, from 0; rows of a case stand together."""
    size = len(ordinal)
    first = np.append(True, ordinal[1:] != ordinal[:-1])[:size]
    here = np.arange(size)
    return here - np.maximum.accumulate(np.where(first, here, 0)) if size else here


def maybe(docket: Docket, purpose: str, keys: Numbers, share: float, values: Numbers) -> Numbers:
    """The values, each blank with a probability of 1 - `share`."""
    return np.where(docket.luck.happens(purpose, keys, share), values, BLANK)


def cases(docket: Docket) -> Sheet:
    """A_TblCase."""
    chunk, luck, keys, as_of = docket.chunk, docket.luck, docket.chunk.ordinal, docket.as_of
    nationality, language = people.origins(docket)
    city = luck.below("city", keys, len(people.CITIES))
    moved = luck.below("new city", keys, len(people.CITIES))
    moves = luck.happens("moves", keys, 0.3)
    custody, held, free = custody_of(docket)
    last, time, kind = latest_hearing(docket)
    sites = np.zeros(chunk.cases, np.int64)
    open_now = np.flatnonzero(docket.opened <= as_of)
    sites[docket.case[open_now]] = docket.court[open_now]
    counsel = represented_on(docket)
    entry = people.entries(docket)
    birth = docket.filed - 365 * 3 - luck.below("birth", keys, 60 * 365)
    return {
        "IDNCASE": whole(docket.idncase),
        "ALIEN_CITY": code(city, [c[0] for c in people.CITIES]),
        "ALIEN_STATE": code(city, [c[1] for c in people.CITIES]),
        "ALIEN_ZIPCODE": code(city, [c[2] for c in people.CITIES]),
        "UPDATED_CITY": code(np.where(moves, moved, -1), [c[0] for c in people.CITIES]),
        "UPDATED_STATE": code(np.where(moves, moved, -1), [c[1] for c in people.CITIES]),
        "UPDATED_ZIPCODE": code(np.where(moves, moved, -1), [c[2] for c in people.CITIES]),
        "ADDRESS_CHANGEDON": day(known(np.where(moves, docket.began + 90, BLANK), as_of)),
        "NAT": code(nationality, people.NATIONALITIES),
        "LANG": code(language, people.LANGUAGES, width=3),
        "CUSTODY": code(custody, CUSTODY),
        "SITE_TYPE": code(luck.pick("site", keys, (0.41, 0.06, 0.53)), ["M", "I", ""]),
        "E_28_DATE": day(counsel),
        "CASE_TYPE": code(docket.types, CASE_TYPES),
        "UPDATE_SITE": code(sites, chunk.courts),
        "LATEST_HEARING": day(last),
        "LATEST_TIME": clock(time),
        "LATEST_CAL_TYPE": code(kind, ["M", "I"]),
        "DATE_OF_ENTRY": day(entry),
        "C_ASY_TYPE": code(people.asylum_types(docket), people.ASYLUM_TYPES),
        "C_BIRTHDATE": Field(MONTH, maybe(docket, "birth given", keys, 0.53, birth)),
        "ZBOND_MRG_FLAG": code(np.where(luck.happens("merged", keys, 0.02), 0, -1), ["Y"]),
        "Sex": code(people.sexes(docket), ["M", "F"]),
        "DATE_DETAINED": day(held),
        "DATE_RELEASED": day(free),
        "LPR": code(np.where(luck.happens("resident", keys, 0.03), 1, 0), ["0", "1"]),
        "DETENTION_DATE": day(held),
        "DETENTION_LOCATION": code(np.where(custody == 1, sites, -1), people.centres(chunk.courts)),
        "CASEPRIORITY_CODE": code(people.priorities(docket), people.PRIORITIES),
    }


def custody_of(docket: Docket) -> tuple[Numbers, Numbers, Numbers]:
    """(cases,) custody as of the release, index into `CUSTODY`; the last day held, and freed."""
    chunk, as_of = docket.chunk, docket.as_of
    held = np.full(chunk.cases, BLANK, np.int64)
    free = np.full(chunk.cases, BLANK, np.int64)
    for into, event in ((held, "custody_started"), (free, "custody_ended")):
        rows = np.flatnonzero(chunk.are(event) & (chunk.day <= as_of))
        into[chunk.case[rows]] = chunk.day[rows]
    free[free < held] = BLANK
    held[docket.bare] = free[docket.bare] = BLANK
    return np.where(held == BLANK, 0, np.where(free == BLANK, 1, 2)), held, free


def represented_on(docket: Docket) -> Numbers:
    """(cases,) day of the latest notice of appearance before the court."""
    chunk = docket.chunk
    rows = chunk.are("representation_entered") & (chunk.day <= docket.as_of)
    rows[1:] &= ~chunk.are("appeal_filed")[:-1]  # that one is before the Board
    found = np.full(chunk.cases, BLANK, np.int64)
    at = np.flatnonzero(rows)
    found[chunk.case[at]] = chunk.day[at]
    found[docket.bare] = BLANK
    return found


def scheduled_on(docket: Docket, hearings: Numbers) -> Numbers:
    """Day on which each hearing, an event, was put on the calendar: that of the day before it."""
    chunk = docket.chunk
    new = np.append(True, (chunk.day[1:] != chunk.day[:-1]) | (chunk.case[1:] != chunk.case[:-1]))
    here = np.arange(len(chunk.day))
    group = np.maximum.accumulate(np.where(new[: len(here)], here, 0))[hearings]
    before = chunk.day[np.maximum(group - 1, 0)].astype(np.int64)
    return np.maximum(before, docket.opened[docket.of_event[hearings]])


def hearing_key(docket: Docket, hearings: Numbers) -> tuple[Numbers, Numbers]:
    """Each hearing's number within its case, and the key of its draws, IDNSCHEDULE too."""
    ordinal = docket.chunk.ordinal[docket.chunk.case[hearings]]
    number = numbered(ordinal)
    if len(number) and number.max() >= HEARING_ROOM - 8:
        raise ValueError("a case has too many hearings for its numbers")
    return number, ordinal * HEARING_ROOM + number + 1


def calendar_of(docket: Docket, hearings: Numbers) -> Numbers:
    """0 for a master hearing, 1 for an individual one; a postponed one is as the next held."""
    chunk = docket.chunk
    kind = np.where(
        chunk.are("individual_hearing"), 1, np.where(chunk.are("master_hearing"), 0, -1)
    )
    kinds = kind[hearings]
    case = chunk.case[hearings]
    size = len(kinds)
    here = np.arange(size)
    after = np.minimum.accumulate(np.where(kinds >= 0, here, size)[::-1])[::-1]
    after = np.minimum(after, size - 1)
    same_case = (case[after] == case) & (kinds[after] >= 0) if size else kinds >= 0
    return np.where(kinds >= 0, kinds, np.where(same_case, kinds[after], 0))


def latest_hearing(docket: Docket) -> tuple[Numbers, Numbers, Numbers]:
    """(cases,) day, time and kind of the latest hearing put on the calendar."""
    chunk = docket.chunk
    hearings = np.flatnonzero(chunk.are(*HEARINGS))
    shown = docket.docketed[chunk.case[hearings]]
    shown &= scheduled_on(docket, hearings) <= docket.as_of
    found = [np.full(chunk.cases, BLANK, np.int64) for _ in range(2)]
    kind = np.full(chunk.cases, -1, np.int64)
    if len(hearings):
        _, keys = hearing_key(docket, hearings)
        rows = chunk.case[hearings[shown]]
        found[0][rows] = chunk.day[hearings[shown]]
        found[1][rows] = start_times(docket, keys[shown])
        kind[rows] = calendar_of(docket, hearings)[shown]
    return found[0], found[1], kind


def start_times(docket: Docket, keys: Numbers) -> Numbers:
    """Minutes after midnight at which hearings begin."""
    return np.array(TIMES)[docket.luck.below("time of hearing", keys, len(TIMES))]


def proceedings(docket: Docket) -> Sheet:
    """B_TblProceeding."""
    chunk, luck, key, as_of = docket.chunk, docket.luck, docket.key, docket.as_of
    done, codes, after = docket.done, docket.codes, docket.after
    moved = done & (docket.how == 1)
    decided = done & (docket.how == 2)
    came = chunk.are("venue_changed")[docket.begins]
    before = np.arange(docket.size) - 1
    nationality, language = (values[docket.case] for values in people.origins(docket))
    custody, held, free = (values[docket.case] for values in custody_of(docket))
    reserved, due, lapsed = reservations(docket)
    absent = np.where(docket.outcome_is("removal_in_absentia"), 0, 1)
    closed = np.where(done, docket.closed, BLANK)
    base = chunk.courts
    sheet = {
        "IDNPROCEEDING": whole(key),
        "IDNCASE": whole(docket.idncase[docket.case]),
        "OSC_DATE": day(docket.filed[docket.case]),
        "INPUT_DATE": day(docket.opened),
        "BASE_CITY_CODE": code(docket.court, base),
        "HEARING_LOC_CODE": code(docket.court, base),
        "IJ_CODE": code(docket.judge, docket.judges),
        "TRANS_IN_DATE": day(np.where(came, docket.opened, BLANK)),
        "PREV_HEARING_LOC": code(np.where(came, docket.court[before], -1), base),
        "PREV_HEARING_BASE": code(np.where(came, docket.court[before], -1), base),
        "PREV_IJ_CODE": code(np.where(came, docket.judge[before], -1), docket.judges),
        "DEC_TYPE": code(np.where(decided, luck.pick("form", key, (6, 3, 1)), -1), ["O", "W", "6"]),
        "DEC_CODE": code(np.where(done, codes.decision, -1), codes.decision_words),
        "OTHER_COMP": code(np.where(done, codes.other, -1), codes.other_words),
        "APPEAL_RSVD": code(np.where(decided, reserved, -1), ["A", "I", "B"]),
        "APPEAL_NOT_FILED": code(np.where(lapsed & (due <= as_of), 0, -1), ["X"]),
        "COMP_DATE": day(closed),
        "ABSENTIA": code(np.where(decided, absent, -1), ["Y", "N"]),
        "VENUE_CHG_GRANTED": day(np.where(moved, docket.closed, BLANK)),
        "TRANSFER_TO": code(np.where(moved, docket.court[after], -1), base),
        "DATE_APPEAL_DUE_STATUS": day(np.where(decided & (reserved >= 0), due, BLANK)),
        "TRANSFER_STATUS": code(np.where(moved, 0, -1), ["V"]),
        "CUSTODY": code(custody, CUSTODY),
        "CASE_TYPE": code(docket.types[docket.case], CASE_TYPES),
        "NAT": code(nationality, people.NATIONALITIES),
        "LANG": code(language, people.LANGUAGES, width=3),
        "CRIM_IND": code(np.where(luck.happens("criminal", key, 0.05), 0, 1), ["Y", "N"]),
        "AGGRAVATE_FELON": code(np.where(luck.happens("felon", key, 0.01), 1, 0), ["0", "1"]),
        "DATE_DETAINED": day(held),
        "DATE_RELEASED": day(free),
    }
    sheet |= next_hearings(docket)
    return chosen(sheet, docket.docketed[docket.case] & (docket.opened <= as_of))


def next_hearings(docket: Docket) -> Sheet:
    """Day and time of the latest hearing put on the calendar in each proceeding."""
    chunk = docket.chunk
    hearings = np.flatnonzero(chunk.are(*HEARINGS))
    days = np.full(docket.size, BLANK, np.int64)
    times = np.full(docket.size, BLANK, np.int64)
    if len(hearings):
        _, keys = hearing_key(docket, hearings)
        shown = scheduled_on(docket, hearings) <= docket.as_of
        to = docket.of_event[hearings[shown]]
        days[to] = chunk.day[hearings[shown]]
        times[to] = start_times(docket, keys[shown])
    return {"HEARING_DATE": day(days), "HEARING_TIME": clock(times)}


def reservations(docket: Docket) -> tuple[Numbers, Numbers, Mask]:
    """(proceedings,) who reserved appeal (-1 waived), when it is due, and whether it lapses."""
    from asylumatlas.synthetic.decisions import REMOVAL

    luck, key = docket.luck, docket.key
    follows, at_once = docket.ordered
    bound = docket.outcome_is(*REMOVAL) | (docket.outcome_is("withdrawn") & follows)
    loose = luck.pick("reserves", key, (0.12, 0.08, 0.05, 0.75))
    loose = np.where((loose == 3) & docket.appealed, 0, np.where(loose == 3, -1, loose))
    loose = np.where(docket.outcome_is("removal_in_absentia"), -1, loose)
    reserved = np.where(bound, np.where(at_once, -1, luck.pick("party", key, (9, 0, 1))), loose)
    decided = docket.how == 2
    due = np.where(decided, docket.closed + 30, BLANK)
    return reserved, due, decided & (reserved >= 0) & ~docket.appealed


def applications(docket: Docket) -> Sheet:
    """tbl_Court_Appln: what was asked for, once more in every later proceeding of the case."""
    chunk, luck, codes = docket.chunk, docket.luck, docket.codes
    ordinal = chunk.ordinal
    day_filed = docket.applied
    filed = day_filed != BLANK
    also = [luck.happens(word, ordinal, share) & filed for word, share in people.BESIDE_ASYLUM]
    wanted = [filed, *also]
    pieces = []
    ends = np.where(docket.closed == BLANK, np.iinfo(np.int32).max, docket.closed)
    for kind, mask in enumerate(wanted):
        here = mask[docket.case] & (day_filed[docket.case] <= ends)
        rows = np.flatnonzero(here)
        letters = codes.asylum if kind == 0 else codes.withholding
        pieces.append((rows, np.full(len(rows), kind), day_filed[docket.case[rows]], letters[rows]))
    pieces.append(_for_relief(docket))
    pieces.append(_others(docket))
    rows, slot, when, letter = (np.concatenate(column) for column in zip(*pieces, strict=True))
    order = np.lexsort((slot, rows))
    rows, slot, when, letter = rows[order], slot[order], when[order], letter[order]
    case = docket.case[rows]
    number = numbered(ordinal[case])
    sheet = {
        "IDNPROCEEDINGAPPLN": whole(ordinal[case] * APPLICATIONS + number + 1),
        "IDNPROCEEDING": whole(docket.key[rows]),
        "IDNCASE": whole(docket.idncase[case]),
        "APPL_CODE": code(slot, people.APPLICATIONS),
        "APPL_RECD_DATE": day(when),
        "APPL_DEC": code(np.where(docket.done[rows], letter, -1), codes.application_words),
    }
    shown = docket.docketed[case] & (when <= docket.as_of) & (docket.opened[rows] <= docket.as_of)
    return chosen(sheet, shown)


def _for_relief(docket: Docket) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """The application that was granted where relief other than asylum was, or departure."""
    luck, words = docket.luck, people.APPLICATIONS
    relief, leave = docket.outcome_is("other_relief"), docket.outcome_is("voluntary_departure")
    rows = np.flatnonzero(relief | leave)
    picked = luck.pick("relief", docket.key[rows], people.RELIEF) + words.index("42B")
    slot = np.where(leave[rows], words.index("VD"), picked)
    when = np.maximum(docket.opened[rows], docket.closed[rows] - 40)
    granted = docket.codes.application_words.index("G")
    return rows, slot, when, np.full(len(rows), granted)


def _others(docket: Docket) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Applications that nothing in the history depends on."""
    luck, words = docket.luck, people.APPLICATIONS
    rows = np.flatnonzero(luck.happens("another application", docket.key, 0.12))
    rows = rows[~docket.chunk.review[docket.case[rows]]]
    slot = luck.pick("which", docket.key[rows], people.RELIEF) + words.index("42B")
    when = docket.opened[rows] + 20 + luck.below("when", docket.key[rows], 300)
    ends = docket.closed[rows]
    when = np.where(ends == BLANK, when, np.minimum(when, ends))
    letters = np.array([docket.codes.application_words.index(c) for c in "DWMA"])
    letter = letters[luck.below("its decision", docket.key[rows], 4)]
    moved = docket.codes.application_words.index("T")
    return rows, slot, when, np.where(docket.how[rows] == 1, moved, letter)


def charges(docket: Docket) -> Sheet:
    """B_TblProceedCharges: one or two in each proceeding, the same in each of a case."""
    luck, keys = docket.luck, docket.chunk.ordinal
    first = luck.pick("charge", keys, people.CHARGES)
    second = np.where(
        luck.happens("two charges", keys, 0.18), (first + 1) % len(people.CHARGES), -1
    )
    rows = np.repeat(np.flatnonzero(~docket.chunk.review[docket.case]), 2)
    nth = np.tile([0, 1], len(rows) // 2)
    case = docket.case[rows]
    which = np.where(nth == 0, first[case], second[case])
    kept = which >= 0
    rows, which, case = rows[kept], which[kept], case[kept]
    number = numbered(keys[case])
    ident = keys[case] * CHARGES + number + 1
    status = np.where(docket.done[rows] & (docket.how[rows] == 2), 0, -1)
    status = np.where(luck.happens("status", ident, 0.9), status, 1)
    sheet = {
        "IDNPRCDCHG": whole(ident),
        "IDNCASE": whole(docket.idncase[case]),
        "IDNPROCEEDING": whole(docket.key[rows]),
        "CHARGE": code(which, list(people.CHARGES), width=13),
        "CHG_STATUS": code(status, ["S", "O"]),
    }
    return chosen(sheet, docket.docketed[case] & (docket.opened[rows] <= docket.as_of))


def everyone(docket: Docket) -> dict[str, Sheet]:
    """The tables of this module."""
    return {
        "A_TblCase": chosen(cases(docket), docket.shown),
        "B_TblProceeding": proceedings(docket),
        "tbl_Court_Appln": applications(docket),
        "B_TblProceedCharges": charges(docket),
    }
