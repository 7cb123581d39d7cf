"""The numbers behind the steps of a simulated life, as the log's own scenario has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from asylumatlas import evidence
from asylumatlas.events import Log
from asylumatlas.scenario import Scenario, ScenarioError
from asylumatlas.scenario.amounts import Delay, From, Ranged, Scaled
from asylumatlas.scenario.controls import Control, controls
from asylumatlas.scenario.controls import Step as Number
from asylumatlas.scenario.model import Outcome, ScenarioModel
from asylumatlas.web.life.course import Step, model_of

LAWS = ("days", "low", "high", "mean", "median", "p90")
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Used:
    """A number behind a step.

    Attributes:
        role: what it does there, one of the keys ``life.role_...`` of the words.
        key: what names it in the scenario.
        label: what it is, in words.
        value: in the unit.
        low: least value of its range.
        high: greatest value of its range.
        unit: in words.
        source: id in `evidence`; "" where it is assumed.
        publisher: of the source.
        assumed: why it was chosen, where no source gives it.
        is_parameter: whether it is one of the parameters that scenarios share.
    """

    role: str
    key: str
    label: str
    value: float
    low: float
    high: float
    unit: str
    source: str
    publisher: str
    assumed: str
    is_parameter: bool


class Book:
    """What is behind the steps of a log's lives: its scenario, and each number of it.

    Args:
        log: a log that carries a scenario; others are told without it.
    """

    def __init__(self, log: Log) -> None:
        self.log = log
        scenario = log.manifest.details.get("scenario")
        plain = scenario if isinstance(scenario, dict) else {}
        self.model: ScenarioModel | None = model_of(plain) if plain else None
        self.controls: dict[str, Control] = {}
        if self.model is not None:
            try:
                found = controls(Scenario(log.folder.name, self.model, plain))
            except (ScenarioError, KeyError):
                found = []
            self.controls = {each.key: each for each in found}

    def place(self, name: str | None) -> str:
        """Return what a place is called."""
        if name is None:
            return ""
        return self.model.places.get(name, name) if self.model else name

    def feed(self, name: str) -> str:
        """Return where a feed's people come from, in words."""
        feed = self.model.feeds.get(name) if self.model else None
        return (feed.label or name) if feed else name

    def station(self, step: Step) -> str:
        """Return the part of the scenario that a step is of, in words."""
        assert self.model is not None
        if step.kind == "way":
            return step.owner.replace("_", " ")
        if step.kind == "starts":
            return self.feed(step.owner)
        return self.model.stations[step.owner].label or step.owner

    def outcome(self, step: Step) -> Outcome | None:
        """Return the outcome that a step is."""
        if self.model is None or step.kind in ("way", "postponed"):
            return None
        if step.kind == "starts":
            return self.model.feeds[step.owner].starts[step.index]
        found: Outcome = getattr(self.model.stations[step.owner], step.kind)[step.index]
        return found

    def numbers(
        self, quantity: Any, path: Path, words: Mapping[str, str], on: date, role: str
    ) -> Iterator[Used]:
        """Yield the numbers that a quantity is on a date.

        Args:
            quantity: as a scenario has it: a number, a name, a multiple, or a list by dates.
            path: where it stands in the file.
            words: the person's class, for names that hold one.
            on: the day.
            role: what it does.
        """
        if isinstance(quantity, list):
            held = [k for k, item in enumerate(quantity) if item.start <= on] or [0]
            item: From = quantity[held[-1]]
            yield from self.numbers(item.is_, (*path, held[-1], "is"), words, on, role)
        elif isinstance(quantity, Scaled):
            yield from self.numbers(quantity.of, path, words, on, role)
            yield from self.numbers(quantity.times, (*path, "times"), words, on, role)
        elif isinstance(quantity, Ranged):
            yield from self._used(".".join(map(str, path)), on, role)
        elif isinstance(quantity, str):
            for name in _spelled(quantity, words):
                if name in self.controls:
                    yield from self._used(name, on, role)
                    return

    def law(
        self, law: Delay | None, path: Path, words: Mapping[str, str], on: date, role: str
    ) -> Iterator[Used]:
        """Yield the numbers of a law of delay."""
        for name in LAWS if law is not None else ():
            yield from self.numbers(getattr(law, name), (*path, name), words, on, role)

    def _used(self, key: str, on: date, role: str) -> Iterator[Used]:
        control = self.controls.get(key)
        if control is None:
            return
        number = _holding(control.steps, on)
        cited = evidence.sources().get(number.source)
        yield Used(
            *(role, key, control.label, number.value, number.low, number.high, control.unit),
            *(number.source, cited.publisher if cited else ""),
            "" if number.source else control.assumed,
            control.path is None,
        )


def _spelled(text: str, words: Mapping[str, str]) -> Iterator[str]:
    for option in text.split("|"):
        for name, word in words.items():
            option = option.replace("{" + name + "}", word)
        yield option


def _holding(steps: Sequence[Number], on: date) -> Number:
    held = steps[0]
    for step in steps[1:]:
        held = step if step.start is not None and step.start <= on else held
    return held
