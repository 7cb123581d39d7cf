"""A finished plan on disk: a folder that is whole or not there."""

from __future__ import annotations

import csv
import json
import secrets
import shutil
from pathlib import Path

from asylumatlas.plan.answer import Plan, Row
from asylumatlas.plan.goal import PlanError
from asylumatlas.plan.page import page
from asylumatlas.plan.scenario_text import scenario_text

__all__ = ["free", "journal_of", "write"]


def free(folder: Path) -> None:
    """Raise unless a folder can take a plan.

    Raises:
        PlanError: there is something in it, or it or what it lies in is a file.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise PlanError(f"{folder}: there is something already; name a new folder")
    above = next(each for each in folder.absolute().parents if each.exists())
    if not above.is_dir():
        raise PlanError(f"{folder}: {above.name} is a file; name another folder")


def journal_of(folder: Path) -> Path:
    """Return where finished pieces are kept while others are under way: beside the folder."""
    return folder.parent / f".{folder.name}.unfinished"


def write(plan: Plan, folder: Path, command: str = "") -> Path:
    """Write plan.json, courts.csv, quarters.csv, plans.csv, plan.toml and the page.

    Args:
        plan: a finished plan.
        folder: a new or an empty folder.
        command: what was typed, told on the page.

    Raises:
        PlanError: there is something in the folder.
        OSError: it cannot be written; nothing is left then.
    """
    free(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.parent / f".{folder.name}.{secrets.token_hex(4)}"
    draft.mkdir()
    try:
        text = json.dumps(plan.plain(), indent=1, allow_nan=False, ensure_ascii=False)
        (draft / "plan.json").write_text(text + "\n", "utf-8")
        _csv(draft / "courts.csv", plan.courts())
        _csv(draft / "quarters.csv", plan.quarters())
        if plan.ranking is not None:
            _csv(draft / "plans.csv", plan.ranking.rows())
        (draft / "plan.toml").write_text(scenario_text(plan), "utf-8")
        (draft / "report.html").write_text(page(plan, command), "utf-8")
        if folder.is_dir():
            folder.rmdir()
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return folder


def _csv(path: Path, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
