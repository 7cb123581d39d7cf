"""Each download equals the interface for programs and the command line, on every page.

The pages are read as a reader does: their links to the same as data are followed.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from asylumatlas import process, stats
from asylumatlas.cli import main
from asylumatlas.stats.facts import prepare
from asylumatlas.web import Settings, make_app
from asylumatlas.web.app import routes
from asylumatlas.web.statistics.answer import can_draw, lacks

PAGES = (
    "/",
    "/statistics",
    "/statistics?q=denied",
    "/statistics/asylum_denial_rate?by=fiscal_year&log=made-up-records",
    "/statistics/flow?log=made-up-records",
    "/what-if",
    "/what-if/caravan-2018",
    "/what-if/results/caravan-2018",
    "/flow",
    "/one-life",
    "/compare",
    "/compare?what=measures",
    "/method",
    "/method/statistics/pending",
    "/method/definitions",
    "/method/parameters",
    "/method/glossary",
    "/method/limits",
    "/sources",
    "/sources/S15",
    "/data",
    "/data/made-up-records",
    "/jobs",
)
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
    "png": "image/png",
    "svg": "image/svg+xml",
    "toml": "application/toml",
    "sql": "text/plain; charset=utf-8",
}
STARTS = {"png": b"\x89PNG", "parquet": b"PAR1"}
# Prose of the page itself, which is in the reader's language in its twins too.
IN_WORDS = ("/method/limits", "/one-life")
# Twins of what only some servers have: a run that was asked for, one parameter among hundreds.
ONE_OF_MANY = ("/jobs/", "/method/parameters/", "/api/", "/static/", "/openapi")


@pytest.fixture(scope="module")
def client(web_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Asks one app for all tests here: they only read."""
    home = tmp_path_factory.mktemp("read")
    (home / "demo").symlink_to(web_home / "demo")
    app: Any = make_app(Settings(home=home))
    with TestClient(app, base_url="http://127.0.0.1") as asking:
        app.app.state.site.shelf.wait()
        yield asking


def twins(client: TestClient, page: str) -> dict[str, str]:
    """The links of a page to the same as data: address -> media type it is said to be, or ""."""
    text = client.get(page).text
    found = {}
    for tag in re.findall(r"<link rel=\"alternate\"[^>]*>", text):
        kind = re.search(r'type="([^"]+)"', tag)
        if kind:
            found[unescape(re.search(r'href="([^"]+)"', tag)[1])] = kind[1]  # type: ignore[index]
    for part in re.findall(r'<ul class="twins[^"]*">(.*?)</ul>', text, re.S):
        for link in re.findall(r'href="([^"]+)"', part):
            if "." in link.partition("?")[0].rpartition("/")[2]:  # others lead to other days
                found.setdefault(unescape(link), "")
    return found


def ending(link: str) -> str:
    return link.partition("?")[0].rpartition(".")[2]


