"""The published ledger: figures as printed, two definitions apart, nothing before it was known."""

import datetime
from types import MappingProxyType

import numpy as np
import pytest

from asylumatlas import evidence
from asylumatlas.national import ledger
from asylumatlas.national.errors import LacksData, NationalError
from asylumatlas.national.targets import targets


def test_the_active_ledger_is_as_published():
    found = ledger.history()
    assert found.years.tolist() == list(range(2008, 2021))
    year = found.at(2019)
    assert found.pending_end[year] == 1_087_201
    assert found.receipts[year] == 546_248
    assert found.completions[year] == 276_970
    assert found.judges_end[found.at(2016)] == 289
    assert found.pending_start[0] == 174_999  # TRAC, end of FY2007


def test_the_residual_is_that_of_the_published_check():
    found = ledger.history()
    rows = evidence.series("court_stock_flow").rows
    assert len(rows) == 12
    for row in rows:
        assert found.residual[found.at(row["end"].year)] == row["residual"]


def test_the_other_ledger_counts_inactive_cases_too():
    found = ledger.history(definition="all")
    assert found.pending_end[found.at(2024)] == 3_884_956
    assert np.isnan(found.pending_end[found.at(2016)])
    assert found.inactive[found.at(2017)] == 895_677 - 656_095
    assert found.working[found.at(2016)] == 521_517
    later = [found.at(year) for year in range(2020, 2025)]
    assert np.ptp(found.inactive[later]) == 0.0


@pytest.mark.parametrize("definition", ["active", "all"])
def test_stock_and_flows_close_with_the_residual(definition):
    found = ledger.history(definition=definition)
    moved = found.receipts + found.reopened - found.completions - found.administratively_closed
    assert found.working_start + moved == pytest.approx(found.working)
    assert np.all(found.reopened >= 0.0)
    assert np.all(found.administratively_closed >= 0.0)


def test_every_attribute_cites_known_sources():
    found = ledger.history(definition="all")
    for cited in found.sources.values():
        for source in cited:
            assert evidence.source(source).grade in "ABC"


@pytest.mark.parametrize(
    ("cutoff", "last", "definition"),
    [(2012, 2017, "active"), (2015, 2020, "active"), (2017, 2022, "all"), (2022, 2024, "all")],
)
def test_a_window_counts_both_ends_alike(cutoff, last, definition):
    found = ledger.window(cutoff, last)
    assert found.definition == definition
    assert found.last == last
    assert np.isfinite(found.pending_end[[found.at(cutoff), found.at(last)]]).all()


def test_a_window_without_data_is_refused():
    with pytest.raises(LacksData, match="FY2016 to FY2021") as caught:
        ledger.window(2016, 2021)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("year", [2007, 2021])
def test_a_year_outside_the_ledger_is_refused(year):
    with pytest.raises(LacksData, match=f"FY{year}"):
        ledger.history(year)


def test_an_unknown_definition_is_refused():
    with pytest.raises(NationalError, match="definition"):
        ledger.history(definition="every")  # type: ignore[arg-type]


def spoilt(until):
    """`evidence.series` with every figure dated after a fiscal year made ten times as large."""
    honest, end = evidence.series, datetime.date(until, 9, 30)

    def series(name):
        found = honest(name)
        rows = []
        for row in found.rows:
            changed = dict(row)
            if row.get("end") is not None and row["end"] > end:
                changed |= {key: 10 * row[key] for key in ("value", "low") if key in row}
            rows.append(MappingProxyType(changed))
        return type(found)(
            **{key: getattr(found, key) for key in found.__slots__ if key != "rows"},
            rows=tuple(rows),
        )

    return series


@pytest.mark.parametrize("until", [2012, 2014, 2016, 2017, 2018, 2020])
def test_nothing_dated_later_is_used(monkeypatch, until):
    before = ledger.history(until)
    monkeypatch.setattr(evidence, "series", spoilt(until))
    after = ledger.history(until)
    for name in ("pending_start", "pending_end", "receipts", "completions", "judges"):
        assert np.array_equal(getattr(before, name), getattr(after, name)), name
    for name in ("judges_end", "working", "reopened", "administratively_closed"):
        assert np.array_equal(getattr(before, name), getattr(after, name)), name
    assert ledger.history().pending_end[-1] > 2e6 or until == 2020  # the spoiling works


def test_judges_carry_the_last_count_on():
    assert ledger.history(2018).judges_end[-1] == 330  # July 2018; 395 became known in 2019
    assert ledger.history().judges_end[ledger.history().at(2018)] == 395


def test_vintages_tell_what_was_printed_otherwise():
    found = {(v.measure, v.year, v.other_source): v.other for v in ledger.vintages()}
    assert found["pending_year_end", 2019, "S12"] == 987_274
    assert found["total_completions", 2017, "S11"] == 169_150
    assert found["total_completions", 2015, "S09"] == 199_000
    assert all(v.value != v.other and v.year > 0 for v in ledger.vintages())


def test_targets_are_known_only_from_their_publication():
    median = {t.last: t for t in targets() if t.name == "median_days_pending" and t.source == "S09"}
    assert median[2014].value == 404  # "at the start of FY2015"
    assert median[2014].known_from == 2017
    assert all(t.known.year <= 2017 for t in targets(2017))
    assert not [t for t in targets(2016) if t.source == "S09"]
    assert len(targets(2012)) < len(targets(2017)) < len(targets())
