"""The key findings of a run in sentences, built from its numbers alone and honest either way."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from asylumatlas.markup import day, number, percent, spread

Row = Mapping[str, Any]
Rows = Sequence[Row]


def findings(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield the key findings of a run as plain sentences, built from its numbers alone."""
    for role, what in (
        ("input", "reported count{s} used as input"),
        ("prediction", "later count{s} never shown to the model"),
    ):
        yield _coverage(summary["reported"], role, what)
    yield from _farthest(summary["reported"])
    yield from _ends(summary)
    yield from _assumed(summary["assumptions"])
    yield from _spread_of(summary["uncertainty"])


def _coverage(reported: Rows, role: str, what: str) -> str:
    """Say how many counts lie inside, and how many a right model would be expected to hold."""
    rows = [row for row in reported if row["role"] == role and row["reported"] is not None]
    if not rows:
        return f"There is no {what.format(s='')} to compare with."
    in80 = sum(row["inside80"] for row in rows)
    in95 = sum(row["inside95"] for row in rows)
    lie = "lies" if in80 == 1 else "lie"
    said = f"Of {len(rows)} {what.format(s='s' if len(rows) > 1 else '')}, {in80} {lie} inside "
    said += f"the 80 % interval and {in95} inside the 95 % interval"
    if role == "input":
        return said + "; the model was allowed to look at these."
    right80, right95 = (number(round(level * len(rows), 1)) for level in (0.8, 0.95))
    return f"{said}; intervals of the right width would hold about {right80} and {right95}."


def _farthest(reported: Rows) -> Iterator[str]:
    """Name the count that lies farthest outside its 95 % interval, in widths of it."""
    outside = [row for row in reported if row["inside95"] is False]
    if not outside:
        return

    def distance(row: Row) -> float:
        width = max(row["high95"] - row["low95"], 1e-9)
        return float(max(row["low95"] - row["reported"], row["reported"] - row["high95"]) / width)

    row = max(outside, key=distance)
    side = "above" if row["reported"] > row["high95"] else "below"
    use = "used as input" if row["role"] == "input" else "never shown to the model"
    yield (
        f"Farthest from the simulation: {row['label']}, {row['place']}, {day(row['date'])} "
        f"({use}): reported {number(row['reported'])} {row['unit']}, {side} the 95 % interval "
        f"{number(row['low95'])} to {number(row['high95'])}."
    )


def _ends(summary: Row) -> Iterator[str]:
    inside = [stage for stage in summary["stages"] if stage["inside"]["median"] > 0]
    if inside:
        most = max(inside, key=lambda stage: stage["inside"]["median"])
        yield (
            f"On {day(summary['to'])} the stage with most people still in it is: "
            f"{most['label']}, {spread(most['inside'])} people (median and 95 % interval)."
        )
    if summary["outcomes"]:
        top = max(summary["outcomes"], key=lambda row: row["median"])
        yield f"The most frequent outcome is: {top['label']}, {spread(top)} people."


def _assumed(assumptions: Rows) -> Iterator[str]:
    rows = [row for row in assumptions if row["assumed"]]
    if not assumptions:
        return
    said = (
        f"{len(rows)} of the {len(assumptions)} parameters listed are assumed: no source was found"
    )
    weights = [(item["share"], row, item) for row in rows for item in row["influence"]]
    if weights:
        share, row, item = max(weights, key=lambda each: each[0])
        moved = item.get("label", item["measure"])
        said += f". Of these, {row['label']} moves the answers most: {percent(share)} of the "
        said += f"variance of {moved}"
    yield said + "."


def _spread_of(uncertainty: Rows) -> Iterator[str]:
    if uncertainty:
        low = min(row["luck_share"] for row in uncertainty)
        high = max(row["luck_share"] for row in uncertainty)
        share = (
            percent(low) if percent(low) == percent(high) else f"{percent(low)} to {percent(high)}"
        )
        yield (
            f"Chance alone accounts for {share} of the variance, depending on the measure; the "
            "rest comes from what is not known exactly about the parameters."
        )
