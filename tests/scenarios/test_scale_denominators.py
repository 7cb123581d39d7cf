"""The national scenario at two small scales: whatever is shown is of the whole country at both.

A number that is not divided by the scale where it should be, or is where it should not, is twice
another one here. Waits and shares come near each other only: few people are served in lumps.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asylumatlas import stats
from asylumatlas.events import open_log
from asylumatlas.scenario import load_scenario
from asylumatlas.sim import sampling
from asylumatlas.sim.policies import compare_policies
from asylumatlas.sim.rules import Rules
from asylumatlas.sim.run import Result, run
from asylumatlas.sim.sweep import sweep

SCALES = (0.01, 0.02)
LAST = "2018-09-30"
NEAR = 0.3  # a missing or a second division makes 1.0


def close(one: float, other: float, size: float = 0.0) -> bool:
    return abs(one - other) <= NEAR * max(abs(one), abs(other)) + size


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[float, Result]:
    folder = tmp_path_factory.mktemp("scales")
    return {
        scale: run(
            load_scenario("us-courts", {"scale": str(scale), "to": LAST}),
            replications=4,
            out=folder / f"{scale}",
        )
        for scale in SCALES
    }


def both(runs: dict[float, Result], part: str, keys: tuple[str, ...]) -> dict[Any, list[Any]]:
    """Rows of a part of the summaries: key -> the row at either scale."""
    found: dict[Any, list[Any]] = {}
    for result in runs.values():
        for row in result.summary[part]:
            found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return {key: rows for key, rows in found.items() if len(rows) == len(SCALES)}


@pytest.mark.parametrize(
    ("part", "keys", "value", "least"),
    [
        ("stages", ("stage",), "entered", 20_000),
        ("stages", ("stage",), "inside", 20_000),
        ("flow", ("from", "to"), "median", 20_000),
        ("outcomes", ("event", "outcome"), "median", 20_000),
    ],
)
def test_people_of_a_summary_are_the_countrys(
    runs: dict[float, Result], part: str, keys: tuple[str, ...], value: str, least: float
) -> None:
    seen = 0
    for key, (one, other) in both(runs, part, keys).items():
        a, b = (row[value]["median"] if value in keys or part == "stages" else row[value]
                for row in (one, other))  # fmt: skip
        if max(a, b) > least:
            assert close(a, b), (key, a, b)
            seen += 1
    assert seen >= 2


def test_meters_are_the_countrys(runs: dict[float, Result]) -> None:
    seen = {"days": 0, "USD": 0}
    busy = []
    for key, (one, other) in both(runs, "meters", ("meter", "place")).items():
        pair = one["median"], other["median"]
        if one["unit"] == "share":
            busy.append(pair)  # of a court of a tenth of a judge, luck decides
        elif one["unit"] in seen and sum(pair):
            assert close(*pair), (key, pair)
            seen[one["unit"]] += 1
    assert min(seen.values()) > 5
    means = np.mean(busy, axis=0)
    assert means[0] == pytest.approx(means[1], abs=0.05)
    assert 0.3 < means[0] < 1


def test_published_figures_stand_beside_the_countrys(runs: dict[float, Result]) -> None:
    rows = both(runs, "reported", ("id", "measure"))
    assert len(rows) >= 3
    for key, (one, other) in rows.items():
        assert close(one["median"], other["median"]), key
    receipts = [row for (_, name), (row, _) in rows.items() if name == "nation_pending"]
    assert all(close(row["median"], row["reported"]) for row in receipts)
    assert receipts


def test_series_are_the_countrys(runs: dict[float, Result]) -> None:
    seen = 0
    for key, (one, other) in both(runs, "series", ("measure",)).items():
        if one["unit"] not in ("days", "share") and max(one["median"][-1], 0) > 20_000:
            assert close(one["median"][-1], other["median"][-1]), key
            seen += 1
    assert seen >= 3


def test_sweeps_are_of_the_country() -> None:
    names = ("nation_pending", "nation_completions", "nation_resolved_share")
    vary = {"master_judge_days": ["0.05"]}
    found = [
        sweep("us-courts", vary, measures=names, overrides={"scale": str(s), "to": LAST})
        for s in SCALES
    ]
    for one, other in zip(found[0].rows(), found[1].rows(), strict=True):
        assert close(one["median"], other["median"]), one
    assert found[0].rows()[0]["median"] > 500_000
    assert found[0].caveats[0].startswith("1 person in 100 is simulated")
    whole = sweep("tijuana-2018-19", {"scale": ["1", "0.5"]}, by="end")
    assert whole.caveats[0].startswith("1 person in 2 is simulated")


def test_policies_are_of_the_country() -> None:
    found = [
        compare_policies(
            ["us-hiring"],
            replications=4,
            overrides={"scale": str(scale), "to": "2018-12-31"},
        )
        for scale in SCALES
    ]
    seen: dict[str, int] = {}
    for one, other in zip(found[0].rows(True), found[1].rows(True), strict=True):
        unit = one["unit"]
        sizes = {"days": 30.0, "share": 0.1}  # waits and shares: lumps and luck of few people
        if unit in sizes or max(one["base"], other["base"]) > (20 if "USD" in unit else 20_000):
            for part in ("base", "with_policy"):
                assert close(one[part], other[part], sizes.get(unit, 0.0)), (one, other)
            seen[unit] = seen.get(unit, 0) + 1
    assert len(seen) >= 4, seen
    assert [each.scale for each in found] == list(SCALES)


def test_the_log_of_a_part_says_what_it_counts(runs: dict[float, Result]) -> None:
    """Statistics are of the log: twice the people at twice the scale, and every row says so."""
    values = {}
    for scale, result in runs.items():
        manifest = open_log(result.folder).manifest
        assert manifest.details["sampled"] == scale
        caveats = " ".join(manifest.details["caveats"])
        assert f"money by {1 / scale:.0f} for the whole system" in caveats
        assert "Numbers here are for the whole system" not in caveats
        assert "Numbers here are for the whole system" in " ".join(result.summary["caveats"])
        table = stats.ask("receipts", result.folder, by="fiscal_year", published=True)
        (row,) = table.rows
        assert row["flag"] == "sampled"
        assert row.get("published") is None
        values[scale] = row
    for end in ("value", "low95", "high95"):
        a, b = (values[scale][end] / scale for scale in SCALES)
        assert a == pytest.approx(b, rel=0.1)
    shares = [stats.ask("asylum_denial_rate", r.folder).rows[0]["value"] for r in runs.values()]
    assert shares[0] == pytest.approx(shares[1], abs=0.06)


def test_a_run_of_everyone_says_nothing_of_it(tmp_path: Path) -> None:
    found = run(load_scenario("tijuana-2018-19", {}), replications=1, out=tmp_path / "all")
    details = json.loads((found.folder / "log.json").read_text())["details"]
    assert "sampled" not in details
    assert details["caveats"] == found.summary["caveats"]


def test_the_books_of_a_report_are_of_simulated_people(runs: dict[float, Result]) -> None:
    from asylumatlas.report.reproduction import reproduction

    summary = runs[0.01].summary
    assert "balanced, of simulated people: " in reproduction(summary)
    whole = {key: value for key, value in summary.items() if key != "scale"}
    assert "of simulated people" not in reproduction(whole)


# ---- scales that are too small


def coarse(name: str, scale: float) -> list[str]:
    return sampling.too_coarse(Rules(load_scenario(name, {"scale": str(scale)}), 1))


def test_a_crew_that_can_begin_no_service_is_named() -> None:
    """At a fiftieth, officers who hold two interviews a day hold none, and nobody would say so."""
    (told,) = coarse("caravan-2018", 0.02)
    assert "officers_otay_mesa" in told
    assert "fewer are served or held" in told
    assert "\n" not in told
    assert coarse("caravan-2018", 1) == []


def test_crews_that_carry_are_not_too_small() -> None:
    assert coarse("us-courts", 0.02) == []


@pytest.mark.parametrize(
    ("much", "each", "lost"),
    [(0, 5, 0), (4, 5, 1), (5, 5, 0), (9, 5, 4 / 9), (1000, 450, 0.1), (0.3, 1, 1)],
)
def test_what_whole_pieces_leave_over(much: float, each: float, lost: float) -> None:
    assert sampling._lost(much, each) == pytest.approx(lost)


def test_nothing_is_lost_of_a_whole_number_of_pieces() -> None:
    for each in np.arange(1, 30):
        assert sampling._lost(7 * each, each) == pytest.approx(0)
