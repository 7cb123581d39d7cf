"""The histories behind a synthetic release: made by the simulator, one chunk of cases at a time.

`caseload.toml` is the scenario. Chunk `k` is its replication `k`; each chunk is a small world of
its own, so that a release of any size streams through bounded memory. A world runs to the end of
2028 whatever the day of the release: what a later release shows, an earlier one merely hides.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import process
from asylumatlas.sim import engine, histories
from asylumatlas.sim import tables as t
from asylumatlas.sim.replication import Worker
from asylumatlas.sim.uncertainty import CENTRAL
from asylumatlas.synthetic.luck import Luck

EPOCH = date(1970, 1, 1).toordinal()
REFERENCE = date(2026, 4, 1)  # a release of N cases has N that begin by this day
CHUNK = 60_000  # cases of a chunk, about; a process needs 400 MB for it
ROOM = 1.35  # numbers set aside for a chunk, beside its cases by the reference day
SPARE = 1.03  # people simulated, beside those wanted: the rest are dropped
REVIEWS = "reviews"  # the feed whose cases are reviews of negative findings of fear
Days = NDArray[np.int32]


def epoch_day(when: date) -> int:
    """Days since 1970-01-01."""
    return when.toordinal() - EPOCH


class Codes:
    """The process's codes for its words.

    Example:
        >>> Codes().event("court_decision") == process.event_codes().index("court_decision")
        True
    """

    def event(self, name: str) -> int:
        """Code of an event."""
        return process.event_codes().index(name)

    def outcome(self, name: str) -> int:
        """Code of an outcome."""
        return process.outcome_codes().index(name)


@dataclass(frozen=True)
class Chunk:
    """The recorded events of some cases, in the order in which they happened.

    Attributes:
        number: of the chunk, from 0.
        case: (events,) case of each event, 0 to `cases` - 1, never falling.
        day: (events,) days since 1970-01-01.
        event, outcome, place: (events,) codes; places index `courts`.
        ordinal: (cases,) each case's own number among all cases of the release.
        lag: (cases,) days from the charging document to its entry in the court's books.
        nationality: (cases,) index into `nationalities`.
        review: (cases,) whether the case is a review of a negative finding of fear.
        courts: codes of places.
    """

    number: int
    case: NDArray[np.int32]
    day: Days
    event: NDArray[np.int16]
    outcome: NDArray[np.int16]
    place: NDArray[np.int16]
    ordinal: NDArray[np.int64]
    lag: NDArray[np.int64]
    nationality: NDArray[np.int16]
    review: NDArray[np.bool_]
    courts: tuple[str, ...]
    nationalities: tuple[str, ...]

    @property
    def cases(self) -> int:
        """Number of cases."""
        return len(self.ordinal)

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """(cases + 1,) place of each case's first event, and the end."""
        return np.searchsorted(self.case, np.arange(self.cases + 1)).astype(np.int64)

    def are(self, *events: str) -> NDArray[np.bool_]:
        """(events,) which events are one of these, each "event" or "event.outcome"."""
        codes = Codes()
        found = np.zeros(len(self.case), bool)
        for text in events:
            event, _, outcome = text.partition(".")
            these = self.event == codes.event(event)
            if outcome:
                these &= self.outcome == codes.outcome(outcome)
            found |= these
        return found


