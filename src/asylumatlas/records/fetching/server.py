"""Asking a web server for a file that is large, replaced now and then, and not always honest."""

from __future__ import annotations

import http.client
import re
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import IO, Any
from urllib.parse import urlsplit

__all__ = ["Answer", "FetchError", "Trouble", "Version", "ask", "check_url"]

MOST_PATIENCE = 600.0  # seconds; a server may ask for more
PASSING = (408, 425, 429, 500, 502, 503, 504)  # states that a later try may not meet


class FetchError(ValueError):
    """A file that cannot be fetched, in one line: what is wrong, what to do."""


class Trouble(Exception):
    """A failure that may have passed by the next try; `wait` is what the server asks for, in s."""

    def __init__(self, what: str, wait: float | None = None) -> None:
        super().__init__(what)
        self.wait = wait


@dataclass(frozen=True)
class Version:
    """What a server says of a file that tells one version of it from another.

    Attributes:
        etag: as sent, with `W/` where it is weak.
        last_modified: as sent.
        length: bytes of the whole file.
    """

    etag: str | None = None
    last_modified: str | None = None
    length: int | None = None

    def same_as(self, other: Version) -> bool:
        """Whether both are surely the same version; a weak and a strong form of an ETag agree.

        The form flips from answer to answer at the source of the court records.

        Example:
            >>> Version('W/"1"', length=9).same_as(Version('"1"', length=9))
            True
        """
        if None not in (self.length, other.length) and self.length != other.length:
            return False
        if self.etag and other.etag:
            return self.etag.removeprefix("W/") == other.etag.removeprefix("W/")
        return bool(self.last_modified) and self.last_modified == other.last_modified

    def surely_other_than(self, other: Version) -> bool:
        """Whether both are surely not the same version."""
        told = [
            (self.etag, other.etag),
            (self.last_modified, other.last_modified),
            (self.length, other.length),
        ]
        differ = any(None not in pair and pair[0] != pair[1] for pair in told)
        return differ and not self.same_as(other)


class Answer:
    """An answer to a GET, its body not yet read.

    Attributes:
        status: 200, 206, 304 or 416.
        version: of the file at the server.
        start: where in the file the body starts, in bytes; None where a 206 does not say.
        kind: the media type, such as "application/zip".
    """

    def __init__(self, response: Any, status: int, headers: Message) -> None:
        self._response = response
        self.status = status
        self.kind = headers.get_content_type()
        length = headers.get("Content-Length", "")
        whole: int | None = int(length) if status == 200 and length.isdigit() else None
        self.start: int | None = 0
        if status in (206, 416):
            words = r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)"
            found = re.fullmatch(words, headers.get("Content-Range", "").strip())
            self.start = int(found[1]) if found and found[1] else None
            whole = int(found[2]) if found and found[2] != "*" else None
        self.version = Version(headers.get("ETag"), headers.get("Last-Modified"), whole)

    def read(self, size: int) -> bytes:
        """At most this many bytes of the body; none at its end, early or not.

        Raises:
            Trouble: the connection broke.
        """
        try:
            return bytes(self._response.read(size))
        except http.client.IncompleteRead as error:
            raise Trouble("the connection was dropped") from error
        except (OSError, http.client.HTTPException) as error:
            raise Trouble(_words(error)) from error

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *_: object) -> None:
        self._response.close()


def check_url(url: str) -> None:
    """Refuse an address that is not a web server's.

    Raises:
        FetchError: the address has another scheme, or no host.
    """
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or re.search(r"[\s\x00-\x20\x7f-\U0010ffff]", url):
        raise FetchError(f"{url!r} is no address of a file; it looks like https://host/file.zip")


def ask(url: str, headers: dict[str, str], timeout: float) -> Answer:
    """Send a GET and return the answer, whose body is still to be read.

    Follows redirects, but not from https to http. Proxies are taken from the environment.

    Args:
        url: the address.
        headers: of the request.
        timeout: seconds without a byte after which the connection counts as dropped.

    Raises:
        Trouble: no answer, or one that asks to come again.
        FetchError: an answer that no later try would change.
    """
    wanted = {"User-Agent": "asylumatlas", "Accept-Encoding": "identity", **headers}
    request = urllib.request.Request(url, headers=wanted)
    try:
        response = _opener().open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        return _refusal(url, error)
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise FetchError(f"{url}: {reason.verify_message}; not fetched") from error
        raise Trouble(_words(reason)) from error
    answer = Answer(response, response.status, response.headers)
    packed = response.headers.get("Content-Encoding", "identity")
    if answer.status not in (200, 206) or packed != "identity":
        response.close()
        what = f"packed as {packed}" if packed != "identity" else f"with {answer.status}"
        raise FetchError(f"{url}: the server answers {what}, which no file comes with")
    return answer


def _refusal(url: str, error: urllib.error.HTTPError) -> Answer:
    """The answer in an error state, where it is one to go on with."""
    if error.code in (304, 416):
        return Answer(error, error.code, error.headers)
    error.close()
    state = f"{error.code} {error.reason}".strip()
    if error.code in PASSING:
        raise Trouble(f"the server says {state}", _seconds(error.headers.get("Retry-After")))
    if 300 <= error.code < 400:
        raise FetchError(f"{url}: redirects to nowhere ({state}); find the new address, say --url")
    raise FetchError(f"{url}: the server says {state}; find the new address, say --url")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects that keep the connection as safe as it was."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, to: str
    ) -> urllib.request.Request | None:
        """The next request."""
        if req.type == "https" and not to.lower().startswith("https:"):
            fp.close()
            raise FetchError(f"{req.full_url}: redirects to {to}, which is not https; not fetched")
        return super().redirect_request(req, fp, code, msg, headers, to)


def _opener() -> urllib.request.OpenerDirector:
    """What opens http and https addresses, and no others."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        _Redirects(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _words(error: object) -> str:
    """What went wrong with a connection."""
    if isinstance(error, TimeoutError):
        return "the server does not answer"
    if isinstance(error, http.client.HTTPException):
        return f"the answer makes no sense ({type(error).__name__})"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _seconds(retry_after: str | None) -> float | None:
    """How long a server asks to wait: seconds, or until a date."""
    if not retry_after:
        return None
    if retry_after.strip().isdigit():
        return min(float(retry_after), MOST_PATIENCE)
    try:
        until = parsedate_to_datetime(retry_after).timestamp()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, until - time.time()), MOST_PATIENCE)
