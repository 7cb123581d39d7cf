"""Charts of a fit: what was learnt, what the targets tell, how well they are met, how it mixed."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

import numpy as np

from asylumatlas.calibrate.problem import Floats, Prior
from asylumatlas.calibrate.profiles import DROP, Profile
from asylumatlas.calibrate.result import Fit
from asylumatlas.fans import BLUE, GREY, VERMILLION, blank
from asylumatlas.pictures.style import DASHES, PALETTE

Spec = dict[str, Any]

COLUMNS, WIDE, HIGH = 4, 196, 84
BINS = 24
LOWEST = -6.0  # log likelihood at which a profile is cut off
FARTHEST = 5.0  # standard deviations drawn


def plain(name: str) -> str:
    """Return a name as words.

    Example:
        >>> plain("first_delay_days")
        'first delay days'
    """
    return name.replace("_", " ")


def learnt(fit: Fit) -> Spec:
    """Draw each unknown's law before and after the targets were seen, in its own unit."""
    rows: list[Spec] = []
    for k, name in enumerate(fit.names):
        low, high = float(fit.prior.low[k]), float(fit.prior.high[k])
        edges = np.linspace(low, high, BINS + 1)
        after = np.histogram(fit.samples[:, k], edges, density=True)[0] * (high - low)
        before = _density(fit.prior, k, (edges[1:] + edges[:-1]) / 2) * (high - low)
        rows += [
            {
                "unknown": _short(name),
                "from": float(edges[j]),
                "to": float(edges[j + 1]),
                "after": float(after[j]),
                "before": float(before[j]),
            }
            for j in range(BINS)
        ]  # fmt: skip
        # One more, so that the line of the law reaches the end.
        rows.append({**rows[-1], "from": high, "after": 0.0})
    x: Spec = {"field": "from", "type": "quantitative", "title": None}
    x |= {"scale": {"zero": False, "nice": False}, "axis": {"tickCount": 4}}
    y: Spec = {"type": "quantitative", "title": None, "axis": None, "scale": {"zero": True}}
    tip = [_number("from"), _number("to"), _number("before"), _number("after")]
    layers = [
        {
            "name": "after",
            "mark": {"type": "bar", "color": BLUE, "opacity": 0.75, "binSpacing": 0},
            "encoding": {
                "x": {**x, "bin": {"binned": True}},
                "x2": {"field": "to"},
                "y": {**y, "field": "after"},
                "tooltip": tip,
            },
        },
        {
            "name": "before",
            "mark": {"type": "line", "color": VERMILLION, "interpolate": "step-after",
                     "strokeWidth": 2, "strokeDash": [6, 3], "aria": False},
            "encoding": {"x": x, "y": {**y, "field": "before"}},
        },
    ]  # fmt: skip
    said = "Each unknown before (dashed line) and after (bars) the targets were seen."
    return _grid(said, "unknowns", rows, layers, [_short(name) for name in fit.names])


def profiled(found: Sequence[Profile]) -> Spec:
    """Draw the profile likelihoods; where one stays above the line, all its values are allowed."""
    rows = [
        {"unknown": _short(each.name), "value": float(value), "loss": max(float(loss), LOWEST)}
        for each in found
        for value, loss in zip(each.grid, each.log_likelihood, strict=True)
    ]
    x: Spec = {"field": "value", "type": "quantitative", "title": None, "scale": {"zero": False}}
    y: Spec = {"type": "quantitative", "title": None, "scale": {"domain": [LOWEST, 0.3]}}
    y["axis"] = {"values": [LOWEST, -4, -2, 0], "grid": False}
    layers = [
        {
            "name": "limit",
            "mark": {"type": "rule", "color": VERMILLION, "strokeDash": [4, 3]},
            "encoding": {"y": {**y, "datum": -DROP}},
        },
        {
            "name": "profile",
            "mark": {"type": "line", "color": BLUE, "strokeWidth": 2, "point": {"size": 22}},
            "encoding": {
                "x": x,
                "y": {**y, "field": "loss"},
                "tooltip": [_number("value"), _number("loss")],
            },
        },
    ]
    said = "Profile log likelihood of each unknown; the dashed line marks a 95 % interval."
    return _grid(said, "profiles", rows, layers, [_short(each.name) for each in found])


