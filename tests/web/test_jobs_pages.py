"""What readers see of their runs: as pages, as data, in the browser, without scripts."""

from __future__ import annotations

import csv
import io
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from asylumatlas.web import Settings, make_app
from asylumatlas.web.jobs.orders import RunOrder
from asylumatlas.web.jobs.store import STATES, Store
from asylumatlas.web.settings import Limits

LOCAL = "http://127.0.0.1"
OWN = {"Sec-Fetch-Site": "same-origin"}
CHANGED = RunOrder("caravan-2018", set={"port.san_ysidro.holding_capacity": "400"}, replications=20)
TEXT = RunOrder(toml='extends = "caravan-2018"\ntitle = "<b>Mine</b>"\n', name="mine")
KEYS = {state: f"{number:016x}" for number, state in enumerate(STATES, start=10)}
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"


def fill(home: Path) -> None:
    """One run in each state, and one of a reader's own text; none of them is begun."""
    store = Store(home / "jobs.sqlite")
    for state, key in KEYS.items():
        base = KEYS["done"] if state == "waiting" else None
        store.add(key, CHANGED, f"A run that is {state}", base, True)
        if state not in ("waiting", "running"):
            store.end(key, "done" if state == "removed" else state, "it went wrong")
    store.remove(KEYS["removed"])
    store.add("f" * 16, TEXT, "<b>Mine</b>", None, True)
    store.close()
    with sqlite3.connect(home / "jobs.sqlite") as database:
        database.execute(
            "update jobs set state = 'running', phase = 'simulating', done = 7, started = made "
            "where id = ?",
            (KEYS["running"],),
        )
    database.close()
    folder = home / "results" / KEYS["done"]
    folder.mkdir(parents=True)


@pytest.fixture(scope="module")
def quiet_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app's folder with runs in every state."""
    home = tmp_path_factory.mktemp("jobs")
    fill(home)
    return home


@pytest.fixture(scope="module")
def asking(quiet_home: Path) -> Iterator[TestClient]:
    """An app that keeps runs as they are."""
    settings = Settings(home=quiet_home, demo=False, limits=Limits(running=0))
    app = make_app(settings)
    app.app.state.site.jobs.look = lambda: None  # type: ignore[attr-defined]
    with TestClient(app, base_url=LOCAL) as client:
        yield client


def test_the_list_tells_all(asking: TestClient) -> None:
    page = asking.get("/jobs").text
    for state, key in KEYS.items():
        assert f'href="/jobs/{key}"' in page
        assert f"A run that is {state}" in page
    assert "Simulating: about 7 of 20 replications" in page
    assert "Result removed to make room" in page
    assert "<b>Mine" not in page
    assert "&lt;b&gt;Mine" in page


@pytest.mark.parametrize("language", ["", "/es"])
@pytest.mark.parametrize("state", STATES)
def test_each_state_has_its_page(asking: TestClient, state: str, language: str) -> None:
    path = f"{language}/jobs/{KEYS[state]}"
    page = asking.get(path).text
    active = state in ("waiting", "running")
    assert (f'action="{path}/cancel"' in page) == active
    assert ("jobs.js" in page) == active
    assert (f'action="{path}/again"' in page) == (state in ("failed", "cancelled", "removed"))
    assert (f'href="{language}/what-if/results/{KEYS[state]}"' in page) == (state == "done")
    assert ("it went wrong" in page) == (state == "failed")
    assert "port.san_ysidro.holding_capacity = 400" in page
    assert "asylumatlas run caravan-2018 --replications=20" in page


def test_the_page_leads_back_to_the_choices(asking: TestClient) -> None:
    page = asking.get(f"/jobs/{KEYS['done']}").text
    query = "set.port.san_ysidro.holding_capacity=400&amp;replications=20&amp;seed=1"
    assert f'href="/what-if/caravan-2018?{query}"' in page


