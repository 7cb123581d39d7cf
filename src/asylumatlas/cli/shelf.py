"""What a long command keeps of unfinished work, of which settings it is, and what is said of it.

Finished pieces lie on a shelf, a hidden folder beside the result, with the settings they are of.
"""

from __future__ import annotations

import hashlib
import json as json_text
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from asylumatlas.cli import UsageError
from asylumatlas.ensembles import EnsembleError, Stopped

SETTINGS = "settings.json"
JOURNAL = re.compile("[0-9a-f]{16}")  # what a journal's folder is called
NOTHING = "nothing was kept; with --out DIR what is finished is kept"


@contextmanager
def kept_on(
    shelf: Path | None, settings: Mapping[str, Any], *, resume: bool = False, lasting: bool = False
) -> Iterator[None]:
    """Work whose finished pieces are kept on a shelf until it is done.

    Args:
        shelf: the folder of the journals; `None` where nothing is kept.
        settings: all that was asked for and that the pieces depend on, by option.
        resume: go on from what is there, instead of taking it away.
        lasting: keep the pieces when the work is done, too.

    Raises:
        UsageError: to go on from work of other settings, or a shelf that cannot be written.
        Stopped: Ctrl-C; says what is kept and how to go on.
        EnsembleError: the work could not be finished; says the same.
    """
    made = [] if shelf is None else _open(shelf, json_text.loads(_text(settings)), resume)
    try:
        yield
        if shelf is not None and not lasting:
            _clear(shelf)
    except KeyboardInterrupt:
        if shelf is None:
            raise Stopped(NOTHING) from None
        if pieces := pieces_on(shelf):
            raise Stopped(kept_words(shelf, pieces)) from None
        raise
    except EnsembleError as error:  # here the same words begin anew
        pieces = pieces_on(shelf) if shelf is not None else 0
        if shelf is None or not pieces:
            raise
        raise EnsembleError(f"{error.reason}; {kept_words(shelf, pieces)}") from error
    finally:
        if shelf is not None and not pieces_on(shelf):
            (shelf / SETTINGS).unlink(missing_ok=True)
            for folder in (shelf, *made):
                with suppress(OSError):  # somebody else has put something there
                    folder.rmdir()


def pieces_on(shelf: Path) -> int:
    """Finished pieces on a shelf."""
    return sum(1 for _ in shelf.glob("*/*.piece"))


def kept_words(folder: Path, pieces: int) -> str:
    """What is kept after Ctrl-C and how to go on, in words.

    Example:
        >>> kept_words(Path(".x.unfinished"), 1)
        '1 finished piece is kept in .x.unfinished; the same words with --resume go on from there'
    """
    many = f"{pieces:,} finished pieces are" if pieces > 1 else "1 finished piece is"
    return f"{many} kept in {folder}; the same words with --resume go on from there"


def contents(*names: str) -> dict[str, str]:
    """Checksums of those names that are files, as one of the settings that work is of."""
    paths = {name: Path(name) for name in names if name.endswith(".toml")}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        for name, path in paths.items()
        if path.is_file()
    }


def _open(shelf: Path, settings: dict[str, Any], resume: bool) -> list[Path]:
    """Make the shelf ready; the folders above it that were made, innermost first."""
    pieces = pieces_on(shelf)
    if pieces and resume:
        _compare(shelf, settings)
    elif pieces:
        many = f"{pieces:,} finished pieces" if pieces > 1 else "1 finished piece"
        print(f"{shelf}: begins anew without the {many} kept here (no --resume)", file=sys.stderr)
    if not resume:
        _clear(shelf)
    made = [folder for folder in shelf.absolute().parents if not folder.exists()]
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        (shelf / SETTINGS).write_text(_text(settings), "utf-8")
    except OSError as error:
        why = error.strerror or error
        raise UsageError(f"{shelf}: cannot be written: {why}; name another --out") from None
    return made


def _clear(shelf: Path) -> None:
    """Take away the journals on a shelf, and nothing that somebody else has put there."""
    for journal in shelf.glob("*/"):
        if JOURNAL.fullmatch(journal.name):
            shutil.rmtree(journal, ignore_errors=True)


def _compare(shelf: Path, settings: dict[str, Any]) -> None:
    """Refuse to go on from work of other settings.

    Raises:
        UsageError: names the shelf and the first setting that differs.
    """
    remedy = "give the same settings, or leave --resume out to start anew without it"
    try:
        had = json_text.loads((shelf / SETTINGS).read_text("utf-8"))
    except (OSError, ValueError):
        had = None
    if not isinstance(had, dict):
        raise UsageError(f"--resume: {shelf} does not say of which settings it is; {remedy}")
    for name in sorted({*had, *settings}):
        if had.get(name) != settings.get(name):
            raise UsageError(
                f"--resume: {shelf} is of other settings: {name} was {_short(had.get(name))}, "
                f"not {_short(settings.get(name))}; {remedy}"
            )


def _short(value: Any) -> str:
    """A setting in a few signs."""
    text = json_text.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _text(settings: Mapping[str, Any]) -> str:
    """The settings as JSON, this program's version among them."""
    from asylumatlas import __version__

    told = {**settings, "version": __version__}
    return json_text.dumps(told, sort_keys=True, default=str, ensure_ascii=False) + "\n"
