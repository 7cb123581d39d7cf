"""Made-up logs of few cases, each of one line, so that an answer can be counted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from asylumatlas import process
from asylumatlas.events import ENTRY_ROUTES, KINDS, CodedCases, CodedEvents, seal, write_part

AS_OF = date(2018, 1, 1)
CHARGED = date(2015, 10, 5)
GRANTED, DENIED, WITHDRAWN, ABSENT = (
    "asylum_granted",
    "asylum_denied",
    "removal_not_adjudicated",
    "removal_in_absentia",
)


@dataclass(frozen=True)
class Case:
    """One made-up case: charged, applied a month later, and decided unless it is open.

    Attributes:
        outcome: of the decision; "" for none yet.
        days: from the charging document to the decision.
        nationality: its code.
        kind: of the case.
        judge: who decides; "" where the log does not say.
        charged: the day of the charging document.
        world: the simulated world.
        court: where.
    """

    outcome: str = ""
    days: int = 200
    nationality: str = "HND"
    kind: str = "family"
    judge: str = ""
    charged: date = CHARGED
    world: int = 0
    court: str = "NYC"


def write(folder: Path, cases: Sequence[Case], worlds: int = 1, **details: Any) -> Path:
    """Write the log of these cases, in this order, one part a world."""
    known = [[case for case in cases if case.world == w] for w in range(worlds)]
    parts = [_part(folder, w, own) for w, own in enumerate(known)]
    details = {"note": "made up by a test", **details}
    seal(folder, source="example", as_of=AS_OF, parts=parts, details=details)
    return folder


def shards(folder: Path, cases: Sequence[Case], many: int) -> list[Path]:
    """Write the cases as several logs."""
    return [write(folder / str(k), cases[k::many]) for k in range(many)]


def _events(case: Case) -> list[tuple[date, str, str]]:
    told = [
        (case.charged, "charging_document", ""),
        (case.charged + timedelta(30), "asylum_application_filed", ""),
    ]
    if case.outcome:
        told.append((case.charged + timedelta(case.days), "court_decision", case.outcome))
    return told


def _days(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _part(folder: Path, world: int, cases: Sequence[Case]) -> dict[str, Any]:
    rows = [(n, k, *told) for n, case in enumerate(cases) for k, told in enumerate(_events(case))]
    events, outcomes = process.event_codes(), process.outcome_codes()
    nationalities = sorted({case.nationality for case in cases}) or ["HND"]
    courts = sorted({case.court for case in cases})
    judges = sorted({case.judge for case in cases} - {""})
    sat = [cases[n].judge if event == "court_decision" else "" for n, _, _, event, _ in rows]
    written = CodedCases(
        replication=np.full(len(cases), world, np.int16),
        case_id=np.arange(len(cases)),
        nationality=(
            np.array([nationalities.index(c.nationality) for c in cases], np.int64),
            nationalities,
        ),
        kind=(np.array([KINDS.index(c.kind) for c in cases], np.int64), KINDS),
        entry_route=np.full(len(cases), ENTRY_ROUTES.index("unknown")),
        entry_date=np.full(len(cases), -1),
        charging_date=np.array([_days(c.charged) for c in cases], np.int64),
    )
    coded = CodedEvents(
        replication=np.full(len(rows), world, np.int16),
        case_id=np.array([n for n, *_ in rows], np.int64),
        seq=np.array([k for _, k, *_ in rows], np.int64),
        date=np.array([_days(day) for _, _, day, _, _ in rows], np.int64),
        event=np.array([events.index(event) for *_, event, _ in rows], np.int64),
        outcome=np.array([outcomes.index(o) if o else -1 for *_, o in rows], np.int64),
        place=np.array([courts.index(cases[n].court) for n, *_ in rows], np.int64),
        resource=(np.array([judges.index(j) if j else -1 for j in sat], np.int64), judges)
        if judges
        else None,
    )
    return write_part(folder, world, written, coded, courts, replications=[world])


def decided(granted: int, denied: int, **about: Any) -> list[Case]:
    """So many grants and so many denials, alike in all else."""
    return [Case(GRANTED, **about)] * granted + [Case(DENIED, **about)] * denied
