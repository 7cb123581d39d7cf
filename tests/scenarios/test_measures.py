"""Measures, stages and flows of hand-made histories, counted by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asylumatlas.sim import measures
from asylumatlas.sim.histories import Histories
from asylumatlas.sim.replication import Worker

from .worlds import Raw, load, world

Story = list[tuple[int, str, str]]  # (day, event or event.outcome, place)

# Person numbers: the stream gives 6 + 12 * sqrt(6) + 40 = 75 numbers a day, the group comes after.
STORIES: dict[str, list[Story]] = {
    "newcomers": [
        [
            (0, "border_city_reached", "port"),
            (0, "list_joined", "port"),
            (2, "port_admitted", "port"),
            (3, "port_processed.notice_to_appear", "port"),
            (3, "charging_document", "port"),
            (9, "master_hearing.closed", "court"),
            (9, "court_decision.terminated", "court"),
        ],
        [(0, "border_city_reached", "port"), (0, "list_joined", "port")],
        [
            (1, "border_city_reached", "port"),
            (1, "list_joined", "port"),
            (2, "port_admitted", "port"),
            (4, "port_processed.withdrawn", "port"),
        ],
        [
            (5, "charging_document", "court"),
            (5, "custody_started", "court"),
            (6, "custody_ended.bond", "court"),
            (8, "master_hearing.continued", "court"),
            (9, "master_hearing.closed", "court"),
            (9, "court_decision.terminated", "court"),
        ],
    ],
    "group": [
        [(1, "border_city_reached", "court"), (1, "list_joined", "court")],
        [(2, "port_admitted", "court")],
    ],
}
MEASURES: dict[str, tuple[Raw, list[float]]] = {
    "waiting": (
        {"plus": ["list_joined"], "minus": ["port_admitted"], "feeds": ["newcomers"]},
        [2, 3, 1, 1, 1, 1, 1, 1, 1, 1],
    ),
    "joined": ({"plus": ["list_joined"]}, [2, 4, 4, 4, 4, 4, 4, 4, 4, 4]),
    "joined_at_port": ({"plus": ["list_joined@port"]}, [2, 3, 3, 3, 3, 3, 3, 3, 3, 3]),
    "admitted_a_day": (
        {"plus": ["port_admitted"], "counts": "on_day"},
        [0, 0, 3, 0, 0, 0, 0, 0, 0, 0],
    ),
    "closed": ({"plus": ["master_hearing.closed"]}, [0, 0, 0, 0, 0, 0, 0, 0, 0, 2]),
    "hearings": ({"plus": ["master_hearing.closed", "master_hearing.continued"]}, [0] * 8 + [1, 3]),
    "closed_of_hearings": (
        {
            "plus": ["master_hearing.closed@court"],
            "of": ["master_hearing.closed", "master_hearing.continued"],
            "counts": "share",
        },
        [np.nan] * 8 + [0, 2 / 3],
    ),
}


@pytest.fixture
def counted(tmp_path: Path) -> tuple[Worker, measures.Counts]:
    group: Raw = {"kind": "stock", "size": 5, "at": "port", "starts": [{"to": "sign_up"}]}
    made = {name: {"label": name, **measure} for name, (measure, _) in MEASURES.items()}
    raw = world(feeds__group=group, measures=made, cohort=["newcomers"])
    raw["to"] = raw["from"].replace(day=10)
    worker = Worker(load(raw, tmp_path), 1, 2)
    told = hand_made(worker)
    return worker, measures.count(worker.rules, worker.speech, told)


def hand_made(worker: Worker) -> Histories:
    """The stories as the kernel would have told them."""
    speech, rules = worker.speech, worker.rules
    columns: list[tuple[int, int, int, int, int, int]] = []
    for feed, stories in STORIES.items():
        first = rules.feed_first[rules.layout.feeds.index(feed)]
        for number, story in enumerate(stories):
            for day, text, place in story:
                event, outcome = speech.code(text)
                stage = speech._stage(*(text.split(".") if "." in text else (text, None)))  # type: ignore[misc]
                code = -1 if outcome is None else outcome
                where = rules.layout.places.index(place)
                columns.append((first + number, day, where, event, code, stage))
    table = np.array(columns, np.int64)
    person, *rest = table[np.argsort(table[:, 0], kind="stable")].T
    return Histories(person.astype(np.uint32), *rest, rules)


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_by_hand(name: str, counted: tuple[Worker, measures.Counts]) -> None:
    row = list(MEASURES).index(name)
    np.testing.assert_allclose(counted[1].measures[row], MEASURES[name][1])


def by_stage(counted: tuple[Worker, measures.Counts], key: str) -> dict[str, int]:
    worker, counts = counted
    values = zip(worker.speech.stages, getattr(counts, key).tolist(), strict=True)
    return {stage: value for stage, value in values if value}


def test_stages_by_hand(counted: tuple[Worker, measures.Counts]) -> None:
    # the cohort is the four newcomers; the group is left out
    assert by_stage(counted, "entered") == {
        "border_city": 3,
        "waiting_list": 3,
        "port_of_entry": 2,
        "charging": 1,
        "custody": 1,
        "court": 2,
        "ended": 3,
    }
    assert by_stage(counted, "inside") == {"waiting_list": 1, "ended": 3}
    entered, left = by_stage(counted, "entered"), by_stage(counted, "left")
    inside = by_stage(counted, "inside")
    assert {s: entered[s] - left.get(s, 0) for s in entered if entered[s] != left.get(s, 0)} == (
        inside
    )


def test_flow_by_hand(counted: tuple[Worker, measures.Counts]) -> None:
    worker, counts = counted
    names = [*worker.speech.stages, "outside"]
    moves = {(names[a], names[b]): int(counts.flow[a, b]) for a, b in np.argwhere(counts.flow)}
    assert moves == {
        ("outside", "border_city"): 3,
        ("border_city", "waiting_list"): 3,
        ("waiting_list", "port_of_entry"): 2,
        ("port_of_entry", "charging"): 1,
        ("port_of_entry", "ended"): 1,
        ("charging", "court"): 1,
        ("outside", "court"): 1,
        ("court", "ended"): 2,
    }


def test_outcomes_by_hand(counted: tuple[Worker, measures.Counts]) -> None:
    worker, counts = counted
    events, outcomes = worker.speech.events, [*worker.speech.outcomes, ""]
    found: dict[Any, int] = {
        (events[e], outcomes[o]): int(counts.outcomes[e, o])
        for e, o in np.argwhere(counts.outcomes)
    }
    assert found == {
        ("border_city_reached", ""): 3,
        ("list_joined", ""): 3,
        ("port_admitted", ""): 2,
        ("port_processed", "notice_to_appear"): 1,
        ("port_processed", "withdrawn"): 1,
        ("charging_document", ""): 2,
        ("custody_started", ""): 1,
        ("custody_ended", "bond"): 1,
        ("master_hearing", "continued"): 1,
        ("master_hearing", "closed"): 2,
        ("court_decision", "terminated"): 2,
    }


def test_numbers_within_a_history_start_at_nought(tmp_path: Path) -> None:
    worker = Worker(load(world(), tmp_path), 1, 2)
    lengths = [len(story) for story in STORIES["newcomers"]]
    person = np.repeat(np.arange(4), lengths).astype(np.uint32)
    empty = np.zeros(len(person), np.int64)
    told = Histories(person, empty, empty, empty, empty, empty, worker.rules)
    assert told.seq.tolist() == [*range(7), *range(2), *range(4), *range(6)]
