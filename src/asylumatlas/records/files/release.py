"""A release as the court system publishes it: a zip or a folder, its tables found by name."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from asylumatlas.records.files import archive
from asylumatlas.records.files.archive import MOST_BYTES, ReleaseError, shown
from asylumatlas.records.files.prefetch import Prefetched
from asylumatlas.records.registry import Table, table_of, tables

__all__ = ["MOST_BYTES", "Member", "Release", "ReleaseError", "open_release"]

_MEGABYTE = 1 << 20
_DATE = re.compile(r"(?<!\d)(20\d\d)-?([01]\d)-?([0-3]\d)(?!\d)")


@dataclass(frozen=True)
class Member:
    """The file of one table.

    Attributes:
        table: the table it holds.
        name: its name in the release, with folders.
        size: bytes, unpacked.
        packed: bytes as it lies in the release; `size` in a folder.
        method: "stored", "deflate" or "deflate64" in a zip, "file" in a folder.
    """

    table: Table
    name: str
    size: int
    packed: int
    method: str
    _file: _File = field(repr=False, compare=False)

    def open(self) -> Prefetched:
        """Open it for reading from its first byte, unpacked ahead by a thread of its own.

        Several may be open at once. Use it as a context manager, or close it.

        Raises:
            ReleaseError: it is not there any more; or, from a later `read`, it is damaged.
        """
        return Prefetched(self._file.pieces())


@dataclass(frozen=True)
class Release:
    """A release: its tables' files and what it says of itself.

    Attributes:
        path: the zip or folder.
        name: the zip's or folder's name.
        as_of: the day the records were copied.
        as_of_from: where that day was found, in words.
        members: the tables' files, in the order of `registry.tables()`.
        unknown: names of files that are neither a table nor about the tables, sorted.
        counts: rows by table according to `Count.txt`; empty without that file.
        readme: text of the Readme; None without one.
        fingerprint: hex digest that changes when a file does. A folder's says little of the
            middle of large files; a zip and a folder of the same files have different ones.
    """

    path: Path
    name: str
    as_of: date
    as_of_from: str
    members: tuple[Member, ...]
    unknown: tuple[str, ...]
    counts: Mapping[str, int]
    readme: str | None
    fingerprint: str

    @property
    def synthetic(self) -> bool:
        """Whether the first line of its Readme says that it is made up."""
        return is_synthetic(self.readme)


@dataclass(frozen=True)
class _File:
    """A file of a release, in a zip (`entry`) or in a folder."""

    release: Path
    name: str
    size: int
    modified: date | None
    entry: archive.Entry | None = None

    @property
    def base(self) -> str:
        """Its name without folders, folded."""
        return PurePosixPath(self.name).name.casefold()

    def pieces(self) -> Iterator[bytes]:
        """Its bytes."""
        if self.entry is not None:
            return archive.pieces(self.release, self.entry)
        return _whole(self.release / self.name, self.size)

    def start(self) -> bytes:
        """Its first megabyte."""
        with Prefetched(self.pieces()) as stream:
            return stream.read(_MEGABYTE)

    def digest(self) -> str:
        """What stands for its content in a fingerprint."""
        if self.entry is not None:
            return f"{self.entry.crc:08x}"
        with open(self.release / self.name, "rb") as stream:
            digest = hashlib.sha256(stream.read(_MEGABYTE))
            stream.seek(max(0, self.size - _MEGABYTE))
            digest.update(stream.read(_MEGABYTE))
        return digest.hexdigest()


def open_release(path: Path, as_of: date | None = None, max_bytes: int = MOST_BYTES) -> Release:
    """Look into a release: which tables it has, and that nothing in it is unsound.

    Reads the zip's directory or the folder's list of files, `Count.txt` and the Readme; no table.
    Files are recognised by name alone, without regard to case or folder.

    Args:
        path: the zip, the folder, or a folder around either's files.
        as_of: the day the records were copied. If not given, a date in the name of a folder or
            file (2026-0401, 20260401), else the newest date of a table's file.
        max_bytes: most bytes a zip may unpack to.

    Raises:
        ReleaseError: there is no release at the path, or it cannot be read; see `archive.entries`.
        OSError: the path cannot be read.
    """
    path = Path(path)
    files = _files(path, max_bytes)
    found: dict[str, _File] = {}
    rest: list[_File] = []
    for file in files:
        table = table_of(file.name)
        if table is None:
            rest.append(file)
        elif table.name in found:
            both = f'"{shown(found[table.name].name)}" and "{shown(file.name)}"'
            raise ReleaseError(f"{path}: {both} are both the table {table.name}; keep one")
        else:
            found[table.name] = file
    if not found:
        raise ReleaseError(f"{path}: {_why_no_table(path, rest)}")
    count = next((file for file in rest if _is_count(file.base)), None)
    readme = next((file for file in rest if _is_readme(file.base)), None)
    day, day_from = (as_of, "given") if as_of else _day(path, list(found.values()))
    return Release(
        path=path,
        name=path.resolve().name,
        as_of=day,
        as_of_from=day_from,
        members=tuple(_member(t, found[t.name]) for t in tables().values() if t.name in found),
        unknown=tuple(
            sorted(
                file.name
                for file in rest
                if file not in (count, readme) and "schema" not in file.base.casefold()
            )
        ),
        counts=_counts(_text(count.start()) if count else ""),
        readme=_text(readme.start()) if readme else None,
        fingerprint=_fingerprint(files),
    )


def is_synthetic(readme: str | None) -> bool:
    """Whether the first line of a Readme says that the records are made up.

    Example:
        >>> is_synthetic("SYNTHETIC DATA. NOT RECORDS OF ANY COURT."), is_synthetic("Case data")
        (True, False)
    """
    first = (readme or "").strip().partition("\n")[0]
    return re.search(r"\bsynthetic\b", first, re.IGNORECASE) is not None


def _member(table: Table, file: _File) -> Member:
    if file.entry is None:
        return Member(table, file.name, file.size, file.size, "file", file)
    return Member(table, file.name, file.size, file.entry.packed, file.entry.method, file)


def _files(path: Path, max_bytes: int) -> list[_File]:
    """Every file of a release, sorted by name."""
    if path.is_dir():
        files = list(_in_folder(path))
    elif path.is_file():
        inside = archive.entries(path, max_bytes)
        files = [_File(path, e.name, e.size, e.modified, e) for e in inside]
    elif path.exists() or path.is_symlink():
        raise ReleaseError(f"{path}: {_oddity(path)}; give the zip or the folder of a release")
    else:
        raise ReleaseError(f"{path}: no such file or folder{_nearest(path)}")
    return sorted(files, key=lambda file: file.name)


def _in_folder(path: Path) -> Iterator[_File]:
    """The plain files in a folder and the folders in it; links to folders are not followed.

    Raises:
        ReleaseError: what should be a file that counts is something else.
    """

    def complain(error: OSError) -> None:
        raise error

    for folder, folders, names in os.walk(path, onerror=complain):
        folders[:] = [name for name in folders if not archive.hidden(name)]
        for name in folders:
            if table_of(name):
                _refuse_oddity(Path(folder, name))
        for name in names:
            file = Path(folder, name)
            if archive.hidden(name):
                continue
            if not file.is_file():  # opening a pipe would wait without end
                if table_of(name) or _is_count(name) or _is_readme(name):
                    _refuse_oddity(file)
                continue
            about = file.stat()
            modified = datetime.fromtimestamp(about.st_mtime, UTC).date()
            yield _File(path, file.relative_to(path).as_posix(), about.st_size, modified)


def _refuse_oddity(path: Path) -> None:
    """Refuse what has the name of a file that counts and is none.

    Passed over, its table would be missing as if the release had never had it.
    """
    raise ReleaseError(f"{path}: {_oddity(path)}; put the file in its place, or move it away")


def _oddity(path: Path) -> str:
    """What a path is that is not what it should be."""
    if not path.exists():
        return f'is a link that leads nowhere (to "{shown(os.readlink(path))}")'
    return "is a folder, not a file" if path.is_dir() else "is a device or a pipe, not a file"


def _is_count(name: str) -> bool:
    return name.casefold() == "count.txt"


def _is_readme(name: str) -> bool:
    return re.match(r"read[ _-]?me\b", name.casefold()) is not None


def _whole(path: Path, size: int) -> Iterator[bytes]:
    """The bytes of a plain file that should have this many."""
    stream = open(path, "rb")  # noqa: SIM115 - the generator below closes it

    def read() -> Iterator[bytes]:
        done = 0
        with stream:
            while piece := stream.read(_MEGABYTE):
                done += len(piece)
                yield piece
        if done != size:
            raise ReleaseError(
                f"{path}: changed from {size:,} to {done:,} bytes while it was read; import again"
            )

    return read()


def _why_no_table(path: Path, files: list[_File]) -> str:
    """Why a release without any table is none, and what to do."""
    if not files:
        return "holds no file; give the zip or the folder of a release"
    for file in files:
        if file.base.endswith(archive.NESTED):
            inside = "zip" if file.entry else "folder"
            what = "unzip it first" if file.entry else f'give "{path / file.name}"'
            return f'the {inside} holds another archive, "{shown(file.name)}"; {what}'
    from asylumatlas.records.plan import did_you_mean

    first = PurePosixPath(files[0].name).name
    hint = did_you_mean(first, [table.file for table in tables().values()])
    return (
        f'none of its {len(files):,} files is a table of the court records, not "{shown(first)}"; '
        f"A_TblCase.csv is one.{hint}"
    )


def _nearest(path: Path) -> str:
    """A hint: the name beside it that is closest."""
    from asylumatlas.records.plan import did_you_mean

    beside = path.parent.iterdir() if path.parent.is_dir() else ()
    hint = did_you_mean(str(path), [str(other) for other in beside if other.name != path.name])
    return f".{hint}" if hint else "; give the zip or the folder of a release"


def _day(path: Path, files: list[_File]) -> tuple[date, str]:
    """The day a release was made, and where that was found."""
    folders = [part for file in files for part in PurePosixPath(file.name).parts]
    around = path.resolve()
    for name in dict.fromkeys([*sorted(folders), around.name, around.parent.name]):
        if (day := date_in(name)) is not None:
            return day, f'the name "{shown(name)}"'
    days = [file.modified for file in files if file.modified is not None]
    if not days:
        raise ReleaseError(f"{path}: no name and no file in it has a date; say --as-of YYYY-MM-DD")
    return max(days), "the newest date of its files"


def date_in(name: str) -> date | None:
    """The date in a name, as in `EOIR Case Data 2026-0401`."""
    for found in _DATE.finditer(name):
        year, month, day = map(int, found.groups())
        try:
            return date(year, month, day)
        except ValueError:
            continue
    return None


def _text(raw: bytes) -> str:
    """Text in one of the encodings a small file of a release might have."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _counts(text: str) -> Mapping[str, int]:
    """Rows by table, from the lines of `Count.txt`; lines that say anything else are passed over.

    A table we know goes by our name for it, any other by its own.
    """
    counts = {}
    for line in text.split("\n"):
        found = re.fullmatch(r"\s*(\S.*?)(?:\s*[\t,:]\s*|\s+)(\d[\d,]{0,18})\s*", line)
        if not found:
            continue
        name = re.sub(r"(?i)\.csv$", "", found[1].strip().strip('"'))
        table = table_of(f"{name}.csv")
        counts[table.name if table else name] = int(found[2].replace(",", ""))
    return MappingProxyType(counts)


def _fingerprint(files: list[_File]) -> str:
    """Digest of every file's name, size and content, whatever order and folders they lie in."""
    digest = hashlib.sha256()
    for line in sorted(f"{file.base}\t{file.size}\t{file.digest()}\n" for file in files):
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
