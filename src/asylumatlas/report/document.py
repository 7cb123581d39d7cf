"""The document that every page is: its content policy, style, scripts and notices."""

from __future__ import annotations

import base64
import hashlib
import tomllib
from functools import cache
from html import escape
from importlib.resources import files

__all__ = ["PAPER", "document", "static"]

# Pictures keep their paper in dark mode: their colours are chosen against white.
PAPER = """
figure[data-chart] { margin: 1rem 0; }
.chart { --page: #ffffff; --text: #1a1a1a; --quiet: #555555; --rule: #d4d4d4;
  --simulated: #0072b2; --reported: #d55e00;
  background: #ffffff; color: #1a1a1a; padding: 0.8rem; overflow-x: auto; }
body { overflow-wrap: anywhere; }
thead th { overflow-wrap: break-word; }
"""
SCRIPTS_OFF = (
    "Scripts are off: charts are not drawn, and the numbers of each chart stand in the table "
    "beneath it."
)


@cache
def static(name: str) -> str:
    """Return the text of a file that ships with the package."""
    return (files("asylumatlas") / "static" / name).read_text("utf-8")


@cache
def _policy() -> str:
    """Content policy: the page's two scripts by checksum, its style, and nothing else."""
    sums = (hashlib.sha256(static(name).encode()).digest() for name in ("vega.js", "report.js"))
    allowed = " ".join(f"'sha256-{base64.b64encode(each).decode()}'" for each in sums)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )


def _notice() -> str:
    """The licence notice of what a page carries of others, as text of an HTML comment."""
    vega = tomllib.loads(static("VENDORED.toml"))["vega"]
    # A comment may not hold two hyphens in a row.
    return f"{vega['contains']}\n{vega['notice']}\n{vega['terms']}".replace("--", "- -")


def document(
    title: str,
    body: str,
    *,
    above: str = "",
    below: str = "",
    footer: str = "",
    first: str = "",
    style: str = PAPER,
    scripts_off: str = SCRIPTS_OFF,
) -> str:
    """Return a whole page that opens offline, draws its charts and asks nothing of any network.

    Args:
        title: plain text, the page's heading and, with the program's name, its window's.
        body: HTML of the main part.
        above: plain text of the line over the heading; none if empty.
        below: HTML under the heading, such as what the page asks.
        footer: HTML before the page's last sentence.
        first: HTML before all else, such as a link past the header.
        style: CSS after that of all pages; by default charts stand on white paper.
        scripts_off: plain text, said where the reader's browser runs no scripts.

    Example:
        >>> "<title>A &lt;b&gt; · Asylum Atlas</title>" in document("A <b>", "<p>12</p>")
        True
    """
    name = escape(title)
    line = f'<p class="quiet">{escape(above)}</p>' if above else ""
    said = f'<noscript><p class="note">{escape(scripts_off)}</p></noscript>'
    header = "\n".join(part for part in (line, f"<h1>{name}</h1>", below, said) if part)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{name} · Asylum Atlas</title>
<style>{static("report.css")}{style}</style>
</head>
<body>
{first}<header>
{header}
</header>
<main id="main">
{body}
</main>
<footer class="quiet">{footer}This page asks nothing of any network.</footer>
<!--
{_notice()}
-->
<script>{static("vega.js")}</script>
<script>{static("report.js")}</script>
</body>
</html>
"""
