"""The link to a statistic: the same choices give the same link, and any link is read or refused."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.stats import StatsError, statistics
from asylumatlas.web.faults import WebError
from asylumatlas.web.statistics.link import MOST_VALUES, read

NAMES = sorted(statistics())
WORDS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=12)
PERIODS = st.sampled_from(["", "FY2016", "2016", "2016-10", "2016-10-01", "FY2016Q3"])


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    by=st.lists(st.sampled_from(["fiscal_year", "court", "nationality"]), max_size=2, unique=True),
    where=st.dictionaries(
        st.sampled_from(["court", "place", "language", "nationality", "custody"]),
        st.lists(WORDS.map(str.strip).filter(bool), min_size=1, max_size=3),
        max_size=2,
    ),
    until=PERIODS,
    small=st.integers(0, 500),
    logs=st.lists(st.sampled_from(["a", "b-2"]), max_size=2, unique=True),
    published=st.booleans(),
)
def test_a_link_read_again_is_the_same(name, by, where, until, small, logs, published):
    """Whatever a form sends, its canonical link says the same and is its own canonical link."""
    pairs = [("by", one) for one in by]
    pairs += [(f"where.{key}", value) for key, values in where.items() for value in values]
    pairs += [("to", until), ("small", str(small)), ("published", "1" if published else "")]
    pairs += [("log", one) for one in logs]
    link = read(name, urlencode(pairs))
    again = read(name, link.query())
    assert again == link
    assert again.query() == link.query()
    assert link.question.by == tuple(by)
    assert link.logs == tuple(logs)


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from([*NAMES, "no_such", "../x"]), query=st.text(max_size=80))
def test_any_text_is_read_or_refused_in_one_line(name, query):
    said = "read"
    try:
        read(name, query)
    except (StatsError, WebError) as error:
        said = str(error)
    assert len(said.splitlines()) == 1


def test_a_comma_inside_a_name_is_kept():
    link = read("pending", "where.place=Houston%2C%20TX&where.nationality=HND%2CGTM")
    assert dict(link.question.where)["place"] == ("Houston, TX",)
    assert dict(link.question.where)["nationality"] == ("GTM", "HND")
    assert "where.place=Houston%2C%20TX" in link.query()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("bye=court", "by"),
        ("definition=tracs", "trac"),
        ("dialect=duckdbb", "duckdb"),
        ("published=maybe", "published=1"),
        ("by=a,b,c", "at most 2"),
        ("by=<script>", "unknown column"),
        ("log=a&log=b&log=c&log=d&log=e", "at most 4"),
        ("from=2017&to=2016", "Exchange"),
        ("suppress=-1", "whole number"),
        (f"where.judge={','.join(map(str, range(MOST_VALUES + 1)))}", f"most {MOST_VALUES}"),
    ],
)
def test_what_is_wrong_is_said_with_the_remedy(query, said):
    with pytest.raises(StatsError, match=said):
        read("asylum_denial_rate", query)


def test_the_default_definition_is_left_out_of_the_link():
    assert read("asylum_denial_rate", "definition=trac").query() == ""
    assert read("asylum_denial_rate", "definition=eoir").query() == "definition=eoir"
    assert len(read("asylum_denial_rate", "definition=all").definitions) > 3


def test_an_unknown_statistic_names_the_nearest():
    with pytest.raises(WebError, match="asylum_denial_rate") as caught:
        read("asylum_denial_rates", "")
    assert caught.value.status == 404
