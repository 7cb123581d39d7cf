"""Stories of people, an event a line in the words of the glossary, as an event log."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from asylumatlas import process
from asylumatlas.events import ENTRY_ROUTES, KINDS, CodedCases, CodedEvents, seal, write_part

GOLDEN = Path(__file__).parent / "golden"
AS_OF = date(2019, 1, 1)
METERS = [
    {
        "meter": "custody_cost",
        "label": "Custody",
        "place": "san_diego",
        "unit": "US dollars",
        "amounts": [1500.0, 2500.5],
    }
]


@dataclass
class Person:
    """One case of one world as told."""

    world: int
    number: int
    nationality: str
    kind: str
    route: str
    lines: list[tuple[str, str, str, str]] = field(default_factory=list)


def people(path: Path = GOLDEN / "people.txt") -> list[Person]:
    """The people of a file of stories."""
    found: list[Person] = []
    world = 0
    for line in path.read_text("utf-8").splitlines():
        text = line.strip()
        if text.startswith("world "):
            world = int(text.split()[1])
        elif text.startswith("person "):
            head, _, rest = text.partition(": ")
            found.append(Person(world, int(head.split()[1]), *rest.split(", ")))
        elif text and not text.startswith("#"):
            day, what, *place = text.split()
            event, _, outcome = what.partition(".")
            found[-1].lines.append((day, event, outcome, place[0] if place else ""))
    return found


def _days(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def write_log(folder: Path, told: list[Person], worlds: int = 2) -> Path:
    """Write the log of these people, one part a world."""
    places = sorted({line[3] for person in told for line in person.lines} - {""})
    parts = [
        _write_world(folder, w, [p for p in told if p.world == w], places) for w in range(worlds)
    ]
    details: dict[str, Any] = {"meters": METERS, "note": "made up by a test"}
    seal(folder, source="example", as_of=AS_OF, parts=parts, details=details)
    return folder


def _write_world(folder: Path, world: int, told: list[Person], places: list[str]) -> dict[str, Any]:
    rows = [(p, nth, line) for p in told for nth, line in enumerate(p.lines)]
    events, outcomes = process.event_codes(), process.outcome_codes()
    nationalities = sorted({p.nationality for p in told})
    charged = {p.number: line[0] for p, _, line in rows if line[1] == "charging_document"}
    size = len(told)
    cases = CodedCases(
        replication=np.full(size, world, np.int16),
        case_id=np.array([p.number for p in told]),
        nationality=(np.array([nationalities.index(p.nationality) for p in told]), nationalities),
        kind=(np.array([KINDS.index(p.kind) for p in told]), KINDS),
        entry_route=np.array([ENTRY_ROUTES.index(p.route) for p in told]),
        entry_date=np.full(size, -1),
        charging_date=np.array(
            [_days(charged[p.number]) if p.number in charged else -1 for p in told]
        ),
    )
    coded = CodedEvents(
        replication=np.full(len(rows), world, np.int16),
        case_id=np.array([p.number for p, _, _ in rows]),
        seq=np.array([nth for _, nth, _ in rows]),
        date=np.array([_days(line[0]) for _, _, line in rows]),
        event=np.array([events.index(line[1]) for _, _, line in rows]),
        outcome=np.array([outcomes.index(line[2]) if line[2] else -1 for _, _, line in rows]),
        place=np.array([places.index(line[3]) if line[3] else -1 for _, _, line in rows]),
    )
    return write_part(folder, world, cases, coded, places, replications=[world])
