"""From a link to the table that answers it, and to the files that hold the same.

Tables are kept by what was asked of which data, so that what many readers ask is counted once; so
are charts and pictures, which take longer to draw than a table takes to write.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asylumatlas.stats.catalogue import Statistic, statistic
from asylumatlas.stats.errors import StatsError
from asylumatlas.stats.question import Question
from asylumatlas.stats.support import check
from asylumatlas.web.charts import Drawn, drawn
from asylumatlas.web.faults import WebError
from asylumatlas.web.shelf import RUN, ShelfLog
from asylumatlas.web.site import Site
from asylumatlas.web.statistics.link import StatisticLink
from asylumatlas.web.statistics.view import definition_labels

if TYPE_CHECKING:
    from asylumatlas.stats import Table
    from asylumatlas.stats.facts import Facts

PATIENCE = 4.0  # seconds that a page waits for a result's facts before it says so

PARQUET = "application/vnd.apache.parquet"
KINDS: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": PARQUET,
    "png": "image/png",
    "svg": "image/svg+xml",
    "vl.json": "application/json",
    "sql": "text/plain; charset=utf-8",
}
"""What a page can be had as: the ending of its address, and the media type."""

PICTURES = ("png", "svg")


@dataclass(frozen=True)
class Answered:
    """A table with its chart, as a page shows them.

    Attributes:
        table: the answer; its words for the logs are those of the shelf.
        chart: ready to be drawn.
    """

    table: Table
    chart: Drawn


async def logs_of(site: Site, link: StatisticLink, most: int = 1) -> list[ShelfLog]:
    """Return the logs that a link names, ready to be asked, or the first that knows of such things.

    Raises:
        NotFoundError: there is no log of a name.
        WebError: a log is still being made ready (503), or cannot be made so.
    """
    if link.logs:
        found = [site.shelf.get(name) for name in link.logs]
    else:
        names = [name for name in site.shelf.names() if site.shelf.ready(name)]
        able = (name for name in names if not lacks(facts_of(site, name), link.statistic))
        first = list(islice(able, most))  # there may be hundreds of results
        found = [site.shelf.get(name) for name in [*first, *names, None][:most]]
    for log in found:
        await made_ready(site, log)
    return found


async def made_ready(site: Site, log: ShelfLog) -> None:
    """Wait until a log can be asked, though not for long.

    Raises:
        WebError: it is still being made ready (503), or it cannot be.
    """
    shelf = site.shelf
    if shelf.ready(log.name):
        return
    if log.name in shelf.failed:
        raise WebError(shelf.failed[log.name])
    if log.name.startswith(RUN):  # it was not there when the server started
        site.answers.kept.pop(("ready", log.name), None)  # of a result that has gone and come back
        made = site.answers.get(("ready", log.name), lambda: shelf.prepare(log.name))
    else:
        made = asyncio.sleep(PATIENCE / 4)
    try:
        await asyncio.wait_for(made, PATIENCE)
    except TimeoutError:
        pass
    except ValueError as error:
        raise WebError(str(error)) from error
    if not shelf.ready(log.name):
        raise WebError(
            f"{log.title}: its statistics are being made ready. Look again in a moment.",
            503,
            "log",
            {"Retry-After": "5"},
        )


def facts_of(site: Site, name: str) -> Facts:
    """Return what can be counted in a log that is ready."""
    from asylumatlas.stats.facts import prepare

    return prepare(site.shelf.get(name).log)


def lacks(facts: Facts, statistic: Statistic) -> str:
    """Return why a log has no answer to a statistic's own question; "" where it has one.

    Args:
        facts: what can be counted in the log.
        statistic: what is asked, by its own definition.
    """
    own = statistic.definition()
    try:
        check(Question(), own, statistic.kind, facts)
    except StatsError as error:
        return str(error)
    there = {"event": facts.events, "spell": facts.spells}
    for column, known in there.items():
        wanted = own.rows.get(column)
        if isinstance(wanted, tuple) and not any(known.get(word) for word in wanted):
            return "The data hold nothing of this kind."
    if not facts.rows.get(own.facts):
        return "The data hold nothing of this kind."
    return ""


async def answered(site: Site, link: StatisticLink, logs: list[ShelfLog] | None = None) -> Table:
    """Return the table that answers a link, counted now or kept.

    Args:
        site: the app.
        link: what is asked.
        logs: of what; by default those that the link names.

    Raises:
        StatsError: the question cannot be answered; one line with the remedy.
        WebError: a log is not there, or not ready.
    """
    from asylumatlas import stats

    chosen = await logs_of(site, link) if logs is None else logs
    given: Any = [log.log for log in chosen]
    return await site.answers.get(
        _key(link, chosen), lambda: stats.ask(link.name, given, **link.arguments())
    )


async def shown(site: Site, link: StatisticLink, logs: list[ShelfLog]) -> Answered:
    """Return a table with its chart.

    Raises:
        StatsError: the question cannot be answered; one line with the remedy.
    """
    table = named(await answered(site, link, logs), logs)
    chart = await site.answers.get((*_key(link, logs), "chart"), lambda: drawn(table.chart()))
    return Answered(table, chart)


def named(table: Table, logs: list[ShelfLog]) -> Table:
    """Return a table that calls logs and definitions what readers call them.

    The rows stay as they are.
    """
    titles = [log.title for log in logs]
    labels = [
        title if titles.count(title) == 1 else f"{title} ({log.name})"
        for log, title in zip(logs, titles, strict=True)
    ]
    words = {source.log: label for source, label in zip(table.sources, labels, strict=True)}
    whose = definition_labels(statistic(table.statistic))
    return replace(table, labels={**table.labels, "log": words, "definition": whose})


def can_draw() -> bool:
    """Whether pictures can be made here: it takes the extra ``export``."""
    return find_spec("vl_convert") is not None


async def twin(site: Site, link: StatisticLink, ending: str) -> bytes:
    """Return the same as a page in another form: the bytes that the command line writes.

    Args:
        site: the app.
        link: what is asked.
        ending: one of `KINDS`.

    Raises:
        StatsError: the question cannot be answered.
        WebError: the picture cannot be made here (503).
    """
    logs = await logs_of(site, link)
    table = await answered(site, link, logs)
    if ending == "csv":
        return table.to_csv().encode()
    if ending == "json":
        return json_of(table)
    if ending == "sql":
        return await site.answers.work(lambda: table.query(link.dialect).encode())
    if ending in PICTURES and not can_draw():
        raise WebError(
            'pictures need the extra "export" where the server runs: '
            'pip install "asylumatlas[export]". The page draws the chart without it.',
            503,
        )
    key = (*_key(link, logs), ending)
    return await site.answers.get(key, lambda: _MAKERS[ending](table))


def json_of(table: Table) -> bytes:
    """Return a table as ``--format json`` writes it to a file."""
    return (json.dumps(table.to_dict(), indent=1) + "\n").encode()


def _key(link: StatisticLink, logs: list[ShelfLog]) -> tuple[str, ...]:
    data = [f"{log.name} {log.fingerprint}" for log in logs]
    return ("statistic", link.name, link.asked(), *data)


def _written(ending: str, write: Callable[[Path], object]) -> bytes:
    """What a writer of files writes."""
    with tempfile.TemporaryDirectory(prefix="asylumatlas-") as folder:
        path = Path(folder) / f"statistic.{ending}"
        write(path)
        return path.read_bytes()


_MAKERS: Mapping[str, Callable[[Table], bytes]] = {
    "parquet": lambda table: _written("parquet", table.to_parquet),
    "png": lambda table: _written("png", table.chart().to_png),
    "svg": lambda table: _written("svg", table.chart().to_svg),
    "vl.json": lambda table: (json.dumps(table.chart().spec, indent=1) + "\n").encode(),
}
