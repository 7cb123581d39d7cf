"""How far an import is, for whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asylumatlas.records.files.release import Member

Progress = Callable[[str, int, int, int], None]
"""Called with a table's name, bytes done of all bytes to be read, and rows read so far; then with
what is being linked, how much of how much is done (no bytes), and 0."""


def silent(doing: str, done: int, total: int, rows: int) -> None:
    """Progress that nobody watches."""


class Watch:
    """Adds up how far the tables are.

    Attributes:
        total: bytes of all the tables to be read.
    """

    def __init__(self, progress: Progress) -> None:
        self.progress, self.total, self.bytes, self.rows = progress, 0, 0, 0

    def table(self, member: Member) -> Callable[[int, int], None]:
        """What one table's reader is to call with its bytes and rows so far."""
        self.progress(member.table.name, self.bytes, self.total, self.rows)

        def tell(done: int, rows: int) -> None:
            self.progress(member.table.name, self.bytes + done, self.total, self.rows + rows)

        return tell

    def done(self, member: Member, rows: int) -> None:
        """Count a whole table."""
        self.bytes += member.size
        self.rows += rows
        self.progress(member.table.name, self.bytes, self.total, self.rows)
