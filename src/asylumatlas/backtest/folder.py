"""A finished backtest on disk: a folder that is whole or not there."""

from __future__ import annotations

import csv
import json
import secrets
import shutil
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

__all__ = ["free", "journal_of", "write"]

Row = Mapping[str, Any]


def free(folder: Path) -> None:
    """Raise unless a folder can take a result.

    Raises:
        BacktestError: there is something in it, or it or what it lies in is a file.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise BacktestError(f"{folder}: there is something already; name a new folder")
    above = next(each for each in folder.absolute().parents if each.exists())
    if not above.is_dir():
        raise BacktestError(f"{folder}: {above.name} is a file; name another folder")


def journal_of(folder: Path) -> Path:
    """Return where finished cut-offs are kept while others are under way: beside the folder."""
    return folder.parent / f".{folder.name}.unfinished"


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
    free(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.parent / f".{folder.name}.{secrets.token_hex(4)}"
    draft.mkdir()
    try:
        text = json.dumps(result.plain(), indent=1, allow_nan=False, ensure_ascii=False)
        (draft / "backtest.json").write_text(text + "\n", "utf-8")
        _csv(draft / "forecasts.csv", [each.row() for each in result.scores])
        _csv(draft / "scores.csv", _all_tables(result))
        _csv(draft / "losses.csv", result.losses())
        _csv(draft / "factors.csv", result.factors)
        rows = summary_rows(result)
        _csv(draft / "summary.csv", rows)
        told = [coverage_markdown(rows), markdown(rows), factors_markdown(result.factors)]
        (draft / "summary.md").write_text("\n".join(told), "utf-8")
        (draft / "backtest.html").write_text(page(result, command), "utf-8")
        if pictures:
            _draw(result, draft / "pictures")
        if folder.is_dir():
            folder.rmdir()
        draft.replace(folder)
    except BaseException:  # Ctrl-C too
        shutil.rmtree(draft, ignore_errors=True)
        raise
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


def _csv(path: Path, rows: Sequence[Row]) -> None:
    head = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, head, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(clean(row) for row in rows)


def _draw(result: Backtest, folder: Path) -> None:
    from asylumatlas.backtest.figures import figures

    folder.mkdir()
    for name, chart in figures(result).items():
        chart.to_svg(folder / f"{name}.svg")
        chart.to_png(folder / f"{name}.png")
