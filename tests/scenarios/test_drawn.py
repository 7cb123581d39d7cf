"""Tables of draws: parameters that are drawn together, row by row."""

from datetime import date
from pathlib import Path

import pytest

from asylumatlas.scenario import ScenarioError, load_scenario
from asylumatlas.sim.rules import Rules

CLAIM, DENIED = "flow.withdrawn_share", "court.denied_share.HND"
BASE = "caravan-2018"
HEAD = f"draw,{CLAIM},{DENIED}@2018-01-01,{DENIED}@2018-06-01"
ROWS = ["central,0.1,0.7,0.8", "1,0.2,0.5,0.6", "2,0.3,0.6,0.7", "3,0.4,0.8,0.9"]


def table(folder: Path, *lines: str) -> Path:
    path = folder / "mine.csv"
    path.write_text("\n".join(lines or ("# a remark", HEAD, *ROWS)) + "\n", encoding="utf-8")
    return path


def scenario(folder: Path, *lines: str, more: str = "") -> Path:
    table(folder, *lines)
    path = folder / "drawn.toml"
    path.write_text(
        f'extends = "{BASE}"\n[draws]\ntable = "mine"\nwhy = "three draws made by hand"\n{more}',
        encoding="utf-8",
    )
    return path


def told(rules: Rules, index: int) -> tuple[float, float, float]:
    draw = rules.draw(index)
    return (
        draw.of(CLAIM, "x"),
        draw.of(DENIED, "x", on=date(2018, 5, 1)),
        draw.of(DENIED, "x", on=date(2018, 7, 1)),
    )


def test_a_draw_is_one_row_and_every_row_is_used_before_any_again(tmp_path: Path) -> None:
    rules = Rules(load_scenario(str(scenario(tmp_path))), seed=1)
    rows = [(0.2, 0.5, 0.6), (0.3, 0.6, 0.7), (0.4, 0.8, 0.9)]
    found = [told(rules, index) for index in range(6)]
    assert sorted(found[:3]) == rows
    assert found[3:] == found[:3]
    assert told(rules, -1) == (0.1, 0.7, 0.8)


def test_the_order_of_rows_is_the_seeds(tmp_path: Path) -> None:
    made = load_scenario(str(scenario(tmp_path)))
    orders = {tuple(told(Rules(made, seed), index) for index in range(3)) for seed in range(5)}
    assert len(orders) > 1


def test_other_parameters_are_drawn_as_without_the_table(tmp_path: Path) -> None:
    other = "flow.executed_share_in_custody"
    with_table = Rules(load_scenario(str(scenario(tmp_path))), 1)
    without = Rules(load_scenario(BASE), 1)
    assert [with_table.draw(k).of(other, "x") for k in range(4)] == [
        without.draw(k).of(other, "x") for k in range(4)
    ]


def test_what_the_scenario_or_the_user_sets_is_not_taken_from_the_table(tmp_path: Path) -> None:
    path = scenario(tmp_path, more=f'[parameters]\n"{CLAIM}" = 0.05\n')
    assert {told(Rules(load_scenario(str(path)), 1), k)[0] for k in range(3)} == {0.05}
    set_ = load_scenario(str(scenario(tmp_path)), {DENIED: "0.25"})
    assert {told(Rules(set_, 1), k)[1:] for k in range(3)} == {(0.25, 0.25)}


def test_a_used_value_says_why_and_how_far_it_is_drawn(tmp_path: Path) -> None:
    rules = Rules(load_scenario(str(scenario(tmp_path))), 1)
    rules.draw(0).of(CLAIM, "x")
    use = rules.quantities.used[CLAIM]
    assert (use.low, use.value, use.high) == (0.1, 0.1, 0.4)
    assert use.uncertain
    assert use.assumed == "three draws made by hand"


def test_one_cell_is_another_scenario_and_no_table_is_the_base(tmp_path: Path) -> None:
    path = scenario(tmp_path)
    first = load_scenario(str(path)).fingerprint
    table(tmp_path, HEAD, *ROWS[:-1], "3,0.4,0.8,0.91")
    assert load_scenario(str(path)).fingerprint != first
    for word in ("none", ""):
        bare = load_scenario(str(path), {"draws.table": word})
        assert bare.fingerprint == load_scenario(BASE).fingerprint


def test_a_table_can_be_given_to_any_scenario(tmp_path: Path) -> None:
    path = table(tmp_path)
    given = load_scenario(BASE, {"draws.table": str(path)})
    assert given.model.draws is not None
    assert given.model.draws.draws == 3
    assert told(Rules(given, 1), -1)[0] == 0.1


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (["draw", "central", "1"], "then come parameters"),
        ([HEAD, ROWS[0]], "at least one draw"),
        ([HEAD, *ROWS[1:]], 'first row "central"'),
        ([HEAD, ROWS[0], "1,0.2"], "row 2 has 2 cells, not 4"),
        ([HEAD, ROWS[0], "1,0.2,x,0.3"], "'x' is not a number"),
        ([HEAD, ROWS[0], "1,0.2,nan,0.3"], "'nan' is not a number"),
        ([HEAD, ROWS[0], "1,0.2,1e12,0.3"], "at most 1,000,000,000"),
        ([HEAD.replace("2018-06-01", "June"), *ROWS], "after @ stands a date"),
        ([HEAD.replace("@2018-06-01", ""), *ROWS], "with dates or without"),
        (
            [HEAD.replace(CLAIM, "flow.withdrawn_shar"), *ROWS],
            'did you mean "flow.withdrawn_share"',
        ),
        ([HEAD, ROWS[0], "1,1.2,0.5,0.5"], "1.2 cannot be: share"),
        ([f"draw,{CLAIM},{CLAIM}", "central,1,1", "1,1,1"], "no name stands twice"),
    ],
)
def test_a_table_that_cannot_be_used_is_one_line(
    tmp_path: Path, lines: list[str], fault: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(str(scenario(tmp_path, *lines)))
    assert fault.lower() in str(caught.value).lower()
    assert "drawn.toml: draws" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_an_unknown_table_names_a_near_one(tmp_path: Path) -> None:
    path = scenario(tmp_path)
    path.write_text(path.read_text("utf-8").replace('"mine"', '"mind"'), "utf-8")
    with pytest.raises(ScenarioError, match=r"no table 'mind'.*mine"):
        load_scenario(str(path))
