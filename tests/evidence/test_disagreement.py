"""Who else gives a figure: the entries point at what is there, and days are put side by side."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from asylumatlas import parameters
from asylumatlas.evidence import EvidenceError, disagreement, sources
from asylumatlas.evidence.disagreement import Figure, figures, mentioned


@pytest.mark.parametrize("name", disagreement.names())
def test_each_entry_tells_of_a_parameter_and_finds_figures(name: str) -> None:
    assert name in parameters.load()
    found = figures(name)
    assert found
    assert {one.source for one in found} <= set(sources())


@pytest.mark.parametrize("name", disagreement.names())
def test_shares_stay_shares(name: str) -> None:
    """A percent that is set beside a share was turned into one."""
    if parameters.load()[name].unit.startswith("share"):
        assert all(0 <= one.value <= 1 for one in figures(name))


def test_conflicting_denial_rates_of_one_year_stand_side_by_side() -> None:
    """FY2016: 57 percent by TRAC's definition, 22.56 percent by EOIR's."""
    year = [one for one in figures("court.denied_share.all") if one.period == "FY2016"]
    assert {round(one.value, 4) for one in year} >= {0.57, 0.2256}


def test_a_quantity_at_the_start_of_a_year_is_held_against_the_end_of_the_last() -> None:
    last = [one for one in figures("national.pending") if one.period == "FY2016"]
    assert {one.day for one in last} == {datetime.date(2016, 10, 1)}


def test_parts_of_years_are_no_years() -> None:
    assert any("H1" in str(one.period) for one in figures("court.denied_share.all"))
    assert not any("H1" in one.period for one in figures("court.completions"))


def test_a_difference_is_a_share_of_the_value() -> None:
    one = Figure("S01", "", None, 90.0, "", "")
    assert one.differs(100.0) == -0.1
    assert one.differs(0.0) == float("inf")


def test_only_sources_that_exist_are_mentioned() -> None:
    assert mentioned("AP says 300 (REW0504), GAO other; MERC0430") == ("REW0504", "MERC0430")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[x]\nserie = []\n", "x.serie: unknown key. Did you mean"),
        ('[x]\nseries = [{ name = "court_national", colum = "value" }]\n', "unknown key"),
        ('[x]\nseries = [{ name = "court_nationl" }]\n', "court_national"),
        ('[x]\nseries = [{ name = "court_national", column = "valu" }]\n', '"value"'),
        (
            '[x]\nseries = [{ name = "court_national", where = { measure = "no" } }]\n',
            "no such row",
        ),
        ('[x]\nreports = [{ measure = "no" }]\n', "no report"),
        ("[x\n", "not valid TOML"),
    ],
)
def test_a_wrong_entry_is_told_in_one_line(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disagreements.toml").write_text(text)
    monkeypatch.setattr(disagreement, "__file__", str(tmp_path / "disagreement.py"))
    disagreement._entries.cache_clear()
    try:
        with pytest.raises(EvidenceError, match=r"\A[^\n]*\Z") as caught:
            figures("x")
        assert said in str(caught.value)
    finally:
        monkeypatch.undo()
        disagreement._entries.cache_clear()
