"""The national scenario: its table of courts, its ledger, and runs of it beside the ledger."""

import re
from datetime import date
from functools import cache

import numpy as np
import pytest

from asylumatlas import evidence, parameters, process
from asylumatlas.scenario import FOLDER, load_scenario
from asylumatlas.scenario.groups import _table
from asylumatlas.sim.replication import Worker

NATIONAL = {
    name.removeprefix("national."): parameter
    for name, parameter in parameters.load().items()
    if name.startswith("national.")
}
YEARS = range(2008, 2025)
POLICIES = sorted(path.stem for path in FOLDER.glob("us-*.toml") if path.stem != "us-courts")
COURTS = _table("immigration-courts", "table", [FOLDER / "tables"])[1]


def opening(year: int) -> date:
    return date(year - 1, 10, 1)


def value(name: str, year: int) -> float:
    return NATIONAL[name].at(opening(year)).value


def published(measure: str, year: int) -> float:
    """The ledger's figure: the active one's to FY2020, then the other's."""
    source = "S01" if year <= 2020 else "S02"
    (found,) = [
        float(row["value"])
        for row in evidence.series("court_national").rows
        if (row["measure"], row["period"], row["source"]) == (measure, f"FY{year}", source)
    ]
    return found


@cache
def counted(name: str, scale: float = 0.01, years: int = 3) -> dict[str, np.ndarray]:
    """Each measure of one central replication from FY2018 on, whole-country numbers or shares."""
    to = date(2017 + years, 9, 30)
    worker = Worker(load_scenario(name, {"scale": scale, "to": to}), 1, 1)
    done, told, _ = worker.run(0)
    assert done.people_in == done.people_out + done.people_inside
    assert process.replay_many(told.person, told.event, told.outcome).all()
    measures = worker.rules.model.measures
    whole = {n for n, m in measures.items() if m.counts in ("so_far", "on_day", "names")}
    values = zip(measures, done.counts.measures, strict=True)
    return {n: v / scale if n in whole else v for n, v in values}


# ---- the ledger in parameters


def test_the_ledger_closes_in_every_year():
    for year in YEARS:
        residual = value("reopened", year) - value("administratively_closed", year)
        completions = published("total_completions", year)
        end = value("pending", year) + value("receipts", year) - completions + residual
        assert end == value("pending", year + 1), year
        assert value("receipts", year) == published("initial_receipts", year)


def test_pending_is_the_published_stock_and_later_its_changes():
    for year in range(2008, 2021):
        assert value("pending", year + 1) == published("pending_year_end", year)
    assert value("pending", 2025) - value("pending", 2022) == 3_884_956 - 1_655_551


def test_judges_are_the_mean_of_two_ends_of_year_and_productivity_follows_from_them():
    rows = evidence.series("immigration_judges_year_end").rows
    ends = {int(row["period"][2:]): row for row in rows}
    assert [ends[year]["value"] for year in (2011, 2016, 2023)] == [265, 289, 734]
    for year in YEARS:
        middle = (ends[year - 1]["value"] + ends[year]["value"]) / 2
        assert value("judges", year) == pytest.approx(middle, abs=0.05)
    of_2017 = published("total_completions", 2017) / value("judges", 2017)
    for year in YEARS:
        ratio = published("total_completions", year) / value("judges", year) / of_2017
        assert value("productivity", year) == pytest.approx(ratio, rel=2e-3), year


def test_the_end_of_year_judges_agree_with_the_counts_of_single_days():
    last = {row["end"]: row for row in evidence.series("immigration_judges_year_end").rows}
    for row in evidence.series("immigration_judges").rows:
        end = last.get(row["end"])
        if row["measure"] == "judges_on_board" and end is not None:
            assert end["low"] <= row["value"] <= end["high"]
    assert all(row["low"] <= row["value"] <= row["high"] for row in last.values())


# ---- the table of courts


@pytest.mark.parametrize("column", ["judges_share", "released_share", "detained_share"])
def test_shares_of_courts_are_a_whole(column):
    assert sum(row[column] for row in COURTS) == pytest.approx(1, abs=1e-9)
    assert all(row[column] >= 0 for row in COURTS)


def test_every_court_is_marked_and_its_judges_are_ranged_about_its_load():
    assert 65 <= len(COURTS) <= 75
    for row in COURTS:
        assert row["assumed"]
        assert 0 < row["judges_low"] < row["judges_share"] < row["judges_high"]
        load = 0.33 * row["detained_share"] + 0.67 * row["released_share"]
        assert row["judges_low"] < load < row["judges_high"], row["key"]
        assert row["detained"] <= (row["detained_share"] > row["released_share"])
    assert {"san_diego", "otay_mesa", "imperial", "el_paso", "harlingen"} <= {
        row["key"] for row in COURTS if row["border"]
    }


def test_courts_deny_as_published_where_it_was_published():
    of_court = {
        row["court"]: float(row["percent_denied"]) / 100
        for row in evidence.series("denied_by_court_2012_2017").rows
    }
    known = {row["name"]: row["denied_share"] for row in COURTS if row["name"] in of_court}
    assert len(known) >= 35
    for name, share in known.items():
        assert share == pytest.approx(of_court[name], abs=6e-4)


