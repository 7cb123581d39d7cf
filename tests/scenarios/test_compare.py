"""Comparisons of runs: hand-made run folders with hand-counted differences, then real ones."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from asylumatlas.events import open_log, validate
from asylumatlas.runs import run
from asylumatlas.sim.compare import CompareError, _t975, compare


def folder(path: Path, values: list[float], *, seed: int = 1, name: str = "decided") -> Path:
    """A run folder with one measure on one day and one meter of 7 everywhere."""
    path.mkdir()
    count = len(values)
    summary = {
        "scenario": path.name,
        "question": "?",
        "from": "2018-03-25",
        "to": "2018-11-05",
        "command": "asylumatlas run x",
        "seed": seed,
        "replications": count,
        "lucks_per_draw": 2,
        "synthetic_note": "made up",
        "meters": [{"meter": "beds.days", "label": "Beds", "unit": "days"}],
    }
    (path / "summary.json").write_text(json.dumps(summary), "utf-8")
    np.savez(
        path / "replications.npz",
        measures=np.array(values, np.float32).reshape(count, 1, 1),
        measure_names=np.array([name]),
        measure_labels=np.array([[name, "Decided", "cases"]]),
        meters=np.full((count, 1), 7.0),
        meter_names=np.array(["beds.days"]),
    )
    return path


def test_equal_seeds_are_paired_replication_by_replication(tmp_path: Path) -> None:
    a = folder(tmp_path / "a", [10, 12, 20, 22, 30, 32])
    b = folder(tmp_path / "b", [11, 14, 20, 25, 31, 32])
    found = compare(a, b)
    row = found["rows"][0]
    assert found["paired"] is True
    assert (row["a"], row["b"]) == (21, 22.5)
    assert row["difference"] == 1  # of 1, 2, 0, 3, 1, 0
    assert (row["low95"], row["high95"]) == (0, 3)
    pairs = np.array([1.5, 1.5, 0.5])  # the two lucks of a draw are averaged
    half = stats.t.ppf(0.975, 2) * pairs.std(ddof=1) / np.sqrt(3)
    assert row["mean"] == pytest.approx(7 / 6, abs=1e-4)
    assert row["mean_high95"] - row["mean"] == pytest.approx(half, rel=0.06)


def test_the_t_quantile_is_close_to_the_exact_one() -> None:
    for freedom in (4, 9, 24, 99):
        assert _t975(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=0.005)


def test_other_seeds_are_not_called_paired(tmp_path: Path) -> None:
    a = folder(tmp_path / "a", [10, 12, 20, 22])
    b = folder(tmp_path / "b", [11, 14, 20, 25], seed=2)
    assert compare(a, b)["paired"] is False
    assert not any(row["paired"] for row in compare(a, b)["rows"])


def test_runs_with_nothing_in_common_are_refused(tmp_path: Path) -> None:
    a = folder(tmp_path / "a", [1, 2])
    b = folder(tmp_path / "b", [1, 2], name="other")
    assert [row["measure"] for row in compare(a, b)["rows"]] == ["beds.days"]
    with pytest.raises(CompareError, match="not a run folder"):
        compare(a, tmp_path)


def test_a_run_against_itself_differs_by_nothing(tmp_path: Path) -> None:
    made = run("caravan-2018", replications=4, out=tmp_path / "run", log=False).folder
    for row in compare(made, made)["rows"]:
        assert row["difference"] in (0, None)


def test_the_surge_takes_hearings_from_the_interior_and_changes_nobody_before_it(
    tmp_path: Path,
) -> None:
    before = run("caravan-2018", replications=6, out=tmp_path / "a", log=False).folder
    after = run("surge-2018", replications=6, out=tmp_path / "b")
    rows = {row["measure"]: row for row in compare(before, after.folder)["rows"]}
    # people already admitted or on their way are the same people with the same luck
    for measure in ("matias_romero_reached", "tijuana_reached", "port_admitted"):
        assert rows[measure]["low95"] == rows[measure]["high95"] == 0
    assert rows["home_hearings"]["high95"] < 0
    assert rows["home_postponed"]["low95"] > 0
    assert rows["border_hearings"]["low95"] >= 0
    # judges are lent, not made
    lost = rows["judges_home_court.server_days"]["difference"]
    assert rows["judges_san_diego_courts.server_days"]["difference"] == pytest.approx(
        -lost, rel=0.02
    )
    assert validate(open_log(after.folder)).ok


def test_runs_of_different_periods_are_refused(tmp_path: Path) -> None:
    a, b = folder(tmp_path / "a", [1, 2]), folder(tmp_path / "b", [1, 2])
    summary = json.loads((b / "summary.json").read_text("utf-8"))
    (b / "summary.json").write_text(json.dumps({**summary, "to": "2018-09-30"}), "utf-8")
    with pytest.raises(CompareError, match="2018-09-30; compare runs of one period"):
        compare(a, b)
