"""Policies: what `add`, `until` and `lost` do, that each policy is its own, metamorphic tests."""

import json
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest

from asylumatlas import process
from asylumatlas.cli import main
from asylumatlas.cli.policies import beside, notes, sources, started, write
from asylumatlas.scenario import FOLDER, ScenarioError, load_scenario
from asylumatlas.sim import histories as histories_
from asylumatlas.sim.areas import lines_of, published
from asylumatlas.sim.policies import (
    Comparison,
    PolicyError,
    _blocks,
    _ends,
    _median,
    compare_policies,
    names_of,
    range_words,
    reading,
)
from asylumatlas.sim.replication import Worker
from asylumatlas.sim.rules import Rules

from .worlds import load, world

SCALE = 0.01
LAST = date(2020, 9, 30)
BASE = "us-courts"
POLICIES = names_of(BASE)


def changed(*changes, **more):
    return world(change=list(changes), **more)


def rules_of(raw, tmp_path):
    return Rules(load(raw, tmp_path), 1)


def change(on, **what):
    return {"on": on, "what": "something", **what}


# ---- add, until, lost


def test_add_holds_from_its_day_to_its_last_one(tmp_path):
    more = change(date(2020, 1, 11), until=date(2020, 1, 20), add={"crews.judges.servers": 3})
    rules = rules_of(changed(more), tmp_path)
    judges = rules.capacities.servers(rules.draw(-1))["judges"]
    assert judges[:10].tolist() == [2] * 10
    assert judges[10:20].tolist() == [5] * 10
    assert set(judges[20:]) == {2}


def test_add_follows_dates_and_scale_and_lies_over_what_was_set(tmp_path):
    steps = [{"from": date(2020, 1, 1), "is": 1}, {"from": date(2020, 2, 1), "is": 4}]
    changes = [
        change(date(2020, 1, 11), set={"crews.judges.servers": 10}),
        change(date(2020, 1, 21), add={"crews.judges.servers": steps}),
    ]
    rules = rules_of(changed(*changes, scale=0.5), tmp_path)
    judges = rules.capacities.servers(rules.draw(-1))["judges"]
    assert judges[[0, 10, 20, 31]].tolist() == [1, 5, 5.5, 7]


def test_a_set_after_an_add_says_what_is_there_from_then_on(tmp_path):
    changes = [
        change(date(2020, 1, 11), add={"crews.judges.servers": 1}),
        change(date(2020, 1, 21), set={"crews.judges.servers": 7}),
    ]
    rules = rules_of(changed(*changes), tmp_path)
    assert rules.capacities.servers(rules.draw(-1))["judges"][[5, 15, 25]].tolist() == [2, 3, 7]


def test_add_widens_rooms_and_limits(tmp_path):
    more = {"spaces.hold.room": 8, "stations.intake.capacity": 2}
    rules = rules_of(changed(change(date(2020, 1, 11), add=more)), tmp_path)
    model = rules.model_for(rules.draw(-1), 0)
    assert model.room[[9, 10], 0].tolist() == [12, 20]
    desk = [name for name, _ in rules.layout.desks].index("intake")
    assert model.quota[[9, 10], desk].tolist() == [5, 7]


def test_clerks_know_of_an_addition_from_its_announcement(tmp_path):
    on, told_on = date(2020, 2, 1), date(2020, 1, 15)
    more = change(on, announced=told_on, add={"crews.judges.servers": 2})
    rules = rules_of(changed(more), tmp_path)
    draw = rules.draw(-1)
    plans, epochs = rules.capacities.plans(draw, rules.capacities.needs(draw))
    before, after = (epochs[rules.day(told_on - timedelta(days=k))] for k in (1, 0))
    later = rules.day(date(2020, 2, 3))  # a Monday
    assert plans[before, 0, later] == 4
    assert plans[after, 0, later] == 8


