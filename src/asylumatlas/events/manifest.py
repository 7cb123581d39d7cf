"""The manifest, ``log.json``: written last, so that a folder is a whole log or no log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from asylumatlas import process
from asylumatlas.disk import store_whole
from asylumatlas.events.columns import TABLES, LogError, require_known
from asylumatlas.events.parts import MANIFEST

FORMAT = 1
"""Version of the folder's layout; it rises when older readers could no longer read it."""

SOURCES = ("simulation", "records", "example")
"""Where a log can come from."""


@dataclass(frozen=True)
class Manifest:
    """What ``log.json`` says.

    Attributes:
        source: one of `SOURCES`.
        as_of: the last day the log knows of; what is later is not yet known (right-censoring).
        vocabulary: `process.vocabulary_version` of the words in the log.
        replications: numbers of the replications, rising; one without any case counts too.
        rows: rows of ``cases`` and of ``events``.
        extra: names and types of the case columns after the fixed ones.
        parts: one entry for each part, as `write_part` returned it.
        details: what made the log: for a simulation the scenario with every parameter,
            fingerprint, seeds, package versions, the draw of parameters behind each replication
            (``draws``), what it used by replication (``meters``) and, where that is not all of
            them, the part of the people that was simulated (``sampled``); for records release,
            ledger, caveats and the codes that stand for no one judge (``placeholders``).
        format: version of the layout.
        checksum: SHA-256 of everything else in the manifest, and through the parts' own checksums
            of every byte of the log.
    """

    source: str
    as_of: date
    vocabulary: str
    replications: tuple[int, ...]
    rows: Mapping[str, int]
    extra: Mapping[str, str]
    parts: tuple[Mapping[str, Any], ...]
    details: Mapping[str, Any] = field(default_factory=dict)
    format: int = FORMAT
    checksum: str = ""

    def compute_checksum(self) -> str:
        """Return the checksum that the manifest should carry."""
        rest = {name: value for name, value in asdict(self).items() if name != "checksum"}
        text = json.dumps(rest, sort_keys=True, allow_nan=False, default=_plain)
        return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    """Turn what JSON does not know into what it does."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    item = getattr(value, "item", None)  # a numpy number
    if callable(item):
        return item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _ordered_parts(parts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the parts by number, refusing gaps, overlaps and unequal columns."""
    ordered = sorted(parts, key=lambda part: int(part["number"]))
    numbers = [part["number"] for part in ordered]
    if numbers != list(range(len(ordered))):
        raise LogError(f"{MANIFEST}: parts: numbers must run from 0 without a gap, not {numbers}.")
    last: list[int] = [-1, -1]
    for part in ordered:
        if part["extra"] != ordered[0]["extra"]:
            raise LogError(f"{MANIFEST}: parts: part {part['number']} has other case columns.")
        if part["first"] is not None:
            if part["first"] <= last:
                raise LogError(
                    f"{MANIFEST}: parts: part {part['number']} starts at (replication, case_id) "
                    f"{tuple(part['first'])}, not after {tuple(last)} where the one before it ends."
                )
            last = part["last"]
    return ordered


def check_files(folder: Path, parts: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a listed file that is missing or cut short, and a part's file that is not listed."""
    listed = [part[table] for part in parts for table in TABLES]
    for entry in listed:
        path = folder / entry["file"]
        if not path.is_file() or path.stat().st_size != entry["bytes"]:
            raise LogError(f"{path}: missing or cut short. Make the log again.")
    names = {entry["file"] for entry in listed}
    for table in TABLES:
        for path in sorted((folder / f"{table}.parquet").glob("*.parquet")):
            if f"{table}.parquet/{path.name}" not in names:
                raise LogError(
                    f"{path}: is not a part of this log. Remove it, or use a new folder."
                )


def seal(
    folder: Path,
    *,
    source: str,
    as_of: date,
    parts: Sequence[Mapping[str, Any]],
    details: Mapping[str, Any],
) -> None:
    """Make a log of a folder of parts, by writing ``log.json`` last and at once.

    Args:
        folder: the folder the parts were written to; made if there are none.
        source: one of `SOURCES`.
        as_of: the last day the log knows of.
        parts: what `write_part` returned for each part, in any order.
        details: what made the log; must be plain data (dates and numpy numbers are turned into
            it).

    Raises:
        LogError: if parts are missing, overlap or differ in columns, if a file is missing, cut
            short or left over, or if the folder is already a log.
        OSError: if ``log.json`` cannot be written; the folder is then not a log.
    """
    folder = Path(folder)
    if (folder / MANIFEST).exists():
        raise LogError(f"{folder}: is already a whole log. Write to a new folder.")
    require_known(source, SOURCES, f"{MANIFEST}: source", "source")
    ordered = _ordered_parts(parts)
    check_files(folder, ordered)
    manifest = Manifest(
        source=source,
        as_of=as_of,
        vocabulary=process.vocabulary_version(),
        replications=tuple(sorted({n for part in ordered for n in part["replications"]})),
        rows={table: sum(part[table]["rows"] for part in ordered) for table in TABLES},
        extra=ordered[0]["extra"] if ordered else {},
        parts=tuple(ordered),
        details=_plain_details(details),
    )
    known = asdict(manifest) | {"checksum": manifest.compute_checksum()}
    text = json.dumps(known, indent=1, sort_keys=True, default=_plain)
    store_whole(folder / MANIFEST, f"{text}\n".encode())


def _plain_details(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return the details as they will be read back, so that the checksum is of what is read."""
    try:
        plain: dict[str, Any] = json.loads(json.dumps(details, allow_nan=False, default=_plain))
    except (TypeError, ValueError) as error:
        raise LogError(f"{MANIFEST}: details: {error}.") from error
    return plain


def read_manifest(folder: Path) -> Manifest:
    """Read and check ``log.json``.

    Raises:
        LogError: in one line with the remedy, if the folder is no log, an unfinished one, one of
            another layout, or one whose manifest was changed after it was written.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise LogError(_why_no_log(folder))
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        if table["format"] != FORMAT:
            raise LogError(
                f"{path}: format: {table['format']} where this version reads {FORMAT}. "
                "Use the version of Asylum Atlas that wrote it, or make the log again."
            )
        table["as_of"] = date.fromisoformat(table["as_of"])
        for name in ("replications", "parts"):
            table[name] = tuple(table[name])
        manifest = Manifest(**table)
        checksum = manifest.compute_checksum()
    except LogError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LogError(f"{path}: cannot be read as a manifest. Make the log again.") from error
    if checksum != manifest.checksum:
        raise LogError(f"{path}: checksum differs: changed after writing. Make the log again.")
    return manifest


def _why_no_log(folder: Path) -> str:
    """Say why a path is not a log, and what to do."""
    if folder.name == MANIFEST and folder.is_file():
        return f'{folder}: is the manifest, not the folder. Did you mean "{folder.parent}"?'
    if folder.is_file():
        return (
            f"{folder}: is a file, not a log's folder. A release is imported first: asylumatlas "
            f"import {folder} --out records"
        )
    if not folder.is_dir():
        return f"{folder}: no such folder. Give the folder that a run or an import wrote."
    if any((folder / f"{table}.parquet").is_dir() for table in TABLES):
        return f"{folder}: unfinished: parts but no {MANIFEST}. Run or import again."
    inner = sorted(folder.glob(f"*/{MANIFEST}"))
    hint = f' Did you mean "{inner[0].parent}"?' if inner else ""
    remedy = hint or " Give the folder that a run or an import wrote."
    return f"{folder}: not an event log: no {MANIFEST} in it.{remedy}"