class World:
    """Makes the chunks of one seed.

    Args:
        cases: cases of the release that begin by the reference day.
        seed: of everything.
        chunk_cases: cases of a chunk, about; another number makes other cases.
    """

    def __init__(self, cases: int, seed: int, chunk_cases: int = CHUNK) -> None:
        self.cases, self.seed = cases, seed
        self.chunks = max(1, -(-cases // chunk_cases))
        self.room = int(-(-cases // self.chunks) * ROOM) + 64
        self.luck = Luck(seed)
        self._worker = Worker(scenario(-(-cases // self.chunks)), seed, 1)
        self._model: t.Model | None = None
        # a case has about eight rows; 4096 more are room that the kernel keeps free
        self._log_rows = 16 * self.wanted(0) + 4096

    def wanted(self, number: int) -> int:
        """Cases of a chunk that begin by the reference day."""
        return self.cases // self.chunks + (number < self.cases % self.chunks)

    def chunk(self, number: int) -> Chunk:
        """Simulate a chunk."""
        worker, rules = self._worker, self._worker.rules
        draw = rules.draw(CENTRAL)
        if self._model is None:
            self._model = rules.model_for(draw, number)
        else:
            self._model = rules.with_luck(self._model, draw, number)
        state = self._simulated(self._model)
        told = histories.tell(rules, worker.speech, state.log[: state.counters[t.LOG_ROWS]])
        return self._chosen(number, told, self._model)

    def _simulated(self, model: t.Model) -> t.State:
        """Run a world to its last day, with a log that holds all of it at once.

        Raises:
            RuntimeError: the scenario sends somebody where nobody is served.
        """
        days = self._worker.rules.days
        while True:
            state = t.new_state(model, self._log_rows)
            engine.advance(model, state, days)
            if state.counters[t.FAULT]:
                raise RuntimeError(f"caseload.toml: {t.FAULTS[int(state.counters[t.FAULT])]}")
            if state.counters[t.DAY] == days and not state.counters[t.LOG_LOST]:
                return state
            self._log_rows *= 2

    def _chosen(self, number: int, told: histories.Histories, model: t.Model) -> Chunk:
        """The cases wanted, numbered in the order in which they begin."""
        rules = self._worker.rules
        start = epoch_day(rules.model.start)
        person = told.person[told.is_first]
        index = np.cumsum(told.is_first) - 1
        begins = np.full(len(person), -1, np.int64)
        codes = Codes()
        starting = [codes.event("charging_document"), codes.event("judge_review_requested")]
        opening = np.flatnonzero(np.isin(told.event, starting))[::-1]
        begins[index[opening]] = told.day[opening] + start
        keys = person.astype(np.int64) + number * (1 << 32)
        lag = self.luck.below("days until input", keys, 7)
        order = np.lexsort((person, begins + lag))
        order = order[begins[order] >= 0]
        entered = (begins + lag)[order]
        by_reference = int(np.searchsorted(entered, epoch_day(REFERENCE), side="right"))
        extra = by_reference - self.wanted(number)
        if extra > 0:
            draws = self.luck.bits("dropped", keys[order[:by_reference]])
            order = np.delete(order, np.argsort(draws, kind="stable")[:extra])
        order = order[: self.room]
        rank = np.full(len(person), -1, np.int64)
        rank[order] = np.arange(len(order))
        return self._arranged(number, told, model, start, index, rank, person[order], lag[order])

    def _arranged(
        self,
        number: int,
        told: histories.Histories,
        model: t.Model,
        start: int,
        index: NDArray[Any],
        rank: NDArray[Any],
        person: NDArray[Any],
        lag: NDArray[np.int64],
    ) -> Chunk:
        """A chunk of the cases that have a rank."""
        rules = self._worker.rules
        case = rank[index]
        kept = np.flatnonzero((case >= 0) & ~np.isin(told.event, _unrecorded()))
        kept = kept[np.argsort(case[kept], kind="stable")]
        words = list(rules.model.classes["nationality"])
        classes = [words.index(c["nationality"]) for c in rules.layout.classes]
        feeds = histories.feed_of(rules, person)
        return Chunk(
            number,
            case[kept].astype(np.int32),
            (told.day[kept] + start).astype(np.int32),
            told.event[kept],
            told.outcome[kept],
            told.place[kept],
            number * self.room + np.arange(len(person), dtype=np.int64),
            lag,
            np.array(classes, np.int16)[histories.classes_of(rules, model, person)],
            feeds == rules.layout.feeds.index(REVIEWS),
            tuple(rules.layout.places),
            tuple(words),
        )


def _unrecorded() -> list[int]:
    """Codes of the events that court records never show."""
    kinds = process.load().events.values()
    return [n for n, kind in enumerate(kinds) if kind.records.startswith("not in the court")]


def scenario(cases: int) -> Any:
    """The scenario, scaled to so many cases by the reference day and a few to spare."""
    from asylumatlas.scenario import load_scenario

    path = resources.files(__package__).joinpath("caseload.toml")
    raw = tomllib.loads(path.read_text("utf-8"))
    people = sum(_people(feed["per_day"]) for feed in raw["feeds"].values())
    scale = (cases * SPARE + 40) / people
    changed = {}
    for name, feed in raw["feeds"].items():
        steps = [f"{{ from = {s['from']}, is = {s['is'] * scale} }}" for s in feed["per_day"]]
        changed[f"feeds.{name}.per_day"] = f"[{', '.join(steps)}]"
    with resources.as_file(path) as file:
        return load_scenario(file, changed)


def _people(steps: list[dict[str, Any]]) -> float:
    """People a feed makes by the reference day."""
    ends = [step["from"] for step in steps[1:]] + [REFERENCE]
    return sum(
        float(step["is"]) * max((min(end, REFERENCE) - step["from"]).days, 0)
        for step, end in zip(steps, ends, strict=True)
    )
