"""Facts that stay open between questions: the same counts, from many threads, and never stale."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from asylumatlas.stats import engines
from asylumatlas.stats.engines import DuckDB, EngineError, kept

ASKED = "SELECT nationality, count(*) AS n FROM moments GROUP BY 1 ORDER BY 1"


def moments(*nationalities):
    return {"moments": [{"nationality": each, "date": date(2016, 1, 5)} for each in nationalities]}


@pytest.fixture(autouse=True)
def _closed():
    engines._KEPT.close()
    yield
    engines._KEPT.close()


def counted(facts):
    with kept(facts) as engine:
        return dict(
            zip(
                engine.columns(ASKED)["nationality"].values(),
                engine.columns(ASKED)["n"].tolist(),
                strict=True,
            )
        )


def test_many_threads_count_the_same_on_one_database(facts_of):
    facts = facts_of(**moments("HND", "HND", "GTM"))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: counted(facts), range(40)))
    assert found == [{"GTM": 1, "HND": 2}] * 40
    assert len(engines._KEPT._open) == 1


def test_only_the_logs_asked_last_stay_open(facts_of):
    several = [facts_of(**moments("HND")) for _ in range(engines.MOST_KEPT + 2)]
    for facts in several:
        counted(facts)
    assert len(engines._KEPT._open) == engines.MOST_KEPT
    assert counted(several[0]) == {"HND": 1}, "one that was closed is opened again"


def test_facts_made_anew_are_read_anew(facts_of):
    facts = facts_of(**moments("HND"))
    assert counted(facts) == {"HND": 1}
    other = facts_of(**moments("GTM", "MEX"))
    for path in facts.paths("moments"):
        path.unlink()
    for path in other.paths("moments"):
        (facts.folder / "moments" / path.name).write_bytes(path.read_bytes())
    assert counted(facts) == {"GTM": 1, "MEX": 1}


def test_facts_that_cannot_be_read_do_not_stay_open(facts_of):
    facts = facts_of(**moments("HND"))
    counted(facts)
    whole = {path: path.read_bytes() for path in facts.paths("moments")}
    for path in whole:
        path.write_bytes(b"no Parquet")
    with pytest.raises(EngineError, match="damaged"):
        counted(facts)
    assert not engines._KEPT._open
    for path, content in whole.items():
        path.write_bytes(content)
    assert counted(facts) == {"HND": 1}


def test_closing_a_second_connection_leaves_the_first(facts_of):
    facts = facts_of(**moments("HND"))
    with DuckDB(facts) as first:
        with first.again() as second:
            assert second.columns(ASKED)["n"].tolist() == [1]
        assert first.columns(ASKED)["n"].tolist() == [1]
