"""The pages that compare, in a real browser: drawn, used by keyboard, nothing from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

PAGES = {
    "compare": "/compare",
    "compare-runs": "/compare?what=measures",
    "compare-apart": "/compare?what=pending&by=fiscal_year&published=1",
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_pages_are_drawn_and_fit(
    name: str, width: int, theme: str, page_of: Callable, axe: Callable, keep: Callable
) -> None:
    page = page_of(PAGES[name], width=width, theme=theme)
    assert page.locator("figure.chart .drawing svg").count() >= 1
    assert page.locator("figure.chart[data-failed]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert page.locator("h1").count() == 1
    keep(page, f"{name}-{theme}" if width > 600 else f"{name}-phone")
    axe(page)


def test_published_points_bear_no_line_and_their_source(page_of: Callable) -> None:
    page = page_of("/compare")
    drawing: Any = page.evaluate(
        """() => {
          const view = document.querySelector("figure.chart").view.view;
          const rows = view.data("rows");
          return rows.filter((row) => row.series === "Published figures" && row.value !== null)
            .map((row) => [row.period, row.source]);
        }"""
    )
    assert ["FY2016", "S15"] in drawing
    assert all(source for _, source in drawing)


def test_tables_stand_without_scripts(page_of: Callable, keep: Callable) -> None:
    page = page_of("/es/compare", scripts=False)
    assert page.locator("html").get_attribute("lang") == "es-US"
    assert page.locator("section[aria-labelledby=numbers] tbody tr").count() > 20
    assert page.locator("noscript img, noscript p").count() >= 1
    keep(page, "compare-es-without-scripts")


def test_prints(page_of: Callable, keep: Callable) -> None:
    page = page_of("/compare")
    page.emulate_media(media="print")
    assert not page.locator("form.controls").is_visible()
    assert page.locator("section[aria-labelledby=numbers] table").is_visible()
    keep(page, "compare-print")


def test_the_form_is_used_by_keyboard(page_of: Callable) -> None:
    page = page_of("/compare")
    page.locator("#what").focus()
    page.keyboard.type("In absentia rate")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "submit":
            break
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "what=in_absentia_rate" in page.url
    assert "by=fiscal_year" in page.url
    assert page.locator(".compared li").count() >= 2


def test_words_of_legends_can_be_read_in_the_dark(page_of: Callable) -> None:
    page = page_of("/compare?what=measures", theme="dark")
    colours: Any = page.evaluate(
        """() => [...document.querySelectorAll("figure.chart .role-legend-label text")]
          .map((text) => [getComputedStyle(text).fill, getComputedStyle(document.body).color])"""
    )
    assert colours
    assert all(words == page_colour for words, page_colour in colours)
