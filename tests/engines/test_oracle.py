"""The day kernel against its oracle, its own identities, and queueing theory.

Every statistical test has fixed seeds and says its confidence: FOUR standard errors (two-sided
6e-5) or a chi-square tail above RARE. Exact tests have no tolerance.
"""

from __future__ import annotations

import pickle
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from asylumatlas.sim import engine, randomness
from asylumatlas.sim import tables as t

from .models import EXIT, NONE, Builder, Line, Outcome, builders, models, over_days
from .oracle import Books, NoDeskError, Oracle, Row

FOUR = 4.0
RARE = 1e-5
LOG_ROWS = 1 << 16
ARRIVED, SERVED = 1, 2  # marks

exactly = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


# Running and reading ------------------------------------------------------------------------


def simulate(model: t.Model) -> t.State:
    """The kernel from the first day to the sweep."""
    state = t.new_state(model, LOG_ROWS)
    days = len(model.quota)
    engine.advance(model, state, days)
    assert state.counters[t.FAULT] == 0
    engine.sweep(model, state, days - 1)
    assert state.counters[t.LOG_LOST] == 0
    return state


def log_of(state: t.State) -> list[Row]:
    columns = t.unpack_log(state.log[: state.counters[t.LOG_ROWS]])
    names = ("person", "day", "place", "mark")
    return list(zip(*(columns[name].tolist() for name in names), strict=True))


def histories(state: t.State) -> dict[int, list[tuple[int, int, int]]]:
    """(day, place, mark) of every person, in the order in which they were noted."""
    result: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for person, day, place, mark in log_of(state):
        result[person].append((day, place, mark))
    return dict(result)


def unfinished(state: t.State) -> int:
    return int(state.counters[t.CREATED] - state.counters[t.CLOSED])


def person_waits(state: t.State) -> NDArray[np.int64]:
    """Days from the mark ARRIVED to the mark SERVED of everyone who has both."""
    days: dict[int, dict[int, int]] = {ARRIVED: {}, SERVED: {}}
    for person, day, _, mark in log_of(state):
        days[mark][person] = day
    return np.array([day - days[ARRIVED][who] for who, day in days[SERVED].items()])


def one_queue(
    days: int,
    arrivals: int | Sequence[int],
    quota: int | Sequence[int],
    stock: int = 0,
    lines: Sequence[Line] = (Line(),),
) -> Builder:
    """A stock and a stream that meet at one desk; arrivals and services are marked."""
    build = Builder(days)
    station = build.station("court")
    build.route(station, build.row(EXIT._replace(mark=SERVED)))
    build.desk(station, quota=quota, lines=lines)
    row = build.row(Outcome(station, mark=ARRIVED))
    build.feed("stock", station, [stock] + [0] * (days - 1), row=row)
    build.feed("stream", station, arrivals, row=row)
    return build


# 1. Engine and oracle -----------------------------------------------------------------------


def assert_same(state: t.State, books: Books, desks: int) -> None:
    assert log_of(state) == books.log
    for name in ("served", "waiting", "beds", "used"):
        assert getattr(state, name).tolist() == getattr(books, name), name
    for name in ("wait_days", "queue_days", "age_in"):
        told = getattr(books, name)
        assert getattr(state, name).tolist() == [told[desk] for desk in range(desks)], name
    for name in ("created", "closed", "postponed", "wasted"):
        assert state.counters[getattr(t, name.upper())] == getattr(books, name), name


@settings(exactly, max_examples=400)
@given(models())
def test_engine_equals_oracle_to_the_bit(model: t.Model) -> None:
    oracle = Oracle(model)
    books = oracle.run()
    state = simulate(model)
    assert_same(state, books, len(model.desks))
    assert state.booked.tolist() == oracle.booked
    assert state.occupied.tolist() == oracle.occupied


def test_a_station_without_a_desk_is_a_fault_that_stops_the_run() -> None:
    build = Builder(days=5, places=2)
    station = build.station("court")
    build.route(station, build.row(EXIT))
    build.desk(station, places=[0])
    build.feed("here", station, 1)
    build.feed("there", station, [0, 0, 1, 0, 0], place=1)
    model = build.model()
    state = t.new_state(model)
    assert engine.advance(model, state, 5) == 3
    assert engine.advance(model, state, 5) == 3
    assert state.counters[[t.FAULT, t.FAULT_STATION, t.FAULT_PLACE]].tolist() == [1, station, 1]
    with pytest.raises(NoDeskError):
        Oracle(model).run()


