"""The key findings of a run in sentences, built from its numbers alone and honest either way."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from asylumatlas import process
from asylumatlas.markup import amount, day, located, percent, reach, reported_amount, spread

Row = Mapping[str, Any]
Rows = Sequence[Row]

MOST_STAGES = 4  # named in the sentence on where people are at the end
BOUNDS = ("at_least", "more_than", "at_most", "less_than")


def findings(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield the key findings of a run: first what it answers, then how far to trust it."""
    yield from _peaks(summary["series"])
    yield from _ends(summary)
    for role, what in (
        ("prediction", "later count{s} held back"),
        ("input", "reported count{s} used as input"),
    ):
        yield _coverage(summary["reported"], role, what)
    yield from _farthest(summary["reported"])
    yield from _conflicts(summary["reported"])
    yield from _assumed(summary["assumptions"])
    yield from _spread_of(summary["uncertainty"])


def _peaks(series: Rows) -> Iterator[str]:
    """Say when most people were in each line that grows and then shrinks again."""
    for row in series:
        median = row["median"]
        if row["unit"] != "people" or not any(median) or median[-1] > max(median) / 2:
            continue
        top = median.index(max(median))
        at = {level: row[level][top] for level in ("median", "low95", "high95")}
        said = f"{located(row['label'], row['place'])}: most on {day(row['dates'][top])}, "
        said += f"{spread(at)} people (median and 95 % interval)"
        if median[-1] == 0:
            last = max(place for place, value in enumerate(median) if value > 0)
            said += f"; in the median run nobody after {day(row['dates'][last])}"
        yield said + "."


def _ends(summary: Row) -> Iterator[str]:
    """Say where most people are at the end, and how their way ended for most."""
    inside = [row for row in summary["stages"] if row["inside"]["median"] > 0]
    inside.sort(key=lambda row: -row["inside"]["median"])
    if inside:
        shown = inside[:MOST_STAGES]
        named = "; ".join(f"{row['label']}, {spread(row['inside'])}" for row in shown)
        yield f"Where most people are on {day(summary['to'])}: {named}."
        known = process.load().stages
        for row in shown:
            stage = known.get(row["stage"])
            if stage is not None and stage.kind == "final":
                yield f"\u201c{row['label']}\u201d means: {stage.gloss}"
    if summary["outcomes"]:
        top = max(summary["outcomes"], key=lambda row: row["median"])
        yield f"The most frequent outcome is: {top['label']}, {spread(top)} people."


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
    bounds = sum(row.get("qualifier") in BOUNDS for row in rows)
    if bounds:
        said += f" ({bounds} of them {'is a bound' if bounds == 1 else 'are bounds'}, contradicted "
        said += "from one side only)"
    if role == "input":
        return said + "; the model was allowed to look at these."
    said += "; intervals of the right width hold 80 % and 95 % of such counts in the long run."
    seen = sum(bool(row.get("seen")) for row in rows)
    if seen:
        said += f" {seen} of them had been looked at while the scenario was made: weaker evidence."
    return said


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
    use = "used as input" if row["role"] == "input" else "held back"
    yield (
        f"Farthest from the simulation: {located(row['label'], row['place'])}, {day(row['date'])} "
        f"({use}): reported {reported_amount(row)} {row['unit']}, {side} the 95 % interval "
        f"{reach(row, row['unit'])}."
    )


def conflicts(reported: Rows) -> list[list[Row]]:
    """Return groups of published counts of one thing on one day that differ.

    Example:
        >>> rows = [{"measure": "in", "label": "In", "place": "Port", "date": "2018-05-02",
        ...          "reported": value} for value in (53, 88, 88)]
        >>> [len(group) for group in conflicts(rows)], conflicts(rows[1:])
        ([3], [])
    """

    def same(row: Row) -> tuple[str, ...]:
        return row["date"], row.get("measure") or row["label"], row["place"]

    known = sorted((row for row in reported if row["reported"] is not None), key=same)
    groups = [list(rows) for _, rows in groupby(known, key=same)]
    return [rows for rows in groups if len({row["reported"] for row in rows}) > 1]


def _conflicts(reported: Rows) -> Iterator[str]:
    for rows in conflicts(reported):
        first = rows[0]
        said = " and ".join(f"{reported_amount(row)} ({row['outlet'] or '-'})" for row in rows)
        yield (
            f"Published counts conflict: {located(first['label'], first['place'])}, "
            f"{day(first['date'])}: {said} {first['unit']}. Both cannot lie near one simulated "
            "median; each is shown."
        )


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
        said += f". Of these, \u201c{row['label']}\u201d moves the answers most: {percent(share)} "
        said += f"of the variance of \u201c{moved}\u201d"
    yield said + "."


def _spread_of(uncertainty: Rows) -> Iterator[str]:
    varying = [row for row in uncertainty if row["total_sd"] > 0]
    if varying:
        small = sum(row["luck_share"] < 0.5 for row in varying)
        yield (
            f"What is not known exactly about the parameters matters more than chance for {small} "
            f"of the {amount(len(varying), None)} measures that vary between runs."
        )
