"""Whether an import left alone what was not spoilt: a dataset beside its clean twin."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from asylumatlas.records.registry import tables

EXAMPLES = 20
Lines = npt.NDArray[np.int64]


@dataclass
class Altered:
    """How a dataset differs from its clean twin where nothing was planted.

    Attributes:
        compared: rows without a defect that both have.
        altered: of these, rows with another value in some column.
        missing: rows without a defect that only the clean twin has.
        surplus: rows without a defect that only the dataset has.
        mended: repaired rows that both have; `mended_wrong` those that are not what they were.
        examples: of rows that differ: table, row of the table, column, value and clean value.
    """

    compared: int = 0
    altered: int = 0
    missing: int = 0
    surplus: int = 0
    mended: int = 0
    mended_wrong: int = 0
    examples: list[tuple[str, int, str, str, str]] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether no row was altered, lost or made up, and every repair was right."""
        return not (self.altered or self.missing or self.surplus or self.mended_wrong)


def altered(dataset: Path, clean_dataset: Path, truth: Path) -> Altered:
    """Compare every row without a planted defect with the same row of the clean release.

    Args:
        dataset: made from the release with defects.
        clean_dataset: made from the release of the same seed without any.
        truth: what was planted.
    """
    import pyarrow.parquet as pq

    planted = pq.read_table(truth, columns=["table", "line", "added", "expect"])
    found = Altered()
    for name, table in tables().items():
        folders = (dataset, clean_dataset)
        there = all((folder / "tables" / f"{name}.parquet").exists() for folder in folders)
        if table.kind == "main" and there:
            _compare(found, dataset, clean_dataset, name, *_planted(planted, name))
    return found


def _planted(planted: Any, table: str) -> tuple[Lines, Lines]:
    """The lines of a table with a defect, and those of them that the clean release lacks."""
    import pyarrow.compute as pc

    of_table = planted.filter(
        pc.and_(pc.equal(planted["table"], table), pc.greater(planted["line"], 1))
    )
    lines = np.asarray(of_table["line"], np.int64)
    added = np.unique(lines[np.asarray(of_table["added"], bool)])
    return np.unique(lines), added


def _compare(
    found: Altered, dataset: Path, clean_dataset: Path, name: str, planted: Lines, added: Lines
) -> None:
    """Compare one table: first what was not spoilt, then what was repaired."""
    import pyarrow.parquet as pq

    files = [
        pq.ParquetFile(folder / "tables" / f"{name}.parquet") for folder in (dataset, clean_dataset)
    ]
    lines, clean_lines = (np.asarray(file.read(["line"])["line"], np.int64) for file in files)
    spoilt = planted[~np.isin(planted, added)]
    touched = np.isin(clean_lines, spoilt - np.searchsorted(added, spoilt))
    rows = np.flatnonzero(~np.isin(lines, planted))
    wanted = lines[rows] - np.searchsorted(added, lines[rows])
    clean_rows = np.flatnonzero(~touched)
    both, left, right = np.intersect1d(wanted, clean_lines[clean_rows], return_indices=True)
    found.compared += len(both)
    found.surplus += len(wanted) - len(both)
    found.missing += len(clean_rows) - len(both)
    found.altered += _differing(found, name, files, rows[left], clean_rows[right])

    repaired = pq.read_table(dataset / "repaired" / f"{name}.parquet", columns=["line"])["line"]
    rows = np.flatnonzero(np.isin(lines, np.intersect1d(repaired, spoilt)))
    wanted = lines[rows] - np.searchsorted(added, lines[rows])
    both, left, right = np.intersect1d(wanted, clean_lines, return_indices=True)
    found.mended += len(both)
    found.mended_wrong += _differing(found, name, files, rows[left], right, tabs=True)


def _differing(
    found: Altered, name: str, files: list[Any], rows: Lines, clean_rows: Lines, tabs: bool = False
) -> int:
    """How many of the rows have another value in some column; some are kept as examples.

    With `tabs` a tab inside a text counts as a blank: one may have been written for the other.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    other = np.zeros(len(rows), bool)
    if not len(rows):
        return 0
    names = [file.schema_arrow.names for file in files]
    for column in [one for one in names[0] if one in names[1] and one != "line"]:
        values = _column(files[0], column, rows)
        clean_values = _column(files[1], column, clean_rows)
        if tabs and pa.types.is_string(values.type):
            values = pc.replace_substring(values, "\t", " ")
        differ = _differ(values, clean_values)
        other |= differ
        for row in np.flatnonzero(differ)[: max(0, EXAMPLES - len(found.examples))].tolist():
            pair = (str(values[row].as_py()), str(clean_values[row].as_py()))
            found.examples.append((name, int(rows[row]), column, *pair))
    return int(other.sum())


def _column(file: Any, column: str, rows: Lines) -> Any:
    """Some rows of a column, codes and text as plain strings."""
    import pyarrow as pa

    values = file.read([column])[column].combine_chunks()
    if isinstance(values, pa.ChunkedArray):
        values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)
    taken = values.take(pa.array(rows))
    return taken.cast(pa.string()) if pa.types.is_dictionary(taken.type) else taken


def _differ(values: Any, clean_values: Any) -> npt.NDArray[np.bool_]:
    """Where two columns are not the same, a blank being the same as a blank only."""
    import pyarrow.compute as pc

    equal = pc.fill_null(pc.equal(values, clean_values), False)
    blank = pc.and_(pc.is_null(values), pc.is_null(clean_values))
    return ~np.asarray(pc.or_(equal, blank).to_numpy(zero_copy_only=False), bool)
