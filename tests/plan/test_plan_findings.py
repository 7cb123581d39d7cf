"""What a plan says first: prices that agree, the rule of choice, misses, hires without a limit."""

import re
from dataclasses import replace

import numpy as np
import pytest

from asylumatlas.national.courts import NATION, Courts
from asylumatlas.plan import Goal, plan
from asylumatlas.plan.candidates import candidates
from asylumatlas.plan.diagnosis import usual_hires
from asylumatlas.plan.findings import sentences
from asylumatlas.plan.page import page
from asylumatlas.plan.ranking import RULE, Ranking
from asylumatlas.plan.situation import situation

TWO = Courts(("new_york", "el_paso"), [0.7, 0.3], [0.75, 0.25], [0.2, 0.8])
GOAL = Goal(share=0.6, within=730.0, by=2030, years=8, receipts=600_000.0, seconds=2.0)


@pytest.fixture(scope="module")
def answer():
    return plan(GOAL, draws=3, courts=(TWO, ("New York", "El Paso")))


def test_a_plan_has_one_price(answer):
    told = answer.summary()
    row = next(row for row in told["ranking"] if row["plan"] == told["plan"])
    assert row["cost"] == pytest.approx(told["cost"], rel=1e-9)
    assert told["ranking"][0]["cost"] == pytest.approx(told["least_cost"], rel=1e-9)
    assert row["cost_of_draws"] != row["cost"]


def test_the_headline_tells_the_rule_and_the_limit(answer):
    said = " ".join(sentences(answer))
    assert "Least cost at central values" in said
    assert RULE in said
    assert "NO limit on hires" in said
    assert "104, in FY2022; --hires-per-quarter 26" in said
    limited = replace(
        answer, here=situation(replace(GOAL, hires_per_quarter=500.0), (TWO, ("", "")))
    )
    said = " ".join(sentences(replace(limited, usual=None)))
    assert "500 a quarter were allowed" in said
    assert "NO limit" not in said


@pytest.mark.parametrize(("reached", "misses"), [(0.5, True), (0.7, False)])
def test_a_miss_of_simulated_people_is_at_the_top(answer, reached, misses):
    """Of a goal of 60 %."""
    value = np.array([[reached]])
    people = Ranking((answer.best.name,), value, value >= 0.6, np.array([[1.0]]), "us-courts")
    told = replace(answer, simulated=people)
    second = sentences(told)[1]
    assert ("MISS the goal: they reach 50.0 %, and 60.0 % was asked" in second) == misses
    assert told.summary()["least_misses_simulated"] is misses


def test_a_choice_that_misses_at_central_values_says_so(answer):
    few = replace(answer.staffing, judges=0.5 * answer.staffing.judges)
    assert "At central values it MISSES the goal" in " ".join(
        sentences(replace(answer, staffing=few))
    )
    assert "At central values it MISSES" not in " ".join(sentences(answer.least))


def test_what_the_usual_hires_reach():
    here = situation(GOAL, (NATION, NATION.names))
    found = usual_hires(here)
    assert found["hires_per_quarter"] == found["hires_a_year"] / 4 == 26.0
    easy = usual_hires(situation(replace(GOAL, share=0.0), (NATION, NATION.names)))
    assert (easy["meets"], easy["first"]) == (True, GOAL.by)
    assert (
        usual_hires(situation(replace(GOAL, hires_per_quarter=9.0), (NATION, NATION.names))) is None
    )


def test_no_plan_seats_a_judge_before_the_delay_to_hire_is_over(answer):
    """A draw's shorter delay is not the plan's: nobody can be on the bench by it."""
    here = answer.here
    stay = (1.0 - here.values["leaving_share"]) ** 0.25
    quick = [{**draw, "lead_days": 91.0, "leaving_share": 0.0} for draw in answer.draws]
    for each in candidates(here, answer.best, quick):
        before = each.judges[:, : here.lead].sum(axis=0)
        assert before == pytest.approx(np.full(here.lead, here.judges.sum()), rel=0.01), each.name
        after = each.judges[:, here.lead :] - each.hires[:, here.lead :]
        assert after == pytest.approx(stay * each.judges[:, here.lead - 1 : -1], abs=1e-3), (
            each.name
        )


def test_the_page_has_no_powers_of_ten_colours_or_gaps(answer):
    text = re.sub(r"<(script|style)\b.*?</\1>|<figure.*?</figure>", "", page(answer), flags=re.S)
    tables = "".join(re.findall(r"<table.*?</table>", page(answer), flags=re.S))
    for shown in (text, tables):
        assert not re.search(r"\de[+-]\d\d|not found|#[0-9A-F]{6}", shown)
    assert "median of draws" in tables
    assert RULE in tables
