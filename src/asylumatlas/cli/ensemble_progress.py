"""The bar of work that may take hours: how far it is, how fast, how long still, what is kept."""

from __future__ import annotations

from rich.progress import MofNCompleteColumn, ProgressColumn, Task, TextColumn
from rich.text import Text

from asylumatlas.cli.progress import Bar


class MinuteColumn(ProgressColumn):
    """How many a minute, of late: what an earlier sitting kept comes back in a burst that fades."""

    def render(self, task: Task) -> Text:
        """The rate in words; a dash before the first is done."""
        rate = task.finished_speed or task.speed
        return Text(f"{60 * rate:,.1f} a minute" if rate else "- a minute")


class EnsembleBar(Bar):
    """Shows pieces done, a minute and left, and whether they are kept; silent where nobody watches.

    Example:
        >>> with EnsembleBar("Simulating", 20, is_kept=True) as progress:
        ...     progress(1, 20)
    """

    def __init__(self, work: str, total: int, *, is_kept: bool = False) -> None:
        """Draw nothing yet.

        Args:
            work: what is done, as a verb: "Simulating".
            total: pieces in all.
            is_kept: whether finished pieces are kept for another sitting.
        """
        super().__init__(
            TextColumn(work),
            MofNCompleteColumn(),
            MinuteColumn(),
            TextColumn("{task.fields[note]}"),
            total=total,
            note="what is done is kept" if is_kept else "",
        )

    def __call__(self, done: int, total: int) -> None:
        """Pieces done so far, of how many."""
        if self._bar:
            self._bar.update(self._task, completed=done, total=total)
