"""A run and an import of records have facts of the same kind, and theirs add up."""

from collections.abc import Iterator

import duckdb
import pytest

import asylumatlas
from asylumatlas.events import Log
from asylumatlas.records import import_release
from asylumatlas.stats import ask
from asylumatlas.stats.facts import prepare
from asylumatlas.stats.facts.moments import NOT_COUNTED


@pytest.fixture(scope="module", params=["run", "records"])
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Log:
    where = tmp_path_factory.mktemp(request.param)
    if request.param == "run":
        scenario = asylumatlas.load_scenario("tijuana-2018-19")
        asylumatlas.run(scenario, replications=2, seed=3, workers=1, out=where / "run", log=True)
        return asylumatlas.open(where / "run")
    asylumatlas.synthesize(500, where / "release", seed=5, workers=1)
    import_release(where / "release", where / "dataset", workers=1)
    return asylumatlas.open(where / "dataset")


@pytest.fixture
def engine(log: Log) -> Iterator[duckdb.DuckDBPyConnection]:
    facts = prepare(log, workers=1)
    with duckdb.connect() as connection:
        for table in ("moments", "spells", "stays"):
            files = [str(path) for path in facts.paths(table)]
            connection.execute(f"create view {table} as select * from read_parquet({files})")
        files = [str(log.folder / part["events"]["file"]) for part in log.manifest.parts]
        connection.execute(f"create view events as select * from read_parquet({files})")
        yield connection


def counts(engine: duckdb.DuckDBPyConnection, query: str) -> list[tuple[object, ...]]:
    return engine.execute(query).fetchall()


def test_moments_are_the_events_of_the_log(log: Log, engine: duckdb.DuckDBPyConnection) -> None:
    query = """select replication, event, outcome, place, judge, date, count(*) from {}
        where event not in ({}) group by all order by all"""
    left_out = ", ".join(f"'{name}'" for name in NOT_COUNTED)
    nobody = log.manifest.details.get("placeholders", {"resource": []})["resource"]
    renamed = "(select *, if(list_contains($1, resource), null, resource) as judge from events)"
    found = counts(engine, query.format("moments", left_out))
    assert found == engine.execute(query.format(renamed, left_out), [nobody]).fetchall()
    assert found


def test_every_night_after_its_start_a_case_is_in_one_stage(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    nights, cases = engine.execute(
        "select sum(from_entry_out - from_entry_in), count(*) filter (next is null) from stays"
    ).fetchone()
    as_of = engine.execute("select max(start + from_entry_out) from stays").fetchone()[0]
    expected = engine.execute(
        "select sum(date_diff('day', start, cast(? as date))) from stays where next is null",
        [as_of],
    ).fetchone()
    assert (nights,) == expected
    assert cases > 0


def test_no_case_is_on_two_dockets_and_turns_in_court_follow_each_other(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    begun, ended, still = engine.execute(
        """select count(*), count("end"), count(*) filter ("end" is null)
        from spells where spell in ('court_active', 'court_inactive')"""
    ).fetchone()
    assert begun == ended + still
    in_court = engine.execute(
        "select count(*) from stays where next is null and stage = 'court'"
    ).fetchone()[0]
    assert still == in_court


def test_no_application_waits_in_a_case_that_is_not_before_a_court(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    waiting = engine.execute(
        """select count(*) from spells
        where spell = 'application_to_decision' and "end" is null"""
    ).fetchone()[0]
    in_court = engine.execute(
        "select count(*) from stays where next is null and stage = 'court' and claim"
    ).fetchone()[0]
    applied = engine.execute(
        "select count(*) from events where event = 'asylum_application_filed'"
    ).fetchone()[0]
    assert (applied > 0) == (waiting > 0)  # the one log has people before a court, the other none
    assert waiting <= in_court


def test_a_court_is_where_somebody_is_heard_and_a_decided_claim_was_made(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    courts = counts(engine, "select distinct court from moments where court is not null")
    heard = """select distinct place from events where event in ('master_hearing',
        'individual_hearing', 'hearing_postponed', 'court_decision', 'judge_review')"""
    found = set(counts(engine, heard))
    assert set(courts) <= found
    assert bool(courts) == bool(found)
    decided = """select count(*) from moments where claim is not true and
        event = 'court_decision' and outcome in ('asylum_granted', 'asylum_denied')"""
    assert counts(engine, decided) == [(0,)]


def test_no_span_of_time_is_negative(engine: duckdb.DuckDBPyConnection) -> None:
    columns = {"spells": ["days", "nth"], "moments": ["days", "days_applied", "nth"]}
    columns["stays"] = [f"from_{origin}_in" for origin in ("entry", "charging")]
    for table, names in columns.items():
        for name in names:
            assert counts(engine, f"select count(*) from {table} where {name} < 0") == [(0,)]
    assert counts(engine, "select count(*) from stays where from_entry_out < from_entry_in") == [
        (0,)
    ]


def test_records_name_the_judges_who_are_nobody_and_a_run_its_feeds(log: Log) -> None:
    facts = prepare(log, workers=1)
    if log.manifest.source == "records":
        nobody = log.manifest.details["placeholders"]["resource"]
        assert {"AAA", "CLR"} <= set(nobody)
        assert not set(nobody) & set(facts.words["judge"])
        assert facts.columns["feed"] == 0
    else:
        assert "placeholders" not in log.manifest.details
        assert facts.columns["feed"] == facts.rows["moments"]
        table = ask("waiting_list_wait", log, by="feed", replications="pool")
        assert {row["feed"] for row in table.rows} == {"caravan", "list_newcomers"}
