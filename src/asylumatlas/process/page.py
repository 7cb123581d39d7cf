"""Pages that are written from data, so that they cannot differ from it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table.

    Args:
        head: the columns' titles.
        rows: the cells of each row, as many as titles.

    Example:
        >>> print(markdown_table(["word", "meaning"], [["court", "before a judge"]]), end="")
        | word | meaning |
        | --- | --- |
        | court | before a judge |
    """
    lines = [head, ["---"] * len(head), *rows]
    return "".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines
    )


def write_page(arguments: Sequence[str] | None, name: str, text: str) -> None:
    """Write a page to the path a command was given, or print it.

    Args:
        arguments: the words after the command, at most one path; None for those of this process.
        name: the module that was run.
        text: the page.

    Raises:
        SystemExit: if there is more than one word, with how to call it.
    """
    paths = sys.argv[1:] if arguments is None else list(arguments)
    if len(paths) > 1:
        raise SystemExit(f"Usage: python -m {name} [PAGE]; {len(paths)} words were given.")
    if paths:
        Path(paths[0]).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
