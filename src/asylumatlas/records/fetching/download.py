"""The download of a release: resumed where it broke off, whole or not there at all.

Until a file is whole it lies in `OUT.part`, with what the server said of it in `OUT.part.json`.
A fetched file has an `OUT.json` beside it that says where it came from, when, and its checksum.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from asylumatlas.records.fetching.partial import Part, about_of, json_of
from asylumatlas.records.fetching.server import Answer, FetchError, Trouble, Version, ask, check_url
from asylumatlas.records.files.archive import ReleaseError, check_whole

__all__ = ["URL", "FetchError", "Fetched", "fetch"]

URL = "https://fileshare.eoir.justice.gov/EOIR%20Case%20Data.zip"
"""Where the court system publishes its records: one file, replaced about monthly."""

_FACTS = ("bytes", "etag", "last_modified", "sha256")
_READ = 1 << 18
_ZIP = b"PK\x03\x04"
_MOST_CHANGES = 5
_LONGEST_WAIT = 60.0  # seconds


@dataclass(frozen=True)
class Fetched:
    """A file that is there, whole.

    Attributes:
        path: the file.
        bytes: its size.
        etag: the server's ETag for it, as sent.
        last_modified: the server's date for it, as sent.
        sha256: hex digest of the file.
        resumed_from: bytes that an earlier fetch had left and this one did not ask for again.
        unchanged: the file was there and the server has no other; nothing was done.
        kept: where the file that was there before lies now; None if there was none.
        notes: what was out of the ordinary, one line each.
    """

    path: Path
    bytes: int
    etag: str | None
    last_modified: str | None
    sha256: str
    resumed_from: int = 0
    unchanged: bool = False
    kept: Path | None = None
    notes: tuple[str, ...] = ()


def fetch(
    url: str,
    out: Path,
    progress: Callable[[int, int | None], None] | None = None,
    timeout: float = 60.0,
    retries: int = 8,
    say: Callable[[str], None] | None = None,
) -> Fetched:
    """Download a zip, going on where an earlier call was stopped; do nothing if it is there.

    A file that an earlier call fetched is replaced only where the server has another; as the
    court system keeps no old releases, the earlier one is kept under a name with its date.

    Args:
        url: the address, http or https; `URL` is the court system's.
        out: the file to write.
        progress: called with the bytes there and the bytes of the whole, None if not known.
        timeout: seconds without a byte after which a connection counts as dropped.
        retries: how many tries in a row may bring nothing new before it gives up.
        say: called with each note when it happens.

    Raises:
        FetchError: it cannot be fetched, or the file there is not one of ours; what was fetched
            so far stays for the next call wherever it can still be used.
        OSError: the folder cannot be written.
    """
    check_url(url)
    out = Path(out)
    if not out.parent.is_dir():
        raise FetchError(f"{out.parent}: no such folder; make it first")
    transfer = _Transfer(url, out, timeout, retries, progress, say)
    record = _record(out)
    if record is not None and transfer.unchanged(record):
        facts: dict[str, Any] = {key: record.get(key) for key in _FACTS}
        return Fetched(out, **facts, unchanged=True, notes=tuple(transfer.notes))
    with Part(out, url) as part:
        transfer.run(part)
        return _finish(out, part, transfer)


@dataclass
class _Transfer:
    """One call of `fetch`: tries, and what went wrong in them."""

    url: str
    out: Path
    timeout: float
    retries: int
    progress: Callable[[int, int | None], None] | None
    say: Callable[[str], None] | None
    notes: list[str] = field(default_factory=list)
    resumed_from: int = 0
    tries: int = 0  # in a row that brought nothing
    most: int = 0  # bytes of this version there have ever been
    changes: int = 0
    ranges: bool = True  # the server sends the ranges it is asked for

    def unchanged(self, record: dict[str, Any]) -> bool:
        """Whether the server still has the version on record."""
        if record.get("url") != self.url:
            return False
        known = Version(record.get("etag"), record.get("last_modified"), record["bytes"])
        headers = {}
        if known.etag:
            strong = known.etag.removeprefix("W/")
            headers["If-None-Match"] = f"{strong}, W/{strong}"
        if known.last_modified:
            headers["If-Modified-Since"] = known.last_modified
        while True:
            try:
                with ask(self.url, headers, self.timeout) as answer:
                    return answer.status == 304 or answer.version.same_as(known)
            except Trouble as trouble:
                self._rest(trouble, 0)

    def run(self, part: Part) -> None:
        """Try until the part is whole."""
        self.resumed_from = self.most = part.size
        while True:
            try:
                if self._attempt(part):
                    return
            except Trouble as trouble:
                self._rest(trouble, part.size)

    def _attempt(self, part: Part) -> bool:
        """One request and what it brings; whether the part is whole now."""
        have = part.size
        if have and have == part.version.length:
            return True
        # No If-Range: where the ETag's form has flipped it would cost all that is there. The
        # answer says which version it is part of, and that is compared here.
        wanted = {"Range": f"bytes={have}-"} if have and self.ranges else {}
        with ask(self.url, wanted, self.timeout) as answer:
            if answer.status == 416 and answer.version.length == have:
                return True  # the length it said at first was wrong
            if answer.status != 200 and not self._goes_on(part, answer):
                return False
            if answer.status == 200:
                self._from_start(part, answer)
            self._receive(part, answer)
        return True

    def _goes_on(self, part: Part, answer: Answer) -> bool:
        """Whether the body is what follows the part; if not, the part is given up."""
        if answer.status == 206 and answer.version.same_as(part.version):
            if answer.start == part.size:
                self._check_room(part.version.length, part.size)
                return True
            self.ranges = False
            self._again(part, "the server sends other bytes than it was asked for")
        elif answer.version.surely_other_than(part.version):
            self._changed(part)
        else:
            self.ranges = False
            self._again(part, "the server does not say which version of the file it sends")
        return False

    def _from_start(self, part: Part, answer: Answer) -> None:
        """Take an answer that starts at the file's first byte."""
        first = answer.read(_READ)
        if not first:
            raise Trouble("the connection was dropped")
        if not _ZIP.startswith(first[:4]):
            kind = "a web page" if b"<" in first[:200] else f"something else ({answer.kind})"
            raise FetchError(
                f"{self.url}: the server sends {kind}, not a zip; look at the address in a "
                "browser, say --url if it has moved"
            )
        self._check_room(answer.version.length, part.size)
        if part.size and answer.version.surely_other_than(part.version):
            self._changed(part)
        elif part.size:
            self._again(part, "the server does not go on in the middle of a file")
        part.begin(answer.version)
        self._write(part, first)

    def _receive(self, part: Part, answer: Answer) -> None:
        """Write the rest of the body."""
        length = part.version.length
        while piece := answer.read(_READ):
            self._write(part, piece)
            if length is not None and part.size > length:
                part.begin(Version())
                raise Trouble("the server sent more bytes than it said")
        if length is not None and part.size < length:
            raise Trouble("the connection was dropped")

    def _write(self, part: Part, piece: bytes) -> None:
        part.write(piece)
        if self.progress is not None:
            self.progress(part.size, part.version.length)

    def _changed(self, part: Part) -> None:
        """Give up a part whose file was replaced at the server."""
        self.changes += 1
        if self.changes > _MOST_CHANGES:
            raise FetchError(f"{self.url}: changes faster than it can be fetched; try again later")
        self._again(part, "the file at the server has changed")
        self.most = 0

    def _again(self, part: Part, why: str) -> None:
        """Give up a part, and say so."""
        note = f"{why}: started again, {part.size:,} bytes dropped"
        self.notes.append(note)
        if self.say is not None:
            self.say(note)
        part.begin(Version())
        self.resumed_from = 0

    def _rest(self, trouble: Trouble, have: int) -> None:
        """Wait before the next try, or give up."""
        self.tries = 0 if have > self.most else self.tries + 1
        self.most = max(self.most, have)
        if self.tries > self.retries:
            kept = f"; {have:,} bytes are kept, fetch again to go on from there" if have else ""
            raise FetchError(
                f"{self.url}: {trouble}; gave up after {self.tries} tries without progress{kept}"
            ) from trouble
        wait = min(_LONGEST_WAIT, 0.5 * 2**self.tries) * random.uniform(0.5, 1)
        _sleep(wait if trouble.wait is None else trouble.wait)

    def _check_room(self, length: int | None, have: int) -> None:
        """Refuse to fetch what the disk cannot hold."""
        free = shutil.disk_usage(self.out.parent).free
        if length is not None and length - have > free:
            raise FetchError(
                f"{self.out}: needs {length - have:,} bytes more and the disk has {free:,} "
                "free; make room or give another --out"
            )


