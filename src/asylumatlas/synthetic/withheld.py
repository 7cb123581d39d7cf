"""Rows that a release does not have although their day has come: what vanished, or comes late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from asylumatlas.records.registry import Table
from asylumatlas.synthetic.truth import REMOVED, TruthRow

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Gone:
    """Rows that a release does not have although their day has come.

    Attributes:
        table: of this table,
        first: from the case of this IDNCASE
        last: to the case of that one.
        defect: what the truth file calls it; "" if it is not to be named there.
        keys: only the rows of these keys; None for all in reach.
    """

    table: str
    first: int
    last: int
    defect: str = ""
    keys: frozenset[int] | None = None


def vanish(
    table: Table, data: Bytes, offsets: Offsets, gone: Sequence[Gone]
) -> tuple[Bytes, Offsets, list[TruthRow]]:
    """Take the rows out that a release does not have.

    Args:
        table: the table.
        data: whole lines, without defects.
        offsets: where each begins and the last one ends.
        gone: what the release does not have, of this table or others.

    Returns:
        Bytes and offsets of what is left, and a truth row (line 0) for each row that a defect took.
    """
    blocks = [block for block in gone if block.table == table.name]
    if not blocks or len(offsets) < 2:
        return data, offsets, []
    raw = data.tobytes()
    stays = np.ones(len(offsets) - 1, bool)
    rows = []
    for index, (start, end) in enumerate(pairwise(offsets.tolist())):
        line = raw[start:end].rstrip(b"\r\n")
        for block in blocks:
            if _takes(block, table, line.split(b"\t")):
                stays[index] = False
                if block.defect:
                    rows.append(_truth(block, table, line))
                break
    if stays.all():
        return data, offsets, []
    sizes = np.diff(offsets)
    kept = data[offsets[0] : offsets[-1]][np.repeat(stays, sizes)]
    return kept, np.append(0, np.cumsum(sizes[stays])).astype(np.int64), rows


def _takes(block: Gone, table: Table, fields: list[bytes]) -> bool:
    """Whether a block takes a row."""
    place = {column.name.casefold(): at for at, column in enumerate(table.columns)}
    case = fields[place["idncase"]]
    if not case.isdigit() or not block.first <= int(case) <= block.last:
        return False
    return block.keys is None or int(fields[place[table.key[0].casefold()]]) in block.keys


def _truth(block: Gone, table: Table, line: bytes) -> TruthRow:
    """What there is to know of a row that is gone."""
    key = line.split(b"\t")[[column.name for column in table.columns].index(table.key[0])]
    return TruthRow(block.defect, "gone", table.name, 0, "", int(key), b"", line, REMOVED)
