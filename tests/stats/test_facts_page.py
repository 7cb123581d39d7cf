"""The reference page of the facts is the one their columns and rules write."""

from pathlib import Path

import pytest

from asylumatlas import process
from asylumatlas.process.page import markdown_table, write_page
from asylumatlas.stats.facts import TABLES, reference
from asylumatlas.stats.facts.columns import SPELLS_BY_NAME

PAGE = Path(__file__).parents[2] / "docs/reference/facts.md"
REMEDY = "run: python -m asylumatlas.stats.facts.reference docs/reference/facts.md"


def test_the_page_is_the_one_the_code_writes() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference.render(), REMEDY


def test_the_page_names_every_table_column_and_spell() -> None:
    text = reference.render()
    for table, columns in TABLES.items():
        section = text.split(f"\n## {table}\n")[1].split("\n## ")[0]
        shared = text.split("\n## Columns of every table\n")[1].split("\n## ")[0]
        for column in columns:
            null = "yes" if column.nullable else "no"
            row = f"| `{column.name}` | {column.type} | {null} | {column.meaning} |"
            assert row in section or (row in shared and table != "meters")
    for name, rule in SPELLS_BY_NAME.items():
        assert f"| `{name}` | {rule.opens} | {rule.closes} |" in text


def test_the_rules_of_spells_use_the_words_of_the_glossary() -> None:
    known = {*process.event_codes(), *process.outcome_codes(), "ended"}
    for rule in SPELLS_BY_NAME.values():
        for text in (rule.opens, rule.closes):
            assert set(text.split("`")[1::2]) <= known


def test_a_page_goes_to_its_file_or_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reference.main([str(tmp_path / "facts.md")])
    assert (tmp_path / "facts.md").read_text(encoding="utf-8") == reference.render()
    reference.main([])
    assert capsys.readouterr().out == reference.render()
    monkeypatch.setattr("sys.argv", ["facts", str(tmp_path / "other.md")])
    write_page(None, "a.page", "text\n")
    assert (tmp_path / "other.md").read_text(encoding="utf-8") == "text\n"
    with pytest.raises(SystemExit, match=r"Usage: python -m a\.page \[PAGE\]; 2 words"):
        write_page(["one", "two"], "a.page", "text\n")


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert markdown_table(["a"], [["b|c"]]) == "| a |\n| --- |\n| b\\|c |\n"
