"""A scenario laid out for reading: its question, its parts, and every number it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from asylumatlas.cli import screen
from asylumatlas.scenario.model import Ranged, Scaled

if TYPE_CHECKING:
    from asylumatlas.scenario import Scenario

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


def describe(scenario: Scenario) -> Row:
    """All that `show` tells, as JSON-ready values.

    Raises:
        ScenarioError: a fault that only its numbers show, such as shares that sum to more than 1.
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
        "parameters": quantities(scenario),
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


# ---- every number


def quantities(scenario: Scenario) -> list[Row]:
    """Every number that a run of the scenario uses, by name and date.

    One row for each value that holds on a day of the run: `parameter`, `value`, `low`, `high`,
    `unit`, `from` (null where undated), `source` or else `assumed` with the reason in `why`.

    Raises:
        ScenarioError: a fault that only the numbers show.
    """
    from asylumatlas.sim.rules import Rules
    from asylumatlas.sim.uncertainty import CENTRAL

    model = scenario.model
    rules = Rules(scenario, 0)
    draw = rules.draw(CENTRAL)
    rules.model_for(draw, 0)
    for name, crew in model.crews.items():
        if crew.cost_per_server_day is not None:
            draw.of(crew.cost_per_server_day, f"crews.{name}.cost_per_server_day")
    for name, cost in model.costs.items():
        draw.of(cost.per_day, f"costs.{name}.per_day")
    used = rules.quantities.used.values()
    return [
        {
            "parameter": use.parameter,
            "value": use.value,
            "low": use.low,
            "high": use.high,
            "unit": use.unit or None,
            "from": use.start.isoformat() if use.start else None,
            "source": use.source or None,
            "assumed": not use.source,
            "why": use.assumed or None,
        }
        for use in sorted(used, key=lambda use: (use.parameter, use.start or date.min))
    ]


# ---- printing


def print_scenarios(rows: Sequence[Row]) -> None:
    """Print the shipped scenarios, each with its question."""
    for row in rows:
        screen.paragraph(f"{row['scenario']}: {row['title']}, {row['from']} to {row['to']}")
        screen.paragraph(row["question"], indent="    ")
    print("\nMore about one: asylumatlas show NAME")


def print_scenario(told: Row) -> None:
    """Print what `describe` returns."""
    screen.paragraph(told["title"])
    screen.paragraph(told["question"])
    screen.paragraph(f"{told['from']} to {told['to']}, {told['days']:,} days")
    if told["input_until"]:
        screen.paragraph(f"Reports up to {told['input_until']} are input; later ones test the run.")
    screen.paragraph(f"Fingerprint {told['fingerprint']}")
    screen.heading("Stations, in the order in which they serve")
    screen.table(
        ["station", "stage", "services a day"],
        [[s["label"] or s["station"], s["stage"], s["capacity"]] for s in told["stations"]],
    )
    screen.heading("Feeds: where people come from (* the cohort that the run follows)")
    screen.table(
        ["feed", "kind", "people", "starts at"],
        [
            [
                f"{f['label'] or f['feed']}{' *' * f['in_cohort']}",
                f["kind"],
                f["people"],
                f["place"],
            ]
            for f in told["feeds"]
        ],
    )
    _print_changes(told["changes"])
    _print_parameters(told["parameters"])
    screen.heading("What this cannot say")
    for caveat in told["caveats"]:
        screen.paragraph(caveat, indent="  ", first="- ")


def _print_changes(rows: Sequence[Row]) -> None:
    screen.heading("Changes")
    if not rows:
        screen.paragraph("None.")
    for row in rows:
        source = row["source"] or (f"assumed: {row['assumed']}" if row["assumed"] else "not found")
        screen.paragraph(
            f"{row['on']}  {row['what']} (source: {source})", indent=" " * 12, first=""
        )
        for key, value in row["sets"].items():
            screen.paragraph(f"{key}: {value}", indent=" " * 12)


def _print_parameters(rows: Sequence[Row]) -> None:
    """Two lines for each: the name, then value, range, unit and where it is from."""
    assumed = sum(row["assumed"] for row in rows)
    screen.heading(f"Parameters: {len(rows)} values, {assumed} of them assumed")
    for row in rows:
        since = f", from {row['from']}" if row["from"] else ""
        print(screen.folded(f"{row['parameter']}{since}"))
        spread = "fixed"
        if row["high"] > row["low"]:
            spread = f"{exact(row['low'])} to {exact(row['high'])}"
        origin = f"assumed: {row['why']}" if row["assumed"] else f"source {row['source']}"
        words = f"{exact(row['value'])} {row['unit'] or ''}".strip()
        screen.paragraph(f"{words}; {spread}; {origin}", indent="    ")
