"""The picture of a comparison: a line for each log, and published figures as points of their own.

Where published numbers are of far more people than a log's, they are drawn below on an axis of
their own: on one axis the smaller ones would lie flat on it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from asylumatlas.pictures import Chart
from asylumatlas.pictures.periods import PERIODS, place
from asylumatlas.pictures.style import INK
from asylumatlas.pictures.words import lines
from asylumatlas.web.charts import Drawn, drawn
from asylumatlas.web.comparison.comparison import Comparison
from asylumatlas.web.comparison.series import PUBLISHED, PUBLISHED_LABEL

if TYPE_CHECKING:
    from asylumatlas.stats import Table

Row = Mapping[str, Any]
Spec = dict[str, Any]

NEAR, FAR = 2, 10  # periods beside those of the logs that are drawn too: of many, of few
MANY_PERIODS = 8
FOOT = 140  # letters of a line under a picture


@dataclass(frozen=True)
class Pictures:
    """The charts of a comparison.

    Attributes:
        parts: one, or two where published numbers are drawn apart; each as wide as its column.
        whole: all in one, as a file.
        left_out: published figures that are only in the table.
    """

    parts: tuple[Drawn, ...]
    whole: Chart
    left_out: int


def pictures(found: Comparison) -> Pictures:
    """Return the charts of a comparison that has rows."""
    rows, left_out = _drawn_rows(found)
    logs = [row for row in rows if row["log"] != PUBLISHED]
    figures = [row for row in rows if row["log"] == PUBLISHED]
    if not found.apart or not figures:
        chart = _chart(found, [*logs, *figures])
        return Pictures((_in_page(chart, figures),), chart, left_out)
    charts = [_chart(found, logs), _chart(found, figures)]
    return Pictures((drawn(charts[0]), _in_page(charts[1], figures)), _stacked(charts), left_out)


def _in_page(chart: Chart, figures: Sequence[Row]) -> Drawn:
    """A chart inside a page, which cites the publications in full at its foot."""
    made = drawn(chart)
    if not figures:
        return made
    named = ", ".join(sorted({str(row["source"]) for row in figures}))
    before, mark, _ = made.source.partition("Published: ")
    start = before if mark else "Source: "
    return replace(made, source=f"{start}Published: {named}. Asylum Atlas.")


def _drawn_rows(found: Comparison) -> tuple[list[Row], int]:
    """The rows to draw, series by series: one figure a slot, and of times near the logs'."""
    order = {each.name: place for place, each in enumerate(found.series)}
    rows = sorted(found.table.rows, key=lambda row: order[row["log"]])
    logs = [row for row in rows if row["log"] != PUBLISHED]
    figures: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        if row["log"] == PUBLISHED:  # the last of several stands, as in the statistics' pages
            figures[(row.get("definition"), *(row[name] for name in found.table.by))] = row
    kept = list(figures.values())
    timed = [name for name in PERIODS if name in found.table.by]
    if timed and logs:
        kept = list(_near(kept, logs, timed[0]))
    return [*logs, *kept], len(figures) - len(kept)


def _near(figures: Sequence[Row], logs: Sequence[Row], unit: str) -> Iterator[Row]:
    known = [at for row in logs if (at := place(unit, row[unit])) is not None]
    if not known:
        yield from figures
        return
    first, last = min(known), max(known)
    edge = NEAR if last - first >= MANY_PERIODS else FAR
    for row in figures:
        at = place(unit, row[unit])
        if at is not None and first - edge <= at <= last + edge:
            yield row


def _chart(found: Comparison, rows: Sequence[Row]) -> Chart:
    """One chart, whose published series is points without a line."""
    several = len({row["log"] for row in rows}) > 1
    hidden = {"difference", "difference_low95", "difference_high95", "paired"}
    hidden |= set() if several else {"log"}
    kept = [{key: value for key, value in row.items() if key not in hidden} for row in rows]
    figures = [row for row in rows if row["log"] == PUBLISHED]
    table: Table = replace(
        found.table,
        rows=tuple(kept),
        curves=found.answer.curves if not figures and len(found.logs) == 1 else (),
        columns=tuple(each for each in found.table.columns if each.name not in hidden),
        cite_as=found.table.cite_as if figures else (),
        sources=found.table.sources if len(figures) < len(rows) else (),
    )
    chart = table.chart()
    if not figures:
        return chart
    if not table.sources:  # nothing here was counted in a log
        chart = _sourced(chart, chart.source.replace("Source: not stated. Published:", "Source:"))
    sources = {_said(row, table): str(row["source"]) for row in figures}
    return _pointed(chart, PUBLISHED_LABEL if several else "", sources)


