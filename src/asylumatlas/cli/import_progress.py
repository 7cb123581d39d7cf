"""The progress bar of an import, on standard error, where somebody watches."""

from __future__ import annotations

import time

from rich.progress import ProgressColumn, Task, TextColumn
from rich.text import Text

from asylumatlas.cli.progress import Bar

OFTEN = 0.1  # seconds between two looks at the bar


class AmountColumn(ProgressColumn):
    """How much is done: of the release's text with its rate; else by number."""

    def render(self, task: Task) -> Text:
        """The amount in words."""
        rows, seconds = task.fields["rows"], task.elapsed
        if task.total is None:
            return Text("")
        if not task.fields["bytes"]:
            return Text(f"{task.completed:,.0f} of {task.total:,.0f}")
        text = f"{_short(task.completed)}B of {_short(task.total)}B"
        if seconds and task.completed:
            text += (
                f", {_short(task.completed / seconds)}B/s, {_short(rows / seconds).strip()} rows/s"
            )
        return Text(text)


def _short(amount: float) -> str:
    """A number of three figures and the word for its thousands.

    Example:
        >>> _short(1_250_000), _short(17)
        ('1.2 M', '17 ')
    """
    for unit, word in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if amount >= unit:
            return f"{amount / unit:.1f} {word}"
    return f"{amount:.0f} "


class ImportBar(Bar):
    """Shows the table being read, bytes and rows a second, time left; silent if nobody watches.

    Example:
        >>> with ImportBar() as progress:
        ...     progress("A_TblCase", 10, 20, 1)
    """

    def __init__(self) -> None:
        self._last = ("", 0.0)
        self._bytes = True
        super().__init__(TextColumn("{task.description}"), AmountColumn(), rows=0, bytes=True)

    def __call__(self, doing: str, done: int, total: int, rows: int) -> None:
        """What is being done, how much of how much, and rows read so far."""
        if self._bar is None:
            return
        now = time.monotonic()
        if self._last[0] == doing and now < self._last[1] + OFTEN and done < total:
            return
        fresh = self._last[0] != doing
        self._last = (doing, now)
        text = not doing.startswith("linking ")
        if not text and self._bytes:  # another count begins, and another rate
            self._bar.reset(self._task)
        self._bytes = text
        self._bar.update(
            self._task,
            description=doing,
            completed=done,
            total=total or None,
            rows=rows,
            bytes=text,
        )
        if fresh:  # shown at once: a small table is read between two looks
            self._bar.refresh()
