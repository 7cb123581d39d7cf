"""A dataset: the folder that an import makes of one release.

`dataset.json` is written last: a folder without it is not a dataset.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asylumatlas.records.files.release import is_synthetic
from asylumatlas.records.ledger import LEDGER, Ledger, read_ledger
from asylumatlas.records.plan import did_you_mean
from asylumatlas.records.storage import KINDS, WORK, DatasetError, read_json, write_json

if TYPE_CHECKING:
    from asylumatlas.events import Log

MANIFEST = "dataset.json"
DATABASE = "records.duckdb"
LOOKUPS = "lookups.parquet"
LINKS = "links.json"
REFUSED = "refused.parquet"
LOG = "log"
FORMAT = 1
"""Version of the folder's layout; it rises when older readers could no longer read it."""

CITED = ("format", "registry", "release", "as_of", "tables", "linked")
"""What the fingerprint of a dataset is made of."""


def registry_version() -> str:
    """A checksum of `tables.toml`: what was read by other rules is another dataset."""
    text = resources.files(__package__).joinpath("tables.toml").read_bytes()
    return hashlib.sha256(text).hexdigest()[:16]


def identity(release: Mapping[str, Any], as_of: date) -> dict[str, Any]:
    """What two imports must have in common to make one dataset.

    Args:
        release: name and fingerprint of the release, and the start of its Readme.
        as_of: its day.
    """
    return {
        "format": FORMAT,
        "registry": registry_version(),
        "release": {**release, "synthetic": is_synthetic(release.get("readme"))},
        "as_of": as_of.isoformat(),
    }


@dataclass(frozen=True)
class Dataset:
    """An imported release on disk; tables are read when they are asked for.

    Attributes:
        folder: where it lies.
        manifest: what `dataset.json` says.
    """

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def release(self) -> Mapping[str, Any]:
        """The release: name, fingerprint, Readme, where its day was read, if it is synthetic."""
        release: Mapping[str, Any] = self.manifest["release"]
        return release

    @property
    def synthetic(self) -> bool:
        """Whether its records are made up, as the release's Readme says."""
        return bool(self.release.get("synthetic"))

    @property
    def as_of(self) -> date:
        """The day of the release; what is later is not yet known."""
        return date.fromisoformat(self.manifest["as_of"])

    @property
    def fingerprint(self) -> str:
        """What to cite: release, day, rules of reading, and what was read and linked."""
        return str(self.manifest["fingerprint"])

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables it holds, main ones first."""
        return tuple(self.manifest["tables"])

    @property
    def linked(self) -> bool:
        """Whether it holds an event log."""
        return bool(self.manifest["linked"])

    @cached_property
    def ledger(self) -> Ledger:
        """What became of every line of the release."""
        return read_ledger(self.folder)

    @property
    def links(self) -> Mapping[str, Any] | None:
        """What linking found; None if the dataset is not linked."""
        return read_json(self.folder / LINKS) if self.linked else None

    @property
    def database(self) -> Path:
        """The DuckDB file with a view for each table."""
        return self.folder / DATABASE

    def table(self, name: str, kind: str = "tables") -> Path:
        """The Parquet file of a table.

        Args:
            name: the table's name, without regard to letter case.
            kind: `tables` for its rows, or `values`, `repaired`, `quarantined`.

        Raises:
            DatasetError: the dataset does not hold it.
        """
        known = {table.casefold(): table for table in self.tables}
        if name.casefold() not in known:
            hint = did_you_mean(name, self.tables)
            raise DatasetError(f'{self.folder}: no table "{name}" in it.{hint}')
        if kind not in KINDS:
            raise DatasetError(f'"{kind}" is not one of {", ".join(KINDS)}')
        return self.folder / kind / f"{known[name.casefold()]}.parquet"

    @property
    def log(self) -> Log:
        """The event log of the cases.

        Raises:
            DatasetError: cases and proceedings were not both imported, so nothing was linked.
            LogError: the log was changed, or written with other words.
        """
        from asylumatlas.events import open_log

        if not self.linked:
            raise DatasetError(
                f"{self.folder}: holds no event log; import A_TblCase and B_TblProceeding too"
            )
        return open_log(self.folder / LOG)


def open_dataset(path: str | Path) -> Dataset:
    """Open a dataset that an import made.

    Only `dataset.json` is read, and the sizes of the files are compared. Where the folder was
    moved since, its DuckDB file is written anew, because views hold whole paths.

    Args:
        path: the dataset's folder.

    Raises:
        DatasetError: no dataset, an unfinished one, or one that was changed since.
    """
    folder = Path(os.path.abspath(path))
    manifest = read_manifest(folder)
    if manifest is None:
        raise DatasetError(_why_none(Path(path)))
    check_files(folder, manifest["files"])
    if manifest["folder"] != str(folder):
        manifest = _follow(folder, manifest)
    return Dataset(folder, manifest)


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """What `dataset.json` says; None if there is none.

    Raises:
        DatasetError: it is damaged, or of another version of the layout.
    """
    manifest = read_json(folder / MANIFEST)
    if manifest is None:
        return None
    if manifest.get("format") != FORMAT:
        raise DatasetError(
            f"{folder}: layout {manifest.get('format')} where this version reads {FORMAT}; import "
            "the release again into a new folder"
        )
    missing = {*CITED, "fingerprint", "files", "folder"} - manifest.keys()
    if missing:
        raise DatasetError(
            f"{folder / MANIFEST}: is damaged: no {min(missing)}; remove the folder and import "
            "again"
        )
    return manifest


def write_manifest(folder: Path, value: Mapping[str, Any]) -> Dataset:
    """Make a folder a dataset: list its files and write `dataset.json`, whole or not at all.

    Args:
        folder: the folder, everything else in it written.
        value: `identity` of the import with `tables` and `linked`.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    manifest = dict(value)
    cited = {key: manifest[key] for key in CITED}
    cited |= {"release": manifest["release"]["fingerprint"], "tables": sorted(manifest["tables"])}
    text = json.dumps(cited, sort_keys=True)
    manifest["fingerprint"] = hashlib.sha256(text.encode()).hexdigest()[:32]
    manifest["folder"] = str(folder)
    manifest["files"] = _sizes(folder)
    write_json(folder / MANIFEST, manifest)
    return Dataset(folder, manifest)


