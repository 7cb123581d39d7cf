"""Published figures: golden values copied by hand, sums that must close, and one-line errors."""

import shutil
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from asylumatlas import evidence
from asylumatlas.evidence import library

PACKAGE = Path(library.__file__).parent


def rows(name: str, **wanted: object) -> list[dict[str, object]]:
    found = evidence.series(name).rows
    return [dict(row) for row in found if all(row[key] == wanted[key] for key in wanted)]


# --- golden: hand-copied from the publications -------------------------------------------------


@pytest.mark.parametrize(
    ("report", "value", "qualifier", "source"),
    [
        ("san_ysidro_processed_day_2018_04_30", 8, "stated", "LAT0502"),
        ("san_ysidro_cumulative_2018_05_01", 28, "stated", "LAT0502"),
        ("san_ysidro_cumulative_2018_05_02_low", 53, "stated", "TSD0503"),
        ("san_ysidro_cumulative_2018_05_02_high", 88, "at_least", "REU0502"),
        ("san_ysidro_cumulative_2018_05_03", 158, "at_least", "KTLA0503"),
        ("san_ysidro_cumulative_2018_05_04", 228, "stated", "REU0504"),
        ("san_ysidro_closure_hours_2018_04_30", 27, "about", "LAT0502"),
        ("united_states_referred_to_credible_fear_2018_06_06", 401, "stated", "UNI1024"),
        ("united_states_fear_found_2018_06_06", 374, "stated", "UNI1024"),
        ("san_diego_sector_crossed_between_ports_2018_12_13", 3182, "stated", "LPSD1220"),
        ("san_ysidro_claims_per_day_2019_07_09", 5, "less_than", "TNS0710"),
    ],
)
def test_reported_counts_stand_as_the_outlet_gave_them(report, value, qualifier, source):
    found = evidence.report(report)
    assert (found.value, found.qualifier, found.source) == (value, qualifier, source)


@pytest.mark.parametrize(
    ("series", "key", "column", "value"),
    [
        ("credible_fear_by_year", {"period": "FY2017"}, "found", 59_450),
        ("credible_fear_by_year", {"period": "FY2017"}, "closed", 10_467),
        ("credible_fear_totals", {"period": "FY2018"}, "completed", 96_780),
        (
            "court_national",
            {"period": "FY2018", "measure": "pending_year_end", "source": "S01"},
            "value",
            796_513,
        ),
        ("court_stock_flow", {"period": "FY2018"}, "residual", 19_435),
        ("denied_by_court_2012_2017", {"court": "San Diego"}, "percent_denied", 66.1),
        (
            "court_asylum_decisions",
            {"measure": "eoir_denials", "period": "FY2016"},
            "value",
            11_736,
        ),
        ("appeals", {"measure": "appeals_pending", "period": "FY2020 (Q2 end)"}, "value", 95_422),
        ("immigration_judges", {"period": "2017-06"}, "value", 326),
    ],
)
def test_series_hold_the_published_figure(series, key, column, value):
    (row,) = rows(series, **key)
    assert row[column] == value


def test_conflicting_counts_are_kept_side_by_side():
    second_of_may = {
        found.value
        for found in evidence.reports()
        if found.place == "san_ysidro"
        and found.date == "2018-05-02"
        and found.measure == "cumulative"
    }
    assert second_of_may == {53, 88}
    pending = rows("court_national", measure="pending_year_end", period="FY2018")
    assert {row["source"]: row["value"] for row in pending} == {"S01": 796_513, "S02": 1_039_403}


def test_a_withheld_figure_stays_visible_as_missing():
    withheld = [row for row in rows("credible_fear_by_nationality") if row["value"] is None]
    assert len(withheld) == 6
    assert {row["nationality"] for row in withheld} == {"CUB", "ROU"}
    assert all("no figure" in str(row["note"]) for row in withheld)


# --- sums that the publications themselves imply -----------------------------------------------


def test_credible_fear_outcomes_add_up():
    for row in rows("credible_fear_by_year"):
        assert row["found"] + row["not_found"] + row["closed"] == row["decisions"], row["period"]
        share = 100 * row["found"] / (row["found"] + row["not_found"])
        assert share == pytest.approx(row["percent_found"], abs=0.06), row["period"]
    for row in rows("credible_fear_totals"):
        assert row["found"] + row["not_found"] + row["closed"] == row["completed"], row["period"]


@pytest.mark.parametrize("year", range(2017, 2022))
@pytest.mark.parametrize("measure", ["completed", "found", "not_found", "closed"])
def test_nationalities_add_up_to_the_total(year, measure):
    table = rows("credible_fear_by_nationality", period=f"FY{year}", measure=measure)
    total = [row["value"] for row in table if row["nationality_label"] == "TOTAL"]
    assert sum(row["value"] for row in table) == 2 * total[0]


def test_residual_of_the_court_ledger_is_what_its_flows_leave_unexplained():
    table = rows("court_stock_flow")
    for before, after in pairwise(table):
        change = after["pending_end"] - before["pending_end"]
        assert change - (after["receipts"] - after["completions"]) == after["residual"]


