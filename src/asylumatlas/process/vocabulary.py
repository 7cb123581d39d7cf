"""What the words of the process are: stages, events, outcomes and who groups them.

The words live in TOML files beside this module; here they become frozen, checked objects. Nothing
else in the package may introduce a stage, an event or an outcome.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

Track = Literal["main", "custody", "side"]


class ProcessError(ValueError):
    """A vocabulary file is wrong, or a word is not in the vocabulary.

    The message is one line: ``file: key.path: what is wrong. Did you mean "x"?``
    """


class Point(NamedTuple):
    """One event together with its outcome, or ``None`` for an event that has no outcomes."""

    event: str
    outcome: str | None = None

    def __str__(self) -> str:
        return self.event if self.outcome is None else f"{self.event}.{self.outcome}"


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a person stands in the process.

    Attributes:
        name: the word used in code, columns and flags.
        label: the words shown to readers.
        gloss: a plain sentence.
        order: position in the usual sequence, from 1.
        kind: ``open`` when something is still to come, ``final`` when nothing more is required.
        track: ``main``, or ``custody`` for the track that runs beside it.
    """

    name: str
    label: str
    gloss: str
    order: int
    kind: Literal["open", "final"]
    track: Literal["main", "custody"]


@dataclass(frozen=True, slots=True)
class Publisher:
    """An organization whose published figures group outcomes in their own way."""

    name: str
    label: str
    note: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an event can come out.

    Attributes:
        name: the word used in code and columns.
        label: the words shown to readers.
        gloss: a plain sentence.
        groups: event name -> publisher name -> that publisher's group; a publisher is absent where
            no published grouping was found.
    """

    name: str
    label: str
    gloss: str
    groups: Mapping[str, Mapping[str, str]]

    def group(self, event: str, publisher: str) -> str | None:
        """Return the publisher's group for this outcome of ``event``, ``None`` if there is none."""
        return self.groups.get(event, {}).get(publisher)


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of event.

    Attributes:
        name: the word used in code, columns and flags.
        label: the words shown to readers.
        stage: the stage a person stands in after the event; for side and custody events, where the
            event belongs.
        track: ``main`` moves the person, ``custody`` runs beside, ``side`` moves nothing.
        actor: who acts.
        definition: what the event means.
        law: the citation, ``None`` where no rule applies.
        outcomes: names of the possible outcomes, empty where the event has none.
        stage_by_outcome: outcome name -> stage, where it differs from ``stage``.
        records: where court records show the event, or that they do not.
    """

    name: str
    label: str
    stage: str
    track: Track
    actor: str
    definition: str
    records: str
    law: str | None = None
    outcomes: tuple[str, ...] = ()
    stage_by_outcome: Mapping[str, str] = field(default_factory=dict)

    def points(self) -> tuple[Point, ...]:
        """Return the event with each of its outcomes, or once with ``None`` if it has none."""
        if not self.outcomes:
            return (Point(self.name),)
        return tuple(Point(self.name, outcome) for outcome in self.outcomes)

    def stage_after(self, outcome: str | None = None) -> str:
        """Return the stage after the event with this outcome.

        A few appeals lead elsewhere when an earlier grant stands; `replay` knows the history and
        answers for those.
        """
        return self.stage_by_outcome.get(outcome or "", self.stage)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The stages, events, outcomes and publishers, each by name in file order."""

    stages: Mapping[str, Stage]
    events: Mapping[str, Event]
    outcomes: Mapping[str, Outcome]
    publishers: Mapping[str, Publisher]


def suggestion(word: object, known: Iterable[str]) -> str:
    """Return ``' Did you mean "x"?'`` for the nearest known word, or an empty string.

    >>> suggestion("fear_intervew", ["fear_interview", "fear_claimed"])
    ' Did you mean "fear_interview"?'
    """
    near = difflib.get_close_matches(str(word), list(known), n=1)
    return f' Did you mean "{near[0]}"?' if near else ""


def require_known(word: object, known: Collection[str], where: str, what: str) -> None:
    """Raise unless ``word`` is one of ``known``.

    Raises:
        ProcessError: naming the place, the word and the nearest known word.
    """
    if word not in known:
        raise ProcessError(f'{where}: unknown {what} "{word}".{suggestion(word, known)}')


