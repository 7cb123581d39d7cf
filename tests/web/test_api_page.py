"""The page that lists the interface, in the browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("path", "width", "theme"), [("/api", 1280, "light"), ("/es/api", 390, "dark")]
)
def test_the_page_is_good_to_use(
    page_of: Callable[..., Any],
    axe: Callable[..., None],
    no_outside: Callable[[Any], None],
    keep: Callable[..., Any],
    path: str,
    width: int,
    theme: str,
) -> None:
    page = page_of(path, width=width, theme=theme)
    assert page.locator("h1").count() == 1
    assert page.locator("main article").count() >= 20
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    keep(page, f"api-{'phone-dark' if width < 600 else 'light'}", whole=False)
    axe(page)
    no_outside(page)
    assert len(page.content()) < 300_000


def test_the_page_stands_without_scripts(page_of: Callable[..., Any]) -> None:
    page = page_of("/api", scripts=False)
    page.locator("summary").first.click()
    assert page.locator("details[open] dt").first.is_visible()
