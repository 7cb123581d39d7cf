"""Draws of what is not known, common random numbers, and luck told apart from parameters."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from asylumatlas import parameters
from asylumatlas.runs import run
from asylumatlas.scenario import load_scenario
from asylumatlas.sim.digest import Digest
from asylumatlas.sim.replication import Worker
from asylumatlas.sim.rules import Rules
from asylumatlas.sim.sensitivity import ranks
from asylumatlas.sim.uncertainty import CENTRAL, Draw

from .worlds import Raw, load, rows, world

RARE = 1e-5
FIVE = "court.pending"  # a parameter with five dated entries
RANGE = {"value": 5, "low": 2, "high": 9}


def drawn(rules: Rules, count: int, quantity: Any, key: str = "x") -> np.ndarray[Any, Any]:
    return np.array([rules.draw(k).of(quantity, key) for k in range(count)])


# Laws of draws ---------------------------------------------------------------------------------


def ranged(tmp_path: Path, **words: str) -> tuple[Rules, Any]:
    raw = world(spaces__hold__room={**RANGE, **words})
    scenario = load(raw, tmp_path)
    return Rules(scenario, 3), scenario.model.spaces["hold"].room


def test_what_has_a_source_is_drawn_from_a_triangle(tmp_path: Path) -> None:
    rules, room = ranged(tmp_path, source="AP0418")
    law = stats.triang(c=3 / 7, loc=2, scale=7)
    assert stats.kstest(drawn(rules, 2000, room, "spaces.hold.room"), law.cdf).pvalue > RARE


def test_what_is_assumed_is_drawn_flat(tmp_path: Path) -> None:
    rules, room = ranged(tmp_path, assumed="a guess")
    law = stats.uniform(2, 7)
    assert stats.kstest(drawn(rules, 2000, room, "spaces.hold.room"), law.cdf).pvalue > RARE


def test_the_central_draw_takes_every_stated_value(tmp_path: Path) -> None:
    rules, room = ranged(tmp_path, assumed="a guess")
    assert rules.draw(CENTRAL).of(room, "spaces.hold.room") == 5


def test_all_dates_of_a_quantity_share_one_uniform() -> None:
    rules = Rules(load_scenario("caravan-2018"), 3)
    parameter = parameters.load()[FIVE]
    for k in range(20):
        draw = Draw(rules.quantities, 3, k)
        uniform = draw._uniform(FIVE)
        for start, value in draw.steps(FIVE, "anywhere"):
            assert value == parameters.draw(parameter, start, uniform)


def test_a_draw_depends_on_seed_number_and_name_only(tmp_path: Path) -> None:
    one = Rules(load(world(spaces__hold__room=RANGE), tmp_path), 3)
    other = Rules(load(world(spaces__hold__room=RANGE, crews__judges__units=RANGE), tmp_path), 3)
    key, room = "spaces.hold.room", one.model.spaces["hold"].room
    assert (drawn(one, 50, room, key) == drawn(other, 50, room, key)).all()
    assert (drawn(one, 50, room, key) != drawn(one, 50, room, "crews.judges.units")).all()
    assert (drawn(one, 50, room, key) != drawn(Rules(one.scenario, 4), 50, room, key)).all()


def test_a_scenario_overrides_a_parameter_on_all_dates_and_keeps_its_unit() -> None:
    rules = Rules(load_scenario("caravan-2018", {FIVE: "{ value = 7, low = 6, high = 8 }"}), 3)
    steps = rules.draw(0).steps(FIVE, "anywhere")
    assert len(steps) == 1
    assert 6 <= steps[0][1] <= 8
    assert rules.quantities.used[FIVE].unit == "cases"


def test_a_dated_parameter_is_told_with_the_entry_of_the_first_day() -> None:
    name = "port.san_ysidro.daily_intake"
    rules = Rules(load_scenario("caravan-2018"), 3)
    rules.model_for(rules.draw(CENTRAL), 0)
    entry = parameters.load()[name].at(date(2018, 3, 25))
    used = rules.quantities.used[name]
    assert (used.value, used.start) == (entry.value, entry.start)


# Common random numbers -------------------------------------------------------------------------


def told(raw: Raw, folder: Path, number: int = 2) -> list[Any]:
    worker = Worker(load(raw, folder), 11, 8)
    return rows(worker, worker.run(number)[1])


def with_stock(raw: Raw) -> None:
    raw["places"]["elsewhere"] = "Elsewhere"
    stop = {"stage": "court", "at": ["elsewhere"], "outcomes": [{"events": []}]}
    raw["stations"]["elsewhere"] = stop
    raw["feeds"]["others"] = {"kind": "stock", "size": 300, "at": "elsewhere"}
    raw["feeds"]["others"]["starts"] = [{"to": "elsewhere", "after": 3}]


def with_station_in_front(raw: Raw) -> None:
    # its delay is the law of another station, with a range: it may not take over that one's draw
    outcome = {"events": ["port_admitted"], "after": dict(UNCERTAIN), "to": "processing"}
    unused = {"stage": "journey", "at": ["port"], "outcomes": [outcome]}
    raw["stations"] = {"unused": unused, **raw["stations"]}


def with_measure(raw: Raw) -> None:
    raw["measures"]["more"] = {"label": "More", "plus": ["list_joined"]}


def with_attribute(raw: Raw) -> None:
    # values after the first are not used by anybody: everybody keeps the class they had
    raw["classes"]["lawyer"] = ["no", "yes"]


def with_quantity(raw: Raw) -> None:
    raw["crews"]["clerks"]["units"] = {"value": 5, "low": 1, "high": 9}


def with_change(raw: Raw) -> None:
    raw["change"] = [{"on": date(2020, 2, 3), "what": "x", "set": {"crews.clerks.servers": 9}}]


UNCERTAIN = {"law": "uniform", "low": 1, "high": {"value": 5, "low": 3, "high": 9}}
UNRELATED: list[Callable[[Raw], None]] = [
    with_stock,
    with_station_in_front,
    with_measure,
    with_attribute,
    with_quantity,
    with_change,
]


@pytest.mark.parametrize("add", UNRELATED)
def test_what_is_unrelated_changes_nobodys_history(
    add: Callable[[Raw], None], tmp_path: Path
) -> None:
    raw = world(stations__intake__outcomes__0__after=dict(UNCERTAIN))
    before = told(raw, tmp_path)
    add(raw)
    after = [row for row in told(raw, tmp_path) if row[0] == "newcomers"]
    assert after == before


def test_a_later_end_keeps_the_earlier_days(tmp_path: Path) -> None:
    raw = world(stations__intake__scatter={"relative_sd": 0.4})
    short = load(raw, tmp_path)
    long = load({**raw, "to": date(2020, 6, 30)}, tmp_path, "long")
    a, b = Worker(short, 5, 8), Worker(long, 5, 8)
    days = a.rules.days
    early = {row[1:] for row in rows(b, b.run(2)[1]) if row[2] < days}
    assert {row[1:] for row in rows(a, a.run(2)[1])} == early


def test_one_more_judge_changes_no_interview() -> None:
    def interviews(override: dict[str, str]) -> list[Any]:
        worker = Worker(load_scenario("caravan-2018", override), 1, 8)
        kinds = ("fear_claimed", "fear_interview", "custody_started", "port_admitted")
        return [row for row in rows(worker, worker.run(2)[1]) if row[3] in kinds]

    before = interviews({})
    after = interviews({"crews.judges_home_court.servers": "9"})
    assert len(before) > 1000
    assert after == before


# Luck and parameters ---------------------------------------------------------------------------


def digest_of(values: Any, rules: Any = None) -> Digest:
    """A digest of made-up measures: (replications, measures) at the end of the run."""
    made = object.__new__(Digest)
    made.rules = rules
    made.values = np.asarray(values, float)[:, :, None]
    return made


def test_the_variance_splits_as_it_was_made() -> None:
    random = np.random.default_rng(1)
    draws = 4000
    by_draw = np.repeat(random.normal(0, 3, draws), 2)
    found = digest_of([[0.0]]).shares(by_draw + random.normal(0, 2, 2 * draws))
    # share of parameters 9/13; its standard error is about (1 - 0.69^2) / sqrt(4000) = 0.008
    assert found["parameter_share"] == pytest.approx(9 / 13, abs=4 * 0.008)
    assert found["luck_share"] + found["parameter_share"] == pytest.approx(1, abs=1e-3)
    assert found["total_sd"] == pytest.approx(math.sqrt(13), rel=0.05)


@pytest.mark.parametrize(
    ("values", "luck", "parameter"),
    [
        ([1, 1, 1, 1], 0, 0),  # nothing varies
        ([1, 1, 3, 3], 0, 1),  # only between draws
        ([1, 3, 1, 3], 1, 0),  # only within draws
        # means 2 and 7: between 12.5, within (2 + 8) / 2 = 5, so parameters 12.5 - 5 / 2 = 10
        ([1, 3, 5, 9], round(5 / 15, 4), round(10 / 15, 4)),
    ],
)
def test_the_split_by_hand(values: list[float], luck: float, parameter: float) -> None:
    found = digest_of([[0.0]]).shares(np.array(values, float))
    assert (found["luck_share"], found["parameter_share"]) == (luck, parameter)


def test_too_few_draws_have_no_split() -> None:
    assert math.isnan(digest_of([[0.0]]).shares(np.array([1.0, 2.0, 3.0]))["total_sd"])


def test_equal_values_share_a_rank() -> None:
    assert ranks(np.array([5.0, 1.0, 5.0, 7.0])).tolist() == [1.5, 0.0, 1.5, 3.0]


def test_influence_finds_the_one_that_matters() -> None:
    random = np.random.default_rng(2)
    draws = 200
    names = ["matters", *(f"idle_{k}" for k in range(20))]
    inputs = random.random((draws, len(names)))
    ends = np.repeat(inputs[:, 0] ** 3, 2) + random.normal(0, 0.05, 2 * draws)
    use = [SimpleNamespace(name=name, uncertain=True) for name in names]
    rules = SimpleNamespace(quantities=SimpleNamespace(used=dict(zip(names, use, strict=True))))
    made = digest_of(ends[:, None], rules)
    made.measures = [("end", SimpleNamespace(chart=True))]  # type: ignore[list-item]
    made.replications = [
        SimpleNamespace(values=dict(zip(names, row, strict=True)))  # type: ignore[misc]
        for row in np.repeat(inputs, 2, axis=0)
    ]
    found = made.influence()
    assert list(found) == ["matters"]
    assert found["matters"][0]["share"] > 0.8


def test_influence_in_a_whole_run(tmp_path: Path) -> None:
    raw = world(
        feeds__newcomers__per_day={"value": 6, "low": 3, "high": 9},
        stations__intake__capacity="unlimited",
        spaces__hold__room=10_000,
        crews__clerks__servers={"value": 5, "low": 1, "high": 9},
    )
    worker = Worker(load(raw, tmp_path), 1, 80)
    made = Digest(worker.rules, [worker.run(k)[0] for k in range(80)])
    found = made.influence()
    assert "crews.clerks.servers" not in found
    assert "admitted" in {row["measure"] for row in found["feeds.newcomers.per_day"]}
    split = {row["measure"]: row["parameter_share"] for row in made.uncertainty()}
    assert split["admitted"] > 0.8


def test_what_was_published_later_is_called_hindsight(tmp_path: Path) -> None:
    made = run("caravan-2018", replications=1, out=tmp_path / "run", log=False).summary
    rows = {row["parameter"]: row for row in made["assumptions"]}
    # the slide deck of 24 May 2018, after 4 May; the port's capacity of 30 April, before
    assert rows["credible_fear.found_share_to_april_2018"]["hindsight"]
    assert "published 2018-05-24" in rows["credible_fear.found_share_to_april_2018"]["why"]
    assert not rows["port.san_ysidro.holding_capacity"]["hindsight"]
    late = sum(row["hindsight"] for row in made["assumptions"])
    assert made["caveats"][0].startswith(f"{late} of the sourced quantities")


def test_a_run_of_few_replications_says_what_its_ranges_are(tmp_path: Path) -> None:
    few = run("caravan-2018", replications=4, out=tmp_path / "few", log=False).summary
    assert few["caveats"][0].startswith("With 4 replications")
    looked = {row["measure"] for row in few["reported"] if row["seen"]}
    assert looked == {"fear_found", "fear_found_of_interviews"}
