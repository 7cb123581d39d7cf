"""What a hostile reader would try: damaged counts, days before a log, intervals nobody can give."""

import json
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from asylumatlas import process
from asylumatlas.events import ENTRY_ROUTES, KINDS, CodedCases, CodedEvents, seal, write_part
from asylumatlas.stats import Counts, StatsError, ask, count

BEGINS, AS_OF = date(2018, 4, 2), date(2018, 12, 31)
JUDGES = ("J1", "J2")
BOOK = b"asylumatlas.counts"


def days(day):
    return (day - date(1970, 1, 1)).days


def histories(world):
    """One case open from before; others charged, decided by a judge 30 days later, or waiting."""
    yield [("stock_case", "court", BEGINS, None)]
    for number in range(6):
        charged = date(2018, 5, 1 + number)
        story = [("charging_document", None, charged, None)]
        if number > world:
            outcome = "asylum_denied" if number % 2 else "asylum_granted"
            decided = date(2018, 6, 1 + number)
            story.append(("court_decision", outcome, decided, number % 2))
        yield story


def write(folder, worlds=2, first=0):
    """Write a log of made-up people; ``first`` leaves out the cases before it."""
    events, outcomes = process.event_codes(), process.outcome_codes()
    parts = []
    for world in range(worlds):
        told = list(histories(world))[first:]
        rows = [(k, n, *line) for k, story in enumerate(told) for n, line in enumerate(story)]
        size = len(told)
        cases = CodedCases(
            replication=np.full(size, world, np.int16),
            case_id=np.arange(size),
            nationality=(np.zeros(size, np.int64), ["HND"]),
            kind=(np.zeros(size, np.int64), [KINDS[0]]),
            entry_route=np.zeros(size, np.int64) + ENTRY_ROUTES.index("port_of_entry"),
            entry_date=np.full(size, -1),
            charging_date=np.full(size, -1),
        )
        coded = CodedEvents(
            replication=np.full(len(rows), world, np.int16),
            case_id=np.array([row[0] for row in rows]),
            seq=np.array([row[1] for row in rows]),
            date=np.array([days(row[4]) for row in rows]),
            event=np.array([events.index(row[2]) for row in rows]),
            outcome=np.array([outcomes.index(row[3]) if row[3] else -1 for row in rows]),
            place=np.full(len(rows), -1),
            resource=(np.array([-1 if row[5] is None else row[5] for row in rows]), JUDGES),
        )
        parts.append(write_part(folder, world, cases, coded, [], replications=[world]))
    seal(folder, source="example", as_of=AS_OF, parts=parts, details={"note": "made up"})
    return folder


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return write(tmp_path_factory.mktemp("open"))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    return write(tmp_path_factory.mktemp("fresh"), first=1)


@pytest.fixture
def counted(log, tmp_path):
    path = tmp_path / "counts.parquet"
    count("asylum_denial_rate", log, by="judge").to_parquet(path)
    return path


def test_nothing_is_said_of_a_day_before_a_log_that_begins_in_the_middle(log, fresh):
    before = ask("pending", log, end="2018-03-31")
    assert len(before) == 0
    assert "begins on 2018-04-02 with cases already open" in before.reason
    assert ask("pending", fresh, end="2018-03-31").rows[0]["value"] == 0
    assert ask("pending", log, end=BEGINS).rows[0]["value"] == 1


def test_a_stock_by_time_starts_with_the_log(log):
    rows = ask("pending", log, by="quarter", start="FY2017", end="2018-07-15").rows
    assert [row["quarter"] for row in rows] == ["FY2018Q3", "FY2018Q4"]
    assert [row["date"] for row in rows] == [date(2018, 6, 30), date(2018, 7, 15)]


def test_the_first_period_of_such_a_log_is_partial_and_of_another_is_not(log, fresh):
    flags = [ask("receipts", x, by="fiscal_year").rows[0]["flag"] for x in (log, fresh)]
    assert flags == ["small, partial", "small"]


def test_counts_say_when_their_log_begins(log, tmp_path):
    path = tmp_path / "pending.parquet"
    count("pending", log, by="quarter").to_parquet(path)
    assert Counts.read(path).begins == BEGINS
    assert ask("pending", path, by="quarter").rows == ask("pending", log, by="quarter").rows


