"""A table says the same in every format, and what it says of itself can be relied on."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.stats import DIALECTS, Column, Source, StatsError, Table, ask

from .small_logs import Case, decided, write

ABOUT: Mapping[str, Any] = {
    "statistic": "receipts",
    "label": "Cases received by the courts",
    "question": "How many?",
    "kind": "count",
    "unit": "cases",
    "definition": "initial",
    "definition_label": "cases, by their first charging document",
    "numerator": "cases",
    "denominator": "",
    "exclusions": "none",
    "by": (),
    "sources": (Source("log", "a" * 64, "2018-01-01", 1, ""),),
    "caveats": (),
    "asked": {"definitions": ["initial"], "question": "", "add": False},
}
KEYS = (
    *("statistic", "definition", "unit", "numerator", "denominator", "by", "columns", "rows"),
    *("sources", "caveats"),
)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cases = [*decided(4, 6), *decided(2, 1, nationality="SLV"), Case(kind="single_adult")]
    return write(tmp_path_factory.mktemp("formats") / "log", cases)


def test_json_keeps_its_shape(log: Path) -> None:
    table = ask("asylum_denial_rate", log, by="nationality")
    told = json.loads(json.dumps(table.to_dict(), allow_nan=False))
    assert set(KEYS) <= set(told)
    assert told["by"] == ["nationality"]
    assert [column["name"] for column in told["columns"]] == list(told["rows"][0])
    assert set(told["columns"][0]) == {"name", "type", "unit", "meaning"}
    assert told["rows"][0] == dict(table.rows[0])
    assert told["sources"][0]["fingerprint"] == table.sources[0].fingerprint


def test_json_says_days_as_text(log: Path) -> None:
    (row,) = json.loads(json.dumps(ask("pending", log, end="2016-05-01").to_dict()))["rows"]
    assert row["date"] == "2016-05-01"


TEXTS = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), min_size=1
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXTS, st.one_of(st.none(), st.floats(allow_nan=False))), max_size=5))
def test_csv_gives_back_what_went_in(rows: list[tuple[str, float | None]]) -> None:
    columns = (Column("court", "text", "", ""), Column("value", "number", "", ""))
    told = tuple({"court": court, "value": value} for court, value in rows)
    text = Table(**ABOUT, columns=columns, rows=told).to_csv()
    assert text.endswith("\r\n")
    head, *found = list(csv.reader(io.StringIO(text, newline="")))
    assert head == ["court", "value"]
    assert [(court, float(value) if value else None) for court, value in found] == rows


def test_csv_and_its_file_are_the_same(log: Path, tmp_path: Path) -> None:
    table = ask("asylum_denial_rate", log, by="nationality")
    text = table.to_csv(tmp_path / "rates.csv")
    assert (tmp_path / "rates.csv").read_bytes() == text.encode()
    assert text.splitlines()[0] == "nationality,numerator,denominator,value,low95,high95,flag"
    assert text.splitlines()[1].startswith("HND,6,10,0.6,")


def test_parquet_keeps_the_types_and_what_they_mean(log: Path, tmp_path: Path) -> None:
    table = ask("pending", log, by="fiscal_year")
    read = pq.read_table(table.to_parquet(tmp_path / "pending.parquet"))
    assert read.to_pylist() == [dict(row) for row in table.rows]
    assert isinstance(read["date"][0].as_py(), date)
    about = json.loads(read.schema.metadata[b"asylumatlas"])
    assert about["fingerprint"] == table.fingerprint
    assert about == {key: value for key, value in table.to_dict().items() if key != "rows"}


def test_a_citation_names_the_question_the_definition_and_the_log(log: Path) -> None:
    table = ask("asylum_denial_rate", log, definition="eoir")
    for words in (
        "Asylum denial rate",
        "definition eoir",
        table.fingerprint,
        "as of 2018-01-01",
        table.sources[0].fingerprint[:16],
    ):
        assert words in table.cite()
    bibtex = table.cite("bibtex")
    assert bibtex.startswith(f"@misc{{asylumatlas-{table.fingerprint},")
    assert bibtex.count("{") == bibtex.count("}")
    with pytest.raises(StatsError, match="not one of text, bibtex"):
        table.cite("apa")


def test_a_filter_is_said_wherever_the_table_goes(log: Path) -> None:
    asked = {"where": "nationality=Honduras", "start": "FY2016", "end": "FY2016"}
    words = "nationality HND Honduras; FY2016 (2015-10-01 to 2016-09-30)"
    table = ask("asylum_denial_rate", log, **asked)
    assert table.filter == table.to_dict()["filter"] == words
    for text in (table.cite(), table.cite("bibtex"), table._repr_html_()):
        assert words in text
    assert "\n" not in table.cite()


def test_a_table_of_everything_has_no_filter(log: Path) -> None:
    table = ask("asylum_denial_rate", log, by="nationality")
    assert table.filter == table.to_dict()["filter"] == ""
    assert not [text for text in (table.cite(), table._repr_html_()) if "nly" in text.split("(")[0]]


def test_bibtex_escapes_the_words_of_a_filter() -> None:
    told = {"asked": {"definitions": ["initial"], "question": "where.court=a_b%26c"}}
    table = Table(**{**ABOUT, **told}, columns=(), rows=())
    assert table.filter == "court a_b&c"
    assert r"only court a\_b\&c, table" in table.cite("bibtex")


def test_bibtex_escapes_what_tex_would_read() -> None:
    table = Table(**{**ABOUT, "label": "50 % & more_of {it}"}, columns=(), rows=())
    assert r"50 \% \& more\_of \{it\}" in table.cite("bibtex")


def test_a_fingerprint_is_of_question_definition_and_log(log: Path, tmp_path: Path) -> None:
    def mark(**asked: Any) -> str:
        return ask("asylum_denial_rate", asked.pop("log", log), **asked).fingerprint

    other = write(tmp_path / "other", decided(1, 1))
    found = {
        mark(),
        mark(definition="eoir"),
        mark(by="kind"),
        mark(by="kind,nationality"),
        mark(where={"kind": "family"}),
        mark(start="FY2016"),
        mark(end="FY2016"),
        mark(suppress=10),
        mark(small=10),
        mark(log=other),
        ask("asylum_grant_rate", log).fingerprint,
    }
    assert len(found) == 11
    assert mark() == mark(definition="trac") == mark(start=None) == mark(by=())
    assert mark(where={"kind": ["family", "single_adult"]}) == mark(
        where=["kind=single_adult,family"]
    )
    assert mark(start="FY2016") == mark(start="2015-10-01")


def test_a_fingerprint_does_not_depend_on_where_the_log_lies(log: Path, tmp_path: Path) -> None:
    cases = [*decided(4, 6), *decided(2, 1, nationality="SLV"), Case(kind="single_adult")]
    moved = write(tmp_path / "elsewhere", cases)
    first, second = (ask("asylum_denial_rate", one, by="kind") for one in (log, moved))
    assert first.fingerprint == second.fingerprint
    assert first.rows == second.rows


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_query_is_told_in_every_dialect(log: Path, dialect: str) -> None:
    table = ask("asylum_denial_rate", log, by="nationality", definition="trac,eoir")
    text = table.query(dialect)
    assert text.count("GROUP BY") >= 2
    assert "asylum_denied" in text


def test_an_unknown_dialect_is_refused(log: Path) -> None:
    with pytest.raises(StatsError, match='Did you mean "postgres"'):
        ask("receipts", log).query("postgre")


def test_a_notebook_shows_no_markup_of_the_logs(log: Path) -> None:
    table = replace(ask("receipts", log), label="<b>x</b>")
    assert "<b>" not in table._repr_html_()
    assert "&lt;b&gt;" in table._repr_html_()
