"""One thing varied, everything else the same: people, luck, and the table that comes of it."""

from __future__ import annotations

import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from asylumatlas.cli import main
from asylumatlas.scenario import ScenarioError, load_scenario
from asylumatlas.sim.replication import Worker
from asylumatlas.sim.sweep import SweepError, headline, sweep, values_of

from .worlds import load, world, write

SMALL = {
    "stock_flow.stock": "300",
    "stock_flow.receipts": "100",
    "stock_flow.judges": "1",
    "stock_flow.completions_per_judge": "50",
    "to": "2026-09-30",
}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1", ["1"]),
        ("1, 2 ,3", ["1", "2", "3"]),
        ('"a,b",c', ['"a,b"', "c"]),
        ("[1,[2,3]],{x=1,y=2}", ["[1,[2,3]]", "{x=1,y=2}"]),
        ("0,100,...,700", [str(n) for n in range(0, 800, 100)]),
        ("3,2.5,...,1", ["3", "2.5", "2", "1.5", "1"]),
        ("7,0,0.1,...,0.3", ["7", "0", "0.1", "0.2", "0.3"]),
    ],
)
def test_values(text: str, values: list[str]) -> None:
    assert values_of(text) == values


@pytest.mark.parametrize(
    "text", ["", "1,,2", "...", "1,...,3", "1,1,...,3", "1,2,...", "0,2,...,3"]
)
def test_values_that_make_no_sense(text: str) -> None:
    with pytest.raises(SweepError) as caught:
        values_of(text)
    assert len(str(caught.value).splitlines()) == 1


def test_the_hiring_table_by_hand() -> None:
    found = sweep("stock-flow", {"additional_judges": ["0", "1", "5"]}, overrides=SMALL)
    assert found.columns == ("FY2024", "FY2025", "FY2026")
    assert found.measures[0][0] == "pending"
    assert found.values[:, 0, 0].tolist() == [[350, 400, 450], [300, 300, 300], [100, 0, 0]]
    rows = found.rows()
    assert rows[0]["additional_judges"] == "0"
    assert [rows[0][key] for key in ("period", "median", "low80")] == ["FY2024", 350, None]
    differences = found.rows(differences=True)
    assert [row["median"] for row in differences] == [-50, -100, -150, -250, -400, -450]


def test_each_value_is_the_scenario_with_that_value(tmp_path: Path) -> None:
    path = write(world(), tmp_path)
    vary = {"stations.intake.capacity": ["3", "6"], "crews.judges.servers": ["1", "2"]}
    found = sweep(path, vary, measures=["closed", "waiting"], by="end", replications=3, seed=5)
    assert found.columns == ("2020-03-30",)
    assert [tuple(s.values()) for s in found.settings] == [
        ("3", "1"),
        ("3", "2"),
        ("6", "1"),
        ("6", "2"),
    ]
    for settings, values in zip(found.settings, found.values, strict=True):
        worker = Worker(load_scenario(path, settings), 5, 3)
        for number in range(3):
            measures = worker.run(number)[0].counts.measures
            assert values[number, :, 0].tolist() == [measures[2, -1], measures[0, -1]]


def test_people_are_the_same_for_every_value(tmp_path: Path) -> None:
    """What is varied comes after signing: the same people sign the list at the same time."""
    raw = world(measures={"joined": {"label": "x", "plus": ["list_joined"]}})
    vary = {"stations.intake.capacity": ["1", "5", "9"]}
    found = sweep(write(raw, tmp_path), vary, by="end", replications=4)
    assert (found.values == found.values[:1]).all()
    assert len(np.unique(found.values)) > 1  # luck differs between replications
    assert all(row["median"] == 0 for row in found.rows(differences=True))


def test_who_does_the_work_changes_nothing(tmp_path: Path) -> None:
    path = write(world(), tmp_path)
    vary = {"stations.intake.capacity": ["3", "6"]}
    alone = sweep(path, vary, replications=12)
    with ThreadPoolExecutor(2) as executor:
        together = sweep(path, vary, replications=12, executor=executor)
    np.testing.assert_array_equal(alone.values, together.values)


