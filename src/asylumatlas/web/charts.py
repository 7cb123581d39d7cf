"""From a chart of the library to what a page needs to draw it and to say the same in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asylumatlas.pictures import Chart

FLUID = {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}

LEGEND = 26  # px between a legend and the axis below it


@dataclass(frozen=True)
class Drawn:
    """A chart inside a page, which says its title and its lines itself.

    Attributes:
        spec: Vega-Lite specification, without title and source line.
        alt: what the chart shows, in words.
        title: the chart's title.
        lines: the lines under the title.
        source: the source line.
        caveats: what else must be said.
    """

    spec: dict[str, Any]
    alt: str
    title: str
    lines: Sequence[str]
    source: str
    caveats: Sequence[str]


def drawn(chart: Chart) -> Drawn:
    """Return what a page needs of a chart; one that can is as wide as its column.

    Args:
        chart: from ``Table.chart()``.

    Example:
        >>> from types import SimpleNamespace
        >>> words = dict(alt="", title="", subtitle=(), source="", caveats=())
        >>> spec = {"title": "", "concat": [{}]}
        >>> made = SimpleNamespace(spec=spec, view={"mark": "bar"}, **words)
        >>> drawn(made).spec["width"]
        'container'
    """
    spec = {key: value for key, value in chart.spec.items() if key not in ("title", "padding")}
    if chart.view is None:
        inner = dict(spec["concat"][0])
        inner.pop("title", None)
        spec = {**spec, "concat": [inner]}
    else:
        spec.pop("concat")
        spec = {**spec, **chart.view, **FLUID}
        config = spec.get("config", {})
        # Alone, a view does not keep its legend clear of the axis title above the axis.
        legend = {**config.get("legend", {}), "offset": LEGEND}
        spec["config"] = {**config, "legend": legend}
    return Drawn(
        spec, chart.alt, chart.title, tuple(chart.subtitle), chart.source, tuple(chart.caveats)
    )
