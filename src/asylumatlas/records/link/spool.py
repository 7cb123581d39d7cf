"""The first pass: every table once, its rows sent to the shard their case belongs to.

A shard is a range of case numbers. What linking needs of a row is a few dozen bytes; they lie on
disk until the shard's turn, so memory does not grow with the release.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asylumatlas.records.link.codes import codes, decision_lookup
from asylumatlas.records.link.reading import NO_KEY, NO_WORD, Words, row_groups, whole
from asylumatlas.records.link.reductions import CONCEPTS, Context
from asylumatlas.records.link.sources import SOURCES, Source

Array = NDArray[Any]


class LinkError(ValueError):
    """A dataset cannot be linked, in one line with the remedy."""


@dataclass
class TableCount:
    """What became of a table's rows before they were linked.

    Attributes:
        rows: all rows of the table.
        dropped: rows left out, by reason.
    """

    rows: int = 0
    dropped: Counter[str] = field(default_factory=Counter)


@dataclass
class Spool:
    """The rows on disk, by table and shard, and what their codes mean.

    Attributes:
        folder: where they lie.
        cases: every case number, rising: those of the cases and those met only in proceedings.
        recorded: how many of them the table of cases has.
        bounds: the first case number of each shard but the first.
        counts: by table; a table that is not in the dataset is missing.
        words: the words of each concept, by code.
        codes: table and concept -> code in ``words`` of each of the table's own codes.
    """

    folder: Path
    cases: Array
    recorded: int
    bounds: Array
    counts: dict[str, TableCount] = field(default_factory=dict)
    words: dict[str, Words] = field(default_factory=dict)
    codes: dict[tuple[str, str], Array] = field(default_factory=dict)

    @property
    def shards(self) -> int:
        """How many shards there are; at least one, that of a dataset without cases."""
        return len(self.bounds) + 1

    def cases_of(self, shard: int) -> Array:
        """Return the case numbers of a shard, rising."""
        cuts = np.searchsorted(self.cases, self.bounds)
        return self.cases[slice(*np.concatenate([[0], cuts, [len(self.cases)]])[shard : shard + 2])]

    def load(self, source: Source, shard: int) -> Array:
        """Return a shard's rows of a table, in the order of the file, and remove them from disk."""
        path = _path(self.folder, source.table, shard)
        if not path.exists():
            return np.empty(0, source.dtype)
        rows = np.fromfile(path, source.dtype)
        path.unlink()
        for name, concept in source.concepts.items():
            rows[name] = self.codes[source.table, concept][rows[name]]
        return rows


def _path(folder: Path, table: str, shard: int) -> Path:
    return folder / f"{table}.{shard:04d}"


def fill(
    dataset: Path,
    folder: Path,
    cases_in_shard: int,
    workers: int,
    told: Callable[[str, int, int], None],
) -> Spool:
    """Read every table once and spool its rows.

    Args:
        dataset: the dataset's folder, with `tables/`.
        folder: an empty folder for the spool.
        cases_in_shard: about how many cases a shard holds.
        workers: tables read at once.
        told: called with what is done, rows read and rows in all.

    Raises:
        LinkError: the dataset has no cases or no proceedings.
    """
    paths = {source.table: dataset / "tables" / f"{source.table}.parquet" for source in SOURCES}
    for source in SOURCES:
        if source.needed and not paths[source.table].exists():
            raise LinkError(
                f"{dataset}: no table {source.table}: cases and proceedings are the least that "
                "linking needs. Import it too."
            )
    spool = _numbered(folder, paths, cases_in_shard)
    context = _shared(dataset, paths)
    there = [source for source in SOURCES if paths[source.table].exists()]
    own = {source.table: Context(*context) for source in there}

    def read(source: Source) -> TableCount:
        told(source.table, 0, 0)
        return _route(source, paths[source.table], spool, own[source.table])

    if workers > 1:
        with ThreadPoolExecutor(workers) as pool:
            largest = sorted(there, key=lambda s: -paths[s.table].stat().st_size)
            counts = dict(zip((s.table for s in largest), pool.map(read, largest), strict=True))
    else:
        counts = {source.table: read(source) for source in there}
    spool.counts = {source.table: counts[source.table] for source in there}
    _join_words(spool, own)
    return spool