@pytest.mark.parametrize("seed", range(3))
def test_visits_count_modulo_256(seed: int) -> None:
    build = Builder(days=300, seed=seed)
    court = build.station("court")
    again, never = Outcome(court, 1, mark=1), Outcome(court, 1, mark=2)
    build.route(court, build.row(again, never))
    build.desk(court)
    build.feed("border", court, [2] + [0] * 299)
    state = simulate(build.model())
    assert_same(state, Oracle(build.model()).run(), 1)
    marks = [mark for _, _, mark in histories(state)[0]]
    assert marks[256:] == marks[:44]


def test_a_pool_that_is_too_small_is_a_fault_that_stops_the_run() -> None:
    model = one_queue(days=3, arrivals=[0, 200, 0], quota=0, stock=100).model()
    whole = t.new_state(model)
    assert engine.advance(model, whole, 3) == 3
    whole = t.new_state(model)
    few = 3  # chunks: enough for the first day's 100 people
    state = whole._replace(
        pool=whole.pool[: few * t.CHUNK * 2].copy(),
        after=whole.after[:few].copy(),
        before=whole.before[:few].copy(),
    )
    assert engine.advance(model, state, 3) == 2
    assert engine.advance(model, state, 3) == 2
    assert state.counters[t.FAULT] == 3


# 2. Identities, every day -------------------------------------------------------------------


class Token(NamedTuple):
    person: int
    place: int
    since: int
    release: int
    station: int
    space: int


def tokens(state: t.State, bucket: int) -> list[Token]:
    """The tokens of a bucket, oldest first, read from its chunks."""
    chunk, offset = state.buckets[bucket, [t.HEAD, t.OFFSET]].tolist()
    result = []
    for _ in range(state.buckets[bucket, t.SIZE]):
        if offset == t.CHUNK:
            chunk, offset = int(state.after[chunk]), 0
        at = 2 * (chunk * t.CHUNK + offset)
        low, high = int(state.pool[at]), int(state.pool[at + 1])
        offset += 1
        result.append(
            Token(
                person=low & 0xFFFFFFFF,
                place=low >> 48 & 0xFF,
                since=(high & 0xFFFF) - t.SINCE_ORIGIN,
                release=high >> 16 & 0xFFFF,
                station=high >> 32 & 0xFF,
                space=(high >> 40 & 0xFF) - 1,
            )
        )
    return result


def chunks_of(state: t.State, first: int) -> list[int]:
    result = []
    while first >= 0:
        result.append(first)
        first = int(state.after[first])
    return result


def audit(model: t.Model, state: t.State, day: int) -> None:
    """Every identity of the text at the end of a day, from the tokens themselves."""
    buckets = [tokens(state, bucket) for bucket in range(len(state.buckets))]
    everyone = [token for bucket in buckets for token in bucket]
    assert unfinished(state) == len(everyone) == len({token.person for token in everyone})
    holders = Counter(token.space for token in everyone if token.release > day)
    assert state.occupied.tolist() == [holders[space] for space in range(len(state.occupied))]
    quota = model.quota[day]
    assert np.all((quota == t.UNLIMITED) | (state.served[day] <= quota))
    assert np.all((state.used[day] >= 0) & (state.used[day] <= model.crews[day]))
    yesterday = state.beds[day - 1] if day else 0
    assert np.all(state.beds[day] <= np.maximum(model.room[day], yesterday))
    assert np.all(state.booked <= model.plan.max(axis=0))
    for desk, row in enumerate(model.desks.tolist()):
        lines = range(row[t.LINE0], row[t.LINE0] + row[t.LINES])
        assert [len(buckets[line]) for line in lines] == state.waiting[day, lines].tolist()
        waiting = [token for line in lines for token in buckets[line]]
        assert {token.station for token in waiting} <= {row[t.STATION]}
        if row[t.BOOKED] == NONE:
            open_waits = sum(day + 1 - token.since for token in waiting)
            assert state.wait_days[desk] + open_waits == state.queue_days[desk] + state.age_in[desk]
        else:
            assert not waiting


def audit_chunks(state: t.State) -> None:
    """Every chunk ever taken is in exactly one bucket or free."""
    chunks = chunks_of(state, int(state.counters[t.FREE_CHUNK]))
    for head in state.buckets[:, t.HEAD].tolist():
        chunks += chunks_of(state, head)
    assert sorted(chunks) == list(range(state.counters[t.FRESH_CHUNK]))


