"""A plan's answer: goals and their words, why none is met, regret by hand, files that agree."""

import csv
import json
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from asylumatlas.cli import main
from asylumatlas.ensembles import Journal
from asylumatlas.national.courts import NATION, Courts
from asylumatlas.plan import Goal, PlanError, plan, read_goal
from asylumatlas.plan.candidates import candidates
from asylumatlas.plan.diagnosis import NoPlan, explain
from asylumatlas.plan.folder import write
from asylumatlas.plan.ranking import Ranking, rank
from asylumatlas.plan.situation import draw_values, situation, whole_shares
from asylumatlas.plan.solving import cheapest

# Keys of the shipped table, so that the scenario knows them.
TWO = Courts(("new_york", "el_paso"), [0.7, 0.3], [0.75, 0.25], [0.2, 0.8])
GOAL = Goal(share=0.6, within=730.0, by=2030, years=8, receipts=600_000.0, seconds=2.0)


@pytest.fixture(scope="module")
def answer():
    return plan(GOAL, draws=3, courts=(TWO, ("New York", "El Paso")))


# --- goals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"share": 1.9}, "share: 1.9 is not possible"),
        ({"by": "2024"}, "FY2024 is outside FY2025 to FY2034"),
        ({"by": "soon"}, "'soon' is not a fiscal year; write it like FY2030"),
        ({"share": 0.5, "pending_below": 5.0}, "either share"),
        ({"rule": "pathz"}, 'Did you mean "paths"?'),
        ({"parameters": {"national.master_delay_day": 3.0}}, "Did you mean"),
        ({"parameters": {"national.master_set_share": 3.0}}, "is not a share"),
    ],
)
def test_a_wrong_goal_is_one_line_with_a_remedy(words, said):
    with pytest.raises(PlanError, match=r"^goal: ") as caught:
        read_goal(**words)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_goal_from_a_file_and_words_before_it(tmp_path):
    path = tmp_path / "goal.toml"
    path.write_text(
        '[goal]\nshare = 0.7\nwithin = 500\nby = "FY2031"\n'
        "[limits]\nhires_per_quarter = 40\n[courts.miami]\nmost = 80\n"
        '[parameters]\n"national.master_delay_days" = 60\n'
    )
    goal = read_goal(path, share=0.8)
    assert (goal.share, goal.within, goal.by, goal.hires_per_quarter) == (0.8, 500, 2031, 40)
    assert goal.courts["miami"].most == 80
    assert goal.parameters == {"national.master_delay_days": 60}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("goal = 3", "must be a table"),
        ("[goal]\nshere = 0.9", 'Did you mean "share"?'),
        ("[gaol]\nshare = 0.9", 'Did you mean "goal"?'),
        ("[goal]\nshare = true", "is not a number"),
        ("[courts.miami]\nleast = 9\nmost = 3", "least must be"),
        ("[goal", "not valid TOML"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path, text, said):
    path = tmp_path / "goal.toml"
    path.write_text(text)
    with pytest.raises(PlanError) as caught:
        read_goal(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_whole_shares_are_whole_and_add_up():
    found = whole_shares(727, np.array([0.3331, 0.3333, 0.3336]))
    assert found.sum() == 727
    assert np.abs(found - 727 * np.array([0.3331, 0.3333, 0.3336])).max() < 1


# --- no plan -------------------------------------------------------------------------------------


def test_delays_alone_are_told():
    here = situation(replace(GOAL, share=0.99, within=200.0), (TWO, TWO.names))
    assert cheapest(here) is None
    failure = explain(here)
    assert failure.reasons == ("delays",)
    assert failure.within is not None
    assert failure.within > 200
    assert "no plan meets the goal" in failure.said()
    assert "\n" not in failure.said()


def test_the_limit_in_the_way_is_named_and_its_remedy_is_enough():
    here = situation(replace(GOAL, hires_per_quarter=5.0), (NATION, NATION.names))
    assert cheapest(here) is None
    failure = explain(here)
    assert "hires_per_quarter" in failure.reasons
    assert failure.hires_per_quarter is not None
    assert failure.hires_per_quarter > 5
    assert failure.best is None or failure.best < 0.6
    goal = replace(GOAL, hires_per_quarter=failure.hires_per_quarter)
    assert cheapest(situation(goal, (NATION, NATION.names)), whole=False) is not None
    assert pickle.loads(pickle.dumps(NoPlan(failure))).failure == failure


def test_too_late_is_told():
    here = situation(replace(GOAL, by=2026), (TWO, TWO.names))
    failure = explain(here)
    assert "lead_days" in failure.reasons
    assert failure.first is not None
    assert failure.first > 2026


# --- ranking -------------------------------------------------------------------------------------


def test_regret_by_hand():
    """Two plans, three draws: the cheap one fails in the second, both fail in the third."""
    ranking = Ranking(
        names=("cheap", "dear"),
        reached=np.array([[0.95, 0.8, 0.1], [0.99, 0.92, 0.2]]),
        meets=np.array([[True, False, False], [True, True, False]]),
        cost=np.array([[10.0, 11.0, 12.0], [15.0, 16.0, 17.0]]),
        judge="twin",
    )
    assert ranking.possible.tolist() == [True, True, False]
    assert ranking.failing.round(9).tolist() == [round(2 / 3, 9), round(1 / 3, 9)]
    np.testing.assert_array_equal(ranking.regret, [[0, np.nan, np.nan], [5, 0, np.nan]])
    assert ranking.robust == 1
    rows = ranking.rows()
    assert rows[1]["regret"] == 2.5
    assert rows[1]["difference"] == pytest.approx((0.04 + 0.12 + 0.1) / 3)


def test_ranking_does_not_depend_on_who_does_it(answer, tmp_path):
    here = answer.here
    plans = candidates(here, answer.best, answer.draws, at_draws=1)
    draws = draw_values(here, 5, 2)
    alone = rank(here, plans, draws)
    journal = Journal(tmp_path / "kept", "key")
    with ThreadPoolExecutor(2) as pool:
        helped = rank(here, plans, draws, executor=pool, journal=journal)
    again = rank(here, plans, draws, journal=Journal(tmp_path / "kept", "key"))
    for other in (helped, again):
        np.testing.assert_array_equal(alone.reached, other.reached)
    assert len(journal) == 2


def test_the_answer_reaches_the_goal_and_adds_up(answer):
    told = answer.plain()
    assert told["gap"] >= 0
    assert answer.least.summary()["reached"] >= 0.6 - 1e-3
    for year in told["years"]:
        rows = [row for row in told["courts"] if row["year"] == year["year"]]
        assert sum(row["judges"] for row in rows) == pytest.approx(year["judges"], abs=0.2)
        assert sum(row["hires"] for row in rows) == pytest.approx(year["hires"], abs=0.2)
    assert sum(row["cost"] for row in told["quarters"]) == pytest.approx(told["cost"], rel=1e-6)
    assert {row["name"] for row in told["assumed"]} >= {"receipts", "lead_days", "productivity"}
    assert all(row["source"] for row in told["assumed"])


def test_the_folder_holds_together(answer, tmp_path):
    from asylumatlas.scenario import load_scenario

    folder = write(answer, tmp_path / "plan", "asylumatlas plan")
    told = json.loads((folder / "plan.json").read_text())
    with (folder / "courts.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * GOAL.years
    assert sum(float(row["cost"]) for row in rows) < told["cost"]
    page = (folder / "report.html").read_text()
    assert "Staffing plan" in page
    assert 'src="http' not in page
    scenario = load_scenario(str(folder / "plan.toml"))
    assert scenario.model.start.isoformat() == "2024-10-01"
    crew = scenario.model.crews["judges_new_york"]
    assert [step.is_.value for step in crew.servers][-1] == pytest.approx(
        answer.staffing.judges[0, -1], abs=0.01
    )
    with pytest.raises(PlanError, match="something already"):
        write(answer, folder)


# --- the command ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--share", "1.5"], 2, "is not possible"),
        (["--courts", "mami=1:2"], 2, 'Did you mean "miami"?'),
        (["--courts", "miami=9:2"], 2, "KEY=LEAST:MOST"),
        (["--set", "national.master_delay_days=x"], 2, "is not a number"),
        (["--resume"], 2, "--out DIR"),
        (["no-such-goal.toml"], 2, "No such file"),
        (["--share", "0.99", "--within", "100"], 1, "no plan meets the goal"),
    ],
)
def test_words_that_cannot_be_obeyed(words, code, said, capsys):
    assert main(["plan", *words]) == code
    assert said in capsys.readouterr().err


def test_help_loads_nothing_heavy():
    probe = "import sys, asylumatlas.plan, asylumatlas.cli.planning; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert not {"scipy", "numba", "pyarrow", "duckdb"} & set(done.stdout.split())
