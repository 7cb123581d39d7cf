"""Comparing a statistic: differences, what is paired, which published figures stand beside."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from asylumatlas import stats
from asylumatlas.events.manifest import read_manifest
from asylumatlas.stats.catalogue import statistics
from asylumatlas.stats.periods import UNITS
from asylumatlas.stats.published import figures
from asylumatlas.stats.question import Question
from asylumatlas.web import Settings, make_app
from asylumatlas.web.comparison.figures import CLOSE, DEFINITION, gathered, sorted_out
from asylumatlas.web.comparison.link import read

RATE = "/compare{}?what=asylum_denial_rate&by=fiscal_year&published=1"
BOTH = "&log=made-up-records&log=caravan-2018"


def copied_run(home: Path, folder: Path, **changes: object) -> Path:
    """A copy of the built-in run whose log says other things of itself."""
    shutil.copytree(next(home.glob("demo/*/caravan-2018")), folder)
    manifest = read_manifest(folder)
    other = replace(manifest, details={**manifest.details, **changes})
    known = asdict(other) | {"checksum": other.compute_checksum()}
    (folder / "log.json").write_text(json.dumps(known, default=str), encoding="utf-8")
    return folder


def rows_of(client: TestClient, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(path).json()["rows"]
    return found


@pytest.fixture(scope="module")
def client(web_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Asks one app for all tests here: they only read."""
    home = tmp_path_factory.mktemp("read")
    (home / "demo").symlink_to(web_home / "demo")
    app: Any = make_app(Settings(home=home))
    with TestClient(app, base_url="http://127.0.0.1") as asking:
        app.app.state.site.shelf.wait()
        yield asking


@contextmanager
def with_log(base: Settings, folder: Path) -> Iterator[TestClient]:
    """Asks an app that was given one more log, "other"."""
    app: Any = make_app(replace(base, logs=(("other", folder),)))
    with TestClient(app, base_url="http://127.0.0.1") as asking:
        app.app.state.site.shelf.wait()
        yield asking


# ---- what is shown without a question


def test_a_page_without_a_question_compares_logs_and_published_figures(client: TestClient) -> None:
    found = client.get("/compare.json").json()
    assert found["what"] == "asylum_denial_rate"
    kinds = {each["name"]: each["source"] for each in found["series"]}
    assert kinds == {
        "made-up-records": "records",
        "caravan-2018": "simulation",
        "published": "published",
    }
    fy2019 = {r["log"]: r for r in found["rows"] if r["fiscal_year"] == "FY2019"}
    assert list(fy2019) == ["made-up-records", "caravan-2018", "published"]
    assert fy2019["published"]["value"] == 0.69
    assert fy2019["published"]["source"] == "S24"


def test_every_row_of_a_log_says_what_the_log_says_of_itself(client: TestClient) -> None:
    found = client.get("/compare.json").json()
    notes = {each["name"]: each["note"] for each in found["series"]}
    for row in found["rows"]:
        if row["log"] != "published":
            assert row["note"] == notes[row["log"]] != ""
    page = client.get("/compare").text
    for note in filter(None, notes.values()):
        assert note in page


def test_a_log_given_to_the_server_is_compared_instead_of_the_built_in_ones(
    app_settings: Settings,
) -> None:
    folder = next(app_settings.folder.glob("demo/*/made-up-records"))
    with with_log(app_settings, folder / "log") as asking:
        found = asking.get("/compare.json").json()
    assert [each["name"] for each in found["series"]] == ["other", "published"]


# ---- differences


def test_differences_are_from_the_first_log(client: TestClient) -> None:
    rows = {(r["fiscal_year"], r["log"]): r for r in rows_of(client, RATE.format(".json") + BOTH)}
    base = rows["FY2019", "made-up-records"]
    figure = rows["FY2019", "published"]
    assert base["difference"] is None
    assert figure["difference"] == pytest.approx(0.69 - base["value"])
    assert figure["difference_low95"] == pytest.approx(0.69 - base["high95"])
    assert figure["difference_high95"] == pytest.approx(0.69 - base["low95"])
    assert figure["paired"] is False
    assert rows["FY1986", "published"]["difference"] is None  # the log has no such year


def test_the_order_of_the_logs_turns_the_differences_round(client: TestClient) -> None:
    turned = "&log=caravan-2018&log=made-up-records"
    one = {(r["fiscal_year"], r["log"]): r for r in rows_of(client, RATE.format(".json") + BOTH)}
    two = {(r["fiscal_year"], r["log"]): r for r in rows_of(client, RATE.format(".json") + turned)}
    ours = one["FY2018", "caravan-2018"]["difference"]
    assert two["FY2018", "made-up-records"]["difference"] == pytest.approx(-ours)


