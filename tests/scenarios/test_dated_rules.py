"""Quantities that change within a run: shares, orders of lines, units of crews, overrides."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asylumatlas.scenario import ScenarioError, load_scenario
from asylumatlas.sim.replication import Worker
from asylumatlas.sim.rules import Rules

from .worlds import Raw, load, rows, world

TURN = date(2020, 2, 3)  # day 33
START = date(2020, 1, 1)
SHARE = "national.detained_share"  # tests override it: its own value does not matter


def dated(before: Any, after: Any, turn: date = TURN) -> list[Raw]:
    return [{"from": START, "is": before}, {"from": turn, "is": after}]


def processed(share: Any, folder: Path, **changes: Any) -> Counter[tuple[bool, str]]:
    """How often each outcome of the port's processing fell before and after the turn."""
    raw = world(stations__processing__outcomes__0__share=share, **changes)
    worker = Worker(load(raw, folder), 1, 2)
    told = rows(worker, worker.run(0)[1])
    turn = (TURN - START).days
    return Counter((day >= turn, out) for _, _, day, event, out, _ in told if "processed" in event)


# Shares ----------------------------------------------------------------------------------------


def test_a_dated_share_decides_from_its_day_on(tmp_path: Path) -> None:
    found = processed(dated(0, 1), tmp_path)
    assert set(found) == {(False, "notice_to_appear"), (True, "withdrawn")}


def test_a_share_follows_a_dated_parameter(tmp_path: Path) -> None:
    found = processed(SHARE, tmp_path, parameters={SHARE: dated(1, 0)})
    assert set(found) == {(False, "withdrawn"), (True, "notice_to_appear")}


def test_a_share_of_the_rest_may_be_dated_too(tmp_path: Path) -> None:
    raw = world()
    first = {"events": ["port_processed.withdrawn"], "share": 0.5}
    second = {"events": ["port_processed.withdrawn"], "of_rest": dated(0.5, 0.25)}
    raw["stations"]["processing"]["outcomes"][:1] = [first, second]
    rules = Rules(load(raw, tmp_path), 1)
    model = rules.model_for(rules.draw(-1), 0)
    at = next(at for at, count in model.rows.tolist() if count == 3)
    found = model.thresholds[:, at : at + 3] / 2.0**32
    assert found.tolist() == [[0.5, 0.75, 1.0], [0.5, 0.625, 1.0]]
    assert model.share_epoch_of.tolist() == [0] * 33 + [1] * 57


def test_dates_outside_the_run_make_no_epoch(tmp_path: Path) -> None:
    steps = [
        {"from": date(2019, 1, 1), "is": 0.3},
        {"from": date(2019, 6, 1), "is": 0.2},
        {"from": date(2021, 1, 1), "is": 0.9},
    ]
    raw = world(stations__processing__outcomes__0__share=steps)
    rules = Rules(load(raw, tmp_path), 1)
    model = rules.model_for(rules.draw(-1), 0)
    assert len(model.thresholds) == 1
    assert round(0.2 * 2**32) in model.thresholds[0]


def test_a_range_keeps_one_uniform_over_its_dates(tmp_path: Path) -> None:
    """Both dates of a parameter move together, and both are listed."""
    wide = {"value": 0.5, "low": 0.0, "high": 1.0, "assumed": "a test"}
    raw = world(
        stations__processing__outcomes__0__share=SHARE, parameters={SHARE: dated(wide, wide)}
    )
    rules = Rules(load(raw, tmp_path), 1)
    for number in range(5):
        thresholds = rules.model_for(rules.draw(number), 0).thresholds
        assert (thresholds[0] == thresholds[1]).all()
    assert {SHARE, f"{SHARE} from {TURN}"} <= set(rules.quantities.used)


def test_probabilities_are_checked_on_every_date(tmp_path: Path) -> None:
    raw = world(stations__processing__outcomes__0__share=dated(0.2, 0.9))
    raw["stations"]["processing"]["outcomes"][1]["share"] = 0.8
    with pytest.raises(ScenarioError, match=r"sum to 1\.7 from 2020-02-03, not 1"):
        load(raw, tmp_path)


def test_dates_of_a_share_must_be_in_order(tmp_path: Path) -> None:
    raw = world(stations__processing__outcomes__0__share=dated(0.2, 0.9)[::-1])
    with pytest.raises(ScenarioError, match=r"outcomes\.0\.share: dates out of order"):
        load(raw, tmp_path)


def test_forecasts_shipped_use_no_share_of_a_later_date() -> None:
    for name in ("caravan-2018", "tijuana-2018-19"):
        scenario = load_scenario(name)
        rules = Rules(scenario, 1)
        assert len(rules.model_for(rules.draw(-1), 0).thresholds) == 1, name


# Lines -----------------------------------------------------------------------------------------


