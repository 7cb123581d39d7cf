"""The process as a machine: one state, one event, the next state or a reason why not.

A state is (the last main-track event, the custody state, the flags that are set). States are
numbered as they are met, so that replaying a log is a walk over integers; the rules themselves are
consulted once for each (state, event) pair.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from asylumatlas.process.transitions import Transitions
from asylumatlas.process.vocabulary import Point, Vocabulary

ILLEGAL = 0
"""Number of the state after an illegal event; nothing leads out of it."""

START = 1
"""Number of the state before the first event."""

_UNKNOWN = -1


class State(NamedTuple):
    """Where a history stands.

    Attributes:
        last: code of the last main-track point, -1 before the first.
        custody: name of the custody state.
        flags: the set flags, one bit each in the order of the file.
    """

    last: int
    custody: str
    flags: int


class _Rule(NamedTuple):
    """A guard as bit masks; ``needs_any`` is 0 where nothing is needed."""

    bars: int
    needs_any: int
    reason: str


class Machine:
    """Walks the transition table.

    Args:
        vocabulary: the words.
        transitions: what may follow what.

    Attributes:
        points: every event with each of its outcomes; a point's position is its code.
        codes: point -> code. A plain ``(event, outcome)`` tuple finds it too.
    """

    def __init__(self, vocabulary: Vocabulary, transitions: Transitions) -> None:
        events = vocabulary.events.values()
        self.points = tuple(point for event in events for point in event.points())
        self.codes: dict[tuple[str, str | None], int] = {
            point: code for code, point in enumerate(self.points)
        }
        self._vocabulary = vocabulary
        self._transitions = transitions
        self._tracks = [vocabulary.events[point.event].track for point in self.points]
        self._bits = {name: 1 << bit for bit, name in enumerate(transitions.flags)}
        self._changes = [self._flag_changes(point) for point in self.points]
        self._rules = [self._rules_of(point) for point in self.points]
        self._states = [State(-2, "", 0), State(-1, transitions.custody_start, 0)]
        self._numbers = {state: number for number, state in enumerate(self._states)}
        self._rows = [[ILLEGAL] * len(self.points), [_UNKNOWN] * len(self.points)]

    def _mask(self, flags: Iterable[str]) -> int:
        return sum(self._bits[flag] for flag in flags)

    def _flag_changes(self, point: Point) -> tuple[int, int, int]:
        flags = self._transitions.flags.values()
        return (
            self._mask(flag.name for flag in flags if point in flag.cleared_by),
            self._mask(flag.name for flag in flags if point in flag.flipped_by),
            self._mask(flag.name for flag in flags if point in flag.set_by),
        )

    def _rules_of(self, point: Point) -> tuple[_Rule, ...]:
        return tuple(
            _Rule(self._mask(guard.bars), self._mask(guard.needs_any), guard.reason)
            for guard in self._transitions.guards
            if point in guard.points
        )

    def step(self, number: int, code: int) -> int:
        """Return the number of the state after an event, `ILLEGAL` if it is not allowed.

        Args:
            number: number of the present state.
            code: code of the point.
        """
        after = self._rows[number][code]
        if after == _UNKNOWN:
            after = self._rows[number][code] = self._advance(number, code)
        return after

    def _advance(self, number: int, code: int) -> int:
        if self.problem(number, code) is not None:
            return ILLEGAL
        state = self._states[number]
        cleared, flipped, set_ = self._changes[code]
        moves = self._transitions.custody[state.custody].moves
        after = State(
            last=code if self._tracks[code] == "main" else state.last,
            custody=moves.get(self.points[code], state.custody),
            flags=((state.flags & ~cleared) ^ flipped) | set_,
        )
        if after not in self._numbers:
            self._numbers[after] = len(self._states)
            self._states.append(after)
            self._rows.append([_UNKNOWN] * len(self.points))
        return self._numbers[after]

    def problem(self, number: int, code: int) -> str | None:
        """Return why a point is illegal in a state, or ``None`` if it is legal."""
        state = self._states[number]
        return (
            self._broken_guard(state, code)
            or self._custody_problem(state, code)
            or self._order_problem(state, code)
        )

    def _broken_guard(self, state: State, code: int) -> str | None:
        if state.last < 0 and self._tracks[code] == "main":
            return None  # nothing came before, so there is nothing to look back on
        for rule in self._rules[code]:
            lacks = rule.needs_any and not state.flags & rule.needs_any
            if lacks or state.flags & rule.bars:
                return f"{self.points[code]}: {rule.reason}"
        return None

    def _custody_problem(self, state: State, code: int) -> str | None:
        custody = self._transitions.custody[state.custody]
        point = self.points[code]
        misplaced = self._tracks[code] == "custody" and point not in custody.moves
        if misplaced or point in custody.barred:
            return f"{point}: cannot happen while the custody track says: {custody.label}"
        return None

    def _order_problem(self, state: State, code: int) -> str | None:
        point, track = self.points[code], self._tracks[code]
        if track == "main":
            return self._follow_problem(state, point)
        stages = self._transitions.during.get(point.event)
        stage = self._stage(state)
        before_start = stage is None and track == "custody"
        if stages is None or before_start or stage in stages:
            return None
        return f"{point}: does not happen in the stage {stage or 'before the first event'}"

    def _follow_problem(self, state: State, point: Point) -> str | None:
        if state.last < 0:
            if point in self._transitions.starts:
                return None
            return f"{point}: a history cannot start with it"
        last = self.points[state.last]
        allowed = self._transitions.followers[last]
        if point in allowed:
            return None
        names = ", ".join(dict.fromkeys(follower.event for follower in allowed)) or "nothing"
        return f"{point}: cannot follow {last}, which may be followed by {names}"

    def _stage(self, state: State) -> str | None:
        if state.last < 0:
            return None
        point = self.points[state.last]
        for rule in self._transitions.stage_rules:
            if point in rule.points and state.flags & self._bits[rule.when]:
                return rule.stage
        return self._vocabulary.events[point.event].stage_after(point.outcome)

    def stage(self, number: int) -> str | None:
        """Return the main-track stage of a state, ``None`` before the first main-track event."""
        return self._stage(self._states[number])

    def custody(self, number: int) -> str:
        """Return the name of the custody state of a state."""
        return self._states[number].custody

    def end_problem(self, number: int) -> str | None:
        """Return why a history may not stop in a state, or ``None`` if it may."""
        custody = self._transitions.custody[self._states[number].custody]
        return None if custody.may_end else f"the history stops but: {custody.label}"
