"""A variant, its link and its file say the same, and nothing that cannot be is accepted."""

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.scenario import ScenarioError, load_scenario, names
from asylumatlas.scenario.reading import people, read_scenario
from asylumatlas.scenario.variants import VariantError, original, text, vary


@st.composite
def changed(draw: st.DrawFn) -> tuple[str, dict[str, float]]:
    """A scenario and some numbers for it, within the bounds of each."""
    name = draw(st.sampled_from(names()))
    base = original(name)
    values = {}
    for key in draw(st.lists(st.sampled_from(list(base.controls)), min_size=1, max_size=3)):
        control = base.controls[key]
        low, high = control.bounds
        number = draw(st.floats(low, high, allow_nan=False).map(lambda x: float(f"{x:.6g}")))
        if len(control.steps) > 1 and draw(st.booleans()):
            step = draw(st.sampled_from(control.steps))
            key = f"{key}@{(step.start or base.scenario.model.start).isoformat()}"
        values[key] = min(max(number, low), high)
    if people(base.scenario.model) > 1e6:
        values["scale"] = 0.01
    return name, values


@settings(max_examples=25, deadline=None)
@given(changed())
def test_the_file_of_a_variant_has_its_fingerprint(case: tuple[str, dict[str, float]]) -> None:
    name, values = case
    base = original(name)
    variant, faults = None, {}
    try:
        variant = vary(base, values)
    except VariantError as error:
        faults = error.faults
    assert bool(faults) is (variant is None)
    assert all("\n" not in said for said in faults.values())
    if variant is None:
        return
    written = text(base, values)
    assert tomllib.loads(written)["extends"] == name
    assert read_scenario(written, name).fingerprint == variant.fingerprint


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("caravan-2018", {"spaces.family_beds.room": 800.0, "appeal.days": 200.0}),
        ("caravan-2018", {"crews.officers_family_center.servers": 20.0}),
        ("us-courts", {"national.prosecutors": 250.0, "scale": 0.05}),
        ("us-courts", {"crews.judges_new_york.cost_per_server_day": 2000.0, "scale": 0.05}),
    ],
)
def test_a_variant_is_what_the_command_line_sets(name: str, values: dict[str, float]) -> None:
    variant = vary(original(name), values)
    settings = {key: repr(value) for key, value in values.items()}
    assert load_scenario(name, settings).fingerprint == variant.fingerprint


def test_the_file_loads_from_disk(tmp_path: Any) -> None:
    base, values = original("us-hiring"), {"change.1.add.crews.judges_san_diego.servers": 20.0}
    values["scale"] = 0.05
    file = tmp_path / "mine.toml"
    file.write_text(text(base, values), "utf-8")
    assert load_scenario(file).fingerprint == vary(base, values).fingerprint
    assert len(load_scenario(file).model.change) == len(base.scenario.model.change)


def test_one_date_of_a_parameter_leaves_the_others() -> None:
    base, key = original("caravan-2018"), "port.san_ysidro.caravan_intake"
    found = vary(base, {f"{key}@2018-05-04": 90.0}).model.parameters[key]
    assert [item.is_.value for item in found] == [8, 20, 60, 70, 90]
    assert found[0].is_.source == base.controls[key].steps[0].source
    assert found[4].is_.assumed == "set by hand"
    everywhere = vary(base, {key: 50.0}).model.parameters[key]
    assert everywhere.value == 50


def test_nothing_set_is_the_base() -> None:
    base = original("caravan-2018")
    assert vary(base, {}).fingerprint == load_scenario("caravan-2018").fingerprint
    assert vary(base, {"spaces.family_beds.room": 400.0}).fingerprint != base.scenario.fingerprint


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("spaces.family_bed.room", 1.0, 'Did you mean "spaces.family_beds.room"?'),
        ("spaces.family_beds.room", 11_701.0, "between 0 and 11,700 beds, ten times"),
        ("spaces.family_beds.room", float("nan"), "between 0 and"),
        ("spaces.family_beds.room", -1.0, "between 0 and"),
        ("flow.list_leaver_crosses", 1.2, "between 0 and 1"),
        ("feeds.caravan.mix.lawyer.yes", 0.9, "the shares sum to 1.3, not 1"),
        ("appeal.days@2018-01-01", 9.0, "nothing begins on that date"),
        ("port.san_ysidro.caravan_intake@2017-05-04", 9.0, "Known: 2018-04-30"),
        ("scale", 2.0, "between 0.0001 and 1"),
        ("draws.table", 1.0, "no such number"),
        ("title", 1.0, "no such number"),
    ],
)
def test_what_cannot_be_is_told_beside_its_key(key: str, value: float, said: str) -> None:
    with pytest.raises(VariantError) as caught:
        vary(original("caravan-2018"), {key: value})
    assert list(caught.value.faults) == [key]
    assert said in caught.value.faults[key]


def test_too_many_people_are_refused() -> None:
    with pytest.raises(VariantError, match=r"scale of 0\.05 or less"):
        vary(original("us-courts"), {"national.prosecutors": 200.0})


@pytest.mark.parametrize("name", ["../caravan-2018", "caravan", "southwest-border", "", "a" * 500])
def test_only_shipped_scenarios_are_opened(name: str) -> None:
    with pytest.raises(ScenarioError, match="unknown scenario"):
        original(name)
