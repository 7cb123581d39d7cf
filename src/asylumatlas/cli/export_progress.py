"""The progress bar of an export, on standard error, where somebody watches."""

from __future__ import annotations

from rich.progress import MofNCompleteColumn, TextColumn

from asylumatlas.cli.progress import Bar, RateColumn


class EventBar(Bar):
    """Shows events written, their rate and the time left; silent where nobody watches.

    Example:
        >>> with EventBar() as progress:
        ...     progress(1, 2)
    """

    def __init__(self) -> None:
        super().__init__(TextColumn("Writing events"), MofNCompleteColumn(), RateColumn())

    def __call__(self, done: int, total: int) -> None:
        """Events written so far, of how many."""
        if self._bar:
            self._bar.update(self._task, completed=done, total=total)