# ---- the scenario


def test_it_keeps_within_what_the_engine_and_a_report_can_hold():
    worker = Worker(load_scenario("us-courts"), 1, 1)
    layout = worker.rules.layout
    assert len(layout.classes) <= 240
    assert max(len(layout.places), len(layout.stations), len(layout.feeds)) <= 255
    assert len(layout.sentences) <= 2047
    assert len(worker.rules.model.measures) <= 60


def test_filings_of_the_year_are_the_ledgers():
    receipts = counted("us-courts", 0.05)["nation_receipts"]
    assert receipts[364] == pytest.approx(published("initial_receipts", 2018), rel=0.03)
    year_three = receipts[1095] - receipts[729]
    assert year_three == pytest.approx(published("initial_receipts", 2020), rel=0.04)


@pytest.mark.parametrize("year", [2018, 2019, 2020])
def test_pending_and_completions_lie_by_the_ledger(year):
    now = counted("us-courts", 0.05)
    end = (date(year, 9, 30) - date(2017, 10, 1)).days
    before = now["nation_completions"][end - 365] if year > 2018 else 0
    completed = now["nation_completions"][end] - before
    assert completed == pytest.approx(published("total_completions", year), rel=0.1)
    assert now["nation_pending"][end] == pytest.approx(value("pending", year + 1), rel=0.05)


def test_border_and_interior_are_the_nation():
    now = counted("us-courts", 0.05)
    for name in ("receipts", "completions", "hearings", "pending", "in_absentia", "granted"):
        parts = now[f"border_{name}"] + now[f"interior_{name}"]
        assert parts == pytest.approx(now[f"nation_{name}"], abs=1e-6), name


def test_no_court_is_idle_half_of_the_time_and_none_is_swamped():
    worker = Worker(load_scenario("us-courts", {"scale": 0.05, "to": date(2020, 9, 30)}), 1, 1)
    model = worker.model(0)[1]
    state = worker.simulate(model)
    layout = worker.rules.layout
    for k, crew in enumerate(layout.crews):
        if crew.startswith("judges_"):
            assert state.used[:, k].sum() > 0.6 * model.crews[:, k].sum(), crew
    waiting = dict.fromkeys((row["key"] for row in COURTS), 0.0)
    for line, (desk, _) in enumerate(layout.lines):
        station, court = layout.desks[desk]
        if station in ("master", "individual"):
            waiting[court] += state.waiting[-1, line]
    total = sum(waiting.values())
    for row in COURTS:
        if row["released_share"] > 0.01:
            load = waiting[row["key"]] / (total * row["released_share"])
            assert 0.3 < load < 2, (row["key"], load)


def test_it_starts_in_fiscal_year_2008_too():
    dates = {"from": date(2007, 10, 1), "to": date(2008, 3, 31), "scale": 0.01}
    done, told, _ = Worker(load_scenario("us-courts", dates), 1, 1).run(0)
    stock = NATIONAL["pending"].at(date(2007, 10, 1)).value
    assert stock == 174_999
    assert done.counts.measures[3, 0] / 0.01 == pytest.approx(stock, rel=0.03)
    assert process.replay_many(told.person, told.event, told.outcome).all()


# ---- the policies


def test_each_policy_is_short_and_says_what_it_asks():
    assert len(POLICIES) >= 12
    for name in POLICIES:
        text = (FOLDER / f"{name}.toml").read_text("utf-8")
        assert re.search(r'^extends  = "us-(courts|surge-201[78])"$', text, re.M), name
        assert len(text.splitlines()) <= 45


def last(policy: str, measure: str) -> tuple[float, float]:
    """The measure's last value with the policy and without, the same people and luck."""
    return float(counted(policy)[measure][-1]), float(counted("us-courts")[measure][-1])


@pytest.mark.parametrize(
    ("policy", "measure", "sign"),
    [
        ("us-hiring", "nation_completions", 1),
        ("us-hiring", "nation_pending", -1),
        ("us-details", "border_completions", 1),
        ("us-more-detention", "in_custody", 1),
        ("us-less-detention", "in_custody", -1),
        ("us-representation", "nation_in_absentia", -1),
        ("us-no-prosecution", "prosecutions", -1),
        ("us-prosecution", "prosecutions", 1),
    ],
)
def test_a_policy_moves_what_it_must(policy, measure, sign):
    with_it, without = last(policy, measure)
    assert sign * (with_it - without) > 0


def test_neither_attorneys_nor_judges_alone_add_much():
    with_it, without = last("us-attorneys-without-judges", "nation_completions")
    assert with_it == without
    alone, without = last("us-judges-without-attorneys", "nation_completions")
    hired = last("us-hiring", "nation_completions")[0]
    assert alone - without < 0.25 * (hired - without)


def test_without_metering_there_is_no_list():
    assert counted("us-no-metering")["waiting_list"].max() * 0.01 <= 5
    assert counted("us-courts")["waiting_list"].max() > 1000


def test_newest_first_makes_waits_of_new_cases_short_and_the_stock_old():
    assert (
        last("us-newest-first", "nation_resolved_share")[0]
        > 1.3 * (last("us-newest-first", "nation_resolved_share")[1])
    )
