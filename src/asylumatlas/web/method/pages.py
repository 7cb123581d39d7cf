"""How it is counted and simulated: statistics, definitions, parameters, words, and the limits.

/method                       what there is
/method/statistics/NAME       how one statistic is counted
/method/definitions           every definition of every statistic, side by side
/method/parameters            every parameter; one at /method/parameters/NAME
/method/glossary              the words of the process
/method/limits                what the model cannot know
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from asylumatlas import evidence, parameters, process
from asylumatlas.stats import reference
from asylumatlas.stats.catalogue import Statistic, publishers, statistics
from asylumatlas.web.faults import NotFoundError, WebError
from asylumatlas.web.listing import Listing, choices, is_twin, sought, twins
from asylumatlas.web.method import parameters as told
from asylumatlas.web.prose import prose, without_title
from asylumatlas.web.rendering import lang, link, page, t, url
from asylumatlas.web.site import site
from asylumatlas.web.statistics.catalogue import subjects

KINDS = ("assumed", "sourced", "disagreed")
LIMITS = ("people", "families", "behaviour", "assumed", "records", "future", "effects", "numbers")
DEFINITION_COLUMNS = (
    *("statistic", "label", "definition", "is_default", "publisher", "says"),
    *("numerator", "denominator", "exclusions"),
)
GLOSSARY_COLUMNS = ("name", "what", "label", "stage", "meaning", "who", "law", "in_court_records")


async def index(request: Request) -> Response:
    """Say what is explained where."""
    choices(request, ())
    rows = _index_listing()
    if is_twin(request):
        return rows.reply(request)
    return page(
        request,
        "method.html",
        title=t(request, "method.title"),
        description=t(request, "method.lead"),
        subjects=subjects(),
        numbers={
            "definitions": len(_definitions("").rows),
            "parameters": len(parameters.load()),
            "assumed": len(told.chosen(kind="assumed")),
            "disagreed": len(told.chosen(kind="disagreed")),
            "events": len(process.load().events),
        },
        canonical=url(request, "/method"),
        twins=twins(lang(request), "/method"),
    )


async def statistic(request: Request) -> Response:
    """Show how one statistic is counted."""
    choices(request, ())
    found = _statistic(request.path_params["name"])
    if is_twin(request):
        rows = [row for row in _definitions("").rows if row["statistic"] == found.name]
        about = {"name": found.name, "label": found.label, "question": found.question}
        about |= {"unit": found.unit, "method": reference.page(found)}
        return Listing(found.name, DEFINITION_COLUMNS, rows, about).reply(request)
    path = f"/method/statistics/{found.name}"
    return page(
        request,
        "method_statistic.html",
        title=t(request, "method.how_counted_of", label=found.label),
        statistic=found,
        text=_method_text(found.name, lang(request)),
        description=found.question,
        canonical=url(request, path),
        twins=twins(lang(request), path),
    )


async def definitions(request: Request) -> Response:
    """Show every definition of every statistic."""
    words = choices(request, ("q",)).get("q", "")
    rows = _definitions(words)
    if is_twin(request):
        return rows.reply(request)
    return page(
        request,
        "method_definitions.html",
        title=t(request, "method.definitions"),
        words=words,
        grouped=_by_statistic(rows),
        publishers=publishers(),
        count=len(rows.rows),
        canonical=url(request, "/method/definitions", q=words),
        twins=twins(lang(request), "/method/definitions", {"q": words}),
    )


async def parameter_list(request: Request) -> Response:
    """Show the parameters that a reader looks for."""
    asked = choices(request, ("q", "group", "kind"))
    group, kind = asked.get("group", ""), asked.get("kind", "")
    if group and group not in told.groups():
        raise WebError(f"group: no {group!r}. Use {', '.join(told.groups())}.", where="group")
    if kind and kind not in KINDS:
        raise WebError(f"kind: no {kind!r}. Use {', '.join(KINDS)}.", where="kind")
    found = told.chosen(asked.get("q", ""), group, kind)
    if is_twin(request):
        return told.listing(found).reply(request)
    return page(
        request,
        "method_parameters.html",
        title=t(request, "method.parameters"),
        description=t(request, "method.parameters_lead"),
        asked={"q": asked.get("q", ""), "group": group, "kind": kind},
        found=found,
        groups=told.groups(),
        kinds=KINDS,
        told=told,
        all_there_are=len(parameters.load()),
        canonical=url(request, "/method/parameters", **asked),
        twins=twins(lang(request), "/method/parameters", asked),
    )


async def parameter(request: Request) -> Response:
    """Show one parameter: values by date, range, source, and who says otherwise."""
    choices(request, ())
    one = told.find(request.path_params["name"])
    if is_twin(request):
        rows = told.listing([one])
        others = told.others(one.name).rows
        about = {"parameter": one.name, "others": others, "why": disagreed_why(one.name)}
        notes = [{"note": each.words, "sources": each.sources} for each in told.mentions(one)]
        made = Listing(one.name, rows.columns, rows.rows, {**about, "notes": notes})
        return made.reply(request)
    path = f"/method/parameters/{one.name}"
    return page(
        request,
        "method_parameter.html",
        title=told.in_words(one.name),
        one=one,
        told=told,
        fixed=all(each.low == each.high for each in one.values),
        label=told.in_words(one.name),
        beside=told.beside(one.name),
        why=disagreed_why(one.name),
        mentions=told.mentions(one),
        scenarios=told.scenarios_with(one.name),
        sources=evidence.sources(),
        canonical=url(request, path),
        twins=twins(lang(request), path),
    )


async def glossary(request: Request) -> Response:
    """Show the words of the process."""
    choices(request, ())
    if is_twin(request):
        return _glossary().reply(request)
    return page(
        request,
        "method_glossary.html",
        title=t(request, "method.glossary"),
        description=t(request, "method.glossary_lead"),
        process=process.load(),
        canonical=url(request, "/method/glossary"),
        twins=twins(lang(request), "/method/glossary"),
    )


async def limits(request: Request) -> Response:
    """Show what the model cannot know, and what each log warns of."""
    choices(request, ())
    logs = site(request).shelf.all()
    rows: list[dict[str, Any]] = [
        {
            "about": "model",
            "limit": t(request, f"method.limit_{name}"),
            "why": t(request, f"method.limit_{name}_why", **_numbers()),
        }
        for name in LIMITS
    ]
    rows += [{"about": log.title, "limit": each, "why": None} for log in logs for each in _own(log)]
    if is_twin(request):
        return Listing("limits", ("about", "limit", "why"), rows).reply(request)
    return page(
        request,
        "method_limits.html",
        title=t(request, "method.limits"),
        limits=rows[: len(LIMITS)],
        logs=[(log, _own(log)) for log in logs],
        shown=logs,
        canonical=url(request, "/method/limits"),
        twins=twins(lang(request), "/method/limits"),
    )


def disagreed_why(name: str) -> str:
    """Return why the figures for a parameter differ, as far as it is known."""
    from asylumatlas.evidence.disagreement import reasons

    return reasons(name)


def _own(log: Any) -> list[str]:
    """What a log warns of: its maker's caveats, and those of its scenario."""
    scenario = log.log.manifest.details.get("scenario")
    more = scenario.get("caveats", ()) if isinstance(scenario, Mapping) else ()
    return list(dict.fromkeys([*log.caveats, *map(str, more)]))


