"""How well an import found what was planted in a synthetic release: recall and precision.

A report is what the dataset says about a line or a value. It is true if something was planted there
that a perfect reader reports in these words. Two kinds are neither true nor false: what the same
release without defects is said to have too, and what follows from a defect elsewhere (the children
of a case whose row could not be read are orphans, rightly).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from asylumatlas.records.reasons import NOTED, UNREAD
from asylumatlas.records.registry import tables
from asylumatlas.synthetic.truth import REMOVED, TruthRow, read_truth

LINE_WORDS = ("quarantined", "repaired")  # reports about a whole line
ANYWHERE = ("duplicate_key", "repeated")  # notes whose column is a matter of taste


USUAL: dict[str, Callable[[bytes], bool]] = {
    "counted:padded": lambda field: field.endswith(b" "),
    "counted:letter_case": lambda field: field.lower() != field,
    "counted:quoted": lambda field: b'"' in field,
}


class Report(NamedTuple):
    """What a dataset says of a line or a value, in the words of the truth file's `expect`."""

    line: int
    column: str
    word: str


@dataclass
class DefectScore:
    """How one defect was found.

    Attributes:
        defect: "D1" to "D26".
        planted: how many times.
        found: how many of them were reported as they should be, or kept as they should be.
        reported: reports in the tables, columns and words in which it was planted.
        true: those that something was planted for.
        mended: repaired lines; `mended_right` those that are again what they were.
        missed: some that were not found.
    """

    defect: str
    planted: int = 0
    found: int = 0
    reported: int = 0
    true: int = 0
    mended: int = 0
    mended_right: int = 0
    missed: list[TruthRow] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """Share of the planted that was found; 1 if none was planted."""
        return self.found / self.planted if self.planted else 1.0

    @property
    def precision(self) -> float | None:
        """Share of the reports that are true; None where nothing is to be reported."""
        return self.true / self.reported if self.reported else None


