"""One table of two datasets, row by row, with DuckDB in bounded memory.

Each side becomes a slim table on disk: the key, a 64-bit hash of every other column that both
sides have, the year and status a row is counted by, and its line. The slim tables are joined piece
by piece, a piece being the keys whose hash falls in one range. Only rows whose hashes differ are
read again in full, to see in which columns. Two rows that differ have the same hash by chance once
in 10^19 pairs.

Rows that share a key are compared as a multiset: equal rows cancel, what is left is paired in
order, and what then has no partner was added or removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asylumatlas.records.changes import vanished
from asylumatlas.records.changes.vanished import Cell
from asylumatlas.records.registry import Table

if TYPE_CHECKING:
    import duckdb

PIECE_ROWS = 4_000_000  # of both sides together, joined at once
BATCH_ROWS = 250_000  # changed rows read in full at once, up to 65 columns of both sides
MEMORY = "1GB"
CHANGES = ("added", "removed", "changed", "unchanged")


@dataclass(frozen=True)
class Compared:
    """What became of the rows of one table.

    Attributes:
        cells: counts by year and status, sorted.
        columns: rows in which a column changed, most first.
        only_a, only_b: columns that the other side does not have; they are not compared.
        bins: removed rows along the key, for `vanished`; None where the key is not one number.
    """

    cells: tuple[Cell, ...]
    columns: Mapping[str, int]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    bins: vanished.Bins | None = None

    def count(self, change: str) -> int:
        """Rows of one kind of change, over all cells."""
        return sum(getattr(cell, change) for cell in self.cells)


@dataclass
class _Plan:
    """The names one comparison works with."""

    key: tuple[str, ...]
    shared: tuple[str, ...]
    retyped: frozenset[str]
    types: Mapping[str, str]
    sources: Mapping[str, str] = field(default_factory=dict)
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def keys(self) -> str:
        """The key's columns in the slim tables."""
        return ", ".join(f"k{n}" for n in range(len(self.key)))

    def value(self, name: str, side: str = "") -> str:
        """A column as it is compared: as text where the two sides type it differently."""
        found = f"{side}{_named(name)}"
        return f"CAST({found} AS VARCHAR)" if name in self.retyped else found


