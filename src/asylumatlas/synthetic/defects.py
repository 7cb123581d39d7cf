"""Plants the known defects of the court records in the lines of a synthetic release.

`defects.toml` says which, how often and who observed it. Every defect that is a matter of a line or
a value is planted by `spoil`; what concerns a whole file by `miscount`, `ragged` and
`doubled_codes`; what concerns several releases by `months`. Nothing is planted for D17 (states
overwritten in place), D18 (what is withheld), D20 and D26: every release of this kind has them.
A line gets one defect at most, so that the truth about it is plain; a row gets the same one in each
release of one history.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np

from asylumatlas.records.registry import Table, tables
from asylumatlas.synthetic.edits import EDITS, Edited, Planting, Row
from asylumatlas.synthetic.lookups import doubled
from asylumatlas.synthetic.lots import Bytes, Lot, Offsets, drawn, lot, marks_of
from asylumatlas.synthetic.truth import TruthRow

MOST = 0.2  # of a table's lines get a defect, however high the factor
RAGGED = 0.1  # of releases, that a header ends in tabs too many too; assumed
REACH = 60  # lines tried for one that lends itself to a defect, from the one drawn


class DefectError(ValueError):
    """`defects.toml` names what does not exist, in one line."""


@dataclass(frozen=True)
class Plan:
    """How many defects, and which draw of them.

    Attributes:
        seed: the same seed plants the same.
        factor: multiple of the observed rates; 0 plants none. However high it is, no more than a
            fifth of a table's lines get a defect.
    """

    seed: int = 1
    factor: float = 1.0


@functools.cache
def plantings() -> tuple[Planting, ...]:
    """Every defect in every form, from `defects.toml`.

    Raises:
        DefectError: the file names an edit, a table or a column that does not exist.
    """
    text = resources.files(__package__).joinpath("defects.toml").read_text("utf-8")
    found = []
    for entry in tomllib.loads(text)["planting"]:
        values = tuple(str(value).encode() for value in entry.pop("values", ()))
        columns = tuple(entry.pop("columns", ()))
        if "*" in (rates := entry["rates"]):
            often = rates.pop("*")
            rates |= {name: often for name, table in tables().items() if table.kind == "main"}
        planting = Planting(**entry, columns=columns, values=values)
        _check(planting)
        found.append(planting)
    return tuple(found)


def rate(planting: Planting, table: str, factor: float) -> float:
    """How often a defect is planted, per row: the observed rate times the factor, within bounds.

    The bound is the same for each form of a table, so a high factor raises the rare ones further.
    """
    forms = sum(table in other.rates for other in plantings())
    return min(planting.rates.get(table, 0.0) * factor, MOST / forms) if forms else 0.0


def spoil(
    table: Table, data: Bytes, offsets: Offsets, first_line: int, plan: Plan, chunk: int
) -> tuple[Bytes, list[TruthRow], int]:
    """Plant defects in some lines of a table.

    Args:
        table: the table.
        data: the bytes of whole lines.
        offsets: where each line begins, and where the last one ends: one more than there are lines.
        first_line: the number of the first of them in the finished file, which counts the lines
            that earlier calls added.
        plan: how many and which.
        chunk: the number of this part of the table; a row gets its defect by its key, and only
            rows without a number for a key are told apart by this too.

    Returns:
        The bytes as they are now, what was planted, and how many lines were added.
    """
    edited = _draw(table, data, offsets, plan, chunk)
    if not edited:
        return data, [], 0
    rows: list[TruthRow] = []
    pieces: list[Bytes] = []
    done = added = 0
    for index in sorted(edited):
        planting, key, lines = edited[index]
        pieces.append(data[offsets[done] : offsets[index]])
        for nth, line in enumerate(lines):
            pieces.append(np.frombuffer(line.line, np.uint8))
            if line.expect:
                number = first_line + index + added + nth
                rows.append(_truth(planting, table.name, number, key, line))
        added += len(lines) - 1
        done = index + 1
    pieces.append(data[offsets[done] : offsets[-1]])
    return np.concatenate(pieces), rows, added


def ragged(table: Table, header: bytes, plan: Plan) -> tuple[bytes, list[TruthRow]]:
    """The header line of a table, in some releases with tabs too many (D25).

    Loaders report two columns of the motions that have no name; whether the header has the tabs or
    only rows have, none says. A release whose header has them is one in ten at the observed rates.

    Args:
        table: the table.
        header: its header, without the line end.
        plan: as for `spoil`.
    """
    luck = lot(plan.seed, table.name, "D25 header")
    if not table.spare_tabs or luck.below(1 << 20) >= RAGGED * plan.factor * (1 << 20):
        return header, []
    written = header + b"\t\t"
    return written, [
        TruthRow("D25", "header", table.name, 1, "", -1, written, header, "file"),
    ]


def miscount(counts: Mapping[str, int], plan: Plan) -> tuple[dict[str, int], list[TruthRow]]:
    """What Count.txt says of each table: mostly the number of its lines, sometimes not (D24).

    Args:
        counts: the data lines of each table's file.
        plan: as for `spoil`. Above 0, one large table in four is off by a few rows.
    """
    said, rows = dict(counts), []
    for table, lines in counts.items():
        luck = lot(plan.seed, table, "D24")
        if plan.factor > 0 and lines >= 100 and luck.below(4) == 0:
            said[table] = lines + (1 + luck.below(9)) * (1 if luck.below(10) < 7 else -1)
            written, original = str(said[table]).encode(), str(lines).encode()
            rows.append(TruthRow("D24", "count", table, 0, "", -1, written, original, "file"))
    return said, rows


def doubled_codes(plan: Plan) -> list[TruthRow]:
    """The truth about lookups that say a code twice (D13)."""
    if plan.factor <= 0:
        return []
    return [
        TruthRow("D13", "lookup", table, line, "", -1, code.encode(), b"", "finding", True)
        for table, line, code in doubled()
    ]


def deflated(large: Sequence[str], plan: Plan) -> list[TruthRow]:
    """The truth about members that are compressed with Deflate64 (D23).

    Args:
        large: their tables.
        plan: as for `spoil`.
    """
    rows = (TruthRow("D23", "deflate64", table, 0, "", -1, b"", b"", "file") for table in large)
    return list(rows) if plan.factor > 0 else []


def _draw(
    table: Table, data: Bytes, offsets: Offsets, plan: Plan, chunk: int
) -> dict[int, tuple[Planting, int, list[Edited]]]:
    """The lines that get a defect: what it is, the row's key, and the lines instead."""
    edited: dict[int, tuple[Planting, int, list[Edited]]] = {}
    lines = len(offsets) - 1
    if plan.factor <= 0 or not lines:
        return edited
    names = tuple(column.name for column in table.columns)
    marks = marks_of(table, data, offsets, chunk)
    for planting in plantings():
        often = rate(planting, table.name, plan.factor)
        places, starts = drawn(marks, often, plan.seed, table.name, *planting.name)
        for place, start in zip(places.tolist(), starts.tolist(), strict=True):
            luck = Lot(start)
            for index in range(place, min(place + REACH, lines)):
                if index in edited:
                    continue
                row = _row(table, names, data[offsets[index] : offsets[index + 1]])
                new = row and EDITS[planting.edit](row, planting, luck)
                if row and new:
                    edited[index] = (planting, _key(row), new)
                    break
    return edited


