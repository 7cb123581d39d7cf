"""The degenerate limit: one court, fixed rates, no luck: the engine is the sheet, to the case."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas import parameters, process
from asylumatlas.scenario import load_scenario
from asylumatlas.sim.replication import Worker

YEARS = range(2024, 2034)


def sheet(stock: int, receipts: int, judges: int, rate: int, years: int) -> list[int]:
    """The yearly recurrence, in whole numbers."""
    pending = [stock]
    for _ in range(years):
        pending.append(max(pending[-1] + receipts - judges * rate, 0))
    return pending[1:]


def simulated(stock: int, receipts: int, judges: int, more: int, rate: int) -> list[float]:
    """Cases pending at the end of each fiscal year, as the engine has them."""
    numbers = {
        "stock": stock,
        "receipts": receipts,
        "judges": judges,
        "additional_judges": more,
        "completions_per_judge": rate,
    }
    settings = {f"stock_flow.{name}": str(number) for name, number in numbers.items()}
    worker = Worker(load_scenario("stock-flow", settings), 1, 1)
    replication, _, _ = worker.run(0)
    assert replication.people_in == replication.people_out + replication.people_inside
    pending = replication.counts.measures[list(worker.rules.model.measures).index("pending")]
    return [pending[worker.rules.day(date(year, 9, 30))] for year in YEARS]


@settings(deadline=None, max_examples=20)
@given(
    st.integers(0, 4000),
    st.integers(0, 900),
    st.integers(0, 40),
    st.integers(0, 20),
    st.integers(0, 40),
)
def test_pending_is_the_recurrence_to_the_case(
    stock: int, receipts: int, judges: int, more: int, rate: int
) -> None:
    wanted = sheet(stock, receipts, judges + more, rate, len(YEARS))
    assert simulated(stock, receipts, judges, more, rate) == wanted


@pytest.mark.parametrize(
    ("stock", "receipts", "judges", "rate"),
    [
        (0, 183, 183, 1),  # as many as come, of which half a case falls on the middle of a year
        (0, 730, 365, 2),
        (1, 700, 1, 701),  # the last case of a stock, a little faster than they come
        (3000, 365, 1, 366),
        (0, 1, 1, 1),
        (5, 0, 0, 700),
    ],
)
def test_pending_at_the_edges(stock: int, receipts: int, judges: int, rate: int) -> None:
    wanted = sheet(stock, receipts, judges, rate, len(YEARS))
    assert simulated(stock, receipts, judges, 0, rate) == wanted


def test_the_published_results_that_the_sheet_gives_and_the_one_it_does_not() -> None:
    known = {name: parameters.load()[f"stock_flow.{name}"].values[0].value for name in NAMES}
    stock, receipts, judges, rate = (int(known[name]) for name in NAMES)
    more = {n: sheet(stock, receipts, judges + n, rate, len(YEARS)) for n in range(0, 800, 100)}
    falls = {n: pending[-1] < stock for n, pending in more.items()}
    assert [n for n, does in falls.items() if does] == [300, 400, 500, 600, 700]
    cleared = YEARS[more[700].index(0)]
    assert cleared == 2033  # published: FY2032
    assert more[300][-1] == pytest.approx(1.87e6, rel=0.01)  # published: 1.6 million


NAMES = ("stock", "receipts", "judges", "completions_per_judge")


def test_the_ranges_of_the_rates_hold_the_published_results() -> None:
    """Somewhere within them 300 more judges leave 1.6 million and 700 more clear it in FY2032."""
    found = [
        (rate, receipts)
        for rate in range(455, 526, 5)
        for receipts in range(392_000, 458_001, 2_000)
        if abs(sheet(2_000_000, receipts, 949, rate, 10)[-1] - 1.6e6) < 50_000
        and sheet(2_000_000, receipts, 1349, rate, 10)[7:9][0] > 0
        and sheet(2_000_000, receipts, 1349, rate, 10)[8] == 0
    ]
    rates, receipts = zip(*found, strict=True)
    assert (min(rates), max(rates)) == (460, 520)
    assert min(receipts) >= 392_000
    assert max(receipts) <= 458_000


def test_histories_are_legal_and_first_in_is_first_out() -> None:
    few = {"stock_flow.stock": "300", "stock_flow.receipts": "100", "stock_flow.judges": "1"}
    few |= {"stock_flow.completions_per_judge": "150", "from": "2023-10-01", "to": "2025-09-30"}
    worker = Worker(load_scenario("stock-flow", few), 1, 1)
    _, told, _ = worker.run(0)
    events, outcomes = worker.speech.events, [*worker.speech.outcomes, None]
    histories: dict[int, list[tuple[str, str | None]]] = {}
    decided: list[tuple[int, int]] = []
    rows = zip(told.person, told.event, told.outcome, told.day, strict=True)
    for person, event, outcome, day in rows:
        histories.setdefault(int(person), []).append((events[event], outcomes[outcome]))
        if events[event] == "court_decision":
            decided.append((int(day), int(person)))
    assert all(process.replay(history).legal for history in histories.values())
    assert len(decided) == 300
    people = [person for _, person in sorted(decided)]
    assert people == sorted(people)  # persons are numbered as they come
