"""What is withheld is withheld: the cell, what gives it away, its curve and its difference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.stats import ask
from asylumatlas.stats.suppression import suppress

from .small_logs import Case, decided, write

Row = dict[str, Any]


def cell(size: int, **more: Any) -> Row:
    return {"definition": "d", "log": "l", "value": size, "low95": None, "flag": ""} | more


def shown(rows: list[Row]) -> list[Any]:
    return [row["value"] for row in rows]


def test_a_small_cell_takes_the_next_smallest_with_it() -> None:
    rows = [cell(n, kind=str(n)) for n in (3, 100, 40, 60)]
    assert shown(suppress(rows, 10, ["kind"])) == [None, 100, None, 60]


def test_a_cell_of_nobody_stays() -> None:
    rows = [cell(n, kind=str(n)) for n in (0, 100, 40)]
    assert shown(suppress(rows, 10, ["kind"])) == [0, 100, 40]


def test_rows_and_columns_of_two_keys_cannot_be_solved() -> None:
    # one small cell of a square: its row, its column and one more must go
    sizes = {("a", "x"): 2, ("a", "y"): 50, ("b", "x"): 60, ("b", "y"): 70}
    rows = [cell(n, kind=a, court=b) for (a, b), n in sizes.items()]
    found = suppress(rows, 10, ["kind", "court"])
    for key in ("kind", "court"):
        for value in ("a", "b", "x", "y"):
            hidden = [row["flag"] for row in found if row[key] == value]
            assert hidden.count("suppressed") != 1


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=8), st.integers(2, 20))
def test_no_withheld_cell_stands_alone(sizes: list[int], below: int) -> None:
    rows = [cell(n, kind=str(k)) for k, n in enumerate(sizes)]
    found = suppress(rows, below, ["kind"])
    hidden = [n for n, row in zip(sizes, found, strict=True) if row["flag"] == "suppressed"]
    assert all(n in hidden for n in sizes if 0 < n < below)
    if 0 < len(hidden) < sum(n > 0 for n in sizes):
        assert len(hidden) > 1
        assert sum(hidden) >= below


def test_few_that_were_counted_are_few_people_too(tmp_path: Path) -> None:
    log = write(tmp_path, [*decided(97, 3), *decided(50, 50, nationality="SLV")])
    rows = ask("asylum_denial_rate", log, by="nationality", suppress=10).rows
    assert [row["flag"] for row in rows] == ["suppressed", "suppressed"]
    assert all(row["numerator"] is None and row["low95"] is None for row in rows)
    (row,) = ask("asylum_denial_rate", log, suppress=10).rows
    assert row["value"] == pytest.approx(53 / 200)


def test_a_difference_does_not_tell_what_is_withheld(tmp_path: Path) -> None:
    few = [*decided(2, 1), *decided(30, 30, nationality="SLV")]
    many = [*decided(30, 30), *decided(30, 30, nationality="SLV")]
    logs = [write(tmp_path / "few", few), write(tmp_path / "many", many)]
    for order in (logs, logs[::-1]):
        table = ask("receipts", order, by="nationality", suppress=10)
        flags = {row["flag"] for row in table.rows if row["log"] == "few"}
        assert flags == {"suppressed"}
        assert all(row["difference"] is None for row in table.rows)
        assert [row["value"] for row in table.rows if row["log"] == "many"] == [60, 60]


def test_curves_of_withheld_groups_are_not_drawn(tmp_path: Path) -> None:
    cases = [
        *decided(1, 1),
        *decided(20, 20, nationality="SLV"),
        *decided(40, 40, nationality="GTM"),
        *[Case(nationality="GTM")] * 60,
    ]
    log = write(tmp_path, cases)
    table = ask("time_to_decision", log, by="nationality", suppress=10)
    assert [row["nationality"] for row in table.rows if row["value"]] == ["GTM"]
    assert {point["nationality"] for point in table.curves} == {"GTM"}
    open_table = ask("time_to_decision", log, by="nationality")
    assert {point["nationality"] for point in open_table.curves} == {"GTM", "HND", "SLV"}


def test_a_stage_with_few_people_is_withheld(tmp_path: Path) -> None:
    log = write(tmp_path, [*decided(3, 40), *[Case()] * 60])
    rows = ask("flow", log, suppress=10).rows
    late = {row["stage"]: row for row in rows if row["after_days"] == 365}
    assert late["protected"]["value"] is None
    assert sum(row["flag"] == "suppressed" for row in late.values()) > 1
    assert all(row["value"] in (0, 1) for row in rows if row["after_days"] == 30)


def test_meters_are_not_people(tmp_path: Path) -> None:
    meter = {"meter": "busy", "label": "Busy", "place": "", "unit": "share", "amounts": [0.4]}
    log = write(tmp_path, decided(1, 1), meters=[meter])
    assert ask("cost", log, suppress=10).rows[0]["value"] == 0.4
