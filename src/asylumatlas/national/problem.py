"""The calibration of the national court model: its unknowns, their ranges, and its targets.

The productivity of each year is not among the unknowns: it is solved, so that every draw completes
what was completed. What is left for the targets to tell is what the judges' days were spent on.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from asylumatlas import parameters
from asylumatlas.calibrate import CalibrationError, Prior, Targets
from asylumatlas.calibrate.problem import Misfit
from asylumatlas.evidence.suggestion import did_you_mean
from asylumatlas.national import ledger as ledgers
from asylumatlas.national import targets as published
from asylumatlas.national.columns import STATIC
from asylumatlas.national.ledger import Ledger
from asylumatlas.national.solution import Solution, solve
from asylumatlas.national.targets import Target

__all__ = ["KINDS", "NationalProblem", "individual_decisions", "national_problem", "prior"]

Floats = NDArray[np.float64]
Known = Literal["published", "covered"]

# Target kind -> the model's answer by fiscal year, as a logarithm; (draws, years) each.
KINDS = ("in_absentia_orders", "asylum_decisions", "mean_days_pending", "median_days_pending")
LAST_ACTIVE = 2020  # where the first of the two ledgers ends
FLOOR = 1e-6  # so that a logarithm of nothing is merely far away


@dataclass(frozen=True)
class Row:
    """One target and how the model answers it.

    Attributes:
        name: the target's key.
        kind: what it is held against: a kind of `KINDS`, "completions", "productivity_change" or
            "productivity_level".
        first: place of its first fiscal year among those of the ledger.
        last: place of its last.
        value: the figure, as the logarithm that is compared.
        sd: its standard deviation.
        label: the figure in words.
        source: where it is from, or "assumed".
        held: whether the fit never sees it.
    """

    name: str
    kind: str
    first: int
    last: int
    value: float
    sd: float
    label: str
    source: str
    held: bool = False


@dataclass(frozen=True)
class NationalProblem:
    """The national court model as a problem of calibration (`calibrate.Problem`).

    Attributes:
        past: the ledger that it was given, and nothing later.
        prior: laws of the unknowns.
        rows: its targets.
        fixed: values of the parameters that are not fitted.
        discrepancy: what the twin gets wrong against the simulation; None where not trained.
    """

    past: Ledger
    prior: Prior
    rows: tuple[Row, ...]
    fixed: tuple[tuple[str, float], ...] = ()
    discrepancy: Misfit | None = None

    @property
    def targets(self) -> Targets:
        """The targets: logarithms and what they may be off by."""
        return Targets(
            names=tuple(row.name for row in self.rows),
            values=np.array([row.value for row in self.rows]),
            sd=np.array([row.sd for row in self.rows]),
            held=np.array([row.held for row in self.rows]),
            labels=tuple(row.label for row in self.rows),
            sources=tuple(row.source for row in self.rows),
            units=("log ratio",) * len(self.rows),
        )

    def statics(self, theta: Floats) -> dict[str, Floats]:
        """Return (N, P) unknowns as static parameters of the twin, by name."""
        found = {name: np.full(len(theta), value) for name, value in self.fixed}
        return found | {name: theta[:, k] for k, name in enumerate(self.prior.names)}

    def solved(self, theta: Floats) -> Solution:
        """Return the past years of (N, P) unknowns, with completions as published."""
        return solve(self.statics(theta), self.past)

    def simulate(self, theta: Floats) -> Floats:
        """(N, K) the twin's answers to the targets."""
        return self.answers(self.solved(theta))

    def answers(self, run: Solution) -> Floats:
        """(N, K) what a run through the past years answers to the targets."""
        productivity = np.log(np.maximum(_filled(run.productivity), FLOOR))
        shift = len(self.past.years) - len(run.years)  # years without an opening stock
        found = np.empty((len(productivity), len(self.rows)))
        for place, row in enumerate(self.rows):
            years = slice(row.first - shift, row.last - shift + 1)
            if row.kind == "productivity_change":
                found[:, place] = productivity[:, years.stop - 1] - productivity[:, years.start]
            elif row.kind == "productivity_level":
                found[:, place] = productivity[:, years].mean(axis=1)
            elif row.kind == "completions":
                found[:, place] = np.log1p(np.maximum(run.misfit[:, years], FLOOR - 1)).mean(axis=1)
            else:
                found[:, place] = _told(row.kind, run, years)
        return found


