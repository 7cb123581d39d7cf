"""Groups of places: what is written once for a table of courts is as if written for each."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asylumatlas.scenario import ScenarioError, load_scenario
from asylumatlas.scenario.groups import GroupError, expand

from .worlds import Raw, load, toml, world, write

TABLE = """# a made-up table
key,name,border,judges_share,released_share,note
laredo,Laredo,true,0.25,0.25,near
new_york,New York,false,0.75,0.5,far
harlingen,Harlingen,true,0.5,0.25,
"""


def grouped() -> Raw:
    """The small world with three courts, each with its own judges, written once."""
    raw = world()
    del raw["places"]["court"], raw["crews"]["judges"]
    raw["crews"]["clerks"]["place"] = "port"
    raw["groups"] = {
        "courts": {"table": "courts"},
        "border_courts": {"table": "courts", "where": "border"},
        "interior_courts": {"table": "courts", "where": "not border"},
    }
    raw["crews"]["judges_{court}"] = {
        "each": "courts",
        "label": "Judges of {name}, {judges_share} of all",
        "place": "{court}",
        "servers": {"value": "{judges_share}", "low": 0.1, "high": 2, "assumed": "made up"},
        "units": 8,
    }
    master = raw["stations"]["master"]
    master["at"] = ["@courts"]
    master["crews"] = [{"crew": "judges_{place}"}]
    raw["stations"]["processing"]["outcomes"][1]["place"] = {"@courts": "released_share"}
    raw["measures"] |= {
        "closed": {"label": "Closed", "plus": ["court_decision.terminated@@courts"]},
        "at_border": {"label": "There", "plus": ["court_decision.terminated@@border_courts"]},
        "closed_{court}": {
            "each": "interior_courts",
            "label": "{name}",
            "place": "{court}",
            "plus": ["court_decision.terminated@{court}"],
        },
    }
    return raw


def written_out() -> Raw:
    """The same world without a group."""
    raw = world()
    del raw["places"]["court"], raw["crews"]["judges"]
    raw["crews"]["clerks"]["place"] = "port"
    rows = {
        "laredo": ("Laredo", 0.25, 0.25),
        "new_york": ("New York", 0.75, 0.5),
        "harlingen": ("Harlingen", 0.5, 0.25),
    }
    raw["places"] |= {key: name for key, (name, _, _) in rows.items()}
    for key, (name, share, _) in rows.items():
        raw["crews"][f"judges_{key}"] = {
            "label": f"Judges of {name}, {share} of all",
            "place": key,
            "servers": {"value": share, "low": 0.1, "high": 2, "assumed": "made up"},
            "units": 8,
        }
    master = raw["stations"]["master"]
    master["at"] = list(rows)
    master["crews"] = [{"crew": "judges_{place}"}]
    raw["stations"]["processing"]["outcomes"][1]["place"] = {k: s for k, (_, _, s) in rows.items()}
    event = "court_decision.terminated"
    raw["measures"] |= {
        "closed": {"label": "Closed", "plus": [f"{event}@{key}" for key in rows]},
        "at_border": {"label": "There", "plus": [f"{event}@laredo", f"{event}@harlingen"]},
        "closed_new_york": {
            "label": "New York",
            "place": "new_york",
            "plus": [f"{event}@new_york"],
        },
    }
    return raw


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "courts.csv").write_text(TABLE)
    return tmp_path


def test_a_group_is_the_same_scenario_as_one_written_out(folder: Path) -> None:
    short, long = load(grouped(), folder), load(written_out(), folder)
    assert short.raw == long.raw
    assert short.fingerprint == long.fingerprint


def test_the_content_given_is_not_changed(folder: Path) -> None:
    raw = grouped()
    before = copy.deepcopy(raw)
    expand(raw, [folder])
    assert raw == before


def test_a_scenario_without_groups_is_left_as_it_is() -> None:
    raw = world()
    assert expand(raw, []) == raw


def test_a_changed_table_is_another_scenario(folder: Path) -> None:
    before = load(grouped(), folder).fingerprint
    (folder / "courts.csv").write_text(TABLE.replace("0.75", "0.7"))
    assert load(grouped(), folder).fingerprint != before


def test_what_is_said_of_one_row_lies_over_what_is_said_of_each(folder: Path) -> None:
    write(grouped(), folder, "base")
    top: dict[str, Any] = {
        "extends": "base",
        "crews": {"judges_laredo": {"servers": 3}, "judges_{key}": {"each": "border_courts"}},
    }
    top["crews"]["judges_{key}"]["units"] = 4
    path = folder / "top.toml"
    path.write_text("\n".join(f"{key} = {toml(value)}" for key, value in top.items()))
    crews = load_scenario(path).model.crews
    assert list(crews) == ["clerks", "judges_laredo", "judges_new_york", "judges_harlingen"]
    assert crews["judges_laredo"].servers.value == 3  # type: ignore[union-attr]
    assert [crew.units.value for crew in crews.values()] == [1, 4, 8, 4]  # type: ignore[union-attr]
    assert crews["judges_laredo"].label == "Judges of Laredo, 0.25 of all"


def test_overrides_reach_what_a_group_wrote_and_the_group_itself(folder: Path) -> None:
    path = write(grouped(), folder)
    overrides = {
        "crews.judges_laredo.servers": "5",
        "groups.border_courts.where": '"not border"',
        "crews.judges_{court}.units": "2",
    }
    model = load_scenario(path, overrides).model
    assert model.crews["judges_laredo"].servers.value == 5  # type: ignore[union-attr]
    assert model.crews["judges_new_york"].units.value == 2  # type: ignore[union-attr]
    assert model.measures["at_border"].plus == ["court_decision.terminated@new_york"]
    with pytest.raises(ScenarioError, match=r'no such key. Did you mean "crews.judges_laredo'):
        load_scenario(path, {"crews.judges_laredos.servers": "5"})


def test_a_key_of_a_table_is_written_for_each_row(folder: Path) -> None:
    raw = {
        "groups": {"courts": {"table": "courts", "where": ["border"]}},
        "change": [
            {"set": {"crews.judges_@courts.servers": {"of": "x.y", "times": "{judges_share}"}}},
            {"each": "courts", "what": "To {name}", "set": {"crews.{court}.servers": 1}},
        ],
        "caveats": ["@courts are not written out here"],
        "mixed": ["port", "@courts", "last"],
    }
    made = expand(raw, [folder])
    assert made["change"] == [
        {
            "set": {
                "crews.judges_laredo.servers": {"of": "x.y", "times": 0.25},
                "crews.judges_harlingen.servers": {"of": "x.y", "times": 0.5},
            }
        },
        {"what": "To Laredo", "set": {"crews.laredo.servers": 1}},
        {"what": "To Harlingen", "set": {"crews.harlingen.servers": 1}},
    ]
    assert made["caveats"] == raw["caveats"]
    assert made["mixed"] == ["port", "laredo", "harlingen", "last"]


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"groups": 3}, "groups: must be a table"),
    ({"groups": {"c": {}}}, "groups.c: needs the key table"),
    ({"groups": {"c": {"table": "court"}}}, "table: no table 'court'. Did you mean \"courts\"?"),
    ({"groups": {"c": {"table": "../courts"}}}, "groups.c.table: no table '../courts'."),
    (
        {"groups": {"c": {"table": "courts", "were": "border"}}},
        'groups.c.were: unknown key. Did you mean "where"?',
    ),
    (
        {"groups": {"c": {"table": "courts", "where": "boarder"}}},
        "groups.c.where: no column 'boarder'. Did you mean \"border\"?",
    ),
    ({"groups": {"c": {"table": "courts", "where": "name"}}}, "is not of true and false"),
    ({"groups": {"c": {"table": "courts", "where": ["border", "not border"]}}}, "no row of courts"),
    ({"groups": {"c": {"table": "courts", "word": "name"}}}, "'name' is a column of courts"),
    ({"at": ["@court"]}, "at.0: unknown group 'court'. Did you mean \"courts\"?"),
    ({"plus": ["list_joined@@court"]}, "plus.0: unknown group 'court'. Did you mean \"courts\"?"),
    ({"crews": {"x": {"each": "cuorts"}}}, "crews.x.each: unknown group 'cuorts'"),
    ({"crews": {"x": {"each": "courts"}}}, "crews.x: gives 'x' twice; its name needs {court}"),
    (
        {"crews": {"{court}": {"each": "courts", "a": ["{nmae}"]}}},
        "crews.{court}.a.0: the table of courts has no column 'nmae'. Did you mean \"name\"?",
    ),
    ({"place": {"@courts": "sahre"}}, "place.@courts: the table of courts has no column 'sahre'"),
    ({"place": {"@courts": "note"}}, "harlingen has no value in the column 'note'"),
]


@pytest.mark.parametrize(("raw", "line"), FAULTS)
def test_faults_are_one_line(folder: Path, raw: Raw, line: str) -> None:
    with pytest.raises(GroupError) as caught:
        expand({"groups": {"courts": {"table": "courts"}}, **raw}, [folder])
    assert line in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "needs the column 'key' once"),
        ("name\nx\n", "needs the column 'key' once"),
        ("key,key\nx,y\n", "needs the column 'key' once"),
        ("key,place\nx,y\n", "needs the column 'place' once"),
        ("key,name\nx\n", "row 1 has 1 cells, not 2"),
        ("key,name\nx,1\nx,2\n", "the key 'x' stands twice"),
        ("key,name\nNew York,1\n", "the key 'New York' is not of small letters"),
        ("key,name\n", "has no row"),
        ("key\neach\n", "the key 'each' is taken"),
    ],
)
def test_faults_of_a_table(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(GroupError) as caught:
        expand({"groups": {"ts": {"table": "t"}}}, [tmp_path])
    assert "groups.ts.table: t.csv" in str(caught.value)
    assert line in str(caught.value)


def test_a_fault_names_the_file(folder: Path) -> None:
    raw = grouped()
    raw["stations"]["master"]["at"] = ["@court"]
    with pytest.raises(ScenarioError, match=r"^world.toml: stations.master.at.0: unknown group"):
        load(raw, folder)


names = st.text("abcdefgh_", min_size=1, max_size=8).filter(lambda name: name != "each")


@given(
    st.lists(names, min_size=1, max_size=12, unique=True),
    st.lists(st.floats(0, 1e6), min_size=12, max_size=12),
)
def test_any_table_comes_back_number_for_number(keys: list[str], numbers: list[float]) -> None:
    from tempfile import TemporaryDirectory

    rows = [f"{key},{number!r}" for key, number in zip(keys, numbers, strict=False)]
    with TemporaryDirectory() as folder:
        Path(folder, "t.csv").write_text("\n".join(["key,share", *rows]))
        raw = {"groups": {"ts": {"table": "t"}}, "x": {"{key}": {"each": "ts", "y": "{share}"}}}
        made = expand({**raw, "place": {"@ts": "share"}}, [Path(folder)])
    wanted = dict(zip(keys, numbers, strict=False))
    assert {key: item["y"] for key, item in made["x"].items()} == wanted
    assert made["place"] == wanted
    assert list(made["places"]) == keys
