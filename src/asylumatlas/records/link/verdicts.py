"""Which histories `asylumatlas.process` refuses, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import process
from asylumatlas.events.parts import first_rows
from asylumatlas.process import Verdict
from asylumatlas.records.link.reading import Words

Array = NDArray[Any]


@dataclass(frozen=True)
class Refusals:
    """Refused histories, one row each, sorted by case.

    Attributes:
        case_id: the case.
        reason: why: position in ``reasons``.
        event: code of the event that could not be.
        position: its place in the history, from 0.
        date: its day, in days since 1970-01-01.
        reasons: the reasons, in the words of `process.replay`.
    """

    case_id: Array
    reason: Array
    event: Array
    position: Array
    date: Array
    reasons: list[str]


def refusals(cases: Array, rows: dict[str, Array]) -> Refusals:
    """Replay the histories of a shard.

    Args:
        cases: its case numbers.
        rows: its events in order: at, date, event, outcome.
    """
    at, event, outcome = rows["at"], rows["event"], rows["outcome"]
    starts = first_rows(np.zeros(len(at), np.int16), at)
    ends = np.append(starts[1:], len(at))
    refused = ~process.replay_many(at, event, outcome)
    starts, ends = starts[refused], ends[refused]
    reasons = Words()
    seen: dict[bytes, tuple[int, int]] = {}  # the same history comes again and again
    points = event.astype(np.int32) << 16 | (outcome.astype(np.int32) + 1)
    found = np.zeros((len(starts), 2), np.int32)
    for row, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        key = points[start:end].tobytes()
        if key not in seen:
            verdict = _verdict(event[start:end], outcome[start:end])
            place = min(verdict.position, end - start - 1)
            seen[key] = reasons.code(verdict.reason), place
        found[row] = seen[key]
    there = starts + found[:, 1]
    return Refusals(
        case_id=cases[at[starts]].astype(np.int64),
        reason=found[:, 0],
        event=event[there],
        position=found[:, 1],
        date=rows["date"][there],
        reasons=reasons.words,
    )


def _verdict(event: Array, outcome: Array) -> Verdict:
    """Return what `process.replay` says of one history."""
    names, outcomes = process.event_codes(), (*process.outcome_codes(), None)
    pairs = zip(event.tolist(), outcome.tolist(), strict=True)
    return process.replay((names[e], outcomes[o]) for e, o in pairs)
