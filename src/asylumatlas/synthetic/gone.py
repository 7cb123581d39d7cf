"""Whether a difference between two releases finds the rows that were made to vanish, and no others.

The truth file of the newer release names them. A row may also leave a dataset because its line can
no longer be read: the release has it still, and the truth says so too.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asylumatlas.records.registry import tables
from asylumatlas.synthetic.truth import REMOVED, read_truth


@dataclass
class Vanished:
    """Rows that are gone, as planted and as found.

    Attributes:
        planted: rows that the older dataset has and the newer release was made to lack, by table.
        found: those of them that the difference names as removed.
        unread: rows named as removed whose line cannot be read any more, by what was planted there.
        false: rows named as removed for which nothing was planted, by table.
    """

    planted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)

    @property
    def exact(self) -> bool:
        """Whether all that was planted was found, and nothing else."""
        return self.planted == self.found and not self.false


def vanished(truth: Path, difference: Path, older: Path) -> Vanished:
    """Compare the rows that a difference calls removed with the truth.

    Args:
        truth: the truth file of the newer release.
        difference: the folder that `asylumatlas diff --out` wrote.
        older: the dataset of the older release.

    Returns:
        Rows planted, found, unread and false, by table.
    """
    planted: dict[str, set[int]] = defaultdict(set)
    lost: dict[str, set[int]] = defaultdict(set)
    for row in read_truth(truth):
        if row.expect == REMOVED:
            planted[row.table].add(row.key)
        elif "quarantined" in row.expect:
            lost[row.table].add(row.key)
    result = Vanished()
    for path in sorted((difference / "rows").glob("*.parquet")):
        table = path.stem
        if tables()[table].kind != "main":
            continue
        removed = {key for key, change in _column(path, 0, "change") if change == REMOVED}
        expected = planted[table]
        if expected:
            before = older / "tables" / path.name
            key = tables()[table].key[0]
            expected &= {value for (value,) in _named(before, key)}
        result.planted[table] += len(expected)
        result.found[table] += len(expected & removed)
        result.unread[table] += len(removed & lost[table] - expected)
        result.false[table] += len(removed - expected - lost[table])
    for counts in (result.planted, result.found, result.unread, result.false):
        for table in [name for name, rows in counts.items() if not rows]:
            del counts[table]
    return result


def _column(path: Path, first: int, second: str) -> Any:
    """Pairs of the values of two columns, the first by its place."""
    import pyarrow.parquet as pq

    names = pq.read_schema(path).names
    return _named(path, names[first], second)


def _named(path: Path, *names: str) -> Any:
    """Tuples of the values of some columns."""
    import pyarrow.parquet as pq

    read = pq.read_table(path, columns=list(names))
    return zip(*(read[name].to_pylist() for name in names), strict=True)