def _numbered(folder: Path, paths: dict[str, Path], cases_in_shard: int) -> Spool:
    """Collect the case numbers and cut them into shards."""
    recorded = _distinct(paths["A_TblCase"], "IDNCASE")
    cases = np.union1d(recorded, _distinct(paths["B_TblProceeding"], "IDNCASE"))
    return Spool(folder, cases, len(recorded), cases[cases_in_shard::cases_in_shard].copy())


def _distinct(path: Path, column: str) -> Array:
    """Return the distinct keys of a column, rising."""
    groups = [np.unique(rows.keys(column)) for rows in row_groups(path, [column])]
    keys = np.unique(np.concatenate(groups)) if groups else np.empty(0, np.int32)
    return keys[keys > NO_KEY]


def _shared(dataset: Path, paths: dict[str, Path]) -> tuple[Any, frozenset[int], Any]:
    """Return what the tables' readers share: decisions, juveniles, appeals."""
    lookups = {name: dataset / "tables" / f"{name}.parquet" for name in (_DECISIONS, _JUVENILES)}
    decisions = None
    if lookups[_DECISIONS].exists():
        columns = ("strCaseType", "strDecCode", "strDecType")
        decisions = decision_lookup(whole(lookups[_DECISIONS], columns))
    identifiers = {int(key): code for key, code in codes()["juveniles"]["identifiers"].items()}
    if lookups[_JUVENILES].exists():
        known = whole(lookups[_JUVENILES], ("idnJuvenile", "strCode"))
        identifiers = dict(zip(known["idnJuvenile"], known["strCode"], strict=True))
    alone = codes()["juveniles"]["unaccompanied"]
    unaccompanied = frozenset(
        int(key) for key, code in identifiers.items() if key and (code or "").strip() in alone
    )
    return decisions or None, unaccompanied, _appeals(paths["tblAppeal"])


_DECISIONS, _JUVENILES = "tblLookupCourtDecision", "tblLookup_Juvenile"


def _appeals(path: Path) -> tuple[Array, Array]:
    """Return the keys of appeals, rising, and the case of each; the earlier line of a key."""
    if not path.exists():
        return np.empty(0, np.int32), np.empty(0, np.int32)
    groups = list(row_groups(path, ["idnAppeal", "idncase"]))
    empty = [np.empty(0, np.int32)]
    keys = np.concatenate([*(rows.keys("idnAppeal") for rows in groups), *empty])
    cases = np.concatenate([*(rows.keys("idncase") for rows in groups), *empty])
    keys, first = np.unique(keys, return_index=True)
    return keys, cases[first]


def _route(source: Source, path: Path, spool: Spool, context: Context) -> TableCount:
    """Reduce a table's rows and append them to the files of their shards."""
    count = TableCount()
    files: dict[int, Any] = {}
    try:
        for rows in row_groups(path, source.columns):
            reduced, dropped = source.reduce(rows, context)
            count.rows += rows.size
            count.dropped.update(dropped)
            for shard, some in _by_shard(reduced, spool.bounds):
                if shard not in files:
                    files[shard] = _path(spool.folder, source.table, shard).open("wb")
                some.tofile(files[shard])
    finally:
        for file in files.values():
            file.close()
    return count


def _by_shard(rows: Array, bounds: Array) -> Sequence[tuple[int, Array]]:
    """Split rows by shard, keeping their order within each."""
    if not len(rows):
        return []
    shard = np.searchsorted(bounds, rows["case"], side="right")
    low, high = int(shard.min()), int(shard.max())
    if low == high:
        return [(low, rows)]
    order = np.argsort(shard, kind="stable")
    cuts = np.searchsorted(shard[order], np.arange(low, high + 2))
    moved = rows[order]
    return [
        (low + at, moved[start:end])
        for at, (start, end) in enumerate(itertools.pairwise(cuts.tolist()))
        if end > start
    ]


def _join_words(spool: Spool, contexts: dict[str, Context]) -> None:
    """Give each concept one list of words over all tables, in the order of the tables."""
    spool.words = {concept: Words() for concept in CONCEPTS}
    for source in SOURCES:
        for concept in set(source.concepts.values()):
            own = contexts[source.table].words if source.table in contexts else {}
            known = own[concept].words if concept in own else []
            joined = [*(spool.words[concept].code(word) for word in known), NO_WORD]
            spool.codes[source.table, concept] = np.array(joined, np.int32)
