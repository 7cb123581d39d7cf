"""Worker processes of our own: one dies, its piece goes to another, the rest never notice."""

from __future__ import annotations

import pickle
import signal
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import connection, get_context
from typing import Any

from asylumatlas.ensembles.failure import EnsembleError
from asylumatlas.ensembles.pieces import TRIES

READY = -1  # what a worker says before its first piece


class _Hand:
    """A worker process, the pipe to it, and the piece it is at."""

    def __init__(self, function: Callable[..., Any], common: tuple[Any, ...]) -> None:
        context = get_context("spawn")  # a fork would copy the threads' locks, but not the threads
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, function, common), daemon=True)
        self.process.start()
        theirs.close()  # else its end would not be noticed
        self.piece: int | None = None
        self.is_ready = False

    def end(self) -> None:
        """Stop it now, whatever it is at."""
        self.process.terminate()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()


class Pool:
    """Spawned processes that take one piece at a time."""

    def __init__(self, function: Callable[..., Any], common: tuple[Any, ...], workers: int) -> None:
        self.hands = workers
        self._start: Callable[[], _Hand] = lambda: _Hand(function, common)
        self._crew: list[_Hand] = []
        self._arguments: dict[int, Any] = {}  # of pieces that are not finished
        self._waiting: list[int] = []
        self._deaths: dict[int, int] = {}
        self._false_starts = 0

    def submit(self, number: int, argument: Any) -> None:
        """Give the piece to a worker with nothing to do, or keep it until one has."""
        self._arguments[number] = argument
        self._waiting.append(number)
        if len(self._crew) < self.hands:
            self._crew.append(self._start())
        self._give()

    def collect(self) -> list[tuple[int, Any]]:
        """Results of the workers that have one; those that died are replaced."""
        found: list[tuple[int, Any]] = []
        while not found:
            by_pipe = {hand.pipe: hand for hand in self._crew}
            for pipe in connection.wait(list(by_pipe)):
                found += self._hear(by_pipe[pipe])  # type: ignore[index]
            self._give()
        return found

    def _give(self) -> None:
        for hand in list(self._crew):
            if self._waiting and hand.is_ready and hand.piece is None:
                hand.piece = number = self._waiting.pop(0)
                try:
                    hand.pipe.send((number, self._arguments[number]))
                except (BrokenPipeError, ConnectionResetError):
                    self._replace(hand)

    def _hear(self, hand: _Hand) -> list[tuple[int, Any]]:
        """What a worker says: that it is ready, a result, an error, or nothing any more."""
        try:
            number, is_result, answer = hand.pipe.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            self._replace(hand)
            return []
        if number == READY:
            hand.is_ready, self._false_starts = True, 0
            return []
        hand.piece = None
        if not is_result:
            raise answer
        del self._arguments[number]
        return [(number, answer)]

    def _replace(self, hand: _Hand) -> None:
        """Put another worker in the place of one that died; its piece is tried again first."""
        self._crew.remove(hand)
        hand.end()
        if not hand.is_ready:
            self._false_starts += 1
            if self._false_starts >= TRIES:
                raise EnsembleError(
                    "worker processes end while they start; guard the calling script with "
                    'if __name__ == "__main__", or use one worker'
                )
        if hand.piece is not None:
            deaths = self._deaths[hand.piece] = self._deaths.get(hand.piece, 0) + 1
            if deaths >= TRIES:
                raise EnsembleError(
                    f"piece {hand.piece}: its worker process was ended from outside {deaths} times,"
                    " perhaps for want of memory; use fewer workers"
                )
            self._waiting.insert(0, hand.piece)
        self._crew.append(self._start())

    def close(self, *, done: bool) -> None:
        """End all workers, at once where the work is not done."""
        for hand in self._crew:
            if done:
                with suppress(OSError):
                    hand.pipe.close()  # it then ends by itself, its last files closed
                hand.process.join(5)
            hand.end()
        self._crew.clear()


def _serve(pipe: Any, function: Callable[..., Any], common: tuple[Any, ...]) -> None:
    """In a worker process: do pieces until nobody asks; leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(BrokenPipeError, ConnectionResetError, EOFError):
        pipe.send((READY, True, None))
        while True:
            number, argument = pipe.recv()
            try:
                answer = (number, True, function(*common, argument))
            except BaseException as error:
                answer = (number, False, _portable(error))
            try:
                pipe.send(answer)
            except (BrokenPipeError, ConnectionResetError):
                raise
            except Exception as error:  # a result that cannot be pickled
                pipe.send((number, False, _portable(error)))


def _portable(error: BaseException) -> BaseException:
    """The error with its traceback as a note, or one with its words where it cannot travel."""
    told = "".join(traceback.format_exception(error))
    with suppress(Exception):
        copy: BaseException = pickle.loads(pickle.dumps(error))
        copy.add_note(f"in a worker process:\n{told}")
        return copy
    return RuntimeError(f"{type(error).__name__}: {error}")
