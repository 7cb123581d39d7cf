"""One replication, and blocks of them: the unit of work that a process takes.

A replication is a pure function of (scenario, seed, number): its draw is number // 2, its luck is
its number, so two lucks share each draw and luck can be told apart from what is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas import events as event_log
from asylumatlas.scenario import Scenario
from asylumatlas.sim import books, engine, histories, measures
from asylumatlas.sim import tables as t
from asylumatlas.sim.rules import Rules
from asylumatlas.sim.uncertainty import CENTRAL, Draw

LUCKS_PER_DRAW = 2
BLOCK = 10  # replications in one part of the log
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
        """Run the kernel to the last day, with a log that is large enough."""
        while True:
            state = t.new_state(model, self._log_rows)
            days = self.rules.days
            engine.advance(model, state, days)
            if state.counters[t.FAULT]:
                raise RunError(self._fault(state))
            if state.counters[t.DAY] == days:
                for fault in books.faults(model, state):
                    raise RunError(f"{self.rules.scenario.name}: the books do not close: {fault}")
                engine.sweep(model, state, days - 1)
                if not state.counters[t.LOG_LOST]:
                    return state
            self._log_rows *= 2

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
        told = histories.tell(self.rules, self.speech, state.log[: state.counters[t.LOG_ROWS]])
        counters = state.counters
        replication = Replication(
            number=number,
            counts=measures.count(self.rules, self.speech, told),
            people_in=int(counters[t.CREATED]),
            people_out=int(counters[t.CLOSED]),
            people_inside=int(engine.people_inside(state)),
            bed_days=state.beds.sum(0),
            crew_used=state.used.sum(0),
            crew_units=model.crews.sum(0),
            postponed=int(counters[t.POSTPONED]),
            values=dict(draw.values),
        )
        return replication, told, model

    def block(
        self, numbers: range, folder: Path | None
    ) -> tuple[list[Replication], dict[str, Any]]:
        """Some replications; with a folder, their events become one part of the log."""
        done, parts = [], []
        for number in numbers:
            replication, told, model = self.run(number)
            done.append(replication)
            if folder is not None:
                parts.append((number, told, model))
        if folder is None:
            return done, {}
        written = event_log.write_part(
            folder,
            numbers.start // BLOCK,
            self._cases(parts),
            self._events(parts),
            list(self.rules.layout.places),
            replications=numbers,  # those without a person, too
        )
        return done, written

    def _first_date(self) -> int:
        """Days from 1970-01-01 to the run's first day."""
        start = np.datetime64(self.rules.model.start)
        return int((start - EPOCH).astype(int))

    def _events(self, parts: list[Any]) -> event_log.CodedEvents:
        def join(pick: Any, kind: type) -> Any:
            return np.concatenate([pick(told) for _, told, _ in parts]).astype(kind)

        numbers = [np.full(len(told.person), number, np.int16) for number, told, _ in parts]
        return event_log.CodedEvents(
            replication=np.concatenate(numbers),
            case_id=join(lambda h: h.person, np.int64),
            seq=join(lambda h: h.seq, np.int32),
            date=join(lambda h: h.day + self._first_date(), np.int32),
            event=join(lambda h: h.event, np.int16),
            outcome=join(lambda h: h.outcome, np.int16),
            place=join(lambda h: h.place, np.int16),
        )

    def _cases(self, parts: list[Any]) -> event_log.CodedCases:
        columns = [self._case_columns(number, told, model) for number, told, model in parts]
        joined = {key: np.concatenate([c[key] for c in columns]) for key in columns[0]}
        return _coded_cases(self.rules, joined)

    def _case_columns(
        self, number: int, told: histories.Histories, model: t.Model
    ) -> dict[str, NDArray[np.int64]]:
        person = told.person[told.is_first]
        people = len(person)
        columns = {
            "replication": np.full(people, number),
            "case_id": person.astype(np.int64),
            "class": histories.classes_of(self.rules, model, person),
            "feed": histories.feed_of(self.rules, person),
        }
        entry = np.full(people, -1, np.int64)
        route = np.zeros(people, np.int64)
        for event, name in histories.ROUTE_EVENTS.items():
            day = histories.first_day_of(told, self.speech, event, people)
            earlier = (day >= 0) & ((entry < 0) | (day < entry))
            entry[earlier] = day[earlier]
            route[earlier] = event_log.ENTRY_ROUTES.index(name)
        charged = histories.first_day_of(told, self.speech, "charging_document", people)
        first = self._first_date()
        columns["entry_route"] = np.where(
            entry >= 0, route, event_log.ENTRY_ROUTES.index("unknown")
        )
        columns["entry_date"] = np.where(entry >= 0, entry + first, -1)
        columns["charging_date"] = np.where(charged >= 0, charged + first, -1)
        return columns


def _iso(word: str) -> str:
    """A scenario may pool nationalities as OTH; the log's column holds ISO codes or "unknown"."""
    return "unknown" if word == "OTH" else word


def _coded_cases(rules: Rules, columns: dict[str, NDArray[np.int64]]) -> event_log.CodedCases:
    """Case columns in the log's words."""
    classes = rules.layout.classes

    def words(attribute: str) -> tuple[NDArray[np.int16], list[str]]:
        known = list(rules.model.classes.get(attribute, ["unknown"]))
        codes = np.array([known.index(c.get(attribute, known[0])) for c in classes], np.int16)
        return codes[columns["class"]], known

    return event_log.CodedCases(
        replication=columns["replication"].astype(np.int16),
        case_id=columns["case_id"],
        nationality=(words("nationality")[0], [_iso(w) for w in words("nationality")[1]]),
        kind=words("kind"),
        entry_route=columns["entry_route"].astype(np.int16),
        entry_date=columns["entry_date"].astype(np.int32),
        charging_date=columns["charging_date"].astype(np.int32),
        extra={
            "feed": (columns["feed"].astype(np.int16), list(rules.layout.feeds)),
            "lawyer": words("lawyer"),
        },
    )
