"""A run in a process of its own, from inside: `python -m asylumatlas.web.jobs.worker`.

It reads one order from standard input, runs it, makes its statistics ready, and says how far it is
on standard output. It ends when the server does, with all that it started.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

OFTEN = 0.25  # seconds between two words on how far it is

PROCESSORS = 4  # that one process may keep busy for as long as a run may take

Say = Callable[..., None]


def main() -> int:
    """Do the order on standard input; 0 if its run folder is whole."""
    said = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no word of ours
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_server, daemon=True).start()
    _bound(order["bounds"])
    say = _teller(said)
    try:
        perform(Path(order["folder"]), order["asked"], order["key"], order["bounds"], say)
    except MemoryError:
        gigabytes = order["bounds"]["bytes"] / 1e9
        say(told=f"needs more than {gigabytes:.1f} GB of memory; ask for fewer people")
        return 1
    except ValueError as error:
        say(told=_plain(str(error), order["folder"]))
        return 1
    except Exception as error:
        say(fault=_where(error))
        return 1
    return 0


def perform(folder: Path, asked: str, key: str, bounds: Mapping[str, int], say: Say) -> None:
    """Run an order into a folder, whole or not at all, and make its statistics ready.

    Args:
        folder: the run folder; a whole one is left as it is.
        asked: the order, as JSON.
        key: the id that the order had when it was asked for.
        bounds: ``workers``, the processes that share the work.
        say: called with ``phase`` and ``done``.

    Raises:
        ValueError: the run cannot be done; one line.
    """
    from asylumatlas import stats
    from asylumatlas.events import open_log
    from asylumatlas.web.jobs.orders import RunOrder

    order = RunOrder.of(asked)
    if not (folder / "log.json").is_file():
        scenario = order.load()
        if order.key(scenario) != key:
            raise ValueError("the program has changed since this was asked for; ask again")
        _run(folder, order, scenario, bounds["workers"], say)
    say(phase="counting", done=order.replications)
    stats.prepare(open_log(folder), workers=bounds["workers"])


def _run(folder: Path, order: Any, scenario: Any, workers: int, say: Say) -> None:
    """The run itself, from where an earlier attempt left it."""
    from asylumatlas.sim.run import run

    say(phase="simulating")
    result = run(
        scenario,
        replications=order.replications,
        seed=order.seed,
        workers=workers,
        out=folder,
        resume=True,
        progress=lambda done, total: say(phase="simulating", done=done),
        command=order.command(),
    )
    if not result.summary["conservation"]["ok"]:
        (folder / "log.json").unlink()
        raise ValueError("people are missing from the books, so the result is not kept")


def _teller(stream: IO[str]) -> Say:
    """What says how far the run is, not too often."""
    last: dict[str, Any] = {"at": 0.0, "phase": ""}

    def say(**words: Any) -> None:
        now = time.monotonic()
        is_new = words.get("phase", "") != last["phase"] or "told" in words or "fault" in words
        if is_new or now - last["at"] >= OFTEN:
            last.update(at=now, phase=words.get("phase", ""))
            stream.write(json.dumps(words) + "\n")
            stream.flush()

    return say


def _end_with_server() -> None:
    """Wait until the pipe from the server closes, then end all that belongs to this run."""
    while os.read(0, 4096):
        pass
    os.killpg(0, signal.SIGKILL)


def _bound(bounds: Mapping[str, int]) -> None:
    """Let the system refuse what is too much, and let the server go first."""
    import resource

    os.nice(5)
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, bounds["seconds"] * PROCESSORS),
        (resource.RLIMIT_FSIZE, bounds["disk"]),
        (resource.RLIMIT_DATA, bounds["bytes"]),
    ):
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, hard))


def _plain(text: str, folder: str) -> str:
    """The first line of an error, without the place of the folder on this machine."""
    line = (text.strip().splitlines() or ["it failed"])[0]
    above = os.path.dirname(folder)
    return line.replace(f"{folder}: ", "").replace(folder, "the run").replace(above, "results")


def _where(error: BaseException) -> str:
    """What kind of fault it was and where, without what was asked."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    inside = " < ".join(
        f"{frame.filename.rsplit('/asylumatlas/', 1)[-1]}:{frame.lineno}"
        for frame in reversed(frames)
    )
    return f"{type(error).__name__} at {inside}"


if __name__ == "__main__":  # processes that share the work import this module too
    sys.exit(main())
