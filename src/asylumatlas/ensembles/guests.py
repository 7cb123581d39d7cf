"""Pieces by any executor of `concurrent.futures`, ours or not."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, wait
from queue import SimpleQueue
from typing import Any

from asylumatlas.ensembles.failure import EnsembleError


class Guests:
    """Those behind an executor."""

    def __init__(
        self, function: Callable[..., Any], common: tuple[Any, ...], executor: Executor
    ) -> None:
        self._function, self._common, self._executor = function, common, executor
        workers = getattr(executor, "_max_workers", None) or os.cpu_count() or 1
        self.hands = 2 * int(workers)  # nobody waits for the next piece
        self._away: dict[int, Future[Any]] = {}
        self._back: SimpleQueue[int] = SimpleQueue()

    def submit(self, number: int, argument: Any) -> None:
        """Hand a piece to the executor."""
        try:
            future = self._executor.submit(self._function, *self._common, argument)
        except BrokenExecutor as error:
            raise self._broken(error) from error
        except RuntimeError as error:  # shut down
            raise EnsembleError(f"executor: takes no more work: {_line(error)}") from error
        self._away[number] = future
        future.add_done_callback(lambda _: self._back.put(number))

    def collect(self) -> list[tuple[int, Any]]:
        """The next result.

        Raises:
            EnsembleError: the executor is broken. Whatever the function raised.
        """
        number = self._back.get()
        try:
            return [(number, self._away.pop(number).result())]
        except BrokenExecutor as error:
            raise self._broken(error) from error

    def _broken(self, error: BrokenExecutor) -> EnsembleError:
        return EnsembleError(f"executor: a worker was lost: {_line(error)}; start it again")

    def close(self, *, done: bool) -> None:
        """Take back what nobody has begun; wait for the rest, so that nothing is written later."""
        for future in self._away.values():
            future.cancel()
        wait(self._away.values())


def _line(error: BaseException) -> str:
    """An error's words on one line."""
    return " ".join(str(error).split()) or type(error).__name__
