"""Pictures of a plan: judges and pending cases over time, courts that hire, plans compared."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np

from asylumatlas.charts import fan
from asylumatlas.fans import BLUE, LEVELS, VERMILLION, Chart, blank
from asylumatlas.plan.answer import Plan

__all__ = ["figures"]

MOST_COURTS = 20


def figures(plan: Plan) -> dict[str, Chart]:
    """Return charts of a plan by name: Vega-Lite, plain data."""
    fans = plan.fans()
    months = 3 * plan.goal.quarters
    found = {
        "judges": _line(plan),
        "pending": _fan("Pending cases under the plan", "cases", fans["pending"],
                        [_day(plan, month + 1) for month in range(months)]),
        "courts": _courts(plan),
    }  # fmt: skip
    if plan.ranking is not None:
        found["plans"] = _plans(plan)
    return found


def _day(plan: Plan, month: int) -> str:
    at = 9 + month
    return date(plan.goal.start + at // 12, at % 12 + 1, 1).isoformat()


def _fan(label: str, unit: str, levels: Mapping[str, Any], dates: list[str]) -> Chart:
    series = {name: [float(each) for each in levels[name]] for name in LEVELS}
    chart = fan({"label": label, "place": "", "unit": unit, "dates": dates, "points": [], **series})
    median, low, high = (series[name][-1] for name in ("median", "low80", "high80"))
    chart["description"] = (
        f"{label}, in {unit}, from {dates[0]} to {dates[-1]}. On the last day the median of the "
        f"draws is {median:,.0f}, 80 % of them from {low:,.0f} to {high:,.0f}."
    )
    return chart


def _line(plan: Plan) -> Chart:
    """Judges on the bench by quarter, and those of today."""
    rows = [
        {"date": _day(plan, 3 * quarter), "judges": float(number)}
        for quarter, number in enumerate(plan.staffing.judges.sum(axis=0))
    ]
    now, most = int(plan.here.judges.sum()), float(plan.staffing.judges.sum(axis=0).max())
    said = f"Judges on the bench by quarter: {now} now, at most {most:,.0f}."
    chart = blank("Judges on the bench", "judges", said)
    y = {"field": "judges", "type": "quantitative", "title": None, "scale": {"zero": True}}
    x: Chart = {"field": "date", "type": "temporal", "title": None, "scale": {"type": "utc"}}
    x["axis"] = {"grid": False, "labelOverlap": True, "tickCount": 6, "labelFlush": True}
    mark = {"type": "line", "color": BLUE, "strokeWidth": 2, "interpolate": "step-after"}
    chart["height"] = 190
    chart["datasets"] = {"judges": rows, "now": [{"judges": now}]}
    chart["layer"] = [
        {"name": "judges", "data": {"name": "judges"}, "mark": mark, "encoding": {"x": x, "y": y}},
        {
            "name": "now",
            "data": {"name": "now"},
            "mark": {"type": "rule", "strokeDash": [4, 3], "color": VERMILLION},
            "encoding": {"y": y, "tooltip": [{"field": "judges", "title": "judges now"}]},
        },
    ]
    return chart


def _courts(plan: Plan) -> Chart:
    """The courts that hire most: judges now and at most."""
    judges = plan.staffing.judges
    more = judges.max(axis=1) - plan.here.judges
    order = np.argsort(-more, kind="stable")[:MOST_COURTS]
    rows = [
        {
            "court": plan.here.names[place],
            "now": float(plan.here.judges[place]),
            "most": float(judges[place].max()),
        }
        for place in order
    ]
    said = ", ".join(f"{row['court']} {row['now']:.0f} to {row['most']:.0f}" for row in rows[:3])
    chart = blank("Courts that grow most", "judges now (hollow) and at most (filled)", said + ".")
    chart["height"] = {"step": 18}
    chart["datasets"] = {"courts": rows}
    chart["data"] = {"name": "courts"}
    y = {"field": "court", "type": "nominal", "title": None, "axis": {"labelLimit": 160}}
    chart["encoding"] = {"y": {**y, "sort": [row["court"] for row in rows]}}
    axis = {"tickCount": 5, "labelOverlap": "greedy", "labelSeparation": 8, "format": ",d"}
    x: Chart = {"type": "quantitative", "title": "judges", "axis": axis, "scale": {"zero": True}}
    point = {"type": "point", "size": 60, "strokeWidth": 2, "opacity": 1, "stroke": BLUE}
    chart["layer"] = [
        {
            "name": "span",
            "mark": {"type": "rule", "color": BLUE, "opacity": 0.5, "strokeWidth": 2},
            "encoding": {"x": {"field": "now", **x}, "x2": {"field": "most"}},
        },
        {"name": "now", "mark": {**point, "fill": "white"}, "encoding": {"x": _x("now", x)}},
        {"name": "most", "mark": {**point, "fill": BLUE}, "encoding": {"x": _x("most", x)}},
    ]
    return chart


def _x(name: str, x: dict[str, Any]) -> dict[str, Any]:
    return {"field": name, **x}


def _plans(plan: Plan) -> Chart:
    """The share of draws in which each plan fails, cheapest plan first, its cost beside it."""
    assert plan.ranking is not None
    rows = [
        {
            "plan": f"{row['plan']}, {row['cost'] / 1e9:.1f} bn USD",
            "fails": row["fails_share"],
            "cost": row["cost"],
            "ink": VERMILLION if row["robust"] else BLUE,
            "label": "robust choice" if row["robust"] else "",
        }
        for row in sorted(plan.ranking.rows(), key=lambda each: float(each["cost"]))
    ]
    said = "; ".join(f"{row['plan']}: fails in {row['fails']:.0%}" for row in rows)
    below = "share of draws in which a plan fails, cheapest plan first"
    chart = blank("Plans compared", below, said + ".")
    chart["height"] = {"step": 20}
    chart["datasets"] = {"plans": rows}
    chart["data"] = {"name": "plans"}
    axis = {"labelLimit": 220}
    order = [row["plan"] for row in rows]
    y = {"field": "plan", "type": "nominal", "title": None, "axis": axis, "sort": order}
    x: Chart = {"field": "fails", "type": "quantitative", "title": "fails in"}
    x |= {"axis": {"format": ".0%"}, "scale": {"domain": [0, 1.1]}}
    ink = {"field": "ink", "type": "nominal", "scale": None}
    text: Chart = {"type": "text", "align": "left", "dx": 8, "fontSize": 12}
    words = {"text": {"field": "label", "type": "nominal"}}
    chart["encoding"] = {"y": y, "x": x, "color": ink}
    point = {"type": "point", "filled": True, "size": 80, "opacity": 1}
    chart["layer"] = [
        {"name": "plan", "mark": point},
        {"name": "label", "mark": text, "encoding": words},
    ]
    return chart
