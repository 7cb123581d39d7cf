"""The Tijuana waiting list: two scenarios, the measures of a list, dropping parts of a base."""

import re
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from asylumatlas import evidence, parameters
from asylumatlas.events import open_log, validate
from asylumatlas.scenario import FOLDER, ScenarioError, load_scenario
from asylumatlas.sim.measures import _waited, waiting_list
from asylumatlas.sim.replication import Worker
from asylumatlas.sim.run import run

NAME = "tijuana-2018-19"
KNOWN_INTAKE = "tijuana-2018-19-known-intake"
INTAKE = "port.san_ysidro.daily_intake"


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    """A run of four replications, with its event log."""
    folder = tmp_path_factory.mktemp("runs") / "four"
    return run(load_scenario(NAME), replications=4, out=folder)


@pytest.fixture(scope="module")
def counts():
    """Each measure of four replications, (4, T) numbers by name."""
    worker = Worker(load_scenario(NAME), 1, 4)
    values = np.array([worker.run(k)[0].counts.measures for k in range(4)])
    return dict(zip(worker.rules.model.measures, np.moveaxis(values, 1, 0), strict=True))


# ---- the files


@pytest.mark.parametrize("name", [NAME, KNOWN_INTAKE])
def test_it_loads_and_follows_nobody_past_the_port(name):
    model = load_scenario(name).model
    assert {station.stage for station in model.stations.values()} == {
        "border_city", "between_ports", "waiting_list", "mexico_asylum",
    }  # fmt: skip
    assert [model.crews, model.spaces, model.ways, model.costs] == [{}, {}, {}, {}]


def test_the_order_of_keys_does_not_change_the_fingerprint(tmp_path):
    text = (FOLDER / f"{NAME}.toml").read_text("utf-8")
    blocks = re.split(r"^(?=\[)", text, flags=re.M)
    reversed_blocks = [block for block in blocks if block.startswith("[measures.")][::-1]
    others = [block for block in blocks if not block.startswith("[measures.")]
    first_list = next(k for k, block in enumerate(others) if block.startswith("[["))
    path = tmp_path / f"{NAME}.toml"
    turned = [*others[:first_list], *reversed_blocks, *others[first_list:]]
    path.write_text("".join(turned), "utf-8")
    assert path.read_text("utf-8") != text
    assert load_scenario(path).fingerprint == load_scenario(NAME).fingerprint


def test_another_number_changes_the_fingerprint():
    changed = load_scenario(NAME, {"feeds.list_newcomers.per_day": "61"})
    assert changed.fingerprint != load_scenario(NAME).fingerprint


@pytest.mark.parametrize("name", [NAME, KNOWN_INTAKE])
def test_inputs_are_dated_before_and_predictions_after_what_the_run_may_look_at(name):
    model = load_scenario(name).model
    assert model.input_until == date(2018, 12, 20)
    roles = {"input": [], "prediction": []}
    for item in model.reported:
        roles[item.role].append(item.on or evidence.report(item.report).last_day)
    assert max(roles["input"]) <= model.input_until <= min(roles["prediction"])


def test_the_first_scenario_uses_no_quantity_of_a_later_date():
    worker = Worker(load_scenario(NAME), 1, 2)
    worker.model(0)
    used = worker.rules.quantities.used
    assert INTAKE not in used
    late = [use.name for use in used.values() if use.start and use.start > date(2018, 12, 20)]
    assert late == []


def test_the_second_scenario_uses_hindsight_and_lists_where_it_is_from():
    scenario = load_scenario(KNOWN_INTAKE)
    worker = Worker(scenario, 1, 2)
    worker.model(0)
    assert INTAKE in worker.rules.quantities.used
    until, end = scenario.model.input_until, scenario.model.to
    late = {e.source for e in parameters.load()[INTAKE].values if until < e.start <= end}
    assert late == {"TNS0710", "CBS0125", "HM0209", "AP190510"}
    told = next(caveat for caveat in scenario.model.caveats if "hindsight" in caveat)
    assert all(source in told for source in late)


def test_the_two_differ_in_nothing_before_the_observed_intake_begins():
    values = []
    for name in (NAME, KNOWN_INTAKE):
        worker = Worker(load_scenario(name), 1, 4)
        values.append(worker.run(1)[0].counts.measures)
    day = (date(2018, 12, 20) - date(2018, 11, 1)).days
    np.testing.assert_array_equal(values[0][:, : day + 1], values[1][:, : day + 1])
    assert not np.array_equal(values[0], values[1], equal_nan=True)


# ---- a run


def test_histories_are_legal_and_people_are_conserved(four):
    assert four.summary["conservation"]["ok"]
    assert min(four.summary["conservation"]["people_in"]) > 10_000
    checked = validate(open_log(four.folder))
    assert checked.legal == checked.cases > 40_000


