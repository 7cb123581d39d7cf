"""Write a run's report: one HTML file that opens offline and asks nothing of any network.

The page carries its own style, charting code and numbers. Its policy (a meta tag) lets only
the two scripts it was written with run, by their checksums, and forbids every request. With
scripts off, only the drawn charts are missing: their numbers stand in tables.
"""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from asylumatlas.disk import store_whole
from asylumatlas.findings import findings
from asylumatlas.markup import Citations
from asylumatlas.report.assumptions import assumptions, uncertainty
from asylumatlas.report.page import page
from asylumatlas.report.people import meters, people
from asylumatlas.report.reported import decisions, reported
from asylumatlas.report.reproduction import reproduction
from asylumatlas.report.timelines import timelines
from asylumatlas.summary import check, named

__all__ = ["render", "write"]


def write(summary: Mapping[str, Any], path: Path) -> None:
    """Write the report of a run to `path`; the file is whole or not there.

    Args:
        summary: the summary of a run, as `asylumatlas.summary.check` describes it.
        path: where the HTML file goes; its folder is made if it is missing.

    Raises:
        SummaryError: a key is missing or wrong; nothing is written.
        OSError: the folder cannot be written to.
    """
    store_whole(path, render(summary).encode("utf-8"))


def render(summary: Mapping[str, Any]) -> str:
    """Return the report of a run as one HTML page.

    Raises:
        SummaryError: a key is missing or wrong.
    """
    check(summary)
    summary = named(summary)
    citations = Citations(summary["sources"])
    # In this order: the answer, what is known, the way through the process, and the rest.
    sections = [
        ("findings", "What the run says", _findings(summary)),
        ("reported", "Reported counts beside the simulation", reported(summary, citations)),
        ("people", "What became of the people", people(summary)),
        ("decisions", "What was decided", decisions(summary, citations)),
        ("over-time", "Over time", timelines(summary, citations)),
        ("uncertainty", "Where the uncertainty comes from", uncertainty(summary)),
        ("meters", "Work and cost", meters(summary, citations)),
        ("assumptions", "Assumptions", assumptions(summary, citations)),
        ("caveats", "What this cannot say", _caveats(summary)),
        ("reproduce", "How to get these numbers again", reproduction(summary)),
        ("sources", "Sources", citations.listing()),
    ]
    parts = [(key, title, body) for key, title, body in sections if body]
    contents = "".join(f'<li><a href="#{key}">{title}</a></li>' for key, title, _ in parts)
    body = "".join(
        f'<section aria-labelledby="{key}"><h2 id="{key}">{title}</h2>{body}</section>'
        for key, title, body in parts
    )
    return page(summary, contents, body)


def _findings(summary: Mapping[str, Any]) -> str:
    items = "".join(f"<li>{_kept(sentence)}</li>" for sentence in findings(summary))
    return f'{_alarm(summary)}<ol class="findings">{items}</ol>'


def _kept(sentence: str) -> str:
    """Escape a sentence, and keep each per-cent sign on the line of its number."""
    return escape(sentence).replace(" %", "\u00a0%")


def _alarm(summary: Mapping[str, Any]) -> str:
    if summary["conservation"].get("ok") is True:
        return ""
    return (
        '<p class="alarm" role="alert">The books of this run do not balance: people in differ from '
        "people out plus people inside. Do not use its numbers.</p>"
    )


def _caveats(summary: Mapping[str, Any]) -> str:
    items = "".join(f"<li>{escape(str(caveat))}</li>" for caveat in summary["caveats"])
    return f'<ul class="findings">{items}</ul>' if items else ""