@pytest.mark.parametrize(
    ("vary", "measures", "line"),
    [
        ({}, [], "nothing to vary"),
        ({"x": []}, [], "nothing to vary"),
        ({"aditional_judges": ["1"]}, [], 'Did you mean "additional_judges"?'),
        ({"granted_share": ["1"]}, [], "parameters end so; one of "),
        (
            {"additional_judges": ["1"]},
            ["pendign"],
            "no measure 'pendign'. Did you mean \"pending\"?",
        ),
        ({"to": ["2024-09-30", "2025-09-30"]}, [], "from and to must be the same"),
        ({"seed": ["1"] * 101, "x": ["1"] * 100}, [], "10,100 combinations"),
    ],
)
def test_a_sweep_that_makes_no_sense(
    vary: dict[str, list[str]], measures: list[str], line: str
) -> None:
    with pytest.raises(SweepError) as caught:
        sweep("stock-flow", vary, measures=measures, overrides=SMALL)
    assert line in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_value_that_the_scenario_refuses() -> None:
    with pytest.raises(ScenarioError, match=r"additional_judges: -1 must not be negative"):
        sweep("stock-flow", {"stock_flow.additional_judges": ["0", "-1"]}, overrides=SMALL)


# ---- the command

WORDS = [
    *("sweep", "stock-flow", "--vary", "additional_judges=0,1"),
    *(word for key, value in SMALL.items() for word in ("--set", f"{key}={value}")),
]


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(WORDS) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    at = lines.index(["additional_judges", "FY2024", "FY2025", "FY2026"])
    assert lines[at + 2 : at + 4] == [["0", "350", "400", "450"], ["1", "300", "300", "300"]]


def test_csv_and_json_say_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS, "--format", "csv", "--differences"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    out = tmp_path / "sweep.json"
    assert main([*WORDS, "--out", str(out), "--differences"]) == 0
    said = json.loads(out.read_text())
    assert [float(row["median"]) for row in rows] == [row["median"] for row in said["rows"]]
    assert [row["median"] for row in said["rows"]] == [-50, -100, -150]
    assert said["varied"] == ["additional_judges"]


def test_ranges_are_printed_where_there_are_replications(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(world(), tmp_path)
    words = ["sweep", str(path), "--vary", "stations.intake.capacity=3,6", "--replications", "4"]
    assert main([*words, "--by", "end", "--measure", "admitted"]) == 0
    said = capsys.readouterr().out
    assert said.count("80 % from") == 2
    assert "Median of 4 replications" in said


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--vary", "x"], "--vary x: write --vary KEY=V1,V2"),
        (["--vary", "seed=1", "--by", "month"], "--by month: must be year or end"),
        (
            ["--vary", "seed=1", "--format", "jsn"],
            '--format jsn: unknown format. Did you mean "json"?',
        ),
        (["--vary", "a.b=1", "--vary", "a.b=2"], "--vary a.b: given twice"),
    ],
)
def test_wrong_words(words: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "stock-flow", *words]) == 2
    assert capsys.readouterr().err.startswith(line)


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("us-courts", "nation_pending"),  # not receipts, which judges do not change
        ("stock-flow", "pending"),
        ("tijuana-2018-19", "list_names"),
    ],
)
def test_without_a_measure_it_is_a_stock(name: str, measure: str) -> None:
    assert headline(load_scenario(name).model) == measure


def test_a_count_less_some_of_itself_is_no_stock(tmp_path: Path) -> None:
    decided = {"label": "x", "plus": ["court_decision"], "minus": ["court_decision.asylum_granted"]}
    inside = {"label": "y", "plus": ["list_joined"], "minus": ["port_admitted"]}
    raw = world(measures={"decided": decided, "inside": inside})
    assert headline(load(raw, tmp_path).model) == "inside"
    assert headline(load(world(measures={"decided": decided}), tmp_path).model) == "decided"


def test_the_measure_chosen_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sweep", "stock-flow", "--vary", "scale=0.01", "--set", "to=2026-09-30", "--by", "end"]
    assert main([*words, "--format", "csv"]) == 0
    told = capsys.readouterr()
    assert ",pending," in told.out
    assert told.err.startswith("--measure pending, as none was given; there are filed, completed")
    assert main([*words, "--measure", "filed"]) == 0
    assert capsys.readouterr().err == ""