def test_numbers_of_far_more_people_have_no_difference(client: TestClient) -> None:
    found = client.get("/compare.json?what=pending&by=fiscal_year&published=1" + BOTH).json()
    assert found["numbers_apart"] is True
    published = [row for row in found["rows"] if row["log"] == "published"]
    assert len(published) > 10
    assert all(row["difference"] is None for row in published)
    assert "no difference from them is told" in found["caveats"][0]
    page = client.get("/compare?what=pending&by=fiscal_year&published=1").text
    assert page.count('class="spec"') == 2


@pytest.mark.parametrize(
    ("changes", "pairing"),
    [
        ({}, "paired"),
        ({"seed": 99}, "other_seed"),
    ],
)
def test_runs_are_paired_where_they_share_their_random_numbers(
    app_settings: Settings, tmp_path: Path, changes: dict[str, object], pairing: str
) -> None:
    folder = copied_run(app_settings.folder, tmp_path / "copied", **changes)
    path = "/compare.json?what=asylum_denial_rate&log=caravan-2018&log=other"
    with with_log(app_settings, folder) as asking:
        found = asking.get(path).json()
        page = asking.get(path.replace(".json", "")).text
    assert [each["pairing"] for each in found["series"]] == ["first", pairing]
    row = found["rows"][1]
    assert row["paired"] is (pairing == "paired")
    ends = [row[key] for key in ("difference_low95", "difference", "difference_high95")]
    if row["paired"]:
        assert ends == [pytest.approx(0.0, abs=1e-12)] * 3
    else:
        assert ends[0] < 0 < ends[2]
    assert ("not paired: other random numbers" in page) is (pairing == "other_seed")


def test_records_are_never_paired(client: TestClient) -> None:
    found = client.get(RATE.format(".json") + BOTH).json()
    pairing = {each["name"]: each["pairing"] for each in found["series"]}
    assert pairing["caravan-2018"] == "one_world"
    assert "single history" in found["series"][1]["why"]


# ---- published figures


def test_what_stands_beside_is_what_the_library_sets_beside(client: TestClient) -> None:
    """The last figure of a year is the one that `stats.ask(published=True)` shows."""
    for name in ("asylum_denial_rate", "in_absentia_rate", "receipts", "pending"):
        path = f"/compare.json?what={name}&by=fiscal_year&published=1&log=made-up-records"
        found = client.get(path).json()
        ours = {r["fiscal_year"]: r["value"] for r in found["rows"] if r["log"] == "published"}
        theirs = {
            r["fiscal_year"]: r["published"]
            for r in found["answer"]["rows"]
            if r["published"] is not None
        }
        assert theirs
        assert {year: ours[year] for year in theirs} == theirs, name


@given(st.sampled_from(sorted(statistics())), st.data())
@settings(max_examples=60, deadline=None)
def test_no_figure_is_lost_and_none_stands_beside_wrongly(name: str, data: st.DataObject) -> None:
    known = statistics()[name]
    by = data.draw(st.lists(st.sampled_from(known.by), max_size=2, unique=True))
    if sum(each in UNITS for each in by) > 1:
        by = by[:1]
    years = data.draw(st.sampled_from([(None, None), ("FY2012", "FY2017"), ("FY2016", "FY2016")]))
    definition = data.draw(st.sampled_from(list(known.definitions.values())))
    question = Question.of(by, None, *years)
    beside, others = sorted_out(known, [definition], question, date(2018, 9, 30))
    entries = [entry for entry in known.published for _ in figures(entry)]
    assert len(beside) + len(others) == len(entries)
    assert sum(len(each.figures) for each in gathered(others)) == len(others)
    for each in beside:
        assert each.definition == definition.name
        assert set(each.keys) == set(by)
        end = each.figure.end
        assert end is not None
        assert question.end is None or end <= question.end
    for other in others:
        assert (other.why == CLOSE) is not other.entry.comparable
        if other.why == DEFINITION:
            assert other.entry.definition != definition.name


def test_a_figure_of_another_definition_is_told_with_what_is_different(client: TestClient) -> None:
    found = client.get(RATE.format(".json")).json()
    eoir = [each for each in found["published_elsewhere"] if each["definition"] == "eoir"]
    assert {each["why"] for each in eoir} == {"definition"}
    assert all(row["value"] != eoir[0]["value"] for row in found["rows"])
    page = client.get(RATE.format("")).text
    assert "follows another definition" in page
    beside = rows_of(client, RATE.format(".json") + "&definition=eoir")
    assert eoir[0]["value"] in [row["value"] for row in beside if row["log"] == "published"]


