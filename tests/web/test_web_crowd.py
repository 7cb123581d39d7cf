"""Fifty readers at once: nobody gets an error, and what many ask is counted once."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from asylumatlas import stats
from asylumatlas.web import Settings, make_app
from asylumatlas.web.settings import Limits

READERS = 50
PAGES = (
    "/",
    "/es/",
    "/statistics",
    "/statistics?q=denied",
    "/statistics/asylum_denial_rate?by=fiscal_year&log=made-up-records",
    "/statistics/asylum_denial_rate.csv?by=fiscal_year&log=made-up-records",
    "/statistics/pending.json?by=court&log=made-up-records",
    "/es/statistics/in_absentia_rate?definition=all&log=caravan-2018",
    "/what-if",
    "/what-if/caravan-2018",
    "/flow",
    "/one-life",
    "/compare",
    "/compare?what=measures",
    "/compare.json?what=pending&by=fiscal_year&published=1",
    "/method",
    "/method/statistics/pending",
    "/sources",
    "/data",
    "/jobs",
    "/api",
    "/api/v1/statistics",
    "/openapi.json",
    "/healthz",
)
WRONG = {"/statistics/no-such": 404, "/statistics/pending?by=moon": 422, "/compare?what=x": 404}


@pytest.fixture(scope="module")
def crowded(web_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    """The address of a server with nothing kept yet, and its application."""
    import uvicorn

    home = tmp_path_factory.mktemp("crowded")
    (home / "demo").symlink_to(web_home / "demo")
    app: Any = make_app(Settings(home=home, limits=Limits(running=0, ahead=False)))
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started:
        assert thread.is_alive(), "the app ended while it started"
        assert time.monotonic() < until, "the app did not start"
        time.sleep(0.01)
    app.app.state.site.shelf.wait()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", app
    server.should_exit = True
    thread.join(10)


def fetched(address: str) -> tuple[int, float, bytes]:
    """Ask once: the status, the seconds it took, and the body."""
    started = time.monotonic()
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            body = answer.read()
            return answer.status, time.monotonic() - started, body
    except urllib.error.HTTPError as error:
        return error.code, time.monotonic() - started, error.read()


def crowd(base: str, paths: list[str]) -> list[tuple[str, int, float, bytes]]:
    """Let all readers begin at the same moment; each reads its own pages one after the other."""
    ready = threading.Barrier(READERS)

    def read(number: int) -> list[tuple[str, int, float, bytes]]:
        ready.wait(30)
        return [(path, *fetched(base + path)) for path in paths[number::READERS]]

    with ThreadPoolExecutor(READERS) as pool:
        return [answer for found in pool.map(read, range(READERS)) for answer in found]


def test_fifty_readers_at_once_meet_no_error(crowded: tuple[str, Any]) -> None:
    base, _ = crowded
    paths = [PAGES[k % len(PAGES)] for k in range(4 * READERS + 7)]
    answers = crowd(base, paths)
    assert len(answers) == len(paths)
    assert [(path, status) for path, status, *_ in answers if status != 200] == []
    slowest = max(answers, key=lambda answer: answer[2])
    assert slowest[2] < 30, slowest[:3]


def test_the_same_page_is_the_same_for_all(crowded: tuple[str, Any]) -> None:
    base, _ = crowded
    path = "/statistics/time_to_decision?by=fiscal_year&log=made-up-records"
    answers = crowd(base, [path] * READERS)
    assert Counter(status for _, status, *_ in answers) == {200: READERS}
    assert len({body for *_, body in answers}) == 1


def test_what_fifty_ask_at_once_is_counted_once(
    crowded: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    base, app = crowded
    asked: list[str] = []
    ask = stats.ask

    def counted(name: str, *given: Any, **more: Any) -> Any:
        asked.append(name)
        time.sleep(0.2)  # so that all are there before it ends
        return ask(name, *given, **more)

    monkeypatch.setattr(stats, "ask", counted)
    path = "/statistics/receipts.json?by=nationality&log=made-up-records"
    answers = crowd(base, [path] * READERS)
    assert {status for _, status, *_ in answers} == {200}
    assert asked == ["receipts"]
    assert not app.app.state.site.answers._flying


def test_wrong_questions_among_right_ones_disturb_nobody(crowded: tuple[str, Any]) -> None:
    base, _ = crowded
    paths = [*(list(WRONG) * 20), *(["/compare", "/sources", "/healthz"] * 20)]
    for path, status, _, body in crowd(base, paths):
        assert status == WRONG.get(path, 200), (path, body[:200])
        assert b"Traceback" not in body


def test_a_reader_who_leaves_does_not_stop_the_others(crowded: tuple[str, Any]) -> None:
    import socket

    base, _ = crowded
    host, port = base.removeprefix("http://").split(":")
    path = "/statistics/unresolved_share?by=fiscal_year,nationality&log=made-up-records"
    for _ in range(10):
        with socket.create_connection((host, int(port)), timeout=10) as line:
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    answers = crowd(base, [path] * READERS)
    assert Counter(status for _, status, *_ in answers) == {200: READERS}
