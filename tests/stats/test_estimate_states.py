"""Who is where: exact without losses, person by person with them, chains within a day."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas.stats.estimate.checks import EstimateError
from asylumatlas.stats.estimate.incidence import aalen_johansen
from asylumatlas.stats.estimate.shares import wilson
from asylumatlas.stats.estimate.states import Moves, Standing, state_occupation

STATES = 4
NOBODY = Standing([], [], [])


def people(seed, size=120, span=15):
    """Histories of made-up people: (first state, [(day, to)], first day seen, last day or None)."""
    generator = np.random.default_rng(seed)
    histories = []
    for _ in range(size):
        state = start = int(generator.integers(0, 2))
        moves, day = [], 0
        while state != 3 and day < span:
            day += int(generator.choice([0, 0, 1, 2, 4]))
            state = int(generator.choice([k for k in range(STATES) if k != state]))
            moves.append((day, state))
        late = generator.random() < 0.2
        first = int(generator.integers(1, 4)) if late else 0
        last = int(generator.integers(4, span)) if generator.random() < 0.4 else None
        histories.append((start, moves, first, last))
    return histories


def tables(histories, lost=True):
    """Counts as a query would give them; those who enter late or leave early cut accordingly."""
    moves, starts, losses = [], [], []
    for start, path, first, last in histories:
        first, last = (first, last) if lost else (0, None)
        state, order, before = start, 0, -1
        entered = False
        for day, target in path:
            if not entered and day >= first:
                starts.append((first, state))
                entered = True
            order = order + 1 if day == before else 0
            before = day
            if entered and (last is None or day <= last):
                moves.append((day, order, state, target))
                state = target
            elif not entered:
                state = target
            else:
                break
        if not entered:
            starts.append((first, state))
        if last is not None:
            losses.append((last, state))
    m, s, gone = np.array(moves), np.array(starts), np.array(losses).reshape(-1, 2)
    ones = [np.ones(len(rows), int) for rows in (m, s, gone)]
    return Moves(*m.T, ones[0]), Standing(*s.T, ones[1]), Standing(*gone.T, ones[2])


@pytest.mark.parametrize("seed", range(4))
def test_without_losses_it_is_the_share_standing_there(seed):
    histories = people(seed)
    days = np.arange(0, 25)
    found = state_occupation(*tables(histories, lost=False), STATES, days, errors=True)
    for day in days:
        at = [
            ([start] + [to for when, to in path if when <= day])[-1]
            for start, path, *_ in histories
        ]
        share = np.bincount(at, minlength=STATES) / len(at)
        assert found.share[0, day] == pytest.approx(share, abs=1e-13)
        assert found.in_sight[0, day].tolist() == (share * len(at)).round().tolist()
        assert found.variance[0, day] == pytest.approx(share * (1 - share) / len(at), abs=1e-13)
        low, high = found.interval()
        expected = wilson(found.in_sight[0, day], len(at))
        assert low[0, day] == pytest.approx(expected[0], abs=1e-9)
        assert high[0, day] == pytest.approx(expected[1], abs=1e-9)
    assert np.all(found.blind == 0)


@pytest.mark.parametrize("seed", range(4))
def test_a_count_person_by_person_with_losses_and_late_entries(seed):
    histories = people(seed, 200)
    moves, starts, lost = tables(histories)
    days = np.arange(0, 15)
    found = state_occupation(moves, starts, lost, STATES, days, errors=True)
    share = np.bincount(starts.state[starts.day == 0], minlength=STATES).astype(float)
    begun = share.sum()
    share /= begun
    covariance = (np.diag(share) - np.outer(share, share)) / begun
    sight = np.zeros(STATES)
    for day in days:
        np.add.at(sight, starts.state[starts.day == day], 1)
        for order in range(int(moves.order.max()) + 1):
            matrix, noise = np.eye(STATES), np.zeros((STATES, STATES))
            rows = (moves.day == day) & (moves.order == order)
            step = np.zeros((STATES, STATES))
            np.add.at(step, (moves.origin[rows], moves.target[rows]), 1)
            for a in range(STATES):
                if step[a].any():
                    matrix[a] = step[a] / sight[a]
                    matrix[a, a] += 1 - step[a].sum() / sight[a]
                    draw = np.diag(matrix[a]) - np.outer(matrix[a], matrix[a])
                    noise += share[a] ** 2 * draw / sight[a]
            sight += step.sum(axis=0) - step.sum(axis=1)
            covariance = matrix.T @ covariance @ matrix + noise
            share = share @ matrix
        assert found.share[0, day] == pytest.approx(share, abs=1e-12)
        assert found.in_sight[0, day].tolist() == sight.tolist()
        assert found.variance[0, day] == pytest.approx(np.diag(covariance), abs=1e-12)
        np.subtract.at(sight, lost.state[lost.day == day], 1)


def test_losses_do_not_pull_the_estimate():
    """Theory: a chain with known daily chances; half the people lost at a random day."""
    generator = np.random.default_rng(8)
    size, span = 40_000, 12
    chance = np.array([[0.8, 0.15, 0.05], [0.1, 0.7, 0.2], [0, 0, 1.0]])
    seen_until = np.where(generator.random(size) < 0.5, generator.integers(0, span, size), 99)
    state = np.zeros(size, int)
    moves, lost = [], []
    for day in range(1, span):
        gone = seen_until == day - 1
        lost.append([[day - 1, k, int((gone & (state == k)).sum())] for k in range(3)])
        draw = (generator.random(size)[:, None] > chance[state].cumsum(axis=1)).sum(axis=1)
        for a, b in ((0, 1), (0, 2), (1, 0), (1, 2)):
            count = int(((state == a) & (draw == b) & (seen_until >= day)).sum())
            moves.append([day, 0, a, b, count])
        state = draw
    found = state_occupation(
        Moves(*np.array(moves).T),
        Standing([0], [0], [size]),
        Standing(*np.concatenate(lost).T),
        3,
        [span - 1],
        errors=True,
    )
    truth = np.linalg.matrix_power(chance, span - 1)[0]
    error = np.sqrt(found.variance[0, 0])
    assert np.all(error > np.sqrt(truth * (1 - truth) / size))  # losses cost
    assert np.abs(found.share[0, 0] - truth).max() < 4 * error.max()


def test_two_states_with_two_ends_are_competing_causes():
    days = np.array([1, 2, 2, 5])
    moves = Moves(days, [0] * 4, [0] * 4, [1, 2, 1, 2], [3, 1, 2, 1])
    found = state_occupation(
        moves, Standing([0], [0], [12]), Standing([1, 3], [0, 0], [2, 1]), 3, [0, 1, 2, 3, 5]
    )
    curve = aalen_johansen(
        [0, 1, 2, 3, 5], [[0, 0], [3, 0], [2, 1], [0, 0], [0, 1]], [0, 2, 0, 1, 2]
    )
    np.testing.assert_allclose(found.share[0, :, 1:], curve.incidence, atol=1e-14)
    np.testing.assert_allclose(found.share[0, :, 0], curve.survival, atol=1e-14)


def test_a_chain_within_a_day_is_not_two_people_crossing():
    start = Standing([0, 0], [0, 1], [1, 1])
    chain = Moves([4, 4], [0, 1], [0, 1], [1, 2], [1, 1])  # 0 -> 1 -> 2 or another from 1
    crossing = Moves([4, 4], [0, 0], [0, 1], [1, 2], [1, 1])
    assert state_occupation(chain, start, NOBODY, 3, [4]).share.tolist() == [[[0, 0.5, 0.5]]]
    assert state_occupation(crossing, start, NOBODY, 3, [4]).share.tolist() == [[[0, 0.5, 0.5]]]
    alone = Standing([0], [0], [1])
    assert state_occupation(chain, alone, NOBODY, 3, [4]).share.tolist() == [[[0, 0, 1]]]
    with pytest.raises(EstimateError, match="on day 4 more cases leave state 1"):
        state_occupation(crossing, alone, NOBODY, 3, [4])


def test_blind_shares_are_told():
    moves = Moves([2, 9], [0, 0], [0, 0], [1, 1], [1, 1])
    found = state_occupation(moves, Standing([0], [0], [4]), Standing([3], [0], [2]), 2, [3, 8, 9])
    assert found.blind.tolist() == [[0, 0, 0]]
    gone = state_occupation(
        Moves([2], [0], [0], [1], [1]), Standing([0], [0], [4]), Standing([3], [0], [3]), 2, [3, 4]
    )
    assert gone.blind.tolist() == [[0, 0.75]]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(0, 120))
def test_groups_shards_and_order(seed, cut):
    histories = people(seed % 1000, 60)
    cut = cut % 60
    whole = state_occupation(*tables(histories), STATES, [0, 3, 9, 30], errors=True)
    assert whole.share.sum(axis=2) == pytest.approx(1, abs=1e-12)
    assert whole.share.min() >= 0
    mixed = [histories[k] for k in np.random.default_rng(seed).permutation(60)]
    again = state_occupation(*tables(mixed), STATES, [0, 3, 9, 30])
    np.testing.assert_allclose(again.share, whole.share, atol=1e-13)
    low, high = whole.interval()
    assert np.all((low <= whole.share + 1e-12) & (whole.share <= high + 1e-12))
    two = [tables(histories), tables(mixed)]
    both = [
        type(first)(
            *(np.concatenate(pair) for pair in zip(columns(first), columns(other), strict=True)),
            group=np.repeat([0, 1], [len(first.count), len(other.count)]),
        )
        for first, other in zip(*two, strict=True)
    ]
    grouped = state_occupation(*both, STATES, [0, 3, 9, 30], groups=2, errors=True)
    np.testing.assert_allclose(grouped.share[0], grouped.share[1], atol=1e-13)
    np.testing.assert_allclose(grouped.share[0], whole.share[0], atol=1e-13)
    np.testing.assert_allclose(grouped.variance[1], whole.variance[0], atol=1e-13)


def columns(table):
    names = ("day", "order", "origin", "target", "count")
    return [
        getattr(table, name)
        for name in (names if isinstance(table, Moves) else ("day", "state", "count"))
    ]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            lambda: state_occupation(Moves([1], [0], [0], [3], [1]), NOBODY, NOBODY, 3, [1]),
            "moves: 3 is not below states = 3",
        ),
        (
            lambda: state_occupation(
                Moves([], [], [], [], []), Standing([2], [0], [1]), NOBODY, 3, [1]
            ),
            "none from day 0",
        ),
        (
            lambda: state_occupation(Moves([], [], [], [], []), NOBODY, NOBODY, 3, [3, 1]),
            "days: not in rising order",
        ),
        (
            lambda: state_occupation(
                Moves([], [], [], [], []), Standing([0], [0], [1]), NOBODY, 3, [1]
            ).interval(),
            "errors=True",
        ),
    ],
)
def test_bad_input_is_told_in_one_line(call, told):
    with pytest.raises(EstimateError, match=told):
        call()
