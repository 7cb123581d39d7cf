"""What the web app's tests share: an app on a small shelf, a served one, and a browser.

    app_settings    settings of an app in a folder of its own, with the built-in logs
    client          asks an app without a network
    served          the address of an app served on this machine, for the whole session
    browser         Chromium, for the whole session
    page_of         opens a page in it: page_of("/flow", width=390, theme="dark", scripts=False)
    axe             axe(page) fails where the page is hard to use for some readers
    no_outside      no_outside(page) fails where the page asked another host, or broke its policy

Every page opened is watched: an error in its console, a request that failed, a request to
another host or a breach of the content security policy fails the test at its end.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from asylumatlas.web import Settings, make_app

ARTEFACTS = Path(__file__).parent / "_artefacts"
LOCAL = "http://127.0.0.1"
WIDE, PHONE = 1280, 390  # CSS pixels
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SKIPPED = os.environ.get("ASYLUMATLAS_SKIP_BROWSER") == "1"
WATCH = """window.__breaches = [];
document.addEventListener("securitypolicyviolation", (e) =>
  window.__breaches.push(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));
"""


@pytest.fixture(scope="session")
def web_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the app's own with the built-in logs unpacked and ready."""
    from asylumatlas.web.shelf import Shelf

    home = tmp_path_factory.mktemp("atlas") / "home"
    home.mkdir()
    shelf = Shelf.of(Settings(home=home))
    for name in shelf.names():
        shelf.prepare(name)
    return home


@pytest.fixture
def app_settings(web_home: Path, tmp_path: Path) -> Settings:
    """Settings of an app in a folder of its own, where the built-in logs are ready."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "demo").symlink_to(web_home / "demo")
    return Settings(home=home)


@pytest.fixture
def client(app_settings: Settings) -> Iterator[TestClient]:
    """Asks an app without a network; a fault of the app is raised."""
    app = make_app(app_settings)
    with TestClient(app, base_url=LOCAL) as asking:
        site_of(app).shelf.wait()
        yield asking


@pytest.fixture(scope="session")
def served(web_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address, without a slash at its end, of an app served for the whole session."""
    import uvicorn

    home = tmp_path_factory.mktemp("served")
    (home / "demo").symlink_to(web_home / "demo")
    app = make_app(Settings(home=home))
    app.app.router.routes.append(Route("/charts-of-the-tests", charts_of_the_tests))  # type: ignore[attr-defined]
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started:
        assert thread.is_alive(), "the app ended while it started"
        assert time.monotonic() < until, "the app did not start"
        time.sleep(0.01)
    site_of(app).shelf.wait()
    yield f"{LOCAL}:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, for the whole session."""
    if SKIPPED:
        pytest.skip("ASYLUMATLAS_SKIP_BROWSER=1")
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    assert path, "no Chromium: ./dev test installs it, or set ASYLUMATLAS_SKIP_BROWSER=1"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@dataclass
class Watched:
    """What went wrong in a page while it was open."""

    base: str
    heard: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def listen(self, page: Any) -> None:
        def asked(request: Any) -> None:
            if not request.url.startswith((f"{self.base}/", "data:", "blob:")):
                self.outside.append(request.url)

        def said(message: Any) -> None:
            if message.type in ("error", "warning"):
                self.heard.append(message.text)

        page.on("request", asked)
        page.on("console", said)
        page.on("pageerror", lambda error: self.heard.append(str(error)))
        page.on("requestfailed", lambda request: self._failed(request))
        page.add_init_script(WATCH)

    def _failed(self, request: Any) -> None:
        if "ERR_ABORTED" not in str(request.failure):  # the reader went on
            self.heard.append(f"{request.url}: {request.failure}")


