"""One replication, and blocks of them: the unit of work that a process takes.

A replication is a pure function of (scenario, seed, number): its draw is number // 2, its luck is
its number, so two lucks share each draw and luck can be told apart from what is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import events as event_log
from asylumatlas.scenario import Scenario
from asylumatlas.sim import books, engine, histories, measures, telling
from asylumatlas.sim import tables as t
from asylumatlas.sim.rules import Rules
from asylumatlas.sim.uncertainty import CENTRAL, Draw

LUCKS_PER_DRAW = 2
BLOCK = 10  # replications in one part of the log
LARGE = 100_000  # people in the central run, from which on each replication is a part of its own
ROWS_A_PERSON = 5  # of the log, room for which is made at first; memory not written costs nothing
EPOCH = np.datetime64("1970-01-01")


class RunError(ValueError):
    """A run that could not be done; the message is one line with the remedy."""


@dataclass
class Replication:
    """What one replication leaves behind, besides its events."""

    number: int
    counts: measures.Counts
    people_in: int
    people_out: int
    people_inside: int
    bed_days: NDArray[np.int64]
    crew_used: NDArray[np.int64]
    crew_units: NDArray[np.int64]
    postponed: int
    values: dict[str, float]


Told = tuple[int, histories.Histories, t.Model]


def draw_number(replication: int, replications: int) -> int:
    """Draw of a replication; a run of one uses the central values."""
    return CENTRAL if replications == 1 else replication // LUCKS_PER_DRAW


class Worker:
    """Keeps what replications of one scenario share."""

    def __init__(self, scenario: Scenario, seed: int, replications: int) -> None:
        self.rules = Rules(scenario, seed)
        self.speech = histories.Speech(self.rules.layout)
        self.replications = replications
        self._log_rows = 1 << 16
        self._draw: Draw | None = None
        self._model: t.Model | None = None

    @cached_property
    def part_size(self) -> int:
        """Replications in one part of the log: not up to who does the work, so bytes are not."""
        people = self.rules._arrivals.counts(self.rules.draw(CENTRAL), 0).sum()
        return 1 if people > LARGE else BLOCK

    def blocks(self) -> list[range]:
        """The replications in blocks, each one piece of work: parts of the log, draws unbroken."""
        size = max(self.part_size, LUCKS_PER_DRAW)
        starts = range(0, self.replications, size)
        return [range(k, min(k + size, self.replications)) for k in starts]

    def model(self, number: int) -> tuple[Draw, t.Model]:
        """Draw and tables of a replication; tables are kept while the draw is the same."""
        index = draw_number(number, self.replications)
        if self._draw is None or self._model is None or self._draw.index != index:
            self._draw = self.rules.draw(index)
            self._model = self.rules.model_for(self._draw, number)
        else:
            self._model = self.rules.with_luck(self._model, self._draw, number)
        return self._draw, self._model

    def simulate(self, model: t.Model) -> t.State:
        """Run the kernel to the last day, with a log that grows as it fills."""
        rules, days = self.rules, self.rules.days
        self._log_rows = max(self._log_rows, ROWS_A_PERSON * int(model.arrivals.sum()))
        state = t.new_state(model, self._log_rows)
        while engine.advance(model, state, days) < days and not state.counters[t.FAULT]:
            state = state._replace(log=self._longer(state.log))
        if state.counters[t.FAULT]:
            raise RunError(self._fault(state))
        for fault in books.faults(model, state):
            raise RunError(f"{rules.scenario.name}: the books do not close: {fault}")
        inside = int(engine.people_inside(state))
        while len(state.log) < state.counters[t.LOG_ROWS] + inside:  # most that `sweep` notes
            state = state._replace(log=self._longer(state.log))
        engine.sweep(model, state, days - 1)
        if state.counters[t.LOG_LOST]:  # more rows on one day than there was room for
            self._log_rows *= 2
            return self.simulate(model)
        return state

    def _longer(self, log: t.Words) -> t.Words:
        """A log of twice the length that begins with the rows of this one."""
        self._log_rows = 2 * len(log)
        longer = np.zeros(self._log_rows, np.uint64)
        longer[: len(log)] = log
        return longer

    def _fault(self, state: t.State) -> str:
        number = int(state.counters[t.FAULT])
        text = t.FAULTS[number]
        if number == 1:
            station = self.rules.layout.origin(int(state.counters[t.FAULT_STATION]))
            place = self.rules.layout.places[int(state.counters[t.FAULT_PLACE])]
            text += f": {station} at {place}; add the place to stations.{station}.at"
        return f"{self.rules.scenario.name}: {text}"

    def run(self, number: int) -> tuple[Replication, histories.Histories, t.Model]:
        """One replication: its counts, its histories and its tables."""
        draw, model = self.model(number)
        state = self.simulate(model)
        counters, log = state.counters, state.log[: state.counters[t.LOG_ROWS]]
        inside, beds, used = int(engine.people_inside(state)), state.beds.sum(0), state.used.sum(0)
        del state  # its memory is as large as all that follows
        told = histories.tell(self.rules, self.speech, log, keep=False)
        del log
        replication = Replication(
            number=number,
            counts=measures.count(self.rules, self.speech, told),
            people_in=int(counters[t.CREATED]),
            people_out=int(counters[t.CLOSED]),
            people_inside=inside,
            bed_days=beds,
            crew_used=used,
            crew_units=model.crews.sum(0),
            postponed=int(counters[t.POSTPONED]),
            values=dict(draw.values),
        )
        return replication, told, model

    def block(
        self, numbers: range, folder: Path | None
    ) -> tuple[list[Replication], list[dict[str, Any]]]:
        """Some replications; with a folder, their events become parts of the log there.

        Args:
            numbers: replications, whole parts.
            folder: where the log is written, `None` without one.
        """
        done: list[Replication] = []
        parts: list[dict[str, Any]] = []
        for first in range(numbers.start, numbers.stop, self.part_size):
            some = range(first, min(first + self.part_size, numbers.stop))
            told: list[Told] = []
            for number in some:
                replication, histories_, model = self.run(number)
                done.append(replication)
                if folder is not None:
                    told.append((number, histories_, model))
            if folder is not None:
                parts.append(self._write(folder, some, told))
        return done, parts

    def _write(self, folder: Path, numbers: range, told: list[Told]) -> dict[str, Any]:
        """One part of the log."""
        return event_log.write_part(
            folder,
            numbers.start // self.part_size,
            self._cases(told),
            self._events(told),
            list(self.rules.layout.places),
            replications=numbers,  # those without a person, too
            origin=self._first_date(),
        )

    def _first_date(self) -> int:
        """Days from 1970-01-01 to the run's first day."""
        start = np.datetime64(self.rules.model.start)
        return int((start - EPOCH).astype(int))

    def _events(self, parts: list[Told]) -> event_log.CodedEvents:
        def join(pick: Callable[[histories.Histories], NDArray[Any]]) -> NDArray[Any]:
            return _join([pick(told) for _, told, _ in parts])

        numbers = [np.broadcast_to(np.int16(n), len(told.person)) for n, told, _ in parts]
        return event_log.CodedEvents(
            replication=_join(numbers),
            case_id=join(lambda h: h.person),
            seq=join(lambda h: h.seq),
            date=join(lambda h: h.day),
            event=join(lambda h: h.event),
            outcome=join(lambda h: h.outcome),
            place=join(lambda h: h.place),
        )

    def _cases(self, parts: list[Any]) -> event_log.CodedCases:
        columns = [self._case_columns(number, told, model) for number, told, model in parts]
        joined = {key: _join([c[key] for c in columns]) for key in columns[0]}
        return _coded_cases(self.rules, joined)

    def _case_columns(
        self, number: int, told: histories.Histories, model: t.Model
    ) -> dict[str, NDArray[Any]]:
        person = told.person[told.starts]
        feed = histories.feed_of(self.rules, person)
        entered = [*histories.ROUTE_EVENTS, "charging_document"]
        days = histories.first_days(told, self.speech, entered)
        entry, route = np.empty(len(person), np.int32), np.empty(len(person), np.int16)
        telling.earliest(days[:-1], entry, route)
        routes = [*histories.ROUTE_EVENTS.values(), "unknown"]  # the last for route -1
        codes = np.array([event_log.ENTRY_ROUTES.index(name) for name in routes], np.int16)
        first = np.int32(self._first_date())
        return {
            "replication": np.full(len(person), number, np.int16),
            "case_id": person,
            "class": histories.classes_of(self.rules, model, person),
            "feed": feed,
            "entry_route": codes[route],
            "entry_date": np.where(entry >= 0, entry + first, np.int32(-1)),
            "charging_date": np.where(days[-1] >= 0, days[-1] + first, np.int32(-1)),
        }


def _join(columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """One column of several, without a copy of one alone."""
    return columns[0] if len(columns) == 1 else np.concatenate(columns)


def _iso(word: str) -> str:
    """A scenario may pool nationalities as OTH; the log's column holds ISO codes or "unknown"."""
    return "unknown" if word == "OTH" else word


def _coded_cases(rules: Rules, columns: dict[str, NDArray[Any]]) -> event_log.CodedCases:
    """Case columns in the log's words."""
    classes = rules.layout.classes

    def words(attribute: str) -> tuple[NDArray[np.int16], list[str]]:
        known = list(rules.model.classes.get(attribute, ["unknown"]))
        codes = np.array([known.index(c.get(attribute, known[0])) for c in classes], np.int16)
        return codes[columns["class"]], known

    nationality, known = words("nationality")
    return event_log.CodedCases(
        replication=columns["replication"],
        case_id=columns["case_id"],
        nationality=(nationality, [_iso(word) for word in known]),
        kind=words("kind"),
        entry_route=columns["entry_route"],
        entry_date=columns["entry_date"],
        charging_date=columns["charging_date"],
        extra={
            "feed": (columns["feed"], list(rules.layout.feeds)),
            "lawyer": words("lawyer"),
        },
    )
