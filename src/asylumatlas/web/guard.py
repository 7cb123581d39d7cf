"""What stands between a request and the pages: who may ask, how often, and what an answer may do.

`Guard` wraps the whole application, so that even a fault's page carries its headers. It

    takes the language off the path and notes it
    refuses a foreign host name (a web page elsewhere cannot pose as this server)
    refuses what other sites send
    asks for the token, where there is one
    refuses too many, too long and too large requests
    adds the headers that forbid a page everything it does not need
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from asylumatlas.web import words
from asylumatlas.web.faults import told
from asylumatlas.web.rendering import link, t
from asylumatlas.web.settings import Settings

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors {frames}"
)
EMBEDDED = "/embed/"  # only these pages may stand inside the pages of others
COOKIE = "atlas_token"
MOST_ADDRESSES = 10_000  # remembered for the rate
OPEN = ("/static/", "/healthz")  # neither secret nor costly
SAFE = ("GET", "HEAD")


class Guard:
    """The application with its guard around it."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.buckets = Buckets(settings.bounds.rate, settings.bounds.burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or let the application answer it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        scope = _without_language(scope)
        embedded = str(scope["path"]).startswith(EMBEDDED)

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                _protect(MutableHeaders(scope=message), embedded)
            await send(message)

        answer = self._answer(Request(scope))
        await (answer or self.app)(scope, receive, protected)

    def _answer(self, request: Request) -> Response | None:
        """Return the guard's own answer, ``None`` where the request may pass."""
        limits, path = self.settings.bounds, request.url.path
        free = path.startswith(OPEN)
        if self.settings.token is None and not _is_local_name(request.headers.get("host", "")):
            return told(request, t(request, "faults.host"), 400)
        if request.method not in SAFE and not _is_own(request.headers):
            return told(request, t(request, "faults.origin"), 403)
        if not free and (wait := self.buckets.wait(_address(request))):
            headers = {"Retry-After": str(wait)}
            return told(request, t(request, "faults.rate", seconds=wait), 429, headers=headers)
        if len(request.url.query) > limits.query:
            message = t(request, "faults.query", most=limits.query)
            return told(request, message, 414)
        if _length(request.headers) > limits.body:
            return told(request, t(request, "faults.status_413"), 413)
        if self.settings.token is not None and not free:
            return self._admit(request, self.settings.token)
        return None

    def _admit(self, request: Request, token: str) -> Response | None:
        """Let in who brings the token; a link with it becomes a cookie, and a link without it."""
        if _same(_bearer(request.headers), token) or _same(_cookie(request.headers), key(token)):
            return None
        pairs = parse_qsl(request.url.query, keep_blank_values=True)
        given = dict(pairs).get("token", "")
        if request.method in SAFE and _same(given, token):
            rest = urlencode([pair for pair in pairs if pair[0] != "token"])
            path = link(str(request.state.lang), _one_slash(request.url.path))
            found = RedirectResponse(f"{path}{'?' if rest else ''}{rest}", 303)
            secure = request.url.scheme == "https"
            found.set_cookie(COOKIE, key(token), httponly=True, samesite="strict", secure=secure)
            return found
        headers = {"WWW-Authenticate": "Bearer"}
        return told(request, t(request, "faults.token"), 401, headers=headers)


@dataclass
class Buckets:
    """How often each address has asked: a bucket of requests that fills again with time.

    Attributes:
        rate: requests a second.
        burst: requests that a full bucket holds.

    Example:
        >>> buckets = Buckets(rate=1.0, burst=2)
        >>> [buckets.wait("a", now=10.0) for _ in range(3)], buckets.wait("a", now=11.0)
        ([0, 0, 1], 0)
    """

    rate: float
    burst: int
    kept: dict[str, tuple[float, float]] = field(default_factory=dict)

    def wait(self, address: str, now: float | None = None) -> int:
        """Take one request from an address's bucket.

        Args:
            address: who asks.
            now: seconds, of a clock that only rises.

        Returns:
            0, or the whole seconds to wait where the bucket is empty.
        """
        now = time.monotonic() if now is None else now
        left, last = self.kept.pop(address, (float(self.burst), now))
        left = min(self.burst, left + (now - last) * self.rate)
        allowed = left >= 1
        self.kept[address] = (left - 1 if allowed else left, now)
        while len(self.kept) > MOST_ADDRESSES:
            self.kept.pop(next(iter(self.kept)))
        return 0 if allowed else max(1, int((1 - left) / self.rate + 0.999))


def key(token: str) -> str:
    """Return what the cookie holds: a digest, so that the token itself is kept nowhere."""
    return hashlib.sha256(f"asylumatlas {token}".encode()).hexdigest()


def _without_language(scope: Scope) -> Scope:
    """Return the request without the language at the start of its path, which is noted."""
    path = str(scope["path"])
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    language = first if first in words.LANGUAGES and first != words.DEFAULT else words.DEFAULT
    state = {**scope.get("state", {}), "lang": language}
    if language == words.DEFAULT:
        return {**scope, "state": state}
    rest = path.removeprefix(f"/{language}") or "/"
    return {**scope, "path": rest, "raw_path": rest.encode(), "state": state}


def _protect(headers: MutableHeaders, embedded: bool) -> None:
    """Add the headers of every answer."""
    headers["Content-Security-Policy"] = POLICY.format(frames="*" if embedded else "'none'")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    if not embedded:
        headers["X-Frame-Options"] = "DENY"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"


def _is_local_name(host: str) -> bool:
    """Whether a Host header names this machine; its port may be any.

    Example:
        >>> [_is_local_name(h) for h in ("127.0.0.1:80", "[::1]:80", "localhost.example", "")]
        [True, True, False, False]
    """
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return name.lower() in ("127.0.0.1", "localhost", "[::1]")


def _is_own(headers: Headers) -> bool:
    """Whether something sent comes from our own pages, or from a program and not from a page."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is not None:
        return origin.partition("://")[2] == headers.get("host", "")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in ("application/json", "application/toml")


def _length(headers: Headers) -> int:
    text = headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _bearer(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _cookie(headers: Headers) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _same(given: str, wanted: str) -> bool:
    """Compare in a time that tells nothing."""
    return hmac.compare_digest(given.encode(), wanted.encode())


def _one_slash(path: str) -> str:
    """A path that a browser cannot take for another host: //example.org is one."""
    return "/" + path.lstrip("/\\")
