"""A list as a page shows it and as the same in CSV and JSON.

listing   rows with a name, from which both twins are written
choices   what a link chooses, each key once and known
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.web.faults import WebError
from asylumatlas.web.rendering import data, link

MOST_LETTERS = 80  # of what is looked for


@dataclass(frozen=True)
class Listing:
    """Rows of one kind.

    Attributes:
        name: of a reader's copy, and of the rows in JSON.
        columns: names, in order.
        rows: one mapping a row; a missing value is ``None``.
        about: what else the JSON says.
    """

    name: str
    columns: tuple[str, ...]
    rows: Sequence[Mapping[str, Any]]
    about: Mapping[str, Any] = field(default_factory=dict)

    def to_csv(self) -> str:
        r"""Return the rows as CSV (RFC 4180).

        Example:
            >>> Listing("x", ("a", "b"), [{"a": 1, "b": None}]).to_csv()
            'a,b\r\n1,\r\n'
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(self.columns)
        for row in self.rows:
            writer.writerow(["" if row.get(name) is None else row[name] for name in self.columns])
        return text.getvalue()

    def to_json(self) -> str:
        """Return what the list says of itself and its rows."""
        rows = [{name: row.get(name) for name in self.columns} for row in self.rows]
        return json.dumps({**self.about, "rows": rows}, ensure_ascii=False, indent=1) + "\n"

    def reply(self, request: Request) -> Response:
        """Return the twin that the path asks for by its ending."""
        if request.url.path.endswith(".csv"):
            return data(request, self.to_csv(), "text/csv; charset=utf-8", f"{self.name}.csv")
        return data(request, self.to_json(), "application/json")


def is_twin(request: Request) -> bool:
    """Whether a path asks for a twin of a page."""
    return request.url.path.endswith((".csv", ".json"))


def twins(language: str, path: str, query: Mapping[str, object] | None = None) -> dict[str, str]:
    """Return the links to a page's twins.

    Example:
        >>> twins("es", "/sources", {"q": "TRAC"})["CSV"]
        '/es/sources.csv?q=TRAC'
    """
    return {kind: link(language, f"{path}.{kind.lower()}", query) for kind in ("CSV", "JSON")}


def choices(request: Request, known: Sequence[str]) -> dict[str, str]:
    """Return what a link chooses, without what is empty.

    Args:
        request: what was asked.
        known: keys that the link may have.

    Raises:
        WebError: an unknown key, one given twice, or one with too many letters.
    """
    found: dict[str, str] = {}
    for key, value in request.query_params.multi_items():
        if key not in known:
            said = ", ".join(known) or "none"
            hint = did_you_mean(key, known) or f" Use {said}."
            raise WebError(f"{key[:MOST_LETTERS]}: no such choice here.{hint}", where="query")
        if key in found:
            raise WebError(f"{key}: stands twice in the link. Leave one out.", where=key)
        if len(value) > MOST_LETTERS:
            raise WebError(
                f"{key}: {len(value)} letters are too many. Use {MOST_LETTERS} or fewer.", where=key
            )
        found[key] = value.strip()
    return {key: value for key, value in found.items() if value}


def sought(words: str, texts: Iterable[object]) -> bool:
    """Whether all words stand in some texts, whatever their capitals.

    Example:
        >>> sought("trac denied", ["Share denied", "by TRAC"]), sought("x", ["y"])
        (True, False)
    """
    whole = " ".join(str(text) for text in texts if text).casefold().replace("_", " ")
    return all(word in whole for word in words.casefold().replace("_", " ").split())
