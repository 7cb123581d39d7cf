"""Pictures of a backtest: forecasts beside what came, errors by horizon, coverage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asylumatlas.backtest.baselines import TARGETS
from asylumatlas.backtest.question import MODEL
from asylumatlas.backtest.result import Backtest
from asylumatlas.backtest.scores import Score, grouped
from asylumatlas.backtest.telling import NAMES
from asylumatlas.fans import BLUE, GREY, VERMILLION
from asylumatlas.pictures import Chart
from asylumatlas.pictures.style import DASHES, INK, PALETTE, PAPER, SHAPES, frame, numbers

__all__ = ["coverage", "errors", "fans", "figures"]

Spec = dict[str, Any]
Row = dict[str, Any]

TITLES = {
    "pending": "Pending cases at the end of the fiscal year",
    "completions": "Completions of the fiscal year",
}
TOLD = {
    "given": "told the receipts and judges of the coming years",
    "blind": "told nothing of the coming years",
}
BEFORE = 4  # years of record drawn before a cut-off
COLUMNS = 3
PANEL = (210, 130)  # points


def figures(result: Backtest) -> dict[str, Chart]:
    """Return every picture of a backtest by the name of its file."""
    made = {
        f"{target}-{variant}": fans(result, target, variant)
        for target in TARGETS
        for variant in result.settings["variants"]
    }
    return {**made, "errors": errors(result), "coverage": coverage(result)}


def fans(result: Backtest, target: str, variant: str) -> Chart:
    """Show each cut-off's forecasts with 80 and 95 % intervals beside what came."""
    scores = result.of(target=target, variant=variant, method=MODEL)
    sheet = result.of(target=target, variant=variant, method="stock_flow")
    rows = [*_past(result, scores, target), *_ahead(scores, sheet)]
    held = sum(each.wide_inside80 for each in scores)
    title = f"{TITLES[target]}: forecast and what came"
    subtitle = (
        f"cases; each panel knows the ledger to its year and is {TOLD[variant]}",
        "80 % interval: dark bar as the model gave it, pale bar as past misses widened it; dot: "
        "median",
        "diamond: what came, filled where outside the pale bar; cross: spreadsheet stock-flow",
        *(("two lines: active cases (lower) and all cases",) if target == "pending" else ()),
    )
    alt = (
        f"{title}, {TOLD[variant]}. {held} of {len(scores)} published figures lie inside the "
        "80 % interval as past misses widened it."
    )
    view = {
        "data": {"name": "rows"},
        "facet": _panels("panel", sorted({row["panel"] for row in rows})),
        "columns": COLUMNS,
        "spacing": {"row": 16, "column": 24},
        "spec": {"width": PANEL[0], "height": PANEL[1], "layer": _fan_layers(rows)},
        "resolve": {"scale": {"x": "independent", "y": "independent"}},
    }
    head = ("known to", "year", "came", "median", "80 %", "80 % widened", "widened by", "inside")
    twin = tuple(
        (
            f"FY{each.cutoff}",
            f"FY{each.year}" + (" (all cases)" if each.definition == "all" else ""),
            f"{each.actual:,.0f}",
            f"{each.median:,.0f}",
            f"{each.low80:,.0f} to {each.high80:,.0f}",
            f"{each.wide_low80:,.0f} to {each.wide_high80:,.0f}",
            f"{each.widening:.2f}",
            "80 %" if each.inside80 else "widened" if each.wide_inside80 else "neither",
        )
        for each in scores
    )
    return _chart(view, rows, title, subtitle, alt, head, twin, (2, 3))


def errors(result: Backtest) -> Chart:
    """Show the mean absolute relative error by horizon, the model beside the baselines."""
    rows = [
        {
            "horizon": row["horizon"],
            "method": NAMES[row["method"]],
            "error": row["mean_absolute_relative_error"],
            "n": row["n"],
            "panel": _panel(row["target"], row["variant"]),
        }
        for row in result.table("variant", "target", "horizon")
    ]
    panels = list(dict.fromkeys(row["panel"] for row in rows))
    names = [name for name in NAMES.values() if any(row["method"] == name for row in rows)]
    wins = _wins(result)
    title = f"Error by horizon: the model is best in {wins[0]} of {wins[1]} comparisons"
    subtitle = ("mean of |median - what came| / what came, over the cut-offs",)
    view = {
        "data": {"name": "rows"},
        "facet": _panels("panel", panels),
        "columns": 2,
        "spacing": {"row": 18, "column": 26},
        "spec": {"width": 320, "height": 170, "layer": _error_layers(names)},
        "resolve": {"scale": {"y": "independent"}},
    }
    told = [(r["panel"], str(r["horizon"]), r["method"], f"{r['error']:.1%}", r["n"]) for r in rows]
    alt = f"{title}. " + "; ".join(f"{p}, {h} years ahead, {m}: {e}" for p, h, m, e, _ in told)
    head = ("what", "years ahead", "method", "error", "forecasts")
    twin = tuple((p, h, m, e, str(n)) for p, h, m, e, n in told)
    return _chart(view, rows, title, subtitle, alt + ".", head, twin, (1, 3, 4))


