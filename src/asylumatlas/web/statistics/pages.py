"""The statistics: the catalogue, one statistic with all that must be known to read it, its twins.

    /statistics                 the catalogue, searched with ?q=
    /statistics/NAME?...        one statistic; the query is a `statistics_link.StatisticLink`
    /statistics/NAME.csv?...    the same as data: .csv .json .parquet .png .svg .vl.json .sql
    /embed/statistics/NAME?...  the chart alone, to stand inside a page of somebody else

What a page shows is made by the modules ``statistics_...``; here it is only put together.
"""

from __future__ import annotations

import asyncio
import json
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from asylumatlas.stats.catalogue import methods, publishers
from asylumatlas.stats.errors import LacksError, StatsError
from asylumatlas.web.faults import NotFoundError, WebError
from asylumatlas.web.rendering import data, lang, link, page, t
from asylumatlas.web.shelf import ShelfLog
from asylumatlas.web.site import Site, site
from asylumatlas.web.statistics import catalogue as catalogues
from asylumatlas.web.statistics import controls, view
from asylumatlas.web.statistics.answer import (
    KINDS,
    PICTURES,
    Answered,
    can_draw,
    facts_of,
    lacks,
    logs_of,
    shown,
    twin,
)
from asylumatlas.web.statistics.link import DIALECT, MOST_LOGS, StatisticLink, read

if TYPE_CHECKING:
    from asylumatlas.stats import Table

NAMES = {
    "csv": "CSV",
    "json": "JSON",
    "parquet": "Parquet",
    "png": "PNG",
    "svg": "SVG",
    "vl.json": "Vega-Lite",
    "sql": "SQL",
}
"""Ending of a twin -> what its link is called."""

DATES = {
    "date": "statistics.rule_date",
    "start": "statistics.rule_start",
    "end": "statistics.rule_end",
    "stock": "statistics.rule_stock",
    "": "statistics.rule_none",
}
"""The column that a period means, or the kind that fixes it -> the rule in words."""

DRAWN = "drawn.json"  # the chart as a page draws it, without its title
EMBED_HEIGHT = 520  # CSS pixels


async def catalogue(request: Request) -> Response:
    """List the statistics, or those that a reader looks for."""
    app, sought = site(request), request.query_params.get("q", "").strip()
    name = request.query_params.get("log") or None
    parts = catalogues.subjects(sought)
    ending = request.url.path.partition(".")[2]
    if ending == "csv":
        return data(request, catalogues.to_csv(parts), KINDS["csv"], "statistics.csv")
    if ending == "json":
        text = json.dumps(catalogues.to_dict(parts), indent=1) + "\n"
        return data(request, text, KINDS["json"])
    log = app.shelf.get(name) if name else None
    missing = await asyncio.to_thread(_missing, app, log, parts) if log else {}
    query = {"q": sought, "log": name}
    return page(
        request,
        "statistics.html",
        title=t(request, "statistics.title"),
        listed=parts,
        count=sum(len(part.statistics) for part in parts),
        sought=sought,
        log=log,
        logs=app.shelf.all(),
        missing=missing,
        default_words=catalogues.default_words,
        shown=[log] if log else [],
        twins={
            NAMES[each]: link(lang(request), f"/statistics.{each}", {"q": sought})
            for each in ("csv", "json")
        },
        canonical=link(lang(request), "/statistics", query),
    )


def _missing(app: Site, log: ShelfLog, parts: tuple[catalogues.Subject, ...]) -> dict[str, str]:
    """Why a log has no answer to some statistics: name -> why."""
    if not app.shelf.ready(log.name):
        return {}
    facts = facts_of(app, log.name)
    found = {one.name: lacks(facts, one) for part in parts for one in part.statistics}
    return {name: why for name, why in found.items() if why}