@contextmanager
def workbench(scratch: Path, threads: int = 2) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB database in an existing folder, with bounded memory; closed at the end."""
    import duckdb

    connection = duckdb.connect(str(scratch / "work.duckdb"))
    try:
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        connection.execute(f"SET threads = {int(threads)}")
        connection.execute(f"SET temp_directory = {_quoted(str(scratch / 'spill'))}")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET enable_progress_bar = false")
        yield connection
    finally:
        connection.close()


def compare(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    a: Path,
    b: Path,
    rows: Path | None = None,
    progress: Callable[[float], None] | None = None,
) -> Compared:
    """Compare two Parquet files of one table.

    Args:
        connection: from `workbench`.
        table: the table both hold.
        a: the file of the older dataset.
        b: the file of the newer dataset.
        rows: where to write the rows that were added, removed or changed, sorted by key; the
            folder exists. Not written if not given.
        progress: told which part of the work is done, 0 to 1.
    """
    tell = progress or (lambda _: None)
    plan = _plan(connection, table, a, b)
    total = _slim(connection, plan, table)
    tell(0.5)
    pieces = max(1, -(-total // PIECE_ROWS))
    bounds = _bounds(connection, plan)
    bins = vanished.Bins(bounds) if bounds is not None else None
    counts: dict[tuple[int | None, str | None], dict[str, int]] = {}
    _empty_found(connection, plan)
    for piece in range(pieces):
        _join(connection, plan, piece, pieces)
        _count(connection, counts)
        if bins is not None:
            _fill(connection, bins)
        _keep(connection, plan)
        tell(0.5 + 0.3 * (piece + 1) / pieces)
    columns = _columns(connection, plan)
    if rows is not None:
        _write(connection, plan, rows)
    for name in ("slim_a", "slim_b", "pair", "found", "marked"):
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    tell(1.0)
    return Compared(_cells(counts), columns, plan.only["a"], plan.only["b"], bins)


def _plan(connection: Any, table: Table, a: Path, b: Path) -> _Plan:
    """Which columns name a row and which are compared."""
    sources = {"a": _parquet(a), "b": _parquet(b)}
    types = {side: _types(connection, source) for side, source in sources.items()}
    shared = tuple(name for name in types["a"] if name in types["b"] and name != "line")
    only = {
        side: tuple(name for name in types[side] if name not in types[other])
        for side, other in (("a", "b"), ("b", "a"))
    }
    key = table.key if set(table.key) <= set(shared) else ()
    # A lookup has no key of its own here: its first column is its number or its code.
    key = key or tuple(c.name for c in table.columns[:1] if c.name in shared) or shared[:1]
    retyped = frozenset(name for name in shared if types["a"][name] != types["b"][name])
    return _Plan(key, shared, retyped, types["b"], sources, only)


def _types(connection: Any, source: str) -> dict[str, str]:
    described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    return {name: kind for name, kind, *_ in described}


def _slim(connection: Any, plan: _Plan, table: Table) -> int:
    """Write both slim tables; the rows of both together."""
    total = 0
    keys = [f"{plan.value(name)} AS k{n}" for n, name in enumerate(plan.key)]
    rest = [name for name in plan.shared if name not in plan.key] or list(plan.key)
    for side, source in plan.sources.items():
        year = _year(plan, table.year)
        status = f"CAST({_named(table.status)} AS VARCHAR)" if table.status in plan.shared else None
        connection.execute(
            f"CREATE OR REPLACE TABLE slim_{side} AS SELECT {', '.join(keys)}, "
            f"hash({', '.join(map(plan.value, rest))}) AS h, {year} AS year, "
            f"{status or 'CAST(NULL AS VARCHAR)'} AS status, line FROM {source}"
        )
        total += connection.execute(f"SELECT count(*) FROM slim_{side}").fetchone()[0]
    return total


def _year(plan: _Plan, name: str | None) -> str:
    """The year of a date column as SQL; null where there is no such column, or no dates in it."""
    dated = name in plan.shared and plan.types[str(name)].split()[0] in ("DATE", "TIMESTAMP")
    if not dated or name in plan.retyped or name is None:
        return "CAST(NULL AS SMALLINT)"
    return f"CAST(year({_named(name)}) AS SMALLINT)"


def _bounds(connection: Any, plan: _Plan) -> Any:
    """Evenly filled limits of the key in the older table, from every n-th line; None if textual."""
    kind = plan.types[plan.key[0]]
    if len(plan.key) > 1 or plan.key[0] in plan.retyped or kind not in ("INTEGER", "BIGINT"):
        return None
    rows = connection.execute("SELECT count(*) FROM slim_a").fetchone()[0]
    step = max(1, rows // vanished.SAMPLE)
    found = connection.execute(
        "SELECT k0 FROM slim_a WHERE k0 IS NOT NULL AND line % ? = 0 ORDER BY k0", [step]
    ).fetchnumpy()
    return vanished.limits(found["k0"], rows)


def _join(connection: Any, plan: _Plan, piece: int, pieces: int) -> None:
    """Fill `pair` with one row for each row of either side, in one range of the keys' hash."""
    chosen = f"hash({plan.keys}) % {pieces} = {piece}" if pieces > 1 else "true"
    sides = {side: f"(SELECT * FROM slim_{side} WHERE {chosen})" for side in ("a", "b")}
    connection.execute(f"CREATE OR REPLACE TABLE pair AS {_paired(plan, sides['a'], sides['b'])}")
    doubled = connection.execute(
        f"SELECT count(line_a) <> (SELECT count(*) FROM {sides['a']}) "
        f"OR count(line_b) <> (SELECT count(*) FROM {sides['b']}) FROM pair"
    ).fetchone()[0]
    if doubled:  # a key of several rows met the other side's: each row was paired with each
        _join_doubled(connection, plan, sides)


