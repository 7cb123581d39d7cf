"""A release into a dataset: tables one by one, then the links between them, then the whole.

The order of an import, each step on the disk for good before the next begins:

1. the folder is locked, and what an earlier call left unfinished is removed;
2. the lookups, then `lookups.parquet`;
3. the main tables, each after those it refers to;
4. `ledger.json`, the event log with `links.json` and `refused.parquet`, `records.duckdb`;
5. `dataset.json`: only now is the folder a dataset;
6. `.work` is removed.

A call that ends early, however it ends, loses at most the table it was reading.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asylumatlas.records import storage
from asylumatlas.records.dataset import (
    LOOKUPS,
    Dataset,
    identity,
    open_dataset,
    read_manifest,
    write_manifest,
)
from asylumatlas.records.ledger import Ledger
from asylumatlas.records.memory import give_back
from asylumatlas.records.plan import parents_of, reading_order, table_names
from asylumatlas.records.registry import tables
from asylumatlas.records.storage import DatasetError
from asylumatlas.records.unfinished import STATE, Commit, Unfinished, recallable, still_good
from asylumatlas.records.watch import Progress, Watch, silent

if TYPE_CHECKING:
    from asylumatlas.records.files.release import Release
    from asylumatlas.records.lookups import Lookups
    from asylumatlas.records.reading.keys import KeyStore

LEAST_TO_LINK = ("A_TblCase", "B_TblProceeding")
README_KEPT = 4000  # characters
SAID = ("name", "fingerprint", "synthetic")  # of the release, in the ledger
MADE_UP = "Synthetic: made by simulation; nobody in it exists."
CAVEATS = (
    "Pending cases at an earlier day can be told only in part: rows are taken out and overwritten.",
    "The manner of release from custody, and who appeared at a hearing, are not recorded.",
    "Orders of removal are derived from decisions, appeals and their dates.",
)


@dataclass(frozen=True)
class Imported:
    """What a call of `import_release` came to.

    Attributes:
        dataset: the dataset.
        did: "imported" a release; "resumed" what an earlier call had begun, or added to it; or
            "nothing", as all was there.
        read: the tables that this call read.
        ledger: what became of every line.
        links: what linking found; None where nothing was linked.
    """

    dataset: Dataset
    did: str
    read: tuple[str, ...]
    ledger: Ledger
    links: Mapping[str, Any] | None


def import_release(
    release: str | Path,
    out: str | Path,
    *,
    tables: Sequence[str] | None = None,
    as_of: date | None = None,
    workers: int = 2,
    progress: Progress | None = None,
    link: bool = True,
) -> Imported:
    """Read a release of the court records into a dataset, every row accounted for.

    A call that was stopped, even by a power cut, is finished by the next with the same release
    and folder; where all is there the next does nothing.

    Args:
        release: a zip file or a folder.
        out: the dataset's folder: new, empty, or begun from the same release.
        tables: names of the main tables to read, all if not given; a later call may add others.
            Lookups are always read.
        as_of: the day of the release, if its name does not tell it.
        workers: threads that parse.
        progress: told how far the import is.
        link: whether to make the event log; it needs cases and proceedings.

    Raises:
        DatasetError: the folder holds something else, another import writes into it, the disk is
            full, a table is not in the release. ReleaseError: the release cannot be read.
    """
    from asylumatlas.records.files.release import open_release

    wanted = None if tables is None else table_names(tables)
    folder = Path(os.path.abspath(out))
    with storage.disk_errors(folder):
        _refuse_place(Path(release), folder)
        found = open_release(Path(release), as_of)
        job = _Import(found, folder, wanted, workers, progress or silent, link)
        return job.finished() or job.run()


def _refuse_place(release: Path, folder: Path) -> None:
    """Refuse the release itself, which would be another one then, and what DuckDB cannot open."""
    if release.is_dir() and folder.resolve().is_relative_to(release.resolve()):
        raise DatasetError(f"{folder}: lies in the release; name a folder outside {release}")
    for sign in "?\\":
        if sign in str(folder.absolute()):
            raise DatasetError(
                f"{folder}: DuckDB opens no file with {sign} in its path; name another folder"
            )


class _Import:
    """One call: a release, a folder, and what to do."""

    def __init__(
        self,
        release: Release,
        folder: Path,
        wanted: Sequence[str] | None,
        workers: int,
        progress: Progress,
        link: bool,
    ) -> None:
        self.release, self.folder, self.link = release, folder, link
        self.workers, self.progress = workers, progress
        self.unfinished = Unfinished(folder)
        self.members = {member.table.name: member for member in release.members}
        self.lookups = [name for name, m in self.members.items() if m.table.kind == "lookup"]
        self.main = self._main(wanted)
        self.read: list[str] = []
        about = {"name": release.name, "fingerprint": release.fingerprint}
        about |= {"as_of_from": release.as_of_from, "readme": (release.readme or "")[:README_KEPT]}
        self.identity = identity(about, release.as_of)

    def _main(self, wanted: Sequence[str] | None) -> list[str]:
        """The main tables this call is to read; refuses one that the release does not have."""
        there = [name for name, m in self.members.items() if m.table.kind == "main"]
        for name in wanted or ():
            if name not in there:
                raise DatasetError(
                    f"{self.release.path}: {name} is not in the release; it has {', '.join(there)}"
                )
        return there if wanted is None else list(wanted)

    # ---- what is there already

    def finished(self) -> Imported | None:
        """The dataset as it is, if this call has nothing to add to it.

        Raises:
            DatasetError: the folder holds something else.
        """
        manifest = read_manifest(self.folder)
        if manifest is None:
            self._refuse_strangers()
            return None
        self._same(manifest, "holds")
        missing = {*self.main, *self.lookups} - manifest["tables"].keys()
        if missing or (self._linkable(manifest["tables"]) and not manifest["linked"]):
            return None
        dataset = open_dataset(self.folder)
        work = self.unfinished.work
        if work.is_dir():  # all that a call left that was stopped at its last step
            with suppress(OSError, DatasetError), storage.locked(self.folder):
                storage.clear(work)
        return Imported(dataset, "nothing", (), dataset.ledger, dataset.links)

    def _refuse_strangers(self) -> None:
        """Refuse a folder that holds what no import put there."""
        if not self.folder.exists():
            return
        if not self.folder.is_dir():
            raise DatasetError(f"{self.folder}: exists and is no folder; name another")
        held = {path.name for path in self.folder.iterdir()} - {storage.WORK}
        if held and not (self.unfinished.work / STATE).is_file():
            raise DatasetError(f"{self.folder}: exists and is not empty; name another folder")

    def _same(self, other: Mapping[str, Any], verb: str) -> None:
        """Refuse a folder made from another release, day, or by other rules."""
        mine, theirs = self.identity, other.get("release", {})
        if theirs.get("fingerprint") != mine["release"]["fingerprint"]:
            raise DatasetError(
                f'{self.folder}: {verb} the release "{theirs.get("name")}" '
                f"(fingerprint {str(theirs.get('fingerprint'))[:8]}), and "
                f'"{self.release.name}" ({self.release.fingerprint[:8]}) is another (a zip and the '
                "folder of its files count as two): one release makes one dataset; name another "
                "folder"
            )
        if other.get("as_of") != mine["as_of"]:
            raise DatasetError(
                f"{self.folder}: {verb} this release as of {other.get('as_of')}, not "
                f"{mine['as_of']}; name another folder"
            )
        if any(other.get(key) != mine[key] for key in ("format", "registry")):
            raise DatasetError(
                f"{self.folder}: {verb} this release as another version of Asylum Atlas read it; "
                "name another folder, or remove this one"
            )

    # ---- the work

    def run(self) -> Imported:
        """Lock the folder and do what is left to do."""
        is_new = not self.folder.exists()
        with storage.locked(self.folder) as work:
            if done := self.finished():  # another call has finished it meanwhile
                storage.clear(work)
                return done
            state = self.unfinished.identity()
            if state is not None:  # before anything is touched
                self._same(state, "holds an unfinished import of")
            try:
                return self._finish(self._begin(state is None))
            except BaseException:
                with suppress(OSError, DatasetError):
                    self._give_up(is_new)
                raise

    def _begin(self, is_new: bool) -> str:
        """Take up what an earlier call left, or start; "resumed" or "imported"."""
        manifest = read_manifest(self.folder)
        if manifest is not None:
            self.unfinished.reopen(manifest, self.identity)
        elif is_new:
            self.unfinished.begin(self.identity)
        self.unfinished.prepare()
        return "imported" if is_new and manifest is None else "resumed"

    def _finish(self, did: str) -> Imported:
        """All steps, those that are done passed over."""
        commits = self._read_tables()
        give_back()
        ledger = self._ledger(commits)
        ledger.write(self.folder)
        linked = self._link(commits, ledger)
        self._describe(commits, linked)
        dataset = write_manifest(self.folder, self._manifest(commits, linked))
        storage.clear(self.unfinished.work)
        return Imported(dataset, did, tuple(self.read), ledger, dataset.links)

    def _give_up(self, is_new: bool) -> None:
        """Keep what is committed; remove the rest, and a new folder in which nothing is."""
        done = self.unfinished.commits()
        if done:
            self.unfinished.discard(done)
            return
        self.unfinished.discard_all()
        if is_new:
            self.folder.rmdir()

    # ---- tables

    def _read_tables(self) -> dict[str, Commit]:
        """Read the tables that are not done; the commits of all, in the order of the registry."""
        from asylumatlas.records.lookups import Lookups, read_lookups

        earlier = self.unfinished.commits()
        there = {*self.main, *self.lookups, *earlier}
        commits = still_good(earlier, there)
        keys = self._keys(commits, there)
        self.unfinished.discard(commits)
        watch = Watch(self.progress)
        watch.total = sum(self.members[name].size for name in there - commits.keys())
        left = [name for name in self.lookups if name not in commits]
        commits |= self._read_batch(left, there, Lookups.empty(), keys, watch)
        lookups = read_lookups(self.folder)
        self._place(LOOKUPS, lookups.write)
        for name in reading_order(there):
            if name not in commits:
                commits |= self._read_batch([name], there, lookups, keys, watch)
        return {name: commits[name] for name in tables() if name in commits}

    def _keys(self, commits: dict[str, Commit], there: Iterable[str]) -> KeyStore:
        """The keys that the tables to be read are checked against.

        A finished table whose keys can be had in no other way is taken out of `commits`.
        """
        from asylumatlas.records.reading.keys import KeyStore

        keys = KeyStore(self.unfinished.keys)
        left = [name for name in there if name not in commits]
        for name in {parent for child in left for parent in parents_of(tables()[child])}:
            if name in commits and not keys.known(name):
                if recallable(name):
                    self.unfinished.recall(name, keys)
                else:
                    del commits[name]
        return keys

    def _read_batch(
        self,
        names: Sequence[str],
        there: Iterable[str],
        lookups: Lookups,
        keys: KeyStore,
        watch: Watch,
    ) -> dict[str, Commit]:
        """Read tables and commit them together."""
        staging = self.unfinished.stage()
        made = {}
        for name in names:
            entry = self._read_table(name, staging, lookups, keys, watch)
            parents = set(parents_of(tables()[name])).intersection(there)
            made[name] = Commit(entry, tuple(sorted(parents)))
        storage.move_tables(staging, self.folder, names)
        self.unfinished.commit(made)
        self.read += names
        give_back()
        return made

    def _read_table(
        self, name: str, staging: Path, lookups: Lookups, keys: KeyStore, watch: Watch
    ) -> dict[str, Any]:
        """Read one table; its entry in the ledger."""
        from asylumatlas.records.reading.ingest import ingest

        member = self.members[name]
        entry = ingest(
            member.table,
            member,
            staging,
            lookups,
            keys,
            self.release.as_of,
            progress=watch.table(member),
            workers=self.workers,
            count_txt=self.release.counts.get(name),
        )
        watch.done(member, entry["lines"])
        return entry

    def _place(self, name: str, write: Callable[[Path], None]) -> None:
        """Have a file written beside, and put it into the folder whole."""
        new = self.unfinished.work / name
        write(new)
        storage.sync(new)
        new.replace(self.folder / name)

    # ---- what is made of the tables

    def _ledger(self, commits: Mapping[str, Commit]) -> Ledger:
        """The ledger of all tables."""
        return Ledger(
            release={key: self.identity["release"][key] for key in SAID},
            as_of=self.release.as_of,
            files=[commit.entry for commit in commits.values()],
            not_in_release=[name for name in tables() if name not in self.members],
            not_known=list(self.release.unknown),
        )

    def _linkable(self, there: Iterable[str]) -> bool:
        """Whether a dataset of these tables and those of this call is to hold an event log."""
        return self.link and {*there, *self.main}.issuperset(LEAST_TO_LINK)

    def _link(self, commits: Mapping[str, Commit], ledger: Ledger) -> bool:
        """Make the event log, unless it is made; whether there is one."""
        if list(self.unfinished.linked()) == list(commits):
            return True
        self.unfinished.unlink()
        if not self._linkable(commits):
            return False
        from asylumatlas.records.link import link

        link(
            self.folder,
            self.release.as_of,
            workers=self.workers,
            progress=self._linking,
            about=self._about(ledger),
        )
        self.unfinished.link(commits)
        return True

    def _about(self, ledger: Ledger) -> dict[str, Any]:
        """What the event log says of the release it was made from."""
        synthetic = self.release.synthetic
        return {
            "release": self.release.name,
            "release_fingerprint": self.release.fingerprint,
            "synthetic": synthetic,
            "ledger": ledger.totals,
            "caveats": [*([MADE_UP] if synthetic else []), *CAVEATS],
        }

    def _linking(self, doing: str, done: int, total: int) -> None:
        """How far the event log is."""
        self.progress(f"linking {doing}", done, total, 0)

    def _describe(self, commits: Iterable[str], linked: bool) -> None:
        """Write the DuckDB file."""
        from asylumatlas.records.database import write_database

        write_database(self.folder, list(commits), linked=linked, workers=self.workers)

    def _manifest(self, commits: Mapping[str, Commit], linked: bool) -> dict[str, Any]:
        """What `dataset.json` says."""
        from asylumatlas import __version__

        held = {
            name: {"rows": made.entry["kept"] + made.entry["repaired"], "parents": made.parents}
            for name, made in commits.items()
        }
        left_out = [name for name in self.members if name not in commits]
        about = {"made_with": __version__, "left_out": left_out, "linked": linked}
        return {**self.identity, **about, "tables": held}
