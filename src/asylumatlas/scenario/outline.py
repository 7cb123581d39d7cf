"""A scenario laid out as JSON-ready values: its question, its parts, what was decided when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asylumatlas.scenario import Scenario
from asylumatlas.scenario.amounts import Ranged, Scaled

__all__ = ["exact", "head", "outline", "said"]

Row = dict[str, Any]


def head(scenario: Scenario) -> Row:
    """A scenario's name, title, question and span."""
    model = scenario.model
    return {
        "scenario": scenario.name,
        "title": model.title,
        "question": model.question,
        "from": model.start.isoformat(),
        "to": model.to.isoformat(),
    }


def outline(scenario: Scenario) -> Row:
    """All that a scenario says but for the numbers that it rests on; see `controls` for those.

    Example:
        >>> from asylumatlas.scenario import load_scenario
        >>> outline(load_scenario("caravan-2018"))["changes"][0]["on"]
        '2018-05-05'
    """
    model = scenario.model
    return {
        **head(scenario),
        "fingerprint": scenario.fingerprint,
        "days": model.days,
        "input_until": model.input_until.isoformat() if model.input_until else None,
        "cohort": list(model.cohort),
        "classes": {name: list(values) for name, values in model.classes.items()},
        "stations": _stations(scenario),
        "feeds": _feeds(scenario),
        "changes": _changes(scenario),
        "reported": [item.model_dump(mode="json") for item in model.reported],
        "caveats": list(model.caveats),
    }


def _stations(scenario: Scenario) -> list[Row]:
    places = scenario.model.places
    return [
        {
            "station": name,
            "label": station.label,
            "stage": station.stage,
            "places": [places[place] for place in station.at],
            "capacity": "as crews allow" if station.booked else said(station.capacity),
            "calendar": station.calendar,
        }
        for name, station in scenario.model.stations.items()
    ]


def _feeds(scenario: Scenario) -> list[Row]:
    model = scenario.model
    return [
        {
            "feed": name,
            "label": feed.label,
            "kind": feed.kind,
            "place": model.places[feed.at],
            "people": said(feed.size) if feed.size is not None else f"{said(feed.per_day)} a day",
            "on": feed.on.isoformat() if feed.on else None,
            "in_cohort": name in model.cohort,
        }
        for name, feed in model.feeds.items()
    ]


def _changes(scenario: Scenario) -> list[Row]:
    rows = []
    for change in scenario.model.change:
        sets = {key: said(value) for key, value in change.set.items()}
        until = f", to {change.until}" if change.until else ""
        sets |= {key: f"{said(value)} more{until}" for key, value in change.add.items()}
        if loan := change.lend:
            sets["lend"] = (
                f"{said(loan.servers)} from {loan.source} to {loan.to}, {loan.weeks:g} weeks"
                + (f", {said(loan.lost)} of their time lost" if loan.lost is not None else "")
            )
        rows.append(
            {
                "on": change.on.isoformat(),
                "announced": change.announced.isoformat() if change.announced else None,
                "what": change.what,
                "source": change.source or None,
                "assumed": change.assumed or None,
                "sets": sets,
            }
        )
    return rows


def said(value: object) -> str:
    """A quantity in words: its number, its parameter's name, or one for each date or place.

    Example:
        >>> said(Ranged(value=300, low=300, high=316)), said("port.daily_intake")
        ('300 (300 to 316)', 'port.daily_intake')
    """
    if isinstance(value, Ranged):
        low, high = value.bounds
        return exact(value.value) + (f" ({exact(low)} to {exact(high)})" if high > low else "")
    if isinstance(value, Scaled):
        return f"{value.of} times {said(value.times)}"
    if isinstance(value, list):
        return "; ".join(f"from {item.start}: {said(item.is_)}" for item in value)
    if isinstance(value, Mapping):
        return "; ".join(f"{place}: {said(item)}" for place, item in value.items())
    return str(value)


def exact(value: float) -> str:
    """A number as it was given, thousands separated.

    Example:
        >>> exact(1500.0), exact(0.111), exact(123456.5)
        ('1,500', '0.111', '123,456.5')
    """
    return f"{value:,.12g}"
