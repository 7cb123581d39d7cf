"""What a link to a comparison asks for: which statistic of which logs, or what runs measured.

``what=`` names a statistic, and the rest is that statistic's own link, see
`asylumatlas.web.statistics.link`; or it is ``measures``, and only ``log=`` may stand beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote_plus

from asylumatlas.stats.errors import StatsError, suggestion
from asylumatlas.web.statistics.link import MOST_LOGS, StatisticLink
from asylumatlas.web.statistics.link import read as read_statistic

MEASURES = "measures"
"""The word that asks for what runs measured, beside the counts published then."""

FIRST = ("asylum_denial_rate", "by=fiscal_year&published=1")
"""What is shown where nothing is asked for: a statistic and its link."""


@dataclass(frozen=True)
class ComparisonLink:
    """All that a link to a comparison says.

    Attributes:
        statistic: the question, whose `logs` are compared; ``None`` for what runs measured.
        logs: names on the shelf; the first is what the others are compared with; none leaves the
            choice to the page.
    """

    statistic: StatisticLink | None
    logs: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """The name of the statistic, or `MEASURES`."""
        return self.statistic.name if self.statistic else MEASURES

    def query(self) -> str:
        """Return all choices as the text after the question mark: the same choices, the same text.

        Example:
            >>> read("what=pending&log=b&by=court&log=a").query()
            'what=pending&by=court&log=b&log=a'
        """
        start = f"what={self.what}"
        if self.statistic is not None:
            rest = self.statistic.with_(logs=self.logs).query()
        else:
            rest = "&".join(f"log={quote(name, safe='')}" for name in self.logs)
        return f"{start}&{rest}" if rest else start

    def href(self, ending: str = "") -> str:
        """Return the link itself, without the language.

        Args:
            ending: of a twin, such as ``.csv``.
        """
        return f"/compare{ending}?{self.query()}"

    def with_(self, **changes: Any) -> ComparisonLink:
        """Return the link with another question or other logs."""
        return replace(self, **changes)


def read(query: str) -> ComparisonLink:
    """Return what a link says.

    Args:
        query: the text after the question mark, still quoted.

    Raises:
        NotFoundError: there is no such statistic; the message names the nearest.
        StatsError: a word of the link is unknown; one line with the remedy.

    Example:
        >>> read("").query()
        'what=asylum_denial_rate&by=fiscal_year&published=1'
        >>> read("what=measures&log=a&log=b").logs
        ('a', 'b')
    """
    what, rest = _parted(query)
    if what == MEASURES:
        return ComparisonLink(None, _only_logs(rest))
    if not what:
        own = [item for item in rest if not item.startswith("log=")]
        what, default = FIRST
        rest += [] if own else default.split("&")
    asked = read_statistic(what, "&".join(rest))
    return ComparisonLink(asked, asked.logs)


def _parted(query: str) -> tuple[str, list[str]]:
    """What is asked for, the last where a form sent several, and the other parts of a link."""
    items = [item for item in query.split("&") if item]
    named = [item for item in items if item.partition("=")[0] == "what"]
    what = unquote_plus(named[-1].partition("=")[2]).replace("\0", "").strip() if named else ""
    return what, [item for item in items if item not in named]


def _only_logs(items: list[str]) -> tuple[str, ...]:
    """The logs of a link that may hold nothing else, empty fields of a form aside."""
    logs = []
    for item in items:
        key, _, text = item.partition("=")
        value = unquote_plus(text).replace("\0", "").strip()
        if unquote_plus(key) == "log" and value:
            logs.append(value)
        elif value:
            key = unquote_plus(key)[:40]
            raise StatsError(f'link: unknown part "{key}".{suggestion(key, ("what", "log"))}')
    found = tuple(dict.fromkeys(logs))
    if len(found) > MOST_LOGS:
        raise StatsError(f"log: {len(found)} are too many. Name at most {MOST_LOGS}.")
    return found
