"""What if in a browser: seen by all, by keyboard, at once, and without scripts."""

from typing import Any

import pytest

BEDS = "spaces.family_beds.room"
ONE = f"/what-if/caravan-2018?set.{BEDS}=2000&set.feeds.caravan.mix.lawyer.yes=0.8"
# One drawing is enough for axe, which looks at every mark of each; so is one row of each table.
FEWER = """() => {
  [...document.querySelectorAll(".drawing > *")].slice(1).forEach((each) => each.remove());
  for (const rows of document.querySelectorAll("tbody"))
    [...rows.rows].slice(2).forEach((each) => each.remove());
}"""
PAGES = [
    ("/what-if", 200, "list"),
    (ONE, 422, "scenario"),
    ("/what-if/text", 200, "text"),
    ("/what-if/results/caravan-2018", 200, "results"),
]


@pytest.mark.parametrize(("path", "status", "name"), PAGES)
def test_pages_are_usable(
    page_of: Any, axe: Any, no_outside: Any, keep: Any, path: str, status: int, name: str
) -> None:
    page = page_of(path, status=status)
    keep(page, f"what-if-{name}")
    no_outside(page)
    page.evaluate(FEWER)
    axe(page)


@pytest.mark.parametrize(("path", "status", "name"), PAGES[1:2] + PAGES[3:])
def test_pages_fit_a_phone_in_the_dark(
    page_of: Any, axe: Any, keep: Any, path: str, status: int, name: str
) -> None:
    page = page_of(path, width=390, theme="dark", status=status)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    keep(page, f"what-if-{name}-phone")
    page.evaluate(FEWER)
    axe(page)


def test_what_differs_is_shown_while_typing(page_of: Any) -> None:
    page = page_of("/what-if/caravan-2018")
    field = page.locator(f'[name="set.{BEDS}"]')
    field.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("800")
    page.locator("#difference", has_text="400 → 800").wait_for()
    assert f"set.{BEDS}=800" in page.url
    assert f"set.{BEDS}=800" in page.locator("[data-share]").input_value()
    assert f"set.{BEDS}=800" in page.locator("[data-toml]").get_attribute("href")
    assert field.evaluate("field => field === document.activeElement")
    field.fill("400")
    page.locator("#difference", has_text="Nothing yet").wait_for()
    assert "set." not in page.url


def test_a_fault_is_shown_beside_its_control(page_of: Any) -> None:
    page = page_of("/what-if/caravan-2018")
    field = page.locator(f'[name="set.{BEDS}"]')
    field.fill("many")
    page.wait_for_selector("[data-fault]:visible")
    assert field.get_attribute("aria-invalid") == "true"
    assert "must be a number" in page.locator("[data-fault]:visible").inner_text()
    page.watched.heard.clear()  # the browser tells of the status 422


def test_a_group_keeps_what_was_typed(page_of: Any) -> None:
    page = page_of("/what-if/caravan-2018")
    page.locator(f'[name="set.{BEDS}"]').fill("800")
    page.get_by_role("link", name="Costs").click()
    page.wait_for_url("**show=cost**")
    assert f"set.{BEDS}=800" in page.url
    assert "400 → 800" in page.locator("#difference").inner_text()


def test_without_scripts_the_form_does_the_same(page_of: Any) -> None:
    page = page_of("/what-if/caravan-2018", scripts=False)
    page.locator(f'[name="set.{BEDS}"]').fill("800")
    page.get_by_role("button", name="Show what differs").first.click()
    assert page.url.endswith(f"/what-if/caravan-2018?set.{BEDS}=800")
    assert "400 → 800" in page.locator("#difference").inner_text()
    page.locator("#seek").fill("appeal")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "find=appeal" in page.url
    assert f"set.{BEDS}=800" in page.url
    assert page.locator('[name="set.appeal.days"]').count() == 1


def test_every_chart_of_a_run_is_drawn(page_of: Any) -> None:
    page = page_of("/what-if/results/caravan-2018")
    charts = page.locator("figure.chart").count()
    assert charts > 10
    assert page.locator("figure.chart .drawing svg").count() == charts
    assert page.locator("figure.chart[data-failed]").count() == 0
