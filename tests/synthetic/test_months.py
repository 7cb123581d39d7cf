"""A chain of releases: what is asked of each month, and what is said to be wrong between them."""

from datetime import date
from pathlib import Path

import pytest

from asylumatlas.synthetic import months, release
from asylumatlas.synthetic.truth import read_truth

DAYS = months.months_back(date(2026, 4, 1), 5)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict]:  # type: ignore[type-arg]
    """What is asked of the writer of releases, which writes nothing here."""
    asked: list[dict] = []  # type: ignore[type-arg]
    monkeypatch.setattr(
        release,
        "synthesize",
        lambda cases, out, **rest: asked.append({"cases": cases, "out": out, **rest}),
    )
    return asked


def test_a_month_is_left_out_and_said_so(tmp_path: Path, calls: list[dict]) -> None:  # type: ignore[type-arg]
    made = months.chain(1000, tmp_path / "chain", DAYS)
    assert made.left_out == DAYS[-2]
    assert [call["as_of"] for call in calls] == [day for day in DAYS if day != DAYS[-2]]
    assert {call["seed"] for call in calls} == {1}
    rows = read_truth(made.truth)
    assert [(row.defect, row.original) for row in rows] == [("D21", str(DAYS[-2]).encode())]


def test_a_block_is_gone_from_the_middle_on_and_named_once(
    tmp_path: Path,
    calls: list[dict],  # type: ignore[type-arg]
) -> None:
    months.chain(1000, tmp_path / "chain", DAYS)
    gone = {call["as_of"]: call["gone"] for call in calls}
    for day in DAYS[:2]:
        assert [block.table for block in gone[day]] == [months.LATE_TABLE]
    assert [block.defect for block in gone[DAYS[2]]] == ["D19"]
    assert [block.defect for block in gone[DAYS[4]]] == [""]
    first, last = gone[DAYS[2]][0], gone[DAYS[4]][0]
    assert (first.table, first.first, first.last) == (last.table, last.first, last.last)
    assert first.first < first.last


def test_a_clean_chain_has_no_gaps(tmp_path: Path, calls: list[dict]) -> None:  # type: ignore[type-arg]
    made = months.chain(1000, tmp_path / "chain", DAYS, defects=0)
    assert made.left_out is None
    assert len(made.releases) == len(DAYS)
    assert all(call["gone"] == () for call in calls)
    assert read_truth(made.truth) == []


@pytest.mark.parametrize("days", [[], DAYS[::-1], [DAYS[0], DAYS[0]]])
def test_months_have_to_follow_each_other(tmp_path: Path, days: list[date]) -> None:
    with pytest.raises(ValueError, match="months: "):
        months.chain(1000, tmp_path, days)
