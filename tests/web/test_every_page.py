"""Every page, wide, on a phone and on paper: usable by all readers, nothing asked outside.

`PAGES` is also the tour of docs/tour.md: `python tools/web_tour.py` takes its pictures from here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from asylumatlas.web.app import PAGES as MODULES

# Name of a picture -> page. Each with what a reader would have chosen.
PAGES = {
    "home": "/",
    "statistics": "/statistics",
    "statistic": "/statistics/asylum_denial_rate?by=nationality&log=made-up-records",
    "definitions": "/statistics/asylum_denial_rate?definition=all&log=made-up-records",
    "wait": "/statistics/waiting_list_wait?log=caravan-2018",
    "what-if": "/what-if",
    "scenario": "/what-if/caravan-2018?set.port.san_ysidro.holding_capacity=600",
    "flow": "/flow?day=2018-05-04",
    "one-life": "/one-life",
    "compare": "/compare",
    "method": "/method",
    "parameters": "/method/parameters",
    "parameter": "/method/parameters/port.san_ysidro.caravan_intake",
    "statistic-method": "/method/statistics/asylum_denial_rate",
    "sources": "/sources",
    "data": "/data",
    "ledger": "/data/made-up-records",
    "jobs": "/jobs",
    "api": "/api",
    "spanish": "/es/statistics/asylum_denial_rate?by=nationality&log=made-up-records",
}
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"
SMALL = """() => [...document.querySelectorAll("main *")].filter((each) => {
  const own = [...each.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  return own && each.checkVisibility() && parseFloat(getComputedStyle(each).fontSize) < 11;
}).map((each) => each.textContent.trim().slice(0, 40))"""


def test_the_list_has_a_page_of_every_module() -> None:
    own = {path.split("/")[1].partition("?")[0] for path in PAGES.values()} | {"home"}
    words = {name.split(".")[0] for name in MODULES}
    named = {"whatif": "what-if", "life": "one-life", "ledger": "data", "comparison": "compare"}
    assert {named.get(word, word) for word in words} <= own


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_used_by_all(
    page_of: Callable[..., Any],
    axe: Callable[..., None],
    no_outside: Callable[[Any], None],
    keep: Any,
    name: str,
) -> None:
    page = page_of(PAGES[name])
    keep(page, f"page-{name}-wide")
    no_outside(page)
    assert page.evaluate(OVERFLOW) <= 0
    assert page.evaluate(SMALL) == []
    axe(page)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_a_phone_in_the_dark_and_paper(
    page_of: Callable[..., Any], axe: Callable[..., None], keep: Any, name: str
) -> None:
    page = page_of(PAGES[name], width=390, theme="dark")
    keep(page, f"page-{name}-phone")
    assert page.evaluate(OVERFLOW) <= 0
    axe(page)
    page.set_viewport_size({"width": 720, "height": 1000})
    page.emulate_media(media="print")
    keep(page, f"page-{name}-print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate(OVERFLOW) <= 0


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_walked_by_keyboard(page_of: Callable[..., Any], name: str) -> None:
    """Tab goes through all that can be used, shows where it is, and is never caught."""
    page = page_of(PAGES[name])
    total = page.evaluate(
        "[...document.querySelectorAll('a[href], button, input, select, textarea, summary, "
        '[tabindex="0"]\')].filter((each) => each.checkVisibility() && !each.disabled).length'
    )
    seen: set[str] = set()
    unseen: list[str] = []
    mark = """() => {
      const at = document.activeElement;
      at.dataset.walked ||= String(Math.random());
      const style = getComputedStyle(at);
      const shown = style.outlineStyle !== "none" || style.boxShadow !== "none";
      return [at.dataset.walked, shown, at.outerHTML.slice(0, 90), at === document.body];
    }"""
    for _ in range(min(total, 150)):
        page.keyboard.press("Tab")
        key, shown, told, outside = page.evaluate(mark)
        if outside:
            break
        seen.add(key)
        if not shown:
            unseen.append(told)
    assert not unseen, "focus is not seen on:\n" + "\n".join(unseen)
    assert len(seen) >= min(total, 150) * 0.9, f"{len(seen)} of {total} are reached"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_without_scripts_has_its_words_and_numbers(
    page_of: Callable[..., Any], name: str
) -> None:
    page = page_of(PAGES[name], scripts=False)
    assert len(page.locator("main").inner_text()) > 150
    for table in page.locator("main table").all():
        assert table.locator("tr").count() > 1
