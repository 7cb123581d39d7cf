"""Pieces that processes of their own can find by name."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any


def product(factor: int, value: int) -> int:
    return factor * value


def fail_at(bad: int, value: int) -> int:
    if value == bad:
        raise KeyError(f"no {bad}")
    return value


def note(folder: str, value: int) -> int:
    """Leaves a mark for every time it is done."""
    with (Path(folder) / f"done-{value}").open("a") as file:
        file.write("x")
    return value * value


def die_once(folder: str, value: int) -> int:
    """At 3, and only the first time, ends its own process, as a full machine would."""
    mark = Path(folder) / "died"
    if value == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return note(folder, value)


def die(value: int) -> int:
    if value == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return value


def wait_for(folder: str, value: int) -> int:
    """Finishes the first pieces, and later ones only once somebody says so."""
    note(folder, value)
    while value >= 4 and not (Path(folder) / "go").exists():
        time.sleep(0.02)
    return value * value


def unsendable(value: int) -> Any:
    return lambda: value
