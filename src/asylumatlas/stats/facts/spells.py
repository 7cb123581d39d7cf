"""Spells: one fact for each span of time, with its start, its end and how it ended."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from asylumatlas import process
from asylumatlas.stats.facts.columns import SPELL_NAMES
from asylumatlas.stats.facts.moments import Columns
from asylumatlas.stats.facts.state import NONE, Array, Part, State, Words

_CLOSED, _ACTIVE, _INACTIVE = 0, 1, 2


@dataclass(frozen=True)
class _Spans:
    """Spells of one name, by case and then by start; shape (spells,) each.

    Attributes:
        start: row of the event that began it.
        end: row of the event that ended it, -1 while open.
        by_name: whether the ending event is told by its name even where it has an outcome; never
            where left out.
    """

    start: Array
    end: Array
    by_name: Array | None = None

    def told_by_name(self) -> Array:
        """Return ``by_name`` for each spell."""
        return np.zeros(len(self.start), np.bool_) if self.by_name is None else self.by_name


def spells(part: Part, state: State) -> tuple[Columns, Counter[str]]:
    """Return the spells of a part, and how many were left out for ending before they start.

    Args:
        part: the events.
        state: what holds at each.
    """
    spans = _all_spans(part)
    assert tuple(spans) == SPELL_NAMES
    name = np.repeat(
        np.arange(len(spans), dtype=np.int8), [len(span.start) for span in spans.values()]
    )
    start = np.concatenate([span.start for span in spans.values()])
    end = np.concatenate([span.end for span in spans.values()])
    by_name = np.concatenate([span.told_by_name() for span in spans.values()])
    closed = end >= 0
    begun = part.date[start]
    until = np.where(closed, part.date[end], part.as_of) if part.rows else begun
    sound = until >= begun
    left_out: Counter[str] = Counter()
    for code, count in enumerate(np.bincount(name[~sound], minlength=len(spans))):
        if count:
            left_out[f"{SPELL_NAMES[code]} ends before it starts"] = int(count)
    name, start, end, closed = name[sound], start[sound], end[sound], closed[sound]
    at = np.where(closed, end, part.last[part.case[start]])
    on_appeal = name == SPELL_NAMES.index("appeal")
    columns: Columns = {
        "at": at,
        "court": Words(state.court[at], part.place.words),
        "judge": Words(state.judge[at], part.judge.words),
        "place": Words(state.place[at], part.place.words),
        "represented": np.where(on_appeal, state.represented_on_appeal[at], state.represented[at]),
        "spell": Words(name, SPELL_NAMES),
        "start": begun[sound],
        "end": np.where(closed, until[sound], _OPEN),
        "days": (until - begun)[sound],
        "ended": _endings(part, np.where(closed, end, NONE), by_name[sound]),
        "nth": _numbers(name, part.case[start]),
        "known_start": part.event[start] != process.event_codes().index("stock_case"),
    }
    return columns, left_out


_OPEN = np.iinfo(np.int32).min
"""Date that stands for null: dates before 1970 are below 0."""


def _numbers(name: Array, case: Array) -> Array:
    """Return each spell's number among those of its name in its case, from 1."""
    new = np.ones(len(name), np.bool_)
    new[1:] = (name[1:] != name[:-1]) | (case[1:] != case[:-1])
    row = np.arange(len(name))
    return np.minimum(row - np.maximum.accumulate(np.where(new, row, 0)) + 1, 32_767)


def _endings(part: Part, end: Array, by_name: Array) -> Words:
    """Return the word of each ending: the outcome, or the event where there is none."""
    outcomes, events = process.outcome_codes(), process.event_codes()
    outcome, event = part.outcome[end], part.event[end] + len(outcomes)
    codes = np.where((outcome >= 0) & ~by_name, outcome, event)
    return Words(np.where(end >= 0, codes, NONE), (*outcomes, *events))


