"""The statistics' pages: every one answers, says what it must, and equals its twins."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asylumatlas import stats
from asylumatlas.cli import main
from asylumatlas.web.statistics.answer import KINDS, can_draw

RECORDS, SIMULATED = "made-up-records", "caravan-2018"
NAMES = sorted(stats.statistics())


def tags_of(page: str, name: str) -> list[str]:
    """The text of every element of a name, in order."""
    found = re.findall(rf"<{name}\b[^>]*>(.*?)</{name}>", page, re.S)
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split()) for text in found]


def cells_of(row: str) -> list[str]:
    """The texts of the cells of one row."""
    return [unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]


def log_of(client, name):
    return client.app.app.state.site.shelf.get(name).log


def test_the_catalogue_lists_every_statistic_with_its_question(client):
    page = client.get("/statistics").text
    said = unescape(page)
    for one in stats.statistics().values():
        assert f'href="/statistics/{one.name}"' in page
        assert one.question in said
    rows = list(csv.DictReader(io.StringIO(client.get("/statistics.csv").text)))
    assert {row["name"] for row in rows} == set(NAMES)
    assert {one["name"] for one in client.get("/statistics.json").json()["statistics"]} == set(
        NAMES
    )


def test_the_catalogue_is_searched_without_accents_and_capitals(client):
    page = client.get("/statistics", params={"q": "JUDGES dény"}).text
    assert "judge_variation" in page
    assert "waiting_list_length" not in page
    assert "No statistic has all these words" in client.get("/statistics?q=zzzz").text
    assert "<script>alert" not in client.get("/statistics?q=<script>alert(1)</script>").text


def test_the_catalogue_says_what_the_data_do_not_hold(client):
    page = client.get("/statistics", params={"log": RECORDS}).text
    entry = page[page.index("/statistics/waiting_list_length") :]
    assert "Not in these data." in entry[: entry.index("</li>")]
    entry = page[page.index("/statistics/asylum_denial_rate") :]
    assert "Not in these data." not in entry[: entry.index("</li>")]


@pytest.mark.parametrize("language", ["", "/es"])
def test_every_statistic_has_a_page_with_all_its_parts(client, language):
    for name in NAMES:
        answer = client.get(f"{language}/statistics/{name}")
        assert answer.status_code == 200, name
        page = answer.text
        one = stats.statistics()[name]
        assert tags_of(page, "h1") == [one.question]
        assert one.definition().numerator in unescape(page)
        assert 'class="banner"' in page, "the data are made up and must say so"
        assert "SELECT" in page
        assert len(answer.content) < 300_000, name
        assert "style=" not in page, "the policy forbids it"


def test_the_number_comes_first_in_words(client):
    table = stats.ask("asylum_denial_rate", log_of(client, RECORDS))
    (row,) = table.rows
    page = client.get(f"/statistics/asylum_denial_rate?log={RECORDS}").text
    before = page[: page.index("<figure")]
    assert f"{100 * row['value']:.1f}\u00a0%" in before
    assert f"of {row['denominator']:,}" in before
    assert f"{100 * row['low95']:.1f} to {100 * row['high95']:.1f}\u00a0%" in before
    assert "decisions that grant or deny asylum" in before


def test_definitions_stand_side_by_side(client):
    known = stats.statistics()["asylum_denial_rate"]
    page = client.get(f"/statistics/asylum_denial_rate?definition=all&log={RECORDS}").text
    table = stats.ask("asylum_denial_rate", log_of(client, RECORDS), definition="all")
    for row in table.rows:
        assert f"{100 * row['value']:.1f}\u00a0%" in page
    for one in known.definitions.values():
        assert one.numerator in unescape(page)
        assert one.exclusions in unescape(page)
        shown = "" if one.name == known.default else f"definition={one.name}&amp;"
        assert f'href="/statistics/asylum_denial_rate?{shown}log={RECORDS}"' in page


def test_the_table_shows_what_the_table_holds(client):
    query = f"by=fiscal_year,court&log={RECORDS}"
    page = client.get(f"/statistics/pending?{query}").text
    rows = stats.ask("pending", log_of(client, RECORDS), by="fiscal_year,court").rows
    body = page[page.index('id="numbers"') : page.index('id="counted"')]
    assert tags_of(body, "th")[:3] == ["Fiscal year", "Court", "Cases"]
    cells = [tuple(cells_of(row)[:3]) for row in body.split("<tr>")[2:]]
    assert cells == [
        (row["fiscal_year"], row["court"] or "not known", f"{row['value']:,}") for row in rows[:200]
    ]
    assert f"{len(rows) - 200:,} more rows" in page


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("by=fiscal_year", ["--by", "fiscal_year"]),
        (
            "by=court&from=FY2016&to=FY2020&where.custody=detained&suppress=5&published=1",
            [
                *("--by", "court", "--from", "FY2016", "--to", "FY2020", "--published"),
                *("--where", "custody=detained", "--suppress", "5"),
            ],
        ),
        ("definition=all", ["--definition", "all"]),
    ],
)
def test_downloads_are_the_bytes_of_the_command_line(client, tmp_path, query, options):
    """CSV, JSON and Parquet equal what ``asylumatlas stats ... --out`` writes, byte for byte."""
    folder = log_of(client, RECORDS).folder
    for ending in ("csv", "json", "parquet"):
        path = tmp_path / f"answer.{ending}"
        words = ["stats", "asylum_denial_rate", str(folder), *options, "--out", str(path)]
        assert main(words) == 0
        answer = client.get(f"/statistics/asylum_denial_rate.{ending}?{query}&log={RECORDS}")
        assert answer.status_code == 200
        assert answer.content == path.read_bytes(), ending
        assert answer.headers["content-type"] == KINDS[ending]


def test_pictures_and_queries_are_those_of_the_table(client):
    link = f"?by=fiscal_year&log={RECORDS}"
    table = stats.ask("pending", log_of(client, RECORDS), by="fiscal_year")
    assert client.get(f"/statistics/pending.vl.json{link}").json() == json.loads(
        json.dumps(table.chart().spec)
    )
    sql = client.get(f"/statistics/pending.sql{link}&dialect=postgres").text
    assert sql == table.query("postgres")
    if can_draw():
        svg = client.get(f"/statistics/pending.svg{link}")
        assert svg.content.startswith(b"<svg")
        assert client.get(f"/statistics/pending.png{link}").content.startswith(b"\x89PNG")


def test_a_form_leads_to_the_lasting_link(client):
    """What the form sends, empty fields and all, ends at the link that says the same."""
    sent = "by=fiscal_year&by=&from=FY2016&to=&where.custody=detained&where.custody=released"
    sent += f"&small=25&suppress=&log={RECORDS}"
    answer = client.get(f"/statistics/asylum_denial_rate?{sent}")
    asked = "by=fiscal_year&from=2015-10-01&where.custody=detained,released"
    assert str(answer.url).endswith(f"/statistics/asylum_denial_rate?{asked}&log={RECORDS}")
    assert answer.history[0].status_code == 303
    assert f'<link rel="canonical" href="/statistics/asylum_denial_rate?{asked}'.replace(
        "&", "&amp;"
    ) in (answer.text)
    again = client.get(str(answer.url), headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_what_cannot_be_answered_says_why_and_keeps_the_controls(client):
    answer = client.get("/statistics/pending?by=curt")
    assert answer.status_code == 422
    assert 'Did you mean "court"?' in unescape(answer.text)
    assert "<form" in answer.text
    refused = client.get(f"/statistics/asylum_denial_rate?by=judge&log={SIMULATED}")
    assert refused.status_code == 422
    assert "judge" in refused.text
    assert f"/statistics/asylum_denial_rate?by=judge&amp;log={RECORDS}" in refused.text
    twin = client.get("/statistics/pending.json?by=curt")
    assert twin.status_code == 422
    assert "court" in twin.json()["error"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/statistics/no_such", 404),
        ("/statistics/pending.exe", 404),
        ("/statistics/pending?log=no-such", 404),
        ("/embed/statistics/no_such", 404),
        ("/embed/statistics/pending?by=curt", 422),
        ("/statistics?log=no-such", 404),
        ("/statistics/pending.csv?nothing=1", 422),
        ("/statistics/pending?where.court=" + "x" * 1800, 422),
    ],
)
def test_wrong_links_are_refused(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status
    assert "Traceback" not in answer.text


def test_logs_are_compared_by_their_titles(client):
    page = client.get(f"/statistics/asylum_denial_rate?log={RECORDS}&log={SIMULATED}").text
    shelf = client.app.app.state.site.shelf
    for name in (RECORDS, SIMULATED):
        assert shelf.get(name).title in unescape(page)
        assert shelf.get(name).note in unescape(page)
    assert "Difference (95 %)" in page


def test_an_embedded_chart_may_stand_in_other_pages(client):
    answer = client.get(f"/embed/statistics/pending?by=fiscal_year&log={RECORDS}")
    assert "frame-ancestors *" in answer.headers["content-security-policy"]
    assert 'class="banner"' in answer.text
    assert f'href="/statistics/pending?by=fiscal_year&amp;log={RECORDS}"' in answer.text
    whole = client.get(f"/statistics/pending?by=fiscal_year&log={RECORDS}")
    assert "frame-ancestors 'none'" in whole.headers["content-security-policy"]


def test_published_figures_stand_beside(client):
    page = client.get(f"/statistics/asylum_denial_rate?by=fiscal_year&published=1&log={RECORDS}")
    assert "Published" in tags_of(page.text, "th")


QUERIES = st.lists(
    st.tuples(
        st.sampled_from(
            ["by", "from", "to", "where.court", "where.x", "definition", "log", "small"]
        ),
        st.one_of(
            st.text(max_size=10),
            st.sampled_from(["court", "FY2016", "all", "made-up-records", "0", "1e9", "not_known"]),
        ),
    ),
    max_size=4,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.sampled_from([*NAMES[:8], "x"]), query=QUERIES, ending=st.sampled_from(["", ".csv"]))
def test_no_link_breaks_the_server(client, name, query, ending):
    """Any link is answered, led on or refused; the app raises nothing."""
    answer = client.get(f"/statistics/{name}{ending}", params=query)
    assert answer.status_code in (200, 404, 422), answer.text[:300]