def coverage(result: Backtest) -> Chart:
    """Show how often the intervals held what came, with the range over the cut-offs."""
    rows = [
        {
            "label": f"{row['target']}, {row['variant']}" + (", widened" * row["widened"]),
            "level": f"{row['level']} % interval",
            "share": row["coverage"],
            "low": row["low95"],
            "high": row["high95"],
            "nominal": row["level"] / 100,
            "n": row["n"],
        }
        for row in _covered(result)
    ]
    title = "How often the model's intervals held what came"
    subtitle = (
        "share of the published figures inside; line: 95 % range when whole cut-offs are resampled",
        "upright rule: what the interval claims",
    )
    labels = list(dict.fromkeys(row["label"] for row in rows))
    view = {
        "data": {"name": "rows"},
        "facet": _panels("level", list(dict.fromkeys(row["level"] for row in rows))),
        "columns": 2,
        "spec": {"width": 280, "height": 34 * len(labels), "layer": _coverage_layers(labels)},
    }
    said = [(r["label"], r["level"], f"{r['share']:.0%}", _reach(r), str(r["n"])) for r in rows]
    alt = f"{title}: " + "; ".join(f"{a}, {b}: {c} ({d})" for a, b, c, d, _ in said) + "."
    head = ("what", "interval", "held", "95 % range", "forecasts")
    return _chart(view, rows, title, subtitle, alt, head, tuple(said), (2, 4))


def _covered(result: Backtest) -> list[Row]:
    """Coverage of raw and widened intervals, each pair together."""
    rows = [
        row
        for wide in (False, True)[: 1 + result.learnt]
        for level in (80, 95)
        for row in result.coverage(level, wide)
        if row["variant"] != "all"
    ]
    return sorted(rows, key=lambda row: (TARGETS.index(row["target"]), row["variant"] == "blind"))


def _wins(result: Backtest) -> tuple[int, int]:
    """In how many comparisons of one horizon the model's error is the least, and of how many."""
    best = total = 0
    table = result.table("variant", "target", "horizon")
    for row in table:
        if row["method"] == MODEL:
            same = [
                other["mean_absolute_relative_error"]
                for other in table
                if all(other[key] == row[key] for key in ("variant", "target", "horizon"))
            ]
            total += 1
            best += row["mean_absolute_relative_error"] <= min(same)
    return best, total


def _reach(row: Row) -> str:
    return f"{row['low']:.0%} to {row['high']:.0%}"


def _panel(target: str, variant: str) -> str:
    return f"{target.capitalize()}, {TOLD[variant]}"


def _past(result: Backtest, scores: Sequence[Score], target: str) -> list[Row]:
    """What was published about each cut-off, as a line for each definition."""
    rows = []
    for (cutoff, definition), members in grouped(scores, ("cutoff", "definition")).items():
        for year in range(cutoff - BEFORE, max(each.year for each in members) + 1):
            value = (
                result.record.completed(year)
                if target == "completions"
                else result.record.level(definition, year)
            )
            if year >= result.record.years[0] and value == value:
                rows.append(_row("past", cutoff, definition, year, value=value))
    return rows


def _ahead(scores: Sequence[Score], sheet: Sequence[Score]) -> list[Row]:
    rows = []
    for each in scores:
        row = _row("model", each.cutoff, each.definition, each.year, value=each.median)
        row |= {"low80": each.low80, "high80": each.high80, "actual": each.actual}
        row |= {"low": each.wide_low80, "high": each.wide_high80, "inside": each.wide_inside80}
        rows.append(row)
    rows += [_row("sheet", s.cutoff, s.definition, s.year, value=s.median) for s in sheet]
    return rows


def _row(kind: str, cutoff: int, definition: str, year: int, value: float) -> Row:
    """A row of the fans, with every name there, so that all rows have the same."""
    empty: Row = dict.fromkeys(("low80", "high80", "low", "high", "actual", "inside"))
    row: Row = {"kind": kind, "panel": f"known to FY{cutoff}", "series": definition, "year": year}
    return {**row, "value": value, **empty}