def _all_spans(part: Part) -> dict[str, _Spans]:
    decided = part.at("court_decision")
    final = decided & ~part.at("court_decision", outcome="administratively_closed")
    hearing = part.at("master_hearing", "individual_hearing")
    out = _ways_out(part)
    return {
        **_court(part, decided),
        "to_completion": _from_charging(part, decided, out),
        "to_decision": _from_charging(part, final, out),
        "to_first_hearing": _to_hearing(part, hearing, decided, out),
        "to_individual_hearing": _to_hearing(part, part.at("individual_hearing"), decided, out),
        "application_to_decision": _application(part, final | out),
        "custody": _open_close(part, part.at("custody_started"), part.at("custody_ended")),
        "appeal": _open_close(
            part,
            part.at("appeal_filed") | part.at("stock_case", outcome="appeal"),
            part.at("appeal_decided"),
        ),
        "waiting_list": _in_stage(part, "waiting_list", "list_joined"),
        "affirmative": _in_stage(part, "affirmative", "affirmative_filed", "affirmative_interview"),
        "fear_screening": _open_close(
            part,
            part.at("fear_claimed"),
            part.at("fear_interview") | _leads_out_of(part, "screening"),
        ),
        "fear_review": _open_close(
            part, part.at("judge_review_requested"), part.at("judge_review")
        ),
        "mexico_asylum": _open_close(
            part,
            part.at("mexico_asylum_requested") | part.at("stock_case", outcome="mexico_asylum"),
            part.at("mexico_asylum_decided"),
        ),
        "unresolved": _unresolved(part),
    }


def _leads_out_of(part: Part, stage: str) -> Array:
    """Return where a main-track event leads to another stage."""
    code = tuple(process.load().stages).index(stage)
    leads: Array = (part.stage >= 0) & (part.stage != code)
    return leads


def _in_stage(part: Part, stage: str, opener: str, closer: str = "") -> _Spans:
    """Return the spells from an event, or from the log's beginning, until the stage is left."""
    opens = part.at(opener) | part.at("stock_case", outcome=stage)
    closes = _leads_out_of(part, stage)
    return _open_close(part, opens, closes | part.at(closer) if closer else closes)


def _open_close(part: Part, opens: Array, closes: Array) -> _Spans:
    """Return the spells that one event opens, while none is open, and the next other one closes."""
    rows = np.flatnonzero(opens | closes)
    return _runs(part, rows, np.where(opens[rows], _ACTIVE, _CLOSED), _ACTIVE)


def _runs(
    part: Part, rows: Array, state: Array, wanted: int, broken: Array | None = None
) -> _Spans:
    """Return the runs of rows of one case in one state, and the row at which each is left.

    Args:
        part: the events.
        rows: rows after which the state is known.
        state: the state after each.
        wanted: the state that is looked for.
        broken: where a run ends and another begins although the state is the same.
    """
    inside = state == wanted
    same_case = np.zeros(len(rows), np.bool_)
    same_case[1:] = part.case[rows[1:]] == part.case[rows[:-1]]
    stays = np.zeros(len(rows), np.bool_)
    stays[1:] = same_case[1:] & inside[:-1]  # in the state until this row
    begins = inside & (~stays if broken is None else ~stays | broken)
    turns = np.flatnonzero(begins | (stays & ~inside))
    begins = begins[turns]
    following = np.append(turns[1:], 0)
    ends = np.zeros(len(turns), np.bool_)
    ends[:-1] = part.case[rows[turns[1:]]] == part.case[rows[turns[:-1]]]
    end = np.where(ends, rows[following] if len(rows) else 0, NONE)
    return _Spans(rows[turns][begins], end[begins])


def _court(part: Part, decided: Array) -> dict[str, _Spans]:
    """Return the spells before a judge, on the calendar and administratively closed.

    An administratively closed case is before the court too, so that a further charging document
    does not put it back on the calendar.
    """
    charged = part.at("charging_document")
    put_off = part.at("court_decision", outcome="administratively_closed")
    opens = _returns(part)
    closes = (decided & ~put_off) | _leads_out_of(part, "court")
    after = np.where(put_off, _INACTIVE, np.where(opens, _ACTIVE, _CLOSED))
    known = put_off | opens | closes
    before = part.latest(known)
    kept = charged & (before >= 0) & (after[before] == _INACTIVE)
    after = np.where(charged, np.where(kept, _INACTIVE, _ACTIVE), after)
    rows = np.flatnonzero(known | charged)
    return {
        "court_active": _runs(part, rows, after[rows], _ACTIVE),
        "court_inactive": _runs(part, rows, after[rows], _INACTIVE, put_off[rows]),
    }


