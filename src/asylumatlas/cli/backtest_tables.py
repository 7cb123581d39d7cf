"""A backtest as tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asylumatlas.cli import screen

if TYPE_CHECKING:
    from asylumatlas.backtest import Backtest


def print_backtest(result: Backtest, folder: str = "") -> None:
    """Print what a backtest says: findings, scores, where the model loses, caveats.

    Args:
        result: a finished backtest.
        folder: where its files are, as it is to be shown.
    """
    from asylumatlas.backtest.telling import NOTE, findings, loss_table, score_tables

    screen.heading("What the backtest says")
    for sentence in findings(result):
        screen.paragraph(sentence, indent="  ", first="- ")
    for title, (head, rows) in score_tables(result):
        screen.heading(title)
        screen.table(head, rows, numeric=range(1, len(head)))
    print()
    screen.paragraph(NOTE)
    screen.heading("Where the model loses")
    head, rows = loss_table(result)
    if rows:
        screen.table(head, rows, numeric=(1, 3, 4, 5))
    else:
        screen.paragraph("Nowhere: at each horizon its mean error and CRPS are the smaller.")
    screen.heading("What this cannot say")
    for sentence in result.caveats:
        screen.paragraph(sentence, indent="  ", first="- ")
    if folder:
        screen.heading("Where it is")
        print(f"Folder: {folder}")
