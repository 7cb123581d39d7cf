"""What goes wrong with work in pieces, or stops it, told in one line."""

from __future__ import annotations

from pathlib import Path


class EnsembleError(ValueError):
    """Work in pieces that could not be finished; the message is one line with the remedy.

    Attributes:
        reason: what happened and what to do about it.
        saved: pieces that a journal keeps.
        total: pieces in all.
        folder: where they are kept, `None` without a journal.

    Example:
        >>> print(EnsembleError("the scheduler has gone", saved=3, total=9))
        the scheduler has gone; nothing was saved, as no journal was kept
    """

    def __init__(
        self, reason: str, *, saved: int = 0, total: int = 0, folder: Path | None = None
    ) -> None:
        self.reason, self.saved, self.total, self.folder = reason, saved, total, folder
        super().__init__(f"{reason}; {self.kept()}" if total else reason)

    def kept(self) -> str:
        """What was saved and how to go on, in words."""
        if self.folder is None:
            return "nothing was saved, as no journal was kept"
        done = f"{self.saved} of {self.total} pieces are saved in {self.folder}"
        return f"{done}; the same call again goes on from them"

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (self.reason, self.saved, self.total, self.folder)


def _again(reason: str, saved: int, total: int, folder: Path | None) -> EnsembleError:
    """An error that came from another process."""
    return EnsembleError(reason, saved=saved, total=total, folder=folder)


class Stopped(KeyboardInterrupt):
    """Ctrl-C, with what was kept: the message is one line, without the word "stopped" itself.

    Example:
        >>> print(Stopped("nothing was kept"))
        nothing was kept
    """
