"""Bad scenarios: every fault is one line, `file: key.path: what is wrong`, and nothing else."""

from __future__ import annotations

import copy
import math
import tomllib
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asylumatlas.scenario import FOLDER, ScenarioError, load_scenario, names
from asylumatlas.sim.rules import Rules

from .worlds import Absent, Raw, load, put, toml, world, write

STATION = "stations.intake"
DAY = date(2020, 2, 1)
LENT = {"from": "judges", "to": "clerks", "servers": 1, "weeks": 2}
CHANGE = {"on": DAY, "what": "a change"}


def faults(raw: Raw, folder: Path) -> list[str]:
    """The lines with which a scenario is refused."""
    with pytest.raises(ScenarioError) as caught:
        load(raw, folder)
    return str(caught.value).split("\n")


def test_the_small_world_is_valid(tmp_path: Path) -> None:
    assert load(world(), tmp_path).model.days == 90


def change(**more: Any) -> list[Raw]:
    return [{**CHANGE, **more}]


# (key path, value there, the one line that must come of it, after the file's name)
ONE_FAULT: list[tuple[str, Any, str]] = [
    # unknown keys, at every level
    ("titel", "x", 'titel: unknown key. Did you mean "title"?'),
    (f"{STATION}.capcity", 3, f'{STATION}.capcity: unknown key. Did you mean "capacity"?'),
    (
        f"{STATION}.outcomes.0.shar",
        0.3,
        f'{STATION}.outcomes.0.shar: unknown key. Did you mean "share"?',
    ),
    (
        f"{STATION}.outcomes.0.after",
        {"law": "fixed", "dayz": 2},
        f'{STATION}.outcomes.0.after.dayz: unknown key. Did you mean "days"?',
    ),
    (
        f"{STATION}.capacity",
        {"value": 3, "hihg": 5},
        f'{STATION}.capacity.hihg: unknown key. Did you mean "high"?',
    ),
    (f"{STATION}.lines.0.ordr", "first_in", "lines.0.ordr: unknown key. Did you mean"),
    ("feeds.newcomers.perday", 3, "feeds.newcomers.perday: unknown key. Did you mean"),
    ("feeds.newcomers.start", [], "feeds.newcomers.start: unknown key. Did you mean"),
    ("calendars.working_days.weekday", [1], "calendars.working_days.weekday: unknown key."),
    ("spaces.hold.starts_with", 3, "spaces.hold.starts_with: unknown key. Known here: label,"),
    ("start", DAY, "start: unknown key."),
    ("measures.admitted.pluss", [], "measures.admitted.pluss: unknown key. Did you mean"),
    ("change", change(lent=LENT), 'change.0.lent: unknown key. Did you mean "lend"?'),
    # wrong types
    ("title", 5, "title: must be text"),
    ("from", "2020-01-01", "from: must be a date such as 2018-05-04"),
    ("to", 20200330, "to: must be a date such as 2018-05-04"),
    ("cohort", "newcomers", "cohort: must be a list"),
    ("stations", 5, "stations: must be a table"),
    (STATION, "x", f"{STATION}: must be a table"),
    (f"{STATION}.booked", "yes", f"{STATION}.booked: must be true or false"),
    (f"{STATION}.capacity", True, f"{STATION}.capacity: must be a number, a parameter's name"),
    (f"{STATION}.capacity", [], f"{STATION}.capacity: needs at least one date"),
    (f"{STATION}.capacity", {"value": "5"}, f"{STATION}.capacity.value: must be a number"),
    (f"{STATION}.outcomes", [], f"{STATION}: outcomes: a station needs at least one"),
    (f"{STATION}.outcomes.0.after", True, "outcomes.0.after: must be a number of days, a param"),
    (f"{STATION}.outcomes.0.share", [1], "outcomes.0.share.0: must be a table"),
    (f"{STATION}.outcomes.0.share", [], "outcomes.0.share: needs at least one date"),
    (f"{STATION}.outcomes.0.place", 7, "outcomes.0.place: must be a place, or a table of places"),
    (f"{STATION}.lines.0.where", {"kind": 5}, "lines.0.where.kind: must be a word or a list of"),
    (f"{STATION}.lines.0.where", {"kind": []}, "lines.0.where.kind: must be a word or a list of"),
    (f"{STATION}.lines.0.where", {"held": "no"}, "lines.0.where.held: must be true or false"),
    (f"{STATION}.lines.0.order", "last", "order: must be 'first_in' or 'last_in'. Did you mean"),
    ("feeds.newcomers.mix.kind.family", "0.5x", "unknown parameter '0.5x'."),
    ("calendars.working_days.weekdays", [7], "weekdays.0: must be less than or equal to 6"),
    ("feeds.newcomers.starts", [], "feeds.newcomers.starts: needs at least one entry"),
    ("parameters", {"port.san_ysidro.daily_intake": "x"}, "must be a number or a table with"),
    ("title", Absent, "title: is missing"),
    (f"{STATION}.stage", Absent, f"{STATION}.stage: is missing"),
    # numbers out of range
    (f"{STATION}.capacity", math.nan, f"{STATION}.capacity: must be a finite number"),
    (f"{STATION}.capacity", math.inf, f"{STATION}.capacity: must be a finite number"),
    (f"{STATION}.capacity", -3, f"{STATION}.capacity: -3 must not be negative"),
    (f"{STATION}.capacity", 1e30, f"{STATION}.capacity: must be at most 1,000,000,000"),
    (
        f"{STATION}.capacity",
        {"value": 5, "low": 6, "high": 7},
        f"{STATION}.capacity: value 5 must lie between low 6 and high 7",
    ),
    (f"{STATION}.capacity", {"value": 5, "high": math.inf}, "capacity.high: must be a finite"),
    ("stations.processing.outcomes.0.share", 1.5, "share: 1.5 is not a share: must lie between"),
    ("stations.processing.outcomes.0.share", -0.1, "share: -0.1 is not a share: must lie"),
    ("feeds.newcomers.spread", 3, "feeds.newcomers: a stream does not use the key 'spread'"),
    ("feeds.newcomers.on", DAY, "feeds.newcomers: a stream does not use the key 'on'"),
    (
        f"{STATION}.closed",
        [{"from": datetime(2020, 2, 1, 12), "hours": math.nan}],
        "closed.0.hours: must be a finite number",
    ),
    # units
    (
        "stations.processing.outcomes.0.share",
        "appeal.days",
        "share: wrong unit: appeal.days is in 'days', needed: share",
    ),
    (f"{STATION}.capacity", "appeal.days", "capacity: wrong unit: appeal.days is in 'days'"),
    (f"{STATION}.capacity", "cost.detention.adult", "is in 'USD a day', needed: people a day"),
    (
        f"{STATION}.outcomes.0.after",
        "appeal.filed_share",
        "after.days: wrong unit: appeal.filed_share is in 'share of decisions by judges', needed",
    ),
    ("spaces.hold.room", {"value": 3, "unit": "days"}, "room: wrong unit: 'days', needed: number"),
    ("crews.judges.cost_per_server_day", "appeal.days", "is in 'days', needed: money"),
    # unknown names
    (
        f"{STATION}.stage",
        "waiting_lst",
        "unknown stage 'waiting_lst'. Did you mean \"waiting_list\"",
    ),
    (f"{STATION}.at", ["prt"], "stations.intake.at: unknown place 'prt'. Did you mean \"port\"?"),
    (f"{STATION}.at", [], "stations.intake.at: needs at least one place, each once"),
    (f"{STATION}.at", ["port", "port"], "intake.at: needs at least one place, each once"),
    (f"{STATION}.calendar", "workdays", "intake.calendar: unknown calendar 'workdays'."),
    (f"{STATION}.lines.0.space", "hlod", "lines.0.space: unknown space 'hlod'. Did you mean \"ho"),
    ("stations.master.crews.0.crew", "judgs", "crew: unknown crew 'judgs'. Did you mean \"judge"),
    (f"{STATION}.outcomes.0.to", "procesing", "to: unknown station 'procesing'. Did you mean \""),
    (f"{STATION}.outcomes.0.way", "bond", "stations.intake.outcomes.0: stay and way belong"),
    (f"{STATION}.outcomes.0.events.0", "port_admited", "unknown event 'port_admited'. Did you"),
    (
        "stations.processing.outcomes.0.events.0",
        "port_processed.withdrew",
        "unknown outcome of port_processed: 'withdrew'. Did you mean \"withdrawn\"?",
    ),
    ("stations.processing.outcomes.0.events.0", "port_processed", "needs one of its outcomes: "),
    (f"{STATION}.capacity", "port.san_ysidro.dayly_intake", 'Did you mean "port.san_ysidro.daily_'),
    ("spaces.hold.room", {"value": 3, "source": "AP418"}, "room.source: unknown source 'AP418'."),
    ("feeds.newcomers.mix.sort", {"a": 1.0}, "feeds.newcomers.mix: unknown class 'sort'."),
    ("cohort", ["newcommers"], "cohort: unknown feed 'newcommers'. Did you mean \"newcomers\"?"),
    ("classes.kind", ["adult", "family"], "classes.kind: unknown kind of case 'adult'."),
    ("classes.nationality", ["Honduras"], "'Honduras' is not an ISO 3166-1 alpha-3 code"),
    ("classes.held", ["a"], "classes.held: the name is taken"),
    ("measures.admitted.plus", ["port_admited"], "measures.admitted.plus: unknown event"),
    ("measures.admitted.plus", ["port_admitted@prt"], "measures.admitted.plus: unknown place"),
    ("measures.admitted.place", "prt", "measures.admitted.place: unknown place 'prt'."),
    ("measures.admitted.feeds", ["x"], "measures.admitted.feeds: unknown feed 'x'."),
    ("measures.admitted.of", ["port_admitted"], "measures.admitted.of: a share needs it"),
    (
        "reported",
        [{"report": "guadalajara_travelling_2018_04_18", "measure": "admited", "role": "input"}],
        "reported.0.measure: unknown measure 'admited'. Did you mean \"admitted\"?",
    ),
    (
        "reported",
        [{"report": "guadalajara_travel_2018_04_18", "measure": "admitted", "role": "input"}],
        "reported.0.report: unknown report 'guadalajara_travel_2018_04_18'. Did you mean",
    ),
    ("costs", {"bed": {"label": "Bed", "of": "hod", "per_day": 3}}, "costs.bed.of: unknown space"),
    ("calendars.every_day", {"weekdays": [0]}, "calendars.every_day: the name is taken"),
    ("ways", {"bond": {"events": [], "sets": {"sort": "x"}}}, "ways.bond.sets: unknown class"),
    # probabilities
    ("stations.processing.outcomes.1.share", 0.7, "outcomes: the probabilities sum to 0.9, not 1"),
    ("stations.processing.outcomes.1.share", 0.9, "outcomes: the probabilities sum to 1.1, not 1"),
    (
        "stations.processing.outcomes.1.share",
        {"value": 0.8, "low": 0.7, "high": 0.9},
        "outcomes: the probabilities sum to 1 (0.9 to 1.1 as drawn), not 1",
    ),
    (
        "stations.master.outcomes",
        [{"share": 0.7}, {"share": 0.5}, {}],
        "stations.master.outcomes: the probabilities sum to 1 (1 to 1.2 as drawn), not 1",
    ),
    (
        "stations.master.outcomes",
        [{}, {"share": 0.5}],
        "stations.master.outcomes.0: only the last outcome may have no share",
    ),
    ("feeds.newcomers.mix.kind.family", 0.4, "mix.kind: the shares sum to 0.9, not 1"),
    ("feeds.newcomers.starts.0.share", 0.5, "newcomers.starts: the probabilities sum to 0.5"),
    (
        "feeds.newcomers.starts.0.where",
        {"kind": "family"},
        "feeds.newcomers.starts.0.where: a start cannot depend on class or custody",
    ),
    # parameters that differ by class
    (
        "stations.processing.outcomes.0.share",
        "custody.share_detained_throughout.{nationality}",
        "unknown parameter 'custody.share_detained_throughout.HND'.",
    ),
    (f"{STATION}.capacity", "court.denied_share.{nationality}", "differs by class; only a share"),
    # dates
    ("to", date(2019, 12, 31), "to: 2019-12-31 must not be before from, 2020-01-01"),
    (
        f"{STATION}.capacity",
        [{"from": DAY, "is": 1}, {"from": date(2020, 1, 5), "is": 2}],
        f"{STATION}.capacity: dates out of order",
    ),
    ("change", [{**CHANGE}, {**CHANGE, "on": date(2020, 1, 5)}], "change.1.on: dates out of order"),
    ("change", change(announced=date(2020, 2, 2)), "change.0.announced: 2020-02-02 is after the"),
    ("change", change(on=date(2021, 2, 2)), "change.0.on: 2021-02-02 is after the run"),
    ("feeds.newcomers.until", date(2019, 2, 2), "newcomers.until: 2019-02-02 is before the run"),
    (
        "feeds.group",
        {"kind": "cohort", "on": date(2020, 4, 1), "size": 3, "at": "port", "starts": [{}]},
        "feeds.group.on: 2020-04-01 is outside the run, 2020-01-01 to 2020-03-30",
    ),
    # contradictions
    ("classes.kind", ["single_adult", "single_adult", "family"], "each once, none empty"),
    (
        f"{STATION}.outcomes.0.where",
        {"kind": "family"},
        f"{STATION}.outcomes: nothing is said for kind single_adult, nationality HND, not in cust",
    ),
    (f"{STATION}.patience", 3, f"{STATION}: patience and leave belong together"),
    ("stations.master.capacity", 3, "stations.master: a booked docket has its slots from crews"),
    ("stations.master.crews", [{"crew": "judges"}, {"crew": "judges"}], "the same crew twice"),
    ("change", change(lend={**LENT, "to": "judges"}), "lend.to: a crew cannot be lent to itself"),
    ("change", change(lend={**LENT, "servers": 5}), "5 are lent, but judges has 2 on 2020-02-01"),
    ("change", change(set={"crews.judges.units": 3}), "crews.judges.units: cannot be changed by"),
    ("change", change(set={"crews.jugdes.servers": 3}), "unknown crew 'jugdes'. Did you mean \""),
    ("change", change(set={"stations.master.capacity": 3}), "a booked docket has its slots"),
    (
        f"{STATION}.outcomes.0.after",
        {"law": "uniform", "low": 9, "high": 3},
        "outcomes.0.after: low 9 is greater than high 3",
    ),
    (
        f"{STATION}.outcomes.0.after",
        {"law": "lognormal", "median": 0, "p90": 3},
        "outcomes.0.after.median: must be greater than 0",
    ),
    (f"{STATION}.outcomes.0.after", {"law": "uniform", "low": 9}, "'uniform' needs the key 'high'"),
]


