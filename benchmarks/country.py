"""A court system of national size, as a scenario file and as SimPy processes.

It loads the engine and describes nothing. Its numbers are round figures of the right order: 70
courts and 700 judges, 3.5 million cases waiting on day one, 2,000 arrivals a day for 2,500 days,
a fifth of them held and heard first. Intake -> credible fear -> master hearings -> individual
hearings -> appeal, with continuances. `scale` shrinks people and judges alike.
"""

from __future__ import annotations

import json
import random
import time
from datetime import date, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

COURTS = 70
JUDGES = 700
STOCK = 3_500_000
PER_DAY = 2_000
DAYS = 2_500
HEARINGS = {"master": 34, "individual": 15}  # that a judge gives a day
START = date(2016, 1, 1)
HELD = 0.2
WEIGHTS = [1 / (court + 5) ** 0.9 for court in range(COURTS)]
SHARES = [weight / sum(WEIGHTS) for weight in WEIGHTS]
NAMES = [f"court_{court + 1:02}" for court in range(COURTS)]
# days to the next hearing, the last not included, for those who are held and for all others
AGAIN = {"master": ((5, 20), (20, 90)), "individual": ((5, 20), (30, 120))}
CONTINUED = {"master": 0.88, "individual": 0.65}


class Work(NamedTuple):
    """What one run did: seconds, and events (arrivals and services)."""

    seconds: float
    events: int


def judges(scale: float) -> list[int]:
    """Judges of each court, at least one."""
    return [max(1, round(JUDGES * scale * share)) for share in SHARES]


# ---- as a scenario