@pytest.mark.parametrize(
    ("name", "by"), [("flow", ()), ("judge_variation", "judge"), ("time_to_decision", ())]
)
def test_worlds_added_up_have_no_interval(log, name, by):
    alone = ask(name, log, by=by, replications=0)
    pooled = ask(name, log, by=by, replications="pool")
    ends = [column.name for column in pooled.columns if column.name.endswith(("low95", "high95"))]
    assert ends
    assert any(row["low95"] is not None for row in alone)
    assert all(row[end] is None for row in (*pooled.rows, *pooled.curves) for end in ends[:2])
    assert all(row[end] is None for row in pooled.rows for end in ends)


@pytest.mark.parametrize("judge", ["J1", "J2"])
def test_one_judge_has_no_spread(log, judge):
    row = ask("judge_variation", log, where={"judge": [judge]}, replications=0).rows[0]
    assert row["judges"] == 1
    assert row["decisions"] > 1
    assert [row[key] for key in ("value", "fitted_p05", "fitted_p95", "p_value")] == [None] * 4


def test_judges_of_one_decision_each_have_no_spread(log):
    rows = ask("judge_variation", log, start="2018-06-05", end="2018-06-06", replications=0).rows
    assert [(row["judges"], row["decisions"], row["value"]) for row in rows] == [(2, 2, None)]


def test_counts_of_a_denial_rate_are_no_grant_rate(counted):
    assert len(ask("asylum_denial_rate", counted, by="judge"))
    with pytest.raises(StatsError, match="counts of another statistic"):
        ask("asylum_grant_rate", counted, by="judge")


def edited(path, column=None, values=None, **book):
    """Write a file of counts again with something changed."""
    table = pq.read_table(path)
    said = json.loads(table.schema.metadata[BOOK]) | book
    if column:
        table = table.set_column(table.column_names.index(column), column, values(len(table)))
    text = json.dumps({name: value for name, value in said.items() if value is not ...})
    pq.write_table(table.replace_schema_metadata({BOOK: text.encode()}), path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": 99}, "layout 99, this is 1"),
        ({"format": ...}, "what it says of itself"),
        ({"as_of": "yesterday"}, "what it says of itself"),
        ({"question": "by=judge&foo=1"}, "what it says of itself"),
        ({"kind": "magic"}, "what it says of itself"),
        ({"sources": []}, "what it says of itself"),
        ({"keys": ["judge", "gone"]}, "columns are not those"),
        ({"rule": "0" * 16}, "counts of another statistic"),
        ({"column": "judge", "values": lambda n: pa.array(["J"] * n)}, "judge is not words"),
        ({"column": "numerator", "values": lambda n: pa.array([-1] * n)}, "below 0"),
        ({"column": "numerator", "values": lambda n: pa.array([10**6] * n)}, "above its denom"),
        ({"column": "numerator", "values": lambda n: pa.array([0.5] * n)}, "not whole numbers"),
        ({"column": "numerator", "values": lambda n: pa.nulls(n, pa.int64())}, "not whole"),
    ],
)
def test_edited_counts_are_refused_in_one_line(counted, change, told):
    edited(counted, **change)
    with pytest.raises(StatsError, match=told) as caught:
        ask("asylum_denial_rate", counted, by="judge")
    assert "\n" not in str(caught.value)
    assert "ount" in str(caught.value)


def test_damaged_facts_are_named_in_one_line(tmp_path):
    log = write(tmp_path / "log")
    ask("receipts", log)
    path = next((log / "facts" / "moments").iterdir())
    size = path.stat().st_size
    path.write_bytes(b"PAR1" + b"\xee" * (size - 8) + b"PAR1")
    with pytest.raises(StatsError, match=r"facts are damaged\. Delete this folder") as caught:
        ask("receipts", log)
    assert "\n" not in str(caught.value)


def test_an_empty_definition_is_named(log):
    with pytest.raises(StatsError, match="definition: an empty word"):
        ask("receipts", log, definition=",")
