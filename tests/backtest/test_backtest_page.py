"""The page of the documentation says what the shipped tables say, and those are what is written."""

import csv
import re
from pathlib import Path
from typing import Any

import pytest

from asylumatlas.backtest import national, summary

ROOT = Path(__file__).parent.parent.parent / "docs" / "method"
FOLDER = ROOT / "backtest"
TEXT = (ROOT / "backtest.md").read_text("utf-8")
WORDS = " ".join(TEXT.split())


def rows(name: str) -> list[dict[str, str]]:
    path = FOLDER / f"{name}.csv"
    assert path.stat().st_size < 100_000
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def blocks() -> dict[str, str]:
    found = summary_of = rows("summary")
    return {
        "coverage": summary.coverage_markdown(found),
        "scores": summary.markdown(summary_of),
        "factors": summary.factors_markdown(rows("factors")),
        "simulated": summary.beside_markdown(rows("simulated"), rows("twin")),
        "changed": summary.changes_markdown(),
    }


@pytest.mark.parametrize("name", ["coverage", "scores", "factors", "simulated", "changed"])
def test_a_block_of_the_page_is_the_shipped_table(name: str) -> None:
    found = re.search(rf"<!-- begin {name} -->\n(.*?)<!-- end {name} -->", TEXT, re.DOTALL)
    assert found is not None
    assert found[1].strip() == blocks()[name].strip()


def cell(name: str, target: str, variant: str, horizon: str = "all") -> float:
    wanted = {"target": target, "variant": variant, "horizon": horizon}
    return next(float(row[name]) for row in rows("summary") if wanted.items() <= row.items())


def per_cent(value: float) -> str:
    return f"{100 * value:.0f} %"


def test_numbers_in_the_text_are_those_of_the_tables() -> None:
    pending, blind = ("pending", "given"), ("pending", "blind")
    raw, wide = (cell(name, "all", "all") for name in ("held80", "held80_widened"))
    for said in (
        f"the model missed pending cases by {per_cent(cell('error', *pending))} in the mean",
        f"the model missed by {per_cent(cell('error', *blind))}, mostly too low",
        f"80 % intervals held {per_cent(raw)} of the figures",
        f"widened by their own past misses, {per_cent(wide)}",
        f"The bias is {per_cent(cell('bias', *blind))}",
        f"by {per_cent(cell('skill_over_stock_flow', *pending))} in all",
    ):
        assert said in WORDS
    late = [100 * cell("error", *pending, ahead) for ahead in ("4", "5")]
    walk = [e / (1 - cell("skill_over_walk", *pending, a)) for e, a in zip(late, "45", strict=True)]
    assert (
        f"an error of {walk[0]:.0f} and {walk[1]:.0f} % against {late[0]:.0f} and {late[1]:.0f} %"
        in WORDS
    )


def test_what_the_text_claims_of_skills_holds() -> None:
    each = "12345"
    for ahead in each:
        assert cell("skill_over_stock_flow", "pending", "given", ahead) > 0
        assert cell("skill_over_walk", "pending", "blind", ahead) < 0
        assert cell("skill_over_last_change", "pending", "blind", ahead) < 0
    for ahead in "12":
        assert cell("skill_over_last_value", "completions", "blind", ahead) <= 0
    assert len(rows("losses")) == int(re.search(r"whole list of (\d+) comparisons", WORDS)[1])  # type: ignore[index]


def test_the_shipped_tables_have_the_columns_that_are_written() -> None:
    small: dict[str, Any] = {"forecast_by": "walk", "draws": 50}
    made = summary.summary_rows(national([2014], [1, 2], **small))
    assert list(made[0]) == list(rows("summary")[0]) == list(summary.HEAD)
    assert {(row["target"], row["variant"], row["horizon"]) for row in made} >= {
        ("pending", "given", 1),
        ("completions", "blind", "all"),
        ("all", "all", "all"),
    }