def test_each_link_beside_a_figure_leads_to_where_it_stands_beside(client: TestClient) -> None:
    page = client.get(RATE.format("")).text
    part = page[page.index('aria-labelledby="elsewhere"') :]
    links = re.findall(r'href="(/compare\?[^"]+)"', part[: part.index("</table>")])
    assert len(links) > 5
    for link in links[:3] + links[-2:]:
        found = client.get(unescape(link).replace("/compare?", "/compare.json?")).json()
        assert any(row["log"] == "published" for row in found["rows"]), link


def test_groups_of_countries_stand_beside_by_country(client: TestClient) -> None:
    query = "?what=asylum_denial_rate&by=nationality&from=FY2004&to=FY2006&published=1"
    rows = rows_of(client, f"/compare.json{query}")
    published = {row["nationality"]: row for row in rows if row["log"] == "published"}
    assert len(published) == 27
    assert published["HND"]["value"] == 0.85
    assert "Honduras" in client.get(f"/compare{query}").text


# ---- links and twins


@given(
    st.sampled_from(["asylum_denial_rate", "pending", "receipts"]),
    st.lists(st.sampled_from(["a", "b-2", "run-x"]), max_size=3, unique=True),
    st.booleans(),
    st.sampled_from(["", "fiscal_year", "nationality", "nationality,fiscal_year"]),
)
@settings(deadline=None)
def test_a_link_reads_back_as_itself(what: str, logs: list[str], published: bool, by: str) -> None:
    parts = [f"by={by}" if by else "", "published=1" if published else ""]
    parts += [f"log={name}" for name in logs]
    asked = read("&".join([*filter(None, parts), f"what={what}"]))
    assert read(asked.query()) == asked
    assert asked.logs == tuple(logs)


def test_a_link_out_of_order_is_set_right(client: TestClient) -> None:
    sent = "/es/compare?by=fiscal_year&by=&what=pending&published=1&from=&log=made-up-records"
    answer = client.get(sent, follow_redirects=False)
    assert answer.status_code == 303
    right = "/es/compare?what=pending&by=fiscal_year&published=1&log=made-up-records"
    assert answer.headers["location"] == right
    assert client.get(right, follow_redirects=False).status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("what=pendin", 404, "pending"),
        ("what=pending&log=made-up-recods", 404, "made-up-records"),
        ("what=pending&bye=court", 422, "by"),
        ("what=asylum_denial_rate&by=feed", 422, "feed"),
        ("what=measures&by=court", 422, "unknown part"),
        ("what=measures&log=made-up-records", 422, "no run"),
        ("what=pending&" + "&".join(f"log={n}" for n in "abcde"), 422, "too many"),
        ("what=%00%ff", 404, "unknown statistic"),
    ],
)
@pytest.mark.parametrize("ending", ["", ".json", ".csv"])
def test_a_wrong_word_is_told_in_one_sentence(
    client: TestClient, query: str, status: int, words: str, ending: str
) -> None:
    answer = client.get(f"/compare{ending}?{query}")
    assert answer.status_code == status
    assert words in answer.text
    assert answer.headers["content-security-policy"]
    if ending == ".json":
        assert set(answer.json()) == {"error", "where"}


def test_csv_holds_the_rows_of_json(client: TestClient) -> None:
    found = client.get(RATE.format(".json")).json()
    table = list(csv.DictReader(io.StringIO(client.get(RATE.format(".csv")).text)))
    assert [row["log"] for row in table] == [row["log"] for row in found["rows"]]
    for cells, row in zip(table, found["rows"], strict=True):
        assert float(cells["value"]) == row["value"]
        assert cells["pairing"] == row["pairing"]


def test_the_logs_rows_are_those_of_the_library(client: TestClient, app_settings: Settings) -> None:
    shelf = client.app.app.state.site.shelf  # type: ignore[attr-defined]
    logs = [shelf.get(name).log for name in ("made-up-records", "caravan-2018")]
    table = stats.ask("asylum_denial_rate", logs, by="fiscal_year", published=True)
    found = client.get(RATE.format(".json") + BOTH).json()
    assert found["answer"] == table.to_dict()
    kept = [row for row in found["rows"] if row["log"] != "published"]
    by_key = {(row["log"], row["fiscal_year"]): row for row in kept}
    assert len(kept) == len(table.rows)
    for row in table.rows:
        same = by_key[row["log"], row["fiscal_year"]]
        for key in ("value", "low95", "high95", "difference", "paired", "numerator"):
            assert same[key] == row[key]


@pytest.mark.parametrize(
    "kind", ["share", "count", "stock", "duration", "flow", "variation", "total"]
)
def test_every_kind_of_statistic_can_be_compared(client: TestClient, kind: str) -> None:
    name = next(name for name, one in statistics().items() if one.kind == kind)
    answer = client.get(f"/compare?what={name}&published=1")
    assert answer.status_code == 200, answer.text
    assert 'class="spec"' in answer.text
    assert len(answer.content) < 300_000
