"""A part of the people simulated, the whole system shown; and counting by classes of events."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asylumatlas import process
from asylumatlas.scenario.model import Measure
from asylumatlas.sim import measures
from asylumatlas.sim.compare import compare
from asylumatlas.sim.digest import QUANTILES, Digest, _quantiles
from asylumatlas.sim.histories import Histories
from asylumatlas.sim.replication import Worker
from asylumatlas.sim.run import run, summarize
from asylumatlas.summary import SummaryError, check

from .worlds import Raw, load, world

MEASURES: dict[str, Raw] = {
    "admitted": {"plus": ["port_admitted@port"]},
    "a_day": {"plus": ["port_admitted"], "counts": "on_day"},
    "a_week": {"plus": ["port_admitted"], "counts": "on_day", "over": 7},
    "share": {"plus": ["port_processed.withdrawn"], "of": ["port_processed"], "counts": "share"},
    "names": {"plus": ["list_joined"], "minus": ["port_admitted"], "counts": "names"},
    "ahead": {
        "plus": ["list_joined"],
        "minus": ["port_admitted"],
        "counts": "wait_ahead",
        "over": 7,
        "unit": "days",
    },
    "waited": {
        "plus": ["list_joined"],
        "minus": ["port_admitted"],
        "counts": "waited",
        "over": 7,
        "unit": "days",
    },
}
KEPT = ("share", "ahead", "waited")  # what is the same whether a part or all is simulated


def scaled(scale: float, **changes: Any) -> Raw:
    made = {name: {"label": name, **measure} for name, measure in MEASURES.items()}
    beds = {"beds": {"label": "A night", "of": "hold", "per_day": 100}}
    raw = world(measures=made, costs=beds, feeds__newcomers__per_day=12, **changes)
    raw["stations"]["intake"]["capacity"] = 10
    if scale < 1:
        raw["scale"] = scale
    return raw


def digest_of(raw: Raw, folder: Path, replications: int = 2) -> Digest:
    worker = Worker(load(raw, folder), 1, replications)
    return Digest(worker.rules, [worker.run(k)[0] for k in range(replications)])


def test_counts_are_of_the_whole_system_and_waits_and_shares_stay(tmp_path: Path) -> None:
    found = digest_of(scaled(0.5), tmp_path)
    simulated = np.array([r.counts.measures for r in found.replications])
    for m, name in enumerate(MEASURES):
        weight = 1 if name in KEPT else 2
        np.testing.assert_array_equal(found.values[:, m], weight * simulated[:, m])
    stages = {row["stage"]: row["entered"]["median"] for row in found.stages()}
    line = list(process.load().stages).index("waiting_list")
    entered = sorted(r.counts.entered[line] for r in found.replications)
    assert stages["waiting_list"] == 2 * entered[0]  # the median of two is the lower one
    assert found.conservation()["people_in"] == [r.people_in for r in found.replications]


def test_numbers_that_were_whole_stay_whole(tmp_path: Path) -> None:
    found = digest_of(scaled(0.3), tmp_path)
    for m, name in enumerate(MEASURES):
        if name in ("admitted", "a_day", "names"):
            assert (found.values[:, m] % 1 == 0).all()
    numbers = [row["entered"]["median"] for row in found.stages()]
    numbers += [row["median"] for row in [*found.flow(), *found.outcomes()]]
    assert numbers
    assert all(number == int(number) for number in numbers)


def test_meters_are_of_the_whole_system_and_a_share_stays(tmp_path: Path) -> None:
    found = digest_of(scaled(0.5), tmp_path)
    part = {meter.name: meter.values for meter in found.simulated_meters}
    whole = {meter.name: meter.values for meter in found.meter_values}
    assert list(part) == list(whole)
    for name, values in part.items():
        weight = 1 if name.endswith(".busy") else 2
        np.testing.assert_array_equal(whole[name], weight * values)
    np.testing.assert_array_equal(whole["beds.cost"], 100 * whole["hold.days"])
    everyone = digest_of(scaled(1), tmp_path)
    days = {meter.name: meter.values for meter in everyone.meter_values}
    np.testing.assert_allclose(whole["judges.server_days"], days["judges.server_days"])


def test_a_half_of_a_steady_world_is_near_the_whole(tmp_path: Path) -> None:
    steady = {"feeds__newcomers__law": "exact"}
    half = digest_of(scaled(0.5, **steady), tmp_path)
    whole = digest_of(scaled(1, **steady), tmp_path)
    names = list(MEASURES)
    for name in ("admitted", "names"):
        a, b = (d.values[:, names.index(name), -1].mean() for d in (half, whole))
        assert a == pytest.approx(b, rel=0.05)


def test_the_reader_is_told_and_only_where_a_part_is_simulated(tmp_path: Path) -> None:
    part = summarize(digest_of(scaled(0.05), tmp_path), "run", None)
    assert part["scale"] == 0.05
    assert part["caveats"][0].startswith("1 person in 20 is simulated")
    whole = summarize(digest_of(scaled(1), tmp_path), "run", None)
    assert "scale" not in whole
    assert not any("is simulated" in caveat for caveat in whole["caveats"])
    check(part)
    with pytest.raises(SummaryError, match="scale: must be above 0, at most 1, not 2"):
        check({**part, "scale": 2})


def test_the_log_counts_simulated_people(tmp_path: Path) -> None:
    found = run(load(scaled(0.5), tmp_path), replications=2, out=tmp_path / "run")
    manifest = json.loads((tmp_path / "run" / "log.json").read_text())
    amounts = {row["meter"]: row["amounts"] for row in manifest["details"]["meters"]}
    shown = {row["meter"]: row["median"] for row in found.summary["meters"]}
    assert shown["hold.days"] in [2 * amount for amount in amounts["hold.days"]]


def test_runs_at_two_scales_are_compared_as_wholes_and_not_in_pairs(tmp_path: Path) -> None:
    for name, scale in (("a", 1.0), ("b", 0.5), ("c", 0.5)):
        run(load(scaled(scale), tmp_path), replications=4, out=tmp_path / name, log=False)
    found = compare(tmp_path / "a", tmp_path / "b")
    assert not found["paired"]
    assert any(
        line.startswith("A simulates 1 of the people and B 0.5") for line in found["caveats"]
    )
    admitted = next(row for row in found["rows"] if row["measure"] == "admitted")
    assert admitted["b"] == pytest.approx(admitted["a"], rel=0.1)
    assert compare(tmp_path / "b", tmp_path / "c")["paired"]


# ---- quantiles


@given(
    st.lists(st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=3, max_size=3), min_size=1)
)
def test_quantiles_over_days_without_a_number_are_those_of_the_others(table: list[Any]) -> None:
    values = np.array(table, float)
    found = _quantiles(values)
    for day in range(values.shape[1]):
        known = values[~np.isnan(values[:, day]), day]
        wanted = np.full(len(QUANTILES), np.nan)
        if len(known):
            wanted = np.quantile(known, QUANTILES, method="inverted_cdf")
        np.testing.assert_array_equal(found[:, day], wanted)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 19), st.integers(-5, 30)), max_size=60),
    st.integers(1, 25),
    st.sampled_from([0.1, 0.25, 0.5, 0.9]),
)
def test_a_moving_quantile_is_numpys_of_each_window(
    pairs: list[tuple[int, int]], over: int, share: float
) -> None:
    rows = np.array(sorted(pairs, key=lambda pair: pair[0]), np.int64).reshape(-1, 2)
    found = measures._quantile_of_last(rows[:, 0].copy(), rows[:, 1].copy(), 20, over, share)
    for day in range(20):
        window = rows[(rows[:, 0] <= day) & (rows[:, 0] > day - over), 1]
        if len(window):
            assert found[day] == pytest.approx(np.quantile(window, share), abs=1e-9)
            if share == 0.5:
                assert found[day] == np.median(window)
        else:
            assert np.isnan(found[day])


def test_a_quantile_of_waits_lies_on_its_side_of_the_median(tmp_path: Path) -> None:
    raw = scaled(1)
    for share in (0.1, 0.9):
        raw["measures"][f"at_{share}"] = {**raw["measures"]["waited"], "quantile": share}
    worker = Worker(load(raw, tmp_path), 1, 2)
    counts = worker.run(0)[0].counts
    names = list(raw["measures"])
    low, middle, high = (
        counts.measures[names.index(name)] for name in ("at_0.1", "waited", "at_0.9")
    )
    known = ~np.isnan(middle)
    assert known.any()
    assert (low[known] <= middle[known]).all()
    assert (middle[known] <= high[known]).all()


# ---- counting by classes against counting one by one

PATTERNS = [
    "list_joined",
    "list_joined@port",
    "port_admitted@court",
    "port_processed",
    "port_processed.withdrawn",
    "port_processed@port",
    "port_processed.withdrawn@port",
    "charging_document",
    "court_decision.terminated",
    "court_decision",
]
EVENTS = [
    ("list_joined", None),
    ("port_admitted", None),
    ("port_processed", "withdrawn"),
    ("port_processed", "notice_to_appear"),
    ("charging_document", None),
    ("court_decision", "terminated"),
    ("court_decision", "asylum_denied"),
]
PLACES = st.sampled_from(["port", "court"])


def fits(text: str, event: str, outcome: str | None, place: str) -> bool:
    words, _, where = text.partition("@")
    kind, _, result = words.partition(".")
    return kind == event and (not result or result == outcome) and where in ("", place)


def one_by_one(measure: Measure, story: list[Any], days: int) -> list[float]:
    """Values of a measure by going through (person, feed, day, event, outcome, place)."""
    own = [row for row in story if not measure.feeds or row[1] in measure.feeds]

    def times(patterns: list[str], row: Any) -> int:
        return sum(fits(text, *row[3:]) for text in patterns)

    def until(patterns: list[str], first: int, last: int) -> int:
        return sum(times(patterns, row) for row in own if first <= row[2] <= last)

    found = []
    for day in range(days):
        plus = until(measure.plus, 0, day)
        if measure.counts == "on_day":
            span = min(day + 1, measure.over)
            value = until(measure.plus, day - measure.over + 1, day) / span
        elif measure.counts == "share":
            base = until(measure.of, 0, day)
            value = plus / base if base else np.nan
        elif measure.counts == "waited":
            waits = [
                answered - joined
                for joined, answered in calls(measure, own)
                if day - measure.over < answered <= day
            ]
            value = float(np.quantile(waits, measure.quantile)) if waits else np.nan
        else:
            value = plus - until(measure.minus, 0, day)
        found.append(value)
    return found


def calls(measure: Measure, own: list[Any]) -> list[tuple[int, int]]:
    """Days of each person's first event of `plus` and of `minus`, where there are both."""
    first: dict[str, dict[int, int]] = defaultdict(dict)
    for person, _, day, *what in own:
        for part in ("plus", "minus"):
            if any(fits(text, *what) for text in getattr(measure, part)):
                first[part].setdefault(person, day)
    return [(d, first["minus"][p]) for p, d in first["plus"].items() if p in first["minus"]]


