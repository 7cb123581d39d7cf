"""One shard from its spooled rows to its part of the log."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import process
from asylumatlas.events import CodedEvents, write_part
from asylumatlas.records.link.beside import Beside
from asylumatlas.records.link.cases import Attributes, attributes, coded_cases, reviews
from asylumatlas.records.link.order import note_order
from asylumatlas.records.link.proceedings import in_order, main_track
from asylumatlas.records.link.shard import Chronicle, Table, Tally, placed
from asylumatlas.records.link.sources import SOURCES
from asylumatlas.records.link.spool import Spool
from asylumatlas.records.link.verdicts import Refusals, refusals

Array = NDArray[Any]

DERIVED, COURT, BOARD = "derived", "court", "board"
"""Details that no record gives word for word."""

_REPLAYING = threading.Lock()  # the process's machine learns its states as it goes


@dataclass(frozen=True)
class Written:
    """One shard of the log.

    Attributes:
        part: what `seal` needs.
        tally: what was counted.
        events: number of events by event and outcome code + 1, shape (events, outcomes + 1).
        with_events: how many cases have any.
    """

    part: dict[str, Any]
    tally: Tally
    events: Array
    with_events: int


def add_fixed_words(spool: Spool) -> None:
    """Give the details of our own their codes, before any shard is written."""
    for word in (DERIVED, COURT, BOARD):
        spool.words["detail"].code(word)


def write_shard(spool: Spool, shard: int, log: Path, last: int) -> tuple[Written, Refusals]:
    """Write one shard's part of the log, and return what is in it and what replay refuses.

    Args:
        spool: the rows.
        shard: which, from 0.
        log: the log's folder.
        last: the day of the release, in days since 1970-01-01.
    """
    tally = Tally()
    cases = spool.cases_of(shard)
    tables = {s.table: placed(s.table, spool.load(s, shard), cases, tally) for s in SOURCES}
    known = attributes(tables["A_TblCase"], len(cases))
    proceedings = in_order(tables["B_TblProceeding"])
    review = reviews(known, proceedings, spool.words["case_type"])
    note_order(cases, known, proceedings, tables, last, tally)
    chronicle = Chronicle(last, tally)
    charging = _events(chronicle, spool, tables, proceedings, review)
    coded = coded_cases(
        cases,
        known,
        tables["tbl_Lead_Rider"],
        tables["tbl_JuvenileHistory"],
        charging,
        spool.words,
        spool.cases,
        tally,
    )
    _note_cases(cases, known, proceedings, review, tally)
    rows = chronicle.sorted()
    del tables, chronicle
    events = _coded_events(cases, rows, spool)
    part = write_part(log, shard, coded, events, spool.words["place"].words, replications=[0])
    with _REPLAYING:
        refused = refusals(cases, rows)
    width = len(process.outcome_codes()) + 1
    pairs = rows["event"].astype(np.int64) * width + rows["outcome"] + 1
    counts = np.bincount(pairs, minlength=len(process.event_codes()) * width)
    with_events = len(np.unique(rows["at"]))
    return Written(part, tally, counts.reshape(-1, width), with_events), refused


def _events(
    chronicle: Chronicle, spool: Spool, tables: dict[str, Table], proceedings: Table, review: Array
) -> Array:
    """Add all events of a shard, and return the day of each case's charging document."""
    details = {word: spool.words["detail"].code(word) for word in (DERIVED, COURT, BOARD)}
    applications, appeals = tables["tbl_Court_Appln"], tables["tblAppeal"]
    decisions = main_track(chronicle, proceedings, applications, appeals, review, details[DERIVED])
    beside = Beside(chronicle, review, decisions, details)
    beside.hearings(tables["tbl_schedule"])
    beside.applications(applications, proceedings)
    beside.representation(tables["tbl_RepsAssigned"])
    beside.custody(tables["tbl_CustodyHistory"])
    beside.bonds(tables["D_TblAssociatedBond"])
    beside.motions(tables["tbl_Court_Motions"])
    beside.appeals(appeals)
    beside.petitions(tables["tblAppealFedCourts"])
    return decisions.charging


def _note_cases(
    cases: Array, known: Attributes, proceedings: Table, review: Array, tally: Tally
) -> None:
    """Count what is worth knowing of the cases themselves."""
    tally.note("cases met only in proceedings", cases[~known.recorded])
    without = np.ones(len(cases), np.bool_)
    without[proceedings.at] = False
    tally.note("cases without a proceeding", cases[without])
    tally.found["reviews of a fear finding"] += int(review.sum())


def _coded_events(cases: Array, rows: dict[str, Array], spool: Spool) -> CodedEvents:
    """Return sorted events as the log wants them."""
    return CodedEvents(
        replication=np.zeros(len(rows["at"]), np.int16),
        case_id=cases[rows["at"]].astype(np.int64),
        seq=rows["seq"],
        date=rows["date"],
        event=rows["event"],
        outcome=rows["outcome"],
        place=rows["place"],
        time=rows["time"],
        resource=(rows["resource"], spool.words["judge"].words),
        detail=(rows["detail"], spool.words["detail"].words),
    )
