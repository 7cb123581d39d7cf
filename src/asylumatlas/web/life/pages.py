"""One simulated life: a made-up person's history, with the rule and the numbers behind each step.

    /one-life?log=...&world=...&case=...    the page; without a case one is chosen
    /one-life?log=...&another=2             another one
    /one-life.csv  /one-life.json           the same as data

Lives are told only of logs that say of themselves that they are simulations.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from asylumatlas.web.faults import NotFoundError, WebError
from asylumatlas.web.flow.pages import read_query
from asylumatlas.web.life.choice import choose
from asylumatlas.web.life.numbers import Book
from asylumatlas.web.life.story import Life, Told, tell
from asylumatlas.web.rendering import data, page, t, url
from asylumatlas.web.shelf import ShelfLog
from asylumatlas.web.site import site

KEYS = ("log", "world", "case", "another")
SIMULATION = "simulation"  # what the manifest of a log of made-up people calls its source
MOST = 10**15  # a number of a case


async def life(request: Request) -> Response:
    """Tell a life."""
    shown, told, number = await _asked(request)
    chosen = {"log": shown.name, "world": told.world, "case": told.case}
    return page(
        request,
        "life.html",
        title=t(request, "life.title"),
        description=t(request, "life.description"),
        shown=[shown],
        life=told,
        log=shown,
        logs=_simulated(request),
        worlds=shown.log.replications,
        another=url(request, "/one-life", log=shown.name, world=told.world, another=number + 1),
        roles=_roles(request),
        canonical=url(request, "/one-life", **chosen),
        twins={
            "CSV": url(request, "/one-life.csv", **chosen),
            "JSON": url(request, "/one-life.json", **chosen),
        },
    )


async def twin(request: Request) -> Response:
    """Send a life as data."""
    shown, told, _ = await _asked(request)
    name = f"simulated-life-{shown.name}-{told.world}-{told.case}"
    if request.url.path.endswith(".csv"):
        rows = _to_csv(shown, told, t(request, "life.nobody"))
        return data(request, rows, "text/csv; charset=utf-8", f"{name}.csv")
    body = {
        "what": t(request, "life.nobody"),
        "log": shown.name,
        "title": shown.title,
        "fingerprint": shown.fingerprint,
        "note": shown.note,
        **asdict(told),
    }
    text = json.dumps(body, ensure_ascii=False, indent=1, default=str)
    return data(request, text, "application/json")


async def _asked(request: Request) -> tuple[ShelfLog, Life, int]:
    """Return the log, the life, and the number by which it was chosen (0: by its case)."""
    asked = read_query(request, KEYS)
    shown = _log(request, asked.get("log"))
    world = _number(asked, "world", shown.log.replications[0] if shown.log.replications else 0)
    if world not in shown.log.replications:
        first, last = shown.log.replications[0], shown.log.replications[-1]
        raise NotFoundError(f"world: {world} is not in this log. Use {first} to {last}.", "world")
    here = site(request)
    checksum = shown.log.manifest.checksum
    number = 0 if "case" in asked else _number(asked, "another", 1)
    if "case" in asked:
        case: int | None = _number(asked, "case", 0)
    else:
        key = ("life", checksum, world, number)
        case = await here.answers.get(key, lambda: choose(shown.log, world, number))
    if case is None:
        raise NotFoundError(t(request, "life.empty", log=shown.title), "world")
    book = await here.answers.get(("book", checksum), lambda: Book(shown.log))
    told = await here.answers.work(lambda: tell(book, world, case))
    if told is None:
        raise NotFoundError(f"case: no case {case} in world {world}. Leave case out.", "case")
    return shown, told, number


def _log(request: Request, name: str | None) -> ShelfLog:
    """Return the log asked for, the first simulation by default.

    Raises:
        WebError: it is not one of simulated people.
    """
    simulated = _simulated(request)
    if name is None and simulated:
        return simulated[0]
    shown = site(request).shelf.get(name)
    if shown.source != SIMULATION:
        others = ", ".join(each.title for each in simulated)
        key = "life.refused" if others else "life.refused_all"
        raise WebError(t(request, key, log=shown.title, others=others), 422, "log")
    return shown


def _simulated(request: Request) -> list[ShelfLog]:
    return [each for each in site(request).shelf.all() if each.source == SIMULATION]


def _number(asked: dict[str, str], key: str, default: int) -> int:
    text = asked.get(key)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 16 and int(text) <= MOST):
        raise WebError(f"{key}: {text!r} is no whole number. Leave {key} out.", where=key)
    return int(text)


def _roles(request: Request) -> dict[str, str]:
    names = ("share", "of_rest", "delay", "stay", "capacity", "staff", "room", "patience")
    return {name: t(request, f"life.role_{name}") for name in names}


def _to_csv(shown: ShelfLog, told: Life, nobody: str) -> str:
    """Return a life as CSV (RFC 4180), one row an event."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    head = ["day", "days_since", "event", "outcome", "place", "stage", "said_by", "numbers"]
    writer.writerow([*head, "log", "what"])
    for step in told.steps:
        for k, each in enumerate(step.events):
            words = [each["label"], each["outcome_label"], each["place_name"]]
            said = [step.stage, step.station, _numbers(step)] if k == 0 else [step.stage, "", ""]
            waited: Any = step.waited if k == 0 else 0
            writer.writerow([step.day, waited, *words, *said, shown.fingerprint, nobody])
    return text.getvalue()


def _numbers(step: Told) -> str:
    return "; ".join(f"{each.key} = {each.value:.12g} {each.unit}".strip() for each in step.numbers)


ROUTES = [Route(f"/one-life{ending}", twin) for ending in (".csv", ".json")]
ROUTES.append(Route("/one-life", life))
