"""Events are checked and encoded a slice at a time: nobody can tell where a slice ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.events import open_log, parts
from asylumatlas.events.coded import CodedEvents, checked_events, event_slices
from asylumatlas.events.columns import LogError

from .test_events import PLACES, TWO, changed, written

CASES, EVENTS = TWO


def joined(slices: list[dict[str, Any]], name: str) -> Any:
    values = [each[name] for each in slices]
    if values[0] is None:
        return None
    codes = [each[0] if isinstance(each, tuple) else each for each in values]
    return np.concatenate(codes).tolist()


@settings(deadline=None)
@given(st.integers(1, 12))
def test_slices_together_are_the_whole(size: int) -> None:
    whole = checked_events(EVENTS, PLACES)
    slices = list(event_slices(EVENTS, PLACES, size))
    assert len(slices) == -(-len(EVENTS.seq) // size)
    for name in whole:
        assert joined(slices, name) == joined([whole], name)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("column", "value"), [("seq", 0), ("date", 0), ("event", 9_999), ("place", 77), ("outcome", 3)]
)
def test_a_fault_is_named_by_its_row_in_the_part(column: str, value: int, size: int) -> None:
    row = 2
    harmed = changed(EVENTS, column, row, value)
    with pytest.raises(LogError) as whole:
        checked_events(harmed, PLACES)
    with pytest.raises(LogError) as sliced:
        list(event_slices(harmed, PLACES, size))
    assert f"row {row}" in str(sliced.value)
    assert str(sliced.value) == str(whole.value)


def test_columns_of_two_lengths_are_refused_before_anything_else() -> None:
    longer = replace(EVENTS, date=np.append(EVENTS.date, 0))
    with pytest.raises(LogError, match=r"events\.date: must be flat, of \d+ values as replication"):
        list(event_slices(longer, PLACES, 2))


def test_no_events_are_one_slice() -> None:
    empty = CodedEvents(*(np.zeros(0, np.int64) for _ in range(7)))
    assert len(list(event_slices(empty, PLACES, 5))) == 1


def test_a_log_of_many_slices_reads_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = open_log(written(tmp_path / "one", TWO)).events()
    monkeypatch.setattr(parts, "SLICE", 2)
    many = open_log(written(tmp_path / "many", TWO)).events()
    assert one.to_pydict() == many.to_pydict()
