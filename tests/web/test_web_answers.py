"""Answers that are kept: counted once, for all who ask."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from asylumatlas.web.answers import Answers

Found = TypeVar("Found")


def finished(work: Coroutine[Any, Any, Found]) -> Found:
    """What some work comes to; in a thread, as a browser's loop may be running in this one."""
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(asyncio.run, work).result()


def counted(seconds: float = 0.0) -> tuple[Callable[[], int], list[int]]:
    """A slow question, and how often it was worked on."""
    calls: list[int] = []

    def make() -> int:
        calls.append(1)
        time.sleep(seconds)
        return len(calls)

    return make, calls


def test_what_many_ask_is_counted_once() -> None:
    make, calls = counted(0.05)

    async def ask() -> list[int]:
        answers = Answers()
        found = await asyncio.gather(*(answers.get("q", make) for _ in range(50)))
        return [*found, await answers.get("q", make)]

    assert set(finished(ask())) == {1}
    assert len(calls) == 1


def test_the_one_unasked_for_longest_goes() -> None:
    async def ask() -> list[object]:
        answers = Answers(most=2)
        for key in ("a", "b", "a", "c"):
            await answers.get(key, key.upper)
        return list(answers.kept)

    assert finished(ask()) == ["a", "c"]


def test_an_error_is_told_to_all_and_not_kept() -> None:
    calls: list[int] = []

    def make() -> int:
        calls.append(1)
        time.sleep(0.02)
        if len(calls) == 1:
            raise ValueError("not yet")
        return 7

    async def ask() -> tuple[list[object], int]:
        answers = Answers()
        both = await asyncio.gather(
            answers.get("q", make), answers.get("q", make), return_exceptions=True
        )
        return both, await answers.get("q", make)

    both, later = finished(ask())
    assert [str(each) for each in both] == ["not yet", "not yet"]
    assert later == 7


def test_a_reader_who_leaves_does_not_stop_it_for_others() -> None:
    make, calls = counted(0.1)

    async def ask() -> int:
        answers = Answers()
        leaving = asyncio.ensure_future(answers.get("q", make))
        staying = asyncio.ensure_future(answers.get("q", make))
        await asyncio.sleep(0.02)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        return await staying

    assert finished(ask()) == 1
    assert len(calls) == 1


def test_only_so_many_are_counted_at_once() -> None:
    running, most, lock = [0], [0], threading.Lock()

    def make() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.02)
        with lock:
            running[0] -= 1

    async def ask() -> None:
        answers = Answers(workers=3)
        await asyncio.gather(*(answers.get(key, make) for key in range(12)))

    finished(ask())
    assert most[0] == 3
