"""Text that fits its reader: the terminal's width, and plain ASCII where no terminal reads it."""

from __future__ import annotations

import io
import json
import math
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Any

NARROWEST = 60  # columns; below that numbers would break
# What Unicode's own decomposition leaves untranslated.
TYPEWRITER = str.maketrans(
    {"–": "-", "—": "-", "−": "-", "×": "x", "→": "->", "‘": "'", "’": "'", "“": '"', "”": '"'}
)


def width() -> int:
    """Columns to fill: those of COLUMNS or of the terminal, else 80."""
    return max(shutil.get_terminal_size((80, 24)).columns, NARROWEST)


def folded(text: str) -> str:
    r"""Text without control characters, and in ASCII unless a Unicode terminal shows it.

    Example:
        >>> folded("Juárez – 5 €\x1b[2J")
        'Juarez - 5 ? [2J'
    """
    clean = "".join(c if c.isprintable() or c == "\n" else " " for c in text)
    if sys.stdout.isatty() and "utf" in (sys.stdout.encoding or "").lower():
        return clean
    parts = unicodedata.normalize("NFKD", clean.translate(TYPEWRITER))
    marks = "".join(c for c in parts if not unicodedata.combining(c))
    return marks.encode("ascii", "replace").decode("ascii")


def heading(text: str) -> None:
    """Print a heading: underlined, after an empty line."""
    text = folded(text)
    print(f"\n{text}\n{'-' * min(len(text), width())}")


def paragraph(text: str, indent: str = "", first: str | None = None) -> None:
    """Print text wrapped at words; a word longer than the line, such as a path, stays whole."""
    print(
        textwrap.fill(
            folded(text),
            width(),
            initial_indent=indent if first is None else first,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def records(head: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Print two lines for each row: what it is, in words; then its numbers, in columns.

    For rows whose words and numbers would not fit side by side.

    Args:
        head: names of the number columns.
        rows: words and cells of each row.

    Example:
        >>> records(["median", "95 %"], [("Port of entry", ["305", "257 to 353"])])
                    median        95 %
        Port of entry
                       305  257 to 353
    """
    lines = [tuple(map(folded, cells)) for _, cells in rows]
    widths = [max(len(line[k]) for line in [head, *lines]) for k in range(len(head))]
    between = width() - sum(widths)
    gap = 2 if between >= 2 * (len(widths) - 1) else 1
    indent = max(0, min(12, between - gap * (len(widths) - 1)))

    def columns(cells: Sequence[str]) -> str:
        parts = [cell.rjust(wide) for cell, wide in zip(cells, widths, strict=True)]
        return (" " * indent + (" " * gap).join(parts)).rstrip()

    print(columns(head))
    for (words, _), line in zip(rows, lines, strict=True):
        paragraph(words, indent=" " * 12, first="")
        print(columns(line))


def table(head: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int] = ()) -> None:
    """Print a table; columns in `numeric` are flush right and never wrap, the others may.

    Example:
        >>> table(["stage", "people"], [["Port of entry", "305"]], numeric=[1])
          stage           people
         ------------------------
          Port of entry      305
    """
    from rich.box import Box
    from rich.console import Console
    from rich.table import Table

    lines = ["    ", "    ", " -- ", *["    "] * 5]
    grid = Table(box=Box("\n".join(lines) + "\n", ascii=True), header_style="bold")
    for place, title in enumerate(head):
        right = place in numeric
        words = " ".join([title, *(row[place] for row in rows)]).split()
        longest = min(max(map(len, words)), width() // 2)  # so that no shorter word is broken
        grid.add_column(
            title,
            justify="right" if right else "left",
            no_wrap=right,
            overflow="fold",
            min_width=None if right else longest,
        )
    for row in rows:
        grid.add_row(*(folded(cell) for cell in row))
    # Rich must not write to standard output itself: to it a reader who leaves is a failure.
    paper = io.StringIO()
    console = Console(
        file=paper,
        width=width(),
        force_terminal=sys.stdout.isatty(),
        markup=False,
        emoji=False,
        highlight=False,
    )
    console.print(grid)
    # Rich pads each line to the table's width and frames it; a file needs neither.
    print("\n".join(line.rstrip() for line in paper.getvalue().split("\n")).strip("\n"))


def print_json(value: dict[str, Any]) -> None:
    """Print a table of values as JSON; a number that does not exist is null."""
    print(json.dumps(_json_ready(value), indent=1, allow_nan=False))


def _json_ready(value: Any) -> Any:
    """JSON knows no NaN: a number that does not exist is null."""
    if isinstance(value, dict):
        return {key: _json_ready(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_ready(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
