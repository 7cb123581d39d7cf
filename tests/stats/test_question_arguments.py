"""A question is read and checked once, and what is wrong with it is said in one line."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asylumatlas.stats.catalogue import statistic, statistics
from asylumatlas.stats.errors import StatsError
from asylumatlas.stats.periods import UNITS, Period, name_of, span
from asylumatlas.stats.question import Question
from asylumatlas.stats.support import check, columns, groups

DENIALS = statistic("asylum_denial_rate")
TRAC = DENIALS.definitions["trac"]
days = st.dates(date(1950, 1, 1), date(2099, 12, 31))


@given(day=days, unit=st.sampled_from(UNITS))
def test_a_period_holds_its_day_and_is_read_back_from_its_label(day, unit):
    period = Period.holding(unit, day)
    assert period.first <= day <= period.last
    assert span(period.label, "from") == (period.first, period.last)
    assert Period.holding(unit, period.first) == Period.holding(unit, period.last) == period


@given(day=days, unit=st.sampled_from(UNITS))
def test_periods_follow_each_other_without_a_gap(day, unit):
    period = Period.holding(unit, day)
    following = Period(unit, period.number + 1)
    assert (following.first - period.last).days == 1
    assert list(period.until(following)) == [period, following]


def test_the_fiscal_year_is_named_for_its_september():
    assert span("FY2016", "from") == (date(2015, 10, 1), date(2016, 9, 30))
    assert Period.holding("quarter", date(2015, 12, 31)).label == "FY2016Q1"
    assert Period.holding("quarter", date(2016, 9, 30)).label == "FY2016Q4"


@pytest.mark.parametrize(
    ("word", "first", "last"),
    [
        ("2016", date(2016, 1, 1), date(2016, 12, 31)),
        (" fy2016q2 ", date(2016, 1, 1), date(2016, 3, 31)),
        ("2016-02", date(2016, 2, 1), date(2016, 2, 29)),
        ("2016-02-03", date(2016, 2, 3), date(2016, 2, 3)),
    ],
)
def test_what_a_person_may_write(word, first, last):
    assert span(word, "to") == (first, last)


@pytest.mark.parametrize(
    "word",
    ["FY20122", "2012-13", "2012-02-30", "FY2012Q5", "last year", "0000", "FY9999", "12", "2012-1"],
)
def test_a_word_that_is_no_period_is_refused_in_one_line(word):
    with pytest.raises(StatsError, match=r'^from: ".*" is no (date|period).*FY2016') as found:
        span(word, "from")
    assert "\n" not in str(found.value)


def test_a_period_is_partial_where_days_are_missing_at_either_end():
    year = Period("fiscal_year", 2018)
    assert year.partial(None, date(2018, 9, 29))
    assert not year.partial(date(2017, 10, 1), date(2018, 9, 30))
    assert year.partial(date(2017, 10, 2), None)


def test_spans_have_their_usual_names():
    assert name_of(date(2015, 10, 1), date(2016, 9, 30)) == "FY2016"
    assert name_of(date(2016, 2, 1), date(2016, 3, 31)) == "2016-02 to 2016-03"
    assert name_of(date(2016, 2, 2), date(2016, 3, 3)) == "2016-02-02 to 2016-03-03"


words = st.text(st.characters(codec="utf-8", exclude_characters=","), min_size=1).filter(
    lambda word: word == word.strip()
)


@given(
    by=st.lists(st.sampled_from(["court", "month", "kind"]), max_size=2, unique=True),
    where=st.dictionaries(
        st.sampled_from(["court", "judge"]), st.lists(words, min_size=1), max_size=2
    ),
    edges=st.tuples(days, days).map(sorted),
    replications=st.sampled_from(["bands", "pool", 3]),
    suppress=st.none() | st.integers(0, 30),
)
def test_a_canonical_text_is_read_back_as_the_same_question(
    by, where, edges, replications, suppress
):
    question = Question.of(by, where, *edges, replications, 0.9, suppress=suppress)
    assert Question.read(question.canonical()) == question
    again = Question.of(
        by, {c: [*w[::-1], *w] for c, w in reversed(where.items())}, *edges, replications, 0.9
    )
    assert again.counted() == question.counted()


def test_how_a_result_is_shown_does_not_change_what_is_counted():
    shown = Question.of("court", level=0.8, small=10, suppress=5, replications="pool")
    assert shown.counted() == Question.of("court").counted()
    assert shown.canonical() == "by=court&replications=pool&level=0.8&small=10&suppress=5"
    assert Question.of(replications=3).counted() == "replications=3"


def test_the_command_line_and_python_ask_the_same():
    written = Question.of("court,judge", ["nationality=HND,GTM", "claim=true"], "FY2012", 2017)
    given_ = Question.of(
        ("court", "judge"),
        {"claim": True, "nationality": ("GTM", "HND")},
        date(2011, 10, 1),
        "2017-12-31",
    )
    assert written == given_


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"by": "court,court"}, "by: .* twice"),
        ({"by": "court,judge,kind"}, "by: 3 columns are too many"),
        ({"by": 3}, "by: 3 is no text"),
        ({"by": "court,,kind"}, "by: an empty word"),
        ({"where": "court"}, "where: .* no condition. Write column=value"),
        ({"where": ["court=a", "court=b"]}, "where: .* twice"),
        ({"where": {"court": []}}, "where: court: no value"),
        ({"where": "court="}, "where: court: an empty word"),
        ({"start": "FY2013", "end": "FY2012"}, "from: 2012-10-01 is after to: 2012-09-30"),
        ({"replications": "band"}, 'replications: .* Did you mean "bands"'),
        ({"replications": -1}, "replications: unknown word"),
        ({"level": 95}, "level: 95 is not"),
        ({"level": "high"}, "level: .* is no number"),
        ({"small": 2.5}, "small: 2.5 is no whole number"),
        ({"suppress": -1}, "suppress: -1 is no whole number"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(arguments, said):
    with pytest.raises(StatsError, match=f"^{said}") as found:
        Question.of(**arguments)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("word", ["HND", "hnd", "Honduras", "HONDURAS", "honduras"])
def test_a_nationality_is_its_code_or_its_name(word):
    assert Question.of(where=f"nationality={word}") == Question.of(where={"nationality": "HND"})
    assert Question.of(where=f"court={word}").where == (("court", (word,)),)


def test_names_of_nationalities_are_told_apart():
    both = Question.of(where={"nationality": ["Guinea", "guinea-bissau", "Elsewhere", "gin"]})
    assert both.where == (("nationality", ("Elsewhere", "GIN", "GNB")),)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, ""),
        ({"by": "court", "small": 3, "replications": "pool"}, ""),
        (
            {"where": "nationality=honduras", "start": "FY2016", "end": "FY2016"},
            "nationality HND Honduras; FY2016 (2015-10-01 to 2016-09-30)",
        ),
        (
            {"where": {"nationality": ["SLV", "HND", "XYZ"], "kind": "unaccompanied_child"}},
            "kind unaccompanied child; nationality HND Honduras or SLV El Salvador or XYZ",
        ),
        ({"where": "court=not_known,ATL"}, "court ATL or not known"),
        ({"where": "claim=true"}, "claim application filed"),
        ({"start": "FY2016"}, "from 2015-10-01"),
        ({"end": "2016-05-01", "replications": 3}, "to 2016-05-01; simulated world 3"),
        ({"start": "2016-05-01", "end": "2016-05-01"}, "2016-05-01"),
        ({"start": "2016-05-02", "end": "2016-06-01"}, "2016-05-02 to 2016-06-01"),
    ],
)
def test_what_a_question_is_limited_to_is_said_in_words(asked, said):
    assert Question.of(**asked).filter == said


def test_an_unknown_part_of_a_link_is_refused():
    with pytest.raises(StatsError, match=r'unknown part "form".* Did you mean "from"'):
        Question.read("form=2012")


def refused(question, facts, definition=TRAC, kind="share"):
    with pytest.raises(StatsError) as found:
        check(question, definition, kind, facts)
    assert "\n" not in str(found.value)
    return str(found.value)


@pytest.fixture(scope="module")
def facts(facts_of):
    row = {"outcome": "asylum_granted", "court": "springfield", "judge": "j1"}
    return facts_of(moments=[row], lacking=["language"])


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (Question.of("nationalty"), 'by: unknown column "nationalty".*"nationality"'),
        (Question.of("stage"), 'by: unknown column "stage"'),
        (Question.of(where="cuort=x"), 'where: unknown column "cuort".*"court"'),
        (Question.of(where="month=2012-10"), "where: month: .* from and to"),
        (Question.of(where="kind=famly"), 'where: kind: unknown value "famly".*"family"'),
        (Question.of(where="nationality=Hondurs"), r'Did you mean "HND" \(Honduras\)'),
        (Question.of(where="nationality=HONDURAN"), r'Did you mean "HND" \(Honduras\)'),
        (Question.of(where="nationality=HDN"), r'"HDN". Did you mean "HND" \(Honduras\)'),
        (Question.of(where="nationality=xyz"), 'unknown value "xyz"'),
        (Question.of("country"), 'unknown column "country". Did you mean "nationality"'),
        (Question.of("year"), 'Did you mean "fiscal_year"'),
        (Question.of("lawyer"), 'Did you mean "representation"'),
        (Question.of("attorney"), 'Did you mean "representation"'),
        (Question.of(where="detained=true"), 'Did you mean "custody"'),
        (Question.of("detention"), 'Did you mean "custody"'),
        (Question.of("gender"), 'Did you mean "sex"'),
        (Question.of("city"), 'Did you mean "court"'),
        (Question.of("age"), 'unknown column "age". No column holds ages.$'),
        (Question.of(where="year=2016"), "where: year: .* from and to"),
        (Question.of(where="court=sprinfield"), 'unknown value "sprinfield".*"springfield"'),
        (Question.of(where="claim=yes"), 'unknown value "yes".*false'),
        (Question.of(where="outcome=asylum_grantd"), 'Did you mean "asylum_granted"'),
        (Question.of("language"), r'"trac" needs cases.language, which this log has not'),
        (Question.of(where="language=not_known"), r"needs cases.language"),
        (Question.of(replications=7), "no replication 7; it has 2, from 0 to 1"),
    ],
)
def test_a_question_the_log_cannot_answer_says_why(facts, question, said):
    assert re.search(said, refused(question, facts))


@pytest.mark.parametrize(
    "where",
    ["nationality=SLV", "kind=unaccompanied_child", "court=not_known", "claim=true", "party=court"],
)
def test_a_value_that_is_known_but_not_in_the_log_is_a_question(facts, where):
    check(Question.of(where=where), TRAC, "share", facts)


def test_an_empty_log_is_not_blamed_for_missing_columns(facts_of):
    names = [column for column in columns("moments", "share")]
    check(Question.of("judge"), TRAC, "share", facts_of(lacking=names))


def test_a_number_on_a_day_takes_one_unit_of_time(facts):
    pending = next(s for s in statistics().values() if s.kind == "stock")
    definition = pending.definitions[pending.default]
    assert "one unit of time" in refused(
        Question.of("month,fiscal_year"), facts, definition, "stock"
    )


def test_meters_have_no_dates(facts):
    cost = next(s for s in statistics().values() if s.kind == "total")
    definition = cost.definitions[cost.default]
    assert groups(definition, "total")[0] == "place"
    assert "no dates" in refused(Question.of(start="FY2012"), facts, definition, "total")
