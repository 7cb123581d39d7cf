"""The folder of a run: a name that nobody else gets, and a whole run or nothing under it."""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from asylumatlas.ensembles import Stopped
from asylumatlas.sim.replication import RunError

BLOCKS = ".blocks"  # within a draft: the finished blocks of an unfinished run
_NAME = ".name"  # within a draft: the folder whose place it is to take
_LOCK = ".lock"
_LEFT = (BLOCKS, _NAME, _LOCK)  # what is taken out of a draft that has become a run


@contextmanager
def unfinished(stem: str, out: Path | None, key: str = "") -> Iterator[tuple[Path, Path]]:
    """The run's folder, empty, and a hidden one beside it that takes its place at the end.

    The empty folder keeps the name from other runs that start at the same time; both go on any
    failure. With a key the hidden one stays after a failure, if there are finished blocks in it,
    and the next run with this key gets it as it was left.

    Args:
        stem: name of the folder within `runs`, numbered if others have it.
        out: the folder itself, new or empty; then `stem` is not used.
        key: all that the run's blocks depend on; "" to keep nothing.

    Raises:
        RunError: the folder is not empty or cannot be written, the disk is full, or another
            process is at the same kept run.
    """
    with _disk_errors(Path("runs") if out is None else out):
        if key:
            draft, lock = _draft(stem, out, key)
        try:
            if out is not None:
                folder, is_new = _given_folder(out)
            else:
                known = _known_name(draft) if key else None
                folder, is_new = known or _own_folder(Path("runs") / stem)
        except BaseException:
            if key:
                _leave(draft, lock)
            raise
    work = draft if key else folder.parent / f".{folder.name}.unfinished-{secrets.token_hex(4)}"
    done = False
    try:
        with _disk_errors(folder):
            if key:
                (work / _NAME).write_text(folder.name, "utf-8")
            else:
                work.mkdir()
            yield folder, work
            work.rename(folder)  # onto an empty folder; fails if somebody has written into it
            done = True
            _clear(folder)
    except KeyboardInterrupt:
        if key and _is_begun(work):
            raise Stopped(
                f"the finished replications are kept in {work}; the same words with --resume go "
                "on from there"
            ) from None
        raise
    finally:
        if not done:
            if not key:
                shutil.rmtree(work, ignore_errors=True)
            if is_new:
                with suppress(OSError):  # a folder in which somebody has written stays
                    folder.rmdir()
        if key:
            _leave(draft, lock)


# ---- a run that may be stopped and taken up again


def _draft(stem: str, out: Path | None, key: str) -> tuple[Path, int]:
    """The hidden folder of a run that is kept, and the lock by which it is ours alone.

    Raises:
        RunError: another process is at it.
    """
    wanted = Path("runs") / stem if out is None else Path(os.path.abspath(out))
    draft = _draft_of(wanted, key)
    draft.mkdir(parents=True, exist_ok=True)
    lock = os.open(draft / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _hold(lock)
    except OSError as error:
        os.close(lock)
        raise RunError(
            f"{wanted}: another process is at this very run; wait for it, or use --out"
        ) from error
    (draft / "log.json").unlink(missing_ok=True)  # of a run that could not take its place
    return draft, lock


def _draft_of(wanted: Path, key: str) -> Path:
    name = hashlib.sha256(key.encode()).hexdigest()[:12]
    return wanted.parent / f".{wanted.name}.kept-{name}"


def kept_of_others(out: Path, key: str) -> list[Path]:
    """Folders with finished blocks of other runs that were to become `out`; none if ours is there.

    Args:
        out: the run's folder.
        key: all that the run's blocks depend on.
    """
    wanted = Path(os.path.abspath(out))
    found = sorted(wanted.parent.glob(f"{glob.escape(f'.{wanted.name}.kept-')}*"))
    kept = [folder for folder in found if _is_begun(folder)]
    return [] if _draft_of(wanted, key) in kept else kept


def _is_begun(draft: Path) -> bool:
    """Whether there is a finished block in it."""
    return any(draft.glob(f"{BLOCKS}/*/*.piece"))


def _hold(lock: int) -> None:
    """Lock a file for as long as this process lives, where the system can."""
    try:
        import fcntl
    except (
        ModuleNotFoundError
    ):  # pragma: no cover - not POSIX: two equal runs at once are not kept apart
        return
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _known_name(draft: Path) -> tuple[Path, bool] | None:
    """The empty folder that a run which was ended from outside had made; else `None`."""
    try:
        name = (draft / _NAME).read_text("utf-8")
        folder = draft.parent / name
        if name and folder.is_dir() and not any(folder.iterdir()):
            return folder, True
    except OSError:
        pass
    return None


def _clear(work: Path) -> None:
    """Take out what a run that is whole does not need, and files that a lost worker left half."""
    for name in _LEFT:
        path = work / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for path in [*work.glob(".here-*"), *work.glob("*.parquet/.*.draft")]:
        path.unlink(missing_ok=True)


def _leave(draft: Path, lock: int) -> None:
    """Keep the draft if there is anything finished in it, and let others have it."""
    if not _is_begun(draft):
        shutil.rmtree(draft, ignore_errors=True)
    os.close(lock)


# ---- names


def _own_folder(wanted: Path) -> tuple[Path, bool]:
    """A new folder of this name, numbered if others have it; True, as it is new."""
    wanted.parent.mkdir(parents=True, exist_ok=True)
    folder, number = wanted, 2
    while True:
        try:
            folder.mkdir()
        except FileExistsError:
            folder, number = wanted.with_name(f"{wanted.name}-{number}"), number + 1
        else:
            return folder, True


def _given_folder(out: Path) -> tuple[Path, bool]:
    """The folder the caller named, which must be new or empty; and whether it is new."""
    folder = Path(os.path.abspath(out))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{out}: exists and is not empty; name another folder")
    is_new = not folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    return folder, is_new


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    """A disk that is full or cannot be written, as one line with the remedy."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise RunError(
                f"{folder}: no space left to write the run; free some or use --out"
            ) from error
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise RunError(f"{folder}: another run was written there meanwhile") from error
        why = error.strerror or str(error)
        raise RunError(f"{folder}: cannot be written: {why}; use --out") from error