@dataclass
class Score:
    """How an import did against the truth.

    Attributes:
        defects: one for each defect that was planted.
        false: reports that nothing was planted for, by table, column and word.
        followed: reports that follow from a defect elsewhere.
    """

    defects: dict[str, DefectScore] = field(default_factory=dict)
    false: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    followed: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def of(self, defect: str) -> DefectScore:
        """The score of a defect."""
        return self.defects.setdefault(defect, DefectScore(defect))

    def markdown(self) -> str:
        """The table for the documentation."""
        lines = [
            "| defect | planted | found | recall | reported | true | precision | mended right |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        ]
        for name in sorted(self.defects, key=lambda name: int(name[1:])):
            one = self.defects[name]
            precision = "" if one.precision is None else f"{one.precision:.4f}"
            mended = f"{one.mended_right:,} of {one.mended:,}" if one.mended else ""
            lines.append(
                f"| {name} | {one.planted:,} | {one.found:,} | {one.recall:.4f} "
                f"| {one.reported:,} | {one.true:,} | {precision} | {mended} |"
            )
        return "\n".join(lines)


def score(truth: Path, dataset: Path, clean: Path | None = None) -> Score:
    """Compare a dataset with the truth about the release it was made from.

    Args:
        truth: the truth file.
        dataset: the dataset's folder.
        clean: the dataset made from the same release without defects: what is reported there too
            is left out. Without it that counts as false.

    Returns:
        Found and reported, by defect.
    """
    planted: dict[str, list[TruthRow]] = defaultdict(list)
    for row in read_truth(truth):
        if row.expect != REMOVED:  # only the release before can show that: see `gone`
            planted[row.table].append(row)
    result = Score()
    lost = _lost(planted, dataset)
    for table in tables():
        base = None if clean is None else _Table(clean, table)
        read = _Table(dataset, table)
        if read.there:
            _score_table(result, planted.get(table, []), read, base, lost)
    return result


class _Table:
    """What a dataset says of one table."""

    def __init__(self, dataset: Path, table: str) -> None:
        self.dataset, self.table = dataset, table
        self.there = (dataset / "tables" / f"{table}.parquet").exists()

    def rows(self, folder: str, *columns: str) -> Iterator[tuple[Any, ...]]:
        """Some columns of one of the dataset's files on this table, row by row."""
        import pyarrow.parquet as pq

        path = self.dataset / folder / f"{self.table}.parquet"
        if not path.exists():
            return
        for batch in pq.ParquetFile(path).iter_batches(columns=list(columns)):
            yield from zip(*(batch.column(name).to_pylist() for name in columns), strict=True)

    def reports(self) -> Iterator[tuple[Report, bytes]]:
        """Every report on a line or a value, and the bytes it is about."""
        for line, column, reason, raw in self.rows("values", "line", "column", "reason", "raw"):
            kind = "unread" if reason in UNREAD else "noted" if reason in NOTED else "other"
            yield Report(line, "" if reason in ANYWHERE else column, f"{kind}:{reason}"), raw or b""
        for line, _, after in self.rows("repaired", "line", "reason", "after"):
            yield Report(line, "", "repaired"), after or b""
        for line, raw in self.rows("quarantined", "line", "raw"):
            yield Report(line, "", "quarantined"), raw or b""

    def counted(self) -> Counter[tuple[str, str]]:
        """Values the ledger only counts, by column and reason."""
        found: Counter[tuple[str, str]] = Counter()
        for column, entry in self.file().get("columns", {}).get("by_name", {}).items():
            for reason, counts in entry.get("counted", {}).items():
                found[column, f"counted:{reason}"] += counts["values"]
        return found

    def file(self) -> dict[str, Any]:
        """The ledger's entry of the file."""
        ledger = json.loads((self.dataset / "ledger.json").read_text("utf-8"))
        entries = [entry for entry in ledger["files"] if entry["table"] == self.table]
        return entries[0] if entries else {}

    def values(self, wanted: dict[str, set[int]]) -> dict[tuple[int, str], str | None]:
        """The values that some lines have in some columns, as text."""
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        path = self.dataset / "tables" / f"{self.table}.parquet"
        found: dict[tuple[int, str], str | None] = {}
        for column, lines in wanted.items():
            names = dict.fromkeys(("line", column or "line"))
            read = pq.read_table(path, columns=[*names])
            read = read.filter(pc.is_in(read["line"], pa.array(lines, pa.int64())))
            values = read[column or "line"].to_pylist()
            for line, value in zip(read["line"].to_pylist(), values, strict=True):
                found[line, column] = None if value is None else str(value)
        return found


def _lost(planted: dict[str, list[TruthRow]], dataset: Path) -> dict[str, set[int]]:
    """The keys, by table, of rows that rightly are in no table any more."""
    lost = {}
    for table, rows in planted.items():
        broken = {row.line: row.key for row in rows if "quarantined" in row.expect}
        gone = _Table(dataset, table).rows("quarantined", "line") if broken else iter(())
        lost[table] = {broken[line] for (line,) in gone if line in broken}
    return lost


def _score_table(
    result: Score,
    planted: list[TruthRow],
    read: _Table,
    base: _Table | None,
    lost: dict[str, set[int]],
) -> None:
    """Add what was planted and reported in one table."""
    if not planted and base is None and not any(True for _ in read.reports()):
        return
    reports = dict(read.reports())
    usual = _usual(base, planted)
    told = {(report.line, report.column) for report in reports if report.word not in LINE_WORDS}
    told |= {(report.line, "") for report in reports if report.word in LINE_WORDS}
    values = read.values(_to_compare(planted))
    over = read.counted()
    over.subtract(base.counted() if base else {})
    over.subtract(_usual_counts(planted, reports))
    _count_counted(result, planted, over)
    for row in planted:
        one = result.of(row.defect)
        one.planted += 1
        if _found(row, reports, told, values, over, read):
            one.found += 1
        elif len(one.missed) < 20:
            one.missed.append(row)
        if row.line and (after := reports.get(Report(row.line, "", "repaired"))) is not None:
            one.mended += 1
            one.mended_right += _same(after, row.original)
    _count_reports(result, planted, reports, usual, lost, read.table)


def _count_reports(
    result: Score,
    planted: list[TruthRow],
    reports: dict[Report, bytes],
    usual: set[Report],
    lost: dict[str, set[int]],
    table: str,
) -> None:
    """Tell the true reports from the false, and from those that follow from something else."""
    true: dict[Report, set[str]] = defaultdict(set)
    lines = {row.line for row in planted}
    cells: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in planted:
        for told in _right(row):
            true[told].add(row.defect)
            cells[told.column, told.word].add(row.defect)
    refers = {column.name: column.refers for column in tables()[table].columns}
    for report, raw in reports.items():
        is_true = report in true
        for defect in true.get(report, ()):
            result.of(defect).reported += 1
            result.of(defect).true += 1
        if is_true or report in usual:
            continue
        parent = refers.get(report.column) if report.word == "noted:orphan" else None
        key = int(raw) if raw.isdigit() else -1
        if report.line in lines or (parent and key in lost.get(parent, ())):
            result.followed[table, report.column, report.word] += 1
            continue
        result.false[table, report.column, report.word] += 1
        for defect in cells.get((report.column, report.word), ()):
            result.of(defect).reported += 1


def _count_counted(result: Score, planted: list[TruthRow], over: Counter[tuple[str, str]]) -> None:
    """Add the reports that are only counted, beyond those of the clean release."""
    places = Counter(
        (row.defect, row.column, row.expect) for row in planted if row.expect.startswith("counted:")
    )
    for (defect, column, word), times in places.items():
        result.of(defect).reported += max(over[column, word], 0)
        result.of(defect).true += max(min(over[column, word], times), 0)


def _usual_counts(
    planted: list[TruthRow], reports: dict[Report, bytes]
) -> Counter[tuple[str, str]]:
    """Values counted in the clean release too: more where a line was doubled, fewer where lost."""
    found: Counter[tuple[str, str]] = Counter()
    cells = {(row.column, row.expect) for row in planted if row.expect.startswith("counted:")}
    names = [column.name for column in tables()[planted[0].table].columns] if cells else []
    for row in planted if cells else ():
        fields = row.original.split(b"\t")
        lost = Report(row.line, "", "quarantined") in reports and not row.added
        doubled = row.added and row.expect.startswith("noted:")
        if row.column or not (lost or doubled) or len(fields) != len(names):
            continue
        for column, word in cells:
            if USUAL[word](fields[names.index(column)]):
                found[column, word] += 1 if doubled else -1
    return found


def _right(row: TruthRow) -> Iterator[Report]:
    """The reports that are right for a planted defect."""
    for word in row.expect.split("|"):
        kind, _, reason = word.partition(":")
        if word in LINE_WORDS or (kind in ("unread", "noted") and reason in ANYWHERE):
            yield Report(row.line, "", word)
        elif kind in ("unread", "noted"):
            yield Report(row.line, row.column, word)


def _to_compare(planted: list[TruthRow]) -> dict[str, set[int]]:
    """The lines whose value has to be looked at, by column; "" for those that have to be there."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for row in planted:
        if row.expect == "kept":
            wanted[row.column].add(row.line)
    return wanted


def _found(
    row: TruthRow,
    reports: dict[Report, bytes],
    told: set[tuple[int, str]],
    values: dict[tuple[int, str], str | None],
    over: Counter[tuple[str, str]],
    read: _Table,
) -> bool:
    """Whether a planted defect was reported, or kept, as it should be."""
    if row.expect == "kept":
        place = (row.line, row.column)
        if place in told or (row.line, "") in told or place not in values:
            return False
        return not row.column or _kept(row, values)
    if row.expect.startswith("counted:"):
        over[row.column, row.expect] -= 1
        return over[row.column, row.expect] >= 0
    if row.expect == "finding":
        return row.line in {line for (line,) in read.rows("tables", "line")}
    if row.expect == "file":
        return _file_found(row, read.file())
    return any(told in reports for told in _right(row))


def _kept(row: TruthRow, values: dict[tuple[int, str], str | None]) -> bool:
    """Whether a value stands in the dataset as it stood in the file."""
    value, written = values[row.line, row.column], row.written.rstrip(b" ").decode("utf-8")
    if tables()[row.table].column(row.column).fold:
        return (value or "").casefold() == written.casefold()
    return value == written


def _file_found(row: TruthRow, entry: dict[str, Any]) -> bool:
    """Whether what is wrong with a whole file is said, or did no harm."""
    if row.defect == "D24":
        said = int(row.written)
        return bool(entry["count_txt"] == said and entry["difference"] == entry["lines"] - said)
    columns = entry.get("columns", {})
    return bool(entry) and not columns.get("missing") and not columns.get("added")


def _same(after: bytes, original: bytes) -> bool:
    """Whether a mended line is what it was; a tab inside a text may stand for its blank."""
    return after == original or after.replace(b"\t", b" ") == original.replace(b"\t", b" ")


def _usual(base: _Table | None, planted: list[TruthRow]) -> set[Report]:
    """What is reported of the release without defects, at the lines where it stands now."""
    if base is None:
        return set()
    import numpy as np

    added = np.array(sorted({row.line for row in planted if row.added}), np.int64)
    # In the clean release an added line is not there: the nth of them stood n lines earlier.
    before = added - np.arange(len(added))
    return {
        report._replace(line=report.line + int(np.searchsorted(before, report.line, "right")))
        for report, _ in base.reports()
    }
