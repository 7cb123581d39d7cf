"""What changed between two releases: rows added, removed and changed, by table, year and status.

Rows are told by their key (`key` in tables.toml; a lookup's by its first column). A row that is
there, changed or gone is counted under the year and status it had in the older dataset A, a row
that was added under those in B. A value that is blank and one that could not be read are both
null, so they do not differ here; nor does a row's place in the file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asylumatlas.records import storage
from asylumatlas.records.changes.vanished import Block, Cell, percent, sentence
from asylumatlas.records.registry import tables as known_tables

if TYPE_CHECKING:
    from asylumatlas.records.changes.comparison import Compared
    from asylumatlas.records.dataset import Dataset

SUMMARY, JSON = "summary.parquet", "difference.json"
WORTH_A_WORD = 20  # rows of a table that are gone, below which no sentence is made


class DiffError(ValueError):
    """Two datasets that cannot be compared, in one line with the remedy."""


@dataclass(frozen=True)
class Side:
    """One of the two datasets.

    Attributes:
        path: its folder.
        release: the name of its release.
        as_of: the day of the release, YYYY-MM-DD.
        fingerprint: of the release.
        synthetic: whether its records are made up.
    """

    path: str
    release: str
    as_of: str
    fingerprint: str
    synthetic: bool = False


@dataclass(frozen=True)
class TableDifference:
    """What became of the rows of one table.

    Attributes:
        table: its name.
        rows_a, rows_b: rows that could be read, in each dataset.
        quarantined_a, quarantined_b: lines that could not be read; they are not compared.
        added, removed, changed, unchanged: rows; `removed + changed + unchanged = rows_a`.
        columns: rows in which a column changed, by its name, most first.
        only_a, only_b: columns that the other dataset does not have; they are not compared.
        cells: the same counts by year and status.
        blocks: where rows are gone in bulk.
    """

    table: str
    rows_a: int
    rows_b: int
    quarantined_a: int
    quarantined_b: int
    added: int
    removed: int
    changed: int
    unchanged: int
    columns: Mapping[str, int]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    cells: tuple[Cell, ...]
    blocks: tuple[Block, ...]

    @property
    def sentences(self) -> list[str]:
        """What is gone, in words: the table as a whole, then its blocks."""
        if self.removed < WORTH_A_WORD:
            return []
        known = known_tables()[self.table]
        status = known.status
        whole = f"{self.removed:,} of {self.rows_a:,} rows of {self.table} are gone"
        whole += f" ({percent(self.removed / self.rows_a)})"
        if status:
            filled = sum(cell.removed for cell in self.cells if cell.status is not None)
            whole += f"; {percent(filled / self.removed)} of them have {status} filled in"
        parts = (sentence(self.table, status, block, known.year) for block in self.blocks)
        return [whole, *parts]


@dataclass(frozen=True)
class Difference:
    """What changed from dataset A to dataset B.

    Attributes:
        a, b: the two.
        same: both were made from the same release; then nothing was compared.
        tables: one entry for each table both have, in the order of tables.toml.
        not_compared: why a table was left out, by its name.
        notes: what to keep in mind, a sentence each.
        out: the folder with the Parquet files, if one was asked for.
    """

    a: Side
    b: Side
    same: bool
    tables: tuple[TableDifference, ...] = ()
    not_compared: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    out: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON has it, with the sentences of each table."""
        found = asdict(self)
        for entry, table in zip(found["tables"], self.tables, strict=True):
            entry["sentences"] = table.sentences
        return found