def _sourced(chart: Chart, source: str) -> Chart:
    """The chart with another source line."""
    spec = copy.deepcopy(chart.spec)
    spec["concat"][0]["title"]["text"] = lines(source, FOOT)
    return replace(chart, spec=spec, source=source)


def _said(row: Row, table: Table) -> tuple[int | None, ...]:
    """Where a row stands in time, to find it again in the drawing's data."""
    return tuple(place(name, row[name]) for name in table.by if name in PERIODS)


def _pointed(chart: Chart, series: str, sources: Mapping[tuple[int | None, ...], str]) -> Chart:
    """Draw a series as diamonds in ink, each with its source, and without a line.

    Args:
        chart: with that series.
        series: its label; "" where it is the only one.
        sources: time -> identifier of the publication.
    """
    spec, view = copy.deepcopy(chart.spec), copy.deepcopy(chart.view)
    for rows in spec.get("datasets", {}).values():
        for row in rows:
            if row.get("series") == series:
                row |= {key: INK for key in ("ink", "label_ink") if key in row}
                row["source"] = sources.get((row.get("at"),), "")
    for layer in _layers([spec["concat"], view]):
        _restyle(layer, series)
    if not series:
        told = spec["title"]["subtitle"]
        spec["title"]["subtitle"] = [f"{PUBLISHED_LABEL}.", *told]
    return replace(chart, spec=spec, view=view)


def _layers(part: Any) -> Iterator[Spec]:
    """Every layer of a specification, however deep."""
    if isinstance(part, list):
        for each in part:
            yield from _layers(each)
    elif isinstance(part, dict):
        yield from part.get("layer", ())
        for value in part.values():
            if isinstance(value, dict | list):
                yield from _layers(value)


def _restyle(layer: Spec, series: str) -> None:
    """Give one series its own look in one layer."""
    encoding = layer.get("encoding", {})
    for channel, own in (("color", INK), ("stroke", INK), ("fill", INK), ("shape", "diamond")):
        given = encoding.get(channel)
        if not isinstance(given, dict):
            continue
        if not series and set(given) == {"value"}:
            encoding[channel] = {"value": own}
        scale = given.get("scale") or {}
        names = scale.get("domain") or []
        if series in names and "range" in scale:
            known = list(scale["range"])
            known[names.index(series)] = own
            given["scale"] = {**scale, "range": known}
    if layer.get("name") == "line":
        out = {"filter": f"datum.series !== {json.dumps(series)}"}
        layer["transform"] = [*layer.get("transform", []), out]
    told = encoding.get("tooltip")
    if isinstance(told, list) and layer.get("name") == "value":
        encoding["tooltip"] = [*told, {"field": "source", "type": "nominal", "title": "source"}]


def _stacked(charts: Sequence[Chart]) -> Chart:
    """Two charts as one picture, one below the other, each with its own axis."""
    first, second = (copy.deepcopy(chart.spec) for chart in charts)
    above, below = first["concat"][0], second["concat"][0]
    foot = below.pop("title")
    above.pop("title")
    head = {"anchor": "start", "fontSize": 13, "color": INK}
    below["title"] = {"text": f"{PUBLISHED_LABEL}, on an axis of their own", **head}
    below["data"] = {"name": PUBLISHED}
    for layer in _layers(below):
        layer["name"] = f"{layer['name']}_2"
    ends = " ".join(
        (charts[0].source.removesuffix(" Asylum Atlas."), charts[1].source.removeprefix("Source: "))
    )
    words = " ".join((charts[0].alt, f"{PUBLISHED_LABEL}:", charts[1].alt))
    whole = {"vconcat": [above, below], "title": {**foot, "text": lines(ends, FOOT)}}
    spec = {**first, "concat": [whole], "description": words}
    spec["datasets"] = {**first["datasets"], PUBLISHED: second["datasets"]["rows"]}
    return replace(charts[0], spec=spec, alt=words, source=ends, view=None)
