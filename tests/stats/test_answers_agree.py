"""Ways of asking that must give the same answer, for every statistic on made-up records."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from asylumatlas.cli import main
from asylumatlas.stats import Counts, Statistic, StatsError, Table, ask, count, statistics

from .small_logs import Case, decided, shards, write

NAMES = list(statistics())
RECORDS = [name for name, one in statistics().items() if one.kind != "total"]
ADDED = [name for name, one in statistics().items() if one.kind in ("count", "share")]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthesized release, imported."""
    base = tmp_path_factory.mktemp("records")
    words = ["synthesize", "--cases", "500", "--out", str(base / "release.zip"), "--seed", "4"]
    assert main([*words, "--workers", "1"]) == 0
    assert main(["import", str(base / "release.zip"), "--out", str(base / "dataset")]) == 0
    return base / "dataset"


def definitions(one: Statistic, key: str) -> list[str]:
    """The definitions that can be grouped by something."""
    return [name for name, each in one.definitions.items() if key in each.by]


def bare(table: Table) -> list[dict[str, Any]]:
    return [dict(row) for row in table.rows]


def seen(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the stages that nobody is in: a flow names those that any group has seen."""
    return [row for row in rows if row["value"] or "stage" not in row]


@pytest.mark.parametrize("name", ADDED)
def test_groups_add_up_to_the_whole(records: Path, name: str) -> None:
    parts = ("value",) if statistics()[name].kind == "count" else ("numerator", "denominator")
    for key in ("kind", "nationality", "fiscal_year", "court"):
        for definition in definitions(statistics()[name], key):
            grouped = ask(name, records, by=key, definition=definition).rows
            rows = ask(name, records, definition=definition).rows
            whole = rows[0] if rows else dict.fromkeys(parts, 0)
            for part in parts:
                assert sum(row[part] for row in grouped) == whole[part], (definition, key)


@pytest.mark.parametrize("name", RECORDS)
def test_filter_then_count_is_count_then_filter(records: Path, name: str) -> None:
    for definition in definitions(statistics()[name], "kind"):
        grouped = ask(name, records, by="kind", definition=definition)
        kinds = {row["kind"] for row in grouped.rows}
        for kind in kinds:
            alone = ask(name, records, where={"kind": kind}, definition=definition)
            mine = [row for row in bare(grouped) if row.pop("kind") == kind]
            assert seen(mine) == seen(bare(alone)), (definition, kind)
        assert kinds or statistics()[name].kind in ("count", "stock") or grouped.reason


@pytest.mark.parametrize("name", ["receipts", "asylum_denial_rate", "time_to_decision"])
def test_a_period_is_its_row_by_year(records: Path, name: str) -> None:
    rows = ask(name, records, by="fiscal_year").rows
    for row in rows[3:6]:
        year = row["fiscal_year"]
        (alone,) = ask(name, records, start=year, end=year).rows
        assert {k: v for k, v in row.items() if k != "fiscal_year"} == alone


def cases() -> Iterator[Case]:
    """Cases that differ in everything."""
    luck = random.Random(3)
    for n in range(120):
        yield Case(
            outcome=luck.choice(["", "asylum_granted", "asylum_denied", "removal_in_absentia"]),
            days=luck.randrange(40, 700),
            nationality=luck.choice(["HND", "SLV", "GTM"]),
            kind=luck.choice(["family", "single_adult"]),
            judge=f"J{n % 4}",
            court=luck.choice(["NYC", "MIA"]),
        )


QUESTIONS: Sequence[tuple[str, dict[str, Any]]] = (
    ("asylum_denial_rate", {"by": "nationality,court", "definition": "all"}),
    ("receipts", {"by": "court"}),
    ("pending", {"by": "fiscal_year,kind"}),
    ("time_to_decision", {"by": "kind"}),
    ("flow", {"by": "nationality"}),
    ("judge_variation", {"by": "judge"}),
)


@pytest.mark.parametrize(("name", "asked"), QUESTIONS)
def test_the_order_of_cases_changes_no_byte(
    tmp_path: Path, name: str, asked: dict[str, Any]
) -> None:
    told = list(cases())
    mixed = random.Random(5).sample(told, len(told))
    logs = [write(tmp_path / f"{k}" / "log", own) for k, own in enumerate((told, mixed))]
    tables = [ask(name, log, **asked) for log in logs]
    assert tables[0].rows
    assert tables[0].to_csv() == tables[1].to_csv()
    said = [table.to_dict() for table in tables]
    for one in said:
        for key in ("sources", "fingerprint", "citation"):
            del one[key]  # the logs are different ones
    assert said[0] == said[1]
    assert tables[0].curves == tables[1].curves


@pytest.mark.parametrize(("name", "asked"), QUESTIONS)
def test_shards_are_as_good_as_the_whole(tmp_path: Path, name: str, asked: dict[str, Any]) -> None:
    told = list(cases())
    parts = shards(tmp_path, told, 3)
    whole = ask(name, write(tmp_path / "whole", told), **asked)
    assert ask(name, parts, add=True, **asked).rows == whole.rows
    if asked.get("definition") == "all":
        return  # a file of counts is of one definition
    files = []
    for part in parts:
        files.append(tmp_path / f"{part.name}.parquet")
        count(name, part, **asked).to_parquet(files[-1])
    assert ask(name, files, add=True, **asked).rows == whole.rows
    first, *others = (Counts.read(file) for file in files)
    assert ask(name, first.add(*others), **asked).rows == whole.rows


def test_counts_of_another_question_are_refused(tmp_path: Path) -> None:
    counts = count("receipts", write(tmp_path, decided(2, 1)), by="kind")
    with pytest.raises(StatsError, match="counts of another question"):
        ask("receipts", counts)