def _filled(productivity: Floats) -> Floats:
    """(N, Y) productivity; that of the nearest later year where a year's work ran out.

    Such a draw misses the year's completions, which is what rules it out.
    """
    found = productivity.copy()
    for column in range(found.shape[1] - 2, -1, -1):
        found[:, column] = np.where(
            np.isnan(found[:, column]), found[:, column + 1], found[:, column]
        )
    for column in range(1, found.shape[1]):
        found[:, column] = np.where(
            np.isnan(found[:, column]), found[:, column - 1], found[:, column]
        )
    return np.nan_to_num(found, nan=FLOOR)


def _told(kind: str, run: Solution, years: slice) -> Floats:
    """(N,) logarithm of what the twin says to a published figure."""
    columns = run.columns
    if kind == "in_absentia_orders":
        value = columns["in_absentia"][:, years].sum(axis=1)
    elif kind == "asylum_decisions":
        value = individual_decisions(run)[:, years].sum(axis=1)
    else:
        value = columns["age_days"][:, years.stop - 1]
    found: Floats = np.log(np.maximum(value, FLOOR))
    return found


def individual_decisions(run: Solution) -> Floats:
    """(N, Y) cases that an individual hearing ended."""
    place = {name: k for k, name in enumerate(STATIC)}
    on = run.statics[:, place["individual_continued_share"]][:, None]
    on_held = run.statics[:, place["individual_continued_share_detained"]][:, None]
    released = run.columns["individuals_released"]
    held = run.columns["individuals"] - released
    found: Floats = released * (1 - on) + held * (1 - on_held)
    return found


def national_problem(
    past: Ledger | None = None,
    until: int | None = None,
    *,
    known: Known = "published",
    held: Sequence[str] = (),
    names: Sequence[str] = STATIC,
    discrepancy: Misfit | None = None,
) -> NationalProblem:
    """Return the calibration of the national court model on what was known at the end of a year.

    Args:
        past: a ledger, cut at that year; the published one if not given.
        until: fiscal year at whose end the fit is made; the ledger's last if not given.
        known: "published": figures that could be read by then; "covered": also those published
            later, if they speak of years up to then.
        held: targets, or kinds of them, that are shown beside the fit and never seen by it.
        names: parameters to fit; the others stay at their stated values.
        discrepancy: what the twin gets wrong against the simulation (`training.train`).

    Raises:
        CalibrationError: a name is unknown, or a target that was asked for has no data.
        LacksData: the ledger does not hold the year.

    Example:
        >>> problem = national_problem(until=2017)
        >>> len(problem.prior), problem.rows[0].name
        (20, 'completions FY2008')
    """
    last = until if until is not None else (past.last if past is not None else 2017)
    if past is None:  # flows are the same in both definitions, and the fit uses no other stock
        past = ledgers.history(last, "active" if last <= LAST_ACTIVE else "all")
    past = past.cut(last)
    for name in names:
        if name not in STATIC:
            raise CalibrationError(f"{name}: not a parameter to fit.{did_you_mean(name, STATIC)}")
    start = int(past.years[0])
    rows = [*_structure(past), *_published(past, last, known)]
    rows = _held(rows, held, last)
    found = NationalProblem(past, prior(tuple(names), start), tuple(rows))
    fixed = tuple((name, _entry(name, start).value) for name in STATIC if name not in names)
    return replace(found, fixed=fixed, discrepancy=discrepancy)


def prior(names: tuple[str, ...] = STATIC, start: int = 2008) -> Prior:
    """Return the laws of the unknowns: flat on the range of what is assumed, else triangular.

    Args:
        names: static parameters of the model.
        start: fiscal year whose entry of a dated parameter counts.
    """
    entries = [_entry(name, start) for name in names]
    assumed = [_known()[f"national.{name}"].assumed is not None for name in names]
    mode = [np.nan if made else entry.value for made, entry in zip(assumed, entries, strict=True)]
    low, high = [entry.low for entry in entries], [entry.high for entry in entries]
    return Prior(names, np.array(low), np.array(high), np.array(mode))


