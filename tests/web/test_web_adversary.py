"""What an adversary found: damaged and many results, other people's words, odd links."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import uvicorn
from starlette.testclient import TestClient

from asylumatlas.events import Log
from asylumatlas.web import Settings, connections, make_app
from asylumatlas.web.faults import NotFoundError
from asylumatlas.web.jobs.orders import OrderError, RunOrder
from asylumatlas.web.jobs.service import Jobs
from asylumatlas.web.jobs.store import Store
from asylumatlas.web.rendering import harmless
from asylumatlas.web.shelf import Shelf, describe


@pytest.fixture
def shelf(app_settings: Settings) -> Shelf:
    return Shelf.of(app_settings)


def _result(shelf: Shelf, key: str) -> Path:
    """A result as a run leaves it."""
    folder = shelf.settings.folder / "results" / key
    shutil.copytree(shelf.get("made-up-records").folder, folder)
    return folder


# ---- results on the shelf


def test_a_damaged_result_breaks_no_other_page(shelf: Shelf) -> None:
    (_result(shelf, "00000000000000aa") / "log.json").write_text('{"format": 99')
    _result(shelf, "00000000000000bb")
    assert [log.name for log in shelf.all()][2:] == ["run-00000000000000bb"]
    assert "run-00000000000000aa" not in shelf.names()
    with pytest.raises(NotFoundError):
        shelf.get("run-00000000000000aa")


def test_a_result_that_has_just_come_is_found_at_once(shelf: Shelf) -> None:
    folder = _result(shelf, "00000000000000aa")
    (folder / "log.json").rename(folder / "later")
    assert len(shelf.names()) == 2  # the folder is looked through now, and not again for a while
    (folder / "later").rename(folder / "log.json")
    assert shelf.get("run-00000000000000aa").name == "run-00000000000000aa"
    assert len(shelf.names()) == 3


def test_a_result_that_another_server_took_away_goes(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asylumatlas.web.shelf.LOOKED", 0.0)
    folder = _result(shelf, "00000000000000aa")
    assert len(shelf.all()) == 3
    shutil.rmtree(folder)
    assert len(shelf.all()) == 2
    with pytest.raises(NotFoundError):
        shelf.get("run-00000000000000aa")


def test_many_results_cost_a_page_little(shelf: Shelf) -> None:
    folder = shelf.settings.folder / "results"
    source = shelf.get("made-up-records").folder / "log.json"
    for number in range(200):
        (folder / f"{number:016x}").mkdir(parents=True)
        shutil.copy(source, folder / f"{number:016x}" / "log.json")
    assert len(shelf.all()) >= 2  # opened once
    began = time.perf_counter()
    for _ in range(20):
        shelf.all()
    assert time.perf_counter() - began < 0.5  # it was 20 x 200 looks through the folder


@pytest.mark.parametrize("name", ["run-../../x", "run-", "run-..", "run-0" * 9, "run-\x00"])
def test_a_name_of_a_result_is_no_path(shelf: Shelf, name: str) -> None:
    with pytest.raises(NotFoundError):
        shelf.get(name)


# ---- other people's words


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a,b\n=1+1,2\n", "a,b\n'=1+1,2\n"),
        ("a,b\r\n-3,-0.5\r\n", "a,b\r\n-3,-0.5\r\n"),
        ('a\n"@x, ""y"""\n', 'a\n"\'@x, ""y"""\n'),
        ("a,b\n1,-2+cmd|' /C calc'!A0\n", "a,b\n1,'-2+cmd|' /C calc'!A0\n"),
        ("a\n\ttext\n", "a\n'\ttext\n"),
        ('a\n"one,=two\nthree"\n', 'a\n"one,=two\nthree"\n'),
    ],
)
def test_no_cell_is_a_formula(text: str, safe: str) -> None:
    assert harmless(text) == safe


def test_a_title_is_one_line_of_what_can_be_seen(shelf: Shelf) -> None:
    given = shelf.get("made-up-records").log
    title = "a\x00\u202e\n" + "b" * 10_000
    manifest = replace(given.manifest, details={"title": title, "note": title})
    log = describe("x", cast(Log, SimpleNamespace(manifest=manifest)))
    assert log.title.startswith("a bbb")
    assert len(log.title) <= 160
    assert log.title.isprintable()
    assert log.note.isprintable()


