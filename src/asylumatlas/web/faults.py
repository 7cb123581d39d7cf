"""What a reader is told when something is wrong: one sentence, the right status, no traceback."""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Match

from asylumatlas.web.rendering import lang, link, page, t

LOGGER = logging.getLogger("asylumatlas.web")


class WebError(ValueError):
    """Something asked for that cannot be had; one line that says what and the remedy.

    Attributes:
        status: of the answer, 400 to 499 or 503.
        where: the part of the question that is wrong; "" where it is none of them.
        headers: to send along.
    """

    def __init__(
        self,
        message: str,
        status: int = 422,
        where: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.where = where
        self.headers = dict(headers or {})


class NotFoundError(WebError):
    """Nothing is at that address."""

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(message, 404, where)


def wants_json(path: str) -> bool:
    """Whether a fault at this path is told as JSON: under the interface, and in JSON twins.

    Example:
        >>> wants_json("/api/v1/statistics"), wants_json("/flow.json"), wants_json("/flow")
        (True, True, False)
    """
    return path.startswith("/api/") or path.endswith(".json")


def told(
    request: Request,
    message: str,
    status: int,
    where: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the answer that says what is wrong: a page, or JSON where JSON was asked for."""
    if wants_json(request.url.path):
        body = {"error": message, "where": where or None}
        kept = {"Cache-Control": "no-store"}  # what is missing now may be there in a moment
        return JSONResponse(body, status, headers=kept | dict(headers or {}))
    found = page(
        request,
        "fault.html",
        status,
        title=t(request, f"faults.title_{status}" if status in _TITLED else "faults.title"),
        message=message,
        code=status,
    )
    found.headers.update(headers or {})
    return found


_TITLED = (401, 403, 404, 405, 413, 422, 429, 500, 503)


async def on_error(request: Request, error: Exception) -> Response:
    """Tell one of our own errors: the words of the question were wrong."""
    if isinstance(error, WebError):
        return told(request, str(error), error.status, error.where, error.headers)
    first = str(error).strip().splitlines() or [type(error).__name__]
    return told(request, first[0], 422)


async def on_status(request: Request, error: Exception) -> Response:
    """Tell what the framework refuses: an unknown address, another method."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and (place := _without_stroke(request)):
        return RedirectResponse(place, 307)
    key = f"faults.status_{error.status_code}"
    known = error.status_code in (404, 405, 413)
    message = t(request, key) if known else str(error.detail)
    return told(request, message, error.status_code, headers=error.headers)


def _without_stroke(request: Request) -> str:
    """The link of the page, where only a stroke at the end was too many; "" for no such page."""
    path, query = request.url.path, request.url.query
    plain = path.rstrip("/")
    if not plain or plain == path or request.method not in ("GET", "HEAD"):
        return ""
    scope = {**request.scope, "path": plain}
    if all(route.matches(scope)[0] is Match.NONE for route in request.app.routes):
        return ""
    return f"{link(lang(request), plain)}{'?' if query else ''}{query}"


async def on_gone(_: Request, __: Exception) -> Response:
    """End what a reader broke off; nobody is there to be told, and it is no fault of ours."""
    return Response(status_code=400)


async def on_store(request: Request, error: Exception) -> Response:
    """Tell that the table of runs cannot be used: a full disk, or one that is only read."""
    LOGGER.error(
        "jobs: %s", error
    )  # the words of the database, which hold nothing of what was asked
    return told(request, t(request, "faults.store"), 503, headers={"Retry-After": "30"})


async def on_crash(request: Request, error: Exception) -> Response:
    """Tell a fault of ours; the log gets where it happened, and nothing of what was asked."""
    number = secrets.token_hex(4)
    frames = traceback.extract_tb(error.__traceback__)
    inside = " < ".join(
        f"{frame.filename.rsplit('/asylumatlas/', 1)[-1]}:{frame.lineno}"
        for frame in reversed(frames[-6:])
    )
    LOGGER.error("fault %s: %s at %s", number, type(error).__name__, inside)
    return told(request, t(request, "faults.crash", number=number), 500)