def _numbers() -> dict[str, int]:
    return {"assumed": len(told.chosen(kind="assumed")), "all": len(parameters.load())}


def _statistic(name: str) -> Statistic:
    known = statistics()
    if name not in known:
        from asylumatlas.evidence.suggestion import did_you_mean

        raise NotFoundError(f'statistic: no "{name[:80]}".{did_you_mean(name, known)}', "statistic")
    return known[name]


@cache
def _method_text(name: str, language: str) -> Any:
    """The method page of a statistic as markup; it is the same for every reader."""

    def where(target: str) -> str:
        if target.endswith(".md") and "/" not in target:
            return link(language, f"/method/statistics/{target.removesuffix('.md')}")
        return target

    text = without_title(reference.page(statistics()[name]))
    return prose(text.split("\n", 2)[2].lstrip(), where)  # the question is the page's own


@cache
def _definitions(words: str) -> Listing:
    rows = [
        {
            "statistic": one.name,
            "label": one.label,
            "definition": each.name,
            "is_default": each.name == one.default,
            "publisher": publishers()[each.publisher].label,
            "says": each.label,
            "numerator": each.numerator,
            "denominator": each.denominator,
            "exclusions": each.exclusions,
        }
        for part in subjects()
        for one in part.statistics
        for each in one.definitions.values()
    ]
    found = [row for row in rows if sought(words, row.values())]
    return Listing("definitions", DEFINITION_COLUMNS, found)


def _by_statistic(rows: Listing) -> list[tuple[Statistic, list[Mapping[str, Any]]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows.rows:
        found.setdefault(row["statistic"], []).append(row)
    return [(statistics()[name], own) for name, own in found.items()]


def _index_listing() -> Listing:
    rows = [
        {"kind": "statistic", "name": one.name, "label": one.label, "says": one.question}
        for one in statistics().values()
    ]
    rows += [
        {"kind": "parameter", "name": name, "label": told.in_words(name), "says": one.unit}
        for name, one in parameters.load().items()
    ]
    return Listing("method", ("kind", "name", "label", "says"), rows)


def _glossary() -> Listing:
    known = process.load()
    rows: list[dict[str, Any]] = [
        {"name": one.name, "what": "stage", "label": one.label, "meaning": one.gloss}
        for one in known.stages.values()
    ]
    rows += [
        {
            "name": one.name,
            "what": "event",
            "label": one.label,
            "stage": one.stage,
            "meaning": one.definition,
            "who": one.actor,
            "law": one.law,
            "in_court_records": one.records,
        }
        for one in known.events.values()
    ]
    rows += [
        {"name": one.name, "what": "outcome", "label": one.label, "meaning": one.gloss}
        for one in known.outcomes.values()
    ]
    return Listing("glossary", GLOSSARY_COLUMNS, rows)


def _routes(path: str, answer: Any) -> list[Route]:
    """A page and its twins; the twins come first, because a name may hold dots."""
    return [Route(f"{path}{ending}", answer) for ending in (".csv", ".json", "")]


ROUTES = [
    *_routes("/method", index),
    *_routes("/method/statistics/{name}", statistic),
    *_routes("/method/definitions", definitions),
    *_routes("/method/parameters", parameter_list),
    *_routes("/method/parameters/{name}", parameter),
    *_routes("/method/glossary", glossary),
    *_routes("/method/limits", limits),
]
