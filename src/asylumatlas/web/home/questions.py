"""Three questions of a newcomer, answered with figures of the data on the shelf.

Each answer says what it was counted in and links to the statistic, its method and its sources. The
data are chosen by what can be counted in them, not by where they come from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from asylumatlas import parameters
from asylumatlas.stats.catalogue import publishers
from asylumatlas.stats.errors import StatsError
from asylumatlas.web.faults import WebError
from asylumatlas.web.findings import Finding, finding
from asylumatlas.web.shelf import RUN, ShelfLog
from asylumatlas.web.site import Site
from asylumatlas.web.statistics.answer import answered, facts_of, lacks
from asylumatlas.web.statistics.link import StatisticLink, read

REFUSED = ("asylum_denial_rate", "where.nationality=GTM,HND,SLV&definition=all")
WAITED = ("waiting_list_wait", "where.place=san_ysidro&by=feed")
WAITED_ALL = ("waiting_list_wait", "where.place=san_ysidro")
PUBLISHED = ("court.denied_share.GTM", "court.denied_share.HND", "court.denied_share.SLV")
POLICY = "us-hiring"
PATIENCE = 3.0  # seconds that the first page waits for an answer


@dataclass(frozen=True)
class Answer:
    """What the first page says to a question.

    Attributes:
        link: of the statistic, its data named; ``None`` where there is none.
        log: what it was counted in.
        rows: of the table behind it.
        values: what the sentence needs.
        labels: of the words in the rows.
        problem: why there is no answer; "" where there is one.
        waiting: whether there will be one soon.
    """

    link: StatisticLink | None = None
    log: ShelfLog | None = None
    rows: Sequence[Mapping[str, Any]] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    waiting: bool = False


async def answers(site: Site) -> dict[str, Any]:
    """Return the answers by question: refused, waited, judges."""
    refused, waited = await asyncio.gather(_safe(_refused(site)), _safe(_waited(site)))
    return {"refused": refused, "waited": waited, "judges": judges(), "published": published()}


def judges() -> Finding:
    """Return what more judges would change, as computed ahead."""
    return finding(POLICY)


def published() -> list[Mapping[str, Any]]:
    """Return the published shares denied by nationality, as the parameters hold them."""
    known = parameters.load()
    return [
        {
            "name": name,
            "value": known[name].values[-1].value,
            "source": known[name].values[-1].source,
        }
        for name in PUBLISHED
    ]


async def _safe(answer: Coroutine[Any, Any, Answer]) -> Answer:
    """The answer, or why there is none; what takes long goes on and is there the next time."""
    try:
        found = await asyncio.wait_for(answer, PATIENCE)
    except TimeoutError:
        return Answer(waiting=True)
    except WebError as error:
        return Answer(problem=str(error), waiting=error.status == 503)
    except StatsError as error:
        return Answer(problem=str(error))
    return found


async def _refused(site: Site) -> Answer:
    """The share refused by each definition, in the data with the most decisions."""
    link = read(*REFUSED)
    best: tuple[float, ShelfLog, Any] | None = None
    for log in _able(site, link):
        table = await answered(site, link, [log])
        most = max((row["denominator"] or 0 for row in table.rows), default=0)
        if best is None or most > best[0]:
            best = (most, log, table)
    if best is None or not best[0]:
        return _none(site)
    _, log, table = best
    rows = [row for row in table.rows if row["value"] is not None]
    values = sorted(row["value"] for row in rows)
    known = link.statistic.definitions.values()
    labels = {
        one.name: {"publisher": publishers()[one.publisher].label, "says": one.label}
        for one in known
    }
    said = {"low": values[0], "high": values[-1], "trac": _of(rows, "trac")}
    return Answer(link.with_(logs=(log.name,)), log, rows, said, labels)


async def _waited(site: Site) -> Answer:
    """The wait on the list at San Ysidro, all together and by where people came from."""
    link, every = read(*WAITED), read(*WAITED_ALL)
    for log in _able(site, link):
        table = await answered(site, every, [log])
        row = next(iter(table.rows), None)
        if row is None or not row["started"] or row["value"] is None:
            continue
        groups = await answered(site, link, [log])
        rows = [each for each in groups.rows if each["started"]]
        labels = _feeds(log)
        return Answer(link.with_(logs=(log.name,)), log, rows, dict(row), labels)
    return _none(site)


def _able(site: Site, link: StatisticLink) -> list[ShelfLog]:
    """The logs that are ready and have an answer.

    What readers let run is not asked: there may be hundreds, and whoever had the largest would
    write the first page of all others.
    """
    shelf = site.shelf
    names = [name for name in shelf.names() if shelf.ready(name) and not name.startswith(RUN)]
    return [shelf.get(name) for name in names if not lacks(facts_of(site, name), link.statistic)]


def _none(site: Site) -> Answer:
    shelf = site.shelf
    return Answer(waiting=any(not shelf.ready(n) and n not in shelf.failed for n in shelf.names()))


def _of(rows: Sequence[Mapping[str, Any]], definition: str) -> float | None:
    found = [row["value"] for row in rows if row["definition"] == definition]
    return found[0] if found else None


def _feeds(log: ShelfLog) -> dict[str, str]:
    """What the log's scenario calls those who came; a log without one has only their names."""
    scenario = log.log.manifest.details.get("scenario")
    feeds = scenario.get("feeds", {}) if isinstance(scenario, Mapping) else {}
    return {name: str(each.get("label") or "") for name, each in feeds.items()}
