"""A finished plan on disk: a folder that is whole or not there."""

from __future__ import annotations

import json
from pathlib import Path

from asylumatlas.disk import check_free, comma_separated, journal_of, new_folder
from asylumatlas.plan.answer import Plan
from asylumatlas.plan.goal import PlanError
from asylumatlas.plan.page import page
from asylumatlas.plan.scenario_text import scenario_text

__all__ = ["free", "journal_of", "write"]


def free(folder: Path) -> None:
    """Raise unless a folder can take a plan.

    Raises:
        PlanError: there is something in it, or it or what it lies in is a file.
    """
    check_free(folder, PlanError)


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
    with new_folder(folder, PlanError) as draft:
        text = json.dumps(plan.plain(), indent=1, allow_nan=False, ensure_ascii=False)
        (draft / "plan.json").write_text(text + "\n", "utf-8")
        (draft / "courts.csv").write_text(comma_separated(plan.courts()), "utf-8")
        (draft / "quarters.csv").write_text(comma_separated(plan.quarters()), "utf-8")
        if plan.ranking is not None:
            (draft / "plans.csv").write_text(comma_separated(plan.ranking.rows()), "utf-8")
        (draft / "plan.toml").write_text(scenario_text(plan), "utf-8")
        (draft / "report.html").write_text(page(plan, command), "utf-8")
    return folder
