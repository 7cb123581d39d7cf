"""A scenario laid out for reading: its question, its parts, and every number it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from asylumatlas.cli import screen
from asylumatlas.scenario.outline import exact, head, outline

if TYPE_CHECKING:
    from asylumatlas.scenario import Scenario

Row = dict[str, Any]

__all__ = ["describe", "head", "outline", "print_scenario", "print_scenarios", "quantities"]


def describe(scenario: Scenario) -> Row:
    """All that `show` tells, as JSON-ready values.

    Raises:
        ScenarioError: a fault that only its numbers show, such as shares that sum to more than 1.
    """
    return {**outline(scenario), "parameters": quantities(scenario)}


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
