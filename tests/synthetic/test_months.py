"""A chain of releases: what is asked of each month, and what is said to be wrong between them."""

from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from asylumatlas.records import diff, import_release
from asylumatlas.records.registry import tables
from asylumatlas.synthetic import months, release
from asylumatlas.synthetic.gone import vanished
from asylumatlas.synthetic.score import score
from asylumatlas.synthetic.truth import TruthRow, TruthWriter, read_truth

DAYS = months.months_back(date(2026, 4, 1), 5)
COMPARED = [months.VANISHING, "tblAppeal", "tblLookupJudge", "tblLookupHloc", "tblLookupState"]
GONE = TruthRow("D19", "gone", months.VANISHING, 0, "", 77, b"", b"", "removed")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict]:  # type: ignore[type-arg]
    """What is asked of the writer of releases, which writes a truth file and nothing else here."""
    asked: list[dict] = []  # type: ignore[type-arg]

    def write(cases, out, **rest):  # type: ignore[no-untyped-def]
        asked.append({"cases": cases, "out": out, **rest})
        with TruthWriter(rest["truth"], out.name) as writer:
            writer.add([GONE] if any(block.defect for block in rest["gone"]) else [])

    monkeypatch.setattr(release, "synthesize", write)
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
    assert last.keys == {77}


@pytest.mark.parametrize("count", [2, 4])
def test_a_difference_has_the_planted_rows_and_no_others(tmp_path: Path, count: int) -> None:
    made = months.chain(1500, tmp_path / "chain", DAYS[:count], defects=2.0, seed=3, workers=1)
    datasets = []
    for path in made.releases:
        datasets.append(tmp_path / path.stem)
        import_release(path, datasets[-1], workers=1, link=False)
    planted = []
    for number, (older, newer) in enumerate(pairwise(datasets), start=1):
        found = diff(older, newer, out=tmp_path / f"diff-{number}", tables=COMPARED)
        told = vanished(made.truths[number], tmp_path / f"diff-{number}", older)
        assert told.exact, told
        assert not told.unread
        assert "D19" not in score(made.truths[number], newer).defects  # one release cannot tell
        planted.append(told.planted[months.VANISHING])
        for table in found.tables:
            if tables()[table.table].kind == "lookup":
                assert (table.added, table.removed, table.changed) == (0, 0, 0), table.table
    # the third month of four is the one that is left out; what is gone from then on is gone once
    assert [rows > 50 for rows in planted] == ([True] if count == 2 else [False, True])


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