async def statistic(request: Request) -> Response:
    """Show one statistic, or send one of its twins."""
    name, _, ending = request.path_params["file"].partition(".")
    if ending and ending not in (*KINDS, DRAWN):
        raise NotFoundError(
            f"/statistics/{name}: there is no .{ending[:20]}. There are .{', .'.join(KINDS)}."
        )
    asked = read(name, request.url.query)
    if ending == DRAWN:
        answer = await shown(site(request), asked, await logs_of(site(request), asked))
        return data(request, json.dumps(answer.chart.spec), KINDS["json"])
    if ending:
        return await _twin(request, asked, ending)
    if not _same(request.url.query, asked.query()):
        return RedirectResponse(link(lang(request), "") + asked.href(), 303)
    return await _page(request, asked)


async def _twin(request: Request, asked: StatisticLink, ending: str) -> Response:
    body = await twin(site(request), asked, ending)
    named = f"{asked.name}.{ending}" if ending in ("csv", "parquet") else None
    found = data(request, body, KINDS[ending], named)
    if ending == "csv":  # what CSV has no room for: units, definition, what the data are
        beside = link(lang(request), "").rstrip("/") + asked.href(".json")
        found.headers["Link"] = f'<{beside}>; rel="describedby"; type="application/json"'
    return found


def _same(given: str, canonical: str) -> bool:
    """Whether a query says what it says as it should, however its letters are quoted."""
    return unquote_plus(given) == unquote_plus(canonical)


async def _page(request: Request, asked: StatisticLink) -> Response:
    """One statistic; what cannot be answered is told between the controls, which stay."""
    app = site(request)
    answer: Answered | None = None
    problem, logs, elsewhere = "", [], []
    try:
        logs = await logs_of(app, asked)
        answer = await shown(app, asked, logs)
    except StatsError as error:
        problem = str(error)
        if isinstance(error, LacksError):
            elsewhere = await asyncio.to_thread(_able, app, asked, logs)
    values = await asyncio.to_thread(_values, request, asked, logs, answer)
    if answer is not None:
        table, key = answer.table, (asked.name, asked.asked(), asked.dialect, logs[0].as_of)
        values["sql"] = await app.answers.get(("sql", *key), lambda: _sql(table, asked.dialect))
    return page(
        request,
        "statistic.html",
        422 if problem else 200,
        problem=problem,
        elsewhere=elsewhere,
        **values,
    )


def _able(app: Site, asked: StatisticLink, logs: list[ShelfLog]) -> list[tuple[ShelfLog, str]]:
    """Other logs that know of such things, each with the link to the same question."""
    known = {log.name for log in logs}
    names = [name for name in app.shelf.names() if app.shelf.ready(name) and name not in known]
    return [
        (app.shelf.get(name), asked.with_(logs=(name,)).href())
        for name in names
        if not lacks(facts_of(app, name), asked.statistic)
    ]


def _values(
    request: Request, asked: StatisticLink, logs: list[ShelfLog], answer: Answered | None
) -> dict[str, Any]:
    """Everything that the page of a statistic shows."""
    language = lang(request)
    start = link(language, "").rstrip("/")

    def say(key: str, **values: object) -> str:
        return t(request, key, **values)

    lasting = asked.with_(logs=tuple(log.name for log in logs))
    facts = [facts_of(site(request), log.name) for log in logs]
    offered = controls.groups(asked, facts, say)
    base = str(request.base_url).rstrip("/")
    found = {
        "title": asked.statistic.label,
        "description": asked.statistic.question,
        "statistic": asked.statistic,
        "asked": asked,
        "shown": logs,
        "canonical": start + lasting.href(),
        "lasting": base + start + lasting.href(),
        "start": start,
        "downloads": _twins(lasting, start) if answer else {},
        "groups": offered,
        "quick": controls.quick(lasting, offered),
        "filters": controls.filters(asked, facts, say),
        "data": controls.data(asked, site(request).shelf.all(), [log.name for log in logs]),
        "most_logs": MOST_LOGS,
        "tabs": controls.tabs(lasting, say),
        "worlds": max((len(each.replications) for each in facts), default=1),
        "has_published": any(each.comparable for each in asked.statistic.published),
        "publishers": publishers(),
        "method": methods()[asked.statistic.kind],
        "dates": DATES,
        "dialects": _dialects(),
        "pictures": can_draw(),
    }
    if answer is None:
        return found | {"table": None}
    embedded = f"{base}{start}/embed{lasting.href()}"
    found["embed_code"] = _embed_code(embedded, asked.statistic.label)
    found["fixed"] = parse_qsl(lasting.with_(dialect=DIALECT).query())
    timed = "fiscal_year" in [each.value for each in offered]
    found["trend"] = _trend(lasting, start) if timed and _alone(answer.table) else None
    return found | _of_answer(answer, asked, say) | _side_by_side(asked, say)


