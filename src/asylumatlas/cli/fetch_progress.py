"""The progress bar of a download, on standard error, where somebody watches."""

from __future__ import annotations

import sys
import time

from rich.progress import DownloadColumn, TextColumn, TransferSpeedColumn

from asylumatlas.cli.progress import Bar

OFTEN = 0.1  # seconds between two looks at the bar


class DownloadBar(Bar):
    """Shows bytes fetched, bytes a second and the time left; only notes where nobody watches.

    Example:
        >>> with DownloadBar() as progress:
        ...     progress(10, 20)
    """

    def __init__(self) -> None:
        self._last = 0.0
        super().__init__(TextColumn("Fetching"), DownloadColumn(), TransferSpeedColumn())

    def __call__(self, done: int, total: int | None) -> None:
        """Bytes there, of how many; None where the server does not say."""
        now = time.monotonic()
        if self._bar and (now >= self._last + OFTEN or done == total):
            self._last = now
            self._bar.update(self._task, completed=done, total=total)

    def say(self, note: str) -> None:
        """A note on a line of its own, above the bar."""
        if self._bar:
            self._bar.console.print(note, markup=False, highlight=False)
        else:
            print(note, file=sys.stderr)
