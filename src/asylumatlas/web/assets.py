"""The files that pages need beside themselves, read once, each named by what it holds.

A file's address holds a digest of its bytes, so a browser may keep it for good. No path on the
disk is ever made from a request: what is not in the table does not exist.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.web.faults import NotFoundError

TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
}
SHARED = ("vega.js",)  # of the package's own static files, those that pages use
KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}


@dataclass(frozen=True)
class Asset:
    """One file as it is sent.

    Attributes:
        body: its bytes.
        packed: the same, gzipped.
        kind: its media type.
        digest: 16 hexadecimal digits of its bytes.
    """

    body: bytes
    packed: bytes
    kind: str
    digest: str


@cache
def assets() -> Mapping[str, Asset]:
    """Return every file by its name."""
    package = files("asylumatlas")
    found = {
        file.name: file.read_bytes()
        for file in (package / "web" / "static").iterdir()
        if file.name.rpartition(".")[2] in TYPES
    }
    found |= {name: (package / "static" / name).read_bytes() for name in SHARED}
    return {name: _asset(name, body) for name, body in sorted(found.items())}


def address(name: str) -> str:
    """Return where a file is found.

    Raises:
        ValueError: there is no such file.

    Example:
        >>> address("site.css").startswith("/static/")
        True
    """
    known = assets()
    if name not in known:
        raise ValueError(f'static: no file "{name}".{did_you_mean(name, known)}')
    return f"/static/{known[name].digest}/{name}"


async def send(request: Request) -> Response:
    """Send one file; an address with an old digest gets the file as it is now, for this once."""
    name = request.path_params["name"]
    found = assets().get(name)
    if found is None:
        raise NotFoundError(
            f"/static: there is no file of that name.{did_you_mean(name, assets())}"
        )
    current = request.path_params["digest"] == found.digest
    headers = KEPT if current else {"Cache-Control": "no-cache"}
    headers = {**headers, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(found.packed, media_type=found.kind, headers=headers)
    return Response(found.body, media_type=found.kind, headers=headers)


def _asset(name: str, body: bytes) -> Asset:
    digest = hashlib.blake2b(body, digest_size=8).hexdigest()
    packed = gzip.compress(body, 9, mtime=0)
    return Asset(body, packed, TYPES[name.rpartition(".")[2]], digest)


ROUTES = [Route("/static/{digest:str}/{name:str}", send)]