def table_of(text: str) -> list[dict[str, str]]:
    """The rows of a CSV file, which must be rectangular and have a head of its own."""
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows[0]) == len(set(rows[0])), "two columns of one name"
    assert {len(row) for row in rows} == {len(rows[0])}
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What the command line prints."""

    def run(*words: str) -> str:
        capsys.readouterr()
        assert main(list(words)) == 0
        return capsys.readouterr().out

    return run


# ---- every page


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_twins_that_are_what_they_say(client: TestClient, page: str) -> None:
    links = twins(client, page)
    assert {"csv", "json"} <= {ending(link) for link in links}, links
    for link, kind in links.items():
        answer = client.get(link)
        assert answer.status_code == 200, f"{link}: {answer.text[:200]}"
        served = answer.headers["content-type"]
        assert served == KINDS[ending(link)], link
        assert kind in ("", served.partition(";")[0]), link
        assert answer.headers["etag"], link
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.content.startswith(STARTS.get(ending(link), b"")), link
        again = client.get(link, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304, link


@pytest.mark.parametrize("page", PAGES)
def test_csv_and_json_of_a_page_hold_the_same(client: TestClient, page: str) -> None:
    links = {ending(link): link for link in twins(client, page)}
    table = table_of(client.get(links["csv"]).text)
    found = client.get(links["json"]).json()
    assert table or page == "/jobs"
    rows = found.get("rows") or found.get("statistics")
    if rows is None or not set(table[0]) <= set(rows[0]):
        return  # the CSV is a part of the JSON, or another view of it; its own page's tests say
    assert len(table) == len(rows)
    for cells, row in zip(table, rows, strict=True):
        for name, cell in cells.items():
            assert _same(cell, row[name]), f"{page}: {name}: {cell!r} in CSV, {row[name]!r} in JSON"


def _same(cell: str, value: object) -> bool:
    if value is None or value == "" or value == []:
        return cell == ""
    if isinstance(value, bool):
        return cell.lower() == str(value).lower()
    if isinstance(value, int | float):
        return float(cell) == value
    if isinstance(value, list):
        return all(str(each) in cell for each in value if not isinstance(each, dict))
    return isinstance(value, dict) or cell == str(value)


@pytest.mark.parametrize("page", PAGES)
def test_twins_of_spanish_pages_are_the_same_data(client: TestClient, page: str) -> None:
    """Words of data stay as they are: a program must not care in which language it asks."""
    english = twins(client, page)
    for link in twins(client, f"/es{page if page != '/' else '/'}"):
        if ending(link) not in ("csv", "json"):
            continue
        assert link.startswith("/es/")
        plain = link.removeprefix("/es")
        assert plain in english
        if page in IN_WORDS:
            continue
        assert client.get(link).content == client.get(plain).content, link


def test_every_route_of_data_is_linked_from_a_page(client: TestClient) -> None:
    linked = {link.partition("?")[0] for page in PAGES for link in twins(client, page)}
    lost = [
        path
        for path in _data_routes()
        if not any(re.fullmatch(_pattern(path), link) for link in linked)
    ]
    assert lost == []


def _data_routes() -> Iterator[str]:
    for route in routes():
        path = str(getattr(route, "path", ""))
        if path.endswith((".csv", ".json", ".png", ".svg")) and not path.startswith(ONE_OF_MANY):
            if path.endswith((".png", ".svg")) and not can_draw():
                continue
            if ".vl." not in path:
                yield path


def _pattern(path: str) -> str:
    return re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path))


# ---- statistics: page, interface and command line


@pytest.mark.parametrize("name", sorted(stats.statistics()))
def test_every_statistic_is_the_same_three_ways(
    client: TestClient, said: Callable[..., str], tmp_path: Path, name: str
) -> None:
    shelf = client.app.app.state.site.shelf  # type: ignore[attr-defined]
    statistic = stats.statistics()[name]
    able = [log for log in shelf.all() if not lacks(prepare(log.log), statistic)]
    if not able:
        assert client.get(f"/statistics/{name}").status_code in (200, 422)
        return
    log = able[-1]
    group = "fiscal_year" if "fiscal_year" in statistic.definition().by else ""
    query = f"by={group}&log={log.name}" if group else f"log={log.name}"
    asked = ["stats", name, str(log.folder), *(["--by", group] if group else [])]
    told = said(*asked, "--format", "json")
    assert client.get(f"/statistics/{name}.json?{query}").json() == json.loads(told)
    answer = client.get(f"/api/v1/statistics/{name}/answer?{query}")
    assert answer.json() == json.loads(told)
    path = tmp_path / "answer.csv"
    said(*asked, "--out", str(path))
    assert client.get(f"/statistics/{name}.csv?{query}").content == path.read_bytes()
    same = client.get(f"/api/v1/statistics/{name}/answer?{query}&format=csv")
    assert same.content == path.read_bytes()


def test_the_catalogue_is_the_same_three_ways(client: TestClient, said: Callable[..., str]) -> None:
    found = [
        client.get("/statistics.json").json(),  # by subject, in the order of a case's way
        client.get("/api/v1/statistics").json(),
        json.loads(said("stats", "--format", "json")),
    ]
    page, interface, told = ({row["name"]: row for row in each["statistics"]} for each in found)
    assert page == interface == told
    table = table_of(client.get("/statistics.csv").text)
    assert [row["name"] for row in table] == list(page)


# ---- comparisons


def test_a_comparison_holds_the_answer_of_the_command_line(
    client: TestClient, said: Callable[..., str]
) -> None:
    shelf = client.app.app.state.site.shelf  # type: ignore[attr-defined]
    names = ("made-up-records", "caravan-2018")
    folders = [str(shelf.get(name).folder) for name in names]
    asked = ["stats", "in_absentia_rate", *folders, "--by", "fiscal_year", "--published"]
    told = json.loads(said(*asked, "--format", "json"))
    query = "by=fiscal_year&published=1&log=made-up-records&log=caravan-2018"
    found = client.get(f"/compare.json?what=in_absentia_rate&{query}").json()
    assert found["answer"] == told
    assert found["answer"] == client.get(f"/statistics/in_absentia_rate.json?{query}").json()
    values = {(row["log"], row["fiscal_year"]): row["value"] for row in found["rows"]}
    assert {
        (r["log"], r["fiscal_year"]): r["value"] for r in told["rows"]
    }.items() <= values.items()


# ---- the rest


def test_sources_are_those_of_the_interface(client: TestClient) -> None:
    rows = client.get("/sources.json").json()["rows"]
    known = client.get("/api/v1/sources").json()["sources"]
    shared = ("id", "publisher", "title", "date", "grade", "scale", "note")
    page, interface = (
        {row["id"]: [row[key] or "" for key in shared] for row in each} for each in (rows, known)
    )
    assert page == interface


def test_parameters_are_those_of_the_interface(client: TestClient) -> None:
    rows = client.get("/method/parameters.json").json()["rows"]
    known = client.get("/api/v1/parameters").json()["parameters"]
    values = {(one["parameter"], v["value"]) for one in known for v in one["values"]}
    assert {(row["parameter"], row["value"]) for row in rows} == values


def test_the_glossary_is_the_vocabulary(client: TestClient) -> None:
    rows = client.get("/method/glossary.json").json()["rows"]
    words = process.load()
    assert {row["name"] for row in rows} >= {*words.stages, *words.events, *words.outcomes}


def test_data_are_those_of_the_interface(client: TestClient) -> None:
    rows = client.get("/data.json").json()["rows"]
    known = client.get("/api/v1/logs").json()["logs"]
    shared = ("name", "title", "source", "as_of", "cases", "events", "note", "fingerprint")
    assert [[row[key] for key in shared] for row in rows] == [
        [row[key] for key in shared] for row in known
    ]


def test_scenarios_are_those_of_the_interface(client: TestClient) -> None:
    rows = client.get("/what-if.json").json()["scenarios"]
    known = client.get("/api/v1/scenarios").json()["scenarios"]
    assert {row["name"]: row["title"] for row in rows} == {
        row["scenario"]: row["title"] for row in known
    }
    page = client.get("/what-if/caravan-2018.json").json()
    one = client.get("/api/v1/scenarios/caravan-2018").json()
    assert page["fingerprint"] == one["fingerprint"]
    assert [row["key"] for row in page["controls"]] == [row["key"] for row in one["controls"]]


def test_a_result_holds_the_runs_own_summary(client: TestClient) -> None:
    shelf = client.app.app.state.site.shelf  # type: ignore[attr-defined]
    folder = shelf.get("caravan-2018").folder
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    assert client.get("/what-if/results/caravan-2018.json").json()["summary"] == summary


def test_runs_are_those_of_the_interface(client: TestClient) -> None:
    assert client.get("/jobs.json").json() == client.get("/api/v1/jobs").json()


def test_made_up_and_simulated_data_say_so_in_every_twin(client: TestClient) -> None:
    """Who keeps only the file must still be told what it is."""
    notes = {log["name"]: log["note"] for log in client.get("/api/v1/logs").json()["logs"]}
    assert all(notes.values())
    told: dict[str, Any] = {}
    for page in ("/", "/flow", "/one-life", "/compare", "/compare?what=measures"):
        for link in twins(client, page):
            if ending(link) in ("csv", "json"):
                text = client.get(link).text
                told[link] = "imulated" in text or any(note in text for note in notes.values())
    assert [link for link, does in told.items() if not does] == []