def met(fit: Fit) -> Spec:
    """Draw how far the fit's answers lie from each target, in standard deviations."""
    rows = targets_told(fit)
    for row in rows:
        for key in ("low95", "high95", "low80", "high80", "median"):
            row[key] = float(np.clip(row[key], -FARTHEST, FARTHEST))
    spec = blank("", "", "How far the answers lie from the targets, in standard deviations.")
    labels = [row["label"] for row in rows]
    spec["height"] = 22 * len(rows)
    spec["datasets"], spec["data"] = {"targets": rows}, {"name": "targets"}
    x: Spec = {"type": "quantitative", "scale": {"domain": [-FARTHEST, FARTHEST]}}
    x["title"] = "standard deviations from the figure (0: met)"
    y: Spec = {"field": "label", "type": "nominal", "sort": labels, "title": None}
    y["axis"] = {"labelLimit": 420, "labelFontSize": 12, "grid": True, "gridDash": [1, 3]}
    use: Spec = {"domain": ["fitted", "held out"], "range": [BLUE, VERMILLION]}
    colour: Spec = {"field": "use", "type": "nominal", "scale": use, "title": None}
    # Nothing is cut off on a phone: one name under the other, the title ends where the axis does.
    colour["legend"] = {"orient": "top", "direction": "vertical"}
    x["axis"] = {"titleAnchor": "end"}
    shape: Spec = {**colour, "scale": {"domain": use["domain"], "range": ["circle", "diamond"]}}
    tip: list[Spec] = [{"field": "label", "type": "nominal", "title": "target"}]
    tip += [_number("median"), _number("low95"), _number("high95")]
    spec["encoding"] = {"y": y}
    spec["layer"] = [
        {"name": "met_rule", "mark": {"type": "rule", "color": GREY}, "encoding": {
            "x": {**x, "datum": 0}, "y": None}},
        {"name": "met95", "mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.6},
         "encoding": {"x": {**x, "field": "low95"}, "x2": {"field": "high95"}, "color": colour}},
        {"name": "met80", "mark": {"type": "rule", "strokeWidth": 6, "opacity": 0.6},
         "encoding": {"x": {**x, "field": "low80"}, "x2": {"field": "high80"}, "color": colour}},
        {"name": "met50", "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
         "encoding": {"x": {**x, "field": "median"}, "color": colour, "shape": shape,
                      "tooltip": tip}},
    ]  # fmt: skip
    return spec


def targets_told(fit: Fit) -> list[Spec]:
    """Return for each target how far its answers lie from it, in standard deviations."""
    sd = np.hypot(fit.targets.sd, np.sqrt((fit.spread**2).mean(axis=0)))
    away = (fit.answers - fit.targets.values) / sd
    levels = np.quantile(away, [0.025, 0.1, 0.5, 0.9, 0.975], axis=0)
    return [
        {
            "label": label,
            "use": "held out" if held else "fitted",
            **dict(zip(("low95", "low80", "median", "high80", "high95"), map(float, row),
                       strict=True)),
        }
        for label, held, row in zip(fit.targets.labels, fit.targets.held, levels.T, strict=True)
    ]  # fmt: skip


def mixed(fit: Fit) -> Spec:
    """Draw the mean of each ensemble's walkers over the steps: they should come together."""
    times = np.linspace(1, fit.steps, fit.trace.shape[1])
    thin = slice(None, None, max(1, fit.trace.shape[1] // 60))
    rows = [
        {"unknown": _short(name), "step": float(step), "value": float(value),
         "ensemble": f"ensemble {e + 1}"}
        for k, name in enumerate(fit.names)
        for e in range(fit.ensembles)
        for step, value in zip(times[thin], fit.trace[e, thin, k], strict=True)
    ]  # fmt: skip
    names = [f"ensemble {e + 1}" for e in range(fit.ensembles)]
    colour: Spec = {"field": "ensemble", "type": "nominal", "title": None}
    colour["scale"] = {"domain": names, "range": [PALETTE[e % 7] for e in range(len(names))]}
    colour["legend"] = {"orient": "top"}
    dash = {
        **colour,
        "scale": {"domain": names, "range": [DASHES[e % 7] for e in range(len(names))]},
    }
    x: Spec = {"field": "step", "type": "quantitative", "title": None, "axis": {"tickCount": 3}}
    y: Spec = {"field": "value", "type": "quantitative", "title": None, "scale": {"zero": False}}
    y["axis"] = {"tickCount": 3}
    line = {"x": x, "y": y, "color": colour, "strokeDash": dash}
    half = {"x": {"datum": fit.steps / 2, "type": "quantitative"}}
    layers = [
        {"name": "half", "mark": {"type": "rule", "color": GREY, "strokeDash": [2, 3]},
         "encoding": half},
        {"name": "trace", "mark": {"type": "line", "strokeWidth": 1.4}, "encoding": line},
    ]  # fmt: skip
    said = "Mean of each ensemble's walkers by step; steps right of the dotted line are kept."
    return _grid(said, "traces", rows, layers, [_short(name) for name in fit.names])


def _grid(said: str, name: str, rows: list[Spec], layers: list[Spec], order: list[str]) -> Spec:
    """A small panel for each unknown."""
    spec = blank("", "", said)
    for key in ("width", "autosize"):
        spec.pop(key)
    head = {"title": None, "labelFontSize": 12, "labelFontWeight": "bold"}
    head |= {"labelExpr": "split(datum.value, '\\n')", "labelLineHeight": 14}
    spec["datasets"], spec["data"] = {name: rows}, {"name": name}
    spec["facet"] = {"field": "unknown", "type": "nominal", "sort": order, "header": head}
    spec["columns"] = COLUMNS
    spec["spacing"] = {"row": 14, "column": 26}
    spec["spec"] = {"width": WIDE, "height": HIGH, "layer": layers}
    spec["resolve"] = {"scale": {"x": "independent", "y": "independent"}}
    spec["config"] = {**spec["config"], "axis": {**spec["config"]["axis"], "labelFontSize": 11}}
    return spec


def _short(name: str) -> str:
    """A name as words in two lines, so that panels stand in rows; the first is empty if short."""
    lines = wrap(plain(name), 26)
    return "\n".join(lines if len(lines) > 1 else [" ", *lines])


def _number(name: str) -> Spec:
    return {"field": name, "type": "quantitative", "format": ".4~g"}


def _density(prior: Prior, place: int, values: Floats) -> Floats:
    one = Prior(("x",), prior.low[[place]], prior.high[[place]], prior.mode[[place]])
    found: Floats = np.exp(one.log_density(values[:, None]))
    return found