def test_twins(asking: TestClient) -> None:
    found = asking.get("/jobs.json").json()["jobs"]
    assert [job["id"] for job in found] == ["f" * 16, *reversed(KEYS.values())]
    one = asking.get(f"/jobs/{KEYS['running']}.json").json()
    assert one in found
    assert (one["state"], one["done"], one["total"]) == ("running", 7, 20)
    assert one["set"] == {"port.san_ysidro.holding_capacity": "400"}
    active = asking.get("/jobs.json?active=1").json()["jobs"]
    assert {job["id"] for job in active} == {KEYS["waiting"], KEYS["running"], "f" * 16}
    rows = list(csv.DictReader(io.StringIO(asking.get("/jobs.csv").text)))
    assert [row["id"] for row in rows] == [job["id"] for job in found]
    assert {row["set"] for row in rows} == {"", "port.san_ysidro.holding_capacity=400"}
    row = next(csv.DictReader(io.StringIO(asking.get(f"/jobs/{KEYS['done']}.csv").text)))
    assert (row["state"], row["log"]) == ("done", f"run-{KEYS['done']}")


def test_a_text_of_ones_own_is_given_back(asking: TestClient) -> None:
    answer = asking.get(f"/jobs/{'f' * 16}.toml")
    assert answer.text == TEXT.toml
    assert answer.headers["content-type"].startswith("application/toml")
    assert asking.get(f"/jobs/{KEYS['done']}.toml").status_code == 404


@pytest.mark.parametrize("path", ["/jobs/0123456789abcdef", "/jobs/x", "/jobs/..%2Fx", "/jobs/1.x"])
def test_an_unknown_run(asking: TestClient, path: str) -> None:
    answer = asking.get(path)
    assert answer.status_code == 404
    assert "<h1>" in answer.text
    answer = asking.get("/jobs/0123456789abcdef.json")
    assert answer.json()["error"].startswith("jobs: there is no run of that number")


@pytest.mark.parametrize(
    ("kind", "sent", "status", "said"),
    [
        ("application/x-www-form-urlencoded", "scenario=caravan", 422, "there is no"),
        ("application/x-www-form-urlencoded", "seed=1&seed=2", 422, "seed: given twice"),
        ("application/x-www-form-urlencoded", "nonsense", 422, "nor the fields of a form"),
        ("application/x-www-form-urlencoded", "", 422, "give the name of a scenario"),
        ("application/x-www-form-urlencoded", "x=1&" * 300, 422, "nor the fields of a form"),
        ("application/json", "[1]", 422, "Send one JSON object"),
        ("application/json", "{", 422, "neither JSON"),
        ("application/json", '{"a":' * 5_000, 422, "not"),
        ("application/json", '{"scenario": "caravan-2018", "seed": 1e400}', 422, "seed: must be"),
        ("text/plain", "\udcff", 422, "is not text in UTF-8"),
    ],
)
def test_what_cannot_be_asked(
    asking: TestClient, kind: str, sent: str, status: int, said: str
) -> None:
    body = sent.encode("utf-8", "surrogateescape")
    answer = asking.post("/jobs", content=body, headers={**OWN, "Content-Type": kind})
    assert answer.status_code == status
    assert said in answer.text


def test_asking_by_form_and_by_json_is_the_same(asking: TestClient) -> None:
    key = "set.port.san_ysidro.holding_capacity"
    form = {"scenario": "caravan-2018", key: "300", "base": "caravan-2018", "seed": "2"}
    answer = asking.post("/es/jobs", data=form, headers=OWN, follow_redirects=False)
    assert answer.status_code == 303
    place = answer.headers["location"]
    assert place.startswith("/es/jobs/")
    sent = {"scenario": "caravan-2018", "set": {key[4:]: "300"}, "seed": 2}
    other = asking.post("/jobs", json=sent, follow_redirects=False)
    assert other.headers["location"] == place.removeprefix("/es")
    page = asking.get(place).text
    assert "Se compara con" in page
    assert asking.post(f"{place}/cancel", headers=OWN, follow_redirects=True).status_code == 200
    assert asking.get(f"{place}.json").json()["state"] == "cancelled"