@pytest.mark.parametrize(("path", "value", "line"), ONE_FAULT)
def test_one_fault_is_one_line(path: str, value: Any, line: str, tmp_path: Path) -> None:
    raw = world()
    put(raw, path, value)
    found = faults(raw, tmp_path)
    assert len(found) == 1, found
    assert found[0].startswith("world.toml: ")
    assert line in found[0]


def test_every_fault_is_told(tmp_path: Path) -> None:
    raw = world(titel=1, titl=2, stations__intake__booked="yes", spaces__hold__room=[])
    assert [line.split(": ")[1] for line in faults(raw, tmp_path)] == [
        "titel",
        "titl",
    ]
    del raw["titel"], raw["titl"]
    assert [line.split(": ")[1] for line in faults(raw, tmp_path)] == [
        "spaces.hold.room",
        "stations.intake.booked",
    ]


def test_people_cannot_leave_a_queue_for_itself(tmp_path: Path) -> None:
    raw = world(stations__intake__patience=9, stations__intake__leave=[{"to": "intake"}])
    assert "leave.0.to: people cannot leave a queue for the same queue" in faults(raw, tmp_path)[0]


def test_an_input_later_than_the_inputs_end_is_refused_by_its_own_date(tmp_path: Path) -> None:
    reported = {"report": "guadalajara_travelling_2018_04_18", "measure": "admitted"}
    raw = world(input_until=date(2018, 4, 17), reported=[{**reported, "role": "input"}])
    assert "reported.0.role: 2018-04-18 is after input_until" in faults(raw, tmp_path)[0]


