"""The numbers that can be changed are those that a run uses, each with its value and origin."""

from datetime import date

import pytest

from asylumatlas.cli import listings
from asylumatlas.evidence import sources
from asylumatlas.scenario import load_scenario, names
from asylumatlas.scenario.controls import GROUPS, controls
from asylumatlas.scenario.reading import read_scenario
from asylumatlas.scenario.sites import sites
from asylumatlas.scenario.variants import original, vary


@pytest.mark.parametrize("name", ["caravan-2018", "us-surge-2018", "stock-flow"])
def test_a_run_uses_no_number_that_is_not_listed(name: str) -> None:
    scenario = load_scenario(name)
    known = {each.key: each for each in controls(scenario)}
    keys = {site.name: ".".join(map(str, site.path)) for site in sites(scenario.model)}
    rows = listings.quantities(scenario)
    assert len(rows) > 5
    for row in rows:
        key = row["parameter"] if row["parameter"] in known else keys[row["parameter"]]
        on = date.fromisoformat(row["from"]) if row["from"] else None
        fits = [
            step
            for step in known[key].steps
            if (step.value, step.low, step.high) == (row["value"], row["low"], row["high"])
            and (known[key].path or on is None or step.start == on)
        ]
        assert fits, row
        assert bool(known[key].assumed) == row["assumed"]
        if row["source"]:
            assert row["source"] in [step.source for step in fits]


@pytest.mark.parametrize("name", names())
def test_every_control_of_every_scenario_is_told_whole(name: str) -> None:
    found = original(name).controls
    assert found
    for control in found.values():
        low, high = control.bounds
        assert control.group in GROUPS
        assert control.label
        assert low <= control.low <= control.value <= control.high <= high
        assert control.assumed or all(step.source in sources() for step in control.steps)
        dates = [step.start for step in control.steps[1:]]
        assert dates == sorted(dates, key=lambda day: day or date.min)


def test_one_control_by_hand() -> None:
    found = original("caravan-2018").controls
    beds = found["spaces.family_beds.room"]
    assert (beds.value, beds.low, beds.high, beds.unit) == (400, 60, 1170, "beds")
    assert beds.group == "room"
    assert beds.assumed.startswith("3,655 beds in all")
    assert beds.bounds == (0, 11_700)
    intake = found["port.san_ysidro.caravan_intake"]
    assert [step.value for step in intake.steps] == [8, 20, 60, 70, 70]
    assert intake.uses == ("The group is admitted at the port: capacity, 1",)
    decided = found["change.0.set.crews.prosecutors_district_court.servers"]
    assert decided.group == "decisions"
    assert decided.label.endswith("Prosecutors on illegal entry, San Diego: servers")


def test_hindsight_is_told() -> None:
    found = original("caravan-2018").controls
    assert found["port.san_ysidro.daily_intake"].late == "holds from 2018-11-15"
    assert found["feeds.advance_group.size"].late == ""


def test_a_dated_list_has_a_control_for_each_date() -> None:
    found = original("tijuana-2018-19").controls
    first, second = (found[f"stations.port_intake.capacity.{k}.is"] for k in (0, 1))
    assert (first.value, second.value) == (70, 60)
    assert second.steps[0].start is not None
    changed = vary(original("tijuana-2018-19"), {second.key: 65.0})
    assert changed.model.stations["port_intake"].capacity[1].is_.value == 65


def test_a_parameter_that_a_scenario_sets_is_told_as_the_scenario_has_it() -> None:
    text = 'extends = "caravan-2018"\n[parameters]\n"appeal.days" = 90\n'
    found = {each.key: each for each in controls(read_scenario(text))}
    assert found["appeal.days"].value == 90
    assert found["appeal.days"].is_structure