@settings(exactly, max_examples=100)
@given(models())
def test_identities_hold_on_every_day(model: t.Model) -> None:
    state = t.new_state(model, LOG_ROWS)
    for day in range(len(model.quota)):
        assert engine.advance(model, state, day + 1) == day + 1
        assert state.counters[t.FAULT] == 0
        audit(model, state, day)
        audit_chunks(state)


# 3. Stopping and going on -------------------------------------------------------------------


def simulate_in_pieces(model: t.Model, stops: Sequence[int], log_rows: int) -> tuple[Any, Any]:
    """State and log of a run that stops often, is drained, pickled and taken up again."""
    state, rows = t.new_state(model, log_rows), []
    days = len(model.quota)

    def drain() -> None:
        rows.append(state.log[: state.counters[t.LOG_ROWS]].copy())
        state.counters[t.LOG_ROWS] = 0

    for stop in [*sorted(stops), days]:
        while engine.advance(model, state, min(stop, days)) < min(stop, days):
            drain()
        state = pickle.loads(pickle.dumps(state))
    drain()
    engine.sweep(model, state, days - 1)
    drain()
    assert state.counters[t.LOG_LOST] == 0
    return state, np.concatenate(rows)


@settings(exactly, max_examples=100)
@given(models(), st.lists(st.integers(0, 24), max_size=4))
def test_pieces_make_the_same_whole(model: t.Model, stops: list[int]) -> None:
    whole, log = simulate_in_pieces(model, [], LOG_ROWS)
    # A log of 2,048 rows is drained after every day that wrote a row.
    for log_rows in (LOG_ROWS, 2048):
        state, pieces = simulate_in_pieces(model, stops, log_rows)
        assert pieces.tobytes() == log.tobytes()
        for name, array in state._asdict().items():
            if name != "log":
                assert array.tobytes() == getattr(whole, name).tobytes(), name


# 4. What must not change, or only one way ---------------------------------------------------


@settings(exactly, max_examples=50)
@given(builders())
def test_a_feed_and_station_of_their_own_change_nobody_else(build: Builder) -> None:
    before = simulate(build.model())
    people = sum(feed[t.FEED_WIDTH] for feed in build.feeds) * build.days
    elsewhere = build.station("elsewhere")
    build.route(elsewhere, build.row(Outcome(elsewhere, mark=9), Outcome(mark=9)))
    build.desk(elsewhere, quota=2)
    build.feed("others", elsewhere, [3, 70])
    after = simulate(build.model())
    assert [row for row in log_of(after) if row[0] < people] == log_of(before)
    assert any(row[0] >= people for row in log_of(after))


def two_feeds(order: Sequence[str], seed: int) -> dict[tuple[str, int], Any]:
    """Histories by feed and number in the feed, where nobody has to wait for anybody."""
    build = Builder(days=20, places=3, classes=2, seed=seed)
    court, appeal = build.station("court"), build.station("appeal")
    wait, moves = build.delay(0, 1, 5), build.place_lottery(0, 1, 2)
    build.route(court, build.row(Outcome(appeal, 1, 4, wait, place_lut=moves), Outcome(mark=5)))
    again = build.row(Outcome(court, 1, 6, wait, place_lut=moves), Outcome(mark=7))
    build.route(appeal, again)
    for station in (court, appeal):
        build.desk(station)
    for name in order:
        build.feed(name, court, 6, class_lut=build.class_lottery(0, 1), width=10)
    firsts = dict(zip([feed[t.FEED_FIRST] for feed in build.feeds], order, strict=True))
    result = {}
    for person, history in histories(simulate(build.model())).items():
        first = max(first for first in firsts if first <= person)
        result[firsts[first], person - first] = history
    return result


def test_the_order_of_feeds_does_not_touch_a_persons_luck() -> None:
    one, other = two_feeds(["families", "adults"], 5), two_feeds(["adults", "families"], 5)
    assert one == other
    assert one != two_feeds(["families", "adults"], 6)
    assert len(one) == 2 * 6 * 20


