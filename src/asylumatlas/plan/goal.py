"""A goal of a staffing plan and the limits it is held to: plain data, from a file or from words."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from asylumatlas import parameters
from asylumatlas.evidence.suggestion import did_you_mean

__all__ = ["DAYS_OF_QUARTER", "Bounds", "Goal", "PlanError", "fiscal_year", "read_goal"]

DAYS_OF_QUARTER = 365.25 / 4
MOST_YEARS = 15
MOST_JUDGES = 1e5  # of one court; more is a slip of the pen
MOST = {"days": 3650.0}  # of a parameter, by the first word of its unit
RULES = ("paths", "line")
_SECTIONS = ("goal", "limits", "courts", "parameters")


class PlanError(ValueError):
    """A goal that cannot be read or met; the message is one line with the remedy."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Fewest and most judges of one court, from the first day a hire can sit.

    Attributes:
        least: judges, 0 or more.
        most: judges; infinity where there is no bound.
    """

    least: float = 0.0
    most: float = float("inf")

    @property
    def possible(self) -> bool:
        """Whether some number of judges lies between them; not so where one is not a number."""
        return 0 <= self.least <= min(self.most, MOST_JUDGES)


@dataclass(frozen=True, slots=True)
class Goal:
    """What a plan must reach, and the limits it must keep.

    Either `share` and `within` are given, or `pending_below`.

    Attributes:
        share: of the cases of the released docket filed from the first day of `by` on, the part
            that must be decided in time, in every court; 0 to 1.
        within: days from filing to decision.
        pending_below: cases of both dockets pending in the country on the first day of `by` and
            at each end of quarter after.
        by: fiscal year; FY2030 begins on 1 October 2029.
        start: last fiscal year that is known; the plan begins on the day after its end.
        years: fiscal years of the plan.
        rule: "paths" follows each case from hearing to hearing; "line" takes the whole docket as
            one line, first in first out (cases that need more hearings then count as average).
        hires_per_quarter: judges that may take the bench in a quarter, replacements included.
        attorney_hires_per_quarter: government attorneys that may begin in a quarter.
        budget: USD over the whole plan, beyond the cost of keeping today's staff.
        lead_days: days from the decision to hire to the bench; None for the parameter
            `staffing.lead_days`.
        receipts: cases a fiscal year; None for the parameter `staffing.receipts`.
        affirmative_below: pending affirmative applications that the asylum officers must come
            down to by `by`; None only keeps them from growing.
        gap: relative gap to the least cost at which the search for whole judges may stop.
        seconds: time the search for whole judges may take.
        courts: bounds by key of a court.
        parameters: values that replace those of the parameter files, by name.
    """

    share: float | None = 0.9
    within: float = 365.0
    pending_below: float | None = None
    by: int = 2030
    start: int = 2024
    years: int = 10
    rule: str = "paths"
    hires_per_quarter: float | None = None
    attorney_hires_per_quarter: float | None = None
    budget: float | None = None
    lead_days: float | None = None
    receipts: float | None = None
    affirmative_below: float | None = None
    gap: float = 0.005
    seconds: float = 30.0
    courts: Mapping[str, Bounds] = field(default_factory=dict)
    parameters: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what makes no sense, in one line.

        Raises:
            PlanError: a value outside its range.
        """
        if (self.share is None) == (self.pending_below is None):
            raise PlanError("goal: give either share (with within) or pending_below, and not both")
        checks = (
            ("share", self.share, 0.0, 1.0, "a share between 0 and 1, such as 0.9"),
            ("within", self.within, 1.0, 3650.0, "1 to 3650 days"),
            ("pending_below", self.pending_below, 0.0, 1e9, "a number of cases, 0 or more"),
            ("years", self.years, 1, MOST_YEARS, f"1 to {MOST_YEARS} fiscal years"),
            ("hires_per_quarter", self.hires_per_quarter, 0.0, 1e5, "0 or more judges"),
            ("attorney_hires_per_quarter", self.attorney_hires_per_quarter, 0.0, 1e6, "0 or more"),
            ("budget", self.budget, 0.0, 1e13, "0 or more USD"),
            ("lead_days", self.lead_days, 0.0, 3650.0, "0 to 3650 days"),
            ("receipts", self.receipts, 0.0, 1e8, "0 or more cases a year"),
            ("affirmative_below", self.affirmative_below, 0.0, 1e9, "0 or more applications"),
            ("gap", self.gap, 0.0, 1.0, "0 to 1"),
            ("seconds", self.seconds, 0.1, 3600.0, "0.1 to 3600 seconds"),
        )
        for name, value, low, high, wanted in checks:
            if value is not None and not low <= value <= high:
                raise PlanError(f"goal: {name}: {value:g} is not possible; give {wanted}")
        if self.years != int(self.years):
            raise PlanError(f"goal: years: {self.years:g} is not a whole number; give 1 to 15")
        if self.rule not in RULES:
            raise PlanError(
                f'goal: rule: "{self.rule}" is unknown.{did_you_mean(self.rule, RULES)} '
                "It is paths or line"
            )
        if not self.start < self.by <= self.start + self.years:
            raise PlanError(
                f"goal: by: FY{self.by} is outside FY{self.start + 1} to "
                f"FY{self.start + self.years}, the years of the plan; change by, start or years"
            )
        _known_parameters(self.parameters)

    @property
    def quarters(self) -> int:
        """Quarters of the plan."""
        return 4 * self.years

    @property
    def first(self) -> int:
        """Quarters before the goal must hold."""
        return 4 * (self.by - self.start - 1)

    def said(self) -> str:
        """Return the goal as a sentence.

        Example:
            >>> Goal().said()
            '90 % of released cases filed from FY2030 on are decided within 365 days'
        """
        if self.pending_below is not None:
            return f"fewer than {self.pending_below:,.0f} cases are pending from FY{self.by} on"
        return (
            f"{100 * (self.share or 0):.3g} % of released cases filed from FY{self.by} on are "
            f"decided within {self.within:g} days"
        )


