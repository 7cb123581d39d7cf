"""The one document that every page is."""

import base64
import hashlib
import re
from pathlib import Path

import pytest

from asylumatlas.report.document import PAPER, document, static

PACKAGE = Path(__file__).parents[2] / "src" / "asylumatlas"


def test_a_title_is_text_and_a_body_is_markup() -> None:
    page = document("A <b> & c", "<p>body</p>", above="x < y", scripts_off="off & on")
    assert "<title>A &lt;b&gt; &amp; c · Asylum Atlas</title>" in page
    assert "<h1>A &lt;b&gt; &amp; c</h1>" in page
    assert '<p class="quiet">x &lt; y</p>\n<h1>' in page
    assert "off &amp; on</p></noscript>" in page
    assert '<main id="main">\n<p>body</p>\n</main>' in page


def test_the_parts_stand_in_their_order() -> None:
    parts = {name: f"<!-- {name} -->" for name in ("first", "below", "footer", "style")}
    page = document("Title", "<!-- body -->", above="above", **parts)
    places = [
        page.index(mark)
        for mark in (
            *("<!-- style -->", "<body>", "<!-- first -->", "<header>", ">above<", "<h1>"),
            *("<!-- below -->", "<noscript>", "<!-- body -->", "<!-- footer -->", "</footer>"),
        )
    ]
    assert places == sorted(places)


def test_the_policy_lets_only_the_pages_own_scripts_run() -> None:
    page = document("Title", "")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert scripts == [static("vega.js"), static("report.js")]
    for text in scripts:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in page
    policy = re.search(r'Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")
    assert page.count("'sha256-") == 2


def test_a_page_without_a_style_of_its_own_keeps_the_theme() -> None:
    assert PAPER in document("Title", "")
    assert PAPER not in document("Title", "", style="")


def test_nobody_else_writes_a_document() -> None:
    writers = [
        str(path.relative_to(PACKAGE))
        for path in sorted(PACKAGE.rglob("*.py"))
        if re.search("<!DOCTYPE|figure\\[data-chart\\] {", path.read_text("utf-8"))
    ]
    assert writers == ["report/document.py"]


@pytest.mark.parametrize("word", ["http-equiv", "viewport", "no-referrer", 'lang="en"'])
def test_every_page_says_what_a_browser_must_know(word: str) -> None:
    assert word in document("Title", "")
