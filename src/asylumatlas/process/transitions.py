"""What may follow what: the main track, the custody track, and what a history remembers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from asylumatlas.process.vocabulary import (
    Point,
    ProcessError,
    Vocabulary,
    check_keys,
    read_toml,
    require_known,
)

FILE = "transitions.toml"


@dataclass(frozen=True, slots=True)
class Flag:
    """A fact that outlives the last event, such as an appeal being pending.

    On each event the flag is first cleared, then flipped, then set.
    """

    name: str
    definition: str
    set_by: frozenset[Point]
    cleared_by: frozenset[Point]
    flipped_by: frozenset[Point]


@dataclass(frozen=True, slots=True)
class Guard:
    """A rule on one event: no flag under ``bars``, and at least one of ``needs_any`` if given."""

    points: frozenset[Point]
    bars: frozenset[str]
    needs_any: frozenset[str]
    reason: str


@dataclass(frozen=True, slots=True)
class StageRule:
    """The stage after an event when a flag is set, where it differs from the event's own."""

    points: frozenset[Point]
    when: str
    stage: str


@dataclass(frozen=True, slots=True)
class CustodyState:
    """A state of the custody track, which runs beside the main track.

    Attributes:
        name: the word used in code.
        label: the words shown to readers.
        moves: event -> the next state. Custody-track events not listed are illegal here.
        barred: main-track events that cannot happen here.
        may_end: whether a history may stop here.
    """

    name: str
    label: str
    moves: Mapping[Point, str]
    barred: frozenset[Point]
    may_end: bool


@dataclass(frozen=True, slots=True)
class Transitions:
    """The whole transition table, resolved to points (event with outcome)."""

    starts: tuple[Point, ...]
    followers: Mapping[Point, tuple[Point, ...]]
    flags: Mapping[str, Flag]
    guards: tuple[Guard, ...]
    stage_rules: tuple[StageRule, ...]
    during: Mapping[str, frozenset[str]]
    custody: Mapping[str, CustodyState]
    custody_start: str


class _Reader:
    """Turns the names in the file into points, and says where a name is wrong."""

    def __init__(self, vocabulary: Vocabulary, groups: Mapping[str, list[str]]) -> None:
        self.vocabulary = vocabulary
        self.groups = groups

    def points(self, name: str, where: str) -> tuple[Point, ...]:
        """Return the points of ``event`` (every outcome) or of ``event.outcome`` (that one)."""
        event_name, _, outcome = name.partition(".")
        require_known(event_name, self.vocabulary.events, where, "event")
        event = self.vocabulary.events[event_name]
        if not outcome:
            return event.points()
        require_known(outcome, event.outcomes, where, f"outcome of {event_name}")
        return (Point(event_name, outcome),)

    def all_points(self, names: Iterable[str], where: str) -> tuple[Point, ...]:
        """Return the points of several names and ``$groups``, once each, in order."""
        found: dict[Point, None] = {}
        for name in names:
            if name.startswith("$"):
                require_known(name[1:], self.groups, where, "group")
                members = self.all_points(self.groups[name[1:]], f"{FILE}: groups.{name[1:]}")
            else:
                members = self.points(name, where)
            found.update(dict.fromkeys(members))
        return tuple(found)

    def main_points(self, names: Iterable[str], where: str) -> tuple[Point, ...]:
        """Return `all_points`, refusing events that are not on the main track."""
        points = self.all_points(names, where)
        for point in points:
            if self.vocabulary.events[point.event].track != "main":
                raise ProcessError(f"{where}: {point.event} is not on the main track.")
        return points


def _read_followers(
    reader: _Reader, table: Mapping[str, list[str]]
) -> dict[Point, tuple[Point, ...]]:
    followers: dict[Point, tuple[Point, ...]] = {}
    for name in sorted(table, key=lambda name: "." in name):  # one outcome overrides its event
        where = f"{FILE}: followers.{name}"
        after = reader.main_points(table[name], where)
        for point in reader.main_points([name], where):
            followers[point] = after
    for event in reader.vocabulary.events.values():
        for point in event.points():
            if event.track == "main" and point not in followers:
                raise ProcessError(f"{FILE}: followers: {point} is missing.")
    return followers


def _read_flags(reader: _Reader, tables: Mapping[str, Any]) -> dict[str, Flag]:
    flags = {}
    for name, table in tables.items():
        where = f"{FILE}: flags.{name}"
        check_keys(table, where, ["definition", "set_by"], ["cleared_by", "flipped_by"])
        changes = {
            key: frozenset(reader.all_points(table.get(key, ()), f"{where}.{key}"))
            for key in ("set_by", "cleared_by", "flipped_by")
        }
        flags[name] = Flag(name=name, definition=table["definition"], **changes)
    return flags


