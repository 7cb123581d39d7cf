"""Flow: where the people of a log are, day by day.

/flow?log=...&group=...&world=...&day=...    the page; every choice is in the link
/flow.csv  /flow.json                        all days of the same
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.web.drawings.map import key_svg
from asylumatlas.web.faults import WebError
from asylumatlas.web.flow.census import COHORT, EVERYONE, KINDS, Census, census
from asylumatlas.web.flow.view import View
from asylumatlas.web.rendering import data, lang, page, t, url
from asylumatlas.web.shelf import ShelfLog
from asylumatlas.web.site import site
from asylumatlas.web.words import day as day_in_words

KEYS = ("log", "group", "world", "day")
PATIENCE = 20.0  # seconds that a reader waits for a log to be counted
MEDIAN = "median"
ISO = re.compile(r"\d{4}-\d\d-\d\d")


async def flow(request: Request) -> Response:
    """Show a day."""
    view = await _view(request)
    if view is None:
        return _counting(request)
    return page(request, "flow.html", **_values(request, view))


async def twin(request: Request) -> Response:
    """Send all days as data."""
    view = await _view(request)
    if view is None:
        return _counting(request)
    name = f"flow-{view.shown.name}-{view.group}"
    if request.url.path.endswith(".csv"):
        return data(request, view.to_csv(), "text/csv; charset=utf-8", f"{name}.csv")
    text = json.dumps(view.series(), ensure_ascii=False, separators=(",", ":"))
    return data(request, text, "application/json")


async def _view(request: Request) -> View | None:
    """Return what was asked for, ``None`` while the log is being counted."""
    asked = read_query(request, KEYS)
    shown = site(request).shelf.get(asked.get("log"))
    counted = await _census(request, shown)
    if counted is None:
        return None
    if not counted.days or not len(counted.worlds):
        raise WebError(t(request, "flow.empty", log=shown.title), where="log")
    return View(
        shown,
        counted,
        _group(asked.get("group", ""), counted),
        _world(asked.get("world", ""), counted),
        _day(asked.get("day", ""), counted),
        lambda key, **values: t(request, key, **values),
    )


def read_query(request: Request, keys: tuple[str, ...]) -> dict[str, str]:
    """Return the choices of a link, those that are not empty.

    Args:
        request: what was asked.
        keys: that a link may have.

    Raises:
        WebError: an unknown key, or one given twice.
    """
    found: dict[str, str] = {}
    for key, value in request.query_params.multi_items():
        if key not in keys:
            raise WebError(f"{key}: no such choice here.{did_you_mean(key, keys)}", where=key)
        if key in found:
            raise WebError(f"{key}: stands twice in the link. Leave one out.", where=key)
        found[key] = value
    return {key: value for key, value in found.items() if value}


async def _census(request: Request, shown: ShelfLog) -> Census | None:
    """Return a log's counts; a long log goes on being counted while its first reader is told so."""
    here = site(request)
    key = ("census", shown.log.manifest.checksum)
    getting = here.answers.get(key, lambda: census(shown.log, here.settings.folder))
    task = asyncio.ensure_future(getting)
    done, _ = await asyncio.wait({task}, timeout=PATIENCE)
    return task.result() if done else None


def _counting(request: Request) -> Response:
    response = page(request, "flow_counting.html", 503, title=t(request, "flow.counting_title"))
    response.headers["Retry-After"] = "5"
    return response


def _group(word: str, counted: Census) -> str:
    if not word:
        return COHORT if COHORT in counted.groups else EVERYONE
    if word not in counted.groups:
        known = ", ".join(counted.groups)
        raise WebError(f"group: {word!r} is not counted in this log. Use {known}.", where="group")
    return word


