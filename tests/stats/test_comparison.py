"""One log beside another: differences by hand, paired where the runs share their luck."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asylumatlas import run
from asylumatlas.scenario import load_scenario
from asylumatlas.stats import StatsError, Table, ask

from .small_logs import DENIED, Case, decided, write
from .test_answers_by_hand import wilson

DENIALS = {"first": (1, 4, 6, 7), "second": (2, 6, 7, 9)}
SCENARIO = """
title = "A small court"
question = "How many are granted relief?"
from = 2020-01-01
to = 2020-12-30
cohort = ["newcomers"]
classes = { kind = ["single_adult"], nationality = ["HND"] }
places = { port = "The port", court = "The court" }

[stations.processing]
stage = "port_of_entry"
at = ["port"]
[[stations.processing.outcomes]]
events = ["port_processed.notice_to_appear", "charging_document"]
to = "master"
place = "court"
after = { law = "uniform", low = 3, high = 200 }

[stations.master]
stage = "court"
at = ["court"]
[[stations.master.outcomes]]
events = ["master_hearing.closed", "court_decision.other_relief"]
share = 0.4
[[stations.master.outcomes]]
events = ["master_hearing.closed", "court_decision.terminated"]

[feeds.newcomers]
kind = "stream"
per_day = 1
at = "port"
mix = { kind = { single_adult = 1 }, nationality = { HND = 1 } }
starts = [{ events = ["port_admitted"], to = "processing" }]
"""


def simulated(folder: Path, name: str, **details: Any) -> Path:
    """Four worlds of ten decisions, as a run of a seed would leave them."""
    cases = [
        case
        for world, denied in enumerate(DENIALS[name])
        for case in decided(10 - denied, denied, world=world)
    ]
    details = {"draws": [0, 0, 1, 1], "seed": 7, **details}
    return write(folder / name, cases, worlds=4, **details)


def second(table: Table) -> dict[str, Any]:
    """The row of the second log, of a table without groups."""
    return dict(table.rows[1])


def test_runs_that_share_their_luck_are_compared_world_by_world(tmp_path: Path) -> None:
    logs = [simulated(tmp_path, name) for name in DENIALS]
    row = second(ask("asylum_denial_rate", logs))
    apart = (np.array(DENIALS["second"]) - np.array(DENIALS["first"])) / 10  # .1 .2 .1 .2
    assert row["paired"] is True
    assert row["difference"] == pytest.approx(float(np.sort(apart)[1]))
    assert (row["difference_low95"], row["difference_high95"]) == pytest.approx((0.1, 0.2))


def test_runs_of_other_seeds_are_not_paired(tmp_path: Path) -> None:
    logs = [simulated(tmp_path, "first"), simulated(tmp_path, "second", seed=8)]
    row = second(ask("asylum_denial_rate", logs))
    pairs = np.subtract.outer(np.array(DENIALS["second"]), np.array(DENIALS["first"])).ravel() / 10
    assert row["paired"] is False
    assert row["difference"] == pytest.approx(float(np.sort(pairs)[7]))
    assert row["difference_low95"] == pytest.approx(pairs.min())
    assert row["difference_high95"] == pytest.approx(pairs.max())


def test_logs_without_a_seed_are_never_paired(tmp_path: Path) -> None:
    logs = [simulated(tmp_path, name, seed=None) for name in DENIALS]
    assert second(ask("asylum_denial_rate", logs))["paired"] is False


def test_shares_of_single_worlds_have_newcombes_interval(tmp_path: Path) -> None:
    # Newcombe 1998, Statistics in Medicine 17, 873-890, table II, method 10, case (a)
    logs = [write(tmp_path / "a", decided(32, 48)), write(tmp_path / "b", decided(14, 56))]
    row = second(ask("asylum_denial_rate", logs))
    assert row["difference"] == pytest.approx(0.2)
    assert row["difference_low95"] == pytest.approx(0.0524, abs=5e-5)
    assert row["difference_high95"] == pytest.approx(0.3339, abs=5e-5)


def test_records_beside_a_run_use_both_intervals(tmp_path: Path) -> None:
    logs = [write(tmp_path / "records", decided(40, 60)), simulated(tmp_path, "first")]
    table = ask("asylum_denial_rate", logs)
    row = second(table)
    low, high = wilson(60, 100)
    assert row["value"] == 0.4
    assert row["difference"] == pytest.approx(-0.2)
    assert row["difference_low95"] == pytest.approx(-0.2 - np.hypot(0.4 - 0.1, high - 0.6))
    assert row["difference_high95"] == pytest.approx(-0.2 + np.hypot(0.7 - 0.4, 0.6 - low))
    assert row["paired"] is False


def test_counts_of_single_worlds_differ_exactly(tmp_path: Path) -> None:
    logs = [write(tmp_path / name, decided(n, 0)) for name, n in (("a", 5), ("b", 8))]
    row = second(ask("receipts", logs))
    names = ("difference", "difference_low95", "difference_high95")
    assert [row[name] for name in names] == [3, None, None]


def test_an_end_that_is_not_reached_leaves_the_difference_open(tmp_path: Path) -> None:
    quick = write(tmp_path / "quick", [Case(DENIED, days=100 + n) for n in range(40)])
    slow = [Case(DENIED, days=200 + n) for n in range(22)]
    table = ask("time_to_decision", [quick, write(tmp_path / "slow", slow + [Case()] * 18)])
    row = second(table)
    assert row["high95"] is None
    assert row["difference"] == row["value"] - table.rows[0]["value"]
    assert row["difference_low95"] < row["difference"]
    assert row["difference_high95"] is None


def test_only_rows_of_the_same_group_are_compared(tmp_path: Path) -> None:
    first = write(tmp_path / "a", decided(5, 5))
    other = write(tmp_path / "b", [*decided(2, 8), *decided(1, 1, nationality="SLV")])
    rows = ask("asylum_denial_rate", [first, other], by="nationality").rows
    found = {(row["log"], row["nationality"]): row["difference"] for row in rows}
    assert found == {("a", "HND"): None, ("b", "HND"): pytest.approx(0.3), ("b", "SLV"): None}


def test_a_log_is_not_compared_with_itself(tmp_path: Path) -> None:
    log = write(tmp_path / "a", decided(5, 5))
    with pytest.raises(StatsError, match="given twice"):
        ask("receipts", [log, log])


def test_logs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    logs = [write(tmp_path / name / "log", decided(5, 5)) for name in ("may", "june")]
    assert [row["log"] for row in ask("receipts", logs).rows] == ["may/log", "june/log"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Runs of one seed: twice the same, and once with another share granted."""
    base = tmp_path_factory.mktemp("runs")
    found = {}
    for name, share in (("same", "0.4"), ("again", "0.4"), ("more", "0.6")):
        file = base / f"{name}.toml"
        file.write_text(SCENARIO.replace("share = 0.4", f"share = {share}"), "utf-8")
        scenario = load_scenario(file)
        found[name] = base / name
        run(scenario, replications=4, seed=11, workers=1, out=found[name])
    return found


