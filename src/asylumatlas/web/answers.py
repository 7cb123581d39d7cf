"""Answers that are kept, so that what many ask is counted once.

Readers who ask the same at the same time wait for one answer; how many are counted at once is
limited. Used only from the server's event loop, which is why nothing here is locked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

import anyio
import anyio.to_thread

Value = TypeVar("Value")


class Answers:
    """The answers asked for last, by what was asked.

    Args:
        most: answers kept; the one unasked for longest goes first.
        workers: threads that count at once.
    """

    def __init__(self, most: int = 256, workers: int = 2) -> None:
        self.most = most
        self.workers = workers
        self.kept: dict[Hashable, Any] = {}
        self._flying: dict[Hashable, asyncio.Future[Any]] = {}
        self._limiter: anyio.CapacityLimiter | None = None

    async def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the answer to a question, made in a thread unless it is kept.

        A reader who leaves does not stop it for the others. An error is told to all who wait and
        is not kept.

        Args:
            key: the question: everything that the answer depends on, the fingerprint of the log
                among it.
            make: makes the answer; called in a thread.

        Raises:
            Exception: what `make` raises.
        """
        if key in self.kept:
            self.kept[key] = self.kept.pop(key)  # the youngest is last
            return cast(Value, self.kept[key])
        if key not in self._flying:
            task = asyncio.ensure_future(self.work(make))
            self._flying[key] = task
            task.add_done_callback(lambda done: self._land(key, done))
        return cast(Value, await asyncio.shield(self._flying[key]))

    async def work(self, make: Callable[[], Value]) -> Value:
        """Do something slow in a thread, as soon as one is free; nothing is kept."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self.workers)
        return await anyio.to_thread.run_sync(make, limiter=self._limiter)

    def _land(self, key: Hashable, done: asyncio.Future[Any]) -> None:
        self._flying.pop(key, None)
        if done.cancelled() or done.exception() is not None:
            return
        self.kept[key] = done.result()
        while len(self.kept) > self.most:
            self.kept.pop(next(iter(self.kept)))
