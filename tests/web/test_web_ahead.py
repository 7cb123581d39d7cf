"""Large logs are asked ahead, so that no reader waits for the first answer."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from starlette.testclient import TestClient

from asylumatlas import stats
from asylumatlas.web import Settings, ahead, make_app


@pytest.fixture
def large(app_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An app to which the made-up records are a large log, and how it asks them."""
    monkeypatch.setattr(ahead, "LARGE", 40_000)
    monkeypatch.setattr(ahead, "LOOK", 0.01)
    monkeypatch.setattr(ahead, "GROUPS", ("", "fiscal_year"))
    some = ("asylum_denial_rate", "receipts", "time_to_decision")
    chosen = {name: each for name, each in stats.statistics().items() if name in some}
    monkeypatch.setattr(ahead, "statistics", lambda: chosen)
    done, count = threading.Event(), []
    real = ahead.ask_ahead

    async def counted(site: Any) -> int:
        count.append(await real(site))
        done.set()
        return count[0]

    monkeypatch.setattr("asylumatlas.web.app.ask_ahead", counted)
    return app_settings, done, count


def test_what_was_asked_ahead_is_not_asked_again(
    large: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, done, count = large
    with TestClient(make_app(settings), base_url="http://127.0.0.1") as client:
        assert done.wait(60)
        assert count == [12]  # of either built-in log: three statistics, whole and by year

        def ask(*_: Any, **__: Any) -> Any:
            raise AssertionError("asked again")

        monkeypatch.setattr(stats, "ask", ask)
        for query in ("?log=made-up-records", "?by=fiscal_year&log=made-up-records"):
            assert client.get(f"/statistics/asylum_denial_rate{query}").status_code == 200


def test_small_logs_are_left_alone(app_settings: Settings, large: Any, monkeypatch: Any) -> None:
    _, done, count = large
    monkeypatch.setattr(ahead, "LARGE", 10**9)
    with TestClient(make_app(app_settings), base_url="http://127.0.0.1"):
        assert done.wait(60)
    assert count == [0]


def test_a_server_that_ends_does_not_wait_for_it(
    large: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise this test never ends."""
    settings, done, _ = large
    begun = threading.Event()

    async def never(*_: Any) -> int:
        begun.set()
        await asyncio.Event().wait()
        return 0

    monkeypatch.setattr(ahead, "_ask", never)
    with TestClient(make_app(settings), base_url="http://127.0.0.1"):
        assert begun.wait(60)
    assert not done.is_set()
