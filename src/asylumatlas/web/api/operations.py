"""What programs may ask: each operation with its parameters, its example and its answer.

One table says it all: requests are read by it, `openapi` writes the document from it and the page
``/api`` shows it. What is not in it is refused.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.web.faults import NotFoundError, WebError
from asylumatlas.web.site import Site, site

ROOT = "/api/v1"
JSON = "application/json"
Schema = Mapping[str, Any]
Sent = TypeVar("Sent", bound=BaseModel)
Handler = Callable[["Asked"], Awaitable[Any]]


@dataclass(frozen=True)
class Parameter:
    """One part of an address.

    Attributes:
        name: in the query, or in the path.
        meaning: one sentence.
        schema: a subset of JSON Schema: `string` with `pattern`, `enum` and lengths, `integer`
            with bounds, or `array` of strings, which stands in the query once for each.
        example: as it is written; "" for none.
        in_path: whether it is a part of the path.
        required: whether it must be given.
    """

    name: str
    meaning: str
    schema: Schema = field(default_factory=lambda: {"type": "string", "maxLength": 200})
    example: str = ""
    in_path: bool = False
    required: bool = False


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked.

    Attributes:
        name: of the operation, one word in every language of programs.
        path: from `ROOT`, parameters of the path in braces.
        group: under which the page shows it.
        summary: what it answers, one line.
        answer: the model of the answer.
        handler: answers it with JSON-ready values, or with a whole response.
        parameters: of the path and the query.
        example: values of parameters for an address that answers; may name parameters that
            themselves have no example.
        body: the model of what is sent; ``None`` where nothing is.
        sent: an example of it.
        method: GET or POST.
        status: of a good answer.
        faults: statuses that it can answer with besides those that every operation can.
        command: the same on the command line; "" where there is no such thing.
        kinds: media types of the answer besides JSON.
        details: what else must be known.
    """

    name: str
    path: str
    group: str
    summary: str
    answer: type[BaseModel]
    handler: Handler
    parameters: tuple[Parameter, ...] = ()
    example: Mapping[str, Any] = field(default_factory=dict)
    body: type[BaseModel] | None = None
    sent: Mapping[str, Any] | None = None
    method: str = "GET"
    status: int = 200
    faults: tuple[int, ...] = (422,)
    command: str = ""
    kinds: tuple[str, ...] = ()
    details: str = ""

    @property
    def address(self) -> str:
        """The path from the server's root."""
        return f"{ROOT}{self.path}"

    def example_of(self, **more: str) -> str:
        """Return the address of the example, ready to be asked.

        Args:
            more: values of parameters of the path that the example leaves open.
        """
        query, path = dict(self.example), self.address
        for each in self.parameters:
            if each.in_path:
                value = query.pop(each.name, each.example) or more.get(each.name, "")
                path = path.replace(f"{{{each.name}}}", str(value))
        pairs = [(key, str(one)) for key, value in query.items() for one in _many(value)]
        text = urlencode(pairs, safe=",:")
        return f"{path}{'?' if text else ''}{text}"


@dataclass(frozen=True)
class Asked:
    """One request, read.

    Attributes:
        request: as it came.
        site: the app.
        values: of the parameters given, by name; whole numbers and lists as such.
        body: what was sent, read by the operation's model.
    """

    request: Request
    site: Site
    values: Mapping[str, Any]
    body: Any = None

    def text(self, name: str) -> str:
        """Return a parameter, "" where it was not given."""
        return str(self.values.get(name, ""))


async def read(request: Request, operation: Operation) -> Asked:
    """Read a request strictly: what the table does not know is refused.

    Raises:
        WebError: an unknown part, one given twice or one that breaks its schema; what was sent is
            no JSON of the model (422) or says that it is no JSON (415).
    """
    values = _values(request, operation.parameters)
    body = None
    if operation.body is not None:
        body = await _body(request, operation.body)
    return Asked(request, site(request), values, body)


def json_bytes(value: object) -> bytes:
    r"""Return values as JSON, as the command line writes it to a file.

    A number that does not exist is null.

    Example:
        >>> json_bytes({"share": float("nan")})
        b'{\n "share": null\n}\n'
    """
    return (json.dumps(_finite(value), indent=1, allow_nan=False) + "\n").encode()


