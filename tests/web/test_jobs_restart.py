"""A real server with real runs: killed in mid-run, started again, cancelled, stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux's /proc")
PATIENCE = 90  # seconds
ASKED = {"scenario": "caravan-2018", "replications": 60, "seed": 3, "set.scale": "0.1"}


class Server:
    """`asylumatlas serve` in a process of its own."""

    def __init__(self, home: Path) -> None:
        words = [sys.executable, "-m", "asylumatlas", "serve", "--port", "0", "--no-demo"]
        self.process = subprocess.Popen(
            [*words, "--home", str(home)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip().rstrip("/")
        assert self.address.startswith("http://127.0.0.1:")

    def send(self, path: str, **fields: object) -> str:
        """Send a form as a browser does; the path that it leads to."""
        request = urllib.request.Request(
            self.address + path,
            urlencode(fields).encode(),
            {"Sec-Fetch-Site": "same-origin"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return str(answer.geturl()).removeprefix(self.address)

    def get(self, path: str) -> Any:
        """Return the JSON at a path."""
        with urllib.request.urlopen(self.address + path, timeout=PATIENCE) as answer:
            return json.load(answer)

    def until(self, path: str, holds: Callable[[Any], bool]) -> Any:
        """Ask until something holds of a job."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = self.get(path)
            if holds(found):
                return found
            assert found["state"] != "failed", found["message"]
            time.sleep(0.03)
        raise AssertionError(f"{path}: {found}")

    def children(self) -> list[int]:
        """Processes that the server has started."""
        found: list[int] = []
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
        return found

    def kill(self) -> None:
        """End it without a chance to clean up."""
        self.process.kill()
        self.process.wait()

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ask it to end."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[], Server]]:
    """Start a server on one home folder; what is left of it ends with the test."""
    started: list[Server] = []

    def start() -> Server:
        started.append(Server(tmp_path / "home"))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.kill()
        if server.process.stdout is not None:
            server.process.stdout.close()


def gone(pid: int) -> bool:
    """Whether a process is no more; one that nobody has buried counts as gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except OSError:
        return True


def wait_until_gone(pids: list[int]) -> None:
    end = time.monotonic() + 10
    while not all(map(gone, pids)):
        assert time.monotonic() < end, "a process was left behind"
        time.sleep(0.01)


def left(home: Path) -> list[str]:
    return sorted(each.name for each in (home / "results").iterdir())


def test_a_run_outlives_a_killed_server(serve: Callable[[], Server], tmp_path: Path) -> None:
    """Killed in mid-run: no orphan, no half result; then the bytes of `asylumatlas run`."""
    first = serve()
    path = first.send("/jobs", **ASKED)
    before = first.until(f"{path}.json", lambda job: 0 < job["done"] < 60)
    key = before["id"]
    workers = first.children()
    assert workers
    first.kill()
    wait_until_gone(workers)
    assert not (tmp_path / "home" / "results" / key / "log.json").exists()

    second = serve()
    assert second.get(f"{path}.json")["done"] >= before["done"]
    found = second.until(f"{path}.json", lambda job: job["state"] == "done")
    assert (found["done"], found["log"]) == (60, f"run-{key}")
    assert left(tmp_path / "home") == [key]
    assert second.send("/jobs", **ASKED) == path
    assert second.stop() == 130

    words = ["run", "caravan-2018", "--replications=60", "--seed=3", "--set=scale=0.1"]
    out = tmp_path / "run"
    command = [sys.executable, "-m", "asylumatlas", *words, "--out", str(out)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    result = tmp_path / "home" / "results" / key
    files = [each for each in sorted(out.rglob("*")) if each.is_file()]
    same = [each.relative_to(out) for each in files]
    assert {each.name for each in same} >= {"log.json", "replications.npz", "part-00000.parquet"}
    for name in same:
        if name.name not in ("report.html", "summary.json"):
            assert (result / name).read_bytes() == (out / name).read_bytes(), name
    ours, theirs = (json.loads((folder / "summary.json").read_text()) for folder in (result, out))
    for summary in (ours, theirs):
        del summary["run"], summary["created"]  # the folder's name and the moment
    assert ours == theirs


def test_cancelling_and_stopping_leave_nothing_running(
    serve: Callable[[], Server], tmp_path: Path
) -> None:
    server, home = serve(), tmp_path / "home"
    path = server.send("/jobs", scenario="caravan-2018", replications=200)
    server.until(f"{path}.json", lambda job: job["phase"] == "simulating")
    workers = server.children()
    assert server.send(f"{path}/cancel") == path
    wait_until_gone(workers)
    assert server.get(f"{path}.json")["state"] == "cancelled"
    end = time.monotonic() + 10
    while left(home):
        assert time.monotonic() < end
        time.sleep(0.02)
    assert server.send(f"{path}/again") == path
    server.until(f"{path}.json", lambda job: job["state"] == "running")
    workers = server.children()
    os.kill(workers[0], signal.SIGKILL)  # as the system does when memory is short
    end = time.monotonic() + 10
    while (job := server.get(f"{path}.json"))["state"] == "running":
        assert time.monotonic() < end
        time.sleep(0.02)
    assert "perhaps for want of memory" in job["message"]
    assert left(home) == []
    server.send(f"{path}/again")
    server.until(f"{path}.json", lambda job: job["state"] == "running")
    workers = server.children()
    assert server.stop(signal.SIGTERM) is not None
    wait_until_gone(workers)
    assert oct(home.stat().st_mode & 0o777) == "0o700"


def test_other_sites_cannot_ask(serve: Callable[[], Server]) -> None:
    server = serve()
    request = urllib.request.Request(
        f"{server.address}/jobs",
        b"scenario=caravan-2018",
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://example.org"},
    )
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request)
    assert server.get("/jobs.json") == {"jobs": []}
