"""A backtest in one small table, and the same as Markdown for the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from asylumatlas.backtest.baselines import TARGETS
from asylumatlas.backtest.question import MODEL, OTHERS, WALK
from asylumatlas.backtest.result import Backtest
from asylumatlas.backtest.telling import choices

__all__ = [
    "HEAD",
    "beside_markdown",
    "changes_markdown",
    "coverage_markdown",
    "factors_markdown",
    "markdown",
    "summary_rows",
]

Row = Mapping[str, Any]

_MEANS = {  # column -> key of `scores.summary`
    "error": "mean_absolute_relative_error",
    "bias": "bias",
    "held80": "coverage80",
    "held80_widened": "wide_coverage80",
    "held95": "coverage95",
    "held95_widened": "wide_coverage95",
    "widening": "widening",
    "crps": "relative_crps",
    "crps_widened": "wide_relative_crps",
    "interval_score80": "relative_interval_score80",
    "interval_score80_widened": "wide_relative_interval_score80",
}
_SKILLS = {f"skill_over_{name}": name for name in OTHERS}
_RANGES = ("held80_from", "held80_to", "held80_widened_from", "held80_widened_to")
HEAD = ("target", "variant", "horizon", "n", *_MEANS, *_SKILLS, *_RANGES)
SHORT = {
    "last_value": "last value",
    "last_change": "last change",
    "stock_flow": "spreadsheet",
    WALK: "walk",
}
DIGITS = 4


def summary_rows(result: Backtest) -> list[dict[str, Any]]:
    """Return the model's scores by target, variant and years ahead, and of each together.

    Returns:
        rows with the columns of `HEAD`, shares rounded to four digits; "all" in place of a
        horizon, a target or a variant stands for all of them. Ranges of how often an interval
        held what came, 95 %, stand where all horizons are together.
    """
    rows = []
    ranges = _ranges(result)
    for by in (("target", "variant", "horizon"), ("target", "variant"), ()):
        table = result.table(*by)
        for row in table:
            if row["method"] != MODEL:
                continue
            same = [r for r in table if all(r[key] == row[key] for key in by)]
            gains = {r["method"]: r.get("model_skill", float("nan")) for r in same}
            cells = {key: row.get(key, "all") for key in ("target", "variant", "horizon")}
            cells |= {"n": row["n"]}
            cells |= {name: round(row[key], DIGITS) for name, key in _MEANS.items()}
            cells |= {
                name: round(gains.get(other, float("nan")), DIGITS)
                for name, other in _SKILLS.items()
            }
            whole = ranges.get((cells["target"], cells["variant"]), ("",) * len(_RANGES))
            each = cells["horizon"] != "all"
            cells |= dict(zip(_RANGES, ("",) * len(_RANGES) if each else whole, strict=True))
            rows.append(cells)
    order = (*TARGETS, "all")
    # Told first, then blind; by horizon, all of them last.
    return sorted(rows, key=lambda r: (order.index(r["target"]), r["variant"] == "blind"))


def _ranges(result: Backtest) -> dict[tuple[str, str], tuple[Any, ...]]:
    """(target, variant) -> ends of the ranges of raw and widened coverage."""
    found: dict[tuple[str, str], tuple[Any, ...]] = {}
    for wide in (False, True):
        for row in result.coverage(80, wide):
            key = (row["target"], row["variant"])
            ends = (round(row["low95"], DIGITS), round(row["high95"], DIGITS))
            found[key] = (*found.get(key, ()), *ends)
    return found


def coverage_markdown(rows: Iterable[Row]) -> str:
    """Return how often the intervals held what came as a Markdown table, all horizons together.

    Args:
        rows: of `summary_rows`, or read from the file that holds them.
    """
    lines = [
        "| | n | 80 % as given | 80 % widened | 95 % as given | 95 % widened |",
        "| --- | --: | --: | --: | --: | --: |",
    ]
    for row in rows:
        if row["horizon"] != "all":
            continue
        name = "all" if row["target"] == "all" else f"{row['target']}, {row['variant']}"
        cells = [name, str(row["n"])]
        for held in ("held80", "held80_widened"):
            low, high = _points(row[f"{held}_from"]), _points(row[f"{held}_to"])
            cells.append(f"{_points(row[held])} ({low} to {high})")
        cells += [_points(row["held95"]), _points(row["held95_widened"])]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def factors_markdown(rows: Iterable[Row]) -> str:
    """Return what to multiply the spread of the next forecast by as a Markdown table.

    Args:
        rows: `Backtest.factors`, or read from the file that holds them.
    """
    groups: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda r: (TARGETS.index(r["target"]), r["variant"] == "blind")):
        name = f"{row['target']}, {row['variant']}"
        groups.setdefault(name, []).append(f"{float(row['factor']):.1f}")
    if not groups:
        return ""
    most = max(map(len, groups.values()))
    lines = [
        "| years ahead | " + " | ".join(map(str, range(1, most + 1))) + " |",
        "| --- " + "| --: " * most + "|",
    ]
    lines += [f"| {name} | " + " | ".join(cells) + " |" for name, cells in groups.items()]
    return "\n".join(lines) + "\n"


def beside_markdown(rows: Iterable[Row], others: Iterable[Row]) -> str:
    """Return two backtests of the same cut-offs as one Markdown table.

    Args:
        rows: summary of the simulated forecasts.
        others: summary of the twin's.
    """

    def key(row: Row) -> tuple[str, ...]:
        return tuple(str(row[name]) for name in ("target", "variant", "horizon"))

    known = {key(row): row for row in others}
    lines = [
        "| | years ahead | n | error, people | error, twin | bias, people | bias, twin |",
        "| --- " + "| --: " * 6 + "|",
    ]
    for row in rows:
        if row["target"] != "all" and key(row) in known:
            pair = (row, known[key(row)])
            cells = [f"{row['target']}, {row['variant']}", str(row["horizon"]), str(row["n"])]
            cells += [_points(each["error"]) for each in pair]
            cells += [_points(each["bias"], True) for each in pair]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def changes_markdown() -> str:
    """Return what was changed after scores had been looked at, as a Markdown list."""
    said = [
        f"- {each['what']} *Why:* {each['why']} *Before:* {each['before']} *After:* {each['after']}"
        for each in choices().get("changed", [])
    ]
    return "\n".join(said) + "\n"


def markdown(rows: Iterable[Row]) -> str:
    """Return the rows of a summary as a Markdown table for each target and variant.

    Args:
        rows: of `summary_rows`, or read from the file that holds them.

    Example:
        >>> row = dict.fromkeys(HEAD, "0.25") | {"target": "pending", "variant": "given"}
        >>> print(markdown([row | {"horizon": 1, "n": "11", "bias": "-0.031"}]).splitlines()[-2])
        | 1 | 11 | 25 | -3 | 25 / 25 | 25 / 25 | 0.25 | +25 | +25 | +25 | +25 |
    """
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((str(row["target"]), str(row["variant"])), []).append(row)
    lines = []
    for (target, variant), members in groups.items():
        if target == "all":
            continue
        lines += [f"**{target.capitalize()}, {variant}**", ""]
        skills = " | ".join(f"skill: {SHORT[name]}" for name in _SKILLS.values())
        lines += [f"| years ahead | n | error | bias | 80 % held | 95 % held | factor | {skills} |"]
        lines += ["| --: " * 11 + "|"]
        lines += ["| " + " | ".join(_cells(row)) + " |" for row in members]
        lines += [""]
    return "\n".join(lines) + "\n"


def _cells(row: Row) -> Sequence[str]:
    return (
        str(row["horizon"]),
        str(row["n"]),
        _points(row["error"]),
        _points(row["bias"], True),
        f"{_points(row['held80'])} / {_points(row['held80_widened'])}",
        f"{_points(row['held95'])} / {_points(row['held95_widened'])}",
        f"{float(row['widening']):.2f}",
        *(_points(row[name], True) for name in _SKILLS),
    )


def _points(value: Any, sign: bool = False) -> str:
    """A share in whole per cents; a dash where there is none."""
    if value in (None, "", "nan") or value != value:
        return "-"
    return f"{100 * float(value):{'+' if sign else ''}.0f}"
