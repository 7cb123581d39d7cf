"""Compare: records, runs and published figures of one statistic in one picture.

/compare?what=NAME&...          one statistic of several logs; the rest is that statistic's link
/compare?what=measures&log=...  what runs measured, beside the counts published then
/compare.csv?...                the same as data: .csv .json .png .svg
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote_plus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from asylumatlas.pictures import Chart
from asylumatlas.stats.errors import StatsError
from asylumatlas.web.charts import drawn
from asylumatlas.web.comparison import view
from asylumatlas.web.comparison.chart import Pictures, pictures
from asylumatlas.web.comparison.comparison import Comparison, compared, logs_to_compare
from asylumatlas.web.comparison.link import MEASURES, ComparisonLink, read
from asylumatlas.web.comparison.runs import Measured, is_run, measured, named, picture, runs
from asylumatlas.web.faults import WebError
from asylumatlas.web.rendering import data, lang, link, page, t
from asylumatlas.web.shelf import ShelfLog
from asylumatlas.web.site import Site, site
from asylumatlas.web.statistics import controls
from asylumatlas.web.statistics.answer import KINDS, PICTURES, can_draw, facts_of
from asylumatlas.web.statistics.catalogue import subjects
from asylumatlas.web.statistics.link import MOST_LOGS, StatisticLink
from asylumatlas.web.statistics.view import Say, definition_labels, is_roomy
from asylumatlas.web.whatif.findings import effects

NAMES: Mapping[str, str] = {"csv": "CSV", "json": "JSON", "png": "PNG", "svg": "SVG"}
"""Ending of a twin -> what its link is called."""

MOST_RUNS = 2  # compared where a link names none


async def index(request: Request) -> Response:
    """Show a comparison; a link that says something else than it should is set right first."""
    asked = read(request.url.query)
    given = unquote_plus(request.url.query)
    if given and given != unquote_plus(asked.query()):
        return RedirectResponse(link(lang(request), "").rstrip("/") + asked.href(), 303)
    if asked.statistic is None:
        return await _measures_page(request, asked)
    return await _statistic_page(request, asked, asked.statistic)


async def twin(request: Request) -> Response:
    """Send a comparison as data or as a picture."""
    ending = request.url.path.rpartition(".")[2]
    asked, app = read(request.url.query), site(request)
    if ending in PICTURES and not can_draw():
        raise WebError(
            'pictures need the extra "export" where the server runs: '
            'pip install "asylumatlas[export]". The page draws the chart without it.',
            503,
        )
    found: Comparison | Measured
    if asked.statistic is None:
        found = await _measured(app, asked)
        links = asked.with_(logs=tuple(log.name for log in found.logs))
    else:
        found = await compared(app, asked)
        links = found.link
    if ending in PICTURES:
        marks = [app.shelf.get(name).fingerprint for name in links.logs]
        key = ("comparison", links.query(), *marks, ending)
        return data(
            request, await app.answers.get(key, partial(_file, found, ending)), KINDS[ending]
        )
    body = await app.answers.work(found.to_csv if ending == "csv" else found.to_json)
    named_so = f"compare-{links.what}.csv" if ending == "csv" else None
    return data(request, body, KINDS[ending], named_so)


def _file(found: Comparison | Measured, ending: str) -> bytes:
    """A picture as the text or bytes of a file."""
    import tempfile
    from pathlib import Path

    chart = _picture(found)
    with tempfile.TemporaryDirectory(prefix="asylumatlas-") as folder:
        path = Path(folder) / f"comparison.{ending}"
        write: Callable[[Path], Any] = chart.to_png if ending == "png" else chart.to_svg
        write(path)
        return path.read_bytes()


def _picture(found: Comparison | Measured) -> Chart:
    if isinstance(found, Comparison):
        return pictures(found).whole
    chart = picture(found)
    if chart is None:
        raise WebError("what: these runs name no published count, so there is no picture.")
    return chart


# ---- one statistic


async def _statistic_page(
    request: Request, asked: ComparisonLink, known: StatisticLink
) -> Response:
    app = site(request)
    found: Comparison | None = None
    problem, logs = "", []
    try:
        logs = await logs_to_compare(app, asked)
        found = await compared(app, asked)
    except StatsError as error:
        problem = str(error)
    lasting = asked.with_(logs=tuple(log.name for log in logs))
    values = await asyncio.to_thread(_choices, request, lasting, known, logs)
    if found is not None:
        key = ("comparison", lasting.query(), *(log.fingerprint for log in logs), "chart")
        drawings = (
            await app.answers.get(key, partial(pictures, found)) if found.table.rows else None
        )
        values |= _of_comparison(found, drawings, partial(t, request), lang(request))
    return page(
        request,
        "compare.html",
        422 if problem else 200,
        title=t(request, "compare.title_of", what=known.statistic.label),
        description=t(request, "compare.description", what=known.statistic.label),
        problem=problem,
        found=found,
        shown=logs,
        **values,
        **_links(request, lasting, found is not None),
    )


def _of_comparison(
    found: Comparison, drawings: Pictures | None, say: Say, language: str
) -> dict[str, Any]:
    """What only a page with an answer shows."""
    table = found.table
    first = table.labels["log"][found.series[0].name]
    rows = view.others(found, say)
    return {
        "table": table,
        "drawings": drawings,
        "glance": view.glance(found, say),
        "roomy": bool(table.rows) and is_roomy(table),
        "grid": view.grid(found, say),
        "caption": say("compare.caption", what=table.label, unit=table.unit, first=first),
        "first": first,
        "series_head": _heads(say, "data", "kind", "as_of", "worlds", "part", "pairing"),
        "series_rows": view.series_rows(found, say, language),
        "definition_head": _heads(say, "definition", "used", "counted", "divided_by", "left_out"),
        "definition_rows": view.definition_rows(found, say),
        "others": rows,
        "others_left": len(found.gathered) - len(rows),
    }


def _heads(say: Say, *names: str) -> list[str]:
    return [say(f"compare.col_{name}") for name in names]


def _choices(
    request: Request, asked: ComparisonLink, known: StatisticLink, logs: list[ShelfLog]
) -> dict[str, Any]:
    """What the form offers."""
    app, say = site(request), partial(t, request)
    facts = [facts_of(app, log.name) for log in logs]
    return {
        "asked": known,
        "what": asked.what,
        "statistic": known.statistic,
        "catalogue": subjects(),
        "definitions": definition_labels(known.statistic),
        "groups": controls.groups(known, facts, say),
        "data": controls.data(known, _in_order(app, logs), [log.name for log in logs]),
        "most_logs": MOST_LOGS,
        "kept": _kept(known),
    }


def _in_order(app: Site, logs: list[ShelfLog]) -> list[ShelfLog]:
    """All logs, those compared first and in their order: a form sends them so."""
    names = [log.name for log in logs]
    return [*logs, *(log for log in app.shelf.all() if log.name not in names)]


def _kept(known: StatisticLink) -> list[tuple[str, str]]:
    """What a link says that the form has no field for, so that sending the form keeps it."""
    question = known.question
    found = [(f"where.{name}", ",".join(words)) for name, words in question.where]
    if question.replications != "bands":
        found.append(("replications", str(question.replications)))
    if question.small != 25:
        found.append(("small", str(question.small)))
    if question.suppress is not None:
        found.append(("suppress", str(question.suppress)))
    return found


# ---- what runs measured


async def _measured(app: Site, asked: ComparisonLink) -> Measured:
    """What the runs of a link measured; without names, those of the first, and the newest of it."""
    logs = [app.shelf.get(name) for name in asked.logs] if asked.logs else _first_runs(app)
    key = ("measured", *(f"{log.name} {log.fingerprint}" for log in logs))
    return await app.answers.get(key, lambda: measured(logs))


def _first_runs(app: Site) -> list[ShelfLog]:
    """The runs on the shelf that came first."""
    return runs(app.shelf)[:MOST_RUNS]


async def _measures_page(request: Request, asked: ComparisonLink) -> Response:
    app, say = site(request), partial(t, request)
    found: Measured | None = None
    problem, chart, rows = "", None, []
    try:
        found = await _measured(app, asked)
        chart = await app.answers.work(partial(picture, found))
        rows = list(view.count_rows(found, say))
    except StatsError as error:
        problem = str(error)
    logs = list(found.logs) if found else []
    lasting = asked.with_(logs=tuple(log.name for log in logs))
    return page(
        request,
        "compare_runs.html",
        422 if problem else 200,
        title=t(request, "compare.title_measures"),
        description=t(request, "compare.measures_lead"),
        problem=problem,
        found=found,
        shown=logs,
        what=MEASURES,
        chart=drawn(chart) if chart else None,
        counts=rows,
        names=list(named(logs).values()),
        effects=effects(found.comparison) if found else {"differ": [], "same": []},
        run_head=_heads(say, "data", "scenario", "worlds", "seed", "days", "scale"),
        run_rows=view.run_rows(found) if found else (),
        data=[(log, log in logs) for log in _in_order(app, logs) if is_run(log)],
        most_logs=MOST_LOGS,
        **_links(request, lasting, found is not None, chart is not None),
    )


def _links(
    request: Request, lasting: ComparisonLink, answered: bool, drawable: bool = True
) -> dict[str, Any]:
    """Links of a page: to itself for good, to its twins, and to the two kinds of comparison."""
    start = link(lang(request), "").rstrip("/")
    endings = [each for each in NAMES if each not in PICTURES or (can_draw() and drawable)]
    return {
        "start": start,
        "canonical": start + lasting.href(),
        "lasting": f"{str(request.base_url).rstrip('/')}{start}{lasting.href()}",
        "twins": {NAMES[each]: start + lasting.href(f".{each}") for each in endings}
        if answered
        else {},
        "kinds": [
            {
                "label": t(request, f"compare.tab_{name}"),
                "href": f"{start}/compare{query}",
                "here": (lasting.statistic is None) == (name == MEASURES),
            }
            for name, query in (("statistic", ""), (MEASURES, f"?what={MEASURES}"))
        ],
    }


ROUTES = [Route("/compare", index), *(Route(f"/compare.{ending}", twin) for ending in NAMES)]
