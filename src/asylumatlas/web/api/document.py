"""The document of the interface for programs: OpenAPI 3.1, written from the table of operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from asylumatlas import __version__
from asylumatlas.web.api.models import Fault
from asylumatlas.web.api.operations import JSON, Operation, Parameter

Document = dict[str, Any]

REFUSALS: Mapping[int, str] = {
    304: "The copy that you have still holds (If-None-Match).",
    400: "The host name is not one of this server's.",
    401: "This server asks for a token.",
    403: "Sent by a page of another site.",
    404: "There is nothing of that name; the nearest one is named.",
    405: "Not with this method.",
    409: "The run has not ended well, so it has no result (yet).",
    413: "What was sent is too large.",
    414: "The query is too long.",
    415: "What was sent does not say that it is JSON.",
    422: "A part of the question cannot be used, or the data have no answer to it.",
    429: "Too much at once; wait as many seconds as Retry-After says.",
    503: "The log is being made ready; ask again in as many seconds as Retry-After says.",
}
ALWAYS = (400, 401, 405, 414, 429)  # any operation may be refused so
ABOUT = """Statistics of the United States asylum process with stated definitions, and simulations \
of it. The same functions as the command line and the pages.

Answers are JSON. A number that does not exist is null. Every table says what it counted, of what, \
by whose definition, from which log, and how sure it is. What a log says of itself, such as that \
its people are made up, stands in `note` and `caveats` and should be passed on.

A fault is one sentence in `error` with the remedy. Nothing in a question is read as SQL, as code \
or as a path."""


def document(
    operations: Sequence[Operation], examples: Mapping[str, str] | None = None
) -> Document:
    """Return the document.

    Args:
        operations: what can be asked.
        examples: values of parameters of the path that have no example of their own.

    Example:
        >>> from asylumatlas.web.api.pages import OPERATIONS
        >>> sorted(document(OPERATIONS()))
        ['components', 'info', 'openapi', 'paths', 'security', 'servers', 'tags']
    """
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(each.address, {})[each.method.lower()] = _operation(each, examples or {})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Asylum Atlas",
            "version": __version__,
            "summary": "Statistics and simulations of the United States asylum process.",
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}],
        "tags": [{"name": name} for name in dict.fromkeys(each.group for each in operations)],
        "paths": paths,
        "components": {
            "schemas": schemas(operations),
            "responses": {str(status): _refusal(status) for status in REFUSALS},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def schemas(operations: Sequence[Operation]) -> Document:
    """Return the shapes by name."""
    wanted: dict[type[BaseModel], str] = {Fault: "serialization"}
    for each in operations:
        wanted[each.answer] = "serialization"
        if each.body is not None:
            wanted[each.body] = "validation"
    pairs: Any = list(wanted.items())
    _, found = models_json_schema(pairs, ref_template="#/components/schemas/{model}")
    made: Document = found["$defs"]
    return made


def _operation(one: Operation, examples: Mapping[str, str]) -> Document:
    made: Document = {
        "operationId": one.name,
        "tags": [one.group],
        "summary": one.summary,
        "parameters": [_parameter(each, one, examples) for each in one.parameters],
        "responses": _responses(one),
    }
    if said := _described(one):
        made["description"] = said
    if one.body is not None:
        content = {"schema": _reference(one.body), "example": dict(one.sent or {})}
        made["requestBody"] = {"required": True, "content": {JSON: content}}
    return made


def _described(one: Operation) -> str:
    on_line = f"On the command line: `{one.command}`" if one.command else ""
    return "\n\n".join(filter(None, (one.details, on_line)))


def _parameter(one: Parameter, of: Operation, examples: Mapping[str, str]) -> Document:
    made: Document = {
        "name": one.name,
        "in": "path" if one.in_path else "query",
        "required": one.required,
        "description": one.meaning,
        "schema": dict(one.schema),
    }
    example = of.example.get(one.name) or one.example or examples.get(one.name)
    if one.schema["type"] == "array":
        made |= {"style": "form", "explode": True}
        example = [example] if isinstance(example, str) and example else example
    if example:
        made["example"] = example
    return made


def _responses(one: Operation) -> Document:
    content: Document = {JSON: {"schema": _reference(one.answer)}}
    for kind in one.kinds:
        content[kind] = {"schema": {"type": "string"}}
    good: Document = {"description": one.answer.__doc__ or "", "content": content}
    if links := _links(one):
        good["links"] = links
    made: Document = {str(one.status): good}
    refusals = {*one.faults, *ALWAYS, *((304,) if one.method == "GET" else (403,))}
    for status in sorted(refusals):
        made[str(status)] = {"$ref": f"#/components/responses/{status}"}
    return made


def _links(one: Operation) -> Document:
    """What can be asked with the number of a run that was just asked for."""
    if one.name != "ask_job":
        return {}
    return {
        name: {"operationId": name, "parameters": {"id": "$response.body#/id"}}
        for name in ("get_job", "cancel_job", "get_result")
    }


def _refusal(status: int) -> Document:
    made: Document = {"description": REFUSALS[status]}
    if status != 304:
        made["content"] = {JSON: {"schema": _reference(Fault)}}
    if status in (429, 503):
        schema = {"type": "integer", "minimum": 1}
        made["headers"] = {"Retry-After": {"description": "Seconds.", "schema": schema}}
    return made


def _reference(model: type[BaseModel]) -> Document:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
