"""What is inside a zip: its members checked before one byte is unpacked, then read as streams.

Python's own `zipfile` reads the directory. It cannot unpack Deflate64, the method of the large
members of a release, and it trusts what the directory says; so the unpacking is done here.
Nothing is ever written under a name that an archive gives.
"""

from __future__ import annotations

import re
import stat
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile, ZipInfo

__all__ = [
    "MOST_BYTES",
    "Entry",
    "ReleaseError",
    "check_whole",
    "entries",
    "hidden",
    "pieces",
    "shown",
]

MOST_BYTES = 200_000_000_000  # ten times a release of 2026
METHODS = {0: "stored", 8: "deflate", 9: "deflate64"}
OTHER_METHODS = {12: "bzip2", 14: "lzma", 93: "zstandard", 95: "xz", 98: "ppmd", 99: "AES"}
NESTED = (".zip", ".7z", ".rar", ".gz", ".bz2", ".xz", ".zst", ".tar", ".tgz")

_HEADER = struct.Struct("<4sHHHHHIIIHH")  # a member's local header, without name and extra field
_ENCRYPTED, _UTF8 = 0x1 | 0x40 | 0x2000, 0x800  # bits of its flags
_BOMB_RATIO, _BOMB_BYTES = 1000, 100_000_000
_READ = 1 << 20
# 18 bits of Deflate64 can stand for 65,538 bytes, and the library cannot be told to stop: 8 KiB
# in is at most 240 MB out.
_READ_DEFLATE64 = 8192


class ReleaseError(ValueError):
    """A release that cannot be read, in one line: the file, what is wrong, what to do."""


@dataclass(frozen=True)
class Entry:
    """A file inside a zip, as the zip's directory describes it.

    Attributes:
        name: with its folders.
        size: unpacked bytes.
        packed: packed bytes.
        method: "stored", "deflate" or "deflate64".
        crc: CRC-32 of the unpacked bytes.
        offset: where its local header starts in the zip, in bytes.
        modified: its date; None where the zip has none that is a date.
    """

    name: str
    size: int
    packed: int
    method: str
    crc: int
    offset: int
    modified: date | None


def entries(path: Path, max_bytes: int = MOST_BYTES) -> tuple[Entry, ...]:
    """Return the files inside a zip, in its own order, once all of them look sound.

    Folders and the hidden files of a desktop (`__MACOSX/`, `.DS_Store`) are left out.

    Args:
        path: the zip.
        max_bytes: most unpacked bytes of all files together.

    Raises:
        ReleaseError: it is no zip, is cut short or damaged, is encrypted, packed by an unknown
            method or made to do harm.
        OSError: it cannot be read.
    """
    infos, directory = _directory(path)
    for info in infos:
        _check_name(path, info)
    found = [info for info in infos if not info.is_dir() and not hidden(info.filename)]
    for info in found:
        _check_packing(path, info)
    _check_names_differ(path, found)
    _check_apart(path, [info for info in infos if not info.is_dir()], directory)
    total = sum(info.file_size for info in found)
    if total > max_bytes:
        raise ReleaseError(
            f"{path}: would unpack to {total:,} bytes, more than the limit of {max_bytes:,}; "
            "if that is right, unzip it and give the folder"
        )
    return tuple(map(_entry, found))


def check_whole(path: Path) -> None:
    """Refuse a zip that is not there to its end; of its files only the places are looked at.

    Raises:
        ReleaseError: it is no zip, is cut short or damaged.
    """
    infos, directory = _directory(path)
    _check_apart(path, [info for info in infos if not info.is_dir()], directory)


def pieces(path: Path, entry: Entry) -> Iterator[bytes]:
    """Unpack a file of a zip, piece by piece; the pieces have no fixed size.

    The zip is opened, and the file's local header checked, by this call, not by the first piece.

    Raises:
        ReleaseError: at once, the zip is no longer what `entries` read; at some piece, the file is
            damaged: it is cut short, is longer than the zip says, or differs in its CRC.
    """
    stream = open(path, "rb")  # noqa: SIM115 - the generator below closes it
    try:
        _to_data(path, entry, stream)
    except BaseException:
        stream.close()
        raise
    return _checked(path, entry, stream)


