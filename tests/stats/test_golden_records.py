"""Every court statistic under every definition, on a release small enough to count by hand."""

from __future__ import annotations

import pytest

from asylumatlas.events import Log, validate
from asylumatlas.records import import_release
from asylumatlas.stats import ask
from asylumatlas.stats.catalogue import statistics as catalogue

from .court_stories import AS_OF, stories, write_release
from .golden_answers import Hand, agree, hands

HANDS = hands("answers.toml")
NOT_IN_RECORDS = {
    "affirmative_decisions",
    "affirmative_filed",
    "affirmative_grant_rate",
    "affirmative_pending",
    "cost",
    "credible_fear_found_rate",
    "credible_fear_outcomes",
    "fear_screening_time",
    "port_admissions",
    "removals_executed",
    "turned_back_share",
    "waiting_list_length",
    "waiting_list_wait",
}
"""Court records hold none of this: counted by hand in the other golden log, of two worlds."""

SAME = {"court", "crs"}
"""Definitions that agree with another here: as many hearings are continued by the court as by the
government, and crs differs from eoir in how years are pooled, not in what is counted."""
NEVER_HERE = {("voluntary_departures", "departed")}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """The golden release, imported."""
    place = tmp_path_factory.mktemp("golden")
    release = write_release(place, stories())
    return import_release(release, place / "dataset", workers=1).dataset.log


def test_the_release_is_what_the_stories_tell(log: Log) -> None:
    assert log.manifest.as_of.isoformat() == AS_OF
    assert log.cases(["case_id"]).num_rows == len(stories())
    # an affirmative claim is older than its case, and one came when the case was over
    assert [fault.case_id for fault in validate(log).faults] == [26, 28]


@pytest.mark.parametrize("hand", HANDS, ids=str)
def test_hand_counted(log: Log, hand: Hand) -> None:
    table = ask(hand.statistic, log, definition=hand.definition, **hand.asked)
    agree(hand.kind, hand.told, table)


def test_every_definition_is_counted_by_hand() -> None:
    counted = {(hand.statistic, hand.definition) for hand in HANDS}
    wanted = {
        (name, definition)
        for name, statistic in catalogue().items()
        if name not in NOT_IN_RECORDS
        for definition in statistic.definitions
    }
    assert wanted - counted <= NEVER_HERE
    assert counted <= wanted


def test_definitions_of_a_rate_differ() -> None:
    """The release tells definitions of one statistic apart: their answers are not the same."""
    whole = [hand for hand in HANDS if not hand.asked and hand.kind == "share"]
    for name in {hand.statistic for hand in whole}:
        values = [
            (len(hand.told["counted"]), len(hand.told["besides"]))
            for hand in whole
            if hand.statistic == name and hand.definition not in SAME
        ]
        assert len(set(values)) == len(values), name


@pytest.mark.parametrize("by", ["court", "fiscal_year", "judge", "nationality,representation"])
def test_groups_add_up(log: Log, by: str) -> None:
    for name in ("asylum_denial_rate", "appeal_rate", "in_absentia_rate"):
        whole = ask(name, log).rows[0]
        groups = ask(name, log, by=by).rows
        for column in ("numerator", "denominator"):
            assert sum(row[column] for row in groups) == whole[column], (name, column)


def test_judges_one_by_one(log: Log) -> None:
    (hand,) = [h for h in HANDS if (h.statistic, h.definition) == ("judge_variation", "eoir")]
    rows = ask("judge_variation", log, definition="eoir", by="judge").rows
    found = {row["judge"]: [row["numerator"], row["denominator"]] for row in rows}
    assert found == hand.told["judges"]


def test_definitions_stand_side_by_side(log: Log) -> None:
    rows = ask("asylum_denial_rate", log, definition="trac,eoir,ddp").rows
    found = {row["definition"]: (row["numerator"], row["denominator"]) for row in rows}
    assert found == {"trac": (10, 15), "eoir": (10, 25), "ddp": (9, 14)}
