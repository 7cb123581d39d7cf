"""A backtest in words and cells, the same on the terminal and on the page."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from asylumatlas.backtest.baselines import BASELINES, TARGETS
from asylumatlas.backtest.question import MODEL, WALK
from asylumatlas.backtest.result import NO_DEFINITION, NOT_PUBLISHED, Backtest

__all__ = [
    "NAMES",
    "NOTE",
    "choices",
    "cutoff_table",
    "factor_table",
    "findings",
    "fit_table",
    "loss_table",
    "score_tables",
]

Row = dict[str, Any]
Cells = tuple[tuple[str, ...], list[tuple[str, ...]]]

NAMES = {MODEL: "court model", **BASELINES, WALK: "random walk of the ledger"}
SHORT = {"last_value": "last", "last_change": "trend", "stock_flow": "sheet", WALK: "walk"}
NOTE = (
    "All in per cent. error: mean of |median - what came| / what came. bias: mean of (median - "
    "what came) / what came. 80 %, 95 %: how often that interval held what came, as the model gave "
    "it / as misses of earlier cut-offs, known by then, widened it. CRPS: of what came, not "
    "widened; smaller is better. last, trend, sheet, walk: skill over the last value carried "
    "forward, the last change again, the spreadsheet stock-flow and a random walk of the ledger "
    "without any court, 1 - error / the other's error; above 0 the model is better. In brackets: "
    "forecasts."
)
NONE = "-"


@cache
def choices() -> dict[str, list[dict[str, str]]]:
    """Return what was settled before scores were looked at ("choice"), and after ("changed")."""
    text = (files("asylumatlas") / "backtest" / "choices.toml").read_text("utf-8")
    return tomllib.loads(text)


def share(value: float | None, sign: bool = False) -> str:
    """Return a share as whole per cents; a dash where there is none.

    Example:
        >>> share(0.256), share(-0.1, sign=True), share(float("nan"))
        ('26 %', '-10 %', '-')
    """
    if value is None or value != value:
        return NONE
    return f"{100 * value:+.0f} %" if sign else f"{100 * value:.0f} %"


def points(value: float | None, sign: bool = False) -> str:
    """Return a share in per cent without its sign, for columns of them.

    Example:
        >>> points(0.256), points(-0.1, sign=True)
        ('26', '-10')
    """
    return share(value, sign).removesuffix(" %")


def findings(result: Backtest) -> list[str]:
    """Return a sentence for each target and variant: error, baselines, coverage, bias."""
    overall = result.table("variant", "target")
    held = {(row["variant"], row["target"]): row for row in result.coverage(80)}
    said = []
    for target in TARGETS:
        for variant in result.settings["variants"]:
            rows = [r for r in overall if (r["variant"], r["target"]) == (variant, target)]
            mine = next((row for row in rows if row["method"] == MODEL), None)
            if mine is None:
                continue
            others = ", ".join(
                f"{NAMES[row['method']]} {share(row['mean_absolute_relative_error'])}"
                for row in rows
                if row["method"] != MODEL
            )
            cover = held[variant, target]
            said.append(
                f"{target.capitalize()}, {variant}: mean error "
                f"{share(mine['mean_absolute_relative_error'])} ({others}), bias "
                f"{share(mine['bias'], sign=True)}; the 80 % interval held "
                f"{share(cover['coverage'])} of {cover['n']} figures "
                f"({share(cover['low95'])} to {share(cover['high95'])})"
                + (f", widened {share(mine['wide_coverage80'])}." if result.learnt else ".")
            )
    said += [_together(result)]
    loose = [f"FY{each['cutoff']}" for each in result.fits if each.get("converged") is False]
    if loose:
        said.append(f"Fits whose chains did not converge in the steps given: {', '.join(loose)}.")
    said += _unscored(result)
    lost = result.losses()
    if lost:
        said.append(
            f"The model is worse than a baseline in {len(lost)} comparisons of a horizon; "
            "all are listed."
        )
    return said


def _unscored(result: Backtest) -> list[str]:
    """What was asked for and cannot be scored, by cut-off, and why."""
    said = []
    for why, what in ((NOT_PUBLISHED, "Not scored"), (NO_DEFINITION, "Pending cases not scored")):
        ahead: dict[int, list[int]] = {}
        for cutoff, year, reason in result.missing:
            if reason == why:
                ahead.setdefault(cutoff, []).append(year - cutoff)
        if ahead:
            pairs = "; ".join(f"FY{cutoff} {_spans(years)}" for cutoff, years in ahead.items())
            said.append(f"{what}, as {why} (cut-off and years ahead): {pairs}.")
    return said


def _spans(years: list[int]) -> str:
    """Whole numbers as text, those in a row as one span.

    Example:
        >>> _spans([3, 4, 5, 8])
        '3 to 5, 8'
    """
    starts = [y for y in years if y - 1 not in years]
    ends = [y for y in years if y + 1 not in years]
    return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in zip(starts, ends, strict=True))


def _together(result: Backtest) -> str:
    """Coverage of all forecasts at once."""
    inner, outer = (
        next(row for row in result.coverage(level) if row["variant"] == "all") for level in (80, 95)
    )
    others = ", ".join(
        f"{NAMES[row['method']]} {share(row['coverage80'])}"
        for row in result.table()
        if row["method"] != MODEL
    )
    said = (
        f"All {inner['n']} forecasts together: the 80 % interval held {share(inner['coverage'])} "
        f"({share(inner['low95'])} to {share(inner['high95'])}), the 95 % interval "
        f"{share(outer['coverage'])}. "
    )
    if result.learnt:
        inner, outer = (
            next(row for row in result.coverage(level, True) if row["variant"] == "all")
            for level in (80, 95)
        )
        said += (
            f"As past misses widened them: {share(inner['coverage'])} ({share(inner['low95'])} to "
            f"{share(inner['high95'])}) and {share(outer['coverage'])}. "
        )
    return f"{said}The others' own 80 % intervals held: {others}."


def fit_table(result: Backtest) -> Cells:
    """Return head and rows: what each fit reports of itself; no rows where nothing is fitted."""
    head = ("known to", "scored", "converged", "greatest R-hat", "least effective draws", "targets")
    rows: list[tuple[str, ...]] = [
        (
            f"FY{each['cutoff']}",
            "yes" if each["scored"] else "no",
            "yes" if each["converged"] else "no",
            f"{each['greatest_r_hat']:.3f}",
            f"{each['least_effective_draws']:.0f}",
            str(each["targets"]),
        )
        for each in result.fits
        if "converged" in each
    ]
    return head, rows


def score_tables(result: Backtest) -> list[tuple[str, Cells]]:
    """Return a table for each target and variant: the model's scores by years ahead, and of all.

    Returns:
        title, (head, rows) of each; the last row is that of all years ahead together.
    """
    table = [*result.table("variant", "target", "horizon"), *result.table("variant", "target")]
    head = ("years", "error", "bias", "80 %", "95 %", "CRPS", *SHORT.values())
    found = []
    for target in TARGETS:
        for variant in result.settings["variants"]:
            rows = [r for r in table if (r["target"], r["variant"]) == (target, variant)]
            lines = [_score_cells(row, rows) for row in rows if row["method"] == MODEL]
            if lines:
                found.append((f"{target.capitalize()}, {variant}", (head, lines)))
    return found


def _score_cells(row: Row, rows: list[Row]) -> tuple[str, ...]:
    """One line: the model's scores, and its skill over each baseline on the same forecasts."""
    ahead = row.get("horizon")
    gains = {r["method"]: r.get("model_skill") for r in rows if r.get("horizon") == ahead}
    return (
        f"{'all' if ahead is None else ahead} ({row['n']})",
        points(row["mean_absolute_relative_error"]),
        points(row["bias"], sign=True),
        f"{points(row['coverage80'])}/{points(row['wide_coverage80'])}",
        f"{points(row['coverage95'])}/{points(row['wide_coverage95'])}",
        points(row["relative_crps"]),
        *(points(gains.get(name), sign=True) for name in SHORT),
    )