def saturated_tandem(scale: int, seed: int) -> t.Model:
    """Court and, for half, appeal; both have a backlog that never empties in 60 days."""
    build = Builder(days=60, seed=seed)
    court, appeal = build.station("court"), build.station("appeal")
    build.route(court, build.row(Outcome(appeal), EXIT))
    build.route(appeal, build.row(EXIT))
    build.desk(court, quota=40 * scale)
    build.desk(appeal, quota=15 * scale)
    only_first_day = [1] + [0] * 59
    build.feed("court backlog", court, [200 * scale * day for day in only_first_day])
    build.feed("appeal backlog", appeal, [100 * scale * day for day in only_first_day])
    build.feed("stream", court, 50 * scale)
    return build.model()


def test_twice_the_people_and_twice_the_capacity_keep_mean_waits() -> None:
    mean_waits = []
    for scale, seeds in ((1, range(100)), (2, range(100, 200))):
        states = [simulate(saturated_tandem(scale, seed)) for seed in seeds]
        # The court's line is known by hand: place k of the line is served on day k // quota.
        place = np.arange(60 * 40 * scale)
        came = np.maximum(place - 200 * scale, 0) // (50 * scale)
        by_hand = int((place // (40 * scale) - came).sum())
        assert {int(state.wait_days[0]) for state in states} == {by_hand}
        assert by_hand == 23_500 * scale
        mean_waits.append([state.wait_days[1] / state.served[:, 1].sum() for state in states])
    one, two = np.array(mean_waits)
    standard_error = np.sqrt((one.var(ddof=1) + two.var(ddof=1)) / 100)
    rounding = 1 / (4 * 15)  # whole days: the mean of frac(k / c) is (c - 1) / 2c
    assert abs(one.mean() - two.mean()) < FOUR * standard_error + rounding


@st.composite
def merging_networks(draw: st.DrawFn) -> tuple[Builder, int]:
    """Every station sends all its people to one other, after a fixed delay. And a desk."""
    build, stations, order = draw_network(draw)
    for station in stations:
        later = draw(st.sampled_from([*stations[station + 1 :], NONE]))
        delay = build.delay(draw(st.integers(0, 3)))
        build.route(station, build.row(Outcome(later, delay=delay)))
    for station in order:
        build.desk(station, quota=draw(quotas), lines=[Line(lifo=draw(st.integers(0, 1)))])
    for number in range(draw(st.integers(1, 3))):
        build.feed(f"feed {number}", draw(st.sampled_from(stations)), draw(quotas))
    return build, draw(st.sampled_from(order))


@st.composite
def branching_networks(draw: st.DrawFn) -> tuple[Builder, int]:
    """A tree: one way leads to each station, chance decides among them, lines are FIFO."""
    build, stations, order = draw_network(draw)
    parents = [NONE, *(draw(st.integers(0, station - 1)) for station in stations[1:])]
    for station in stations:
        children = [child for child in stations if parents[child] == station]
        branches = [
            Outcome(child, delay=build.delay(draw(st.integers(0, 3)))) for child in children
        ]
        build.route(station, build.row(*branches, EXIT))
    for station in order:
        build.desk(station, quota=draw(quotas))
    build.feed("border", 0, draw(quotas))
    return build, draw(st.sampled_from(order))


quotas = st.lists(st.integers(0, 9), min_size=1, max_size=4)


def draw_network(draw: st.DrawFn) -> tuple[Builder, list[int], list[int]]:
    """Stations and an order of their desks, which need not be the order of the visits."""
    build = Builder(draw(st.integers(5, 30)), seed=draw(st.integers(0, 1000)))
    stations = [build.station(f"station {i}") for i in range(draw(st.integers(1, 5)))]
    return build, stations, draw(st.permutations(stations))


def raise_quota(model: t.Model, desk: int, extra: Sequence[int]) -> t.Model:
    quota = model.quota.copy()
    quota[:, desk] += over_days(extra, len(quota))
    return model._replace(quota=quota)


@settings(exactly, max_examples=150)
@given(st.one_of(merging_networks(), branching_networks()), quotas)
def test_more_capacity_never_leaves_more_people_unfinished(
    network: tuple[Builder, int], extra: list[int]
) -> None:
    """Pathwise, under common random numbers, in two kinds of feed-forward network.

    One desk: with A(t) the arrivals and C(t) the capacity up to service turn t, departures are
    D(t) = min over s <= t of A(s) + C(t) - C(s), or A(t), which rises with A and with C.

    Merging network: all who leave a station arrive at the same next one the same delay later, so
    its A is a sum of shifted D of earlier stations and of feeds. By induction along the stations
    no D falls anywhere; people finished are the sum of the D of the last ones. The argument only
    counts heads: the discipline (LIFO) may be anything.

    Branching network: the n-th person through a FIFO desk leaves at the first t with D(t) >= n, so
    more capacity makes no departure later. The order of people at a station is the order at the
    one station that leads to it (a fixed delay, nobody overtakes), hence the same in both runs,
    and so is everyone's branch, which depends on person and visit only. By induction nobody
    leaves any station later.

    Outside these kinds it can fail: a crew that two desks share (the next test), beds, dockets
    whose plan is not the quota, patience, and merging with branching, where who overtakes whom
    changes who is still inside.
    """
    build, desk = network
    model = build.model()
    before, after = simulate(model), simulate(raise_quota(model, desk, extra))
    assert unfinished(after) <= unfinished(before)


def test_named_exception_more_capacity_where_a_crew_is_shared() -> None:
    """Ten hours go to whoever is first: more interviews, fewer decisions, more people inside."""
    build = Builder(days=1)
    interview, decision = build.station("interview"), build.station("decision")
    closed = build.station("closed")
    build.route(interview, build.row(Outcome(closed)))
    for station in (decision, closed):
        build.route(station, build.row(EXIT))
    crew = build.crew(10)
    first = build.desk(interview, quota=0, crews=[(crew, 1)])
    build.desk(decision, crews=[(crew, 1)])
    build.desk(closed, quota=0)
    build.feed("interviews", interview, 10)
    build.feed("decisions", decision, 10)
    assert unfinished(simulate(build.model())) == 10
    assert unfinished(simulate(raise_quota(build.model(), first, [10]))) == 20


def priority_queue(split: bool, with_low: bool = True) -> t.State:
    """Two classes at one desk, in one line or in two."""
    build = Builder(days=60, classes=2)
    court = build.station("court")
    for kind in (0, 1):
        row = build.row(EXIT._replace(mark=SERVED))
        build.route(court, row, line=kind if split else 0, kinds=[kind])
    build.desk(court, quota=[9, 11], lines=[Line(), Line()])
    build.feed("high", court, [3, 6])
    if with_low:
        build.feed("low", court, [8, 2, 9], class_lut=build.class_lottery(1))
    return simulate(build.model())


def test_splitting_a_line_by_priority_moves_waits_but_makes_none() -> None:
    one, two, high = priority_queue(False), priority_queue(True), priority_queue(True, False)
    assert one.served.tolist() == two.served.tolist()
    assert one.waiting.sum(axis=1).tolist() == two.waiting.sum(axis=1).tolist()
    assert one.waiting[-1].sum() > 0  # the desk is busy
    assert two.waiting[:, 0].tolist() == high.waiting[:, 0].tolist()
    first_low = 6 * 60
    high_rows = [row for row in log_of(two) if row[0] < first_low]
    assert high_rows == log_of(high)
    assert [row for row in log_of(one) if row[0] < first_low] != high_rows


@settings(exactly, max_examples=60)
@given(quotas, quotas, quotas, quotas)
def test_one_pooled_desk_never_has_a_longer_line_than_two(
    here: list[int], there: list[int], quota_here: list[int], quota_there: list[int]
) -> None:
    days = 30
    alone = [
        simulate(one_queue(days, here, quota_here).model()),
        simulate(one_queue(days, there, quota_there).model()),
    ]
    both = np.add(over_days(here, days), over_days(there, days)).tolist()
    quota = np.add(over_days(quota_here, days), over_days(quota_there, days)).tolist()
    pooled = simulate(one_queue(days, both, quota).model())
    assert np.all(pooled.waiting <= alone[0].waiting + alone[1].waiting)


# 5. Queueing theory -------------------------------------------------------------------------


def stationary_law(rate: float, quota: int, longest: int = 400) -> NDArray[np.float64]:
    """Law of Q' = max(Q + A - quota, 0) with Poisson A, from its chain cut off at `longest`."""
    jumps = stats.poisson.pmf(np.arange(longest + quota + 1), rate)
    chain = np.zeros((longest + 1, longest + 1))
    for queue in range(longest + 1):
        for arrivals, chance in enumerate(jumps):
            chain[queue, min(max(queue + arrivals - quota, 0), longest)] += chance
    balance = np.vstack([chain.T - np.eye(longest + 1), np.ones(longest + 1)])
    law: NDArray[np.float64] = np.linalg.lstsq(balance, np.eye(longest + 2)[-1], rcond=None)[0]
    return law


def test_queue_with_poisson_arrivals_has_the_stationary_law_of_its_chain() -> None:
    rate, quota, days, runs = 4.5, 5, 400, 1000
    law = stationary_law(rate, quota)
    assert law.sum() == pytest.approx(1)
    assert law[-1] < 1e-12
    random = np.random.default_rng(20181)
    build = one_queue(days, 1, quota)
    build.feeds[1][t.FEED_WIDTH] = 100
    model = build.model()
    last = np.zeros(runs, np.int64)
    for run in range(runs):  # independent runs: one day of each, long after the start
        arrivals = random.poisson(rate, (days, 1)) * np.array([[0, 1]])
        last[run] = simulate(model._replace(arrivals=arrivals)).waiting[-1, 0]
    lengths = np.arange(len(law))
    mean = law @ lengths
    deviation = np.sqrt(law @ (lengths - mean) ** 2)
    assert abs(last.mean() - mean) < FOUR * deviation / np.sqrt(runs)
    assert abs(np.mean(last == 0) - law[0]) < FOUR * np.sqrt(law[0] * (1 - law[0]) / runs)
    edges = [0, 1, 2, 3, 4, 6, 8, 11, 15, 20, 30]
    expected = np.add.reduceat(law, edges) * runs
    seen = np.histogram(last, [*edges, len(law)])[0]
    assert stats.chisquare(seen, expected * seen.sum() / expected.sum()).pvalue > RARE


@pytest.mark.parametrize(("arrivals", "quota"), [(30, 20), (20, 30), (25, 25)])
def test_fluid_limit_is_exact_while_saturated(arrivals: int, quota: int) -> None:
    state = simulate(one_queue(40, arrivals, quota, stock=500).model())
    pending = 500 + (arrivals - quota) * np.arange(1, 41)
    assert state.waiting[:, 0].tolist() == np.maximum(pending, 0).tolist()


def test_continuances_are_geometric() -> None:
    people, again = 20_000, 0.7
    build = Builder(days=200)
    court = build.station("court")
    next_day = build.delay(1)
    build.route(
        court,
        build.row(
            Outcome(court, again, delay=next_day), EXIT._replace(weight=1 - again, mark=SERVED)
        ),
    )
    build.desk(court)
    build.feed("border", court, [people] + [0] * 199)
    state = simulate(build.model())
    assert state.counters[t.CLOSED] == people
    hearings = np.array([day + 1 for _, day, _, _ in log_of(state)])
    deviation = np.sqrt(again) / (1 - again)
    assert abs(hearings.mean() - 1 / (1 - again)) < FOUR * deviation / np.sqrt(people)
    seen = np.bincount(np.minimum(hearings, 21))[1:]
    law = (1 - again) * again ** np.arange(21)
    law[-1] = again**20
    assert stats.chisquare(seen, law * people).pvalue > RARE


def test_last_in_first_out_keeps_the_total_wait_and_spreads_it() -> None:
    random = np.random.default_rng(7)
    days = 400
    arrivals = [*random.poisson(9.0, days - 60).tolist(), *[0] * 60]  # empties before the end
    runs = [simulate(one_queue(days, arrivals, 10, 50, [Line(lifo=n)]).model()) for n in (0, 1)]
    first_in, last_in = (person_waits(state) for state in runs)
    assert unfinished(runs[0]) == unfinished(runs[1]) == 0
    assert runs[0].waiting.tolist() == runs[1].waiting.tolist()
    assert first_in.sum() == last_in.sum() == runs[0].wait_days[0] == runs[1].wait_days[0]
    assert last_in.var() > 2 * first_in.var()


# 6. Random numbers --------------------------------------------------------------------------

KEYS = st.integers(0, 2**64 - 1)
PEOPLE, PURPOSES, VISITS = 256, 16, 32
FIELDS: dict[str, Callable[[NDArray[np.uint64]], NDArray[np.int64]]] = {
    "outcome": lambda bits: (bits >> np.uint64(58)).astype(np.int64),
    "outcome low": lambda bits: (bits >> np.uint64(32)).astype(np.int64) & 63,
    "stay": lambda bits: (bits >> np.uint64(26)).astype(np.int64) & 63,
    "place": lambda bits: (bits >> np.uint64(16)).astype(np.int64) & 63,
    "delay": lambda bits: bits.astype(np.int64) & 63,
}


@exactly
@given(KEYS, KEYS)
def test_plain_integers_and_compiled_code_draw_the_same(key: int, purpose: int) -> None:
    words = np.uint64(key), np.uint64(purpose)
    assert randomness.mix(words[0]) == randomness.mix_int(key)
    assert randomness.draw(*words) == randomness.draw_int(key, purpose)


def test_mix_is_the_published_finaliser() -> None:
    # splitmix64 with seed 0 returns mix of 1, 2, 3 times its increment: the first three outputs.
    outputs = [randomness.mix_int(n * int(randomness.K1) & randomness.MASK) for n in (1, 2, 3)]
    assert outputs == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


def lattice(feed: str) -> NDArray[np.uint64]:
    """Draws of people x purposes x visits of one feed, as the kernel keys them."""
    mix = randomness.mix.py_func
    people = np.arange(PEOPLE, dtype=np.uint64)[:, None, None]
    names = [randomness.salt("station", n) for n in range(PURPOSES)]
    salts = np.array(names, np.uint64)[None, :, None]
    visits = np.arange(VISITS, dtype=np.uint64)[None, None, :]
    first = np.array([(1 + randomness.salt("feed", feed)) & randomness.MASK], np.uint64)
    draws: NDArray[np.uint64] = mix(
        mix(first + people * randomness.K1) + (salts + visits) * randomness.K4
    )
    return draws


def uniform_tail(cells: NDArray[np.int64], count: int) -> float:
    """Chi-square tail of `cells` against `count` equally likely cells."""
    return float(stats.chisquare(np.bincount(cells.ravel(), minlength=count)).pvalue)


def pairs(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    return one * 64 + other


def test_lattice_is_keyed_as_plain_integers_say() -> None:
    key = 1 + randomness.salt("feed", "border") + 17 * int(randomness.K1)
    expected = randomness.draw_int(key, randomness.salt("station", 3) + 5)
    assert int(lattice("border")[17, 3, 5]) == expected


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_uniform_and_free_of_serial_patterns(name: str) -> None:
    cells = FIELDS[name](lattice("border"))
    assert uniform_tail(cells, 64) > RARE
    assert uniform_tail(pairs(cells[:-1], cells[1:]), 4096) > RARE  # the next person
    assert uniform_tail(pairs(cells[:, :-1], cells[:, 1:]), 4096) > RARE  # another purpose
    assert uniform_tail(pairs(cells[:, :, :-1], cells[:, :, 1:]), 4096) > RARE  # the next visit


@pytest.mark.parametrize("one", FIELDS)
@pytest.mark.parametrize("other", FIELDS)
def test_fields_of_one_draw_are_independent_and_feeds_are_too(one: str, other: str) -> None:
    border, affirmative = lattice("border"), lattice("affirmative")
    assert uniform_tail(pairs(FIELDS[one](border), FIELDS[other](affirmative)), 4096) > RARE
    if one != other:
        assert uniform_tail(pairs(FIELDS[one](border), FIELDS[other](border)), 4096) > RARE


def test_every_bit_is_fair_and_flips_with_every_bit_of_the_key() -> None:
    keys = np.random.default_rng(3).integers(0, 2**64, 4000, dtype=np.uint64)
    mix = randomness.mix.py_func
    flips = FOUR + 2  # 4,096 pairs of bits are looked at, so six standard errors
    for bit in range(64):
        changed = mix(keys) ^ mix(keys ^ (np.uint64(1) << np.uint64(bit)))
        counts = (changed[:, None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)).sum(axis=0)
        assert np.all(np.abs(counts.astype(float) - 2000) < flips * np.sqrt(1000))


def test_draws_have_the_law_of_philox() -> None:
    ours = lattice("border").ravel()
    philox = np.random.Generator(np.random.Philox(key=1))
    theirs = philox.integers(0, 2**64, ours.size, dtype=np.uint64)
    assert stats.ks_2samp(ours / 2.0**64, theirs / 2.0**64).pvalue > RARE
    for cells in FIELDS.values():
        table = [np.bincount(cells(draws), minlength=64) for draws in (ours, theirs)]
        assert stats.chi2_contingency(table).pvalue > RARE
    assert len(np.unique(ours)) == ours.size
