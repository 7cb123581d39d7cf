"""The continuous-time kernel against queueing theory.

Statistical tests: independent replications with fixed seeds; the gate is the two-sided Student t
quantile at the level of 4 standard deviations (6.3e-5), divided by the number of comparisons in
this file (Bonferroni), so one false alarm is expected in about 16,000 choices of the seeds.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t

from asylumatlas.sim import continuous
from asylumatlas.sim import continuous_kernel as kernel
from asylumatlas.sim.continuous import (
    Duration,
    Network,
    NetworkError,
    Result,
    deterministic,
    erlang,
    exponential,
    hyperexponential,
    simulate,
)

REPLICATIONS, COMPARISONS = 32, 64
GATE = float(t.isf(norm.sf(4.0) / COMPARISONS, REPLICATIONS - 1))
BURSTY = hyperexponential(0.1, 5.5, 0.5)  # mean 1, squared coefficient of variation 5.5


def replicate(network: Network, customers: int = 40_000, seed: int = 2018) -> list[Result]:
    return [
        simulate(
            network, customers=customers, warmup=customers // 10, seed=seed, replication=number
        )
        for number in range(REPLICATIONS)
    ]


def agrees(samples: list[float], theory: float) -> None:
    assert len(samples) == REPLICATIONS
    error = np.std(samples, ddof=1) / math.sqrt(REPLICATIONS)
    score = (np.mean(samples) - theory) / error
    assert error < 0.05 * theory, "too noisy to mean anything"
    assert abs(score) < GATE, f"{np.mean(samples):.5f} against {theory:.5f}: t = {score:.1f}"


def single(service: Duration, servers: int, load: float, **more: object) -> Network:
    """One station; time between arrivals chosen for the load per server."""
    interval = exponential(service.mean / (servers * load))
    return Network({"desk": servers}, {"desk": service}, {"desk": interval}, **more)  # type: ignore[arg-type]


def erlang_c(servers: int, offered: float) -> float:
    """Probability of waiting in M/M/c (Erlang 1917), by the Erlang B recursion."""
    blocked = erlang_b(servers, offered)
    return blocked / (1 - offered / servers * (1 - blocked))


def erlang_b(servers: int, offered: float) -> float:
    blocked = 1.0
    for server in range(1, servers + 1):
        blocked = offered * blocked / (server + offered * blocked)
    return blocked


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (1, 0.8), (3, 0.8), (20, 0.9)])
def test_erlang_c_mean_wait_and_queue_length(servers: int, load: float) -> None:
    results = replicate(single(exponential(1.0), servers, load))
    wait = erlang_c(servers, servers * load) / (servers * (1 - load))
    agrees([result.mean_wait[0, 0] for result in results], wait)
    agrees([result.mean_queue_length[0, 0] for result in results], servers * load * wait)
    agrees([result.mean_busy_servers[0, 0] for result in results], servers * load)


@pytest.mark.parametrize("service", [deterministic(1.0), erlang(3, 1.0), BURSTY])
def test_pollaczek_khinchine(service: Duration) -> None:
    load = 0.6
    variation = service.variance / service.mean**2
    wait = load * (1 + variation) / (2 * (1 - load))
    agrees([result.mean_wait[0, 0] for result in replicate(single(service, 1, load))], wait)


def test_cobham_two_priorities_several_servers() -> None:
    servers, loads = 3, (0.3, 0.5)
    network = Network(
        {"desk": servers},
        {"desk": exponential(1.0)},
        {
            ("desk", name): exponential(1 / (servers * x))
            for name, x in zip("ab", loads, strict=True)
        },
        priority={("desk", "b"): 1},
        classes=("a", "b"),
    )
    results = replicate(network)
    base = erlang_c(servers, servers * sum(loads)) / servers
    first = base / (1 - loads[0])
    agrees([result.mean_wait[0, 0] for result in results], first)
    agrees([result.mean_wait[0, 1] for result in results], first / (1 - sum(loads)))


def test_equal_priorities_share_one_line() -> None:
    network = Network(
        {"desk": 1},
        {"desk": exponential(1.0)},
        {("desk", "a"): exponential(5.0), ("desk", "b"): exponential(2.0)},
        classes=("a", "b"),
    )
    results = replicate(network)
    for kind in (0, 1):
        agrees([result.mean_wait[0, kind] for result in results], 0.7 / 0.3)


def test_erlang_a_share_and_wait() -> None:
    servers, arrivals, impatience = 5, 6.0, 0.5  # overloaded; service rate 1
    weights = [1.0]
    for number in range(400):
        leave = min(number + 1, servers) + max(0, number + 1 - servers) * impatience
        weights.append(weights[-1] * arrivals / leave)
    chance = np.array(weights) / sum(weights)
    waiting = float(chance @ np.maximum(np.arange(401) - servers, 0))
    network = Network(
        {"desk": servers},
        {"desk": exponential(1.0)},
        {"desk": exponential(1 / arrivals)},
        patience={"desk": exponential(1 / impatience)},
    )
    results = replicate(network, 20_000)
    agrees([result.reneged_share[0, 0] for result in results], impatience * waiting / arrivals)
    agrees([result.mean_wait_of_all[0, 0] for result in results], waiting / arrivals)
    agrees([result.mean_queue_length[0, 0] for result in results], waiting)


def test_jackson_network_with_feedback() -> None:
    network = Network(
        {"intake": 2, "master": 3, "merits": 1},
        {"intake": exponential(1.2), "master": exponential(1.0), "merits": exponential(0.5)},
        {"intake": exponential(1.0), "merits": exponential(4.0)},
        routing={
            "intake": {"master": 0.9},
            "master": {"master": 0.3, "merits": 0.5},
            "merits": {"intake": 0.2},
        },
    )
    routes = np.array([[0, 0.9, 0], [0, 0.3, 0.5], [0.2, 0, 0]])
    rates = np.linalg.solve(np.eye(3) - routes.T, [1.0, 0.0, 0.25])
    results = replicate(network)
    for station, (servers, mean) in enumerate([(2, 1.2), (3, 1.0), (1, 0.5)]):
        offered = rates[station] * mean
        wait = erlang_c(servers, offered) * mean / (servers - offered)
        agrees([result.mean_wait[station, 0] for result in results], wait)
        agrees([result.mean_busy_servers[station, 0] for result in results], offered)


def test_last_come_first_served_same_mean_larger_variance() -> None:
    load, rate = 0.6, 1.0
    fifo = replicate(single(exponential(1.0), 1, load))
    lifo = replicate(single(exponential(1.0), 1, load, discipline={"desk": "lifo"}))
    mean = load / (rate - load)
    square = 2 * load / (rate - load) ** 2
    for results, second_moment in ((fifo, square), (lifo, square / (1 - load))):  # Takacs 1963
        agrees([result.mean_wait[0, 0] for result in results], mean)
        agrees(
            [(r.wait_square_sum / r.started)[0, 0] for r in results],
            second_moment,
        )
    assert all(b.wait_variance > a.wait_variance for a, b in zip(fifo, lifo, strict=True))


@pytest.mark.parametrize("service", [exponential(1.0), deterministic(1.0), erlang(4, 1.0), BURSTY])
def test_erlang_b_is_insensitive_to_the_service_distribution(service: Duration) -> None:
    """M/G/c/c as a station where nobody has any patience (Sevastyanov 1957)."""
    servers, offered = 4, 3.0
    network = single(service, servers, offered / servers, patience={"desk": deterministic(0.0)})
    results = replicate(network, 20_000)
    lost = [float(result.reneged[0, 0] / result.visits[0, 0]) for result in results]
    agrees(lost, erlang_b(servers, offered))


def test_lindley_recursion_customer_by_customer() -> None:
    """The same keyed numbers through the textbook recursion give the same waits."""
    network, number = single(BURSTY, 1, 0.7), 2_000
    plan = continuous._plan(network, 7, 3)
    keys = [
        kernel.customer_key(plan.run_key, np.uint64(0), np.uint64(i)) for i in range(number + 1)
    ]
    keys = [np.uint64(key) for key in keys]
    waits, gone = 0.0, 0.0
    intervals = [kernel.duration(plan.stream[0], k, kernel.BETWEEN_ARRIVALS, 0) for k in keys]
    times = np.cumsum(intervals)
    for key, now in zip(keys[:number], times[:number], strict=True):
        wait = max(0.0, gone - now)
        start = now + wait
        waits += min(wait, times[number - 1] - now)
        gone = start + kernel.duration(plan.service[0], key, kernel.SERVICE, 0)
    result = simulate(network, customers=number, seed=7, replication=3)
    assert result.queue_area[0, 0] == pytest.approx(waits, rel=1e-9)


def test_hand_counted_regular_arrivals() -> None:
    """Arrivals at 1, 2, 3, 4 and services of 1.5: starts at 1, 2.5, 4; the fourth waits on."""
    network = Network({"desk": 1}, {"desk": deterministic(1.5)}, {"desk": deterministic(1.0)})
    result = simulate(network, customers=4, seed=0)
    assert (result.visits[0, 0], result.started[0, 0], result.served[0, 0]) == (4, 3, 2)
    assert result.wait_sum[0, 0] == 1.5
    assert result.queue_area[0, 0] == 1.5
    assert (result.time, result.waiting_after[0, 0], result.age_after[0, 0]) == (4.0, 1, 0.0)
    assert result.busy_area[0, 0] == 3.0


def test_hand_counted_patience_and_ties() -> None:
    """Service 2, patience 1: who comes at 2 waits until a completion at 3, which goes first."""
    network = Network(
        {"desk": 1},
        {"desk": deterministic(2.0)},
        {"desk": deterministic(1.0)},
        patience={"desk": deterministic(1.0)},
    )
    result = simulate(network, customers=100, until=6.5, seed=0)
    assert (result.started[0, 0], result.reneged[0, 0], result.visits[0, 0]) == (3, 2, 6)
    assert result.wait_sum[0, 0] == 2.0
    assert result.reneged_wait_sum[0, 0] == 2.0
    assert result.waiting_after[0, 0] == 1
    assert result.events == 6 + 2 + 2


DURATIONS = st.sampled_from([exponential(1.0), deterministic(0.5), erlang(3, 2.0), BURSTY])


@settings(max_examples=40, deadline=None)
@given(
    services=st.lists(DURATIONS, min_size=4, max_size=4),
    servers=st.lists(st.integers(1, 4), min_size=2, max_size=2),
    impatient=st.sampled_from([{}, {"one": exponential(1.0)}, {("two", "b"): deterministic(0.7)}]),
    disciplines=st.lists(st.sampled_from(["fifo", "lifo"]), min_size=2, max_size=2),
    urgent=st.booleans(),
    back=st.floats(0, 0.9),
    warmup=st.integers(0, 500),
    seed=st.integers(0, 2**63 - 1),
)
def test_little_and_conservation_on_every_path(
    services: list[Duration],
    servers: list[int],
    impatient: dict[str | tuple[str, str], Duration],
    disciplines: list[str],
    urgent: bool,
    back: float,
    warmup: int,
    seed: int,
) -> None:
    """Stable or not, with those who still wait: an identity up to rounding."""
    pairs = [(station, kind) for station in ("one", "two") for kind in ("a", "b")]
    network = Network(
        dict(zip(("one", "two"), servers, strict=True)),
        dict(zip(pairs, services, strict=True)),
        {("one", "a"): exponential(1.0), ("one", "b"): erlang(2, 0.8)},
        routing={"one": {"two": 0.8, "one": 0.1}, "two": {"one": back}},
        patience=impatient,
        priority={("two", "b"): -1} if urgent else {},
        discipline=dict(zip(("one", "two"), disciplines, strict=True)),
        classes=("a", "b"),
    )
    result = simulate(network, customers=3_000, warmup=warmup, seed=seed)
    scale = max(1.0, float(result.queue_area.max()), float(result.age_before.max()))
    assert np.abs(result.little_gap).max() <= 1e-9 * scale
    waited = result.wait_sum.sum() + result.reneged_wait_sum.sum()
    assert waited >= 0
    assert (result.started + result.reneged <= result.visits + result.waiting_before).all()
    assert (result.mean_busy_servers.sum(axis=1) <= np.array(servers) + 1e-9).all()


def values(result: Result) -> list[bytes]:
    return [np.asarray(value).tobytes() for value in vars(result).values()]


def test_repeat_is_identical_and_replications_differ() -> None:
    network = single(BURSTY, 2, 0.9, patience={"desk": exponential(3.0)})
    one, again = (simulate(network, customers=5_000, seed=11) for _ in range(2))
    other = simulate(network, customers=5_000, seed=11, replication=1)
    assert values(one) == values(again)
    assert values(one) != values(other)


def test_a_new_class_leaves_the_luck_of_the_others_alone() -> None:
    """With servers for everyone, the busy time of a class is the sum of its own service times."""

    def busy(*classes: str) -> float:
        network = Network(
            {"desk": 500, "window": 500},
            {"desk": exponential(1.0), "window": BURSTY},
            {("desk", kind): exponential(0.5) for kind in classes},
            routing={"desk": {"window": 0.5, "desk": 0.2}},
            classes=classes,
        )
        result = simulate(network, customers=10**9, until=300.0, seed=5)
        assert result.wait_sum.sum() == 0
        return float(result.busy_area[:, 0].sum())

    assert busy("a") == busy("a", "b") == busy("a", "b", "c")


def test_doubling_arrivals_and_servers_reduces_waits() -> None:
    small, large = (single(exponential(1.0), servers, 0.85) for servers in (4, 8))
    pairs = zip(replicate(small, 20_000), replicate(large, 40_000), strict=True)
    gains = [float(a.mean_wait[0, 0] - b.mean_wait[0, 0]) for a, b in pairs]
    assert np.mean(gains) > GATE * np.std(gains, ddof=1) / math.sqrt(REPLICATIONS)


def test_arrays_grow_in_an_overloaded_network() -> None:
    """Fluid limit: one server, twice the work it can do, so half of everyone still waits."""
    result = simulate(single(deterministic(1.0), 1, 2.0), customers=20_000, seed=3)
    assert result.waiting_after[0, 0] == pytest.approx(10_000, rel=0.05)
    assert abs(result.little_gap[0, 0]) <= 1e-9 * result.queue_area[0, 0]


@pytest.mark.parametrize("times", [exponential(2.0), erlang(5, 2.0), hyperexponential(0.3, 4, 0.5)])
def test_moments_of_the_durations(times: Duration) -> None:
    row = continuous._rows({0: times}, 1)[0]
    keys = np.random.default_rng(1).integers(0, 2**64, 20_000, np.uint64)
    draws = np.array([kernel.duration(row, key, kernel.SERVICE, 0) for key in keys])
    halves = draws.reshape(REPLICATIONS, -1)
    agrees(list(halves.mean(axis=1)), times.mean)
    agrees(list((halves**2).mean(axis=1)), times.variance + times.mean**2)


def test_uniform_numbers_over_a_lattice_of_keys() -> None:
    """Chi-square over customers, visits and purposes that differ by one."""
    run = np.uint64(kernel.run_key(1, 0))
    numbers = [
        kernel.uniform(np.uint64(kernel.customer_key(run, np.uint64(0), np.uint64(i))), p, v, 0)
        for i in range(2_000)
        for p in range(4)
        for v in range(4)
    ]
    counts = np.histogram(numbers, 64, (0, 1))[0]
    statistic = float(((counts - 500.0) ** 2 / 500.0).sum())
    assert abs(statistic - 63) < GATE * math.sqrt(2 * 63)
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < GATE / math.sqrt(len(numbers))


GOOD = {
    "servers": {"desk": 1},
    "service": {"desk": exponential(1.0)},
    "arrivals": {"desk": exponential(2.0)},
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"servers": {"desk": 0}}, "servers.desk"),
        ({"service": {"dsk": exponential(1.0)}}, 'service.dsk: unknown .* mean "desk"'),
        ({"service": {("desk", "al"): exponential(1.0)}}, 'service.desk.al: .* mean "all"'),
        ({"service": {}}, "service.desk.all: missing"),
        ({"arrivals": {}}, "arrivals: no station"),
        ({"arrivals": {"desk": deterministic(0.0)}}, "arrivals.desk.all: a mean time of zero"),
        ({"routing": {"desk": {"dsk": 1.0}}}, 'routing.desk.all.dsk: .* mean "desk"'),
        ({"routing": {"desk": {"desk": 1.5}}}, "not between 0 and 1"),
        ({"routing": {"desk": {"desk": 1.0}}}, "nobody can ever exit"),
        ({"discipline": {"desk": "fif"}}, 'mean "fifo"'),
        ({"classes": ("all", "all")}, "appears twice"),
    ],
)
def test_a_wrong_network_says_where(change: dict[str, object], message: str) -> None:
    Network(**GOOD)  # type: ignore[arg-type]
    with pytest.raises(NetworkError, match=message):
        Network(**{**GOOD, **change})  # type: ignore[arg-type]


def test_wrong_numbers() -> None:
    for make, numbers in ((exponential, (-1.0,)), (erlang, (0, 1.0)), (exponential, (math.nan,))):
        with pytest.raises(NetworkError, match="duration"):
            make(*numbers)
    with pytest.raises(NetworkError, match="warmup < customers"):
        simulate(Network(**GOOD), customers=5, warmup=5, seed=1)  # type: ignore[arg-type]
    with pytest.raises(NetworkError, match="seed"):
        simulate(Network(**GOOD), customers=5, seed=-1)  # type: ignore[arg-type]