def _alone(table: Table) -> bool:
    """Whether the answer is one number, of which a chart would show one dot."""
    return not table.by and table.kind != "flow" and len(table.rows) == 1


def _trend(lasting: StatisticLink, start: str) -> dict[str, str]:
    """The links of the same question year by year, which the browser fetches after the page."""
    yearly = lasting.grouped(("fiscal_year",))
    endings = {"page": "", "spec": ".drawn.json", "picture": ".svg"}
    return {name: start + yearly.href(ending) for name, ending in endings.items()}


def _of_answer(answer: Answered, asked: StatisticLink, say: view.Say) -> dict[str, Any]:
    """What only a page with an answer shows."""
    table = answer.table
    return {
        "table": table,
        "chart": answer.chart,
        "figures": view.figures(table, say),
        "roomy": view.is_roomy(table),
        "grid": view.grid(table, say),
        "chart_caption": f"{table.label}, {table.unit}",
        "several_worlds": any(row.get("worlds") for row in table.rows),
        "caveats": _caveats(table),
        "bibtex": table.cite("bibtex"),
    }


def _side_by_side(asked: StatisticLink, say: view.Say) -> dict[str, Any]:
    """The definitions asked for as a table."""
    names = view.definition_labels(asked.statistic)
    keys = ("whose", "col_definition", "counted", "divided_by", "left_out", "rule")
    rows = [
        (
            names[one.name],
            one.name,
            one.numerator,
            "" if one.denominator == "none" else one.denominator,
            one.exclusions,
            say(DATES["stock" if asked.statistic.kind == "stock" else one.date]),
        )
        for one in asked.definitions
    ]
    heads = [say(f"statistics.{key}") for key in keys]
    return {"definition_head": heads, "definition_rows": rows}


def _embed_code(address: str, label: str) -> str:
    """The lines to paste into a page."""
    return (
        f'<iframe src="{escape(address)}" title="{escape(label)}" width="100%" '
        f'height="{EMBED_HEIGHT}" loading="lazy"></iframe>'
    )


def _caveats(table: Table) -> list[str]:
    """The caveats, but for what the banner says anyway."""
    notes = {f"{source.log}: {source.note}" for source in table.sources if source.note}
    return [caveat for caveat in table.caveats if caveat not in notes]


def _sql(table: Table, dialect: str) -> str:
    try:
        return table.query(dialect)
    except StatsError as error:
        return f"-- {error}"


def _twins(lasting: StatisticLink, start: str) -> dict[str, str]:
    endings = [each for each in KINDS if each not in PICTURES or can_draw()]
    return {NAMES[each]: start + lasting.href(f".{each}") for each in endings}


def _dialects() -> tuple[str, ...]:
    from asylumatlas.stats.queries import DIALECTS

    return DIALECTS


async def embed(request: Request) -> Response:
    """Show the chart alone, with what must be said with it."""
    asked = read(request.path_params["name"], request.url.query)
    app = site(request)
    logs = await logs_of(app, asked)
    try:
        answer = await shown(app, asked, logs)
    except StatsError as error:
        raise WebError(str(error)) from error
    start = link(lang(request), "").rstrip("/")
    lasting = asked.with_(logs=tuple(log.name for log in logs))
    return page(
        request,
        "statistic_embed.html",
        title=asked.statistic.label,
        table=answer.table,
        chart=answer.chart,
        roomy=view.is_roomy(answer.table),
        shown=logs,
        here=start + lasting.href(),
        picture=start + lasting.href(".svg") if can_draw() else "",
    )


ROUTES = [
    Route("/statistics", catalogue),
    Route("/statistics.csv", catalogue),
    Route("/statistics.json", catalogue),
    Route("/statistics/{file}", statistic),
    Route("/embed/statistics/{name}", embed),
]
