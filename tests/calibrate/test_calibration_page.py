import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from asylumatlas.calibrate import fit, profiles
from asylumatlas.calibrate.drawings import targets_told
from asylumatlas.calibrate.page import render, write


class Reader(HTMLParser):
    """Collects the charts and what a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.headings: list[str] = []
        self.charts: list[dict] = []
        self._open = ""

    def handle_starttag(self, tag, attrs) -> None:
        given = dict(attrs)
        self._open = tag if given.get("type") != "application/json" else "chart"
        self.fetched += [given[k] for k in ("src", "href") if k in given and given[k][0] != "#"]

    def handle_data(self, data) -> None:
        if self._open == "h2":
            self.headings.append(data)
        if self._open == "chart":
            self.charts.append(json.loads(data))
        self._open = ""


@pytest.fixture(scope="module")
def told(make):
    held = np.array([False, False, True])
    labels = ("Cases <b>", "Waits", "Later")
    problem = make(
        np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), 0.0, 1.0, [0.4, 0.5, 1.4], [0.1] * 3,
        held=held, labels=labels,
    )  # fmt: skip
    found = fit(problem, seed=1, steps=400, ensembles=2, enough=0)
    return found, profiles(problem, found, points=5)


def test_the_page_holds_everything_and_fetches_nothing(told) -> None:
    reader = Reader()
    reader.feed(render(told[0], "A fit", told[1]))
    assert reader.headings == [
        "What was learnt",
        "What the data cannot tell",
        "How the targets are met",
        "How it was found",
        "To do it again",
    ]
    assert len(reader.charts) == 4
    assert reader.fetched == []


def test_text_of_a_problem_cannot_become_markup(told) -> None:
    text = render(told[0], "A <script>fit</script>", told[1])
    assert "<b>" not in text
    assert "<script>fit" not in text


def test_a_held_out_target_is_drawn_as_such(told) -> None:
    rows = {row["label"]: row for row in targets_told(told[0])}
    assert rows["Later"]["use"] == "held out"
    assert rows["Later"]["median"] == pytest.approx(-5, abs=1)  # 0.9 said, 1.4 published, sd 0.1
    assert abs(rows["Waits"]["median"]) < 0.3


def test_every_chart_has_its_numbers_beside_it(told) -> None:
    text = render(told[0], "A fit", told[1])
    assert text.count("<figure") == len(re.findall(r"<details.*?<table", text, re.S)) == 4


def test_a_page_of_chains_that_disagree_warns(make, tmp_path) -> None:
    problem = make(np.eye(2), 0.0, 1.0, [0.5, 0.5], [0.1, 0.1])
    short = fit(problem, seed=1, steps=20, ensembles=2, draws=40)
    path = write(short, tmp_path / "fit.html", title="Short")
    text = path.read_text("utf-8")
    assert "Not converged" in text
    assert "go on with" in text
