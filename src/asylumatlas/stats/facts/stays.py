"""Stays: one fact for each stay of a case in a stage of the main track, at the end of days."""

from __future__ import annotations

from collections import Counter

import numpy as np

from asylumatlas import process
from asylumatlas.stats.facts.moments import Columns
from asylumatlas.stats.facts.state import NONE, Array, Part, State, Words


def stays(part: Part, state: State) -> tuple[Columns, Counter[str]]:
    """Return the stays of a part by stage, and how many were left out, by reason.

    Days count from the first event that moves the case: before it nothing says where the person
    stands.

    Args:
        part: the events.
        state: what holds at each.
    """
    rows, leaves = _stays(part)
    left_out: Counter[str] = Counter()
    still = part.first[~np.isin(part.first, part.begin[rows])]
    if len(still):
        left_out["case without an event that moves it, in stays"] = len(still)
    case = part.case[rows]
    begun = part.date[rows[_first_of(case)]] if len(rows) else rows
    into = part.date[rows] - begun
    until = np.where(leaves >= 0, part.date[leaves], part.as_of) if part.rows else rows
    charged = part.first_of_case(part.at("charging_document"))[case]
    day = np.where(charged >= 0, part.date[charged], NO_DATE) if part.rows else rows
    since = (charged >= 0) & ((until > day) | (leaves < 0))
    sound = (into >= 0) & (until >= part.date[rows]) & (~since | (until >= day))
    if not sound.all():
        left_out["stay ends before it starts"] = int((~sound).sum())
    stages = tuple(process.load().stages)
    after = np.where(leaves >= 0, part.stage[leaves], NONE) if part.rows else rows
    order = np.argsort(part.stage[rows][sound], kind="stable")
    columns: Columns = {
        "at": part.last[case],
        "court": Words(_first_known(part, state.court)[case], part.place.words),
        "judge": Words(_first_known(part, state.judge)[case], part.judge.words),
        "place": Words(_first_known(part, state.place)[case], part.place.words),
        "represented": state.represented[part.last[case]],
        "stage": Words(part.stage[rows], stages),
        "next": Words(after, stages),
        "from_entry_in": into,
        "from_entry_out": until - begun,
        "from_charging_in": np.where(since, np.maximum(part.date[rows] - day, 0), NONE),
        "from_charging_out": np.where(since, until - day, NONE),
        "start": begun,
        "charged": day,
        "case_known": ~part.opened_before[case],
    }
    return {name: _take(values, sound, order) for name, values in columns.items()}, left_out


NO_DATE = np.iinfo(np.int32).min
"""Date that stands for null: dates before 1970 are below 0."""


def _take(values: Array | Words, sound: Array, order: Array) -> Array | Words:
    if isinstance(values, Words):
        return Words(values.codes[sound][order], values.words)
    return values[sound][order]


def _stays(part: Part) -> tuple[Array, Array]:
    """Return the row that begins each stay, and the row that begins the next one, -1 for none."""
    moves = np.flatnonzero(part.stage >= 0)
    case, date = part.case[moves], part.date[moves]
    closing = np.ones(len(moves), np.bool_)  # the last move of its day
    closing[:-1] = (case[1:] != case[:-1]) | (date[1:] != date[:-1])
    moves = moves[closing]
    case, stage = part.case[moves], part.stage[moves]
    new = np.ones(len(moves), np.bool_)
    new[1:] = (case[1:] != case[:-1]) | (stage[1:] != stage[:-1])
    rows = moves[new]
    leaves = np.full(len(rows), NONE, np.int64)
    leaves[:-1] = np.where(part.case[rows[1:]] == part.case[rows[:-1]], rows[1:], NONE)
    return rows, leaves


def _first_of(case: Array) -> Array:
    """Return for each row the first row of its case."""
    new = np.ones(len(case), np.bool_)
    new[1:] = case[1:] != case[:-1]
    first: Array = np.maximum.accumulate(np.where(new, np.arange(len(case)), 0))
    return first


def _first_known(part: Part, codes: Array) -> Array:
    """Return each case's first known code, -1 for none, shape (cases,)."""
    rows = part.first_of_case(codes >= 0)
    return np.where(rows >= 0, codes[rows], NONE) if part.rows else rows