def fiscal_year(text: str | int) -> int:
    """Return the fiscal year that a word names.

    Raises:
        PlanError: it names none.

    Example:
        >>> fiscal_year("FY2030"), fiscal_year(2030)
        (2030, 2030)
    """
    found = re.fullmatch(r"(?:FY)?(\d{4})", str(text).strip(), re.IGNORECASE)
    if isinstance(text, bool) or found is None:
        raise PlanError(f"goal: {text!r} is not a fiscal year; write it like FY2030")
    return int(found[1])


def read_goal(path: Path | None = None, **words: Any) -> Goal:
    """Read a goal from a TOML file; words given beside it go before what the file says.

    The file has the tables `goal` (share, within, pending_below, by, rule), `limits` (start, years,
    hires_per_quarter, attorney_hires_per_quarter, budget, lead_days, receipts, affirmative_below,
    gap, seconds), `courts` (a table of `least` and `most` for each key) and `parameters`.

    Args:
        path: the file; None for words alone.
        words: fields of `Goal`; None stands for a word not given.

    Raises:
        PlanError: a file that is not TOML, or a key or value that is not known.

    Example:
        >>> read_goal(share=0.5, by=2031).said()
        '50 % of released cases filed from FY2031 on are decided within 365 days'
    """
    found = {} if path is None else _from_file(path)
    found |= {name: value for name, value in words.items() if value is not None}
    if "pending_below" in found and "share" not in found:
        found["share"] = None
    for name in ("by", "start"):
        if name in found:
            found[name] = fiscal_year(found[name])
    if "start" in found and "by" not in found:
        found["by"] = max(2030, found["start"] + 6)
    try:
        return replace(Goal(), **found) if found else Goal()
    except TypeError:
        raise PlanError(f"goal: a value of the wrong kind among {', '.join(found)}") from None


def _from_file(path: Path) -> dict[str, Any]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"{path}: not valid TOML: {error}") from None
    found: dict[str, Any] = {}
    known = {each.name for each in fields(Goal)} - {"courts", "parameters"}
    for section, table in tables.items():
        if section not in _SECTIONS:
            hint = did_you_mean(section, _SECTIONS)
            raise PlanError(f'{path}: unknown table "{section}".{hint} Known: goal, limits, courts')
        if not isinstance(table, dict):
            raise PlanError(f"{path}: {section}: must be a table")
        if section in ("goal", "limits"):
            for key, value in table.items():
                if key not in known:
                    raise PlanError(
                        f'{path}: {section}: unknown "{key}".{did_you_mean(key, known)}'
                    )
                found[key] = _checked(path, f"{section}.{key}", value, key)
    if "courts" in tables:
        found["courts"] = {key: _bounds(path, key, row) for key, row in tables["courts"].items()}
    if "parameters" in tables:
        found["parameters"] = {
            key: _checked(path, f"parameters.{key}", value, key)
            for key, value in tables["parameters"].items()
        }
    return found


def _checked(path: Path, where: str, value: Any, key: str) -> Any:
    if key in ("by", "start"):
        return fiscal_year(value)
    if key == "rule" and isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PlanError(f"{path}: {where}: {value!r} is not a number")
    return value


def _bounds(path: Path, key: str, row: Any) -> Bounds:
    if not isinstance(row, dict) or set(row) - {"least", "most"}:
        raise PlanError(f"{path}: courts.{key}: write a table with least, most or both")
    numbers = {name: float(_checked(path, f"courts.{key}.{name}", row[name], name)) for name in row}
    bounds = Bounds(**numbers)
    if not bounds.possible:
        raise PlanError(
            f"{path}: courts.{key}: least must be 0 to {MOST_JUDGES:,.0f}, and at most `most`"
        )
    return bounds


def _known_parameters(given: Mapping[str, float]) -> None:
    known = parameters.load() if given else {}
    for name in given:
        if name not in known:
            raise PlanError(f'goal: unknown parameter "{name}".{did_you_mean(name, known)}')
        if known[name].unit.startswith("share") and not 0 <= given[name] <= 1:
            raise PlanError(f"goal: {name}: {given[name]:g} is not a share between 0 and 1")
        most = MOST.get(known[name].unit.split(" ")[0], 1e9)
        if not 0 <= given[name] <= most:
            raise PlanError(f"goal: {name}: {given[name]:g} is not possible; give 0 to {most:,.0f}")