def test_lost_time_is_missing_where_those_lent_are(tmp_path):
    loan = {"from": "judges", "to": "clerks", "servers": 1, "weeks": 2, "lost": 0.25}
    rules = rules_of(changed(change(date(2020, 1, 11), lend=loan)), tmp_path)
    servers = rules.capacities.servers(rules.draw(-1))
    assert (servers["judges"][10], servers["clerks"][10]) == (1, 3.75)
    assert (servers["judges"][24], servers["clerks"][24]) == (2, 3)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (change(date(2020, 2, 1), until=date(2020, 2, 5)), "there is no add"),
        (
            change(date(2020, 2, 1), until=date(2020, 1, 5), add={"crews.judges.servers": 1}),
            "before the change itself",
        ),
        (change(date(2020, 2, 1), add={"crews.judge.servers": 1}), 'did you mean "judges"'),
        (change(date(2020, 2, 1), add={"crews.judges.units": 1}), "cannot be changed by date"),
        (change(date(2020, 2, 1), add={"stations.sign_up.capacity": 1}), "has no limit"),
        (change(date(2020, 2, 1), add={"crews.judges.servers": -1}), "must not be negative"),
        (
            change(
                date(2020, 2, 1),
                lend={"from": "judges", "to": "clerks", "servers": 1, "weeks": 1, "lost": 1.5},
            ),
            "not a share",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(bad, words, tmp_path):
    with pytest.raises(ScenarioError) as found:
        load(changed(bad), tmp_path)
    assert words in str(found.value).lower()
    assert len(str(found.value).splitlines()) == 1


# ---- the shipped policies


@cache
def servers(name, span=BASE):
    model = load_scenario(span).model
    dates = {"from": model.start.isoformat(), "to": model.to.isoformat()}
    rules = Rules(load_scenario(name, dates), 1)
    return rules.capacities.servers(rules.draw(-1)), rules


def of(servers, crew):
    return sum(values for name, values in servers.items() if name.startswith(f"{crew}_"))


def test_every_policy_differs_from_its_base_and_keeps_its_measures():
    base = load_scenario(BASE)
    seen = {base.fingerprint}
    assert len(POLICIES) >= 16
    for name in POLICIES:
        scenario = load_scenario(name)
        assert list(scenario.model.measures) == list(base.model.measures)
        assert scenario.fingerprint not in seen
        seen.add(scenario.fingerprint)
        assert len((FOLDER / f"{name}.toml").read_text("utf-8").splitlines()) <= 45


def test_hiring_adds_what_it_says_everywhere_and_at_one_court():
    hired, rules = servers("us-hiring")
    base, _ = servers(BASE)
    on = [rules.day(date(2018, 9, 30)), rules.day(date(2018, 10, 1)), -1]
    assert (of(hired, "judges") - of(base, "judges"))[on] == pytest.approx([0, 210, 210])
    assert (of(hired, "attorneys") - of(base, "attorneys"))[on] == pytest.approx([0, 315, 315])
    here = hired["judges_san_diego"] - base["judges_san_diego"]
    assert here[on] == pytest.approx([0, *[200 * 0.00776 + 10] * 2])


@pytest.mark.parametrize("name", ["us-details", "us-surge-2017", "us-surge-2018"])
def test_details_conserve_the_days_of_judges_and_attorneys(name):
    lent, _ = servers(name, name)
    base, _ = servers(BASE, name)
    for crew in ("judges", "attorneys"):
        assert of(lent, crew) == pytest.approx(of(base, crew), abs=1e-9)
    assert (lent["judges_eloy"] - base["judges_eloy"]).max() > 1
    assert (lent["judges_new_york"] - base["judges_new_york"]).min() < -1


def test_time_lost_is_the_only_difference_of_the_second_surge_of_2017():
    whole, rules = servers("us-surge-2017", "us-surge-2017")
    part, _ = servers("us-surge-2017-time-lost", "us-surge-2017")
    first, last = rules.day(date(2017, 2, 6)), rules.day(date(2017, 5, 29))
    missing = of(whole, "judges") - of(part, "judges")
    assert missing[first:last] == pytest.approx(np.full(last - first, 13 * 0.25))
    assert not missing[:first].any()
    assert not missing[last:].any()
    assert part["judges_new_york"].tolist() == whole["judges_new_york"].tolist()


def test_supervisors_are_missed_by_no_court():
    sent, rules = servers("us-surge-2018-supervisors", "us-surge-2018")
    base, _ = servers(BASE, "us-surge-2018")
    more = of(sent, "judges") - of(base, "judges")
    days = np.flatnonzero(more > 1e-9)
    assert more.max() == pytest.approx(18)
    assert [rules.dates[k] for k in days[[0, -1]]] == [date(2018, 5, 7), date(2018, 7, 29)]
    assert sent["judges_new_york"] == pytest.approx(base["judges_new_york"])
    assert (sent["prosecutors"] - base["prosecutors"]).max() == 35


# ---- metamorphic, at one person in a hundred


@cache
def counted(name):
    """Each measure by day of a central run to FY2020, and what it used; histories are legal."""
    settings = {"scale": str(SCALE), "to": LAST.isoformat()}
    worker = Worker(load_scenario(name, settings), 1, 1)
    done, histories, _ = worker.run(0)
    assert done.people_in == done.people_out + done.people_inside
    assert process.replay_many(histories.person, histories.event, histories.outcome).all()
    values = dict(zip(worker.rules.model.measures, done.counts.measures, strict=True))
    admitted = done.counts.outcomes[list(process.load().events).index("port_admitted")].sum()
    kinds = ["charging_document", "court_decision"]
    filed, decided = histories_.first_days(histories, worker.speech, kinds)
    first_year = (filed >= 0) & (filed < 365)
    until = np.where(decided >= 0, decided, worker.rules.days)
    waits = (until - filed)[first_year & (until >= filed)]  # so far, of who still waits
    return {**values, "bed_days": done.bed_days.sum(), "admitted": admitted, "waits": waits}


DAYS = [(date(year, 9, 30) - date(2017, 10, 1)).days for year in (2018, 2019, 2020)]


@pytest.mark.parametrize("name", [n for n in POLICIES if "2017" not in n and n != BASE])
def test_every_policys_histories_are_legal_and_nobody_is_lost(name):
    if load_scenario(name).model.to >= LAST:
        counted(name)


def test_more_judges_never_leave_more_pending_at_the_end_of_a_year():
    more = counted("us-hiring")["nation_pending"][DAYS]
    base = counted(BASE)["nation_pending"][DAYS]
    assert (more <= base).all()
    assert more[-1] < 0.95 * base[-1]


def test_newest_first_decides_as_many_and_treats_them_less_alike():
    newest, base = counted("us-newest-first"), counted(BASE)
    hearings = "nation_hearings"
    assert newest[hearings][-1] == pytest.approx(base[hearings][-1], rel=0.03)
    assert newest["nation_wait_50"][-1] < base["nation_wait_50"][-1]
    # of all filed in the first year, decided or not
    assert len(newest["waits"]) == pytest.approx(len(base["waits"]), rel=0.01)
    assert newest["waits"].std() > 1.02 * base["waits"].std()


def test_beds_and_release_move_bed_days():
    beds = [counted(f"us-{how}-detention")["bed_days"] for how in ("less", "more")]
    assert beds[0] < 0.8 * counted(BASE)["bed_days"] < counted(BASE)["bed_days"] < beds[1]


def test_without_metering_ports_admit_more_and_nobody_waits():
    free, base = counted("us-no-metering"), counted(BASE)
    assert free["admitted"] >= base["admitted"] > 0
    # who waits has not been admitted: as many signed up
    assert free["waiting_list"].max() < 0.1 * base["waiting_list"][DAYS[1]]
    assert free["fear_interviews"][DAYS[1]] > base["fear_interviews"][DAYS[1]]


def test_who_decides_first_lowers_what_is_filed_in_court():
    settings = {"scale": str(SCALE), "to": "2023-09-30"}
    filed = []
    for name in (BASE, "us-officers-decide"):
        worker = Worker(load_scenario(name, settings), 1, 1)
        done = worker.run(0)[0]
        filed.append(
            done.counts.measures[list(worker.rules.model.measures).index("nation_receipts")]
        )
    day = (date(2022, 5, 30) - date(2017, 10, 1)).days
    assert filed[1][day] == filed[0][day]
    assert filed[1][-1] < filed[0][-1]


# ---- the comparison


@cache
def compared() -> Comparison:
    return compare_policies(
        ["us-hiring", "us-no-metering"],
        replications=4,
        overrides={"scale": str(SCALE)},
        until=date(2019, 9, 30),
    )


def row(policy, area, measure):
    (found,) = [
        r
        for r in compared().rows(last=True)
        if (r["policy"], r["area"], r["measure"]) == (policy, area, measure)
    ]
    return found


def test_differences_are_paired_and_areas_sum_to_the_country():
    for each in compared().policies:
        lines = {(line.area, line.measure): k for k, line in enumerate(each.lines)}
        for measure in ("receipts", "completions", "hearings", "pending", "in_absentia"):
            whole, border, interior = (
                (each.values - each.base)[:, lines[area, measure], -1]
                for area in ("nation", "border", "interior")
            )
            assert whole == pytest.approx(border + interior), measure


def test_nothing_that_happens_before_a_policy_differs():
    hiring = compared().policies[0]
    assert hiring.columns == ("FY2018", "FY2019")
    before = (hiring.values - hiring.base)[:, :, 0]
    assert not np.nan_to_num(before).any()
    assert row("us-hiring", "nation", "completions")["difference"] > 0
    # filings move only through reviews of fear findings, which judges decide sooner
    assert row("us-hiring", "nation", "receipts")["reading"] in ("same", "within luck")
    assert row("us-no-metering", "", "waiting_list")["difference"] <= 0


def test_shares_and_costs_come_from_the_same_runs():
    hiring = compared().policies[0]
    lines = {(line.area, line.measure): k for k, line in enumerate(hiring.lines)}
    at = {key: hiring.values[:, k, -1] for key, k in lines.items()}
    spread = at["nation", "wait_90"] - at["nation", "wait_10"]
    assert at["nation", "wait_spread"] == pytest.approx(spread)
    assert (at["nation", "cost"] > at["border", "cost"] + at["interior", "cost"]).all()
    assert ("border", "bed_days") not in lines
    paired = {key: (hiring.values - hiring.base)[:, k, -1] for key, k in lines.items()}
    beds = 165 * paired["nation", "bed_days"]
    staff = 251 * (210 * 2300 + 315 * 800)  # ten judges more at San Diego
    # rates are drawn, that of a bed too
    assert np.median(paired["nation", "cost"] - beds) == pytest.approx(staff, rel=0.2)


def test_the_order_of_work_changes_no_number_and_a_journal_is_taken_away(tmp_path):
    options = {
        "replications": 4,
        "overrides": {"scale": "0.01"},
        "until": date(2017, 12, 31),
        "moments": [date(2017, 11, 30)],
    }
    one = compare_policies(["us-no-prosecution"], **options)
    two = compare_policies(["us-no-prosecution"], **options, workers=2, journal=tmp_path / "kept")
    assert json.dumps(one.to_json()) == json.dumps(two.to_json())
    assert one.policies[0].columns == ("2017-11-30", "2017-12-31")
    assert not (tmp_path / "kept").exists()


def test_a_comparison_that_was_stopped_goes_on_from_what_was_kept(tmp_path):
    def stop(done, total):
        if done:
            raise KeyboardInterrupt

    options = {"replications": 2, "overrides": {"scale": "0.01"}, "until": date(2017, 10, 31)}
    with pytest.raises(KeyboardInterrupt):
        compare_policies(["us-no-prosecution"], **options, journal=tmp_path, progress=stop)
    assert len(list(tmp_path.rglob("*.piece"))) == 1
    told_of = []
    (kept,) = tmp_path.rglob("*.piece")
    written = kept.stat().st_mtime_ns
    times = []

    def look(done, total):
        told_of.append((done, total))
        times.extend([kept.stat().st_mtime_ns] if kept.exists() else [])

    found = compare_policies(["us-no-prosecution"], **options, journal=tmp_path, progress=look)
    assert set(times) == {written}
    assert told_of[-1] == (2, 2)
    assert np.array_equal(
        found.policies[0].values,
        compare_policies(["us-no-prosecution"], **options).policies[0].values,
        equal_nan=True,
    )


def test_a_policy_of_other_years_is_compared_with_the_base_of_those_years():
    found = compare_policies(
        ["us-surge-2017"], replications=1, overrides={"scale": "0.01"}, until=date(2017, 3, 31)
    )
    (policy,) = found.policies
    assert policy.columns == ("2017-03-31",)
    assert (policy.start, policy.base_start) == (date(2016, 10, 1), date(2017, 10, 1))
    rows = {(r["area"], r["measure"]): r for r in policy.rows()}
    assert rows["nation", "pending"]["base"] == pytest.approx(560_000, rel=0.1)
    assert rows["nation", "completions"]["low"] is None
    assert {r["reading"] for r in rows.values()} <= {"same", "one run"}


@pytest.mark.parametrize(
    ("change_", "said"),
    [
        ([0, 0, 0, 0], "same"),
        ([9, 11, 19, 21], "more than luck"),
        ([-9, 11, 8, -12], "within luck"),
        ([-10, -10, 40, 40], "either way"),
        ([3], "one run"),
        ([np.nan, np.nan], "same"),
    ],
)
def test_a_difference_is_read_for_what_it_is_worth(change_, said):
    assert reading(np.array(change_, float)) == said


@pytest.mark.parametrize(
    ("values", "middle", "ends", "words"),
    [
        ([1, 2, 10, 20], 6, (1, 20), "least and most"),
        ([3], 3, (None, None), ""),
        (range(1, 21), 10.5, (2, 18), "80 %"),
        (range(1, 19), 9.5, (1, 18), "least and most"),
    ],
)
def test_a_range_of_80_per_cent_needs_ten_draws(values, middle, ends, words):
    values = np.array(values, float)
    assert _median(values) == middle
    assert _ends(values) == ends
    assert range_words(len(values)) == words


def test_the_policys_own_median_stands_beside_the_base():
    hiring = compared().policies[0]
    k = [(line.area, line.measure) for line in hiring.lines].index(("nation", "wait_50"))
    found = row("us-hiring", "nation", "wait_50")
    assert found["with_policy"] == pytest.approx(np.median(hiring.values[:, k, -1]))
    assert found["base"] == pytest.approx(np.median(hiring.base[:, k, -1]))
    assert found["difference"] == pytest.approx(
        np.median(hiring.values[:, k, -1] - hiring.base[:, k, -1])
    )


def test_published_figures_stand_beside_the_base_where_there_are_some():
    # EOIR: 195,123 and 276,970 completions, 1,087,201 pending at the end of FY2019
    assert row("us-hiring", "nation", "completions")["published"] == pytest.approx(472_093, abs=60)
    assert row("us-hiring", "nation", "pending")["published"] == 1_087_201
    assert row("us-hiring", "border", "pending")["published"] is None
    model = load_scenario("us-surge-2017").model
    days = [date(2018, 9, 30), date(2019, 5, 31)]
    found = published(model, lines_of(model), days)
    # completions of its first year are not among the published ones
    assert [(each.measure, each.on) for each in found] == [("pending", days[0])]


def test_the_surges_of_2017_name_the_claims_and_do_not_contradict_themselves():
    for name in ("us-surge-2017", "us-surge-2017-time-lost"):
        said = " ".join(load_scenario(name).model.caveats)
        for words in ("2,700", "KXO17", "22,811", "NIJC17"):
            assert said.count(words) == 1
        assert "us-surge-2017-time-lost a tenth to half" in said  # true of both


def test_sentences_beside_the_tables():
    small = compared().policies[0]
    other = replace(small, start=date(2016, 10, 1))
    two = replace(compared(), policies=(small, other))
    assert started(two, small) == ""
    assert "started on 2016-10-01, not on its own first day, 2017-10-01" in started(two, other)
    assert "4 replications of 2 draws" in notes(two)[0]
    assert "too few for a range" in notes(two)[0]
    assert beside(small.rows()).startswith("Published to 2019-09-30: cases completed 472,")
    assert sources(two) == ["S01"]


@pytest.mark.parametrize("number", [1, 2, 5, 9, 20])
def test_no_piece_of_several_is_one_replication_alone(number):
    blocks = _blocks(number)
    assert [k for block in blocks for k in block] == list(range(number))
    assert number == 1 or min(map(len, blocks)) > 1
    assert all(block.start % 2 == 0 for block in blocks)


def test_faults_are_one_line():
    with pytest.raises(PolicyError, match="is the same as us-courts"):
        compare_policies(["us-courts"], replications=1)
    with pytest.raises(PolicyError, match="2010-01-01: outside the run"):
        compare_policies(["us-hiring"], replications=1, moments=[date(2010, 1, 1)])
    with pytest.raises(PolicyError, match="no shipped scenario extends it"):
        compare_policies(base="stock-flow", replications=1)


# ---- the command


def test_the_command_prints_a_block_and_writes_a_whole_folder(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    words = ["policies", "us-no-prosecution", "--replications=2", "--set=scale=0.01"]
    folder = tmp_path / "found"
    assert main([*words, "--until=2017-12-31", "--out", str(folder)]) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 100
    for area in ("The country", "Courts at the border", "Courts elsewhere"):
        assert f"{area}\n" in said
    written = {path.name for path in folder.iterdir()}
    assert written == {"policies.csv", "policies.json", "policies.html"}
    assert [path.name for path in tmp_path.iterdir()] == ["found"]
    rows = json.loads((folder / "policies.json").read_text("utf-8"))["rows"]
    assert len(rows) == len((folder / "policies.csv").read_text("utf-8").splitlines()) - 1
    page = (folder / "policies.html").read_text("utf-8")
    assert "No prosecution of improper entry" in page
    assert "--until=2017-12-31" in page
    assert "not found" not in page[page.index("<main") : page.index("</main>")]
    assert "2 replications of 1 draw, 1 person in 100" in page
    assert "within luck" in page or "more than luck" in page


def test_the_page_links_the_sources_that_caveats_name(tmp_path):
    options = {"replications": 1, "overrides": {"scale": "0.01"}, "until": date(2017, 2, 28)}
    write(compare_policies(["us-surge-2017"], **options), tmp_path / "found", "typed")
    page = (tmp_path / "found" / "policies.html").read_text("utf-8")
    assert 'KXO17<sup>[<a href="#source-1"' in page
    assert "https://kxoradio.com/" in page
    assert "not on its own first day" in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["us-hirings"], 'did you mean "us-hiring"'),
        (["--format=tabel"], 'did you mean "table"'),
        (["--until=soon"], "--until soon: must be a date"),
        (["--resume"], "--resume: name the folder"),
        (["--workers=2", "--scheduler=a:1"], "leave one of the two out"),
    ],
)
def test_wrong_words_are_told_in_one_line(words, said, capsys):
    assert main(["policies", *words]) == 2
    error = capsys.readouterr().err
    assert said in error.lower()
    assert len(error.strip().splitlines()) == 1