def _world(word: str, counted: Census) -> int | None:
    if word == MEDIAN or (not word and len(counted.worlds) > 1):
        return None
    if not word:
        return counted.worlds[0]
    if (
        not word.isascii()
        or not word.isdecimal()
        or len(word) > 6
        or int(word) not in counted.worlds
    ):
        worlds = f"{counted.worlds[0]} to {counted.worlds[-1]}"
        raise WebError(f"world: {word!r} is not counted. Use median, or {worlds}.", where="world")
    return int(word)


def _day(word: str, counted: Census) -> int:
    """Return the number of a day; without one, that on which most people are in open stages."""
    if not word:
        return _fullest(counted)
    try:
        asked = date.fromisoformat(word if ISO.fullmatch(word) else "")
    except ValueError as error:
        raise WebError(
            f"day: {word!r} is no date. Write it as {counted.days[0].isoformat()}.", where="day"
        ) from error
    if not counted.days[0] <= asked <= counted.days[-1]:
        raise WebError(
            f"day: {asked} is outside the log. Use {counted.days[0]} to {counted.days[-1]}.",
            where="day",
        )
    return counted.nearest(asked)


def _fullest(counted: Census) -> int:
    """Return the day on which most of the group wait at the border, else the last one."""
    import numpy as np

    from asylumatlas import process

    waiting = list(process.load().stages).index("waiting_list")
    group = counted.groups.index(COHORT) if COHORT in counted.groups else 0
    people = np.median(counted.stages[group, :, :, waiting], axis=0)
    return int(people.argmax()) if people.max(initial=0) > 0 else len(counted.days) - 1


def _values(request: Request, view: View) -> dict[str, Any]:
    """Return what the template needs."""
    counted, day = view.census, view.census.days[view.day]
    words = {"day": day_in_words(lang(request), day), "log": view.shown.title}
    world = MEDIAN if view.world is None else view.world
    chosen = {"log": view.shown.name, "group": view.group, "world": world}
    inside = sum(row["people"] for row in view.stages() if row["name"] not in _NOT_INSIDE)
    return {
        "title": t(request, "flow.title"),
        "description": t(request, "flow.description"),
        "shown": [view.shown],
        "view": view,
        "chosen": chosen,
        "today": day,
        "inside": inside,
        "logs": site(request).shelf.all(),
        "groups": counted.groups,
        "worlds": counted.worlds,
        "pictures": view.pictures(t(request, "flow.stages_alt", **words)),
        "map": view.map(t(request, "flow.map_alt", **words)),
        "keys": [(kind, key_svg(kind), t(request, f"flow.kind_{kind}")) for kind in KINDS],
        "spec": view.chart(),
        "links": _day_links(request, view, chosen),
        "canonical": url(request, "/flow", **chosen, day=day.isoformat()),
        "twins": {
            "CSV": url(request, "/flow.csv", **chosen),
            "JSON": url(request, "/flow.json", **chosen),
        },
        "data_url": url(request, "/flow.json", **chosen),
        "day_words": [day_in_words(lang(request), each) for each in counted.days],
    }


_NOT_INSIDE = ("custody", "protected", "ended")  # custody runs beside; the others have left


def _day_links(request: Request, view: View, chosen: Mapping[str, object]) -> list[dict[str, str]]:
    """Return links to days before and after, for readers without scripts."""
    days = view.census.days
    now = days[view.day]
    targets = {
        "flow.first_day": days[0],
        "flow.week_before": now - timedelta(days=7),
        "flow.day_before": days[max(view.day - 1, 0)],
        "flow.day_after": days[min(view.day + 1, len(days) - 1)],
        "flow.week_after": now + timedelta(days=7),
        "flow.last_day": days[-1],
    }
    found = []
    for key, day in targets.items():
        if days[0] <= day <= days[-1] and day != now:
            href = url(request, "/flow", **chosen, day=day.isoformat())
            found.append({"label": t(request, key), "href": href})
    return found


ROUTES = [Route("/flow", flow), Route("/flow.csv", twin), Route("/flow.json", twin)]