def _paired(plan: _Plan, a: str, b: str, more: str = "") -> str:
    """SQL that joins two slim tables by key (and `more`) and names what became of each row."""
    on = " AND ".join(f"a.k{n} IS NOT DISTINCT FROM b.k{n}" for n in range(len(plan.key)))
    keys = ", ".join(
        f"CASE WHEN a.line IS NULL THEN b.k{n} ELSE a.k{n} END AS k{n}"
        for n in range(len(plan.key))
    )
    return (
        f"SELECT {keys}, CASE WHEN a.line IS NULL THEN 'added' WHEN b.line IS NULL THEN 'removed' "
        "WHEN a.h <> b.h THEN 'changed' ELSE 'unchanged' END AS change, "
        "CASE WHEN a.line IS NULL THEN b.year ELSE a.year END AS year, "
        "CASE WHEN a.line IS NULL THEN b.status ELSE a.status END AS status, "
        "a.line AS line_a, b.line AS line_b "
        f"FROM {a} a FULL JOIN {b} b ON {on}{more}"
    )


def _join_doubled(connection: Any, plan: _Plan, sides: Mapping[str, str]) -> None:
    """Fill `pair` anew, keys of several rows as multisets."""
    keys = plan.keys
    same = " AND ".join(f"x.k{n} IS NOT DISTINCT FROM d.k{n}" for n in range(len(plan.key)))
    grouped = " UNION ".join(
        f"(SELECT {keys} FROM {side} GROUP BY {keys} HAVING count(*) > 1)"
        for side in sides.values()
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE doubled AS {grouped}")
    single = {
        side: f"(SELECT x.* FROM {source} x ANTI JOIN doubled d ON {same})"
        for side, source in sides.items()
    }
    connection.execute(f"CREATE OR REPLACE TABLE pair AS {_paired(plan, single['a'], single['b'])}")
    for side, source in sides.items():
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE many_{side} AS SELECT x.*, row_number() OVER "
            f"(PARTITION BY {keys}, h ORDER BY line) AS copy "
            f"FROM {source} x SEMI JOIN doubled d ON {same}"
        )
    alike = " AND ".join(f"x.k{n} IS NOT DISTINCT FROM o.k{n}" for n in range(len(plan.key)))
    alike += " AND x.h = o.h AND x.copy = o.copy"
    both = {
        side: f"(SELECT x.* FROM many_{side} x SEMI JOIN many_{other} o ON {alike})"
        for side, other in (("a", "b"), ("b", "a"))
    }
    left = {
        side: f"(SELECT x.*, row_number() OVER (PARTITION BY {keys} ORDER BY line) AS place "
        f"FROM many_{side} x ANTI JOIN many_{other} o ON {alike})"
        for side, other in (("a", "b"), ("b", "a"))
    }
    paired = _paired(plan, both["a"], both["b"], " AND a.h = b.h AND a.copy = b.copy")
    connection.execute(f"INSERT INTO pair {paired}")
    paired = _paired(plan, left["a"], left["b"], " AND a.place = b.place")
    connection.execute(f"INSERT INTO pair {paired}")
    for name in ("doubled", "many_a", "many_b"):
        connection.execute(f"DROP TABLE {name}")


def _count(connection: Any, counts: dict[Any, dict[str, int]]) -> None:
    """Add the rows of `pair` to the counts by year and status."""
    grouped = "SELECT year, status, change, count(*) FROM pair GROUP BY year, status, change"
    for year, status, change, rows in connection.execute(grouped).fetchall():
        cell = counts.setdefault((year, status), dict.fromkeys(CHANGES, 0))
        cell[change] += rows


def _fill(connection: Any, bins: vanished.Bins) -> None:
    """Add the older rows of `pair` to the bins along the key."""
    found = connection.execute(
        "SELECT k0, change = 'removed' AS gone FROM pair WHERE change <> 'added' AND k0 IS NOT NULL"
    ).fetchnumpy()
    bins.add(found["k0"], found["gone"])


def _empty_found(connection: Any, plan: _Plan) -> None:
    """Make the tables that hold what is not unchanged."""
    kinds = ", ".join(
        f"k{n} {'VARCHAR' if name in plan.retyped else plan.types[name]}"
        for n, name in enumerate(plan.key)
    )
    more = "change VARCHAR, year SMALLINT, status VARCHAR, line_a BIGINT, line_b BIGINT"
    connection.execute(f"CREATE OR REPLACE TABLE found ({kinds}, {more})")
    connection.execute("CREATE OR REPLACE TABLE marked (line_a BIGINT, columns VARCHAR[])")


