"""The app as a whole: every page's frame, charts and theme, in the browser."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"
CHARTS = "/charts-of-the-tests"
# What a mark, an axis or a word of a chart is drawn in, and what is behind it.
INKS = """() => {
  const card = getComputedStyle(document.querySelector("figure.chart")).backgroundColor;
  const marks = "figure.chart svg .mark-symbol path, figure.chart svg .mark-line path";
  const shapes = [...document.querySelectorAll(marks)];
  const words = [...document.querySelectorAll("figure.chart svg .role-axis-label text")];
  const inks = (node) => {
    const { fill, stroke } = getComputedStyle(node);
    return [fill, stroke].filter((ink) => ink.startsWith("rgb("));
  };
  return { card, shapes: shapes.map(inks), words: words.map(inks) };
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/es/"])
def test_the_first_page_is_clean(
    page_of: Callable[..., Any], axe: Callable[..., None], path: str, theme: str
) -> None:
    axe(page_of(path, theme=theme))


@pytest.mark.parametrize("path", ["/", "/es/", "/nothing-here"])
def test_the_frame_fits_a_phone(page_of: Callable[..., Any], path: str) -> None:
    page = page_of(path, width=320, status=404 if "nothing" in path else 200)
    assert page.evaluate(OVERFLOW) <= 0


def test_a_fault_is_a_clean_page(page_of: Callable[..., Any], axe: Callable[..., None]) -> None:
    page = page_of("/nothing-here", status=404)
    assert page.get_by_role("heading", level=1).inner_text() == "Not found"
    axe(page)


def test_the_frame_by_keyboard(page_of: Callable[..., Any]) -> None:
    page = page_of("/")
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
    assert reached[0] == "Skip to content"
    assert reached[1:4] == ["Asylum Atlas", "Home", "Statistics"]
    assert reached[10:12] == ["Español", "Theme: system"]


def test_the_skip_link_leads_to_the_content(page_of: Callable[..., Any]) -> None:
    page = page_of("/")
    page.keyboard.press("Tab")
    assert page.locator(".skip").bounding_box()["y"] >= 0, "it shows when it is reached"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_the_theme_is_chosen_and_kept(page_of: Callable[..., Any]) -> None:
    page = page_of("/")
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    button = page.get_by_role("button", name="Theme")
    button.click()  # light
    assert page.evaluate(colour) == light
    button.click()
    dark = page.evaluate(colour)
    assert dark != light
    page.goto("/es/")
    assert page.evaluate(colour) == dark
    assert page.get_by_role("button", name="Tema: oscuro").is_visible()
    assert page.context.cookies() == []


def test_without_scripts_nothing_is_offered_that_needs_them(page_of: Callable[..., Any]) -> None:
    page = page_of("/", scripts=False)
    assert page.get_by_role("button").count() == 0
    assert page.get_by_role("navigation", name="Sections").get_by_role("link").count() == 8


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_charts_are_drawn_and_read(
    page_of: Callable[..., Any], axe: Callable[..., None], keep: Any, theme: str
) -> None:
    page = page_of(CHARTS, theme=theme)
    keep(page, f"charts-{theme}")
    assert page.locator("figure.chart svg").count() == 2
    assert page.locator("figure[data-failed]").count() == 0
    found = page.evaluate(INKS)
    card = rgb(found["card"])
    for least, marks in ((3, found["shapes"]), (4.5, found["words"])):
        drawn = [inks for inks in marks if inks != [found["card"]]]  # not halos of paper
        assert drawn
        for inks in drawn:  # a hollow mark is filled with paper
            assert max(contrast(rgb(ink), card) for ink in inks) >= least, inks
    axe(page)


def test_charts_fit_a_phone(page_of: Callable[..., Any], keep: Any) -> None:
    page = page_of(CHARTS, width=390)
    keep(page, "charts-phone")
    assert page.evaluate(OVERFLOW) <= 0


def test_charts_follow_the_theme(page_of: Callable[..., Any]) -> None:
    page = page_of(CHARTS)
    label = "getComputedStyle(document.querySelector('svg .role-axis-label text')).fill"
    light = page.evaluate(label)
    button = page.get_by_role("button", name="Theme")
    button.click()
    button.click()
    page.wait_for_selector("html[data-charts=dark]", state="attached")
    page.wait_for_function(f"{label} !== '{light}'")


def test_the_drawing_keeps_the_words_of_the_page(page_of: Callable[..., Any]) -> None:
    page = page_of(CHARTS)
    drawing = page.locator(".drawing").first
    assert drawing.get_attribute("role") == "img"
    assert "denial" in drawing.get_attribute("aria-label").lower()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_paper_is_white(page_of: Callable[..., Any], keep: Any, theme: str) -> None:
    page = page_of(CHARTS, theme=theme)
    page.emulate_media(media="print", color_scheme=theme)
    keep(page, f"charts-print-{theme}")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.get_by_role("navigation", name="Sections").is_visible()


def test_pages_are_light(page_of: Callable[..., Any], served: str) -> None:
    """Under 300 kB before charts, and the drawing program only where there is a chart."""
    page = page_of("/")
    names = "performance.getEntriesByType('resource').map((each) => each.name)"
    assert not any("vega" in each for each in page.evaluate(names))
    weight = "performance.getEntriesByType('resource').reduce((a, e) => a + e.decodedBodySize, 0)"
    assert page.evaluate(weight) + len(page.content()) < 300_000


def test_fifty_readers_at_once(served: str) -> None:
    def read(number: int) -> int:
        path = ("/", "/es/", "/healthz")[number % 3]
        with urllib.request.urlopen(served + path, timeout=30) as answer:
            answer.read()
            return int(answer.status)

    with ThreadPoolExecutor(50) as readers:
        assert set(readers.map(read, range(300))) == {200}


def rgb(text: str) -> tuple[float, float, float]:
    red, green, blue = (float(part) for part in text[text.index("(") + 1 : -1].split(",")[:3])
    return red, green, blue


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""

    def luminance(colour: tuple[float, ...]) -> float:
        parts = [part / 255 for part in colour]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
