"""Files of `pages` are ordinary Parquet: two other programs read from them what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.events.footer import varint
from asylumatlas.events.pages import Pages

SCHEMA = pa.schema(
    [
        pa.field("replication", pa.int16(), nullable=False),
        pa.field("case_id", pa.int64(), nullable=False),
        pa.field("seq", pa.int32(), nullable=False),
        pa.field("date", pa.date32()),
        pa.field("word", pa.dictionary(pa.int32(), pa.string())),
        pa.field("event", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("extra", pa.int64()),
    ]
)
NULLABLE = ("date", "word")
WORDS = ["one", "zwei", "trois", "четыре", "五"]


def file_of(groups: list[dict[str, Any]]) -> pa.Buffer:
    pages = Pages(SCHEMA, ["date"])  # in text -1 always is null
    for columns in groups:
        pages.add(columns)
    return pages.close()


def plainly(groups: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The rows, by plain Python; dates stay numbers."""
    rows: list[tuple[Any, ...]] = []
    for columns in groups:
        told = []
        for name in SCHEMA.names:
            values = columns[name]
            if values is None:
                told.append([None] * len(columns["case_id"]))
                continue
            numbers = (values[0] if isinstance(values, tuple) else values).tolist()
            if name in NULLABLE:
                numbers = [None if number == -1 else number for number in numbers]
            words = values[1] if isinstance(values, tuple) else None
            told.append([n if n is None or words is None else words[n] for n in numbers])
        rows += zip(*told, strict=True)
    return rows


def by_arrow(data: pa.Buffer) -> list[tuple[Any, ...]]:
    table = pq.read_table(pa.BufferReader(data))
    assert table.schema.equals(SCHEMA)
    table.validate(full=True)
    table = table.set_column(3, "date", table["date"].cast(pa.int32()))
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def by_duckdb(data: pa.Buffer, folder: Path) -> list[tuple[Any, ...]]:
    path = folder / "file.parquet"
    path.write_bytes(data)
    days = "* replace (date - date '1970-01-01' as date)"
    question = f"select {days} from read_parquet('{path}')"
    return duckdb.connect().execute(question).fetchall()


def group(
    rows: int, dates: list[int] | None, words: list[int] | None, kind: type = np.int16
) -> dict[str, Any]:
    def spread(values: list[int], kind: Any) -> Any:
        return np.resize(np.array(values, kind), rows)

    numbers = np.arange(rows)
    return {
        "replication": np.full(rows, 3, np.int16),
        "case_id": numbers * numbers + 2**40,
        "seq": (numbers % 7).astype(np.uint16),
        "date": None if dates is None else spread(dates, np.int32),
        "word": None if words is None else (spread(words, kind), WORDS),
        "event": ((numbers % 5).astype(kind), WORDS),
        "extra": -numbers,
    }


sizes = st.one_of(st.integers(1, 20), st.sampled_from([63, 64, 65, 1000]))
days = st.lists(st.sampled_from([-400, -2, -1, 0, 17_000, 20_000, 2**31 - 1]), min_size=1)
codes = st.lists(st.integers(-1, len(WORDS) - 1), min_size=1)
groups = st.builds(
    group,
    sizes,
    st.none() | days,
    st.none() | codes,
    st.sampled_from([np.int8, np.int16, np.int64]),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(groups, max_size=3))
def test_what_is_written_is_read(told: list[dict[str, Any]]) -> None:
    data = file_of(told)
    assert by_arrow(data) == plainly(told)
    assert pq.ParquetFile(pa.BufferReader(data)).metadata.num_row_groups == len(told)


@pytest.mark.parametrize("dates", [None, [-1], [5], [-1, 17_000, 9], [-70_000, 70_000]])
@pytest.mark.parametrize("words", [None, [-1], [2], [0, -1, 4]])
def test_another_program_reads_it_too(
    dates: list[int] | None, words: list[int] | None, tmp_path: Path
) -> None:
    told = [group(1_001, dates, words), group(9, [1, 2], [1, -1])]
    assert by_duckdb(file_of(told), tmp_path) == plainly(told)


@pytest.mark.parametrize("many", [255, 256, 257, 65_536, 65_537])
def test_as_many_words_as_there_may_be(many: int, tmp_path: Path) -> None:
    columns = group(many + 1, [7], [0])
    words = [f"word {k}" for k in range(many)]
    columns["word"] = np.arange(many + 1)[::-1] - 1, words  # the last is null
    data = file_of([columns])
    assert by_arrow(data) == plainly([columns])
    assert by_duckdb(data, tmp_path) == plainly([columns])


def test_readers_can_leave_row_groups_out() -> None:
    data = file_of([group(10, [4, -1, 9], [0]), group(10, [-1], [0])])
    first, second = (
        pq.ParquetFile(pa.BufferReader(data)).metadata.row_group(k).column(3) for k in (0, 1)
    )
    told = first.statistics
    assert [str(told.min), str(told.max), told.null_count] == ["1970-01-05", "1970-01-10", 3]
    assert second.statistics is None
    whole = pq.ParquetFile(pa.BufferReader(data)).metadata.row_group(0).column(1).statistics
    assert (whole.min, whole.max) == (2**40, 2**40 + 81)


@pytest.mark.parametrize("rows", [1, 2, 32, 33, 34, 65, 128, 129, 130, 161, 300])
@pytest.mark.parametrize("step", [0, 1, 255, 256, 70_000, 2**40])
@pytest.mark.parametrize("back", [0, 5])
def test_numbers_in_steps(rows: int, step: int, back: int, tmp_path: Path) -> None:
    columns = group(rows, None, None)
    kept = np.arange(rows) % 3 == 0  # every third step
    columns["case_id"] = 9 + np.cumsum(np.where(kept, step, 0)) - back * (np.arange(rows) // 50)
    data = file_of([columns])
    assert by_arrow(data) == plainly([columns])
    assert by_duckdb(data, tmp_path) == plainly([columns])


def test_no_rows_are_a_file_too(tmp_path: Path) -> None:
    data = file_of([])
    assert by_arrow(data) == by_duckdb(data, tmp_path) == []


def test_a_number_in_steps_of_seven_bits() -> None:
    told = {0: "00", 127: "7f", 128: "8001", 2**31: "8080808008"}
    assert {number: varint(number).hex() for number in told} == told
