"""From a template and values to a page: languages, links, and answers that need not be sent twice.

page    a whole page as a response
t       a text in the reader's language
url     a link inside the app that keeps the reader's language
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from asylumatlas import __version__, markup
from asylumatlas.web import words

Query = Mapping[str, object]

# Where a cell of CSV may begin with a formula; numbers below zero aside.
_NUMBER = r"""(?:[\d.]+(?:e[+-]?\d+)?)?(?:[,\r\n"]|$)"""
_FORMULA = re.compile(rf"""(?:^|[,\r\n"])(?:[=@\t]|[+-](?!{_NUMBER}))""")

# The parts of the app in the order of the masthead: the first word of the path, and its text.
SECTIONS = (
    ("/statistics", "site.nav_statistics"),
    ("/what-if", "site.nav_what_if"),
    ("/flow", "site.nav_flow"),
    ("/one-life", "site.nav_one_life"),
    ("/compare", "site.nav_compare"),
    ("/method", "site.nav_method"),
    ("/sources", "site.nav_sources"),
)


def lang(request: Request) -> str:
    """Return the language of the page asked for, a key of `words.LANGUAGES`."""
    return str(getattr(request.state, "lang", words.DEFAULT))


def t(request: Request, key: str, **values: object) -> str:
    """Return a text in the language of the page.

    Raises:
        WordsError: there is no such text, or a placeholder has no value.
    """
    return words.say(lang(request), key, **values)


def link(language: str, path: str, query: Query | None = None) -> str:
    """Return a link inside the app.

    Args:
        language: of the page linked to.
        path: from the root, without the language.
        query: what follows; ``None`` and "" are left out, a list gives its key several times.

    Example:
        >>> link("es", "/statistics/removal_rate", {"by": "court", "log": ["a", "b"], "x": None})
        '/es/statistics/removal_rate?by=court&log=a&log=b'
        >>> link("en", "/")
        '/'
    """
    start = "" if language == words.DEFAULT else f"/{language}"
    parts: list[tuple[str, str]] = []
    for key, value in (query or {}).items():
        many = value if isinstance(value, list | tuple) else [value]
        parts += [(key, str(one)) for one in many if one is not None and one != ""]
    tail = urlencode(parts, quote_via=quote, safe=",:/")
    return f"{start}{path}{'?' if tail else ''}{tail}"


def url(request: Request, path: str, /, **query: object) -> str:
    """Return a link inside the app that keeps the language of the page.

    Args:
        request: what is being answered.
        path: from the root, without the language.
        query: what follows; see `link`.
    """
    return link(lang(request), path, query)


def here(request: Request) -> str:
    """Return the path and query of the page asked for, without the language."""
    query = request.url.query
    return f"{request.url.path}{'?' if query else ''}{query}"


def page(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """Return a page, or that the reader's copy of it still holds.

    Args:
        request: what is being answered.
        template: name of a file of ``templates/``.
        status: of the answer.
        values: for the template. ``title`` is the page's own title. `base.html` also knows
            ``description`` (one sentence), ``shown`` (the `ShelfLog`s whose figures the page
            holds, for the banner), ``twins`` (label -> link to the same as data) and
            ``canonical`` (the lasting link).
    """
    body = _environment().get_template(template).render(**_common(request), **values).encode()
    if status != 200:
        return HTMLResponse(body, status, headers={"Cache-Control": "no-store"})
    return unchanged_or(request, HTMLResponse(body))


def unchanged_or(request: Request, response: Response) -> Response:
    """Return a response with its tag, or 304 where the reader's copy has the same tag."""
    tag = f'"{hashlib.blake2b(bytes(response.body), digest_size=8).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    known = request.headers.get("if-none-match", "").split(",")
    if tag in [each.strip().removeprefix("W/") for each in known]:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return response


def data(request: Request, body: bytes | str, kind: str, filename: str | None = None) -> Response:
    """Return a twin of a page: CSV, JSON, Parquet, a picture.

    Args:
        request: what is being answered.
        body: what to send.
        kind: media type, such as ``text/csv; charset=utf-8``.
        filename: what a reader's copy is called; without one it is shown, not saved.
    """
    if kind.startswith("text/csv"):
        body = harmless(body if isinstance(body, str) else body.decode())
    response = Response(body, media_type=kind)
    if filename is not None:
        safe = "".join(c if (c.isalnum() and c.isascii()) or c in "._-" else "-" for c in filename)
        response.headers["Content-Disposition"] = f'attachment; filename="{safe}"'
    return unchanged_or(request, response)


def harmless(text: str) -> str:
    r"""Return CSV in which no cell is a formula: spreadsheets would work out what others wrote.

    Such a cell gets an apostrophe in front, which says that it is text; numbers stay numbers.

    Example:
        >>> harmless("name,people\n=1+1,-3\n")
        "name,people\n'=1+1,-3\n"
    """
    if not _FORMULA.search(text):
        return text
    end = "\r\n" if "\r\n" in text else "\n"
    held = io.StringIO(newline="")
    writer = csv.writer(held, lineterminator=end)
    for row in csv.reader(io.StringIO(text, newline="")):
        writer.writerow([f"'{cell}" if _is_formula(cell) else cell for cell in row])
    return held.getvalue()


def _is_formula(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell[:1] in ("=", "@", "\t", "\r") or (cell[:1] in ("+", "-") and len(cell) > 1)
    return False


def script_json(value: object) -> Markup:
    """Return data as JSON that may stand inside a script element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    for sign, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(sign, code)
    return Markup(text)


def _common(request: Request) -> dict[str, Any]:
    """What every template may use."""
    language = lang(request)
    others = [
        {"name": name, "tag": words.TAGS[code], "href": link(code, here(request))}
        for code, name in words.LANGUAGES.items()
        if code != language
    ]
    path = request.url.path
    return {
        "request": request,
        "lang": language,
        "tag": words.TAGS[language],
        "t": lambda key, /, **values: words.say(language, key, **values),
        "url": lambda path, /, **query: link(language, path, query),
        "day": lambda value: words.day(language, value),
        "languages": others,
        "sections": [_section(language, path, start, key) for start, key in SECTIONS],
        "at_home": path == "/",
        "address": f"{request.url.scheme}://{request.url.netloc}{link(language, here(request))}",
    }


def _section(language: str, path: str, start: str, key: str) -> dict[str, Any]:
    """A part of the app as the masthead names it, and whether the page asked for is in it."""
    return {
        "href": link(language, start),
        "label": words.say(language, key),
        "here": path == start or path.startswith((f"{start}/", f"{start}.")),
        "exact": path == start,
    }


@cache
def _environment() -> jinja2.Environment:
    from asylumatlas.web.assets import address

    made = jinja2.Environment(
        loader=jinja2.PackageLoader("asylumatlas.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals |= {"asset": address, "script_json": script_json, "version": __version__}
    made.filters |= {"number": markup.number, "amount": markup.amount, "percent": markup.percent}
    return made
