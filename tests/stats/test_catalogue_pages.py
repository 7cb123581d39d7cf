"""The method pages are those that the catalogue writes, and say what it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from asylumatlas.stats import reference
from asylumatlas.stats.catalogue import statistics

PAGES = Path(__file__).parents[2] / "docs/method/statistics"
REMEDY = "run: python -m asylumatlas.stats.reference docs/method/statistics"


def test_the_pages_are_those_that_the_catalogue_writes() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    assert written == reference.render(), REMEDY


@pytest.mark.parametrize("name", list(statistics()))
def test_a_page_tells_question_definitions_formula_and_default(name: str) -> None:
    text, entry = reference.render()[f"{name}.md"], statistics()[name]
    assert entry.question in text
    assert f"**Default: `{entry.default}`.**" in text
    for one in entry.definitions.values():
        assert f"### `{one.name}`: " in text
        assert one.exclusions in text
    for part in ("## Formula", "## What to mind", "## Published figures", "## How to ask"):
        assert part in text


def test_the_list_leads_to_every_page() -> None:
    text = reference.render()["index.md"]
    for name in statistics():
        assert f"]({name}.md)" in text


def test_old_pages_are_taken_away(tmp_path: Path) -> None:
    (tmp_path / "gone.md").write_text("old", encoding="utf-8")
    reference.main([str(tmp_path)])
    assert {path.name for path in tmp_path.iterdir()} == set(reference.render())
