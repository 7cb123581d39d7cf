"""Pieces by a Dask cluster: workers may come and go, the scheduler may not."""

from __future__ import annotations

import logging
import pickle
import secrets
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any

from asylumatlas.ensembles.addresses import host_and_port
from asylumatlas.ensembles.failure import EnsembleError

ANSWER = 15  # seconds in which a scheduler answers
PATIENCE = 60  # seconds without any worker before the work is given up
GLANCE = 1.0  # seconds between two looks at whether the scheduler is there
LOUD = ("distributed", "tornado", "asyncio")  # their words on a lost connection are ours to say


class Cluster:
    """The workers of a Dask scheduler, each a process or a thread somewhere."""

    def __init__(self, function: Callable[..., Any], common: tuple[Any, ...], address: str) -> None:
        self.address = address
        self._name = secrets.token_hex(6)
        self._away: dict[int, Any] = {}
        self._back: SimpleQueue[int] = SimpleQueue()
        self._client = _connected(address)
        self._quiet = _hushed()
        self._quiet.__enter__()
        try:
            self.hands = 2 * self._threads()  # nobody waits for the next piece
        except BaseException:
            self.close(done=False)
            raise
        # as a task and not as data: a worker that dies with it costs nothing
        self._shared = self._client.submit(
            pickle.loads, pickle.dumps((function, common)), key=f"common-{self._name}"
        )

    def _threads(self) -> int:
        """Threads of all workers, once there is one.

        Raises:
            EnsembleError: nobody works for this scheduler.
        """
        try:
            self._client.wait_for_workers(1, timeout=ANSWER)
        except TimeoutError as error:
            raise self._without_workers() from error
        return sum(self._client.nthreads().values()) or 1

    def _without_workers(self) -> EnsembleError:
        return EnsembleError(
            f"{self.address}: the scheduler has no workers; start some: dask worker {self.address}"
        )

    def submit(self, number: int, argument: Any) -> None:
        """Hand a piece to the scheduler."""
        future = self._client.submit(
            _piece, self._shared, pickle.dumps(argument), key=f"piece-{self._name}-{number}"
        )
        self._away[number] = future
        future.add_done_callback(lambda _: self._back.put(number))

    def collect(self) -> list[tuple[int, Any]]:
        """The next result.

        Raises:
            EnsembleError: the scheduler has gone, or all workers have. Whatever the function
                raised.
        """
        waited = 0.0
        while True:
            try:
                number = self._back.get(timeout=GLANCE)
                break
            except Empty:
                if self._client.status != "running":
                    raise self._lost() from None
                waited = 0.0 if self._workers() else waited + GLANCE
                if waited > PATIENCE:
                    raise self._without_workers() from None
        return [(number, self._result(number))]

    def _workers(self) -> int:
        """Workers there are; a scheduler too busy to say is given the benefit of the doubt."""
        try:
            return len(self._client.scheduler_info(n_workers=1)["workers"])
        except (OSError, TimeoutError, CancelledError):
            return 1

    def _result(self, number: int) -> Any:
        from distributed import KilledWorker

        future = self._away.pop(number)
        if future.status == "error":
            error = future.exception()
            if isinstance(error, KilledWorker):
                raise EnsembleError(
                    f"{self.address}: piece {number}: its workers were ended from outside again "
                    "and again, perhaps for want of memory; start fewer workers a machine"
                ) from None
            if isinstance(error, ModuleNotFoundError):
                raise EnsembleError(
                    f"{self.address}: a worker has no module {error.name}; install the same "
                    "version of this program where the workers are"
                ) from None
            raise error
        try:
            return future.result()
        except (CancelledError, OSError, TimeoutError):
            raise self._lost() from None

    def _lost(self) -> EnsembleError:
        return EnsembleError(f"{self.address}: the scheduler has gone; start it again")

    def close(self, *, done: bool) -> None:
        """Leave the scheduler; what is not finished is taken back."""
        try:
            if not done and self._client.status == "running":
                with suppress(Exception):
                    self._client.cancel(list(self._away.values()), force=True)
            self._away.clear()
            with suppress(Exception):  # a scheduler that is gone cannot be left
                self._client.close(timeout=5)
        finally:
            self._quiet.__exit__(None, None, None)


def _piece(shared: tuple[Callable[..., Any], tuple[Any, ...]], argument: bytes) -> Any:
    """On a worker: one piece."""
    function, common = shared
    return function(*common, pickle.loads(argument))


def _connected(address: str) -> Any:
    """A client of the scheduler.

    Raises:
        EnsembleError: the library is missing, the address is none, or nobody answers there.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise EnsembleError(
            'scheduler: needs Dask, which is not installed: pip install "asylumatlas[cluster]"'
        ) from error

    plain: Any = Client

    class Quiet(plain):  # type: ignore[misc]
        """A client that makes no noise when it goes without ever having been connected."""

        def __del__(self) -> None:
            if self.status == "running":
                super().__del__()

    _knock(address)
    try:
        return Quiet(address, timeout=ANSWER, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise EnsembleError(f"{address}: what answers there is no Dask scheduler") from error


def _knock(address: str) -> None:
    """See at once whether anybody is there.

    Raises:
        EnsembleError: nobody is, or the words are no address.
    """
    found = host_and_port(address)
    if found is None:
        raise EnsembleError(
            f"scheduler: {address!r} is no address; write it as tcp://127.0.0.1:8786"
        )
    try:
        socket.create_connection(found, ANSWER).close()
    except (OSError, UnicodeError) as error:
        raise EnsembleError(
            f"{address}: no Dask scheduler answers; start one with `dask scheduler`, or check the "
            "address"
        ) from error


@contextmanager
def _hushed() -> Iterator[None]:
    """Dask's and Tornado's log lines off: a lost scheduler is told by us, once."""
    known = [name for name in logging.root.manager.loggerDict if name.split(".")[0] in LOUD]
    loggers = [logging.getLogger(name) for name in known]
    loggers = [logger for logger in loggers if not logger.disabled]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger in loggers:
            logger.disabled = False
