"""The process as one frozen object, read once from the files beside this module."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from asylumatlas.process.machine import Machine
from asylumatlas.process.transitions import Transitions, read_transitions
from asylumatlas.process.vocabulary import (
    Event,
    Outcome,
    Point,
    Publisher,
    Stage,
    Vocabulary,
    read_vocabulary,
    require_known,
)

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Process:
    """The asylum process: its words, and what may follow what.

    Attributes:
        vocabulary: stages, events, outcomes, publishers.
        transitions: followers, flags, guards, custody.
        version: 12 hexadecimal digits that change when any vocabulary file changes.

    Example:
        >>> process = load()
        >>> process.events["fear_interview"].outcomes
        ('fear_found', 'fear_not_found', 'closed')
        >>> [str(point) for point in process.followers("judge_review_waived")]
        ['removal_ordered', 'charging_document', 'departed_voluntarily']
    """

    vocabulary: Vocabulary
    transitions: Transitions
    version: str

    @property
    def stages(self) -> Mapping[str, Stage]:
        """Stages by name, in the usual order."""
        return self.vocabulary.stages

    @property
    def events(self) -> Mapping[str, Event]:
        """Events by name, in file order."""
        return self.vocabulary.events

    @property
    def outcomes(self) -> Mapping[str, Outcome]:
        """Outcomes by name, in file order."""
        return self.vocabulary.outcomes

    @property
    def publishers(self) -> Mapping[str, Publisher]:
        """Publishers whose groupings of outcomes are known, by name."""
        return self.vocabulary.publishers

    @property
    def starts(self) -> tuple[Point, ...]:
        """The main-track points with which a history may begin."""
        return self.transitions.starts

    @functools.cached_property
    def machine(self) -> Machine:
        """The transition table compiled for replay."""
        return Machine(self.vocabulary, self.transitions)

    def point(self, event: str, outcome: str | None = None) -> Point:
        """Return the checked pair of an event and its outcome.

        Raises:
            ProcessError: if either word is unknown, or an outcome is missing or superfluous.
        """
        require_known(event, self.events, "event", "event")
        outcomes = self.events[event].outcomes
        if outcomes or outcome is not None:
            require_known(outcome, outcomes, f"event: {event}", "outcome")
        return Point(event, outcome)

    def followers(self, event: str, outcome: str | None = None) -> tuple[Point, ...]:
        """Return what may come next on the event's own track.

        Guards (for example "no appeal is pending") can rule some of these out for a given history;
        `replay` applies them.

        Args:
            event: name of an event.
            outcome: name of its outcome, ``None`` where it has none.

        Returns:
            Main track: the points that may follow. Custody track: the custody points that may
            follow. Side track: nothing, because a side event leaves both tracks where they are.

        Raises:
            ProcessError: if either word is unknown.
        """
        point = self.point(event, outcome)
        track = self.events[event].track
        if track == "main":
            return self.transitions.followers[point]
        if track == "side":
            return ()
        states = self.transitions.custody
        after = dict.fromkeys(
            states[state.moves[point]].name for state in states.values() if point in state.moves
        )
        moves = dict.fromkeys(move for name in after for move in states[name].moves)
        return tuple(move for move in moves if self.events[move.event].track == "custody")


def _version(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.toml")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:12]


@functools.cache
def load(folder: Path | None = None) -> Process:
    """Read, check and freeze the process; a second call returns the same object.

    Args:
        folder: a folder with the five vocabulary files; by default those of this package.

    Raises:
        ProcessError: at the first thing that is wrong in the files, in one line.
    """
    folder = folder or _FOLDER
    vocabulary = read_vocabulary(folder)
    return Process(vocabulary, read_transitions(folder, vocabulary), _version(folder))


def vocabulary_version() -> str:
    """Return 12 hexadecimal digits that change when any vocabulary file changes."""
    return load().version


def event_codes() -> tuple[str, ...]:
    """Return the event names; a name's position is its code within one vocabulary version."""
    return tuple(load().events)


def outcome_codes() -> tuple[str, ...]:
    """Return the outcome names; a name's position is its code within one vocabulary version."""
    return tuple(load().outcomes)