def check_files(folder: Path, files: Mapping[str, int]) -> None:
    """Refuse a folder in which a file is missing or of another size.

    Raises:
        DatasetError: naming the first such file.
    """
    for name, size in files.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != size:
            raise DatasetError(
                f"{path}: missing or changed since the import; remove the folder and import again"
            )


def _sizes(folder: Path) -> dict[str, int]:
    """Every file that must not change: all but the manifest, the DuckDB file and the work."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in (MANIFEST, DATABASE) and not name.startswith("."):
            found[name] = path.stat().st_size
    return found


def _follow(folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest of a folder that was moved, its views made anew where it can be written."""
    from asylumatlas.records.database import write_database

    moved = {**manifest, "folder": str(folder)}
    # In a folder that can only be read, or whose name DuckDB cannot open, all else is good.
    with suppress(OSError, DatasetError):
        write_database(folder, list(manifest["tables"]), linked=bool(manifest["linked"]))
        write_json(folder / MANIFEST, moved)
    return moved


def _why_none(folder: Path) -> str:
    """Why a path is no dataset, and what to do."""
    if folder.name == MANIFEST and folder.is_file():
        return f'{folder}: is the manifest, not the folder. Did you mean "{folder.parent}"?'
    if not folder.exists():
        return f"{folder}: no such folder; give the folder that an import made"
    if not folder.is_dir():
        return f"{folder}: not a dataset; `asylumatlas import {folder} --out DIR` may make one"
    if (folder / WORK).is_dir():
        return f"{folder}: an unfinished import; `asylumatlas import` into it finishes it"
    if (folder / LEDGER).is_file() or any((folder / "tables").glob("*.parquet")):
        return f"{folder}: not whole: no {MANIFEST} in it; remove the folder and import again"
    inner = sorted(folder.glob(f"*/{MANIFEST}"))
    if inner:
        return f'{folder}: not a dataset. Did you mean "{inner[0].parent}"?'
    return f"{folder}: not a dataset: no {MANIFEST} in it; give the folder that an import made"
