"""The progress bar of preparing a log for statistics, on standard error."""

from __future__ import annotations

from rich.progress import MofNCompleteColumn, TextColumn

from asylumatlas.cli.progress import Bar


class FactsBar(Bar):
    """Shows the parts of a log that are prepared; silent if nobody watches.

    Example:
        >>> with FactsBar() as progress:
        ...     progress("runs/caravan-2018", 1, 20)
    """

    def __init__(self) -> None:
        super().__init__(TextColumn("{task.description}"), MofNCompleteColumn())

    def __call__(self, log: str, done: int, parts: int) -> None:
        """The log, the parts prepared and the parts there are."""
        if self._bar:
            doing = f"Preparing {log} (once)"
            self._bar.update(self._task, description=doing, completed=done, total=parts)