def _read_guards(reader: _Reader, tables: list[Any], flags: Collection[str]) -> tuple[Guard, ...]:
    guards = []
    for number, table in enumerate(tables, start=1):
        where = f"{FILE}: guards[{number}]"
        check_keys(table, where, ["event", "reason"], ["bars", "needs_any"])
        bars, needs_any = table.get("bars", []), table.get("needs_any", [])
        if not bars and not needs_any:
            raise ProcessError(f"{where}: needs bars or needs_any.")
        for flag in [*bars, *needs_any]:
            require_known(flag, flags, where, "flag")
        points = frozenset(reader.points(table["event"], f"{where}.event"))
        guards.append(Guard(points, frozenset(bars), frozenset(needs_any), table["reason"]))
    return tuple(guards)


def _read_stage_rules(
    reader: _Reader, tables: list[Any], flags: Collection[str]
) -> tuple[StageRule, ...]:
    rules = []
    for number, table in enumerate(tables, start=1):
        where = f"{FILE}: stage_rules[{number}]"
        check_keys(table, where, ["event", "when", "stage"])
        require_known(table["when"], flags, f"{where}.when", "flag")
        require_known(table["stage"], reader.vocabulary.stages, f"{where}.stage", "stage")
        points = frozenset(reader.main_points([table["event"]], f"{where}.event"))
        rules.append(StageRule(points, table["when"], table["stage"]))
    return tuple(rules)


def _read_during(
    vocabulary: Vocabulary, tables: Mapping[str, list[str]]
) -> dict[str, frozenset[str]]:
    during = {}
    for name, stages in tables.items():
        where = f"{FILE}: during.{name}"
        require_known(name, vocabulary.events, where, "event")
        if vocabulary.events[name].track == "main":
            raise ProcessError(f"{where}: a main-track event is placed by followers, not here.")
        for stage in stages:
            require_known(stage, vocabulary.stages, where, "stage")
        during[name] = frozenset(stages)
    return during


def _read_custody(reader: _Reader, table: Any) -> tuple[dict[str, CustodyState], str]:
    check_keys(table, f"{FILE}: custody", ["start", "states"])
    events = reader.vocabulary.events
    main = [name for name, event in events.items() if event.track == "main"]
    states = {}
    for name, state in table["states"].items():
        where = f"{FILE}: custody.states.{name}"
        check_keys(state, where, ["label", "moves", "barred"], ["may_end"])
        moves = {}
        for event, target in state["moves"].items():
            require_known(target, table["states"], f"{where}.moves.{event}", "custody state")
            moves.update(dict.fromkeys(reader.points(event, f"{where}.moves.{event}"), target))
        barred = main if state["barred"] == "all" else state["barred"]
        states[name] = CustodyState(
            name,
            state["label"],
            MappingProxyType(moves),
            frozenset(reader.main_points(barred, f"{where}.barred")),
            state.get("may_end", True),
        )
    require_known(table["start"], states, f"{FILE}: custody.start", "custody state")
    return states, table["start"]


def _check_reachable(vocabulary: Vocabulary, transitions: Transitions) -> None:
    seen = set(transitions.starts)
    todo = list(seen)
    while todo:
        new = set(transitions.followers[todo.pop()]) - seen
        seen |= new
        todo.extend(new)
    for state in transitions.custody.values():
        seen.update(state.moves)
    for event in vocabulary.events.values():
        for point in event.points():
            if event.track != "side" and point not in seen:
                raise ProcessError(f"{FILE}: {point} can never happen: nothing leads to it.")


def read_transitions(folder: Path, vocabulary: Vocabulary) -> Transitions:
    """Read and check ``transitions.toml`` in ``folder`` against the words.

    Raises:
        ProcessError: at the first thing that is wrong, in one line: an unknown word, an event
            without an entry, an event that nothing leads to.
    """
    table = read_toml(folder / FILE)
    required = ["starts", "groups", "followers", "flags", "guards", "stage_rules", "during"]
    check_keys(table, f"{FILE}: file", [*required, "custody"])
    reader = _Reader(vocabulary, table["groups"])
    flags = _read_flags(reader, table["flags"])
    custody, custody_start = _read_custody(reader, table["custody"])
    transitions = Transitions(
        starts=reader.main_points(table["starts"], f"{FILE}: starts"),
        followers=MappingProxyType(_read_followers(reader, table["followers"])),
        flags=MappingProxyType(flags),
        guards=_read_guards(reader, table["guards"], flags),
        stage_rules=_read_stage_rules(reader, table["stage_rules"], flags),
        during=MappingProxyType(_read_during(vocabulary, table["during"])),
        custody=MappingProxyType(custody),
        custody_start=custody_start,
    )
    _check_reachable(vocabulary, transitions)
    return transitions