def _fan_layers(rows: Sequence[Row]) -> list[Spec]:
    x: Spec = {"field": "year", "type": "quantitative", "title": None}
    x["axis"] = {
        "format": "d",
        "tickMinStep": 1,
        "grid": False,
        "values": list(range(2008, 2025, 2)),
    }
    x["scale"] = {"zero": False, "nice": False, "padding": 8}
    y: Spec = {"type": "quantitative", "title": None, "scale": {"zero": True}}
    most = max(row["high"] or row["value"] for row in rows)
    y["axis"] = {**numbers(False, 0.0, most), "tickCount": 4, "minExtent": 58}
    tip = [{"field": name} for name in ("panel", "year", "value", "low80", "high80", "actual")]

    def layer(name: str, kind: str, mark: Spec, encoding: Spec) -> Spec:
        only = [{"filter": f"datum.kind === '{kind}'"}]
        return {"name": name, "transform": only, "mark": mark, "encoding": {"x": x, **encoding}}

    def rule(which: str, wide: float, pale: float) -> Spec:
        mark = {"type": "rule", "color": BLUE, "strokeWidth": wide, "opacity": pale}
        ends = {"y": {**y, "field": f"low{which}"}, "y2": {"field": f"high{which}"}}
        return layer(f"rule{which}", "model", mark, ends)

    point: Spec = {"type": "point", "opacity": 1}
    came: Spec = {**point, "shape": "diamond", "size": 52, "strokeWidth": 1.5}
    inside = {"condition": {"test": "datum.inside", "value": PAPER}, "value": VERMILLION}
    actual = {"y": {**y, "field": "actual"}, "tooltip": tip}
    line = {"type": "line", "color": GREY, "strokeWidth": 1.4}
    cross = {**point, "shape": "cross", "size": 30, "color": INK, "filled": True}
    dot = {**point, "filled": True, "color": BLUE, "stroke": PAPER, "strokeWidth": 1, "size": 44}
    value = {"y": {**y, "field": "value"}}
    return [
        layer("past", "past", line, {**value, "detail": {"field": "series"}}),
        rule("", 7.0, 0.25),
        rule("80", 7.0, 0.4),
        layer("sheet", "sheet", cross, value),
        layer("median", "model", dot, {**value, "tooltip": tip}),
        layer("came", "model", {**came, "stroke": VERMILLION}, {**actual, "fill": inside}),
    ]


def _error_layers(names: Sequence[str]) -> list[Spec]:
    look: Spec = {"title": None, "orient": "top", "labelLimit": 260, "symbolSize": 80}
    both: Spec = {"field": "method", "type": "nominal"}
    colour = {"domain": list(names), "range": [PALETTE[k] for k in range(len(names))]}
    dash = {"domain": list(names), "range": [DASHES[k] for k in range(len(names))]}
    shape = {"domain": list(names), "range": [SHAPES[k] for k in range(len(names))]}
    x = {"field": "horizon", "type": "ordinal", "title": "years ahead", "axis": {"labelAngle": 0}}
    y = {"field": "error", "type": "quantitative", "title": None, "axis": {"format": "~%"}}
    shared: Spec = {"x": x, "y": y, "color": {**both, "scale": colour, "legend": look}}
    tip = [{"field": name} for name in ("method", "horizon", "error", "n")]
    return [
        {
            "name": "line",
            "mark": {"type": "line", "strokeWidth": 2},
            "encoding": {**shared, "strokeDash": {**both, "scale": dash, "legend": look}},
        },
        {
            "name": "value",
            "mark": {"type": "point", "filled": True, "opacity": 1, "size": 55},
            "encoding": {
                **shared,
                "shape": {**both, "scale": shape, "legend": look},
                "tooltip": tip,
            },
        },
    ]


def _coverage_layers(labels: Sequence[str]) -> list[Spec]:
    y = {"field": "label", "type": "nominal", "title": None, "sort": list(labels)}
    x: Spec = {"type": "quantitative", "title": None, "scale": {"domain": [0, 1]}}
    x["axis"] = {"format": ".0%", "tickCount": 5}
    claimed = {"type": "rule", "color": GREY, "strokeDash": [4, 3], "strokeWidth": 1.5}
    reach = {"type": "rule", "color": BLUE, "strokeWidth": 3, "opacity": 0.5}
    dot = {"type": "point", "filled": True, "color": BLUE, "size": 70, "opacity": 1}
    low = {**x, "field": "low"}
    held = {**x, "field": "share"}
    return [
        {"name": "claimed", "mark": claimed, "encoding": {"x": {**x, "field": "nominal"}}},
        {"name": "reach", "mark": reach, "encoding": {"y": y, "x": low, "x2": {"field": "high"}}},
        {"name": "held", "mark": dot, "encoding": {"y": y, "x": held}},
    ]


def _panels(field: str, order: Sequence[str]) -> Spec:
    look = {"labelFontSize": 12.5, "labelFontWeight": "bold", "labelAnchor": "start"}
    facet: Spec = {"field": field, "type": "nominal", "title": None, "sort": list(order)}
    return {**facet, "header": {**look, "labelColor": INK}}


def _chart(
    view: Spec,
    rows: list[Row],
    title: str,
    subtitle: tuple[str, ...],
    alt: str,
    head: tuple[str, ...],
    twin: tuple[tuple[str, ...], ...],
    numeric: tuple[int, ...],
) -> Chart:
    """Put the frame, the words and the table's twin to a view."""
    source = "Published: Executive Office for Immigration Review. Forecasts: Asylum Atlas backtest."
    spec = frame([view], {"rows": rows}, [title], subtitle, source, beside=False)
    spec["description"] = alt
    return Chart(
        spec=spec,
        alt=alt,
        title=title,
        subtitle=subtitle,
        source=source,
        head=head,
        rows=twin,
        numeric=numeric,
        caption=title,
    )
