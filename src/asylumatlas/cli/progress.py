"""Progress bars on standard error, where somebody watches."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

MANY = 1_000  # a second, from which on tenths say nothing


class RateColumn(ProgressColumn):
    """How many a second, or a minute where that is less than one."""

    def render(self, task: Task) -> Text:
        """The rate in words; a dash before the first is done."""
        rate = task.finished_speed or task.speed
        if not rate:
            return Text("- a second")
        if rate >= MANY:
            return Text(f"{rate:,.0f} a second")
        return Text(f"{rate:.1f} a second" if rate >= 1 else f"{60 * rate:.1f} a minute")


class Bar:
    """A bar on standard error while something is done; silent where nobody watches."""

    def __init__(
        self, label: TextColumn, *amounts: ProgressColumn, total: int | None = None, **fields: Any
    ) -> None:
        """Draw nothing yet.

        Args:
            label: what stands before the bar.
            amounts: what stands between the bar and the time left.
            total: how much there is to do, if that is known.
            fields: what the columns show besides.
        """
        self._bar: Progress | None = None
        if sys.stderr.isatty():
            self._bar = Progress(
                label,
                BarColumn(bar_width=None),
                *amounts,
                TimeRemainingColumn(compact=True),
                TextColumn("left"),
                console=Console(stderr=True),
                transient=True,
                redirect_stdout=False,
            )
            self._task = self._bar.add_task("", total=total, **fields)

    def __enter__(self) -> Self:
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


class ReplicationBar(Bar):
    """Shows replications done, their rate and the time left; silent where nobody watches.

    Example:
        >>> with ReplicationBar(2) as progress:
        ...     progress(1, 2)
    """

    work = "Simulating"

    def __init__(self, replications: int) -> None:
        super().__init__(
            TextColumn(self.work), MofNCompleteColumn(), RateColumn(), total=replications
        )

    def __call__(self, done: int, total: int) -> None:
        """Replications done so far, of how many."""
        if self._bar:
            self._bar.update(self._task, completed=done, total=total)


class CaseBar(ReplicationBar):
    """Shows cases written so far, their rate and the time left; silent where nobody watches.

    Example:
        >>> with CaseBar(2) as progress:
        ...     progress(1, 2)
    """

    work = "Writing cases"
