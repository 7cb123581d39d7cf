"""Row groups of a dataset's tables as numpy arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

NO_DAY = np.int32(-(2**31))
"""Stands for a date that is blank or could not be read; days count from 1970-01-01."""

NO_WORD = -1
NO_KEY = 0


class Words:
    """Words and their codes, in the order in which they were met.

    Example:
        >>> words = Words(["NYC"])
        >>> words.code("MIA"), words.code("NYC"), words.words
        (1, 0, ['NYC', 'MIA'])
    """

    def __init__(self, words: Sequence[str] = ()) -> None:
        self.words = list(words)
        self._codes = {word: code for code, word in enumerate(self.words)}

    def code(self, word: str) -> int:
        """Return the code of a word, a new one if it is new; `NO_WORD` for an empty word."""
        if not word:
            return NO_WORD
        code = self._codes.get(word)
        if code is None:
            code = self._codes[word] = len(self.words)
            self.words.append(word)
        return code


class Rows:
    """Some columns of one row group; a column that the file does not have reads as blank.

    Args:
        table: the columns, as Arrow read them.
    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self.size = table.num_rows

    def keys(self, name: str) -> NDArray[np.int32]:
        """Return a column of keys, `NO_KEY` where there is none."""
        return self._filled(name, pa.int32(), NO_KEY)

    def days(self, name: str) -> NDArray[np.int32]:
        """Return a column of dates as days since 1970-01-01, `NO_DAY` where there is none."""
        column = self._column(name)
        if column is None:
            return np.full(self.size, NO_DAY)
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.date32(), safe=False)
        filled: NDArray[np.int32] = column.view(pa.int32()).fill_null(int(NO_DAY)).to_numpy()
        return filled

    def integers(self, name: str, blank: int) -> NDArray[np.int32]:
        """Return a column of small numbers or flags, ``blank`` where there is no such number."""
        column = self._column(name)
        if column is not None and pa.types.is_int64(column.type):
            small = pc.and_(pc.greater_equal(column, _LEAST), pc.less_equal(column, _MOST))
            column = pc.if_else(small, column, None)
            return self._as_numbers(column, pa.int32(), blank)
        return self._filled(name, pa.int32(), blank)

    def moments(self, name: str) -> NDArray[np.int64]:
        """Return a column of dates with time as milliseconds since 1970-01-01, or the least."""
        column = self._column(name)
        if column is None:
            return np.full(self.size, np.iinfo(np.int64).min)
        filled = column.cast(pa.timestamp("ms"), safe=False).view(pa.int64())
        result: NDArray[np.int64] = filled.fill_null(np.iinfo(np.int64).min).to_numpy()
        return result

    def words(self, name: str, words: Words) -> NDArray[np.int32]:
        """Return a column of text as codes of ``words``, `NO_WORD` where it is blank."""
        indices, found = self.text(name)
        table = np.array([*(words.code(word) for word in found), NO_WORD], np.int32)
        return table[indices]

    def choices(
        self, name: str, codes: Mapping[str, int], *, other: int, blank: int, fold: bool = False
    ) -> NDArray[np.int16]:
        """Return a column of text as the number that stands for each word.

        Args:
            name: the column.
            codes: the number of each word that has one of its own.
            other: the number of every other word.
            blank: the number where there is none.
            fold: compare without regard to case; ``codes`` are then in capitals.
        """
        indices, found = self.text(name)
        known = (codes.get(word.upper() if fold else word, other) for word in found)
        return np.array([*known, blank], np.int16)[indices]

    def text(self, name: str) -> tuple[NDArray[np.int32], list[str]]:
        """Return the row codes (-1 blank) and the words of a column of text."""
        column = self._column(name)
        if column is None:
            return np.full(self.size, NO_WORD, np.int32), []
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        indices = column.indices.fill_null(NO_WORD).cast(pa.int32()).to_numpy()
        found = [word or "" for word in column.dictionary.to_pylist()]
        return indices, found

    def _column(self, name: str) -> Any:
        """Return a column as one array, None if the file does not have it."""
        if name not in self._table.column_names:
            return None
        column = self._table[name].combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.nulls(0)
        return column

    def _filled(self, name: str, kind: pa.DataType, blank: int) -> NDArray[np.int32]:
        column = self._column(name)
        if column is None:
            return np.full(self.size, blank, np.int32)
        return self._as_numbers(column, kind, blank)

    @staticmethod
    def _as_numbers(column: Any, kind: pa.DataType, blank: int) -> NDArray[np.int32]:
        filled: NDArray[np.int32] = pc.fill_null(column.cast(kind), blank).to_numpy()
        return filled


_LEAST, _MOST = -(2**31), 2**31 - 1


def row_groups(path: Path, columns: Sequence[str]) -> Iterator[Rows]:
    """Yield the row groups of a table's file, with the columns that it has of those named."""
    with pq.ParquetFile(path) as file:
        present = set(file.schema_arrow.names)
        wanted = [name for name in columns if name in present]
        if not wanted:
            return
        for number in range(file.num_row_groups):
            yield Rows(file.read_row_group(number, columns=wanted, use_threads=False))


def whole(path: Path, columns: Sequence[str]) -> dict[str, list[Any]]:
    """Return columns of a small table as lists; None throughout for a column it does not have."""
    with pq.ParquetFile(path) as file:
        present = set(file.schema_arrow.names)
        table = file.read(columns=[name for name in columns if name in present])
        blank = [None] * file.metadata.num_rows
    return {name: table[name].to_pylist() if name in present else blank for name in columns}