def shown(name: str) -> str:
    """A name from an archive, safe and short enough to print in a message."""
    name = name if name.isprintable() else name.encode("unicode_escape").decode("ascii")
    return name if len(name) <= 120 else f"{name[:60]}...{name[-57:]}"


def hidden(name: str) -> bool:
    """Whether this is a desktop's own file, such as `__MACOSX/._A_TblCase.csv`."""
    parts = PurePosixPath(name).parts
    return any(part == "__MACOSX" or part.startswith(".") for part in parts)


def _directory(path: Path) -> tuple[list[ZipInfo], int]:
    """The directory of a zip, and where in the file it starts."""
    with open(path, "rb") as stream:
        start = stream.read(4)
    try:
        with ZipFile(path) as archive:
            return archive.infolist(), archive.start_dir
    except BadZipFile as error:
        raise ReleaseError(f"{path}: {_why_no_zip(start, error)}") from error
    except (ValueError, struct.error, NotImplementedError, OverflowError, EOFError, MemoryError):
        raise ReleaseError(f"{path}: the zip's directory is damaged; fetch it again") from None
    except OSError as error:
        if error.filename is not None:
            raise
        raise ReleaseError(f"{path}: the zip's directory is damaged; fetch it again") from error


def _why_no_zip(start: bytes, error: BadZipFile) -> str:
    """What is wrong with a file that does not open as a zip, and what to do."""
    if not start:
        return "is empty; fetch it again"
    if start.startswith(b"PK"):
        if "end of central directory" in str(error) or "not a zip" in str(error):
            return "the zip is cut short (its directory, at the end, is missing); fetch it again"
        return "the zip's directory is damaged; fetch it again"
    if start.lstrip().startswith(b"<"):
        return "is a web page, not a zip; fetch it again"
    return "is not a zip; give the zip or the folder of a release"


def _check_name(path: Path, info: ZipInfo) -> None:
    """Refuse a name that would reach outside a folder if somebody unpacked it."""
    # `filename` ends at a NUL; `orig_filename` is what the zip says.
    name = info.orig_filename
    parts = PurePosixPath(name).parts
    what = ""
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        what = "an absolute name"
    elif ".." in parts:
        what = "a name that leads out of its folder"
    elif "\\" in name:
        what = "a name with backslashes"
    elif not parts or any(ord(letter) < 32 for letter in name):
        what = "a name with control characters" if parts else "no name"
    elif stat.S_ISLNK(info.external_attr >> 16):
        what = "a symbolic link"
    if what:
        raise ReleaseError(
            f'{path}: "{shown(name)}" is {what}; no release has one, so the zip is not taken'
        )


def _check_packing(path: Path, info: ZipInfo) -> None:
    """Refuse a file that cannot be unpacked, or not without harm."""
    where = f'{path}: "{shown(info.filename)}"'
    if info.flag_bits & _ENCRYPTED:
        raise ReleaseError(f"{where} is encrypted; unpack it with its password, give the folder")
    if info.compress_type not in METHODS:
        method = OTHER_METHODS.get(info.compress_type, f"method {info.compress_type}")
        raise ReleaseError(f"{where} is packed by {method}; unzip it first, give the folder")
    if info.file_size > _BOMB_BYTES and info.file_size > _BOMB_RATIO * info.compress_size:
        raise ReleaseError(
            f"{where} would unpack {info.compress_size:,} bytes to {info.file_size:,}: a zip bomb?"
            " If it is sound, unzip it and give the folder"
        )
    if info.compress_type == 0 and info.compress_size != info.file_size:
        raise ReleaseError(f"{where} has two sizes; the zip is damaged, fetch it again")


def _check_names_differ(path: Path, infos: Sequence[ZipInfo]) -> None:
    """Refuse a name that stands twice: which of the two files counts?"""
    seen = set[str]()
    for info in infos:
        if info.filename in seen:
            raise ReleaseError(
                f'{path}: "{shown(info.filename)}" is in the zip twice; unzip the right one of '
                "them, give the folder"
            )
        seen.add(info.filename)


def _check_apart(path: Path, infos: Sequence[ZipInfo], directory: int) -> None:
    """Refuse files that share bytes (how a small zip unpacks without end) or leave the zip."""
    spans = sorted(
        (i.header_offset, i.header_offset + _HEADER.size + i.compress_size) for i in infos
    )
    if spans and (spans[0][0] < 0 or spans[-1][1] > directory):
        raise ReleaseError(f"{path}: the zip is cut short or damaged; fetch it again")
    for (_, end), (start, _) in pairwise(spans):
        if end > start:
            raise ReleaseError(f"{path}: files in the zip overlap; it is not taken")