def test_the_list_holds_more_names_than_people_once_some_have_left(four, counts):
    ends = four.summary["outcomes"]
    left = sum(row["median"] for row in ends if row["event"] == "list_left")
    assert left > 0
    assert (counts["list_people"] >= 0).all()
    assert (counts["list_names"] >= counts["list_people"]).all()
    assert (counts["list_names"] > counts["list_people"]).any()


def test_names_are_people_where_nobody_leaves():
    patient = load_scenario(NAME, {"stations.port_intake.patience": "8000"})
    worker = Worker(patient, 1, 2)
    values = worker.run(0)[0].counts.measures
    names = list(worker.rules.model.measures)
    lists = [values[names.index(name)] for name in ("list_names", "list_people")]
    np.testing.assert_array_equal(*lists)


# ---- the list as its keeper sees it, counted by hand


def hand_made_list():
    """Six people: (person, day joined, day answered, day gone without being called)."""
    people = [(1, 0, 2, None), (2, 0, None, 1), (3, 1, 3, None), (4, 1, None, 5), (5, 2, 7, None)]
    people.append((6, 4, None, None))
    rows = []
    for person, joined, answered, gone in people:
        rows.append((person, joined, "joins"))
        if answered is not None:
            rows.append((person, answered, "answers"))
        if gone is not None:
            rows.append((person, gone, "leaves"))
    person, day, what = (np.array(column) for column in zip(*rows, strict=True))
    histories = SimpleNamespace(
        person=person.astype(np.uint32), day=day.astype(np.int64), stage=np.zeros(len(day), int)
    )
    return waiting_list(histories, what == "joins", what == "answers", person > 0, days=10)


def test_a_name_is_struck_off_when_its_turn_has_come_and_not_when_its_holder_leaves():
    signed = hand_made_list()
    # 2 left on day 1, struck off when 3 answers on day 3; 4 left on day 5, struck off on day 7
    assert signed.struck.tolist() == [2, 3, 3, 7, 7, 10]
    assert signed.answered.tolist() == [2, 10, 3, 10, 7, 10]


def test_waits_are_medians_of_those_who_answered_lately():
    waited = _waited(hand_made_list(), days=10, over=2)
    # days 2 and 3: 1 waited 2 days, 3 waited 2; days 7 and 8: 5 waited 5; otherwise nobody
    expected = [np.nan, np.nan, 2, 2, 2, np.nan, np.nan, 5, 5, np.nan]
    np.testing.assert_array_equal(waited, expected)


def test_the_wait_ahead_is_the_names_at_the_pace_of_the_last_days(counts):
    names, ahead = counts["list_names"], counts["wait_ahead"]
    assert np.isnan(ahead[:, :29]).all()
    day = 200
    known = ~np.isnan(ahead[:, day])
    pace = names[known, day] / (ahead[known, day] * 365.25 / 12)
    # no fewer names go than people are admitted: those who do not answer go too
    admitted = counts["port_admitted_a_day"][known, day]
    assert known.any()
    assert (pace[names[known, day] > 0] >= admitted[names[known, day] > 0] - 1e-9).all()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('counts = "names"', "needs the key 'minus'"),
        ('counts = "waited"\nminus = ["port_admitted"]', "needs the unit days or months"),
        ('counts = "so_far"\nover = 30', "does not use the key 'over'"),
        (
            'counts = "wait_ahead"\nunit = "days"\nfeeds = ["caravan"]\nminus = ["port_admitted"]',
            "does not use 'feeds'",
        ),
    ],
)
def test_a_measure_that_cannot_be_counted_is_refused(tmp_path, table, message):
    path = tmp_path / "mine.toml"
    path.write_text(
        f'extends = "{NAME}"\n[measures.mine]\nlabel = "x"\nplus = ["list_joined"]\n{table}\n'
    )
    with pytest.raises(ScenarioError, match=message):
        load_scenario(path)


# ---- taking parts of a base out


def mine(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(f'extends = "{NAME}"\n{text}\n')
    return path


def test_a_scenario_may_drop_what_it_does_not_need(tmp_path):
    path = mine(tmp_path, 'drop = ["measures.caravan_arrived", "reported", "caveats"]')
    model = load_scenario(path).model
    assert "caravan_arrived" not in model.measures
    assert model.reported == []
    assert model.caveats == []
    assert "list_names" in model.measures


@pytest.mark.parametrize(
    ("drop", "message"),
    [
        ('["feeds.list_newcomer"]', 'the base has no .* Did you mean "feeds.list_newcomers"?'),
        ('["title.x"]', "the base has no 'title.x'"),
        ('"feeds.caravan"', "must be a list"),
        ('["stations.crossing"]', "unknown station 'crossing'"),
    ],
)
def test_dropping_what_is_not_there_or_still_needed_is_refused(tmp_path, drop, message):
    with pytest.raises(ScenarioError, match=message):
        load_scenario(mine(tmp_path, f"drop = {drop}"))