def _structure(past: Ledger) -> list[Row]:
    """What the model must do whatever is published: meet completions, at a steady enough pace."""
    places = np.flatnonzero(np.isfinite(past.working_start))
    first, last = int(places[0]), len(past.years) - 1
    rows = [
        Row(f"completions FY{past.years[k]}", "completions", k, k, 0.0, _rule("completions")["sd"],
            f"Completions of FY{past.years[k]}, over those published", "S01")
        for k in range(first, last + 1)
    ]  # fmt: skip
    rows += [
        Row(f"productivity change FY{past.years[k]}", "productivity_change", k - 1, k, 0.0,
            _rule("productivity_change")["sd"],
            f"Productivity of FY{past.years[k]} over the year before", "assumed")
        for k in range(first + 1, last + 1)
    ]  # fmt: skip
    level = _rule("productivity_level")["sd"]
    told = "Mean productivity of all years"
    rows.append(Row("productivity level", "productivity_level", first, last, 0.0, level, told,
                    "assumed"))  # fmt: skip
    return rows


def _published(past: Ledger, until: int, known: Known) -> list[Row]:
    """Published figures of years that the ledger holds."""
    found: dict[str, Row] = {}
    first = int(past.years[np.flatnonzero(np.isfinite(past.working_start))[0]])
    usable = [
        target
        for target in published.targets(until if known == "published" else None)
        if target.name in KINDS and first <= target.first and target.last <= until
    ]
    means = {target.last for target in usable if target.name == "mean_days_pending"}
    for target in usable:
        if target.name == "median_days_pending" and target.last in means:
            continue  # the same stock told twice
        row = _row(target, past)
        found[row.name] = row  # a later vintage of the same figure stands for the earlier
    kinds = [row.kind for row in found.values()]
    # Figures of one kind share what links them to the model, so together they weigh as one.
    return [replace(row, sd=row.sd * kinds.count(row.kind) ** 0.5) for row in found.values()]


def _row(target: Target, past: Ledger) -> Row:
    rule = _rule(target.name)
    factor = 1 / rule.get("share", 1.0)
    span = f"FY{target.first}" if target.first == target.last else f"FY{target.first}-{target.last}"
    words = target.name.replace("_", " ")
    return Row(
        name=f"{words} {span}",
        kind=target.name,
        first=past.at(target.first),
        last=past.at(target.last),
        value=float(np.log(target.value * factor)),
        sd=float(rule["sd"]),
        label=f"{words[0].upper()}{words[1:]} {span}: {target.value:,.0f} {target.unit}",
        source=target.source,
    )


def _held(rows: list[Row], held: Sequence[str], until: int) -> list[Row]:
    """The targets, those named marked as held out.

    Raises:
        CalibrationError: there is no such target, or none with data.
    """
    names = [row.name for row in rows]
    kinds = [row.kind for row in rows]
    for wanted in held:
        if wanted in KINDS and wanted not in kinds:
            raise CalibrationError(
                f"target {wanted}: no data by FY{until}; choose a later year or leave it out."
            )
        if wanted not in (*names, *kinds):
            near = did_you_mean(wanted, (*names, *KINDS))
            raise CalibrationError(f"target {wanted}: no such target.{near}")
    return [replace(row, held=row.name in held or row.kind in held) for row in rows]


@cache
def _rules() -> dict[str, Any]:
    return tomllib.loads((files("asylumatlas") / "national" / "fit.toml").read_text("utf-8"))


def _rule(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = _rules()[kind]
    return found


@cache
def _known() -> Any:
    return parameters.load()


def _entry(name: str, start: int) -> Any:
    """A parameter's value and range on the first day of a fiscal year."""
    import datetime

    return parameters.find(_known(), f"national.{name}").at(datetime.date(start - 1, 10, 1))
