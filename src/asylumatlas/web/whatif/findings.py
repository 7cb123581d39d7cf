"""What a run found, as rows of tables and charts: effects, published counts, courses over time."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from markupsafe import Markup

from asylumatlas import charts
from asylumatlas.fans import thinned
from asylumatlas.markup import amount, located, reach, reported_amount
from asylumatlas.pictures.style import INK
from asylumatlas.scenario import Scenario, names
from asylumatlas.scenario.controls import Control, controls
from asylumatlas.summary import named, source_ids
from asylumatlas.web.whatif.view import title, told

Row = dict[str, Any]
DATES = 12  # rows of a table over time
MOST_ASSUMED = 12
PARTS = ("stations", "feeds", "crews", "spaces", "ways", "measures", "change", "calendars")

# ---- what was changed


def base_of(text: str) -> str:
    """The shipped scenario that a text extends; "" for none that can be run.

    Example:
        >>> base_of('extends = "caravan-2018"'), base_of('title = "x"')
        ('caravan-2018', '')
    """
    try:
        parent = tomllib.loads(text).get("extends", "")
    except (ValueError, RecursionError):
        return ""
    return parent if parent in names() else ""


def changes(base: Scenario, variant: Scenario) -> list[Row]:
    """What differs between two scenarios: each number, and each part that only one has.

    Args:
        base: what the other is a variant of.
        variant: the other.

    Returns:
        Rows with `label`, `unit`, `base`, `value` (a number, or text for several; ``None`` where
        there is none), `low`, `high` of the base's range, and `outside`.
    """
    if base.fingerprint == variant.fingerprint:
        return []
    before = {each.key: each for each in controls(base)}
    after = {each.key: each for each in controls(variant)}
    rows = [
        _difference(before[key], new)
        for key, new in after.items()
        if key in before and _values(before[key]) != _values(new)
    ]
    rows += _settings(base, variant)
    for part in PARTS:
        old, new = getattr(base.model, part), getattr(variant.model, part)
        if part == "change":
            known = {(each.on, each.what) for each in old}
            rows += [_part(each.what, each.on) for each in new if (each.on, each.what) not in known]
        else:
            rows += [_part(f"{part}: {name}") for name in new if name not in old]
    return rows


def _values(control: Control) -> list[tuple[Any, ...]]:
    return [(step.start, step.value, step.low, step.high) for step in control.steps]


def _difference(old: Control, new: Control) -> Row:
    one = len(old.steps) == 1
    low, high = old.low, old.high
    return {
        "label": title(old),
        "unit": old.unit,
        "from": None,
        "base_to": None,
        "base": _value(old),
        "value": _value(new),
        "low": low if high > low else None,
        "high": high if high > low else None,
        "assumed": bool(old.assumed),
        "outside": high > low and one and not low <= new.value <= high,
    }


def _value(control: Control) -> float | str:
    """A number, or its first and last in words where it has dates."""
    first, last = control.steps[0].value, control.steps[-1].value
    return first if len(control.steps) == 1 else f"{told(first)} … {told(last)}"


def _settings(base: Scenario, variant: Scenario) -> list[Row]:
    """The days of the run, where they differ; its scale is told elsewhere."""
    rows = []
    for name, label in (("start", "First day"), ("to", "Last day")):
        old, new = getattr(base.model, name), getattr(variant.model, name)
        if old != new:
            rows.append(_part(label) | {"base": old.isoformat(), "value": new.isoformat()})
    return rows


def _part(label: str, on: Any = None) -> Row:
    said = f"{label} ({on.isoformat()})" if on else label
    empty = dict.fromkeys(("from", "base", "base_to", "value", "low", "high"))
    return {"label": said, "unit": "", **empty, "assumed": False, "outside": False}


# ---- what it changes


def effects(comparison: Mapping[str, Any] | None) -> dict[str, list[Row]]:
    """A comparison's rows in words: those that differ, by how sure that is, and the rest.

    Returns:
        `differ` and `same`, each of rows with texts `base`, `variant`, `difference`, `reach`, and
        `sure`: "luck" where it may be chance, "more" where it is more than that.
    """
    found: dict[str, list[Row]] = {"differ": [], "same": []}
    for row in comparison["rows"] if comparison else ():
        if row["difference"] is None:
            continue
        unit = row["unit"]
        ends = (row["low95"], row["high95"])
        shown = {
            "label": row["label"],
            "unit": "" if unit.startswith("share") else unit,
            "base": amount(row["a"], unit),
            "variant": amount(row["b"], unit),
            "difference": signed(row["difference"], unit),
            "reach": f"{signed(ends[0], unit)} to {signed(ends[1], unit)}",
        }
        low, high = row["mean_low95"], row["mean_high95"]
        is_sure = low is not None and high is not None and (low > 0 or high < 0)
        shown["sure"] = "more" if is_sure else "luck"
        is_same = row["mean"] == 0 and ends == (0, 0)
        found["same" if is_same else "differ"].append(shown)
    found["differ"].sort(key=lambda row: row["sure"] != "more")
    return found


def signed(value: float, unit: str) -> str:
    """A difference with its sign; of shares in percentage points.

    Example:
        >>> signed(12.0, "people"), signed(-0.031, "share"), signed(0.0, "days")
        ('+12', '−3.1 pt', '0')
    """
    if unit.startswith("share"):
        said = f"{abs(100 * value):.1f}"
        body = f"{said.removesuffix('.0')} pt" if float(said) else "0 pt"
    else:
        body = amount(abs(value), unit)
    nothing = not any(c in "123456789" for c in body)
    return body if nothing else f"{'+' if value > 0 else '−'}{body}"


# ---- beside what was published


def reported(summary: Mapping[str, Any], base: Mapping[str, Any] | None) -> list[Row]:
    """Every published count beside the run's intervals, those held back first."""
    below = {_count(row): row for row in base["reported"]} if base else {}
    rows = []
    for row in sorted(summary["reported"], key=lambda row: (row["role"] == "input", row["date"])):
        other = below.get(_count(row))
        rows.append(
            {
                "label": row["label"],
                "place": row["place"],
                "unit": row["unit"],
                "date": row["date"],
                "outlet": row["outlet"],
                "sources": source_ids(row["source"]),
                "role": row["role"],
                "reported": reported_amount(row),
                "median": amount(row["median"], row["unit"]),
                "reach": reach(row, row["unit"], 95),
                "base": amount(other["median"], row["unit"]) if other else None,
                "strip": Markup(charts.interval_strip(row)),
                "inside": _inside(row),
            }
        )
    return rows