def _keep(connection: Any, plan: _Plan) -> None:
    """Move what is not unchanged out of `pair`."""
    connection.execute(
        f"INSERT INTO found SELECT {plan.keys}, change, year, status, line_a, line_b "
        "FROM pair WHERE change <> 'unchanged'"
    )


def _columns(connection: Any, plan: _Plan) -> dict[str, int]:
    """Read the changed rows of both sides in full, batch by batch; rows changed by column."""
    rest = [name for name in plan.shared if name not in plan.key]
    tests = ", ".join(
        f"CASE WHEN {plan.value(name, 'a.')} IS DISTINCT FROM {plan.value(name, 'b.')} "
        f"THEN {_quoted(name)} END"
        for name in rest
    )
    for span in _batches(connection):
        sides = [
            f"(SELECT * FROM {plan.sources[side]} WHERE line BETWEEN {low} AND {high})"
            for side, low, high in (("a", *span[:2]), ("b", *span[2:]))
        ]
        pairs = "SELECT line_a, line_b FROM found WHERE change = 'changed'"
        connection.execute(
            f"INSERT INTO marked SELECT c.line_a, list_filter([{tests}], lambda x: x IS NOT NULL) "
            f"FROM {sides[0]} a JOIN ({pairs} AND line_a BETWEEN {span[0]} AND {span[1]}) c "
            f"ON a.line = c.line_a JOIN {sides[1]} b ON b.line = c.line_b"
        )
    counted = connection.execute(
        "SELECT name, count(*) AS rows FROM (SELECT unnest(columns) AS name FROM marked) "
        "GROUP BY name ORDER BY rows DESC, name"
    ).fetchall()
    return dict(counted)


def _batches(connection: Any) -> Iterator[tuple[int, int, int, int]]:
    """Changed rows in parts that fit in memory: first and last line in both files."""
    narrow = max(1, BATCH_ROWS // 4)
    spans = connection.execute(
        f"SELECT count(*), min(line_a), max(line_a), min(line_b), max(line_b) FROM found "
        f"WHERE change = 'changed' GROUP BY line_a // {narrow} ORDER BY min(line_a)"
    ).fetchall()
    rows = 0
    first = last = first_b = last_b = 0
    for count, *span in spans:
        if rows and rows + count > BATCH_ROWS:
            yield first, last, first_b, last_b
            rows = 0
        if not rows:
            first, last, first_b, last_b = span
        rows += count
        last, first_b, last_b = span[1], min(first_b, span[2]), max(last_b, span[3])
    if rows:
        yield first, last, first_b, last_b


def _write(connection: Any, plan: _Plan, rows: Path) -> None:
    """Write what is not unchanged as Parquet, sorted by key."""
    names = ", ".join(f"f.k{n} AS {_named(name)}" for n, name in enumerate(plan.key))
    order = ", ".join(f"f.k{n}" for n in range(len(plan.key)))
    connection.execute(
        f"COPY (SELECT {names}, f.change, f.year, f.status, m.columns, f.line_a, f.line_b "
        "FROM found f LEFT JOIN marked m ON f.change = 'changed' AND m.line_a = f.line_a "
        f"ORDER BY {order}, f.line_a, f.line_b) "
        f"TO {_quoted(str(rows))} (FORMAT parquet, COMPRESSION zstd)"
    )


def _cells(counts: Mapping[Any, Mapping[str, int]]) -> tuple[Cell, ...]:
    """The counts as cells, blank years and statuses first."""
    order = sorted(counts, key=lambda cell: (cell[0] or 0, cell[1] is not None, cell[1] or ""))
    return tuple(Cell(year, status, **counts[year, status]) for year, status in order)


def _parquet(path: Path) -> str:
    """A Parquet file as SQL: its name is no pattern, and its folders no columns."""
    literal = "".join(f"[{c}]" if c in "*?[" else c for c in str(path.absolute()))
    return f"read_parquet({_quoted(literal)}, hive_partitioning = false)"


def _quoted(text: str) -> str:
    """Text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def _named(name: str | None) -> str:
    """A column's name as SQL."""
    return '"' + str(name).replace('"', '""') + '"'
