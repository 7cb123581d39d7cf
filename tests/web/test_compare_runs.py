"""Comparing what runs measured: published counts beside their intervals, and paired differences."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from asylumatlas.cli import main
from asylumatlas.web import Settings, make_app

BOTH = "?what=measures&log=caravan-2018&log=more"
MORE = 1.25  # what the second run has of everything that the first has


@pytest.fixture
def run_folder(app_settings: Settings, tmp_path: Path) -> Path:
    """A run whose every measure is a quarter larger than the built-in one's; same luck."""
    folder = tmp_path / "more"
    shutil.copytree(next(app_settings.folder.glob("demo/*/caravan-2018")), folder)
    path = folder / "summary.json"
    summary = json.loads(path.read_text("utf-8"))
    for row in summary["reported"]:
        row |= {key: MORE * row[key] for key in ("median", "low80", "high80", "low95", "high95")}
    summary["reported"].pop()  # a count that only the first run knows of
    path.write_text(json.dumps(summary), encoding="utf-8")
    with np.load(folder / "replications.npz") as stored:
        kept = dict(stored)
    kept["measures"] = kept["measures"] * MORE
    np.savez(folder / "replications.npz", **kept)
    return folder


@pytest.fixture
def two(app_settings: Settings, run_folder: Path) -> Iterator[TestClient]:
    """Asks an app that shows both runs."""
    app: Any = make_app(replace(app_settings, logs=(("more", run_folder),)))
    with TestClient(app, base_url="http://127.0.0.1") as asking:
        app.app.state.site.shelf.wait()
        yield asking


def change(folder: Path, **words: object) -> None:
    """Let a run say other things of itself."""
    path = folder / "summary.json"
    summary = json.loads(path.read_text("utf-8")) | words
    path.write_text(json.dumps(summary), encoding="utf-8")


def test_one_run_stands_beside_what_was_published(client: TestClient) -> None:
    page = client.get("/compare?what=measures").text
    assert "There is only one run here" in page
    found = client.get("/compare.json?what=measures").json()
    assert found["compare"] is None
    folder = next(client.app.app.state.site.settings.folder.glob("demo/*/caravan-2018"))  # type: ignore[attr-defined]
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    assert (
        len(found["counts"])
        == len(summary["reported"])
        == page.count('<td class="number"><strong>')
    )
    told = {(row["id"], row["date"], row["measure"]): row for row in found["counts"]}
    for row in summary["reported"]:
        count = told[row["id"], row["date"], row["measure"]]
        assert count["reported"] == row["reported"]
        own = count["runs"]["caravan-2018"]
        assert (own["median"], own["low95"], own["high95"]) == (
            row["median"],
            row["low95"],
            row["high95"],
        )
    held_back = [row["role"] == "prediction" for row in found["counts"]]
    assert held_back == sorted(held_back, reverse=True), "those held back stand first"


def test_two_runs_stand_beside_each_other(two: TestClient) -> None:
    found = two.get(f"/compare.json{BOTH}").json()
    both = [count["runs"] for count in found["counts"] if len(count["runs"]) == 2]
    assert len(both) == len(found["counts"]) - 1, "one run does not know of one count"
    for runs in both:
        assert runs["more"]["median"] == pytest.approx(MORE * runs["caravan-2018"]["median"])
    assert found["compare"]["paired"] is True
    page = two.get(f"/compare{BOTH}").text
    assert "paired: same random numbers, world by world" in page
    row = next(r for r in found["compare"]["rows"] if r["measure"] == "border_hearings")
    assert row["low95"] <= (MORE - 1) * row["a"] <= row["high95"]
    assert f"+{row['difference']:,.0f}" in page


def test_the_comparison_is_that_of_the_command_line_and_of_the_interface(
    two: TestClient, run_folder: Path, app_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = next(app_settings.folder.glob("demo/*/caravan-2018"))
    capsys.readouterr()
    assert main(["compare", str(folder), str(run_folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert two.get(f"/compare.json{BOTH}").json()["compare"] == told
    assert two.get("/api/v1/compare?a=caravan-2018&b=more").json() == told


def test_runs_of_other_luck_are_not_paired(two: TestClient, run_folder: Path) -> None:
    change(run_folder, seed=2)
    page = two.get(f"/compare{BOTH}").text
    assert "not paired: other random numbers" in page
    rows = two.get(f"/compare.json{BOTH}").json()["compare"]["rows"]
    assert not any(row["paired"] for row in rows)


def test_runs_of_another_scale_say_so(two: TestClient, run_folder: Path) -> None:
    change(run_folder, scale=0.5)
    page = two.get(f"/compare{BOTH}").text
    assert "not paired: another part of the people is simulated" in page
    assert "A simulates 1 of the people and B 0.5" in page


def test_runs_of_other_periods_say_why_they_are_not_compared(
    two: TestClient, run_folder: Path
) -> None:
    change(run_folder, to="2019-01-01")
    answer = two.get(f"/compare{BOTH}")
    assert answer.status_code == 200
    assert "compare runs of one period" in answer.text
    assert str(run_folder) not in answer.text, "where it lies is nobody's business"
    found = two.get(f"/compare.json{BOTH}").json()
    assert found["compare"] is None
    assert "caravan-2018, more:" in found["not_compared"]


def test_csv_holds_every_count_and_every_difference(two: TestClient) -> None:
    found = two.get(f"/compare.json{BOTH}").json()
    rows = list(csv.DictReader(io.StringIO(two.get(f"/compare.csv{BOTH}").text)))
    counts = [row for row in rows if row["part"] == "count"]
    assert len(counts) == sum(len(count["runs"]) for count in found["counts"])
    differences = [row for row in rows if row["part"] == "difference"]
    assert [row["measure"] for row in differences] == [
        row["measure"] for row in found["compare"]["rows"]
    ]
    assert all("Simulated people" in row["note"] for row in rows)


def test_the_picture_shows_each_run_as_a_part_of_each_count(two: TestClient) -> None:
    svg = two.get(f"/compare.svg{BOTH}")
    assert svg.status_code == 200
    assert "times the published count" in svg.text
    assert "Simulated people" in svg.text


def test_spanish_words_stand_around_english_data(two: TestClient) -> None:
    page = two.get(f"/es/compare{BOTH}").text
    assert "Los recuentos publicados junto a las simulaciones" in page
    assert "emparejados: los mismos números aleatorios" in page
    assert "Published counts" not in page
