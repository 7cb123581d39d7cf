"""What readers ask first, asked ahead: the first page, and of large logs every statistic.

A question to millions of cases can take seconds the first time and milliseconds after. So once the
logs are ready the server asks them itself, one question after the other beside its readers, and
keeps the answers like any other.
"""

from __future__ import annotations

import asyncio
import contextlib

from asylumatlas.stats import StatsError, statistics
from asylumatlas.web.faults import WebError
from asylumatlas.web.home.pages import picture
from asylumatlas.web.shelf import RUN
from asylumatlas.web.site import Site
from asylumatlas.web.statistics.answer import facts_of, lacks, shown
from asylumatlas.web.statistics.link import read

GROUPS = ("", "fiscal_year", "fiscal_year,nationality")
LARGE = 1_000_000  # rows of facts; a smaller log answers at once
LOOK = 0.5  # seconds between two looks whether a log is ready


async def ask_ahead(site: Site) -> int:
    """Ask what readers ask first; how many answers to statistics were made.

    The picture of the first page is drawn from the first log. Large logs are asked every statistic
    as a whole, by year, and by year and nationality. Results of runs are not asked: they come and
    go.

    Args:
        site: the app.
    """
    made = 0
    with contextlib.suppress(WebError, OSError):  # a reader who asks is told why
        await picture(site, None)
    for name in [name for name in site.shelf.logs if not name.startswith(RUN)]:
        while not site.shelf.ready(name) and name not in site.shelf.failed:
            await asyncio.sleep(LOOK)
        if name in site.shelf.failed or sum(facts_of(site, name).rows.values()) < LARGE:
            continue
        for by in GROUPS:
            for statistic in statistics().values():
                made += await _ask(site, name, statistic.name, by)
    return made


async def _ask(site: Site, log: str, name: str, by: str) -> int:
    """One question; 0 where it has no answer."""
    link = read(name, f"log={log}" + (f"&by={by}" if by else ""))
    try:
        if lacks(facts_of(site, log), link.statistic):
            return 0
        await shown(site, link, [site.shelf.get(log)])
    except (StatsError, WebError):  # a statistic that has no such groups
        return 0
    return 1
