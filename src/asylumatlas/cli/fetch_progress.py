"""The progress bar of a download, on standard error, where somebody watches."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

OFTEN = 0.1  # seconds between two looks at the bar


class DownloadBar:
    """Shows bytes fetched, bytes a second and the time left; only notes where nobody watches.

    Example:
        >>> with DownloadBar() as progress:
        ...     progress(10, 20)
    """

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._last = 0.0
        if sys.stderr.isatty():
            self._bar = Progress(
                TextColumn("Fetching"),
                BarColumn(bar_width=None),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(compact=True),
                TextColumn("left"),
                console=Console(stderr=True),
                transient=True,
                redirect_stdout=False,
            )
            self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> DownloadBar:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

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
