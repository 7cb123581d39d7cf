"""Nothing that is sent can read a file, run code or SQL, grow without bound or break an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from asylumatlas.web import Settings, make_app
from asylumatlas.web.settings import Limits

V1 = "/api/v1"
MARK = "canary_4711"  # stands in files that nobody may read
JSON = {"Content-Type": "application/json"}
LOCAL = "http://127.0.0.1"
ANSWER = f"{V1}/statistics/asylum_denial_rate/answer?log=made-up-records"


@pytest.fixture(scope="module")
def home(web_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the app's own for all these tests."""
    made = tmp_path_factory.mktemp("attacked")
    (made / "demo").symlink_to(web_home / "demo")
    return made


@pytest.fixture(scope="module")
def api(home: Path) -> Iterator[TestClient]:
    """An app whose runs never begin and whose faults come as answers."""
    app = make_app(Settings(home=home, limits=Limits(running=0)))
    with TestClient(app, base_url=LOCAL, raise_server_exceptions=False) as asking:
        app.app.state.site.shelf.wait()  # type: ignore[attr-defined]
        yield asking


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A folder with a scenario and a table that hold the mark."""
    folder = tmp_path / "secret"
    folder.mkdir()
    (folder / "plan.toml").write_text(f'title = "{MARK}"\n{MARK} = 1\n')
    (folder / "table.csv").write_text(f"draw,{MARK}\ncentral,1\n1,2\n")
    return folder


def refused(answer: Any, *statuses: int) -> str:
    """The fault's words; the answer is one fault in JSON with the headers of every answer."""
    assert answer.status_code in (statuses or (404, 422)), answer.text[:300]
    assert answer.headers["content-type"] == "application/json"
    protected(answer)
    fault = answer.json()
    assert set(fault) == {"error", "where"}
    assert MARK not in answer.text
    assert "Traceback" not in answer.text
    return str(fault["error"])


def protected(answer: Any) -> None:
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "x-evil" not in answer.headers


# ---- files


@pytest.mark.parametrize(
    "text",
    [
        'extends = "{folder}/plan"',
        'extends = "../../../../..{folder}/plan"',
        'extends = "./plan"',
        'extends = ["{folder}/plan"]',
        'extends = "caravan-2018"\n[draws]\ntable = "{folder}/table.csv"\nwhy = "x"',
        'extends = "caravan-2018"\ndraws.table = "../../../..{folder}/table"\ndraws.why = "x"',
        'extends = "caravan-2018"\n[draws]\ntable = "table.csv"\nwhy = "x"',
        'extends = "caravan-2018"\n[groups.x]\neach = "{folder}/table.csv"\n',
        'extends = "caravan-2018\\u0000{folder}/plan"',
    ],
)
@pytest.mark.parametrize("where", ["check", "jobs"])
def test_a_text_reads_no_file(api: TestClient, secret: Path, text: str, where: str) -> None:
    sent = {"toml": text.replace("{folder}", str(secret)), "name": "mine"}
    answer = api.post(f"{V1}/{where}", json=sent)
    if where == "jobs":
        refused(answer, 422)
        return
    found = answer.json()
    assert answer.status_code == 200
    assert found["ok"] is False
    assert found["faults"]
    assert MARK not in json.dumps(found["faults"])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("draws.table", "{folder}/table.csv"),
        ("draws", '{{table = "{folder}/table.csv", why = "x"}}'),
        ("extends", "{folder}/plan"),
        ("groups", "[]"),
        ("__class__", "1"),
    ],
)
def test_what_is_set_is_a_number_of_a_control(
    api: TestClient, secret: Path, key: str, value: str
) -> None:
    text = value.format(folder=secret)
    for where in ("check", "jobs"):
        for said in (text, 1):
            sent = {"scenario": "caravan-2018", "set": {key: said}}
            refused(api.post(f"{V1}/{where}", json=sent), 422)


@pytest.mark.parametrize("key", ["draws.table", "draws", "extends", "groups"])
def test_the_form_for_a_run_reads_no_file(api: TestClient, secret: Path, key: str) -> None:
    value = (
        f'{{table = "{secret}/table.csv", why = "x"}}' if key == "draws" else f"{secret}/table.csv"
    )
    form = {"scenario": "caravan-2018", f"set.{key}": value}
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = api.post("/jobs", data=form, headers=headers, follow_redirects=False)
    assert answer.status_code == 422
    assert MARK not in answer.text
    protected(answer)