def cutoff_table(result: Backtest) -> Cells:
    """Return head and rows: the model's mean error by last known year, with its coverage."""
    head = ("what", "known to", "n", "error", "bias", "80 %", "95 %")
    rows: list[tuple[str, ...]] = [
        (
            f"{row['target']}, {row['variant']}",
            f"FY{row['cutoff']}",
            str(row["n"]),
            share(row["mean_absolute_relative_error"]),
            share(row["bias"], sign=True),
            f"{points(row['coverage80'])}/{points(row['wide_coverage80'])}",
            f"{points(row['coverage95'])}/{points(row['wide_coverage95'])}",
        )
        for row in sorted(
            result.table("variant", "target", "cutoff"),
            key=lambda row: (TARGETS.index(row["target"]), row["variant"] == "blind"),
        )
        if row["method"] == MODEL
    ]
    return head, rows


def factor_table(result: Backtest) -> Cells:
    """Return head and rows: what to multiply the spread of the next forecast by; maybe no rows."""
    head = ("what", "years", "past forecasts", "factor")
    rows: list[tuple[str, ...]] = [
        (
            f"{row['target']}, {row['variant']}",
            str(row["horizon"]),
            str(row["misses"]),
            f"{row['factor']:.2f}",
        )
        for row in sorted(
            result.factors,
            key=lambda row: (TARGETS.index(row["target"]), row["variant"] == "blind"),
        )
    ]
    return head, rows


def loss_table(result: Backtest) -> Cells:
    """Return head and rows: every horizon at which the model is worse than a baseline."""
    head = ("what", "years", "worse than", "n", "skill", "CRPS skill")
    rows: list[tuple[str, ...]] = [
        (
            f"{row['target']}, {row['variant']}",
            str(row["horizon"]),
            NAMES[row["baseline"]],
            str(row["n"]),
            share(row["skill"], sign=True),
            share(row["crps_skill"], sign=True),
        )
        for row in result.losses()
    ]
    return head, rows