def _entry(info: ZipInfo) -> Entry:
    modified = None
    with suppress(ValueError):
        modified = date(*info.date_time[:3])
    if modified == date(1980, 1, 1):  # how zip programs write "no date"
        modified = None
    return Entry(
        name=info.filename,
        size=info.file_size,
        packed=info.compress_size,
        method=METHODS[info.compress_type],
        crc=info.CRC,
        offset=info.header_offset,
        modified=modified,
    )


def _to_data(path: Path, entry: Entry, stream: BinaryIO) -> None:
    """Go to the first packed byte, past a local header that says what the directory says."""
    stream.seek(entry.offset)
    head = stream.read(_HEADER.size)
    if len(head) == _HEADER.size and head.startswith(b"PK\x03\x04"):
        _, _, flags, method, *_, length, extra = _HEADER.unpack(head)
        name = stream.read(length)
        stream.seek(extra, 1)
        text = name.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
        if text == entry.name and METHODS.get(method) == entry.method:
            return
    raise ReleaseError(
        f'{path}: "{shown(entry.name)}" is not where the zip\'s directory says; fetch it again'
    )


def _checked(path: Path, entry: Entry, stream: BinaryIO) -> Iterator[bytes]:
    """The unpacked pieces, counted and summed on the way."""
    where = f'{path}: "{shown(entry.name)}"'
    size = crc = 0
    with stream:
        unpacked = _UNPACKERS[entry.method](_packed(entry, stream))
        while True:
            try:
                piece = next(unpacked, None)
            except (zlib.error, ValueError) as error:
                raise ReleaseError(f"{where} is damaged; fetch the zip again") from error
            if piece is None:
                break
            size += len(piece)
            if size > entry.size:
                raise ReleaseError(
                    f"{where} is longer than its {entry.size:,} bytes; fetch the zip again"
                )
            crc = zlib.crc32(piece, crc)
            yield piece
    if size < entry.size:
        raise ReleaseError(
            f"{where} ends after {size:,} of {entry.size:,} bytes; fetch the zip again"
        )
    if crc != entry.crc:
        raise ReleaseError(f"{where} is damaged (its checksum differs); fetch the zip again")


def _packed(entry: Entry, stream: BinaryIO) -> Iterator[bytes]:
    """The packed bytes."""
    step = _READ_DEFLATE64 if entry.method == "deflate64" else _READ
    left = entry.packed
    while left and (piece := stream.read(min(step, left))):
        left -= len(piece)
        yield piece


def _stored(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Not packed at all (method 0)."""
    return packed


def _inflated(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Deflate (method 8)."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for piece in packed:
        while piece and not inflater.eof:
            if unpacked := inflater.decompress(piece, _READ):
                yield unpacked
            piece = inflater.unconsumed_tail
    while not inflater.eof and (unpacked := inflater.decompress(b"", _READ)):
        yield unpacked
    if not inflater.eof:
        raise zlib.error("the stream does not end")


def _inflated64(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Deflate64 (method 9), gathered into pieces of a size worth passing on.

    `inflate64` 1.0.4 never lets go of what it is fed, so it is fed from one buffer: otherwise a
    release would stay in memory with every packed byte.
    """
    import inflate64  # only where a release needs it

    inflater = inflate64.Inflater()
    fed = bytearray()
    gathered: list[bytes] = []
    length = 0
    for piece in packed:
        if len(fed) < len(piece):
            fed = bytearray(len(piece))
        fed[: len(piece)] = piece
        gathered.append(inflater.inflate(memoryview(fed)[: len(piece)]))
        length += len(gathered[-1])
        if length >= _READ:
            yield b"".join(gathered)
            gathered, length = [], 0
        if inflater.eof:
            break
    if not inflater.eof:
        raise ValueError("the stream does not end")
    yield b"".join(gathered)


_UNPACKERS: dict[str, Callable[[Iterator[bytes]], Iterator[bytes]]] = {
    "stored": _stored,
    "deflate": _inflated,
    "deflate64": _inflated64,
}
