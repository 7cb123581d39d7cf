"""A finished backtest on disk: a folder that is whole or not there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from asylumatlas.backtest.page import page
from asylumatlas.backtest.record import BacktestError
from asylumatlas.backtest.result import Backtest, clean
from asylumatlas.backtest.summary import (
    coverage_markdown,
    factors_markdown,
    markdown,
    summary_rows,
)
from asylumatlas.disk import check_free, comma_separated, journal_of, new_folder

__all__ = ["free", "journal_of", "write"]

Row = Mapping[str, Any]


def free(folder: Path) -> None:
    """Raise unless a folder can take a result.

    Raises:
        BacktestError: there is something in it, or it or what it lies in is a file.
    """
    check_free(folder, BacktestError)


def write(result: Backtest, folder: Path, command: str = "", pictures: bool = False) -> Path:
    """Write backtest.json, CSV tables, the page, and pictures if they are wanted.

    Args:
        result: a finished backtest.
        folder: a new or an empty folder.
        command: what was typed, told on the page.
        pictures: also PNG and SVG of each; needs the extra `export`.

    Raises:
        BacktestError: there is something in the folder.
        PictureError: pictures are wanted and the extra is missing.
        OSError: it cannot be written; nothing is left then.
    """
    with new_folder(folder, BacktestError) as draft:
        text = json.dumps(result.plain(), indent=1, allow_nan=False, ensure_ascii=False)
        (draft / "backtest.json").write_text(text + "\n", "utf-8")
        rows = summary_rows(result)
        tables: dict[str, Sequence[Row]] = {
            "forecasts": [each.row() for each in result.scores],
            "scores": _all_tables(result),
            "losses": result.losses(),
            "factors": result.factors,
            "summary": rows,
        }
        for name, table in tables.items():
            csv = comma_separated(clean(row) for row in table)
            (draft / f"{name}.csv").write_text(csv, "utf-8")
        told = [coverage_markdown(rows), markdown(rows), factors_markdown(result.factors)]
        (draft / "summary.md").write_text("\n".join(told), "utf-8")
        (draft / "backtest.html").write_text(page(result, command), "utf-8")
        if pictures:
            _draw(result, draft / "pictures")
    return folder


def _all_tables(result: Backtest) -> list[Row]:
    """Mean scores over all, by horizon and by cut-off, under one head; an open key says "all"."""
    rows: list[Row] = []
    for key in ("", "horizon", "cutoff"):
        for row in result.table("variant", "target", *filter(None, [key])):
            keys = {name: row.get(name, "all") for name in ("variant", "target", "horizon")}
            keys["cutoff"] = row.get("cutoff", "all")
            rest = {name: row[name] for name in row if name not in keys}
            rows.append({**keys, **rest})
    return rows


def _draw(result: Backtest, folder: Path) -> None:
    from asylumatlas.backtest.figures import figures

    folder.mkdir()
    for name, chart in figures(result).items():
        chart.to_svg(folder / f"{name}.svg")
        chart.to_png(folder / f"{name}.png")