def admitted(order: Any, folder: Path) -> list[tuple[int, int]]:
    """(person, day) of those admitted at the port, in order, where a stock waits on day one."""
    raw = world(
        stations__intake__lines=[{"order": order}],
        spaces__hold__room=10_000,
        feeds__newcomers__law="exact",
    )
    worker = Worker(load(raw, folder), 1, 2)
    told = rows(worker, worker.run(0)[1])
    return [(who, day) for _, who, day, event, _, _ in told if event == "port_admitted"]


def test_a_line_turns_round_on_its_day(tmp_path: Path) -> None:
    turn = (TURN - START).days
    fifo, lifo = admitted("first_in", tmp_path), admitted("last_in", tmp_path)
    both = admitted([{"from": START, "is": "first_in"}, {"from": TURN, "is": "last_in"}], tmp_path)
    assert {x for x in both if x[1] < turn} == {x for x in fifo if x[1] < turn}
    newest = {who for who, day in both if day == turn}
    came = {who for who, day in lifo if day == turn}
    assert newest == came  # those who came that day, though a line of 33 waits
    back = admitted([{"from": START, "is": "last_in"}, {"from": TURN, "is": "first_in"}], tmp_path)
    assert {x for x in back if x[1] < turn} == {x for x in lifo if x[1] < turn}


def test_dates_of_an_order_must_be_in_order(tmp_path: Path) -> None:
    steps = [{"from": TURN, "is": "first_in"}, {"from": START, "is": "last_in"}]
    with pytest.raises(ScenarioError, match=r"lines\.0\.order: dates out of order"):
        load(world(stations__intake__lines=[{"order": steps}]), tmp_path)
    with pytest.raises(ScenarioError, match=r'Did you mean "last_in"\?'):
        load(world(stations__intake__lines=[{"order": "lastin"}]), tmp_path)


# Crews and overrides ---------------------------------------------------------------------------


def crew_units(raw: Raw, folder: Path, crew: int = 0) -> list[float]:
    rules = Rules(load(raw, folder), 1)
    model = rules.model_for(rules.draw(-1), 0)
    return [float(n) for n in model.crews[:, crew] / 1000]


def test_units_of_a_crew_may_be_dated(tmp_path: Path) -> None:
    found = crew_units(world(crews__judges__units=dated(2, 1.5)), tmp_path)
    open_ = [(START + timedelta(days=k)).weekday() < 5 for k in range(90)]
    assert found == [(4.0 if k < 33 else 3.0) * is_open for k, is_open in enumerate(open_)]


def test_an_override_may_be_dated(tmp_path: Path) -> None:
    raw = world(crews__judges__servers="national.judges", crews__judges__calendar="every_day")
    raw["parameters"] = {"national.judges": dated(3, {"value": 5, "low": 4, "high": 6})}
    assert crew_units(raw, tmp_path) == [6.0] * 33 + [10.0] * 57
    rules = Rules(load(raw, tmp_path), 1)
    after = {rules.model_for(rules.draw(k), 0).crews[50, 0] for k in range(8)}
    before = {rules.model_for(rules.draw(k), 0).crews[0, 0] for k in range(8)}
    assert before == {6000}
    assert len(after) == 8
    assert min(after) >= 8000
    assert max(after) <= 12_000


def test_an_override_takes_no_name_and_keeps_to_its_unit(tmp_path: Path) -> None:
    raw = world(parameters={"national.judges": dated(3, "national.receipts")})
    with pytest.raises(ScenarioError, match="not a name"):
        load(raw, tmp_path)
    raw = world(parameters={"national.detained_share": dated(0.3, 1.3)})
    with pytest.raises(ScenarioError, match=r"detained_share\.1\.is: 1\.3 is not a share"):
        load(raw, tmp_path)


def test_a_share_of_a_crew_may_be_dated(tmp_path: Path) -> None:
    raw = world(crews__judges__calendar="every_day", stations__master__calendar="every_day")
    raw["stations"]["master"]["crews"] = [{"crew": "judges", "share": dated(0.5, 1)}]
    rules = Rules(load(raw, tmp_path), 1)
    quota = rules.model_for(rules.draw(-1), 0).quota[:, -1]
    assert quota.tolist() == [2] * 33 + [4] * 57
    assert quota.dtype == np.int64


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"add": {"crews.judges.servers": 1}, "until": date(1991, 1, 1)}, True),
        ({"add": {"crews.judges.servers": 1}}, False),
        ({"set": {"crews.judges.servers": 1}}, False),
    ],
)
def test_a_change_that_is_over_before_the_run_is_refused(
    change: dict[str, Any], refused: bool, tmp_path: Path
) -> None:
    raw = world(change=[{"on": date(1990, 1, 1), "what": "Long ago", **change}])
    if refused:
        with pytest.raises(ScenarioError, match="is over on 1991-01-01, before the run begins"):
            load(raw, tmp_path)
    else:
        load(raw, tmp_path)