def _finish(out: Path, part: Part, transfer: _Transfer) -> Fetched:
    """Put a whole part under its final name."""
    part.sync()
    try:
        check_whole(part.path)
    except ReleaseError as error:
        part.remove()
        what = str(error).removeprefix(f"{part.path}: ")
        raise FetchError(
            f"{transfer.url}: the server says that its {part.size:,} bytes are all, but {what}"
        ) from error
    with open(part.path, "rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    part.describe({"bytes": part.size, "sha256": sha256, "fetched_at": now})
    before = _record(out)  # again: it may have come meanwhile
    kept = _set_aside(out, before) if before is not None else None
    os.replace(part.path, out)
    os.replace(part.about, about_of(out))
    _sync(out.parent)
    return Fetched(
        path=out,
        bytes=part.size,
        etag=part.version.etag,
        last_modified=part.version.last_modified,
        sha256=sha256,
        resumed_from=transfer.resumed_from,
        kept=kept,
        notes=tuple(transfer.notes),
    )


def _record(out: Path) -> dict[str, Any] | None:
    """What is written down of a file that an earlier call fetched; None if no file is there.

    Raises:
        FetchError: the file there is another's, or was changed.
    """
    if not out.exists():
        return None
    if out.is_file():
        size = out.stat().st_size
        late = out.with_name(f"{out.name}.part.json")  # stopped just before it got its last name
        for about in (about_of(out), late):
            found = json_of(about)
            if found.get("bytes") == size and "sha256" in found:
                os.replace(about, about_of(out))
                return found
    raise FetchError(
        f"{out}: is there and was not fetched by this command, or was changed since; move it away "
        "or give another --out"
    )


def _set_aside(out: Path, record: dict[str, Any]) -> Path:
    """Give the file that was there a name with its date; that name."""
    day = datetime.fromtimestamp(out.stat().st_mtime, UTC)
    with suppress(TypeError, ValueError):
        day = parsedate_to_datetime(record["last_modified"])
    number, more = 1, ""
    while (kept := out.with_name(f"{out.stem} {day:%Y-%m%d}{more}{out.suffix}")).exists():
        number += 1
        more = f" ({number})"
    os.replace(out, kept)
    os.replace(about_of(out), about_of(kept))
    return kept


def _sync(folder: Path) -> None:
    """Have a folder's names on the disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


_sleep = time.sleep  # so that a test need not wait