def test_a_million_classes_are_refused_at_once(tmp_path: Path) -> None:
    many = {name: [f"{name}{k}" for k in range(100)] for name in "abcd"}
    assert (
        "400000000 combinations, at most 255"
        in faults(
            world(
                classes={**many, "kind": ["single_adult", "family"], "nationality": ["HND", "SLV"]}
            ),
            tmp_path,
        )[0]
    )


def test_a_line_break_in_a_key_stays_on_one_line(tmp_path: Path) -> None:
    raw = world()
    raw["a\nb"] = 1
    assert len(faults(raw, tmp_path)) == 1


# Files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "title: is missing"),
        (b"title = ", "bad.toml: cannot be read: Invalid value"),
        (b"title = '\xff\xfe'", "bad.toml: cannot be read: 'utf-8' codec"),
        (b"x = " + b"[" * 5000, "bad.toml: cannot be read: "),
        (b"x = " + b"9" * 5000, "bad.toml: cannot be read: "),
        (b"x = 2018-02-30", "bad.toml: cannot be read: "),
        (b"extends = 'bad'", "bad.toml: extends: 'bad' extends itself"),
        (b"extends = '../bad/bad'", "bad.toml: extends: '../bad/bad' extends itself"),
        (b"extends = 'caravan-2081'", "no scenario 'caravan-2081'. Did you mean \"caravan-2018\"?"),
        (b"extends = 5", "bad.toml: extends: no scenario 5."),
        (b"extends = '" + b"a" * 400 + b"'", "bad.toml: extends: no scenario 'aaa"),
        (b"extends = 'caravan-2018'\ncaveats = 5", "bad.toml: caveats: must be a list"),
        (b"extends = 'caravan-2018'\nchange = {}", "bad.toml: change: must be a list"),
        (b"extends = 'caravan-2018'\nchange = [5]", "bad.toml: change.1: must be a table"),
        (b"extends = 'caravan-2018'\nstations = 5", "bad.toml: stations: must be a table"),
        (b"extends = 'caravan-2018'\ndrop = ['feeds.caravn']", 'Did you mean "feeds.caravan"?'),
    ],
)
def test_bad_files(content: bytes, line: str, tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "bad.toml").write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(folder / "bad.toml")
    lines = str(caught.value).split("\n")
    assert line in lines[0]
    assert all(each.startswith("bad.toml: ") for each in lines)


