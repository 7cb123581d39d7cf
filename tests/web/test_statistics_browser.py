"""The statistics' pages in a real browser: without scripts, by keyboard, on a phone, on paper."""

from __future__ import annotations

import pytest

RECORDS = "made-up-records"
PAGES = {
    "statistics": "/statistics",
    "statistic": f"/statistics/asylum_denial_rate?log={RECORDS}",
    "statistic-groups": f"/statistics/pending?by=fiscal_year,court&log={RECORDS}",
    "statistic-definitions": f"/statistics/asylum_denial_rate?definition=all&log={RECORDS}",
    "statistic-flow-es": f"/es/statistics/flow?log={RECORDS}",
}


def overflow(page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_clean_wide_and_on_a_phone(page_of, axe, no_outside, keep, name):
    wide = page_of(PAGES[name])
    keep(wide, f"{name}-wide")
    axe(wide)
    no_outside(wide)
    phone = page_of(PAGES[name], width=390, theme="dark")
    assert overflow(phone) <= 0
    keep(phone, f"{name}-phone-dark")
    if name in ("statistics", "statistic-groups"):  # the others have the same parts
        axe(phone)
    no_outside(phone)


def test_a_refusal_and_an_embedded_chart_are_clean(page_of, axe, keep):
    refused = page_of("/statistics/pending?by=curt", status=422)
    axe(refused)
    embedded = page_of(f"/embed/statistics/pending?by=fiscal_year&log={RECORDS}", width=600)
    assert overflow(embedded) <= 0
    keep(embedded, "statistic-embed")
    axe(embedded)


def test_tables_stand_without_scripts(page_of):
    page = page_of(PAGES["statistic-groups"], scripts=False)
    assert page.locator("#numbers ~ .table-scroll tbody tr").count() == 200
    assert page.locator("figure noscript").count() == 1
    page.select_option("#by-2", "")
    page.locator("form.asked button[type=submit]").click()
    assert page.url.endswith(f"/statistics/pending?by=fiscal_year&log={RECORDS}")
    assert page.locator("#numbers ~ .table-scroll tbody tr").count() > 5


def test_the_whole_way_by_keyboard(page_of):
    """Look for a statistic, open it, group it, and show it: keys only."""
    page = page_of("/statistics")
    page.focus("#q")
    page.keyboard.type("judges deny")
    page.keyboard.press("Enter")
    page.wait_for_url("**/statistics?q=*")
    link = page.locator("a", has_text="Variation between judges")
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/statistics/judge_variation*")
    page.focus("#by-1")
    page.keyboard.type("Fiscal")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter") if page.evaluate(
        "document.activeElement.type === 'submit'"
    ) else page.locator("form.asked button[type=submit]").press("Enter")
    page.wait_for_url("**/statistics/judge_variation?by=fiscal_year*")
    assert page.evaluate("document.querySelector('#by-1').value") == "fiscal_year"


def test_every_control_has_a_name_and_tables_can_be_reached(page_of):
    page = page_of(PAGES["statistic-groups"])
    scroll = page.locator(".table-scroll").first
    scroll.focus()
    assert page.evaluate("document.activeElement.getAttribute('role')") == "region"
    names = page.evaluate(
        """[...document.querySelectorAll('form.asked input:not([type=hidden]), form.asked select')]
           .map((e) => e.labels.length + (e.getAttribute('aria-label') ? 1 : 0))"""
    )
    assert names
    assert min(names) >= 1


def test_texts_are_copied(page_of):
    page = page_of(PAGES["statistic"])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.locator("button[data-copy=lasting]")
    button.click()
    page.wait_for_function("document.querySelector('[data-copy=lasting]').textContent === 'Copied'")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith(f"/statistics/asylum_denial_rate?log={RECORDS}")


def test_paper_shows_numbers_and_no_controls(page_of, keep):
    page = page_of(PAGES["statistic"])
    page.emulate_media(media="print")
    assert not page.locator("form.asked").is_visible()
    assert page.locator("#numbers").is_visible()
    keep(page, "statistic-paper")
