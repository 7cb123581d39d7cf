"""Counts of shards are added exactly, and nothing is counted twice or mixed up."""

from dataclasses import replace
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from asylumatlas.stats.catalogue import statistic
from asylumatlas.stats.counts import Connection, Counts, DuckDB, count, load_postgres
from asylumatlas.stats.errors import StatsError
from asylumatlas.stats.question import Question

DENIALS = statistic("asylum_denial_rate")
TRAC = DENIALS.definitions["trac"]
ROWS = [
    {"outcome": "asylum_denied", "nationality": "HND"},
    {"outcome": "asylum_denied", "nationality": "GTM"},
    {"outcome": "asylum_granted", "nationality": "GTM"},
    {"outcome": "terminated", "nationality": "GTM"},
]


@pytest.fixture(scope="module")
def facts(facts_of):
    return facts_of(moments=ROWS, parts=3)


@pytest.fixture(scope="module")
def counted(facts):
    return count(TRAC, "share", Question.of("nationality"), facts)


def test_counts_are_rows_of_whole_numbers(counted):
    assert counted.rows() == [
        {"nationality": "GTM", "replication": 0, "numerator": 1, "denominator": 2},
        {"nationality": "HND", "replication": 0, "numerator": 1, "denominator": 1},
    ]
    place, groups = counted.groups(["nationality"])
    assert place.tolist() == [0, 1]
    assert groups == [("GTM",), ("HND",)]


def test_parts_of_a_log_are_counted_where_they_lie_and_added(facts, counted):
    question = counted.question
    shares = []
    for part in range(3):
        with DuckDB(facts, parts=[part]) as engine:
            shares.append(count(TRAC, "share", question, facts, engine))
    together = shares[0].add(*shares[1:])
    assert together.rows() == counted.rows()
    assert together.sources == tuple(f"{facts.log}/{part:05}" for part in range(3))
    with pytest.raises(StatsError, match="counted twice"):
        together.add(shares[1])
    with pytest.raises(StatsError, match="counted twice"):
        counted.add(shares[1])
    with pytest.raises(StatsError, match=r"^parts: .* no part-00007"):
        DuckDB(facts, parts=[7])


def test_counts_come_back_from_their_file(counted, tmp_path):
    counted.to_parquet(tmp_path / "counts.parquet")
    again = Counts.read(tmp_path / "counts.parquet")
    assert again.rows() == counted.rows()
    for name in ("kind", "definition", "rule", "question", "as_of", "sources", "keys", "measures"):
        assert getattr(again, name) == getattr(counted, name)


def test_a_file_that_holds_no_counts_is_refused(tmp_path):
    pq.write_table(pa.table({"n": [1]}), tmp_path / "other.parquet")
    (tmp_path / "text.parquet").write_text("hello")
    for name, said in (("other", "no counts"), ("text", "Parquet"), ("none", "Parquet")):
        with pytest.raises(StatsError, match=said):
            Counts.read(tmp_path / f"{name}.parquet")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"question": Question.of("nationality", end="FY2016")}, "different questions"),
        ({"definition": "eoir"}, "different definitions"),
        ({"rule": "0"}, "different versions of the definition"),
        ({"as_of": date(2020, 1, 1)}, "different last days"),
        ({"kind": "variation"}, "different statistics"),
        ({}, "counted twice"),
    ],
)
def test_counts_of_other_things_are_not_added(counted, change, said):
    other = replace(counted, **({"sources": ("other",)} if change else {}), **change)
    with pytest.raises(StatsError, match=said) as found:
        counted.add(other)
    assert "\n" not in str(found.value)


def test_how_results_are_shown_does_not_keep_counts_apart(counted):
    other = replace(
        counted, sources=("other",), question=Question.of("nationality", small=3, level=0.9)
    )
    assert counted.add(other)["denominator"].tolist() == [4, 2]


def test_one_database_can_hold_several_logs(facts_of, postgres):
    connection = postgres()
    first, second = (facts_of(moments=ROWS, log=name) for name in ("d" * 64, "e" * 64))
    load_postgres(first, connection, "both_")
    with pytest.raises(StatsError, match='"both_moments" exists'):
        load_postgres(second, connection, "both_")
    engine = Connection(connection, prefix="both_", shares=[first.log, second.log])
    found = count(TRAC, "share", Question(), first, engine)
    assert found.sources == (first.log, second.log)
    assert found["denominator"].tolist() == [3]


def test_a_load_that_fails_leaves_no_table(facts_of, postgres):
    connection = postgres()
    facts = facts_of(moments=ROWS)
    facts.paths("stays")[0].write_text("damaged")
    with pytest.raises(pa.ArrowInvalid):
        load_postgres(facts, connection, "half_")
    cursor = connection.cursor()
    cursor.execute("SELECT to_regclass('half_moments')")
    assert cursor.fetchone()[0] is None


def test_memory_is_bounded_and_nothing_is_left_behind(facts, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with DuckDB(facts) as engine:
        found = engine.columns(
            "SELECT name, value FROM duckdb_settings() WHERE name = 'memory_limit'"
        )
    assert found["value"].words == ("2.7 GiB",)
    assert list(tmp_path.iterdir()) == []


def test_who_leaves_on_a_day_is_not_inside_at_its_end(facts_of, engine):
    day = date(2016, 9, 30)
    spans = [(day, None), (date(2016, 10, 1), None), (date(2016, 1, 1), day), (day, day)]
    spans.append((date(2016, 1, 1), date(2016, 10, 1)))
    facts = facts_of(spells=[{"start": start, "end": end} for start, end in spans])
    pending = statistic("pending")
    inside = replace(pending.definitions[pending.default], rows={"spell": ("court_active",)})
    try:
        used = engine(facts)
        plain = count(inside, "stock", Question.of(end="FY2016"), facts, used)
        by_year = count(inside, "stock", Question.of("fiscal_year", end="FY2016"), facts, used)
    finally:
        engine.clear()
    assert plain.rows() == [{"replication": 0, "n": 2}]
    assert [(row["fiscal_year"], row["change"], row["n"]) for row in by_year.rows()] == [
        (2016, -1, 2),
        (2016, 1, 4),
    ]


def test_an_end_outside_the_listed_ones_is_open(facts_of):
    words = ["asylum_granted", "asylum_denied", "terminated", None]
    spells = [{"ended": word, "end": date(2016, 2, 1) if word else None} for word in words]
    facts = facts_of(spells=spells)
    template = statistic("time_to_decision").definitions["from_charging"]
    listed = replace(
        template,
        date="start",
        rows={"spell": ("court_active",)},
        ended=("asylum_granted",),
        competing=("asylum_denied",),
    )
    found = count(listed, "duration", Question(), facts)
    assert dict(zip(found["ended"].tolist(), found["n"].tolist(), strict=True)) == {
        "asylum_denied": 1,
        "event": 1,
        None: 2,
    }
