"""Columns of numbers that may be long: the space between them gives way, never a digit."""

from __future__ import annotations

from collections.abc import Sequence

from asylumatlas.cli import screen


def columns(head: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int]) -> None:
    """Print one line for each row, under a head; wider than the screen rather than cut.

    Args:
        head: the columns' names.
        rows: their cells.
        numeric: places of the columns that are flush right.

    Example:
        >>> columns(["table", "lines"], [["A_TblCase", "12,345"]], numeric=[1])
          table       lines
          -----------------
          A_TblCase  12,345
    """
    lines = [tuple(map(screen.folded, cells)) for cells in (head, *rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    room = screen.width() - sum(widths) - len(widths) + 1
    between = 2 if room >= len(widths) - 1 else 1
    whole = sum(widths) + between * (len(widths) - 1)
    indent = " " * max(0, min(2, screen.width() - whole))
    for number, line in enumerate(lines):
        cells = [
            cell.rjust(wide) if place in numeric else cell.ljust(wide)
            for place, (cell, wide) in enumerate(zip(line, widths, strict=True))
        ]
        print((indent + (" " * between).join(cells)).rstrip())
        if number == 0:
            print(indent + "-" * whole)