@pytest.fixture
def page_of(browser: Any, served: str, request: pytest.FixtureRequest) -> Iterator[Callable]:
    """Open a page of the served app, and watch it."""
    opened: list[tuple[Any, Any, Watched]] = []

    def open_page(
        path: str,
        width: int = WIDE,
        theme: str = "light",
        scripts: bool = True,
        status: int = 200,
        height: int | None = None,
    ) -> Any:
        """Return the page at a path, its charts drawn.

        Args:
            path: from the root.
            width: in CSS pixels.
            theme: "light" or "dark".
            scripts: whether they run.
            status: the answer that is expected.
            height: in CSS pixels.
        """
        context = browser.new_context(
            viewport={"width": width, "height": height or (900 if width > 600 else 844)},
            color_scheme=theme,
            reduced_motion="reduce",
            locale="en-US",
            service_workers="block",
            java_script_enabled=scripts,
            base_url=served,
        )
        context.set_default_timeout(15_000)
        page = context.new_page()
        watched = Watched(served)
        watched.listen(page)
        opened.append((context, page, watched))
        answer = page.goto(path)
        assert answer.status == status, f"{path}: {answer.status}"
        if scripts and page.locator("script[data-vega]").count():
            page.wait_for_selector("html[data-drawn]", state="attached")
        if status != 200:
            watched.heard.clear()  # the browser complains of the status
        page.watched = watched
        return page

    yield open_page
    faults: list[str] = []
    for context, page, watched in opened:
        faults += [*watched.heard, *(f"asked outside: {each}" for each in watched.outside)]
        if not page.is_closed():
            faults += _breaches(page)
        context.close()
    assert not faults, "\n".join(faults)


@pytest.fixture
def no_outside() -> Callable[[Any], None]:
    """Fail where a page asked another host, failed, or broke its policy."""

    def check(page: Any) -> None:
        assert page.watched.outside == []
        assert page.watched.heard == []
        assert _breaches(page) == []

    return check


@pytest.fixture(scope="session")
def axe() -> Callable[..., None]:
    """Fail where a page is hard to use for some readers, by the rules of WCAG 2.2 AA."""
    text = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")

    def check(page: Any, allow: tuple[str, ...] = ()) -> None:
        """Check a page with every folded part open.

        Args:
            page: an opened page, with scripts.
            allow: ids of rules that this page may break; say why where you call it.
        """
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        page.evaluate(text)
        options = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": RULES}}
        found = page.evaluate("(options) => axe.run(document, options)", options)
        broken = [
            f"{rule['id']}: {rule['help']}: {node['html'][:160]}"
            for rule in found["violations"]
            if rule["id"] not in allow
            for node in rule["nodes"][:3]
        ]
        assert not broken, "\n".join(broken)

    return check


@pytest.fixture
def keep() -> Callable[[Any, str], Path]:
    """Keep a picture of a page as an artefact: keep(page, "flow-phone")."""

    def store(page: Any, name: str, whole: bool = True) -> Path:
        ARTEFACTS.mkdir(exist_ok=True)
        path = ARTEFACTS / f"{name}.png"
        page.screenshot(path=path, full_page=whole)
        return path

    return store


async def charts_of_the_tests(request: Request) -> Response:
    """Two charts as the pages draw them: one as wide as its column, one of several views."""
    from asylumatlas import stats
    from asylumatlas.web import rendering
    from asylumatlas.web.charts import drawn

    log = request.app.state.site.shelf.get("made-up-records").log
    asked = (("asylum_denial_rate", "fiscal_year"), ("asylum_denial_rate", "nationality"))
    charts = [drawn(stats.ask(name, log, by=by).chart()) for name, by in asked]
    environment = rendering._environment()
    text = (
        '{% extends "base.html" %}{% block main %}<h1>Charts</h1>'
        "{% for one in charts %}{{ parts.chart(one) }}{% endfor %}{% endblock %}"
        "{% block scripts %}{{ parts.chart_scripts() }}{% endblock %}"
    )
    found = environment.from_string(text)
    return HTMLResponse(found.render(**rendering._common(request), title="Charts", charts=charts))


def site_of(app: Any) -> Any:
    """Return what the pages of an app share: its settings, logs, answers and runs."""
    return app.app.state.site


def overflow(page: Any) -> int:
    """Return by how many CSS pixels a page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def _breaches(page: Any) -> list[str]:
    try:
        return [f"policy: {each}" for each in page.evaluate("window.__breaches || []")]
    except Exception:  # scripts are off, or the page has gone
        return []
