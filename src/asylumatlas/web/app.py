"""The application: every page's routes, what they share, and the guard around them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from asylumatlas.events import LogError
from asylumatlas.evidence import EvidenceError
from asylumatlas.scenario import ScenarioError
from asylumatlas.stats.errors import StatsError
from asylumatlas.web import assets, faults
from asylumatlas.web.ahead import ask_ahead
from asylumatlas.web.answers import Answers
from asylumatlas.web.guard import Guard
from asylumatlas.web.jobs.service import Jobs
from asylumatlas.web.settings import Settings, SettingsError
from asylumatlas.web.shelf import Shelf
from asylumatlas.web.site import Site

# The modules of pages; each gives its routes as ROUTES.
PAGES = (
    *("home.pages", "statistics.pages", "whatif.pages", "flow.pages"),
    *("life.pages", "comparison.pages", "method.pages", "sources", "ledger", "jobs.pages"),
    "api.pages",
)


def make_app(settings: Settings) -> ASGIApp:
    """Return the application for any ASGI server.

    Args:
        settings: which logs it shows, where its own folder is, who may come in.

    Raises:
        SettingsError: a log cannot be opened, or the app's own folder cannot be made.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as home:
        ...     callable(make_app(Settings(home=home, demo=False)))
        True
    """
    _make_home(settings)
    shelf = Shelf.of(settings)
    answers = Answers(settings.bounds.answers, settings.workers)
    site = Site(settings, shelf, answers, Jobs(settings, shelf))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        shelf.start()
        site.jobs.start()
        ahead = asyncio.create_task(ask_ahead(site)) if settings.bounds.ahead else None
        try:
            yield
        finally:
            if ahead is not None:
                ahead.cancel()
            shelf.stop()
            site.jobs.close()

    ours: tuple[type[Exception], ...] = (StatsError, ScenarioError, LogError, EvidenceError)
    handlers: dict[Any, Any] = {
        faults.WebError: faults.on_error,
        **{kind: faults.on_error for kind in ours},
        HTTPException: faults.on_status,
        ClientDisconnect: faults.on_gone,
        sqlite3.OperationalError: faults.on_store,
        Exception: faults.on_crash,
    }
    inner = Starlette(
        routes=routes(),
        lifespan=lifespan,
        exception_handlers=handlers,
        middleware=[Middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)],
        max_body_size=settings.bounds.body,
    )
    inner.state.site = site
    inner.router.redirect_slashes = False  # `faults` does it, and keeps the language
    return Guard(inner, settings)


def routes() -> list[BaseRoute]:
    """Return every route of the app, page by page."""
    found: list[BaseRoute] = [Route("/healthz", health), *assets.ROUTES]
    for name in PAGES:
        found += import_module(f"asylumatlas.web.{name}").ROUTES
    return found


async def health(_: Request) -> Response:
    """Say that the server answers."""
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})


def _make_home(settings: Settings) -> None:
    """Make the app's own folder, for this user only."""
    try:
        settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"--home {settings.folder}: cannot be made ({error.strerror}). Name another --home."
        ) from error
