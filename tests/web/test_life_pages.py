"""One simulated life: every history is read back, every step is explained, nobody real is told."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from asylumatlas import parameters
from asylumatlas.events import Log, open_log
from asylumatlas.web.life.choice import choose
from asylumatlas.web.life.course import Happened, Step, model_of, read
from asylumatlas.web.life.numbers import Book
from asylumatlas.web.life.story import tell


@pytest.fixture(scope="module")
def log(web_home: Path) -> Log:
    return open_log(next(web_home.glob("demo/*/caravan-2018")))


@pytest.fixture(scope="module")
def book(log: Log) -> Book:
    return Book(log)


def test_every_kind_of_history_is_read_back_through_its_scenario(log: Log) -> None:
    """Of 2,000 people of all feeds, each event is said by exactly one step, in order."""
    model = model_of(log.manifest.details["scenario"])
    assert model is not None
    people = log.cases(["case_id", "feed", "nationality", "kind", "lawyer"], {"replication": 3})
    chosen = people.to_pylist()[::20]
    columns = ["case_id", "date", "event", "outcome", "place"]
    where = {"replication": 3, "case_id": [each["case_id"] for each in chosen]}
    told: dict[int, list[Happened]] = defaultdict(list)
    for row in log.events(columns, where).to_pylist():
        told[row.pop("case_id")].append(Happened(*row.values()))
    for who in chosen:
        words = {name: who[name] for name in ("nationality", "kind", "lawyer")}
        history = told[who["case_id"]]
        steps = read(model, who["feed"], words, history)
        assert steps is not None, (who, history)
        numbers = [n for step in steps for n in range(step.first, step.first + step.events)]
        assert numbers in ([*range(len(history))], [*range(1, len(history))])


def test_a_history_that_the_scenario_cannot_say_is_refused(log: Log) -> None:
    model = model_of(log.manifest.details["scenario"])
    assert model is not None
    day = date(2018, 4, 1)
    begin = Happened(date(2018, 3, 25), "journey_started", None, "on_the_way")
    assert read(model, "caravan", {}, [begin]) == [Step(0, 1, "caravan", "starts", 0)]
    assert (
        read(model, "caravan", {}, [begin, Happened(day, "fear_claimed", None, "tijuana")]) is None
    )
    wrong_place = Happened(day, "place_reached", None, "tijuana")
    assert read(model, "caravan", {}, [begin, wrong_place]) is None
    assert read(model, "nobody", {}, [begin]) is None
    assert read(model, "caravan", {}, [begin] * 500) is None


def test_the_port_step_names_the_intake_and_its_source(log: Log, book: Book) -> None:
    cohort = [
        each["case_id"]
        for each in log.cases(["case_id"], {"replication": 1, "feed": "caravan"}).to_pylist()
    ]
    where = {"replication": 1, "case_id": cohort, "event": "port_admitted", "place": "san_ysidro"}
    case = log.events(["case_id"], where)["case_id"][0].as_py()
    life = tell(book, 1, case)
    assert life is not None
    (step,) = [step for step in life.steps if step.events[0]["event"] == "port_admitted"]
    used = {number.key: number for number in step.numbers}
    intake = used["port.san_ysidro.caravan_intake"]
    known = parameters.load()["port.san_ysidro.caravan_intake"].at(step.day)
    assert (intake.value, intake.source) == (known.value, known.source)
    assert (intake.role, intake.is_parameter) == ("capacity", True)
    assert intake.source
    assert intake.publisher
    assert step.may_follow
    assert "Received at the port" in step.may_follow
    assert life.legal


def test_lives_are_told_whole_and_every_chance_has_its_number(log: Log, book: Book) -> None:
    model = book.model
    assert model is not None
    for number in range(1, 5):
        case = choose(log, 0, number)
        assert case is not None
        life = tell(book, 0, case)
        assert life is not None
        assert life.legal
        rows = log.events(where={"replication": 0, "case_id": case}).to_pylist()
        assert [each["event"] for step in life.steps for each in step.events] == [
            row["event"] for row in rows
        ]
        assert [step.day for step in life.steps] == sorted(step.day for step in life.steps)
        for step in life.steps:
            assert step.kind != "none" or step.events[0]["event"] == "stock_case"
            for used in step.numbers:
                assert used.low <= used.value <= used.high
                assert used.source or used.assumed, used


def test_the_chosen_life_is_eventful_and_of_the_followed_group(log: Log) -> None:
    case = choose(log, 0, 1)
    (who,) = log.cases(["feed"], {"replication": 0, "case_id": case}).to_pylist()
    assert who["feed"] in log.manifest.details["scenario"]["cohort"]
    events = log.events(["event"], {"replication": 0, "case_id": case})
    assert len(set(events["event"].to_pylist())) >= 6
    assert len({choose(log, 0, number) for number in range(1, 6)}) >= 3
    assert choose(log, 0, 1) == case
    assert choose(log, 77, 1) is None


# ---- pages


def test_page_and_twins_tell_the_same_life(client: Any) -> None:
    text = client.get("/one-life?another=2").text
    link = re.search(r'rel="canonical" href="([^"]+)"', text)
    assert link
    lasting = link[1].replace("&amp;", "&")
    assert "case=" in lasting
    assert client.get(lasting).status_code == 200
    data = client.get(lasting.replace("/one-life", "/one-life.json")).json()
    rows = list(csv.DictReader(io.StringIO(client.get(lasting.replace("life", "life.csv")).text)))
    events = [each for step in data["steps"] for each in step["events"]]
    assert [row["event"] for row in rows] == [each["label"] for each in events]
    assert text.count("<time ") == len(data["steps"])
    for each in events:
        assert each["label"] in unescape(text)
    assert "nobody real" in data["what"]
    assert {row["what"] for row in rows} == {data["what"]}
    assert data["note"] in text


def test_another_life_is_another(client: Any) -> None:
    cases = set()
    link = "/one-life"
    for _ in range(4):
        text = client.get(link).text
        cases.add(re.search(r'name="case"[^>]*value="(\d+)"', text)[1])  # type: ignore[index]
        link = re.search(r'class="button plain" href="([^"]+)"', text)[1]  # type: ignore[index]
        link = link.replace("&amp;", "&")
    assert len(cases) >= 3


def test_lives_are_never_told_of_records(client: Any) -> None:
    for ending in ("", ".csv", ".json"):
        for case in ("", "&case=1", "&case=1&world=0"):
            answer = client.get(f"/one-life{ending}?log=made-up-records{case}")
            assert answer.status_code == 422
            assert "never told here" in answer.text
            assert "<time" not in answer.text


WRONG = (
    ("case=999999999", 404, "Leave case out"),
    ("case=-1", 422, "no whole number"),
    ("case=1e9", 422, "no whole number"),
    ("world=9", 404, "not in this log"),
    ("world=x", 422, "no whole number"),
    ("another=99999999999999999999", 422, "no whole number"),
    ("cas=1", 422, "Did you mean"),
    ("log=nothing", 404, "no log"),
)


def test_a_wrong_choice_is_told(client: Any) -> None:
    for query, status, said in WRONG:
        answer = client.get(f"/one-life?{query}")
        assert answer.status_code == status, query
        assert said in answer.text


def test_spanish_says_it_in_spanish(client: Any) -> None:
    text = client.get("/es/one-life").text
    assert "Esta persona no existe" in text
    assert "de abril de 2018" in text or "de marzo de 2018" in text


def test_life_is_clean_on_wide_and_phone(
    page_of: Callable[..., Any], axe: Any, no_outside: Any, keep: Any
) -> None:
    for name, width, theme in (("wide", 1280, "light"), ("phone", 390, "dark")):
        page = page_of("/one-life", width=width, theme=theme)
        keep(page, f"life-{name}")
        axe(page)  # opens every part
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        no_outside(page)


def test_rules_open_by_keyboard(page_of: Callable[..., Any]) -> None:
    page = page_of("/one-life")
    page.locator("summary").first.press("Enter")
    assert page.locator("details").first.evaluate("(part) => part.open")