@pytest.mark.parametrize("name", ["completions", "relief_share", "time_to_decision", "receipts"])
def test_runs_of_one_scenario_and_seed_do_not_differ(runs: dict[str, Path], name: str) -> None:
    rows = ask(name, [runs["same"], runs["again"]]).rows
    assert rows[1]["value"]
    assert [rows[1][key] for key in ("difference", "difference_low95", "difference_high95")] == [
        0
    ] * 3
    assert rows[1]["paired"] is True


def test_pairs_of_runs_are_closer_than_strangers(runs: dict[str, Path]) -> None:
    row = second(ask("relief_share", [runs["same"], runs["more"]]))
    each = [
        [ask("relief_share", runs[name], replications=n).rows[0]["value"] for n in range(4)]
        for name in ("same", "more")
    ]
    apart = np.sort(np.subtract(each[1], each[0]))
    assert row["paired"] is True
    assert (row["difference_low95"], row["difference_high95"]) == (apart[0], apart[3])
    assert row["difference"] == apart[1]
    assert apart[0] > 0
    pairs = np.subtract.outer(each[1], each[0])
    assert np.ptp(apart) < np.ptp(pairs)


def test_a_run_says_its_draws_and_seed(runs: dict[str, Path]) -> None:
    details = json.loads((runs["same"] / "log.json").read_text("utf-8"))["details"]
    assert len(details["draws"]) == 4
    assert details["seed"] == 11


# ---- published figures


def test_all_that_was_published_of_a_row_is_named(tmp_path: Path) -> None:
    log = write(tmp_path / "log", decided(4, 6))
    (row,) = ask("receipts", log, start="FY2015", end="FY2015", published=True)
    assert row["published"] == 202000  # the last of three
    assert row["published_source"] == "S09; also 193000 in S02; also 192997 in S01"
    table = ask("receipts", log, start="FY2018", end="FY2018", published=True)
    assert table.rows[0]["published_source"] == "S02; also 316106 in S01"
    assert len(table.cite_as) == 2


def test_one_published_figure_needs_no_more_than_its_source(tmp_path: Path) -> None:
    log = write(tmp_path / "log", decided(4, 6))
    (row,) = ask("asylum_denial_rate", log, start="FY2016", end="FY2016", published=True)
    assert row["published"] == 0.57
    assert row["published_source"].isalnum()
