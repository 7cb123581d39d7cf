"""What an unfinished import has on the disk: which tables are done, and what is only begun."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asylumatlas.records import storage
from asylumatlas.records.dataset import DATABASE, LINKS, LOG, LOOKUPS, MANIFEST, REFUSED
from asylumatlas.records.ledger import LEDGER, read_ledger
from asylumatlas.records.plan import parents_of
from asylumatlas.records.registry import tables
from asylumatlas.records.storage import LOCK, WORK, DatasetError

if TYPE_CHECKING:
    from asylumatlas.records.reading.keys import KeyStore

STATE = "import.json"
LINKED = "linked.json"


@dataclass(frozen=True)
class Commit:
    """A table that is done.

    Attributes:
        entry: its file's entry in the ledger.
        parents: the tables it was checked against, sorted.
    """

    entry: Mapping[str, Any]
    parents: tuple[str, ...]


class Unfinished:
    """The `.work` of a dataset's folder; the folder must be locked."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.work = folder, folder / WORK
        self.staging, self.keys = self.work / "staging", self.work / "keys"

    def identity(self) -> dict[str, Any] | None:
        """What it is an import of; None if nothing was begun."""
        return storage.read_json(self.work / STATE)

    def begin(self, identity: Mapping[str, Any]) -> None:
        """Say what this is an import of."""
        storage.write_json(self.work / STATE, identity)

    def prepare(self) -> None:
        """Make the folders that tables are written to."""
        for kind in storage.KINDS:
            (self.folder / kind).mkdir(exist_ok=True)
        self.keys.mkdir(exist_ok=True)

    def reopen(self, manifest: Mapping[str, Any], identity: Mapping[str, Any]) -> None:
        """Turn a dataset back into an unfinished import, to add tables to it.

        Until `dataset.json` goes, at the end, it is still the dataset it was.
        """
        ledger = read_ledger(self.folder)
        held = {name: (ledger.of(name), about) for name, about in manifest["tables"].items()}
        self.commit(
            {
                name: Commit(entry, tuple(about["parents"]))
                for name, (entry, about) in held.items()
                if entry is not None
            }
        )
        self.begin(identity)
        (self.folder / MANIFEST).unlink()
        storage.sync(self.folder)

    def commits(self) -> dict[str, Commit]:
        """The tables that are done, in the order of the registry."""
        found = {}
        for name in tables():
            with suppress(DatasetError, KeyError):  # cut short by a power cut: not done
                value = storage.read_json(self.work / f"{name}.json")
                if value is not None:
                    found[name] = Commit(value["entry"], tuple(value["parents"]))
        return found

    def commit(self, made: Mapping[str, Commit]) -> None:
        """Say that tables are done; their files must be in their place, for good."""
        paths = []
        for name, one in made.items():
            path = self.work / f"{name}.json"
            value = {"entry": dict(one.entry), "parents": list(one.parents)}
            storage.write_json(path, value, sync_now=False)
            paths.append(path)
        for path in paths:
            storage.sync(path)
        storage.sync(self.work)

    def stage(self) -> Path:
        """An empty place to write tables to."""
        for kind in storage.KINDS:
            (self.staging / kind).mkdir(parents=True, exist_ok=True)
        return self.staging

    def discard(self, done: Collection[str]) -> None:
        """Remove everything but what belongs to the tables that are done."""
        kept = {LOCK, STATE, LINKED, self.keys.name, *(f"{name}.json" for name in done)}
        for path in self.work.iterdir():
            if path.name not in kept:
                storage.remove(path)
        for path in self.keys.iterdir() if self.keys.is_dir() else ():
            if path.stem not in done:
                storage.remove(path)
        for name in tables():
            for path in () if name in done else storage.files_of(self.folder, name):
                storage.remove(path)
        if set(self.linked()) != set(done):
            self.unlink()
        for name in (LEDGER, LOOKUPS, DATABASE):
            storage.remove(self.folder / name)

    def discard_all(self) -> None:
        """Remove everything; the folder is empty then."""
        for path in self.folder.iterdir():
            storage.remove(path)

    def linked(self) -> Sequence[str]:
        """The tables that the event log was made of; none if there is no whole log."""
        found: Sequence[str] = (storage.read_json(self.work / LINKED) or {}).get("tables", ())
        return found

    def link(self, names: Iterable[str]) -> None:
        """Say that the event log of these tables is whole; it is put on the disk for good."""
        for name in (LOG, LINKS, REFUSED):
            storage.sync_all(self.folder / name)
        storage.sync(self.folder)
        storage.write_json(self.work / LINKED, {"tables": list(names)})

    def unlink(self) -> None:
        """Remove the event log and what was found in making it."""
        storage.remove(self.work / LINKED)
        for name in (LOG, LINKS, REFUSED):
            storage.remove(self.folder / name)

    def recall(self, name: str, keys: KeyStore) -> None:
        """Take a finished table's keys from its rows: the file of its keys is gone."""
        import numpy as np
        import pyarrow.parquet as pq

        column = tables()[name].key[0]
        keys.begin(name)
        with pq.ParquetFile(self.folder / "tables" / f"{name}.parquet") as file:
            for batch in file.iter_batches(1 << 20, columns=[column]):
                found = batch.column(0).drop_null().to_numpy()
                keys.add(name, found.astype(np.int64))
        keys.finish(name)


def still_good(commits: Mapping[str, Commit], there: Collection[str]) -> dict[str, Commit]:
    """The commits that hold in a dataset of these tables.

    A table that was read before one it refers to was not checked against it, and is read again.
    """
    return {
        name: commit
        for name, commit in commits.items()
        if set(commit.parents) == set(parents_of(tables()[name])).intersection(there)
    }


def recallable(name: str) -> bool:
    """Whether a table's keys can be taken from its rows: one column of whole numbers."""
    table = tables()[name]
    return len(table.key) == 1 and table.column(table.key[0]).type == "key"
