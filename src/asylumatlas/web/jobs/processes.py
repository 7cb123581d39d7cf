"""A run in a process of its own, as the server sees it.

The process is a fresh interpreter, not a copy of the server: it holds none of the server's memory,
and a fault in compiled code ends a run, not the server. It gets its order as one line of JSON and
tells how far it is as lines of JSON; when the pipe to it closes, because the server ended in
whatever way, it ends itself and all that it started.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

PATIENCE = 3.0  # seconds between being asked to end and being ended


class Process:
    """One run.

    Args:
        folder: the run folder that it is to make.
        asked: the order, as JSON.
        key: the job's id.
        bounds: what it may use: ``seconds`` of each processor, ``bytes`` of memory and of one
            file, and the processes it may share the work among, ``workers``.
        held: a file descriptor that it keeps open as long as it lives; -1 for none.

    Attributes:
        phase: what it is at, one of `store.PHASES`.
        done: replications done.
        told: why it failed in its own words; "" if it did not say.
        fault: where in this program it failed, for those who maintain it.
        started: when, in seconds of a clock that only rises.
    """

    def __init__(
        self, folder: Path, asked: str, key: str, bounds: dict[str, int], held: int = -1
    ) -> None:
        order = {"folder": str(folder), "asked": asked, "key": key, "bounds": bounds}
        self.key = key
        self.phase, self.done, self.told, self.fault = "starting", 0, "", ""
        self.started = time.monotonic()
        self._is_closed = False
        self.process = subprocess.Popen(
            # -P: a file in the folder where the server was started is not a module
            [sys.executable, "-P", "-m", "asylumatlas.web.jobs.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is the server's; and all that it starts ends with it
            pass_fds=() if held < 0 else (held,),
        )
        assert self.process.stdin is not None
        with suppress(OSError):  # it ended at once; `is_alive` tells
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.flush()
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    @property
    def is_alive(self) -> bool:
        """Whether it goes on."""
        return self.process.poll() is None

    @property
    def seconds(self) -> float:
        """How long it has gone on."""
        return time.monotonic() - self.started

    def end(self) -> None:
        """End it and all that it started, now."""
        self._signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self.process.wait()
        self.close()

    def close(self) -> int:
        """Take leave of a process that has ended; its exit code, negative for a signal."""
        code = self.process.wait()
        if self._is_closed:
            return code
        self._is_closed = True
        self._signal(signal.SIGKILL)  # what it started and left
        self._reader.join(5)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        return code

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with suppress(OSError, ValueError):
            for line in self.process.stdout:
                self._hear(json.loads(line))

    def _hear(self, said: dict[str, Any]) -> None:
        self.phase = str(said.get("phase", self.phase))
        self.done = max(self.done, int(said.get("done", 0)))
        self.told = str(said.get("told", self.told))
        self.fault = str(said.get("fault", self.fault))
