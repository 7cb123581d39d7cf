"""Counts of random facts are those of a plain count in Python, on every engine."""

import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from asylumatlas.stats.catalogue import Definition
from asylumatlas.stats.counts import EVENT, Counts, count
from asylumatlas.stats.periods import UNITS, Period
from asylumatlas.stats.question import Question

BASE = Definition(
    name="made_for_tests",
    label="made for tests",
    publisher="ours",
    facts="moments",
    date="date",
    rows={"event": ("court_decision",)},
    counted={},
    ended=None,
    competing=None,
    origin="",
    numerator="",
    denominator="",
    exclusions="",
    caveats=(),
    by=(),
)
GRANTED = ("asylum_granted",)
DEFINITIONS = {
    "count": BASE,
    "share": replace(BASE, counted={"outcome": GRANTED, "claim": True}),
    "stock": replace(BASE, facts="spells", date="", rows={"spell": ("court_active",)}),
    "duration": replace(
        BASE,
        facts="spells",
        date="start",
        rows={"spell": ("court_active",), "known_start": True},
        ended=("asylum_granted",),
    ),
    "flow": replace(BASE, facts="stays", date="charged", rows={}, origin="charging"),
    "variation": replace(BASE, counted={"outcome": GRANTED}),
    "total": replace(BASE, facts="meters", date="", rows={}),
}

days = st.dates(date(2014, 9, 28), date(2018, 6, 30))
word = st.sampled_from
dimensions = {
    "replication": st.integers(0, 1),
    "nationality": word(["GTM", "HND", "SLV"]),
    "kind": word(["family", "single_adult"]),
    "court": word(["a", "b", "É", None]),
    "judge": word(["j1", "j2", None]),
    "claim": word([True, False, None]),
    "representation": word(["represented", "not_represented", None]),
    "custody": word(["detained", None]),
    "place": word(["x", None]),
}
ends = word(["asylum_granted", "asylum_denied", "removal_ordered", None])
moments = st.fixed_dictionaries(
    dimensions
    | {
        "event": word(["court_decision", "master_hearing"]),
        "outcome": ends,
        "date": days,
        "nth": st.integers(1, 3),
        "appealed": word([True, False, None]),
        "days": st.none() | st.integers(0, 900),
    }
)


@st.composite
def spells(draw):
    row = draw(st.fixed_dictionaries(dimensions | {"start": days, "ended": ends}))
    row |= {"spell": draw(word(["court_active", "appeal"])), "known_start": draw(st.booleans())}
    row["end"] = None
    if row["ended"]:
        row["end"] = row["start"] + timedelta(days=draw(st.integers(0, 800)))
    row["days"] = ((row["end"] or date(2018, 6, 30)) - row["start"]).days
    return row


@st.composite
def stays(draw):
    row = draw(st.fixed_dictionaries(dimensions | {"charged": st.none() | days, "start": days}))
    row |= {"stage": draw(word(["court", "appeal"])), "next": draw(word(["protected", None]))}
    if row["charged"]:
        row["from_charging_in"] = draw(st.integers(0, 2))
        row["from_charging_out"] = row["from_charging_in"] + draw(st.integers(0, 2))
    return row


meters = st.fixed_dictionaries(
    {
        "replication": st.integers(0, 1),
        "meter": word(["beds", "hearings"]),
        "unit": word(["days", "number"]),
        "place": word(["x", None]),
        "amount": word([0.1, 0.2, 1e9]),
    }
)
tables = st.fixed_dictionaries(
    {
        "moments": st.lists(moments, max_size=30),
        "spells": st.lists(spells(), max_size=30),
        "stays": st.lists(stays(), max_size=30),
        "meters": st.lists(meters, max_size=8),
    }
)


@st.composite
def questions(draw, kind):
    if kind == "total":
        return Question(by=draw(word([(), ("place",)])))
    columns = ["nationality", "court", "representation", "claim", "kind", *UNITS]
    if kind == "stock":
        columns = [*columns[:5], draw(word(UNITS))]
    by = draw(st.lists(word(columns), max_size=2, unique=True))
    where = {}
    if draw(st.booleans()):
        where["nationality"] = draw(st.lists(word(["GTM", "HND"]), min_size=1, unique=True))
    if draw(st.booleans()):
        where["claim"] = draw(word([["true"], ["false", "not_known"], ["not_known"]]))
    edges = sorted([draw(days), draw(days)])
    start, end = draw(word([(None, None), (edges[0], None), (None, edges[1]), tuple(edges)]))
    replications = draw(word(["bands", 1]))
    return Question.of(by, where, start, end, replications)


asked = st.sampled_from(sorted(DEFINITIONS)).flatmap(
    lambda kind: st.tuples(st.just(kind), questions(kind))
)
some = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # a failure is small enough, and shrinking is slow
    suppress_health_check=[HealthCheck.too_slow],
)


def meets(row, column, wanted):
    value = row.get(column)
    return value is wanted if isinstance(wanted, bool) else value in wanted


def chosen(row, definition, question):
    """Whether a row is of the definition and of the question, time aside."""
    for column, values in question.where:
        value = row.get(column)
        said = {None: "not_known", True: "true", False: "false"}.get(value, value)
        if said not in values:
            return False
    if isinstance(question.replications, int) and row["replication"] != question.replications:
        return False
    return all(meets(row, column, wanted) for column, wanted in definition.rows.items())


def key(row, names, day):
    values = []
    for name in names:
        if name in UNITS:
            values.append(Period.holding(name, row[day]).number)
        else:
            value = row.get(name)
            values.append(str(value).lower() if isinstance(value, bool) else value)
    return tuple(values)


