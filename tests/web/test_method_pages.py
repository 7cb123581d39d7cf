"""Method and sources: every page is there, says what the data files say, and has its twins."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from starlette.testclient import TestClient

from asylumatlas import evidence, parameters, process
from asylumatlas.stats.catalogue import statistics
from asylumatlas.web import sources as source_pages
from asylumatlas.web.listing import Listing
from asylumatlas.web.method import parameters as told
from asylumatlas.web.prose import prose

PAGES = (
    *("/method", "/method/definitions", "/method/parameters", "/method/glossary"),
    *("/method/limits", "/method/parameters/court.denied_share.HND", "/sources/TRAC448"),
    *("/method/statistics/pending", "/sources"),
)


@pytest.mark.parametrize("path", PAGES)
def test_pages_have_twins_in_both_languages(client: TestClient, path: str) -> None:
    for start in ("", "/es"):
        answer = client.get(start + path)
        assert answer.status_code == 200
        assert answer.text.count("<h1") == 1
        assert len(answer.content) < 300_000
        assert client.get(f"{start}{path}.json").json()
        rows = list(csv.reader(io.StringIO(client.get(f"{start}{path}.csv").text)))
        assert len(rows) > 1
        assert len({len(row) for row in rows}) == 1
        assert f'href="{start}{path}.csv"' in answer.text


def test_every_statistic_has_its_method_page(client: TestClient) -> None:
    for name, one in statistics().items():
        answer = client.get(f"/method/statistics/{name}")
        assert answer.status_code == 200, name
        for definition in one.definitions:
            assert f"<code>{definition}</code>" in answer.text, (name, definition)
        assert "<script>" not in answer.text.replace("</script>", "")


def test_every_parameter_has_a_page_with_all_its_values(client: TestClient) -> None:
    for number, (name, one) in enumerate(parameters.load().items()):
        if number % 6:
            continue
        answer = client.get(f"/method/parameters/{name}")
        assert answer.status_code == 200, name
        for each in one.values:
            assert told.figure(each.value) in answer.text
            if each.source:
                assert f'href="/sources/{each.source}"' in answer.text


def test_every_source_has_a_page(client: TestClient) -> None:
    for number, name in enumerate(evidence.sources()):
        if number % 10 == 0:
            answer = client.get(f"/sources/{name}")
            assert answer.status_code == 200, name
            for address in evidence.source(name).addresses:
                assert 'rel="noreferrer noopener external"' in answer.text, address


def test_the_list_of_parameters_holds_every_dated_value(client: TestClient) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get("/method/parameters.csv").text)))
    values = [(name, each.value) for name, one in parameters.load().items() for each in one.values]
    assert [(row["parameter"], float(row["value"])) for row in rows] == values
    assert all(row["source"] or row["assumed"] for row in rows)


def test_parameters_can_be_looked_for(client: TestClient) -> None:
    found = {one.name for one in told.chosen("denied honduras")}
    assert found == {"court.denied_share.HND"}
    assert "court.denied_share.HND" in client.get("/method/parameters?q=denied+honduras").text
    assert all(one.assumed is not None for one in told.chosen(kind="assumed"))
    both = len(told.chosen(kind="assumed")) + len(told.chosen(kind="sourced"))
    assert both == len(parameters.load())
    assert "No parameter has all these words" in client.get("/method/parameters?q=zzz").text


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/method/parameters/court.pendin", 404, "court.pending"),
        ("/method/statistics/pendin", 404, "pending"),
        ("/sources/TRAC44", 404, "TRAC448"),
        ("/method/parameters?group=curt", 422, "court"),
        ("/method/parameters?kind=x", 422, "assumed, sourced, disagreed"),
        ("/method/parameters?p=x", 422, "q, group, kind"),
        ("/method/parameters?q=a&q=b", 422, "stands twice"),
        ("/sources?grade=E", 422, "A, B, C, D"),
        ("/method/definitions?q=" + "x" * 81, 422, "80 or fewer"),
    ],
)
def test_what_is_wrong_is_told_with_the_remedy(
    client: TestClient, path: str, status: int, said: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert said in answer.text


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    some.sampled_from(["/method/parameters", "/sources", "/method/definitions", "/data"]),
    some.dictionaries(
        some.sampled_from(["q", "group", "kind", "grade", "scale", "x"]), some.text(max_size=90)
    ),
)
def test_no_words_break_a_page(client: TestClient, path: str, query: dict[str, str]) -> None:
    answer = client.get(path, params=query)
    assert answer.status_code in (200, 422)
    assert "<script>" not in answer.text


def test_who_disagrees_about_the_denial_rate(client: TestClient) -> None:
    """EOIR's 22.56 percent for FY2016 stands against TRAC's 57."""
    found = [one for one in told.beside("court.denied_share.all") if one.figure.period == "FY2016"]
    readings = {round(one.figure.value, 4): (one.reading, one.ours) for one in found}
    assert readings[0.2256] == (told.DIFFERS, 0.57)
    assert readings[0.57] == (told.SAME, 0.57)
    text = client.get("/method/parameters/court.denied_share.all").text
    assert "0.2256" in text
    assert "outside our range" in text
    assert "EOIR divides by every closing" in text


def test_conflicting_counts_within_a_range_are_told() -> None:
    """Organisers said 10,000, the government of Mexico 3,630, the United Nations 7,200."""
    found = {one.figure.value: one.reading for one in told.beside("population.autumn_caravan.size")}
    assert found == {10_000: told.WITHIN, 3_630: told.WITHIN, 7_200: told.SAME}
    assert told.disagreed(told.find("population.autumn_caravan.size")) == 2


def test_a_figure_of_another_time_is_judged_by_nobody() -> None:
    years = {one.figure.period: one for one in told.beside("court.denied_share.all")}
    assert years["FY1986"].reading == told.OTHER_TIME
    assert years["FY1986"].ours is None


def test_a_note_that_names_a_source_is_found() -> None:
    one = told.find("port.san_ysidro.holding_capacity")
    assert [each.sources for each in told.mentions(one)] == [("REW0504",)]


def test_what_rests_on_a_source_is_what_names_it() -> None:
    rests = source_pages.rests("TRAC448")
    named = [
        name
        for name, one in parameters.load().items()
        if any(each.source == "TRAC448" for each in one.values)
    ]
    assert list(rests["parameters"]) == named
    assert "court.denied_share.all" in named
    assert "caravan-2018" in told.scenarios_with("port.san_ysidro.caravan_intake")


def test_the_glossary_holds_every_word(client: TestClient) -> None:
    text = client.get("/method/glossary").text
    known = process.load()
    for name in known.stages:
        assert f'id="{name}"' in text
    for name in known.events:
        assert f'id="event-{name}"' in text
    for name in known.outcomes:
        assert f'id="outcome-{name}"' in text


def test_limits_say_what_is_assumed_and_what_logs_warn_of(client: TestClient) -> None:
    text = client.get("/method/limits").text
    assert f"{len(told.chosen(kind='assumed'))} of {len(parameters.load())} parameters" in text
    assert "Orders of removal are derived" in text  # of the made-up records
    assert "family&#39;s members are not kept together" in text  # of the scenario


def test_english_parts_of_spanish_pages_are_marked(client: TestClient) -> None:
    text = client.get("/es/method/statistics/pending").text
    assert '<html lang="es-US">' in text
    assert '<div class="prose" lang="en">' in text


def test_markup_in_markdown_is_text() -> None:
    made = str(prose("a <script>alert(1)</script> [x](javascript:alert(1)) [y](https://a.b)"))
    assert "<script>" not in made
    assert 'href="javascript' not in made
    assert 'href="https://a.b"' in made


def test_tables_of_markdown_scroll_and_are_named() -> None:
    made = str(prose("## One\n\n| a |\n| --- |\n| b |\n\n| c |\n| --- |\n| d |\n"))
    assert made.count('tabindex="0" role="region"') == 2
    assert 'aria-label="One"' in made
    assert 'aria-label="One (2)"' in made


def test_a_listing_keeps_commas_and_lines_apart() -> None:
    rows = [{"a": 'x,"y"\nz', "b": None, "c": 0}]
    text = Listing("l", ("a", "b", "c"), rows).to_csv()
    assert list(csv.DictReader(io.StringIO(text))) == [{"a": 'x,"y"\nz', "b": "", "c": "0"}]


@pytest.mark.parametrize("path", [PAGES[2], PAGES[3], PAGES[5], PAGES[7]])
def test_pages_in_a_browser(page_of: Any, axe: Any, no_outside: Any, keep: Any, path: str) -> None:
    page = page_of(path, width=390)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    axe(page)
    no_outside(page)
    keep(page, f"method-{path.strip('/').replace('/', '-').replace('.', '-')}-390")
