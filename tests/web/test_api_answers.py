"""The interface answers what the command line answers, and its page and document are true."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from starlette.testclient import TestClient

from asylumatlas.cli import main
from asylumatlas.scenario import load_scenario, names
from asylumatlas.scenario.outline import head
from asylumatlas.web.api import pages as api
from asylumatlas.web.api.document import REFUSALS, document
from asylumatlas.web.api.operations import Operation
from asylumatlas.web.api.pages import OPERATIONS, examples

V1 = "/api/v1"
NAMES = [each.name for each in OPERATIONS()]
ASKED = {"replications": 4, "seed": 1, "compare": False}


def of(name: str) -> Operation:
    return next(each for each in OPERATIONS() if each.name == name)


def ask(client: TestClient, one: Operation) -> Any:
    address = one.example_of(**examples())
    return client.get(address) if one.method == "GET" else client.post(address, json=one.sent)


@pytest.fixture
def idle(app_settings: Any) -> Any:
    """An app whose runs never begin."""
    from dataclasses import replace

    from asylumatlas.web import make_app
    from asylumatlas.web.settings import Limits

    app = make_app(replace(app_settings, limits=Limits(running=0)))
    with TestClient(app, base_url="http://127.0.0.1") as asking:
        asking.site = app.app.state.site  # type: ignore[attr-defined]
        asking.site.shelf.wait()
        yield asking


# ---- the document


def test_every_reference_of_the_document_leads_somewhere(client: TestClient) -> None:
    found = client.get("/openapi.json").json()
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(found))):
        place = found
        for part in reference.split("/"):
            place = place[part]
    assert found["openapi"] == "3.1.0"


def test_every_operation_has_an_example_and_every_status_a_meaning() -> None:
    for path, methods in document(OPERATIONS(), examples())["paths"].items():
        for one in methods.values():
            for each in one["parameters"]:
                assert not each["required"] or each.get("example"), (path, each["name"])
            if "requestBody" in one:
                assert "example" in one["requestBody"]["content"]["application/json"]
            statuses = {int(status) for status in one["responses"]}
            assert {429, 400, 401, 414, 405} <= statuses <= {200, 202, *REFUSALS}


def test_operation_names_and_paths_are_unique() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert len({(each.method, each.address) for each in OPERATIONS()}) == len(NAMES)


def test_examples_are_answered_as_the_document_says(idle: TestClient, web_home: Path) -> None:
    """In the order of the document, so that the run that is asked for is there afterwards."""
    _finish(idle, web_home)
    found = idle.get("/openapi.json").json()
    for one in OPERATIONS():
        answer = ask(idle, one)
        assert answer.status_code == one.status, (one.name, answer.text)
        shape = {"$ref": f"#/components/schemas/{one.answer.__name__}"}
        Draft202012Validator(shape | {"components": found["components"]}).validate(answer.json())


def test_examples_of_sent_bodies_fit_their_models() -> None:
    for one in OPERATIONS():
        if one.body is not None:
            one.body.model_validate(one.sent)


# ---- the same as the command line


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[str], Any]:
    """What the command line prints as JSON."""

    def run(line: str) -> Any:
        capsys.readouterr()
        assert main(shlex.split(line)) == 0
        return json.loads(capsys.readouterr().out)

    return run


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("/statistics", "stats --format json"),
        ("/statistics/in_absentia_rate", "stats in_absentia_rate --format json"),
    ],
)
def test_catalogues_equal_those_of_the_command_line(
    client: TestClient, said: Callable[[str], Any], address: str, line: str
) -> None:
    assert client.get(V1 + address).json() == said(line)


def test_scenarios_are_told_as_the_command_line_tells_them(client: TestClient) -> None:
    """Three of them: `asylumatlas scenarios` opens all, which takes seconds."""
    rows = {row["scenario"]: row for row in client.get(f"{V1}/scenarios").json()["scenarios"]}
    assert list(rows) == names()
    for name in ("caravan-2018", "stock-flow", "tijuana-2018-19-known-intake"):
        assert rows[name] == head(load_scenario(name))


def test_an_answer_equals_the_command_lines(client: TestClient, said: Callable[[str], Any]) -> None:
    found = client.get(f"{V1}/statistics/asylum_denial_rate/answer?log=made-up-records&by=court")
    log = site(client).shelf.get("made-up-records").folder
    told = said(f"stats asylum_denial_rate {log} --by court --format json")
    assert found.json() == told
    assert found.json()["rows"]


def test_the_query_behind_an_answer_is_that_of_the_command_line(
    client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    query = "log=made-up-records&by=court&format=sql&dialect=postgres"
    found = client.get(f"{V1}/statistics/asylum_denial_rate/answer?{query}")
    log = site(client).shelf.get("made-up-records").folder
    line = f"stats asylum_denial_rate {log} --by court --sql postgres"
    assert main(shlex.split(line)) == 0
    assert found.text.strip() == capsys.readouterr().out.strip()
    assert found.headers["content-type"] == "text/plain; charset=utf-8"


def test_rows_as_csv_are_the_bytes_of_the_page(client: TestClient) -> None:
    query = "by=court&log=made-up-records"
    page = client.get(f"/statistics/asylum_denial_rate.csv?{query}")
    found = client.get(f"{V1}/statistics/asylum_denial_rate/answer?{query}&format=csv")
    assert found.content == page.content
    assert found.headers["content-type"] == page.headers["content-type"]


def test_a_comparison_equals_the_command_lines(
    client: TestClient, said: Callable[[str], Any]
) -> None:
    log = site(client).shelf.get("caravan-2018").folder
    assert client.get(f"{V1}/compare?a=caravan-2018&b=caravan-2018").json() == said(
        f"compare {log} {log} --json"
    )


def test_a_scenario_tells_what_show_tells(client: TestClient, said: Callable[[str], Any]) -> None:
    found = client.get(f"{V1}/scenarios/stock-flow").json()
    told = said("show stock-flow --json")
    numbers = told.pop("parameters")
    rows = found.pop("controls")
    assert found == told
    assert {row["key"] for row in rows} >= {row["parameter"] for row in numbers}


# ---- checks and runs


def test_a_check_says_what_differs(client: TestClient) -> None:
    sent = {"scenario": "caravan-2018", "set": {"spaces.family_beds.room": 500}}
    found = client.post(f"{V1}/check", json=sent).json()
    assert found["ok"]
    assert found["faults"] == []
    (row,) = found["differences"]
    assert (row["key"], row["base"], row["value"]) == ("spaces.family_beds.room", 400.0, 500.0)
    again = client.post(f"{V1}/check", json={"toml": found["toml"], "name": "mine"}).json()
    assert again["ok"]
    assert again["fingerprint"] == found["fingerprint"]


def test_a_check_names_each_fault(client: TestClient) -> None:
    sent = {"scenario": "caravan-2018", "set": {"spaces.family_beds.room": 1e9}}
    found = client.post(f"{V1}/check", json=sent).json()
    assert not found["ok"]
    assert found["fingerprint"] is None
    (fault,) = found["faults"]
    assert fault["where"] == "spaces.family_beds.room"
    assert "between" in fault["error"]


def test_a_run_is_stored_once_and_has_no_result_before_its_end(idle: TestClient) -> None:
    sent = {"scenario": "caravan-2018", **ASKED}
    first, second = (idle.post(f"{V1}/jobs", json=sent) for _ in range(2))
    assert first.status_code == second.status_code == 202
    assert first.json()["id"] == second.json()["id"]
    assert first.headers["location"] == first.json()["links"]["self"]
    assert idle.get(first.headers["location"]).json()["state"] == "waiting"
    early = idle.get(f"{first.headers['location']}/result")
    assert early.status_code == 409
    assert "waiting" in early.json()["error"]
    assert len(idle.get(f"{V1}/jobs?state=waiting").json()["jobs"]) == 1


def test_a_variant_is_the_run_that_its_page_asks_for(idle: TestClient) -> None:
    from asylumatlas.scenario.variants import original
    from asylumatlas.web.whatif.link import order, read

    sent = {"scenario": "caravan-2018", "set": {"spaces.family_beds.room": 500}, **ASKED}
    found = idle.post(f"{V1}/jobs", json=sent).json()
    pairs = [("set.spaces.family_beds.room", "500"), ("replications", "4")]
    what = order(read(original("caravan-2018"), pairs, 200))
    assert site(idle).jobs.ask("run", what) == found["id"]
    assert found["base"] is None


# ---- how it answers


def test_an_unchanged_answer_is_not_sent_again(client: TestClient) -> None:
    first = client.get(f"{V1}/process")
    again = client.get(f"{V1}/process", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_what_the_log_says_of_itself_comes_along(client: TestClient) -> None:
    table = client.get(f"{V1}/statistics/asylum_denial_rate/answer?log=made-up-records").json()
    assert "made-up" in table["sources"][0]["note"]
    for name in ("caravan-2018", "made-up-records"):
        assert client.get(f"{V1}/logs/{name}").json()["note"]


@pytest.mark.parametrize(
    ("address", "status", "where", "said"),
    [
        ("/statistics/asylum_denial_rat", 404, "name", 'Did you mean "asylum_denial_rate"?'),
        ("/statistics/pending/answer?bye=court", 422, "bye", 'Did you mean "by"?'),
        ("/statistics/pending/answer?by=court&by=judge", 422, "by", "given twice"),
        ("/statistics/pending/answer?small=-1", 422, "small", "whole number"),
        ("/statistics/pending/answer?log=nothing", 404, "log", "no log"),
        ("/statistics/pending/answer?dialect=klingon", 422, "dialect", "duckdb"),
        ("/scenarios/caravan", 404, "name", 'Did you mean "caravan-2018"?'),
        ("/compare?a=caravan-2018", 422, "b", "missing"),
        ("/compare?a=caravan-2018&b=made-up-records", 404, "b", "no run"),
        ("/parameters/court.denied_share.HNDD", 404, "name", "Did you mean"),
        ("/sources/TRAC61", 404, "id", "Did you mean"),
        ("/jobs/0123456789abcdef", 404, "id", "no run"),
        ("/jobs/0123", 404, "id", "of its form"),
        ("/nothing", 404, None, ""),
    ],
)
def test_a_fault_says_what_is_wrong_and_what_to_do(
    client: TestClient, address: str, status: int, where: str | None, said: str
) -> None:
    found = client.get(V1 + address)
    assert found.status_code == status
    assert found.headers["content-type"] == "application/json"
    fault = found.json()
    assert fault["where"] == where
    assert said in fault["error"]
    assert "\n" not in fault["error"]


def test_wrong_methods_are_told_the_right_ones(client: TestClient) -> None:
    found = client.post(f"{V1}/process", json={})
    assert found.status_code == 405
    assert "GET" in found.headers["allow"]
    assert found.json()["error"]


# ---- the page


@pytest.mark.parametrize("start", ["", "/es"])
def test_the_page_lists_every_operation_and_its_links_lead_somewhere(
    client: TestClient, start: str
) -> None:
    text = client.get(f"{start}/api").text
    for one in OPERATIONS():
        assert f'id="{one.name}"' in text
    links = set(re.findall(r'<a href="([^"#][^"]*)"><code>', text))
    assert len(links) >= 12
    for link in links:
        assert client.get(link.replace("&amp;", "&")).status_code == 200, link


def test_the_lines_for_a_shell_ask_the_examples() -> None:
    for one in OPERATIONS():
        words = shlex.split(api.curl(one, "http://127.0.0.1" + one.example_of(**examples())))
        assert words[0] == "curl"
        assert words[-1].endswith(one.example_of(**examples()))
        if one.body is not None:
            assert json.loads(words[words.index("-d") + 1]) == one.sent


def site(client: TestClient) -> Any:
    return client.app.app.state.site  # type: ignore[attr-defined]


def _finish(client: TestClient, web_home: Path) -> None:
    """Put a result where that of the example's run is looked for, as if it had been made."""
    import time

    client.post(f"{V1}/jobs", json=of("ask_job").sent)
    found = site(client)
    key, folder = examples()["id"], found.shelf.get("caravan-2018").folder
    results = found.settings.folder / "results"
    results.mkdir(exist_ok=True)
    (results / key).symlink_to(folder)
    claimed = found.jobs.store.claim()
    assert claimed is not None
    assert claimed.id == key
    assert found.jobs.store.end(key, "done")
    time.sleep(0)