def dated(row, day, question):
    if not day:
        return True
    when = row.get(day)
    return when is not None and ((question.start or date.min) <= when <= (question.end or date.max))


def plain(kind, question, facts):
    """The same counts in a few lines of Python: {keys: numbers}."""
    definition = DEFINITIONS[kind]
    rows = [row for row in facts[definition.facts] if chosen(row, definition, question)]
    if kind == "stock":
        return plain_stock(rows, question)
    day = definition.date
    rows = [row for row in rows if dated(row, day, question)]
    names = (*question.by, "replication")
    found = Counter()
    if kind in ("count", "share", "variation"):
        if kind == "variation":
            names += tuple(n for n in ("judge", "fiscal_year") if n not in question.by)
        found.update(key(row, names, day) for row in rows)
        if kind == "count":
            return {each: (n,) for each, n in found.items()}
        wanted = definition.counted.items()
        part = Counter(key(r, names, day) for r in rows if all(meets(r, *w) for w in wanted))
        return {each: (part[each], n) for each, n in found.items()}
    for row in rows:
        group = key(row, names, day)
        if kind == "total":
            found[(*group, row["meter"], row["unit"], row["amount"])] += 1
        elif kind == "duration":
            ended = EVENT if row["ended"] == "asylum_granted" else row["ended"]
            found[(*group, row["days"], ended)] += 1
        else:
            if row["from_charging_in"] == 0:
                found[(*group, 0, None, row["stage"])] += 1
            found[(*group, row["from_charging_out"], row["stage"], row["next"])] += 1
    return {each: (n,) for each, n in found.items()}


def plain_stock(rows, question):
    last = min(question.end or date(2018, 6, 30), date(2018, 6, 30))
    found = Counter()
    names = (*question.by, "replication")
    for row in rows:
        if question.time:
            for day, change in (("start", 1), ("end", -1)):
                if row[day] is not None and row[day] <= last:
                    found[(*key(row, names, day), change)] += 1
        elif row["start"] <= last and (row["end"] is None or row["end"] > last):
            found[key(row, names, "start")] += 1
    return {each: (n,) for each, n in found.items()}


def as_counted(counts):
    measures = [counts[name].tolist() for name in counts.measures]
    keys = [counts[name].tolist() for name in counts.keys]
    return dict(zip(zip(*keys, strict=True), zip(*measures, strict=True), strict=True))


def ask(kind, question, facts, engine=None):
    return count(DEFINITIONS[kind], kind, question, facts, engine)


@some
@given(rows=tables, asked=asked)
def test_counts_are_those_of_a_plain_count(engine, facts_of, rows, asked):
    kind, question = asked
    facts = facts_of(**rows)
    try:
        used = engine(facts)
        counts = ask(kind, question, facts, used)
        assert as_counted(counts) == plain(kind, question, rows)
    finally:
        engine.clear()


@some
@given(rows=tables, asked=asked, seed=st.integers(0, 99), parts=st.integers(1, 3))
def test_the_order_of_rows_and_parts_does_not_change_a_byte(
    facts_of, tmp_path_factory, rows, asked, seed, parts
):
    kind, question = asked
    folder = tmp_path_factory.mktemp("bytes")
    mixed = {name: random.Random(seed).sample(found, len(found)) for name, found in rows.items()}
    for name, facts in (
        ("one", facts_of(log="a", **rows)),
        ("two", facts_of(log="a", parts=parts, **mixed)),
    ):
        ask(kind, question, facts).to_parquet(folder / name)
    assert (folder / "one").read_bytes() == (folder / "two").read_bytes()


@some
@given(rows=tables, asked=asked)
def test_counts_of_shards_add_to_the_whole(facts_of, tmp_path_factory, rows, asked):
    kind, question = asked
    whole = facts_of(log="a", **rows)
    shards = [
        facts_of(log=name, **{table: found[k::2] for table, found in rows.items()})
        for k, name in enumerate("bc")
    ]
    first, second = (ask(kind, question, shard) for shard in shards)
    expected = ask(kind, question, whole)
    path = tmp_path_factory.mktemp("shards") / "second.parquet"
    second.to_parquet(path)
    together = first.add(Counts.read(path))
    assert as_counted(together) == as_counted(expected)
    assert as_counted(second.add(first)) == as_counted(together)
    assert together.sources == ("b", "c")


@some
@given(rows=tables, kind=word(["count", "share", "stock", "duration", "variation"]))
def test_filter_then_count_is_count_then_filter(facts_of, rows, kind):
    facts = facts_of(**rows)
    grouped = ask(kind, Question.of("nationality"), facts)
    filtered = ask(kind, Question.of(where={"nationality": "HND"}), facts)
    kept = {k[1:]: v for k, v in as_counted(grouped).items() if k[0] == "HND"}
    assert as_counted(filtered) == kept


@some
@given(rows=tables, kind=word(["count", "share", "stock", "duration"]), by=word(UNITS))
def test_the_sum_over_groups_is_the_whole(facts_of, rows, kind, by):
    facts = facts_of(**rows)
    groups = ["nationality"] if kind == "stock" else ["nationality", by]
    grouped = ask(kind, Question.of(groups), facts)
    whole = ask(kind, Question.of(), facts)
    assert as_counted(grouped.over(whole.keys)) == as_counted(whole)


@pytest.mark.parametrize("kind", sorted(DEFINITIONS))
def test_no_rows_give_empty_counts_with_their_columns(engine, facts_of, kind):
    facts = facts_of()
    try:
        counts = ask(kind, Question(), facts, engine(facts))
    finally:
        engine.clear()
    assert len(counts) == 0
    assert set(counts.columns) == {*counts.keys, *counts.measures}
