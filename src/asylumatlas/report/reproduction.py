"""How to get a report's numbers again: command, fingerprint, versions, books."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from asylumatlas.markup import day, number, spread

Row = Mapping[str, Any]


def reproduction(summary: Row) -> str:
    """Return the command, the facts of the run and its books."""
    command = summary.get("command") or (
        f"asylumatlas run {summary['scenario']} --replications {summary['replications']} "
        f"--seed {summary['seed']}"
    )
    books = summary["conservation"]
    balance = "balanced" if books.get("ok") is True else "NOT balanced"
    balance += ", of simulated people" if summary.get("scale", 1) < 1 else ""
    facts: list[tuple[str, object]] = [
        ("Scenario", summary["scenario"]),
        ("Period", f"{day(summary['from'])} to {day(summary['to'])}"),
        ("Fingerprint", summary["fingerprint"]),
        ("Seed", summary["seed"]),
        ("Replications", number(summary["replications"])),
        ("Parameter draws", _optional(summary, "draws")),
        ("Runs per draw", _optional(summary, "lucks_per_draw")),
        ("Books", f"{balance}: {_people_books(books)}"),
        ("Written", summary["created"]),
        *((f"Version of {name}", value) for name, value in summary["versions"].items()),
    ]
    listed = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in facts
    )
    return (
        "<p>The same scenario, seed and versions give the same numbers, person by person.</p>"
        f"<pre><code>{escape(str(command))}</code></pre><dl>{listed}</dl>"
    )


def _optional(summary: Row, key: str) -> str:
    return number(summary[key]) if summary.get(key) is not None else "not given"


def _people_books(books: Row) -> str:
    """Say people in = people out + people inside; per replication these are lists."""

    def said(key: str) -> str:
        value = books.get(key)
        if isinstance(value, Mapping):
            return spread(value)
        if isinstance(value, Sequence) and not isinstance(value, str) and value:
            low, high = number(min(value)), number(max(value))
            return low if low == high else f"{low} to {high}"
        return "not given" if value is None else number(value)

    return (
        f"{said('people_in')} people in, {said('people_out')} out, {said('people_inside')} inside, "
        "checked in every replication"
    )