def _row(table: Table, names: Sequence[str], line: Bytes) -> Row | None:
    """A line taken apart; None if it is not as the table has it."""
    raw = line.tobytes()
    end = b"\r\n" if raw.endswith(b"\r\n") else b"\n" if raw.endswith(b"\n") else b""
    fields = raw[: len(raw) - len(end)].split(b"\t")
    return Row(table, tuple(names), fields, end) if len(fields) == len(names) else None


def _key(row: Row) -> int:
    """The row's own key, -1 if it has no number."""
    field = row.fields[row.place(row.table.key[0])] if row.table.key else b""
    return int(field) if field.isdigit() else -1


def _truth(planting: Planting, table: str, number: int, key: int, line: Edited) -> TruthRow:
    """What there is to know of one line."""
    return TruthRow(
        *(planting.defect, planting.edit, table, number, line.column, key),
        *(line.written, line.original, line.expect, line.added),
    )


def _check(planting: Planting) -> None:
    """Refuse a planting that names what does not exist."""
    where = f"defects.toml: {planting.defect}"
    if planting.edit not in EDITS:
        raise DefectError(f'{where}: no edit "{planting.edit}"; there are {", ".join(EDITS)}')
    for name in planting.rates:
        table = tables().get(name)
        if table is None:
            raise DefectError(f'{where}: no table "{name}" in tables.toml')
        missing = set(planting.columns) - {column.name for column in table.columns}
        if missing:
            raise DefectError(f"{where}: {name} has no column {sorted(missing)[0]}")