a_list = st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=4)
a_measure = st.fixed_dictionaries(
    {
        "plus": a_list,
        "minus": a_list,
        "of": a_list,
        "feeds": st.sampled_from([[], ["newcomers"], ["group"], ["newcomers", "group"]]),
        "over": st.integers(1, 12),
        "quantile": st.sampled_from([0.1, 0.5, 0.9]),
        "counts": st.sampled_from(["so_far", "on_day", "share", "waited"]),
    }
)
USED = {
    "so_far": ("minus",),
    "on_day": ("over",),
    "share": ("of",),
    "waited": ("minus", "over", "quantile"),
}


@settings(deadline=None, max_examples=40)
@given(
    st.lists(a_measure, min_size=1, max_size=5),
    st.lists(
        st.tuples(
            st.integers(0, 7),
            st.integers(0, 9),
            st.sampled_from(EVENTS),
            st.sampled_from(["port", "court"]),
        ),
        max_size=40,
    ),
)
def test_counting_by_classes_is_counting_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, asked: list[Raw], happened: list[Any]
) -> None:
    made = {}
    for number, raw in enumerate(asked):
        keys = ("plus", "feeds", "counts", *USED[raw["counts"]])
        unit = "days" if raw["counts"] == "waited" else "people"
        made[f"m{number}"] = {"label": "x", "unit": unit, **{key: raw[key] for key in keys}}
    group: Raw = {"kind": "stock", "size": 4, "at": "port", "starts": [{"to": "sign_up"}]}
    raw = world(feeds__group=group, measures=made)
    raw["to"] = raw["from"].replace(day=10)
    worker = Worker(load(raw, tmp_path_factory.mktemp("world")), 1, 2)
    first = worker.rules.feed_first[1]
    story = sorted(
        (
            first + who - 4,
            "newcomers" if who < 4 else "group",
            day,
            *what,
            "port" if at else "court",
        )
        for who, day, what, at in [(w, d, (e, o or ""), a) for w, d, (e, o), a in happened]
    )
    counts = measures.count(worker.rules, worker.speech, told(worker, story))
    for row, measure in zip(counts.measures, worker.rules.model.measures.values(), strict=True):
        np.testing.assert_allclose(row, one_by_one(measure, story, 10), atol=1e-12)


def told(worker: Worker, story: list[Any]) -> Histories:
    speech, places = worker.speech, worker.rules.layout.places
    outcomes = {name: number for number, name in enumerate(speech.outcomes)}

    def column(values: list[int], kind: type) -> Any:
        return np.array(values, kind)

    return Histories(
        column([row[0] for row in story], np.uint32),
        column([row[2] for row in story], np.int32),
        column([places.index(row[5]) for row in story], np.int16),
        column([speech.events.index(row[3]) for row in story], np.int16),
        column([outcomes.get(row[4], -1) for row in story], np.int16),
        column([-1 for _ in story], np.int16),
        worker.rules,
    )
