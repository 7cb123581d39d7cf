"""Small tables in the release's own format, without a defect, for tests of what is planted."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from asylumatlas.records.registry import Column, Table
from asylumatlas.synthetic.defects import Bytes, Offsets
from asylumatlas.synthetic.lookups import codes_of

CITIES = ("LOS ANGELES", "NEW YORK", "MIAMI", "EL PASO", "SEATTLE")


def small(table: Table, rows: int, seed: int = 0) -> tuple[Bytes, Offsets]:
    """The bytes of a table's lines and where each begins; no value is blank."""
    rng = np.random.default_rng(seed)
    lines = [line(table, number, rng) for number in range(1, rows + 1)]
    data = np.frombuffer(b"".join(lines), np.uint8)
    return data, np.append(0, np.cumsum([len(one) for one in lines])).astype(np.int64)


def line(table: Table, number: int, rng: np.random.Generator) -> bytes:
    """A line with a plausible value in every column; those that should follow do."""
    start = date(2015, 1, 1) + timedelta(days=int(rng.integers(1500)))
    undecided = rng.random() < 0.5
    fields = []
    for place, column in enumerate(table.columns):
        if undecided and column.name in ("DEC_CODE", "OTHER_COMP"):
            fields.append("")
        else:
            late = 100 if any(column.name == second for _, second in table.order) else 0
            fields.append(_field(table, column, number, start + timedelta(days=place + late), rng))
    return "\t".join(fields).encode() + b"\r\n"


def _field(table: Table, column: Column, number: int, day: date, rng: np.random.Generator) -> str:
    """A value of the column's type."""
    if column.name in table.key:
        return f"{number:032X}" if column.type == "guid" else str(number * 64 + 1)
    if column.type == "code":
        codes = column.codes or (codes_of(column.lookup[0]) if column.lookup else ["A", "B"])
        return str(codes[int(rng.integers(min(len(codes), 20)))])
    return {
        "key": str(1 + int(rng.integers(1000))),
        "integer": "99",
        "date": f"{day} 00:00:00.000",
        "datetime": f"{day} 12:30:00.000",
        "month": f"{day.month}/{day.year}",
        "time": "0830",
        "money": "0000001500",
        "flag": "0",
        "text": CITIES[int(rng.integers(len(CITIES)))],
        "guid": "12345678-ABCD-ABCD-ABCD-1234567890AB",
    }[column.type]