def diff(
    a: Path,
    b: Path,
    out: Path | None = None,
    tables: Sequence[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Difference:
    """Compare two datasets, row by row; memory stays within about 1.5 GB at any size.

    Args:
        a: folder of the older dataset.
        b: folder of the newer dataset.
        out: where to write `summary.parquet` (table, year, status, added, removed, changed,
            unchanged: rows), `rows/TABLE.parquet` (key, change, year, status, columns that
            changed, line in each dataset) and `difference.json`. It must be new or empty.
        tables: compare only these; all if not given.
        progress: told the rows done and all rows, of both datasets.

    Raises:
        DatasetError: one of the folders holds no whole dataset.
        DiffError: an unknown table, an `out` that holds something, no room on the disk.
    """
    from asylumatlas.records.dataset import open_dataset

    sides = open_dataset(Path(a)), open_dataset(Path(b))
    chosen = _chosen(tables)
    told = _side(sides[0]), _side(sides[1])
    notes = _notes(*sides)
    if _same(*sides):
        return Difference(*told, same=True, notes=notes)
    both, not_compared = _shared(chosen, *sides)
    with _scratch(out) as scratch:
        found = tuple(_compare(both, sides, scratch, out is not None, progress))
        difference = Difference(*told, False, found, not_compared, notes, str(out) if out else None)
        if out is not None:
            _publish(difference, scratch / "new", Path(out))
    return difference


def _chosen(tables: Sequence[str] | None) -> list[str]:
    """The tables asked for, in the order of tables.toml.

    Raises:
        DiffError: there is no such table.
    """
    from asylumatlas.records.registry import table_of

    if tables is None:
        return list(known_tables())
    names = set()
    for name in tables:
        table = known_tables().get(name) or table_of(f"{name.removesuffix('.csv')}.csv")
        if table is None:
            from asylumatlas.records.plan import did_you_mean

            raise DiffError(f"{name}: no such table.{did_you_mean(name, [*known_tables()])}")
        names.add(table.name)
    return [name for name in known_tables() if name in names]


def _side(dataset: Dataset) -> Side:
    release = dataset.release
    name, fingerprint = str(release["name"]), str(release["fingerprint"])
    as_of = dataset.as_of.isoformat()
    return Side(str(dataset.folder), name, as_of, fingerprint, dataset.synthetic)


def _same(a: Dataset, b: Dataset) -> bool:
    """Whether the same release was read by the same rules."""
    rules = [(d.release["fingerprint"], d.manifest.get("registry"), d.as_of) for d in (a, b)]
    return rules[0] == rules[1]


def _notes(a: Dataset, b: Dataset) -> tuple[str, ...]:
    if _same(a, b):
        return ("Both datasets were made from the same release: there is no difference.",)
    if a.release["fingerprint"] == b.release["fingerprint"]:
        return ("The release is the same; what differs is how it was read.",)
    if a.as_of > b.as_of:
        return (f"A ({a.as_of}) is the newer one, so what reads as gone was in truth added.",)
    return ()


def _shared(chosen: Sequence[str], a: Dataset, b: Dataset) -> tuple[list[str], dict[str, str]]:
    """The tables both datasets have; why the others are not compared."""
    both: list[str] = []
    left: dict[str, str] = {}
    for name in chosen:
        lacks = {side: _lack(name, dataset) for side, dataset in (("A", a), ("B", b))}
        if not any(lacks.values()):
            both.append(name)
        elif not all(lacks.values()):
            side, why = next((side, why) for side, why in lacks.items() if why)
            entry = (b if side == "A" else a).ledger.of(name) or {}
            rows = entry.get("lines", 0)
            other = "B" if side == "A" else "A"
            left[name] = f"{why.format(side)}; {other} has {rows:,} rows of it"
    return both, left


def _lack(name: str, dataset: Dataset) -> str | None:
    """Why a dataset does not have a table; None if it has it."""
    if dataset.ledger.of(name) is not None and _parquet_of(name, dataset).is_file():
        return None
    if name in dataset.ledger.not_in_release:
        return "the release of {} does not have it"
    return "it was not imported into {}"


def _parquet_of(name: str, dataset: Dataset) -> Path:
    return dataset.folder / "tables" / f"{name}.parquet"


@contextmanager
def _scratch(out: Path | None) -> Iterator[Path]:
    """A folder to work in, on the disk of the result if there is one; removed at the end.

    Raises:
        DiffError: the result's folder holds something, or the disk is full.
    """
    import duckdb

    if out is not None:
        out = Path(out)
        if out.exists() and not out.is_dir():
            raise DiffError(f"{out}: is a file; name a new folder")
        if "?" in str(out.absolute()):
            raise DiffError(f"{out}: DuckDB opens no file with ? in its path; name another folder")
        if out.is_dir() and any(out.iterdir()):
            raise DiffError(f"{out}: holds something already; name a new folder")
        out.parent.mkdir(parents=True, exist_ok=True)
    where = out.parent if out is not None else Path(tempfile.gettempdir())
    try:
        with storage.scratch(".asylumatlas-diff-", where) as scratch:
            (scratch / "new" / "rows").mkdir(parents=True)
            yield scratch
    except duckdb.Error as error:
        first = str(error).strip().splitlines()[0]
        if "No space left" in str(error) or "max_temp_directory" in str(error):
            first = "no space left; free some, or set TMPDIR to a larger disk"
        raise DiffError(f"{out or where}: {first}") from error


def _compare(
    names: Sequence[str],
    sides: tuple[Dataset, Dataset],
    scratch: Path,
    keep: bool,
    progress: Callable[[int, int], None] | None,
) -> Iterator[TableDifference]:
    """Compare table after table."""
    from asylumatlas.records.changes.comparison import compare, workbench

    entries = {name: tuple(side.ledger.of(name) or {} for side in sides) for name in names}
    rows = {name: sum(entry["lines"] for entry in entries[name]) for name in names}
    total, done = sum(rows.values()), 0
    with workbench(scratch) as connection:
        for name in names:

            def tell(part: float, done: int = done, name: str = name) -> None:
                if progress:
                    progress(done + int(part * rows[name]), total)

            a, b = (_parquet_of(name, side) for side in sides)
            target = scratch / "new" / "rows" / f"{name}.parquet" if keep else None
            compared = compare(connection, known_tables()[name], a, b, target, tell)
            done += rows[name]
            yield _difference(name, compared, entries[name])


def _difference(
    name: str, compared: Compared, entries: Sequence[Mapping[str, Any]]
) -> TableDifference:
    """The counts of one table, and the blocks in them."""
    from asylumatlas.records.changes import vanished

    added, removed, changed, unchanged = map(
        compared.count, ("added", "removed", "changed", "unchanged")
    )
    return TableDifference(
        table=name,
        rows_a=removed + changed + unchanged,
        rows_b=added + changed + unchanged,
        quarantined_a=entries[0]["quarantined"],
        quarantined_b=entries[1]["quarantined"],
        added=added,
        removed=removed,
        changed=changed,
        unchanged=unchanged,
        columns=compared.columns,
        only_a=compared.only_a,
        only_b=compared.only_b,
        cells=compared.cells,
        blocks=vanished.blocks(compared.cells, compared.bins),
    )


def _publish(difference: Difference, new: Path, out: Path) -> None:
    """Write the summary beside the rows and give the folder its name: whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    counts = ("added", "removed", "changed", "unchanged")
    schema = pa.schema(
        [("table", pa.string()), ("year", pa.int16()), ("status", pa.string())]
        + [(name, pa.int64()) for name in counts]
    )
    rows = [
        {"table": table.table, **asdict(cell)}
        for table in difference.tables
        for cell in table.cells
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), new / SUMMARY)
    storage.write_json(new / JSON, difference.to_json())
    try:
        new.replace(out)  # an empty folder of that name gives way
    except OSError as error:
        raise DiffError(f"{out}: {error.strerror}; name a new folder") from error