def _count(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["id"], row.get("measure"), row["date"]


def _inside(row: Mapping[str, Any]) -> str:
    """Key of the words that say where a published count lies."""
    if row["reported"] is None:
        return "none"
    if row["inside80"]:
        return "inside80"
    if row["inside95"]:
        return "inside95"
    return "above" if row["reported"] > row["high95"] else "below"


# ---- over time


def over_time(summary: Mapping[str, Any], base: Mapping[str, Any] | None) -> list[Row]:
    """Each measure over time: its heading, its words, its table, and what makes its chart."""
    below = {row["measure"]: row for row in base["series"]} if base else {}
    changes = summary.get("changes") or ()
    rows = []
    for series in summary["series"]:
        other = below.get(series["measure"])
        spec: Callable[[], Row] = partial(beside, series, other, changes)
        rows.append(
            {
                "measure": series["measure"],
                "label": located(series["label"], series["place"]),
                "unit": series["unit"],
                "alt": charts.fan(series, changes)["description"],
                "spec": spec,
                "rows": _by_date(series, other),
                "has_base": other is not None,
            }
        )
    return rows


def beside(
    series: Mapping[str, Any], base: Mapping[str, Any] | None, changes: Sequence[Mapping[str, Any]]
) -> Row:
    """A fan chart, with the median of the base as a dashed line."""
    chart = charts.fan(series, changes)
    chart.pop("title")
    if base is None or base["dates"] != series["dates"]:
        return chart
    places = thinned(len(base["dates"]))
    rows = [{"date": base["dates"][k], "base": base["median"][k]} for k in places]
    chart["datasets"]["base"] = rows
    y = dict(chart["layer"][0]["encoding"]["y"]) | {"field": "base"}
    chart["layer"].append(
        {
            "name": "base",
            "data": {"name": "base"},
            "mark": {"type": "line", "color": INK, "strokeDash": [7, 3], "strokeWidth": 1.6},
            "encoding": {"y": y},
        }
    )
    return chart


def _by_date(series: Mapping[str, Any], base: Mapping[str, Any] | None) -> list[list[str]]:
    unit = series["unit"]
    rows = []
    for k in thinned(len(series["dates"]), DATES):
        levels = [series[level][k] for level in ("median", "low95", "high95")]
        row = [series["dates"][k], *(amount(value, unit) for value in levels)]
        if base is not None and k < len(base["median"]):
            row.append(amount(base["median"][k], unit))
        rows.append(row)
    return rows


# ---- people, work and cost


def compared(
    rows: Sequence[Mapping[str, Any]],
    base: Mapping[str, Any] | None,
    part: str,
    name: str,
    *inner: str,
) -> list[Row]:
    """Rows of a part of the summary with the base's medians beside.

    Args:
        rows: the run's own.
        base: the summary of the run to compare with.
        part: name of the list in a summary.
        name: the key that names a row.
        inner: keys down to where the median stands.
    """
    below = {row[name]: row for row in base[part]} if base else {}
    found = []
    for row in rows:
        unit = row.get("unit") or "people"
        own, other = _down(row, inner), _down(below.get(row[name]), inner)
        found.append(
            {
                "label": row["label"],
                "unit": unit,
                "median": amount(own["median"], unit),
                "reach": reach(own, unit, 95),
                "base": amount(other["median"], unit) if other else None,
            }
        )
    return found


def _down(row: Mapping[str, Any] | None, keys: Sequence[str]) -> Any:
    found: Any = row
    for key in keys:
        found = found[key] if found else None
    return found


def widely(summary: Mapping[str, Any]) -> list[Row]:
    """The assumptions that move the answers most; none where that was not measured."""
    rows = [row for row in named(summary)["assumptions"] if row["influence"]]
    rows.sort(key=lambda row: -max(item["share"] for item in row["influence"]))
    return [
        {**row, "most": max(row["influence"], key=lambda item: item["share"])}
        for row in rows[:MOST_ASSUMED]
    ]
