"""Logs that hold only some of the people: every count says so, and stands beside no whole."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from asylumatlas import stats
from asylumatlas.events import open_log
from asylumatlas.exports.provenance import provenance
from asylumatlas.exports.selection import Selection
from asylumatlas.stats import Counts, StatsError, Table, ask, count
from asylumatlas.stats.catalogue import statistic
from asylumatlas.stats.counts import rule
from asylumatlas.stats.errors import FactsError

from .small_logs import AS_OF, CHARGED, Case, decided, write

WORDS = "of simulated people, 1 in 100"
METERS = [
    {"meter": "beds.days", "label": "Beds", "place": "NYC", "unit": "days", "amounts": [40.0]},
    {"meter": "judges.busy", "label": "Busy", "place": "NYC", "unit": "share", "amounts": [0.5]},
]


@pytest.fixture
def some(tmp_path: Path) -> Path:
    """One person in a hundred."""
    return write(tmp_path / "some", decided(30, 60), sampled=0.01, meters=METERS)


@pytest.fixture
def everyone(tmp_path: Path) -> Path:
    return write(tmp_path / "everyone", decided(30, 60), meters=METERS)


def flags(table: Table) -> set[str]:
    return {str(row["flag"]) for row in table.rows}


def said(table: Table) -> str:
    return " ".join(table.caveats)


@pytest.mark.parametrize("name", ["receipts", "pending", "completions", "asylum_decisions", "cost"])
def test_every_number_of_people_says_that_it_is_of_some(name: str, some: Path) -> None:
    table = ask(name, some)
    assert table.rows
    for row in table.rows:
        assert ("sampled" in row["flag"]) == (row.get("unit") != "share"), row
    assert "1 in 100 of the whole system: multiply by 100" in said(table)
    assert table.sampling == WORDS


@pytest.mark.parametrize("name", ["asylum_denial_rate", "time_to_decision"])
def test_a_share_or_a_time_is_no_number_to_multiply(name: str, some: Path) -> None:
    table = ask(name, some)
    assert table.rows
    assert not any("sampled" in flag for flag in flags(table))
    assert table.sampling == ""
    assert "1 person in 100 is simulated" in said(table)
    assert "multiply by" not in said(table)


@pytest.mark.parametrize("name", ["receipts", "asylum_denial_rate", "cost"])
def test_a_log_of_everyone_says_nothing_of_it(name: str, everyone: Path) -> None:
    table = ask(name, everyone)
    assert "1 in" not in said(table)
    assert "simulated" not in table.cite()
    assert not any("sampled" in flag for flag in flags(table))


def test_every_way_out_says_it(some: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    table = ask("receipts", some, by="fiscal_year")
    (line,) = csv.DictReader(io.StringIO(table.to_csv()))
    assert line["flag"] == "sampled"
    told = json.loads(json.dumps(table.to_dict()))
    assert told["sources"][0]["sampled"] == 0.01
    assert told["rows"][0]["flag"] == "sampled"
    assert "multiply by 100" in " ".join(told["caveats"])
    assert "1 person in 100" in table.cite()
    assert WORDS in table._repr_html_()
    kept = pq.read_table(table.to_parquet(tmp_path / "t.parquet")).schema.metadata[b"asylumatlas"]
    assert b"multiply by 100" in kept
    picture = table.chart()
    assert f"Numbers are {WORDS} of the whole system." in picture.subtitle
    assert WORDS in picture.alt
    assert "multiply by 100" in " ".join(picture.caveats)
    assert "1 person in 100" in picture.source
    assert WORDS in ask("receipts", some).chart().title


def test_the_screen_says_it(some: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from asylumatlas.cli import main

    assert main(["stats", "receipts", str(some), "--by", "fiscal_year"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert f"sampled: {WORDS} of the whole system." in out
    assert "FY2016 90 sampled" in out


def test_few_cases_and_some_of_the_people_are_both_flagged(tmp_path: Path) -> None:
    log = write(tmp_path / "few", decided(2, 3), sampled=0.5)
    assert flags(ask("receipts", log)) == {"small, sampled"}


# ---- beside other figures


def test_no_published_count_stands_beside_a_count_of_some(some: Path, everyone: Path) -> None:
    asked: dict[str, Any] = {"by": "fiscal_year", "published": True}
    whole = ask("receipts", everyone, **asked)
    assert [row["published"] for row in whole.rows] == [228448.0]
    part = ask("receipts", some, **asked)
    assert all(row.get("published") is None for row in part.rows)
    assert part.cite_as == ()
    assert "No published figure stands beside numbers of simulated people" in said(part)
    assert "no published figure that is kept here" not in said(part).casefold()
    both = ask("receipts", [everyone, some], **asked)
    assert [row["published"] for row in both.rows] == [228448.0, None]
    assert both.cite_as == whole.cite_as


def test_a_published_share_stands_beside_a_share_of_some(some: Path) -> None:
    table = ask("asylum_denial_rate", some, by="fiscal_year", published=True)
    assert [row["published"] for row in table.rows] == [0.57]
    assert "No published figure stands beside" not in said(table)


def test_numbers_of_unlike_parts_have_no_difference(some: Path, everyone: Path) -> None:
    table = ask("receipts", [everyone, some])
    assert [row["difference"] for row in table.rows] == [None, None]
    assert "the logs hold different parts of the people" in said(table)
    assert "1 in 100 in some" in table.sampling
    shares = ask("asylum_denial_rate", [everyone, some])
    assert [row["difference"] for row in shares.rows] == [None, 0.0]
    assert "different parts" not in said(shares)


def test_alike_parts_have_a_difference(some: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other", decided(31, 60), sampled=0.01)
    table = ask("receipts", [some, other])
    assert table.rows[1]["difference"] == 1
    assert "different parts" not in said(table)


def test_worlds_of_unlike_parts_are_no_pairs(tmp_path: Path) -> None:
    cases = [case for w in (0, 1) for case in decided(20, 20, world=w)]
    logs = [
        write(tmp_path / name, cases, worlds=2, seed=1, sampled=part)
        for name, part in (("a", 0.5), ("b", 0.25), ("c", 0.5))
    ]
    paired = [row["paired"] for row in ask("asylum_denial_rate", logs).rows]
    assert paired == [None, False, True]


# ---- counts that travel


def test_counts_remember_what_they_are_of(some: Path, everyone: Path, tmp_path: Path) -> None:
    path = tmp_path / "some.counts.parquet"
    count("receipts", some).to_parquet(path)
    found = Counts.read(path)
    assert found.sampled == 0.01
    assert flags(ask("receipts", path)) == {"sampled"}
    assert ask("receipts", path).sources[0].sampled == 0.01
    with pytest.raises(StatsError, match=r"parts of the people cannot be added: 0\.01 and"):
        found.add(count("receipts", everyone))


def test_shards_of_one_part_are_added(tmp_path: Path) -> None:
    cases = decided(5, 5)
    logs = [write(tmp_path / str(k), cases[k::2], sampled=0.1) for k in range(2)]
    (row,) = ask("receipts", logs, add=True).rows
    assert (row["value"], row["flag"]) == (10, "small, sampled")
    assert count("receipts", logs[0]).add(count("receipts", logs[1])).sampled == 0.1


def test_counts_of_everyone_are_the_bytes_they_were(everyone: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    path = tmp_path / "all.parquet"
    count("receipts", everyone).to_parquet(path)
    assert b"sampled" not in pq.read_metadata(path).metadata[b"asylumatlas.counts"]


@pytest.mark.parametrize("wrong", [0, -0.5, 1.5, "half", True, None])
def test_a_log_with_a_part_that_is_none_is_refused(wrong: Any, tmp_path: Path) -> None:
    log = write(tmp_path / "wrong", [Case()], sampled=wrong)
    with pytest.raises(FactsError, match=r"details.sampled is no share above 0 and at most 1"):
        ask("receipts", log)


def test_an_export_says_it(some: Path, everyone: Path) -> None:
    told = provenance(Selection(open_log(some)), 90, 200)
    assert told["sampled"] == 0.01
    assert "sampled" not in provenance(Selection(open_log(everyone)), 90, 200)


def test_every_kind_is_one_that_grows_with_people_or_one_that_does_not() -> None:
    """A new kind of statistic must be put on one side."""
    from asylumatlas.stats.sampling import COUNTED

    kinds = {each.kind for each in stats.statistics().values()}
    assert kinds == {*COUNTED, "share", "duration", "flow", "variation"}
    assert rule(statistic("receipts").definition())  # what is counted does not depend on it
    assert CHARGED < AS_OF