@pytest.mark.parametrize(
    "name",
    ["../secret/plan", "/etc/passwd", "..", ".", "plan.toml", "a/../caravan-2018"],
)
def test_names_are_no_paths(api: TestClient, name: str) -> None:
    for sent in ({"scenario": name}, {"toml": 'extends = "caravan-2018"', "name": name}):
        refused(api.post(f"{V1}/check", json=sent))
        refused(api.post(f"{V1}/jobs", json=sent))
    once = quote(name, safe="")
    for text in (once, once.replace(".", "%2e"), once.replace("%2F", "%252F")):
        for start in ("logs", "scenarios", "parameters", "sources", "jobs", "statistics"):
            answer = api.get(f"{V1}/{start}/{text}")
            if answer.status_code == 200:  # the address itself named the list above it
                assert text in (".", "%2e") or text.startswith("..") or "%" not in text
            else:
                refused(answer, 404, 422)


def test_a_comparison_tells_no_folder(api: TestClient, home: Path) -> None:
    for name in ("..", "../..", "caravan-2018/..", ".", "run-..", "run-.ID.kept-1"):
        told = refused(api.get(f"{V1}/compare?a=caravan-2018&b={quote(name, safe='')}"))
        assert str(home) not in told


def test_no_answer_names_a_folder_of_the_machine(api: TestClient, home: Path) -> None:
    for path in ("/logs", "/logs/caravan-2018", "/compare?a=caravan-2018&b=caravan-2018", "/jobs"):
        text = api.get(V1 + path).text
        assert str(home) not in text
        assert str(Path.home()) not in text or str(Path.home()) == "/"


# ---- SQL and code

INJECTIONS = (
    "' OR '1'='1",
    "HND'; DROP TABLE cases; --",
    "x') UNION SELECT * FROM read_csv('/etc/passwd') --",
    "\"; ATTACH '/tmp/x.db'; --",
    "$(id)",
    "{{7*7}}",
    "__import__('os').system('id')",
    "%s%n%x",
)


@pytest.mark.parametrize("text", INJECTIONS)
@pytest.mark.parametrize(
    "key", ["where.nationality", "where.court", "where.judge", "by", "definition", "log", "to"]
)
def test_sql_in_a_question_is_a_word_that_is_not_known(
    api: TestClient, key: str, text: str
) -> None:
    start = ANSWER.partition("?")[0] if key == "log" else ANSWER
    joint = "?" if key == "log" else "&"
    told = refused(api.get(f"{start}{joint}{key}={quote(text, safe='')}"))
    assert "49" not in told.replace("{{7*7}}", "")


def test_a_word_with_quotes_stays_a_word_in_the_query(api: TestClient) -> None:
    """A nationality is held to a list; what is not is bound or quoted by the query builder."""
    assert "'HND'" in api.get(f"{ANSWER}&where.nationality=HND&format=sql").text


# ---- too much


def test_a_large_body_is_refused_before_it_is_read(api: TestClient) -> None:
    large = b'{"toml": "' + b"a" * 10_000_000 + b'"}'
    refused(api.post(f"{V1}/check", content=large, headers=JSON), 413)


def test_a_large_body_without_a_length_is_refused(api: TestClient) -> None:
    def parts() -> Iterator[bytes]:
        yield b'{"toml": "'
        for _ in range(160):
            yield b"a" * 65_536
        yield b'"}'

    refused(api.post(f"{V1}/check", content=parts(), headers=JSON), 413)


def test_a_long_query_is_refused(api: TestClient) -> None:
    refused(api.get(f"{V1}/sources?q={'a' * 3000}"), 414)


@pytest.mark.parametrize(
    "text",
    [
        "a" + ".a" * 9_000 + " = 1",
        "x = " + "[" * 20_000 + "]" * 20_000,
        "x = " + "9" * 20_000,
        "\n".join(f"[a{k}]" for k in range(20_000)),
        'extends = "us-courts"\nscale = 1.0',
        'extends = "caravan-2018"\nto = 9999-12-31',
    ],
)
def test_a_text_that_grows_is_refused_soon(api: TestClient, text: str) -> None:
    import time

    before = time.process_time()
    answer = api.post(f"{V1}/check", json={"toml": text})
    assert time.process_time() - before < 5
    found = answer.json()
    assert (answer.status_code, found.get("ok", False)) in ((200, False), (422, False))


