"""The page around a report: what was simulated, a table of contents, and how to find the run."""

from collections.abc import Mapping
from html import escape
from typing import Any

from asylumatlas.markup import day, number
from asylumatlas.report.document import document

Row = Mapping[str, Any]


def page(summary: Row, contents: str, body: str) -> str:
    """Return the whole page.

    Args:
        summary: a checked summary.
        contents: `<li>` items of the table of contents.
        body: the sections.
    """
    period = f"{day(summary['from'])} to {day(summary['to'])}"
    return document(
        summary["title"],
        body,
        above=f"Asylum Atlas · simulation report · {period} · "
        f"{number(summary['replications'])} replications",
        below=f"""<p class="standfirst">{escape(summary["question"])}</p>
<p class="banner">{escape(summary["synthetic_note"])}</p>
<nav aria-label="Contents"><ul>{contents}</ul></nav>""",
        footer=f"""Run {escape(summary["run"])}, fingerprint \
<code>{escape(summary["fingerprint"])}</code>, written {escape(summary["created"])}. """,
        first='<a class="skip" href="#main">Skip to the report</a>\n',
        style="",  # its charts follow the theme
    )
