"""The catalogue: every entry is whole, and a wrong one is refused in one line that helps."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from asylumatlas import evidence, process
from asylumatlas.stats.catalogue import (
    Definition,
    Statistic,
    definition,
    methods,
    publishers,
    statistic,
    statistics,
)
from asylumatlas.stats.errors import StatsError
from asylumatlas.stats.facts.columns import TABLES
from asylumatlas.stats.published import Figure, figures

FOLDER = Path(__file__).parents[2] / "src/asylumatlas/stats/catalog"

# What the catalogue must hold at the least, and a definition of each that must be there.
WANTED = {
    "receipts": "with_returns",
    "completions": "initial",
    "pending": "with_inactive",
    "asylum_decisions": "eoir",
    "asylum_grant_rate": "trac",
    "asylum_denial_rate": "eoir",
    "time_to_decision": "from_application",
    "time_to_first_hearing": "any_hearing",
    "time_to_individual_hearing": "individual",
    "waiting_list_length": "on_list",
    "waiting_list_wait": "until_received",
    "credible_fear_found_rate": "with_closures",
    "credible_fear_outcomes": "completed",
    "fear_review_vacated_rate": "known_outcome",
    "representation_at_decision": "trac",
    "in_absentia_rate": "per_hearing",
    "continuances": "respondent",
    "continuance_share": "government",
    "custody_population": "in_custody",
    "custody_length": "any_end",
    "bond_grant_rate": "of_all",
    "appeals_filed": "filed",
    "appeal_rate": "completions",
    "appeal_outcomes": "decided",
    "appeals_pending": "pending",
    "time_to_appeal_decision": "decided",
    "judge_variation": "trac",
    "flow": "from_charging",
    "unresolved_share": "no_decision",
    "cost": "meters",
    "removal_orders": "final",
    "voluntary_departures": "granted",
    "relief_share": "any",
    "affirmative_decisions": "completed",
    "port_admissions": "received",
    "removals_executed": "executed",
    "reopened_cases": "reopened",
}

EVERY = [
    pytest.param(one, chosen, id=f"{one.name}-{chosen.name}")
    for one in statistics().values()
    for chosen in one.definitions.values()
]


def test_the_catalogue_holds_what_was_promised() -> None:
    for name, wanted in WANTED.items():
        assert wanted in statistic(name).definitions
    assert {one.publisher for one in statistic("in_absentia_rate").definitions.values()} == {
        "eoir",
        "crs",
        "aic",
        "ours",
    }
    rates = statistic("asylum_denial_rate").definitions.values()
    assert {one.publisher for one in rates} == {"trac", "eoir", "ddp", "ours"}


def test_every_publisher_named_beside_the_process_defines_something() -> None:
    used = {one.publisher for entry in statistics().values() for one in entry.definitions.values()}
    assert set(publishers()) - set(process.load().publishers) <= used <= set(publishers())


def test_every_kind_has_its_method() -> None:
    assert set(methods()) == {entry.kind for entry in statistics().values()}


@pytest.mark.parametrize(("entry", "chosen"), EVERY)
def test_a_definition_is_told_in_full(entry: Statistic, chosen: Definition) -> None:
    assert entry.question.endswith("?")
    assert entry.why_default.endswith(".")
    assert chosen.exclusions.endswith(".")
    assert all(said.endswith(".") for said in (*entry.caveats, *chosen.caveats))
    assert chosen.numerator[0].islower()
    kinds = {column.name: column.type for column in TABLES[chosen.facts]}
    assert set(chosen.rows) | set(chosen.counted) <= set(kinds)
    assert not chosen.date or kinds[chosen.date] == "date"
    assert (entry.kind in ("share", "variation")) == bool(chosen.counted)
    if entry.kind in ("share", "variation", "duration", "flow"):
        assert chosen.denominator != "none"
    if chosen.facts == "spells":
        assert "spell" in chosen.rows
    if entry.kind == "duration":  # a time whose start is not known is not a time
        assert chosen.rows["known_start"] is True


@pytest.mark.parametrize(("entry", "chosen"), EVERY)
def test_groups_are_columns_that_the_definition_leaves_free(
    entry: Statistic, chosen: Definition
) -> None:
    columns = {column.name for column in TABLES[chosen.facts]}
    units = {"fiscal_year", "calendar_year", "quarter", "month"}
    assert set(chosen.by) <= columns | units
    assert not set(chosen.by) & set(chosen.counted)
    assert set(chosen.by) <= set(entry.by)


def test_groups_that_make_no_sense_are_not_offered() -> None:
    assert "outcome" not in definition("asylum_denial_rate").by  # it is what is counted
    assert "claim" not in definition("asylum_denial_rate", "eoir").by
    assert "party" in definition("continuances").by
    assert "party" not in definition("asylum_decisions").by
    assert "representation" not in definition("flow").by  # known only at the end
    assert definition("cost").by == ("place",)


@pytest.mark.parametrize(
    "name", ["asylum_denial_rate", "asylum_grant_rate", "judge_variation", "appeal_rate"]
)
def test_two_denominators_of_one_rate_differ(name: str) -> None:
    chosen = statistic(name).definitions.values()
    assert len({str(dict(one.rows)) for one in chosen}) > 1


def _at(name: str, definition: str, start: str, end: str) -> list[Figure]:
    return [
        figure
        for item in statistic(name).published
        if item.definition == definition and item.comparable and not item.where
        for figure in figures(item)
        if figure.start == date.fromisoformat(start) and figure.end == date.fromisoformat(end)
        if not figure.groups
    ]


@pytest.mark.parametrize(
    ("name", "chosen", "start", "end", "value"),
    [
        ("asylum_denial_rate", "trac", "2015-10-01", "2016-09-30", 0.57),
        ("asylum_denial_rate", "eoir", "2015-10-01", "2016-09-30", 0.2256),
        ("asylum_denial_rate", "trac", "2021-10-01", "2022-09-30", 0.54),  # one minus the grants
        ("credible_fear_found_rate", "without_closures", "2016-10-01", "2017-09-30", 0.88),
        ("credible_fear_found_rate", "with_closures", "2016-10-01", "2017-09-30", 0.768),
        ("in_absentia_rate", "eoir", "2018-10-01", "2019-09-30", 0.46),
        ("in_absentia_rate", "crs", "2010-10-01", "2020-09-30", 0.38),
        ("representation_at_decision", "trac", "2017-10-01", "2018-09-30", 0.844),
        ("pending", "active", "2019-10-01", "2020-09-30", 1258882),
        ("pending", "with_inactive", "2019-10-01", "2020-09-30", 1504246),
        ("completions", "total", "2015-10-01", "2016-09-30", 143489),
        ("receipts", "initial", "2015-10-01", "2016-09-30", 228448),
    ],
)
def test_the_published_anchors_are_there(
    name: str, chosen: str, start: str, end: str, value: float
) -> None:
    assert value in [figure.value for figure in _at(name, chosen, start, end)]


def test_published_absence_runs_from_17_to_46_percent() -> None:
    shown = statistic("in_absentia_rate").published
    values = [figure.value for item in shown if item.comparable for figure in figures(item)]
    assert (min(values), max(values)) == (0.17, 0.46)


def test_every_figure_has_a_source_and_a_share_lies_between_0_and_1() -> None:
    for entry in statistics().values():
        for item in entry.published:
            for figure in figures(item):
                assert evidence.source(figure.source)
                if entry.kind == "share" and item.comparable:
                    assert 0 <= figure.value <= 1


def test_a_row_for_all_other_groups_is_not_taken_for_the_whole() -> None:
    by_nationality = [item for item in statistic("credible_fear_outcomes").published if item.by]
    assert by_nationality
    for item in by_nationality:
        assert all(len(figure.groups["nationality"]) >= 3 for figure in figures(item))


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(StatsError, match=r'unknown statistic "asylum_denial"\. Did you mean'):
        statistic("asylum_denial")
    with pytest.raises(StatsError, match=r'unknown definition "tarc"\. Did you mean "trac"\?'):
        statistic("asylum_denial_rate").definition("tarc")


WHOLE = """
[rate]
label = "Rate"
question = "What share?"
kind = "share"
unit = "share"
default = "one"
why_default = "Because."
caveats = ["Mind."]
published = [{ definition = "one", series = "in_absentia", value = "value" }]
[rate.definitions.one]
label = "one"
publisher = "trac"
facts = "moments"
date = "date"
rows = { event = ["court_decision"], outcome = ["terminated", "asylum_denied"], nth = { from = 1 } }
counted = { outcome = ["asylum_denied"] }
numerator = "denied"
denominator = "decided"
exclusions = "Others."
"""

CHANGES = [
    (
        "caveats = [",
        "cavaets = [",
        r'own\.toml: rate: unknown key "cavaets"\. Did you mean "caveats"',
    ),
    ('question = "What share?"\n', "", r"rate\.question: missing or empty"),
    (
        'kind = "share"',
        'kind = "shares"',
        r'rate\.kind: unknown word "shares"\. Did you mean "share"',
    ),
    ('default = "one"', 'default = "two"', r'rate\.default: unknown word "two"'),
    ('["Mind."]', '["Mind.", ""]', r"rate\.caveats: must be a list of sentences, none empty"),
    ('publisher = "trac"', 'publisher = "tracc"', r'one\.publisher: .*Did you mean "trac"'),
    ('facts = "moments"', 'facts = "stays"', r'one\.facts: unknown word "stays"'),
    ('date = "date"', 'date = "days"', r'one\.date: unknown word "days"'),
    ('["court_decision"]', '["court_decison"]', r'rows\.event: .*Did you mean "court_decision"'),
    ('"asylum_denied"], nth', '"vacated"], nth', r'rows\.outcome: unknown outcome "vacated"'),
    ("nth = {", "nths = {", r'the facts "moments" have no column "nths"\. Did you mean "nth"'),
    ("{ from = 1 }", "{ form = 1 }", r"rows\.nth: cannot be read; write \{ from = x, to = y \}"),
    ('counted = { outcome = ["asylum_denied"] }\n', "", r"one\.counted: missing"),
    (
        '{ outcome = ["asylum_denied"] }',
        '{ outcome = ["abandoned"] }',
        "words that the rows leave",
    ),
    ('series = "in_absentia"', 'series = "absentia"', r"published\[0\]\.series: unknown series"),
    ('value = "value"', 'value = "values"', r'unknown column of "in_absentia" "values"'),
    ('value = "value"', 'value = "period"', r'the column "period" holds no numbers'),
    ('"in_absentia", v', '"in_absentia", rows = { measure = "x" }, v', r"choose no row"),
    ('[{ definition = "one"', '[{ definition = "two"', r'unknown definition "two"'),
    ("[rate]\n", "[rate\n", r"own\.toml: not valid TOML"),
]


@pytest.mark.parametrize(("old", "new", "message"), CHANGES)
def test_a_wrong_entry_is_refused_in_one_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in WHOLE
    (tmp_path / "own.toml").write_text(WHOLE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(StatsError) as refused:
        statistics(tmp_path)
    assert re.search(message, str(refused.value)), str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_entry_that_is_spoilt_above_is_whole(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(WHOLE, encoding="utf-8")
    assert list(statistics(tmp_path)) == ["rate"]


def test_one_name_stands_in_one_file(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "flow.toml", tmp_path / "flow.toml")
    shutil.copy(FOLDER / "flow.toml", tmp_path / "more.toml")
    with pytest.raises(StatsError, match=r"more\.toml: flow: stands in flow already"):
        statistics(tmp_path)


@pytest.mark.parametrize("change", [dict, list])
def test_nobody_can_change_the_catalogue(change: Callable[[object], object]) -> None:
    shown = definition("asylum_denial_rate")
    with pytest.raises(TypeError):
        shown.rows["event"] = change(())  # type: ignore[index]
    with pytest.raises(AttributeError):
        shown.name = "other"  # type: ignore[misc]
