"""A perfect reader scores one; whoever misses, invents or alters something scores less."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from asylumatlas.records.registry import Table, tables
from asylumatlas.synthetic.defects import Plan, spoil
from asylumatlas.synthetic.score import score
from asylumatlas.synthetic.truth import TruthRow, TruthWriter
from asylumatlas.synthetic.twins import altered

from .small_tables import small

NAMES = ("A_TblCase", "B_TblProceeding", "tbl_RepsAssigned", "B_TblProceedCharges")


class Reader:
    """A reader who knows the truth: what it writes is what a perfect import would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger: list[dict[str, object]] = []
        for kind in ("tables", "values", "repaired", "quarantined"):
            (folder / kind).mkdir(parents=True)

    def read(self, table: Table, lines: list[bytes], rows: list[TruthRow]) -> None:
        """Write one table."""
        truth = {row.line: row for row in rows}
        names = [column.name for column in table.columns]
        typed, values, repaired, quarantined = [], [], [], []
        counted: Counter[tuple[str, str]] = Counter()
        for number, line in enumerate(lines, start=2):
            row = truth.get(number)
            expect = row.expect if row else ""
            if expect == "quarantined":
                quarantined.append((number, "too_few_fields", line))
                continue
            if row and expect.startswith("repaired"):
                repaired.append((number, "shifted", line, row.original))
                line = row.original
            fields = [self._value(one) for one in line.split(b"\t")[: len(names)]]
            if row and expect.startswith(("unread:", "noted:")):
                word = expect.partition(":")[2]
                values.append((number, row.column or table.key[0], word, row.written))
                if expect.startswith("unread"):
                    fields[names.index(row.column)] = None
            elif expect.startswith("counted:"):
                assert row
                counted[row.column, expect.partition(":")[2]] += 1
            typed.append((number, *fields))
        self._write("tables", table.name, ["line", *names], typed)
        self._write("values", table.name, ["line", "column", "reason", "raw"], values)
        self._write("repaired", table.name, ["line", "reason", "before", "after"], repaired)
        self._write("quarantined", table.name, ["line", "reason", "raw"], quarantined)
        by_name: dict[str, dict[str, dict[str, dict[str, int]]]] = {}
        for (column, word), times in counted.items():
            entry = by_name.setdefault(column, {"counted": {}})
            entry["counted"][word] = {"values": times}
        self.ledger.append({"table": table.name, "columns": {"by_name": by_name}})
        (self.folder / "ledger.json").write_text(json.dumps({"files": self.ledger}))

    def path(self, kind: str, table: str) -> Path:
        """One of its files."""
        return self.folder / kind / f"{table}.parquet"

    @staticmethod
    def _value(field: bytes) -> str | None:
        """A field as text."""
        try:
            text = field.decode("utf-8")
        except UnicodeDecodeError:
            text = field.decode("cp1252", errors="replace")
        return text.rstrip(" ") or None

    def _write(self, kind: str, table: str, names: list[str], rows: list[tuple]) -> None:  # type: ignore[type-arg]
        """One Parquet file; raw bytes stay bytes."""
        raw = {"raw", "before", "after"}
        types = [
            pa.int64() if name == "line" else pa.binary() if name in raw else pa.string()
            for name in names
        ]
        schema = pa.schema(list(zip(names, types, strict=True)))
        columns = list(zip(*rows, strict=True)) or [[] for _ in names]
        arrays = [pa.array(values, of) for values, of in zip(columns, types, strict=True)]
        pq.write_table(pa.table(arrays, schema=schema), self.path(kind, table))

    def edit(self, kind: str, table: str, change) -> None:  # type: ignore[no-untyped-def]
        """Change the rows of one file."""
        read = pq.read_table(self.path(kind, table))
        rows = [tuple(row.values()) for row in read.to_pylist()]
        self._write(kind, table, read.schema.names, change(rows))


@pytest.fixture
def world(tmp_path: Path) -> tuple[Path, Reader, Reader]:
    """A truth file, a perfectly read release and its clean twin."""
    spoilt, clean = Reader(tmp_path / "spoilt"), Reader(tmp_path / "clean")
    with TruthWriter(tmp_path / "truth.parquet", "small") as writer:
        for name in NAMES:
            table = tables()[name]
            data, offsets = small(table, 1500)
            dirty, rows, _ = spoil(table, data, offsets, 2, Plan(2, 1e9), 0)
            writer.add(rows)
            spoilt.read(table, _lines(dirty), rows)
            clean.read(table, _lines(data), [])
    return tmp_path / "truth.parquet", spoilt, clean


def _lines(data: np.ndarray) -> list[bytes]:  # type: ignore[type-arg]
    """The lines of a file without their ends."""
    return [line.rstrip(b"\r") for line in data.tobytes().split(b"\n")[:-1]]


def test_a_perfect_reader_scores_one(world: tuple[Path, Reader, Reader]) -> None:
    truth, spoilt, clean = world
    found = score(truth, spoilt.folder, clean.folder)
    assert len(found.defects) >= 14
    for one in found.defects.values():
        assert one.recall == 1, one.missed
        assert one.precision in (1, None), one
        assert one.mended == one.mended_right
    assert not found.false
    assert found.markdown().count("\n") == len(found.defects) + 1
    twin = altered(spoilt.folder, clean.folder, truth)
    assert twin.clean, twin.examples
    assert twin.compared > 4000
    assert twin.mended > 100


