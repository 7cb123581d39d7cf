"""Is a history legal? One history with a reason, or millions with a yes or no."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asylumatlas.process.definition import Process, load
from asylumatlas.process.machine import ILLEGAL, START, Machine
from asylumatlas.process.vocabulary import ProcessError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

_MISSING = -2  # in the table of pairs: the event needs an outcome and has none
_WRONG = -1  # in the table of pairs: the event has no such outcome


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `replay` found.

    Attributes:
        legal: whether every event could follow those before it.
        position: position (from 0) of the first illegal event; the number of events read if none.
        reason: why that event is illegal, empty if the history is legal.
        stage: the main-track stage reached by the last legal event, ``None`` before the first.
        custody: name of the custody state then: not_recorded, free, held or leaving.
    """

    legal: bool
    position: int
    reason: str
    stage: str | None
    custody: str


def replay(history: Iterable[tuple[str, str | None]], process: Process | None = None) -> Verdict:
    """Say whether a history is legal, and if not, where and why.

    Args:
        history: (event, outcome) pairs in date order; the outcome is ``None`` where the event has
            none.
        process: the process to replay through; by default that of this package.

    Raises:
        ProcessError: if an event or an outcome is not in the vocabulary.

    Example:
        >>> verdict = replay([("fear_claimed", None), ("removal_executed", None)])
        >>> verdict.legal, verdict.position, verdict.stage
        (False, 1, 'screening')
    """
    process = process or load()
    machine = process.machine
    codes, step = machine.codes, machine.step
    number, position = START, 0
    for pair in history:
        code = codes.get(pair)
        if code is None:
            reason = _missing_outcome(process, *pair)
            return _verdict(machine, number, position, reason)
        after = step(number, code)
        if after == ILLEGAL:
            return _verdict(machine, number, position, machine.problem(number, code))
        number = after
        position += 1
    return _verdict(machine, number, position, machine.end_problem(number))


def _verdict(machine: Machine, number: int, position: int, reason: str | None) -> Verdict:
    stage, custody = machine.stage(number), machine.custody(number)
    return Verdict(reason is None, position, reason or "", stage, custody)


def _missing_outcome(process: Process, event: str, outcome: str | None) -> str:
    """Return the reason for an outcome that was left out; raise for an unknown word."""
    if event in process.events and outcome is None:
        return f"{event}: needs an outcome: {', '.join(process.events[event].outcomes)}"
    return str(process.point(event, outcome))


def _pair_codes(process: Process) -> NDArray[np.int32]:
    """Return the point codes by event code and outcome code + 1, shape (events, outcomes + 1)."""
    import numpy as np

    outcomes: dict[str | None, int] = {name: code for code, name in enumerate(process.outcomes, 1)}
    outcomes[None] = 0
    pairs = np.full((len(process.events), len(outcomes)), _WRONG, dtype=np.int32)
    pairs[:, 0] = _MISSING
    events = {name: code for code, name in enumerate(process.events)}
    for point, code in process.machine.codes.items():
        pairs[events[point[0]], outcomes[point[1]]] = code
    return pairs


def _point_codes(
    process: Process, events: NDArray[Any], outcomes: NDArray[Any]
) -> NDArray[np.int32]:
    """Return the point code of each row, `_MISSING` where an outcome is left out, shape (n,)."""
    pairs = _pair_codes(process)
    limits = (("event", events, 0, pairs.shape[0]), ("outcome", outcomes, -1, pairs.shape[1] - 1))
    for what, given, low, high in limits:
        if given.size and (given.min() < low or given.max() >= high):
            raise ProcessError(f"{what}: codes must run from {low} to {high - 1}.")
    codes: NDArray[np.int32] = pairs[events, outcomes + 1]
    wrong = (codes == _WRONG).nonzero()[0]
    if wrong.size:
        row = int(wrong[0])
        event = tuple(process.events)[int(events[row])]
        outcome = tuple(process.outcomes)[int(outcomes[row])]
        process.point(event, outcome)
    return codes


class _Table:
    """The machine's table as an array that is filled in as pairs of state and point are met."""

    def __init__(self, machine: Machine) -> None:
        import numpy as np

        self.machine = machine
        self.after = np.full((64, len(machine.points)), -1, dtype=np.int32)
        self.after[ILLEGAL] = ILLEGAL

    def step(self, states: NDArray[np.int32], codes: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the states after one event each, shape (n,)."""
        import numpy as np

        after: NDArray[np.int32] = self.after[states, codes]
        unknown = after < 0
        if unknown.any():
            width = self.after.shape[1]
            for pair in np.unique(states[unknown].astype(np.int64) * width + codes[unknown]):
                self._fill(*divmod(int(pair), width))
            after = self.after[states, codes]
        return after

    def _fill(self, state: int, code: int) -> None:
        import numpy as np

        number = self.machine.step(state, code)
        while number >= len(self.after):
            self.after = np.concatenate([self.after, np.full_like(self.after, -1)])
        self.after[state, code] = number


def replay_many(
    case_ids: ArrayLike, events: ArrayLike, outcomes: ArrayLike, process: Process | None = None
) -> NDArray[np.bool_]:
    """Say for each case whether its history is legal.

    Cases advance together, one event a round, so the work is a few array look-ups for each row.

    Args:
        case_ids: case of each row, shape (n,); rows of one case are adjacent and in date order.
            With several replications, pass a number that is unique over them.
        events: event code of each row (position in `event_codes`), shape (n,).
        outcomes: outcome code of each row (position in `outcome_codes`), -1 for none, shape (n,).
        process: the process to replay through; by default that of this package.

    Returns:
        One truth value for each case in order of appearance, shape (cases,).

    Raises:
        ProcessError: if a code is out of range, an event has no such outcome, or the lengths
            differ.
    """
    import numpy as np

    process = process or load()
    cases = np.asarray(case_ids)
    event_rows = np.asarray(events, dtype=np.int64)
    outcome_rows = np.asarray(outcomes, dtype=np.int64)
    if not cases.shape == event_rows.shape == outcome_rows.shape or cases.ndim != 1:
        raise ProcessError("case_ids, events, outcomes: must be flat and of one length.")
    if not cases.size:
        return np.zeros(0, dtype=np.bool_)
    codes = _point_codes(process, event_rows, outcome_rows)
    first = np.flatnonzero(np.concatenate([[True], cases[1:] != cases[:-1]]))
    lengths = np.diff(np.append(first, cases.size))
    order = np.argsort(-lengths, kind="stable")  # longest first: those still running stay in front
    running = np.searchsorted(-lengths[order], -np.arange(lengths.max()))
    states = np.full(first.size, START, dtype=np.int32)
    table = _Table(process.machine)
    for position, count in enumerate(running):
        codes_now = codes[first[order[:count]] + position]
        stepped = table.step(states[:count], np.maximum(codes_now, 0))
        states[:count] = np.where(codes_now == _MISSING, ILLEGAL, stepped)
    legal = np.empty(first.size, dtype=np.bool_)
    legal[order] = _may_end(process.machine, states)
    return legal


def _may_end(machine: Machine, states: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return whether each state is legal and one in which a history may stop, shape (n,)."""
    import numpy as np

    numbers, inverse = np.unique(states, return_inverse=True)
    ends = [number != ILLEGAL and machine.end_problem(int(number)) is None for number in numbers]
    return np.array(ends, dtype=np.bool_)[inverse]
