"""Every kind of answer against numbers worked out by hand, in one world and in several."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from asylumatlas.stats import StatsError, Table, ask, statistics

from .small_logs import ABSENT, CHARGED, DENIED, GRANTED, WITHDRAWN, Case, decided, write

Z = 1.959963984540054


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Wilson's interval, as Wilson 1927 writes it."""
    p, n = part / whole, whole
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return middle - half, middle + half


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """43 grants, 57 denials, 20 not adjudicated, 3 in absentia, 5 open."""
    cases = [*decided(43, 57), *[Case(WITHDRAWN)] * 20, *[Case(ABSENT)] * 3, *[Case()] * 5]
    return write(tmp_path_factory.mktemp("hand") / "log", cases)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four worlds of two draws: 1, 2, 6 and 7 denials of 10, and in each one case open."""
    cases = [
        case
        for world, denied in enumerate((1, 2, 6, 7))
        for case in (*decided(10 - denied, denied, world=world), Case(world=world))
    ]
    meter: dict[str, Any] = {"meter": "beds", "label": "Beds used", "place": "", "unit": "days"}
    return write(
        tmp_path_factory.mktemp("worlds") / "log",
        cases,
        worlds=4,
        draws=[0, 0, 1, 1],
        meters=[meter | {"amounts": [10.0, 20.0, 30.0, 40.0]}],
    )


def only(table: Table) -> dict[str, Any]:
    (row,) = table.rows
    return dict(row)


def test_a_share_is_counted_and_has_wilsons_interval(log: Path) -> None:
    row = only(ask("asylum_denial_rate", log))
    assert (row["numerator"], row["denominator"], row["value"]) == (57, 100, 0.57)
    assert (row["low95"], row["high95"]) == pytest.approx(wilson(57, 100), abs=1e-12)
    assert row["flag"] == ""


def test_definitions_stand_side_by_side(log: Path) -> None:
    table = ask("asylum_denial_rate", log, definition="all")
    found = {row["definition"]: (row["numerator"], row["denominator"]) for row in table}
    assert found["trac"] == (57, 100)
    assert found["eoir"] == (57, 123)
    assert list(found) == list(statistics()["asylum_denial_rate"].definitions)
    assert table.denominator.startswith("trac: ")
    assert "; eoir: " in table.denominator


def test_a_count_has_no_interval(log: Path) -> None:
    row = only(ask("asylum_decisions", log))
    assert (row["value"], row["low95"], row["high95"]) == (100, None, None)
    assert isinstance(row["value"], int)


def test_a_stock_is_of_the_evening(log: Path) -> None:
    decision = date(2016, 4, 22)
    assert (decision - CHARGED).days == 200
    found = {day: only(ask("pending", log, end=day)) for day in ("2016-04-21", "2016-04-22")}
    assert [row["value"] for row in found.values()] == [128, 5]
    assert found["2016-04-22"]["date"] == decision


def test_stocks_by_year_are_at_the_end_of_each(log: Path) -> None:
    rows = ask("pending", log, by="fiscal_year").rows
    assert [(r["fiscal_year"], r["value"], r["flag"]) for r in rows] == [
        ("FY2016", 5, "small"),
        ("FY2017", 5, "small"),
        ("FY2018", 5, "small, partial"),
    ]


def test_a_time_counts_those_who_wait(log: Path) -> None:
    row = only(ask("time_to_decision", log))
    assert [row[k] for k in ("started", "ended", "ended_otherwise", "open")] == [128, 123, 0, 5]
    assert row["value"] == 200
    assert row["within_180"] == 0
    assert row["within_365"] == pytest.approx(123 / 128)
    assert row["within_1095"] is None  # nobody has been followed so long


def test_a_time_that_half_do_not_reach_has_no_median(tmp_path: Path) -> None:
    row = only(ask("time_to_decision", write(tmp_path, [Case(DENIED), *[Case()] * 3])))
    assert (row["value"], row["p25"]) == (None, 200)


def test_a_flow_says_who_is_where(tmp_path: Path) -> None:
    table = ask("flow", write(tmp_path, [*decided(1, 2, days=90), Case()]), definition="all")
    found = {
        (row["definition"], row["after_days"], row["stage"]): row["value"] for row in table.rows
    }
    assert found["from_entry", 30, "court"] == 1
    after = {stage: found.get(("from_entry", 180, stage)) for stage in ("court", "protected")}
    assert after == pytest.approx({"court": 0.25, "protected": 0.25})
    for day in (0, 30, 90, 180, 365):
        parts = [v for (one, n, _), v in found.items() if one == "from_entry" and n == day]
        assert sum(parts) == pytest.approx(1)


def test_judges_are_shown_one_by_one_and_as_a_spread(tmp_path: Path) -> None:
    cases = [*decided(50, 50, judge="J1"), *decided(10, 90, judge="J2"), *decided(3, 1, judge="J3")]
    log = write(tmp_path, cases)
    rows = {row["judge"]: row for row in ask("judge_variation", log, by="judge").rows}
    assert {name: row["value"] for name, row in rows.items()} == {"J1": 0.5, "J2": 0.9, "J3": 0.25}
    assert [row["reported_by_trac"] for row in rows.values()] == [True, True, False]
    assert rows["J3"]["value"] < rows["J3"]["shrunken"] < 0.9  # drawn towards the others
    row = only(ask("judge_variation", log))
    assert (row["judges"], row["decisions"], row["trac_judges"]) == (3, 204, 2)
    assert row["pooled"] == pytest.approx(141 / 204)
    assert (row["trac_low"], row["trac_high"]) == (0.5, 0.9)
    assert row["p_value"] < 0.001


def test_meters_keep_their_names_and_units(worlds: Path) -> None:
    table = ask("cost", worlds)
    row = only(table)
    assert (row["meter"], row["unit"], row["value"], row["worlds"]) == ("beds", "days", 20.0, 4)
    assert table.labels == {"meter": {"beds": "Beds used"}}


def test_bands_lie_over_the_worlds(worlds: Path) -> None:
    row = only(ask("asylum_denial_rate", worlds))
    assert (row["value"], row["low95"], row["high95"], row["worlds"]) == (0.2, 0.1, 0.7, 4)
    assert (row["numerator"], row["denominator"]) == (2, 10)


def test_what_is_not_known_is_told_apart_from_luck(worlds: Path) -> None:
    # by hand: draws have means .15 and .65; MSB = 2 * 2 * .25² = .25, MSW = .005, n0 = 2
    luck, parameters = 0.005, (0.25 - 0.005) / 2
    row = only(ask("asylum_denial_rate", worlds))
    assert row["parameter_share"] == pytest.approx(parameters / (parameters + luck))


def test_one_world_and_all_worlds_together(worlds: Path) -> None:
    one = only(ask("asylum_denial_rate", worlds, replications=2))
    assert (one["numerator"], one["denominator"]) == (6, 10)
    assert (one["low95"], one["high95"]) == pytest.approx(wilson(6, 10), abs=1e-12)
    pool = only(ask("asylum_denial_rate", worlds, replications="pool"))
    assert (pool["numerator"], pool["denominator"], pool["low95"]) == (16, 40, None)
    assert "worlds" not in one.keys() | pool.keys()


def test_a_world_that_is_not_there_is_refused(worlds: Path) -> None:
    with pytest.raises(StatsError, match="no replication 4; it has 4, from 0 to 3"):
        ask("receipts", worlds, replications=4)


def test_years_in_part_and_small_cells_are_flagged(tmp_path: Path) -> None:
    late = [Case(charged=date(2017, 11, 1))] * 30
    rows = ask("receipts", write(tmp_path, [*decided(2, 1), *late]), by="fiscal_year").rows
    assert [(r["fiscal_year"], r["value"], r["flag"]) for r in rows] == [
        ("FY2016", 3, "small"),
        ("FY2017", 0, "small"),  # a year without a case is a zero and not a gap
        ("FY2018", 30, "partial"),
    ]


def test_published_figures_stand_beside_their_own_definition(log: Path) -> None:
    table = ask("asylum_denial_rate", log, by="fiscal_year", definition="all", published=True)
    found = {row["definition"]: row["published"] for row in table if row["fiscal_year"] == "FY2016"}
    assert found["trac"] == 0.57
    assert found["eoir"] == pytest.approx(0.226, abs=0.0005)  # the same year, another denominator
    assert found["ours"] is None
    assert len(table.cite_as) == 2
    filtered = ask(
        "asylum_denial_rate",
        log,
        by="fiscal_year",
        where={"kind": "family"},
        published=True,
    )
    assert "published" not in {column.name for column in filtered.columns}


REFUSED = {
    "judge_variation": "needs events.resource",
    "representation_at_decision": "needs events of the kind representation_entered",
    "cost": "meters have no dates",
}


@pytest.mark.parametrize("name", list(statistics()))
def test_every_statistic_says_why_it_is_empty(log: Path, name: str) -> None:
    if name in REFUSED:
        with pytest.raises(StatsError, match=REFUSED[name]):
            ask(name, log, start="2030", definition="all")
        return
    table = ask(name, log, start="2030", definition="all")
    values = [row["value"] for row in table.rows]
    if table.kind == "stock":
        assert "2030" not in str(values)
    assert table.reason or any(values)
    assert table.kind in ("stock", "count") or not table.rows
    assert table.to_csv().startswith(",".join(column.name for column in table.columns))
    assert table.chart().alt


def test_a_log_without_what_is_counted_says_what_it_lacks(log: Path) -> None:
    table = ask("custody_population", log)
    assert table.reason == "Nothing to count: log holds no custody."


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"name": "asylum_denial_rat"}, 'Did you mean "asylum_denial_rate"?'),
        ({"by": "nationalty"}, 'Did you mean "nationality"?'),
        ({"definition": "tracc"}, 'Did you mean "trac"?'),
        ({"where": {"kind": "famly"}}, 'Did you mean "family"?'),
        ({"where": {"knd": "family"}}, 'Did you mean "kind"?'),
        ({"replications": "band"}, 'Did you mean "bands"?'),
        ({"start": "FY16"}, "FY16"),
        ({"by": "kind,court,judge"}, "at most 2"),
        ({"by": "language"}, "needs cases.language, which this log has not"),
    ],
)
def test_slips_are_answered_with_the_nearest_word(
    log: Path, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(StatsError) as caught:
        ask(**{"name": "asylum_denial_rate", "logs": log} | asked)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_labels_are_for_readers_and_codes_for_machines(tmp_path: Path) -> None:
    log = write(tmp_path, [*decided(2, 0), Case(nationality="SLV")])
    table = ask("receipts", log, by="nationality")
    assert [row["nationality"] for row in table.rows] == ["HND", "SLV"]
    assert table.labels == {"nationality": {"HND": "Honduras", "SLV": "El Salvador"}}
    assert table.to_dict()["labels"] == table.labels
    assert ask("completions", log, by="outcome").labels == {"outcome": {GRANTED: "Asylum granted"}}
    assert ask("receipts", log, by="court").labels == {}