def test_periods_run_forward_and_fiscal_years_start_in_october():
    for name in evidence.series_names():
        for row in evidence.series(name).rows:
            start, end = row.get("start"), row.get("end")
            if isinstance(start, date) and isinstance(end, date):
                assert start <= end, (name, row)
            if str(row.get("period", "")).startswith("FY") and len(str(row["period"])) == 6:
                year = int(str(row["period"])[2:])
                assert (start, end) == (date(year - 1, 10, 1), date(year, 9, 30)), (name, row)


# --- citations ---------------------------------------------------------------------------------


def test_every_row_cites_a_known_source_and_every_series_loads():
    shelf = evidence.sources()
    assert len(evidence.series_names()) >= 20
    for name in evidence.series_names():
        assert set(evidence.series(name).sources) <= set(shelf)
    assert {found.source for found in evidence.reports()} <= set(shelf)


def test_every_csv_in_the_folder_is_described():
    described = {f"{name}.csv" for name in evidence.series_names()}
    described |= {"reports.csv", "places.csv"}
    assert {path.name for path in PACKAGE.glob("*.csv")} == described


def test_addresses_are_public_names_not_bare_numbers():
    for found in evidence.sources().values():
        for address in found.addresses:
            host = address.split("/")[2]
            assert address.startswith(("http://", "https://"))
            assert any(letter.isalpha() for letter in host), address


def test_citation_names_publisher_title_date_address_and_grade():
    assert evidence.cite("GAO20250") == (
        "GAO-20-250, \"Actions Needed to Strengthen USCIS's Oversight and Data Quality of Credible "
        'and Reasonable Fear Screenings", 2020-02-19, https://gao.gov/products/gao-20-250 '
        "[GAO20250, grade A]"
    )


def test_a_month_covers_all_its_days():
    december = evidence.report("border_waitlists_2018_12")
    assert (december.first_day, december.last_day) == (date(2018, 12, 1), date(2018, 12, 31))
    february = evidence.report("border_waitlists_2020_02")
    assert february.last_day == date(2020, 2, 29)
    day = evidence.report("san_ysidro_cumulative_2018_05_04")
    assert day.first_day == day.last_day == date(2018, 5, 4)


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "word", "message"),
    [
        (evidence.cite, "LAT052", 'unknown source "LAT052". Did you mean "LAT0502"?'),
        (
            evidence.series,
            "credible_fear_by_yer",
            'unknown series "credible_fear_by_yer". Did you mean "credible_fear_by_year"?',
        ),
        (
            evidence.report,
            "san_ysidro_cumulative_2018_5_04",
            'unknown report "san_ysidro_cumulative_2018_5_04".'
            ' Did you mean "san_ysidro_cumulative_2018_05_04"?',
        ),
        (evidence.source, "zzzzzzzz", 'unknown source "zzzzzzzz".'),
    ],
)
def test_unknown_names_are_answered_with_the_closest_one(call, word, message):
    with pytest.raises(evidence.EvidenceError) as caught:
        call(word)
    assert str(caught.value) == message
    assert isinstance(caught.value, ValueError)


def forget() -> None:
    for cached in (library.sources, library.reports, library.series, library._descriptors):
        cached.cache_clear()


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the data files that a test may spoil."""
    for path in [*PACKAGE.glob("*.csv"), *PACKAGE.glob("*.toml")]:
        shutil.copy(path, tmp_path / path.name)
    monkeypatch.setattr(library, "_FOLDER", tmp_path)
    forget()
    yield tmp_path
    forget()


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "appeals.csv",
            ",1799,",
            ",many,",
            'appeals.csv: line 2.value: "many" is not a number.',
        ),
        (
            "appeals.csv",
            ",1799,",
            ",nan,",
            'appeals.csv: line 2.value: "nan" is not a number.',
        ),
        (
            "appeals.csv",
            "12-year high,S13",
            "12-year high,CISBA",
            'appeals.csv: line 2.source: unknown source "CISBA". Did you mean "CISBIA"?',
        ),
        (
            "series.toml",
            '[appeals]\nfile = "appeals.csv"\ntitle',
            '[appeals]\nfile = "appeals.csv"\ntitel = "x"\ntitle',
            'series.toml: appeals.titel: unknown key. Did you mean "title"?',
        ),
    ],
)
def test_a_spoiled_series_is_one_clear_line(shelf, file, old, new, message):
    spoil(shelf / file, old, new)
    with pytest.raises(evidence.EvidenceError) as caught:
        evidence.series("appeals")
    assert str(caught.value) == message


def test_a_spoiled_report_or_source_is_one_clear_line(shelf):
    spoil(shelf / "reports.csv", ",stated,date,", ",statd,date,")
    with pytest.raises(evidence.EvidenceError, match=r'unknown word "statd"\. Did you mean "st'):
        evidence.reports()
    spoil(shelf / "sources.toml", 'grade = "B"', 'grade = "E"')
    forget()
    with pytest.raises(evidence.EvidenceError) as caught:
        evidence.sources()
    assert str(caught.value) == 'sources.toml: NEWS0423.grade: "E" is not A, B, C or D.'
