"""Pieces of work and their results, in order, however many hands do them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from typing import Any, Protocol

from asylumatlas.ensembles.failure import EnsembleError
from asylumatlas.ensembles.journal import MISSING, Journal

Progress = Callable[[int, int], None]
TRIES = 3
"""How often a piece is tried, when its worker dies, before the work is given up."""


class Crew(Protocol):
    """Those who do pieces.

    Attributes:
        hands: pieces that may be with the crew at once.
    """

    hands: int

    def submit(self, number: int, argument: Any) -> None:
        """Hand a piece over."""

    def collect(self) -> list[tuple[int, Any]]:
        """Wait until at least one piece is finished; numbers and results."""

    def close(self, *, done: bool) -> None:
        """Let the crew go; where the work is not done, nothing may still be at it after this."""


def pieces(
    function: Callable[..., Any],
    arguments: Sequence[Any],
    *,
    workers: int = 1,
    executor: Executor | None = None,
    scheduler: str | None = None,
    journal: Journal | None = None,
    progress: Progress | None = None,
    common: tuple[Any, ...] = (),
) -> Iterator[Any]:
    """Results of `function(*common, argument)` for each argument, in the arguments' order.

    The results do not depend on who does the pieces. At most a few pieces a worker are under way
    or waiting for an earlier one at any time, so a long list needs no more memory than a short one.
    A piece whose worker dies is tried again, up to three times; an error of the function itself is
    raised as it is.

    Args:
        function: a pure function at the top level of a module.
        arguments: one for each piece; things that can be pickled.
        workers: processes started here; 1 does the work in this one.
        executor: any `concurrent.futures` executor, instead of `workers`.
        scheduler: address of a Dask scheduler, such as "tcp://10.0.0.5:8786", instead of both.
        journal: keeps finished pieces, and gives those that an earlier call kept.
        progress: called with (pieces finished, pieces in all).
        common: what all pieces share, sent once to each worker where that can be done.

    Raises:
        EnsembleError: workers that keep dying, a scheduler that does not answer or has gone: one
            line that tells what was saved.

    Example:
        >>> list(pieces(pow, [1, 2, 3], common=(2,)))
        [2, 4, 8]
    """
    crew = _crew(function, common, len(arguments), workers, executor, scheduler)
    try:
        yield from _in_order(crew, list(arguments), journal, progress)
    except EnsembleError as error:
        if error.total:  # told by work within a piece
            raise
        folder, saved = (journal.folder, len(journal)) if journal is not None else (None, 0)
        raise EnsembleError(
            error.reason, saved=saved, total=len(arguments), folder=folder
        ) from error


def _crew(
    function: Callable[..., Any],
    common: tuple[Any, ...],
    total: int,
    workers: int,
    executor: Executor | None,
    scheduler: str | None,
) -> Crew:
    """Those who do the pieces, started when the first piece is handed over."""
    if scheduler is not None and executor is not None:
        raise EnsembleError("scheduler: give a scheduler or an executor, not both")
    if scheduler is not None:
        from asylumatlas.ensembles.cluster import Cluster

        return Cluster(function, common, scheduler)
    if executor is not None:
        from asylumatlas.ensembles.guests import Guests

        return Guests(function, common, executor)
    if min(workers, total) > 1:
        from asylumatlas.ensembles.pool import Pool

        return Pool(function, common, min(workers, total))
    return Alone(function, common)


class Alone:
    """This process: a piece is done when it is waited for."""

    hands = 1

    def __init__(self, function: Callable[..., Any], common: tuple[Any, ...]) -> None:
        self._function, self._common = function, common
        self._waiting: list[tuple[int, Any]] = []

    def submit(self, number: int, argument: Any) -> None:
        """Remember a piece."""
        self._waiting.append((number, argument))

    def collect(self) -> list[tuple[int, Any]]:
        """Do the next piece."""
        number, argument = self._waiting.pop(0)
        return [(number, self._function(*self._common, argument))]

    def close(self, *, done: bool) -> None:
        """Nobody to send home."""


class _Course:
    """How far the work is: what is handed over, away, ready to be given out."""

    def __init__(
        self, crew: Crew, arguments: list[Any], journal: Journal | None, progress: Progress | None
    ) -> None:
        self.crew, self.arguments, self.journal = crew, arguments, journal
        self.progress = progress
        self.ready: dict[int, Any] = {}
        self.handed = self.away = self.finished = 0
        self.told = -1

    def tell(self) -> None:
        """Report progress, each number once."""
        if self.progress and self.told != self.finished:
            self.told = self.finished
            self.progress(self.finished, len(self.arguments))

    def hand_over(self, wanted: int) -> None:
        """Keep the crew busy, but not far ahead of the piece that is wanted next."""
        ahead = min(len(self.arguments), wanted + 2 * self.crew.hands)
        while self.handed < ahead and self.away < self.crew.hands:
            number = self.handed
            kept = self.journal.load(number) if self.journal is not None else MISSING
            self.handed += 1
            if kept is not MISSING:
                self.ready[number] = kept
                self.finished += 1
                continue
            self.away += 1
            self.crew.submit(number, self.arguments[number])

    def collect(self) -> None:
        """Take in what the crew has finished."""
        for number, result in self.crew.collect():
            if self.journal is not None:
                self.journal.store(number, result)
            self.ready[number] = result
            self.finished += 1
            self.away -= 1


def _in_order(
    crew: Crew, arguments: list[Any], journal: Journal | None, progress: Progress | None
) -> Iterator[Any]:
    """Results in order; the crew is sent home however this ends."""
    course = _Course(crew, arguments, journal, progress)
    whole = False
    try:
        course.tell()
        for number in range(len(arguments)):
            course.hand_over(number)
            while number not in course.ready:
                course.collect()
                course.hand_over(number)
                course.tell()
            course.tell()
            yield course.ready.pop(number)
        whole = True
    finally:
        crew.close(done=whole)