def test_as_many_runs_as_the_limits_say(app_settings: Settings) -> None:
    limits = Limits(running=0, waiting=3, own=100)
    app = make_app(replace(app_settings, limits=limits))
    with TestClient(app, base_url=LOCAL) as asking:
        answers = [
            asking.post(f"{V1}/jobs", json={"scenario": "stock-flow", "scale": 0.01, "seed": seed})
            for seed in range(5)
        ]
    assert [each.status_code for each in answers] == [202, 202, 202, 429, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
    refused(answers[-1], 429)


# ---- what is sent is odd


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"caravan-2018"',
        b"{",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b"{}" * 2,
        b'{"scenario": "caravan-2018", "replications": NaN}',
        b'{"scenario": "caravan-2018", "replications": 1e999}',
        b'{"scenario": "caravan-2018", "replications": 1.5}',
        b'{"scenario": "caravan-2018", "replications": true}',
        b'{"scenario": "caravan-2018", "replications": "4"}',
        b'{"scenario": "caravan-2018", "seed": -1}',
        b'{"scenario": "caravan-2018", "seed": ' + b"9" * 5000 + b"}",
        b'{"scenario": "caravan-2018", "set": {"spaces.family_beds.room": Infinity}}',
        b'{"scenario": "caravan-2018", "set": {"spaces.family_beds.room": true}}',
        b'{"scenario": "caravan-2018", "set": [["a", 1]]}',
        b'{"scenario": "caravan-2018", "nothing": 1}',
        b'{"scenario": "caravan-2018", "toml": "x"}',
        b'{"scenario": "\\ud800"}',
        b'{"toml": "\\ud800"}',
        b'{"toml": "\\u0000"}',
        b'{"scenario": ["caravan-2018"]}',
        b'{"a":' * 50_000,
        b"[" * 100_000,
    ],
)
def test_odd_bodies_are_refused_in_one_line(api: TestClient, body: bytes) -> None:
    told = refused(api.post(f"{V1}/jobs", content=body, headers=JSON), 404, 422)
    assert "\n" not in told


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "json"])
def test_only_json_is_read(api: TestClient, kind: str) -> None:
    headers = {"Content-Type": kind, "Sec-Fetch-Site": "same-origin"}
    refused(api.post(f"{V1}/jobs", content=b'{"scenario": "stock-flow"}', headers=headers), 415)


ODD = ("%00", "%0d%0aX-Evil:%201", "%ED%A0%80", "%F0%9F%98%80", "%E2%80%AE", "%C0%AF", "%", "a;b=c")


@pytest.mark.parametrize("text", ODD)
def test_odd_signs_break_no_answer_and_add_no_header(api: TestClient, text: str) -> None:
    for start in ("logs/", "parameters/", "sources/", "jobs/", "scenarios/", "statistics/"):
        told = refused(api.get(f"{V1}/{start}{text}"), 404, 422)
        assert "\r" not in told
        assert "\n" not in told
    protected(api.get(f"{V1}/sources?q={text}"))
    for query in (f"where.court={text}", f"{text}=1", f"log={text}"):
        answer = api.get(f"{ANSWER.partition('?')[0]}?{query}")
        assert answer.status_code < 500
        protected(answer)


def test_other_sites_and_other_names_of_the_host_are_refused(api: TestClient) -> None:
    sent = {"scenario": "stock-flow"}
    for headers in ({"Origin": "https://example.org"}, {"Sec-Fetch-Site": "cross-site"}):
        refused(api.post(f"{V1}/jobs", json=sent, headers=headers), 403)
    refused(api.get(f"{V1}/process", headers={"Host": "rebound.example.org"}), 400)


def test_a_token_is_asked_for_where_there_is_one(app_settings: Settings) -> None:
    token = "0123456789abcdef-token"
    app = make_app(replace(app_settings, token=token))
    with TestClient(app, base_url=LOCAL) as asking:
        for path in (f"{V1}/process", "/openapi.json"):
            refused(asking.get(path), 401)
            answer = asking.get(path, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 200
            assert token not in answer.text
