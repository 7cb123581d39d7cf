"""What if, without a browser: what a link says, what a form does, what a run is shown as."""

import csv
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from asylumatlas.scenario import load_scenario
from asylumatlas.scenario.variants import original, vary
from asylumatlas.web import Settings, make_app
from asylumatlas.web.jobs.orders import RunOrder
from asylumatlas.web.settings import Limits
from asylumatlas.web.whatif.findings import signed
from asylumatlas.web.whatif.link import order, read

OWN = {"Sec-Fetch-Site": "same-origin"}
BEDS = "spaces.family_beds.room"
INTAKE = "port.san_ysidro.caravan_intake@2018-05-04"


@pytest.fixture
def ask(web_home: Path, tmp_path: Path) -> Any:
    """Asks an app that keeps runs but begins none."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "demo").symlink_to(web_home / "demo")
    app = make_app(Settings(home=home, limits=Limits(running=0)))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as asking:
        asking.site = app.app.state.site  # type: ignore[attr-defined]
        yield asking


def send(ask: Any, path: str, **fields: str) -> Any:
    return ask.post(path, data={k.replace("__", "."): v for k, v in fields.items()}, headers=OWN)


# ---- the scenarios and one of them


def test_every_scenario_is_listed_and_opens(ask: Any) -> None:
    page = ask.get("/what-if").text
    rows = ask.get("/what-if.json").json()["scenarios"]
    assert {row["name"] for row in rows} == set(__import__("asylumatlas.scenario").scenario.names())
    for row in rows:
        assert f'href="/what-if/{row["name"]}"' in page
    listed = list(csv.DictReader(io.StringIO(ask.get("/what-if.csv").text)))
    assert [row["title"] for row in listed] == [row["title"] for row in rows]


@pytest.mark.parametrize("name", ["caravan-2018", "us-courts", "us-surge-2018", "stock-flow"])
def test_a_scenario_page_is_light(ask: Any, name: str) -> None:
    answer = ask.get(f"/es/what-if/{name}?show=where")
    assert answer.status_code == 200
    assert len(answer.content) < 300_000
    assert "/es/what-if" in answer.text


def test_what_differs_is_said_at_once(ask: Any) -> None:
    text = plain(ask.get(f"/what-if/caravan-2018?set.{BEDS}=2000&set.{INTAKE}=90").text)
    assert "400 → 2,000 beds (assumed range 60 to 1,170) outside that range" in text
    assert "from 4 May 2018 on: 70 → 90 people a day" in text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (f"set.{BEDS}=abc", "must be a number"),
        (f"set.{BEDS}=1e9", "must lie between 0 and 11,700 beds, ten times its range"),
        ("set.feeds.caravan.mix.lawyer.yes=0.9", "the shares sum to 1.3, not 1"),
        ("replications=0", "must be a whole number from 1 to 200"),
        ("replications=9999", "must be a whole number from 1 to 200"),
        ("seed=-1", "must be a whole number from 0"),
        ("scale=7", "must be a number from 0.0001 to 1"),
    ],
)
def test_a_fault_stands_on_the_page(ask: Any, query: str, said: str) -> None:
    answer = ask.get(f"/what-if/caravan-2018?{query}")
    assert answer.status_code == 422
    assert said in plain(answer.text)
    if query.startswith("set."):
        field = re.search(r"<input[^>]*aria-invalid[^>]*>", answer.text)
        assert field
        assert query.partition("=")[0] in field[0]
    twin = ask.get(f"/what-if/caravan-2018.json?{query}")
    assert twin.status_code == 422
    assert said in twin.json()["error"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/what-if/caravan2018", 404, "caravan-2018"),
        ("/what-if/southwest-border", 404, "no such scenario"),
        ("/what-if/..%2fx", 404, ""),
        ("/what-if/caravan-2018?set.spaces.family_bed.room=1", 422, "spaces.family_beds.room"),
        ("/what-if/caravan-2018?seed=1&seed=2", 422, "given twice"),
        ("/what-if/caravan-2018?sed=1", 422, "no such part of a link"),
        ("/what-if/caravan-2018?set.draws.table=1", 422, "no such number"),
        (f"/what-if/caravan-2018?set.{BEDS}={'1' * 50}", 422, "over 40 characters"),
        ("/what-if/results/0123456789abcdef", 404, "no run of that number"),
        ("/what-if/results/made-up-records", 404, "is not of a run"),
        ("/what-if/results/nothing", 404, "no log"),
    ],
)
def test_a_wrong_link_says_why(ask: Any, path: str, status: int, said: str) -> None:
    answer = ask.get(path)
    assert answer.status_code == status
    assert said in plain(answer.text)


def test_the_form_goes_to_the_link_of_what_differs(ask: Any) -> None:
    fields = {f"set.{BEDS}": "1,000", "set.appeal.days": "480", "set.spaces.adult_beds.room": ""}
    answer = ask.post(
        "/what-if/caravan-2018", data={**fields, "seed": "1", "show": "room"}, headers=OWN
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/what-if/caravan-2018?set.{BEDS}=1000&show=room"


def test_words_find_controls(ask: Any) -> None:
    page = ask.get("/what-if/caravan-2018?find=family+beds").text
    assert f'name="set.{BEDS}"' in page
    assert 'name="set.appeal.days"' not in page
    assert "Nothing has all these words" in ask.get("/what-if/caravan-2018?find=zzz").text


def test_the_file_is_the_variant(ask: Any, tmp_path: Path) -> None:
    query = f"set.{BEDS}=800&set.{INTAKE}=90"
    said = ask.get(f"/what-if/caravan-2018.json?{query}").json()
    file = tmp_path / "variant.toml"
    file.write_text(ask.get(f"/what-if/caravan-2018.toml?{query}").text, "utf-8")
    assert load_scenario(file).fingerprint == said["fingerprint"]
    assert said["fingerprint"] != said["base_fingerprint"]
    assert said["set"] == {BEDS: 800, INTAKE: 90}
    rows = list(csv.DictReader(io.StringIO(ask.get(f"/what-if/caravan-2018.csv?{query}").text)))
    assert len(rows) == len(original("caravan-2018").controls) == len(said["controls"])
    assert next(row for row in rows if row["key"] == BEDS)["set"] == "800.0"


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    key=st.sampled_from(["set." + BEDS, "set.appeal.days", "seed", "scale", "show", "find", "x"]),
    value=st.text(max_size=60),
)
def test_any_link_is_answered(ask: Any, key: str, value: str) -> None:
    answer = ask.get("/what-if/caravan-2018", params={key: value})
    assert answer.status_code in (200, 422)
    assert "<script>alert" not in answer.text


def test_nothing_typed_becomes_markup(ask: Any) -> None:
    evil = "<script>alert(1)</script>"
    for path in (f"/what-if/caravan-2018?find={evil}", f"/what-if/caravan-2018?show={evil}"):
        assert evil not in ask.get(path).text
    assert evil not in send(ask, "/what-if/text", toml=f'title = "{evil}"').text
    good = f'extends = "caravan-2018"\ntitle = "{evil}"'
    assert evil not in send(ask, "/what-if/text", toml=good).text


# ---- runs


def test_a_run_is_asked_for_with_its_base(ask: Any) -> None:
    fields = {f"set.{BEDS}": "800", "set.appeal.days": "480", "replications": "6", "seed": "3"}
    answer = ask.post("/what-if/caravan-2018/run", data=fields, headers=OWN)
    assert answer.status_code == 303
    key = answer.headers["location"].removeprefix("/jobs/")
    job = ask.site.jobs.get(key)
    assert (job.order.scenario, dict(job.order.set)) == ("caravan-2018", {BEDS: "800.0"})
    assert (job.order.replications, job.order.seed, job.order.base) == (6, 3, "caravan-2018")
    wanted = vary(original("caravan-2018"), {BEDS: 800.0})
    assert job.order.load().fingerprint == wanted.fingerprint
    assert ask.site.jobs.get(job.base).order.scenario == "caravan-2018"
    waiting = ask.get(f"/what-if/results/{key}")
    assert (waiting.status_code, waiting.headers["location"]) == (303, f"/jobs/{key}")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("caravan-2018", {INTAKE: "90"}),
        ("tijuana-2018-19", {"stations.port_intake.capacity.1.is": "65"}),
        ("us-hiring", {"change.1.add.crews.judges_san_diego.servers": "20"}),
        ("us-courts", {"national.prosecutors": "200"}),
        ("us-courts", {}),
    ],
)
def test_what_is_asked_for_is_the_variant(name: str, values: dict[str, str]) -> None:
    asked = read(original(name), [(f"set.{key}", value) for key, value in values.items()], 200)
    wanted = asked.scenario()
    assert wanted is not None
    found = RunOrder.read(order(asked), 200)
    assert found.load().fingerprint == wanted.fingerprint
    assert found.base == (name if values else "")
    if name.startswith("us-"):
        assert wanted.model.scale == 0.05


def test_a_fault_is_not_run(ask: Any) -> None:
    answer = ask.post("/what-if/caravan-2018/run", data={f"set.{BEDS}": "x"}, headers=OWN)
    assert answer.headers["location"] == f"/what-if/caravan-2018?set.{BEDS}=x"
    assert ask.site.jobs.all() == []


def test_another_site_cannot_ask(ask: Any) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert ask.post("/what-if/caravan-2018/run", data={}, headers=headers).status_code == 403


# ---- a text


def test_a_text_is_read_and_told(ask: Any) -> None:
    text = f'extends = "caravan-2018"\r\n{BEDS} = 800\r\n'
    answer = send(ask, "/what-if/text", toml=text)
    assert answer.status_code == 200
    assert "400 → 800 beds" in plain(answer.text)
    assert vary(original("caravan-2018"), {BEDS: 800.0}).fingerprint in answer.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "There is no text"),
        ('extends = "/etc/passwd"', "no scenario"),
        ("title = ", "cannot be read"),
        ('extends = "caravan-2018"\nspaces.family_beds.rom = 1', 'Did you mean "room"?'),
    ],
)
def test_the_faults_of_a_text_are_told(ask: Any, text: str, said: str) -> None:
    answer = send(ask, "/what-if/text", toml=text)
    assert answer.status_code == 422
    assert said in plain(answer.text)
    assert text.partition("\n")[0] in plain(answer.text)


# ---- results


def test_results_that_came_with_the_server(ask: Any) -> None:
    page = ask.get("/what-if/results/caravan-2018").text
    assert "no real person is described" in page
    said = ask.get("/what-if/results/caravan-2018.json").json()
    assert said["note"].startswith("Simulated people")
    assert said["comparison"] is None
    for row in said["summary"]["reported"]:
        assert row["label"].partition("'")[0] in page
    rows = list(csv.DictReader(io.StringIO(ask.get("/what-if/results/caravan-2018.csv").text)))
    assert len(rows) == len(said["summary"]["series"]) + len(said["summary"]["meters"])
    assert all(row["note"].startswith("Simulated people") for row in rows)
    report = ask.get("/what-if/results/caravan-2018/report.html")
    assert "attachment" in report.headers["content-disposition"]
    chart = ask.get("/what-if/results/caravan-2018/charts/fear_wait.vl.json").json()
    assert "title" not in chart
    assert ask.get("/what-if/results/caravan-2018/charts/x.vl.json").status_code == 404


@pytest.fixture
def finished(ask: Any) -> str:
    """A run that is done, made of the built-in one: twice the people reached Tijuana."""
    demo = ask.site.shelf.get("caravan-2018").folder
    fields = {f"set.{BEDS}": "800", "replications": "4", "seed": "1"}
    answer = ask.post("/what-if/caravan-2018/run", data=fields, headers=OWN)
    key = str(answer.headers["location"].removeprefix("/jobs/"))
    jobs = ask.site.jobs
    for each in (jobs.get(key).base, key):
        shutil.copytree(demo, jobs.results.of(each))
        jobs.store.claim()
        jobs.store.end(each, "done")
    file = jobs.results.of(key) / "replications.npz"
    with np.load(file) as stored:
        arrays = dict(stored)
    which = arrays["measure_names"].tolist().index("tijuana_reached")
    arrays["measures"] = arrays["measures"].copy()
    arrays["measures"][:, which] *= 2
    np.savez(file, **arrays)
    return key


def test_a_finished_run_stands_beside_its_base(ask: Any, finished: str) -> None:
    answer = ask.get(f"/what-if/results/{finished}")
    text = plain(answer.text)
    assert answer.status_code == 200
    assert "400 → 800 beds" in text
    said = ask.get(f"/what-if/results/{finished}.json").json()
    rows = {row["measure"]: row for row in said["comparison"]["rows"]}
    row = rows["tijuana_reached"]
    assert row["b"] == 2 * row["a"]
    assert row["paired"]
    words = f"{row['a']:,.0f} {row['b']:,.0f} +{row['difference']:,.0f}"
    assert words in text
    assert f"{len(rows) - 1} more are the same in every replication" in text
    assert "As it ships" in text
    assert ask.get(f"/what-if/results/{finished}/charts/fear_wait.vl.json").json()["datasets"][
        "base"
    ]
    back = f"/what-if/caravan-2018?set.{BEDS}=800.0&amp;replications=4&amp;seed=1"
    assert back in answer.text
    assert ask.get(back.replace("&amp;", "&")).status_code == 200
    toml = ask.get(f"/what-if/results/{finished}.toml").text
    assert "room = 800.0" in toml
    table = list(csv.DictReader(io.StringIO(ask.get(f"/what-if/results/{finished}.csv").text)))
    assert {row["measure"]: json.loads(row["a"] or "null") for row in table} == {
        name: row["a"] for name, row in rows.items()
    }


def test_the_log_of_a_run_leads_to_its_results(ask: Any, finished: str) -> None:
    answer = ask.get(f"/what-if/results/run-{finished}")
    assert answer.headers["location"] == f"/what-if/results/{finished}"


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.0, "people", "0"),
        (-0.0004, "share", "0 pt"),
        (-0.0312, "share of cases", "−3.1 pt"),
        (0.5, "share", "+50 pt"),
        (1234.5, "people", "+1,234"),
        (-3.25, "hours", "−3.25"),
    ],
)
def test_a_difference_has_its_sign(value: float, unit: str, said: str) -> None:
    assert signed(value, unit) == said


def test_a_variant_of_the_country_is_run_in_part_with_its_base(ask: Any) -> None:
    fields = {"set.national.prosecutors": "200", "replications": "2"}
    answer = ask.post("/what-if/us-courts/run", data=fields, headers=OWN)
    assert answer.status_code == 303
    job = ask.site.jobs.get(answer.headers["location"].removeprefix("/jobs/"))
    base = ask.site.jobs.get(job.base)
    assert (job.order.set["scale"], base.order.set["scale"]) == ("0.05", "0.05")


def plain(text: str) -> str:
    """A page's words, without its markup."""
    import html

    bare = re.sub(r"<(script|style).*?</\1>", " ", text, flags=re.S)
    bare = re.sub(r"<[^>]+>", " ", bare)
    return re.sub(r"\s+", " ", html.unescape(bare)).replace(" ,", ",").replace(" :", ":")