def test_two_files_that_extend_each_other(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("extends = 'b'")
    (tmp_path / "b.toml").write_text("extends = './a'")
    with pytest.raises(ScenarioError, match=r"b.toml: extends: './a' extends itself"):
        load_scenario(tmp_path / "a.toml")


@pytest.mark.parametrize("source", ["caravan-2081", "", "a" * 400, "../x", "x/y", "a\0b", "x.toml"])
def test_unknown_scenarios(source: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(source)
    assert "\n" not in str(caught.value)
    if source == "caravan-2081":
        assert 'unknown scenario. Did you mean "caravan-2018"?' in str(caught.value)


def test_a_folder_is_not_a_scenario(tmp_path: Path) -> None:
    (tmp_path / "x.toml").mkdir()
    with pytest.raises(ScenarioError, match="no such file"):
        load_scenario(tmp_path / "x.toml")


def test_an_earlier_change_may_be_added_to_those_of_the_base(tmp_path: Path) -> None:
    path = tmp_path / "what_if.toml"
    path.write_text(
        "extends = 'caravan-2018'\n[[change]]\non = 2018-05-02\nwhat = 'eight more prosecutors'\n"
        "set = { 'crews.prosecutors_district_court.servers' = 12 }\n"
    )
    assert [str(c.on) for c in load_scenario(path).model.change] == ["2018-05-02", "2018-05-05"]


def test_a_law_replaces_the_law_of_the_base(tmp_path: Path) -> None:
    path = tmp_path / "what_if.toml"
    path.write_text(
        "extends = 'caravan-2018'\n[stations.port_intake.patience]\nlaw = 'fixed'\ndays = 9\n"
    )
    patience = load_scenario(path).model.stations["port_intake"].patience
    assert patience is not None
    assert (patience.law, patience.mean, patience.least) == ("fixed", None, 0)


# Overrides -----------------------------------------------------------------------------------


def test_valid_overrides() -> None:
    scenario = load_scenario(
        "caravan-2018",
        {
            "spaces.adult_beds.room": "70",
            "port.san_ysidro.holding_capacity": "{ value = 400, low = 300, high = 500 }",
            "to": "2018-12-31",
            "change.0.on": "2018-05-06",
            "feeds.caravan.mix.nationality.HND.value": "0.76",
            "title": "Seventy beds",
        },
    )
    model = scenario.model
    assert model.spaces["adult_beds"].room.value == 70  # type: ignore[union-attr]
    assert model.parameters["port.san_ysidro.holding_capacity"].high == 500
    assert (str(model.to), str(model.change[0].on)) == ("2018-12-31", "2018-05-06")
    assert model.title == "Seventy beds"
    Rules(scenario, 1)


@pytest.mark.parametrize(
    ("key", "text", "line"),
    [
        ("spaces.adult_bed.room", "7", 'has no such key. Did you mean "spaces.adult_beds.room"?'),
        ("spaces.adult_beds.rom", "7", 'adult_beds.rom: unknown key. Did you mean "room"?'),
        (
            "port.san_ysidro.holding_capcity",
            "7",
            'Did you mean "port.san_ysidro.holding_capacity"?',
        ),
        ("spaces.adult_beds.room", "lots", "spaces.adult_beds.room: unknown parameter 'lots'."),
        ("spaces.adult_beds.room", "-1", "spaces.adult_beds.room: -1 must not be negative"),
        ("spaces.adult_beds.room", "nan", "spaces.adult_beds.room: must be a finite number"),
        ("spaces.adult_beds.room", "1\ny = 2", "spaces.adult_beds.room: unknown parameter"),
        ("spaces.adult_beds.room", "9" * 5000, "spaces.adult_beds.room: unknown parameter"),
        ("appeal.filed_share", "1.5", "parameters.appeal.filed_share: 1.5 is not a share"),
        ("appeal.days", "{ value = 3, unit = 'share' }", "wrong unit: 'share', needed: days"),
        ("change.7.on", "2018-05-06", "has no such key."),
        ("change.on", "2018-05-06", "has no such key."),
        ("to", "2018-13-45", "to: must be a date such as 2018-05-04"),
        ("", "5", "unknown key."),
        ("...", "5", "has no such key."),
    ],
)
def test_bad_overrides(key: str, text: str, line: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario("caravan-2018", {key: text})
    assert "\n" not in str(caught.value)
    assert line in str(caught.value)


# Fuzzing -------------------------------------------------------------------------------------

SHIPPED = [tomllib.loads(path.read_text()) for path in sorted(FOLDER.glob("*.toml"))]
ODD: list[Any] = [
    *(None, True, 0, -1, 1, 0.5, 1.5, 7, 10**400, 1e300, math.nan, math.inf, "", "x", "unlimited"),
    *("2018-05-04", date(1, 1, 1), date(9999, 12, 31), date(2018, 5, 4), datetime(2018, 5, 4)),
    *([], {}, [[]], [{}], {"value": 1}, {"value": "x"}, {"law": "fixed"}, {"": 1}, ["x", 1]),
    *("appeal.days", "appeal.filed_share", "{kind}", "court.denied_share.{nationality}", "a|b"),
    *(timedelta, "held", "otay_mesa", "caravan", "master", "port_admitted", "fear_interview."),
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Key paths of everything in a scenario."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    found = [(*path, key) for key, _ in items]
    for key, item in items:
        found += places(item, (*path, key))
    return found


PLACES = [places(raw) for raw in SHIPPED]


@st.composite
def mutated(draw: st.DrawFn) -> Raw:
    """A shipped scenario with one to three places replaced, renamed, emptied or taken out."""
    which = draw(st.integers(0, len(SHIPPED) - 1))
    raw = copy.deepcopy(SHIPPED[which])
    raw["base_only"] = False
    for _ in range(draw(st.integers(1, 3))):
        *path, last = draw(st.sampled_from(PLACES[which]))
        here: Any = raw
        try:
            for part in path:
                here = here[part]
            old = here[last]
        except (KeyError, IndexError, TypeError):
            continue  # an earlier mutation took it out
        if isinstance(here, str):
            continue  # an earlier mutation put a word where a table was
        how = draw(st.sampled_from(["replace", "remove", "rename", "number"]))
        if how == "number" and isinstance(old, int | float):
            here[last] = draw(st.floats() | st.integers(-(10**6), 10**6))
        elif how == "remove" and isinstance(here, dict):
            del here[last]
        elif how == "rename" and isinstance(here, dict):
            here[draw(st.text(max_size=5))] = here.pop(last)
        else:
            odd = draw(st.sampled_from(ODD))
            here[last] = old if odd is None or odd is timedelta else odd
    return raw


@settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(raw=mutated())
def test_a_mutated_scenario_is_valid_or_refused_line_by_line(raw: Raw, tmp_path: Path) -> None:
    path = write(raw, tmp_path, "mutated")
    try:
        scenario = load_scenario(path)
    except ScenarioError as error:
        lines = str(error).split("\n")
        assert len(set(lines)) == len(lines)
        assert all(line.startswith("mutated.toml: ") for line in lines)
        return
    if scenario.model.feeds:
        with suppress(ScenarioError):  # such as more people than can be numbered
            rules = Rules(scenario, 1)
            rules.model_for(rules.draw(-1), 0)
            rules.model_for(rules.draw(0), 0)


@settings(max_examples=60, deadline=None, database=None)
@given(
    key=st.text(max_size=12) | st.sampled_from([".".join(map(str, p)) for p in PLACES[0]]),
    text=st.text(max_size=12) | st.sampled_from(ODD).filter(lambda o: o is not timedelta).map(toml),
)
def test_any_override_is_valid_or_refused(key: str, text: str) -> None:
    with suppress(ScenarioError):  # no other error may come of it
        load_scenario("caravan-2018", {key: text})


# Fingerprints --------------------------------------------------------------------------------


def test_equal_content_has_equal_fingerprints(tmp_path: Path) -> None:
    raw = world()
    wanted = load(raw, tmp_path).fingerprint
    reordered = dict(reversed(raw.items()))
    reordered["measures"] = dict(reversed(raw["measures"].items()))
    assert load(reordered, tmp_path, "other").fingerprint == wanted
    assert load(world(stations__intake__capacity=5.0), tmp_path).fingerprint == wanted
    assert load(world(stations__intake__booked=False), tmp_path).fingerprint == wanted


def test_an_order_that_changes_a_run_changes_the_fingerprint(tmp_path: Path) -> None:
    wanted = load(world(), tmp_path).fingerprint
    for table in ("stations", "places"):
        raw = world()
        raw[table] = dict(reversed(raw[table].items()))
        assert load(raw, tmp_path).fingerprint != wanted, table


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("title", "Another"),
        ("to", date(2020, 3, 29)),
        ("stations.intake.capacity", 6),
        ("stations.processing.outcomes.0.share", 0.21),
        ("crews.judges.calendar", "every_day"),
        ("parameters", {"appeal.days": 30}),
        ("measures.admitted.chart", False),
        ("change", change()),
    ],
)
def test_any_change_changes_the_fingerprint(path: str, value: Any, tmp_path: Path) -> None:
    raw = world()
    put(raw, path, value)
    assert load(raw, tmp_path).fingerprint != load(world(), tmp_path, "other").fingerprint


def test_a_parameters_default_is_in_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    from asylumatlas import parameters, scenario

    before = load_scenario("caravan-2018").fingerprint
    known = dict(parameters.load())
    del known["custody.bond.median"]
    scenario._parameter_text.cache_clear()
    monkeypatch.setattr(parameters, "load", lambda: known)
    try:
        assert load_scenario("caravan-2018").fingerprint != before
    finally:
        monkeypatch.undo()
        scenario._parameter_text.cache_clear()


def test_all_shipped_scenarios_load_and_differ() -> None:
    found = [load_scenario(name).fingerprint for name in names()]
    assert len(set(found)) == len(found)
