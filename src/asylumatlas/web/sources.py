"""Where figures come from: every source, and what rests on it.

/sources        all of them; /sources/ID one
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from asylumatlas import evidence
from asylumatlas.evidence import Source
from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.stats.catalogue import statistics
from asylumatlas.stats.published import figures
from asylumatlas.web.faults import NotFoundError, WebError
from asylumatlas.web.listing import Listing, choices, is_twin, sought, twins
from asylumatlas.web.method import parameters as told
from asylumatlas.web.rendering import lang, page, t, url

COLUMNS = (
    *("id", "publisher", "title", "date", "grade", "scale", "address", "same_as", "note"),
    *("parameters", "series", "reports", "statistics"),
)
GRADES = ("A", "B", "C", "D")
SCALES = ("border", "courts")
KINDS = ("parameters", "statistics", "series", "reports")


async def index(request: Request) -> Response:
    """Show the sources that a reader looks for."""
    asked = choices(request, ("q", "grade", "scale"))
    for key, known in (("grade", GRADES), ("scale", SCALES)):
        if asked.get(key, known[0]) not in known:
            raise WebError(f"{key}: no {asked[key]!r}. Use {', '.join(known)}.", where=key)
    found = chosen(**{"words" if key == "q" else key: value for key, value in asked.items()})
    if is_twin(request):
        return listing(found).reply(request)
    return page(
        request,
        "sources.html",
        title=t(request, "sources.title"),
        description=t(request, "sources.lead"),
        asked={key: asked.get(key, "") for key in ("q", "grade", "scale")},
        found=[(one, rests(one.id)) for one in found],
        all_there_are=len(evidence.sources()),
        grades=GRADES,
        scales=SCALES,
        canonical=url(request, "/sources", **asked),
        twins=twins(lang(request), "/sources", asked),
    )


async def source(request: Request) -> Response:
    """Show one source and what rests on it."""
    choices(request, ())
    name = request.path_params["name"]
    known = evidence.sources()
    if name not in known:
        raise NotFoundError(f'source: no "{name[:80]}".{did_you_mean(name, known)}', "source")
    one, resting = known[name], rests(name)
    if is_twin(request):
        about = {**_row(one), **{kind: list(names) for kind, names in resting.items()}}
        about["cite"] = evidence.cite(name)
        rows = [{"kind": kind, "name": each} for kind, names in resting.items() for each in names]
        return Listing(f"source-{name}", ("kind", "name"), rows, about).reply(request)
    by_id = {each.id: each for each in evidence.reports()}
    return page(
        request,
        "source.html",
        title=one.id,
        one=one,
        cite=evidence.cite(name),
        rests=resting,
        any_rest=any(resting.values()),
        reports=[by_id[each] for each in resting["reports"]],
        series=[evidence.series(each) for each in resting["series"]],
        statistics=statistics(),
        told=told,
        same=[each for each in known.values() if one.id in (each.same_as, one.same_as)],
        canonical=url(request, f"/sources/{name}"),
        twins=twins(lang(request), f"/sources/{name}"),
    )


def chosen(words: str = "", grade: str = "", scale: str = "") -> list[Source]:
    """Return the sources that a reader looks for, by publisher, title and date.

    Args:
        words: all of which stand in the entry.
        grade: A to D, or "" for any.
        scale: ``border`` or ``courts``, or "" for both.

    Example:
        >>> [one.id for one in chosen("GAO21144")]
        ['GAO21144']
    """
    found = [
        one
        for one in evidence.sources().values()
        if grade in ("", one.grade)
        and scale in ("", one.scale)
        and sought(words, [one.id, one.publisher, one.title, one.date, one.note, *one.addresses])
    ]
    return sorted(found, key=lambda one: (one.publisher.casefold(), one.date, one.id))


@cache
def rests(name: str) -> Mapping[str, tuple[str, ...]]:
    """Return what rests on a source, by kind: names of parameters, statistics, series, reports."""
    found = dict(told.resting_on(name))
    found["statistics"] = tuple(each for each, cited in _anchors().items() if name in cited)
    return found


def listing(found: list[Source]) -> Listing:
    """Return sources as rows, with how much rests on each."""
    rows = [{**_row(one), **{kind: len(rests(one.id)[kind]) for kind in KINDS}} for one in found]
    return Listing("sources", COLUMNS, rows)


def _row(one: Source) -> dict[str, Any]:
    return {
        "id": one.id,
        "publisher": one.publisher,
        "title": one.title,
        "date": one.date,
        "grade": one.grade,
        "scale": one.scale,
        "address": " ".join(one.addresses) or None,
        "same_as": one.same_as,
        "note": one.note or None,
    }


@cache
def _anchors() -> Mapping[str, frozenset[str]]:
    """The sources of the published figures that each statistic is held against."""
    return {
        name: frozenset(figure.source for item in one.published for figure in figures(item))
        for name, one in statistics().items()
    }


ROUTES = [
    *(Route(f"/sources{ending}", index) for ending in (".csv", ".json", "")),
    *(Route(f"/sources/{{name}}{ending}", source) for ending in (".csv", ".json", "")),
]
