"""The first page: the system in one picture, and three questions of a newcomer.

/           the page; ?log=NAME draws the picture from other data
/home.csv   the numbers of the picture, stage by stage; /home.json with its bands too
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from asylumatlas import process
from asylumatlas.web.drawings.process import SHAPES, Stage, came, process_svg
from asylumatlas.web.faults import WebError
from asylumatlas.web.flow.census import COHORT, EVERYONE, START, Census, census
from asylumatlas.web.home.questions import answers
from asylumatlas.web.listing import Listing, choices, is_twin, twins
from asylumatlas.web.rendering import lang, page, t, url
from asylumatlas.web.shelf import ShelfLog
from asylumatlas.web.site import Site, site

PATIENCE = 3.0  # seconds that the first page waits for a log to be counted
COLUMNS = ("stage", "label", "came", "moved_on", "there", "as_of", "log", "note")
# Where a stage is counted: the statistic that tells of it.
STATISTICS: Mapping[str, str] = {
    "waiting_list": "waiting_list_length",
    "port_of_entry": "port_admissions",
    "screening": "credible_fear_found_rate",
    "custody": "custody_population",
    "affirmative": "affirmative_pending",
    "charging": "receipts",
    "court": "pending",
    "appeal": "appeals_pending",
    "removal": "removal_orders",
    "protected": "relief_granted",
    "ended": "removals_executed",
}


@dataclass(frozen=True)
class Picture:
    """The numbers of the picture.

    Attributes:
        log: of which log.
        group: whom it follows: the log's cohort, or everyone.
        people: how many set out in it.
        held: how many were in custody at once, at most.
        rows: stage by stage.
        moves: stage, stage and how many moved, as medians over the simulated worlds.
    """

    log: ShelfLog
    group: str
    people: float
    held: float
    rows: tuple[Mapping[str, Any], ...]
    moves: tuple[tuple[str, str, float], ...]


async def home(request: Request) -> Response:
    """Show the system, the questions, and what there is."""
    asked = choices(request, ("log",))
    here = site(request)
    logs = here.shelf.all()
    picture = await _picture(request, asked.get("log")) if logs else None
    found = await answers(here)
    told = [each.log for each in (found["refused"], found["waited"]) if each.log]
    used = ([picture.log] if picture else []) + told
    return page(
        request,
        "home.html",
        title=t(request, "home.title"),
        description=t(request, "home.lead"),
        shown=list({log.name: log for log in used}.values()),
        logs=logs,
        picture=picture,
        drawn=_drawn(request, picture) if picture else (),
        statistics=STATISTICS,
        canonical=url(request, "/", log=asked.get("log")),
        twins=twins(lang(request), "/home", asked) if picture else {},
        **found,
    )


async def twin(request: Request) -> Response:
    """Send the numbers of the picture as data."""
    asked = choices(request, ("log",))
    picture = await _picture(request, asked.get("log"))
    if picture is None:
        raise WebError(t(request, "home.counting"), 503, headers={"Retry-After": "5"})
    assert is_twin(request)
    moves = [{"from": a, "to": b, "people": people} for a, b, people in picture.moves]
    about = {
        "log": picture.log.name,
        "title": picture.log.title,
        "note": picture.log.note or None,
        "fingerprint": picture.log.fingerprint,
        "group": picture.group,
        "people": picture.people,
        "moves": moves,
    }
    return Listing("home", COLUMNS, picture.rows, about).reply(request)


async def _picture(request: Request, name: str | None) -> Picture | None:
    """The numbers of a log's picture, ``None`` while it is being counted."""
    task = asyncio.ensure_future(picture(site(request), name))
    done, _ = await asyncio.wait({task}, timeout=PATIENCE)
    return task.result() if done else None


async def picture(here: Site, name: str | None) -> Picture | None:
    """Return the numbers of a log's picture, counted now or kept; ``None`` if it has nobody.

    Args:
        here: the app.
        name: of the log; the first one by default.
    """
    log = here.shelf.get(name)
    key = ("picture", log.name, log.fingerprint)
    return await here.answers.get(
        key, lambda: picture_of(log, census(log.log, here.settings.folder))
    )


def picture_of(log: ShelfLog, counted: Census) -> Picture | None:
    """Return the numbers of a log's picture; ``None`` for a log with nobody in it.

    Args:
        log: as the shelf names it.
        counted: its people by day.
    """
    if not counted.days or not counted.worlds:
        return None
    group = COHORT if COHORT in counted.groups else EVERYONE
    moved = counted.of("moved", group, None)[-1]
    pairs = zip(counted.moves, moved, strict=True)
    moves = tuple((a, b, float(people)) for (a, b), people in pairs if people > 0)
    there = counted.of("stages", group, None)
    names = list(process.load().stages)
    arrived, left = came(moves), came([(b, a, people) for a, b, people in moves])
    rows = tuple(
        {
            "stage": name,
            "label": process.load().stages[name].label,
            "came": None if name == "custody" else round(arrived.get(name, 0.0)),
            "moved_on": None if name == "custody" else round(left.get(name, 0.0)),
            "there": round(float(there[-1][number])),
            "as_of": counted.days[-1].isoformat(),
            "log": log.name,
            "note": log.note or None,
        }
        for number, name in enumerate(names)
    )
    held = float(there[:, names.index("custody")].max())
    return Picture(log, group, left.get(START, 0.0), held, rows, moves)


def _drawn(request: Request, picture: Picture) -> list[str]:
    """The picture for wide windows and for narrow ones."""
    log = picture.log.name
    stages = [
        Stage(
            row["stage"],
            row["label"],
            row["came"] or (picture.held if row["stage"] == "custody" else 0),
            t(request, "home.at_most", n=f"{picture.held:,.0f}")
            if row["stage"] == "custody"
            else f"{row['came']:,}",
            url(request, "/method/glossary") + f"#{row['stage']}",
        )
        for row in picture.rows
    ]
    title = t(request, "home.picture_title", log=log, people=f"{picture.people:,.0f}")
    return [process_svg(shape, stages, picture.moves, title) for shape in SHAPES]


ROUTES = [
    Route("/", home),
    *(Route(f"/home{ending}", twin) for ending in (".csv", ".json")),
]