def test_what_is_not_reported_is_missed(world: tuple[Path, Reader, Reader]) -> None:
    truth, spoilt, clean = world
    spoilt.edit("values", "tbl_RepsAssigned", lambda rows: rows[1:])
    found = score(truth, spoilt.folder, clean.folder)
    assert len(found.of("D14").missed) + len(found.of("D15").missed) == 1


def test_what_is_reported_for_nothing_is_false(world: tuple[Path, Reader, Reader]) -> None:
    truth, spoilt, clean = world
    touched = {row.line for row in _truth(truth, "A_TblCase")}
    line = next(n for n in range(2, 1500) if n not in touched)
    extra = (line, "CUSTODY", "unknown_code", b"N")
    spoilt.edit("values", "A_TblCase", lambda rows: [*rows, extra])
    found = score(truth, spoilt.folder, clean.folder)
    assert found.false == {("A_TblCase", "CUSTODY", "noted:unknown_code"): 1}
    one = found.of("D11")
    assert one.reported == one.true + 1
    assert one.recall == 1


def test_what_the_clean_release_is_said_to_have_too_is_left_out(
    world: tuple[Path, Reader, Reader],
) -> None:
    truth, spoilt, clean = world
    rows = _truth(truth, "B_TblProceedCharges")
    added = sorted(row.line for row in rows if row.added)
    touched = {row.line for row in rows}
    line = next(n for n in range(added[10], 1500) if n not in touched)
    before = line - sum(one < line for one in added)
    for reader, number in ((spoilt, line), (clean, before)):
        note = (number, "CHARGE", "unknown_code", b"?")
        reader.edit("values", "B_TblProceedCharges", lambda rows, note=note: [*rows, note])
    assert not score(truth, spoilt.folder, clean.folder).false
    assert score(truth, spoilt.folder).false


def test_children_of_a_lost_row_are_rightly_orphans(world: tuple[Path, Reader, Reader]) -> None:
    truth, spoilt, clean = world
    lost = next(r.key for r in _truth(truth, "A_TblCase") if r.expect == "quarantined")
    touched = {row.line for row in _truth(truth, "B_TblProceeding")}
    line = next(n for n in range(2, 1500) if n not in touched)
    notes = [(line, "IDNCASE", "orphan", str(lost).encode())]
    spoilt.edit("values", "B_TblProceeding", lambda rows: rows + notes)
    found = score(truth, spoilt.folder, clean.folder)
    assert not found.false
    assert sum(found.followed.values()) == 1


def test_a_wrong_repair_is_seen(world: tuple[Path, Reader, Reader]) -> None:
    truth, spoilt, clean = world
    spoilt.edit(
        "repaired", "A_TblCase", lambda rows: [(*rows[0][:3], rows[0][3] + b"x"), *rows[1:]]
    )
    found = score(truth, spoilt.folder, clean.folder)
    wrong = sum(one.mended - one.mended_right for one in found.defects.values())
    assert wrong == 1


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("altered", lambda row: (row[0], *row[1:-1], "Z")),
        ("missing", lambda row: None),
        ("surplus", lambda row: (10_000_000, *row[1:])),
    ],
)
def test_a_row_without_a_defect_that_differs_is_seen(
    world: tuple[Path, Reader, Reader], what: str, change
) -> None:  # type: ignore[no-untyped-def]
    truth, spoilt, clean = world
    touched = {row.line for row in _truth(truth, "A_TblCase")}
    line = next(n for n in range(2, 1500) if n not in touched)

    def changed(rows: list[tuple]) -> list[tuple]:  # type: ignore[type-arg]
        new = [change(row) if row[0] == line else row for row in rows]
        return (
            sorted(row for row in new if row is not None)
            if what == "surplus"
            else [row for row in new if row is not None]
        )

    spoilt.edit("tables", "A_TblCase", changed)
    twin = altered(spoilt.folder, clean.folder, truth)
    assert getattr(twin, what) == 1
    assert not twin.clean


def test_a_repair_that_put_values_into_other_columns_is_seen(
    world: tuple[Path, Reader, Reader],
) -> None:
    truth, spoilt, clean = world
    line = next(r.line for r in _truth(truth, "A_TblCase") if r.form == "tab")

    def shifted(rows: list[tuple]) -> list[tuple]:  # type: ignore[type-arg]
        return [(*row[:2], row[3], row[2], *row[4:]) if row[0] == line else row for row in rows]

    spoilt.edit("tables", "A_TblCase", shifted)
    twin = altered(spoilt.folder, clean.folder, truth)
    assert twin.mended_wrong == 1
    assert twin.altered == 0


def _truth(path: Path, table: str) -> list[TruthRow]:
    """What was planted in a table."""
    from asylumatlas.synthetic.truth import read_truth

    return [row for row in read_truth(path) if row.table == table]
