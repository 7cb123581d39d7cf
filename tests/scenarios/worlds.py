"""A small made-up world for tests: a list, a port with few places, a court with few judges."""

from __future__ import annotations

import copy
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

from asylumatlas.scenario import Scenario, load_scenario
from asylumatlas.sim.histories import Histories
from asylumatlas.sim.replication import Replication, Worker

Raw = dict[str, Any]

WORLD: Raw = {
    "title": "A small world",
    "question": "How long is the line?",
    "from": date(2020, 1, 1),
    "to": date(2020, 3, 30),
    "cohort": ["newcomers"],
    "classes": {"kind": ["single_adult", "family"], "nationality": ["HND", "SLV"]},
    "places": {"port": "The port", "court": "The court"},
    "calendars": {"working_days": {"weekdays": [0, 1, 2, 3, 4]}},
    "spaces": {"hold": {"place": "port", "room": 12}},
    "crews": {
        "judges": {"place": "court", "servers": 2, "units": 2},
        "clerks": {"place": "court", "servers": 3, "units": 1},
    },
    "stations": {
        "sign_up": {
            "stage": "waiting_list",
            "at": ["port"],
            "outcomes": [{"events": ["border_city_reached", "list_joined"], "to": "intake"}],
        },
        "intake": {
            "stage": "waiting_list",
            "at": ["port"],
            "capacity": 5,
            "lines": [{"space": "hold"}],
            "outcomes": [{"events": ["port_admitted"], "to": "processing", "after": 2}],
        },
        "processing": {
            "stage": "port_of_entry",
            "at": ["port"],
            "outcomes": [
                {"events": ["port_processed.withdrawn"], "share": 0.2},
                {
                    "events": ["port_processed.notice_to_appear", "charging_document"],
                    "to": "master",
                    "place": "court",
                    "frees_space": True,
                    "after": {"law": "uniform", "low": 3, "high": 20},
                },
            ],
        },
        "master": {
            "stage": "court",
            "at": ["court"],
            "calendar": "working_days",
            "booked": True,
            "postponed": ["hearing_postponed"],
            "crews": [{"crew": "judges"}],
            "outcomes": [{"events": ["master_hearing.closed", "court_decision.terminated"]}],
        },
    },
    "feeds": {
        "newcomers": {
            "kind": "stream",
            "per_day": 6,
            "at": "port",
            "mix": {
                "kind": {"single_adult": 0.5, "family": 0.5},
                "nationality": {"HND": 0.75, "SLV": 0.25},
            },
            "starts": [{"to": "sign_up"}],
        }
    },
    "measures": {
        "waiting": {"label": "On the list", "plus": ["list_joined"], "minus": ["port_admitted"]},
        "admitted": {"label": "Admitted", "plus": ["port_admitted@port"]},
        "closed": {"label": "Closed", "plus": ["court_decision.terminated"]},
    },
}


class Absent:
    """The value that takes a key out."""


def world(**changes: Any) -> Raw:
    """The small world with keys set: a key path has double underscores for its dots."""
    raw = copy.deepcopy(WORLD)
    for path, value in changes.items():
        put(raw, path.replace("__", "."), value)
    return raw


def put(raw: Raw, path: str, value: Any) -> None:
    """Set a key path; numbers are places in lists, `Absent` takes the key out."""
    here: Any = raw
    *parts, last = path.split(".")
    for part in parts:
        here = here[int(part)] if isinstance(here, list) else here.setdefault(part, {})
    if value is Absent:
        del here[last]
    elif isinstance(here, list):
        here[int(last)] = value
    else:
        here[last] = value


def toml(value: Any) -> str:
    """A value as TOML writes it, tables inline."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date | datetime):
        return value.isoformat()
    return json.dumps(value) if isinstance(value, str) else repr(value)


def write(raw: Raw, folder: Path, name: str = "world") -> Path:
    """The scenario as a file."""
    path = folder / f"{name}.toml"
    lines = (f"{json.dumps(key)} = {toml(value)}\n" for key, value in raw.items())
    path.write_text("".join(lines), encoding="utf-8")
    return path


def load(raw: Raw, folder: Path, name: str = "world") -> Scenario:
    """The scenario as the package reads it."""
    return load_scenario(write(raw, folder, name))


def simulate(
    scenario: Scenario, number: int = 0, seed: int = 1, replications: int = 2
) -> tuple[Replication, Histories]:
    """One replication of a scenario."""
    replication, told, _ = Worker(scenario, seed, replications).run(number)
    return replication, told


def rows(worker: Worker, told: Histories) -> list[tuple[str, int, int, str, str, str]]:
    """Every event as (feed, number within the feed, day, event, outcome, place), by name.

    Names instead of numbers, so that worlds with more stations or feeds can be held side by side.
    """
    rules, speech = worker.rules, worker.speech
    first = rules.feed_first
    outcomes = [*speech.outcomes, ""]
    columns = zip(
        told.feed.tolist(),
        told.person.tolist(),
        told.day.tolist(),
        told.event.tolist(),
        told.outcome.tolist(),
        told.place.tolist(),
        strict=True,
    )
    return [
        (
            rules.layout.feeds[feed],
            person - first[feed],
            day,
            speech.events[event],
            outcomes[outcome],
            rules.layout.places[place],
        )
        for feed, person, day, event, outcome, place in columns
    ]
