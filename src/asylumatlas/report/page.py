"""The page around a report: its content policy, style, scripts, and the notices they ask for."""

import base64
import hashlib
import tomllib
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from asylumatlas.markup import day, number

Row = Mapping[str, Any]


@cache
def static(name: str) -> str:
    """Return the text of a file that ships with the package."""
    return (files("asylumatlas") / "static" / name).read_text("utf-8")


@cache
def policy() -> str:
    """Content policy: the page's two scripts by checksum, its style, and nothing else."""
    sums = (hashlib.sha256(static(name).encode()).digest() for name in ("vega.js", "report.js"))
    allowed = " ".join(f"'sha256-{base64.b64encode(each).decode()}'" for each in sums)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )


def notice() -> str:
    """Return the licence notice of what a page carries of others, as an HTML comment."""
    vega = tomllib.loads(static("VENDORED.toml"))["vega"]
    # A comment may not hold two hyphens in a row.
    return f"{vega['contains']}\n{vega['notice']}\n{vega['terms']}".replace("--", "- -")


def page(summary: Row, contents: str, body: str) -> str:
    """Return the whole page.

    Args:
        summary: a checked summary.
        contents: `<li>` items of the table of contents.
        body: the sections.
    """
    title, question = escape(summary["title"]), escape(summary["question"])
    period = f"{day(summary['from'])} to {day(summary['to'])}"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title} · Asylum Atlas</title>
<style>{static("report.css")}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header>
<p class="quiet">Asylum Atlas · simulation report · {period} · \
{number(summary["replications"])} replications</p>
<h1>{title}</h1>
<p class="standfirst">{question}</p>
<p class="banner">{escape(summary["synthetic_note"])}</p>
<nav aria-label="Contents"><ul>{contents}</ul></nav>
<noscript><p class="note">Scripts are off: charts are not drawn, and the numbers of each chart \
stand in the table beneath it.</p></noscript>
</header>
<main id="main">
{body}
</main>
<footer class="quiet">Run {escape(summary["run"])}, fingerprint \
<code>{escape(summary["fingerprint"])}</code>, written {escape(summary["created"])}. \
This page asks nothing of any network.</footer>
<!--
{notice()}
-->
<script>{static("vega.js")}</script>
<script>{static("report.js")}</script>
</body>
</html>
"""
