"""Columns of counts, sorted and added up: words as codes, so that millions of rows stay quick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Array = npt.NDArray[Any]

_WIDEST = 2**62  # of the one number that stands for a whole key


@dataclass(frozen=True, eq=False)
class Words:
    """A column of words: the place of each in a sorted list.

    Attributes:
        codes: (N,) int32, place in ``words``; their number where the word is not known, so that
            what is not known is sorted last.
        words: the different words, sorted, every one in use.
    """

    codes: npt.NDArray[np.int32]
    words: tuple[str, ...]

    @classmethod
    def of(cls, values: Array) -> Words:
        """Return the column of (N,) texts, ``None`` where the word is not known.

        Example:
            >>> Words.of(np.array(["b", None, "a", "b"], dtype=object)).codes.tolist()
            [1, 2, 0, 1]
        """
        found = values.tolist()
        different = set(found) - {None}
        words = tuple(sorted(different))
        places: dict[str | None, int] = {word: code for code, word in enumerate(words)}
        places[None] = len(words)
        codes = np.fromiter(map(places.__getitem__, found), np.int32, len(found))
        return cls(codes, words)

    def renamed(self, names: Mapping[str, str | None]) -> Words:
        """Return the column with other words, which may be the same for several of them.

        Args:
            names: word -> the new word, ``None`` where it counts as not known.
        """
        new = [names.get(word, word) for word in self.words]
        return Words.over([self], tuple(sorted({word for word in new if word is not None})), new)

    @classmethod
    def over(
        cls, parts: Sequence[Words], words: tuple[str, ...], names: Sequence[str | None] = ()
    ) -> Words:
        """Return columns one after the other, coded in one list of words.

        Args:
            parts: the columns.
            words: the list, sorted.
            names: what the words of the only part are called in the list; by default as they are.
        """
        places: dict[str | None, int] = {word: code for code, word in enumerate(words)}
        places[None] = len(words)
        codes = []
        for part in parts:
            table = [places[word] for word in (*(names or part.words), None)]
            codes.append(np.array(table, np.int32)[part.codes])
        return cls(np.concatenate(codes), words)

    def take(self, rows: Array) -> Words:
        """Return the rows chosen, with the words that they use."""
        codes = self.codes[rows]
        used = np.zeros(len(self.words) + 1, bool)
        used[codes] = True
        used[-1] = True  # the place of what is not known, in use or not
        table = np.cumsum(used, dtype=np.int32) - 1
        kept = tuple(word for word, use in zip(self.words, used[:-1], strict=True) if use)
        return Words(table[codes].astype(np.int32), kept)

    def values(self) -> Array:
        """Return (N,) texts, ``None`` where the word is not known."""
        return np.array([*self.words, None], dtype=object)[self.codes]


Column = Words | Array


def joined(parts: Sequence[Column]) -> Column:
    """Return the same column of several tables, one after the other."""
    words = [part for part in parts if isinstance(part, Words)]
    if words:
        return Words.over(words, tuple(sorted(set().union(*(part.words for part in words)))))
    return np.concatenate([np.asarray(part) for part in parts])


def added_up(
    keys: Mapping[str, Column], measures: Mapping[str, Array]
) -> tuple[dict[str, Column], dict[str, Array]]:
    """Sort rows by their keys and add up those with the same keys; rows of zeros stay out.

    Args:
        keys: name -> (N,) words or integers, the first the slowest to change.
        measures: name -> (N,) integers, which are added.

    Returns:
        The keys and the measures of the rows that are left, in an order that does not depend on
        that of the rows given.
    """
    code = numbered(list(keys.values()), _length(measures))
    order = np.argsort(code)
    ranked = code[order]
    first = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]])[: len(ranked)])
    sums = {name: _sums(values[order], first) for name, values in measures.items()}
    kept = np.zeros(len(first), bool)
    for values in sums.values():
        kept |= values != 0
    rows = order[first[kept]]
    chosen: dict[str, Column] = {
        name: column.take(rows) if isinstance(column, Words) else column[rows]
        for name, column in keys.items()
    }
    return chosen, {name: values[kept] for name, values in sums.items()}


def numbered(columns: Sequence[Column], length: int) -> Integers:
    """Return (N,) one number for each row, equal for equal keys and in the order of the keys.

    Args:
        columns: (N,) each, the first the slowest to change.
        length: N, where there is no column.
    """
    code = np.zeros(length, np.int64)
    width = 1
    for column in columns:
        digits, base = _digits(column)
        if width * base >= _WIDEST:  # give the keys so far the smallest numbers that keep them
            code = np.unique(code, return_inverse=True)[1].astype(np.int64)
            width = int(code.max(initial=0)) + 1
        code = code * base + digits
        width *= base
    return code


def _digits(column: Column) -> tuple[Integers, int]:
    """Return a column as numbers from 0, and one more than the largest there may be."""
    if isinstance(column, Words):
        return column.codes.astype(np.int64), len(column.words) + 1
    if not len(column):
        return column.astype(np.int64), 1
    if column.dtype.kind == "f":
        values, places = np.unique(column, return_inverse=True)
        return places.astype(np.int64), len(values)
    low = int(column.min())
    return column.astype(np.int64) - low, int(column.max()) - low + 1


def _length(measures: Mapping[str, Array]) -> int:
    return len(next(iter(measures.values())))


def _sums(values: Array, first: Array) -> Array:
    """Return the sum of each run of rows that begins at ``first``."""
    if not len(first):
        return values[:0]
    return values if len(first) == len(values) else np.add.reduceat(values, first)
