"""A log opened for reading."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asylumatlas import process
from asylumatlas.events.columns import (
    TABLES,
    LogError,
    allowed_words,
    arrow_schema,
    require_known,
)
from asylumatlas.events.manifest import Manifest, check_files, read_manifest

if TYPE_CHECKING:
    import pyarrow as pa

Where = Mapping[str, Any]
"""Column -> the value, or the collection of values, that rows are to have."""


@dataclass(frozen=True)
class Log:
    """An event log on disk; nothing is read before it is asked for.

    Attributes:
        folder: where it lies.
        manifest: what ``log.json`` says.
    """

    folder: Path
    manifest: Manifest

    @property
    def replications(self) -> tuple[int, ...]:
        """Numbers of the replications, rising; one without any case counts too."""
        return self.manifest.replications

    @property
    def as_of(self) -> date:
        """The last day the log knows of; later events are unknown, not absent."""
        return self.manifest.as_of

    @property
    def fingerprint(self) -> str:
        """What to cite: the maker's own fingerprint, else the checksum of the whole log."""
        return str(self.manifest.details.get("fingerprint") or self.manifest.checksum)

    def cases(self, columns: Sequence[str] | None = None, where: Where | None = None) -> pa.Table:
        """Return cases, sorted by (replication, case_id).

        Args:
            columns: names of the columns wanted, in that order; all by default.
            where: column -> value or collection of values; a row must meet all of them.

        Raises:
            LogError: if a column is unknown, or a word of a closed list.
        """
        return self._read("cases", columns, where)

    def events(self, columns: Sequence[str] | None = None, where: Where | None = None) -> pa.Table:
        """Return events, sorted by (replication, case_id, seq).

        Args:
            columns: names of the columns wanted, in that order; all by default.
            where: column -> value or collection of values; a row must meet all of them.

        Raises:
            LogError: if a column is unknown, or a word of a closed list.
        """
        return self._read("events", columns, where)

    def verify(self) -> None:
        """Read every byte and compare it with the checksums.

        Raises:
            LogError: naming the first file that is missing, changed, or not listed.
        """
        check_files(self.folder, self.manifest.parts)
        for part in self.manifest.parts:
            for table in TABLES:
                path = self.folder / part[table]["file"]
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                if digest != part[table]["sha256"]:
                    raise LogError(
                        f"{path}: checksum differs: changed after writing. Make the log again."
                    )

    def _read(self, table: str, columns: Sequence[str] | None, where: Where | None) -> pa.Table:
        import pyarrow.dataset as ds

        schema = arrow_schema(table, dict(self.manifest.extra) if table == "cases" else None)
        for name in [*(columns or ()), *(where or {})]:
            require_known(name, schema.names, f"{self.folder}: {table}", "column")
        paths = [str(self.folder / part[table]["file"]) for part in self.manifest.parts]
        chosen = list(columns) if columns is not None else schema.names
        if not paths:
            return schema.empty_table().select(chosen)
        data = ds.dataset(paths, schema=schema, format="parquet")
        found = data.to_table(columns=chosen, filter=self._filter(table, schema, where or {}))
        return found.unify_dictionaries()

    def _filter(self, table: str, schema: pa.Schema, where: Where) -> Any:
        """Return the condition for the reader, ``None`` without one."""
        import pyarrow as pa
        import pyarrow.dataset as ds

        lists = {column.name: column.words for column in TABLES[table]}
        condition = None
        for name, wanted in where.items():
            many = isinstance(wanted, Collection) and not isinstance(wanted, str)
            values = list(wanted) if many else [wanted]
            known = allowed_words(lists.get(name, ""))
            for value in values if known else ():
                require_known(value, known, f"{self.folder}: {table}.{name}", name)
            kind = schema.field(name).type
            kind = kind.value_type if pa.types.is_dictionary(kind) else kind
            try:
                meets = ds.field(name).isin(pa.array(values, kind))
            except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
                raise LogError(
                    f"{self.folder}: {table}.{name}: {values} are not of type {kind}."
                ) from error
            condition = meets if condition is None else condition & meets
        return condition


def open_log(path: str | Path, *, other_vocabulary: bool = False) -> Log:
    """Open an event log that a run or an import wrote.

    Only ``log.json`` is read and the sizes of the files are compared; `Log.verify` reads all.

    Args:
        path: the log's folder, or a dataset of court records, whose log is meant.
        other_vocabulary: open a log written with another version of the process's words, too.

    Raises:
        LogError: in one line with the remedy: no log, unfinished, cut short, changed, or written
            with another vocabulary.
    """
    folder = Path(path)
    if (folder / "dataset.json").is_file() and (folder / "log").is_dir():
        folder /= "log"
    manifest = read_manifest(folder)
    check_files(folder, manifest.parts)
    here = process.vocabulary_version()
    if manifest.vocabulary != here and not other_vocabulary:
        raise LogError(
            f"{folder}: vocabulary: written with version {manifest.vocabulary} of the process's "
            f"words, this is {here}. Make the log again, or open it with other_vocabulary=True."
        )
    return Log(folder, manifest)