def _returns(part: Part) -> Array:
    """Return where a case comes back to the court, or is there when the log begins."""
    returns = part.at("case_reopened", "case_recalendared")
    returns |= part.at("appeal_decided", outcome="remanded")
    returns |= part.at("stock_case", outcome="court")
    return returns


def _from_charging(part: Part, end: Array, out: Array) -> _Spans:
    """Return the spans from a case's first charging document to its first event of a kind.

    A case that leaves the court in another way before that ends there: it waits no longer.
    """
    charged = part.first_of_case(part.at("charging_document"))
    cases = charged >= 0
    start = charged[cases]
    return _Spans(start, _earlier(part.first_of_case(end)[cases], _next(part, start, out)))


def _to_hearing(part: Part, hearing: Array, decided: Array, out: Array) -> _Spans:
    """Return the spans to a first hearing, or to the decision if that comes before any.

    The hearing is told by its name: some of its outcomes are words of decisions too.
    """
    spans = _from_charging(part, hearing | decided, out)
    return _Spans(spans.start, spans.end, (spans.end >= 0) & hearing[spans.end])


def _application(part: Part, settles: Array) -> _Spans:
    """Return the spans during which each case's first application waits for its decision.

    An application filed when the case is already settled waits for nothing until the case comes
    back to the court, if it ever does.

    Args:
        part: the events.
        settles: where a case is decided or leaves the court in another way.
    """
    applied = part.first_of_case(part.at("asylum_application_filed"))
    filed = applied[applied >= 0]
    returns = _returns(part) | part.at("charging_document")
    turns = np.flatnonzero(settles | returns)
    latest = np.append(turns, NONE)[np.searchsorted(turns, filed) - 1]
    settled = (latest >= part.first[part.case[filed]]) & ~returns[latest]
    start = np.where(settled, _next(part, filed, returns), filed)
    start = start[start >= 0]
    return _Spans(start, _next(part, start, settles))


def _ways_out(part: Part) -> Array:
    """Return where a case leaves the court, for good or for appeal."""
    stages = process.load().stages
    out = np.array([s.kind == "final" or s.name in ("appeal", "removal") for s in stages.values()])
    ways: Array = (part.stage >= 0) & out[part.stage]
    return ways


def _next(part: Part, start: Array, where: Array) -> Array:
    """Return the next row of the same case where this holds, -1 for none."""
    rows = np.append(np.flatnonzero(where), part.rows)
    found = rows[np.searchsorted(rows, start, side="right")]
    inside = found <= part.last[part.case[start]]
    following: Array = np.where(inside, found, NONE)
    return following


def _earlier(one: Array, other: Array) -> Array:
    """Return the earlier of two rows, -1 standing for never."""
    first: Array = np.where((one >= 0) & ((other < 0) | (one < other)), one, other)
    return first


def _unresolved(part: Part) -> _Spans:
    """Return for each case the span to the first of the final stages in which it stays for good."""
    final = np.array([stage.kind == "final" for stage in process.load().stages.values()])
    rows = np.flatnonzero(part.stage >= 0)
    over = final[part.stage[rows]]
    case = part.case[rows]
    end = np.full(len(part.first), NONE, np.int64)
    if len(rows):
        # the row after the case's last one that is not over, or its first
        turning = over.copy()
        turning[1:] &= ~over[:-1] | (case[1:] != case[:-1])
        end[case[turning]] = rows[turning]  # the last turn of each case is written last
        ends = np.append(case[1:] != case[:-1], True)
        end[case[ends][~over[ends]]] = NONE
    return _Spans(part.first.astype(np.int64), end)