def read_toml(path: Path) -> dict[str, Any]:
    """Read one vocabulary file.

    Raises:
        ProcessError: if the file is missing or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProcessError(f"{path.name}: cannot be read: {error.strerror}.") from error
    except tomllib.TOMLDecodeError as error:
        raise ProcessError(f"{path.name}: not valid TOML: {error}.") from error


def check_keys(
    table: object, where: str, required: Collection[str], optional: Collection[str] = ()
) -> None:
    """Raise unless ``table`` has every required key, none empty, and no key beyond the two lists.

    Raises:
        ProcessError: naming the key.
    """
    if not isinstance(table, dict):
        raise ProcessError(f"{where}: must be a table.")
    for key in table:
        require_known(key, [*required, *optional], f"{where}.{key}", "key")
    for key in required:
        if table.get(key) in (None, ""):
            raise ProcessError(f"{where}.{key}: missing or empty.")


def _read_stages(folder: Path) -> dict[str, Stage]:
    stages = {}
    for name, table in read_toml(folder / "stages.toml").items():
        where = f"stages.toml: {name}"
        check_keys(table, where, ["label", "gloss", "order", "kind", "track"])
        require_known(table["kind"], ["open", "final"], f"{where}.kind", "kind")
        require_known(table["track"], ["main", "custody"], f"{where}.track", "track")
        stages[name] = Stage(name=name, **table)
    orders = [stage.order for stage in stages.values()]
    if orders != list(range(1, len(orders) + 1)):
        raise ProcessError(f"stages.toml: order: must run 1 to {len(orders)} in file order.")
    return stages


def _read_publishers(folder: Path) -> dict[str, Publisher]:
    publishers = {}
    for name, table in read_toml(folder / "publishers.toml").items():
        check_keys(table, f"publishers.toml: {name}", ["label", "note"])
        publishers[name] = Publisher(name=name, **table)
    return publishers


def _read_outcomes(folder: Path, publishers: Collection[str]) -> dict[str, Outcome]:
    outcomes = {}
    for name, table in read_toml(folder / "outcomes.toml").items():
        where = f"outcomes.toml: {name}"
        check_keys(table, where, ["label", "gloss"], ["groups"])
        groups = {}
        for event, group in table.get("groups", {}).items():
            check_keys(group, f"{where}.groups.{event}", [], publishers)
            groups[event] = MappingProxyType(dict(group))
        outcomes[name] = Outcome(name, table["label"], table["gloss"], MappingProxyType(groups))
    return outcomes


def _read_event(name: str, table: Any, stages: Collection[str]) -> Event:
    where = f"events.toml: {name}"
    required = ["label", "stage", "track", "actor", "definition", "records"]
    check_keys(table, where, required, ["law", "outcomes", "stages", "stage_by_outcome"])
    fields = dict(table)
    require_known(fields["track"], ["main", "custody", "side"], f"{where}.track", "track")
    require_known(fields["stage"], stages, f"{where}.stage", "stage")
    reached = fields.pop("stages", None)
    if reached is not None:  # the marker event: its outcome is the stage already reached
        fields["outcomes"] = reached
        fields["stage_by_outcome"] = {stage: stage for stage in reached}
    fields["outcomes"] = tuple(fields.get("outcomes", ()))
    by_outcome = fields.get("stage_by_outcome", {})
    for outcome, stage in by_outcome.items():
        place = f"{where}.stage_by_outcome.{outcome}"
        require_known(outcome, fields["outcomes"], place, "outcome")
        require_known(stage, stages, place, "stage")
    fields["stage_by_outcome"] = MappingProxyType(dict(by_outcome))
    return Event(name=name, **fields)


def _check_outcomes(events: Mapping[str, Event], outcomes: Mapping[str, Outcome]) -> None:
    used = {outcome for event in events.values() for outcome in event.outcomes}
    for event in events.values():
        for outcome in event.outcomes:
            where = f"events.toml: {event.name}.outcomes"
            require_known(outcome, outcomes, where, "outcome")
    for name, entry in outcomes.items():
        where = f"outcomes.toml: {name}"
        if name not in used:
            raise ProcessError(f"{where}: no event has this outcome.")
        for event_name in entry.groups:
            require_known(event_name, events, f"{where}.groups.{event_name}", "event")
            if name not in events[event_name].outcomes:
                raise ProcessError(f"{where}.groups.{event_name}: the event has no such outcome.")


def _add_stages_reached(
    events: Mapping[str, Event], stages: Mapping[str, Stage], outcomes: dict[str, Outcome]
) -> None:
    """Make an outcome, in the stage's own words, of each stage that is an event's outcome."""
    for name in [name for event in events.values() for name in event.outcomes]:
        if name in stages:
            if name in outcomes:
                raise ProcessError(f"outcomes.toml: {name}: is already the name of a stage.")
            stage = stages[name]
            outcomes[name] = Outcome(name, stage.label, stage.gloss, MappingProxyType({}))


def read_vocabulary(folder: Path) -> Vocabulary:
    """Read and check the words in ``folder``.

    Raises:
        ProcessError: at the first thing that is wrong, in one line.
    """
    stages = _read_stages(folder)
    publishers = _read_publishers(folder)
    outcomes = _read_outcomes(folder, publishers)
    tables = read_toml(folder / "events.toml")
    events = {name: _read_event(name, table, stages) for name, table in tables.items()}
    _add_stages_reached(events, stages, outcomes)
    _check_outcomes(events, outcomes)
    return Vocabulary(
        MappingProxyType(stages),
        MappingProxyType(events),
        MappingProxyType(outcomes),
        MappingProxyType(publishers),
    )
