"""The queries of every statistic compile for every engine offered, and say what they are."""

import re
import subprocess
import sys
from datetime import date

import pytest

from asylumatlas.stats import counts, queries
from asylumatlas.stats.catalogue import statistic, statistics
from asylumatlas.stats.errors import StatsError
from asylumatlas.stats.question import Question
from asylumatlas.stats.support import groups

AS_OF = date(2018, 6, 30)
STATISTICS = list(statistics().values())
DEFINITIONS = [
    pytest.param(each, definition, id=f"{each.name}-{definition.name}")
    for each in STATISTICS
    for definition in each.definitions.values()
]


def asked(kind, definition):
    """A question with everything in it."""
    if definition.facts == "meters":
        return Question.of("place", "place=x,not_known", replications=1)
    by = [name for name in ("quarter", "nationality") if name in groups(definition, kind)]
    where = {"nationality": ["HND", "not_known"], "claim": "true"}
    return Question.of(by, where, "FY2012", "FY2017", replications=1)


@pytest.mark.parametrize(("each", "definition"), DEFINITIONS)
def test_every_definition_compiles_for_every_dialect(each, definition):
    question = asked(each.kind, definition)
    for dialect in queries.DIALECTS:
        text = counts.sql(
            definition, each.kind, question, dialect, statistic=each.name, as_of=AS_OF
        )
        head = [line for line in text.splitlines() if line.startswith("-- ")]
        assert each.name in head[0]
        assert definition.name in head[0]
        assert f"facts/{definition.facts}/" in head[1]
        assert "GROUP BY" in text


def test_the_query_is_readable():
    denials = statistic("asylum_denial_rate")
    text = counts.sql(
        denials.definitions["trac"], "share", Question.of("fiscal_year"), "duckdb", as_of=AS_OF
    )
    assert len(text.splitlines()) > 15
    assert max(map(len, text.splitlines())) < 140
    assert re.search(r'AS "denominator"', text)


def test_an_unknown_dialect_is_refused():
    denials = statistic("asylum_denial_rate")
    with pytest.raises(StatsError, match=r'^sql: unknown dialect "postgre".*"postgres"'):
        counts.sql(denials.definitions["trac"], "share", Question(), "postgre")


def test_a_number_on_a_day_needs_the_day():
    pending = next(s for s in STATISTICS if s.kind == "stock")
    definition = pending.definitions[pending.default]
    with pytest.raises(StatsError, match="needs the day"):
        counts.sql(definition, "stock", Question(), "duckdb")
    assert "2016" in counts.sql(definition, "stock", Question.of(end="2016-03-31"), "duckdb")


def test_words_are_quoted_in_queries(facts_of, engine):
    name = 'O\'Neill "x" % ; --'
    facts = facts_of(moments=[{"outcome": "asylum_denied", "court": name}, {"court": "b"}])
    definition = statistic("asylum_denial_rate").definitions["trac"]
    try:
        found = counts.count(
            definition, "share", Question.of("court", {"court": [name]}), facts, engine(facts)
        )
    finally:
        engine.clear()
    assert found.rows() == [{"court": name, "replication": 0, "numerator": 1, "denominator": 1}]


def test_nothing_heavy_is_loaded_before_something_is_counted():
    code = (
        "import sys; from asylumatlas.stats import counts, question, queries, engines, support; "
        "print([m for m in ('ibis', 'duckdb', 'pyarrow', 'pandas', 'sqlglot') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
