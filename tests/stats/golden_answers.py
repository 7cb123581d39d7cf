"""Hand counts as the files of `golden/` hold them, and what a table must say to agree with one."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asylumatlas.stats import Table
from asylumatlas.stats.catalogue import statistics as catalogue

GOLDEN = Path(__file__).parent / "golden"
ARGUMENTS = {"where": "where", "from": "start", "to": "end"}


@dataclass(frozen=True)
class Hand:
    """One question and what was counted by hand."""

    statistic: str
    definition: str
    asked: Mapping[str, Any]
    told: Mapping[str, Any]

    def __str__(self) -> str:
        return " ".join([self.statistic, self.definition, *map(str, self.asked.values())])

    @property
    def kind(self) -> str:
        return catalogue()[self.statistic].kind


def hands(name: str) -> list[Hand]:
    """The hand counts of a file."""

    def rows() -> Iterator[Hand]:
        said = tomllib.loads((GOLDEN / name).read_text("utf-8"))
        for statistic, definitions in said.items():
            for definition, answers in definitions.items():
                for told in answers:
                    asked = {ARGUMENTS[k]: v for k, v in told.items() if k in ARGUMENTS}
                    rest = {k: v for k, v in told.items() if k not in ARGUMENTS}
                    yield Hand(statistic, definition, asked, rest)

    return list(rows())


def agree(kind: str, told: Mapping[str, Any], table: Table) -> None:
    """Hold a table against a hand count."""
    {
        "share": _share,
        "count": _number,
        "stock": _number,
        "duration": _duration,
        "variation": _judges,
        "flow": _flow,
    }[kind](told, table)


def _number(told: Mapping[str, Any], table: Table) -> None:
    found = table.rows[0]["value"] if table.rows else 0
    assert found == len(told["counted"])


def _share(told: Mapping[str, Any], table: Table) -> None:
    above, below = len(told["counted"]), len(told["counted"]) + len(told["besides"])
    (row,) = table.rows
    assert (row["numerator"], row["denominator"]) == (above, below)
    assert row["value"] == (above / below)
    assert 0 <= row["low95"] <= row["value"] <= row["high95"] <= 1


def _duration(told: Mapping[str, Any], table: Table) -> None:
    ended, otherwise, still = (told.get(name, {}) for name in ("ended", "otherwise", "open"))
    (row,) = table.rows
    counts = (row["started"], row["ended"], row["ended_otherwise"], row["open"])
    started = len(ended) + len(otherwise) + len(still)
    assert counts == (started, len(ended), len(otherwise), len(still))
    curve = dict(incidence(list(ended.values()), list(otherwise.values()), list(still.values())))
    for name, share in (("value", 0.5), ("p25", 0.25), ("p75", 0.75), ("p90", 0.9)):
        assert row[name] == first_day(curve, share), name
    for days in (90, 180, 365, 730, 1095):
        assert _close(row[f"within_{days}"], by_day(curve, days, still)), days
    if "median" in told:
        assert row["value"] == told["median"]


def incidence(
    ended: list[int], otherwise: list[int], still: list[int]
) -> Iterator[tuple[int, float]]:
    """Share ended by the event of interest, day by day, by the textbook and one day at a time.

    On each day, of those still waiting the share that ended adds to it; who is still open leaves
    after the events of that day. With no other ends this is one less Kaplan and Meier's product.
    """
    everybody = [*ended, *otherwise, *still]
    waiting, total = 1.0, 0.0
    for day in sorted({*ended, *otherwise}):
        at_risk = sum(days >= day for days in everybody)
        total += waiting * ended.count(day) / at_risk
        waiting *= 1 - (ended.count(day) + otherwise.count(day)) / at_risk
        yield day, total


def first_day(curve: Mapping[int, float], share: float) -> float | None:
    """First day on which so many have ended; None if that is not seen."""
    return next((day for day, value in curve.items() if value >= share - 1e-12), None)


def by_day(curve: Mapping[int, float], days: int, still: Mapping[str, int]) -> float | None:
    """Share ended by a day."""
    return max((value for day, value in curve.items() if day <= days), default=0.0)


def _close(found: float | None, expected: float | None) -> bool:
    """Equal up to rounding; what is not told agrees with everything it could be."""
    return found is None or (expected is not None and math.isclose(found, expected, abs_tol=1e-12))


def _judges(told: Mapping[str, Any], table: Table) -> None:
    (row,) = table.rows
    denied, decided = map(sum, zip(*told["judges"].values(), strict=True))
    assert (row["judges"], row["decisions"]) == (len(told["judges"]), decided)
    assert math.isclose(row["pooled"], denied / decided)
    assert row["trac_judges"] == 0  # nobody has a hundred decisions


def _flow(told: Mapping[str, Any], table: Table) -> None:
    rows = [row for row in table.rows if row["value"]]
    for days, stages in told["after"].items():
        size = sum(map(len, stages.values()))
        found = {row["stage"]: row["value"] for row in rows if row["after_days"] == int(days)}
        assert set(found) == set(stages), days
        for stage, cases in stages.items():
            assert math.isclose(found[stage], len(cases) / size), (days, stage)