def test_other_sites_cannot_cancel(asking: TestClient) -> None:
    path = f"/jobs/{KEYS['waiting']}/cancel"
    cross = {"Sec-Fetch-Site": "cross-site", "Origin": "http://example.org"}
    assert asking.post(path, headers=cross).status_code == 403
    assert asking.get(path).status_code == 405
    assert asking.get(f"/jobs/{KEYS['waiting']}.json").json()["state"] == "waiting"


def test_a_page_looks_again_only_where_the_reader_wants_it(asking: TestClient) -> None:
    path = f"/jobs/{KEYS['running']}"
    assert 'http-equiv="refresh"' not in asking.get(path).text
    assert 'http-equiv="refresh" content="3"' in asking.get(f"{path}?refresh=1").text
    assert 'http-equiv="refresh"' not in asking.get(f"/jobs/{KEYS['done']}?refresh=1").text


# ---- in the browser


@pytest.fixture(scope="module")
def shown(asking: TestClient) -> Iterator[str]:
    """The address of the same app, served."""
    import time

    import uvicorn

    server = uvicorn.Server(
        uvicorn.Config(asking.app, port=0, log_config=None, lifespan="off", ws="none")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"{LOCAL}:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


Open = Callable[..., Any]


@pytest.fixture
def see(browser: Any, shown: str) -> Iterator[Open]:
    """Open a page of it, and watch what it asks for and complains of."""
    opened: list[tuple[Any, list[str]]] = []

    def open_page(path: str, width: int = 1280, theme: str = "light", scripts: bool = True) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=theme,
            java_script_enabled=scripts,
            base_url=shown,
        )
        heard: list[str] = []
        page = context.new_page()
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("request", lambda r: heard.append(r.url) if not r.url.startswith(shown) else None)
        page.goto(path)
        opened.append((context, heard))
        return page

    yield open_page
    for context, heard in opened:
        context.close()
        assert heard == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_are_clean(see: Open, axe: Callable[..., None], keep: Any, theme: str) -> None:
    for name, path in {
        "jobs": "/jobs",
        "job-running": f"/jobs/{KEYS['running']}",
        "job-failed": f"/jobs/{KEYS['failed']}",
        "job-done": f"/es/jobs/{KEYS['done']}",
        "job-text": f"/jobs/{'f' * 16}",
    }.items():
        if theme == "dark" and name not in ("jobs", "job-failed"):
            continue
        page = see(path, theme=theme)
        axe(page)
        keep(page, f"{name}-{theme}")


def test_the_pages_fit_a_phone(see: Open, keep: Any) -> None:
    for name, path in {"jobs": "/jobs", "job": f"/jobs/{KEYS['running']}"}.items():
        page = see(path, width=390)
        assert page.evaluate(OVERFLOW) <= 0
        keep(page, f"{name}-phone")


def test_progress_comes_by_itself(see: Open, asking: TestClient, quiet_home: Path) -> None:
    key, store = KEYS["running"], Store(quiet_home / "jobs.sqlite")
    page, of_all = see(f"/jobs/{key}"), see("/jobs")
    store.progress(key, "simulating", 11)
    page.get_by_text("about 11 of 20").wait_for()
    assert page.locator("progress").evaluate("(bar) => bar.value / bar.max") == 11 / 20
    of_all.get_by_text("about 11 of 20").wait_for()
    asking.app.app.state.site.jobs.store.end(key, "done")  # type: ignore[attr-defined]
    page.get_by_role("link", name="See the results").wait_for()
    of_all.locator(f"[data-job='{key}'][data-state=done]").wait_for()
    with sqlite3.connect(store.path) as database:
        database.execute(
            "update jobs set state = 'running', phase = 'simulating' where id = ?", (key,)
        )
    database.close()
    store.close()


def test_cancelling_by_keyboard(see: Open) -> None:
    page = see(f"/jobs/{'f' * 16}")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Cancel this run":
            break
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Run it again").wait_for()


def test_without_scripts(see: Open, keep: Any) -> None:
    page = see(f"/jobs/{KEYS['running']}", scripts=False)
    assert page.get_by_text("Simulating: about").is_visible()
    page.get_by_role("link", name="Look again every 3 seconds").click()
    assert "refresh=1" in page.url
    assert page.get_by_role("link", name="Stop looking again").is_visible()