def toml(value: Any) -> str:
    """A value as TOML writes it, tables on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return value.isoformat() if isinstance(value, date) else json.dumps(value)


def uniform(low: int, high: int) -> dict[str, Any]:
    """Whole days, low to high, the last not included."""
    return {"law": "uniform", "low": low, "high": high - 1}


def hearing(kind: str, scale: float, capacity: float, outcomes: list[Any]) -> dict[str, Any]:
    """Master or individual hearings in every court; those who are held come first."""
    slots = [count * HEARINGS[kind] * capacity for count in judges(scale)]
    again = [
        {
            "events": [f"{kind}_hearing.continued"],
            "share": CONTINUED[kind],
            "where": {"custody": custody},
            "to": kind,
            "after": uniform(*days),
        }
        for custody, days in zip(("held", "at_large"), AGAIN[kind], strict=True)
    ]
    return {
        "stage": "court",
        "at": NAMES,
        "capacity": dict(zip(NAMES, slots, strict=True)),
        "lines": [{"where": {"custody": "held"}}, {}],
        "outcomes": [*again, *outcomes],
    }


def stations(scale: float, capacity: float) -> dict[str, Any]:
    """The five stations."""
    courts = dict(zip(NAMES, SHARES, strict=True))
    to_court = {"to": "master", "place": courts, "after": uniform(10, 42)}
    intake = [
        {"events": ["fear_claimed"], "share": 0.5, "to": "credible_fear"},
        {"events": ["charging_document"], **to_court},
    ]
    fear = [
        {"events": ["fear_interview.fear_not_found"], "share": 0.25},
        {"events": ["fear_interview.fear_found", "charging_document"], **to_court},
    ]
    master = [
        {"events": ["master_hearing.closed"], "share": 0.03},
        {
            "events": ["master_hearing.set_for_individual"],
            "to": "individual",
            "after": uniform(20, 60),
        },
    ]
    decided = ["individual_hearing.decided"]
    appeal = {"share": 0.05, "to": "appeal", "place": "border", "after": 30}
    individual = [{"events": [*decided, "appeal_filed"], **appeal}, {"events": decided}]
    people = PER_DAY * scale

    def office(stage: str, share: float, outcomes: list[Any]) -> dict[str, Any]:
        return {"stage": stage, "at": ["border"], "capacity": people * share, "outcomes": outcomes}

    return {
        "intake": office("port_of_entry", 1.02, intake),
        "credible_fear": office("screening", 0.52, fear),
        "master": hearing("master", scale, capacity, master),
        "individual": hearing("individual", scale, capacity, individual),
        "appeal": office("appeal", 0.16, [{"events": ["appeal_decided.dismissed"]}]),
    }


def feeds(scale: float) -> dict[str, Any]:
    """The stock on day one and the daily arrivals."""
    common = {"at": "border", "mix": {"custody": {"held": HELD, "at_large": 1 - HELD}}}
    open_case = {
        "events": ["stock_case.court"],
        "place": dict(zip(NAMES, SHARES, strict=True)),
    }
    starts = [{**open_case, "share": 0.7, "to": "master"}, {**open_case, "to": "individual"}]
    came = [{"events": ["border_processed.expedited_removal"], "to": "intake"}]
    daily = {"kind": "stream", "law": "exact", "per_day": PER_DAY * scale, "starts": came}
    return {
        "pending": {"kind": "stock", "size": STOCK * scale, "starts": starts, **common},
        "arrivals": {**daily, **common},
    }


def scenario_text(scale: float = 1.0, days: int = DAYS, capacity: float = 1.0) -> str:
    """The system as a scenario file.

    Args:
        scale: part of the people and judges.
        days: length of the run.
        capacity: factor on every court's hearings.
    """
    content = {
        "title": "A court system of national size",
        "question": "How fast is the engine?",
        "from": START,
        "to": START + timedelta(days=days - 1),
        "classes": {"custody": ["held", "at_large"]},
        "places": {"border": "The border", **{name: name for name in NAMES}},
        "stations": stations(scale, capacity),
        "feeds": feeds(scale),
    }
    return "".join(f"{key} = {toml(value)}\n" for key, value in content.items())


# ---- in SimPy


def run_simpy(scale: float, days: int, seed: int) -> Work:
    """The same system as SimPy processes: a station serves one at a time, at its daily rate."""
    import simpy

    luck = random.Random(seed)
    started = time.perf_counter()
    environment = simpy.Environment()
    courts, cumulative = range(COURTS), list(accumulate(SHARES))
    people = PER_DAY * scale
    offices = {"intake": people * 1.02, "credible_fear": people * 0.52, "appeal": people * 0.16}
    desks: dict[Any, Any] = {
        name: (simpy.PriorityResource(environment), 1 / rate) for name, rate in offices.items()
    }
    for kind, slots in HEARINGS.items():
        for court, share in zip(courts, SHARES, strict=True):
            rate = JUDGES * scale * share * slots
            desks[kind, court] = (simpy.PriorityResource(environment), 1 / rate)
    events = [0]

    def served(desk: Any, priority: int) -> Any:
        resource, service = desks[desk]
        with resource.request(priority=priority) as request:
            yield request
            yield environment.timeout(service)
        events[0] += 1

    def court_case(kind: str, priority: int) -> Any:
        court = luck.choices(courts, cum_weights=cumulative)[0]
        while True:
            yield from served((kind, court), priority)
            chance = luck.random()
            if chance < CONTINUED[kind]:
                yield environment.timeout(luck.randrange(*AGAIN[kind][priority]))
            elif kind == "master" and chance >= CONTINUED[kind] + 0.03:
                yield environment.timeout(luck.randrange(20, 60))
                kind = "individual"
            elif kind == "individual" and chance < CONTINUED[kind] + 0.05:
                yield environment.timeout(30)
                yield from served("appeal", priority)
                return
            else:
                return

    def newcomer(priority: int) -> Any:
        yield from served("intake", priority)
        if luck.random() < 0.5:
            yield from served("credible_fear", priority)
            if luck.random() < 0.25:
                return
        yield environment.timeout(luck.randrange(10, 42))
        yield from court_case("master", priority)

    def source() -> Any:
        for _ in range(days):
            for _ in range(round(people)):
                events[0] += 1
                environment.process(newcomer(int(luck.random() >= HELD)))
            yield environment.timeout(1)

    for _ in range(round(STOCK * scale)):
        kind = "master" if luck.random() < 0.7 else "individual"
        environment.process(court_case(kind, int(luck.random() >= HELD)))
    environment.process(source())
    environment.run(until=days)
    return Work(time.perf_counter() - started, events[0])