@pytest.mark.parametrize("title", ["a\\u0000b", "\\u202eevil", "x" * 161])
def test_a_run_has_a_title_that_can_be_shown(title: str) -> None:
    order = RunOrder(toml=f'extends = "caravan-2018"\ntitle = "{title}"')
    with pytest.raises(OrderError, match=r"^toml: title: "):
        order.load()


def test_a_fault_is_kept_nowhere(client: TestClient) -> None:
    for path in ("/nothing", "/nothing.json", "/api/v1/nothing"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.headers["cache-control"] == "no-store", path


# ---- addresses


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/statistics/", "/statistics"),
        ("/es/statistics/?q=a%26b", "/es/statistics?q=a%26b"),
        ("/es/what-if/caravan-2018/", "/es/what-if/caravan-2018"),
    ],
)
def test_a_stroke_too_many_keeps_the_language_and_the_server(
    client: TestClient, path: str, to: str
) -> None:
    answer = client.get(f"http://127.0.0.1{path}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, to)


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/es//evil.example/", "/%5cevil.example/", "//statistics/", "/fr/"]
)
def test_a_stroke_too_many_leads_to_no_other_server(client: TestClient, path: str) -> None:
    answer = client.get(f"http://127.0.0.1{path}", follow_redirects=False)
    assert answer.status_code == 404


@pytest.mark.parametrize("span", ["from=0001-01-01&to=0001-01-02", "from=2001&to=9999-12-31"])
def test_the_ends_of_the_calendar_are_no_crash(client: TestClient, span: str) -> None:
    for path in (
        "/statistics/pending?",
        "/compare?what=pending&",
        "/api/v1/statistics/pending/answer?",
    ):
        answer = client.get(f"{path}{span}")
        assert answer.status_code == 422, path
    assert "from 1900 to 2199" in client.get(f"/statistics/pending.json?{span}").json()["error"]


def test_connections_that_send_nothing_are_let_go(
    app_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 0.3)
    monkeypatch.setattr(connections, "MOST_OF_ONE", 5)
    config = uvicorn.Config(
        make_app(app_settings), port=0, log_config=None, http=connections.Connection, ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        address = server.servers[0].sockets[0].getsockname()
        assert _ends(address, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ") == b""
        length = b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
        _ends(address, b"POST /jobs HTTP/1.1\r\nHost: 127.0.0.1\r\n" + length)
        held = [socket.create_connection(address, timeout=5) for _ in range(5)]
        with socket.create_connection(address, timeout=5) as sixth:
            assert _rest(sixth) == b""  # at once, and not when the others are let go
        for each in held:
            each.close()
        time.sleep(0.2)
        whole = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        assert _ends(address, whole).startswith(b"HTTP/1.1 200")
    finally:
        server.should_exit = True
        thread.join(10)


def _ends(address: tuple[str, int], sent: bytes) -> bytes:
    """What comes back until the server closes the connection."""
    with socket.create_connection(address, timeout=5) as opened:
        opened.sendall(sent)
        return _rest(opened)


def _rest(opened: socket.socket) -> bytes:
    found = b""
    try:
        while part := opened.recv(65_536):
            found += part
    except ConnectionResetError:
        pass
    return found


# ---- a disk that is full


def test_a_list_of_runs_that_cannot_be_written_is_told(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Store, "all", full)
    answer = client.get("/jobs")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "30"
    assert "the disk of this server is full" in answer.text
    assert client.get("/jobs.json").json()["error"].startswith("The list of runs")
    assert client.get("/statistics").status_code == 200


def test_a_full_disk_is_logged_once(
    app_settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("asylumatlas.web.jobs.service.IDLE", 0.01)
    jobs = Jobs(app_settings, Shelf.of(app_settings))
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jobs, "look", look)
    with caplog.at_level("ERROR", "asylumatlas.web"):
        jobs.start()
        while len(looks) < 5:
            time.sleep(0.01)
        jobs.close()
    assert [record.getMessage() for record in caplog.records] == ["jobs: No space left on device"]
