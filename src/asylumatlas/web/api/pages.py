"""The interface for programs: what the command line and the pages answer, as JSON.

/api                 a page that lists every operation with an example
/api/v1              the same list as JSON
/api/v1/...          the operations
/openapi.json        the document, OpenAPI 3.1
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import cache
from shlex import quote
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from asylumatlas import __version__
from asylumatlas.web.api import library as api_library
from asylumatlas.web.api import runs as api_runs
from asylumatlas.web.api import scenarios as api_scenarios
from asylumatlas.web.api import statistics as api_statistics
from asylumatlas.web.api.document import REFUSALS, document
from asylumatlas.web.api.models import Index
from asylumatlas.web.api.operations import JSON, ROOT, Asked, Operation, json_bytes, read
from asylumatlas.web.api.sent import Order
from asylumatlas.web.rendering import data, page, t, url
from asylumatlas.web.site import site

DOCUMENT = "/openapi.json"
MOST_ROWS = 12  # of a parameter's words that the page shows


@cache
def OPERATIONS() -> tuple[Operation, ...]:
    """Return every operation, in the order of the page."""
    return (
        Operation("list_operations", "", "start", "List every operation.", Index, index),
        *api_statistics.operations(),
        *api_scenarios.operations(),
        *api_runs.operations(),
        *api_library.operations(),
    )


async def index(_: Asked) -> Any:
    """Return the list of operations."""
    rows = [
        {
            "name": each.name,
            "method": each.method,
            "path": each.address,
            "summary": each.summary,
            "example": each.example_of(**examples()),
        }
        for each in OPERATIONS()
    ]
    return {"version": __version__, "document": DOCUMENT, "operations": rows}


@cache
def examples() -> dict[str, str]:
    """Return the number of the run that the example of asking for one asks for."""
    from asylumatlas.web.jobs.orders import RunOrder

    sent = Order.model_validate(api_runs.ORDER)
    order = RunOrder.read(api_runs.ordered(sent, sent.replications), sent.replications)
    return {"id": order.key(order.load())}


# ---- the document and its page


async def openapi(request: Request) -> Response:
    """Return the document."""
    body = await site(request).answers.get(("api", "document"), _document)
    return data(request, body, JSON)


def _document() -> bytes:
    return json_bytes(document(OPERATIONS(), examples()))


async def listing(request: Request) -> Response:
    """Show every operation with an example that can be copied."""
    base = str(request.base_url).rstrip("/")
    found = await site(request).answers.work(examples)
    groups: dict[str, list[dict[str, Any]]] = {}
    for each in OPERATIONS():
        groups.setdefault(each.group, []).append(_shown(each, base, found))
    return page(
        request,
        "api.html",
        title=t(request, "api.title"),
        description=t(request, "api.lead"),
        groups=groups,
        count=len(OPERATIONS()),
        base=base,
        refusals={code: said for code, said in REFUSALS.items() if code != 304},
        needs_token=site(request).settings.token is not None,
        bounds=site(request).settings.bounds,
        twins={"OpenAPI": url(request, DOCUMENT), "JSON": url(request, ROOT)},
    )


def _shown(one: Operation, base: str, found: dict[str, str]) -> dict[str, Any]:
    address = one.example_of(**found)
    return {
        "operation": one,
        "address": address,
        "curl": curl(one, f"{base}{address}"),
        "parameters": [
            {
                "name": each.name,
                "meaning": each.meaning,
                "words": list(each.schema.get("enum", ()))[:MOST_ROWS],
                "more": max(len(each.schema.get("enum", ())) - MOST_ROWS, 0),
                "required": each.required,
                "in_path": each.in_path,
            }
            for each in one.parameters
        ],
        "fields": _fields(one),
        "statuses": [one.status, *sorted(one.faults)],
    }


def _fields(one: Operation) -> list[dict[str, Any]]:
    """What may be sent."""
    model = one.body
    if model is None:
        return []
    return [
        {"name": name, "meaning": each.description or "", "default": each.default}
        for name, each in model.model_fields.items()
    ]


def curl(one: Operation, address: str) -> str:
    """Return the line that asks an operation from a shell.

    Example:
        >>> curl(OPERATIONS()[0], "http://127.0.0.1:8000/api/v1")
        'curl http://127.0.0.1:8000/api/v1'
    """
    if one.method == "GET":
        return f"curl {quote(address)}"
    sent = json.dumps(one.sent)
    return f"curl -H 'Content-Type: {JSON}' -d {quote(sent)} {quote(address)}"


# ---- routes


def _endpoint(operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        found = await operation.handler(await read(request, operation))
        if isinstance(found, Response):
            return found
        answered = data(request, json_bytes(found), JSON)
        if operation.method != "GET":
            answered.headers["Cache-Control"] = "no-store"
        return answered

    return answer


def _routes() -> list[BaseRoute]:
    found: list[BaseRoute] = [Route("/api", listing), Route(DOCUMENT, openapi)]
    for each in OPERATIONS():
        found.append(Route(each.address, _endpoint(each), methods=[each.method], name=each.name))
    return found


ROUTES = _routes()
