"""A real Dask cluster: a scheduler and workers, each a process of its own, on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

SCHEDULER = """
import asyncio, sys
from distributed import Scheduler
async def main():
    async with Scheduler(host="127.0.0.1", port=0, dashboard=False) as it:
        print(it.address, flush=True)
        await it.finished()
asyncio.run(main())
"""
WORKER = """
import asyncio, sys
from distributed import Worker
async def main():
    async with Worker(sys.argv[1], nthreads=1, dashboard=False, host="127.0.0.1",
                      local_directory=sys.argv[2], death_timeout=20) as it:
        print(it.address, flush=True)
        await it.finished()
asyncio.run(main())
"""


class DaskCluster:
    """A scheduler and its workers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workers: list[subprocess.Popen[str]] = []
        self.scheduler, self.address = self._start(SCHEDULER)

    def _start(self, code: str, *words: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *words],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "src", HERE)))},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    def add_worker(self) -> int:
        process, _ = self._start(WORKER, self.address, str(self.folder))
        self.workers.append(process)
        return process.pid

    def end(self) -> None:
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.communicate()