def known(name: str, names: Sequence[str], what: str, where: str) -> str:
    """Return a name that is known.

    Raises:
        NotFoundError: it is not; the message names the nearest.
    """
    if name in names:
        return name
    raise NotFoundError(f'{where}: no {what} "{name[:60]}".{did_you_mean(name[:60], names)}', where)


def one_of(words: Sequence[str], **more: Any) -> Schema:
    """Return the schema of a word among some."""
    return {"type": "string", "enum": list(words), **more}


def whole(low: int, high: int) -> Schema:
    """Return the schema of a whole number."""
    return {"type": "integer", "minimum": low, "maximum": high}


def words(pattern: str, most: int = 200) -> Schema:
    """Return the schema of a text that fits a pattern."""
    return {"type": "string", "pattern": pattern, "minLength": 1, "maxLength": most}


# ---- addresses


def _values(request: Request, parameters: Sequence[Parameter]) -> dict[str, Any]:
    known_names = {each.name: each for each in parameters}
    given: dict[str, list[str]] = {}
    for key, value in request.query_params.multi_items():
        given.setdefault(key, []).append(value)
    asked = {name: each for name, each in known_names.items() if not each.in_path}
    for key in given:
        if key not in asked:
            hint = did_you_mean(key[:60], asked) or (
                f" Known: {', '.join(sorted(asked))}." if 0 < len(asked) <= 12 else ""
            )
            raise WebError(f'query: unknown part "{_shown(key)}".{hint}', where=_shown(key))
    found: dict[str, Any] = {}
    for name, each in known_names.items():
        texts = [str(request.path_params[name])] if each.in_path else given.get(name, [])
        if texts:
            found[name] = _value(each, texts)
        elif each.required:
            raise WebError(f"{name}: is missing. {each.meaning}", where=name)
    return found


def _value(parameter: Parameter, texts: list[str]) -> Any:
    schema, name = parameter.schema, parameter.name
    if schema["type"] == "array":
        if len(texts) > schema["maxItems"]:
            raise WebError(f"{name}: at most {schema['maxItems']} can be named.", where=name)
        return [_fitting(parameter, schema["items"], text) for text in texts]
    if len(texts) > 1:
        raise WebError(f"{name}: given twice. Keep one.", where=name)
    return _fitting(parameter, schema, texts[0])


def _fitting(parameter: Parameter, schema: Schema, text: str) -> str | int:
    """A value that fits its schema.

    Raises:
        WebError: it does not; 404 where a part of the path names what does not exist.
    """
    name = parameter.name
    if schema["type"] == "integer":
        low, high = schema["minimum"], schema["maximum"]
        if not re.fullmatch(r"[0-9]{1,18}", text) or not low <= int(text) <= high:
            raise WebError(f"{name}: must be a whole number from {low} to {high:,}.", where=name)
        return int(text)
    options = schema.get("enum")
    if options is not None and text not in options:
        hint = did_you_mean(text[:60], options) or f" Known: {', '.join(options[:12])}."
        wrong = f'{name}: no "{_shown(text)}".{hint}'
        raise NotFoundError(wrong, name) if parameter.in_path else WebError(wrong, where=name)
    if not schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", 2_000):
        wrong = f"{name}: must have {schema.get('minLength', 0)} to {schema['maxLength']} letters."
        raise NotFoundError(wrong, name) if parameter.in_path else WebError(wrong, where=name)
    pattern = schema.get("pattern")
    if pattern is not None and not re.search(pattern.replace("$", r"\Z"), text, re.ASCII):
        wrong = f'{name}: "{_shown(text)}" is not of its form. {parameter.meaning}'
        raise NotFoundError(wrong, name) if parameter.in_path else WebError(wrong, where=name)
    return text


def _shown(text: str) -> str:
    """A word of somebody else in one line, its odd signs aside."""
    return "".join(sign if sign.isprintable() else "?" for sign in text[:60])


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# ---- what is sent


async def _body(request: Request, model: type[Sent]) -> Sent:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise WebError(f"body: send JSON, with Content-Type: {JSON}.", 415, "body")
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(_shown(str(part)) for part in first["loc"]) or "body"
        said = " ".join(first["msg"].removeprefix("Value error, ").split())
        fields = tuple(model.model_fields)
        hint = did_you_mean(where, fields) if first["type"] == "extra_forbidden" else ""
        raise WebError(f"{where}: {said[:300].rstrip('.')}.{hint}", where=where) from error


def _finite(value: Any) -> Any:
    """JSON knows no NaN: a number that does not exist is null."""
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
